"""The promise of counting, whichever engine keeps it: a cohort in, counts by group and time out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..cohort import Cohort, Groups
from ..columns import COUNTS, frame_of
from ..errors import DataWarning, InputError, UsageError
from .arrays import CENSOR, ENTER, GroupCounts, Tally, group_arrays
from .memory import count_rows

EVENT = "event"
By = str | Sequence[str] | None


def counts(cohort: Cohort, by: By = None, causes: Sequence[str] | None = None) -> pd.DataFrame:
    """Count who enters, leaves and fails, by group and time.

    Parameters
    ----------
    cohort
        The patients; their active endpoint is counted.
    by
        Column or columns that make the groups.
    causes
        Words of the causes counted each as its own kind, every other event as censored; None counts the endpoint's event.

    Returns
    -------
    DataFrame
        COUNTS: `group, ticks, kind` (`enter`, at -1 for those at risk from the origin, `censor`, `event` or the cause), `n`.

    Raises
    ------
    UsageError
        If the cohort knows no such cause.
    InputError
        If a column of `by` is not there, or is missing for everybody.

    Warns
    -----
    DataWarning
        If rows have no value in `by`; they are left out.

    >>> import pandas as pd
    >>> cohort = Cohort.from_frame(pd.DataFrame({"t": [30, 61, 61], "d": [1, 0, 1]}), {"years": "t", "event": "d"}, "months")
    >>> counts(cohort)[["ticks", "kind", "n"]].values.tolist()
    [[-1, 'enter', 3], [30, 'event', 1], [61, 'censor', 1], [61, 'event', 1]]
    """
    table = tally(cohort, known_groups(cohort, by), causes)
    labels, kinds = np.array(table.labels, dtype=object), np.array(table.kinds, dtype=object)
    return frame_of(COUNTS, {"group": labels[table.group], "ticks": table.ticks, "kind": kinds[table.kind], "n": table.n})


def group_counts(cohort: Cohort, by: By = None, causes: Sequence[str] | None = None) -> tuple[GroupCounts, ...]:
    """Count as `counts` does, and give the arrays that estimators read, one a group in the order of levels."""
    return group_arrays(tally(cohort, known_groups(cohort, by), causes))


def known_groups(cohort: Cohort, by: By) -> Groups:
    """Give the groups of a cohort, warning how many rows are left out because a value is missing."""
    groups, whose = cohort.groups(by), cohort.whose
    missing = 0 if groups.unknown is None else whose.count_rows(groups.unknown)
    if missing == whose.count_rows():
        raise InputError(f"no row has a value in {column_names(by)}: nobody can be grouped by it")
    if missing:
        said = f"{missing} of {whose.count_rows()} rows have no value in {column_names(by)} and are left out"
        warnings.warn(said, DataWarning, stacklevel=4)
    return groups


def cells_within(groups: Groups, strata: Groups) -> Groups:
    """Give the groups within each stratum, one stratum after another, so that a label stands once in each; a cell may be empty."""
    n_groups, n_cells = len(groups.labels), len(groups.labels) * len(strata.labels)
    if len(strata.labels) == 1 and strata.unknown is None:
        return groups
    cells = strata.small.astype(np.min_scalar_type(-n_cells))
    cells *= n_groups
    cells += groups.small
    for unknown in (groups.unknown, strata.unknown):
        if unknown is not None:
            cells[unknown] = -1
    return Groups(cells, groups.labels * len(strata.labels))


def names_in(*by: By) -> tuple[str, ...]:
    """Give the columns of groupings, each once.

    >>> names_in("node", None, ("er", "node"))
    ('node', 'er')
    """
    return tuple(dict.fromkeys(name for each in by for name in ((each,) if isinstance(each, str) else each or ())))


def column_names(by: By) -> str:
    """Write the columns of a grouping for a message.

    >>> column_names(("node", "er"))
    "'node', 'er'"
    """
    return ", ".join(repr(name) for name in ((by,) if isinstance(by, str) else by or ()))


def tally(cohort: Cohort, groups: Groups, causes: Sequence[str] | None = None) -> Tally:
    """Count rows whose groups are known already; rows with code -1 are left out, a label may have no row."""
    words, active, whose = _cause_words(causes), cohort.active, cohort.whose
    ending = cohort.endings(words) if words else active.event
    return count_rows(
        active.small_entry if active.enters_late else None, active.small_exit, ending, groups, (ENTER, CENSOR, *(words or (EVENT,))),
        patient=whose.codes if active.enters_late else None, repeats=whose.repeats)


def _cause_words(causes: Sequence[str] | None) -> tuple[str, ...]:
    if causes is None:
        return ()
    words = (causes,) if isinstance(causes, str) else tuple(causes)
    if not words or len(set(words)) < len(words) or {ENTER, CENSOR} & set(words):
        raise UsageError(f"causes wants words of causes, each once, not {words!r}; leave it out to count the endpoint's event")
    return words
