"""What holds of every Cox model: the order of rows, the unit of time, pieces of follow-up and the origin of a covariate say nothing."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.estimates.proportional_hazards import ProportionalHazards
from survival_nodes.kernels.partial_likelihood import PartialLikelihood, dependent_columns, maximise, standardised
from survival_nodes.kernels.risk_sets import RiskSets

SEEDS = st.integers(0, 2**32 - 1)
TIES = st.sampled_from(["efron", "breslow"])
FEW = settings(max_examples=15, deadline=None)
MODEL = {"formula": "age + node", "strata": ("centre",), "fitter": "grouped"}
LEVELS = {"node": ["negative", "micro", "macro"]}


def rows(seed: int, n: int = 90) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    months = generator.integers(6, 180, n)
    return pd.DataFrame({
        "months": months, "entry": np.where(generator.random(n) < 0.4, generator.integers(0, 5, n), 0), "dead": (generator.random(n) < 0.7).astype(int),
        "age": generator.normal(60, 10, n), "node": generator.choice(["macro", "micro", "negative"], n), "centre": generator.choice(["A", "B"], n)})


def cohort_of(frame: pd.DataFrame, unit: str = "months", **mapped: str) -> Cohort:
    return Cohort.from_frame(frame, {"years": "months", "entry_years": "entry", "event": "dead", **mapped}, unit, levels=LEVELS)


def everything(frame: pd.DataFrame, ties: str, unit: str = "months", transform: str = "km", **mapped: str) -> tuple[np.ndarray, ...]:
    """Coefficients, errors, likelihoods, tests, concordance and the test of proportional hazards, as arrays."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # few events are welcome here
        cohort, model = cohort_of(frame, unit, **mapped), CoxModel(**MODEL, ties=ties)
        fit, hazards = model.fit(cohort), ProportionalHazards(model, transform=transform)(cohort)
    numbers = fit.coefficients[["coefficient", "std_error", "p_value"]].to_numpy()
    return numbers, np.array(fit.log_likelihood), fit.tests["statistic"].to_numpy(), np.array([fit.concordance]), hazards["statistic"].to_numpy()


def same(got: tuple[np.ndarray, ...], expected: tuple[np.ndarray, ...], rtol: float = 1e-7) -> None:
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-9)


@FEW
@given(SEEDS, TIES)
def test_the_order_of_rows_says_nothing(seed, ties):
    frame = rows(seed)
    same(everything(frame.sample(frac=1, random_state=seed % 1000), ties), everything(frame, ties))


@FEW
@given(SEEDS, TIES, st.sampled_from(["km", "rank", "identity", "log"]))
def test_the_unit_of_time_says_nothing(seed, ties, transform):
    frame = rows(seed)
    years = frame.assign(months=frame["months"] / 12, entry=frame["entry"] / 12)
    same(everything(years, ties, "years", transform), everything(frame, ties, "months", transform))


@FEW
@given(SEEDS, TIES, st.sampled_from(["km", "identity", "log"]))
def test_pieces_of_follow_up_say_nothing(seed, ties, transform):
    """Rank is left out: R ranks the times of all rows, so a cut adds a rank."""
    frame = rows(seed).assign(who=np.arange(90))
    generator = np.random.default_rng(seed)
    cut = generator.integers(frame["entry"] + 1, frame["months"])
    chosen = generator.random(90) < 0.5
    before = frame[chosen].assign(months=cut[chosen], dead=0)
    after = frame[chosen].assign(entry=cut[chosen])
    pieces = pd.concat([frame[~chosen], before, after], ignore_index=True)
    whole, cut_up = (everything(each, ties, transform=transform, patient_id="who") for each in (frame, pieces))
    same(cut_up[:3] + cut_up[4:], whole[:3] + whole[4:])


@FEW
@given(SEEDS, TIES, st.floats(0.01, 100))
def test_order_unit_pieces_and_the_unit_of_weights_say_nothing_of_a_weighted_clustered_model(seed, ties, unit):
    generator = np.random.default_rng(seed)
    frame = rows(seed).assign(who=np.arange(90), ward=generator.integers(0, 25, 90), weight=generator.uniform(0.2, 3, 90))
    cut = generator.integers(frame["entry"] + 1, frame["months"])
    pieces = pd.concat([frame.assign(months=cut, dead=0), frame.assign(entry=cut)], ignore_index=True).sample(frac=1, random_state=seed % 1000)
    years = pieces.assign(months=pieces["months"] / 12, entry=pieces["entry"] / 12, weight=pieces["weight"] * unit)
    model = CoxModel(**MODEL, ties=ties, weights="weight", cluster="ward")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        whole, cut_up = (model.fit(cohort_of(each, time, patient_id="who")) for each, time in ((frame, "months"), (years, "years")))
    columns = ["coefficient", "robust_std_error", "z", "p_value"]
    np.testing.assert_allclose(cut_up.coefficients[columns], whole.coefficients[columns], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(cut_up.tests["statistic"].iloc[[1, 3]], whole.tests["statistic"].iloc[[1, 3]], rtol=1e-7, atol=1e-9)
    assert cut_up.concordance == pytest.approx(whole.concordance, rel=1e-9)


@FEW
@given(SEEDS, TIES, st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_the_origin_and_scale_of_a_covariate_say_nothing(seed, ties, origin, scale):
    frame = rows(seed)
    moved, plain = everything(frame.assign(age=origin + scale * frame["age"]), ties), everything(frame, ties)
    moved[0][0, :2] *= scale
    same(moved, plain, rtol=1e-6)


@FEW
@given(SEEDS, TIES)
def test_rows_that_nobody_dies_beside_say_nothing(seed, ties):
    """A row that leaves before the first event of its stratum, or enters after the last, is in no risk set."""
    frame = rows(seed)
    outside = pd.DataFrame({"months": [5, 400], "entry": [0, 200], "dead": [0, 0], "age": [20.0, 90.0], "node": "macro", "centre": "A"})
    more, plain = everything(pd.concat([frame, outside], ignore_index=True), ties), everything(frame, ties)
    same(more[:4], plain[:4])


@FEW
@given(SEEDS)
def test_ties_apart_make_the_two_methods_one(seed):
    frame = rows(seed)
    apart = frame.assign(months=frame["months"] + np.arange(90) / 1000)
    same(everything(apart, "efron"), everything(apart, "breslow"), rtol=1e-9)


@FEW
@given(SEEDS, TIES)
def test_survival_falls_from_one_and_a_higher_hazard_lies_below(seed, ties):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        fit = CoxModel("age", ties=ties, fitter="grouped").fit(cohort_of(rows(seed)))
    beta = fit.coefficients["coefficient"][0]
    predicted = fit.predict({"age": [50, 70]}, tuple(np.arange(0, 14) / 1.0))["survival"].to_numpy().reshape(2, 14)
    predicted = predicted[:, ~np.isnan(predicted[0])]
    assert (predicted[:, 0] == 1).all() and (np.diff(predicted, axis=1) <= 0).all()
    assert (np.sign(predicted[0] - predicted[1])[1:] * np.sign(beta) >= 0).all()
    assert 0 <= fit.concordance <= 1


@pytest.mark.parametrize("seed", range(3))
def test_concordance_is_the_count_of_pairs(seed):
    """Every pair looked at: one fails, the other is there at that time and outlives it; tied scores count a half."""
    frame = rows(seed).assign(age=lambda table: table["age"].round(-1), node="micro")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        cohort = cohort_of(frame)
        fit = CoxModel("age", strata="centre", fitter="grouped").fit(cohort)
    score = cohort.column("age").to_numpy() * fit.coefficients["coefficient"][0]
    entry, exit_, event, centre = cohort.entry_ticks, cohort.exit_ticks, cohort.events(), frame["centre"].to_numpy()
    points = [
        1.0 if score[i] > score[j] else 0.5 if score[i] == score[j] else 0.0
        for i in np.flatnonzero(event) for j in range(len(frame))
        if centre[i] == centre[j] and entry[j] < exit_[i] and (exit_[j] > exit_[i] or (exit_[j] == exit_[i] and not event[j]))]
    assert fit.concordance == pytest.approx(np.mean(points), rel=1e-12)


@settings(max_examples=150, deadline=None)
@given(SEEDS, TIES, st.sampled_from(["normal", "binary", "long-tailed"]))
def test_tiny_samples_end_at_a_maximum_or_are_said_to_have_none(seed, ties, kind):
    """Four to twelve rows, often separated: no number overflows, and what is not marked as running away has no slope left."""
    generator = np.random.default_rng(seed)
    n, p = int(generator.integers(4, 13)), int(generator.integers(1, 4))
    exit_ = generator.integers(1, 10, n)
    entry = np.minimum(np.where(generator.random(n) < 0.3, generator.integers(-1, 5, n), -1), exit_ - 1)
    event = np.maximum(generator.random(n) < 0.6, np.arange(n) == 0).astype(int)
    normal = generator.normal(size=(n, p))
    columns = {"normal": normal, "binary": normal > 0.5, "long-tailed": np.exp(3 * normal)}[kind]
    sets = RiskSets.of(entry, exit_, event)
    scaled, _, _ = standardised(columns, sets)
    information = PartialLikelihood(sets, scaled).at(np.zeros(p)).information()
    informed = ~dependent_columns(np.where(np.abs(information) < 1e-12 * event.sum(), 0, information))
    maximum = maximise(sets, columns[:, informed], ties)
    assert maximum.converged and np.isfinite(maximum.coefficients).all()
    assert maximum.log_likelihood >= maximum.null_log_likelihood - 1e-12  # rounding, where 0 is the maximum
    if not maximum.runaway.any():
        fitted = PartialLikelihood.of(sets, columns[:, informed], ties).at(maximum.coefficients)
        assert fitted.score() @ maximum.covariance @ fitted.score() < 1e-12
        assert (np.diag(maximum.covariance) > 0).all()
