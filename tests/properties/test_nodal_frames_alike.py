"""What is taken together in a frame because it reads alike does read alike: every row as if it were alone."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from survival_nodes.nodes import Evidence, classify, classify_frame, classify_values
from survival_nodes.nodes.counts import alike_class_counts, alike_counts
from survival_nodes.nodes.sizes import coarse_cells, coarse_size

COUNTS = st.one_of(st.integers(-1, 130), st.integers(0, 99).map("{:02d}".format), st.sampled_from([None, "", "X", "4.0", 3.0, float("nan"), "98", "97", "95", True]))
CLASS_COUNTS = st.one_of(st.integers(0, 6), st.sampled_from([None, "", "at least 2", "Cannot be determined", "?", "3.0"]))
SIZES = st.one_of(
    st.decimals(0, 30, places=3).map(str), st.floats(0, 300), st.sampled_from(["0.2", "2", "2.0 mm", "0,2", "0.02 cm", "<2", ">0.2 mm", "1-3", "0", "", "focal", None, "999", "2000 um"]))
CELLS = st.one_of(st.integers(0, 400), st.sampled_from([None, "", ">200", "<200", "200.0", "201 cells", "many", "99"]))
EDITIONS = st.sampled_from([5, 6, 7, 8, None])
CODES = st.sampled_from(["pN0", "pN1mi", "pN1", "pN1a", "pN0(i+)", "pNX", "cN1", ""])


def assert_as_alone(system: str, rows: list[dict[str, object]], value: str) -> None:
    """Hold a frame of the rows against each of them alone."""
    names = [name for name in rows[0] if name not in {value, "edition"}]
    found = classify_values(
        system, [row[value] for row in rows], edition=[row["edition"] for row in rows], **{name: [row[name] for row in rows] for name in names})
    for place, row in enumerate(rows):
        one = classify(system, row[value], edition=row["edition"], **{name: row[name] for name in names})
        assert (found.nodal_category[place], found.nodal_reason[place], found.nodal_certainty[place]) == (one.category, one.reason, one.certainty), row
        assert set(found.nodal_flags[place].split()) == one.flags and set(found.nodal_possible[place].split()) == one.possible, row


@given(st.lists(st.fixed_dictionaries({"code": CODES, "edition": EDITIONS, "nodes_positive": COUNTS, "nodes_examined": COUNTS}), min_size=1, max_size=30))
def test_counts(rows):
    assert_as_alone("cap_pn", rows, "code")


@given(st.lists(st.fixed_dictionaries({"positive": COUNTS, "edition": EDITIONS, "nodes_examined": COUNTS}), min_size=1, max_size=30))
def test_counts_alone(rows):
    assert_as_alone("nodes_positive", rows, "positive")


@given(st.lists(st.fixed_dictionaries({"code": CODES, "edition": EDITIONS, "largest_mm": SIZES, "cells": CELLS}), min_size=1, max_size=30))
def test_sizes_and_cells(rows):
    assert_as_alone("cap_pn", rows, "code")


@given(st.lists(st.fixed_dictionaries({"mm": SIZES, "edition": EDITIONS, "cells": CELLS}), min_size=1, max_size=30))
def test_sizes_alone(rows):
    assert_as_alone("size", rows, "mm")


@given(st.lists(st.fixed_dictionaries({"code": CODES, "edition": EDITIONS, "n_macro": CLASS_COUNTS, "n_micro": CLASS_COUNTS, "n_itc": CLASS_COUNTS}), min_size=1, max_size=30))
def test_counts_by_size(rows):
    assert_as_alone("cap_pn", rows, "code")


@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=20), st.lists(st.tuples(SIZES, CELLS), min_size=20, max_size=20))
@settings(max_examples=50)
def test_doubling_the_rows_changes_no_answer(counts, sizes):
    rows = pd.DataFrame([(*count, *size) for count, size in zip(counts, sizes)], columns=["pos", "exam", "mm", "cells"], dtype=object)
    evidence = [Evidence("nodes_positive", "pos", nodes_examined="exam"), Evidence("size", "mm", cells="cells")]
    once, twice = classify_frame(rows, evidence), classify_frame(pd.concat([rows, rows.iloc[::-1]], ignore_index=True), evidence)
    pd.testing.assert_frame_equal(twice.iloc[:len(rows)], once)
    pd.testing.assert_frame_equal(twice.iloc[len(rows):].reset_index(drop=True), once.iloc[::-1].reset_index(drop=True))


@given(SIZES, CELLS)
def test_a_coarse_value_is_its_own_coarse_value(size, cells):
    assert coarse_size(coarse_size(size)) == coarse_size(size) and coarse_cells(coarse_cells(cells)) == coarse_cells(cells)


@given(st.one_of(st.none(), st.text(), st.binary(), st.lists(st.integers()), st.floats(), st.booleans()))
def test_nothing_raises(value):
    hash((alike_counts(value, value), alike_class_counts({"n_macro": value, "n_micro": value}), coarse_cells(value)))
    coarse_size(value)
