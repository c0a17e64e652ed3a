"""Restricted means, their contrasts and years lost against R: closed forms to 1e-9, the log-linked models to 1e-6 relative.

Origin of the numbers: `r/restricted_mean_reference.R`, which makes `r/restricted_mean_reference.csv` from `inputs/` with the R package
survival; on further data sets survRM2 made them. R's are in the unit of the cohort's follow-up, ours in years.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.kaplan_meier import KaplanMeier
from survival_nodes.estimates.restricted_mean import RestrictedMean

HERE = Path(__file__).parent
MEASURES = {"RMST difference": "restricted-mean-difference", "RMST ratio": "restricted-mean-ratio", "RMTL ratio": "restricted-time-lost-ratio"}
TEN_DIGITS = 1e-9


def by_of(method: str, default: str) -> tuple[str, str, str]:
    """Read R's name of a comparison, as `ngrp 10+ vs 0`, `im=2 vs im=1` or `ITC vs N0`: column, group, reference."""
    group, reference = re.sub(r" adjusted .*", "", method).split(" vs ")
    if "=" in group:
        return group.split("=")[0], group.split("=")[1], reference.split("=")[1]
    column, _, level = group.rpartition(" ")
    return column or default, level, reference


def two_groups(cohort: Cohort, by: str, levels: set[str]) -> Cohort:
    return cohort.where(np.isin(np.array([*cohort.groups(by).labels])[cohort.groups(by).codes], list(levels)))


def r_of(rows: pd.DataFrame, group: str, term: str) -> pd.Series:
    return rows[(rows["group"] == group) & (rows["term"] == term)].set_index("statistic")["value"]


@pytest.mark.reference_cases("rmst")
def test_means(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    cohort, unit = validation_cohort(dataset), data_set(dataset).per_year
    rows = reference_rows(dataset, analysis)
    for (group, time), own in rows[rows["method"] == method].groupby(["group", "time"]):
        by, level = (None, "all") if group == "all" else group.split("=")
        ours = RestrictedMean(by, time / unit)(cohort).set_index("group").loc[level]
        mean, std_error = (float(ours[name]) * unit for name in ("estimate", "std_error"))
        r = own.set_index("statistic")["value"]
        np.testing.assert_allclose([mean, std_error, time - mean], r[["rmst", "se", "rmtl"]], rtol=0, atol=TEN_DIGITS)


@pytest.mark.reference_cases("rmst2")
def test_contrasts(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    spec = data_set(dataset)
    by, group, reference = by_of(method, spec.by)
    cohort = two_groups(validation_cohort(dataset), by, {group, reference})
    covariates = re.search(r"adjusted for (.*)", method)
    rows = reference_rows(dataset, analysis)
    for time, own in rows[rows["method"] == method].groupby("time"):
        estimator = RestrictedMean(by, time / spec.per_year)
        if "difference model" in method:
            check_coefficients(estimator, cohort, reference, own, spec.per_year)
            continue
        frame = estimator.adjusted(cohort, reference, covariates[1]) if covariates else estimator.contrast(cohort, reference)
        check_contrasts(frame.set_index("measure"), own, spec.per_year, closed=not covariates)
        if not covariates:
            check_arms(estimator(cohort).set_index("group").loc[[reference, group]], own, time, spec.per_year)


def check_contrasts(frame: pd.DataFrame, own: pd.DataFrame, unit: float, closed: bool):
    for term, measure in MEASURES.items():
        r, scale = r_of(own, "arm1 vs arm0", term), unit if term == "RMST difference" else 1.0
        ours = frame.loc[measure, ["estimate", "conf_low", "conf_high"]].astype(float) * scale
        tolerance = {"rtol": 0 if closed or scale > 1 else 1e-6, "atol": TEN_DIGITS if closed or scale > 1 else 0}
        np.testing.assert_allclose(ours, r[["est", "lower", "upper"]], **tolerance)
        np.testing.assert_allclose(frame.loc[measure, "p_value"], r["p"], rtol=0, atol=TEN_DIGITS if closed else 1e-8)


def check_arms(frame: pd.DataFrame, own: pd.DataFrame, time: float, unit: float):
    for arm, (_, row) in zip(("arm0", "arm1"), frame.iterrows(), strict=True):
        mean, std_error, low, high = (float(row[name]) * unit for name in ("estimate", "std_error", "conf_low", "conf_high"))
        np.testing.assert_allclose([mean, std_error, low, high], r_of(own, arm, "rmst")[["est", "se", "lower", "upper"]], rtol=0, atol=TEN_DIGITS)
        lost = r_of(own, arm, "rmtl")[["est", "se", "lower", "upper"]]
        np.testing.assert_allclose([time - mean, std_error, time - high, time - low], lost, rtol=0, atol=TEN_DIGITS)
        # In squared days: 1e-9 beside the size of the number.
        np.testing.assert_allclose(std_error**2, r_of(own, arm, "rmst.var")["var"], rtol=TEN_DIGITS)


def check_coefficients(estimator: RestrictedMean, cohort: Cohort, reference: str, own: pd.DataFrame, unit: float):
    terms = [term for term in own["term"].unique() if term not in {"intercept", "arm"}]
    frame = estimator.adjusted_coefficients(cohort, reference, " + ".join(terms))
    assert len(frame) == len(terms) + 2
    for place, term in enumerate(["intercept", "arm", *terms]):
        r, row = r_of(own, "all", term), frame.iloc[place]
        ours = [row[name] * unit for name in ("coefficient", "std_error", "conf_low", "conf_high")]
        np.testing.assert_allclose(ours, r[["coef", "se.coef.", "lower..95", "upper..95"]], rtol=TEN_DIGITS, atol=TEN_DIGITS)
        np.testing.assert_allclose([row["z"], row["p_value"]], r[["z", "p"]], rtol=0, atol=1e-8)


@pytest.fixture(scope="module")
def cohort_with_causes() -> Cohort:
    """synA with causes: of those with the event, every third patient by number has cause 2, the others cause 1 (as in the R script)."""
    frame = pd.read_csv(HERE / "inputs" / "synA.csv")
    cause = np.where(frame["status"] == 0, 0, np.where(frame["id"] % 3 == 0, 2, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return Cohort.from_frame(
            frame.assign(cause=cause)[["id", "time_months", "cause", "node"]], {"patient_id": "id", "years": "time_months", "event": "cause"}, "months",
            causes={0: "none", 1: "cause 1", 2: "cause 2"})


@pytest.mark.parametrize("horizon", [36, 60, 120])
@pytest.mark.parametrize("by", [None, "node"])
def test_years_lost(by, horizon, reference_rows, cohort_with_causes):
    rows = reference_rows("synA_causes", "restricted_time_in_state")
    ours = RestrictedMean(by, horizon / 12).years_lost(cohort_with_causes)
    lived = RestrictedMean(by, horizon / 12)(cohort_with_causes).assign(cause="event-free")
    ours = pd.concat([ours, lived])
    assert len(ours) == 3 * (1 if by is None else 4)
    for _, row in ours.iterrows():
        group = "all" if by is None else f"node={row['group']}"
        r = r_of(rows[rows["time"] == horizon], group, row["cause"])
        np.testing.assert_allclose([row["estimate"] * 12, row["std_error"] * 12], r[["years_lost", "se"]], rtol=0, atol=TEN_DIGITS)


def test_the_area_is_that_of_the_curve(validation_cohort):
    cohort = validation_cohort("synA")
    curve = KaplanMeier().curve(cohort).query("years <= 5")
    steps = np.append(1.0, curve["estimate"]) * np.diff(np.concatenate(([0], curve["years"], [5])))
    assert RestrictedMean(None, 5)(cohort)["estimate"].item() == pytest.approx(steps.sum(), abs=1e-12)


def test_kept_numbers_are_r_s(tmp_path):
    rscript = shutil.which("Rscript")
    if rscript is None or subprocess.run([rscript, "-e", "library(survival)"], capture_output=True).returncode:
        pytest.skip("Rscript with the package survival is not installed here")
    subprocess.run([rscript, str(HERE / "r" / "restricted_mean_reference.R"), str(HERE / "inputs"), str(tmp_path)], check=True, capture_output=True)
    kept, anew = (pd.read_csv(path / "restricted_mean_reference.csv", keep_default_na=False) for path in (HERE / "r", tmp_path))
    keys = list(kept.columns[:-1])
    kept, anew = (each.set_index(keys)["value"].astype(float).sort_index() for each in (kept, anew))
    assert kept.index.is_unique and kept.index.equals(anew.index)
    np.testing.assert_allclose(kept, anew, rtol=1e-9, atol=1e-12)
