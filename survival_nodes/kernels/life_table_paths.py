"""How each row moves through the cells of a life table, and the hazard that it is exposed to on the way.

Within a cell the rate is constant, so a row's cumulative hazard is a line, and all that happens happens where it crosses into the
next year of age or calendar year. Cost follows the crossings, not the days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

BLOCK = 1 << 15  # rows worked on together, so that few cells of the table are met at once
_FUZZ = 1e-7  # days: a birthday that rounding has moved is still that day
SLICE = 1 << 16  # rows looked at together
CHUNK = 1 << 14  # rows walked together, so that their columns stay in the cache
_FINEST = 16  # parts of a day by which points are looked up directly
_MOST_BETWEEN = 3  # points between two parts of a day, beyond which a search by halves is quicker
_STILL_WORTH = 0.6  # rows are gathered once fewer than this share of them go on


def in_slices(n: int) -> Iterator[slice]:
    """Give n rows in slices, so that nothing as long as all of them need be made on the way to a sum.

    >>> [(own.start, own.stop) for own in in_slices(3)]
    [(0, 3)]
    """
    return (slice(first, min(first + SLICE, n)) for first in range(0, n, SLICE))


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
    """Sorted times, 0 the first, looked up by parts of a day.

    Attributes
    ----------
    times
        In days, shape (m,).
    first
        The place of the first of them at or after each part of a day from 0, shape (parts,).
    per_day
        Parts in a day, a power of 2: the fewest such that all times are whole, if there are such.
    between
        The most of them that lie strictly between two parts.
    """

    times: np.ndarray
    first: np.ndarray
    per_day: int
    between: int

    @classmethod
    def of(cls, times: np.ndarray) -> Points:
        """Look over sorted times."""
        times = np.asarray(times, dtype=float)
        per_day = 1
        while per_day < _FINEST and (times * per_day % 1 != 0).any():
            per_day *= 2
        broken = times[times * per_day % 1 != 0]
        if len(broken):
            per_day, broken = 1, times[times % 1 != 0]
        first = np.searchsorted(times, np.arange(np.ceil((times[-1] + 1) * per_day) + 1) / per_day)
        return cls(times, first, per_day, int(np.bincount(broken.astype(np.int64)).max()) if len(broken) else 0)

    def __len__(self) -> int:
        return len(self.times)

    def at_or_after(self, days: np.ndarray) -> np.ndarray:
        """Give the place of the first point at or after each time, int64; their number where there is none.

        >>> Points.of(np.array([0.0, 1.0, 1.5, 2.5])).at_or_after(np.array([0.0, 0.2, 1.2, 1.5, 2.6])).tolist()
        [0, 1, 2, 2, 4]
        """
        return self.within(np.minimum(days, self.times[-1] + 1.0))

    def within(self, days: np.ndarray) -> np.ndarray:
        """Give the same of times that lie no further than a day after the last point."""
        if self.between > _MOST_BETWEEN:
            return np.searchsorted(self.times, days)
        part = np.ceil(days if self.per_day == 1 else days * self.per_day)
        place = self.first.take(part.astype(np.int64))
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
        date = self.date[rows]
        stratum = np.broadcast_to(self.stratum[:1], date.shape) if self._one_stratum else self.stratum[rows]
        return LifeTablePaths(self.rates, self.year_cuts, self.age_cuts, stratum, date, self.age[rows])

    @property
    def _one_stratum(self) -> bool:
        """Whether the strata are one number, read n times, that takes no room."""
        return self.stratum.strides == (0,) and len(self.stratum) > 0

    def starting_cells(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the places of the year and of the age of each row at time 0, shape (n,) each."""
        return _last_begun(self.year_cuts, self.date + _FUZZ), _last_begun(self.age_cuts, self.age + _FUZZ)

    def bands(self) -> Iterator[np.ndarray]:
        """Give the rows in blocks of like age at time 0: few cells are visited by each, and rates are alike."""
        order = np.argsort((self.age / 365.25).astype(np.int16), kind="stable").astype(np.int32)
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
        walk = Walk(self.take(rows), points)
        walk.until = until[rows] if points is None else points.times[until[rows]]
        for stay in walk.on(slice(0, len(rows)), self.all_cells()) if len(rows) else ():
            begin, end = (stay.start, stay.stop) if points is None else (stay.begin, stay.end)
            yield Pieces(rows[stay.rows], begin, end, stay.cell, stay.start, stay.stop)

    def all_cells(self) -> Cells:
        """Give all of the table's cells."""
        return Cells(self.rates.ravel(), self.rates.shape, 0)

    def cells_until(self, rows: slice, walk: Walk, days: float) -> Cells:
        """Give the cells in which rows of a walk may be from where they are to a time: a box of strata, years and ages."""
        bounds = [(walk.stratum[rows].min(), walk.stratum[rows].max())] if np.ndim(walk.stratum) else [(walk.stratum, walk.stratum)]
        for place, at_first, cuts in ((walk.year[rows], walk.date[rows], self.year_cuts), (walk.age[rows], walk.old[rows], self.age_cuts)):
            last = np.searchsorted(cuts, at_first.max() + days + 1, side="right") - 1
            bounds.append((place.min(), max(int(last), int(place.max()))))
        box = self.rates[tuple(slice(low, high + 1) for low, high in bounds)]
        low = [int(low) for low, _ in bounds]
        return Cells(box.ravel(), box.shape, (low[0] * box.shape[1] + low[1]) * box.shape[2] + low[2])

    def cumulative_hazard(self, until: np.ndarray) -> np.ndarray:
        """Give the hazard that each row has been exposed to by its own time `until` (days), shape (n,)."""
        total, cells, until = np.zeros(len(self)), self.all_cells(), np.asarray(until, dtype=float)
        for block in self.bands():
            walk = Walk(self.take(block))
            walk.until = np.maximum(until[block], 0.0)
            walk.to_the_end(cells)
            total[block] = walk.hazard
        return total


class Cells(NamedTuple):
    """A box of a table's cells: their rates raveled, its shape (strata, years, ages), and the place of its first cell, were the table of that shape."""

    rates: np.ndarray
    shape: tuple[int, int, int]
    offset: int


class Stay(NamedTuple):
    """What `Pieces` tells, of the rows of a walk; beside it the rates and the hazard that each row has been exposed to before. Read at once: arrays change."""

    rows: slice | np.ndarray
    cell: np.ndarray
    rate: np.ndarray
    begin: np.ndarray | None
    end: np.ndarray | None
    start: np.ndarray
    stop: np.ndarray
    before: np.ndarray


class Walk:
    """Rows on their way through a table, each at the place to which it has come.

    Attributes
    ----------
    year, age
        The places of the year and the age in which each row is, shape (n,).
    start, hazard
        The day to which it has come, and the hazard that it has been exposed to by then, shape (n,).
    begin
        The place of the first point at or after that day, shape (n,).
    until
        The day on which it is to halt (one of the points, where rates take effect at points alone), shape (n,).
    """

    def __init__(self, paths: LifeTablePaths, points: Points | None = None, *, stepwise: bool = True) -> None:
        self.points, self.stepwise = points, stepwise and points is not None
        self.date, self.old, n = paths.date, paths.age, len(paths)
        self.stratum = paths.stratum if n and (paths.stratum != paths.stratum[0]).any() else int(paths.stratum[0]) if n else 0
        self.year, self.age = paths.starting_cells()
        self.start, self.hazard, self.begin, self.until = np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64), np.zeros(n)
        slack = _FUZZ if self.stepwise else 0.0
        self.next_year, self.next_age = (np.append(cuts[1:], np.inf) - slack for cuts in (paths.year_cuts, paths.age_cuts))

    def to_the_end(self, cells: Cells) -> None:
        """Let all rows go where they halt."""
        for low in range(0, len(self.start), CHUNK):
            for _ in self.on(slice(low, min(low + CHUNK, len(self.start))), cells):
                pass

    def on(self, rows: slice, cells: Cells) -> Iterator[Stay]:
        """Let rows go on to where they halt, and give their stays in cells, the first of every row, then the second, ...; some may be empty."""
        width, stratum_width = cells.shape[2], cells.shape[1] * cells.shape[2]
        while True:
            year, age, start, until, before = (each[rows] for each in (self.year, self.age, self.start, self.until, self.hazard))
            new_year, birthday = self.next_year.take(year), self.next_age.take(age)
            new_year -= self.date[rows]
            birthday -= self.old[rows]
            stop = np.minimum(new_year, birthday)
            np.minimum(stop, until, out=stop)
            begin = end = None
            if self.points is not None:
                begin, end = self.begin[rows], self.points.within(stop)
                stop = self.points.times.take(end) if self.stepwise else stop
            cell = year * width
            cell += age
            cell += (self.stratum[rows].astype(np.int64) if np.ndim(self.stratum) else self.stratum) * stratum_width - cells.offset
            rate = cells.rates.take(cell)
            yield Stay(rows, cell, rate, begin, end, start, stop, before)
            before += rate * (stop - start)
            year += new_year <= stop
            age += birthday <= stop
            if not isinstance(rows, slice):  # these are copies
                self.hazard[rows], self.year[rows], self.age[rows] = before, year, age
            self.start[rows] = stop
            if end is not None:
                self.begin[rows] = end
            rows = _still(rows, stop < until)
            if rows is None:
                return


def _last_begun(cuts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Give the place of the last of sorted cuts at or before each value, int64; 0 where there is none."""
    width = (cuts[-1] - cuts[0]) / max(len(cuts) - 1, 1)
    if not width or np.abs(cuts - cuts[0] - width * np.arange(len(cuts))).max() >= width / 2:
        return np.maximum(np.searchsorted(cuts, values, side="right") - 1, 0)
    # Cuts so nearly even are found by a division, or lie beside what it gives.
    place = np.clip((values - cuts[0]) / width, 0, len(cuts) - 1).astype(np.int64)
    place -= cuts.take(place) > values
    np.maximum(place, 0, out=place)
    place += np.append(cuts[1:], np.inf).take(place) <= values
    return place


def _still(rows: slice | np.ndarray, going: np.ndarray) -> slice | np.ndarray | None:
    """Give the rows that go on, among others perhaps; None where none does. A slice is shortened, as rows that halt early may stand at its end."""
    n = np.count_nonzero(going)
    if not n:
        return None
    if n < _STILL_WORTH * len(going):
        return np.flatnonzero(going) + rows.start if isinstance(rows, slice) else rows[going]
    return slice(rows.start, rows.start + len(going) - int(going[::-1].argmax())) if isinstance(rows, slice) else rows
