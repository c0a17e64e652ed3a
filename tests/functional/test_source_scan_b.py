"""Is SCAN-B read from the series matrix of GSE96058 and from the sheet of Staaf 2022, is the expression left unread, and are mistakes named."""

from __future__ import annotations

import csv
import gzip
import hashlib
import warnings
from pathlib import Path

import pandas as pd
import pytest

from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.sources.geo import is_series_matrix, read_series_matrix
from survival_nodes.sources.layout import read_fields, read_layout
from survival_nodes.sources.reading import cohort_of_reading
from survival_nodes.sources.scan_b import read_scan_b

SPEC = Path(__file__).parents[1] / "spec" / "source_scan_b.csv"
LAYOUT = read_layout("scan-b")
USUAL = {"instrument model": "HiSeq 2000", "age at diagnosis": "43", "tumor size": "9", "lymph node group": "NodeNegative", "er status": "1",
         "pgr status": "1", "her2 status": "0", "nhg": "G3", "overall survival days": "2367", "overall survival event": "0", "endocrine treated": "1",
         "chemo treated": "0", "scan-b external id": "Q1.C1.S1"}
AGE = "Age (5-year range, e.g., 35(31-35), 40(36-40), 45(41-45) etc.)"
SHEET = {"Patient": "P1", "Case": "C1", "Sample": "S1", "GEX.assay": "S1.l.r", "Follow.up.cohort": "TRUE", AGE: "45", "ER": "Positive", "PR": "Negative",
         "HER2": "Negative", "NHG": "2", "Size.mm": "14", "LN.spec": "N0", "TreatGroup": "Endo", "OS_days": "2000", "OS_event": "0", "RFi_days": "1500",
         "RFi_event": "1", "DRFi_days": "1600", "DRFi_event": "0", "BCFi_days": "1500", "BCFi_event": "1"}


def expectations() -> list[dict[str, str]]:
    with open(SPEC, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def matrix(samples: list[dict[str, str]], first: int = 1) -> str:
    """A series matrix: a row a characteristic, their order another for every second sample, gaps at the end; then the table of expression."""
    told = [{f"{key}: {value}": None for key, value in ({**USUAL, **sample}).items() if key not in {"title", "id"}} for sample in samples]
    listed = [list(each) if number % 2 == 0 else list(each)[::-1] for number, each in enumerate(told)]
    longest = max(map(len, listed))
    lines = ['!Series_title\t"a ""quoted"" title"', '!Series_contributor\t"J\u00f6nsson"', "",
             "!Sample_title\t" + "\t".join(f'"{sample.get("title", f"F{first + n}")}"' for n, sample in enumerate(samples)),
             "!Sample_geo_accession\t" + "\t".join(f'"{sample.get("id", f"GSM{first + n}")}"' for n, sample in enumerate(samples))]
    lines += ["!Sample_characteristics_ch1\t" + "\t".join(f'"{each[row] if row < len(each) else ""}"' for each in listed) for row in range(longest)]
    return "\n".join([*lines, "!series_matrix_table_begin", '"ID_REF"\t"GSM1"', "!series_matrix_table_end", ""])


def written(folder: Path, *samples: dict[str, str], name: str = "GSE96058-GPL11154_series_matrix.txt", first: int = 1) -> Path:
    path = folder / name
    path.write_text(matrix(list(samples), first), encoding="utf-8")
    return path


def sheet(folder: Path, *rows: dict[str, str], name: str = "41523_2022_465_MOESM2_ESM.xlsx") -> Path:
    pytest.importorskip("openpyxl")
    filled = [{**SHEET, "Patient": f"P{n}", "GEX.assay": f"S{n}.l.r", **row} for n, row in enumerate(rows, start=1)]
    path = folder / name
    with pd.ExcelWriter(path) as book:
        pd.DataFrame([["about"]]).to_excel(book, sheet_name="Read me", index=False, header=False)
        pd.DataFrame(filled).to_excel(book, sheet_name="SCANB.9206", index=False)
    return path


def quiet_cohort(reading):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cohort_of_reading(reading)


def test_every_code_of_every_table_is_signed():
    signed = {(row["field"], row["code"].casefold()) for row in expectations()}
    assert signed == {(each.name, code) for each in LAYOUT.fields for code in each.words}


@pytest.mark.parametrize("row", expectations(), ids=lambda row: f"{row['field']}-{row['code']}")
def test_every_code_is_read_as_signed(row):
    titles = {each.name: each.titles[0] for each in LAYOUT.fields}
    needed = {titles[each.name]: [""] for each in LAYOUT.fields if each.needed}
    found = read_fields(LAYOUT, pd.DataFrame({**needed, titles[row["field"]]: [row["code"]]}, dtype=object), "file")
    value = found.frame[row["field"]][0]
    assert (value == (row["word"] if isinstance(value, str) else float(row["word"]))) if row["word"] else pd.isna(value)
    assert not found.said


def test_a_series_matrix_becomes_a_row_a_sample(tmp_path):
    path = written(tmp_path, {}, {"nhg": "NA", "er status": "0"})
    table = read_series_matrix(path)
    assert table.frame["title"].tolist() == ["F1", "F2"] and table.frame["geo_accession"].tolist() == ["GSM1", "GSM2"]
    assert table.frame["nhg"].tolist() == ["G3", "NA"] and table.frame["er status"].tolist() == ["1", "0"]
    assert set(USUAL) <= set(table.frame)
    assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_expression_is_not_read(tmp_path):
    path = written(tmp_path, {})
    header = path.read_bytes().split(b"!series_matrix_table_begin")[0] + b"!series_matrix_table_begin\n"
    path.write_bytes(header + b"\xff\x00 not text" * 1000)
    assert len(read_series_matrix(path).frame) == 1
    packed = tmp_path / "x_series_matrix.txt.gz"
    packed.write_bytes(gzip.compress(header) + gzip.compress(b"1\t2\n" * 200_000)[:-20])  # cut short within the expression
    fractions = []
    assert len(read_series_matrix(packed, fractions.append).frame) == 1
    assert fractions and max(fractions) <= 1


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_other_line_ends_and_a_mark(end, tmp_path):
    path = written(tmp_path, {})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", end.encode()))
    assert read_series_matrix(path).frame["age at diagnosis"].tolist() == ["43"]


def test_what_is_said_twice_of_a_sample_is_joined(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text('!Sample_title\ta\tb\n!Sample_description\tone\t\n!Sample_description\ttwo\tthree\n!Sample_characteristics_ch1\tno key\tk: 1:2\n'
                    '!series_matrix_table_begin\n')
    frame = read_series_matrix(path).frame
    assert frame["description"].tolist() == ["one; two", "three"]
    assert frame["characteristics_ch1"].tolist() == ["no key", ""] and frame["k"].tolist() == ["", "1:2"]


@pytest.mark.parametrize(("content", "said"), [
    (b"PATIENT_ID,OS\nx,1\n", "does not begin as a series matrix"),
    (b"<!doctype html><html>", "does not begin as a series matrix"),
    (b"version https://git-lfs.github.com/spec/v1\n", "does not begin as a series matrix"),
    (b"", "does not begin as a series matrix"),
    (b'!Sample_title\t"a"\t"b"\n!Sample_geo_accession\t"x"\n', "line 2: 1 values, where there are 2 samples"),
    (b'!Series_title\t"a"\n!Sample_title\t"a"\n', "ends before its table begins"),
    (b'!Series_title\t"a"\n!series_matrix_table_begin\n', "holds no samples"),
    (gzip.compress(b'!Series_title\t"a"\n' * 5000)[:-30], "cut short or damaged"),
])
def test_what_is_no_series_matrix(content, said, tmp_path):
    (tmp_path / "x_series_matrix.txt").write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_series_matrix(tmp_path / "x_series_matrix.txt")


def test_columns_become_the_cohorts(tmp_path):
    cohort = quiet_cohort(read_scan_b(written(tmp_path, {"overall survival event": "1"}), keep="instrument model"))
    row = cohort.rows.iloc[0]
    told = {"patient_id": "F1", "sample_id": "GSM1", "event": 1, "age": 43, "node_group": "negative", "tumour_size_mm": 9, "grade": "3", "er": "positive",
            "pr": "positive", "her2": "negative", "endocrine_therapy": "yes", "chemotherapy": "no", "instrument model": "HiSeq 2000"}
    assert {name: row[name] for name in told} == told
    assert row["years"] == pytest.approx(2367 / 365.25)
    assert not cohort.synthetic and "10.1200/PO.17.00135" in cohort.origin.citation


@pytest.mark.parametrize(("group", "category", "positive", "flag"), [
    ("NodeNegative", "negative", False, "ITC_NOT_EXCLUDED"), ("SubMicroMet", "itc", False, ""), ("1to3", "unknown", True, "SIZE_NOT_STATED"),
    ("4toX", "unknown", True, "SIZE_NOT_STATED"), ("NA", "unknown", None, "MISSING"),
])
def test_node_groups(group, category, positive, flag, tmp_path):
    row = quiet_cohort(read_scan_b(written(tmp_path, {"lymph node group": group}))).rows.iloc[0]
    assert row["nodal_category"] == category
    assert (None if pd.isna(row["nodal_positive"]) else bool(row["nodal_positive"])) == positive
    assert flag in row["nodal_flags"]


def test_a_group_that_is_unknown_is_counted_and_may_be_declared(tmp_path):
    path = written(tmp_path, {"lymph node group": "2to5"}, {})
    assert read_scan_b(path).said == ("column 'lymph node group': a code that its table does not list in 1 row (row 1); read as missing",)
    declared = read_scan_b(path, codes={"node_group": {"2to5": "1 to 3 positive"}})
    assert declared.frame["node_group"].tolist() == ["1 to 3 positive", "negative"]
    assert quiet_cohort(declared).levels["node_group"] == ("negative", "isolated tumour cells", "1 to 3 positive", "4 or more positive")


def test_platforms_are_put_together_and_replicates_counted(tmp_path):
    first = written(tmp_path, {}, {"overall survival days": "NA"}, {"title": "F2repl"})
    second = written(tmp_path, {"lymph node group": "SubMicroMet"}, {"title": "F1repl"}, name="GSE96058-GPL18573_series_matrix.txt", first=10)
    for reading in (read_scan_b(tmp_path), read_scan_b(first, more=second), read_scan_b(first, more=(second,))):
        cohort = quiet_cohort(reading)
        steps = cohort.ledger.frame.set_index("rule")
        assert steps["n_excluded"].to_dict() == {"read": 0, "no technical replicates": 2, "survival known": 1}
        assert steps.loc["no technical replicates", "reason"] == "technical replicates of a sample (2 rows)"
        assert cohort.rows["patient_id"].tolist() == ["F1", "F10"]
        assert [each.n_rows for each in cohort.origin.files] == [3, 2]
    assert reading.frame["patient_id"].tolist() == ["F1", "F2", "F2", "F10", "F1"]  # a replicate is a sample of its patient
    packed = tmp_path / "again_series_matrix.txt.gz"
    packed.write_bytes(gzip.compress(first.read_bytes()))
    with pytest.raises(InputError, match="3 samples stand in two of the files"):
        read_scan_b(tmp_path)


@pytest.mark.parametrize(("n_dead", "said"), [(336, 0), (335, 1)])
def test_the_counts_of_the_whole_series_are_held_against_what_is_known(n_dead, said, tmp_path):
    samples = [{"title": f"F{n + 1}" if n < 3273 else f"F{n - 3272}repl", "overall survival event": "01"[n < n_dead],
                "lymph node group": "SubMicroMet" if n < 71 else "NodeNegative"} for n in range(3409)]
    reading = read_scan_b(written(tmp_path, *samples))
    assert len(reading.said) == said
    if not said:
        cohort = quiet_cohort(reading)
        assert (len(cohort), int(cohort.events().sum()), int((cohort.rows["nodal_category"] == "itc").sum())) == (3273, 336, 71)
    else:
        with pytest.warns(DataWarning, match=r"335 deaths \(336 are known\)"):
            cohort_of_reading(reading)


def test_the_sheet_of_staaf(tmp_path):
    path = sheet(tmp_path, {}, {"LN.spec": "SubMicroMet", "OS_event": "1"}, {"LN.spec": "4toX", "NHG": "NA"}, {"Follow.up.cohort": "FALSE"},
                 {"Patient": "P1", "GEX.assay": "S1.again"})
    reading = read_scan_b(path, keep="TreatGroup")
    cohort = quiet_cohort(reading)
    assert cohort.ledger.frame.set_index("rule")["n_excluded"].to_dict() == {"read": 0, "follow-up cohort": 1, "one row a patient": 1}
    assert cohort.rows["nodal_category"].tolist() == ["negative", "itc", "unknown"]
    assert cohort.rows["age_group"].tolist() == ["41 to 45"] * 3
    assert cohort.rows["er"].tolist() == ["positive"] * 3 and cohort.rows["TreatGroup"].tolist() == ["Endo"] * 3
    assert not {"age", "age_to", "distant_recurrence_years", "breast_cancer_free_event", "follow_up_cohort"} & set(cohort.rows)
    recurrence = cohort.with_endpoint("recurrence")
    assert recurrence.events().tolist() == [1, 1, 1] and recurrence.rows["years"][0] == pytest.approx(1500 / 365.25)


@pytest.mark.parametrize(("endpoint", "theirs", "days", "event"), [
    ("recurrence", "RFi", 1500, 1), ("distant-recurrence", "DRFi", 1600, 0), ("breast-cancer-free", "BCFi", 1500, 1)])
def test_another_endpoint_may_be_the_active_one(endpoint, theirs, days, event, tmp_path):
    cohort = quiet_cohort(read_scan_b(sheet(tmp_path, {}, {f"{theirs}_days": ""}), endpoint=endpoint))
    assert cohort.endpoint == endpoint and len(cohort) == 1
    assert cohort.rows["years"][0] == pytest.approx(days / 365.25) and cohort.events().tolist() == [event]
    assert cohort.with_endpoint("overall").rows["years"][0] == pytest.approx(2000 / 365.25)


def test_mistakes(tmp_path):
    path = written(tmp_path, {})
    with pytest.raises(InputError, match=r"no column was found for 'recurrence_years' \('RFi_days'\)"):
        read_scan_b(path, endpoint="recurrence")
    with pytest.raises(UsageError, match="endpoint of SCAN-B 'recurence'.*recurrence"):
        read_scan_b(path, endpoint="recurence")
    with pytest.raises(UsageError, match="option"):
        read_scan_b(path, sheets="x")
    with pytest.raises(UsageError, match="keep: .*pam50"):
        read_scan_b(path, keep="pam50")
    with pytest.raises(UsageError, match="there is no file"):
        read_scan_b(path, more=tmp_path / "absent.txt")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UsageError, match="holds no series matrix"):
        read_scan_b(empty)
    other = tmp_path / "other.csv"
    other.write_text("PATIENT_ID,OS_MONTHS\nx,1\n")
    assert not is_series_matrix(other)
    with pytest.raises(InputError, match="no column was found for 'patient_id'"):
        read_scan_b(other)


def test_a_workbook_without_the_sheet(tmp_path):
    with pytest.raises(UsageError, match="sheet 'SCANB'"):
        read_scan_b(sheet(tmp_path, {}), sheet="SCANB")
