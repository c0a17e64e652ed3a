"""A patient's way through a life table, by hand: birthdays, New Years, leap days, and what an error of the quantity would cost."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survival_nodes.kernels.life_table_paths import LifeTablePaths
from survival_nodes.life_tables import LifeTable

REFERENCE = os.environ.get("SURVIVAL_NODES_REFERENCE", "")
A, B, C, D = 0.011, 0.013, 0.017, 0.019  # a year: at 49 and 50 in 2000, at 49 and 50 in 2001


def table(year_advances: str, days_per_year: float = 365.25) -> LifeTable:
    return LifeTable([[[A, B], [C, D]]], [2000, 2001], [49, 50], {"sex": ("female",)}, days_per_year=days_per_year, year_advances=year_advances)


def day(text: str) -> float:
    return float((np.datetime64(text) - np.datetime64("1970-01-01")).astype(int))


def cumulative_hazard(life_table: LifeTable, born: str, diagnosed: str, until: str) -> float:
    birth, start = (np.array([day(text)]) for text in (born, diagnosed))
    paths = LifeTablePaths(
        life_table.daily, life_table.year_cuts, life_table.age_cuts, np.zeros(1, dtype=int), life_table.on_the_clock(birth, start), start - birth)
    return float(paths.cumulative_hazard(np.array([day(until) - start[0]]))[0])


def test_the_dates_of_the_hand_worked_patient():
    """Born 1950-07-01: 49 years of 365 days and 12 leap days, then 184 days, to 2000-01-01; 50 x 365.25 days are 181.5 days later."""
    assert day("2000-01-01") - day("1950-07-01") == 49 * 365 + 12 + 184 == 50 * 365.25 - 181.5


def test_with_the_calendar_the_year_advances_on_1_january():
    """181.5 days at 49, the rest of the 366 days of 2000 at 50, then the 365 days of 2001 at 50 (and 51, which the table has not)."""
    expected = (181.5 * A + (366 - 181.5) * B + 365 * D) / 365.25
    assert cumulative_hazard(table("calendar"), "1950-07-01", "2000-01-01", "2002-01-01") == pytest.approx(expected, rel=1e-14)


def test_with_birthdays_the_year_advances_181_days_later():
    """1 July is 181 days after New Year 1950, so 2000 begins 181 days after diagnosis (1999 is held at 2000 before) and lasts 366 days."""
    expected = (181.5 * A + (181 + 366 - 181.5) * B + (731 - 181 - 366) * D) / 365.25
    assert cumulative_hazard(table("birthday"), "1950-07-01", "2000-01-01", "2002-01-01") == pytest.approx(expected, rel=1e-14)


def test_the_days_of_a_year_are_the_table_s_own():
    """With 365.241 days a year the 50th birthday comes 50 x 0.009 days earlier, and a yearly rate is spread over fewer days."""
    expected = (181.05 * A + (366 - 181.05) * B + 365 * D) / 365.241
    assert cumulative_hazard(table("calendar", 365.241), "1950-07-01", "2000-01-01", "2002-01-01") == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(("born", "expected"), [("1951-02-28", 10 * D), ("1952-02-29", 1 * A + 9 * C)])
def test_a_birthday_on_a_leap_day(born, expected):
    """Followed for ten days from 2001-02-28. Who was born 58 days after New Year is in 2001 by then, and 50 (50 x 365.25 days have passed);
    who was born on the leap day, 59 days after, is a day short of 2001, and 49."""
    assert cumulative_hazard(table("birthday"), born, "2001-02-28", "2001-03-10") == pytest.approx(expected / 365.25, rel=1e-13)


def test_a_birth_within_a_day_is_that_day():
    """What rounding leaves of a birth on New Year does not move it into the year before."""
    birth, date = np.array([day("1950-01-01") - 1e-9, day("1950-01-01"), day("1950-01-01") + 0.25]), np.full(3, day("2000-01-01"))
    np.testing.assert_allclose(date - table("birthday").on_the_clock(birth, date), [-1e-9, 0, 0.25], atol=1e-10)


def test_outside_the_table_the_nearest_rate_holds():
    assert cumulative_hazard(table("calendar"), "1900-01-01", "2010-01-01", "2010-12-31") == pytest.approx(364 * D / 365.25, rel=1e-14)
    assert cumulative_hazard(table("calendar"), "1970-01-01", "1990-01-01", "1990-01-11") == pytest.approx(10 * A / 365.25, rel=1e-14)


@pytest.mark.parametrize(("rate", "loss"), [(0.01, 0.005), (0.1, 0.0484), (0.5, 0.2131)])
def test_a_probability_read_as_a_rate_is_too_low(tmp_path, rate, loss):
    """q = 1 - exp(-h), so q / h falls short of 1 by h / 2 where h is small: the error that the documentation states."""
    path = tmp_path / "q.csv"
    path.write_text(f"sex,year,age,qx\nfemale,2000,70,{-math.expm1(-rate)!r}\n", encoding="utf-8")
    right, wrong = LifeTable.read(path), LifeTable.read(path, quantity="rate-per-year")
    assert right.rates.item() == pytest.approx(rate, rel=1e-12)
    assert 1 - wrong.rates.item() / right.rates.item() == pytest.approx(loss, abs=5e-5)


def test_the_bundled_table_is_that_of_the_reference():
    if not REFERENCE:
        pytest.skip("set SURVIVAL_NODES_REFERENCE to the folder of the full reference")
    theirs, ours = LifeTable.read(Path(REFERENCE) / "data" / "ratetable_survexp_us.csv"), LifeTable.bundled("us")
    assert theirs.years.tolist() == ours.years[:75].tolist() == list(range(1940, 2015)) and (theirs.ages == ours.ages).all()
    np.testing.assert_allclose(ours.rates[:, :75], theirs.rates, rtol=1e-12, atol=0)


def test_landmarks_of_the_bundled_table():
    """What anybody knows of mortality in the United States: men die earlier, and 2020 was the first year of a pandemic."""
    us = LifeTable.bundled("us")
    assert us.rates.shape == (2, 81, 110) and us.days_per_year == 365.25 and us.year_advances == "birthday" and not us.open_ended
    assert us.rate(2020, 70, sex="male") > 1.1 * us.rate(2019, 70, sex="male")
    assert all(us.rate(year, 60, sex="male") > us.rate(year, 60, sex="female") for year in us.years)


@pytest.mark.parametrize("days", [365.25, 365.241])
def test_slopop_is_read_with_its_gaps_of_years(days):
    if not REFERENCE:
        pytest.skip("set SURVIVAL_NODES_REFERENCE to the folder of the full reference")
    path = Path(REFERENCE) / "data" / "ratetable_slopop.csv"
    slopop = LifeTable.read(path, days, "calendar")
    raw = pd.read_csv(path).query("sex == 'male' and year == 1948 and age == 60")["haz_per_day"].item()
    assert slopop.rate(1951, 60.5, sex="male") == pytest.approx(raw * days, rel=1e-14)
    assert slopop.held == ("year",) and len(slopop.years) == 45 and slopop.ages[-1] == 103


def test_colrec_through_slopop_is_as_r_has_it(reference_rows):
    """survexp(method = 'individual.h') of the package survival, first ten rows of colrec."""
    rows = reference_rows("colrec", "individual_expected_hazard")
    colrec = pd.read_csv(Path(REFERENCE) / "data" / "colrec.csv").iloc[:10]
    slopop = LifeTable.read(Path(REFERENCE) / "data" / "ratetable_slopop.csv", 365.241, "calendar")
    date = pd.to_datetime(colrec["diag_iso"]).to_numpy().astype("datetime64[D]").astype(float)
    stratum = slopop.strata({"sex": colrec["sex"].map({1: "male", 2: "female"})})
    paths = LifeTablePaths(slopop.daily, slopop.year_cuts, slopop.age_cuts, stratum, date, colrec["age"].to_numpy(dtype=float))
    np.testing.assert_allclose(paths.cumulative_hazard(colrec["time"].to_numpy(dtype=float)), rows["value"], rtol=1e-12)
