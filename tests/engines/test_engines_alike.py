"""Do all engines count alike? One spec: what comes out is what counting the rows one by one in Python gives."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from survival_nodes.counting import engines, numbering
from survival_nodes.counting.engines import EngineOptions, distinct_rows, open_relation, with_codes
from survival_nodes.errors import InputError, UsageError

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
# Another engine is one more name here.
ENGINES = ["memory", "duckdb", "spark"]
TYPES = {
    "node": arrow.string(), "age": arrow.int16(), "event": arrow.int8(), "days": arrow.int64(), "er": arrow.bool_(), "dose": arrow.float64(),
    "share": arrow.float32(), "diagnosed": arrow.date32(), "seen": arrow.timestamp("us"), "clinic": arrow.string(), "code": arrow.string()}
NULLABLE = {
    arrow.int8(): pd.Int8Dtype(), arrow.int16(): pd.Int16Dtype(), arrow.int32(): pd.Int32Dtype(), arrow.int64(): pd.Int64Dtype(),
    arrow.bool_(): pd.BooleanDtype()}
COLUMN_SETS = [("node",), ("node", "age", "event"), ("er", "dose", "diagnosed"), ("clinic", "code", "days"), tuple(TYPES)]


@pytest.fixture(params=ENGINES)
def engine(request) -> str:
    pytest.importorskip("narwhals")
    if request.param == "duckdb":
        pytest.importorskip("duckdb")
    if request.param == "spark":
        request.getfixturevalue("spark_session")
    return request.param


@pytest.fixture(params=["as they are", "as numbers"])
def way(request, monkeypatch) -> str:
    """Both ways to count: by the columns, and by whole numbers that stand for rows."""
    monkeypatch.setattr(engines, "FEW", engines.FEW if request.param == "as they are" else 0)
    return request.param


def rows(n: int = 400, seed: int = 1) -> dict[str, list]:
    """Columns of a made-up table in which everything stands that may stand there."""
    rng = random.Random(seed)

    def drawn(*values):
        return [rng.choice(values) for _ in range(n)]

    return {
        "node": drawn("pN0", "pN0(i+)", "pN1mi", "pN1", None, ""), "age": drawn(18, 54, 61, 95, None), "event": drawn(0, 1),
        "days": drawn(-5, 0, 3_000_000_000, 2**53 + 1, None), "er": drawn(True, False, None), "dose": drawn(0.1, 2.0, 0.0, -0.0, float("nan"), None),
        "share": drawn(0.5, 0.25, None), "diagnosed": drawn(dt.date(2012, 3, 4), dt.date(1969, 12, 31), None),
        "seen": drawn(dt.datetime(2012, 3, 4), dt.datetime(2012, 3, 4, 5, 6, 7), None),
        "clinic": drawn("Köln", "København", " Köln", "köln", "O'Neill \"x\"", "北京", "a\\b"), "code": [str(rng.randrange(-100, 100)) for _ in range(n)]}


def as_text(value: object) -> object:
    """A value as the engines give it."""
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, dt.date) else value


def by_hand(columns: dict[str, list], names) -> Counter:
    return Counter(zip(*([as_text(value) for value in columns[name]] for name in names), strict=True))


def counted(relation, names) -> dict[tuple, int]:
    """What an engine counts, with a look at its shape: every combination once, sorted categories, no category without a row."""
    found = distinct_rows(relation, names)
    assert list(found.frame.columns) == list(names) and found.n.dtype == np.int64 and len(found.n) == len(found.frame)
    for name in names:
        values = found.frame[name].array
        assert isinstance(values, pd.Categorical) and values.categories.is_monotonic_increasing and values.categories.is_unique
        assert set(values.codes) - {-1} == set(range(len(values.categories)))
        assert values.categories.dtype == {"integer": np.int64, "number": values.categories.dtype}.get(relation.columns[name], object)
    values = [[None if value != value else value for value in found.frame[name].tolist()] for name in names]
    combinations = list(zip(*values, strict=True))
    assert len(set(combinations)) == len(combinations)
    return dict(zip(combinations, found.n.tolist()))


def opened(engine: str, folder: Path, *tables: arrow.Table, options: EngineOptions = EngineOptions()):
    """Tables as Parquet files of one folder, or put together in memory."""
    if engine == "memory":
        frames = [table.to_pandas(types_mapper=NULLABLE.get)
                  for table in tables]
        frame = pd.concat([each.astype({name: "datetime64[us]" for name in {"diagnosed"} & set(each)}) for each in frames], ignore_index=True)
        return open_relation(frame, engine, options)
    folder.mkdir(exist_ok=True)
    for place, table in enumerate(tables):
        parquet.write_table(table, folder / f"part{place}.parquet", row_group_size=100)
    return open_relation(folder, engine, options)


def arrow_table(columns: dict[str, list], types=TYPES) -> arrow.Table:
    return arrow.table({name: arrow.array(values, types.get(name), from_pandas=False) for name, values in columns.items()})


@pytest.fixture(scope="module")
def one_file(tmp_path_factory):
    """The made-up table, opened once by each engine."""
    columns, known = rows(), {}

    def relation(engine: str):
        if engine not in known:
            known[engine] = opened(engine, tmp_path_factory.mktemp("one") / "files", arrow_table(columns))
        known[engine].codings.clear()
        return known[engine]

    return columns, relation


@pytest.mark.parametrize("names", COLUMN_SETS, ids=",".join)
def test_combinations_are_counted_as_by_hand(one_file, engine, way, names):
    columns, relation = one_file
    assert counted(relation(engine), names) == by_hand(columns, names)


def test_columns_and_rows_are_told(one_file, engine):
    columns, relation = one_file
    table = relation(engine)
    assert table.columns == {
        "node": "text", "age": "integer", "event": "integer", "days": "integer", "er": "boolean", "dose": "number", "share": "number", "diagnosed": "date",
        "seen": "date", "clinic": "text", "code": "text"}
    assert table.n_rows == len(columns["node"]) and table.engine == engine
    assert [(each.name, each.n_rows) for each in table.files] == ([] if engine == "memory" else [("part0.parquet", 400)])
    assert distinct_rows(table, []).n.tolist() == [400]


def test_single_precision_keeps_its_digits(engine, way, tmp_path):
    table = arrow.table({"share": arrow.array([0.1, 0.1, 0.25], arrow.float32())})
    found = distinct_rows(opened(engine, tmp_path / "files", table), ["share"])
    assert sorted(map(str, found.frame["share"].cat.categories)) == ["0.1", "0.25"]


def test_files_may_hold_their_categories_in_any_order_and_one_of_their_own(engine, way, tmp_path):
    """Dictionaries of files differ, widths of integers too; one word stands in the last file only, and one column is empty in the first."""
    parts = [{"node": ["b", "a", None], "age": [1, 2, 3], "grade": [None] * 3}, {"node": ["a", "a"], "age": [3, 40_000], "grade": [1, 2]},
             {"node": ["c", "b"], "age": [2, 1], "grade": [None, 2]}]
    types = [{"node": arrow.string(), "age": arrow.int16(), "grade": arrow.null()}, {"node": arrow.string(), "age": arrow.int32(), "grade": arrow.int8()},
             {"node": arrow.string(), "age": arrow.int64(), "grade": arrow.int64()}]
    tables = [arrow_table(part, kinds) for part, kinds in zip(parts, types)]
    tables[0] = tables[0].set_column(0, "node", tables[0]["node"].dictionary_encode())
    if engine == "memory":
        tables = [table.cast(arrow.schema([("node", arrow.string()), ("age", arrow.int64()), ("grade", arrow.int64())])) for table in tables]
    whole = {name: [value for part in parts for value in part[name]] for name in parts[0]}
    assert counted(opened(engine, tmp_path / "files", *tables), ["node", "age", "grade"]) == by_hand(whole, ["node", "age", "grade"])


def test_columns_of_files_may_stand_in_any_order(engine, way, tmp_path):
    tables = [arrow.table({"a": ["x", "y"], "b": [1, 2]}), arrow.table({"b": [1, 2], "a": ["x", "z"]})]
    assert counted(opened(engine, tmp_path / "files", *tables), ["a", "b"]) == {("x", 1): 2, ("y", 2): 1, ("z", 2): 1}


def test_names_of_columns_may_hold_anything(engine, way, tmp_path):
    names = ["größe", "p.N", "O'Neill", "with blank", "北", "select"]
    table = arrow.table({name: ["u", "v", "u"] for name in names})
    assert counted(opened(engine, tmp_path / "files", table), names) == {("u",) * 6: 2, ("v",) * 6: 1}


def test_files_without_rows_count_nothing(engine, way, tmp_path):
    empty, one = arrow_table({"node": [], "age": [], "er": [], "dose": []}), arrow_table({"node": ["a"], "age": [1], "er": [True], "dose": [0.5]})
    names = ["node", "age", "er", "dose"]
    assert counted(opened(engine, tmp_path / "none", empty), names) == {}
    assert distinct_rows(opened(engine, tmp_path / "none", empty), []).n.tolist() == []
    assert counted(opened(engine, tmp_path / "some", empty, one, empty), names) == {("a", 1, "TRUE", 0.5): 1}


def test_columns_that_are_missing_for_everybody(engine, way, tmp_path):
    table = arrow_table({"node": [None, None], "age": [None, None], "er": [None, None], "dose": [None, float("nan")], "diagnosed": [None, None]})
    assert counted(opened(engine, tmp_path / "files", table), list(table.column_names)) == {(None,) * 5: 2}


TEXT = {
    "id": ["1", "2", "3", "4", "5", "6"], "node": ["pN0", "pN1", "", "pN0", 'say "x"', "a;b"], "größe": ["07", "7", "7.0", " 7", "", "7"],
    "died": ["2012-03-04", "", "2012-03-04", "NA", "2012-03-04", "NA"]}


@pytest.mark.parametrize(
    ("name", "delimiter", "encoding"),
    [("a.csv", None, "utf-8"), ("a.txt", None, "latin-1"), ("a [1]*.csv", ";", "utf-8-sig"), ("a.csv.gz", ",", "utf-8")])
def test_delimited_text_is_text(engine, way, tmp_path, name, delimiter, encoding):
    """Nothing is guessed: 07 is not 7; an empty field is missing, quoted or not; quoted fields hold delimiters and quotation marks."""
    frame, names = pd.DataFrame(TEXT), ["node", "größe", "died"]
    frame.to_csv(tmp_path / name, sep=delimiter or ("\t" if ".txt" in name else ","), index=False, encoding=encoding, quoting=1 if delimiter else 0)
    if engine == "memory":
        relation = open_relation(frame.replace("", None), engine)
    else:
        relation = open_relation(tmp_path / name, engine, EngineOptions(delimiter=delimiter, encoding=encoding))
        assert [(each.name, each.n_rows) for each in relation.files] == [(name, None)]
    whole = {name: [value or None for value in TEXT[name]] for name in TEXT}
    assert set(relation.columns.values()) == {"text"} and relation.n_rows == 6
    assert counted(relation, names) == by_hand(whole, names)


def test_files_of_text_are_put_together_by_their_titles(engine, way, tmp_path):
    (tmp_path / "a.csv").write_text("node,months\npN0,12\npN1,130\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("months,node\n12,pN0\n\n7,\n", encoding="utf-8")
    (tmp_path / "c.csv").write_text("months,node\n", encoding="utf-8")
    if engine == "memory":
        relation = open_relation(pd.DataFrame({"node": ["pN0", "pN1", "pN0", None], "months": ["12", "130", "12", "7"]}), engine)
    else:
        relation = open_relation(str(tmp_path / "*.csv"), engine)
    assert counted(relation, ["node", "months"]) == {("pN0", "12"): 2, ("pN1", "130"): 1, (None, "7"): 1}


def test_many_numerals_are_numbered_by_what_they_say(engine, monkeypatch, tmp_path):
    """Text with more words than are told apart one by one: whole numbers as they are, others are left."""
    monkeypatch.setattr(engines, "FEW", 0)
    columns = {"months": [str(place % 90) for place in range(300)], "dose": [f"{place % 80}.50" for place in range(300)], "event": ["0", "1", None] * 100}
    relation = opened(engine, tmp_path / "files", arrow_table(columns, dict.fromkeys(columns, arrow.string())))
    assert counted(relation, list(columns)) == by_hand(columns, columns)
    assert relation.codings["months_"].numeral and relation.codings["dose_"] is None and set(relation.codings["event_"].words) == {"0", "1"}


@pytest.mark.parametrize("first", [8, 40])
def test_text_beyond_the_first_rows_is_counted_apart(engine, monkeypatch, tmp_path, first):
    """Delimited text is numbered by its first rows; what turns up later, numerals and other words, few or many, is not lost."""
    monkeypatch.setattr(engines, "FEW", 0)
    monkeypatch.setattr(numbering, "FIRST_ROWS", first)
    monkeypatch.setattr(numbering, "MOST_WORDS", 3)
    columns = {
        "months": [*map(str, range(50)), "007", "NA", "9999999", "-3", None], "node": [*["pN0", "pN1"] * 25, "pN2", "pN2", "pN0", None, "pN3"],
        "note": [f"note {place % 7}" for place in range(55)]}
    if engine == "memory":
        relation = open_relation(pd.DataFrame(columns), engine)
    else:
        pd.DataFrame(columns).to_csv(tmp_path / "a.csv", index=False)
        relation = open_relation(tmp_path / "a.csv", engine)
    assert counted(relation, list(columns)) == by_hand(columns, columns)
    assert counted(relation, ["node", "months"]) == by_hand(columns, ["node", "months"])


def test_wide_numbers_go_into_several_keys(engine, monkeypatch, tmp_path):
    monkeypatch.setattr(engines, "FEW", 0)
    columns = {name: [0, 2**40, -(2**40), None] * 3 for name in "abc"} | {"d": [-(2**63), 2**63 - 1, 0, None] * 3}
    relation = opened(engine, tmp_path / "files", arrow_table(columns, dict.fromkeys(columns, arrow.int64())))
    assert counted(relation, list("abcd")) == by_hand(columns, "abcd")


@pytest.mark.parametrize("looked_up", [("node", "er"), ("node", "dose", "diagnosed", "days"), ("share", "seen", "code")], ids=",".join)
def test_codes_of_combinations_are_found_again(one_file, engine, way, looked_up):
    columns, relation = one_file
    found = distinct_rows(relation(engine), looked_up)
    codes = np.arange(len(found.n)) % 3
    coded = with_codes(relation(engine), found, codes, "code of the row")
    values = [[None if value != value else value for value in found.frame[name].tolist()] for name in looked_up]
    place = dict(zip(zip(*values, strict=True), codes.tolist()))
    each = [place[key] for key in zip(*([as_text(value) for value in columns[name]] for name in looked_up), strict=True)]
    assert coded.columns["code of the row"] == "integer" and "code of the row" not in relation(engine).columns
    assert counted(coded, ["event", "code of the row"]) == by_hand({**columns, "code of the row": each}, ["event", "code of the row"])


def test_values_that_come_later_are_not_taken_for_others(engine, monkeypatch, tmp_path):
    """A table that is written to between two questions is not numbered by the values that it had."""
    monkeypatch.setattr(engines, "FEW", 0)
    first, second = ({"node": ["a", "b", None], "age": [1, 2, None]}, {"node": ["c", "b", None], "age": [9, 2, None]})
    relation = opened(engine, tmp_path / "files", arrow_table(first))
    assert counted(relation, ["node", "age"]) == by_hand(first, ["node", "age"])
    if engine == "memory":
        relation.table.to_native().loc[0] = ["c", 9]
    else:
        opened(engine, tmp_path / "files", arrow_table(second))
    assert counted(relation, ["node", "age"]) == by_hand(second, ["node", "age"])


def test_too_many_combinations_name_the_column_in_the_way(engine, way, tmp_path):
    columns = {"id": list(range(300)), "node": ["a", "b", "c"] * 100}
    relation = opened(engine, tmp_path / "files", arrow_table(columns, {}), options=EngineOptions(limit=299))
    with pytest.raises(InputError, match="column 'id' stands in the way: it has most values, and with 'node' there are more than 299 distinct combinations"):
        distinct_rows(relation, ["node", "id"])
    assert counted(relation, ["node"]) == {("a",): 100, ("b",): 100, ("c",): 100}


def test_a_column_that_is_not_there_is_named(one_file, engine):
    with pytest.raises(UsageError, match=r"there is no column 'nodes' \(nearest: 'node'\)"):
        distinct_rows(one_file[1](engine), ["nodes"])


def test_a_table_of_the_engines_own_is_counted(engine, way, tmp_path, request):
    columns = rows(60)
    names = ["node", "age", "dose", "diagnosed"]
    parquet.write_table(arrow_table(columns), tmp_path / "a.parquet")
    if engine == "memory":
        table = pd.read_parquet(tmp_path / "a.parquet")
        table = table.assign(diagnosed=pd.to_datetime(table["diagnosed"]), age=table["age"].astype("Int64"))
    elif engine == "duckdb":
        import duckdb

        connection = duckdb.connect()  # kept as long as its relation
        table = connection.read_parquet(str(tmp_path / "a.parquet"))
    else:
        table = request.getfixturevalue("spark_session").read.parquet(str(tmp_path / "a.parquet"))
    relation = open_relation(table, engine)
    assert relation.files == () and relation.n_rows == 60
    assert counted(relation, names) == by_hand(columns, names)
    found = distinct_rows(relation, ["node", "dose"])
    coded = with_codes(relation, found, np.zeros(len(found.n), dtype=np.int64), "zero")
    assert counted(coded, ["zero"]) == {(0,): 60}


value = {"text": st.sampled_from(["a", "b", "", " a", "ä", "1", None]), "integer": st.one_of(st.none(), st.integers(-300, 300)),
         "number": st.one_of(st.none(), st.floats(allow_infinity=False, width=32), st.just(-0.0)), "boolean": st.sampled_from([True, False, None])}
row = st.tuples(*value.values())


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(row, min_size=1, max_size=30), second=st.lists(row, max_size=30), few=st.sampled_from([0, 50_000]))
def test_any_rows_in_any_two_files(first, second, few, tmp_path):
    pytest.importorskip("duckdb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "FEW", few)
        _check_two_files("duckdb", first, second, tmp_path)


@pytest.mark.parametrize("seed", [1, 2])
def test_drawn_rows_in_two_files(engine, way, seed, tmp_path):
    whole = rows(80, seed)
    drawn = list(zip(whole["node"], whole["age"], whole["dose"], whole["er"], strict=True))
    _check_two_files(engine, drawn[:30], drawn[30:], tmp_path)


def _check_two_files(engine: str, first: list[tuple], second: list[tuple], folder: Path) -> None:
    types = dict(zip(value, (arrow.string(), arrow.int32(), arrow.float64(), arrow.bool_())))
    tables = [arrow_table(dict(zip(value, map(list, zip(*part)) if part else ([] for _ in value))), types) for part in (first, second)]
    whole = dict(zip(value, map(list, zip(*first, *second))))
    assert counted(opened(engine, folder / "files", *tables), list(value)) == by_hand(whole, list(value))
