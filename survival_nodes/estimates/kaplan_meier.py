"""Survival of groups by the product limit, or by a cumulative hazard; at fixed times, as a curve, as quantiles, conditional."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..cohort import Clock, Cohort
from ..columns import CURVES, ESTIMATES, QUANTILES, Schema, frame_of
from ..counting import GroupCounts, group_counts
from ..errors import UsageError
from ..kernels.intervals import CONF_TYPES, survival_limits
from ..kernels.product_limit import fleming_harrington, nelson_aalen, product_limit, quantile_times
from ..units import format_years
from .options import check_choice, check_conf_level, fractions, normal_quantile, times_in_years

_NAMES = {"kaplan-meier": "Kaplan-Meier", "nelson-aalen": "Nelson-Aalen", "fleming-harrington": "Fleming-Harrington"}
ESTIMATORS = tuple(_NAMES)


@dataclass(frozen=True, eq=False)
class StepCurve:
    """The survival of one group after each of its exit ticks, and the variance of its logarithm."""

    counts: GroupCounts
    survival: np.ndarray
    log_variance: np.ndarray

    def limits(self, conf_level: float, conf_type: str) -> tuple[np.ndarray, np.ndarray]:
        """Give pointwise limits after each tick."""
        return survival_limits(self.survival, np.sqrt(self.log_variance), normal_quantile(conf_level), conf_type)

    def quantiles(self, clock: Clock, probs: Sequence[float], conf_level: float, conf_type: str) -> list[np.ndarray]:
        """Give the years by which each fraction has had the event, and the ends of their intervals (limits read across)."""
        years = clock.years(self.counts.ticks)
        return [quantile_times(years, curve, probs) for curve in (self.survival, *self.limits(conf_level, conf_type))]


def step_curve(counts: GroupCounts, estimator: str) -> StepCurve:
    """Estimate the survival of one group; a cumulative hazard H gives exp(-H), whose logarithm has the variance of H."""
    if estimator == "kaplan-meier":
        return StepCurve(counts, *product_limit(counts.n_risk, counts.n_event))
    hazard, variance = (nelson_aalen if estimator == "nelson-aalen" else fleming_harrington)(counts.n_risk, counts.n_event)
    return StepCurve(counts, np.exp(-hazard), variance)


@dataclass(frozen=True)
class KaplanMeier:
    """Estimate the survival of groups with pointwise confidence intervals.

    Parameters
    ----------
    by
        Column or columns that make the groups; None takes everybody as one.
    at_years
        Times of the estimates, in years.
    conf_level
        Coverage of the intervals.
    conf_type
        Scale of the intervals: `log-log`, `log`, `plain`, `logit` or `arcsine`.
    estimator
        `kaplan-meier` (Greenwood's variance), or exp(-H) with the cumulative hazard H by `nelson-aalen`, or by
        `fleming-harrington`, which takes tied events one after another.
    cause
        Count only this cause as the event and censor the others; None counts the endpoint's event.

    Raises
    ------
    UsageError
        If an option is not one of those named, or the cohort knows no such cause.

    Notes
    -----
    Kaplan and Meier 1958, J Am Stat Assoc 53:457. With delayed entry, at risk at t are those with entry < t <= exit. Once
    everybody at risk has had the event survival is 0 and stays 0. The interval is missing where the scale has none (survival
    0; on most scales also 1 once follow-up has ended for somebody), as in R's survfit.

    >>> import pandas as pd
    >>> cohort = Cohort.from_frame(pd.DataFrame({"t": [12, 30, 36, 61], "d": [1, 1, 0, 0]}), {"years": "t", "event": "d"}, "months")
    >>> KaplanMeier(at_years=(1, 3, 9))(cohort)[["years", "estimate", "n_risk", "n_event", "n_censor"]].values.tolist()
    [[1.0, 0.75, 4.0, 1.0, 0.0], [3.0, 0.5, 2.0, 2.0, 1.0], [9.0, nan, 0.0, 2.0, 2.0]]
    """

    by: str | Sequence[str] | None = None
    at_years: Sequence[float] = field(default=(1, 3, 5, 10), kw_only=True)
    conf_level: float = field(default=0.95, kw_only=True)
    conf_type: str = field(default="log-log", kw_only=True)
    estimator: str = field(default="kaplan-meier", kw_only=True)
    cause: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "at_years", times_in_years(self.at_years))
        check_conf_level(self.conf_level)
        check_choice("conf_type", self.conf_type, CONF_TYPES)
        check_choice("estimator", self.estimator, ESTIMATORS)

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Give ESTIMATES, a row a group and time; missing, with nobody at risk, beyond the group's last follow-up."""
        years = np.array(self.at_years)
        position = cohort.clock.position(years)
        parts = [{"years": years, **self._at(curve, position, -1.0)} for curve in self._curves(cohort)]
        return self._frame(cohort, ESTIMATES, parts, "")

    def curve(self, cohort: Cohort) -> pd.DataFrame:
        """Give CURVES: the estimate at every distinct time at which follow-up ends for somebody; no row at time 0."""
        parts = [
            {"years": cohort.clock.years(curve.counts.ticks), **self._at(curve, curve.counts.ticks, -1.0)}
            for curve in self._curves(cohort)]
        return self._frame(cohort, CURVES, parts, "")

    def quantiles(self, cohort: Cohort, probs: Sequence[float] = (0.5,)) -> pd.DataFrame:
        """Give QUANTILES: the times by which fractions `probs` have had the event, 0.5 the median.

        Where survival runs flat exactly at 1 - p the middle of that stretch is given; a time that is not reached is missing.
        The interval reads the limits of the curve across (Brookmeyer and Crowley 1982, Biometrics 38:29).
        """
        probs = fractions(probs)
        return quantile_frame(cohort, self._curves(cohort), probs, self.conf_level, self.conf_type)

    def conditional(self, cohort: Cohort, given_years: float) -> pd.DataFrame:
        """Give ESTIMATES of surviving to those of `at_years` that lie after `given_years`, for those who survived that long.

        S(t | s) = S(t) / S(s); the variance sums Greenwood's terms over (s, t], and events and censored are counted there.

        Raises
        ------
        UsageError
            If none of `at_years` lies after `given_years`.
        """
        (given,) = times_in_years((given_years,))
        years = np.array([time for time in self.at_years if time > given])
        if not len(years):
            raise UsageError(f"no time of at_years lies after given_years={given:g}: add one, as at_years=({given + 1:g}, {given + 5:g})")
        start, position = float(cohort.clock.position(given)), cohort.clock.position(years)
        parts = [{"years": years, **self._at(curve, position, start)} for curve in self._curves(cohort)]
        return self._frame(cohort, ESTIMATES, parts, f" given survival to {format_years(given)}")

    def _curves(self, cohort: Cohort) -> list[StepCurve]:
        causes = None if self.cause is None else (self.cause,)
        return [step_curve(counts, self.estimator) for counts in group_counts(cohort, self.by, causes)]

    def _at(self, curve: StepCurve, position: np.ndarray, start: float) -> dict[str, np.ndarray]:
        """Read a curve at positions on the scale of ticks, for those still followed after `start` (-1: from the origin)."""
        counts = curve.counts
        step, base = (np.searchsorted(counts.ticks, at, side="right") for at in (position, start))
        survival, log_variance = np.append(1.0, curve.survival), np.append(0.0, curve.log_variance)
        n_event, n_censor = (np.append(0, np.cumsum(n)) for n in (counts.n_event, counts.n_censor))
        with np.errstate(invalid="ignore", divide="ignore"):  # nobody survives to condition on, or survival 0: no number
            estimate, log_std_error = survival[step] / survival[base], np.sqrt(log_variance[step] - log_variance[base])
            std_error = estimate * log_std_error
        low, high = survival_limits(estimate, log_std_error, normal_quantile(self.conf_level), self.conf_type)
        untouched = (step == base) & (survival[base] > 0)  # before anybody leaves nothing is uncertain
        numbers = {"estimate": estimate, "std_error": std_error, "conf_low": np.where(untouched, 1.0, low), "conf_high": np.where(untouched, 1.0, high)}
        followed = position <= counts.last
        return {name: np.where(followed, values, np.nan) for name, values in numbers.items()} | {
            "n_risk": counts.at_risk(position), "n_event": n_event[step] - n_event[base], "n_censor": n_censor[step] - n_censor[base],
            "group": np.full(len(step), counts.label, dtype=object)}

    def _frame(self, cohort: Cohort, schema: Schema, parts: list[dict[str, np.ndarray]], given: str) -> pd.DataFrame:
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return frame_of(schema, {
            **columns, "endpoint": cohort.endpoint, "cause": self.cause, "estimand": estimand(cohort, self.cause),
            "method": f"{_NAMES[self.estimator]}{given}, {self.conf_type} interval", "conf_level": self.conf_level})


def estimand(cohort: Cohort, cause: str | None) -> str:
    """Name what the survival of an endpoint's event estimates; other causes of death censored make it cause-specific."""
    return "cause-specific" if cause is not None or cohort.endpoint == "breast-cancer" else "observed"


def quantile_frame(cohort: Cohort, curves: Sequence[StepCurve], probs: Sequence[float], conf_level: float, conf_type: str) -> pd.DataFrame:
    """Give QUANTILES of curves, a row a group and fraction."""
    times = [curve.quantiles(cohort.clock, probs, conf_level, conf_type) for curve in curves]
    columns = {name: np.concatenate([part[place] for part in times]) for place, name in enumerate(("years", "conf_low", "conf_high"))}
    labels = np.array([curve.counts.label for curve in curves], dtype=object)
    return frame_of(QUANTILES, {"endpoint": cohort.endpoint, "group": np.repeat(labels, len(probs)), "prob": np.tile(probs, len(curves)), **columns})
