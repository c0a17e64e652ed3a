"""Is Simulacrum read in both versions: tumours joined to patients, breast only, the first tumour, follow-up from dates, and mistakes."""

from __future__ import annotations

import csv
import gzip
import shutil
import warnings
from pathlib import Path

import pandas as pd
import pytest

from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.sources.layout import read_fields, read_layout
from survival_nodes.sources.reading import cohort_of_reading
from survival_nodes.sources.simulacrum import read_simulacrum

SPEC = Path(__file__).parents[1] / "spec" / "source_simulacrum.csv"
LAYOUTS = {name: read_layout(name) for name in ("simulacrum", "simulacrum-patient")}
TUMOUR = {"TUMOURID": "10", "PATIENTID": "1", "DIAGNOSISDATEBEST": "2014-01-05", "SITE_ICD10_O2": "C504", "SITE_ICD10_O2_3CHAR": "C50",
          "MORPH_ICD10_O2": "8500", "BEHAVIOUR_ICD10_O2": "3", "T_BEST": "1c", "N_BEST": "1mi", "M_BEST": "0", "STAGE_BEST": "1B", "GRADE": "G2",
          "AGE": "61", "SEX": "2", "ER_STATUS": "P", "PR_STATUS": "N", "HER2_STATUS": "B", "LATERALITY": "L", "QUINTILE_2015": "3"}
PATIENT = {"PATIENTID": "1", "SEX": "2", "LINKNUMBER": "900", "ETHNICITY": "A", "DEATHCAUSECODE_UNDERLYING": "C509", "NEWVITALSTATUS": "D",
           "VITALSTATUSDATE": "2016-01-05"}
NEW_NAMES = {"SITE_ICD10_O2": "SITE_ICD10R4_O2_FROM2013", "SITE_ICD10_O2_3CHAR": "SITE_ICD10R4_O2_3CHAR_FROM2013", "SEX": "GENDER",
             "NEWVITALSTATUS": "VITALSTATUS", "QUINTILE_2015": "QUINTILE_2019"}


def expectations() -> list[dict[str, str]]:
    with open(SPEC, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def table(path: Path, usual: dict[str, str], rows: list[dict[str, str]], version: int) -> Path:
    """A table in the exact layout of a version, every field quoted."""
    names = [NEW_NAMES.get(name, name) if version == 2 else name for name in usual]
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerows([names, *({**usual, **row}.values() for row in rows)])
    return path


def written(folder: Path, tumours: list[dict[str, str]], patients: list[dict[str, str]] = [{}], version: int = 1) -> Path:
    table(folder / "sim_av_patient.csv", PATIENT, patients, version)
    return table(folder / "sim_av_tumour.csv", TUMOUR, tumours, version)


def quiet_cohort(reading):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cohort_of_reading(reading)


def test_every_code_of_every_table_is_signed():
    signed = {(row["layout"], row["field"], row["code"].casefold()) for row in expectations()}
    assert signed == {(name, each.name, code) for name, layout in LAYOUTS.items() for each in layout.fields for code in each.words}


@pytest.mark.parametrize("row", expectations(), ids=lambda row: f"{row['layout']}-{row['field']}-{row['code']}")
def test_every_code_is_read_as_signed(row):
    layout = LAYOUTS[row["layout"]]
    titles = {each.name: each.titles[0] for each in layout.fields}
    needed = {titles[each.name]: [""] for each in layout.fields if each.needed}
    found = read_fields(layout, pd.DataFrame({**needed, titles[row["field"]]: [row["code"]]}, dtype=object), "file")
    value = found.frame[row["field"]][0]
    assert (value == (row["word"] if isinstance(value, str) else float(row["word"]))) if row["word"] else pd.isna(value)
    assert not found.said


@pytest.mark.parametrize("version", [1, 2])
def test_both_versions_become_the_same_cohort(version, tmp_path):
    written(tmp_path, [{}], version=version)
    cohort = quiet_cohort(read_simulacrum(tmp_path, keep=(f"QUINTILE_{2015 if version == 1 else 2019}", "ETHNICITY")))
    row = cohort.rows.iloc[0]
    told = {"patient_id": "1", "sample_id": "10", "event": 1, "cause": "breast-cancer", "sex": "female", "age": 61, "topography": "C50.4", "behaviour": 3,
            "t_category": "T1", "m_category": "M0", "grade": "2", "er": "positive", "pr": "negative", "laterality": "left", "diagnosis_year": 2014,
            "nodal_category": "micro", "ETHNICITY": "A"}
    assert {name: row[name] for name in told} == told
    assert pd.isna(row["her2"])  # borderline
    assert row["years"] == pytest.approx(730 / 365.25)
    assert row["death_date"] == pd.Timestamp(2016, 1, 5)
    assert cohort.synthetic and "synthetic" in cohort.origin.notes[0]
    assert [each.name for each in cohort.origin.files] == ["sim_av_tumour.csv", "sim_av_patient.csv"]
    assert not {"SITE_ICD10_O2_3CHAR", "vital_date", "n_best"} & set(cohort.rows)


@pytest.mark.parametrize(("n_best", "category", "positive", "flag"), [
    ("0", "unknown", False, "BASIS_UNSPECIFIED"),  # clinical or pathological is not said
    ("N0", "unknown", False, "BASIS_UNSPECIFIED"),
    ("0i+", "itc", False, ""), ("0(i+)", "itc", False, ""), ("1mi", "micro", True, ""), ("N1mi", "micro", True, ""),
    ("1", "unknown", True, "BASIS_UNSPECIFIED"), ("2", "unknown", True, "BASIS_UNSPECIFIED"), ("2a", "unknown", True, "BASIS_UNSPECIFIED"),
    ("3", "unknown", True, "BASIS_UNSPECIFIED"), ("1a", "macro", True, "SIZE_MIXED"), ("1b", "unknown", True, "IMN"),
    ("X", "unknown", None, ""), ("", "unknown", None, "MISSING"), ("itc?", "unknown", None, "UNPARSEABLE"),
])
def test_n_without_a_basis(n_best, category, positive, flag, tmp_path):
    row = quiet_cohort(read_simulacrum(written(tmp_path, [{"N_BEST": n_best}]))).rows.iloc[0]
    assert row["nodal_category"] == category
    assert (None if pd.isna(row["nodal_positive"]) else bool(row["nodal_positive"])) == positive
    assert set(flag.split()) <= set(row["nodal_flags"].split())


def test_n0_may_be_declared_pathological(tmp_path):
    reading = read_simulacrum(written(tmp_path, [{"N_BEST": "0"}]), codes={"n_best": {"0": "N0(p)"}})
    assert quiet_cohort(reading).rows["nodal_category"].tolist() == ["negative"]


def test_the_edition_follows_the_year(tmp_path):
    written(tmp_path, [{"DIAGNOSISDATEBEST": "2015-12-31"}])
    assert "AJCC 7" in quiet_cohort(read_simulacrum(tmp_path)).rows["nodal_reason"][0]
    written(tmp_path, [{"DIAGNOSISDATEBEST": "2018-01-01"}], [{"VITALSTATUSDATE": "2020-01-01"}])
    assert "AJCC 8" in quiet_cohort(read_simulacrum(tmp_path)).rows["nodal_reason"][0]


def test_other_cancers_strangers_and_later_tumours_are_counted(tmp_path):
    path = written(tmp_path, [
        {"TUMOURID": "10"}, {"TUMOURID": "9"},  # of one day: 9 comes before 10, as numbers
        {"TUMOURID": "11", "SITE_ICD10_O2": "C341", "SITE_ICD10_O2_3CHAR": "C34", "DIAGNOSISDATEBEST": "2013-01-01", "GRADE": "?"},
        {"TUMOURID": "12", "PATIENTID": "77"},
        {"TUMOURID": "13", "PATIENTID": "2", "DIAGNOSISDATEBEST": "2015-01-01"}, {"TUMOURID": "14", "PATIENTID": "2", "DIAGNOSISDATEBEST": "2014-06-01"},
        {"TUMOURID": "15", "PATIENTID": "3", "SITE_ICD10_O2": "D051", "SITE_ICD10_O2_3CHAR": "D05"},
        {"TUMOURID": "16", "PATIENTID": "4", "SITE_ICD10_O2": "C349"},  # four characters of another site
    ], [{}, {"PATIENTID": "2"}, {"PATIENTID": "3"}, {"PATIENTID": "4"}])
    reading = read_simulacrum(path)
    assert reading.said == ()  # the codes of other cancers are none of ours
    cohort = quiet_cohort(reading)
    steps = cohort.ledger.frame.set_index("rule")["n_excluded"].to_dict()
    assert steps == {"read": 0, "breast": 2, "patient known": 1, "first breast tumour": 2}
    assert cohort.rows["sample_id"].tolist() == ["9", "14", "16"]
    assert cohort.rows["topography"].tolist() == ["C50.4", "C50.4", "C50"]


@pytest.mark.parametrize(("entries", "event", "cause"), [
    ({"NEWVITALSTATUS": "A"}, 0, "none"), ({"NEWVITALSTATUS": "X"}, 0, "none"), ({"NEWVITALSTATUS": "X3"}, 0, "none"),
    ({}, 1, "breast-cancer"), ({"DEATHCAUSECODE_UNDERLYING": "I219"}, 1, "other"), ({"DEATHCAUSECODE_UNDERLYING": "c50"}, 1, "breast-cancer"),
    ({"DEATHCAUSECODE_UNDERLYING": ""}, 1, None), ({"DEATHCAUSECODE_UNDERLYING": "C509,I219"}, 1, None), ({"DEATHCAUSECODE_UNDERLYING": "?"}, 1, None),
    ({"NEWVITALSTATUS": "D4"}, None, None), ({"NEWVITALSTATUS": "D5"}, None, None), ({"NEWVITALSTATUS": ""}, None, None),
])
def test_vital_status_and_cause(entries, event, cause, tmp_path):
    row = read_simulacrum(written(tmp_path, [{}], [entries])).frame.iloc[0]
    assert (None if pd.isna(row["event"]) else row["event"]) == event
    assert (None if pd.isna(row["cause"]) else row["cause"]) == cause


def test_unclear_causes_leave_death_of_breast_cancer_as_an_endpoint_of_its_own(tmp_path):
    path = written(tmp_path, [{}, {"PATIENTID": "2"}], [{}, {"PATIENTID": "2", "DEATHCAUSECODE_UNDERLYING": ""}])
    cohort = quiet_cohort(read_simulacrum(path)).with_endpoint("breast-cancer")
    assert len(cohort) == 1


def test_a_status_before_diagnosis_is_no_follow_up_and_is_said(tmp_path):
    path = written(tmp_path, [{}, {"PATIENTID": "2"}, {"PATIENTID": "3"}], [
        {}, {"PATIENTID": "2", "VITALSTATUSDATE": "2014-01-04"}, {"PATIENTID": "3", "VITALSTATUSDATE": "2014-01-05"}])
    reading = read_simulacrum(path)
    assert reading.frame["years"].isna().tolist() == [False, True, False] and reading.frame["years"][2] == 0
    with pytest.warns(DataWarning) as told:
        cohort = cohort_of_reading(reading)
    assert any("dated before the diagnosis in 1 rows" in str(one.message) for one in told)
    assert cohort.ledger.frame.set_index("rule").loc["survival known", "n_excluded"] == 1


def test_where_the_tables_are_looked_for(tmp_path):
    inner, other = tmp_path / "simulacrum_v2.1.0" / "Data", tmp_path / "elsewhere"
    inner.mkdir(parents=True)
    other.mkdir()
    written(inner, [{}], version=2)
    assert len(read_simulacrum(tmp_path / "simulacrum_v2.1.0").frame) == 1
    shutil.move(inner / "sim_av_patient.csv", other / "people.csv")
    with pytest.raises(UsageError, match="no sim_av_patient.csv in the folder 'Data': name it with patients="):
        read_simulacrum(inner / "sim_av_tumour.csv")
    assert len(read_simulacrum(inner / "sim_av_tumour.csv", patients=other / "people.csv").frame) == 1
    with pytest.raises(UsageError, match="no sim_av_tumour.csv in the folder 'elsewhere'"):
        read_simulacrum(other)


def test_packed_tables(tmp_path):
    written(tmp_path, [{}])
    for name in ("sim_av_tumour.csv", "sim_av_patient.csv"):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
        (tmp_path / name).unlink()
    assert read_simulacrum(tmp_path).frame["event"].tolist() == [1]


def test_mistakes(tmp_path):
    written(tmp_path, [{}], [{}, {}])
    with pytest.raises(InputError, match="1 patients stand twice"):
        read_simulacrum(tmp_path)
    path = written(tmp_path, [{}])
    with pytest.raises(InputError, match="no column was found for 'event'"):
        read_simulacrum(path, patients=path)
    with pytest.raises(UsageError, match="column of this source"):
        read_simulacrum(path, columns={"n_positive": "X"})
    with pytest.raises(UsageError, match="keep: .*ETHNIC"):
        read_simulacrum(path, keep="ETHNIC")
    with pytest.raises(UsageError, match="option"):
        read_simulacrum(path, patient="x")
    written(tmp_path, [{"SITE_ICD10_O2_3CHAR": "C34"}])
    with pytest.raises(InputError, match="nobody is left .*breast: 0 left"):
        cohort_of_reading(read_simulacrum(path))
    packed = tmp_path / "sim_av_tumour.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes())[:-9])
    with pytest.raises(InputError, match="cut short"):
        read_simulacrum(packed)


def test_own_names_of_columns_in_either_table(tmp_path):
    path = written(tmp_path, [{}])
    for table_path, old, new in ((path, "N_BEST", "NODES"), (tmp_path / "sim_av_patient.csv", "NEWVITALSTATUS", "STATUS")):
        table_path.write_text(table_path.read_text().replace(f'"{old}"', f'"{new}"'))
    reading = read_simulacrum(path, columns={"n_best": "NODES", "event": "STATUS"}, codes={"event": {"D": "0"}})
    assert reading.frame["event"].tolist() == [0]
    assert quiet_cohort(reading).rows["nodal_category"].tolist() == ["micro"]
