"""Are NAACCR records read the same from XML, fixed columns and exports: codes, dates, follow-up, causes, nodes by era, tumours; and are wrong files named?"""

from __future__ import annotations

import csv
import gzip
import tracemalloc
import warnings
from pathlib import Path

import pandas as pd
import pytest

from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.sources.layout import code_key, find_titles, read_fields, read_layout
from survival_nodes.sources.naaccr import read_naaccr
from survival_nodes.sources.naaccr_xml import read_xml
from survival_nodes.sources.reading import cohort_of_reading

SPEC = Path(__file__).parents[1] / "spec" / "source_naaccr.csv"
FLAT = Path(__file__).parents[2] / "data" / "layouts" / "naaccr_flat.csv"
LAYOUT = read_layout("naaccr")
TITLES = {each.name: each.titles[0] for each in LAYOUT.fields}
NUMBERS = {each.titles[0]: each.titles[1] for each in LAYOUT.fields}
ROOT = ('<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-230.xml" recordType="I" specificationVersion="1.6" '
        'xmlns="http://naaccr.org/naaccrxml"{}>')
PATIENT = ("patientIdNumber", "sex", "dateOfBirth", "vitalStatus", "dateOfLastContact", "causeOfDeath", "icdRevisionNumber")
USUAL = {"patientIdNumber": "00000001", "sex": "2", "dateOfBirth": "19500317", "vitalStatus": "1", "dateOfLastContact": "20180601", "primarySite": "C504",
         "sequenceNumberCentral": "00", "dateOfDiagnosis": "20120215", "behaviorCodeIcdO3": "3", "csLymphNodes": "000", "csLymphNodesEval": "3",
         "regionalNodesPositive": "00", "regionalNodesExamined": "03", "rxSummSystemicSurSeq": "3"}


def positions() -> list[dict[str, str]]:
    lines = FLAT.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def expectations() -> list[dict[str, str]]:
    with open(SPEC, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def tumours(*changes: dict[str, str]) -> list[dict[str, str]]:
    return [{**USUAL, "patientIdNumber": f"{number:08d}", **change} for number, change in enumerate(changes, start=1)]


def items(entries: dict[str, str], numbered: bool = False) -> str:
    return "".join(f'<Item naaccrNum="{NUMBERS[name]}">{value}</Item>' if numbered and name in NUMBERS else f'<Item naaccrId="{name}">{value}</Item>'
                   for name, value in entries.items())


def xml(folder: Path, *changes: dict[str, str], name: str = "records.xml", numbered: bool = False, root: str = ROOT.format(""), head: str = "",
        tail: str = "") -> Path:
    """One patient with one tumour a change, in the exact form of the exchange format."""
    body = ""
    for tumour in tumours(*changes):
        of_patient = {item: value for item, value in tumour.items() if item in PATIENT}
        of_tumour = {item: value for item, value in tumour.items() if item not in PATIENT}
        body += f"\n<Patient>{items(of_patient, numbered)}<Tumor>{items(of_tumour, numbered)}</Tumor></Patient>"
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n{root}{head}{body}\n{tail}</NaaccrData>\n'.encode()
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def flat(folder: Path, *changes: dict[str, str], version: str = "180", kind: str = "I", length: int | None = None, end: str = "\n") -> Path:
    """Records of fixed columns: every item at its place, blank elsewhere."""
    lines = []
    for tumour in tumours(*changes):
        record = [" "] * (length or LAYOUT.own["lengths"][version][kind])
        for start, text in ((1, kind), (17, version)):
            record[start - 1:start - 1 + len(text)] = text
        for each in positions():
            if each["version"] == version and each["id"] in tumour:
                start, width = int(each["start"]) - 1, int(each["width"])
                record[start:start + width] = tumour[each["id"]].ljust(width)[:width]
        lines.append("".join(record))
    path = folder / f"records.{version}.txt"
    path.write_text(end.join(lines) + end, encoding="utf-8", newline="")
    return path


def export(folder: Path, *changes: dict[str, str], header=lambda name: name, delimiter: str = ",", top: str = "") -> Path:
    rows = tumours(*changes)
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [delimiter.join(header(name) for name in names), *(delimiter.join(row.get(name, "") for name in names) for row in rows)]
    path = folder / "records.csv"
    path.write_text(top + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def cohort(reading):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cohort_of_reading(reading)


def frame(path: Path, **options) -> pd.DataFrame:
    return read_naaccr(path, **options).frame


# ---- codes

def test_every_code_of_every_table_is_signed():
    signed = {(row["field"], code_key(row["code"])) for row in expectations()}
    assert signed == {(each.name, code) for each in LAYOUT.fields for code in each.words}


@pytest.mark.parametrize("field", [each for each in LAYOUT.fields if each.words], ids=lambda field: field.name)
def test_every_code_is_read_as_signed(field):
    signed = [row for row in expectations() if row["field"] == field.name]
    codes = pd.DataFrame({field.titles[0]: [row["code"] for row in signed]}, dtype=object)
    needed = {each.titles[0]: "" for each in LAYOUT.fields if each.needed and each.titles[0] != field.titles[0]}
    found = read_fields(LAYOUT, codes.assign(**needed), "file")
    assert ["" if pd.isna(value) else str(value).removesuffix(".0") for value in found.frame[field.name]] == [row["word"] for row in signed]
    assert not found.said


def test_an_item_is_found_by_id_number_and_name_and_no_other_is():
    twins = {"surgery", "surgery_from_2023"}  # one table: their names differ by a year, which the search passes over
    owners: dict[str, set[str]] = {}
    for each in LAYOUT.fields:
        for title in each.titles:
            owners.setdefault(title, set()).add(each.name)
    for title, names in owners.items():
        found = set(find_titles(LAYOUT, [title]))
        assert names <= found <= (twins if names & twins else names)


# ---- the three ways in which records are written

RECORDS = (
    {"csLymphNodes": "150", "regionalNodesPositive": "01", "csMetsAtDx": "00", "tnmPathT": "1C", "csSiteSpecificFactor1": "010", "histologicTypeIcdO3": "8500"},
    {"vitalStatus": "0", "dateOfLastContact": "20130215", "causeOfDeath": "C509", "icdRevisionNumber": "1", "sequenceNumberCentral": "02", "grade": "3"},
    {"dateOfDiagnosis": "201203", "survMosActiveFollowup": "0014", "survFlagActiveFollowup": "3", "regionalNodesExamined": "95", "regionalNodesPositive": "95"},
)


@pytest.mark.parametrize("write", [
    lambda folder: xml(folder, *RECORDS), lambda folder: xml(folder, *RECORDS, name="records.xml.gz"), lambda folder: xml(folder, *RECORDS, numbered=True),
    lambda folder: flat(folder, *RECORDS), lambda folder: flat(folder, *RECORDS, end="\r\n"), lambda folder: flat(folder, *RECORDS, version="160"),
    lambda folder: flat(folder, *RECORDS, kind="C"), lambda folder: export(folder, *RECORDS), lambda folder: export(folder, *RECORDS, delimiter=";"),
    lambda folder: export(folder, *RECORDS, header=NUMBERS.get), lambda folder: export(folder, *RECORDS, header=NUMBERS.get, top="\n"),
    lambda folder: export(folder, *RECORDS, header=lambda name: next(each.titles[2] for each in LAYOUT.fields if each.titles[0] == name)),
], ids=["xml", "gzipped", "xml by number", "v18", "v18 CRLF", "v16", "confidential", "ids", "semicolon", "numbers", "numbers, blank line", "names"])
def test_the_same_cohort_whichever_way_it_is_written(write, tmp_path):
    read = cohort(read_naaccr(write(tmp_path), follow_up="active"))
    rows = read.rows.set_index("patient_id")
    assert rows["nodal_category"].tolist() == ["micro", "negative", "unknown"]
    assert not {"POST_NEOADJUVANT", "NEOADJ_UNKNOWN"} & set(" ".join(rows["nodal_flags"]).split())
    assert rows["event"].tolist() == [0, 1, 0] and rows["cause"].tolist() == ["none", "breast-cancer", "none"]
    days = [2298, 366, 14 * 365.25 / 12]  # 2012-02-15 to 2018-06-01; a year with a 29 February; whole months
    assert rows["years"].tolist() == pytest.approx([each / 365.25 for each in days])
    assert rows["sequence_number"].tolist() == [0, 2, 0] and rows["neoadjuvant"].tolist() == ["no"] * 3
    first = rows.loc["00000001"]
    told = {"sex": "female", "topography": "C50.4", "behaviour": 3, "er": "positive", "t_category": "T1", "m_category": "M0", "n_positive": 1, "n_examined": 3,
            "histology": "8500", "diagnosis_year": 2012, "diagnosis_date": "2012-02-15", "birth_date": "1950-03-17", "era": "Collaborative Stage (2004-2015)"}
    assert {name: first[name] for name in told} == told
    assert pd.isna(rows.loc["00000003", "n_positive"]) and rows.loc["00000003", "diagnosis_date"] == "2012-03"
    assert rows.loc["00000002", "death_date"] == "2013-02-15" and rows.loc["00000002", "grade"] == "3"


# ---- follow-up

def test_presumed_alive_is_not_active_follow_up(tmp_path):
    path = xml(tmp_path, {"dateOfDiagnosis": "20130215", "dateOfLastContact": "20130320", "survDatePresumedAlive": "20130531", "survMosPresumedAlive": "0003",
                          "survFlagPresumedAlive": "1", "survMosActiveFollowup": "0001", "vitalStatusRecode": "1"})
    presumed, active = read_naaccr(path, follow_up="presumed-alive"), read_naaccr(path, follow_up="active")
    assert (presumed.frame["years"][0], active.frame["years"][0]) == (105, 33)
    assert presumed.notes[0].startswith("Follow-up is presumed-alive: ") and active.notes[0].startswith("Follow-up is active: ")
    assert read_naaccr(path).notes[0] == presumed.notes[0]  # both are known of as many tumours


def test_who_died_after_the_cutoff_was_alive_at_it(tmp_path):
    path = xml(tmp_path, {"vitalStatus": "0", "vitalStatusRecode": "1", "dateOfLastContact": "20190101", "survMosPresumedAlive": "0060",
                          "survDatePresumedAlive": "20170215"})
    assert frame(path, follow_up="presumed-alive")["event"].tolist() == [0]
    assert frame(path, follow_up="active")["event"].tolist() == [1]


def test_whole_months_alone_stay_months(tmp_path):
    path = export(tmp_path, {"dateOfDiagnosis": "2012", "survMosPresumedAlive": "0000", "survFlagPresumedAlive": "2"},
                  {"dateOfDiagnosis": "2012", "survMosPresumedAlive": "0071", "survFlagPresumedAlive": "9"},
                  {"dateOfDiagnosis": "2012", "survMosPresumedAlive": "9999"},
                  {"dateOfDiagnosis": "2012", "survMosPresumedAlive": "0012", "survFlagPresumedAlive": "8"})
    reading = read_naaccr(path)
    assert reading.time_unit == "months" and reading.frame["years"].tolist()[:2] == [0, 71] and reading.frame["years"].isna().tolist()[2:] == [True, True]
    assert reading.frame["survival_flag"][0] == "incomplete, could be zero days"
    assert "from complete dates in 0 rows, from whole months in 2 rows, and is not known in 2 rows" in reading.notes[0]
    ledger = cohort(reading).ledger.frame
    assert ledger["n_excluded"].tolist()[:2] == [0, 2] and ledger["rule"].tolist()[:2] == ["read", "survival known"]


def test_follow_up_that_ends_before_it_begins_is_not_known(tmp_path):
    reading = read_naaccr(xml(tmp_path, {}, {"dateOfLastContact": "20110101", "survMosActiveFollowup": "0005"}))
    assert reading.frame["years"].isna().tolist() == [False, True]
    assert reading.said == ("the end of follow-up lies before the date of diagnosis in 1 row; their survival is not known",)


def test_a_day_of_follow_up_tells_its_own_flag(tmp_path):
    read = frame(xml(tmp_path, {"dateOfLastContact": "20120215"}, {"dateOfLastContact": "20120216"}, {"dateOfLastContact": "2013"}))
    assert read["survival_flag"].tolist()[:2] == ["complete, zero days", "complete, more than zero days"] and pd.isna(read["survival_flag"][2])


def test_a_kind_of_follow_up_that_is_not_there(tmp_path):
    path = xml(tmp_path, {})
    with pytest.raises(InputError, match="holds no presumed-alive follow-up .items 1785 and 1787"):
        read_naaccr(path, follow_up="presumed-alive")
    with pytest.raises(UsageError, match="no kind of follow-up 'passive'.*presumed-alive, active"):
        read_naaccr(path, follow_up="passive")


# ---- causes of death

@pytest.mark.parametrize("told,expected", [
    ({"seerCauseSpecificCod": "1", "seerOtherCod": "0"}, "breast-cancer"), ({"seerCauseSpecificCod": "0", "seerOtherCod": "1"}, "other"),
    ({"seerCauseSpecificCod": "8", "seerOtherCod": "8", "causeOfDeath": "C509"}, None), ({"causeOfDeath": "C509", "icdRevisionNumber": "1"}, "breast-cancer"),
    ({"causeOfDeath": "I219", "icdRevisionNumber": "1"}, "other"), ({"causeOfDeath": "1749", "icdRevisionNumber": "9"}, "breast-cancer"),
    ({"causeOfDeath": "1759"}, "breast-cancer"), ({"causeOfDeath": "4109", "icdRevisionNumber": "9"}, "other"), ({"causeOfDeath": "7797"}, None),
    ({"causeOfDeath": "7777", "icdRevisionNumber": "1"}, None), ({"causeOfDeath": "C349"}, "other"),
])
def test_causes_of_death(told, expected, tmp_path):
    read = frame(xml(tmp_path, {"vitalStatus": "0", **told}, {}))
    assert read["cause"].astype(object).where(read["cause"].notna(), None).tolist() == [expected, "none"]


def test_without_a_cause_there_is_no_column(tmp_path):
    reading = read_naaccr(xml(tmp_path, {"vitalStatus": "0"}, {}))
    assert "cause" not in reading.frame and not any("cause of death" in note for note in reading.notes)


def test_deaths_of_unknown_cause_have_no_cancer_specific_follow_up(tmp_path):
    path = xml(tmp_path, {"vitalStatus": "0", "causeOfDeath": "C509"}, {"vitalStatus": "0", "causeOfDeath": "7797"}, {})
    read = cohort(read_naaccr(path))
    assert read.rows["event"].sum() == 2 and len(read.with_endpoint("breast-cancer")) == 2


# ---- tumours of a patient

def test_the_first_tumour_of_the_breast_stands_for_the_patient(tmp_path):
    same = {"patientIdNumber": "00000007"}
    path = xml(tmp_path, {**same, "sequenceNumberCentral": "01", "primarySite": "C343"}, {**same, "sequenceNumberCentral": "03", "grade": "1"},
               {**same, "sequenceNumberCentral": "02", "dateOfDiagnosis": "20140101", "grade": "2"},
               {**same, "sequenceNumberCentral": "02", "dateOfDiagnosis": "2013", "grade": "3"}, {"primarySite": "C509"}, {"primarySite": ""})
    read = cohort(read_naaccr(path))
    assert read.ledger.frame[["rule", "n_excluded"]].to_numpy().tolist() == [
        ["read", 0], ["not a tumour of the breast", 1], ["one row a patient", 2], ["survival known", 1]]
    assert len(read) == 2  # the tumour of 2013, of whose date the day is not known, is the first; its follow-up is not known, and no other stands in for it
    assert "00000007" not in read.rows["patient_id"].tolist()


def test_several_tumours_of_one_patient_element_share_its_items(tmp_path):
    of_patient = {item: USUAL[item] for item in PATIENT if item in USUAL}
    two = "".join(f"<Tumor>{items({'primarySite': site, 'sequenceNumberCentral': number, 'dateOfDiagnosis': '20120215'})}</Tumor>"
                  for site, number in (("C501", "02"), ("C509", "01")))
    path = tmp_path / "two.xml"
    of_file = items({"registryId": "0000000042"})
    path.write_text(f"{ROOT.format('')}{of_file}<Patient>{items(of_patient)}{two}</Patient></NaaccrData>", encoding="utf-8")
    read = frame(path)
    assert read["sex"].tolist() == ["female"] * 2 and read["topography"].tolist() == ["C50.1", "C50.9"]
    assert cohort(read_naaccr(path)).rows["topography"].tolist() == ["C50.9"]


def test_patients_of_several_registries_are_told_apart(tmp_path):
    read = frame(export(tmp_path, {"patientIdNumber": "1", "registryId": "A"}, {"patientIdNumber": "1", "registryId": "B"}))
    assert read["patient_id"].tolist() == ["A-1", "B-1"]


# ---- nodes and staging

@pytest.mark.parametrize("told,category", [
    ({"dateOfDiagnosis": "19990101", "eodLymphNodeInvolv": "4", "csLymphNodes": "", "regionalNodesPositive": "02"}, "macro"),
    ({"csLymphNodes": "", "tnmPathN": "0I+", "tnmEditionNumber": "07"}, "itc"), ({"csLymphNodes": "000", "csSiteSpecificFactor4": "002"}, "itc"),
    ({"dateOfDiagnosis": "20160301", "derivedSeerCombinedN": "p1MI", "regionalNodesPositive": "01"}, "micro"),
    ({"dateOfDiagnosis": "20160301", "tnmPathN": "p0", "csSiteSpecificFactor4": "001"}, "negative"),
    ({"dateOfDiagnosis": "20190301", "eodRegionalNodes": "100", "regionalNodesPositive": "01"}, "micro"),
    ({"dateOfDiagnosis": "20190301", "ajccTnmPathN": "pN1a", "ajccTnmPathNSuffix": "(sn)", "regionalNodesPositive": "01"}, "macro"),
    ({"dateOfDiagnosis": "20190301", "ajccTnmPostTherapyN": "ypN1mi", "regionalNodesPositive": "01"}, "micro"),
    ({"dateOfDiagnosis": "20010301", "csLymphNodes": "", "tnmPathN": "1A", "tnmEditionNumber": "05", "regionalNodesPositive": "01"}, "micro"),
    ({"csLymphNodes": "150", "tnmPathN": "p1A", "regionalNodesPositive": "01"}, "unknown"),
])
def test_nodes_by_era_and_by_the_hospital(told, category, tmp_path):
    read = cohort(read_naaccr(xml(tmp_path, {"dateOfLastContact": "20240601", **told})))
    assert read.rows["nodal_category"].tolist() == [category]


@pytest.mark.parametrize("told,flags", [
    ({"ajccTnmPathN": "pN0(i+)", "ajccTnmPostTherapyN": "88"}, {"SENTINEL_ONLY"}), ({"ajccTnmPathN": "pN0(i+)"}, {"SENTINEL_ONLY"}),
    ({"ajccTnmPostTherapyN": "pN0(i+)"}, {"POST_NEOADJUVANT"}),
    ({"ajccTnmPostTherapyN": "ypN0(i+)", "ajccTnmPostTherapyNSuffix": "(sn)"}, {"POST_NEOADJUVANT", "SENTINEL_ONLY"}),
])
def test_n_after_treatment_is_told_of_its_own_tumours_only(told, flags, tmp_path):
    year = {"dateOfDiagnosis": "20190301", "dateOfLastContact": "20240601", "csLymphNodes": "", "csLymphNodesEval": ""}
    path = xml(tmp_path, {**year, "ajccTnmPathNSuffix": "(sn)", **told}, {**year, "ajccTnmPathN": "pN1mi", "regionalNodesPositive": "01"})
    rows = cohort(read_naaccr(path)).rows
    assert rows["nodal_category"].tolist() == ["itc", "micro"]
    assert [set(each.split()) for each in rows["nodal_flags"]] == [flags, set()]


@pytest.mark.parametrize("told,word,flag", [
    ({"rxSummSystemicSurSeq": "2"}, "yes", "POST_NEOADJUVANT"), ({"rxSummSystemicSurSeq": "", "neoadjuvantTherapy": "1"}, "yes", "POST_NEOADJUVANT"),
    ({"rxSummSystemicSurSeq": "", "csLymphNodesEval": "6"}, "yes", "POST_NEOADJUVANT"), ({"rxSummSystemicSurSeq": "9"}, "unknown", "NEOADJ_UNKNOWN"),
    ({"rxSummSystemicSurSeq": ""}, None, "NEOADJ_UNKNOWN"), ({}, "no", ""),
])
def test_treatment_before_surgery_reaches_the_classifier(told, word, flag, tmp_path):
    rows = cohort(read_naaccr(xml(tmp_path, told))).rows
    assert (None if pd.isna(rows["neoadjuvant"][0]) else rows["neoadjuvant"][0]) == word
    assert {"POST_NEOADJUVANT", "NEOADJ_UNKNOWN"} & set(rows["nodal_flags"][0].split()) == ({flag} if flag else set())


@pytest.mark.parametrize("told,column,word", [
    ({"ajccTnmPathT": "pT2", "ajccTnmClinT": "cT1c"}, "t_category", "T2"), ({"tnmClinT": "c1B"}, "t_category", "T1"),
    ({"tnmPathT": "pIS"}, "t_category", "Tis"),
    ({"tnmPathT": "88", "derivedSeerCombinedT": "c4D"}, "t_category", "T4"), ({"tnmPathM": "88", "tnmClinM": "c0"}, "m_category", "M0"),
    ({"ajccTnmClinM": "cM0(i+)"}, "m_category", "M0"), ({"ajccTnmClinM": "cM0", "ajccTnmPathM": "pM1"}, "m_category", "M1"),
    ({"csMetsAtDx": "99", "derivedAjcc7M": "000"}, "m_category", "M0"), ({"csMetsAtDx": "44", "tnmClinM": "0"}, "m_category", "M1"),
    ({"typeOfReportingSource": "7", "diagnosticConfirmation": "9"}, "confirmation", "death certificate"),
    ({"typeOfReportingSource": "1", "diagnosticConfirmation": "1"}, "confirmation", "microscopic"), ({"rxSummSurgPrimSite": "22"}, "surgery", "conserving"),
    ({"rxSummSurgPrimSite2023": "A410"}, "surgery", "mastectomy"), ({"rxSummSurgPrimSite": "99", "rxSummSurgPrimSite2023": "B290"}, "surgery", "conserving"),
    ({"rxSummRadiation": "9", "phase1RadiationTreatmentModality": "02"}, "radiotherapy", "yes"), ({"reasonForNoRadiation": "7"}, "radiotherapy", "no"),
    ({"sexAssignedAtBirth": "1", "sex": ""}, "sex", "male"), ({"sequenceNumberCentral": "", "sequenceNumberHospital": "04"}, "sequence_number", 4),
    ({"her2OverallSummary": "7", "csSiteSpecificFactor15": "010"}, "her2", "positive"), ({"ageAtDiagnosis": "061"}, "age", 61),
])
def test_one_thing_told_by_several_items(told, column, word, tmp_path):
    change = {item: value for item, value in told.items() if value}
    path = xml(tmp_path, change)
    if "sexAssignedAtBirth" in told:
        path.write_text(path.read_text(encoding="utf-8").replace('<Item naaccrId="sex">2</Item>', ""), encoding="utf-8")
    if "sequenceNumberHospital" in told:
        path.write_text(path.read_text(encoding="utf-8").replace('<Item naaccrId="sequenceNumberCentral">00</Item>', ""), encoding="utf-8")
    assert frame(path)[column][0] == word


def test_unknown_codes_are_counted_and_missing(tmp_path):
    path = export(tmp_path, {"laterality": "7"}, {"laterality": "1"}, {"regionalNodesPositive": "93"})
    reading = read_naaccr(path)
    assert reading.frame["laterality"].isna().tolist() == [True, False, True] and pd.isna(reading.frame["n_positive"][2])
    with pytest.warns(DataWarning) as told:
        cohort_of_reading(reading)
    assert [str(each.message).partition(";")[0] for each in told] == [
        "'records.csv': column 'laterality': a code that its table does not list in 1 row (row 1)",
        "'records.csv': column 'regionalNodesPositive': no number from 0 to 90, and no code of its table in 1 row (row 3)"]


# ---- wishes

def test_items_that_are_kept_and_items_under_other_names(tmp_path):
    told = {"myRegistryItem": "x", "race1": "01"}
    for path in (xml(tmp_path, told), export(tmp_path, told)):
        read = frame(path, keep=("race1", "myRegistryItem"), columns={"age": "ageOfOurs"})
        assert read[["race1", "myRegistryItem"]].to_numpy().tolist() == [["01", "x"]]
        with pytest.raises(UsageError, match="no item 'race2'.*nearest: 'race1'"):
            read_naaccr(path, keep="race2")
        with pytest.raises(UsageError, match="keep: 'sex' is a column of the cohort already"):
            read_naaccr(path, keep="sex")
    assert frame(xml(tmp_path, {"ageOfOurs": "060"}), columns={"age": "ageOfOurs"})["age"].tolist() == [60]
    assert frame(flat(tmp_path, {"tumorRecordNumber": "04"}), keep="tumorRecordNumber")["tumorRecordNumber"].tolist() == ["04"]
    with pytest.raises(UsageError, match="no option 'follow'.*follow_up"):
        read_naaccr(tmp_path / "records.csv", follow="active")


# ---- XML as it may come

def test_extensions_of_other_namespaces_are_passed_over(tmp_path):
    inside = '<Tumor xmlns="http://naaccr.org/naaccrxml"><Item naaccrId="primarySite">C509</Item></Tumor>'
    other = f'<o:Extension><o:Item naaccrId="sex">1</o:Item>{inside}</o:Extension>'
    path = xml(tmp_path, {}, root=ROOT.format(' xmlns:o="http://example.org/ours"'), head=other, tail=other)
    read = frame(path)
    assert read["sex"].tolist() == ["female"] and len(read) == 1


def test_an_old_file_without_a_namespace_is_read(tmp_path):
    path = xml(tmp_path, {}, root="<NaaccrData>")
    assert frame(path)["topography"].tolist() == ["C50.4"]


def test_text_of_an_item_may_hold_entities_of_xml_and_sections(tmp_path):
    path = xml(tmp_path, {"myItem": "a &amp; b &#233;<![CDATA[ <c>]]>\n"})
    assert frame(path, keep="myItem")["myItem"].tolist() == ["a & b \u00e9 <c>"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings(encoding, tmp_path):
    path = xml(tmp_path, {"myItem": "\u00e9"})
    declared = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "latin-1": "ISO-8859-1"}[encoding]
    path.write_bytes(path.read_text(encoding="utf-8").replace('encoding="UTF-8"', f'encoding="{declared}"').encode(encoding))
    assert frame(path, keep="myItem")["myItem"].tolist() == ["\u00e9"]


LAUGHS = ('<!DOCTYPE NaaccrData [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>')
OUTSIDE = '<!DOCTYPE NaaccrData SYSTEM "file:///etc/passwd" [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [LAUGHS, OUTSIDE, "<!DOCTYPE NaaccrData>"])
def test_a_doctype_is_refused_before_it_is_read(doctype, tmp_path):
    path = xml(tmp_path, {})
    path.write_text(path.read_text(encoding="utf-8").replace("\n<NaaccrData", f"\n{doctype}\n<NaaccrData"), encoding="utf-8")
    with pytest.raises(InputError, match="line 2: a DOCTYPE"):
        read_naaccr(path)


def broken(folder: Path, change) -> Path:
    path = xml(folder, {}, {})
    path.write_bytes(change(path.read_bytes()))
    return path


@pytest.mark.parametrize("change,says", [
    (lambda content: content[:-40], "is no complete XML: line 4: "),
    (lambda content: content.replace(b"</Tumor>", b"</Tumour>", 1), "is no complete XML: line 3: mismatched tag"),
    (lambda content: content.replace(b"C504", b"C504 & C505", 1), "is no complete XML: line 3: not well-formed"),
    (lambda content: content.replace(b"C504", b"\xff\xfe", 1), "is no complete XML: line 3: not well-formed"),
    (lambda content: content.replace(b"C504", b"&unknown;", 1), "is no complete XML: line 3: undefined entity"),
    (lambda content: content.replace(b"NaaccrData", b"NaaccrDictionary"), "its first element is not NaaccrData"),
    (lambda content: content.replace(b"naaccr.org/naaccrxml\"", b"example.org/other\""), "its first element is not NaaccrData"),
    (lambda content: b"<html><body>Not found</body></html>", "its first element is not NaaccrData"),
    (lambda content: content[:content.index(b"<Patient>")] + b"</NaaccrData>", "holds no tumour"),
    (lambda content: gzip.compress(content)[:-20], "gzipped, but cut short or damaged"),
    (lambda content: b"", "is empty"), (lambda content: b"PK\x03\x04" + content, "a zip archive"),
], ids=["cut", "tags", "ampersand", "bytes", "entity", "dictionary", "namespace", "web page", "no tumour", "gzip", "empty", "zip"])
def test_damaged_and_other_files_are_named_in_one_line(change, says, tmp_path):
    path = broken(tmp_path, change)
    with pytest.raises(InputError, match=says) as caught:
        read_naaccr(path)
    told = str(caught.value)
    assert "\n" not in told and "'records.xml'" in told and not any(value in told for value in ("C504", "00000001", "19500317"))


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(UsageError, match="there is no file 'none.xml'"):
        read_naaccr(tmp_path / "none.xml")
    with pytest.raises(InputError, match="is a folder"):
        read_naaccr(tmp_path)


def test_needed_items_are_asked_for(tmp_path):
    path = tmp_path / "records.csv"
    path.write_text("patientIdNumber,sex\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column was found for 'diagnosis_date' .'dateOfDiagnosis'"):
        read_naaccr(path)


def test_memory_does_not_grow_with_what_is_not_read(tmp_path):
    remarks = "<Item naaccrId=\"textRemarks\">" + "x" * 4000 + "</Item>"
    path = xml(tmp_path, *[{}] * 1500)
    path.write_text(path.read_text(encoding="utf-8").replace("</Tumor>", f"{remarks}</Tumor>"), encoding="utf-8")
    assert path.stat().st_size > 6_000_000
    tracemalloc.start()
    try:
        table, there = read_xml(path, lambda item, _: item if item in USUAL else "")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(table.frame) == 1500 and "textRemarks" in there
    assert peak < 2_000_000  # a few pieces of a quarter of a megabyte, and the few items


def test_progress_is_told(tmp_path):
    for path in (xml(tmp_path, {}), flat(tmp_path, {}), xml(tmp_path, {}, name="a.xml.gz")):
        told: list[float] = []
        read_naaccr(path, watch=told.append)
        assert told[-1] == pytest.approx(1.0)


# ---- fixed columns

def test_the_items_of_a_record_do_not_overlap_and_fit_it():
    for version, lengths in LAYOUT.own["lengths"].items():
        places = sorted((int(each["start"]), int(each["width"]), each["id"]) for each in positions() if each["version"] == version)
        assert len({name for *_, name in places}) == len(places)
        for (start, width, _), (after, *_) in zip(places, places[1:]):
            assert start + width <= after
        assert places[-1][0] + places[-1][1] - 1 <= lengths["I"] < lengths["C"] < lengths["A"] == lengths["M"]


def test_every_item_of_the_layout_has_its_place_from_its_version_on():
    later = {"neoadjuvantTherapy", "rxSummSurgPrimSite2023"}  # items of 2021 and 2023, after the last record of fixed columns
    ids = {version: {each["id"] for each in positions() if each["version"] == version} for version in ("160", "180")}
    assert set(TITLES.values()) - later == ids["180"] and ids["160"] < ids["180"]
    assert all(each["item"] == NUMBERS[each["id"]] for each in positions())


@pytest.mark.parametrize("options,says", [
    ({"length": 4000}, "of version 180 and type I, and has 4000 characters, where 4048 are wanted"),
    ({"version": "180", "kind": "C", "length": 4048}, "type C, and has 4048 characters, where 6154"),
])
def test_a_record_of_another_length_is_refused(options, says, tmp_path):
    with pytest.raises(InputError, match=says):
        read_naaccr(flat(tmp_path, {}, **options))


def test_versions_that_are_not_read_and_mixed_ones(tmp_path):
    path = flat(tmp_path, {}, {})
    content = path.read_text(encoding="utf-8")
    path.write_text(content.replace(" 180", " 150"), encoding="utf-8")
    with pytest.raises(InputError, match="of version 150: fixed columns are read of versions 160, 180; export NAACCR XML"):
        read_naaccr(path)
    path.write_text(content[:4049] + content[4049:].replace(" 180", " 160"), encoding="utf-8")
    with pytest.raises(InputError, match="1 of 2 records are of another version than the first"):
        read_naaccr(path)
    path.write_text(content.replace(" 180", "    "), encoding="utf-8")
    assert len(frame(path)) == 2  # the length is that of version 18 alone
    short = flat(tmp_path, {}, version="160")
    short.write_text(short.read_text(encoding="utf-8").replace(" 160", "    "), encoding="utf-8")
    with pytest.raises(InputError, match="that do not say their version"):
        read_naaccr(short)
