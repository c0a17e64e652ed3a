"""The nodal categories, in order, and the limits between them (AJCC 6th to 8th edition, breast)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

NODAL_CATEGORIES = ("negative", "itc", "micro", "macro", "unknown")
ITC_LIMIT_MM = Decimal("0.2")
MICRO_LIMIT_MM = Decimal("2.0")
ITC_LIMIT_CELLS = 200  # cells of one cross-section; a criterion from the 7th edition on
CATEGORY_LABELS = {
    "negative": "Node-negative",
    "itc": "Isolated tumour cells",
    "micro": "Micrometastasis",
    "macro": "Macrometastasis",
    "unknown": "Unknown",
}
ANY = frozenset(NODAL_CATEGORIES[:-1])  # what is possible before anything is known; "unknown" is an answer, never a possibility
NEGATIVE_OR_ITC = frozenset({"negative", "itc"})
ITC_OR_MICRO = frozenset({"itc", "micro"})
MICRO_OR_MACRO = frozenset({"micro", "macro"})


def in_order(categories: Iterable[str]) -> tuple[str, ...]:
    """Put categories in the order negative, itc, micro, macro, unknown.

    >>> in_order({"macro", "micro"})
    ('micro', 'macro')
    """
    return tuple(sorted(categories, key=NODAL_CATEGORIES.index))


def at_least(category: str) -> frozenset[str]:
    """Give what is possible where one node shows a category and the others were not seen.

    >>> in_order(at_least("micro"))
    ('micro', 'macro')
    """
    return frozenset(NODAL_CATEGORIES[NODAL_CATEGORIES.index(category):-1])
