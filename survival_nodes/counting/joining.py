"""Codes of combinations of values, looked up row by row in the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .keys import Keys, without_nan
from .numbering import coding_of
from .relations import Relation


def joined(relation: Relation, combinations: pd.DataFrame, codes: np.ndarray, name: str) -> Any:
    """Give the table of a relation with the code of each row's combination; combinations are categoricals as `DistinctRows` holds them."""
    import narwhals as nw

    keys = Keys.of({each: coding_of(combinations[each], relation.kinds[each]) for each in combinations})
    schema = relation.table.collect_schema()
    columns, sides, types = dict(keys.numbers(combinations)), keys.expressions(), {}
    for place, each in enumerate(keys.plain):
        values, dtype = combinations[each].array, schema[each]
        filled, lacks = f"value_{place}_of_row", f"value_{place}_is_missing"
        texts = [str(value) for value in values.categories] or ["0"]
        columns |= {filled: np.array([*texts, texts[0]], dtype=object)[values.codes].tolist(), lacks: (values.codes < 0).astype(np.int64)}
        types[filled] = dtype
        # A missing value is equal to nothing: the first stands for it, and is told apart.
        missing = nw.col(each).is_null()
        stand_in = nw.lit(texts[0]).cast(dtype)
        sides += [nw.when(missing).then(stand_in).otherwise(nw.col(each)).alias(filled), nw.when(missing).then(1).otherwise(0).cast(nw.Int64).alias(lacks)]
    native = relation.source.look_up(relation.table.to_native(), {**columns, name: codes})
    small = nw.from_native(native).lazy()
    small = small.with_columns(*(nw.col(each).cast(dtype) for each, dtype in types.items())) if types else small
    table = without_nan(relation, keys.plain).with_columns(*sides)
    return table.join(small, on=list(columns), how="left").select(*relation.kinds, name)
