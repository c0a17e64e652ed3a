"""Extent of disease, nodes of the breast: EOD 2018 (from 2018 on) and EOD-10 (1988 to 2003)."""

from __future__ import annotations

from collections.abc import Mapping

from ..categories import ITC_OR_MICRO, MICRO_OR_MACRO, NEGATIVE_OR_ITC
from ..code_table import CodeTable, Staging, clinical, itc, macro, micro, no_metastasis, nothing, positive, unread_as
from ..coding import System
from ..editions import Setting
from ..pieces import Piece
from ..site_specific import ITEM_3882, axillary_piece, coarse_3882, positive_axillary
from ..spelling import raw_text

# What stands here is a reading of codes, in our own words.
EOD_2018 = {
    "000": clinical("000 (none, clinically)", positive=False),
    "030": itc("030 (isolated tumour cells)", basis="p"),
    "050": no_metastasis("050 (molecular test positive, no cells seen)", "MOLECULAR_POSITIVE", "ITC_NOT_EXCLUDED", basis="p", microscopic=True),
    "070": no_metastasis("070 (none, pathologically)", basis="p"),
    "100": micro("100 (micrometastases)", basis="p"),
    "150": clinical("150 (movable axillary, clinically or by needle)"),
    "200": positive("200 (axillary, over 2 mm or size not stated)", "SIZE_NOT_STATED", basis="p"),
    "250": positive("250 (internal mammary sentinel node alone)", "IMN", "SIZE_NOT_STATED", default=None, basis="p"),
    "300": positive("300 (internal mammary sentinel node and axillary)", "IMN", "SIZE_NOT_STATED", basis="p"),
    "350": clinical("350 (fixed or matted axillary, clinically)"),
    "400": clinical("400 (internal mammary, clinically)", "IMN"),
    "500": positive("500 (infraclavicular)", either=True),
    "600": positive("600 (internal mammary, clinically apparent, and axillary)", "IMN", either=True),
    "700": positive("700 (supraclavicular)", either=True),
    "800": positive("800 (regional nodes, not specified)", "SIZE_NOT_STATED", default=None, either=True),
    "888": nothing("888 (not applicable)", "MISSING"),
    "999": nothing("999 (not known)", "MISSING"),
}
# Sizes of EOD-10 are in centimetres; isolated tumour cells had no class of their own.
EOD_10 = {
    "0": no_metastasis("0 (none involved)", needs_basis=True),
    "1": positive("1 (micrometastasis, at most 2 mm)", "EDITION_PRE6", "MAY_INCLUDE_ITC", possible=ITC_OR_MICRO, default="micro", basis="p"),
    "2": macro("2 (axillary, over 2 mm, under 2 cm)", basis="p"),
    "3": positive("3 (axillary, under 2 cm, beyond the capsule)", basis="p"),
    "4": macro("4 (axillary, 2 cm or more)", basis="p"),
    "5": positive("5 (fixed or matted axillary)", basis="p"),
    "6": positive("6 (axillary or regional, not specified)", "MAY_INCLUDE_ITC", "SIZE_NOT_STATED", possible=ITC_OR_MICRO | MICRO_OR_MACRO, basis="p"),
    "7": positive("7 (internal mammary)", "IMN", "SIZE_NOT_STATED", basis="p"),
    "8": positive("8 (cervical, supraclavicular, of the other side, or distant)", "DISTANT_NODE", "SIZE_NOT_STATED", basis="p"),
    "9": nothing("9 (not known)", "MISSING", basis="p"),
}
_AXILLARY = frozenset({"100", "200", "300"})  # cannot be, where no axillary node was positive: SEER derives no N from such a record
_EOD_88_YEARS = ((1992, 3), (1997, 4), (9999, 5))
_ITEM = "https://apps.naaccr.org/data-dictionary/data-dictionary/version=25/data-item-view/item-number={}/"


class Eod2018(CodeTable):
    """The codes of 2018, with the number of positive axillary nodes of level I and II (NAACCR item 3882)."""

    def __call__(self, name: str, value: object, context: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
        """Read one value and the number that belongs to it."""
        code, faults = self.look_up(value, context)
        read = self.piece(name, value, code, Staging(), setting) if code else unread_as(name, value, faults)
        positive_nodes = context.get(ITEM_3882)
        count = axillary_piece(ITEM_3882, positive_nodes, setting)
        if code in _AXILLARY and positive_axillary(ITEM_3882, positive_nodes)[0] == "zero":
            count = Piece(
                ITEM_3882, raw_text(positive_nodes), "0", "count", NEGATIVE_OR_ITC, "negative", positive=False, says="no positive axillary node counted",
                examined="unknown", n_positive=0, edition=setting.edition.number, edition_source=setting.edition.source,
            )
        return (read, count) if count else (read,)


SYSTEMS = (
    System(
        "seer_eod2018_nodes", "EOD 2018, regional nodes of the breast (NAACCR item 774), with positive axillary nodes (3882)",
        "three digits, as 030, 100, 200", (8,), _ITEM.format(774), Eod2018("EOD 2018 nodes", 3, EOD_2018, (8, 9)), (ITEM_3882,),
        coarse=((ITEM_3882, coarse_3882),),
    ),
    System(
        "seer_eod10_nodes", "SEER EOD-10, nodes of the breast, 1988 to 2003 (NAACCR item 810)", "one digit", (3, 4, 5), _ITEM.format(810),
        CodeTable("EOD-10 nodes", 1, EOD_10, (3, 5)), by_year=_EOD_88_YEARS,
    ),
)
