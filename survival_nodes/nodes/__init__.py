"""Nodal evidence becomes a category, with the reason: negative, itc, micro, macro or unknown.

Each entry of a record leaves some of the four classes possible. Polarity is settled first, then what all entries leave possible is
intersected, and a policy settles the rest. The coding systems are tables in `systems/`.
"""

from __future__ import annotations

from .categories import CATEGORY_LABELS, ITC_LIMIT_MM, MICRO_LIMIT_MM, NODAL_CATEGORIES
from .findings import NodalFinding, classify, combine
from .flags import FLAGS
from .frames import Evidence, classify_frame, classify_values
from .pieces import Piece
from .policies import Policy
from .systems import systems

__all__ = [
    "CATEGORY_LABELS", "FLAGS", "ITC_LIMIT_MM", "MICRO_LIMIT_MM", "NODAL_CATEGORIES", "Evidence", "NodalFinding", "Piece", "Policy",
    "classify", "classify_frame", "classify_values", "combine", "systems",
]
