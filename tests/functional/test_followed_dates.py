"""When somebody was diagnosed, and how old: by dates, in part or in whole, by the year, by the age; what contradicts is told or refused."""

from __future__ import annotations

import datetime
import warnings

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates.at_diagnosis import date_and_age
from survival_nodes.estimates.followed import Followed, follow, life_table_of
from survival_nodes.life_tables import LifeTable

YEAR = 365.25


def days(*texts: str) -> list[float]:
    return [float((np.datetime64(text) - np.datetime64("1970-01-01")).astype(int)) for text in texts]


def cohort(**columns: list) -> Cohort:
    """Patients followed for ten years, as many as the columns are long."""
    n = max(map(len, columns.values()))
    frame = pd.DataFrame({"days": [3652.5] * n, "died": [1] * n, "sex": ["female"] * n, **{name: pd.Series(values) for name, values in columns.items()}})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a cohort says of its columns is tested elsewhere
        return Cohort.from_frame(frame, {"years": "days", "event": "died"}, "days")


def met(**columns: list) -> tuple[list[float], list[float]]:
    date, age = date_and_age(cohort(**columns), YEAR)
    return date.tolist(), age.tolist()


def refused(**columns: list) -> str:
    with pytest.raises(InputError) as told:
        date_and_age(cohort(**columns), YEAR)
    assert "\n" not in str(told.value)
    return str(told.value)


@pytest.mark.parametrize("written", [
    ["2000-01-31", "2004-02-29"], np.array(["2000-01-31", "2004-02-29"], dtype="datetime64[ns]"), np.array(["2000-01-31", "2004-02-29"], dtype="datetime64[s]"),
    [datetime.date(2000, 1, 31), datetime.date(2004, 2, 29)], [pd.Timestamp("2000-01-31 13:45"), pd.Timestamp("2004-02-29")],
    ["2000-01-31 00:00:00", "2004-02-29"], pd.Categorical(["2000-01-31", "2004-02-29"]),
], ids=["text", "ns", "s", "dates", "stamps", "with hours", "categorical"])
def test_dates_are_read_however_they_are_held(written):
    assert met(diagnosis_date=written, age=[50.0, 60.5]) == (days("2000-01-31", "2004-02-29"), [50 * YEAR, 60.5 * YEAR])


def test_of_a_date_in_part_the_middle_is_taken_and_counted():
    """The 15th of a month of 31 or 30 days, the 14th of February, 1 July of a year; mixed with whole dates in any order."""
    with pytest.warns(DataWarning, match="^the day of diagnosis is not known in 4 rows: the middle of the month is taken, or 1 July of the year$"):
        found = met(diagnosis_date=["2000", "2000-05", "2001-02", "2001", "2001-03-31"], age=[50.5] * 5)
    assert found[0] == days("2000-07-01", "2000-05-15", "2001-02-14", "2001-07-01", "2001-03-31")


def test_the_year_of_diagnosis_stands_in_for_a_date():
    with pytest.warns(DataWarning, match="the day of diagnosis is not known in 2 rows"):
        assert met(diagnosis_year=[2000, 2001], age=[50.5, 50.5])[0] == days("2000-07-01", "2001-07-01")
    with pytest.warns(DataWarning, match="the day of diagnosis is not known in 1 row:"):
        assert met(diagnosis_date=["2000-01-31", None], diagnosis_year=[1999, 2001], age=[50.5, 50.5])[0] == days("2000-01-31", "2001-07-01")


def test_age_is_the_time_from_birth_and_where_that_is_missing_the_age():
    found = met(diagnosis_date=["2000-01-31"] * 3, birth_date=["1950-01-31", None, "1950-02-01"], age=[50.2, 61.5, np.nan])
    assert found[1] == [18262.0, 61.5 * YEAR, 18261.0]


def test_a_birth_known_to_the_year_is_in_its_middle():
    with pytest.warns(DataWarning, match="the day of birth is not known in 1 row:"):
        assert met(diagnosis_date=["2000-07-01"], birth_date=["1950"])[1] == [days("2000-07-01")[0] - days("1950-07-01")[0]]


def test_an_age_that_the_date_of_birth_contradicts_is_counted():
    """Completed years are no contradiction, nor is what an unknown day leaves open."""
    dates = {"diagnosis_date": ["2000-01-31"] * 4, "birth_date": ["1950-03-01", "1950-03-01", "1950-03-01", "1939-03-01"]}
    with pytest.warns(DataWarning, match="^age and birth_date are more than a year apart in 2 rows: birth_date is taken$"):
        assert met(**dates, age=[49.0, 49.9, 51.95, 59.5])[1][2] == days("2000-01-31")[0] - days("1950-03-01")[0]
    with pytest.warns(DataWarning, match="the day of birth") as told:
        met(diagnosis_date=["2000-01-31"], birth_date=["1950"], age=[50.9])
    assert len(told) == 1


@pytest.mark.parametrize(("columns", "words"), [
    ({"age": [50.5]}, "expected mortality wants the date of diagnosis: map a column to diagnosis_date, or to diagnosis_year"),
    ({"diagnosis_date": ["2000-01-31"]}, "expected mortality wants the age at diagnosis: map a column to age (in years), or to birth_date"),
    ({"diagnosis_date": ["2000-01-31", None, None], "age": [50.5] * 3},
     "diagnosis_date is missing in 2 rows: expected mortality needs it; give it, or leave those rows out by a rule, and they are counted"),
    ({"diagnosis_date": [None, "2000-01-31"], "diagnosis_year": [np.nan, 2000], "age": [50.5] * 2},
     "diagnosis_date or diagnosis_year is missing in 1 row: expected mortality needs it; give it, or leave those rows out by a rule, and they are counted"),
    ({"diagnosis_date": ["31/01/2000", "2000-01-31"], "age": [50.5] * 2},
     "diagnosis_date is no date in 1 row: write dates as 2016-05-31 (2016-05 or 2016 where no more is known)"),
    ({"diagnosis_date": ["2000-01-31"] * 2, "birth_date": ["1950-02-30", "1950-02-28"]},
     "birth_date is no date in 1 row: write dates as 2016-05-31 (2016-05 or 2016 where no more is known)"),
    ({"diagnosis_date": ["2000-01-31"] * 2, "age": [50.5, np.nan]},
     "age is missing in 1 row: expected mortality needs the age; give it, or leave those rows out by a rule, and they are counted"),
    ({"diagnosis_date": ["2000-01-31"] * 3, "age": [50.5, None, None], "birth_date": [None, None, "1950-01-01"]},
     "birth_date and age are missing in 1 row: expected mortality needs the age; give it, or leave those rows out by a rule, and they are counted"),
    ({"diagnosis_date": ["2000-01-31"] * 3, "age": [23004.0, 18000.0, 20000.0]},
     "half of the ages exceed 120 years (median 20000): days, perhaps; divide them by 365.25"),
    ({"diagnosis_date": ["2000-01-31"] * 3, "age": [50.5, 999, -1]},
     "age at diagnosis lies outside 0 to 120 years in 2 rows: correct it, or leave those rows out by a rule, and they are counted"),
    ({"diagnosis_date": ["2000-01-31"] * 2, "birth_date": ["2000-02-01", "1879-12-31"]},
     "birth_date lies after the diagnosis, or more than 120 years before it, in 2 rows: mend the dates, "
     "or leave those rows out by a rule, and they are counted"),
    ({"diagnosis_date": ["2000-01-31"] * 2, "age": [50.5] * 2, "last_contact_date": ["2000-01-30", "2010-01-01"]},
     "last_contact_date lies before the diagnosis in 1 row: mend the dates, or leave those rows out by a rule, and they are counted"),
    ({"diagnosis_date": ["2000-01-31"] * 2, "age": [50.5] * 2, "death_date": ["1999", None]},
     "death_date lies before the diagnosis in 1 row: mend the dates, or leave those rows out by a rule, and they are counted"),
], ids=[
    "no date", "no age", "date missing", "date and year missing", "another way to write dates", "no such day", "age missing", "age and birth missing", "days",
    "999", "birth", "last contact", "death"])
def test_what_cannot_be_followed_is_refused_with_counts(columns, words):
    assert refused(**columns) == words


def test_the_end_of_follow_up_may_be_the_day_or_the_month_of_diagnosis():
    assert met(diagnosis_date=["2000-01-31"] * 3, age=[50.5] * 3, last_contact_date=["2000-01-31", "2000-01", None])[0] == days("2000-01-31") * 3


def test_ages_that_are_all_whole_are_questioned():
    many = {"diagnosis_date": ["2000-01-31"] * 60}
    words = "^every age is a whole number of years, taken as a birthday: where they are completed years, add half a year, or give birth_date$"
    with pytest.warns(DataWarning, match=words):
        met(**many, age=[50.0] * 60)
    assert met(**many, age=[50.0] * 59 + [50.5])[1][0] == 50 * YEAR


def test_years_of_age_are_of_the_table_s_days():
    assert date_and_age(cohort(diagnosis_date=["2000-01-31"], age=[50.0]), 365.241)[1] == [50 * 365.241]


def test_the_rows_of_a_cohort_are_put_on_their_ways():
    found = follow(cohort(diagnosis_date=["2000-01-31", "1990-06-01"], age=[50.0, 61.25], stage=["b", "a"]), LifeTable.bundled("us"), "stage")
    assert isinstance(found, Followed) and found.labels == ("a", "b") and found.codes.tolist() == [1, 0]
    assert found.entry.tolist() == [-1, -1] and found.exit.tolist() == [3652.5] * 2 and found.event.tolist() == [1, 1]
    alone = found.group(0)
    assert alone.paths.age.tolist() == [61.25 * YEAR] and alone.labels == ("a", "b")
    assert found.days([10]).tolist() == [3652.5] and found.years(np.array([3652.5])).tolist() == [10.0]


def test_a_cohort_of_men_does_not_meet_a_table_of_women():
    women = LifeTable([[[0.01]]], [2000], [0], {"sex": ("female",)}, name="women")
    mixed = cohort(diagnosis_date=["2000-01-31"] * 3, age=[50.5] * 3, sex=["female", "male", "male"])
    words = "the life table women knows the sex female, and 2 rows have another sex: recode sex, or leave those rows out by a rule"
    with pytest.raises(InputError, match=words):
        follow(mixed, women)
    with pytest.raises(InputError, match=r"the life table women tells sex apart \(female\), and there is no column 'sex'"):
        follow(Cohort.from_frame(mixed.rows.drop(columns="sex"), None, "years"), women)


def test_a_table_is_named_or_given():
    us = LifeTable.bundled("us")
    assert life_table_of("us") is us is life_table_of(us)
    with pytest.raises(UsageError, match="^life_table is a LifeTable, or the name of a bundled one, not int$"):
        life_table_of(3)
