"""How probable a verdict is, and how many events it takes: a comparison of two groups on the hazard ratio."""

from __future__ import annotations

import math

from scipy.special import ndtr, ndtri

from ..errors import UsageError
from .hazards import check_one_sided


def hazard_ratio_power(hazard_ratio: float, margin: float, events_group: float, events_reference: float, *, one_sided_alpha: float = 0.025) -> float:
    """Give the probability that a true hazard ratio leads to the verdict `shown`.

    Parameters
    ----------
    hazard_ratio
        The true ratio of the group to the reference.
    margin
        Above 1: non-inferiority, shown if the upper limit lies below the margin. 1: worse, shown if the lower limit lies above 1.
    events_group, events_reference
        Events expected in either.
    one_sided_alpha
        Error of the one-sided test.

    Notes
    -----
    The log hazard ratio is taken as normal with variance 1/events_group + 1/events_reference (Schoenfeld 1981, Biometrika
    68:316), which holds for ratios near 1 and rare events.

    >>> round(hazard_ratio_power(1.0, 1.3, 50, 300), 3), round(hazard_ratio_power(1.49, 1.0, 50, 300), 3)
    (0.404, 0.742)
    """
    for name, value in (("hazard_ratio", hazard_ratio), ("events_group", events_group), ("events_reference", events_reference)):
        if not 0 < value < math.inf:
            raise UsageError(f"{name} is a number above 0, not {value!r}")
    _check_margin(margin)
    check_one_sided(one_sided_alpha)
    std_error = math.sqrt(1 / events_group + 1 / events_reference)
    return float(ndtr(_distance(hazard_ratio, margin) / std_error + ndtri(one_sided_alpha)))


def events_needed(hazard_ratio: float, margin: float, share: float, *, power: float = 0.8, one_sided_alpha: float = 0.025) -> int:
    """Give how many events, in the group and its reference together, reach a power.

    Parameters
    ----------
    hazard_ratio, margin, one_sided_alpha
        As for `hazard_ratio_power`.
    share
        Fraction of the events that fall into the group.
    power
        Probability of the verdict `shown`.

    Raises
    ------
    UsageError
        If an option is out of range, or the true ratio is one that must not be shown (at or beyond the margin; 1 or less for "worse").

    >>> events_needed(1.0, 1.3, 0.20)
    713
    """
    _check_margin(margin)
    check_one_sided(one_sided_alpha)
    if not 0 < share < 1 or not 0 < power < 1:
        raise UsageError(f"share and power are fractions between 0 and 1, as 0.05 and 0.8, not {share!r} and {power!r}")
    distance = _distance(hazard_ratio, margin)
    if distance <= 0:
        raise UsageError(f"a true hazard ratio of {hazard_ratio:g} cannot be shown with margin {margin:g}: no number of events is enough")
    return math.ceil((ndtri(power) - ndtri(one_sided_alpha)) ** 2 / (share * (1 - share) * distance**2))


def _distance(hazard_ratio: float, margin: float) -> float:
    """Give how far, on the log scale, the truth lies on the side that is to be shown."""
    return math.log(hazard_ratio) if margin == 1 else math.log(margin / hazard_ratio)


def _check_margin(margin: float) -> None:
    if not 1 <= margin < math.inf:
        raise UsageError(f"margin is a hazard ratio above 1 (no worse), or 1 (worse), not {margin!r}")
