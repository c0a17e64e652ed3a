"""What holds for the incidences of any cohort and for Gray's test, and a slow plain oracle of the incidences beside them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from fractions import Fraction as F

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survival_nodes.cohort import Cohort
from survival_nodes.counting import group_counts
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.aalen_johansen import AalenJohansen
from survival_nodes.estimates.gray_test import GrayTest
from survival_nodes.estimates.kaplan_meier import KaplanMeier
from survival_nodes.kernels.aalen_johansen import Rows, aalen_johansen, incidence_influence, years_lost, years_lost_influence
from survival_nodes.kernels.intervals import CONF_TYPES

many = settings(max_examples=20, deadline=None, derandomize=True)
few = settings(max_examples=8, deadline=None, derandomize=True)  # everything is estimated twice
CAUSES = {0: "none", 1: "breast-cancer", 2: "other", 3: "unlike"}
NAMES = ("breast-cancer", "other", "unlike")


@dataclass(frozen=True)
class Patient:
    entry: int
    exit: int
    cause: int
    group: str


# ---- the oracle: one patient after another, in fractions ---------------------------------------------------------------------

def at_risk(patients: list[Patient], time: int) -> int:
    return sum((each.entry < time or each.entry == 0) and each.exit >= time for each in patients)


def failing(patients: list[Patient], time: int, cause: int) -> int:
    return sum(each.cause == cause and each.exit == time for each in patients)


def plain_incidence(patients: list[Patient]) -> list[tuple[int, F, list[F]]]:
    """Time, survival from all causes, incidences of the three."""
    survival, incidence, steps = F(1), [F(0)] * 3, []
    for time in sorted({each.exit for each in patients}):
        n, d = at_risk(patients, time), [failing(patients, time, cause) for cause in (1, 2, 3)]
        incidence = [f + survival * F(own, n) for f, own in zip(incidence, d)]
        survival *= 1 - F(sum(d), n)
        steps.append((time, survival, incidence))
    return steps


def plain_variance(patients: list[Patient], cause: int, end: int) -> F:
    """Of each earlier time: what one more event of every cause changes in the incidence at the end, and the multinomial variance of that."""
    steps = plain_incidence(patients)
    final = max((each for each in steps if each[0] <= end), default=(0, F(1), [F(0)] * 3))[2][cause - 1]
    before, total = F(1), F(0)
    for time, survival, incidence in steps:
        if time > end:
            break
        n, rates = at_risk(patients, time), [F(failing(patients, time, own), at_risk(patients, time)) for own in (1, 2, 3)]
        loss = (final - incidence[cause - 1]) / (1 - sum(rates)) if sum(rates) < 1 else F(0)
        changes = [before * (own == cause) - loss for own in (1, 2, 3)]
        mean = sum(change * rate for change, rate in zip(changes, rates))
        total += (sum(change**2 * rate for change, rate in zip(changes, rates)) - mean**2) / n
        before = survival
    return total


def test_oracle_by_arithmetic():
    patients = [Patient(0, 1, 1, "a"), Patient(0, 1, 0, "a"), Patient(0, 2, 2, "a"), Patient(1, 3, 0, "b")]
    # At risk at 1, 2, 3: 3 (one enters at 1), 2, 1.
    assert plain_incidence(patients) == [(1, F(2, 3), [F(1, 3), 0, 0]), (2, F(1, 3), [F(1, 3), F(1, 3), 0]), (3, F(1, 3), [F(1, 3), F(1, 3), 0])]
    assert plain_variance(patients, 1, 3) == F(1, 3) * F(2, 3) / 3
    assert plain_variance(patients, 2, 2) == (F(1, 2) ** 2) * F(1, 3) * F(2, 3) / 3 + F(2, 3) ** 2 * F(1, 4) / 2


# ---- cohorts -----------------------------------------------------------------------------------------------------------------

@st.composite
def patient_lists(draw, least: int = 1, late: bool = True) -> list[Patient]:
    patients = []
    for _ in range(draw(st.integers(least, 14))):
        exit_ = draw(st.integers(0, 9))
        entry = draw(st.integers(0, max(exit_ - 1, 0))) if late and draw(st.booleans()) else 0
        patients.append(Patient(entry, exit_, draw(st.integers(0, 3)), draw(st.sampled_from("ab"))))
    return patients


def cohort_of(rows: pd.DataFrame, time_unit: str = "years") -> Cohort:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # follow-up of a few years at most
        return Cohort.from_frame(rows, {"years": "exit", "entry_years": "entry"}, time_unit, levels={"group": ["a", "b"]}, causes=CAUSES)


def rows_of(patients: list[Patient]) -> pd.DataFrame:
    rows = pd.DataFrame([vars(each) for each in patients])
    return rows.assign(patient_id=[f"p{place}" for place in range(len(rows))])


def results(cohort: Cohort) -> dict[str, pd.DataFrame]:
    """Everything that is said of incidences, by group and without; Gray's test where nobody enters late."""
    model = AalenJohansen("group", at_years=(0, 1, 2.5, 7))
    found = {"estimates": model(cohort), "curve": AalenJohansen(conf_type="plain").curve(cohort), "naive": model.naive(cohort), "its curve": model.naive_curve(cohort)}
    if all((counts.entry_ticks < 0).all() for counts in group_counts(cohort, "group")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # groups without events
            found |= {"Gray": GrayTest("group", "other", rho=1.0)(cohort), "pairs": GrayTest("group", "breast-cancer").pairwise(cohort)}
    return found


def assert_same(left: dict[str, pd.DataFrame], right: dict[str, pd.DataFrame]) -> None:
    assert left.keys() == right.keys()
    for name, frame in left.items():
        pd.testing.assert_frame_equal(frame, right[name], rtol=1e-9, atol=1e-9, obj=name)


def counted(cohort: Cohort) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    (counts,) = group_counts(cohort, None, NAMES)
    return counts.ticks, counts.n_risk, counts.events


# ---- against the oracle ------------------------------------------------------------------------------------------------------

@many
@given(patient_lists())
def test_incidence_and_variance_are_the_oracle_s(patients):
    curve = AalenJohansen().curve(cohort_of(rows_of(patients)))
    steps = plain_incidence(patients)
    for cause, name in enumerate(NAMES, start=1):
        own = curve[curve["cause"] == name]
        assert own["years"].tolist() == [time for time, _, _ in steps]
        np.testing.assert_allclose(own["estimate"], [float(incidence[cause - 1]) for _, _, incidence in steps], atol=1e-12)
        variances = [float(plain_variance(patients, cause, time)) for time, _, _ in steps]
        np.testing.assert_allclose(own["std_error"] ** 2, variances, atol=1e-12)
        assert own["n_event"].tolist() == [sum(each.cause == cause and each.exit <= time for each in patients) for time, _, _ in steps]


@many
@given(patient_lists(late=False), st.floats(0, 12))
def test_squares_of_the_influences_add_up_to_the_variance(patients, horizon):
    cohort = cohort_of(rows_of(patients))
    ticks, n_risk, events = counted(cohort)
    rows = Rows(ticks, cohort.entry_ticks, cohort.exit_ticks, sum(place * cohort.events(name) for place, name in enumerate(NAMES, start=1)))
    influence = incidence_influence(rows, n_risk, events, ticks)
    np.testing.assert_allclose((influence**2).sum(axis=0), aalen_johansen(n_risk, events)[2], atol=1e-12)
    np.testing.assert_allclose(influence.sum(axis=0), 0, atol=1e-12)
    times = cohort.clock.years(ticks)
    lost = years_lost_influence(rows, times, n_risk, events, horizon)
    np.testing.assert_allclose((lost**2).sum(axis=0), years_lost(times, n_risk, events, horizon)[1], atol=1e-10)


# ---- properties --------------------------------------------------------------------------------------------------------------

@many
@given(patient_lists())
def test_incidences_and_survival_sum_to_one(patients):
    survival, incidence, variance = aalen_johansen(*counted(cohort_of(rows_of(patients)))[1:])
    np.testing.assert_allclose(survival + incidence.sum(axis=1), 1, atol=1e-12)
    assert (np.diff(incidence, axis=0) >= 0).all() and (variance >= 0).all() and (incidence <= 1).all()


@many
@given(patient_lists(), st.floats(0, 12))
def test_time_lost_is_the_area_under_the_incidence(patients, horizon):
    cohort = cohort_of(rows_of(patients))
    ticks, n_risk, events = counted(cohort)
    times = cohort.clock.years(ticks)
    lost, _ = years_lost(times, n_risk, events, horizon)
    ends = np.minimum(np.append(times, np.inf), horizon)
    np.testing.assert_allclose(lost, np.diff(ends) @ aalen_johansen(n_risk, events)[1], atol=1e-10)


@many
@given(patient_lists(), st.sampled_from(CONF_TYPES))
def test_incidence_stays_within_its_limits(patients, conf_type):
    curve = AalenJohansen("group", conf_type=conf_type).curve(cohort_of(rows_of(patients)))
    limits = curve.dropna(subset=["conf_low"])
    assert (limits["conf_low"] >= 0).all() and (limits["conf_low"] <= limits["estimate"] + 1e-12).all()
    assert (limits["conf_high"] <= 1).all() and (limits["conf_high"] >= limits["estimate"] - 1e-12).all()


@many
@given(patient_lists())
def test_all_causes_in_one_are_one_minus_the_survival(patients):
    rows = rows_of(patients)
    merged = cohort_of(rows.assign(cause=(rows["cause"] > 0).astype(int)))
    curve = AalenJohansen(conf_type="plain").curve(merged)
    own = curve[curve["cause"] == "breast-cancer"].reset_index(drop=True)
    survival = KaplanMeier().curve(merged)
    np.testing.assert_allclose(own["estimate"], 1 - survival["estimate"], atol=1e-12)
    np.testing.assert_allclose(own["std_error"] ** 2, (survival["std_error"] ** 2).fillna(0), atol=1e-12)  # of a survival of 0 R gives none
    assert (curve.loc[curve["cause"] != "breast-cancer", "estimate"] == 0).all()


@many
@given(patient_lists())
def test_the_mistake_never_lies_below_the_incidence(patients):
    cohort = cohort_of(rows_of(patients))
    right, naive = AalenJohansen("group").curve(cohort), AalenJohansen("group").naive_curve(cohort)
    assert (naive["estimate"] >= right["estimate"] - 1e-12).all()
    assert (naive["n_censor"] >= right["n_censor"]).all()
    pd.testing.assert_frame_equal(naive[["group", "cause", "years", "n_risk", "n_event"]], right[["group", "cause", "years", "n_risk", "n_event"]])


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


@few
@given(st.one_of(patient_lists(), patient_lists(late=False)), st.integers(1, 8))
def test_splitting_a_patient_s_follow_up_changes_nothing(patients, cut):
    rows = rows_of(patients)
    inside = (rows["entry"] < cut) & (cut < rows["exit"])
    pieces = pd.concat([
        rows[~inside], rows[inside].assign(exit=cut, cause=0), rows[inside].assign(entry=cut)], ignore_index=True)
    assert_same(results(cohort_of(rows)), results(cohort_of(pieces)))


@few
@given(patient_lists(least=2, late=False), st.integers(2, 4))
def test_repeating_every_patient_leaves_the_incidence_and_shrinks_its_variance(patients, times):
    once, often = (AalenJohansen().curve(cohort_of(rows_of(many_times))) for many_times in (patients, patients * times))
    np.testing.assert_allclose(often["estimate"], once["estimate"], atol=1e-12)
    np.testing.assert_allclose(often["std_error"] ** 2 * times, once["std_error"] ** 2, atol=1e-12)


@few
@given(patient_lists(least=4, late=False))
def test_names_of_the_groups_change_no_statistic(patients):
    rows = rows_of(patients)
    swapped = rows.assign(group=rows["group"].map({"a": "b", "b": "a"}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        one, other = (GrayTest("group", "breast-cancer")(cohort_of(each)) for each in (rows, swapped))
    pd.testing.assert_frame_equal(one[["statistic", "df", "p_value"]], other[["statistic", "df", "p_value"]], rtol=1e-7, atol=1e-9)
