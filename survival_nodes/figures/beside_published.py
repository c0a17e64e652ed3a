"""Estimates of the cohort beside published figures of the same quantity; what cannot be compared stands apart, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..columns import COMPARISONS, PUBLISHED, require
from ..errors import InputError
from ..units import format_interval, format_percent, format_years, is_missing
from . import row_plot, style
from .figure import Figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

APART = "Not comparable: shown for the record, not compared"
UNDER = 0.4  # inches under the axis
_OURS, _THEIRS = ("o", style.COLOURS[0], True), ("s", style.COLOURS[1], False)


@dataclass(frozen=True)
class _Pair:
    """One comparison: its words, both figures as (low, estimate, high), the verdict and the reason."""

    words: str
    source: str
    ours: tuple[float, float, float]
    theirs: tuple[float, float, float]
    verdict: str
    reason: str
    estimand: str

    @property
    def comparable(self) -> bool:
        return self.verdict != "not comparable"


def published(
    comparisons: pd.DataFrame, rates: pd.DataFrame | None = None, *, labels: Mapping[str, str] | None = None, title: str = "", synthetic: bool = False,
    name: str = "beside-published",
) -> Figure:
    """Draw each estimate of the cohort and the published figure beside it, with their intervals and the verdict.

    Parameters
    ----------
    comparisons
        COMPARISONS frame.
    rates
        PUBLISHED frame, for the names of the studies.
    labels
        Group -> its name in print.
    title
        A line above the picture.
    synthetic
        Whether the patients were made by a program.
    name
        Of the figure.

    Raises
    ------
    InputError
        If a frame is empty or not of its schema.

    Examples
    --------
    >>> from survival_nodes.columns import COMPARISONS, frame_of
    >>> row = dict(group="micro", rate_id="r1", years=5.0, estimand="observed", observed=0.9, published=0.86, verdict="not comparable", reason="unlike.")
    >>> published(frame_of(COMPARISONS, [row])).alt_text
    'Cohort beside 1 published figure. micro, 5 years (observed): cohort 90.0%, r1 86.0%, not comparable: unlike.'
    """
    require(comparisons, COMPARISONS)
    if not len(comparisons):
        raise InputError("the frame holds no comparisons: there is nothing to draw")
    if rates is not None:
        require(rates, PUBLISHED)
    studies = dict(zip(rates["rate_id"], rates["study"])) if rates is not None else {}
    pairs = [_pair(row, studies, labels or {}) for row in comparisons.to_dict("records")]
    shown = comparisons.assign(label=[pair.words for pair in pairs], study=[pair.source for pair in pairs])
    ordered = sorted(pairs, key=lambda pair: not pair.comparable)
    return Figure(
        name=name, data=shown, caption=_caption(pairs, synthetic), alt_text=_alt_text(ordered, synthetic), synthetic=synthetic,
        _draw=partial(_draw, ordered, title, synthetic))


def _pair(row: dict, studies: Mapping[str, str], labels: Mapping[str, str]) -> _Pair:
    group = {"all": "All patients", **labels}.get(row["group"], row["group"])
    words = str(group) if is_missing(row["years"]) else f"{group}, {format_years(row['years'])}"
    words += f" ({row['estimand']})" if row["estimand"] else ""
    study = studies.get(row["rate_id"], row["rate_id"])
    ours, theirs = ((row[f"{kind}_low"], row[kind], row[f"{kind}_high"]) for kind in ("observed", "published"))
    return _Pair(words, str(study or ""), ours, theirs, row["verdict"] or "", row["reason"] or "", row["estimand"])


def _write_span(span: tuple[float, float, float]) -> str:
    low, estimate, high = span
    figure = format_percent(estimate, sign=False)
    return figure if is_missing(low) or is_missing(estimate) else f"{figure} ({format_interval(low, high, lambda end: format_percent(end, sign=False))})"


def _rows(pairs: list[_Pair]) -> list[tuple[_Pair | None, row_plot.Row]]:
    """Give the rows in order, those that cannot be compared under a heading of their own, in grey."""
    rows: list[tuple[_Pair | None, row_plot.Row]] = []
    for place, pair in enumerate(pairs):
        if not pair.comparable and (place == 0 or pairs[place - 1].comparable):
            rows.append((None, row_plot.Row(APART, bold=True, ink=style.GREY, runs_over=True)))
        cells = (_write_span(pair.ours), _write_span(pair.theirs), pair.verdict if pair.comparable else "")
        ink, note = (style.INK, "") if pair.comparable else (style.GREY, pair.reason)
        rows.append((pair, row_plot.Row(pair.words, pair.source, cells, ink=ink, note=note)))
    return rows


def _draw(pairs: list[_Pair], title: str, synthetic: bool) -> Drawing:
    rows = _rows(pairs)
    laid = row_plot.lay_out([row for _, row in rows], ("Cohort, %", "Published, %", "Verdict"), title=title, synthetic=synthetic, below=UNDER)
    _dress(laid, pairs)
    _draw_key(laid)
    for place, (pair, _) in enumerate(rows):
        if pair is None:
            continue
        laid.ax.vlines(laid.ax.get_xticks(), *laid.edges[place], color=style.RULE, linewidth=0.4, zorder=0)
        for span, (marker, colour, filled), down in ((pair.ours, _OURS, -0.055), (pair.theirs, _THEIRS, 0.055)):
            row_plot.place_on_axis(laid, place, span, marker=marker, colour=colour if pair.comparable else style.GREY, filled=filled, down=down)
    return laid.drawing


def _dress(laid: row_plot.Laid, pairs: list[_Pair]) -> None:
    """Set the axis in round percentages around all figures."""
    ax = laid.ax
    values = [value for pair in pairs for span in (pair.ours, pair.theirs) for value in span if value == value] or [0.0, 1.0]
    step = 0.2 if np.ptp(values) > 0.5 else 0.1 if np.ptp(values) > 0.2 else 0.05
    low, high = step * np.floor(min(values) / step), step * np.ceil(max(values) / step)
    # Net survival may exceed 1, and is shown as it is.
    low, high = max(min(low, high - 2 * step), 0.0), min(max(high, low + step), max(high, 1.0))
    ticks = np.round(np.arange(low, high + step / 2, step), 2)
    pad = 0.02 * (high - low)
    ax.set_xlim(low - pad, high + pad)
    ax.set_xticks(ticks, [format_percent(tick, 0, sign=False) for tick in ticks])
    ax.set_xlabel(_what(pairs))


def _what(pairs: list[_Pair]) -> str:
    found = {pair.estimand for pair in pairs}
    if found <= {"observed", "cause-specific", "net"}:
        return "Survival (%)"
    return "Incidence (%)" if found <= {"cumulative-incidence", "crude-probability"} else "%"


def _draw_key(laid: row_plot.Laid) -> None:
    """Say above the axis which marker is whose."""
    from matplotlib.lines import Line2D

    box, (across, up) = laid.ax.get_position(), laid.drawing.get_size_inches()
    left, line = box.x0 * across, box.y1 * up + 0.12
    for name, (marker, colour, filled) in (("Cohort", _OURS), ("Published", _THEIRS)):
        looks = {"marker": marker, "markersize": 5, "color": colour, "markerfacecolor": colour if filled else "white"}
        laid.drawing.add_artist(Line2D([left + 0.05], [line], transform=laid.drawing.dpi_scale_trans, **looks))
        style.write(laid.drawing, left + 0.14, line, name)
        left += 0.14 + style.text_width(name) + 0.2


def _caption(pairs: list[_Pair], synthetic: bool) -> str:
    parts = ["Estimates of the cohort (filled circles) beside published figures (open squares), with confidence intervals where there are any."]
    if any(pair.comparable for pair in pairs):
        parts.append("Consistent: the interval of the difference lies within the stated tolerance; differs: wholly outside; else inconclusive.")
    if not all(pair.comparable for pair in pairs):
        parts.append("In grey: pairs that differ in endpoint, estimand or time and are not compared.")
    return " ".join(parts + ([style.MADE] if synthetic else []))


def _alt_text(pairs: list[_Pair], synthetic: bool) -> str:
    said = "; ".join(
        f"{pair.words}: cohort {format_percent(pair.ours[1])}, {pair.source or 'published'} {format_percent(pair.theirs[1])}, {pair.verdict}"
        + ("" if pair.comparable else f": {pair.reason.rstrip('.')}") for pair in pairs[:12])
    more = f"; and {len(pairs) - 12} more" if len(pairs) > 12 else ""
    return f"{'Synthetic cohort. ' if synthetic else ''}Cohort beside {len(pairs)} published figure{'s' * (len(pairs) != 1)}. {said}{more}."
