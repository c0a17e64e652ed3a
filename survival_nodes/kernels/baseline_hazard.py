"""The cumulative hazard behind a fitted Cox model, with its variance: Breslow's and Efron's form, and Kalbfleisch and Prentice's.

The survival of covariates x is S0(t)^r with r = exp(x b). The variance of its logarithm has two parts: that of the increments of
the hazard were the coefficients known, and that of the coefficients, through d = H(t) x less the sum of the increments times the
mean covariates of their risk sets (Tsiatis).

References
----------
Tsiatis A A (1981) A large sample study of Cox's regression model. Annals of Statistics 9:93-108.
Kalbfleisch J D, Prentice R L (1980) The statistical analysis of failure time data, section 4.3. Wiley.
Therneau T M, Grambsch P M (2000) Modeling survival data, section 10.2. Springer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .divisors import breslow_divisors
from .partial_likelihood import Evaluation

MAX_STEPS = 1000
NOBODY_LEFT = 1e-12  # part of a risk set that does not die, below which all have died


@dataclass(frozen=True, eq=False)
class BaselineHazard:
    """Increments at the places of the partial likelihood, where the linear predictor is the evaluation's `centre`; shape (k, ...).

    Attributes
    ----------
    minus_log_survival
        Of minus the logarithm of survival: the hazard, or Kalbfleisch and Prentice's discrete form of it; shape (k,).
    hazard, variance
        Of the cumulative hazard and of its variance with known coefficients; shape (k,).
    hazard_means
        The hazard times the mean covariates of the risk set; shape (k, p).
    """

    minus_log_survival: np.ndarray
    hazard: np.ndarray
    variance: np.ndarray
    hazard_means: np.ndarray


def baseline_hazard(fitted: Evaluation) -> BaselineHazard:
    """Give the increments that go with the treatment of ties: d divisors of 1 (Breslow), or of what is still there (Efron).

    >>> from .partial_likelihood import PartialLikelihood
    >>> from .risk_sets import RiskSets
    >>> sets = RiskSets.of(np.full(6, -1), np.array([1, 1, 6, 6, 8, 9]), np.array([1, 0, 1, 1, 0, 1]))
    >>> at_zero = PartialLikelihood.of(sets, np.array([[1.0], [1], [1], [0], [0], [0]]), "breslow").at(np.zeros(1))
    >>> [f"{36 * step:.0f}/36" for step in baseline_hazard(at_zero).variance.cumsum()]
    ['1/36', '6/36', '42/36']
    """
    divisors, at_risk = fitted.divisors, fitted.at_risk
    means = fitted.total * divisors.squared[:, None] - fitted.dying * divisors.share_squared[:, None]
    return BaselineHazard(fitted.hazard, fitted.hazard, divisors.squared / at_risk**2, means / at_risk[:, None])


def discrete_hazard(fitted: Evaluation, at: float) -> BaselineHazard:
    """Give Kalbfleisch and Prentice's form: survival falls by the factor that is most likely given the coefficients.

    Parameters
    ----------
    fitted
        The partial likelihood at its maximum.
    at
        The hazard at which the variance is taken, over that of the evaluation's centre (Greenwood's form, d / S0 (S0 - d), is not free
        of where that lies).
    """
    divisors = breslow_divisors(fitted.likelihood.death_weight)
    hazard, at_risk, weight = divisors.once / fitted.at_risk, fitted.at_risk / at, divisors.once
    left = np.where(weight >= at_risk, at_risk, at_risk - weight)
    return BaselineHazard(_log_factors(fitted), hazard, weight / (at_risk * left) / at**2, fitted.total * hazard[:, None])


def _log_factors(fitted: Evaluation) -> np.ndarray:
    """Solve sum of v r / (1 - exp(-r u)) over the deaths = S0 for u, minus the logarithm of the factor, at each place; v the case weights.

    The left side is convex and falls in u, and at Breslow's increment it is not below S0, so Newton's steps come from one side.
    """
    sets = fitted.likelihood.sets
    risk, weight, place = fitted.risk[sets.died], fitted.weight[sets.died], sets.last[sets.died]
    surviving = fitted.at_risk - np.bincount(place, weights=weight, minlength=len(fitted.at_risk))
    u = fitted.likelihood.death_weight / fitted.at_risk
    single = sets.n_deaths == 1
    with np.errstate(divide="ignore"):
        u[single] = -np.log1p(-(weight / fitted.at_risk[place])[single[place]]) / risk[single[place]]
    gone = surviving <= NOBODY_LEFT * fitted.at_risk
    u[gone] = np.inf
    open_ = np.flatnonzero(~single & ~gone)
    for _ in range(MAX_STEPS):
        if not len(open_):
            break
        step = _newton_step(u, open_, risk, weight, place, fitted.at_risk)
        u[open_] += step
        open_ = open_[step > 1e-15 * u[open_]]
    return u


def _newton_step(u: np.ndarray, open_: np.ndarray, risk: np.ndarray, weight: np.ndarray, place: np.ndarray, at_risk: np.ndarray) -> np.ndarray:
    kept = np.zeros(len(u), dtype=bool)
    kept[open_] = True
    own = kept[place]
    risk, weight, place = risk[own], weight[own], place[own]
    fallen = -np.expm1(-risk * u[place])
    value = np.bincount(place, weights=weight / fallen, minlength=len(u)) - at_risk
    slope = np.bincount(place, weights=weight * risk * (1 - fallen) / fallen**2, minlength=len(u))
    return value[open_] / slope[open_]
