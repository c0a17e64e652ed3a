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
    starts, place = _chains(np.asarray(times, dtype=float))
    return starts[place]


def _chains(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the smallest time of every chain, sorted, and which chain each time is in."""
    distinct, place = np.unique(times, return_inverse=True)
    slack = TOLERANCE * max(1.0, float(np.mean(np.abs(distinct)))) if len(distinct) else 0.0
    is_start = np.diff(distinct, prepend=-np.inf) > slack
    return distinct[is_start], (np.cumsum(is_start) - 1)[place]


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
    n, times = len(exit_), exit_ if entry is None else np.concatenate((exit_, entry))
    if _is_whole(times) and times.max(initial=0) * TOLERANCE < 1:  # a unit apart is no near tie
        clock, ticks = Clock(unit, per_year), times.astype(np.int64)
        at_origin = ticks <= 0
    else:
        grid, place = _chains(times)
        clock, ticks = (Clock(unit, per_year), grid.astype(np.int64)[place]) if _is_whole(grid) else (Clock(unit, per_year, grid), place)
        at_origin = (grid <= 0)[place]
    if entry is None or at_origin[n:].all():
        return from_origin(n), ticks[:n], clock
    return np.where(at_origin[n:], FROM_ORIGIN, ticks[n:]), ticks[:n], clock


def _is_whole(times: np.ndarray) -> bool:
    return bool((times == np.rint(times)).all())


def from_origin(n: int) -> np.ndarray:
    """Give the entries of `n` rows that are all followed from the origin: one number read n times, which takes no room."""
    return np.broadcast_to(np.int64(FROM_ORIGIN), (n,))
