"""A life table's file into a frame of plain columns: unpacked, its header found below whatever title, one column of rates."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from io import StringIO
from pathlib import Path

import pandas as pd

from ..errors import InputError, UsageError

AGES, YEARS = ("age", "_age", "agegroup", "age_group"), ("year", "_year", "calendar_year", "per", "period")
# Names a column of rates has in the files of registries and packages, and what it then holds; the first that is found is taken.
QUANTITY_OF = {
    "rate": "rate-per-year", "mx": "rate-per-year", "haz": "rate-per-year", "hazard": "rate-per-year",
    "haz_per_day": "rate-per-day", "rate_per_day": "rate-per-day", "freq": "rate-per-day",
    "qx": "death-probability", "prob": "survival-probability",
}
WANTED = "columns sex, year, age and rate are wanted"
_SEPARATORS = (",", ";", "\t", None)  # None: blanks, as the Human Mortality Database and R's write.table have them
_TITLE_LINES = 30
_BOTH = ("total", "both", "persons")
_WOMEN, _MEN = re.compile(r"\bfemales?\b|\bwomen\b|\bfltper"), re.compile(r"\bmales?\b|\bmen\b|\bmltper")


def open_table(path: Path) -> pd.DataFrame:
    """Give the columns of a file under small letters, a row a rate, `sex` among them.

    Raises
    ------
    UsageError
        If there is no such file.
    InputError
        If it is no text, is damaged or empty, or no line of it names columns of age and year.
    """
    text = _text_of(path)
    lines = text[:20_000].split("\n")[:_TITLE_LINES]
    place, separator, names = _header(lines, path)
    body = text.split("\n", place + 1)[place + 1 :]
    frame = _parsed(body[0] if body else "", separator, names, path)
    return _with_sex(frame, f"{' '.join(lines[:place])} {path.name}".lower(), path)


def _text_of(path: Path) -> str:
    if not path.exists():
        raise UsageError(f"there is no file {path.name!r} in the folder {path.parent.name or '.'!r}: check the name and the folder")
    if path.is_dir():
        raise InputError(f"{path.name!r} is a folder: name the life table in it")
    try:
        stored = path.read_bytes()
        content = gzip.decompress(stored) if stored.startswith(b"\x1f\x8b") else stored
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise InputError(f"{path.name!r} is gzipped, but cut short or damaged: fetch or pack it again") from problem
    except OSError as problem:
        raise InputError(f"{path.name!r} cannot be read: {(problem.strerror or type(problem).__name__).lower()}") from problem
    if not content.strip():
        raise InputError(f"{path.name!r} is empty: {WANTED}")
    if b"\0" in content:
        raise InputError(f"{path.name!r} is not text: save the life table as CSV (UTF-8)")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # names of regions from an older Windows; every byte has a letter there
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _header(lines: list[str], path: Path) -> tuple[int, str | None, list[str]]:
    """Find the line that names the columns: its place, what separates the names, and the names."""
    for place, line in enumerate(lines):
        for separator in _SEPARATORS:
            names = [name.lower() for name in _fields(line, separator)]
            if (set(names) & set(AGES) and set(names) & set(YEARS)) or ("freq" in names and "var1" in names):
                return place, separator, names
    first = next((line for line in lines if line.strip()), "")
    names = _fields(first, max(",;\t", key=first.count))
    shown = ", ".join(name[:20] for name in names[:8]) + (", ..." if len(names) > 8 else "")
    raise InputError(f"{path.name!r} is no life table: {WANTED}; its first line holds: {shown}")


def _fields(line: str, separator: str | None) -> list[str]:
    """Split a line, quotation marks gone."""
    if separator is None:
        return [field.strip('"') for field in line.split()]
    return [field.strip() for field in next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])]


def _parsed(body: str, separator: str | None, names: list[str], path: Path) -> pd.DataFrame:
    first = next((line for line in body.split("\n", 20) if line.strip()), None)
    if first is None:
        raise InputError(f"{path.name!r} holds no rows below its header: {WANTED}")
    fields = _fields(first, separator)
    if len(fields) == len(names) + 1:  # a separator too many at the end, or names of rows, which have no name, at the start
        names = [*names, ""] if not fields[-1] else ["", *names]
    twice = sorted({name for name in names if names.count(name) > 1} & {"sex", *AGES, *YEARS, *QUANTITY_OF})
    if twice:
        raise InputError(f"{path.name!r} has the column {twice[0]!r} {names.count(twice[0])} times: give every column a name of its own")
    try:
        frame = pd.read_csv(
            StringIO(body), sep=separator or r"\s+", header=None, na_filter=False, float_precision="round_trip", low_memory=False,
            skipinitialspace=separator is not None)
    except (pd.errors.ParserError, ValueError) as problem:
        raise InputError(f"{path.name!r}: rows do not fit the header of {len(names)} columns: each wants a value for every column") from problem
    if frame.shape[1] != len(names):
        raise InputError(f"{path.name!r}: rows have {frame.shape[1]} values where the header names {len(names)} columns")
    # Of others the first is kept: life tables have lx and Lx.
    return frame.set_axis(names, axis=1).loc[:, [bool(name) and name not in names[:place] for place, name in enumerate(names)]]


def _with_sex(frame: pd.DataFrame, title: str, path: Path) -> pd.DataFrame:
    """Name unnamed columns by what they hold, set columns of women and men below each other, and take a table's one sex from its title."""
    if "var1" in frame:
        frame = frame.rename(columns={name: _guess(frame[name]) or name for name in frame.columns if name.startswith("var")})
    if re.search(r"\bcohort\b", title):
        raise InputError(f"{path.name!r} gives rates by year of birth ({'cohort'!r} in its title): take the table by calendar year (period)")
    if "sex" in frame:
        return frame
    if {"female", "male"} <= set(frame.columns):
        kept = [name for name in frame.columns if name not in {"female", "male", *_BOTH}]
        return frame.melt(kept, ["female", "male"], var_name="sex", value_name="rate")
    if _WOMEN.search(title) or _MEN.search(title):
        return frame.assign(sex="female" if _WOMEN.search(title) else "male")
    raise InputError(
        f"{path.name!r} does not say whose rates it holds: {WANTED}; there are: {', '.join(frame.columns)} "
        "(a life table of one sex may be named fltper_1x1.txt or mltper_1x1.txt)")


def _guess(values: pd.Series) -> str | None:
    if not pd.api.types.is_numeric_dtype(values):
        return "sex" if {str(value).lower() for value in values.unique()} <= {"female", "male", "f", "m", "women", "men"} else None
    return "year" if values.min() >= 1700 else "age" if values.max() <= 150 else None
