"""Firth's penalty for Cox's model: the partial likelihood times the square root of the determinant of its information.

The penalised log-likelihood l + log|I| / 2 has a finite maximum also where a group has no event. Its slope needs the derivative of
the information, third moments of the covariates in every risk set: tr(I^-1 dI/db_r) / 2. With I^-1 = L L' and z = x L, it is half
the sum over the places of the covariance of x_r with |z - mean z|^2, which falls apart into sums over rows and places again
(see `Evaluation.information`): no third moment is ever formed. The limits of a coefficient are where the penalised likelihood,
maximised over the others, has fallen by half a chi-square quantile.

References
----------
Firth D (1993) Bias reduction of maximum likelihood estimates. Biometrika 80:27-38.
Heinze G, Schemper M (2001) A solution to the problem of monotone likelihood in Cox regression. Biometrics 57:114-119.
Venzon D J, Moolgavkar S H (1988) A method for computing profile-likelihood-based confidence intervals. Appl Stat 37:87-94.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .partial_likelihood import Likelihood, PartialLikelihood
from .pattern_likelihood import PatternLikelihood
from .penalty_slope import penalty_slope
from .risk_sets import RiskSets

DECREMENT = 1e-18  # squared length of a step, in standard errors, below which a maximum is reached
LONGEST_STEP = 5.0  # most that one step may change a log hazard ratio over the range of a column
FURTHEST = 5000.0  # log hazard ratio over the range of a column beyond which a limit is not looked for: columns may have very long tails
LIMIT_REACHED = 1e-9  # how near the penalised likelihood comes to its value at a limit
ROUNDING = 1e-13  # of the penalised likelihood: differences below it are not seen
STALLED = 1e-8  # a step shorter than this (as `DECREMENT`) that changes nothing but digits of rounding has arrived
SETTLED = 1e-13  # decrement below which the value, if not yet the coefficients, is that of the maximum
GAIN = 10.0  # by how much a step by the information of its own point makes the decrement smaller, or the slopes on the way are asked
MAX_STEPS = 200
QUICK_STEPS = 12  # most that a limit is looked for by solving for all coefficients at once


@dataclass(frozen=True, eq=False)
class _Point:
    """The penalised log-likelihood at coefficients (p,): its value, slope (p,), and the information (p, p) of the likelihood itself."""

    coefficients: np.ndarray
    value: float
    slope: np.ndarray
    information: np.ndarray


@dataclass(frozen=True, eq=False)
class PenalisedMaximum:
    """Where the penalised likelihood is greatest.

    `coefficients` (p,); `covariance` (p, p), inverse of the information there; `log_likelihood` and `null_log_likelihood`, both
    penalised, the determinant being that of columns in standard deviations of the n rows, so that no unit changes them; `low` and
    `high` (p,), profile limits, infinite where there is none; `ratio` (p,), chi-square of each coefficient against 0; `converged`.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    null_log_likelihood: float
    low: np.ndarray
    high: np.ndarray
    ratio: np.ndarray
    converged: bool


def maximise_penalised(sets: RiskSets, columns: np.ndarray, ties: str, chi_square: float) -> PenalisedMaximum:
    """Maximise the penalised likelihood, and follow the profile of each coefficient to its limits.

    Parameters
    ----------
    sets
        The risk sets of n rows.
    columns
        Covariates of shape (n, p), linearly independent on the rows at risk.
    ties
        `efron` or `breslow`.
    chi_square
        Quantile on one degree of freedom by which twice the penalised log-likelihood falls at the limits.

    >>> sets = RiskSets.of(np.full(2, -1), np.array([1, 2]), np.array([1, 0]))
    >>> maximum = maximise_penalised(sets, np.array([[1.0], [0.0]]), "breslow", 3.84)
    >>> bool(np.isclose(maximum.coefficients[0], np.log(3), rtol=1e-9))
    True
    """
    return maximise_penalised_likelihood(PartialLikelihood.scaled(sets, columns, ties), columns.std(axis=0, ddof=1), chi_square)


def maximise_penalised_likelihood(likelihood: PartialLikelihood | PatternLikelihood, spread: np.ndarray, chi_square: float) -> PenalisedMaximum:
    """Maximise the penalised likelihood of centred and scaled columns; `spread` (p,) are the standard deviations of the columns over all rows."""
    scale, p = likelihood.scale, len(spread)
    null = _point(likelihood, np.zeros(p))
    top, without, converged = _highest(likelihood, null)
    wanted = top.value - chi_square / 2
    low, high = (np.array([_limit(likelihood, top, column, side, wanted) for column in range(p)]) for side in (-1, 1))
    ratio = np.array([2 * (top.value - point.value) for point in without])
    units = float(np.log(scale).sum() - np.log(spread).sum())
    return PenalisedMaximum(
        top.coefficients / scale, np.linalg.inv(top.information) / np.outer(scale, scale), top.value + units, null.value + units,
        low / scale, high / scale, ratio, converged)


def _point(likelihood: Likelihood, coefficients: np.ndarray) -> _Point | None:
    """Evaluate, or give None where the information has no determinant."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        evaluation = likelihood.at(coefficients)
        information = evaluation.information()
    try:
        root = np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        return None
    value = evaluation.log_likelihood + float(np.log(np.diag(root)).sum())
    if not np.isfinite(value):
        return None
    inverse_root = np.linalg.inv(root).T
    return _Point(coefficients, value, evaluation.score() + penalty_slope(evaluation, inverse_root) / 2, information)


def _highest(likelihood: Likelihood, null: _Point) -> tuple[_Point, list[_Point], bool]:
    """Give the maximum, those with each coefficient held at 0, and whether all were reached.

    The penalised likelihood of a handful of rows may have several tops: where one with a coefficient held at 0 stands higher than
    that of all, the climb begins again from there.
    """
    top, reached = _climb(likelihood, null, np.ones(len(null.coefficients), dtype=bool))
    while True:
        held = [_constrained(likelihood, top, column, 0.0, SETTLED) for column in range(len(null.coefficients))]
        best = max((point for point, _ in held), key=lambda point: point.value)
        if best.value <= top.value + LIMIT_REACHED:
            return top, [point for point, _ in held], reached and all(there for _, there in held)
        top, reached = _climb(likelihood, best, np.ones(len(null.coefficients), dtype=bool))


def _climb(likelihood: Likelihood, now: _Point, free: np.ndarray, enough: float = DECREMENT) -> tuple[_Point, bool]:
    """Climb to the maximum over the free coefficients, by Newton's steps and then by the method of Broyden, Fletcher, Goldfarb and Shanno.

    The information is the curvature of the likelihood alone. With many events that is nearly all, and steps by it go straight to the top;
    with few they may overshoot for ever, so where a step brings little the slopes met on the way teach the rest.
    """
    if not free.any():
        return now, True
    reach = np.ptp(likelihood.range, axis=0)[free]
    inverse, straight, stalled = _inverse(now, free), True, 0
    for _ in range(MAX_STEPS):
        step = inverse @ now.slope[free]
        decrement = float(now.slope[free] @ step)
        if decrement <= enough:
            return now, True
        step *= min(1.0, LONGEST_STEP / max(float((np.abs(step) * reach).max()), LONGEST_STEP))
        further = _risen(likelihood, now, free, step)
        if further is None:
            return now, decrement <= STALLED
        stalled = stalled + 1 if further.value - now.value <= ROUNDING * (1 + abs(now.value)) else 0
        if stalled > 2 and decrement <= STALLED:
            return further, True
        own = _inverse(further, free)
        straight = straight and float(further.slope[free] @ own @ further.slope[free]) <= decrement / GAIN
        moved, bent = (further.coefficients - now.coefficients)[free], (now.slope - further.slope)[free]
        inverse, now = own if straight else _updated(inverse, moved, bent), further
    return now, False


def _inverse(point: _Point, free: np.ndarray) -> np.ndarray:
    return np.linalg.inv(point.information[np.ix_(free, free)])


def _risen(likelihood: Likelihood, now: _Point, free: np.ndarray, step: np.ndarray) -> _Point | None:
    """Take the step, halved until the penalised likelihood rises (rounding near the top is not a fall); None if it does not."""
    slope, rounding = float(now.slope[free] @ step), ROUNDING * (1 + abs(now.value))
    for halvings in range(40):
        coefficients = now.coefficients.copy()
        coefficients[free] += step / 2**halvings
        point = _point(likelihood, coefficients)
        if point is not None and point.value >= now.value + 1e-4 * slope / 2**halvings - rounding:
            return point
    return None


def _updated(inverse: np.ndarray, moved: np.ndarray, bent: np.ndarray) -> np.ndarray:
    """Let the inverse curvature map the change of slope to the way gone, where that keeps it positive."""
    product = float(moved @ bent)
    if product <= 1e-14 * np.sqrt(float(moved @ moved) * float(bent @ bent)):
        return inverse
    turn = np.eye(len(moved)) - np.outer(moved, bent) / product
    return turn @ inverse @ turn.T + np.outer(moved, moved) / product


def _constrained(
    likelihood: Likelihood, near: _Point, column: int, value: float, enough: float = DECREMENT,
) -> tuple[_Point | None, bool]:
    """Maximise with one coefficient held at a value, starting from where the others stood at another value of it."""
    free = np.arange(len(near.coefficients)) != column
    others, information = near.coefficients[free], near.information
    moved = np.linalg.solve(information[np.ix_(free, free)], information[free, column]) * (value - near.coefficients[column])
    for beside in (others - moved, others, np.zeros_like(others)):
        coefficients = np.empty(len(free))
        coefficients[column], coefficients[free] = value, beside
        start = _point(likelihood, coefficients)
        if start is not None:
            return _climb(likelihood, start, free, enough)
    return None, False


def _limit(likelihood: Likelihood, top: _Point, column: int, side: int, wanted: float) -> float:
    """Follow the profile of a coefficient to where it has fallen to `wanted`; its slope is that of the penalised likelihood."""
    quick = _limit_at_once(likelihood, top, column, side, wanted)
    if quick is not None:
        return quick
    inside, outside, centre = 0.0, np.inf, top.coefficients[column]
    furthest = FURTHEST / np.ptp(likelihood.range, axis=0)[column]
    away = np.sqrt(2 * (top.value - wanted) * np.linalg.inv(top.information)[column, column])
    nearest = top
    for _ in range(MAX_STEPS):
        point, _ = _constrained(likelihood, nearest, column, centre + side * away)
        above = -np.inf if point is None else point.value - wanted
        if abs(above) <= LIMIT_REACHED or outside - inside <= 1e-12 * (1 + abs(centre)):
            return centre + side * away
        inside, outside = (away, outside) if above > 0 else (inside, away)
        if inside > furthest:
            return side * np.inf
        nearest = nearest if point is None else point
        slope = 0.0 if point is None else side * point.slope[column]
        further = away - above / slope if slope < 0 else np.inf
        # Newton's step along the profile, kept between what is known to lie inside and outside.
        away = further if inside < further < min(outside, 2 * away) else (inside + outside) / 2 if np.isfinite(outside) else 2 * away
    return np.nan


def _limit_at_once(likelihood: Likelihood, top: _Point, column: int, side: int, wanted: float) -> float | None:
    """Solve for the value wanted and for the slopes of the other coefficients together, by Newton's method; None where it goes astray."""
    now, others, reach = top, np.arange(len(top.coefficients)) != column, np.ptp(likelihood.range, axis=0)
    for _ in range(QUICK_STEPS):
        inverse, across = _inverse(now, others), now.information[others, column]
        level, lean = inverse @ now.slope[others], inverse @ across
        if now is not top and abs(now.value - wanted) <= LIMIT_REACHED and float(now.slope[others] @ level) <= SETTLED:
            there = float(now.coefficients[column])
            return there if side * (there - top.coefficients[column]) > 0 > side * now.slope[column] else None
        # The value along the ridge of the other coefficients, as a parabola of how far this one moves.
        height = now.value + float(now.slope[others] @ level) / 2 - wanted
        slope, bend = now.slope[column] - float(now.slope[others] @ lean), now.information[column, column] - float(across @ lean)
        root = slope**2 + 2 * bend * height
        if not root >= 0 or not bend > 0:
            return None
        step = np.empty(len(others))
        step[column] = (slope + side * np.sqrt(root)) / bend
        step[others] = level - lean * step[column]
        if (np.abs(step) * reach).max() > LONGEST_STEP or abs(now.coefficients[column] - top.coefficients[column]) * reach[column] > FURTHEST:
            return None
        now = _point(likelihood, now.coefficients + step)
        if now is None:
            return None
    return None
