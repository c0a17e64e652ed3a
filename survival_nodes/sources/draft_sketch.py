"""A mapping that is being drafted, and how it is written in TOML: what is certain plainly, a guess with its reason, a question as a comment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from .column_looks import Look
from .column_names import titles_named
from .delimited import FileFormat


@dataclass(frozen=True)
class Line:
    """A line `key = value` with its remark; one that is not active is written as a comment."""

    key: str
    value: object
    remark: str = ""
    active: bool = True

    def text(self) -> str:
        """Write the line."""
        return ("" if self.active else "# ") + f"{self.key} = {toml_value(self.value)}" + (f"  # {one_line(self.remark)}" if self.remark else "")


@dataclass(frozen=True)
class Table:
    """A table with its lines; in one that is not active every line is a comment."""

    name: str
    lines: tuple[Line, ...]
    remark: str = ""
    active: bool = True

    def text(self) -> str:
        """Write the table."""
        lines = [self.name + (f"  # {one_line(self.remark)}" if self.remark else ""), *(line.text() for line in self.lines)]
        return "\n".join(lines if self.active else [line if line.startswith("# ") else f"# {line}" for line in lines])


@dataclass
class Sketch:
    """What is known so far of the columns of a file: lines for our columns, tables, and the questions that only the user can answer."""

    frame: pd.DataFrame
    file: FileFormat
    columns: list[Line] = field(default_factory=list)
    units: list[Line] = field(default_factory=list)
    codes: list[Table] = field(default_factory=list)
    nodal: list[Table] = field(default_factory=list)
    cohort: list[Line] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    _looks: dict[str, Look] = field(default_factory=dict)

    def look(self, title: str) -> Look:
        """Look at a column, once."""
        if title not in self._looks:
            self._looks[title] = Look.at(self.frame[title], self.file.missing, self.file.decimal)
        return self._looks[title]

    def named(self, group: str, entry: str) -> Iterator[tuple[Look, str]]:
        """Give the columns that a list of names knows and that are still free, with the unit that each name says."""
        for title, unit in titles_named(self.frame.columns, group, entry):
            if title not in self.taken:
                yield self.look(title), unit

    def column(self, ours: str, title: str, remark: str = "", *, active: bool = True) -> None:
        """Write a line for one of our columns."""
        self.columns.append(Line(ours, title, remark, active))
        self.taken.add(title)

    def ask(self, question: str) -> None:
        """Add a question for the user."""
        self.questions.append(question)

    def title_of(self, ours: str, *, active: bool = True) -> str | None:
        """Give the file's name of one of our columns, where it was found."""
        return next((str(line.value) for line in self.columns if line.key == ours and (line.active or not active)), None)


def toml_value(value: object) -> str:
    """Write a value in TOML; text with every sign that TOML does not take as it is written by its number.

    >>> toml_value('a "b"\\n'), toml_value(("", "NA")), toml_value(1), toml_value(True)
    ('"a \\\\"b\\\\"\\\\n"', '["", "NA"]', '1', 'true')
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return json.dumps(value)


def one_line(remark: str) -> str:
    """Write a remark on one line, without signs that a comment may not hold.

    >>> one_line("two\\nlines")
    'two lines'
    """
    return "".join(sign if sign.isprintable() else " " for sign in " ".join(remark.split()))


def shown_title(title: str) -> str:
    """Write the name of a column in a remark or a question.

    >>> shown_title("os months")
    "'os months'"
    """
    name = one_line(title)
    return f"'{name[:60]}...'" if len(name) > 60 else f"'{name}'"


def written(sketch: Sketch, file: Sequence[Line], heading: Sequence[str]) -> str:
    """Write the whole mapping."""
    parts = ["\n".join(f"# {one_line(line)}".rstrip() for line in heading)]
    tables: Mapping[str, Sequence[Line]] = {"file": file, "columns": sorted(sketch.columns, key=lambda line: line.key != "patient_id"), "units": sketch.units}
    parts += [Table(f"[{name}]", tuple(lines)).text() for name, lines in tables.items() if lines]
    parts += [table.text() for table in (*sketch.codes, *sketch.nodal)]
    parts += [Table("[cohort]", tuple(sketch.cohort)).text()] if sketch.cohort else []
    kept = [title for title in sketch.frame.columns if title not in sketch.taken]
    if kept:
        parts.append(f"# Kept under their own names: {', '.join(map(shown_title, kept[:40]))}" + (f" and {len(kept) - 40} more" if len(kept) > 40 else ""))
    return "\n\n".join(parts) + "\n"
