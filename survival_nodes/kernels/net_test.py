"""Log-rank-type test of net survival: rows weigh the inverse of the survival expected of them, and the population's deaths are taken off.

In each cell of the grid every group has, at the cell's end, its sum of weights, its weighted deaths and the weighted hazards that the
population would have had in it. Rates change where a row crosses into another year or age, also inside a cell.

References
----------
Graffeo N, Castell F, Belot A, Giorgi R (2016) A log-rank-type test to compare net survival distributions. Biometrics 72:760-769.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .exposure_sums import Block, Changes, ExposureSums, blocks, sections_of
from .life_table_paths import LifeTablePaths, Points, Stay
from .net_counts import places_among


@dataclass(frozen=True, eq=False)
class WeightedSums:
    """Sums over one group's rows at the end of each cell, shape (m,) each.

    Attributes
    ----------
    weight
        Of the weights w of those at risk in the cell.
    events, squared_events
        Of w and of w^2 over the events at its end.
    expected
        Of w times the population's hazard in the cell.
    """

    weight: np.ndarray
    events: np.ndarray
    squared_events: np.ndarray
    expected: np.ndarray


def weighted_sums(
    paths: LifeTablePaths, entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, points: np.ndarray, repeats: np.ndarray | None = None,
) -> WeightedSums:
    """Sum over one group; parameters as in `crude_probability.expected_counts`, with every entry and exit of all groups among the points.

    Rows whose follow-up is 0 are at risk in no cell, and say nothing.
    """
    m, grid = len(points) - 1, Points.of(points)
    first, last = (places_among(grid, days, m) for days in (entry, exit_))
    sums, broken = ExposureSums.nothing(m, len(paths)), (np.zeros(m + 1), np.zeros(m + 1))
    for rows in blocks(paths, grid, first, last, repeats, stepwise=False):
        within = np.zeros(len(rows.place))  # the hazard of a cell of the grid which a row has not yet left
        for section in sections_of(grid):
            cells = rows.enter(section)
            if not rows.n:
                break
            changes = Changes(cells, grid, section, rows.n)
            for stay in rows.stays(cells):
                _add_stay(stay, rows, within, changes, broken)
            changes.add_up(sums)
        sums.at_exit[rows.place] = rows.walk.hazard
    weight, expected = sums.weight[1] + broken[0][1:], sums.weighted_rates[1] * np.diff(points) + broken[1][1:]
    nobody = np.cumsum(np.bincount(first, minlength=m + 1) - np.bincount(last, minlength=m + 1))[:-1] == 0
    weight[nobody] = expected[nobody] = 0.0  # where all have left, rounding leaves something
    died = event.astype(bool) & (exit_ <= points[-1]) & (first < last)
    n = 1.0 if repeats is None else repeats[died]
    events, squared = (np.bincount(last[died], n * np.exp(power * sums.at_exit[died]), m + 1) for power in (1, 2))
    return WeightedSums(weight, events[1:], squared[1:], expected)


def _add_stay(stay: Stay, rows: Block, within: np.ndarray, changes: Changes, broken: tuple[np.ndarray, np.ndarray]) -> None:
    """Add stays in cells of the table: the cells of the grid that lie in one whole, and (`broken`) the one in which it began, where it ends."""
    grid = rows.walk.points
    begin = np.minimum(np.maximum(stay.start, grid.times[rows.enters[stay.rows]]), stay.stop)
    first, last = grid.at_or_after(begin), stay.end - (grid.times[stay.end] > stay.stop)  # points in the stay, where there are any
    case = None if rows.case is None else rows.case[stay.rows]
    changes.add(stay, np.minimum(first, last), last, case)
    before, leaves = within[stay.rows], first <= last
    over = leaves & (grid.times[first] > begin)
    weight = np.where(over, np.exp(stay.before + stay.rate * (grid.times[first] - stay.start)), 0.0) * (1.0 if case is None else case)
    np.add.at(broken[0], first, weight)
    np.add.at(broken[1], first, weight * (before + stay.rate * (grid.times[first] - begin)))
    within[stay.rows] = np.where(leaves, stay.rate * (stay.stop - grid.times[last]), before + stay.rate * (stay.stop - begin))


def net_log_rank(groups: Sequence[WeightedSums]) -> tuple[np.ndarray, np.ndarray]:
    """Give, of one stratum, observed less expected weighted excess deaths, shape (k,), and their covariance, shape (k, k).

    In each cell a group is expected to have the share of all excess deaths that it has of all weights p; the covariance sums
    w^2 (d - p)(d - p)' over the deaths, d the unit vector of the dead's group.

    >>> def sums(weight, events):
    ...     return WeightedSums(np.array(weight), np.array(events), np.array(events), np.zeros(len(weight)))
    >>> excess, covariance = net_log_rank([sums([2.0, 1.0], [1.0, 0.0]), sums([2.0, 2.0], [0.0, 1.0])])
    >>> bool(np.isclose(excess[0], 1 - 2 / 4 - 1 / 3)), bool(np.isclose(covariance[0, 0], (2 / 4) ** 2 + (1 / 3) ** 2))
    (True, True)
    """
    weight, excess, squared = (
        np.column_stack(columns) for columns in zip(*((each.weight, each.events - each.expected, each.squared_events) for each in groups), strict=True))
    total = weight.sum(axis=1, keepdims=True)
    share = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    difference = (excess - share * excess.sum(axis=1, keepdims=True)).sum(axis=0)
    mixed = squared.T @ share
    covariance = np.diag(squared.sum(axis=0)) - mixed - mixed.T + (share * squared.sum(axis=1, keepdims=True)).T @ share
    return difference, covariance
