"""A table of any kind of file into a frame of text: delimited text, Excel, Parquet, Stata, SPSS and SAS, told apart by name and first bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..data_files import sha256
from ..errors import InputError, SurvivalNodesError
from .delimited import FileFormat, TextTable, read_text_table
from .parquet_files import parquet_titles, read_parquet
from .statistics_files import read_por, read_sas, read_sav, read_stata, read_transport
from .text_content import SUFFIXES as TEXT_SUFFIXES
from .text_content import Watch, existing_file
from .workbooks import read_workbook

_LOOKED_AT = 1000  # bytes


@dataclass(frozen=True)
class TableKind:
    """A kind of file that is not text: what it is called, how its names end, how it begins, and its reader (path and format to a frame of text)."""

    title: str
    suffixes: tuple[str, ...]
    begins: re.Pattern[bytes]
    read: Callable[[Path, FileFormat], pd.DataFrame]


KINDS = (
    TableKind("an Excel workbook", (".xlsx", ".xlsm"), re.compile(rb"PK\x03\x04"), read_workbook),
    TableKind("a Parquet file", (".parquet", ".pq"), re.compile(rb"PAR1"), read_parquet),
    TableKind("a Stata file", (".dta",), re.compile(rb"<stata_dta>|[\x66-\x73][\x01\x02]\x01\x00"), read_stata),
    TableKind("an SPSS file", (".sav", ".zsav"), re.compile(rb"\$FL[23]"), read_sav),
    TableKind("a portable SPSS file", (".por",), re.compile(rb"(?s).{440,520}SPSSPORT"), read_por),
    TableKind("a SAS file", (".sas7bdat",), re.compile(rb"\x00{12}\xc2\xea\x81\x60"), read_sas),
    TableKind("a SAS transport file", (".xpt", ".xport"), re.compile(rb"HEADER RECORD\*{7}"), read_transport),
)
TABLE_SUFFIXES = (*TEXT_SUFFIXES, *(suffix for kind in KINDS for suffix in kind.suffixes))
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


def read_table(
    path: str | Path, file: FileFormat = FileFormat(), *, wanted: Callable[[str], bool] | None = None, watch: Watch | None = None,
) -> TextTable:
    """Read a table as text, whatever kind of file it stands in.

    Labels of values are read instead of codes (unless `file.labels` is false), a code without a label as it stands. Whole numbers
    have no decimals, others as many as tell them apart and the decimal sign of `file`; dates are written 2012-03-04, truth values
    TRUE and FALSE; what the file itself declares missing, and a cell with an error of a spreadsheet, is empty.

    Parameters
    ----------
    path
        The file; it is never changed.
    file
        Delimiter and encoding of text; the sheet of a workbook; whether labels are read. The encoding of a statistics file is its
        own, unless one other than UTF-8 is given.
    wanted
        Which columns are read, by their names; None for all.
    watch
        Told from time to time which fraction of a file of text has been read.

    Raises
    ------
    UsageError
        If there is no such file or sheet, or the library that reads it is not installed.
    InputError
        If it is damaged, of another kind than its name says, holds no rows, or its columns have no names of their own.
    """
    path = existing_file(path)
    if Path(path.name.lower().removesuffix(".gz")).suffix in TEXT_SUFFIXES:
        return read_text_table(path, file, wanted=wanted, watch=watch)
    kind = _kind_of(path)
    with _damage_in_a_line(path.name, kind.title):
        if wanted is not None and kind.read is read_parquet:
            titles, frame = parquet_titles(path), read_parquet(path, file, wanted)
        else:
            frame = kind.read(path, file)
            titles = list(frame.columns)
    _check_names(titles, path.name)
    if not len(frame):
        raise InputError(f"{path.name!r} holds columns and no rows")
    kept = frame if wanted is None else frame[[title for title in frame.columns if wanted(title)]]
    return TextTable(kept, path.name, sha256(path), titles=tuple(titles))


def _kind_of(path: Path) -> TableKind:
    """Tell the kind by the first bytes, and hold the name against it."""
    start, suffix = _first_bytes(path), path.suffix.lower()
    plain = start.replace(b"\r", b"").replace(b"\n", b"")
    found = next((kind for kind in KINDS if kind.begins.match(plain if ".por" in kind.suffixes else start)), None)
    named = next((kind for kind in KINDS if suffix in kind.suffixes), None)
    if not start.strip():
        raise InputError(f"{path.name!r} is empty: columns and at least one row are wanted")
    if start.startswith(_OLD_WORKBOOK):
        raise InputError(f"{path.name!r} is an old Excel workbook (.xls), or one with a password: open it and save it as .xlsx, without a password")
    if named is None:
        raise InputError(f"{path.name!r}: {', '.join(TABLE_SUFFIXES)} files are read (text also with .gz): save it as one of these"
                         + (f", or name it {found.suffixes[0]}, which it looks like" if found and suffix != ".gz" and found is not KINDS[0] else ""))
    if found is None:
        raise InputError(f"{path.name!r} does not begin as {named.title} does: it is damaged, or of another kind than its name says; save or fetch it again")
    if found is not named:
        raise InputError(f"{path.name!r} is {found.title}, whatever its name says: rename it to {found.suffixes[0]}")
    return found


def is_no_text(path: str | Path) -> bool:
    """Tell whether a file is of a kind other than text, by its name and its first bytes both."""
    path = Path(path)
    start, named = _first_bytes(path) if path.is_file() else b"", next((kind for kind in KINDS if path.suffix.lower() in kind.suffixes), None)
    return named is not None and named.begins.match(start.replace(b"\r", b"").replace(b"\n", b"") if ".por" in named.suffixes else start) is not None


def _first_bytes(path: Path) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(_LOOKED_AT)
    except OSError as problem:
        raise InputError(f"{path.name!r} cannot be read: {(problem.strerror or type(problem).__name__).lower()}") from problem


@contextmanager
def _damage_in_a_line(name: str, kind: str) -> Iterator[None]:
    """Say in one line that a file is damaged: readers of foreign formats raise whatever they stumble over, and quote what they read."""
    try:
        yield
    except (SurvivalNodesError, MemoryError):
        raise
    except Exception as problem:
        if "convert string" in str(problem) or isinstance(problem, UnicodeError):
            raise InputError(f'{name!r} holds text in an encoding that it does not declare: say it, as encoding = "latin-1" under [file]') from problem
        raise InputError(f"{name!r} cannot be read as {kind} ({type(problem).__name__}): it is cut short or damaged: save or fetch it again") from problem


def _check_names(names: list[str], name: str) -> None:
    twice = [title for title in dict.fromkeys(names) if names.count(title) > 1]
    if twice:
        raise InputError(f"{name!r}: the column name {', '.join(map(repr, twice))} stands more than once: give every column a name of its own")
