"""Weighted Kaplan-Meier with both variances against R's survfit, to 1e-9.

Origin of the numbers: `r/km_weighted_reference.R`, which makes `r/km_weighted_reference.csv` from `inputs/` with the R package
survival; and the rows of the full reference.
"""

from __future__ import annotations

import re
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.estimates.kaplan_meier import KaplanMeier

equal = partial(np.testing.assert_allclose, rtol=0, atol=1e-9)
PROBS = {"p25": 0.25, "p50": 0.5, "p75": 0.75}
HAZARDS = {"ctype=1": "nelson-aalen", "ctype=2": "fleming-harrington"}
# R's rows that are not met, each with its reason.
LEFT = {
    "n_risk of synB": "R's summary counts those who enter late up to the next exit time as at risk already (the script keeps no such row)",
    "limits of stype=2 robust=TRUE": "survfit 3.5-3 takes one standard error for another there (the script keeps the standard error of the hazard only)",
}


def made_columns(name: str, cohort: Cohort) -> pd.DataFrame:
    """The weights and clusters that the R script derives from columns of the data."""
    rows = cohort.frame
    number = rows["patient_id"].astype(int)
    if name == "synB":
        return pd.DataFrame({"ward": number % 23, "repeats": 1 + number % 3, "part": (1 + rows["age_entry"] % 7) / 4})
    if name == "btrial":
        months = np.rint(rows["years"] * 12)
        return pd.DataFrame({"ward": number % 6, "repeats": months % 3, "part": (1 + months % 5) / 4})
    return pd.DataFrame(index=rows.index)


def model_of(method: str, by: str | None, **options) -> KaplanMeier:
    weights = re.search(r"weights=(\w+)", method)
    cluster = re.search(r"cluster=(\w+)", method)
    options["estimator"] = next((name for ctype, name in HAZARDS.items() if ctype in method), "kaplan-meier")
    return KaplanMeier(
        by, weights=weights.group(1) if weights else "wt", robust="robust=TRUE" in method, cluster=cluster.group(1) if cluster else None,
        conf_type="log", **options)


@cache
def with_made_columns(name: str, cohort: Cohort) -> Cohort:
    return cohort.with_columns(made_columns(name, cohort))


def groups_of(rows: pd.DataFrame, method: str, index: str):
    """R's rows of one method, group by group: column to group by, level, table by `index`."""
    for group, own in rows[rows["method"] == method].groupby("group"):
        by, _, label = group.partition("=")
        yield (by if label else None), label or "all", own.pivot(index=index, columns="statistic", values="value").reset_index()


@pytest.mark.reference_cases("km_weighted")
def test_survival_variance_limits_and_counts(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    cohort, per_year = with_made_columns(dataset, validation_cohort(dataset)), data_set(dataset).per_year
    ours_of = {"surv": "estimate", "std_err": "std_error", "lower": "conf_low", "upper": "conf_high", "n_risk": "n_risk", "cum_events": "n_event",
               "cum_censored": "n_censor"}
    for by, label, r in groups_of(reference_rows(dataset, analysis), method, "time"):
        frame = model_of(method, by, at_years=tuple(r["time"] / per_year))(cohort)
        ours = frame[frame["group"] == label]
        known = ours["estimate"].notna().to_numpy()
        assert known.sum() >= len(r) - 1  # a last time of weight 0 ends no follow-up of ours
        for theirs in r.columns.drop("time"):
            equal(ours[ours_of[theirs]][known].astype(float), r[theirs][known], err_msg=theirs)


@pytest.mark.reference_cases("km_weighted_hazard")
def test_cumulative_hazards(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    cohort, per_year = with_made_columns(dataset, validation_cohort(dataset)), data_set(dataset).per_year
    for by, label, r in groups_of(reference_rows(dataset, analysis), method, "time"):
        frame = model_of(method, by, at_years=tuple(r["time"] / per_year))(cohort)
        ours = frame[frame["group"] == label]
        known = ours["estimate"].notna().to_numpy()
        assert known.sum() >= len(r) - 1
        equal(ours["estimate"][known], r["surv"][known])
        equal((ours["std_error"] / ours["estimate"])[known], r["std_chaz"][known])


@pytest.mark.reference_cases("km_weighted_quantile")
def test_quantiles(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    cohort, per_year = with_made_columns(dataset, validation_cohort(dataset)), data_set(dataset).per_year
    for by, label, r in groups_of(reference_rows(dataset, analysis), method, "term"):
        frame = model_of(method, by).quantiles(cohort, probs=tuple(PROBS[term] for term in r["term"]))
        ours = frame[frame["group"] == label]
        equal(ours[["years", "conf_low", "conf_high"]] * per_year, r[["quantile", "lower", "upper"]])


@pytest.mark.reference_cases("km_weighted_conditional")
def test_conditional_survival(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    # R: survfit on the rows whose follow-up is longer than twelve months.
    cohort, per_year = with_made_columns(dataset, validation_cohort(dataset)), data_set(dataset).per_year
    for by, label, r in groups_of(reference_rows(dataset, analysis), method, "time"):
        frame = model_of(method, by, at_years=tuple(r["time"] / per_year)).conditional(cohort, 1)
        ours = frame[frame["group"] == label]
        known = ours["estimate"].notna().to_numpy()
        equal(ours[["estimate", "std_error", "conf_low", "conf_high"]][known], r[["surv", "std_err", "lower", "upper"]][known])


@pytest.mark.reference_cases("naive_1_minus_KM")
@pytest.mark.filterwarnings("ignore:other causes compete:survival_nodes.errors.DataWarning")  # it is the mistake that is measured here
def test_one_minus_survival_of_a_cause(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    rows = reference_rows(dataset, analysis)
    for (group, cause), own in rows.groupby(["group", "term"]):
        by, _, level = group.partition("=")
        r = own.pivot(index="time", columns="statistic", values="value").reset_index()
        frame = KaplanMeier(by if level else None, cause=cause, at_years=tuple(r["time"] / data_set(dataset).per_year))(validation_cohort(dataset))
        ours = frame[frame["group"] == ({"F": "female", "M": "male"}.get(level, level) or "all")]
        equal(1 - ours["estimate"], r["est"])
        equal(ours["std_error"], r["std_err"])
