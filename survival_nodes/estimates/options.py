"""What the options of several estimators have in common: their checks, and the quantile of an interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from statistics import NormalDist

from ..errors import UsageError


def check_conf_level(conf_level: float) -> None:
    """Raise UsageError unless the level lies strictly between 0 and 1."""
    if not _is_number(conf_level) or not 0 < conf_level < 1:
        hint = f"; did you mean {conf_level / 100:g}?" if _is_number(conf_level) and 1 < conf_level < 100 else ""
        raise UsageError(f"conf_level is a fraction between 0 and 1, as 0.95, not {conf_level!r}{hint}")


def check_choice(option: str, value: object, known: Iterable[str]) -> None:
    """Raise UsageError unless the value is one of the words that an option takes."""
    known = tuple(known)
    if value not in known:
        raise UsageError(f"{option} is one of {', '.join(known)}, not {value!r}")


def check_not_negative(option: str, value: float) -> None:
    """Raise UsageError unless the value is a finite number, 0 or more."""
    if not _is_number(value) or not 0 <= value < math.inf:
        raise UsageError(f"{option} is a number, 0 or more, not {value!r}")


def check_whole(option: str, value: object, least: int) -> None:
    """Raise UsageError unless the value is a whole number, `least` or more."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise UsageError(f"{option} is a whole number, {least} or more, not {value!r}")


def times_in_years(at_years: float | Iterable[float]) -> tuple[float, ...]:
    """Give times as a tuple of floats; UsageError unless there are some, each finite and not negative."""
    return _numbers("at_years", at_years, "times in years, 0 or more, as (1, 5)", lambda time: 0 <= time < math.inf)


def fractions(probs: float | Iterable[float]) -> tuple[float, ...]:
    """Give fractions as a tuple of floats; UsageError unless there are some, each strictly between 0 and 1."""
    return _numbers("probs", probs, "fractions between 0 and 1, as (0.25, 0.5)", lambda prob: 0 < prob < 1)


def listed(names: Iterable[str], most: int = 10) -> str:
    """Join names for a message, and only count those beyond the first few: a column of single patients has as many levels.

    >>> listed("abc"), listed("abcde", 2)
    ('a, b, c', 'a, b and 3 more')
    """
    names = [str(name) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def normal_quantile(conf_level: float) -> float:
    """Give the standard normal quantile of a two-sided interval (Wichura 1988, Appl Stat 37:477-484, algorithm AS 241).

    >>> round(normal_quantile(0.95), 6)
    1.959964
    """
    return NormalDist().inv_cdf(1 - (1 - conf_level) / 2)


def _numbers(option: str, values: float | Iterable[float], wanted: str, fits: Callable[[float], bool]) -> tuple[float, ...]:
    given = tuple(values) if isinstance(values, Iterable) and not isinstance(values, str) else (values,)
    if not given or not all(_is_number(value) and fits(value) for value in given):
        raise UsageError(f"{option} wants {wanted}, not {values!r}")
    return tuple(float(value) for value in given)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
