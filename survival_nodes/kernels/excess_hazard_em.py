"""The additive model of the excess hazard with a free baseline, by the EM algorithm: which deaths are of the excess is what is missing.

E step: a death at t, of a row whose population's hazard is h then, is of the excess with probability e / (h + e), e = baseline(t) exp(x b).
M step: Cox's partial likelihood (Efron's ties) in which each death counts with that probability, and its row is censored there with the
rest; the increments of the baseline are Breslow's. A hazard is wanted in the next E step, not increments: a kernel that looks back only
spreads the increments over the time before.

References
----------
Perme M P, Henderson R, Stare J (2009) An approach to estimation in relative survival regression. Biostatistics 10:136-146.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .excess_hazard import Height, Maximum, climb_likelihood
from .partial_likelihood import Evaluation, PartialLikelihood
from .risk_sets import RiskSets

MAX_ROUNDS = 1000
SETTLED = 1e-11  # change of a probability or a coefficient that is rounding


@dataclass(frozen=True, eq=False)
class Smoother:
    """A kernel over event times: `place`, `source` and `weight` of each pair that it joins, shape (w,); `n` times."""

    place: np.ndarray
    source: np.ndarray
    weight: np.ndarray
    n: int

    @classmethod
    def of(cls, times: np.ndarray, width: np.ndarray) -> Smoother:
        """Take, at each time t of width b, the half of Epanechnikov's kernel that looks back: 1.5 (1 - u^2) / b, u = (t - s) / b from 0 to 1.

        >>> Smoother.of(np.array([1.0, 2.0]), np.array([1.0, 2.0]))(np.array([0.4, 0.2])).round(9).tolist()
        [0.6, 0.375]
        """
        upto = np.arange(1, len(times) + 1)
        since = np.minimum(np.searchsorted(times, times - width), upto - 1)
        length = upto - since
        place = np.repeat(upto - 1, length)
        source = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length) + since[place]
        u = (times[place] - times[source]) / width[place]
        return cls(place, source, np.maximum(1 - u**2, 0.0) * 1.5 / width[place], len(times))

    def __call__(self, increments: np.ndarray) -> np.ndarray:
        """Give the hazard at the times, shape (k,), that increments there make."""
        return np.bincount(self.place, self.weight * increments[self.source], self.n)


def kernel_widths(times: np.ndarray, factor: float) -> np.ndarray:
    """Give the width of the kernel at each event time: a multiple of the longest gap in its quarter of the event times; shape (k,).

    A quarter without a gap has the longest of all. Before the first width has passed, the kernel reaches back to 0. Quarters that end
    before that hand their widths on to those that follow, as in R's relsurv.

    >>> kernel_widths(np.array([1.0, 2, 3, 4, 6, 8, 9, 10, 13]), 2.0).tolist()
    [1.0, 2.0, 2.0, 4.0, 4.0, 4.0, 4.0, 6.0, 6.0]
    """
    n, gaps = len(times), np.diff(times)
    ends = np.ceil(n * np.arange(1, 5) / 4).astype(np.int64)
    starts = np.append(1, ends[:-1])
    longest = np.array([gaps[start - 1 : end - 1].max(initial=0.0) for start, end in zip(starts, ends, strict=True)])
    widths = factor * np.where(longest > 0, longest, gaps.max() if n > 1 else times[0])
    reached = ends[np.argmax(times[ends - 1] >= widths[0]) :] if times[-1] >= widths[0] else ends[:0]
    own = np.append(widths, np.inf)[np.searchsorted(reached, np.arange(1, n + 1))]
    return np.where(times < widths[0], times, own)


@dataclass(frozen=True, eq=False)
class ExcessRows:
    """Rows beside the population's hazard.

    Attributes
    ----------
    n
        How many rows.
    sets, halves
        Risk sets of the n rows, and of them with those that die (d) once more behind them, censored when they die.
    dying, place
        Which rows die, and the place of their event time, shape (d,).
    hazard
        The population's at each death, shape (d,).
    times
        Distinct event times, shape (k,), in the unit of time of the hazard.
    """

    n: int
    sets: RiskSets
    halves: RiskSets
    dying: np.ndarray
    place: np.ndarray
    hazard: np.ndarray
    times: np.ndarray

    @classmethod
    def of(cls, entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, hazard: np.ndarray) -> ExcessRows:
        """Take n rows, each under observation for some time (entry -1 from the origin), at least one of them dying; hazards of all, shape (n,)."""
        every, code = np.unique(np.concatenate((entry, exit_)), return_inverse=True)
        starts, ends = np.split(code.reshape(-1), 2)
        starts = np.where(entry < 0, -1, starts)
        dying = np.flatnonzero(event)
        sets = RiskSets.of(starts, ends, event)
        halves = RiskSets.of(np.append(starts, starts[dying]), np.append(ends, ends[dying]), np.append(event, np.zeros(len(dying), dtype=np.int8)))
        place = np.empty(len(event), dtype=np.int64)
        place[sets.order] = sets.last
        return cls(len(event), sets, halves, dying, place[dying], hazard[dying], every[sets.ticks])

    def increments(self, share: np.ndarray, risk: np.ndarray) -> np.ndarray:
        """Give Breslow's increments, shape (k,), where deaths count by `share` (d,) and rows by `risk` (n,)."""
        return np.bincount(self.place, share, len(self.times)) / self.sets.at_risk(risk[self.sets.order])

    def shares(self, baseline: np.ndarray, risk: np.ndarray) -> np.ndarray:
        """Give the probability of each death to be of the excess, shape (d,), by the baseline (k,) and the rows' risks (n,).

        >>> rows = ExcessRows.of(np.full(3, -1.0), np.array([1.0, 2.0, 2.0]), np.array([1, 1, 0]), np.array([0.1, 0.3, 0.3]))
        >>> rows.shares(np.array([0.2, 0.3]), np.array([2.0, 1.0, 1.0])).tolist()
        [0.8, 0.5]
        """
        excess = baseline[self.place] * risk[self.dying]
        return excess / (self.hazard + excess)

    def log_likelihood(self, increments: np.ndarray, risk: np.ndarray) -> float:
        """Give the log-likelihood, where the population's share in an increment is its hazard over the time since the event before; but for its own deaths."""
        gap = np.diff(self.times, prepend=0.0)[self.place]
        exposed = self.sets.exposure(increments) @ risk[self.sets.order]
        return float(np.log(self.hazard * gap + increments[self.place] * risk[self.dying]).sum() - exposed)

    def without_covariates(self, smooth: Smoother, rounds: int = MAX_ROUNDS) -> tuple[np.ndarray, np.ndarray]:
        """Give shares (d,) and increments (k,) after some rounds from a half each, or when they have settled."""
        share, risk = np.full(len(self.dying), 0.5), np.ones(len(self.sets.order))
        at_risk = self.sets.at_risk(risk)
        for _ in range(rounds):
            increments = np.bincount(self.place, share, len(self.times)) / at_risk
            excess = smooth(increments)[self.place]
            before, share = share, excess / (self.hazard + excess)
            if np.abs(share - before).max() < SETTLED:
                break
        return share, increments


def choose_factor(rows: ExcessRows, net: np.ndarray, rounds: int, widest: float) -> float:
    """Give the factor of the widths with which the cumulative excess hazard is nearest to a given one, by squares at the event times.

    Parameters
    ----------
    rows
        The rows.
    net
        The cumulative excess hazard to be near to, shape (k,); only finite ones count.
    rounds
        Of the EM algorithm without covariates, for each of ten factors that are tried.
    widest
        The factor of a kernel as long as follow-up, tried where the widest of the first five (0.1 to 3) is best.

    Notes
    -----
    Five factors are tried, then five between the neighbours of the best.
    """
    known = np.isfinite(net)

    def best(factors: np.ndarray) -> int:
        sums = []
        for factor in factors.tolist():
            found = np.cumsum(rows.without_covariates(Smoother.of(rows.times, kernel_widths(rows.times, factor)), rounds)[1])
            sums.append(float(((found - net)[known] ** 2).sum()))
        return int(np.argmin(sums))

    first = np.append(np.linspace(0.1, 3.0, 5), max(widest, 3.2))
    nearest = best(first[:5])
    low = first[0] if nearest == 0 else first[nearest - 1] + 0.1
    second = np.linspace(low, first[nearest + 1] - 0.1, 5)
    return float(second[best(second)])


@dataclass(frozen=True, eq=False)
class SmoothFit:
    """Where the EM algorithm ended.

    `maximum`, its covariance that of the observed information, its log-likelihood that of the rows; and for a row with covariates of 0 the
    `increments` of the cumulative excess hazard and the `hazard`, shape (k,); `share` (d,) is each death's probability to be of the excess.
    """

    maximum: Maximum
    increments: np.ndarray
    hazard: np.ndarray
    share: np.ndarray


def maximise_em(rows: ExcessRows, columns: np.ndarray, smooth: Smoother, share: np.ndarray, tolerance: float) -> SmoothFit:
    """Go round until no coefficient (of a column scaled to a standard deviation of 1) changes by more than the tolerance.

    Parameters
    ----------
    rows
        The rows.
    columns
        Covariates, shape (n, p).
    smooth
        The kernel.
    share
        Probabilities to begin with, shape (d,).
    """
    doubled = PartialLikelihood.scaled(rows.halves, np.vstack((columns, columns[rows.dying])))
    scale, centre = doubled.scale, columns.mean(axis=0)
    scaled, coefficients = (columns - centre) / scale, np.zeros(columns.shape[1])
    for _ in range(MAX_ROUNDS):
        weighted = replace(doubled, case_weight=_case_weights(rows, share))
        maximum = climb_likelihood(_height(weighted), coefficients, doubled.columns, float(share.sum()))
        change, coefficients = np.abs(maximum.coefficients - coefficients).max(initial=0.0), maximum.coefficients
        risk = np.exp(scaled @ coefficients)
        increments = rows.increments(share, risk)
        hazard = smooth(increments)
        share = rows.shares(hazard, risk)
        settled = change <= max(tolerance, SETTLED) or not maximum.converged
        if settled:
            break
    information = _observed_information(weighted.at(coefficients))
    gone = maximum.runaway(np.ptp(scaled, axis=0))
    covariance = np.full_like(information, np.nan)
    kept = information[np.ix_(~gone, ~gone)]
    sound = len(kept) == 0 or np.linalg.eigvalsh(kept)[0] > 0
    if sound:
        covariance[np.ix_(~gone, ~gone)] = np.linalg.inv(kept)
    found = replace(
        maximum, covariance=covariance / np.outer(scale, scale), coefficients=coefficients / scale, flat=maximum.flat / scale[:, None],
        moved=maximum.moved / scale, log_likelihood=rows.log_likelihood(increments, risk),
        converged=bool(settled and maximum.converged and sound))
    with np.errstate(over="ignore"):
        back = np.exp(-centre @ found.coefficients)
        return SmoothFit(found, increments * back, hazard * back, share)


def _case_weights(rows: ExcessRows, share: np.ndarray) -> np.ndarray:
    """Give the weights of the doubled rows in their order: a death's two halves share its 1."""
    weight = np.append(np.ones(rows.n), 1 - share)
    weight[rows.dying] = share
    return weight[rows.halves.order]


def _height(likelihood: PartialLikelihood) -> Callable[[np.ndarray], Height]:
    def at(coefficients: np.ndarray) -> Height:
        seen = likelihood.at(coefficients)
        return Height(seen.log_likelihood, seen.score(), seen.information())

    return at


def _observed_information(seen: Evaluation) -> np.ndarray:
    """Take from the information of the M step what is missing: each death is of the excess or not, with a variance of p (1 - p)."""
    sets = seen.likelihood.sets
    place, columns = sets.last[sets.died], seen.likelihood.columns[sets.died]
    weight = seen.likelihood.case_weight[sets.died]
    total = np.maximum(seen.likelihood.death_weight, 1e-300)
    residual = columns - (seen.expected() / total[:, None])[place]
    return seen.information() - residual.T @ (residual * (weight * (1 - weight))[:, None])
