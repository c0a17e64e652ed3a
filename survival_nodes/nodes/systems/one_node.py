"""What was found in one node: sentinel nodes, marked nodes, nucleic acid amplification, single slides. The rest of the axilla may hold more."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ..categories import ANY, NEGATIVE_OR_ITC, polarity_of
from ..code_table import Entry, itc, macro, micro, no_cells, no_metastasis, nothing, positive
from ..coding import System
from ..editions import DUTCH_BY_YEAR, Setting
from ..pieces import Piece, unread
from ..site_specific import digits
from ..spelling import is_blank, raw_text, spell

_FEWEST_OF_MICRO, _MOST_OF_MICRO, _LOW = Decimal(250), Decimal(5000), Decimal(100)  # copies of CK19 mRNA per microlitre
_COPIES = re.compile(r"(?P<sign><=|>=|<|>)?(?P<number>\d{1,9}(?:\.\d{1,9})?(?:e\+?\d{1,2})?)(?:(?:copies|cp)/(?:[\u03bcu]l|microlit(?:re|er)))?")
_LONGEST = 40

_SENTINEL = {
    "1": no_cells("a sentinel node without tumour cells", "SENTINEL_ONLY"),
    "2": itc("a sentinel node with isolated tumour cells", "SENTINEL_ONLY"),
    "3": micro("a sentinel node with a micrometastasis", "SENTINEL_ONLY"),
    "4": macro("a sentinel node with a macrometastasis", "SENTINEL_ONLY"),
    "9": nothing("no sentinel node found", "MISSING"),
}
_MARKED = {
    "1": no_cells("a marked node without tumour cells"),
    "2": itc("a marked node with isolated tumour cells"),
    "3": micro("a marked node with a micrometastasis"),
    "4": positive("a marked node with a metastasis", "SIZE_NOT_STATED", default=None),
    "5": nothing("a marked node not removed", "MISSING"),
    "9": nothing("a marked node of unknown result", "MISSING"),
}
_OSNA = {
    "-": no_metastasis("OSNA (-)", "ITC_NOT_EXCLUDED", "OSNA", "SENTINEL_ONLY"),
    "+": micro("OSNA (+)", "OSNA", "SENTINEL_ONLY"),
    "++": macro("OSNA (++)", "OSNA", "SENTINEL_ONLY"),
    "+I": positive("OSNA (+I)", "SIZE_NOT_STATED", "OSNA", "SENTINEL_ONLY", default=None),  # inhibited: positive, size unknown
}
_LOW_COPIES = no_metastasis("OSNA (-)", "ITC_NOT_EXCLUDED", "OSNA", "OSNA_LOW_COPY", "SENTINEL_ONLY")
_SLIDE = {
    "negative": no_cells("a node without tumour cells", "SENTINEL_ONLY"),
    "itc": itc("a node with isolated tumour cells", "SENTINEL_ONLY"),
    "micro": micro("a node with a micrometastasis", "SENTINEL_ONLY"),
    "macro": macro("a node with a macrometastasis", "SENTINEL_ONLY"),
}


@dataclass(frozen=True)
class OneNode:
    """A field on one node: its codes, or what finds the meaning of a text that is none; `after_therapy` where it is filled only then."""

    entries: Mapping[str, Entry]
    find: Callable[[str], Entry | None] | None = None
    after_therapy: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        """All its codes, in the order of the table."""
        return tuple(self.entries)

    def __call__(self, name: str, value: object, context: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
        """Read one value; a code is no missing value, even where it looks like one (a minus)."""
        spelled, raw = spell(value), raw_text(value)
        entry = self._entry(spelled.text)
        if entry is None:
            numbered = self.find is None and "1" in self.entries and digits(value)
            return (unread(name, raw, "MISSING" if is_blank(spelled) else "UNKNOWN_CODE" if numbered else "UNPARSEABLE"),)
        return (Piece(
            name, raw, entry.says, "assay", entry.possible, entry.default, positive=entry.positive, basis="p", flags=entry.flags, says=entry.says,
            edition=setting.edition.number, edition_source=setting.edition.source, neoadjuvant=True if self.after_therapy else None,
            microscopic=entry.possible != ANY, one_node=True,
        ),)

    def _entry(self, text: str) -> Entry | None:
        if self.find is not None:
            return self.find(text.casefold()) if len(text) <= _LONGEST else None
        written = digits(text).lstrip("0") or re.sub(r"[\s()]", "", text).casefold()
        return next((entry for code, entry in self.entries.items() if code.casefold() == written), None)


def _copies(text: str) -> Entry | None:
    """Read a number of copies, or a limit. A comma is not read: it may stand for a decimal or for a thousand."""
    match = None if re.search(r"\d \d", text) else _COPIES.fullmatch(text.replace(" ", ""))
    if match is None:
        return None
    number, sign = Decimal(match["number"]), match["sign"]
    if sign:
        return _of_limit(number, sign)
    if number < _FEWEST_OF_MICRO:
        return _LOW_COPIES if number >= _LOW else _OSNA["-"]
    return _OSNA["+" if number <= _MOST_OF_MICRO else "++"]


def _of_limit(number: Decimal, sign: str) -> Entry:
    """Give the classes that a limit leaves: no metastasis below 250, micrometastasis up to 5000, macrometastasis above."""
    counts, possible = sign.endswith("="), frozenset()
    upwards = sign.startswith(">")
    if not upwards or number < _FEWEST_OF_MICRO:
        possible |= NEGATIVE_OR_ITC
    if number < _MOST_OF_MICRO or (number == _MOST_OF_MICRO and counts) if upwards else number > _FEWEST_OF_MICRO or (number == _FEWEST_OF_MICRO and counts):
        possible |= {"micro"}
    if upwards or number > _MOST_OF_MICRO:
        possible |= {"macro"}
    default = "negative" if possible == NEGATIVE_OR_ITC else "macro" if possible == {"macro"} else None
    flags = {"OSNA", "SIZE_CENSORED", "SENTINEL_ONLY"} | ({"ITC_NOT_EXCLUDED"} if default == "negative" else set())
    return Entry(possible, default, frozenset(flags), "OSNA copies", polarity_of(possible))


_IKNL = "https://iknl.nl/en/ncr/synthetic-dataset"
_SYSMEX = "https://pmc.ncbi.nlm.nih.gov/articles/PMC4419863/"
_ANY_EDITION = (3, 4, 5, 6, 7, 8)

SYSTEMS = (
    System(
        "ncr_swk", "Netherlands Cancer Registry, swk_uitslag: what the sentinel node showed",
        "1 negative, 2 isolated tumour cells, 3 micrometastasis, 4 macrometastasis, 9 not found", (6, 7, 8), _IKNL, OneNode(_SENTINEL), by_year=DUTCH_BY_YEAR,
    ),
    System(
        "ncr_mari", "Netherlands Cancer Registry, mari_uitslag: what the marked node showed after systemic treatment",
        "1 negative, 2 isolated tumour cells, 3 micrometastasis, 4 positive of unstated size, 5 not removed, 9 unknown",
        (6, 7, 8), _IKNL, OneNode(_MARKED, after_therapy=True), by_year=DUTCH_BY_YEAR,
    ),
    System(
        "osna", "One-step nucleic acid amplification of CK19 in a sentinel node", "-, +, ++ or +I (inhibited); a minus is a result, not a missing value",
        _ANY_EDITION, _SYSMEX, OneNode(_OSNA),
    ),
    System(
        "osna_copies", "One-step nucleic acid amplification of CK19, copies per microlitre",
        "a number or a limit: below 250 negative, 250 to 5000 micrometastasis, above macrometastasis", _ANY_EDITION, _SYSMEX, OneNode({}, _copies),
    ),
    System(
        "camelyon_node", "CAMELYON17, label of one slide", "negative, itc, micro, macro", (7,), "https://camelyon17.grand-challenge.org/Data/",
        OneNode(_SLIDE),
    ),
)
