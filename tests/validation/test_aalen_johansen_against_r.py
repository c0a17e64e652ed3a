"""Incidences of competing causes, their standard errors, intervals and the naive curve against R, to 1e-9.

Origin of the numbers: `r/incidence_reference.R`, which makes `r/incidence_reference.csv` from `inputs/` with the R package survival;
and, where the full reference is there, its rows of `cif`, `cif_ci` and `naive_1_minus_KM`.
"""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.counting import group_counts
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.aalen_johansen import AalenJohansen
from survival_nodes.kernels.aalen_johansen import years_lost

equal = partial(np.testing.assert_allclose, rtol=0, atol=1e-9)
CAUSES = {0: "none", 1: "cause 1", 2: "cause 2"}
SEX = {"F": "female", "M": "male"}
# How far the standard errors of other packages may lie from R's survfit, which defines the variance as here.
OTHER_VARIANCE = 0.07
# R's rows that are not met, each with its reason.
LEFT = {"cmprsk std_err, var": "cuminc defines the variance of an incidence differently: its standard errors are met within 7%"}


def with_cause(rows: pd.DataFrame) -> pd.DataFrame:
    """Every third patient's event is of cause 2, as in the script."""
    return rows.assign(cause=np.where(rows["status"] == 1, 1 + (rows["id"] % 3 == 0), 0))


@pytest.fixture
def committed(data_set):
    """`committed(name)`: synA or synB with a cause."""
    def cohort(name: str) -> Cohort:
        spec = data_set(name)
        columns = {canonical: own for canonical, own in spec.columns.items() if canonical != "event"} | {"cause": "cause"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            return Cohort.from_frame(with_cause(spec.read()), columns, spec.time_unit, levels=spec.levels, causes=CAUSES)
    return cohort


def split(group: str) -> tuple[str | None, str]:
    """R writes a group as column=level."""
    by, _, level = group.partition("=")
    return (by, SEX.get(level, level)) if level else (None, "all")


def pairs(rows: pd.DataFrame, cohort: Cohort, per_year: float, naive: bool = False, **options):
    """Give what R has and what stands here, group by group and cause by cause."""
    for (group, cause), own in rows.groupby(["group", "term"]):
        r = own.pivot(index="time", columns="statistic", values="value").reset_index()
        by, label = split(group)
        estimator = AalenJohansen(by, at_years=tuple(r["time"] / per_year), **options)
        frame = estimator.naive(cohort) if naive else estimator(cohort)
        yield r, frame[(frame["group"] == label) & (frame["cause"] == cause)]


def check_incidences(rows: pd.DataFrame, cohort: Cohort, per_year: float) -> None:
    for method, of_method in rows.groupby("method"):
        for r, ours in pairs(of_method, cohort, per_year, conf_type="plain"):
            equal(ours["estimate"], r["cif"])
            assert len(ours) == len(r)
            if method.startswith("cmprsk"):
                assert LEFT["cmprsk std_err, var"]
                np.testing.assert_allclose(ours["std_error"], r["std_err"], rtol=OTHER_VARIANCE)
            elif "std_err" in r:
                equal(ours["std_error"], r["std_err"])
            if "n_risk" in r:
                equal(ours["n_risk"], r["n_risk"])
            if "lower" in r:
                equal(ours[["conf_low", "conf_high"]], r[["lower", "upper"]])


def check_limits(rows: pd.DataFrame, cohort: Cohort, per_year: float) -> None:
    for method, of_method in rows.groupby("method"):
        for r, ours in pairs(of_method, cohort, per_year, conf_type=method.partition("conf.type=")[2]):
            equal(ours[["conf_low", "conf_high"]], r[["lower", "upper"]])


def check_naive(rows: pd.DataFrame, cohort: Cohort, per_year: float) -> None:
    for r, ours in pairs(rows, cohort, per_year, naive=True):
        equal(ours["estimate"], r["est"])
        equal(ours["std_error"], r["std_err"])


CHECKS = {"cif": check_incidences, "cif_ci": check_limits, "naive_1_minus_KM": check_naive}


@pytest.mark.reference_cases("cif", "cif_ci", "naive_1_minus_KM")
def test_rows_of_the_reference(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    rows = reference_rows(dataset, analysis)
    CHECKS[analysis](rows[rows["method"] == method], validation_cohort(dataset), data_set(dataset).per_year)


@pytest.mark.parametrize("analysis", CHECKS)
def test_rows_of_the_kept_script(analysis, reference_rows, committed):
    rows = reference_rows("synA_cr", analysis)
    assert set(rows["group"]) == {"all", "node=N0", "node=ITC", "node=micromet", "node=macromet"}
    CHECKS[analysis](rows, committed("synA"), 12)


def test_delayed_entry(reference_rows, committed):
    check_incidences(reference_rows("synB_cr", "cif"), committed("synB"), 365.25)


def test_time_lost_to_each_cause(reference_rows, committed):
    cohort = committed("synA")
    for (group, horizon), own in reference_rows("synA_cr", "restricted_time_in_state").groupby(["group", "time"]):
        by, label = split(group)
        counts = next(each for each in group_counts(cohort, by, ("cause 1", "cause 2")) if each.label == label)
        lost, variance = years_lost(cohort.clock.times(counts.ticks), counts.n_risk, counts.events, horizon)
        r = own.pivot(index="term", columns="statistic", values="value")
        equal(lost, r["rmean"])
        equal(np.sqrt(variance), r["se"])
