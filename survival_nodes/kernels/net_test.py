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

from .crude_probability import at_risk_in_cells
from .exposure_sums import exposure_sums
from .life_table_paths import LifeTablePaths, Points


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


def weighted_sums(paths: LifeTablePaths, entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, points: np.ndarray) -> WeightedSums:
    """Sum over one group; parameters as in `crude_probability.expected_counts`, with every entry and exit of all groups among the points.

    Rows whose follow-up is 0 are at risk in no cell, and say nothing.
    """
    first, last = at_risk_in_cells(entry, exit_, points)
    m = len(points)
    # As if rates changed only where cells of the grid begin; then those cells are put right in which a row crosses.
    sums = exposure_sums(paths, Points.of(points), first, last, stepwise=False)
    weight, expected = np.append(0.0, sums.weight[1]), np.append(0.0, sums.weighted_rates[1] * np.diff(points))
    for block in paths.bands():
        _put_right(paths.take(block), points[first[block]], points[last[block]], points, (weight, expected))
    nobody = np.cumsum(np.bincount(first, minlength=m) - np.bincount(last, minlength=m))[:-1] == 0
    weight[1:][nobody] = expected[1:][nobody] = 0.0  # where all have left, rounding leaves something
    died = event.astype(bool) & (exit_ <= points[-1]) & (first < last)
    events, squared = (np.bincount(last[died], np.exp(power * sums.at_exit[died]), m) for power in (1, 2))
    return WeightedSums(weight[1:], events[1:], squared[1:], expected[1:])


def _put_right(paths: LifeTablePaths, start: np.ndarray, stop: np.ndarray, points: np.ndarray, sums: tuple[np.ndarray, np.ndarray]) -> None:
    """Replace, in the cells in which rows cross, the rate at the start of the cell by the rates that they had; at risk from start to stop, both points."""
    rates, n = paths.rates.ravel(), len(paths)
    exposed, within = np.zeros(n), np.zeros(n)  # all hazard so far; and that of a cell which a row has not yet left
    old_rate, old_log_k = np.zeros(n), np.zeros(n)  # at the start of that cell
    for piece in paths.pieces(stop):
        rate = rates[piece.cell]
        log_k = exposed[piece.rows] - rate * piece.start
        exposed[piece.rows] += rate * (piece.stop - piece.start)
        begin = np.maximum(piece.start, start[piece.rows])
        rows, begin, end, rate, log_k = (part[begin < piece.stop] for part in (piece.rows, begin, piece.stop, rate, log_k))
        low, high = np.searchsorted(points, begin), np.searchsorted(points, end, side="right") - 1
        leaves = low <= high
        over = leaves & (points[np.minimum(low, len(points) - 1)] > begin)
        _replace(rows[over], low[over], (rate[over], log_k[over], begin[over]), (old_rate, old_log_k, within), points, sums)
        stays = rows[~leaves]
        within[stays] += rate[~leaves] * (end - begin)[~leaves]
        into = rows[leaves]
        within[into], old_rate[into], old_log_k[into] = (rate * (end - points[high]))[leaves], rate[leaves], log_k[leaves]


def _replace(
    rows: np.ndarray, place: np.ndarray, now: tuple[np.ndarray, ...], before: tuple[np.ndarray, ...], points: np.ndarray, sums: tuple[np.ndarray, np.ndarray],
) -> None:
    """Replace what rows were given in the cells that end at a place of the points: `now` their rate, log k and since when, `before` what they had."""
    rate, log_k, since = now
    old_rate, old_log_k, within = (each[rows] for each in before)
    end = points[place]
    right, wrong = np.exp(log_k + rate * end), np.exp(old_log_k + old_rate * end)
    np.add.at(sums[0], place, right - wrong)
    np.add.at(sums[1], place, right * (within + rate * (end - since)) - wrong * old_rate * (end - points[place - 1]))


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
