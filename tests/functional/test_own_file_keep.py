"""Columns that are named are read, and no others; what is counted and estimated does not change."""

from __future__ import annotations

import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.errors import InputError, UsageError
from survival_nodes.sources.mapping import mapping_from, read_mapping

FRAME = pd.DataFrame({
    "patient_id": ["a", "b", "c", "d"], "os": [5, 30, 40, 60], "dead": [1, 0, 1, 0], "entry_years": [0, 2, 0, 0], "age": [50, 60, 70, 80],
    "grade": ["1", "2", "3", "2"], "note": ["x", "y", "z", "w"], "pn": ["pN0", "pN1mi", "pN0(i+)", "pN1a"]})
COLUMNS = {"years": "os", "event": "dead"}


@pytest.fixture(params=["csv", "parquet"])
def path(request, tmp_path):
    path = tmp_path / f"c.{request.param}"
    FRAME.to_csv(path, index=False) if request.param == "csv" else FRAME.to_parquet(path)
    return path


def read(path, **options):
    return sn.read_cohort(path, columns=COLUMNS, time_unit="months", **options)


def test_without_keep_every_column_is_kept(path):
    assert list(read(path).rows) == ["patient_id", "years", "entry_years", "event", "age", "grade", "note", "pn"]


def test_what_is_mapped_kept_or_of_follow_up_is_read_and_nothing_else(path):
    cohort = read(path, keep=["grade"])
    assert list(cohort.rows) == ["patient_id", "years", "entry_years", "event", "grade"]  # delayed entry is never left out
    assert cohort.rows["grade"].tolist() == FRAME["grade"].tolist() and cohort.entry_ticks.tolist() == [-1, 2, -1, -1]
    assert cohort.ledger.frame.equals(read(path).ledger.frame) and cohort.origin.files == read(path).origin.files


def test_without_its_patients_a_file_has_a_patient_a_row_and_says_so(path):
    cohort = read(path, keep=())
    assert cohort.rows["patient_id"].tolist() == ["1", "2", "3", "4"]
    assert cohort.origin.notes == ("The column 'patient_id' was not kept: each row is taken for a patient of its own.",)
    kept = read(path, keep=["patient_id"])
    assert kept.rows["patient_id"].tolist() == list("abcd") and kept.origin.notes == ()


def test_columns_with_codes_levels_or_nodal_evidence_are_read(path):
    mapping = {"columns": COLUMNS, "units": {"time": "months"}, "codes": {"grade": {"1": "1", "2": "2", "3": "3"}}, "levels": {"note": ["w", "x", "y", "z"]},
               "nodal": [{"system": "pathology_text", "column": "pn"}], "file": {"keep": []}}
    rows = sn.read_cohort(path, mapping=mapping).rows
    assert {"grade", "note", "nodal_category"} <= set(rows) and "age" not in rows
    assert rows["nodal_category"].tolist() == ["negative", "micro", "itc", "macro"]


def test_a_column_to_keep_that_is_not_there_is_refused(path):
    with pytest.raises(UsageError, match=r"keep: 'c\.\w+': there is no column 'grad' \(nearest: 'grade'\)"):
        read(path, keep=["grad"])


def test_messages_name_columns_that_are_not_read(path):
    with pytest.raises(InputError, match="there is no column 'agee' .nearest: 'age'"):
        sn.read_cohort(path, columns={**COLUMNS, "age": "agee"}, time_unit="months", keep=())
    with pytest.raises(InputError, match="no column is mapped to 'years'.* there are: patient_id, os, dead, entry_years, age, grade, note, pn"):
        sn.read_cohort(path, columns={"event": "dead"}, time_unit="months", keep=())


@pytest.mark.parametrize("keep", ["age", [1]])
def test_keep_is_a_list_of_names(path, keep):
    with pytest.raises(UsageError, match="keep: give a list of names of columns"):
        read(path, keep=keep)


def test_a_mapping_in_toml_may_say_it(tmp_path):
    (tmp_path / "m.toml").write_text('[file]\nkeep = ["age", "grade"]\n[units]\ntime = "months"\n')
    assert read_mapping(tmp_path / "m.toml").file.keep == ("age", "grade") and mapping_from({}).file.keep is None
