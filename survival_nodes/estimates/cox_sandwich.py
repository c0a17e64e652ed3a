"""The robust variance of a Cox model: the cross product of how far each row, or each cluster of rows, moves the coefficients."""

from __future__ import annotations

import numpy as np

from ..kernels.cox_influence import clustered, dfbeta
from ..kernels.partial_likelihood import Evaluation
from ..kernels.pattern_influence import STILL, clustered_influence, crossed_influence
from ..kernels.pattern_likelihood import PatternLikelihood
from ..kernels.places import find_places
from .cox_rows import Rows
from .design import Design


def crossed(
    design: Design, rows: Rows, evaluation: Evaluation, coefficients: np.ndarray, finite: np.ndarray, covariance: np.ndarray,
) -> tuple[np.ndarray, int]:
    """Give the cross product of what rows or clusters move, and how many of them move anything.

    Parameters
    ----------
    design, rows
        What was fitted.
    evaluation
        The likelihood of all columns at the coefficients (p,), which are in the units of the covariates.
    finite
        Columns that count, boolean, shape (p,).
    covariance
        What a score residual is multiplied by, of those columns.
    """
    likelihood = evaluation.likelihood
    if not isinstance(likelihood, PatternLikelihood):
        sets = likelihood.sets
        moved = clustered(dfbeta(evaluation.only(finite), covariance), None if rows.cluster is None else rows.cluster[sets.order])
        moving = _moving(moved, covariance)
        if sets.repeats is None:
            return moved.T @ moved, int(moving.sum())
        # A row that stands for many has added what all of them do.
        return (moved / sets.repeats[:, None]).T @ moved, int(sets.repeats[moving].sum())
    if rows.cluster is None:
        return crossed_influence(evaluation.only(finite), covariance)
    last = find_places(rows.small_exit, rows.event, rows.stratum if len(rows.strata_names) > 1 else None, rows.repeats)[1]
    sums = clustered_influence(evaluation, design.covariates, coefficients * likelihood.scale, last, rows.event, rows.weight, rows.cluster)
    moved = sums[:, finite] @ covariance
    return moved.T @ moved, int(_moving(moved, covariance).sum())


def _moving(moved: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    return (np.abs(moved) > STILL * np.sqrt(np.diag(covariance))).any(axis=1)
