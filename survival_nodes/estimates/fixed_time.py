"""Survival at a fixed time: a test of equal survival across groups, and pseudo-values of single patients."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..cohort import Cohort
from ..cohort.identities import written_ids
from ..columns import TESTS, frame_of
from ..counting import GroupRows, group_rows, weighted_counts
from ..errors import DataWarning, UsageError
from ..kernels.intervals import transformed
from ..kernels.product_limit import leave_one_out, product_limit
from ..kernels.tails import chi_square_tail
from ..kernels.weighted_product_limit import risk_table
from .options import listed
from .step_curves import StepCurve


def fixed_time_tests(curves: Sequence[StepCurve], position: np.ndarray, scale: str, names: Sequence[str]) -> pd.DataFrame:
    """Give TESTS of equal survival of the curves at positions on the scale of ticks, a row a position; see `KaplanMeier.test`."""
    labels = [curve.counts.label for curve in curves]
    survival = np.array([np.where(position <= curve.counts.last, curve.at(position)[2], np.nan) for curve in curves])
    value, slope = transformed(survival, scale)
    rows = []
    for place, name in enumerate(names):
        fault = _fault(labels, survival[:, place])
        covariance = np.full((len(curves), len(curves)), np.nan) if fault else _log_covariance(curves, position[place])
        statistic, df = _equality(value[:, place], covariance * np.outer(slope[:, place], slope[:, place]))
        if not df:
            warnings.warn(f"{name}: {fault or 'too few clusters'}: there is no statistic", DataWarning, stacklevel=3)
        p_value = chi_square_tail(df, statistic) if df else np.nan
        rows.append({"test": name, "comparison": " vs ".join(labels), "statistic": statistic, "df": df, "p_value": p_value, "p_adjusted": np.nan})
    return frame_of(TESTS, rows)


def _fault(labels: Sequence[str], survival: np.ndarray) -> str:
    """Say why groups cannot be compared at a time; nothing where they can."""
    if len(labels) < 2:
        return f"a test compares two groups or more, and there is one ({labels[0]})"
    short = [label for label, s in zip(labels, survival) if np.isnan(s)]
    if short:
        return f"{listed(short)} not followed so long"
    at_edge = [label for label, s in zip(labels, survival) if s in (0, 1)]
    return f"survival of {listed(at_edge)} is 0 or 1" if at_edge else ""


def _log_covariance(curves: Sequence[StepCurve], position: float) -> np.ndarray:
    """Give the covariance of log survival of the groups at one position: clusters may lie in several groups, patients do not."""
    if curves[0].spread is None:
        return np.diag([curve.at(np.array([position]))[3][0] ** 2 for curve in curves])
    n_clusters = max(int(curve.spread.rows.cluster.max()) for curve in curves) + 1
    sums = np.column_stack([
        np.bincount(curve.spread.rows.cluster, curve.spread.influence(np.array([position]))[:, 0], minlength=n_clusters) for curve in curves])
    known = np.where([curve.spread.several for curve in curves], 1.0, np.nan)
    return sums.T @ sums * np.outer(known, known)


def _equality(values: np.ndarray, covariance: np.ndarray) -> tuple[float, int]:
    """Give the chi-square of equal values, and its degrees of freedom; NaN on 0 where a contrast has no variance."""
    if len(values) < 2 or np.isnan(covariance).any():
        return float("nan"), 0
    contrasts = np.column_stack((-np.ones(len(values) - 1), np.eye(len(values) - 1)))
    difference, spread = contrasts @ values, contrasts @ covariance @ contrasts.T
    size = np.sqrt(np.maximum(np.diag(covariance)[1:] + covariance[0, 0], np.finfo(float).tiny))
    if np.linalg.matrix_rank(spread / np.outer(size, size), tol=1e-9, hermitian=True) < len(difference):
        return float("nan"), 0
    return float(difference @ np.linalg.solve(spread, difference)), len(difference)


def pseudo_value_frame(cohort: Cohort, by: str | Sequence[str] | None, cause: str | None, years: np.ndarray) -> pd.DataFrame:
    """Give `patient_id, group, years, pseudo_value`, patients in the order of the cohort; see `KaplanMeier.pseudo_values`."""
    position = cohort.clock.position(years)
    parts = [_pseudo_values(group, position) for group in group_rows(cohort, by, cause)]
    place, values, labels = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.argsort(place, kind="stable")
    ids = written_ids(cohort.column("patient_id").to_numpy()[place[order]])
    return pd.DataFrame({
        "patient_id": np.repeat(ids, len(years)), "group": np.repeat(labels[order], len(years)), "years": np.tile(years, len(order)),
        "pseudo_value": values[order].reshape(-1)})


def _pseudo_values(group: GroupRows, position: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give where a group's patients stand in the cohort, their pseudo-values at the positions, and their label."""
    rows, table = group.rows, risk_table(group.rows)
    counts = weighted_counts(group.label, rows, table)
    if (counts.n_enter[counts.entry_ticks >= 0] != 0).any():
        raise UsageError("pseudo-values are defined where everybody is under observation from the origin: some enter late (or change group); "
                         "take a landmark before, as cohort.landmark(1)")
    ends = ~rows.inner
    n, reached = int(ends.sum()), np.searchsorted(table.ticks, position, side="right")
    survival = np.append(1.0, product_limit(table.n_risk, table.n_event)[0])[reached]
    without = leave_one_out(table.n_risk, table.n_event, reached)[np.searchsorted(table.ticks, rows.exit[ends]), rows.event[ends].astype(int)]
    values = np.where(position <= counts.last, n * survival - (n - 1) * without, np.nan)
    return group.place[ends], values, np.full(n, group.label, dtype=object)
