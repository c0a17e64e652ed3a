"""The absolute risk of each of several causes, put together from their cause-specific hazards."""

from __future__ import annotations

import numpy as np

_ROOM = 1 << 21  # numbers held at once: profiles are taken in portions of this size


def absolute_risk(steps: np.ndarray, relative: np.ndarray, passed: np.ndarray, product_limit: bool = False) -> np.ndarray:
    """Give the probability that each cause has struck by some times, for profiles with proportional hazards.

    Parameters
    ----------
    steps
        Increments of the baseline hazard of each cause at the sorted distinct times, shape (k, c).
    relative
        Hazard of each profile relative to the baseline, for each cause, shape (m, c); missing gives missing.
    passed
        How many of the distinct times have come at each time asked for, shape (t,).
    product_limit
        Whether the survival from every cause is the product of 1 - hazard (survival and risks then add up to 1), or exp of minus
        the cumulative hazard.

    Returns
    -------
    risk
        Shape (m, t, c).

    Notes
    -----
    F_c(t) is the sum over s <= t of S(s-) dH_c(s), with S the survival from every cause: Benichou J, Gail M H (1990) Biometrics
    46:813-826. Where a product limit would pass below 0, the hazards of that time share what is left of the survival.

    >>> absolute_risk(np.array([[0.1, 0.0], [0.0, 0.2]]), np.array([[1.0, 1.0], [2.0, 1.0]]), np.array([1, 2]), True).round(2).tolist()
    [[[0.1, 0.0], [0.1, 0.18]], [[0.2, 0.0], [0.2, 0.16]]]
    """
    n, portion = len(relative), max(1, _ROOM // max(1, steps.size))
    risk = np.empty((n, len(passed), steps.shape[1]))
    for start in range(0, n, portion):
        risk[start : start + portion] = _of_portion(steps, relative[start : start + portion], product_limit)[:, passed]
    return np.where(np.isnan(relative).any(axis=1)[:, None, None], np.nan, risk)


def _of_portion(steps: np.ndarray, relative: np.ndarray, product_limit: bool) -> np.ndarray:
    """Give the risks after 0, 1, ..., k of the distinct times; shape (m, k + 1, c)."""
    hazard = relative[:, None, :] * steps
    total = hazard.sum(axis=2)
    if product_limit:
        hazard /= np.maximum(total, 1.0)[:, :, None]
        survival = np.cumprod(np.maximum(1.0 - total, 0.0), axis=1)
    else:
        survival = np.exp(-np.cumsum(total, axis=1))
    before = np.concatenate((np.ones((len(relative), 1)), survival[:, :-1]), axis=1)[:, : len(steps)]
    nothing = np.zeros((len(relative), 1, steps.shape[1]))
    return np.concatenate((nothing, np.cumsum(before[:, :, None] * hazard, axis=1)), axis=1)
