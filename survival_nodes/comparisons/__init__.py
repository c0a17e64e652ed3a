"""Differences between groups with a verdict each, and estimates beside published rates of the same quantity."""

from .non_inferiority import NonInferiority
from .power import events_needed, hazard_ratio_power
from .releases import Release, registry_release
from .superiority import Worse
from .with_published import compare_with_published

__all__ = ["NonInferiority", "Release", "Worse", "compare_with_published", "events_needed", "hazard_ratio_power", "registry_release"]
