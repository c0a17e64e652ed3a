"""Does a scan refuse what it cannot do in one clear line, with the way out, and without a patient's value?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.errors import InputError, UsageError

pytest.importorskip("duckdb")
TEXT = pd.DataFrame({
    "id": [f"S{place}" for place in range(60)], "months": [0, 14, 33, 47, 60, 75] * 10, "dead": [1, 0, 1, 0, 1, 1] * 10, "age": [41, 52, 63, 67, 71, 84] * 10,
    "grade": ["I", "II", "III"] * 20, "w": [0.5, 1.5] * 30})
COLUMNS = {"years": "months", "event": "dead"}


@pytest.fixture
def scan_of(tmp_path):
    def scanned(rows: pd.DataFrame = TEXT, **options) -> sn.CohortScan:
        rows.to_csv(tmp_path / "small.csv", index=False)
        return sn.scan_cohort(tmp_path / "small.csv", **{"columns": COLUMNS, "time_unit": "months", **options})

    return scanned


def refusal(kind: type[Exception], work) -> str:
    with pytest.raises(kind) as caught:
        work()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_scan_reads_own_files_only(scan_of):
    said = refusal(UsageError, lambda: scan_of(source="seer-stat"))
    assert "not the source 'seer-stat'" in said and "read_cohort" in said


def test_a_mapping_is_held_against_the_files_before_anything_is_counted(scan_of):
    assert "'event' is mapped to a column that is not in 'small.csv': there is no column 'deat' (nearest: 'dead')" in refusal(
        InputError, lambda: scan_of(columns={"years": "months", "event": "deat"}))
    assert "'small.csv': no column is mapped to 'event'" in refusal(InputError, lambda: scan_of(columns={"years": "months"}))
    assert "in what unit is the follow-up?" in refusal(UsageError, lambda: scan_of(time_unit=None))
    assert "levels.stage: there is no column 'stage'" in refusal(InputError, lambda: scan_of(levels={"stage": ["I"]}))
    assert "there is no option 'time_units' (nearest: 'time_unit')" in refusal(UsageError, lambda: scan_of(time_units="days"))
    nodal = {"nodal": {"system": "gdc_path_n", "column": "pn"}}
    assert "there is no column 'pn'" in refusal(InputError, lambda: scan_of(mapping=nodal))


def test_a_column_that_is_not_there_is_named_with_the_nearest(scan_of):
    scan = scan_of()
    for work in (lambda: sn.KaplanMeier("grad")(scan), lambda: scan.cells(("age", "grad")), lambda: scan.where("grad == 'II'"),
                 lambda: scan.where(sn.Rule("graded", lambda rows: rows["grad"].notna(), columns="grad"))):
        assert "there is no column 'grad' (nearest: 'grade'); there are: years, event, id, age, grade, w" in refusal(InputError, work)
    assert "there is no column 'sex'" in refusal(InputError, lambda: scan.select("female").ledger)
    assert "there is no rule among those chosen" in refusal(UsageError, lambda: scan.select("default", without="femal"))
    assert "there is no cohort rule or set" in refusal(UsageError, lambda: scan.select("defalt"))


def test_a_rule_must_say_what_it_reads_and_judge_row_by_row(scan_of):
    scan = scan_of()
    for rule in (lambda rows: rows["age"] > 50, np.ones(60, dtype=bool), pd.Series(np.ones(60, dtype=bool))):
        said = refusal(UsageError, lambda: scan.where(rule))
        assert "needs each patient's row, which a scan never loads" in said and "age >= 18" in said
    undeclared = sn.Rule("adult", lambda rows: rows["age"] >= 18)
    for work in (lambda: scan.where(undeclared), lambda: scan.select([undeclared])):
        assert "the rule 'adult' does not say which columns it reads" in refusal(UsageError, work)
    for condition in ("age < age.mean()", "age < age.max()"):
        assert "judges a patient by others" in refusal(UsageError, lambda: scan.where(condition).ledger)
    assert "the condition 'age >' is not written as one is" in refusal(UsageError, lambda: scan.where("age >"))
    assert "cannot be applied" in refusal(UsageError, lambda: scan.where("age > 'old'").ledger)


def test_what_needs_rows_is_refused_by_its_name(scan_of):
    scan = scan_of()
    for work in (lambda: scan.rows, lambda: scan.frame, lambda: scan.landmark(1), lambda: scan.with_columns(TEXT), lambda: scan.exit_ticks):
        said = refusal(UsageError, work)
        assert "needs each patient's row, which a scan never loads: read the cohort with read_cohort(...)" in said
    assert "patient_id needs each patient's row" in refusal(UsageError, lambda: scan_of(columns={**COLUMNS, "patient_id": "id"}).cells("patient_id"))
    assert "weights" in refusal(UsageError, lambda: sn.KaplanMeier("grade", weights="w")(scan))
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        scan.colour
    assert "there is no endpoint 'recurence'" in refusal(UsageError, lambda: scan.with_endpoint("recurence"))
    assert "choice for a follow-up of zero" in refusal(UsageError, lambda: scan.with_zero_follow_up("halve"))


def test_wrong_values_are_counted_in_patients_and_not_shown(scan_of):
    wrong = TEXT.assign(months=["soon", *TEXT["months"][1:]])
    said = refusal(InputError, lambda: scan_of(wrong).ledger)
    assert said == "'small.csv': column 'months' (years): not a number of months (what stands for missing goes into missing = [...] under [file]) for 1 patient"
    wrong = TEXT.assign(dead=[2, 0, 1, 0, 1, 1] * 10)
    assert "column 'dead' (event): neither 0 (censored) nor 1 (event): declare the codes for 10 patients" in refusal(InputError, lambda: scan_of(wrong).ledger)
    wrong = TEXT.assign(months=[-1, 14, 33, None, 60, 75] * 10)
    said = refusal(InputError, lambda: scan_of(wrong).ledger)
    assert "missing for 10 patients" in said and "negative for 10 patients" in said and "row" not in said
    assert "outside its declared levels (I, II) in 20 rows" in refusal(InputError, lambda: scan_of(levels={"grade": ["I", "II"]}).cells("grade"))
    assert "1 code that [codes.grade] does not list (a code = \"\" is missing) for 20 patients" in refusal(
        InputError, lambda: scan_of(codes={"grade": {"I": "1", "II": "2"}}).cells("grade"))
    assert scan_of(codes={"grade": {"I": "1", "II": "2"}}).cells("age").n_patients == 60  # only what is asked is read


def test_more_combinations_than_may_be_held_name_the_column(scan_of):
    many = pd.concat([TEXT] * 20, ignore_index=True).assign(age_exact=lambda rows: 40 + np.arange(len(rows)) / 100)
    scan = scan_of(many, limit=200)
    assert len(scan.cells("grade").frame) <= 200
    assert "'age_exact'" in refusal(InputError, lambda: scan.cells(("grade", "age_exact")))


def test_a_file_without_rows_has_nobody(scan_of):
    assert "holds columns and no rows" in refusal(InputError, lambda: scan_of(TEXT.iloc[:0]).ledger)
