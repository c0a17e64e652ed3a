"""Is a report written as a whole or not at all? Full disks, folders that cannot be made, and files that belong to somebody else."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from survival_nodes.errors import OutputError
from survival_nodes.reporting.together import write_together

FILES = {"tables/a.csv": "x\n1\n", "figures/a.png": b"\x89PNG", "findings.json": "{}", "report.html": "<!doctype html>"}
NEWER = {name: b"newer" for name in FILES} | {"tables/b.csv": "y\n"}
# Everything through which the disk is reached: (module, function).
DOORS = [(os, "fsync"), (os, "replace"), (os, "chmod"), (tempfile, "mkstemp"), (tempfile, "mkdtemp"), (shutil, "copy2"), (Path, "mkdir")]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, and every empty folder."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in sorted(folder.rglob("*"))}


class FullDisk:
    """Let a function through until its n-th call, which finds the disk full (and, if it stays full, all calls after it)."""

    def __init__(self, monkeypatch, module, name, nth, stays_full=False):
        self.calls, self.nth, self.stays_full, self.real = 0, nth, stays_full, getattr(module, name)
        monkeypatch.setattr(module, name, lambda *args, **more: self(*args, **more))

    def __call__(self, *args, **more):
        self.calls += 1
        if self.calls == self.nth or (self.stays_full and self.calls > self.nth):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.real(*args, **more)


def failures(monkeypatch, module, name, write):
    """Run `write` with the first, the second, ... call failing until one run needs no further call; give how many failed."""
    for nth in range(1, 200):
        with monkeypatch.context() as patch:
            disk = FullDisk(patch, module, name, nth)
            if write(disk):
                return nth - 1
    raise AssertionError("it never ends")


def test_all_files_are_written_where_they_belong(tmp_path):
    folder = write_together(tmp_path / "new" / "report", FILES)
    assert contents(folder) == {name: content if isinstance(content, bytes) else content.encode() for name, content in FILES.items()} | {"tables": b"", "figures": b""}


def test_files_of_others_stay(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "mine.csv").write_text("mine")
    (tmp_path / "notes.txt").write_text("notes")
    write_together(tmp_path, FILES)
    assert (tmp_path / "tables" / "mine.csv").read_text() == "mine" and (tmp_path / "notes.txt").read_text() == "notes"


@pytest.mark.parametrize(("module", "name"), DOORS, ids=lambda each: each if isinstance(each, str) else each.__name__)
def test_a_full_disk_changes_nothing(tmp_path, monkeypatch, module, name):
    write_together(tmp_path, FILES)
    (tmp_path / "notes.txt").write_text("mine")
    before = contents(tmp_path)

    def write(disk):
        try:
            write_together(tmp_path, NEWER)
        except OutputError as problem:
            assert contents(tmp_path) == before
            assert "no space left on device" in str(problem) and "\n" not in str(problem)
            return False
        assert disk.calls < disk.nth
        return True

    assert failures(monkeypatch, module, name, write) > 0
    assert (tmp_path / "report.html").read_bytes() == b"newer"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(("module", "name"), [door for door in DOORS if door[1] != "copy2"], ids=lambda each: each if isinstance(each, str) else each.__name__)
def test_a_full_disk_leaves_no_new_folder(tmp_path, monkeypatch, module, name):
    folder = tmp_path / "a" / "b"

    def write(disk):
        try:
            write_together(folder, FILES)
        except OutputError:
            assert contents(tmp_path) == {}
            return False
        return True

    assert failures(monkeypatch, module, name, write) > 0


def test_old_files_that_cannot_be_put_back_are_kept(tmp_path, monkeypatch):
    write_together(tmp_path, FILES)
    # Five files are renamed beside their place when they are written aside; the seventh rename is the second that puts one in place.
    FullDisk(monkeypatch, os, "replace", 7, stays_full=True)
    with pytest.raises(OutputError, match=r"kept in '\.report\..*\.part'"):
        write_together(tmp_path, NEWER)
    kept = next(path for path in tmp_path.iterdir() if path.name.startswith(".report."))
    assert (kept / "old" / "tables" / "a.csv").read_text() == "x\n1\n"
    assert (tmp_path / "report.html").read_text() == "<!doctype html>"


def test_the_page_comes_into_place_last(tmp_path, monkeypatch):
    placed, real = [], os.replace

    def replace(source, target):
        if Path(target).parent in {tmp_path, tmp_path / "tables", tmp_path / "figures"}:
            placed.append(Path(target).name)
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    write_together(tmp_path, FILES)
    assert placed == ["a.csv", "a.png", "findings.json", "report.html"]


def test_an_interruption_changes_nothing(tmp_path, monkeypatch):
    write_together(tmp_path, FILES)
    before, real, calls = contents(tmp_path), os.replace, []

    def replace(source, target):
        calls.append(target)
        if len(calls) == 8:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        write_together(tmp_path, NEWER)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("place", ["report", "report/below"])
def test_a_file_that_stands_where_the_folder_should(tmp_path, place):
    (tmp_path / "report").write_text("mine")
    with pytest.raises(OutputError, match="cannot write"):
        write_together(tmp_path / place, FILES)
    assert contents(tmp_path) == {"report": b"mine"}


def test_a_folder_that_stands_where_a_file_should(tmp_path):
    (tmp_path / "report.html").mkdir()
    (tmp_path / "report.html" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="cannot write the report into"):
        write_together(tmp_path, FILES)
    assert contents(tmp_path) == {"report.html": b"", "report.html/mine.txt": b"mine"}
