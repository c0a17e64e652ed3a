"""Does a larger Cox model fit better than one that lies within it? The likelihood ratio test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..columns import TESTS, frame_of
from ..errors import UsageError
from ..kernels.tails import chi_square_tail

if TYPE_CHECKING:
    from .cox_fit import CoxFit

SAME_PATIENTS = 1e-10  # part of the likelihood of no covariates by which two sums over the same patients may differ
WITHIN = 1e-8  # part of a column that may be left over where it follows from others


def compare(fit: CoxFit, smaller: CoxFit) -> pd.DataFrame:
    """Test a model against one within it; see `CoxFit.compare`."""
    _check_comparable(fit, smaller)
    df = _n_estimated(fit) - _n_estimated(smaller)
    if df <= 0:
        raise UsageError("the model compared with has no fewer coefficients: call compare on the larger of the two")
    _check_nested(fit, smaller)
    statistic = 2 * (fit.log_likelihood.model - smaller.log_likelihood.model)
    names = " against ".join(" + ".join(str(term) for term in each.design.groups) for each in (fit, smaller))
    return frame_of(TESTS, [{
        "test": "likelihood ratio", "comparison": names, "statistic": statistic, "df": df, "p_value": chi_square_tail(df, max(float(statistic), 0.0))}])


def _check_comparable(fit: CoxFit, smaller: CoxFit) -> None:
    if fit.evaluation is None or smaller.evaluation is None:
        raise UsageError("a model without events has no likelihood to compare")
    if not _same_rows(fit, smaller):
        raise UsageError("the models were fitted on different rows (a covariate that is missing leaves rows out): fit both on the rows that have every one")
    if fit.evaluation.likelihood.efron != smaller.evaluation.likelihood.efron and (fit.evaluation.likelihood.sets.n_deaths > 1).any():
        raise UsageError("the models treat ties differently: fit both with the same ties")
    if fit.penalty or smaller.penalty:
        raise UsageError("a penalised likelihood is not that of the data alone: compare models without a penalty")
    weight = fit.rows.case_weight
    if (weight is not None and (weight % 1 != 0).any()) or fit.rows.cluster is not None:
        raise UsageError("with weights that are not counts, or clusters, the partial likelihood is not one of independent rows: use the Wald test")


def _same_rows(fit: CoxFit, smaller: CoxFit) -> bool:
    ours, theirs = fit.rows, smaller.rows
    if ours.repeats is not None or theirs.repeats is not None:
        # Cells of a scan hang on the columns asked for: the patients are the same where their deaths are, among as many at risk.
        alike = (ours.n, ours.n_event, ours.strata_names) == (theirs.n, theirs.n_event, theirs.strata_names)
        return alike and bool(np.isclose(fit.log_likelihood.null, smaller.log_likelihood.null, rtol=SAME_PATIENTS, atol=0))
    arrays = ((getattr(ours, name), getattr(theirs, name)) for name in ("entry", "exit", "event", "stratum", "weight", "patient_id"))
    return bool(np.array_equal(fit.design.kept, smaller.design.kept) and all(np.array_equal(one, other) for one, other in arrays))


def _n_estimated(fit: CoxFit) -> int:
    return int(fit.coefficients["coefficient"].notna().sum())


def _check_nested(fit: CoxFit, smaller: CoxFit) -> None:
    stratum = fit.rows.stratum
    if len(stratum) != len(smaller.rows.stratum):
        strange = [name for name in smaller.design.names if name not in fit.design.names]
        if strange:
            raise UsageError(f"{strange[0]} of the smaller model is not among the columns of the larger, and of a scan no more can be told")
        return
    larger, inner = (_centred_within(each.design.matrix, stratum) for each in (fit, smaller))
    left = inner - larger @ np.linalg.lstsq(larger, inner, rcond=None)[0]
    apart = np.sqrt((left**2).sum(axis=0)) > WITHIN * np.sqrt((inner**2).sum(axis=0))
    if apart.any():
        name = smaller.design.names[int(np.flatnonzero(apart)[0])]
        raise UsageError(f"the models are not nested: {name} of the smaller one does not follow from the columns of the larger")


def _centred_within(matrix: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    n = np.maximum(np.bincount(stratum), 1)
    return matrix - np.column_stack([np.bincount(stratum, weights=column) / n for column in matrix.T])[stratum]
