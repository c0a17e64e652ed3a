"""The nodal category of every row of a file, from the evidence that a mapping names."""

from __future__ import annotations

import re

import pandas as pd

from ..errors import InputError
from ..nodes import classify_frame, summarise, systems
from .mapping import Mapping

_BARE_SIZE = re.compile(r"[<>=]*\s*\d*[.,]?\d+")


def classify_nodes(frame: pd.DataFrame, mapping: Mapping) -> dict[str, pd.Series]:
    """Classify the text of a file; give the columns to add to a cohort, none where the mapping names no evidence.

    Raises
    ------
    InputError
        If a column of the evidence is not there, or the file holds a column of the name of the result.
    """
    if not mapping.nodal:
        return {}
    evidence = frame.where(~frame.isin(mapping.file.missing), None)
    if mapping.units.deposit != "mm":
        sizes = [name for name in _size_columns(mapping) if name in frame]
        evidence = evidence.assign(**{name: _with_unit(evidence[name], mapping.units.deposit) for name in sizes})
    classified = classify_frame(evidence, mapping.nodal, mapping.cohort.nodal_policy)
    double = [name for name in classified.columns if name in frame]
    if double:
        raise InputError(f"the file has a column {double[0]!r} of its own, and [nodal] would make one: rename it, or leave [nodal] out")
    return {name: classified[name] for name in classified.columns}


def nodal_notes(mapping: Mapping, classified: dict[str, pd.Series]) -> tuple[str, ...]:
    """Say from what, by which policy and with what outcome the category was made."""
    if not mapping.nodal:
        return ()
    found = summarise(pd.DataFrame(classified), mapping.cohort.nodal_policy)
    sources = ", ".join(f"{one.system} (column {one.column})" for one in mapping.nodal)
    return (f"The nodal category was classified from {sources} by the policy {found.policy.words}.", *found.notes())


def _size_columns(mapping: Mapping) -> list[str]:
    """Name the columns that hold sizes of deposits."""
    measured = {system.name for system in systems() if system.value_is.endswith("_mm")}
    own = [one.column for one in mapping.nodal if one.system in measured]
    return own + [column for one in mapping.nodal for name, column in one.context_columns if name.endswith("_mm")]


def _with_unit(sizes: pd.Series, unit: str) -> pd.Series:
    """Write the file's unit behind bare numbers, for the reader of sizes to convert exactly."""
    return sizes.map(lambda text: f"{text} {unit}" if _BARE_SIZE.fullmatch(text) else text, na_action="ignore")
