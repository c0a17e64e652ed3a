"""A file of text into clean bytes: unpacked, UTF-8, one kind of line end; whatever is not such a file is named."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..data_files import sha256
from ..errors import InputError, UsageError
from .text_pieces import FIRST_BYTES, GZIPPED, POINTER, UTF16, Hashed, IrregularText, Watch, clean_pieces, unpacked

SUFFIXES = (".csv", ".tsv", ".tab", ".txt")
_LARGE = 1 << 21  # bytes; a smaller file is held whole, and told what is wrong with it at once
_START = 1 << 18  # bytes in which a header stands


@dataclass(frozen=True, eq=False)
class TextContent:
    """The content of a file of text: UTF-8 without a mark, LF line ends; the file's name without its path, and the SHA-256 of the file itself."""

    content: bytes
    name: str
    sha256: str

    def lines(self, n: int) -> list[str]:
        """Give the first `n` lines."""
        return [line.rstrip(b"\n").decode("utf-8") for line, _ in zip(io.BytesIO(self.content), range(n))]

    @property
    def start(self) -> bytes:
        """What the header stands in."""
        return self.content

    def pieces(self, size: int, watch: Watch | None = None) -> Iterator[bytes]:
        """Give the content in pieces of about `size` bytes, each of which ends where a line does; see `text_pieces.clean_pieces`."""
        stream = WatchedBytes(self.content, None)
        for piece in clean_pieces(iter(lambda: stream.read(size), b""), "utf-8"):
            yield piece
            if watch is not None:
                watch(stream.fraction)


class LargeText:
    """A large file of text, read piece by piece; whole only where something asks for its `content`. As `TextContent` in everything else."""

    def __init__(self, path: Path, encoding: str) -> None:
        self.name, self._path, self._encoding, self._sha256 = path.name, path, encoding, ""
        with open(path, "rb") as stream:
            self._is_gzipped = stream.read(2) == GZIPPED
        self.start = next(self.pieces(_START), b"")

    @cached_property
    def content(self) -> bytes:
        """All of it."""
        return read_text(self._path, self._encoding).content

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file itself; it is made while the pieces are read."""
        return self._sha256 or sha256(self._path)

    def lines(self, n: int) -> list[str]:
        """Give the first `n` lines, as far as they stand at its start."""
        return [line.decode("utf-8") for line in self.start.split(b"\n", n)[:n]]

    def pieces(self, size: int, watch: Watch | None = None) -> Iterator[bytes]:
        """Give the content in pieces of about `size` bytes, each of which ends where a line does.

        Raises
        ------
        IrregularText
            If it is not plain text of lines: then its `content` says what it is.
        """
        with Hashed(self._path, watch) as stored:
            for piece in clean_pieces(unpacked(stored, self._is_gzipped, size), self._encoding):
                yield piece
                stored.tell_progress()
            self._sha256 = stored.sha256


def open_text(path: str | Path, encoding: str = "utf-8", suffixes: tuple[str, ...] | None = None) -> TextContent | LargeText:
    """Open a file of text, plain or gzipped: a small one is read, a large one is only begun.

    Parameters, errors: as `read_text`.
    """
    path = _checked(path, suffixes)
    try:
        return LargeText(path, encoding) if path.stat().st_size >= _LARGE else read_text(path, encoding, suffixes)
    except (IrregularText, OSError):
        return read_text(path, encoding, suffixes)


def read_text(path: str | Path, encoding: str = "utf-8", suffixes: tuple[str, ...] | None = None) -> TextContent:
    """Read a file of text, plain or gzipped.

    Parameters
    ----------
    path
        The file; it is never changed.
    encoding
        A name that Python knows; a byte-order mark is accepted.
    suffixes
        What its name must end in (`.gz` aside); None takes any.

    Raises
    ------
    UsageError
        If there is no such file.
    InputError
        If it is a folder, empty, of another kind, cut short, or not in that encoding.
    """
    path = _checked(path, suffixes)
    stored = _stored(path)
    content = _unpack(stored, path.name) if stored.startswith(GZIPPED) else stored
    text = _utf8(content, encoding, path.name)
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return TextContent(text, path.name, hashlib.sha256(stored).hexdigest())


def existing_file(path: str | Path) -> Path:
    """Give the path of a file that is there, or raise UsageError (no such file) or InputError (a folder)."""
    path = Path(path)
    if not path.exists():
        raise UsageError(f"there is no file {path.name!r} in the folder {path.parent.name or '.'!r}: check the name and the folder")
    if path.is_dir():
        raise InputError(f"{path.name!r} is a folder: name the file in it")
    return path


def _checked(path: str | Path, suffixes: tuple[str, ...] | None) -> Path:
    path = existing_file(path)
    if suffixes is not None and Path(path.name.lower().removesuffix(".gz")).suffix not in suffixes:
        raise InputError(f"{path.name!r}: {', '.join(suffixes)} files are read here (also with .gz); save it as CSV UTF-8, or rename it if it is text")
    return path


def _stored(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise InputError(f"{path.name!r} cannot be read: {(problem.strerror or type(problem).__name__).lower()}") from problem


def _unpack(stored: bytes, name: str) -> bytes:
    try:
        return gzip.decompress(stored)
    except (EOFError, OSError, zlib.error) as problem:
        raise InputError(f"{name!r} is gzipped, but cut short or damaged: fetch or pack it again") from problem


def _utf8(content: bytes, encoding: str, name: str) -> bytes:
    """Give the content as UTF-8 without a mark, after a look at whether it is text at all."""
    if not content[:1000].removeprefix(codecs.BOM_UTF8).strip() and not content.removeprefix(codecs.BOM_UTF8).strip():
        raise InputError(f"{name!r} is empty: a header and at least one row are wanted")
    start = content[:64].lstrip().lower()
    if start.startswith(POINTER):
        raise InputError(f"{name!r} is a git-lfs pointer, which stands in for a file that was not fetched: fetch the file itself (git lfs pull does)")
    for first_bytes, kind in FIRST_BYTES:
        if start.startswith(first_bytes.lower()):
            raise InputError(f"{name!r} is {kind}, whatever its name says: save or fetch it as text (CSV, UTF-8)")
    wanted = codecs.lookup(encoding).name
    wide = wanted.startswith(("utf-16", "utf-32"))
    if content.startswith(UTF16) and not wide:
        raise InputError(f'{name!r} is written in UTF-16: say encoding = "utf-16" under [file], or save it as UTF-8')
    if not wide and b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise InputError(f"{name!r} is not text: there is a NUL byte in line {line}; save it as CSV (UTF-8)")
    content = content.removeprefix(codecs.BOM_UTF8)
    if wanted in {"utf-8", "ascii"} and content.isascii():
        return content
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise InputError(f'{name!r} is not {encoding}: line {line} cannot be read; say encoding = "latin-1" under [file], or save it as UTF-8') from problem
    return content if wanted == "utf-8" else text.removeprefix("\ufeff").encode("utf-8")


class WatchedBytes(io.BytesIO):
    """Bytes as a file that tells how much of it has been read."""

    def __init__(self, content: bytes, watch: Watch | None) -> None:
        super().__init__(content)
        self._n, self._watch = max(len(content), 1), watch

    def read(self, size: int | None = -1) -> bytes:
        return self._told(super().read(size))

    def read1(self, size: int = -1) -> bytes:
        return self._told(super().read1(size))

    @property
    def fraction(self) -> float:
        """How much of it has been read."""
        return self.tell() / self._n

    def _told(self, piece: bytes) -> bytes:
        if self._watch is not None:
            self._watch(self.fraction)
        return piece
