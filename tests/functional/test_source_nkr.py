"""Is the synthetic file of the Netherlands Cancer Registry read as IKNL writes it: codes, nodes, treatment, repeated patients, and mistakes."""

from __future__ import annotations

import csv
import gzip
import warnings
from pathlib import Path

import pandas as pd
import pytest

from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.sources.layout import read_fields, read_layout
from survival_nodes.sources.nkr_synthetic import read_nkr_synthetic
from survival_nodes.sources.reading import cohort_of_reading

SPEC = Path(__file__).parents[1] / "spec" / "source_nkr.csv"
LAYOUT = read_layout("nkr-synthetic")
COLUMNS = LAYOUT.own["columns"]
USUAL = {"key_nkr": "p1", "key_eid": "e1", "leeft": "61", "gesl": "2", "incjr": "2015", "vit_stat": "0", "vit_stat_int": "2000", "gedrag": "3",
         "topo": "C50", "topo_sublok": "C504", "pn": "0", "ond_lymf": "3", "pos_lymf": "0", "swk": "1", "swk_uitslag": "1", "mari": "0"}
TITLES = {each.name: each.titles[0] for each in LAYOUT.fields}


def expectations() -> list[dict[str, str]]:
    with open(SPEC, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def written(folder: Path, *rows: dict[str, str], columns=COLUMNS, delimiter: str = ";", name: str = "NKR_IKNL_breast_syntheticdata.csv") -> Path:
    """A file in the exact layout; rows are numbered patients unless they say who they are."""
    lines = [delimiter.join(columns)]
    for number, row in enumerate(rows, start=1):
        entries = {**USUAL, "key_nkr": f"p{number}", "key_eid": f"e{number}", **row}
        lines.append(delimiter.join(entries.get(title, "") for title in columns))
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def quiet_cohort(reading):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cohort_of_reading(reading)


def test_the_layout_names_the_46_columns_once():
    assert len(COLUMNS) == len(set(COLUMNS)) == 46
    assert set(TITLES.values()) <= set(COLUMNS)


def test_every_code_of_every_table_is_signed():
    signed = {(row["field"], row["code"].casefold()) for row in expectations()}
    assert signed == {(each.name, code) for each in LAYOUT.fields for code in each.words}


@pytest.mark.parametrize("row", expectations(), ids=lambda row: f"{row['field']}-{row['code']}")
def test_every_code_is_read_as_signed(row):
    needed = {TITLES[each.name]: [""] for each in LAYOUT.fields if each.needed}
    found = read_fields(LAYOUT, pd.DataFrame({**needed, TITLES[row["field"]]: [row["code"]]}, dtype=object), "file")
    value = found.frame[row["field"]][0]
    assert (value == (row["word"] if isinstance(value, str) else float(row["word"]))) if row["word"] else pd.isna(value)
    assert not found.said


def test_columns_become_the_cohorts(tmp_path):
    path = written(tmp_path, {"later": "2", "diag_basis": "7", "diffgrad": "3", "pt": "1C", "cm": "0", "stadium": "1A", "er_stat": "1", "pr_stat": "0",
                              "her2_stat": "3", "tum_afm": "14", "uitgebr_chir_code": "132C50", "org_chir": "1", "okd": "1", "chemo": "2", "target": "0",
                              "horm": "2", "rt": "2", "morf": "8500"})
    cohort = quiet_cohort(read_nkr_synthetic(path, keep="morf"))
    row = cohort.rows.iloc[0]
    told = {"sex": "female", "age": 61, "diagnosis_year": 2015, "topography": "C504", "behaviour": 3, "laterality": "right", "confirmation": "microscopic",
            "grade": "3", "t_category": "T1", "m_category": "M0", "stage": "IA", "er": "positive", "pr": "negative", "her2": "positive",
            "tumour_size_mm": 14, "surgery": "conserving", "axillary_surgery": "sentinel then dissection", "chemotherapy": "yes",
            "targeted_therapy": "no", "endocrine_therapy": "yes", "radiotherapy": "yes", "neoadjuvant": "no", "n_examined": 3, "n_positive": 0,
            "morf": "8500", "sample_id": "e1"}
    assert {name: row[name] for name in told} == told
    assert row["years"] == pytest.approx(2000 / 365.25)
    assert cohort.synthetic and cohort.time_unit == "days"
    assert "not for clinical decisions" in cohort.origin.notes[0] and "iknl.nl" in cohort.origin.citation
    assert not {"key_nkr", "swk", "m_clinical", "organ_surgery", "sentinel"} & set(cohort.rows)


@pytest.mark.parametrize(("entries", "category", "flags"), [
    ({"pn": "0"}, "negative", "SENTINEL_ONLY"),
    ({"pn": "0I", "swk_uitslag": "2"}, "itc", "SENTINEL_ONLY"),
    ({"pn": "0IS", "swk": "0", "swk_uitslag": ""}, "itc", "SENTINEL_ONLY"),
    ({"pn": "1MS", "swk_uitslag": "3", "pos_lymf": "1"}, "micro", "SENTINEL_ONLY"),
    ({"pn": "1A", "swk_uitslag": "3", "pos_lymf": "2"}, "macro", ""),  # a sentinel micrometastasis, and a larger one at dissection
    ({"pn": "", "swk_uitslag": "4", "pos_lymf": "1"}, "macro", "SENTINEL_ONLY"),
    ({"pn": "1M", "pos_lymf": "0", "swk": "0", "swk_uitslag": ""}, "unknown", "POSITIVITY_CONFLICT"),
    ({"pn": "1M", "pos_lymf": "98", "ond_lymf": "99", "swk": "0", "swk_uitslag": ""}, "micro", ""),  # 98 and 99 are missing here
    ({"pn": "0", "pos_lymf": "98", "ond_lymf": "98", "swk": "0", "swk_uitslag": ""}, "negative", "ITC_NOT_EXCLUDED"),
    ({"pn": "0", "swk": "0", "swk_uitslag": "4"}, "negative", "ITC_NOT_EXCLUDED"),  # the result of a procedure that was not done
    ({"pn": "1M", "pos_lymf": "1", "swk": "0", "mari": "1", "mari_uitslag": "3"}, "micro", "POST_NEOADJUVANT"),
    ({"pn": "", "pos_lymf": "", "ond_lymf": "", "swk": "0", "mari": "1", "mari_uitslag": "4"}, "unknown", "POST_NEOADJUVANT"),
    ({"pn": "0", "chemo": "1"}, "negative", "POST_NEOADJUVANT"),
    ({"pn": "9Z", "swk": "0", "swk_uitslag": "", "pos_lymf": "", "ond_lymf": ""}, "unknown", "UNPARSEABLE"),
], ids=lambda value: value if isinstance(value, str) else "-".join(value.values()))
def test_nodes(entries, category, flags, tmp_path):
    row = quiet_cohort(read_nkr_synthetic(written(tmp_path, entries))).rows.iloc[0]
    assert row["nodal_category"] == category
    assert set(flags.split()) <= set(row["nodal_flags"].split())


def test_the_edition_is_that_of_the_netherlands(tmp_path):
    reasons = quiet_cohort(read_nkr_synthetic(written(tmp_path, {"incjr": "2016"}, {"incjr": "2017"}))).rows["nodal_reason"]
    assert "AJCC 7" in reasons[0] and "AJCC 8" in reasons[1]


@pytest.mark.parametrize(("entries", "word"), [
    ({"chemo": "0", "target": "0", "horm": "2"}, "no"),
    ({"chemo": "3", "target": "0", "horm": "0"}, "yes"),
    ({"chemo": "0", "target": "0", "horm": "1"}, "yes"),
    ({"chemo": "0", "target": "0", "horm": "4"}, "unknown"),
    ({"chemo": "0", "target": "0"}, "unknown"),
    ({"chemo": "0", "target": "0", "horm": "0", "mari": "1"}, "yes"),
])
def test_systemic_treatment_before_surgery(entries, word, tmp_path):
    assert read_nkr_synthetic(written(tmp_path, entries)).frame["neoadjuvant"].tolist() == [word]


@pytest.mark.parametrize(("entries", "surgery", "axilla"), [
    ({"org_chir": "0", "swk": "0", "okd": "0"}, "none", "none"),
    ({"org_chir": "1", "swk": "0", "okd": "1"}, "other", "dissection"),
    ({"uitgebr_chir_code": "141C50", "swk": "1", "okd": "0"}, "mastectomy", "sentinel"),
    ({"swk": "8", "okd": "0"}, None, None),
    ({"swk": "0", "okd": "0", "mari": "1"}, None, "other"),
])
def test_surgery(entries, surgery, axilla, tmp_path):
    row = read_nkr_synthetic(written(tmp_path, entries)).frame.iloc[0]
    assert (row["surgery"], row["axillary_surgery"]) == (surgery, axilla)


@pytest.mark.parametrize(("pm", "cm", "word"), [("1", "0", "M1"), ("", "1", "M1"), ("", "0", "M0"), ("0", "", "M0"), ("", "", None)])
def test_metastasis_by_either_finding(pm, cm, word, tmp_path):
    assert read_nkr_synthetic(written(tmp_path, {"pm": pm, "cm": cm})).frame["m_category"].tolist() == [word]


def test_the_first_tumour_of_a_patient_by_year_is_kept(tmp_path):
    path = written(tmp_path, {"key_nkr": "a", "incjr": "2016"}, {"key_nkr": "a", "incjr": "2012"}, {"key_nkr": "b"}, {"key_nkr": "c", "vit_stat_int": ""},
                   {"key_nkr": "d", "vit_stat": ""}, {"key_nkr": "e", "vit_stat_int": "0"})
    cohort = quiet_cohort(read_nkr_synthetic(path))
    steps = cohort.ledger.frame.set_index("rule")
    assert steps["n_excluded"].to_dict() == {"read": 0, "one row a patient": 1, "survival known": 2, "zero follow-up kept": 0}
    assert steps.loc["one row a patient", "reason"] == "later tumours of a patient (1 rows)"
    assert cohort.rows["sample_id"].tolist() == ["e2", "e3", "e6"]
    assert cohort.rows["years"].tolist()[-1] == 0


def test_codes_that_are_unknown_are_missing_and_counted_but_not_shown(tmp_path):
    reading = read_nkr_synthetic(written(tmp_path, {"er_stat": "77"}, {"gesl": "88"}, {"er_stat": "77"}))
    assert reading.said == (
        "column 'gesl': a code that its table does not list in 1 row (row 2); read as missing",
        "column 'er_stat': a code that its table does not list in 2 rows (row 1, 3); read as missing")
    with pytest.warns(DataWarning) as told:
        cohort_of_reading(reading)
    assert ["gesl" in str(one.message) or "er_stat" in str(one.message) for one in told].count(True) == 2
    assert not any("77" in str(one.message) or "88" in str(one.message) for one in told)
    declared = read_nkr_synthetic(written(tmp_path, {"er_stat": "77"}), codes={"er": {"77": "positive"}})
    assert declared.frame["er"].tolist() == ["positive"] and not declared.said


def test_other_ways_of_writing_it(tmp_path):
    packed = tmp_path / "nkr.csv.gz"
    content = written(tmp_path, {}).read_text(encoding="utf-8").replace("\n", "\r\n")
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + content.encode()))
    assert len(read_nkr_synthetic(packed).frame) == 1
    comma = written(tmp_path, {}, delimiter=",")
    assert read_nkr_synthetic(comma).frame["years"].tolist() == [2000]
    renamed = written(tmp_path, {"os_days": "150"}, columns=["os_days" if title == "vit_stat_int" else title for title in COLUMNS])
    reading = read_nkr_synthetic(renamed, columns={"years": "os_days"})
    assert reading.frame["years"].tolist() == [150]
    assert reading.said == ("columns of the dataset that are not in the file: vit_stat_int",)


def test_what_is_no_such_file(tmp_path):
    with pytest.raises(InputError, match=r"no column was found for 'pn' \('pn'\)"):
        read_nkr_synthetic(written(tmp_path, {}, columns=[title for title in COLUMNS if title != "pn"]))
    (tmp_path / "other.csv").write_text("PATIENT_ID,OS_MONTHS\nx,1\n")
    with pytest.raises(InputError, match="no column was found for 'patient_id'"):
        read_nkr_synthetic(tmp_path / "other.csv")
    packed = tmp_path / "cut.csv.gz"
    packed.write_bytes(gzip.compress(written(tmp_path, {}).read_bytes())[:-12])
    with pytest.raises(InputError, match="cut short"):
        read_nkr_synthetic(packed)


def test_wrong_options(tmp_path):
    path = written(tmp_path, {})
    with pytest.raises(UsageError, match="option"):
        read_nkr_synthetic(path, columnes={})
    with pytest.raises(UsageError, match="keep: .*column 'morph'"):
        read_nkr_synthetic(path, keep="morph")
    with pytest.raises(UsageError, match="there is no file"):
        read_nkr_synthetic(tmp_path / "absent.csv")
