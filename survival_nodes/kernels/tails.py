"""Tails of the normal and the chi-square distribution, in closed form: what an interval or a test needs, without the time that it takes to load SciPy.

For whole degrees of freedom the upper tail of chi-square is a finite sum (Abramowitz and Stegun 1964, 26.4.4 and 26.4.5) of terms that are all
positive: nothing cancels, however far out it lies.
"""

from __future__ import annotations

import math

import numpy as np


def two_sided(z: float | np.ndarray) -> np.ndarray:
    """Give the probability that a standard normal lies at least so far from 0, of the shape of `z`; NaN where that is not known.

    >>> two_sided(np.array([0.0, -1.959964])).round(4).tolist()
    [1.0, 0.05]
    """
    z = np.abs(np.asarray(z, dtype=float))
    return np.reshape([math.erfc(each / math.sqrt(2)) for each in z.ravel().tolist()], z.shape)


def chi_square_tail(df: int, statistic: float) -> float:
    """Give the probability of a chi-square of `df` (whole, 1 or more) degrees of freedom above a statistic; NaN where that is not known.

    >>> round(chi_square_tail(1, 3.841459), 6), round(chi_square_tail(3, 7.814728), 6), chi_square_tail(2, 0.0)
    (0.05, 0.05, 1.0)
    """
    if math.isnan(statistic):
        return math.nan
    if statistic <= 0 or math.isinf(statistic):
        return float(statistic <= 0)
    half, is_odd = statistic / 2, df % 2 == 1
    powers = np.arange(0.5 if is_odd else 0.0, df / 2 - 0.25).tolist()
    terms = [math.exp(power * math.log(half) - half - math.lgamma(power + 1)) for power in powers]
    return min(math.fsum([math.erfc(math.sqrt(half)) if is_odd else 0.0, *terms]), 1.0)
