"""R's cumulative hazards of fourteen made-up patients, and survexp.us as R users export it: `r/life_table_reference.R`."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survival_nodes.kernels.life_table_paths import LifeTablePaths
from survival_nodes.life_tables import LifeTable

HERE = Path(__file__).parent
METHODS = ("survexp.us to 2014", *(f"made, {habit}, {days}" for days in ("365.25", "365.241") for habit in ("calendar", "birthday")))
EXPORTS = ("numbered.csv", "blanks.txt", "tabs.txt", "decimal_commas.csv", "unnamed.csv")


def to_2014() -> LifeTable:
    us = LifeTable.bundled("us")
    return replace(us, rates=us.rates[:, : 2015 - 1940], years=us.years[: 2015 - 1940])


def life_table(method: str) -> LifeTable:
    if method.startswith("survexp.us"):
        return to_2014()
    _, habit, days = method.split(", ")
    return LifeTable.read(HERE / "inputs" / "life_table_made.csv", float(days), habit)


@pytest.fixture(scope="module")
def made_anew(tmp_path_factory) -> Path:
    rscript = shutil.which("Rscript")
    if rscript is None or subprocess.run([rscript, "-e", "library(survival)"], capture_output=True).returncode:
        pytest.skip("Rscript with the package survival is not installed here")
    folder = tmp_path_factory.mktemp("r")
    subprocess.run([rscript, str(HERE / "r" / "life_table_reference.R"), str(HERE / "inputs"), str(folder)], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("method", METHODS)
def test_cumulative_hazards_are_r_s(method):
    """The patients pass birthdays, New Years, leap days, 1940, 2014 and 110 years of age; some ages and times are no whole days."""
    rows = pd.read_csv(HERE / "r" / "life_table_reference.csv").query("method == @method")
    patients = pd.read_csv(HERE / "inputs" / "life_table_patients.csv")
    assert rows["group"].tolist() == [f"id={number}" for number in patients["id"]]
    table = life_table(method)
    date, age = pd.to_datetime(patients["date"]).to_numpy().astype("datetime64[D]").astype(float), patients["age_days"].to_numpy()
    paths = LifeTablePaths(table.daily, table.year_cuts, table.age_cuts, table.strata(patients), table.on_the_clock(date - age, date), age)
    # R walks in steps and cuts a step of half a day by subtraction: hence 1e-11, not the last digit.
    np.testing.assert_allclose(paths.cumulative_hazard(patients["time"].to_numpy()), rows["value"], rtol=1e-11)


def test_kept_numbers_are_r_s(made_anew):
    kept, anew = (pd.read_csv(folder / "life_table_reference.csv") for folder in (HERE / "r", made_anew))
    pd.testing.assert_frame_equal(kept.drop(columns="value"), anew.drop(columns="value"))
    np.testing.assert_allclose(kept["value"], anew["value"], rtol=1e-12)
    assert set(kept["method"]) == set(METHODS)


@pytest.mark.parametrize("export", EXPORTS)
def test_survexp_us_as_r_exports_it_is_the_bundled_table(made_anew, export):
    """As as.data.frame(as.table(survexp.us)) goes through write.csv, write.table and write.csv2, and where the dimensions have lost their names."""
    theirs, ours = LifeTable.read(made_anew / f"survexp_us_{export}"), to_2014()
    assert theirs.dimensions == ours.dimensions and (theirs.years == ours.years).all() and (theirs.ages == ours.ages).all()
    np.testing.assert_allclose(theirs.rates, ours.rates, rtol=1e-12, atol=0)
