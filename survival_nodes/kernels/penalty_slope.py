"""The slope of Firth's penalty: tr(I^-1 dI/db) of a partial likelihood, without third moments.

With I^-1 = L L' and z = x L it is the sum over the places of the covariance of x with |z - mean z|^2, which falls apart into sums over
rows (or patterns of rows) and places: as the information, a row's share is what it weighs times the hazard it was exposed to.

References
----------
Firth D (1993) Bias reduction of maximum likelihood estimates. Biometrika 80:27-38.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .divisors import MANY, N_TERMS, SMALL_SHARE, power_sums
from .partial_likelihood import Evaluation
from .pattern_likelihood import PatternLikelihood, Units
from .thin import product

PORTION = 1 << 14  # rows taken at a time


def penalty_slope(evaluation: Evaluation, inverse_root: np.ndarray) -> np.ndarray:
    """Give tr(I^-1 dI/db_r) for each coefficient r, with I^-1 = L L' and L = `inverse_root`; shape (p,)."""
    divisors, at_risk, total, dying = evaluation.divisors, evaluation.at_risk[:, None], evaluation.total, evaluation.dying
    white, white_dying = total @ inverse_root, dying @ inverse_root
    hazards = _Hazards(
        divisors.once / evaluation.at_risk, divisors.share / evaluation.at_risk,
        (white * divisors.squared[:, None] - white_dying * divisors.share_squared[:, None]) / at_risk,
        (white * divisors.share_squared[:, None] - white_dying * divisors.share_share_squared[:, None]) / at_risk)
    of_likelihood = _of_patterns if isinstance(evaluation.likelihood, PatternLikelihood) else _of_rows
    by_column, *squares = of_likelihood(evaluation, inverse_root, hazards)
    squares, squares_dying = (each / evaluation.at_risk for each in squares)
    cubed = _cubed(evaluation)
    both, mixed, own = (white**2).sum(axis=1), (white * white_dying).sum(axis=1), (white_dying**2).sum(axis=1)
    with_total = squares_dying * divisors.share_squared - squares * divisors.squared + 2 * (both * cubed[0] - 2 * mixed * cubed[1] + own * cubed[2])
    with_dying = squares * divisors.share_squared - squares_dying * divisors.share_share_squared
    with_dying -= 2 * (both * cubed[1] - 2 * mixed * cubed[2] + own * cubed[3])
    return by_column + total.T @ with_total + dying.T @ with_dying


class _Hazards(NamedTuple):
    """Of each place: the hazard, what of it is gone for its own dead (k,), and both times the mean of the whitened columns (k, p)."""

    once: np.ndarray
    gone: np.ndarray
    means: np.ndarray
    gone_means: np.ndarray


Sums = tuple[np.ndarray, np.ndarray, np.ndarray]  # of the columns (p,), of squares at risk and among the dead (k,)


def _of_rows(evaluation: Evaluation, inverse_root: np.ndarray, hazards: _Hazards) -> Sums:
    """Sum over rows, and the squared lengths of the whitened covariates over each place's risk set and deaths."""
    sets, columns, weight = evaluation.likelihood.sets, evaluation.likelihood.columns, evaluation.weight
    died, place, whitened = sets.died, sets.last[sets.died], columns @ inverse_root
    square = weight * (whitened**2).sum(axis=1)
    exposed, means = sets.exposure(hazards.once), sets.exposure(hazards.means)
    exposed[died] -= hazards.gone[place]
    means[died] -= hazards.gone_means[place]
    by_row = square * exposed - 2 * weight * (whitened * means).sum(axis=1)
    return columns.T @ by_row, sets.at_risk(square), sets.among_deaths(square)


def _of_patterns(evaluation: Evaluation, inverse_root: np.ndarray, hazards: _Hazards) -> Sums:
    """Give the same of units and, apart from them, of those that die."""
    likelihood = evaluation.likelihood
    sets, units, deaths = likelihood.sets, likelihood.units, likelihood.deaths
    by_column, squares = _of_units(units, evaluation.weight, inverse_root, sets.from_start(hazards.once), sets.from_start(hazards.means.T).T)
    gone, squares_dying = _of_units(deaths, evaluation.dying_weight, inverse_root, hazards.gone, hazards.gone_means)
    return by_column - gone, sets.from_end(squares), squares_dying


def _of_units(
    units: Units, weight: np.ndarray, inverse_root: np.ndarray, exposed: np.ndarray, means: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Sum over units that meet `exposed` (k,) and `means` (k, p) at their place; and their squares by place."""
    covariates = units.covariates
    if len(covariates.in_dense):
        return _of_dense(units, weight, inverse_root, exposed, means)
    table = np.empty((len(covariates.table), covariates.n_columns))
    table[:, covariates.in_table] = covariates.table
    whitened = product(table, inverse_root)
    square = np.einsum("ua,ua->u", whitened, whitened)
    met = np.stack([covariates.counts(weight * column[units.place]) for column in means.T])
    by_pattern = square * covariates.counts(weight * exposed[units.place]) - 2 * np.einsum("ua,au->u", whitened, met)
    return np.einsum("u,ua->a", by_pattern, table), units.by_place(weight * square[covariates.code])


def _of_dense(
    units: Units, weight: np.ndarray, inverse_root: np.ndarray, exposed: np.ndarray, means: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Give the same where columns have no patterns, a portion of the units at a time."""
    by_column, square = np.zeros(len(inverse_root)), np.empty(len(weight))
    for start in range(0, len(weight), PORTION):
        rows = slice(start, start + PORTION)
        matrix, place = units.covariates.take(rows).matrix, units.place[rows]
        whitened = matrix @ inverse_root
        square[rows] = weight[rows] * np.einsum("ua,ua->u", whitened, whitened)
        by_row = square[rows] * exposed[place] - 2 * weight[rows] * np.einsum("ua,ua->u", whitened, means[place])
        by_column += np.einsum("u,ua->a", by_row, matrix)
    return by_column, units.by_place(square)


def _cubed(evaluation: Evaluation) -> np.ndarray:
    """Sum 1, share, share squared and share cubed over the cubed divisors of each place; shape (4, k)."""
    likelihood, n_deaths = evaluation.likelihood, evaluation.likelihood.sets.n_deaths
    if not likelihood.efron:
        return np.vstack([n_deaths.astype(float), np.zeros((3, len(n_deaths)))])
    if isinstance(likelihood, PatternLikelihood):
        dying = likelihood.deaths.by_place(evaluation.dying_weight) / evaluation.at_risk
    else:
        dying = likelihood.sets.among_deaths(evaluation.weight) / evaluation.at_risk
    by_series, sums = (n_deaths >= MANY) & (dying <= SMALL_SHARE), np.empty((4, len(n_deaths)))
    if by_series.any():
        sums[:, by_series] = _cubed_series(dying[by_series], n_deaths[by_series])
    if not by_series.all():
        sums[:, ~by_series] = _cubed_one_by_one(dying[~by_series], n_deaths[~by_series])
    return sums


def _cubed_one_by_one(dying: np.ndarray, n_deaths: np.ndarray) -> np.ndarray:
    starts = np.concatenate(([0], np.cumsum(n_deaths)[:-1]))
    place = np.repeat(np.arange(len(n_deaths)), n_deaths)
    share = (np.arange(len(place)) - starts[place]) / n_deaths[place]
    inverse = (1.0 - share * dying[place]) ** -3
    return np.vstack([np.add.reduceat(share**power * inverse, starts) for power in range(4)])


def _cubed_series(dying: np.ndarray, n_deaths: np.ndarray) -> np.ndarray:
    """Give the same for many deaths of many at risk: (1 - x)^-3 is the sum of (k + 1) (k + 2) / 2 x^k.

    >>> few = np.array([0.1]), np.array([20])
    >>> bool(np.allclose(_cubed_series(*few), _cubed_one_by_one(*few), rtol=1e-14, atol=0))
    True
    """
    terms = np.arange(N_TERMS - 1)[:, None]
    powers, sums = (terms + 1) * (terms + 2) / 2 * dying**terms, power_sums(n_deaths)
    return np.array([(powers * sums[power : power + N_TERMS - 1]).sum(axis=0) for power in range(4)])
