"""The checked frame, where it came from, its ledger of exclusions, cohort rules and checks of quality."""

from .clock import Clock
from .cohort import Cohort
from .grouping import Groups
from .ledger import Ledger, Step
from .origin import InputFile, Origin
from .own_rule import Rule
from .quality import QUALITY_RULES, check_quality
from .rules import COHORT_RULES, RULE_SETS, CohortRule, cohort_rules
from .zero_follow_up import ZERO_FOLLOW_UP

__all__ = [
    "COHORT_RULES", "Clock", "Cohort", "CohortRule", "Groups", "InputFile", "Ledger", "Origin", "QUALITY_RULES", "RULE_SETS", "Rule", "Step", "ZERO_FOLLOW_UP",
    "check_quality", "cohort_rules",
]
