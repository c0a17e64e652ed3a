"""Rows of a plot with words at the left, an axis in the middle and columns of text at the right; every width is measured first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

WORDS, GAP, INDENT = 2.5, 0.2, 0.14  # inches: the widest that words grow before they break, between columns, a step to the right
NARROWEST, BELOW = 2.2, 0.56  # inches: the axis at its narrowest, and the ticks, title and directions under it
BREATH = 0.09  # inches between rows


@dataclass(frozen=True)
class Row:
    """One row: its words, a second smaller line, its cells of text, and a note that runs under it across the page.

    Words that `runs_over` run on over the axis, where nothing else is drawn beside them.
    """

    words: str
    second: str = ""
    cells: tuple[str, ...] = ()
    indent: int = 0
    bold: bool = False
    ink: str = style.INK
    note: str = ""
    runs_over: bool = False


@dataclass(frozen=True)
class Laid:
    """The drawing with its words written: `centres` are the rows' places on the vertical axis, `edges` where each row begins and ends."""

    drawing: Drawing
    ax: Axes
    centres: tuple[float, ...]
    edges: tuple[tuple[float, float], ...]


def lay_out(rows: Sequence[Row], headings: tuple[str, ...], *, title: str = "", synthetic: bool = False, below: float = BELOW) -> Laid:
    """Open a drawing for the rows and write their words; the vertical axis counts inches downwards."""
    blocks = [_Block.of(row) for row in rows]
    words = max([0.6, *(block.width for block in blocks)])
    columns = [_column_width(heading, [row.cells[place] for row in rows if row.cells]) for place, heading in enumerate(headings)]
    fixed = 2 * style.MARGIN + words + GAP + sum(columns) + GAP * len(columns)
    across = max(style.WIDTH, fixed + NARROWEST)
    top = style.MARGIN + style.heading_height(title, synthetic) + 0.26
    tall = sum(block.height(across) for block in blocks)
    drawing = style.page(top + tall + below + style.MARGIN, across)
    ax = style.axes_at(drawing, style.MARGIN + words + GAP, below + style.MARGIN, across - fixed, tall)
    _bare(ax, tall)
    style.draw_heading(drawing, title, synthetic)
    lefts = [across - style.MARGIN - sum(columns[place:]) - GAP * (len(columns) - 1 - place) for place in range(len(columns))]
    base = below + style.MARGIN + tall
    _write_headings(drawing, headings, list(zip(lefts, columns)), base + 0.12)
    edges, reached = [], 0.0
    for row, block in zip(rows, blocks):
        edges.append((reached, reached + block.own_height))
        _write_row(drawing, row, block, base - reached, list(zip(lefts, columns)))
        reached += block.height(across)
    return Laid(drawing, ax, tuple((start + end) / 2 for start, end in edges), tuple(edges))


def place_on_axis(
    laid: Laid, row: int, span: tuple[float, float, float], *, marker: str = "s", colour: str = style.INK, filled: bool = True, down: float = 0.0,
) -> None:
    """Draw an estimate with its interval on a row; where the interval leaves the axis an arrow says so."""
    low, estimate, high = span
    left, right = laid.ax.get_xlim()
    y = laid.centres[row] + down
    if low == low and high == high:
        laid.ax.plot([max(low, left), min(high, right)], [y, y], color=colour, linewidth=1.1, solid_capstyle="butt", zorder=2, gid=f"interval-{marker}-{row}")
        for beyond, end, arrow in ((low < left, left, "<"), (high > right, right, ">")):
            if beyond:
                laid.ax.plot([end], [y], marker=arrow, color=colour, markersize=4, clip_on=False, zorder=3)
    if left <= estimate <= right:
        laid.ax.plot(
            [estimate], [y], marker=marker, markersize=5, color=colour, markerfacecolor=colour if filled else "white", markeredgewidth=1.1,
            linestyle="none", clip_on=False, zorder=4, gid=f"estimate-{marker}-{row}")


def name_directions(laid: Laid, left: str, right: str) -> None:
    """Say under the axis what lies to the left and to the right."""
    edge = laid.ax.get_position()
    across = laid.drawing.get_size_inches()[0]
    for words, x, side in ((f"\u2190 {left}", edge.x0, "left"), (f"{right} \u2192", edge.x1, "right")):
        style.write(laid.drawing, x * across, style.MARGIN + 0.06, words, ha=side, fontsize=style.SMALL)


@dataclass(frozen=True)
class _Block:
    """The lines that a row takes."""

    lines: tuple[str, ...]
    second: tuple[str, ...]
    note: str
    width: float

    @classmethod
    def of(cls, row: Row) -> _Block:
        weight, shift = "bold" if row.bold else "normal", row.indent * INDENT
        lines = style.wrapped(row.words, 2 * WORDS if row.runs_over else WORDS - shift, weight=weight)
        second = style.wrapped(row.second, WORDS - shift, style.SMALL) if row.second else []
        widths = [style.text_width(line, weight=weight) for line in lines if not row.runs_over] + [style.text_width(line, style.SMALL) for line in second]
        return cls(tuple(lines), tuple(second), row.note, shift + max(widths, default=0.0))

    @property
    def own_height(self) -> float:
        return (len(self.lines) + len(self.second)) * style.PITCH + BREATH

    def note_lines(self, across: float) -> list[str]:
        return style.wrapped(self.note, across - 2 * style.MARGIN - 2 * INDENT, style.SMALL) if self.note else []

    def height(self, across: float) -> float:
        return self.own_height + len(self.note_lines(across)) * style.PITCH


def _column_width(heading: str, cells: list[str]) -> float:
    return max([style.text_width(heading, weight="bold"), *map(style.text_width, cells)])


def _bare(ax: Axes, tall: float) -> None:
    ax.set_ylim(tall, 0)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.patch.set_visible(False)


def _write_headings(drawing: Drawing, headings: tuple[str, ...], columns: list[tuple[float, float]], line: float) -> None:
    for heading, (left, width) in zip(headings, columns):
        style.write(drawing, left + width, line, heading, ha="right", weight="bold")
    across = drawing.get_size_inches()[0]
    style.draw_line(drawing, [style.MARGIN, across - style.MARGIN], [line - 0.1, line - 0.1], color=style.RULE, linewidth=0.6)


def _write_row(drawing: Drawing, row: Row, block: _Block, top: float, columns: list[tuple[float, float]]) -> None:
    left, line = style.MARGIN + row.indent * INDENT, top - BREATH / 2 - style.PITCH / 2
    for words in block.lines:
        style.write(drawing, left, line, words, weight="bold" if row.bold else "normal", color=row.ink)
        line -= style.PITCH
    for words in block.second:
        style.write(drawing, left, line, words, fontsize=style.SMALL, color=row.ink)
        line -= style.PITCH
    for cell, (start, width) in zip(row.cells, columns):
        style.write(drawing, start + width, top - block.own_height / 2, cell, ha="right", color=row.ink)
    for words in block.note_lines(drawing.get_size_inches()[0]):
        style.write(drawing, left + INDENT, line - BREATH / 2, words, fontsize=style.SMALL, color=row.ink)
        line -= style.PITCH
