"""Restricted cubic splines in formulas: `rcs(age, 4)` with knots at quantiles of the rows fitted, `rcs(age, [35, 50, 65])` with one's own."""

from __future__ import annotations

import ast
from collections.abc import Callable, MutableMapping
from functools import cache
from numbers import Real
from typing import Any

import numpy as np

from ..errors import InputError, UsageError
from ..kernels.splines import FEWEST_KNOTS, MOST_KNOTS, default_knots, restricted_cubic_basis
from ..units import format_count

SPLINE = "rcs"
_WANTED = f"the knots of {SPLINE} are a number from {FEWEST_KNOTS} to {MOST_KNOTS}, or a list of {FEWEST_KNOTS} or more rising numbers, as rcs(age, 4)"


def check_call(call: ast.Call) -> None:
    """Refuse `rcs(...)` in a formula unless its knots are numbers written out.

    Raises
    ------
    UsageError
        Saying what knots may be.
    """
    given = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
    if len(given) != 1 or not call.args or any(keyword.arg != "knots" for keyword in call.keywords):
        raise UsageError(f"{ast.unparse(call)!r} in a formula: {_WANTED}")
    try:
        knots = ast.literal_eval(given[0])
    except ValueError:
        raise UsageError(f"{ast.unparse(call)!r} in a formula: {_WANTED}") from None
    _check_knots(knots)


def _check_knots(knots: object) -> None:
    if isinstance(knots, int) and not isinstance(knots, bool) and FEWEST_KNOTS <= knots <= MOST_KNOTS:
        return
    numbers = isinstance(knots, (list, tuple)) and all(isinstance(knot, Real) and np.isfinite(knot) for knot in knots)
    if not numbers or len(knots) < FEWEST_KNOTS or not (np.diff(knots) > 0).all():
        raise UsageError(f"{_WANTED}, not {knots!r}")


@cache
def transforms() -> dict[str, Callable]:
    """Give what formulas know beyond formulaic's own functions; the knots of the rows fitted are kept for other rows."""
    from formulaic.utils.stateful_transforms import stateful_transform

    return {SPLINE: stateful_transform(_spline)}


def _spline(values: Any, knots: int | list[float], _state: MutableMapping[str, Any]) -> Any:
    from formulaic.materializers.types import FactorValues

    try:
        numbers = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise UsageError(f"{SPLINE} is a curve of a number, and a column of categories was given: leave it without {SPLINE}") from None
    if "knots" not in _state:
        _state["knots"] = _place_knots(numbers, knots)
    basis = restricted_cubic_basis(numbers, _state["knots"])
    return FactorValues(dict(enumerate(basis.T, start=1)), kind="numerical", spans_intercept=False, format="{name}[{field}]")


def _place_knots(values: np.ndarray, knots: int | list[float]) -> np.ndarray:
    if not isinstance(knots, int):
        return np.array(knots, dtype=float)
    placed = default_knots(values, knots)
    if not (np.diff(placed) > 0).all():
        apart = format_count(len(np.unique(values)))
        raise InputError(
            f"{knots} knots of {SPLINE} fall on fewer values (the column has {apart} different ones, many patients share one): "
            f"give the knots yourself, as {SPLINE}(age, [35, 50, 65]), or fewer")
    return placed
