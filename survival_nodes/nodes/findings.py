"""A finding: the category of one patient, with its reason, and the function that makes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..errors import UsageError
from .coding import System
from .combining import resolve
from .editions import require_edition
from .pieces import CLINICAL, Piece, arranged
from .policies import Policy, policy_of
from .reading import Record, check_context
from .reasons import sentence
from .systems import find_system

_SOURCES = ("token", "given", "year", "assumed", "")


@dataclass(frozen=True)
class NodalFinding:
    """What the evidence says of the lymph nodes of one patient.

    Parameters
    ----------
    category
        One of `NODAL_CATEGORIES`.
    possible
        The categories that all evidence together leaves possible, before any default; empty where it contradicts itself.
    certainty
        `explicit` the evidence names the category, `default` the policy chose it among those possible, `none` it is unknown.
    positive
        Whether the nodes count as positive, even where the size of the deposit is unknown; isolated tumour cells do not count.
    basis
        `p, c, yp, yc, a`, or empty where the record does not say.
    edition, edition_source
        The AJCC edition, and how it is known: `given, year, token, assumed`.
    flags
        Keys of `FLAGS`.
    evidence
        The pieces of evidence, in a fixed order.
    reason
        One sentence.
    policy
        The policy that settled what was left open.
    records
        What was read, kept so that it can be read again under another edition.
    """

    category: str
    possible: frozenset[str]
    certainty: str
    positive: bool | None
    basis: str
    edition: int | None
    edition_source: str
    flags: frozenset[str]
    evidence: tuple[Piece, ...]
    reason: str
    policy: Policy = Policy()
    records: tuple[Record, ...] = field(default=(), repr=False, compare=False)

    def under(self, edition: int | str) -> NodalFinding:
        """Judge the same evidence by another edition.

        Codes keep the meaning of the edition in which they were written (where that was only assumed, they are read in the one asked for);
        measured sizes and cells are judged by the limits of the one asked for.

        Raises
        ------
        UsageError
            If there is no such edition, or the finding was combined from pieces and not read from records.

        >>> finding = classify("size", "0.15 mm", edition=6, cells=350)
        >>> finding.category, finding.under(8).category
        ('itc', 'micro')
        """
        number = require_edition(edition)
        if not self.records:
            raise UsageError("this finding was combined from pieces of evidence; classify the recorded values to judge them under another edition")
        pieces = [piece for record in self.records for piece in record.pieces(self.policy, under=number)]
        return _finding(pieces, self.policy, self.records, under=number)


def classify(
    system: str | System, value: object, *, edition: object = None, year: object = None, policy: str | Policy = "default", **context: object,
) -> NodalFinding:
    """Classify the lymph nodes of one patient from one coded value and what came with it.

    Parameters
    ----------
    system
        Name of a coding system (see `systems`), or one of your own (`custom_system`).
    value
        What stands in the record. Any type is accepted: what cannot be read gives `unknown` and a flag, never an error.
    edition
        AJCC edition in which it was coded: 7, "7" or "7th".
    year
        Year of diagnosis; it stands for the edition where none is given.
    policy
        `default`, `strict` (every default gives `unknown`), or a `Policy`.
    **context
        Further entries of the same record: `nodes_positive`, `nodes_examined`, `largest_mm`, `cells`, `n_macro`, `n_micro`, `n_itc`, the items
        that tell of treatment before surgery, and those of the system itself.

    Returns
    -------
    NodalFinding

    Raises
    ------
    UsageError
        If there is no such system, policy or context.

    References
    ----------
    Amin MB et al. (eds), AJCC Cancer Staging Manual, 8th ed., Springer 2017, chapter 48 (limits of 0.2 and 2.0 mm, 200 cells).

    Examples
    --------
    >>> finding = classify("pathology_text", "pN1mi (sn)", edition="7th")
    >>> finding.category, finding.certainty, sorted(finding.flags)
    ('micro', 'explicit', ['SENTINEL_ONLY'])
    >>> finding.reason
    'pN1mi(sn) in AJCC 7: largest deposit over 0.2 mm, none over 2.0 mm; sentinel nodes only'
    """
    coding = find_system(system)
    check_context(coding, context)
    record = Record(coding, value, edition, year, context)
    chosen = policy_of(policy)
    return _finding(record.pieces(chosen), chosen, (record,))


def combine(evidence: Iterable[Piece], policy: str | Policy = "default") -> NodalFinding:
    """Combine pieces of evidence of one patient, in any order.

    >>> first, second = classify("pathology_text", "pN1"), classify("size", "1.2 mm")
    >>> combine([*first.evidence, *second.evidence]).category
    'micro'
    """
    return _finding(evidence, policy_of(policy), ())


def _finding(evidence: Iterable[Piece], policy: Policy, records: tuple[Record, ...], under: int | None = None) -> NodalFinding:
    pieces = arranged(evidence)
    outcome = resolve(pieces, policy)
    edition, source = (under, "given") if under is not None else _edition(pieces)
    return NodalFinding(
        outcome.category, outcome.possible, outcome.certainty, outcome.positive, _basis(pieces), edition, source, outcome.flags, pieces,
        sentence(outcome, pieces, edition, source), policy, records,
    )


def _edition(pieces: tuple[Piece, ...]) -> tuple[int | None, str]:
    """The edition of the piece that knows it best; codes before measurements, which have none of their own."""
    known = [piece for piece in pieces if piece.edition is not None]
    if not known:
        return None, ""
    best = min(known, key=lambda piece: (_SOURCES.index(piece.edition_source), piece.kind != "code", -piece.edition))
    return best.edition, best.edition_source


def _basis(pieces: tuple[Piece, ...]) -> str:
    # A code for "not applicable" has a basis of its own, and yields to whatever says something.
    stated = [piece.basis for piece in sorted(pieces, key=lambda piece: "MISSING" in piece.flags) if piece.basis]
    basis = next((one for one in stated if one not in CLINICAL), stated[0] if stated else "")
    treated = any(piece.neoadjuvant for piece in pieces)
    return {"p": "yp", "c": "yc"}.get(basis, basis) if treated else basis
