"""How far follow-up reaches beside a horizon, and which groups stand beside a reference."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Sequence

import numpy as np

from ..cohort import Clock
from ..counting import GroupCounts
from ..errors import DataWarning, UsageError, unknown_name
from ..units import format_years


def other_labels(labels: Sequence[str], by: str | Sequence[str] | None, reference: str) -> tuple[str, ...]:
    """Give the groups beside the reference, or raise UsageError where there is no such reference or nothing beside it."""
    name = "everybody" if by is None else repr(by) if isinstance(by, str) else " x ".join(map(repr, by))
    if reference not in labels:
        raise UsageError(unknown_name(f"group of {name} to refer to", reference, labels))
    if len(labels) == 1:
        raise UsageError(f"{name} has the one group {reference!r}: there is nothing to compare it with")
    return tuple(label for label in labels if label != reference)


def endpoint_of(endpoint: str, cause: str | None) -> str:
    """Name what the event is, where no column says it: death from one cause is an endpoint of its own.

    >>> endpoint_of("overall", None), endpoint_of("overall", "breast-cancer"), endpoint_of("recurrence", "other")
    ('overall', 'breast-cancer', 'recurrence, other')
    """
    if cause is None:
        return endpoint
    return cause if endpoint in {"overall", cause} else f"{endpoint}, {cause}"


def is_known_to(counts: GroupCounts, position: float) -> bool:
    """Tell whether a survival is known up to a position on the scale of ticks: followed so far, or at 0 before and so for ever."""
    return counts.last >= position or bool((counts.n_risk == counts.n_event).any())


def last_years(counts: GroupCounts, clock: Clock) -> float:
    """Give the last follow-up of a group in years."""
    return float(clock.years(np.array([counts.last]))[0])


def warn_of_short_follow_up(horizon: float, last: Collection[float]) -> None:
    """Say which horizon all groups reach, where the last follow-up of some, in years, lies before the one asked for."""
    if not last:
        return
    digits = 10.0 ** (3 - math.floor(math.log10(max(min(last), 1e-9))))
    reached = format_years(math.floor(min(last) * digits) / digits)  # rounded down, so that it works
    groups = "a group" if len(last) == 1 else f"{len(last)} groups"
    said = f"follow-up of {groups} ends before {format_years(horizon)}: missing there; the longest horizon that all reach is {reached}"
    warnings.warn(said, DataWarning, stacklevel=5)
