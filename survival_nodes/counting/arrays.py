"""COUNTS as arrays: the long tally that every engine gives, and what an estimator reads for one group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

ENTER, CENSOR = "enter", "censor"


@dataclass(frozen=True, eq=False)
class Tally:
    """COUNTS as columns: row i says that `n[i]` patients of group `labels[group[i]]` did `kinds[kind[i]]` at `ticks[i]`.

    Arrays are int64 of one shape, sorted by group, tick and kind; `kinds` starts with `enter` and `censor`, events follow.
    A label may have no row.
    """

    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    group: np.ndarray
    ticks: np.ndarray
    kind: np.ndarray
    n: np.ndarray


@dataclass(frozen=True, eq=False)
class GroupCounts:
    """One group, at each distinct tick at which somebody leaves.

    Attributes
    ----------
    label : str
    ticks, n_risk, n_censor : int64 arrays, shape (t,)
        Distinct exit ticks; at risk just before (exit >= t, entry < t); censored at.
    events : int64 array, shape (t, c)
        Events at each tick, a column a cause.
    entry_ticks, n_enter : int64 arrays, shape (e,)
        Distinct entry ticks (-1 for the origin) and how many enter.
    """

    label: str
    ticks: np.ndarray
    n_risk: np.ndarray
    events: np.ndarray
    n_censor: np.ndarray
    entry_ticks: np.ndarray
    n_enter: np.ndarray

    @cached_property
    def n_event(self) -> np.ndarray:
        """Events of every cause at each tick, shape (t,)."""
        return self.events[:, 0] if self.events.shape[1] == 1 else self.events.sum(axis=1)

    @property
    def n(self) -> int:
        """Patients who come under observation (again, where they had left)."""
        return int(self.n_enter.sum())

    @property
    def last(self) -> int:
        """The last tick at which anybody was followed; -1 where nobody was."""
        return int(self.ticks[-1]) if len(self.ticks) else -1

    @cached_property
    def gone(self) -> np.ndarray:
        """How many have left before each tick, and, last, by the end of all, shape (t + 1,)."""
        return _running(self.n_event + self.n_censor)

    def at_risk(self, position: np.ndarray) -> np.ndarray:
        """Give how many are at risk just before any positions on the scale of ticks."""
        entered = _running(self.n_enter)[np.searchsorted(self.entry_ticks, position, side="left")]
        return entered - self.gone[np.searchsorted(self.ticks, position, side="left")]

    def reversed(self) -> GroupCounts:
        """Give the same group with the end of follow-up as the event, and the events as censoring."""
        return replace(self, events=self.n_censor[:, None], n_censor=self.n_event)


def _running(n: np.ndarray) -> np.ndarray:
    """Give the sums of all before each place, and of all."""
    total = np.zeros(len(n) + 1, dtype=n.dtype)
    np.cumsum(n, out=total[1:])
    return total


def group_arrays(tally: Tally) -> tuple[GroupCounts, ...]:
    """Give the arrays of every label of a tally, in the order of its labels."""
    bounds = np.searchsorted(tally.group, np.arange(len(tally.labels) + 1))
    return tuple(_one_group(tally, label, slice(*bounds[place : place + 2])) for place, label in enumerate(tally.labels))


def _one_group(tally: Tally, label: str, rows: slice) -> GroupCounts:
    ticks, kind, n = tally.ticks[rows], tally.kind[rows], tally.n[rows]
    first = int(np.searchsorted(ticks, 0))  # at the origin nobody leaves
    enters, leaves = slice(0, first), slice(first, None)
    if (kind[first:] == 0).any():
        enters, leaves = kind == 0, kind > 0
    entry_ticks, n_enter, exit_ticks = ticks[enters], n[enters], ticks[leaves]
    is_new = np.diff(exit_ticks, prepend=-1) > 0
    # Each kind lies in one piece of memory, as sums over few kinds are slow otherwise.
    leave = np.zeros((len(tally.kinds) - 1, int(np.count_nonzero(is_new))), dtype=np.int64).T
    leave[np.cumsum(is_new) - 1, kind[leaves] - 1] = n[leaves]
    exit_ticks = exit_ticks[is_new]
    entered = n_enter.sum() if isinstance(enters, slice) else _running(n_enter)[np.searchsorted(entry_ticks, exit_ticks, side="left")]
    return GroupCounts(
        label=label, ticks=exit_ticks, n_risk=entered - _running(leave.sum(axis=1))[:-1], events=leave[:, 1:], n_censor=leave[:, 0],
        entry_ticks=entry_ticks, n_enter=n_enter)
