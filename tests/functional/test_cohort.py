"""Does a frame become a cohort, and does every mistake in it get one clear line?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort, Ledger, Rule, Step
from survival_nodes.errors import DataWarning, InputError, UsageError

MAP = {"years": "t", "event": "d"}


def frame(**columns) -> pd.DataFrame:
    return pd.DataFrame({"t": [12, 30, 61, 80], "d": [1, 0, 1, 0], **columns})


def cohort(**columns) -> Cohort:
    return Cohort.from_frame(frame(**columns), MAP, "months")


def test_times_are_years_and_ticks():
    made = cohort()
    assert made.rows["years"].tolist() == [12 / 12, 30 / 12, 61 / 12, 80 / 12]
    assert made.exit_ticks.tolist() == [12, 30, 61, 80]
    assert made.entry_ticks.tolist() == [-1, -1, -1, -1]
    assert made.time_unit == "months"


def test_days_use_the_declared_length_of_a_year():
    made = Cohort.from_frame(frame(t=[400, 800, 1000, 365.241]), MAP, "days", days_per_year=365.241)
    assert made.rows["years"].iloc[3] == 1.0


def test_a_mapped_column_wins_an_unmapped_canonical_one_is_used_and_the_rest_is_kept():
    made = Cohort.from_frame(frame(years=[9, 9, 9, 9], age=[50, 60, 70, 80], ward=["a", "b", "a", "b"]), MAP, "months")
    assert made.rows["years"].iloc[0] == 1.0
    assert made.rows["age"].tolist() == [50, 60, 70, 80]
    assert made.rows["ward"].tolist() == ["a", "b", "a", "b"]
    assert "t" not in made.rows and "d" not in made.rows


def test_rows_are_a_copy_and_the_cohort_does_not_change():
    made = cohort(age=[50, 60, 70, 80])
    taken = made.rows
    taken.loc[0, "age"] = -1
    assert made.rows["age"].iloc[0] == 50
    with pytest.raises(AttributeError):
        made.endpoint = "recurrence"
    with pytest.raises(ValueError):
        made.exit_ticks[0] = 5


def test_near_equal_times_are_one_time_as_in_r():
    # 0.1 + 0.2 and 0.3 differ by one unit in the last place; R's timefix merges times within about 1.5e-8.
    made = Cohort.from_frame(pd.DataFrame({"t": [0.3, 0.1 + 0.2, 3.7, 3.7 + 1e-9, 3.7 + 1e-6], "d": 1}), MAP, "years")
    assert made.exit_ticks.tolist() == [0, 0, 1, 1, 2]
    assert made.clock.position(0.3) == 0 and made.clock.position(0.30001) == 0.5


@pytest.mark.parametrize(("wrong", "said"), [
    ({"d": [1, 2, 1, 2]}, "coded 1/2"),
    ({"d": ["2010-05-01", "2011-01-01", "2012-02-02", "2013-03-03"]}, "a date, where 0"),
    ({"d": pd.to_datetime(["2010-05-01"] * 4)}, "a date, where 0"),
    ({"d": [0, 1, 7, 0]}, "neither 0 (censored) nor 1 (event)"),
    ({"d": [0, 1, None, 0]}, "column 'd': missing in 1 row (row 3)"),
    ({"t": [12, -3, 61, 80]}, "column 't': negative in 1 row (row 2)"),
    ({"t": [12, np.nan, 61, 80]}, "column 't': missing in 1 row (row 2)"),
    ({"t": [12, np.inf, 61, 80]}, "not a number of months"),
    ({"t": ["12", "two years", "61", "80"]}, "column 't': not a number of months in 1 row (row 2)"),
    ({"patient_id": ["a", "b", "b", "c"]}, "stands twice"),
    ({"patient_id": ["a", None, "b", "c"]}, "column 'patient_id': missing"),
    ({"entry_years": [0, 40, 0, 0]}, "not before the end of follow-up"),
    ({"cause": ["breast-cancer", "other", "breast-cancer", "none"]}, "names a cause where the patient is censored"),
])
def test_a_mistake_gets_one_line_without_any_value(wrong, said):
    with pytest.raises(InputError) as caught:
        cohort(**wrong)
    message = str(caught.value)
    assert said in message and "\n" not in message
    assert "two years" not in message and "2010" not in message


def test_all_problems_are_told_at_once():
    with pytest.raises(InputError) as caught:
        cohort(t=[12, -3, 61, 80], d=[0, 1, 7, 0], entry_years=[0, 0, 70, 0])
    assert all(name in str(caught.value) for name in ("'t'", "'d'", "'entry_years'"))


def test_a_missing_column_names_those_there_and_the_nearest():
    with pytest.raises(InputError, match=r"no column 'tt' \(nearest: 't'\); there are: t, d"):
        Cohort.from_frame(frame(), {"years": "tt", "event": "d"}, "months")
    with pytest.raises(InputError, match="no column is mapped to 'event'"):
        Cohort.from_frame(frame(), {"years": "t"}, "months")


def test_the_unit_must_be_said_and_known():
    with pytest.raises(UsageError, match="In what unit|in what unit"):
        Cohort.from_frame(frame(), MAP)
    with pytest.raises(UsageError, match="weeks"):
        Cohort.from_frame(frame(), MAP, "weeks")


def test_nobody_is_an_error_and_one_patient_is_not():
    with pytest.raises(InputError, match="no rows"):
        Cohort.from_frame(frame().iloc[:0], MAP, "months")
    assert Cohort.from_frame(frame().iloc[[3]], MAP, "months").n_patients == 1


@pytest.mark.parametrize(("times", "unit"), [([12, 30, 61, 80], "days"), ([1200, 3000, 6100, 8000], "months"), ([0.5, 0.6, 0.7, 0.9], "years")])
def test_an_unlikely_unit_is_questioned(times, unit):
    with pytest.warns(DataWarning, match="is the unit of time right"):
        made = Cohort.from_frame(frame(t=times), MAP, unit)
    assert len(made.warnings) == 1


def test_a_zero_time_is_kept_and_counted():
    made = cohort(t=[0, 30, 61, 80])
    step = made.ledger.frame.iloc[-1]
    assert (step["rule"], step["n_before"], step["n_after"]) == ("zero follow-up kept", 4, 4)
    assert len(made) == 4


def test_pieces_of_follow_up_are_one_patient():
    pieces = pd.DataFrame({"id": ["a", "a", "b"], "from": [0, 30, 0], "t": [30, 61, 50], "d": [0, 1, 0]})
    made = Cohort.from_frame(pieces, {"patient_id": "id", "entry_years": "from", **MAP}, "months")
    assert made.n_patients == 2 and len(made) == 3
    overlapping = pieces.assign(**{"from": [0, 20, 0]})
    with pytest.raises(InputError, match="overlaps"):
        Cohort.from_frame(overlapping, {"patient_id": "id", "entry_years": "from", **MAP}, "months")
    early = pieces.assign(d=[1, 1, 0])
    with pytest.raises(InputError, match="an event before the last piece"):
        Cohort.from_frame(early, {"patient_id": "id", "entry_years": "from", **MAP}, "months")


def test_causes_from_codes_in_the_event_column():
    made = Cohort.from_frame(frame(d=[1, 0, 2, 0]), MAP, "months", causes={1: "breast-cancer", 2: "other"})
    assert made.rows["cause"].tolist() == ["breast-cancer", "none", "other", "none"]
    assert made.events("breast-cancer").tolist() == [1, 0, 0, 0]
    assert made.rows["event"].tolist() == [1, 0, 1, 0]
    with pytest.raises(UsageError, match="no cause 'brest'"):
        made.events("brest")
    with pytest.raises(InputError, match="a code that causes does not declare"):
        Cohort.from_frame(frame(d=[1, 0, 9, 0]), MAP, "months", causes={1: "breast-cancer", 2: "other"})


def test_undeclared_causes_stay_and_are_refused_only_when_needed():
    made = cohort(cause=["C50", "none", "I21", "none"])
    assert made.rows["cause"].tolist() == ["C50", "none", "I21", "none"]
    with pytest.raises(InputError, match="2 of 2 events have no declared cause"):
        made.events("breast-cancer")


def test_levels_declared_categorical_dictionary_sorted():
    made = Cohort.from_frame(
        frame(a=["x", "y", "x", "y"], b=pd.Categorical(["hi", "lo", "hi", "lo"], ["lo", "hi"]), nodal_category=["macro", "negative", "itc", "macro"], c=[2, 1, 10, 2]),
        MAP, "months", levels={"a": ["y", "x"]})
    assert made.groups("a").labels == ("y", "x")
    assert made.groups("b").labels == ("lo", "hi")
    assert made.groups("nodal_category").labels == ("negative", "itc", "macro")
    assert made.groups("c").labels == ("1", "2", "10")
    assert made.groups(["b", "a"]).labels == ("lo | y", "hi | x")
    assert made.groups(None).labels == ("all",)


def test_a_missing_group_is_code_minus_one_and_a_stray_level_is_refused():
    made = cohort(a=["x", None, "y", "x"])
    assert made.groups("a").codes.tolist() == [0, -1, 1, 0]
    with pytest.raises(InputError, match="outside its declared levels"):
        Cohort.from_frame(frame(a=["x", "z", "y", "x"]), MAP, "months", levels={"a": ["x", "y"]})


def test_rules_are_counted_and_the_ledger_adds_up():
    made = cohort(age=[50, 60, None, 80]).where("age >= 60", "younger than 60, or age unknown").where(Rule("old", lambda rows: rows["age"] > 70, "70 or younger"))
    assert made.ledger.frame[["rule", "n_before", "n_after", "n_excluded"]].to_numpy().tolist() == [["read", 4, 4, 0], ["age >= 60", 4, 2, 2], ["old", 2, 1, 1]]
    assert made.exit_ticks.tolist() == [80]
    assert len(made.ledger) == 3 and [step.n_after for step in made.ledger] == [4, 2, 1]
    assert made.where(np.array([False])).n_patients == 0 and len(cohort().where(pd.Series([True, False, True, False]), "every other").ledger) == 2
    with pytest.raises(UsageError, match="cannot be applied"):
        made.where("agee > 3")
    with pytest.raises(UsageError, match="true or false"):
        made.where(lambda rows: rows["age"])
    with pytest.raises(ValueError, match="does not add up"):
        Ledger((Step("a", "", 5, 4), Step("b", "", 5, 3)))


def test_columns_are_added_row_by_row_and_follow_up_is_not_replaced():
    made = cohort().where("years > 2").with_columns(pd.DataFrame({"score": [1.0, 2.0, 3.0]}))
    assert made.rows["score"].tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(UsageError, match="2 rows were given for a cohort of 3"):
        made.with_columns(pd.DataFrame({"score": [1, 2]}))
    with pytest.raises(UsageError, match="event cannot be replaced"):
        made.with_columns(pd.DataFrame({"event": [1, 1, 1]}))


def test_endpoints():
    made = cohort(recurrence_years=[6, 30, None, 70], recurrence_event=[1, 0, None, 1], cause=["breast-cancer", "none", "other", "none"])
    assert made.endpoints == ("overall", "recurrence", "breast-cancer")
    other = made.with_endpoint("recurrence")
    assert other.rows["years"].tolist() == [0.5, 2.5, 70 / 12] and other.rows["event"].tolist() == [1, 0, 1]
    assert other.ledger.frame.iloc[-1]["n_excluded"] == 1
    assert other.rows["overall_years"].tolist() == [1.0, 2.5, 80 / 12]
    assert other.with_endpoint("overall").rows["years"].tolist() == [1.0, 2.5, 80 / 12]
    assert made.with_endpoint("breast-cancer").rows["event"].tolist() == [1, 0, 0, 0]
    with pytest.raises(UsageError, match="no endpoint 'relapse'.*overall, recurrence, breast-cancer"):
        made.with_endpoint("relapse")


def test_a_column_that_does_not_fit_the_dictionary_is_kept_and_said():
    made = cohort(er=[120, 0, 33, 4], grade=[1, 2, 3, 3])
    assert made.rows["er"].tolist() == [120, 0, 33, 4] and made.rows["grade"].tolist() == [1, 2, 3, 3]
    assert len(made.warnings) == 1 and "'er'" in made.warnings[0]


def test_a_model_frame_holds_categoricals_in_level_order_and_numbers_as_floats():
    made = Cohort.from_frame(frame(a=["x", "y", "x", "y"], n=[1, 2, 3, 4]), MAP, "months", levels={"a": ["y", "x", "never"]})
    model = made.model_frame(["a", "n"])
    assert list(model["a"].cat.categories) == ["y", "x"]
    assert model["n"].dtype == float


def test_a_change_of_the_frame_does_not_reach_the_cohort():
    frame = pd.DataFrame({"years": [1.0, 2.0], "event": [0, 1], "grade": ["1", "2"], "age": [50.0, 60.0]})
    cohort = Cohort.from_frame(frame, time_unit="years")
    frame.loc[0, "age"], frame.loc[0, "grade"] = 99.0, "3"
    frame["age"].to_numpy()[1] = 98.0
    assert cohort.rows["age"].tolist() == [50.0, 60.0]
    assert cohort.rows["grade"].tolist() == ["1", "2"]


def test_a_model_takes_true_and_false_as_levels_whatever_holds_them():
    rows = frame().assign(plain=[True, False, True, False], nullable=pd.array([True, False, True, None], dtype="boolean"))
    made = Cohort.from_frame(rows, MAP, "months")
    assert made.levels["plain"] == made.levels["nullable"] == ("False", "True")
    assert made.model_frame(["nullable"])["nullable"].astype(object).tolist()[:3] == ["True", "False", "True"]


def test_a_model_takes_no_dates():
    made = Cohort.from_frame(frame().assign(seen=pd.Timestamp("2016-05-31")), MAP, "months")
    with pytest.raises(InputError, match="column 'seen' holds no numbers, and a model takes numbers or categories: make years of the dates"):
        made.model_frame(["seen"])
