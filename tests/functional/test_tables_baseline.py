"""The baseline table: counts and summaries by hand, missing rows, standardised differences, and which columns are described."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survival_nodes import tables
from survival_nodes.cohort import Cohort
from survival_nodes.errors import InputError, UsageError

# Four women with negative nodes, two with a micrometastasis, two whose nodes are not known.
FRAME = pd.DataFrame({
    "years": [1.0, 2, 3, 4, 5, 6, 7, 8], "event": [1, 0, 1, 0, 1, 0, 1, 0],
    "node": ["negative"] * 4 + ["micro"] * 2 + [None] * 2,
    "age": [50.0, 60, 70, np.nan, 55, 65, 40, 80],
    "er": ["positive", "positive", "negative", None, "positive", "positive", "negative", "negative"],
})


def cohort(frame: pd.DataFrame = FRAME, **more) -> Cohort:
    return Cohort.from_frame(frame, time_unit="years", levels={"node": ["negative", "micro"]} | more.pop("levels", {}), **more)


def test_counts_summaries_and_missing_by_hand():
    table = tables.baseline(cohort(), "node")
    assert list(table.display.columns) == ["Characteristic", "negative (n = 4)", "micro (n = 2)", "SMD"]
    # Ages 50, 60, 70 and 55, 65: variances 100 and 50, both means 60. Of those known 2 of 3 and 2 of 2 are ER positive:
    # (1 - 2/3) / sqrt((2/9 + 0) / 2) = 1.
    assert table.display.values.tolist() == [
        ["Age, years: median (quartiles)", "60.0 (55.0 to 65.0)", "60.0 (57.5 to 62.5)", "0.00"],
        ["\u2003missing", "1", "0", ""],
        ["ER: n (%)", "", "", "1.00"],
        ["\u2003negative", "1 (33.3%)", "0 (0.0%)", ""],
        ["\u2003positive", "2 (66.7%)", "2 (100.0%)", ""],
        ["\u2003missing", "1", "0", ""]]
    assert "2 patients whose group is not known are left out." in table.notes
    assert any("for whom the characteristic is known" in note for note in table.notes)


def test_the_raw_numbers_are_exact():
    raw = tables.baseline(cohort(), "node").data
    age = raw[(raw["characteristic"] == "age") & (raw["group"] == "negative") & (raw["kind"] == "number")].iloc[0]
    assert (age["n"], age["mean"], age["sd"], age["median"], age["q25"], age["q75"]) == (3, 60, 10, 60, 55, 65)
    positive = raw[(raw["level"] == "positive") & (raw["group"] == "negative")].iloc[0]
    assert (positive["n"], positive["fraction"]) == (2, 2 / 3) and positive["smd"] == pytest.approx(1.0)
    missing = raw[(raw["kind"] == "missing") & (raw["characteristic"] == "er")].set_index("group")
    assert missing["n"].to_dict() == {"negative": 1, "micro": 0} and missing["fraction"]["negative"] == 1 / 4


def test_means_where_they_are_asked_for():
    row = tables.baseline(cohort(), "node", ["age"], summary="mean").display.iloc[0].tolist()
    assert row == ["Age, years: mean (SD)", "60.0 (10.0)", "60.0 (7.1)", "0.00"]
    with pytest.raises(UsageError, match="no summary 'average'; there are: median, mean"):
        tables.baseline(cohort(), "node", summary="average")


def test_one_group_has_no_difference():
    table = tables.baseline(cohort())
    assert list(table.display.columns) == ["Characteristic", "All patients (n = 8)"]
    assert not any("SMD" in note for note in table.notes) and table.data["smd"].isna().all()
    # Without groups the nodes are a characteristic as any other.
    assert "Node: n (%)" in table.display["Characteristic"].tolist()


def test_the_difference_is_the_largest_over_all_pairs():
    frame = pd.DataFrame({"years": range(1, 10), "event": 1, "arm": list("aaabbbccc"), "x": [1.0, 2, 3, 2, 3, 4, 5, 6, 7]})
    # Means 2, 3, 6, all variances 1: the largest is (6 - 2) / 1.
    assert tables.baseline(Cohort.from_frame(frame, time_unit="years"), "arm", ["x"]).display["SMD"].tolist() == ["4.00"]


def test_levels_keep_the_declared_order():
    table = tables.baseline(cohort(levels={"er": ["positive", "negative"]}), None, ["er"])
    assert table.display["Characteristic"].tolist() == ["ER: n (%)", "\u2003positive", "\u2003negative", "\u2003missing"]


def test_labels_name_groups_and_columns():
    table = tables.baseline(cohort(), "node", ["er"], labels={"micro": "Micrometastasis", "er": "Oestrogen receptor"})
    assert table.display.columns[2] == "Micrometastasis (n = 2)" and table.display["Characteristic"][0] == "Oestrogen receptor: n (%)"


def test_which_columns_are_described():
    more = FRAME.assign(
        patient_id=[f"p{place}" for place in range(8)], hospital=[f"h{place}" for place in range(8)], record=range(8), dose=[1.5, 2, 2.5, 3, 3, 3, 3, 3],
        chemo=[0, 1] * 4, seen=pd.Timestamp("2020-01-01"), blank=np.nan, recurrence_years=1.0, recurrence_event=0, nodal_flags="x",
        letters=[*"aabbccdd"])
    described = tables.baseline(cohort(more), "node").data["characteristic"].drop_duplicates().tolist()
    assert described == ["age", "er", "hospital", "dose", "chemo", "letters"]
    many = pd.concat([more] * 4, ignore_index=True).assign(patient_id=range(32), hospital=[f"h{place}" for place in range(32)], record=range(32))
    table = tables.baseline(cohort(many), "node")
    assert "hospital" not in set(table.data["characteristic"])
    assert any("hospital, record" in note for note in table.notes)


@pytest.mark.parametrize(("codes", "rows"), [
    ([0, 1] * 4, ["Chemo: n (%)", "\u20030", "\u20031"]), ([1.0, 2.0] * 4, ["Chemo: n (%)", "\u20031", "\u20032"]), ([1] * 8, ["Chemo: n (%)", "\u20031"]),
    ([0, 2, 5, 3] * 2, ["Chemo: median (quartiles)"]), ([12.5, 30.0] * 4, ["Chemo: median (quartiles)"])])
def test_a_number_that_codes_two_states_is_a_category(codes, rows):
    assert tables.baseline(cohort(FRAME.assign(chemo=codes)), "node", ["chemo"]).display["Characteristic"].tolist() == rows


def test_a_patient_in_pieces_counts_once_as_at_the_first():
    pieces = pd.DataFrame({
        "patient_id": ["a", "b", "a"], "entry_years": [1.0, 0.0, 0.0], "years": [2.0, 3.0, 1.0], "event": [1, 0, 0], "age": [99.0, 60.0, 50.0],
        "arm": ["late", "x", "x"]})
    table = tables.baseline(Cohort.from_frame(pieces, time_unit="years"), "arm", ["age"])
    assert table.data["n"].tolist() == [0, 2] and table.data["mean"].tolist()[1] == 55.0
    assert table.display.columns.tolist()[1:3] == ["late (n = 0)", "x (n = 2)"]


def test_a_column_that_nobody_has_is_all_missing():
    table = tables.baseline(cohort(FRAME.assign(grade=None)), "node", ["grade"])
    assert table.display.iloc[-1].tolist()[1:3] == ["4", "2"] and table.display.iloc[-1, 0].endswith("missing")


def test_nothing_to_describe_is_an_empty_table():
    bare = tables.baseline(cohort(FRAME[["years", "event", "node"]]), "node")
    assert len(bare.display) == 0 and len(bare.data) == 0 and bare.display.columns[1] == "negative (n = 4)"


def test_one_patient_makes_a_table():
    table = tables.baseline(cohort(FRAME.iloc[[4]]), "node")
    assert table.display.iloc[0].tolist() == ["Age, years: median (quartiles)", "55 (55 to 55)"]


def test_groups_apart_in_everything_have_an_infinite_difference():
    frame = pd.DataFrame({"years": [1.0, 2, 3, 4], "event": 1, "arm": [*"aabb"], "sex": ["female", "female", "male", "male"]})
    table = tables.baseline(Cohort.from_frame(frame, time_unit="years"), "arm")
    assert table.display["SMD"][0] == "\u221e" and math.isinf(table.data["smd"][0])


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(InputError, match="no column 'agee' \\(nearest: 'age'\\)"):
        tables.baseline(cohort(), "node", ["agee"])
    with pytest.raises(InputError, match="no column 'nodes'"):
        tables.baseline(cohort(), "nodes")


@pytest.mark.parametrize(("by", "group", "column", "from_r"), [
    ("chemo", "0", "age", (1420, 53, 61, 69, 61.435211267605631, 11.419943468985613)),
    ("node", "ITC", "size_mm", (142, 11, 16.5, 24, 18.633802816901408, 11.485099117903907))])
def test_summaries_against_r(by, group, column, from_r):
    """Origin: length, quantile, mean and sd of R 4.2.2, as in `x <- a$age[a$chemo == 0]; c(length(x), quantile(x, c(.25, .5, .75)), mean(x), sd(x))`."""
    frame = pd.read_csv(Path(__file__).parents[1] / "validation" / "inputs" / "synA.csv")
    read = Cohort.from_frame(frame, {"years": "time_months", "event": "status", "patient_id": "id"}, "months")
    row = tables.baseline(read, by, [column]).data.set_index("group").loc[group]
    assert row[["n", "q25", "median", "q75", "mean", "sd"]].astype(float).tolist() == pytest.approx(from_r, abs=1e-12)


def test_a_year_of_the_calendar_is_written_whole():
    table = tables.baseline(cohort(FRAME.assign(diagnosis_year=[2003, 2004, 2005, 2006, 2007, 2008, 2009, 2010])), "node", ["diagnosis_year"])
    # Between 2004 and 2005 lies 2004.5; it and the quartiles are rounded to a year.
    assert table.display.iloc[0].tolist()[1:3] == ["2004 (2004 to 2005)", "2008 (2007 to 2008)"]
    assert table.data["median"].tolist() == [2004.5, 2007.5]
