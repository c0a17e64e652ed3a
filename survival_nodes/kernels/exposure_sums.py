"""Sums over rows of the exponential of what a life table has exposed them to, at many times at once.

A row that came into a cell of rate r with hazard H at time b weighs exp(H + r (t - b)) there: of the form k exp(r t). Were there only a few
rates, a sum over rows would be that of their k at each rate, and would change only where somebody comes into a cell or leaves it. There are
many rates; but over a few years exp(r t), as a function of r, is a polynomial of low degree to the last digit, so each row is shared out
among a few rates (Chebyshev's points, by Lagrange's polynomials) and the sums over these are exact. Cost follows the stays in cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from .life_table_paths import CHUNK, Cells, LifeTablePaths, Points, Stay, Walk

_ONE_THREAD = 1 << 18  # multiplications
SECTION = 1461.0  # days over which rows keep to the same few rates
_WIDEST = 8.0  # by so much rates of one kind may differ over a section
_LEFT_OUT = 1e-15  # of a sum, by the polynomial
_MOST_CELLS = 1 << 20  # numbers in a table of cells by times, beyond which it is not made
_STAYS, _MOST_NODES = 16, 8  # a section holds about so many comings and goings of a row; and a table of cells needs about so many rates


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

    @classmethod
    def nothing(cls, m: int, n: int) -> ExposureSums:
        """Give sums of m steps and n rows to add to; `rates` holds changes at m + 1 points."""
        return cls(np.zeros((2, m)), np.zeros((2, m)), np.zeros(m + 1), np.zeros(n))


def exposure_sums(
    paths: LifeTablePaths, points: Points, enters: np.ndarray | None, leaves: np.ndarray, *, stepwise: bool, case_weight: np.ndarray | None = None,
    of: str = "both",
) -> ExposureSums:
    """Sum over rows, each from the point at which it enters to the one at which it leaves.

    Parameters
    ----------
    paths
        Rows on their way through a table.
    points
        Times, 0 the first, shape (m + 1,).
    enters, leaves
        Places among the points, whole numbers, shape (n,); enters None: all from the first.
    stepwise
        True: a new rate takes effect at the first point after the crossing, so that it is constant between points. False: at the crossing.
    case_weight
        How much each row counts, shape (n,); None: once.
    of
        Which sums are wanted: of `weights` exp(H), the inverse of the survival expected of a row, of that `survival` in their place, the
        `plain` one of rates, or `both` of weights and rates. The others stay 0.
    """
    m, weighted, plain, sign = len(points) - 1, of != "plain", of in {"plain", "both"}, -1.0 if of == "survival" else 1.0
    sums, sections = ExposureSums.nothing(m, len(paths) if weighted else 0), sections_of(points) if weighted else [(0, m)]
    for rows in blocks(paths, points, enters, leaves, case_weight, stepwise=stepwise):
        for section in sections:
            _add_section(rows, section, sums, plain=plain, sign=sign if weighted else None)
        if weighted:
            sums.at_exit[rows.place] = rows.walk.hazard
    np.cumsum(sums.rates, out=sums.rates)
    return ExposureSums(sums.weight, sign * sums.weighted_rates, sums.rates[:-1], sums.at_exit)


def _add_section(rows: Block, section: tuple[int, int], sums: ExposureSums, *, plain: bool, sign: float | None) -> None:
    """Let the rows go on from one point to another, and add their rates, and (unless `sign` is None) what they weigh on the way."""
    cells = rows.enter(section)
    changes = Changes(cells, rows.walk.points, section, rows.n, sign) if sign is not None and rows.n else None
    for stay in rows.stays(cells):
        begin = stay.begin if rows.enters is None else np.minimum(np.maximum(stay.begin, rows.enters[stay.rows]), stay.end)
        case = None if rows.case is None else rows.case[stay.rows]
        if plain:
            own = stay.rate if case is None else stay.rate * case
            np.add.at(sums.rates, begin, own)
            np.subtract.at(sums.rates, stay.end, own)
        if changes is not None:
            changes.add(stay, begin, stay.end, case)
    if changes is not None:
        changes.add_up(sums)


def sections_of(points: Points) -> list[tuple[int, int]]:
    """Give the places of the points at which sections of a few years begin and end."""
    starts = np.searchsorted(points.times, np.arange(0.0, points.times[-1], SECTION))
    bounds = np.unique(np.append(starts, len(points) - 1)).tolist()
    return list(zip(bounds[:-1], bounds[1:], strict=True))


def blocks(
    paths: LifeTablePaths, points: Points, enters: np.ndarray | None, leaves: np.ndarray, case: np.ndarray | None = None, *, stepwise: bool,
) -> Iterator[Block]:
    """Give the rows in blocks of like age, those who leave late first; parameters as in `exposure_sums`."""
    for place in paths.bands():
        leave = leaves[place]
        # Roughly sorted, as sorting by small numbers is quick.
        order = np.argsort(-(leave >> max(int(leave.max()).bit_length() - 14, 0)).astype(np.int16), kind="stable")
        place = place[order]
        yield Block(
            paths, place, Walk(paths.take(place), points, stepwise=stepwise), leave[order], *(None if each is None else each[place] for each in (enters, case)))


@dataclass(eq=False)
class Block:
    """Rows on a walk: their places among all, the points to and from which they are under observation, and what they count; `n` of them are yet to leave."""

    paths: LifeTablePaths
    place: np.ndarray
    walk: Walk
    leaves: np.ndarray
    enters: np.ndarray | None
    case: np.ndarray | None
    n: int = field(default=0, init=False)

    def enter(self, section: tuple[int, int]) -> Cells:
        """Make ready to go through a section of the points, and give the cells in which rows may be there."""
        first, last = section
        here = np.flatnonzero(self.leaves > first)
        self.n, times = int(here[-1]) + 1 if len(here) else 0, self.walk.points.times
        self.walk.until = times.take(np.minimum(self.leaves, last))
        return self.paths.cells_until(slice(0, self.n), self.walk, float(times[last])) if self.n else self.paths.all_cells()

    def stays(self, cells: Cells) -> Iterator[Stay]:
        """Let the rows go through the section."""
        for low in range(0, self.n, CHUNK):
            yield from self.walk.on(slice(low, min(low + CHUNK, self.n)), cells)


class Changes:
    """What comes in and goes out at each point of one section: in every cell, or, where these are too many, at each of a few rates.

    A row weighs k exp(rate x time), time counted from the middle of the section.
    """

    def __init__(self, cells: Cells, points: Points, section: tuple[int, int], n_rows: int, sign: float = 1.0) -> None:
        self.first, self.times = section[0], points.times[section[0] : section[1] + 1]
        self.rates, self.sign = sign * cells.rates, sign
        self.middle, size = (self.times[0] + self.times[-1]) / 2, len(self.times)
        self.direct = len(self.rates) * size <= min(_STAYS * _MOST_NODES * n_rows, _MOST_CELLS)
        self.nodes, self.shares = _nodes_of_all_kinds(self.rates, self.times)
        self.changes = np.zeros((len(self.rates) if self.direct else len(self.nodes)) * size)

    def add(self, stay: Stay, begin: np.ndarray, end: np.ndarray, case: np.ndarray | None) -> None:
        """Add stays, from the points in places `begin` to those in `end`."""
        k = stay.start - self.middle
        k *= stay.rate
        np.subtract(*((stay.before, k) if self.sign > 0 else (k, stay.before)), out=k)
        np.exp(k, out=k)
        if case is not None:
            k *= case
        size = len(self.times)
        if self.direct:
            place = stay.cell * size
            place -= self.first
            np.add.at(self.changes, place + begin, k)
            np.subtract.at(self.changes, place + end, k)
            return
        for place, share in enumerate(self.shares):
            part, place = share[stay.cell] * k, place * size - self.first
            np.add.at(self.changes, begin + place, part)
            np.subtract.at(self.changes, end + place, part)

    def add_up(self, sums: ExposureSums) -> None:
        """Add the section to the sums."""
        changes, nodes = self.changes.reshape(-1, len(self.times)), self.nodes
        changes = _product(self.shares, changes) if self.direct else changes
        at_nodes = np.cumsum(changes, axis=1)[:, :-1]
        growth = np.exp(nodes[:, None] * (self.times - self.middle))
        steps = slice(self.first, self.first + len(self.times) - 1)
        for side, weights in enumerate((growth[:, :-1] * at_nodes, growth[:, 1:] * at_nodes)):
            sums.weight[side, steps] += weights.sum(axis=0)
            sums.weighted_rates[side, steps] += nodes @ weights


def _nodes_of_all_kinds(rates: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the few rates, shape (q,), and the share of each rate at each of them, shape (q, r).

    Rates so far apart that they would grow out of each other's digits are taken apart.
    """
    length = times[-1] - times[0]
    kind = ((rates - rates.min(initial=np.inf)) * length / _WIDEST).astype(np.int64)
    parts = []
    for one in np.unique(kind).tolist():
        nodes, own = _nodes(rates[kind == one], length / 2)
        shares = np.zeros((len(nodes), len(rates)))
        shares[:, kind == one] = own
        parts.append((nodes, shares))
    return (np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])) if parts else (np.zeros(0), np.zeros((0, 0)))


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
