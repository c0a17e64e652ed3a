"""Does every script in `analyses/` run from an empty folder, importing nothing but the package, and write its report?"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "analyses").glob("*.py"))
SAID = {
    "sedmak_1989": ("0.722222", "0.555556", "5.49427", "2.664988"),
    "gbsg2_nodes": ("686 patients with 299 events", "GLOBAL"),
    "article_claims": ("SYNTHETIC", "not comparable: published figure is relative survival, cohort has observed survival"),
}


def test_every_script_has_its_answer_here():
    assert {script.stem for script in SCRIPTS} == set(SAID)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_imports_the_package_alone(script):
    imports = [node for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert [alias.name for node in imports for alias in node.names] == ["survival_nodes"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_runs_and_writes_its_report(script, tmp_path):
    ran = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0 and ran.stderr == "", ran.stderr[-2000:]
    assert all(words in ran.stdout for words in SAID[script.stem]), ran.stdout
    report = tmp_path / "reports" / script.stem / "report.html"
    assert report.is_file() and ran.stdout.strip().endswith(str(report.relative_to(tmp_path)))
