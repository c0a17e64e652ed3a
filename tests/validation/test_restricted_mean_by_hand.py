"""Restricted means worked by hand, as fractions, and the hard cases: what is missing, what is refused, what is said."""

from __future__ import annotations

import math
from fractions import Fraction as F

import numpy as np
import pandas as pd
import pytest

from survival_nodes import tables
from survival_nodes.cohort import Cohort
from survival_nodes.columns import CONTRASTS, ESTIMATES, check
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates.restricted_mean import MEASURES, RestrictedMean
from survival_nodes.kernels.restricted_mean import restricted_mean

CLOSE = {"rel": 1e-13, "abs": 1e-13}
# test1 of Therneau, everybody: at 1, 6, 8 and 9 there are 6, 4, 2 and 1 at risk, and 1, 2, 0 and 1 events.
TIMES = [1, 1, 6, 6, 8, 9]
EVENTS = [1, 0, 1, 1, 0, 1]
# Areas to 10: 1 before 1, then 5 years at 5/6, then 3 at 5/12, then nothing.
MEAN = 1 + 5 * F(5, 6) + 3 * F(5, 12)
VARIANCE = (5 * F(5, 6) + 3 * F(5, 12)) ** 2 * F(1, 6 * 5) + (3 * F(5, 12)) ** 2 * F(2, 4 * 2)


def cohort_of(years, event, **more) -> Cohort:
    """Small cohorts whose follow-up of a few years raises no question of units."""
    columns = {"years": "years", "event": "event"} | ({"entry_years": "entry_years"} if "entry_years" in more else {})
    return Cohort.from_frame(pd.DataFrame({"years": years, "event": event} | more), columns, "years")


def test_mean_of_test1():
    row = RestrictedMean(None, 10)(cohort_of(TIMES, EVENTS)).iloc[0]
    assert (row["estimate"], row["std_error"]) == pytest.approx((float(MEAN), math.sqrt(VARIANCE)), **CLOSE)
    assert row[["years", "n_risk", "n_event", "n_censor"]].tolist() == [10, 0, 4, 2]
    z = 1.959963984540054
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((float(MEAN) - z * math.sqrt(VARIANCE), float(MEAN) + z * math.sqrt(VARIANCE)), **CLOSE)


def test_a_horizon_between_times_cuts_the_area():
    row = RestrictedMean(None, 7)(cohort_of(TIMES, EVENTS)).iloc[0]
    after_1, after_6 = 5 * F(5, 6) + F(5, 12), F(5, 12)
    assert row["estimate"] == pytest.approx(float(1 + after_1), **CLOSE)
    assert row["std_error"] == pytest.approx(math.sqrt(after_1**2 * F(1, 30) + after_6**2 * F(2, 8)), **CLOSE)
    assert row[["n_risk", "n_event", "n_censor"]].tolist() == [2, 3, 1]


def test_a_horizon_at_an_event_counts_it_but_gives_it_no_area():
    row = RestrictedMean(None, 6)(cohort_of(TIMES, EVENTS)).iloc[0]
    assert (row["estimate"], row["std_error"]) == pytest.approx((float(1 + 5 * F(5, 6)), math.sqrt((5 * F(5, 6)) ** 2 * F(1, 30))), **CLOSE)
    assert row[["n_risk", "n_event"]].tolist() == [4, 3]


def test_years_lost_of_test1():
    # Causes of the four events, in order: a, a and b (both at 6), a. S(t-) is 1, 5/6, 5/12 at 1, 6, 9.
    cause = ["a", "none", "a", "b", "none", "a"]
    lost_a = F(1, 6) * 9 + F(5, 6) * F(1, 4) * 4 + F(5, 12) * 1
    lost_b = F(5, 6) * F(1, 4) * 4
    assert MEAN + lost_a + lost_b == 10
    # At 1: an event of a costs the 9 years to 10, less the share of what a takes later, over S(1)/S(1-); of b, the later share alone.
    later = {"a": F(5, 6) * F(1, 4) * 4 + F(5, 12), "b": lost_b}
    at_1 = {"a": 9 - later["a"] / F(5, 6), "b": -later["b"] / F(5, 6)}
    # At 6: a takes 5/12 later, b nothing; at 9 everybody left has the event, which is no longer uncertain.
    own = F(5, 6) * 4
    at_6 = {"a": (own - F(5, 12) / F(1, 2), -F(5, 12) / F(1, 2)), "b": (own, F(0))}
    variance = {}
    for word in "ab":
        first = F(1, 6) * (at_1[word] ** 2 * F(1, 6) - (at_1[word] * F(1, 6)) ** 2)
        gain, loss = at_6[word]
        variance[word] = first + F(1, 4) * (gain**2 * F(1, 4) + loss**2 * F(1, 4) - (gain * F(1, 4) + loss * F(1, 4)) ** 2)
    cohort = Cohort.from_frame(pd.DataFrame({"t": TIMES, "d": EVENTS, "cause": cause}), {"years": "t", "event": "d"}, "years", causes={
        "none": "none", "a": "a", "b": "b"})
    frame = RestrictedMean(None, 10).years_lost(cohort)
    assert frame["cause"].tolist() == ["a", "b"] and frame["n_event"].tolist() == [3, 1] and frame["n_censor"].tolist() == [2, 2]
    assert frame["estimate"].tolist() == pytest.approx([float(lost_a), float(lost_b)], **CLOSE)
    assert frame["std_error"].tolist() == pytest.approx([math.sqrt(variance["a"]), math.sqrt(variance["b"])], **CLOSE)
    assert frame["method"].str.startswith("years lost to ").all() and not check(frame, ESTIMATES)
    only = RestrictedMean(None, 10, cause="b").years_lost(cohort)
    pd.testing.assert_frame_equal(only, frame.iloc[1:].reset_index(drop=True))


def test_a_cause_alone_censors_the_others():
    cause = ["a", "none", "a", "b", "none", "a"]
    cohort = Cohort.from_frame(pd.DataFrame({"t": TIMES, "d": EVENTS, "cause": cause}), {"years": "t", "event": "d"}, "years", causes={
        "none": "none", "a": "a", "b": "b"})
    row = RestrictedMean(None, 7, cause="a")(cohort).iloc[0]
    assert row["estimate"] == pytest.approx(float(1 + 5 * F(5, 6) + 1 * F(5, 6) * F(3, 4)), **CLOSE) and row["cause"] == "a"


# Two arms to 4 years, nobody censored before: means 5/2 (1, 2, 3, 4+) and 13/4 (2, 3, 4+, 4+).
ARMS = {"years": [1, 2, 3, 5, 2, 3, 5, 5], "event": [1, 1, 1, 0, 1, 1, 0, 0], "arm": list("aaaabbbb")}
SQUARES = {"a": F(1 + 4 + 9 + 16, 4) - F(5, 2) ** 2, "b": F(4 + 9 + 16 + 16, 4) - F(13, 4) ** 2}  # without censoring: the variance of min(T, 4), over n


def test_contrasts():
    frame = RestrictedMean("arm", 4).contrast(cohort_of(**ARMS), "a").set_index("measure")
    assert frame.index.tolist() == list(MEASURES) and not check(frame.reset_index()[CONTRASTS.names], CONTRASTS)
    a, b = F(5, 2), F(13, 4)
    variance_a, variance_b = SQUARES["a"] / 4, SQUARES["b"] / 4
    assert frame["estimate"].tolist() == pytest.approx([float(b - a), float(b / a), float((4 - b) / (4 - a))], **CLOSE)
    logs = [math.sqrt(variance_a / a**2 + variance_b / b**2), math.sqrt(variance_a / (4 - a) ** 2 + variance_b / (4 - b) ** 2)]
    expected = [math.sqrt(variance_a + variance_b), float(b / a) * logs[0], float((4 - b) / (4 - a)) * logs[1]]
    assert frame["std_error"].tolist() == pytest.approx(expected, **CLOSE)
    z = float(b - a) / expected[0]
    assert frame["p_value"].iloc[0] == pytest.approx(math.erfc(z / math.sqrt(2)), **CLOSE)
    assert frame["conf_high"].iloc[2] == pytest.approx(float((4 - b) / (4 - a)) * math.exp(1.959963984540054 * logs[1]), **CLOSE)
    assert frame[["margin", "smallest_margin", "verdict"]].isna().all().all()


def test_a_balanced_covariate_leaves_the_difference():
    # x is orthogonal to the arms, and nobody is censored before the horizon, so every weight is 1.
    cohort = cohort_of(**ARMS, x=[0, 1, 1, 0, 0, 1, 1, 0])
    row = RestrictedMean("arm", 4).adjusted(cohort, "a", "x").set_index("measure").loc["restricted-mean-difference"]
    deviations = {"a": [F(-3, 2), F(-1, 2), F(1, 2), F(3, 2)], "b": [F(-5, 4), F(-1, 4), F(3, 4), F(3, 4)]}
    centred = (F(-1, 2), F(1, 2), F(1, 2), F(-1, 2))
    slope = sum(e * x for arm in "ab" for e, x in zip(deviations[arm], centred)) / (8 * F(1, 4))
    residuals = [e - slope * x for arm in "ab" for e, x in zip(deviations[arm], centred)]
    variance = sum(e**2 for e in residuals) / 4**2
    assert (row["estimate"], row["std_error"]) == pytest.approx((0.75, math.sqrt(variance)), **CLOSE)


def test_adjusted_coefficients_name_their_terms():
    cohort = cohort_of(**ARMS, grade=list("12211221"))
    frame = RestrictedMean("arm", 4, conf_level=0.9).adjusted_coefficients(cohort, "a", "grade")
    assert frame["term"].tolist() == ["intercept", "arm[T.b]", "grade[T.2]"] and set(frame["conf_level"]) == {0.9}
    row = RestrictedMean("arm", 4, conf_level=0.9).adjusted(cohort, "a", "grade").iloc[0]
    assert frame.iloc[1][["coefficient", "std_error", "p_value", "conf_low", "conf_high"]].tolist() == row[["estimate", "std_error", "p_value", "conf_low", "conf_high"]].tolist()


def test_printed_beside_each_other():
    table = tables.contrasts(RestrictedMean("arm", 4).contrast(cohort_of(**ARMS), "a"))
    assert table.display["Measure"].tolist() == ["Restricted mean difference, years", "Restricted mean ratio", "Restricted time lost ratio"]
    assert not table.notes


# ---- hard cases --------------------------------------------------------------------------------------------------------------

def test_one_patient_with_the_event():
    row = RestrictedMean(None, 5)(cohort_of([3], [1])).iloc[0]
    assert row[["estimate", "std_error", "conf_low", "conf_high"]].tolist() == [3, 0, 3, 3]


def test_one_patient_censored():
    cohort = cohort_of([3], [0])
    assert RestrictedMean(None, 3)(cohort).iloc[0][["estimate", "std_error"]].tolist() == [3, 0]
    with pytest.warns(DataWarning, match="follow-up of a group ends before 5 years: missing there; the longest horizon that all reach is 3 years$"):
        row = RestrictedMean(None, 5)(cohort).iloc[0]
    assert row[["estimate", "std_error", "conf_low", "conf_high"]].isna().all() and row[["n_risk", "n_censor"]].tolist() == [0, 1]


def test_a_curve_that_runs_flat_is_not_carried_on():
    with pytest.warns(DataWarning, match="longest horizon that all reach is 8 years"):
        assert RestrictedMean(None, 9)(cohort_of([1, 2, 8], [1, 1, 0]))["estimate"].isna().all()


def test_the_longest_horizon_that_is_named_works():
    cohort = cohort_of([1.2, 2.34567, 9, 9], [1, 0, 0, 0], node=["a", "a", "b", "b"])
    with pytest.warns(DataWarning, match="follow-up of a group ends .* is 2.345 years$"):
        frame = RestrictedMean("node", 5).contrast(cohort, "b")
    assert frame[["estimate", "std_error", "conf_low", "p_value"]].isna().all().all()
    assert RestrictedMean("node", 2.345)(cohort)["estimate"].notna().all()


def test_everybody_has_the_event_at_one_time_and_the_curve_stays_at_zero():
    assert RestrictedMean(None, 50)(cohort_of([3, 3, 3], [1, 1, 1])).iloc[0][["estimate", "std_error"]].tolist() == [3, 0]


def test_a_curve_at_zero_stays_there_when_others_enter_later():
    cohort = cohort_of([1, 2, 9], [1, 1, 0], entry_years=[0, 0, 5])
    row = RestrictedMean(None, 9)(cohort).iloc[0]
    assert (row["estimate"], row["std_error"]) == pytest.approx((1 + 1 / 2, math.sqrt((1 / 2) ** 2 * (1 / 2))), **CLOSE)


def test_a_late_patient_is_not_at_risk_before():
    # At 2 there are 2 at risk (the third enters at 2), at 4 there are 2 (the first has gone).
    row = RestrictedMean(None, 5)(cohort_of([2, 6, 4], [1, 0, 1], entry_years=[0, 0, 2])).iloc[0]
    assert row["estimate"] == pytest.approx(2 + 2 * 1 / 2 + 1 * 1 / 4, **CLOSE)
    assert row["std_error"] == pytest.approx(math.sqrt((5 / 4) ** 2 / (2 * 1) + (1 / 4) ** 2 / (2 * 1)), **CLOSE)


def test_nobody_has_the_event():
    cohort = cohort_of([5, 6, 5, 7], [0, 0, 0, 1], node=["a", "a", "b", "b"])
    assert RestrictedMean("node", 5)(cohort)[["estimate", "std_error"]].values.tolist() == [[5, 0], [5, 0]]
    frame = RestrictedMean("node", 5).contrast(cohort, "a").set_index("measure")
    assert frame.loc["restricted-mean-difference", ["estimate", "std_error"]].tolist() == [0, 0]
    assert frame.loc["restricted-time-lost-ratio", ["estimate", "conf_low", "conf_high", "p_value"]].isna().all()
    assert frame["p_value"].isna().all()  # without any variance there is no test


def test_times_a_hair_apart_are_one_time():
    near = RestrictedMean(None, 6)(cohort_of([3, 3 + 1e-12, 3 - 1e-12, 7], [1, 1, 0, 0]))
    assert near["estimate"].item() == pytest.approx(3 + 3 * 2 / 4, abs=1e-9)


def test_a_horizon_at_the_last_follow_up_in_days():
    frame = pd.DataFrame({"t": [100, 700, 1461], "d": [1, 1, 0]})
    assert RestrictedMean(None, 4)(Cohort.from_frame(frame, {"years": "t", "event": "d"}, "days"))["estimate"].notna().all()


def test_rows_without_a_group_are_left_out_and_counted():
    with pytest.warns(DataWarning, match="1 of 5 rows have no value in 'node'"):
        frame = RestrictedMean("node", 2)(cohort_of([3, 4, 5, 3, 1], [1, 0, 0, 0, 1], node=["a", "a", "b", "b", None]))
    assert frame["estimate"].tolist() == [2, 2]


@pytest.mark.parametrize("horizon", [0, -1, None, math.inf, math.nan, "5", True])
def test_a_horizon_is_a_number_above_zero(horizon):
    with pytest.raises(UsageError, match="horizon_years is a number of years above 0, as 5"):
        RestrictedMean("node", horizon)


def test_words_that_do_not_exist():
    cohort = cohort_of(**ARMS)
    with pytest.raises(UsageError, match="there is no group of 'arm' to refer to 'c'.*there are: a, b"):
        RestrictedMean("arm", 4).contrast(cohort, "c")
    with pytest.raises(UsageError, match="everybody has the one group 'all': there is nothing to compare it with"):
        RestrictedMean(None, 4).contrast(cohort, "all")
    with pytest.raises(UsageError, match="the cohort knows no causes of its events: name the column and declare its codes"):
        RestrictedMean("arm", 4).years_lost(cohort)
    with_causes = Cohort.from_frame(pd.DataFrame({"t": [1, 2], "d": [1, 2]}), {"years": "t", "event": "d"}, "years", causes={0: "none", 1: "a", 2: "b"})
    with pytest.raises(UsageError, match="there is no cause 'c'.*there are: a, b"):
        RestrictedMean(None, 1, cause="c").years_lost(with_causes)


def test_the_curve_of_a_group_beyond_follow_up_loses_no_years_either():
    cohort = Cohort.from_frame(pd.DataFrame({"t": [1, 2, 3], "d": [1, 2, 0]}), {"years": "t", "event": "d"}, "years", causes={0: "none", 1: "a", 2: "b"})
    with pytest.warns(DataWarning, match="is 3 years"):
        frame = RestrictedMean(None, 4).years_lost(cohort)
    assert frame["estimate"].isna().all() and frame["n_event"].tolist() == [1, 1]


def test_adjusted_wants_everybody_from_time_zero():
    cohort = cohort_of(**ARMS, x=range(8), entry_years=[0.5] + [0] * 7)
    with pytest.raises(InputError, match="late, or in pieces: .*contrast\\(\\) takes delayed entry"):
        RestrictedMean("arm", 4).adjusted(cohort, "a", "x")


def test_adjusted_refuses_covariates_that_say_nothing():
    cohort = cohort_of(**ARMS, one=[1.0] * 8, same=[0.0] * 4 + [1.0] * 4)
    with pytest.raises(InputError, match="one is constant among the rows fitted"):
        RestrictedMean("arm", 4).adjusted(cohort, "a", "one")
    with pytest.raises(InputError, match=r"same follows exactly from arm\[T.b\]"):
        RestrictedMean("arm", 4).adjusted(cohort, "a", "same")


def test_adjusted_says_what_is_left_out():
    arms = {name: [*values, *values] for name, values in ARMS.items()}
    cohort = cohort_of(**arms, x=[0.0, 1, 1, 0, 0, 1, 1, None] * 2)
    with pytest.warns(DataWarning, match="2 of 16 rows are left out of the model, as a covariate is missing"):
        assert RestrictedMean("arm", 4).adjusted(cohort, "a", "x")["estimate"].notna().all()
    with pytest.warns(DataWarning) as said:
        frame = RestrictedMean("arm", 4).adjusted(cohort_of(**ARMS, x=[0, 1, 2, 5, None, None, None, None]), "a", "x")
    assert frame["estimate"].isna().all()
    assert any("'b' is missing: no row of it, or of its reference, has every covariate" in str(each.message) for each in said)


def test_adjusted_beyond_follow_up():
    with pytest.warns(DataWarning, match="follow-up of 2 groups ends before 6 years: missing there; the longest horizon that all reach is 5 years"):
        frame = RestrictedMean("arm", 6).adjusted(cohort_of(**(ARMS | {"years": [1, 2, 3, 5.5, 2, 3, 5, 5]}), x=[0, 1, 1, 0, 0, 1, 1, 0]), "a", "x")
    assert frame[["estimate", "std_error", "p_value"]].isna().all().all() and len(frame) == 3


def test_a_group_that_loses_nothing_has_no_adjusted_ratio_of_the_time_lost():
    cohort = cohort_of([1, 2, 3, 5, 6, 6, 7, 8], [1, 1, 1, 0, 0, 0, 0, 0], arm=list("aaaabbbb"), x=[0, 1, 1, 0, 0, 1, 1, 0])
    with pytest.warns(DataWarning, match="adjusted restricted-time-lost-ratio of 'b' is missing: its model has no solution"):
        frame = RestrictedMean("arm", 4).adjusted(cohort, "a", "x").set_index("measure")
    assert frame["estimate"].isna().tolist() == [False, False, True]


def test_three_groups_are_each_compared_with_the_reference_alone():
    cohort = cohort_of([1, 2, 3, 5, 2, 3, 5, 5, 1, 1, 2, 6], [1, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 0], arm=list("aaaabbbbcccc"), x=[0, 1, 1, 0] * 3)
    both = RestrictedMean("arm", 4).adjusted(cohort, "b", "x")
    assert both["group"].tolist() == ["a"] * 3 + ["c"] * 3
    alone = RestrictedMean("arm", 4).adjusted(cohort.where("arm != 'c'"), "b", "x")
    pd.testing.assert_frame_equal(both.iloc[:3], alone)


def test_a_kernel_without_any_time():
    assert restricted_mean(np.zeros(0), np.zeros(0), np.zeros(0), 5.0) == (5.0, 0.0)


def test_a_reference_may_be_named_by_its_value():
    cohort = cohort_of(TIMES, EVENTS, grade=[1, 2] * 3, er=[True, False] * 3)
    pd.testing.assert_frame_equal(RestrictedMean("grade", 5).contrast(cohort, 1), RestrictedMean("grade", 5).contrast(cohort, "1"))
    assert RestrictedMean("er", 5).contrast(cohort, True)["reference"].unique().tolist() == ["True"]
