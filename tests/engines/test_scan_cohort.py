"""Is a scan the cohort in memory: the same ledger, levels, warnings and cells, whatever was recorded on it?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")
# What a test records on the scan and on the cohort alike.
STEPS = {
    "nothing": lambda cohort: cohort,
    "one condition": lambda cohort: cohort.where("age >= 50"),
    "a condition with a reason": lambda cohort: cohort.where("age >= 50 and grade == '2'", "not what was asked"),
    "two conditions": lambda cohort: cohort.where("grade != '1'").where("er == 'positive' or hospital == '07'"),
    "a rule by name": lambda cohort: cohort.where("female").where("unilateral", "two sides"),
    "rules": lambda cohort: cohort.select(["female", "unilateral", "no-neoadjuvant"]),
    "the default set": lambda cohort: cohort.select(),
    "the set without two": lambda cohort: cohort.select("default", without=["unilateral", "no-neoadjuvant"]),
    "a set for ITC": lambda cohort: cohort.select("itc-micro", without="diagnosed-2004-or-later"),
    "a rule of one's own": lambda cohort: cohort.select(["female", sn.Rule("dosed", lambda rows: rows["dose"] * rows["age"] > 100, columns=("dose", "age"))]),
    "zeros dropped": lambda cohort: cohort.with_zero_follow_up("drop"),
    "zeros halved": lambda cohort: cohort.where("sex == 'female'").with_zero_follow_up("half"),
    "zeros kept": lambda cohort: cohort.select("female", zero_follow_up="keep"),
    "breast cancer": lambda cohort: cohort.with_endpoint("breast-cancer").where("age < 70"),
    "follow-up": lambda cohort: cohort.where("years > 1").select("survival-known").where("nodal_category == 'micro'"),
}


@pytest.fixture(scope="module")
def pair(registry, registry_mapping):
    mapping = registry_mapping()
    return sn.read_cohort(registry, mapping=mapping), sn.scan_cohort(registry, mapping=mapping)


def counted(cohort, columns) -> pd.DataFrame:
    """How many patients stand in each combination, whatever the cohort is made of."""
    repeats = np.ones(len(cohort), dtype=np.int64) if cohort.repeats is None else cohort.repeats
    names = [name for name in ("cause", *columns) if name in cohort.frame]
    told = {name: ["missing" if pd.isna(value) else str(value) for value in cohort.frame[name]] for name in names}
    frame = pd.DataFrame({**told, "entry": cohort.entry_ticks, "exit": cohort.exit_ticks, "event": cohort.active.event, "n": repeats})
    return frame.groupby(list(frame.columns[:-1]), as_index=False)["n"].sum()


# Columns that are asked for, in turn.
ASKED = (("er",), ("nodal_category", "grade"), ("dose", "nodal_positive", "nodal_flags", "nodal_reason"))


@pytest.mark.parametrize(("recorded", "columns"), [(name, ASKED[place % 3]) for place, name in enumerate(STEPS)])
def test_the_ledger_and_the_cells_are_those_of_the_cohort_in_memory(pair, recorded, columns):
    cohort, scan = map(STEPS[recorded], pair)
    cells = scan.cells(columns)
    assert cells.ledger == cohort.ledger and cells.clock.unit == cohort.clock.unit
    assert (cells.n_patients, scan.endpoint, scan.endpoints) == (cohort.n_patients, cohort.endpoint, cohort.endpoints)
    pd.testing.assert_frame_equal(counted(cells, columns), counted(cohort, columns))


@pytest.mark.parametrize("at_once", [-9, 99], ids=["looked up", "at once"])
@pytest.mark.parametrize("recorded", ["one condition", "a set for ITC", "follow-up"])
def test_one_pass_and_two_come_to_the_same(pair, recorded, at_once, monkeypatch):
    monkeypatch.setattr("survival_nodes.sources.scan._AT_ONCE", at_once)
    cohort, scan = map(STEPS[recorded], pair)
    cells = scan.cells(("grade", "nodal_category"))
    assert cells.ledger == cohort.ledger
    pd.testing.assert_frame_equal(counted(cells, ("grade", "nodal_category")), counted(cohort, ("grade", "nodal_category")))


def test_what_else_is_told_of_a_cohort_is_told_of_a_scan(pair):
    cohort, scan = (each.where("age >= 30") for each in pair)
    assert scan.ledger == cohort.ledger and len(scan) == len(cohort)
    for name in ("endpoint", "endpoints", "synthetic", "causes", "time_unit", "n_patients", "warnings"):
        assert getattr(scan, name) == getattr(cohort, name), name
    for name in ("er", "nodal_category", "sex", "hospital"):
        assert scan.levels[name] == cohort.levels[name]
    with pytest.raises(KeyError):
        scan.levels["age"]
    assert scan.origin.files[0].name == "registry.csv" and scan.origin.files[0].n_rows == 1200 and scan.origin.citation == "nobody"
    assert pair[1].cells("nodal_category").origin.notes == pair[0].origin.notes
    assert repr(pair[1]) == "CohortScan of registry.csv (duckdb): 1200 rows, synthetic, endpoint overall, follow-up in months"
    assert repr(scan).endswith("follow-up in months, 1 step recorded")


def test_a_scan_itself_does_not_change(pair):
    scan = pair[1]
    smaller = scan.where("age >= 50")
    assert not scan.steps and len(smaller.steps) == 1 and len(smaller) < len(scan) == 1200


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_rules_of_the_mapping_are_recorded(tmp_path, write_registry, registry_mapping, kind):
    path, mapping = write_registry(tmp_path, n=400, seed=5, kind=kind), registry_mapping(rules=["default"], without=["unilateral"], zero_follow_up="half")
    cohort, scan = sn.read_cohort(path, mapping=mapping, rules="edition-6-or-later"), sn.scan_cohort(path, mapping=mapping, rules="edition-6-or-later")
    assert scan.ledger == cohort.ledger and len(scan.ledger) > 15
    pd.testing.assert_frame_equal(counted(scan.cells("nodal_category"), ["nodal_category"]), counted(cohort, ["nodal_category"]))


def test_other_endpoints_and_delayed_entry(registry, registry_mapping):
    mapping = registry_mapping(recurrence=True)
    cohort, scan = sn.read_cohort(registry, mapping=mapping), sn.scan_cohort(registry, mapping=mapping)
    for change in (lambda c: c.with_endpoint("recurrence"), lambda c: c.with_zero_follow_up("half"), lambda c: c.with_zero_follow_up("half").with_endpoint("recurrence")):
        assert change(scan).ledger == change(cohort).ledger and change(scan).endpoints == change(cohort).endpoints
        pd.testing.assert_frame_equal(counted(change(scan).cells("er"), ["er"]), counted(change(cohort), ["er"]))
    mapping = registry_mapping(entry=True)
    late, scanned = (read(registry, mapping=mapping).where("age < 80") for read in (sn.read_cohort, sn.scan_cohort))
    assert (late.entry_ticks > 0).any()
    pd.testing.assert_frame_equal(counted(scanned.cells("grade"), ["grade"]), counted(late, ["grade"]))
    assert scanned.ledger == late.ledger


def test_rules_of_many_columns_are_looked_up_and_counted_by_class(pair, monkeypatch):
    """Two passes count what one pass does, and bring far fewer cells."""
    from survival_nodes.sources import scan as scanning

    asked = []
    kept = scanning.distinct_rows

    def watched(relation, columns):
        found = kept(relation, columns)
        asked.append((len(columns), len(found.n)))
        return found

    monkeypatch.setattr(scanning, "distinct_rows", watched)
    scan = pair[1].select(without=["unilateral"]).where("age >= 30")
    cells = scan.cells("er")
    (first_columns, n_combinations), (_, n_cells) = asked
    assert first_columns == 6 and n_cells < n_combinations
    assert cells.repeats.sum() == len(pair[0].select(without=["unilateral"]).where("age >= 30"))
    scan.cells("grade")
    assert len(asked) == 3  # what the rules say of the combinations is known by now


def test_what_is_odd_is_said_once_and_in_patients(tmp_path):
    rows = pd.DataFrame({"years": [1, 2, 2, 3, 4, 9] * 50, "event": [0, 1] * 150, "age": [50, 130, 60, 130, 70, 50] * 50, "g": ["a", "b", "c"] * 100})
    rows.to_csv(tmp_path / "odd.csv", index=False)
    cohort = sn.read_cohort(tmp_path / "odd.csv", time_unit="years")
    scan = sn.scan_cohort(tmp_path / "odd.csv", time_unit="years")
    (said,), (told,) = cohort.warnings, scan.cells("age").warnings
    assert said.startswith("column 'age': above 120 years in 100 rows (row 2, 4, ")
    assert told.startswith("column 'age': above 120 years for 100 patients; the column is kept")
    assert scan.where("age > 40 and g != 'a'").warnings == scan.cells("age").warnings


def test_files_of_a_pattern_a_list_a_folder_and_a_relation_are_one_table(tmp_path, write_registry, registry_mapping):
    """Half of the rows in each of two files; the cohort in memory is that of one file with both."""
    import duckdb

    whole, mapping = pd.read_csv(write_registry(tmp_path), dtype=str, keep_default_na=False), registry_mapping()
    parts = tmp_path / "parts"
    parts.mkdir()
    for place in (0, 1):
        whole.iloc[place::2].to_csv(parts / f"part{place}.csv", index=False)
    wanted = sn.read_cohort(tmp_path / "registry.csv", mapping=mapping).where("age > 40")
    relation = duckdb.connect().read_csv(str(parts / "part*.csv"), all_varchar=True, header=True)
    for table in (str(parts / "*.csv"), [parts / "part0.csv", str(parts / "part1.csv")], parts, relation):
        scan = sn.scan_cohort(table, mapping=mapping).where("age > 40")
        pd.testing.assert_frame_equal(counted(scan.cells("er"), ["er"]), counted(wanted, ["er"]))
        said = "part0.csv, part1.csv" if table is not relation else "the table of duckdb"
        assert scan.ledger.steps[0].reason == f"1200 rows of {said}" and scan.ledger.steps[1:] == wanted.ledger.steps[1:]


def test_files_are_hashed_where_that_is_asked_for(tmp_path, write_registry, registry_mapping):
    path = write_registry(tmp_path)
    assert [each.sha256 for each in sn.scan_cohort(path, mapping=registry_mapping()).origin.files] == [""]
    assert sn.scan_cohort(path, mapping=registry_mapping(), hashed=True).origin.files == sn.read_cohort(path, mapping=registry_mapping()).origin.files


def test_values_of_every_type_mean_what_they_mean_in_memory(tmp_path):
    rng, n = np.random.default_rng(3), 300
    rows = pd.DataFrame({
        "months": rng.integers(0, 99, n), "dead": rng.random(n) < 0.4, "age": pd.array(rng.integers(30, 80, n), dtype="Int64"), "dose": rng.choice([0.1, 2.0, np.nan], n),
        "single": rng.choice(np.array([0.1, 2.5, 3.0], dtype=np.float32), n), "node": pd.Categorical(rng.choice(["b", "a", " a "], n)),
        "seen": rng.choice(pd.to_datetime(["2012-03-04", "2013-01-01", None]), n), "code": rng.choice(["007", "7", "", None], n)})
    rows.loc[::7, "age"] = pd.NA
    rows.to_parquet(tmp_path / "typed.parquet", index=False)
    options = {"columns": {"years": "months", "event": "dead"}, "time_unit": "months"}
    cohort, scan = sn.read_cohort(tmp_path / "typed.parquet", **options), sn.scan_cohort(tmp_path / "typed.parquet", **options)
    for name in ("age", "dose", "single", "node", "seen", "code"):
        cells = scan.cells(name)
        pd.testing.assert_frame_equal(counted(cells, [name]), counted(cohort, [name]))
        assert cells.frame[name].dtype.kind == cohort.frame[name].dtype.kind
