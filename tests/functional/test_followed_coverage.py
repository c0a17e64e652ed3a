"""How much of follow-up a life table covers, and what is done and said of the rest."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, InputError, UnitWarning
from survival_nodes.estimates.followed import coverage, follow
from survival_nodes.life_tables import LifeTable

YEAR = 365.25


def table(beyond: str = "hold", **options) -> LifeTable:
    """Rates from 2000 to 2009 (to the end of it) and from 20 to 79 years of age."""
    rates = np.full((1, 10, 60), 0.01)
    return LifeTable(rates, range(2000, 2010), range(20, 80), {"sex": ("female",)}, year_advances="calendar", beyond=beyond, name="made", **options)


def women(rows: list[tuple[str, float, float]], entry: list[float] | None = None) -> Cohort:
    """Women by date of diagnosis, age in years, days of follow-up."""
    frame = pd.DataFrame(rows, columns=["diagnosis_date", "age", "days"]).assign(died=1, sex="female")
    columns = {"years": "days", "event": "died"}
    if entry is not None:
        frame, columns = frame.assign(entered=entry), {**columns, "entry_years": "entered"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitWarning)  # follow-up of a year or two is what is wanted here
        return Cohort.from_frame(frame, columns, "days")


def person_years(cohort: Cohort, life_table: LifeTable) -> dict[str, float]:
    report = coverage(cohort, life_table)
    assert report.columns.tolist() == ["where", "person_years", "share", "rule"] and report["share"].sum() == pytest.approx(1, rel=1e-14)
    return {where: days * YEAR for where, days in zip(report["where"], report["person_years"], strict=True) if abs(days) > 1e-12}


def test_every_day_is_in_one_place():
    """1999 has 365 days, 2000 to 2009 have 3653; the 80th birthday is 80 x 365.25 days after birth."""
    rows = [
        ("1999-01-01", 50, 365 + 3653 + 100),  # through the whole of the table, and out of it
        ("2005-01-01", 78.5, 1.5 * YEAR + 50),  # over its ages, but not its years
        ("2009-12-01", 79, 31 + 400),  # out of its years first: a day beyond both is beyond in time
        ("2001-01-01", 18, 2 * YEAR + 10),  # under its ages
    ]
    found = person_years(women(rows), table())
    assert found == pytest.approx({
        "inside": 3653 + 1.5 * YEAR + 31 + 10, "before the first year": 365, "after the last year": 100 + 400, "below the first age": 2 * YEAR,
        "above the last age": 50})


def test_follow_up_before_a_late_entry_does_not_count():
    assert person_years(women([("1999-01-01", 50, 4000)], [465]), table()) == pytest.approx({"inside": 3535})
    assert person_years(women([("1999-01-01", 50, 4000)], [265]), table()) == pytest.approx({"before the first year": 100, "inside": 3635})


def test_an_open_age_has_no_end_and_a_group_of_ages_lasts_as_long_as_the_one_before():
    old = women([("2000-01-01", 84, 20 * YEAR)])
    grouped = LifeTable(np.full((1, 3, 4), 0.01), [1990, 2000, 2010], [0, 60, 75, 85], {"sex": ("female",)}, year_advances="calendar")
    assert person_years(old, grouped) == pytest.approx({"inside": 11 * YEAR, "above the last age": 9 * YEAR})  # 75 to 85, so 85 to 95
    open_ended = LifeTable(grouped.rates, grouped.years, grouped.ages, grouped.dimensions, year_advances="calendar", open_ended=True)
    report = coverage(old, open_ended)
    assert report["person_years"].tolist() == pytest.approx([20, 0, 0, 0, 0])
    assert report["rule"][0] == "a rate holds until the next year given and a rate holds until the next age given"


def test_on_birthdays_a_year_of_the_table_ends_later():
    """Born on 2 July 1950 (182 days after New Year): the table's 2009 ends 182 days into 2010."""
    life_table = table()
    birthday = LifeTable(life_table.rates, life_table.years, life_table.ages, life_table.dimensions, year_advances="birthday")
    born, diagnosed = np.datetime64("1950-07-02"), np.datetime64("2009-01-01")
    cohort = women([("2009-01-01", float((diagnosed - born).astype(int)) / YEAR, 1000)])
    assert person_years(cohort, life_table) == pytest.approx({"inside": 365, "after the last year": 635})
    assert person_years(cohort, birthday) == pytest.approx({"inside": 365 + 182, "after the last year": 635 - 182})


def test_the_rule_is_named_in_the_report():
    cohort = women([("2005-01-01", 50, 500)])
    assert coverage(cohort, table())["rule"].tolist() == ["", *["the nearest rate holds"] * 4]
    assert coverage(cohort, table("refuse"))["rule"].tolist() == ["", *["refused"] * 4]


def test_follow_up_beyond_the_table_is_told_once_with_its_person_years():
    cohort = women([("1999-01-01", 50, 365 + 3653 + 100), ("2005-01-01", 78.5, 1.5 * YEAR + 50)])
    with pytest.warns(DataWarning) as told:
        follow(cohort, table())
    assert [str(each.message) for each in told] == [
        "follow-up goes beyond the life table made (10.92% of follow-up, in person-years: 1.0 before the first year, 0.3 after the last year, "
        "0.1 above the last age): the nearest rate holds there"]


def test_follow_up_beyond_the_table_is_refused_where_that_was_asked():
    with pytest.raises(InputError) as told:
        follow(women([("2009-01-01", 50, 730)]), table("refuse"))
    assert str(told.value) == (
        "follow-up leaves the life table made (50.00% of follow-up, in person-years: 1.0 after the last year): end follow-up earlier, "
        "or read the table with beyond='hold'")
    assert len(follow(women([("2009-01-01", 50, 365)]), table("refuse")).paths) == 1


def test_a_table_that_ends_before_the_cohort_begins():
    cohort = women([("2020-01-01", 50, 730)])
    with pytest.warns(DataWarning, match=r"goes beyond the life table made \(100.00% of follow-up, in person-years: 2.0 after the last year\)"):
        followed = follow(cohort, table())
    assert followed.paths.cumulative_hazard(followed.exit)[0] == pytest.approx(730 * 0.01 / YEAR, rel=1e-14)


def test_ages_over_the_bundled_table():
    """Ages end with 109: from the 110th birthday its rate goes on."""
    cohort = women([("2000-01-01", 109.5, YEAR)])
    with pytest.warns(DataWarning, match=r"\(50.00% of follow-up, in person-years: 0.5 above the last age\)"):
        followed = follow(cohort, LifeTable.bundled("us"))
    assert coverage(cohort, "us").set_index("where")["person_years"]["above the last age"] == pytest.approx(0.5)
    us = LifeTable.bundled("us")
    # Born in July 1890, diagnosed half a year short of the birthday: on the table's calendar that is 1999, then 2000.
    expected = 0.5 * us.rate(1999, 109, sex="female") + 0.5 * us.rate(2000, 109, sex="female")
    assert followed.paths.cumulative_hazard(followed.exit)[0] == pytest.approx(expected, rel=2e-3)


def test_one_patient_without_follow_up():
    report = coverage(women([("2005-01-01", 50, 0)]), table())
    assert report["person_years"].tolist() == [0] * 5 and report["share"].tolist() == [0] * 5
