"""What an engine cannot count is said in one line with the way out, and nothing is given."""

from __future__ import annotations

import gzip
from importlib import import_module

import pandas as pd
import pytest

from survival_nodes.counting import engines, spark_engine
from survival_nodes.counting.engines import EngineOptions, distinct_rows, open_relation
from survival_nodes.errors import InputError, SurvivalNodesError, UsageError

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
pytest.importorskip("narwhals")


@pytest.fixture(params=["duckdb", "spark"])
def engine(request) -> str:
    if request.param == "spark":
        request.getfixturevalue("spark_session")
    else:
        pytest.importorskip(request.param)
    return request.param


@pytest.fixture
def folder(tmp_path):
    """A folder of three small files."""
    for place in range(3):
        parquet.write_table(arrow.table({"node": ["pN0", "pN1"] * 500, "age": list(range(1000))}), tmp_path / f"part{place}.parquet")
    return tmp_path


def refused(error: type[SurvivalNodesError], engine: str, table: object, *words: str, columns=("node",), options: EngineOptions = EngineOptions()) -> None:
    """Opening or counting fails with these words, in one line."""
    with pytest.raises(error) as found:
        distinct_rows(open_relation(table, engine, options), columns)
    said = str(found.value)
    assert "\n" not in said and len(said) < 400
    for word in words:
        assert word in said, said


def test_a_parquet_file_that_was_cut_short(engine, folder):
    path = folder / "part1.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    refused(InputError, engine, folder, "'part1.parquet' is a Parquet file that was cut short: fetch or write it again")


def test_a_parquet_file_with_a_footer_that_is_no_footer(engine, folder):
    path = folder / "part1.parquet"
    whole = bytearray(path.read_bytes())
    start = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    whole[start : start + 50] = bytes([255]) * 50
    path.write_bytes(bytes(whole))
    refused(InputError, engine, folder, "part1.parquet", "damaged", "fetch or write it again")


def test_a_parquet_file_with_damage_inside(engine, folder):
    """Both ends are sound, so it is seen only when it is read; no count of the other files is given."""
    path = folder / "part2.parquet"
    whole = bytearray(path.read_bytes())
    whole[4:60] = bytes([255]) * 56
    path.write_bytes(bytes(whole))
    refused(InputError, engine, folder, "part2.parquet", "damaged", "fetch or write it again")


@pytest.mark.parametrize("content", [b"node,age\npN0,1\n", b"PK\x03\x04" + bytes(50)])
def test_a_file_that_is_not_parquet_though_named_so(engine, folder, content):
    (folder / "part1.parquet").write_bytes(content)
    refused(InputError, engine, folder, "'part1.parquet' is not a Parquet file, whatever its name says")


def test_an_empty_parquet_file(engine, folder):
    (folder / "part1.parquet").write_bytes(b"")
    refused(InputError, engine, folder, "'part1.parquet' is empty")


def test_a_column_that_changes_its_type_names_both_files_and_both_types(engine, folder):
    parquet.write_table(arrow.table({"node": ["pN0"], "age": ["old"]}), folder / "part2.parquet")
    refused(InputError, engine, folder, "column 'age' changes its type between files: integer in 'part0.parquet', text in 'part2.parquet'", columns=["age"])
    assert distinct_rows(open_relation(folder, engine), ["node"]).n.sum() == 2001


@pytest.mark.parametrize(
    ("other", "kind"), [(arrow.array([1.5]), "number"), (arrow.array([True]), "boolean"), (arrow.array([0], arrow.date32()), "date")], ids=str)
def test_numbers_of_other_kinds_are_no_harmless_widening(folder, other, kind):
    pytest.importorskip("duckdb")
    parquet.write_table(arrow.table({"node": ["pN0"], "age": other}), folder / "part2.parquet")
    refused(InputError, "duckdb", folder, f"integer in 'part0.parquet', {kind} in 'part2.parquet'", columns=["age"])


def test_a_column_that_one_file_lacks(engine, folder):
    parquet.write_table(arrow.table({"node": ["pN0"]}), folder / "part2.parquet")
    refused(InputError, engine, folder, "column 'age' is in 'part0.parquet' and not in 'part2.parquet'", columns=["node", "age"])


def test_a_column_of_lists(engine, tmp_path):
    parquet.write_table(arrow.table({"node": ["pN0"], "nodes": [[1, 2]]}), tmp_path / "a.parquet")
    refused(InputError, engine, tmp_path, "column 'nodes' in 'a.parquet' holds lists, records or bytes", columns=["nodes"])


@pytest.mark.parametrize(("table", "words"), [
    ("part*.pq", "no file matches 'part*.pq'"), ("part7.parquet", "no file is named 'part7.parquet'"),
    ("s3://bucket/part*.parquet", "s3:// is not a path of this machine"), ([], "an empty list names no file")])
def test_files_that_are_not_there(folder, table, words):
    pytest.importorskip("duckdb")
    refused(UsageError, "duckdb", str(folder / table) if isinstance(table, str) and "://" not in table else table, words)


def test_folders_without_tables_and_with_two_kinds(folder):
    pytest.importorskip("duckdb")
    (folder / "deeper").mkdir()
    (folder / "deeper" / "in").mkdir()
    refused(UsageError, "duckdb", folder / "deeper", "the folder 'deeper' holds no table", "name their files by a pattern")
    (folder / "extra.csv").write_text("node\npN0\n", encoding="utf-8")
    refused(InputError, "duckdb", folder, "Parquet and text are not read as one table ('part0.parquet', 'extra.csv')")
    (folder / "cohort.xlsx").write_bytes(b"PK\x03\x04")
    refused(InputError, "duckdb", folder / "cohort.xlsx", "'cohort.xlsx' cannot be scanned")


@pytest.mark.parametrize(("content", "words"), [
    ("a,b\n1,2\n3\n4,5\n", "mend the row"), ("a,b\n1,2\n3,4,5\n", "mend the row"), ('a,b\n1,"2\n3,4\n', "quotation mark")],
    ids=["short row", "long row", "open quotation mark"])
def test_rows_that_do_not_fit_their_header(engine, tmp_path, content, words):
    (tmp_path / "x.csv").write_text(content, encoding="utf-8")
    refused(InputError, engine, tmp_path / "x.csv", "'x.csv'", words, columns=["a", "b"])


def test_the_line_of_a_row_that_does_not_fit_is_named_and_its_values_are_not(tmp_path):
    pytest.importorskip("duckdb")
    (tmp_path / "x.csv").write_text("a,b\n1,2\nsecret,4,5\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"'x.csv' line 3: the header has 2 columns, but the row 3: quote fields") as found:
        distinct_rows(open_relation(tmp_path / "x.csv"), ["a"])
    assert "secret" not in str(found.value)


def test_text_in_another_encoding(tmp_path):
    pytest.importorskip("duckdb")
    (tmp_path / "x.csv").write_bytes("a,b\nK\u00f6ln,2\n".encode("latin-1"))
    refused(InputError, "duckdb", tmp_path / "x.csv", "'x.csv' line 2", 'encoding = "latin-1"', columns=["a"])
    (tmp_path / "y.csv").write_bytes("gr\u00f6\u00dfe,b\n1,2\n".encode("latin-1"))
    refused(InputError, "duckdb", tmp_path / "y.csv", "'y.csv' is not UTF-8", columns=["b"])
    refused(UsageError, "duckdb", tmp_path / "x.csv", "'utf-16'", "save the file as UTF-8", columns=["a"], options=EngineOptions(encoding="utf-16"))


@pytest.mark.parametrize(("name", "content", "words"), [
    ("x.csv", b"", "'x.csv' is empty"), ("x.csv", b"PAR1....", "'x.csv' is not text"), ("x.csv", b"a;b\n1;2\n", 'delimiter = ";"'),
    ("x.csv", b"a,b,A\n1,2,3\n", "'a', 'A' are the same but for capital letters and blanks"),
    ("x.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99)[:-20], "cut short"),
    ("x.csv.gz", b"a,b\n1,2\n", "gzipped, but cut short or damaged")])
def test_text_that_is_no_table(tmp_path, name, content, words):
    pytest.importorskip("duckdb")
    (tmp_path / name).write_bytes(content)
    refused(InputError, "duckdb", tmp_path / name, words, columns=["a"])


@pytest.mark.parametrize(("engine", "library", "extra"), [("duckdb", "duckdb", "scale"), ("duckdb", "narwhals", "scale"), ("spark", "pyspark", "spark")])
def test_an_engine_that_is_not_installed_says_the_extra(monkeypatch, folder, engine, library, extra):
    def absent(name, *rest):
        if name == library:
            raise ImportError(name)
        return import_module(name, *rest)

    monkeypatch.setattr(engines, "import_module", absent)
    refused(UsageError, engine, folder, f"the {engine} engine needs the extra {extra}", f"pip install 'survival-nodes[{extra}]'")


@pytest.mark.parametrize("home", ["/no/such/place", None])
def test_spark_without_java(monkeypatch, home):
    monkeypatch.setenv("JAVA_HOME", home) if home else monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(spark_engine.shutil, "which", lambda *_: None)
    said = r"the spark engine needs Java 17 or later, and there is none .*openjdk-17-jre-headless.*engine=\"duckdb\" needs no Java"
    with pytest.raises(UsageError, match=said):
        spark_engine.check_java()


def test_an_unknown_engine_and_what_it_cannot_count(folder):
    pytest.importorskip("duckdb")
    refused(UsageError, "duckbd", folder, "there is no engine 'duckbd' (nearest: 'duckdb'); there are: duckdb, spark")
    refused(UsageError, "duckdb", pd.DataFrame({"node": ["pN0"]}), "the duckdb engine does not count a pandas.DataFrame", 'say engine="memory"')
    refused(UsageError, "duckdb", 7, "does not count a builtins.int", "give a path")
    refused(UsageError, "memory", folder, 'engine="duckdb"')


def test_memory_that_does_not_suffice_gives_no_part_of_the_count(tmp_path):
    pytest.importorskip("duckdb")
    texts = [f"{place:08d} so long a text that few of them fit" for place in range(150_000)]
    parquet.write_table(arrow.table({"note": texts}), tmp_path / "a.parquet")
    narrow = EngineOptions(memory="3MB", folder=str(tmp_path))
    for options, words in (
            (narrow, ("memory of the duckdb engine", 'memory="4GB"', "folder=", "fewer columns")), (EngineOptions(memory="much"), ("memory = 'much'",)),
            (EngineOptions(folder=str(tmp_path / "no")), ("there is no such folder",))):
        refused(UsageError, "duckdb", tmp_path / "a.parquet", *words, columns=["note"], options=options)


def test_what_does_not_fit_in_memory_goes_to_the_folder_and_leaves_nothing_there(tmp_path):
    """Room enough on the disk: the same texts are counted, and the folder is as it was."""
    pytest.importorskip("duckdb")
    texts = [f"{place % 75_000:08d} so long a text that few of them fit" for place in range(150_000)]
    parquet.write_table(arrow.table({"note": texts}), tmp_path / "a.parquet")
    found = distinct_rows(open_relation(tmp_path / "a.parquet", "duckdb", EngineOptions(memory="60MB", folder=str(tmp_path))), ["note"])
    assert set(found.n) == {2} and len(found.n) == 75_000
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "many"])
def test_a_limit_that_is_no_number_of_rows(limit):
    with pytest.raises(UsageError, match="limit = "):
        EngineOptions(limit=limit)


def test_a_spark_job_that_fails(spark_session, folder):
    table = open_relation(folder, "spark").table.to_native()
    refused(InputError, "spark", table.selectExpr("raise_error('secret') as node"), "the Spark job failed", "nothing was counted")
