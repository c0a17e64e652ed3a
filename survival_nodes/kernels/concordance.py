"""Concordance: of two patients, did the one with the higher score fail first?

A pair counts where one row fails while the other, under observation at that time and in the same stratum, outlives it; rows that
fail together do not count, and one censored at the time of a failure has outlived it. A pair weighs what its two rows weigh, times
the weight of the time of the failure.

References
----------
Harrell F E et al (1982) Evaluating the yield of medical tests. JAMA 247:2543-2546.
Uno H et al (2011) On the C-statistics for evaluating overall adequacy of risk prediction procedures with censored survival data.
Statistics in Medicine 30:1105-1117.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

SAME_SCORE = 1e-12  # scores that differ by rounding alone are tied
ROOMY = 4  # a table of all times x scores is filled unless it is this much larger than the rows that fill it
SMALL = 1 << 22
WEIGHTINGS = ("harrell", "uno", "peto")


Sums = tuple[np.ndarray, np.ndarray, np.ndarray]  # of lower, of the same and of higher rank


class Pairs(NamedTuple):
    """Weights of all pairs of a kind, and of the pairs that each row is in without its own weight (n, 3: the first three kinds)."""

    concordant: float
    discordant: float
    tied_score: float
    tied_time: float
    tied_both: float
    of_row: np.ndarray


def concordance(concordant: float, discordant: float, tied_score: float) -> float:
    """Give the fraction of pairs that are concordant, tied scores counting a half; NaN where there are no pairs."""
    pairs = concordant + discordant + tied_score
    return (concordant + tied_score / 2) / pairs if pairs else float("nan")


def concordant_pairs(
    entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, stratum: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None,
) -> tuple[float, float, float]:
    """Count pairs: concordant (the higher score fails first), discordant, and those with tied scores.

    Parameters
    ----------
    entry, exit_
        Integer ticks, shape (n,); at risk at t where entry < t <= exit.
    event, stratum, score
        0 or 1, codes from 0, and the score (higher is worse), shape (n,); a score of whole numbers is a rank from 0, as `ranks` gives it.
    weight
        Case weights, shape (n,); whole numbers where rows stand for so many alike; None for single rows. Where they are not fractions,
        pairs are counted exactly.

    >>> entry, event = np.full(4, -1), np.array([1, 1, 0, 1])
    >>> concordant_pairs(entry, np.array([1, 2, 2, 3]), event, np.zeros(4, dtype=int), np.array([3.0, 1.0, 1.0, 2.0]))
    (3, 1, 1)
    """
    died = event.astype(bool)
    lower, tied, higher = _beside_failures(entry, exit_, died, stratum, ranks(score), weight)
    if weight is not None:
        lower, tied, higher = (each * weight[died] for each in (lower, tied, higher))
    return lower.sum().item(), higher.sum().item(), tied.sum().item()


def count_pairs(
    entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, stratum: np.ndarray, score: np.ndarray, weight: np.ndarray, time_weight: np.ndarray,
) -> Pairs:
    """Weigh all pairs by kind, and those of each row; arguments as in `concordant_pairs`, `time_weight` is of each row's exit, shape (n,)."""
    died, rank = event.astype(bool), ranks(score)
    own, at = weight[died], time_weight[died]
    lower, tied, higher = (each * at for each in _beside_failures(entry, exit_, died, stratum, rank, weight))
    of_row = _of_survivors(entry, exit_, died, stratum, rank, weight * time_weight)
    of_row[died] += np.column_stack((lower, higher, tied))
    at_once = _together(stratum[died], exit_[died], None, own, at)
    both = _together(stratum[died], exit_[died], rank[died], own, at)
    return Pairs(*(float(own @ each) for each in (lower, higher, tied)), at_once - both, both, of_row)


def concordance_variance(pairs: Pairs, weight: np.ndarray, cluster: np.ndarray | None = None) -> float:
    """Give the infinitesimal jackknife variance of the concordance; weights of times are taken as known.

    Parameters
    ----------
    weight
        Case weights, shape (n,).
    cluster
        Codes of what varies together, shape (n,); None where each row stands alone.
    """
    total = pairs.concordant + pairs.discordant + pairs.tied_score
    if not total:
        return float("nan")
    excess = (pairs.concordant - pairs.discordant) / total
    moved = weight * (pairs.of_row[:, 0] - pairs.of_row[:, 1] - excess * pairs.of_row.sum(axis=1)) / (2 * total)
    return float((moved**2).sum() if cluster is None else (np.bincount(cluster, weights=moved) ** 2).sum())


def time_weights(
    weighting: str, entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, stratum: np.ndarray, weight: np.ndarray,
) -> np.ndarray:
    """Give the weight of each row's exit time; shape (n,).

    `harrell`: 1. `uno`: one over the square of the probability of not having been censored before. `peto`: the survival just before
    over the weight at risk, times that of all rows (so that a failure counts by the survival just before, however few are left).
    Each stratum has its own probabilities; one with a single failure has nothing to weigh, and its weight is 1.

    >>> exit_, event = np.array([1, 2, 3]), np.array([1, 0, 1])
    >>> time_weights("uno", np.full(3, -1), exit_, event, np.zeros(3, dtype=int), np.ones(3)).tolist()
    [1.0, 1.0, 4.0]
    """
    weights = np.ones(len(exit_))
    if weighting == "harrell":
        return weights
    order = np.argsort(stratum, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(stratum[order])) + 1):
        if event[rows].sum() > 1:
            weights[rows] = _time_weights(weighting, entry[rows], exit_[rows], event[rows], weight[rows])
    return weights


def _time_weights(weighting: str, entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, weight: np.ndarray) -> np.ndarray:
    times, place = np.unique(exit_, return_inverse=True)
    died, left = np.bincount(place, weights=weight * event), np.bincount(place, weights=weight)
    order = np.argsort(entry, kind="stable")
    not_yet = np.concatenate((np.cumsum(weight[order][::-1])[::-1], [0.0]))
    at_risk = np.cumsum(left[::-1])[::-1] - not_yet[np.searchsorted(entry[order], times, side="left")]
    if weighting == "peto":
        return (weight.sum() * _just_before(died, at_risk) / at_risk)[place]
    return _just_before(left - died, at_risk - died)[place] ** -2.0


def _just_before(leaving: np.ndarray, at_risk: np.ndarray) -> np.ndarray:
    """Give the product-limit estimate just before each time."""
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = np.where(leaving > 0, 1 - leaving / at_risk, 1.0)
    return np.concatenate(([1.0], np.cumprod(kept)[:-1]))


def ranks(score: np.ndarray) -> np.ndarray:
    """Give the places of scores among the distinct ones, from 0; whole numbers are places already.

    >>> ranks(np.array([0.5, -1.0, 0.5 + 1e-15])).tolist()
    [1, 0, 1]
    """
    if score.dtype.kind in "iu":
        return score
    order = np.argsort(score, kind="stable")
    gaps = np.diff(score[order]) > SAME_SCORE * max(1.0, float(np.abs(score).max(initial=0.0)))
    found = np.empty(len(score), dtype=np.int64)
    found[order] = np.concatenate(([0], np.cumsum(gaps))) if len(score) else 0
    return found


def _beside_failures(
    entry: np.ndarray, exit_: np.ndarray, died: np.ndarray, stratum: np.ndarray, rank: np.ndarray, weight: np.ndarray | None,
) -> Sums:
    """Sum, for each failure, the weights of the rows that outlive it: of lower, of the same, of higher rank."""
    late = bool((entry >= 0).any())
    grid = None if late else _Grid.of(exit_, stratum, rank)
    if grid is not None:
        return grid.outliving(died, weight)
    own = (stratum[died], rank[died])
    # One ordering for both: a failure at t is 2t, and 2t + 1 outlives it; a row entering at t is not yet there at t.
    outlives = _later(stratum, 2 * exit_ + 1 - died, rank, weight, 2 * exit_[died] + 1, *own)
    absent = _later(stratum, 2 * entry, rank, weight, 2 * exit_[died], *own) if late else (0, 0, 0)
    return tuple(there - gone for there, gone in zip(outlives, absent, strict=True))


def _of_survivors(entry: np.ndarray, exit_: np.ndarray, died: np.ndarray, stratum: np.ndarray, rank: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Sum, for each row, the weights of the failures that it outlives: concordant with it, discordant, of the same score; shape (n, 3)."""
    grid = None if (entry >= 0).any() else _Grid.of(exit_, stratum, rank)
    if grid is not None:
        lower, tied, higher = grid.outlived(died, weight)
        return np.column_stack((higher, lower, tied))
    span = int(exit_.max(initial=0)) + 2
    place = stratum[died] * span + exit_[died] + 1
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], stratum * span + entry + 1, side="right")
    # Doubled, as one that dies at t does not outlive those who die then, and one censored at t does.
    stops = np.searchsorted(2 * place[order], 2 * (stratum * span + exit_ + 1) + 1 - 2 * died)
    lower, tied, higher = _by_rank(rank[died][order], weight[died][order], starts, np.maximum(stops, starts), rank)
    return np.column_stack((higher, lower, tied))


@dataclass(frozen=True, eq=False)
class _Grid:
    """Rows from the origin as a table of times (of the strata, one after another) x ranks: sums over it are running sums.

    `place` and `rank` of each row, shape (n,); `shape` of the table; `bounds`, where the times of each stratum begin and end.
    """

    place: np.ndarray
    rank: np.ndarray
    shape: tuple[int, int]
    bounds: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, exit_: np.ndarray, stratum: np.ndarray, rank: np.ndarray) -> _Grid | None:
        """Give None where the table would be much larger than the rows."""
        span, n_ranks, room = int(exit_.max(initial=0)) + 1, int(rank.max(initial=-1)) + 1, ROOMY * len(exit_) + SMALL
        if not len(exit_) or (int(stratum.max()) + 1) * span > room:
            return None
        keys = stratum * span + exit_
        taken = np.bincount(keys) > 0
        places = np.flatnonzero(taken)
        if len(places) * n_ranks > room:
            return None
        edges = [0, *(np.flatnonzero(np.diff(places // span)) + 1).tolist(), len(places)]
        return cls((np.cumsum(taken) - 1)[keys], rank, (len(places), n_ranks), tuple(zip(edges[:-1], edges[1:], strict=True)))

    def _table(self, rows: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Sum the weights of some rows (a boolean mask) by time and rank."""
        cells = self.place[rows] * self.shape[1] + self.rank[rows]
        return _summed(cells, None if weight is None else weight[rows], self.shape[0] * self.shape[1]).reshape(self.shape)

    def outliving(self, died: np.ndarray, weight: np.ndarray | None) -> Sums:
        """Sum, for each failure, the weights of the rows that leave later, or are censored at its time, by their rank."""
        table = self._table(np.ones(len(died), dtype=bool), weight)
        for start, stop in self.bounds:
            later = np.cumsum(table[start + 1 : stop][::-1], axis=0)[::-1]
            table[start : stop - 1] = later
            table[stop - 1] = 0
        table += self._table(~died, weight)
        return self._read(table, died, self.place[died])

    def outlived(self, died: np.ndarray, weight: np.ndarray) -> Sums:
        """Sum, for each row, the weights of the failures before it, or (where it is censored) at its time, by their rank."""
        table = np.zeros((self.shape[0] + len(self.bounds), self.shape[1]))
        failures = self._table(died, weight)
        offset = np.zeros(self.shape[0], dtype=np.int64)
        for number, (start, stop) in enumerate(self.bounds):
            np.cumsum(failures[start:stop], axis=0, out=table[start + number + 1 : stop + number + 1])
            offset[start:stop] = number
        return self._read(table, np.ones(len(died), dtype=bool), self.place + offset[self.place] + ~died)

    def _read(self, table: np.ndarray, rows: np.ndarray, place: np.ndarray) -> Sums:
        """Give what stands in a line of the table below, at and above the rank of some rows."""
        rank = self.rank[rows]
        at = table[place, rank]
        below = np.zeros((len(table), self.shape[1] + 1), dtype=table.dtype)
        np.cumsum(table, axis=1, out=below[:, 1:])
        lower = below[place, rank]
        below[:, :-1] = np.cumsum(table[:, ::-1], axis=1)[:, ::-1]  # and now from above
        below[:, -1] = 0
        return lower, at, below[place, rank + 1]


def _summed(cells: np.ndarray, weight: np.ndarray | None, width: int) -> np.ndarray:
    """Sum weights by cell, in whole numbers where they are."""
    total = np.bincount(cells, weight, minlength=width)
    return total if weight is None or weight.dtype.kind == "f" else total.astype(np.int64)


def _together(stratum: np.ndarray, exit_: np.ndarray, rank: np.ndarray | None, weight: np.ndarray, at: np.ndarray) -> float:
    """Weigh the pairs of failures of one stratum and time (and rank)."""
    keys = (exit_, stratum) if rank is None else (rank, exit_, stratum)
    order = np.lexsort(keys)
    if not len(order):
        return 0.0
    apart = np.concatenate(([True], np.any([np.diff(key[order]) != 0 for key in keys], axis=0)))
    starts, own = np.flatnonzero(apart), weight[order]
    return float(at[order][starts] @ (np.add.reduceat(own, starts) ** 2 - np.add.reduceat(own**2, starts)) / 2)


def _later(
    stratum: np.ndarray, key: np.ndarray, rank: np.ndarray, weight: np.ndarray | None, own_key: np.ndarray, own_stratum: np.ndarray, own_rank: np.ndarray,
) -> Sums:
    """Sum, for each failure, the weights of the rows of its stratum with a key of at least its own: of lower, of the same, of higher rank."""
    span = int(max(key.max(initial=0), own_key.max(initial=0))) + 3
    place = stratum * span + span - 3 - key  # later keys first within a stratum
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], own_stratum * span)
    stops = np.searchsorted(place[order], own_stratum * span + span - 3 - own_key, side="right")
    return _by_rank(rank[order], None if weight is None else weight[order], starts, stops, own_rank)


def _by_rank(rank: np.ndarray, weight: np.ndarray | None, starts: np.ndarray, stops: np.ndarray, own_rank: np.ndarray) -> Sums:
    """Sum the weights of rank[start:stop] that are lower than, the same as, and higher than each own rank: n log n in all.

    A wavelet matrix: bit by bit, from the highest, the rows are parted into those without it and those with it, each half in its old order,
    and a question goes on with the half that has its own bit; what is left in the end has its rank.

    >>> [each.tolist() for each in _by_rank(np.array([3, 0, 2, 1]), None, np.array([0, 1]), np.array([3, 4]), np.array([3, 2]))]
    [[2, 2], [1, 1], [0, 0]]
    """
    every = np.arange(len(rank) + 1) if weight is None else _running(weight)
    total = every[stops] - every[starts]
    lower = np.zeros(len(own_rank), dtype=every.dtype)
    own_rank, rank = (each.astype(np.int32) for each in (own_rank, rank))
    starts, stops = (each.astype(np.int32) for each in (starts, stops))
    for bit in reversed(range(int(max(rank.max(initial=0), own_rank.max(initial=0))).bit_length())):
        lacks, has = (rank >> bit) & 1 == 0, ((own_rank >> bit) & 1).astype(bool)
        zeros = _running(lacks.astype(np.int32))
        first, last = zeros[starts], zeros[stops]
        if weight is not None:
            weight = np.concatenate((weight[lacks], weight[~lacks]))
            every = _running(weight)
        lower += np.where(has, every[last] - every[first], 0)
        starts, stops = np.where(has, zeros[-1] + starts - first, first), np.where(has, zeros[-1] + stops - last, last)
        rank = np.concatenate((rank[lacks], rank[~lacks]))
    same = every[stops] - every[starts]
    return lower, same, total - lower - same


def _running(values: np.ndarray) -> np.ndarray:
    """Sum the first 0, 1, ..., n values."""
    found = np.zeros(len(values) + 1, dtype=values.dtype)
    np.cumsum(values, out=found[1:])
    return found
