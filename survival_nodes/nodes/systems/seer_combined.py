"""SEER Combined N of 2016 and 2017: the clinical or the pathological N, whichever counted, with its prefix."""

from __future__ import annotations

from collections.abc import Mapping

from ..coding import System
from ..editions import Setting
from ..pieces import Piece, unread
from ..site_specific import digits
from ..spelling import raw_text
from .tnm_strings import TnmField

_NOT_APPLICABLE = "88"


class CombinedN(TnmField):
    """An N with its prefix. A bare digit is no N: it comes of the column that tells where the N was taken from."""

    def __call__(self, name: str, value: object, context: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
        """Read one value, with SSF4 and SSF5 where it is a plain N0."""
        if digits(value) not in ("", _NOT_APPLICABLE):
            return (unread(name, raw_text(value), "NUMERIC_AMBIGUOUS"),)
        return super().__call__(name, value, context, setting)


SYSTEMS = (
    System(
        "seer_combined_n", "SEER, derived SEER Combined N, 2016 and 2017 (NAACCR item 3618)", "c0, p0I+, p1MI, p1A: c or p goes first", (7,),
        "https://apps.naaccr.org/data-dictionary/data-dictionary/version=25/data-item-view/item-number=3618/",
        CombinedN(bare=True, implied_p=False), ("ssf4", "ssf5"),
    ),
)
