"""Standardised differences between two groups: of a mean, and of the shares of several classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

_SAME = 1e-12  # relative: means closer than this are equal but for rounding


def of_means(first: ArrayLike, second: ArrayLike, first_weights: ArrayLike | None = None, second_weights: ArrayLike | None = None) -> float:
    """Give the difference of two means over the root of the average variance.

    Means are weighted where weights are given; the variances never are, so that balance before and after weighting has one yardstick
    (Austin & Stuart 2015, Stat Med 34:3661, section 4.1.1). The variances have n - 1 below.

    Parameters
    ----------
    first, second
        Values of each group, shape (n,), none missing; 0 and 1 for a share.
    first_weights, second_weights
        Weights, shape (n,).

    Returns
    -------
    float
        (mean of first - mean of second) / sqrt((var first + var second) / 2); 0 where both groups are constant and equal, infinite
        where constant and different, missing where a group has fewer than two values.

    >>> of_means([1, 2, 3], [3, 4, 5])
    -2.0
    """
    one, other = np.asarray(first, dtype="float64"), np.asarray(second, dtype="float64")
    if min(len(one), len(other)) < 2:
        return float("nan")
    gap = np.average(one, weights=first_weights) - np.average(other, weights=second_weights)
    spread = np.sqrt((np.var(one, ddof=1) + np.var(other, ddof=1)) / 2)
    if abs(gap) <= _SAME * max(np.abs(one).max(), np.abs(other).max()):
        return 0.0
    return float(gap / spread) if spread > 0 else float(np.copysign(np.inf, gap))


def of_shares(first: ArrayLike, second: ArrayLike) -> float:
    """Give the Mahalanobis distance between the shares of classes in two groups.

    Yang & Dalton 2012 (SAS Global Forum, paper 335): sqrt((p - q)' S^-1 (p - q)) over all classes but one, where S is the average of
    the two multinomial covariance matrices; for two classes |p - q| / sqrt((p (1 - p) + q (1 - q)) / 2).

    Parameters
    ----------
    first, second
        Counts of each group, shape (classes,), in the same order.

    Returns
    -------
    float
        0 or more; infinite where the groups share no class in a way that S cannot measure; missing where a group is empty.

    >>> of_shares([1, 1], [1, 1]), round(of_shares([3, 1], [1, 3]), 6)
    (0.0, 1.154701)
    """
    counts = np.array([first, second], dtype="float64")
    if counts.size == 0 or counts.sum(axis=1).min() == 0:
        return float("nan")
    p, q = counts[:, counts.sum(axis=0) > 0] / counts.sum(axis=1, keepdims=True)
    gap = (p - q)[1:]
    if np.all(np.abs(gap) <= _SAME):
        return 0.0
    spread = (_covariance(p) + _covariance(q))[1:, 1:] / 2
    solved = np.linalg.pinv(spread, hermitian=True) @ gap
    # A gap that the pseudo-inverse does not carry back lies where neither group varies.
    if not np.allclose(spread @ solved, gap, rtol=1e-8, atol=1e-10):
        return float("inf")
    return float(np.sqrt(gap @ solved))


def _covariance(shares: np.ndarray) -> np.ndarray:
    return np.diag(shares) - np.outer(shares, shares)
