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


def transformed_times(
    transform: str, entry: np.ndarray | None, exit_: np.ndarray, event: np.ndarray, at: np.ndarray, times: np.ndarray,
    repeats: np.ndarray | None = None,
) -> np.ndarray:
    """Give g at each place.

    Parameters
    ----------
    transform
        `km`: one less the Kaplan-Meier estimate of all rows just before the time; `rank`: the mean rank of the time among all exit
        times; `identity`; `log`.
    entry, exit_, event
        Integer ticks and 0/1 of the fitted rows, shape (n,); entry None where all are there from the origin.
    at, times
        Ticks of the places and the same in a unit of time, shape (k,).
    repeats
        How many rows each stands for, shape (n,); None for one.

    >>> exit_, event = np.array([1, 2, 2, 4]), np.array([1, 1, 0, 1])
    >>> places = np.array([1, 2, 4])
    >>> transformed_times("km", None, exit_, event, places, places).tolist()
    [0.0, 0.25, 0.5]
    >>> transformed_times("rank", None, exit_, event, places, places).tolist()
    [1.0, 2.5, 4.0]
    """
    if transform == "identity":
        return times.astype(float)
    if transform == "log":
        return np.log(times)
    leaving = np.bincount(exit_, repeats)
    through = np.cumsum(leaving)
    if transform == "rank":
        return (through[at] - leaving[at] + 1 + through[at]) / 2
    died = np.flatnonzero(event)
    n_died = np.bincount(exit_[died], None if repeats is None else repeats[died], minlength=len(leaving))
    n_risk = _entered(entry, repeats, len(leaving)) - (through - leaving) if entry is not None else through[-1] - (through - leaving)
    dying = n_died > 0
    survival = np.cumprod(1 - n_died[dying] / n_risk[dying])
    before = np.cumsum(dying) - dying
    return 1 - np.concatenate(([1.0], survival))[before[at]]


def _entered(entry: np.ndarray, repeats: np.ndarray | None, n_ticks: int) -> np.ndarray:
    """Count the rows that have come under observation before each tick."""
    return np.cumsum(np.bincount(entry + 1, repeats, minlength=n_ticks + 1))[:n_ticks]
