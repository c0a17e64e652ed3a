"""A file read piece by piece is the file read whole, wherever a block ends; and what is wrong with it is told alike."""

from __future__ import annotations

import codecs
import gzip
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survival_nodes.errors import InputError
from survival_nodes.sources import text_content
from survival_nodes.sources.delimited import FileFormat, read_text_table, table_of
from survival_nodes.sources.text_content import open_text, read_text
from survival_nodes.sources.text_pieces import IrregularText, clean_pieces

TEXT = st.text(alphabet='ab,"é€\n\r ', min_size=1, max_size=40).filter(lambda text: text.strip())
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252")


@pytest.fixture(autouse=True)
def every_file_is_large(monkeypatch):
    monkeypatch.setattr(text_content, "_LARGE", 1)


@settings(max_examples=200, deadline=None)
@given(text=TEXT, encoding=st.sampled_from(ENCODINGS), size=st.integers(1, 9))
def test_pieces_put_together_are_the_whole(tmp_path_factory, text, encoding, size):
    path = tmp_path_factory.mktemp("p") / "t.csv"
    path.write_bytes(text.encode(encoding))
    whole = read_text(path, encoding).content
    stored = path.read_bytes()
    blocks = [stored[:16], *(stored[place:place + size] for place in range(16, len(stored), size))]
    if not stored[:16].removeprefix(codecs.BOM_UTF8).strip():
        blocks = [stored]  # a file that begins with blanks alone is looked at as a whole
    pieces = list(clean_pieces(iter(blocks), encoding))
    assert b"".join(pieces) == whole
    assert all(piece.endswith(b"\n") and piece.count(b'"') % 2 == 0 for piece in pieces[:-1])


@pytest.mark.parametrize("content", [b"a,b\n1,\0\n", b"a,b\n1,\xff\n", b"PK\x03\x04a,b\n1,2\n", b"version https://git-lfs\n1,2\n", b"  \n \n",
                                     "a,b\n1,2\n".encode("utf-16")])
def test_what_is_refused_whole_is_irregular_in_pieces(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(InputError):
        read_text(tmp_path / "t.csv")
    with pytest.raises(IrregularText):
        list(clean_pieces(iter([content]), "utf-8"))
    with pytest.raises(InputError):
        open_text(tmp_path / "t.csv")


def test_a_gzipped_file_is_hashed_as_it_is_stored(tmp_path):
    content = b"a,b\n" + b"1,2\n" * 1000
    for name, stored in (("t.csv", content), ("t.csv.gz", gzip.compress(content))):
        (tmp_path / name).write_bytes(stored)
        table = read_text_table(tmp_path / name)
        assert table.sha256 == hashlib.sha256(stored).hexdigest() and table.frame.shape == (1000, 2) and table.titles == ("a", "b")


@pytest.mark.parametrize(("broken", "said"), [
    (b"1,\xff\n", "is not utf-8: line 5002 cannot be read"), (b"1,\0\n", "there is a NUL byte in line 5002"),
    (b'1,x"y\n', "line 5002: a quotation mark is not closed"), (b"1\n", "row 5001 has 1 .1 of 5001 rows"), (b"1,2,3\n", "row 5001 has 3 .1 of 5001 rows")])
def test_a_fault_at_the_end_of_a_large_file_is_named_by_its_line(tmp_path, broken, said):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 5000 + broken)
    with pytest.raises(InputError, match=said):
        read_text_table(path)


def test_a_gzipped_file_cut_short_is_refused(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 100_000, 1)[:-20])
    with pytest.raises(InputError, match="is gzipped, but cut short or damaged"):
        read_text_table(tmp_path / "t.csv.gz")


def test_lines_and_rows_of_a_large_file_of_another_encoding(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("größe;b\r\nä;2\r\n".encode("latin-1") * 1 + "é;3\r\n".encode("latin-1") * 30_000)
    text = open_text(path, "latin-1")
    assert text.lines(1) == ["größe;b"]
    assert table_of(text, ";").frame["größe"].astype(str).value_counts().to_dict() == {"é": 30_000, "ä": 1}
    with pytest.raises(InputError, match="is not utf-8: line 1"):
        read_text_table(path, FileFormat(delimiter=";"))
