"""A finding in full, for one who asks why: what was read, what each entry leaves possible, and what another edition would say."""

from __future__ import annotations

from collections.abc import Iterator

from .categories import ANY, CATEGORY_LABELS, in_order
from .findings import NodalFinding
from .flags import FLAGS
from .pieces import Piece

EDITIONS = (3, 4, 5, 6, 7, 8)
_CERTAINTY = {"explicit": ": the evidence names it", "default": ": a default of the policy chose it", "none": ""}
_SOURCES = {"given": "as given", "year": "by the year of diagnosis", "token": "by the code itself", "assumed": "assumed"}
_BASES = {
    "p": "pathological", "yp": "pathological, after systemic treatment", "c": "clinical", "yc": "clinical, after systemic treatment", "a": "autopsy",
    "": "not stated",
}
_ANSWERS = {True: "yes", False: "no", None: "not known"}


def explain(finding: NodalFinding) -> str:
    """Write out the reasoning of a finding, line by line.

    >>> from .findings import classify
    >>> print(explain(classify("gdc_path_n", "N1mi", edition="7th")).partition("Evidence")[0])
    gdc_path_n 'N1mi', edition '7th'
    pN1mi in AJCC 7: largest deposit over 0.2 mm, none over 2.0 mm
    <BLANKLINE>
    Category   micro, Micrometastasis: the evidence names it
    Possible   micro
    Positive   yes
    Basis      p, pathological
    Edition    AJCC 7, as given
    Policy     default (fingerprint e57edd15)
    <BLANKLINE>
    <BLANKLINE>
    """
    return "\n".join([*_asked(finding), finding.reason, "", *_answer(finding), "", *_evidence(finding), *_flags(finding), *_editions(finding)])


def _asked(finding: NodalFinding) -> Iterator[str]:
    for record in finding.records:
        beside = {**record.context, "edition": record.edition, "year": record.year}
        told = ", ".join(f"{name} {value!r}" for name, value in beside.items() if value is not None)
        yield f"{record.system.name} {record.value!r}" + (f", {told}" if told else "")


def _answer(finding: NodalFinding) -> Iterator[str]:
    label = "" if finding.category == "unknown" else f", {CATEGORY_LABELS[finding.category]}"
    edition = "none" if finding.edition is None else f"AJCC {finding.edition}, {_SOURCES.get(finding.edition_source, finding.edition_source)}"
    answers = {
        "Category": f"{finding.category}{label}{_CERTAINTY[finding.certainty]}",
        "Possible": " or ".join(in_order(finding.possible)) or "none: the evidence contradicts itself",
        "Positive": _ANSWERS[finding.positive], "Basis": ", ".join(filter(None, (finding.basis, _BASES.get(finding.basis, "")))), "Edition": edition,
        "Policy": finding.policy.words if finding.policy.name == "own" else finding.policy.words.partition(":")[0],
    }
    return (f"{name:<11}{answer}" for name, answer in answers.items())


def _evidence(finding: NodalFinding) -> Iterator[str]:
    yield "Evidence, and what each piece leaves possible"
    for piece in finding.evidence:
        yield f"  {_read_as(piece)}: {_leaves(piece)}" + (f" [{' '.join(sorted(piece.flags))}]" if piece.flags else "")


def _read_as(piece: Piece) -> str:
    raw = f" {piece.raw!r}" if piece.raw else ""
    read = piece.says if piece.kind in {"code", "assay"} else piece.normalised
    return f"{piece.source}{raw}" + (f", read as {read}" if read and read != piece.raw else "")


def _leaves(piece: Piece) -> str:
    if piece.kind == "treatment":
        return "systemic treatment came first" if piece.neoadjuvant else "no systemic treatment before surgery"
    left = "anything" if piece.possible == ANY else " or ".join(in_order(piece.possible))
    notes = [f"usually {piece.default}" if piece.default and len(piece.possible) > 1 else "", f"basis {piece.basis}" if piece.basis else ""]
    notes += ["counts only where a node was examined" if piece.needs_basis else "", "seen in one node" if piece.one_node else ""]
    return ", ".join([left, *filter(None, notes)])


def _flags(finding: NodalFinding) -> Iterator[str]:
    if finding.flags:
        yield from ("", "Flags")
        widest = max(map(len, finding.flags))
        yield from (f"  {name:<{widest}}  {FLAGS.get(name, '')}" for name in sorted(finding.flags))


def _editions(finding: NodalFinding) -> Iterator[str]:
    """What the same record is by the limits of every other edition; a code keeps the meaning of the one it was written in."""
    if finding.records:
        yield from ("", "Under other editions (a code keeps the meaning it had when it was written)")
        for number in EDITIONS:
            if number != finding.edition:
                other = finding.under(number)
                yield f"  AJCC {number}  {other.category:<9} {other.certainty if other.certainty != 'none' else ''}".rstrip()
