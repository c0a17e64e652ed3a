"""Fine and Gray's model of the subdistribution hazard: its weighted partial likelihood, the maximum, and the sandwich variance.

Who failed from another cause at x stays in the risk set at every later t with weight G(t-)/G(x-), where G is the Kaplan-Meier curve of
censoring. As that weight is a product of a part of the time and a part of the row, S0 and S1 at each event time ("place") are two
running sums: over the rows with exit >= t, and over those failed from another cause before, times G(t-). Second moments are never
formed place by place: a row's share in the information is its own w x x' times the weighted hazard it was exposed to. The terms of the
sandwich are running sums as well, so everything is n log n in time and (rows + places) x columns in memory.

References
----------
Fine J P, Gray R J (1999) A proportional hazards model for the subdistribution of a competing risk. JASA 94:496-509.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .newton import climb

CENSORED, INTEREST, OTHER = 0, 1, 2  # how a row ends


@dataclass(frozen=True, eq=False)
class CensoringGroup:
    """One group of rows that share a censoring distribution.

    Attributes
    ----------
    rows
        Its rows, in the order of their exits; shape (r,).
    ticks, n_censor, n_risk
        Distinct times at which rows are censored, how many, and how many are at risk then; shape (c,).
    failed, inverse
        Its rows that end with another cause, in the order of their exits, and 1/G(x-) of each; shape (f,).
    kept
        G(t-) at each place; 0 beyond the group's follow-up, where G is unknown; shape (k,).
    """

    rows: np.ndarray
    ticks: np.ndarray
    n_censor: np.ndarray
    n_risk: np.ndarray
    failed: np.ndarray
    inverse: np.ndarray
    kept: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray, exit_: np.ndarray, kind: np.ndarray, places: np.ndarray) -> CensoringGroup:
        """Estimate the censoring distribution of rows (in the order of their exits) and the weights that follow from it."""
        exits, failed = exit_[rows], rows[kind[rows] == OTHER]
        ticks, n_censor = np.unique(exits[kind[rows] == CENSORED], return_counts=True)
        n_risk = len(exits) - np.searchsorted(exits, ticks)
        curve = np.concatenate(([1.0], np.cumprod((n_risk - n_censor) / n_risk)))
        before = curve[np.searchsorted(ticks, places)]
        return cls(
            rows, ticks, n_censor, n_risk, failed, inverse=1.0 / curve[np.searchsorted(ticks, exit_[failed])],
            kept=np.where(places <= exits[-1], before, 0.0))


@dataclass(frozen=True, eq=False)
class SubdistributionSets:
    """The weighted risk sets of the subdistribution, worked out once for any number of evaluations.

    Attributes
    ----------
    order
        The rows in the order of their exits; everything below is in that order. Shape (n,).
    exit, kind
        Exit tick, and how the row ends: 0 censored, 1 with the event of interest, 2 with another; shape (n,).
    ticks, n_events
        Distinct times of the event of interest ("places"), and the events at each; shape (k,).
    place
        How many places have come when the row exits; shape (n,).
    groups
        The groups with a censoring distribution of their own.
    """

    order: np.ndarray
    exit: np.ndarray
    kind: np.ndarray
    ticks: np.ndarray
    n_events: np.ndarray
    place: np.ndarray
    groups: tuple[CensoringGroup, ...]

    @classmethod
    def of(cls, exit_: np.ndarray, kind: np.ndarray, group: np.ndarray | None = None) -> SubdistributionSets:
        """Find the risk sets of rows under observation from the origin.

        Parameters
        ----------
        exit_
            Integer ticks of shape (n,).
        kind
            0 censored, 1 the event of interest, 2 another event; shape (n,), at least one 1.
        group
            Whose censoring distribution a row follows, integers of shape (n,); None where it is one for all.

        >>> sets = SubdistributionSets.of(np.array([1, 2, 3, 4]), np.array([2, 0, 1, 1]))
        >>> sets.sums(np.ones((4, 1))).ravel().round(4).tolist()
        [2.6667, 1.6667]
        """
        order = np.argsort(exit_, kind="stable")
        exits, kinds = np.asarray(exit_)[order], np.asarray(kind)[order]
        ticks, n_events = np.unique(exits[kinds == INTEREST], return_counts=True)
        codes = np.zeros(len(order), dtype=np.int64) if group is None else np.asarray(group)[order]
        groups = tuple(CensoringGroup.of(np.flatnonzero(codes == code), exits, kinds, ticks) for code in np.unique(codes))
        return cls(order, exits, kinds, ticks, n_events, np.searchsorted(ticks, exits, side="right"), groups)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sum values of the ordered rows over each place's weighted risk set: (n, p) in, (k, p) out."""
        total = _from_end(values)[np.searchsorted(self.exit, self.ticks)]
        for each in self.groups:
            failed = _from_start(values[each.failed] * each.inverse[:, None])
            total += failed[np.searchsorted(self.exit[each.failed], self.ticks)] * each.kept[:, None]
        return total

    def exposure(self, steps: np.ndarray) -> np.ndarray:
        """Sum steps of the places over those at which each ordered row counts, each times the row's weight: (k, p) in, (n, p) out."""
        exposed = _from_start(steps)[self.place]
        for each in self.groups:
            later = _from_end(steps * each.kept[:, None])
            exposed[each.failed] += later[self.place[each.failed]] * each.inverse[:, None]
        return exposed


def _from_start(values: np.ndarray) -> np.ndarray:
    """Sum values (n, p) over the first 0, 1, ..., n rows."""
    return np.concatenate((np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)))


def _from_end(values: np.ndarray) -> np.ndarray:
    """Sum values (n, p) over the last n, n - 1, ..., 0 rows."""
    return _from_start(values[::-1])[::-1]


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
        For each ordered row; shape (n,).
    at_risk, mean
        S0 and S1/S0 of each place; shapes (k,) and (k, p).
    """

    sets: SubdistributionSets
    columns: np.ndarray
    log_likelihood: float
    centre: float
    weight: np.ndarray
    at_risk: np.ndarray
    mean: np.ndarray

    @classmethod
    def at(cls, sets: SubdistributionSets, columns: np.ndarray, coefficients: np.ndarray) -> Evaluation:
        """Evaluate for columns of the ordered rows (n, p) at coefficients (p,)."""
        predictor = columns @ coefficients
        centre = float(predictor.max(initial=0.0))
        weight = np.exp(predictor - centre)
        total = sets.sums(np.column_stack((weight, columns * weight[:, None])))
        at_risk = total[:, 0]
        log_likelihood = float((predictor[sets.kind == INTEREST] - centre).sum() - sets.n_events @ np.log(at_risk))
        return cls(sets, columns, log_likelihood, centre, weight, at_risk, total[:, 1:] / at_risk[:, None])

    @property
    def hazard(self) -> np.ndarray:
        """Increments of the cumulative subdistribution hazard where the linear predictor is `centre`; shape (k,)."""
        return self.sets.n_events / self.at_risk

    def score(self) -> np.ndarray:
        """Give the derivative of the log-likelihood; shape (p,)."""
        return self.columns[self.sets.kind == INTEREST].sum(axis=0) - self.sets.n_events @ self.mean

    def information(self) -> np.ndarray:
        """Give minus the second derivative; shape (p, p)."""
        share = self.weight[:, None] * self.sets.exposure(self.hazard[:, None])
        return (self.columns * share).T @ self.columns - (self.mean * self.sets.n_events[:, None]).T @ self.mean

    def influence(self) -> np.ndarray:
        """Give each ordered row's term eta + psi of the score, the censoring distribution's part included; shape (n, p)."""
        sets, interest = self.sets, self.sets.kind == INTEREST
        steps = np.column_stack((self.hazard, self.mean * self.hazard[:, None]))
        exposed = sets.exposure(steps)
        terms = self.weight[:, None] * (exposed[:, 1:] - self.columns * exposed[:, :1])
        terms[interest] += self.columns[interest] - self.mean[sets.place[interest] - 1]
        for each in sets.groups:
            terms[each.rows] += self._of_censoring(each, steps)
        return terms

    def _of_censoring(self, group: CensoringGroup, steps: np.ndarray) -> np.ndarray:
        """Give psi of the rows of a group: the integral of q/Y over their censoring martingales.

        q(u) sums over the rows failed from another cause at x < u, and over event times t >= u, what the weight G(t-)/G(x-) lets
        them add to the score; so a censoring at u changes the weights of those with x < u <= t.
        """
        exits, own = self.sets.exit, self.weight[group.failed] * group.inverse
        failed = np.searchsorted(exits[group.failed], group.ticks)
        earlier = _from_start(np.column_stack((own, self.columns[group.failed] * own[:, None])))[failed]
        later = _from_end(steps * group.kept[:, None])[np.searchsorted(self.sets.ticks, group.ticks)]
        pull = (earlier[:, 1:] * later[:, :1] - earlier[:, :1] * later[:, 1:]) / group.n_risk[:, None]
        passed = np.searchsorted(group.ticks, exits[group.rows], side="right")
        terms = -_from_start(pull * (group.n_censor / group.n_risk)[:, None])[passed]
        censored = self.sets.kind[group.rows] == CENSORED
        terms[censored] += pull[passed[censored] - 1]
        return terms


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


def maximise(sets: SubdistributionSets, columns: np.ndarray, tolerance: float = 0.0) -> Maximum:
    """Maximise by Newton's method with step halving, on centred and scaled columns.

    Parameters
    ----------
    sets
        The risk sets of n rows.
    columns
        Covariates of shape (n, p), linearly independent on the rows at risk.
    tolerance
        Stop where no component of the score (times its coefficient, where that exceeds 1) is larger than this part of the
        log-likelihood; 0: go on to the maximum.

    Without another cause it is Breslow's partial likelihood:

    >>> sets = SubdistributionSets.of(np.array([1, 1, 6, 6, 8, 9]), np.array([1, 0, 1, 1, 0, 1]))
    >>> maximum = maximise(sets, np.array([[1.0], [1], [1], [0], [0], [0]]))
    >>> bool(np.isclose(maximum.coefficients[0], np.log((3 + np.sqrt(33)) / 2), rtol=1e-12))
    True
    """
    scaled, middle, scale = scaled_columns(columns, sets)
    done = climb(
        lambda coefficients: Evaluation.at(sets, scaled, coefficients), scaled, (float(sets.n_events.sum()), 1.0),
        is_near=lambda now, coefficients: _is_near(now, coefficients, scale, tolerance))
    leverage, square, top = done.top.influence() @ done.inverse, np.outer(scale, scale), done.top
    coefficients = done.coefficients / scale
    return Maximum(
        coefficients, done.inverse / square, leverage.T @ leverage / square, top.log_likelihood, done.start.log_likelihood,
        top.hazard * np.exp(-top.centre - middle @ coefficients), done.runaway, done.converged)


def _is_near(now: Evaluation, coefficients: np.ndarray, scale: np.ndarray, tolerance: float) -> bool:
    """Say whether the score is as small as the tolerance wants it, on the columns' own scales."""
    pull = np.abs(now.score() * scale) * np.maximum(np.abs(coefficients / scale), 1.0)
    return bool(tolerance > 0 and pull.max(initial=0.0) < tolerance * max(abs(now.log_likelihood), 1.0))


def scaled_columns(columns: np.ndarray, sets: SubdistributionSets) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order, centre and scale the columns; gives the columns (n, p), their means (p,) and their scales (p,)."""
    ordered = np.asarray(columns, dtype=float)[sets.order]
    middle = ordered.mean(axis=0)
    centred = ordered - middle
    scale = np.sqrt((centred**2).mean(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    return centred / scale, middle, scale
