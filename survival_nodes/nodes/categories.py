"""The nodal categories, in order, and the limits between them (AJCC 6th to 8th edition, breast)."""

from __future__ import annotations

from decimal import Decimal

NODAL_CATEGORIES = ("negative", "itc", "micro", "macro", "unknown")
ITC_LIMIT_MM = Decimal("0.2")
MICRO_LIMIT_MM = Decimal("2.0")
CATEGORY_LABELS = {
    "negative": "Node-negative",
    "itc": "Isolated tumour cells",
    "micro": "Micrometastasis",
    "macro": "Macrometastasis",
    "unknown": "Unknown",
}
