"""Permutation of rows among groups, within strata: sums of scores over every assignment, or over random ones.

The statistic of an assignment is made of the sums of its groups' scores, so rows are never tested anew. References: Neuhaus 1993,
Ann Stat 21:1760 (which scores may be permuted); Phipson and Smyth 2010, Stat Appl Genet Mol Biol 9:39 (p of random assignments).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

CELLS = 1 << 22  # scores shuffled at a time
CROWD = 8  # rows to each distinct score and group above which scores are dealt out as counts
ROUNDING = 1e-9  # by which equal statistics may differ
TINY = 1e-13  # of a score beside the largest weight


def log_rank_scores(place: np.ndarray, event: np.ndarray, increments: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Give each row its share in observed minus expected: the weight of its own event, less the weighted hazard it was exposed to.

    Parameters
    ----------
    place
        How many event times lie at or before the end of each row, shape (n,).
    event
        Whether the row ends in the event, shape (n,).
    increments, weights
        Events over numbers at risk of all groups, and the weight, at each event time, shape (t,).

    >>> log_rank_scores(np.array([1, 1, 2]), np.array([True, False, True]), np.array([1 / 3, 1.0]), np.ones(2)).round(3).tolist()
    [0.667, -0.333, -0.333]
    """
    exposed = np.append(0.0, np.cumsum(weights * increments))[place]
    scores = event * np.append(0.0, weights)[place] - exposed
    # Where all fail together the scores are 0 but for rounding, which would pass for a variance.
    return np.where(np.abs(scores) > TINY * np.max(weights, initial=0.0), scores, 0.0)


def n_assignments(sizes: Sequence[Sequence[int]], most: int) -> int | None:
    """Count the ways to deal rows out to groups of the sizes given, a sequence a stratum; None where there are more than `most`.

    >>> n_assignments([(3, 3), (1, 1, 2)], 1000), n_assignments([(500_000, 500_000)], 1000)
    (240, None)
    """
    logarithm = sum(math.lgamma(sum(own) + 1) - sum(math.lgamma(n + 1) for n in own) for own in sizes)
    if logarithm > math.log(most) + 1:  # a number of a million digits is not worked out to be refused
        return None
    n = math.prod(math.comb(sum(own[: place + 1]), own[place]) for own in sizes for place in range(len(own)))
    return n if n <= most else None


def permutation_covariance(scores: Sequence[np.ndarray], sizes: Sequence[Sequence[int]]) -> np.ndarray:
    """Give the covariance of the groups' sums over all assignments, shape (k, k), added up over the strata."""
    covariance = np.zeros((len(sizes[0]), len(sizes[0])))
    for own, n in zip(scores, np.asarray(sizes, dtype=float), strict=True):
        if len(own) > 1:
            covariance += own.var(ddof=1) * (np.diag(n) - np.outer(n, n) / len(own))
    return covariance


def all_sums(scores: Sequence[np.ndarray], sizes: Sequence[Sequence[int]]) -> np.ndarray:
    """Give the groups' sums of scores in every assignment, shape (assignments, k); each stratum is dealt out on its own.

    >>> all_sums([np.array([1.0, 2.0, 4.0])], [(1, 2)]).tolist()
    [[1.0, 6.0], [2.0, 5.0], [4.0, 3.0]]
    """
    sums = np.zeros((1, len(sizes[0])))
    for own, n in zip(scores, sizes, strict=True):
        order = np.argsort(n, kind="stable")
        dealt = _deal(own[None, :], [n[place] for place in order])[:, np.argsort(order)]
        sums = (sums[:, None, :] + dealt[None, :, :]).reshape(-1, len(n))
    return sums


def _deal(rows: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Deal each line of rows, shape (a, n), out to groups of rising size; the largest takes what is left."""
    if len(sizes) == 1:
        return rows.sum(axis=1, keepdims=True)
    n = rows.shape[1]
    chosen = _choices(n, sizes[0])
    own = rows[:, chosen].sum(axis=2).reshape(-1, 1)
    if len(sizes) == 2:
        return np.column_stack([own, np.repeat(rows.sum(axis=1), len(chosen)) - own[:, 0]])
    free = np.ones((len(chosen), n), dtype=bool)
    free[np.arange(len(chosen))[:, None], chosen] = False
    others = np.nonzero(free)[1].reshape(len(chosen), n - sizes[0])
    rest = _deal(rows[:, others].reshape(-1, n - sizes[0]), sizes[1:])
    return np.column_stack([np.repeat(own, len(rest) // len(own), axis=0), rest])


def _choices(n: int, size: int) -> np.ndarray:
    """Give every way to choose `size` of n places, in order, shape (ways, size).

    >>> _choices(3, 2).tolist()
    [[0, 1], [0, 2], [1, 2]]
    """
    chosen = np.zeros((1, 0), dtype=np.int64)
    for taken in range(size):
        # The next place lies after the last one, and leaves enough for those still to come.
        first = chosen[:, -1] + 1 if taken else np.zeros(1, dtype=np.int64)
        ways = n - (size - taken) + 1 - first
        offset = np.arange(ways.sum()) - np.repeat(np.cumsum(ways) - ways, ways)
        chosen = np.column_stack([np.repeat(chosen, ways, axis=0), np.repeat(first, ways) + offset])
    return chosen


def random_sums(scores: Sequence[np.ndarray], sizes: Sequence[Sequence[int]], n: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Give the groups' sums of scores in `n` random assignments, some at a time, shapes (., k).

    Where many rows share few scores, how many of each score every group is dealt is drawn instead of the rows: the same law, whatever
    the number of rows.
    """
    dealt = [_of_scores(own, groups) for own, groups in zip(scores, sizes, strict=True)]
    batch = max(1, CELLS // max(1, sum(map(len, (own if of_scores is None else of_scores[0] for own, of_scores in zip(scores, dealt, strict=True))))))
    for start in range(0, n, batch):
        size = min(batch, n - start)
        yield sum(
            _shuffled(own, groups, size, generator) if of_scores is None else _counted(*of_scores, groups, size, generator)
            for own, groups, of_scores in zip(scores, sizes, dealt, strict=True))


def _of_scores(scores: np.ndarray, sizes: Sequence[int]) -> tuple[np.ndarray, np.ndarray] | None:
    """Give the distinct scores and how many rows have each, where these are few beside the rows; else None."""
    distinct, n = np.unique(scores, return_counts=True)
    return (distinct, n) if len(scores) > CROWD * len(distinct) * len(sizes) else None


def _counted(scores: np.ndarray, n_rows: np.ndarray, sizes: Sequence[int], n: int, generator: np.random.Generator) -> np.ndarray:
    left, sums = np.broadcast_to(n_rows, (n, len(n_rows))), []
    for size in sizes[:-1]:
        if left.strides[0]:
            drawn = np.stack([generator.multivariate_hypergeometric(own, size) for own in left])
        else:  # all have the same rows yet
            drawn = generator.multivariate_hypergeometric(n_rows, size, size=n)
        sums.append(drawn @ scores)
        left = left - drawn
    return np.column_stack([*sums, left @ scores])


def _shuffled(scores: np.ndarray, sizes: Sequence[int], n: int, generator: np.random.Generator) -> np.ndarray:
    drawn = generator.permuted(np.broadcast_to(scores, (n, len(scores))), axis=1)
    bounds = np.concatenate(([0], np.cumsum(sizes)))
    return np.column_stack([drawn[:, start:stop].sum(axis=1) for start, stop in zip(bounds[:-1], bounds[1:], strict=True)])


def count_as_far(sums: np.ndarray, inverse: np.ndarray, statistic: float) -> int:
    """Count the assignments whose quadratic form of sums is at least the statistic, equal but for rounding included."""
    forms = ((sums @ inverse) * sums).sum(axis=1)
    return int((forms >= statistic - ROUNDING * max(1.0, statistic)).sum())
