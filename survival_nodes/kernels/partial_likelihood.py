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

import numpy as np

from .newton import climb
from .risk_sets import RiskSets


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
    """Sum over the divisors 1 - (l/d) D0/S0; `dying` is D0/S0 of each place, `mean_weight` the mean case weight of its deaths."""
    starts = np.concatenate(([0], np.cumsum(n_deaths)[:-1]))
    place = np.repeat(np.arange(len(n_deaths)), n_deaths)
    share = (np.arange(len(place)) - starts[place]) / n_deaths[place]
    divisor = 1.0 - share * dying[place]
    inverse = 1.0 / divisor
    summed = [np.add.reduceat(values, starts) for values in (inverse, share * inverse, inverse**2, share * inverse**2, (share * inverse) ** 2)]
    if mean_weight is None:
        return Divisors(float(np.log(divisor).sum()), *summed)
    return Divisors(float(mean_weight[place] @ np.log(divisor)), *(mean_weight * values for values in summed))


def breslow_divisors(death_weight: np.ndarray) -> Divisors:
    """Sum over d divisors of 1, each with the mean case weight; `death_weight` is d times that."""
    none, ones = np.zeros(len(death_weight)), death_weight.astype(float)
    return Divisors(0.0, ones, none, ones, none, none)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The partial likelihood at one coefficient vector: what every derivative is built from.

    Attributes
    ----------
    log_likelihood
        The log partial likelihood.
    centre
        The linear predictor from which `weight` = exp(predictor - centre) is measured, so that it cannot overflow.
    weight
        For each ordered row, times its case weight; shape (m,).
    at_risk
        S0 of each place; shape (k,).
    total, dying
        S1/S0 and D1/S0 of each place; shape (k, p).
    divisors
        Sums over the divisors of each place, as fractions of S0.
    """

    likelihood: PartialLikelihood
    log_likelihood: float
    centre: float
    weight: np.ndarray
    at_risk: np.ndarray
    total: np.ndarray
    dying: np.ndarray
    divisors: Divisors

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
        columns, weight = self.likelihood.columns, self.likelihood.case_weight
        return self.likelihood.sets.among_deaths(columns if weight is None else columns * weight[:, None]) - self.expected()

    def only(self, columns: np.ndarray) -> Evaluation:
        """Give the same model seen through some of its columns (a boolean mask of shape (p,))."""
        scale = self.likelihood.scale
        fewer = replace(self.likelihood, columns=self.likelihood.columns[:, columns], scale=None if scale is None else scale[columns])
        return replace(self, likelihood=fewer, total=self.total[:, columns], dying=self.dying[:, columns])

    def score(self, weight: np.ndarray | None = None) -> np.ndarray:
        """Sum the scores of the places, each times its weight; shape (p,)."""
        return self.score_at().sum(axis=0) if weight is None else weight @ self.score_at()

    def information(self, weight: np.ndarray | None = None) -> np.ndarray:
        """Sum the informations of the places, each times its weight; shape (p, p)."""
        sets, columns = self.likelihood.sets, self.likelihood.columns
        divisors, total, dying = self.divisors, self.total, self.dying
        once, share, squared, share_squared, both = (
            part if weight is None else weight * part
            for part in (divisors.once, divisors.share, divisors.squared, divisors.share_squared, divisors.share_share_squared)
        )
        per_row = sets.exposure(once / self.at_risk)
        per_row[sets.died] -= (share / self.at_risk)[sets.last[sets.died]]
        second = (columns * (self.weight * per_row)[:, None]).T @ columns
        mixed = (total * share_squared[:, None]).T @ dying
        return second - (total * squared[:, None]).T @ total + mixed + mixed.T - (dying * both[:, None]).T @ dying


@dataclass(frozen=True, eq=False)
class PartialLikelihood:
    """A partial likelihood, ready to be evaluated.

    `sets` the risk sets; `columns` of the ordered rows (m, p); `efron` how ties are treated; `case_weight` of the ordered rows (m,),
    above 0, None where all are 1; `scale` (p,) what the columns have been divided by, None for nothing.
    """

    sets: RiskSets
    columns: np.ndarray
    efron: bool = True
    case_weight: np.ndarray | None = None
    scale: np.ndarray | None = None

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
        centred, scale = standardised(columns, sets)
        return cls(sets, centred, ties == "efron", weight, scale)

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
    `runaway` (p,) marks coefficients that have no finite estimate, `converged` is False where the steps ran out.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    null_log_likelihood: float
    score_test: float
    runaway: np.ndarray
    converged: bool
    n_steps: int


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
    likelihood = PartialLikelihood.scaled(sets, columns, ties, case_weight)
    scale, weight = likelihood.scale, float(likelihood.death_weight.sum())
    done = climb(likelihood.at, likelihood.columns, (weight, weight / float(sets.n_deaths.sum())))
    return Maximum(
        done.coefficients / scale, done.inverse / np.outer(scale, scale), done.top.log_likelihood, done.start.log_likelihood, done.score_test,
        done.runaway, done.converged, done.n_steps)


def standardised(columns: np.ndarray, sets: RiskSets) -> tuple[np.ndarray, np.ndarray]:
    """Centre and scale the columns of the ordered rows; gives the columns (m, p) and the scales (p,)."""
    kept = np.asarray(columns, dtype=float)[sets.order]
    centred = kept - kept.mean(axis=0)
    scale = np.sqrt((centred**2).mean(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    return centred / scale, scale


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
