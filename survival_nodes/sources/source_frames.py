"""What readers of sources with a layout share: which columns they read, which they keep as they are, and the first row of a patient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from ..errors import UsageError, unknown_name
from .layout import Layout, find_titles, read_fields
from .reading import first_rows
from .text_columns import each_distinct


def columns_asked_for(layout: Layout, header: Sequence[str], keep: Iterable[str], name: str) -> Callable[[str], bool]:
    """Tell which columns of a file are read: those of the layout, and those that are kept.

    Raises
    ------
    InputError
        If a needed column is not there; said before a large file is read.
    """
    read_fields(layout, pd.DataFrame({title: [] for title in header}, dtype=object), name)
    return {*find_titles(layout, header).values(), *keep}.__contains__


def with_kept(frame: pd.DataFrame, theirs: pd.DataFrame, keep: Sequence[str], name: str) -> pd.DataFrame:
    """Put columns of the file beside ours, under their own names and as text; an empty text is missing.

    Raises
    ------
    UsageError
        If the file has no such column, or its name is one of ours.

    >>> with_kept(pd.DataFrame({"sex": ["female"]}), pd.DataFrame({"morf": ["8500"]}), ("morf",), "nkr.csv").loc[0].tolist()
    ['female', '8500']
    """
    for title in keep:
        if title not in theirs.columns:
            raise UsageError(f"keep: {name!r}: {unknown_name('column', title, theirs.columns)}")
        if title in frame.columns:
            raise UsageError(f"keep: {title!r} is a column of the cohort already, read from the file: leave it out")
    return frame.assign(**{title: each_distinct(theirs[title], lambda text: text or None) for title in dict.fromkeys(keep)})


def first_of_patient(patients: pd.Series, *keys: pd.Series) -> np.ndarray:
    """Keep the first row of each patient in the order of some keys, missing ones last, and then of the rows.

    A row whose patient is not named stands for itself.

    >>> first_of_patient(pd.Series(["a", "a", "b", None]), pd.Series([2012, 2010, None, 2011])).tolist()
    [False, True, True, True]
    """
    order = np.arange(len(patients))
    for key in reversed(keys):
        order = order[key.iloc[order].reset_index(drop=True).sort_values(kind="stable", na_position="last").index.to_numpy()]
    keep = np.empty(len(patients), dtype=bool)
    keep[order] = first_rows(patients.iloc[order])
    return keep
