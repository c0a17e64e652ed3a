"""Cumulative incidences of competing causes from counts at distinct times, their variances and their influence values.

With S the product-limit survival from every cause, Y the number at risk and dA_k = d_k / Y, the incidence of cause k is
F_k(t) = sum over s <= t of S(s-) dA_k(s). Tied events of several causes are one multinomial draw, so nothing hangs on their order.

References
----------
Aalen O O, Johansen S (1978) An empirical transition matrix for non-homogeneous Markov chains. Scand J Stat 5:141-150.
Andersen P K et al (1993) Statistical models based on counting processes, section IV.4. Springer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_ROUNDING = 1e-12  # a share below it is nobody: what sums of weights leave over, or an incidence that has come to 1


@dataclass(frozen=True, eq=False)
class _Steps:
    """What happens at each time: at risk `n` (t,), `rate` dA_k (t, c), `total` dA (t,), `left` 1 - dA (t,), S `before` and `after` it (t,)."""

    n: np.ndarray
    rate: np.ndarray
    total: np.ndarray
    left: np.ndarray
    before: np.ndarray
    after: np.ndarray

    @classmethod
    def of(cls, n_risk: np.ndarray, events: np.ndarray) -> _Steps:
        n, d = np.asarray(n_risk, dtype=float), np.asarray(events, dtype=float)
        all_ = d.sum(axis=1)
        n_left = np.where(n - all_ > _ROUNDING * n, n - all_, 0.0)
        some = np.where(n > 0, n, 1.0)
        left = np.where(n > 0, n_left / some, 1.0)
        after = np.cumprod(left)
        return cls(some, d / some[:, None], all_ / some, left, np.concatenate(([1.0], after))[: len(n)], after)


def aalen_johansen(n_risk: np.ndarray, events: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the survival from every cause, the incidence of each, and the variance of the incidences.

    Parameters
    ----------
    n_risk
        At risk just before each of the sorted distinct times, shape (t,).
    events
        Events at each time, a column a cause, shape (t, c).

    Returns
    -------
    survival, incidence, variance
        Shapes (t,), (t, c) and (t, c). Survival and incidences add up to 1; once everybody at risk has failed nothing changes.

    Notes
    -----
    The variance is that of the Aalen-Johansen estimator with multinomial increments (Andersen et al 1993, equation 4.4.20; R's
    etm), which without delayed entry is the sum of squared influence values (R's survfit). It is built up as the covariance of S
    and F_k is carried from one time to the next, so that no large numbers cancel; cost and memory are times x causes.

    >>> survival, incidence, variance = aalen_johansen(np.array([4, 2]), np.array([[1, 1], [1, 0]]))
    >>> survival.tolist(), incidence.tolist(), variance.tolist()
    ([0.5, 0.25], [[0.25, 0.25], [0.5, 0.25]], [[0.046875, 0.046875], [0.0625, 0.046875]])
    """
    steps = _Steps.of(n_risk, events)
    before, rate = steps.before, steps.rate
    with np.errstate(divide="ignore"):
        greenwood = np.cumsum(steps.total / (steps.left * steps.n))
    # Var(S) / S and Cov(S, F) / S, both just before each time; 0 once nobody is left.
    survival_part = np.where(before > 0, before, 0.0) * np.where(before > 0, _shift(greenwood), 0.0)
    covariance_part = _shift(np.cumsum(rate * (survival_part - before / steps.n)[:, None], axis=0))
    own = before[:, None] * rate
    variance = np.cumsum(own * (2 * covariance_part + rate * survival_part[:, None] + (before / steps.n)[:, None] * (1 - rate)), axis=0)
    incidence = np.cumsum(own, axis=0)
    certain = incidence > 1 - _ROUNDING
    return steps.after, np.where(certain, 1.0, incidence), np.where(certain, 0.0, np.maximum(variance, 0.0))


def years_lost(times: np.ndarray, n_risk: np.ndarray, events: np.ndarray, horizon: float) -> tuple[np.ndarray, np.ndarray]:
    """Give the time lost to each cause up to a horizon, the area under its incidence, and its variance.

    Parameters
    ----------
    times, n_risk
        Sorted distinct times, and at risk just before them, shape (t,).
    events
        Events at each time, a column a cause, shape (t, c).
    horizon
        End of the area, in the unit of `times`; past the last time the incidence is carried on.

    Returns
    -------
    lost, variance
        Shape (c,). What all causes take and the restricted mean time without an event add up to the horizon.

    Notes
    -----
    Andersen 2013, Stat Med 32:5278. The variance takes tied events as multinomial, as `aalen_johansen` does.

    >>> lost, variance = years_lost(np.array([1.0, 2.0]), np.array([4, 2]), np.array([[1, 1], [1, 0]]), 3.0)
    >>> lost.tolist(), variance.tolist()
    ([0.75, 0.5], [0.171875, 0.1875])
    """
    steps = _Steps.of(n_risk, events)
    worth = np.maximum(horizon - np.asarray(times, dtype=float), 0.0)
    own, later = _gains(steps, worth)
    gain = (steps.before * worth)[:, None]
    safe = np.where(steps.left > 0, steps.left, 1.0)[:, None]
    terms = gain**2 * steps.rate * (1 - steps.rate) - 2 * gain * steps.rate * later + later**2 * steps.total[:, None] / safe
    return own.sum(axis=0), np.maximum((terms / steps.n[:, None]).sum(axis=0), 0.0)


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows whose influence is asked for, on the scale of the sorted distinct exit times `ticks` (t,).

    Attributes
    ----------
    entry, exit_
        At risk at s where entry < s <= exit_, shape (n,).
    kind
        How each row ends: 0 censored, k the cause in column k - 1 of the events, shape (n,).
    """

    ticks: np.ndarray
    entry: np.ndarray
    exit_: np.ndarray
    kind: np.ndarray

    def increments(self, per_event: np.ndarray, per_time: np.ndarray) -> np.ndarray:
        """Sum over each row's time at risk what its own event adds, less what every time takes from those at risk, shape (n, c)."""
        spent = np.concatenate((np.zeros((1, per_time.shape[1])), np.cumsum(per_time, axis=0)))
        last = np.searchsorted(self.ticks, self.exit_, side="right")
        values = spent[np.searchsorted(self.ticks, self.entry, side="right")] - spent[last]
        failed = np.flatnonzero(self.kind > 0)
        values[failed] += per_event[last[failed] - 1, self.kind[failed] - 1]
        return values


def incidence_influence(rows: Rows, n_risk: np.ndarray, events: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Give the influence of every row on the incidences at given times, shape (n, times, c).

    It is the derivative of the incidence with respect to the row's weight. Without delayed entry the squares over the rows (over
    the patients, where one stands in several rows) add up to the variance that `aalen_johansen` gives; with case weights multiply
    by them. A row of another group has no influence and is not given here.

    Parameters
    ----------
    rows
        The rows that were counted.
    n_risk, events
        Their counts at each of `rows.ticks`, shapes (t,) and (t, c), weighted where rows are.
    at
        Times on the scale of `rows.ticks`.

    >>> rows = Rows(np.array([1, 2]), np.full(4, -1), np.array([1, 1, 2, 2]), np.array([1, 2, 1, 0]))
    >>> influence = incidence_influence(rows, np.array([4, 2]), np.array([[1, 1], [1, 0]]), np.array([2]))
    >>> influence[:, 0, 0].tolist(), float((influence[:, 0, 0] ** 2).sum())
    ([0.125, -0.125, 0.125, -0.125], 0.0625)
    """
    steps = _Steps.of(n_risk, events)
    values = [_influence(rows, steps, (rows.ticks <= time).astype(float)) for time in np.asarray(at)]
    return np.stack(values, axis=1) if values else np.zeros((len(rows.entry), 0, steps.rate.shape[1]))


def years_lost_influence(rows: Rows, times: np.ndarray, n_risk: np.ndarray, events: np.ndarray, horizon: float) -> np.ndarray:
    """Give the influence of every row on the time lost to each cause, shape (n, c); `times` are `rows.ticks` in the unit of `horizon`."""
    return _influence(rows, _Steps.of(n_risk, events), np.maximum(horizon - np.asarray(times, dtype=float), 0.0))


def _gains(steps: _Steps, worth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give what events at each time bring in where one at s is worth `worth`(s), and what all later ones bring in, shape (t, c)."""
    own = (steps.before * worth)[:, None] * steps.rate
    later = np.zeros_like(own)
    later[:-1] = np.cumsum(own[:0:-1], axis=0)[::-1]
    return own, later


def _influence(rows: Rows, steps: _Steps, worth: np.ndarray) -> np.ndarray:
    """Give the influence on the sum of S(s-) dA_k(s) worth(s), shape (n, c)."""
    own, later = _gains(steps, worth)
    # An event takes away the row's part in what comes later; where it leaves nobody, those who fail together cancel out.
    loss = later / np.where(steps.left > 0, steps.left, 1.0)[:, None] / steps.n[:, None]
    gain = steps.before * worth / steps.n
    per_time = own / steps.n[:, None] - loss * steps.total[:, None]
    causes = range(own.shape[1])
    per_event = np.stack([-loss + gain[:, None] * (np.arange(own.shape[1]) == cause) for cause in causes], axis=1)
    return rows.increments(per_event, per_time)


def _shift(values: np.ndarray) -> np.ndarray:
    """Move running sums on by one time, so that each stands just before its time."""
    return np.concatenate((np.zeros_like(values[:1]), values[:-1]))
