"""Findings in, a folder out: the page, its tables and figures as files, and the findings for other programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
TITLE_OF_SEVERAL = "Survival of breast-cancer cohorts by nodal category"


def write_report(
    findings: Findings | Sequence[Findings], folder: str | Path, formats: Sequence[str] = ("html",), *,
    title: str | None = None, command: Sequence[str] | None = None,
) -> Path:
    """Write a report: `report.html`, a CSV file a table, an SVG and a PNG file a figure, and `findings.json`.

    Everything is made before anything is written, and all files come into place together, `report.html` last; other files of the folder are not touched.
    The same findings give the same bytes.

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
    files = _files_beside(chapters) | {"findings.json": findings_json(several, **head)}
    reports = {name: write(chapters, **head) for name, write in forms}
    folder = write_together(folder, files | reports)
    return folder / forms[-1][0]


def _forms(formats: Sequence[str]) -> list[tuple[str, Callable[..., str | bytes]]]:
    names = [formats] if isinstance(formats, str) else list(formats)
    for name in names:
        if name not in FORMS:
            raise UsageError(unknown_name("format of a report", name, FORMS))
    if not names:
        raise UsageError(f"no format was given: name at least one of {', '.join(FORMS)}")
    return [FORMS[name] for name in FORMS if name in names]


def _files_beside(chapters: Sequence[Chapter]) -> dict[str, str | bytes]:
    tables = [(table.path, table.csv) for chapter in chapters for table in chapter.tables]
    figures = [(figure.svg_path, figure.svg) for chapter in chapters for figure in chapter.figures]
    pictures = [(figure.png_path, figure.png) for chapter in chapters for figure in chapter.figures]
    files = tables + figures + pictures
    _refuse_repeats([path for path, _ in files])
    return dict(files)


def _refuse_repeats(names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UsageError(f"several parts of the report would be called {', '.join(map(repr, repeated))}: give each findings, table and figure its own name")
