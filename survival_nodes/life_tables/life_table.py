"""A life table: rates of death by sex, calendar year and single year of age, and how a patient's dates meet it."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from ..data_files import data_file
from ..errors import DataWarning, InputError, UsageError, unknown_name
from ..units import DAYS_PER_YEAR
from .reading import label_of, read_life_table

BUNDLED = {"us": ("life_tables/us.csv.gz", "United States 1940 to 2020, National Center for Health Statistics")}
YEAR_ADVANCES = ("birthday", "calendar")
BEYOND = ("hold", "refuse")
MOST_FALLS = 0.01  # of the cells above 40: more than chance and an old table's smoothing explain
_FUZZ = 1e-7  # days: a birth that rounding has moved into the day before


@dataclass(frozen=True, eq=False, repr=False)
class LifeTable:
    """Rates of death in the general population.

    Attributes
    ----------
    rates : array, shape (strata, years, ages)
        Deaths per person-year; a stratum is a combination of the labels of `dimensions`, the first varying slowest.
    years, ages : array of int, shapes (years,) and (ages,)
        Calendar years and completed years of age; the rates of each hold until the next, those of the last as long as those before it.
    dimensions : Mapping of str to tuple of str
        What the strata tell apart: `sex` first, then as the table has them (race, region, deprivation).
    days_per_year : float
        Days in a year of age, and the days by which rates become daily.
    year_advances : str
        When a patient moves to the next calendar year of the table: on the `birthday` (the year's table then holds for a whole
        year of age), or with the `calendar`, on 1 January.
    beyond : str
        What holds outside its years and ages: `hold` the nearest rate, or `refuse`.
    name : str
        What it is called in a method's text.
    open_ended : bool
        Whether the last age has no end, as 85+.

    Raises
    ------
    UsageError
        If an option is not one of those there are, or rates, years, ages and dimensions do not fit each other.

    Notes
    -----
    The two habits of the rate year are those of R's ratetables of type 4 (survexp.us) and 3 (slopop).
    """

    rates: np.ndarray
    years: np.ndarray
    ages: np.ndarray
    dimensions: Mapping[str, tuple[str, ...]]
    days_per_year: float = DAYS_PER_YEAR
    year_advances: str = "birthday"
    beyond: str = "hold"
    name: str = "life table"
    open_ended: bool = False

    def __post_init__(self) -> None:
        _check_options(self.days_per_year, self.year_advances, self.beyond)
        for axis, kind in (("rates", float), ("years", np.int64), ("ages", np.int64)):
            # A copy that cannot change, so that daily rates made of it stay true.
            values = np.array(getattr(self, axis), dtype=kind)
            values.flags.writeable = False
            object.__setattr__(self, axis, values)
        wanted = (int(np.prod([len(labels) for labels in self.dimensions.values()])), len(self.years), len(self.ages))
        if self.rates.shape != wanted or 0 in wanted:
            raise UsageError(f"rates have the shape {self.rates.shape}, where dimensions, years and ages make {wanted}")
        if any((np.diff(axis) <= 0).any() for axis in (self.years, self.ages)):
            raise UsageError("years and ages of a life table ascend")
        if not (np.isfinite(self.rates) & (self.rates >= 0)).all():
            raise UsageError("rates of a life table are finite and not negative")

    def __repr__(self) -> str:
        told = ", ".join(f"{name} ({len(labels)})" for name, labels in self.dimensions.items())
        spans = (f"{what} {axis[0]} to {axis[-1]}" for what, axis in (("years", self.years), ("ages", self.ages)))
        years, ages = (span + (f" ({len(axis)} given, each holds until the next)" if _has_gaps(axis) else "")
                       for span, axis in zip(spans, (self.years, self.ages), strict=True))
        return f"LifeTable {self.name}: {told}, {years}, {ages}{' and over' * self.open_ended}"

    @cached_property
    def daily(self) -> np.ndarray:
        """Rates of death per person-day, shape (strata, years, ages)."""
        return self.rates / self.days_per_year

    @cached_property
    def age_cuts(self) -> np.ndarray:
        """Ages in days at which a year of age of the table begins, shape (ages,)."""
        return self.ages * float(self.days_per_year)

    @cached_property
    def year_cuts(self) -> np.ndarray:
        """Days since 1970-01-01 at which a calendar year of the table begins, shape (years,)."""
        return _new_year(self.years)

    @property
    def age_end(self) -> float:
        """The age in days at which the table ends."""
        return np.inf if self.open_ended else (self.ages[-1] + _last_width(self.ages)) * float(self.days_per_year)

    @property
    def year_end(self) -> float:
        """The day since 1970-01-01 at which the table ends."""
        return float(_new_year(self.years[-1] + _last_width(self.years)))

    @property
    def held(self) -> tuple[str, ...]:
        """Which of `year` and `age` is not given singly, so that a rate holds for several."""
        return tuple(name for name, axis in (("year", self.years), ("age", self.ages)) if _has_gaps(axis))

    @property
    def frame(self) -> pd.DataFrame:
        """The table as `read` takes it: the columns of the dimensions, year, age, rate."""
        years, ages = self.years, self.ages
        labels = list(product(*self.dimensions.values()))
        columns = {name: np.repeat([label[place] for label in labels], len(years) * len(ages)) for place, name in enumerate(self.dimensions)}
        return pd.DataFrame({
            **columns, "year": np.tile(np.repeat(years, len(ages)), len(labels)), "age": np.tile(ages, len(labels) * len(years)),
            "rate": self.rates.reshape(-1)})

    @classmethod
    def read(
        cls, path: str | Path, days_per_year: float = DAYS_PER_YEAR, year_advances: str = "birthday", *, quantity: str | None = None,
        beyond: str = "hold", name: str | None = None,
    ) -> LifeTable:
        """Read a life table from text.

        Parameters
        ----------
        path
            CSV or other delimited text with `sex, year, age, rate` (deaths per person-year) in any order, columns that tell more strata
            apart among them; a text file of the Human Mortality Database (death rates, or the life table of women or men); a population
            mortality file as popEpi and Stata's strs have it; an R ratetable exported as text with its rates per day. Also `.gz`.
        days_per_year, year_advances, beyond, name
            See the attributes; the name is that of the file where none is given.
        quantity
            What the column of rates holds: `rate-per-year`, `rate-per-day`, `death-probability` or `survival-probability` (both of one
            year). None: as its name tells (rate, mx, haz: per year; Freq, haz_per_day: per day; qx: death; prob: survival), refused
            where no population dies like that. A probability q becomes the rate -log(1 - q); read as a rate it would be too low, by
            half of itself: 0.5% where it is 0.01, 5% where it is 0.1.

        Raises
        ------
        UsageError
            If there is no such file, or an option is not known.
        InputError
            If the file is no life table, a cell is missing or stands twice, or the rates cannot be what they are said to be.

        Warns
        -----
        DataWarning
            If mortality falls with age where it should rise.

        Notes
        -----
        Ages may be single or grouped (5-9, 85+), years single or in ranges: each holds until the next. From age 90 on, a rate that is
        not given, and a death that is certain, take the rate of the age before.
        """
        _check_options(days_per_year, year_advances, beyond)
        found = read_life_table(Path(path), quantity, float(days_per_year))
        table = cls(
            found.rates, found.years, found.ages, found.dimensions, days_per_year=float(days_per_year), year_advances=year_advances, beyond=beyond,
            name=name or Path(path).name.split(".")[0], open_ended=found.open_ended)
        _question_falling(table)
        return table

    @classmethod
    def bundled(cls, name: str = "us") -> LifeTable:
        """Give a life table that comes with the package: `us` (rates by sex, single year of age and calendar year 1940 to 2020).

        Raises
        ------
        UsageError
            If no table of that name is bundled.

        >>> LifeTable.bundled("us")
        LifeTable United States 1940 to 2020, National Center for Health Statistics: sex (2), years 1940 to 2020, ages 0 to 109
        """
        if name not in BUNDLED:
            raise UsageError(unknown_name("bundled life table", name, BUNDLED) + "; read one of your own with LifeTable.read")
        return _bundled(name)

    def rate(self, year: int, age: float, **labels: str) -> float:
        """Give deaths per person-year at a calendar year and an age in years, as ``rate(2010, 65, sex="female")``; held outside the table.

        Raises
        ------
        UsageError
            If a dimension has no label, or one that the table has not.

        >>> round(LifeTable.bundled("us").rate(2010, 65, sex="female"), 4)
        0.0102
        """
        for name in labels:
            if name not in self.dimensions:
                raise UsageError(unknown_name("dimension of the life table", name, self.dimensions))
        stratum = 0
        for name, known in self.dimensions.items():
            if labels.get(name) not in known:
                raise UsageError(unknown_name(name, labels[name], known) if name in labels else f"whose rate? Say {name}= one of {', '.join(known)}")
            stratum = stratum * len(known) + known.index(labels[name])
        places = (max(int(np.searchsorted(begins, value, side="right")) - 1, 0) for begins, value in ((self.years, year), (self.ages, age)))
        return float(self.rates[stratum, *places])

    def strata(self, columns: Mapping[str, pd.Series] | pd.DataFrame, repeats: np.ndarray | None = None) -> np.ndarray:
        """Give the stratum of each row, int64, from a column of labels for every dimension; a row may stand for several in what is counted.

        Raises
        ------
        InputError
            If a dimension has no column, or rows have a label that the table has not, or none at all (rows are counted).
        """
        codes: np.ndarray | int = 0
        for name, labels in self.dimensions.items():
            if name not in columns:
                raise InputError(f"the life table {self.name} tells {name} apart ({', '.join(labels)}), and {unknown_name('column', name, columns)}")
            raw, found = pd.factorize(columns[name])
            place = {label: position for position, label in enumerate(labels)}
            own = np.array([place.get(label_of(label), -1) for label in found] + [-1], dtype=np.int64)[raw]
            strange, missing = (int((which if repeats is None else which * repeats).sum()) for which in ((own < 0) & (raw >= 0), raw < 0))
            if strange or missing:
                fault = " and ".join(
                    f"{n} row{'s' * (n != 1)} {'have' if n != 1 else 'has'} {what}" for n, what in ((strange, f"another {name}"), (missing, f"no {name}")) if n)
                raise InputError(
                    f"the life table {self.name} knows the {name} {', '.join(labels)}, and {fault}: recode {name}, or leave those rows out by a rule")
            codes = codes * len(labels) + own
        return codes

    def on_the_clock(self, birth: np.ndarray, date: np.ndarray) -> np.ndarray:
        """Give the dates by which the table's year is looked up: as they are, or moved back by the days from New Year to the birthday.

        Parameters
        ----------
        birth, date
            Days since 1970-01-01, shape (n,).
        """
        if self.year_advances == "calendar":
            return date
        return date - (birth - _new_year_before(np.floor(birth + _FUZZ)))


@functools.cache
def _bundled(name: str) -> LifeTable:
    path, title = BUNDLED[name]
    return LifeTable.read(data_file(path), name=title)


def _check_options(days_per_year: float, year_advances: str, beyond: str) -> None:
    for option, value, known in (("year_advances", year_advances, YEAR_ADVANCES), ("beyond", beyond, BEYOND)):
        if value not in known:
            raise UsageError(f"{option} is one of {', '.join(known)}, not {value!r}")
    if not isinstance(days_per_year, (int, float)) or not 365 <= days_per_year <= 366:
        raise UsageError(f"days_per_year is about 365.25, not {days_per_year!r}")


def _new_year(years: np.ndarray) -> np.ndarray:
    return (years - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(float)


def _new_year_before(days: np.ndarray) -> np.ndarray:
    """Give the first day of the calendar year of each day, all since 1970-01-01.

    >>> _new_year_before(np.array([-1.0, 0.0, 364.0, 365.0])).tolist()
    [-365.0, 0.0, 0.0, 365.0]
    """
    if not len(days):
        return days
    # The year of mean length in which a day lies is its own, the one before or the one after.
    year = np.floor(days / 365.2425)
    first = int(year.min()) - 1
    cuts = _new_year(np.arange(first, int(year.max()) + 3) + 1970)
    place = (year - first).astype(np.int64)
    place -= cuts.take(place) > days
    place += cuts.take(place + 1) <= days
    return cuts.take(place)


def _has_gaps(axis: np.ndarray) -> bool:
    return bool((np.diff(axis) > 1).any())


def _last_width(axis: np.ndarray) -> int:
    return int(axis[-1] - axis[-2]) if len(axis) > 1 else 1


def _question_falling(table: LifeTable) -> None:
    """Warn where ten years later in life mortality is lower by more than a tenth, above 40, in more than a few cells."""
    ten_later = np.searchsorted(table.ages, table.ages + 10)
    judged = (table.ages >= 40) & (table.ages <= 80) & (ten_later < len(table.ages))
    falling = table.rates[:, :, ten_later[judged]] < 0.9 * table.rates[:, :, judged]
    falls = int(falling.sum())
    if falls > MOST_FALLS * falling.size:
        said = f"{table.name}: above age 40 mortality is lower ten years later in {falls} of {falling.size} places: are age and year in the right columns?"
        warnings.warn(said, DataWarning, stacklevel=3)
