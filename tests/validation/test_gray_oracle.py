"""Gray's test beside a slow, plain oracle in fractions, by hand, and in the hard cases."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from fractions import Fraction as F

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import chdtrc

from survival_nodes import columns
from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, UsageError
from survival_nodes.estimates.gray_test import GrayTest
from survival_nodes.estimates.log_rank import LogRank
from survival_nodes.kernels.gray import gray_terms

CAUSES = {0: "none", 1: "breast-cancer", 2: "other"}
many = settings(max_examples=40, deadline=None, derandomize=True)


@dataclass(frozen=True)
class Patient:
    time: int
    cause: int
    group: int


# ---- the oracle: Gray 1988, section 3, one time, group and pair of scores after another, in fractions ------------------------

@dataclass(frozen=True)
class Moment:
    """One time: at risk, events of the cause, competing ones, S- and S, F- of every group; F0- and F0 of all."""

    n: list[int]
    d: list[int]
    competing: list[int]
    before: list[F]
    after: list[F]
    incidence: list[F]
    common_before: F
    common: F

    def size(self, group: int) -> F:
        return self.n[group] / self.before[group] if self.n[group] else F(0)

    def total(self) -> F:
        return sum(self.size(group) for group in range(len(self.n)))


def moments(patients: list[Patient], k: int) -> list[Moment]:
    survival, incidence, common, found = [F(1)] * k, [F(0)] * k, F(0), []
    for time in sorted({each.time for each in patients if each.cause}):
        n, d, c = ([sum(rule(each) and each.group == group for each in patients) for group in range(k)] for rule in (
            lambda each: each.time >= time, lambda each: each.time == time and each.cause == 1, lambda each: each.time == time and each.cause == 2))
        after = [s * F(n[g] - d[g] - c[g], n[g]) if n[g] else s for g, s in enumerate(survival)]
        now = Moment(n, d, c, survival, after, incidence, common, common)
        common += F(sum(d)) / now.total()
        found.append(Moment(n, d, c, survival, after, incidence, now.common, common))
        incidence = [f + s * F(d[g], n[g]) if n[g] else f for g, (f, s) in enumerate(zip(incidence, survival))]
        survival = after
    return found


def loading(now: Moment, rho: int, i: int, k: int) -> F:
    """How the score of group i hangs on the incidence of group k at a time."""
    return (1 - now.common_before) ** rho * now.size(k) * ((i == k) - now.size(i) / now.total())


def later(all_: list[Moment], place: int, rho: int, i: int, k: int) -> F:
    values = [(loading(now, rho, i, k), now) for now in all_[place + 1:]]
    return sum((value * sum(now.d) / (now.total() * (1 - now.common_before)) for value, now in values if value), F(0))


def plain_gray(patients: list[Patient], k: int, rho: int) -> tuple[list[F], list[list[F]]]:
    score, covariance, all_ = [F(0)] * k, [[F(0)] * k for _ in range(k)], moments(patients, k)
    for place, now in enumerate(all_):
        d = sum(now.d)
        free = [now.size(g) * (1 - now.incidence[g]) for g in range(k)]
        for i in range(k):
            score[i] += (1 - now.common_before) ** rho * (now.d[i] - d * free[i] / sum(free))
        for g in range(k):
            if not now.n[g]:
                continue
            left = (1 - now.common) / now.after[g] if now.after[g] else F(0)
            ties = 1 - F(d - 1) / (now.total() * now.before[g] - 1) if d > 1 else F(1)
            own = ties * now.before[g] * d / (now.total() * now.n[g])
            ties = 1 - F(now.competing[g] - 1, now.n[g] - 1) if now.competing[g] > 1 else F(1)
            other = ties * now.before[g] ** 2 * now.competing[g] / now.n[g] ** 2 if now.after[g] else F(0)
            ahead = [later(all_, place, rho, i, g) for i in range(k)]
            events = [loading(now, rho, i, g) + (1 - left) * ahead[i] for i in range(k)]
            for i in range(k):
                for j in range(k):
                    covariance[i][j] += events[i] * events[j] * own + left**2 * ahead[i] * ahead[j] * other
    return score, covariance


def test_oracle_by_arithmetic():
    """Two groups of two: an event at 1 in the first, at 2 in the second, the others censored later.

    At 1: sizes 2 and 2, loading 1 and -1, own variance 1/8 each; S is 1/2 and 1, F0 1/4; so (1 - F0)/S is 3/2 and 3/4, and what
    follows is 1/(4 (1 - 1/4)) = 1/3. At 2: S- 1/2 and 1, so sizes 2 and 2 again, free 2 (1 - 1/2) and 2, loading 1 and -1.
    """
    patients = [Patient(1, 1, 0), Patient(3, 0, 0), Patient(2, 1, 1), Patient(3, 0, 1)]
    score, covariance = plain_gray(patients, 2, 0)
    assert score == [F(1, 2) - F(1, 3), -F(1, 2) + F(1, 3)]
    first = (F(1) + (1 - F(3, 2)) * F(1, 3)) ** 2 / 8 + (F(-1) - (1 - F(3, 4)) * F(1, 3)) ** 2 / 8
    assert covariance[0][0] == first + F(1, 8) + F(1, 8) == -covariance[0][1]


def test_oracle_weights_by_arithmetic():
    """With rho = 1 the time 2 counts 1 - F0(2-) = 3/4 as much."""
    patients = [Patient(1, 1, 0), Patient(3, 0, 0), Patient(2, 1, 1), Patient(3, 0, 1)]
    assert plain_gray(patients, 2, 1)[0] == [F(1, 2) - F(3, 4) * F(1, 3), -(F(1, 2) - F(3, 4) * F(1, 3))]


# ---- the kernel --------------------------------------------------------------------------------------------------------------

def table(patients: list[Patient], k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    now = moments(patients, k)
    return tuple(np.array([getattr(each, name) for each in now], dtype=float).reshape(-1, k) for name in ("n", "d", "competing"))


patient_lists = st.lists(st.builds(Patient, st.integers(1, 6), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=14)


@many
@given(patient_lists, st.integers(0, 2))
def test_kernel_is_the_oracle_s(patients, rho):
    score, covariance = gray_terms(*table(patients, 3), float(rho))
    plain_score, plain_covariance = plain_gray(patients, 3, rho)
    np.testing.assert_allclose(score, np.array(plain_score, dtype=float), atol=1e-10)
    np.testing.assert_allclose(covariance, np.array(plain_covariance, dtype=float), atol=1e-10)
    np.testing.assert_allclose([score.sum(), *covariance.sum(axis=0)], 0, atol=1e-10)


@many
@given(patient_lists)
def test_without_competing_events_and_censoring_unlike_the_scores_are_those_of_shares(patients):
    """No censoring: W is the size of the group, and those free of the cause are counted whether a competing event took them or not."""
    followed = [Patient(each.time, each.cause or 2, each.group) for each in patients]
    score, _ = gray_terms(*table(followed, 3))
    expected = np.zeros(3)
    for time in sorted({each.time for each in followed}):
        d = np.array([sum(each.time == time and each.cause == 1 and each.group == g for each in followed) for g in range(3)])
        here = [any(each.time >= time and each.group == g for each in followed) for g in range(3)]
        free = np.array([sum(not (each.cause == 1 and each.time < time) for each in followed if each.group == g) * here[g] for g in range(3)])
        expected += d - d.sum() * free / max(free.sum(), 1)
    np.testing.assert_allclose(score, expected, atol=1e-10)


def test_no_times_at_all():
    score, covariance = gray_terms(*(np.zeros((0, 2)) for _ in range(3)))
    assert score.tolist() == [0, 0] and covariance.tolist() == [[0, 0], [0, 0]]


# ---- the test ----------------------------------------------------------------------------------------------------------------

def cohort_of(patients: list[Patient], **more) -> Cohort:
    rows = pd.DataFrame({"years": [each.time for each in patients], "cause": [each.cause for each in patients], "node": ["abc"[each.group] for each in patients]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return Cohort.from_frame(rows.assign(**more), time_unit="years", causes=CAUSES)


TWO = [Patient(1, 1, 0), Patient(3, 0, 0), Patient(2, 1, 1), Patient(3, 0, 1)]


def test_statistic_by_hand():
    frame = GrayTest("node", "breast-cancer")(cohort_of(TWO))
    assert not columns.check(frame, columns.TESTS)
    row = frame.iloc[0]
    statistic = float(F(1, 6) ** 2 / (F(269, 9 * 16 * 8) + F(1, 4)))
    assert row["statistic"] == pytest.approx(statistic, abs=1e-12) and row["df"] == 1 and np.isnan(row["p_adjusted"])
    assert row["p_value"] == pytest.approx(chdtrc(1, statistic), abs=1e-12)
    assert (row["test"], row["comparison"]) == ("Gray's test of breast-cancer", "a vs b")


def test_names_say_weight_and_strata():
    frame = GrayTest("node", "breast-cancer", strata=("er", "grade"), rho=0.5)(cohort_of(TWO * 2, er=["+"] * 8, grade=[1] * 4 + [2] * 4))
    assert frame["test"].iloc[0] == "Gray's test of breast-cancer (rho 0.500), stratified by er, grade"


def test_strata_add_up():
    """The same patients in each of two strata: score and variance double, and so does the statistic."""
    once, twice = cohort_of(TWO), cohort_of(TWO * 2, er=["+"] * 4 + ["-"] * 4)
    one, two = (GrayTest("node", "breast-cancer", strata=strata)(cohort)["statistic"].iloc[0] for strata, cohort in ((None, once), ("er", twice)))
    assert two == pytest.approx(2 * one, abs=1e-12)


def test_without_competing_events_it_is_close_to_the_log_rank():
    random = np.random.default_rng(5)
    patients = [Patient(int(time), int(cause), int(group)) for time, cause, group in zip(
        random.integers(1, 200, 600), random.integers(0, 2, 600), random.integers(0, 2, 600))]
    cohort = cohort_of(patients)
    gray, rank = GrayTest("node", "breast-cancer")(cohort), LogRank("node")(cohort)
    assert gray["statistic"].iloc[0] == pytest.approx(rank["statistic"].iloc[0], rel=0.1)


@pytest.mark.parametrize(("patients", "said"), [
    ([Patient(1, 1, 0), Patient(2, 0, 0)], "makes one (a): there is no statistic"),
    ([Patient(1, 2, 0), Patient(2, 0, 1)], "nobody in the groups of 'node' has an event of the cause"),
    ([Patient(1, 0, 0), Patient(2, 1, 1), Patient(3, 1, 1)], "never at risk at an event of the other"),
])
def test_no_statistic_is_missing_and_said(patients, said):
    with pytest.warns(DataWarning) as caught:
        row = GrayTest("node", "breast-cancer")(cohort_of(patients)).iloc[0]
    assert said in str(caught[0].message) and len(caught) == 1
    assert np.isnan(row["statistic"]) and np.isnan(row["p_value"]) and row["df"] == 0


def test_a_group_without_events_is_said():
    with pytest.warns(DataWarning, match="no events of the cause in b"):
        row = GrayTest("node", "breast-cancer")(cohort_of([Patient(1, 1, 0), Patient(3, 0, 0), Patient(2, 2, 1), Patient(3, 0, 1)])).iloc[0]
    assert row["statistic"] > 0 and row["df"] == 1


def test_a_group_that_leaves_early_takes_no_part():
    """The second group has left before the first event of the cause; the others are compared as if it were not there."""
    others = [Patient(3, 1, 0), Patient(5, 0, 0), Patient(4, 1, 2), Patient(5, 0, 2)]
    with pytest.warns(DataWarning, match="no events of the cause in b"):
        row = GrayTest("node", "breast-cancer")(cohort_of([*others, Patient(1, 2, 1), Patient(2, 0, 1)])).iloc[0]
    assert row["df"] == 1
    assert row["statistic"] == pytest.approx(GrayTest("node", "breast-cancer")(cohort_of(others))["statistic"].iloc[0])


def test_delayed_entry_is_refused_and_pieces_are_not():
    late = cohort_of(TWO, entry_years=[0, 2, 0, 0])
    with pytest.raises(UsageError, match=r"knows no delayed entry.*LogRank\('node', cause='breast-cancer'\)"):
        GrayTest("node", "breast-cancer")(late)
    pieces = cohort_of([Patient(1, 1, 0), Patient(2, 0, 0), Patient(3, 0, 0), Patient(2, 1, 1), Patient(3, 0, 1)],
                       entry_years=[0, 0, 2, 0, 0], patient_id=["p", "q", "q", "r", "s"])
    whole = GrayTest("node", "breast-cancer")(cohort_of(TWO))
    pd.testing.assert_frame_equal(GrayTest("node", "breast-cancer")(pieces), whole)


@pytest.mark.parametrize(("make", "said"), [
    (lambda: GrayTest(None, "other"), "by names the column"),
    (lambda: GrayTest("node", 1), "cause is the word of the cause whose incidence is compared, not 1"),
    (lambda: GrayTest("node", "other", rho=-1), "rho is a number, 0 or more"),
    (lambda: GrayTest("node", "brest-cancer")(cohort_of(TWO)), "there is no cause 'brest-cancer' (nearest: 'breast-cancer'); there are: breast-cancer, other"),
    (lambda: GrayTest("node", "other").pairwise(cohort_of(TWO), adjust="tukey"), "adjust is one of holm"),
    (lambda: GrayTest("node", "other")(Cohort.from_frame(pd.DataFrame({"years": [1, 9], "event": 1, "node": ["a", "b"]}), time_unit="years")), "knows no causes"),
])
def test_refusals(make, said):
    with pytest.raises(UsageError) as raised:
        make()
    assert said in str(raised.value)
