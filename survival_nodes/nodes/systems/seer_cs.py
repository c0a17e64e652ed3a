"""Collaborative Stage, lymph nodes of the breast (diagnoses 2004 to 2015), with its evaluation and site-specific factors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ..categories import ITC_OR_MICRO
from ..code_table import CodeTable, Entry, clinical, coarse_eval, itc, macro, micro, no_cells, no_metastasis, nothing, positive, read_staging, unread_as
from ..coding import System
from ..editions import Setting
from ..pieces import Piece
from ..site_specific import axillary_piece, coarse_factor, coarse_ssf3, digits, positive_axillary, refined
from ..spelling import spell

# What stands here is a reading of codes, in our own words. Where a code may be clinical as well, the evaluation decides.
CODES = {
    "000": no_metastasis("000 (none involved)", needs_basis=True),
    "050": itc("050 (isolated tumour cells on the routine stain)", basis="p"),
    "130": micro("130 (micrometastases only, by immunohistochemistry)", basis="p"),
    "150": micro("150 (micrometastases only)", basis="p"),
    "155": micro("155 (stated as N1mi)", basis="p"),
    "250": macro("250 (axillary, over 2 mm)", basis="p"),
    "255": clinical("255 (axillary, clinically)"),
    "257": clinical("257 (stated as clinical N1)"),
    "258": positive("258 (stated as pN1)", "SIZE_NOT_STATED", basis="p"),
    "260": positive("260 (stated as N1)", "SIZE_NOT_STATED", needs_basis=True, either=True),
    "280": macro("280 (stated as N2)", "OBSOLETE_CODE", either=True),
    "290": clinical("290 (stated as clinical N2)", "OBSOLETE_CODE"),
    "300": macro("300 (stated as pN2)", "OBSOLETE_CODE", basis="p"),
    "500": positive("500 (fixed or matted axillary)", "OBSOLETE_CODE", either=True),
    "510": clinical("510 (fixed or matted axillary, clinically)"),
    "520": macro("520 (fixed or matted axillary, over 2 mm)", basis="p"),
    "600": positive("600 (regional nodes, not specified)", "SIZE_NOT_STATED", needs_basis=True, either=True),
    "610": clinical("610 (stated as clinical N2)"),
    "620": macro("620 (stated as pN2)", basis="p"),
    "630": macro("630 (stated as N2)", either=True),
    "710": positive("710 (internal mammary sentinel node alone)", "IMN", "SIZE_NOT_STATED", default=None, basis="p"),
    "720": positive("720 (internal mammary sentinel node and axillary)", "IMN", "SIZE_NOT_STATED", basis="p"),
    "730": positive("730 (internal mammary sentinel node, axillary not known)", "IMN", "SIZE_NOT_STATED", default=None, basis="p"),
    "735": clinical("735 (internal mammary sentinel node, tumour not resected)", "IMN"),
    "740": positive("740 (internal mammary, clinically apparent, alone)", "IMN", either=True),
    "745": positive("745 (internal mammary, clinically apparent, axillary not known)", "IMN", either=True),
    "748": positive("748 (stated as N2b)", "IMN", either=True),
    "750": macro("750 (infraclavicular)", either=True),
    "755": macro("755 (stated as N3a)", either=True),
    "760": positive("760 (internal mammary and axillary)", "IMN", "OBSOLETE_CODE", either=True),
    "763": positive("763 (internal mammary and axillary)", "IMN", either=True),
    "764": positive("764 (internal mammary and infraclavicular)", "IMN", either=True),
    "765": positive("765 (internal mammary, axillary and infraclavicular)", "IMN", either=True),
    "768": positive("768 (stated as N3b)", "IMN", either=True),
    "770": positive("770 (internal mammary, axillary not known)", "IMN", "OBSOLETE_CODE", either=True),
    "780": positive("780 (internal mammary and infraclavicular)", "IMN", "OBSOLETE_CODE", either=True),
    "790": macro("790 (stated as N3)", "OBSOLETE_CODE", either=True),
    "800": macro("800 (supraclavicular)", either=True),
    "805": macro("805 (stated as N3c)", either=True),
    "810": clinical("810 (stated as clinical N3)"),
    "815": macro("815 (stated as pN3)", basis="p"),
    "820": macro("820 (stated as N3)", either=True),
    "999": nothing("999 (not known)", "MISSING"),
}
# What immunohistochemistry (SSF4) and molecular tests (SSF5) make of 000.
REFINED = {
    "i+": itc("000 with SSF4 002 (isolated tumour cells by immunohistochemistry)"),
    "i?": Entry(
        ITC_OR_MICRO, "itc", frozenset({"CS_SSF4_009"}), "000 with SSF4 009 (positive by immunohistochemistry, size not stated)", microscopic=True,
    ),
    "i-": no_cells("000 with SSF4 001 (immunohistochemistry negative)"),
    "mol-": no_metastasis("000 with SSF5 001 (molecular test negative)", microscopic=True),
    "mol+": no_metastasis("000 with SSF5 002 (molecular test positive)", "MOLECULAR_POSITIVE", "ITC_NOT_EXCLUDED", microscopic=True),
}
_AXILLARY = frozenset({"130", "150", "155", "250", "258", "500", "520"})  # cannot be, where no node of level I or II was positive
_NAME = "seer_cs_nodes"
_NOUGHT = {"zero", "none examined"}
_VERSION = re.compile(r"v?0?([1-9])(?:[0-9]{4}|\..{0,9})?")


class CsNodes(CodeTable):
    """Codes of three digits; those of the first version had two, and their last digit is the nought that was added."""

    def __call__(self, name: str, value: object, context: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
        """Read one value, with the evaluation, SSF3 to SSF5 and the version of Collaborative Stage."""
        code, faults = self.look_up(value, context)
        count = axillary_piece("ssf3", context.get("ssf3"), setting)
        counted = (count,) if count else ()
        if not code:
            return unread_as(name, value, faults), *counted
        entry = REFINED.get(refined(context)) if code == "000" else None
        piece = self.piece(name, value, code, read_staging(context), setting, entry)
        if code in _AXILLARY and positive_axillary("ssf3", context.get("ssf3"))[0] in _NOUGHT:
            piece = replace(piece, flags=piece.flags | {"COUNT_CONFLICT"})  # N is derived from such records all the same: the code stands
        return piece, *counted

    def _of_number(self, written: str, context: Mapping[str, object]) -> tuple[str, frozenset[str]]:
        version = _version(context.get("cs_version"))
        if version == 1 and 1 <= len(written) <= 2:
            return super()._of_number(written.zfill(2) + "0", context)
        if version is None and 1 <= len(written) <= 2 and int(written):
            return "", frozenset({"NUMERIC_AMBIGUOUS"})  # 50: isolated tumour cells that lost a nought, or fixed nodes of the first version?
        return super()._of_number(written, context)


def _version(value: object) -> int | None:
    """Give the version of Collaborative Stage: 1, "1.04", or as NAACCR 2935 to 2937 write it (010401, 020550)."""
    match = _VERSION.fullmatch(spell(value).text.casefold())
    return int(match[1]) if match else None


def _alike(values: Mapping[str, object]) -> tuple:
    """Give what matters of a code and its items: SSF4 and SSF5 beside 000 alone."""
    code = spell(values.get(_NAME))
    factors = () if digits(code.text).strip("0") else (values.get("ssf4"), values.get("ssf5"))
    return code, spell(values.get("cs_version")), values.get("nodes_eval"), values.get("ssf3"), *factors


SYSTEMS = (
    System(
        _NAME, "Collaborative Stage, lymph nodes (NAACCR item 2830), with evaluation (2840) and site-specific factors 3 to 5",
        "three digits, as 050, 150, 600; two of version 1 with cs_version=1", (6, 7),
        "https://apps.naaccr.org/data-dictionary/data-dictionary/version=25/data-item-view/item-number=2830/",
        CsNodes("CS lymph nodes", 3, CODES, (6, 7)), ("nodes_eval", "ssf3", "ssf4", "ssf5", "cs_version"),
        coarse=(("nodes_eval", coarse_eval), ("ssf3", coarse_ssf3), ("ssf4", coarse_factor), ("ssf5", coarse_factor)), alike=_alike,
    ),
)
