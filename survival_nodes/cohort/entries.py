"""Rows looked at column by column: every distinct entry is read once, however many rows there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from datetime import date

import numpy as np
import pandas as pd

from .grouping import as_level

_EPOCH = date(1970, 1, 1).toordinal()
_PARTIAL = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:[T ]\d.*)?")


class Entries:
    """The columns of a frame (which is never changed), each made ready for judging once and kept.

    >>> entries = Entries(pd.DataFrame({"sex": ["female", None, " Male"]}))
    >>> entries.look_up("sex", lambda word: word == "female", missing=False).tolist()
    [True, False, False]
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self._made: dict[Hashable, object] = {}

    def __len__(self) -> int:
        return len(self.frame)

    def __contains__(self, name: str) -> bool:
        return name in self.frame.columns

    def _once(self, key: Hashable, make: Callable[[], object]) -> object:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def words(self, name: str) -> tuple[np.ndarray, list[str]]:
        """Give, for each row, the place of its entry among the distinct ones (-1 missing or blank), and these as text."""
        return self._once(("words", name), lambda: _words(self.frame[name]))

    def look_up(self, name: str, answer: Callable[[str], object], missing: object) -> np.ndarray:
        """Give the answer to each row's entry, asked in small letters, and `missing` where there is none."""
        places, words = self.words(name)
        answers = np.array([answer(word.casefold()) for word in words] + [missing])
        return answers[places]

    def missing(self, name: str) -> np.ndarray:
        """Tell which rows have no entry, or a blank one."""
        return self.words(name)[0] < 0

    def numbers(self, name: str) -> np.ndarray:
        """Give a column as floats, NaN where there is no number."""
        return self._once(("numbers", name), lambda: self._numbers(name))

    def _numbers(self, name: str) -> np.ndarray:
        values = self.frame[name]
        if pd.api.types.is_numeric_dtype(values):
            return values.to_numpy(dtype="float64", na_value=np.nan)
        places, words = self.words(name)
        return np.append(pd.to_numeric(pd.Series(words, dtype=object), errors="coerce").to_numpy(dtype="float64"), np.nan)[places]

    def flagged(self, *flags: str) -> np.ndarray:
        """Tell which rows carry one of the flags; an entry that is not there carries none."""
        places, words = self.words("nodal_flags")
        wanted = set(flags)
        return np.array([not wanted.isdisjoint(word.upper().split()) for word in words] + [False], dtype=bool)[places]

    def days(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Give the earliest and the latest day that a date can mean, in days since 1970; NaN where it cannot be read.

        A date without a day is the whole month, a date without a month the whole year.
        """
        return self._once(("days", name), lambda: self._days(name))

    def _days(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        values = self.frame[name]
        if pd.api.types.is_datetime64_any_dtype(values):
            naive = values.dt.tz_localize(None) if isinstance(values.dtype, pd.DatetimeTZDtype) else values
            exact = np.where(values.isna(), np.nan, naive.to_numpy(dtype="datetime64[D]").astype("float64"))
            return exact, exact
        places, words = self.words(name)
        first, last = np.array([*map(day_limits, words), (np.nan, np.nan)], dtype="float64").T
        return first[places], last[places]


def _words(values: pd.Series) -> tuple[np.ndarray, list[str]]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        places, found = values.cat.codes.to_numpy(dtype="int64"), values.cat.categories
    else:
        places, found = pd.factorize(values)
    words = [as_level(value).strip() for value in found]
    blank = np.array([not word for word in words] + [False], dtype=bool)
    return (np.where(blank[places], -1, places) if blank.any() else places), words


def day_limits(text: str) -> tuple[float, float]:
    """Give the first and the last day of a date written as 2016-05-31, 2016-05 or 2016, in days since 1970.

    >>> day_limits("1970-02"), day_limits("1970-01-03 00:00:00"), day_limits("1970-02-30")
    ((31, 58), (2, 2), (nan, nan))
    """
    found = _PARTIAL.fullmatch(text)
    if not found:
        return np.nan, np.nan
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        if day is not None:
            exact = date(year, month, day).toordinal() - _EPOCH
            return exact, exact
        first = date(year, month or 1, 1).toordinal() - _EPOCH
        after = date(year + (month in (None, 12)), (month or 12) % 12 + 1, 1).toordinal() - _EPOCH
    except ValueError:
        return np.nan, np.nan
    return first, after - 1
