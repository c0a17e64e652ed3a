"""Every coding system is held to the same: a row of fixtures, a link, a format, words of our own, codes that can be read."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from survival_nodes.nodes import FLAGS, classify, systems
from survival_nodes.nodes.coding import System
from survival_nodes.nodes.reading import COMMON, context_names

HERE = Path(__file__).parent
# Phrases of the definitions that may not be reproduced: a pathologist will know where they come from.
FOREIGN = re.compile(r"ipsilateral|approximately 200|clinically (?:un)?detected|in the absence of|regional lymph node metastas|cannot be assessed|histologically", re.IGNORECASE)
COMPLAINTS = {"UNPARSEABLE", "UNKNOWN_CODE"}
SYSTEMS = systems()


def rows_of(name: str) -> list[dict[str, str]]:
    with open(HERE / "nodal_cases.csv", encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["source_system"] == name]


def wanting(system: System) -> list[str]:
    """Name what an entry of the registry lacks."""
    editions = list(system.editions)
    lacks = {
        "a row in tests/spec/nodal_cases.csv": not rows_of(system.name),
        "a link to its standard": not re.fullmatch(r"https://[\w.-]+\.\w+/\S*", system.standard),
        "a format": len(system.format.strip()) < 2,
        "a title of its own": len(system.title.split()) < 2 or system.title == system.name or system.title.endswith("."),
        "words of our own": bool(FOREIGN.search(f"{system.title} {system.format}")),
        "editions in order, of 3 to 8": not editions or editions != sorted(set(editions)) or not set(editions) <= set(range(3, 9)),
        "a name in small letters": not re.fullmatch(r"[a-z][a-z0-9_]*", system.name),
        "a reader, or a measurement that it stands for": (system.read is None) == (not system.value_is),
    }
    return [what for what, lacking in lacks.items() if lacking]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_an_entry_of_the_registry_lacks_nothing(system):
    assert wanting(system) == []


def test_an_entry_without_a_row_a_link_or_a_format_would_fail():
    bare = System("new_pn", "New", "", (9, 8), "standard", lambda *read: ())
    assert wanting(bare) == [
        "a row in tests/spec/nodal_cases.csv", "a link to its standard", "a format", "a title of its own", "editions in order, of 3 to 8"]
    copied = System("new_pn", "Regional lymph nodes", "metastases in ipsilateral nodes", (8,), "https://example.org/n", None)
    assert wanting(copied)[1:] == ["words of our own", "a reader, or a measurement that it stands for"]


def test_no_two_entries_share_their_words():
    for words in (lambda system: system.name, lambda system: system.title):
        assert len({words(system) for system in SYSTEMS}) == len(SYSTEMS)


@pytest.mark.parametrize(("system", "code"), [(system, code) for system in SYSTEMS for code in system.codes], ids=lambda each: getattr(each, "name", each))
def test_every_code_of_a_table_is_read_and_flagged_in_words_that_there_are(system, code):
    finding = classify(system.name, code, edition=max(system.editions))
    assert not finding.flags & COMPLAINTS and finding.flags <= FLAGS.keys()
    assert finding.evidence[0].raw == code
    assert not FOREIGN.search(finding.reason)


@pytest.mark.parametrize("system", [system for system in SYSTEMS if system.codes], ids=lambda system: system.name)
def test_a_code_that_a_table_does_not_have_is_never_taken_for_another(system):
    finding = classify(system.name, "zz 7,7", edition=max(system.editions))
    assert finding.category == "unknown" and finding.flags & COMPLAINTS


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_every_context_is_accepted_and_may_be_empty(system):
    names = context_names(system)
    assert set(system.context) <= set(names) and len(names) > sum(len(part.names) for part in COMMON) - 2
    alone, beside = classify(system.name, "?", edition=8), classify(system.name, "?", edition=8, **dict.fromkeys(names, ""))
    assert (alone.category, alone.possible) == (beside.category, beside.possible) == ("unknown", alone.possible)
