"""Mean time lived within a horizon: of groups, contrasted, adjusted for covariates; and the years lost to each cause."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..cohort import Clock, Cohort
from ..cohort.grouping import as_level
from ..columns import CONTRASTS, ESTIMATES, frame_of
from ..counting import GroupCounts, cells_of, group_counts, names_in, refuse_repeats, refuse_scan
from ..errors import UsageError, unknown_name
from ..kernels.aalen_johansen import years_lost
from ..kernels.restricted_mean import restricted_mean
from ..kernels.tails import two_sided
from .aalen_johansen import declared_causes
from .horizon import endpoint_of, is_known_to, last_years, other_labels, warn_of_short_follow_up
from .options import check_conf_level, normal_quantile

MEASURES = ("restricted-mean-difference", "restricted-mean-ratio", "restricted-time-lost-ratio")
COEFFICIENT_COLUMNS = ("group", "reference", "term", "coefficient", "std_error", "z", "p_value", "conf_low", "conf_high", "conf_level")


class Lived(NamedTuple):
    """The mean time lived within the horizon and its variance; NaN where follow-up does not reach so far."""

    mean: float
    variance: float


class OnScale(NamedTuple):
    """A contrast on the scale on which it is normal: a difference, or the logarithm of a ratio."""

    value: float
    std_error: float


@dataclass(frozen=True)
class RestrictedMean:
    """Estimate the mean years lived within a horizon, the area under the Kaplan-Meier survival up to it.

    Parameters
    ----------
    by
        Column or columns that make the groups; None takes everybody as one.
    horizon_years
        The horizon, in years.
    conf_level
        Coverage of the intervals, which are normal: of means and differences on their own scale, of ratios on the log scale.
    cause
        Count only this cause as the event and censor the others; None counts the endpoint's event. For `years_lost`: give only
        this cause, the others competing with it.

    Raises
    ------
    UsageError
        If an option cannot be carried out, or the cohort knows no such cause.

    Warns
    -----
    DataWarning
        If the horizon lies beyond a group's last follow-up and its survival has not fallen to 0: its numbers are missing, as the
        curve is never carried on, and the longest horizon that all groups reach is named.

    Notes
    -----
    Irwin 1949, J Hyg 47:188; Royston and Parmar 2013, BMC Med Res Methodol 13:152. The standard error is that of the estimate:
    Greenwood's variance carried to the area (Klein and Moeschberger 2003, section 4.5), as in R's survfit; it is not the standard
    deviation of the patients' times. With delayed entry, at risk at t are those with entry < t <= exit.

    >>> import pandas as pd
    >>> cohort = Cohort.from_frame(pd.DataFrame({"t": [12, 24, 48, 60], "d": [1, 1, 0, 0]}), {"years": "t", "event": "d"}, "months")
    >>> RestrictedMean(None, 4)(cohort)[["years", "estimate", "std_error"]].round(4).values.tolist()
    [[4.0, 2.75, 0.6495]]
    """

    by: str | Sequence[str] | None = None
    horizon_years: float | None = None
    conf_level: float = field(default=0.95, kw_only=True)
    cause: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        horizon = self.horizon_years
        if not hasattr(horizon, "__float__") or isinstance(horizon, bool) or not 0 < horizon < math.inf:
            raise UsageError(f"horizon_years is a number of years above 0, as 5, not {horizon!r}")
        check_conf_level(self.conf_level)

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Give ESTIMATES, a row a group: `years` is the horizon, the estimate and its standard error are years."""
        cohort = cells_of(cohort, names_in(self.by))
        groups = self._count(cohort)
        lived = [self._lived(counts, cohort.clock) for counts in groups]
        rows = [self._row(cohort, counts, each.mean, each.variance) | {"n_event": int(counts.n_event[self._within(counts, cohort.clock)].sum())}
                for counts, each in zip(groups, lived, strict=True)]
        method = "area under the Kaplan-Meier survival, Greenwood variance, plain interval"
        return frame_of(ESTIMATES, [row | {"cause": self.cause, "method": method} for row in rows])

    def contrast(self, cohort: Cohort, reference: str) -> pd.DataFrame:
        """Give CONTRASTS of every other group with the reference: the difference and the ratio of means, and the ratio of the time lost.

        `p_value` is two-sided, of no difference; margin and verdict are missing. A ratio of zero, or by zero, has no interval.

        Raises
        ------
        UsageError
            If there is no such group.
        """
        cohort = cells_of(cohort, names_in(self.by))
        reference, groups = as_level(reference), {counts.label: counts for counts in self._count(cohort)}
        others = other_labels(tuple(groups), self.by, reference)
        lived = {label: self._lived(counts, cohort.clock) for label, counts in groups.items()}
        rows = []
        for label in others:
            for measure in MEASURES:
                rows.append(self._contrast_row(cohort, measure, label, reference, self._on_scale(measure, lived[label], lived[reference])))
        return frame_of(CONTRASTS, rows)

    def adjusted(self, cohort: Cohort, reference: str, formula: str) -> pd.DataFrame:
        """Give CONTRASTS as `contrast` does, adjusted for the covariates of a formula.

        Each group is compared with the reference on its own: the mean time is regressed on group and covariates, identity link for
        the difference and log link for the ratios, on those seen to the event or to the horizon, weighted by the inverse of their
        chance of being so seen (Kaplan-Meier of censoring within the group); the sandwich variance allows for the estimated weights.

        Raises
        ------
        UsageError
            If there is no such group, the formula cannot be read, or a row stands for several patients.
        InputError
            If patients come under observation late or in pieces, or a covariate is constant or follows from others.

        Warns
        -----
        DataWarning
            How many rows lack a covariate and are left out; where follow-up does not reach the horizon, or a model has no solution.

        Notes
        -----
        Tian, Zhao and Wei 2014, Biostatistics 15:222, as in R's survRM2: those censored at a time are taken off before the chance
        at that time is read, and no patient stands for more than 1,000.
        """
        from .restricted_mean_regression import adjusted_models  # models cost time to load, and counts do without

        refuse_scan(cohort, f"the adjustment {formula!r}")
        refuse_repeats(cohort, "adjusted restricted means")
        reference, rows = as_level(reference), []
        for model in adjusted_models(self, cohort, reference, formula, MEASURES):
            on_scale = OnScale(float(model.coefficients[1]), float(model.std_errors[1]))
            rows.append(self._contrast_row(cohort, model.measure, model.group, reference, on_scale))
        return frame_of(CONTRASTS, rows)

    def adjusted_coefficients(self, cohort: Cohort, reference: str, formula: str) -> pd.DataFrame:
        """Give the coefficients, in years, of the models behind the adjusted differences.

        The columns are `group, reference, term, coefficient, std_error, z, p_value, conf_low, conf_high, conf_level`, a row a
        term: the intercept, the group, and the covariates as `grade[T.2]`. Errors and warnings are those of `adjusted`.
        """
        from .restricted_mean_regression import adjusted_models  # models cost time to load, and counts do without

        refuse_scan(cohort, f"the adjustment {formula!r}")
        refuse_repeats(cohort, "adjusted restricted means")
        reference, rows, reach = as_level(reference), [], normal_quantile(self.conf_level)
        for model in adjusted_models(self, cohort, reference, formula, MEASURES[:1]):
            for term, value, std_error in zip(model.terms, model.coefficients, model.std_errors, strict=True):
                z = value / std_error if std_error > 0 else math.nan
                numbers = (value, std_error, z, two_sided_p(z), value - reach * std_error, value + reach * std_error, self.conf_level)
                rows.append((model.group, reference, term, *numbers))
        return pd.DataFrame(rows, columns=list(COEFFICIENT_COLUMNS))

    def years_lost(self, cohort: Cohort) -> pd.DataFrame:
        """Give ESTIMATES of the years lost to each cause up to the horizon, a row a group and cause: the area under its incidence.

        All causes' years lost and the restricted mean of the endpoint's event add up to the horizon. `n_event` counts the cause's
        events up to the horizon, `n_censor` the censored.

        Raises
        ------
        UsageError
            If the cohort has no causes, or its endpoint censors some of them.
        InputError
            If an event has no declared cause.

        Notes
        -----
        Andersen 2013, Stat Med 32:5278: areas under the Aalen-Johansen incidences, with the variance that follows from that of the
        events at each time; without delayed entry it is the infinitesimal jackknife of R's survfit.
        """
        cohort = cells_of(cohort, names_in(self.by))
        words = declared_causes(cohort)
        if self.cause is not None and self.cause not in words:
            raise UsageError(unknown_name("cause", self.cause, words))
        rows = []
        for counts in self._counted(cohort, words):
            within = self._within(counts, cohort.clock)
            lost, variance = years_lost(cohort.clock.years(counts.ticks[within]), counts.n_risk[within], counts.events[within], self.horizon_years)
            known = 1.0 if is_known_to(counts, cohort.clock.position(self.horizon_years)) else math.nan
            for place, word in enumerate(words):
                if self.cause in (None, word):
                    rows.append(self._row(cohort, counts, known * lost[place], known * variance[place]) | {
                        "cause": word, "n_event": int(counts.events[within, place].sum()),
                        "method": f"years lost to {word}, area under the Aalen-Johansen incidence, plain interval"})
        return frame_of(ESTIMATES, rows)

    def _count(self, cohort: Cohort) -> tuple[GroupCounts, ...]:
        return self._counted(cohort, None if self.cause is None else (self.cause,))

    def _counted(self, cohort: Cohort, causes: tuple[str, ...] | None) -> tuple[GroupCounts, ...]:
        groups = group_counts(cohort, self.by, causes)
        short = [last_years(counts, cohort.clock) for counts in groups if not is_known_to(counts, cohort.clock.position(self.horizon_years))]
        warn_of_short_follow_up(self.horizon_years, short)
        return groups

    def _within(self, counts: GroupCounts, clock: Clock) -> np.ndarray:
        return counts.ticks <= clock.position(self.horizon_years)

    def _lived(self, counts: GroupCounts, clock: Clock) -> Lived:
        if not is_known_to(counts, clock.position(self.horizon_years)):
            return Lived(math.nan, math.nan)
        within = self._within(counts, clock)
        return Lived(*restricted_mean(clock.years(counts.ticks[within]), counts.n_risk[within], counts.n_event[within], self.horizon_years))

    def _row(self, cohort: Cohort, counts: GroupCounts, estimate: float, variance: float) -> dict:
        std_error, within = math.sqrt(variance), self._within(counts, cohort.clock)
        reach = normal_quantile(self.conf_level) * std_error
        return {
            "endpoint": cohort.endpoint, "group": counts.label, "years": float(self.horizon_years), "estimand": "restricted-mean", "estimate": estimate,
            "std_error": std_error, "conf_low": estimate - reach, "conf_high": estimate + reach, "conf_level": self.conf_level,
            "n_risk": int(counts.at_risk(cohort.clock.position(self.horizon_years))), "n_censor": int(counts.n_censor[within].sum())}

    def _on_scale(self, measure: str, group: Lived, reference: Lived) -> OnScale:
        if measure == "restricted-mean-difference":
            return OnScale(group.mean - reference.mean, math.sqrt(group.variance + reference.variance))
        times = [(self.horizon_years - each.mean if "lost" in measure else each.mean) for each in (group, reference)]
        if any(math.isnan(time) for time in times) or min(times) <= 1e-12 * self.horizon_years:  # a time of 0 has no logarithm
            return OnScale(math.nan, math.nan)
        return OnScale(math.log(times[0] / times[1]), math.sqrt(group.variance / times[0] ** 2 + reference.variance / times[1] ** 2))

    def _contrast_row(self, cohort: Cohort, measure: str, group: str, reference: str, contrast: OnScale) -> dict:
        value, std_error = contrast
        reach = normal_quantile(self.conf_level) * std_error
        numbers = {"estimate": value, "std_error": std_error, "conf_low": value - reach, "conf_high": value + reach}
        if measure.endswith("ratio"):
            with np.errstate(over="ignore"):  # an end beyond all numbers is infinite
                numbers = {name: float(np.exp(number)) for name, number in numbers.items()} | {"std_error": float(np.exp(value)) * std_error}
        z = value / std_error if std_error > 0 else math.nan
        return numbers | {
            "endpoint": endpoint_of(cohort.endpoint, self.cause), "measure": measure, "group": group, "reference": reference,
            "years": float(self.horizon_years), "p_value": two_sided_p(z)}


def two_sided_p(z: float) -> float:
    """Give the two-sided p-value of a standard normal statistic.

    >>> round(two_sided_p(-1.959964), 6)
    0.05
    """
    return float(two_sided(z))
