"""A user's own copy of a public cohort, from its public home: addresses, known versions and terms stand in `data/public_files.toml`."""

from __future__ import annotations

import gzip
import os
import tomllib
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..data_files import data_file, sha256
from ..errors import DataWarning, UsageError, unknown_name
from ..units import format_count
from .fetching_download import Part, Progress, Web, download, writing

POINTER = b"version https://git-lfs.github.com/spec/"
PAGE = (b"<!doctype html", b"<html", b"<head", b"<script")


@dataclass(frozen=True)
class Version:
    """A version of a file that was seen: its date, its SHA-256 (whole, or as many of its digits as are known) and its size if known."""

    dated: str
    sha256: str
    n_bytes: int | None = None


@dataclass(frozen=True)
class PublicFile:
    """A public file: where it is, how it is told from another, under what terms, and what reads it; `versions` come newest first."""

    name: str
    title: str
    url: str
    saves_as: str
    source: str
    starts_with: str
    licence: str
    licence_url: str
    citation: str
    counts: str
    checked: str
    then: str = "survival-nodes report {path} --source {source}"
    versions: tuple[Version, ...] = ()

    def version_of(self, digest: str) -> Version | None:
        """Give the known version with this SHA-256, if there is one."""
        return next((version for version in self.versions if digest.startswith(version.sha256)), None)


@dataclass(frozen=True)
class Fetched:
    """What `fetch_file` found or brought: the file's place, its SHA-256 and size, and the known version it is, if any."""

    file: PublicFile
    path: Path
    sha256: str
    version: Version | None
    was_there: bool

    def text(self) -> str:
        """Say what the file is, its terms, what to go on with, and last its path."""
        state = f"{self.path.name} {'is there already' if self.was_there else 'was fetched'}: {format_count(self.path.stat().st_size)} bytes"
        newest = self.file.versions[0] if self.file.versions else None
        if self.version is None:
            known = "none of the known versions" if newest else "no hash is recorded for this file"
            state += f"; {known}: its own SHA-256 is {self.sha256}"
        else:
            state += f", the version of {self.version.dated} (SHA-256 {self.sha256})"
            state += f"; the newest known is of {newest.dated}" + (", and --overwrite fetches it" if self.was_there else "") if self.version != newest else ""
        then = self.file.then.format(path=f'"{self.path}"' if " " in str(self.path) else self.path, source=self.file.source)
        told = (("licence", f"{self.file.licence} ({self.file.licence_url})"), ("cite", self.file.citation), ("check", self.file.counts), ("go on", then))
        return "\n".join([state, *(f"{label:<8} {words}" for label, words in told), str(self.path)])


@cache
def public_files() -> tuple[PublicFile, ...]:
    """List the public files that can be fetched.

    >>> [file.name for file in public_files()][:2]
    ['tcga-brca', 'tcga-brca-firehose']
    """
    tables = tomllib.loads(data_file("public_files.toml").read_text(encoding="utf-8"))
    versions = {name: tuple(Version(**each) for each in table.pop("versions", ())) for name, table in tables.items()}
    return tuple(PublicFile(name=name, versions=versions[name], **table) for name, table in tables.items())


def public_file(name: str) -> PublicFile:
    """Find a public file by its name, or say which there are (UsageError)."""
    by_name = {file.name: file for file in public_files()}
    if name not in by_name:
        raise UsageError(unknown_name("public file", name, by_name))
    return by_name[name]


def fetch(
    name: str, folder: str | Path = ".", *, overwrite: bool = False, progress: Progress | None = None, retries: int = 5, web: Web = Web(),
) -> Path:
    """Download the user's own copy of a public cohort, and check it.

    Parameters
    ----------
    name
        The public file; `public_files()` lists them.
    folder
        Where it goes; made if it is not there.
    overwrite
        Fetch it although a file of its name is there already.
    progress
        Called with the bytes that have come and, where the server says it, how many there are.
    retries
        New tries after a failure that may pass; what has come is not fetched again where the server can go on from there.
    web
        Time-out, waiting and opener, for a network that needs its own.

    Returns
    -------
    Path
        The file. One that was there already is left as it is if it is a known version.

    Raises
    ------
    UsageError
        If there is no public file of that name, or the file there already is none of the known versions.
    InputError
        If the server does not give the file, or gives something else.
    OutputError
        If the file cannot be written. After an error there is never half a file under the final name.

    Warns
    -----
    DataWarning
        If what came is none of the known versions: it is kept, and its SHA-256 is shown.
    """
    return fetch_file(public_file(name), folder, overwrite=overwrite, progress=progress, retries=retries, web=web).path


def fetch_file(
    file: PublicFile, folder: str | Path = ".", *, overwrite: bool = False, progress: Progress | None = None, retries: int = 5, web: Web = Web(),
) -> Fetched:
    """Do what `fetch` does, for a public file at hand, and tell what came."""
    target = Path(folder) / file.saves_as
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            raise IsADirectoryError(None, "a folder of that name is there")
        if target.exists() and not overwrite:
            return _as_it_is(file, target)
    part = Part(target.with_name(f"{target.name}.part"), file.url)
    download(part, retries=retries, web=web, progress=progress or (lambda done, total: None))
    try:
        with writing(target):
            digest, n_bytes = _checked(file, part), part.n_bytes
            os.replace(part.path, target)
    finally:
        part.remove()
    fetched = Fetched(file, target, digest, file.version_of(digest), False)
    if fetched.version is None and file.versions:
        newest = file.versions[0]
        known = f"the newest of them is {newest.sha256} of {newest.dated}" + (f", {format_count(newest.n_bytes)} bytes" if newest.n_bytes else "")
        warnings.warn(
            f"{target.name}: SHA-256 {digest}, {format_count(n_bytes)} bytes, is none of the known versions ({known}); "
            f"its home may have a newer file, so look at the counts: {file.counts}", DataWarning, stacklevel=3)
    return fetched


def _as_it_is(file: PublicFile, target: Path) -> Fetched:
    digest = sha256(target)
    version = file.version_of(digest)
    if version is None:
        known = "is none of the known versions" if file.versions else "cannot be compared, since no hash is recorded for this file"
        raise UsageError(f"{target.name!r} is there already and {known} (SHA-256 {digest}): fetch it again with --overwrite, or elsewhere with --to FOLDER")
    return Fetched(file, target, digest, version, True)


def _checked(file: PublicFile, part: Part) -> str:
    """Give the SHA-256 of what came, or refuse it."""
    wrong = _wrong(file, part.path)
    if wrong:
        part.remove()
        raise part.error(wrong)
    return sha256(part.path)


def _wrong(file: PublicFile, path: Path) -> str:
    """Say why what came is not the file, or nothing if it may be."""
    n_bytes = path.stat().st_size
    with open(path, "rb") as stream:
        head = stream.read(512).removeprefix(b"\xef\xbb\xbf")
    expected = next((version for version in file.versions if version.n_bytes), None)
    if n_bytes == 0:
        return "the server gave an empty file"
    if head.startswith(POINTER):
        return "the server gave a git-lfs pointer instead of the file it stands for"
    if head.lstrip().lower().startswith(PAGE):
        return "the server gave a web page instead of the file"
    if expected is not None and n_bytes < expected.n_bytes / 10:
        return f"the server gave {format_count(n_bytes)} bytes, and the newest known version has {format_count(expected.n_bytes)}: it is another file"
    return _wrong_content(file, path, head)


def _wrong_content(file: PublicFile, path: Path, head: bytes) -> str:
    if file.saves_as.endswith(".gz"):
        try:
            with gzip.open(path) as stream:
                head = stream.read(512)
                while stream.read(1 << 20):
                    pass
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return "what the server gave is no whole gzip file"
    if file.saves_as.endswith(".xlsx") and not zipfile.is_zipfile(path):
        return "what the server gave is no whole Excel file"
    if not head.startswith(file.starts_with.encode()):
        return f"what the server gave does not begin with {file.starts_with!r}, as this file does: it is another file"
    return ""
