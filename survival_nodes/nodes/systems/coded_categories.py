"""Fields in which a code of their own stands for an N category: one table a field, one reader for all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..categories import MICRO_OR_MACRO
from ..coding import System
from ..editions import DUTCH_BY_YEAR, Setting
from ..pieces import Piece, unread
from ..spelling import is_blank, raw_text, spell
from ..tnm import parse_n
from ..tnm_levels import piece_of_code
from .snomed_codes import CATEGORY_OF_SNOMED
from .tnm_strings import TnmField

Leaves = Mapping[str, tuple[frozenset[str], str | None]]  # what a category leaves possible in this field, and its default


@dataclass(frozen=True)
class CodedField:
    """How a field codes N.

    `pattern` finds the code in a text without blanks, in small letters; `categories` holds the category of each code, `leaves` those that mean
    more or less in this field; `written` is how a code is printed; `shows_y` tells whether a missing y says that no treatment came first.
    """

    pattern: re.Pattern[str]
    categories: Mapping[str, str]
    leaves: Leaves = field(default_factory=dict)
    written: str = "{}"
    shows_y: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        """All its codes as they are written, in the order of the table."""
        return tuple(self.written.format(code.upper()) for code in self.categories)

    def __call__(self, name: str, value: object, context: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
        """Read one value."""
        spelled, raw = spell(value), raw_text(value)
        if is_blank(spelled):
            return (unread(name, raw, "MISSING"),)
        match = self.pattern.fullmatch("".join(spelled.text.casefold().split()))
        if match is None or match["code"] not in self.categories:
            return (unread(name, raw, "UNKNOWN_CODE" if match else "UNPARSEABLE"),)
        category = parse_n(self.categories[match["code"]])
        piece = piece_of_code(name, raw, category, setting, implied_p=True, shows_y=self.shows_y)
        return (_narrowed(piece, self.leaves, category.stage),)


def _narrowed(piece: Piece, leaves: Leaves, stage: str) -> Piece:
    if stage not in leaves or not piece.tells:
        return piece
    possible, default = leaves[stage]
    return replace(piece, possible=possible, default=default)


_DANISH = {
    "1900": "pN0", "1902": "pN0(i+)", "1903": "pN0(mol-)", "1904": "pN0(mol+)", "1905": "pN0(sn)", "1906": "pN0(i+)(sn)", "1910": "pN1", "1911": "pN1a",
    "1912": "pN1b", "1913": "pN1c", "1914": "pN1mi", "1915": "pN1(sn)", "1916": "pN1mi(sn)", "1917": "pN1a(sn)", "1920": "pN2", "1921": "pN2a", "1930": "pN3",
    "1931": "pN3a", "1950": "pNX",
}
_DUTCH_LEVELS = {
    "0": "pN0", "0i": "pN0(i+)", "1m": "pN1mi", "1a": "pN1a", "1b": "pN1b", "1c": "pN1c", "2a": "pN2a", "2b": "pN2b", "3a": "pN3a", "3b": "pN3b", "3c": "pN3c",
    "x": "pNX",
}
_DUTCH = _DUTCH_LEVELS | {f"{code}s": f"{category}(sn)" for code, category in _DUTCH_LEVELS.items()}
# Internal mammary nodes may be all there is in 2B and 3B of this registry, and a micrometastasis in them is enough.
_DUTCH_LEAVES = {"2b": (MICRO_OR_MACRO, "macro"), "3b": (MICRO_OR_MACRO, "macro")}
# All slides of a patient are labelled, isolated tumour cells apart; the rules of the challenge ask for a macrometastasis from pN1 on.
_CAMELYON_LEAVES = {"0": (frozenset({"negative"}), "negative"), "1": (frozenset({"macro"}), "macro")}
_MII_PREFIXES = ("y_prefix", "r_prefix", "a_prefix", "cp_prefix")
_MII_SUFFIXES = ("itc_suffix", "sn_suffix")


def _read_camelyon_patient(name: str, value: object, context: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
    pieces = TnmField()(name, value, context, setting)
    return tuple(_narrowed(piece, _CAMELYON_LEAVES, piece.says.removeprefix("pN")) for piece in pieces)


def _read_mii(name: str, value: object, context: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
    """Put together what FHIR keeps apart: the category, its prefixes and its suffixes."""
    spelled = spell(value)
    if is_blank(spelled) or spelled.fault:
        return (unread(name, raw_text(value), "MISSING" if is_blank(spelled) else spelled.fault),)
    entries = {part: spell(context.get(part)) for part in (*_MII_PREFIXES, *_MII_SUFFIXES)}
    if any(entry.fault == "UNPARSEABLE" for entry in entries.values()):
        return (unread(name, raw_text(value), "UNPARSEABLE"),)
    told = {part: "" if is_blank(entry) else entry.text.strip("()") for part, entry in entries.items()}
    written = "".join(told[part] for part in _MII_PREFIXES) + spelled.text + "".join(f"({told[part]})" for part in _MII_SUFFIXES if told[part])
    pieces = TnmField(implied_p=False, shows_y="y_prefix" in context)(name, written, {}, setting)
    return tuple(replace(piece, raw=raw_text(value)) for piece in pieces)


SYSTEMS = (
    System(
        "snomed", "SNOMED CT, codes of the pathological and clinical N categories of AJCC and UICC",
        "a number of up to 18 digits, also as in FHIR: http://snomed.info/sct|...", (8,), "https://browser.ihtsdotools.org/",
        CodedField(re.compile(r"(?:\S*\|)?(?P<code>\d{6,18})(?:\.0+)?(?:\|.*)?"), CATEGORY_OF_SNOMED, shows_y=True),
    ),
    System(
        "dk_patobank", "Danish Pathology Data Bank, N codes of its SNOMED", "\u00c6F1900 to \u00c6F1950, also AEF1900", (6, 7, 8), "https://www.patobank.dk/",
        CodedField(re.compile(r"(?:\u00e6|ae)f(?P<code>\d{4})"), _DANISH, written="\u00c6F{}"), by_year=((2009, 6), (2017, 7), (9999, 8)),
    ),
    System(
        "ncr_pn", "Netherlands Cancer Registry, pn", "0, 0I isolated tumour cells, 1M micrometastasis, 1A to 3C; a trailing S: sentinel nodes only",
        (4, 5, 6, 7, 8), "https://iknl.nl/en/ncr/synthetic-dataset", CodedField(re.compile(r"(?P<code>[0-3x][a-z]{0,2})"), _DUTCH, _DUTCH_LEAVES),
        by_year=DUTCH_BY_YEAR,
    ),
    System(
        "mii_n", "German Medical Informatics Initiative (FHIR), N category with its extensions",
        "N0, N1mi; i+, sn and c, p, y stand in extensions of their own", (6, 7, 8), "https://simplifier.net/mii-erweiterungsmodul-onkologie-2024",
        _read_mii, (*_MII_SUFFIXES, *_MII_PREFIXES),
    ),
    System(
        "camelyon_patient", "CAMELYON17, label of one patient", "pN0, pN0(i+), pN1mi, pN1, pN2", (7,), "https://camelyon17.grand-challenge.org/Data/",
        _read_camelyon_patient,
    ),
)
