"""Crude probabilities of death from the disease and from other causes, where no cause of death is known.

Deaths are counted, deaths of the population are expected, and their difference is the disease's. Between follow-up times there is a
point a day, so that survival, which both probabilities hang on, is as fresh as that where hazards are expected.

References
----------
Cronin K A, Feuer E J (2000) Cumulative cause-specific mortality for cancer patients in the presence of other causes. Stat Med 19:1729-1740.
Pohar Perme M, Pavlic K (2018) Nonparametric relative survival analysis with the R package relsurv. J Stat Softw 87(8), section 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .life_table_paths import CHUNK, Cells, LifeTablePaths, Points, Walk
from .net_counts import places_among


@dataclass(frozen=True, eq=False)
class ExpectedCounts:
    """Counts of one group in the cells between the points of a grid, shape (m,) each.

    Attributes
    ----------
    times
        Days since time 0, the end of each cell; the first is 0 where somebody is followed for no time.
    n_risk, n_event
        Rows at risk in the cell (to its end), and events at its end.
    expected
        Deaths of the population expected in the cell: the hazards of those at risk, summed.
    """

    times: np.ndarray
    n_risk: np.ndarray
    n_event: np.ndarray
    expected: np.ndarray


@dataclass(frozen=True, eq=False)
class CrudeProbability:
    """Probabilities of having died by each time, shape (m,) each: `disease` + `other` = 1 - `survival`, to rounding."""

    disease: np.ndarray
    other: np.ndarray
    disease_variance: np.ndarray
    other_variance: np.ndarray
    survival: np.ndarray


def day_grid(times: np.ndarray, step: float = 1.0) -> np.ndarray:
    """Give 0, day 1 and every `step` days from there to the last of the times, and the times themselves; sorted, distinct.

    >>> day_grid(np.array([3.5, 2.0])).tolist()
    [0.0, 1.0, 2.0, 3.0, 3.5]
    """
    last = float(times.max(initial=0.0))
    return np.unique(np.concatenate(([0.0], np.arange(1.0, last, step), times[times > 0])))


def expected_counts(
    paths: LifeTablePaths, entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, points: np.ndarray, repeats: np.ndarray | None = None,
) -> ExpectedCounts:
    """Count one group.

    Parameters
    ----------
    paths
        Its rows on their way through the life table.
    entry, exit_
        Days since time 0, shape (n,); a row is at risk at t where entry < t <= exit (entry -1: also at 0, where its exit is 0).
    event
        0 or 1, shape (n,).
    points
        The grid, from 0: sorted, distinct, with every entry and exit above 0 among them up to its last; shape (m + 1,).
    repeats
        How many patients each row stands for, shape (n,); None for one each.
    """
    m, places = len(points) - 1, Points.of(points)
    first, last = (places_among(places, days, m) for days in (entry, exit_))
    n_risk = np.cumsum(np.bincount(first, repeats, m + 1) - np.bincount(last, repeats, m + 1))[:m]
    died = event.astype(bool) & (exit_ <= points[-1])
    n_event = np.bincount(last[died], None if repeats is None else repeats[died], m + 1)
    whole, parts = np.zeros(m + 1), np.zeros(m + 1)
    for block in paths.bands():
        walk = Walk(paths.take(block), places, stepwise=False)
        walk.until = points[last[block]]
        _add_hazards(walk, points[first[block]], None if repeats is None else repeats[block], paths.all_cells(), (whole, parts))
    expected = np.where(n_risk > 0, np.cumsum(whole)[:m] * np.diff(points) + parts[1:], 0.0)
    counts = ExpectedCounts(points[1:], n_risk, n_event[1:], expected)
    if not (exit_ == 0).any():
        return counts
    at_zero = ((entry < 0).sum() if repeats is None else repeats[entry < 0].sum(), n_event[0], 0.0)
    return ExpectedCounts(points, *(np.concatenate(([zero], each)) for zero, each in zip(at_zero, (n_risk, counts.n_event, expected), strict=True)))


def _add_hazards(walk: Walk, start: np.ndarray, repeats: np.ndarray | None, cells: Cells, sums: tuple[np.ndarray, np.ndarray]) -> None:
    """Add the hazards of rows at risk from start: rates where a cell of the grid is crossed whole (as differences), and parts of cells by their end."""
    whole, parts = sums
    times = walk.points.times
    for low in range(0, len(start), CHUNK):
        for stay in walk.on(slice(low, min(low + CHUNK, len(start))), cells):
            begin = np.minimum(np.maximum(stay.start, start[stay.rows]), stay.stop)
            rate = stay.rate if repeats is None else stay.rate * repeats[stay.rows]
            first, end = walk.points.at_or_after(begin), stay.end  # the first points at or after both
            last = end - (times[end] > stay.stop)  # and the last one before the stay ends
            within = first > last
            np.add.at(whole, first, rate)
            np.subtract.at(whole, np.maximum(last, first), rate)
            before = np.where(within, stay.stop, times[first]) - begin
            np.add.at(parts, first, before * rate)
            np.add.at(parts, end, np.where(within, 0.0, stay.stop - times[last]) * rate)


def crude_probability(n_risk: np.ndarray, n_event: np.ndarray, expected: np.ndarray) -> CrudeProbability:
    """Share the deaths of each cell out to the disease and to other causes, with variances.

    Parameters
    ----------
    n_risk, n_event, expected
        As in `ExpectedCounts`, shape (m,) each.

    Notes
    -----
    With S survival, F a probability and s the events over the square of those at risk, the variance sums s(u) (S(u) - F(t) + F(u))^2 over
    u <= t for the disease, and s(u) (F(t) - F(u))^2 for other causes: the population's hazards are taken as known, so that what is uncertain
    is how many die. It is worked out from sums to t.

    >>> found = crude_probability(np.array([4, 2]), np.array([2, 1]), np.array([0.0, 0.5]))
    >>> found.disease.tolist(), found.other.tolist(), found.survival.tolist()
    ([0.5, 0.625], [0.0, 0.125], [0.5, 0.25])
    """
    at_risk = np.where(n_risk > 0, n_risk, 1.0)
    all_deaths, population = n_event / at_risk, expected / at_risk
    survival = np.cumprod(1 - all_deaths)
    before = np.concatenate(([1.0], survival[:-1]))
    disease, other = np.cumsum(before * (all_deaths - population)), np.cumsum(before * population)
    spread = n_event / at_risk**2
    return CrudeProbability(disease, other, _variance(disease, survival + disease, spread), _variance(other, other, spread), survival)


def _variance(probability: np.ndarray, moved: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Sum spread(u) (moved(u) - probability(t))^2 over u <= t, the square multiplied out."""
    return np.maximum(np.cumsum(spread * moved**2) - 2 * probability * np.cumsum(spread * moved) + probability**2 * np.cumsum(spread), 0.0)
