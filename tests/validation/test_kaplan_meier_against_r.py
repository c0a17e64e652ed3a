"""Kaplan-Meier, its variance, intervals, quantiles and counts against R's survfit, to 1e-9.

Origin of the numbers: `r/km_reference.R`, which makes `r/km_reference.csv` from `inputs/` with the R package survival.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest

from survival_nodes.counting import group_counts
from survival_nodes.estimates.follow_up import FollowUp
from survival_nodes.estimates.kaplan_meier import KaplanMeier
from survival_nodes.kernels.product_limit import fleming_harrington, nelson_aalen, product_limit

equal = partial(np.testing.assert_allclose, rtol=0, atol=1e-9)
ESTIMATORS = {"stype=2 ctype=1": "nelson-aalen", "stype=2 ctype=2": "fleming-harrington"}
PROBS = {"p25": 0.25, "p50": 0.5, "p75": 0.75}
# R's rows that are not met, each with its reason.
LEFT = {
    "timefix=FALSE": "near-equal times are one time here, as in R by default (test_times_apart_by_rounding_are_one_time)",
    "n_risk of synB": "R's summary counts those who enter late up to the next exit time as at risk already (test_late_entries_are_not_at_risk_before_they_enter)",
}


def conf_type(method: str) -> str:
    return method.split()[0].replace("arcsin", "arcsine")


def split(group: str) -> tuple[str | None, str]:
    """R writes a group as column=level."""
    by, _, level = group.partition("=")
    return (by, level) if level else (None, "all")


def at_times(cohort, spec, group: str, times: pd.Series, **options) -> pd.DataFrame:
    by, label = split(group)
    frame = KaplanMeier(by, at_years=tuple(times / spec.per_year), **options)(cohort)
    return frame[frame["group"] == label]


def by_group_and_time(rows: pd.DataFrame):
    for group, own in rows.groupby("group"):
        yield group, own.pivot(index="time", columns="statistic", values="value").reset_index()


def one_group(cohort, group: str):
    by, label = split(group)
    return next(counts for counts in group_counts(cohort, by) if counts.label == label)


@pytest.mark.reference_cases("km")
def test_survival_standard_error_and_counts(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    spec, cohort = data_set(dataset), validation_cohort(dataset)
    for group, r in by_group_and_time(reference_rows(dataset, analysis)):
        ours = at_times(cohort, spec, group, r["time"])
        equal(ours["estimate"], r["surv"])
        equal(ours["std_error"], r["std_err"])
        equal(ours[["n_event", "n_censor"]], r[["cum_events", "cum_censored"]])
        counts = one_group(cohort, group)
        if f"n_risk of {dataset}" not in LEFT:
            equal(ours["n_risk"], r["n_risk"])
        hazard, variance = hazard_at(counts, cohort, r["time"] / spec.per_year, nelson_aalen)
        equal(hazard, r["cumhaz"])
        equal(np.sqrt(variance), r["std_chaz"])


@pytest.mark.reference_cases("km_alt")
def test_cumulative_hazards_and_the_survival_made_of_them(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    spec, cohort = data_set(dataset), validation_cohort(dataset)
    rows = reference_rows(dataset, analysis)
    for group, r in by_group_and_time(rows[rows["method"] == method]):
        ours = at_times(cohort, spec, group, r["time"], estimator=ESTIMATORS.get(method, "kaplan-meier"))
        equal(ours["estimate"], r["surv"])
        equal(ours["std_error"], r["std_err"])
        kernel = nelson_aalen if method.endswith("ctype=1") else fleming_harrington
        hazard, variance = hazard_at(one_group(cohort, group), cohort, r["time"] / spec.per_year, kernel)
        equal(hazard, r["cumhaz"])
        equal(np.sqrt(variance), r["std_chaz"])


def hazard_at(counts, cohort, years, kernel):
    step = np.searchsorted(counts.ticks, cohort.clock.position(years), side="right")
    return (np.append(0, column)[step] for column in kernel(counts.n_risk, counts.n_event))


@pytest.mark.reference_cases("km_ci")
def test_five_intervals(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    rows = reference_rows(dataset, analysis)
    for group, r in by_group_and_time(rows[rows["method"] == method]):
        ours = at_times(validation_cohort(dataset), data_set(dataset), group, r["time"], conf_type=conf_type(method))
        equal(ours[["conf_low", "conf_high"]], r[["lower", "upper"]])


@pytest.mark.reference_cases("km_quantile", "reverse_km")
def test_quantiles(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    if method.endswith("timefix=FALSE"):
        assert LEFT["timefix=FALSE"]
        return
    spec, cohort = data_set(dataset), validation_cohort(dataset)
    rows = reference_rows(dataset, analysis)
    for group, own in rows[rows["method"] == method].groupby("group"):
        r = own.pivot(index="term", columns="statistic", values="value")
        by, label = split(group)
        probs = tuple(PROBS[term] for term in r.index)
        if analysis == "reverse_km":
            frame = FollowUp(by, probs=probs, conf_type="log")(cohort)
        else:
            frame = KaplanMeier(by, conf_type=conf_type(method)).quantiles(cohort, probs=probs)
        equal(frame.loc[frame["group"] == label, ["years", "conf_low", "conf_high"]] * spec.per_year, r[["quantile", "lower", "upper"]])


@pytest.mark.reference_cases("km_counts")
def test_counts_of_a_group(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    cohort = validation_cohort(dataset)
    for group, own in reference_rows(dataset, analysis).groupby("group"):
        r, counts = own.set_index("statistic")["value"], one_group(cohort, group)
        longest = cohort.clock.years(counts.ticks).max() * data_set(dataset).per_year
        ours = [counts.n, counts.n_event.sum(), counts.n_censor.sum(), longest, len(counts.ticks)]
        equal(ours, r[["n", "events", "censored", "max_time", "n_distinct_times"]])


@pytest.mark.reference_cases("km_curve")
def test_curve_at_every_time(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    if method.endswith("timefix=FALSE"):
        assert LEFT["timefix=FALSE"]
        return
    cohort, rows = validation_cohort(dataset), reference_rows(dataset, analysis)
    for group, r in by_group_and_time(rows[rows["method"] == method]):
        by, label = split(group)
        frame = KaplanMeier(by, conf_type="log").curve(cohort)
        ours = frame[frame["group"] == label]
        equal(ours["years"] * data_set(dataset).per_year, r["time"])
        equal(ours[["estimate", "conf_low", "conf_high", "n_risk"]], r[["surv", "lower", "upper", "n_risk"]])
        equal(ours[["n_event", "n_censor"]], r[["n_event", "n_censor"]].cumsum())
        counts = one_group(cohort, group)
        equal(np.sqrt(product_limit(counts.n_risk, counts.n_event)[1]), r["std_err_logS"])


@pytest.mark.reference_cases("conditional_survival")
def test_conditional_survival(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    # R: survfit on those still followed at two years. Here it is a part of the whole curve.
    spec = data_set(dataset)
    for group, r in by_group_and_time(reference_rows(dataset, analysis)):
        by, label = split(group)
        frame = KaplanMeier(by, at_years=tuple(r["time"] / spec.per_year), conf_type="log").conditional(validation_cohort(dataset), 2)
        ours = frame[frame["group"] == label]
        equal(ours[["estimate", "std_error", "conf_low", "conf_high"]], r[["surv", "std_err", "lower", "upper"]])


def test_late_entries_are_not_at_risk_before_they_enter(reference_rows, validation_cohort, data_set):
    cohort, rows = validation_cohort("synB"), data_set("synB").read()
    differing = 0
    for group, r in by_group_and_time(reference_rows("synB", "km")):
        counts = one_group(cohort, group)
        own = rows if group == "all" else rows[rows["node"] == split(group)[1]]
        direct = [((own["entry"] < time) & (own["exit"] >= time)).sum() for time in r["time"]]
        equal(at_times(cohort, data_set("synB"), group, r["time"])["n_risk"], direct)
        following = counts.ticks[np.searchsorted(counts.ticks, r["time"])]
        equal(counts.at_risk(following), r["n_risk"])  # what R's summary gives: at risk at the next exit time
        differing += (np.array(direct) != r["n_risk"]).sum()
    assert differing == 6


def test_times_apart_by_rounding_are_one_time(reference_rows, validation_cohort):
    rows = reference_rows("edge:timefix_fuzz", "km_curve")
    unmerged = rows[(rows["method"] == "KM timefix=FALSE") & (rows["statistic"] == "n_risk")]
    ours = KaplanMeier("group").curve(validation_cohort("edge:timefix_fuzz"))
    assert unmerged["value"].tolist() == [8, 6, 5, 4, 3, 2, 1]  # R without timefix: 0.3 and 0.2999... apart
    assert ours["n_risk"].tolist() == [8, 5, 3, 1]
