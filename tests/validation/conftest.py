"""The data sets and R's numbers that the validation tests compare with.

`inputs/` holds data made for this project, Therneau's printed examples and one printed table; `r/*.csv` holds R's numbers for
them, beside the scripts that make them. Where the environment names the folder of the full reference
(`SURVIVAL_NODES_REFERENCE`), the same tests run on its further data sets too.
"""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning

HERE = Path(__file__).parent
REFERENCE = os.environ.get("SURVIVAL_NODES_REFERENCE", "")
KEYS = ["dataset", "analysis", "method", "group", "time", "term", "statistic", "value"]
NODES = {"node": ["N0", "ITC", "micromet", "macromet"]}
CAUSES = {0: "none", 1: "cause 1", 2: "cause 2"}  # as the reference names them


@dataclass(frozen=True)
class DataSet:
    """How a file of inputs becomes a cohort: its columns, unit and levels, and how its analyses group it."""

    file: str
    columns: Mapping[str, str]
    time_unit: str
    days_per_year: float = 365.25
    levels: Mapping[str, list] = field(default_factory=dict)
    by: str | None = None
    strata: str | None = None
    prepare: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    causes: Mapping[int, str] | None = None

    def read(self) -> pd.DataFrame:
        own = HERE / "inputs" / self.file
        frame = pd.read_csv(own if own.exists() else Path(REFERENCE) / "data" / self.file)
        return frame if self.prepare is None else self.prepare(frame)

    @property
    def per_year(self) -> float:
        return {"days": self.days_per_year, "months": 12.0, "years": 1.0}[self.time_unit]


def _plain(years: str, event: str, **more: str) -> dict[str, str]:
    return {"years": years, "event": event, **more}


def _edge_case(name: str) -> DataSet:
    return DataSet(
        "edge_cases.csv", _plain("time", "status", entry_years="entry"), "years", by="group",
        prepare=lambda frame: frame[frame["case"] == name].drop(columns=["case", "row"]))


def _gbsg_groups(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(ngrp=pd.cut(frame["nodes"], [-1, 0, 3, 9, 1000], labels=["0", "1-3", "4-9", "10+"]).astype(str))


_GBSG = DataSet(
    "gbsg.csv", _plain("rfstime", "status", patient_id="pid"), "days", levels={"ngrp": ["1-3", "4-9", "10+"]}, by="ngrp", strata="hormon",
    prepare=_gbsg_groups)
DATASETS: dict[str, DataSet] = {
    "synA": DataSet("synA.csv", _plain("time_months", "status", patient_id="id"), "months", levels=NODES, by="node", strata="hosp"),
    "synB": DataSet("synB.csv", _plain("exit", "status", patient_id="id", entry_years="entry"), "days", levels=NODES, by="node"),
    "btrial": DataSet("btrial.csv", _plain("time", "death"), "months", by="im"),
    "val_test1": DataSet("val_test1.csv", _plain("time", "status"), "years", by="x"),
    "val_test2": DataSet("val_test2.csv", _plain("stop", "event", entry_years="start"), "years", by="x"),
    "val_test3": DataSet("val_test3.csv", _plain("time", "status"), "years", by="x"),
    "gbsg": _GBSG,
    "gbsg_hormon": DataSet("gbsg.csv", _GBSG.columns, "days", by="hormon", strata="grade", prepare=_gbsg_groups),
    "rotterdam": DataSet(
        "rotterdam.csv", _plain("dtime", "death", patient_id="pid"), "days", levels={"ngrp": ["0", "1-3", "4-9", "10+"]}, by="ngrp", strata="grade"),
    "colrec": DataSet("colrec.csv", _plain("time", "stat"), "days", 365.241, by="stage"),
    "lung": DataSet("lung.csv", _plain("time", "ev"), "days", by="sex", strata="inst", prepare=lambda frame: frame.assign(ev=frame.pop("status") - 1)),
    "veteran": DataSet(
        "veteran.csv", _plain("time", "status"), "days", levels={"celltype": ["squamous", "smallcell", "adeno", "large"]}, by="celltype", strata="trt"),
    "larynx": DataSet("larynx.csv", _plain("time", "delta"), "years", by="stage"),
    "mgus2_cr": DataSet("mgus2_cr.csv", _plain("etime", "ev", patient_id="id"), "months", by="sex", causes=CAUSES, prepare=lambda frame: frame.assign(
        sex=frame["sex"].map({"F": "female", "M": "male"}))),
    "synC_cr_first4000": DataSet("synC_first4000.csv", _plain("time", "cause", patient_id="id"), "days", levels=NODES, by="node", causes=CAUSES),
} | {f"edge:{case}": _edge_case(case) for case in (
    "all_censored", "all_events_tied", "ends_in_event", "entry_equals_event", "group_without_events", "median_flat", "time_zero_event", "timefix_fuzz")}
COMMITTED = tuple(name for name, each in DATASETS.items() if (HERE / "inputs" / each.file).exists())


@functools.cache
def _all_rows() -> pd.DataFrame:
    """R's numbers: those kept here, and those of the full reference for data sets that are not kept here."""
    kept = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in sorted((HERE / "r").glob("*.csv"))]
    rows = pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=KEYS, dtype=str)
    if REFERENCE:
        full = pd.read_csv(Path(REFERENCE) / "reference.csv.gz", dtype=str, keep_default_na=False)
        rows = pd.concat([rows, full.loc[~full["dataset"].isin(COMMITTED), KEYS]], ignore_index=True)
    numbers = rows.assign(value=rows["value"].replace("NA", "nan").astype(float), time=pd.to_numeric(rows["time"], errors="coerce"))
    return numbers.set_index(["dataset", "analysis"], drop=False).sort_index(kind="stable")


@functools.cache
def _cohort(name: str) -> Cohort:
    spec = DATASETS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # a follow-up of months, a sex coded 1/2: known here, and not what is tested
        return Cohort.from_frame(spec.read(), spec.columns, spec.time_unit, levels=spec.levels, days_per_year=spec.days_per_year, causes=spec.causes)


def _rows(dataset: str, analysis: str) -> pd.DataFrame:
    table = _all_rows()
    if (dataset, analysis) not in table.index:
        pytest.skip(f"no rows of {analysis} on {dataset} here: set SURVIVAL_NODES_REFERENCE to the folder of the full reference")
    return table.loc[[(dataset, analysis)]].reset_index(drop=True)


@pytest.fixture
def reference_rows() -> Callable[[str, str], pd.DataFrame]:
    """`reference_rows(dataset, analysis)`: R's rows, `value` and `time` as floats (NaN where R gave NA), the rest text."""
    return _rows


@pytest.fixture
def validation_cohort() -> Callable[[str], Cohort]:
    """`validation_cohort(name)`: the data set as a cohort (made once)."""
    return _cohort


@pytest.fixture
def data_set() -> Callable[[str], DataSet]:
    """`data_set(name)`: its unit, levels, grouping column and strata."""
    return DATASETS.__getitem__


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "reference_cases(analysis, ...): run once for every data set and method with R's numbers of these analyses")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test marked `reference_cases` its arguments `dataset, analysis, method`: every combination that R has rows for."""
    marker = metafunc.definition.get_closest_marker("reference_cases")
    if marker is None:
        return
    rows = _all_rows()
    rows = rows[rows["analysis"].isin(marker.args) & rows["dataset"].isin(DATASETS)]
    cases = list(rows[["dataset", "analysis", "method"]].drop_duplicates().itertuples(index=False, name=None))
    params = [pytest.param(*case, id=" ".join(case)) for case in cases]
    if not REFERENCE:
        why = "data sets of other packages are not kept here: set SURVIVAL_NODES_REFERENCE to the folder of the full reference"
        params.append(pytest.param("", "", "", marks=pytest.mark.skip(reason=why), id="further data sets"))
    metafunc.parametrize(("dataset", "analysis", "method"), params)
