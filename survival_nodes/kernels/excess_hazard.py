"""Regression on the excess hazard: what patients die of beyond the population's mortality, constant in each interval of follow-up.

A cell holds rows of one pattern of covariates in one interval: its events d, its exposure y (years) and what the population would have
had there. The excess hazard is exp(x b), added to the population's hazard h. All models here differ in the likelihood of a cell alone, so
each is a function from the predictors to log-likelihood, slopes and curvatures, and one climb to the maximum serves them all.

References
----------
Esteve J, Benhamou E, Croasdale M, Raymond L (1990) Relative survival and the estimation of net survival. Stat Med 9:529-538.
Hakulinen T, Tenkanen L (1987) Regression analysis of relative survival rates. Appl Stat 36:309-317.
Dickman P W, Sloggett A, Hills M, Hakulinen T (2004) Regression models for relative survival. Stat Med 23:51-64.
Andersen P K, Borch-Johnsen K, Deckert T et al (1985) A Cox regression model for the relative mortality. Biometrics 41:921-932.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .partial_likelihood import PartialLikelihood
from .risk_sets import RiskSets

DECREMENT = 1e-18  # Newton decrement per event below which the next step would be rounding error
DRIFT = 1e-12  # decrement at which a likelihood that only creeps upwards is taken to have no maximum
FLAT = 1e-9  # curvature per event, on scaled columns, below which a direction cannot be told from rounding
RUNAWAY = 1e-3  # a last step that still moves a predictor by so much has no finite end
MAX_STEPS = 100


@dataclass(frozen=True, eq=False)
class Point:
    """A log-likelihood at predictors of cells: its value, its slope along each, and minus its second derivative, as expected and as observed; (g,) each."""

    log_likelihood: float
    slope: np.ndarray
    expected: np.ndarray
    observed: np.ndarray


Likelihood = Callable[[np.ndarray], Point]


@dataclass(frozen=True, eq=False)
class Height:
    """A log-likelihood at coefficients: its value, its score (p,) and its information (p, p)."""

    log_likelihood: float
    score: np.ndarray
    information: np.ndarray


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where a likelihood is greatest, or the climb ended.

    `coefficients` (p,), `covariance` (p, p), `predictor` (g,), `log_likelihood`; `flat` (p, k) directions along which the likelihood has become
    flat, and `moved` (p,) the last step; `converged` is False where the steps ran out.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    predictor: np.ndarray
    log_likelihood: float
    flat: np.ndarray
    moved: np.ndarray
    converged: bool

    def through(self, matrix: np.ndarray) -> Maximum:
        """Give it with the coefficients that a matrix (p, p) makes of these."""
        return replace(
            self, coefficients=matrix @ self.coefficients, covariance=matrix @ self.covariance @ matrix.T, flat=matrix @ self.flat, moved=matrix @ self.moved)

    def runaway(self, reach: np.ndarray) -> np.ndarray:
        """Mark the coefficients that have no finite estimate, by how far each moves the predictors over the range of its column; shape (p,)."""
        along = np.abs(self.flat) * reach[:, None]
        return (along > 1e-3 * along.max(axis=0, initial=0.0)).any(axis=1) | (np.abs(self.moved) * reach > RUNAWAY)


def additive(n_event: np.ndarray, exposure: np.ndarray, hazard: np.ndarray, observed: bool) -> Likelihood:
    """Give d log(h + e) - y e, e the excess hazard: of Poisson counts, but for a constant, and (rows as cells, `observed`) Esteve's full likelihood.

    Parameters
    ----------
    n_event, exposure, hazard
        Events, years, and the population's hazard per year (of a row: at its event) of each cell, shape (g,).
    observed
        Whether the observed curvature is the one to build variances from.
    """

    def at(predictor: np.ndarray) -> Point:
        excess = np.exp(predictor)
        total = hazard + excess
        value = float(n_event @ np.log(np.where(n_event > 0, total, 1.0)) - exposure @ excess)
        expected = excess**2 * exposure / total
        curvature = excess * exposure - n_event * excess * hazard / total**2
        return Point(value, excess * (n_event / total - exposure), expected, curvature if observed else expected)

    return at


def life_table_binomial(n_event: np.ndarray, n_effective: np.ndarray, survival: np.ndarray, years: np.ndarray) -> Likelihood:
    """Give the binomial log-likelihood of deaths among effective numbers, where a fraction p exp(-k e) survives k years.

    Parameters
    ----------
    n_event, n_effective, survival, years
        Deaths, patients less half of those censored, expected survival p through the interval, and its length k; shape (g,).
    """

    n_left = n_effective - n_event

    def at(predictor: np.ndarray) -> Point:
        cumulative = years * np.exp(predictor)
        surviving, dying = survival * np.exp(-cumulative), -np.expm1(np.log(survival) - cumulative)
        steep = cumulative * surviving  # of the fraction dying along the predictor
        value = float(n_event @ np.log(np.where(n_event > 0, dying, 1.0)) + n_left @ (np.log(survival) - cumulative))
        expected = n_effective * steep**2 / (dying * surviving)
        return Point(value, steep * (n_event / dying - n_left / surviving), expected, expected)

    return at


def weighted_start(likelihood: Likelihood, columns: np.ndarray, predictor: np.ndarray) -> np.ndarray:
    """Give the coefficients (p,) that one step of iterated weighted least squares makes of predictors (g,) of the cells' own."""
    point = likelihood(predictor)
    information = columns.T @ (columns * point.expected[:, None])
    return np.linalg.lstsq(information, columns.T @ (point.expected * predictor + point.slope), rcond=None)[0]


def maximise_excess(
    likelihood: Likelihood, columns: np.ndarray, start: np.ndarray, n_event: float, settled: Callable[[float, float], bool] | None = None,
) -> Maximum:
    """Maximise a likelihood of cells; where its observed curvature bends upwards, steps go by the expected one.

    Parameters
    ----------
    likelihood
        Of the predictors of g cells.
    columns
        Shape (g, p), linearly independent.
    start
        Coefficients to begin at, shape (p,).
    n_event
        All events: likelihoods are judged per event.
    settled
        Called with the log-likelihood before and after each step; where it says True the climb ends there, and the covariance is that of
        the point before the last step, as programs for generalised linear models have it. None: to the maximum.

    >>> cells = additive(np.array([8.0]), np.array([40.0]), np.array([0.1]), observed=True)
    >>> bool(np.isclose(np.exp(maximise_excess(cells, np.ones((1, 1)), np.zeros(1), 8).coefficients[0]), 8 / 40 - 0.1))
    True
    """

    def at(coefficients: np.ndarray) -> Height:
        point = likelihood(columns @ coefficients)
        if not np.isfinite(point.log_likelihood):
            return Height(-np.inf, np.zeros(len(start)), np.eye(len(start)))
        information = columns.T @ (columns * point.observed[:, None])
        if np.linalg.eigvalsh(information)[0] < -FLAT * n_event:
            information = columns.T @ (columns * point.expected[:, None])
        return Height(point.log_likelihood, columns.T @ point.slope, information)

    return climb_likelihood(at, start, columns, n_event, settled)


def maximise_relative(sets: RiskSets, columns: np.ndarray, log_hazard: np.ndarray) -> tuple[Maximum, float]:
    """Maximise Cox's partial likelihood (Efron's ties) with the log of the population's hazard as a column whose coefficient is 1.

    Parameters
    ----------
    sets
        The risk sets of n rows.
    columns
        Covariates, shape (n, p).
    log_hazard
        Of each row, shape (n,).

    Returns
    -------
    tuple of Maximum, float
        The maximum (its predictors are those of the rows, centred, without the hazard), and the log-likelihood with every coefficient 0.
    """
    whole = PartialLikelihood.scaled(sets, np.column_stack((columns, log_hazard)), "efron")
    p = columns.shape[1]
    own, scale = np.arange(p + 1) < p, whole.scale[:p]

    def at(coefficients: np.ndarray) -> Height:
        seen = whole.at(np.append(coefficients, whole.scale[-1])).only(own)
        return Height(seen.log_likelihood, seen.score(), seen.information())

    found = climb_likelihood(at, np.zeros(p), (columns - columns.mean(axis=0)) / scale, int(sets.n_deaths.sum()))
    return found.through(np.diag(1 / scale)), at(np.zeros(p)).log_likelihood


def climb_likelihood(
    at: Callable[[np.ndarray], Height], start: np.ndarray, columns: np.ndarray, n_event: float, settled: Callable[[float, float], bool] | None = None,
) -> Maximum:
    """Climb by Newton's method with step halving."""
    coefficients, now, before, converged, moved = start, at(start), np.inf, False, np.zeros(len(start))
    for _ in range(MAX_STEPS):
        values, vectors = np.linalg.eigh(now.information)
        curved = values > FLAT * n_event
        inverse = (vectors[:, curved] / values[curved]) @ vectors[:, curved].T
        step = inverse @ now.score
        decrement = float(now.score @ step) / n_event
        # Along flat directions no step is taken: the others are followed to where they settle.
        converged = decrement <= DECREMENT or (decrement <= DRIFT and decrement > before / 100)
        if converged:
            break
        further, step = _risen(at, now, coefficients, step)
        converged = settled is not None and settled(now.log_likelihood, further.log_likelihood)
        coefficients, before, now, moved = coefficients + step, decrement, further, step
        if converged:
            break
    return Maximum(coefficients, inverse, columns @ coefficients, now.log_likelihood, vectors[:, ~curved], moved, converged)


def _risen(at: Callable[[np.ndarray], Height], now: Height, coefficients: np.ndarray, step: np.ndarray) -> tuple[Height, np.ndarray]:
    """Take the step, halved until the likelihood does not fall; rounding near the top is not a fall."""
    floor = now.log_likelihood - 1e-13 * (1.0 + abs(now.log_likelihood))
    for _ in range(60):
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            further = at(coefficients + step)
        if further.log_likelihood >= floor:
            return further, step
        step = step / 2
    return now, np.zeros_like(step)
