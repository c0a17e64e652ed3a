"""The bootstrap from counts: every sample of three patients by hand, closed forms, and each replicate worked out anew from its rows."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.estimates import bootstrap as room
from survival_nodes.estimates.aalen_johansen import AalenJohansen
from survival_nodes.estimates.bootstrap import Bootstrap
from survival_nodes.estimates.kaplan_meier import KaplanMeier
from survival_nodes.estimates.restricted_mean import MEASURES, RestrictedMean
from survival_nodes.kernels.bootstrap import FollowUps, limits

CAUSES = {0: "none", 1: "breast-cancer", 2: "other"}
# Monte Carlo errors of 4 standard deviations, of a mean and of a standard deviation of normal values, are seen once in 16,000 seeds.
FAR = 4.0


def cohort_of(seed: int = 1, n: int = 400, *, last: int = 24, late: bool = False) -> Cohort:
    """Patients of two groups with months, two causes and censoring; half of them may enter late."""
    generator = np.random.default_rng(seed)
    months = generator.integers(1, last + 1, n)
    frame = pd.DataFrame({"t": months, "cod": generator.choice(3, n, p=[0.4, 0.4, 0.2]), "node": generator.choice(["a", "b"], n, p=[0.7, 0.3])})
    columns = {"years": "t", "event": "cod"}
    if late:
        frame["entry"] = np.where(generator.random(n) < 0.5, 0, (months * generator.random(n)).astype(int))
        columns["entry_years"] = "entry"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Cohort.from_frame(frame, columns, "months", causes=CAUSES)


def follow_ups_of(cohort: Cohort, by: str | None = None) -> FollowUps:
    return room._follow_ups(cohort, by, (None,))[0]


# Three patients: the event at 1, the event at 2, censored at 3. Survival at 2 of each sample of three, by how often each is in it.
THREE = pd.DataFrame({"t": [1, 2, 3], "d": [1, 1, 0]})


def survival_at_2(first: int, second: int, third: int) -> float:
    """Give (1 - first / 3) (1 - second / (second + third)); missing where nobody is followed to 2."""
    if not second + third:
        return math.nan
    return (1 - first / 3) * (1 - second / (second + third))


def test_all_27_samples_of_three_patients():
    samples = Counter(tuple(np.bincount(sample, minlength=3).tolist()) for sample in product(range(3), repeat=3))
    assert sum(samples.values()) == 27 and len(samples) == 10 and samples[(1, 1, 1)] == 6 and samples[(3, 0, 0)] == 1
    cohort = Cohort.from_frame(THREE, {"years": "t", "event": "d"}, "years")
    found = follow_ups_of(cohort)
    for sample in samples:
        curve = found.group_samples(np.array([sample]), 0).survival("kaplan-meier", np.array([2.0]))
        assert curve[0, 0] == pytest.approx(survival_at_2(*sample), abs=1e-15, nan_ok=True)
    # What is drawn follows the multinomial law of the 27: chi-square of 10 cells, its 0.9999 quantile on 9 degrees 33.7.
    drawn = Counter(map(tuple, np.concatenate(list(found.draws(np.random.default_rng(5), 27_000))).tolist()))
    assert set(drawn) == set(samples)
    assert sum((drawn[sample] - 1000 * times) ** 2 / (1000 * times) for sample, times in samples.items()) < 33.7


def test_mean_and_spread_over_the_27_samples():
    known = [(survival_at_2(*np.bincount(sample, minlength=3)), 1 / 27) for sample in product(range(3), repeat=3)]
    values = np.array([value for value, _ in known if not math.isnan(value)])
    assert len(values) == 26 and (values == 0).sum() == 7
    cohort = Cohort.from_frame(THREE, {"years": "t", "event": "d"}, "years")
    table = Bootstrap(KaplanMeier(at_years=2), 3, replicates=20_000)(cohort).iloc[0]
    # (m4 - s^4) / B is the variance of a variance, and half the relative error that of its root.
    fourth, variance = ((values - values.mean()) ** 4).mean(), values.var()
    assert table["std_error"] == pytest.approx(values.std(), abs=FAR * math.sqrt((fourth - variance**2) / 20_000) / (2 * values.std()))
    assert table["estimate"] == pytest.approx((1 - 1 / 3) * (1 - 1 / 2), rel=1e-15)


def test_without_censoring_it_is_the_binomial():
    # Survival is the mean of n indicators, so that the bootstrap's standard error is sqrt(S (1 - S) / n), as Greenwood's is.
    frame = pd.DataFrame({"t": np.arange(1, 501) % 20 + 1, "d": 1})
    cohort = Cohort.from_frame(frame, {"years": "t", "event": "d"}, "years")
    b = 4000
    table = Bootstrap(KaplanMeier(at_years=(5, 10, 15)), 11, replicates=b)(cohort)
    exact = np.sqrt(table["estimate"] * (1 - table["estimate"]) / 500)
    assert table["estimate"].tolist() == pytest.approx([0.75, 0.5, 0.25], rel=1e-12)
    assert (np.abs(table["std_error"] / exact - 1) < FAR / math.sqrt(2 * b)).all()
    replicates = Bootstrap(KaplanMeier(at_years=(5, 10, 15)), 11, replicates=b)._replicated(cohort)
    assert (np.abs(replicates.mean(axis=0) - table["estimate"]) < FAR * exact / math.sqrt(b)).all()


@pytest.mark.parametrize("estimator", [
    KaplanMeier("node", at_years=1), KaplanMeier("node", at_years=(0.5, 1), estimator="nelson-aalen", cause="other"),
    KaplanMeier("node", at_years=1, estimator="fleming-harrington"), AalenJohansen("node", at_years=(0.5, 1)), RestrictedMean("node", 1.5)])
def test_standard_errors_come_near_greenwood(estimator):
    # Greenwood's variance and the bootstrap's agree to the first order: they differ by 1/n, here below 2%, beside 4/sqrt(2B) by chance.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cohort = cohort_of(2, 20_000)
        own, table = estimator(cohort), Bootstrap(estimator, 4, replicates=2000)(cohort)
    assert (table["estimate"] == own["estimate"]).all()
    assert (np.abs(table["std_error"] / own["std_error"] - 1) < FAR / math.sqrt(4000) + 0.02).all()


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("estimator", [
    KaplanMeier("node", at_years=(0, 0.5, 1, 2)), KaplanMeier(at_years=(0.5, 2), estimator="nelson-aalen"), RestrictedMean("node", 1.75),
    KaplanMeier("node", at_years=(0.5, 2), estimator="fleming-harrington", cause="other"), AalenJohansen("node", at_years=(0, 0.5, 2))])
@pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
def test_every_replicate_is_the_estimator_on_the_rows_drawn(estimator, late):
    cohort = cohort_of(3, 30, late=late)
    causes = room._causes(estimator, cohort)
    follow_ups, n_groups = room._follow_ups(cohort, estimator.by, causes)
    replicates = Bootstrap(estimator, 9, replicates=40)._replicated(cohort)
    drawn = np.concatenate(list(follow_ups.draws(np.random.default_rng(9), 40)))
    assert drawn.sum(axis=1).tolist() == [30] * 40
    seen = 0
    for counts, estimates in zip(drawn, replicates, strict=True):
        rows = rows_of(follow_ups, counts, causes)
        if set(rows["node"]) < {"a", "b"} and estimator.by:
            continue
        expected = estimator(Cohort.from_frame(rows, {"years": "t", "event": "cod", "entry_years": "entry"}, "months", causes=CAUSES))
        assert estimates == pytest.approx(expected["estimate"].to_numpy(), abs=1e-12, nan_ok=True)
        seen += 1
    assert seen > 20 and np.isnan(replicates).any()  # follow-up ends early in some


def rows_of(follow_ups: FollowUps, counts: np.ndarray, causes: tuple) -> pd.DataFrame:
    """Write the patients of a sample out, a row each; with one kind of event told apart, others are censored already."""
    words = {1: {None: 1, "other": 2, "breast-cancer": 1}[causes[0]], 2: 2}
    cells = pd.DataFrame({
        "node": np.array(["a", "b"])[follow_ups.group], "t": follow_ups.exit, "entry": np.maximum(follow_ups.entry, 0),
        "cod": [words.get(kind, 0) for kind in follow_ups.kind]})
    return cells.loc[np.repeat(np.arange(len(cells)), counts[follow_ups.owner])].reset_index(drop=True)


def test_a_patient_in_pieces_is_drawn_as_one():
    # Patients 0 and 1 have a gap, in which they are under nobody's eyes; patients 2 and 3 are cut at 2 without one, and are like 4 and 5.
    frame = pd.DataFrame({
        "patient_id": [0, 0, 1, 1, 2, 2, 3, 3, 4, 5], "from": [0, 3, 0, 4, 0, 2, 0, 2, 0, 0], "to": [2, 5, 2, 6, 2, 4, 2, 4, 4, 4],
        "d": [0, 1, 0, 1, 0, 1, 0, 0, 1, 0]})
    cohort = Cohort.from_frame(frame, {"years": "to", "entry_years": "from", "event": "d"}, "years")
    found = follow_ups_of(cohort)
    assert sorted(found.n.tolist()) == [1, 1, 2, 2] and found.n.sum() == 6
    pieces = Counter(zip(found.owner.tolist(), found.entry.tolist(), found.exit.tolist(), strict=True))
    assert sorted(Counter(owner for owner, _, _ in pieces).values()) == [1, 1, 2, 2]
    drawn = np.concatenate(list(found.draws(np.random.default_rng(1), 500)))
    assert (drawn.sum(axis=1) == 6).all()
    # Each sample's rows, patient by patient, through the estimator itself.
    replicates = Bootstrap(KaplanMeier(at_years=4), 1, replicates=500)._replicated(cohort)[:, 0]
    for counts, estimate in list(zip(drawn, replicates, strict=True))[:25]:
        n_risk = lambda t: sum(counts[who] for who, start, stop in pieces if start < t <= stop)
        died_at_4 = sum(counts[who] for who, kind, stop in zip(found.owner, found.kind, found.exit, strict=True) if kind and stop == 4)
        last = max((stop for who, _, stop in pieces if counts[who]))
        assert estimate == pytest.approx(1 - died_at_4 / n_risk(4) if last >= 4 else math.nan, abs=1e-15, nan_ok=True)


@pytest.mark.parametrize("estimator", [KaplanMeier("node", at_years=(0.5, 1)), AalenJohansen("node", at_years=1), RestrictedMean("node", 1)])
def test_counted_rows_are_their_patients(estimator):
    cohort = cohort_of(6, 800)
    cells = cohort.rows.groupby(["years", "event", "cause", "node"], observed=True).size().rename("n").reset_index()
    repeated = Cohort.from_frame(cells.drop(columns="n"), time_unit="years", causes={word: word for word in CAUSES.values()})
    counted = replace(repeated, repeats=cells["n"].to_numpy())
    first, second = (Bootstrap(estimator, 2, replicates=200)(each) for each in (cohort, counted))
    pd.testing.assert_frame_equal(first, second, rtol=1e-12)


def test_blocks_change_no_number(monkeypatch):
    for cohort, single in ((cohort_of(7, 500), False), (cohort_of(7, 20), True)):
        found = follow_ups_of(cohort, "node")
        assert (2 * len(found.n) > found.n.sum()) == single
        whole = np.concatenate(list(found.draws(np.random.default_rng(1), 50)))
        with monkeypatch.context() as patched:
            patched.setattr("survival_nodes.kernels.bootstrap.ROOM", 7 * len(found.n))
            parts = list(found.draws(np.random.default_rng(1), 50))
        assert len(parts) == 8 and (np.concatenate(parts) == whole).all()


def test_order_of_rows_changes_no_number():
    cohort = cohort_of(8, 300)
    turned = Cohort.from_frame(cohort.rows.iloc[::-1].drop(columns="patient_id").reset_index(drop=True), time_unit="years", causes={word: word for word in CAUSES.values()})
    first, second = (Bootstrap(KaplanMeier("node", at_years=1), 2, replicates=50)(each) for each in (cohort, turned))
    pd.testing.assert_frame_equal(first, second, rtol=1e-12)


def test_drawing_patients_one_by_one_has_the_same_law():
    # Twelve follow-ups of 1 or 2 patients of 18: each count is binomial (18, n/18); mean and variance over 40,000 draws within 4 errors.
    n = np.array([1, 2] * 6)
    found = FollowUps(n, np.arange(12), *np.zeros((4, 12), dtype=np.int64), 1)
    drawn = np.concatenate(list(found.draws(np.random.default_rng(3), 40_000)))
    variance = n * (1 - n / 18)
    assert (np.abs(drawn.mean(axis=0) - n) < FAR * np.sqrt(variance / 40_000)).all()
    assert (np.abs(drawn.var(axis=0) / variance - 1) < FAR * np.sqrt((2 + 1 / variance) / 40_000)).all()
    assert (drawn.sum(axis=1) == 18).all()


def test_the_limits_by_hand():
    # Of 19 replicates the first and the last are the 5% and 95% quantiles at (19 + 1) p.
    replicates, estimate, std_error = np.arange(1.0, 20)[:, None] ** 2, np.array([120.0]), np.array([50.0])
    at = {interval: tuple(float(each[0]) for each in limits(replicates, estimate, std_error, 0.9, interval, 1.5)) for interval in room.INTERVALS}
    assert at["percentile"] == (1.0, 361.0)
    assert at["basic"] == (240 - 361.0, 240 - 1.0)
    assert at["normal"] == (120 - 75.0, 120 + 75.0)


@pytest.mark.parametrize("interval", room.INTERVALS)
def test_limits_are_those_of_the_replicates(interval):
    cohort = cohort_of(2, 300)
    bootstrap = Bootstrap(KaplanMeier("node", at_years=(0.5, 1.5)), 1, replicates=199, interval=interval, conf_level=0.9)
    table, replicates = bootstrap(cohort), bootstrap._replicated(cohort)
    ordered = np.sort(replicates, axis=0)
    low, high = ordered[9], ordered[189]  # the 10th and the 190th of 199
    expected = {
        "percentile": (low, high), "basic": (2 * table["estimate"] - high, 2 * table["estimate"] - low),
        "normal": (table["estimate"] - 1.6448536269514722 * ordered.std(axis=0, ddof=1), table["estimate"] + 1.6448536269514722 * ordered.std(axis=0, ddof=1))}
    for name, limit in zip(("conf_low", "conf_high"), expected[interval], strict=True):
        assert table[name].tolist() == pytest.approx(np.clip(limit, 0, 1), rel=1e-12)


@pytest.mark.parametrize("interval", room.INTERVALS)
def test_contrasts_by_hand(interval):
    cohort = cohort_of(5, 600)
    bootstrap = Bootstrap(RestrictedMean("node", 1.5), 3, replicates=199, interval=interval)
    table, means = bootstrap.contrast(cohort, "a").set_index("measure"), bootstrap._replicated(cohort)
    own = RestrictedMean("node", 1.5).contrast(cohort, "a").set_index("measure")
    a, b = means.T
    values = dict(zip(MEASURES, (b - a, np.log(b / a), np.log((1.5 - b) / (1.5 - a))), strict=True))
    for measure, replicates in values.items():
        row, ordered, spread = table.loc[measure], np.sort(replicates), replicates.std(ddof=1)
        value = own.loc[measure, "estimate"] if measure.endswith("difference") else math.log(own.loc[measure, "estimate"])
        low, high = {
            "percentile": (ordered[4], ordered[194]), "basic": (2 * value - ordered[194], 2 * value - ordered[4]),
            "normal": (value - 1.959963984540054 * spread, value + 1.959963984540054 * spread)}[interval]
        back, times = (lambda x: x, 1.0) if measure.endswith("difference") else (math.exp, row["estimate"])
        assert row[["estimate", "std_error", "conf_low", "conf_high"]].tolist() == pytest.approx(
            [own.loc[measure, "estimate"], times * spread, back(low), back(high)], rel=1e-10)
        assert row["p_value"] == pytest.approx(math.erfc(abs(value / spread) / math.sqrt(2)), rel=1e-8)
