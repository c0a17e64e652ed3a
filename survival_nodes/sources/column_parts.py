"""Columns that are put together of parts, as a file is read piece by piece: distinct words and where they stand, integers, or text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

REPEATS = 5  # a categorical where each value stands in five rows on average
_SAMPLE = 50_000  # rows that tell whether values repeat at all
_MOST_DIGITS = 15  # of an integer that is held as a number; a float holds it exactly too
_PLAIN_LINES = re.compile(rf"(?:(?:0|[1-9][0-9]{{0,{_MOST_DIGITS - 1}}})\n)*+")


class Column(Protocol):
    """A column that is being read."""

    def add(self, part: object) -> None:
        """Add the rows of a part."""

    def series(self) -> pd.Series:
        """Give the column."""


class Words:
    """A column whose values repeat; each part says which words it holds (a word may stand twice) and where."""

    def __init__(self) -> None:
        self._place: dict[str, int] = {}
        self._codes: list[np.ndarray] = []

    def add(self, part: tuple[Sequence[str], np.ndarray]) -> None:
        """Add rows by the places of their words in a list."""
        words, codes = part
        places = np.array([self._place.setdefault(word, len(self._place)) for word in words], dtype=np.min_scalar_type(-1 - len(self._place) - len(words)))
        self._codes.append(places[codes])

    def series(self) -> pd.Series:
        """Give a categorical, its words sorted."""
        found = sorted(self._place)
        rank = np.empty(len(found), dtype=np.min_scalar_type(-1 - len(found)))
        rank[[self._place[word] for word in found]] = np.arange(len(found))
        codes = rank[np.concatenate(self._codes)]
        self._codes.clear()
        return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(found, dtype=object)))


def _objects(text: object) -> pd.Series:
    from pyarrow import compute

    return pd.Series(compute.utf8_trim_whitespace(text).to_pandas(deduplicate_objects=False).to_numpy(dtype=object))


@dataclass(frozen=True, eq=False)
class PlainText:
    """An Arrow array of text, and whether all of it are plain numbers with decimals."""

    array: object
    are_decimals: bool


def part_of_text(array: object) -> np.ndarray | PlainText:
    """Give an Arrow array of text as integers where it holds nothing else, else as text."""
    integers = plain_integers(array)
    return PlainText(array, are_plain_decimals(array)) if integers is None else integers


class Texts:
    """A column whose values hardly repeat: integers as long as all are, else text."""

    def __init__(self) -> None:
        self._parts: list[object] = []
        self._are_decimals = True

    def add(self, part: np.ndarray | PlainText) -> None:
        """Add integers, or text."""
        is_text = isinstance(part, PlainText)
        self._parts.append(part.array if is_text else part)
        self._are_decimals = self._are_decimals and (not is_text or part.are_decimals)

    def series(self) -> pd.Series:
        """Give integers; Arrow's text of plain numbers with decimals, as they are written; a categorical where other text repeats after all; else objects."""
        import pyarrow as arrow

        if all(isinstance(part, np.ndarray) for part in self._parts):
            return pd.Series(np.concatenate(self._parts))
        text = arrow.chunked_array([arrow.array(part).cast(arrow.string()) if isinstance(part, np.ndarray) else part for part in self._parts])
        self._parts.clear()
        if self._are_decimals:
            return pd.Series(pd.array(text, dtype=pd.StringDtype("pyarrow")))
        if len(text.slice(0, _SAMPLE).unique()) > min(len(text), _SAMPLE) / 2:
            return _objects(text)  # identities: to number a million of them takes longer than to keep them
        coded = text.dictionary_encode().unify_dictionaries().combine_chunks()
        words, codes = [word.strip() for word in coded.dictionary.to_pylist()], coded.indices.to_numpy()
        if len(words) > len(codes) / REPEATS:
            return _objects(text)
        column = Words()
        column.add((words, codes))
        return column.series()


def _written(array: object) -> tuple[np.ndarray, np.ndarray]:
    """Give where the values of an Arrow array of text begin and end, shape (n + 1,), and the bytes that they are written in."""
    _, starts, signs = array.buffers()
    written = np.frombuffer(signs, dtype=np.uint8) if signs is not None and signs.size else np.zeros(0, dtype=np.uint8)
    return np.frombuffer(starts, dtype=np.int32, count=len(array) + 1, offset=4 * array.offset), written


def plain_integers(array: object) -> np.ndarray | None:
    """Give the integers of an Arrow array of text, where each is written as it would be written again: `7`, not `007`, `+7` or ` 7`; else None.

    >>> import pyarrow
    >>> plain_integers(pyarrow.array(["7", "0", "12"])), plain_integers(pyarrow.array(["07", "12"]))
    (array([ 7,  0, 12]), None)
    """
    import pyarrow as arrow

    offsets, written = _written(array)
    lengths = np.diff(offsets)
    if not len(lengths) or lengths.min() < 1 or lengths.max() > _MOST_DIGITS:
        return None
    used = written[offsets[0]:offsets[-1]]
    if used.min() < ord("0") or used.max() > ord("9") or ((written[offsets[:-1]] == ord("0")) & (lengths > 1)).any():
        return None
    return array.cast(arrow.int64()).to_numpy()


def are_plain_decimals(array: object) -> bool:
    """Tell whether every value of an Arrow array of text is a plain number: digits, perhaps a point between them and a minus before them, no leading zeros.

    >>> import pyarrow
    >>> are_plain_decimals(pyarrow.array(["66.087", "-0.5", "12"])), are_plain_decimals(pyarrow.array(["066.5"])), are_plain_decimals(pyarrow.array(["6."]))
    (True, False, False)
    """
    offsets, written = _written(array)
    if not len(offsets) > 1 or np.diff(offsets).min() < 1:
        return False
    used, starts, ends = written[offsets[0]:offsets[-1]], offsets[:-1] - offsets[0], offsets[1:] - offsets[0]
    is_digit = (used >= ord("0")) & (used <= ord("9"))
    points, minus = np.flatnonzero(used == ord(".")), np.flatnonzero(used == ord("-"))
    if np.count_nonzero(is_digit) + len(points) + len(minus) != len(used) or not is_digit[ends - 1].all() or not np.isin(minus, starts).all():
        return False
    first = starts + (used[starts] == ord("-"))
    rows = np.searchsorted(starts, points, side="right") - 1
    after = np.minimum(first + 1, len(used) - 1)
    leads = (used[first] == ord("0")) & (first + 1 < ends) & (used[after] != ord("."))
    return bool(is_digit[first].all() and (points > first[rows]).all() and (np.diff(rows) > 0).all() and not leads.any())


def numbers_of_decimals(values: pd.Series) -> pd.Series:
    """Give a column of Arrow's text, all plain numbers, as floats (each the nearest one, as Python's)."""
    import pyarrow as arrow

    return pd.Series(arrow.array(values.array).cast(arrow.float64()).to_numpy(), index=values.index, name=values.name)


def plain_integers_of(values: pd.Series) -> pd.Series:
    """Give a column of text as integers, where all are written as they would be written again; else as it is."""
    written = "".join(f"{value}\n" for value in values)
    is_plain = written.count("\n") == len(values) and _PLAIN_LINES.fullmatch(written) is not None
    return values.astype("int64") if is_plain else values
