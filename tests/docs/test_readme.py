"""Does the README run? Every command and every block of it, but for `make test` itself."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import pandas as pd
import pytest

import survival_nodes
from survival_nodes.cli import main

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, flags=re.DOTALL)


def block(language: str, holding: str) -> str:
    found = [body for kind, body in BLOCKS if kind == language and holding in body]
    assert len(found) == 1, f"one {language} block of the README holds {holding!r}"
    return found[0]


def clone(folder: Path) -> Path:
    """Copy what a fresh clone would hold."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout: a fresh clone cannot be made")
    for name in listed.stdout.split("\n"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def test_the_two_commands():
    assert block("sh", "make demo").split("\n")[:2] == ["make demo", "make test"]
    if sys.platform == "win32" or not shutil.which("make"):
        pytest.skip("make is not on this machine")
    # Run from `make test`, make would otherwise announce folders, as one of a family.
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    ran = subprocess.run(["make", "demo"], cwd=ROOT, capture_output=True, text=True, env=alone)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.strip().splitlines()[-1] == "reports/demo/report.html"
    assert (ROOT / "reports" / "demo" / "report.html").is_file()


def test_the_commands_in_uv(tmp_path):
    lines = [line for line in block("sh", "uv venv").splitlines() if line]
    assert lines[-1] == "uv run --no-sync pytest"
    if not shutil.which("uv"):
        pytest.skip("uv is not on this machine")
    folder = clone(tmp_path)
    for line in lines[:-1]:
        ran = subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True)
        assert ran.returncode == 0, f"{line}: {ran.stderr[-2000:]}"
    assert (folder / "reports" / "demo" / "report.html").is_file()


def test_the_commands_for_windows_are_the_same_in_pip():
    lines = [line for line in block("bat", "py -m venv").splitlines() if line]
    assert lines == [
        "py -m venv .venv", r".venv\Scripts\python -m pip install --constraint constraints.txt --editable .[test]",
        r".venv\Scripts\survival-nodes demo", r".venv\Scripts\python -m pytest"]
    if sys.platform != "win32":
        pytest.skip("the Windows commands were compared, and run on Windows only")
    for line in lines[2:3]:
        assert subprocess.run(line, shell=True, cwd=ROOT).returncode == 0


def test_the_script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(block("python", "import survival_nodes"), "README.md", "exec"), {})
    assert (tmp_path / "reports" / "sedmak_1989" / "report.html").is_file()


@pytest.mark.parametrize(("holding", "n_frames"), [("sn.GrayTest", 8), ("sn.NetSurvival", 7)])
def test_the_estimators(holding, n_frames):
    said = {"sn": survival_nodes}
    lines = [line.split("#")[0].strip() for line in block("python", holding).splitlines()]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "follow-up goes beyond the life table")  # which ends in 2020
        frames = [eval(line, said) for line in lines if line.startswith(("sn.", "fit.")) or exec(line, said)]  # an expression gives a frame
    assert [len(frame) > 0 for frame in frames] == [True] * n_frames
    assert said["cohort"].n_patients == 3000 == (said["fit"].n if "fit" in said else 3000)


def test_large_files(tmp_path, monkeypatch):
    """The same synthetic patients, as one CSV and as two Parquet files, give the same estimates from memory and from a scan."""
    pytest.importorskip("duckdb")
    monkeypatch.chdir(tmp_path)
    made = survival_nodes.synthesize(1500, seed=3).rows
    patients = pd.DataFrame({
        "months": (made["years"] * 12).astype(int), "status": made["event"], "node": made["nodal_category"].astype(str), "grade": made["grade"].astype(str),
        "age": made["age"].astype(int)})
    patients.to_csv("registry.csv", index=False)
    Path("registry").mkdir()
    for part in (1, 2):
        patients[part - 1 :: 2].to_parquet(f"registry/part{part}.parquet")
    said = {"sn": survival_nodes}
    found = []
    for holding in ("keep=", "sn.scan_cohort"):
        lines = [line.split("#")[0].strip() for line in block("python", holding).splitlines()]
        found += [eval(line, said) for line in lines if line.startswith(("sn.", "fit.")) or exec(line, said)]
    assert [len(frame) for frame in found] == [len(found[0]), 4, 8, len(said["fit"].coefficients)]
    assert said["scan"].n_patients == 1500 == said["cohort"].n_patients
    pd.testing.assert_frame_equal(found[3], said["fit"].coefficients, rtol=1e-8)


def test_an_own_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    mapping = block("toml", "[columns]")
    theirs = tomllib.loads(mapping)["columns"]
    patients = pd.DataFrame({
        theirs["patient_id"]: range(1, 41), theirs["years"]: [20 + 2 * row for row in range(40)], theirs["event"]: [1 + row % 2 for row in range(40)],
        theirs["nodal_category"]: ["negative", "itc", "micro", "macro"] * 10})
    patients.to_csv("cohort.csv", index=False)
    (tmp_path / "map.toml").write_text(mapping, encoding="utf-8")
    command = block("sh", "--map map.toml").split()
    assert main(command[1:]) == 0
    report = Path(capsys.readouterr().out.strip())
    assert report.is_file() and "Our cohort" in report.read_text(encoding="utf-8")


def test_nodal_categories(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cohort.csv").write_text("pn,positive\npN1mi,1\npN0(i+),0\npN1a,0\n", encoding="utf-8")
    commands = [shlex.split(line) for line in block("sh", "survival-nodes explain").splitlines()]
    assert [command[:2] for command in commands] == [["survival-nodes", "explain"], ["survival-nodes", "classify"]]
    assert [main(command[1:]) for command in commands] == [0, 0]
    assert "isolated tumour cells" in capsys.readouterr().out
    # Positive by its code, with no positive node counted: a conflict, which is never settled by a guess.
    assert pd.read_csv("classified.csv")["nodal_category"].tolist() == ["micro", "itc", "unknown"]


LISTING = """Patient ID\tSex\tYear of diagnosis\tBehavior code ICD-O-3\tPrimary Site\tSequence number\tLaterality\tCombined Summary Stage\tRX Summ--Surg Prim Site (1998+)\t\
RX Summ--Systemic/Sur Seq (2007+)\tDerived AJCC N, 7th ed (2010-2015)\tRegional nodes positive (1988+)\tRegional nodes examined (1988+)\tSurvival months\t\
Vital status recode (study cutoff used)
"""
PATIENT = "{n}\tFemale\t2012\tMalignant\tC504\tOne primary only\t{side}\tLocalized\t22\tSystemic therapy after surgery\t{node}\t0{positive}\t05\t{months:04d}\t{vital}\n"


def test_a_registry_and_its_cohort_rules(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    nodes = (("N0(i-)", 0), ("N0(i+)", 0), ("N1mi", 1), ("N1a", 2))
    rows = [PATIENT.format(
        n=n, side="Left - origin of primary" if n % 3 else "Right - origin of primary", node=nodes[n % 4][0], positive=nodes[n % 4][1], months=3 * (n % 30),
        vital="Dead" if n % 5 == 0 else "Alive") for n in range(1, 81)]
    Path("listing.txt").write_text(LISTING + "".join(rows), encoding="utf-8")
    commands = [shlex.split(line) for line in block("sh", "--source seer-stat").splitlines()]
    assert [command[1] for command in commands] == ["fetch", "check", "report"]
    assert [main(command[1:]) for command in commands] == [0, 0, 0]
    assert capsys.readouterr().out.splitlines()[-1] == str(Path("reports/listing/report.html"))
    said = {"sn": survival_nodes}
    exec(compile(block("python", "cohort.select"), "README.md", "exec"), said)
    assert said["chosen"].rows["nodal_category"].value_counts().to_dict() == {"itc": 20, "macro": 20, "micro": 20, "negative": 20, "unknown": 0}
    assert Path("flow.svg").is_file()


@pytest.mark.parametrize("command", re.findall(r"`survival-nodes ((?:published|sources)[^`]*)`", TEXT))
def test_commands_named_in_the_text(command, capsys):
    assert main(command.split()) == 0
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("target", [target for target in re.findall(r"\]\(([^)#]+)\)", TEXT) if "://" not in target])
def test_every_link_of_the_readme_leads_somewhere(target):
    assert (ROOT / target).exists()
