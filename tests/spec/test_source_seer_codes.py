"""Every code and label that the layout of SEER lists, against a table that a registry's hand can read and sign."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from survival_nodes.sources.layout import Layout, code_key, read_fields, read_layout

SIGNED = list(csv.DictReader((Path(__file__).parent / "source_seer.csv").read_text(encoding="utf-8").splitlines()))
LAYOUT = read_layout("seer")
CODED = [each for each in LAYOUT.fields if each.words or any(row["field"] == each.name for row in SIGNED)]


def test_the_table_lists_what_the_layout_lists():
    signed = {(row["field"], code_key(row["code"])) for row in SIGNED if row["read_as"]}
    assert signed == {(each.name, code) for each in LAYOUT.fields for code, word in each.words.items() if word}


@pytest.mark.parametrize("each", CODED, ids=lambda each: each.name)
def test_codes_are_read_as_signed(each):
    rows = [row for row in SIGNED if row["field"] == each.name]
    assert rows
    frame = pd.DataFrame({each.titles[0]: [row["code"] for row in rows]}, dtype=object)
    found = read_fields(Layout("", "", "", (each,)), frame, "signed.csv")
    assert found.said == ()
    values = (found.raw if each.kind == "raw" else found.frame)[each.name]
    wanted = [row["read_as"] for row in rows]
    if pd.api.types.is_numeric_dtype(values):
        assert [None if pd.isna(value) else value for value in values] == [float(word) if word else None for word in wanted]
    else:
        assert [None if pd.isna(value) else value for value in values] == [word or None for word in wanted]
