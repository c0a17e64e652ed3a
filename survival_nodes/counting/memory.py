"""The engine for cohorts in memory: one pass of integer keys, counted by NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..cohort import Groups
from ..cohort.grouping import blocks, repeated_count
from .arrays import Tally

# A table of every group x tick x kind is counted directly unless it is this much larger than the rows that fill it.
_ROOMY = 4
_SMALL = 1 << 20


@dataclass(frozen=True)
class _Keys:
    """Group, tick (from -1) and kind as one number, in that order; with `gap`, the rows without a group (-1) come before all others."""

    n_groups: int
    width: int
    n_kinds: int
    gap: bool

    @property
    def slab(self) -> int:
        """How many keys a group has."""
        return self.width * self.n_kinds

    @property
    def start(self) -> int:
        """The first key of a row with a group."""
        return self.gap * self.slab

    @property
    def size(self) -> int:
        """How many keys there are."""
        return self.n_groups * self.slab + self.start

    def of(self, group: np.ndarray, ticks: np.ndarray, ending: np.ndarray | None) -> np.ndarray:
        """Give the keys of rows; `ending` from 0 is the kind from 1, and None the kind 0, who enter."""
        keys = group.astype(np.int32 if self.size < 2**31 else np.int64)
        keys *= self.width
        keys += ticks
        keys *= self.n_kinds
        if ending is not None:
            keys += ending
        keys += self.start + self.n_kinds + (ending is not None)
        return keys

    def apart(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take keys apart into group, tick and kind."""
        rest, kind = np.divmod(keys, self.n_kinds)
        group, ticks = np.divmod(rest, self.width)
        return group - self.gap, ticks - 1, kind


def count_rows(
    entry: np.ndarray | None, exit_: np.ndarray, ending: np.ndarray, groups: Groups, kinds: tuple[str, ...], *,
    patient: np.ndarray | None = None, repeats: np.ndarray | None = None,
) -> Tally:
    """Count entries and exits by group, tick and kind.

    Parameters
    ----------
    entry, exit_
        Ticks, integers of any width, shape (n,); entry -1 from the origin, None where all are followed from there.
    ending
        How each row ends: 0 censored, 1 and above the events.
    groups
        The group of each row; those without one are left out.
    kinds
        `enter`, `censor` and the events.
    patient
        Whose row it is, as integers, where patients stand several times: pieces of one patient that follow on one another
        in the same group are then counted as one.
    repeats
        How many patients each row stands for; None for one each.
    """
    group = leaving = entering = groups.small
    if patient is not None:
        ends, begins = inner_boundaries(entry, exit_, ending + 1, group, patient)
        leaving, entering = np.where(ends, -1, group), np.where(begins, -1, group)
    width = 2 + max(int(ticks.max(initial=-1)) for ticks in (entry, exit_) if ticks is not None)
    keys = _Keys(len(groups.labels), width, len(kinds), patient is not None or bool((group < 0).any()))
    count = _by_table if keys.size <= _ROOMY * len(group) + _SMALL else _by_sorting
    found, n = count(keys, (leaving, exit_, ending), None if entry is None else (entering, entry, None), repeats)
    return Tally(groups.labels, kinds, *(column.astype(np.int64, copy=False) for column in (*keys.apart(found), n)))


def inner_boundaries(
    entry: np.ndarray, exit_: np.ndarray, kind: np.ndarray, group: np.ndarray, patient: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Mark the rows whose end, and those whose beginning, lies inside a patient's uninterrupted follow-up in one group; kind 1 is censored."""
    order = np.lexsort((entry, patient))
    before, after = order[:-1], order[1:]
    inner = (patient[before] == patient[after]) & (group[before] == group[after]) & (exit_[before] == entry[after]) & (kind[before] == 1)
    ends, begins = np.zeros(len(entry), dtype=bool), np.zeros(len(entry), dtype=bool)
    ends[before[inner]], begins[after[inner]] = True, True
    return ends, begins


Rows = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def _by_table(keys: _Keys, exits: Rows, entries: Rows | None, repeats: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Give the keys that occur, sorted, and how often, from a table of all keys."""
    table = np.zeros(keys.size, dtype=np.int64)
    for columns in (exits, entries):
        for rows in blocks(len(exits[0]), keys.size) if columns else ():
            chosen = keys.of(*(None if each is None else each[rows] for each in columns))
            table += repeated_count(chosen, keys.size, None if repeats is None else repeats[rows])
    if entries is None:  # who leaves a group came into it at the origin
        by_group = table.reshape(-1, keys.slab)
        by_group[:, 0] = by_group.sum(axis=1)
    table[: keys.start] = 0
    found = np.flatnonzero(table)
    return found, table[found]


def _by_sorting(keys: _Keys, exits: Rows, entries: Rows | None, repeats: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Give the same where a table of all keys would be too large."""
    found, n = _sorted(keys.of(*exits), repeats)
    if entries is None:
        bounds = np.searchsorted(found, np.arange(keys.gap, keys.n_groups + keys.gap + 1) * keys.slab)
        total = np.diff(np.append(0, np.cumsum(n))[bounds])
        came = (np.flatnonzero(total) + keys.gap) * keys.slab
        n_came = total[total > 0]
    else:
        came, n_came = _sorted(keys.of(*entries), repeats)
    found, n = np.concatenate((found, came.astype(found.dtype))), np.concatenate((n, n_came))
    order = np.argsort(found, kind="stable")  # of two sorted runs: merged
    order = order[np.searchsorted(found, keys.start, sorter=order) :]
    return found[order], n[order]


def _sorted(chosen: np.ndarray, repeats: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    if repeats is None:
        return np.unique(chosen, return_counts=True)
    order = np.argsort(chosen, kind="stable")
    found, first = np.unique(chosen[order], return_index=True)
    return found, np.add.reduceat(repeats[order], first) if len(first) else np.zeros(0, dtype=np.int64)
