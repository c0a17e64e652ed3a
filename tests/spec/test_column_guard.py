"""Numbers that mean other nodes in another coding system: a column is refused before a row of it is read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survival_nodes.errors import UsageError
from survival_nodes.nodes import Evidence, classify, classify_frame, classify_values

LEVELS = [[0, 1, 2, 3], [0.0, 1.0, np.nan], ["0", "1", "", "3"], ["1.0", "2.0", None], [0, 1, 9], [0, 0, 1, 99], ["0", "1", "88"], ["N0", "1", "2"], ["1", "NX", "2"], [0, 0]]
CODES_6 = [["00", "01", "02"], [0, 1, 18], [0.0, 11.0], ["N0", "N1mi"], ["N0(i+)", "02"], [0, 4], [99, 99], ["", None], ["01", "1"], [2]]
SHORT_OF_7 = [[0, 10, 20], [0, 18, 11, 99], [0.0, 20.0, 999.0], ["0", "20", "40"], [0, 1, 2, 3], ["10", "N0", "888"]]
CODES_7 = [["000", "010", "020"], [0, 20, 180], ["20", "110"], [10.0, 199.0], ["N0", "N0(i+)"], [888, 999], [None, ""], ["020", "20"], [20]]


def column(values) -> pd.DataFrame:
    return pd.DataFrame({"n": pd.Series(values, dtype=None if all(isinstance(value, (int, float)) for value in values) else object)})


@pytest.mark.parametrize("values", LEVELS, ids=str)
def test_plain_levels_are_no_storage_codes_of_the_6th_edition(values):
    with pytest.raises(UsageError, match=r"NUMERIC_AMBIGUOUS: the column 'n' is declared as seer_ajcc6_n, but holds nothing but 0 to 3") as refused:
        classify_frame(column(values), [Evidence("seer_ajcc6_n", "n")])
    told = str(refused.value)
    assert "1 would be N0(i-), which is negative" in told and "as naaccr_tnm_path_n" in told and "write them with two digits, as 01" in told
    assert "Its values could be " in told and "seer_ajcc6_n (" not in told and "\n" not in told
    if values == LEVELS[0]:
        assert "naaccr_tnm_path_n (NAACCR item 890, TNM Path N); ncdb_path_n" in told


@pytest.mark.parametrize("values", CODES_6, ids=str)
def test_storage_codes_of_the_6th_edition_are_read(values):
    found = classify_frame(column(values), [Evidence("seer_ajcc6_n", "n")])
    assert found.nodal_category.tolist() == [classify("seer_ajcc6_n", value).category for value in values]


@pytest.mark.parametrize("values", SHORT_OF_7, ids=str)
def test_numbers_below_100_are_no_storage_codes_of_the_7th_edition(values):
    with pytest.raises(UsageError, match=r"NUMERIC_AMBIGUOUS: the column 'n' is declared as seer_ajcc7_n, but holds no code of 100 or more") as refused:
        classify_frame(column(values), [Evidence("seer_ajcc7_n", "n")])
    assert "Declare seer_ajcc6_n, or the system of plain levels" in str(refused.value) and "write them with three digits, as 010" in str(refused.value)


@pytest.mark.parametrize("values", CODES_7, ids=str)
def test_storage_codes_of_the_7th_edition_are_read(values):
    found = classify_frame(column(values), [Evidence("seer_ajcc7_n", "n")])
    assert found.nodal_category.tolist() == [classify("seer_ajcc7_n", value).category for value in values]


def test_a_column_of_the_7th_edition_is_not_read_as_one_of_the_6th():
    """020 is N0(i+), and without its nought N2 of the 6th."""
    with pytest.raises(UsageError, match="holds codes of three digits, as the 7th edition has them, and none that only the 6th has: declare seer_ajcc7_n"):
        classify_values("seer_ajcc6_n", [0, 10, 20, 110, 180])
    slip = classify_values("seer_ajcc6_n", [0, 18, 11, 110])  # one slip in a column of the 6th is an unknown code
    assert slip.nodal_category.tolist() == ["unknown", "micro", "macro", "unknown"] and "UNKNOWN_CODE" in slip.nodal_flags[3]


def test_a_message_holds_no_value_of_a_patient():
    with pytest.raises(UsageError) as refused:
        classify_values("seer_ajcc6_n", ["1", "2", "Mrs Smith"])
    assert "Smith" not in str(refused.value)


def test_the_guard_looks_at_the_column_of_the_code_and_not_at_its_context():
    frame = pd.DataFrame({"n": ["18", "02", "11"], "pos": [0, 1, 2]})
    assert classify_frame(frame, [Evidence("seer_ajcc6_n", "n", nodes_positive="pos")]).nodal_category.tolist() == ["unknown", "itc", "macro"]


def test_any_cell_is_accepted_in_a_guarded_column():
    cells = ["18", None, ["N0"], {"a": 1}, b"N0", pd.NaT, "x" * 5000, 11, 2**70]
    found = classify_frame(column(cells), [Evidence("seer_ajcc6_n", "n")])
    assert found.nodal_category.tolist() == ["micro", *["unknown"] * 6, "macro", "unknown"]


@pytest.mark.parametrize("kind", ["Int64", "float64", "category", "string"])
def test_a_column_is_guarded_in_any_pandas_type(kind):
    with pytest.raises(UsageError, match="NUMERIC_AMBIGUOUS"):
        classify_values("seer_ajcc6_n", pd.Series(["0", "1", "2", None], dtype=object).astype("float64" if kind == "float64" else object).astype(kind))


def test_a_column_without_a_coding_system_is_answered_with_those_that_could_read_it():
    frame = pd.DataFrame({"n": [0, 1, 11, 12, 18, 19, 20]})
    with pytest.raises(UsageError, match=r"say in what coding system the column 'n' is written, as Evidence\(SYSTEM, 'n'\)") as refused:
        classify_frame(frame, ["n"])
    assert "seer_ajcc6_n (SEER, derived AJCC N of the 6th edition" in str(refused.value) and "seer_ajcc7_n" not in str(refused.value)
    with pytest.raises(UsageError, match=r"Its values could be .*seer_ajcc7_n \(SEER, derived AJCC N of the 7th edition"):
        classify_values(None, [0, 110, 120, 180, 199])
    with pytest.raises(UsageError, match=r"of none of them; there are: .*seer_cs_nodes"):
        classify_frame(pd.DataFrame({"n": ["left", "right"]}), "n")
