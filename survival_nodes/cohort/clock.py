"""Follow-up as integer ticks: near-equal times merged once, so that counting never compares floats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# The tolerance of R's timefix: the square root of the double's epsilon (about 1.5e-8), absolute or relative to the mean time.
TOLERANCE = float(np.sqrt(np.finfo(float).eps))
FROM_ORIGIN = -1


@dataclass(frozen=True, eq=False)
class Clock:
    """What a tick means: a whole unit of time, or, where times are not whole, the place in the list of distinct times.

    Parameters
    ----------
    unit
        `days`, `months` or `years`.
    per_year
        Units in a year.
    grid
        Sorted distinct times in that unit; None where a tick is one unit.
    """

    unit: str
    per_year: float
    grid: np.ndarray | None = None

    def times(self, ticks: np.ndarray) -> np.ndarray:
        """Give the times of ticks in the clock's unit; the origin (-1) is time 0."""
        ticks = np.asarray(ticks)
        if self.grid is None:
            return np.maximum(ticks, 0).astype(float)
        return np.where(ticks < 0, 0.0, self.grid[np.maximum(ticks, 0)]) if len(self.grid) else np.zeros(ticks.shape)

    def years(self, ticks: np.ndarray) -> np.ndarray:
        """Give the times of ticks in years."""
        return self.times(ticks) / self.per_year

    def position(self, years: float | np.ndarray) -> np.ndarray:
        """Give where times in years lie on the scale of ticks: `tick <= position` holds exactly where time <= years.

        A time within the tolerance of a tick is that tick.
        """
        times = np.asarray(years, dtype=float) * self.per_year
        if self.grid is None:
            nearest = np.rint(times)
            return np.where(np.abs(times - nearest) <= TOLERANCE * np.maximum(1.0, np.abs(times)), nearest, times)
        slack = TOLERANCE * np.maximum(1.0, np.abs(times))
        after = np.searchsorted(self.grid, times + slack, side="right")
        exact = after > np.searchsorted(self.grid, times - slack, side="left")
        return np.where(exact, after - 1.0, after - 0.5)


def merge_near_ties(times: np.ndarray) -> np.ndarray:
    """Give each time the smallest of the chain of times that differ by no more than R's timefix tolerance.

    Source: the function aeqSurv of the R package survival (tolerance: square root of machine epsilon, absolute or
    relative to the mean of the distinct times).

    >>> merge_near_ties(np.array([0.3, 0.1 + 0.2, 1.0])).tolist()
    [0.3, 0.3, 1.0]
    """
    distinct = np.unique(times)
    if len(distinct) < 2:
        return times.astype(float)
    gaps = np.diff(distinct)
    slack = TOLERANCE * max(1.0, float(np.mean(np.abs(distinct))))
    starts = distinct[np.concatenate(([True], gaps > slack))]
    return starts[np.searchsorted(starts, times, side="right") - 1]


def to_ticks(entry: np.ndarray | None, exit_: np.ndarray, unit: str, per_year: float) -> tuple[np.ndarray, np.ndarray, Clock]:
    """Turn entry and exit times into ticks and the clock that reads them.

    Parameters
    ----------
    entry, exit_
        Times in `unit`, shape (n,), finite and not negative; entry None or 0: under observation from the origin.

    Returns
    -------
    entry_ticks, exit_ticks, clock
        int64 arrays of shape (n,), entry -1 for the origin.
    """
    n = len(exit_)
    merged = merge_near_ties(exit_ if entry is None else np.concatenate((exit_, entry)))
    exits, entries = merged[:n], (np.zeros(n) if entry is None else merged[n:])
    if np.array_equal(merged, np.rint(merged)):
        clock, exit_ticks, entry_ticks = Clock(unit, per_year), exits.astype(np.int64), entries.astype(np.int64)
    else:
        clock = Clock(unit, per_year, np.unique(merged))
        exit_ticks, entry_ticks = np.searchsorted(clock.grid, exits), np.searchsorted(clock.grid, entries)
    return np.where(entries <= 0, FROM_ORIGIN, entry_ticks).astype(np.int64), exit_ticks.astype(np.int64), clock
