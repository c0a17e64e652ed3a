"""Strata that stand in a formula beside other covariates: a contrast within each stratum, and no column of the stratum's own."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.estimates.cox_fit import CoxFit
from survival_nodes.estimates.design import build_design

LEVELS = {"node": ["negative", "micro", "macro"], "centre": ["A", "B"], "era": ["1", "2"]}


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    generator = np.random.default_rng(3)
    n = 400
    frame = pd.DataFrame({
        "years": generator.exponential(5, n).round(2) + 0.01, "event": (generator.random(n) < 0.8).astype(int), "age": generator.normal(60, 8, n),
        **{name: generator.choice(levels, n) for name, levels in LEVELS.items()}})
    return Cohort.from_frame(frame, time_unit="years", levels=LEVELS)


def fit_of(cohort: Cohort, formula: str, *strata: str) -> CoxFit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return CoxModel(formula, strata=strata).fit(cohort)


def test_a_contrast_within_each_stratum(cohort):
    """Where nothing else is shared, it is that of the stratum fitted alone."""
    whole = fit_of(cohort, "node:centre", "centre")
    assert whole.design.names == (
        "node[T.micro]:centre[A]", "node[T.macro]:centre[A]", "node[T.micro]:centre[B]", "node[T.macro]:centre[B]")
    assert dict(whole.design.groups) == {"node:centre": (0, 1, 2, 3)}
    for place, centre in ((0, "A"), (2, "B")):
        alone = fit_of(cohort.where(lambda rows, centre=centre: rows["centre"] == centre), "node")
        for column in ("coefficient", "std_error"):
            assert whole.coefficients[column][place:place + 2].to_numpy() == pytest.approx(alone.coefficients[column].to_numpy(), rel=1e-7)


def test_main_effects_and_their_product_are_the_same_model(cohort):
    nested, crossed = fit_of(cohort, "age + node:centre", "centre"), fit_of(cohort, "age + node * centre", "centre")
    assert crossed.design.names == ("age", "node[T.micro]", "node[T.macro]", "node[T.micro]:centre[T.B]", "node[T.macro]:centre[T.B]")
    assert crossed.log_likelihood.model == pytest.approx(nested.log_likelihood.model, abs=1e-9)
    sums = crossed.coefficients["coefficient"].to_numpy()
    assert sums[1] + sums[3] == pytest.approx(nested.coefficients.set_index("term")["coefficient"]["node[T.micro]:centre[B]"], rel=1e-8)
    profile = {"age": [60], "node": ["macro"], "centre": ["B"]}
    assert crossed.predict(profile, (1, 5))["survival"].to_numpy() == pytest.approx(nested.predict(profile, (1, 5))["survival"].to_numpy(), rel=1e-8)


def test_two_strata_and_a_number_beside_one(cohort):
    both = fit_of(cohort, "node:centre:era", "centre", "era")
    assert len(both.design.names) == 2 * 2 * 2 and not any(name.startswith("centre") for name in both.design.names)
    slopes = fit_of(cohort, "age:centre + node", "centre")
    assert slopes.design.names == ("node[T.micro]", "node[T.macro]", "age:centre[A]", "age:centre[B]")
    apart = CoxModel("age:centre + C(node):C(era)", strata=("centre", "era")).fit(cohort)
    assert "C(node)[T.micro]:C(era)[1]" in apart.design.names and apart.coefficients["coefficient"].notna().all()


def test_a_stratum_alone_in_a_formula_says_nothing(cohort):
    with pytest.raises(InputError, match="centre.* is constant within the strata"):
        CoxModel("age + centre", strata="centre").fit(cohort)


def test_profiles_need_the_stratum_and_hazard_ratios_stay_within_it(cohort):
    fit = fit_of(cohort, "node:centre", "centre")
    ratio = fit.hazard_ratio({"node": ["micro"], "centre": ["B"]}, {"node": "negative", "centre": "B"})
    assert ratio["hazard_ratio"][0] == pytest.approx(fit.coefficients["hazard_ratio"][2], rel=1e-12)
    with pytest.raises(UsageError, match="'centre' is a stratum"):
        fit.hazard_ratio({"node": ["micro"], "centre": ["B"]}, {"node": "negative", "centre": "A"})
    with pytest.raises(UsageError, match="a profile needs every covariate"):
        fit.hazard_ratio({"node": ["micro"]}, {"node": "negative"})


def test_a_column_that_is_needed_besides_leaves_rows_out_and_is_no_stratum(cohort):
    holed = cohort.with_columns(pd.DataFrame({"hospital": [None] * 5 + ["x"] * 395}))
    with pytest.warns(DataWarning, match=r"5 of 400 rows are left out of the model, as a covariate is missing: hospital \(5\)"):
        design = build_design("age * centre", holed, needed=("hospital", "centre"))
    assert design.kept.sum() == 395 and design.names == ("age", "centre[T.B]", "age:centre[T.B]")
