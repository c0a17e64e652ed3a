"""Is the page of the coding systems the one that the tables make, and does what it says hold?"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from survival_nodes.cli import main
from survival_nodes.nodes import FLAGS, NODAL_CATEGORIES, Policy, classify, systems
from survival_nodes.nodes.page import page
from survival_nodes.nodes.reading import context_names

ROOT = Path(__file__).resolve().parents[2]
TEXT = page()
SECTIONS = {name: body for name, body in re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", TEXT, flags=re.DOTALL | re.MULTILINE)}
LEVELS = re.findall(r"^\| `(pN[^`]*)` \| ([^|]*) \| (\w+) \| ([^|]*) \| (\w+) \|$", TEXT, flags=re.MULTILINE)


def test_the_page_is_the_tables():
    assert (ROOT / "survival_nodes" / "nodes" / "README.md").read_text(encoding="utf-8") == TEXT, "run `make docs`"


def test_the_command_of_the_makefile_prints_the_page():
    assert "-m survival_nodes.nodes.page > survival_nodes/nodes/README.md" in (ROOT / "Makefile").read_text(encoding="utf-8")
    ran = subprocess.run([sys.executable, "-m", "survival_nodes.nodes.page"], capture_output=True, check=True, cwd=ROOT)
    assert ran.stdout.decode("utf-8").replace("\r\n", "\n") == TEXT


def test_every_system_has_its_section_in_order():
    assert list(SECTIONS) == [system.name for system in systems()]


@pytest.mark.parametrize("system", systems(), ids=lambda system: system.name)
def test_a_section_names_format_editions_context_and_standard(system):
    section = SECTIONS[system.name]
    assert all(text in section for text in (f"{system.title}.", system.format, f"<{system.standard}>", "AJCC " + ", ".join(map(str, system.editions))))
    assert all(f"`{name}`" in section for name in system.context)
    assert all(f"| `{code}` |" in section for code in system.codes)


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level[0])
def test_a_printed_level_is_what_classify_says(level):
    code, before, category_before, after, category_after = level
    for edition, possible, category in ((5, before, category_before), (8, after, category_after)):
        finding = classify("pathology_text", code, edition=edition)
        assert finding.category == category
        assert set(possible.partition(" (")[0].split(", ")) == (finding.possible if len(finding.possible) < 4 else {"anything"})


def test_the_levels_flags_and_policies_are_all_there():
    assert len(LEVELS) == 23 and {"pNX", "pN0(i+)", "pN1mi", "pN1biv", "pN3c"} <= {level[0] for level in LEVELS}
    assert all(f"| `{name}` | {meaning} |" in TEXT for name, meaning in FLAGS.items())
    assert Policy().fingerprint in TEXT and "| `counts_only` | `unknown` | `unknown` |" in TEXT
    assert all(f"| `{name}` |" in TEXT for name in NODAL_CATEGORIES)
    assert all(f"`{name}`" in TEXT for name in context_names(systems()[0]))


@pytest.mark.parametrize("command", re.findall(r"`survival-nodes (explain [^`]*)`", TEXT))
def test_the_command_of_the_page_runs(command, capsys):
    assert main(shlex.split(command)) == 0
    assert "micro" in capsys.readouterr().out
