"""NAACCR XML into a frame of text, a row a tumour: read as a stream, so that only the items that are wanted stay in memory.

A DOCTYPE is refused before anything in it is looked at, so that no entity is ever expanded and nothing is fetched.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from array import array
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

import numpy as np
import pandas as pd

from ..errors import InputError
from .delimited import TextTable
from .text_content import Watch, existing_file

NAMESPACES = ("http://naaccr.org/naaccrxml", "")
_PIECE = 1 << 18
_GZIP = b"\x1f\x8b"
_MARKS = b"\xef\xbb\xbf\xff\xfe \t\r\n\0"


def start_of(path: str | Path) -> bytes:
    """Give the first part of a file, unpacked."""
    return next(_pieces(existing_file(path), None), b"")


def is_xml(start: bytes) -> bool:
    """Tell by its first characters whether a file is XML.

    >>> is_xml(b" <NaaccrData>"), is_xml(b"patientIdNumber,sex")
    (True, False)
    """
    return start[:1000].lstrip(_MARKS).startswith(b"<")


def read_xml(path: str | Path, column_of: Callable[[str, str], str], *, watch: Watch | None = None) -> tuple[TextTable, frozenset[str]]:
    """Read a NAACCR XML file, plain or gzipped.

    Parameters
    ----------
    path
        The file; it is never changed.
    column_of
        From the id and the number of an item (either may be empty) to the name of its column; an empty name leaves it out.
    watch
        Told from time to time which fraction has been read.

    Returns
    -------
    table, items
        A row a tumour, with the items of its patient and of the file where it has none of its own; and the ids (else numbers) of all items.

    Raises
    ------
    UsageError
        If there is no such file.
    InputError
        If it is not well-formed, cut short, has a DOCTYPE, or is other XML than NAACCR's; the line is named.
    """
    path = existing_file(path)
    parser = expat.ParserCreate(namespace_separator=" ")
    records = _Records(path.name, column_of, parser)
    try:
        for piece in _pieces(path, watch):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as problem:
        raise InputError(f"{path.name!r} is no complete XML: line {problem.lineno}: {expat.ErrorString(problem.code)}; "
                         "it is cut short or damaged: fetch or export it again") from problem
    if not records.n:
        raise InputError(f"{path.name!r} holds no tumour: elements Tumor inside elements Patient are wanted")
    with path.open("rb") as stored:
        digest = hashlib.file_digest(stored, "sha256").hexdigest()
    return TextTable(records.frame(), path.name, digest), frozenset(records.items)


def _pieces(path: Path, watch: Watch | None) -> Iterator[bytes]:
    """Give the content piece by piece, unpacked."""
    size = max(path.stat().st_size, 1)
    with path.open("rb") as stored:
        packed = stored.read(2) == _GZIP
        stored.seek(0)
        content: BinaryIO = gzip.GzipFile(fileobj=stored) if packed else stored
        try:
            while piece := content.read(_PIECE):
                if watch is not None:
                    watch(stored.tell() / size)
                yield piece
        except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
            raise InputError(f"{path.name!r} is gzipped, but cut short or damaged: fetch or pack it again") from problem


class _Records:
    """What the parser has told so far: the items of the element that is open, and the columns of the tumours that are done."""

    def __init__(self, name: str, column_of: Callable[[str, str], str], parser: expat.XMLParserType) -> None:
        self.n, self.items = 0, set()
        self._name, self._column_of, self._parser = name, column_of, parser
        self._elements, self._known = {}, {}
        self._open, self._foreign = [], 0  # elements that are not NAACCR's are passed over with all that is in them
        self._levels: dict[str, dict[str, str]] = {"NaaccrData": {}, "Patient": {}, "Tumor": {}}
        self._tumours: list[dict[str, str]] = []
        self._column, self._text = "", []
        self._columns: dict[str, tuple[array, dict[str, int]]] = {}
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.StartDoctypeDeclHandler = self._refuse_doctype

    def _refuse_doctype(self, *_: object) -> None:
        raise InputError(f"{self._name!r} line {self._parser.CurrentLineNumber}: a DOCTYPE, which NAACCR XML does not have, and which is not read "
                         "since it can load other files: take it out")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._open:
            self._begin(tag)
        element = self._elements.get(tag)
        if self._foreign or element is None:
            self._foreign += 1
            return
        self._open.append(element)
        if element == "Item":
            self._column = self._wanted(attributes) if self._open[-2] in self._levels else ""
            self._text = []
            self._parser.CharacterDataHandler = self._text.append if self._column else None
        else:
            self._levels[element] = {}

    def _begin(self, tag: str) -> None:
        namespace, _, element = tag.rpartition(" ")
        if element != "NaaccrData" or namespace not in NAMESPACES:
            raise InputError(f"{self._name!r} is XML, but its first element is not NaaccrData of NAACCR: export it as NAACCR XML, or read it as another source")
        self._elements = {f"{namespace} {known}".lstrip(): known for known in (*self._levels, "Item")}

    def _wanted(self, attributes: dict[str, str]) -> str:
        key = attributes.get("naaccrId", ""), attributes.get("naaccrNum", "")
        column = self._known.get(key)
        if column is None:
            column = self._known[key] = self._column_of(*key)
            self.items.add(key[0] or key[1])
        return column

    def _end(self, _: str) -> None:
        if self._foreign:
            self._foreign -= 1
            return
        element = self._open.pop()
        if element == "Item" and self._column:
            self._levels[self._open[-1]].setdefault(self._column, "".join(self._text).strip())
            self._column, self._parser.CharacterDataHandler = "", None
        elif element == "Tumor":
            self._tumours.append(self._levels["Tumor"])
        elif element == "Patient":
            for tumour in self._tumours:
                self._add({**self._levels["NaaccrData"], **self._levels["Patient"], **tumour})
            self._tumours = []

    def _add(self, items: dict[str, str]) -> None:
        for column, word in items.items():
            codes, words = self._columns.setdefault(column, (array("i"), {}))
            codes.extend(repeat(-1, self.n - len(codes)))
            codes.append(words.setdefault(word, len(words)))
        self.n += 1

    def frame(self) -> pd.DataFrame:
        """Give the columns, missing where a tumour has no such item."""
        return pd.DataFrame({column: self._series(codes, words) for column, (codes, words) in self._columns.items()}, index=range(self.n))

    def _series(self, codes: array, words: dict[str, int]) -> pd.Series:
        codes.extend(repeat(-1, self.n - len(codes)))
        found = pd.Index(list(words), dtype=object)
        if len(words) <= max(self.n // 5, 100):
            return pd.Series(pd.Categorical.from_codes(np.frombuffer(codes, dtype=np.int32), categories=found))
        return pd.Series(np.append(found.to_numpy(), None)[np.frombuffer(codes, dtype=np.int32)], dtype=object)
