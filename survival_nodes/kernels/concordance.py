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

from typing import NamedTuple

import numpy as np

SAME_SCORE = 1e-12  # scores that differ by rounding alone are tied
WEIGHTINGS = ("harrell", "uno", "peto")


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
        0 or 1, codes from 0, and the score (higher is worse), shape (n,).
    weight
        Case weights, shape (n,); None for whole numbers of pairs.

    >>> entry, event = np.full(4, -1), np.array([1, 1, 0, 1])
    >>> concordant_pairs(entry, np.array([1, 2, 2, 3]), event, np.zeros(4, dtype=int), np.array([3.0, 1.0, 1.0, 2.0]))
    (3, 1, 1)
    """
    died = event.astype(bool)
    lower, tied, higher = _beside_failures(entry, exit_, died, stratum, _ranks(score), weight)
    if weight is not None:
        lower, tied, higher = (each * weight[died] for each in (lower, tied, higher))
    return lower.sum().item(), higher.sum().item(), tied.sum().item()


def count_pairs(
    entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, stratum: np.ndarray, score: np.ndarray, weight: np.ndarray, time_weight: np.ndarray,
) -> Pairs:
    """Weigh all pairs by kind, and those of each row; arguments as in `concordant_pairs`, `time_weight` is of each row's exit, shape (n,)."""
    died, ranks = event.astype(bool), _ranks(score)
    own, at = weight[died], time_weight[died]
    lower, tied, higher = (each * at for each in _beside_failures(entry, exit_, died, stratum, ranks, weight))
    of_row = _of_survivors(entry, exit_, died, stratum, ranks, weight * time_weight)
    of_row[died] += np.column_stack((lower, higher, tied))
    at_once = _together(stratum[died], exit_[died], None, own, at)
    both = _together(stratum[died], exit_[died], ranks[died], own, at)
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


def _ranks(score: np.ndarray) -> np.ndarray:
    order = np.argsort(score, kind="stable")
    gaps = np.diff(score[order]) > SAME_SCORE * max(1.0, float(np.abs(score).max(initial=0.0)))
    ranks = np.empty(len(score), dtype=np.int64)
    ranks[order] = np.concatenate(([0], np.cumsum(gaps))) if len(score) else 0
    return ranks


def _beside_failures(
    entry: np.ndarray, exit_: np.ndarray, died: np.ndarray, stratum: np.ndarray, ranks: np.ndarray, weight: np.ndarray | None,
) -> list[np.ndarray]:
    """Sum, for each failure, the weights of the rows that outlive it: of lower, of the same, of higher rank."""
    own = (stratum[died], ranks[died])
    # One ordering for both: a failure at t is 2t, and 2t + 1 outlives it; a row entering at t is not yet there at t.
    outlives = _later(stratum, 2 * exit_ + 1 - died, ranks, weight, 2 * exit_[died] + 1, *own)
    absent = _later(stratum, 2 * entry, ranks, weight, 2 * exit_[died], *own) if (entry >= 0).any() else (0, 0, 0)
    return [there - gone for there, gone in zip(outlives, absent, strict=True)]


def _later(
    stratum: np.ndarray, key: np.ndarray, rank: np.ndarray, weight: np.ndarray | None, own_key: np.ndarray, own_stratum: np.ndarray, own_rank: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum, for each failure, the weights of the rows of its stratum with a key of at least its own: of lower, of the same, of higher rank."""
    span = int(max(key.max(initial=0), own_key.max(initial=0))) + 3
    place = stratum * span + span - 3 - key  # later keys first within a stratum
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], own_stratum * span)
    stops = np.searchsorted(place[order], own_stratum * span + span - 3 - own_key, side="right")
    return _by_rank(rank[order], None if weight is None else weight[order], starts, stops, own_rank)


def _of_survivors(entry: np.ndarray, exit_: np.ndarray, died: np.ndarray, stratum: np.ndarray, ranks: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Sum, for each row, the weights of the failures that it outlives: concordant with it, discordant, of the same score; shape (n, 3)."""
    span = int(exit_.max(initial=0)) + 2
    place = stratum[died] * span + exit_[died] + 1
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], stratum * span + entry + 1, side="right")
    # Doubled, as one that dies at t does not outlive those who die then, and one censored at t does.
    stops = np.searchsorted(2 * place[order], 2 * (stratum * span + exit_ + 1) + 1 - 2 * died)
    lower, tied, higher = _by_rank(ranks[died][order], weight[died][order], starts, np.maximum(stops, starts), ranks)
    return np.column_stack((higher, lower, tied))


def _together(stratum: np.ndarray, exit_: np.ndarray, rank: np.ndarray | None, weight: np.ndarray, at: np.ndarray) -> float:
    """Weigh the pairs of failures of one stratum and time (and rank)."""
    keys = (exit_, stratum) if rank is None else (rank, exit_, stratum)
    order = np.lexsort(keys)
    if not len(order):
        return 0.0
    apart = np.concatenate(([True], np.any([np.diff(key[order]) != 0 for key in keys], axis=0)))
    starts, own = np.flatnonzero(apart), weight[order]
    return float(at[order][starts] @ (np.add.reduceat(own, starts) ** 2 - np.add.reduceat(own**2, starts)) / 2)


def _by_rank(
    ranks: np.ndarray, weight: np.ndarray | None, starts: np.ndarray, stops: np.ndarray, own_rank: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum the weights of ranks[start:stop] that are lower than, the same as, and higher than each own rank."""
    lower = _below(ranks, weight, starts, stops, own_rank)
    not_higher = _below(ranks, weight, starts, stops, own_rank + 1)
    running = np.arange(len(ranks) + 1) if weight is None else np.concatenate(([0.0], np.cumsum(weight)))
    return lower, not_higher - lower, running[stops] - running[starts] - not_higher


def _below(values: np.ndarray, weight: np.ndarray | None, starts: np.ndarray, stops: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Sum the weights of values[start:stop] < limit for many (start, stop, limit) at once, by a wavelet matrix: n log n in all.

    >>> _below(np.array([3, 0, 2, 1]), None, np.array([0, 1]), np.array([3, 4]), np.array([3, 2])).tolist()
    [2, 2]
    """
    counted = np.zeros(len(starts), dtype=np.int64 if weight is None else float)
    for bit in reversed(range(int(max(values.max(initial=0), limits.max(initial=0))).bit_length())):
        is_one = (values >> bit) & 1
        zeros = np.concatenate(([0], np.cumsum(1 - is_one)))
        zero_starts, zero_stops = zeros[starts], zeros[stops]
        up = ((limits >> bit) & 1).astype(bool)
        if weight is None:
            counted += np.where(up, zero_stops - zero_starts, 0)
        else:
            weight = np.concatenate((weight[is_one == 0], weight[is_one == 1]))
            running = np.concatenate(([0.0], np.cumsum(weight)))
            counted += np.where(up, running[zero_stops] - running[zero_starts], 0.0)
        starts = np.where(up, zeros[-1] + starts - zero_starts, zero_starts)
        stops = np.where(up, zeros[-1] + stops - zero_stops, zero_stops)
        values = np.concatenate((values[is_one == 0], values[is_one == 1]))
    return counted
