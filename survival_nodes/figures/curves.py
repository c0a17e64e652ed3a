"""Kaplan-Meier curves: what is drawn, and the words for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from ..columns import CURVES, survival_name
from ..errors import UsageError
from ..units import format_percent, format_years
from . import curve_steps, style
from .curve_drawing import Block, Curve, Entry, Panel, Sheet, draw_curves
from .curve_view import AT_RISK, CurveView, Wanted, band_words, caption_of, check_curves, few_words, last_common_tick, numbers_at, say, sentence, starts
from .figure import Figure

MANY_CENSORED = 250  # in one group: beyond this, marks run into one another and hide the curve
_SURVIVAL = ("observed", "cause-specific", "net")


def kaplan_meier(
    curves: pd.DataFrame, *, at_risk: pd.DataFrame | None = None, labels: Mapping[str, str] | None = None, time_unit: str | None = None,
    synthetic: bool = False, name: str | None = None, view: CurveView = CurveView(),
) -> Figure:
    """Draw survival curves with bands, censor marks, and the table of numbers under the ticks.

    The table is the extended one that readers preferred (KMunicate: Morris et al. 2019, BMJ Open 9:e030215): at risk, censored and
    events for each group. Where fewer than ten are at risk a curve is drawn lighter.

    Parameters
    ----------
    curves
        CURVES frame of one endpoint: a row a distinct time of each group.
    at_risk
        ESTIMATES frame at the ticks, for the table; else the table is counted from the curves, which late entries forbid.
    labels
        Group -> its name in print.
    time_unit
        Unit of the horizontal axis, `years` or `months`; else that of the view.
    synthetic
        Whether the patients were made by a program.
    name
        Of the figure; else kaplan-meier and the endpoint.
    view
        Title, axes, bands and marks.

    Raises
    ------
    InputError
        If the frame is empty, or not of the schema.
    UsageError
        If the frame holds more than one endpoint or something other than survival, the table cannot be counted from it, or the
        unit is not one of those named.

    Examples
    --------
    >>> from survival_nodes.columns import CURVES, frame_of
    >>> row = dict(endpoint="overall", group="all", estimand="observed", method="Kaplan-Meier", conf_level=0.95)
    >>> curve = frame_of(CURVES, [dict(row, years=1.0, estimate=0.5, n_risk=2, n_event=1, n_censor=0),
    ...                           dict(row, years=2.5, estimate=0.5, n_risk=1, n_event=1, n_censor=1)])
    >>> kaplan_meier(curve).alt_text
    'Kaplan-Meier curve of overall survival over 2.5 years. At 2.5 years: All patients 50.0%. Patients at the start: All patients 2.'
    """
    view = view if time_unit is None else replace(view, time_unit=time_unit)
    check_curves(curves, at_risk, ("endpoint", "estimand", "cause"))
    kind = curves.iloc[0]
    if kind["estimand"] not in _SURVIVAL:
        raise UsageError(f"{kind['estimand']} is not survival: kaplan_meier draws {', '.join(_SURVIVAL)}")
    words, wanted = survival_name(kind["endpoint"], kind["estimand"], kind["cause"]), Wanted(curves, at_risk, labels or {}, view)
    sheet = replace(_sheet(wanted), y_title=sentence(words), title=view.title, synthetic=synthetic)
    return Figure(
        name=name or f"kaplan-meier-{style.slug(kind['endpoint'])}", data=_drawn(curves, sheet), caption=_caption(wanted, sheet),
        alt_text=_alt_text(sheet, words, kind["conf_level"]), synthetic=synthetic, _draw=partial(draw_curves, sheet))


def _sheet(wanted: Wanted) -> Sheet:
    """Settle what is drawn: each group's corners up to the end, its numbers at the ticks, marks or none."""
    view = wanted.view
    groups = {group: rows.sort_values("years") for group, rows in wanted.curves.groupby("group", sort=False)}
    countable = not any(curve_steps.has_late_entries(rows) for rows in groups.values())
    ticks = wanted.ticks(countable)
    drawn, blocks = [], []
    for place, (group, rows) in enumerate(groups.items()):
        given = None if wanted.at_risk is None else wanted.at_risk[wanted.at_risk["group"] == group]
        drawn.append(Curve(wanted.label(group), place, place, curve_steps.from_the_start(rows, wanted.last)))
        table = numbers_at(ticks, given, rows if countable else None, curve_steps.COUNTS).assign(group=group)
        blocks.append(Block(wanted.label(group), place, place, table))
    lowest = min(curve.corners["estimate"].min() for curve in drawn)
    if lowest < view.y_low:
        raise UsageError(f"y_low={view.y_low:g} would hide part of a curve, which falls to {lowest:.3f}; choose a lower one")
    most_marks = max(len(curve_steps.censor_marks(curve.corners)) for curve in drawn)
    return Sheet(
        (Panel(tuple(drawn), tuple(blocks)),), ticks, wanted.last, wanted.per_year, x_title=wanted.x_title, y_range=(view.y_low, 1.0), bands=view.bands,
        key=tuple(Entry(curve.label, *style.look(curve.place)) for curve in drawn) if len(drawn) > 1 else (),
        marks=most_marks <= MANY_CENSORED if view.censor_marks is None else view.censor_marks)


def _drawn(curves: pd.DataFrame, sheet: Sheet) -> pd.DataFrame:
    """Gather every number in the picture: the corners of the curves, and the table."""
    parts, kind = [], {name: curves[name].iloc[0] for name in ("endpoint", "cause", "estimand")}
    for block in sheet.blocks:
        group = block.table["group"].iloc[0]
        own = curves.loc[(curves["group"] == group) & curves["estimate"].notna() & (curves["years"] <= sheet.last * (1 + curve_steps.NEAR))]
        table = block.table.reindex(columns=CURVES.names).assign(**kind, group=group)
        parts += [own.sort_values("years").assign(part="curve", label=block.label), table.assign(part="table", label=block.label)]
    return curve_steps.joined(parts)


def _caption(wanted: Wanted, sheet: Sheet) -> str:
    (panel,) = sheet.panels
    crowded = any(len(curve_steps.censor_marks(curve.corners)) for curve in panel.curves)
    unmarked = "Censored patients are counted in the table and not marked on the curves." if crowded else ""
    low = sheet.y_range[0]
    return caption_of(
        sheet.y_title + band_words(wanted.curves, sheet.bands), AT_RISK,
        "Short vertical lines mark censored patients." if sheet.marks else unmarked, few_words(panel.curves), wanted.cut,
        f"The vertical axis starts at {format_percent(low, 0)}; bands are cut there." if low else "", synthetic=sheet.synthetic)


def _alt_text(sheet: Sheet, words: str, conf_level: float) -> str:
    """Say what the picture shows, with the numbers at the last tick that every group reaches."""
    (panel,) = sheet.panels
    end, time = max(curve.corners["years"].iloc[-1] for curve in panel.curves), last_common_tick(sheet, panel.curves)
    said = "; ".join(say(curve, time or np.inf, conf_level) for curve in panel.curves)
    kind = "Kaplan-Meier curve" if len(panel.curves) == 1 else f"{len(panel.curves)} Kaplan-Meier curves"
    return " ".join(filter(None, [
        "Synthetic cohort." if sheet.synthetic else "", f"{kind} of {words} over {format_years(end)}.",
        f"{f'At {format_years(time)}' if time else 'At the end of follow-up'}: {said}.", starts(sheet)]))
