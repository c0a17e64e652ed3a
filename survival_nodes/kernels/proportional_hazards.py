"""The score test of proportional hazards: does a coefficient change with a function g of time?

The fitted model is extended by the covariates x g(t), and the extension is tested at 0 by the score test: with U the score and I
the information of the extended model at the fit, the statistic is U' I^-1 U over the original columns and those under test.
g is known at the event times only, so both are sums over the places of the partial likelihood weighted by g and g squared.

References
----------
Grambsch P M, Therneau T M (1994) Proportional hazards tests and diagnostics based on weighted residuals. Biometrika 81:515-526.
Therneau T M, Grambsch P M (2000) Modeling survival data, section 6.2. Springer. The full information, where the paper takes an
average of it, is what R's `cox.zph` uses from version 3 of `survival` on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .partial_likelihood import Evaluation, dependent_columns

TRANSFORMS = ("km", "rank", "identity", "log")


def score_test(fitted: Evaluation, g: np.ndarray, groups: Sequence[Sequence[int]]) -> np.ndarray:
    """Test groups of columns for a coefficient that changes with g.

    Parameters
    ----------
    fitted
        The partial likelihood at its maximum.
    g
        Transformed time of each place, shape (k,).
    groups
        Columns tested together, one group a test.

    Returns
    -------
    numpy.ndarray
        Chi-square statistics, one a group, each on as many degrees of freedom as the group has columns; NaN where the event times
        are too few to tell a change.
    """
    weights = fitted.likelihood.sets.n_deaths
    centred = g - weights @ g / weights.sum()
    spread = np.abs(centred).max(initial=0.0)
    centred = centred / spread if spread > 0 else centred
    plain, crossed, squared = fitted.information(), fitted.information(centred), fitted.information(centred**2)
    information = np.block([[plain, crossed], [crossed.T, squared]])
    score, p = fitted.score(centred), len(plain)
    statistics = np.empty(len(groups))
    for place, group in enumerate(groups):
        columns = np.asarray(group, dtype=np.int64)
        kept = np.concatenate((np.arange(p), p + columns))
        tested = np.concatenate((np.zeros(p), score[columns]))
        own = information[np.ix_(kept, kept)]
        statistics[place] = np.nan if dependent_columns(own).any() else tested @ np.linalg.solve(own, tested)
    return statistics


def transformed_times(transform: str, entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, at: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Give g at each place.

    Parameters
    ----------
    transform
        `km`: one less the Kaplan-Meier estimate of all rows just before the time; `rank`: the mean rank of the time among all exit
        times; `identity`; `log`.
    entry, exit_, event
        Integer ticks and 0/1 of the fitted rows, shape (n,).
    at, times
        Ticks of the places and the same in a unit of time, shape (k,).

    >>> exit_, event = np.array([1, 2, 2, 4]), np.array([1, 1, 0, 1])
    >>> places = np.array([1, 2, 4])
    >>> transformed_times("km", np.full(4, -1), exit_, event, places, places).tolist()
    [0.0, 0.25, 0.5]
    >>> transformed_times("rank", np.full(4, -1), exit_, event, places, places).tolist()
    [1.0, 2.5, 4.0]
    """
    if transform == "identity":
        return times.astype(float)
    if transform == "log":
        return np.log(times)
    sorted_exits = np.sort(exit_)
    below, through = np.searchsorted(sorted_exits, at, side="left"), np.searchsorted(sorted_exits, at, side="right")
    if transform == "rank":
        return (below + 1 + through) / 2
    died_at, n_died = np.unique(exit_[event.astype(bool)], return_counts=True)
    n_risk = np.searchsorted(np.sort(entry), died_at, side="left") - np.searchsorted(sorted_exits, died_at, side="left")
    survival = np.concatenate(([1.0], np.cumprod(1 - n_died / n_risk)))
    return 1 - survival[np.searchsorted(died_at, at, side="left")]
