"""What can be told of a column without a look at every value: a million rows are checked one by one only where something may be wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..columns import Column


def fits_at_a_glance(values: pd.Series, column: Column) -> bool:
    """Tell whether nothing can be wrong with a column; False where it has to be looked at value by value.

    >>> from survival_nodes.columns import COHORT
    >>> fits_at_a_glance(pd.Series([52.0, None]), COHORT["age"]), fits_at_a_glance(pd.Series([52.0, 152.0]), COHORT["age"])
    (True, False)
    """
    if column.required:
        return False
    if column.kind == "text":
        return not column.allowed or {*_words(values)} <= {*column.allowed, None}
    is_numeric = isinstance(values.dtype, np.dtype) and values.dtype.kind in "iuf"
    return is_numeric and len(values) > 0 and column.kind in {"number", "integer", "count"} and _lies_within(values, column)


def _words(values: pd.Series) -> np.ndarray:
    found = values.cat.categories if isinstance(values.dtype, pd.CategoricalDtype) else pd.unique(values) if values.dtype == object else [np.nan]
    return np.asarray(found, dtype=object)


def _lies_within(values: pd.Series, column: Column) -> bool:
    """Hold the least and the greatest number against the limits, and ask for whole numbers where these are wanted; missing ones may be."""
    least, most = float(values.min()), float(values.max())
    if not np.isfinite([least, most]).all() or column.kind == "integer" and values.dtype.kind == "f" and (values % 1).any():
        return False
    above = column.minimum is None or least >= column.minimum
    below = column.maximum is None or most <= column.maximum
    return above and below and (not column.allowed or most - least < 100 and set(range(int(least), int(most) + 1)) <= set(column.allowed))
