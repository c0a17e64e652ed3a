"""Is the patient file of METABRIC read as it is: counts of nodes, causes of death, relapse? All patients are made up."""

from __future__ import annotations

import pytest

from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.nodes import Policy
from survival_nodes.sources.metabric import read_metabric
from survival_nodes.sources.reading import cohort_of_reading

HEADER = ["PATIENT_ID", "LYMPH_NODES_EXAMINED_POSITIVE", "CHEMOTHERAPY", "ER_IHC", "HER2_SNP6", "HORMONE_THERAPY", "SEX", "AGE_AT_DIAGNOSIS", "OS_MONTHS",
          "OS_STATUS", "VITAL_STATUS", "LATERALITY", "RADIO_THERAPY", "BREAST_SURGERY", "RFS_STATUS", "RFS_MONTHS"]
ROWS = [
    ["MB-0", "0", "NO", "Positve", "NEUTRAL", "YES", "Female", "75.65", "140.5", "0:LIVING", "Living", "Right", "YES", "MASTECTOMY",
     "0:Not Recurred", "138.65"],
    ["MB-1", "3.0", "YES", "Negative", "GAIN", "NO", "Female", "43.19", "84.5", "1:DECEASED", "Died of Disease", "Left", "NO",
     "BREAST CONSERVING", "1:Recurred", "20"],
    ["MB-2", "12", "", "", "", "", "Female", "60", "0", "1:DECEASED", "Died of Other Causes", "", "", "", "0:Not Recurred", "0"],
    ["MB-3", "", "NO", "Positve", "LOSS", "NO", "Female", "", "24", "1:DECEASED", "", "Left", "YES", "MASTECTOMY", "0:Not Recurred", ""],
    ["MB-4", "1", "NO", "Positve", "UNDEF", "NO", "Female", "55", "", "", "", "Left", "YES", "MASTECTOMY", "", ""],
]


@pytest.fixture
def written(tmp_path):
    def write(rows=ROWS, header=HEADER, name="brca_metabric_data_clinical_patient.txt", above="#a\n#b\n#STRING\n#1\n"):
        path = tmp_path / name
        path.write_text(above + "".join("\t".join(row) + "\n" for row in (header, *rows)), encoding="utf-8")
        return path

    return write


def test_counts_make_negative_or_unknown_and_never_a_size(written):
    cohort = cohort_of_reading(read_metabric(written()))
    frame = cohort.frame
    assert frame["nodal_category"].tolist() == ["negative", "unknown", "unknown", "unknown"]
    assert frame["nodal_positive"].astype(object).where(frame["nodal_positive"].notna(), None).tolist() == [False, True, True, None]
    assert frame["n_positive"].tolist()[:3] == [0, 3, 12] and "ITC_NOT_EXCLUDED" in frame["nodal_flags"][0] and "EXAMINED_UNKNOWN" in frame["nodal_flags"][0]
    assert "COUNT_ONLY" in frame["nodal_flags"][1] and any("says nothing of the size of a deposit" in note for note in cohort.origin.notes)


def test_the_usual_grouping_is_a_policy_that_one_asks_for(written):
    frame = cohort_of_reading(read_metabric(written(), policy=Policy(counts_only="macro"))).frame
    assert frame["nodal_category"].tolist() == ["negative", "macro", "macro", "unknown"]


def test_causes_of_death_and_the_one_that_is_blank(written):
    cohort = cohort_of_reading(read_metabric(written()))
    assert cohort.frame["cause"].astype(object).where(cohort.frame["cause"].notna(), None).tolist() == ["none", "breast-cancer", "other", None]
    assert int(cohort.events().sum()) == 3 and "Of 1 death the cause is not known." in cohort.origin.notes
    specific = cohort.with_endpoint("breast-cancer")
    assert (specific.n_patients, int(specific.events().sum())) == (3, 1)


def test_relapse_is_an_endpoint_of_its_own(written):
    relapse = cohort_of_reading(read_metabric(written())).with_endpoint("recurrence")
    assert (relapse.n_patients, int(relapse.events().sum())) == (3, 1)


def test_who_has_no_overall_survival_is_counted(written):
    cohort = cohort_of_reading(read_metabric(written()))
    assert cohort.ledger.frame[["rule", "n_before", "n_after"]].values.tolist() == [["read", 5, 5], ["survival known", 5, 4], ["zero follow-up kept", 4, 4]]


def test_the_words_of_the_file_become_ours(written):
    frame = cohort_of_reading(read_metabric(written())).frame
    assert frame["er"].tolist()[:2] == ["positive", "negative"] and frame["surgery"].tolist()[:2] == ["mastectomy", "conserving"]
    assert frame["laterality"].tolist()[:2] == ["right", "left"] and frame["endocrine_therapy"].tolist()[:2] == ["yes", "no"]
    assert "her2" not in frame  # a copy number is no receptor status


def test_the_sample_file_adds_grade_size_and_receptors(written):
    header = ["PATIENT_ID", "SAMPLE_ID", "ER_STATUS", "HER2_STATUS", "PR_STATUS", "GRADE", "SAMPLE_TYPE", "TUMOR_SIZE", "TUMOR_STAGE"]
    rows = [["MB-0", "MB-0", "Positive", "Negative", "Positive", "3", "Primary", "22.0", "2"], ["MB-9", "MB-9", "", "", "", "", "Primary", "", ""]]
    samples = written(rows, header, "s.txt")
    cohort = cohort_of_reading(read_metabric(written(), samples=samples))
    assert cohort.frame[["grade", "tumour_size_mm", "stage", "her2", "pr"]].iloc[0].tolist() == ["3", 22.0, "II", "negative", "positive"]
    assert cohort.frame["grade"].isna().tolist() == [False, True, True, True] and "1 of 5 patients have a sample" in cohort.origin.notes[0]


def test_statuses_that_contradict_each_other_are_refused(written):
    rows = [list(row) for row in ROWS]
    rows[1][9] = "0:LIVING"
    with pytest.raises(InputError, match=r"contradict each other in 1 row \(first: row 2\)"):
        read_metabric(written(rows))


def test_mistakes_are_named_and_values_are_not_shown(written):
    rows = [list(row) for row in ROWS]
    rows[0][1], rows[2][3] = "many", "Perhaps"
    with pytest.warns(DataWarning) as caught:
        cohort_of_reading(read_metabric(written(rows)))
    told = " ".join(str(each.message) for each in caught)
    assert "'LYMPH_NODES_EXAMINED_POSITIVE': no number from 0 to 90" in told and "'ER_IHC': a code that its table does not list in 1 row (row 3)" in told
    assert "many" not in told and "Perhaps" not in told
    with pytest.raises(InputError, match="no column was found for 'nodes_positive'"):
        read_metabric(written(header=["X" if name.startswith("LYMPH") else name for name in HEADER]))
    with pytest.raises(UsageError, match="'sample'.*'samples'"):
        read_metabric(written(), sample="x")
