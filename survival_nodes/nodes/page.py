"""The page of the coding systems, made from the tables themselves: `python -m survival_nodes.nodes.page > survival_nodes/nodes/README.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import fields

from .categories import ANY, CATEGORY_LABELS, NODAL_CATEGORIES, in_order
from .coding import System
from .findings import NodalFinding, classify
from .flags import FLAGS
from .policies import POLICIES, Policy
from .reading import COMMON
from .systems import systems
from .tnm_levels import FROM_6TH

_EXAMINED = {"nodes_examined": "5"}  # so that a code which counts only where a node was examined is seen to count
_BEFORE, _AFTER = 5, 8
_HEAD = """# From nodal evidence to a category

Made from the tables of `survival_nodes/nodes` by `make docs`; do not edit it by hand.

Each entry of a record leaves some of the four classes possible. Polarity is settled first; what all entries leave possible is intersected; a policy
settles the rest. `survival-nodes explain gdc_path_n N1a edition=5` shows it for one value, `survival-nodes classify` for a file, and in Python
`sn.nodes.classify("gdc_path_n", "N1a", edition=5)`. The codes below are facts about the coding systems; the wording is this project's own."""
_CODES = """Where a system is a table, each code stands with what it leaves possible, the category that it alone gives a patient whose nodes were
examined (default policy, newest edition of the system), and its flags. Systems without a table hold N categories as they are written, or measurements."""
_CLASSES = {
    "negative": "no tumour cells", "itc": "largest deposit over 0 and not over 0.2 mm, and from the 7th edition on not over 200 cells in one cross-section",
    "micro": "largest deposit over 0.2 and not over 2.0 mm, or from the 7th edition on more than 200 cells in one cross-section",
    "macro": "largest deposit over 2.0 mm", "unknown": "the evidence is missing, contradicts itself, or leaves more than one class",
}


def page() -> str:
    """Write the page as Markdown."""
    blocks = [_HEAD, *_classes(), *_levels(), "## Coding systems", _CODES, *(_system(system) for system in systems()), *_common(), *_policies(), *_flags()]
    return "\n\n".join(blocks) + "\n"


def _classes() -> Iterator[str]:
    yield "## Categories"
    yield _table(("category", "name", "meaning"), ((f"`{name}`", CATEGORY_LABELS[name], _CLASSES[name]) for name in NODAL_CATEGORIES))


def _levels() -> Iterator[str]:
    yield "## N categories as they are written"
    yield (
        "Read by one parser in every system that holds them: case, blanks, brackets and prefixes (`c p y r a`, `u` for ultrasound) in any order, "
        f"with `(sn)`, `(f)`, a count as `(2/14)`, and the subcodes of N1b. Up to the {_BEFORE}th edition some letters meant other deposits.")
    stages = sorted(FROM_6TH, key=lambda stage: (stage != "x", stage))
    codes = [f"pN{_written(stage)}" for stage in stages]
    rows = ([f"`{code}`", *_leaves(*(classify("pathology_text", code, edition=edition) for edition in (_BEFORE, _AFTER)))] for code in codes)
    yield _table(("code", f"leaves possible, AJCC {_BEFORE}", "category", f"leaves possible, AJCC {_AFTER}", "category"), rows)


def _written(stage: str) -> str:
    """Write a stage as a report does: 0i+ is 0(i+)."""
    return f"0({stage[1:].replace('?', '')})" if stage[1:] and stage[0] == "0" else stage.upper() if stage == "x" else stage


def _leaves(*findings: NodalFinding) -> list[str]:
    """Give for each finding what is possible, and the category under the default policy."""
    return [text for finding in findings for text in (_possible(finding), finding.category)]


def _possible(finding: NodalFinding) -> str:
    possible = "anything" if finding.possible == ANY else ", ".join(in_order(finding.possible)) or "nothing"
    return possible + (f" (the code is of AJCC {'5 or before' if finding.edition == _BEFORE else '6 or after'})" if finding.edition_source == "token" else "")


def _system(system: System) -> str:
    context = ", ".join(f"`{name}`" for name in system.context)
    editions = ", ".join(map(str, system.editions))
    lines = [f"### `{system.name}`", "", f"{system.title}.", "", f"- Format: {system.format}", f"- Editions: AJCC {editions}"]
    lines += [f"- Read with it: {context}"] if context else []
    lines += [f"- Standard: <{system.standard}>"]
    return "\n".join(lines) + (f"\n\n{_codes(system)}" if system.codes else "")


def _codes(system: System) -> str:
    edition = max(system.editions)
    found = {code: classify(system.name, code, edition=edition, **_EXAMINED) for code in system.codes}
    rows = ([f"`{code}`", _read_as(finding), *_leaves(finding), _told(finding)] for code, finding in found.items())
    return _table(("code", "read as", "leaves possible", "category", "flags"), rows)


def _read_as(finding: NodalFinding) -> str:
    return next((piece.says or piece.normalised for piece in finding.evidence if piece.kind != "count"), "")


def _told(finding: NodalFinding) -> str:
    """Name the flags of the code itself."""
    own = {name for piece in finding.evidence if piece.kind != "count" for name in piece.flags}
    return " ".join(sorted(own & finding.flags))


def _common() -> Iterator[str]:
    yield "## What may come with a value of any system"
    yield "Entries that are read together stand in one line; each is one piece of evidence, or tells whether systemic treatment came before surgery."
    yield "\n".join("- " + ", ".join(f"`{name}`" for name in part.names) for part in COMMON)


def _policies() -> Iterator[str]:
    yield "## Policies"
    yield (
        "What settles evidence that leaves more than one class. A policy is a value, as `Policy(counts_only=\"macro\")`, and is printed with its fingerprint "
        "in every report.")
    names = [option.name for option in fields(Policy)]
    yield _table(("option", *POLICIES), ([f"`{name}`", *(f"`{getattr(policy, name)}`" for policy in POLICIES.values())] for name in names))
    yield "Fingerprints: " + ", ".join(f"{name} `{policy.fingerprint}`" for name, policy in POLICIES.items())


def _flags() -> Iterator[str]:
    yield "## Flags"
    yield _table(("flag", "meaning"), ((f"`{name}`", meaning) for name, meaning in FLAGS.items()))


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "&#124;") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    sys.stdout.buffer.write(page().encode("utf-8"))  # the same bytes on every system
