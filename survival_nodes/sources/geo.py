"""A series matrix of the Gene Expression Omnibus into a frame of text, a row a sample; the expression below it is not read."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from ..data_files import sha256
from ..errors import InputError
from .delimited import TextTable
from .text_content import Watch, existing_file

_TABLE = "!series_matrix_table_begin"
_SAMPLE, _CHARACTERISTIC = "!Sample_", "characteristics_ch1"
_LOOKED_AT = 200  # characters


def is_series_matrix(path: str | Path) -> bool:
    """Tell by its first characters whether a file, plain or gzipped, is a series matrix."""
    with _reading(existing_file(path)) as (lines, _):
        return _begins_well(lines.readline(_LOOKED_AT))


def read_series_matrix(path: str | Path, watch: Watch | None = None) -> TextTable:
    """Read what a series matrix says of its samples, plain or gzipped, line by line until its table begins.

    Parameters
    ----------
    path
        The file; it is never changed.
    watch
        Told from time to time which fraction has been read.

    Returns
    -------
    TextTable
        A row a sample. Columns: the attributes of a sample (`title`, `geo_accession`, ...), and its characteristics, which stand in the
        file as `key: value`, under their keys; empty where a sample has none. What is said twice of a sample is joined by `; `.

    Raises
    ------
    UsageError
        If there is no such file.
    InputError
        If it is none, is cut short or damaged, or a line has not a value for each sample.
    """
    path = existing_file(path)
    columns: dict[str, list[str]] = {}
    with _reading(path) as (lines, stored):
        for number, line in enumerate(_header_lines(lines, path.name), start=1):
            if watch is not None:
                watch(stored.tell() / max(path.stat().st_size, 1))
            if line.startswith(_SAMPLE):
                _add(columns, line, f"{path.name!r} line {number}")
    if not columns:
        raise InputError(f"{path.name!r} holds no samples: lines that begin with {_SAMPLE} are wanted")
    return TextTable(pd.DataFrame(columns, dtype=object), path.name, sha256(path))


@contextmanager
def _reading(path: Path) -> Iterator[tuple[io.TextIOWrapper, BinaryIO]]:
    """Open the file as lines of text; damage is named."""
    try:
        with open(path, "rb") as stored:
            packed = stored.read(2) == b"\x1f\x8b"
            stored.seek(0)
            content = gzip.GzipFile(fileobj=stored) if packed else stored
            with io.TextIOWrapper(content, encoding="utf-8-sig", errors="replace") as lines:
                yield lines, stored
    except (EOFError, zlib.error, OSError) as problem:
        raise InputError(f"{path.name!r} cannot be read: it is cut short or damaged ({type(problem).__name__}); fetch it again") from problem


def _begins_well(start: str) -> bool:
    return start.lstrip(' \t"').startswith(("!Series_", "!Sample_"))


def _header_lines(lines: io.TextIOWrapper, name: str) -> Iterator[str]:
    start = lines.readline(_LOOKED_AT)
    if not _begins_well(start):
        raise InputError(f"{name!r} does not begin as a series matrix of the Gene Expression Omnibus does (!Series_title): is it the right file?")
    yield start if start.endswith("\n") else start + lines.readline()
    for line in lines:
        if line.startswith(_TABLE):
            return
        yield line
    raise InputError(f"{name!r} ends before its table begins ({_TABLE}): it is cut short; fetch it again")


def _add(columns: dict[str, list[str]], line: str, where: str) -> None:
    """Add what one line says of each sample."""
    title, *cells = next(csv.reader([line.rstrip("\r\n")], delimiter="\t"))
    n = len(next(iter(columns.values()), cells))
    if len(cells) != n:
        raise InputError(f"{where}: {len(cells)} values, where there are {n} samples: the file is damaged; fetch it again")
    attribute = title.strip().removeprefix(_SAMPLE)
    for place, cell in enumerate(cells):
        key, value = attribute, cell.strip()
        if attribute == _CHARACTERISTIC and ":" in value:
            key, value = (part.strip() for part in value.split(":", 1))
        there = columns.setdefault(key, [""] * n)
        there[place] = value if there[place] in ("", value) else f"{there[place]}; {value}" if value else there[place]
