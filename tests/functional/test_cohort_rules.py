"""Does every cohort rule keep whom its sentence says, and does the ledger say of each why the others are not there?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import COHORT_RULES, RULE_SETS, Cohort, Rule, cohort_rules
from survival_nodes.columns import COHORT
from survival_nodes.errors import InputError, UsageError

# A woman whom every rule keeps.
GOOD = {
    "sex": "female", "behaviour": 3, "topography": "C50.4", "confirmation": "microscopic", "sequence_number": 0, "laterality": "left", "m_category": "M0",
    "surgery": "mastectomy", "n_examined": 12, "neoadjuvant": "no", "nodal_category": "negative", "nodal_certainty": "explicit", "nodal_flags": "",
    "t_category": "T1", "diagnosis_year": 2010}
# Rule -> columns, who is kept (1) or not (0), and the reason in the ledger.
CASES = {
    "female": ({"sex": ["female", "male", "Female ", None, "other"]}, "10100", "sex is male or other (2), not recorded (1)"),
    "invasive": ({"behaviour": [3, 2, None, 3.0, 9]}, "10010", "behaviour is other than 3 (2), not recorded (1)"),
    "breast": ({"topography": ["C50.9", "c500", "C50", "C44.5", "C501x", None, " "]}, "1110000", "topography is outside the breast (2), not recorded (2)"),
    "microscopically-confirmed": (
        {"confirmation": ["microscopic", "clinical", "unknown", "death certificate", "autopsy", None]}, "100110",
        "confirmation is clinical only (1), unknown (1), not recorded (1)"),
    "not-death-certificate-or-autopsy": (
        {"confirmation": ["microscopic", "clinical", "unknown", "death certificate", "autopsy", "autopsy", None]}, "1110000",
        "confirmation is by death certificate only (1), by autopsy only (2), not recorded (1)"),
    "first-primary": ({"sequence_number": [0, 1, 2, 10, 60, None]}, "110000", "sequence number is neither 0 nor 1 (3), not recorded (1)"),
    "unilateral": ({"laterality": ["left", "right", "bilateral", "unknown", None]}, "11000", "side is both (1), unknown (1), not recorded (1)"),
    "m0": (
        {"m_category": ["M0", "M0(i+)", "cM0", "pM0", "cM0 (i+)", "M1", "pM1b", "MX", None]}, "111110000",
        "M category is M1 (2), MX or another (1), not recorded (1)"),
    "surgery": ({"surgery": ["conserving", "mastectomy", "other", "none", None]}, "11100", "surgery is none (1), not recorded (1)"),
    "nodes-examined": (
        {"n_examined": [1, 90, 0, 7, None, None, None, None, None, None],
         "nodal_flags": ["", "", "", "NOT_EXAMINED", "", "EXAMINED_UNKNOWN ITC_NOT_EXCLUDED", "NOT_EXAMINED", "FNA_ONLY", "BASIS_UNSPECIFIED", ""],
         "nodal_category": ["negative"] * 4 + ["micro", "negative", "negative", "macro", "unknown", "unknown"]}, "1100100000",
        "examined nodes are none (3), aspirated only (1), not recorded (3)"),
    "no-neoadjuvant": (
        {"neoadjuvant": ["no", "yes", "unknown", None, "no", "unknown", None],
         "nodal_flags": ["NEOADJ_UNKNOWN", "", "NEOADJ_UNKNOWN", "NEOADJ_UNKNOWN", "POST_NEOADJUVANT", "", ""],
         "nodal_category": ["negative"] * 6 + ["unknown"]}, "1000010",
        "systemic treatment before surgery is given (2), unknown (1), not recorded (2)"),
    "no-known-neoadjuvant": (
        {"neoadjuvant": ["no", "yes", "unknown", None, "no"], "nodal_flags": ["", "", "NEOADJ_UNKNOWN", "NEOADJ_UNKNOWN", "POST_NEOADJUVANT"]}, "10110",
        "systemic treatment before surgery is given (2)"),
    "no-recurrence-or-autopsy-staging": (
        {"nodal_flags": ["", "RECURRENCE SENTINEL_ONLY", "AUTOPSY", "AUTOPSY RECURRENCE", None]}, "10001",
        "nodal category describes a recurrence (2), an autopsy (1)"),
    "no-clinical-prefix": (
        {"nodal_flags": ["CLINICAL_ONLY", "CLINICAL_PREFIX_MICROSCOPIC"]}, "10",
        "nodal category has a clinical prefix, though found under the microscope (1)"),
    "known-category": (
        {"nodal_category": ["negative", "itc", "micro", "macro", "unknown", None]}, "111100", "nodal category is unknown (1), not recorded (1)"),
    # A cohort holds nobody whose survival is not known; before there is a cohort the rule is asked of the rows themselves (below).
    "survival-known": ({}, "1", "survival is not recorded"),
    "t-known": ({"t_category": ["T1", "T4", "Tis", "TX", "pTX", None]}, "111000", "T category is TX or unknown (2), not recorded (1)"),
    "edition-6-or-later": (
        {"nodal_flags": ["EDITION_ASSUMED", "EDITION_PRE6 MAY_INCLUDE_ITC", "EDITION_CONFLICT", "EDITION_CONFLICT EDITION_PRE6", None]}, "10001",
        "edition is the 5th or older (2), at odds with the year of diagnosis or the code (1)"),
    "diagnosed-2004-or-later": (
        {"diagnosis_year": [2004, 2003, None, None, None, None, None], "diagnosis_date": [None, "2004-01-01", "2004", "2003-12-31", "2004-01", None, "spring"]},
        "1010100", "year of diagnosis is before 2004 (2), not recorded (2)"),
    "molecular-positive-left-out": (
        {"nodal_flags": ["ITC_NOT_EXCLUDED", "ITC_NOT_EXCLUDED MOLECULAR_POSITIVE"]}, "10", "molecular test is positive, histology negative (1)"),
    "no-count-conflict": ({"nodal_flags": ["MICRO_MULTI_NODE", "COUNT_CONFLICT"]}, "10", "number of nodes is at odds with the nodal category (1)"),
    "itc-excluded-in-negatives": (
        {"nodal_category": ["negative", "negative", "itc", "macro", "unknown", None],
         "nodal_flags": ["", "ITC_NOT_EXCLUDED", "", "", "ITC_NOT_EXCLUDED", ""]}, "101110",
        "nodal category is negative without isolated tumour cells excluded (1), not recorded (1)"),
    "explicit-category": (
        {"nodal_certainty": ["explicit", "default", "none", None]}, "1000", "nodal category is a default of the policy (1), open (1), not recorded (1)"),
    "explicit-macro": (
        {"nodal_category": ["macro", "macro", "macro", "negative", "micro", None], "nodal_certainty": ["explicit", "default", None, "default", "none", "none"]},
        "100110", "nodal category is macrometastasis by a default of the policy (1), not recorded (2)"),
}
RULES = {rule.name: rule for rule in COHORT_RULES}


def made(n: int, more: dict | None = None, **columns) -> Cohort:
    good = {name: [value] * n for name, value in GOOD.items()}
    follow_up = {"t": [30 + place for place in range(n)], "d": [place % 2 for place in range(n)]}
    return Cohort.from_frame(pd.DataFrame({**follow_up, **good, **(more or {}), **columns}), {"years": "t", "event": "d"}, "months")


def case(name: str) -> tuple[Cohort, np.ndarray, str]:
    columns, kept, reason = CASES[name]
    return made(len(kept), columns), np.array([letter == "1" for letter in kept]), reason


def test_every_rule_has_a_case_and_every_case_leaves_out_and_keeps():
    assert list(CASES) == list(RULES)
    assert all({"0", "1"} == set(kept) for name, (_, kept, _) in CASES.items() if name != "survival-known")


@pytest.mark.parametrize("name", RULES)
@pytest.mark.filterwarnings("ignore::UserWarning")  # of pandas, for a column of dates in several spellings
def test_each_rule_keeps_whom_it_says_and_tells_the_others_apart(name):
    cohort, kept, reason = case(name)
    selected = cohort.select(name)
    assert selected.frame["patient_id"].tolist() == cohort.frame["patient_id"][kept].tolist()
    assert selected.exit_ticks.tolist() == cohort.exit_ticks[kept].tolist()
    assert selected.ledger.frame.iloc[-1].tolist() == [name, reason, len(kept), int(kept.sum()), int((~kept).sum())]
    assert RULES[name].keep(cohort.frame).tolist() == kept.tolist()


@pytest.mark.parametrize("name", RULES)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_categoricals_are_judged_as_text_is(name):
    cohort, kept, _ = case(name)
    words = cohort.frame.select_dtypes(object).drop(columns="patient_id").astype("category")
    assert RULES[name].keep(cohort.frame.assign(**words)).tolist() == kept.tolist()


def test_survival_that_is_not_known_is_found_before_there_is_a_cohort():
    rows = pd.DataFrame({"years": [1.0, None, 2.0, None], "event": [0, 1, None, None]})
    assert RULES["survival-known"].keep(rows).tolist() == [True, False, False, False]


@pytest.mark.parametrize("rule", COHORT_RULES, ids=lambda rule: rule.name)
def test_every_rule_reads_columns_of_the_dictionary_and_says_itself(rule):
    assert set(rule.columns) <= set(COHORT.names) and rule.sentence.endswith(".")
    assert rule.reason.startswith(rule.subject) and len(set(rule.faults)) == len(rule.faults)


def test_the_rules_are_listed_with_their_sets():
    listed = cohort_rules()
    assert list(listed.columns) == ["name", "sentence", "columns", "sets"]
    assert listed["name"].tolist() == list(RULES)
    assert listed.set_index("name").loc["itc-excluded-in-negatives", "sets"] == "itc-micro-primary"
    assert listed.set_index("name").loc["nodes-examined", "columns"] == "n_examined, nodal_flags"


@pytest.mark.parametrize("title", RULE_SETS)
def test_a_set_is_rules_once_each_and_keeps_the_good(title):
    names = RULE_SETS[title]
    assert set(names) <= set(RULES) and len(set(names)) == len(names)
    selected = made(3).select(title)
    assert len(selected) == 3 and selected.ledger.frame["rule"].tolist() == ["read", *names]


def test_the_default_set_stands_in_the_order_of_the_registries():
    # Section 9 of the specification of nodal coding, with its rule 00.12 on clinical prefixes.
    assert RULE_SETS["default"] == (
        "female", "invasive", "breast", "microscopically-confirmed", "not-death-certificate-or-autopsy", "first-primary", "unilateral", "m0", "surgery",
        "nodes-examined", "no-neoadjuvant", "no-recurrence-or-autopsy-staging", "no-clinical-prefix", "known-category", "survival-known")
    assert set(RULE_SETS["itc-micro-primary"]) - set(RULE_SETS["itc-micro"]) == {"itc-excluded-in-negatives"}


def test_rules_come_one_after_the_other_and_each_counts_whom_it_still_finds():
    cohort = made(5, sex=["male", "male", "female", "female", None], laterality=["left", None, "bilateral", "left", "left"])
    assert cohort.select(["female", "unilateral"]).ledger.frame[["reason", "n_after"]].to_numpy().tolist()[1:] == [
        ["sex is male or other (2), not recorded (1)", 2], ["side is both (1)", 1]]
    assert cohort.select(["unilateral", "female"]).ledger.frame[["reason", "n_after"]].to_numpy().tolist()[1:] == [
        ["side is both (1), not recorded (1)", 3], ["sex is male or other (1), not recorded (1)", 1]]


def test_a_rule_of_ones_own_sees_the_rows_that_are_left_and_stands_in_its_place():
    cohort = made(4, sex=["male", "female", "female", "female"], age=[30, 50, 60, 70])
    oldest = Rule("not the oldest", lambda rows: rows["age"] < rows["age"].max(), "the oldest of those left")
    selected = cohort.select(["female", oldest, "unilateral"])
    assert selected.frame["age"].tolist() == [50, 60]
    assert selected.ledger.frame["rule"].tolist() == ["read", "female", "not the oldest", "unilateral"]
    assert cohort.select(oldest).frame["age"].tolist() == [30, 50, 60]
    with pytest.raises(UsageError, match="the rule 'agee' cannot be applied"):
        cohort.select([Rule("agee", lambda rows: rows["agee"] > 1)])


def test_a_rule_that_stands_twice_is_applied_once():
    assert made(2).select(["female", "female", "itc-micro", "default"]).ledger.frame["rule"].tolist() == ["read", "female", *RULE_SETS["itc-micro"][1:]]


def test_pieces_of_a_patient_are_one_patient():
    pieces = {
        "patient_id": ["a", "a", "b", "b", "c", "d"], "entry_years": [0, 10, 0, 10, 0, 0], "t": [10, 31, 10, 33, 34, 35], "d": [0, 1, 0, 0, 0, 1],
        "sex": ["female", "female", "male", None, None, "female"], "laterality": ["left", None, "left", "left", "left", "unknown"]}
    cohort = Cohort.from_frame(pd.DataFrame(pieces), {"years": "t", "event": "d"}, "months")
    steps = cohort.select(["female", "unilateral"]).ledger.frame
    # b leaves by the first of its pieces; a loses a piece and stays.
    assert steps[["reason", "n_before", "n_after"]].to_numpy().tolist()[1:] == [
        ["sex is male or other (1), not recorded (1)", 4, 2], ["side is unknown (1)", 2, 1]]
    assert cohort.select(["female", "unilateral"]).frame["patient_id"].tolist() == ["a"]


def test_within_a_set_a_column_that_is_not_there_is_said_and_leaves_nobody_out():
    rows = made(3).rows.drop(columns=["behaviour", "n_examined", "nodal_flags"]).rename(columns={"topography": "topografy"})
    bare = Cohort.from_frame(rows, {}, "years")
    steps = bare.select("default").ledger.frame.set_index("rule")
    assert steps.loc["invasive", "reason"] == "not checked: there is no column 'behaviour'"
    assert steps.loc["breast", "reason"] == "not checked: there is no column 'topography'"
    assert steps.loc["nodes-examined", "reason"] == "not checked: there is no column 'n_examined' or 'nodal_flags'"
    assert steps.loc["no-clinical-prefix", "reason"] == "not checked: there is no column 'nodal_flags'"
    assert steps["n_excluded"].sum() == 0
    with pytest.raises(InputError, match=r"'breast' cannot be applied: there is no column 'topography' \(nearest: 'topografy'\); map or add it, or leave"):
        bare.select(["default", "breast"])
    with pytest.raises(InputError, match="'breast' cannot be applied"):
        bare.select(["breast", "default"])


def test_flags_that_were_never_given_are_not_flags_that_are_absent():
    steps = made(2, nodal_flags=[None, None]).select("default").ledger.frame.set_index("rule")
    assert steps.loc["no-clinical-prefix", "reason"] == "not checked: column 'nodal_flags' is empty"


@pytest.mark.parametrize("more", [
    {"neoadjuvant": [None, None], "nodal_flags": ["", ""]}, {"neoadjuvant": ["unknown", None]}, {"neoadjuvant": [None, None], "nodal_flags": [None, None]},
    {"neoadjuvant": ["unknown", None], "nodal_flags": ["NEOADJ_UNKNOWN", "EDITION_ASSUMED NEOADJ_UNKNOWN"]},
    {"neoadjuvant": [None, None], "nodal_flags": ["NEOADJ_UNKNOWN", "POST_NEOADJUVANT"]},
])
@pytest.mark.parametrize("rules", ["default", "itc-micro", "no-neoadjuvant"])
def test_where_nothing_tells_of_treatment_before_surgery_the_selection_is_refused(more, rules):
    with pytest.raises(InputError) as caught:
        made(2, more).select(rules)
    assert str(caught.value).startswith("nothing tells whether systemic treatment came before surgery of the nodes")
    assert 'without=("no-neoadjuvant",)' in str(caught.value) and caught.value.exit_code == 3


def test_it_is_refused_too_where_there_is_no_column_and_the_way_out_is_in_the_ledger():
    cohort = made(2)
    bare = Cohort.from_frame(cohort.rows.drop(columns=["neoadjuvant", "nodal_flags"]), {}, "years")
    with pytest.raises(InputError, match="nothing tells"):
        bare.select()
    steps = bare.select(without="no-neoadjuvant").ledger.frame.set_index("rule")
    assert steps.loc["no-neoadjuvant", ["reason", "n_excluded"]].tolist() == ["not applied, as asked", 0]
    with pytest.raises(InputError, match="nothing tells"):
        bare.where("no-neoadjuvant")


def test_the_flags_of_the_classifier_tell_of_treatment_where_no_column_does():
    cohort = made(3, nodal_flags=["", "NEOADJ_UNKNOWN", "POST_NEOADJUVANT"])
    bare = Cohort.from_frame(cohort.rows.drop(columns="neoadjuvant"), {}, "years")
    assert bare.select("no-neoadjuvant").ledger.frame.iloc[-1].tolist() == [
        "no-neoadjuvant", "systemic treatment before surgery is given (1), not recorded (1)", 3, 1, 2]


def test_treatment_that_is_known_of_all_and_given_to_all_leaves_nobody():
    assert len(made(2, neoadjuvant=["yes", "yes"]).select("no-neoadjuvant")) == 0


@pytest.mark.parametrize(("column", "codes"), [("sex", ["F", "F"]), ("surgery", ["0", "1"]), ("laterality", ["1", "2"]), ("confirmation", [1, 1])])
def test_a_column_in_codes_of_its_own_is_refused_rather_than_read(column, codes):
    with pytest.raises(InputError, match=f"column '{column}' holds none of .*recode it") as caught:
        made(2, {column: codes}).select()
    assert "'F'" not in str(caught.value)


def test_unknown_names():
    cohort = made(2)
    with pytest.raises(UsageError, match=r"there is no cohort rule or set of rules 'femal' \(nearest: 'female'\); there are: default, itc-micro"):
        cohort.select("femal")
    with pytest.raises(UsageError, match=r"without: there is no rule among those chosen 'explicit-category'.*there are: female, invasive"):
        cohort.select(without=("explicit-category",))
    with pytest.raises(UsageError, match="rules are the name of a set"):
        cohort.select(5)


def test_where_takes_the_name_of_a_rule_and_a_reason_and_a_column_of_that_name_goes_first():
    cohort = made(3, sex=["female", "male", None])
    assert cohort.where("female").ledger.frame.iloc[-1]["reason"] == "sex is male or other (1), not recorded (1)"
    assert cohort.where("female", "not a woman").ledger.frame.iloc[-1].tolist() == ["female", "not a woman", 3, 1, 2]
    flagged = cohort.with_columns(pd.DataFrame({"female": [False, True, True]}))
    assert flagged.where("female").n_patients == 2


def test_a_selection_changes_nothing_in_the_cohort_it_came_from():
    cohort = made(4, sex=["male", "female", "female", "female"])
    before, ledger = cohort.rows, cohort.ledger
    assert len(cohort.select()) == 3
    pd.testing.assert_frame_equal(cohort.frame, before)
    assert cohort.ledger is ledger and len(cohort.exit_ticks) == 4
    assert cohort.select(()).ledger.frame.equals(ledger.frame)


def test_no_value_of_a_patient_is_told():
    cohort = made(3, sex=["female", "secret", None], topography=["C50.1", "C77.3", "C50.1"])
    told = " ".join(cohort.select().ledger.frame["reason"])
    assert "secret" not in told and "C77" not in told
