"""What do the codes of SEER and of Collaborative Stage mean: tables that a registrar can read and sign."""

from __future__ import annotations

import csv
import gzip
import pickle
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from survival_nodes.nodes import FLAGS, Evidence, classify, classify_frame, classify_values, systems
from survival_nodes.nodes.systems.seer_cs import CODES as CS_CODES
from survival_nodes.nodes.systems.seer_derived import AJCC6, AJCC7

HERE = Path(__file__).parent
CERTAIN = {"N1mi": "micro", "N0(i+)": "itc"}  # labels that only one class can have
LABELS = {6: "seer_ajcc6_n", 7: "seer_ajcc7_n"}


def table(name: str) -> list[dict[str, str]]:
    with open(HERE / name, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def entries(text: str) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in text.split())


MEANINGS = table("seer_codes.csv")
CODES = table("codemap_seer.csv")
with gzip.open(HERE / "cs_breast_derived.csv.gz", "rt", encoding="utf-8", newline="") as stream:
    DERIVED = list(csv.DictReader(stream))


@pytest.mark.parametrize("row", MEANINGS, ids=lambda row: "-".join(row[name] for name in ("system", "value", "context")))
def test_every_value_means_what_the_table_says(row):
    context = entries(row["context"])
    edition = None if "year" in context or not row["system"].startswith("seer_cs") else 7
    finding = classify(row["system"], row["value"], edition=edition, **context)
    assert (finding.category, finding.certainty) == (row["category"], row["certainty"])
    assert finding.possible == set(row["possible"].split())
    assert finding.basis == row["basis"]
    assert set(row["flags"].split()) <= finding.flags and not finding.flags & set(row["never"].split())


@pytest.mark.parametrize(("row", "edition"), [(row, edition) for row in CODES for edition in row["editions"].split()],
                         ids=lambda each: each if isinstance(each, str) else f"{each['system']}-{each['code']}-{each['context']}")
def test_every_code_leaves_what_the_map_says(row, edition):
    finding = classify(row["system"], row["code"], edition=edition, **entries(row["context"]))
    read = finding.evidence[0]
    assert read.possible == finding.possible == set(row["possible"].split())
    assert (read.default or "") == row["default"]
    assert read.basis == finding.basis == row["basis"]
    assert finding.category == row["category"]
    assert set(row["flags"].split()) <= finding.flags


def test_the_map_holds_every_code_of_the_tables():
    """888 of EOD 2018 is the only code without a row: not applicable."""
    for system in systems():
        if system.codes and system.name.startswith("seer_") and system.name not in {"seer_adjusted6_n", "seer_eod2018_derived_n"}:
            mapped = {row["code"] for row in CODES if row["system"] == system.name}
            assert set(system.codes) - mapped == ({"888"} if system.name == "seer_eod2018_nodes" else set()), system.name
            assert mapped <= set(system.codes), system.name


@pytest.mark.parametrize("system", [system for system in systems() if system.name.startswith("seer_")], ids=lambda system: system.name)
def test_every_system_of_seer_is_in_the_table_to_be_signed(system):
    rows = [row for row in MEANINGS if row["system"] == system.name]
    assert len(rows) >= 10
    assert {"negative", "itc", "micro", "macro"} & {row["category"] for row in rows}
    assert set().union(*(set((row["flags"] + " " + row["never"]).split()) for row in rows)) <= FLAGS.keys()


@pytest.mark.parametrize(("edition", "n_valid"), [(6, 3577), (7, 3181)])
def test_a_code_of_collaborative_stage_never_contradicts_the_n_derived_from_it(edition, n_valid):
    """All 4,182 combinations of code, evaluation and factors 3 to 5, with the N that the public derivation tables give; ERROR where they give none."""
    read = {label: classify(LABELS[edition], label) for label in {row[f"ajcc{edition}"] for row in DERIVED} - {"ERROR"}}
    rows = [row for row in DERIVED if row[f"ajcc{edition}"] != "ERROR"]
    assert (len(DERIVED), len(rows)) == (4182, n_valid)
    for row in rows:
        factors = {name: row[name] for name in ("nodes_eval", "ssf3", "ssf4", "ssf5")}
        of_code, label = classify("seer_cs_nodes", row["code"], edition=edition, **factors), row[f"ajcc{edition}"]
        of_label = read[label]
        assert of_code.possible & of_label.possible, row
        assert "unknown" in {of_code.category, of_label.category} or of_code.category == of_label.category, row
        assert of_code.category == CERTAIN.get(label, of_code.category), row
        assert label not in {"N0(i-)", "N0(i+)", "N1mi"} or of_code.category != "macro", row


def test_code_and_derived_n_of_one_patient_agree_in_a_frame():
    """Two columns of one field beside each other: no conflict in any valid row, in either edition."""
    frame = pd.DataFrame(DERIVED)
    for edition, system in LABELS.items():
        valid = frame[frame[f"ajcc{edition}"] != "ERROR"].assign(edition=edition)
        factors = {name: name for name in ("nodes_eval", "ssf3", "ssf4", "ssf5")}
        found = classify_frame(valid, [Evidence("seer_cs_nodes", "code", "edition", **factors), Evidence(system, f"ajcc{edition}", nodes_eval="nodes_eval")])
        assert not found.nodal_flags.str.contains("SIZE_CODE_CONFLICT|POSITIVITY_CONFLICT").any()
        assert (found.nodal_category[valid[f"ajcc{edition}"] == "N1mi"] == "micro").all()


def test_the_storage_codes_of_both_editions_have_the_same_labels():
    """The 7th edition has N4 besides; 180 is N1mi as 18 is, 199 N1 NOS as 19 is, and the others have a nought more."""
    for code, label in AJCC6.items():
        longer = {"19": "199", "29": "299", "39": "399", "88": "888", "99": "999"}.get(code, code + "0")
        assert AJCC7[longer] == label
    assert set(AJCC7.values()) - set(AJCC6.values()) == {"N4"}


@pytest.mark.parametrize("system", ["seer_ajcc6_n", "seer_ajcc7_n"])
@pytest.mark.parametrize("kind", [int, float, str, lambda code: f"{int(code)}.0", lambda code: f" {code} "])
def test_a_code_survives_every_way_of_storing_a_number(system, kind):
    codes = AJCC6 if system == "seer_ajcc6_n" else AJCC7
    stored, labels = [kind(code) for code in codes], list(codes.values())
    found, wanted = classify_values(system, stored), classify_values(system, labels)
    pd.testing.assert_frame_equal(found, wanted)


@pytest.mark.parametrize("code", [code for code in CS_CODES if code.endswith("0")])
def test_a_code_of_the_first_version_lacks_the_last_nought(code):
    long, short = classify("seer_cs_nodes", code, edition=6, nodes_eval=3), classify("seer_cs_nodes", code[:2], edition=6, nodes_eval=3, cs_version=1)
    assert (short.category, short.possible, short.flags, short.reason) == (long.category, long.possible, long.flags, long.reason)
    undeclared = classify("seer_cs_nodes", code[:2], edition=6, nodes_eval=3)
    assert undeclared.flags == {"NUMERIC_AMBIGUOUS"} or code == "000"


def test_a_code_says_its_edition_where_the_record_says_none():
    assert (classify("seer_eod10_nodes", "1").edition, classify("seer_eod10_nodes", "1").edition_source) == (5, "token")
    assert classify("seer_eod10_nodes", "1", year=1991).edition == 3
    assert (classify("seer_cs_nodes", "150").edition, classify("seer_cs_nodes", "150").edition_source) == (7, "assumed")
    assert [classify("seer_cs_nodes", "150", year=year).edition for year in (2005, 2012, 2019)] == [6, 7, 7]
    assert classify("seer_eod2018_nodes", "100").edition == 8 and "EDITION_ASSUMED" not in classify("seer_eod2018_nodes", "100").flags


def test_a_code_under_another_edition():
    """More than 200 cells may have made the micrometastasis in the 7th edition and not in the 6th."""
    assert classify("seer_ajcc7_n", "N1mi").under(6).possible == {"itc", "micro"}
    assert classify("seer_ajcc6_n", "N1mi").under(7).possible == {"micro"}
    assert classify("seer_ajcc6_n", "N0(i+)").under(8).possible == {"itc", "micro"}


@pytest.mark.parametrize(("arguments", "reason"), [
    (("seer_ajcc7_n", "N1mi"), "SEER derived N1mi in AJCC 7: largest deposit over 0.2 mm, none over 2.0 mm"),
    (("seer_ajcc6_n", "N0"), "SEER derived N0 in AJCC 6: the record does not show that a node was examined (node-negative or isolated tumour cells)"),
    (("seer_eod2018_nodes", "600"),
     "EOD 2018 nodes 600 (internal mammary, clinically apparent, and axillary) in AJCC 8: nodes positive by a deposit of unstated size, read as over 2.0 mm; "
     "internal mammary nodes involved; although the record does not show that a node was examined"),
    (("seer_combined_n", "2"), "Entry not usable: the bare number has more than one reading"),
])
def test_the_reason_is_one_sentence_that_a_registrar_would_sign(arguments, reason):
    assert classify(*arguments).reason == reason


def test_the_reason_of_a_code_with_its_factors():
    found = classify("seer_cs_nodes", "150", edition=7, nodes_eval="3", ssf3="002")
    assert found.reason == "CS lymph nodes 150 (micrometastases only) in AJCC 7, with positive axillary nodes counted: largest deposit over 0.2 mm, none over 2.0 mm"
    found = classify("seer_cs_nodes", "000", edition=7, nodes_eval="3", ssf4="002")
    assert found.reason.startswith("CS lymph nodes 000 with SSF4 002 (isolated tumour cells by immunohistochemistry) in AJCC 7: isolated tumour cells")


def test_eras_of_seer_are_put_together_by_year():
    """EOD-10 to 2003, Collaborative Stage to 2015, Combined N to 2017, EOD 2018 after; blank outside their years."""
    frame = pd.DataFrame({
        "year": [1995, 2006, 2012, 2016, 2019, 2019], "eod10": ["1", "", "", "", "", ""], "cs": ["", "150", "000", "", "", ""], "eval": ["", "3", "3", "", "", ""],
        "ssf4": ["", "", "002", "001", "", ""], "combined": ["", "", "", "p0", "", ""], "eod": ["", "", "", "", "200", "000"], "pos": ["01", "01", "00", "00", "02", "98"],
        "exam": ["12", "02", "03", "02", "09", "00"]})
    evidence = [
        Evidence("seer_eod10_nodes", "eod10", None, "year"), Evidence("seer_cs_nodes", "cs", None, "year", nodes_eval="eval", ssf4="ssf4"),
        Evidence("seer_combined_n", "combined", ssf4="ssf4"), Evidence("seer_eod2018_nodes", "eod"),
        Evidence("nodes_positive", "pos", None, "year", nodes_examined="exam")]
    found = classify_frame(frame, evidence)
    assert found.nodal_category.tolist() == ["micro", "micro", "itc", "negative", "macro", "unknown"]
    assert found.nodal_certainty.tolist() == ["default", "explicit", "explicit", "explicit", "default", "none"]
    assert found.nodal_flags.str.contains("MAY_INCLUDE_ITC").tolist() == [True, False, False, False, False, False]


def test_numbers_of_nodes_that_read_alike_in_a_frame_read_as_one_by_one():
    values = ["000", "001", "003", "004", "090", "095", "097", "098", "099", "988", "", "77777", "x"]
    found = classify_values("seer_cs_nodes", ["150"] * len(values), edition=7, nodes_eval="3", ssf3=values)
    for row, value in enumerate(values):
        one = classify("seer_cs_nodes", "150", edition=7, nodes_eval="3", ssf3=value)
        assert (found.nodal_category[row], set(found.nodal_flags[row].split()), found.nodal_reason[row]) == (one.category, one.flags, one.reason)
    values = ["00", "01", "04", "95", "99", "X1", "x5", "X6", "X8", "X9", "", "100"]
    found = classify_values("seer_eod2018_nodes", ["100"] * len(values), ln_positive_axillary=values)
    for row, value in enumerate(values):
        one = classify("seer_eod2018_nodes", "100", ln_positive_axillary=value)
        assert (found.nodal_category[row], set(found.nodal_flags[row].split()), found.nodal_reason[row]) == (one.category, one.flags, one.reason)


def test_a_finding_of_a_table_survives_pickling():
    finding = classify("seer_cs_nodes", "600", edition=6, nodes_eval="3", ssf3="002")
    assert pickle.loads(pickle.dumps(finding)) == finding


def test_the_derivation_table_is_what_its_origin_says():
    """42 codes with nine evaluations and eleven counts each, and 000 with 24 results of immunohistochemistry and molecular tests."""
    assert len(DERIVED) == 42 * 9 * 11 + 24
    assert Counter(row["code"] for row in DERIVED)["000"] == 24
    assert {row["code"] for row in DERIVED} == CS_CODES.keys()
