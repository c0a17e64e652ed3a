"""Kaplan-Meier, follow-up, person-years and log-rank as their users meet them: shapes, options, thin data, warnings."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.columns import CURVES, ESTIMATES, QUANTILES, TESTS, check
from survival_nodes.errors import DataWarning, UsageError
from survival_nodes.estimates.follow_up import FollowUp
from survival_nodes.estimates.kaplan_meier import KaplanMeier
from survival_nodes.estimates.log_rank import LogRank, adjusted_p
from survival_nodes.estimates.person_years import PersonYears


def make(years, event, endpoint="overall", **columns) -> Cohort:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # a handful of patients followed for a year or two
        rows = pd.DataFrame({"years": years, "event": event, **columns})
        return Cohort.from_frame(rows, time_unit="years", endpoint=endpoint, causes=None)


FOUR = {"years": [1, 2, 3, 6], "event": [1, 1, 0, 0]}
GROUPED = make([1, 2, 3, 6, 2, 4, 5, 6, 1, 7, 8, 9], [1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0], node=[*"aaaabbbbcccc"], er=[*"+-+-+-+-+-+-"])


# ---- frames ------------------------------------------------------------------------------------------------------------------

def test_frames_fit_the_dictionary():
    assert not check(KaplanMeier("node")(GROUPED), ESTIMATES)
    assert not check(KaplanMeier("node").curve(GROUPED), CURVES)
    assert not check(KaplanMeier("node").quantiles(GROUPED), QUANTILES)
    assert not check(KaplanMeier("node").conditional(GROUPED, 1), ESTIMATES)
    assert not check(FollowUp("node")(GROUPED), QUANTILES)
    assert not check(PersonYears("node")(GROUPED), ESTIMATES)
    for frame in (LogRank("node")(GROUPED), LogRank("node").pairwise(GROUPED), LogRank("node").trend(GROUPED)):
        assert not check(frame, TESTS)


def test_groups_cross_and_stand_in_level_order():
    frame = KaplanMeier(["node", "er"], at_years=1)(GROUPED)
    assert frame["group"].tolist() == ["a | +", "a | -", "b | +", "b | -", "c | +", "c | -"]


def test_estimates_stop_where_follow_up_stops():
    frame = KaplanMeier(at_years=(0, 2, 6, 6.01))(make(**FOUR))
    assert frame["estimate"].tolist()[:3] == [1.0, 0.5, 0.5] and math.isnan(frame["estimate"].iloc[3])
    assert frame[["std_error", "conf_low", "conf_high"]].iloc[3].isna().all()
    assert frame["n_risk"].tolist() == [4, 3, 1, 0]
    assert frame["n_event"].tolist() == [0, 2, 2, 2] and frame["n_censor"].tolist() == [0, 0, 2, 2]


def test_each_group_stops_at_its_own_last_time():
    frame = KaplanMeier("node", at_years=7)(GROUPED).set_index("group")
    assert frame["estimate"].isna().to_dict() == {"a": True, "b": True, "c": False}


def test_curve_has_no_row_at_the_origin():
    assert KaplanMeier().curve(make(**FOUR))["years"].tolist() == [1, 2, 3, 6]


def test_an_event_at_time_zero_is_counted():
    frame = KaplanMeier(at_years=0)(make([0, 0, 5, 6], [1, 0, 0, 1])).iloc[0]
    assert (frame["estimate"], frame["n_risk"], frame["n_event"], frame["n_censor"]) == (0.75, 4, 1, 1)


def test_survival_that_reaches_none_stays_there_though_others_enter():
    cohort = make([2, 2, 8, 9], [1, 1, 1, 0], entry_years=[0, 0, 4, 4])
    curve = KaplanMeier().curve(cohort)
    assert curve["estimate"].tolist() == [0, 0, 0] and curve["n_risk"].tolist() == [2, 2, 1]
    assert curve[["std_error", "conf_low", "conf_high"]].isna().all(axis=None)


def test_those_who_enter_after_survival_reached_none_are_followed_anew():
    # Few are at risk early and all of them die: given survival to 3, the two who enter at 4 are a curve of their own (1 of 2 dies at 8),
    # as in R's survfit(start.time = 3), and as Klein and Moeschberger 2003, section 4.6, do with the residents of Channing House.
    cohort = make([2, 2, 8, 9], [1, 1, 1, 0], entry_years=[0, 0, 4, 4])
    for options in ({}, {"robust": True}):
        row = KaplanMeier(at_years=9, **options).conditional(cohort, 3).iloc[0]
        assert (row["estimate"], row["n_event"], row["n_censor"]) == (1 / 2, 1, 1)
        assert row["std_error"] == pytest.approx(np.sqrt(1 / 2 * 1 / 2 / 2), abs=1e-12)
    assert KaplanMeier(at_years=9).conditional(cohort.where("years < 5"), 3)["estimate"].isna().all()  # nobody comes after 3


def test_nothing_is_uncertain_before_anybody_leaves():
    row = KaplanMeier(at_years=0.5)(make(**FOUR)).iloc[0]
    assert row[["estimate", "std_error", "conf_low", "conf_high"]].tolist() == [1, 0, 1, 1]


def test_one_patient():
    curve = KaplanMeier().curve(make([5], [1]))
    assert curve[["years", "estimate", "n_risk"]].values.tolist() == [[5, 0, 1]]
    assert KaplanMeier().quantiles(make([5], [1]))["years"].tolist() == [5]


def test_methods_and_estimands_are_named():
    frame = KaplanMeier(conf_type="log", estimator="nelson-aalen")(make(**FOUR))
    assert set(frame["method"]) == {"Nelson-Aalen, log interval"} and set(frame["estimand"]) == {"observed"}
    assert set(KaplanMeier(estimator="fleming-harrington")(make(**FOUR))["method"]) == {"Fleming-Harrington, log-log interval"}
    assert set(KaplanMeier().conditional(make(**FOUR), 2)["method"]) == {"Kaplan-Meier given survival to 2 years, log-log interval"}
    for endpoint, estimand in (("disease-free", "observed"), ("breast-cancer", "cause-specific")):
        frame = KaplanMeier()(make(**FOUR, endpoint=endpoint))
        assert set(frame["estimand"]) == {estimand} and set(frame["endpoint"]) == {endpoint} and frame["cause"].isna().all()


def test_a_cause_censors_the_others():
    rows = pd.DataFrame({"years": [1, 2, 3, 6], "event": [1, 1, 1, 0], "cause": ["other", "breast-cancer", "other", "none"]})
    cohort = Cohort.from_frame(rows, time_unit="years")
    with pytest.warns(DataWarning, match="other causes compete with 'breast-cancer'"):  # 1 - S is 1/3, the incidence 1/4
        frame = KaplanMeier(at_years=3, cause="breast-cancer")(cohort).iloc[0]
    assert frame["estimate"] == pytest.approx(2 / 3) and (frame["n_event"], frame["n_censor"]) == (1, 2)
    assert (frame["cause"], frame["estimand"]) == ("breast-cancer", "cause-specific")
    assert PersonYears(cause="other").table(cohort)["events"].item() == 2
    with pytest.raises(UsageError, match="there is no cause 'infection'"):
        KaplanMeier(cause="infection")(cohort)


def test_conditional_leaves_out_times_before():
    frame = KaplanMeier(at_years=(1, 2, 3)).conditional(make(**FOUR), 1)
    assert frame["years"].tolist() == [2, 3] and frame["estimate"].tolist() == pytest.approx([2 / 3, 2 / 3])
    with pytest.raises(UsageError, match="no time of at_years lies after given_years=3"):
        KaplanMeier(at_years=(1, 3)).conditional(make(**FOUR), 3)


def test_follow_up_is_missing_where_everybody_has_the_event():
    assert FollowUp()(make([1, 2, 3], [1, 1, 1]))["years"].isna().all()
    assert FollowUp(probs=(0.25, 0.5))(make([1, 2, 3, 6], [0, 0, 0, 0]))["years"].tolist() == [1.5, 2.5]


def test_person_years_without_time_have_no_rate():
    table = PersonYears().table(make([0, 0], [1, 0]))
    assert table["person_years"].item() == 0 and table[["rate", "conf_low", "conf_high"]].isna().all(axis=None)
    assert math.isnan(PersonYears()(make([0, 0], [1, 0]))["std_error"].item())


def test_person_years_of_no_events():
    row = PersonYears().table(make([2, 3], [0, 0])).iloc[0]
    assert (row["rate"], row["conf_low"]) == (0, 0) and row["conf_high"] == pytest.approx(-math.log(0.025) / 5)


# ---- options -----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("make_estimator", "said"), [
    (lambda: KaplanMeier(conf_level=95), "conf_level is a fraction between 0 and 1, as 0.95, not 95; did you mean 0.95?"),
    (lambda: KaplanMeier(conf_level=1), "conf_level is a fraction"),
    (lambda: KaplanMeier(conf_level="high"), "conf_level is a fraction"),
    (lambda: PersonYears(conf_level=0), "conf_level is a fraction"),
    (lambda: KaplanMeier(conf_type="loglog"), "conf_type is one of log-log, log, plain, logit, arcsine, not 'loglog'"),
    (lambda: FollowUp(conf_type="wald"), "conf_type is one of"),
    (lambda: KaplanMeier(estimator="breslow"), "estimator is one of kaplan-meier, nelson-aalen, fleming-harrington, not 'breslow'"),
    (lambda: KaplanMeier(at_years=(1, -1)), "at_years wants times in years, 0 or more"),
    (lambda: KaplanMeier(at_years=()), "at_years wants"),
    (lambda: KaplanMeier(at_years="5"), "at_years wants"),
    (lambda: KaplanMeier(at_years=(1, float("nan"))), "at_years wants"),
    (lambda: FollowUp(probs=(0, 0.5)), "probs wants fractions between 0 and 1"),
    (lambda: KaplanMeier().quantiles(GROUPED, probs=(50,)), "probs wants fractions between 0 and 1"),
    (lambda: LogRank("node", weight="wilcoxon"), "weight is one of gehan, tarone-ware, peto-peto, not 'wilcoxon'"),
    (lambda: LogRank("node", weight="gehan", rho=1), "two ways to weight"),
    (lambda: LogRank("node", rho=-1), "rho is a number, 0 or more, not -1"),
    (lambda: LogRank("node", gamma="1"), "gamma is a number"),
    (lambda: LogRank(None), "by names the column"),
    (lambda: LogRank("node").pairwise(GROUPED, adjust="sidak"), "adjust is one of holm, hochberg, bonferroni, BH, none, not 'sidak'"),
    (lambda: LogRank("node").trend(GROUPED, scores=(1, 2)), r"scores wants 3 finite numbers, one for each group \(a, b, c\)"),
    (lambda: LogRank("node").trend(GROUPED, scores={"a": 1, "b": 2}), r"scores lack 'c'"),
    (lambda: LogRank("node").trend(GROUPED, scores=(2, 2, 2)), r"scores are alike for all groups \(a, b, c\)"),
])
def test_a_wrong_option_is_said(make_estimator, said):
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        make_estimator()


def test_times_need_not_be_sorted_and_one_may_stand_alone():
    assert KaplanMeier(at_years=(3, 1))(make(**FOUR))["years"].tolist() == [3, 1]
    assert KaplanMeier(at_years=3).at_years == (3.0,)
    assert KaplanMeier(at_years=np.array([1, 3])).at_years == (1.0, 3.0)


def test_options_but_the_groups_are_by_keyword_only():
    with pytest.raises(TypeError):
        KaplanMeier("node", (1, 5))
    with pytest.raises(TypeError):
        LogRank("node", "er")


# ---- log-rank ----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("options", "name"), [
    ({}, "log-rank"), ({"rho": 1.0}, "Fleming-Harrington (rho 1, gamma 0)"), ({"rho": 0.5, "gamma": 2}, "Fleming-Harrington (rho 0.500, gamma 2)"),
    ({"weight": "gehan"}, "Gehan"), ({"weight": "tarone-ware"}, "Tarone-Ware"), ({"weight": "peto-peto"}, "Peto-Peto"),
    ({"strata": "er"}, "log-rank, stratified by er"),
])
def test_tests_are_named(options, name):
    frame = LogRank("node", **options)(GROUPED)
    assert frame["test"].item() == name and frame["comparison"].item() == "a vs b vs c" and frame["df"].item() == 2
    assert frame["p_adjusted"].isna().all()


def test_trends_are_named():
    assert LogRank("node").trend(GROUPED)["test"].item() == "log-rank trend"
    assert LogRank("node", weight="gehan", strata="er").trend(GROUPED)["test"].item() == "Gehan trend, stratified by er"


def test_scores_by_label_and_in_order_are_the_same():
    in_order, by_label = (LogRank("node").trend(GROUPED, scores=scores) for scores in ((0, 1, 5), {"c": 5, "a": 0, "b": 1}))
    pd.testing.assert_frame_equal(in_order, by_label)
    assert in_order["statistic"].item() != LogRank("node").trend(GROUPED)["statistic"].item()


def test_pairs_are_tested_on_their_own_patients():
    frame = LogRank("node").pairwise(GROUPED)
    assert frame["comparison"].tolist() == ["a vs b", "a vs c", "b vs c"]
    alone = LogRank("node")(GROUPED.where(lambda rows: rows["node"] != "b"))
    assert frame["statistic"].iloc[1] == alone["statistic"].item()
    assert (frame["p_adjusted"] >= frame["p_value"]).all()
    assert LogRank("node").pairwise(GROUPED, adjust="none")["p_adjusted"].isna().all()


# R: p.adjust(c(.01, .04, .03, NA, .5), method = ...)
@pytest.mark.parametrize(("adjust", "expected"), [
    ("holm", [0.04, 0.09, 0.09, math.nan, 0.5]), ("bonferroni", [0.04, 0.16, 0.12, math.nan, 1]), ("BH", [0.04, 0.16 / 3, 0.16 / 3, math.nan, 0.5])])
def test_adjusted_p_values(adjust, expected):
    np.testing.assert_allclose(adjusted_p(np.array([0.01, 0.04, 0.03, math.nan, 0.5]), adjust), expected, rtol=1e-12)


def test_strata_without_a_second_group_add_nothing():
    extra = make([*GROUPED.column("years"), 2.5, 3.5], [*GROUPED.column("event"), 1, 0], node=[*GROUPED.column("node"), "a", "a"], er=[*GROUPED.column("er"), "?", "?"])
    assert LogRank("node", strata="er")(extra)["statistic"].item() == pytest.approx(LogRank("node", strata="er")(GROUPED)["statistic"].item(), abs=1e-12)


def test_missing_strata_are_left_out_and_said():
    cohort = make(**FOUR, node=[*"aabb"], er=["+", "+", "+", None])
    with pytest.warns(DataWarning, match="1 of 4 rows have no value in 'er'"):
        table = LogRank("node", strata="er").observed_expected(cohort)
    assert table["n"].tolist() == [2, 1]


@pytest.mark.parametrize(("cohort", "said"), [
    (make(**FOUR, node="a"), r"a test compares two groups or more, and 'node' makes one \(a\)"),
    (make([1, 2, 3, 6], [0, 0, 0, 0], node=[*"aabb"]), "nobody in the groups of 'node' has the event"),
    (make([2, 2, 8, 9], [1, 0, 1, 0], node=[*"aabb"], entry_years=[0, 0, 4, 4]), "never at risk at an event of the other"),
    (make([1, 2, 3, 6], [0, 0, 1, 0], node=[*"aabb"]), "never at risk at an event of the other"),  # not: "rests on the events expected"
])
def test_where_nothing_can_be_tested_the_result_is_missing_and_said(cohort, said):
    for call in (LogRank("node"), LogRank("node").trend):
        with pytest.warns(DataWarning, match=said):
            row = call(cohort).iloc[0]
        assert math.isnan(row["statistic"]) and math.isnan(row["p_value"]) and row["df"] == 0
    with pytest.warns(DataWarning, match=said) if cohort.groups("node").labels != ("a",) else pytest.warns(DataWarning):
        pairs = LogRank("node").pairwise(cohort)
    assert pairs["p_value"].isna().all() and pairs["p_adjusted"].isna().all()


def test_a_group_without_events_is_tested_and_said():
    # The one event at 3 of 4 at risk, 2 of them in b: expected 1/2 there, and 2/3 at 4.
    cohort = make([3, 4, 5, 6], [1, 1, 0, 0], node=[*"aabb"])
    with pytest.warns(DataWarning, match=r"no events in b \('node'\): the test rests on the events expected there"):
        row = LogRank("node")(cohort).iloc[0]
    assert row["statistic"] == pytest.approx((1 / 2 + 2 / 3) ** 2 / (1 / 4 + 2 / 9))


def test_all_censored_is_no_error():
    cohort = make([1, 2, 3, 6], [0, 0, 0, 0])
    frame = KaplanMeier(at_years=2)(cohort).iloc[0]
    assert frame["estimate"] == 1 and frame["std_error"] == 0
    assert KaplanMeier().quantiles(cohort)["years"].isna().all()


def test_scores_are_found_by_numbers_too():
    cohort = make([1, 2, 3, 6, 4, 5], [1, 1, 1, 0, 1, 1], grade=[1, 1, 2, 2, 3, 3])
    by_number, by_label = (LogRank("grade").trend(cohort, scores=scores) for scores in ({1: 0, 2: 1, 3: 5}, {"1": 0, "2": 1, "3": 5}))
    pd.testing.assert_frame_equal(by_number, by_label)


def test_a_column_of_single_patients_does_not_fill_a_warning_with_them():
    cohort = make(range(1, 41), [1, *[0] * 39], name=[f"patient {number}" for number in range(40)])
    with pytest.warns(DataWarning, match="and 29 more") as said:
        LogRank("name")(cohort)
    assert all(len(str(each.message)) < 400 for each in said)
