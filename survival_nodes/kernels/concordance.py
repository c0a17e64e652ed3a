"""Harrell's concordance: of two patients, did the one with the higher score fail first?

A pair counts where one row fails while the other, under observation at that time and in the same stratum, outlives it; rows that
fail together do not count, and one censored at the time of a failure has outlived it.

References
----------
Harrell F E et al (1982) Evaluating the yield of medical tests. JAMA 247:2543-2546.
"""

from __future__ import annotations

import numpy as np

SAME_SCORE = 1e-12  # scores that differ by rounding alone are tied


def concordant_pairs(entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, stratum: np.ndarray, score: np.ndarray) -> tuple[int, int, int]:
    """Count pairs: concordant (the higher score fails first), discordant, and those with tied scores.

    Parameters
    ----------
    entry, exit_
        Integer ticks, shape (n,); at risk at t where entry < t <= exit.
    event, stratum, score
        0 or 1, codes from 0, and the score (higher is worse), shape (n,).

    >>> entry, event = np.full(4, -1), np.array([1, 1, 0, 1])
    >>> concordant_pairs(entry, np.array([1, 2, 2, 3]), event, np.zeros(4, dtype=int), np.array([3.0, 1.0, 1.0, 2.0]))
    (3, 1, 1)
    """
    ranks, died = _ranks(score), event.astype(bool)
    # One ordering for both: a failure at t is 2t, and 2t + 1 outlives it; a row entering at t is not yet there at t.
    outlives = _pairs(stratum, 2 * exit_ + 1 - died, ranks, stratum[died], 2 * exit_[died] + 1, ranks[died])
    absent = _pairs(stratum, 2 * entry, ranks, stratum[died], 2 * exit_[died], ranks[died])
    lower, not_higher, all_ = (int(there - gone) for there, gone in zip(outlives, absent, strict=True))
    return lower, all_ - not_higher, not_higher - lower


def _ranks(score: np.ndarray) -> np.ndarray:
    order = np.argsort(score, kind="stable")
    gaps = np.diff(score[order]) > SAME_SCORE * max(1.0, float(np.abs(score).max(initial=0.0)))
    ranks = np.empty(len(score), dtype=np.int64)
    ranks[order] = np.concatenate(([0], np.cumsum(gaps))) if len(score) else 0
    return ranks


def _pairs(stratum: np.ndarray, key: np.ndarray, rank: np.ndarray, own_stratum: np.ndarray, own_key: np.ndarray, own_rank: np.ndarray) -> tuple[int, int, int]:
    """Count, over the failures, the rows of the same stratum with a key of at least theirs: of lower rank, not of higher rank, all."""
    span = int(max(key.max(initial=0), own_key.max(initial=0))) + 3
    place = stratum * span + span - 3 - key  # later keys first within a stratum
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], own_stratum * span)
    stops = np.searchsorted(place[order], own_stratum * span + span - 3 - own_key, side="right")
    lower = _below(rank[order], starts, stops, own_rank)
    not_higher = _below(rank[order], starts, stops, own_rank + 1)
    return int(lower.sum()), int(not_higher.sum()), int((stops - starts).sum())


def _below(values: np.ndarray, starts: np.ndarray, stops: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Count values[start:stop] < limit for many (start, stop, limit) at once, by a wavelet matrix: n log n in all.

    >>> _below(np.array([3, 0, 2, 1]), np.array([0, 1]), np.array([3, 4]), np.array([3, 2])).tolist()
    [2, 2]
    """
    counted = np.zeros(len(starts), dtype=np.int64)
    for bit in reversed(range(int(max(values.max(initial=0), limits.max(initial=0))).bit_length())):
        is_one = (values >> bit) & 1
        zeros = np.concatenate(([0], np.cumsum(1 - is_one)))
        zero_starts, zero_stops = zeros[starts], zeros[stops]
        up = ((limits >> bit) & 1).astype(bool)
        counted += np.where(up, zero_stops - zero_starts, 0)
        starts = np.where(up, zeros[-1] + starts - zero_starts, zero_starts)
        stops = np.where(up, zeros[-1] + stops - zero_stops, zero_stops)
        values = np.concatenate((values[is_one == 0], values[is_one == 1]))
    return counted
