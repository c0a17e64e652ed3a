"""Findings made ready for a page: every table and figure as text once, each with the name of its file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ..units import format_count
from .readout import Readout, readout

if TYPE_CHECKING:
    from ..study.findings import Figure, Findings, Section, Table

SENTENCE = 40  # characters
_LEDGER_HEADINGS = {"rule": "Step", "reason": "Reason", "n_before": "Before", "n_after": "After", "n_excluded": "Excluded"}
_LEDGER_CAPTION = "Steps from the file to the cohort."
# A column is set to the right where its cells are numbers, intervals, percentages or p-values, with no other words than these.
_WORDS_OF_NUMBERS = re.compile(r"\b(?:to|not reached|reference)\b|\u2020")
_NUMERIC = re.compile(r"[\d.,\s\u202f%()\u2212\u2013\u221e\u2264\u2265;/<>=+-]*")


@dataclass(frozen=True)
class TablePiece:
    """A table as the page shows it; the first column heads its rows."""

    anchor: str
    caption: str
    notes: tuple[str, ...]
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    csv: str

    @property
    def long(self) -> tuple[bool, ...]:
        """Which columns hold sentences rather than words, and so need room."""
        return tuple(any(len(cell) > SENTENCE for cell in column) for column in zip(*self.rows))

    @property
    def path(self) -> str:
        """Where its CSV file stands beside the page."""
        return f"tables/{self.anchor}.csv"


@dataclass(frozen=True)
class FigurePiece:
    """A figure drawn, with what may be read off its curves."""

    anchor: str
    caption: str
    alt_text: str
    svg: str
    png: bytes
    readout: Readout | None

    @property
    def svg_path(self) -> str:
        """Where its SVG file stands beside the page."""
        return f"figures/{self.anchor}.svg"

    @property
    def png_path(self) -> str:
        """Where its PNG file stands beside the page."""
        return f"figures/{self.anchor}.png"


@dataclass(frozen=True)
class SectionPiece:
    """A section with its tables and figures made ready."""

    anchor: str
    title: str
    text: tuple[str, ...]
    tables: tuple[TablePiece, ...]
    figures: tuple[FigurePiece, ...]


@dataclass(frozen=True)
class Chapter:
    """One findings made ready; `ledger` is None where one of the sections shows it."""

    anchor: str
    findings: Findings
    ledger: TablePiece | None
    sections: tuple[SectionPiece, ...]

    @property
    def tables(self) -> list[TablePiece]:
        """Every table, in order."""
        return [*([self.ledger] if self.ledger else []), *(table for section in self.sections for table in section.tables)]

    @property
    def figures(self) -> list[FigurePiece]:
        """Every figure, in order."""
        return [figure for section in self.sections for figure in section.figures]


def chapter_of(findings: Findings) -> Chapter:
    """Draw and write out all of one findings."""
    anchor = stem(findings.name)
    sections = tuple(_section(section, anchor, number) for number, section in enumerate(findings.sections, start=1))
    shown = any(findings.ledger.equals(table.data) for section in findings.sections for table in section.tables)
    return Chapter(anchor, findings, None if shown else _ledger(findings.ledger, anchor), sections)


def stem(name: str) -> str:
    """Reduce a name to what may stand in a file name, an address and an id on every system.

    >>> stem("Sedmak 1989: survival/overall")
    'sedmak-1989-survival-overall'
    """
    return re.sub(r"[^a-z0-9]+", "-", str(name).lower()).strip("-") or "unnamed"


def _section(section: Section, chapter: str, number: int) -> SectionPiece:
    tables = tuple(_table(table, chapter) for table in section.tables)
    figures = tuple(_figure(figure, chapter) for figure in section.figures)
    return SectionPiece(f"{chapter}-section-{number}", section.title, section.text, tables, figures)


def _figure(figure: Figure, chapter: str) -> FigurePiece:
    return FigurePiece(f"{chapter}-{stem(figure.name)}", figure.caption, figure.alt_text, figure.svg(), figure.png(), readout(figure))


def _table(table: Table, chapter: str) -> TablePiece:
    return _piece(table.display, f"{chapter}-{stem(table.name)}", caption=table.caption, notes=tuple(table.notes), csv=table.csv())


def _ledger(ledger: pd.DataFrame, chapter: str) -> TablePiece:
    """Make the ledger a table; its counts are the only numbers that become text in this room."""
    display = pd.DataFrame({
        heading: ledger[name].map(format_count if name.startswith("n_") else str) for name, heading in _LEDGER_HEADINGS.items()})
    return _piece(display, f"{chapter}-exclusions", caption=_LEDGER_CAPTION, notes=(), csv=ledger.to_csv(index=False, lineterminator="\n"))


def _piece(display: pd.DataFrame, anchor: str, *, caption: str, notes: tuple[str, ...], csv: str) -> TablePiece:
    rows = tuple(tuple("" if pd.isna(cell) else str(cell) for cell in row) for row in display.itertuples(index=False, name=None))
    numeric = (False, *(_is_numeric(column) for column in list(zip(*rows))[1:])) if rows else (False,) * display.shape[1]
    return TablePiece(anchor, caption, notes, tuple(_headings(display)), rows, numeric, csv)


def _headings(display: pd.DataFrame) -> Iterator[str]:
    for name in display.columns:
        words = " ".join(str(part) for part in name if str(part)) if isinstance(name, tuple) else str(name)
        yield words.replace("% CI", "%\u00a0CI")  # an interval's name stays on one line


def _is_numeric(cells: Sequence[str]) -> bool:
    told = [_WORDS_OF_NUMBERS.sub("", cell) for cell in cells]
    return all(map(_NUMERIC.fullmatch, told)) and any(character.isdigit() for cell in told for character in cell)
