"""The score test of proportional hazards of a Cox model that has been fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..columns import TESTS, frame_of
from ..errors import InputError, UsageError
from ..kernels.proportional_hazards import TRANSFORMS, score_test, transformed_times
from ..kernels.tails import chi_square_tail
from .options import check_choice

if TYPE_CHECKING:
    from .cox_fit import CoxFit


def proportionality_tests(fit: CoxFit, transform: str, per_coefficient: bool) -> pd.DataFrame:
    """Test each term, or each coefficient, then all; see `CoxFit.proportional_hazards`."""
    check_choice("transform", transform, TRANSFORMS)
    check_unpenalised(fit.penalty)
    single = {name: (place,) for place, name in enumerate(fit.design.names)}
    return score_tests(fit, transform, single if per_coefficient else fit.design.groups)


def check_unpenalised(penalty: str | None) -> None:
    """Raise UsageError for a model with a penalty."""
    if penalty:
        raise UsageError("the score test of proportional hazards is that of a likelihood without a penalty: leave penalty out of the model")


def score_tests(fit: CoxFit, transform: str, groups: Mapping[str, Sequence[int]]) -> pd.DataFrame:
    """Test groups of columns, then all; missing where the columns have no estimate."""
    finite = fit.coefficients["coefficient"].notna().to_numpy() if fit.evaluation else np.zeros(len(fit.coefficients), dtype=bool)
    tested = {name: [int(column) for column in columns if finite[column]] for name, columns in groups.items()}
    tested["GLOBAL"] = np.flatnonzero(finite).tolist()
    statistics = dict.fromkeys(tested, np.nan)
    testable = [name for name, columns in tested.items() if columns]
    if testable:
        statistics.update(zip(testable, _statistics(fit, transform, finite, [tested[name] for name in testable]), strict=True))
    return frame_of(TESTS, [
        {"test": f"proportional hazards ({transform})", "comparison": name, "statistic": statistics[name], "df": len(columns) or None,
         "p_value": chi_square_tail(len(columns), float(statistics[name])) if columns else np.nan} for name, columns in tested.items()])


def _statistics(fit: CoxFit, transform: str, finite: np.ndarray, groups: list[list[int]]) -> np.ndarray:
    rows, sets = fit.rows, fit.evaluation.likelihood.sets
    times = rows.clock.times(sets.ticks)
    if transform == "log" and not (times > 0).all():
        raise InputError("an event at time 0 has no logarithm: test with transform 'km', 'rank' or 'identity'")
    g = transformed_times(transform, rows.entry if rows.enters_late else None, rows.exit, rows.event, sets.ticks, times, rows.repeats)
    # A column whose coefficient runs away weighs nothing in the limit: its information vanishes, and it is left out.
    place = np.cumsum(finite) - 1
    return score_test(fit.evaluation.only(finite), g, [[int(place[column]) for column in group] for group in groups])
