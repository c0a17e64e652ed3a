"""Net survival of groups: what survival from the disease would be if nobody died of anything else, from a life table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..cohort import Cohort
from ..columns import CURVES, ESTIMATES, Schema, frame_of
from ..kernels.net_counts import risk_counts
from ..kernels.net_survival import NET_CONF_TYPES, net_limits
from ..life_tables import LifeTable
from .followed import Followed, cells_to_follow, follow, life_table_of
from .net_actuarial import Intervals, actuarial_curve, intervals_of
from .net_crude import crude_probabilities, in_whole
from .net_exact import METHODS, closing_date, distinct_days, net_curve, potential_follow_up
from .net_standard import Curve, Standard, standard_of, standardised
from .net_test import net_test
from .net_windows import Moment, Window
from .options import check_choice, check_conf_level, normal_quantile, times_in_years


@dataclass(frozen=True)
class NetSurvival:
    """Estimate the net (relative) survival of groups with pointwise confidence intervals.

    Parameters
    ----------
    by
        Column or columns that make the groups; None takes everybody as one.
    method
        `pohar-perme`, which estimates net survival; or a form of relative survival: `ederer-ii` (expected hazard of those still at risk),
        `ederer-i` (observed survival over the mean survival expected of all from diagnosis), `hakulinen` (over that expected of those
        potentially under observation). Where older patients fare worse the last three estimate something else than net survival.
    life_table
        Mortality of the general population: `us`, or a `LifeTable`.
    at_years
        Times of the estimates, in years.
    intervals
        None: Pohar Perme and Ederer II by the day, Ederer I and Hakulinen exactly at each time. A number: actuarial estimates in
        intervals of so many months; or the months at which intervals end; or `Intervals`, which says the form too.
    period
        Calendar window in which patients are at risk, `(start, end)`: dates, or whole calendar years that both belong to it, as
        ``(2008, 2012)``; None leaves an end open. Complete analysis of what was known by a date: ``(None, "2013-01-01")``. Hybrid analysis:
        a period on a ``cohort.where`` of the years of diagnosis that count.
    standard
        Age standardisation: `icss-1`, `icss-2`, `icss-3`, the weight of each age group as ``{"<50": 0.4, "50+": 0.6}``, or `Standard`.
    conf_type
        Scale of the intervals: `log`, `plain` or `log-log`.
    conf_level
        Coverage of the intervals.

    Raises
    ------
    UsageError
        If an option is not one of those named.
    InputError
        If sex, age or the date of diagnosis is missing or impossible, follow-up leaves a life table that refuses it, nobody is followed
        within the period, or nobody is left in an age group of the standard.

    Warns
    -----
    DataWarning
        If follow-up goes beyond the life table, ages are whole years, dates are known in part, rows have no value in `by`, or rows
        contribute no time to the period.

    Notes
    -----
    Pohar Perme, Stare and Esteve 2012, Biometrics 68:113; Ederer, Axtell and Cutler 1961, NCI Monogr 6:101; Hakulinen 1982, Biometrics
    38:933. Daily: S is the product of 1 - dN/Y + dL over follow-up times and the times asked for, where weights are the inverse of expected
    survival, and dL sums steps of a day that begin anew at each of these times: hazard at the start of a step, mean of the ratios at
    its start and end. Honest programs differ by .001 to .004 at 5 years with the handling of time, so `method` says the form.
    Variance of log S: squared weights of the events over the squared weight at risk, summed. An estimate above 1 is shown as it is, limits too.
    In a period patients are at risk as (entry, exit] from its start to its end, and weights go on from diagnosis (as in Stata's
    strs and stns). The potential follow-up of a dead patient (`hakulinen`) ends on the last date on which anybody of the cohort was followed, or
    at the period's end if that is earlier; that of the others with their own follow-up. `n_risk, n_event, n_censor` count patients as
    in `KaplanMeier`, within the period. A scan is counted by its distinct rows of follow-up, age and date: they are few where `age` is in whole
    years and `diagnosis_year` the only date.

    >>> rows = pd.DataFrame({"t": [12, 30, 36, 61], "d": [1, 1, 0, 0], "age": [51.5, 60.2, 70.1, 80.9], "sex": "female", "diagnosis_date": "2004-03-01"})
    >>> cohort = Cohort.from_frame(rows, {"years": "t", "event": "d"}, "months")
    >>> NetSurvival(at_years=(1, 3, 9))(cohort)[["years", "estimate", "n_risk"]].round(4).values.tolist()
    [[1.0, 0.7764, 4.0], [3.0, 0.5795, 2.0], [9.0, nan, 0.0]]
    """

    by: str | Sequence[str] | None = None
    method: str = field(default="pohar-perme", kw_only=True)
    life_table: str | LifeTable = field(default="us", kw_only=True)
    at_years: Sequence[float] = field(default=(1, 3, 5, 10), kw_only=True)
    intervals: float | Sequence[float] | Intervals | None = field(default=None, kw_only=True)
    period: tuple[Moment, Moment] | None = field(default=None, kw_only=True)
    standard: str | Mapping[str, float] | Standard | None = field(default=None, kw_only=True)
    conf_type: str = field(default="log", kw_only=True)
    conf_level: float = field(default=0.95, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "at_years", times_in_years(self.at_years))
        check_choice("method", self.method, METHODS)
        check_choice("conf_type", self.conf_type, NET_CONF_TYPES)
        check_conf_level(self.conf_level)
        life_table_of(self.life_table)
        Window.of(self.period)
        if self.intervals is not None:
            self._cut.check_times(self.at_years)
        if self.standard is not None:
            self._weighting  # is read once, so that what is wrong in it is said now

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Give ESTIMATES, a row a group and time; missing, with nobody at risk, beyond the group's last follow-up."""
        return self._frame(cohort, ESTIMATES)

    def curve(self, cohort: Cohort) -> pd.DataFrame:
        """Give CURVES: the estimate at every distinct time at which follow-up ends for somebody, or at the end of every interval; no row at time 0.

        Age-standardised in the traditional way it ends where the first age group does.
        """
        return self._frame(cohort, CURVES)

    def crude(self, cohort: Cohort) -> pd.DataFrame:
        """Give ESTIMATES of the probabilities of having died of the cancer and of other causes, where one can die of both (Cronin and Feuer 2000).

        A row a group, cause (`cancer`, `other`) and time, on the plain scale; `method` and `conf_type` play no part.

        Raises
        ------
        UsageError
            If there are intervals or a standard.
        """
        return crude_probabilities(self, cohort)

    def test(
        self, cohort: Cohort, strata: str | Sequence[str] | None = None, *, until_years: float | None = None, step_days: float = 1.0,
    ) -> pd.DataFrame:
        """Give TESTS: whether the groups have the same net survival, by the log-rank-type test of Graffeo et al. 2016.

        Parameters
        ----------
        cohort
            The patients.
        strata
            Column or columns within whose levels the groups are compared.
        until_years, step_days
            Up to when the groups are compared, and how finely sums over those at risk are taken.

        Raises
        ------
        UsageError
            If there is no `by`, or there are intervals or a standard.
        """
        return net_test(self, cohort, strata, until_years, step_days)

    @property
    def _cut(self) -> Intervals:
        return intervals_of(self.intervals)

    @property
    def _weighting(self) -> Standard:
        return standard_of(self.standard)

    def _frame(self, cohort: Cohort, schema: Schema) -> pd.DataFrame:
        table, window = life_table_of(self.life_table), Window.of(self.period)
        cohort = cells_to_follow(cohort, table, self.by)
        whole = in_whole(follow(cohort, table, self.by), cohort)
        closing = min(closing_date(whole), window.end)
        followed = window.within(whole)
        ages = None if self.standard is None else self._weighting.codes(cohort, table.days_per_year)
        parts = []
        for place, label in enumerate(followed.labels):
            own = followed.group(place)
            group = _Group(label, own, closing, None if ages is None else ages[own.row])
            parts.append(self._columns(group, schema))
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return frame_of(schema, columns | {
            "endpoint": cohort.endpoint, "estimand": "net", "method": self._words(table, window), "conf_level": self.conf_level})

    def _columns(self, group: _Group, schema: Schema) -> dict[str, np.ndarray]:
        """Give the columns of one group: at the times asked for, or (CURVES) at its own."""
        followed, asked = group.followed, np.array(self.at_years)
        days = followed.days(asked) if schema is ESTIMATES else self._own_days(group)
        survival, log_std_error = self._read(group, days)
        low, high = net_limits(survival, log_std_error, normal_quantile(self.conf_level), self.conf_type)
        untouched = (survival == 1) & (log_std_error == 0)  # nothing has happened yet, and nothing is uncertain
        order = np.argsort(days, kind="stable")
        n_risk, n_event, n_censor = risk_counts(followed.entry, followed.exit, followed.event, days[order], followed.repeats)
        counts = {"n_risk": n_risk, "n_event": np.cumsum(n_event), "n_censor": np.cumsum(n_censor)}
        back = np.argsort(order, kind="stable")
        return {
            "group": np.full(len(days), group.label, dtype=object), "years": asked if schema is ESTIMATES else followed.years(days),
            "estimate": survival, "std_error": survival * log_std_error, "conf_low": np.where(untouched, 1.0, low),
            "conf_high": np.where(untouched, 1.0, high)} | {name: np.rint(each[back]).astype(np.int64) for name, each in counts.items()}

    def _own_days(self, group: _Group) -> np.ndarray:
        exits = group.followed.exit
        last = float(exits.max(initial=0.0))
        if group.ages is not None and self._weighting.how == "traditional":
            last = min(float(exits[group.ages == age].max()) for age in np.unique(group.ages))
        if self.intervals is not None:
            ends = group.followed.days(self._cut.ends(12 * float(group.followed.years(last))) / 12)
            return ends[ends <= last + 1e-6]
        days = distinct_days(last, exits)
        return days[days > 0]

    def _read(self, group: _Group, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the survival of a group, and its log's standard error, at times in days."""
        def curve_of(followed: Followed, case_weight: np.ndarray | None) -> Curve:
            if self.intervals is None:
                return net_curve(followed, self.method, days, group.closing, case_weight)
            potential = potential_follow_up(followed, group.closing)
            return actuarial_curve(
                followed, self._cut, self.method, float(days.max(initial=0.0)), label=group.label, potential=potential, case_weight=case_weight)

        if not len(group.followed.exit):
            return np.full(len(days), np.nan), np.full(len(days), np.nan)
        if group.ages is None:
            return curve_of(group.followed, None).at(days)
        return standardised(group.followed, group.ages, self._weighting, curve_of, days, group.label)

    def _words(self, table: LifeTable, window: Window) -> str:
        method = METHODS[self.method]
        said = [method.name, method.form if self.intervals is None else self._cut.words]
        said += [] if window.is_open else [window.words]
        said += [] if self.standard is None else [self._weighting.words]
        return ", ".join([*said, f"{self.conf_type} interval", f"life table {table.name}"])


@dataclass(frozen=True, eq=False)
class _Group:
    """One group: its rows, the date on which follow-up closed, and the age group of each row where estimates are standardised."""

    label: str
    followed: Followed
    closing: float
    ages: np.ndarray | None
