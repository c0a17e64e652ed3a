"""A file of delimited text into a frame of text: nothing is parsed here, and rows that do not fit their header are named."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError, UsageError
from . import arrow_csv
from .column_parts import plain_integers_of
from .text_columns import strip_blanks
from .text_content import SUFFIXES, LargeText, TextContent, WatchedBytes, open_text
from .text_pieces import Watch

MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "<NA>")
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "blank"}
_SAMPLE = 20_000  # rows that tell whether a column repeats its values
_BLOCK = 1 << 21  # bytes read, and looked at, in one go
_LOOKED_AT = 1 << 26  # bytes in which a large file has more rows than the sample


@dataclass(frozen=True)
class FileFormat:
    """How a file is written; the table `[file]` of a mapping.

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
    sheet
        Of an Excel workbook: the name of the sheet; None takes the one that holds anything.
    labels
        Of statistics files (SPSS, Stata, SAS): whether the labels of values are read, or their codes.
    keep
        Columns that are read beside those that the mapping names and those of follow-up (`years, entry_years, event, cause`), by the
        file's names; no other is parsed. `patient_id` too is read only if it is mapped or kept: else each row is taken for a patient
        of its own. None keeps all.
    """

    delimiter: str | None = None
    encoding: str = "utf-8"
    decimal: str = "."
    missing: tuple[str, ...] = MISSING
    sheet: str | None = None
    labels: bool = True
    keep: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        one = self.delimiter is None or isinstance(self.delimiter, str) and len(self.delimiter) == 1 and self.delimiter.isascii()
        if not one or self.delimiter and self.delimiter in '"\n\r':
            raise UsageError(f'delimiter = {self.delimiter!r}: give one character, as ",", ";" or "\\t"')
        if self.decimal not in (".", ","):
            raise UsageError(f'decimal = {self.decimal!r}: give "." or ","')
        if isinstance(self.missing, str) or not all(isinstance(word, str) for word in self.missing):
            raise UsageError('missing: give a list of texts, as ["NA", "."]')
        if not isinstance(self.labels, bool):
            raise UsageError("labels: give true or false")
        if self.sheet is not None and not isinstance(self.sheet, str):
            raise UsageError("sheet: give the name of a sheet, as text")
        try:
            codecs.lookup(self.encoding)
        except (LookupError, TypeError) as problem:
            raise UsageError(f'encoding = {self.encoding!r} is not known: give one as "utf-8", "latin-1" or "utf-16"') from problem
        if self.keep is not None and (isinstance(self.keep, str) or not all(isinstance(name, str) for name in self.keep)):
            raise UsageError('keep: give a list of names of columns, as ["age", "grade"]')
        object.__setattr__(self, "missing", tuple(dict.fromkeys(("", *self.missing))))
        object.__setattr__(self, "keep", None if self.keep is None else tuple(self.keep))


@dataclass(frozen=True, eq=False)
class TextTable:
    """A file as it was read: every value text without blanks around it, the file's name without its path, and its SHA-256.

    In a large file a column whose values repeat is a categorical of text; one of numbers may hold them as such, which stand for the text that they
    would be written as, and one of plain numbers with decimals is Arrow's text; any other holds objects. `text_columns.distinct` reads all of
    them. `titles` names every column of the file, read or not.
    The rows of a scan are the distinct ones of its files, and `repeats` (int64, shape (rows,)) says how many each stands for.
    """

    frame: pd.DataFrame
    name: str
    sha256: str
    repeats: np.ndarray | None = None
    titles: tuple[str, ...] = ()


def usual_delimiter(path: str | Path) -> str:
    """Give the delimiter that goes with the name of a file.

    >>> usual_delimiter("cohort.csv.gz"), usual_delimiter("cohort.txt")
    (',', '\\t')
    """
    return "," if Path(path).name.lower().removesuffix(".gz").endswith(".csv") else "\t"


def read_text_table(
    path: str | Path, file: FileFormat = FileFormat(), *, wanted: Callable[[str], bool] | None = None, watch: Watch | None = None,
) -> TextTable:
    """Read a CSV or TSV file, plain or gzipped, as text; of its columns those wanted (None: all).

    Raises
    ------
    UsageError
        If there is no such file.
    InputError
        If it is not delimited text in the format given, is empty, or its rows do not fit its header. Rows are numbered from
        the first after the header; lines from the top of the file.
    """
    text = open_text(path, file.encoding, SUFFIXES)
    return table_of(text, file.delimiter or usual_delimiter(text.name), wanted=wanted, watch=watch)


def table_of(
    text: TextContent | LargeText, delimiter: str, *, names: Sequence[str] | None = None, wanted: Callable[[str], bool] | None = None, skip: int = 0,
    number_doubles: bool = False, watch: Watch | None = None,
) -> TextTable:
    """Read text that was opened before as a table.

    Parameters
    ----------
    text
        The content of the file.
    delimiter
        One character.
    names
        The names of the columns, where the file has no header.
    wanted
        Which columns are kept, by their names; None keeps all. Leaving columns out saves time and memory.
    skip
        Lines above the header that do not belong to the table.
    number_doubles
        Whether the second column of a name becomes `name.1`; else a name that stands twice is refused.
    watch
        Told from time to time which fraction has been read.

    Raises
    ------
    InputError
        As `read_text_table`.
    """
    start = _below(text.start, skip)
    written, n_above = (list(names), _blank_lines_at_top(start)) if names is not None else _header(start, delimiter, text.name)
    header = _distinct_names(written, text.name, number_doubles)
    places = [place for place, name in enumerate(header) if wanted is None or wanted(name)]
    frame = _parse(_Text(text, skip, n_above, delimiter, len(header), names is None), places, watch)
    frame.columns = [header[place] for place in places]
    return TextTable(_without_blank_columns(frame), text.name, text.sha256, titles=tuple(header))


@dataclass(frozen=True, eq=False)
class _Text:
    """Delimited text: the lines above the table, those of it above the first row, its columns, and whether it has a header."""

    source: TextContent | LargeText
    skip: int
    n_above: int
    delimiter: str
    width: int
    headed: bool

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return self.source.name

    @cached_property
    def content(self) -> bytes:
        """All of the table; only what does not fit is looked at as a whole."""
        return _below(self.source.content, self.skip)

    @property
    def has_many_rows(self) -> bool:
        """Whether it has more rows than a sample."""
        return isinstance(self.source, LargeText) or self.content.count(b"\n", 0, _LOOKED_AT) > _SAMPLE


def _below(content: bytes, skip: int) -> bytes:
    """Leave out the first lines."""
    return content if not skip else content.split(b"\n", skip)[skip] if content.count(b"\n") >= skip else b""


def _parse(text: _Text, places: list[int], watch: Watch | None) -> pd.DataFrame:
    """Parse the rows; in a large file a column whose values repeat in the first rows becomes a categorical, which costs a byte or two a row."""
    if text.has_many_rows and places:
        form = arrow_csv.TextForm(text.delimiter, text.skip + text.n_above, text.width, tuple(places))
        parsed = arrow_csv.parse(text.source, form, _BLOCK, lambda piece: _is_plainly_quoted(piece, text.delimiter), watch)
        if parsed is not None:
            return parsed  # Arrow holds the rows against the header itself
    _check_rows(text)
    return _parse_as_a_whole(text, places, watch) if places else pd.DataFrame()


def _parse_as_a_whole(text: _Text, places: list[int], watch: Watch | None) -> pd.DataFrame:
    """Parse the rows by the parser of pandas, to the same kinds of columns."""
    options = {"sep": text.delimiter, "header": None, "skiprows": _blank_lines_at_top(text.content) + text.headed, "usecols": places,
               "keep_default_na": False, "na_filter": False, "skipinitialspace": text.delimiter != " "}
    kinds = _kinds(text, places, options)
    frame = strip_blanks(pd.read_csv(WatchedBytes(text.content, watch), dtype=kinds or str, **options))
    if kinds is None:
        return frame
    return pd.DataFrame({place: values if kinds[place] == "category" else plain_integers_of(values) for place, values in frame.items()}, copy=False)


def _kinds(text: _Text, places: list[int], options: dict[str, object]) -> dict[int, object] | None:
    """Tell from the first rows of a large file which columns repeat their values; None for a small file, or one that cannot be read like this."""
    if not text.has_many_rows:
        return None
    try:
        sample = pd.read_csv(io.BytesIO(text.content), nrows=_SAMPLE, dtype=str, low_memory=False, **options)
    except (pd.errors.ParserError, ValueError):
        return None  # the rows do not fit, and are about to be named
    return {place: "category" if sample[place].nunique() <= _SAMPLE / 5 else str for place in places}


def _blank_lines_at_top(content: bytes) -> int:
    """Count the blank lines above the header, which a parser told to skip one line would take for it."""
    return len(re.match(rb"(?:[ \t]*\n)*", content).group().split(b"\n")) - 1


def first_record(content: bytes, delimiter: str, name: str) -> list[str]:
    """Give the fields of the first line that is not blank."""
    return _first_record(content, delimiter, name)[0]


def _first_record(content: bytes, delimiter: str, name: str) -> tuple[list[str], int]:
    """Give the fields of the first line that is not blank, and the number of lines to its end."""
    reader = csv.reader(_text_lines(content), delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        return next((record for record in reader if len(record) > 1 or any(field.strip() for field in record)), []), reader.line_num
    except csv.Error as problem:
        raise InputError(f"{name!r} line {reader.line_num}: a quotation mark is not closed, or stands inside a field ({problem})") from problem


def _text_lines(content: bytes) -> Iterator[str]:
    return (line.decode("utf-8") for line in io.BytesIO(content))


def _header(content: bytes, delimiter: str, name: str) -> tuple[list[str], int]:
    """Give the names of the columns, and the number of lines to the first row."""
    first, n_lines = _first_record(content, delimiter, name)
    names = [title.strip() or f"unnamed {place}" for place, title in enumerate(first, start=1)]
    if all(re.fullmatch(r"-?[0-9.]+", title) for title in names):
        raise InputError(f"{name!r}: the first line holds numbers only: write a line with the names of the columns above it")
    if len(names) == 1:
        others = [other for other in _DELIMITERS if other != delimiter and other in names[0] and other != " "]
        if others:
            shown = others[0].replace("\t", "\\t")
            raise InputError(f'{name!r} has one column when read with a {_DELIMITERS.get(delimiter, delimiter)}, and its name holds a '
                             f'{_DELIMITERS[others[0]]}: say delimiter = "{shown}" under [file]')
    return names, n_lines


def _distinct_names(names: list[str], name: str, number_doubles: bool) -> list[str]:
    """Refuse names that stand twice, or number the later ones: `name`, `name.1`."""
    twice = [title for title in dict.fromkeys(names) if names.count(title) > 1]
    if not twice:
        return names
    if not number_doubles:
        raise InputError(f"{name!r}: the column name {', '.join(map(repr, twice))} stands more than once: give every column a name of its own")
    seen: dict[str, int] = {}
    numbered = []
    for title in names:
        times = seen.get(title, 0)
        numbered.append(f"{title}.{times}" if times else title)
        seen[title] = times + 1
    return numbered


def _check_rows(text: _Text) -> None:
    """Hold every row against the header: the frame reader would fill short rows in silence."""
    n_rows, n_wrong, told = -int(text.headed), 0, []
    for first, widths in _records_in_blocks(text):
        wrong = np.flatnonzero(widths != text.width)
        told += [(first + place + (not text.headed), int(widths[place])) for place in wrong[: 5 - len(told)].tolist()]
        n_wrong += len(wrong)
        n_rows += len(widths)
    if n_rows < 1:
        raise InputError(f"{text.name!r} holds a header and no rows")
    if n_wrong:
        listed = ", ".join(f"row {row} has {found}" for row, found in told) + (", ..." if n_wrong > len(told) else "")
        raise InputError(f"{text.name!r}: the header has {text.width} column{'s' * (text.width != 1)}, but {listed} ({n_wrong} of {n_rows} rows): "
                         "quote fields that hold the delimiter, or mend the rows")


def _is_plainly_quoted(piece: bytes, delimiter: str) -> bool:
    """Tell whether no quotation mark is stray, or follows a blank, which parsers take in two ways."""
    return not _marks(np.frombuffer(piece, dtype=np.uint8), delimiter, after_blanks=False)[2]


def _blocks(content: bytes) -> Iterator[tuple[int, np.ndarray]]:
    """Cut the content into blocks that end after a line end outside quotation marks; give where each begins."""
    quoted, start = b'"' in content, 0
    while start < len(content):
        stop = _end_of_block(content, start, quoted)
        yield start, np.frombuffer(content, dtype=np.uint8, count=stop - start, offset=start)
        start = stop


def _records_in_blocks(text: _Text) -> Iterator[tuple[int, np.ndarray]]:
    """Give, block by block, the number of the first record and the fields of each record that is not blank."""
    content, n_done, quoted = text.content, 0, b'"' in text.content
    for start, block in _blocks(content):
        ends = np.flatnonzero((block == ord(text.delimiter)) | (block == 10))
        if quoted:
            ends = ends[_outside(ends, *_quotation_marks(block, text, start))]
        is_line_end = block[ends] == 10
        if start + len(block) == len(content) and block[-1] != 10:
            ends, is_line_end = np.append(ends, len(block)), np.append(is_line_end, True)
        last = np.flatnonzero(is_line_end)
        widths = np.diff(last, prepend=-1)
        blank = _blank_lines(content, start, ends[last], widths)
        yield n_done, widths[~blank]
        n_done += int((~blank).sum())


def _blank_lines(content: bytes, start: int, line_ends: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Tell which lines hold nothing, or nothing but blanks."""
    lengths = np.diff(line_ends, prepend=-1) - 1
    blank = (widths == 1) & (lengths == 0)
    for place in np.flatnonzero((widths == 1) & (lengths > 0)):
        stop = start + int(line_ends[place])
        blank[place] = not content[stop - int(lengths[place]): stop].strip()
    return blank


def _end_of_block(content: bytes, start: int, quoted: bool) -> int:
    """Find where a block ends: after a line end that is not inside quotation marks."""
    stop = start + _BLOCK
    while stop < len(content):
        stop = content.find(b"\n", stop) + 1
        if stop == 0:
            return len(content)
        if not quoted or content.count(b'"', start, stop) % 2 == 0:
            return stop
        stop += 1
    return len(content)


def _quotation_marks(block: np.ndarray, text: _Text, start: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the opening and the closing marks; one that is not closed, or stands inside a field, is named with its line."""
    opening, closing, stray = _marks(block, text.delimiter)
    if stray:
        line = text.content.count(b"\n", 0, start + min(stray)) + 1
        raise InputError(f"{text.name!r} line {line}: a quotation mark is not closed, or stands inside a field: write a mark inside a quoted field twice")
    return opening, closing


def _marks(block: np.ndarray, delimiter: str, after_blanks: bool = True) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Find the opening and the closing quotation marks, and the first of those that are not closed, or stand inside a field (or, if so asked,
    open after a blank)."""
    marks = np.flatnonzero(block == 34)
    opening, closing, inside = marks[0::2], marks[1::2], np.ones(256, dtype=bool)  # a look into a table of all bytes is the quickest
    inside[[ord(delimiter), 10, 34, 32]] = False
    stray_after = np.flatnonzero(inside.take(block.take(closing + 1, mode="clip")) & (closing + 1 < len(block)))
    inside[32] = not after_blanks and delimiter != " "
    stray = np.flatnonzero(inside.take(block.take(opening - 1, mode="clip")) & (opening > 0))
    return opening, closing, [*opening[stray[:1]].tolist(), *closing[stray_after[:1]].tolist(), *opening[len(closing):].tolist()]


def _outside(ends: np.ndarray, opening: np.ndarray, closing: np.ndarray) -> np.ndarray:
    """Tell which separators stand outside quotation marks."""
    depth = np.zeros(len(ends) + 1, dtype=np.int8)
    np.add.at(depth, np.searchsorted(ends, opening), 1)
    np.add.at(depth, np.searchsorted(ends, closing), -1)
    return np.cumsum(depth[:-1], dtype=np.int8) == 0


def _without_blank_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out columns without a name and without content: delimiters at the end of every line."""
    blank = [name for name in frame.columns if name.startswith("unnamed ") and not any(word for word in pd.unique(frame[name].astype(object)))]
    return frame.drop(columns=blank) if blank else frame
