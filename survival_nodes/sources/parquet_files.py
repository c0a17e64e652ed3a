"""A Parquet file into a frame of text; in a large one columns of numbers stay what they are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from .column_parts import REPEATS, Words
from .delimited import FileFormat
from .value_texts import TextColumn, library, value_text

_INDEX = "__index_level_"  # how pandas stores row names that have none
_MANY_ROWS = 20_000  # beyond them numbers are held as numbers


def parquet_titles(path: Path) -> list[str]:
    """Name the columns of a Parquet file."""
    with closing(_opened(path)) as stored:
        return [name.strip() for name in _names(stored)]


def read_parquet(path: Path, file: FileFormat, wanted: Callable[[str], bool] | None = None) -> pd.DataFrame:
    """Read a Parquet file piece by piece, each distinct value of a piece becoming text once; of its columns those wanted (None: all)."""
    with closing(_opened(path)) as stored:
        names = [name for name in _names(stored) if wanted is None or wanted(name.strip())]
        is_large = stored.metadata.num_rows > _MANY_ROWS
        repeated = _repeated_text(stored, names) if is_large else []
    columns = None
    with closing(_opened(path, repeated)) as stored:
        for batch in stored.iter_batches(columns=names):
            columns = columns or [_column(values.type, file.decimal, is_large) for values in batch.columns]
            for name, column, values in zip(names, columns, batch.columns):
                if _is_nested(values.type):
                    raise InputError(f"{path.name!r}: column {name!r} holds lists or records, where one value a row is wanted: leave it out")
                column.add(values)
    series = [column.series() for column in columns or [_Texts(file.decimal) for _ in names]]
    return pd.DataFrame(dict(enumerate(series)), copy=False).set_axis([name.strip() for name in names], axis=1)


def _opened(path: Path, repeated: list[str] | None = None) -> object:
    library("pyarrow", "a Parquet file")
    return library("pyarrow.parquet", "a Parquet file").ParquetFile(path, read_dictionary=repeated)


def _names(stored: object) -> list[str]:
    return [name for name in stored.schema_arrow.names if not name.startswith(_INDEX)]


def _is_nested(kind: object) -> bool:
    return library("pyarrow", "a Parquet file").types.is_nested(kind)


def _repeated_text(stored: object, names: list[str]) -> list[str]:
    """Name the columns of text whose values repeat in the first rows: these are read as distinct words, never written out."""
    text = [name for name in names if str(stored.schema_arrow.field(name).type) in {"string", "large_string"}]
    if not text:
        return []
    first = next(stored.iter_batches(batch_size=_MANY_ROWS, columns=text))
    return [name for name, values in zip(text, first.columns) if len(values.unique()) <= len(values) / REPEATS]


def _column(kind: object, decimal: str, is_large: bool) -> _Texts | _Categories | _Numbers:
    if is_large and (str(kind).startswith(("int", "uint")) or str(kind) == "double" and decimal == "."):
        return _Numbers()
    return _Categories(decimal) if is_large and str(kind).startswith("dictionary") else _Texts(decimal)


class _Texts:
    """A column that becomes text."""

    def __init__(self, decimal: str) -> None:
        self._column, self._decimal = TextColumn(), decimal

    def add(self, values: object) -> None:
        """Add the rows of a piece."""
        words, codes = _coded(values, self._decimal)
        self._column.extend(codes, words)

    def series(self) -> pd.Series:
        """Give the column."""
        return self._column.series()


class _Categories:
    """A column of few words, whose rows take a byte or two each."""

    def __init__(self, decimal: str) -> None:
        self._column, self._decimal = Words(), decimal

    def add(self, values: object) -> None:
        """Add the rows of a piece."""
        words, codes = _coded(values, self._decimal)
        self._column.add(([*words, ""] if codes.min(initial=0) < 0 else words, codes))  # the last word is that of -1

    def series(self) -> pd.Series:
        """Give the column."""
        return self._column.series()


class _Numbers:
    """A column of numbers in double precision or whole; whole numbers of which some are missing become text."""

    def __init__(self) -> None:
        self._parts: list[object] = []

    def add(self, values: object) -> None:
        """Add the rows of a piece."""
        self._parts.append(values)

    def series(self) -> pd.Series:
        """Give the column."""
        if str(self._parts[0].type) == "double" or not any(part.null_count for part in self._parts):
            return pd.Series(np.concatenate([part.to_numpy(zero_copy_only=False) for part in self._parts]))
        texts = _Texts(".")
        for part in self._parts:
            texts.add(part)
        return texts.series()


def _coded(values: object, decimal: str) -> tuple[list[str], np.ndarray]:
    """Give the distinct words of a piece, and where they stand; -1 is missing."""
    arrow = library("pyarrow", "a Parquet file")
    coded = values if arrow.types.is_dictionary(values.type) else values.dictionary_encode()
    words, single = coded.dictionary, str(coded.dictionary.type) in {"float", "halffloat"}
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
    return [value_text(word, decimal) for word in (words.to_numpy(zero_copy_only=False) if single else words.to_pylist())], codes
