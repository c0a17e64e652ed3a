"""The case listing of SEER*Stat, on small made-up files in its layouts."""

from __future__ import annotations

import gzip
import warnings

import numpy as np
import pandas as pd
import pytest

from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.sources.export_dictionary import dictionary_beside, read_dictionary
from survival_nodes.sources.reading import cohort_of_reading
from survival_nodes.sources.seer_stat import read_seer_stat

MORE_THAN_ZERO = "Complete dates are available and there are more than 0 days of survival"
DCO = "Not calculated because a Death Certificate Only or Autopsy Only case"
THIS, OTHER = "Dead (attributable to this cancer dx)", "Dead (attributable to causes other than this cancer dx)"
NOT_THIS, NOT_OTHER, UNKNOWN_COD = "Alive or dead of other cause", "Alive or dead due to cancer", "Dead (missing/unknown COD)"
# Title -> entries of six made-up patients, one in each era and two more.
LISTING = {
    "Patient ID": ["00000101", "00000102", "00000103", "00000104", "00000105", "00000106"],
    "Sex": ["Female", "Female", "Female", "Male", "Female", "Female"],
    "Year of diagnosis": ["1995", "2008", "2012", "2016", "2019", "2013"],
    "Age recode with single ages and 90+": ["62 years", "48 years", "90+ years", "71 years", "55 years", "39 years"],
    "Race recode (W, B, AI, API)": ["White", "Black", "White", "Asian or Pacific Islander", "White", "White"],
    "Laterality": ["Left - origin of primary", "Right - origin of primary", "Bilateral, single primary", "Left - origin of primary",
                   "Right - origin of primary", "Paired site, but no information concerning laterality"],
    "Sequence number": ["One primary only", "1st of 2 or more primaries", "2nd of 2 or more primaries", *["One primary only"] * 3],
    "Behavior code ICD-O-3": ["Malignant", "Malignant", "Malignant", "Malignant", "In situ", "Malignant"],
    "Primary Site - labeled": ["C50.4-Upper-outer quadrant of breast", "C50.9-Breast, NOS", "C50.1-Central portion of breast", "C50.9-Breast, NOS",
                               "C50.8-Overlapping lesion of breast", "C50.2-Upper-inner quadrant of breast"],
    "Diagnostic Confirmation": ["Positive histology", "Positive histology", "Positive histology", "Clinical diagnosis only", "Positive histology", "Unknown"],
    "Type of Reporting Source": ["Hospital inpatient/outpatient or clinic"] * 5 + ["Death certificate only"],
    "EOD 10 - nodes (1988-2003)": ["2", "Blank(s)", "Blank(s)", "Blank(s)", "Blank(s)", "Blank(s)"],
    "CS lymph nodes (2004-2015)": ["Blank(s)", "050", "150", "Blank(s)", "Blank(s)", "999"],
    "CS Reg Node Eval (2004-2015)": ["Blank(s)", "3", "3", "Blank(s)", "Blank(s)", "9"],
    "CS site-specific factor 4 (2004-2017 varying by schema)": ["Blank(s)", "000", "000", "000", "Blank(s)", "999"],
    "Derived AJCC N, 7th ed (2010-2015)": ["Blank(s)", "Blank(s)", "N1mi", "Blank(s)", "Blank(s)", "NX"],
    "Derived SEER Combined N (2016-2017)": ["Blank(s)", "Blank(s)", "Blank(s)", "p0I-", "Blank(s)", "Blank(s)"],
    "EOD Regional Nodes (2018+)": ["Blank(s)", "Blank(s)", "Blank(s)", "Blank(s)", "100", "Blank(s)"],
    "Regional nodes positive (1988+)": ["03", "00", "01", "00", "01", "98"],
    "Regional nodes examined (1988+)": ["15", "02", "03", "02", "04", "00"],
    "Survival months": ["0123", "0000", "0081", "0045", "0012", "Unknown"],
    "Survival months flag": [MORE_THAN_ZERO, "Complete dates are available and there are 0 days of survival", MORE_THAN_ZERO,
                             "Incomplete dates are available and there cannot be zero days of follow-up",
                             "Incomplete dates are available and there could be zero days of follow-up", DCO],
    "Vital status recode (study cutoff used)": ["Dead", "Alive", "Dead", "Dead", "Alive", "Dead"],
    "SEER cause-specific death classification": [THIS, NOT_THIS, NOT_THIS, UNKNOWN_COD, NOT_THIS, THIS],
    "SEER other cause of death classification": [NOT_OTHER, NOT_OTHER, OTHER, UNKNOWN_COD, NOT_OTHER, NOT_OTHER],
    "ER Status Recode Breast Cancer (1990+)": ["Positive", "Negative", "Borderline/Unknown", "Positive", "Recode not available", "Positive"],
    "Grade (thru 2017)": ["Poorly differentiated; Grade III", "Well differentiated; Grade I", "Unknown", "Moderately differentiated; Grade II", "Blank(s)",
                          "Unknown"],
    "Derived Summary Grade 2018 (2018+)": ["Blank(s)", "Blank(s)", "Blank(s)", "Blank(s)", "Site-specific grade system category (2)", "Blank(s)"],
    "RX Summ--Surg Prim Site (1998+)": ["Blank(s)", "22", "41", "00", "23", "99"],
    "RX Summ--Scope Reg LN Sur (2003+)": ["Blank(s)", "Sentinel lymph node biopsy", "4 or more regional lymph nodes removed", "None",
                                          "Sentinel node biopsy and lym nd removed same/unstated time", "Unknown or not applicable"],
    "Radiation recode": ["Beam radiation", "None/Unknown", "Refused (1988+)", "Recommended, unknown if administered", "Beam radiation", "None/Unknown"],
    "Chemotherapy recode (yes, no/unk)": ["No/Unknown", "Yes", "No/Unknown", "No/Unknown", "No/Unknown", "No/Unknown"],
    "Derived AJCC M, 7th ed (2010-2015)": ["Blank(s)", "Blank(s)", "M0", "Blank(s)", "Blank(s)", "M1"],
    "Derived AJCC M, 6th ed (2004-2015)": ["Blank(s)", "M0", "M0", "Blank(s)", "Blank(s)", "M1"],
    "Derived AJCC T, 6th ed (2004-2015)": ["Blank(s)", "T1c", "T2", "Blank(s)", "Blank(s)", "TX"],
    "Derived SEER Combined T (2016-2017)": ["Blank(s)", "Blank(s)", "Blank(s)", "p1C", "Blank(s)", "Blank(s)"],
    "CS tumor size (2004-2015)": ["Blank(s)", "018", "025", "Blank(s)", "Blank(s)", "999"],
}
DIC = """[System]
Output filename=Z:\\data\\export.txt
Matrix filename=Case Listing Session-1 Matrix-1
Database name=Incidence - SEER Research Data, 17 Registries, Nov 2023 Sub (2000-2021) - made up

[Session Options]
Type=Case Listing

[Export Options]
GZipped=false
Variable format={format}
File format=DOS/Windows
Field delimiter={delimiter}
Missing character=space
Fields with delimiter in quotes=true
Remove thousands separators=true
Variable names included={headed}

[Variables]
{variables}
"""


def write(path, listing=LISTING, delimiter=",", headed=True, line_end="\n", quote=True, change=str):
    def cell(entry):
        return f'"{entry}"' if quote and (delimiter in entry or " " in entry) else entry

    rows = [list(listing)] * headed + [list(row) for row in zip(*listing.values())]
    text = line_end.join(delimiter.join(cell(entry) for entry in row) for row in rows) + line_end
    path.write_bytes(change(text).encode("utf-8"))
    return path


def dictionary(path, listing=LISTING, delimiter="comma", headed="true", format="labels", more="", line_end="\r\n"):
    variables = "\n".join(f"Var{place}Name={title}\nVar{place}Base={title}" for place, title in enumerate(listing, start=1))
    text = DIC.format(delimiter=delimiter, headed=headed, format=format, variables=variables) + more
    path.write_bytes(text.replace("\n", line_end).encode("utf-8"))
    return path


def without(*titles, **changed):
    return {title: changed.get(title, entries) for title, entries in LISTING.items() if title not in titles}


def with_entries(title, entries):
    return {**LISTING, title: entries}


def codes(values):
    return [None if pd.isna(value) else value for value in values]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return read_seer_stat(write(tmp_path_factory.mktemp("seer") / "listing.csv"))


def test_patients_are_read_in_our_words(plain):
    frame = plain.frame
    assert frame["patient_id"].tolist() == LISTING["Patient ID"]
    assert codes(frame["sex"]) == ["female", "female", "female", "male", "female", "female"]
    assert codes(frame["diagnosis_year"]) == [1995, 2008, 2012, 2016, 2019, 2013]
    assert codes(frame["age"]) == [62, 48, 90, 71, 55, 39]
    assert codes(frame["laterality"]) == ["left", "right", "bilateral", "left", "right", "unknown"]
    assert codes(frame["sequence_number"]) == [0, 1, 2, 0, 0, 0]
    assert codes(frame["behaviour"]) == [3, 3, 3, 3, 2, 3]
    assert codes(frame["topography"]) == ["C50.4", "C50.9", "C50.1", "C50.9", "C50.8", "C50.2"]
    assert codes(frame["confirmation"]) == ["microscopic"] * 3 + ["clinical", "microscopic", "death certificate"]
    assert codes(frame["n_positive"]) == [3, 0, 1, 0, 1, None]
    assert codes(frame["n_examined"]) == [15, 2, 3, 2, 4, 0]
    assert codes(frame["er"]) == ["positive", "negative", None, "positive", None, "positive"]
    assert codes(frame["grade"]) == ["3", "1", None, "2", "2", None]
    assert codes(frame["surgery"]) == [None, "conserving", "mastectomy", "none", "conserving", None]
    assert codes(frame["axillary_surgery"]) == [None, "sentinel", "dissection", "none", "sentinel then dissection", None]
    assert codes(frame["radiotherapy"]) == ["yes", "no", "no", None, "yes", "no"]
    assert codes(frame["chemotherapy"]) == ["no", "yes", "no", "no", "no", "no"]
    assert codes(frame["m_category"]) == [None, "M0", "M0", None, None, "M1"]
    assert codes(frame["t_category"]) == [None, "T1", "T2", "T1", None, "TX"]
    assert codes(frame["tumour_mm"]) == [None, 18, 25, None, None, None]
    assert codes(frame["race"]) == LISTING["Race recode (W, B, AI, API)"]
    assert plain.time_unit == "months" and plain.said == ()


def test_follow_up_and_causes(plain):
    frame = plain.frame
    assert codes(frame["years"]) == [123, 0, 81, 45, 12, None]
    assert codes(frame["event"]) == [1, 0, 1, 1, 0, 1]
    assert codes(frame["cause"]) == ["breast-cancer", "none", "other", None, "none", "breast-cancer"]
    assert codes(frame["survival_flag"]) == [
        "complete, more than zero days", "complete, zero days", "complete, more than zero days", "incomplete, not zero days",
        "incomplete, could be zero days", None]


def test_the_cohort_counts_whom_it_leaves_out(plain):
    cohort = cohort_of_reading(plain)
    assert len(cohort) == 5
    assert cohort.frame["nodal_category"].tolist() == ["macro", "itc", "micro", "negative", "micro"]
    assert cohort.frame["era"].tolist() == [
        "EOD-10 (1988-2003)", "Collaborative Stage (2004-2015)", "Collaborative Stage (2004-2015)", "SEER Combined (2016-2017)", "EOD 2018 (2018 on)"]
    ledger = cohort.ledger.frame
    assert ledger["rule"].tolist()[:2] == ["read", "survival known"]
    assert ledger.loc[1, ["n_before", "n_after"]].tolist() == [6, 5]
    assert cohort.frame["years"].to_numpy() == pytest.approx(np.array([123, 0, 81, 45, 12]) / 12)
    # The death of unknown cause has no follow-up to death of breast cancer: 1 of 4 whose fate is known in that respect.
    breast = cohort.with_endpoint("breast-cancer")
    assert (len(breast), int(breast.frame["event"].sum())) == (4, 1)


def test_notes_say_what_a_reader_must_know(plain):
    notes = " ".join(plain.notes)
    assert "The age of 1 patient in the oldest, open group is read as its lower end." in notes
    assert "presumed alive" in notes and "both are read as no" in notes
    assert plain.citation.startswith("Surveillance, Epidemiology, and End Results")


def mangled(text):
    header, rest = text.split("\n", 1)
    names = [f"{''.join(letter if letter.isalnum() else '.' for letter in title)}" for title in LISTING]
    return "﻿" + ",".join(names) + "\n" + rest


@pytest.mark.parametrize(("options", "name"), [
    ({"delimiter": "\t"}, "tab.txt"), ({"delimiter": ";"}, "semicolon.csv"), ({"delimiter": ","}, "comma.txt"), ({"delimiter": " "}, "space.txt"),
    ({"line_end": "\r\n"}, "dos.csv"), ({"line_end": "\r"}, "old_mac.csv"), ({"change": mangled}, "r.csv"),
    ({"delimiter": "\t", "quote": False}, "unquoted.txt"),
    ({"change": lambda text: text.replace("\n", ",,\n")}, "trailing.csv"), ({"change": lambda text: text.replace("Female", '"  Female"')}, "blanks.csv"),
    ({"change": lambda text: text.replace("Survival months,", "Survival_months,", 1)}, "underscore.csv")])
def test_however_it_is_written_it_is_read_alike(plain, tmp_path, options, name):
    found = read_seer_stat(write(tmp_path / name, **options))
    pd.testing.assert_frame_equal(found.frame, plain.frame)
    pd.testing.assert_frame_equal(found.evidence, plain.evidence)


@pytest.mark.parametrize("name", ["listing.csv.gz", "listing.txt"])
def test_gzip_is_seen_whatever_the_name(plain, tmp_path, name):
    packed = tmp_path / name
    packed.write_bytes(gzip.compress(write(tmp_path / "plain.csv").read_bytes()))
    pd.testing.assert_frame_equal(read_seer_stat(packed).frame, plain.frame)


def test_codes_that_a_spreadsheet_made_numbers_of(plain, tmp_path):
    bare = {title: [entry.lstrip("0") or "0" if entry.isdigit() else entry for entry in entries] for title, entries in LISTING.items()}
    found = read_seer_stat(write(tmp_path / "bare.csv", bare))
    pd.testing.assert_frame_equal(found.frame.drop(columns="patient_id"), plain.frame.drop(columns="patient_id"))
    assert cohort_of_reading(found).frame["nodal_category"].tolist() == cohort_of_reading(plain).frame["nodal_category"].tolist()


def test_thousands_are_read(tmp_path):
    listing = with_entries("Year of diagnosis", ["1,995", "2,008", "2,012", "2,016", "2,019", "2,013"])
    found = read_seer_stat(write(tmp_path / "thousands.csv", listing))
    assert codes(found.frame["diagnosis_year"]) == [1995, 2008, 2012, 2016, 2019, 2013]


def test_a_delimiter_may_be_said(tmp_path, plain):
    path = write(tmp_path / "bar.txt", delimiter="|")
    with pytest.raises(InputError, match="does not hold the names of columns of SEER"):
        read_seer_stat(path)
    pd.testing.assert_frame_equal(read_seer_stat(path, delimiter="|").frame, plain.frame)
    with pytest.raises(UsageError, match="give one character"):
        read_seer_stat(path, delimiter="||")


def test_the_dictionary_beside_the_file_names_columns_and_release(tmp_path, plain):
    path = write(tmp_path / "export.txt", delimiter="\t", headed=False)
    dictionary(tmp_path / "export.DIC", delimiter="tab", headed="false")
    found = read_seer_stat(path)
    pd.testing.assert_frame_equal(found.frame, plain.frame)
    assert found.citation.endswith("Database: Incidence - SEER Research Data, 17 Registries, Nov 2023 Sub (2000-2021) - made up")
    assert any("Nov 2023 Sub" in note for note in found.notes)


def test_without_names_and_dictionary_the_way_out_is_said(tmp_path):
    path = write(tmp_path / "export.txt", delimiter="\t", headed=False)
    with pytest.raises(InputError) as caught:
        read_seer_stat(path)
    assert str(caught.value) == ("'export.txt': its first row does not hold the names of columns of SEER*Stat: export it with variable names, put its "
                                 'dictionary (.dic) beside it, or name it with dictionary="..."; another delimiter with delimiter="..."')


def test_a_dictionary_of_another_name_is_given(tmp_path, plain):
    path = write(tmp_path / "export.txt.gz", headed=False)
    path.write_bytes(gzip.compress(path.read_bytes()))
    said = dictionary(tmp_path / "other.dic", headed="FALSE", line_end="\n")
    pd.testing.assert_frame_equal(read_seer_stat(path, dictionary=said).frame, plain.frame)
    with pytest.raises(UsageError, match="there is no file 'none.dic'"):
        read_seer_stat(path, dictionary=tmp_path / "none.dic")


NUMERIC = {
    "Patient ID": ["101", "102"], "Sex": ["2", "2"], "Year of diagnosis": ["208", "219"], "Survival months": ["81", "12"],
    "Vital status recode (study cutoff used)": ["2", "1"], "CS lymph nodes (2004-2015)": ["150", "1022"], "EOD Regional Nodes (2018+)": ["1022", "30"],
    "Regional nodes positive (1988+)": ["1", "126"], "Sequence number": ["0", "1"],
}
FORMATS = """
[Format=Sex]
1="  Male"
2="  Female"
[FORMAT=Vital status recode (study cutoff used)]
1=Alive
2=Dead
2=Something else
[Format=Year of diagnosis]
208="2008"
219="2019"
[Format=EOD Regional Nodes (2018+)]
30=030
1022="Blank(s)"
[Unheard of]
Key=value
A line without a sign
"""


def test_codes_are_turned_into_labels_by_the_dictionary(tmp_path):
    path = write(tmp_path / "numeric.txt", NUMERIC)
    dictionary(tmp_path / "numeric.dic", NUMERIC, format="numeric", more=FORMATS)
    found = read_seer_stat(path)
    assert codes(found.frame["event"]) == [1, 0] and codes(found.frame["sex"]) == ["female", "female"]
    assert codes(found.frame["diagnosis_year"]) == [2008, 2019]
    assert codes(found.frame["n_positive"]) == [1, None]
    assert cohort_of_reading(found).frame["nodal_category"].tolist() == ["micro", "itc"]


def test_years_of_a_file_of_codes_are_read_without_the_dictionary(tmp_path):
    listing = {**NUMERIC, "Vital status recode (study cutoff used)": ["4", "1"]}
    assert codes(read_seer_stat(write(tmp_path / "numeric.txt", listing)).frame["diagnosis_year"]) == [2008, 2019]


def test_a_dictionary_is_read_in_order_and_leniently(tmp_path):
    written = dictionary(
        tmp_path / "a.dic", NUMERIC, delimiter="Semi-Colon", headed="True", format="QuotedLabels", more=FORMATS + "[Variables]\nVar1Name=Patient ID\n")
    said = read_dictionary(written)
    assert said.names[:3] == ("Patient ID", "Sex", "Year of diagnosis") and len(said.names) == len(NUMERIC) + 1
    assert (said.delimiter, said.headed, said.labels, said.missing) == (";", True, True, "")
    assert said.formats["Sex"] == {"1": "Male", "2": "Female"}
    assert said.formats["Vital status recode (study cutoff used)"]["2"] == "Dead"
    (tmp_path / "b.dic").write_text("[System]\nDatabase name=Some database\n", encoding="utf-8")
    bare = read_dictionary(tmp_path / "b.dic")
    assert (bare.names, bare.delimiter, bare.headed, bare.labels, dict(bare.formats)) == ((), None, None, None, {})
    (tmp_path / "c.dic").write_text("nothing\n", encoding="utf-8")
    with pytest.raises(InputError, match="is no dictionary of SEER"):
        read_dictionary(tmp_path / "c.dic")


def test_repeated_pairs_in_a_dictionary_are_one_column(tmp_path):
    (tmp_path / "d.dic").write_text("[Variables]\nVar1Name=Sex\nVar1Name=Sex\nVar2Name=Year of diagnosis\n", encoding="utf-8")
    assert read_dictionary(tmp_path / "d.dic").names == ("Sex", "Year of diagnosis")


def test_the_dictionary_is_found_by_the_stem(tmp_path):
    (tmp_path / "seer.export.dic").write_text("", encoding="utf-8")
    (tmp_path / "seer.export.txt.gz").write_text("x", encoding="utf-8")
    (tmp_path / "other.txt").write_text("x", encoding="utf-8")
    assert dictionary_beside(tmp_path / "seer.export.txt.gz").name == "seer.export.dic"
    assert dictionary_beside(tmp_path / "other.txt") is None


def test_what_stands_for_missing_is_taken_from_the_dictionary(tmp_path):
    listing = with_entries("ER Status Recode Breast Cancer (1990+)", ["Positive", "~", "~", "Positive", "~", "Positive"])
    path = write(tmp_path / "export.csv", listing)
    with_own = DIC.format(format="labels", delimiter="comma", headed="true", variables="Var1Name=x").replace("character=space", 'character="~"')
    (tmp_path / "export.dic").write_text(with_own, encoding="utf-8")
    found = read_seer_stat(path)
    assert found.said == () and codes(found.frame["er"]) == ["positive", None, None, "positive", None, "positive"]


def test_the_recode_of_the_certificate_is_used_where_there_is_no_classification(tmp_path):
    listing = without("SEER cause-specific death classification", "SEER other cause of death classification")
    listing["COD to site recode"] = ["Breast", "Alive", "Diseases of Heart", "State DC not available or state DC available but no COD", "Alive", "Breast"]
    found = read_seer_stat(write(tmp_path / "cod.csv", listing))
    assert codes(found.frame["cause"]) == ["breast-cancer", "none", "other", None, "none", "breast-cancer"]
    assert any("counts by the sequence of tumours" in note for note in found.notes)
    listing["COD to site recode"] = ["26000", "00000", "50060", "99999", "00000", "208"]
    assert codes(read_seer_stat(write(tmp_path / "cod.csv", listing)).frame["cause"]) == ["breast-cancer", "none", "other", None, "none", None]


def test_without_any_cause_deaths_have_none(tmp_path):
    found = read_seer_stat(write(tmp_path / "no.csv", without("SEER cause-specific death classification", "SEER other cause of death classification")))
    assert codes(found.frame["cause"]) == [None, "none", None, None, "none", None]


def test_contradictory_causes_are_counted(tmp_path):
    listing = with_entries("SEER other cause of death classification", [OTHER, NOT_OTHER, OTHER, UNKNOWN_COD, NOT_OTHER, NOT_OTHER])
    found = read_seer_stat(write(tmp_path / "both.csv", listing))
    assert found.said == ("vital status and the classifications of the cause of death contradict each other in 1 row; the cause is read as missing",)
    assert pd.isna(found.frame["cause"][0])


def test_one_tumour_of_a_patient_is_kept_and_the_others_counted(tmp_path):
    listing = {**with_entries("Patient ID", ["A", "B", "B", "C", "C", "D"]), "Sequence number": [
        "One primary only", "2nd of 2 or more primaries", "1st of 2 or more primaries", "1st of 2 or more primaries", "88", "One primary only"]}
    reading = read_seer_stat(write(tmp_path / "several.csv", listing))
    (step,) = reading.steps
    assert (step.rule, step.reason) == ("one tumour a patient", "further tumours of a patient (2 rows)")
    assert step.keep.tolist() == [True, False, True, True, False, True]
    assert cohort_of_reading(reading).frame["patient_id"].tolist() == ["A", "B", "C"]


def test_a_first_malignant_primary_stands_in_for_the_sequence_number(tmp_path):
    listing = {**without("Sequence number"), "First malignant primary indicator": ["Yes", "No", "Yes", "Yes", "No", "Yes"]}
    found = read_seer_stat(write(tmp_path / "first.csv", listing))
    assert codes(found.frame["sequence_number"]) == [1, None, 1, 1, None, 1]
    assert any("is read as sequence number 1" in note for note in found.notes)


def test_rows_without_a_patient_are_numbered(tmp_path):
    found = read_seer_stat(write(tmp_path / "nobody.csv", without("Patient ID")))
    assert found.frame["patient_id"].tolist() == ["1", "2", "3", "4", "5", "6"]
    assert any("does not name the patients" in note for note in found.notes)


def test_treatment_before_surgery(tmp_path, plain):
    assert codes(plain.frame["neoadjuvant"]) == [None] * 6
    listing = {**LISTING, "RX Summ--Systemic/Sur Seq (2007+)": [
        "Blank(s)", "Systemic therapy before surgery", "Systemic therapy after surgery", "No systemic therapy and/or surgical procedures",
        "Sequence unknown, but both surgery and systemic therapy given", "7"]}
    found = read_seer_stat(write(tmp_path / "neo.csv", listing))
    assert codes(found.frame["neoadjuvant"]) == [None, "yes", "no", "no", "unknown", "yes"]
    bare = read_seer_stat(write(tmp_path / "bare.csv", without("CS Reg Node Eval (2004-2015)")))
    assert "neoadjuvant" not in bare.frame
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cohort_of_reading(bare).frame["nodal_flags"].str.contains("NEOADJ_UNKNOWN").sum() > 0


def test_surgery_of_2023_is_read_beside_that_of_before(tmp_path):
    listing = without("RX Summ--Surg Prim Site (1998+)")
    listing["RX Summ--Surg Prim Site 2023 (2023+)"] = ["Blank(s)", "A220", "A410", "Blank(s)", "Blank(s)", "Blank(s)"]
    listing["RX Summ--Surg Prim Site (1998-2022)"] = ["30", "Blank(s)", "Blank(s)", "00", "23", "Blank(s)"]
    found = read_seer_stat(write(tmp_path / "both.csv", listing))
    assert codes(found.frame["surgery"]) == ["mastectomy", "conserving", "mastectomy", "none", "conserving", None]
    assert "surgery_2023" not in found.frame and found.said == ()
    del listing["RX Summ--Surg Prim Site (1998-2022)"]
    assert codes(read_seer_stat(write(tmp_path / "late.csv", listing)).frame["surgery"])[:3] == [None, "conserving", "mastectomy"]


def test_age_groups_stay_text(tmp_path):
    listing = without("Age recode with single ages and 90+")
    listing["Age recode with <1 year olds and 90+"] = ["60-64 years", "45-49 years", "90+ years", "70-74 years", "55-59 years", "Unknown"]
    frame = read_seer_stat(write(tmp_path / "groups.csv", listing)).frame
    assert "age" not in frame
    assert codes(frame["age_group"]) == ["60-64 years", "45-49 years", "90+ years", "70-74 years", "55-59 years", None]


def test_unknown_codes_are_counted_and_never_shown(tmp_path):
    listing = {**LISTING, "Laterality": ["Somewhere"] * 2 + LISTING["Laterality"][2:], "Regional nodes positive (1988+)": ["03", "1x", "01", "00", "01", "98"]}
    reading = read_seer_stat(write(tmp_path / "odd.csv", listing))
    assert reading.said == (
        "column 'Laterality': a code that its table does not list in 2 rows (row 1, 2); read as missing",
        "column 'Regional nodes positive (1988+)': no number from 0 to 90, and no code of its table in 1 row (row 2); read as missing")
    with pytest.warns(DataWarning) as caught:
        cohort_of_reading(reading)
    assert not any("Somewhere" in str(each.message) for each in caught)


def test_columns_codes_and_keep_are_the_users(tmp_path):
    listing = {**without("Sex"), "Gender": ["W"] * 6, "Marital status at diagnosis": ["Widowed", "", "Divorced", "Widowed", "Widowed", "Widowed"]}
    path = write(tmp_path / "own.csv", listing)
    found = read_seer_stat(path, columns={"sex": "Gender"}, codes={"sex": {"W": "female"}}, keep="Marital status at diagnosis")
    assert codes(found.frame["sex"]) == ["female"] * 6
    assert codes(found.frame["Marital status at diagnosis"])[:3] == ["Widowed", None, "Divorced"]
    with pytest.raises(UsageError, match="there is no column to keep 'Marital status' .nearest: 'Marital status at diagnosis'."):
        read_seer_stat(path, keep=("Marital status",))
    with pytest.raises(UsageError, match="there is no option 'delimeter' .nearest: 'delimiter'."):
        read_seer_stat(path, delimeter=",")


@pytest.mark.parametrize(("title", "field"), [
    ("Survival months", "years"), ("Vital status recode (study cutoff used)", "vital"), ("Year of diagnosis", "diagnosis_year")])
def test_a_file_without_what_is_needed_says_what_is_missing(tmp_path, title, field):
    with pytest.raises(InputError) as caught:
        read_seer_stat(write(tmp_path / "less.csv", without(title)))
    assert str(caught.value).startswith(f"'less.csv': no column was found for {field!r} ({title!r}")


def test_other_files_are_named(tmp_path):
    (tmp_path / "metabric.csv").write_text("PATIENT_ID,OS_MONTHS,OS_STATUS\nMB-0000,140.5,0:LIVING\n", encoding="utf-8")
    with pytest.raises(InputError, match="does not hold the names of columns of SEER"):
        read_seer_stat(tmp_path / "metabric.csv")
    packed = gzip.compress(write(tmp_path / "whole.csv").read_bytes())
    (tmp_path / "cut.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match="cut short or damaged"):
        read_seer_stat(tmp_path / "cut.csv.gz")
    short = write(tmp_path / "short.csv", change=lambda text: text.rstrip("\n").rsplit(",", 3)[0] + "\n")
    with pytest.raises(InputError, match="row 6 has"):
        read_seer_stat(short)


def test_large_files_are_read_as_small_ones(tmp_path, plain):
    n = 4000  # more rows than a sample from which the reader tells which columns repeat their values
    listing = {title: entries[:5] * n for title, entries in LISTING.items()}
    listing["Patient ID"] = [f"{number:08d}" for number in range(5 * n + 1)][1:]
    large = {**listing, **{title: [*entries, *entries[:5]] for title, entries in listing.items()}, "Patient ID": [*listing["Patient ID"], *"abcde"]}
    told = []
    found = read_seer_stat(write(tmp_path / "large.csv", large), watch=told.append)
    assert told and told[-1] == pytest.approx(1)
    assert len(found.frame) == 5 * n + 5
    for name in ("years", "event", "cause", "sex", "age", "topography", "t_category", "grade", "neoadjuvant", "confirmation", "n_positive", "era"):
        assert codes(found.frame[name][:5]) == codes(plain.frame[name][:5]), name
    assert cohort_of_reading(found).frame["nodal_category"].tolist()[-5:] == ["macro", "itc", "micro", "negative", "micro"]
