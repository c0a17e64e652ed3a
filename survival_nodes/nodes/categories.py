"""The nodal categories, in order, and the limits between them (AJCC 6th to 8th edition, breast)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import product

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


def polarity_of(possible: frozenset[str]) -> bool | None:
    """Tell whether nodes count as positive by what is possible; isolated tumour cells are neither, nor is what leaves both open.

    >>> polarity_of(MICRO_OR_MACRO), polarity_of(NEGATIVE_OR_ITC), polarity_of(frozenset({"itc"})), polarity_of(ANY)
    (True, False, None, None)
    """
    if possible <= MICRO_OR_MACRO:
        return True
    return False if "negative" in possible and possible <= NEGATIVE_OR_ITC else None


def largest_of(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    """Give what the largest of several deposits may be, each known to lie in one set of categories.

    >>> in_order(largest_of([frozenset({"negative", "itc"}), frozenset({"itc", "macro"})]))
    ('itc', 'macro')
    """
    largest = frozenset({NODAL_CATEGORIES[0]})
    for one in sets:
        largest = frozenset(max(pair, key=NODAL_CATEGORIES.index) for pair in product(largest, one))
    return largest


def at_least(category: str) -> frozenset[str]:
    """Give what is possible where one node shows a category and the others were not seen.

    >>> in_order(at_least("micro"))
    ('micro', 'macro')
    """
    return frozenset(NODAL_CATEGORIES[NODAL_CATEGORIES.index(category):-1])
