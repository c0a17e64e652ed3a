"""The case listing of SEER*Stat: a delimited file and, beside it, its dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ..errors import InputError, UsageError, unknown_name
from .delimited import FileFormat, TextTable, first_record, table_of
from .export_dictionary import DELIMITERS, ExportDictionary, dictionary_beside, read_dictionary
from .layout import Layout, adapted, code_key, find_titles, read_layout
from .reading import Reading, Wishes
from .seer import seer_reading
from .source_frames import columns_asked_for
from .text_columns import each_distinct
from .text_content import LargeText, TextContent, open_text
from .text_pieces import Watch

_FEW = 2  # names that a header must share with the layout to be one


def read_seer_stat(
    path: str | Path, *, dictionary: str | Path | None = None, delimiter: str | None = None, encoding: str = "utf-8", watch: Watch | None = None,
    **wishes: object,
) -> Reading:
    """Read a case listing of SEER*Stat, plain or gzipped, with labels or codes.

    Parameters
    ----------
    path
        The file.
    dictionary
        Its dictionary (`.dic`); None takes the one of the same name in the same folder, if there is one.
    delimiter
        One character; None: as the dictionary says, else found out from the header.
    encoding
        A name that Python knows.
    watch
        Told from time to time which fraction has been read.
    **wishes
        `columns`, `codes`, `keep`, `policy`, as `Wishes`.

    Raises
    ------
    UsageError
        If there is no such file, option or column to keep.
    InputError
        If it is not such a file: without names of columns and without a dictionary, or without survival months, vital status or year of diagnosis.
    """
    wished = Wishes.of(wishes, own=("dictionary", "delimiter", "encoding"))
    FileFormat(delimiter, encoding)
    layout = adapted(read_layout("seer"), wished.columns, wished.codes)
    beside = dictionary if dictionary is not None else dictionary_beside(path)
    said = read_dictionary(beside) if beside is not None else None
    table = _table(open_text(path, encoding), said, layout, delimiter, wished.keep, watch)
    notes = ()
    if said is not None:
        table, layout, notes = _labelled(table, said), _with_missing(layout, said.missing), _release(said)
        layout = replace(layout, citation=f"{layout.citation}. Database: {said.database}" if said.database else layout.citation)
    return seer_reading(table, layout, wished, "seer-stat", notes)


def _table(
    text: TextContent | LargeText, said: ExportDictionary | None, layout: Layout, delimiter: str | None, keep: Sequence[str], watch: Watch | None,
) -> TextTable:
    """Read the columns that are asked for; their names stand in the first row, or in the dictionary."""
    given = delimiter or (said.delimiter if said else None)
    used = given or _delimiter(text, layout)
    header, names = _first(text, used, strict=given is not None), None
    is_header = len(find_titles(layout, header)) >= _FEW
    if said is not None and said.names and not (is_header if said.headed is None else said.headed):
        names = header = list(said.names)
    elif not is_header:
        raise InputError(
            f"{text.name!r}: its first row does not hold the names of columns of SEER*Stat{_read_with(used, given)}: export it with variable names, "
            'put its dictionary (.dic) beside it, or name it with dictionary="..."; another delimiter with delimiter="..."')
    for name in keep:
        if name not in header:
            raise UsageError(unknown_name("column to keep", name, header))
    return table_of(text, used, names=names, wanted=columns_asked_for(layout, header, keep, text.name), number_doubles=True, watch=watch)


def _read_with(used: str, given: str | None) -> str:
    word = next((word for word, character in DELIMITERS.items() if character == used), used)
    return f" (read with the delimiter {word})" if given else ""


def _first(text: TextContent | LargeText, delimiter: str, *, strict: bool) -> list[str]:
    """Give the first record; nothing where it cannot be read with a delimiter that was only tried."""
    try:
        return first_record(text.start, delimiter, text.name)
    except InputError:
        if strict:
            raise
        return []


def _delimiter(text: TextContent | LargeText, layout: Layout) -> str:
    """Find the delimiter out: the one by which most names of the first row are known, else the one that makes most columns."""
    records = {delimiter: _first(text, delimiter, strict=False) for delimiter in dict.fromkeys(DELIMITERS.values())}
    return max(records, key=lambda delimiter: (len(find_titles(layout, records[delimiter])), len(records[delimiter])))


def _labelled(table: TextTable, said: ExportDictionary) -> TextTable:
    """Put the labels of the dictionary in place of the codes of a file of codes."""
    if said.labels or not said.formats:
        return table
    tables = {name: said.formats[name] for name in table.frame.columns if name in said.formats}
    labelled = {
        name: each_distinct(table.frame[name], lambda word, codes=codes: codes.get(code_key(word), word)) for name, codes in tables.items()}
    return TextTable(pd.DataFrame(table.frame).assign(**labelled), table.name, table.sha256)


def _with_missing(layout: Layout, word: str) -> Layout:
    """Take what the dictionary says stands for a missing value for that, unless a field has a meaning for it."""
    key = code_key(word)
    return replace(layout, fields=tuple(replace(each, missing=each.missing | ({key} - set(each.words))) for each in layout.fields))


def _release(said: ExportDictionary) -> tuple[str, ...]:
    return (f"The database, by the dictionary of the export: {said.database}.",) if said.database else ()
