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
from .patterns import row_patterns
from .scans import CohortScan, cells_of

EVENT = "event"
By = str | Sequence[str] | None


def counts(cohort: Cohort | CohortScan, by: By = None, covariates: By = (), causes: Sequence[str] | None = None) -> pd.DataFrame:
    """Count who enters, leaves and fails, by group and time; with covariates by what patients have in them together, which is all that Cox needs.

    Parameters
    ----------
    cohort
        The patients, in memory or in their files; their active endpoint is counted.
    by
        Column or columns that make the groups.
    covariates
        Column or columns whose combinations of values are counted apart.
    causes
        Words of the causes counted each as its own kind, every other event as censored; None counts the endpoint's event.

    Returns
    -------
    DataFrame
        COUNTS: `group, ticks, kind` (`enter`, at -1 for those at risk from the origin, `censor`, `event` or the cause), `n`. After these a
        column for each covariate: categories in the order of its levels, or numbers. Sorted by group, the covariates in turn, tick and kind.

    Raises
    ------
    UsageError
        If the cohort knows no such cause, or it is no cohort.
    InputError
        If a column of `by` or a covariate is not there, or is missing for everybody.

    Warns
    -----
    DataWarning
        If rows have no value in `by` or in a covariate; they are left out.

    >>> import pandas as pd
    >>> cohort = Cohort.from_frame(pd.DataFrame({"t": [30, 61, 61], "d": [1, 0, 1]}), {"years": "t", "event": "d"}, "months")
    >>> counts(cohort)[["ticks", "kind", "n"]].values.tolist()
    [[-1, 'enter', 3], [30, 'event', 1], [61, 'censor', 1], [61, 'event', 1]]
    """
    names = names_in(covariates)
    cohort = cells_of(cohort, names_in(by, covariates))
    groups = known_groups(cohort, by)
    cells, group, patterns = _crossed(cohort, groups, names) if names else (groups, np.arange(len(groups.labels)), pd.DataFrame(index=groups.labels))
    table = tally(cohort, cells, causes)
    labels, kinds = np.array(groups.labels, dtype=object), np.array(table.kinds, dtype=object)
    frame = frame_of(COUNTS, {"group": labels[group[table.group]], "ticks": table.ticks, "kind": kinds[table.kind], "n": table.n})
    return frame.assign(**{name: patterns[name].array.take(table.group) for name in names})


def _crossed(cohort: Cohort, groups: Groups, names: Sequence[str]) -> tuple[Groups, np.ndarray, pd.DataFrame]:
    """Cross groups with the combinations of covariates: the cells that occur, and of each its group and what it has in the covariates."""
    found = row_patterns(cohort, names)
    columns = found.frame.take(found.code).reset_index(drop=True).assign(**cohort.model_frame(found.apart).reset_index(drop=True))[list(names)]
    unknown = {name: columns[name].isna().to_numpy() for name in names}
    for name, missing in unknown.items():
        _tell_unknown(cohort, missing, repr(name), "is counted", 4)
    known = np.flatnonzero(~np.any(list(unknown.values()), axis=0) & (groups.small >= 0))
    if not len(known):
        raise InputError(f"no row has a value in all of {column_names(names)} and in the groups: nobody can be counted")
    pattern = columns.iloc[known].groupby(list(names), observed=True).ngroup().to_numpy()  # in the order of their values
    cells, first, place = np.unique(groups.codes[known] * len(known) + pattern, return_index=True, return_inverse=True)
    code = np.full(len(cohort), -1, dtype=np.int64)
    code[known] = place
    return Groups(code, tuple(map(str, range(len(cells))))), cells // len(known), columns.iloc[known[first]].reset_index(drop=True)


def group_counts(cohort: Cohort, by: By = None, causes: Sequence[str] | None = None) -> tuple[GroupCounts, ...]:
    """Count as `counts` does, and give the arrays that estimators read, one a group in the order of levels."""
    return group_arrays(tally(cohort, known_groups(cohort, by), causes))


def known_groups(cohort: Cohort, by: By) -> Groups:
    """Give the groups of a cohort, warning how many rows are left out because a value is missing."""
    groups = cohort.groups(by)
    if groups.unknown is not None:
        _tell_unknown(cohort, groups.unknown, column_names(by), "can be grouped by it", 5)
    return groups


def _tell_unknown(cohort: Cohort, unknown: np.ndarray, names: str, fails: str, stack: int) -> None:
    missing, n = cohort.whose.count_rows(unknown), cohort.whose.count_rows()
    if missing == n:
        raise InputError(f"no row has a value in {names}: nobody {fails}")
    if missing:
        warnings.warn(f"{missing} of {n} rows have no value in {names} and are left out", DataWarning, stacklevel=stack)


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
