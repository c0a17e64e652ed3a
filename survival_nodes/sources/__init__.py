"""A file in, a Cohort out: every foreign code dies here. Examples and synthetic cohorts are sources too."""

from __future__ import annotations

from .classified_file import ClassifiedFile, check_output, classify_file
from .delimited import FileFormat
from .examples import SYNTHETIC_SEED, SYNTHETIC_SIZE, example
from .fetching import fetch, public_files
from .mapping import CohortSetting, Mapping, Units, mapping_from, read_mapping
from .reading import Reading
from .registry import examples, read_cohort, read_rows, source_names, sources
from .synthetic import synthesize
from .synthetic_truth import expected_events, scenario_hazard_ratios, true_survival

__all__ = [
    "SYNTHETIC_SEED", "SYNTHETIC_SIZE", "ClassifiedFile", "CohortSetting", "FileFormat", "Mapping", "Reading", "Units", "check_output", "classify_file",
    "example", "examples", "expected_events", "fetch", "mapping_from", "public_files", "read_cohort", "read_mapping", "read_rows", "scenario_hazard_ratios",
    "source_names", "sources", "synthesize", "true_survival",
]
