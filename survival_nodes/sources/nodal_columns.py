"""The text of a file from which the nodal category of its rows is classified, as a mapping names it."""

from __future__ import annotations

import re

import pandas as pd

from ..errors import InputError, unknown_name
from ..nodes import systems
from ..nodes.frames import COLUMNS
from .mapping import Mapping
from .text_columns import each_distinct

_BARE_SIZE = re.compile(r"[<>=]*\s*\d*[.,]?\d+")


def nodal_evidence(frame: pd.DataFrame, mapping: Mapping) -> pd.DataFrame:
    """Give the columns that a mapping names as nodal evidence: text, missing values None, sizes with their unit.

    Raises
    ------
    InputError
        If one is not there, or the file holds a column of the name of the result.
    """
    if not mapping.nodal:
        return pd.DataFrame(index=frame.index)
    double = [name for name in COLUMNS if name in frame]
    if double:
        raise InputError(f"the file has a column {double[0]!r} of its own, and [nodal] would make one: rename it, or leave [nodal] out")
    wanted = evidence_columns(mapping)
    for column in wanted:
        if column not in frame.columns:
            raise InputError(unknown_name("column", column, frame.columns))
    missing, unit = set(mapping.file.missing), mapping.units.deposit
    evidence = {name: each_distinct(frame[name], lambda text: None if text in missing else text) for name in wanted}
    if unit != "mm":
        evidence |= {name: each_distinct(evidence[name], lambda text: _with_unit(text, unit)) for name in _size_columns(mapping)}
    return pd.DataFrame(evidence, index=frame.index)


def evidence_columns(mapping: Mapping) -> list[str]:
    """Name the columns of the file that a mapping gives as nodal evidence."""
    named = (column for one in mapping.nodal for column in (*one.columns.values(), one.edition_column, one.year_column))
    return list(dict.fromkeys(column for column in named if column))


def _size_columns(mapping: Mapping) -> list[str]:
    """Name the columns that hold sizes of deposits."""
    measured = {system.name for system in systems() if system.value_is.endswith("_mm")}
    own = [one.column for one in mapping.nodal if one.system in measured]
    return own + [column for one in mapping.nodal for name, column in one.context_columns if name.endswith("_mm")]


def _with_unit(text: str, unit: str) -> str:
    """Write the file's unit behind a bare number, for the reader of sizes to convert exactly."""
    return f"{text} {unit}" if _BARE_SIZE.fullmatch(text) else text
