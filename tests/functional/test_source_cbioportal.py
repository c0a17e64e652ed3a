"""Are files of cBioPortal read as they are: staging files with lines above the header, and downloads with display names? All patients are made up."""

from __future__ import annotations

import gzip

import pytest

from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.sources.cbioportal import read_cbioportal, read_cbioportal_web
from survival_nodes.sources.reading import cohort_of_reading

HEADER = ["PATIENT_ID", "AGE", "SEX", "PATH_N_STAGE", "AJCC_STAGING_EDITION", "PATH_M_STAGE", "HISTORY_NEOADJUVANT_TRTYN", "OS_STATUS", "OS_MONTHS"]
ROWS = [
    ["P-1", "50", "Female", "N0 (I+)", "7TH", "M0", "No", "0:LIVING", "60.5"],
    ["P-2", "61", "Female", "N1MI", "6TH", "CM0 (I+)", "Yes", "1:DECEASED", "12.25"],
    ["P-3", "72", "Male", "N0", "5TH", "MX", "", "0:LIVING", "0"],
    ["P-4", "43", "Female", "N1A", "5TH", "M0", "No", "1:DECEASED", "33"],
    ["P-5", "44", "Female", "N0 (MOL+)", "", "M0", "No", "", "24"],
]
COMMENTS = ["#Patient Identifier\tAge", "#Identifier to uniquely specify a patient\t#", "#STRING\tNUMBER", "#1\t1", "#PATIENT\tPATIENT"]


def staging(header=HEADER, rows=ROWS, n_comments=4, delimiter="\t", end="\n") -> str:
    return end.join([*COMMENTS[:n_comments], *(delimiter.join(row) for row in (header, *rows))]) + end


@pytest.fixture
def written(tmp_path):
    def write(content: str | bytes, name: str = "data_clinical_patient.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


def with_status(*values: str) -> list[list[str]]:
    return [[f"P-{place}", "50", "Female", "N0", "7TH", "M0", "No", value, "60"] for place, value in enumerate(values)]


@pytest.mark.parametrize("n_comments", [0, 1, 4, 5])
@pytest.mark.parametrize("delimiter, end", [("\t", "\n"), ("\t", "\r"), ("\t", "\r\n"), (",", "\n")], ids=["LF", "CR", "CRLF", "comma"])
def test_lines_above_the_header_are_counted_not_guessed(written, n_comments, delimiter, end):
    cohort = cohort_of_reading(read_cbioportal(written(staging(n_comments=n_comments, delimiter=delimiter, end=end))))
    assert cohort.frame["patient_id"].tolist() == ["P-1", "P-2", "P-3", "P-4"]
    assert cohort.frame["event"].tolist() == [0, 1, 0, 1] and cohort.frame["nodal_category"].tolist() == ["itc", "micro", "negative", "unknown"]
    assert cohort.frame["years"].tolist() == pytest.approx([60.5 / 12, 12.25 / 12, 0, 33 / 12], abs=1e-12)


def test_a_gzipped_file_with_a_mark_at_its_beginning(written):
    path = written(gzip.compress(b"\xef\xbb\xbf" + staging().encode()), "data_clinical_patient.txt.gz")
    assert len(read_cbioportal(path).frame) == 5


def test_a_number_sign_inside_a_value_is_a_value(written):
    rows = [[*row, "clinic #7"] for row in ROWS]
    cohort = cohort_of_reading(read_cbioportal(written(staging([*HEADER, "SITE"], rows)), keep="SITE"))
    assert cohort.frame["SITE"].tolist() == ["clinic #7"] * 4


def test_whoever_has_no_vital_status_is_left_out_and_counted(written):
    cohort = cohort_of_reading(read_cbioportal(written(staging())))
    assert cohort.ledger.frame[["rule", "n_before", "n_after"]].values.tolist() == [["read", 5, 5], ["survival known", 5, 4], ["zero follow-up kept", 4, 4]]
    assert "no vital status (1)" in cohort.ledger.frame["reason"][1]


def test_the_digit_of_a_status_goes_first_and_a_word_alone_is_read_too(written):
    values = ["0:LIVING", "1:DECEASED", "LIVING", "DECEASED", "1: anything", "deceased"]
    reading = read_cbioportal(written(staging(rows=with_status(*values))))
    assert reading.frame["event"].tolist() == [0, 1, 0, 1, 1, 1]


def test_a_status_that_no_table_lists_is_counted_and_not_shown(written):
    with pytest.warns(DataWarning, match=r"column 'OS_STATUS': .* in 1 row \(row 2\); read as missing") as caught:
        cohort_of_reading(read_cbioportal(written(staging(rows=with_status("0:LIVING", "2:SECRET", "1:DECEASED")))))
    assert "SECRET" not in str(caught[0].message)


def test_the_words_of_the_file_become_ours(written):
    frame = cohort_of_reading(read_cbioportal(written(staging()))).frame
    assert frame["sex"].tolist() == ["female", "female", "male", "female"] and frame["m_category"].tolist() == ["M0", "M0", "MX", "M0"]
    assert frame["neoadjuvant"].astype(object).where(frame["neoadjuvant"].notna(), None).tolist() == ["no", "yes", None, "no"]
    flags = frame["nodal_flags"].str.split()
    assert "POST_NEOADJUVANT" in flags[1] and "NEOADJ_UNKNOWN" in flags[2] and not {"POST_NEOADJUVANT", "NEOADJ_UNKNOWN"} & set(flags[0])


def test_n1a_of_an_old_edition_is_open_and_said(written):
    cohort = cohort_of_reading(read_cbioportal(written(staging())))
    assert cohort.frame["nodal_possible"][3] == "itc micro" and cohort.frame["nodal_category"][3] == "unknown"
    assert "1 patient has pN1a of an AJCC edition before the 6th" in " ".join(cohort.origin.notes)
    assert cohort_of_reading(read_cbioportal(written(staging()), policy="default")).frame["nodal_category"][3] == "micro"


def test_molecular_positive_is_not_isolated_tumour_cells(written):
    frame = read_cbioportal(written(staging())).frame
    assert frame["nodal_category"][4] == "negative" and "MOLECULAR_POSITIVE" in frame["nodal_flags"][4]


PAIRS = {
    "breast_cancer": ("DSS", "0:ALIVE OR DEAD TUMOR FREE", "1:DEAD WITH TUMOR"), "disease_free": ("DFS", "0:DiseaseFree", "1:Recurred/Progressed"),
    "recurrence": ("RFS", "0:Not Recurred", "1:Recurred")}


@pytest.mark.parametrize("ours, pair", PAIRS.items(), ids=PAIRS)
def test_the_other_pairs_are_endpoints(written, ours, pair):
    theirs, no, yes = pair
    rows = [[*row, status, months] for row, status, months in zip(ROWS, [no, yes, "", yes.split(":")[1], no.split(":")[1]], ["60", "6", "0", "", "5"])]
    cohort = cohort_of_reading(read_cbioportal(written(staging([*HEADER, f"{theirs}_STATUS", f"{theirs}_MONTHS"], rows))))
    other = cohort.with_endpoint(ours.replace("_", "-"))
    assert (other.n_patients, int(other.events().sum())) == (2, 1)


def test_progression_free_survival_ends_the_follow_up_where_it_is_asked_for(written):
    rows = [[*row, status, "36"] for row, status in zip(ROWS, ["1:PROGRESSION", "0:CENSORED", "0:CENSORED", "PROGRESSION", ""])]
    path = written(staging([*HEADER, "PFS_STATUS", "PFS_MONTHS"], rows))
    cohort = cohort_of_reading(read_cbioportal(path, endpoint="progression-free"))
    assert (cohort.endpoint, cohort.n_patients, int(cohort.events().sum())) == ("progression-free", 4, 2)
    assert "overall" in cohort.endpoints and cohort.with_endpoint("overall").n_patients == 4
    plain = cohort_of_reading(read_cbioportal(path))
    assert "progression_free_years" not in plain.frame and any('endpoint="progression-free"' in note for note in plain.origin.notes)
    with pytest.raises(UsageError, match="progression-free"):
        read_cbioportal(path, endpoint="progression")
    with pytest.raises(InputError, match="the file has no columns for it"):
        read_cbioportal(written(staging()), endpoint="progression-free")


COMBINED = [["SAMPLE_ID", *HEADER, "SAMPLE_TYPE"]] + [[f"{row[0]}-{n}", *row, kind] for row, n, kind in (
    (ROWS[0], 2, "Metastasis"), (ROWS[0], 1, "Primary"), (ROWS[1], 1, "Metastasis"), (ROWS[1], 2, "Metastasis"), (ROWS[2], 1, "Primary"))]


def test_patients_and_samples_in_one_file_keep_a_row_a_patient(written):
    cohort = cohort_of_reading(read_cbioportal(written(staging(COMBINED[0], COMBINED[1:], n_comments=5), "data_clinical.txt")))
    assert cohort.frame["sample_id"].tolist() == ["P-1-1", "P-2-1", "P-3-1"]  # the primary sample; else the first
    step = cohort.ledger.frame.iloc[1]
    assert (step["rule"], step["n_before"], step["n_after"]) == ("one row a patient", 5, 3) and "(2 rows)" in step["reason"]


def test_a_sample_file_is_joined_by_its_primary_samples(written):
    rows = [["P-1", "S-1", "Metastasis", "3"], ["P-1", "S-2", "Primary", "1"], ["P-2", "S-3", "", "2"]]
    samples = staging(["PATIENT_ID", "SAMPLE_ID", "SAMPLE_TYPE", "GRADE"], rows)
    reading = read_cbioportal(written(staging()), samples=written(samples, "data_clinical_sample.txt"))
    assert reading.frame["grade"].astype(object).tolist()[:2] == ["1", "2"] and reading.frame["grade"].isna().sum() == 3
    assert [each.name for each in reading.files] == ["data_clinical_patient.txt", "data_clinical_sample.txt"]
    assert "2 of 5 patients have a sample" in reading.notes[0]


@pytest.mark.parametrize("content, words", [
    ("PATIENT_ID\tGRADE\nX-9\t2\n", "holds no sample of any patient"), ("SAMPLE\tGRADE\nX-9\t2\n", "has no column PATIENT_ID")])
def test_a_sample_file_of_another_study_is_refused(written, content, words):
    with pytest.raises(InputError, match=words):
        read_cbioportal(written(staging()), samples=written(content, "data_clinical_sample.txt"))


def test_a_study_without_pathologic_n_is_read_and_said_so(written):
    rows = [row[:3] + row[4:] for row in ROWS]
    with pytest.warns(DataWarning, match="no column of pathologic N: nobody has a nodal category"):
        cohort = cohort_of_reading(read_cbioportal(written(staging(HEADER[:3] + HEADER[4:], rows))))
    assert "nodal_category" not in cohort.frame


WRONG = {
    "pointer": ("version https://git-lfs.github.com/spec/v1\noid sha256:13c9\nsize 341851\n", "a git-lfs pointer"),
    "page": ("<!DOCTYPE html><html></html>", "a web page"),
    "comments only": ("\n".join(COMMENTS) + "\n", r"5 lines that begin with # and no rows below them"),
    "empty": ("", "is empty"),
    "another file": ("a\tb\n1\t2\n", "no column was found for 'patient_id'"),
    "display names": (
        "Patient ID\tOverall Survival (Months)\tOverall Survival Status\nP-1\t3\tLIVING\n", "no column was found for 'years'.*read it as another source"),
    "short row": (staging()[:-4].rsplit("\t", 1)[0] + "\n", "the header has 9 columns, but row 5 has 7"),
}


@pytest.mark.parametrize("content, words", WRONG.values(), ids=WRONG)
def test_what_is_no_staging_file_is_named(written, content, words):
    with pytest.raises(InputError, match=words):
        read_cbioportal(written(content))


def test_options_that_are_not_known_are_refused(written):
    path = written(staging())
    with pytest.raises(UsageError, match="'kep'.*keep"):
        read_cbioportal(path, kep=("AGE",))
    with pytest.raises(UsageError, match="keep: .*'AEG'"):
        read_cbioportal(path, keep=("AEG",))
    with pytest.raises(UsageError, match="'ages'"):
        read_cbioportal(path, columns={"ages": "AGE"})
    with pytest.raises(UsageError, match="there is no file"):
        read_cbioportal(path.parent / "absent.txt")


def test_columns_and_codes_of_ones_own_go_over_the_layout(written):
    renamed = ["WHO" if name == "PATIENT_ID" else name for name in HEADER]
    reading = read_cbioportal(written(staging(renamed).replace("Female", "F1")), columns={"patient_id": "WHO"}, codes={"sex": {"F1": "female"}})
    assert reading.frame["patient_id"].tolist() == [f"P-{place}" for place in range(1, 6)] and (reading.frame["sex"] == "female").sum() == 4


N_TITLE = "Neoplasm Disease Lymph Node Stage American Joint Committee on Cancer Code"
HE = "Positive Finding Lymph Node Hematoxylin and Eosin Staining Microscopy Count"
IHC = "Positive Finding Lymph Node Keratin Immunohistochemistry Staining Method Count"
WEB = ["Study ID", "Patient ID", "Sample ID", N_TITLE, HE, IHC, "Lymph Node(s) Examined Number", "Micromet detection by ihc", "IHC-HER2", "HER2 fish status",
       "International Classification of Diseases for Oncology, Third Edition ICD-O-3 Histology Code", "Overall Survival (Months)", "Overall Survival Status",
       "Sample Type", "Staging System", "Staging System"]
WEB_ROWS = [
    ["s", "P-1", "P-1-01", "N0 (i+)", "0", "1", "3", "YES", "Equivocal", "Positive", "8500/3", "60", "LIVING", "Primary", "Sentinel node biopsy alone", "NA"],
    ["s", "P-2", "P-2-06", "N1mi", "0", "NA", "12", "YES", "Negative", "Positive", "8500/2", "12", "DECEASED", "Metastasis", "No axillary staging", "others"],
    ["s", "P-2", "P-2-01", "N1mi", "0", "NA", "12", "YES", "Negative", "Positive", "8500/3", "12", "1:DECEASED", "Primary", "Other (specify)", "other words"],
    ["s", "P-3", "P-3-01", "N0", "NA", "NA", "0", "NO", "NA", "NA", "NA", "NA", "LIVING", "Primary", "NA", "NA"],
]


def test_display_names_may_stand_twice_and_a_patient_has_a_row(written):
    cohort = cohort_of_reading(read_cbioportal_web(written(staging(WEB, WEB_ROWS, n_comments=0), "x_clinical_data.tsv")))
    assert cohort.frame["sample_id"].tolist() == ["P-1-01", "P-2-01"] and cohort.frame["axillary_surgery"].tolist() == ["sentinel", "other"]
    assert cohort.ledger.frame[["rule", "n_excluded"]].values.tolist() == [["read", 0], ["one row a patient", 1], ["survival known", 1]]


def test_counts_of_nodes_are_kept_and_are_no_evidence_against_the_code(written):
    frame = read_cbioportal_web(written(staging(WEB, WEB_ROWS, n_comments=0), "x.tsv")).frame
    assert frame["nodal_category"].tolist() == ["itc", "micro", "micro", "unknown"]  # N0 of whom no node was examined is not negative
    assert frame["n_positive"].tolist()[:3] == [0, 0, 0] and frame["n_positive_ihc"][0] == 1 and frame["n_examined"].tolist() == [3, 12, 12, 0]
    assert "NOT_EXAMINED" in frame["nodal_flags"][3]


def test_fish_tells_her2_where_the_stain_does_not(written):
    frame = read_cbioportal_web(written(staging(WEB, WEB_ROWS, n_comments=0), "x.tsv")).frame
    assert frame["her2"].tolist()[:2] == ["positive", "negative"] and frame["behaviour"].tolist()[:3] == [3, 2, 3]


def test_an_export_of_another_centre_with_a_stage_of_unsaid_basis(written):
    header = ["Study ID", "Patient ID", "Sample ID", "N Stage", "M Stage", "Overall Survival (Months)", "Overall Survival Status", "Sex",
              "Overall Primary Tumor Grade"]
    rows = [["b", "P-1", "S-1", "N0(i+)", "M0", "10.5", "0:LIVING", "Female", "I  Low Grade (Well Differentiated)"],
            ["b", "P-2", "S-2", "N1mi", "M1", "30", "1:DECEASED", "Female", "III High Grade (Poorly Differentiated)"],
            ["b", "P-3", "S-3", "unk", "M1", "20", "1:DECEASED", "Female", "Unknown"]]
    cohort = cohort_of_reading(read_cbioportal_web(written(staging(header, rows, n_comments=0), "b.tsv")))
    assert cohort.frame["nodal_category"].tolist() == ["itc", "micro", "unknown"] and cohort.frame["m_category"].tolist() == ["M0", "M1", "M1"]
    assert cohort.frame["grade"].tolist()[:2] == ["1", "3"]
    assert any("read as pathological" in note for note in cohort.origin.notes)


def test_a_staging_file_read_as_a_download_is_refused(written):
    with pytest.raises(InputError, match=r"no column was found for 'years' \('Overall Survival \(Months\)'\)"):
        read_cbioportal_web(written(staging()))
    with pytest.raises(UsageError, match="'samples'"):
        read_cbioportal_web(written(staging()), samples="x")
