"""A file of patients with its nodal categories beside it: every column stays as it is, and those of the classification come after."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..data_files import write_file
from ..errors import InputError, UsageError, unknown_name
from ..nodes import Evidence, NodalSummary, Policy, classify_frame, summarise
from .delimited import FileFormat, read_text_table, usual_delimiter
from .text_content import SUFFIXES


@dataclass(frozen=True, eq=False)
class ClassifiedFile:
    """A file that was read, every value as text, and what the classification found: a row for each of its rows."""

    name: str
    rows: pd.DataFrame
    classified: pd.DataFrame
    summary: NodalSummary
    file: FileFormat

    def write(self, path: str | Path) -> Path:
        """Write the file's own columns and those of the classification: UTF-8, a comma in `.csv` and a tab in the others unless another was asked for.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        path = Path(path)
        beside = pd.concat([self.rows.reset_index(drop=True), self.classified.reset_index(drop=True)], axis=1)
        text = beside.to_csv(sep=self.file.delimiter or usual_delimiter(path), index=False, lineterminator="\n")
        return write_file(path, gzip.compress(text.encode("utf-8"), mtime=0) if path.name.lower().endswith(".gz") else text)


def classify_file(path: str | Path, evidence: Evidence | str, policy: str | Policy = "default", file: FileFormat = FileFormat()) -> ClassifiedFile:
    """Read a CSV or TSV file, plain or gzipped, and classify the nodes of each of its rows.

    Parameters
    ----------
    path
        The file; it is never changed.
    evidence
        Where the file holds evidence. Of a column alone nothing is guessed: the error names the coding systems that could read it.
    policy, file
        How what is left open is settled; how the text is written.

    Raises
    ------
    UsageError
        If there is no such file or policy, or the coding system is not declared, or is one that the column cannot be of.
    InputError
        If it is no such file, a column is not there, or a column of the result is there already.
    """
    with _words_of_the_command(Path(path).name):
        table = read_text_table(path, file)
    column = evidence if isinstance(evidence, str) else evidence.column
    if column not in table.frame.columns:
        raise InputError(f"{table.name!r}: {unknown_name('column', column, table.frame.columns)}")
    with _words_of_the_command(table.name):
        classified = classify_frame(table.frame, [evidence], policy)
    there = [name for name in classified.columns if name in table.frame.columns]
    if there:
        raise InputError(f"{table.name!r} has a column {there[0]!r} already: it was classified before, or the column needs another name")
    return ClassifiedFile(table.name, table.frame, classified, summarise(classified, policy, table.frame[column]), file)


def check_output(path: str | Path, out: str | Path) -> None:
    """Refuse an output that would take the place of the file that is read, or that is no file of text (UsageError)."""
    path, out = Path(path), Path(out)
    if out.exists() and path.exists() and os.path.samefile(path, out):
        raise UsageError(f"{out.name!r} is the file that is read, and that is never changed: name another with --out")
    if Path(out.name.lower().removesuffix(".gz")).suffix not in SUFFIXES:
        raise UsageError(f"{out.name!r}: {', '.join(SUFFIXES)} files are written here (also with .gz): name one of these with --out")


@contextmanager
def _words_of_the_command(name: str) -> Iterator[None]:
    """Say in an error which file it is about, and name options of the command where keys of a mapping or Python are named."""
    try:
        yield
    except (InputError, UsageError) as problem:
        told = re.sub(r'say (delimiter|encoding) = ("[^"]*") under \[file\]', r"add --\1 \2", str(problem))
        told = re.sub(r"as Evidence\(SYSTEM, .*?\)\.", "with --system.", told)
        raise type(problem)(told if f"{name!r}" in told else f"{name!r}: {told}") from problem
