"""Cox's model of the hazard: hazard ratios with their intervals and tests, and survival predicted for given profiles."""

from __future__ import annotations

import warnings
from dataclasses import KW_ONLY, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from ..columns import COEFFICIENTS, TESTS, frame_of
from ..errors import DataWarning, InputError, UsageError
from ..kernels.concordance import concordant_pairs
from ..kernels.partial_likelihood import Evaluation, Maximum, PartialLikelihood, dependent_columns, maximise, standardised
from ..kernels.risk_sets import RiskSets
from ..units import format_count, format_number
from .cox_fit import CoxFit, LogLikelihood, Rows
from .design import Design, build_design, check_formula, check_independent
from .options import check_choice, check_conf_level, normal_quantile

if TYPE_CHECKING:
    from ..cohort import Cohort

TIES = ("efron", "breslow")
GLOBAL_TESTS = ("likelihood ratio", "Wald", "score")
FITTERS = ("auto", "lifelines", "grouped")
FITTERS_AGREE = 1e-6  # of a standard error; usually they agree to 1e-12
EVENTS_PER_COEFFICIENT = 10  # Peduzzi P et al (1995) J Clin Epidemiol 48:1503-1510: below it intervals lose their coverage


@dataclass(frozen=True)
class CoxModel:
    """Cox's proportional hazards model; called on a cohort it gives COEFFICIENTS.

    Parameters
    ----------
    formula
        Covariates, as ``"nodal_category + age + log(n_positive + 1)"``; categories are contrasted with their first level.
    ties
        `efron` (closer to the truth) or `breslow`.
    strata
        Columns whose every combination has a baseline hazard of its own.
    fitter
        `lifelines`, `grouped` (this package's own; the two agree to 1e-8), or `auto`: lifelines for Efron's ties without
        delayed entry, else grouped.
    cause
        Event of interest, the other causes censored (the cause-specific hazard); None for every event of the endpoint.
    conf_level
        Coverage of the intervals.

    Raises
    ------
    UsageError
        If an option or the formula cannot be carried out.

    Examples
    --------
    >>> from survival_nodes.cohort import Cohort
    >>> frame = pd.DataFrame({"years": [1, 1, 6, 6, 8, 9] * 8, "event": [1, 0, 1, 1, 0, 1] * 8, "x": [1, 1, 1, 0, 0, 0] * 8})
    >>> table = CoxModel("x", ties="breslow")(Cohort.from_frame(frame, time_unit="years"))
    >>> table[["term", "hazard_ratio", "n", "n_event"]].round(4).to_dict("records")
    [{'term': 'x', 'hazard_ratio': 4.3723, 'n': 48, 'n_event': 32}]

    References
    ----------
    Cox D R (1972) Regression models and life-tables. JRSS B 34:187-220.
    """

    formula: str
    _: KW_ONLY
    ties: str = "efron"
    strata: str | tuple[str, ...] = ()
    fitter: str = "auto"
    cause: str | None = None
    conf_level: float = 0.95

    def __post_init__(self) -> None:
        check_formula(self.formula)
        check_choice("ties", self.ties, TIES)
        check_choice("fitter", self.fitter, FITTERS)
        check_conf_level(self.conf_level)
        if self.fitter == "lifelines" and self.ties == "breslow":
            raise UsageError('lifelines has no Breslow ties: use fitter="grouped" (or "auto"), or ties="efron"')
        object.__setattr__(self, "strata", (self.strata,) if isinstance(self.strata, str) else tuple(self.strata))

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Fit, and give COEFFICIENTS: one row a term."""
        return self.fit(cohort).coefficients

    def fit(self, cohort: Cohort) -> CoxFit:
        """Fit the model.

        Raises
        ------
        UsageError
            If the formula cannot be read, or the cause is unknown.
        InputError
            If a column is not there, or columns are constant or follow from others.

        Warns
        -----
        DataWarning
            Where rows are left out, events are few or none, or a hazard ratio has no finite estimate.
        """
        design = build_design(self.formula, cohort, self.strata)
        rows = Rows.of(cohort, design.kept, self.strata, self.cause)
        n, p, n_event = len(rows.event), len(design.names), int(rows.event.sum())
        if not n_event or n <= max(p, 1):
            few = "no events" if not n_event else f"{format_count(n)} row{'s' * (n != 1)}, too few for the model"
            warnings.warn(f"the Cox model has {few}: its numbers are missing", DataWarning, stacklevel=2)
            return _nothing_fitted(design, rows, self)
        check_independent(design, rows.stratum)
        _question_few_events(n_event, p)
        return _fit(design, rows, self)


def _question_few_events(n_event: int, p: int) -> None:
    if n_event < EVENTS_PER_COEFFICIENT * p:
        warnings.warn(
            f"{format_count(n_event)} events for {format_count(p)} coefficient{'s' * (p != 1)} ({format_number(n_event / p, 1)} each, "
            f"at least {EVENTS_PER_COEFFICIENT} are wanted): hazard ratios may be far off; use fewer terms, or merge levels", DataWarning, stacklevel=3)


@dataclass(frozen=True, eq=False)
class _Estimate:
    """What a fitter gives: `coefficients` (p,), 0 where the data say nothing; `covariance` (p, p), missing where not `finite` (p,)."""

    coefficients: np.ndarray
    covariance: np.ndarray
    finite: np.ndarray
    likelihood: LogLikelihood
    score_test: float
    df: int
    fitter: str

    @property
    def shown(self) -> np.ndarray:
        """The coefficients, missing where they have no finite estimate."""
        return np.where(self.finite, self.coefficients, np.nan)


def _fit(design: Design, rows: Rows, model: CoxModel) -> CoxFit:
    sets = RiskSets.of(rows.entry, rows.exit, rows.event, rows.stratum)
    estimate = _estimate(design, rows, sets, model)
    scaled, scale = standardised(design.matrix, sets)
    evaluation = PartialLikelihood(sets, scaled, model.ties == "efron").at(estimate.coefficients * scale)
    mean_predictor = float(design.matrix[sets.order].mean(axis=0) @ estimate.coefficients)
    return CoxFit(
        coefficients=_coefficients(design, estimate, rows, model.conf_level),
        covariance=pd.DataFrame(estimate.covariance, index=design.names, columns=design.names), log_likelihood=estimate.likelihood,
        tests=_tests(estimate), concordance=_concordance(rows, design.matrix @ estimate.coefficients),
        baseline=_baseline(evaluation, rows, mean_predictor), n=len(rows.event), n_event=int(rows.event.sum()),
        n_dropped=int((~design.kept).sum()), fitter=estimate.fitter, strata=model.strata, design=design, rows=rows, evaluation=evaluation)


def _estimate(design: Design, rows: Rows, sets: RiskSets, model: CoxModel) -> _Estimate:
    """Maximise the likelihood, look whether it has a maximum, and let lifelines fit where it can."""
    informed = _informed(sets, design.matrix, model.ties)
    maximum = maximise(sets, design.matrix[:, informed], model.ties)
    _tell_unestimable(design, informed, maximum)
    finite = informed.copy()
    finite[informed] = ~maximum.runaway & maximum.converged
    coefficients, covariance = np.zeros(len(finite)), np.full((len(finite), len(finite)), np.nan)
    coefficients[informed], covariance[np.ix_(informed, informed)] = maximum.coefficients, maximum.covariance
    covariance[~finite] = covariance[:, ~finite] = np.nan
    likelihood = LogLikelihood(maximum.null_log_likelihood, maximum.log_likelihood)
    own = _Estimate(coefficients, covariance, finite, likelihood, maximum.score_test, int(informed.sum()), "grouped")
    return _by_lifelines(design.matrix, rows, own) if _lifelines_fits(model, rows, finite) else own


def _by_lifelines(matrix: np.ndarray, rows: Rows, own: _Estimate) -> _Estimate:
    """Give the estimate of lifelines, unless it missed the maximum that the own one has reached."""
    coefficients, covariance, log_likelihood = fit_lifelines(matrix, rows)
    apart = np.abs(coefficients - own.coefficients) / np.sqrt(np.diag(own.covariance))
    if not apart.max() <= FITTERS_AGREE:
        warnings.warn("lifelines did not reach the maximum of the likelihood: the numbers are those of fitter='grouped'", DataWarning, stacklevel=6)
        return own
    likelihood = own.likelihood._replace(model=log_likelihood)
    return replace(own, coefficients=coefficients, covariance=covariance, likelihood=likelihood, fitter="lifelines")


def _informed(sets: RiskSets, matrix: np.ndarray, ties: str) -> np.ndarray:
    """Mark the columns on which the risk sets tell anything: a level whose patients all left before the first event does not."""
    scaled, _ = standardised(matrix, sets)
    information = PartialLikelihood(sets, scaled, ties == "efron").at(np.zeros(matrix.shape[1])).information()
    information[np.abs(information) < 1e-12 * sets.n_deaths.sum()] = 0.0
    return ~dependent_columns(information)


def _tell_unestimable(design: Design, informed: np.ndarray, maximum: Maximum) -> None:
    silent = [name for name, told in zip(design.names, informed, strict=True) if not told]
    if silent:
        warnings.warn(
            f"no event tells of {', '.join(silent)}: the hazard ratio is missing; merge the level with another, or leave the term out",
            DataWarning, stacklevel=5)
    names = np.array(design.names)[informed]
    if not maximum.converged:
        warnings.warn("the Cox model did not converge: its numbers are missing; look for covariates with very long tails", DataWarning, stacklevel=5)
    elif maximum.runaway.any():
        warnings.warn(
            f"{', '.join(names[maximum.runaway])}: no finite hazard ratio (a group without an event, or covariates that tell all events apart), "
            "so ratio, interval and p are missing; merge the level with another, or use penalised likelihood where available", DataWarning, stacklevel=5)


def _lifelines_fits(model: CoxModel, rows: Rows, finite: np.ndarray) -> bool:
    """Say whether lifelines fits: it knows no Breslow ties, is quadratic under delayed entry, and stumbles where a coefficient runs away."""
    if model.fitter == "auto":
        return bool(model.ties == "efron" and not (rows.entry >= 0).any() and finite.all())
    return bool(model.fitter == "lifelines" and finite.all())


def fit_lifelines(matrix: np.ndarray, rows: Rows) -> tuple[np.ndarray, np.ndarray, float]:
    """Fit by lifelines at full precision; gives coefficients, covariance and log-likelihood.

    Its default leaves errors up to 7e-5 in a coefficient, and `precision=1e-12` alone up to 1e-6 of a standard error, as it bounds
    the Newton decrement, a square; and `r_precision`, left alone, may end the steps before that.

    Raises
    ------
    InputError
        If lifelines does not converge.
    """
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError

    names = [f"column {place}" for place in range(matrix.shape[1])]
    # One tick later everywhere, as lifelines wants times and entries that are not negative; ranks are all that counts.
    frame = pd.DataFrame(matrix, columns=names).assign(exit=rows.exit + 1.0, event=rows.event)
    options: dict = {"fit_options": {"precision": 1e-20, "r_precision": 1e-18}}
    if len(rows.strata_names) > 1:
        frame["stratum"], options["strata"] = rows.stratum, ["stratum"]
    if (rows.entry >= 0).any():
        frame["entry"], options["entry_col"] = rows.entry + 1.0, "entry"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it warns of (collinear, constant, separated columns) has been looked for already
        try:
            fitted = CoxPHFitter().fit(frame, "exit", "event", **options)
        except ConvergenceError as problem:
            raise InputError('lifelines does not converge on this model: use fitter="grouped"') from problem
    return fitted.params_[names].to_numpy(), fitted.variance_matrix_.loc[names, names].to_numpy(), float(fitted.log_likelihood_)


def _coefficients(design: Design, estimate: _Estimate, rows: Rows, conf_level: float) -> pd.DataFrame:
    beta, std_error = estimate.shown, np.sqrt(np.diag(estimate.covariance))
    reach, z = normal_quantile(conf_level) * std_error, beta / std_error
    with np.errstate(over="ignore"):
        return frame_of(COEFFICIENTS, {
            "term": list(design.names), "coefficient": beta, "std_error": std_error, "hazard_ratio": np.exp(beta),
            "conf_low": np.exp(beta - reach), "conf_high": np.exp(beta + reach), "conf_level": conf_level, "z": z, "df": 1,
            "p_value": 2 * special.ndtr(-np.abs(z)), "n": len(rows.event), "n_event": int(rows.event.sum())})


def _tests(estimate: _Estimate) -> pd.DataFrame:
    beta, likelihood, df = estimate.shown, estimate.likelihood, estimate.df
    wald = float(beta @ np.linalg.solve(estimate.covariance, beta)) if estimate.finite.all() else np.nan
    statistics = (2 * (likelihood.model - likelihood.null), wald, estimate.score_test)
    return frame_of(TESTS, [
        {"test": name, "comparison": "GLOBAL", "statistic": statistic, "df": df, "p_value": special.chdtrc(df, statistic) if df else np.nan}
        for name, statistic in zip(GLOBAL_TESTS, statistics, strict=True)])


def _concordance(rows: Rows, score: np.ndarray) -> float:
    concordant, discordant, tied = concordant_pairs(rows.entry, rows.exit, rows.event, rows.stratum, score)
    pairs = concordant + discordant + tied
    return (concordant + tied / 2) / pairs if pairs else float("nan")


def _baseline(evaluation: Evaluation, rows: Rows, mean_predictor: float) -> pd.DataFrame:
    """Give the cumulative hazard where every column is 0: the columns of the evaluation are centred, so move it back."""
    sets = evaluation.likelihood.sets
    hazard = evaluation.hazard * np.exp(-evaluation.centre - mean_predictor)
    cumulative = np.concatenate([np.cumsum(hazard[start:stop]) for start, stop in sets.bounds]) if sets.bounds else hazard
    names = np.array(rows.strata_names, dtype=object)[sets.strata]
    return pd.DataFrame({"stratum": names, "years": rows.clock.years(sets.ticks), "cumulative_hazard": cumulative})


def _nothing_fitted(design: Design, rows: Rows, model: CoxModel) -> CoxFit:
    """Give a fit of missing numbers, a row a term all the same."""
    names = [design.names[column] if columns else term for term, columns in design.groups.items() for column in (columns or (0,))]
    n, n_event, missing = len(rows.event), int(rows.event.sum()), float("nan")
    coefficients = frame_of(COEFFICIENTS, [{"term": name, "conf_level": model.conf_level, "df": 1, "n": n, "n_event": n_event} for name in names])
    tests = frame_of(TESTS, [{"test": name, "comparison": "GLOBAL", "df": len(names)} for name in GLOBAL_TESTS])
    baseline = pd.DataFrame({"stratum": np.array([], dtype=object), "years": np.zeros(0), "cumulative_hazard": np.zeros(0)})
    return CoxFit(
        coefficients=coefficients, covariance=pd.DataFrame(missing, index=names, columns=names), log_likelihood=LogLikelihood(missing, missing),
        tests=tests, concordance=missing, baseline=baseline, n=n, n_event=n_event, n_dropped=int((~design.kept).sum()), fitter="grouped",
        strata=model.strata, design=design, rows=rows)

