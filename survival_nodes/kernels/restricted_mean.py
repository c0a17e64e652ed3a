"""The area under a survival up to a horizon: the mean time lived within it. What each cause takes is in `aalen_johansen`."""

from __future__ import annotations

import numpy as np


def restricted_mean(times: np.ndarray, n_risk: np.ndarray, n_event: np.ndarray, horizon: float) -> tuple[float, float]:
    """Give the area under the Kaplan-Meier survival from 0 to the horizon, and its variance.

    Parameters
    ----------
    times
        Sorted distinct times up to the horizon, shape (t,).
    n_risk, n_event
        At risk just before, and events at, each of them, shape (t,).
    horizon
        Where the area ends, in the unit of the times.

    Returns
    -------
    mean, variance
        The variance is the sum over times of (area from the time to the horizon)^2 d / (n (n - d)); where everybody at risk has
        the event no area is left, and the term is 0.

    Notes
    -----
    Kaplan and Meier 1958, J Am Stat Assoc 53:457, section 6; Klein and Moeschberger 2003, equations 4.5.1 and 4.5.2.

    >>> [round(number, 4) for number in restricted_mean(np.array([1.0, 6.0, 9.0]), np.array([6, 4, 1]), np.array([1, 2, 1]), 10.0)]
    [6.4167, 1.3686]
    """
    n, d = np.asarray(n_risk, dtype=float), np.asarray(n_event, dtype=float)
    survival = np.cumprod((n - d) / n)
    areas = _widths(times, horizon) * np.append(1.0, survival)
    after = np.cumsum(areas[::-1])[::-1][1:]
    left = n > d
    return float(areas.sum()), float((after[left] ** 2 * d[left] / (n * (n - d))[left]).sum())


def _widths(times: np.ndarray, horizon: float) -> np.ndarray:
    """Give the widths of the pieces between 0, the times and the horizon; shape (t + 1,)."""
    return np.diff(np.concatenate(([0.0], np.minimum(times, horizon), [horizon])))
