"""Observed and expected deaths, the standardised mortality ratio and the one-sample log-rank test: by hand and against R."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

import survival_nodes as sn
from survival_nodes.cohort import Cohort
from survival_nodes.columns import CONTRASTS, check
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.life_tables import LifeTable

REFERENCE = Path(os.environ.get("SURVIVAL_NODES_REFERENCE", "/nowhere"))
YEARS, AGES = np.arange(1950, 2061), np.arange(0, 121)
AS_TYPED = 2 * ndtr(1.96) - 1  # the level whose quantile is the 1.96 of the reference


def flat_table(rate_per_year: float) -> LifeTable:
    """The same rate for everybody, for ever."""
    return LifeTable(np.full((1, len(YEARS), len(AGES)), rate_per_year), YEARS, AGES, {"sex": ("female",)}, name="flat")


def women(years: object, died: object, unit: str = "years", **more: object) -> Cohort:
    frame = pd.DataFrame({"t": years, "d": died, "age": 60.4, "sex": "female", "diagnosis_date": "2001-05-11"}).assign(**more)
    columns = {"years": "t", "event": "d"} | ({"entry_years": "entry"} if "entry" in frame else {})
    return Cohort.from_frame(frame, columns, unit)


def test_the_ratio_by_hand():
    # Ten years under observation at 0.05 a year: half a death expected, two observed.
    table = sn.ExpectedDeaths(flat_table(0.05)).table(women([1, 2, 3, 4], [1, 0, 1, 0])).iloc[0]
    assert table[["group", "n", "observed"]].tolist() == ["all", 4, 2]
    expected = {
        "person_years": 10, "expected": 1 / 2, "smr": 4, "std_error": 2 * math.sqrt(2), "chi_square": (2 - 1 / 2) ** 2 / (1 / 2), "z": 3 / 2 / math.sqrt(1 / 2),
        "z_symmetric": 3 / 2 / math.sqrt(5 / 4), "p_value": math.erfc(math.sqrt(9 / 2 / 2))}
    assert {name: table[name] for name in expected} == pytest.approx(expected, rel=1e-8)
    # Exact limits: with the lower mean two or more happen with 1/40, with the upper one two or fewer do.
    low, high = table["conf_low"] / 2, table["conf_high"] / 2
    assert 1 - math.exp(-low) * (1 + low) == pytest.approx(1 / 40, rel=1e-9) and math.exp(-high) * (1 + high + high**2 / 2) == pytest.approx(1 / 40, rel=1e-9)


def test_delayed_entry_counts_from_the_entry_on():
    table = sn.ExpectedDeaths(flat_table(0.05)).table(women([4.0, 6.0], [1, 1], entry=[1.0, 3.0])).iloc[0]
    assert table["person_years"] == pytest.approx(6) and table["expected"] == pytest.approx(0.3)


def test_contrasts_against_the_population():
    cohort = women([1, 2, 3, 4], [1, 0, 1, 0], g=list("aabb"))
    found, table = sn.ExpectedDeaths(flat_table(0.05), "g")(cohort), sn.ExpectedDeaths(flat_table(0.05), "g").table(cohort)
    assert check(found, CONTRASTS) == ()
    assert found[["measure", "group", "reference"]].values.tolist() == [["standardised-mortality-ratio", "a", "population"], ["standardised-mortality-ratio", "b", "population"]]
    assert found["estimate"].tolist() == table["smr"].tolist() == pytest.approx([1 / 0.15, 1 / 0.35])
    assert found["p_value"].tolist() == table["p_value"].tolist() and found["years"].isna().all()


def test_nobody_dies_or_nobody_is_expected_to():
    none = sn.ExpectedDeaths(flat_table(0.05)).table(women([10, 10], [0, 0])).iloc[0]
    assert none[["smr", "conf_low", "byar_low"]].tolist() == [0, 0, 0] and none["conf_high"] == pytest.approx(math.log(40)) and none["chi_square"] == pytest.approx(1)
    unexpected = sn.ExpectedDeaths(flat_table(0.0)).table(women([10, 10], [1, 0])).iloc[0]
    assert unexpected[["observed", "expected"]].tolist() == [1, 0] and unexpected[["smr", "conf_low", "conf_high", "chi_square", "p_value"]].isna().all()


def test_groups_add_up_and_pieces_change_nothing():
    rng = np.random.default_rng(2)
    days, died = rng.integers(2, 4000, 80), rng.integers(0, 2, 80)
    more = {
        "g": rng.choice(["a", "b"], 80), "age": rng.uniform(30, 85, 80), "diagnosis_date": pd.Timestamp("1995-01-01") + pd.to_timedelta(rng.integers(0, 5000, 80), "D"),
        "patient_id": np.arange(80).astype(str)}
    cohort = women(days, died, "days", **more)
    whole, parts = sn.ExpectedDeaths("us").table(cohort).iloc[0], sn.ExpectedDeaths("us", "g").table(cohort)
    assert parts[["n", "observed"]].sum().tolist() == whole[["n", "observed"]].tolist() and parts["expected"].sum() == pytest.approx(whole["expected"], rel=1e-12)
    cut = days // 2
    twice = {name: np.tile(values, 2) for name, values in more.items()}
    pieces = women(np.append(cut, days), np.append(np.zeros(80, dtype=int), died), "days", **twice, entry=np.append(np.zeros(80, dtype=int), cut))
    table = sn.ExpectedDeaths("us").table(pieces).iloc[0]
    assert table["n"] == 80 and table["expected"] == pytest.approx(whole["expected"], rel=1e-12) and table["observed"] == whole["observed"]


def test_what_is_refused():
    with pytest.raises(UsageError, match="LifeTable"):
        sn.ExpectedDeaths(3)
    with pytest.raises(UsageError, match="conf_level"):
        sn.ExpectedDeaths("us", conf_level=95)
    with pytest.raises(InputError, match="sex"):
        sn.ExpectedDeaths("us").table(women([3], [1], sex=None))


def met(table: pd.DataFrame, rows: pd.DataFrame, group: str, byar: pd.DataFrame) -> int:
    """Compare one group with R's rows; gives how many were met."""
    names = {"SMR": "smr", "SMR_lower_exact": "conf_low", "SMR_upper_exact": "conf_high", "z_sym_Wu": "z_symmetric", "chisq": "chi_square", "p": "p_value"}
    ours, typed, n = table.set_index("group").loc[group], byar.set_index("group").loc[group], 0
    for row in rows.itertuples():
        if row.statistic.endswith("byar"):
            value = typed["byar_low" if "lower" in row.statistic else "byar_high"]
        else:
            value = ours[names.get(row.statistic, row.statistic)]
        assert value == pytest.approx(row.value, rel=1e-9, abs=1e-9), (row.group, row.statistic)
        n += 1
    return n


@pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
def test_colrec_is_survexp(reference_rows):
    rows = reference_rows("colrec", "one_sample_logrank")
    frame = pd.read_csv(REFERENCE / "data" / "colrec.csv")
    frame = frame.assign(sex=frame["sex"].map({1: "male", 2: "female"}), age=frame["age"] / 365.241, diagnosis_date=frame["diag_iso"])
    cohort = Cohort.from_frame(frame, {"years": "time", "event": "stat"}, "days", days_per_year=365.241)
    life_table = LifeTable.read(REFERENCE / "data" / "ratetable_slopop.csv", 365.241, "calendar")
    n = 0
    for group, own in rows.groupby("group"):
        by = None if group == "all" else "stage"
        table, byar = (sn.ExpectedDeaths(life_table, by, conf_level=level).table(cohort) for level in (0.95, AS_TYPED))
        n += met(table, own, group.removeprefix("stage="), byar)
    assert n == len(rows) == 55


def test_a_constant_hazard_is_the_hand_made_and_the_offset_test(reference_rows, data_set):
    rows = reference_rows("btrial", "one_sample_logrank")
    frame = data_set("btrial").read().assign(age=55.5, sex="female", diagnosis_date="1980-06-01")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        cohort = Cohort.from_frame(frame, {"years": "time", "event": "death"}, "months")
    table, byar = (sn.ExpectedDeaths(flat_table(12 * 0.005), "im", conf_level=level).table(cohort) for level in (0.95, AS_TYPED))
    assert sum(met(table, own, group.removeprefix("im="), byar) for group, own in rows.groupby("group")) == len(rows) == 28


def test_kept_numbers_are_r_s(tmp_path):
    rscript = shutil.which("Rscript")
    if rscript is None or subprocess.run([rscript, "-e", "library(survival)"], capture_output=True).returncode:
        pytest.skip("Rscript with the package survival is not installed here")
    here = Path(__file__).parent
    subprocess.run([rscript, str(here / "r" / "expected_deaths_reference.R"), str(here / "inputs"), str(tmp_path)], check=True, capture_output=True)
    kept, anew = (pd.read_csv(folder / "expected_deaths_reference.csv") for folder in (here / "r", tmp_path))
    pd.testing.assert_frame_equal(kept, anew, rtol=1e-11)
