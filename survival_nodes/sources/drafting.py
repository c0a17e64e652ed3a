"""A draft of the mapping of a file that nobody has described: what its names and values say, and what only its owner can."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from os.path import samefile
from pathlib import Path

import pandas as pd

from ..data_files import write_file
from ..errors import InputError, UsageError
from ..units import format_count
from .column_names import has_names, known_names
from .delimited import MISSING, FileFormat, TextTable
from .draft_descriptions import draft_descriptions, draft_nodes, draft_patients
from .draft_follow_up import draft_follow_up
from .draft_sketch import Line, Sketch, one_line, shown_title, written
from .registry import source_names
from .table_files import read_table
from .text_columns import distinct

_COMMA = re.compile(r"-?\d+,\d+")
_NUMBER = re.compile(r"-?\d+([.,]\d+)?")
_ROW_LIKE = re.compile(r"-?\d+([.,]\d+)?|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}")
_WAY_OUT = re.compile(r'say (encoding|delimiter) = "([^".]+)" under')  # what an error of reading proposes


@dataclass(frozen=True)
class Draft:
    """A mapping that was drafted.

    Attributes
    ----------
    toml : str
        The mapping: valid TOML that `mapping_from` takes as it is. Guesses end in `# guess: ...`; what must be decided is a comment
        that holds `# ?`.
    questions : tuple of str
        What only the owner of the file can say.
    """

    toml: str
    questions: tuple[str, ...]


def draft_mapping(path: str | Path, file: FileFormat = FileFormat()) -> Draft:
    """Look at a file and draft its mapping. No row of a patient is in it: only codes of few values.

    Parameters
    ----------
    path
        A file of delimited text, Excel, Parquet, Stata, SPSS or SAS; it is never changed.
    file
        How it is written; an encoding or a delimiter that is not given is found out.

    Raises
    ------
    UsageError
        If there is no such file or sheet.
    InputError
        If it cannot be read as a table with a row of names.
    """
    table, file, found = _opened(path, file)
    _check_header(list(table.frame.columns), table.name)
    file = replace(file, decimal=_decimal(table.frame, file))
    signs = _missing_signs(table.frame)
    file = replace(file, missing=(*file.missing, *signs))
    sketch = Sketch(table.frame, file)
    _draft_columns(sketch, source=_source(table.frame.columns))
    return Draft(written(sketch, _file_lines(file, found, signs), _heading(table, sketch.questions)), tuple(map(one_line, sketch.questions)))


def write_draft(draft: Draft, out: str | Path, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a draft into a file; never over the file that was read, and over another only when told to.

    Raises
    ------
    UsageError
        If a file of that name is there.
    OutputError
        If it cannot be written.
    """
    out = Path(out)
    if out.exists() and (not overwrite or samefile(out, path)):
        way_out = "name another with --out" if samefile(out, path) else "name another with --out, or add --overwrite"
        raise UsageError(f"{out.name!r} is there already: {way_out}")
    return write_file(out, draft.toml)


def _draft_columns(sketch: Sketch, source: str) -> None:
    if source:
        sketch.ask(f"The columns look like those of {source}: `--source {source}` reads such a file with its own codes, without a mapping")
    draft_follow_up(sketch)
    draft_patients(sketch)
    draft_descriptions(sketch)
    draft_nodes(sketch)


def _opened(path: str | Path, file: FileFormat) -> tuple[TextTable, FileFormat, dict[str, str]]:
    """Read the file; where that fails and the error names the encoding or the delimiter to try, try it."""
    found: dict[str, str] = {}
    while True:
        try:
            return read_table(path, file), file, found
        except InputError as problem:
            way_out = _WAY_OUT.search(str(problem))
            if way_out is None or way_out[1] in found or getattr(file, way_out[1]) != getattr(FileFormat(), way_out[1]):
                raise
            found[way_out[1]] = way_out[2].replace("\\t", "\t")
            file = replace(file, **{way_out[1]: found[way_out[1]]})


def _check_header(titles: Sequence[str], name: str) -> None:
    """Refuse a first line that is no line of names, before it is shown anywhere."""
    if titles and titles[0].startswith("#"):
        raise InputError(f"{name!r}: lines that begin with # stand above the names: take them away, or read it as the source it comes from "
                         "(`survival-nodes sources`)")
    if sum(_ROW_LIKE.fullmatch(title) is not None for title in titles) > max(1, len(titles) / 4):
        raise InputError(f"{name!r}: the first line looks like a row of values: write a line with the names of the columns above it")


def _decimal(frame: pd.DataFrame, file: FileFormat) -> str:
    """Find out whether numbers are written with a comma: some are, and none with a point."""
    with_comma = with_point = 0
    for title in frame.columns:
        words = [word for word in distinct(frame[title])[1][:2000] if word and word.casefold() not in known_names()["missing"]["signs"]]
        if words and all(map(_NUMBER.fullmatch, words)):
            with_comma += any(map(_COMMA.fullmatch, words))
            with_point += any("." in word for word in words)
    return "," if with_comma and not with_point else file.decimal


def _missing_signs(frame: pd.DataFrame) -> tuple[str, ...]:
    """Find the signs that stand for a missing value in some column."""
    signs, found = set(known_names()["missing"]["signs"]), {}
    for title in frame.columns:
        found.update({word: None for word in distinct(frame[title])[1] if word.casefold() in signs and word not in MISSING})
    return tuple(found)


def _source(titles: Sequence[str]) -> str:
    """Name the source whose columns these are, where it can be read."""
    likely = (source for source in known_names()["sources"] if has_names(titles, "sources", source))
    return next((source for source in likely if source in source_names()), "")


def _file_lines(file: FileFormat, found: dict[str, str], signs: Sequence[str]) -> list[Line]:
    usual = FileFormat()
    lines = [Line(name, getattr(file, name), "guess: the file is read with it, and not without" if name in found else "")
             for name in ("delimiter", "encoding", "sheet", "labels") if getattr(file, name) != getattr(usual, name)]
    lines += [Line("decimal", file.decimal, "guess: numbers are written with it")] if file.decimal != usual.decimal else []
    if file.missing != usual.missing:
        lines.append(Line("missing", list(file.missing), f"guess: {', '.join(signs)} stand{'s' * (len(signs) == 1)} for a missing value" if signs else ""))
    return lines


def _heading(table: TextTable, questions: Sequence[str]) -> list[str]:
    n_rows, n_columns = table.frame.shape
    lines = [f"A draft of the mapping of {shown_title(table.name)} ({format_count(n_rows)} rows, {n_columns} columns).",
             'Read every line: "guess:" marks what is not certain, and a line that is a comment with "?" waits for an answer.']
    if questions:
        lines += ["", "To decide:", *(f"{number}. {question}" for number, question in enumerate(questions, start=1))]
    return lines
