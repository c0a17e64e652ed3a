"""Product-limit curves of weighted rows: their counts, the influence of every row, and the variance that does not trust the model.

The influence of row i on the logarithm of the survival at t is

    -w_i * integral over (0, t] of (dN_i - Y_i dN / Y) / (Y - dN),

with Y and dN sums of weights (for a cumulative hazard: of (dN_i - Y_i dN / Y) / Y). Between two events of its own a row at risk
gains `w_i * step`, where `step` is the term of Greenwood's sum at that time, and an event of its own costs it
`w_i * step * Y / dN`. So one array of steps carries every estimator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .product_limit import in_turn
from .risk_sets import RiskSets

ROOMY = 4  # a table of all keys up to the largest is filled unless it is this much larger than the rows
SMALL = 1 << 20


@dataclass(frozen=True, eq=False)
class WeightedRows:
    """Rows of follow-up with weights, shape (n,) each.

    Attributes
    ----------
    entry, exit
        Integer ticks; entry -1 from the origin. At risk at t: entry < t <= exit.
    event
        Whether the row ends with the event.
    weight
        Above 0.
    cluster
        Whose row it is, codes from 0.
    inner
        Whether the row's end is no end: the same patient goes on in the next row.
    """

    entry: np.ndarray
    exit: np.ndarray
    event: np.ndarray
    weight: np.ndarray
    cluster: np.ndarray
    inner: np.ndarray


class RiskTable(NamedTuple):
    """Sums of weights at each distinct tick at which somebody leaves, and how many rows have the event there; shape (t,)."""

    ticks: np.ndarray
    n_risk: np.ndarray
    n_event: np.ndarray
    n_censor: np.ndarray
    n_deaths: np.ndarray


def risk_table(rows: WeightedRows) -> RiskTable:
    """Sum the weights of those at risk, failing and censored at every tick at which a row really ends.

    Where everybody at risk has the event, both sums are the same number, so that survival is 0 and not nearly 0.

    >>> n = np.arange(3)
    >>> rows = WeightedRows(n * 0 - 1, n + 1, n < 2, np.array([0.5, 2.0, 1.5]), n, n > 2)
    >>> [each.tolist() for each in risk_table(rows)[1:4]]
    [[4.0, 3.5, 1.5], [0.5, 2.0, 0.0], [0.0, 0.0, 1.5]]
    """
    leaves = ~rows.inner
    if (rows.entry >= 0).any():
        sets = RiskSets.of(rows.entry, rows.exit, leaves)
        n_risk, rows_at_risk = sets.at_risk(np.column_stack((rows.weight, np.ones(len(rows.weight))))[sets.order]).T
        ticks, place = sets.ticks, np.searchsorted(sets.ticks, rows.exit)
    else:
        ticks, place = distinct(rows.exit)
        n_risk, rows_at_risk = (_from_the_end(np.bincount(place, each)) for each in (rows.weight, None))
    n_event, n_censor = (
        np.bincount(place[kind], rows.weight[kind], minlength=len(ticks)) for kind in (rows.event, leaves & ~rows.event))
    n_deaths = np.bincount(place[rows.event], minlength=len(ticks))
    return RiskTable(ticks, n_risk, np.where(n_deaths == rows_at_risk, n_risk, n_event), n_censor, n_deaths)


def distinct(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the distinct whole numbers of 0 and above, sorted, and the place of each key among them; without sorting where they lie close.

    >>> [each.tolist() for each in distinct(np.array([7, 2, 7]))]
    [[2, 7], [1, 0, 1]]
    """
    if int(keys.max(initial=0)) > ROOMY * len(keys) + SMALL:
        return np.unique(keys, return_inverse=True)
    taken = np.bincount(keys) > 0
    return np.flatnonzero(taken), (np.cumsum(taken) - 1)[keys]


def variance_steps(estimator: str, n_risk: np.ndarray, n_event: np.ndarray, n_deaths: np.ndarray) -> np.ndarray:
    """Give the terms whose running sum is the variance of log survival, were weights repeats; shape (t,).

    `kaplan-meier`: dN / (Y (Y - dN)), infinite where everybody at risk has the event; `nelson-aalen`: dN / Y^2;
    `fleming-harrington`: the events of a time one after another, each of their mean weight.
    """
    n, d = np.asarray(n_risk, dtype=float), np.asarray(n_event, dtype=float)
    if estimator == "kaplan-meier":
        with np.errstate(divide="ignore"):
            return d / (n * (n - d))
    if estimator == "nelson-aalen":
        return d / n**2
    return in_turn(n, d, n_deaths, 2)


def influence(rows: WeightedRows, table: RiskTable, steps: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Give the influence of every row on log survival at a few times, shape (n, times).

    Parameters
    ----------
    rows, table, steps
        The rows, `risk_table(rows)`, and `variance_steps` of it.
    at
        Positions on the scale of ticks, shape (times,).

    Returns
    -------
    array, shape (n, times)
        Weighted; the sum over all rows is 0. Missing from where survival is 0.
    """
    at = np.atleast_1d(at)
    finite, gone = _finite(steps)
    gained = np.append(0.0, np.cumsum(finite))
    entered, left, reached = (np.searchsorted(table.ticks, each, side="right") for each in (rows.entry, rows.exit, at))
    result = gained[np.minimum(left[:, None], reached)] - gained[np.minimum(entered[:, None], reached)]
    own = np.where(rows.event, _costs(table, finite)[np.maximum(left - 1, 0)], 0.0)
    result -= np.where(rows.exit[:, None] <= at, own[:, None], 0.0)
    result[:, reached > gone] = np.nan
    return rows.weight[:, None] * result


def robust_log_variance(rows: WeightedRows, table: RiskTable, steps: np.ndarray) -> np.ndarray:
    """Give the variance of log survival after each tick: the influence of the rows, summed by cluster, squared and added up.

    Parameters
    ----------
    rows, table, steps
        The rows, `risk_table(rows)`, and `variance_steps` of it (zeros for times that do not count, as before a condition).

    Returns
    -------
    array, shape (t,)
        Infinite from where survival is 0. Without weights, each patient a cluster and from the origin, it is Greenwood's.

    Notes
    -----
    The infinitesimal jackknife, as in R's survfit(robust = TRUE). A cluster's sum L and its weight at risk W change at its own
    entries and exits only; between them L grows by W * step. So the sums of L^2, L W and W^2 over all clusters are kept, and
    each change of a cluster is one term: n log n in all.

    >>> n = np.arange(4)
    >>> rows = WeightedRows(n * 0 - 1, n + 1, n < 3, np.ones(4), n, n > 3)
    >>> table = risk_table(rows)
    >>> robust_log_variance(rows, table, variance_steps("kaplan-meier", *table[1:3], table.n_deaths)).round(4).tolist()
    [0.0833, 0.25, 0.75, 0.75]
    """
    finite, gone = _finite(steps)
    if not (rows.entry >= 0).any() and np.bincount(rows.cluster).max(initial=0) <= 1:
        result = _of_single_rows(rows, table, finite)
        result[gone:] = np.inf
        return result
    cells = _cells(rows, table, finite)
    grid, place = np.unique(cells.tick, return_inverse=True)
    gain = np.zeros(len(grid))
    gain[np.searchsorted(grid, table.ticks)] = finite

    def by_time(terms: np.ndarray) -> np.ndarray:
        return np.bincount(place, terms, minlength=len(grid))

    # Added up from the end, where nobody is left and both sums are 0: few at risk late lose no digits to the many before.
    weight_squares = _from_the_end(by_time(cells.before**2 - cells.after**2))
    products = _from_the_end(-gain * weight_squares - by_time(cells.influence * cells.after - cells.spared * cells.before))
    squares = np.cumsum(2 * gain * products + gain**2 * weight_squares + by_time(cells.influence**2 - cells.spared**2))
    result = np.maximum(squares[np.searchsorted(grid, table.ticks)], 0.0)
    result[gone:] = np.inf
    return result


def _of_single_rows(rows: WeightedRows, table: RiskTable, steps: np.ndarray) -> np.ndarray:
    """Give the same where every row is from the origin and a cluster of its own: it gains until it leaves, and then stands still."""
    gained, place = np.cumsum(steps), np.searchsorted(table.ticks, rows.exit)
    square = rows.weight**2
    died, censored = (np.bincount(place[kind], square[kind], minlength=len(steps)) for kind in (rows.event, ~rows.event))
    still = np.append(_from_the_end(died + censored)[1:], 0.0)  # at risk beyond each tick
    return np.cumsum(censored * gained**2 + died * (gained - _costs(table, steps)) ** 2) + gained**2 * still


class _Cells(NamedTuple):
    """A tick at which something happens to a cluster: its weight at risk before and after, its influence after, and, were its events spared, so."""

    tick: np.ndarray
    before: np.ndarray
    after: np.ndarray
    influence: np.ndarray
    spared: np.ndarray


def _cells(rows: WeightedRows, table: RiskTable, steps: np.ndarray) -> _Cells:
    span = int(rows.exit.max()) + 2
    keys = np.concatenate((rows.cluster * span + rows.entry + 1, rows.cluster * span + rows.exit + 1))
    found, inverse = distinct(keys)
    enters, leaves = inverse[: len(rows.entry)], inverse[len(rows.entry):]

    def sums(cells: np.ndarray, values: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(cells, values, minlength=len(found))

    cluster, tick = np.divmod(found, span)
    tick -= 1
    opens = np.concatenate(([True], cluster[1:] != cluster[:-1]))
    nobody = _within(sums(enters) - sums(leaves), opens) == 0
    after = np.where(nobody, 0.0, _within(sums(enters, rows.weight) - sums(leaves, rows.weight), opens))
    before = np.where(opens, 0.0, np.append(0.0, after[:-1]))
    reached = np.searchsorted(table.ticks, tick, side="right")
    gained = np.append(0.0, np.cumsum(steps))[reached]
    growth = np.where(opens, 0.0, np.diff(gained, prepend=0.0)) * before
    cost = sums(leaves, np.where(rows.event, rows.weight, 0.0)) * np.append(0.0, _costs(table, steps))[reached]
    reach = _within(growth - cost, opens)
    return _Cells(tick, before, after, reach, reach + cost)


def _within(values: np.ndarray, opens: np.ndarray) -> np.ndarray:
    """Add up within runs of cells, each beginning where `opens` is true."""
    running = np.cumsum(values)
    starts = np.flatnonzero(opens)
    base = np.append(0, running)[starts]
    return running - np.repeat(base, np.diff(np.append(starts, len(values))))


def _from_the_end(falls: np.ndarray) -> np.ndarray:
    """Give a sum before each time from what it falls by at each; it ends with 0."""
    return np.cumsum(falls[::-1])[::-1]


def _costs(table: RiskTable, steps: np.ndarray) -> np.ndarray:
    """Give what an event costs a weight of one at each tick."""
    return table.n_risk * steps / np.where(table.n_event > 0, table.n_event, 1.0)


def _finite(steps: np.ndarray) -> tuple[np.ndarray, int]:
    """Give the steps with those that are infinite as 0, and the place of the first such (as many as there are where none is)."""
    endless = ~np.isfinite(steps)
    return np.where(endless, 0.0, steps), int(np.argmax(endless)) if endless.any() else len(steps)
