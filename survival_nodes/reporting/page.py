"""The page: one HTML file that holds its style, its script and its figures, and asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from ..units import MISSING, format_count
from .chapters import Chapter, FigurePiece
from .inline_svg import inline_svg
from .machine_readable import plain
from .provenance import NO_PATIENTS, settings_of

TEMPLATES = Path(__file__).parent / "templates"
_DOI = re.compile(r"https?://\S+|\bdoi:\s?10\.\d{4,9}/\S+|\b10\.\d{4,9}/\S+", re.IGNORECASE)


def html_page(chapters: Sequence[Chapter], *, title: str, versions: Mapping[str, str], command: str | None) -> str:
    """Write the report as a page.

    Text that comes from data is escaped by the template; only our own style and script, and the figures, which are written by an XML writer, go in as they are.

    Parameters
    ----------
    chapters
        What the page shows, in order; one chapter makes a page of its own, several come under the page's title.
    title, versions, command
        As in `findings_json`.
    """
    script = _own("report.js")
    return _template().render(
        title=title, chapters=chapters, versions=versions, command=command, statement=NO_PATIENTS,
        css=_own("report.css"), script=script, script_hash=_hash(script), alone=len(chapters) == 1)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"inline": _inline, "linked": linked, "settings": _settings, "inputs": _inputs}
    return environment.get_template("report.html.j2")


def _own(name: str) -> Markup:
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))


def _hash(script: str) -> str:
    """Give what the page's policy knows its one script by; any other script stays dead."""
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")


def _inline(figure: FigurePiece) -> Markup:
    return Markup(inline_svg(figure.svg, prefix=f"{figure.anchor}-picture", alt_text=figure.alt_text))


def linked(text: str) -> Iterator[tuple[str, str]]:
    """Split a reference into (text, address) pieces; the address is empty where there is none.

    >>> list(linked("Sedmak DD. doi:10.1000/mod.2, p. 516"))
    [('Sedmak DD. ', ''), ('doi:10.1000/mod.2', 'https://doi.org/10.1000/mod.2'), (', p. 516', '')]
    """
    start = 0
    for found in _DOI.finditer(text):
        address = found[0].rstrip(".,;")
        while address.endswith(")") and address.count(")") > address.count("("):
            address = address[:-1].rstrip(".,;")
        yield text[start:found.start()], ""
        yield address, address if address.startswith("http") else "https://doi.org/" + address[address.index("10."):]
        start = found.start() + len(address)
    yield text[start:], ""


def _inputs(provenance: Mapping[str, object]) -> list[tuple[str, str, str]]:
    """Give what was read, a line each: the name of the file, its rows, its hash."""
    return [(entry["name"], format_count(entry.get("rows")), str(entry.get("sha256") or MISSING)) for entry in settings_of(provenance).get("inputs") or ()]


def _settings(provenance: Mapping[str, object], within: str = "") -> Iterator[tuple[str, str]]:
    """Give what provenance says besides the inputs, a line each."""
    for name, value in settings_of(provenance).items():
        name = f"{within} {name}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            yield from _settings(value, name)
        elif name != "inputs" and _said(value):
            yield name, _said(value)


def _said(value: object) -> str:
    """Write a setting as a person would; numbers as JSON has them, nothing for what was not set."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_said, value))
    if isinstance(value, (str, bool)) or value is None:
        return {True: "yes", False: "no", None: ""}.get(value, value)
    return json.dumps(plain(value), ensure_ascii=False)
