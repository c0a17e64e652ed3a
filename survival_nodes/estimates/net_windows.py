"""Calendar windows: who is at risk between two dates, for period, complete and hybrid estimates of net survival."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from numbers import Integral

import numpy as np
import pandas as pd

from ..errors import DataWarning, InputError, UsageError
from ..units import format_count
from .followed import Followed

Moment = int | str | date | None


@dataclass(frozen=True)
class Window:
    """Calendar time from one date to another, days since 1970-01-01; infinite where it is open."""

    start: float = -np.inf
    end: float = np.inf

    @classmethod
    def of(cls, period: Sequence[Moment] | None) -> Window:
        """Read a period: two dates, or two whole calendar years (both within), or None for either end.

        Raises
        ------
        UsageError
            If it is no such pair, or ends before it starts.

        >>> Window.of((2008, 2012)) == Window.of(("2008-01-01", "2013-01-01")), Window.of(("2008-01-01", None)).words
        (True, 'period from 2008-01-01')
        """
        if period is None:
            return cls()
        if isinstance(period, (str, bytes)) or not hasattr(period, "__len__") or len(period) != 2:
            raise UsageError(f"period is a pair of dates or years, as (2008, 2012) or ('2008-01-01', None), not {period!r}")
        start, end = period
        window = cls(-np.inf if start is None else _day(start, 0), np.inf if end is None else _day(end, 1))
        if window.start >= window.end:
            raise UsageError(f"the period {period!r} ends before it starts: give the earlier date first")
        return window

    @property
    def is_open(self) -> bool:
        """Whether it leaves nothing out."""
        return self == Window()

    @property
    def words(self) -> str:
        """What a method's text says of it."""
        from_, to = (str(np.datetime64(int(day), "D")) if np.isfinite(day) else "" for day in (self.start, self.end))
        return " ".join(part for part in ("period", f"from {from_}" if from_ else "", f"to {to}" if to else "") if part)

    def within(self, followed: Followed) -> Followed:
        """Give the rows that contribute time, at risk only within the window; an event at its end counts, one at its start does not.

        Raises
        ------
        InputError
            If nobody contributes time.

        Warns
        -----
        DataWarning
            How many rows contribute none.
        """
        if self.is_open:
            return followed
        start, end = self.start - followed.diagnosis, self.end - followed.diagnosis
        entry = np.where(start > 0, np.maximum(followed.entry, start), followed.entry)
        exit_ = np.minimum(followed.exit, end)
        at_once = (followed.exit == 0) & (start <= 0) & (end > 0)  # a follow-up of zero, within the window
        rows = np.flatnonzero((exit_ > np.maximum(entry, 0.0)) | at_once)
        event = np.where(followed.exit <= end, followed.event, 0).astype(np.int8)
        kept = replace(followed, entry=entry, exit=exit_, event=event).take(rows)
        n = followed.n_patients - kept.n_patients
        if not len(rows):
            raise InputError(f"nobody is followed within the {self.words}: the cohort's follow-up lies {self._where(followed)}")
        if n:
            said = f"{format_count(n)} of {format_count(followed.n_patients)} rows contribute no time to the {self.words} and are left out"
            warnings.warn(said, DataWarning, stacklevel=4)
        return kept

    def _where(self, followed: Followed) -> str:
        first, last = (followed.diagnosis + np.maximum(followed.entry, 0.0)).min(), (followed.diagnosis + followed.exit).max()
        years = (str(np.datetime64(int(day), "D").astype("datetime64[Y]")) for day in (first, last))  # no patient's date
        return "between {} and {}".format(*years)


def _day(moment: Moment, years_on: int) -> float:
    """Give a date as days since 1970-01-01; of a whole year its first day, or that of the year after."""
    if isinstance(moment, Integral) and not isinstance(moment, bool):
        if not 1600 < moment < 2400:
            raise UsageError(f"a period's years are calendar years, as (2008, 2012), not {moment!r}")
        return float((np.datetime64(str(int(moment) + years_on), "Y")).astype("datetime64[D]").astype(float))
    try:
        moment = date.fromisoformat(moment) if isinstance(moment, str) else moment
        day = pd.Timestamp(moment) if isinstance(moment, (date, np.datetime64)) else pd.NaT
    except ValueError:
        day = pd.NaT
    if day is pd.NaT:
        raise UsageError(f"a period's dates are years, or dates as '2008-01-01', not {moment!r}")
    return float(np.datetime64(day.date(), "D").astype(float))
