"""Is the TCGA Clinical Data Resource read as it is, and joined by barcode to pathologic N? All patients are made up."""

from __future__ import annotations

import pytest

from survival_nodes.errors import InputError, UsageError
from survival_nodes.sources.reading import cohort_of_reading
from survival_nodes.sources.tcga_cdr import read_tcga_cdr

HEADER = ["", "bcr_patient_barcode", "type", "age_at_initial_pathologic_diagnosis", "gender", "ajcc_pathologic_tumor_stage", "initial_pathologic_dx_year",
          "vital_status", "cause_of_death", "OS", "OS.time", "DSS", "DSS.time", "DFI", "DFI.time", "PFI", "PFI.time", "Redaction"]
ROWS = [
    [1, "TCGA-ZZ-0001", "BRCA", 50, "FEMALE", "Stage IA", 2010, "Alive", "[Not Available]", 0, 1461, 0, 1461, 0, 1461, 0, 1461, None],
    [2, "TCGA-ZZ-0002", "BRCA", 61, "FEMALE", "[Discrepancy]", 2003, "Dead", "[Not Available]", 1, 730.5, 1, 730.5, 1, 365.25, 1, 365.25, None],
    [3, "TCGA-ZZ-0003", "ACC", 61, "FEMALE", "Stage II", 2004, "Dead", "[Not Available]", 1, 10, 1, 10, None, None, 1, 5, None],
    [4, "TCGA-ZZ-0004", "BRCA", 70, "MALE", "Stage IIB", 2005, "Alive", "[Not Available]", 0, 0, "#N/A", "#N/A", None, None, 0, 0, None],
    [5, "TCGA-ZZ-0005", "BRCA", 44, "FEMALE", "Stage I", 2006, "Alive", "[Not Available]", 0, 900, 0, 900, 0, 900, 0, 900, "Redacted"],
    [6, "TCGA-ZZ-0006", "BRCA", 45, "FEMALE", "[Not Available]", 2007, "Alive", "[Not Available]", 0, None, 0, None, 0, None, 0, None, None],
    [7, "TCGA-ZZ-0007", "BRCA", 45, "FEMALE", "Stage IIIA", 2001, "Alive", "[Not Available]", 0, 1096, None, 1096, 0, 1096, 0, 1096, None],
]
PAN = """#Patient\tN\nPATIENT_ID\tPATH_N_STAGE\tAJCC_STAGING_EDITION\tPATH_M_STAGE\tHISTORY_NEOADJUVANT_TRTYN\tOS_STATUS\tOS_MONTHS
TCGA-ZZ-0001\tN0 (I+)\t7TH\tM0\tNo\t0:LIVING\t-1
TCGA-ZZ-0002\tN1MI\t6TH\tMX\tYes\t1:DECEASED\t24
TCGA-ZZ-0004\tN0\t7TH\tM0\tNo\t0:LIVING\t0
TCGA-ZZ-0005\tN1\t7TH\tM0\tNo\t0:LIVING\t30
TCGA-ZZ-0007\tN1A\t\tM0\tNo\t0:LIVING\t30
"""
NAME = "Neoplasm Disease Lymph Node Stage American Joint Committee on Cancer Code"
NODAL = {
    "cbioportal": PAN,
    "cbioportal-web": f"Patient ID\tSample ID\tSample Type\t{NAME}\tOverall Survival (Months)\tOverall Survival Status\n"
                      "TCGA-ZZ-0001\tTCGA-ZZ-0001-06\tMetastasis\tN3a\t9\tLIVING\nTCGA-ZZ-0001\tTCGA-ZZ-0001-01\tPrimary\tN0 (i+)\t9\tLIVING\n"
                      "TCGA-ZZ-0002\tTCGA-ZZ-0002-01\tPrimary\tN1mi\t9\tDECEASED\nTCGA-ZZ-0004\tTCGA-ZZ-0004-01\tPrimary\tN0\tNA\tNA\n",
    "gdc": "case_submitter_id\tvital_status\tdays_to_death\tdays_to_last_follow_up\tajcc_pathologic_n\n"
           "TCGA-ZZ-0001\tAlive\t'--\t99\tN0 (i+)\nTCGA-ZZ-0001\tAlive\t'--\t99\tN0 (i+)\nTCGA-ZZ-0002\tDead\t99\t'--\tN1mi\nTCGA-ZZ-0004\tAlive\t'--\t9\tN0\n",
    "gdc, small letters": "bcr_patient_barcode\tvital_status\tdays_to_death\tdays_to_last_followup\tpathologic_N\n"
                          "tcga-zz-0001\talive\tNA\t9\tn0 (i+)\ntcga-zz-0002\tdead\t9\tNA\tn1mi\ntcga-zz-0004\talive\tNA\t9\tn0\n",
    "xena": "submitter_id.samples\tsubmitter_id\tsample_type.samples\tpathologic_N\tvital_status.diagnoses\t"
            "days_to_death.diagnoses\tdays_to_last_follow_up.diagnoses\n"
            "TCGA-ZZ-0001-11A\tTCGA-ZZ-0001\tSolid Tissue Normal\tNX\talive\t\t9\nTCGA-ZZ-0001-01A\tTCGA-ZZ-0001\tPrimary Tumor\tN0 (i+)\talive\t\t9\n"
            "TCGA-ZZ-0002-01A\tTCGA-ZZ-0002\tPrimary Tumor\tN1mi\tdead\t9\t\nTCGA-ZZ-0004-01A\tTCGA-ZZ-0004\tPrimary Tumor\tN0\talive\t\t9\n",
}


@pytest.fixture
def resource(tmp_path):
    path = tmp_path / "TCGA-CDR_BRCA.csv"
    path.write_text("".join(",".join("" if value is None else str(value) for value in row) + "\n" for row in (HEADER, *ROWS)), encoding="utf-8")
    return path


@pytest.fixture
def workbook(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    book.active["A1"] = "of the table"
    sheet = book.create_sheet("TCGA-CDR")
    for row in ([None, *HEADER[1:]], *ROWS):
        sheet.append(row)
    path = tmp_path / "TCGA-CDR-SupplementalTableS1.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize("form", ["resource", "workbook"])
def test_other_cancers_and_withdrawn_patients_are_left_out_and_counted(request, form):
    cohort = cohort_of_reading(read_tcga_cdr(request.getfixturevalue(form)))
    assert cohort.frame["patient_id"].tolist() == ["TCGA-ZZ-0001", "TCGA-ZZ-0002", "TCGA-ZZ-0004", "TCGA-ZZ-0007"]
    assert cohort.frame["years"].tolist() == pytest.approx([4, 2, 0, 1096 / 365.25], abs=1e-12) and cohort.frame["event"].tolist() == [0, 1, 0, 0]
    assert cohort.ledger.frame[["rule", "n_before", "n_after"]].values.tolist() == [
        ["read", 7, 7], ["breast cancer", 7, 6], ["not redacted", 6, 5], ["survival known", 5, 4], ["zero follow-up kept", 4, 4]]
    assert cohort.frame["stage"].isna().tolist() == [False, True, False, False] and cohort.frame["diagnosis_year"].tolist() == [2010, 2003, 2005, 2001]
    assert "nodal_category" not in cohort.frame and any("nobody has a nodal category" in note for note in cohort.origin.notes)


def test_each_endpoint_has_its_own_patients(resource):
    cohort = cohort_of_reading(read_tcga_cdr(resource))
    found = {name: (cohort.with_endpoint(name).n_patients, int(cohort.with_endpoint(name).events().sum())) for name in cohort.endpoints}
    assert found == {"overall": (4, 1), "breast-cancer": (2, 1), "disease-free": (3, 1)}
    progression = cohort_of_reading(read_tcga_cdr(resource, endpoint="progression-free"))
    assert (progression.endpoint, progression.n_patients) == ("progression-free", 4) and progression.frame["years"][1] == 1


@pytest.mark.parametrize("name", NODAL)
def test_nodes_are_joined_by_barcode_from_any_file_that_holds_them(resource, tmp_path, name):
    nodal = tmp_path / "nodal.tsv"
    nodal.write_text(NODAL[name], encoding="utf-8")
    cohort = cohort_of_reading(read_tcga_cdr(resource, nodes=nodal))
    assert cohort.frame["nodal_category"].tolist() == ["itc", "micro", "negative", "unknown"]
    assert cohort.frame["years"].tolist() == pytest.approx([4, 2, 0, 1096 / 365.25], abs=1e-12)  # the follow-up is that of the resource
    n_found = 4 if name == "cbioportal" else 3
    assert any(f"from nodal.tsv: {n_found} of 5 patients are in it" in note or f"from nodal.tsv: {n_found + 1} of 5" in note for note in cohort.origin.notes)
    assert cohort.warnings == () and [each.name for each in cohort.origin.files] == ["TCGA-CDR_BRCA.csv", "nodal.tsv"]


def test_the_year_of_the_resource_tells_the_edition_where_the_file_of_nodes_does_not(resource, tmp_path):
    nodal = tmp_path / "nodal.tsv"
    nodal.write_text(PAN, encoding="utf-8")
    frame = cohort_of_reading(read_tcga_cdr(resource, nodes=nodal)).frame
    assert frame["nodal_possible"].tolist()[3] == "itc micro" and "EDITION_PRE6" in frame["nodal_flags"][3]  # pN1a of 2001: the 5th edition
    assert frame["m_category"].tolist() == ["M0", "MX", "M0", "M0"] and frame["neoadjuvant"].tolist() == ["no", "yes", "no", "no"]
    assert "POST_NEOADJUVANT" in frame["nodal_flags"][1]


def test_files_that_do_not_belong_together_are_refused(resource, tmp_path):
    nodal = tmp_path / "nodal.tsv"
    nodal.write_text(PAN.replace("TCGA-ZZ", "TCGA-YY"), encoding="utf-8")
    with pytest.raises(InputError, match="holds none of the 5 patients.*the barcodes do not meet"):
        read_tcga_cdr(resource, nodes=nodal)
    nodal.write_text("a\tb\n1\t2\n", encoding="utf-8")
    with pytest.raises(InputError, match="nodes= wants a file of cBioPortal, GDC or UCSC Xena"):
        read_tcga_cdr(resource, nodes=nodal)


def test_wrong_files_and_options_are_named(resource, workbook, tmp_path):
    with pytest.raises(UsageError, match="'TCGA-CDX'.*TCGA-CDR"):
        read_tcga_cdr(workbook, sheet="TCGA-CDX")
    with pytest.raises(UsageError, match="'node'.*'nodes'"):
        read_tcga_cdr(resource, node="x")
    with pytest.raises(UsageError, match="endpoint of this source"):
        read_tcga_cdr(resource, endpoint="breast-cancer")
    other = tmp_path / "other.csv"
    other.write_text("bcr_patient_barcode,OS\nTCGA-ZZ-0001,1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no column was found for 'years' \('OS.time'\)"):
        read_tcga_cdr(other)
