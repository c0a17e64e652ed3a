"""Score residuals, martingale residuals and what a row moves: closed forms, a plain oracle, and R on weighted, clustered, late rows."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.estimates.proportional_hazards import ProportionalHazards
from survival_nodes.kernels.cox_influence import clustered, dfbeta, martingale, score_residuals
from survival_nodes.kernels.partial_likelihood import PartialLikelihood, maximise
from survival_nodes.kernels.risk_sets import RiskSets

HERE, ORIGIN = Path(__file__).parent, -1
TEST1 = (np.full(6, ORIGIN), np.array([1, 1, 6, 6, 8, 9]), np.array([1, 0, 1, 1, 0, 1]), np.zeros(6, dtype=int))
X1 = np.array([[1.0], [1], [1], [0], [0], [0]])


def plain(entry, exit_, event, stratum, columns, beta, ties, weight) -> tuple[np.ndarray, np.ndarray]:
    """Give score and martingale residuals by their definition: each divisor of each place, each row at risk."""
    n, p = columns.shape
    risk, scores, residuals = np.exp(columns @ beta), np.zeros((n, p)), event.astype(float)
    for own, tick in sorted({(int(s), int(t)) for s, t, d in zip(stratum, exit_, event, strict=True) if d}):
        there = [i for i in range(n) if stratum[i] == own and entry[i] < tick <= exit_[i]]
        deaths = [i for i in there if event[i] and exit_[i] == tick]
        mean_weight = sum(weight[i] for i in deaths) / len(deaths)
        for number in range(len(deaths)):
            gone = number / len(deaths) if ties == "efron" else 0.0
            still = {i: 1 - gone if i in deaths else 1.0 for i in there}
            total = sum(still[i] * weight[i] * risk[i] for i in there)
            mean = sum(still[i] * weight[i] * risk[i] * columns[i] for i in there) / total
            for i in there:
                hazard = still[i] * risk[i] * mean_weight / total
                residuals[i] -= hazard
                scores[i] -= hazard * (columns[i] - mean)
            for i in deaths:
                scores[i] += (columns[i] - mean) / len(deaths)
    return scores, residuals


def random_rows(seed: int, n: int = 70):
    generator = np.random.default_rng(seed)
    exit_ = np.where(np.arange(n) < 3, 0, generator.integers(1, 12, n))  # three leave before the first event
    entry = np.minimum(np.where(generator.random(n) < 0.5, generator.integers(ORIGIN, 8, n), ORIGIN), exit_ - 1)
    rows = entry, exit_, ((generator.random(n) < 0.6) & (exit_ > 0)).astype(int), generator.integers(0, 2, n)
    return rows, generator.normal(size=(n, 3)) * [1, 5, 0.1], generator.uniform(0.2, 3, n), generator.normal(size=3) / 3


def on_all_rows(sets: RiskSets, n: int, values: np.ndarray) -> np.ndarray:
    whole = np.zeros((n, *values.shape[1:]))
    whole[sets.order] = values
    return whole


# --- closed forms: Therneau's test1 at 0, where every hazard is a fraction

BY_HAND = {
    # At 1 one of six dies (mean 1/2); at 6 two of four (mean 1/4), Breslow's hazard 2/4; at 9 the last.
    "breslow": ([5 / 12, -1 / 12, 7 / 24, -1 / 24, 5 / 24, 5 / 24], [5 / 6, -1 / 6, 1 / 3, 1 / 3, -2 / 3, -2 / 3]),
    # Efron: the second of the two finds 1 + 1/2 + 1/2 + 1 + 1 = 3 with mean 1/6; hazard 1/4 + 1/3, of which a death bears 1/4 + 1/6.
    "efron": (
        [5 / 12, -1 / 12, (3 / 4 + 5 / 6) / 2 - 1 / 12 - 1 / 4 * 3 / 4 - 1 / 6 * 5 / 6, (-1 / 4 - 1 / 6) / 2 + 1 / 12 + 1 / 4 * 1 / 4 + 1 / 6 * 1 / 6,
         1 / 12 + 1 / 4 * 1 / 4 + 1 / 3 * 1 / 6, 1 / 12 + 1 / 4 * 1 / 4 + 1 / 3 * 1 / 6], [5 / 6, -1 / 6, 5 / 12, 5 / 12, -3 / 4, -3 / 4])}


@pytest.mark.parametrize("ties", BY_HAND)
def test_therneau_test1_at_zero(ties):
    scores, residuals = BY_HAND[ties]
    slow = plain(*TEST1, X1, np.zeros(1), ties, np.ones(6))
    assert slow[0][:, 0] == pytest.approx(scores, abs=1e-14) and slow[1] == pytest.approx(residuals, abs=1e-14)
    sets = RiskSets.of(*TEST1)
    at_zero = PartialLikelihood.of(sets, X1, ties).at(np.zeros(1))
    assert on_all_rows(sets, 6, score_residuals(at_zero))[:, 0] == pytest.approx(scores, abs=1e-14)
    assert on_all_rows(sets, 6, martingale(at_zero)) == pytest.approx(residuals, abs=1e-14)


# --- the kernel against the oracle

@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("seed", range(4))
def test_kernel_is_the_oracle(seed, ties, weighted):
    rows, columns, weight, beta = random_rows(seed)
    sets, case_weight = RiskSets.of(*rows), weight if weighted else None
    assert (sets.n_deaths > 1).any() and len(sets.order) < 70
    scores, residuals = plain(*rows, columns, beta, ties, weight if weighted else np.ones(70))
    for likelihood in (PartialLikelihood.of(sets, columns, ties, case_weight), PartialLikelihood.scaled(sets, columns, ties, case_weight)):
        evaluation = likelihood.at(beta if likelihood.scale is None else beta * likelihood.scale)
        np.testing.assert_allclose(on_all_rows(sets, 70, score_residuals(evaluation)), scores, rtol=1e-10, atol=1e-11)
        np.testing.assert_allclose(on_all_rows(sets, 70, martingale(evaluation)), residuals, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_residuals_sum_to_the_score(ties):
    rows, columns, weight, beta = random_rows(9)
    likelihood = PartialLikelihood.of(RiskSets.of(*rows), columns, ties, weight)
    evaluation = likelihood.at(beta)
    np.testing.assert_allclose(likelihood.case_weight @ score_residuals(evaluation), evaluation.score(), rtol=1e-10)
    assert likelihood.case_weight @ martingale(evaluation) == pytest.approx(0, abs=1e-11)


def test_dfbeta_is_how_far_a_row_moves_the_coefficients():
    """To first order: a row's weight moved by a thousandth moves the maximum by a thousandth of its dfbeta (Breslow: weights enter smoothly)."""
    rows, columns, weight, _ = random_rows(3)
    sets = RiskSets.of(*rows)
    fitted = maximise(sets, columns, "breslow", weight)
    moved = on_all_rows(sets, 70, dfbeta(PartialLikelihood.of(sets, columns, "breslow", weight).at(fitted.coefficients), fitted.covariance))
    for row in (0, 17, 42):
        more, less = (maximise(sets, columns, "breslow", weight * np.where(np.arange(70) == row, factor, 1.0)).coefficients for factor in (1.001, 0.999))
        np.testing.assert_allclose((more - less) / 0.002, moved[row], rtol=1e-3, atol=1e-6)


def test_clusters_are_sums():
    values = np.arange(8.0).reshape(4, 2)
    assert clustered(values, np.array([1, 0, 1, 0])).tolist() == [[8.0, 10.0], [4.0, 6.0]]
    assert clustered(values, None) is values


# --- R, by the kernels and by a cohort

def synb_40() -> pd.DataFrame:
    rows = pd.read_csv(HERE / "inputs" / "synB.csv").head(40)
    first, last = np.floor(rows["entry"] / 120), np.ceil(rows["exit"] / 120)
    more = {"weight": 0.5 + rows["id"] % 4, "ward": rows["id"] % 11, "late": rows["id"] % 2, "third": rows["id"] % 3}
    return rows.assign(first=first, last=np.maximum(last, first + 1), **more)


def from_r(ties: str) -> pd.Series:
    rows = pd.read_csv(HERE / "r" / "cox_influence_reference.csv", dtype={"term": str})
    return rows[rows["method"] == ties].set_index(["statistic", "term"])["value"]


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_residuals_are_those_of_r(ties):
    rows, r = synb_40(), from_r(ties)
    entry = np.where(rows["first"] > 0, rows["first"], ORIGIN).astype(int)
    sets = RiskSets.of(entry, rows["last"].to_numpy(dtype=int), rows["status"].to_numpy(), rows["third"].to_numpy())
    assert (sets.n_deaths > 1).sum() > 3 and sets.late
    weight, columns = rows["weight"].to_numpy(), rows[["age", "late"]].to_numpy(dtype=float)
    fitted = maximise(sets, columns, ties, weight)
    evaluation = PartialLikelihood.of(sets, columns, ties, weight).at(fitted.coefficients)
    scores, moved = (on_all_rows(sets, 40, each) for each in (score_residuals(evaluation), dfbeta(evaluation, fitted.covariance)))
    residuals = on_all_rows(sets, 40, martingale(evaluation))
    for place, patient in enumerate(rows["id"].astype(str)):
        assert residuals[place] == pytest.approx(r["martingale", patient], rel=1e-8, abs=1e-10)
        for column, name in enumerate(("age", "late")):
            assert scores[place, column] == pytest.approx(r["score_residual", f"{patient} {name}"], rel=1e-7, abs=1e-8)
            assert moved[place, column] == pytest.approx(r["dfbeta", f"{patient} {name}"], rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_a_weighted_clustered_stratified_model_of_late_rows_is_that_of_r(ties):
    frame = synb_40().drop(columns=["entry", "exit", "age_entry", "age_exit"])
    cohort, r = Cohort.from_frame(frame, {"years": "last", "entry_years": "first", "event": "status"}, "months"), from_r(ties)
    model = CoxModel("age + late", ties=ties, strata="third", weights="weight", cluster="ward")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # few events
        fit = model.fit(cohort)
        hazards = {transform: ProportionalHazards(model, transform=transform)(cohort) for transform in ("km", "rank", "identity")}
    statistics = fit.tests.set_index("test")["statistic"]
    ours = {"loglik0": fit.log_likelihood.null, "loglik": fit.log_likelihood.model, "score": statistics["score"], "Wald": statistics["Wald"],
            "robust_score": statistics["robust score"], "concordance": fit.concordance}
    for name, value in ours.items():
        assert value == pytest.approx(r[name, "(global)"], rel=1e-8), name
    for name in ("age", "late"):
        assert fit.coefficients.set_index("term").loc[name, "coefficient"] == pytest.approx(r["coef", name], rel=1e-7)
        for other in ("age", "late"):
            assert fit.covariance.loc[name, other] == pytest.approx(r["cov", f"{name} x {other}"], rel=1e-7)
            assert fit.naive_covariance.loc[name, other] == pytest.approx(r["naive_cov", f"{name} x {other}"], rel=1e-7)
    for transform, table in hazards.items():
        for row in table.itertuples():
            assert row.statistic == pytest.approx(r[f"zph {transform}", row.comparison], rel=1e-7), transform
