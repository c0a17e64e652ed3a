"""How well a fitted Cox model tells who fails first: concordance by several weightings, with its standard error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import InputError, UsageError
from ..kernels.concordance import WEIGHTINGS, Pairs, concordance, concordance_variance, concordant_pairs, count_pairs, ranks, time_weights
from .options import check_choice

if TYPE_CHECKING:
    from .cox_fit import CoxFit


def harrell(fit: CoxFit) -> float:
    """Give Harrell's concordance; see `CoxFit.concordance`."""
    if fit.evaluation is None:
        return float("nan")
    rows = fit.rows
    weight = rows.case_weight if rows.repeats is None else rows.repeats
    return concordance(*concordant_pairs(rows.entry, rows.exit, rows.event, rows.stratum, _score(fit), weight))


def _score(fit: CoxFit) -> np.ndarray:
    """Give the linear predictor of each row; its rank, where rows of one pattern have the same."""
    of_table, of_dense = fit.design.covariates.times(fit.solution)
    code = fit.design.covariates.code
    return of_table[code] + of_dense if len(of_dense) else ranks(of_table)[code]


def concordance_table(fit: CoxFit, weighting: str | Sequence[str], horizon_years: float | None) -> pd.DataFrame:
    """Give concordance by weightings of time; see `CoxFit.concordance_table`."""
    wanted = (weighting,) if isinstance(weighting, str) else tuple(weighting)
    for each in wanted:
        check_choice("weighting", each, WEIGHTINGS)
    if horizon_years is not None and not 0 < horizon_years < np.inf:
        raise UsageError(f"horizon_years is a time in years above 0, not {horizon_years!r}")
    if "uno" in wanted and fit.rows.enters_late:
        raise InputError("Uno's weights need everybody under observation from the origin: with delayed entry use 'harrell' or 'peto'")
    return pd.DataFrame([_row(fit, each, horizon_years) for each in wanted])


def _row(fit: CoxFit, weighting: str, horizon_years: float | None) -> dict[str, object]:
    first = {"weighting": weighting, "horizon_years": np.nan if horizon_years is None else float(horizon_years)}
    if fit.evaluation is None:
        return first | dict.fromkeys(("concordance", "std_error", *Pairs._fields[:5]), np.nan)
    pairs = _pairs(fit, weighting, horizon_years)
    # What a cell of patients alike adds is the square of what one of them adds, times how many they are.
    weight = fit.rows.weight if fit.rows.repeats is None else np.sqrt(fit.rows.weight)
    std_error = np.sqrt(concordance_variance(pairs, weight, _varying_together(fit)))
    return first | {"concordance": concordance(*pairs[:3]), "std_error": std_error} | dict(zip(Pairs._fields[:5], pairs[:5], strict=True))


def _pairs(fit: CoxFit, weighting: str, horizon_years: float | None) -> Pairs:
    rows = fit.rows
    at = time_weights(weighting, rows.entry, rows.exit, rows.event, rows.stratum, rows.weight)
    if horizon_years is not None:
        at = np.where(rows.exit <= rows.clock.position(horizon_years), at, 0.0)
    pairs = count_pairs(rows.entry, rows.exit, rows.event, rows.stratum, _score(fit), rows.weight, at)
    if rows.repeats is None:
        return pairs
    # Patients of one cell that fail are tied with each other in both.
    died = rows.event == 1
    return pairs._replace(tied_both=pairs.tied_both + float(at[died] @ (rows.weight * (rows.weight - 1) / 2)[died]))


def _varying_together(fit: CoxFit) -> np.ndarray | None:
    """Give the clusters of the model; else the patients, where some are followed in pieces."""
    if fit.rows.cluster is not None:
        return fit.rows.cluster
    if not fit.rows.enters_late:
        return None
    codes, found = pd.factorize(fit.rows.patient_id)
    return codes if len(found) < len(codes) else None
