"""Cohort -> counts by group and time; nobody else knows which engine counted."""

from .arrays import GroupCounts, Tally, group_arrays
from .counts import counts, group_counts, known_groups, tally
from .weighted import GroupRows, WeightedCounts, case_weights, group_rows, weighted_counts

__all__ = [
    "GroupCounts", "GroupRows", "Tally", "WeightedCounts", "case_weights", "counts", "group_arrays", "group_counts", "group_rows", "known_groups", "tally",
    "weighted_counts",
]
