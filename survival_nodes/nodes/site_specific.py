"""Items that refine a code of the nodes: SSF4 and SSF5 of Collaborative Stage, and the number of positive axillary nodes (SSF3, item 3882)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .categories import MICRO_OR_MACRO
from .counts import MOST_NODES
from .editions import Setting
from .pieces import Piece
from .spelling import raw_text, spell

_NUMBER = re.compile(r"([0-9]{1,6})(?:\.0+)?", re.ASCII)
_IHC_POSITIVE = {"002": "i+", "009": "i?"}  # 009: positive, size not stated
_MOLECULAR = {"001": "mol-", "002": "mol+"}
_SSF3 = {95: "aspiration", 97: "some", 98: "none examined"}
_ITEM_3882 = {"X1": ("some", 100), "X5": ("some", None), "X6": ("aspiration", None)}
_FEW, _MANY = 1, 4  # of all numbers only the side of four matters (see combining.MANY_NODES)
ITEM_3882 = "ln_positive_axillary"


def digits(value: object) -> str:
    """Give the digits of a whole number, however it is stored, with the leading noughts it has; an empty text for all else.

    >>> digits(18.0), digits("050"), digits("130.0"), digits("X1"), digits(None)
    ('18', '050', '130', '', '')
    """
    spelled = spell(value)
    match = None if spelled.fault else _NUMBER.fullmatch(spelled.text)
    return match[1] if match else ""


def refined(context: Mapping[str, object]) -> str:
    """Give what SSF4 (immunohistochemistry) and SSF5 (molecular tests) make of a plain N0: `i+, i?, i-, mol+, mol-`, or nothing.

    A positive stain goes first, then a positive molecular test, as in the derivation of N of Collaborative Stage.

    >>> refined({"ssf4": "002", "ssf5": "002"}), refined({"ssf4": 1, "ssf5": 2}), refined({"ssf4": "001"}), refined({"ssf4": 9.0}), refined({})
    ('i+', 'mol+', 'i-', 'i?', '')
    """
    stain, molecular = (digits(context.get(name)).zfill(3) for name in ("ssf4", "ssf5"))
    if stain in _IHC_POSITIVE:
        return _IHC_POSITIVE[stain]
    if _MOLECULAR.get(molecular) == "mol+":
        return "mol+"
    return "i-" if stain == "001" else _MOLECULAR.get(molecular, "")


def coarse_factor(value: object) -> object:
    """Give an SSF4 or SSF5 that reads like the one given.

    >>> coarse_factor("002"), coarse_factor(9.0), coarse_factor("987"), coarse_factor(None)
    ('002', '009', '', '')
    """
    factor = digits(value).zfill(3)
    return factor if factor in {"001", *_IHC_POSITIVE, *_MOLECULAR} else ""


def positive_axillary(name: str, value: object) -> tuple[str, int | None]:
    """Read a number of positive nodes of level I and II: a word (`zero, some, aspiration, none examined`, or nothing) and the number.

    >>> positive_axillary("ssf3", "095"), positive_axillary("ln_positive_axillary", "95"), positive_axillary("ln_positive_axillary", "x6")
    (('aspiration', None), ('some', 95), ('aspiration', None))
    """
    most, codes = (MOST_NODES, _SSF3) if name == "ssf3" else (99, {})
    written = digits(value)
    if not written:
        return _ITEM_3882.get(spell(value).text.upper(), ("", None)) if name == ITEM_3882 else ("", None)
    number = int(written)
    if number in codes:
        return codes[number], None
    if number > most:
        return "", None
    return ("some", number) if number else ("zero", None)


def coarse_axillary(name: str, value: object) -> object:
    """Give a number that reads like the one given.

    >>> coarse_axillary("ssf3", "003"), coarse_axillary("ssf3", "088"), coarse_axillary("ssf3", "095"), coarse_axillary("ssf3", "099")
    (1, 4, 95, None)
    """
    word, number = positive_axillary(name, value)
    if number is not None:
        return _MANY if number >= _MANY else _FEW
    likes: dict[str, object] = {"zero": 0, "": None, "some": 97, "aspiration": 95, "none examined": 98}
    return likes[word] if name == "ssf3" else {**likes, "some": "X5", "aspiration": "X6"}[word]


def coarse_ssf3(value: object) -> object:
    """Give an SSF3 that reads like the one given."""
    return coarse_axillary("ssf3", value)


def coarse_3882(value: object) -> object:
    """Give a value of item 3882 that reads like the one given."""
    return coarse_axillary(ITEM_3882, value)


def axillary_piece(name: str, value: object, setting: Setting) -> Piece | None:
    """Turn positive axillary nodes into a piece. Nought says nothing of nodes beyond level II, hence is no piece of its own."""
    word, number = positive_axillary(name, value)
    if word not in {"some", "aspiration"}:
        return None
    some = word == "some"
    return Piece(
        name, raw_text(value), "" if number is None else str(number), "count", MICRO_OR_MACRO, positive=True,
        flags=frozenset({"COUNT_ONLY" if some else "FNA_ONLY"}), says="positive axillary nodes counted", examined=word, n_positive=number,
        edition=setting.edition.number, edition_source=setting.edition.source,
    )
