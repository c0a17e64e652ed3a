"""Does a report say where it came from, and nothing about who made it and where?"""

from __future__ import annotations

import getpass
import importlib.metadata
import platform
import re
import tomllib
from pathlib import Path, PurePosixPath

import pytest

import survival_nodes
from survival_nodes.errors import UsageError
from survival_nodes.reporting.provenance import DEPENDENCIES, file_name, reduced_command, settings_of, versions


@pytest.mark.parametrize(("argv", "told"), [
    (["survival-nodes", "demo"], "survival-nodes demo"),
    (["/opt/jo/venv/bin/survival-nodes", "report", "/home/jo/study/cohort.csv", "--map", "maps/jo.toml"], "survival-nodes report cohort.csv --map jo.toml"),
    (["survival-nodes", "report", "--out=/home/jo/a b/results", "x.csv"], "survival-nodes report --out=results x.csv"),
    (["survival-nodes", "report", r"C:\Users\jo\my cohort.csv"], "survival-nodes report 'my cohort.csv'"),
    (["survival-nodes", "report", r"\\server\jo\cohort.csv", "-o", "."], "survival-nodes report cohort.csv -o ."),
    (["survival-nodes", "report", "x.csv", "--out", "/home/jo/"], "survival-nodes report x.csv --out '~'"),
    (["survival-nodes", "report", "x.csv", "--out=/Users/jo"], "survival-nodes report x.csv '--out=~'"),
    (["survival-nodes", "report", "../../x.csv", "--out", "../.."], "survival-nodes report x.csv --out ."),
    (["survival-nodes", "classify", "x.csv", "--context", "size=/home/jo/sizes.csv"], "survival-nodes classify x.csv --context size=sizes.csv"),
    (["survival-nodes", "report", "/home/jo=x/cohort.csv"], "survival-nodes report cohort.csv"),
    (["survival-nodes", "report", "x.csv", "--formula", "age + t_category"], "survival-nodes report x.csv --formula 'age + t_category'"),
    (["survival-nodes", "report", "--out=--name=/home/jo/y"], "survival-nodes report --out=--name=y"),
])
def test_paths_become_file_names(argv, told):
    assert reduced_command(argv) == told


def test_the_own_home_is_not_named(monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/export/people/jo"))
    assert file_name("/export/people/jo") == "~" == file_name("/mnt/jo")
    assert file_name("/export/people/jo/cohort.csv") == "cohort.csv"


def test_a_command_in_one_text_is_refused():
    with pytest.raises(UsageError, match="as a sequence"):
        reduced_command("survival-nodes report '/home/jo/my cohort.csv'")


def test_versions_are_those_installed():
    told = versions()
    assert told["python"] == platform.python_version()
    assert told["survival_nodes"] == survival_nodes.__version__
    assert {name: told[name] for name in DEPENDENCIES} == {name: importlib.metadata.version(name) for name in DEPENDENCIES}


def test_versions_name_every_dependency_of_the_package():
    project = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert list(DEPENDENCIES) == sorted(re.match(r"[\w-]+", line)[0] for line in project["project"]["dependencies"])


def test_inputs_are_named_without_their_folders():
    told = settings_of({"inputs": [{"name": PurePosixPath("/home/jo/x.csv"), "sha256": "00", "rows": 3}], "source": "own-file, 10.1000/xyz", "seed": 7})
    assert told == {"inputs": [{"name": "x.csv", "sha256": "00", "rows": 3}], "source": "own-file, 10.1000/xyz", "seed": 7}


def test_nothing_names_person_or_machine():
    text = " ".join(versions().values()) + reduced_command([str(Path.home() / "x.csv"), str(Path.cwd())])
    assert str(Path.home()) not in text and getpass.getuser() not in text and platform.node() not in text.split()
