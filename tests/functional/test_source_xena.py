"""Is the phenotype file of UCSC Xena read as it is: a row a sample, normal tissue among them? All samples are made up."""

from __future__ import annotations

import gzip

import pytest

from survival_nodes.errors import InputError, UsageError
from survival_nodes.sources.reading import cohort_of_reading
from survival_nodes.sources.xena import read_xena

HEADER = ["submitter_id.samples", "age_at_initial_pathologic_diagnosis", "submitter_id", "pathologic_N", "pathologic_M", "system_version",
          "history_of_neoadjuvant_treatment", "lymph_node_examined_count", "number_of_lymphnodes_positive_by_he", "number_of_lymphnodes_positive_by_ihc",
          "cytokeratin_immunohistochemistry_staining_method_micrometastasis_indicator", "sample_type.samples", "vital_status.diagnoses",
          "days_to_death.diagnoses", "days_to_last_follow_up.diagnoses"]
ROWS = [
    ["TCGA-ZZ-0001-11A", "50", "TCGA-ZZ-0001", "N0 (i+)", "M0", "7th", "No", "3", "0", "1", "YES", "Solid Tissue Normal", "alive", "", "1461.0"],
    ["TCGA-ZZ-0001-01A", "50", "TCGA-ZZ-0001", "N0 (i+)", "M0", "7th", "No", "3", "0", "1", "YES", "Primary Tumor", "alive", "", "1461.0"],
    ["TCGA-ZZ-0001-01B", "50", "TCGA-ZZ-0001", "N0 (i+)", "M0", "7th", "No", "3", "0", "1", "YES", "Primary Tumor", "alive", "", "1461.0"],
    ["TCGA-ZZ-0002-06A", "61", "TCGA-ZZ-0002", "N1mi", "MX", "6th", "Yes", "9", "0", "", "YES", "Metastatic", "dead", "730.5", "12"],
    ["TCGA-ZZ-0002-01A", "61", "TCGA-ZZ-0002", "N1mi", "MX", "6th", "Yes", "9", "0", "", "YES", "Primary Tumor", "dead", "730.5", "12"],
    ["TCGA-ZZ-0003-01A", "70", "TCGA-ZZ-0003", "N0", "M0", "", "No", "", "", "", "NO", "Primary Tumor", "alive", "", ""],
]
RELEASE_41 = ["sample", "age_at_index.demographic", "submitter_id", "ajcc_pathologic_n.diagnoses", "ajcc_pathologic_m.diagnoses",
              "ajcc_staging_system_edition.diagnoses", "prior_treatment.diagnoses", "n1", "n2", "n3", "n4", "sample_type.samples", "vital_status.demographic",
              "days_to_death.demographic", "days_to_last_follow_up.diagnoses"]


def content(header: list[str]) -> bytes:
    return "".join("\t".join(row) + "\n" for row in (header, *ROWS)).encode()


@pytest.mark.parametrize("header", [HEADER, RELEASE_41], ids=["release 18", "release 41"])
@pytest.mark.parametrize("packed", [False, True])
def test_primary_tumours_then_one_sample_a_patient(tmp_path, header, packed):
    path = tmp_path / ("TCGA-BRCA.GDC_phenotype.tsv" + ".gz" * packed)
    path.write_bytes(gzip.compress(content(header)) if packed else content(header))
    cohort = cohort_of_reading(read_xena(path))
    assert cohort.frame["sample_id"].tolist() == ["TCGA-ZZ-0001-01A", "TCGA-ZZ-0002-01A"] and cohort.frame["event"].tolist() == [0, 1]
    assert cohort.frame["years"].tolist() == pytest.approx([4, 2], abs=1e-12) and cohort.frame["age"].tolist() == [50, 61]
    assert cohort.frame["nodal_category"].tolist() == ["itc", "micro"] and cohort.frame["neoadjuvant"].tolist() == ["no", "yes"]
    steps = cohort.ledger.frame
    assert steps[["rule", "n_before", "n_after"]].values.tolist() == [
        ["read", 6, 6], ["primary tumour", 6, 4], ["one row a patient", 4, 3], ["survival known", 3, 2]]
    assert "(2 rows)" in steps["reason"][1] and "(1 row)" in steps["reason"][2]


def test_counts_are_kept_and_are_no_evidence(tmp_path):
    path = tmp_path / "phenotype.tsv"
    path.write_bytes(content(HEADER))
    frame = cohort_of_reading(read_xena(path)).frame
    assert frame["n_positive"].tolist() == [0, 0] and frame["n_examined"].tolist() == [3, 9] and frame["nodal_category"][1] == "micro"


def test_what_is_no_such_file_is_named(tmp_path):
    path = tmp_path / "phenotype.tsv"
    path.write_bytes(content(["days" if title.startswith("days_to_last") else title for title in HEADER]))
    with pytest.raises(InputError, match="no column was found for days_to_last_contact"):
        read_xena(path)
    path.write_text("PATIENT_ID\tOS_STATUS\nP-1\t0:LIVING\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column was found for 'patient_id'"):
        read_xena(path)
    with pytest.raises(UsageError, match="'samples'"):
        read_xena(path, samples="x")
