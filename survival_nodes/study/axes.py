"""What every part of a study needs to show its frames: the times under the curves, and the names of terms in print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..cohort import Cohort

if TYPE_CHECKING:
    from .study import Study

# Curves are read at whole steps of the axis; this many ticks fit the table under a figure of journal width.
TICKS_WANTED = 7
STEPS_YEARS = (0.25, 0.5, 1, 2, 2.5, 5, 10, 20)
ZOOM_ABOVE = 0.75


def axis_start(curves: pd.DataFrame, horizon: float | None) -> float:
    """Choose where the axis of survival starts: at 0, unless every curve and band stays above three quarters (the axis says so)."""
    shown = curves if horizon is None else curves[curves["years"] <= horizon]
    lowest = float(shown["conf_low"].min())
    return float(np.floor(lowest * 10) / 10) if lowest > ZOOM_ABOVE else 0.0


def axis_times(curves: pd.DataFrame, horizon: float | None) -> tuple[float, ...]:
    """Choose the times, in years, at which the table under the curves stands."""
    longest = float(curves["years"].max()) if len(curves) else 1.0
    longest = longest if horizon is None else min(longest, horizon)
    step = next((step for step in STEPS_YEARS if longest / step <= TICKS_WANTED), STEPS_YEARS[-1])
    return tuple(step * count for count in range(int(longest / step) + 1))


def term_labels(study: Study, cohort: Cohort) -> dict[str, str]:
    """Name the levels of every characteristic in print as its terms, so that one column's `negative` is not named as another's."""
    own = {column: study.labels if column == study.by else study.words.labels for column in cohort.levels}
    named = {f"{column}[T.{level}]": own[column][level] for column, levels in cohort.levels.items() for level in map(str, levels) if level in own[column]}
    return {**named, **study.labels}
