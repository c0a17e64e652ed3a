"""Newton's climb to the maximum of a partial likelihood, and which of its coefficients have none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

DECREMENT = 1e-16  # Newton decrement below which the next step would be rounding error
NO_MORE = 1e-18  # decrement of a step that moves nothing by more than 1e-9 of its standard error: it is taken, and the likelihood not looked at again
DRIFT = 1e-10  # decrement at which a likelihood that only creeps upwards is taken to have no maximum
UNSETTLED = 1e-6  # decrement above which the other coefficients are not yet known either
FLAT = 1e-11  # information per event, on scaled columns, below which a direction cannot be told from rounding
RUNAWAY = 1e-3  # a coefficient whose last step still moves the linear predictor by this much has no finite estimate
ENDLESS = 100.0  # a log hazard ratio over the range of a column beyond which it is on its way to infinity
SMALLEST = 1e-250  # weight of a risk set, beside the heaviest row, below which its hazard would overflow
MAX_STEPS = 100


class Point(Protocol):
    """A likelihood at one coefficient vector: its logarithm, the sums over its risk sets, its slope and minus its curvature."""

    @property
    def log_likelihood(self) -> float: ...
    @property
    def at_risk(self) -> np.ndarray: ...
    def score(self) -> np.ndarray: ...
    def information(self) -> np.ndarray: ...


P = TypeVar("P", bound=Point)


@dataclass(frozen=True, eq=False)
class Climb(Generic[P]):
    """Where a climb ended.

    `start` and `top` points; `coefficients` (p,); `inverse` (p, p) of the information; `score_test`, the chi-square at the start;
    `runaway` (p,) marks coefficients that have no finite estimate; `converged` is False where the steps ran out.
    """

    start: P
    top: P
    coefficients: np.ndarray
    inverse: np.ndarray
    score_test: float
    runaway: np.ndarray
    converged: bool
    n_steps: int


def climb(
    at: Callable[[np.ndarray], P], columns: np.ndarray, weights: tuple[float, float], is_near: Callable[[P, np.ndarray], bool] | None = None,
    start: P | None = None,
) -> Climb[P]:
    """Climb from 0 by Newton's method with step halving.

    Parameters
    ----------
    at
        The likelihood at coefficients (p,).
    columns
        Centred and scaled covariates of the rows, shape (m, p), or no more than the lowest and the highest of each, (2, p).
    weights
        What all events weigh together, and what one weighs: an estimate does not hang on the unit of weights.
    is_near
        Whether a point is near enough to stop at; None: go on to the maximum.
    start
        The likelihood with every coefficient 0, where that is known already.
    """
    coefficients, reach = np.zeros(columns.shape[1]), np.ptp(columns, axis=0)
    start = now = at(coefficients) if start is None else start
    step, inverse, flat = _step(now, weights[0])
    score_test = float(now.score() @ step)
    decrement, ends, before = score_test / weights[1], False, np.inf
    for n_steps in range(1, MAX_STEPS + 1):
        if is_near is not None and is_near(now, coefficients) and (np.abs(step) * reach <= RUNAWAY).all():
            ends, last, runaway = True, step, flat
            break
        if decrement <= NO_MORE:
            coefficients = coefficients + step
            ends, last, runaway = True, step, flat | (np.abs(coefficients) * reach > ENDLESS)
            break
        now, coefficients, last = _advance(at, now, coefficients, step)
        step, inverse, flat = _step(now, weights[0])
        runaway = flat | (np.abs(coefficients) * reach > ENDLESS)
        ends = decrement <= DECREMENT or (decrement <= DRIFT and decrement > before / 100) or bool(runaway.any())
        if ends:
            break
        before, decrement = decrement, float(now.score() @ step) / weights[1]
    # Where the steps were cut short while the likelihood was still rising, no coefficient has settled.
    runaway = runaway | (np.abs(last) * reach > RUNAWAY) | (bool(runaway.any()) and decrement > UNSETTLED)
    return Climb(start, now, coefficients, inverse, score_test, runaway, ends, n_steps)


def _step(now: Point, weight: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give Newton's step, the inverse of the information, and the columns along which the likelihood has become flat."""
    values, vectors = np.linalg.eigh(now.information())
    curved = values > FLAT * weight
    inverse = (vectors[:, curved] / values[curved]) @ vectors[:, curved].T
    flat = (np.abs(vectors[:, ~curved]) > 1e-3).any(axis=1)
    return inverse @ now.score(), inverse, flat


def _advance(at: Callable[[np.ndarray], P], now: P, coefficients: np.ndarray, step: np.ndarray) -> tuple[P, np.ndarray, np.ndarray]:
    """Take the step, halved until the likelihood does not fall; rounding near the top is not a fall."""
    floor = now.log_likelihood - 1e-12 * (1.0 + abs(now.log_likelihood))
    for _ in range(60):
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            candidate = at(coefficients + step)
        if candidate.at_risk.min() > SMALLEST and candidate.log_likelihood >= floor:
            return candidate, coefficients + step, step
        step = step / 2
    return now, coefficients, step
