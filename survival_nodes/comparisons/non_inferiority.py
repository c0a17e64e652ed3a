"""No worse than a reference by more than a stated margin: on the hazard ratio, or on the difference in survival at a time."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

import pandas as pd
from scipy.special import ndtr

from ..columns import CONTRASTS, frame_of
from ..errors import DataWarning, UsageError
from ..estimates.horizon import endpoint_of
from ..estimates.kaplan_meier import KaplanMeier
from ..units import format_years
from .hazards import (
    LogHazardRatio, check_difference_margin, check_one_sided, check_ratio_margin, comparable, is_number, other_groups, ratio_rows, reach_of,
)

if TYPE_CHECKING:
    from ..cohort import Cohort
    from ..counting import CohortScan

MEASURES = ("survival-difference", "hazard-ratio")


@dataclass(frozen=True)
class NonInferiority:
    """Test whether groups are no worse than a reference group by more than a margin; called on a cohort it gives CONTRASTS.

    Parameters
    ----------
    by
        Column or columns that make the groups.
    reference
        The group that all others are compared with.
    margin
        The largest worsening that would still be called no worse, stated beforehand: a fall in survival as a positive
        fraction (0.025 is 2.5 percentage points), or a hazard ratio above 1.
    measure
        `survival-difference`: Kaplan-Meier survival of the group minus that of the reference, Greenwood's variance, interval on
        the plain scale. `hazard-ratio`: Cox's model over all groups, interval on the log scale.
    at_years
        Time of the survival difference, in years; a hazard ratio has none.
    one_sided_alpha
        Error of the one-sided test; the interval is two-sided, with this error at each end.
    formula
        Covariates that the hazard ratio is adjusted for, as ``"age + grade"``.
    cause
        Cause of death of interest, the other causes censored (cause-specific); None for the endpoint's event.

    Raises
    ------
    UsageError
        If an option cannot be carried out: a margin that does not fit the measure, covariates for a survival difference, a
        reference that is no group.

    Notes
    -----
    The verdict reads the interval: `shown` if it lies wholly on the near side of the margin, `excluded` if wholly beyond it,
    else `inconclusive` (Piaggio et al 2012, JAMA 308:2594). A p-value above .05 for a difference is not evidence of no
    difference, and is not used. `smallest_margin` is the worst value in the interval: with any larger margin these data would
    have shown non-inferiority. With a cause, `endpoint` is death from it. `p_value` is one-sided, of a worsening as large as
    the margin or larger. `std_error` is on the scale of the estimate (of a ratio: by the delta method).

    >>> from survival_nodes.cohort import Cohort
    >>> frame = pd.DataFrame({"years": [2, 4, 8, 9] * 40, "event": [1, 1, 0, 0] * 20 + [1, 0, 0, 0] * 20, "node": ["micro"] * 80 + ["negative"] * 80})
    >>> cohort = Cohort.from_frame(frame, time_unit="years")
    >>> NonInferiority("node", "negative", 0.1)(cohort)[["group", "estimate", "conf_low", "verdict"]].round(3).values.tolist()
    [['micro', -0.25, -0.395, 'excluded']]
    """

    by: str | Sequence[str]
    reference: str
    margin: float
    _: KW_ONLY
    measure: str = "survival-difference"
    at_years: float = 5
    one_sided_alpha: float = 0.025
    formula: str | None = None
    cause: str | None = None

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise UsageError(f"measure is one of {', '.join(MEASURES)}, not {self.measure!r}")
        check_one_sided(self.one_sided_alpha)
        if self.measure == "hazard-ratio":
            check_ratio_margin(self.margin)
            return
        check_difference_margin(self.margin)
        if self.formula is not None:
            raise UsageError('a survival difference is not adjusted: leave out formula, or say measure="hazard-ratio"')
        if not is_number(self.at_years) or not 0 < self.at_years < math.inf:
            raise UsageError(f"at_years is the one time of the difference, in years, as 5, not {self.at_years!r}")

    def __call__(self, cohort: Cohort | CohortScan) -> pd.DataFrame:
        """Give CONTRASTS, a row for each group beside the reference.

        Warns
        -----
        DataWarning
            If a group's numbers are missing: no event, or no follow-up to the time.
        """
        cohort = comparable(cohort, self)
        if self.measure == "hazard-ratio":
            return frame_of(CONTRASTS, [{**row, **self._read(ratio, row)} for ratio, row in ratio_rows(cohort, self)])
        return frame_of(CONTRASTS, self._difference_rows(cohort))

    def _read(self, ratio: LogHazardRatio, row: dict) -> dict:
        p_value = float(ndtr((ratio.estimate - math.log(self.margin)) / ratio.std_error))
        found = verdict(row["conf_high"], row["conf_low"], self.margin)
        return {"margin": self.margin, "smallest_margin": row["conf_high"], "p_value": p_value, "verdict": found}

    def _difference_rows(self, cohort: Cohort) -> list[dict]:
        groups = other_groups(cohort, self.by, self.reference)
        estimates = KaplanMeier(self.by, at_years=(self.at_years,), cause=self.cause)(cohort).set_index("group")
        return [self._difference_row(endpoint_of(cohort.endpoint, self.cause), estimates, group) for group in groups]

    def _difference_row(self, endpoint: str, estimates: pd.DataFrame, group: str) -> dict:
        difference = float(estimates["estimate"][group] - estimates["estimate"][self.reference])
        errors = {name: float(estimates["std_error"][name]) for name in (group, self.reference)}
        self._tell_missing(errors, estimates)
        # Greenwood's variance is 0 where nobody has had the event, which is no certainty: then there is no interval.
        std_error = math.hypot(*errors.values()) if all(error > 0 for error in errors.values()) else math.nan
        reach = reach_of(self.one_sided_alpha) * std_error
        low, high = difference - reach, difference + reach
        return {
            "endpoint": endpoint, "measure": self.measure, "group": group, "reference": self.reference, "years": self.at_years, "estimate": difference,
            "std_error": std_error, "conf_low": low, "conf_high": high, "margin": self.margin,
            "smallest_margin": low if math.isnan(low) else max(0.0, -low), "p_value": float(ndtr(-(difference + self.margin) / std_error)),
            "verdict": verdict(-low, -high, self.margin)}

    def _tell_missing(self, errors: dict[str, float], estimates: pd.DataFrame) -> None:
        for group, error in errors.items():
            if not error > 0:
                at, survival = format_years(float(self.at_years)), estimates["estimate"][group]
                why = f"is not followed to {at}" if math.isnan(survival) else f"has no event by {at}" if survival == 1 else f"has nobody left at {at}"
                warnings.warn(f"group {group!r} {why}: the difference has no interval and its verdict is inconclusive; choose another time, or merge groups",
                              DataWarning, stacklevel=5)


def verdict(worst: float, best: float, margin: float) -> str:
    """Read an interval of worsening, from its best to its worst value, against the margin; missing ends are inconclusive.

    >>> verdict(1.2, 0.9, 1.3), verdict(2.2, 1.4, 1.3), verdict(1.5, 0.9, 1.3), verdict(math.nan, math.nan, 1.3)
    ('shown', 'excluded', 'inconclusive', 'inconclusive')
    """
    return "shown" if worst < margin else "excluded" if best > margin else "inconclusive"
