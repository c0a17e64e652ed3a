"""Hazard ratios of groups against one of them, whichever it is, and the checks that comparisons of groups share."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..counting import cells_of, names_in
from ..errors import DataWarning, UsageError
from ..estimates.cox import CoxModel
from ..estimates.design import columns_named
from ..estimates.horizon import endpoint_of, other_labels

if TYPE_CHECKING:
    from ..cohort import Cohort
    from ..counting import CohortScan
    from ..estimates.cox_fit import CoxFit

COLUMN = "compared_group"  # the groups as the model knows them, the reference first


class HazardComparison(Protocol):
    """What a comparison on the hazard ratio states: groups, reference, covariates, cause, and the error at each end of its interval."""

    by: str | Sequence[str]
    reference: str
    formula: str | None
    cause: str | None
    one_sided_alpha: float


class LogHazardRatio(NamedTuple):
    """A group's log hazard ratio against the reference; missing (NaN) where the data do not give it."""

    group: str
    estimate: float
    std_error: float


def comparable(cohort: Cohort | CohortScan, comparison: HazardComparison) -> Cohort:
    """Give a cohort as it is, and of a scan the counted cells of the groups and covariates; UsageError for what is neither."""
    return cells_of(cohort, (*names_in(comparison.by), *(() if comparison.formula is None else columns_named(comparison.formula))))


def ratio_rows(cohort: Cohort, comparison: HazardComparison) -> list[tuple[LogHazardRatio, dict]]:
    """Give each group's log hazard ratio and its row of CONTRASTS, without margin, p-value and verdict."""
    rows = []
    for ratio in log_hazard_ratios(cohort, comparison.by, comparison.reference, comparison.formula, comparison.cause):
        estimate, reach = _exp(ratio.estimate), reach_of(comparison.one_sided_alpha) * ratio.std_error
        rows.append((ratio, {
            "endpoint": endpoint_of(cohort.endpoint, comparison.cause), "measure": "hazard-ratio", "group": ratio.group,
            "reference": comparison.reference, "estimate": estimate, "std_error": estimate * ratio.std_error,
            "conf_low": _exp(ratio.estimate - reach), "conf_high": _exp(ratio.estimate + reach)}))
    return rows


def log_hazard_ratios(cohort: Cohort, by: str | Sequence[str], reference: str, formula: str | None, cause: str | None) -> list[LogHazardRatio]:
    """Fit one Cox model over all groups, the reference as its baseline, and give every other group's log hazard ratio.

    Raises
    ------
    UsageError
        If there is no such reference, or no group beside it.
    """
    labels, codes = _reference_first(cohort, by, reference)
    grouped = cohort.with_columns(pd.DataFrame({COLUMN: pd.Categorical.from_codes(codes, categories=list(labels))}))
    # Several references mean several fits: our own routine gives the same numbers as lifelines to 1e-8 in a tenth of the time.
    fit = CoxModel(COLUMN if formula is None else f"{COLUMN} + {formula}", cause=cause, fitter="grouped").fit(grouped)
    return [_ratio_of(fit, reference, label) for label in labels[1:]]


def other_groups(cohort: Cohort, by: str | Sequence[str], reference: str) -> tuple[str, ...]:
    """Give the groups beside the reference, in level order, or raise UsageError where there is no such reference or nothing beside it."""
    return other_labels(cohort.groups(by).labels, by, reference)


def check_one_sided(one_sided_alpha: float) -> None:
    """Raise UsageError unless the one-sided error lies strictly between 0 and a half."""
    if not is_number(one_sided_alpha) or not 0 < one_sided_alpha < 0.5:
        raise UsageError(f"one_sided_alpha is a fraction between 0 and 0.5, as 0.025, not {one_sided_alpha!r}")


def check_ratio_margin(margin: float) -> None:
    """Raise UsageError unless the margin is a ratio above 1."""
    if not is_number(margin) or not 1 < margin < math.inf:
        raise UsageError(f"the margin of a hazard ratio is a ratio above 1, as 1.3, not {margin!r}")


def check_difference_margin(margin: float) -> None:
    """Raise UsageError unless the margin is a worsening of survival between 0 and 1."""
    if not is_number(margin) or not 0 < margin < 1:
        hint = "; for a ratio say measure=\"hazard-ratio\"" if is_number(margin) and 1 < margin <= 3 else ""
        raise UsageError(f"the margin of a survival difference is a worsening between 0 and 1, as 0.025 for 2.5 percentage points, not {margin!r}{hint}")


def reach_of(one_sided_alpha: float) -> float:
    """Give the normal quantile of the two-sided interval whose each end has this one-sided error.

    >>> round(reach_of(0.025), 6)
    1.959964
    """
    return float(-ndtri(one_sided_alpha))


def _reference_first(cohort: Cohort, by: str | Sequence[str], reference: str) -> tuple[tuple[str, ...], np.ndarray]:
    """Order the groups with the reference first; gives labels and codes (-1 where the group is missing)."""
    groups = cohort.groups(by)
    labels = (reference, *other_groups(cohort, by, reference))
    place = np.array([*(labels.index(label) for label in groups.labels), -1])  # the last for those whose group is missing
    return labels, place[groups.codes]


def _ratio_of(fit: CoxFit, reference: str, label: str) -> LogHazardRatio:
    terms = fit.coefficients.set_index("term")
    term = f"{COLUMN}[T.{label}]"
    levels = fit.design.levels[COLUMN] if fit.design else ()
    if reference != levels[0] or label not in levels:
        # Rows without a covariate are left out of the model, and a whole group may go with them.
        warnings.warn(f"no row of {label!r} or of its reference {reference!r} has every covariate: their hazard ratio is missing", DataWarning, stacklevel=4)
        return LogHazardRatio(label, math.nan, math.nan)
    return LogHazardRatio(label, float(terms["coefficient"].get(term, math.nan)), float(terms["std_error"].get(term, math.nan)))


def _exp(value: float) -> float:
    return math.inf if value > 700 else math.exp(value)


def is_number(value: object) -> bool:
    """Tell a number from text and from true and false."""
    return hasattr(value, "__float__") and not isinstance(value, (str, bool))
