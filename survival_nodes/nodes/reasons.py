"""The sentence of a finding: what it rests on, in which edition, and what that means."""

from __future__ import annotations

from collections.abc import Iterable

from .categories import ANY, CATEGORY_LABELS, in_order
from .combining import Outcome
from .pieces import Piece

# Why nothing can be said; the first that applies is the reason.
_UNKNOWN = (
    ("POSITIVITY_CONFLICT", "the evidence contradicts itself on whether any node is positive"),
    ("SIZE_CODE_CONFLICT", "the evidence names deposits of different size"),
    ("PERINEURAL_AMBIGUOUS", "written as Pn, this is invasion of nerves"),
    ("INVALID_FOR_BREAST", "the category does not exist for breast cancer"),
    ("UNPARSEABLE", "an entry cannot be read as a statement on the nodes"),
    ("UNKNOWN_CODE", "the code does not exist in this coding system"),
    ("NUMERIC_AMBIGUOUS", "the bare number has more than one reading"),
    ("OCR_REPAIRED", "a bare NO is more often the word than N0"),
    ("NOT_EXAMINED", "nothing is known of the nodes under the microscope"),
    ("CLINICAL_ONLY", "clinical evidence says nothing of the size of a deposit"),
    ("BASIS_UNSPECIFIED", "the record does not show that a node was examined"),
    ("EDITION_CONFLICT", "the edition stated does not fit the year of diagnosis, and the code changed its meaning"),
    ("ITC_SIGN_MISSING", "isolated tumour cells are mentioned without a plus or a minus"),
    ("FNA_ONLY", "an aspiration or core biopsy shows one node, and not the largest deposit"),
    ("COUNT_ONLY", "a number of positive nodes does not tell how large the deposits are"),
    ("FOLDED", "the label folds several categories into one"),
    ("IMN", "internal mammary nodes are involved, by a deposit of unstated size"),
    ("SIZE_CENSORED", "the size is a limit that leaves more than one category"),
    ("SIZE_NOT_STATED", "nodes are positive, but the size of the deposit is not stated"),
    ("SIZE_MIXED", "nodes are positive, but the label also arises where the size of the deposit is not stated"),
    ("MISSING", "nothing is recorded on the nodes"),
)
_CAUTIONS = (
    ("POST_NEOADJUVANT", "after systemic treatment"),
    ("RECURRENCE", "at recurrence"),
    ("AUTOPSY", "at autopsy"),
    ("SENTINEL_ONLY", "sentinel nodes only"),
    ("FNA_ONLY", "by needle only, so that larger deposits may be present"),
    ("CLINICAL_PREFIX_MICROSCOPIC", "seen under the microscope in spite of the clinical prefix"),
    ("MOLECULAR_POSITIVE", "molecular test positive"),
    ("IMN", "internal mammary nodes involved"),
    ("MICRO_MULTI_NODE", "in four or more nodes"),
    ("CS_SSF4_009", "by immunohistochemistry, size not stated"),
    ("COUNT_CONFLICT", "although the count of nodes says otherwise"),
    ("BASIS_UNSPECIFIED", "although the record does not show that a node was examined"),
    ("OSNA", "by amplified nucleic acid, not by a measured deposit"),
    ("OSNA_LOW_COPY", "copies not far below a micrometastasis"),
    ("STAGE_INFERRED", "concluded from the stage group"),
)
_MEANINGS = {
    ("negative", "explicit"): "no tumour cells found in the nodes",
    ("negative", "default"): "no metastasis found, isolated tumour cells not excluded",
    ("itc", "explicit"): "isolated tumour cells, no deposit over 0.2 mm",
    ("itc", "default"): "tumour cells found and read as isolated, no deposit over 0.2 mm stated",
    ("micro", "explicit"): "largest deposit over 0.2 mm, none over 2.0 mm",
    ("micro", "default"): "deposits of at most 2.0 mm, isolated tumour cells not told apart, read as micrometastasis",
    ("macro", "explicit"): "at least one deposit over 2.0 mm",
    ("macro", "default"): "nodes positive by a deposit of unstated size, read as over 2.0 mm",
}


def sentence(outcome: Outcome, pieces: tuple[Piece, ...], edition: int | None, edition_source: str) -> str:
    """Word a finding; no measured value and no text of the record appears in it, only codes as they were read."""
    codes = _named(piece for piece in pieces if piece.kind == "code")
    others = _named(piece for piece in pieces if piece.kind != "code")
    timeless = not codes and all(piece.kind == "count" for piece in pieces if piece.says)
    where = "" if timeless or edition is None else f" in AJCC {edition}" + (" (assumed)" if edition_source == "assumed" else "")
    subject = f"{codes}{where}" + (f", with {others}" if others else "") if codes else f"{others[:1].upper()}{others[1:]}{where}"
    if not subject:
        subject = "No entry" if outcome.flags & {"MISSING"} else "Entry not usable"
    meaning = _unknown(outcome) if outcome.category == "unknown" else _known(outcome, pieces, measured=not codes and not timeless)
    return f"{subject}: {meaning}"


def _named(pieces: Iterable[Piece]) -> str:
    named = list(dict.fromkeys(piece.says for piece in pieces if piece.says))
    return " and ".join(filter(None, (", ".join(named[:-1]), *named[-1:])))


def _known(outcome: Outcome, pieces: tuple[Piece, ...], *, measured: bool) -> str:
    meaning = _MEANINGS[outcome.category, outcome.certainty]
    if measured and outcome.certainty == "explicit":
        meaning = CATEGORY_LABELS[outcome.category].lower()
    if outcome.category == "micro" and "CELLS_OVERRIDE_SIZE" in outcome.flags:
        meaning = "no deposit over 0.2 mm, but more than 200 cells in one cross-section, hence micrometastasis"
    elif outcome.category == "micro" and any(piece.cells_unknown for piece in pieces):
        meaning = "no deposit over 0.2 mm, yet micrometastasis by the code, as with more than 200 cells in one cross-section"
    return "; ".join([meaning, *(words for name, words in _CAUTIONS if name in outcome.flags)])


def _unknown(outcome: Outcome) -> str:
    reason = next((words for name, words in _UNKNOWN if name in outcome.flags), None)
    if reason is None:
        reason = "the nodes could not be assessed" if outcome.possible == ANY else "the evidence leaves it open under this policy"
    if outcome.possible and outcome.possible != ANY:
        left = " or ".join(CATEGORY_LABELS[category].lower() for category in in_order(outcome.possible))
        return f"{reason} ({left})"
    return reason
