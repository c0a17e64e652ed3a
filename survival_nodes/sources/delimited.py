"""A file of delimited text into a frame of text: nothing is parsed here, and whatever is not such a file is named."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..data_files import sha256
from ..errors import InputError, UsageError

SUFFIXES = (".csv", ".tsv", ".tab", ".txt")
MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "<NA>")
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_FIRST_BYTES = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF"),
    (b"<!doc", "a web page"),
    (b"<html", "a web page"),
    (b"version https://git-lfs", "a git-lfs pointer, which stands in for a file that was not fetched"),
)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class FileFormat:
    """How a file of delimited text is written; the table `[file]` of a mapping.

    Parameters
    ----------
    delimiter
        One character; None: a comma in `.csv`, a tab in the others.
    encoding
        A name that Python knows, as `utf-8`, `latin-1` or `utf-16`. A byte-order mark is accepted.
    decimal
        `.` or `,`.
    missing
        What stands for a missing value; an empty field always does. Codes are looked up first, so a group called NA can be kept.
    """

    delimiter: str | None = None
    encoding: str = "utf-8"
    decimal: str = "."
    missing: tuple[str, ...] = MISSING

    def __post_init__(self) -> None:
        if self.delimiter is not None and (not isinstance(self.delimiter, str) or len(self.delimiter) != 1 or self.delimiter in '"\n\r'):
            raise UsageError(f'delimiter = {self.delimiter!r}: give one character, as ",", ";" or "\\t"')
        if self.decimal not in (".", ","):
            raise UsageError(f'decimal = {self.decimal!r}: give "." or ","')
        if isinstance(self.missing, str) or not all(isinstance(word, str) for word in self.missing):
            raise UsageError('missing: give a list of texts, as ["NA", "."]')
        try:
            codecs.lookup(self.encoding)
        except (LookupError, TypeError) as problem:
            raise UsageError(f'encoding = {self.encoding!r} is not known: give one as "utf-8", "latin-1" or "utf-16"') from problem
        object.__setattr__(self, "missing", tuple(dict.fromkeys(("", *self.missing))))


@dataclass(frozen=True, eq=False)
class TextTable:
    """A file as it was read: every value text without blanks around it, the file's name without its path, and its SHA-256."""

    frame: pd.DataFrame
    name: str
    sha256: str


def read_text_table(path: str | Path, file: FileFormat = FileFormat()) -> TextTable:
    """Read a CSV or TSV file, plain or gzipped, as text.

    Raises
    ------
    UsageError
        If there is no such file.
    InputError
        If it is not delimited text in the format given, is empty, or its rows do not fit its header. Rows are numbered from
        the first after the header; lines from the top of the file.
    """
    path = Path(path)
    text = _decode(_content(path), file.encoding, path.name)
    delimiter = file.delimiter or ("," if path.name.lower().removesuffix(".gz").endswith(".csv") else "\t")
    names = _header(text, delimiter, path.name)
    _check_rows(text, delimiter, len(names), path.name)
    read = pd.read_csv(
        io.StringIO(text, newline=""), sep=delimiter, header=None, skiprows=0, dtype=str, keep_default_na=False, na_filter=False,
        skipinitialspace=True, low_memory=False)
    frame = read.iloc[1:].reset_index(drop=True)
    frame.columns = names
    return TextTable(_strip(_without_blank_columns(frame)), path.name, sha256(path))


def _content(path: Path) -> bytes:
    """Give the bytes of the file, unpacked where it is gzipped, after a look at whether they can be a table of text."""
    if not path.exists():
        raise UsageError(f"there is no file {path.name!r} in the folder {path.parent.name or '.'!r}: check the name and the folder")
    if path.is_dir():
        raise InputError(f"{path.name!r} is a folder: name the file in it")
    if Path(path.name.lower().removesuffix(".gz")).suffix not in SUFFIXES:
        raise InputError(f"{path.name!r}: {', '.join(SUFFIXES)} files are read here (also with .gz); save it as CSV UTF-8, or rename it if it is text")
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise InputError(f"{path.name!r} cannot be read: {(problem.strerror or type(problem).__name__).lower()}") from problem
    return _unpack(content, path.name) if content.startswith(b"\x1f\x8b") else content


def _unpack(content: bytes, name: str) -> bytes:
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as problem:
        raise InputError(f"{name!r} is gzipped, but cut short or damaged: fetch or pack it again") from problem


def _decode(content: bytes, encoding: str, name: str) -> str:
    if not content.removeprefix(codecs.BOM_UTF8).strip():
        raise InputError(f"{name!r} is empty: a header and at least one row are wanted")
    start = content[:64].lstrip().lower()
    for first_bytes, kind in _FIRST_BYTES:
        if start.startswith(first_bytes.lower()):
            raise InputError(f"{name!r} is {kind}, whatever its name says: save or fetch it as CSV (UTF-8)")
    wide = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    if content.startswith(_UTF16) and not wide:
        raise InputError(f'{name!r} is written in UTF-16: say encoding = "utf-16" under [file], or save it as UTF-8')
    if b"\0" in content and not wide:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise InputError(f"{name!r} is not text: there is a NUL byte in line {line}; save it as CSV (UTF-8)")
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise InputError(f'{name!r} is not {encoding}: line {line} cannot be read; say encoding = "latin-1" under [file], or save it as UTF-8') from problem


def _records(text: str, delimiter: str, name: str) -> Iterator[list[str]]:
    """Go through the records of the file, blank lines left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        yield from (record for record in reader if len(record) > 1 or any(field.strip() for field in record))
    except csv.Error as problem:
        raise InputError(f"{name!r} line {reader.line_num}: a quotation mark is not closed, or stands inside a field ({problem})") from problem


def _header(text: str, delimiter: str, name: str) -> list[str]:
    first = next(_records(text, delimiter, name), [])
    names = [title.strip() or f"unnamed {place}" for place, title in enumerate(first, start=1)]
    if all(re.fullmatch(r"-?[0-9.]+", title) for title in names):
        raise InputError(f"{name!r}: the first line holds numbers only: write a line with the names of the columns above it")
    if len(names) == 1:
        others = [other for other in _DELIMITERS if other != delimiter and other in names[0]]
        if others:
            shown = others[0].replace("\t", "\\t")
            raise InputError(f'{name!r} has one column when read with a {_DELIMITERS.get(delimiter, delimiter)}, and its name holds a '
                             f'{_DELIMITERS[others[0]]}: say delimiter = "{shown}" under [file]')
    twice = [title for title in dict.fromkeys(names) if names.count(title) > 1]
    if twice:
        raise InputError(f"{name!r}: the column name {', '.join(map(repr, twice))} stands more than once: give every column a name of its own")
    return names


def _check_rows(text: str, delimiter: str, width: int, name: str) -> None:
    """Hold every row against the header: the frame reader would fill short rows in silence."""
    n_rows, wrong = -1, []
    for n_rows, record in enumerate(_records(text, delimiter, name)):
        if len(record) != width:
            wrong.append((n_rows, len(record)))
    if n_rows < 1:
        raise InputError(f"{name!r} holds a header and no rows")
    if wrong:
        listed = ", ".join(f"row {row} has {found}" for row, found in wrong[:5]) + (", ..." if len(wrong) > 5 else "")
        raise InputError(f"{name!r}: the header has {width} column{'s' * (width != 1)}, but {listed} ({len(wrong)} of {n_rows} rows): "
                         "quote fields that hold the delimiter, or mend the rows")


def _without_blank_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out columns without a name and without content: delimiters at the end of every line."""
    blank = [name for name in frame.columns if name.startswith("unnamed ") and not frame[name].str.strip().any()]
    return frame.drop(columns=blank)


def _strip(frame: pd.DataFrame) -> pd.DataFrame:
    """Take the blanks around values away; distinct values are handled once."""
    stripped = {}
    for name in frame.columns:
        codes, found = pd.factorize(frame[name])
        stripped[name] = pd.Series([value.strip() for value in found], dtype=object).to_numpy()[codes]
    return pd.DataFrame(stripped, columns=frame.columns)
