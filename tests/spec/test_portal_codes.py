"""What do the codes of cBioPortal, GDC, Xena, TCGA-CDR and METABRIC mean? `portal_codes.csv` says it, for whoever knows those files to check."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from survival_nodes.columns import COHORT
from survival_nodes.sources.layout import code_key, read_fields, read_layout

SOURCES = ("cbioportal", "cbioportal-web", "gdc", "xena", "tcga-cdr", "metabric")
with open(Path(__file__).with_name("portal_codes.csv"), encoding="utf-8", newline="") as stream:
    ROWS = [(source, row["column"], row["code"], row["word"]) for row in csv.DictReader(stream) for source in row["source"].split()]


def test_every_code_of_every_layout_stands_in_the_table():
    of_layouts = {(name, field.name, code) for name in SOURCES for field in read_layout(name).fields for code in field.words}
    assert {(source, column, code_key(code)) for source, column, code, _ in ROWS} == of_layouts


def read_one(source: str, column: str, values: list[str]) -> list[object]:
    """Read one column that holds only these values; the others are there and empty."""
    layout = read_layout(source)
    frame = pd.DataFrame({field.titles[0]: [""] * len(values) for field in layout.fields})
    field = next(field for field in layout.fields if field.name == column)
    found = read_fields(layout, frame.assign(**{field.titles[0]: values}), "file.txt")
    assert found.said == ()
    return found.frame[column].astype(object).tolist()


@pytest.mark.parametrize("source, column", sorted({(source, column) for source, column, _, _ in ROWS}))
def test_a_code_means_what_the_table_says(source, column):
    rows = [(code, word) for one, name, code, word in ROWS if (one, name) == (source, column)]
    found = read_one(source, column, [code for code, _ in rows])
    assert ["missing" if pd.isna(value) else f"{value:g}" if isinstance(value, float) else value for value in found] == [word for _, word in rows]


@pytest.mark.parametrize("source", SOURCES)
def test_words_are_those_of_the_dictionary(source):
    for field in read_layout(source).fields:
        allowed = set(map(str, COHORT[field.name].allowed)) if field.name in COHORT.names else set()
        assert not allowed or {word for word in field.words.values() if word} <= allowed, field.name


COUNTS = [(source, field.name) for source in SOURCES for field in read_layout(source).fields if field.name in {"n_positive", "n_examined", "age"}]


@pytest.mark.parametrize("source, column", COUNTS)
def test_what_is_no_count_is_missing_and_told(source, column):
    layout = read_layout(source)
    title = next(field.titles[0] for field in layout.fields if field.name == column)
    needed = {each.titles[0]: "1" for each in layout.fields if each.needed}
    found = read_fields(layout, pd.DataFrame([{**needed, title: value} for value in ("3.0", "97b", "-1", "999", "", "NA")]), "file.txt")
    assert found.frame[column].fillna(-9).tolist() == [3, -9, -9, -9, -9, -9]
    assert any("in 3 rows (row 2, 3, 4)" in sentence for sentence in found.said)
