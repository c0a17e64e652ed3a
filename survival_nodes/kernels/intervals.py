"""Confidence limits of a survival, on five scales."""

from __future__ import annotations

import numpy as np

Limits = tuple[np.ndarray, np.ndarray]


def _plain(survival: np.ndarray, width: np.ndarray) -> Limits:
    reach = width * survival
    return np.maximum(survival - reach, 0), np.minimum(survival + reach, 1)


def _log(survival: np.ndarray, width: np.ndarray) -> Limits:
    return survival * np.exp(-width), np.minimum(survival * np.exp(width), 1)


def _log_log(survival: np.ndarray, width: np.ndarray) -> Limits:
    hazard = -np.log(survival)
    ratio = np.exp(width / hazard)
    return np.exp(-hazard * ratio), np.exp(-hazard / ratio)


def _logit(survival: np.ndarray, width: np.ndarray) -> Limits:
    odds, ratio = survival / (1 - survival), np.exp(width / (1 - survival))
    return 1 - 1 / (1 + odds / ratio), 1 - 1 / (1 + odds * ratio)


def _arcsine(survival: np.ndarray, width: np.ndarray) -> Limits:
    angle, reach = np.arcsin(np.sqrt(survival)), width / 2 * np.sqrt(survival / (1 - survival))
    return np.sin(np.maximum(angle - reach, 0)) ** 2, np.sin(np.minimum(angle + reach, np.pi / 2)) ** 2


_SCALES = {"log-log": _log_log, "log": _log, "plain": _plain, "logit": _logit, "arcsine": _arcsine}
CONF_TYPES = tuple(_SCALES)


def survival_limits(survival: np.ndarray, log_std_error: np.ndarray, z: float, conf_type: str) -> Limits:
    """Give lower and upper pointwise limits of a survival.

    Parameters
    ----------
    survival, log_std_error
        The survival and the standard error of its logarithm, shape (t,).
    z
        Standard normal quantile of the interval, 1.96 for 95%.
    conf_type
        One of `CONF_TYPES`: the scale on which the interval is symmetric.

    Returns
    -------
    low, high
        Shape (t,). `plain` and `arcsine` are cut off at 0 and 1, `log` at 1. A survival of 0 has no limits (NaN), nor on the
        scales log-log, logit and arcsine has one of 1: those scales do not reach so far, and R's survfit gives none either.

    Notes
    -----
    Borgan and Liestol 1990, Scand J Stat 17:35; Kalbfleisch and Prentice 1980 (log-log).

    >>> low, high = survival_limits(np.array([0.5]), np.array([0.2]), 1.96, "plain")
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.304], [0.696])
    """
    survival = np.asarray(survival, dtype=float)
    possible = survival > 0 if conf_type in {"log", "plain"} else (survival > 0) & (survival < 1)
    inside, width = survival[possible], z * np.asarray(log_std_error, dtype=float)[possible]
    low, high = np.full(survival.shape, np.nan), np.full(survival.shape, np.nan)
    low[possible], high[possible] = _SCALES[conf_type](inside, width)
    return low, high


def transformed(survival: np.ndarray, scale: str) -> tuple[np.ndarray, np.ndarray]:
    """Give a survival on a scale, and its slope there by the logarithm of survival (for the delta method); between 0 and 1 only.

    >>> value, slope = transformed(np.array([0.5]), "logit")
    >>> value.tolist(), slope.tolist()
    ([0.0], [2.0])
    """
    s = np.where((survival > 0) & (survival < 1), survival, np.nan)
    log = np.log(s)
    if scale == "plain":
        return s, s
    if scale == "log":
        return log, np.ones_like(s)
    if scale == "log-log":
        return np.log(-log), 1 / log
    if scale == "logit":
        return log - np.log1p(-s), 1 / (1 - s)
    return np.arcsin(np.sqrt(s)), np.sqrt(s / (1 - s)) / 2
