"""Rows with weights and clusters, group by group, and their counts: sums of weights where plain counts are of patients."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..cohort import Cohort
from ..errors import DataWarning, InputError, UsageError
from ..kernels.weighted_product_limit import RiskTable, WeightedRows
from .arrays import GroupCounts
from .counts import known_groups
from .memory import inner_boundaries


class GroupRows(NamedTuple):
    """The rows of one group, and where they stand in the cohort."""

    label: str
    rows: WeightedRows
    place: np.ndarray


@dataclass(frozen=True, eq=False)
class WeightedCounts(GroupCounts):
    """Counts of one group as sums of weights; `entry_ticks` and `n_enter` say at which ticks weight is gained (or lost) without an end."""

    def at_risk(self, position: np.ndarray) -> np.ndarray:
        """Give the weight at risk just before any positions: that of the next tick, without those who enter from the position on."""
        gained = np.append(0.0, np.cumsum(self.n_enter))
        following = np.searchsorted(self.ticks, position, side="left")
        until = np.append(self.ticks, np.iinfo(np.int64).max)[following]
        first, last = (np.searchsorted(self.entry_ticks, each, side="left") for each in (position, until))
        n_risk = np.append(self.n_risk, 0.0)[following] - np.where(first == last, 0.0, gained[last] - gained[first])
        return np.where(following < len(self.ticks), np.maximum(n_risk, 0.0), 0.0)


def group_rows(
    cohort: Cohort, by: str | Sequence[str] | None = None, cause: str | None = None, *, weights: str | None = None, cluster: str | None = None,
) -> tuple[GroupRows, ...]:
    """Give the rows of every group with their weights (1 without) and clusters (patients without); rows of weight 0 are nobody's.

    Raises
    ------
    UsageError
        If a row of the cohort stands for several patients.
    InputError
        If a weight is missing, negative or no number, all weights of a group are 0, or a column is not there.

    Warns
    -----
    DataWarning
        If rows have no value in `by` or `cluster`; they are left out.
    """
    refuse_repeats(cohort)
    groups = known_groups(cohort, by)
    weight = np.ones(len(cohort)) if weights is None else case_weights(cohort, weights)
    patient = np.arange(len(cohort)) if cohort.whose.codes is None else cohort.whose.codes
    clusters = patient if cluster is None else _clusters(cohort, cluster)
    event = cohort.events(cause) == 1
    codes = np.where((clusters >= 0) & (weight > 0), groups.codes, -1)
    entry, exit_ = cohort.entry_ticks, cohort.exit_ticks
    inner = np.zeros(len(codes), dtype=bool)
    if cohort.whose.codes is not None:
        inner = inner_boundaries(entry, exit_, 1 + event.astype(np.int8), np.where(codes < 0, -1 - np.arange(len(codes)), codes), patient)[0]
    order = np.argsort(codes.astype(np.int16) if len(groups.labels) < 1 << 15 else codes, kind="stable")  # short integers are not compared, but dealt out
    bounds = np.searchsorted(codes[order], np.arange(len(groups.labels) + 1))
    found = []
    for label, start, stop in zip(groups.labels, bounds[:-1], bounds[1:], strict=True):
        if start == stop:
            raise InputError(f"nobody in the group {label!r} has a weight above 0 in {weights!r}" if weights else f"nobody is left in the group {label!r}")
        own = order[start:stop]
        found.append(GroupRows(label, WeightedRows(entry[own], exit_[own], event[own], weight[own], clusters[own], inner[own]), own))
    return tuple(found)


def weighted_counts(label: str, rows: WeightedRows, table: RiskTable) -> WeightedCounts:
    """Give the sums of weights of one group as estimators read counts."""
    changes = np.concatenate((rows.entry, rows.exit[rows.inner]))
    entry_ticks, place = np.unique(changes, return_inverse=True)
    n_enter = np.bincount(place, np.concatenate((rows.weight, -rows.weight[rows.inner])), minlength=len(entry_ticks))
    return WeightedCounts(
        label=label, ticks=table.ticks, n_risk=table.n_risk, events=table.n_event[:, None], n_censor=table.n_censor, entry_ticks=entry_ticks, n_enter=n_enter)


def refuse_repeats(cohort: Cohort, what: str = "weights, clusters, robust variances and pseudo-values") -> None:
    """Raise UsageError where a row of the cohort stands for several patients, and `what` need each one's own."""
    if cohort.repeats is not None:
        raise UsageError(f"{what} need each patient's row, and a row of this cohort stands for several patients: read the cohort with read_cohort(...)")


def case_weights(cohort: Cohort, name: str) -> np.ndarray:
    """Give a column of weights as floats; InputError, with how many rows are wrong, unless all are numbers, 0 or more, and some above 0."""
    refuse_repeats(cohort)
    values = cohort.column(name)
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    missing, negative = int(values.isna().sum()), int((numbers < 0).sum())
    others = int((~np.isfinite(numbers)).sum()) - missing
    said = [f"{n} {what}" for n, what in ((missing, "missing"), (negative, "negative"), (others, "no finite number")) if n]
    if said:
        raise InputError(f"weights in {name!r}: {', '.join(said)} of {len(numbers)} rows; a weight is a number, 0 or more, for every row")
    if not (numbers > 0).any():
        raise InputError(f"weights in {name!r}: all {len(numbers)} rows have weight 0; somebody must count")
    return numbers


def _clusters(cohort: Cohort, name: str) -> np.ndarray:
    codes = pd.factorize(cohort.column(name))[0]
    missing = int((codes < 0).sum())
    if missing == len(codes):
        raise InputError(f"no row has a value in {name!r}: nobody can be put in a cluster by it")
    if missing:
        warnings.warn(f"{missing} of {len(codes)} rows have no value in {name!r} and are left out", DataWarning, stacklevel=6)
    return codes
