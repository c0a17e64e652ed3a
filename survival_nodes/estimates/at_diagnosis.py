"""When each row of a cohort was diagnosed, and how old the patient then was, as dates, years and ages tell it together."""

from __future__ import annotations

import warnings

import numpy as np

from ..cohort import Cohort
from ..cohort.entries import Entries
from ..errors import DataWarning, InputError
from ..units import format_count, format_number

MOST_WHOLE = 50  # so many ages and not one with a fraction: they are completed years
OLDEST = 120.0
ENDS = ("last_contact_date", "death_date")  # what may not lie before the diagnosis
_STACK = 6  # from a warning here up to who called the estimator
_WAY_OUT = "or leave those rows out by a rule, and they are counted"


def date_and_age(cohort: Cohort, days_per_year: float) -> tuple[np.ndarray, np.ndarray]:
    """Give the date (days since 1970-01-01) and the age (days) at diagnosis, shape (n,) each.

    The date is `diagnosis_date`, and where that is missing 1 July of `diagnosis_year`. The age is the time from `birth_date`, and where
    that is missing `age` in years. Of a date known to the month or the year the middle is taken.

    Raises
    ------
    InputError
        If neither is known in some rows, if ages cannot be years, or if follow-up ends before diagnosis by the dates (rows are counted).

    Warns
    -----
    DataWarning
        Of dates that are known in part, of whole years of age, and of an age that the date of birth contradicts.
    """
    entries = _Entries(cohort)
    limits = _diagnosis(entries)
    _refuse_early_end(entries, limits[0])
    date = _middle(limits)
    return date, _age(entries, limits, date, days_per_year)


class _Entries(Entries):
    """The columns of a cohort, and its rows counted as patients."""

    def __init__(self, cohort: Cohort) -> None:
        super().__init__(cohort.frame)
        self.whose = cohort.whose

    def told(self, which: np.ndarray) -> str:
        """Say how many rows these are."""
        return _rows(which, self.whose.repeats)


def _diagnosis(entries: _Entries) -> tuple[np.ndarray, np.ndarray]:
    """Give the first and the last day on which each diagnosis can have been."""
    if "diagnosis_date" not in entries and "diagnosis_year" not in entries:
        raise InputError("expected mortality wants the date of diagnosis: map a column to diagnosis_date, or to diagnosis_year")
    first, last = _dates(entries, "diagnosis_date")
    by_year = np.isnan(first)
    if "diagnosis_year" in entries and by_year.any():
        years = entries.numbers("diagnosis_year")
        whole = np.where((years % 1 == 0) & (years > 1600) & (years < 2400), years, np.nan)
        first, last = (np.where(by_year, _new_year(whole + more) - more, limit) for more, limit in ((0, first), (1, last)))
    unknown = np.isnan(first) if by_year.any() else by_year
    if unknown.any():
        named = " or ".join(name for name in ("diagnosis_date", "diagnosis_year") if name in entries)
        raise InputError(f"{named} is missing in {entries.told(unknown)}: expected mortality needs it; give it, {_WAY_OUT}")
    _tell_partial(entries, (first, last), "diagnosis")
    return first, last


def _new_year(years: np.ndarray) -> np.ndarray:
    known = np.isfinite(years)
    days = (np.where(known, years, 1970).astype(np.int64) - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(float)
    return np.where(known, days, np.nan)


def _dates(entries: _Entries, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Give the first and the last day that a date can mean, NaN where it is missing; text that is no date is refused."""
    if name not in entries:
        return np.full(len(entries), np.nan), np.full(len(entries), np.nan)
    first, last = entries.days(name)
    if np.isnan(first).any():
        unread = np.isnan(first) & entries.frame[name].notna().to_numpy() & ~entries.missing(name)
        if unread.any():
            raise InputError(f"{name} is no date in {entries.told(unread)}: write dates as 2016-05-31 (2016-05 or 2016 where no more is known)")
    return first, last


def _tell_partial(entries: _Entries, limits: tuple[np.ndarray, np.ndarray], what: str) -> None:
    first, last = limits
    partial = last > first if last is not first else np.zeros(0, dtype=bool)
    if partial.any():
        said = f"the day of {what} is not known in {entries.told(partial)}: the middle of the month is taken, or 1 July of the year"
        warnings.warn(said, DataWarning, stacklevel=_STACK)


def _middle(limits: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Give the day itself where it is known, else the middle: the 15th of a month (14th of February), 1 July of a year."""
    first, last = limits
    return first if last is first else np.where(last > first, np.floor((first + last - 1) / 2), first)


def _refuse_early_end(entries: _Entries, diagnosed: np.ndarray) -> None:
    for name in ENDS:
        early = _dates(entries, name)[1] < diagnosed if name in entries else np.zeros(0, dtype=bool)
        if early.any():
            raise InputError(f"{name} lies before the diagnosis in {entries.told(early)}: mend the dates, {_WAY_OUT}")


def _age(entries: _Entries, diagnosed: tuple[np.ndarray, np.ndarray], date: np.ndarray, days_per_year: float) -> np.ndarray:
    if "age" not in entries and "birth_date" not in entries:
        raise InputError("expected mortality wants the age at diagnosis: map a column to age (in years), or to birth_date")
    if "birth_date" not in entries:
        years = entries.numbers("age")
        _refuse_missing_age(entries, ~np.isfinite(years))
        _check_years(years, entries.whose.repeats)
        return np.round(years * days_per_year, 6)
    born = _dates(entries, "birth_date")
    by_birth = np.isfinite(born[0])
    years = entries.numbers("age") if "age" in entries else np.full(len(entries), np.nan)
    _refuse_missing_age(entries, ~by_birth & ~np.isfinite(years))
    repeats = entries.whose.repeats
    _check_years(years[~by_birth], None if repeats is None else repeats[~by_birth])
    if not by_birth.any():
        return np.round(years * days_per_year, 6)
    _tell_partial(entries, born, "birth")
    days = date - _middle(born)
    wrong = by_birth & ~((days >= 0) & (days <= OLDEST * days_per_year))
    if wrong.any():
        raise InputError(f"birth_date lies after the diagnosis, or more than {OLDEST:g} years before it, in {entries.told(wrong)}: mend the dates, {_WAY_OUT}")
    least, most = (diagnosed[0] - born[1]) / days_per_year, (diagnosed[1] - born[0]) / days_per_year
    apart = by_birth & ((years < least - 1) | (years > most + 1))
    if apart.any():
        warnings.warn(f"age and birth_date are more than a year apart in {entries.told(apart)}: birth_date is taken", DataWarning, stacklevel=_STACK - 1)
    return np.where(by_birth, days, np.round(years * days_per_year, 6))


def _refuse_missing_age(entries: _Entries, unknown: np.ndarray) -> None:
    if unknown.any():
        named = " and ".join(name for name in ("birth_date", "age") if name in entries)
        missing = f"{named} {'are' if ' ' in named else 'is'} missing in {entries.told(unknown)}"
        raise InputError(f"{missing}: expected mortality needs the age; give it, {_WAY_OUT}")


def _check_years(years: np.ndarray, repeats: np.ndarray | None) -> None:
    """Refuse ages that are no years, and question ages that are all whole."""
    if not len(years):
        return
    if years.max() > OLDEST and (middle := _median(years, repeats)) > OLDEST:
        raise InputError(f"half of the ages exceed {OLDEST:g} years (median {format_number(middle, 0)}): days, perhaps; divide them by 365.25")
    if years.max() > OLDEST or years.min() < 0:
        wrong = _rows((years < 0) | (years > OLDEST), repeats)
        raise InputError(f"age at diagnosis lies outside 0 to {OLDEST:g} years in {wrong}: correct it, {_WAY_OUT}")
    n = len(years) if repeats is None else int(repeats.sum())
    # A fraction is soon found, where there are any.
    if n >= MOST_WHOLE and (years[:MOST_WHOLE] % 1 == 0).all() and (years % 1 == 0).all():
        said = "every age is a whole number of years, taken as a birthday: where they are completed years, add half a year, or give birth_date"
        warnings.warn(said, DataWarning, stacklevel=_STACK)


def _median(values: np.ndarray, repeats: np.ndarray | None) -> float:
    if repeats is None:
        return float(np.median(values))
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(repeats[order])
    return float(values[order][np.searchsorted(upto, [(upto[-1] - 1) // 2, upto[-1] // 2], side="right")].mean())


def _rows(which: np.ndarray, repeats: np.ndarray | None) -> str:
    n = int(which.sum() if repeats is None else repeats[which].sum())
    return f"{format_count(n)} row{'s' * (n != 1)}"
