"""What holds for any life table and anybody's way through it."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from survival_nodes.errors import DataWarning
from survival_nodes.kernels.life_table_paths import LifeTablePaths
from survival_nodes.life_tables import LifeTable

EPOCH = np.datetime64("1970-01-01")


@st.composite
def tables(draw) -> LifeTable:
    """Small tables: gaps of years and ages, one to four strata, either habit of the year, either length of it."""
    years = sorted(draw(st.sets(st.integers(1980, 2000), min_size=1, max_size=4)))
    ages = sorted(draw(st.sets(st.integers(0, 110), min_size=1, max_size=5)))
    dimensions = draw(st.sampled_from([{"sex": ("female",)}, {"sex": ("female", "male")}, {"sex": ("female", "male"), "region": ("N", "S")}]))
    shape = (int(np.prod([len(labels) for labels in dimensions.values()])), len(years), len(ages))
    rates = np.array(draw(st.lists(st.floats(1e-5, 2), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))).reshape(shape)
    return LifeTable(
        rates, years, ages, dimensions, days_per_year=draw(st.sampled_from([365.25, 365.241])), year_advances=draw(st.sampled_from(["birthday", "calendar"])))


@st.composite
def patients(draw) -> tuple[LifeTable, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A table and up to six rows: stratum, day of diagnosis, whole days of age, days of follow-up."""
    table = draw(tables())
    n = draw(st.integers(1, 6))
    whole = [draw(st.lists(st.integers(low, high), min_size=n, max_size=n)) for low, high in ((0, len(table.rates) - 1), (3000, 12000), (0, 41000), (0, 3000))]
    return table, *(np.array(each, dtype=float if place else int) for place, each in enumerate(whole))


def through(table: LifeTable, stratum: np.ndarray, date: np.ndarray, age: np.ndarray) -> LifeTablePaths:
    return LifeTablePaths(table.daily, table.year_cuts, table.age_cuts, stratum, table.on_the_clock(date - age, date), age)


def calendar_year(days: float) -> int:
    return int((EPOCH + np.timedelta64(int(np.floor(days)), "D")).astype("datetime64[Y]").astype(int)) + 1970


def rate_at(table: LifeTable, stratum: int, date: float, age: float) -> float:
    """The plain rule, for a moment of somebody's life: the last year and age of the table that have begun, or its first."""
    born = date - age
    if table.year_advances == "birthday":
        new_year = (np.datetime64(f"{calendar_year(born)}-01-01") - EPOCH).astype(int)
        date = new_year + age
    year = max([place for place, begins in enumerate(table.years) if begins <= calendar_year(date)], default=0)
    place = max([place for place, begins in enumerate(table.ages) if begins * table.days_per_year <= age + 1e-9], default=0)
    return table.rates[stratum, year, place] / table.days_per_year


def piece_by_piece(table: LifeTable, stratum: int, date: float, age: float, until: float) -> float:
    """A plain walk from one birthday or New Year to the next, with the rate that holds half-way between them."""
    born = date - age
    clock = date if table.year_advances == "calendar" else (np.datetime64(f"{calendar_year(born)}-01-01") - EPOCH).astype(int) + age
    new_years = [(np.datetime64(f"{year}-01-01") - EPOCH).astype(int) - clock for year in table.years]
    birthdays = [begins * table.days_per_year - age for begins in table.ages]
    marks = sorted({0.0, until, *(float(mark) for mark in (*new_years, *birthdays) if 0 < mark < until)})
    return sum(
        rate_at(table, stratum, date + (start + stop) / 2, age + (start + stop) / 2) * (stop - start)
        for start, stop in zip(marks[:-1], marks[1:], strict=True) if stop - start > 1e-6)


def test_the_plain_walk_does_arithmetic():
    """A quarter of a day before the end of 2001 comes the 41st birthday; then a day in 2002."""
    table = LifeTable([[[0.1, 0.2], [0.3, 0.4]]], [2000, 2002], [40, 41], {"sex": ("female",)}, year_advances="calendar")
    date = float((np.datetime64("2001-01-01") - EPOCH).astype(int))
    assert abs(piece_by_piece(table, 0, date, 41 * 365.25 - 364.75, 366) - (364.75 * 0.1 + 0.25 * 0.2 + 1 * 0.4) / 365.25) < 1e-14


@settings(max_examples=60, deadline=None)
@given(patients())
def test_the_cumulative_hazard_is_that_of_the_plain_walk(drawn):
    table, stratum, date, age, until = drawn
    found = through(table, stratum, date, age).cumulative_hazard(until)
    plain = [piece_by_piece(table, *row) for row in zip(stratum.tolist(), date, age, until, strict=True)]
    np.testing.assert_allclose(found, plain, rtol=1e-9, atol=1e-8)


@settings(max_examples=50, deadline=None)
@given(patients(), st.floats(0, 1))
def test_a_way_cut_in_two_is_the_same_way(drawn, share):
    """The hazard until t, and from t on, by somebody who is then older and met later."""
    table, stratum, date, age, until = drawn
    first = np.round(until * share)
    whole = through(table, stratum, date, age).cumulative_hazard(until)
    later = LifeTablePaths(
        table.daily, table.year_cuts, table.age_cuts, stratum, table.on_the_clock(date - age, date) + first, age + first).cumulative_hazard(until - first)
    np.testing.assert_allclose(through(table, stratum, date, age).cumulative_hazard(first) + later, whole, rtol=1e-9, atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(patients())
def test_both_habits_agree_where_years_do_not_differ(drawn):
    table, stratum, date, age, until = drawn
    flat = np.repeat(table.rates[:, :1], len(table.years), axis=1)
    hazards = [through(LifeTable(flat, table.years, table.ages, table.dimensions, year_advances=habit), stratum, date, age).cumulative_hazard(until)
               for habit in ("birthday", "calendar")]
    np.testing.assert_allclose(hazards[0], hazards[1], rtol=1e-11)


@settings(max_examples=40, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_a_table_written_as_csv_is_read_as_the_same_table(tmp_path_factory, table, random):
    path = tmp_path_factory.mktemp("tables") / "table.csv"
    frame = table.frame
    order = list(range(len(frame)))
    random.shuffle(order)
    frame.iloc[order].to_csv(path, index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the rates drawn fall with age where they like
        found = LifeTable.read(path, table.days_per_year, table.year_advances, quantity="rate-per-year")
    assert dict(found.dimensions) == dict(table.dimensions)
    assert found.years.tolist() == table.years.tolist() and found.ages.tolist() == table.ages.tolist()
    np.testing.assert_array_equal(found.rates, table.rates)
    pd.testing.assert_frame_equal(found.frame, table.frame)


@settings(max_examples=40, deadline=None)
@given(tables(), st.data())
def test_the_stratum_of_a_row_is_that_of_its_labels(table, drawn):
    labels = {name: drawn.draw(st.lists(st.sampled_from(known), min_size=3, max_size=3)) for name, known in table.dimensions.items()}
    codes = table.strata({name: pd.Series(values) for name, values in labels.items()})
    for row, code in enumerate(codes):
        own = {name: values[row] for name, values in labels.items()}
        chosen = table.frame[np.logical_and.reduce([table.frame[name] == label for name, label in own.items()])]
        assert chosen["rate"].tolist() == table.rates[code].ravel().tolist()
        assert table.rate(int(table.years[0]), int(table.ages[-1]), **own) == table.rates[code, 0, -1]
