"""The anatomic stage group of T, N and M, by edition; prognostic stages need grade and receptors and are not built here."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import UsageError
from .editions import FIRST_WITH_ITC, parse_edition
from .spelling import is_blank, spell
from .tnm import Unreadable, parse_n
from .tnm_levels import BEFORE_6TH, FROM_6TH, may_be_a_word

UNKNOWN = "unknown"
_Rows = Mapping[str, tuple[str, str, str, str, str, str]]
_UNSTAGED_N = (UNKNOWN,) * 4

# A row is the level of N, its entries are T0, T1, T2, T3, T4 and TX. III is stage III of no known letter.
_FROM_7TH: _Rows = {
    "0": (UNKNOWN, "IA", "IIA", "IIB", "IIIB", UNKNOWN),
    "1mi": ("IB", "IB", "IIB", "IIIA", "IIIB", UNKNOWN),
    "1": ("IIA", "IIA", "IIB", "IIIA", "IIIB", UNKNOWN),
    "2": ("IIIA", "IIIA", "IIIA", "IIIA", "IIIB", "III"),
    "3": ("IIIC", "IIIC", "IIIC", "IIIC", "IIIC", "IIIC"),
    "x": (*_UNSTAGED_N, "III", UNKNOWN),
}
_OF_6TH: _Rows = _FROM_7TH | {"0": (UNKNOWN, "I", "IIA", "IIB", "IIIB", UNKNOWN), "1mi": _FROM_7TH["1"]}
# No IIIC yet, and T4 is IIIB whatever N is.
_OF_5TH: _Rows = _OF_6TH | {"3": ("IIIB",) * 6, "x": (*_UNSTAGED_N, "IIIB", UNKNOWN)}
_TABLES = {"5": _OF_5TH, "6": _OF_6TH, "7": _FROM_7TH, "8": _FROM_7TH, "UICC 7": _FROM_7TH}

_T = re.compile(
    r"[ycprau]*t?(?:(?P<in_situ>is)(?:\|?(?:dcis|lcis|paget|pd)\|?)?|(?P<level>x|0|1(?:\|?mic?\|?|[abc])?|2|3|4[a-d]?))(?:nos)?(?:\|(?:m|\d{1,2})\|)?"
)
_M = re.compile(r"[ycprau]*m?(?P<level>x|0(?:\|?(?:i|mol|m)\+\|?)?|1[a-d]?)")
_NO_EDITION = frozenset({"0", "00", "88", "99"})


def stage_group(t: object, n: object, m: object, edition: int | str) -> str:
    """Give the anatomic stage group of breast cancer.

    Parameters
    ----------
    t, n, m
        The categories as they stand in the record, with or without prefix and letter: `T1c`, `pT2`, `1MI`, `Tis`; `N1mi`, `pN1a(sn)`, `N0(i+)`;
        `M0`, `cM0(i+)`, `1`. What cannot be read, of whatever type, counts as X.
    edition
        AJCC 5, 6, 7 or 8, as 7, "7" or "7th"; "UICC 7" differs in staging Tis with positive nodes as T1.

    Returns
    -------
    str
        `0, I, IA, IB, IIA, IIB, IIIA, IIIB, IIIC, IV`; `III` where the letter cannot be told (T4 NX, TX N2); else `unknown`: X where it matters,
        T0 N0, categories that exclude each other (Tis with positive nodes), letters of N that the edition does not have, or no edition recorded.

    Raises
    ------
    UsageError
        If there is no table for the edition.

    References
    ----------
    Collaborative Stage 02.05.50 (AJCC 6th and 7th) and TNM 2.1 (UICC 7th), stage tables of the breast schema; the anatomic table of the 8th edition
    is that of the 7th. 5th: AJCC Cancer Staging Manual, 5th ed., 1997 (there N1mi is part of N1).

    Examples
    --------
    >>> stage_group("T1c", "pN1mi(sn)", "M0", 7), stage_group("T1c", "pN1mi(sn)", "M0", 6)
    ('IB', 'IIA')
    >>> stage_group("pT4b", "NX", "M0", "8th"), stage_group(None, "N0", "M0", 8)
    ('III', 'unknown')
    """
    if _no_edition(edition):
        return UNKNOWN
    name = _edition_name(edition)
    tumour, nodes, distant = _level_of_t(t), _level_of_n(n, int(name[-1])), _level_of_m(m)
    if tumour == "is":
        return _of_in_situ(nodes, distant, uicc="UICC" in name)
    if distant != "0":
        return "IV" if distant == "1" else UNKNOWN
    return _TABLES[name][nodes]["01234x".index(tumour)]


def _of_in_situ(nodes: str, distant: str, *, uicc: bool) -> str:
    if nodes in "0x" and distant != "1":
        return "0"
    if not uicc or distant == "x":
        return UNKNOWN
    return "IV" if distant == "1" else _FROM_7TH[nodes][1]


def _no_edition(edition: object) -> bool:
    spelled = spell(edition)
    return is_blank(spelled) or spelled.text in _NO_EDITION


def _edition_name(edition: object) -> str:
    text = spell(edition).text
    name = ("UICC " if "uicc" in text.casefold() else "") + str(parse_edition(text))
    if name not in _TABLES:
        raise UsageError(f"there is no anatomic stage table for edition {str(edition)[:40]!r}; there are: AJCC 5, 6, 7, 8, and 'UICC 7'")
    return name


def _level_of_t(value: object) -> str:
    match = _T.fullmatch(_flat(value))
    if match is None:
        return "x"
    return "is" if match["in_situ"] else match["level"][0]


def _level_of_n(value: object, edition: int) -> str:
    try:
        code = parse_n(spell(value).text, bare=True)
    except Unreadable:
        return "x"
    known = FROM_6TH if edition >= FIRST_WITH_ITC else BEFORE_6TH
    if may_be_a_word(code) or code.stage not in known or (code.sub and edition >= FIRST_WITH_ITC):
        return "x"
    return "1mi" if code.mi else code.level


def _level_of_m(value: object) -> str:
    match = _M.fullmatch(_flat(value))
    return match["level"][0] if match else "x"


def _flat(value: object) -> str:
    """Spell a category in small letters, without blanks, with bars for brackets."""
    return re.sub(r"[()\[\]]", "|", spell(value).text.casefold().replace(" ", "").lstrip("_"))
