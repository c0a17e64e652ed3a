"""The survival of a group as a step curve, with the variance of its logarithm: from counts, or from weighted rows."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..cohort import Clock, Cohort
from ..columns import QUANTILES, frame_of
from ..counting import GroupCounts, GroupRows, case_weights, group_counts, group_rows, weighted_counts
from ..errors import DataWarning
from ..kernels.intervals import survival_limits
from ..kernels.product_limit import fleming_harrington, nelson_aalen, product_limit, quantile_times
from ..kernels.weighted_product_limit import RiskTable, WeightedRows, influence, risk_table, robust_log_variance, variance_steps
from .options import listed, normal_quantile

NAMES = {"kaplan-meier": "Kaplan-Meier", "nelson-aalen": "Nelson-Aalen", "fleming-harrington": "Fleming-Harrington"}
ESTIMATORS = tuple(NAMES)


@dataclass(frozen=True, eq=False)
class RobustSpread:
    """The rows behind a curve whose variance adds up the influence of clusters, and the terms of that influence.

    Where `several` is false all rows are one named cluster: their influences add up to 0, and there is no variance.
    """

    rows: WeightedRows
    table: RiskTable
    steps: np.ndarray
    several: bool

    def log_variance(self, base: int = 0) -> np.ndarray:
        """Give the variance of log survival after each tick, counted from the tick in place `base`."""
        if not self.several:
            return np.full(len(self.steps), np.nan)
        return robust_log_variance(self.rows, self.table, np.where(np.arange(len(self.steps)) < base, 0.0, self.steps))

    def influence(self, position: np.ndarray) -> np.ndarray:
        """Give the influence of each row on log survival at positions, shape (n, positions)."""
        return influence(self.rows, self.table, self.steps, position)


@dataclass(frozen=True, eq=False)
class StepCurve:
    """The survival of one group after each of its exit ticks, and the variance of its logarithm; `spread` where that is robust."""

    counts: GroupCounts
    survival: np.ndarray
    log_variance: np.ndarray
    spread: RobustSpread | None = None

    def limits(self, conf_level: float, conf_type: str) -> tuple[np.ndarray, np.ndarray]:
        """Give pointwise limits after each tick."""
        return survival_limits(self.survival, np.sqrt(self.log_variance), normal_quantile(conf_level), conf_type)

    def quantiles(self, clock: Clock, probs: Sequence[float], conf_level: float, conf_type: str) -> list[np.ndarray]:
        """Give the years by which each fraction has had the event, and the ends of their intervals (limits read across)."""
        years = clock.years(self.counts.ticks)
        return [quantile_times(years, curve, probs) for curve in (self.survival, *self.limits(conf_level, conf_type))]

    def at(self, position: np.ndarray, start: float = -1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Read the curve at positions on the scale of ticks, for those still followed after `start` (-1: from the origin).

        Returns
        -------
        step, base, estimate, log_std_error
            Ticks up to each position and up to the start; survival from there, and the standard error of its logarithm. Where
            survival has fallen to 0 by the start, those who enter later are followed anew from there.
        """
        step, base = np.searchsorted(self.counts.ticks, position, side="right"), int(np.searchsorted(self.counts.ticks, start, side="right"))
        survival, log_variance = np.append(1.0, self.survival), np.append(0.0, self.log_variance)
        if not survival[base]:  # only the product limit falls to 0
            since = product_limit(self.counts.n_risk[base:], self.counts.n_event[base:])
            survival, log_variance = (np.concatenate((np.full(base + 1, first), rest)) for first, rest in zip((1.0, 0.0), since, strict=True))
        if self.spread is not None and base:
            log_variance = np.append(0.0, self.spread.log_variance(base))
        with np.errstate(invalid="ignore", divide="ignore"):
            return step, np.full(len(step), base), survival[step] / survival[base], np.sqrt(log_variance[step] - log_variance[base])


def step_curve(counts: GroupCounts, estimator: str) -> StepCurve:
    """Estimate the survival of one group; a cumulative hazard H gives exp(-H), whose logarithm has the variance of H."""
    if estimator == "kaplan-meier":
        return StepCurve(counts, *product_limit(counts.n_risk, counts.n_event))
    hazard, variance = (nelson_aalen if estimator == "nelson-aalen" else fleming_harrington)(counts.n_risk, counts.n_event)
    return StepCurve(counts, np.exp(-hazard), variance)


def step_curves(
    cohort: Cohort, by: str | Sequence[str] | None, estimator: str, cause: str | None, *, weights: str | None, robust: bool | None, cluster: str | None,
) -> list[StepCurve]:
    """Estimate the survival of every group, each by itself; see `KaplanMeier` for what the options mean."""
    if robust is None:
        robust = cluster is not None or (weights is not None and bool((case_weights(cohort, weights) % 1 != 0).any()))
    if weights is None and not robust:
        return [step_curve(counts, estimator) for counts in group_counts(cohort, by, None if cause is None else (cause,))]
    groups = group_rows(cohort, by, cause, weights=weights, cluster=cluster)
    single = [group.label for group in groups if cluster is not None and (group.rows.cluster == group.rows.cluster[0]).all()]
    if single:
        said = f"{listed(single)}: all rows are one cluster of {cluster!r}, and a robust variance compares clusters: there is none"
        warnings.warn(said, DataWarning, stacklevel=4)
    return [_weighted_curve(group, estimator, robust, group.label not in single) for group in groups]


def _weighted_curve(group: GroupRows, estimator: str, robust: bool, several: bool) -> StepCurve:
    table = risk_table(group.rows)
    counts = weighted_counts(group.label, group.rows, table)
    if estimator == "fleming-harrington":
        hazard, log_variance = fleming_harrington(table.n_risk, table.n_event, table.n_deaths)
        curve = StepCurve(counts, np.exp(-hazard), log_variance)
    else:
        curve = step_curve(counts, estimator)
    if not robust:
        return curve
    spread = RobustSpread(group.rows, table, variance_steps(estimator, table.n_risk, table.n_event, table.n_deaths), several)
    return StepCurve(counts, curve.survival, spread.log_variance(), spread)


def quantile_frame(cohort: Cohort, curves: Sequence[StepCurve], probs: Sequence[float], conf_level: float, conf_type: str) -> pd.DataFrame:
    """Give QUANTILES of curves, a row a group and fraction."""
    times = [curve.quantiles(cohort.clock, probs, conf_level, conf_type) for curve in curves]
    columns = {name: np.concatenate([part[place] for part in times]) for place, name in enumerate(("years", "conf_low", "conf_high"))}
    labels = np.array([curve.counts.label for curve in curves], dtype=object)
    return frame_of(QUANTILES, {"endpoint": cohort.endpoint, "group": np.repeat(labels, len(probs)), "prob": np.tile(probs, len(curves)), **columns})
