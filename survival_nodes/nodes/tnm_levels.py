"""What each N category of breast cancer leaves possible, before and from the 6th edition on, and how a code becomes a piece."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .categories import ANY, ITC_OR_MICRO, MICRO_OR_MACRO, NEGATIVE_OR_ITC, at_least, in_order
from .editions import FIRST_WITH_CELLS, Edition, Setting
from .pieces import Piece
from .tnm import NCode

_ITC_TO_MACRO = ITC_OR_MICRO | MICRO_OR_MACRO


@dataclass(frozen=True)
class Reading:
    """What a code leaves possible, what it usually means, and the flags of that reading."""

    possible: frozenset[str] = ANY
    default: str | None = None
    flags: frozenset[str] = frozenset()


def _only(category: str, *flags: str) -> Reading:
    return Reading(frozenset({category}), category, frozenset(flags))


def _open(possible: frozenset[str], default: str | None, *flags: str) -> Reading:
    return Reading(possible, default, frozenset(flags))


_NO_METASTASIS = _open(NEGATIVE_OR_ITC, "negative", "ITC_NOT_EXCLUDED")
_BOTH_ERAS = {
    "x": Reading(),
    "0": _NO_METASTASIS,
    "0i-": _only("negative"),
    "0i+": _only("itc"),
    "0i?": _open(NEGATIVE_OR_ITC, None, "ITC_SIGN_MISSING"),
    "0mol-": _NO_METASTASIS,
    "0mol+": _open(NEGATIVE_OR_ITC, "negative", "MOLECULAR_POSITIVE", "ITC_NOT_EXCLUDED"),
    "1mi": _only("micro"),
    "1bi": _only("macro", "EDITION_PRE6"),
    "1bii": _only("macro", "EDITION_PRE6"),
    "1biii": _only("macro", "EDITION_PRE6"),
    "1biv": _only("macro", "EDITION_PRE6"),
}
FROM_6TH = _BOTH_ERAS | {
    "1": _open(MICRO_OR_MACRO, "macro", "SIZE_NOT_STATED"),
    "1a": _only("macro"),
    "1b": _open(MICRO_OR_MACRO, None, "IMN", "SIZE_NOT_STATED"),  # internal mammary sentinel node; micrometastasis is enough
    "1c": _only("macro", "IMN"),
    "2": _only("macro"),
    "2a": _only("macro"),
    "2b": _only("macro", "IMN"),
    "3": _only("macro"),
    "3a": _only("macro"),
    "3b": _only("macro", "IMN"),
    "3c": _only("macro"),
}
# Up to the 5th edition N1a was micrometastasis alone, N1b a larger axillary deposit, N2 fixed nodes, N3 internal mammary nodes.
BEFORE_6TH = _BOTH_ERAS | {
    "1": _open(_ITC_TO_MACRO, "macro", "EDITION_PRE6", "MAY_INCLUDE_ITC", "SIZE_NOT_STATED"),
    "1a": _open(ITC_OR_MICRO, "micro", "EDITION_PRE6", "MAY_INCLUDE_ITC"),
    "1b": _only("macro", "EDITION_PRE6"),
    "2": _open(MICRO_OR_MACRO, "macro", "EDITION_PRE6"),
    "2b": _open(MICRO_OR_MACRO, "macro", "EDITION_PRE6"),
    "3": _open(MICRO_OR_MACRO, "macro", "EDITION_PRE6", "IMN"),
}
_TOKEN_FROM_6TH = FROM_6TH.keys() - BEFORE_6TH.keys()  # 1c, 2a, 3a, 3b, 3c: no such letters before
_TOKEN_BEFORE_6TH = frozenset({"1bi", "1bii", "1biii", "1biv"})


def piece_of_code(source: str, raw: str, code: NCode, setting: Setting, *, implied_p: bool = False, shows_y: bool = True) -> Piece:
    """Turn an N category into a piece of evidence.

    Parameters
    ----------
    source, raw
        The coding system, and what stood there.
    code
        The category taken apart.
    setting
        The edition it was written in, and the edition whose limits apply.
    implied_p
        Whether the field itself is pathological, so that a missing prefix means p.
    shows_y
        Whether a y is written where treatment came first, so that its absence says that it did not.
    """
    if may_be_a_word(code):
        return Piece(source, raw, neoadjuvant=None if not shows_y else False, flags=frozenset({"OCR_REPAIRED", "PREFIX_MISSING"}))
    if implied_p and not code.clinical:
        code = replace(code, prefix="".join(sorted({*code.prefix, "p"})))
    flags = set() if set(code.prefix) & set("cpu") else {"PREFIX_MISSING"}
    edition = _edition_of(code, setting.edition)
    reading = translated(_reading(code, edition), edition, setting)
    flags |= reading.flags | _flags_of(code) | ({"EDITION_CONFLICT"} if edition.conflict else set())
    piece = Piece(
        source, raw, str(code), possible=reading.possible, default=reading.default, positive=_polarity(code), basis=_basis(code), says=str(code),
        edition=edition.number, edition_source=edition.source, neoadjuvant=True if "y" in code.prefix else False if shows_y else None,
        microscopic=bool(code.mi or code.itc or code.mol), flags=frozenset(flags),
    )
    return _without_size(piece, code)


def _reading(code: NCode, edition: Edition) -> Reading:
    if code.invalid_for_breast:
        return _open(ANY, None, "INVALID_FOR_BREAST")
    forced = code.stage in _TOKEN_FROM_6TH | _TOKEN_BEFORE_6TH
    newer, older = FROM_6TH.get(code.stage), BEFORE_6TH.get(code.stage)
    if edition.conflict and not forced and newer != older:
        return Reading(newer.possible | older.possible, newer.default if newer.default == older.default else None, newer.flags | older.flags)
    return older if edition.before_6 and older else newer


def _edition_of(code: NCode, edition: Edition) -> Edition:
    if code.stage in _TOKEN_BEFORE_6TH:
        return edition.forced_by_token(before_6=True)
    return edition.forced_by_token(before_6=False) if code.stage in _TOKEN_FROM_6TH else edition


def translated(reading: Reading, edition: Edition, setting: Setting) -> Reading:
    """Judge a code by another edition's limits: only the 200 cells can move it, between ITC and micrometastasis."""
    written_with_cells, judged_with_cells = edition.number >= FIRST_WITH_CELLS, setting.counts_cells
    movable = {"micro"} if written_with_cells else {"itc"}
    if edition.number == setting.judged or written_with_cells == judged_with_cells or reading.possible != movable:
        return reading
    return replace(reading, possible=ITC_OR_MICRO)


def _flags_of(code: NCode) -> set[str]:
    named = {
        "SENTINEL_ONLY": code.sn, "FNA_ONLY": code.f, "RECURRENCE": "r" in code.prefix, "AUTOPSY": "a" in code.prefix, "OCR_REPAIRED": code.repaired,
        "MOLECULAR_POSITIVE": code.mol == "+",
    }
    return {name for name, applies in named.items() if applies}


def _basis(code: NCode) -> str:
    if code.clinical:
        return "yc" if "y" in code.prefix else "c"
    if "a" in code.prefix:
        return "a"
    if "p" in code.prefix:
        return "yp" if "y" in code.prefix else "p"
    return ""


def _polarity(code: NCode) -> bool | None:
    if code.invalid_for_breast or code.level == "x" or code.itc == "+":
        return None
    return code.level != "0"


def may_be_a_word(code: NCode) -> bool:
    """Tell whether a repaired letter is all there is: NO without a prefix is more often the word than N0."""
    stated = code.prefix or code.mi or code.itc or code.mol or code.sn or code.f or code.n_examined is not None
    return code.repaired and not stated


def _without_size(piece: Piece, code: NCode) -> Piece:
    """Take back what a clinical category or an aspiration cannot say."""
    if code.clinical and not (piece.tells and (code.mi or code.itc == "+")):
        kept = piece.flags & {"INVALID_FOR_BREAST", "FNA_ONLY", "RECURRENCE", "AUTOPSY", "OCR_REPAIRED", "SENTINEL_ONLY"}
        return replace(piece, possible=ANY, default=None, microscopic=False, flags=kept | {"CLINICAL_ONLY"})
    if code.clinical:
        piece = replace(piece, flags=piece.flags | {"CLINICAL_PREFIX_MICROSCOPIC"})
    if code.f and piece.tells:  # one needle in one node: what it shows is the least there is
        clear = piece.positive is False
        possible = at_least(in_order(piece.possible)[0])
        return replace(piece, possible=possible, default=None if clear else piece.default, positive=None if clear else piece.positive)
    return piece
