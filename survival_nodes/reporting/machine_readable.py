"""`findings.json`: every result at full precision, as strict JSON, the same bytes for the same run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .provenance import NO_PATIENTS, settings_of

if TYPE_CHECKING:
    from ..study.findings import Findings

FORM = "survival_nodes findings 1"
READING = "A frame is a mapping of columns to lists of equal length. A missing number is null; an infinite one is the text Inf or -Inf."


def findings_json(chapters: Sequence[Findings], *, title: str, versions: Mapping[str, str], command: str | None, files: Mapping[str, str]) -> str:
    """Write findings as JSON text: what was concluded, every frame, and where it came from.

    Parameters
    ----------
    chapters
        The findings, in the order of the report.
    title
        The title of the report.
    versions
        Name to version of what computed the results.
    command
        The command line, its paths already reduced, or None.
    files
        The other files of the report, each with its SHA-256.
    """
    report = {
        "form": FORM,
        "reading": READING,
        "title": title,
        "statement": NO_PATIENTS,
        "versions": dict(versions),
        "command": command,
        "findings": [_chapter(findings) for findings in chapters],
        "files": dict(files),
    }
    return "".join(_written(plain(report))) + "\n"


def _chapter(findings: Findings) -> dict[str, object]:
    return {
        "name": findings.name,
        "title": findings.title,
        "synthetic": findings.synthetic,
        "summary": findings.summary,
        "verdicts": list(_verdicts(findings.frames)),
        "warnings": findings.warnings,
        "methods": findings.methods,
        "assumptions": findings.assumptions,
        "references": findings.references,
        "provenance": settings_of(findings.provenance),
        "ledger": findings.ledger,
        "frames": findings.frames,
    }


def _verdicts(frames: Mapping[str, pd.DataFrame]) -> Iterator[dict[str, object]]:
    for name, frame in frames.items():
        if "verdict" in frame:
            for row in frame[frame["verdict"].notna()].to_dict("records"):
                yield {"frame": name} | row


def plain(value: object) -> object:
    """Turn a value into what JSON knows: text, numbers, true, false, null, lists and mappings.

    >>> plain({"p": np.float64("nan"), "n": np.int64(3), "high": float("inf"), "groups": ("a", "b")})
    {'p': None, 'n': 3, 'high': 'Inf', 'groups': ['a', 'b']}
    """
    if isinstance(value, pd.DataFrame):
        return {str(name): _column(value[name]) for name in value.columns}
    if isinstance(value, Mapping):
        return {str(name): plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, np.ndarray, pd.Series)):
        # A set has no order of its own; sorted, it has the same one in every run.
        return [plain(member) for member in (sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)]
    if pd.isna(value):
        return None
    return _plain_scalar(value.item() if isinstance(value, np.generic) else value)


def _column(values: pd.Series) -> list[object]:
    """Turn a column into a list; the long columns of curves are numbers throughout and need no look at each."""
    cells = values.tolist()
    finite = values.dtype.kind in "iu" or (values.dtype.kind == "f" and np.isfinite(values.to_numpy()).all())
    return cells if finite and isinstance(values.dtype, np.dtype) else [plain(cell) for cell in cells]


def _plain_scalar(value: object) -> object:
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else "Inf" if value > 0 else "-Inf"
    return value.name if isinstance(value, PurePath) else str(value)


def _written(value: object, indent: str = "") -> Iterator[str]:
    """Write mappings a line a member and lists of plain values on one line, so that a person can read the file and compare two."""
    inner = indent + "  "
    if isinstance(value, dict) and value:
        for number, (name, member) in enumerate(value.items()):
            yield ("{" if number == 0 else ",") + f"\n{inner}{json.dumps(name, ensure_ascii=False)}: "
            yield from _written(member, inner)
        yield f"\n{indent}}}"
    elif isinstance(value, list) and any(isinstance(member, (dict, list)) for member in value):
        for number, member in enumerate(value):
            yield ("[" if number == 0 else ",") + f"\n{inner}"
            yield from _written(member, inner)
        yield f"\n{indent}]"
    else:
        yield json.dumps(value, ensure_ascii=False, allow_nan=False)
