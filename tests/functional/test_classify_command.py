"""`survival-nodes classify` and `explain`: rows in, rows and their nodal category out, and one line for every mistake."""

from __future__ import annotations

import csv
import errno
import gzip
import os
import re
from pathlib import Path

import pytest

from survival_nodes import data_files
from survival_nodes.cli import main
from survival_nodes.nodes import FLAGS, NODAL_CATEGORIES, Policy, classify, systems

NODAL = ["nodal_category", "nodal_possible", "nodal_certainty", "nodal_positive", "nodal_basis", "nodal_flags", "nodal_reason"]
HEADER = ["id", "pn", "ed", "year", "pos", "exam", "zip"]
ROWS = [
    ["007", "N0", "7th", "2012", "00", "03", "0123"],
    ["008", "N0 (i+)", "7th", "2012", "00", "03", "0123"],
    ["009", "N1mi", "7th", "2012", "01", "03", "0123"],
    ["010", "N1a", "5th", "2000", "02", "14", "0123"],
    ["011", "N1a", "7th", "2012", "02", "14", "0123"],
    ["012", "NX", "7th", "2012", "98", "00", "0123"],
    ["013", "NX", "7th", "2012", "98", "00", "0123"],
    ["014", "N0", "7th", "2012", "02", "03", "0123"],
    ["015", "", "", "", "", "", ""],
    ["016", "N1, see text", "7th", "2012", "", "", '1"2'],
]
COMMAND = ["classify", "in.csv", "--system", "gdc_path_n", "--column", "pn", "--edition-column", "ed", "-o", "out.csv"]
COUNTED = ["--context", "nodes_positive=pos", "nodes_examined=exam"]


def written(path: Path, rows: list[list[str]], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    with open(path, "w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return path


def read(path: Path, delimiter: str = ",") -> tuple[list[str], list[dict[str, str]]]:
    with (gzip.open(path, "rt", encoding="utf-8", newline="") if path.suffix == ".gz" else open(path, encoding="utf-8", newline="")) as stream:
        reader = csv.DictReader(stream, delimiter=delimiter)
        return list(reader.fieldnames), list(reader)


def refused(capsys, *arguments: str) -> tuple[int, str]:
    """Run a command that must fail: its exit code and its one line."""
    code = main([*arguments])
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.endswith((" s", "... ")) and not line.startswith("warning: ")]
    assert len(lines) == 1 and lines[0].startswith("survival-nodes: "), lines
    return code, lines[0]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "in.csv", [HEADER, *ROWS])
    return tmp_path


def test_the_rows_come_back_with_their_category(folder, capsys):
    before = (folder / "in.csv").read_bytes()
    assert main([*COMMAND, *COUNTED]) == 0
    names, rows = read(folder / "out.csv")
    assert names == HEADER + NODAL
    assert [[row[name] for name in HEADER] for row in rows] == ROWS  # every column as text, in place
    assert [row["nodal_category"] for row in rows] == ["negative", "itc", "micro", "micro", "macro", *["unknown"] * 5]
    assert (folder / "in.csv").read_bytes() == before
    assert not list(folder.glob(".*part"))
    for row in rows:
        context = {"nodes_positive": row["pos"], "nodes_examined": row["exam"]}
        one = classify("gdc_path_n", row["pn"], edition=row["ed"], **context)
        assert (row["nodal_category"], row["nodal_reason"], row["nodal_certainty"]) == (one.category, one.reason, one.certainty)
        assert set(row["nodal_flags"].split()) == one.flags and set(row["nodal_possible"].split()) == one.possible


def test_the_summary_counts_categories_flags_and_what_stayed_unknown(folder, capsys):
    assert main([*COMMAND, *COUNTED]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0] == "Nodal category of 10 rows"
    assert lines[1] == f"Policy default (fingerprint {Policy().fingerprint}): {Policy().words.partition(': ')[2]}"
    assert [line.split() for line in lines[3:8]] == [
        ["negative", "1", "10.0%"], ["itc", "1", "10.0%"], ["micro", "2", "20.0%"], ["macro", "1", "10.0%"], ["unknown", "5", "50.0%"]]
    flags, unknown = lines[lines.index("Flags") + 1:lines.index("Commonest values that stayed unknown") - 1], lines[lines.index("Commonest values that stayed unknown") + 1:-2]
    _, rows = read(folder / "out.csv")
    counted = {name: sum(name in row["nodal_flags"].split() for row in rows) for name in {word for row in rows for word in row["nodal_flags"].split()}}
    assert {line.split()[0]: (int(line.split()[1]), " ".join(line.split()[2:])) for line in flags} == {name: (n, FLAGS[name]) for name, n in counted.items()}
    assert [int(line.split()[1]) for line in flags] == sorted(counted.values(), reverse=True)
    assert [line.split()[:2] for line in unknown] == [["NX", "2"], ["(empty)", "1"], ["N0", "1"], ["N1,", "see"]]
    assert "contradicts itself on whether any node is positive" in unknown[2]
    assert lines[-1] == "out.csv"
    assert not set(said.out.split()) & {row[0] for row in ROWS}  # no patient


def test_the_strict_policy_uses_no_default_and_is_named(folder, capsys):
    assert main([*COMMAND, "--policy", "strict"]) == 0
    _, rows = read(folder / "out.csv")
    assert {row["nodal_certainty"] for row in rows} == {"explicit", "none"}
    assert f"Policy strict (fingerprint {classify('size', 1, policy='strict').policy.fingerprint})" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "delimiter"), [("out.csv", ","), ("out.tsv", "\t"), ("out.txt", "\t"), ("out.csv.gz", ",")])
def test_the_name_of_the_output_says_how_it_is_written(folder, capsys, name, delimiter):
    assert main([*COMMAND[:-1], name]) == 0
    names, rows = read(folder / name, delimiter)
    assert names == HEADER + NODAL and len(rows) == len(ROWS)
    first = (folder / name).read_bytes()
    assert main([*COMMAND[:-1], name]) == 0  # twice the same bytes, over what was there
    assert (folder / name).read_bytes() == first


@pytest.mark.parametrize("delimiter", [";", "\\t"])
def test_a_delimiter_of_its_own_is_read_and_written(folder, capsys, delimiter):
    sign = delimiter.replace("\\t", "\t")
    written(folder / "in.csv", [HEADER, *ROWS], sign)
    assert main([*COMMAND, "--delimiter", delimiter]) == 0
    assert read(folder / "out.csv", sign)[0] == HEADER + NODAL


def test_a_latin_1_file_is_read_when_told_and_written_as_utf_8(folder, capsys):
    written(folder / "in.csv", [["name", "pn"], ["Ren\u00e9e", "N1mi"]], encoding="latin-1")
    code, line = refused(capsys, *COMMAND[:6], "-o", "out.csv")
    assert code == 3 and "add --encoding" in line and "[file]" not in line
    assert main([*COMMAND[:6], "-o", "out.csv", "--encoding", "latin-1"]) == 0
    assert read(folder / "out.csv")[1][0]["name"] == "Ren\u00e9e"


@pytest.mark.parametrize(("arguments", "exit_code", "said"), [
    (["--column", "pN"], 3, "'in.csv': there is no column 'pN' (nearest: 'pn'); there are: id, pn, ed, year, pos, exam, zip"),
    (["--edition-column", "edition"], 3, "there is no column 'edition'"),
    (["--year-column", "yer"], 3, "there is no column 'yer' (nearest: 'year')"),
    (["--system", "gdc_n"], 2, "there is no coding system 'gdc_n' (nearest: 'gdc_path_n'); there are: "),
    (["--system", ""], 2, "there is no coding system ''"),
    (["--context", "nodes_positve=pos"], 2, "there is no context of gdc_path_n 'nodes_positve' (nearest: 'nodes_positive')"),
    (["--context", "nodes_positive=positive"], 3, "there is no column 'positive' (nearest: 'pos')"),
    (["--context", "nodes_positive"], 2, "--context: 'nodes_positive' is not written as NAME=COLUMN"),
    (["--context", "cells=id", "cells=pn"], 2, "--context: 'cells=pn' names 'cells' a second time"),
    (["--policy", "lenient"], 2, "there is no policy 'lenient'; there are: default, strict"),
    (["--out", "in.csv"], 2, "'in.csv' is the file that is read, and that is never changed: name another with --out"),
    (["--out", "out.xlsx"], 2, "'out.xlsx': .csv, .tsv, .tab, .txt files are written here"),
    (["--out", "nowhere/out.csv"], 5, "cannot write 'out.csv': no such file or directory"),
    (["--delimiter", ";;"], 2, "give one character"),
    (["--encoding", "utf-99"], 2, "encoding = 'utf-99' is not known"),
])
def test_a_mistake_in_the_command(folder, capsys, arguments, exit_code, said):
    code, line = refused(capsys, *COMMAND, *arguments)
    assert code == exit_code and said in line, line
    assert sorted(path.name for path in folder.iterdir()) == ["in.csv"]


@pytest.mark.parametrize(("arguments", "said"), [
    (["classify", "in.csv", "--system", "size", "-o", "out.csv"], "required: --column"), (["classify", "in.csv", "--column", "pn", "--system", "size"], "required: -o/--out"),
    (["classify"], "required: FILE.csv"), (["classify", "nowhere.csv", "--system", "size", "--column", "mm", "-o", "o.csv"], "there is no file 'nowhere.csv'"),
])
def test_what_is_needed(folder, capsys, arguments, said):
    code, line = refused(capsys, *arguments)
    assert code == 2 and said in line


@pytest.mark.parametrize(("text", "said"), [
    ("", "empty"), ("id,pn\n", "no rows"), ("id;pn\n1;N0\n", 'add --delimiter ";"'), ("id,pn\n1,N0,3\n", "the header has 2 columns, but row 1 has 3"),
    ("id,pn,nodal_category\n1,N0,x\n", "'in.csv' has a column 'nodal_category' already"), ("id,pn,pn\n1,N0,N1\n", "stands more than once"),
    ("PK\x03\x04", "an Excel workbook"), ("id,pn\n1,N\x000\n", "NUL byte in line 2"), ('id,pn\n1,"N0\n', "a quotation mark is not closed"),
])
def test_a_mistake_in_the_file(folder, capsys, text, said):
    (folder / "in.csv").write_text(text, encoding="utf-8")
    code, line = refused(capsys, *COMMAND[:6], "-o", "out.csv")
    assert code == 3 and said in line and "[file]" not in line, line
    assert not (folder / "out.csv").exists() and (folder / "in.csv").read_text(encoding="utf-8") == text


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links need rights on this system")
def test_the_input_is_not_overwritten_by_another_name_for_it(folder, capsys):
    (folder / "link.csv").symlink_to("in.csv")
    code, line = refused(capsys, *COMMAND[:-1], "link.csv")
    assert code == 2 and "is the file that is read" in line


def test_a_full_disk_leaves_what_was_there(folder, capsys, monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (folder / "out.csv").write_text("mine", encoding="utf-8")
    monkeypatch.setattr(data_files.os, "fsync", full)
    code, line = refused(capsys, *COMMAND)
    assert code == 5 and "no space left on device" in line
    assert (folder / "out.csv").read_text(encoding="utf-8") == "mine" and not list(folder.glob(".*part"))


def test_hostile_cells_are_unknown_and_flagged(folder, capsys):
    cells = ["N0" + " " * 500 + "?", "x" * 9_000, "pN\u00e9", "\u202e0Np", "=1+1", "18.0", "[]", "Pn1", "N1mi?", "NULL", "-", "\U0001f600", "N" * 50 + "0"]
    written(folder / "in.csv", [["id", "pn"], *([str(row), cell] for row, cell in enumerate(cells))])
    assert main([*COMMAND[:6], "-o", "out.csv"]) == 0
    _, rows = read(folder / "out.csv")
    assert {row["nodal_category"] for row in rows} == {"unknown"}
    assert all(set(row["nodal_flags"].split()) & {"MISSING", "UNPARSEABLE", "PERINEURAL_AMBIGUOUS"} for row in rows)
    said = capsys.readouterr().out
    assert "x" * 41 not in said and re.search(r"^  \(more than 40 characters\) +2  Entry not usable: ", said, flags=re.MULTILINE)


def test_identifiers_are_not_printed(folder, capsys):
    written(folder / "in.csv", [["id", "pn"], *([f"TCGA-{row:04d}", "N0"] for row in range(150))])
    assert main(["classify", "in.csv", "--system", "gdc_path_n", "--column", "id", "-o", "out.csv"]) == 0
    said = capsys.readouterr().out
    assert "TCGA-" not in said and "(150 different values)" in said


def test_a_column_of_bare_numbers_needs_its_system(folder, capsys):
    written(folder / "in.csv", [["id", "n"], *([str(row), str(row % 4)] for row in range(40))])
    code, line = refused(capsys, "classify", "in.csv", "--column", "n", "-o", "out.csv")
    assert code == 2 and "'in.csv': say in what coding system the column 'n' is written, with --system. Its values could be " in line
    assert "naaccr_tnm_path_n" in line and "nodes_positive" in line and not (folder / "out.csv").exists()
    assert refused(capsys, "classify", "in.csv", "--column", "m", "-o", "out.csv") == (3, "survival-nodes: 'in.csv': there is no column 'm'; there are: id, n")
    written(folder / "in.csv", [["id", "n"], ["1", "\u00a7"], ["2", "\u00b6"]])
    code, line = refused(capsys, "classify", "in.csv", "--column", "n", "-o", "out.csv")
    assert all(system.name in line for system in systems())


def test_plain_levels_declared_as_storage_codes_are_refused(folder, capsys):
    written(folder / "in.csv", [["id", "n"], *([str(row), str(row % 4)] for row in range(40))])
    code, line = refused(capsys, "classify", "in.csv", "--system", "seer_ajcc6_n", "--column", "n", "-o", "out.csv")
    assert code == 2 and "NUMERIC_AMBIGUOUS: the column 'n' is declared as seer_ajcc6_n, but holds nothing but 0 to 3" in line
    assert "naaccr_tnm_path_n" in line and not (folder / "out.csv").exists()


def test_a_classified_file_is_a_cohort_for_a_report(folder, capsys):
    values = ["N0", "N0 (i+)", "N1mi", "N1a"] * 15
    written(folder / "in.csv", [["id", "months", "dead", "pn"], *([str(row), str(20 + row), str(row // 4 % 2), value] for row, value in enumerate(values))])
    assert main([*COMMAND[:6], "-o", "out.csv"]) == 0
    (folder / "map.toml").write_text('[columns]\npatient_id = "id"\nyears = "months"\nevent = "dead"\n[units]\ntime = "months"\n', encoding="utf-8")
    assert main(["report", "out.csv", "--map", "map.toml"]) == 0
    capsys.readouterr()
    assert "Isolated tumour cells" in (folder / "reports" / "out" / "report.html").read_text(encoding="utf-8")


def test_a_report_says_by_which_policy_its_nodes_were_classified(folder, capsys):
    values = ["N0", "N0 (i+)", "N1mi", "N1"] * 15
    written(folder / "in.csv", [["id", "months", "dead", "pn"], *([str(row), str(20 + row), str(row // 4 % 2), value] for row, value in enumerate(values))])
    mapping = '[columns]\npatient_id = "id"\nyears = "months"\nevent = "dead"\n[units]\ntime = "months"\n[nodal]\nsystem = "gdc_path_n"\ncolumn = "pn"\n[cohort]\nnodal_policy = {}\n'
    for policy, fingerprint in (('"strict"', classify("size", 1, policy="strict").policy.fingerprint), ("{ harmonise = 8 }", Policy(harmonise=8).fingerprint)):
        (folder / "map.toml").write_text(mapping.format(policy), encoding="utf-8")
        assert main(["report", "in.csv", "--map", "map.toml"]) == 0
        page = (folder / "reports" / "in" / "report.html").read_text(encoding="utf-8")
        assert f"fingerprint {fingerprint}" in page and "size_not_stated=" in page and "Nodal categories of the 60 rows classified: " in page
        assert f"SIZE_NOT_STATED in 15 rows: {FLAGS['SIZE_NOT_STATED']}" in page
    (folder / "map.toml").write_text(mapping.format("{ counts = 8 }"), encoding="utf-8")
    code, line = refused(capsys, "report", "in.csv", "--map", "map.toml")
    assert code == 2 and "nodal_policy: there is no key 'counts' (nearest: 'counts_only')" in line
    (folder / "map.toml").write_text(mapping.format("{ counts_only = 8 }"), encoding="utf-8")
    assert refused(capsys, "report", "in.csv", "--map", "map.toml")[1].endswith("there is no value of counts_only '8'; there are: unknown, macro")


def test_explaining_one_value(capsys):
    assert main(["explain", "gdc_path_n", "N1a", "edition=5th", "nodes_positive=02", "nodes_examined=14", "systemic_sequence=4"]) == 0
    said = capsys.readouterr().out
    finding = classify("gdc_path_n", "N1a", edition="5th", nodes_positive="02", nodes_examined="14", systemic_sequence="4")
    lines = said.splitlines()
    assert lines[1] == finding.reason
    told = {line[:11].strip(): line[11:] for line in lines[3:9]}
    assert told["Category"].startswith("micro, Micrometastasis: a default") and told["Possible"] == "itc or micro" and told["Positive"] == "yes"
    assert told["Basis"].startswith("yp, ") and told["Edition"] == "AJCC 5, as given" and told["Policy"] == f"default (fingerprint {Policy().fingerprint})"
    assert all(f"  {name}" in said and FLAGS[name] in said for name in finding.flags)
    assert "  gdc_path_n 'N1a', read as pN1a: itc or micro, usually micro, basis p" in said
    assert "  nodes_positive '02/14', read as 2/14: itc or micro or macro" in said and "systemic treatment came first" in said
    assert [line.split()[1] for line in lines[-5:]] == ["3", "4", "6", "7", "8"]


def test_explaining_what_another_edition_would_say(capsys):
    assert main(["explain", "size", "0.15 mm", "cells=350", "year=2012"]) == 0
    said = capsys.readouterr().out
    assert "AJCC 7, by the year of diagnosis" in said
    assert [line.split()[:3] for line in said.splitlines()[-5:]] == [
        ["AJCC", "3", "itc"], ["AJCC", "4", "itc"], ["AJCC", "5", "itc"], ["AJCC", "6", "itc"], ["AJCC", "8", "micro"]]


def test_explaining_a_code_of_seer_with_its_evaluation(capsys):
    assert main(["explain", "seer_cs_nodes", "150", "nodes_eval=3"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("seer_cs_nodes '150', nodes_eval '3'\n") and "Category   micro, Micrometastasis: the evidence names it" in said
    assert "Basis      p, pathological" in said and "  seer_cs_nodes '150', read as CS lymph nodes 150 (" in said
    assert main(["explain", "seer_cs_nodes", "600", "nodes_eval=3", "--policy", "strict"]) == 0
    strict = capsys.readouterr().out
    assert "Category   unknown\nPossible   micro or macro\n" in strict and "Policy     strict (fingerprint " in strict


@pytest.mark.parametrize("value", ["", " ", "x" * 10_000, "\udcff", "Pn1", "18.0", "\U0001f600", "N0\x00", "'; drop"])
@pytest.mark.parametrize("system", ["gdc_path_n", "nodes_positive", "size"])
def test_any_value_can_be_explained(capsys, system, value):
    assert main(["explain", system, value, f"year={value}"]) == 0
    said = capsys.readouterr().out
    assert "Category   " in said and "Flags" in said


@pytest.mark.parametrize(("arguments", "said"), [
    (["gdc_n", "N0"], "there is no coding system 'gdc_n' (nearest: 'gdc_path_n')"), (["gdc_path_n"], "required: VALUE"),
    (["gdc_path_n", "N0", "7"], "explain: '7' is not written as NAME=VALUE"), (["gdc_path_n", "N0", "=7"], "is not written as NAME=VALUE"),
    (["gdc_path_n", "N0", "edition=7", "edition=8"], "names 'edition' a second time"), (["gdc_path_n", "N0", "nodes=7"], "there is no context of gdc_path_n 'nodes'"),
    (["gdc_path_n", "N0", "--policy", "own"], "there is no policy 'own'"),
])
def test_a_mistake_in_explain(capsys, arguments, said):
    code, line = refused(capsys, "explain", *arguments)
    assert code == 2 and said in line


def test_every_coding_system_is_listed(capsys):
    assert main(["sources"]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {system.name} " in listed and system.title in listed for system in systems())
    assert set(NODAL_CATEGORIES)
