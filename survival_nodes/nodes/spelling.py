"""Any cell becomes a text that can be read, or a reason why it cannot; nothing here ever raises."""

from __future__ import annotations

import numbers
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

MAX_LENGTH = 1000  # longer than any entry of a nodal field; also keeps the patterns below quick
MISSING_WORDS = frozenset({
    "", ".", "-", "--", "'--", "?", "na", "n/a", "#n/a", "nan", "nat", "none", "null", "<na>", "unknown", "unk", "not reported",
    "not allowed to collect", "blank", "blank(s)", "not applicable", "not recorded", "not evaluated", "not available", "discrepancy",
    "[not available]", "[not applicable]", "[unknown]", "[not evaluated]", "[discrepancy]",
})
_MISSING_TYPES = frozenset({"NAType", "NaTType", "NoneType"})
_DASHES = dict.fromkeys(map(ord, "\u2212\u2043\u02d7\u207b\u208b\u2796"), "-")
_PLUSES = dict.fromkeys(map(ord, "\u2795\u02d6"), "+")
_TOO_LONG = Decimal(10) ** 15


@dataclass(frozen=True)
class Spelled:
    """A cell as text; `fault` is MISSING or UNPARSEABLE where there is nothing to read."""

    text: str
    fault: str = ""


def spell(value: object) -> Spelled:
    """Turn any cell into text, with one spelling for dashes, blanks and full-width characters.

    Numbers lose a decimal part that is nothing (18.0 is 18). Bytes, truth values and containers are not read.

    >>> spell("\\u00a0pN0 (i\\u2013) ").text, spell(18.0).text, spell(None).fault, spell(b"N0").fault
    ('pN0 (i-)', '18', 'MISSING', 'UNPARSEABLE')
    """
    if type(value).__name__ in _MISSING_TYPES:
        return Spelled("", "MISSING")
    if isinstance(value, str):
        return _spell_text(value)
    if isinstance(value, (numbers.Real, Decimal)) and not isinstance(value, bool):
        return _spell_number(value)
    return Spelled("", "UNPARSEABLE")


def raw_text(value: object) -> str:
    """Give what stood in a cell, shortened, for the record of the evidence."""
    return str.__str__(value)[:MAX_LENGTH] if isinstance(value, str) else spell(value).text


def is_missing_word(text: str) -> bool:
    """Tell whether a spelled text is one of the ways in which files say that nothing is known.

    >>> is_missing_word("Not Reported"), is_missing_word("N0")
    (True, False)
    """
    return text.casefold() in MISSING_WORDS or text.casefold().startswith("pn not assigned")


def is_blank(spelled: Spelled) -> bool:
    """Tell whether a cell holds nothing, or one of the words for nothing."""
    return spelled.fault == "MISSING" or (not spelled.fault and is_missing_word(spelled.text))


def _spell_text(value: str) -> Spelled:
    return _spell_cached(str.__str__(value)) if len(value) <= MAX_LENGTH else Spelled("", "UNPARSEABLE")


@lru_cache(maxsize=10_000)
def _spell_cached(value: str) -> Spelled:
    composed = unicodedata.normalize("NFKC", value).translate(_DASHES).translate(_PLUSES)
    kept = []
    for character in composed:
        kind = unicodedata.category(character)
        if kind == "Pd":
            kept.append("-")
        elif kind not in {"Cf", "Cc"} or character.isspace():  # format characters (zero-width, soft hyphen) carry no meaning
            kept.append(character)
    text = re.sub(r"\s+", " ", "".join(kept)).strip()
    return Spelled(text, "" if text else "MISSING")


def _spell_number(value: numbers.Real | Decimal) -> Spelled:
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except (ArithmeticError, ValueError):
        return Spelled("", "UNPARSEABLE")
    if number.is_nan():
        return Spelled("", "MISSING")
    if not number.is_finite() or abs(number) > _TOO_LONG or (number and number.adjusted() < -15):
        return Spelled("", "UNPARSEABLE")
    return Spelled(str(int(number)) if number == number.to_integral_value() else format(number, "f"))
