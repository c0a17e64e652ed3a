"""The partial likelihood: a slow plain oracle, itself held against arithmetic, and the fast kernel held against the oracle.

Closed forms are Therneau's (vignette "validate" of the R package survival, data sets test1 and test2).
"""

from __future__ import annotations

import tracemalloc
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.estimates.cox_estimation import fit_lifelines
from survival_nodes.kernels.partial_likelihood import PartialLikelihood, dependent_columns, maximise
from survival_nodes.kernels.risk_sets import RiskSets

LOG, EXP, ORIGIN = np.log, np.exp, -1
TEST1 = (np.full(6, ORIGIN), np.array([1, 1, 6, 6, 8, 9]), np.array([1, 0, 1, 1, 0, 1]), np.zeros(6, dtype=int))
X1 = np.array([[1.0], [1], [1], [0], [0], [0]])


class Plain(NamedTuple):
    log_likelihood: float
    score: np.ndarray
    information: np.ndarray


def plain(entry, exit_, event, stratum, columns, beta, ties, weight=lambda stratum, tick: 1.0) -> Plain:
    """Work the partial likelihood out one death at a time, with the risk set written as a list.

    Under Efron the l-th of d tied deaths finds every one of the d still there with weight 1 - l/d.
    """
    p = columns.shape[1]
    log_likelihood, score, information = 0.0, np.zeros(p), np.zeros((p, p))
    risk = [EXP(float(row @ beta)) for row in columns]
    for own in sorted(set(stratum.tolist())):
        for tick in sorted({int(t) for t, d, s in zip(exit_, event, stratum, strict=True) if d and s == own}):
            at_risk = [i for i in range(len(exit_)) if stratum[i] == own and entry[i] < tick <= exit_[i]]
            deaths = [i for i in at_risk if event[i] and exit_[i] == tick]
            for number, death in enumerate(deaths):
                gone = number / len(deaths) if ties == "efron" else 0.0
                shares = {i: risk[i] * (1 - gone if i in deaths else 1.0) for i in at_risk}
                total = sum(shares.values())
                mean = sum(share * columns[i] for i, share in shares.items()) / total
                spread = sum(share * np.outer(columns[i] - mean, columns[i] - mean) for i, share in shares.items()) / total
                log_likelihood += LOG(risk[death] / total)
                score += weight(own, tick) * (columns[death] - mean)
                information += weight(own, tick) * spread
    return Plain(log_likelihood, score, information)


def random_rows(seed: int, n: int = 60, p: int = 3, late: bool = True, n_strata: int = 2):
    generator = np.random.default_rng(seed)
    exit_ = generator.integers(1, 15, n)
    entry = np.minimum(np.where(generator.random(n) < 0.5, generator.integers(ORIGIN, 8, n), ORIGIN), exit_ - 1) if late else np.full(n, ORIGIN)
    event = (generator.random(n) < 0.6).astype(int)
    return (entry, exit_, event, generator.integers(0, n_strata, n)), generator.normal(size=(n, p)) * [1.0, 2.0, 0.2][:p], generator


@pytest.fixture
def make_cohort():
    """`make_cohort(n, entry=False)`: months with many ties, a number, a category, a small number and a centre."""
    def make(n: int, entry: bool = False) -> Cohort:
        generator = np.random.default_rng(n)
        age, x = generator.normal(60, 10, n), generator.normal(size=n) / 100
        node = generator.choice(["macro", "micro", "negative"], n)
        months = np.ceil(generator.exponential(60 * EXP(-(age - 60) / 40 - 30 * x - 0.8 * (node == "macro")))).clip(max=120) + 1
        late = {"entry": np.where(generator.random(n) < 0.6, np.floor(months * generator.random(n) * 0.9), 0)} if entry else {}
        frame = pd.DataFrame({"months": months, "dead": (generator.random(n) < 0.7).astype(int), "age": age, "x": x, "node": node, **late})
        frame["centre"] = generator.choice(["A", "B", "C"], n)
        columns = {"years": "months", "event": "dead"} | ({"entry_years": "entry"} if entry else {})
        return Cohort.from_frame(frame, columns, "months", levels={"node": ["negative", "micro", "macro"]})
    return make


# --- the oracle against arithmetic

@pytest.mark.parametrize("beta", [0.0, 0.7, -1.2])
def test_oracle_on_test1_by_hand(beta):
    r, x = EXP(beta), np.array([beta])
    breslow, efron = plain(*TEST1, X1, x, "breslow"), plain(*TEST1, X1, x, "efron")
    assert breslow.log_likelihood == pytest.approx(2 * beta - LOG(3 * r + 3) - 2 * LOG(r + 3), rel=1e-13)
    assert breslow.score[0] == pytest.approx(2 - r / (r + 1) - 2 * r / (r + 3), rel=1e-13)
    assert breslow.information[0, 0] == pytest.approx(r / (r + 1) ** 2 + 6 * r / (r + 3) ** 2, rel=1e-13)
    assert efron.log_likelihood == pytest.approx(2 * beta - LOG(3 * r + 3) - LOG(r + 3) - LOG((r + 5) / 2), rel=1e-13)
    assert efron.score[0] == pytest.approx(2 - r / (r + 1) - r / (r + 3) - r / (r + 5), rel=1e-13)
    assert efron.information[0, 0] == pytest.approx(r / (r + 1) ** 2 + 3 * r / (r + 3) ** 2 + 5 * r / (r + 5) ** 2, rel=1e-13)


def test_oracle_with_late_entry_and_strata_by_hand():
    """Death at 2 among rows 0, 1 (row 2 enters at 2, too late); death at 4 among 1, 2; row 3 dies alone in its stratum."""
    entry, exit_, event = np.array([ORIGIN, ORIGIN, 2, ORIGIN]), np.array([2, 4, 5, 4]), np.array([1, 1, 0, 1])
    got = plain(entry, exit_, event, np.array([0, 0, 0, 1]), np.array([[1.0], [0], [2], [9]]), np.array([0.5]), "breslow")
    assert got.log_likelihood == pytest.approx(LOG(EXP(0.5) / (EXP(0.5) + 1)) + LOG(1 / (1 + EXP(1.0))), rel=1e-13)


# --- the kernel against the oracle

@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_kernel_is_the_oracle(seed, late, ties):
    rows, columns, generator = random_rows(seed, late=late, n_strata=1 + seed % 3)
    beta, sets = generator.normal(size=3) / 2, RiskSets.of(*rows)
    assert (sets.n_deaths > 1).any()
    got, expected = PartialLikelihood.of(sets, columns, ties).at(beta), plain(*rows, columns, beta, ties)
    assert got.log_likelihood == pytest.approx(expected.log_likelihood, rel=1e-12)
    np.testing.assert_allclose(got.score(), expected.score, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(got.information(), expected.information, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_places_can_be_weighted(ties):
    rows, columns, generator = random_rows(11)
    beta, sets = generator.normal(size=3) / 2, RiskSets.of(*rows)
    weight = {(int(s), int(t)): generator.normal() for s, t in zip(sets.strata, sets.ticks, strict=True)}
    g = np.array(list(weight.values()))
    got, expected = PartialLikelihood.of(sets, columns, ties).at(beta), plain(*rows, columns, beta, ties, lambda s, t: weight[s, t])
    np.testing.assert_allclose(got.score(g), expected.score, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(got.information(g), expected.information, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("seed", range(8))
def test_risk_sums_and_exposure_are_the_loops(seed):
    rows, columns, generator = random_rows(seed, n=80, n_strata=1 + seed % 4)
    entry, exit_, _, stratum = rows
    sets = RiskSets.of(*rows)
    places = list(zip(sets.strata, sets.ticks, strict=True))
    there = np.array([[stratum[i] == s and entry[i] < t <= exit_[i] for i in range(80)] for s, t in places], dtype=float)
    np.testing.assert_allclose(sets.at_risk(columns[sets.order]), there @ columns, rtol=1e-12, atol=1e-12)
    hazard = generator.random(len(places))
    np.testing.assert_allclose(sets.exposure(hazard), (there.T @ hazard)[sets.order], rtol=1e-12)
    assert set(sets.order.tolist()) == set(np.flatnonzero(there.any(axis=0)).tolist())


def test_no_digits_are_lost_where_those_at_risk_weigh_little():
    """First one row of weight 1e-20, later rows of weight 1: taking the later ones off a total would leave nothing."""
    sets = RiskSets.of(np.array([ORIGIN, 3, 3, 3]), np.array([2, 5, 6, 7]), np.ones(4, dtype=int))
    assert sets.at_risk(np.array([1e-20, 1.0, 1.0, 1.0])).tolist() == [1e-20, 3.0, 2.0, 1.0]
    assert sets.exposure(np.array([1e20, 1.0, 1.0, 1.0])).tolist() == [1e20, 1.0, 2.0, 3.0]


# --- the maximum

def test_therneau_test1_breslow():
    beta = LOG((3 + np.sqrt(33)) / 2)
    r = EXP(beta)
    maximum = maximise(RiskSets.of(*TEST1), X1, "breslow")
    assert maximum.coefficients[0] == pytest.approx(beta, rel=1e-12)
    assert maximum.null_log_likelihood == pytest.approx(-LOG(96), rel=1e-13)
    assert maximum.log_likelihood == pytest.approx(2 * beta - LOG(3 * r + 3) - 2 * LOG(r + 3), rel=1e-13)
    assert maximum.covariance[0, 0] == pytest.approx(1 / (r / (r + 1) ** 2 + 6 * r / (r + 3) ** 2), rel=1e-12)
    assert maximum.score_test == pytest.approx(1 / (5 / 8), rel=1e-13)  # score 1, information 5/8 at 0: the first step is 8/5


def test_therneau_test1_efron():
    """The score vanishes where r^3 - 23 r - 30 = 0, whose positive root has a trigonometric form."""
    r = 2 * np.sqrt(23 / 3) * np.cos(np.arccos(45 / 23 * np.sqrt(3 / 23)) / 3)
    maximum = maximise(RiskSets.of(*TEST1), X1)
    assert maximum.coefficients[0] == pytest.approx(LOG(r), rel=1e-12)
    assert maximum.coefficients[0] == pytest.approx(1.676857486, abs=5e-10)  # as printed in the vignette
    assert maximum.null_log_likelihood == pytest.approx(-LOG(72), rel=1e-13)
    assert maximum.log_likelihood == pytest.approx(2 * LOG(r) - LOG(3 * r + 3) - LOG(r + 3) - LOG((r + 5) / 2), rel=1e-13)


@pytest.mark.parametrize(("ties", "printed"), [("breslow", -0.08452608), ("efron", -0.02110521)])
def test_therneau_test2(ties, printed):
    """Start-stop data of ten intervals; the coefficients as printed in the vignette."""
    entry, exit_ = np.array([1, 2, 5, 2, 1, 7, 3, 4, 8, 8]), np.array([2, 3, 6, 7, 8, 9, 9, 9, 14, 17])
    event, x = np.array([1, 1, 1, 1, 1, 1, 1, 0, 0, 0]), np.array([1.0, 0, 0, 1, 0, 1, 1, 1, 0, 0])
    assert maximise(RiskSets.of(entry, exit_, event), x[:, None], ties).coefficients[0] == pytest.approx(printed, abs=5e-9)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("seed", range(4))
def test_at_the_maximum_the_oracle_has_no_slope(seed, ties):
    rows, columns, _ = random_rows(seed, n=90)
    maximum = maximise(RiskSets.of(*rows), columns, ties)
    assert maximum.converged and not maximum.runaway.any()
    oracle = plain(*rows, columns, maximum.coefficients, ties)
    np.testing.assert_allclose(oracle.score, 0, atol=1e-9)
    np.testing.assert_allclose(maximum.covariance @ oracle.information, np.eye(3), atol=1e-9)


def test_columns_of_very_different_size():
    rows, columns, _ = random_rows(2, n=90)
    plain_fit, odd = maximise(RiskSets.of(*rows), columns), np.array([1e-8, 1.0, 1e7])
    moved = maximise(RiskSets.of(*rows), columns * odd + [0.0, 1e6, 1e9])
    np.testing.assert_allclose(moved.coefficients * odd, plain_fit.coefficients, rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(np.diag(moved.covariance)) * odd, np.sqrt(np.diag(plain_fit.covariance)), rtol=1e-6)


def test_runaway_coefficients_are_marked_and_the_others_are_at_their_limit():
    """Group 2 has no event: in the limit its rows weigh nothing, and the other coefficients are those without it."""
    rows, columns, generator = random_rows(5, n=120, p=2)
    entry, exit_, event, stratum = rows
    group = generator.integers(0, 3, 120)
    event = np.where(group == 2, 0, event)
    dummies = np.column_stack([group == 1, group == 2]).astype(float)
    maximum = maximise(RiskSets.of(entry, exit_, event, stratum), np.column_stack([columns, dummies]))
    kept = group != 2
    without = maximise(RiskSets.of(entry[kept], exit_[kept], event[kept], stratum[kept]), np.column_stack([columns, dummies[:, :1]])[kept])
    assert maximum.runaway.tolist() == [False, False, False, True] and maximum.converged
    assert not without.runaway.any()
    np.testing.assert_allclose(maximum.coefficients[:3], without.coefficients, rtol=1e-7)
    np.testing.assert_allclose(maximum.covariance[:3, :3], without.covariance, rtol=1e-6)
    assert maximum.log_likelihood == pytest.approx(without.log_likelihood, abs=1e-7)


def test_every_contrast_runs_away_from_a_reference_without_events():
    rows, columns, generator = random_rows(6, n=120, p=1)
    entry, exit_, event, stratum = rows
    group = generator.integers(0, 3, 120)
    dummies = np.column_stack([group == 1, group == 2]).astype(float)
    maximum = maximise(RiskSets.of(entry, exit_, np.where(group == 0, 0, event), stratum), np.column_stack([columns, dummies]))
    assert maximum.runaway.tolist() == [False, True, True]


def test_a_number_that_tells_all_events_apart_runs_away():
    n = 30
    maximum = maximise(RiskSets.of(np.full(n, ORIGIN), np.arange(1, n + 1), np.ones(n, dtype=int)), -np.arange(n, dtype=float)[:, None] ** 2)
    assert maximum.runaway.all() and maximum.converged


def test_memory_stays_at_a_few_copies_of_the_columns():
    """With 10 columns, one matrix a row would be 10 times the columns, and one an event time about 4 times."""
    generator = np.random.default_rng(1)
    n, p = 20_000, 10
    exit_, columns = generator.integers(1, 3000, n), generator.normal(size=(n, p))
    sets = RiskSets.of(np.full(n, ORIGIN), exit_, generator.integers(0, 2, n))
    tracemalloc.start()
    maximise(sets, columns)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * columns.nbytes


def test_dependent_columns():
    columns = np.random.default_rng(3).normal(size=(50, 3))
    whole = np.column_stack([columns, columns @ [1.0, -2.0, 0.5], np.zeros(50)])
    assert dependent_columns(whole.T @ whole).tolist() == [False, False, False, True, True]


# --- the two fitters

@pytest.mark.parametrize(("strata", "entry"), [((), False), (("centre",), False), ((), True), (("centre",), True)])
def test_lifelines_and_the_kernel_agree(make_cohort, strata, entry):
    cohort = make_cohort(300, entry=entry)
    fits = {fitter: CoxModel("age + node + x", strata=strata, fitter=fitter).fit(cohort) for fitter in ("lifelines", "grouped")}
    assert [fit.fitter for fit in fits.values()] == ["lifelines", "grouped"]
    own, theirs = fits["grouped"].coefficients, fits["lifelines"].coefficients
    for column in ("coefficient", "std_error", "conf_low", "conf_high", "z"):
        np.testing.assert_allclose(theirs[column], own[column], rtol=1e-8)
    np.testing.assert_allclose(fits["lifelines"].covariance, fits["grouped"].covariance, rtol=1e-8, atol=1e-12)
    assert fits["lifelines"].log_likelihood == pytest.approx(fits["grouped"].log_likelihood, rel=1e-11)


@pytest.mark.parametrize(("options", "fitter"), [
    ({}, "lifelines"), ({"ties": "breslow"}, "grouped"), ({"fitter": "grouped"}, "grouped"), ({"fitter": "lifelines"}, "lifelines")])
def test_which_fitter_is_used_is_said(make_cohort, options, fitter):
    assert CoxModel("age", **options).fit(make_cohort(100)).fitter == fitter


def test_delayed_entry_is_not_left_to_lifelines(make_cohort):
    assert CoxModel("age").fit(make_cohort(100, entry=True)).fitter == "grouped"


def test_lifelines_is_asked_for_full_precision(make_cohort):
    """Its default leaves coefficients far from the maximum; with our options the oracle's slope vanishes."""
    from lifelines import CoxPHFitter

    cohort = make_cohort(120)
    fit = CoxModel("age + x", fitter="grouped").fit(cohort)
    rows = (cohort.entry_ticks, cohort.exit_ticks, cohort.events(), np.zeros(120, dtype=int))
    frame = pd.DataFrame(fit.design.matrix, columns=["age", "x"]).assign(t=cohort.exit_ticks, d=cohort.events())
    default = CoxPHFitter().fit(frame, "t", "d").params_.to_numpy()
    ours, covariance, _ = fit_lifelines(fit.design.matrix, fit.rows)

    def slope(beta):
        return float(np.abs(plain(*rows, fit.design.matrix, beta, "efron").score * np.sqrt(np.diag(covariance))).max())

    assert slope(ours) < 1e-10 < slope(default)
