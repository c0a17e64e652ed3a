"""What holds for the survival and the log-rank tests of any cohort, and a slow plain oracle beside them."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from fractions import Fraction as F

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survival_nodes.cohort import Cohort
from survival_nodes.counting import counts
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.follow_up import FollowUp
from survival_nodes.estimates.kaplan_meier import ESTIMATORS, KaplanMeier
from survival_nodes.estimates.log_rank import LogRank
from survival_nodes.estimates.person_years import PersonYears
from survival_nodes.kernels.intervals import CONF_TYPES

many = settings(max_examples=40, deadline=None, derandomize=True)
few = settings(max_examples=12, deadline=None, derandomize=True)  # everything is estimated twice


@dataclass(frozen=True)
class Patient:
    entry: int
    exit: int
    event: bool
    group: str


# ---- the oracle: one patient after another, in fractions --------------------------------------------------------------------

def at_risk(patients: list[Patient], time: int) -> list[Patient]:
    return [each for each in patients if (each.entry < time or each.entry == 0) and each.exit >= time]


def failing(patients: list[Patient], time: int) -> list[Patient]:
    return [each for each in patients if each.event and each.exit == time]


def plain_survival(patients: list[Patient]) -> list[tuple[int, F, F | None]]:
    """Time, survival, and Greenwood's variance of its logarithm (None once it is infinite)."""
    survival, variance, steps = F(1), F(0), []
    for time in sorted({each.exit for each in patients}):
        n, d = len(at_risk(patients, time)), len(failing(patients, time))
        survival *= F(n - d, n)
        variance = None if variance is None or n == d else variance + F(d, n * (n - d))
        steps.append((time, survival, variance))
    return steps


def plain_log_rank(patients: list[Patient], group: str) -> tuple[int, F, F]:
    """Observed, expected and variance of one group against all others."""
    expected, variance = F(0), F(0)
    for time in sorted({each.exit for each in patients if each.event}):
        risk, d = at_risk(patients, time), len(failing(patients, time))
        n, own = len(risk), sum(each.group == group for each in risk)
        expected += F(d * own, n)
        if n > 1:
            variance += F(d * own * (n - own) * (n - d), n * n * (n - 1))
    return sum(each.event and each.group == group for each in patients), expected, variance


def test_oracle_of_survival_by_arithmetic():
    patients = [Patient(0, 1, True, "a"), Patient(0, 1, False, "a"), Patient(0, 6, True, "a"), Patient(0, 6, True, "b"), Patient(0, 9, True, "b"), Patient(6, 9, False, "b")]
    # At risk at 1, 6, 9: 5 (one enters at 6), 3 (she is not at risk at 6 yet), 2.
    assert plain_survival(patients) == [(1, F(4, 5), F(1, 20)), (6, F(4, 15), F(1, 20) + F(2, 3)), (9, F(2, 15), F(1, 20) + F(2, 3) + F(1, 2))]
    assert plain_survival([Patient(0, 2, True, "a"), Patient(1, 3, True, "a")])[0][1:] == (F(1, 2), F(1, 2))
    assert plain_survival([Patient(0, 2, True, "a"), Patient(2, 3, False, "a")]) == [(2, F(0), None), (3, F(0), None)]


def test_oracle_of_the_log_rank_by_arithmetic():
    patients = [Patient(0, 1, True, "a"), Patient(0, 6, True, "a"), Patient(0, 6, True, "b"), Patient(0, 8, False, "b")]
    # At 1: 2 of 4 of group a, one event; at 6: 1 of 3, two events.
    assert plain_log_rank(patients, "a") == (2, F(1, 2) + F(2, 3), F(1, 4) + F(2 * 1 * 2 * 1, 3 * 3 * 2))


# ---- cohorts -----------------------------------------------------------------------------------------------------------------

@st.composite
def patient_lists(draw, least: int = 1) -> list[Patient]:
    patients = []
    for _ in range(draw(st.integers(least, 14))):
        exit_ = draw(st.integers(0, 9))
        entry = draw(st.integers(0, max(exit_ - 1, 0))) if draw(st.booleans()) else 0
        patients.append(Patient(entry, exit_, draw(st.booleans()), draw(st.sampled_from("abc"))))
    return patients


def cohort_of(rows: pd.DataFrame, time_unit: str = "years") -> Cohort:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # follow-up of a few years at most
        return Cohort.from_frame(rows, {"years": "exit", "entry_years": "entry"}, time_unit, levels={"group": ["a", "b", "c"]})


def rows_of(patients: list[Patient]) -> pd.DataFrame:
    rows = pd.DataFrame([vars(each) for each in patients])
    return rows.assign(event=rows["event"].astype(int), patient_id=[f"p{place}" for place in range(len(rows))])


def results(cohort: Cohort) -> dict[str, pd.DataFrame]:
    """Everything that these estimators say of a cohort, by group and without."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # groups without events
        return {
            "estimates": KaplanMeier("group", at_years=(0, 1, 2.5, 7))(cohort), "curve": KaplanMeier().curve(cohort),
            "quantiles": KaplanMeier("group").quantiles(cohort, probs=(0.25, 0.5)), "conditional": KaplanMeier(at_years=(4, 8)).conditional(cohort, 2),
            "follow-up": FollowUp("group")(cohort), "person-years": PersonYears("group").table(cohort),
            "log-rank": LogRank("group")(cohort), "pairs": LogRank("group", weight="gehan").pairwise(cohort), "trend": LogRank("group").trend(cohort),
            "expected": LogRank("group", rho=1.0).observed_expected(cohort)}


def assert_same(left: dict[str, pd.DataFrame], right: dict[str, pd.DataFrame]) -> None:
    for name, frame in left.items():
        pd.testing.assert_frame_equal(frame, right[name], rtol=1e-9, atol=1e-9, obj=name)


# ---- against the oracle ------------------------------------------------------------------------------------------------------

@many
@given(patient_lists())
def test_product_limit_is_the_oracle_s(patients):
    curve = KaplanMeier().curve(cohort_of(rows_of(patients)))
    steps = plain_survival(patients)
    assert curve["years"].tolist() == [time for time, _, _ in steps]
    np.testing.assert_allclose(curve["estimate"], [float(survival) for _, survival, _ in steps], atol=1e-12)
    std_errors = [math.nan if variance is None else float(survival) * math.sqrt(variance) for _, survival, variance in steps]
    np.testing.assert_allclose(curve["std_error"], std_errors, atol=1e-12)
    assert curve["n_risk"].tolist() == [len(at_risk(patients, time)) for time, _, _ in steps]


@many
@given(patient_lists(least=2))
def test_log_rank_is_the_oracle_s(patients):
    table = LogRank("group").observed_expected(cohort_of(rows_of(patients)))
    expected = [plain_log_rank(patients, group) for group in table["group"]]
    np.testing.assert_allclose(table[["observed", "expected", "variance"]], np.array(expected, dtype=float), atol=1e-12)
    if len(table) == 2:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            row = LogRank("group")(cohort_of(rows_of(patients))).iloc[0]
        observed, mean, variance = expected[0]
        statistic = float((observed - mean) ** 2 / variance) if variance else math.nan
        np.testing.assert_allclose(row["statistic"], statistic, atol=1e-10)


@many
@given(patient_lists(), st.integers(0, 9))
def test_at_risk_between_times_is_a_plain_count(patients, time):
    row = KaplanMeier(at_years=(time,))(cohort_of(rows_of(patients))).iloc[0]
    assert row["n_risk"] == len(at_risk(patients, time))
    assert row["n_event"] == sum(each.event for each in patients if each.exit <= time)
    assert row["n_censor"] == sum(not each.event for each in patients if each.exit <= time)
    assert math.isnan(row["estimate"]) == (time > max(each.exit for each in patients))


# ---- properties --------------------------------------------------------------------------------------------------------------

@many
@given(patient_lists(), st.sampled_from(ESTIMATORS), st.sampled_from(CONF_TYPES))
def test_survival_falls_within_its_limits(patients, estimator, conf_type):
    curve = KaplanMeier(estimator=estimator, conf_type=conf_type).curve(cohort_of(rows_of(patients)))
    assert curve["estimate"].between(0, 1).all() and (curve["estimate"].diff().dropna() <= 0).all()
    limits = curve.dropna(subset=["conf_low"])
    assert (limits["conf_low"] >= 0).all() and (limits["conf_low"] <= limits["estimate"] + 1e-12).all()
    assert (limits["conf_high"] <= 1).all() and (limits["conf_high"] >= limits["estimate"] - 1e-12).all()


@few
@given(patient_lists(), st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(patients, random):
    shuffled = random.sample(patients, len(patients))
    assert_same(results(cohort_of(rows_of(patients))), results(cohort_of(rows_of(shuffled))))


@pytest.mark.parametrize(("time_unit", "per_year"), [("months", 12), ("days", 365.25)])
@few
@given(patients=patient_lists())
def test_unit_of_time_changes_nothing(time_unit, per_year, patients):
    rows = rows_of(patients)
    other = rows.assign(entry=rows["entry"] * per_year, exit=rows["exit"] * per_year)
    assert_same(results(cohort_of(rows)), results(cohort_of(other, time_unit)))


def split(rows: pd.DataFrame, cuts: list[int]) -> pd.DataFrame:
    """Cut follow-up at every one of `cuts` that lies inside it; the event stays with the last piece."""
    pieces = []
    for row in rows.to_dict("records"):
        bounds = [row["entry"], *sorted({cut for cut in cuts if row["entry"] < cut < row["exit"]}), row["exit"]]
        for place, (start, end) in enumerate(zip(bounds, bounds[1:])):
            pieces.append(row | {"entry": start, "exit": end, "event": row["event"] if place == len(bounds) - 2 else 0})
    return pd.DataFrame(pieces)


def test_splitting_by_arithmetic():
    rows = split(rows_of([Patient(1, 6, True, "a")]), [1, 3, 5, 6])
    assert rows[["entry", "exit", "event"]].values.tolist() == [[1, 3, 0], [3, 5, 0], [5, 6, 1]]


@few
@given(patient_lists(), st.lists(st.integers(1, 8), max_size=3), st.randoms(use_true_random=False))
def test_splitting_a_patient_s_follow_up_changes_nothing(patients, cuts, random):
    rows = rows_of(patients)
    pieces = split(rows, cuts)
    pieces = pieces.iloc[random.sample(range(len(pieces)), len(pieces))].reset_index(drop=True)
    whole, cut = cohort_of(rows), cohort_of(pieces)
    pd.testing.assert_frame_equal(counts(whole, "group"), counts(cut, "group"))
    assert_same(results(whole), results(cut))


@many
@given(patient_lists())
def test_counts_of_groups_add_up(patients):
    cohort = cohort_of(rows_of(patients))
    by_group = counts(cohort, "group").groupby(["ticks", "kind"])["n"].sum()
    together = counts(cohort).set_index(["ticks", "kind"])["n"]
    assert by_group.to_dict() == together.to_dict()
    n = counts(cohort).groupby("kind")["n"].sum()
    assert n["enter"] == len(patients) == n.get("censor", 0) + n.get("event", 0)


@many
@given(patient_lists(least=2), st.sampled_from([{}, {"rho": 1.0}, {"gamma": 0.5}, {"weight": "gehan"}, {"weight": "tarone-ware"}, {"weight": "peto-peto"}]))
def test_observed_and_expected_have_one_sum(patients, options):
    table = LogRank("group", **options).observed_expected(cohort_of(rows_of(patients)))
    assert table["observed"].sum() == pytest.approx(table["expected"].sum(), abs=1e-9)
    assert (table["variance"] >= 0).all()


@many
@given(patient_lists(least=2), st.floats(0.1, 10), st.floats(-5, 5))
def test_trend_does_not_hang_on_origin_and_unit_of_the_scores(patients, unit, origin):
    cohort = cohort_of(rows_of(patients))
    labels = cohort.groups("group").labels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        plain = LogRank("group").trend(cohort)
        scored = LogRank("group").trend(cohort, scores=[origin + unit * place for place in range(len(labels))])
    pd.testing.assert_frame_equal(plain, scored, rtol=1e-6, atol=1e-9)
