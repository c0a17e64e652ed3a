"""Incidences, their variances and influence values by hand, the hard cases, and the options."""

from __future__ import annotations

import math
from fractions import Fraction as F

import numpy as np
import pandas as pd
import pytest

from survival_nodes import columns
from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates.aalen_johansen import AalenJohansen, incidence_limits
from survival_nodes.estimates.kaplan_meier import KaplanMeier
from survival_nodes.kernels.aalen_johansen import Rows, aalen_johansen, incidence_influence, years_lost, years_lost_influence

CAUSES = {0: "none", 1: "breast-cancer", 2: "other"}
Z = 1.959963984540054


def cohort_of(times, causes, unit: str = "years", **more) -> Cohort:
    return Cohort.from_frame(pd.DataFrame({"years": times, "cause": causes, **more}), time_unit=unit, causes=CAUSES)


# Times 1 1+ 2 3 3 4 with causes 1, -, 2, 1, 2, 1. At risk 6, 4, 3, 1.
TIMES, KINDS = [1, 1, 2, 3, 3, 4], [1, 0, 2, 1, 2, 1]
N_RISK, EVENTS = np.array([6, 4, 3, 1]), np.array([[1, 0], [0, 1], [1, 1], [1, 0]])


def test_incidences_by_hand():
    survival, incidence, _ = aalen_johansen(N_RISK, EVENTS)
    s1, s2, s3 = F(5, 6), F(5, 6) * F(3, 4), F(5, 6) * F(3, 4) * F(1, 3)
    first = [F(1, 6), F(1, 6), F(1, 6) + s2 / 3, F(1, 6) + s2 / 3 + s3]
    second = [F(0), s1 / 4, s1 / 4 + s2 / 3, s1 / 4 + s2 / 3]
    np.testing.assert_allclose(survival, [float(each) for each in (s1, s2, s3, 0)], atol=1e-15)
    np.testing.assert_allclose(incidence, np.array([first, second], dtype=float).T, atol=1e-15)


def test_nobody_censored_is_the_binomial():
    """Without censoring the incidence is a share x / n, and its variance p (1 - p) / n."""
    _, incidence, variance = aalen_johansen(np.array([8, 5, 2]), np.array([[2, 1], [1, 2], [2, 0]]))
    shares = np.array([[F(2, 8), F(1, 8)], [F(3, 8), F(3, 8)], [F(5, 8), F(3, 8)]])
    np.testing.assert_allclose(incidence, shares.astype(float), atol=1e-15)
    np.testing.assert_allclose(variance, (shares * (1 - shares) / 8).astype(float), atol=1e-15)


def test_variance_by_hand():
    """At the second time: of F1 dA(1 - dA)/6 at the first; of F2 the second's own, and what the first leaves at risk."""
    _, _, variance = aalen_johansen(N_RISK, EVENTS)
    own = F(5, 6) ** 2 * F(1, 4) * F(3, 4) / 4
    through_survival = F(1, 4) ** 2 * F(1, 6) * F(5, 6) / 6  # F2 = S(1) / 4 and S(1) is binomial of 6
    np.testing.assert_allclose(variance[1], [float(F(1, 6) * F(5, 6) / 6), float(own + through_survival)], atol=1e-15)


def weighted_incidences(times, kinds, weights, at) -> np.ndarray:
    """A plain estimator for any weights, one time after another."""
    survival, incidence = 1.0, np.zeros(2)
    for time in sorted(set(times)):
        if time > at:
            break
        n = sum(weight for own, weight in zip(times, weights) if own >= time)
        d = [sum(weight for own, kind, weight in zip(times, kinds, weights) if own == time and kind == cause) for cause in (1, 2)]
        incidence += survival * np.array(d) / n
        survival *= 1 - sum(d) / n
    return incidence


def test_plain_estimator_by_arithmetic():
    np.testing.assert_allclose(weighted_incidences([1, 2], [1, 2], [1, 1], 1), [1 / 2, 0])
    np.testing.assert_allclose(weighted_incidences([1, 2], [1, 2], [1, 3], 2), [1 / 4, 3 / 4])


def test_influence_is_the_derivative_by_the_weight():
    rows = Rows(np.array([1, 2, 3, 4]), np.full(6, -1), np.array(TIMES), np.array(KINDS))
    at = np.array([0, 1, 3, 4, 9])
    influence = incidence_influence(rows, N_RISK, EVENTS, at)
    assert influence.shape == (6, 5, 2)
    for row in range(6):
        for place, time in enumerate(at):
            ends = [weighted_incidences(TIMES, KINDS, [1 + step * (row == own) for own in range(6)], time) for step in (1e-5, -1e-5)]
            np.testing.assert_allclose(influence[row, place], (ends[0] - ends[1]) / 2e-5, atol=1e-9)
    np.testing.assert_allclose((influence[:, 1:4] ** 2).sum(axis=0), aalen_johansen(N_RISK, EVENTS)[2][[0, 2, 3]], atol=1e-15)


def test_influence_of_pieces_adds_up_over_the_patient():
    ticks = np.array([1, 2, 3, 4])
    whole = incidence_influence(Rows(ticks, np.full(6, -1), np.array(TIMES), np.array(KINDS)), N_RISK, EVENTS, np.array([4]))
    pieces = Rows(ticks, np.array([-1, -1, -1, -1, -1, -1, 2]), np.array([1, 1, 2, 3, 3, 2, 4]), np.array([1, 0, 2, 1, 2, 0, 1]))
    cut = incidence_influence(pieces, N_RISK, EVENTS, np.array([4]))
    np.testing.assert_allclose(cut[5] + cut[6], whole[5], atol=1e-15)
    np.testing.assert_allclose(cut[:5], whole[:5], atol=1e-15)


def test_late_rows_have_no_influence_before_they_enter():
    rows = Rows(np.array([1, 2, 3]), np.array([-1, -1, 1]), np.array([1, 2, 3]), np.array([1, 0, 2]))
    influence = incidence_influence(rows, np.array([2, 2, 1]), np.array([[1, 0], [0, 0], [0, 1]]), np.array([1, 3]))
    assert influence[2, 0].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(influence[:2, 0, 0], [1 / 4, -1 / 4])


def test_time_lost_by_hand():
    """Without censoring the time lost by 3 is max(3 - T, 0): its mean, and its variance over n."""
    times, n_risk, events = np.array([1.0, 2.0]), np.array([4, 2]), np.array([[1, 1], [1, 1]])
    lost, variance = years_lost(times, n_risk, events, 3.0)
    mean, square = F(2 + 1, 4), F(4 + 1, 4)
    np.testing.assert_allclose(lost, [float(mean)] * 2, atol=1e-15)
    np.testing.assert_allclose(variance, [float((square - mean**2) / 4)] * 2, atol=1e-15)
    rows = Rows(np.array([1, 2]), np.full(4, -1), np.array([1, 1, 2, 2]), np.array([1, 2, 1, 2]))
    np.testing.assert_allclose((years_lost_influence(rows, times, n_risk, events, 3.0) ** 2).sum(axis=0), variance, atol=1e-15)
    assert years_lost(times, n_risk, events, 1.0)[0].tolist() == [0.0, 0.0]  # an event at the horizon loses nothing


def test_time_lost_and_restricted_mean_add_up_to_the_horizon():
    lost, _ = years_lost(np.array([1.0, 2.0, 3.0, 4.0]), N_RISK, EVENTS, 3.5)
    survival, _, _ = aalen_johansen(N_RISK, EVENTS)
    assert lost.sum() + 1 + survival[:2].sum() + survival[2] / 2 == pytest.approx(3.5, abs=1e-12)


# ---- the frame ---------------------------------------------------------------------------------------------------------------

def test_a_row_a_group_cause_and_time():
    cohort = cohort_of(TIMES * 2, KINDS * 2, node=["a", "b"] * 6)
    table = AalenJohansen("node", at_years=(1, 3))(cohort)
    assert not columns.check(table, columns.ESTIMATES)
    assert table[["group", "cause", "years"]].values.tolist() == [
        [group, cause, time] for group in "ab" for cause in ("breast-cancer", "other") for time in (1.0, 3.0)]
    assert set(table["estimand"]) == {"cumulative-incidence"} and set(table["method"]) == {"Aalen-Johansen, log-log interval"}
    assert set(table["endpoint"]) == {"overall"} and set(table["conf_level"]) == {0.95}


def test_counts_are_of_the_cause_and_of_those_whom_no_cause_has_taken():
    table = AalenJohansen(at_years=(0.5, 1, 3, 4))(cohort_of(TIMES, KINDS))
    assert table[["n_risk", "n_event", "n_censor"]].values.tolist() == [
        [6, 0, 0], [6, 1, 1], [3, 2, 1], [1, 3, 1], [6, 0, 0], [6, 0, 1], [3, 2, 1], [1, 2, 1]]


def test_curve_has_every_time_at_which_somebody_leaves():
    curve = AalenJohansen(conf_type="plain").curve(cohort_of(TIMES, KINDS))
    assert not columns.check(curve, columns.CURVES)
    assert curve["years"].tolist() == [1, 2, 3, 4] * 2
    _, incidence, variance = aalen_johansen(N_RISK, EVENTS)
    np.testing.assert_allclose(curve["estimate"], incidence.T.ravel())
    np.testing.assert_allclose(curve["std_error"], np.sqrt(variance).T.ravel())


@pytest.mark.parametrize(("conf_type", "limits"), [
    ("log-log", [0.3 ** math.exp(-Z * 0.05 / (0.3 * math.log(0.3))), 0.3 ** math.exp(Z * 0.05 / (0.3 * math.log(0.3)))]),
    ("log", [0.3 * math.exp(-Z * 0.05 / 0.3), 0.3 * math.exp(Z * 0.05 / 0.3)]),
    ("plain", [0.3 - Z * 0.05, 0.3 + Z * 0.05]),
    ("logit", [1 / (1 + 7 / 3 * math.exp(Z * 0.05 / 0.21)), 1 / (1 + 7 / 3 * math.exp(-Z * 0.05 / 0.21))]),
    ("arcsine", [math.sin(math.asin(math.sqrt(0.3)) + sign * Z * 0.05 / 2 / math.sqrt(0.21)) ** 2 for sign in (-1, 1)]),
])
def test_every_interval_acts_on_the_incidence(conf_type, limits):
    low, high = incidence_limits(np.array([0.3]), np.array([0.05]), Z, conf_type)
    np.testing.assert_allclose([low[0], high[0]], limits, atol=1e-12)


@pytest.mark.parametrize("conf_type", ["log-log", "log", "plain", "logit", "arcsine"])
def test_an_incidence_of_zero_has_limits_on_the_plain_scale_alone(conf_type):
    """As R's survfit: 0 and 0 before anybody has left, then missing until the first event of the cause."""
    table = AalenJohansen(at_years=(1, 2, 3), conf_type=conf_type)(cohort_of([2, 3, 4], [0, 1, 0]))
    own = table[table["cause"] == "breast-cancer"]
    assert own["estimate"].tolist() == [0, 0, 1 / 2] and own["std_error"].tolist()[:2] == [0, 0]
    second = 0.0 if conf_type == "plain" else math.nan
    np.testing.assert_array_equal(own["conf_low"].iloc[:2], [0, second])
    np.testing.assert_array_equal(own["conf_high"].iloc[:2], [0, second])


def test_the_mistake_is_named_and_overstates():
    cohort = cohort_of(TIMES, KINDS)
    naive, right = AalenJohansen(at_years=(1, 3)).naive(cohort), AalenJohansen(at_years=(1, 3))(cohort)
    assert set(naive["estimand"]) == {"cause-specific"}
    assert set(naive["method"]) == {"1 - Kaplan-Meier, competing events censored (overstates the incidence), log-log interval"}
    assert (naive["estimate"] >= right["estimate"] - 1e-12).all() and naive["estimate"].iloc[1] == pytest.approx(float(1 - F(5, 6) * F(2, 3)))
    with pytest.warns(DataWarning, match="other causes compete"):
        survival = KaplanMeier(at_years=(1, 3), cause="breast-cancer")(cohort)
    own = naive[naive["cause"] == "breast-cancer"].reset_index(drop=True)
    np.testing.assert_allclose(own[["estimate", "conf_low", "conf_high"]], 1 - survival[["estimate", "conf_high", "conf_low"]], atol=1e-15)
    pd.testing.assert_frame_equal(own[["std_error", "n_risk", "n_event", "n_censor"]], survival[["std_error", "n_risk", "n_event", "n_censor"]])
    assert AalenJohansen().naive_curve(cohort)["years"].tolist() == [1, 2, 3, 4] * 2


# ---- hard cases --------------------------------------------------------------------------------------------------------------

def last(table: pd.DataFrame, cause: str = "breast-cancer") -> dict:
    return table[table["cause"] == cause].iloc[-1].to_dict()


def test_one_patient():
    with pytest.warns(DataWarning):
        cohort = cohort_of([0.1], [1])
    row = last(AalenJohansen().curve(cohort))
    assert (row["estimate"], row["std_error"]) == (1.0, 0.0) and math.isnan(row["conf_low"])
    assert last(AalenJohansen().curve(cohort), "other")["estimate"] == 0.0


def test_everybody_censored_and_a_group_without_events():
    table = AalenJohansen("node", at_years=(2,))(cohort_of([1, 3, 2, 4], [0, 0, 1, 2], node=["a", "a", "b", "b"]))
    assert table["estimate"].tolist() == [0.0, 0.0, 0.5, 0.0] and table["n_event"].tolist() == [0, 0, 1, 0]


def test_all_events_at_one_time():
    table = AalenJohansen(at_years=(2,), conf_type="plain")(cohort_of([2, 2, 2, 2], [1, 1, 1, 2]))
    np.testing.assert_allclose(table["estimate"], [3 / 4, 1 / 4])
    np.testing.assert_allclose(table["std_error"], [math.sqrt(3 / 16 / 4)] * 2)


def test_ties_at_the_censoring_time_are_still_at_risk():
    assert last(AalenJohansen(at_years=(2,))(cohort_of([2, 2, 3], [1, 0, 0])))["estimate"] == pytest.approx(1 / 3)


def test_beyond_follow_up_missing():
    row = last(AalenJohansen(at_years=(9,))(cohort_of([1, 2], [1, 0])))
    assert math.isnan(row["estimate"]) and math.isnan(row["std_error"]) and row["n_risk"] == 0 and row["n_event"] == 1


def test_times_apart_by_rounding_are_one_time():
    curve = AalenJohansen().curve(cohort_of([0.3, 0.1 + 0.2, 2], [1, 2, 0]))
    assert curve["years"].tolist() == pytest.approx([0.3, 2, 0.3, 2]) and curve["n_risk"].iloc[0] == 3


def test_survival_at_zero_stays_there_whoever_enters_later():
    """Both at risk at 2 fail; the third enters at 2 and fails at 5, when nobody is left to fail."""
    cohort = cohort_of([2, 2, 5], [1, 2, 1], entry_years=[0, 0, 2])
    curve = AalenJohansen(conf_type="plain").curve(cohort)
    assert curve["estimate"].tolist() == [0.5, 0.5, 0.5, 0.5]
    np.testing.assert_allclose(curve["std_error"], math.sqrt(1 / 8))


def test_entry_at_the_event_is_refused_when_the_cohort_is_made():
    with pytest.raises(InputError):
        cohort_of([2, 3], [1, 0], entry_years=[2, 0])


def test_missing_groups_are_left_out_and_counted():
    cohort = cohort_of([1, 2, 3], [1, 0, 1], node=["a", None, "a"])
    with pytest.warns(DataWarning, match="1 of 3 rows have no value in 'node'"):
        table = AalenJohansen("node", at_years=(1,))(cohort)
    assert table["n_risk"].tolist() == [2, 2]


# ---- refusals ----------------------------------------------------------------------------------------------------------------

def test_a_cohort_without_causes_is_told_how_to_declare_them():
    cohort = Cohort.from_frame(pd.DataFrame({"years": [1, 2, 3], "event": [1, 0, 1]}), time_unit="years")
    with pytest.raises(UsageError, match=r"knows no causes of its events.*causes=\{0: \"none\", 1: \"breast-cancer\", 2: \"other\"\}"):
        AalenJohansen()(cohort)


def test_an_event_of_an_undeclared_cause_is_refused():
    rows = pd.DataFrame({"years": [1, 2, 3], "event": [1, 0, 1], "cause": ["breast-cancer", "none", None]})
    with pytest.raises(InputError, match="1 of 2 events have no declared cause"):
        AalenJohansen()(Cohort.from_frame(rows, time_unit="years"))


def test_an_endpoint_that_censors_what_competes_is_refused():
    cohort = cohort_of(TIMES, KINDS).with_endpoint("breast-cancer")
    with pytest.raises(UsageError, match=r"'breast-cancer' censors 2 rows that have a cause.*with_endpoint\(\"overall\"\)"):
        AalenJohansen()(cohort)


@pytest.mark.parametrize(("options", "said"), [
    ({"conf_type": "loglog"}, "conf_type is one of log-log, log, plain, logit, arcsine, not 'loglog'"),
    ({"conf_level": 95}, "conf_level is a fraction between 0 and 1, as 0.95, not 95; did you mean 0.95?"),
    ({"at_years": (-1,)}, "at_years wants times in years"),
])
def test_wrong_options(options, said):
    with pytest.raises(UsageError) as raised:
        AalenJohansen(**options)
    assert said in str(raised.value)
