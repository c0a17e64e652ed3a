"""Restricted cubic splines: their definition, their knots, and formulas that hold them."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.kernels.splines import default_knots, knot_quantiles, restricted_cubic_basis

KNOTS = np.array([1.0, 2.0, 4.0, 8.0])


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    generator = np.random.default_rng(7)
    n = 300
    age = generator.uniform(30, 90, n).round(1)
    frame = pd.DataFrame({
        "years": generator.exponential(8, n).round(2) + 0.01, "event": generator.integers(0, 2, n), "age": age, "treated": generator.integers(0, 2, n),
        "node": generator.choice(["micro", "negative"], n), "few": generator.choice([0, 0, 0, 0, 1, 2], n)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return Cohort.from_frame(frame, time_unit="years")


def test_the_basis_by_hand():
    """At 3, between the second and the third of 1, 2, 4, 8: cubes of 2 and 1 over 49. At 10: cubes less those beyond 4 and 8."""
    basis = restricted_cubic_basis(np.array([0.0, 3.0, 10.0]), KNOTS)
    expected = [
        [0, 0, 0], [3, 8 / 49, 1 / 49],
        [10, (9**3 - 6**3 * 7 / 4 + 2**3 * 3 / 4) / 49, (8**3 - 6**3 * 6 / 4 + 2**3 * 2 / 4) / 49]]
    np.testing.assert_allclose(basis, expected, atol=1e-12)


def test_straight_beyond_the_outer_knots_and_smooth_between():
    x = np.linspace(-4, 14, 1801)
    bend = np.diff(restricted_cubic_basis(x, KNOTS), n=2, axis=0) / 0.01**2
    outside = (x[1:-1] < 1 - 0.01) | (x[1:-1] > 8 + 0.01)
    assert np.abs(bend[outside]).max() < 1e-6 and np.abs(bend[~outside, 1:]).max() > 0.1
    assert np.abs(np.diff(bend, axis=0)).max() < 0.01  # the second derivative has no jump


@pytest.mark.parametrize(("n_knots", "table"), [  # Harrell, Regression modeling strategies, table 2.3
    (3, [0.10, 0.5, 0.90]), (4, [0.05, 0.35, 0.65, 0.95]), (5, [0.05, 0.275, 0.5, 0.725, 0.95]), (6, [0.05, 0.23, 0.41, 0.59, 0.77, 0.95]),
    (7, [0.025, 0.1833, 0.3417, 0.5, 0.6583, 0.8167, 0.975])])
def test_the_quantiles_of_the_knots(n_knots, table):
    assert knot_quantiles(n_knots) == pytest.approx(table, abs=5e-5)
    values = np.arange(1001.0)
    assert default_knots(values, n_knots) == pytest.approx(1000 * knot_quantiles(n_knots), abs=1e-9)


def test_the_outer_knots_of_a_small_sample():
    """Below a hundred values, the fifth from either end (Stone and Koo)."""
    assert default_knots(np.arange(99.0)[::-1], 4)[[0, -1]].tolist() == [4, 94]
    assert default_knots(np.arange(100.0), 4)[[0, -1]] == pytest.approx([0.05 * 99, 0.95 * 99], abs=1e-12)
    assert default_knots(np.arange(5.0), 3) == pytest.approx([0.4, 2, 3.6], abs=1e-12)  # too few to count five from either end


def test_columns_are_named_and_belong_to_one_term(cohort):
    design = CoxModel("rcs(age, 4) + treated").fit(cohort).design
    assert design.names == ("rcs(age, 4)[1]", "rcs(age, 4)[2]", "rcs(age, 4)[3]", "treated")
    assert dict(design.groups) == {"rcs(age, 4)": (0, 1, 2), "treated": (3,)}
    np.testing.assert_array_equal(design.matrix[:, 0], cohort.column("age"))


def test_profiles_keep_the_knots_of_the_rows_fitted(cohort):
    fit = CoxModel("rcs(age, 5)").fit(cohort)
    knots = default_knots(cohort.column("age").to_numpy(), 5)
    np.testing.assert_allclose(fit.design.columns_of(pd.DataFrame({"age": [20.0, 95.0]})), restricted_cubic_basis(np.array([20.0, 95.0]), knots), rtol=1e-14)
    far = fit.hazard_ratio({"age": [100, 110, 120]}, {"age": 60})["log_hazard_ratio"].to_numpy()
    assert far[2] - far[1] == pytest.approx(far[1] - far[0], rel=1e-9)  # straight outside


@pytest.mark.parametrize("same", ["rcs(age, {knots})", "rcs(age, knots={knots})", "rcs(age, ({tuple}))"])
def test_own_knots(cohort, same):
    knots = default_knots(cohort.column("age").to_numpy(), 4).tolist()
    by_number = CoxModel("rcs(age, 4)").fit(cohort)
    by_hand = CoxModel(same.format(knots=knots, tuple=", ".join(map(str, knots)))).fit(cohort)
    assert by_hand.log_likelihood.model == pytest.approx(by_number.log_likelihood.model, abs=1e-9)


def test_interactions_and_functions_of_the_covariate(cohort):
    fit = CoxModel("rcs(age, 3) * node + rcs(log(age), 3)").fit(cohort)
    assert {"rcs(age, 3)[1]:node[T.negative]", "rcs(age, 3)[2]:node[T.negative]", "rcs(log(age), 3)[2]"} <= set(fit.design.names)


def test_the_unit_of_a_covariate_says_nothing(cohort):
    years, days = CoxModel("rcs(age, 4)").fit(cohort), CoxModel("rcs(I(365.25 * age), 4)").fit(cohort)
    assert days.log_likelihood.model == pytest.approx(years.log_likelihood.model, abs=1e-8)
    assert days.coefficients["coefficient"].to_numpy() * 365.25 == pytest.approx(years.coefficients["coefficient"].to_numpy(), rel=1e-6)


WANTED = "the knots of rcs are a number from 3 to 7, or a list of 3 or more rising numbers, as rcs(age, 4)"


@pytest.mark.parametrize(("formula", "error", "said"), [
    ("rcs(age)", UsageError, f"'rcs(age)' in a formula: {WANTED}"), ("rcs(age, treated)", UsageError, f"'rcs(age, treated)' in a formula: {WANTED}"),
    ("rcs(age, 8)", UsageError, f"{WANTED}, not 8"), ("rcs(age, 4.0)", UsageError, f"{WANTED}, not 4.0"), ("rcs(age, True)", UsageError, f"{WANTED}, not True"),
    ("rcs(age, [40, 60])", UsageError, f"{WANTED}, not [40, 60]"), ("rcs(age, [40, 60, 50])", UsageError, f"{WANTED}, not [40, 60, 50]"),
    ("rcs(age, n=4)", UsageError, "'rcs(age, n=4)' in a formula"), ("rcs(age, [4, age, 6])", UsageError, "in a formula"),
    ("rcs(node, 4)", UsageError, "rcs is a curve of a number, and a column of categories was given: leave it without rcs"),
    ("rcs(few, 4)", InputError, "4 knots of rcs fall on fewer values (the column has 3 different ones, many patients share one): give the knots yourself")])
def test_knots_that_cannot_be(cohort, formula, error, said):
    with pytest.raises(error) as raised:
        CoxModel(formula).fit(cohort)
    assert said in str(raised.value)
