"""Follow-up cut into intervals, beside the population's hazard: the cells that models of the excess hazard are fitted to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, xlogy

from ..kernels.excess_hazard import Likelihood, additive, life_table_binomial
from .followed import Followed

DAY = 1.0


@dataclass(frozen=True, eq=False)
class Stays:
    """What rows do in the spans that follow-up is cut into: a stay is one row in one span; shape (r,) each.

    Attributes
    ----------
    row, span
        Places among the rows and among the spans.
    start, stop
        Under observation, in days.
    years
        The time between them.
    n_event
        0 or 1.
    left
        Whether the row was censored inside the span, not at its end.
    mean_hazard, survival
        The population's hazard per year, a mean over the whole span, and its survival through it.
    """

    row: np.ndarray
    span: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    years: np.ndarray
    n_event: np.ndarray
    left: np.ndarray
    mean_hazard: np.ndarray
    survival: np.ndarray


@dataclass(frozen=True, eq=False)
class Spans:
    """Spans of follow-up: where they begin and end, in years, and in which interval of the baseline each lies; shape (s,) each."""

    begin: np.ndarray
    end: np.ndarray
    interval: np.ndarray

    @classmethod
    def of(cls, intervals: Sequence[float], *, yearly: bool) -> Spans:
        """Take intervals as they are, or cut them at whole years from their start, so that a mean hazard is one of a year.

        >>> Spans.of((0, 2.5), yearly=True).end.tolist()
        [1.0, 2.0, 2.5]
        """
        begin, end, interval = [], [], []
        for place, (first, last) in enumerate(zip(intervals[:-1], intervals[1:], strict=True)):
            inner = [first + year for year in range(1, math.ceil(last - first - 1e-9))] if yearly else []
            begin, end = begin + [first, *inner], end + [*inner, last]
            interval += [place] * (len(inner) + 1)
        return cls(np.array(begin, dtype=float), np.array(end, dtype=float), np.array(interval))


def stays_of(followed: Followed, spans: Spans) -> Stays:
    """Cut follow-up into stays; a span is (begin, end], and the first holds time 0 too."""
    bounds = zip(followed.days(spans.begin), followed.days(spans.end), strict=True)
    parts = [_in_span(followed, float(begin), float(end), place) for place, (begin, end) in enumerate(bounds)]
    return Stays(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _in_span(followed: Followed, begin: float, end: float, place: int) -> tuple[np.ndarray, ...]:
    starts, stops = np.maximum(followed.entry, begin), np.minimum(followed.exit, end)
    row = np.flatnonzero((starts < stops) | ((begin == 0) & (followed.exit == 0) & (followed.entry < 0)))
    paths, stop, exits = followed.paths.take(row), stops[row], followed.exit[row]
    hazard = paths.cumulative_hazard(np.full(len(row), end)) - paths.cumulative_hazard(np.full(len(row), begin))
    ends = exits <= end
    n_event = followed.event[row].astype(float) * ends
    return (
        row, np.full(len(row), place), starts[row], stop, followed.years(stop - starts[row]), n_event, ends & (n_event == 0) & (exits < end),
        hazard / followed.years(end - begin), np.exp(-hazard))


def hazard_at_exit(followed: Followed) -> np.ndarray:
    """Give the population's hazard per year of each row over the day that follows its exit, shape (n,)."""
    there = followed.paths.cumulative_hazard(followed.exit + DAY) - followed.paths.cumulative_hazard(followed.exit)
    return there / DAY * followed.days_per_year


def expected_within(followed: Followed, until: float) -> np.ndarray:
    """Give the deaths that the population would have had in each row's follow-up up to a time in days, shape (n,)."""
    start, stop = np.minimum(np.maximum(followed.entry, 0.0), until), np.minimum(followed.exit, until)
    return followed.paths.cumulative_hazard(stop) - followed.paths.cumulative_hazard(start)


@dataclass(frozen=True, eq=False)
class Cells:
    """Stays of one covariate pattern in one span, summed; shape (g,) each, but for `columns`.

    Attributes
    ----------
    columns
        Covariates of the cell, shape (g, p).
    span
        Which span.
    n, n_event, n_left, years
        Stays, events, those censored inside the span, and years under observation.
    expected
        Deaths of the population in those years, by mean hazards.
    survival
        Mean of the population's survival through the span.
    """

    columns: np.ndarray
    span: np.ndarray
    n: np.ndarray
    n_event: np.ndarray
    n_left: np.ndarray
    years: np.ndarray
    expected: np.ndarray
    survival: np.ndarray


def cells_of(stays: Stays, matrix: np.ndarray, n_spans: int) -> Cells:
    """Sum stays by covariate pattern and span."""
    patterns, pattern = np.unique(matrix, axis=0, return_inverse=True)
    found, cell = np.unique(pattern.reshape(-1)[stays.row] * n_spans + stays.span, return_inverse=True)
    n, n_event, n_left, years, expected, survival = (
        np.bincount(cell, each, len(found))
        for each in (None, stays.n_event, stays.left, stays.years, stays.mean_hazard * stays.years, stays.survival))
    return Cells(patterns[found // n_spans], found % n_spans, n, n_event, n_left, years, expected, survival / n)


@dataclass(frozen=True, eq=False)
class Terms:
    """What a likelihood is maximised over.

    Attributes
    ----------
    likelihood
        Of the predictors of g cells.
    columns, interval
        Covariates of each cell, shape (g, p), and its interval of the baseline, shape (g,).
    constant
        What the likelihood leaves out of the log-likelihood.
    saturated
        Its value where every cell has the deaths observed; missing where cells are rows.
    predictor
        Of each cell's own deaths, kept above the expected, shape (g,); None where cells are rows.
    """

    likelihood: Likelihood
    columns: np.ndarray
    interval: np.ndarray
    constant: float
    saturated: float = math.nan
    predictor: np.ndarray | None = None


def grouped_terms(cells: Cells, spans: Spans, method: str) -> Terms:
    """Give the terms of cells as Poisson or binomial counts."""
    worked = _poisson(cells) if method == "poisson" else _binomial(cells, (spans.end - spans.begin)[cells.span])
    likelihood, constant, saturated, predictor = worked
    return Terms(likelihood, cells.columns, spans.interval[cells.span], float(constant.sum()), float(saturated.sum()), predictor)


def _poisson(cells: Cells) -> tuple[Likelihood, np.ndarray, np.ndarray, np.ndarray]:
    n_event, years, expected = cells.n_event, cells.years, cells.expected
    constant = xlogy(n_event, years) - expected - gammaln(n_event + 1)
    saturated = xlogy(n_event, n_event / years) - n_event + expected
    # R's glm sets out a tenth of a death above what is observed, or expected where that is more.
    predictor = np.log((np.maximum(n_event, expected) + 0.1 - expected) / years)
    return additive(n_event, years, expected / years, observed=False), constant, saturated, predictor


def _binomial(cells: Cells, length: np.ndarray) -> tuple[Likelihood, np.ndarray, np.ndarray, np.ndarray]:
    n_event, effective, survival = cells.n_event, cells.n - cells.n_left / 2, cells.survival
    left = effective - n_event
    constant = gammaln(effective + 1) - gammaln(n_event + 1) - gammaln(left + 1)
    saturated = xlogy(n_event, n_event / effective) + xlogy(left, left / effective)
    dying = (n_event + 0.01) / (effective + 0.02)
    dying = np.where(1 - dying >= survival, 0.9 * survival, dying)  # as relsurv does where fewer die than expected
    with np.errstate(invalid="ignore", divide="ignore"):  # where hardly anybody is expected to survive: the climb then sets out elsewhere
        predictor = np.log(-np.log((1 - dying) / survival) / length)
    return life_table_binomial(n_event, effective, survival, length), constant, saturated, predictor
