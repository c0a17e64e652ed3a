"""A made-up registry file in which everything stands that reading a file has to settle, and its mapping; for tests of scans beside cohorts in memory."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survival_nodes.sources import Mapping, mapping_from

EVIDENCE = {"system": "gdc_path_n", "column": "pn", "edition_column": "edition"}
MAPPING = {
    "file": {"missing": ["NA", "."]},
    "columns": {
        "patient_id": "id", "years": "os_months", "event": "status", "cause": "cod", "sex": "sex", "age": "age", "er": "er_ihc", "laterality": "side",
        "neoadjuvant": "neo", "n_examined": "nodes"},
    "units": {"time": "months"},
    "codes": {
        "event": {"1": 0, "2": 1}, "cause": {"0": "none", "1": "breast-cancer", "2": "other"}, "sex": {"F": "female", "M": "male"},
        "er": {"pos": "positive", "neg": "negative", "9": ""}, "laterality": {"L": "left", "R": "right", "B": "bilateral"},
        "neoadjuvant": {"0": "no", "1": "yes", "9": "unknown"}},
    "levels": {"er": ["positive", "negative"]},
    "cohort": {"synthetic": True, "citation": "nobody"},
}


def rows_of_file(n: int, seed: int) -> pd.DataFrame:
    """Make the rows of the file as text."""
    rng = np.random.default_rng(seed)

    def drawn(*words: str) -> np.ndarray:
        return rng.choice(np.array(words, dtype=object), n)

    pn = drawn("N0", "N0 (i-)", "N0 (i+)", "N1mi", "N1a", "N2a", "NX", "", "cN1", "N1")
    times = np.where(rng.random(n) < 0.03, 0, np.minimum(rng.exponential(80, n).astype(int), 180))
    died = (rng.random(n) < 0.35) & (times < 180)
    cause = np.where(died, np.where(rng.random(n) < 0.6, "1", "2"), "0")
    early = np.where(rng.random(n) < 0.3, np.minimum(times, rng.integers(0, 24, n)), 0)
    return pd.DataFrame({
        "id": [f"P{place:06d}" for place in range(n)], "sex": drawn("F", "F", "F", "M", ""), "age": rng.integers(20, 95, n).astype(str), "pn": pn,
        "edition": drawn("6", "7", "8", ""), "er_ihc": drawn("pos", "neg", "9", " pos", ""), "grade": drawn("1", "2", "3", "NA"),
        "side": drawn("L", "R", "R", "B", "."), "neo": drawn("0", "0", "0", "1", "9"), "nodes": drawn("1", "3", "12", "0", ""),
        "hospital": drawn("01", "02", "07"), "dose": drawn("1.5", "2.0", "10"), "os_months": times.astype(str), "status": np.where(died, "2", "1"),
        "cod": cause, "entered": np.where(early < times, early, 0).astype(str), "weight": rng.uniform(0.5, 2, n).round(4).astype(str),
        "rec_months": np.where(rng.random(n) < 0.9, (times * 0.7).astype(int).astype(str), ""), "relapsed": drawn("0", "1")})


def mapping_of(*, nodal: bool = True, entry: bool = False, recurrence: bool = False, **cohort: object) -> Mapping:
    """Make the mapping of the file, with what a test wants of it."""
    columns = dict(MAPPING["columns"])
    if entry:
        columns["entry_years"] = "entered"
    if recurrence:
        columns |= {"recurrence_years": "rec_months", "recurrence_event": "relapsed"}
    more = {"nodal": [EVIDENCE]} if nodal else {}
    return mapping_from({**MAPPING, **more, "columns": columns, "cohort": {**MAPPING["cohort"], **cohort}})


def write_file(folder: Path, n: int = 1200, seed: int = 20260, kind: str = "csv") -> Path:
    """Write the file, once as delimited text or Parquet of text."""
    rows, path = rows_of_file(n, seed), folder / f"registry.{kind}"
    if kind == "csv":
        rows.to_csv(path, index=False)
    else:
        rows.to_parquet(path, index=False)
    return path


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    """The path of the file, 1,200 rows."""
    return write_file(tmp_path_factory.mktemp("registry"))


@pytest.fixture(scope="session")
def write_registry():
    """The function that writes the file: folder, rows, seed, kind."""
    return write_file


@pytest.fixture(scope="session")
def registry_mapping():
    """The function that makes the mapping."""
    return mapping_of


@pytest.fixture(scope="session")
def spark_session():
    """A session such as a user may have open, in a time zone of its own; small tables are counted sooner without compiled plans."""
    sql = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("there is no Java to run Spark on")
    setting = {
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.session.timeZone": "America/New_York", "spark.sql.shuffle.partitions": "1", "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN", "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
    builder = sql.SparkSession.builder.master("local[1]").appName("tests of engines")
    for name, value in setting.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()
