"""Residuals of a fitted Cox model: where it does not fit, and which patients move it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..cohort.identities import written_ids
from ..errors import UsageError
from ..kernels.cox_influence import dfbeta, martingale, score_residuals
from .options import check_choice

if TYPE_CHECKING:
    from .cox_fit import CoxFit

KINDS = ("martingale", "deviance", "score", "schoenfeld", "scaled-schoenfeld", "dfbeta", "dfbetas")
OF_EVENTS = ("schoenfeld", "scaled-schoenfeld")
OF_ROWS = ("martingale", "deviance")


def residuals(fit: CoxFit, kind: str) -> pd.DataFrame:
    """Give residuals of a kind; see `CoxFit.residuals`."""
    check_choice("kind", kind, KINDS)
    if fit.rows.repeats is not None:
        raise UsageError("residuals are of single patients, whose rows a scan never loads: fit the model to read_cohort(...)")
    rows = np.flatnonzero(fit.design.kept) + 1
    if kind in OF_EVENTS:
        died, values = _at_events(fit, kind)
        ids, years = written_ids(fit.rows.patient_id[died]), fit.rows.clock.years(fit.rows.exit[died])
        return _framed(fit, {"row": rows[died], "patient_id": ids, "years": years}, values)
    first = {"row": rows, "patient_id": written_ids(fit.rows.patient_id)}
    if kind in OF_ROWS:
        return pd.DataFrame({**first, "residual": _of_rows(fit, kind)})
    return _framed(fit, first, _of_coefficients(fit, kind))


def _framed(fit: CoxFit, first: dict[str, np.ndarray], values: np.ndarray) -> pd.DataFrame:
    names = fit.coefficients["term"]
    clash = [name for name in names if name in first]
    if clash:
        raise UsageError(f"the covariate {clash[0]!r} has the name of a column of the residuals: rename it in the cohort")
    return pd.DataFrame({**first, **dict(zip(names, values.T, strict=True))})


def _of_rows(fit: CoxFit, kind: str) -> np.ndarray:
    if fit.row_evaluation is None:
        return np.full(len(fit.rows.event), np.nan)
    values, event = _spread(fit, martingale(fit.row_evaluation)), fit.rows.event.astype(float)
    if kind == "martingale":
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.where(event > 0, np.log(event - values), 0.0)
    return np.sign(values) * np.sqrt(np.maximum(-2 * (values + logarithm), 0.0))


def _of_coefficients(fit: CoxFit, kind: str) -> np.ndarray:
    values = np.full((len(fit.rows.event), len(fit.coefficients)), np.nan)
    if fit.row_evaluation is None:
        return values
    if kind == "score":
        return _spread(fit, score_residuals(fit.row_evaluation))
    estimated, covariance = _model_covariance(fit)
    moved = _spread(fit, dfbeta(fit.row_evaluation.only(estimated), covariance))
    values[:, estimated] = moved if kind == "dfbeta" else moved / np.sqrt(np.diag(covariance))
    return values


def _at_events(fit: CoxFit, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Give the rows that died, by stratum, time and row, and each one's covariates less their mean in the risk set."""
    if fit.row_evaluation is None:
        return np.zeros(0, dtype=np.int64), np.zeros((0, len(fit.coefficients)))
    likelihood = fit.row_evaluation.likelihood
    sets = likelihood.sets
    place = sets.last[sets.died]
    means = fit.row_evaluation.expected() / likelihood.death_weight[:, None]
    values = (likelihood.columns[sets.died] - means[place]) * likelihood.scale
    if kind == "scaled-schoenfeld":
        estimated, covariance = _model_covariance(fit)
        coefficients = fit.coefficients["coefficient"].to_numpy()
        scaled = np.full(values.shape, np.nan)
        scaled[:, estimated] = values[:, estimated] @ covariance * sets.died.sum() + coefficients[estimated]
        values = scaled
    return sets.order[sets.died], values


def _spread(fit: CoxFit, values: np.ndarray) -> np.ndarray:
    """Give values of the ordered rows to all rows; one that is at risk at no event has 0."""
    whole = np.zeros((len(fit.rows.event), *values.shape[1:]))
    whole[fit.row_evaluation.likelihood.sets.order] = values
    return whole


def _model_covariance(fit: CoxFit) -> tuple[np.ndarray, np.ndarray]:
    """Mark the coefficients that are estimated, and give their covariance as the model has it, also where the fit's own is robust."""
    estimated = fit.coefficients["coefficient"].notna().to_numpy()
    return estimated, fit.naive_covariance.to_numpy()[np.ix_(estimated, estimated)]
