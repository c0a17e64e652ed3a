"""Delimited text by Arrow's reader, where pyarrow is installed (extra `io`): the same frame as pandas makes, in a fraction of the time."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

_BLOCK = 1 << 23


def parse(stream: io.BytesIO, delimiter: str, n_skipped: int, names: int, kinds: Mapping[int, object]) -> pd.DataFrame | None:
    """Parse delimited text, or give None where Arrow is not installed or finds rows that do not fit.

    Parameters
    ----------
    stream
        The content as a file to be read from.
    delimiter, n_skipped
        One character; the lines above the first row.
    names
        How many columns a row has.
    kinds
        Place of each wanted column -> `category` or str.
    """
    try:
        import pyarrow as arrow
        from pyarrow import compute, csv
    except ImportError:
        return None
    titles = [str(place) for place in range(names)]
    text = arrow.string()
    types = {str(place): arrow.dictionary(arrow.int32(), text) if kind == "category" else text for place, kind in kinds.items()}
    try:
        table = csv.read_csv(
            stream, csv.ReadOptions(column_names=titles, skip_rows=n_skipped, block_size=_BLOCK),
            csv.ParseOptions(delimiter=delimiter, newlines_in_values=False),
            csv.ConvertOptions(column_types=types, include_columns=[str(place) for place in kinds], null_values=[], strings_can_be_null=False))
    except arrow.ArrowInvalid:
        return None
    return _as_pandas(table, kinds, compute.utf8_trim_whitespace)


def _as_pandas(table, kinds: Mapping[int, object], stripped: Callable) -> pd.DataFrame:
    """Turn the columns one by one into categoricals with sorted categories, as pandas' reader gives them, or into objects; blanks around values go."""
    columns = {}
    for place, kind in kinds.items():
        column = table.column(str(place))
        if kind == "category":
            whole = column.unify_dictionaries().combine_chunks()
            words = [word.strip() for word in whole.dictionary.to_pylist()]
            found = sorted(set(words))
            ranked = {word: place_of for place_of, word in enumerate(found)}
            rank = np.array([ranked[word] for word in words], dtype=np.int32)
            columns[place] = pd.Categorical.from_codes(rank[whole.indices.to_numpy()], categories=pd.Index(found, dtype=object))
        else:
            columns[place] = stripped(column).to_pandas(deduplicate_objects=False).to_numpy(dtype=object)
        table = table.drop_columns([str(place)])
    return pd.DataFrame(columns, copy=False)
