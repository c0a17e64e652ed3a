"""Cox's partial likelihood with tied, stratified and late-entering rows, and its maximum.

Everything is a sum over the distinct event times of each stratum ("places"). At a place k with d deaths, risk set R and deaths
D, write S0, S1 for the sums over R of w = exp(x b) and of w x, and D0, D1 for the same over D. Efron's approximation divides by
S0 - (l/d) D0, l = 0 .. d-1; Breslow's by S0, d times. The second moments are never formed place by place: a row's share in them
is its own w x x' times the hazard it was exposed to, so the information is one weighted cross product of the rows, less the
outer products of the places' means. Memory is (rows + places) x columns.

Case weights v multiply a row's weight in every sum, so w = v exp(x b), and its own term where it dies. Under Efron each of the d
divisors counts with the mean case weight of the d deaths: weights are not repeats, and rows given twice are not rows of weight 2.

References
----------
Cox D R (1975) Partial likelihood. Biometrika 62:269-276.
Efron B (1977) The efficiency of Cox's likelihood function for censored data. JASA 72:557-565.
Therneau T M, Grambsch P M (2000) Modeling survival data, section 3.3. Springer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from .divisors import Divisors, breslow_divisors, efron_divisors
from .newton import climb
from .places import Places
from .risk_sets import RiskSets
from .thin import moments, product


class Likelihood(Protocol):
    """A partial likelihood as an evaluation sees it; columns are centred and scaled by `scale` (p,), None for not at all."""

    @property
    def sets(self) -> Places | RiskSets: ...
    @property
    def scale(self) -> np.ndarray | None: ...
    @property
    def range(self) -> np.ndarray: ...
    @property
    def death_weight(self) -> np.ndarray: ...
    @property
    def death_sums(self) -> np.ndarray: ...
    def at(self, coefficients: np.ndarray) -> Evaluation: ...
    def only(self, columns: np.ndarray) -> Likelihood: ...
    def exposed_moments(self, evaluated: Evaluation, hazard: np.ndarray, gone: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The partial likelihood at one coefficient vector: what every derivative is built from.

    Attributes
    ----------
    log_likelihood
        The log partial likelihood.
    centre
        The linear predictor from which `weight` = exp(predictor - centre) is measured, so that it cannot overflow.
    unit_weight
        exp(predictor - centre) of each ordered row, times its case weight; shape (m,). None where it is that of patterns.
    at_risk
        S0 of each place; shape (k,).
    total, dying
        S1/S0 and D1/S0 of each place; shape (k, p).
    divisors
        Sums over the divisors of each place, as fractions of S0.
    pattern_weight
        exp(predictor - centre) of each pattern, where the likelihood is one of patterns alone; shape (u,).
    unit_dying_weight
        The weights of those that die, where they are kept apart from the other rows.
    """

    likelihood: Likelihood
    log_likelihood: float
    centre: float
    unit_weight: np.ndarray | None
    at_risk: np.ndarray
    total: np.ndarray
    dying: np.ndarray
    divisors: Divisors
    pattern_weight: np.ndarray | None = None
    unit_dying_weight: np.ndarray | None = None

    @cached_property
    def weight(self) -> np.ndarray:
        """The weight of each ordered row (each unit, where the likelihood is one of patterns), times its case weight or count; shape (m,)."""
        return self.likelihood.units.spread(self.pattern_weight) if self.unit_weight is None else self.unit_weight

    @cached_property
    def dying_weight(self) -> np.ndarray:
        """The same of the units that die, where they are kept apart."""
        return self.likelihood.deaths.spread(self.pattern_weight) if self.unit_dying_weight is None else self.unit_dying_weight

    @property
    def hazard(self) -> np.ndarray:
        """Increments of the cumulative hazard where the linear predictor is `centre`; shape (k,)."""
        return self.divisors.once / self.at_risk

    @property
    def risk(self) -> np.ndarray:
        """exp(predictor - centre) of each ordered row, without its case weight; shape (m,)."""
        return self.weight if self.likelihood.case_weight is None else self.weight / self.likelihood.case_weight

    def expected(self) -> np.ndarray:
        """Give the expected covariates of each place's deaths, summed over them; shape (k, p)."""
        return self.total * self.divisors.once[:, None] - self.dying * self.divisors.share[:, None]

    def score_at(self) -> np.ndarray:
        """Give the score of each place, covariates of its deaths less their expectation; shape (k, p)."""
        return self.likelihood.death_sums - self.expected()

    def only(self, columns: np.ndarray) -> Evaluation:
        """Give the same model seen through some of its columns (a boolean mask of shape (p,))."""
        if columns.all():
            return self
        return replace(self, likelihood=self.likelihood.only(columns), total=self.total[:, columns], dying=self.dying[:, columns])

    def score(self, weight: np.ndarray | None = None) -> np.ndarray:
        """Sum the scores of the places, each times its weight; shape (p,)."""
        return self.score_at().sum(axis=0) if weight is None else weight @ self.score_at()

    def information(self, weight: np.ndarray | None = None) -> np.ndarray:
        """Sum the informations of the places, each times its weight; shape (p, p)."""
        return self._information if weight is None else self._informed(weight)

    @cached_property
    def _information(self) -> np.ndarray:
        return self._informed(None)

    def _informed(self, weight: np.ndarray | None) -> np.ndarray:
        divisors, total, dying = self.divisors, self.total, self.dying
        once, share, squared, share_squared, both = (
            part if weight is None else weight * part
            for part in (divisors.once, divisors.share, divisors.squared, divisors.share_squared, divisors.share_share_squared)
        )
        second = self.likelihood.exposed_moments(self, once / self.at_risk, share / self.at_risk)
        mixed = product((total * share_squared[:, None]).T, dying)
        return second - moments(total.T, squared) + mixed + mixed.T - moments(dying.T, both)


@dataclass(frozen=True, eq=False)
class PartialLikelihood:
    """A partial likelihood, ready to be evaluated.

    `sets` the risk sets; `columns` of the ordered rows (m, p); `efron` how ties are treated; `case_weight` of the ordered rows (m,),
    above 0, None where all are 1; `origin` and `scale` (p,) what has been taken off the columns, and what they were then divided by, None
    for nothing.
    """

    sets: RiskSets
    columns: np.ndarray
    efron: bool = True
    case_weight: np.ndarray | None = None
    scale: np.ndarray | None = None
    origin: np.ndarray | None = None

    @classmethod
    def of(cls, sets: RiskSets, columns: np.ndarray, ties: str = "efron", case_weight: np.ndarray | None = None) -> PartialLikelihood:
        """Take the columns (n, p) and case weights (n,) of all rows; `ties` is `efron` or `breslow`.

        >>> entry, exit_ = np.full(6, -1), np.array([1, 1, 6, 6, 8, 9])
        >>> sets = RiskSets.of(entry, exit_, np.array([1, 0, 1, 1, 0, 1]))
        >>> likelihood = PartialLikelihood.of(sets, np.array([[1.0], [1], [1], [0], [0], [0]]), "breslow")
        >>> bool(np.isclose(np.exp(likelihood.at(np.zeros(1)).log_likelihood), 1 / (6 * 4 * 4 * 1)))
        True
        """
        weight = None if case_weight is None else np.asarray(case_weight, dtype=float)[sets.order]
        return cls(sets, np.ascontiguousarray(columns, dtype=float)[sets.order], ties == "efron", weight)

    @classmethod
    def scaled(cls, sets: RiskSets, columns: np.ndarray, ties: str = "efron", case_weight: np.ndarray | None = None) -> PartialLikelihood:
        """Take the columns centred and scaled, which changes coefficients by `scale` and the likelihood not at all."""
        weight = None if case_weight is None else np.asarray(case_weight, dtype=float)[sets.order]
        centred, origin, scale = standardised(columns, sets)
        return cls(sets, centred, ties == "efron", weight, scale, origin)

    def only(self, columns: np.ndarray) -> PartialLikelihood:
        """Give the likelihood of some columns (a boolean mask of shape (p,))."""
        scale, origin = (None if each is None else each[columns] for each in (self.scale, self.origin))
        return replace(self, columns=self.columns[:, columns], scale=scale, origin=origin)

    @property
    def range(self) -> np.ndarray:
        """The lowest and the highest value of each column, shape (2, p)."""
        return np.array([self.columns.min(axis=0), self.columns.max(axis=0)])

    @cached_property
    def death_sums(self) -> np.ndarray:
        """Sum of the columns of each place's deaths, times their case weights; shape (k, p)."""
        return self.sets.among_deaths(self.columns if self.case_weight is None else self.columns * self.case_weight[:, None])

    def exposed_moments(self, evaluated: Evaluation, hazard: np.ndarray, gone: np.ndarray) -> np.ndarray:
        """Sum w x x' over rows, each times the hazard it was exposed to, a death's own less what of it was gone; shape (p, p)."""
        per_row = self.sets.exposure(hazard)
        per_row[self.sets.died] -= gone[self.sets.last[self.sets.died]]
        return product((self.columns * (evaluated.weight * per_row)[:, None]).T, self.columns)

    @property
    def death_weight(self) -> np.ndarray:
        """Sum of the case weights of each place's deaths; shape (k,)."""
        return self.sets.n_deaths if self.case_weight is None else self.sets.among_deaths(self.case_weight)

    def at(self, coefficients: np.ndarray) -> Evaluation:
        """Evaluate at a coefficient vector of shape (p,)."""
        predictor = self.columns @ coefficients
        centre = float(predictor.max(initial=0.0))
        weight = np.exp(predictor - centre)
        own = predictor[self.sets.died] - centre
        if self.case_weight is not None:
            weight *= self.case_weight
            own *= self.case_weight[self.sets.died]
        weighted, sets, death_weight = self.columns * weight[:, None], self.sets, self.death_weight
        at_risk = sets.at_risk(weight)
        total = sets.at_risk(weighted) / at_risk[:, None]
        if self.efron and (sets.n_deaths > 1).any():
            dying = sets.among_deaths(weighted) / at_risk[:, None]
            mean_weight = None if self.case_weight is None else death_weight / sets.n_deaths
            divisors = efron_divisors(sets.among_deaths(weight) / at_risk, sets.n_deaths, mean_weight)
        else:
            dying, divisors = np.zeros_like(total), breslow_divisors(death_weight)
        log_likelihood = float(own.sum() - death_weight @ np.log(at_risk)) - divisors.log_total
        return Evaluation(self, log_likelihood, centre, weight, at_risk, total, dying, divisors)


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where the partial likelihood is greatest.

    `coefficients` (p,), `covariance` (p, p), `log_likelihood`, `null_log_likelihood`, `score_test` (chi-square at 0);
    `runaway` (p,) marks coefficients that have no finite estimate, `converged` is False where the steps ran out; `top` the likelihood there.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    null_log_likelihood: float
    score_test: float
    runaway: np.ndarray
    converged: bool
    n_steps: int
    top: Evaluation


def maximise(sets: RiskSets, columns: np.ndarray, ties: str = "efron", case_weight: np.ndarray | None = None) -> Maximum:
    """Maximise the partial likelihood by Newton's method with step halving, on centred and scaled columns.

    Parameters
    ----------
    sets
        The risk sets of n rows.
    columns
        Covariates of shape (n, p), linearly independent on the rows at risk (see `dependent_columns`).
    ties
        `efron` or `breslow`.
    case_weight
        Above 0, shape (n,); None where all rows weigh 1.

    >>> sets = RiskSets.of(np.full(6, -1), np.array([1, 1, 6, 6, 8, 9]), np.array([1, 0, 1, 1, 0, 1]))
    >>> maximum = maximise(sets, np.array([[1.0], [1], [1], [0], [0], [0]]), "breslow")
    >>> bool(np.isclose(maximum.coefficients[0], np.log((3 + np.sqrt(33)) / 2), rtol=1e-12))
    True
    """
    return maximise_likelihood(PartialLikelihood.scaled(sets, columns, ties, case_weight))


def maximise_likelihood(likelihood: Likelihood, start: Evaluation | None = None) -> Maximum:
    """Maximise a likelihood of centred and scaled columns, which `start` has with every coefficient 0."""
    scale, weight = likelihood.scale, float(likelihood.death_weight.sum())
    done = climb(likelihood.at, likelihood.range, (weight, weight / float(likelihood.sets.n_deaths.sum())), start=start)
    return Maximum(
        done.coefficients / scale, done.inverse / np.outer(scale, scale), done.top.log_likelihood, done.start.log_likelihood, done.score_test,
        done.runaway, done.converged, done.n_steps, done.top)


def standardised(columns: np.ndarray, sets: RiskSets) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centre and scale the columns of the ordered rows; gives the columns (m, p), their means and the scales (p,)."""
    kept, repeats = np.asarray(columns, dtype=float)[sets.order], sets.repeats
    share = np.full(len(kept), 1 / len(kept)) if repeats is None else repeats / repeats.sum()
    origin = kept.mean(axis=0) if repeats is None else share @ kept
    centred = kept - origin
    scale = np.sqrt(share @ centred**2)
    scale = np.where(scale > 0, scale, 1.0)
    return centred / scale, origin, scale


def dependent_columns(gram: np.ndarray, tolerance: float = 1e-10) -> np.ndarray:
    """Mark the columns that follow from those before them, given their cross products (p, p).

    Cholesky's method without pivots: a column whose remainder is a vanishing part of it depends on the earlier ones.

    >>> dependent_columns(np.array([[1.0, 2.0], [2.0, 4.0]])).tolist()
    [False, True]
    """
    left, dependent = gram.astype(float).copy(), np.zeros(len(gram), dtype=bool)
    for j in range(len(gram)):
        dependent[j] = left[j, j] <= tolerance * max(gram[j, j], 0.0) or gram[j, j] <= 0
        if not dependent[j]:
            left[j + 1 :, j + 1 :] -= np.outer(left[j + 1 :, j], left[j, j + 1 :]) / left[j, j]
        left[j, j + 1 :] = left[j + 1 :, j] = 0.0
    return dependent
