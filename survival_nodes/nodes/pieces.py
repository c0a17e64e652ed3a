"""One piece of evidence: what a single entry of a record leaves possible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .categories import ANY, in_order

# What a piece is, in the order in which pieces are named in a finding; the order changes no answer.
KINDS = ("size", "classcount", "assay", "code", "count", "treatment")
SIZE_KINDS = frozenset({"size", "classcount", "assay"})
CLINICAL = frozenset({"c", "yc"})


@dataclass(frozen=True)
class Piece:
    """What one entry says of the nodes; most pieces use few of the fields.

    Parameters
    ----------
    source, raw, normalised
        The coding system or the name of the context, what stood there, and how it was read.
    kind
        One of `KINDS`.
    possible
        The categories that the entry leaves possible; all four where it says nothing of them.
    default
        The category that it usually means, where it leaves more than one.
    positive
        Whether it calls the nodes positive; None for isolated tumour cells, which are neither, and where it does not say.
    basis
        `p, c, yp, yc, a`, or an empty text where it does not say.
    flags
        Keys of `FLAGS`.
    says
        A few words for the sentence of the finding.
    edition, edition_source
        The edition it was read in and how that is known.
    neoadjuvant
        Whether it says that systemic treatment came first; None where it does not say.
    needs_basis
        It counts only where the record shows that a node was examined.
    microscopic
        It can only have been found under the microscope.
    one_node
        It comes of one node (a sentinel node, an assay): other nodes may hold larger deposits.
    cells_unknown
        A deposit of at most 0.2 mm which a count of cells, if there were one, might lift to a micrometastasis.
    examined
        For counts: `none`, `some`, `aspiration`, `unknown`.
    n_positive, n_examined
        For counts: the numbers, where they are numbers.
    """

    source: str
    raw: str = ""
    normalised: str = ""
    kind: str = "code"
    possible: frozenset[str] = ANY
    default: str | None = None
    positive: bool | None = None
    basis: str = ""
    flags: frozenset[str] = frozenset()
    says: str = ""
    edition: int | None = None
    edition_source: str = ""
    neoadjuvant: bool | None = None
    needs_basis: bool = False
    microscopic: bool = False
    one_node: bool = False
    cells_unknown: bool = False
    examined: str = ""
    n_positive: int | None = None
    n_examined: int | None = None

    @property
    def tells(self) -> bool:
        """Whether it excludes any category at all."""
        return self.possible != ANY

    @property
    def rank(self) -> tuple:
        """Its place among the pieces of a finding: by kind, then by text, so that the order of arrival is forgotten."""
        named = self.source, self.normalised, self.raw, in_order(self.possible), self.says, self.edition or 0, self.edition_source
        return KINDS.index(self.kind), *named, sorted(self.flags), str(self.neoadjuvant), self.examined, self.n_positive or 0, self.n_examined or 0


def arranged(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Put pieces in their order and keep one of each.

    >>> [piece.source for piece in arranged([Piece("b"), Piece("a", kind="size"), Piece("b")])]
    ['a', 'b']
    """
    distinct = set(pieces)
    return tuple(sorted(distinct, key=lambda piece: piece.rank)) if len(distinct) > 1 else tuple(distinct)


def common(pieces: Iterable[Piece]) -> frozenset[str]:
    """Give the categories that all pieces leave possible.

    >>> sorted(common([Piece("code", possible=frozenset({"micro", "macro"})), Piece("size", possible=frozenset({"micro"}))]))
    ['micro']
    """
    return ANY.intersection(*(piece.possible for piece in pieces))


def unread(source: str, raw: str, fault: str, *, kind: str = "code", neoadjuvant: bool | None = None) -> Piece:
    """Make the piece of an entry that is missing or cannot be read: it says nothing, and that is flagged."""
    return Piece(source, raw, kind=kind, flags=frozenset({fault}), neoadjuvant=neoadjuvant)
