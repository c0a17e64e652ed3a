"""Whole columns: the same answers as one by one, whatever stands in the cells."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survival_nodes.errors import InputError, UsageError
from survival_nodes.nodes import NODAL_CATEGORIES, Evidence, classify, classify_frame, classify_values, combine

COLUMNS = ["nodal_category", "nodal_possible", "nodal_certainty", "nodal_positive", "nodal_basis", "nodal_flags", "nodal_reason"]
COHORT = pd.DataFrame(
    {"pn": ["N1a", "N1a", "N0", None, "N1"], "ed": ["5th", "7th", "7th", None, "6th"], "pos": ["02", "02", "00", "98", "01"], "ex": ["10", "10", "3", "00", None],
     "mm": ["", "", "0.1", "", "1.2"], "cells": [None, None, 300, None, None]}, index=[10, 11, 12, 13, 14],
)
ALL = [Evidence("gdc_path_n", "pn", "ed"), Evidence("nodes_positive", "pos", nodes_examined="ex"), Evidence("size", "mm", cells="cells")]


def test_a_frame_has_the_promised_columns_and_types():
    found = classify_frame(COHORT, ALL)
    assert list(found.columns) == COLUMNS and found.index.equals(COHORT.index)
    assert found.nodal_category.tolist() == ["micro", "macro", "unknown", "unknown", "micro"]
    assert list(found.nodal_category.cat.categories) == list(NODAL_CATEGORIES)
    assert found.nodal_positive.dtype == "boolean" and found.nodal_positive.tolist()[:2] == [True, True] and found.nodal_positive.isna().tolist()[2:4] == [True, True]
    assert found.loc[10, "nodal_possible"] == "itc micro" and found.loc[12, "nodal_possible"] == ""
    assert found.loc[10, "nodal_flags"].split() == sorted(found.loc[10, "nodal_flags"].split())


def test_evidence_without_an_edition_takes_that_of_the_other_evidence():
    frame = pd.DataFrame({"pn": ["N0", "N0"], "ed": ["6th", "7th"], "mm": ["0.1", "0.1"], "cells": [300, 300]})
    evidence = [Evidence("gdc_path_n", "pn", "ed"), Evidence("size", "mm", cells="cells")]
    assert classify_frame(frame, evidence).nodal_category.tolist() == ["itc", "unknown"]


def test_neither_the_order_of_the_evidence_nor_of_the_rows_matters():
    found = classify_frame(COHORT, ALL)
    for evidence in itertools.permutations(ALL):
        pd.testing.assert_frame_equal(classify_frame(COHORT, evidence), found)
    shuffled = COHORT.iloc[[3, 1, 4, 0, 2]]
    pd.testing.assert_frame_equal(classify_frame(shuffled, ALL).loc[COHORT.index], found)


def test_a_frame_answers_as_one_by_one():
    with open(Path(__file__).parent / "nodal_cases.csv", encoding="utf-8", newline="") as stream:
        cases = list(csv.DictReader(stream))
    for system, group in itertools.groupby(sorted(cases, key=lambda case: case["source_system"]), key=lambda case: case["source_system"]):
        group = list(group)
        contexts = [json.loads(case["context_json"] or "{}") for case in group]
        years = [context.pop("year", None) for context in contexts]
        names = sorted({name for context in contexts for name in context})
        values, editions = [case["raw_value"] for case in group], [case["ajcc_edition"] for case in group]
        found = classify_values(system, values, edition=editions, year=years, **{name: [context.get(name) for context in contexts] for name in names})
        for row, (value, edition, year, context) in enumerate(zip(values, editions, years, contexts)):
            one = classify(system, value, edition=edition, year=year, **context)
            assert found.nodal_category[row] == one.category and found.nodal_reason[row] == one.reason
            assert set(found.nodal_flags[row].split()) == one.flags and set(found.nodal_possible[row].split()) == one.possible
            assert (found.nodal_certainty[row], found.nodal_basis[row]) == (one.certainty, one.basis)
            assert one.positive is (None if pd.isna(found.nodal_positive[row]) else bool(found.nodal_positive[row]))


def test_several_pieces_of_evidence_in_a_frame_are_combined_as_pieces_are():
    pns, sizes, counts = ["pN1", "pN0", "pN1mi", "pN0(i+)", "pN2a", None], ["0.15", "1.5", "", "<2"], ["00", "05", "98", None]
    rows = list(itertools.product(pns, sizes, counts))
    frame = pd.DataFrame(rows, columns=["pn", "mm", "pos"]).assign(ed="8")
    evidence = [Evidence("pathology_text", "pn", "ed"), Evidence("size", "mm", "ed"), Evidence("nodes_positive", "pos", "ed")]
    found = classify_frame(frame, evidence, "strict")
    for row, (pn, mm, pos) in enumerate(rows):
        pieces = [*classify("pathology_text", pn, edition=8).evidence, *classify("size", mm, edition=8).evidence, *classify("nodes_positive", pos, edition=8).evidence]
        one = combine(pieces, "strict")
        assert (found.nodal_category[row], found.nodal_reason[row]) == (one.category, one.reason)
        assert set(found.nodal_flags[row].split()) == one.flags


def test_numbers_of_nodes_are_told_apart_where_they_matter():
    found = classify_values("cap_pn", ["pN1mi"] * 4, nodes_positive=["02", "05", "04", "03"])
    assert found.nodal_flags.str.contains("MICRO_MULTI_NODE").tolist() == [False, True, True, False]


def test_any_cell_is_accepted():
    cells = [None, np.nan, 18.0, b"pN0", "x" * 10_000, ["pN0"], {"a": 1}, pd.NaT, "pN1mi", 2**80, (1, [2])]
    found = classify_frame(pd.DataFrame({"pn": pd.Series(cells, dtype=object)}), [Evidence("pathology_text", "pn")])
    assert found.nodal_category.tolist() == ["unknown"] * 8 + ["micro"] + ["unknown"] * 2


@pytest.mark.parametrize("kind", ["object", "string", "category"])
def test_text_may_come_in_any_pandas_type(kind):
    values = pd.Series(["N0 (i+)", None, "N1mi", "N0 (i+)"], dtype=kind, index=list("abca"))
    assert classify_values("gdc_path_n", values, edition=7).nodal_category.tolist() == ["itc", "unknown", "micro", "itc"]


@pytest.mark.parametrize("values", [[2.0, np.nan, 0.0], pd.array([2, None, 0], dtype="Int64")])
def test_numbers_may_come_in_any_pandas_type(values):
    found = classify_values("nodes_positive", pd.Series(values), nodes_examined=[12.0, 3.0, 5.0])
    assert found.nodal_category.tolist() == ["unknown", "unknown", "negative"]
    assert found.nodal_flags.str.contains("COUNT_ONLY").tolist() == [True, False, False]


def test_an_empty_frame_gives_an_empty_frame():
    found = classify_frame(COHORT.iloc[:0], ALL)
    assert list(found.columns) == COLUMNS and len(found) == 0
    assert list(found.nodal_category.cat.categories) == list(NODAL_CATEGORIES)


def test_the_frame_handed_in_is_not_changed():
    before = COHORT.copy(deep=True)
    classify_frame(COHORT, ALL)
    pd.testing.assert_frame_equal(COHORT, before)


def test_a_wrong_configuration_says_what_to_write():
    with pytest.raises(InputError, match=r"no column 'pN' \(nearest: 'pn'\)"):
        classify_frame(COHORT, [Evidence("gdc_path_n", "pN")])
    with pytest.raises(UsageError, match="no coding system 'size_mm'"):
        Evidence("size_mm", "mm")
    with pytest.raises(UsageError, match="no context of size 'cell'"):
        Evidence("size", "mm", cell="cells")
    with pytest.raises(UsageError, match="name the evidence as a list"):
        classify_frame(COHORT, [])
    with pytest.raises(UsageError, match="edition has 2 entries for 1 values"):
        classify_values("size", ["1"], edition=[7, 8])
    twice = pd.DataFrame([["N0", "N1"]], columns=["pn", "pn"])
    with pytest.raises(InputError, match="occurs more than once"):
        classify_frame(twice, [Evidence("gdc_path_n", "pn")])
