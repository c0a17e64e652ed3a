"""Where a cohort came from: the source, its files by name and hash, and what must be said of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class InputFile:
    """A file that was read: its name without a path, its SHA-256 (empty where a scan did not take it), and the rows it held (None where not counted)."""

    name: str
    sha256: str
    n_rows: int | None


@dataclass(frozen=True)
class Origin:
    """The source by name, its files, its citation, what a reader must know, and the seed of a synthetic cohort."""

    source: str = "frame"
    files: tuple[InputFile, ...] = ()
    citation: str = ""
    notes: tuple[str, ...] = ()
    seed: int | None = None
