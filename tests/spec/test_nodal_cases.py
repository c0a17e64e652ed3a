"""What do the codes mean: tables that a pathologist or a registrar can read and sign."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from survival_nodes.nodes import FLAGS, Policy, classify, systems

HERE = Path(__file__).parent
ANSWER = {"yes": True, "no": False, "": None}
POLICIES = {
    "default": "default", "strict": "strict", "keep_code": Policy(on_positivity_conflict="keep_code"), "prefer_size": Policy(on_size_conflict="prefer_size"),
    "prefer_code": Policy(on_size_conflict="prefer_code"), "counts_macro": Policy(counts_only="macro"),
}


def table(name: str) -> list[dict[str, str]]:
    with open(HERE / name, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def words(text: str) -> set[str]:
    return set(text.replace(";", " ").split())


def entries(text: str) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in text.split())


CASES = table("nodal_cases.csv")
CATEGORIES = table("n_categories.csv")
SIZES = table("deposit_size.csv")
SPELLINGS = table("n_spellings.csv")
COMBINATIONS = table("nodal_combinations.csv")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case_id"])
def test_a_recorded_value_has_its_category_and_its_flags(case):
    context = json.loads(case["context_json"]) if case["context_json"] else {}
    finding = classify(case["source_system"], case["raw_value"], edition=case["ajcc_edition"] or None, **context)
    assert finding.category == case["expected_category"]
    assert words(case["must_have_flags"]) <= finding.flags


@pytest.mark.parametrize("row", CATEGORIES, ids=lambda row: f"{row['system']}-{row['code']}-{row['edition']}")
def test_every_n_category_leaves_what_it_should(row):
    finding = classify(row["system"], row["code"], edition=row["edition"])
    assert (finding.category, finding.possible) == (row["category"], words(row["possible"]))
    assert words(row["flags"]) <= finding.flags
    assert finding.basis == row["basis"]


@pytest.mark.parametrize("row", SPELLINGS, ids=lambda row: f"{row['system']}-{row['text']}")
def test_an_n_category_is_read_however_it_is_written(row):
    finding = classify(row["system"], row["text"], edition="8")
    assert [piece.normalised for piece in finding.evidence if piece.kind == "code"] == [row["read_as"]]
    assert words(row["flags"]) <= finding.flags
    unreadable = {"UNPARSEABLE", "PERINEURAL_AMBIGUOUS", "INVALID_FOR_BREAST", "MISSING"}
    assert finding.flags & unreadable == words(row["flags"]) & unreadable


@pytest.mark.parametrize("row", SIZES, ids=lambda row: f"{row['size']}-{row['cells']}-{row['edition']}")
def test_every_size_of_deposit_has_its_class(row):
    finding = classify("size", row["size"], cells=row["cells"], edition=row["edition"])
    assert (finding.category, finding.possible) == (row["category"], words(row["possible"]))
    assert finding.flags - {"NEOADJ_UNKNOWN"} - (set() if "EDITION_PRE6" in row["flags"] else {"EDITION_PRE6"}) == words(row["flags"])


@pytest.mark.parametrize("row", COMBINATIONS, ids=lambda row: "-".join(row[name] for name in ("system", "value", "context", "policy")))
def test_every_combination_is_settled_as_the_table_says(row):
    context = entries(row["context"])
    context.setdefault("edition", None if "year" in context else "8")
    finding = classify(row["system"], row["value"], policy=POLICIES[row["policy"]], **context)
    assert (finding.category, finding.certainty) == (row["category"], row["certainty"])
    assert finding.positive is ANSWER[row["positive"]]
    assert words(row["flags"]) <= finding.flags
    for conflict in ("POSITIVITY_CONFLICT", "SIZE_CODE_CONFLICT", "COUNT_CONFLICT", "EDITION_CONFLICT", "POST_NEOADJUVANT", "NOT_EXAMINED", "COUNT_ONLY"):
        assert (conflict in finding.flags) == (conflict in words(row["flags"])), conflict


@pytest.mark.parametrize("system", systems(), ids=lambda system: system.name)
def test_every_coding_system_has_a_row_and_says_what_it_is(system):
    assert any(case["source_system"] == system.name for case in CASES)
    assert system.title and system.format and system.editions and system.standard.startswith("https://")


def test_every_row_belongs_to_a_coding_system():
    names = {system.name for system in systems()}
    assert {case["source_system"] for case in CASES} | {row["system"] for row in CATEGORIES + COMBINATIONS + SPELLINGS} <= names


def test_every_flag_of_the_tables_has_its_sentence():
    used = set().union(*(words(row.get("must_have_flags", row.get("flags", ""))) for row in CASES + CATEGORIES + SIZES + COMBINATIONS + SPELLINGS))
    assert used <= FLAGS.keys()
    assert all(sentence.endswith(".") and sentence[0].isupper() for sentence in FLAGS.values())
