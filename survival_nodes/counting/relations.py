"""A table that an engine counts: what it holds, and the distinct rows that come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from ..errors import InputError, UsageError, unknown_name

Column = tuple[np.ndarray, np.ndarray]  # values, and which of them are missing


@dataclass(frozen=True)
class ScannedFile:
    """A file as a list of what was read names it: its name without the path, its size, and its rows (None for delimited text, which would have to be read).

    `path` is where it lies, for the engine alone.
    """

    name: str
    n_bytes: int
    n_rows: int | None
    path: str = field(default="", repr=False)


@dataclass(frozen=True)
class EngineOptions:
    """How a table is opened and counted.

    Parameters
    ----------
    delimiter
        Of delimited text: one character; None: a comma in `.csv`, a tab in the others.
    encoding
        Of delimited text: UTF-8 or Latin-1. DuckDB takes line breaks inside quoted fields; Spark counts line by line and refuses them.
    memory
        What the engine may use, as "2GB"; None leaves it to the engine. DuckDB goes to the disk before it gives up. A connection or session
        of the user's keeps its own setting.
    folder
        Where the engine writes what does not fit in memory; None takes a folder of its own among the system's temporary ones.
    limit
        The most distinct combinations that are brought into memory; None: 20 million, and half of the rows where there are more than 5 million.
    """

    delimiter: str | None = None
    encoding: str = "utf-8"
    memory: str | None = None
    folder: str | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and (isinstance(self.limit, bool) or not isinstance(self.limit, int) or self.limit < 1):
            raise UsageError(f"limit = {self.limit!r}: give the most distinct combinations that may be brought into memory, as 20_000_000")


class Engine(Protocol):
    """What a kept library does the same on every engine goes through Narwhals; this is the rest."""

    name: str

    def parquet_signatures(self, paths: Sequence[str]) -> list[tuple[object, int]]:
        """Give, file by file, what stands for its columns and their types, and its rows; the files begin and end as Parquet does."""

    def read_parquet(self, paths: Sequence[str]) -> Any:
        """Give a native table of files of one signature."""

    def read_text(self, paths: Sequence[str], titles: Sequence[str], delimiter: str, encoding: str) -> Any:
        """Give a native table of files of delimited text with these titles, every column text; an empty field is missing."""

    def renamed(self, table: Any, names: Sequence[str]) -> Any:
        """Give a native table with other names, column by column."""

    def look_up(self, table: Any, columns: Mapping[str, Sequence[str] | np.ndarray]) -> Any:
        """Give a small native table, of text and of whole numbers, that can be joined to a native table."""

    def fetch(self, table: Any) -> dict[str, Column]:
        """Bring a native table into memory, column by column."""

    def explain(self, problem: Exception, files: Sequence[ScannedFile]) -> UsageError | InputError | None:
        """Word what went wrong, or give None for what is no failure of the engine."""


@dataclass(frozen=True, eq=False)
class Relation:
    """A table that an engine can count; `open_relation` makes it.

    Attributes
    ----------
    source : Engine
        Who counts.
    table : LazyFrame
        Of Narwhals, on the engine's own table, whose columns have names that every engine takes for a name.
    kinds : dict
        These names -> kind: `integer, number, text, boolean, date`; every column of delimited text is `text`.
    titles : dict
        These names -> the names that the columns have in the files.
    problems : dict
        Title -> why this column cannot be counted: it holds lists, records or bytes, or is not alike in all files.
    files : tuple of ScannedFile
        Empty for a table that is not a file.
    limit : int
        The most distinct combinations that are fetched.
    codings : dict
        Names -> how the values of a column are numbered, as far as that is known.
    """

    source: Engine
    table: Any
    kinds: Mapping[str, str]
    titles: Mapping[str, str]
    problems: Mapping[str, str] = field(default_factory=dict)
    files: tuple[ScannedFile, ...] = ()
    limit: int | None = None
    codings: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def columns(self) -> dict[str, str]:
        """Title -> kind of every column that can be counted."""
        return {self.titles[name]: kind for name, kind in self.kinds.items()}

    def names(self, titles: Iterable[str]) -> list[str]:
        """Give the names of columns by their titles; UsageError for one that is not there, InputError for one that cannot be counted."""
        titles = list(dict.fromkeys(titles))
        self.check(titles)
        name_of = {title: name for name, title in self.titles.items()}
        return [name_of[title] for title in titles]

    @property
    def engine(self) -> str:
        """The engine: `memory`, `duckdb` or `spark`."""
        return self.source.name

    @property
    def rows_by_files(self) -> int | None:
        """Its rows where the files tell them, else None."""
        rows = [each.n_rows for each in self.files]
        return None if None in rows or not rows else sum(rows)

    @property
    def is_text(self) -> bool:
        """Whether it is delimited text, of which every row is read whole, whichever column is asked for."""
        return bool(self.files) and self.rows_by_files is None

    @cached_property
    def n_rows(self) -> int:
        """Its rows, as the files tell them, else counted, once."""
        import narwhals as nw

        known = self.rows_by_files
        return int(self.fetch(self.table.select(nw.len().alias("n")))["n"][0][0]) if known is None else known

    def check(self, names: Iterable[str]) -> None:
        """Raise UsageError for a column that is not there, InputError for one that cannot be counted."""
        for name in names:
            if name in self.problems:
                raise InputError(self.problems[name])
            if name not in self.columns:
                raise UsageError(unknown_name("column", name, self.columns))

    def fetch(self, table: Any) -> dict[str, Column]:
        """Run what was made of the table and bring it into memory; InputError or UsageError if it fails, and nothing is given."""
        return run(self.source, lambda: self.source.fetch(table.to_native()), self.files)


def run(engine: Engine, work: Callable[[], Any], files: Sequence[ScannedFile] = ()) -> Any:
    """Let an engine work, and say in one line what went wrong."""
    try:
        return work()
    except (UsageError, InputError):
        raise
    except Exception as problem:
        said = engine.explain(problem, files)
        if said is None:
            raise
        raise said from problem


@dataclass(frozen=True, eq=False)
class DistinctRows:
    """Distinct combinations of values, and how many rows hold each.

    Attributes
    ----------
    frame : DataFrame
        A categorical for each column asked for. Its categories are sorted: text (of text, of booleans as TRUE and FALSE, of dates and
        times as 2012-03-04 or 2012-03-04 05:06:07), int64 of integers, floats of other numbers. A missing value, and NaN, has the code -1. Text is the
        file's own, blanks and all; an empty text is a value of Parquet, and missing in delimited text. Order of rows is not defined.
    n : int64 array, shape (rows,)
        Rows of the table that hold each combination.
    """

    frame: pd.DataFrame
    n: np.ndarray

    def and_also(self, others: DistinctRows) -> DistinctRows:
        """Give these and others, none of which is among these."""
        columns = {name: union_categoricals([self.frame[name], others.frame[name]], sort_categories=True) for name in self.frame}
        return DistinctRows(pd.DataFrame(columns, copy=False), np.concatenate([self.n, others.n]))
