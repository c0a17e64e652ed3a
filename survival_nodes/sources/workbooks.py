"""A sheet of an Excel workbook into a frame of text: the values that its formulas had when it was saved."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from ..errors import DataWarning, InputError, UsageError, unknown_name
from .delimited import FileFormat
from .value_texts import TextColumn, library, value_text

_ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!"})
# A formula whose cell holds no value; the empty text that a formula may give has the type "str".
_NOT_CALCULATED = re.compile(rb'<c(?![^>]*t="str")[^>]*><f[^>]*(?:/>|>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>')
_BLOCK, _LONGEST_CELL = 1 << 24, 20_000  # bytes


def read_workbook(path: Path, file: FileFormat) -> pd.DataFrame:
    """Read a sheet: its first row that is not empty names the columns; empty rows and columns are left out.

    Raises
    ------
    UsageError
        If there is no sheet of the name given.
    InputError
        If several sheets hold something and none is named, or a column with values has no name, as below a merged cell.
    """
    openpyxl = library("openpyxl", "an Excel workbook")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it leaves out: colours, drop-down lists, print areas
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        try:
            titles, columns = _read_sheet(_sheet(book, file.sheet, path.name), file.decimal)
        finally:
            book.close()
    frame = _named(titles, columns, path.name)
    _tell_what_was_not_read(path, frame, columns)
    return frame


class _SheetColumn(TextColumn):
    """A column of a sheet, which counts the cells that hold an error."""

    def __init__(self) -> None:
        super().__init__()
        self.n_errors = 0


def _sheet(book: object, wanted: str | None, name: str) -> object:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    for sheet in sheets.values():
        sheet.reset_dimensions()  # what the sheet says of its own size is not always true
    if wanted is not None:
        if wanted not in sheets:
            raise UsageError(f"{name!r}: {unknown_name('sheet', wanted, sheets)}")
        return sheets[wanted]
    filled = [title for title, sheet in sheets.items() if sheet.sheet_state == "visible" and _holds_anything(sheet)]
    if not filled:
        raise InputError(f"{name!r} is empty: a sheet with a row of names and at least one row below it is wanted")
    if len(filled) > 1:
        listed = ", ".join(map(repr, filled))
        raise InputError(f'{name!r} has {len(filled)} sheets that hold something ({listed}): say sheet = "..." under [file], or keep one')
    return sheets[filled[0]]


def _holds_anything(sheet: object) -> bool:
    return any(value_text(value) for row in sheet.iter_rows(values_only=True) for value in row)


def _read_sheet(sheet: object, decimal: str) -> tuple[list[str], list[_SheetColumn]]:
    titles, columns, n_rows = None, [], 0
    for row in sheet.iter_rows(values_only=True):
        texts = [value_text(value, decimal) for value in row]
        if not any(texts):
            continue
        if titles is None:
            titles = texts
            continue
        _add_row(columns, texts, n_rows)
        n_rows += 1
    for column in columns:
        column.fill(n_rows)
    return titles or [], columns


def _add_row(columns: list[_SheetColumn], texts: Sequence[str], n_rows: int) -> None:
    columns += [_SheetColumn() for _ in range(len(texts) - len(columns))]
    for column, text in zip(columns, texts):
        if text in _ERRORS:
            column.n_errors += 1
        elif text:
            column.fill(n_rows)
            column.append(text)


def _named(titles: list[str], columns: Sequence[TextColumn], name: str) -> pd.DataFrame:
    """Put the names above their columns; what has neither a name nor a value is left out."""
    titles = titles + [""] * (len(columns) - len(titles))
    nameless = [place for place, column in enumerate(columns) if not titles[place] and not column.is_blank() and place]
    if nameless:
        listed = ", ".join(map(_letters, nameless[:5])) + (", ..." if len(nameless) > 5 else "")
        raise InputError(f"{name!r}: column {listed} of the sheet holds values and has no name in its first row: keep one row of names, "
                         "without merged cells or a title above it")
    n_rows = max(map(len, columns), default=0)
    kept = {}
    for place, title in enumerate(titles):
        column = columns[place] if place < len(columns) else TextColumn()
        column.fill(n_rows)
        if title or not column.is_blank():
            kept[place] = (title or f"unnamed {place + 1}", column.series())
    return pd.DataFrame({place: values for place, (_, values) in kept.items()}).set_axis([title for title, _ in kept.values()], axis=1)


def _letters(place: int) -> str:
    """Name a column as a spreadsheet does.

    >>> _letters(0), _letters(27)
    ('A', 'AB')
    """
    before, last = divmod(place, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)


def _tell_what_was_not_read(path: Path, frame: pd.DataFrame, columns: Iterable[_SheetColumn]) -> None:
    """Warn of cells that hold an error, or a formula that was never calculated; both are missing."""
    n_errors, n_formulas = sum(column.n_errors for column in columns), _count_not_calculated(path)
    if n_errors:
        warnings.warn(f"{path.name!r}: {n_errors} cells hold an error of the spreadsheet (as #N/A): read as missing", DataWarning, stacklevel=5)
    if n_formulas:
        warnings.warn(f"{path.name!r}: {n_formulas} formulas were never calculated, and are read as missing: open it in a spreadsheet program and save it",
                      DataWarning, stacklevel=5)


def _count_not_calculated(path: Path) -> int:
    n = 0
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member.startswith("xl/worksheets/") and member.endswith(".xml"):
                with archive.open(member) as stream:
                    rest = b""
                    while block := stream.read(_BLOCK):
                        text = rest + block
                        ends = [found.end() for found in _NOT_CALCULATED.finditer(text)]
                        n += len(ends)
                        rest = text[max(ends[-1] if ends else 0, len(text) - _LONGEST_CELL):]
    return n
