"""What holds for any cohort and any rules: the ledger adds up, twice is once, and order changes nothing but the counts on the way."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from survival_nodes.cohort import COHORT_RULES, RULE_SETS, ZERO_FOLLOW_UP, Cohort, check_quality
from survival_nodes.cohort.entries import Entries
from survival_nodes.columns import COHORT

NAMES = [rule.name for rule in COHORT_RULES]
RULES = {rule.name: rule for rule in COHORT_RULES}
READ = sorted({column for rule in COHORT_RULES for column in rule.columns} - {"years", "event"})
WORDS = {
    "topography": ["C50.4", "c509", "C44"], "sequence_number": [0, 1, 2], "m_category": ["M0", "cM0(i+)", "M1", "MX"], "n_examined": [0, 1, 30],
    "nodal_flags": ["", "ITC_NOT_EXCLUDED", "EDITION_PRE6 NEOADJ_UNKNOWN", "POST_NEOADJUVANT COUNT_CONFLICT", "RECURRENCE", "NOT_EXAMINED", "AUTOPSY FNA_ONLY"],
    "t_category": ["T1", "TX"], "diagnosis_year": [1999, 2004, 2015], "diagnosis_date": ["2003-12-31", "2004", "2010-05"]}
LAST = {"neoadjuvant": "no", "nodal_flags": ""}
VALUES = {name: [*(WORDS.get(name) or COHORT[name].allowed), None] for name in READ}


@st.composite
def cohorts(draw) -> Cohort:
    """Draw a cohort with some of the columns that rules read; of the last patient it is known that no treatment came first."""
    n = draw(st.integers(1, 8))
    names = sorted(draw(st.sets(st.sampled_from(READ))) | {"neoadjuvant"})
    columns = {name: [*draw(st.lists(st.sampled_from(VALUES[name]), min_size=n, max_size=n)), LAST.get(name, VALUES[name][0])] for name in names}
    months = [*draw(st.lists(st.sampled_from([0, 0, 1, 30, 60, 90]), min_size=n, max_size=n)), 60]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a short median, and of pandas, for a column of dates in several spellings
        return Cohort.from_frame(pd.DataFrame({"years": months, "event": 1}).join(pd.DataFrame(columns, dtype=object)), {}, "months")


def checkable(cohort: Cohort, names: list[str]) -> list[str]:
    entries = Entries(cohort.frame)
    return [name for name in names if not RULES[name].lacking(entries)]


def same(first: Cohort, second: Cohort) -> bool:
    return first.frame["patient_id"].tolist() == second.frame["patient_id"].tolist() and np.array_equal(first.exit_ticks, second.exit_ticks)


@settings(max_examples=30, deadline=None)
@given(cohorts(), st.permutations(NAMES))
def test_the_ledger_adds_up_and_the_order_of_rules_changes_nobody(cohort, order):
    rules = checkable(cohort, order)
    selected = cohort.select(rules)
    steps = selected.ledger.frame
    assert steps["rule"].tolist()[-len(rules):] == rules
    assert (steps["n_before"].to_numpy()[1:] == steps["n_after"].to_numpy()[:-1]).all() and steps["n_after"].iloc[-1] == selected.n_patients == len(selected)
    for step in steps.iloc[-len(rules):].itertuples():
        told = sum(map(int, re.findall(r" \((\d+)\)(?=,|$)", step.reason)))
        assert told == step.n_excluded if step.n_excluded else step.reason == RULES[step.rule].reason
    assert same(selected, cohort.select(sorted(rules)))


@settings(max_examples=30, deadline=None)
@given(cohorts(), st.sampled_from(NAMES))
def test_a_rule_leaves_out_nobody_the_second_time(cohort, name):
    assume(checkable(cohort, [name]))
    once = cohort.select(name)
    assert same(once.select(name), once)
    assert once.select(name).ledger.frame["n_excluded"].iloc[-1] == 0


@settings(max_examples=30, deadline=None)
@given(cohorts(), st.sampled_from(sorted(RULE_SETS)))
def test_a_set_never_keeps_whom_one_of_its_rules_leaves_out(cohort, title):
    kept = set(cohort.select(title).frame["patient_id"])
    single = [set(cohort.select(name).frame["patient_id"]) for name in checkable(cohort, RULE_SETS[title])]
    assert kept == set(cohort.frame["patient_id"]).intersection(*single)


@settings(max_examples=30, deadline=None)
@given(cohorts(), st.sampled_from([choice for choice in ZERO_FOLLOW_UP if choice != "complete-dates"]))
def test_a_choice_for_zero_follow_up_moves_nobody_past_anybody(cohort, choice):
    selected = cohort.with_zero_follow_up(choice)
    assert selected.n_patients == selected.ledger.frame["n_after"].iloc[-1]
    assert (selected.frame["years"] > 0).all() or choice == "keep"
    before = cohort.frame.set_index("patient_id")["years"].loc[selected.frame["patient_id"]].to_numpy()
    assert np.array_equal(np.unique(before, return_inverse=True)[1], np.unique(selected.exit_ticks, return_inverse=True)[1])
    assert np.array_equal(selected.clock.years(selected.exit_ticks), selected.frame["years"])
    assert same(selected.with_zero_follow_up(choice), selected)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["1", "2", None]), st.integers(0, 1)), max_size=8))
def test_repeated_rows_are_those_that_a_plain_search_finds(rows):
    frame = pd.DataFrame(rows, columns=["patient_id", "sample_id", "age"])
    found = check_quality(frame).set_index("rule")["rows"]
    identical = [place for place, row in enumerate(rows) if row in rows[:place]]
    fresh = [place for place in range(len(rows)) if place not in identical]
    twice = [place for at, place in enumerate(fresh) if rows[place][:2] in [rows[other][:2] for other in fresh[:at]]]
    assert found["duplicate-rows"] == ", ".join(str(place + 1) for place in identical)
    assert found["duplicate-patients"] == ", ".join(str(place + 1) for place in twice)
