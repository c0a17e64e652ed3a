"""Cumulative incidence curves of competing causes: a panel a cause, or causes stacked, a panel a group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import pandas as pd

from ..columns import CURVES
from ..errors import InputError, UsageError
from ..units import format_percent, format_years
from . import curve_steps, style
from .curve_drawing import Block, Curve, Entry, Panel, Sheet, draw_curves
from .curve_view import AT_RISK, CurveView, Wanted, band_words, caption_of, check_curves, few_words, last_common_tick, numbers_at, say, starts
from .figure import Figure

ESTIMAND = "cumulative-incidence"
NAIVE = "1 \u2212 Kaplan-Meier, overstates"
FREE = "Event-free"
_TOPS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)  # where the vertical axis may end


def incidence(
    curves: pd.DataFrame, at_risk: pd.DataFrame | None = None, *, labels: Mapping[str, str] | None = None, naive: pd.DataFrame | None = None,
    stacked: bool = False, synthetic: bool = False, view: CurveView = CurveView(),
) -> Figure:
    """Draw cumulative incidences with the table of numbers under the ticks; all panels have the same vertical axis.

    Parameters
    ----------
    curves
        CURVES frame of cumulative incidence of one endpoint: a row a group, cause and distinct time.
    at_risk
        ESTIMATES frame at the ticks, a row a group, cause and time, for the table; else the table is counted from the curves,
        which late entries forbid.
    labels
        Group, or cause, -> its name in print; `cause[T.other]` names a cause where a group is called `other` too.
    naive
        CURVES frame of 1 - Kaplan-Meier by cause (estimand `cause-specific`), drawn as the mistake that it is where other causes compete.
    stacked
        False: a panel a cause with a line a group. True: a panel a group with the causes on top of one another, and the event-free
        part above them; no bands.
    synthetic
        Whether the patients were made by a program.
    view
        Title, axes and bands; the axis of incidence starts at 0, and nobody is marked as censored.

    Raises
    ------
    InputError
        If a frame is empty or not of the schema, or a row names no cause.
    UsageError
        If the frame holds something other than cumulative incidence or several endpoints, `naive` is no 1 - Kaplan-Meier or is
        asked for in a stacked picture, or the table cannot be counted from the curves.

    Examples
    --------
    >>> from survival_nodes.columns import CURVES, frame_of
    >>> row = dict(endpoint="overall", group="all", estimand="cumulative-incidence", years=2.0, n_risk=4, n_censor=2)
    >>> curve = frame_of(CURVES, [dict(row, cause="breast-cancer", estimate=0.5, n_event=2), dict(row, cause="other", estimate=0.0, n_event=0)])
    >>> incidence(curve).alt_text
    'Cumulative incidence over 2 years, by cause. At 2 years: Breast-cancer, All patients 50.0%; Other, All patients 0.0%. \
Patients at the start: All patients 4.'
    """
    _check(curves, at_risk, naive, stacked, view)
    wanted = Wanted(curves, at_risk, labels or {}, view)
    layout = _Layout(wanted, naive if naive is not None else curves.iloc[:0])
    sheet = replace(layout.stacked() if stacked else layout.by_cause(), title=view.title, synthetic=synthetic)
    shown = [curve for panel in sheet.panels for curve in panel.curves]
    return Figure(
        name=f"incidence-{style.slug(curves['endpoint'].iloc[0])}", data=layout.drawn(sheet), caption=_caption(wanted, sheet, shown),
        alt_text=_alt_text(sheet, layout, shown), synthetic=synthetic, _draw=partial(draw_curves, sheet))


def _check(curves: pd.DataFrame, at_risk: pd.DataFrame | None, naive: pd.DataFrame | None, stacked: bool, view: CurveView) -> None:
    check_curves(curves, at_risk, ("endpoint", "estimand"))
    if curves["estimand"].iloc[0] != ESTIMAND:
        raise UsageError(f"{curves['estimand'].iloc[0]} is not {ESTIMAND}: incidence draws what AalenJohansen(...).curve gives")
    if curves["cause"].isna().any():
        raise InputError("a row of the curves names no cause: cumulative incidence is of one cause among several")
    if view.y_low:
        raise UsageError("y_low is for survival curves: the axis of incidence starts at 0")
    if naive is None:
        return
    if stacked:
        raise UsageError("1 - Kaplan-Meier of several causes may sum to more than 1 and cannot be stacked: leave out naive, or stacked=True")
    check_curves(naive, None, ("endpoint", "estimand"))
    falls = naive.sort_values("years").groupby(["group", "cause"])["estimate"].diff() < 0
    if naive["estimand"].iloc[0] != "cause-specific" or falls.any() or naive["cause"].isna().any():
        raise UsageError("naive holds no 1 - Kaplan-Meier of a cause: give cause-specific estimates that rise from 0")


@dataclass(frozen=True, eq=False)
class _Layout:
    """The rows of the frame set in panels; every line has a number of its own, and the lines of a panel differ in look."""

    wanted: Wanted
    naive: pd.DataFrame

    @cached_property
    def groups(self) -> list[str]:
        return list(self.wanted.curves["group"].drop_duplicates())

    @cached_property
    def causes(self) -> list[str]:
        return list(self.wanted.curves["cause"].drop_duplicates())

    def by_cause(self) -> Sheet:
        """A panel a cause, and one table under the last."""
        blocks = self._blocks(range(len(self.groups)) if len(self.groups) > 1 else [None])
        panels = [
            Panel(tuple(self._curve(group, cause, self.wanted.label(group), place) for place, group in enumerate(self.groups)), title=self.wanted.cause(cause),
                  beside=tuple(self._beside(cause)), blocks=blocks if cause == self.causes[-1] else ())
            for cause in self.causes]
        names = [Entry(self.wanted.label(group), *style.look(place)) for place, group in enumerate(self.groups)] if len(self.groups) > 1 else []
        naive = [Entry(NAIVE, style.GREY, style.DOTTED, 0.9)] if len(self.naive) else []
        return self._sheet(tuple(panels), (*names, *naive), height=3.0 if len(panels) == 1 else 2.3, bands=self.wanted.view.bands)

    def stacked(self) -> Sheet:
        """A panel a group with its own table under it."""
        blocks = [replace(block, named=len(self.groups) == 1) for block in self._blocks([None] * len(self.groups))]
        panels = [
            Panel(tuple(self._curve(group, cause, self.wanted.cause(cause), place) for place, cause in enumerate(self.causes)), filled=True, blocks=(block,),
                  title=self.wanted.label(group) if len(self.groups) > 1 else "")
            for group, block in zip(self.groups, blocks)]
        looks = [style.look(place) for place in range(len(self.causes))]
        key = [Entry(self.wanted.cause(cause), *look, 1.2, style.area(look[0])) for cause, look in zip(self.causes, looks)]
        return self._sheet(tuple(panels), (*key, Entry(FREE, style.FREE, fill=style.FREE)), height=1.9, bands=False)

    def _sheet(self, panels: tuple[Panel, ...], key: tuple[Entry, ...], height: float, bands: bool) -> Sheet:
        lines = [curve.corners for panel in panels for curve in (*panel.curves, *panel.beside)]
        highest = max(np.nanmax(corners[["estimate", "conf_high"] if bands else ["estimate"]].to_numpy()) for corners in lines)
        top = 1.0 if panels[0].filled else next(top for top in _TOPS if top >= min(highest, 1.0))
        return Sheet(
            panels, self._ticks, self.wanted.last, self.wanted.per_year, key=key, x_title=self.wanted.x_title, y_range=(0.0, top), bands=bands, marks=False,
            plot_height=height, y_title="Patients" if panels[0].filled else "Cumulative incidence")

    def _curve(self, group: str, cause: str, label: str, place: int) -> Curve:
        rows = self.rows(self.wanted.curves, group, cause)
        number = len(self.groups) * self.causes.index(cause) + self.groups.index(group)
        return Curve(label, place, number, curve_steps.from_the_start(rows, self.wanted.last, begins=0.0))

    def _beside(self, cause: str) -> list[Curve]:
        return [
            Curve(NAIVE, place, len(self.groups) * self.causes.index(cause) + place, curve_steps.from_the_start(rows, self.wanted.last, begins=0.0))
            for place, rows in enumerate(self.rows(self.naive, group, cause) for group in self.groups) if len(rows)]

    @staticmethod
    def rows(frame: pd.DataFrame, group: str, cause: str) -> pd.DataFrame:
        """The rows of one line, in order of time."""
        return frame[(frame["group"] == group) & (frame["cause"] == cause)].sort_values("years")

    def label(self, group: str, cause: str) -> str:
        """The name of one line among all."""
        return f"{self.wanted.cause(cause)}, {self.wanted.label(group)}"

    @cached_property
    def _events(self) -> dict[str, str]:
        """The column of the table that counts each cause."""
        return {cause: f"n_event_{place}" for place, cause in enumerate(self.causes)}

    @cached_property
    def _ticks(self) -> np.ndarray:
        return self.wanted.ticks(self._counts is not None)

    @cached_property
    def _counts(self) -> dict[str, pd.DataFrame] | None:
        """The counts of every group at its times; None where late entries forbid to count from the curves."""
        counts = {group: self._counted(group) for group in self.groups}
        return None if any(map(curve_steps.has_late_entries, counts.values())) else counts

    def _counted(self, group: str) -> pd.DataFrame:
        """The counts of a group at every time: at risk, censored, events of each cause and of all."""
        parts = {cause: self.rows(self.wanted.curves, group, cause).set_index("years") for cause in self.causes}
        events = pd.DataFrame({name: parts[cause]["n_event"].astype("float64") for cause, name in self._events.items()}).ffill().fillna(0)
        whole = pd.concat(parts.values()).groupby(level="years")[["n_risk", "n_censor"]].first().astype("float64")
        return pd.concat([whole, events], axis=1).assign(n_event=events.sum(axis=1)).reset_index()

    def _blocks(self, places) -> tuple[Block, ...]:
        by_cause = [(f"Events: {self.wanted.cause(cause)}", column) for cause, column in self._events.items()]
        lines = (("At risk", "n_risk"), ("Censored", "n_censor"), *by_cause)
        blocks = []
        for number, (group, place) in enumerate(zip(self.groups, places)):
            table = numbers_at(self._ticks, self._given(group), self._counts and self._counts[group], ["n_risk", "n_censor", *self._events.values()])
            blocks.append(Block(self.wanted.label(group), place, number, table, lines))
        return tuple(blocks)

    def _given(self, group: str) -> pd.DataFrame | None:
        """The table that was given, a row a time, the events of each cause in a column."""
        if self.wanted.at_risk is None:
            return None
        own = self.wanted.at_risk[self.wanted.at_risk["group"] == group]
        events = own.pivot(index="years", columns="cause", values="n_event").reindex(columns=self.causes).rename(columns=self._events)
        return own.groupby("years")[["n_risk", "n_censor"]].first().join(events).reset_index()

    def drawn(self, sheet: Sheet) -> pd.DataFrame:
        """Gather every number in the picture: the lines, those beside them, and the table."""
        kind = {name: self.wanted.curves[name].iloc[0] for name in ("endpoint", "estimand")}
        pairs = [(group, cause) for cause in self.causes for group in self.groups]
        parts = [self._shown(self.wanted.curves, *pair).assign(part="curve", label=self.label(*pair)) for pair in pairs]
        parts += [self._shown(self.naive, *pair).assign(part="naive", label=self.label(*pair)) for pair in pairs]
        for group, block in zip(self.groups, sheet.blocks):
            for cause in self.causes:
                table = block.table.assign(n_event=block.table[self._events[cause]]).reindex(columns=CURVES.names)
                parts.append(table.assign(**kind, group=group, cause=cause, part="table", label=self.label(group, cause)))
        return curve_steps.joined(parts)

    def _shown(self, frame: pd.DataFrame, group: str, cause: str) -> pd.DataFrame:
        rows = self.rows(frame, group, cause)
        return rows[rows["estimate"].notna() & (rows["years"] <= self.wanted.last * (1 + curve_steps.NEAR))]


def _caption(wanted: Wanted, sheet: Sheet, shown: list[Curve]) -> str:
    filled, top = sheet.panels[0].filled, sheet.y_range[1]
    naive = (
        "The thin dotted lines are 1 \u2212 Kaplan-Meier, which takes patients who had another event as if they could still have this one, and so "
        "overstates its incidence; they are shown as the mistake they are.")
    return caption_of(
        "Cumulative incidence by cause" + band_words(wanted.curves, sheet.bands),
        "Causes are stacked: the height of each area is the cumulative incidence of its cause." if filled else "",
        naive if any(panel.beside for panel in sheet.panels) else "", AT_RISK, few_words(shown), wanted.cut,
        f"The vertical axis ends at {format_percent(top, 0)}." if top < 1 else "", synthetic=sheet.synthetic)


def _alt_text(sheet: Sheet, layout: _Layout, shown: list[Curve]) -> str:
    """Say what the picture shows, with the numbers of every group and cause at the last tick that every line reaches."""
    end, time = max(curve.corners["years"].iloc[-1] for curve in shown), last_common_tick(sheet, shown)
    levels = layout.wanted.curves["conf_level"]
    named = []
    for curve in sorted(shown, key=lambda curve: curve.number):
        cause, group = divmod(curve.number, len(layout.groups))
        named.append(Curve(layout.label(layout.groups[group], layout.causes[cause]), curve.place, curve.number, curve.corners))
    said = "; ".join(say(curve, time or np.inf, levels.iloc[0]) for curve in named)
    return " ".join(filter(None, [
        "Synthetic cohort." if sheet.synthetic else "", f"Cumulative incidence over {format_years(end)}, by cause{', stacked' * sheet.panels[0].filled}.",
        f"{f'At {format_years(time)}' if time else 'At the end of follow-up'}: {said}.", starts(sheet)]))
