"""Does every rule of quality find the rows that break it, number them as they stand in the file, and say when it could not look?"""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import QUALITY_RULES, check_quality
from survival_nodes.columns import QUALITY, check
from survival_nodes.errors import UsageError

RULES = {rule.name: rule for rule in QUALITY_RULES}
FLAGS = {
    "era-against-edition": "EDITION_CONFLICT", "size-against-code": "SIZE_CODE_CONFLICT", "positivity-conflict": "POSITIVITY_CONFLICT",
    "count-against-code": "COUNT_CONFLICT"}
# Rule -> columns, and the numbers of the rows that break it.
CASES = {
    "dates-out-of-order": ({
        "birth_date": ["1950-05-01", "2011-01-01", "1950", "2010-07", "2010-05", None, "1960-01-01", "2015-01-01"],
        "diagnosis_date": ["2010-05-01", "2010-05-01", "2010-05-01", "2010-06-30", "2010-05-01", "2010-05-02", "2010-05-02", None],
        "last_contact_date": ["2012-05-01", "2012-05-01", "2010-05-01", "2012-01-01", "2010-05", "2010-05-01", "2009", "2014"]}, [2, 4, 6, 7, 8]),
    "death-before-diagnosis": ({
        "diagnosis_date": ["2010-05-02", "2010-05-02", None, None, "2010-05-02", "2010"], "diagnosis_year": [2010, 2010, 2010, 2010, 1999, 1990],
        "death_date": ["2010-05-01", "2010-05", "2009-12-31", "2010", "2001-01-01", None], "years": [1, 2, 3, None, 1, -0.5]}, [1, 3, 5, 6]),
    "age": ({"age": [0, -1, 120, 121, 999, None]}, [2, 4, 5]),
    "age-unusual": ({"age": [14.9, 15, 105, 106, 120, 121, -1, None]}, [1, 4, 5]),
    "age-against-dates": ({
        "age": [50, 49, 52, 48.9, 51.1, 50, 49, 51, 48, 53], "birth_date": ["1960-06-01"] * 5 + ["1960"] * 3 + ["1960-06-01", "1960"],
        "diagnosis_date": ["2010-06-01"] * 7 + [None] * 3, "diagnosis_year": [2010] * 10}, [3, 4, 5, 9, 10]),
    "positive-over-examined": ({"n_positive": [3, 4, 1, None, 0], "n_examined": [3, 3, 0, 2, None]}, [2, 3]),
    "duplicate-rows": ({"patient_id": ["a", "b", "a", "a", None, None], "age": [50, 60, 50, 51, 40, 40], "ward": ["x", "x", "x", "x", None, None]}, [3, 6]),
    "duplicate-patients": ({"patient_id": ["a", "b", "a", "a", "c", None, None], "age": [50, 60, 50, 51, 50, 40, 41]}, [4]),
    "several-samples": (
        {"patient_id": ["a", "a", "b", "a", "c", "c", None], "sample_id": ["1", "2", "1", "1", "1", None, "9"], "age": [1, 2, 3, 4, 5, 6, 7]}, [2]),
    "follow-up-after-cut-off": ({
        "diagnosis_date": ["2010-01-01", "2010-01-01", "2010-01-01", "2019-01-01", None, None, "2010-01-01", "2010-01-01"],
        "diagnosis_year": [None, None, None, None, 2010, 2010, None, None], "years": [8.9, 9.1, None, None, 9.1, 8.9, 1, 1],
        "last_contact_date": [None, None, None, None, None, None, "2019-01-01", "2018"], "death_date": [None, None, "2019", None, None, None, None, None]},
        [2, 3, 4, 5, 7]),
    **{name: ({"nodal_flags": ["", f"EDITION_ASSUMED {flag}", None, flag, f"X{flag}"]}, [2, 4]) for name, flag in FLAGS.items()},
    "event-without-follow-up": ({"event": [1, 0, None, 1, "0"], "years": [2, None, None, " ", 3]}, [2, 4]),
    "follow-up-without-event": ({"event": [1, None, None, "", 0], "years": [2, 3, None, 4, None]}, [2, 4]),
    "cause-without-death": ({"cause": ["none", "other", "breast-cancer", None, "other"], "event": [0, 0, 1, 0, None]}, [2]),
}


def judged(frame: pd.DataFrame, name: str, **more) -> pd.Series:
    return check_quality(frame, **more).set_index("rule").loc[name]


def test_every_rule_has_a_case():
    assert list(CASES) == list(RULES)


@pytest.mark.parametrize("name", RULES)
def test_each_rule_finds_its_rows_and_numbers_them(name):
    columns, broken = CASES[name]
    found = judged(pd.DataFrame(columns), name, cut_off="2018-12-31")
    assert (found["n"], found["rows"], found["severity"]) == (len(broken), ", ".join(map(str, broken)), RULES[name].severity)
    assert found["sentence"] == RULES[name].sentence


@pytest.mark.parametrize("name", RULES)
def test_text_as_categories_is_judged_as_text_is(name):
    columns, broken = CASES[name]
    frame = pd.DataFrame(columns)
    words = frame.select_dtypes(object).map(str, na_action="ignore")
    assert judged(frame.assign(**words.astype("category")), name, cut_off="2018-12-31")["rows"] == ", ".join(map(str, broken))


@pytest.mark.parametrize("name", RULES)
def test_rows_without_a_fault_and_no_rows_at_all_break_nothing(name):
    columns, broken = CASES[name]
    sound = pd.DataFrame(columns).drop(index=[row - 1 for row in broken])
    assert judged(sound, name, cut_off="2018-12-31")[["n", "rows"]].tolist() == [0, ""]
    assert judged(pd.DataFrame(columns).iloc[:0], name, cut_off="2018-12-31")["n"] == 0


@pytest.mark.parametrize("name", [name for name in RULES if name != "duplicate-rows"])
def test_a_rule_that_cannot_be_judged_names_what_is_lacking(name):
    found = judged(pd.DataFrame({"ward": ["x", "y"]}), name)
    assert found["n"] is pd.NA and found["rows"] == ""
    assert found["sentence"] == f"Not judged, for want of {', '.join(min(RULES[name].ways, key=len))}."


@pytest.mark.parametrize(("there", "name", "lacking"), [
    (["birth_date"], "dates-out-of-order", "diagnosis_date or diagnosis_year"), (["n_positive"], "positive-over-examined", "n_examined"),
    (["diagnosis_year", "years"], "follow-up-after-cut-off", "cut_off"), (["age", "birth_date"], "age-against-dates", "diagnosis_date or diagnosis_year"),
    (["patient_id"], "several-samples", "sample_id"), (["event"], "cause-without-death", "cause")])
def test_only_what_is_not_there_is_named(there, name, lacking):
    assert judged(pd.DataFrame({column: [1, 1] for column in there}), name)["sentence"] == f"Not judged, for want of {lacking}."


def test_the_frame_is_that_of_the_dictionary_with_a_row_a_rule():
    found = check_quality(pd.DataFrame({"age": [50, 200]}))
    assert list(found.columns) == QUALITY.names and found["rule"].tolist() == list(RULES) and check(found, QUALITY) == ()


@pytest.mark.parametrize("rule", QUALITY_RULES, ids=lambda rule: rule.name)
def test_every_rule_says_what_is_wrong_and_what_to_do(rule):
    assert rule.sentence.endswith(".") and ": " in rule.sentence and rule.severity in ("fatal", "warning")


def test_dates_may_be_dates():
    texts = pd.DataFrame({name: ["1950-01-01", "2011-02-03", None] for name in ("birth_date", "diagnosis_date", "last_contact_date")})
    texts["birth_date"] = ["2012-01-01", "1950-01-01", None]
    for read in (pd.to_datetime, lambda dates: pd.to_datetime(dates).astype("datetime64[s]"), lambda dates: pd.to_datetime(dates, utc=True)):
        assert judged(texts.apply(read), "dates-out-of-order")["rows"] == "1"
    days = texts.map(lambda text: datetime.date.fromisoformat(text), na_action="ignore")
    assert judged(days, "dates-out-of-order")["rows"] == "1"


def test_a_date_that_cannot_be_read_is_not_compared():
    frame = pd.DataFrame({"birth_date": ["01/02/2012", "2012-13-01", "later"], "diagnosis_date": ["2010-01-01"] * 3})
    assert judged(frame, "dates-out-of-order")["n"] == 0


def test_row_numbers_are_those_of_the_file_and_the_first_ten():
    frame = pd.DataFrame({"age": [200] * 12 + [50]})
    assert judged(frame, "age")["rows"] == "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ..."
    assert judged(frame.iloc[[12, 11, 3]], "age")[["n", "rows"]].tolist() == [2, "12, 4"]
    assert judged(frame.set_axis(list("abcdefghijklm")).iloc[10:], "age")["rows"] == "1, 2"


@pytest.mark.parametrize("cut_off", [
    "2018-12-31", "2018-12", "2018", datetime.date(2018, 12, 31), pd.Timestamp("2018-12-31 13:00"), np.datetime64("2018-12-31"), 2018])
def test_the_cut_off_is_a_date_in_any_dress(cut_off):
    frame = pd.DataFrame({"last_contact_date": ["2018-12-31", "2019-01-01"]})
    assert judged(frame, "follow-up-after-cut-off", cut_off=cut_off)["rows"] == "2"


@pytest.mark.parametrize("cut_off", ["12/2018", "soon", "2018-13", ""])
def test_a_cut_off_that_is_no_date(cut_off):
    with pytest.raises(UsageError, match="the cut-off is a date, as 2018-12-31 or 2018-12"):
        check_quality(pd.DataFrame({"age": [1]}), cut_off)


def test_follow_up_is_read_in_the_unit_of_the_file():
    # 108 months after the tenth of January 2010, rounded, may be December 2018; 109 may not.
    frame = pd.DataFrame({"diagnosis_date": ["2010-01-10"] * 3, "years": [107, 108, 109]})
    assert judged(frame, "follow-up-after-cut-off", cut_off="2018-12", time_unit="months")["rows"] == "3"
    assert judged(frame.assign(years=[3277, 3278, 3310]), "follow-up-after-cut-off", cut_off="2018-12-31", time_unit="days")["rows"] == "3"
    with pytest.raises(UsageError, match="no unit of time 'weeks'"):
        check_quality(frame, time_unit="weeks")


def test_identical_rows_without_identity_may_be_two_patients():
    frame = pd.DataFrame({"age": [50, 50, 60], "t": ["x", "x", "x"]})
    assert judged(frame, "duplicate-rows")[["severity", "n", "rows"]].tolist() == ["warning", 1, "2"]
    assert judged(frame.assign(patient_id=["a", "b", "c"]), "duplicate-rows")[["severity", "n"]].tolist() == ["fatal", 0]


def test_pieces_and_samples_are_not_patients_twice():
    pieces = pd.DataFrame({"patient_id": ["a", "a", "a"], "entry_years": [0, 1, 1], "years": [1, 2, 3]})
    assert judged(pieces, "duplicate-patients")["rows"] == "3"
    samples = pd.DataFrame({"patient_id": ["a", "a", "a"], "sample_id": ["1", "2", "2"], "years": [1, 1, 3]})
    assert judged(samples, "duplicate-patients")["rows"] == "3" and judged(samples, "several-samples")["rows"] == "2"


def test_years_of_diagnosis_that_are_no_years_are_not_judged():
    frame = pd.DataFrame({"birth_date": ["1950-01-01"] * 4, "diagnosis_year": [9999, 0, None, np.inf]})
    assert judged(frame, "dates-out-of-order")["n"] == 0


def test_the_rows_are_not_changed_and_no_value_is_told():
    frame = pd.DataFrame({"patient_id": ["secret", "secret"], "age": [777, 50], "birth_date": ["2012-12-12", None], "diagnosis_date": ["1987-01-01", None]})
    before = frame.copy(deep=True)
    told = check_quality(frame, "2018-12-31").drop(columns=["rule", "severity"]).to_csv()
    pd.testing.assert_frame_equal(frame, before)
    assert not any(value in told for value in ("secret", "777", "2012", "1987"))
