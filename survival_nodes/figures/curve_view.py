"""How curves over time are shown, and the words and numbers that every picture of them needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..columns import CURVES, ESTIMATES, require
from ..errors import InputError, UsageError, unknown_name
from ..units import format_count, format_interval, format_percent, format_years, units_per_year
from . import curve_steps
from .curve_drawing import Curve, Sheet
from .style import FEW_AT_RISK, MADE

TIME_UNITS = ("years", "months")
AT_RISK = "At risk at a time t are patients followed to t or longer (time \u2265 t); censored and events are counted up to and including t."


@dataclass(frozen=True)
class CurveView:
    """How curves over time are shown.

    Attributes
    ----------
    title : str
        A line above the picture.
    since : str
        What time is counted from, for the title of the axis, as "diagnosis".
    at_years : sequence of float, optional
        Ticks in years; else those of the table that is given, else round ones.
    up_to_years : float, optional
        Where the picture ends, which the caption says; else at the end of follow-up. Nothing is ever drawn beyond follow-up.
    y_low : float
        Where the vertical axis of survival starts, a fraction; other than 0 the axis says so.
    bands : bool
        Whether the confidence bands are drawn.
    censor_marks : bool, optional
        Whether censored patients are marked on survival curves; else only where no group has more than 250 such times.
    time_unit : str
        Unit of the horizontal axis: `years` or `months`.
    """

    title: str = ""
    since: str = ""
    at_years: Sequence[float] | None = None
    up_to_years: float | None = None
    y_low: float = 0.0
    bands: bool = True
    censor_marks: bool | None = None
    time_unit: str = "years"

    def __post_init__(self) -> None:
        if not 0 <= self.y_low < 1:
            raise UsageError(f"y_low is {self.y_low:g}; give the fraction at which the vertical axis starts, from 0 to below 1")
        if self.up_to_years is not None and not self.up_to_years > 0:
            raise UsageError(f"up_to_years is {self.up_to_years:g}; give a time above 0")
        if any(not tick >= 0 for tick in self.at_years or ()):
            raise UsageError("a tick lies before the start of follow-up: give at_years of 0 or more")
        if self.time_unit not in TIME_UNITS:
            raise UsageError(unknown_name("unit for the axis of time", self.time_unit, TIME_UNITS))


@dataclass(frozen=True, eq=False)
class Wanted:
    """What was asked for, with its words resolved."""

    curves: pd.DataFrame
    at_risk: pd.DataFrame | None
    labels: Mapping[str, str]
    view: CurveView

    def label(self, group: str) -> str:
        """Give the name of a group in print."""
        return {"all": "All patients", **self.labels}.get(group, group)

    def cause(self, cause: str) -> str:
        """Give the name of a cause in print; `cause[T.other]` names it where a group is called `other` too."""
        return sentence(self.labels.get(f"cause[T.{cause}]", self.labels.get(cause, cause)))

    @property
    def per_year(self) -> float:
        """Units of the axis to the year."""
        return units_per_year(self.view.time_unit)

    @property
    def followed(self) -> float:
        """The last time that any curve reaches."""
        return float(self.curves.loc[self.curves["estimate"].notna(), "years"].max())

    @property
    def last(self) -> float:
        """Where the picture ends."""
        return min(self.followed, self.view.up_to_years or self.followed) or 1 / self.per_year

    @property
    def x_title(self) -> str:
        """The title of the axis of time."""
        unit = sentence(self.view.time_unit)
        return f"{unit} since {self.view.since}" if self.view.since else f"{unit} of follow-up"

    def ticks(self, countable: bool) -> np.ndarray:
        """Give the ticks in years: those asked for, those of the table, or round ones; 0 wherever it can be counted."""
        asked = self.view.at_years if self.view.at_years is not None else None if self.at_risk is None else self.at_risk["years"]
        if asked is None:
            return curve_steps.round_ticks(self.last * self.per_year, self.view.time_unit) / self.per_year
        times = np.unique(np.asarray(list(asked), dtype="float64"))
        within = times[times <= self.last * (1 + curve_steps.NEAR)]
        return np.unique(np.append(0.0, within)) if countable or not len(within) else within

    @property
    def cut(self) -> str:
        """Say where the picture ends before follow-up does."""
        shorter = self.last < self.followed * (1 - curve_steps.NEAR)
        return f"The picture ends at {format_years(self.last)}; follow-up goes on to {format_years(self.followed)}." if shorter else ""


def sentence(words: str) -> str:
    """Begin with a capital."""
    return words[:1].upper() + words[1:]


def check_curves(curves: pd.DataFrame, at_risk: pd.DataFrame | None, one_of_each: Sequence[str]) -> None:
    """Refuse a frame of another schema, without estimates, or of several of what there must be one of."""
    require(curves, CURVES)
    if at_risk is not None:
        require(at_risk, ESTIMATES)
    if curves["estimate"].notna().sum() == 0:
        raise InputError("the frame of curves holds no estimate: there is nothing to draw")
    for name in one_of_each:
        found = curves[name].drop_duplicates().tolist()
        if len(found) > 1:
            raise UsageError(f"curves of several {name}s were given ({', '.join(map(str, found))}): draw one at a time")


def numbers_at(ticks: np.ndarray, given: pd.DataFrame | None, counted: pd.DataFrame | None, names: Sequence[str]) -> pd.DataFrame:
    """Give one group's numbers at the ticks: from the table given, else as counted from its curve (None where that cannot be)."""
    own = pd.DataFrame(columns=["years"]) if given is None else given.astype(dict.fromkeys(names, "float64"))
    lines = []
    for tick in ticks:
        found = own.loc[np.isclose(own["years"].astype("float64"), tick, rtol=curve_steps.NEAR, atol=0)]
        if len(found):
            lines.append({"years": tick, **found.iloc[0][list(names)]})
        elif counted is not None:
            lines.append(curve_steps.counts_at(counted, np.array([tick]), names).iloc[0].to_dict())
        else:
            raise UsageError(
                f"patients enter late, so the curve cannot say who is at risk at {format_years(tick)}: give at_risk with that time for every group")
    return pd.DataFrame(lines)


def band_words(curves: pd.DataFrame, bands: bool) -> str:
    """End the first sentence of a caption: how it was estimated, and the bands."""
    level = f"{100 * curves['conf_level'].iloc[0]:g}%" if curves["conf_level"].notna().any() else ""
    how = ", ".join([curves["estimand"].iloc[0], *curves["method"].dropna().unique()])
    return f" ({how})" + (f" with pointwise {level} confidence bands." if bands and level else ".")


def few_words(curves: Sequence[Curve]) -> str:
    """Say that lines are lighter where few are at risk, where any is."""
    few = any(few for curve in curves for few, _ in curve_steps.by_number_at_risk(curve.corners))
    return f"Curves are drawn lighter where fewer than {FEW_AT_RISK} patients are at risk." if few else ""


def caption_of(*parts: str, synthetic: bool) -> str:
    """Join what there is to say."""
    return " ".join(filter(None, [*parts, MADE if synthetic else ""]))


def last_common_tick(sheet: Sheet, curves: Sequence[Curve]) -> float:
    """Give the last tick that every curve reaches; 0 where none does."""
    ends = [curve.corners["years"].iloc[-1] for curve in curves]
    return max([tick for tick in sheet.ticks if tick <= min(ends) * (1 + curve_steps.NEAR)] + [0.0])


def say(curve: Curve, time: float, conf_level: float) -> str:
    """Say what a curve shows at a time, with its interval."""
    row = curve_steps.value_at(curve.corners, time)
    interval = format_interval(row["conf_low"], row["conf_high"], format_percent)
    shown = f" ({100 * conf_level:g}% interval {interval})" if row[["conf_low", "conf_high"]].notna().all() and conf_level == conf_level else ""
    return f"{curve.label} {format_percent(row['estimate'])}{shown}"


def starts(sheet: Sheet) -> str:
    """Say how many patients there are at the start, where the table has it."""
    if sheet.ticks[0] != 0:
        return ""
    blocks = [block for panel in sheet.panels for block in panel.blocks]
    return "Patients at the start: " + "; ".join(f"{block.label} {format_count(block.table['n_risk'].iloc[0])}" for block in blocks) + "."
