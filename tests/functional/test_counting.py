"""Counting as its users meet it: kinds, causes, pieces of follow-up, missing groups, and both ways of counting keys."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort, grouping
from survival_nodes.columns import COUNTS, check
from survival_nodes.counting import counts, group_counts, memory
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates import CoxModel

ROWS = pd.DataFrame({
    "patient_id": ["p1", "p2", "p3", "p4", "p5"],
    "entry_years": [0, 0, 2, 0, 3],
    "years": [4, 4, 6, 6, 6],
    "cause": ["breast-cancer", "none", "other", "breast-cancer", "none"],
    "node": ["negative", "negative", "negative", "macro", "macro"],
})


def make(rows: pd.DataFrame = ROWS, **options) -> Cohort:
    rows = rows if "event" in rows else rows.assign(event=(rows["cause"] != "none").astype(int))
    return Cohort.from_frame(rows, time_unit="years", levels={"node": ["negative", "macro"]}, **options)


def listed(frame: pd.DataFrame) -> list[tuple]:
    return list(frame.itertuples(index=False, name=None))


def test_counts_of_everybody():
    assert listed(counts(make())) == [
        ("all", -1, "enter", 3), ("all", 2, "enter", 1), ("all", 3, "enter", 1),
        ("all", 4, "censor", 1), ("all", 4, "event", 1), ("all", 6, "censor", 1), ("all", 6, "event", 2)]


def test_counts_by_group_and_cause_fit_the_dictionary():
    frame = counts(make(), "node", causes=("breast-cancer", "other"))
    assert not check(frame, COUNTS)
    assert listed(frame) == [
        ("negative", -1, "enter", 2), ("negative", 2, "enter", 1), ("negative", 4, "censor", 1), ("negative", 4, "breast-cancer", 1), ("negative", 6, "other", 1),
        ("macro", -1, "enter", 1), ("macro", 3, "enter", 1), ("macro", 6, "censor", 1), ("macro", 6, "breast-cancer", 1)]


def test_causes_not_asked_for_are_censored():
    frame = counts(make(), causes="other")
    assert listed(frame[frame["kind"] != "enter"]) == [("all", 4, "censor", 2), ("all", 6, "censor", 2), ("all", 6, "other", 1)]


def test_counts_by_covariates_by_hand():
    rows = ROWS.assign(age=[61.0, 61, 50, 61, 50], er=["negative", "positive", "positive", "positive", None])
    with pytest.warns(DataWarning, match="^1 of 5 rows have no value in 'er' and are left out$") as said:
        frame = counts(make(rows), "node", ("er", "age"), "breast-cancer")
    assert said[0].filename == __file__
    assert frame.columns.tolist() == [*COUNTS.names, "er", "age"] and frame["er"].cat.categories.tolist() == ["negative", "positive"]
    assert listed(frame) == [
        ("negative", -1, "enter", 1, "negative", 61), ("negative", 4, "breast-cancer", 1, "negative", 61),
        ("negative", 2, "enter", 1, "positive", 50), ("negative", 6, "censor", 1, "positive", 50),
        ("negative", -1, "enter", 1, "positive", 61), ("negative", 4, "censor", 1, "positive", 61),
        ("macro", -1, "enter", 1, "positive", 61), ("macro", 6, "breast-cancer", 1, "positive", 61)]


def test_a_patient_whose_covariate_changes_leaves_one_pattern_and_enters_another():
    pieces = pd.DataFrame({"patient_id": ["p", "p"], "entry_years": [0, 3], "years": [3, 6], "event": [0, 1], "node": "macro", "er": ["negative", "positive"]})
    assert listed(counts(make(pieces), covariates="er")) == [
        ("all", -1, "enter", 1, "negative"), ("all", 3, "censor", 1, "negative"), ("all", 3, "enter", 1, "positive"), ("all", 6, "event", 1, "positive")]


def test_counts_by_covariates_are_all_that_cox_needs():
    generator = np.random.default_rng(4)
    rows = pd.DataFrame({
        "years": generator.integers(1, 9, 400), "event": generator.integers(0, 2, 400), "age": generator.integers(40, 44, 400).astype(float),
        "node": generator.choice(["negative", "macro"], 400)})
    frame = counts(make(rows), covariates=("node", "age"))
    leave = frame[frame["kind"] != "enter"].assign(years=lambda each: each["ticks"], event=lambda each: (each["kind"] == "event").astype(int))
    again = make(leave[["years", "event", "node", "age"]].reset_index(drop=True), repeats=leave["n"].to_numpy())
    found, wanted = (CoxModel("node + age", fitter="grouped")(cohort) for cohort in (again, make(rows)))
    pd.testing.assert_frame_equal(found, wanted, rtol=1e-10)


def test_covariates_nobody_has_are_refused():
    with pytest.raises(InputError, match="^no row has a value in 'er': nobody is counted$"):
        counts(make(ROWS.assign(er=None)), covariates="er")
    with pytest.raises(InputError, match="^no row has a value in all of 'er', 'age' and in the groups: nobody can be counted$"), pytest.warns(DataWarning):
        counts(make(ROWS.assign(er=["negative", *[None] * 4], age=[None, 50, 50, 50, 50])), covariates=("er", "age"))


def test_arrays_of_a_group():
    negative, macro = group_counts(make(), "node", ("breast-cancer", "other"))
    assert (negative.label, negative.n, negative.last) == ("negative", 3, 6) and macro.label == "macro"
    assert negative.ticks.tolist() == [4, 6] and negative.n_risk.tolist() == [3, 1]
    assert negative.events.tolist() == [[1, 0], [0, 1]] and negative.n_censor.tolist() == [1, 0]
    assert negative.at_risk(np.array([0, 2, 2.5, 4, 4.5, 6, 7])).tolist() == [2, 2, 3, 3, 1, 1, 0]


def test_pieces_that_follow_on_one_another_are_one():
    pieces = pd.DataFrame({
        "patient_id": ["p1", "p1", "p2", "p1"], "entry_years": [3, 0, 0, 5], "years": [5, 3, 6, 6], "event": [0, 0, 0, 1], "node": "negative"})
    assert listed(counts(make(pieces))) == [("all", -1, "enter", 2), ("all", 6, "censor", 1), ("all", 6, "event", 1)]


def test_a_gap_in_follow_up_is_left_and_entered_again():
    pieces = pd.DataFrame({"patient_id": ["p1", "p1"], "entry_years": [0, 4], "years": [3, 6], "event": [0, 1], "node": "negative"})
    assert listed(counts(make(pieces))) == [("all", -1, "enter", 1), ("all", 3, "censor", 1), ("all", 4, "enter", 1), ("all", 6, "event", 1)]


def test_a_patient_who_changes_group_leaves_one_and_enters_the_other():
    pieces = pd.DataFrame({"patient_id": ["p1", "p1"], "entry_years": [0, 3], "years": [3, 6], "event": [0, 1], "node": ["negative", "macro"]})
    assert listed(counts(make(pieces), "node")) == [("negative", -1, "enter", 1), ("negative", 3, "censor", 1), ("macro", 3, "enter", 1), ("macro", 6, "event", 1)]
    assert listed(counts(make(pieces))) == [("all", -1, "enter", 1), ("all", 6, "event", 1)]


def test_pieces_of_different_patients_are_not_glued():
    rows = pd.DataFrame({"patient_id": ["p1", "p1", "p2"], "entry_years": [0, 2, 3], "years": [2, 3, 6], "event": [0, 0, 1], "node": "negative"})
    assert listed(counts(make(rows))) == [("all", -1, "enter", 1), ("all", 3, "enter", 1), ("all", 3, "censor", 1), ("all", 6, "event", 1)]


def test_rows_without_a_group_are_left_out_and_said():
    rows = ROWS.assign(node=["negative", None, "negative", "macro", None])
    with pytest.warns(DataWarning, match=r"^2 of 5 rows have no value in 'node' and are left out$"):
        frame = counts(make(rows), "node")
    assert frame.loc[frame["kind"] == "enter", "n"].sum() == 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        counts(make(rows))


def test_a_column_that_nobody_has_a_value_in_is_refused():
    with pytest.raises(InputError, match="no row has a value in 'grade'"):
        counts(make(ROWS.assign(grade=None)), "grade")


def test_a_column_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"there is no column 'nodes' \(nearest: 'node'\)"):
        counts(make(), "nodes")


@pytest.mark.parametrize("causes", [(), ("other", "other"), ("censor",), "enter"])
def test_causes_that_make_no_sense_are_refused(causes):
    with pytest.raises(UsageError, match="causes wants words of causes"):
        counts(make(), causes=causes)


def test_an_unknown_cause_is_refused():
    with pytest.raises(UsageError, match="there is no cause 'brest-cancer'"):
        counts(make(), causes=("brest-cancer",))


def test_a_roomy_table_and_sorted_keys_count_alike(monkeypatch):
    rng = np.random.default_rng(20240101)
    rows = pd.DataFrame({"years": rng.integers(0, 30, 500), "event": rng.integers(0, 2, 500), "node": rng.choice(["negative", "macro"], 500)})
    cohort = make(rows)
    direct = counts(cohort, "node")
    monkeypatch.setattr(memory, "_SMALL", -10**9)
    pd.testing.assert_frame_equal(direct, counts(cohort, "node"))


def test_more_than_a_hundred_causes_are_told_apart():
    words = [f"cause{place}" for place in range(150)]
    rows = pd.DataFrame({"years": 3.0, "cause": words, "event": 1})
    cohort = Cohort.from_frame(rows, time_unit="years", causes={word: word for word in words})
    frame = counts(cohort, causes=words)
    assert frame.loc[frame["kind"] != "enter", ["kind", "n"]].values.tolist() == [[word, 1] for word in words]


def plain_counts(rows: pd.DataFrame) -> list[tuple]:
    """Count row after row, as one would on paper; a piece that follows on another of its patient in the same group is no end and no beginning."""
    found: Counter = Counter()
    pieces = {(row.patient_id, row.node, row.entry_years) for row in rows.itertuples()}
    ends = {(row.patient_id, row.node, row.years) for row in rows.itertuples() if not row.event}
    for row in rows.itertuples():
        if row.node is None:
            continue
        if row.event or (row.patient_id, row.node, row.years) not in pieces:
            found[(row.node, row.years, "event" if row.event else "censor")] += row.times
        if not row.entry_years or (row.patient_id, row.node, row.entry_years) not in ends:
            found[(row.node, row.entry_years or -1, "enter")] += row.times
    order = {name: place for place, name in enumerate(("negative", "macro", "enter", "censor", "event"))}
    return [(*key, found[key]) for key in sorted(found, key=lambda key: (order[key[0]], key[1], order[key[2]]))]


@pytest.mark.parametrize("way", ["table", "sorted"])
@pytest.mark.parametrize("in_pieces", [False, True], ids=["whole", "in pieces"])
@pytest.mark.parametrize("repeated", [False, True], ids=["once", "repeated"])
def test_blocks_of_rows_are_counted_as_on_paper(monkeypatch, way, in_pieces, repeated):
    """Rows enough for many blocks, some without a group; identities differ unless follow-up is in pieces."""
    rng, n = np.random.default_rng(7), 2000
    rows = pd.DataFrame({
        "patient_id": np.arange(n), "entry_years": rng.integers(0, 4, n) if in_pieces else 0, "years": rng.integers(4, 9, n), "event": rng.integers(0, 2, n),
        "node": rng.choice(np.array(["negative", "macro", None], dtype=object), n, p=[0.5, 0.4, 0.1]), "times": rng.integers(1, 4, n) if repeated else 1})
    if in_pieces:
        later = rows[rows["event"] == 0].assign(entry_years=lambda rows: rows["years"] + rng.integers(0, 2, len(rows)), years=12)
        rows = pd.concat([rows, later.assign(node=rng.permutation(later["node"].to_numpy()))], ignore_index=True)
    monkeypatch.setattr(grouping, "BLOCK", 64)
    if way == "sorted":
        monkeypatch.setattr(memory, "_SMALL", -10**9)
    with pytest.warns(DataWarning, match="have no value in 'node'"):
        cohort = make(rows.drop(columns="times"))
        frame = counts(replace(cohort, repeats=rows["times"].to_numpy()) if repeated else cohort, "node")
    assert listed(frame) == [(label, ticks, kind, n) for label, ticks, kind, n in plain_counts(rows)]


def test_groups_have_codes_with_which_one_may_reckon():
    cohort = Cohort.from_frame(ROWS.assign(event=1, ward=["a", "b", "c", "b", None]), time_unit="years", levels={"ward": ["z", "c", "b", "a"]})
    groups = cohort.groups("ward")
    assert groups.labels == ("c", "b", "a") and groups.codes.tolist() == [2, 1, 0, 1, -1] and groups.codes.dtype == np.int64
    crossed = cohort.groups(["node", "ward"])
    assert crossed.labels == ("macro | b", "negative | c", "negative | b", "negative | a") and crossed.codes.tolist() == [3, 2, 1, 0, -1]


def test_a_column_that_is_replaced_is_read_anew():
    cohort = make()
    before = counts(cohort, "node")
    moved = cohort.with_columns(pd.DataFrame({"node": ["macro"] * 5}))
    assert counts(moved, "node")["group"].unique().tolist() == ["macro"]
    pd.testing.assert_frame_equal(counts(cohort, "node"), before)
    assert counts(cohort.where(cohort.frame["years"] > 5), "node").loc[lambda frame: frame["kind"] == "enter", "n"].sum() == 3
