"""Does the command line read registries, check them and apply cohort rules, end to end?"""

from __future__ import annotations

import pytest

import survival_nodes as sn
from survival_nodes.cli import main
from survival_nodes.errors import InputError

MAP = """
[columns]
patient_id = "id"
years = "months"
event = "dead"
n_positive = "pos"
n_examined = "exam"

[units]
time = "months"

[codes.n_positive]
"99" = ""

[[nodal]]
system = "pathology_text"
column = "pn"
nodes_positive_column = "pos"
nodes_examined_column = "exam"
"""
HEADER = "id,months,dead,sex,neoadjuvant,pn,pos,exam\n"
GOOD = "".join(f"A{n},{30 + n},{n % 2},female,no,{pn},{pos},9\n" for n, (pn, pos) in enumerate([("pN0(i-)", 0), ("pN0(i+)", 0), ("pN1mi", 1), ("pN1a", 2)] * 5))
SECRET = "Zz-4711"


@pytest.fixture
def cohort_file(tmp_path, monkeypatch):
    """Write a mapping and a file of good rows, with some more; give the file's name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "map.toml").write_text(MAP, encoding="utf-8")

    def write(more: str = "") -> str:
        (tmp_path / "cohort.csv").write_text(HEADER + GOOD + more, encoding="utf-8")
        return "cohort.csv"

    return write


def test_a_file_without_faults_passes(cohort_file, capsys):
    assert main(["check", cohort_file(), "--map", "map.toml"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "20 rows read; nothing fatal was found"
    assert "ok           positive-over-examined" in said
    assert any(line.startswith("not checked  dates-out-of-order") for line in said)


def test_a_fatal_fault_is_named_by_its_row_and_ends_with_3(cohort_file, capsys):
    assert main(["check", cohort_file(f"{SECRET},40,0,female,no,pN0,7,3\n" * 2), "--map", "map.toml"]) == 3
    said = capsys.readouterr()
    assert "fatal        duplicate-rows: 1 (row 22)" in said.out and "warning      positive-over-examined: 2 (row 21, 22)" in said.out
    assert said.err.splitlines()[-1].startswith("survival-nodes: 'cohort.csv': duplicate-rows must be mended")
    assert SECRET not in said.out + said.err


def test_follow_up_after_the_cut_off_is_asked_for(cohort_file, capsys, tmp_path):
    rows = "id,months,dead,year\nB1,60,0,2010\nB2,200,0,2010\n"
    (tmp_path / "years.csv").write_text(rows, encoding="utf-8")
    mapping = '[columns]\npatient_id = "id"\nyears = "months"\nevent = "dead"\ndiagnosis_year = "year"\n[units]\ntime = "months"\n'
    (tmp_path / "years.toml").write_text(mapping, encoding="utf-8")
    assert main(["check", "years.csv", "--map", "years.toml", "--cut-off", "2020-12-31"]) == 0
    assert "warning      follow-up-after-cut-off: 1 (row 2)" in capsys.readouterr().out
    assert main(["check", "years.csv", "--map", "years.toml", "--cut-off", "soon"]) == 2
    assert "soon" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "said"), [
    (["--source", "seer"], "there is no source 'seer' (nearest: 'seer-stat')"),
    (["--source", "seer-stat", "--option", "dictionry=a.dic"], "there is no option 'dictionry' (nearest: 'dictionary')"),
    (["--source", "seer-stat", "--option", "dictionary"], "--option: 'dictionary' is not written as NAME=VALUE"),
])
def test_a_wrong_source_or_option_is_a_line_and_2(cohort_file, capsys, arguments, said):
    assert main(["check", cohort_file(), *arguments]) == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_rules_asked_for_on_the_command_line_are_steps_of_the_report(cohort_file, capsys, tmp_path):
    path = cohort_file("C1,50,0,male,no,pN1mi,1,9\nC2,50,0,female,yes,pN1mi,1,9\nC3,0,0,female,no,pN1mi,1,9\n")
    command = ["report", path, "--map", "map.toml", "--rules", "default", "--without", "unilateral", "--zero-follow-up", "half", "--out", "out"]
    assert main(command) == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for words in ("sex is male or other (1)", "systemic treatment before surgery is given (1)", "not applied, as asked", "set to half a month"):
        assert words in page
    assert main(["report", path, "--map", "map.toml", "--rules", "defalt"]) == 2
    assert "nearest: 'default'" in capsys.readouterr().err


def test_rules_may_stand_in_the_mapping(cohort_file, tmp_path):
    path = cohort_file("C1,50,0,male,no,pN1mi,1,9\n")
    (tmp_path / "map.toml").write_text(MAP + '\n[cohort]\nrules = ["female", "known-category"]\nzero_follow_up = "drop"\n', encoding="utf-8")
    cohort = sn.read_cohort(path, mapping="map.toml")
    assert cohort.ledger.frame["rule"].tolist() == ["read", "female", "known-category", "zero follow-up: drop"]
    assert cohort.n_patients == 20


def test_a_cohort_that_cannot_tell_of_treatment_is_refused_unless_the_rule_is_left_out(cohort_file):
    mapping = {"columns": {"patient_id": "id", "years": "months", "event": "dead", "neoadjuvant": "sex"}, "units": {"time": "months"},
               "codes": {"neoadjuvant": {"female": "unknown", "male": "unknown"}}}
    with pytest.raises(InputError, match="nothing tells whether systemic treatment came before surgery"):
        sn.read_cohort(cohort_file(), mapping=mapping, rules="default")
    assert sn.read_cohort(cohort_file(), mapping=mapping, rules="default", without="no-neoadjuvant").n_patients == 20
