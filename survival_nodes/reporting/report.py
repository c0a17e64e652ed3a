"""Findings in, a folder out: the page, its tables and figures as files, and the findings for other programs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..data_files import sha256
from ..errors import UsageError, unknown_name
from . import provenance
from .chapters import Chapter, chapter_of
from .machine_readable import findings_json
from .page import html_page
from .together import write_together

if TYPE_CHECKING:
    from ..study.findings import Findings

# Form of a report -> the name of its file and what writes it.
FORMS: dict[str, tuple[str, Callable[..., str | bytes]]] = {"html": ("report.html", html_page)}
FINDINGS = "findings.json"
# What a report may call its files; nothing else is ever removed.
_OWN_PATH = re.compile(r"(tables|figures)/[a-z0-9-]+\.(csv|svg|png)")
TITLE_OF_SEVERAL = "Survival of breast-cancer cohorts by nodal category"


def write_report(
    findings: Findings | Sequence[Findings], folder: str | Path, formats: Sequence[str] = ("html",), *,
    title: str | None = None, command: Sequence[str] | None = None,
) -> Path:
    """Write a report: `report.html`, a CSV file a table, an SVG and a PNG file a figure, and `findings.json`.

    Everything is made before anything is written, and all files come into place together, `report.html` last. Tables and figures
    of an older report in the same folder that the new one does not have are removed, unless somebody has changed them; other
    files are not touched. The same findings give the same bytes.

    Parameters
    ----------
    findings
        What a study found, or several such, which become the chapters of one report.
    folder
        Where the report goes; it is made where it is not there.
    formats
        Forms of the report: `html`.
    title
        The title of the page; else that of the findings where they are one.
    command
        The words of the command that made the report, as in `sys.argv`; paths in it are reduced to file names.

    Returns
    -------
    Path
        The report itself.

    Raises
    ------
    UsageError
        If there are no findings, a format is unknown, or two findings, tables or figures share a name.
    OutputError
        If the folder or a file cannot be written; an older report there stays as it was.

    Examples
    --------
    >>> write_report([], "report")
    Traceback (most recent call last):
    survival_nodes.errors.UsageError: there are no findings to report: give one, or several in a list
    """
    several = list(findings) if isinstance(findings, Sequence) else [findings]
    forms = _forms(formats)
    if not several:
        raise UsageError("there are no findings to report: give one, or several in a list")
    chapters = [chapter_of(each) for each in several]
    _refuse_repeats([chapter.anchor for chapter in chapters])
    head = {
        "title": title or (several[0].title if len(several) == 1 else TITLE_OF_SEVERAL),
        "versions": provenance.versions(),
        "command": None if command is None else provenance.reduced_command(command),
    }
    files = _files_beside(chapters)
    reports = {name: _bytes(write(chapters, **head)) for name, write in forms}
    hashes = {path: hashlib.sha256(content).hexdigest() for path, content in (files | reports).items()}
    outdated = _of_an_older_report(Path(folder)) - set(hashes)
    write_together(folder, files | {FINDINGS: _bytes(findings_json(several, files=hashes, **head))} | reports)
    for path in outdated:
        with suppress(OSError):
            (Path(folder) / path).unlink()
    return Path(folder) / forms[-1][0]


def _forms(formats: Sequence[str]) -> list[tuple[str, Callable[..., str | bytes]]]:
    names = [formats] if isinstance(formats, str) else list(formats)
    for name in names:
        if name not in FORMS:
            raise UsageError(unknown_name("format of a report", name, FORMS))
    if not names:
        raise UsageError(f"no format was given: name at least one of {', '.join(FORMS)}")
    return [FORMS[name] for name in FORMS if name in names]


def _files_beside(chapters: Sequence[Chapter]) -> dict[str, bytes]:
    tables = [(table.path, table.csv) for chapter in chapters for table in chapter.tables]
    figures = [(figure.svg_path, figure.svg) for chapter in chapters for figure in chapter.figures]
    pictures = [(figure.png_path, figure.png) for chapter in chapters for figure in chapter.figures]
    files = tables + figures + pictures
    _refuse_repeats([path for path, _ in files])
    return {path: _bytes(content) for path, content in files}


def _bytes(content: str | bytes) -> bytes:
    """Encode text as UTF-8; a letter of a file name that the system could not read becomes a question mark, rather than stop the report."""
    return content.encode("utf-8", errors="replace") if isinstance(content, str) else content


def _of_an_older_report(folder: Path) -> set[str]:
    """List the files that an older report wrote here and nobody has changed since; those of them that the new one does not write would mislead."""
    try:
        listed = json.loads((folder / FINDINGS).read_text(encoding="utf-8"))["files"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # No older report, or a file of that name that is none of ours.
        return set()
    return {path for path, digest in listed if _OWN_PATH.fullmatch(path) and (folder / path).is_file() and sha256(folder / path) == digest}


def _refuse_repeats(names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UsageError(f"several parts of the report would be called {', '.join(map(repr, repeated))}: give each findings, table and figure its own name")
