"""The sources: one module a source, one entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..cohort import Cohort
from ..errors import UsageError, unknown_name
from .examples import EXAMPLES
from .own_file import read_own_file


@dataclass(frozen=True)
class Source:
    """A kind of file that can be read: its name, what it is, what the file looks like, and its reader (path and options to Cohort)."""

    name: str
    title: str
    reads: str
    read: Callable[..., Cohort]


SOURCES = (
    Source(
        "own-file", "a file of your own, by a mapping of its columns, units and codes",
        "CSV, TSV or other delimited text, also gzipped (.csv .tsv .tab .txt, .gz)", read_own_file),
)


def source_names() -> tuple[str, ...]:
    """Name the sources.

    >>> source_names()
    ('own-file',)
    """
    return tuple(source.name for source in SOURCES)


def sources() -> pd.DataFrame:
    """List the sources: `name`, `title`, `reads`."""
    return pd.DataFrame([(source.name, source.title, source.reads) for source in SOURCES], columns=["name", "title", "reads"])


def examples() -> pd.DataFrame:
    """List the example cohorts: `name`, `title`."""
    return pd.DataFrame([(each.name, each.title) for each in EXAMPLES], columns=["name", "title"])


def read_cohort(path: str | Path, source: str = "own-file", **options: object) -> Cohort:
    """Read a file into a cohort.

    Parameters
    ----------
    path
        The file; it is never changed.
    source
        What kind of file it is; `sources()` lists them.
    **options
        The source's own; of `own-file`: `mapping` (a `Mapping` or the path of one in TOML), `columns`, `time_unit`, `codes`,
        `levels`, `delimiter`, `encoding`, `decimal`, `missing`.

    Raises
    ------
    UsageError
        If there is no such file or source, or an option or the mapping is not known.
    InputError
        If the file does not hold what it should; rows are numbered from the first after the header, values are not shown.
    """
    by_name = {each.name: each for each in SOURCES}
    if source not in by_name:
        raise UsageError(unknown_name("source", source, by_name))
    return by_name[source].read(path, **options)
