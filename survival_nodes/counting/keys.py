"""Rows as few small integers: the values of each column are numbered in the engine, and a whole row becomes one number to be counted by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .relations import Column, Relation

WIDEST = 1 << 62  # keys are int64
NUMERAL = r"0|-?[1-9][0-9]{0,15}"
COUNT = "rows_counted"


@dataclass(frozen=True, eq=False)
class Coding:
    """The values of a column numbered from 1; 0 is a missing value, and `size` + 1 one that was not there when they were numbered.

    Exactly one of `words` (values one by one) and `low` (whole numbers from here on) is given; `numeral` says that the numbers are written as
    text, `guarded` that text of another kind may turn up among them.
    """

    name: str
    kind: str
    size: int
    words: tuple[object, ...] | None = None
    low: int = 0
    numeral: bool = False
    guarded: bool = False

    @property
    def radix(self) -> int:
        """How many numbers there are."""
        return self.size + 2

    def expression(self, weight: int = 1) -> Any:
        """Give the number of a row's value times a weight, which costs nothing where it stands in the words' place."""
        import narwhals as nw

        column, other = nw.col(self.name), _whole(weight * (self.size + 1))
        found = nw.when(column.is_null()).then(_whole(0)).otherwise(other)
        if self.words is None:
            written = nw.when(column.str.contains(f"^({NUMERAL})$")).then(column) if self.guarded else column
            value = written.cast(nw.Int64)
            inside = (value >= self.low) & (value <= self.low + self.size - 1)
            number = value - _whole(self.low - 1)
            return nw.when(inside).then(number if weight == 1 else number * _whole(weight)).otherwise(found)
        for place in range(len(self.words), 0, -1):
            found = nw.when(column == self.words[place - 1]).then(_whole(weight * place)).otherwise(found)
        return found

    def categorical(self, numbers: np.ndarray) -> pd.Categorical:
        """Give the values of numbers; categories are sorted, and all of them occur."""
        codes, used = _distinct_numbers(numbers, self.size)
        values = np.array(self.words, dtype=object)[used - 1] if self.words is not None else used + (self.low - 1)
        return categorical_of(_of_kind([str(value) for value in values] if self.numeral else values, self.kind), codes)

    def numbers(self, values: pd.Categorical) -> np.ndarray:
        """Give the numbers of values that `categorical` gave, or that were fetched as they are."""
        written = values.categories
        if self.words is not None:
            place = {str(word).upper() if self.kind == "boolean" else word: number for number, word in enumerate(self.words, start=1)}
            numbers = [place[word] for word in written]
        else:
            numbers = [int(value) - self.low + 1 for value in written]
        return np.array([*numbers, 0], dtype=np.int64)[values.codes]


def _distinct_numbers(numbers: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the numbers from 1 on that occur, ascending, and for each row the place of its own among them (-1 for 0)."""
    if size <= 4 * len(numbers) + 1000:
        used = np.flatnonzero(np.bincount(numbers, minlength=size + 1)[1:]) + 1
        places = np.full(size + 1, -1, dtype=np.min_scalar_type(-len(used) - 1))
        places[used] = np.arange(len(used))
        return places[numbers], used
    used = np.unique(numbers[numbers > 0])
    return np.where(numbers > 0, np.searchsorted(used, numbers), -1), used


def _whole(number: int) -> Any:
    import narwhals as nw

    return nw.lit(number, dtype=nw.Int64)


def categorical_of(found: pd.Index, codes: np.ndarray) -> pd.Categorical:
    """Make a categorical of values, in any order, of which none stands twice, and of places among them."""
    order = found.argsort()
    rank = np.empty(len(found) + 1, dtype=np.min_scalar_type(-len(found) - 1))
    rank[order], rank[-1] = np.arange(len(found)), -1
    return pd.Categorical.from_codes(rank[codes], categories=found[order])


def _of_kind(values: Any, kind: str) -> pd.Index:
    """Write values as the kind of their column is given: numbers as numbers, everything else as text."""
    if kind == "integer":
        return pd.Index(values, dtype=np.int64)
    if kind == "number":
        return pd.Index(values if values.dtype == np.float64 else [float(str(value)) for value in values], dtype=np.float64)
    if kind == "boolean":
        values = [str(bool(value)).upper() for value in values]
    if kind == "date":
        moments = pd.DatetimeIndex(values)
        values = [str(moment.date()) if moment == moment.normalize() else moment.isoformat(sep=" ") for moment in moments]
    return pd.Index(values, dtype=object)


def values_of(column: Column, kind: str) -> pd.Categorical:
    """Give a column that was fetched as it is; NaN is missing too."""
    values, missing = column
    codes = np.full(len(values), -1, dtype=np.int64)
    known = ~missing
    if values.dtype == object and kind == "number":
        values = np.where(known, values, np.nan).astype(np.float64)
    codes[known], found = pd.factorize(values[known] + values.dtype.type(0) if kind == "number" else values[known])  # 0 makes one of 0 and -0
    return categorical_of(_of_kind(found, kind), codes)


def prepared(relation: Relation, columns: Sequence[str]) -> Any:
    """Give the columns alone, NaN as missing."""
    return without_nan(relation, columns).select(*columns)


def without_nan(relation: Relation, columns: Sequence[str]) -> Any:
    """Give the table with NaN in some columns as missing, as pandas has it anyway."""
    import narwhals as nw

    numbers = [nw.when(~nw.col(name).is_nan()).then(nw.col(name)).alias(name) for name in columns if relation.kinds[name] == "number"]
    return relation.table.with_columns(*numbers) if numbers and relation.engine != "memory" else relation.table


@dataclass(frozen=True, eq=False)
class Keys:
    """How rows are written as keys: `packed` holds, key by key, the codings that one number is made of; `plain` the columns left as they are."""

    packed: tuple[tuple[Coding, ...], ...]
    plain: tuple[str, ...]

    @classmethod
    def of(cls, codings: Mapping[str, Coding | None]) -> Keys:
        """Put numbered columns into as few keys as hold them."""
        keys: list[list[Coding]] = [[]]
        width = 1
        for coding in (coding for coding in codings.values() if coding is not None):
            if width * coding.radix > WIDEST:
                keys.append([])
                width = 1
            keys[-1].append(coding)
            width *= coding.radix
        return cls(tuple(tuple(key) for key in keys if key), tuple(name for name, coding in codings.items() if coding is None))

    @property
    def names(self) -> list[str]:
        """What the keys are called in the engine."""
        return [f"key_{place}_of_row" for place in range(len(self.packed))]

    def table(self, relation: Relation) -> Any:
        """Give the table of keys and plain columns."""
        table = prepared(relation, [*self.plain, *(coding.name for key in self.packed for coding in key)])
        return table.select(*self.plain, *self.expressions())

    def expressions(self) -> list[Any]:
        """Give the number of a row, key by key."""
        return [_packed(key).alias(name) for key, name in zip(self.packed, self.names)]

    def numbers(self, frame: pd.DataFrame) -> dict[str, np.ndarray]:
        """Give the same of rows in memory."""
        found = {}
        for key, name in zip(self.packed, self.names):
            number = np.zeros(len(frame), dtype=np.int64)
            for coding in key:
                number = number * coding.radix + coding.numbers(frame[coding.name].array)
            found[name] = number
        return found

    def has_others(self) -> Any:
        """Tell of a row in the engine whether it holds a value that was not there when they were numbered."""
        import narwhals as nw

        return nw.any_horizontal(*(coding.expression() == coding.size + 1 for key in self.packed for coding in key), ignore_nulls=True)

    def others(self, fetched: Mapping[str, Column]) -> np.ndarray:
        """Tell the same of the rows that were counted."""
        found = np.zeros(len(next(iter(fetched.values()))[0]), dtype=bool)
        for key, name in zip(self.packed, self.names):
            rest = fetched[name][0]
            for coding in reversed(key):
                rest, numbers = np.divmod(rest, coding.radix)
                found |= numbers > coding.size
        return found

    def unpacked(self, fetched: Mapping[str, Column]) -> dict[str, pd.Categorical]:
        """Give the values of numbered columns back; rows with other values are left out before."""
        found = {}
        for key, name in zip(self.packed, self.names):
            rest = fetched[name][0]
            for coding in reversed(key):
                rest, numbers = np.divmod(rest, coding.radix)
                found[coding.name] = coding.categorical(numbers)
        return found


def _packed(key: Sequence[Coding]) -> Any:
    weight, number = 1, None
    for coding in reversed(key):
        term = coding.expression(weight)
        number = term if number is None else number + term
        weight *= coding.radix
    return number
