"""Who is at risk at each event time of each stratum, and sums over that which never subtract.

A row is at risk over a range of places (distinct event times of its stratum). Rows under observation from the start of their
stratum are summed from the last place backwards. Taking late entrants off again would lose digits where those at risk weigh little
beside those not yet entered, so a late row is split at the largest power of two within its range: up to there rows only enter, and
beyond it they only leave, so that both sides are running sums. Every row has one such split, and there are at most log2(places)
sizes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .places import stable_order


class Bundle(NamedTuple):
    """Rows in the order of a place of theirs (None: as they are), the distinct places, and where the rows of each begin."""

    rows: np.ndarray | None
    places: np.ndarray
    opens: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray | None, place: np.ndarray) -> Bundle:
        """Bundle rows by their place; without rows the places are sorted already."""
        if rows is not None:
            rows = rows[np.argsort(place[rows], kind="stable")]
        return cls(rows, *np.unique(place if rows is None else place[rows], return_index=True))

    def add(self, values: np.ndarray, to: np.ndarray) -> None:
        """Add the values of the rows to their places."""
        if len(self.places):
            to[self.places] += np.add.reduceat(values if self.rows is None else values[self.rows], self.opens, axis=0)


class Split(NamedTuple):
    """Late rows whose range is split in blocks of `size` places: bundled by their first and by their last place."""

    size: int
    by_first: Bundle
    by_last: Bundle


@dataclass(frozen=True, eq=False)
class RiskSets:
    """Who is at risk at which place, worked out once for any number of evaluations.

    Attributes
    ----------
    order
        Rows that are at risk at some place, in the order of their last place; shape (m,).
    first, last, died
        For those rows: first and last place at risk, and whether the row ends there with an event; shape (m,).
    n_deaths, ticks, strata
        For each place: deaths, time, stratum; shape (k,). Places are sorted by stratum, then time.
    bounds
        Where each stratum with events starts and stops among the places.
    early, late
        How the rows are bundled: those at risk from the start of their stratum, and those that enter later.
    repeats
        How many rows each of those stands for, shape (m,); None for one.
    """

    order: np.ndarray
    first: np.ndarray
    last: np.ndarray
    died: np.ndarray
    n_deaths: np.ndarray
    ticks: np.ndarray
    strata: np.ndarray
    bounds: tuple[tuple[int, int], ...]
    early: Bundle
    late: tuple[Split, ...]
    repeats: np.ndarray | None = None

    @classmethod
    def of(
        cls, entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, stratum: np.ndarray | None = None, repeats: np.ndarray | None = None,
    ) -> RiskSets:
        """Find the risk sets of rows with integer times; a row is at risk at t where entry < t <= exit.

        Parameters
        ----------
        entry, exit_
            Integer ticks of shape (n,); entry -1 for a row under observation from the origin.
        event
            0 or 1, shape (n,); at least one event.
        stratum
            Codes from 0, shape (n,); None for one stratum.
        repeats
            How many rows each stands for, shape (n,); None for one. Sums over the sets are of values that hold them already.

        >>> sets = RiskSets.of(np.array([-1, -1, 2]), np.array([1, 3, 3]), np.array([1, 1, 1]))
        >>> sets.ticks.tolist(), sets.n_deaths.tolist(), sets.at_risk(np.ones(3)).tolist()
        ([1, 3], [1, 2], [2.0, 2.0])
        """
        died = np.asarray(event).astype(bool)
        codes = np.zeros(len(died), dtype=np.int64) if stratum is None else np.asarray(stratum, dtype=np.int64)
        span = int(exit_.max(initial=0)) + 2
        leaves = codes * span + exit_ + 1
        places = np.unique(leaves[died])
        first = np.searchsorted(places, codes * span + entry + 1, side="right")
        last = np.searchsorted(places, leaves, side="right") - 1
        order = stable_order(last + 1, len(places) + 1)
        order = order[first[order] <= last[order]]
        first, last = first[order], last[order]
        strata, ticks = places // span, places % span - 1
        edges = [0, *(np.flatnonzero(np.diff(strata)) + 1).tolist(), len(places)]
        early, late = _bundled(first, last, strata)
        own = None if repeats is None else np.asarray(repeats, dtype=float)[order]
        n_deaths = np.bincount(last[died[order]], None if own is None else own[died[order]], minlength=len(places)).astype(np.int64)
        return cls(
            order, first, last, died[order], n_deaths=n_deaths, ticks=ticks, strata=strata,
            bounds=tuple(zip(edges[:-1], edges[1:], strict=True)), early=early, late=late, repeats=own)

    def at_risk(self, values: np.ndarray) -> np.ndarray:
        """Sum values of the ordered rows over each place's risk set: (m, ...) in, (k, ...) out."""
        total = np.zeros((len(self.ticks), *values.shape[1:]))
        self.early.add(values, total)
        for start, stop in self.bounds:
            total[start:stop] = np.cumsum(total[start:stop][::-1], axis=0)[::-1]
        for size, by_first, by_last in self.late:
            blocks = self._blocks(size, values.shape[1:])
            by_first.add(values, blocks)
            if size == 1:
                total += blocks[: len(total)]
                continue
            entering = self._blocks(size, values.shape[1:], blocks)[:, 0].cumsum(axis=1)
            blocks = self._blocks(size, values.shape[1:])
            by_last.add(values, blocks)
            leaving = self._blocks(size, values.shape[1:], blocks)[:, 1, ::-1].cumsum(axis=1)[:, ::-1]
            total += np.stack((entering, leaving), axis=1).reshape(blocks.shape)[: len(total)]
        return total

    def exposure(self, hazard: np.ndarray) -> np.ndarray:
        """Sum a hazard of the places over the places at which each ordered row is at risk: (k, ...) in, (m, ...) out."""
        shape = hazard.shape[1:]
        running = np.concatenate([np.cumsum(hazard[start:stop], axis=0) for start, stop in self.bounds])
        exposed = running[self.last]
        for size, by_first, _ in self.late:
            rows = by_first.rows
            if size == 1:
                exposed[rows] = hazard[self.last[rows]]
                continue
            blocks = self._blocks(size, shape)
            blocks[: len(hazard)] = hazard
            halves = self._blocks(size, shape, blocks)
            before = np.stack((halves[:, 0, ::-1].cumsum(axis=1)[:, ::-1], halves[:, 1].cumsum(axis=1)), axis=1).reshape(blocks.shape)
            exposed[rows] = before[self.first[rows]] + before[self.last[rows]]
        return exposed

    def among_deaths(self, values: np.ndarray) -> np.ndarray:
        """Sum values of the ordered rows over each place's deaths: (m, ...) in, (k, ...) out."""
        return np.add.reduceat(values[self.died], self._death_starts, axis=0)

    @cached_property
    def _death_starts(self) -> np.ndarray:
        return np.searchsorted(self.last[self.died], np.arange(len(self.ticks)))

    def _blocks(self, size: int, shape: tuple[int, ...], filled: np.ndarray | None = None) -> np.ndarray:
        """Give zeros for as many places as fill whole blocks, or such an array seen as (block, half, place, ...)."""
        n_blocks = -(-len(self.ticks) // size)
        return np.zeros((n_blocks * size, *shape)) if filled is None else filled.reshape(n_blocks, 2, size // 2, *shape)


def _bundled(first: np.ndarray, last: np.ndarray, strata: np.ndarray) -> tuple[Bundle, tuple[Split, ...]]:
    late = first > np.searchsorted(strata, strata[last])
    if not late.any():
        return Bundle.of(None, last), ()
    apart = np.where(late, first ^ last, 0)
    sizes = np.where(apart > 0, 2 ** np.ceil(np.log2(apart + 1.0)).astype(np.int64), 1)
    splits = []
    for size in np.unique(sizes[late]).tolist():
        rows = np.flatnonzero(late & (sizes == size))
        splits.append(Split(size, Bundle.of(rows, first), Bundle.of(rows, last)))
    return Bundle.of(np.flatnonzero(~late), last), tuple(splits)
