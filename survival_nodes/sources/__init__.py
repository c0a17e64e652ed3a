"""A file in, a Cohort out: every foreign code dies here. Examples and synthetic cohorts are sources too."""

from __future__ import annotations

from importlib import import_module

from .registry import examples, read_cohort, read_rows, source_names, sources

# Name -> the module that holds it, which is loaded on first use: whoever reads a file of one kind need not wait for the readers of all others.
_HOMES = {
    "ClassifiedFile": "classified_file", "check_output": "classified_file", "classify_file": "classified_file",
    "FileFormat": "delimited",
    "SYNTHETIC_SEED": "examples", "SYNTHETIC_SIZE": "examples", "example": "examples",
    "fetch": "fetching", "public_files": "fetching",
    "CohortSetting": "mapping", "Mapping": "mapping", "Units": "mapping", "mapping_from": "mapping", "read_mapping": "mapping",
    "Reading": "reading",
    "scan_cohort": "scan",
    "synthesize": "synthetic",
    "expected_events": "synthetic_truth", "scenario_hazard_ratios": "synthetic_truth", "true_survival": "synthetic_truth",
}

__all__ = [
    "SYNTHETIC_SEED", "SYNTHETIC_SIZE", "ClassifiedFile", "CohortSetting", "FileFormat", "Mapping", "Reading", "Units", "check_output", "classify_file",
    "example", "examples", "expected_events", "fetch", "mapping_from", "public_files", "read_cohort", "read_mapping", "read_rows", "scan_cohort",
    "scenario_hazard_ratios", "source_names", "sources", "synthesize", "true_survival",
]


def __getattr__(name: str) -> object:
    """Load a module on first use of a name that it holds."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
