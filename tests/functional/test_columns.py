"""Does the dictionary find every mistake at once, with row numbers and without values?"""

from __future__ import annotations

import pandas as pd
import pytest

from survival_nodes import columns
from survival_nodes.columns import COHORT, ESTIMATES, check, frame_of, require
from survival_nodes.errors import InputError

GOOD = {"patient_id": ["a", "b", "c"], "years": [1.0, 2.0, 3.0], "event": [0, 1, 0]}


def problems(**more) -> list[str]:
    return [str(problem) for problem in check(pd.DataFrame({**GOOD, **more}))]


def test_a_good_frame_has_no_problem_and_further_columns_are_kept():
    assert problems(age=[50, 60, None], grade=[1, 2.0, "3"], er=["positive", None, "negative"], ward=["x", "y", "z"]) == []


@pytest.mark.parametrize(("wrong", "said"), [
    ({"years": [1, -2, 3]}, "column 'years': below 0 years in 1 row (row 2)"),
    ({"years": [1, None, 3]}, "column 'years': missing in 1 row (row 2)"),
    ({"event": [0, 1, 2]}, "column 'event': not one of 0, 1 in 1 row (row 3)"),
    ({"age": [50, 160, 170]}, "column 'age': above 120 years in 2 rows (row 2, 3)"),
    ({"n_positive": [1, 2.5, 3]}, "column 'n_positive': not a whole number in 1 row (row 2)"),
    ({"sex": ["female", "F", None]}, "column 'sex': not one of female, male in 1 row (row 2)"),
    ({"nodal_category": ["macro", "N1a", "itc"]}, "column 'nodal_category': not one of negative, itc, micro, macro, unknown in 1 row (row 2)"),
    ({"birth_date": ["1950-01-01", "yesterday", None]}, "column 'birth_date': not a date (write them as 2016-05-31) in 1 row (row 2)"),
    ({"nodal_positive": [True, "perhaps", None]}, "column 'nodal_positive': neither true nor false in 1 row (row 2)"),
])
def test_each_mistake(wrong, said):
    assert said in problems(**wrong)


def test_all_at_once_and_never_a_value():
    said = problems(years=["x-ray", -2, 3], sex=["secret", "female", "male"])
    assert len(said) == 3
    assert not any("x-ray" in line or "secret" in line for line in said)


def test_a_missing_required_column_names_the_nearest():
    said = [str(problem) for problem in check(pd.DataFrame({"patient_id": ["a"], "year": [1.0], "event": [0]}))]
    assert said == ["column 'years': is not there (nearest: 'year')"]


def test_a_closed_frame_refuses_strangers():
    frame = frame_of(ESTIMATES, [{"group": "all", "years": 5.0, "n_risk": 3}])
    assert list(frame.columns) == ESTIMATES.names and check(frame, ESTIMATES) == ()
    with pytest.raises(InputError, match="'ward': does not belong to ESTIMATES"):
        require(frame.assign(ward=1), ESTIMATES)
    with pytest.raises(KeyError):
        frame_of(ESTIMATES, [{"ward": 1}])


def test_more_than_five_rows_are_counted_and_five_are_named():
    frame = pd.DataFrame({"patient_id": list("abcdefgh"), "years": [-1.0] * 8, "event": [0] * 8})
    assert str(check(frame, COHORT)[0]) == "column 'years': below 0 years in 8 rows (row 1, 2, 3, 4, 5, ...)"


def test_the_page_names_every_frame_and_column():
    page = columns.dictionary_page()
    for schema in columns.SCHEMAS:
        assert f"## {schema.name}" in page
        assert all(column.name in page for column in schema.columns)
