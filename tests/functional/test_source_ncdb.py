"""Is the Participant User File of the National Cancer Database read by each of its programs and from exports: codes, nodes, follow-up, and mistakes?"""

from __future__ import annotations

import csv
import gzip
import warnings
from pathlib import Path

import pandas as pd
import pytest

from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.sources.fixed_width import Span
from survival_nodes.sources.layout import code_key, read_fields, read_layout
from survival_nodes.sources.ncdb_puf import program_layout, read_ncdb_puf, with_naaccr_codes
from survival_nodes.sources.reading import cohort_of_reading

SPEC = Path(__file__).parents[1] / "spec" / "source_ncdb.csv"
LAYOUT = with_naaccr_codes(read_layout("ncdb"))
TITLES = {each.name: each.titles[0] for each in LAYOUT.fields}
# Where the items stand in the file of 2022 (those that are read; 1,080 characters a line).
SPANS_2022 = {
    "PUF_CASE_ID": (1, 37), "AGE": (50, 52), "SEX": (53, 53), "SEQUENCE_NUMBER": (75, 76), "YEAR_OF_DIAGNOSIS": (79, 82), "PRIMARY_SITE": (83, 86),
    "LATERALITY": (87, 87), "HISTOLOGY": (88, 91), "BEHAVIOR": (92, 92), "GRADE": (93, 93), "DIAGNOSTIC_CONFIRMATION": (94, 94),
    "REGIONAL_NODES_POSITIVE": (98, 99), "REGIONAL_NODES_EXAMINED": (100, 101), "TNM_CLIN_M": (122, 126), "TNM_PATH_T": (131, 135), "TNM_PATH_N": (136, 140),
    "TNM_EDITION_NUMBER": (150, 151), "CS_SITESPECIFIC_FACTOR_1": (165, 167), "CS_SITESPECIFIC_FACTOR_4": (174, 176), "CS_SITESPECIFIC_FACTOR_5": (177, 179),
    "RX_SUMM_SURG_PRIM_SITE": (270, 271), "RX_SUMM_SCOPE_REG_LN_SUR": (274, 274), "REASON_FOR_NO_RADIATION": (299, 299), "RX_SUMM_CHEMO": (316, 317),
    "RX_SUMM_HORMONE": (326, 327), "RX_SUMM_SYSTEMIC_SUR_SEQ": (340, 340), "DX_LASTCONTACT_DEATH_MONTHS": (354, 361), "PUF_VITAL_STATUS": (362, 362),
    "RX_SUMM_SCOPE_REG_LN_2012": (375, 375), "AJCC_TNM_PATH_N": (583, 597), "AJCC_TNM_PATH_N_SFX": (598, 601), "AJCC_TNM_POST_PATH_N": (651, 665),
    "RX_SUMM_SURG_BREAST": (1059, 1062),
}
# In the file of 2016 other items come before the outcome (410 characters a line).
SPANS_2016 = {**{name: span for name, span in SPANS_2022.items() if span[0] < 275}, "RX_SUMM_SYSTEMIC_SUR_SEQ": (360, 360),
              "DX_LASTCONTACT_DEATH_MONTHS": (374, 381), "PUF_VITAL_STATUS": (382, 382)}
USUAL = {"PUF_CASE_ID": "C1", "AGE": "061", "SEX": "2", "SEQUENCE_NUMBER": "00", "YEAR_OF_DIAGNOSIS": "2012", "PRIMARY_SITE": "C504", "LATERALITY": "1",
         "HISTOLOGY": "8500", "BEHAVIOR": "3", "REGIONAL_NODES_POSITIVE": "00", "REGIONAL_NODES_EXAMINED": "03", "TNM_PATH_N": "0I-",
         "TNM_EDITION_NUMBER": "07", "RX_SUMM_SYSTEMIC_SUR_SEQ": "3", "DX_LASTCONTACT_DEATH_MONTHS": "60.45", "PUF_VITAL_STATUS": "1"}
SAS = """***NCDB Participant User File, 2022, 2004-2022 Diagnosis Years***;
COMMENT This program will import the flat file; applicable to 2004 - 2015 diagnosis years;
LIBNAME library 'Z:\\MyData';
DATA ncdb_puf;
INFILE 'Z:\\MyData\\NCDBPUF_Breast.dat' TRUNCOVER lrecl={length};
/* the columns: START 1-9 */
INPUT
{columns};
LABEL AGE = 'Age at Diagnosis, 18-90';
RUN;
PROC FORMAT LIBRARY = library;
VALUE $fvital '0' = 'Dead' '1' = 'Alive';
"""


def cases(*changes: dict[str, str]) -> list[dict[str, str]]:
    return [{**USUAL, "PUF_CASE_ID": f"C{number}", **change} for number, change in enumerate(changes, start=1)]


def sas(spans=SPANS_2022, dollar: str = "$ ", length: int = 1080) -> str:
    return SAS.format(length=length, columns="\n".join(f"{name} {dollar}{start}-{end}" for name, (start, end) in spans.items()))


def pointer_sas(spans=SPANS_2022) -> str:
    return "data a; infile 'a.dat';\ninput\n" + "\n".join(f"@{start} {name} $char{end - start + 1}." for name, (start, end) in spans.items()) + ";\nrun;\n"


def spss(spans=SPANS_2022) -> str:
    columns = "\n".join(f"  {name} {start}{'' if start == end else f'-{end}'} (A)" for name, (start, end) in spans.items())
    return f"* NCDB.\nDATA LIST FILE='Z:\\MyData\\a.dat' FIXED RECORDS=1 TABLE\n /1\n{columns}.\nVARIABLE LABELS AGE 'Age 0-90'.\nEXECUTE.\n"


def stata(spans=SPANS_2022) -> str:
    columns = " ///\n".join(f"  str{end - start + 1} {name} {start}{'' if start == end else f'-{end}'}" for name, (start, end) in spans.items())
    return f"clear\ninfix ///\n{columns} ///\n  using \"Z:\\MyData\\a.dat\", clear\nlabel define sex 1 \"Male\" 2 \"Female\"\n"


def fixed(folder: Path, *changes: dict[str, str], spans=SPANS_2022, length: int = 1080, program: str | None = None, suffix: str = ".sas",
          name: str = "NCDBPUF_Breast.3.2022.0.dat", beside: str | None = None) -> Path:
    lines = []
    for case in cases(*changes):
        line = [" "] * length
        for title, value in case.items():
            if title in spans:
                start, end = spans[title]
                line[start - 1:end] = (value.rjust(8) if title.startswith("DX_") else value.ljust(end - start + 1))[:end - start + 1]
        lines.append("".join(line))
    path = folder / name
    content = ("\r\n".join(lines) + "\r\n").encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    if program is not None:
        (folder / (beside or f"NCDBPUF_Breast.3.2022.0{suffix}")).write_text(program, encoding="latin-1")
    return path


def export(folder: Path, *changes: dict[str, str], delimiter: str = ",", header=str) -> Path:
    rows = cases(*changes)
    names = list(dict.fromkeys(name for row in rows for name in row))
    path = folder / "ncdb.csv"
    lines = [delimiter.join(map(header, names)), *(delimiter.join(row.get(name, "") for name in names) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def cohort(reading):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cohort_of_reading(reading)


# ---- codes and programs

def expectations() -> list[dict[str, str]]:
    with open(SPEC, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_code_of_every_table_is_signed():
    assert {(row["field"], code_key(row["code"])) for row in expectations()} == {(each.name, code) for each in LAYOUT.fields for code in each.words}


@pytest.mark.parametrize("field", [each for each in LAYOUT.fields if each.words], ids=lambda field: field.name)
def test_every_code_is_read_as_signed(field):
    signed = [row for row in expectations() if row["field"] == field.name]
    codes = pd.DataFrame({field.titles[0]: [row["code"] for row in signed]}, dtype=object)
    needed = {each.titles[0]: "" for each in LAYOUT.fields if each.needed and each.titles[0] != field.titles[0]}
    found = read_fields(LAYOUT, codes.assign(**needed), "file")
    assert ["" if pd.isna(value) else str(value).removesuffix(".0") for value in found.frame[field.name]] == [row["word"] for row in signed]
    assert not found.said


@pytest.mark.parametrize("program", [sas(), sas(dollar=""), sas().replace("\n", "\r\n"), sas().replace("INPUT", "input"), pointer_sas(), spss(), stata()],
                         ids=["SAS", "SAS numbers", "SAS CRLF", "SAS small", "SAS pointers", "SPSS", "Stata"])
def test_every_program_tells_the_same_columns(program):
    assert {span.name: (span.start, span.start + span.width - 1) for span in program_layout(program)} == SPANS_2022


def test_a_program_without_columns_tells_none():
    assert program_layout("PROC FREQ DATA=a; TABLES age; RUN;") == ()
    assert program_layout("INPUT A 1;") == (Span("A", 1, 1),)


# ---- ways of writing

RECORDS = (
    {"TNM_PATH_N": "1MI", "REGIONAL_NODES_POSITIVE": "01", "TNM_CLIN_M": "0", "TNM_PATH_T": "1C", "CS_SITESPECIFIC_FACTOR_1": "010",
     "RX_SUMM_SURG_PRIM_SITE": "22"},
    {"PUF_VITAL_STATUS": "0", "DX_LASTCONTACT_DEATH_MONTHS": "0.00", "AGE": "090", "RX_SUMM_SCOPE_REG_LN_SUR": "1"},
    {"TNM_PATH_N": "", "TNM_EDITION_NUMBER": "", "AGE": "999", "REGIONAL_NODES_EXAMINED": "98", "RX_SUMM_SYSTEMIC_SUR_SEQ": "9"},
)


@pytest.mark.parametrize("write", [
    lambda folder: fixed(folder, *RECORDS, program=sas()), lambda folder: fixed(folder, *RECORDS, program=spss(), suffix=".sps"),
    lambda folder: fixed(folder, *RECORDS, program=stata(), suffix=".do"),
    lambda folder: fixed(folder, *RECORDS, program=sas(), name="NCDBPUF_Breast.3.2022.0.dat.gz"),
    lambda folder: fixed(folder, *RECORDS, program=sas(), beside="PUF2022.sas"),
    lambda folder: fixed(folder, *RECORDS, spans=SPANS_2016, length=410, program=sas(SPANS_2016, length=410)),
    lambda folder: export(folder, *RECORDS), lambda folder: export(folder, *RECORDS, delimiter="\t", header=str.lower),
], ids=["SAS", "SPSS", "Stata", "gzipped", "another name", "2016", "CSV", "tabs, small letters"])
def test_the_same_cohort_whichever_way_it_is_written(write, tmp_path):
    read = cohort(read_ncdb_puf(write(tmp_path)))
    rows = read.rows.set_index("patient_id")
    assert rows["nodal_category"].tolist() == ["micro", "negative", "negative"] and rows["nodal_certainty"].tolist() == ["explicit", "explicit", "default"]
    assert rows["event"].tolist() == [0, 1, 0] and rows["years"].tolist() == pytest.approx([60.45 / 12, 0, 60.45 / 12])
    assert rows["age"].tolist()[:2] == [61, 90] and pd.isna(rows["age"].iloc[2])
    assert rows["neoadjuvant"].tolist() == ["no", "no", "unknown"] and "cause" not in rows and read.causes == ()
    told = {"sex": "female", "topography": "C50.4", "behaviour": 3, "laterality": "right", "er": "positive", "t_category": "T1", "m_category": "M0",
            "surgery": "conserving", "n_positive": 1, "n_examined": 3, "diagnosis_year": 2012, "sequence_number": 0, "histology": "8500"}
    assert {name: rows[name].iloc[0] for name in told} == told
    assert rows["axillary_surgery"].iloc[1] == "other" and pd.isna(rows["n_examined"].iloc[2])


# ---- nodes, treatment, outcome

@pytest.mark.parametrize("told,category,flag", [
    ({"TNM_PATH_N": "p0I+", "TNM_EDITION_NUMBER": "07"}, "itc", ""), ({"TNM_PATH_N": "p1A", "REGIONAL_NODES_POSITIVE": "02"}, "macro", ""),
    ({"TNM_PATH_N": "p0", "CS_SITESPECIFIC_FACTOR_4": "002"}, "itc", ""), ({"TNM_PATH_N": "p0", "CS_SITESPECIFIC_FACTOR_4": "001"}, "negative", ""),
    ({"TNM_PATH_N": "1A", "TNM_EDITION_NUMBER": "99", "REGIONAL_NODES_POSITIVE": "01", "YEAR_OF_DIAGNOSIS": "2003"}, "micro", "EDITION_PRE6"),
    ({"TNM_PATH_N": "1A", "TNM_EDITION_NUMBER": "99", "REGIONAL_NODES_POSITIVE": "01"}, "unknown", "EDITION_CONFLICT"),
    ({"YEAR_OF_DIAGNOSIS": "2019", "TNM_PATH_N": "", "AJCC_TNM_PATH_N": "pN0(i+)", "AJCC_TNM_PATH_N_SFX": "(sn)"}, "itc", "SENTINEL_ONLY"),
    ({"YEAR_OF_DIAGNOSIS": "2019", "TNM_PATH_N": "", "AJCC_TNM_POST_PATH_N": "ypN1mi", "REGIONAL_NODES_POSITIVE": "01"}, "micro", "POST_NEOADJUVANT"),
    ({"TNM_PATH_N": "0I-", "RX_SUMM_SYSTEMIC_SUR_SEQ": "2"}, "negative", "POST_NEOADJUVANT"),
    ({"TNM_PATH_N": "1MI", "RX_SUMM_SYSTEMIC_SUR_SEQ": "9", "REGIONAL_NODES_POSITIVE": "01"}, "micro", "NEOADJ_UNKNOWN"),
    ({"TNM_PATH_N": "88", "REGIONAL_NODES_POSITIVE": "98", "REGIONAL_NODES_EXAMINED": "00"}, "unknown", "NOT_EXAMINED"),
])
def test_nodal_categories(told, category, flag, tmp_path):
    rows = cohort(read_ncdb_puf(fixed(tmp_path, told, program=sas()))).rows
    assert rows["nodal_category"].tolist() == [category] and set(flag.split()) <= set(rows["nodal_flags"][0].split())


@pytest.mark.parametrize("told,column,word", [
    ({"RX_SUMM_SURG_BREAST": "B610"}, "surgery", "mastectomy"),
    ({"RX_SUMM_SCOPE_REG_LN_2012": "2", "RX_SUMM_SCOPE_REG_LN_SUR": "1"}, "axillary_surgery", "sentinel"),
    ({"REASON_FOR_NO_RADIATION": "0"}, "radiotherapy", "yes"), ({"RX_SUMM_CHEMO": "82"}, "chemotherapy", "no"),
    ({"RX_SUMM_HORMONE": "01"}, "endocrine_therapy", "yes"),
    ({"DIAGNOSTIC_CONFIRMATION": "1"}, "confirmation", "microscopic"), ({"GRADE": "2"}, "grade", "2"),
])
def test_treatment_and_tumour(told, column, word, tmp_path):
    assert read_ncdb_puf(fixed(tmp_path, told, program=sas())).frame[column][0] == word


def test_labels_of_an_export_are_read_too(tmp_path):
    frame = read_ncdb_puf(export(tmp_path, {"SEX": "Female", "PUF_VITAL_STATUS": "Dead", "REGIONAL_NODES_POSITIVE": "0", "DX_LASTCONTACT_DEATH_MONTHS": "9999"},
                                 {"SEX": "Male", "PUF_VITAL_STATUS": "Alive"})).frame
    assert frame["sex"].tolist() == ["female", "male"] and frame["event"].tolist() == [1, 0] and frame["years"].isna().tolist() == [True, False]


def test_the_last_year_has_no_vital_status_and_is_counted(tmp_path):
    last = {"YEAR_OF_DIAGNOSIS": "2022", "PUF_VITAL_STATUS": ""}
    reading = read_ncdb_puf(fixed(tmp_path, {}, last, last, program=sas()))
    assert "of 2022 it is missing in 2 of 2 rows" in reading.notes[-1]
    read = cohort(reading)
    assert read.ledger.frame["n_excluded"].tolist()[1] == 2 and "no vital status (2)" in read.ledger.frame["reason"][1]
    told = " ".join(read.origin.notes)
    assert "not population-based" in told and "no cause of death" in told and "Commission on Cancer" in read.origin.citation


def test_other_sites_and_repeated_cases_are_left_out_and_counted(tmp_path):
    read = cohort(read_ncdb_puf(export(tmp_path, {"PUF_CASE_ID": "A", "SEQUENCE_NUMBER": "02"}, {"PUF_CASE_ID": "A", "SEQUENCE_NUMBER": "01", "AGE": "055"},
                                       {"PRIMARY_SITE": "C619"}, {})))
    assert read.ledger.frame[["rule", "n_excluded"]].to_numpy().tolist()[1:3] == [["not a tumour of the breast", 1], ["one row a patient", 1]]
    assert read.rows["age"].tolist() == [55, 61]


def test_unknown_codes_are_counted(tmp_path):
    reading = read_ncdb_puf(fixed(tmp_path, {"LATERALITY": "8"}, {}, program=sas()))
    with pytest.warns(DataWarning, match="column 'LATERALITY': a code that its table does not list in 1 row"):
        cohort_of_reading(reading)


# ---- wishes and mistakes

def test_items_that_are_kept_and_progress(tmp_path):
    told: list[float] = []
    spans = {**SPANS_2022, "CDCC_TOTAL_BEST": (73, 74)}
    path = fixed(tmp_path, {"CDCC_TOTAL_BEST": "01"}, spans=spans, program=sas(spans))
    assert read_ncdb_puf(path, keep="CDCC_TOTAL_BEST", watch=told.append).frame["CDCC_TOTAL_BEST"].tolist() == ["01"] and told[-1] == 1
    with pytest.raises(UsageError, match="no item 'CDCC_TOTAL'.*nearest: 'CDCC_TOTAL_BEST'"):
        read_ncdb_puf(path, keep="CDCC_TOTAL")
    with pytest.raises(UsageError, match="no option 'label'.*nearest: 'labels'"):
        read_ncdb_puf(path, label="x.sas")


def test_a_program_is_wanted(tmp_path):
    path = fixed(tmp_path, {})
    with pytest.raises(UsageError, match="the SAS, SPSS or Stata program .* is wanted; there is none beside it: give it as labels="):
        read_ncdb_puf(path)
    (tmp_path / "a.sas").write_text(sas(), encoding="utf-8")
    (tmp_path / "b.sas").write_text("RUN;", encoding="utf-8")
    with pytest.raises(UsageError, match="there are 'a.sas', 'b.sas': give it as labels="):
        read_ncdb_puf(path)
    assert len(read_ncdb_puf(path, labels=tmp_path / "a.sas").frame) == 1
    with pytest.raises(InputError, match="'b.sas' holds no columns"):
        read_ncdb_puf(path, labels=tmp_path / "b.sas")
    with pytest.raises(UsageError, match="there is no file 'c.sas'"):
        read_ncdb_puf(path, labels=tmp_path / "c.sas")


@pytest.mark.parametrize("change,error,says", [
    (lambda path: path.write_bytes(b""), InputError, "is empty"),
    (lambda path: path.write_bytes(gzip.compress(path.read_bytes())[:-9]), InputError, "gzipped, but cut short"),
    (lambda path: path.write_text(path.read_text()[:400] + "\n", encoding="utf-8"), InputError, "its lines have 400 characters, and by the layout"),
    (lambda path: path.write_bytes(b"PK\x03\x04" + path.read_bytes()), InputError, "zip archive"), (lambda path: path.unlink(), UsageError, "there is no file"),
])
def test_damaged_and_other_files(change, error, says, tmp_path):
    path = fixed(tmp_path, {}, program=sas())
    change(path)
    with pytest.raises(error, match=says) as caught:
        read_ncdb_puf(path)
    assert "\n" not in str(caught.value) and "C504" not in str(caught.value)


def test_an_export_without_an_outcome_says_what_is_wanted(tmp_path):
    path = tmp_path / "ncdb.csv"
    path.write_text("PUF_CASE_ID,AGE\nC1,61\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column was found for 'diagnosis_year' .'YEAR_OF_DIAGNOSIS'.; 'months'"):
        read_ncdb_puf(path)
