"""Columns as groups: levels in their order, the first the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..columns import COHORT
from ..errors import InputError, UsageError


@dataclass(frozen=True, eq=False)
class Groups:
    """Who is in which group: `codes` (int64, one a row, -1 where unknown) point into `labels`, which all occur."""

    codes: np.ndarray
    labels: tuple[str, ...]


def as_level(value: object) -> str:
    """Write a value as a level: whole numbers without decimals, everything else as text.

    >>> as_level(1.0), as_level(True), as_level("micro")
    ('1', 'True', 'micro')
    """
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def level_order(values: pd.Series, declared: Mapping[str, Sequence]) -> tuple[str, ...]:
    """Give the levels of a column: as declared, else the order of a categorical, else the dictionary's, else sorted."""
    name = str(values.name)
    if name in declared:
        return tuple(as_level(level) for level in declared[name])
    if isinstance(values.dtype, pd.CategoricalDtype):
        return tuple(as_level(level) for level in values.cat.categories)
    found = pd.unique(values.dropna())
    spec = COHORT[name] if name in COHORT.names else None
    if spec is not None and spec.allowed and {as_level(value) for value in found} <= {as_level(value) for value in spec.allowed}:
        return tuple(as_level(value) for value in spec.allowed)
    try:
        return tuple(as_level(value) for value in sorted(found))
    except TypeError:
        return tuple(sorted(as_level(value) for value in found))


def as_numbers(values: pd.Series) -> pd.Series:
    """Give a column as floats for a model.

    Raises
    ------
    InputError
        If it holds anything else, as dates.
    """
    try:
        return values.astype("float64")
    except (TypeError, ValueError):
        hint = ": make years of the dates" if pd.api.types.is_datetime64_any_dtype(values) else ""
        raise InputError(f"column {values.name!r} holds no numbers, and a model takes numbers or categories{hint}") from None


def level_codes(values: pd.Series, order: tuple[str, ...]) -> np.ndarray:
    """Give the place of each value in the order of levels, int64, -1 where missing.

    Raises
    ------
    InputError
        If a value is none of the levels (rows are counted, values are not shown).
    """
    raw, found = (values.cat.codes.to_numpy(), values.cat.categories) if isinstance(values.dtype, pd.CategoricalDtype) else pd.factorize(values)
    place = {level: position for position, level in enumerate(order)}
    lookup = np.array([place.get(as_level(value), -2) for value in found] + [-1], dtype=np.int64)
    codes = lookup[raw]
    strays = int((codes == -2).sum())
    if strays:
        listed = ", ".join(order)
        raise InputError(
            f"column {values.name!r} holds something outside its declared levels ({listed}) in {strays} row{'s' * (strays != 1)}: "
            "declare every level, or recode")
    return codes


def group_rows(frame: pd.DataFrame, by: Sequence[str], declared: Mapping[str, Sequence]) -> Groups:
    """Cross the columns of `by` into groups, the first column varying slowest; labels join with ' | '."""
    if not by:
        return Groups(np.zeros(len(frame), dtype=np.int64), ("all",))
    if len(set(by)) < len(by):
        raise UsageError(f"a column stands twice in the grouping: {', '.join(by)}")
    codes, labels = np.zeros(len(frame), dtype=np.int64), [""]
    known = np.ones(len(frame), dtype=bool)
    for name in by:
        order = level_order(frame[name], declared)
        own = level_codes(frame[name], order)
        known &= own >= 0
        codes = codes * len(order) + np.maximum(own, 0)
        labels = [f"{label} | {level}" if label else level for label in labels for level in order]
    present = np.flatnonzero(np.bincount(codes[known], minlength=len(labels)))
    packed = np.full(len(labels), -1, dtype=np.int64)
    packed[present] = np.arange(len(present))
    return Groups(np.where(known, packed[codes], -1), tuple(labels[place] for place in present))
