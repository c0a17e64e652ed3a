"""Fine and Gray's model of the subdistribution hazard: its weighted partial likelihood, the maximum, and the sandwich variance.

Who failed from another cause at x stays in the risk set at every later t with weight G(t-)/G(x-), where G is the Kaplan-Meier curve of
censoring. As that weight is a product of a part of the time and a part of the row, S0 and S1 at each event time ("place") are two
running sums: over the rows with exit >= t, and over those failed from another cause before, times G(t-). Second moments are never
formed place by place: a row's share in the information is its own w x x' times the weighted hazard it was exposed to. The terms of the
sandwich are running sums as well, so everything is n log n in time and (rows + places) x columns in memory. Rows that are alike (one
pattern of covariates, one exit, one way to end) may be given once, with how many they are.

References
----------
Fine J P, Gray R J (1999) A proportional hazards model for the subdistribution of a competing risk. JASA 94:496-509.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .covariates import Covariates
from .newton import climb
from .pattern_likelihood import ROOMY, SMALL, Levels
from .subdistribution import CENSORED, INTEREST, CensoringGroup, SubdistributionSets, from_end, from_start
from .thin import moments, product

PORTION = 1 << 14  # rows of the sandwich worked out at a time


@dataclass(frozen=True, eq=False)
class SubdistributionLikelihood:
    """A weighted partial likelihood, ready to be evaluated: the risk sets, and the covariates of the ordered rows.

    `origin` and `scale` (p,) are what the columns were moved by.
    """

    sets: SubdistributionSets
    columns: Covariates
    origin: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, sets: SubdistributionSets, columns: Covariates | np.ndarray) -> SubdistributionLikelihood:
        """Take the covariates of the ordered rows as they are."""
        covariates = columns if isinstance(columns, Covariates) else Covariates.of(columns)
        return cls(sets, covariates, np.zeros(covariates.n_columns), np.ones(covariates.n_columns))

    @classmethod
    def scaled(cls, sets: SubdistributionSets, columns: Covariates | np.ndarray) -> SubdistributionLikelihood:
        """Take the covariates of the rows as they were given, and order, centre and scale them."""
        covariates = columns if isinstance(columns, Covariates) else Covariates.of(columns)
        return cls(sets, *covariates.take(sets.order).standardised(sets.n.astype(float)))

    def only(self, columns: np.ndarray) -> SubdistributionLikelihood:
        """Give the likelihood of some columns (a boolean mask of shape (p,))."""
        return replace(self, columns=self.columns.only(columns), origin=self.origin[columns], scale=self.scale[columns])

    @cached_property
    def levels(self) -> Levels:
        """The columns of two values, put together."""
        found, places = Levels.of(self.columns), len(self.sets.ticks) + 1
        return found if len(found.table) * places <= ROOMY * len(self.sets.place) + SMALL else Levels.none(self.columns)

    @cached_property
    def level_key(self) -> np.ndarray:
        """Where each row adds to in a table of the places by what its columns of two values are together."""
        return self.sets.place * len(self.levels.table) + self.levels.code[self.columns.code]

    @cached_property
    def event_sums(self) -> np.ndarray:
        """Sum of the columns over the events of interest, shape (p,)."""
        columns, n = self.columns, np.where(self.sets.kind == INTEREST, self.sets.n, 0)
        sums = np.empty(columns.n_columns)
        sums[columns.in_table] = np.einsum("u,ua->a", columns.counts(n), columns.table)
        sums[columns.in_dense] = [np.einsum("n,n->", column, n.astype(float)) for column in columns.dense]
        return sums

    def range(self) -> np.ndarray:
        """Give the lowest and the highest value of each column, shape (2, p)."""
        return self.columns.range_of(self.columns.counts() > 0)

    def moments(self, rows: np.ndarray | slice, weight: np.ndarray) -> np.ndarray:
        """Sum weights of some rows, and weights times columns, by how many places have come when they exit; shape (k + 1, 1 + p)."""
        columns, levels, sets = self.columns, self.levels, self.sets
        sums = np.empty((len(sets.ticks) + 1, 1 + columns.n_columns))
        sums[:, 0] = sets.by_place(rows, weight)
        if len(levels.columns):
            table = np.bincount(self.level_key[rows], weight, minlength=len(sums) * len(levels.table)).reshape(len(sums), -1)
            sums[:, 1 + columns.in_table[levels.columns]] = product(table, levels.table)
        code = columns.code[rows]
        for column in levels.others:
            sums[:, 1 + columns.in_table[column]] = sets.by_place(rows, columns.table[:, column][code] * weight)
        for place, column in zip(columns.in_dense, columns.dense, strict=True):
            sums[:, 1 + place] = sets.by_place(rows, column[rows] * weight)
        return sums

    def at(self, coefficients: np.ndarray) -> Evaluation:
        """Evaluate at coefficients (p,)."""
        of_table, of_dense = self.columns.times(coefficients)
        predictor = of_table[self.columns.code]
        if len(of_dense):
            predictor += of_dense
        centre = float(predictor.max(initial=0.0))
        weight = np.exp(predictor - centre)
        own, sets = weight * self.sets.n, self.sets
        total = sets.from_places(
            lambda rows: self.moments(rows, own), lambda group: self.moments(group.failed, own[group.failed] * group.inverse))
        at_risk = total[:, 0]
        log_likelihood = float(self.event_sums @ coefficients) - centre * float(sets.n_events.sum()) - float(sets.n_events @ np.log(at_risk))
        return Evaluation(self, log_likelihood, centre, weight, at_risk, total[:, 1:] / at_risk[:, None])


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The weighted partial likelihood at one coefficient vector.

    Attributes
    ----------
    log_likelihood
        Breslow's, with weighted risk sets.
    centre
        The linear predictor from which `weight` = exp(predictor - centre) is measured, so that it cannot overflow.
    weight
        For each ordered row; shape (m,).
    at_risk, mean
        S0 and S1/S0 of each place; shapes (k,) and (k, p).
    """

    likelihood: SubdistributionLikelihood
    log_likelihood: float
    centre: float
    weight: np.ndarray
    at_risk: np.ndarray
    mean: np.ndarray

    @classmethod
    def at(cls, sets: SubdistributionSets, columns: np.ndarray, coefficients: np.ndarray) -> Evaluation:
        """Evaluate for columns of the ordered rows (m, p) at coefficients (p,)."""
        return SubdistributionLikelihood.of(sets, columns).at(coefficients)

    @property
    def hazard(self) -> np.ndarray:
        """Increments of the cumulative subdistribution hazard where the linear predictor is `centre`; shape (k,)."""
        return self.likelihood.sets.n_events / self.at_risk

    def score(self) -> np.ndarray:
        """Give the derivative of the log-likelihood; shape (p,)."""
        return self.likelihood.event_sums - self.likelihood.sets.n_events @ self.mean

    def information(self) -> np.ndarray:
        """Give minus the second derivative; shape (p, p)."""
        sets = self.likelihood.sets
        share = self.weight * sets.n * sets.exposure(self.hazard[:, None])[:, 0]
        return self.likelihood.columns.second_moments(share) - moments(self.mean.T, sets.n_events)

    def influence(self) -> np.ndarray:
        """Give each ordered row's term eta + psi of the score, the censoring distribution's part included; shape (m, p)."""
        return np.concatenate([terms for _, terms in self._terms()])

    def sandwiched(self, inverse: np.ndarray) -> np.ndarray:
        """Sum the squared terms of all rows, each times the inverse of the information; shape (p, p)."""
        total = np.zeros(inverse.shape)
        for rows, terms in self._terms():
            total += moments(product(inverse, terms.T), self.likelihood.sets.n[rows])
        return total

    def _terms(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Give the terms of the ordered rows, a portion at a time."""
        sets, columns = self.likelihood.sets, self.likelihood.columns
        steps = np.column_stack((self.hazard, self.mean * self.hazard[:, None]))
        passing, own_group, inverse, kinds = from_start(steps), np.zeros(len(sets.n), dtype=np.int64), np.zeros(len(sets.n)), sets.kind
        for number, group in enumerate(sets.groups):
            own_group[group.rows], inverse[group.failed] = number, group.inverse
        later = np.stack([from_end(steps * group.kept[:, None]) for group in sets.groups])
        lost, gained, passed = self._of_censoring(steps)
        for start in range(0, len(sets.n), PORTION):
            rows = slice(start, start + PORTION)
            matrix, place, group = columns.take(rows).matrix, sets.place[rows], own_group[rows]
            exposed = passing[place] + later[group, place] * inverse[rows, None]
            terms = self.weight[rows, None] * (exposed[:, 1:] - matrix * exposed[:, :1]) - lost[passed[rows]]
            interest, censored = kinds[rows] == INTEREST, kinds[rows] == CENSORED
            terms[interest] += matrix[interest] - self.mean[place[interest] - 1]
            terms[censored] += gained[passed[rows][censored]]
            yield rows, terms

    def _of_censoring(self, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give psi, the integral of q/Y over the censoring martingales, in two parts: what rows lose by, and gain at, their exits.

        q(u) sums over the rows failed from another cause at x < u, and over event times t >= u, what the weight G(t-)/G(x-) lets
        them add to the score; so a censoring at u changes the weights of those with x < u <= t. Also gives the line of each ordered row
        in both, which hold the censoring times of the groups one after another, each group's after a line of nothing.
        """
        sets, p = self.likelihood.sets, self.mean.shape[1]
        lost, gained, passed, lines = [], [], np.zeros(len(sets.n), dtype=np.int64), 0
        for group in sets.groups:
            own = self.weight[group.failed] * sets.n[group.failed] * group.inverse
            earlier = self._failed_before(group, own)
            later = from_end(steps * group.kept[:, None])[np.searchsorted(sets.ticks, group.ticks)]
            pull = (earlier[:, 1:] * later[:, :1] - earlier[:, :1] * later[:, 1:]) / group.n_risk[:, None]
            lost.append(from_start(pull * (group.n_censor / group.n_risk)[:, None]))
            gained.append(np.concatenate((np.zeros((1, p)), pull)))
            passed[group.rows] = lines + np.searchsorted(group.ticks, sets.exit[group.rows], side="right")
            lines += len(pull) + 1
        return np.concatenate(lost), np.concatenate(gained), passed

    def _failed_before(self, group: CensoringGroup, own: np.ndarray) -> np.ndarray:
        """Sum weights, and weights times columns, of the rows failed from another cause before each censoring time; shape (c, 1 + p)."""
        columns = self.likelihood.columns
        place, code = np.searchsorted(group.ticks, self.likelihood.sets.exit[group.failed], side="right"), columns.code[group.failed]
        values = [own, *(None for _ in range(columns.n_columns))]
        for column, where in enumerate(columns.in_table):
            values[1 + where] = own * columns.table[:, column][code]
        for column, where in zip(columns.dense, columns.in_dense, strict=True):
            values[1 + where] = own * column[group.failed]
        return np.cumsum(np.column_stack([np.bincount(place, each, minlength=len(group.ticks) + 1) for each in values]), axis=0)[:-1]


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where the weighted partial likelihood is greatest.

    `coefficients` (p,); `model_covariance` (p, p), the inverse of the information; `covariance` (p, p), the sandwich; the two
    log-likelihoods; `hazard` (k,), increments of the cumulative subdistribution hazard where every column is 0; `runaway` (p,) marks
    coefficients that have no finite estimate; `converged` is False where the steps ran out.
    """

    coefficients: np.ndarray
    model_covariance: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    null_log_likelihood: float
    hazard: np.ndarray
    runaway: np.ndarray
    converged: bool


def maximise(sets: SubdistributionSets, columns: Covariates | np.ndarray, tolerance: float = 0.0) -> Maximum:
    """Maximise by Newton's method with step halving, on centred and scaled columns.

    Parameters
    ----------
    sets
        The risk sets of m rows.
    columns
        Covariates of the rows, (m, p), linearly independent on the rows at risk.
    tolerance
        Stop where no component of the score (times its coefficient, where that exceeds 1) is larger than this part of the
        log-likelihood; 0: go on to the maximum.

    Without another cause it is Breslow's partial likelihood:

    >>> sets = SubdistributionSets.of(np.array([1, 1, 6, 6, 8, 9]), np.array([1, 0, 1, 1, 0, 1]))
    >>> maximum = maximise(sets, np.array([[1.0], [1], [1], [0], [0], [0]]))
    >>> bool(np.isclose(maximum.coefficients[0], np.log((3 + np.sqrt(33)) / 2), rtol=1e-12))
    True
    """
    return maximise_likelihood(SubdistributionLikelihood.scaled(sets, columns), tolerance)


def maximise_likelihood(likelihood: SubdistributionLikelihood, tolerance: float = 0.0, start: Evaluation | None = None) -> Maximum:
    """Maximise a likelihood of centred and scaled columns, which `start` has with every coefficient 0."""
    scale, middle = likelihood.scale, likelihood.origin
    done = climb(
        likelihood.at, likelihood.range(), (float(likelihood.sets.n_events.sum()), 1.0),
        is_near=lambda now, coefficients: _is_near(now, coefficients, scale, tolerance), start=start)
    square, top = np.outer(scale, scale), done.top
    coefficients = done.coefficients / scale
    return Maximum(
        coefficients, done.inverse / square, top.sandwiched(done.inverse) / square, top.log_likelihood, done.start.log_likelihood,
        top.hazard * np.exp(-top.centre - middle @ coefficients), done.runaway, done.converged)


def _is_near(now: Evaluation, coefficients: np.ndarray, scale: np.ndarray, tolerance: float) -> bool:
    """Say whether the score is as small as the tolerance wants it, on the columns' own scales."""
    pull = np.abs(now.score() * scale) * np.maximum(np.abs(coefficients / scale), 1.0)
    return bool(tolerance > 0 and pull.max(initial=0.0) < tolerance * max(abs(now.log_likelihood), 1.0))
