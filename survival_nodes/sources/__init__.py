"""A file in, a Cohort out: every foreign code dies here. Examples and synthetic cohorts are sources too."""

from .examples import example
from .mapping import Mapping, read_mapping
from .registry import examples, read_cohort, source_names, sources
from .synthetic import synthesize
from .synthetic_truth import expected_events, scenario_hazard_ratios, true_survival

__all__ = [
    "Mapping", "example", "examples", "expected_events", "read_cohort", "read_mapping", "scenario_hazard_ratios", "source_names", "sources",
    "synthesize", "true_survival",
]
