"""Events per person-year, with exact limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..cohort import Clock, Cohort
from ..columns import ESTIMATES, frame_of
from ..counting import GroupCounts, cells_of, group_counts, names_in
from .options import check_conf_level


def exact_poisson_limits(n_event: np.ndarray, conf_level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Give exact limits of the mean of a Poisson count (Garwood 1936, Biometrika 28:437; Ulm 1990, Am J Epidemiol 131:373).

    Half the chi-square quantiles on 2d and 2d + 2 degrees of freedom; the lower limit of no event is 0.

    >>> low, high = exact_poisson_limits(np.array([0, 5]))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 1.623], [3.689, 11.668])
    """
    from scipy.special import gammainccinv, gammaincinv  # takes longer to load than all rates to find

    n_event, tail = np.asarray(n_event, dtype=float), (1 - conf_level) / 2
    return np.where(n_event > 0, gammaincinv(np.maximum(n_event, 1), tail), 0.0), gammainccinv(n_event + 1, tail)


@dataclass(frozen=True)
class PersonYears:
    """Estimate the rate of events per person-year of follow-up.

    Parameters
    ----------
    by
        Column or columns that make the groups; None takes everybody as one.
    conf_level
        Coverage of the exact Poisson interval.
    cause
        Count only this cause as the event; None counts the endpoint's event.

    Raises
    ------
    UsageError
        If conf_level is not a fraction, or the cohort knows no such cause.

    >>> import pandas as pd
    >>> cohort = Cohort.from_frame(pd.DataFrame({"t": [12, 30, 36, 42], "d": [1, 0, 1, 0]}), {"years": "t", "event": "d"}, "months")
    >>> PersonYears().table(cohort).round(3).values.tolist()
    [['all', 4, 2, 10.0, 0.2, 0.024, 0.722]]
    """

    by: str | Sequence[str] | None = None
    conf_level: float = field(default=0.95, kw_only=True)
    cause: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        check_conf_level(self.conf_level)

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Give ESTIMATES of the rate, a row a group: `years` is missing, `n_risk` counts all patients, `std_error` is sqrt(d) / person-years."""
        cohort = cells_of(cohort, names_in(self.by))
        table = self.table(cohort)
        with np.errstate(invalid="ignore", divide="ignore"):
            std_error = np.sqrt(table["events"]) / table["person_years"].where(table["person_years"] > 0)
        return frame_of(ESTIMATES, {
            "endpoint": cohort.endpoint, "group": table["group"], "cause": self.cause, "years": np.nan, "estimand": "rate",
            "method": "events per person-year, exact Poisson interval", "estimate": table["rate"], "std_error": std_error,
            "conf_low": table["conf_low"], "conf_high": table["conf_high"], "conf_level": self.conf_level,
            "n_risk": table["n"], "n_event": table["events"], "n_censor": table["n"] - table["events"]})

    def table(self, cohort: Cohort) -> pd.DataFrame:
        """Give `group, n, events, person_years, rate, conf_low, conf_high`; no rate where nobody was followed for any time."""
        cohort = cells_of(cohort, names_in(self.by))
        groups = group_counts(cohort, self.by, None if self.cause is None else (self.cause,))
        events = np.array([int(counts.n_event.sum()) for counts in groups])
        observed = np.array([person_years(counts, cohort.clock) for counts in groups])
        divisor = np.where(observed > 0, observed, np.nan)
        low, high = exact_poisson_limits(events, self.conf_level)
        return pd.DataFrame({
            "group": np.array([counts.label for counts in groups], dtype=object), "n": [counts.n for counts in groups], "events": events,
            "person_years": observed, "rate": events / divisor, "conf_low": low / divisor, "conf_high": high / divisor})


def person_years(counts: GroupCounts, clock: Clock) -> float:
    """Give the time that one group was under observation: what has passed at its exits, less what had at its entries."""
    left = clock.years(counts.ticks) @ (counts.n_event + counts.n_censor)
    return float(left - clock.years(counts.entry_ticks) @ counts.n_enter)
