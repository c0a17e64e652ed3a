"""The drawing of survival curves: key above, table below, each number under its tick."""

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
BELOW_AXIS = 0.52  # inches for the numbers of the ticks and the title of the axis
TABLE_ROWS = (("At risk", "n_risk"), ("Censored", "n_censor"), ("Events", "n_event"))
BLOCK = (len(TABLE_ROWS) + 1) * style.PITCH + 0.06
KEY = 0.28  # inches of line shown beside a group's name
OVER = 1.02  # the axis ends a little after the last follow-up
NAMES_END = 0.76  # inches from the left edge to the end of the longest of the row names


@dataclass(frozen=True)
class Curve:
    """One group: its name, its name in print, its place in the order, the corners of its curve, and its numbers at the ticks."""

    group: str
    label: str
    place: int
    corners: pd.DataFrame
    table: pd.DataFrame


@dataclass(frozen=True)
class Sheet:
    """All that the drawing needs; times in years, `per_year` of the axis's unit to the year."""

    curves: tuple[Curve, ...]
    ticks: np.ndarray
    last: float
    per_year: float
    x_title: str = ""
    y_title: str = ""
    title: str = ""
    synthetic: bool = False
    y_low: float = 0.0
    bands: bool = True
    marks: bool = True

    @property
    def widest(self) -> float:
        """Inches of the widest number in the table."""
        return max(style.text_width(format_count(value)) for curve in self.curves for _, column in TABLE_ROWS for value in curve.table[column])

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
        return NAMES_END + self.widest / 2 + 0.08


def draw_curves(sheet: Sheet) -> Drawing:
    """Draw the whole sheet."""
    key_rows = _key_rows([curve.label for curve in sheet.curves], sheet.left) if len(sheet.curves) > 1 else []
    above = style.heading_height(sheet.title, sheet.synthetic) + len(key_rows) * style.PITCH * 1.15 + 0.2
    below = BELOW_AXIS + len(sheet.curves) * BLOCK + style.MARGIN
    drawing = style.page(above + PLOT_HEIGHT + below)
    ax = style.axes_at(drawing, sheet.left, below, style.WIDTH - sheet.left - RIGHT, PLOT_HEIGHT)
    style.draw_heading(drawing, sheet.title, sheet.synthetic)
    _draw_key(drawing, key_rows, below + PLOT_HEIGHT + 0.1)
    _dress(ax, sheet)
    for curve in sheet.curves:
        _draw_curve(ax, curve, sheet)
    for curve in sheet.curves:
        _draw_numbers(drawing, ax, curve, sheet, below - BELOW_AXIS - curve.place * BLOCK)
    return drawing


def _dress(ax: Axes, sheet: Sheet) -> None:
    """Set the limits, ticks and titles of the axes."""
    span = sheet.last * sheet.per_year
    ticks = sheet.ticks * sheet.per_year
    ax.set_xlim(0, span * OVER)
    shown = set(sheet.columns)
    ax.set_xticks(ticks, [f"{tick:.4g}" if place in shown else "" for place, tick in enumerate(ticks)])
    steps = 0.2 if sheet.y_low < 0.4 else 0.1 if sheet.y_low < 0.75 else 0.05 if sheet.y_low < 0.9 else 0.01
    levels = [level for level in np.round(np.arange(1, -1e-9, -steps), 2) if level >= sheet.y_low - 1e-9]
    ax.set_ylim(sheet.y_low, 1 + 0.012 * (1 - sheet.y_low))
    ax.set_yticks(levels, [format_percent(level, 0, sign=False) for level in levels])
    from_where = f"\naxis starts at {format_percent(sheet.y_low, 0)}" if sheet.y_low else ""
    ax.set_xlabel(style.plain(sheet.x_title))
    ax.set_ylabel(style.plain(style.shortened(f"{sheet.y_title} (%)", PLOT_HEIGHT)) + from_where)


def _draw_curve(ax: Axes, curve: Curve, sheet: Sheet) -> None:
    """Draw one group's band, steps and censor marks, lighter where few are at risk."""
    colour, dashes = style.look(curve.place)
    if sheet.bands:
        years, low, high = curve_steps.band(curve.corners)
        ax.fill_between(years * sheet.per_year, low, high, color=colour, alpha=0.13, linewidth=0, zorder=1, gid=f"band-{curve.place}")
    for piece, (few, corners) in enumerate(curve_steps.by_number_at_risk(curve.corners)):
        shade, width = (style.lighter(colour), 1.2) if few else (colour, 1.6)
        ax.plot(
            corners["years"] * sheet.per_year, corners["estimate"], drawstyle="steps-post", color=shade, linestyle=dashes, linewidth=width,
            zorder=3, clip_on=False, gid=f"curve-{curve.place}-{piece}")
    if sheet.marks:
        marks = curve_steps.censor_marks(curve.corners)
        ax.plot(
            marks["years"] * sheet.per_year, marks["estimate"], linestyle="none", marker="|", markersize=5, markeredgewidth=0.8, color=colour,
            zorder=4, clip_on=False, gid=f"censored-{curve.place}")


def _draw_numbers(drawing: Drawing, ax: Axes, curve: Curve, sheet: Sheet, top: float) -> None:
    """Write one group's block of the table: its key and name, then a line each for at risk, censored and events."""
    line = top - style.PITCH / 2
    _draw_sample(drawing, style.MARGIN, line, curve.place)
    style.write(drawing, style.MARGIN + KEY + 0.07, line, style.shortened(curve.label, style.WIDTH - 2 * style.MARGIN - KEY, weight="bold"), weight="bold")
    for name, column in TABLE_ROWS:
        line -= style.PITCH
        style.write(drawing, style.MARGIN + 0.06, line, name)
        for place in sheet.columns:
            number, tick = format_count(curve.table[column].iloc[place]), sheet.ticks[place] * sheet.per_year
            style.write(drawing, tick, line, number, ax=ax, ha="center", gid=f"{column}-{curve.place}-{place}")


def _key_rows(labels: list[str], start: float) -> list[list[tuple[int, str, float]]]:
    """Set the names of the groups in rows that fit the page: (place, name, inches from the left)."""
    rows: list[list[tuple[int, str, float]]] = []
    left = style.WIDTH
    for place, label in enumerate(labels):
        name = style.shortened(label, style.WIDTH - start - KEY - 0.3)
        needed = KEY + 0.07 + style.text_width(name)
        if left + needed > style.WIDTH - style.MARGIN:
            rows.append([])
            left = start
        rows[-1].append((place, name, left))
        left += needed + 0.16
    return rows


def _draw_key(drawing: Drawing, rows: list[list[tuple[int, str, float]]], bottom: float) -> None:
    for up, row in enumerate(reversed(rows)):
        line = bottom + (up + 0.5) * style.PITCH * 1.15
        for place, name, left in row:
            _draw_sample(drawing, left, line, place)
            style.write(drawing, left + KEY + 0.07, line, name)


def _draw_sample(drawing: Drawing, left: float, line: float, place: int) -> None:
    """Draw a short piece of a group's line, as its key."""
    colour, dashes = style.look(place)
    style.draw_line(drawing, [left, left + KEY], [line, line], color=colour, linestyle=dashes, linewidth=1.6)
