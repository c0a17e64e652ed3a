"""Case weights and robust variance of Cox models: what weights are, when the variance is robust, and what is refused."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.columns import COEFFICIENTS, TESTS, check
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.estimates.proportional_hazards import ProportionalHazards
from survival_nodes.kernels.partial_likelihood import PartialLikelihood, maximise
from survival_nodes.kernels.risk_sets import RiskSets

ORIGIN, LOG = -1, np.log
TIES = ["efron", "breslow"]


def cohort_of(n: int = 240, pieces: bool = False, **columns) -> Cohort:
    generator = np.random.default_rng(5)
    frame = pd.DataFrame({
        "patient": np.arange(n) // (2 if pieces else 1), "years": generator.integers(1, 15, n), "event": (generator.random(n) < 0.6).astype(int),
        "age": generator.normal(60, 10, n).round(), "node": generator.choice(["macro", "micro", "negative"], n), "wt": generator.uniform(0.2, 3, n),
        "times": generator.integers(1, 4, n), "ward": generator.integers(0, 30, n)}).assign(**columns)
    return Cohort.from_frame(frame, {"patient_id": "patient"}, "years", levels={"node": ["negative", "micro", "macro"]})


def repeated(cohort: Cohort, times: str | int) -> Cohort:
    rows = cohort.rows
    often = rows.loc[rows.index.repeat(rows[times] if isinstance(times, str) else times)].reset_index(drop=True)
    return Cohort.from_frame(often.assign(who=often["patient_id"], patient_id=np.arange(len(often))), time_unit="years", levels={"node": ["negative", "micro", "macro"]})


# --- Therneau's test3: nine weighted rows

TEST3 = (np.full(9, ORIGIN), np.array([1, 1, 2, 2, 2, 2, 3, 4, 5]), np.array([1, 0, 1, 1, 1, 0, 0, 1, 0]))
X3, W3 = np.array([[2.0], [0], [1], [1], [0], [1], [0], [1], [0]]), np.array([1.0, 2, 3, 4, 3, 2, 1, 2, 1])


def by_hand(beta: float, ties: str) -> tuple[float, float]:
    """Log-likelihood and score: at 1 a row of weight 1 dies, at 2 rows of weight 3, 4, 3 (mean 10/3), at 4 one of weight 2."""
    r = np.exp(beta)
    sets = [(1, r**2 + 11 * r + 7, 2 * r**2 + 11 * r), (2, 2 * r + 1, 2 * r)]
    if ties == "breslow":
        sets.append((10, 11 * r + 5, 11 * r))
    else:  # the deaths of 2 weigh 7 r + 3, of which a third is gone for each that died before
        sets += [(10 / 3, 11 * r + 5 - gone * (7 * r + 3), 11 * r - gone * 7 * r) for gone in (0, 1 / 3, 2 / 3)]
    observed = 2 + 7 + 2
    return observed * beta - sum(deaths * LOG(total) for deaths, total, _ in sets), observed - sum(deaths * part / total for deaths, total, part in sets)


@pytest.mark.parametrize("beta", [0.0, 0.7, -1.1])
@pytest.mark.parametrize("ties", TIES)
def test_therneau_test3_by_hand(ties, beta):
    evaluation = PartialLikelihood.of(RiskSets.of(*TEST3), X3, ties, W3).at(np.array([beta]))
    log_likelihood, score = by_hand(beta, ties)
    assert evaluation.log_likelihood == pytest.approx(log_likelihood, rel=1e-13)
    assert evaluation.score()[0] == pytest.approx(score, rel=1e-12)
    step = 1e-5
    curvature = -(by_hand(beta + step, ties)[1] - by_hand(beta - step, ties)[1]) / (2 * step)
    assert evaluation.information()[0, 0] == pytest.approx(curvature, rel=1e-8)


@pytest.mark.parametrize(("ties", "printed"), [("breslow", 0.8595574445), ("efron", 0.8726042464)])
def test_therneau_test3_as_printed(ties, printed):
    """The coefficients printed in the vignette "validate" of the R package survival."""
    beta = maximise(RiskSets.of(*TEST3), X3, ties, W3).coefficients[0]
    assert beta == pytest.approx(printed, abs=5e-11)
    assert by_hand(beta, ties)[1] == pytest.approx(0, abs=1e-11)


# --- what weights are, and are not

def test_breslow_weights_are_repeats_and_efron_weights_are_not():
    """Under Breslow the numbers are those of the rows repeated; under Efron repeated rows are ties more, weights are not."""
    cohort = cohort_of()
    for ties, same in (("breslow", True), ("efron", False)):
        weighted, often = CoxModel("node + age", ties=ties, weights="times").fit(cohort), CoxModel("node + age", ties=ties).fit(repeated(cohort, "times"))
        columns = ["coefficient", "std_error", "conf_low", "conf_high", "p_value"]
        close = np.allclose(weighted.coefficients[columns], often.coefficients[columns], rtol=1e-8)
        assert close == same
        assert (weighted.log_likelihood.model == pytest.approx(often.log_likelihood.model, rel=1e-9)) == same
        assert (weighted.n, weighted.n_event) == (240, int(cohort.events().sum())) and often.n > 240


def test_rows_doubled_with_half_weights_by_patient_are_the_rows():
    """Breslow: all numbers of a robust fit stay where they were; Efron sees more ties."""
    cohort = cohort_of()
    doubled = repeated(cohort, 2).with_columns(pd.DataFrame({"half": np.full(480, 0.5)}))
    once = CoxModel("node + age", ties="breslow", robust=True).fit(cohort)
    twice = CoxModel("node + age", ties="breslow", weights="half", cluster="who").fit(doubled)
    for column in ("coefficient", "std_error", "robust_std_error", "conf_low", "p_value"):
        np.testing.assert_allclose(twice.coefficients[column], once.coefficients[column], rtol=1e-9)
    np.testing.assert_allclose(twice.tests["statistic"], once.tests["statistic"], rtol=1e-9)
    efron = CoxModel("node + age", weights="half", cluster="who").fit(doubled)
    assert not np.allclose(efron.coefficients["coefficient"], CoxModel("node + age").fit(cohort).coefficients["coefficient"], rtol=1e-6)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("unit", [1e-6, 250.0])
def test_the_unit_of_weights_says_nothing_where_the_variance_is_robust(unit, ties):
    cohort = cohort_of()
    scaled = cohort.with_columns(pd.DataFrame({"wt": cohort.column("wt") * unit}))
    one, other = (CoxModel("node + age", ties=ties, weights="wt", robust=True).fit(each) for each in (cohort, scaled))
    for column in ("coefficient", "robust_std_error", "conf_low", "conf_high", "p_value"):
        np.testing.assert_allclose(other.coefficients[column], one.coefficients[column], rtol=1e-8)
    np.testing.assert_allclose(other.coefficients["std_error"], one.coefficients["std_error"] / np.sqrt(unit), rtol=1e-8)
    assert other.tests["statistic"].iloc[[1, 3]].tolist() == pytest.approx(one.tests["statistic"].iloc[[1, 3]].tolist(), rel=1e-8)


def test_rows_that_weigh_nothing_say_nothing():
    cohort = cohort_of()
    weight = np.where(np.arange(240) % 5 == 0, 0.0, cohort.column("wt"))
    fit = CoxModel("node + age", weights="wt").fit(cohort.with_columns(pd.DataFrame({"wt": weight})))
    without = CoxModel("node + age", weights="wt").fit(cohort.where(lambda rows: np.arange(len(rows)) % 5 != 0))
    pd.testing.assert_frame_equal(fit.coefficients, without.coefficients)
    assert (fit.n, fit.n_dropped, len(fit.rows.weight)) == (192, 48, 192)


def test_weights_of_one_change_nothing():
    cohort = cohort_of(one=1.0)
    pd.testing.assert_frame_equal(CoxModel("node + age", weights="one")(cohort), CoxModel("node + age")(cohort))
    assert CoxModel("node + age", weights="one").fit(cohort).rows.case_weight is None


# --- when the variance is robust

@pytest.mark.parametrize(("options", "robust"), [
    ({}, False), ({"weights": "times"}, False), ({"weights": "wt"}, True), ({"cluster": "ward"}, True), ({"robust": True}, True),
    ({"weights": "times", "robust": True}, True), ({"cluster": "ward", "robust": False}, True)])
def test_when_the_variance_is_robust(options, robust):
    fit = CoxModel("node + age", **options).fit(cohort_of())
    table = fit.coefficients
    assert table["robust_std_error"].notna().all() == robust and not check(table, COEFFICIENTS) and not check(fit.tests, TESTS)
    assert fit.tests["test"].tolist() == ["likelihood ratio", "Wald", "score", *(["robust score"] if robust else [])]
    used = table["robust_std_error"] if robust else table["std_error"]
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), used)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.naive_covariance)), table["std_error"])
    np.testing.assert_allclose(table["z"], table["coefficient"] / used)
    np.testing.assert_allclose(np.log(table["conf_high"] / table["conf_low"]), 2 * 1.959963984540054 * used)


def test_fractions_beside_a_variance_that_is_not_robust_are_said():
    said = "weights 'wt' are not whole numbers, so intervals and p-values that rest on the model are wrong: say robust=True"
    with pytest.warns(DataWarning, match=re.escape(said)):
        assert CoxModel("node + age", weights="wt", robust=False)(cohort_of())["robust_std_error"].isna().all()


@pytest.mark.parametrize("ties", TIES)
def test_pieces_of_patients_are_clustered_by_patient(ties):
    """Every follow-up cut in two: the robust variance is that of the patients, not of the pieces."""
    whole = cohort_of(years=np.random.default_rng(2).integers(3, 15, 240))
    rows = whole.rows
    cut = (rows["years"] // 2).astype(float)
    first, second = rows.assign(years=cut, event=0), rows.assign(entry_years=cut)
    pieces = pd.concat([first.assign(entry_years=0.0), second], ignore_index=True)
    cut_up = Cohort.from_frame(pieces, time_unit="years", levels={"node": ["negative", "micro", "macro"]})
    one, two = (CoxModel("node + age", ties=ties, robust=True).fit(each) for each in (whole, cut_up))
    np.testing.assert_allclose(two.coefficients["robust_std_error"], one.coefficients["robust_std_error"], rtol=1e-9)
    assert one.rows.cluster is None and len(np.unique(two.rows.cluster)) == 240
    assert two.tests["statistic"].tolist() == pytest.approx(one.tests["statistic"].tolist(), rel=1e-9)


def test_clusters_of_one_row_are_rows():
    cohort = cohort_of()
    by_row = CoxModel("node + age", cluster="patient_id")(cohort)
    np.testing.assert_allclose(by_row["robust_std_error"], CoxModel("node + age", robust=True)(cohort)["robust_std_error"], rtol=1e-12)


def test_a_missing_cluster_is_left_out_and_said():
    cohort = cohort_of(ward=np.where(np.arange(240) < 3, np.nan, np.arange(240) % 30))
    with pytest.warns(DataWarning, match=re.escape("3 of 240 rows are left out of the model, as a covariate is missing: ward (3)")):
        assert CoxModel("age", cluster="ward").fit(cohort).n == 237


def test_clusters_fewer_than_terms():
    with pytest.warns(DataWarning, match="3 clusters for 3 coefficients: robust standard errors are far too small, and there is no test of all terms"):
        fit = CoxModel("node + age", cluster="ward").fit(cohort_of(ward=np.arange(240) % 3))
    assert fit.tests["statistic"].isna().tolist() == [False, True, False, True]


def test_one_cluster_is_refused():
    with pytest.raises(InputError, match="cluster 'ward' has one value only among the rows fitted: a robust variance needs several"):
        CoxModel("age", cluster="ward")(cohort_of(ward=1))


def test_a_runaway_coefficient_leaves_the_robust_errors_of_the_others():
    cohort = cohort_of()
    silent = cohort.with_columns(pd.DataFrame({"quiet": (cohort.events() == 0) & (np.arange(240) % 3 == 0)}).astype(float))
    with pytest.warns(DataWarning, match='quiet: no finite hazard ratio .* fit with penalty="firth"'):
        fit = CoxModel("age + quiet", cluster="ward").fit(silent)
    without = CoxModel("age", cluster="ward")(silent.where("quiet == 0"))
    assert fit.coefficients["robust_std_error"][0] == pytest.approx(without["robust_std_error"][0], rel=1e-6)
    assert fit.coefficients.loc[1, ["robust_std_error", "z", "p_value"]].isna().all()
    assert np.isnan(fit.covariance.loc["quiet"]).all() and fit.tests["statistic"].isna().tolist() == [False, True, False, True]


# --- what is refused

@pytest.mark.parametrize(("weight", "said"), [
    (lambda row: np.where(row < 2, np.nan, 1.0), "weights 'wt' are missing in 2 rows: every row needs a weight, 0 or more"),
    (lambda row: np.where(row < 1, -1.0, 1.0), "weights 'wt' are negative in 1 row: every row needs a weight"),
    (lambda row: np.where(row < 4, np.inf, 1.0), "weights 'wt' are infinite in 4 rows"),
    (lambda row: np.zeros(240), "weights 'wt' are 0 in all 240 rows: some must be above 0"),
    (lambda row: np.where(row < 7, "heavy", "1"), "weights 'wt' are not numbers in 7 rows"),
])
def test_weights_refused(weight, said):
    with pytest.raises(InputError, match=re.escape(said)):
        CoxModel("age", weights="wt")(cohort_of(wt=weight(np.arange(240))))


def test_columns_that_are_not_there():
    with pytest.raises(InputError, match=re.escape("there is no column 'wts' (nearest: 'wt')")):
        CoxModel("age", weights="wts")(cohort_of())
    with pytest.raises(InputError, match=re.escape("there is no column 'wards' (nearest: 'ward')")):
        CoxModel("age", cluster="wards")(cohort_of())


@pytest.mark.parametrize(("options", "said"), [
    ({"fitter": "lifelines", "weights": "wt"}, 'weights is not left to lifelines: use fitter="grouped" (or "auto")'),
    ({"fitter": "lifelines", "cluster": "ward"}, "cluster is not left to lifelines"),
    ({"fitter": "lifelines", "robust": True}, "robust is not left to lifelines"),
    ({"fitter": "lifelines", "penalty": "firth"}, "penalty is not left to lifelines"),
    ({"penalty": "firth", "weights": "wt"}, "weights does not go with penalty='firth'"),
    ({"penalty": "firth", "robust": True}, "robust does not go with penalty='firth'"),
    ({"penalty": "ridge"}, "penalty is one of firth, not 'ridge'"),
    ({"robust": "HC0"}, "robust is True, False, or None for what the rows need, not 'HC0'"),
])
def test_options_refused(options, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        CoxModel("age", **options)


def test_weighted_rows_are_not_left_to_lifelines():
    fits = [CoxModel("age", **options).fit(cohort_of()) for options in ({}, {"weights": "times"}, {"robust": True})]
    assert [fit.fitter for fit in fits] == ["lifelines", "grouped", "grouped"]


def test_the_fit_without_numbers_has_them_missing():
    with pytest.warns(DataWarning, match="the Cox model has no events"):
        fit = CoxModel("age", weights="wt", cluster="ward").fit(cohort_of(event=0))
    assert np.isnan([fit.aic, fit.bic]).all() and fit.naive_covariance.isna().all(axis=None)


def test_the_test_of_proportional_hazards_is_weighted_by_repeats_under_breslow():
    cohort = cohort_of()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        weighted = ProportionalHazards(CoxModel("node + age", ties="breslow", weights="times"), transform="identity")(cohort)
        often = ProportionalHazards(CoxModel("node + age", ties="breslow"), transform="identity")(repeated(cohort, "times"))
    np.testing.assert_allclose(weighted["statistic"], often["statistic"], rtol=1e-8)
