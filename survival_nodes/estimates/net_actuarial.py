"""Net survival in intervals of months, as the registries' programs print it: their form, their ends, and the curve of one group."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real

import numpy as np

from ..errors import DataWarning, UsageError
from ..kernels.net_counts import Case
from ..kernels.net_intervals import FORMS, RATES, Stays, expected_survival, interval_sums, net_steps
from ..units import format_number, format_years
from .followed import Followed
from .options import check_choice

_SAME = 1e-9  # of a time in months: rounding alone
_RATES_SAID = {"throughout": "", "start": ", rates at the start of each", "middle": ", rates in the middle of each stay"}


@dataclass(frozen=True)
class Intervals:
    """The intervals in which net survival is estimated, where it is not estimated by the day.

    Parameters
    ----------
    months
        Length of equal intervals in months, as 1 or 12; or the months at which unequal ones end, as (1, 3, 6, 12, 24, 36).
    form
        How an interval's survival comes of its counts; with d deaths, n' the effective number at risk (those who leave alive or enter
        within the interval count half), d* the deaths expected, p* the mean expected survival, y the time at risk and h the width:
        `actuarial` (1 - d/n') / p*; `excess` 1 - (d - d*)/n'; `hazard` exp(-h (d - d*)/y).
    rates
        The life table's rates in an interval: all those met `throughout`, the one met at its `start`, or in the `middle` of each patient's stay.

    Raises
    ------
    UsageError
        If the months are not positive and rising, or a word is not known.

    Notes
    -----
    Stata's strs (and stnet) looks a rate up at the start of an interval, from whole years of age and of diagnosis: `actuarial` with
    ``rates="start"``, or `hazard` for its option ht. R's popEpi takes the middle of each stay: `excess` for its "lifetable", `hazard` for
    its "hazard". Pohar Perme's weights are the inverse expected survival to the middle of an interval in every form (popEpi 0.4.10 takes them
    an interval too early by a slip of sign, which adds .0004 at 5 years to monthly, .004 to yearly figures of its simulated cohort).
    On one cohort the forms and the programs differ by .001 to .004 at 5 years, less with shorter intervals: a figure is quoted with all three words.

    >>> Intervals(1).words
    'actuarial, 1-month intervals'
    >>> Intervals((1, 3, 6), form="hazard", rates="start").words
    'hazard, intervals to 1, 3 and 6 months, rates at the start of each'
    """

    months: float | Sequence[float]
    form: str = field(default="actuarial", kw_only=True)
    rates: str = field(default="throughout", kw_only=True)

    def __post_init__(self) -> None:
        check_choice("form", self.form, FORMS)
        check_choice("rates", self.rates, RATES)
        equal = not isinstance(self.months, Iterable)
        given = (self.months,) if equal else tuple(self.months)
        fine = given and all(isinstance(month, Real) and not isinstance(month, bool) and 0 < month < math.inf for month in given)
        if not fine or any(late <= early for early, late in zip(given, given[1:])):
            raise UsageError(f"intervals are a length in months, as 12, or the months at which they end, rising, as (1, 3, 6, 12), not {self.months!r}")
        object.__setattr__(self, "months", float(given[0]) if equal else tuple(float(month) for month in given))

    @property
    def words(self) -> str:
        """The form and the intervals as a method's text names them."""
        if isinstance(self.months, float):
            told = f"{_plain(self.months)}-month intervals"
        elif len(self.months) == 1:
            told = f"one interval to {_plain(self.months[0])} months"
        else:
            told = f"intervals to {', '.join(map(_plain, self.months[:-1]))} and {_plain(self.months[-1])} months"
        return f"{self.form}, {told}{_RATES_SAID[self.rates]}"

    def ends(self, months: float) -> np.ndarray:
        """Give the ends of the intervals in months, up to the first at or after a time; shape (k,)."""
        if isinstance(self.months, float):
            return self.months * np.arange(1, max(math.ceil(months / self.months - _SAME), 1) + 1)
        ends = np.array(self.months)
        return ends[: np.searchsorted(ends, months * (1 - _SAME)) + 1]

    def check_times(self, at_years: Sequence[float]) -> None:
        """Raise UsageError, with the nearest ends, unless every time is 0 or the end of an interval."""
        for years in at_years:
            ends = np.append(0.0, self.ends(12 * years))
            if np.abs(ends - 12 * years).min() > _SAME * max(12 * years, 1):
                near = np.unique(ends[np.argsort(np.abs(ends - 12 * years))[:2]])
                told = " and ".join(f"{_plain(month)} months ({format_years(month / 12)})" for month in near if month > 0)
                raise UsageError(f"at_years has {format_number(years, 3)}, where no interval ends: the nearest ends are {told}")


def intervals_of(given: float | Sequence[float] | Intervals) -> Intervals:
    """Give the intervals that an option names: months, or Intervals as they are."""
    return given if isinstance(given, Intervals) else Intervals(given)


@dataclass(frozen=True, eq=False)
class IntervalCurve:
    """Net survival of one group at the ends of intervals (days, shape (k,)), and the variance of its logarithm; missing beyond follow-up."""

    days: np.ndarray
    survival: np.ndarray
    log_variance: np.ndarray

    def at(self, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the survival and its log's standard error at times that are 0 or ends of intervals; missing at any other."""
        ends, survival, variance = (np.append(first, values) for first, values in ((0.0, self.days), (1.0, self.survival), (0.0, self.log_variance)))
        days = np.asarray(days, dtype=float)
        place = np.minimum(np.searchsorted(ends, days - 1e-6), len(ends) - 1)
        there = np.abs(ends[place] - days) <= 1e-6
        return np.where(there, survival[place], np.nan), np.where(there, np.sqrt(variance[place]), np.nan)


def actuarial_curve(
    followed: Followed, intervals: Intervals, method: str, until: float, *, label: str = "all", potential: np.ndarray | None = None,
    case_weight: np.ndarray | None = None,
) -> IntervalCurve:
    """Estimate the net survival of one group in intervals.

    Parameters
    ----------
    followed
        Its rows, contiguous pieces of a patient joined (`joined`).
    intervals
        Where they end, and which form is taken.
    method
        `ederer-ii`, `pohar-perme`, `ederer-i` or `hakulinen`; in the last two the observed survival over everybody's expected survival.
    until
        The last time wanted, in days.
    label
        What the group is called in a warning.
    potential
        Days that each row could have been followed, for `hakulinen`, shape (n,).
    case_weight
        How much a patient counts, shape (n,).

    Warns
    -----
    DataWarning
        If follow-up goes on after an interval in which nobody is at risk (nobody dies in it, then), or after one in which more die than
        are effectively at risk (nothing is known from there on): late entries may make such.
    """
    case = Case(case_weight, followed.repeats).total
    case = np.ones(len(followed.exit)) if case is None else np.asarray(case, dtype=float)
    ends = followed.days(intervals.ends(12 * float(followed.years(until))) / 12)
    stays = Stays(followed.paths, followed.entry, followed.exit, followed.event, case, ends, followed.repeats)
    by_interval = method in {"ederer-ii", "pohar-perme"}
    sums = interval_sums(stays, intervals.rates, weighted=method == "pohar-perme", timed=intervals.form != "actuarial")
    steps, variance = net_steps(sums, intervals.form, stays.ends - stays.starts, expected=by_interval)
    with np.errstate(invalid="ignore"):
        survival, log_variance = np.cumprod(steps), np.cumsum(variance)
    survival[np.logical_or.accumulate(survival == 0)] = 0.0  # whoever enters later
    if not by_interval:
        survival = survival / expected_survival(stays, intervals.rates, potential if method == "hakulinen" else None)
    known = ends <= followed.exit.max(initial=0.0) + 1e-6
    for where, said in (
            (sums.start + sums.late == 0, "nobody is at risk: the estimate takes it that nobody dies then"),
            (np.isnan(survival), "more die than are effectively at risk: missing from there on; take longer intervals, or fewer groups")):
        first = np.flatnonzero(known & where)[:1]
        if len(first):
            after = format_years(float(followed.years(stays.starts[first[0]])))
            warnings.warn(f"{label}: in the interval after {after} {said}", DataWarning, stacklevel=6)
    # Where all have died, the logarithm has no variance.
    return IntervalCurve(ends, np.where(known, survival, np.nan), np.where(known & np.isfinite(log_variance), log_variance, np.nan))


def joined(followed: Followed, patient: np.ndarray) -> Followed:
    """Join the pieces of a patient's follow-up that touch, in one group and stratum, so that none of them counts as leaving or entering.

    Parameters
    ----------
    followed
        Rows with their groups.
    patient
        A name or number for each row, shape (n,).

    Returns
    -------
    Followed
        The joined rows, by patient and entry, each in the place of the one it begins with; as they were where no patient has several.
    """
    who = np.unique(patient, return_inverse=True)[1]
    if len(who) == who.max(initial=-1) + 1:
        return followed
    order = np.lexsort((followed.exit, followed.entry, who))
    pieces = followed.take(order)
    paths = pieces.paths
    alike = [each[1:] == each[:-1] for each in (who[order], pieces.codes, paths.stratum, paths.date, paths.age)]
    touches = (np.abs(pieces.entry[1:] - pieces.exit[:-1]) <= 1e-6) & (pieces.event[:-1] == 0)
    first = np.flatnonzero(np.append(True, ~np.logical_and.reduce([*alike, touches])))
    last = np.append(first[1:], len(order)) - 1
    return replace(pieces.take(first), exit=pieces.exit[last], event=pieces.event[last])


def _plain(months: float) -> str:
    return format_number(months, 0 if float(months).is_integer() else 2)
