"""Cohort -> counts by group and time; nobody else knows which engine counted."""

from .arrays import GroupCounts, Tally, group_arrays
from .counts import counts, group_counts, known_groups, tally

__all__ = ["GroupCounts", "Tally", "counts", "group_arrays", "group_counts", "known_groups", "tally"]
