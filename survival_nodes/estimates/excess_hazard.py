"""Regression on the excess hazard: by how much covariates multiply what patients die of beyond the population's mortality."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtr

from ..columns import COEFFICIENTS, TESTS, frame_of
from ..counting import refuse_repeats, refuse_scan
from ..errors import DataWarning, InputError, UsageError
from ..kernels.excess_hazard import Maximum, additive, maximise_excess, maximise_relative, weighted_start
from ..kernels.excess_hazard_em import ExcessRows, Smoother, choose_factor, kernel_widths, maximise_em
from ..kernels.net_counts import net_counts
from ..kernels.risk_sets import RiskSets
from ..life_tables import LifeTable
from ..units import format_count, format_number
from .cox_fit import LogLikelihood
from .design import Design, build_design, check_formula, check_independent
from .excess_hazard_fit import ExcessHazardFit
from .excess_hazard_rows import Cells, Spans, Terms, cells_of, expected_within, grouped_terms, hazard_at_exit, stays_of
from .followed import Followed, follow, life_table_of
from .options import check_choice, check_conf_level, check_not_negative, normal_quantile

if TYPE_CHECKING:
    from ..cohort import Cohort

METHODS = ("poisson", "binomial", "full-likelihood", "em", "multiplicative")
EVENTS_PER_COEFFICIENT = 10  # as for Cox's model


@dataclass(frozen=True)
class ExcessHazard:
    """Proportional excess hazards: hazard = population's + exp(covariates + baseline of the interval); on a cohort it gives COEFFICIENTS.

    Parameters
    ----------
    formula
        Covariates, as ``"nodal_category + age"``; categories are contrasted with their first level.
    life_table
        A `LifeTable`, or the name of a bundled one.
    intervals
        Cuts of follow-up in years, from 0, between which the baseline is constant; follow-up ends with the last.
    method
        `poisson`: deaths of a covariate pattern and year as Poisson counts, the population's share by the mean hazard of the year (Dickman
        2004). `binomial`: the same as binomial counts of a life table (Hakulinen and Tenkanen 1987). `full-likelihood`: every patient's own
        likelihood (Esteve 1990), the population's hazard at a death being that of the day after. `em`: the same hazards with a free baseline,
        smoothed by a kernel (Perme 2009); of `intervals` only the last cut matters. `multiplicative`: no excess, but the
        ratio to the population's hazard (Andersen 1985), by Cox's partial likelihood; the population's hazard is its mean between cuts.
    conf_level
        Coverage of the intervals.
    tolerance
        How small the change of the deviance must be, as a part of it, for the steps of a grouped model to end. The default is that of R's
        glm, so that its numbers come out (to about the sixth digit of the maximum's); 0 goes on to the maximum. Of `em`: the greatest change
        of a coefficient, its column scaled to a standard deviation of 1, at which the rounds end.
    bandwidth
        Of `em`: the kernel's width as a multiple of the longest gap between event times in each quarter of them. None: the multiple that
        brings the cumulative excess hazard of all nearest to Ederer's second estimate.

    Raises
    ------
    UsageError
        If an option or the formula cannot be carried out.

    Notes
    -----
    `hazard_ratio` is the excess hazard ratio, and of the multiplicative model the ratio of relative mortalities: they answer different
    questions, and can lie on different sides of 1. An interval or level in which no more die than in the population has no finite estimate.
    The estimates of `em` hang on the bandwidth. R's relsurv 2.2-9 seeks it in the same way, but reads dates of diagnosis ten years late while
    it does; give its factor as `bandwidth` to have its numbers.

    References
    ----------
    Dickman P W et al (2004) Stat Med 23:51-64. Esteve J et al (1990) Stat Med 9:529-538. Hakulinen T, Tenkanen L (1987) Appl Stat 36:309-317.
    Andersen P K et al (1985) Biometrics 41:921-932. Perme M P, Henderson R, Stare J (2009) Biostatistics 10:136-146.
    Pohar M, Stare J (2006) Comput Methods Programs Biomed 81:272-278.

    Examples
    --------
    >>> from survival_nodes.cohort import Cohort
    >>> died = [1] * 6 + [0] * 34 + [1] * 16 + [0] * 24
    >>> frame = pd.DataFrame({"years": [1.5 if event else 2.0 for event in died], "event": died, "node": ["negative"] * 40 + ["positive"] * 40})
    >>> cohort = Cohort.from_frame(frame.assign(sex="female", age=60.5, diagnosis_date="2010-03-01"), time_unit="years")
    >>> table = ExcessHazard("node", "us", intervals=(0, 2))(cohort)
    >>> table[["term", "hazard_ratio", "n", "n_event"]].round(2).to_dict("records")
    [{'term': 'node[T.positive]', 'hazard_ratio': 3.05, 'n': 80, 'n_event': 22}]
    """

    formula: str
    life_table: str | LifeTable = "us"
    _: KW_ONLY
    intervals: Sequence[float] = (0, 1, 2, 3, 4, 5)
    method: str = "poisson"
    conf_level: float = 0.95
    tolerance: float = 1e-8
    bandwidth: float | None = None

    def __post_init__(self) -> None:
        check_formula(self.formula)
        object.__setattr__(self, "life_table", life_table_of(self.life_table))
        object.__setattr__(self, "intervals", _cuts(self.intervals))
        check_choice("method", self.method, METHODS)
        check_conf_level(self.conf_level)
        check_not_negative("tolerance", self.tolerance)
        if self.bandwidth is not None:
            check_not_negative("bandwidth", self.bandwidth)
            if self.bandwidth == 0 or self.method != "em":
                raise UsageError(f"bandwidth is a factor above 0, of method 'em' alone, not {self.bandwidth!r} of method {self.method!r}")

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Fit, and give COEFFICIENTS of the covariates: one row a term."""
        return self.fit(cohort).coefficients

    def fit(self, cohort: Cohort) -> ExcessHazardFit:
        """Fit the model.

        Raises
        ------
        UsageError
            If the formula cannot be read, or a row stands for several patients.
        InputError
            If a column is not there, covariates are constant or follow from others, nobody dies within the intervals, or patients come under
            observation late (binomial model).

        Warns
        -----
        DataWarning
            Where rows are left out, events are few, or a ratio or an interval's hazard has no finite estimate.
        """
        refuse_scan(cohort, "an excess hazard model")
        refuse_repeats(cohort, "excess hazard models")
        design = build_design(self.formula, cohort)
        followed = follow(cohort, self.life_table).take(np.flatnonzero(design.kept))
        n, n_event = len(design.matrix), int(followed.event[followed.exit <= followed.days(self.intervals[-1:])[0]].sum())
        if not n_event:
            raise InputError("nobody dies within the intervals: there is no excess hazard to model; choose other intervals or another endpoint")
        check_independent(design, np.zeros(n, dtype=np.int64))
        _question_few_events(n_event, len(design.names))
        if self.method == "em":
            found, hazards = _smoothed(followed, design, self)
        else:
            found = _relative(followed, design, self) if self.method == "multiplicative" else _excess(followed, design, self, n_event)
        _tell_unestimable(found, design)
        fit = _as_fit(found, design, self, (n, n_event))
        return replace(fit, baseline=hazards if found.converged else hazards[:0]) if self.method == "em" else fit


class Found(NamedTuple):
    """What a maximum is with its covariates' and baseline's coefficients on their own scales."""

    coefficients: np.ndarray
    covariance: np.ndarray
    runaway: np.ndarray
    converged: bool
    log_likelihood: LogLikelihood
    deviance: float
    df_residual: float
    table: pd.DataFrame  # from_years, to_years, person_years, n_event, expected of each interval


def _cuts(intervals: Sequence[float]) -> tuple[float, ...]:
    given = tuple(intervals) if isinstance(intervals, Sequence) and not isinstance(intervals, str) else ()
    numbers = all(hasattr(cut, "__float__") and not isinstance(cut, bool) and math.isfinite(cut) for cut in given)
    if len(given) < 2 or not numbers or given[0] != 0 or any(after <= cut for cut, after in zip(given[:-1], given[1:], strict=True)):
        raise UsageError(f"intervals wants rising cuts in years from 0, as (0, 1, 2, 5), not {intervals!r}")
    return tuple(float(cut) for cut in given)


def _excess(followed: Followed, design: Design, model: ExcessHazard, n_event: int) -> Found:
    """Fit an additive model: the cells, their likelihood, and its maxima without and with covariates."""
    by_row = model.method == "full-likelihood"
    spans = Spans.of(model.intervals, yearly=not by_row)
    if model.method == "binomial" and (followed.entry > 0).any():
        raise InputError("patients come under observation late, which the binomial model of a life table does not know: use method='poisson'")
    stays = stays_of(followed, spans)
    cells = cells_of(stays, design.matrix, len(spans.end))
    table = _interval_table(cells, spans, model.intervals)
    if by_row:
        last = float(followed.days(model.intervals[-1:])[0])
        terms = Terms(
            additive(stays.n_event, stays.years, hazard_at_exit(followed)[stays.row], observed=True), design.matrix[stays.row],
            spans.interval[stays.span], -float(expected_within(followed, last).sum()))
    else:
        terms = grouped_terms(_with_exposure(cells), spans, model.method)
    reached = np.flatnonzero(table["person_years"] > 0)
    baseline = (terms.interval[:, None] == reached).astype(float)
    null, found = _maxima(terms, baseline, _start(table.iloc[reached]), n_event, model.tolerance)
    p, constant = len(design.names), terms.constant
    every = np.concatenate((np.arange(p), p + reached))
    coefficients, covariance, runaway = np.full(p + len(table), np.nan), np.full((p + len(table),) * 2, np.nan), np.ones(p + len(table), dtype=bool)
    reach = np.append(np.ptp(terms.columns, axis=0), np.ones(len(reached)))
    coefficients[every], covariance[np.ix_(every, every)], runaway[every] = (
        found.coefficients, found.covariance, found.runaway(np.where(reach > 0, reach, 1.0)))
    return Found(
        coefficients, covariance, runaway, found.converged, LogLikelihood(null.log_likelihood + constant, found.log_likelihood + constant),
        2 * (terms.saturated - found.log_likelihood), math.nan if by_row else float(len(terms.interval) - len(every)), table)


def _interval_table(cells: Cells, spans: Spans, intervals: tuple[float, ...]) -> pd.DataFrame:
    place, k = spans.interval[cells.span], len(intervals) - 1
    sums = {name: np.bincount(place, values, k) for name, values in (("person_years", cells.years), ("n_event", cells.n_event), ("expected", cells.expected))}
    return pd.DataFrame({"from_years": intervals[:-1], "to_years": intervals[1:], **sums}).astype({"n_event": np.int64})


def _with_exposure(cells: Cells) -> Cells:
    """Leave out cells in which nobody is followed for any time: they have no rate."""
    kept = cells.years > 0
    lost = int(cells.n_event[~kept].sum())
    if lost:
        said = f"{format_count(lost)} deaths at time 0 stand alone with their covariates, and have no rate: they are left out; use method='full-likelihood'"
        warnings.warn(said, DataWarning, stacklevel=6)
    return Cells(*(getattr(cells, name)[kept] for name in Cells.__dataclass_fields__))


def _start(table: pd.DataFrame) -> np.ndarray:
    """Give where the climb begins: the log of each interval's own excess rate, or, where it has none, of a tenth of all its deaths."""
    n_event = np.maximum(table["n_event"], 0.1)
    return np.log(np.maximum(n_event - table["expected"], n_event / 10) / table["person_years"]).to_numpy()


def _maxima(terms: Terms, baseline: np.ndarray, start: np.ndarray, n_event: int, tolerance: float) -> tuple[Maximum, Maximum]:
    """Maximise without covariates, and with them: centred and scaled for the climb, and given on their own scale."""
    null = maximise_excess(terms.likelihood, baseline, start, n_event)
    centre, scale, p = terms.columns.mean(axis=0), terms.columns.std(axis=0), terms.columns.shape[1]
    scale = np.where(scale > 0, scale, 1.0)  # a level of which nobody is there within the intervals says nothing, and is found flat
    scaled = np.hstack(((terms.columns - centre) / scale, baseline))
    found = maximise_excess(terms.likelihood, scaled, np.concatenate((np.zeros(p), null.coefficients)), n_event)
    if tolerance and terms.predictor is not None and found.converged and not found.runaway(np.abs(scaled).max(axis=0)).any():
        found = _as_glm(terms, scaled, n_event, tolerance, found)
    back = np.eye(p + len(start))
    back[:p, :p] = np.diag(1 / scale)
    back[p:, :p] = -centre / scale
    return null, found.through(back)


def _as_glm(terms: Terms, columns: np.ndarray, n_event: int, tolerance: float, maximum: Maximum) -> Maximum:
    """Stop where a program for generalised linear models would, setting out from the cells' own deaths; at the maximum if it strays."""

    def settled(before: float, after: float) -> bool:
        return 2 * abs(after - before) < tolerance * (2 * (terms.saturated - after) + 0.1)

    with np.errstate(all="ignore"):
        start = weighted_start(terms.likelihood, columns, terms.predictor)
        if not np.isfinite(start).all() or not np.isfinite(terms.likelihood(columns @ start).log_likelihood):
            return maximum
        found = maximise_excess(terms.likelihood, columns, start, n_event, settled)
    near = abs(found.log_likelihood - maximum.log_likelihood) <= max(tolerance, 1e-9) * (1 + 2 * (terms.saturated - maximum.log_likelihood))
    return replace(found, flat=maximum.flat, moved=maximum.moved) if found.converged and near else maximum


def _relative(followed: Followed, design: Design, model: ExcessHazard) -> Found:
    """Fit the multiplicative model: stays as late-entering rows of a Cox model, ranked in time."""
    stays = stays_of(followed, Spans.of(model.intervals, yearly=False))
    if (stays.mean_hazard <= 0).any():
        raise InputError("the life table has hazards of 0, and nothing is a multiple of them: use another method, or another table")
    place = np.unique(np.concatenate((stays.start, stays.stop)), return_inverse=True)[1].reshape(-1)
    entry, exit_ = np.split(place, 2)
    entry = np.where((stays.span == 0) & (followed.entry[stays.row] < 0), -1, entry)
    sets = RiskSets.of(entry, exit_, stays.n_event.astype(np.int8), np.zeros(len(entry), dtype=np.int64))
    found, null = maximise_relative(sets, design.matrix[stays.row], np.log(stays.mean_hazard))
    return _without_intervals(found, design, LogLikelihood(null, found.log_likelihood))


def _without_intervals(found: Maximum, design: Design, log_likelihood: LogLikelihood) -> Found:
    none = pd.DataFrame({name: np.zeros(0) for name in ("from_years", "to_years", "person_years", "n_event", "expected")})
    gone = found.runaway(np.ptp(design.matrix, axis=0))
    return Found(found.coefficients, found.covariance, gone, found.converged, log_likelihood, math.nan, math.nan, none)


def _smoothed(followed: Followed, design: Design, model: ExcessHazard) -> tuple[Found, pd.DataFrame]:
    """Fit the additive model whose baseline is free; also gives the baseline at the event times."""
    last = float(followed.days(model.intervals[-1:])[0])
    stop = np.minimum(followed.exit, last)
    kept = stop > np.maximum(followed.entry, 0.0)
    event = (followed.event * (followed.exit <= last)).astype(np.int8)
    _tell_no_time(int(event[~kept & (followed.exit == 0)].sum()), int(event[kept].sum()))
    stays, columns, stop, event = followed.take(kept), design.matrix[kept], stop[kept], event[kept]
    rows = ExcessRows.of(stays.entry, stop, event, hazard_at_exit(stays) / followed.days_per_year)
    factor = _chosen_factor(rows, replace(stays, exit=stop, event=event)) if model.bandwidth is None else model.bandwidth
    smooth = Smoother.of(rows.times, kernel_widths(rows.times, factor))
    increments = rows.without_covariates(smooth)[1]
    # From a half each: an increment that has gone to 0 without covariates could not come back.
    fit = maximise_em(rows, columns, smooth, np.full(len(rows.dying), 0.5), model.tolerance)
    constant = -float(expected_within(stays, last).sum())
    null = rows.log_likelihood(increments, np.ones(len(columns)))
    baseline = pd.DataFrame({
        "years": followed.years(rows.times), "n_event": rows.sets.n_deaths, "n_excess": np.bincount(rows.place, fit.share, len(rows.times)),
        "hazard": fit.hazard * followed.days_per_year, "cumulative_hazard": np.cumsum(fit.increments), "bandwidth": factor})
    return _without_intervals(fit.maximum, design, LogLikelihood(null + constant, fit.maximum.log_likelihood + constant)), baseline


def _tell_no_time(lost: int, n_event: int) -> None:
    if not n_event:
        raise InputError("nobody dies after time 0: there is no excess hazard to model")
    if lost:
        said = f"{format_count(lost)} deaths at time 0 are not followed for any time, and have no hazard: they are left out"
        warnings.warn(said, DataWarning, stacklevel=5)


def _chosen_factor(rows: ExcessRows, stays: Followed) -> float:
    """Choose the kernel's factor by Ederer's second estimate, after as many rounds as years of follow-up, three at least."""
    times = np.unique(np.concatenate((stays.entry[stays.entry > 0], stays.exit)))
    counts = net_counts(stays.paths, stays.entry, stays.exit, stays.event, times)
    with np.errstate(invalid="ignore", divide="ignore"):
        net = -np.log(np.cumprod(1 - counts.n_event / counts.n_risk + counts.population))[np.searchsorted(times, rows.times)]
    ends = np.sort(stays.exit)
    return choose_factor(rows, net, max(round(stays.years(ends[-1])), 3), ends[-1] / np.diff(ends, prepend=0.0).max())


def _question_few_events(n_event: int, p: int) -> None:
    if n_event < EVENTS_PER_COEFFICIENT * p:
        warnings.warn(
            f"{format_count(n_event)} events for {format_count(p)} coefficient{'s' * (p != 1)} ({format_number(n_event / p, 1)} each, at least "
            f"{EVENTS_PER_COEFFICIENT} are wanted): excess hazard ratios may be far off; use fewer terms, or merge levels", DataWarning, stacklevel=3)


def _tell_unestimable(found: Found, design: Design) -> None:
    p = len(design.names)
    if not found.converged:
        warnings.warn("the model of the excess hazard did not converge: its numbers are missing; use fewer terms or intervals", DataWarning, stacklevel=3)
        return
    names = [name for name, gone in zip(design.names, found.runaway[:p], strict=True) if gone]
    if names:
        warnings.warn(
            f"{', '.join(names)}: no finite excess hazard ratio (a level that dies no more than the population, or the reference does not), "
            "so ratio, interval and p are missing; merge the level with another", DataWarning, stacklevel=3)
    for row in found.table[found.runaway[p:]].itertuples():
        warnings.warn(
            f"years {row.from_years:g} to {row.to_years:g}: {format_count(row.n_event)} deaths observed and {format_number(row.expected, 1)} expected, "
            "so the excess hazard has no finite estimate there; join the interval with another", DataWarning, stacklevel=3)


def _as_fit(found: Found, design: Design, model: ExcessHazard, n: tuple[int, int]) -> ExcessHazardFit:
    p = len(design.names)
    gone = found.runaway | (not found.converged)
    beta = np.where(gone, np.nan, found.coefficients)
    covariance = np.where(gone[:, None] | gone, np.nan, found.covariance)
    std_error = np.sqrt(np.diag(covariance))
    reach = normal_quantile(model.conf_level) * std_error
    with np.errstate(over="ignore"):
        hazard, low, high = np.exp(beta), np.exp(beta - reach), np.exp(beta + reach)
    z = beta[:p] / std_error[:p]
    coefficients = frame_of(COEFFICIENTS, {
        "term": list(design.names), "coefficient": beta[:p], "std_error": std_error[:p], "hazard_ratio": hazard[:p], "conf_low": low[:p],
        "conf_high": high[:p], "conf_level": model.conf_level, "z": z, "df": 1, "p_value": 2 * ndtr(-np.abs(z)), "n": n[0], "n_event": n[1]})
    terms = [f"years ({start:g}, {end:g}]" for start, end in zip(found.table["from_years"], found.table["to_years"], strict=True)]
    baseline = found.table[["from_years", "to_years"]].assign(
        coefficient=beta[p:], std_error=std_error[p:], hazard=hazard[p:], conf_low=low[p:], conf_high=high[p:], conf_level=model.conf_level,
        **{name: found.table[name] for name in ("person_years", "n_event", "expected")})
    baseline.insert(0, "term", np.array(terms, dtype=object))
    names = [*design.names, *terms]
    statistic = 2 * (found.log_likelihood.model - found.log_likelihood.null) if found.converged else math.nan
    tests = frame_of(TESTS, [{"test": "likelihood ratio", "comparison": "GLOBAL", "statistic": statistic, "df": p, "p_value": chdtrc(p, statistic)}])
    return ExcessHazardFit(
        coefficients, baseline, pd.DataFrame(covariance, index=names, columns=names), found.log_likelihood, found.deviance, found.df_residual, tests,
        n[0], n[1], int((~design.kept).sum()), model.method, model.intervals, model.conf_level, design)
