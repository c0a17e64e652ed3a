"""The drawing of curves over time: key above, one panel or several, each number of the table under its tick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..units import format_count, format_percent
from . import curve_steps, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

PLOT_HEIGHT, RIGHT = 3.0, 0.3  # inches
TICK_NUMBERS, AXIS_TITLE = 0.3, 0.22  # inches below the axes
PANEL_TITLE = 0.26  # inches above a panel that has a title
KEY = 0.28  # inches of line shown beside a name
OVER = 1.02  # the axis ends a little after the last follow-up
NAMES_END, LONGEST_NAME = 0.76, 1.5  # inches from the left edge to the end of the row names; the widest that one may be
SURVIVAL_ROWS = (("At risk", "n_risk"), ("Censored", "n_censor"), ("Events", "n_event"))


@dataclass(frozen=True)
class Curve:
    """One line: its name in print, whose look it bears, its number among all lines of the picture, its corners.

    A line beside others may have a look of its own, and no steps.
    """

    label: str
    place: int
    number: int
    corners: pd.DataFrame
    own_look: Entry | None = None
    smooth: bool = False


@dataclass(frozen=True)
class Block:
    """The numbers of one group at the ticks: its name, the place of its look (None: it has none), its number among all, and lines of (name, column).

    The name is not written where it is not `named`: the panel bears it already.
    """

    label: str
    place: int | None
    number: int
    table: pd.DataFrame
    lines: tuple[tuple[str, str], ...] = SURVIVAL_ROWS
    named: bool = True

    @property
    def height(self) -> float:
        """Inches that it takes; one without a name begins with its numbers."""
        return (len(self.lines) + self.named) * style.PITCH + 0.06


@dataclass(frozen=True)
class Panel:
    """One pair of axes: its lines, thin lines beside them, areas instead of lines where `filled`, and the blocks of numbers under it."""

    curves: tuple[Curve, ...]
    blocks: tuple[Block, ...] = ()
    title: str = ""
    beside: tuple[Curve, ...] = ()
    filled: bool = False


@dataclass(frozen=True)
class Entry:
    """One entry of the key: a name, and the look of a line, or of an area where `fill` is its colour."""

    name: str
    colour: str
    dashes: str | tuple = "solid"
    width: float = 1.6
    fill: str = ""


@dataclass(frozen=True)
class Sheet:
    """All that the drawing needs; times in years, `per_year` of the axis's unit to the year."""

    panels: tuple[Panel, ...]
    ticks: np.ndarray
    last: float
    per_year: float
    key: tuple[Entry, ...] = ()
    x_title: str = ""
    y_title: str = ""
    title: str = ""
    synthetic: bool = False
    y_range: tuple[float, float] = (0.0, 1.0)
    bands: bool = True
    marks: bool = True
    plot_height: float = PLOT_HEIGHT

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of all panels."""
        return tuple(block for panel in self.panels for block in panel.blocks)

    @property
    def widest(self) -> float:
        """Inches of the widest number in the table."""
        return max(style.text_width(format_count(value)) for block in self.blocks for _, column in block.lines for value in block.table[column])

    @property
    def columns(self) -> list[int]:
        """Places of the ticks with numbers under them: all of them, or as many from the left as do not touch."""
        inches = (style.WIDTH - self.left - RIGHT) / (self.last * OVER)
        needed = max(self.widest, *(style.text_width(f"{tick * self.per_year:.4g}") for tick in self.ticks)) + 0.05
        shown: list[int] = []
        for place, tick in enumerate(self.ticks):
            if not shown or (tick - self.ticks[shown[-1]]) * inches >= needed:
                shown.append(place)
        return shown

    @property
    def left(self) -> float:
        """Inches to the left of the axes: room for the row names and half of a number under the first tick."""
        names = max(min(style.text_width(name), LONGEST_NAME) for block in self.blocks for name, _ in block.lines)
        return max(NAMES_END, style.MARGIN + 0.1 + names) + self.widest / 2 + 0.08

    def below_axis(self, panel: Panel) -> float:
        """Inches under a panel for the numbers of its ticks and, where its table follows or it is the last, the title of the axis."""
        return TICK_NUMBERS + (AXIS_TITLE if self.has_title(panel) else 0.0)

    def has_title(self, panel: Panel) -> bool:
        """Tell whether the axis of time is named under a panel."""
        return bool(panel.blocks) or panel is self.panels[-1]

    def height(self, panel: Panel) -> float:
        """Inches that a panel takes with its title and its table."""
        return (PANEL_TITLE if panel.title else 0.0) + self.plot_height + self.below_axis(panel) + sum(block.height for block in panel.blocks)


def draw_curves(sheet: Sheet) -> Drawing:
    """Draw the whole sheet."""
    key_rows = _key_rows(sheet.key, sheet.left)
    above = style.heading_height(sheet.title, sheet.synthetic) + len(key_rows) * style.PITCH * 1.15 + 0.2
    top = style.MARGIN + sum(map(sheet.height, sheet.panels))
    drawing = style.page(above + top)
    style.draw_heading(drawing, sheet.title, sheet.synthetic)
    _draw_key(drawing, key_rows, top + 0.1)
    for panel in sheet.panels:
        _draw_panel(drawing, panel, sheet, top)
        top -= sheet.height(panel)
    return drawing


def _draw_panel(drawing: Drawing, panel: Panel, sheet: Sheet, top: float) -> None:
    """Draw one panel, its title above and its numbers below, from `top` inches downwards."""
    if panel.title:
        words = style.shortened(panel.title, style.WIDTH - sheet.left - RIGHT, weight="bold")
        style.write(drawing, sheet.left, top - PANEL_TITLE / 2 - 0.02, words, weight="bold")
        top -= PANEL_TITLE
    bottom = top - sheet.plot_height
    ax = style.axes_at(drawing, sheet.left, bottom, style.WIDTH - sheet.left - RIGHT, sheet.plot_height)
    _dress(ax, sheet, sheet.has_title(panel))
    if panel.filled:
        _fill(ax, panel, sheet)
    for order, curve in enumerate(panel.beside):
        _draw_beside(ax, curve, sheet, order)
    for curve in panel.curves if not panel.filled else ():
        _draw_curve(ax, curve, sheet)
    line = bottom - sheet.below_axis(panel)
    for block in panel.blocks:
        _draw_numbers(drawing, ax, block, sheet, line)
        line -= block.height


def _dress(ax: Axes, sheet: Sheet, titled: bool) -> None:
    """Set the limits, ticks and titles of the axes."""
    span = sheet.last * sheet.per_year
    ticks = sheet.ticks * sheet.per_year
    ax.set_xlim(0, span * OVER)
    shown = set(sheet.columns)
    ax.set_xticks(ticks, [f"{tick:.4g}" if place in shown else "" for place, tick in enumerate(ticks)])
    low, high = sheet.y_range
    ax.set_ylim(low, high + 0.012 * (high - low))
    levels = _levels(low, high)
    ax.set_yticks(levels, [format_percent(level, 0, sign=False) for level in levels])
    if high > 1:
        ax.axhline(1.0, color=style.RULE, linewidth=0.6, zorder=0)
    from_where = f"\naxis starts at {format_percent(low, 0)}" if low > 0 else ""
    if titled:
        ax.set_xlabel(style.plain(sheet.x_title))
    ax.set_ylabel(style.plain(style.shortened(f"{sheet.y_title} (%)", sheet.plot_height)) + from_where)


def _levels(low: float, high: float) -> list[float]:
    """Give the ticks of the vertical axis, in whole points."""
    span = round(high - low, 6)
    step = 0.2 if span > 0.6 else 0.1 if span > 0.25 else 0.05 if span > 0.1 else 0.02 if span > 0.05 else 0.01
    return list(np.round(np.arange(np.floor(high / step + 1e-9) * step, low - 1e-9, -step), 2))


def _draw_curve(ax: Axes, curve: Curve, sheet: Sheet) -> None:
    """Draw one line with its band, steps and censor marks, lighter where few are at risk."""
    colour, dashes = style.look(curve.place)
    if sheet.bands:
        years, low, high = curve_steps.band(curve.corners)
        ax.fill_between(years * sheet.per_year, low, high, color=colour, alpha=0.13, linewidth=0, zorder=1, gid=f"band-{curve.number}")
    for piece, (few, corners) in enumerate(curve_steps.by_number_at_risk(curve.corners)):
        shade, width = (style.lighter(colour), 1.2) if few else (colour, 1.6)
        ax.plot(
            corners["years"] * sheet.per_year, corners["estimate"], drawstyle="steps-post", color=shade, linestyle=dashes, linewidth=width,
            zorder=3, clip_on=False, gid=f"curve-{curve.number}-{piece}")
    if sheet.marks:
        marks = curve_steps.censor_marks(curve.corners)
        ax.plot(
            marks["years"] * sheet.per_year, marks["estimate"], linestyle="none", marker="|", markersize=5, markeredgewidth=0.8, color=colour,
            zorder=4, clip_on=False, gid=f"censored-{curve.number}")


def _draw_beside(ax: Axes, curve: Curve, sheet: Sheet, order: int) -> None:
    """Draw a line beside the curves: thin, dotted and grey, as a mistake is shown, where it has no look of its own."""
    look, own = curve.own_look or Entry(curve.label, style.GREY, style.DOTTED, 0.9), curve.own_look is not None
    pieces = curve_steps.by_number_at_risk(curve.corners) if own and "n_after" in curve.corners else [(False, curve.corners)]
    for piece, (few, corners) in enumerate(pieces):
        ax.plot(
            corners["years"] * sheet.per_year, corners["estimate"], drawstyle="default" if curve.smooth else "steps-post",
            color=style.lighter(look.colour) if few else look.colour, linestyle=look.dashes, linewidth=look.width, zorder=2, clip_on=False,
            gid=f"beside-{curve.number}" + (f"-{1000 * order + piece}" if own else ""))


def _fill(ax: Axes, panel: Panel, sheet: Sheet) -> None:
    """Stack the lines of a panel as areas, the part that is left on top; lighter where few are at risk."""
    stacked = curve_steps.stacked([curve.corners for curve in panel.curves])
    for piece, (few, corners) in enumerate(curve_steps.by_number_at_risk(stacked)):
        years = np.repeat(corners["years"].to_numpy() * sheet.per_year, 2)[1:]
        low = np.zeros(len(years))
        for curve, column in zip(panel.curves, range(len(panel.curves))):
            (colour, dashes), high = style.look(curve.place), np.repeat(corners[column].to_numpy(), 2)[:-1]
            ax.fill_between(years, low, high, color=style.area(colour, few), linewidth=0, zorder=1, gid=f"area-{curve.number}-{piece}")
            ax.plot(
                years, high, color=style.lighter(colour) if few else colour, linestyle=dashes, linewidth=1.2, zorder=3, clip_on=False,
                gid=f"top-{curve.number}-{piece}")
            low = high
        ax.fill_between(years, low, np.ones(len(years)), color=style.FREE, linewidth=0, zorder=1, gid=f"free-{panel.curves[0].number}-{piece}")


def _draw_numbers(drawing: Drawing, ax: Axes, block: Block, sheet: Sheet, top: float) -> None:
    """Write one group's block of the table: its key and name, then a line each for at risk, censored and events."""
    line, start = top + style.PITCH / 2, style.MARGIN
    if block.named:
        line -= style.PITCH
    if block.place is not None:
        colour, dashes = style.look(block.place)
        _draw_sample(drawing, style.MARGIN, line, Entry("", colour, dashes))
        start += KEY + 0.07
    if block.named:
        style.write(drawing, start, line, style.shortened(block.label, style.WIDTH - style.MARGIN - start, weight="bold"), weight="bold")
    for name, column in block.lines:
        line -= style.PITCH
        style.write(drawing, style.MARGIN + 0.06, line, style.shortened(name, LONGEST_NAME))
        for place in sheet.columns:
            number, tick = format_count(block.table[column].iloc[place]), sheet.ticks[place] * sheet.per_year
            style.write(drawing, tick, line, number, ax=ax, ha="center", gid=f"{column}-{block.number}-{place}")


def _key_rows(key: tuple[Entry, ...], start: float) -> list[list[tuple[Entry, str, float]]]:
    """Set the entries of the key in rows that fit the page: (entry, its name cut to fit, inches from the left)."""
    rows: list[list[tuple[Entry, str, float]]] = []
    left = style.WIDTH
    for entry in key:
        name = style.shortened(entry.name, style.WIDTH - start - KEY - 0.3)
        needed = KEY + 0.07 + style.text_width(name)
        if left + needed > style.WIDTH - style.MARGIN:
            rows.append([])
            left = start
        rows[-1].append((entry, name, left))
        left += needed + 0.16
    return rows


def _draw_key(drawing: Drawing, rows: list[list[tuple[Entry, str, float]]], bottom: float) -> None:
    for up, row in enumerate(reversed(rows)):
        line = bottom + (up + 0.5) * style.PITCH * 1.15
        for entry, name, left in row:
            _draw_sample(drawing, left, line, entry)
            style.write(drawing, left + KEY + 0.07, line, name)


def _draw_sample(drawing: Drawing, left: float, line: float, entry: Entry) -> None:
    """Draw a short piece of a line, or a box of an area under its line, as the key of it."""
    up = 0.045 if entry.fill else 0.0
    if entry.fill:
        style.draw_line(drawing, [left, left + KEY], [line, line], color=entry.fill, linewidth=2 * up * 72)
    if not entry.fill or entry.colour != entry.fill:
        style.draw_line(drawing, [left, left + KEY], [line + up] * 2, color=entry.colour, linestyle=entry.dashes, linewidth=entry.width)
