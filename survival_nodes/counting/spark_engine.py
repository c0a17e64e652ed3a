"""Spark (extra `spark`): tables counted by the session that is there, or by a local one of our own."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError, UsageError
from .relations import Column, EngineOptions, ScannedFile

_QUIET = """rootLogger.level = off
rootLogger.appenderRef.stdout.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
"""


class SparkEngine:
    """The active session, or one on all processors of this machine that ends with the program."""

    name = "spark"

    def __init__(self, options: EngineOptions) -> None:
        self._options = options

    @staticmethod
    def owns(table: object) -> bool:
        """Tell whether a table is a data frame of Spark, classic or by Spark Connect."""
        from pyspark.sql import DataFrame

        return isinstance(table, DataFrame) or type(table).__module__.startswith("pyspark.sql")

    @cached_property
    def _session(self) -> Any:
        from pyspark import SparkContext
        from pyspark.sql import SparkSession

        # A session made in another thread is not the active one of this thread, but must not be taken for ours.
        there = SparkSession.getActiveSession() or SparkContext._active_spark_context and SparkSession.builder.getOrCreate()
        return there or _started(self._options)

    def parquet_signatures(self, paths: Sequence[str]) -> list[tuple[object, int]]:
        """Read the footers one by one; Spark would start a job for each."""
        footers = list(map(_footer, paths))
        return [(str(footer.schema.to_arrow_schema().remove_metadata()), footer.num_rows) for footer in footers]

    def read_parquet(self, paths: Sequence[str]) -> Any:
        """Give a data frame of files of one signature."""
        return self._session.read.parquet(*map(_literal, paths))

    def read_text(self, paths: Sequence[str], titles: Sequence[str], delimiter: str, encoding: str) -> Any:
        """Give a data frame of text; rows that do not fit their header are an error, as is a quotation mark that is open at the end of its line.

        Spark itself would take all that follows such a mark for one field, so the lines are looked at first.
        """
        from pyspark.sql import functions
        from pyspark.sql.types import StringType, StructField, StructType

        places = list(map(_literal, paths))
        line = functions.col("value")
        open_mark = line.contains('"') & (functions.length(functions.regexp_replace(line, '[^"]', "")) % 2 == 1)
        if self._session.read.text(places).filter(open_mark).limit(1).count():
            names = ", ".join(repr(Path(path).name) for path in paths[:3]) + (" and others" if len(paths) > 3 else "")
            raise InputError(f"{names}: in a line a quotation mark is not closed; Spark counts text line by line: write a mark inside a quoted field twice, "
                             'leave line breaks out of fields, or use engine="duckdb"')
        columns = StructType([StructField(title, StringType()) for title in titles])
        return self._session.read.csv(
            places, schema=columns, sep=delimiter, header=True, quote='"', escape='"', nullValue="", mode="FAILFAST", enforceSchema=True,
            encoding={"latin-1": "ISO-8859-1"}.get(encoding, encoding))

    def renamed(self, table: Any, names: Sequence[str]) -> Any:
        """Give the data frame with other names."""
        return table.toDF(*names)

    def look_up(self, table: Any, columns: Mapping[str, Sequence[str] | np.ndarray]) -> Any:
        """Give a small data frame in the session of another."""
        return table.sparkSession.createDataFrame(pd.DataFrame(dict(columns)))

    def fetch(self, table: Any) -> dict[str, Column]:
        """Run a data frame; its rows come in columns."""
        arrow = table.toArrow()
        return {name: _column(arrow.column(name).combine_chunks()) for name in arrow.column_names}

    def explain(self, problem: Exception, files: Sequence[ScannedFile]) -> UsageError | InputError | None:
        """Word an exception of Spark, whose own text is pages long and may hold values of patients."""
        kind = type(problem)
        if not kind.__module__.startswith(("pyspark", "py4j", "pyarrow")):
            return None
        text = str(problem)
        if "OutOfMemoryError" in text or "Total size of serialized results" in text:
            return UsageError('the memory of the spark engine does not suffice, and nothing was counted: give it more, as memory="4GB" (or in the '
                              "settings of your own session), or ask for fewer columns")
        reason = re.search(r"\[([A-Z0-9_.]+)\]", text)
        said = f"the Spark job failed ({reason[1] if reason else kind.__name__}), and nothing was counted"
        if "MALFORMED" in text:
            return InputError(f"{_named(files, text)}: a row has more or fewer fields than the header, or a quotation mark is not closed: "
                              f"mend the rows; {said}")
        if files and re.search(r"CANNOT_READ|FAILED_READ|not a Parquet|ParquetDecodingException|corrupt|EOFException|ArrowInvalid", text + kind.__name__):
            return InputError(f"{_named(files, text)} cannot be read to its end: it is damaged, or was changed meanwhile; fetch or write it again; {said}")
        return InputError(f"{said}: see what Spark says itself above this message, or look at its logs")


def _named(files: Sequence[ScannedFile], text: str) -> str:
    if not files:
        return "the table"
    named = next((each for each in files if each.name in text), files[0])
    return repr(named.name) + (f" (or another of {len(files)} files)" if len(files) > 1 and named.name not in text else "")


def _footer(path: str) -> Any:
    from pyarrow import ArrowException
    from pyarrow.parquet import read_metadata

    try:
        return read_metadata(path)
    except (ArrowException, OSError) as problem:
        raise InputError(f"{Path(path).name!r} has a footer that cannot be read: it is damaged; fetch or write it again") from problem


def _literal(path: str) -> str:
    """Write a path so that Spark takes no sign in it for a pattern, and looks on this machine whatever the session's usual place is."""
    return "file://" + re.sub(r"([][{}*?\\^])", r"\\\1", os.path.abspath(path))


def _column(values: Any) -> Column:
    import pyarrow as arrow

    missing = values.is_null().to_numpy(zero_copy_only=False)
    if arrow.types.is_timestamp(values.type):
        values = values.cast(arrow.timestamp("us"), safe=False)
    elif arrow.types.is_date(values.type):
        values = values.cast(arrow.timestamp("us"))
    elif arrow.types.is_integer(values.type) or arrow.types.is_boolean(values.type):
        values = values.fill_null(arrow.scalar(0, arrow.int64()).cast(values.type))
    return values.to_numpy(zero_copy_only=False), missing


def check_java() -> None:
    """Raise UsageError where there is no Java to run Spark on."""
    home = os.environ.get("JAVA_HOME")
    found = home and shutil.which(str(Path(home) / "bin" / "java")) or not home and shutil.which("java")
    if not found:
        where = "under JAVA_HOME" if home else "on this machine"
        raise UsageError(f"the spark engine needs Java 17 or later, and there is none {where}: install it (Debian: apt-get install "
                         'openjdk-17-jre-headless), or set JAVA_HOME to where it is; engine="duckdb" needs no Java')


def _started(options: EngineOptions) -> Any:
    """Start a local session without noise, to be stopped when the program ends."""
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    check_java()
    folder = tempfile.mkdtemp(prefix="survival-nodes-spark-", dir=options.folder)
    quiet = Path(folder) / "log4j2.properties"
    quiet.write_text(_QUIET, encoding="utf-8")
    setting = {
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.sql.session.timeZone": "UTC", "spark.log.level": "OFF",
        "spark.sql.execution.arrow.pyspark.enabled": "true", "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
        "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.local.dir": folder, "spark.sql.warehouse.dir": folder,
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={quiet.as_uri()} -Dderby.system.home={folder}",
        "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1))}
    if options.memory is not None:
        setting["spark.driver.memory"] = re.sub(r"(?i)\s*([kmgt])i?b?$", r"\1", options.memory)
    builder = SparkSession.builder.master("local[*]").appName("survival_nodes")
    for name, value in setting.items():
        builder = builder.config(name, value)
    try:
        with _without_notes_of_java():
            session = builder.getOrCreate()
    except (PySparkException, RuntimeError, OSError) as problem:
        shutil.rmtree(folder, ignore_errors=True)
        memory = "" if options.memory is None else f", or memory = {options.memory!r} is not a size as \"2GB\""
        raise UsageError(f"Spark could not be started ({type(problem).__name__}): it needs Java 17 or later (see java -version){memory}") from problem
    atexit.register(_stop, session, folder)
    return session


def _stop(session: Any, folder: str) -> None:
    session.stop()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _without_notes_of_java() -> Iterator[None]:
    """Keep what the machine of Java says on its way up from the user's screen; it writes to the descriptor, past Python."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
