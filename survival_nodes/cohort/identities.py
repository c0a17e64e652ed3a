"""Who the patients are, as text: a million numbers are checked as numbers, and written only where somebody reads them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .grouping import as_level

_MANY_ROWS = 20_000  # beyond them identities that are integers are held as such, in a tenth of the room of text


def given_ids(frame: pd.DataFrame) -> pd.Series:
    """Give the identities of a frame: integers as they are, anything else as text; where none are given, the number of the row."""
    if "patient_id" not in frame:
        return pd.Series(np.arange(1, len(frame) + 1), index=frame.index)
    ids = frame["patient_id"]
    return ids if _are_integers(ids) else text_of(ids)


def all_differ(ids: pd.Series) -> bool:
    """Tell whether no identity stands twice; a file in order is not searched."""
    numbers = ids.to_numpy() if _are_integers(ids) else None
    if numbers is not None and (numbers[1:] > numbers[:-1]).all():
        return True
    return not ids.duplicated().any()


def text_of(values: pd.Series) -> pd.Series:
    """Give values as level text (1.0 and 1 both '1'), missing kept; distinct values are converted once.

    >>> text_of(pd.Series([1.0, None, 7])).tolist()
    ['1', None, '7']
    """
    if _are_integers(values):
        return _text_of_integers(values)
    if pd.api.types.infer_dtype(values) == "string":
        return values if values.dtype == object else values.astype(object)
    codes, found = pd.factorize(values)
    words = np.array([as_level(value) for value in found] + [None], dtype=object)
    return pd.Series(words[codes], index=values.index, dtype=object)


def stored_ids(ids: pd.Series) -> pd.Series:
    """Give identities as a cohort holds them: as text, but integers of very many rows as they are (`written_ids` writes them)."""
    return ids if _are_integers(ids) and len(ids) > _MANY_ROWS else text_of(ids)


def written_ids(ids: np.ndarray) -> np.ndarray:
    """Write identities that a cohort holds as text, shape (n,), objects."""
    return text_of(pd.Series(ids)).to_numpy() if ids.dtype.kind in "iu" else ids


def _are_integers(values: pd.Series) -> bool:
    return isinstance(values.dtype, np.dtype) and values.dtype.kind in "iu"


def _text_of_integers(values: pd.Series) -> pd.Series:
    numbers = values.to_numpy()
    try:
        import pyarrow as arrow
    except ImportError:
        return pd.Series(numbers.astype(str).astype(object), index=values.index, name=values.name)
    text = arrow.array(numbers).cast(arrow.string()).to_numpy(zero_copy_only=False)
    return pd.Series(text, index=values.index, name=values.name, dtype=object)
