"""Columns as groups: levels in their order, the first the reference."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..columns import COHORT
from ..errors import InputError

BLOCK = 1 << 16  # rows that are counted at a time: what is made of them stays in the cache


@dataclass(frozen=True, eq=False)
class Groups:
    """Who is in which group: `small` (integers of any width, one a row, -1 where unknown) point into `labels`, which all occur."""

    small: np.ndarray
    labels: tuple[str, ...]

    @cached_property
    def codes(self) -> np.ndarray:
        """The same as int64, with which one may reckon."""
        return self.small.astype(np.int64, copy=False)

    @cached_property
    def unknown(self) -> np.ndarray | None:
        """The rows without a group, as booleans; None where every row has one."""
        missing = self.small < 0
        return missing if missing.any() else None


@dataclass(frozen=True, eq=False)
class Coded:
    """A column as places in the order of its levels.

    Attributes
    ----------
    codes : array, shape (n,)
        The smallest signed integers that hold the places; -1 where a value is missing.
    order : tuple of str
        The levels, the first the reference; some may not occur.
    present : int64 array
        The places of the levels that occur.
    """

    codes: np.ndarray
    order: tuple[str, ...]
    present: np.ndarray

    @cached_property
    def groups(self) -> Groups:
        """The levels that occur, as groups."""
        return _packed(self.codes, self.order, self.present)


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
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _order(str(values.name), values.cat.categories, declared, True)
    return _order(str(values.name), () if values.name in declared else pd.unique(values.dropna()), declared, False)


def _order(name: str, found: Iterable, declared: Mapping[str, Sequence], is_ordered: bool) -> tuple[str, ...]:
    if name in declared:
        return tuple(as_level(level) for level in declared[name])
    if is_ordered:
        return tuple(as_level(level) for level in found)
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


def level_codes(values: pd.Series, order: tuple[str, ...], repeats: np.ndarray | None = None) -> np.ndarray:
    """Give the place of each value in the order of levels, as the smallest signed integers, -1 where missing.

    `repeats` says how many patients each row stands for.

    Raises
    ------
    InputError
        If a value is none of the levels (rows are counted, values are not shown).
    """
    return _placed(str(values.name), *_distinct(values), order, repeats)


def coded(values: pd.Series, declared: Mapping[str, Sequence], repeats: np.ndarray | None = None) -> Coded:
    """Give a column as places in the order of its levels; InputError as `level_codes` says."""
    name, (raw, found) = str(values.name), _distinct(values)
    order = _order(name, found, declared, isinstance(values.dtype, pd.CategoricalDtype))
    codes = _placed(name, raw, found, order, repeats)
    return Coded(codes, order, np.flatnonzero(count_places(codes, len(order))))


def _distinct(values: pd.Series) -> tuple[np.ndarray, Sequence]:
    """Give where each value stands among the distinct ones (-1 missing), and these."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.array.codes, values.array.categories
    return pd.factorize(values)


def _placed(name: str, raw: np.ndarray, found: Sequence, order: tuple[str, ...], repeats: np.ndarray | None) -> np.ndarray:
    place = {level: position for position, level in enumerate(order)}
    lookup = np.array([place.get(as_level(value), -2) for value in found] + [-1], dtype=np.min_scalar_type(-max(len(order), 2)))
    stray = (lookup == -2)[raw] if -2 in lookup else np.zeros(0, dtype=bool)
    if stray.any():
        strays = int(stray.sum() if repeats is None else repeats[stray].sum())
        listed = ", ".join(order)
        raise InputError(
            f"column {name!r} holds something outside its declared levels ({listed}) in {strays} row{'s' * (strays != 1)}: "
            "declare every level, or recode")
    if np.array_equal(lookup[:-1], np.arange(len(found))):
        return raw.astype(lookup.dtype, copy=False)
    return lookup[raw]


def count_places(places: np.ndarray, n: int, repeats: np.ndarray | None = None) -> np.ndarray:
    """Count each of `n` places, int64, shape (n,), every row `repeats` times; -1 is nowhere.

    Read in blocks, as a copy of all of them as int64 would leave the cache.

    >>> count_places(np.array([0, 2, -1, 2], dtype=np.int8), 3).tolist()
    [1, 0, 2]
    """
    total = np.zeros(n + 1, dtype=np.int64)
    for rows in blocks(len(places), n):
        total += repeated_count(np.add(places[rows], 1, dtype=np.int64), n + 1, None if repeats is None else repeats[rows])
    return total[1:]


def blocks(n_rows: int, n_places: int) -> Iterator[slice]:
    """Cut rows into pieces that are worth a table of so many places each."""
    step = max(BLOCK, n_places)
    return (slice(start, start + step) for start in range(0, n_rows, step))


def repeated_count(places: np.ndarray, n: int, repeats: np.ndarray | None) -> np.ndarray:
    """Count each of `n` places, int64; sums of repeats are whole numbers below 2^53, so as floats they are exact."""
    if repeats is None:
        return np.bincount(places, minlength=n)
    return np.bincount(places, repeats, minlength=n).astype(np.int64)


def cross(columns: Sequence[Coded], n: int) -> Groups:
    """Cross columns of `n` rows into groups, the first column varying slowest; labels join with ' | ', and those that occur are kept."""
    if not columns:
        return Groups(np.broadcast_to(np.int8(0), (n,)), ("all",))
    if len(columns) == 1:
        return columns[0].groups
    n_cells = math.prod(max(len(column.order), 1) for column in columns)
    codes = columns[0].codes.astype(np.min_scalar_type(-n_cells))
    known = codes >= 0
    for column in columns[1:]:
        codes *= len(column.order)
        codes += column.codes
        known &= column.codes >= 0
    if not known.all():
        codes[~known] = -1
    present = np.unique(codes[known]) if n_cells > n + BLOCK else np.flatnonzero(count_places(codes, n_cells))
    levels = [place.tolist() for place in np.unravel_index(present, [len(column.order) for column in columns])]
    labels = tuple(" | ".join(column.order[place] for column, place in zip(columns, each)) for each in zip(*levels))
    if len(present) == n_cells:
        return Groups(codes, labels)
    return Groups(_renumbered(codes, present, n_cells), labels)


def _packed(codes: np.ndarray, order: tuple[str, ...], present: np.ndarray) -> Groups:
    if len(present) == len(order):
        return Groups(codes, order)
    return Groups(_renumbered(codes, present, len(order)), tuple(order[place] for place in present))


def _renumbered(codes: np.ndarray, present: np.ndarray, n: int) -> np.ndarray:
    """Number the places that occur anew, without gaps."""
    smallest = np.min_scalar_type(-max(len(present), 1))
    if n > len(codes) + BLOCK:
        return np.where(codes < 0, -1, np.searchsorted(present, codes)).astype(smallest)
    packed = np.full(n + 1, -1, dtype=smallest)
    packed[present] = np.arange(len(present))
    return packed[codes]
