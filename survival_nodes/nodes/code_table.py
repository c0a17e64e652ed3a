"""Coding systems that are tables: what each code leaves possible, and how a cell becomes a code, and a code a piece of evidence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .categories import ANY, ITC_OR_MICRO, MICRO_OR_MACRO, NEGATIVE_OR_ITC
from .editions import FIRST_WITH_ITC, Edition, Setting
from .pieces import CLINICAL, Piece, unread
from .site_specific import digits
from .spelling import is_blank, raw_text, spell
from .tnm_levels import Reading, translated

_BASES = {"c": "c", "p": "p", "a": "a", "y": "yp", "yp": "yp", "yc": "yc", "n": "", "none": ""}  # NAACCR 2970, 3412: y is yp, N is none
_EVALS = {"0": "c", "1": "c", "2": "p", "3": "p", "5": "c", "6": "yp", "8": "a", "9": "c"}  # CS Reg Node Eval
_LIKE_EVALS, _NO_EVAL = {basis: code for code, basis in _EVALS.items()}, "7"
_OF_A_SIZE = frozenset({"SIZE_NOT_STATED", "SIZE_MIXED", "ITC_NOT_EXCLUDED", "MAY_INCLUDE_ITC", "CS_SSF4_009"})
_NO_MARKS = re.compile(r"[\s()\[\]{}_,.;]")
WITH_BASIS = ("descriptor", "nodes_eval")


@dataclass(frozen=True)
class Entry(Reading):
    """One code: what it leaves possible, what it usually means and its flags (as every `Reading`), and what else it says.

    Parameters
    ----------
    says
        What the code is called where it is named in a sentence.
    positive
        Whether it calls the nodes positive; None for isolated tumour cells, and where it does not say.
    basis
        `p` or `c` where the code itself says how the nodes were assessed.
    needs_basis
        It counts only where the record shows that a node was examined.
    either
        It may be clinical as well as pathological, and is flagged where the record does not say which.
    microscopic
        It can only have been found under the microscope.
    """

    says: str = ""
    positive: bool | None = None
    basis: str = ""
    needs_basis: bool = False
    either: bool = False
    microscopic: bool = False

    @property
    def seen_small(self) -> bool:
        """Whether it is a microscopic finding by definition, which a clinical basis does not take back."""
        return self.microscopic and self.possible <= ITC_OR_MICRO


def no_metastasis(says: str, *flags: str, basis: str = "", needs_basis: bool = False, microscopic: bool = False) -> Entry:
    """Give a code for no metastasis which does not exclude isolated tumour cells."""
    named = frozenset(flags or {"ITC_NOT_EXCLUDED"})
    return Entry(NEGATIVE_OR_ITC, "negative", named, says, False, basis, needs_basis=needs_basis, microscopic=microscopic)


def no_cells(says: str, *flags: str) -> Entry:
    """Give a code for nodes in which not even single tumour cells were found."""
    return Entry(frozenset({"negative"}), "negative", frozenset(flags), says, False, microscopic=True)


def itc(says: str, *flags: str, basis: str = "") -> Entry:
    """Give a code for isolated tumour cells; they count neither as positive nor as negative."""
    return Entry(frozenset({"itc"}), "itc", frozenset(flags), says, basis=basis, microscopic=True)


def micro(says: str, *flags: str, basis: str = "") -> Entry:
    """Give a code for micrometastasis."""
    return Entry(frozenset({"micro"}), "micro", frozenset(flags), says, True, basis, microscopic=True)


def macro(says: str, *flags: str, basis: str = "", either: bool = False) -> Entry:
    """Give a code for a deposit over 2 mm."""
    return Entry(frozenset({"macro"}), "macro", frozenset(flags), says, True, basis, either=either)


def positive(
    says: str, *flags: str, possible: frozenset[str] = MICRO_OR_MACRO, default: str | None = "macro", basis: str = "", needs_basis: bool = False,
    either: bool = False,
) -> Entry:
    """Give a code for positive nodes which does not state the size, with what it usually means."""
    return Entry(possible, default, frozenset(flags), says, True, basis, needs_basis, either)


def clinical(says: str, *flags: str, positive: bool = True) -> Entry:
    """Give a code for a clinical finding, which says nothing of the size of a deposit."""
    return Entry(flags=frozenset({"CLINICAL_ONLY", *flags}), says=says, positive=positive, basis="c")


def nothing(says: str, *flags: str, basis: str = "") -> Entry:
    """Give a code which says nothing of the nodes."""
    return Entry(flags=frozenset(flags), says=says, basis=basis)


@dataclass(frozen=True)
class Staging:
    """How the nodes were assessed, as a neighbouring item tells, and whether systemic treatment came first."""

    basis: str = ""
    neoadjuvant: bool | None = None
    flags: frozenset[str] = frozenset()


def read_staging(context: Mapping[str, object]) -> Staging:
    """Read the descriptor of a derived N (NAACCR 2970, 3412), or else the evaluation of the nodes (CS Reg Node Eval).

    >>> read_staging({"descriptor": "y"}).basis, read_staging({"nodes_eval": 5.0}).basis, read_staging({}).basis
    ('yp', 'c', '')
    """
    descriptor, evaluation = spell(context.get("descriptor")), spell(context.get("nodes_eval"))
    basis, named = _BASES.get(descriptor.text.casefold()), _EVALS.get(digits(context.get("nodes_eval")))
    unreadable = (basis is None and not is_blank(descriptor)) or (named is None and not is_blank(evaluation))
    told = basis or named or ""
    return Staging(told, True if told[:1] == "y" and basis else None, frozenset({"UNPARSEABLE"} if unreadable else ()))


def coarse_eval(value: object) -> object:
    """Give an evaluation of the nodes that reads like the one given.

    >>> coarse_eval(1.0), coarse_eval("5"), coarse_eval("2"), coarse_eval(None), coarse_eval("x")
    ('9', '9', '3', '', '7')
    """
    staging = read_staging({"nodes_eval": value})
    return _LIKE_EVALS[staging.basis] if staging.basis else _NO_EVAL if staging.flags else ""


@dataclass(frozen=True, eq=False)
class CodeTable:
    """A coding system that is a table, and a reader of its cells.

    Parameters
    ----------
    called
        How its codes are called in a sentence.
    width
        The number of digits of a code; numbers that lost their leading noughts are filled up to it.
    entries
        For each code, what it leaves possible.
    editions
        The first and the last AJCC edition that it goes with.
    labels
        For each label printed instead of the code, the code.
    staged
        Whether a descriptor or an evaluation of the nodes goes with it.
    """

    called: str
    width: int
    entries: Mapping[str, Entry]
    editions: tuple[int, int]
    labels: Mapping[str, str] = field(default_factory=dict)
    staged: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "_labels", {compact(label): code for label, code in self.labels.items()})

    @property
    def codes(self) -> tuple[str, ...]:
        """All its codes, in the order of the table."""
        return tuple(self.entries)

    def __call__(self, name: str, value: object, context: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
        """Read one value, with the items that tell how the nodes were assessed."""
        code, faults = self.look_up(value, context)
        staging = read_staging(context) if self.staged else Staging()
        return (self.piece(name, value, code, staging, setting) if code else unread_as(name, value, faults),)

    def look_up(self, value: object, context: Mapping[str, object]) -> tuple[str, frozenset[str]]:
        """Find the code of a cell; an empty code and the flags of what is wrong with it where there is none."""
        spelled = spell(value)
        if not spelled.fault and compact(spelled.text) in self._labels:
            return self._labels[compact(spelled.text)], frozenset()
        if is_blank(spelled):
            return "", frozenset({"MISSING"})
        if spelled.text.casefold() == "no":  # the word, or N0 with the letter O
            return "", frozenset({"OCR_REPAIRED", "PREFIX_MISSING"})
        return self._of_number(digits(value), context)

    def _of_number(self, written: str, context: Mapping[str, object]) -> tuple[str, frozenset[str]]:
        if not written:
            return "", frozenset({"UNPARSEABLE"})
        code = written.zfill(self.width)
        return (code, frozenset()) if code in self.entries else ("", frozenset({"UNKNOWN_CODE"}))

    def piece(self, name: str, value: object, code: str, staging: Staging, setting: Setting, entry: Entry | None = None) -> Piece:
        """Turn a code into a piece of evidence; `entry` where another item has refined what the code says."""
        entry = entry or self.entries[code]
        basis = "c" if entry.basis == "c" else staging.basis or entry.basis
        edition = self._edition(setting.edition)
        read = _without_size(translated(entry, edition, setting), basis)
        flags = read.flags | staging.flags | ({"AUTOPSY"} if basis == "a" else set()) | ({"BASIS_UNSPECIFIED"} if entry.either and not basis else set())
        return Piece(
            name, raw_text(value), code, possible=read.possible, default=read.default, positive=read.positive, basis=basis, flags=frozenset(flags),
            says=f"{self.called} {read.says}", edition=edition.number, edition_source=edition.source, neoadjuvant=staging.neoadjuvant,
            needs_basis=read.needs_basis and not basis and read.possible != ANY, microscopic=read.microscopic and read.possible != ANY,
        )

    def _edition(self, edition: Edition) -> Edition:
        """Give the edition that the table goes with: the code itself tells where the record says another, or none."""
        first, last = self.editions
        number = min(max(edition.number, first), last)
        if number == edition.number:
            return edition
        return Edition(number, "assumed" if edition.source == "assumed" and number >= FIRST_WITH_ITC and first < last else "token")


def _without_size(entry: Entry, basis: str) -> Entry:
    """Take back what a clinical finding cannot say; what is microscopic by definition stays."""
    if basis not in CLINICAL or "MISSING" in entry.flags:
        return entry
    if entry.seen_small:
        return replace(entry, flags=entry.flags | {"CLINICAL_PREFIX_MICROSCOPIC"})
    return replace(entry, possible=ANY, default=None, flags=entry.flags - _OF_A_SIZE | {"CLINICAL_ONLY"})


def unread_as(name: str, value: object, faults: frozenset[str]) -> Piece:
    """Make the piece of a cell in which no code was found."""
    return replace(unread(name, raw_text(value), "MISSING"), flags=faults)


def compact(label: str) -> str:
    """Write a label without what differs between exports: case, blanks, brackets and marks.

    >>> compact("N1 NOS"), compact("N0(i+)")
    ('n1nos', 'n0i+')
    """
    return _NO_MARKS.sub("", label.casefold())
