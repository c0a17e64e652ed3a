"""A file of your own, by a mapping of its columns, units and codes."""

from __future__ import annotations

import re
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ..cohort import Cohort
from ..errors import InputError, UsageError, nearest
from .delimited import TextTable
from .delimited import read_text_table as read_table
from .mapping import Mapping, adjusted
from .nodal_columns import nodal_evidence
from .reading import Reading, Selection, cohort_of_reading, input_file
from .recoding import recode, rename_columns
from .text_content import Watch


def read_own_file(
    path: str | Path, *, mapping: Mapping | AnyMapping | str | Path | None = None, columns: AnyMapping[str, str] | None = None, time_unit: str | None = None,
    codes: AnyMapping[str, AnyMapping] | None = None, levels: AnyMapping[str, Sequence[str]] | None = None, watch: Watch | None = None, **file: object,
) -> Reading:
    """Read a table (delimited text, Excel, Parquet, Stata, SPSS, SAS) by a mapping. The file is never changed.

    Parameters
    ----------
    path
        The file.
    mapping
        A `Mapping`, its tables as dicts, or the path of one in TOML.
    columns, time_unit, codes, levels, **file
        Put over the mapping: our name -> the file's name; `days`, `months` or `years`; our name -> code -> word; column ->
        its levels; and `delimiter`, `encoding`, `decimal`, `missing`, `sheet`, `labels`.
    watch
        Told from time to time which fraction has been read.

    Raises
    ------
    UsageError
        If there is no such file, the unit of time is not given, or the mapping holds a name or value that is not known.
    InputError
        If the file does not hold what the mapping says; rows are numbered from the first after the header, values are not shown.
    """
    said = adjusted(mapping, columns=columns, time_unit=time_unit, codes=codes, levels=levels, file=file)
    if said.units.time is None:
        raise UsageError('in what unit is the follow-up? Say time = "days", "months" or "years" under [units] of the mapping, or time_unit="months" in Python')
    return reading_of(read_table(path, said.file, watch=watch), said)


def cohort_of(table: TextTable, mapping: Mapping, source: str = "own-file") -> Cohort:
    """Make a cohort of a table of text by a mapping; its ledger begins with the rows of the file."""
    return cohort_of_reading(reading_of(table, mapping, source))


def reading_of(table: TextTable, mapping: Mapping, source: str = "own-file") -> Reading:
    """Read a table of text by a mapping."""
    named = rename_columns(table.frame, mapping, table.name)
    _check_needed(named, mapping, table.name)
    try:
        recoded, evidence = recode(named, mapping), nodal_evidence(table.frame, mapping)
    except InputError as problem:
        raise InputError(f"{table.name!r}: {_in_their_words(str(problem), mapping)}") from problem
    setting = mapping.cohort
    return Reading(
        source=source, files=(input_file(table),), frame=recoded, evidence=evidence, nodes=mapping.nodal, time_unit=mapping.units.time,
        endpoint=setting.endpoint, days_per_year=mapping.units.days_per_year, synthetic=setting.synthetic, citation=setting.citation,
        policy=setting.nodal_policy, causes=_declared_causes(mapping), levels=mapping.levels, strict=True,
        selection=Selection(setting.rules, setting.without, setting.zero_follow_up), words=lambda problem: _in_their_words(problem, mapping))


def _check_needed(named: pd.DataFrame, mapping: Mapping, name: str) -> None:
    """Ask for follow-up and an event; causes of death with a word for the censored are an event too."""
    told_by_cause = "cause" in named and "none" in mapping.codes.get("cause", {}).values()
    for ours, usual in (("years", "time"), ("event", "status")):
        if ours not in named and not (ours == "event" and told_by_cause):
            hint = nearest(usual, named.columns) or nearest(ours, named.columns)
            raise InputError(f'{name!r}: no column is mapped to {ours!r}{hint}: write {ours} = "..." under [columns] of the mapping, '
                             f"or columns={{{ours!r}: ...}} in Python; there are: {', '.join(named.columns)}")


def _declared_causes(mapping: Mapping) -> dict[str, str] | None:
    """Give the words of the causes that the codes declare; the codes of an event may be causes too."""
    for title in ("cause", "event"):
        words = [word for word in dict.fromkeys(mapping.codes.get(title, {}).values()) if word]
        if words and not (title == "event" and set(words) <= {"0", "1"}):
            return {word: word for word in words}
    return None


def _in_their_words(problem: str, mapping: Mapping) -> str:
    """Put the file's names beside ours in a message about columns, and say where the codes of an event are declared."""
    named = re.sub(r"column '(\w+)'", lambda found: _both_names(found[1], mapping), problem)
    return named + ('; in the mapping: [codes.event] "1" = 0, "2" = 1' if "declare the codes" in problem else "")


def _both_names(ours: str, mapping: Mapping) -> str:
    theirs = mapping.columns.get(ours, ours)
    return f"column {ours!r}" if theirs == ours else f"column {theirs!r} ({ours})"
