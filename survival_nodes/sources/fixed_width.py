"""A file of fixed-width lines into a frame of text, by the columns that a layout (a SAS INPUT block) names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from .delimited import TextTable
from .text_content import TextContent, Watch, read_text

_INPUT = re.compile(
    r"@\s*(\d+)\s+(\w+)\s+(?:\$\s*(?:char|ebcdic)?|comma|best|f)?\s*(\d+)\.\d*(?:\s*;?\s*/\*\s*(.*?)\s*\*/)?", re.IGNORECASE | re.DOTALL)
_COMMENT_ALONE = re.compile(r"^\s*(?:/\*.*?\*/|\*[^;]*;)[^\S\n]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Span:
    """Where a column stands in each line: its first character (from 1), its width, and what the layout calls it."""

    name: str
    start: int
    width: int
    label: str = ""


def sas_layout(text: str) -> tuple[Span, ...]:
    """Read the columns of a SAS INPUT block.

    >>> sas_layout("input @ 1 PUBCSNUM $char8. /* Patient ID */ @ 9 AGE_DX 3. ;")
    (Span(name='PUBCSNUM', start=1, width=8, label='Patient ID'), Span(name='AGE_DX', start=9, width=3, label=''))
    """
    written = _COMMENT_ALONE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return tuple(Span(name, int(start), int(width), " ".join((label or "").split())) for start, name, width, label in _INPUT.findall(written))


def read_fixed_width(path: str | Path, spans: Sequence[Span], *, encoding: str = "utf-8", watch: Watch | None = None) -> TextTable:
    """Read columns of a file of lines that are all of one length, plain or gzipped, as text without blanks around it.

    Parameters
    ----------
    path
        The file; it is never changed.
    spans
        The columns that are read; positions count characters.
    encoding
        A name that Python knows.
    watch
        Told from time to time which fraction has been read.

    Raises
    ------
    UsageError
        If there is no such file.
    InputError
        If it is no text, its lines differ in length, or a column stands outside them.
    """
    content = read_text(path, encoding)
    lines = _lines(content)
    outside = [span.name for span in spans if span.start < 1 or span.start + span.width - 1 > lines.shape[1]]
    if outside:
        raise InputError(f"{content.name!r}: its lines have {lines.shape[1]} characters, and by the layout {', '.join(outside[:5])} "
                         f"stand{'s' * (len(outside) == 1)} outside them: take the layout that came with this file")
    columns = {}
    for number, span in enumerate(spans, start=1):
        columns[span.name] = _column(lines[:, span.start - 1: span.start - 1 + span.width])
        if watch is not None:
            watch(number / len(spans))
    return TextTable(pd.DataFrame(columns, index=range(len(lines))), content.name, content.sha256)


def _lines(text: TextContent) -> np.ndarray:
    """Look at the content as a table of characters, a row a line; nothing is copied where it is ASCII."""
    if text.content.isascii():
        characters = np.frombuffer(text.content, dtype=np.uint8)
    else:
        characters = np.frombuffer(text.content.decode("utf-8").encode("utf-32-le"), dtype=np.uint32)
    size = len(characters)
    while size and characters[size - 1] in (10, 26):  # line ends, and the mark that old systems put at the end of a file
        size -= 1
    ends = np.append(np.flatnonzero(characters[:size] == 10), size)
    widths = np.diff(ends, prepend=-1) - 1
    usual = int(np.bincount(widths).argmax())
    wrong = np.flatnonzero(widths != usual)
    if len(wrong):
        listed = ", ".join(f"line {place + 1} has {widths[place]}" for place in wrong[:5].tolist()) + (", ..." if len(wrong) > 5 else "")
        raise InputError(f"{text.name!r}: most lines have {usual} characters, but {listed} ({len(wrong)} of {len(widths)} lines): "
                         "fetch or export the file again, or read it as delimited text if it is that")
    item = characters.itemsize
    return np.lib.stride_tricks.as_strided(characters, shape=(len(ends), usual), strides=((usual + 1) * item, item), writeable=False)


def _column(characters: np.ndarray) -> pd.Series:
    """Cut out one column; values that repeat make a categorical."""
    n, width = characters.shape
    codes, firsts = _numbered(characters)
    kind = "S" if characters.itemsize == 1 else "U"
    words = np.ascontiguousarray(characters[firsts]).view(f"{kind}{width}").ravel().astype(str) if width else np.zeros(len(firsts), dtype=str)
    stripped = [word.strip() for word in words.tolist()]
    found = list(dict.fromkeys(stripped))
    if len(found) > max(n // 5, 100):
        return pd.Series(np.array(stripped, dtype=object)[codes], dtype=object)
    place = {word: number for number, word in enumerate(found)}
    moved = np.array([place[word] for word in stripped], dtype=np.int64)
    return pd.Series(pd.Categorical.from_codes(moved[codes], categories=pd.Index(found, dtype=object)))


def _numbered(characters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the distinct values, eight bytes at a time, and give the row in which each comes first."""
    n = len(characters)
    width = characters.shape[1] * characters.itemsize
    padded = np.zeros((n, -(-width // 8) * 8), dtype=np.uint8)
    padded[:, :width] = np.ascontiguousarray(characters).view(np.uint8).reshape(n, width)
    codes: np.ndarray | None = None
    for piece in padded.view(np.uint64).T:
        numbers, found = pd.factorize(piece)
        codes = numbers if codes is None else pd.factorize(codes * len(found) + numbers)[0]
    firsts = np.zeros(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    firsts[codes[::-1]] = np.arange(n - 1, -1, -1)
    return codes, firsts
