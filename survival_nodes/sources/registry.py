"""The sources: one module a source, one entry here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..cohort import Cohort, Rule
from ..errors import UsageError, unknown_name
from .examples import EXAMPLES
from .own_file import read_own_file
from .reading import Reading, Selection, cohort_of_reading
from .text_content import Watch


@dataclass(frozen=True)
class Source:
    """A kind of file that can be read: its name, what it is, what the file looks like, and its reader (path and options to a Reading)."""

    name: str
    title: str
    reads: str
    read: Callable[..., Reading]


SOURCES = (
    Source(
        "own-file", "a file of your own, by a mapping of its columns, units and codes",
        "CSV, TSV or other delimited text, also gzipped; Excel, Parquet, Stata, SPSS, SAS (extra `io`)", read_own_file),
)


def source_names() -> tuple[str, ...]:
    """Name the sources.

    >>> source_names()[0]
    'own-file'
    """
    return tuple(source.name for source in SOURCES)


def sources() -> pd.DataFrame:
    """List the sources: `name`, `title`, `reads`."""
    return pd.DataFrame([(source.name, source.title, source.reads) for source in SOURCES], columns=["name", "title", "reads"])


def examples() -> pd.DataFrame:
    """List the example cohorts: `name`, `title`."""
    return pd.DataFrame([(each.name, each.title) for each in EXAMPLES], columns=["name", "title"])


def read_rows(path: str | Path, source: str = "own-file", *, watch: Watch | None = None, **options: object) -> Reading:
    """Read a file into rows in our words, before anybody is left out; for checks of its quality.

    Parameters, errors: as `read_cohort`.
    """
    by_name = {each.name: each for each in SOURCES}
    if source not in by_name:
        raise UsageError(unknown_name("source", source, by_name))
    return by_name[source].read(path, watch=watch, **options)


def read_cohort(
    path: str | Path, source: str = "own-file", *, rules: str | Rule | Sequence[str | Rule] = (), without: str | Sequence[str] = (),
    zero_follow_up: str | None = None, watch: Watch | None = None, **options: object,
) -> Cohort:
    """Read a file into a cohort.

    Parameters
    ----------
    path
        The file; it is never changed.
    source
        What kind of file it is; `sources()` lists them.
    rules, without, zero_follow_up
        Cohort rules applied after reading, as `Cohort.select` takes them; none where nothing is said.
    watch
        Called from time to time with the fraction that has been read.
    **options
        The source's own. Of `own-file`: `mapping` (a `Mapping` or the path of one in TOML), `columns`, `time_unit`, `codes`,
        `levels`, `delimiter`, `encoding`, `decimal`, `missing`, `sheet`, `labels`. Of the others: `columns` (our name -> the file's),
        `codes` (our name -> code -> our word), `keep` (further columns, as text), `policy` (of the nodal classification), and what
        their modules name.

    Raises
    ------
    UsageError
        If there is no such file or source, or an option or the mapping is not known.
    InputError
        If the file does not hold what it should; rows are numbered from the first after the header, values are not shown.
    """
    cohort = cohort_of_reading(read_rows(path, source, watch=watch, **options))
    return Selection(rules, without, zero_follow_up).of(cohort)
