"""A Parquet file into a frame of text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from .delimited import FileFormat
from .value_texts import TextColumn, library, value_text

_INDEX = "__index_level_"  # how pandas stores row names that have none


def read_parquet(path: Path, file: FileFormat) -> pd.DataFrame:
    """Read a Parquet file piece by piece, each distinct value of a piece becoming text once."""
    arrow = library("pyarrow", "a Parquet file")
    stored = library("pyarrow.parquet", "a Parquet file").ParquetFile(path)
    try:
        wanted = [name for name in stored.schema_arrow.names if not name.startswith(_INDEX)]
        columns = [TextColumn() for _ in wanted]
        for batch in stored.iter_batches(columns=wanted):
            for name, column, values in zip(wanted, columns, batch.columns):
                if arrow.types.is_nested(values.type):
                    raise InputError(f"{path.name!r}: column {name!r} holds lists or records, where one value a row is wanted: leave it out")
                _add(column, values if arrow.types.is_dictionary(values.type) else values.dictionary_encode(), file.decimal)
    finally:
        stored.close()
    return pd.DataFrame(dict(enumerate(column.series() for column in columns))).set_axis([name.strip() for name in wanted], axis=1)


def _add(column: TextColumn, values: object, decimal: str) -> None:
    codes = values.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
    words = values.dictionary
    single = str(words.type) in {"float", "halffloat"}
    column.extend(codes, [value_text(word, decimal) for word in (words.to_numpy(zero_copy_only=False) if single else words.to_pylist())])
