"""Does every script in `analyses/` run from an empty folder, importing nothing but the package, and write its report?

Those of public cohorts run where $SURVIVAL_NODES_PUBLIC_DATA holds the files, and say so where they are not.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "analyses").glob("*.py"))
# The incidence of METABRIC and the restricted means of TCGA are those of R's survfit (survival 3.5-3) on the same rows.
SAID = {
    "sedmak_1989": ("0.722222", "0.555556", "5.49427", "2.664988"),
    "gbsg2_nodes": ("686 patients with 299 events", "GLOBAL"),
    "article_claims": ("SYNTHETIC", "differs: the interval of the difference lies wholly beyond 2.0 percentage points", "seer-2013-2019-regional-5y"),
    "tcga_brca": ("Cohort of 1084 patients: endpoint overall, 151 events", "0.888715", "0.892857", "0.770053", "-0.249583", "known within wide limits only",
                  "Fewer than 10 events in: Isolated tumour cells, Micrometastasis"),
    "metabric": ("Cohort of 1981 patients: endpoint overall, 1144 events", "0.866555", "0.901606", "0.656373", "claims that compare these cannot be put to it"),
}
FILES = {  # the files of public cohorts that a script reads
    "tcga_brca": "tcga/brca_tcga_pan_can_atlas_2018_data_clinical_patient.txt",
    "metabric": "metabric/brca_metabric_data_clinical_patient.txt",
}
BESIDE_THE_PACKAGE = {"sys", "pathlib"}  # a script that is given a file


def run(script: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(script), *arguments], cwd=folder, capture_output=True, text=True)


def test_every_script_has_its_answer_here():
    assert {script.stem for script in SCRIPTS} == set(SAID)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_imports_the_package_alone(script):
    tree = ast.parse(script.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported - (BESIDE_THE_PACKAGE if script.stem in FILES else set()) == {"survival_nodes"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_runs_and_writes_its_report(script, tmp_path):
    arguments = []
    if script.stem in FILES:
        if "SURVIVAL_NODES_PUBLIC_DATA" not in os.environ:
            pytest.skip("SURVIVAL_NODES_PUBLIC_DATA is not set: the folder of public cohorts")
        arguments.append(str(Path(os.environ["SURVIVAL_NODES_PUBLIC_DATA"]) / FILES[script.stem]))
    ran = run(script, tmp_path, *arguments)
    assert ran.returncode == 0 and ran.stderr == "", ran.stderr[-2000:]
    assert all(words in ran.stdout for words in SAID[script.stem]), ran.stdout
    report = tmp_path / "reports" / script.stem / "report.html"
    assert report.is_file() and ran.stdout.strip().endswith(str(report.relative_to(tmp_path)))


@pytest.mark.parametrize("name", FILES)
def test_a_script_without_its_file_says_how_to_fetch_it(name, tmp_path):
    ran = run(ROOT / "analyses" / f"{name}.py", tmp_path)
    assert (ran.returncode, ran.stdout) == (3, "") and len(ran.stderr.splitlines()) == 1 and "survival-nodes fetch" in ran.stderr
    assert not list(tmp_path.iterdir())
