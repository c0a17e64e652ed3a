"""The curve of one group by each method of net survival, as it is without intervals: by the day, or exactly."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import DataWarning
from ..kernels.life_table_paths import in_slices
from ..kernels.net_counts import Case, net_counts, risk_counts
from ..kernels.net_survival import Estimated, ederer_ii, expected_under_observation, mean_expected, observed, pohar_perme
from ..units import format_number, format_years
from .followed import Followed

_MOST_DAYS = 1 << 20  # whole days that are sorted by counting


@dataclass(frozen=True, eq=False)
class NetCurve:
    """Net survival of one group at times in days, sorted, shape (t,), and the variance of its logarithm; unknown after `last`."""

    days: np.ndarray
    survival: np.ndarray
    log_variance: np.ndarray
    last: float

    def at(self, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the survival and the standard error of its logarithm at times of the curve (or 0); missing after the last follow-up."""
        days = np.asarray(days, dtype=float)
        step = np.searchsorted(self.days, days, side="right")
        known = (days <= self.last) & (len(self.days) > 0)
        survival, variance = np.append(1.0, self.survival)[step], np.append(0.0, self.log_variance)[step]
        return np.where(known, survival, np.nan), np.where(known, np.sqrt(variance), np.nan)


@dataclass(frozen=True, eq=False)
class Rows:
    """What a method reads: rows of one group, the times at which it estimates, when follow-up closed (days since 1970-01-01), and how much they count."""

    followed: Followed
    times: np.ndarray
    closing: float
    case: Case

    def counted(self) -> Estimated:
        """Give the observed survival."""
        return observed(*self._risk_counts(self.case.total)[:2], self.squared_events())

    def squared_events(self) -> np.ndarray | None:
        """Give the sum of squared case weights of the events at each time; None where patients count once."""
        return None if self.case.weight is None else self._risk_counts(self.case.squared)[1]

    def _risk_counts(self, case_weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return risk_counts(self.followed.entry, self.followed.exit, self.followed.event, self.times, case_weight)

    def relative(self, expected: np.ndarray) -> Estimated:
        """Give the observed survival over an expected one."""
        found = self.counted()
        return Estimated(found.survival / expected, found.log_variance)


def _pohar_perme(rows: Rows) -> Estimated:
    own = rows.followed
    return pohar_perme(net_counts(own.paths, own.entry, own.exit, own.event, rows.times, rows.case, "weights"))


def _ederer_ii(rows: Rows) -> Estimated:
    own = rows.followed
    return ederer_ii(net_counts(own.paths, own.entry, own.exit, own.event, rows.times, rows.case, "plain"), rows.squared_events())


def _ederer_i(rows: Rows) -> Estimated:
    return rows.relative(mean_expected(rows.followed.paths, rows.times, rows.case.total))


def _hakulinen(rows: Rows) -> Estimated:
    own, potential = rows.followed, potential_follow_up(rows.followed, rows.closing)
    times = distinct_days(rows.times[-1], potential, rows.times)
    expected = expected_under_observation(own.paths, own.entry, potential, times, rows.case.total)
    return rows.relative(expected[np.searchsorted(times, rows.times)])


@dataclass(frozen=True)
class Method:
    """A method: how it is called, its form without intervals, and how it estimates."""

    name: str
    form: str
    estimate: Callable[[Rows], Estimated]


METHODS = {
    "pohar-perme": Method("Pohar Perme", "daily", _pohar_perme), "ederer-ii": Method("Ederer II", "daily", _ederer_ii),
    "ederer-i": Method("Ederer I", "exact", _ederer_i), "hakulinen": Method("Hakulinen", "exact", _hakulinen),
}


def net_curve(followed: Followed, method: str, asked: np.ndarray, closing: float, case_weight: np.ndarray | None = None) -> NetCurve:
    """Estimate the net survival of one group.

    Parameters
    ----------
    followed
        Its rows, contiguous pieces of a patient joined.
    method
        One of `METHODS`.
    asked
        Times in days at which it will be read; follow-up after the last of them is not looked at. Empty: all follow-up times.
    closing
        The date on which follow-up closed, days since 1970-01-01 (for `hakulinen`).
    case_weight
        How much a patient counts, shape (n,); None: once.
    """
    last = float(followed.exit.max(initial=-1.0))
    known = asked[asked <= last]
    until = last if not len(asked) else float(known.max(initial=-1.0))
    if until < 0:
        return NetCurve(np.zeros(0), np.zeros(0), np.zeros(0), last)
    times = distinct_days(until, followed.exit, followed.entry, known)
    if (followed.entry > 0).any():
        _tell_gaps(followed, times)
    found = METHODS[method].estimate(Rows(followed, times, closing, Case(case_weight, followed.repeats)))
    return NetCurve(times, *found, last)


def _tell_gaps(followed: Followed, times: np.ndarray) -> None:
    """Say where nobody is at risk before the last time, which late entry may leave."""
    n_risk = risk_counts(followed.entry, followed.exit, followed.event, times)[0]
    gaps = np.diff(times, prepend=0.0)[n_risk == 0]
    if gaps.sum() > 0:
        first = float(followed.years(times[n_risk == 0][0] - gaps[0]))
        length = format_number(float(gaps.sum()), 0)
        said = f"nobody is at risk for {length} days, the first of them at {format_years(first)}: the estimate takes it that nobody dies then"
        warnings.warn(said, DataWarning, stacklevel=7)


def potential_follow_up(followed: Followed, closing: float) -> np.ndarray:
    """Give how long each row could have been followed, in days: the dead to the closing date, the others as long as they were."""
    return np.where(followed.event == 1, np.maximum(closing - followed.diagnosis, followed.exit), followed.exit)


def closing_date(followed: Followed) -> float:
    """Give the last date on which anybody was followed, days since 1970-01-01."""
    return float((followed.diagnosis + followed.exit).max())


def distinct_days(until: float, *times: np.ndarray) -> np.ndarray:
    """Give the distinct times from 0 up to a last one, sorted."""
    found = [np.zeros(0)]
    whole = np.zeros(int(until) + 2 if 0 <= until < _MOST_DAYS else 0, dtype=bool)
    for part in times:
        for own in in_slices(len(part)):
            days = part[own]
            days = days[(days >= 0) & (days <= until)]
            if len(whole):
                on_the_day = days == np.rint(days)
                whole[days[on_the_day].astype(np.int64)] = True
                days = days[~on_the_day]
            found.append(np.unique(days))
    return np.unique(np.concatenate([*found, np.flatnonzero(whole).astype(float)]))
