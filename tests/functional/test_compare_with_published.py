"""A cohort beside published figures: what is comparable, what is not and why, and verdicts worked out by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from scipy.stats import norm

from survival_nodes.cohort import Cohort
from survival_nodes.columns import COMPARISONS, ESTIMATES, PUBLISHED, check, frame_of
from survival_nodes.comparisons import compare_with_published, registry_release
from survival_nodes.errors import InputError, UsageError
from survival_nodes.estimates.kaplan_meier import KaplanMeier
from survival_nodes.literature.published import CLAIM, published_rates

Z = norm.ppf(0.975)
ALL = published_rates(include_caveats=True)


def estimates(**changes) -> pd.DataFrame:
    """Give ESTIMATES of one row: survival of everybody at five years, changed as asked; lists give several rows."""
    row = {"endpoint": "overall", "group": "all", "years": 5.0, "estimand": "observed", "method": "Kaplan-Meier, log-log interval", "estimate": 0.90,
           "std_error": 0.004, "conf_low": 0.892, "conf_high": 0.908, "conf_level": 0.95} | changes
    n = max((len(value) for value in row.values() if isinstance(value, list)), default=1)
    return frame_of(ESTIMATES, {name: value if isinstance(value, list) else [value] * n for name, value in row.items()})


def net(**changes) -> pd.DataFrame:
    return estimates(**{"estimand": "net", "method": "Pohar Perme", **changes})


def rate(rate_id: str) -> pd.DataFrame:
    return ALL[ALL["rate_id"] == rate_id]


def made_up(**changes) -> pd.DataFrame:
    """Give PUBLISHED of one made-up row."""
    row = {"rate_id": "made-up", "study": "A study", "category": "all", "endpoint": "overall", "estimand": "observed", "years": 5, "estimate": 0.9,
           "tier": "A", "ship": "yes"} | changes
    return frame_of(PUBLISHED, [row])


def only(comparison: pd.DataFrame) -> pd.Series:
    assert len(comparison) == 1
    return comparison.iloc[0]


def said(comparison: pd.DataFrame) -> str:
    row = only(comparison)
    return f"{row['verdict']}: {row['reason']}"


SEER = "seer-2013-2019-regional-5y"


def test_relative_survival_is_not_observed_survival():
    found = compare_with_published(estimates(), rate(SEER), 0.02)
    assert said(found) == "not comparable: published figure is relative survival, cohort has observed survival"
    assert (only(found)["observed"], only(found)["published"]) == (0.90, 0.863)
    assert only(found)[["difference", "difference_low", "difference_high"]].isna().all()


def test_the_claim_is_not_observed_survival_either():
    assert said(compare_with_published(estimates(), rate(CLAIM), 0.02)) == "not comparable: published figure is relative survival, cohort has observed survival"


@pytest.mark.parametrize(("ours", "theirs", "reason"), [
    ({"estimand": "cause-specific", "cause": "breast-cancer"}, SEER, "published figure is relative survival, cohort has cause-specific survival"),
    ({"estimand": "net", "method": "Pohar Perme"}, "ncdb-observed-stage-i-os-5y", "published figure is observed survival, cohort has net survival"),
    ({"estimand": "net", "method": "ederer-ii"}, "ncdb-observed-stage-i-os-5y", "published figure is observed survival, cohort has relative survival"),
    ({"endpoint": "disease-free"}, "ncdb-observed-stage-i-os-5y", "published figure is overall survival, cohort has disease-free survival"),
    ({"endpoint": "relapse"}, "ncdb-observed-stage-i-os-5y", "published figure is overall survival, cohort has survival free of 'relapse'"),
    ({"endpoint": "recurrence"}, "senomac-2024-macro-sentinel-1-2-dissection-rfs-5y",
     "published figure is recurrence-free survival, deaths included, cohort has freedom from recurrence"),
    ({"estimand": "cumulative-incidence", "cause": "breast-cancer"}, "andersson-2010-micro-bcss-5y",
     "published figure is cause-specific survival, cohort has cumulative incidence"),
    ({"estimand": "cause-specific", "cause": "other"}, "andersson-2010-micro-bcss-5y",
     "published figure is breast-cancer survival, cohort has survival free of 'other'"),
    ({"years": [1.0, 3.0, 10.0]}, "ncdb-observed-stage-i-os-5y", "published figure is at 5 years, cohort has 1, 3, 10 years"),
    ({"years": 2.5}, "ncdb-observed-stage-i-os-5y", "published figure is at 5 years, cohort has 2.50 years"),
    ({"estimate": math.nan, "std_error": math.nan}, "ncdb-observed-stage-i-os-5y", "cohort has no estimate at 5 years"),
    ({"estimand": "net", "method": "ederer-ii"}, "acs-2025-localized-5y", "published figure is a lower bound, not an estimate"),
    ({"group": "micro"}, "ncdb-observed-stage-i-os-5y", "published figure is for stage-i, cohort group is micro"),
])
def test_what_is_unlike_is_not_compared(ours, theirs, reason):
    found = compare_with_published(estimates(**ours), rate(theirs), 0.02)
    assert said(found) == f"not comparable: {reason}"
    assert found["difference"].isna().all()


def test_death_from_breast_cancer_is_an_endpoint_of_its_own():
    of_a_cause = compare_with_published(estimates(estimand="cause-specific", cause="breast-cancer"), rate("andersson-2010-micro-bcss-5y"), 0.02)
    as_endpoint = compare_with_published(estimates(estimand="cause-specific", endpoint="breast-cancer"), rate("andersson-2010-micro-bcss-5y"), 0.02)
    pd.testing.assert_frame_equal(of_a_cause, as_endpoint)
    assert only(of_a_cause)["endpoint"] == "breast-cancer" and only(of_a_cause)["verdict"] != "not comparable"


def test_both_uncertainties_where_an_interval_is_printed():
    # IBCSG 23-01: 87.8% (84.4 to 91.2); standard error (91.2 - 84.4) / (2 z) points; ours 0.4 points.
    row = only(compare_with_published(estimates(endpoint="disease-free"), rate("ibcsg-2301-2013-micro-no-dissection-dfs-5y"), 0.02))
    error = math.hypot(0.004, (0.912 - 0.844) / (2 * Z))
    assert row["difference"] == pytest.approx(0.90 - 0.878, abs=1e-12)
    assert row["difference_low"] == pytest.approx(0.022 - Z * error, abs=1e-12)
    assert row["difference_high"] == pytest.approx(0.022 + Z * error, abs=1e-12)
    assert (row["published_low"], row["published_high"]) == (0.844, 0.912)
    assert row["verdict"] == "inconclusive"
    assert row["reason"] == "the interval of the difference reaches across 2.0 percentage points"


def test_the_interval_has_the_coverage_of_the_estimates():
    row = only(compare_with_published(estimates(conf_level=0.90), made_up(estimate=0.9, conf_low=0.88, conf_high=0.92, conf_level=0.95), 0.02))
    assert row["difference_high"] == pytest.approx(norm.ppf(0.95) * math.hypot(0.004, 0.02 / Z), abs=1e-12)


@pytest.mark.parametrize(("observed", "verdict"), [(0.8725, "consistent"), (0.90, "differs"), (0.884, "inconclusive"), (0.82, "differs")])
def test_a_printed_86_is_any_value_that_rounds_to_it(observed, verdict):
    row = only(compare_with_published(net(estimate=observed, conf_low=observed - 0.002, conf_high=observed + 0.001), rate(CLAIM), 0.02))
    assert row["difference_low"] == pytest.approx(observed - 0.002 - 0.865, abs=1e-12)
    assert row["difference_high"] == pytest.approx(observed + 0.001 - 0.855, abs=1e-12)
    assert row["verdict"] == verdict
    assert "published without an interval, taken as 85.5% to 86.5%" in row["reason"] and "the figure is the claim under test" in row["reason"]
    assert math.isnan(row["published_low"]) and math.isnan(row["published_high"])


def test_a_printed_tenth_is_narrower():
    row = only(compare_with_published(net(estimate=0.865, conf_low=0.861, conf_high=0.869, method="ederer-ii"), rate(SEER), 0.02))
    assert row["difference_high"] - row["difference_low"] == pytest.approx(0.008 + 0.001, abs=1e-12)
    assert row["verdict"] == "consistent"
    assert row["reason"] == "the interval of the difference lies within 2.0 percentage points; published without an interval, taken as 86.25% to 86.35%"


def test_methods_of_net_survival_are_compared_and_named():
    assert only(compare_with_published(net(), rate(SEER), 0.02))["reason"].endswith("; published by Ederer II, cohort by Pohar Perme")
    assert "published by a method not stated, cohort by Ederer II" in only(compare_with_published(net(method="ederer-ii"), rate(CLAIM), 0.02))["reason"]
    assert "published by" not in only(compare_with_published(net(method="Ederer II, log interval"), rate(SEER), 0.02))["reason"]


def test_a_caveat_is_told():
    assert "to be checked against its primary page" in only(compare_with_published(estimates(), rate("ncdb-observed-stage-i-os-5y"), 0.02))["reason"]


def test_an_estimate_without_events_tells_nothing():
    row = only(compare_with_published(estimates(estimate=1.0, std_error=0.0, conf_low=1.0, conf_high=1.0), made_up(), 0.02))
    assert row["verdict"] == "inconclusive" and "nobody has had the event" in row["reason"]
    assert row["difference"] == pytest.approx(0.1) and math.isnan(row["difference_low"])


def test_an_interval_stands_in_for_a_standard_error():
    row = only(compare_with_published(estimates(std_error=math.nan), made_up(estimate=0.9, conf_low=0.9, conf_high=0.9), 0.02))
    assert row["difference_high"] == pytest.approx(0.008, abs=1e-12)


NODES = ["negative", "itc", "micro", "macro"]


def test_nodal_groups_meet_figures_of_their_category():
    found = compare_with_published(estimates(group=NODES), published_rates(endpoint="overall", years=5), 0.02)
    pairs = found.merge(ALL[["rate_id", "category"]], on="rate_id")
    assert set(pairs["category"]) == {"negative", "negative-h-and-e", "negative-ihc", "micro", "macro"}
    assert all(category.startswith(group) for group, category in zip(pairs["group"], pairs["category"], strict=True))
    assert "published group is negative-ihc" in found.set_index("rate_id").loc["z0010-2011-negative-ihc-os-5y", "reason"]


def test_where_no_category_fits_every_pair_is_listed():
    found = compare_with_published(estimates(group=NODES), rate(SEER), 0.02)
    assert list(found["group"]) == NODES
    assert set(found["reason"]) == {"published figure is relative survival, cohort has observed survival"}


def test_any_other_group_meets_what_the_caller_chose():
    found = compare_with_published(estimates(group=["1-3", "4-9"]), published_rates("node-positive", endpoint="overall", years=5), 0.02)
    assert len(found) == 2 * 6 and list(found["group"][:6]) == ["1-3"] * 6


def test_a_quantity_that_can_be_compared_goes_before_one_that_cannot():
    both = pd.concat([estimates(), net()], ignore_index=True)
    assert only(compare_with_published(both, rate(SEER), 0.02))["estimand"] == "net"
    assert only(compare_with_published(both.iloc[::-1], rate(SEER), 0.02))["estimand"] == "net"


def test_ratios_are_passed_over():
    found = compare_with_published(estimates(group="itc"), published_rates("itc"), 0.02)
    assert list(found["rate_id"]) == ["b32-weaver-2011-itc-bcss-5y"]
    assert len(compare_with_published(estimates(), published_rates("itc", endpoint="overall"), 0.02)) == 0
    assert list(compare_with_published(estimates(), published_rates("itc", endpoint="overall"), 0.02).columns) == COMPARISONS.names


def test_every_row_of_the_registry_can_be_met():
    # The default registry against every kind of survival a cohort can have: no failure, and every verdict has its reason.
    ours = pd.concat([estimates(years=[3.0, 5.0, 8.0, 10.0], **kind) for kind in (
        {}, {"estimand": "net", "method": "ederer-ii"}, {"estimand": "cause-specific", "cause": "breast-cancer"},
        *({"endpoint": endpoint} for endpoint in ("disease-free", "distant-disease-free", "recurrence", "recurrence-free", "event-free")))])
    found = compare_with_published(ours, ALL, 0.02)
    assert check(found, COMPARISONS) == ()
    assert set(found["rate_id"]) == set(ALL.loc[ALL["estimate"].notna(), "rate_id"])
    assert list(found.loc[found["verdict"] == "not comparable", "rate_id"]) == ["acs-2025-localized-5y"]
    assert found["reason"].notna().all()


def test_from_patients_to_verdict():
    # 500 patients of whom 450 live beyond five years, nobody censored before: survival 0.9, variance 0.9 x 0.1 / 500, the upper limit on
    # the log-log scale 0.9 to the power of exp(-z se / (0.9 |log 0.9|)).
    frame = pd.DataFrame({"years": [2.0] * 50 + [6.0] * 450, "event": [1] * 50 + [0] * 450, "nodal_category": "micro"})
    cohort = Cohort.from_frame(frame, time_unit="years")
    found = compare_with_published(KaplanMeier("nodal_category")(cohort), rate("mittendorf-2015-z0010-micro-os-5y"), 0.02)
    row = only(found)
    assert row["difference"] == pytest.approx(0.9 - 0.967, abs=1e-12)
    reach = Z * math.sqrt(0.9 * 0.1 / 500) / (0.9 * abs(math.log(0.9)))
    assert row["difference_high"] == pytest.approx(0.9 ** math.exp(-reach) - (0.967 - 0.0005), abs=1e-9)
    assert row["verdict"] == "differs"


@pytest.mark.parametrize("tolerance", [0, -0.02, 1, 2, "0.02", None, True, math.nan])
def test_a_tolerance_must_be_stated(tolerance):
    with pytest.raises(UsageError, match="tolerance is a fraction of survival between 0 and 1, as 0.02"):
        compare_with_published(estimates(), rate(SEER), tolerance)


EDGE = 1e-9
D = 0.02


@pytest.mark.parametrize(("low", "high", "verdict"), [
    (0.865 - D, 0.855 + D, "consistent"),
    (0.865 - D + EDGE, 0.855 + D - EDGE, "consistent"),
    (0.865 - D - EDGE, 0.860, "inconclusive"),
    (0.860, 0.855 + D + EDGE, "inconclusive"),
    (0.850, 0.870, "consistent"),
    (0.820, 0.855 - D - EDGE, "differs"),
    (0.820, 0.855 - D + EDGE, "inconclusive"),
    (0.865 + D + EDGE, 0.920, "differs"),
    (0.865 + D - EDGE, 0.920, "inconclusive"),
    (0.80, 0.95, "inconclusive"),
])
def test_the_rule_on_86_holds_to_its_edges(low, high, verdict):
    """Equivalence with every value that 86 may stand for: 90% limits within [86.5 - d, 85.5 + d]; different wholly outside [85.5 - d, 86.5 + d]."""
    ours = net(estimate=math.sqrt(low * high), conf_low=low, conf_high=high, conf_level=0.90, std_error=0.01)
    assert only(compare_with_published(ours, rate(CLAIM), D))["verdict"] == verdict


@pytest.mark.parametrize(("d", "low", "high"), [(0.01, 0.855, 0.865), (0.03, 0.835, 0.885), (0.005, 0.860, 0.860)])
def test_the_region_follows_the_tolerance(d, low, high):
    # 86.5 - d to 85.5 + d: with d of half a point nothing but a point remains.
    inside = net(estimate=0.86, conf_low=low, conf_high=high, conf_level=0.90)
    assert only(compare_with_published(inside, rate(CLAIM), d))["verdict"] == "consistent"
    assert only(compare_with_published(inside.assign(conf_high=high + EDGE), rate(CLAIM), d))["verdict"] != "consistent"


def test_the_limits_are_taken_on_their_own_scale():
    # Net survival has limits S exp(-+z se / S): not symmetric about S.
    row = only(compare_with_published(net(estimate=0.86, conf_low=0.86 * math.exp(-0.03), conf_high=0.86 * math.exp(0.03)), rate(CLAIM), D))
    assert row["difference_low"] == pytest.approx(0.86 * math.exp(-0.03) - 0.865, abs=1e-15)
    assert row["difference_high"] == pytest.approx(0.86 * math.exp(0.03) - 0.855, abs=1e-15)


def test_without_limits_the_standard_error_stands_in():
    row = only(compare_with_published(net(estimate=0.86, std_error=0.005, conf_low=math.nan, conf_high=math.nan, conf_level=0.9), rate(CLAIM), D))
    assert row["difference_high"] == pytest.approx(0.86 + norm.ppf(0.95) * 0.005 - 0.855, abs=1e-12)


def test_net_survival_above_one_is_compared_as_it_is():
    row = only(compare_with_published(net(estimate=1.01, conf_low=1.002, conf_high=1.018, method="Ederer II"), rate("seer-2013-2019-localized-5y"), D))
    assert row["observed"] == 1.01 and row["difference"] == pytest.approx(1.01 - 0.993, abs=1e-12) and row["verdict"] == "inconclusive"


STANDARDISED = "Ederer II, actuarial, 1-month intervals, age-standardised (ICSS 1, traditional), log interval"


def test_an_age_standardised_estimate_is_never_held_against_a_figure_that_is_not():
    found = compare_with_published(net(method=STANDARDISED), rate(SEER), D)
    assert said(found) == "not comparable: published figure is not age-standardised, cohort's estimate is"
    theirs = made_up(estimand="net", method="ederer-ii, age-standardised (ICSS 1)")
    assert said(compare_with_published(net(method="Ederer II"), theirs, D)) == "not comparable: published figure is age-standardised, cohort's estimate is not"
    assert only(compare_with_published(net(method=STANDARDISED), theirs, D))["verdict"] != "not comparable"


@pytest.mark.parametrize(("group", "figure", "reason"), [
    ("node-positive", SEER, "published for regional stage, which also takes in direct extension without nodes, cohort's set is node-positive"),
    ("regional", CLAIM, "published for positive nodes, cohort's set is regional stage, which also takes in direct extension without nodes"),
])
def test_a_set_that_overlaps_is_compared_and_the_difference_said(group, figure, reason):
    row = only(compare_with_published(net(group=group), rate(figure), D))
    assert row["verdict"] != "not comparable" and reason in row["reason"]


@pytest.mark.parametrize(("group", "figure"), [("localized", SEER), ("regional", "seer-2013-2019-distant-5y"), ("stage-ii", SEER)])
def test_another_set_is_not_compared(group, figure):
    category = rate(figure)["category"].iloc[0]
    assert said(compare_with_published(net(group=group), rate(figure), D)) == f"not comparable: published figure is for {category}, cohort group is {group}"


def test_the_same_set_needs_no_remark():
    assert "set is" not in only(compare_with_published(net(group="regional"), rate(SEER), D))["reason"]


def test_figures_for_other_years_are_not_compared_unless_asked():
    told = "published for 2013-2019, cohort diagnosed 1998-2004"
    assert said(compare_with_published(net(), rate(SEER), D, diagnosed=(1998, 2004))) == f"not comparable: {told}"
    asked = only(compare_with_published(net(), rate(SEER), D, diagnosed=(1998, 2004), other_years=True))
    assert asked["verdict"] == "differs" and asked["reason"].endswith(f"; {told}, compared as asked")


def test_the_years_are_said_where_they_match_and_where_the_figure_has_none():
    same = only(compare_with_published(net(), rate(SEER), D, diagnosed=(2012, 2018)))
    assert same["verdict"] == "differs" and same["reason"].endswith("; published for 2013-2019, cohort diagnosed 2012-2018")
    assert only(compare_with_published(net(), rate(CLAIM), D, diagnosed=(1998, 2004)))["reason"].endswith(
        "; published without years of diagnosis, cohort diagnosed 1998-2004")


def dated(years: list[int], **columns) -> Cohort:
    frame = pd.DataFrame({"years": [6.0] * len(years), "event": 0, "diagnosis_year": years, **columns})
    return Cohort.from_frame(frame, time_unit="years")


def test_years_are_read_from_the_cohort_and_weighed_by_patients():
    # Three of four patients within 2013-2019.
    most = dated([2010, 2015, 2016, 2019])
    assert only(compare_with_published(net(), rate(SEER), D, diagnosed=most))["verdict"] == "differs"
    few = dated([2010, 2011, 2012, 2019])
    assert said(compare_with_published(net(), rate(SEER), D, diagnosed=few)) == "not comparable: published for 2013-2019, cohort diagnosed 2010-2019"
    by_date = dated([1990, 1990], diagnosis_date=["2014-05-01", "2015-06"])
    assert "cohort diagnosed 2014-2015" in only(compare_with_published(net(), rate(SEER), D, diagnosed=by_date))["reason"]


@pytest.mark.parametrize(("years", "rate_id"), [
    ((1990, 1996), "acs-2000-regional-5y"), ((2007, 2013), "cancernet-2017-regional-5y"), ((2009, 2014), "cancernet-2019-regional-5y"),
    ((2011, 2017), "seer-2011-2017-regional-5y"), ((2013, 2019), SEER), ((2014, 2018), SEER), ((2015, 2021), "seer-2015-2021-regional-5y"),
])
def test_the_release_of_the_cohort_s_years_is_chosen(years, rate_id):
    release = registry_release(years, include_caveats=True)
    assert list(release.rates["rate_id"]) == [rate_id] and check(release.rates, PUBLISHED) == ()
    assert f"cohort diagnosed {years[0]}-{years[1]}" in release.reason


def test_the_trend_that_makes_the_choice_matter():
    # From 77% of about 1989-1996 to 87.2% of 2015-2021.
    chosen = [registry_release(years, include_caveats=True).rates["estimate"].iloc[0] for years in ((1990, 1995), (2008, 2012), (2013, 2019), (2016, 2021))]
    assert chosen == [0.77, 0.85, 0.863, 0.872]


def test_only_confirmed_releases_are_chosen_unless_asked():
    release = registry_release((1998, 2004))
    assert release.rates.empty and release.reason == "no release is for the years of the cohort, diagnosed 1998-2004"
    assert registry_release((2015, 2021)).rates["rate_id"].tolist() == [SEER]
    assert registry_release(dated([2001, 2018, 2018])).reason == (
        "SEER Stat Facts 2013-2019: published for 2013-2019, cohort diagnosed 2001-2018 (66.7% of it in those years)")
    unknown = Cohort.from_frame(pd.DataFrame({"years": [6.0], "event": [0]}), time_unit="years")
    assert "not known" in registry_release(unknown).reason


def test_no_release_is_a_subgroup_or_a_bound():
    for category in ("regional", "localized", "distant", "all"):
        for first in range(1985, 2022):
            chosen = registry_release((first, first + 3), category, include_caveats=True).rates
            assert not chosen["population"].str.contains(";").any() and "acs-2025-localized-5y" not in set(chosen["rate_id"])
            assert set(chosen["category"]) <= {category}


@pytest.mark.parametrize("wrong", [2004, "2004", (2004,), (2010, 2004), (20, 30), (2004.5, 2010)])
def test_years_of_diagnosis_are_checked(wrong):
    with pytest.raises(UsageError, match="diagnosed is a cohort, or its first and last calendar year of diagnosis"):
        compare_with_published(net(), rate(SEER), D, diagnosed=wrong)


def test_frames_of_another_kind_are_refused():
    with pytest.raises(InputError, match="rate_id"):
        compare_with_published(estimates(), estimates(), 0.02)
    with pytest.raises(InputError, match="estimand.*not one of"):
        compare_with_published(estimates(estimand="relative"), rate(SEER), 0.02)
