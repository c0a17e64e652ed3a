"""Follow-up in NAACCR records: from dates where both are complete, else from the months that registries derive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import InputError
from ..units import DAYS_PER_YEAR, format_count
from .item_words import day_numbers, first_known


@dataclass(frozen=True)
class Kind:
    """A kind of follow-up: the date at which it ends, the months and the flag that registries derive, and its items in words."""

    date: str
    months: str
    flag: str
    items: str
    says: str


KINDS: Mapping[str, Kind] = {
    "presumed-alive": Kind(
        "presumed_alive_date", "months_presumed", "flag_presumed", "items 1785 and 1787", "whoever is not known to have died is presumed alive at the cut-off"),
    "active": Kind("last_contact_date", "months_active", "flag_active", "items 1750 and 1784", "it ends at the last contact"),
}
_NOT_CALCULATED = "not calculated"
_COMPLETE = ("complete, more than zero days", "complete, zero days")


@dataclass(frozen=True, eq=False)
class FollowUp:
    """Follow-up of each row in `unit`, whether it ended in death (1, 0, NaN), the vital status as a word, the flag, and what is to be said of them."""

    years: np.ndarray
    event: pd.Series
    vital: pd.Series
    survival_flag: pd.Series
    unit: str
    notes: tuple[str, ...]
    said: tuple[str, ...]


def follow_up_of(read: pd.DataFrame, dates: Mapping[str, pd.Series], asked: str | None, name: str) -> FollowUp:
    """Work out follow-up.

    Parameters
    ----------
    read
        Months, flags and vital status in our words, as far as they are there.
    dates
        Dates as ISO text, parts missing.
    asked
        One of `KINDS`; None takes the one known of more rows, presumed-alive where both are known of as many.
    name
        The file's name, for messages.

    Raises
    ------
    InputError
        If the kind asked for is not known of any row.
    """
    measured = {word: _days_and_months(read, dates, kind) for word, kind in KINDS.items()}
    known = {word: int((~np.isnan(days) | ~np.isnan(months)).sum()) for word, (days, months) in measured.items()}
    if asked is not None and not known[asked]:
        raise InputError(f"{name!r} holds no {asked} follow-up ({KINDS[asked].items}, with a complete date of diagnosis): "
                         "leave follow_up out, or name the other kind")
    word = asked or max(known, key=known.__getitem__)
    kind, (days, months) = KINDS[word], measured[word]
    derived = read[kind.flag].astype(object) if kind.flag in read else pd.Series(None, index=read.index, dtype=object)
    uncounted = (derived == _NOT_CALCULATED).to_numpy()
    early = (days < 0) & ~uncounted
    days = np.where(uncounted | (days < 0), np.nan, days)
    by_months = np.isnan(days) & ~np.isnan(months) & ~uncounted & ~early
    unit = "months" if np.isnan(days).all() else "days"
    years = np.where(by_months, months * (1 if unit == "months" else DAYS_PER_YEAR / 12), days)
    vital = _vital(read, by_months | (word == "presumed-alive"))
    by_date = pd.Series(np.where(np.isnan(days), None, np.where(days > 0, *_COMPLETE)), index=read.index, dtype=object)
    survival_flag = derived.where(derived.notna() & ~uncounted, by_date)
    n_days, n_months, n_early = int((~np.isnan(days)).sum()), int(by_months.sum()), int(early.sum())
    note = (f"Follow-up is {word}: {kind.says} ({kind.items}). It was counted from complete dates in {_rows(n_days)}, "
            f"from whole months in {_rows(n_months)}, and is not known in {_rows(len(read) - n_days - n_months)}.")
    said = (f"the end of follow-up lies before the date of diagnosis in {_rows(n_early)}; their survival is not known",) if n_early else ()
    return FollowUp(years, vital.map({"dead": 1.0, "alive": 0.0}).astype("float64"), vital, survival_flag, unit, (note,), said)


def _days_and_months(read: pd.DataFrame, dates: Mapping[str, pd.Series], kind: Kind) -> tuple[np.ndarray, np.ndarray]:
    nothing = np.full(len(read), np.nan)
    days = day_numbers(dates[kind.date]) - day_numbers(dates["diagnosis_date"]) if kind.date in dates else nothing
    return days, read[kind.months].to_numpy() if kind.months in read else nothing


def _vital(read: pd.DataFrame, at_cutoff: np.ndarray) -> pd.Series:
    """Take the vital status that goes with the time: that at the cut-off of the study where the time ends there at the latest."""
    now = first_known(read, ("vital_status", "vital_status_at_cutoff"))
    then = first_known(read, ("vital_status_at_cutoff", "vital_status"))
    return pd.Series(None, index=read.index, dtype=object) if now is None else then.where(at_cutoff, now)


def _rows(n: int) -> str:
    return f"{format_count(n)} row{'s' * (n != 1)}"
