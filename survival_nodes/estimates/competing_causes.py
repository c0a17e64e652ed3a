"""Where 1 - Kaplan-Meier of one cause is not the probability of that event, because other causes compete with it: it is said."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..cohort import Cohort
from ..counting import GroupCounts, group_counts, group_rows, weighted_counts
from ..errors import DataWarning
from ..kernels.aalen_johansen import aalen_johansen
from ..kernels.weighted_product_limit import risk_table
from ..units import format_percent, format_years
from .step_curves import StepCurve

if TYPE_CHECKING:
    from .kaplan_meier import KaplanMeier

MOST = 0.01  # a point


def warn_of_competing_causes(model: KaplanMeier, cohort: Cohort, curves: Sequence[StepCurve]) -> None:
    """Warn, once, where 1 - S of the cause differs from its Aalen-Johansen incidence by more than a point at some of `at_years`."""
    position = cohort.clock.position(np.array(model.at_years))
    excess = np.array([_excess(curve, counts, position) for curve, counts in zip(curves, _of_every_cause(model, cohort), strict=True)])
    if not (excess > MOST).any():
        return
    group, time = np.unravel_index(np.nanargmax(excess), excess.shape)
    where = f"at {format_years(model.at_years[time])}" + (f" in {curves[group].counts.label}" if model.by is not None else "")
    said = (f"other causes compete with {model.cause!r}: 1 - S exceeds its cumulative incidence by up to {format_percent(excess[group, time], sign=False)} "
            f"points ({where}); take 1 - S for a probability only were the others not there, and estimate the incidence by Aalen-Johansen")
    warnings.warn(said, DataWarning, stacklevel=3)


def _of_every_cause(model: KaplanMeier, cohort: Cohort) -> Sequence[GroupCounts]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # rows left out are said already
        if model.weights is None and model.cluster is None:
            return group_counts(cohort, model.by)
        groups = group_rows(cohort, model.by, weights=model.weights, cluster=model.cluster)
    return [weighted_counts(group.label, group.rows, risk_table(group.rows)) for group in groups]


def _excess(curve: StepCurve, counts: GroupCounts, position: np.ndarray) -> np.ndarray:
    own = curve.counts.n_event
    _, incidence, _ = aalen_johansen(counts.n_risk, np.column_stack((own, counts.n_event - own)))
    step = np.searchsorted(counts.ticks, position, side="right")
    excess = 1 - np.append(1.0, curve.survival)[step] - np.append(0.0, incidence[:, 0])[step]
    return np.where(position <= counts.last, excess, np.nan)
