"""How long patients were followed: the Kaplan-Meier estimate with censoring as the event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from ..cohort import Cohort
from ..counting import cells_of, group_counts, names_in
from ..kernels.intervals import CONF_TYPES
from .options import check_choice, check_conf_level, fractions
from .step_curves import quantile_frame, step_curve


@dataclass(frozen=True)
class FollowUp:
    """Estimate the median follow-up, or other quantiles of it, by the reverse Kaplan-Meier method.

    Parameters
    ----------
    by
        Column or columns that make the groups; None takes everybody as one.
    probs
        Fractions of the patients, 0.5 the median.
    conf_type, conf_level
        Scale and coverage of the intervals, as for `KaplanMeier`.

    Raises
    ------
    UsageError
        If an option is not one of those named.

    Notes
    -----
    Schemper and Smith 1996, Control Clin Trials 17:343. Those whose event ends follow-up at a time count as at risk at it.

    >>> import pandas as pd
    >>> cohort = Cohort.from_frame(pd.DataFrame({"t": [12, 30, 36, 60], "d": [1, 0, 0, 0]}), {"years": "t", "event": "d"}, "months")
    >>> FollowUp()(cohort)[["prob", "years"]].values.tolist()
    [[0.5, 3.0]]
    """

    by: str | Sequence[str] | None = None
    probs: Sequence[float] = field(default=(0.5,), kw_only=True)
    conf_type: str = field(default="log-log", kw_only=True)
    conf_level: float = field(default=0.95, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "probs", fractions(self.probs))
        check_choice("conf_type", self.conf_type, CONF_TYPES)
        check_conf_level(self.conf_level)

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Give QUANTILES of follow-up, a row a group and fraction; missing where it is not reached."""
        cohort = cells_of(cohort, names_in(self.by))
        curves = [step_curve(counts.reversed(), "kaplan-meier") for counts in group_counts(cohort, self.by)]
        return quantile_frame(cohort, curves, self.probs, self.conf_level, self.conf_type)
