"""Files that make one table: found by path, pattern or folder, looked at from both ends, and put together by their columns."""

from __future__ import annotations

import codecs
import csv
import glob
import gzip
import io
import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import InputError, UsageError
from .relations import EngineOptions, ScannedFile

TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".txt")
PARQUET_SUFFIXES = (".parquet", ".pq")
_MAGIC = b"PAR1"
_LONGEST_HEADER = 1 << 20
_ENCODINGS = {"utf-8": "utf-8", "utf-8-sig": "utf-8", "ascii": "utf-8", "iso8859-1": "latin-1"}
_KINDS = f"{', '.join(PARQUET_SUFFIXES)} (Parquet), {', '.join(TEXT_SUFFIXES)} (text, also with .gz)"


def is_path(table: object) -> bool:
    """Tell whether a table is given by where its files lie."""
    return isinstance(table, (str, os.PathLike)) or isinstance(table, (list, tuple)) and all(isinstance(each, (str, os.PathLike)) for each in table)


def found_files(table: object) -> list[Path]:
    """Give the files of a path, a pattern, a folder or a list of these; UsageError if there is none, InputError if they are of several kinds."""
    given = list(table) if isinstance(table, (list, tuple)) else [table]
    if not given:
        raise UsageError("an empty list names no file: give a path, a pattern such as part*.parquet, a folder, or a list of these")
    paths = list(dict.fromkeys(path for each in given for path in _files_of(os.fspath(each))))
    kinds = {is_parquet(path) for path in paths}
    if len(kinds) > 1:
        raise InputError(f"Parquet and text are not read as one table ({_two(paths)}): name the files of one kind, as part*.parquet")
    return paths


def is_parquet(path: Path) -> bool:
    """Tell by its name whether a file is Parquet or delimited text; InputError for another kind."""
    if path.suffix.lower() in PARQUET_SUFFIXES:
        return True
    if _plain_suffix(path) in TEXT_SUFFIXES:
        return False
    raise InputError(f"{path.name!r} cannot be scanned: files in {_KINDS} are: save it as one of these, or read it with read_cohort")


def _plain_suffix(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _files_of(given: str) -> list[Path]:
    if os.path.isdir(given):
        return _files_in(Path(given))
    if os.path.exists(given):
        return [Path(given)]
    if "://" in given:
        raise UsageError(f"{given.split('://')[0]}:// is not a path of this machine: open the table with the engine, and give the DuckDB relation or the Spark "
                         "DataFrame instead of a path")
    found = sorted(Path(each) for each in glob.glob(given, recursive=True) if os.path.isfile(each))
    if not found:
        folder = os.path.basename(os.path.dirname(given)) or "."
        what = "matches" if glob.has_magic(given) else "is named"
        raise UsageError(f"no file {what} {os.path.basename(given)!r} in the folder {folder!r}: check the name and the folder")
    return found


def _files_in(folder: Path) -> list[Path]:
    """Give the tables of a folder; what programs write beside them begins with a point or an underscore."""
    wanted = (*PARQUET_SUFFIXES, *TEXT_SUFFIXES)
    inside = sorted(path for path in folder.iterdir() if not path.name.startswith((".", "_")))
    found = [path for path in inside if path.is_file() and (path.suffix.lower() in PARQUET_SUFFIXES or _plain_suffix(path) in wanted)]
    if not found:
        deeper = "; it holds folders: name their files by a pattern, as folder/**/*.parquet" if any(path.is_dir() for path in inside) else ""
        raise UsageError(f"the folder {folder.name!r} holds no table ({_KINDS}){deeper}")
    return found


def _two(paths: Sequence[Path]) -> str:
    parquet = next(path for path in paths if is_parquet(path))
    return f"{parquet.name!r}, {next(path for path in paths if not is_parquet(path)).name!r}"


def check_parquet(path: Path) -> None:
    """Look at both ends of a Parquet file, where a file cut short and one of another kind are seen; InputError for these."""
    try:
        with open(path, "rb") as stream:
            start, size = stream.read(4), stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - 8))
            end = stream.read(8)
    except OSError as problem:
        raise _unreadable(path, problem) from problem
    if not size:
        raise InputError(f"{path.name!r} is empty: fetch or write it again")
    if start in {b"PARE"} or end[4:] == b"PARE":
        raise InputError(f"{path.name!r} is an encrypted Parquet file: decrypt it first")
    if start != _MAGIC:
        raise InputError(f"{path.name!r} is not a Parquet file, whatever its name says: rename it to what it is, or save it as Parquet")
    if size < 12 or end[4:] != _MAGIC or int.from_bytes(end[:4], "little") > size - 12:
        raise InputError(f"{path.name!r} is a Parquet file that was cut short: fetch or write it again")


def _unreadable(path: Path, problem: OSError) -> InputError:
    return InputError(f"{path.name!r} cannot be read: {(problem.strerror or type(problem).__name__).lower()}")


def encoding_of(options: EngineOptions) -> str:
    """Give the encoding as engines name it; UsageError for one that not every engine reads."""
    try:
        found = _ENCODINGS.get(codecs.lookup(options.encoding).name)
    except (LookupError, TypeError):
        found = None
    if found is None:
        raise UsageError(f'a scan reads text in "utf-8" and "latin-1", not in {options.encoding!r}: save the file as UTF-8, or read it with read_cohort')
    return found


def delimiter_of(path: Path, options: EngineOptions) -> str:
    """Give the delimiter of a file of text, the usual one if none is said."""
    if options.delimiter is not None:
        return options.delimiter
    return "," if _plain_suffix(path) == ".csv" else "\t"


def titles_of(path: Path, options: EngineOptions) -> tuple[str, ...]:
    """Read the first line of a file of text; InputError if it does not name the columns."""
    first, encoding = _first_bytes(path), encoding_of(options)
    if not first.strip():
        raise InputError(f"{path.name!r} is empty: a line with the names of the columns is wanted")
    if first.startswith((_MAGIC, b"PK\x03\x04")) or b"\0" in first:
        raise InputError(f"{path.name!r} is not text, whatever its name says: rename it to what it is, or save it as text (CSV, UTF-8)")
    text = first.removeprefix(codecs.BOM_UTF8).decode(encoding, errors="replace")
    reader = csv.reader(io.StringIO(text), delimiter=delimiter_of(path, options))
    titles = next((record for record in reader if any(title.strip() for title in record)), [])
    if encoding == "utf-8" and any("\ufffd" in title for title in titles):
        raise InputError(f'{path.name!r} is not UTF-8: say encoding = "latin-1" under [file], or save it as UTF-8')
    others = [sign for sign in ",;\t|" if len(titles) == 1 and sign in titles[0]]
    if others:
        sign = others[0].replace("\t", "\\t")
        raise InputError(f'{path.name!r} has one column, whose name holds {others[0]!r}: say delimiter = "{sign}" under [file]')
    named = tuple(title.strip() or f"unnamed {place}" for place, title in enumerate(titles, start=1))
    check_titles(repr(path.name), named)
    return named


def check_titles(file: str, titles: Sequence[str]) -> None:
    """Refuse names that differ in blanks or capital letters only: engines do not tell them apart."""
    folded = [name.strip().casefold() for name in titles]
    twice = [name for name in titles if folded.count(name.strip().casefold()) > 1]
    if twice:
        raise InputError(f"{file}: the column names {', '.join(map(repr, twice[:4]))} are the same but for capital letters and blanks: "
                         "give every column a name of its own")


def _first_bytes(path: Path) -> bytes:
    packed = path.suffix.lower() == ".gz"
    try:
        with gzip.open(path) if packed else open(path, "rb") as stream:
            return stream.read(_LONGEST_HEADER)
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise InputError(f"{path.name!r} is gzipped, but cut short or damaged: fetch or pack it again") from problem
    except OSError as problem:
        raise _unreadable(path, problem) from problem


def described(paths: Iterable[Path], rows: Iterable[int | None]) -> tuple[ScannedFile, ...]:
    """Say of each file what a list of what was read says."""
    return tuple(ScannedFile(path.name, path.stat().st_size, n, str(path)) for path, n in zip(paths, rows, strict=True))
