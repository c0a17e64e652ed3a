"""Whatever text a CSV writer writes, the same text is read."""

from __future__ import annotations

import csv
import io

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from survival_nodes.sources.delimited import FileFormat, read_text_table
from survival_nodes.sources.recoding import parse_numbers

# Control characters, lone surrogates and the byte-order mark are no text of a table.
FIELDS = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff"), max_size=8)
TABLES = st.integers(2, 5).flatmap(lambda width: st.lists(st.lists(FIELDS, min_size=width, max_size=width), min_size=1, max_size=6))


@settings(max_examples=80, deadline=None)
@given(rows=TABLES, delimiter=st.sampled_from(",;\t|"), line_end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_written_table_is_read_back(tmp_path_factory, rows, delimiter, line_end):
    path = tmp_path_factory.mktemp("table") / "table.csv"
    names = [f"c{place}" for place in range(len(rows[0]))]
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows([names, *rows])
    path.write_text(stream.getvalue(), encoding="utf-8", newline="")
    table = read_text_table(path, FileFormat(delimiter=delimiter))
    assert list(table.frame.columns) == names
    assert table.frame.to_numpy().tolist() == [[field.strip() for field in row] for row in rows]


@given(number=st.floats(allow_nan=False, allow_infinity=False), decimal=st.sampled_from(".,"))
def test_a_number_is_read_back_to_its_last_bit(number, decimal):
    text = repr(number).replace(".", decimal)
    numbers, wrong = parse_numbers(pd.Series([text], dtype=object), decimal)
    assert numbers.tolist() == [number] and not wrong.any()
