"""Kaplan-Meier curves: what is drawn, and the words for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from ..columns import CURVES, ESTIMATES, require, survival_name
from ..errors import InputError, UsageError, unknown_name
from ..units import format_count, format_interval, format_percent, format_years, units_per_year
from . import curve_steps
from .curve_drawing import Curve, Sheet, draw_curves
from .figure import Figure
from .style import FEW_AT_RISK, MADE, slug

MANY_CENSORED = 250  # in one group: beyond this, marks run into one another and hide the curve
_SURVIVAL = ("observed", "cause-specific", "net")


@dataclass(frozen=True)
class CurveView:
    """How survival curves are shown.

    Attributes
    ----------
    title : str
        A line above the picture.
    since : str
        What time is counted from, for the title of the axis, as "diagnosis".
    at_years : sequence of float, optional
        Ticks in years; else those of the table that is given, else round ones.
    up_to_years : float, optional
        Where the picture ends; else at the end of follow-up. Nothing is ever drawn beyond follow-up.
    y_low : float
        Where the vertical axis starts, a fraction; other than 0 the axis says so.
    bands : bool
        Whether the confidence bands are drawn.
    censor_marks : bool, optional
        Whether censored patients are marked on the curves; else only where no group has more than 250 such times.
    """

    title: str = ""
    since: str = ""
    at_years: Sequence[float] | None = None
    up_to_years: float | None = None
    y_low: float = 0.0
    bands: bool = True
    censor_marks: bool | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.y_low < 1:
            raise UsageError(f"y_low is {self.y_low:g}; give the fraction at which the vertical axis starts, from 0 to below 1")
        if self.up_to_years is not None and not self.up_to_years > 0:
            raise UsageError(f"up_to_years is {self.up_to_years:g}; give a time above 0")
        if any(not tick >= 0 for tick in self.at_years or ()):
            raise UsageError("a tick lies before the start of follow-up: give at_years of 0 or more")


def kaplan_meier(
    curves: pd.DataFrame, *, at_risk: pd.DataFrame | None = None, labels: Mapping[str, str] | None = None, time_unit: str = "years",
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
        Unit of the horizontal axis: `years` or `months`.
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
    _check(curves, at_risk, time_unit)
    kind = curves.iloc[0]
    words = survival_name(kind["endpoint"], kind["estimand"], kind["cause"])
    sheet = replace(
        _sheet(_Wanted(curves, at_risk, labels or {}, time_unit, view)), y_title=_sentence(words), title=view.title, synthetic=synthetic)
    return Figure(
        name=name or f"kaplan-meier-{slug(kind['endpoint'])}", data=_drawn(curves, sheet), caption=_caption(curves, sheet),
        alt_text=_alt_text(sheet, words, kind["conf_level"]), synthetic=synthetic, _draw=partial(draw_curves, sheet))


@dataclass(frozen=True, eq=False)
class _Wanted:
    """What was asked for, with its words resolved."""

    curves: pd.DataFrame
    at_risk: pd.DataFrame | None
    labels: Mapping[str, str]
    unit: str
    view: CurveView

    def label(self, group: str) -> str:
        return {"all": "All patients", **self.labels}.get(group, group)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _check(curves: pd.DataFrame, at_risk: pd.DataFrame | None, time_unit: str) -> None:
    if time_unit not in ("years", "months"):
        raise UsageError(unknown_name("unit for the axis of time", time_unit, ("years", "months")))
    require(curves, CURVES)
    if at_risk is not None:
        require(at_risk, ESTIMATES)
    if curves["estimate"].notna().sum() == 0:
        raise InputError("the frame of curves holds no estimate: there is nothing to draw")
    for name in ("endpoint", "estimand", "cause"):
        found = curves[name].drop_duplicates().tolist()
        if len(found) > 1:
            raise UsageError(f"curves of several {name}s were given ({', '.join(map(str, found))}): draw one at a time")
    if curves["estimand"].iloc[0] not in _SURVIVAL:
        raise UsageError(f"{curves['estimand'].iloc[0]} is not survival: kaplan_meier draws {', '.join(_SURVIVAL)}")


def _sheet(wanted: _Wanted) -> Sheet:
    """Settle what is drawn: each group's corners up to the end, its numbers at the ticks, marks or none."""
    curves, view, per_year = wanted.curves, wanted.view, units_per_year(wanted.unit)
    followed = float(curves.loc[curves["estimate"].notna(), "years"].max())
    last = min(followed, view.up_to_years or followed) or 1 / per_year
    groups = {group: rows.sort_values("years") for group, rows in curves.groupby("group", sort=False)}
    countable = not any(curve_steps.has_late_entries(rows) for rows in groups.values())
    ticks = _ticks(wanted, last, countable)
    drawn = tuple(
        Curve(group, wanted.label(group), place, curve_steps.from_the_start(rows, last), _table(group, rows if countable else None, wanted.at_risk, ticks))
        for place, (group, rows) in enumerate(groups.items()))
    lowest = min(curve.corners["estimate"].min() for curve in drawn)
    if lowest < view.y_low:
        raise UsageError(f"y_low={view.y_low:g} would hide part of a curve, which falls to {lowest:.3f}; choose a lower one")
    most_marks = max(len(curve_steps.censor_marks(curve.corners)) for curve in drawn)
    unit = _sentence(wanted.unit)
    return Sheet(
        drawn, ticks, last, per_year, x_title=f"{unit} since {view.since}" if view.since else f"{unit} of follow-up", y_low=view.y_low, bands=view.bands,
        marks=most_marks <= MANY_CENSORED if view.censor_marks is None else view.censor_marks)


def _ticks(wanted: _Wanted, last: float, countable: bool) -> np.ndarray:
    """Give the ticks in years: those asked for, those of the table, or round ones; 0 wherever it can be counted."""
    asked = wanted.view.at_years if wanted.view.at_years is not None else None if wanted.at_risk is None else wanted.at_risk["years"]
    if asked is None:
        per_year = units_per_year(wanted.unit)
        return curve_steps.round_ticks(last * per_year, wanted.unit) / per_year
    times = np.unique(np.asarray(list(asked), dtype="float64"))
    within = times[times <= last * (1 + curve_steps.NEAR)]
    return np.unique(np.append(0.0, within)) if countable or not len(within) else within


def _table(group: str, rows: pd.DataFrame | None, at_risk: pd.DataFrame | None, ticks: np.ndarray) -> pd.DataFrame:
    """Give one group's numbers at the ticks: from the table given, else counted from its curve."""
    own = pd.DataFrame(columns=["years"]) if at_risk is None else at_risk.loc[at_risk["group"] == group].astype(dict.fromkeys(curve_steps.COUNTS, "float64"))
    lines = []
    for tick in ticks:
        given = own.loc[np.isclose(own["years"].astype("float64"), tick, rtol=curve_steps.NEAR, atol=0)]
        if len(given):
            lines.append({"years": tick, **given.iloc[0][list(curve_steps.COUNTS)]})
        elif rows is not None:
            lines.append(curve_steps.counts_at(rows, np.array([tick])).iloc[0].to_dict())
        else:
            raise UsageError(
                f"patients enter late, so the curve cannot say who is at risk at {format_years(tick)}: give at_risk with that time for every group")
    return pd.DataFrame(lines)


def _drawn(curves: pd.DataFrame, sheet: Sheet) -> pd.DataFrame:
    """Gather every number in the picture: the corners of the curves, and the table."""
    parts = []
    for curve in sheet.curves:
        own = curves.loc[(curves["group"] == curve.group) & curves["estimate"].notna() & (curves["years"] <= sheet.last * (1 + curve_steps.NEAR))]
        kind = {name: curves[name].iloc[0] for name in ("endpoint", "cause", "estimand")}
        table = curve.table.reindex(columns=CURVES.names).assign(**kind, group=curve.group)
        parts += [own.sort_values("years").assign(part="curve", label=curve.label), table.assign(part="table", label=curve.label)]
    whole = pd.DataFrame({name: [value for part in parts for value in part[name]] for name in ("part", "label", *CURVES.names)})
    counts = {name: whole[name].astype("float64").astype("Int64") for name in curve_steps.COUNTS}
    return whole.assign(**counts)


def _caption(curves: pd.DataFrame, sheet: Sheet) -> str:
    level = f"{100 * curves['conf_level'].iloc[0]:g}%" if curves["conf_level"].notna().any() else ""
    how = ", ".join([curves["estimand"].iloc[0], *curves["method"].dropna().unique()])
    parts = [f"{sheet.y_title} ({how})" + (f" with pointwise {level} confidence bands." if sheet.bands and level else ".")]
    parts.append("At risk at a time t are patients followed to t or longer (time \u2265 t); censored and events are counted up to and including t.")
    crowded = any(len(curve_steps.censor_marks(curve.corners)) for curve in sheet.curves)
    unmarked = "Censored patients are counted in the table and not marked on the curves." if crowded else ""
    parts.append("Short vertical lines mark censored patients." if sheet.marks else unmarked)
    if any(few for curve in sheet.curves for few, _ in curve_steps.by_number_at_risk(curve.corners)):
        parts.append(f"Curves are drawn lighter where fewer than {FEW_AT_RISK} patients are at risk.")
    if sheet.y_low:
        parts.append(f"The vertical axis starts at {format_percent(sheet.y_low, 0)}; bands are cut there.")
    if sheet.synthetic:
        parts.append(MADE)
    return " ".join(filter(None, parts))


def _alt_text(sheet: Sheet, words: str, conf_level: float) -> str:
    """Say what the picture shows, with the numbers at the last tick that every group reaches."""
    ends = [curve.corners["years"].iloc[-1] for curve in sheet.curves]
    time = max([tick for tick in sheet.ticks if tick <= min(ends) * (1 + curve_steps.NEAR)] + [0.0])
    said = "; ".join(_say(curve, time or np.inf, conf_level) for curve in sheet.curves)
    parts = ["Synthetic cohort."] if sheet.synthetic else []
    kind = "Kaplan-Meier curve" if len(sheet.curves) == 1 else f"{len(sheet.curves)} Kaplan-Meier curves"
    parts.append(f"{kind} of {words} over {format_years(max(ends))}.")
    parts.append(f"{f'At {format_years(time)}' if time else 'At the end of follow-up'}: {said}.")
    if sheet.ticks[0] == 0:
        parts.append("Patients at the start: " + "; ".join(f"{curve.label} {format_count(curve.table['n_risk'].iloc[0])}" for curve in sheet.curves) + ".")
    return " ".join(parts)


def _say(curve: Curve, time: float, conf_level: float) -> str:
    row = curve_steps.value_at(curve.corners, time)
    interval = format_interval(row["conf_low"], row["conf_high"], format_percent)
    shown = f" ({100 * conf_level:g}% interval {interval})" if row[["conf_low", "conf_high"]].notna().all() and conf_level == conf_level else ""
    return f"{curve.label} {format_percent(row['estimate'])}{shown}"
