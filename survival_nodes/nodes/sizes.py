"""Sizes of deposits: exact decimals, units, limits, ranges, several deposits, and the 200 cells of the 7th and 8th edition."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from ..units import mm_per
from .categories import ITC_LIMIT_CELLS, ITC_LIMIT_MM, MICRO_LIMIT_MM, MICRO_OR_MACRO, NEGATIVE_OR_ITC, in_order
from .editions import FIRST_WITH_ITC, Setting
from .pieces import Piece, unread
from .spelling import is_blank, raw_text, spell

_ENDLESS = Decimal("Infinity")
_LARGEST_MM = Decimal(200)  # no nodal deposit is larger; a greater number is a code or a slip
_MISSING_CODES = frozenset({"88", "99", "888", "999"})
_UNITS = (
    (re.compile(r"millimet(?:er|re)s?|mm\.?"), "mm"),
    (re.compile(r"centimet(?:er|re)s?|cm\.?"), "cm"),
    (re.compile(r"micromet(?:er|re)s?|microns?|[\u00b5\u03bcu]m\.?"), "um"),
)
_SIGNS = (  # applied to text without blanks, so that blanks change nothing
    (re.compile(r"(?:not|no)(?:more|larger|greater|bigger)than|upto|atmost|notexceeding|maximum|[\u2264\u2266\u2a7d]|=<"), "<="),
    (re.compile(r"(?:not|no)(?:less|smaller)than|atleast|minimum|[\u2265\u2267\u2a7e]|=>"), ">="),
    (re.compile(r"(?:less|smaller)than|under|below"), "<"),
    (re.compile(r"(?:more|larger|greater|bigger)than|over|above|exceeding"), ">"),
)
_SEVERAL = re.compile(r";|\+|&|\u00d7|x|and")
_NUMBER = r"\d{1,9}(?:[.,]\d{0,15})?|[.,]\d{1,15}"
_ONE = re.compile(rf"(?P<sign><=|>=|<|>|=)?(?P<low>{_NUMBER})(?P<low_unit>mm|cm|um)?(?:-(?P<high>{_NUMBER}))?(?P<unit>mm|cm|um)?")
_CELLS = re.compile(r"(?P<sign><=|>=|<|>|=)?(?P<number>\d{1,9})(?:\.0*)?(?:cells?)?")
_UNREADABLE = "?!"  # reads like any other text that is no size
# Of the sizes up to each limit, one that reads like all of them that are above the limit before it.
_LIKE_SIZES = (
    (Decimal(0), "0"), (ITC_LIMIT_MM.next_minus(), "0.1"), (ITC_LIMIT_MM, "0.2"), (MICRO_LIMIT_MM.next_minus(), "1"), (MICRO_LIMIT_MM, "2"),
)


@dataclass(frozen=True)
class Deposit:
    """The largest deposit as an interval in mm; an exact size is an interval of one value."""

    low: Decimal
    high: Decimal
    low_counts: bool = True
    high_counts: bool = True

    @property
    def exact(self) -> bool:
        """Whether it was measured, and not only limited."""
        return self.low == self.high

    @property
    def possible(self) -> frozenset[str]:
        """The categories that the interval meets."""
        if self.high == 0:
            return NEGATIVE_OR_ITC  # "0 mm" reports no metastasis; it does not say that ITC were looked for
        limits = {"itc": (Decimal(0), ITC_LIMIT_MM), "micro": (ITC_LIMIT_MM, MICRO_LIMIT_MM), "macro": (MICRO_LIMIT_MM, _ENDLESS)}
        return frozenset(name for name, (above, most) in limits.items() if self._meets(above, most))

    def _meets(self, above: Decimal, most: Decimal) -> bool:
        return self.high > above and (self.low < most or (self.low == most and self.low_counts))


def parse_size(text: str) -> Deposit | None:
    """Read the size of the largest deposit off a spelled text; None where it cannot be read.

    Millimetres unless a unit is written. Of several deposits the largest counts; they are never summed.

    >>> parse_size("1,2 mm").low, parse_size("200 um").low, parse_size("0.3; 1.5 mm").low, parse_size("focal")
    (Decimal('1.2'), Decimal('0.200'), Decimal('1.5'), None)
    """
    if re.search(r"\d \d", text):
        return None  # "1 2 mm" is two numbers, or a slip; it is not 12
    text = text.casefold().replace(" ", "")
    for patterns in (_UNITS, _SIGNS):
        for pattern, sign in patterns:
            text = pattern.sub(sign, text)
    unit = "mm"
    deposits = []
    for part in reversed(_SEVERAL.split(text)):  # a unit at the end serves the numbers before it
        match = _ONE.fullmatch(part)
        deposit = _deposit(match, match["unit"] or match["low_unit"] or unit) if match else None
        if deposit is None:
            return None
        unit = match["unit"] or match["low_unit"] or unit
        deposits.append(deposit)
    return _largest(deposits)


def _deposit(match: re.Match, unit: str) -> Deposit | None:
    if unit == "um" and re.fullmatch(r"[1-9]\d{0,2},\d{3}", match["low"]):
        return None  # 1,200 um: a decimal comma or a thousand? Never guess by a factor of a thousand
    low = _mm(match["low"], match["low_unit"] or unit)
    sign = match["sign"] or "="
    if match["high"]:
        high = _mm(match["high"], unit)
        return Deposit(low, high) if sign == "=" and low < high <= _LARGEST_MM else None
    if low > _LARGEST_MM or (sign in {"<", "<="} and low == 0):
        return None
    if sign == "=":
        return Deposit(low, low)
    if sign in {"<", "<="}:
        return Deposit(Decimal(0), low, low_counts=False, high_counts=sign == "<=")
    return Deposit(low, _ENDLESS, low_counts=sign == ">=")


def _mm(number: str, unit: str) -> Decimal:
    return Decimal(number.replace(",", ".")) * mm_per(unit)


def _largest(deposits: list[Deposit]) -> Deposit:
    low = max(deposits, key=lambda one: (one.low, not one.low_counts))
    high = max(deposits, key=lambda one: (one.high, one.high_counts))
    return Deposit(low.low, high.high, low.low_counts, high.high_counts)


def parse_cells(value: object) -> int | None:
    """Read the number of cells in one cross-section; a limit counts as the least (or most) it allows.

    >>> [parse_cells(value) for value in (260, ">200", "200.0", "<200", "many")]
    [260, 201, 200, 199, None]
    """
    match = _CELLS.fullmatch(spell(value).text.casefold().replace(" ", "").replace("\u2264", "<=").replace("\u2265", ">="))
    if match is None:
        return None
    return int(match["number"]) + {">": 1, "<": -1}.get(match["sign"], 0)


def coarse_cells(value: object) -> object:
    """Give a number of cells that reads like the one given: of all numbers only the side of the limit matters.

    >>> coarse_cells("350 cells"), coarse_cells(12), coarse_cells("NA"), coarse_cells("many") == coarse_cells("few")
    (201, 200, '', True)
    """
    n_cells = parse_cells(value)
    if n_cells is None:
        return "" if is_blank(spell(value)) else _UNREADABLE
    return ITC_LIMIT_CELLS + (n_cells > ITC_LIMIT_CELLS)


def coarse_size(value: object) -> object:
    """Give a size that reads like the one given: of all sizes only the class matters, and whether they lie on a limit.

    >>> coarse_size("13.5 mm"), coarse_size("0.05"), coarse_size("2,0"), coarse_size("<3 mm"), coarse_size("999")
    ('3', '0.1', '2', '<3 mm', '')
    """
    spelled = spell(value)
    if is_blank(spelled) or spelled.text in _MISSING_CODES:
        return ""
    deposit = None if spelled.fault else parse_size(spelled.text)
    if deposit is None:
        return _UNREADABLE
    if not deposit.exact:
        return value
    return next((text for most, text in _LIKE_SIZES if deposit.low <= most), "3")


def read_size(source: str, size: object, cells: object, setting: Setting) -> Piece | None:
    """Turn a deposit size and its number of cells into a piece; None where neither is recorded."""
    spelled, raw = spell(size), raw_text(size)
    n_cells = parse_cells(cells)
    flags = frozenset() if n_cells is not None or is_blank(spell(cells)) else frozenset({"UNPARSEABLE"})
    if is_blank(spelled) or spelled.text in _MISSING_CODES:
        return _cells_alone(source, n_cells, setting) or (Piece(source, kind="size", flags=flags) if flags else None)
    deposit = None if spelled.fault else parse_size(spelled.text)
    if deposit is None:
        return unread(source, raw, "UNPARSEABLE", kind="size")
    possible = deposit.possible
    if "itc" in possible and "negative" not in possible and n_cells is not None and n_cells > ITC_LIMIT_CELLS and setting.counts_cells:
        possible = possible - {"itc"} | {"micro"}
        flags |= {"CELLS_OVERRIDE_SIZE"}
    return _piece(source, raw, deposit, possible, flags, setting, cells_unknown=n_cells is None)


def _piece(source: str, raw: str, deposit: Deposit, possible: frozenset[str], flags: frozenset[str], setting: Setting, *, cells_unknown: bool) -> Piece:
    named = {
        "SIZE_CENSORED": not deposit.exact,
        "BOUNDARY_VALUE": deposit.exact and deposit.low in {ITC_LIMIT_MM, MICRO_LIMIT_MM},
        "EDITION_PRE6": setting.judged < FIRST_WITH_ITC,
        "EDITION_CONFLICT": setting.edition.conflict,
        "ITC_NOT_EXCLUDED": possible == NEGATIVE_OR_ITC,
    }
    negative = possible == NEGATIVE_OR_ITC
    return Piece(
        source, raw, _normalised(deposit), "size", possible, "negative" if negative else None,
        positive=False if negative else None if possible == {"itc"} else True,
        flags=flags | {name for name, applies in named.items() if applies}, says=_words(deposit.possible), edition=setting.edition.number,
        edition_source=setting.edition.source, cells_unknown=possible == {"itc"} and cells_unknown and setting.counts_cells,
    )


def _cells_alone(source: str, n_cells: int | None, setting: Setting) -> Piece | None:
    if n_cells is None or n_cells <= ITC_LIMIT_CELLS or not setting.counts_cells:
        return None
    return Piece(
        source, str(n_cells), kind="size", possible=MICRO_OR_MACRO, positive=True, flags=frozenset({"SIZE_NOT_STATED"}), says="more than 200 cells",
        edition=setting.edition.number, edition_source=setting.edition.source,
    )


def _normalised(deposit: Deposit) -> str:
    if deposit.exact:
        return f"{deposit.low.normalize():f} mm"
    return f"{'[' if deposit.low_counts else '('}{deposit.low:f}, {deposit.high}{']' if deposit.high_counts else ')'} mm"


def _words(possible: frozenset[str]) -> str:
    words = {
        ("negative", "itc"): "a deposit of 0 mm", ("itc",): "a deposit of at most 0.2 mm", ("micro",): "a deposit over 0.2 mm and not over 2.0 mm",
        ("macro",): "a deposit over 2.0 mm", ("itc", "micro"): "a deposit of at most 2.0 mm", ("micro", "macro"): "a deposit over 0.2 mm",
    }
    return words.get(in_order(possible), "a deposit of unknown size")
