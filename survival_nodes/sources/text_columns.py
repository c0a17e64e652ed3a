"""Columns of text whose distinct values are few: whatever is asked of a column is asked of each distinct value once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from ..columns import COHORT
from .value_texts import value_text


def distinct(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Give the distinct values of a column, and for each row the place of its value among them.

    Returns
    -------
    codes, words
        Integers of shape (n,), -1 where missing; objects of shape (k,), some of which may not occur.

    >>> codes, words = distinct(pd.Series(["b", "a", None, "b"]))
    >>> codes.tolist(), words.tolist()
    ([0, 1, -1, 0], ['b', 'a'])
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy(), values.cat.categories.to_numpy(dtype=object)
    if values.dtype.kind in "iuf":  # numbers stand for the text that they would be written as
        codes, numbers = pd.factorize(values, use_na_sentinel=False)
        return codes, np.array(list(map(value_text, numbers.tolist())), dtype=object)
    codes, words = pd.factorize(values if isinstance(values.dtype, pd.StringDtype) else values.astype(object))
    return codes, np.asarray(words, dtype=object)


def each_distinct(values: pd.Series, change: Callable[[str], object]) -> pd.Series:
    """Put every value through a function, each distinct value once; missing values stay, and None makes one.

    The outcome is a categorical of the distinct outcomes where the column was one, else a column of objects.

    >>> each_distinct(pd.Series(["a", "b", "a"]), str.upper).tolist()
    ['A', 'B', 'A']
    """
    codes, words = distinct(values)
    changed = np.array([*(change(word) for word in words), None], dtype=object)
    if isinstance(values.dtype, pd.CategoricalDtype):
        return categorical(codes, changed[:-1], values.index, values.name)
    return pd.Series(changed[codes], index=values.index, name=values.name, dtype=object)


def categorical(codes: np.ndarray, words: np.ndarray, index: pd.Index, name: object) -> pd.Series:
    """Make a categorical of places in a list of words, of which several may be the same and some None (missing)."""
    found = list(dict.fromkeys(word for word in words if word is not None))
    place = {word: position for position, word in enumerate(found)}
    moved = np.array([*(-1 if word is None else place[word] for word in words), -1], dtype=np.min_scalar_type(-len(words) - 1))
    if not np.array_equal(moved[:-1], np.arange(len(words))):
        codes = moved[codes]
    return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(found, dtype=object)), index=index, name=name)


def in_order(values: pd.Series) -> pd.Series:
    """Put the categories of a column into the dictionary's order, where it knows them all, else sort them; other columns stay as they are."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return values
    found, name = set(values.cat.categories), str(values.name)
    allowed = [str(word) for word in COHORT[name].allowed] if name in COHORT.names else []
    order = allowed if found and found <= set(allowed) else sorted(found)
    return values if order == list(values.cat.categories) else values.cat.set_categories(order)


def strip_blanks(frame: pd.DataFrame) -> pd.DataFrame:
    """Take the blanks around the values of a frame of text away."""
    return pd.DataFrame({name: _stripped(frame[name]) for name in frame.columns}, index=frame.index, copy=False)


def _stripped(values: pd.Series) -> pd.Series:
    if values.dtype.kind in "iuf" or isinstance(values.dtype, pd.StringDtype):
        return values
    words = values.cat.categories if isinstance(values.dtype, pd.CategoricalDtype) else values
    if not any(word != word.strip() for word in words):
        return values
    return each_distinct(values, str.strip)
