"""The log-rank family: weighted observed minus expected events of groups, and their covariance."""

from __future__ import annotations

import numpy as np


def log_rank_terms(n_risk: np.ndarray, n_event: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give weighted observed and expected events of each group, and the covariance of their difference.

    Parameters
    ----------
    n_risk, n_event
        At risk just before, and events at, each time with events, a column a group, shape (t, k).
    weights
        Weight of each time, shape (t,).

    Returns
    -------
    observed, expected, covariance
        Shapes (k,), (k,) and (k, k); the covariance is hypergeometric, so tied events are allowed for.

    Notes
    -----
    Mantel 1966, Cancer Chemother Rep 50:163; Klein and Moeschberger 2003, equations 7.3.3 to 7.3.5.

    >>> terms = log_rank_terms(np.array([[1, 2], [0, 2]]), np.array([[1, 0], [0, 1]]), np.ones(2))
    >>> [part.round(4).tolist() for part in terms]
    [[1.0, 1.0], [0.3333, 1.6667], [[0.2222, -0.2222], [-0.2222, 0.2222]]]
    """
    at_risk, failed = np.asarray(n_risk, dtype=float), np.asarray(n_event, dtype=float)
    n, d = at_risk.sum(axis=1), failed.sum(axis=1)
    share = at_risk / n[:, None]
    spread = weights**2 * d * (n - d) / np.maximum(n - 1, 1)
    covariance = np.diag(spread @ share) - (share * spread[:, None]).T @ share
    return weights @ failed, (weights * d) @ share, covariance


def fleming_harrington_weights(n_risk: np.ndarray, n_event: np.ndarray, rho: float, gamma: float) -> np.ndarray:
    """Give S(t-)^rho (1 - S(t-))^gamma with S the Kaplan-Meier survival of all groups together, shape (t,).

    Fleming and Harrington 1991, Counting Processes and Survival Analysis, section 7.4; rho alone is R's survdiff.
    """
    n, d = n_risk.sum(axis=1).astype(float), n_event.sum(axis=1)
    before = np.concatenate(([1.0], np.cumprod((n - d) / n)[:-1]))[: len(n)]
    return before**rho * (1 - before) ** gamma


def gehan_weights(n_risk: np.ndarray, n_event: np.ndarray) -> np.ndarray:
    """Give the number at risk, shape (t,) (Gehan 1965, Biometrika 52:203; Breslow 1970, Biometrika 57:579)."""
    return n_risk.sum(axis=1).astype(float)


def tarone_ware_weights(n_risk: np.ndarray, n_event: np.ndarray) -> np.ndarray:
    """Give the square root of the number at risk, shape (t,) (Tarone and Ware 1977, Biometrika 64:156)."""
    return np.sqrt(n_risk.sum(axis=1))


def peto_peto_weights(n_risk: np.ndarray, n_event: np.ndarray) -> np.ndarray:
    """Give the product of 1 - d / (n + 1) up to and including each time, shape (t,) (Peto and Peto 1972, J R Stat Soc A 135:185)."""
    return np.cumprod(1 - n_event.sum(axis=1) / (n_risk.sum(axis=1) + 1.0))


def chi_square(difference: np.ndarray, covariance: np.ndarray) -> tuple[float, int]:
    """Give the quadratic form of differences that add up to 0, and its degrees of freedom (the rank of their covariance).

    Groups without variance play no part; where none is left, the statistic is NaN on 0 degrees of freedom. Groups that never
    meet at risk take a degree of freedom away.
    """
    part = np.diag(covariance) > 0
    difference, covariance = difference[part][1:], covariance[np.ix_(part, part)][1:, 1:]
    if not len(difference):
        return float("nan"), 0
    # On the scale of correlations the rank does not hang on how large a group is.
    scale = np.sqrt(np.diag(covariance))
    standard, correlation = difference / scale, covariance / np.outer(scale, scale)
    rank = int(np.linalg.matrix_rank(correlation, tol=1e-9, hermitian=True))
    if rank == len(standard):
        return float(standard @ np.linalg.solve(correlation, standard)), rank
    return float(standard @ np.linalg.pinv(correlation, rcond=1e-9, hermitian=True) @ standard), rank


def linear_contrast(difference: np.ndarray, covariance: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """Give w'(O - E) and its variance w'Vw (Tarone 1975, Biometrika 62:679), which is 0 for equal scores."""
    return float(scores @ difference), float(scores @ covariance @ scores)
