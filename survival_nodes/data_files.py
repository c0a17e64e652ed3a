"""Where shipped data is found, and how any file is written: aside first, then renamed into place."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from .errors import OutputError, UsageError


def data_file(name: str) -> Path:
    """Find a shipped data file by its path inside `data/`, in an installed wheel or in the checkout.

    Raises
    ------
    UsageError
        If no such file is shipped.

    >>> data_file("sedmak_1989.csv").name
    'sedmak_1989.csv'
    """
    package = Path(__file__).resolve().parent
    for root in (package / "data", package.parent / "data"):
        path = root / name
        if path.is_file():
            return path
    raise UsageError(f"no data file {name!r} is shipped with survival_nodes; the installation may be incomplete: install it again")


def sha256(path: str | Path) -> str:
    """Give the SHA-256 of a file as hexadecimal digits, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def make_folder(folder: str | Path) -> Path:
    """Make a folder and its parents, or say why it cannot be made (OutputError)."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputError(_cannot_write(folder, problem)) from problem
    return folder


def write_file(path: str | Path, content: str | bytes) -> Path:
    """Write a whole file beside its place and rename it there, so that no half-written file is ever seen.

    Text is written as UTF-8 with LF line ends on every system.

    Raises
    ------
    OutputError
        If the folder does not exist, may not be written to, or the disk is full; an older file stays as it was.
    """
    path = Path(path)
    content = content.encode("utf-8") if isinstance(content, str) else content
    aside = None
    try:
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(aside, 0o666 & ~_umask())
        os.replace(aside, path)
    except OSError as problem:
        if aside is not None and os.path.exists(aside):
            os.unlink(aside)
        raise OutputError(_cannot_write(path, problem)) from problem
    return path


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _cannot_write(path: Path, problem: OSError) -> str:
    reason = (problem.strerror or type(problem).__name__).lower()
    return f"cannot write {path.name!r}: {reason}; nothing was changed there. Free space, or name another folder with --out"
