"""Product-limit survival and cumulative hazards from counts at distinct times."""

from __future__ import annotations

import numpy as np

# R's quantile.survfit takes a curve to be at a fraction when it is this close to it (square root of machine epsilon).
_TOLERANCE = float(np.sqrt(np.finfo(float).eps))


def product_limit(n_risk: np.ndarray, n_event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the Kaplan-Meier survival and Greenwood's variance of its logarithm at each time.

    Parameters
    ----------
    n_risk, n_event
        At risk just before, and events at, each of the sorted distinct times, shape (t,).

    Returns
    -------
    survival, log_variance
        Shape (t,). Once everybody at risk has had the event, survival is 0 and stays 0, and the variance is infinite.

    Notes
    -----
    Kaplan and Meier 1958, J Am Stat Assoc 53:457; Greenwood 1926, Reports on Public Health 33.

    >>> survival, log_variance = product_limit(np.array([6, 4, 1]), np.array([1, 2, 1]))
    >>> survival.round(4).tolist(), log_variance.round(4).tolist()
    ([0.8333, 0.4167, 0.0], [0.0333, 0.2833, inf])
    """
    n, d = np.asarray(n_risk, dtype=float), np.asarray(n_event, dtype=float)
    with np.errstate(divide="ignore"):
        steps = d / (n * (n - d))
    return np.cumprod((n - d) / n), np.cumsum(steps)


def nelson_aalen(n_risk: np.ndarray, n_event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the Nelson-Aalen cumulative hazard, events at one time counted together, and its variance.

    Aalen 1978, Ann Stat 6:701; the variance is the sum of d / n^2 (`ctype = 1` in R's survfit).

    >>> hazard, variance = nelson_aalen(np.array([6, 4, 1]), np.array([1, 2, 1]))
    >>> hazard.round(4).tolist(), variance.round(4).tolist()
    ([0.1667, 0.6667, 1.6667], [0.0278, 0.1528, 1.1528])
    """
    n, d = np.asarray(n_risk, dtype=float), np.asarray(n_event, dtype=float)
    return np.cumsum(d / n), np.cumsum(d / n**2)


def fleming_harrington(n_risk: np.ndarray, n_event: np.ndarray, n_deaths: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Give the cumulative hazard with tied events taken one after another, 1/n + 1/(n - 1) + ..., and its variance.

    Fleming and Harrington 1984, Commun Stat Theory Methods 13:2469 (`ctype = 2` in R's survfit). Where `n_event` are sums of
    weights, `n_deaths` says how many events they are, each then taken with their mean weight.

    >>> hazard, variance = fleming_harrington(np.array([6, 4, 1]), np.array([1, 2, 1]))
    >>> hazard.round(4).tolist(), variance.round(4).tolist()
    ([0.1667, 0.75, 1.75], [0.0278, 0.2014, 1.2014])
    """
    deaths = np.asarray(n_event if n_deaths is None else n_deaths, dtype=np.int64)
    return tuple(np.cumsum(in_turn(n_risk, n_event, deaths, power)) for power in (1, 2))


def in_turn(n_risk: np.ndarray, n_event: np.ndarray, n_deaths: np.ndarray, power: int) -> np.ndarray:
    """Sum, at each time, w / left^power over its events taken one after another: w their mean weight, `left` who is left before each."""
    time = np.repeat(np.arange(len(n_deaths)), n_deaths)
    before = np.arange(len(time)) - np.repeat(np.cumsum(n_deaths) - n_deaths, n_deaths)
    mean = np.asarray(n_event, dtype=float) / np.maximum(n_deaths, 1)
    left = np.asarray(n_risk, dtype=float)[time] - before * mean[time]
    return np.bincount(time, mean[time] / left**power, minlength=len(n_deaths))


def leave_one_out(n_risk: np.ndarray, n_event: np.ndarray, reached: np.ndarray) -> np.ndarray:
    """Give the Kaplan-Meier survival at a few times without one of those who leave at each tick; nobody may enter late.

    Parameters
    ----------
    n_risk, n_event
        At risk just before, and events at, each distinct exit time, shape (t,).
    reached
        How many of these times have come by each time wanted, shape (k,).

    Returns
    -------
    array, shape (t, 2, k)
        Without one who is censored there, and without one who has the event (meaningless where nobody does).

    Notes
    -----
    Up to the time she leaves one less is at risk; afterwards the factors are those of everybody, so their running product is
    taken up again. Three products give all of it.

    >>> leave_one_out(np.array([4, 3, 2]), np.array([1, 1, 0]), np.array([2]))[:2, 1, 0].round(4).tolist()
    [0.6667, 0.6667]
    """
    n, d, reached = np.asarray(n_risk, dtype=float), np.asarray(n_event, dtype=float), np.asarray(reached)
    others = np.maximum(n - 1, 1)  # the last one has nobody beside her: no factor
    whole = np.append(1.0, np.cumprod((n - d) / n))
    fewer = np.append(1.0, np.cumprod(np.where(n > 1, (n - 1 - d) / others, 1.0)))
    own = np.where(n[:, None] > 1, (n[:, None] - 1 - d[:, None] + (0, 1)) / others[:, None], 1.0)
    after = np.where(whole[1:, None] > 0, whole[reached] / np.where(whole[1:, None] > 0, whole[1:, None], 1.0), 1.0)
    gone = reached > np.arange(len(n))[:, None]
    return np.where(gone[:, None, :], (fewer[:-1, None] * own)[:, :, None] * after[:, None, :], fewer[reached])


def quantile_times(times: np.ndarray, curve: np.ndarray, probs: np.ndarray) -> np.ndarray:
    """Give the first time at which a falling curve leaves at most 1 - p, for each p; NaN where it never does.

    Parameters
    ----------
    times, curve
        Sorted distinct times and the curve after each of them (survival, or a limit of it), shape (t,); the curve is 1 at time 0.
    probs
        Fractions with the event, shape (p,), between 0 and 1.

    Notes
    -----
    Where the curve runs flat exactly at 1 - p, the middle of that stretch is given, as R's quantile.survfit does (its last
    stretch ends at the last time). A missing piece of a limit is passed over; a limit that rises again is read by its height.
    """
    probs = np.asarray(probs, dtype=float)
    heights = np.concatenate(([0.0], 1 - np.asarray(curve, dtype=float)))
    marks = np.concatenate(([0.0], np.asarray(times, dtype=float)))
    _, first = np.unique(heights, return_index=True)
    last = heights[first.max()]
    first = first[~np.isnan(heights[first])]
    low, high = (np.searchsorted(heights[first] + slack, probs) for slack in (_TOLERANCE, -_TOLERANCE))
    reached = np.append(marks[first], np.nan)
    return (reached[low] + np.where(np.abs(probs - last) < _TOLERANCE, marks[-1], reached[high])) / 2
