"""Curves as steps: what a CURVES frame says between its times, in arrays."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .style import FEW_AT_RISK

NEAR = 1e-9  # relative: a tick that is a follow-up time but for rounding is that time
FINEST = 1 / 1500  # of survival: a seventh of a point on paper, which nobody sees; a band of 20,000 patients shrinks twentyfold
COUNTS = ("n_risk", "n_event", "n_censor")


def from_the_start(rows: pd.DataFrame, last: float) -> pd.DataFrame:
    """Give the corners of one group's curve: (0, 1), its times up to `last`, and `last` itself where follow-up goes on."""
    shown = rows.loc[rows["estimate"].notna(), ["years", "estimate", "conf_low", "conf_high", *COUNTS]].astype("float64")
    start = pd.DataFrame({"years": [0.0], "estimate": [1.0], "conf_low": [1.0], "conf_high": [1.0], "n_risk": [np.nan], "n_event": [0.0], "n_censor": [0.0]})
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


def censor_marks(corners: pd.DataFrame) -> pd.DataFrame:
    """Give the corners at which somebody's follow-up ended without the event."""
    return corners.loc[corners["n_censor"].diff().fillna(0) > 0]


def has_late_entries(rows: pd.DataFrame) -> bool:
    """Tell whether patients came under observation later than the start: then the curve alone cannot say who is at risk between its times."""
    risk, event, censor = (rows[name].to_numpy(dtype="float64") for name in COUNTS)
    left = np.concatenate([[0.0], (event + censor)[:-1]])
    return bool(np.any(risk != risk[0] - left)) if len(rows) else False


def counts_at(rows: pd.DataFrame, ticks: np.ndarray) -> pd.DataFrame:
    """Count at risk (time >= tick), events and censored (time <= tick) at each tick, from one group's curve without late entries."""
    years = rows["years"].to_numpy(dtype="float64")
    risk, event, censor = (rows[name].to_numpy(dtype="float64") for name in COUNTS)
    not_before = np.searchsorted(years, ticks * (1 - NEAR), side="left")
    until = np.searchsorted(years, ticks * (1 + NEAR), side="right")
    return pd.DataFrame({
        "years": ticks,
        "n_risk": np.append(risk, 0.0)[not_before],
        "n_event": np.concatenate([[0.0], event])[until],
        "n_censor": np.concatenate([[0.0], censor])[until],
    })


def value_at(corners: pd.DataFrame, years: float) -> pd.Series:
    """Give the last corner at or before a time."""
    return corners.loc[corners["years"] <= years * (1 + NEAR)].iloc[-1]


def round_ticks(last: float, unit: str) -> np.ndarray:
    """Give round ticks from 0 up to the end of follow-up, in the axis's unit, at most eight of them."""
    steps = (1, 2, 3, 6, 12, 24, 36, 60, 120) if unit == "months" else (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
    step = next((step for step in steps if last / step < 8), last)
    return np.round(np.arange(0, last * (1 + NEAR), step), 10)
