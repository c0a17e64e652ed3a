"""Crude probabilities of death from the cancer and from other causes, stacked, with the patients still alive above them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import pandas as pd

from ..columns import CURVES
from ..errors import InputError, UsageError
from ..units import format_years
from . import curve_steps, style
from .curve_drawing import Block, Curve, Entry, Panel, Sheet, draw_curves
from .curve_view import AT_RISK, CurveView, Wanted, caption_of, check_curves, few_words, last_common_tick, say, starts
from .figure import Figure

ESTIMAND = "crude-probability"
ALIVE = "Alive"
NAMES = {"cancer": "Death from the cancer", "other": "Death from other causes"}
LINES = (("At risk", "n_risk"), ("Censored", "n_censor"), ("Deaths", "n_event"))
_SEEN = 0.004  # of the patients: what a line's width hides
BELOW_ZERO = "A probability below 0 is shown as it is: there fewer died than the life table expects."


def crude_probabilities(
    curves: pd.DataFrame, at_risk: pd.DataFrame | None = None, *, labels: Mapping[str, str] | None = None, synthetic: bool = False,
    view: CurveView = CurveView(),
) -> Figure:
    """Draw the probabilities of having died of the cancer and of anything else on top of one another, a panel a group.

    Parameters
    ----------
    curves
        Crude probabilities of one endpoint in a frame of the columns of CURVES, as `NetSurvival(at_years=...).crude` gives at many times.
    at_risk
        The same at the ticks, for the table; else the ticks stand at times of the curves.
    labels
        Group, or cause (`cancer`, `other`), -> its name in print; `cause[T.other]` names a cause where a group is called `other` too.
    synthetic
        Whether the patients were made by a program.
    view
        Title and axes; there are no bands and no marks.

    Raises
    ------
    InputError
        If a frame is empty or not of the schema, or a row names no cause.
    UsageError
        If the frame holds something other than crude probabilities, or nothing at a tick that was asked for.

    Examples
    --------
    >>> from survival_nodes.columns import CURVES, frame_of
    >>> row = dict(endpoint="overall", group="all", estimand="crude-probability", n_risk=4, n_event=0, n_censor=0)
    >>> shares = [("cancer", 0, 0), ("cancer", 2, 0.25), ("other", 0, 0), ("other", 2, 0.125)]
    >>> crude_probabilities(frame_of(CURVES, [dict(row, cause=cause, years=years, estimate=share) for cause, years, share in shares])).alt_text
    'Crude probabilities of death over 2 years, stacked. At 2 years: All patients: death from the cancer 25.0%, death from other causes 12.5%. \
Patients at the start: All patients 4.'
    """
    check_curves(curves, at_risk, ("endpoint", "estimand", "method"))
    if curves["estimand"].iloc[0] != ESTIMAND:
        raise UsageError(f"{curves['estimand'].iloc[0]} is not {ESTIMAND}: crude_probabilities draws what NetSurvival(...).crude gives")
    if curves["cause"].isna().any():
        raise InputError("a row of the curves names no cause: crude probabilities are of the cancer and of other causes")
    layout = _Layout(Wanted(curves, at_risk, {**{f"cause[T.{cause}]": name for cause, name in NAMES.items()}, **_named(labels)}, view))
    sheet = replace(layout.sheet(), title=view.title, synthetic=synthetic)
    return Figure(
        name=f"crude-probabilities-{style.slug(curves['endpoint'].iloc[0])}", data=layout.drawn(sheet), caption=_caption(layout, sheet),
        alt_text=_alt_text(layout, sheet), synthetic=synthetic, _draw=partial(draw_curves, sheet))


def _named(labels: Mapping[str, str] | None) -> dict[str, str]:
    """Let the name of a cause stand also where it was given without the mark of one."""
    given = dict(labels or {})
    return {**{f"cause[T.{cause}]": given[cause] for cause in NAMES if cause in given}, **given}


@dataclass(frozen=True, eq=False)
class _Layout:
    """The rows of the frame set in panels."""

    wanted: Wanted

    @cached_property
    def groups(self) -> list[str]:
        return list(self.wanted.curves["group"].drop_duplicates())

    @cached_property
    def causes(self) -> list[str]:
        return list(self.wanted.curves["cause"].drop_duplicates())

    @cached_property
    def ticks(self) -> np.ndarray:
        """The ticks asked for, or round ones at which the frame has rows."""
        asked = self.wanted.view.at_years is not None or self.wanted.at_risk is not None
        ticks = self.wanted.ticks(countable=False)
        times = self.wanted.curves["years"].unique()
        there = [tick for tick in ticks if np.isclose(times, tick, rtol=curve_steps.NEAR, atol=1e-12).any()]
        return ticks if asked or not there else np.array(there)

    def curve(self, group: str, cause: str) -> Curve:
        """One line of the stack; its number counts through the causes."""
        place = self.causes.index(cause)
        rows = self.rows(group, cause)
        corners = curve_steps.from_the_start(rows[rows["years"] > 0], self.wanted.last, begins=0.0)
        return Curve(self.wanted.cause(cause), place, len(self.groups) * place + self.groups.index(group), corners)

    def rows(self, group: str, cause: str) -> pd.DataFrame:
        """The rows of one line, in order of time."""
        own = self.wanted.curves
        return own[(own["group"] == group) & (own["cause"] == cause)].sort_values("years")

    def block(self, group: str) -> Block:
        """The numbers under a panel."""
        frame = self.wanted.curves if self.wanted.at_risk is None else self.wanted.at_risk
        own = frame[frame["group"] == group].astype(dict.fromkeys(curve_steps.COUNTS, "float64"))
        lines = []
        for tick in self.ticks:
            found = own[np.isclose(own["years"].astype("float64"), tick, rtol=curve_steps.NEAR, atol=1e-12)]
            if not len(found):
                raise UsageError(f"the frame has no row at {format_years(tick)} for {group}: ask crude for that time too, or give at_risk")
            lines.append({"years": tick, **found.iloc[0][list(curve_steps.COUNTS)]})
        return Block(self.wanted.label(group), None, self.groups.index(group), pd.DataFrame(lines), LINES, named=len(self.groups) == 1)

    def sheet(self) -> Sheet:
        """Settle what is drawn: a panel a group, with its own table under it."""
        panels = tuple(
            Panel(tuple(self.curve(group, cause) for cause in self.causes), (self.block(group),), filled=True,
                  title=self.wanted.label(group) if len(self.groups) > 1 else "") for group in self.groups)
        looks = [style.look(place) for place in range(len(self.causes))]
        key = [Entry(self.wanted.cause(cause), *look, 1.2, style.area(look[0])) for cause, look in zip(self.causes, looks)]
        lowest = min(curve.corners["estimate"].min() for panel in panels for curve in panel.curves)
        return Sheet(
            panels, self.ticks, self.wanted.last, self.wanted.per_year, key=(*key, Entry(ALIVE, style.FREE, fill=style.FREE)), x_title=self.wanted.x_title,
            y_range=(float(np.floor(lowest * 50) / 50) if lowest < -_SEEN else 0.0, 1.0), bands=False, marks=False, plot_height=1.9, y_title="Patients")

    def drawn(self, sheet: Sheet) -> pd.DataFrame:
        """Gather every number in the picture: the lines, each by itself, and the table."""
        parts = []
        for cause in self.causes:
            for group in self.groups:
                rows = self.rows(group, cause)
                within = rows["estimate"].notna() & (rows["years"] <= sheet.last * (1 + curve_steps.NEAR))
                parts.append(rows[within].assign(part="curve", label=f"{self.wanted.cause(cause)}, {self.wanted.label(group)}"))
        kind = {name: self.wanted.curves[name].iloc[0] for name in ("endpoint", "estimand")}
        for group, block in zip(self.groups, sheet.blocks):
            parts.append(block.table.reindex(columns=CURVES.names).assign(**kind, group=group, part="table", label=block.label))
        return curve_steps.joined(parts)


def _caption(layout: _Layout, sheet: Sheet) -> str:
    curves = [curve for panel in sheet.panels for curve in panel.curves]
    methods = ", ".join(["crude probability", *layout.wanted.curves["method"].dropna().unique()])
    below = any(curve.corners["estimate"].min() < 0 for curve in curves)
    return caption_of(
        f"Crude probabilities of death, stacked ({methods}).",
        "The height of each area is the probability of having died of that cause in a world where one can die of either; which death was due to which is "
        "told by the life table, not by certificates.", AT_RISK, few_words(curves), BELOW_ZERO if below else "", layout.wanted.cut, synthetic=sheet.synthetic)


def _alt_text(layout: _Layout, sheet: Sheet) -> str:
    """Say what the picture shows, with the numbers of every group at the last tick that every line reaches."""
    shown = [curve for panel in sheet.panels for curve in panel.curves]
    end, time = max(curve.corners["years"].iloc[-1] for curve in shown), last_common_tick(sheet, shown)
    said = []
    for group, panel in zip(layout.groups, sheet.panels):
        lines = ", ".join(_lower(say(curve, time or np.inf, np.nan)) for curve in panel.curves)
        said.append(f"{layout.wanted.label(group)}: {lines}")
    return " ".join(filter(None, [
        "Synthetic cohort." if sheet.synthetic else "", f"Crude probabilities of death over {format_years(end)}, stacked.",
        f"{f'At {format_years(time)}' if time else 'At the end of follow-up'}: {'; '.join(said)}.", starts(sheet)]))


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
