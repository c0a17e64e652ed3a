"""Values of other programs as the text that a person would read, and columns of them: each distinct value becomes text once."""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from types import ModuleType

import numpy as np
import pandas as pd

from ..errors import InputError, UsageError

_FEW_ROWS, _REPEATS = 1000, 5  # a categorical where rows are few, or each value stands in five on average


def library(name: str, kind: str) -> ModuleType:
    """Import a library of the extra `io`, or say how to get it (UsageError)."""
    try:
        return import_module(name)
    except ImportError as problem:
        raise UsageError(f'{kind} is read by {name}, which is not installed: pip install "survival-nodes[io]"') from problem


def value_text(value: object, decimal: str = ".") -> str:
    """Write a value as text; nothing is lost, and a missing value is empty.

    >>> [value_text(value) for value in (1.0, 0.1, True, None, " 007 ", float("nan"), dt.date(2012, 3, 4))]
    ['1', '0.1', 'TRUE', '', '007', '', '2012-03-04']
    >>> value_text(30.5, ","), value_text(dt.datetime(2012, 3, 4)), value_text(Decimal("2.50"))
    ('30,5', '2012-03-04', '2.5')
    """
    if isinstance(value, str):
        return value.strip()
    if value is None or value != value:
        return ""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).upper()
    if isinstance(value, (float, np.floating)):
        return _float_text(value).replace(".", decimal)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}".replace(".", decimal)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8").strip()
    if isinstance(value, (list, tuple, dict, set, np.ndarray)):
        raise InputError("holds lists or records, where one value a row is wanted: write it as text, or leave the column out")
    return str(value)


def _float_text(value: float | np.floating) -> str:
    """Write whole numbers without decimals; a number of single precision with the digits that it has."""
    if abs(value) < 1e16 and value == int(value):
        return str(int(value))
    return str(value)


class TextColumn:
    """A column that is being read: its distinct texts, and for each row the place of its text among them."""

    def __init__(self) -> None:
        self._place: dict[str, int] = {}
        self._codes = array("i")

    def __len__(self) -> int:
        return len(self._codes)

    def append(self, text: str) -> None:
        """Add one row."""
        self._codes.append(self._place.setdefault(text, len(self._place)))

    def extend(self, codes: np.ndarray, texts: Sequence[str]) -> None:
        """Add rows by the places of their texts in a list; -1 is empty."""
        places = np.array([self._place.setdefault(text, len(self._place)) for text in (*texts, "")], dtype=np.intc)
        self._codes.frombytes(places[codes].tobytes())

    def extend_values(self, values: Sequence[object], labels: Mapping[object, str], decimal: str, single: bool = False) -> None:
        """Add rows by their values; a label stands for its value, and single precision has fewer digits."""
        codes, found = pd.factorize(np.array(values, dtype=object))
        texts = (value_text(np.float32(value) if single and isinstance(value, float) else value, decimal) for value in found)
        self.extend(codes, [labels.get(value.strip() if isinstance(value, str) else value) or text for value, text in zip(found, texts)])

    def fill(self, n: int) -> None:
        """Make the column `n` rows long, the new ones empty."""
        if len(self) < n:
            self.extend(np.full(n - len(self), -1), [])

    def is_blank(self) -> bool:
        """Tell whether there is nothing in it."""
        return not any(self._place)

    def series(self) -> pd.Series:
        """Give the column: a categorical of text where its values repeat, else objects."""
        codes = np.frombuffer(self._codes, dtype=np.intc) if len(self) else np.array([], dtype=np.intc)
        used = np.unique(codes)
        words = np.array(list(self._place), dtype=object)[used]
        codes = np.searchsorted(used, codes)
        if len(codes) < _FEW_ROWS or len(words) <= len(codes) / _REPEATS:
            return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(words, dtype=object)))
        return pd.Series(words[codes], dtype=object)
