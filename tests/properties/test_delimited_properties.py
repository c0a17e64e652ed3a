"""Any table that a spreadsheet can write is read as it was written, whichever parser does it and wherever a block ends."""

from __future__ import annotations

import csv
import io
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from survival_nodes.errors import InputError
from survival_nodes.sources import arrow_csv, delimited
from survival_nodes.sources.text_content import TextContent

FIELD = st.text(alphabet='ab ,;"\n\'0é', max_size=6)


@st.composite
def tables(draw):
    width = draw(st.integers(2, 4))
    rows = draw(st.lists(st.lists(FIELD, min_size=width, max_size=width), min_size=1, max_size=12))
    return [[f"name{place}" for place in range(width)], *rows]


def written(rows, delimiter=",", quoting=csv.QUOTE_MINIMAL) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode("utf-8")


def read(content: bytes, delimiter: str = ",") -> list[list[str]]:
    table = delimited.table_of(TextContent(content, "t.csv", ""), delimiter)
    return table.frame.astype(str).to_numpy(dtype=object).tolist()  # integers stand for the text that they would be written as


def expected(rows) -> list[list[str]]:
    """What the standard library reads, blanks around values away; lines of blanks alone are no rows."""
    return [[field.strip() for field in row] for row in rows[1:]]


@pytest.fixture(params=["arrow", "pandas"])
def small_blocks(request, monkeypatch):
    """Blocks of a few bytes, and a sample of two rows, so that every branch is taken by small tables."""
    monkeypatch.setattr(delimited, "_BLOCK", 7)
    monkeypatch.setattr(delimited, "_SAMPLE", 2)
    if request.param == "pandas":
        monkeypatch.setattr(arrow_csv, "parse", lambda *arguments: None)
    return request.param


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=tables(), delimiter=st.sampled_from(",;\t"), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_what_a_spreadsheet_writes_is_read_back(small_blocks, rows, delimiter, quoting):
    assert read(written(rows, delimiter, quoting), delimiter) == expected(rows)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=tables(), row=st.integers(0, 11), change=st.sampled_from(["short", "long"]))
def test_a_row_that_does_not_fit_is_named_wherever_it_stands(small_blocks, rows, row, change):
    row = 1 + row % (len(rows) - 1)
    rows = [list(each) for each in rows]
    rows[row] = rows[row][:-1] if change == "short" else [*rows[row], "more"]
    if len(rows[row]) == 1 and not rows[row][0].strip():
        rows[row] = ["x"]  # a blank line is none
    with pytest.raises(InputError, match=rf"row {row} has {len(rows[row])} \(1 of {len(rows) - 1} rows\)"):
        read(written(rows))


@pytest.mark.parametrize(("text", "line"), [
    ('a,b\n1,"2\n3,4\n', 2), ('a,b\n1,2\n"x"y,4\n', 3), ('a,b\n1,2\n3,x"y\n', 3), ('a,b\n1,2\n3,4"\n', 3),
])
def test_a_stray_quotation_mark_is_named_by_its_line(small_blocks, text, line):
    with pytest.raises(InputError, match=f"line {line}: a quotation mark is not closed, or stands inside a field"):
        read(text.encode())


def test_both_parsers_make_the_same_large_frame(monkeypatch):
    rng = np.random.default_rng(7)
    n = 30_000
    frame = pd.DataFrame({"id": np.arange(n).astype(str), "word": rng.choice(["b", "a", "Blank(s)", ""], n), "code": rng.choice(["01", "1", "099"], n)})
    content = TextContent(frame.to_csv(index=False).encode(), "t.csv", "")
    fast = delimited.table_of(content, ",").frame
    monkeypatch.setattr(arrow_csv, "parse", lambda *arguments: None)
    slow = delimited.table_of(content, ",").frame
    pd.testing.assert_frame_equal(fast, slow)
    assert fast.dtypes.astype(str).tolist() == ["int64", "category", "category"]
    assert fast.astype(str).astype(object).equals(frame.astype(object))


def test_without_arrow_the_file_is_read_all_the_same(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr(delimited, "_SAMPLE", 2)
    assert read(b"a,b\n1,2\n3,4\n5,6\n") == [["1", "2"], ["3", "4"], ["5", "6"]]


def test_how_far_a_large_file_has_been_read_is_told(monkeypatch):
    monkeypatch.setattr(delimited, "_SAMPLE", 2)
    told: list[float] = []
    delimited.table_of(TextContent(b"a,b\n" + b"1,2\n" * 1000, "t.csv", ""), ",", watch=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert 0 <= told[0] <= 1


@pytest.mark.parametrize(("text", "delimiter"), [('a,b\n1, "2,3"\n4,5\n6,7\n', ","), ('a\tb\n"1"\t"2\t3"\n4\t5\n6\t7\n', "\t")])
def test_a_blank_before_a_quotation_mark_is_none_of_the_value(small_blocks, text, delimiter):
    assert read(text.encode(), delimiter)[0] == ["1", f"2{delimiter}3"]
