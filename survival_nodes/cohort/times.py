"""Follow-up of every row to one endpoint, in ticks, and the same as the smallest integers, which is what counting reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .clock import FROM_ORIGIN, Clock, from_origin


@dataclass(frozen=True, eq=False)
class Times:
    """Follow-up to one endpoint: entry and exit in ticks (int64; -1 the origin), event 0/1 (int8), and the clock."""

    entry: np.ndarray
    exit: np.ndarray
    event: np.ndarray
    clock: Clock

    def take(self, rows: np.ndarray) -> Times:
        """Give the same of some rows (a boolean mask or positions)."""
        exits = self.exit[rows]
        return Times(self.entry[rows] if self.enters_late else from_origin(len(exits)), exits, self.event[rows], self.clock)

    @cached_property
    def enters_late(self) -> bool:
        """Whether any row comes under observation after the origin."""
        return bool(len(self.entry)) and bool(self.entry[0] >= 0 if self.entry.strides == (0,) else self.entry.max() >= 0)

    @cached_property
    def small_entry(self) -> np.ndarray:
        """The entries as the smallest integers that hold them."""
        return _smallest(self.entry) if self.enters_late else np.broadcast_to(np.int8(FROM_ORIGIN), self.entry.shape)

    @cached_property
    def small_exit(self) -> np.ndarray:
        """The exits as the smallest integers that hold them."""
        return _smallest(self.exit)


def _smallest(ticks: np.ndarray) -> np.ndarray:
    return ticks.astype(np.min_scalar_type(-1 - int(ticks.max(initial=0))))
