"""Is clinical data of the Genomic Data Commons read as it is: old and new names, several rows of a case, Biotab, RTCGA? All cases are made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.sources.gdc import read_gdc
from survival_nodes.sources.reading import cohort_of_reading

OLD = ["case_id", "case_submitter_id", "project_id", "age_at_index", "gender", "vital_status", "days_to_death", "days_to_last_follow_up", "ajcc_pathologic_n",
       "ajcc_pathologic_stage", "ajcc_pathologic_m", "ajcc_staging_system_edition", "prior_treatment", "year_of_diagnosis", "age_at_diagnosis",
       "treatment_type"]
NEW = ["cases.case_id", "cases.submitter_id", "project.project_id", "demographic.age_at_index", "demographic.gender", "demographic.vital_status",
       "demographic.days_to_death", "diagnoses.days_to_last_follow_up", "diagnoses.ajcc_pathologic_n", "diagnoses.ajcc_pathologic_stage",
       "diagnoses.ajcc_pathologic_m", "diagnoses.ajcc_staging_system_edition", "diagnoses.prior_treatment", "diagnoses.year_of_diagnosis",
       "diagnoses.age_at_diagnosis", "treatments.treatment_type"]
NONE = "'--"
ROWS = [
    ["u1", "TCGA-ZZ-0001", "TCGA-BRCA", NONE, "female", "Alive", NONE, "700", "N0 (i+)", "Stage IA", "M0", "7th", "No", "2010", "18262.5", "Radiation Therapy"],
    ["u1", "TCGA-ZZ-0001", "TCGA-BRCA", NONE, "female", "Alive", NONE, "1461", "N0 (i+)", "Stage IA", "M0", "7th", "No", "2010", "18262.5", "Chemotherapy"],
    ["u2", "TCGA-ZZ-0002", "TCGA-BRCA", "61", "female", "Dead", "900", NONE, "N1mi", "Stage IB", "M0", "7th", "No", "2011", "22000", "Surgery"],
    ["u3", "TCGA-ZZ-0003", "TCGA-BRCA", "70", "male", "Not Reported", NONE, "10", "N0", "Stage I", "MX", "6th", "No", "2005", NONE, NONE],
    ["u4", "TCGA-ZZ-0004", "TCGA-BRCA", "44", "female", "Alive", NONE, "0", "N1a", "Stage IIA", "M0", "5th", "Yes", "2001", NONE, NONE],
    ["u5", "TCGA-ZZ-0005", "TCGA-BRCA", "44", "female", "Dead", NONE, "50", "N0", "Not Reported", "M0", "6th", "No", "2006", NONE, NONE],
]


@pytest.fixture
def written(tmp_path):
    def write(header: list[str], rows: list[list[str]], name: str = "clinical.tsv", delimiter: str = "\t") -> Path:
        path = tmp_path / name
        path.write_text("".join(delimiter.join(row) + "\n" for row in (header, *rows)), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("header", [OLD, NEW], ids=["old names", "new names"])
def test_rows_of_a_case_are_brought_together(written, header):
    cohort = cohort_of_reading(read_gdc(written(header, ROWS)))
    assert cohort.frame["patient_id"].tolist() == ["TCGA-ZZ-0001", "TCGA-ZZ-0002", "TCGA-ZZ-0004"]
    assert cohort.frame["event"].tolist() == [0, 1, 0]
    assert cohort.frame["years"].tolist() == pytest.approx([1461 / 365.25, 900 / 365.25, 0], abs=1e-12)  # the last contact of all rows; the day of death
    assert cohort.frame["nodal_category"].tolist() == ["itc", "micro", "unknown"] and cohort.frame["age"].tolist() == [50, 61, 44]
    assert cohort.frame["stage"].tolist() == ["IA", "IB", "IIA"] and cohort.frame["neoadjuvant"].tolist() == ["no", "no", "yes"]
    assert cohort.ledger.frame[["rule", "n_before", "n_after"]].values.tolist() == [
        ["read", 6, 6], ["one row a patient", 6, 5], ["survival known", 5, 3], ["zero follow-up kept", 3, 3]]
    assert "no length of follow-up (1), no vital status (1)" in cohort.ledger.frame["reason"][2]


def test_rows_that_disagree_are_counted_and_not_shown(written):
    rows = [list(row) for row in ROWS]
    rows[1][8] = "N1mi"
    reading = read_gdc(written(OLD, rows))
    with pytest.warns(DataWarning, match="column 'ajcc_pathologic_n': 1 case whose rows disagree; the first that says anything is taken") as caught:
        cohort = cohort_of_reading(reading)
    assert cohort.frame["nodal_category"][0] == "itc" and "TCGA" not in str(caught[0].message).split(":", 1)[1]


def test_a_row_that_says_nothing_gives_way_to_one_that_does(written):
    rows = [list(row) for row in ROWS]
    rows[0][8] = NONE
    assert cohort_of_reading(read_gdc(written(OLD, rows))).frame["nodal_category"][0] == "itc"


@pytest.mark.parametrize("title, yes, no", [
    ("diagnoses.diagnosis_is_primary_disease", "true", "false"), ("diagnoses.classification_of_tumor", "primary", "recurrence")])
def test_the_primary_diagnosis_goes_first_and_the_last_contact_is_that_of_all(written, title, yes, no):
    rows = [[*row, yes] for row in ROWS]
    rows[0][8], rows[0][-1] = "N3a", no
    rows[0][7] = "2922"
    cohort = cohort_of_reading(read_gdc(written([*NEW, title], rows)))
    assert cohort.frame["nodal_category"][0] == "itc" and cohort.frame["years"][0] == pytest.approx(2922 / 365.25, abs=1e-12)
    assert cohort.warnings == ()


def test_a_case_without_a_primary_diagnosis_keeps_its_rows(written):
    rows = [[*row, "false"] for row in ROWS]
    assert len(cohort_of_reading(read_gdc(written([*NEW, "diagnoses.diagnosis_is_primary_disease"], rows)))) == 3


def test_follow_up_of_the_portal_in_a_file_of_its_own(written):
    contacts = [["TCGA-ZZ-0004", "365.25"], ["TCGA-ZZ-0004", "1826.25"], ["TCGA-ZZ-0002", "4000"]]
    later = written(["cases.submitter_id", "follow_ups.days_to_follow_up"], contacts, "follow_up.tsv")
    cohort = cohort_of_reading(read_gdc(written(NEW, ROWS), follow_ups=later))
    assert cohort.frame["years"].tolist() == pytest.approx([1461 / 365.25, 900 / 365.25, 5], abs=1e-12)  # whoever died is followed to the day of death
    assert [each.name for each in cohort.origin.files] == ["clinical.tsv", "follow_up.tsv"]
    assert "Follow-up was taken from follow_up.tsv too." in cohort.origin.notes


BIOTAB = ["bcr_patient_barcode", "gender", "age_at_diagnosis", "vital_status", "last_contact_days_to", "death_days_to", "ajcc_staging_edition",
          "ajcc_nodes_pathologic_pn", "ajcc_metastasis_pathologic_pm", "lymph_nodes_examined_count", "lymph_nodes_examined_he_count",
          "lymph_nodes_examined_ihc_count", "history_neoadjuvant_treatment", "icd_o_3_site", "icd_o_3_histology"]
XML = ["bcr_patient_barcode", "gender", "age_at_initial_pathologic_diagnosis", "vital_status", "days_to_last_followup", "days_to_death", "system_version",
       "pathologic_N", "pathologic_M", "lymph_node_examined_count", "number_of_lymphnodes_positive_by_he", "number_of_lymphnodes_positive_by_ihc",
       "history_of_neoadjuvant_treatment", "icd_o_3_site", "icd_o_3_histology"]
NA = "[Not Available]"
PATIENTS = [
    ["TCGA-ZZ-0001", "FEMALE", "50", "Alive", "1461", "[Not Applicable]", "7th", "N0 (i+)", "M0", "3", "0", "1", "No", "C50.9", "8500/3"],
    ["TCGA-ZZ-0002", "FEMALE", "61", "Alive", "300", "[Not Applicable]", "6th", "N1mi", "MX", "12", "0", NA, "Yes, Pharmaceutical Treatment Prior to Resection",
     "C50.9", "8520/3"],
    ["TCGA-ZZ-0003", "MALE", NA, "Dead", NA, "730.5", NA, "NX", "M1", NA, NA, NA, NA, NA, NA],
]
LATER = ["bcr_patient_barcode", "bcr_followup_barcode", "vital_status", "last_contact_days_to", "death_days_to"]


def with_names(header: list[str], rows: list[list[str]]) -> list[list[str]]:
    return [XML[: len(header)] + ["other"] * max(0, len(header) - len(XML)), [f"CDE_ID:{place}" for place in range(len(header))], *rows]


def test_biotab_has_three_lines_of_names_and_loses_deaths_without_its_follow_ups(written):
    patients = written(BIOTAB, with_names(BIOTAB, PATIENTS), "nationwidechildrens.org_clinical_patient_brca.txt")
    cohort = cohort_of_reading(read_gdc(patients))
    assert (cohort.n_patients, int(cohort.events().sum())) == (3, 1) and any("some deaths are missing" in note for note in cohort.origin.notes)
    assert cohort.frame["age"].tolist()[:2] == [50, 61]  # in years here, in days in the portal's column of this name
    assert cohort.frame["nodal_category"].tolist() == ["itc", "micro", "unknown"] and cohort.frame["neoadjuvant"].tolist()[:2] == ["no", "yes"]
    assert cohort.frame["n_positive"].tolist()[:2] == [0, 0] and cohort.frame["n_examined"].tolist()[:2] == [3, 12]
    assert cohort.frame["behaviour"].tolist()[:2] == [3, 3] and cohort.frame["topography"].tolist()[:2] == ["C50.9", "C50.9"]

    first = written(LATER, with_names(LATER, [["TCGA-ZZ-0002", "F1", "Dead", NA, "1000"], ["TCGA-ZZ-0001", "F2", "Alive", "2000", NA]]), "follow_up_v2.txt")
    second = written(LATER, with_names(LATER, [["TCGA-ZZ-0002", "F3", "Alive", "800", NA], ["TCGA-ZZ-0001", "F4", "Alive", "1900", NA]]), "follow_up_v4.txt")
    followed = cohort_of_reading(read_gdc(patients, follow_ups=[first, second]))
    assert followed.frame["event"].tolist() == [0, 1, 1]
    assert followed.frame["years"].tolist() == pytest.approx([2000 / 365.25, 1000 / 365.25, 2], abs=1e-12)
    assert not any("some deaths are missing" in note for note in followed.origin.notes)


PATIENT = "patient.stage_event.tnm_categories.pathologic_categories."
RTCGA = ["admin.disease_code", "patient.bcr_patient_barcode", "patient.gender", "patient.vital_status", "patient.days_to_death",
         "patient.days_to_last_followup", "patient.stage_event.system_version", f"{PATIENT}pathologic_n", f"{PATIENT}pathologic_m",
         "patient.follow_ups.follow_up.vital_status",
         "patient.follow_ups.follow_up.days_to_death", "patient.follow_ups.follow_up.days_to_last_followup", "patient.follow_ups.follow_up-2.vital_status",
         "patient.follow_ups.follow_up-2.days_to_death", "patient.follow_ups.follow_up-2.days_to_last_followup"]
WIDE = [
    ["brca", "tcga-zz-0001", "female", "alive", "NA", "100", "7th", "n0 (i+)", "m0", "alive", "NA", "1461", "NA", "NA", "NA"],
    ["brca", "tcga-zz-0002", "female", "alive", "NA", "100", "6th", "n1mi", "cm0 (i+)", "alive", "NA", "500", "dead", "1826.25", "NA"],
    ["brca", "tcga-zz-0003", "male", "dead", "50", "NA", "6th", "n1b", "mx", "NA", "NA", "NA", "NA", "NA", "NA"],
]


@pytest.mark.parametrize("mangled", [False, True], ids=["as written", "as R mangles names"])
def test_the_wide_table_of_rtcga_with_its_nested_follow_ups(written, mangled):
    header = [title.replace("-", ".") for title in RTCGA] if mangled else RTCGA
    cohort = cohort_of_reading(read_gdc(written(header, WIDE, "brca.csv", ",")))
    assert cohort.frame["patient_id"].tolist() == ["TCGA-ZZ-0001", "TCGA-ZZ-0002", "TCGA-ZZ-0003"] and cohort.frame["event"].tolist() == [0, 1, 1]
    assert cohort.frame["years"].tolist() == pytest.approx([4, 5, 50 / 365.25], abs=1e-12)
    assert cohort.frame["nodal_category"].tolist() == ["itc", "micro", "unknown"] and cohort.frame["m_category"].tolist() == ["M0", "M0", "MX"]


def test_codes_that_no_table_lists_are_counted(written):
    rows = [list(row) for row in ROWS]
    rows[2][10] = "M7"
    with pytest.warns(DataWarning, match=r"column 'ajcc_pathologic_m': a code that its table does not list in 1 row \(row 3\)"):
        assert cohort_of_reading(read_gdc(written(OLD, rows))).frame["m_category"].isna().tolist() == [False, True, False]


def test_what_is_no_such_file_is_named(written):
    with pytest.raises(InputError, match="no column was found for 'patient_id'"):
        read_gdc(written(["a", "b"], [["1", "2"]]))
    with pytest.raises(InputError, match="neither days to death nor days to the last contact: is it a file of follow-ups"):
        read_gdc(written(OLD, ROWS), follow_ups=written(["case_submitter_id", "x"], [["TCGA-ZZ-0001", "2"]], "x.tsv"))
    with pytest.raises(UsageError, match="'followups'.*'follow_ups'"):
        read_gdc(written(OLD, ROWS), followups="x")
