"""Distinct covariate patterns of a cohort, and distinct cells of any integers: what models of the hazard count instead of reading rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..cohort import Cohort
from ..errors import InputError
from ..units import format_count

SAMPLE = 1000  # rows looked at before all are, for whether a column of numbers has few values: not if more than half of them differ
FEWEST = 100  # rows below which all columns have few
SAMPLE_CROSSED = 1 << 17
WIDEST = 1 << 16  # whole numbers within a range of this width are their own codes
ROOMY = 4  # a table of all combinations is counted directly unless it is this much larger than the rows that fill it
SMALL = 1 << 20
BLOCK = 1 << 16
FEWEST_ROWS = 4  # rows a pattern, on average, below which patterns save nothing


@dataclass(frozen=True, eq=False)
class RowPatterns:
    """Rows as patterns of some of their columns.

    Attributes
    ----------
    frame : DataFrame, u rows
        The distinct rows of the columns that have few values together, typed as `Cohort.model_frame` gives them; a value may be missing.
    code : int64 array, shape (n,)
        Which of them each row of the cohort has.
    apart : tuple of str
        The columns with so many values that patterns of them would be as many as the rows.
    """

    frame: pd.DataFrame
    code: np.ndarray
    apart: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Codes:
    """A column as integers from `lowest` on, `n` of which may occur; shape of `places` (n_rows,)."""

    places: np.ndarray
    n: int
    lowest: int


def row_patterns(cohort: Cohort, columns: Sequence[str]) -> RowPatterns:
    """Find the distinct rows of the columns that have few values together, and which of them each row of the cohort has.

    >>> frame = pd.DataFrame({"t": [3, 3, 5], "d": [1, 1, 0], "node": ["a", "a", "b"], "age": [50, 50, 61]})
    >>> found = row_patterns(Cohort.from_frame(frame, {"years": "t", "event": "d"}, "years"), ["node", "age"])
    >>> found.code.tolist(), found.frame["age"].tolist(), found.apart
    ([0, 0, 1], [50.0, 61.0], ())
    """
    n, found = len(cohort), {name: _codes(cohort, name) for name in columns}
    together = sorted((name for name in columns if found[name] is not None), key=lambda name: found[name].n)
    code, waiting, taken = Codes(np.zeros(n, dtype=np.int8), 1, 0), [], []
    for name in together:
        own = found[name]
        if math.prod(each.n for each in (code, *waiting, own)) > _room(n):
            code, waiting = _packed(_crossed((code, *waiting))), []
            if code.n * own.n > _room(n) and not _collapses(code, own):
                continue
        waiting.append(own)
        taken.append(name)
    code = _packed(_crossed((code, *waiting)))
    first = np.zeros(code.n, dtype=np.int64)
    first[code.places] = np.arange(n)
    frame = cohort.model_frame([name for name in columns if name in taken], first)
    return RowPatterns(frame, code.places, tuple(name for name in columns if name not in taken))


def _room(n: int) -> int:
    return ROOMY * n + SMALL


def _collapses(code: Codes, own: Codes) -> bool:
    """Judge by some of the rows whether patterns with one column more are still few beside the rows."""
    n = len(code.places)
    some = np.arange(n) if n <= SAMPLE_CROSSED else np.random.default_rng(n).integers(0, n, SAMPLE_CROSSED)
    share = len(np.unique(code.places[some] * own.n + own.places[some])) / len(some)
    # Were there n / FEWEST_ROWS patterns, all alike, this would be the share of different ones in such a sample.
    rows_a_pattern = FEWEST_ROWS * len(some) / n
    return bool(share <= -np.expm1(-rows_a_pattern) / rows_a_pattern)


def _crossed(columns: Sequence[Codes]) -> Codes:
    """Cross columns, the first varying slowest; in blocks, which stay in the cache, and in integers no wider than they must be."""
    n, code = len(columns[0].places), np.empty(len(columns[0].places), dtype=np.int64)
    for start in range(0, n, BLOCK):
        rows = slice(start, start + BLOCK)
        width, block = columns[0].n, columns[0].places[rows]
        for column in columns[1:]:
            width *= column.n
            block = np.multiply(block, column.n, dtype=np.result_type(np.min_scalar_type(-width), column.places.dtype))
            block += column.places[rows]
            block -= column.lowest
        code[rows] = block
    return Codes(code, math.prod(column.n for column in columns), 0)


def _packed(code: Codes) -> Codes:
    """Number the codes that occur anew, without gaps."""
    if code.n <= _room(len(code.places)):
        found = np.bincount(code.places, minlength=code.n) > 0
        if found.all():
            return code
        packed, places = np.cumsum(found) - 1, code.places
        for start in range(0, len(places), BLOCK):
            places[start : start + BLOCK] = packed.take(places[start : start + BLOCK])
        return Codes(places, int(found.sum()), 0)
    distinct, packed = np.unique(code.places, return_inverse=True)
    return Codes(packed.reshape(-1), len(distinct), 0)


def _codes(cohort: Cohort, name: str) -> Codes | None:
    """Give a column as integers; None where it has too many values."""
    values = cohort.column(name)
    if cohort.has_levels(name):
        column = cohort.coded(name)
        return Codes(column.codes, len(column.order) + 1, -1)
    if isinstance(values.dtype, np.dtype) and values.dtype.kind == "i" and len(values):
        numbers = values.to_numpy()
        low, high = int(numbers.min()), int(numbers.max())
        if high - low < WIDEST:
            return Codes(numbers, high - low + 1, low)
    some = values.iloc[:: max(1, len(values) // SAMPLE)]
    if len(some) >= FEWEST and some.nunique() * 2 > len(some):
        return None
    codes, distinct = pd.factorize(values)
    return Codes(codes, len(distinct) + 1, -1)


def distinct_cells(parts: Sequence[np.ndarray], n: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Give the distinct combinations of integers of -1 and above, sorted by the first, then the second, and so on, and the sum of `n` over each.

    >>> cells, n = distinct_cells([np.array([1, 0, 1]), np.array([-1, 5, -1])], np.array([2, 3, 4]))
    >>> [cell.tolist() for cell in cells], n.tolist()
    ([[0, 1], [5, -1]], [3, 6])
    """
    lowest = [int(part.min()) for part in parts]
    widths = [int(part.max()) - low + 1 for part, low in zip(parts, lowest, strict=True)]
    if math.prod(widths) >= 1 << 62:
        raise InputError(f"{format_count(len(n))} rows have too many combinations of values to be counted: leave out a column, or round it")
    keys = np.zeros(len(n), dtype=np.int64)
    for part, low, width in zip(parts, lowest, widths, strict=True):
        keys *= width
        keys += part
        keys -= low
    if math.prod(widths) <= _room(len(n)):
        counts = np.bincount(keys, n)
        found = np.flatnonzero(counts)
        counts = counts[found]
    else:
        found, place = np.unique(keys, return_inverse=True)
        counts = np.bincount(place.reshape(-1), n)
    cells = np.unravel_index(found, widths)
    return [cell + low for cell, low in zip(cells, lowest, strict=True)], counts.astype(np.int64)
