"""Do the numbers agree? The largest difference of each kind, and whether it lies within its limit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .contest import Numbers, Record
from .works import LIMITS, Contestant, Work


@dataclass(frozen=True)
class Agreement:
    """How far numbers of one kind lie apart. `limit` None: not judged; `tightened`: the peer's numbers are those of tightened convergence."""

    work: str
    n: int
    peer: str
    kind: str
    difference: float
    limit: float | None
    tightened: bool = False

    @property
    def agrees(self) -> bool | None:
        """Whether they agree; None where that is not judged."""
        return None if self.limit is None else self.difference <= self.limit


def largest_difference(ours: list[float | None], theirs: list[float | None], kind: str) -> float:
    """Give the largest difference, of statistics in relation to their size; infinite where one has a number and the other none, or there are more."""
    if len(ours) != len(theirs):
        return math.inf
    largest = 0.0
    for own, other in zip(ours, theirs):
        missing = [number is None or math.isnan(number) for number in (own, other)]
        if any(missing):
            largest = largest if all(missing) else math.inf
        else:
            largest = max(largest, abs(own - other) / (max(1.0, abs(own)) if kind == "statistic" else 1.0))
    return largest


def _of_kinds(key: tuple[str, int, str], own: Numbers, theirs: Numbers, limits: Mapping[str, float | None], *, tightened: bool) -> list[Agreement]:
    return [
        Agreement(*key, kind, largest_difference(own[kind], theirs[kind], kind), limits[kind], tightened) for kind in own if kind in theirs]


def agreements(work: Work, n: int, record: Record) -> list[Agreement]:
    """Compare each peer with the first of ours. Who stops early is judged by the numbers of tightened convergence, and shown as timed."""
    own = record.numbers.get((work.name, n, work.contestants[0].name))
    if own is None:
        return []
    found = []
    for peer in work.contestants[1:]:
        key, limits = (work.name, n, peer.name), _limits_of(peer)
        as_timed = {kind: None for kind in limits} if peer.tightened else limits
        found += _of_kinds(key, own, record.numbers.get(key, {}), as_timed, tightened=False)
        found += _of_kinds(key, own, record.tightened.get(key, {}), limits, tightened=True)
    return found


def _limits_of(peer: Contestant) -> dict[str, float | None]:
    return {**LIMITS, **peer.limits}
