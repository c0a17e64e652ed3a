"""What each row contributes to a Cox model: its score residual, its martingale residual, and how far it moves the coefficients.

A row's score residual is the integral of its covariates less their mean in the risk set, over its own martingale: at its death it
adds the distance from the mean, and at every event it was at risk for it takes off that distance times its hazard there. Both
means and hazards are sums over the places that the partial likelihood keeps already, so a row needs only their running sums.
Under Efron the l-th of d tied deaths finds the d deaths with weight 1 - l/d: a death takes a dth of each of the d means, and the
hazard of its own time counts for it only by what is still there.

References
----------
Therneau T M, Grambsch P M, Fleming T R (1990) Martingale-based residuals for survival models. Biometrika 77:147-160.
Lin D Y, Wei L J (1989) The robust inference for the Cox proportional hazards model. JASA 84:1074-1078.
Binder D A (1992) Fitting Cox's proportional hazards models from survey data. Biometrika 79:139-147.
"""

from __future__ import annotations

import numpy as np

from .partial_likelihood import Evaluation


def martingale(evaluation: Evaluation) -> np.ndarray:
    """Give the events of each ordered row less those expected of it; shape (m,).

    A row's own case weight does not enter: the residual is that of one patient such as this.

    >>> from .partial_likelihood import PartialLikelihood
    >>> from .risk_sets import RiskSets
    >>> sets = RiskSets.of(np.full(3, -1), np.array([1, 2, 2]), np.array([1, 1, 0]))
    >>> martingale(PartialLikelihood.of(sets, np.zeros((3, 1))).at(np.zeros(1))).round(4).tolist()
    [0.6667, 0.1667, -0.8333]
    """
    sets, divisors = evaluation.likelihood.sets, evaluation.divisors
    exposed = sets.exposure(evaluation.hazard)
    exposed[sets.died] -= (divisors.share / evaluation.at_risk)[sets.last[sets.died]]
    return sets.died - evaluation.risk * exposed


def score_residuals(evaluation: Evaluation) -> np.ndarray:
    """Give the score residual of each ordered row, in the units of the covariates; shape (m, p).

    Each is that of the row without its case weight; times the case weights they sum to the score.

    >>> from .partial_likelihood import PartialLikelihood
    >>> from .risk_sets import RiskSets
    >>> sets = RiskSets.of(np.full(6, -1), np.array([1, 1, 6, 6, 8, 9]), np.array([1, 0, 1, 1, 0, 1]))
    >>> evaluation = PartialLikelihood.of(sets, np.array([[1.0], [1], [1], [0], [0], [0]]), "breslow").at(np.zeros(1))
    >>> [f"{24 * residual:.0f}/24" for residual in score_residuals(evaluation)[:, 0]]
    ['10/24', '-2/24', '7/24', '-1/24', '5/24', '5/24']
    """
    likelihood, divisors = evaluation.likelihood, evaluation.divisors
    sets, columns, at_risk = likelihood.sets, likelihood.columns, evaluation.at_risk[:, None]
    died, place = sets.died, sets.last[sets.died]
    # Hazard times mean covariates, summed over the divisors of a place; then the same times the share of the dead that is gone.
    hazard_means = (evaluation.total * divisors.squared[:, None] - evaluation.dying * divisors.share_squared[:, None]) / at_risk
    gone_means = (evaluation.total * divisors.share_squared[:, None] - evaluation.dying * divisors.share_share_squared[:, None]) / at_risk
    gone = (divisors.share / evaluation.at_risk)[place]
    residuals = sets.exposure(hazard_means) - columns * sets.exposure(evaluation.hazard)[:, None]
    residuals[died] += columns[died] * gone[:, None] - gone_means[place]
    residuals *= evaluation.risk[:, None]
    residuals[died] += columns[died] - (evaluation.expected() / likelihood.death_weight[:, None])[place]
    return residuals if likelihood.scale is None else residuals * likelihood.scale


def dfbeta(evaluation: Evaluation, covariance: np.ndarray) -> np.ndarray:
    """Give how far each ordered row moves the coefficients, to first order; shape (m, p).

    The score residual, times the row's case weight, times the model's covariance (p, p) of the coefficients.
    """
    weight, residuals = evaluation.likelihood.case_weight, score_residuals(evaluation)
    return (residuals if weight is None else residuals * weight[:, None]) @ covariance


def clustered(values: np.ndarray, cluster: np.ndarray | None) -> np.ndarray:
    """Sum the rows of `values` (m, p) over clusters (codes from 0, shape (m,)); None leaves them as they are."""
    if cluster is None:
        return values
    return np.column_stack([np.bincount(cluster, weights=column) for column in values.T])
