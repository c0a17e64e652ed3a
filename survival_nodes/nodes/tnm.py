"""The parser of N categories as people write them: pN1mi(sn), ypN0 (i+), PN1A (2/14), p1MI, N1bIV, pNO."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_PERINEURAL = re.compile(r"_*[YCRAUMSycraums]*Pn")  # UICC's Pn is invasion of nerves; only the case tells it from pN
_WITH_N = re.compile(r"(?P<prefix>[ycprausm]*)n(?P<level>[x0-4o]|[il](?=$|[abc|]|m))")
_WITHOUT_N = re.compile(r"(?P<prefix>[ycprau]*)(?P<level>[x0-4])")
_FLOAT = re.compile(r"([0-4])\.0+")
_TOKENS = re.compile(
    r"(?P<gap>\|+)"
    r"|(?P<count>\d{1,3}/\d{1,3})"
    r"|(?P<itc>i[+-])"
    r"|(?P<mol>(?:mol|m)[+-])"
    r"|(?P<mi>mi(?:c(?![1-5]))?)"
    r"|(?P<nos>nos)"
    r"|(?P<sn>sn)"
    r"|(?P<certainty>c[1-5](?![\d/]))"
    r"|(?P<letter>[abc])"
    r"|(?P<f>f)"
    r"|(?P<m>m(?=\||$|\d|sn|f))"
    r"|(?P<unsigned>i)"
)
_SUBCODE = re.compile(r"\|?(?P<sub>iv|i{1,3}|[1-4])(?![\d/+\-iv])(?:\||$|(?=[a-z]))")
_SUBCODES = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_SUB_ROMAN = {"1": "i", "2": "ii", "3": "iii", "4": "iv"}
_REPAIRS = {"o": "0", "i": "1", "l": "1"}
_INVALID = {("0", "a"), ("0", "b"), ("0", "c"), ("2", "c")}


class Unreadable(ValueError):
    """Raised and caught inside the room: the text is no N category; the text of the error is the flag."""


@dataclass(frozen=True)
class NCode:
    """An N category taken apart.

    `prefix` holds its letters in the order of the alphabet; `level` is x or 0 to 4; `letter` a, b or c; `sub` 1 to 4 (sub-codes of N1b up to
    the 5th edition); `itc` and `mol` are a sign, `?` where there is none, or empty; counts are those written into the code.
    """

    level: str
    prefix: str = ""
    letter: str = ""
    sub: str = ""
    mi: bool = False
    itc: str = ""
    mol: str = ""
    sn: bool = False
    f: bool = False
    n_positive: int | None = None
    n_examined: int | None = None
    repaired: bool = False

    @property
    def clinical(self) -> bool:
        """Whether the prefix is clinical (c, or u for ultrasound)."""
        return bool(set(self.prefix) & set("cu"))

    @property
    def stage(self) -> str:
        """The category without prefix and additions, as 1mi, 0i+, 1b, 3."""
        if self.mi:
            return "1mi"
        if self.sub:
            return "1b" + _SUB_ROMAN[self.sub]
        if self.itc:
            return "0i" + self.itc
        return "0mol" + self.mol if self.mol else self.level + self.letter

    @property
    def invalid_for_breast(self) -> bool:
        """Whether the category exists for other cancers only."""
        return self.level == "4" or (self.level, self.letter) in _INVALID or (self.mi and self.level in "23")

    def __str__(self) -> str:
        prefix = "".join(letter for letter in "yracpu" if letter in self.prefix)
        level = self.level.upper() + self.letter + (f"({_SUB_ROMAN[self.sub]})" if self.sub else "") + "mi" * self.mi
        additions = [f"i{self.itc.strip('?')}" if self.itc else "", f"mol{self.mol}" if self.mol else "", "sn" * self.sn, "f" * self.f]
        return f"{prefix}N{level}" + "".join(f"({addition})" for addition in additions if addition)


def parse_n(text: str, *, bare: bool = False) -> NCode:
    """Take an N category apart.

    Parameters
    ----------
    text
        A spelled text (see `spelling.spell`).
    bare
        Whether the letter N may be missing, as in coded fields (p1MI, 0(i+)).

    Raises
    ------
    Unreadable
        With the flag as its text: PERINEURAL_AMBIGUOUS or UNPARSEABLE.

    >>> str(parse_n("PN1 (MI)(sn)")), str(parse_n("p0I+", bare=True)), parse_n("pN1a (2/14)").n_examined
    ('pN1mi(sn)', 'pN0(i+)', 14)
    """
    compact = text.replace(" ", "")
    if _PERINEURAL.match(compact):
        raise Unreadable("PERINEURAL_AMBIGUOUS")
    compact = re.sub(r"[()\[\]{},;]", "|", compact.casefold().lstrip("_").partition(":")[0])
    if bare and (number := _FLOAT.fullmatch(compact)):
        compact = number[1]
    head = _WITH_N.match(compact) or (_WITHOUT_N.match(compact) if bare else None)
    if head is None:
        raise Unreadable("UNPARSEABLE")
    prefix = "".join(sorted(set(head["prefix"])))
    bare_prefix = "n" not in compact[:head.end()]
    if ("p" in prefix and set(prefix) & set("cu")) or (bare_prefix and prefix and not set(prefix) & set("cpu")):
        raise Unreadable("UNPARSEABLE")  # cpN is no prefix, and a bare R0 or A0 is something else
    level = _REPAIRS.get(head["level"], head["level"])
    return _checked(_with_tokens(NCode(level, prefix, repaired=level != head["level"]), compact, head.end()))


def _with_tokens(code: NCode, text: str, position: int) -> NCode:
    while position < len(text):
        if code.letter == "b" and code.level == "1" and not code.sub and (sub := _SUBCODE.match(text, position)):
            code = replace(code, sub=_SUBCODES.get(sub["sub"], sub["sub"]))
            position = sub.end()
            continue
        token = _TOKENS.match(text, position)
        if token is None:
            raise Unreadable("UNPARSEABLE")
        code = _with_token(code, token.lastgroup, token[0])
        position = token.end()
    return code


def _with_token(code: NCode, kind: str, token: str) -> NCode:
    if kind == "count":
        positive, _, examined = token.partition("/")
        return _set(_set(code, "n_positive", int(positive)), "n_examined", int(examined))
    if kind in {"itc", "mol"}:
        return _set(code, kind, token[-1])
    if kind == "unsigned":
        return _set(code, "itc", "?")
    if kind == "letter":
        return _set(code, "letter", token)
    if kind in {"mi", "sn", "f"}:
        return replace(code, **{kind: True})
    return code  # gaps, NOS, certainty factors and (m) change nothing


def _set(code: NCode, name: str, value: object) -> NCode:
    before = getattr(code, name)
    if before not in ("", None, value):
        raise Unreadable("UNPARSEABLE")  # i+ and i- in one code, two letters, two counts
    return replace(code, **{name: value})


def _checked(code: NCode) -> NCode:
    contradictory = (
        ((code.itc or code.mol) and (code.level != "0" or code.letter))
        or (code.mi and (code.level in "x0" or code.letter))
        or (code.level == "x" and code.letter)
    )
    if contradictory:
        raise Unreadable("UNPARSEABLE")
    return code
