"""Gray's test against R's cmprsk, to 1e-9.

Origin of the numbers: `r/incidence_reference.R`, which makes `r/incidence_reference.csv` from `inputs/` with the R package cmprsk; the
full reference's rows of `gray_test`, where it is there; and `r/gray_generated.R`, run on data sets made here, where R is installed.
"""

from __future__ import annotations

import shutil
import subprocess
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.gray_test import GrayTest
from survival_nodes.estimates.log_rank import adjusted_p

HERE = Path(__file__).parent
CAUSES = {0: "none", 1: "cause 1", 2: "cause 2"}
equal = partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-9)


def options(method: str) -> dict:
    """Read rho and strata from R's method, as ``cmprsk::cuminc rho=1 strata=grade``."""
    given = dict(part.split("=") for part in method.split() if "=" in part)
    return {"rho": float(given["rho"]), "strata": given.get("strata")}


def check(rows: pd.DataFrame, cohort: Cohort, by: str) -> None:
    for (method, group, cause), own in rows.groupby(["method", "group", "term"]):
        r, test = own.set_index("statistic")["value"], GrayTest(by, cause, **options(method))
        table = test(cohort) if group == "all" else test.pairwise(cohort).set_index("comparison", drop=False).loc[[group]]
        equal(table[["statistic", "p_value", "df"]].iloc[0].astype(float), r[["stat", "p", "df"]])


@pytest.mark.reference_cases("gray_test")
def test_rows_of_the_reference(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    rows = reference_rows(dataset, analysis)
    check(rows[rows["method"] == method], validation_cohort(dataset), data_set(dataset).by)


@pytest.fixture
def synA(data_set) -> Cohort:
    spec = data_set("synA")
    rows = spec.read()
    rows = rows.assign(cause=np.where(rows["status"] == 1, 1 + (rows["id"] % 3 == 0), 0)).drop(columns="status")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return Cohort.from_frame(rows, {"years": "time_months", "patient_id": "id"}, "months", levels=spec.levels, causes=CAUSES)


def test_rows_of_the_kept_script(reference_rows, synA):
    rows = reference_rows("synA_cr", "gray_test")
    assert rows["group"].nunique() == 7 and rows["method"].nunique() == 8  # all and six pairs; rho 0 and 1, plain, two strata, pairwise
    check(rows, synA, "node")


def test_pairs_are_adjusted_together(synA):
    table = GrayTest("node", "cause 1", rho=1.0).pairwise(synA, adjust="BH")
    assert table["comparison"].tolist() == [
        "N0 vs ITC", "N0 vs micromet", "N0 vs macromet", "ITC vs micromet", "ITC vs macromet", "micromet vs macromet"]
    np.testing.assert_array_equal(table["p_adjusted"], adjusted_p(table["p_value"].to_numpy(), "BH"))
    assert set(table["test"]) == {"Gray's test of cause 1 (rho 1)"}


def generated(n_sets: int) -> pd.DataFrame:
    """Small and large, tied and untied, 2 to 5 groups, 1 to 3 strata, three weights; in some sets groups are followed unlike long."""
    random = np.random.default_rng(1988)
    sets = []
    for place in range(n_sets):
        n, groups, strata = random.choice([12, 30, 80, 300]), random.integers(2, 6), random.integers(1, 4)
        group = random.integers(0, groups, n)
        time = random.integers(1, random.choice([10, 60, 100_000]), n) * (1 + group * (place % 5 == 0))
        cause = random.choice(3, n, p=random.dirichlet([2, 3, 3]))
        sets.append(pd.DataFrame({
            "set": place, "time": time, "cause": cause, "group": group, "stratum": random.integers(0, strata, n), "rho": random.choice([0, 0.5, 1])}))
    return pd.concat(sets, ignore_index=True)


@pytest.fixture(scope="module")
def cmprsk(tmp_path_factory) -> tuple[pd.DataFrame, pd.DataFrame]:
    rscript = shutil.which("Rscript")
    if rscript is None or subprocess.run([rscript, "-e", "library(cmprsk)"], capture_output=True).returncode:
        pytest.skip("Rscript with the package cmprsk is not installed here")
    folder = tmp_path_factory.mktemp("gray")
    rows = generated(60)
    rows.to_csv(folder / "rows.csv", index=False)
    subprocess.run([rscript, str(HERE / "r" / "gray_generated.R"), str(folder / "rows.csv"), str(folder / "statistics.csv")], check=True, capture_output=True)
    return rows, pd.read_csv(folder / "statistics.csv")


def test_generated_data_sets(cmprsk):
    rows, statistics = cmprsk
    n_met = n_without = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # thin groups
        for place, own in rows.groupby("set"):
            cohort = Cohort.from_frame(own.drop(columns="set"), {"years": "time"}, "months", causes=CAUSES)
            for r in statistics[statistics["set"] == place].itertuples():
                row = GrayTest("group", f"cause {r.cause}", strata="stratum", rho=own["rho"].iloc[0])(cohort).iloc[0]
                if np.isnan(r.stat):  # cmprsk fails where the common incidence passes 1; such times have no weight here
                    assert own["rho"].iloc[0] == 0.5 and np.isfinite(row["statistic"])
                elif r.stat == -1:  # a covariance that cmprsk cannot invert: fewer groups are compared here, or none
                    assert row["df"] < r.df and np.isnan(row["statistic"]) == (row["df"] == 0)
                    n_without += 1
                else:
                    equal([row["statistic"], row["df"]], [r.stat, r.df])
                    n_met += 1
    assert n_without > 5 and n_met > 90
