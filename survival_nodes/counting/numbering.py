"""Which values a column holds, found out before its rows become numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from .keys import COUNT, NUMERAL, WIDEST, Coding
from .relations import Relation

MOST_WORDS = 64  # a column of text with more values is not compared with each of them
FIRST_ROWS = 100_000  # tell how many combinations to expect
_MOST_NUMERALS = 100_000
_NUMERAL = re.compile(NUMERAL)


def number_columns(relation: Relation, many: Mapping[str, int], whole: bool) -> None:
    """Find out the values of columns that are not known yet, and keep on the relation how they are numbered (None: they are not).

    Parameters
    ----------
    many
        How many values the first rows hold of each column.
    whole
        Whether each column is read to its end, which costs little where columns are stored one by one; else the first rows speak for all,
        and rows with other values are counted apart.
    """
    table = relation.table if whole else relation.table.head(FIRST_ROWS)
    new = [name for name in many if name not in relation.codings]
    relation.codings.update(_offsets(relation, table, [name for name in new if relation.kinds[name] == "integer"]))
    for name in new:
        kind = relation.kinds[name]
        if kind == "boolean":
            relation.codings[name] = Coding(name, kind, 2, words=(True, False))
        elif kind == "text":
            coding = _words(relation, table, name) if many[name] <= _MOST_NUMERALS // 10 else None
            relation.codings[name] = coding if whole or coding is None else _with_room(coding)
        elif kind != "integer":
            relation.codings[name] = None


def _with_room(coding: Coding) -> Coding:
    """Take numbers near those that were seen in too."""
    if not coding.numeral:
        return coding
    room = coding.size + 100
    return replace(coding, low=coding.low - room, size=coding.size + 2 * room, guarded=True)


def _offsets(relation: Relation, table: Any, names: Sequence[str]) -> dict[str, Coding | None]:
    import narwhals as nw

    if not names:
        return {}
    ends = [getattr(nw.col(name), end)().alias(f"{end}_{place}") for place, name in enumerate(names) for end in ("min", "max")]
    found = {name: None if missing[0] else int(values[0]) for name, (values, missing) in relation.fetch(table.select(*ends)).items()}
    return {name: _offset(name, found[f"min_{place}"], found[f"max_{place}"]) for place, name in enumerate(names)}


def _offset(name: str, low: int | None, high: int | None, kind: str = "integer") -> Coding | None:
    low, size = low or 0, 0 if low is None else high - low + 1
    return Coding(name, kind, size, low=low, numeral=kind == "text") if size + 2 < WIDEST and abs(low) < WIDEST else None


def _words(relation: Relation, table: Any, name: str) -> Coding | None:
    """Number the words of a column of text: as they are where they are few, else by what they say where all are whole numbers."""
    import narwhals as nw

    fetched = relation.fetch(table.select(name).group_by(name).agg(nw.len().alias(COUNT)).head(_MOST_NUMERALS + 1))
    (words, missing), (n, _) = fetched[name], fetched[COUNT]
    words, n = words[~missing], n[~missing]
    if len(words) <= MOST_WORDS:  # those of most rows are compared first
        return Coding(name, "text", len(words), words=tuple(words[np.argsort(-n, kind="stable")].tolist()))
    if len(words) > _MOST_NUMERALS or not all(map(_NUMERAL.fullmatch, words)):
        return None
    numbers = words.astype(np.int64)
    return _offset(name, int(numbers.min()), int(numbers.max()), "text")


def coding_of(values: pd.Series, kind: str) -> Coding | None:
    """Number the values that a column is known to have; None where they are left as they are."""
    written = values.array.categories
    if kind == "boolean":
        return Coding(str(values.name), kind, 2, words=(True, False))
    if kind == "text" and len(written) <= MOST_WORDS:
        return Coding(str(values.name), kind, len(written), words=tuple(written))
    if kind == "integer" or kind == "text" and all(map(_NUMERAL.fullmatch, written)):
        numbers = [int(value) for value in written]
        return _offset(str(values.name), min(numbers, default=None), max(numbers, default=None), kind)
    return None
