"""What do the codes of other registries and of single nodes mean, and how are several nodes put together."""

from __future__ import annotations

import csv
import itertools
import pickle
from pathlib import Path

import pandas as pd
import pytest

from survival_nodes.errors import UsageError
from survival_nodes.nodes import Evidence, classify, classify_frame, classify_values, combine, custom_system, systems

HERE = Path(__file__).parent
ANSWER = {"yes": True, "no": False, "": None}


def table(name: str) -> list[dict[str, str]]:
    with open(HERE / name, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


CODES = table("codemap_other.csv")
VALUES = table("one_node_values.csv")
SPELLINGS = table("registry_spellings.csv")
SEVERAL = table("one_node_evidence.csv")


@pytest.mark.parametrize("row", CODES, ids=lambda row: f"{row['system']}-{row['code']}")
def test_every_code_leaves_what_the_table_says(row):
    finding = classify(row["system"], row["code"], edition=row["edition"])
    assert finding.possible == set(row["possible"].split())
    assert finding.category == (row["default"] or "unknown")
    assert finding.basis == row["basis"]
    assert set(row["flags"].split()) <= finding.flags


@pytest.mark.parametrize("row", VALUES, ids=lambda row: f"{row['system']}-{row['value']}")
def test_every_result_of_one_node(row):
    finding = classify(row["system"], row["value"])
    assert (finding.category, finding.possible) == (row["category"], set(row["possible"].split()))
    assert set(row["flags"].split()) <= finding.flags
    assert ("OSNA" in finding.flags) == ("OSNA" in row["flags"].split()) and ("OSNA_LOW_COPY" in finding.flags) == ("OSNA_LOW_COPY" in row["flags"])


@pytest.mark.parametrize("row", SPELLINGS, ids=lambda row: f"{row['system']}-{row['text']}-{row['context']}")
def test_a_code_is_read_however_it_is_written(row):
    finding = classify(row["system"], row["text"], edition=8, **dict(entry.split("=", 1) for entry in row["context"].split()))
    assert [piece.normalised for piece in finding.evidence] == [row["read_as"]]
    assert set(row["flags"].split()) <= finding.flags
    assert bool(finding.flags & {"UNPARSEABLE", "UNKNOWN_CODE", "MISSING"}) == (row["read_as"] == "")


def pieces_of(evidence: str):
    for entry in evidence.split("; "):
        system, _, value = entry.partition("=")
        value, _, examined = value.partition("/") if system == "nodes_positive" else (value, "", "")
        context = {"nodes_examined": examined} if examined else {}
        edition = {"gdc_path_n=N1a": 5, "stage_group_7=IB": 7}.get(entry, 8)  # N1a stands for micrometastasis up to the 5th edition only
        yield from classify(system, value, edition=edition, **context).evidence


@pytest.mark.parametrize("row", SEVERAL, ids=lambda row: row["evidence"])
def test_what_one_node_shows_is_the_least_there_is(row):
    for pieces in itertools.islice(itertools.permutations(pieces_of(row["evidence"])), 6):
        finding = combine(pieces, "strict" if "strict" in row["why"] else "default")
        assert (finding.category, finding.certainty) == (row["category"], row["certainty"])
        assert finding.positive is ANSWER[row["positive"]]
        assert finding.possible == set(row["possible"].split())
        assert set(row["flags"].split()) <= finding.flags and not finding.flags & set(row["never"].split())


def test_several_nodes_in_columns_of_a_frame():
    frame = pd.DataFrame({"node_0": ["itc", "negative", None], "node_1": ["micro", "negative", "macro"], "pn": ["pN2", "", "pN1mi"]})
    evidence = [Evidence("camelyon_node", "node_0"), Evidence("camelyon_node", "node_1"), Evidence("camelyon_patient", "pn")]
    assert classify_frame(frame, evidence[:2]).nodal_category.tolist() == ["micro", "negative", "macro"]
    assert classify_frame(frame, evidence).nodal_category.tolist() == ["macro", "negative", "unknown"]
    assert classify_frame(frame, evidence).nodal_flags.str.contains("SIZE_CODE_CONFLICT").tolist() == [False, False, True]


def test_the_reasons_of_one_node():
    assert classify("ncr_swk", "3", year=2015).reason == "A sentinel node with a micrometastasis in AJCC 7: micrometastasis; sentinel nodes only"
    both = combine([*classify("ncr_swk", "3", edition=8).evidence, *classify("ncr_pn", "1A", edition=8).evidence])
    assert both.reason == "pN1a in AJCC 8, with a sentinel node with a micrometastasis: at least one deposit over 2.0 mm"
    assert classify("osna", "+", edition=8).reason.endswith("by amplified nucleic acid, not by a measured deposit")
    assert classify("stage_group_7", "IB").reason.endswith("; concluded from the stage group")


@pytest.mark.parametrize(("year", "edition"), [(1998, 4), (1999, 5), (2002, 5), (2003, 6), (2009, 6), (2010, 7), (2016, 7), (2017, 8)])
def test_the_netherlands_changed_editions_in_years_of_their_own(year, edition):
    assert classify("ncr_pn", "1M", year=year).edition == edition
    assert classify("ncr_swk", "3", year=year).edition == edition


def test_a_dutch_code_of_an_older_edition_has_its_older_meaning():
    assert classify("ncr_pn", "1A", year=2002).category == "micro"
    assert classify("ncr_pn", "1A", year=2003).category == "macro"


def test_a_stage_tells_of_the_nodes_in_the_7th_edition_only():
    assert classify("stage_group_7", "IB", year=2015).category == "micro"
    for when in ({"edition": 8}, {"edition": 6}, {"year": 2018}, {"year": 2005}):
        finding = classify("stage_group_7", "IB", **when)
        assert finding.category == "unknown" and "EDITION_CONFLICT" in finding.flags


def test_the_strict_policy_keeps_what_a_single_node_says_outright():
    assert classify("ncr_swk", "1", policy="strict").category == "negative"
    assert classify("osna", "+", policy="strict").category == "micro"
    assert classify("osna", "-", policy="strict").category == "unknown"


@pytest.mark.parametrize("system", [system.name for system in systems()])
def test_a_finding_of_every_system_survives_pickling(system):
    finding = classify(system, "1", edition=8)
    again = pickle.loads(pickle.dumps(finding))
    assert again == finding and again.under(7).category == finding.under(7).category


OWN = custom_system({"N+": {"micro", "macro"}, "mic": "micro", "neg": {"negative", "itc"}, "-": "negative", "not done": "unknown", 1: "itc"}, name="clinic")


@pytest.mark.parametrize(("value", "category", "flags"), [
    ("N+", "unknown", {"SIZE_NOT_STATED"}), (" n + ", "unknown", {"SIZE_NOT_STATED"}), ("MIC", "micro", set()), ("neg", "negative", {"ITC_NOT_EXCLUDED"}),
    ("-", "negative", set()), ("not done", "unknown", {"MISSING"}), ("1", "itc", set()), (1.0, "itc", set()), ("pN1a", "unknown", {"UNKNOWN_CODE"}),
    ("", "unknown", {"MISSING"}), (None, "unknown", {"MISSING"}), (b"mic", "unknown", {"UNPARSEABLE"}), (["mic"], "unknown", {"UNPARSEABLE"}),
])
def test_values_of_ones_own(value, category, flags):
    finding = classify(OWN, value, edition=8)
    assert finding.category == category and flags <= finding.flags
    assert finding.flags - flags <= {"NEOADJ_UNKNOWN"}


def test_values_of_ones_own_with_other_evidence():
    assert classify(OWN, "N+", edition=8, largest_mm="1.2").category == "micro"
    assert classify(OWN, "mic", edition=8, nodes_positive="00", nodes_examined="04").flags >= {"POSITIVITY_CONFLICT"}
    assert classify(OWN, "mic", edition=8).reason == "clinic value in AJCC 8: largest deposit over 0.2 mm, none over 2.0 mm"
    assert classify_values(OWN, ["N+", "mic"], largest_mm=["3", None]).nodal_category.tolist() == ["macro", "micro"]
    frame = pd.DataFrame({"ours": ["N+", "neg"], "mm": ["3", ""]})
    assert classify_frame(frame, [Evidence(OWN, "ours"), Evidence("size", "mm")]).nodal_category.tolist() == ["macro", "negative"]


def test_a_wrong_mapping_says_what_to_write():
    with pytest.raises(UsageError, match="no nodal category 'makro' .nearest: 'macro'"):
        custom_system({"N+": "makro"})
    with pytest.raises(UsageError, match="leaves no category possible"):
        custom_system({"N+": []})
    with pytest.raises(UsageError, match="needs a mapping of values to categories"):
        custom_system(["micro"])
    with pytest.raises(UsageError, match="'n \\+' of a custom coding system is given twice"):
        custom_system({"N+": "macro", "n +": "micro"})
    with pytest.raises(UsageError, match="cannot be called 'cells'"):
        custom_system({"N+": "macro"}, name="cells")
    with pytest.raises(UsageError, match="no nodal category '3'"):
        custom_system({"N+": 3})
