"""Files of Stata, SPSS and SAS into a frame of text, labels of values instead of codes; their own missing values are empty."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ..errors import InputError
from .delimited import FileFormat
from .value_texts import TextColumn, library

_ROWS_AT_ONCE = 100_000  # a value is a Python object while it is read, and a million rows of them would fill the memory


def read_stata(path: Path, file: FileFormat) -> pd.DataFrame:
    """Read a Stata file; its missing values (. and .a to .z) are empty."""
    return _read("read_dta", path, file)


def read_sav(path: Path, file: FileFormat) -> pd.DataFrame:
    """Read an SPSS file; values and ranges declared missing are empty."""
    return _read("read_sav", path, file)


def read_por(path: Path, file: FileFormat) -> pd.DataFrame:
    """Read a portable SPSS file."""
    return _read("read_por", path, file)


def read_sas(path: Path, file: FileFormat) -> pd.DataFrame:
    """Read a SAS file; its labels stand in a catalogue, which is read where it has the same name and ends in .sas7bcat."""
    return _read("read_sas7bdat", path, file)


def read_transport(path: Path, file: FileFormat) -> pd.DataFrame:
    """Read a SAS transport file, which is written in records of 80 bytes and holds no labels of values."""
    if path.stat().st_size % 80:
        raise InputError(f"{path.name!r} is cut short: a SAS transport file is a whole number of records of 80 bytes; fetch or save it again")
    return _read("read_xport", path, file)


def _read(reader: str, path: Path, file: FileFormat) -> pd.DataFrame:
    read = getattr(library("pyreadstat", f"{path.suffix} (Stata, SPSS, SAS)"), reader)
    options = {} if codecs.lookup(file.encoding).name == "utf-8" else {"encoding": _iconv_name(file.encoding)}
    columns: dict[str, TextColumn] = {}
    labels: Mapping[str, Mapping[object, str]] = {}
    n_rows = _ROWS_AT_ONCE
    while n_rows == _ROWS_AT_ONCE:
        n_done = len(next(iter(columns.values()))) if columns else 0
        values, about = read(str(path), output_format="dict", row_offset=n_done, row_limit=_ROWS_AT_ONCE, **options)
        if not columns:
            columns = {name: TextColumn() for name in values}
            labels = _labels(about, path) if file.labels else {}
        n_rows = len(next(iter(values.values()), []))
        for name, column in columns.items():
            column.extend_values(values[name], labels.get(name, {}), file.decimal, about.readstat_variable_types.get(name) == "float")
    return pd.DataFrame({name.strip(): column.series() for name, column in columns.items()})


def _labels(about: object, path: Path) -> dict[str, dict[object, str]]:
    """Give the labels of each column's values, those of a SAS file from its catalogue."""
    by_column = about.variable_value_labels
    catalogue = path.with_suffix(".sas7bcat")
    if path.suffix.lower() == ".sas7bdat" and catalogue.is_file():
        _, listed = library("pyreadstat", ".sas7bcat").read_sas7bcat(str(catalogue))
        by_column = {name: listed.value_labels.get(form, {}) for name, form in about.variable_to_label.items()}
    return {name: {_as_value(value): str(label).strip() for value, label in table.items()} for name, table in by_column.items()}


def _as_value(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _iconv_name(encoding: str) -> str:
    """Give an encoding the name by which other programs know it: iso8859-1 is ISO-8859-1 there."""
    return codecs.lookup(encoding).name.replace("iso8859", "iso-8859").upper()
