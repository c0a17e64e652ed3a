"""How a Cox model is fitted: weights and clusters of the rows, the maximum, lifelines where it fits, the sandwich, and the tables."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..columns import COEFFICIENTS, TESTS, frame_of
from ..errors import DataWarning, InputError
from ..kernels.firth import maximise_penalised_likelihood
from ..kernels.partial_likelihood import Evaluation, Likelihood, Maximum, dependent_columns, maximise_likelihood
from ..kernels.pattern_likelihood import PatternLikelihood
from ..kernels.tails import chi_square_tail, two_sided
from ..units import format_count
from .cox_fit import CoxFit, LogLikelihood
from .cox_rows import Rows, rows_likelihood
from .cox_sandwich import crossed
from .design import Design
from .options import listed, normal_quantile

if TYPE_CHECKING:
    from ..cohort import Cohort
    from .cox import CoxModel

GLOBAL_TESTS = ("likelihood ratio", "Wald", "score")
LIFELINES_ROWS = 20_000  # beyond, lifelines takes ten times as long as the own fitter and more, and its import alone takes seconds
FITTERS_AGREE = 1e-6  # of a standard error; usually they agree to 1e-12


@dataclass(frozen=True, eq=False)
class Estimate:
    """What a fitter gives.

    `coefficients` (p,), 0 where the data say nothing; `covariance` (p, p), missing where not `finite` (p,); `robust` its sandwich,
    None where none is wanted, with `robust_score`; `limits` (2, p) and `p_value` (p,) of the profile, where there is a penalty.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    finite: np.ndarray
    likelihood: LogLikelihood
    score_test: float
    df: int
    fitter: str
    robust: np.ndarray | None = None
    robust_score: float = float("nan")
    limits: np.ndarray | None = None
    p_value: np.ndarray | None = None

    @property
    def shown(self) -> np.ndarray:
        """The coefficients, missing where they have no finite estimate."""
        return np.where(self.finite, self.coefficients, np.nan)

    @property
    def inferred(self) -> np.ndarray:
        """The covariance from which intervals and tests are made: robust where there is one."""
        return self.covariance if self.robust is None else self.robust


def weigh(design: Design, cohort: Cohort, model: CoxModel) -> tuple[Design, Rows]:
    """Give the rows with their weights and clusters; rows that weigh nothing are left out, as they say nothing.

    Raises
    ------
    InputError
        If weights are missing, negative, infinite, not numbers or all 0, or there is one cluster only.
    """
    weight = None if model.weights is None else _weights(cohort, model.weights, design.kept)
    if weight is not None and not weight.all():
        design, weight = design.where(weight > 0), weight[weight > 0]
    whole = weight is None or bool((weight == np.round(weight)).all())
    if model.robust is False and not whole:
        warnings.warn(
            f"weights {model.weights!r} are not whole numbers, so intervals and p-values that rest on the model are wrong: say robust=True",
            DataWarning, stacklevel=3)
    robust = model.cluster is not None or (not whole if model.robust is None else model.robust)
    cluster = _clusters(cohort, model.cluster, design.kept) if robust else None
    return design, Rows.of(cohort, design, model.strata, model.cause, weight, cluster, robust=robust)


def _weights(cohort: Cohort, name: str, kept: np.ndarray) -> np.ndarray:
    column = cohort.column(name)
    weight = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    problems = {
        "not numbers": np.isnan(weight) & column.notna().to_numpy(), "missing": column.isna().to_numpy(), "infinite": np.isinf(weight), "negative": weight < 0}
    for problem, where in problems.items():
        n = int((where & kept).sum())
        if n:
            raise InputError(f"weights {name!r} are {problem} in {format_count(n)} row{'s' * (n != 1)}: every row needs a weight, 0 or more")
    if not weight[kept].any():
        raise InputError(f"weights {name!r} are 0 in all {format_count(kept.sum())} rows: some must be above 0")
    return weight[kept]


def _clusters(cohort: Cohort, name: str | None, kept: np.ndarray) -> np.ndarray | None:
    """Give codes of the clusters: of a column, or of the patients where rows are pieces of them; None where each row stands alone."""
    codes, found = pd.factorize(cohort.column("patient_id" if name is None else name)[kept])
    if name is None and len(found) == len(codes):
        return None
    if len(found) < 2:
        raise InputError(f"cluster {name or 'patient_id'!r} has one value only among the rows fitted: a robust variance needs several")
    return codes


def fit_rows(design: Design, rows: Rows, model: CoxModel) -> CoxFit:
    """Fit the model to rows that have events, and columns that are independent."""
    likelihood = _likelihood(design, rows, model)
    estimate, evaluation = _estimate(design, rows, likelihood, model)
    if evaluation is None:
        evaluation = likelihood.at(estimate.coefficients * likelihood.scale)
    if rows.robust:
        estimate = _with_sandwich(estimate, design, rows, evaluation)
    covariance, naive = (pd.DataFrame(each, index=design.names, columns=design.names) for each in (estimate.inferred, estimate.covariance))
    return CoxFit(
        coefficients=_coefficients(design, estimate, rows, model.conf_level), covariance=covariance, naive_covariance=naive,
        log_likelihood=estimate.likelihood, tests=_tests(estimate), n=rows.n, n_event=rows.n_event, n_dropped=design.n_dropped,
        fitter=estimate.fitter, penalty=model.penalty, strata=model.strata, design=design, rows=rows, evaluation=evaluation,
        solution=estimate.coefficients)


def _likelihood(design: Design, rows: Rows, model: CoxModel) -> Likelihood:
    """Give the likelihood by patterns; by rows where some come under observation late."""
    if rows.enters_late:
        return rows_likelihood(design, rows, model.ties)
    return PatternLikelihood.of(
        design.covariates, rows.small_exit, rows.event, rows.stratum if len(rows.strata_names) > 1 else None, model.ties, repeats=rows.repeats,
        case_weight=rows.case_weight)


def _estimate(design: Design, rows: Rows, likelihood: Likelihood, model: CoxModel) -> tuple[Estimate, Evaluation | None]:
    """Maximise the likelihood, look whether it has a maximum, and let lifelines fit where it can; the likelihood there, where it is at hand."""
    start = likelihood.at(np.zeros(len(design.names)))
    informed = _informed(start)
    _tell_silent(design, informed)
    if model.penalty == "firth" and informed.any():
        return _penalised(design, rows, likelihood, informed, model), None
    maximum = maximise_likelihood(likelihood, start) if informed.all() else maximise_likelihood(likelihood.only(informed))
    _tell_unestimable(design, informed, maximum)
    finite = informed.copy()
    finite[informed] = ~maximum.runaway & maximum.converged
    coefficients, covariance = _spread(informed, maximum.coefficients, maximum.covariance)
    covariance[~finite] = covariance[:, ~finite] = np.nan
    heights = LogLikelihood(maximum.null_log_likelihood, maximum.log_likelihood)
    own = Estimate(coefficients, covariance, finite, heights, maximum.score_test, int(informed.sum()), "grouped")
    if not _lifelines_fits(model, rows, finite):
        return own, maximum.top if informed.all() else None
    return _by_lifelines(design.matrix, rows, own), None


def _penalised(design: Design, rows: Rows, likelihood: Likelihood, informed: np.ndarray, model: CoxModel) -> Estimate:
    """Maximise the penalised likelihood: profile limits, and p-values from its ratio; a score test it has none."""
    deviations = design.covariates.standardised(None if rows.repeats is None else rows.weight)[2] * np.sqrt(rows.n / (rows.n - 1))
    maximum = maximise_penalised_likelihood(
        likelihood if informed.all() else likelihood.only(informed), deviations[informed], normal_quantile(model.conf_level) ** 2)
    if not maximum.converged:
        _tell_no_convergence()
    finite = informed & maximum.converged
    coefficients, covariance = _spread(informed, maximum.coefficients, maximum.covariance)
    covariance[~finite] = covariance[:, ~finite] = np.nan
    limits, p_value = np.full((2, len(finite)), np.nan), np.full(len(finite), np.nan)
    if maximum.converged:
        limits[:, informed], p_value[informed] = (maximum.low, maximum.high), two_sided(np.sqrt(np.maximum(maximum.ratio, 0)))
    likelihood = LogLikelihood(maximum.null_log_likelihood, maximum.log_likelihood)
    return Estimate(coefficients, covariance, finite, likelihood, np.nan, int(informed.sum()), "grouped", limits=limits, p_value=p_value)


def _spread(informed: np.ndarray, coefficients: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put the numbers of the informed columns in their places among all."""
    all_coefficients, all_covariance = np.zeros(len(informed)), np.full((len(informed), len(informed)), np.nan)
    all_coefficients[informed], all_covariance[np.ix_(informed, informed)] = coefficients, covariance
    return all_coefficients, all_covariance


def _with_sandwich(estimate: Estimate, design: Design, rows: Rows, evaluation: Evaluation) -> Estimate:
    """Add the robust covariance: the cross product of how far each cluster moves the coefficients; and the score test by the same."""
    finite, robust, likelihood = estimate.finite, np.full_like(estimate.covariance, np.nan), evaluation.likelihood
    own, p = np.ix_(finite, finite), int(finite.sum())
    robust[own], n_moving = crossed(design, rows, evaluation, estimate.coefficients, finite, estimate.covariance[own])
    if not p:
        return replace(estimate, robust=robust)
    if n_moving <= p:
        few = f"{format_count(n_moving)} cluster{'s' * (n_moving != 1)} for {format_count(p)} coefficient{'s' * (p != 1)}"
        said = f"{few}: robust standard errors are far too small, and there is no test of all terms; name finer clusters, or fewer terms"
        warnings.warn(said, DataWarning, stacklevel=4)
        return replace(estimate, robust=robust)
    if not finite.all():
        return replace(estimate, robust=robust)
    start = likelihood.at(np.zeros(p))
    spread, _ = crossed(design, rows, start, np.zeros(p), finite, np.eye(p))
    return replace(estimate, robust=robust, robust_score=_quadratic(spread, start.score() * likelihood.scale))


def _by_lifelines(matrix: np.ndarray, rows: Rows, own: Estimate) -> Estimate:
    """Give the estimate of lifelines, unless it missed the maximum that the own one has reached."""
    coefficients, covariance, log_likelihood = fit_lifelines(matrix, rows)
    apart = np.abs(coefficients - own.coefficients) / np.sqrt(np.diag(own.covariance))
    if not apart.max() <= FITTERS_AGREE:
        warnings.warn("lifelines did not reach the maximum of the likelihood: the numbers are those of fitter='grouped'", DataWarning, stacklevel=6)
        return own
    likelihood = own.likelihood._replace(model=log_likelihood)
    return replace(own, coefficients=coefficients, covariance=covariance, likelihood=likelihood, fitter="lifelines")


def _informed(start: Evaluation) -> np.ndarray:
    """Mark the columns on which the risk sets tell anything: a level whose patients all left before the first event does not."""
    information = start.information().copy()
    information[np.abs(information) < 1e-12 * start.likelihood.death_weight.sum()] = 0.0
    return ~dependent_columns(information)


def _tell_silent(design: Design, informed: np.ndarray) -> None:
    silent = [name for name, told in zip(design.names, informed, strict=True) if not told]
    if silent:
        warnings.warn(
            f"no event tells of {listed(silent)}: the hazard ratio is missing; merge the level with another, or leave the term out",
            DataWarning, stacklevel=6)


def _tell_unestimable(design: Design, informed: np.ndarray, maximum: Maximum) -> None:
    names = np.array(design.names)[informed]
    if not maximum.converged:
        _tell_no_convergence()
    elif maximum.runaway.any():
        warnings.warn(
            f"{listed(names[maximum.runaway])}: no finite hazard ratio (a group without an event, or covariates that tell all events apart), "
            'so ratio, interval and p are missing; fit with penalty="firth", or merge the level with another', DataWarning, stacklevel=6)


def _tell_no_convergence() -> None:
    warnings.warn("the Cox model did not converge: its numbers are missing; look for covariates with very long tails", DataWarning, stacklevel=7)


def _lifelines_fits(model: CoxModel, rows: Rows, finite: np.ndarray) -> bool:
    """Say whether lifelines fits.

    It knows no Breslow ties, is quadratic under delayed entry, stumbles where a coefficient runs away, its sandwich is off under ties, and
    it is slow on very many rows.
    """
    if model.fitter == "auto":
        plain = model.ties == "efron" and not rows.robust and rows.case_weight is None and rows.repeats is None and rows.n <= LIFELINES_ROWS
        return bool(plain and not rows.enters_late and finite.all())
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
    if rows.enters_late:
        frame["entry"], options["entry_col"] = rows.entry + 1.0, "entry"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it warns of (collinear, constant, separated columns) has been looked for already
        try:
            fitted = CoxPHFitter().fit(frame, "exit", "event", **options)
        except ConvergenceError as problem:
            raise InputError('lifelines does not converge on this model: use fitter="grouped"') from problem
    return fitted.params_[names].to_numpy(), fitted.variance_matrix_.loc[names, names].to_numpy(), float(fitted.log_likelihood_)


def _coefficients(design: Design, estimate: Estimate, rows: Rows, conf_level: float) -> pd.DataFrame:
    beta, naive, std_error = estimate.shown, np.sqrt(np.diag(estimate.covariance)), np.sqrt(np.diag(estimate.inferred))
    reach = normal_quantile(conf_level) * std_error
    with np.errstate(divide="ignore", invalid="ignore"):  # a robust error may be 0
        z = beta / std_error
    low, high = (beta - reach, beta + reach) if estimate.limits is None else estimate.limits
    with np.errstate(over="ignore"):
        return frame_of(COEFFICIENTS, {
            "term": list(design.names), "coefficient": beta, "std_error": naive,
            "robust_std_error": np.full(len(beta), np.nan) if estimate.robust is None else std_error, "hazard_ratio": np.exp(beta),
            "conf_low": np.exp(low), "conf_high": np.exp(high), "conf_level": conf_level, "z": z, "df": 1,
            "p_value": two_sided(z) if estimate.p_value is None else estimate.p_value,
            "n": rows.n, "n_event": rows.n_event})


def _tests(estimate: Estimate) -> pd.DataFrame:
    likelihood, df = estimate.likelihood, estimate.df
    told = estimate.finite.all() and (estimate.robust is None or not np.isnan(estimate.robust_score))
    wald = _quadratic(estimate.inferred, estimate.coefficients) if told else np.nan
    statistics = dict(zip(GLOBAL_TESTS, (2 * (likelihood.model - likelihood.null), wald, estimate.score_test), strict=True))
    if estimate.robust is not None:
        statistics["robust score"] = estimate.robust_score
    return frame_of(TESTS, [
        {"test": name, "comparison": "GLOBAL", "statistic": statistic, "df": df, "p_value": chi_square_tail(df, float(statistic)) if df else np.nan}
        for name, statistic in statistics.items()])


def _quadratic(spread: np.ndarray, values: np.ndarray) -> float:
    """Give values' spread^-1 values."""
    return float(values @ np.linalg.solve(spread, values))


def nothing_fitted(design: Design, rows: Rows, model: CoxModel) -> CoxFit:
    """Give a fit of missing numbers, a row a term all the same."""
    names = [design.names[column] if columns else term for term, columns in design.groups.items() for column in (columns or (0,))]
    n, n_event, missing = rows.n, rows.n_event, float("nan")
    coefficients = frame_of(COEFFICIENTS, [{"term": name, "conf_level": model.conf_level, "df": 1, "n": n, "n_event": n_event} for name in names])
    tests = frame_of(TESTS, [{"test": name, "comparison": "GLOBAL", "df": len(names)} for name in GLOBAL_TESTS])
    covariance = pd.DataFrame(missing, index=names, columns=names)
    return CoxFit(
        coefficients=coefficients, covariance=covariance, naive_covariance=covariance, log_likelihood=LogLikelihood(missing, missing),
        tests=tests, n=n, n_event=n_event, n_dropped=design.n_dropped, fitter="grouped",
        penalty=model.penalty, strata=model.strata, design=design, rows=rows)
