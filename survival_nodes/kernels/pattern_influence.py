"""How far rows move the coefficients of a Cox model, added up and squared, where the likelihood is worked out from patterns of rows.

They are the residuals of `cox_influence`: under observation from the origin, what a row takes off the score hangs on its covariates and on
the place at which it leaves, and a death adds what hangs on the same two. So rows of one pattern and place have one residual, and the
sandwich is a sum over units of rows and, once more, over those that die.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .covariates import Covariates
from .partial_likelihood import Evaluation
from .pattern_likelihood import Units
from .thin import moments, product

PORTION = 1 << 14  # units taken at a time
STILL = 1e-10  # of a standard error: what moves a coefficient by less does not move it


class Hazards(NamedTuple):
    """Of each place: the cumulative hazard and the part of its own hazard that is gone for its dead (k,), both times the mean covariates
    (k, p), and the covariates expected of one death (k, p)."""

    passed: np.ndarray
    gone: np.ndarray
    passed_means: np.ndarray
    gone_means: np.ndarray
    expected: np.ndarray

    @classmethod
    def of(cls, evaluation: Evaluation) -> Hazards:
        """Sum them up from an evaluation."""
        sets, divisors, at_risk = evaluation.likelihood.sets, evaluation.divisors, evaluation.at_risk[:, None]
        means = (evaluation.total * divisors.squared[:, None] - evaluation.dying * divisors.share_squared[:, None]) / at_risk
        gone_means = (evaluation.total * divisors.share_squared[:, None] - evaluation.dying * divisors.share_share_squared[:, None]) / at_risk
        return cls(
            sets.from_start(evaluation.hazard), divisors.share / evaluation.at_risk, sets.from_start(means.T).T, gone_means,
            evaluation.expected() / evaluation.likelihood.death_weight[:, None])


def crossed_influence(evaluation: Evaluation, covariance: np.ndarray) -> tuple[np.ndarray, int]:
    """Give the cross product (p, p) of how far each row moves the coefficients, and how many rows move one.

    The score residual of a row, in the units of the covariates, times its case weight, times the covariance (p, p).
    """
    likelihood, hazards = evaluation.likelihood, Hazards.of(evaluation)
    units, deaths = likelihood.units, likelihood.deaths
    turn, least = covariance * likelihood.scale[:, None], STILL * np.sqrt(np.diag(covariance))
    n_died, n = (np.ones(len(each)) if each.weight is None or likelihood.is_weighted else each.weight for each in (deaths, units))
    n_left = n - np.bincount(deaths.among, n_died, minlength=len(n))
    total, n_moving = np.zeros(covariance.shape), 0
    for own, weight, many, dies in ((units, evaluation.weight, n_left, False), (deaths, evaluation.dying_weight, n_died, True)):
        for rows, residuals in _residuals(own, weight, hazards, dies):
            moved = product(residuals if not likelihood.is_weighted else residuals * own.weight[rows, None], turn)
            total += moments(moved.T, many[rows])
            n_moving += int(many[rows][(np.abs(moved) > least).any(axis=1)].sum())
    return total, n_moving


def _residuals(units: Units, weight: np.ndarray, hazards: Hazards, dies: bool) -> Iterator[tuple[slice, np.ndarray]]:
    """Give the score residuals of units, some at a time, of such as die at their place or as do not."""
    for start in range(0, len(weight), PORTION):
        rows = slice(start, start + PORTION)
        matrix, place = units.covariates.take(rows).matrix, units.place[rows]
        risk = (weight[rows] if units.weight is None else weight[rows] / units.weight[rows])[:, None]
        residuals = risk * (hazards.passed_means[place] - matrix * hazards.passed[place, None])
        if dies:
            residuals += risk * (matrix * hazards.gone[place, None] - hazards.gone_means[place]) + matrix - hazards.expected[place]
        yield rows, residuals


def clustered_influence(
    evaluation: Evaluation, covariates: Covariates, coefficients: np.ndarray, last: np.ndarray, died: np.ndarray, weight: np.ndarray, cluster: np.ndarray,
) -> np.ndarray:
    """Sum the score residuals of rows, in the units of the covariates and times their case weights, over clusters; shape (clusters, p).

    Parameters
    ----------
    evaluation
        Of the likelihood at `coefficients` (p,), which are those of its columns, centred and scaled.
    covariates
        Of the n rows, as the likelihood was given them.
    last, died, weight, cluster
        The last place at which each row is at risk (-1 for none), whether it dies, its case weight, and codes from 0; shape (n,).
    """
    likelihood, hazards = evaluation.likelihood, Hazards.of(evaluation)
    moved = covariates.moved(likelihood.origin, likelihood.scale)
    of_table, of_dense = moved.times(coefficients)
    predictor = of_table[moved.code] + of_dense if len(of_dense) else of_table[moved.code]
    risk = weight * np.exp(np.minimum(predictor - evaluation.centre, 0.0))
    passed = risk * np.append(hazards.passed, 0.0)[last]
    dead = np.flatnonzero(died)
    place, gone = last[dead], risk[dead] * hazards.gone[last[dead]]
    sums = np.empty((int(cluster.max(initial=-1)) + 1, moved.n_columns))
    for column, values in _columns(moved):
        terms = risk * np.append(hazards.passed_means[:, column], 0.0)[last] - values * passed
        own = values[dead]
        terms[dead] += own * gone - risk[dead] * hazards.gone_means[place, column] + weight[dead] * (own - hazards.expected[place, column])
        sums[:, column] = np.bincount(cluster, terms, minlength=len(sums))
    return sums * likelihood.scale


def _columns(covariates: Covariates) -> Iterator[tuple[int, np.ndarray]]:
    for place, column in zip(covariates.in_table, covariates.table.T, strict=True):
        yield place, column[covariates.code]
    yield from zip(covariates.in_dense, covariates.dense, strict=True)
