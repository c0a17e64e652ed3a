"""The places of a partial likelihood, which are the distinct event times of each stratum, and where each row leaves among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROOMY = 4  # times are looked up in a table unless it is this much longer than the rows
SMALL = 1 << 20
SHORT = 1 << 16
PORTION = 1 << 16  # rows, or cells, gone through at a time: what is made of them stays in the cache, and no copies of all are made


@dataclass(frozen=True, eq=False)
class Places:
    """Distinct event times of each stratum, sorted by stratum, then time.

    `n_deaths`, `ticks`, `strata` of each place, shape (k,); `bounds` where each stratum with events starts and stops among the places.
    """

    n_deaths: np.ndarray
    ticks: np.ndarray
    strata: np.ndarray
    bounds: tuple[tuple[int, int], ...]

    def from_end(self, values: np.ndarray) -> np.ndarray:
        """Sum values of the places, along the last axis, from the end of each stratum back to each place."""
        total = np.empty_like(values)
        for start, stop in self.bounds:
            np.cumsum(values[..., start:stop][..., ::-1], axis=-1, out=total[..., start:stop][..., ::-1])
        return total

    def from_start(self, values: np.ndarray) -> np.ndarray:
        """Sum values of the places, along the last axis, from the start of each stratum through each place."""
        total = np.empty_like(values)
        for start, stop in self.bounds:
            np.cumsum(values[..., start:stop], axis=-1, out=total[..., start:stop])
        return total


def find_places(
    exit_: np.ndarray, event: np.ndarray, stratum: np.ndarray | None = None, repeats: np.ndarray | None = None,
) -> tuple[Places, np.ndarray]:
    """Give the places of rows that are at risk from the origin, and the last place at which each is; shape (n,), -1 where at none.

    Parameters
    ----------
    exit_, event
        Integer ticks from 0, and 0 or 1 with at least one event, shape (n,).
    stratum
        Codes from 0, shape (n,); None for one stratum.
    repeats
        How many rows each stands for, shape (n,); None for one.

    >>> places, last = find_places(np.array([0, 1, 3, 4]), np.array([0, 1, 1, 0]))
    >>> places.ticks.tolist(), last.tolist()
    ([1, 3], [-1, 0, 1, 1])
    """
    span = int(exit_.max(initial=0)) + 1
    keys = np.asarray(exit_) if stratum is None else np.multiply(stratum, span, dtype=np.int64) + exit_
    n_keys = span * (1 if stratum is None else int(stratum.max(initial=0)) + 1)
    if n_keys <= ROOMY * len(keys) + SMALL:
        deaths = _counted_deaths(keys, event, repeats, n_keys)
        found = np.flatnonzero(deaths)
        last = _places_before(found, n_keys, span)[keys]
        n_deaths = deaths[found]
    else:
        died = np.flatnonzero(np.asarray(event, dtype=bool))
        found, inverse = np.unique(keys[died].astype(np.int64, copy=False), return_inverse=True)
        n_deaths = np.bincount(inverse.reshape(-1), None if repeats is None else repeats[died])
        last = np.searchsorted(found, keys, side="right") - 1
        last[last >= 0] = np.where(found[last[last >= 0]] // span == keys[last >= 0] // span, last[last >= 0], -1)
    strata, ticks = np.divmod(found, span)
    edges = [0, *(np.flatnonzero(np.diff(strata)) + 1).tolist(), len(found)]
    return Places(n_deaths.astype(np.int64), ticks, strata, tuple(zip(edges[:-1], edges[1:], strict=True))), last


def _counted_deaths(keys: np.ndarray, event: np.ndarray, repeats: np.ndarray | None, n_keys: int) -> np.ndarray:
    """Count deaths by key, a portion of the rows at a time, or as many as there are keys."""
    deaths, portion = np.zeros(n_keys), max(PORTION, n_keys)
    for start in range(0, len(keys), portion):
        rows = slice(start, start + portion)
        deaths += np.bincount(keys[rows], event[rows] if repeats is None else event[rows] * repeats[rows], minlength=n_keys)
    return deaths


def _places_before(found: np.ndarray, n_keys: int, span: int) -> np.ndarray:
    """Give, for each key, the last place of its stratum that is not later, -1 where there is none."""
    mark = np.full(n_keys, -1, dtype=np.min_scalar_type(-len(found) - 1))
    mark[found] = np.arange(len(found))
    return np.maximum.accumulate(mark.reshape(-1, span), axis=1).reshape(-1)


def stable_order(places: np.ndarray, n_places: int) -> np.ndarray:
    """Sort rows by place (0 .. n_places - 1), those of one place in their order: by sixteen bits at a time, which NumPy sorts in linear time.

    >>> stable_order(np.array([2, 0, 1, 0]), 3).tolist()
    [1, 3, 2, 0]
    """
    if n_places <= SHORT:
        return np.argsort(places.astype(np.uint16), kind="stable")
    order = np.argsort((places & (SHORT - 1)).astype(np.uint16), kind="stable")
    return order[stable_order((places >> 16)[order], (n_places - 1 >> 16) + 1)]
