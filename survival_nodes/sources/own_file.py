"""A file of your own, by a mapping of its columns, units and codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from collections.abc import Mapping as AnyMapping
from pathlib import Path

import pandas as pd

from ..cohort import Cohort
from ..errors import InputError, UsageError, nearest, unknown_name
from .delimited import TextTable, read_text_table
from .mapping import Mapping, adjusted
from .nodal_columns import evidence_columns, nodal_evidence
from .reading import Reading, Selection, cohort_of_reading, input_file
from .recoding import recode, rename_columns
from .table_files import is_no_text, read_table
from .text_pieces import Watch

_FOLLOW_UP = ("years", "entry_years", "event", "cause")  # read wherever they are: without one of them follow-up would be another
_NOT_KEPT = "The column 'patient_id' was not kept: each row is taken for a patient of its own."


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
        its levels; and `delimiter`, `encoding`, `decimal`, `missing`, `sheet`, `labels`, `keep`.
    watch
        Told from time to time which fraction has been read.

    Raises
    ------
    UsageError
        If there is no such file, the unit of time is not given, or the mapping holds a name or value that is not known.
    InputError
        If the file does not hold what the mapping says; rows are numbered from the first after the header, values are not shown.
    """
    said = whole_mapping(mapping, columns=columns, time_unit=time_unit, codes=codes, levels=levels, **file)
    read = read_table if is_no_text(path) else read_text_table
    return reading_of(read(path, said.file, wanted=_columns_wanted(said), watch=watch), said)


def _columns_wanted(mapping: Mapping) -> Callable[[str], bool] | None:
    """Tell which columns of the file are read; None for all."""
    if mapping.file.keep is None:
        return None
    named = (*mapping.columns.values(), *mapping.codes, *mapping.levels, *evidence_columns(mapping), *_FOLLOW_UP)
    return {*mapping.file.keep, *named}.__contains__


def whole_mapping(
    mapping: Mapping | AnyMapping | str | Path | None = None, *, columns: AnyMapping[str, str] | None = None, time_unit: str | None = None,
    codes: AnyMapping[str, AnyMapping] | None = None, levels: AnyMapping[str, Sequence[str]] | None = None, **file: object,
) -> Mapping:
    """Give a mapping with what was said beside it put over it; UsageError where it does not say the unit of time."""
    said = adjusted(mapping, columns=columns, time_unit=time_unit, codes=codes, levels=levels, file=file)
    if said.units.time is None:
        raise UsageError('in what unit is the follow-up? Say time = "days", "months" or "years" under [units] of the mapping, or time_unit="months" in Python')
    return said


def cohort_of(table: TextTable, mapping: Mapping, source: str = "own-file") -> Cohort:
    """Make a cohort of a table of text by a mapping; its ledger begins with the rows of the file."""
    return cohort_of_reading(reading_of(table, mapping, source))


def reading_of(table: TextTable, mapping: Mapping, source: str = "own-file", *, needs_follow_up: bool = True) -> Reading:
    """Read a table of text by a mapping."""
    titles = table.titles or tuple(table.frame.columns)
    for title in mapping.file.keep or ():
        if title not in titles:
            raise UsageError(f"keep: {table.name!r}: {unknown_name('column', title, titles)}")
    named = rename_columns(table.frame, mapping, table.name, titles)
    if needs_follow_up:
        check_needed(named, mapping, table.name, titles)
    try:
        recoded, evidence = recode(named, mapping, table.repeats), nodal_evidence(table.frame, mapping)
    except InputError as problem:
        raise InputError(f"{table.name!r}: {in_their_words(str(problem), mapping)}") from problem
    setting, is_left_out = mapping.cohort, "patient_id" in titles and "patient_id" not in named
    return Reading(
        source=source, files=(input_file(table),), frame=recoded, evidence=evidence, nodes=mapping.nodal, time_unit=mapping.units.time,
        endpoint=setting.endpoint, days_per_year=mapping.units.days_per_year, synthetic=setting.synthetic, citation=setting.citation,
        policy=setting.nodal_policy, causes=declared_causes(mapping), levels=mapping.levels, strict=True,
        selection=Selection(setting.rules, setting.without, setting.zero_follow_up), words=lambda problem: in_their_words(problem, mapping),
        repeats=table.repeats,
        notes=(_NOT_KEPT,) * is_left_out)


def check_needed(named: pd.DataFrame, mapping: Mapping, name: str, titles: Sequence[str] = ()) -> None:
    """Ask for follow-up and an event; causes of death with a word for the censored are an event too. `titles` are all columns of the file."""
    there = titles or tuple(named.columns)
    told_by_cause = "cause" in named and "none" in mapping.codes.get("cause", {}).values()
    for ours, usual in (("years", "time"), ("event", "status")):
        if ours not in named and not (ours == "event" and told_by_cause):
            hint = nearest(usual, there) or nearest(ours, there)
            raise InputError(f'{name!r}: no column is mapped to {ours!r}{hint}: write {ours} = "..." under [columns] of the mapping, '
                             f"or columns={{{ours!r}: ...}} in Python; there are: {', '.join(there)}")


def declared_causes(mapping: Mapping) -> dict[str, str] | None:
    """Give the words of the causes that the codes declare; the codes of an event may be causes too."""
    for title in ("cause", "event"):
        words = [word for word in dict.fromkeys(mapping.codes.get(title, {}).values()) if word]
        if words and not (title == "event" and set(words) <= {"0", "1"}):
            return {word: word for word in words}
    return None


def in_their_words(problem: str, mapping: Mapping) -> str:
    """Put the file's names beside ours in a message about columns, and say where the codes of an event are declared."""
    named = re.sub(r"column '(\w+)'", lambda found: _both_names(found[1], mapping), problem)
    return named + ('; in the mapping: [codes.event] "1" = 0, "2" = 1' if "declare the codes" in problem else "")


def _both_names(ours: str, mapping: Mapping) -> str:
    theirs = mapping.columns.get(ours, ours)
    return f"column {ours!r}" if theirs == ours else f"column {theirs!r} ({ours})"
