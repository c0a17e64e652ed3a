"""Several files written together: all of them, or none, and what stood in the folder before stays."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..data_files import make_folder, write_file
from ..errors import OutputError


class _OldFilesKept(OutputError):
    """Files that could not be put back; they are left in the folder aside rather than lost."""


def write_together(folder: str | Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files into a folder so that either all are there or everything is as it was.

    All are first written into a folder aside, on the same disk, where a full disk shows, and the files that they will replace are copied there too. Only then
    are they renamed into place, in the order given. Should a rename fail, those already done are taken back. Files of other names are not touched.

    Parameters
    ----------
    folder
        Made, with its parents, where it is not there.
    files
        Path inside the folder, with slashes, to text or bytes. The last one is put in place last.

    Raises
    ------
    OutputError
        If the folder cannot be made or a file cannot be written; the folder is then as it was before.
    """
    folder = Path(folder)
    made = _folders_to_make(folder, files)
    aside: Path | None = None
    try:
        make_folder(folder)
        aside = Path(tempfile.mkdtemp(dir=folder, prefix=".report.", suffix=".part"))
        _write_aside(aside, folder, files)
        _put_in_place(folder, list(files), aside=aside)
    except BaseException as problem:
        _clear(None if isinstance(problem, _OldFilesKept) else aside, made)
        if isinstance(problem, OSError) and not isinstance(problem, OutputError):
            raise OutputError(f"{_cannot_write(folder, problem)}; what stood there is unchanged. Free space, or name another folder with --out") from problem
        raise
    shutil.rmtree(aside, ignore_errors=True)
    return folder


def _write_aside(aside: Path, folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        make_folder((aside / "new" / name).parent)
        write_file(aside / "new" / name, content)
        if (folder / name).is_file():
            make_folder((aside / "old" / name).parent)
            shutil.copy2(folder / name, aside / "old" / name)


def _put_in_place(folder: Path, names: Sequence[str], *, aside: Path) -> None:
    done: list[str] = []
    try:
        for name in names:
            make_folder((folder / name).parent)
            os.replace(aside / "new" / name, folder / name)
            done.append(name)
    except BaseException as problem:
        if not all([_taken_back(folder / name, aside / "old" / name) for name in reversed(done)]):
            raise _OldFilesKept(f"{_cannot_write(folder, problem)}; the files that stood there are kept in {aside.name!r}, inside it") from problem
        raise


def _taken_back(place: Path, old: Path) -> bool:
    """Put the old file back, or remove the new one where none stood; tell whether that was done."""
    try:
        os.replace(old, place) if old.is_file() else place.unlink()
    except OSError:
        return False
    return True


def _folders_to_make(folder: Path, names: Iterable[str]) -> list[Path]:
    """List the folders that are not there yet, the innermost first."""
    needed = {(folder / name).parent for name in names} | {folder}
    needed |= {parent for path in needed for parent in path.parents}
    return sorted((path for path in needed if not os.path.exists(path)), key=lambda path: len(path.parts), reverse=True)


def _clear(aside: Path | None, made: Sequence[Path]) -> None:
    """Remove the folder aside, and the folders made for nothing as long as they are empty."""
    if aside is not None:
        shutil.rmtree(aside, ignore_errors=True)
    for path in made:
        try:
            path.rmdir()
        except OSError:
            # Not made yet, or somebody else has put a file there: it stays.
            continue


def _cannot_write(folder: Path, problem: BaseException) -> str:
    reason = (getattr(problem, "strerror", None) or type(problem).__name__).lower()
    return f"cannot write the report into {folder.name!r}: {reason}"
