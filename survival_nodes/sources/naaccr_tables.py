"""The tables that NAACCR records may be written in, each into a frame of text with a row a tumour."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from ..data_files import data_file
from ..errors import InputError, UsageError, unknown_name
from ..units import format_count
from .delimited import TextTable, first_record, table_of
from .fixed_width import Span, read_fixed_width
from .layout import Layout, find_titles
from .naaccr_xml import is_xml, read_xml, start_of
from .text_columns import distinct
from .text_content import LargeText, TextContent, open_text
from .text_pieces import Watch

_RESERVED = slice(2, 16)  # blank in every record of fixed columns
_VERSION = Span("naaccrRecordVersion", 17, 3)
_DELIMITERS = ",\t;|"
_START = 1 << 20
_TYPES = "ACIM"
_NEWEST = "180"


def naaccr_table(
    path: str | Path, layout: Layout, keep: Sequence[str], *, delimiter: str | None, encoding: str, watch: Watch | None,
) -> tuple[TextTable, pd.DataFrame]:
    """Read a file of NAACCR records, whichever way it is written.

    Returns
    -------
    table, kept
        The items that the layout asks for under one of its titles; and those that are kept beside them, under the names asked for.

    Raises
    ------
    UsageError
        If there is no such file, or no item of a name that is to be kept.
    InputError
        If it is damaged, or of another kind.
    """
    start = start_of(path)
    if is_xml(start):
        title_of = {title: each.titles[0] for each in layout.fields for title in each.titles}
        wanted = {**{name: name for name in keep}, **title_of}
        table, there = read_xml(path, lambda item, number: wanted.get(item) or wanted.get(number, ""), watch=watch)
        return table, kept_items(table, keep, {name: wanted[name] for name in keep if wanted[name] in table.frame}, there)
    first = first_line(start, encoding)
    if _is_fixed(first):
        items = _spans(_version_of(first, Path(path).name, layout))
        table = read_fixed_width(path, [*items.values(), _VERSION], encoding=encoding, watch=watch)
        _check_version(table)
        return table, kept_items(table, keep, {name: items[name].name for name in keep if name in items}, [span.name for span in items.values()])
    table, header = delimited_items(open_text(path, encoding), delimiter, layout, keep, watch)
    return table, kept_items(table, keep, {name: name for name in keep if name in table.frame}, header)


def first_line(start: bytes, encoding: str) -> str:
    """Give the first line that is not blank; nothing where there is none."""
    lines = start.removeprefix(codecs.BOM_UTF8).decode(encoding, errors="replace").replace("\r", "\n").split("\n", 100)
    return next((line for line in lines if line.strip()), "")


def kept_items(table: TextTable, keep: Sequence[str], columns: Mapping[str, str], there: Iterable[str]) -> pd.DataFrame:
    """Give the items that are to be kept: `columns` says which column of the table each is; UsageError for one that is not there."""
    for name in keep:
        if name not in columns:
            raise UsageError(unknown_name("item", name, sorted(there)))
    return pd.DataFrame({name: table.frame[columns[name]] for name in keep}, index=table.frame.index)


def delimited_items(
    text: TextContent | LargeText, delimiter: str | None, layout: Layout, keep: Sequence[str], watch: Watch | None,
) -> tuple[TextTable, list[str]]:
    """Read an export, by the delimiter that its header holds most where none is given, and give its header; one of item numbers is a header all the same."""
    start = text.start[:_START]
    delimiter = delimiter or max(_DELIMITERS, key=first_line(start, "utf-8").count)
    header = [title.strip() for title in first_record(text.start, delimiter, text.name)]
    wanted = {*find_titles(layout, header).values(), *keep}
    numbers = bool(wanted) and all(title.isdigit() for title in header)
    blank = start[:len(start) - len(start.lstrip())].count(b"\n")
    named = {"names": header, "skip": blank + 1} if numbers else {}
    return table_of(text, delimiter, wanted=wanted.__contains__, watch=watch, **named), header


def _is_fixed(line: str) -> bool:
    version = line[_VERSION.start - 1:_VERSION.start + 2].strip()
    return len(line) > 1000 and line[0] in _TYPES and not line[_RESERVED].strip() and (not version or version.isdigit())


def _version_of(line: str, name: str, layout: Layout) -> str:
    """Tell the version of a record, and hold its length against it."""
    lengths = layout.own["lengths"]
    version = line[_VERSION.start - 1:_VERSION.start + 2].strip()
    if not version:
        version = _NEWEST if len(line) in lengths[_NEWEST].values() else ""  # its lengths are its own; those of 16 were those of 12 to 15 too
    if version not in lengths:
        says = f"of version {version}" if version else "that do not say their version (columns 17 to 19)"
        raise InputError(f"{name!r} holds NAACCR records {says}: fixed columns are read of versions {', '.join(lengths)}; export NAACCR XML, or items by name")
    wanted = lengths[version][line[0]]
    if len(line) != wanted:
        raise InputError(f"{name!r}: its first record is of version {version} and type {line[0]}, and has {len(line)} characters, where {wanted} are wanted: "
                         "export it again, or as NAACCR XML")
    return version


def _check_version(table: TextTable) -> None:
    codes, versions = distinct(table.frame[_VERSION.name])
    if len({*codes.tolist()}) > 1:
        other = int((codes != codes[0]).sum())
        raise InputError(f"{table.name!r}: {format_count(other)} of {format_count(len(codes))} records are of another version than the first: "
                         "split the file by version (columns 17 to 19)")


@cache
def _spans(version: str) -> dict[str, Span]:
    """Give the items of a version, from `data/layouts/naaccr_flat.csv`."""
    lines = data_file("layouts/naaccr_flat.csv").read_text(encoding="utf-8").splitlines()
    rows = [row for row in csv.DictReader(line for line in lines if not line.startswith("#")) if row["version"] == version]
    return {row["id"]: Span(row["id"], int(row["start"]), int(row["width"])) for row in rows}
