"""Curves as steps: what a CURVES frame says between its times, in arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..columns import CURVES
from .style import FEW_AT_RISK

NEAR = 1e-9  # relative: a tick that is a follow-up time but for rounding is that time
FINEST = 1 / 1500  # of survival: a seventh of a point on paper, which nobody sees; a band of 20,000 patients shrinks twentyfold
MANY = 600  # corners of a line: with more, those that cannot be seen are left out where every day is a corner
COUNTS = ("n_risk", "n_event", "n_censor")


def from_the_start(rows: pd.DataFrame, last: float, begins: float = 1.0) -> pd.DataFrame:
    """Give the corners of one group's curve: (0, where it begins), its times up to `last`, and `last` itself where follow-up goes on."""
    shown = rows.loc[rows["estimate"].notna(), ["years", "estimate", "conf_low", "conf_high", *COUNTS]].astype("float64")
    at_start = {"years": 0.0, "estimate": begins, "conf_low": begins, "conf_high": begins, "n_risk": np.nan, "n_event": 0.0, "n_censor": 0.0}
    start = pd.DataFrame([at_start])
    corners = pd.concat([start, shown], ignore_index=True)
    corners["n_after"] = corners["n_risk"].shift(-1)  # at risk from this corner to the next
    within = corners["years"] <= last * (1 + NEAR)
    if within.all():
        return corners
    end = corners.loc[within].iloc[[-1]].assign(years=last)
    return pd.concat([corners.loc[within], end], ignore_index=True)


def by_number_at_risk(corners: pd.DataFrame) -> list[tuple[bool, pd.DataFrame]]:
    """Cut a curve where the number at risk crosses ten: (few?, corners), neighbours sharing a corner."""
    if len(corners) < 2:
        return [(False, corners)]
    few = (corners["n_after"].iloc[:-1] < FEW_AT_RISK).to_numpy()
    cuts = [0, *(np.flatnonzero(few[1:] != few[:-1]) + 1), len(few)]
    return [(bool(few[start]), corners.iloc[start:stop + 1]) for start, stop in zip(cuts, cuts[1:])]


def band(corners: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give a stepped band as (x, low, high), without the steps that print cannot show."""
    years, low, high = (corners[name].to_numpy() for name in ("years", "conf_low", "conf_high"))
    kept = _seen_apart(low, high)
    years, low, high = years[kept], low[kept], high[kept]
    return np.repeat(years, 2)[1:], np.repeat(low, 2)[:-1], np.repeat(high, 2)[:-1]


def _seen_apart(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Mark the steps at which either limit has visibly moved since the last one marked; the ends and the edges of gaps stay."""
    kept = np.ones(len(low), dtype=bool)
    last_low, last_high = low[0], high[0]
    for place in range(1, len(low) - 1):
        if abs(low[place] - last_low) < FINEST and abs(high[place] - last_high) < FINEST:
            kept[place] = False
        else:
            last_low, last_high = low[place], high[place]
    return kept


def seen(corners: pd.DataFrame) -> pd.DataFrame:
    """Leave out, of a line of many corners, those at which it has not visibly moved; its ends stay, and where fewer than ten come to be at risk."""
    if len(corners) <= MANY:
        return corners
    values = corners["estimate"].to_numpy()
    kept = _seen_apart(values, values)
    few = (corners["n_after"] < FEW_AT_RISK).to_numpy()
    return corners[kept | np.append(False, few[1:] != few[:-1])]


def censor_marks(corners: pd.DataFrame) -> pd.DataFrame:
    """Give the corners at which somebody's follow-up ended without the event."""
    return corners.loc[corners["n_censor"].diff().fillna(0) > 0]


def has_late_entries(rows: pd.DataFrame) -> bool:
    """Tell whether patients came under observation later than the start: then the curve alone cannot say who is at risk between its times."""
    risk, event, censor = (rows[name].to_numpy(dtype="float64") for name in COUNTS)
    left = np.concatenate([[0.0], (event + censor)[:-1]])
    # Sums of weights are not exact.
    return not np.allclose(risk, risk[0] - left, rtol=0, atol=NEAR * risk[0]) if len(rows) else False


def counts_at(rows: pd.DataFrame, ticks: np.ndarray, names: Sequence[str] = COUNTS) -> pd.DataFrame:
    """Count at risk (time >= tick), and events and censored (time <= tick), at each tick, from one group's curve without late entries."""
    years = rows["years"].to_numpy(dtype="float64")
    not_before = np.searchsorted(years, ticks * (1 - NEAR), side="left")
    until = np.searchsorted(years, ticks * (1 + NEAR), side="right")
    counted = {name: rows[name].to_numpy(dtype="float64") for name in names}
    return pd.DataFrame({"years": ticks} | {
        name: np.append(values, 0.0)[not_before] if name == "n_risk" else np.append(0.0, values)[until] for name, values in counted.items()})


def stacked(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Stack curves of one group: `years, n_after`, and in column k the sum of the first k + 1 estimates, at every time of any of them."""
    years = np.unique(np.concatenate([part["years"].to_numpy() for part in parts]))
    place = [np.searchsorted(part["years"].to_numpy(), years, side="right") - 1 for part in parts]
    heights = np.cumsum([part["estimate"].to_numpy()[at] for part, at in zip(parts, place)], axis=0)
    return pd.DataFrame({"years": years, "n_after": parts[0]["n_after"].to_numpy()[place[0]], **dict(enumerate(heights))})


def value_at(corners: pd.DataFrame, years: float) -> pd.Series:
    """Give the last corner at or before a time."""
    return corners.loc[corners["years"] <= years * (1 + NEAR)].iloc[-1]


def round_ticks(last: float, unit: str) -> np.ndarray:
    """Give round ticks from 0 up to the end of follow-up, in the axis's unit, at most eight of them."""
    steps = (1, 2, 3, 6, 12, 24, 36, 60, 120) if unit == "months" else (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
    step = next((step for step in steps if last / step < 8), last)
    return np.round(np.arange(0, last * (1 + NEAR), step), 10)


def joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the rows of curves and tables together, with `part` and `label` before the columns of CURVES."""
    whole = pd.DataFrame({name: [value for part in parts for value in part[name]] for name in ("part", "label", *CURVES.names)})
    counts = {name: whole[name].astype("float64") for name in COUNTS}
    return whole.assign(**{name: values.astype("Int64") if (values.dropna() % 1 == 0).all() else values for name, values in counts.items()})
