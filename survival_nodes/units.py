"""Units of time and length, and the one place where numbers become text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from .errors import UsageError, unknown_name

DAYS_PER_YEAR = 365.25
TIME_UNITS = ("days", "months", "years")
_MM_PER = {"mm": Decimal(1), "cm": Decimal(10), "um": Decimal("0.001"), "\u00b5m": Decimal("0.001"), "\u03bcm": Decimal("0.001")}
MISSING = "\u2013"  # an en dash: a number that does not exist is shown as that, never as 0


def units_per_year(unit: str, days_per_year: float = DAYS_PER_YEAR) -> float:
    """Give how many of a unit of time make a year.

    Raises
    ------
    UsageError
        If the unit is not one of `days`, `months`, `years`.

    >>> units_per_year("months")
    12.0
    """
    sizes = {"days": float(days_per_year), "months": 12.0, "years": 1.0}
    if unit not in sizes:
        raise UsageError(unknown_name("unit of time", unit, TIME_UNITS))
    return sizes[unit]


def mm_per(unit: str) -> Decimal:
    """Give how many millimetres a unit of length is, exactly (thresholds are compared as decimals).

    >>> mm_per("cm")
    Decimal('10')
    """
    if unit not in _MM_PER:
        raise UsageError(unknown_name("unit of length", unit, ("mm", "cm", "um")))
    return _MM_PER[unit]


def is_missing(value: object) -> bool:
    """Tell whether a number does not exist (None, NaN or pandas' NA).

    >>> is_missing(float("nan")), is_missing(0.0)
    (True, False)
    """
    return value is None or type(value).__name__ in {"NAType", "NaTType"} or value != value


def format_number(value: float | None, digits: int = 2) -> str:
    """Write a number to a fixed number of decimals, with a proper minus sign.

    >>> format_number(-0.1234, 2), format_number(None)
    ('\u22120.12', '\u2013')
    """
    if is_missing(value):
        return MISSING
    if math.isinf(value):
        return "\u221e" if value > 0 else "\u2212\u221e"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "\u2212")


def format_percent(fraction: float | None, digits: int = 1, sign: bool = True) -> str:
    """Write a fraction as a percentage.

    >>> format_percent(13 / 18), format_percent(13 / 18, sign=False)
    ('72.2%', '72.2')
    """
    if is_missing(fraction):
        return MISSING
    return format_number(100 * fraction, digits) + ("%" if sign else "")


def format_ratio(value: float | None) -> str:
    """Write a ratio so that two figures after the first digit that counts are seen (0.034, 0.57, 2.66, 13.4).

    >>> [format_ratio(value) for value in (0.0343, 0.567, 2.664, 13.42)]
    ['0.034', '0.57', '2.66', '13.4']
    """
    if is_missing(value):
        return MISSING
    size = abs(value)
    return format_number(value, 3 if 0 < size < 0.1 else 2 if size < 10 else 1)


def format_p(p_value: float | None) -> str:
    """Write a p-value: three decimals, two significant figures below .01, never 0.

    >>> [format_p(p) for p in (0.5, 0.0191, 0.0042, 0.00001)]
    ['0.500', '0.019', '0.0042', '<0.001']
    """
    if is_missing(p_value):
        return MISSING
    if p_value < 0.001:
        return "<0.001"
    return format_number(p_value, 4 if p_value < 0.01 else 3)


def format_count(value: float | None) -> str:
    """Write a count with a thin space between thousands.

    >>> format_count(20000)
    '20\u202f000'
    """
    if is_missing(value):
        return MISSING
    return f"{round(value):,}".replace(",", "\u202f")


def format_interval(low: float | None, high: float | None, write=format_ratio) -> str:
    """Write the two ends of an interval with the writer given.

    >>> format_interval(0.555, 0.862, lambda value: format_percent(value, sign=False))
    '55.5 to 86.2'
    """
    return MISSING if is_missing(low) and is_missing(high) else f"{write(low)} to {write(high)}"


def format_years(years: float) -> str:
    """Write a time in years without decimals that say nothing.

    >>> format_years(5.0), format_years(2.5), format_years(1)
    ('5 years', '2.5 years', '1 year')
    """
    return f"{years:.4g} year" + ("" if years == 1 else "s")


@dataclass(frozen=True)
class Measure:
    """A way to contrast two groups: how it is called and written, and on which side of no difference worse lies.

    Attributes
    ----------
    words : str
        Its name in print.
    unit : str
        `ratio`, `percentage points` (of a fraction) or `years`.
    worse_is_more : bool
        Whether a larger value means that the group fares worse.
    """

    words: str
    unit: str
    worse_is_more: bool

    @property
    def is_ratio(self) -> bool:
        """Whether groups are divided rather than subtracted."""
        return self.unit == "ratio"

    @property
    def none(self) -> float:
        """The value of no difference."""
        return 1.0 if self.is_ratio else 0.0

    def write(self, value: float | None) -> str:
        """Write a value of the measure, without its unit."""
        if self.is_ratio:
            return format_ratio(value)
        return format_number(value) if self.unit == "years" else format_percent(value, sign=False)

    def margin_at(self, margin: float) -> float:
        """Give where a margin, a positive worsening or a ratio above 1, stands on the measure's own scale."""
        if self.worse_is_more:
            return margin
        return 1 / margin if self.is_ratio else -margin

    def claim(self, margin: float | None) -> str:
        """Write the claim under test: no worse than a margin, or, where the margin is no difference, worse.

        >>> MEASURES["hazard-ratio"].claim(1.3), MEASURES["survival-difference"].claim(0.025)
        ('no worse, < 1.30', 'no worse, > −2.5')
        """
        if is_missing(margin):
            return MISSING
        at = self.margin_at(margin)
        worse = at == self.none
        return f"{'worse' if worse else 'no worse'}, {'>' if worse == self.worse_is_more else '<'} {self.write(at)}"


MEASURES = {
    "hazard-ratio": Measure("hazard ratio", "ratio", True),
    "survival-difference": Measure("survival difference", "percentage points", False),
    "restricted-mean-difference": Measure("restricted mean difference", "years", False),
    "restricted-mean-ratio": Measure("restricted mean ratio", "ratio", False),
    "restricted-time-lost-ratio": Measure("restricted time lost ratio", "ratio", True),
    "incidence-difference": Measure("incidence difference", "percentage points", True),
    "net-survival-difference": Measure("net survival difference", "percentage points", False),
    "standardised-mortality-ratio": Measure("standardised mortality ratio", "ratio", True),
}
