"""Regression on a time of which some are censored: those seen to their end stand for the others by the inverse of their chance.

Everything is n log n in the rows. Rows of one arm share one censoring curve. Rows of one pattern of covariates have one fitted mean, so
that all but the sums over patterns and times is work for as many patterns as there are.

References
----------
Tian L, Zhao L, Wei L J (2014) Predicting the restricted mean event time with the subject's baseline covariates in survival
analysis. Biostatistics 15:222-233.
"""

from __future__ import annotations

import numpy as np

from .weighted_product_limit import distinct

SMALLEST_CHANCE = 0.001  # no row stands for more than a thousand
STEPS = 50
PRECISION = 1e-10  # step of the linear predictor after which the next one would be rounding (steps shrink quadratically)


def censoring_weights(ticks: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Give each row that was seen to its end the inverse of its chance to be, others 0.

    Parameters
    ----------
    ticks
        When each row of the arm ends, shape (n,).
    seen
        Whether it was seen to its end (the event, or the horizon), shape (n,); the others are censored.

    Notes
    -----
    The chance is the Kaplan-Meier curve of censoring at the row's own end, those censored there included.

    >>> censoring_weights(np.array([1, 2, 3, 3]), np.array([True, False, True, True])).round(4).tolist()
    [1.0, 0.0, 1.5, 1.5]
    """
    place, n_risk, n_censored = _risk_sets(ticks, seen)
    free = np.maximum(np.cumprod(1 - n_censored / n_risk), SMALLEST_CHANCE)
    return seen / free[place]


def score_products(ticks: np.ndarray, seen: np.ndarray, table: np.ndarray, code: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Sum the products of the scores of one arm's rows, with what the estimation of the censoring curve adds to each; shape (p, p).

    Parameters
    ----------
    ticks, seen
        As above.
    table, code
        The patterns of covariates, (u, p), and which of them each row has, (n,).
    size
        Weighted distance of the response from its mean, shape (n,), 0 where a row was not seen to its end; times the pattern, it is the score.

    Notes
    -----
    Where T(t) is the sum of the scores of those at risk at t, and R(t) their number, a censored row gains T/R at its end, and
    every row loses the sum of c T / R^2 over the times up to its end, c those censored at each.

    >>> score_products(np.array([1, 2]), np.array([False, True]), np.ones((1, 1)), np.zeros(2, dtype=int), np.array([0.0, 8.0])).tolist()
    [[40.0]]
    """
    place, n_risk, n_censored = _risk_sets(ticks, seen)
    at_place = np.column_stack([np.bincount(place, weights=size * column[code]) for column in table.T])
    mean = at_place[::-1].cumsum(axis=0)[::-1] / n_risk[:, None]
    lost = np.cumsum(mean * (n_censored / n_risk)[:, None], axis=0)
    gained = mean - lost
    n_seen = np.append(-np.diff(n_risk), n_risk[-1]) - n_censored
    own = table.T @ (table * np.bincount(code, size**2, minlength=len(table))[:, None])
    mixed = at_place.T @ lost
    return own - mixed - mixed.T + (lost * n_seen[:, None]).T @ lost + (gained * n_censored[:, None]).T @ gained


def _risk_sets(ticks: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the place of each row among the distinct ticks, and at risk and censored at each of them."""
    place = distinct(ticks)[1]
    n = np.bincount(place)
    return place, n[::-1].cumsum()[::-1].astype(float), np.bincount(place, weights=~seen, minlength=len(n))


def weighted_mean_model(matrix: np.ndarray, response: np.ndarray, weights: np.ndarray, is_log: bool) -> np.ndarray | None:
    """Solve sum of weight * row * (response - mean) = 0, the mean being the linear predictor or, on the log scale, its exponential.

    Parameters
    ----------
    matrix
        A row a row, or a pattern of rows, the intercept first; shape (n, p).
    response, weights
        Shape (n,), neither negative; of a pattern the weighted mean of its responses, and the sum of their weights.
    is_log
        Whether the link is the logarithm (quasi-Poisson).

    Returns
    -------
    coefficients
        Shape (p,); None where there are none: a singular matrix, or coefficients that run away.
    """
    if not is_log:
        return _solved(matrix.T @ (matrix * weights[:, None]), matrix.T @ (weights * response))
    start = float(weights @ response) / max(float(weights.sum()), 1e-300)
    if start <= 0:
        return None
    coefficients = np.zeros(matrix.shape[1])
    coefficients[0] = np.log(start)
    for _ in range(STEPS):
        mean = np.exp(matrix @ coefficients)
        step = _solved(matrix.T @ (matrix * (weights * mean)[:, None]), matrix.T @ (weights * (response - mean)))
        if step is None:
            return None
        reach = float(np.abs(matrix @ step).max())
        # A step that moves some mean more than threefold is shortened: the exponential is not a line that far.
        coefficients = coefficients + step / max(1.0, reach)
        if reach < PRECISION:
            return coefficients
    return None


def _solved(left: np.ndarray, right: np.ndarray) -> np.ndarray | None:
    """Solve a system of positive definite matrices on the scale of correlations; None where it is singular."""
    scale = np.sqrt(np.maximum(np.diag(left), 0.0))
    if not np.isfinite(left).all() or (scale <= 0).any():
        return None
    correlation = left / np.outer(scale, scale)
    if np.linalg.cond(correlation) > 1e12:
        return None
    return (np.linalg.solve(correlation, (right.T / scale).T).T / scale).T


def sandwich(bread: np.ndarray, filling: np.ndarray) -> np.ndarray:
    """Give the covariance A^-1 B A^-1, NaN where A is singular.

    A is the sum of slope * row row' over all rows, those censored too, and B that of the scores' products.
    """
    half = _solved(bread, filling)
    whole = None if half is None else _solved(bread, half.T)
    return np.full(bread.shape, np.nan) if whole is None else whole
