"""Fine and Gray's regression on the subdistribution hazard: how covariates move the cumulative incidence of one cause."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from ..columns import COEFFICIENTS, frame_of
from ..counting import CohortScan, cells_of
from ..counting.memory import inner_boundaries
from ..counting.patterns import distinct_cells
from ..errors import DataWarning, InputError
from ..kernels.covariates import Covariates
from ..kernels.fine_gray import Evaluation, Maximum, SubdistributionLikelihood, maximise_likelihood
from ..kernels.partial_likelihood import dependent_columns
from ..kernels.subdistribution import CENSORED, INTEREST, OTHER, SubdistributionSets
from ..units import format_count, format_number
from .cox_fit import LogLikelihood
from .design import Design, as_profiles, build_design, check_formula, check_independent
from .formulas import read_formula, variables_of
from .options import check_conf_level, check_not_negative, listed, normal_quantile, times_in_years

if TYPE_CHECKING:
    from ..cohort import Cohort
    from ..cohort.clock import Clock

EVENTS_PER_COEFFICIENT = 10  # as for Cox's model; Austin P C et al (2017) Stat Methods Med Res 26:1056 ask for more still


@dataclass(frozen=True)
class FineGray:
    """Proportional hazards model of the subdistribution of one cause; called on a cohort it gives COEFFICIENTS.

    `hazard_ratio` holds the subdistribution hazard ratio. `std_error` comes from the inverse of the information, `robust_std_error`
    from the sandwich, which counts that the censoring weights were estimated; z, p and interval rest on the latter.

    Parameters
    ----------
    formula
        Covariates, as ``"nodal_category + age"``; categories are contrasted with their first level.
    cause
        The cause whose cumulative incidence is modelled; those who die of another stay in the risk set, weighted by the
        probability of not being censored.
    censoring_by
        Column, or columns, within whose groups censoring has a distribution of its own; None: one for all.
    conf_level
        Coverage of the intervals.
    tolerance
        How small the score must be, as a part of the log-likelihood, for Newton's steps to end. The default is that of cmprsk's crr, so
        that its numbers come out; some stop a few units of the fifth decimal before the maximum. 0 goes on to the maximum.

    Raises
    ------
    UsageError
        If an option or the formula cannot be carried out.

    Examples
    --------
    >>> from survival_nodes.cohort import Cohort
    >>> frame = pd.DataFrame({"years": [1, 2, 3, 4, 5, 6] * 10, "event": [1, 2, 1, 0, 2, 1] * 10, "x": [1, 0, 0, 1, 1, 0] * 10})
    >>> cohort = Cohort.from_frame(frame, time_unit="years", causes={0: "none", 1: "breast-cancer", 2: "other"})
    >>> FineGray("x", "breast-cancer")(cohort)[["term", "hazard_ratio", "n", "n_event"]].round(2).to_dict("records")
    [{'term': 'x', 'hazard_ratio': 0.67, 'n': 60, 'n_event': 30}]

    Notes
    -----
    Ties are Breslow's. In the sandwich a censoring at u changes the weights of those who failed from another cause at x < u, at event
    times t >= u (Fine and Gray 1999). With `censoring_by`, each group's term takes the rows of that group only.

    References
    ----------
    Fine J P, Gray R J (1999) A proportional hazards model for the subdistribution of a competing risk. JASA 94:496-509.
    """

    formula: str
    cause: str
    _: KW_ONLY
    censoring_by: str | Sequence[str] | None = None
    conf_level: float = 0.95
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        check_formula(self.formula)
        check_conf_level(self.conf_level)
        check_not_negative("tolerance", self.tolerance)
        by = (self.censoring_by,) if isinstance(self.censoring_by, str) else tuple(self.censoring_by or ())
        object.__setattr__(self, "censoring_by", by)

    def __call__(self, cohort: Cohort | CohortScan) -> pd.DataFrame:
        """Fit, and give COEFFICIENTS: one row a term."""
        return self.fit(cohort).coefficients

    def fit(self, cohort: Cohort | CohortScan) -> FineGrayFit:
        """Fit the model; rows that are alike are taken together, so that covariates of few values and coarse times cost little.

        Raises
        ------
        UsageError
            If the formula cannot be read, or the cause is unknown.
        InputError
            If a column is not there, columns are constant or follow from others, or patients come under observation late.

        Warns
        -----
        DataWarning
            Where rows are left out, events are few or none, or a hazard ratio has no finite estimate.
        """
        cohort = cells_of(cohort, (*variables_of(read_formula(self.formula)), *self.censoring_by) if isinstance(cohort, CohortScan) else ())
        design = build_design(self.formula, cohort, needed=self.censoring_by)
        rows = _rows_of(cohort, design, self)
        n, n_event, p = rows.count(), rows.count(INTEREST), len(design.names)
        if not n_event or n <= max(p, 1):
            few = f"no events of {self.cause!r}" if not n_event else f"{format_count(n)} row{'s' * (n != 1)}, too few for the model"
            warnings.warn(f"the Fine-Gray model has {few}: its numbers are missing", DataWarning, stacklevel=2)
            return _nothing_fitted(design, rows, self)
        check_independent(design, np.zeros(len(design.covariates.code), dtype=np.int64))
        if n_event < EVENTS_PER_COEFFICIENT * p:
            warnings.warn(
                f"{format_count(n_event)} event{'s' * (n_event != 1)} for {format_count(p)} coefficient{'s' * (p != 1)} ({format_number(n_event / p, 1)} each, "
                f"at least {EVENTS_PER_COEFFICIENT} are wanted): hazard ratios may be far off; use fewer terms, or merge levels", DataWarning, stacklevel=2)
        return _fit(design, rows, self)


@dataclass(frozen=True, eq=False)
class Rows:
    """The fitted rows, those alike taken together, and the clock: `covariates`; arrays of shape (m,), sorted by exit, of the exit tick, how it
    ends (0 censored, 1 the cause, 2 another), the censoring group, and how many rows are so (`n`)."""

    covariates: Covariates
    exit: np.ndarray
    kind: np.ndarray
    group: np.ndarray
    n: np.ndarray
    clock: Clock

    def count(self, kind: int | None = None) -> int:
        """Count the rows, or those that end one way."""
        return int(self.n.sum() if kind is None else self.n[self.kind == kind].sum())


@dataclass(frozen=True, eq=False)
class FineGrayFit:
    """A fitted model.

    Attributes
    ----------
    coefficients : DataFrame
        COEFFICIENTS; numbers are missing where the data do not give them.
    covariance, model_covariance : DataFrame
        Covariance of the coefficients, term by term: the sandwich, and the inverse of the information.
    log_likelihood : LogLikelihood
        `null` and `model`; with estimated weights twice their difference is not a chi-square.
    baseline : DataFrame
        `years, cumulative_hazard` of the subdistribution at every event time, where each number is 0 and each category at its reference.
    cause : str
        The cause modelled.
    n, n_event, n_other, n_dropped : int
        Rows fitted, those that end with the cause and with another, and rows left out because a covariate is missing.
    design, rows
        What the fit was made from.
    """

    coefficients: pd.DataFrame
    covariance: pd.DataFrame
    model_covariance: pd.DataFrame
    log_likelihood: LogLikelihood
    baseline: pd.DataFrame
    cause: str
    n: int
    n_event: int
    n_other: int
    n_dropped: int
    design: Design = field(repr=False)
    rows: Rows = field(repr=False)

    def predict(self, profiles: pd.DataFrame | Mapping[str, Sequence], at_years: Sequence[float] | float) -> pd.DataFrame:
        """Predict the cumulative incidence: 1 - exp of minus the subdistribution hazard, read as a step at or before each time.

        Parameters
        ----------
        profiles
            One row a patient to be, with every covariate; its index names the profiles.
        at_years
            Times in years.

        Returns
        -------
        DataFrame
            `profile, cause, years, incidence`: missing beyond the last follow-up, and where a coefficient is.

        Raises
        ------
        UsageError
            If a covariate is not given, or a level was not fitted (those fitted are listed).
        """
        given, times = as_profiles(profiles), np.array(times_in_years(at_years))
        matrix, estimated = self.design.columns_of(given), self.coefficients["coefficient"].to_numpy()
        unknown = ((matrix != 0) & np.isnan(estimated)).any(axis=1)
        relative = np.where(unknown, np.nan, np.exp(matrix @ np.nan_to_num(estimated)))
        incidence = -np.expm1(-relative[:, None] * self._cumulative_hazard(times))
        return pd.DataFrame({
            "profile": np.repeat(np.array([str(label) for label in given.index], dtype=object), len(times)), "cause": self.cause,
            "years": np.tile(times, len(given)), "incidence": incidence.reshape(-1)})

    def _cumulative_hazard(self, years: np.ndarray) -> np.ndarray:
        position = self.rows.clock.position(years)
        if not len(self.baseline):
            return np.full(len(years), np.nan)
        steps = np.concatenate(([0.0], self.baseline["cumulative_hazard"].to_numpy()))
        ticks = np.unique(self.rows.exit[self.rows.kind == INTEREST])
        return np.where(position <= self.rows.exit.max(), steps[np.searchsorted(ticks, position, side="right")], np.nan)


def _rows_of(cohort: Cohort, design: Design, model: FineGray) -> Rows:
    """Give the rows, with contiguous pieces of one patient glued together where no covariate changes."""
    kept, covariates = design.kept, design.covariates
    interest, event = cohort.events(model.cause)[kept], cohort.events()[kept]
    kind = np.where(interest == 1, INTEREST, np.where(event == 1, OTHER, CENSORED))
    entry, exit_, group = cohort.entry_ticks[kept], cohort.exit_ticks[kept], cohort.groups(model.censoring_by or None).codes[kept]
    n = np.ones(len(kind), dtype=np.int64) if design.repeats is None else design.repeats
    ends = begins = np.zeros(len(entry), dtype=bool)
    if cohort.whose.codes is not None:
        alike = np.unique(np.column_stack((covariates.matrix, group)), axis=0, return_inverse=True)[1].reshape(-1)
        ends, begins = inner_boundaries(entry, exit_, np.where(kind == CENSORED, 1, 2), alike, cohort.whose.codes[kept])
    n_late = int(n[(entry >= 0) & ~begins].sum())
    if n_late:
        raise InputError(
            f"the Fine-Gray model takes follow-up from time zero, with covariates that do not change; {format_count(n_late)} rows come under observation "
            "later: use CoxModel(..., cause=...) or AbsoluteRisk, which take delayed entry")
    if ends.any():
        covariates, exit_, kind, group, n = covariates.take(~ends), exit_[~ends], kind[~ends], group[~ends], n[~ends]
    if len(covariates.in_dense):
        return Rows(covariates, exit_, kind, group, n, cohort.clock)
    (exit_, code, kind, group), n = distinct_cells((exit_, covariates.code, kind, group), n)
    return Rows(replace(covariates, code=code, dense=np.zeros((0, len(code)))), exit_, kind, group, n, cohort.clock)


def _fit(design: Design, rows: Rows, model: FineGray) -> FineGrayFit:
    sets = SubdistributionSets.of(rows.exit, rows.kind, rows.group, rows.n)
    likelihood = SubdistributionLikelihood.scaled(sets, rows.covariates)
    start = likelihood.at(np.zeros(len(design.names)))
    informed = _informed(start)
    maximum = maximise_likelihood(likelihood.only(informed), model.tolerance, start if informed.all() else None)
    _tell_unestimable(design, informed, maximum)
    finite = informed.copy()
    finite[informed] = ~maximum.runaway & maximum.converged
    coefficients = np.full(len(finite), np.nan)
    coefficients[finite] = maximum.coefficients[finite[informed]]
    covariance, model_covariance = (
        _among_all(part, informed, finite, design) for part in (maximum.covariance, maximum.model_covariance))
    hazard = np.where(maximum.converged, np.cumsum(maximum.hazard), np.nan)
    return FineGrayFit(
        coefficients=_coefficients(design, coefficients, (model_covariance, covariance), rows, model.conf_level),
        covariance=covariance, model_covariance=model_covariance,
        log_likelihood=LogLikelihood(maximum.null_log_likelihood, maximum.log_likelihood),
        baseline=pd.DataFrame({"years": rows.clock.years(sets.ticks), "cumulative_hazard": hazard}), cause=model.cause, design=design, rows=rows,
        **_numbers(rows, design))


def _numbers(rows: Rows, design: Design) -> dict[str, int]:
    return {"n": rows.count(), "n_event": rows.count(INTEREST), "n_other": rows.count(OTHER), "n_dropped": design.n_dropped}


def _informed(start: Evaluation) -> np.ndarray:
    """Mark the columns on which the risk sets tell anything: a level whose patients all left before the first event does not."""
    information = start.information()
    information[np.abs(information) < 1e-12 * start.likelihood.sets.n_events.sum()] = 0.0
    return ~dependent_columns(information)


def _among_all(covariance: np.ndarray, informed: np.ndarray, finite: np.ndarray, design: Design) -> pd.DataFrame:
    """Give a covariance over all columns, missing where a coefficient has no finite estimate."""
    whole = np.full((len(finite), len(finite)), np.nan)
    whole[np.ix_(informed, informed)] = covariance
    whole[~finite] = whole[:, ~finite] = np.nan
    return pd.DataFrame(whole, index=design.names, columns=design.names)


def _tell_unestimable(design: Design, informed: np.ndarray, maximum: Maximum) -> None:
    names, silent = np.array(design.names)[informed], np.array(design.names)[~informed]
    if len(silent):
        warnings.warn(
            f"no event tells of {listed(silent)}: the hazard ratio is missing; merge the level with another, or leave the term out",
            DataWarning, stacklevel=4)
    if not maximum.converged:
        warnings.warn("the Fine-Gray model did not converge: its numbers are missing; look for covariates with very long tails", DataWarning, stacklevel=4)
    elif maximum.runaway.any():
        warnings.warn(
            f"{listed(names[maximum.runaway])}: no finite subdistribution hazard ratio (a group without an event of the cause, or covariates that tell "
            "all events apart), so ratio, interval and p are missing; merge the level with another, or leave the term out", DataWarning, stacklevel=4)


def _coefficients(
    design: Design, beta: np.ndarray, covariances: tuple[pd.DataFrame, pd.DataFrame], rows: Rows, conf_level: float,
) -> pd.DataFrame:
    std_error, robust = (np.sqrt(np.diag(covariance.to_numpy())) for covariance in covariances)
    reach, z = normal_quantile(conf_level) * robust, beta / robust
    with np.errstate(over="ignore"):
        return frame_of(COEFFICIENTS, {
            "term": list(design.names), "coefficient": beta, "std_error": std_error, "robust_std_error": robust, "hazard_ratio": np.exp(beta),
            "conf_low": np.exp(beta - reach), "conf_high": np.exp(beta + reach), "conf_level": conf_level, "z": z, "df": 1,
            "p_value": 2 * special.ndtr(-np.abs(z)), "n": rows.count(), "n_event": rows.count(INTEREST)})


def _nothing_fitted(design: Design, rows: Rows, model: FineGray) -> FineGrayFit:
    """Give a fit of missing numbers, a row a term all the same."""
    names = [design.names[column] if columns else term for term, columns in design.groups.items() for column in (columns or (0,))]
    numbers, missing = _numbers(rows, design), pd.DataFrame(np.nan, index=names, columns=names)
    coefficients = frame_of(COEFFICIENTS, [
        {"term": name, "conf_level": model.conf_level, "df": 1, "n": numbers["n"], "n_event": numbers["n_event"]} for name in names])
    return FineGrayFit(
        coefficients=coefficients, covariance=missing, model_covariance=missing, log_likelihood=LogLikelihood(np.nan, np.nan),
        baseline=pd.DataFrame({"years": np.zeros(0), "cumulative_hazard": np.zeros(0)}), cause=model.cause, design=design, rows=rows, **numbers)
