"""What holds of predictions, residuals and concordance after any Cox fit."""

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
from survival_nodes.estimates.cox_fit import CoxFit

FEW = settings(max_examples=12, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
TIES = st.sampled_from(["efron", "breslow"])
ESTIMATOR = st.sampled_from(["exp(-H)", "kalbfleisch-prentice"])
PROFILES = {"age": [50, 70], "node": ["a", "b"], "centre": ["x", "y"]}
NUMBERS = ["survival", "std_error", "conf_low", "conf_high"]


def rows(seed: int, n: int = 80) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    months = generator.integers(6, 60, n)
    return pd.DataFrame({
        "months": months, "entry": np.where(generator.random(n) < 0.3, generator.integers(0, 5, n), 0), "dead": (generator.random(n) < 0.7).astype(int),
        "age": generator.normal(60, 10, n), "node": generator.choice(["a", "b"], n), "centre": generator.choice(["x", "y"], n), "who": np.arange(n)})


def fit_of(frame: pd.DataFrame, ties: str, unit: str = "months", **options) -> CoxFit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # few events are welcome here
        cohort = Cohort.from_frame(frame, {"years": "months", "entry_years": "entry", "event": "dead", "patient_id": "who"}, unit)
        return CoxModel("age + node", ties=ties, strata="centre", fitter="grouped", **options).fit(cohort)


def predicted(fit: CoxFit, estimator: str) -> np.ndarray:
    return fit.predict(PROFILES, (0.4, 1, 2.5, 4), estimator=estimator)[NUMBERS].to_numpy()


@FEW
@given(SEEDS, TIES, ESTIMATOR)
def test_order_and_unit_say_nothing(seed, ties, estimator):
    frame = rows(seed)
    whole = fit_of(frame, ties)
    shuffled = fit_of(frame.sample(frac=1, random_state=seed % 1000), ties)
    years = fit_of(frame.assign(months=frame["months"] / 12, entry=frame["entry"] / 12), ties, "years")
    for other in (shuffled, years):
        np.testing.assert_allclose(predicted(other, estimator), predicted(whole, estimator), rtol=1e-7, atol=1e-12)
        assert other.concordance_std_error == pytest.approx(whole.concordance_std_error, rel=1e-9)
        for kind in ("deviance", "dfbeta"):
            ours, theirs = (each.residuals(kind).set_index("patient_id").drop(columns="row").sort_index() for each in (other, whole))
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


@FEW
@given(SEEDS, ESTIMATOR)
def test_rows_given_twice_with_half_their_weight(seed, estimator):
    """Breslow's ties: nothing changes but the error of the concordance, which is that of patients, not rows."""
    frame = rows(seed)
    twice = pd.concat([frame, frame.assign(who=frame["who"] + len(frame))], ignore_index=True).assign(half=0.5)
    whole, halves = fit_of(frame, "breslow"), fit_of(twice.assign(cluster=twice["who"] % len(frame)), "breslow", weights="half", robust=False)
    np.testing.assert_allclose(predicted(halves, estimator), predicted(whole, estimator), rtol=1e-7, atol=1e-12)
    assert halves.concordance == pytest.approx(whole.concordance, rel=1e-9)
    clustered = fit_of(twice.assign(cluster=twice["who"] % len(frame)), "breslow", weights="half", cluster="cluster")
    assert clustered.concordance_std_error == pytest.approx(whole.concordance_std_error, rel=1e-7)


@FEW
@given(SEEDS, TIES)
def test_residuals_sum_to_nothing_and_their_squares_to_the_sandwich(seed, ties):
    frame = rows(seed).assign(weight=lambda table: 1 + table["who"] % 3)
    fit = fit_of(frame, ties, weights="weight", robust=True)
    weight = fit.rows.weight
    martingale, score = fit.residuals("martingale")["residual"], fit.residuals("score")[list(fit.design.names)].to_numpy()
    for stratum in (0, 1):
        assert martingale[fit.rows.stratum == stratum] @ weight[fit.rows.stratum == stratum] == pytest.approx(0, abs=1e-8)
    assert weight @ score == pytest.approx(np.zeros(2), abs=1e-6)
    schoenfeld = fit.residuals("schoenfeld")
    assert weight[schoenfeld["row"] - 1] @ schoenfeld[list(fit.design.names)].to_numpy() == pytest.approx(np.zeros(2), abs=1e-6)
    moved = fit.residuals("dfbeta")[list(fit.design.names)].to_numpy()
    np.testing.assert_allclose(moved.T @ moved, fit.covariance.to_numpy(), rtol=1e-9)
    np.testing.assert_allclose(fit.residuals("dfbetas")[list(fit.design.names)] * np.sqrt(np.diag(fit.naive_covariance)), moved, rtol=1e-9)


@FEW
@given(SEEDS, TIES, ESTIMATOR)
def test_survival_falls_within_its_limits(seed, ties, estimator):
    table = fit_of(rows(seed), ties).predict(PROFILES, tuple(np.arange(0, 6, 0.25)), estimator=estimator)
    for _, own in table.dropna().groupby("profile"):
        assert (np.diff(own["survival"]) <= 1e-15).all() and own["survival"].iloc[0] == 1
        assert ((own["conf_low"] <= own["survival"]) & (own["survival"] <= own["conf_high"]) & (own["conf_high"] <= 1)).all()


@FEW
@given(SEEDS)
def test_a_product_of_factors_lies_below_the_exponential(seed):
    """1 - x is at most exp(-x), where no two die together."""
    frame = rows(seed)
    fit = fit_of(frame.assign(months=frame["months"] + frame["who"] / 1000), "efron")
    below, above = predicted(fit, "kalbfleisch-prentice")[:, 0], predicted(fit, "exp(-H)")[:, 0]
    assert (below <= above + 1e-15).all() and np.nanmax(above - below) > 0
    assert np.nanmax(above - below) < 0.1


@FEW
@given(SEEDS, TIES, st.floats(-200, 200))
def test_centres_and_references_say_where_from_only(seed, ties, shift):
    fit = fit_of(rows(seed), ties)
    moved = fit_of(rows(seed).assign(age=lambda table: table["age"] + shift), ties)
    own = {**PROFILES, "age": [50 + shift, 70 + shift]}
    for ours, theirs in (
        (moved.linear_predictor(own, centre="sample"), fit.linear_predictor(PROFILES, centre="sample")),
        (moved.hazard_ratio({**own, "centre": ["x", "x"]}, {"age": 60 + shift, "node": "a", "centre": "x"}),
         fit.hazard_ratio({**PROFILES, "centre": ["x", "x"]}, {"age": 60, "node": "a", "centre": "x"}))):
        np.testing.assert_allclose(ours.drop(columns="profile"), theirs.drop(columns="profile"), rtol=1e-6, atol=1e-7)
    zero = fit.linear_predictor(PROFILES, centre="zero")["linear_predictor"].to_numpy()
    hazard = fit.baseline[fit.baseline["stratum"] == "x"]["cumulative_hazard"].to_numpy()[-1]
    last = fit.rows.clock.years(fit.rows.exit[(fit.rows.stratum == 0) & (fit.rows.event == 1)].max())
    survival = fit.predict({name: values[:1] for name, values in PROFILES.items()}, float(last))["survival"][0]
    assert survival == pytest.approx(np.exp(-hazard * np.exp(zero[0])), rel=1e-9)
