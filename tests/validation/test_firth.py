"""Firth's penalty: closed forms, a plain oracle of the penalised likelihood, R's coxphf, and what the model shows."""

from __future__ import annotations

import functools
import os
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.columns import COEFFICIENTS, TESTS, check
from survival_nodes.errors import DataWarning, UsageError
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.estimates.cox_fit import CoxFit
from survival_nodes.estimates.proportional_hazards import ProportionalHazards
from survival_nodes.kernels import firth
from survival_nodes.kernels.firth import maximise_penalised, penalty_slope
from survival_nodes.kernels.partial_likelihood import PartialLikelihood
from survival_nodes.kernels.risk_sets import RiskSets

ORIGIN, LOG, CHI = -1, np.log, 3.841458820694124  # chi-square, one degree of freedom, 0.95
TIES = ["efron", "breslow"]
REFERENCE = os.environ.get("SURVIVAL_NODES_REFERENCE", "")


def plain(entry, exit_, event, stratum, columns, beta, ties) -> tuple[float, np.ndarray]:
    """Give the log-likelihood and the information, one death at a time, with the risk set written as a list."""
    risk, log_likelihood, information = np.exp(columns @ beta), 0.0, np.zeros((columns.shape[1],) * 2)
    for own, tick in sorted({(int(s), int(t)) for s, t, d in zip(stratum, exit_, event, strict=True) if d}):
        there = [i for i in range(len(exit_)) if stratum[i] == own and entry[i] < tick <= exit_[i]]
        deaths = [i for i in there if event[i] and exit_[i] == tick]
        for number, death in enumerate(deaths):
            gone = number / len(deaths) if ties == "efron" else 0.0
            shares = np.array([risk[i] * (1 - gone if i in deaths else 1) for i in there])
            apart = columns[there] - shares @ columns[there] / shares.sum()
            log_likelihood += LOG(risk[death] / shares.sum())
            information += (apart * shares[:, None]).T @ apart / shares.sum()
    return log_likelihood, information


def penalised(rows, columns, beta, ties) -> float:
    log_likelihood, information = plain(*rows, columns, beta, ties)
    return log_likelihood + LOG(np.linalg.det(information)) / 2


def slope(rows, columns, beta, ties, step: float = 1e-5) -> np.ndarray:
    """Differences of the penalised likelihood, by Richardson's rule of two steps."""
    def differences(width):
        return np.array([penalised(rows, columns, beta + e, ties) - penalised(rows, columns, beta - e, ties) for e in width * np.eye(len(beta))]) / (2 * width)
    return (4 * differences(step) - differences(2 * step)) / 3


def random_rows(seed: int, n: int = 40, p: int = 3):
    generator = np.random.default_rng(seed)
    exit_ = generator.integers(1, 9, n)
    entry = np.minimum(np.where(generator.random(n) < 0.4, generator.integers(ORIGIN, 5, n), ORIGIN), exit_ - 1)
    rows = entry, exit_, (generator.random(n) < 0.6).astype(int), generator.integers(0, 2, n)
    return rows, generator.normal(size=(n, p)), generator.normal(size=p) / 2


# --- by hand: two patients, of whom the one with x = 1 dies first

TWO = (np.full(2, ORIGIN), np.array([1, 2]), np.array([1, 0]), np.zeros(2, dtype=int))
X2 = np.array([[1.0], [0.0]])


def two(beta: float) -> float:
    """With r = exp(beta): r / (1 + r), times the root of the information r / (1 + r)^2."""
    return 1.5 * beta - 2 * LOG(1 + np.exp(beta))


def test_oracle_on_two_patients_by_hand():
    for beta in (-1.0, 0.0, 2.5):
        assert penalised(TWO, X2, np.array([beta]), "breslow") == pytest.approx(two(beta), rel=1e-12)


@pytest.mark.parametrize("ties", TIES)
def test_two_patients(ties):
    """Heinze and Schemper (2001): the slope 3/2 - 2 r / (1 + r) vanishes at r = 3, where the likelihood alone rises for ever."""
    maximum = maximise_penalised(RiskSets.of(*TWO), X2, ties, CHI)
    assert maximum.coefficients[0] == pytest.approx(LOG(3), rel=1e-9) and maximum.converged
    assert maximum.covariance[0, 0] == pytest.approx(16 / 3, rel=1e-9)  # the information there is 3/4 * 1/4
    assert maximum.ratio[0] == pytest.approx(LOG(27 / 16), rel=1e-12)  # 2 (3/2 log 3 - 2 log 4 + 2 log 2)
    spread = LOG(np.sqrt(1 / 2))  # the standard deviation of 0 and 1
    assert maximum.log_likelihood == pytest.approx(two(LOG(3)) - spread, rel=1e-12)
    assert maximum.null_log_likelihood == pytest.approx(-2 * LOG(2) - spread, rel=1e-12)
    for limit, side in ((maximum.low[0], -1), (maximum.high[0], 1)):
        assert 2 * (two(LOG(3)) - two(limit)) == pytest.approx(CHI, rel=1e-9) and side * (limit - LOG(3)) > 0


# --- the slope of the penalty, and the maximum

@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("seed", range(5))
def test_the_slope_of_the_penalty_is_the_oracle_s(seed, ties):
    rows, columns, beta = random_rows(seed)
    sets = RiskSets.of(*rows)
    assert (sets.n_deaths > 2).any() and sets.late
    evaluation = PartialLikelihood.of(sets, columns, ties).at(beta)
    inverse_root = np.linalg.inv(np.linalg.cholesky(evaluation.information())).T
    got = evaluation.score() + penalty_slope(evaluation, inverse_root) / 2
    np.testing.assert_allclose(got, slope(rows, columns, beta, ties), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("seed", range(2))
def test_maximum_limits_and_ratio_are_those_of_the_oracle(seed, ties):
    rows, columns, _ = random_rows(seed + 10, n=24, p=2)
    maximum = maximise_penalised(RiskSets.of(*rows), columns, ties, CHI)
    top = penalised(rows, columns, maximum.coefficients, ties)
    np.testing.assert_allclose(slope(rows, columns, maximum.coefficients, ties), 0, atol=1e-7)
    np.testing.assert_allclose(maximum.covariance, np.linalg.inv(plain(*rows, columns, maximum.coefficients, ties)[1]), rtol=1e-7)
    assert maximum.log_likelihood == pytest.approx(top - LOG(columns.std(axis=0, ddof=1)).sum(), rel=1e-9)

    def profile(column: int, value: float) -> float:
        """The other coefficient looked for on a grid that closes in."""
        centre, width = maximum.coefficients[1 - column], 3.0
        for _ in range(16):
            tried = centre + np.linspace(-width, width, 7)
            values = [penalised(rows, columns, np.array([value, other] if column == 0 else [other, value]), ties) for other in tried]
            centre, width = tried[int(np.argmax(values))], width / 2.5
        return max(values)

    for column in range(2):
        assert maximum.ratio[column] == pytest.approx(2 * (top - profile(column, 0.0)), rel=1e-6, abs=1e-8)
        for limit in (maximum.low[column], maximum.high[column]):
            assert 2 * (top - profile(column, limit)) == pytest.approx(CHI, rel=1e-6)


def test_the_unit_of_a_column_says_nothing():
    rows, columns, _ = random_rows(20)
    sets, unit = RiskSets.of(*rows), np.array([1e-6, 1.0, 1e7])
    one, other = maximise_penalised(sets, columns, "efron", CHI), maximise_penalised(sets, columns * unit + [0.0, 1e3, 1e9], "efron", CHI)
    for name in ("coefficients", "low", "high"):
        np.testing.assert_allclose(getattr(other, name) * unit, getattr(one, name), rtol=1e-6)
    np.testing.assert_allclose([other.log_likelihood, *other.ratio], [one.log_likelihood, *one.ratio], rtol=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_it_is_finite_where_the_likelihood_is_not(seed):
    """Groups without events, columns that tell all events apart, a handful of rows: a maximum with limits about it all the same."""
    generator = np.random.default_rng(seed)
    n = int(generator.integers(6, 14))
    exit_, group = np.arange(1, n + 1), np.arange(n) % 2
    event = np.where(group == 0, 1, 0)
    columns = np.column_stack([group, -(exit_.astype(float) ** (seed % 3))] if seed % 3 else [group])
    maximum = maximise_penalised(RiskSets.of(np.full(n, ORIGIN), exit_, event), columns.astype(float), "efron", CHI)
    assert maximum.converged and np.isfinite(maximum.low).all() and np.isfinite(maximum.high).all()
    assert (maximum.low < maximum.coefficients).all() and (maximum.coefficients < maximum.high).all() and (maximum.ratio >= 0).all()


@pytest.mark.parametrize("seed", [60, 651, 652, 823, 844, 1157])
def test_tiny_samples_end_at_the_highest_top(seed):
    """Long tails and several tops among 4 to 9 rows (652: a coefficient held at 0 stood higher than the first top found)."""
    generator = np.random.default_rng(seed)
    n, p = int(generator.integers(4, 14)), int(generator.integers(1, 4))
    exit_, event = generator.integers(1, 10, n), np.maximum(generator.random(n) < 0.5, np.arange(n) == 0).astype(int)
    kind = generator.choice(3)
    columns = [generator.normal(size=(n, p)), generator.random((n, p)) > 0.6, np.exp(3 * generator.normal(size=(n, p)))][kind].astype(float)
    sets = RiskSets.of(np.full(n, ORIGIN), exit_, event)
    maximum = maximise_penalised(sets, columns, "efron", CHI)
    assert maximum.converged and (maximum.ratio > -1e-8).all() and np.isfinite([maximum.low, maximum.high]).all()
    evaluation = PartialLikelihood.of(sets, columns).at(maximum.coefficients)
    slope_there = evaluation.score() + penalty_slope(evaluation, np.linalg.inv(np.linalg.cholesky(evaluation.information())).T) / 2
    assert slope_there @ np.linalg.solve(evaluation.information(), slope_there) < 1e-10


def test_a_limit_that_is_not_met_within_reach_is_infinite(monkeypatch):
    monkeypatch.setattr(firth, "FURTHEST", 0.01)
    maximum = maximise_penalised(RiskSets.of(*TWO), X2, "breslow", CHI)
    assert maximum.high[0] == np.inf


# --- R's coxphf

@functools.cache
def reference() -> pd.DataFrame:
    rows = pd.read_csv(Path(REFERENCE) / "reference.csv.gz", dtype=str, keep_default_na=False)
    rows = rows[rows["analysis"] == "firth_cox"]
    return rows.assign(value=rows["value"].astype(float))


def cases() -> list:
    if not REFERENCE:
        why = "R's numbers of coxphf are not kept here: set SURVIVAL_NODES_REFERENCE to the folder of the full reference"
        return [pytest.param("", "", marks=pytest.mark.skip(reason=why))]
    return [pytest.param(*pair, id=" ".join(pair)) for pair in dict.fromkeys(reference()[["dataset", "method"]].itertuples(index=False, name=None))]


@pytest.mark.parametrize(("dataset", "method"), cases())
def test_every_row_of_coxphf(dataset, method, validation_cohort):
    """Profile limits and p-values; the methods ending in Wald give those of coefficient and standard error."""
    wald = method.endswith(" Wald")
    fit = CoxModel(method.removesuffix(" Wald").split("~")[1], ties="breslow", penalty="firth").fit(validation_cohort(dataset))
    table, ours = fit.coefficients, {("(global)", "penloglik0"): fit.log_likelihood.null, ("(global)", "penloglik"): fit.log_likelihood.model}
    names = {"coefficient": "coef", "std_error": "se", "conf_low": "PL_lower_HR", "conf_high": "PL_upper_HR", "p_value": "PLR_p"}
    reach = 1.959963984540054 * table["std_error"]
    table = table.assign(low=np.exp(table["coefficient"] - reach), high=np.exp(table["coefficient"] + reach), p=[two_sided(z) for z in table["z"]])
    names |= {"low": "Wald_lower_HR", "high": "Wald_upper_HR", "p": "Wald_p"}
    ours |= {(row["term"], theirs): row[own] for row in table.to_dict("records") for own, theirs in names.items()}
    rows = reference()
    rows = rows[(rows["dataset"] == dataset) & (rows["method"] == method) & (rows["statistic"] != "iter")]  # its steps are its own
    assert len(rows) >= (3 if wald else 7)
    for row in rows.itertuples():
        assert ours[row.term, row.statistic] == pytest.approx(row.value, rel=1e-5), (row.term, row.statistic)


def two_sided(z: float) -> float:
    from scipy.special import ndtr
    return float(2 * ndtr(-abs(z)))


# --- the model

def cohort_of(n: int = 60, **columns) -> Cohort:
    generator = np.random.default_rng(3)
    frame = pd.DataFrame({
        "years": generator.integers(1, 15, n), "event": (generator.random(n) < 0.5).astype(int), "age": generator.normal(60, 10, n).round(),
        "node": generator.choice(["macro", "micro", "negative"], n), "centre": generator.choice(["A", "B"], n)}).assign(**columns)
    return Cohort.from_frame(frame, time_unit="years", levels={"node": ["negative", "micro", "macro"]})


def without_events_in(node: str) -> Cohort:
    rows = cohort_of().rows
    return cohort_of(event=rows["event"].where(rows["node"] != node, 0))


def firth_of(cohort: Cohort, formula: str = "node + age", **options) -> CoxFit:
    return CoxModel(formula, penalty="firth", **options).fit(cohort)


def test_the_way_out_of_a_runaway_coefficient():
    few = pytest.warns(DataWarning, match=re.escape('use fewer terms, merge levels, or fit with penalty="firth"'))
    with few, pytest.warns(DataWarning, match=re.escape('so ratio, interval and p are missing; fit with penalty="firth", or merge the level with another')):
        plainly = CoxModel("node + age")(without_events_in("micro"))
    fit = firth_of(without_events_in("micro"))  # and nothing is said of few events either
    table = fit.coefficients.set_index("term")
    assert plainly.loc[0, ["coefficient", "p_value"]].isna().all()
    low, ratio, high = table.loc["node[T.micro]", ["conf_low", "hazard_ratio", "conf_high"]]
    assert 0 < low < ratio < high < 1 and table["p_value"].between(0, 1).all()
    assert not check(fit.coefficients, COEFFICIENTS) and not check(fit.tests, TESTS)
    assert (fit.penalty, fit.fitter) == ("firth", "grouped") and fit.coefficients["robust_std_error"].isna().all()
    np.testing.assert_allclose(table["z"], table["coefficient"] / table["std_error"])
    predicted = fit.predict({"node": ["negative", "micro"], "age": [60, 60]}, 5)["survival"]
    assert 0 < predicted[0] < predicted[1] < 1


def test_tests_of_all_terms():
    fit = firth_of(cohort_of())
    beta = fit.coefficients["coefficient"].to_numpy()
    statistics = fit.tests.set_index("test")["statistic"]
    assert statistics["likelihood ratio"] == pytest.approx(2 * (fit.log_likelihood.model - fit.log_likelihood.null))
    assert statistics["Wald"] == pytest.approx(beta @ np.linalg.inv(fit.covariance) @ beta)
    assert np.isnan(statistics["score"]) and np.isnan([fit.aic, fit.bic]).all()


def test_it_draws_coefficients_towards_zero_and_less_so_with_more_rows():
    small, large = cohort_of(60), cohort_of(3000, event=np.random.default_rng(1).integers(0, 2, 3000))
    apart = []
    for cohort in (small, large):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            plainly = CoxModel("node + age", fitter="grouped")(cohort)
        apart.append(np.abs(firth_of(cohort).coefficients["coefficient"] - plainly["coefficient"]) / plainly["std_error"])
    assert apart[0].max() > 1e-3 and apart[1].max() < apart[0].max() / 5


@pytest.mark.parametrize("ties", TIES)
def test_order_unit_and_pieces_say_nothing(ties):
    cohort = cohort_of(strata=1)
    rows = cohort.rows
    shuffled = Cohort.from_frame(rows.sample(frac=1, random_state=4), time_unit="years", levels={"node": ["negative", "micro", "macro"]})
    in_months = Cohort.from_frame(rows.assign(years=rows["years"] * 12), time_unit="months", levels={"node": ["negative", "micro", "macro"]})
    cut = rows["years"] // 2
    pieces = pd.concat([rows[cut > 0].assign(years=cut[cut > 0], event=0, entry_years=0.0), rows.assign(entry_years=cut.astype(float))], ignore_index=True)
    cut_up = Cohort.from_frame(pieces, time_unit="years", levels={"node": ["negative", "micro", "macro"]})
    numbers = ["coefficient", "std_error", "conf_low", "conf_high", "p_value"]
    expected = firth_of(cohort, ties=ties, strata="centre").coefficients[numbers]
    for other in (shuffled, in_months, cut_up):
        np.testing.assert_allclose(firth_of(other, ties=ties, strata="centre").coefficients[numbers], expected, rtol=1e-7)


def test_a_level_that_no_event_tells_of_stays_missing():
    rows = cohort_of().rows
    cohort = cohort_of(years=np.where(rows["node"] == "micro", 1, rows["years"] + 1), event=rows["event"].where(rows["node"] != "micro", 0))
    with pytest.warns(DataWarning, match=re.escape("no event tells of node[T.micro]")):
        table = firth_of(cohort).coefficients
    assert table["coefficient"].isna().tolist() == table["conf_high"].isna().tolist() == table["p_value"].isna().tolist() == [True, False, False]


def test_steps_that_run_out_show_no_numbers(monkeypatch):
    monkeypatch.setattr(firth, "MAX_STEPS", 1)
    with pytest.warns(DataWarning, match="the Cox model did not converge: its numbers are missing"):
        fit = firth_of(cohort_of())
    assert fit.coefficients[["coefficient", "std_error", "conf_low", "conf_high", "p_value"]].isna().all(axis=None)


def test_no_event_tells_of_anything():
    with pytest.warns(DataWarning, match="no event tells of age"):
        assert firth_of(cohort_of(5, years=[1, 2, 3, 4, 5], event=[0, 0, 0, 0, 1]), "age").coefficients["coefficient"].isna().all()


def test_too_little_to_fit():
    with pytest.warns(DataWarning, match="the Cox model has no events"):
        assert firth_of(cohort_of(event=0)).coefficients["coefficient"].isna().all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # two patients: an odd follow-up
        pair = Cohort.from_frame(pd.DataFrame({"years": [1, 2], "event": [1, 0], "x": [1, 0]}), time_unit="years")
    assert firth_of(pair, "x").coefficients["hazard_ratio"][0] == pytest.approx(3, rel=1e-9)


def test_proportional_hazards_are_tested_without_a_penalty():
    with pytest.raises(UsageError, match="that of a likelihood without a penalty: leave penalty out of the model"):
        ProportionalHazards(CoxModel("age", penalty="firth"))
