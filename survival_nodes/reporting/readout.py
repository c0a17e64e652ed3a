"""What a reader may read off survival curves: the estimate and its interval of every group at round times, as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..units import MISSING, format_interval, format_percent, format_years, is_missing

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

    from ..study.findings import Figure

AT_START = {"observed": 1.0, "cause-specific": 1.0, "net": 1.0, "cumulative-incidence": 0.0, "crude-probability": 0.0}
NEEDED = {"part", "label", "years", "estimate", "conf_low", "conf_high", "conf_level", "estimand"}
MOST_TIMES = 400
FIRST_SHOWN_YEARS = 5.0
# Relative: a round time that is a time of follow-up but for rounding is that time.
NEAR = 1e-9


@dataclass(frozen=True)
class Readout:
    """Texts at round times: `estimates[group][i]` and `intervals[group][i]` belong to `times[i]`; `shown` is the time shown first.

    `places` are the numbers under which the picture knows the groups, `axis` is where the picture has its times.
    """

    times: tuple[str, ...]
    years: tuple[float, ...]
    groups: tuple[str, ...]
    places: tuple[int, ...]
    estimates: tuple[tuple[str, ...], ...]
    intervals: tuple[tuple[str, ...], ...]
    level: str
    shown: int
    axis: TimeAxis | None

    @property
    def for_script(self) -> dict[str, object]:
        """What the page's script needs."""
        axis = vars(self.axis) if self.axis else None
        return {"times": self.times, "years": self.years, "estimates": self.estimates, "intervals": self.intervals, "places": self.places, "axis": axis}


@dataclass(frozen=True)
class TimeAxis:
    """Where a picture shows time: the place of time zero, the length of a year, the upper and lower edge of all panels and of each, in the units of the SVG."""

    left: float
    per_year: float
    top: float
    bottom: float
    panels: tuple[tuple[float, float], ...]


def readout(figure: Figure) -> Readout | None:
    """Read curves at round times, or give None where a figure shows no curves.

    A curve is read as the step it is: the last estimate at or before the time, the start before the first one, and nothing beyond the group's follow-up.

    Parameters
    ----------
    figure
        Its curves are the rows of its numbers whose `part` is `curve`; those under its ticks the rows whose `part` is `table`.
    """
    drawn = figure.data
    if not NEEDED.issubset(drawn.columns):
        return None
    curves = drawn[(drawn["part"] == "curve") & drawn["estimate"].notna()]
    if curves.empty or not set(curves["estimand"]) <= set(AT_START):
        return None
    years = round_times(float(curves["years"].max()))
    groups = {str(label): rows for label, rows in curves.groupby("label", sort=False)}
    texts = [_read(rows, years) for rows in groups.values()]
    level = curves["conf_level"].iloc[0]
    in_order = [str(label) for label in drawn["label"].drop_duplicates()]
    return Readout(
        times=tuple(map(format_years, years)), years=tuple(years), groups=tuple(groups), places=tuple(map(in_order.index, groups)), shown=_first_shown(years),
        estimates=tuple(estimates for estimates, _ in texts), intervals=tuple(intervals for _, intervals in texts),
        level="interval" if is_missing(level) else f"{format_percent(level, 0)} CI",
        axis=_time_axis(figure.drawing(), drawn.loc[drawn["part"] == "table", "years"].astype("float64").unique()))


def _time_axis(drawing: Drawing, tick_years: np.ndarray) -> TimeAxis | None:
    """Find the axis of time from its ticks, or give None where the drawing does not have those of the table."""
    axes, points = drawing.axes[0], 72 * drawing.get_size_inches()
    ticks, (first, last), place = axes.get_xticks(), axes.get_xlim(), axes.get_position()
    if len(ticks) != len(tick_years) or not tick_years.max() > 0:
        return None
    unit = points[0] * place.width / (last - first)
    per_year = unit * max(ticks) / tick_years.max()
    # Panels stand one above the other over the same axis of time; SVG counts downwards.
    panels = tuple((_round(points[1] * (1 - panel.y1)), _round(points[1] * (1 - panel.y0))) for panel in (axes.get_position() for axes in drawing.axes))
    return TimeAxis(
        _round(points[0] * place.x0 - first * unit), _round(per_year), min(top for top, _ in panels), max(bottom for _, bottom in panels), panels)


def _round(number: float) -> float:
    return round(float(number), 3)


def round_times(last: float) -> list[float]:
    """Give 0 and round times up to the end of follow-up: steps of a power of ten of years, at most 400 of them.

    >>> round_times(0.0003)[-1], round_times(12.31)[-2:]
    (0.0003, [12.2, 12.3])
    """
    return _steps(last, 10.0 ** math.ceil(math.log10(last / MOST_TIMES) - 1e-12)) if last > 0 else [0.0]


def _steps(last: float, step: float) -> list[float]:
    digits = max(0, -round(math.log10(step)))
    return [round(number * step, digits) for number in range(math.floor(last / step * (1 + NEAR)) + 1)]


def _first_shown(years: Sequence[float]) -> int:
    wanted = FIRST_SHOWN_YEARS if years[-1] >= FIRST_SHOWN_YEARS else years[-1] / 2
    return int(np.argmin(np.abs(np.asarray(years) - wanted)))


def _read(rows: pd.DataFrame, years: Sequence[float]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    rows = rows.sort_values("years")
    times = rows["years"].to_numpy(dtype="float64")
    places = np.searchsorted(times, np.asarray(years) * (1 + NEAR), side="right") - 1
    beyond = np.asarray(years) > times[-1] * (1 + NEAR)
    lines = rows[["estimate", "conf_low", "conf_high"]].astype("float64").itertuples(index=False)
    written = [(format_percent(estimate), format_interval(low, high, format_percent)) for estimate, low, high in lines]
    start = (format_percent(AT_START[rows["estimand"].iloc[0]]), MISSING)
    read = [(MISSING, MISSING) if past else start if place < 0 else written[place] for place, past in zip(places, beyond)]
    return tuple(estimate for estimate, _ in read), tuple(interval for _, interval in read)
