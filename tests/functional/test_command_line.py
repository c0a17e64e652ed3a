"""Does the command line do it end to end, and does every mistake get one line and the right exit code?"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from survival_nodes import cli, data_files
from survival_nodes.cli import main

CATEGORIES = ("negative", "itc", "micro", "macro")
GOOD = "id,months,dead,nodes\n" + "".join(f"{row},{20 + 2 * row},{row % 2},{CATEGORIES[row // 2 % 4]}\n" for row in range(1, 101))
MAP = '[columns]\npatient_id = "id"\nyears = "months"\nevent = "dead"\nnodal_category = "nodes"\n[units]\ntime = "months"\n'


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.csv").write_text(GOOD, encoding="utf-8")
    (tmp_path / "map.toml").write_text(MAP, encoding="utf-8")
    return tmp_path


def refused(capsys, *arguments: str) -> tuple[int, str]:
    """Run a command that must fail: its exit code and its one line."""
    code = main([*arguments])
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.endswith((" s", "... ")) and not line.startswith("warning: ")]
    assert len(lines) == 1 and lines[0].startswith("survival-nodes: "), lines
    return code, lines[0]


def report(capsys, *more: str) -> tuple[int, str]:
    return refused(capsys, "report", "c.csv", "--map", "map.toml", *more)


def test_a_report_of_an_own_file(folder, capsys):
    assert main(["report", "c.csv", "--map", "map.toml"]) == 0
    said = capsys.readouterr()
    path = Path(said.out.strip())
    assert path == Path("reports/c/report.html") and path.is_file()
    assert all(f"{step} ... " in said.err for step in ("loading", "reading c.csv", "analysing", "writing the report"))
    found = json.loads(Path("reports/c/findings.json").read_text(encoding="utf-8"))
    assert "map.toml" in json.dumps(found) and str(folder) not in json.dumps(found)
    assert GOOD == (folder / "c.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(("wrong", "exit_code", "said"), [
    (lambda text: "", 3, "empty"),
    (lambda text: text.splitlines()[0] + "\n", 3, "no rows"),
    (lambda text: text.replace("months", "month"), 3, "there is no column 'months' (nearest: 'month'); there are: id, month, dead, nodes"),
    (lambda text: text.replace(",0,", ",2,"), 3, "coded 1/2"),
    (lambda text: text.replace(",1,", ",2015-05-31,"), 3, "a date"),
    (lambda text: text.replace("1,22,", "1,-22,", 1), 3, "negative in 1 row (row 1)"),
    (lambda text: text.replace("1,22,", "1,two years,", 1), 3, "not a number of months"),
    (lambda text: text.replace("\n2,", "\n1,", 1), 3, "stands twice"),
    (lambda text: text.replace(",", ";"), 3, 'delimiter = ";"'),
])
def test_a_mistake_in_the_file(folder, capsys, wrong, exit_code, said):
    text = wrong(GOOD)
    (folder / "c.csv").write_text(text, encoding="utf-8")
    code, line = report(capsys)
    assert code == exit_code and said in line, line
    assert not (folder / "reports").exists() and (folder / "c.csv").read_text(encoding="utf-8") == text


def test_a_latin_1_file(folder, capsys):
    (folder / "c.csv").write_bytes(GOOD.replace("negative", "n\u00e9gative", 1).encode("latin-1"))
    code, line = report(capsys)
    assert code == 3 and 'encoding = "latin-1"' in line


def test_months_given_as_days_are_questioned_and_may_be_accepted(folder, capsys):
    (folder / "map.toml").write_text(MAP.replace('"months"\n', '"days"\n').replace('years = "days"', 'years = "months"'), encoding="utf-8")
    code, line = report(capsys)
    assert code == 3 and "is the unit of time right?" in line and "--accept-units" in line
    assert main(["report", "c.csv", "--map", "map.toml", "--accept-units"]) == 0


@pytest.mark.parametrize(("arguments", "said"), [
    (("report", "nowhere.csv", "--map", "map.toml"), "nowhere.csv"),
    (("report", "c.csv", "--map", "nowhere.toml"), "there is no mapping file 'nowhere.toml'"),
    (("report", "c.csv", "--map", "map.toml", "--source", "seer"), "no source 'seer'"),
    (("report", "c.csv"), "in what unit is the follow-up?"),
    (("report",), "the following arguments are required: COHORT.csv"),
    (("raport",), "invalid choice"),
    (("published", "--category", "mikro"), "'mikro'"),
    (("published", "--category", "micro", "--years", "77"), "no published figure fits"),
    ((), "required: COMMAND"),
])
def test_a_mistake_in_the_command(folder, capsys, arguments, said):
    code, line = refused(capsys, *arguments)
    assert code == 2 and said in line


def test_a_wrong_group_and_a_wrong_plan(folder, capsys):
    assert report(capsys, "--by", "node_category") == (3, "survival-nodes: there is no column 'node_category' (nearest: 'nodal_category'); there are: patient_id, years, event, nodal_category")
    (folder / "map.toml").write_text(MAP + '[report]\ntitel = "x"\n', encoding="utf-8")
    code, line = report(capsys)
    assert code == 2 and "no key 'titel' (nearest: 'title')" in line


def test_a_folder_that_cannot_be_written(folder, capsys):
    (folder / "taken").write_text("mine", encoding="utf-8")
    code, line = report(capsys, "--out", "taken")
    assert code == 5 and "cannot write" in line
    assert (folder / "taken").read_text(encoding="utf-8") == "mine"


def test_a_full_disk_leaves_nothing_half_written(folder, capsys, monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(data_files.os, "fsync", full)
    code, line = report(capsys)
    assert code == 5 and "no space left on device" in line
    assert not list(folder.rglob("*.part")) and not list(folder.rglob("report.html"))


def test_a_defect_of_ours_is_one_line_without_a_value(folder, capsys, monkeypatch):
    def broken(*arguments, **options):
        raise KeyError("patient 17, aged 93")

    monkeypatch.setattr("survival_nodes.study.Study.run", broken)
    code, line = report(capsys)
    assert code == 1 and "a defect of survival_nodes, KeyError at" in line and "93" not in line


def test_published_rates_and_sources_are_printed(capsys):
    assert main(["published", "--category", "micro", "--years", "5"]) == 0
    assert "micro" in capsys.readouterr().out
    assert main(["published", "--category", "micro", "--csv"]) == 0
    assert capsys.readouterr().out.startswith("rate_id,study,doi,")
    assert main(["sources"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in ("own-file", "sedmak-1989", "gbsg2", "synthetic"))


def test_help_loads_nothing_that_would_make_it_slow():
    # A clock would measure the machine: what takes its time is importing these.
    heavy = "{'formulaic', 'jinja2', 'lifelines', 'matplotlib', 'numpy', 'pandas', 'scipy', 'seaborn'}"
    code = f"import atexit, sys; from survival_nodes.cli import main; atexit.register(lambda: print('loaded', sorted({heavy} & set(sys.modules)))); main(['--help'])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "demo" in ran.stdout and "report" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "loaded []"


def test_the_demo_twice_gives_the_same_bytes(folder, capsys, monkeypatch):
    for run in ("one", "two"):
        (folder / run).mkdir()
        monkeypatch.chdir(folder / run)
        assert main(["demo", "--out", "out"]) == 0
    capsys.readouterr()
    names = sorted(path.relative_to(folder / "one") for path in (folder / "one").rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(folder / "two") for path in (folder / "two").rglob("*") if path.is_file())
    for name in names:
        one, two = ((folder / run / name).read_bytes() for run in ("one", "two"))
        assert one == two, name
    text = (folder / "one" / "out" / "report.html").read_text(encoding="utf-8")
    assert text.lower().count("synthetic") > 10 and str(Path.home()) not in text and os.uname().nodename not in text


def test_the_main_module_is_the_command_line(monkeypatch):
    ran = subprocess.run([sys.executable, "-m", "survival_nodes", "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == f"survival-nodes {__import__('survival_nodes').__version__}"
    assert cli.main.__module__ == "survival_nodes.cli"
