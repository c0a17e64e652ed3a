"""A large file, read piece by piece with numbers held as numbers, becomes the cohort that the plain reader makes of the same rows."""

from __future__ import annotations

import gzip
import warnings

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.errors import InputError
from survival_nodes.sources import arrow_csv, delimited, parquet_files, text_content
from survival_nodes.sources.text_columns import distinct

N = 3000
MAPPING = {
    "columns": {"patient_id": "id", "years": "months", "event": "dead", "cause": "cod", "age": "age", "n_positive": "pos", "deposit_mm": "cm"},
    "units": {"time": "months", "age": "months", "deposit": "cm"},
    "codes": {
        "event": {"1": "0", "2": "1"}, "cause": {"0": "none", "1": "breast-cancer", "2": "other"}, "n_positive": {"98": ""}, "stage": {"1": "I", "2": "II"}},
    "levels": {"arm": ["b", "a"], "ward": ["3", "2", "1", "0"]},
    "file": {"missing": ["", "NA", "-9", "9.5"]},
}


def made_up() -> pd.DataFrame:
    """Rows of every kind: identities, numbers whole and not, codes with noughts, words for missing among numbers, text that hardly repeats."""
    random = np.random.default_rng(5)
    dead = random.random(N) < 0.4
    return pd.DataFrame({
        "id": 5_000_000 + random.permutation(N), "months": random.integers(0, 300, N), "dead": 1 + dead, "cod": np.where(dead, random.integers(1, 3, N), 0),
        "age": random.integers(300, 1000, N), "pos": random.choice([0, 1, 3, 98], N), "cm": random.choice([0.02, 0.1, 0.2], N).round(2),
        "arm": random.choice(["a", "b", " a "], N), "ward": random.integers(0, 4, N), "stage": random.integers(1, 3, N),
        "zip": np.char.zfill(random.integers(0, 10**5, N).astype(str), 5), "weight": np.arange(N) / 7, "serial": random.permutation(N) + 10,
        "minus": random.choice([-9, 3], N), "half": random.choice([9.5, 1.25], N), "note": [f"text {row}" for row in range(N)],
        "word": random.choice(["x", "NA", "ß"], N), "long": 10**17 + random.permutation(N), "mixed": random.choice(["01", "1", "1.0"], N)})


@pytest.fixture(scope="module")
def frame():
    return made_up()


def _quiet():
    """Leave out what is said of grades and stages that are not the dictionary's; `same` holds it against each other."""
    return warnings.catch_warnings(action="ignore")


def plain(path, mapping=MAPPING):
    """Read as small files are."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(text_content, "_LARGE", 10**9)
        patched.setattr(delimited, "_SAMPLE", 10**9)
        patched.setattr(parquet_files, "_MANY_ROWS", 10**9)
        return sn.read_cohort(path, mapping=mapping)


def in_pieces(path, mapping=MAPPING, arrow=True):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(text_content, "_LARGE", 1)
        patched.setattr(delimited, "_SAMPLE", 100)
        patched.setattr(delimited, "_BLOCK", 9973)
        patched.setattr(parquet_files, "_MANY_ROWS", 100)
        if not arrow:
            patched.setattr(arrow_csv, "parse", lambda *arguments: None)
        return sn.read_cohort(path, mapping=mapping)


def same(one: sn.Cohort, other: sn.Cohort) -> None:
    assert list(one.rows) == list(other.rows) and one.ledger == other.ledger and one.causes == other.causes and one.warnings == other.warnings
    assert one.origin == other.origin and one.levels == other.levels
    assert np.array_equal(one.exit_ticks, other.exit_ticks) and np.array_equal(one.events(), other.events())
    for name in one.rows:
        ours, theirs = one.rows[name], other.rows[name]
        assert (ours.dtype.kind in "if") == (theirs.dtype.kind in "if") and (ours.dtype.kind not in "if" or ours.dtype == theirs.dtype), name
        assert ours.isna().equals(theirs.isna()) and ours.dropna().tolist() == theirs.dropna().tolist(), name


@pytest.mark.parametrize("arrow", [True, False], ids=["arrow", "pandas"])
@pytest.mark.parametrize("written", ["plain", "gzipped", "quoted", "crlf", "latin-1"])
def test_text_in_pieces_is_text_as_a_whole(tmp_path, frame, written, arrow):
    path, mapping = tmp_path / ("c.csv.gz" if written == "gzipped" else "c.csv"), MAPPING
    text = frame.to_csv(index=False, quoting=2 if written == "quoted" else 0, lineterminator="\r\n" if written == "crlf" else "\n")
    if written == "latin-1":
        mapping = {**MAPPING, "file": {**MAPPING["file"], "encoding": "latin-1"}}
    stored = text.encode("latin-1" if written == "latin-1" else "utf-8")
    path.write_bytes(gzip.compress(stored) if written == "gzipped" else stored)
    with _quiet():
        same(in_pieces(path, mapping, arrow), plain(path, mapping))


def test_numbers_of_parquet_are_the_text_that_they_would_be(tmp_path, frame):
    path = tmp_path / "c.parquet"
    gap = pd.array(np.where(np.arange(N) % 5, np.arange(N), None), dtype="Int64")
    frame.assign(arm=frame["arm"].astype("category"), gap=gap).to_parquet(path, row_group_size=700)
    with _quiet():
        same(in_pieces(path), plain(path))


def test_a_file_of_parquet_without_some_columns(tmp_path, frame):
    path = tmp_path / "c.parquet"
    frame.to_parquet(path)
    mapping = {**MAPPING, "file": {**MAPPING["file"], "keep": ["weight"]}}
    with _quiet():
        kept, whole = in_pieces(path, mapping), plain(path)
    assert {*whole.rows} - {*kept.rows} == {"zip", "serial", "minus", "half", "note", "word", "long", "mixed"}
    assert kept.rows["weight"].equals(whole.rows["weight"]) and kept.ledger == whole.ledger


@pytest.mark.parametrize(("column", "value", "said"), [
    ("months", "soon", r"'months' \(years\): not a number of months"), ("dead", "7", r"'dead' \(event\): 1 code that \[codes.event\] does not list"),
    ("id", "5000000", "stands twice, with follow-up that overlaps"), ("months", "-4", "negative"), ("months", "", "missing")])
def test_what_is_wrong_in_a_large_file_is_told_alike(tmp_path, frame, column, value, said):
    wrong = frame.astype({column: object})
    wrong.loc[N - 2, column] = value
    wrong.loc[N - 1, "id"] = 5_000_001 if column != "id" else wrong.loc[N - 1, "id"]
    wrong = wrong.drop_duplicates("id") if column != "id" else wrong
    wrong.to_csv(tmp_path / "c.csv", index=False)
    told = []
    for read in (in_pieces, plain):
        with _quiet(), pytest.raises(InputError, match=said) as refused:
            read(tmp_path / "c.csv")
        told.append(str(refused.value))
    assert told[0] == told[1]


@pytest.mark.parametrize("values", [[3, 12, 3], [0.5, 2.0, np.nan], np.array([7, 7, 8], dtype="int8")])
def test_numbers_stand_for_the_text_that_they_would_be_written_as(values):
    codes, words = distinct(pd.Series(values))
    assert words[codes].tolist() == {3: ["3", "12", "3"], 0.5: ["0.5", "2", ""], 7: ["7", "7", "8"]}[values[0]]
