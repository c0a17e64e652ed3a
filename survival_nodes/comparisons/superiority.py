"""Worse than a reference: the hazard ratio of every other group, with a verdict that reads its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

import pandas as pd
from scipy.special import ndtr

from ..columns import CONTRASTS, frame_of
from .hazards import LogHazardRatio, check_one_sided, comparable, ratio_rows

if TYPE_CHECKING:
    from ..cohort import Cohort
    from ..counting import CohortScan


@dataclass(frozen=True)
class Worse:
    """Test whether groups fare worse than a reference group, on the hazard ratio; called on a cohort it gives CONTRASTS.

    Parameters
    ----------
    by
        Column or columns that make the groups.
    reference
        The group that all others are compared with; any of them, as `micro` for macrometastasis against micrometastasis.
    formula
        Covariates that the hazard ratio is adjusted for, as ``"age + grade"``.
    cause
        Cause of death of interest, the other causes censored (the cause-specific hazard); None for the endpoint's event.
    one_sided_alpha
        Error of the one-sided test; the interval is two-sided, with this error at each end.

    Raises
    ------
    UsageError
        If an option cannot be carried out, or the reference is no group.

    Notes
    -----
    `shown`: the whole interval lies above a ratio of 1. `excluded`: wholly below it. Else `inconclusive`. `p_value` is
    one-sided, of a ratio of 1 or less. `margin` is 1. `std_error` is that of the ratio, by the delta method.

    >>> from survival_nodes.cohort import Cohort
    >>> frame = pd.DataFrame({"years": [2, 4, 8, 9] * 40, "event": [1, 1, 1, 0] * 20 + [1, 0, 0, 0] * 20, "node": ["macro"] * 80 + ["micro"] * 80})
    >>> Worse("node", "micro")(Cohort.from_frame(frame, time_unit="years"))[["group", "reference", "verdict"]].values.tolist()
    [['macro', 'micro', 'shown']]
    """

    by: str | Sequence[str]
    reference: str
    _: KW_ONLY
    formula: str | None = None
    cause: str | None = None
    one_sided_alpha: float = 0.025

    def __post_init__(self) -> None:
        check_one_sided(self.one_sided_alpha)

    def __call__(self, cohort: Cohort | CohortScan) -> pd.DataFrame:
        """Give CONTRASTS, a row for each group beside the reference; missing numbers, and `inconclusive`, where a group has no event."""
        return frame_of(CONTRASTS, [{**row, "margin": 1.0, **self._read(ratio, row)} for ratio, row in ratio_rows(comparable(cohort, self), self)])

    def _read(self, ratio: LogHazardRatio, row: dict) -> dict:
        verdict = "shown" if row["conf_low"] > 1 else "excluded" if row["conf_high"] < 1 else "inconclusive"
        return {"p_value": float(ndtr(-ratio.estimate / ratio.std_error)), "verdict": verdict}
