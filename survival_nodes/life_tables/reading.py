"""Columns to a life table: what their numbers are, which strata they tell apart, and whether every cell is there once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError, UsageError, unknown_name
from ..units import format_number
from .opening import AGES, QUANTITY_OF, WANTED, YEARS, open_table

QUANTITIES = ("rate-per-year", "rate-per-day", "death-probability", "survival-probability")
OPEN_FROM = 90  # completed years: from here on a rate that is not given, or a certain death, takes the rate of the age before
_SEXES = {
    **dict.fromkeys(("female", "females", "f", "women", "woman"), "female"), **dict.fromkeys(("male", "males", "m", "men", "man"), "male"),
    **dict.fromkeys(("both", "both sexes", "total", "persons", "b", "t"), None),
}
# Plain numbers: 1 and 2 as registries and Stata's strs code them, 0 and 1 as popEpi does.
_SEX_NUMBERS = {
    frozenset("12"): {"1": "male", "2": "female"}, frozenset("2"): {"2": "female"},
    frozenset("01"): {"0": "male", "1": "female"}, frozenset("0"): {"0": "male"},
}
_AGE_WORDS = re.compile(r"(<?)\s*(\d+)(?:\s*(?:-|to)\s*\d+|\s*(\+|and over|or more|plus))?(?: years?)?", re.IGNORECASE)
_YEAR_WORDS = re.compile(r"(\d{4})(?:\s*-\s*\d{4})?")
_NOT_GIVEN = {".", "", "na", "nan"}
_AT_80 = (0.004, 1.5)  # deaths per person-year at 80 in any population known: daily rates lie far below, rates per 1,000 far above


class Grid(NamedTuple):
    """Rates per person-year (strata, years, ages), the calendar years, the ages, the labels of each dimension, and whether the last age is open."""

    rates: np.ndarray
    years: np.ndarray
    ages: np.ndarray
    dimensions: Mapping[str, tuple[str, ...]]
    open_ended: bool


def label_of(value: object) -> str:
    """Write a label as text, a whole number without decimals.

    >>> label_of(2.0), label_of("North")
    ('2', 'North')
    """
    return str(int(value)) if isinstance(value, (float, np.floating)) and float(value).is_integer() else str(value)


def read_life_table(path: Path, quantity: str | None, days_per_year: float) -> Grid:
    """Read a file; see `LifeTable.read`."""
    if quantity is not None and quantity not in QUANTITIES:
        raise UsageError(unknown_name("quantity of a life table", quantity, QUANTITIES))
    frame = open_table(path)
    rate, age, year = (next((name for name in names if name in frame), None) for names in (QUANTITY_OF, AGES, YEARS))
    if rate is None or age is None or year is None:
        raise InputError(f"{path.name!r} is no life table: {WANTED}; there are: {', '.join(frame.columns)}")
    frame = frame.rename(columns={age: "age", year: "year", rate: "rate"})
    frame["sex"] = _sexes(frame["sex"], path)
    frame = frame[frame["sex"].notna()]
    if not len(frame):
        raise InputError(f"{path.name!r} holds rates of both sexes together only: rates of women, of men or of each are wanted")
    ages, open_ages = _whole(frame["age"], "age", _age_of, path)
    years, _ = _whole(frame["year"], "year", _year_of, path)
    _check_axes(years, ages, path)
    values = _values(frame["rate"], path)
    rates = _per_year(values, quantity or QUANTITY_OF[rate], days_per_year, path)
    if quantity is None:
        _question_quantity(values.to_numpy(), rates, ages, rate, path)
    grid = _grid(frame, rates, years, ages, path)
    return Grid(*grid, open_ended=bool(open_ages[ages == ages.max()].any()))


def _sexes(values: pd.Series, path: Path) -> np.ndarray:
    """Give `female`, `male`, or None where a row is of both."""
    codes, found = pd.factorize(values)
    words = [label_of(value).strip().lower() for value in found]
    known = _SEX_NUMBERS.get(frozenset(words), _SEXES)
    strange = sorted(set(words) - set(known))
    if strange == ["1"] == words:
        raise InputError(f"{path.name!r}: sex holds only 1, which is male in some files and female in others: write female or male")
    if strange:
        listed = ", ".join(map(repr, strange[:3])) + (", ..." if len(strange) > 3 else "")
        raise InputError(f"{path.name!r}: sex holds {listed}: write female and male, or 1 male and 2 female (or 0 male and 1 female)")
    return np.array([known[word] for word in words], dtype=object)[codes]


def _age_of(text: str) -> tuple[float, bool]:
    """Give the first year of an age or a group of ages, and whether it is open: 85+, 5-9, <1."""
    found = _AGE_WORDS.fullmatch(text)
    if not found:
        return _number_of(text), False
    return (0.0 if found[1] else float(found[2])), bool(found[3])


def _year_of(text: str) -> tuple[float, bool]:
    """Give the first of a calendar year or a range of them: 1995-1999."""
    found = _YEAR_WORDS.fullmatch(text)
    return (float(found[1]) if found else _number_of(text)), False


def _number_of(text: str) -> float:
    """Read a number, with a decimal comma too; NaN where it is none."""
    try:
        return float(text if "." in text else text.replace(",", "."))
    except ValueError:
        return np.nan


def _whole(values: pd.Series, name: str, read: Callable[[str], tuple[float, bool]], path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Give whole numbers, int64, and which are open."""
    if values.dtype.kind in "iu":
        return values.to_numpy(dtype=np.int64), np.zeros(len(values), dtype=bool)
    codes, found = pd.factorize(values)
    pairs = [read(label_of(value).strip()) for value in found]
    numbers, is_open = np.array([pair[0] for pair in pairs])[codes], np.array([pair[1] for pair in pairs])[codes]
    wrong = ~(numbers % 1 == 0)
    if wrong.any():
        kind = "calendar years" if name == "year" else "completed years"
        raise InputError(f"{path.name!r}: {name} is not a whole number of {kind} in {_rows(wrong, values.index)}")
    return numbers.astype(np.int64), is_open


def _values(values: pd.Series, path: Path) -> pd.Series:
    """Give the column of rates as floats, NaN where none is given."""
    if values.dtype.kind in "iuf":
        numbers, given = values.to_numpy(dtype=float), values.notna().to_numpy()
    else:
        codes, found = pd.factorize(values)
        words = [str(word).strip() for word in found]
        numbers = np.array([_number_of(word) for word in words])[codes]
        given = np.array([word.lower() not in _NOT_GIVEN for word in words])[codes]
    wrong = given & ~np.isfinite(numbers)
    if wrong.any():
        raise InputError(f"{path.name!r}: the rate is not a finite number in {_rows(wrong, values.index)}")
    if (numbers < 0).any():
        raise InputError(f"{path.name!r}: the rate is negative in {_rows(numbers < 0, values.index)}")
    return pd.Series(numbers, values.index)


def _rows(wrong: np.ndarray, index: pd.Index) -> str:
    """Count rows, and number the first as the file has it below its header."""
    n = int(wrong.sum())
    return f"{n} row{'s' * (n != 1)} (the first is row {int(index[np.argmax(wrong)]) + 1})"


def _check_axes(years: np.ndarray, ages: np.ndarray, path: Path) -> None:
    low, high = int(years.min()), int(years.max())
    youngest, oldest = int(ages.min()), int(ages.max())
    if youngest >= 1700 and high <= 150:
        raise InputError(f"{path.name!r}: age runs from {youngest} to {oldest} and year from {low} to {high}: the two columns are swapped")
    if oldest > 150:
        raise InputError(f"{path.name!r}: ages run to {oldest}: days, perhaps; completed years are wanted")
    if low < 1700 or high > 2200:
        raise InputError(f"{path.name!r}: year runs from {low} to {high}: calendar years are wanted")
    if youngest < 0:
        raise InputError(f"{path.name!r}: age begins at {youngest}: completed years from 0 are wanted")


def _per_year(column: pd.Series, quantity: str, days_per_year: float, path: Path) -> np.ndarray:
    """Turn what the file holds into deaths per person-year; a constant hazard within the year gives -log of the survival."""
    values = column.to_numpy()
    if quantity == "rate-per-day":
        return values * days_per_year
    if quantity == "rate-per-year":
        return values
    if (values > 1).any():
        rows = _rows(values > 1, column.index)
        raise InputError(f"{path.name!r}: a {quantity.replace('-', ' ')} exceeds 1 in {rows}; say quantity='rate-per-year' if these are rates")
    # A death that is certain closes a table and has no rate.
    alive = values if quantity == "survival-probability" else 1 - values
    closed = np.where(alive > 0, alive, np.nan)
    return -(np.log(closed) if quantity == "survival-probability" else np.log1p(-np.where(alive > 0, values, np.nan)))


def _question_quantity(values: np.ndarray, rates: np.ndarray, ages: np.ndarray, name: str, path: Path) -> None:
    """Refuse what cannot be what the name of its column says; a quantity that was stated is not questioned."""
    def median(chosen: np.ndarray) -> float:
        known = rates[chosen & np.isfinite(rates)]
        return float(np.median(known)) if len(known) else 0.0

    young, old, column = median((ages >= 5) & (ages <= 50)), median(ages == 80), f"{path.name!r}: the column {name!r}, read as {_in_words(name)},"
    if young > 0.5 and np.nanmax(values) <= 1:
        other = "death-probability" if QUANTITY_OF[name] == "survival-probability" else "survival-probability"
        raise InputError(f"{column} would have most people between 5 and 50 dead in a year or two: say quantity={other!r}, if that is what it holds")
    if 0 < old < _AT_80[0]:
        raise InputError(f"{column} gives {format_number(old, 5)} deaths a person-year at age 80: rates per day, perhaps; say quantity='rate-per-day'")
    if old > _AT_80[1]:
        way = "per year, perhaps; say quantity='rate-per-year'" if QUANTITY_OF[name] == "rate-per-day" else "per 1,000 or 100,000, perhaps; divide them"
        raise InputError(f"{column} gives {format_number(old, 0)} deaths a person-year at age 80: rates {way}")
    if QUANTITY_OF[name] == "rate-per-year" and ages.max() >= OPEN_FROM and (values[ages == ages.max()] == 1).all():
        raise InputError(f"{column} is 1 at the last age throughout: probabilities of death, perhaps; say quantity='death-probability' (or 'rate-per-year')")


def _in_words(name: str) -> str:
    return {
        "rate-per-year": "rates per year", "rate-per-day": "rates per day", "death-probability": "probabilities of death",
        "survival-probability": "probabilities of survival"}[QUANTITY_OF[name]]


def _grid(frame: pd.DataFrame, rates: np.ndarray, years: np.ndarray, ages: np.ndarray, path: Path) -> tuple:
    """Put every rate into its cell, and find cells that are missing or stand twice."""
    (year_begins, year_place), (age_begins, age_place) = (np.unique(each, return_inverse=True) for each in (years, ages))
    keys = year_place * len(age_begins) + age_place
    dimensions = _dimensions(frame, keys)
    labels = {name: found for name, (_, found) in dimensions.items()}
    stratum = np.zeros(len(rates), dtype=np.int64)
    for codes, found in dimensions.values():
        stratum = stratum * len(found) + codes
    shape = (int(np.prod([len(found) for found in labels.values()])), len(year_begins), len(age_begins))
    cells = stratum * (shape[1] * shape[2]) + keys
    n = np.bincount(cells, minlength=int(np.prod(shape)))
    for wrong, fault, way in (
        (n > 1, "stand more than once", "give what tells them apart (race, region) a column, or leave rows out"),
        (n == 0, "are missing", "every age wants a rate in every year"),
    ):
        if wrong.any():
            told, first = ", ".join([*labels, "year", "age"]), _cell_in_words(int(np.argmax(wrong)), labels, year_begins, age_begins)
            raise InputError(f"{path.name!r}: {int(wrong.sum())} of {len(n)} combinations of {told} {fault} (the first is {first}): {way}")
    table = np.empty(len(n))
    table[cells] = rates
    return _closed(table.reshape(shape), age_begins, path), year_begins, age_begins, labels


def _dimensions(frame: pd.DataFrame, keys: np.ndarray) -> dict[str, tuple[np.ndarray, tuple[str, ...]]]:
    """Give codes and labels of the columns that tell strata apart: sex, and those that differ among rows of one sex, year and age."""
    found = {"sex": _coded(frame["sex"])}
    cells = keys * len(found["sex"][1]) + found["sex"][0]
    most = int(np.bincount(cells).max())
    if most == 1:
        return found
    for name in frame.columns.difference(["sex", "year", "age", "rate"], sort=False):
        codes, labels = _coded(frame[name])
        # In a whole grid no dimension has more labels than a cell has rows: a by-product, as the expectation of life, has.
        if len(labels) <= most and len(np.unique(cells)) < len(np.unique(cells * len(labels) + codes)):
            found[name] = codes, labels
    return found


def _coded(values: pd.Series) -> tuple[np.ndarray, tuple[str, ...]]:
    """Give the place of each label among the sorted ones, and these."""
    codes, found = pd.factorize(values)
    labels = [label_of(value).strip() for value in found]
    ordered = sorted(set(labels))
    return np.array([ordered.index(label) for label in labels], dtype=np.int64)[codes], tuple(ordered)


def _cell_in_words(cell: int, labels: Mapping[str, tuple[str, ...]], years: np.ndarray, ages: np.ndarray) -> str:
    places = np.unravel_index(cell, [*(len(found) for found in labels.values()), len(years), len(ages)])
    words = [found[place] for found, place in zip(labels.values(), places, strict=False)]
    return ", ".join([*words, f"year {years[places[-2]]}", f"age {ages[places[-1]]}"])


def _closed(rates: np.ndarray, ages: np.ndarray, path: Path) -> np.ndarray:
    """Let the rate of the age before hold where the oldest have none."""
    for place in np.flatnonzero(ages >= OPEN_FROM):
        rates[:, :, place] = np.where(np.isnan(rates[:, :, place]), rates[:, :, place - 1], rates[:, :, place]) if place else rates[:, :, place]
    missing = int(np.isnan(rates).sum())
    if missing:
        cells = f"{missing} cell{'s' * (missing != 1)}"
        raise InputError(f"{path.name!r}: {cells} without a rate, or with a certain death, below age {OPEN_FROM}: give each a rate")
    return rates
