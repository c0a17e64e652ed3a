"""Forest plot of hazard ratios or of contrasts, the numbers beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..columns import COEFFICIENTS, CONTRASTS, require
from ..errors import InputError, UsageError
from ..units import MEASURES, MISSING, Measure, format_interval, format_p, format_percent, format_ratio, format_years, is_missing
from . import row_plot, style
from .figure import Figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

NOT_ESTIMABLE = "not estimable"
# From close to wide; the first whose labels do not touch is taken.
_TICKS = (
    (0.9, 0.92, 0.94, 0.96, 0.98, 1, 1.02, 1.04, 1.06, 1.08, 1.1),
    (0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2), (0.4, 0.6, 0.8, 1, 1.2, 1.5, 2, 2.5, 3), (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6),
    (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100), (0.01, 0.1, 0.3, 1, 3, 10, 100), (0.01, 0.1, 1, 10, 100), (1,),
)
_FURTHEST = 8  # an interval is followed at most so many times beyond the outermost estimate; an arrow says that it goes on


@dataclass(frozen=True)
class _Scale:
    """How a measure is drawn: the axis's title, the heading of the numbers, and what lies left and right of no difference."""

    measure: Measure

    @property
    def title(self) -> str:
        return self.measure.words.capitalize() + (" (log scale)" if self.measure.is_ratio else f", {self.measure.unit}")

    @property
    def short(self) -> str:
        return {"ratio": "HR" if self.measure.words == "hazard ratio" else "Ratio", "years": "Years"}.get(self.measure.unit, "Points")

    @property
    def hazard(self) -> bool:
        return "hazard" in self.measure.words

    @property
    def sides(self) -> tuple[str, str]:
        if self.hazard:
            return "lower hazard", "higher hazard"
        return ("better", "worse") if self.measure.worse_is_more else ("worse", "better")


@dataclass(frozen=True)
class _Line:
    """One row of the plot."""

    words: str
    span: tuple[float, float, float]
    cells: tuple[str, ...]
    indent: int = 0
    header: bool = False
    margin: float = np.nan
    reference: bool = False
    above: str = ""

    @property
    def said(self) -> str:
        """The words with what stands above them."""
        return f"{self.above}: {self.words}" if self.above else self.words


def forest(
    frame: pd.DataFrame, *, labels: Mapping[str, str] | None = None, title: str = "", synthetic: bool = False, name: str | None = None,
    conf_level: float | None = None, kind: str = "hazard ratio",
) -> Figure:
    """Draw ratios on a logarithmic axis, or differences on a plain one, each with its interval and its numbers.

    Parameters
    ----------
    frame
        COEFFICIENTS; or the data of `tables.hazard_ratios`, which has the reference rows too; or CONTRASTS that share an axis, whose
        margins and verdicts are shown where they are given.
    labels
        Term, or group, -> its name in print.
    title
        A line above the picture.
    synthetic
        Whether the patients were made by a program.
    name
        Of the figure; else forest and the measure.
    conf_level
        Coverage of the intervals, where the frame does not carry it (CONTRASTS do not).
    kind
        What the ratios of COEFFICIENTS are, by their full name, as `subdistribution hazard ratio`.

    Raises
    ------
    InputError
        If the frame is empty or of neither schema.
    UsageError
        If contrasts are given that have no common axis: ratios and differences, or points and years.

    Examples
    --------
    >>> from survival_nodes.columns import COEFFICIENTS, frame_of
    >>> forest(frame_of(COEFFICIENTS, [dict(term="node[T.micro]", hazard_ratio=2.0, conf_low=1.0, conf_high=4.0, conf_level=0.95)])).alt_text
    'Forest plot, hazard ratio: node: micro 2.00 (95% CI 1.00 to 4.00).'
    """
    if not len(frame):
        raise InputError("the frame holds no rows: there is nothing to draw")
    if "hazard_ratio" in frame:
        require(_bounded(frame).reindex(columns=COEFFICIENTS.names), COEFFICIENTS)
        levels, scale = frame["conf_level"].dropna(), _Scale(replace(MEASURES["hazard-ratio"], words=kind))
        lines, headings = _ratio_lines(frame, labels or {}), ["p"]
        conf_level = levels.iloc[0] if len(levels) else conf_level
    elif "measure" in frame:
        require(_bounded(frame), CONTRASTS)
        scale = _one_scale(frame["measure"])
        lines, headings = _contrast_lines(frame, scale, labels or {})
    else:
        raise InputError("a forest plot takes COEFFICIENTS or CONTRASTS; this frame has neither hazard_ratio nor measure")
    interval = f"{100 * conf_level:g}% CI" if conf_level is not None else "interval"
    return Figure(
        name=name or f"forest-{style.slug(scale.title)}", data=frame.assign(label=[line.words for line in lines if not line.header]),
        caption=_caption(lines, scale, interval, synthetic), alt_text=_alt_text(lines, scale, interval, synthetic), synthetic=synthetic,
        _draw=partial(_draw, lines, (f"{scale.short} ({interval})", *headings), scale, title, synthetic))


def _bounded(frame: pd.DataFrame) -> pd.DataFrame:
    """Put missing for infinite: a limit without end is no fault here, an arrow shows it."""
    return frame.replace([np.inf, -np.inf], np.nan)


def _one_scale(measures: pd.Series) -> _Scale:
    """Give the scale of the one measure that all contrasts share."""
    found = [str(measure) for measure in measures.drop_duplicates()]
    if len(found) > 1:
        raise UsageError(f"contrasts of several measures were given ({', '.join(found)}), which have no common axis: draw one at a time")
    return _Scale(MEASURES[found[0]])


def _span(low: float, estimate: float, high: float, ratio: bool) -> tuple[float, float, float]:
    """Give (low, estimate, high), all missing where the estimate is infinite or, for a ratio, 0: that is a coefficient that ran away."""
    usable = not is_missing(estimate) and np.isfinite(estimate) and (estimate > 0 or not ratio)
    return (float(low), float(estimate), float(high)) if usable else (np.nan, np.nan, np.nan)


def _say(span: tuple[float, float, float], write: Callable[[float], str]) -> str:
    low, estimate, high = span
    if is_missing(estimate):
        return NOT_ESTIMABLE
    return write(estimate) if is_missing(low) else f"{write(estimate)} ({format_interval(low, high, write)})"


def _ratio_lines(frame: pd.DataFrame, labels: Mapping[str, str]) -> list[_Line]:
    """Give a line a term; where the frame names characteristics, a header above their levels."""
    lines: list[_Line] = []
    grouped = "characteristic" in frame
    before = object()
    for row in frame.to_dict("records"):
        level = row.get("level") if grouped else None
        if level is not None and row["characteristic"] != before:
            lines.append(_Line(row["characteristic"], (np.nan,) * 3, (), header=True))
        before = row.get("characteristic")
        term = row["term"]
        words = level if level is not None else before if grouped else labels.get(term, _readable(term))
        span = _span(row["conf_low"], row["hazard_ratio"], row["conf_high"], ratio=True)
        reference = bool(row.get("is_reference", False))
        cells = ("1 (reference)", "") if reference else (_say(span, format_ratio), MISSING if is_missing(span[1]) else format_p(row["p_value"]))
        lines.append(_Line(words, span, cells, indent=int(level is not None), reference=reference, above=str(before) if level is not None else ""))
    return lines


def _readable(term: str) -> str:
    """Write a term for readers: `node[T.micro]` as `node: micro`."""
    return str(term).replace("[T.", ": ").replace("]", "")


def _contrast_lines(frame: pd.DataFrame, scale: _Scale, labels: Mapping[str, str]) -> tuple[list[_Line], list[str]]:
    judged, claimed = frame["verdict"].notna().any(), frame["margin"].notna().any()
    several = [name for name in ("measure", "endpoint") if frame[name].nunique() > 1]
    lines = []
    for row in frame.to_dict("records"):
        words = f"{labels.get(row['group'], row['group'])} vs {labels.get(row['reference'], row['reference'])}"
        words += "" if is_missing(row["years"]) else f", {format_years(row['years'])}"
        words += f" ({', '.join(str(row[name]) for name in several)})" if several else ""
        span = _span(row["conf_low"], row["estimate"], row["conf_high"], scale.measure.is_ratio)
        margin = np.nan if is_missing(row["margin"]) else float(row["margin"])
        claim = [scale.measure.claim(margin)] if claimed else []
        last = (row["verdict"] or MISSING) if judged else format_p(row["p_value"])
        at = np.nan if is_missing(margin) or scale.measure.margin_at(margin) == scale.measure.none else scale.measure.margin_at(margin)
        lines.append(_Line(words, span, (_say(span, scale.measure.write), *claim, last), margin=at))
    return lines, (["Claim"] if claimed else []) + ["Verdict" if judged else "p"]


def _limits(lines: list[_Line], ratio: bool) -> tuple[float, float]:
    """Give the ends of the axis: every estimate, margin and the point of no difference, and intervals as far as they inform."""
    given = [value for line in lines for value in (line.span[1], line.margin) if value == value]
    firm = [1.0 if ratio else 0.0, *given]
    ends = [end for line in lines for end in (line.span[0], line.span[2]) if np.isfinite(end)]
    if ratio:
        firm = [min(max(value, 0.01), 100) for value in firm]
        low, high = min(firm) / _FURTHEST, max(firm) * _FURTHEST
        inside = np.log([*firm, *(min(max(end, low), high) for end in ends)])
        pad = max(0.06 * np.ptp(inside), 0.1)
        return float(np.exp(inside.min() - pad)), float(np.exp(inside.max() + pad))
    inside = np.array([*firm, *ends])
    pad = 0.06 * np.ptp(inside) or 0.01
    return float(inside.min() - pad), float(inside.max() + pad)


def _draw(lines: list[_Line], headings: tuple[str, ...], scale: _Scale, title: str, synthetic: bool) -> Drawing:
    rows = [row_plot.Row(line.words, cells=line.cells, indent=line.indent, bold=line.header) for line in lines]
    laid = row_plot.lay_out(rows, headings, title=title, synthetic=synthetic)
    _dress(laid, _limits(lines, scale.measure.is_ratio), scale)
    for place, line in enumerate(lines):
        if line.header:
            continue
        row_plot.place_on_axis(laid, place, line.span, colour=style.INK if line.reference else style.COLOURS[0], filled=not line.reference)
        if line.margin == line.margin:
            laid.ax.plot([line.margin] * 2, laid.edges[place], color=style.COLOURS[1], linestyle=(0, (4, 2)), linewidth=1, zorder=1, gid=f"margin-{place}")
    return laid.drawing


def _dress(laid: row_plot.Laid, limits: tuple[float, float], scale: _Scale) -> None:
    ax = laid.ax
    if scale.measure.is_ratio:
        ax.set_xscale("log")
    ax.set_xlim(*limits)
    if scale.measure.is_ratio:
        ticks = _log_ticks(limits, ax.get_position().width * laid.drawing.get_size_inches()[0])
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.set_xticks([], minor=True)
    else:
        ticks = _plain_ticks(limits)
        points, digits = scale.measure.unit == "percentage points", 0 if np.ptp(ticks) >= 0.04 else 1
        ax.set_xticks(ticks, [format_percent(tick, digits, sign=False) if points else f"{tick:g}".replace("-", "\u2212") for tick in ticks])
    ax.axvline(scale.measure.none, color=style.GREY, linewidth=0.8, zorder=1, gid="no-difference")
    ax.set_xlabel(scale.title)
    row_plot.name_directions(laid, *scale.sides)


def _log_ticks(limits: tuple[float, float], inches: float) -> list[float]:
    """Choose round ratios that stand apart on so many inches of axis."""
    for candidates in _TICKS:
        ticks = [tick for tick in candidates if limits[0] <= tick <= limits[1]]
        places = np.log(ticks) / np.log(limits[1] / limits[0]) * inches
        widest = max(style.text_width(f"{tick:g}") for tick in ticks)
        # An axis that goes on far beyond its last number leaves the reader to guess.
        reaching = candidates[0] <= max(1.4 * limits[0], 0.01) and candidates[-1] >= min(limits[1] / 1.4, 100)
        if np.all(np.diff(places) > widest + 0.06) and (reaching and len(ticks) > 2 or candidates == (1,)):
            return ticks
    return [1]


def _plain_ticks(limits: tuple[float, float]) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(*limits)
    return [round(float(tick), 10) for tick in ticks if limits[0] <= tick <= limits[1]]


def _caption(lines: list[_Line], scale: _Scale, interval: str, synthetic: bool) -> str:
    parts = [f"{scale.title}, with {interval if interval != 'interval' else 'intervals'}; the grey line marks no difference."]
    if any(line.margin == line.margin for line in lines):
        parts.append("The dashed line marks the margin.")
    if any(len(line.cells) == 3 for line in lines):
        parts.append("Verdict on the claim: shown where the whole interval fulfils it, excluded where the whole interval contradicts it, else inconclusive.")
    if any(line.reference for line in lines):
        parts.append("Open squares are the reference levels.")
    if any(not line.header and line.span[1] != line.span[1] for line in lines):
        parts.append("Not estimable: the data do not determine the estimate.")
    return " ".join(parts + ([style.MADE] if synthetic else []))


def _alt_text(lines: list[_Line], scale: _Scale, interval: str, synthetic: bool) -> str:
    drawn = [line for line in lines if not line.header and not line.reference]
    said = "; ".join(f"{line.said} {_with_interval(line.cells[0], interval)}" for line in drawn[:12])
    more = f"; and {len(drawn) - 12} more" if len(drawn) > 12 else ""
    kind = scale.title.removesuffix(" (log scale)")
    return f"{'Synthetic cohort. ' if synthetic else ''}Forest plot, {kind[:1].lower() + kind[1:]}: {said}{more}."


def _with_interval(cell: str, interval: str) -> str:
    return cell.replace("(", f"({interval} ", 1)
