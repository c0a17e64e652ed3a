"""Dickman PW, Coviello E (2015) Estimating and modeling relative survival. Stata J 15:186-215; and P. Dickman's tutorials at pauldickman.com.

Localised colon carcinoma in Finland, Stata's strs and stnet. The data (colon.dta and popmort.dta there) are not kept here: exported as `colon.csv`
(sex, age, stage, yydx, surv_mm, status) and `colon_popmort.csv` (sex, _year, _age, prob) they are read from the folder that the environment
names. strs looks a rate up at the start of an interval, by whole years of age and of diagnosis: ``rates="start"``.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.net_survival import NetSurvival
from survival_nodes.life_tables import LifeTable

FOLDER = Path(os.environ.get("SURVIVAL_NODES_REFERENCE", "")) / "data"
HELD = all((FOLDER / name).exists() for name in ("colon.csv", "colon_popmort.csv"))
pytestmark = pytest.mark.skipif(not HELD, reason="colon.csv and colon_popmort.csv (P. Dickman's colon.dta and popmort.dta) are not in $SURVIVAL_NODES_REFERENCE/data")
SPREAD = 0.004  # between programs on the same figure


def localised(**rules) -> sn.Cohort:
    frame = pd.read_csv(FOLDER / "colon.csv")
    frame = frame[frame["stage"].isin([1, "Localised", "localised"])]
    frame = frame.assign(
        sex=frame["sex"].map({1: "male", 2: "female", "Male": "male", "Female": "female"}),
        died=frame["status"].isin([1, 2, "Dead: cancer", "Dead: other"]).astype(int), diagnosis_date=frame["yydx"].astype(int).astype(str) + "-01-02")
    for name, (low, high) in rules.items():
        frame = frame[frame[name].between(low, high)]
    return sn.Cohort.from_frame(frame[["sex", "age", "surv_mm", "died", "diagnosis_date"]], {"years": "surv_mm", "event": "died"}, "months")


def estimate(cohort: sn.Cohort, **options) -> list[float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # ages are whole, and follow-up goes beyond the table
        table = LifeTable.read(FOLDER / "colon_popmort.csv", year_advances="calendar")
        return NetSurvival(life_table=table, **options)(cohort)["estimate"].tolist()


def test_yearly_ederer_ii_by_sex():
    found = estimate(localised(), by="sex", method="ederer-ii", at_years=(5,), intervals=sn.Intervals(12, rates="start"))
    assert sorted(found) == pytest.approx([0.7715, 0.7828], abs=5e-5)  # men, women


@pytest.mark.parametrize(("method", "printed"), [("ederer-ii", [0.9207, 0.7755, 0.7065]), ("pohar-perme", [0.9202, 0.7797, 0.7198])])
def test_monthly_from_hazards(method, printed):
    found = estimate(localised(), method=method, at_years=(1, 5, 10), intervals=sn.Intervals(1, form="hazard", rates="start"))
    assert found == pytest.approx(printed, abs=5e-5 if method == "ederer-ii" else SPREAD)


@pytest.mark.parametrize(("years", "printed"), [((1975, 1984), [0.7559, 0.7489, 0.7560, 0.7527]), ((1985, 1994), [0.8075, 0.8005, 0.8086, 0.8049])])
def test_four_methods_by_period_of_diagnosis(years, printed):
    found = [
        estimate(localised(yydx=years), method=method, at_years=(5,), intervals=sn.Intervals(1, rates="start"))[0]
        for method in ("ederer-i", "ederer-ii", "hakulinen", "pohar-perme")]
    assert found == pytest.approx(printed, abs=SPREAD)


@pytest.mark.parametrize(("method", "printed"), [("ederer-ii", [0.77712, 0.78745]), ("pohar-perme", [0.78027, 0.78819])])
def test_age_standardised_by_sex(method, printed):
    weights = {"<45": 0.07, "45-54": 0.12, "55-64": 0.23, "65-74": 0.29, "75+": 0.29}
    found = estimate(localised(), by="sex", method=method, at_years=(5,), intervals=sn.Intervals(1, rates="start"), standard=weights)
    assert sorted(found) == pytest.approx(printed, abs=SPREAD)
