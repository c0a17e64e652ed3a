"""Net survival by group, beside the observed survival and the survival that a life table expects of the same patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import pandas as pd

from ..columns import CURVES, require
from ..errors import InputError, UsageError
from ..units import format_percent, format_years
from . import curve_steps, style
from .curve_drawing import Block, Curve, Entry, Panel, Sheet, draw_curves
from .curve_view import AT_RISK, CurveView, Wanted, band_words, caption_of, check_curves, few_words, last_common_tick, numbers_at, say, starts
from .figure import Figure

NET = Entry("Net survival", *style.look(0))
OBSERVED = Entry("Observed survival", style.look(1)[0], style.look(1)[1], 1.2)
EXPECTED = Entry("Expected survival (life table)", style.GREY, style.look(2)[1], 1.2)
BEYOND_ONE = "Values above 100% are shown as they are: there the patients outlived what the life table expects of people like them."
_BAND_BEYOND = 0.05  # of survival: how far the axis opens for a band above 100%


def net_survival(
    curves: pd.DataFrame, observed: pd.DataFrame | None = None, expected: pd.DataFrame | None = None, *, at_risk: pd.DataFrame | None = None,
    labels: Mapping[str, str] | None = None, synthetic: bool = False, view: CurveView = CurveView(),
) -> Figure:
    """Draw net survival with bands and the table of numbers under the ticks.

    Parameters
    ----------
    curves
        CURVES frame of net survival of one endpoint, as `NetSurvival(...).curve` gives.
    observed
        CURVES frame of the observed survival of the same groups, as `KaplanMeier(...).curve` gives.
    expected
        What a life table expects of the same patients: `group, years, estimate`, further columns are not looked at.
    at_risk
        ESTIMATES frame at the ticks, for the table; else the table is counted from the curves, which late entries and actuarial
        intervals forbid.
    labels
        Group -> its name in print.
    synthetic
        Whether the patients were made by a program.
    view
        Title, axes and bands; nobody is marked as censored.

    Returns
    -------
    Figure
        A panel a group where observed or expected survival is given, all with the same vertical axis; else one panel with a line a
        group. Where net survival exceeds 1 the axis opens. Lines are lighter where fewer than ten are at risk.

    Raises
    ------
    InputError
        If a frame is empty or not of its schema.
    UsageError
        If the curves are not of net survival, of several endpoints or methods, or the table cannot be counted from them.

    Examples
    --------
    >>> from survival_nodes.columns import CURVES, frame_of
    >>> row = dict(endpoint="overall", group="all", estimand="net", method="Pohar Perme, daily", years=2.0, n_risk=4, n_event=2, n_censor=2)
    >>> net_survival(frame_of(CURVES, [dict(row, estimate=1.02)])).alt_text
    'Net survival over 2 years. At 2 years: All patients 102.0%. Patients at the start: All patients 4.'
    """
    check_curves(curves, at_risk, ("endpoint", "estimand", "method"))
    if curves["estimand"].iloc[0] != "net":
        raise UsageError(f"{curves['estimand'].iloc[0]} is not net survival: net_survival draws what NetSurvival(...).curve gives")
    layout = _Layout(Wanted(curves, at_risk, labels or {}, view), _beside(observed, CURVES), _beside(expected, None))
    sheet = replace(layout.sheet(), title=view.title, synthetic=synthetic)
    return Figure(
        name=f"net-survival-{style.slug(curves['endpoint'].iloc[0])}", data=layout.drawn(sheet), caption=_caption(layout, sheet),
        alt_text=_alt_text(layout, sheet), synthetic=synthetic, _draw=partial(draw_curves, _lighter(sheet)))


def _beside(frame: pd.DataFrame | None, schema) -> pd.DataFrame:
    """Check what is drawn beside net survival; an empty frame where there is none."""
    if frame is None:
        return pd.DataFrame(columns=CURVES.names)
    if schema is not None:
        require(frame, schema)
    lacking = [name for name in ("group", "years", "estimate") if name not in frame]
    if lacking:
        raise InputError(f"the frame of expected survival has no column {lacking[0]!r}: give group, years, estimate")
    return frame.reindex(columns=CURVES.names)


def _smooth(rows: pd.DataFrame, last: float) -> pd.DataFrame:
    """Give the points of a line without steps, from (0, 1) to where the picture ends."""
    known = rows[rows["estimate"].notna() & (rows["years"].astype("float64") > 0)]
    years, values = (np.append(start, known[name].astype("float64")) for start, name in ((0.0, "years"), (1.0, "estimate")))
    shown = np.append(years[years < last], min(last, years[-1]))
    return pd.DataFrame({"years": shown, "estimate": np.interp(shown, years, values)})


def _lighter(sheet: Sheet) -> Sheet:
    """Leave out the corners that nobody would see: net survival moves on every day of follow-up."""
    panels = tuple(
        replace(panel, curves=tuple(replace(curve, corners=curve_steps.seen(curve.corners)) for curve in panel.curves),
                beside=tuple(curve if curve.smooth else replace(curve, corners=curve_steps.seen(curve.corners)) for curve in panel.beside))
        for panel in sheet.panels)
    return replace(sheet, panels=panels)


@dataclass(frozen=True, eq=False)
class _Layout:
    """The rows of the frames set in panels."""

    wanted: Wanted
    observed: pd.DataFrame
    expected: pd.DataFrame

    @cached_property
    def groups(self) -> list[str]:
        return list(self.wanted.curves["group"].drop_duplicates())

    @cached_property
    def apart(self) -> bool:
        """Whether every group has a panel of its own."""
        return bool(len(self.observed) or len(self.expected))

    @cached_property
    def curves(self) -> tuple[Curve, ...]:
        """Net survival of every group; in panels of their own all have one look, for what the line is."""
        corners = [curve_steps.from_the_start(self.rows(self.wanted.curves, group), self.wanted.last) for group in self.groups]
        return tuple(
            Curve(self.wanted.label(group), 0 if self.apart else place, place, own) for place, (group, own) in enumerate(zip(self.groups, corners)))

    @cached_property
    def beside(self) -> tuple[tuple[Curve, ...], ...]:
        """What stands beside the net survival of each group."""
        return tuple(map(self._beside, range(len(self.groups))))

    def _beside(self, place: int) -> tuple[Curve, ...]:
        lines = []
        for frame, entry, smooth in ((self.observed, OBSERVED, False), (self.expected, EXPECTED, True)):
            rows = self.rows(frame, self.groups[place])
            if len(rows):
                last = min(self.wanted.last, self.curves[place].corners["years"].iloc[-1])
                corners = _smooth(rows, last) if smooth else curve_steps.from_the_start(rows, last)
                lines.append(Curve(entry.name, place, place, corners, own_look=entry, smooth=smooth))
        return tuple(lines)

    @staticmethod
    def rows(frame: pd.DataFrame, group: str) -> pd.DataFrame:
        """The rows of one group, in order of time."""
        return frame[frame["group"] == group].sort_values("years")

    def sheet(self) -> Sheet:
        """Settle what is drawn."""
        view, counts = self.wanted.view, {group: self.rows(self.wanted.curves, group) for group in self.groups}
        countable = not any(map(curve_steps.has_late_entries, counts.values()))
        ticks, blocks = self.wanted.ticks(countable), []
        for place, group in enumerate(self.groups):
            given = None if self.wanted.at_risk is None else self.wanted.at_risk[self.wanted.at_risk["group"] == group]
            table = numbers_at(ticks, given, counts[group] if countable else None, curve_steps.COUNTS).assign(group=group)
            named = not self.apart or len(self.groups) == 1
            blocks.append(Block(self.wanted.label(group), None if self.apart else place, place, table, named=named))
        if self.apart:
            panels = tuple(
                Panel((curve,), (block,), curve.label if len(self.groups) > 1 else "", self.beside[place])
                for place, (curve, block) in enumerate(zip(self.curves, blocks)))
            key = (NET, *([OBSERVED] if len(self.observed) else []), *([EXPECTED] if len(self.expected) else []))
        else:
            panels = (Panel(self.curves, tuple(blocks)),)
            key = tuple(Entry(curve.label, *style.look(curve.place)) for curve in self.curves) if len(self.curves) > 1 else ()
        return Sheet(
            panels, ticks, self.wanted.last, self.wanted.per_year, key=key, x_title=self.wanted.x_title, y_range=self.span(), bands=view.bands, marks=False,
            plot_height=2.0 if self.apart and len(self.groups) > 1 else 3.0, y_title="Survival" if self.apart else "Net survival")

    def span(self) -> tuple[float, float]:
        """Where the vertical axis starts and ends: at 100%, or above what exceeds it."""
        corners = [curve.corners for curve in self.curves]
        lines = [*corners, *(curve.corners for beside in self.beside for curve in beside)]
        lowest, highest = min(line["estimate"].min() for line in lines), max(max(line["estimate"].max() for line in lines), 1.0)
        low = self.wanted.view.y_low
        if lowest < low:
            raise UsageError(f"y_low={low:g} would hide part of a curve, which falls to {lowest:.3f}; choose a lower one")
        if self.wanted.view.bands:
            limits = [line.loc[~(line["n_risk"] < style.FEW_AT_RISK), "conf_high"].max() for line in corners]
            highest = max(highest, min(np.nanmax([1.0, *limits]), highest + _BAND_BEYOND))
        return min(low, np.floor(lowest * 10) / 10), float(np.round(np.ceil(highest * 50 - 1e-9) / 50, 2))

    def drawn(self, sheet: Sheet) -> pd.DataFrame:
        """Gather every number in the picture: net survival, what is beside it, and the table."""
        kind = {name: self.wanted.curves[name].iloc[0] for name in ("endpoint", "estimand")}
        parts = []
        for group, block in zip(self.groups, sheet.blocks):
            for part, frame in (("curve", self.wanted.curves), ("observed", self.observed), ("expected", self.expected)):
                rows = self.rows(frame, group)
                within = rows["estimate"].notna() & (rows["years"].astype("float64") <= sheet.last * (1 + curve_steps.NEAR))
                parts.append(rows[within].assign(part=part, label=block.label))
            parts.append(block.table.reindex(columns=CURVES.names).assign(**kind, group=group, part="table", label=block.label))
        return curve_steps.joined(parts)


def _caption(layout: _Layout, sheet: Sheet) -> str:
    low, high = sheet.y_range
    beyond = max(curve.corners["estimate"].max() for curve in layout.curves) > 1
    cut = sheet.bands and any(curve.corners["conf_high"].max() > high for curve in layout.curves)
    beside = {
        (True, True): "observed survival (Kaplan-Meier) and the survival that the life table expects of the same patients",
        (True, False): "observed survival (Kaplan-Meier)", (False, True): "the survival that the life table expects of the same patients",
    }.get((bool(len(layout.observed)), bool(len(layout.expected))))
    return caption_of(
        "Net survival" + band_words(layout.wanted.curves, sheet.bands), f"Beside it: {beside}." if beside else "", AT_RISK, few_words(layout.curves),
        BEYOND_ONE if beyond else "", f"Bands are cut at {format_percent(high, 0)}." if cut else "", layout.wanted.cut,
        f"The vertical axis starts at {format_percent(low, 0)}; bands are cut there." if low > 0 else "", synthetic=sheet.synthetic)


def _alt_text(layout: _Layout, sheet: Sheet) -> str:
    """Say what the picture shows, with the numbers at the last tick that every group reaches."""
    end, time = max(curve.corners["years"].iloc[-1] for curve in layout.curves), last_common_tick(sheet, layout.curves)
    level = layout.wanted.curves["conf_level"].iloc[0]
    said = []
    for place, curve in enumerate(layout.curves):
        values = [curve_steps.value_at(line.corners, time or np.inf)["estimate"] for line in layout.beside[place]]
        lines = [f"{_plainly(line.label)} {format_percent(value)}" for line, value in zip(layout.beside[place], values)]
        said.append(", ".join([say(curve, time or np.inf, level), *lines]))
    beside = [_plainly(entry.name) for entry in (sheet.key[1:] if layout.apart else ())]
    kind = f"Net survival over {format_years(end)}" + (f", beside {' and '.join(beside)}" if beside else "") + "."
    return " ".join(filter(None, [
        "Synthetic cohort." if sheet.synthetic else "", kind, f"{f'At {format_years(time)}' if time else 'At the end of follow-up'}: {'; '.join(said)}.",
        starts(sheet)]))


def _plainly(name: str) -> str:
    """Write the name of a line as within a sentence."""
    return name.split(" (")[0].lower()
