"""Gray's test that a cause has the same cumulative incidence in all groups: scores of the groups and their covariance.

In group k let R be the number at risk, S the survival from every cause, F the incidence of the cause (S-, F- just before a time),
and W = R / S- the size of the group had nobody been censored. The incidence common to all groups, F0, rises by d / sum W at d
events of the cause; F0- and the weight (1 - F0-)^rho belong to the time before. The score of a group is the weighted sum over time
of its events less d times its share of those still without the cause, W (1 - F-).

Reference
---------
Gray R J (1988) A class of k-sample tests for comparing the cumulative incidence of a competing risk. Ann Stat 16:1141-1154.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def gray_terms(n_risk: np.ndarray, n_event: np.ndarray, n_competing: np.ndarray, rho: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Give the score of each group and the covariance of the scores.

    Parameters
    ----------
    n_risk, n_event, n_competing
        At risk just before, events of the cause at, and events of all other causes at, each sorted distinct time with an event of
        either, a column a group, shape (t, k); everybody at risk from the origin.
    rho
        Exponent of the weight; 0 weights all times alike.

    Returns
    -------
    score, covariance
        Shapes (k,) and (k, k). Scores add up to 0.

    Notes
    -----
    Gray 1988, section 3, with the allowance for ties of R's cmprsk. Cost is times x groups^2, memory times x groups.

    >>> terms = gray_terms(np.array([[2, 2], [1, 2]]), np.array([[1, 0], [0, 1]]), np.zeros((2, 2)))
    >>> [part.round(4).tolist() for part in terms]
    [[0.1667, -0.1667], [[0.4835, -0.4835], [-0.4835, 0.4835]]]
    """
    steps = _Steps.of(*(np.asarray(counts, dtype=float) for counts in (n_risk, n_event, n_competing)))
    weight = _power(1 - steps.common_before, rho)
    free = steps.size * (1 - steps.incidence_before)
    score = (weight[:, None] * (steps.n_event - steps.d[:, None] * free / free.sum(axis=1, keepdims=True))).sum(axis=0)
    covariance = np.zeros((len(score), len(score)))
    for group in range(len(score)):
        own, later = _loadings(steps, weight, group)
        remain, own_variance, competing_variance = _martingales(steps, group)
        events, competing = own + remain[0][:, None] * later, remain[1][:, None] * later
        covariance += (events * own_variance[:, None]).T @ events + (competing * competing_variance[:, None]).T @ competing
    return score, covariance


@dataclass(frozen=True, eq=False)
class _Steps:
    """The counts, shape (t, k), and what stands just before (or after) each time: survival, incidence, `size` W, and `common` F0 (t,)."""

    n_risk: np.ndarray
    n_event: np.ndarray
    n_competing: np.ndarray
    survival_before: np.ndarray
    survival: np.ndarray
    incidence_before: np.ndarray
    size: np.ndarray
    d: np.ndarray
    common_before: np.ndarray
    common: np.ndarray

    @classmethod
    def of(cls, n_risk: np.ndarray, n_event: np.ndarray, n_competing: np.ndarray) -> _Steps:
        some = np.where(n_risk > 0, n_risk, 1.0)
        survival = np.cumprod(np.where(n_risk > 0, (n_risk - n_event - n_competing) / some, 1.0), axis=0)
        before = _shift(survival, 1.0)
        incidence = np.cumsum(before * n_event / some, axis=0)
        size = np.divide(n_risk, before, out=np.zeros_like(n_risk), where=n_risk > 0)
        d = n_event.sum(axis=1)
        common = np.cumsum(d / size.sum(axis=1))
        return cls(n_risk, n_event, n_competing, before, survival, _shift(incidence, 0.0), size, d, _shift(common, 0.0), common)


def _loadings(steps: _Steps, weight: np.ndarray, group: int) -> tuple[np.ndarray, np.ndarray]:
    """Give how the scores hang on the incidence of one group: at each time, and summed over the events of all later times, shape (t, k)."""
    share = steps.size / steps.size.sum(axis=1, keepdims=True)
    own = -share * (weight * steps.size[:, group])[:, None]
    own[:, group] = weight * steps.size[:, group] * (1 - share[:, group])
    rise = steps.d / (steps.size.sum(axis=1) * _nonzero(1 - steps.common_before))
    passed = own * rise[:, None]
    later = np.zeros_like(own)
    later[:-1] = np.cumsum(passed[:0:-1], axis=0)[::-1]
    return own, later


def _martingales(steps: _Steps, group: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray, np.ndarray]:
    """Give, for events of the cause and competing ones in a group, what they take from the later loadings, and the variances of their rates."""
    n_risk, before, after, d = steps.n_risk[:, group], steps.survival_before[:, group], steps.survival[:, group], steps.d
    there, competing = n_risk > 0, steps.n_competing[:, group]
    left = np.divide(1 - steps.common, after, out=np.zeros_like(after), where=after > 0)
    expected = np.divide(before * d, steps.size.sum(axis=1) * n_risk, out=np.zeros_like(before), where=there)
    own = expected * (1 - np.where(d > 1, (d - 1) / _nonzero(steps.size.sum(axis=1) * before - 1), 0.0))
    ties = 1 - np.where(competing > 1, (competing - 1) / _nonzero(n_risk - 1), 0.0)
    other = np.divide(before**2 * competing * ties, n_risk**2, out=np.zeros_like(before), where=there & (after > 0))
    return (1 - left, -left), own, other


def _shift(values: np.ndarray, start: float) -> np.ndarray:
    return np.concatenate((np.full_like(values[:1], start), values[:-1]))


def _power(base: np.ndarray, rho: float) -> np.ndarray:
    """Give base^rho. F0 may pass 1 where groups leave whole; no fraction of a power exists there, so such times have no weight."""
    return base**rho if float(rho).is_integer() else np.maximum(base, 0.0) ** rho


def _nonzero(values: np.ndarray) -> np.ndarray:
    """Put 1 for 0 in divisors of what is 0 itself."""
    return np.where(values == 0, 1.0, values)
