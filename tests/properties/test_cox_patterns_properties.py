"""Cox models fitted to cells of patients alike against the patients one by one, and against the likelihood of the rows, for any cohort."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survival_nodes.cohort import Cohort
from survival_nodes.errors import UsageError
from survival_nodes.estimates import CoxModel, ProportionalHazards
from survival_nodes.kernels.partial_likelihood import maximise
from survival_nodes.kernels.risk_sets import RiskSets

pytestmark = pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
SEEDS, TIES = st.integers(0, 2**32 - 1), st.sampled_from(["efron", "breslow"])
CAUSES = {"none": "none", "breast-cancer": "breast-cancer", "other": "other"}


def frame_of(seed: int, n: int, late: bool) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    exits, cause = generator.integers(2, 14, n), generator.choice(list(CAUSES), n, p=[0.3, 0.4, 0.3])
    frame = pd.DataFrame({
        "years": exits, "event": (cause != "none").astype(int), "cause": cause, "node": generator.choice(["negative", "micro", "macro"], n),
        "age": generator.integers(40, 50, n), "size": generator.choice([1, 2.5, 4, np.nan], n, p=[0.3, 0.3, 0.3, 0.1]),
        "era": generator.choice(["early", "late"], n)})
    return frame.assign(entry_years=np.where(generator.random(n) < 0.3, generator.integers(0, exits - 1), 0)) if late else frame


def cohort_of(frame: pd.DataFrame) -> Cohort:
    return Cohort.from_frame(frame, time_unit="years", causes=CAUSES, levels={"node": ["negative", "micro", "macro"]} if "node" in frame else None)


@settings(max_examples=12, deadline=None)
@given(SEEDS, TIES, st.booleans(), st.sampled_from([(), ("era",)]), st.sampled_from([None, "other"]))
def test_a_cell_is_as_many_patients(seed, ties, late, strata, cause):
    frame = frame_of(seed, 90, late)
    repeats = np.random.default_rng(seed).integers(1, 5, len(frame))
    cells = replace(cohort_of(frame), repeats=repeats)
    patients = cohort_of(frame.loc[frame.index.repeat(repeats)].reset_index(drop=True))
    model = CoxModel("node + I((age - 45) / 10) + size", ties=ties, strata=strata, cause=cause, fitter="grouped", robust=True)
    counted, fitted = model.fit(cells), model.fit(patients)
    pd.testing.assert_frame_equal(counted.coefficients, fitted.coefficients, rtol=1e-9, atol=1e-10)
    pd.testing.assert_frame_equal(counted.tests, fitted.tests, rtol=1e-8, atol=1e-9)
    assert (counted.n, counted.n_event, counted.n_dropped) == (fitted.n, fitted.n_event, fitted.n_dropped)
    assert counted.log_likelihood == pytest.approx(fitted.log_likelihood, rel=1e-12)
    pd.testing.assert_frame_equal(counted.baseline, fitted.baseline, rtol=1e-9, atol=1e-12)
    pd.testing.assert_frame_equal(counted.baseline_at("sample"), fitted.baseline_at("sample"), rtol=1e-9, atol=1e-12)
    weightings = ("harrell", "peto") if late else ("harrell", "uno", "peto")
    pd.testing.assert_frame_equal(counted.concordance_table(weightings), fitted.concordance_table(weightings), rtol=1e-9, atol=1e-9)
    assert counted.concordance == pytest.approx(fitted.concordance, rel=1e-12)
    profiles = {"node": ["micro", "negative"], "age": [44, 48], "size": [1, 2.5], "era": ["early", "late"]}
    for estimator in ("exp(-H)", "kalbfleisch-prentice"):
        both = (fit.predict(profiles, [3, 7, 20], estimator=estimator) for fit in (counted, fitted))
        pd.testing.assert_frame_equal(*both, rtol=1e-8, atol=1e-10)
    for transform in ("km", "rank", "identity", "log"):
        both = (fit.proportional_hazards(transform) for fit in (counted, fitted))
        pd.testing.assert_frame_equal(*both, rtol=1e-7, atol=1e-8)


@settings(max_examples=12, deadline=None)
@given(SEEDS, TIES, st.booleans(), st.booleans())
def test_a_fit_is_the_top_of_the_likelihood_of_the_rows(seed, ties, late, apart):
    frame = frame_of(seed, 1500 if apart else 150, late)
    frame["marker"] = np.random.default_rng(seed + 1).normal(size=len(frame)) if apart else (frame["age"] - 45) ** 2 / 10
    cohort = cohort_of(frame)
    fit = CoxModel("node + marker + age:era", ties=ties, strata="era", fitter="grouped").fit(cohort)
    assert bool(len(fit.design.covariates.in_dense)) == apart
    top = maximise(RiskSets.of(cohort.entry_ticks, cohort.exit_ticks, cohort.events(), cohort.groups("era").codes), fit.design.matrix, ties)
    std_error = np.sqrt(np.diag(top.covariance))
    assert np.abs(fit.coefficients["coefficient"] - top.coefficients).max() <= 1e-9 * std_error.max()
    assert fit.coefficients["std_error"].to_numpy() == pytest.approx(std_error, rel=1e-9)
    assert fit.log_likelihood == pytest.approx((top.null_log_likelihood, top.log_likelihood), rel=1e-12)
    assert fit.tests.set_index("test").loc["score", "statistic"] == pytest.approx(top.score_test, rel=1e-9)
    by_rows = fit.row_evaluation
    assert fit.evaluation.hazard * np.exp(-fit.evaluation.centre) == pytest.approx(by_rows.hazard * np.exp(-by_rows.centre), rel=1e-9)
    assert fit.residuals("martingale")["residual"].sum() == pytest.approx(0, abs=1e-8)
    assert fit.residuals("schoenfeld").iloc[:, 3:].sum().to_numpy() == pytest.approx(0, abs=1e-6)


def test_the_test_of_proportional_hazards_needs_no_second_fit():
    cohort = cohort_of(frame_of(3, 200, False))
    model = CoxModel("node + age", fitter="grouped")
    fit = model.fit(cohort)
    pd.testing.assert_frame_equal(fit.proportional_hazards("rank"), ProportionalHazards(model, transform="rank")(cohort))
    pd.testing.assert_frame_equal(fit.proportional_hazards(per_coefficient=True), ProportionalHazards(model).per_coefficient(cohort))
    assert fit.proportional_hazards(per_coefficient=True)["comparison"].tolist() == ["node[T.micro]", "node[T.macro]", "age", "GLOBAL"]
    with pytest.raises(UsageError, match="without a penalty"):
        CoxModel("node", penalty="firth").fit(cohort).proportional_hazards()


def test_cells_have_no_residuals():
    frame = frame_of(4, 90, False)
    cells = replace(cohort_of(frame), repeats=np.full(len(frame), 2))
    with pytest.raises(UsageError, match="residuals are of single patients, whose rows a scan never loads"):
        CoxModel("node").fit(cells).residuals()


def test_a_smaller_model_of_the_same_rows_is_compared():
    cohort = cohort_of(frame_of(5, 200, False).drop(columns="size"))
    larger, smaller = (CoxModel(formula, fitter="grouped").fit(cohort) for formula in ("node + age", "age"))
    found = larger.compare(smaller)
    assert found["df"].tolist() == [2]
    assert found["statistic"][0] == pytest.approx(2 * (larger.log_likelihood.model - smaller.log_likelihood.model))


def test_models_of_cells_are_compared_by_their_columns():
    frame = frame_of(6, 200, False)[["years", "event", "node", "age", "era"]]
    by = [frame.groupby([*columns], observed=True).size().reset_index(name="n") for columns in (frame.columns, ["years", "event", "age"])]
    wide, narrow = (replace(cohort_of(each.assign(cause="none")), repeats=each["n"].to_numpy()) for each in by)
    larger, smaller, patients = CoxModel("node + age").fit(wide), CoxModel("age").fit(narrow), cohort_of(frame.assign(cause="none"))
    expected = CoxModel("node + age", fitter="grouped").fit(patients).compare(CoxModel("age", fitter="grouped").fit(patients))
    pd.testing.assert_frame_equal(larger.compare(smaller), expected, rtol=1e-9)
    with pytest.raises(UsageError, match=r"I\(age / 10\) of the smaller model is not among the columns of the larger"):
        larger.compare(CoxModel("I(age / 10)").fit(narrow))
    with pytest.raises(UsageError, match="fitted on different rows"):
        larger.compare(CoxModel("age").fit(replace(narrow, repeats=narrow.repeats + 1)))
