"""The divisors of the partial likelihood at tied deaths, summed over those of one time.

Efron's approximation divides by 1 - (l/d) q, l = 0 .. d-1, with q the part of the risk set's weight that dies. Where many die of many at
risk, the sums over l are power series in q whose coefficients are the sums of powers of l/d, which Faulhaber's formula gives at once:
no term is negative, so nothing is lost, and the work does not grow with the number of deaths.

References
----------
Efron B (1977) The efficiency of Cox's likelihood function for censored data. JASA 72:557-565.
Knuth D E (1993) Johann Faulhaber and sums of powers. Mathematics of Computation 61:277-294.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np

from .thin import product

MANY = 16  # deaths at one time from which on their sums are taken as a series
SMALL_SHARE = 1 / 8  # part of the risk set up to which they are: the series then ends after N_TERMS, to the last digit
N_TERMS = 21
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330, 854513 / 138)  # B2, B4, ...


@dataclass(frozen=True, eq=False)
class Divisors:
    """Sums over the divisors of each place, taken as fractions of S0: of 1 and of the share l/d over them, and over their squares.

    All are multiplied by the mean case weight of the place's deaths, where rows are weighted.
    """

    log_total: float
    once: np.ndarray
    share: np.ndarray
    squared: np.ndarray
    share_squared: np.ndarray
    share_share_squared: np.ndarray


def efron_divisors(dying: np.ndarray, n_deaths: np.ndarray, mean_weight: np.ndarray | None = None) -> Divisors:
    """Sum over the divisors 1 - (l/d) D0/S0; `dying` is D0/S0 of each place, `mean_weight` the mean case weight of its deaths.

    >>> divisors = efron_divisors(np.array([0.5]), np.array([2]))
    >>> divisors.once.tolist() == [1 + 1 / (1 - 1 / 4)], divisors.share.tolist() == [1 / 2 / (1 - 1 / 4)]
    (True, True)
    """
    by_series = (n_deaths >= MANY) & (dying <= SMALL_SHARE)
    sums = np.empty((6, len(dying)))
    if by_series.any():
        sums[:, by_series] = divisor_series(dying[by_series], n_deaths[by_series])
    if not by_series.all():
        sums[:, ~by_series] = divisor_sums(dying[~by_series], n_deaths[~by_series])
    if mean_weight is not None:
        sums *= mean_weight
    return Divisors(float(sums[0].sum()), *sums[1:])


def breslow_divisors(death_weight: np.ndarray) -> Divisors:
    """Sum over d divisors of 1, each with the mean case weight; `death_weight` is d times that."""
    none, ones = np.zeros(len(death_weight)), death_weight.astype(float)
    return Divisors(0.0, ones, none, ones, none, none)


def divisor_sums(dying: np.ndarray, n_deaths: np.ndarray) -> np.ndarray:
    """Sum one by one, for each place: the logarithm of the divisor, 1 and l/d over it, 1, l/d and its square over its square; shape (6, k)."""
    starts = np.concatenate(([0], np.cumsum(n_deaths)[:-1]))
    place = np.repeat(np.arange(len(n_deaths)), n_deaths)
    share = (np.arange(len(place)) - starts[place]) / n_deaths[place]
    divisor = 1.0 - share * dying[place]
    inverse = 1.0 / divisor
    shared = share * inverse
    return np.array([np.add.reduceat(values, starts) for values in (np.log(divisor), inverse, shared, inverse**2, shared * inverse, shared**2)])


def divisor_series(dying: np.ndarray, n_deaths: np.ndarray) -> np.ndarray:
    """Give the same as `divisor_sums` by power series in `dying`, which is at most `SMALL_SHARE`, for `MANY` deaths or more."""
    powers = np.multiply.accumulate(np.vstack([np.ones(len(dying)), np.broadcast_to(dying, (N_TERMS - 1, len(dying)))]), axis=0)
    sums, times = power_sums(n_deaths), np.arange(1.0, N_TERMS + 1)
    zeroth, first, second = (powers * sums[start : start + N_TERMS] for start in range(3))
    logarithm = -np.einsum("mk,m->k", zeroth[1:], 1 / times[:-1])
    return np.array([logarithm, zeroth.sum(axis=0), first.sum(axis=0), *(np.einsum("mk,m->k", each, times) for each in (zeroth, first, second))])


def power_sums(n: np.ndarray) -> np.ndarray:
    """Sum (l/n)^k over l = 0 .. n-1, for k = 0 .. N_TERMS + 1; shape (N_TERMS + 2, places). Exact to rounding for n of `MANY` and above.

    >>> power_sums(np.array([16]))[:3, 0].tolist() == [16, 7.5, sum(l**2 for l in range(16)) / 16**2]
    True
    """
    inverse = 1.0 / n
    steps = np.broadcast_to(inverse**2, (len(BERNOULLI) - 1, len(n)))
    powers = np.vstack([n.astype(float), np.ones(len(n)), np.multiply.accumulate(np.vstack([inverse, steps]), axis=0)])
    return product(_faulhaber().T, powers)


@cache
def _faulhaber() -> np.ndarray:
    """Give the coefficients of n, 1, 1/n, 1/n^3, ... in the sums of powers; a column each."""
    coefficients = np.zeros((2 + len(BERNOULLI), N_TERMS + 2))
    for k in range(N_TERMS + 2):
        coefficients[0, k] = 1 / (k + 1)
        coefficients[1, k] = -1 / 2 if k else 0.0
        for j, number in enumerate(BERNOULLI, start=1):
            if 2 * j <= k:
                coefficients[1 + j, k] = comb(k + 1, 2 * j) * number / (k + 1)
    return coefficients
