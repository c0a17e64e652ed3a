"""Deposit sizes and node counts as systems of their own; any other system may bring them as context too."""

from __future__ import annotations

from ..coding import System

_ANY_EDITION = (3, 4, 5, 6, 7, 8)

SYSTEMS = (
    System(
        "size", "Size of the largest nodal deposit", "a number, millimetres unless cm or um is written; limits (<2, >0.2 mm, at least 3 mm) and ranges",
        _ANY_EDITION, "https://www.cap.org/protocols-and-guidelines/cancer-reporting-tools/cancer-protocol-templates",
        context=("cells",), value_is="largest_mm",
    ),
    System(
        "nodes_positive", "Number of positive regional nodes (NAACCR 820), with the number examined (NAACCR 830)",
        "two digits: 00 to 90, 95 aspiration, 97 some, 98 none examined, 99 unknown; plain counts too", _ANY_EDITION,
        "https://apps.naaccr.org/data-dictionary/data-dictionary/version=25/data-item-view/item-number=820/",
        context=("nodes_examined",), value_is="nodes_positive",
    ),
)
