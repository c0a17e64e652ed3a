"""A file of text piece by piece: each piece is hashed, unpacked, made UTF-8 and cut at the end of a line as it comes, so that no file is held whole."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

Watch = Callable[[float], None]  # told from time to time which fraction has been read

FIRST_BYTES = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF"),
    (b"<!doc", "a web page"),
    (b"<html", "a web page"),
)
POINTER = b"version https://git-lfs"
GZIPPED = b"\x1f\x8b"
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LONGEST = 1 << 26  # bytes without the end of a line: no table is written like that


class IrregularText(Exception):
    """The content is not plain text of lines: it has to be looked at as a whole, which names what is wrong with it."""


class Hashed(io.RawIOBase):
    """A file that is being read once, and the SHA-256 of what has been read; told how much that is."""

    def __init__(self, path: Path, watch: Watch | None = None) -> None:
        super().__init__()
        self._file, self._digest, self._watch = open(path, "rb", buffering=0), hashlib.sha256(), watch
        self._n_read, self._size = 0, max(path.stat().st_size, 1)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read the next bytes."""
        block = self._file.read(size)
        self._digest.update(block)
        self._n_read += len(block)
        return block

    def readinto(self, buffer: memoryview) -> int:
        """Read the next bytes into a buffer."""
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def tell_progress(self) -> None:
        """Say which fraction has been read."""
        if self._watch is not None:
            self._watch(min(self._n_read / self._size, 1.0))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    @property
    def sha256(self) -> str:
        """The SHA-256 of what has been read."""
        return self._digest.hexdigest()


def unpacked(stored: io.RawIOBase, is_gzipped: bool, size: int) -> Iterator[bytes]:
    """Give the content of a file, plain or gzipped, in blocks.

    Raises
    ------
    IrregularText
        If it is cut short or damaged.
    """
    stream = gzip.GzipFile(fileobj=io.BufferedReader(stored, size)) if is_gzipped else stored
    try:
        while block := stream.read(size):
            yield block
    except (EOFError, OSError, zlib.error) as problem:
        raise IrregularText from problem


def clean_pieces(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Make UTF-8 without a mark and with LF line ends of blocks of a file; each piece ends where a line does, outside quotation marks.

    Raises
    ------
    IrregularText
        If it is not text of lines in that encoding, or does not look like it.

    >>> list(clean_pieces(iter([b'a,b\\r', b'\\n1,"', b'x\\ny"\\n2', b',3']), "utf-8"))
    [b'a,b\\n', b'1,"x\\ny"\\n', b'2,3']
    """
    rest = b""
    for block in _with_plain_ends(_in_utf8(blocks, encoding)):
        stop = block.rfind(b"\n") + 1
        piece = b"".join((rest, memoryview(block)[:stop]))
        if stop and not _is_open(piece):
            yield piece
            rest = block[stop:]
        elif len(rest := rest + block) > _LONGEST:
            raise IrregularText
    if rest:
        yield rest


def _is_open(text: bytes) -> bool:
    """Tell whether a quotation mark is open at the end."""
    return b'"' in text and text.count(b'"') % 2 == 1


def _in_utf8(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    wanted = codecs.lookup(encoding).name
    decoder, is_wide = codecs.getincrementaldecoder(encoding)(), wanted.startswith(("utf-16", "utf-32"))
    at_start, is_plain = True, wanted in {"utf-8", "ascii"}
    for block in blocks:
        block = _looked_at(block, is_wide) if at_start else block
        if not is_wide and b"\0" in block:
            raise IrregularText
        is_plain = is_plain and block.isascii()
        if not is_plain:
            text = _decoded(decoder, block)
            block = block if wanted == "utf-8" else (text.removeprefix("\ufeff") if at_start else text).encode("utf-8")
        at_start = False
        if block:
            yield block
    if not is_plain:
        _decoded(decoder, b"", final=True)


def _decoded(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> str:
    try:
        return decoder.decode(block, final)
    except UnicodeError as problem:
        raise IrregularText from problem


def _looked_at(block: bytes, is_wide: bool) -> bytes:
    """Take the mark away from the first block, after a look at whether it is of text at all."""
    start = block[:64].lstrip().lower()
    odd = start.startswith((POINTER, *(first.lower() for first, _ in FIRST_BYTES))) or block.startswith(UTF16) and not is_wide
    if odd or not block[:1000].removeprefix(codecs.BOM_UTF8).strip():
        raise IrregularText
    return block.removeprefix(codecs.BOM_UTF8)


def _with_plain_ends(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Write every line end as LF; a CR at the end of a block waits for what follows it."""
    waiting = b""
    for block in blocks:
        block, waiting = waiting + block if waiting else block, b""
        if b"\r" in block:
            if block.endswith(b"\r"):
                block, waiting = block[:-1], b"\r"
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if block:
            yield block
    if waiting:
        yield b"\n"
