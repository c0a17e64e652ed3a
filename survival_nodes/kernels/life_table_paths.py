"""How each row moves through the cells of a life table, and the hazard that it is exposed to on the way.

Within a cell the rate is constant, so a row's cumulative hazard is a line, and all that happens happens where it crosses into the
next year of age or calendar year. Cost follows the crossings, not the days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

BLOCK = 1 << 15  # rows worked on together, so that their columns stay in the cache
_FUZZ = 1e-7  # days: a birthday that rounding has moved is still that day
_MOST_BETWEEN = 3  # points between two whole days, beyond which a search by halves is quicker
_STILL_WORTH = 0.7  # rows are dropped once fewer than this share of them go on


class Pieces(NamedTuple):
    """One stay in a cell of some rows: which, from when to when (places or days), the cell (a place in the raveled rates), and the days; shape (r,) each."""

    rows: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    cell: np.ndarray
    start: np.ndarray
    stop: np.ndarray


@dataclass(frozen=True, eq=False)
class Points:
    """Sorted times, 0 the first, looked up by the day.

    Attributes
    ----------
    times
        In days, shape (m,).
    first
        The place of the first of them at or after each whole day from 0, shape (days,).
    between
        The most of them that lie strictly between two whole days.
    """

    times: np.ndarray
    first: np.ndarray
    between: int

    @classmethod
    def of(cls, times: np.ndarray) -> Points:
        """Look over sorted times."""
        times = np.asarray(times, dtype=float)
        first = np.searchsorted(times, np.arange(np.ceil(times[-1]) + 2))
        broken = times[times % 1 != 0]
        return cls(times, first, int(np.bincount(broken.astype(np.int64)).max()) if len(broken) else 0)

    def __len__(self) -> int:
        return len(self.times)

    def at_or_after(self, days: np.ndarray) -> np.ndarray:
        """Give the place of the first point at or after each time, int64; their number where there is none.

        >>> Points.of(np.array([0.0, 1.0, 1.5, 2.5])).at_or_after(np.array([0.0, 0.2, 1.2, 1.5, 2.6])).tolist()
        [0, 1, 2, 2, 4]
        """
        if self.between > _MOST_BETWEEN:
            return np.searchsorted(self.times, days)
        place = self.first[np.minimum(np.ceil(days), len(self.first) - 1.0).astype(np.int64)]
        if self.between:
            before = np.concatenate(([-np.inf], self.times))  # at place p the point before it
            for _ in range(self.between):
                place = place - (before[place] >= days)
        return place


@dataclass(frozen=True, eq=False)
class LifeTablePaths:
    """Rows on their way through a table.

    Attributes
    ----------
    rates
        Deaths per person-day, shape (strata, years, ages); the first and the last year and age hold beyond the table.
    year_cuts, age_cuts
        Where each year (days on the table's calendar) and each year of age (days) begins, shapes (years,) and (ages,).
    stratum, date, age
        Of each row at time 0: the stratum, the day on the table's calendar, the age in days; shape (n,).
    """

    rates: np.ndarray
    year_cuts: np.ndarray
    age_cuts: np.ndarray
    stratum: np.ndarray
    date: np.ndarray
    age: np.ndarray

    def __len__(self) -> int:
        return len(self.age)

    def take(self, rows: np.ndarray) -> LifeTablePaths:
        """Give the same table with some of the rows (a mask or positions)."""
        return LifeTablePaths(self.rates, self.year_cuts, self.age_cuts, self.stratum[rows], self.date[rows], self.age[rows])

    def starting_cells(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the places of the year and of the age of each row at time 0, shape (n,) each."""
        year = np.searchsorted(self.year_cuts, self.date + _FUZZ, side="right") - 1
        age = np.searchsorted(self.age_cuts, self.age + _FUZZ, side="right") - 1
        return np.maximum(year, 0), np.maximum(age, 0)

    def bands(self) -> Iterator[np.ndarray]:
        """Give the rows in blocks of like age at time 0: few cells are visited by each, and rates are alike."""
        order = np.argsort((self.age / 365.25).astype(np.int16), kind="stable")
        for first in range(0, len(order), BLOCK):
            yield order[first : first + BLOCK]

    def pieces(self, until: np.ndarray, steps: np.ndarray | Points | None = None) -> Iterator[Pieces]:
        """Give the stays in cells, the first of every row, then the second, ...; some may be empty (they end where they begin).

        Parameters
        ----------
        until
            Where each row's way ends, in days since time 0 (in places of `steps` where those are given), shape (n,).
        steps
            Times at which a new rate may take effect, sorted from 0; a row then moves at the first of them at or after its crossing, and
            begin and end are places in `steps`. None: it moves where it crosses, and they are days.
        """
        points = Points.of(steps) if isinstance(steps, np.ndarray) else steps
        rows = np.flatnonzero(until > 0)
        year, age = (place[rows] for place in self.starting_cells())
        date, old, last, stratum = self.date[rows], self.age[rows], until[rows], self.stratum[rows] * len(self.year_cuts)
        years_left, ages_left = (np.append(cuts, np.inf) - (0.0 if points is None else _FUZZ) for cuts in (self.year_cuts, self.age_cuts))
        begin, start = np.zeros(len(rows), dtype=until.dtype), np.zeros(len(rows))
        while len(rows):
            new_year, birthday = years_left[year + 1] - date, ages_left[age + 1] - old
            crossing = np.minimum(new_year, birthday)
            end = np.minimum(crossing if points is None else points.at_or_after(crossing), last)
            stop = end if points is None else points.times[end]
            yield Pieces(rows, begin, end, (stratum + year) * len(self.age_cuts) + age, start, stop)
            year, age, begin, start = year + (new_year <= stop), age + (birthday <= stop), end, stop
            going = end < last
            left = np.count_nonzero(going)
            if not left:
                return
            if left < _STILL_WORTH * len(rows):
                rows, year, age, begin, start, date, old, last, stratum = (
                    each[going] for each in (rows, year, age, begin, start, date, old, last, stratum))

    def cumulative_hazard(self, until: np.ndarray) -> np.ndarray:
        """Give the hazard that each row has been exposed to by its own time `until` (days), shape (n,)."""
        total, rates = np.zeros(len(self)), self.rates.ravel()
        for block in self.bands():
            for piece in self.take(block).pieces(np.asarray(until, dtype=float)[block]):
                total[block[piece.rows]] += rates[piece.cell] * (piece.stop - piece.start)
        return total
