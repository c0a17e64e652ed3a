"""The checked frame, where it came from, and its ledger of exclusions."""

from .clock import Clock
from .cohort import Cohort, Rule
from .grouping import Groups
from .ledger import Ledger, Step
from .origin import InputFile, Origin

__all__ = ["Clock", "Cohort", "Groups", "InputFile", "Ledger", "Origin", "Rule", "Step"]
