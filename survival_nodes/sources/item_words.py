"""What items of North American registries have in common: T and M as they are written, dates of which parts are known, one thing told by several items."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from .text_columns import distinct, each_distinct

_TNM = re.compile(r"[cpyra]*[tm]?(x|is|[0-4]|mi)(?!\d)(.*)")
_DATE = re.compile(r"(\d{4})-?(?:(\d\d)-?(\d\d)?)?.*")
M_IN_ORDER = ("MX", "M0", "M1")  # what several items say of M: the last of these that one of them says


def t_word(text: str) -> str | None:
    """Write a T category as the dictionary does, without its sub-category; None where it is none (88, not applicable).

    >>> [t_word(text) for text in ("p1C", "cT2", "pIS", "pTis(DCIS)", "1MI", "pT4b", "X", "88")]
    ['T1', 'T2', 'Tis', 'Tis', 'T1', 'T4', 'TX', None]
    """
    found = _TNM.fullmatch(re.sub(r"\s", "", text.casefold()))
    return f"T{found[1].replace('mi', '1').replace('x', 'X')}" if found else None


def m_word(text: str) -> str | None:
    """Write an M category as one of `M_IN_ORDER`; None where it is none. Cells alone, M0(i+), are no metastasis.

    >>> [m_word(text) for text in ("c0", "cM0(i+)", "p1A", "M1", "X", "88")]
    ['M0', 'M0', 'M1', 'M1', 'MX', None]
    """
    found = _TNM.fullmatch(re.sub(r"\s", "", text.casefold()))
    return f"M{found[1].upper()}" if found and found[1] in "x01" else None


def topography_word(text: str) -> str:
    """Write an ICD-O-3 topography with its point.

    >>> topography_word("C504"), topography_word("c50.4")
    ('C50.4', 'C50.4')
    """
    written = text.upper().replace(".", "")
    return f"{written[:3]}.{written[3:]}" if len(written) > 3 else written


def partial_date(text: str) -> str | None:
    """Write a date (20160531, 201605, 2016, also with dashes) as far as it is known; unknown parts are blank, 99 or no date at all.

    >>> [partial_date(text) for text in ("20160531", "2016-05-31", "20160599", "2016", "20160231", "99999999")]
    ['2016-05-31', '2016-05-31', '2016-05', '2016', '2016-02', None]
    """
    found = _DATE.fullmatch(text.strip())
    if not found or not 1850 <= int(found[1]) <= 2100:
        return None
    year, month, day = found.groups()
    if month is None or not 1 <= int(month) <= 12:
        return year
    try:
        return date(int(year), int(month), int(day or 0)).isoformat()
    except ValueError:
        return f"{year}-{month}"


def day_numbers(values: pd.Series) -> np.ndarray:
    """Give dates that are known to the day as days; NaN where a part is missing. Shape (n,).

    >>> day_numbers(pd.Series(["2016-01-02", "2016-01", "2016-01-01"])).tolist()[0] - day_numbers(pd.Series(["2016-01-01"])).tolist()[0]
    1.0
    """
    codes, words = distinct(values)
    days = [date.fromisoformat(word).toordinal() if word and len(word) == 10 else np.nan for word in words]
    return np.array([*days, np.nan])[codes]


def years_of(values: pd.Series) -> pd.Series:
    """Give the calendar years of dates, missing as NaN."""
    codes, words = distinct(values)
    return pd.Series(np.array([*(float(word[:4]) if word else np.nan for word in words), np.nan])[codes], index=values.index)


def first_known(frame: pd.DataFrame, names: Sequence[str]) -> pd.Series | None:
    """Give, for each row, what the first of several columns tells that tells anything; None where none of the columns is there.

    >>> first_known(pd.DataFrame({"a": [None, "x"], "b": ["y", "z"]}), ("c", "a", "b")).tolist()
    ['y', 'x']
    """
    there = [frame[name].astype(object) for name in names if name in frame]
    if not there:
        return None
    known = there[0]
    for values in there[1:]:
        known = known.where(known.notna(), values)
    return known.where(known.notna(), None)


def t_category(raw: pd.DataFrame, names: Sequence[str]) -> pd.Series | None:
    """Give T as the first of several items tells it."""
    return first_known(pd.DataFrame({name: each_distinct(raw[name], t_word) for name in names if name in raw}), names)


def m_category(said: pd.DataFrame) -> pd.Series | None:
    """Give M as the highest that several columns of M words say: a metastasis that one item knows of is one."""
    if said.shape[1] == 0:
        return None
    ranks = np.full(len(said), -1)
    for name in said:
        codes, words = distinct(said[name])
        ranks = np.maximum(ranks, np.array([*(M_IN_ORDER.index(word) if word else -1 for word in words), -1])[codes])
    return pd.Series(np.array([*M_IN_ORDER, None], dtype=object)[ranks], index=said.index)
