"""Cumulative incidence of competing causes by group, at fixed times and as a curve; and the mistake it is often taken for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product

import numpy as np
import pandas as pd

from ..cohort import Cohort
from ..columns import CURVES, ESTIMATES, Schema, frame_of
from ..counting import GroupCounts, cells_of, group_counts, names_in
from ..errors import UsageError
from ..kernels.aalen_johansen import aalen_johansen
from ..kernels.intervals import CONF_TYPES, Limits, survival_limits
from ..kernels.product_limit import product_limit
from ..units import format_count
from .options import check_choice, check_conf_level, normal_quantile, times_in_years


def declared_causes(cohort: Cohort) -> tuple[str, ...]:
    """Give the causes that compete for a cohort's active endpoint, in the order declared.

    Raises
    ------
    UsageError
        If the cohort has no causes, or its endpoint censors some of them.
    """
    causes = tuple(cause for cause in cohort.causes if cause != "none")
    if not causes:
        raise UsageError(
            "the cohort knows no causes of its events: name the column and declare its codes, as "
            'Cohort.from_frame(frame, columns={"cause": "cod"}, causes={0: "none", 1: "breast-cancer", 2: "other"})')
    cohort.column("cause")
    hidden = cohort.ends.hidden
    if hidden is not None:
        raise UsageError(
            f"endpoint {cohort.endpoint!r} censors {format_count(cohort.whose.count_rows(hidden))} rows that have a cause, so what competes is hidden: "
            'take the endpoint of which they are the causes, as cohort.with_endpoint("overall")')
    return causes


@dataclass(frozen=True, eq=False)
class _Curve:
    """One group and cause after each of the group's exit ticks; `n_event` and `n_censor` are cumulative, `limits` are those at some ticks' places."""

    counts: GroupCounts
    cause: str
    estimate: np.ndarray
    std_error: np.ndarray
    limits: Callable[[np.ndarray], Limits]
    n_event: np.ndarray
    n_censor: np.ndarray

    def at(self, position: np.ndarray) -> dict[str, np.ndarray]:
        """Read the curve at positions on the scale of ticks; missing beyond the group's last follow-up."""
        step, followed = np.searchsorted(self.counts.ticks, position, side="right"), position <= self.counts.last
        begun, place = followed & (step > 0), np.maximum(step - 1, 0)
        numbers = {"estimate": self.estimate[place], "std_error": self.std_error[place], **dict(zip(("conf_low", "conf_high"), self.limits(place)))}
        # Before anybody leaves the incidence is 0 and nothing is uncertain.
        read = {name: np.where(begun, values, np.where(followed, 0.0, np.nan)) for name, values in numbers.items()}
        return read | {
            "n_risk": self.counts.at_risk(position), "n_event": np.append(0, self.n_event)[step], "n_censor": np.append(0, self.n_censor)[step],
            "group": np.full(len(step), self.counts.label, dtype=object), "cause": np.full(len(step), self.cause, dtype=object)}


@dataclass(frozen=True)
class AalenJohansen:
    """Estimate the cumulative incidence of every cause, by group, with pointwise confidence intervals.

    Parameters
    ----------
    by
        Column or columns that make the groups; None takes everybody as one.
    at_years
        Times of the estimates, in years.
    conf_level
        Coverage of the intervals.
    conf_type
        Scale of the intervals: `log-log`, `log`, `plain`, `logit` or `arcsine`. Every one of them acts on the incidence F itself,
        as in R's survfit of several states; `log-log` is F^exp(+-z se / (F log F)).

    Raises
    ------
    UsageError
        If an option is not one of those named, or the cohort has no causes.

    Notes
    -----
    Aalen and Johansen 1978, Scand J Stat 5:141. The variance takes tied events of all causes as multinomial; without delayed
    entry it is the infinitesimal jackknife of R's survfit. Until somebody leaves, the incidence is 0 and so are its limits; from
    then on an incidence of 0 has limits on the plain scale alone (0 and 0), and those of the other scales are missing, as in R.
    `n_event` counts the cause, `n_censor` those whom no cause has taken.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"t": [12, 30, 36, 61], "d": [1, 2, 0, 1]})
    >>> cohort = Cohort.from_frame(rows, {"years": "t", "event": "d"}, "months", causes={0: "none", 1: "breast-cancer", 2: "other"})
    >>> AalenJohansen(at_years=(1, 5))(cohort)[["cause", "years", "estimate", "n_risk", "n_event"]].values.tolist()
    [['breast-cancer', 1.0, 0.25, 4, 1], ['breast-cancer', 5.0, 0.25, 1, 1], ['other', 1.0, 0.0, 4, 0], ['other', 5.0, 0.25, 1, 1]]
    """

    by: str | Sequence[str] | None = None
    at_years: Sequence[float] = field(default=(1, 3, 5, 10), kw_only=True)
    conf_level: float = field(default=0.95, kw_only=True)
    conf_type: str = field(default="log-log", kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "at_years", times_in_years(self.at_years))
        check_conf_level(self.conf_level)
        check_choice("conf_type", self.conf_type, CONF_TYPES)

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Give ESTIMATES, a row a group, cause and time; missing, with nobody at risk, beyond the group's last follow-up."""
        cohort = cells_of(cohort, names_in(self.by))
        return self._frame(cohort, ESTIMATES, self._incidences(cohort), *_INCIDENCE)

    def curve(self, cohort: Cohort) -> pd.DataFrame:
        """Give CURVES: the incidences at every distinct time at which follow-up ends for somebody; no row at time 0."""
        cohort = cells_of(cohort, names_in(self.by))
        return self._frame(cohort, CURVES, self._incidences(cohort), *_INCIDENCE)

    def naive(self, cohort: Cohort) -> pd.DataFrame:
        """Give, as ESTIMATES, one minus the Kaplan-Meier survival of each cause with the others censored: the mistake, to be shown as such.

        It is the incidence in a world where nobody can have a competing event, and is never below the incidence in this one.
        The interval is that of the survival; `n_censor` counts the competing events, which are censored here.
        """
        cohort = cells_of(cohort, names_in(self.by))
        return self._frame(cohort, ESTIMATES, self._mistakes(cohort), *_NAIVE)

    def naive_curve(self, cohort: Cohort) -> pd.DataFrame:
        """Give what `naive` gives as CURVES, at every distinct time."""
        cohort = cells_of(cohort, names_in(self.by))
        return self._frame(cohort, CURVES, self._mistakes(cohort), *_NAIVE)

    def _incidences(self, cohort: Cohort) -> list[_Curve]:
        causes, z = declared_causes(cohort), normal_quantile(self.conf_level)
        curves = []
        for counts in group_counts(cohort, self.by, causes):
            _, incidence, variance = aalen_johansen(counts.n_risk, counts.events)
            n_censor = np.cumsum(counts.n_censor)
            for place, cause in enumerate(causes):
                estimate, std_error = incidence[:, place], np.sqrt(variance[:, place])
                limits = partial(_limits_at, estimate, std_error, partial(incidence_limits, z=z, conf_type=self.conf_type))
                curves.append(_Curve(counts, cause, estimate, std_error, limits, np.cumsum(counts.events[:, place]), n_censor))
        return curves

    def _mistakes(self, cohort: Cohort) -> list[_Curve]:
        causes, z = declared_causes(cohort), normal_quantile(self.conf_level)
        curves = []
        for counts, (place, cause) in product(group_counts(cohort, self.by, causes), enumerate(causes)):
            own = counts.events[:, place]
            survival, log_variance = product_limit(counts.n_risk, own)
            with np.errstate(invalid="ignore"):  # no number where nobody survives
                std_error = survival * np.sqrt(log_variance)
            limits = partial(_limits_at, survival, np.sqrt(log_variance), partial(_naive_limits, z=z, conf_type=self.conf_type))
            n_censor = np.cumsum(counts.n_censor + counts.n_event - own)
            curves.append(_Curve(counts, cause, 1 - survival, std_error, limits, np.cumsum(own), n_censor))
        return curves

    def _frame(self, cohort: Cohort, schema: Schema, curves: Sequence[_Curve], estimand: str, method: str) -> pd.DataFrame:
        """Put curves into a frame: at the times asked for, or (CURVES) at their own."""
        at, clock = np.array(self.at_years), cohort.clock
        own = schema is CURVES
        parts = [
            {"years": clock.years(curve.counts.ticks) if own else at, **curve.at(curve.counts.ticks if own else clock.position(at))}
            for curve in curves]
        return frame_of(schema, {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} | {
            "endpoint": cohort.endpoint, "estimand": estimand, "method": f"{method}, {self.conf_type} interval", "conf_level": self.conf_level})


_INCIDENCE = ("cumulative-incidence", "Aalen-Johansen")
_NAIVE = ("cause-specific", "1 - Kaplan-Meier, competing events censored (overstates the incidence)")


def _limits_at(values: np.ndarray, std_errors: np.ndarray, limits: Callable[[np.ndarray, np.ndarray], Limits], places: np.ndarray) -> Limits:
    return limits(values[places], std_errors[places])


def _naive_limits(survival: np.ndarray, log_std_error: np.ndarray, z: float, conf_type: str) -> Limits:
    low, high = survival_limits(survival, log_std_error, z, conf_type)
    return 1 - high, 1 - low


def incidence_limits(incidence: np.ndarray, std_error: np.ndarray, z: float, conf_type: str) -> Limits:
    """Give pointwise limits of an incidence on a scale of its own, those of `survival_limits`; 0 and 0 for an incidence of 0 on the plain one.

    >>> low, high = incidence_limits(np.array([0.0, 0.25]), np.array([0.0, 0.1]), 1.96, "plain")
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.054], [0.0, 0.446])
    """
    occurs = incidence > 0
    log_std_error = np.divide(std_error, incidence, out=np.zeros_like(std_error), where=occurs)
    low, high = survival_limits(incidence, log_std_error, z, conf_type)
    if conf_type == "plain":
        return np.where(occurs, low, 0.0), np.where(occurs, high, 0.0)
    return low, high
