"""The engine for cohorts in memory: one pass of integer keys, counted by NumPy."""

from __future__ import annotations

import numpy as np

from .arrays import Tally

# A table of every group x tick x kind is counted directly unless it is this much larger than the rows that fill it.
_ROOMY = 4
_SMALL = 1 << 20


def count_rows(
    entry: np.ndarray, exit_: np.ndarray, kind: np.ndarray, group: np.ndarray, *, labels: tuple[str, ...], kinds: tuple[str, ...],
    patient: np.ndarray | None = None,
) -> Tally:
    """Count entries and exits by group, tick and kind.

    Parameters
    ----------
    entry, exit_
        Ticks, int64, shape (n,); entry -1 from the origin.
    kind
        How each row ends, a place in `kinds`: 1 censored, 2 and above the events.
    group
        A place in `labels`, -1 for rows that are left out.
    labels, kinds
        Names of the groups; `enter`, `censor` and the events.
    patient
        Whose row it is, as integers, where patients stand several times: pieces of one patient that follow on one another
        in the same group are then counted as one.
    """
    known = group >= 0
    leaves = enters = slice(None) if known.all() else known
    if patient is not None:
        ends, begins = inner_boundaries(entry, exit_, kind, group, patient)
        leaves, enters = known & ~ends, known & ~begins
    exits = _count_keys(group[leaves], exit_[leaves], kind[leaves], len(labels), len(kinds))
    entries = _count_keys(group[enters], entry[enters] + 1, None, len(labels), 1)
    entries[1][:] -= 1
    rows = [np.concatenate(pair) for pair in zip(exits, entries)]
    order = np.lexsort((rows[2], rows[1], rows[0]))
    return Tally(labels, kinds, *(column[order] for column in rows))


def inner_boundaries(
    entry: np.ndarray, exit_: np.ndarray, kind: np.ndarray, group: np.ndarray, patient: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Mark the rows whose end, and those whose beginning, lies inside a patient's uninterrupted follow-up in one group."""
    order = np.lexsort((entry, patient))
    before, after = order[:-1], order[1:]
    inner = (patient[before] == patient[after]) & (group[before] == group[after]) & (exit_[before] == entry[after]) & (kind[before] == 1)
    ends, begins = np.zeros(len(entry), dtype=bool), np.zeros(len(entry), dtype=bool)
    ends[before[inner]], begins[after[inner]] = True, True
    return ends, begins


def _count_keys(group: np.ndarray, ticks: np.ndarray, kind: np.ndarray | None, n_groups: int, n_kinds: int) -> list[np.ndarray]:
    """Give group, tick, kind and how many of every combination that occurs."""
    if not len(group):
        return [np.zeros(0, dtype=np.int64) for _ in range(4)]
    width = int(ticks.max()) + 1
    keys = group * (width * n_kinds)
    keys += ticks if kind is None else ticks * n_kinds
    if kind is not None:
        keys += kind
    if n_groups * width * n_kinds <= _ROOMY * len(keys) + _SMALL:
        table = np.bincount(keys)
        found = np.flatnonzero(table)
        n = table[found]
    else:
        found, n = np.unique(keys, return_counts=True)
    rest, kinds = np.divmod(found, n_kinds)
    groups, ticks = np.divmod(rest, width)
    return [groups, ticks, kinds, n.astype(np.int64)]
