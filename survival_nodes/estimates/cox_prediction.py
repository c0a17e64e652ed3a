"""What a fitted Cox model says of given profiles: survival with its limits, linear predictors, hazard ratios, the baseline elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..cohort.grouping import as_level
from ..errors import UsageError, unknown_name
from ..kernels.baseline_hazard import baseline_hazard, discrete_hazard
from .design import as_profiles
from .options import check_choice, normal_quantile, times_in_years

if TYPE_CHECKING:
    from ..kernels.partial_likelihood import Evaluation
    from .cox_fit import CoxFit

ESTIMATORS = ("exp(-H)", "kalbfleisch-prentice")
CENTRES = ("sample", "zero")
Profiles = pd.DataFrame | Mapping[str, Sequence]


class _Columns(NamedTuple):
    """Coefficients (p,) with 0 for those missing, their covariance, and which are estimated."""

    coefficients: np.ndarray
    covariance: np.ndarray
    estimated: np.ndarray

    @classmethod
    def of(cls, fit: CoxFit) -> _Columns:
        if fit.evaluation is None:
            p = len(fit.design.names)
            return cls(np.zeros(p), np.zeros((p, p)), np.zeros(p, dtype=bool))
        coefficients, covariance = fit.coefficients["coefficient"].to_numpy(), fit.covariance.to_numpy()
        estimated = ~np.isnan(coefficients)
        # A column without an estimate weighs nothing in the risk sets, or runs away so that in the limit it does not.
        return cls(np.where(estimated, coefficients, 0.0), np.where(np.outer(estimated, estimated), covariance, 0.0), estimated)

    def predictor(self, matrix: np.ndarray) -> np.ndarray:
        """Give the linear predictor of rows (k, p), missing where it hangs on a coefficient that is."""
        unknown = (matrix[:, ~self.estimated] != 0).any(axis=1)
        return np.where(unknown, np.nan, matrix @ self.coefficients)

    def std_error(self, matrix: np.ndarray) -> np.ndarray:
        return np.sqrt(np.maximum(np.einsum("kp,pq,kq->k", matrix, self.covariance, matrix), 0.0))


def predict(fit: CoxFit, profiles: Profiles, at_years: Sequence[float] | float, estimator: str) -> pd.DataFrame:
    """Predict survival; see `CoxFit.predict`."""
    check_choice("estimator", estimator, ESTIMATORS)
    given, times = as_profiles(profiles), np.array(times_in_years(at_years))
    matrix, stratum = fit.design.columns_of(given), strata_of(fit, given)
    survival, std_error = _survival(fit, matrix, stratum, times, estimator)
    reach = normal_quantile(_conf_level(fit)) * std_error
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.log(survival) - reach, np.minimum(np.log(survival) + reach, 0.0)
    ended = survival == 0  # no error can be given on a logarithm that is infinite
    low, high, std_error = (np.where(ended, np.nan, each) for each in (np.exp(low), np.exp(high), survival * std_error))
    labels = np.array([str(label) for label in given.index], dtype=object)
    columns = {"survival": survival, "std_error": std_error, "conf_low": low, "conf_high": high}
    return pd.DataFrame({
        "profile": np.repeat(labels, len(times)), "years": np.tile(times, len(given)),
        **{name: values.reshape(-1) for name, values in columns.items()}, "conf_level": _conf_level(fit)})


def _survival(fit: CoxFit, matrix: np.ndarray, stratum: np.ndarray, times: np.ndarray, estimator: str) -> tuple[np.ndarray, np.ndarray]:
    """Give survival and the standard error of its logarithm; shape (profiles, times)."""
    if fit.evaluation is None:
        return np.full((2, len(matrix), len(times)), np.nan)
    columns = _Columns.of(fit)
    evaluation = fit.evaluation if estimator == "exp(-H)" else fit.row_evaluation
    likelihood = evaluation.likelihood
    known = np.where(np.isnan(columns.predictor(matrix)), np.nan, 1.0)[:, None]
    own = (matrix - likelihood.origin) / likelihood.scale
    sample = np.where(columns.estimated, sample_means(fit), 0.0)[None, :]
    increments = baseline_hazard(evaluation) if estimator == "exp(-H)" else discrete_hazard(evaluation, float(_relative(fit, evaluation, columns, sample)[0]))
    at = _places(fit, stratum, times)
    total, hazard, variance, hazard_means = (_running(fit, each)[at] for each in (
        increments.minus_log_survival, increments.hazard, increments.variance, increments.hazard_means))
    relative = _relative(fit, evaluation, columns, matrix)[:, None]
    moved = hazard[:, :, None] * own[:, None, :] - hazard_means
    scaled = columns.covariance * np.outer(likelihood.scale, likelihood.scale)
    of_coefficients = np.einsum("ktp,pq,ktq->kt", moved, scaled, moved)
    followed = np.where(_followed(fit, stratum, times), known, np.nan)
    return np.exp(-relative * total) * followed, relative * np.sqrt(variance + of_coefficients) * followed


def _relative(fit: CoxFit, evaluation: Evaluation, columns: _Columns, matrix: np.ndarray) -> np.ndarray:
    """Give the hazard of rows (k, p), 0 in the columns without an estimate, over that of the evaluation's increments."""
    if columns.estimated.all():
        return np.exp((matrix - evaluation.likelihood.origin) @ columns.coefficients - evaluation.centre)
    # Where a coefficient runs away the evaluation's origin lies away from 0 by an unknown part; the baseline is the same hazard at 0.
    return np.exp(matrix @ columns.coefficients) * fit.baseline["cumulative_hazard"].iloc[0] / evaluation.hazard[0]


def _running(fit: CoxFit, increments: np.ndarray) -> np.ndarray:
    """Sum increments along each stratum, after a row of zeros: (k, ...) in, (k + 1, ...) out."""
    bounds = fit.evaluation.likelihood.sets.bounds
    return np.concatenate([np.zeros((1, *increments.shape[1:])), *(np.cumsum(increments[start:stop], axis=0) for start, stop in bounds)])


def _places(fit: CoxFit, stratum: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Find the last place of each profile's stratum at or before each time, counted from 1 (0: none yet); shape (profiles, times)."""
    sets, position = fit.evaluation.likelihood.sets, fit.rows.clock.position(times)
    of_stratum = np.zeros((len(fit.rows.strata_names), len(times)), dtype=np.int64)
    for start, stop in sets.bounds:
        reached = np.searchsorted(sets.ticks[start:stop], position, side="right")
        of_stratum[sets.strata[start]] = np.where(reached > 0, start + reached, 0)
    return of_stratum[stratum]


def _followed(fit: CoxFit, stratum: np.ndarray, times: np.ndarray) -> np.ndarray:
    last = np.full(len(fit.rows.strata_names), -1, dtype=np.int64)
    np.maximum.at(last, fit.rows.stratum, fit.rows.exit)
    return fit.rows.clock.position(times)[None, :] <= last[stratum][:, None]


def _conf_level(fit: CoxFit) -> float:
    return float(fit.coefficients["conf_level"].iloc[0])


def strata_of(fit: CoxFit, profiles: pd.DataFrame) -> np.ndarray:
    """Give the code of each profile's stratum.

    Raises
    ------
    UsageError
        If a column of the strata is not given, or no patient fitted was in that stratum.
    """
    if not fit.strata:
        return np.zeros(len(profiles), dtype=np.int64)
    missing = [name for name in fit.strata if name not in profiles]
    if missing:
        raise UsageError(f"a profile needs its stratum: {unknown_name('column', missing[0], profiles.columns)}")
    labels = [" | ".join(as_level(value) for value in row) for row in profiles[list(fit.strata)].itertuples(index=False)]
    code = {name: place for place, name in enumerate(fit.rows.strata_names)}
    strange = [label for label in labels if label not in code]
    if strange:
        raise UsageError(unknown_name("stratum among the patients fitted", strange[0], fit.rows.strata_names))
    return np.array([code[label] for label in labels], dtype=np.int64)


def sample_means(fit: CoxFit) -> np.ndarray:
    """Give the weighted means of the columns over the rows fitted, 0 for columns that hold nothing but -1, 0 and 1; shape (p,)."""
    covariates = fit.design.covariates
    used = covariates.counts() > 0
    indicator = np.empty(covariates.n_columns, dtype=bool)
    indicator[covariates.in_table] = np.isin(covariates.table[used], (-1.0, 0.0, 1.0)).all(axis=0)
    indicator[covariates.in_dense] = np.isin(covariates.dense, (-1.0, 0.0, 1.0)).all(axis=1)
    return np.where(indicator, 0.0, covariates.means(fit.rows.weight))


def _centre(fit: CoxFit, centre: str) -> np.ndarray:
    check_choice("centre", centre, CENTRES)
    return sample_means(fit) if centre == "sample" else np.zeros(len(fit.design.names))


def linear_predictor(fit: CoxFit, profiles: Profiles, centre: str) -> pd.DataFrame:
    """Give x b for profiles; see `CoxFit.linear_predictor`."""
    given, columns = as_profiles(profiles), _Columns.of(fit)
    matrix = fit.design.columns_of(given) - _centre(fit, centre)
    predictor = columns.predictor(matrix)
    return pd.DataFrame({
        "profile": [str(label) for label in given.index], "linear_predictor": predictor,
        "std_error": np.where(np.isnan(predictor), np.nan, columns.std_error(matrix))})


def baseline(fit: CoxFit) -> pd.DataFrame:
    """Give the cumulative hazard where every column is 0: infinite where that is so far from the rows that no number holds it."""
    if fit.evaluation is None:
        return pd.DataFrame({"stratum": np.array([], dtype=object), "years": np.zeros(0), "cumulative_hazard": np.zeros(0)})
    likelihood, hazard = fit.evaluation.likelihood, fit.evaluation.hazard
    origin = fit.evaluation.centre + float(likelihood.origin @ fit.solution)  # as the columns are centred
    cumulative = np.concatenate([np.cumsum(hazard[start:stop]) for start, stop in likelihood.sets.bounds])
    with np.errstate(over="ignore"):
        cumulative = cumulative * np.exp(-origin)
    names = np.array(fit.rows.strata_names, dtype=object)[likelihood.sets.strata]
    return pd.DataFrame({"stratum": names, "years": fit.rows.clock.years(likelihood.sets.ticks), "cumulative_hazard": cumulative})


def baseline_at(fit: CoxFit, centre: str) -> pd.DataFrame:
    """Give the cumulative hazard elsewhere than where every column is 0; see `CoxFit.baseline_at`."""
    relative = np.exp(_Columns.of(fit).predictor(_centre(fit, centre)[None, :])[0])
    return fit.baseline.assign(cumulative_hazard=fit.baseline["cumulative_hazard"] * relative)


def hazard_ratio(fit: CoxFit, profiles: Profiles, reference: Mapping[str, object]) -> pd.DataFrame:
    """Give hazard ratios of profiles against one; see `CoxFit.hazard_ratio`."""
    given, against = as_profiles(profiles), _one_profile(reference)
    _refuse_across_strata(fit, given, against)
    columns, matrix = _Columns.of(fit), fit.design.columns_of(given) - fit.design.columns_of(against)
    log_ratio = columns.predictor(matrix)
    std_error = np.where(np.isnan(log_ratio), np.nan, columns.std_error(matrix))
    reach = normal_quantile(_conf_level(fit)) * std_error
    return pd.DataFrame({
        "profile": [str(label) for label in given.index], "hazard_ratio": np.exp(log_ratio), "log_hazard_ratio": log_ratio, "std_error": std_error,
        "conf_low": np.exp(log_ratio - reach), "conf_high": np.exp(log_ratio + reach), "conf_level": _conf_level(fit)})


def _one_profile(reference: Mapping[str, object] | pd.DataFrame) -> pd.DataFrame:
    values = {name: [value] if np.ndim(value) == 0 else list(value) for name, value in dict(reference).items()}
    if {len(each) for each in values.values()} != {1}:
        raise UsageError('the reference is one profile, as {"age": 55, "grade": 2}')
    return pd.DataFrame(values)


def _refuse_across_strata(fit: CoxFit, profiles: pd.DataFrame, reference: pd.DataFrame) -> None:
    for name in fit.strata:
        if name in profiles and name in reference and {as_level(value) for value in profiles[name]} != {as_level(reference[name].iloc[0])}:
            raise UsageError(f"{name!r} is a stratum: each has a baseline hazard of its own, so a hazard ratio across them does not exist")
