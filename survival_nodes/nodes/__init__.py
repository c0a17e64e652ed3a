"""Nodal evidence becomes a category, with the reason: negative, itc, micro, macro or unknown.

Each entry of a record leaves some of the four classes possible. Polarity is settled first, then what all entries leave possible is
intersected, and a policy settles the rest. The coding systems are tables in `systems/`.
"""

from __future__ import annotations

from .candidates import candidates
from .categories import CATEGORY_LABELS, ITC_LIMIT_MM, MICRO_LIMIT_MM, NODAL_CATEGORIES
from .explaining import explain
from .findings import NodalFinding, classify, combine
from .flags import FLAGS
from .frames import Evidence, classify_frame, classify_values
from .pieces import Piece
from .policies import Policy, policy_of
from .stages import stage_group
from .summary import NodalSummary, summarise
from .systems import systems
from .systems.custom import custom_system

__all__ = [
    "CATEGORY_LABELS", "FLAGS", "ITC_LIMIT_MM", "MICRO_LIMIT_MM", "NODAL_CATEGORIES", "Evidence", "NodalFinding", "NodalSummary", "Piece", "Policy",
    "candidates", "classify", "classify_frame", "classify_values", "combine", "custom_system", "explain", "policy_of", "stage_group", "summarise",
    "systems",
]
