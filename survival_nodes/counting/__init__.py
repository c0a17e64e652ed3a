"""Cohort -> counts by group and time; nobody else knows which engine counted."""

from .arrays import GroupCounts, Tally, group_arrays
from .counts import cells_within, counts, group_counts, known_groups, names_in, tally
from .scans import CohortScan, ScanStep, cells_of, refuse_scan
from .weighted import GroupRows, WeightedCounts, case_weights, group_rows, refuse_repeats, weighted_counts

__all__ = [
    "CohortScan", "GroupCounts", "GroupRows", "ScanStep", "Tally", "WeightedCounts", "case_weights", "cells_of", "cells_within", "counts", "group_arrays",
    "group_counts", "group_rows", "known_groups", "names_in", "refuse_repeats", "refuse_scan", "tally", "weighted_counts",
]
