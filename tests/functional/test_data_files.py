"""Is a file written whole or not at all?"""

from __future__ import annotations

import errno
import os

import pytest

from survival_nodes import data_files
from survival_nodes.errors import OutputError, UsageError


def test_text_is_written_with_lf_and_replaces_the_old_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")
    data_files.write_file(path, "n\u00e9w\n")
    assert path.read_bytes() == "n\u00e9w\n".encode()
    assert os.listdir(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("failing", ["fdopen", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, failing):
    path = tmp_path / "a.csv"
    path.write_text("old")

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(data_files.os, failing, full)
    with pytest.raises(OutputError, match="cannot write 'a.csv': no space left on device; nothing was changed there"):
        data_files.write_file(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_a_folder_that_is_a_file_or_is_not_there(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write 'under'"):
        data_files.make_folder(tmp_path / "file" / "under")
    with pytest.raises(OutputError, match="cannot write 'a.csv'"):
        data_files.write_file(tmp_path / "nowhere" / "a.csv", "x")


def test_an_unknown_data_file_is_named():
    with pytest.raises(UsageError, match="no data file 'nothing.csv' is shipped"):
        data_files.data_file("nothing.csv")


def test_the_hash_is_sha_256_of_the_bytes(tmp_path):
    # FIPS 180-4, example of the one-block message "abc".
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert data_files.sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
