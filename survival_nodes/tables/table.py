"""A table: raw numbers to compute with, the same as text to read, a caption and notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..columns import COHORT, SCHEMAS
from ..data_files import write_file
from ..errors import UsageError
from ..units import MISSING, format_count, format_interval, format_number, is_missing

DAGGER = "\u2020"


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers and their printed form; `dataclasses.replace` gives it another name or caption.

    Attributes
    ----------
    name : str
        Fit for a file name.
    data : pandas.DataFrame
        The raw numbers, at full precision.
    display : pandas.DataFrame
        The same as text under printed headings; the first column names the rows.
    caption : str
        What the table shows.
    notes : tuple of str
        Sentences that stand under it.
    """

    name: str
    data: pd.DataFrame
    display: pd.DataFrame
    caption: str
    notes: tuple[str, ...] = ()

    def csv(self) -> str:
        """Give the raw numbers as CSV: every float reads back as the same float."""
        return self.data.to_csv(index=False, lineterminator="\n")

    def save(self, path: str | Path) -> Path:
        """Write the raw numbers as a CSV file.

        Raises
        ------
        UsageError
            If the suffix is not .csv.
        OutputError
            If the file cannot be written; an older one stays as it was.
        """
        suffix = Path(path).suffix.lower()
        if suffix != ".csv":
            raise UsageError(f"a table cannot be saved {f'as {suffix}' if suffix else 'without a suffix'}; name a file that ends in .csv")
        return write_file(path, self.csv())

    def text(self) -> str:
        """Give the printed form in columns of plain text, for a terminal.

        >>> print(Table("t", pd.DataFrame(), pd.DataFrame({"Group": ["a", "bcd"], "N": ["1", "20"]}), "Counts.", ("A note.",)).text())
        Counts.
        <BLANKLINE>
        Group  N
        -----  --
        a      1
        bcd    20
        <BLANKLINE>
        A note.
        """
        columns = [[str(name), *("" if is_missing(cell) else str(cell) for cell in self.display[name])] for name in self.display]
        widths = [max(map(len, column)) for column in columns]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in zip(*columns)]
        ruled = lines[:1] + ["  ".join("-" * width for width in widths)] + lines[1:] if lines else []
        return "\n".join([self.caption, "", *ruled] + (["", *self.notes] if self.notes else []))


def heading(name: str) -> str:
    """Give the printed heading of a column, from the dictionary.

    >>> heading("n_risk"), heading("hospital_type")
    ('At risk', 'Hospital type')
    """
    results = [schema for schema in SCHEMAS if schema is not COHORT]  # whose `years` are times, not follow-up
    found = (schema[name].heading for schema in (*results, COHORT) if name in schema.names)
    return next(filter(None, found), name.replace("_", " ").strip().capitalize() or name)


def records(frame: pd.DataFrame) -> list[dict]:
    """Give the rows of a frame, with None for whatever is missing."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def counts(values: pd.Series) -> list[str]:
    """Write counts, some of which may be missing.

    >>> counts(pd.Series([20000, None], dtype="Int64"))
    ['20\u202f000', '\u2013']
    """
    return [format_count(value) for value in values.astype("float64")]


def display_of(columns: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Make the printed frame of columns of text."""
    return pd.DataFrame({name: pd.Series(list(cells), dtype=object) for name, cells in columns.items()})


def with_interval(estimate: float, low: float, high: float, write: Callable[[float], str]) -> str:
    """Write an estimate with its interval, where there is one.

    >>> with_interval(0.5, 0.25, 0.75, lambda value: format_number(value, 2))
    '0.50 (0.25 to 0.75)'
    """
    if is_missing(estimate):
        return MISSING
    return write(estimate) if is_missing(low) and is_missing(high) else f"{write(estimate)} ({format_interval(low, high, write)})"


def interval_heading(levels: pd.Series) -> str:
    """Name the interval by its coverage, where the frame states one: `95% CI`, else `interval`.

    >>> interval_heading(pd.Series([0.95, 0.95])), interval_heading(pd.Series([], dtype=float))
    ('95% CI', 'interval')
    """
    found = levels.dropna().unique()
    return f"{100 * found[0]:g}% CI" if len(found) == 1 else "interval"


def columns_that_vary(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Choose the columns worth printing: those that hold more than one value."""
    return [name for name in names if frame[name].nunique(dropna=False) > 1]


def words(value: object) -> str:
    """Write a value of no particular kind: text as it is, counts and numbers by their type, nothing for what is missing.

    >>> words("a"), words(20000), words(0.5), words(True), words(None)
    ('a', '20\u202f000', '0.50', 'yes', '')
    """
    if isinstance(value, str):
        return value
    if is_missing(value):
        return ""
    if isinstance(value, bool) or type(value).__name__ in {"bool", "bool_"}:
        return "yes" if value else "no"
    if isinstance(value, int) or "int" in type(value).__name__:
        return format_count(value)
    return format_number(value) if isinstance(value, float) else str(value)
