"""The dictionary that SEER*Stat writes beside an export (`.dic`): how the file is written, which columns it has, and what its codes mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from .layout import code_key
from .text_content import existing_file, read_text

DELIMITERS = {"tab": "\t", "comma": ",", "semi-colon": ";", "semicolon": ";", "space": " "}
_NAME = re.compile(r"var(\d+)name", re.IGNORECASE)
_BASE = re.compile(r"var(\d+)base", re.IGNORECASE)
_FORMAT = re.compile(r"format=(.*)", re.IGNORECASE)
_MISSING = {"period": ".", "space": ""}


@dataclass(frozen=True)
class ExportDictionary:
    """What a dictionary says; whatever it does not say is None or empty.

    Attributes
    ----------
    database : str
        Name of the database, with its submission.
    names : tuple of str
        Names of the columns, in order.
    delimiter : str or None
        One character.
    headed : bool or None
        Whether the first row of the file holds the names.
    labels : bool or None
        Whether the file holds labels, and not codes.
    missing : str
        What stands for a missing value.
    formats : Mapping of str to Mapping
        Name of a column -> code -> label.
    """

    database: str
    names: tuple[str, ...]
    delimiter: str | None
    headed: bool | None
    labels: bool | None
    missing: str
    formats: Mapping[str, Mapping[str, str]]


def read_dictionary(path: str | Path) -> ExportDictionary:
    """Read a dictionary; sections and keys that are not known are passed over, and may stand more than once.

    Raises
    ------
    UsageError
        If there is no such file.
    InputError
        If it is not such a dictionary.
    """
    text = read_text(path, "latin-1")
    sections = _sections(text.content.decode("utf-8"))
    said = {key.casefold(): value for title, pairs in reversed(sections) if not _FORMAT.match(title) for key, value in reversed(pairs)}
    names, bases = _variables(sections)
    if not names and "database name" not in said:
        raise InputError(f"{text.name!r} is no dictionary of SEER*Stat: it names neither a database nor variables; "
                         "name the .dic that was written with the export")
    tables = {_folded(match[1]): _codes(pairs) for title, pairs in sections if (match := _FORMAT.match(title))}
    formats = {name: tables[_folded(title)] for name in names for title in (bases.get(name, name), name) if _folded(title) in tables}
    written = said.get("variable format", "").casefold()
    missing = said.get("missing character", "").strip('"')
    return ExportDictionary(
        said.get("database name", ""), tuple(names), _delimiter(said.get("field delimiter", "")), _flag(said.get("variable names included", "")),
        "label" in written if written else None, _MISSING.get(missing.casefold(), missing), formats)


def dictionary_beside(path: str | Path, suffix: str = ".dic") -> Path | None:
    """Find the file of the same name but for its suffix, in the same folder."""
    path = existing_file(path)
    stem = path.name[:-3] if path.name.casefold().endswith(".gz") else path.name
    stems = {stem.casefold(), Path(stem).stem.casefold()}
    beside = [each for each in sorted(path.parent.iterdir()) if each.suffix.casefold() == suffix and each.stem.casefold() in stems and each != path]
    return beside[0] if beside else None


def _sections(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Give the sections and the pairs in them, in order; nothing is lost that stands twice."""
    sections: list[tuple[str, list[tuple[str, str]]]] = [("", [])]
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            sections.append((line[1:-1].strip(), []))
        elif "=" in line:
            key, value = line.split("=", 1)
            sections[-1][1].append((key.strip(), value.strip()))
    return sections


def _variables(sections: list[tuple[str, list[tuple[str, str]]]]) -> tuple[list[str], dict[str, str]]:
    """Give the names of the columns in their order, and what each is derived from; a pair that is repeated is one column."""
    names, bases = [], {}
    for _, pairs in sections:
        here = dict.fromkeys((match[1], value) for key, value in pairs if (match := _NAME.fullmatch(key)))
        by_number = {match[1]: value for key, value in pairs if (match := _BASE.fullmatch(key))}
        names += [name for _, name in here]
        bases |= {name: by_number[number] for number, name in here if number in by_number}
    return names, bases


def _codes(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Give the labels of the codes; the first of a code that stands twice counts."""
    codes: dict[str, str] = {}
    for code, label in pairs:
        codes.setdefault(code_key(code), " ".join(label.strip('"').split()))
    return codes


def _folded(title: str) -> str:
    return " ".join(title.casefold().split())


def _delimiter(word: str) -> str | None:
    return DELIMITERS.get(word.casefold(), word if len(word) == 1 else None)


def _flag(word: str) -> bool | None:
    return {"true": True, "false": False}.get(word.casefold())
