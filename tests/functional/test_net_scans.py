"""Net survival of files that are never loaded: the numbers of the cohort in memory, and what stands in the way where rows do not collapse."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates.followed import coverage
from survival_nodes.estimates.net_exact import METHODS

pytest.importorskip("duckdb", reason="the engine duckdb is not installed: extra scale")
pytestmark = pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
COLUMNS = {"years": "months", "event": "dead", "age": "age", "sex": "sex", "diagnosis_year": "year"}
YEARS = (1, 5)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Few ages and years, so that patients share rows; exact ages and dates in columns of their own."""
    random, n = np.random.default_rng(20261123), 400
    age = random.choice([45, 62, 78], n)
    frame = pd.DataFrame({
        "months": random.choice([0, 6, 12, 30, 60, 84], n), "dead": random.integers(0, 2, n), "age": age, "sex": random.choice(["female", "male"], n, p=[0.9, 0.1]),
        "year": random.choice([2001, 2004], n), "node": random.choice(["negative", "micro"], n), "exact_age": age + np.arange(n) / 1000,
        "day": (pd.Timestamp("2001-01-01") + pd.to_timedelta(np.arange(n), "D")).strftime("%Y-%m-%d")})
    found = tmp_path_factory.mktemp("net") / "registry.csv"
    frame.to_csv(found, index=False)
    return found


def both(path: Path, columns: dict[str, str] = COLUMNS, **options: object) -> tuple[sn.CohortScan, sn.Cohort]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return sn.scan_cohort(path, columns=columns, time_unit="months", **options), sn.read_cohort(path, columns=columns, time_unit="months")


def same(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, wanted, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_what_the_cohort_in_memory_gives(path, method):
    scan, cohort = both(path)
    for options in ({"by": "node"}, {"standard": {"<60": 1, "60+": 2}}, {"intervals": 12}, {"period": (2003, 2008)}):
        net = sn.NetSurvival(method=method, at_years=YEARS, **options)
        same(net(scan), net(cohort))
    same(sn.NetSurvival("node", method=method).curve(scan), sn.NetSurvival("node", method=method).curve(cohort))


def test_what_else_a_life_table_gives(path):
    scan, cohort = both(path)
    net = sn.NetSurvival("node", at_years=YEARS)
    same(net.crude(scan), net.crude(cohort))
    same(net.test(scan, "sex", step_days=30.0), net.test(cohort, "sex", step_days=30.0))
    same(sn.ExpectedDeaths("us", "node").table(scan), sn.ExpectedDeaths("us", "node").table(cohort))
    same(coverage(scan, "us"), coverage(cohort, "us"))


def test_dates_are_read_where_there_are_any(path):
    scan, cohort = both(path, COLUMNS | {"diagnosis_date": "day"})
    net = sn.NetSurvival(at_years=YEARS)
    same(net(scan), net(cohort))
    assert (net(scan)["estimate"] != net(both(path)[0])["estimate"]).any()


def test_the_column_that_does_not_collapse_is_named(path):
    scan, _ = both(path, COLUMNS | {"age": "exact_age"}, limit=200)
    with pytest.raises(InputError, match="'exact_age' stands in the way"):
        sn.NetSurvival(at_years=YEARS)(scan)


def test_a_model_of_the_excess_hazard_needs_rows(path):
    with pytest.raises(UsageError, match="^an excess hazard model needs each patient's row"):
        sn.ExcessHazard("node")(both(path)[0])
