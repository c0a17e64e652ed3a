"""DuckDB (extra `scale`): files counted by a database inside this process, with room on the disk for what does not fit in memory."""

from __future__ import annotations

import glob
import re
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, UsageError
from .file_sets import is_parquet
from .relations import Column, EngineOptions, ScannedFile

_APART = "\x1f"  # stands between values in one long text; no table holds it


class DuckDBEngine:
    """A connection of our own, made when files are read; a relation of the user's is counted on the connection it came from."""

    name = "duckdb"

    def __init__(self, options: EngineOptions) -> None:
        self._options = options

    @staticmethod
    def owns(table: object) -> bool:
        """Tell whether a table is a relation of DuckDB."""
        import duckdb

        return isinstance(table, duckdb.DuckDBPyRelation)

    @cached_property
    def _connection(self) -> Any:
        import duckdb

        parent = Path(self._options.folder or tempfile.gettempdir())
        if not parent.is_dir():
            raise UsageError(f"folder = {self._options.folder!r}: there is no such folder; name one with room for what does not fit in memory")
        own = parent / f"survival-nodes-{uuid.uuid4().hex}"  # DuckDB makes it when it needs it
        setting = {"preserve_insertion_order": False, "temp_directory": str(own), "autoinstall_known_extensions": False,
                   "allocator_background_threads": True}  # else DuckDB keeps what it has used, several hundred megabytes
        if self._options.memory is not None:
            setting["memory_limit"] = self._options.memory
        try:
            connection = duckdb.connect(config=setting)
        except duckdb.Error as problem:
            raise UsageError(f'memory = {self._options.memory!r}: give what the engine may use as text, as "2GB"') from problem
        weakref.finalize(self, shutil.rmtree, own, ignore_errors=True)
        return connection

    def parquet_signatures(self, paths: Sequence[str]) -> list[tuple[object, int]]:
        """Read the footers of all files at once."""
        literal = [[glob.escape(path) for path in paths]]
        asked = "select file_name, name, type, converted_type, logical_type, num_children from parquet_schema(?)"
        columns: dict[str, list[object]] = {}
        for path, *column in self._connection.execute(asked, literal).fetchall():
            columns.setdefault(path, []).append(tuple(column))
        rows = dict(self._connection.execute("select file_name, num_rows from parquet_file_metadata(?)", literal).fetchall())
        return [(tuple(columns[path]), rows[path]) for path in paths]

    def read_parquet(self, paths: Sequence[str]) -> Any:
        """Give a relation of files of one signature."""
        return self._connection.sql(f"select * from read_parquet({_listed(paths)}, hive_partitioning = false)")

    def read_text(self, paths: Sequence[str], titles: Sequence[str], delimiter: str, encoding: str) -> Any:
        """Give a relation of text; nothing is guessed, and rows that do not fit their header are an error."""
        columns = ", ".join(f"{_named(title)}: 'VARCHAR'" for title in titles)
        return self._connection.sql(
            f"select * from read_csv({_listed(paths)}, columns = {{{columns}}}, auto_detect = false, header = true, delim = {_quoted(delimiter)}, "
            f"quote = '\"', escape = '\"', nullstr = '', encoding = {_quoted(encoding)}, strict_mode = true, hive_partitioning = false)")

    def renamed(self, table: Any, names: Sequence[str]) -> Any:
        """Give the relation with other names."""
        return table.project(", ".join(f"{_named(old)} as {_named(new)}" for old, new in zip(table.columns, names, strict=True)))

    def look_up(self, table: Any, columns: Mapping[str, Sequence[str] | np.ndarray]) -> Any:
        """Give a small table on the connection of another, which only the other knows: its values are written into the question."""
        parts = (f"unnest(string_split({_quoted(_APART.join(map(str, values)))}, '{_APART}')::{'BIGINT' if isinstance(values, np.ndarray) else 'VARCHAR'}[]) "
                 f"as {_named(name)}" for name, values in columns.items())
        return table.limit(0).aggregate("count(*) as n").project(", ".join(parts))

    def fetch(self, table: Any) -> dict[str, Column]:
        """Run a relation."""
        return {name: (np.ma.getdata(values), np.ma.getmaskarray(values)) for name, values in table.fetchnumpy().items()}

    def explain(self, problem: Exception, files: Sequence[ScannedFile]) -> UsageError | InputError | None:
        """Word an exception of DuckDB; its own text may hold values of patients."""
        import duckdb

        if not isinstance(problem, duckdb.Error):
            return None
        text = str(problem)
        if isinstance(problem, duckdb.OutOfMemoryException) or "No space left" in text or "max_temp_directory_size" in text:
            return UsageError("the memory of the duckdb engine, and its room on the disk, do not suffice, and nothing was counted: give it more, as "
                              'memory="4GB", a folder with room for what does not fit, as folder="/path", or ask for fewer columns')
        if not files:
            return InputError(f"the duckdb engine cannot count this relation ({type(problem).__name__}): check that it can be fetched by itself")
        named = next((each for each in files if each.path in text), None) or self._damaged(files)
        where = repr(named.name) if named else f"one of {len(files)} files, {files[0].name!r} and others,"
        line = re.search(r"CSV Error on Line: (\d+)", text)
        if line:
            return InputError(f"{where} line {line[1]}: {_fault_of_text(text)}; nothing was counted")
        return InputError(f"{where} cannot be read to its end ({type(problem).__name__}): it is damaged, or was changed meanwhile; fetch or write it again")

    def _damaged(self, files: Sequence[ScannedFile]) -> ScannedFile | None:
        """Find the Parquet file that cannot be read by itself."""
        import duckdb

        for each in files if len(files) > 1 and is_parquet(Path(files[0].path)) else ():
            try:
                self._connection.execute(f"select max(hash(each)) from read_parquet({_listed([each.path])}) as each").fetchall()
            except duckdb.Error:
                return each
        return files[0] if len(files) == 1 else None


def _fault_of_text(text: str) -> str:
    if "unicode" in text.lower():
        return 'the text is not in the encoding that was said: say encoding = "latin-1" under [file], or save it as UTF-8'
    if "unterminated quote" in text:
        return "a quotation mark is not closed, or stands inside a field: write a mark inside a quoted field twice"
    widths = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
    if widths:
        return f"the header has {widths[1]} columns, but the row {widths[2]}: quote fields that hold the delimiter, or mend the row"
    return "the row cannot be read: mend it"


def _listed(paths: Sequence[str]) -> str:
    """Write paths so that no sign in them is taken for a pattern."""
    return "[" + ", ".join(_quoted(glob.escape(path)) for path in paths) + "]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _named(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
