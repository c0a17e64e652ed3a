"""Sums over rows of the exponential of what a life table has exposed them to, at many times at once.

A row that came into a cell of rate r with hazard H at time b weighs exp(H + r (t - b)) there: of the form k exp(r t). Were there only a few
rates, a sum over rows would be that of their k at each rate, and would change only where somebody comes into a cell or leaves it. There are
many rates; but over a few years exp(r t), as a function of r, is a polynomial of low degree to the last digit, so each row is shared out
among a few rates (Chebyshev's points, by Lagrange's polynomials) and the sums over these are exact. Cost follows the stays in cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .life_table_paths import LifeTablePaths, Points

_ONE_THREAD = 1 << 18  # multiplications
SECTION = 1461.0  # days over which rows keep to the same few rates
_WIDEST = 8.0  # by so much rates of one kind may differ over a section
_LEFT_OUT = 1e-15  # of a sum, by the polynomial
_MOST_CELLS = 1 << 22  # numbers in a table of cells by times, beyond which it is not made


@dataclass(frozen=True, eq=False)
class Visits:
    """Stays of rows in cells, shape (v,) each: from and to which point, the rate of the cell and its place, and log k + rate x time."""

    cell: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    log_k: np.ndarray
    case: np.ndarray | None


@dataclass(frozen=True, eq=False)
class ExposureSums:
    """Sums over the rows under observation, of their weight exp(+-H), and of rate times weight.

    Attributes
    ----------
    weight, weighted_rates
        At the start of the step that begins at each point but the last, and at its end if nobody leaves; shape (2, m).
    rates
        Sum of the rates themselves in that step, shape (m,).
    at_exit
        Cumulative hazard of each row where it leaves, shape (n,).
    """

    weight: np.ndarray
    weighted_rates: np.ndarray
    rates: np.ndarray
    at_exit: np.ndarray


def exposure_sums(
    paths: LifeTablePaths, points: Points, enters: np.ndarray, leaves: np.ndarray, *, stepwise: bool, sign: float = 1.0, case_weight: np.ndarray | None = None,
) -> ExposureSums:
    """Sum over rows, each from the point at which it enters to the one at which it leaves.

    Parameters
    ----------
    paths
        Rows on their way through a table.
    points
        Times, 0 the first, shape (m + 1,).
    enters, leaves
        Places among the points, int64, shape (n,).
    stepwise
        True: a new rate takes effect at the first point after the crossing, so that it is constant between points. False: at the crossing.
    sign
        1: rows weigh exp(H), the inverse of the survival expected of them; -1: that survival.
    case_weight
        How much each row counts, shape (n,); None: once.
    """
    m = len(points) - 1
    sums = ExposureSums(np.zeros((2, m)), np.zeros((2, m)), np.zeros(m + 1), np.zeros(len(paths)))
    sections = np.unique(np.append(np.searchsorted(points.times, np.arange(0.0, points.times[-1], SECTION)), m))
    for block in paths.bands():
        case = None if case_weight is None else case_weight[block]
        visits, at_exit = _visits(paths.take(block), points, enters[block], leaves[block], case, stepwise, sign)
        sums.at_exit[block] = at_exit
        rate = paths.rates.ravel()[visits.cell]
        own = rate if visits.case is None else rate * visits.case
        sums.rates[:] += np.bincount(visits.begin, own, m + 1) - np.bincount(visits.end, own, m + 1)
        for first, last in zip(sections[:-1].tolist(), sections[1:].tolist(), strict=True):
            _add_section(visits, sign * paths.rates.ravel(), points.times[first : last + 1], first, sums)
    np.cumsum(sums.rates, out=sums.rates)
    return ExposureSums(sums.weight, sign * sums.weighted_rates, sums.rates[:-1], sums.at_exit)


def _visits(
    paths: LifeTablePaths, points: Points, enters: np.ndarray, leaves: np.ndarray, case: np.ndarray | None, stepwise: bool, sign: float,
) -> tuple[Visits, np.ndarray]:
    """Give all stays of some rows, without those that are empty or over before the row enters, and the hazard of each row where it leaves."""
    exposed, rates, found = np.zeros(len(paths)), paths.rates.ravel(), []
    late = bool(enters.any())
    for rows, begin, end, cell, start, stop in paths.pieces(leaves, points) if stepwise else paths.pieces(points.times[leaves]):
        rate, before = rates[cell], exposed[rows]
        exposed[rows] = before + rate * (stop - start)
        if not stepwise:
            begin, end = points.at_or_after(begin), points.at_or_after(end)
        if late:
            begin = np.maximum(begin, enters[rows])
        there = begin < end
        log_k = sign * (before - rate * start)
        parts = [cell, begin, end, log_k] + ([] if case is None else [case[rows]])
        found.append(parts if there.all() else [part[there] for part in parts])
    columns = [np.concatenate(parts) for parts in zip(*found, strict=True)] if found else [np.zeros(0, dtype=np.int64)] * 3 + [np.zeros(0)] * 2
    return Visits(*columns[:4], None if case is None else columns[4]), exposed


def _add_section(visits: Visits, rates: np.ndarray, times: np.ndarray, first: int, sums: ExposureSums) -> None:
    """Add the stays in one section of the points, `times`, the first of them in place `first`."""
    size = len(times)
    here = np.flatnonzero((visits.end > first) & (visits.begin < first + size - 1))
    if not len(here):
        return
    cell, begin, end = visits.cell[here], np.maximum(visits.begin[here] - first, 0), np.minimum(visits.end[here] - first, size - 1)
    k = np.exp(visits.log_k[here] + rates[cell] * (times[0] + times[-1]) / 2)
    if visits.case is not None:
        k *= visits.case[here]
    steps = slice(first, first + size - 1)
    # Rates so far apart that they would grow out of each other's digits are taken apart.
    kind = ((rates - rates.min()) * (times[-1] - times[0]) / _WIDEST).astype(np.int64)
    kinds = np.flatnonzero(np.bincount(kind[cell]))
    for one in kinds.tolist():
        own = slice(None) if len(kinds) == 1 else kind[cell] == one
        _add_alike(cell[own], begin[own], end[own], k[own], rates, times, (sums.weight[:, steps], sums.weighted_rates[:, steps]))


def _add_alike(
    cell: np.ndarray, begin: np.ndarray, end: np.ndarray, k: np.ndarray, rates: np.ndarray, times: np.ndarray, sums: tuple[np.ndarray, np.ndarray],
) -> None:
    """Add stays in cells of rates not too far apart; k is on the scale of the middle of the times."""
    cells = np.flatnonzero(np.bincount(cell, minlength=len(rates)))
    nodes, shares = _nodes(rates[cells], (times[-1] - times[0]) / 2)
    own = np.empty(len(rates), dtype=np.int64)
    own[cells] = np.arange(len(cells))
    at_nodes = np.cumsum(_shared_out(shares, own[cell], begin, end, k, len(times)), axis=1)[:, :-1]
    growth = np.exp(nodes[:, None] * (times - (times[0] + times[-1]) / 2))
    for side, weights in enumerate((growth[:, :-1] * at_nodes, growth[:, 1:] * at_nodes)):
        sums[0][side] += weights.sum(axis=0)
        sums[1][side] += (nodes[:, None] * weights).sum(axis=0)


def _shared_out(shares: np.ndarray, cell: np.ndarray, begin: np.ndarray, end: np.ndarray, k: np.ndarray, size: int) -> np.ndarray:
    """Give what is gained (and lost) at each point at each of the few rates, shape (q, size), from the share of each cell at each rate."""
    n_nodes, n_cells = shares.shape
    if n_cells * size <= min(2 * n_nodes * len(k), _MOST_CELLS):
        changes = np.bincount(cell * size + begin, k, n_cells * size)
        changes -= np.bincount(cell * size + end, k, n_cells * size)
        return _product(shares, changes.reshape(n_cells, size))
    parts = (share[cell] * k for share in shares)
    return np.array([np.bincount(begin, part, size) - np.bincount(end, part, size) for part in parts])


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Multiply two matrices in pieces so small that no library of linear algebra spreads them over threads, which costs more than it gives."""
    width = max(_ONE_THREAD // left.size, 1)
    return np.concatenate([left @ right[:, first : first + width] for first in range(0, right.shape[1], width)], axis=1)


def _nodes(rates: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Give the few rates, shape (q,), and the share of each of the rates at each of them, shape (q, r); for times within `reach` of the middle."""
    low, high = float(rates.min()), float(rates.max())
    half, middle = (high - low) / 2, (high + low) / 2
    if half == 0:
        return np.array([middle]), np.ones((1, len(rates)))
    # The interpolation of exp(r t) by q points on r = middle +- half leaves out less than this.
    n, term = 1, np.exp(2 * half * reach)
    while term > _LEFT_OUT:
        term *= half * reach / 2 / n
        n += 1
    n += 1
    angle = (2 * np.arange(n) + 1) * np.pi / (2 * n)
    spots, signed = np.cos(angle), np.sin(angle) * (-1.0) ** np.arange(n)
    away = (rates - middle) / half - spots[:, None]
    shares = signed[:, None] / np.where(away == 0, 1.0, away)
    shares /= shares.sum(axis=0)
    hit = (away == 0).any(axis=0)
    shares[:, hit] = away[:, hit] == 0
    return middle + half * spots, shares
