"""Survival of groups by the product limit, or by a cumulative hazard; at fixed times, as a curve, as quantiles, conditional."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..cohort import Cohort
from ..columns import CURVES, ESTIMATES, Schema, frame_of
from ..counting import cells_of, names_in, refuse_scan
from ..errors import UsageError
from ..kernels.intervals import CONF_TYPES, survival_limits
from ..units import format_years
from .competing_causes import warn_of_competing_causes
from .fixed_time import fixed_time_tests, pseudo_value_frame
from .options import check_choice, check_conf_level, fractions, normal_quantile, times_in_years
from .step_curves import ESTIMATORS, NAMES, StepCurve, quantile_frame, step_curves

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
    weights
        Column of case weights, numbers of 0 or more; n_risk, n_event and n_censor are then sums of weights.
    robust
        True: the variance adds up the squared influence of clusters (infinitesimal jackknife, as R's survfit); False: weights are
        repeats, and the variance is Greenwood's with weighted counts. None: robust where a weight is not whole, or a cluster is named.
    cluster
        Column that says which rows belong together in the robust variance; None takes patients, so that pieces of a patient's
        follow-up count once.

    Raises
    ------
    UsageError
        If an option is not one of those named, a cluster is named for a variance that is not robust, or the cohort knows no such cause.
    InputError
        If a weight is missing, negative or no number, or all are 0.

    Warns
    -----
    DataWarning
        If a cause is given and, at some of `at_years`, the others make 1 - S differ from its cumulative incidence by more than a point;
        if rows have no value in `by` or `cluster`, and are left out.

    Notes
    -----
    Kaplan and Meier 1958, J Am Stat Assoc 53:457. With delayed entry, at risk at t are those with entry < t <= exit. Once
    everybody at risk has had the event survival is 0 and stays 0. The interval is missing where the scale has none (survival
    0; on most scales also 1 once follow-up has ended for somebody), as in R's survfit. Without weights, every patient a
    cluster and nobody entering late, the robust variance is Greenwood's. A row of weight 0 is nobody's.

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
    weights: str | None = field(default=None, kw_only=True)
    robust: bool | None = field(default=None, kw_only=True)
    cluster: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "at_years", times_in_years(self.at_years))
        check_conf_level(self.conf_level)
        check_choice("conf_type", self.conf_type, CONF_TYPES)
        check_choice("estimator", self.estimator, ESTIMATORS)
        if self.robust not in (None, True, False):
            raise UsageError(f"robust is True, False or None (robust where weights are not whole), not {self.robust!r}")
        if self.cluster is not None and self.robust is False:
            raise UsageError(f"cluster={self.cluster!r} belongs to the robust variance: leave out robust=False, or the cluster")

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Give ESTIMATES, a row a group and time; missing, with nobody at risk, beyond the group's last follow-up."""
        cohort = self._cells(cohort)
        years, curves = np.array(self.at_years), self._curves(cohort)
        position = cohort.clock.position(years)
        if self.cause is not None:
            warn_of_competing_causes(self, cohort, curves)
        parts = [{"years": years, **self._at(curve, position, -1.0)} for curve in curves]
        return self._frame(cohort, ESTIMATES, parts, self._method(curves))

    def curve(self, cohort: Cohort) -> pd.DataFrame:
        """Give CURVES: the estimate at every distinct time at which follow-up ends for somebody; no row at time 0."""
        cohort = self._cells(cohort)
        curves = self._curves(cohort)
        parts = [{"years": cohort.clock.years(curve.counts.ticks), **self._at(curve, curve.counts.ticks, -1.0)} for curve in curves]
        return self._frame(cohort, CURVES, parts, self._method(curves))

    def quantiles(self, cohort: Cohort, probs: Sequence[float] = (0.5,)) -> pd.DataFrame:
        """Give QUANTILES: the times by which fractions `probs` have had the event, 0.5 the median.

        Where survival runs flat exactly at 1 - p the middle of that stretch is given; a time that is not reached is missing.
        The interval reads the limits of the curve across (Brookmeyer and Crowley 1982, Biometrics 38:29).
        """
        probs, cohort = fractions(probs), self._cells(cohort)
        return quantile_frame(cohort, self._curves(cohort), probs, self.conf_level, self.conf_type)

    def conditional(self, cohort: Cohort, given_years: float) -> pd.DataFrame:
        """Give ESTIMATES of surviving to those of `at_years` that lie after `given_years`, for those who survived that long.

        S(t | s) = S(t) / S(s), the product of the factors over (s, t]; so it exists too where S(s) is 0, as few were at risk early and
        others entered later. The variance sums Greenwood's terms (or the influence) over (s, t]; events and censored are counted there.

        Raises
        ------
        UsageError
            If none of `at_years` lies after `given_years`.
        """
        (given,) = times_in_years((given_years,))
        years = np.array([time for time in self.at_years if time > given])
        if not len(years):
            raise UsageError(f"no time of at_years lies after given_years={given:g}: add one, as at_years=({given + 1:g}, {given + 5:g})")
        cohort = self._cells(cohort)
        start, position = float(cohort.clock.position(given)), cohort.clock.position(years)
        curves = self._curves(cohort)
        parts = [{"years": years, **self._at(curve, position, start)} for curve in curves]
        return self._frame(cohort, ESTIMATES, parts, self._method(curves, f" given survival to {format_years(given)}"))

    def test(self, cohort: Cohort, scale: str = "log-log") -> pd.DataFrame:
        """Give TESTS: a row for each of `at_years`, equal survival of the groups at that time, a chi-square on a scale.

        Parameters
        ----------
        cohort
            The patients.
        scale
            Any of the scales of intervals; `log-log` and `logit` keep their level best in small groups.

        Raises
        ------
        UsageError
            If there is no `by`, or no such scale.

        Warns
        -----
        DataWarning
            If a group is not followed so long, or its survival is 0 or 1: that test is missing.

        Notes
        -----
        Klein, Logan, Harhoff and Andersen 2007, Stat Med 26:4505. Groups are independent, but in the robust variance, where
        clusters that lie in several groups make these covary.

        >>> rows = pd.DataFrame({"t": [12, 30, 36, 61, 20, 70], "d": [1, 1, 0, 0, 1, 0], "node": [*"aaaabb"]})
        >>> cohort = Cohort.from_frame(rows, {"years": "t", "event": "d"}, "months")
        >>> KaplanMeier("node", at_years=3).test(cohort, "plain").round(3).values[0, :4].tolist()
        ['Kaplan-Meier at 3 years, plain scale', 'a vs b', 0.0, 1]
        """
        check_choice("scale", scale, CONF_TYPES)
        if self.by is None:
            raise UsageError("a test compares groups: name their column, as KaplanMeier(by=...)")
        cohort = self._cells(cohort)
        curves = self._curves(cohort)
        name = f"{NAMES[self.estimator]} at {{}}, {scale} scale{self._weighting(curves)}"
        return fixed_time_tests(curves, cohort.clock.position(np.array(self.at_years)), scale, [name.format(format_years(time)) for time in self.at_years])

    def pseudo_values(self, cohort: Cohort) -> pd.DataFrame:
        """Give `patient_id, group, years, pseudo_value`: n S(t) - (n - 1) S(t) without the patient, at each of `at_years`, n of the group.

        A regression of them on covariates is a regression of S(t). Missing beyond the group's last follow-up.

        Raises
        ------
        UsageError
            If there are weights, another estimator, or patients who enter late: leaving one out is then not defined.

        Notes
        -----
        Andersen, Klein and Rosthoj 2003, Biometrika 90:15. Each is the exact jackknife; all are found in one pass.

        >>> cohort = Cohort.from_frame(pd.DataFrame({"t": [12, 30, 36, 61], "d": [1, 1, 0, 0]}), {"years": "t", "event": "d"}, "months")
        >>> KaplanMeier(at_years=3).pseudo_values(cohort)["pseudo_value"].round(9).tolist()
        [0.0, 0.0, 1.0, 1.0]
        """
        if self.weights is not None or self.estimator != "kaplan-meier":
            raise UsageError("pseudo-values are of the Kaplan-Meier estimate without weights: leave out weights and estimator")
        refuse_scan(cohort, "a pseudo-value")
        return pseudo_value_frame(cohort, self.by, self.cause, np.array(self.at_years))

    def _cells(self, cohort: Cohort) -> Cohort:
        """Give what is counted; a variance that is not of counts alone is refused to a scan."""
        for option in ("weights", "cluster", "robust"):
            if getattr(self, option):
                refuse_scan(cohort, f"{option}={getattr(self, option)!r}")
        return cells_of(cohort, names_in(self.by))

    def _curves(self, cohort: Cohort) -> list[StepCurve]:
        return step_curves(cohort, self.by, self.estimator, self.cause, weights=self.weights, robust=self.robust, cluster=self.cluster)

    def _at(self, curve: StepCurve, position: np.ndarray, start: float) -> dict[str, np.ndarray]:
        """Read a curve at positions on the scale of ticks, for those still followed after `start` (-1: from the origin)."""
        counts = curve.counts
        step, base, estimate, log_std_error = curve.at(position, start)
        n_event, n_censor = (np.append(0, np.cumsum(n)) for n in (counts.n_event, counts.n_censor))
        low, high = survival_limits(estimate, log_std_error, normal_quantile(self.conf_level), self.conf_type)
        untouched = (step == base) & ~np.isnan(estimate)  # before anybody leaves nothing is uncertain
        with np.errstate(invalid="ignore"):  # survival 0: no number
            std_error = estimate * log_std_error
        numbers = {"estimate": estimate, "std_error": std_error, "conf_low": np.where(untouched, 1.0, low), "conf_high": np.where(untouched, 1.0, high)}
        followed = position <= counts.last
        return {name: np.where(followed, values, np.nan) for name, values in numbers.items()} | {
            "n_risk": counts.at_risk(position), "n_event": n_event[step] - n_event[base], "n_censor": n_censor[step] - n_censor[base],
            "group": np.full(len(step), counts.label, dtype=object)}

    def _weighting(self, curves: Sequence[StepCurve]) -> str:
        robust = any(curve.spread is not None for curve in curves)
        variance = ", robust variance" + (f" clustered by {self.cluster}" if self.cluster is not None else "")
        return (f", weighted by {self.weights}" if self.weights is not None else "") + (variance if robust else "")

    def _method(self, curves: Sequence[StepCurve], given: str = "") -> str:
        return f"{NAMES[self.estimator]}{given}{self._weighting(curves)}, {self.conf_type} interval"

    def _frame(self, cohort: Cohort, schema: Schema, parts: list[dict[str, np.ndarray]], method: str) -> pd.DataFrame:
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return frame_of(schema, {
            **columns, "endpoint": cohort.endpoint, "cause": self.cause, "estimand": estimand(cohort, self.cause),
            "method": method, "conf_level": self.conf_level})


def estimand(cohort: Cohort, cause: str | None) -> str:
    """Name what the survival of an endpoint's event estimates; other causes of death censored make it cause-specific."""
    return "cause-specific" if cause is not None or cohort.endpoint == "breast-cancer" else "observed"

