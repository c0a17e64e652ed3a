"""Life expectancy, and years of life lost up to a horizon: closed forms, and R's nessie."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.cohort import Cohort
from survival_nodes.columns import ESTIMATES, check
from survival_nodes.errors import DataWarning, UsageError
from survival_nodes.life_tables import LifeTable

REFERENCE = Path(os.environ.get("SURVIVAL_NODES_REFERENCE", "/nowhere"))
YEARS, AGES = np.arange(1950, 2061), np.arange(0, 121)


def table_of(rate: float | np.ndarray) -> LifeTable:
    """Rates by age alone, or the same for everybody."""
    return LifeTable(np.broadcast_to(rate, (1, len(YEARS), len(AGES))), YEARS, AGES, {"sex": ("female",)}, name="made")


def women(years: object, died: object, **more: object) -> Cohort:
    frame = pd.DataFrame({"t": years, "d": died, "age": 60.5, "sex": "female", "diagnosis_date": "2001-05-11"}).assign(**more)
    return Cohort.from_frame(frame, {"years": "t", "event": "d"}, "years")


@pytest.mark.parametrize("step_years", [None, 0.5, 7.0])
def test_a_constant_rate_by_hand(step_years):
    cohort = women([1, 2, 4, 5, 6], [1, 1, 0, 1, 0])
    found = sn.LifeExpectancy(table_of(0.04), horizon_years=5, step_years=step_years).table(cohort).iloc[0]
    observed = 1 + 4 / 5 + 2 * 3 / 5 + 3 / 5  # areas of the steps of Kaplan-Meier at 1, 2 and 5 years
    assert found["life_expectancy"] == pytest.approx((1 - math.exp(-4)) / 0.04, rel=1e-9)
    assert found["expected"] == pytest.approx((1 - math.exp(-0.2)) / 0.04, rel=1e-9) and found["observed"] == pytest.approx(observed, rel=1e-12)
    assert found["lost"] == pytest.approx((1 - math.exp(-0.2)) / 0.04 - observed, rel=1e-9)


def test_a_rate_that_changes_on_a_birthday_by_hand():
    # At 0.1 a year for half a year, and at 0.3 from the 61st birthday on; a step of a year takes 0.2 throughout.
    life_table, cohort = table_of(np.where(AGES < 61, 0.1, 0.3)), women([3], [0])
    alive = math.exp(-0.05)
    exactly, stepwise = (sn.LifeExpectancy(life_table, horizon_years=1, step_years=step).table(cohort)["expected"][0] for step in (None, 1))
    assert exactly == pytest.approx((1 - alive) / 0.1 + alive * (1 - math.exp(-0.15)) / 0.3, rel=1e-7)
    assert stepwise == pytest.approx((1 - math.exp(-0.2)) / 0.2, rel=1e-7)


def test_nobody_is_expected_to_die_and_one_patient():
    found = sn.LifeExpectancy(table_of(0.0), horizon_years=4).table(women([3], [1])).iloc[0]
    assert found[["life_expectancy", "expected", "observed", "lost"]].tolist() == pytest.approx([100, 4, 3, 1])


def test_estimates_and_their_error_are_those_of_the_observed_part():
    cohort = women([1, 2, 4, 5, 6, 6, 7, 8], [1, 1, 0, 1, 0, 1, 1, 0], g=list("abababab"))
    found, observed = sn.LifeExpectancy("us", "g", horizon_years=5, conf_level=0.9)(cohort), sn.RestrictedMean("g", 5, conf_level=0.9)(cohort)
    table = sn.LifeExpectancy("us", "g", horizon_years=5, conf_level=0.9).table(cohort)
    assert check(found, ESTIMATES) == () and (found["estimand"] == "restricted-mean").all() and found["years"].tolist() == [5, 5]
    np.testing.assert_allclose(found["std_error"], observed["std_error"])
    np.testing.assert_allclose(found["estimate"], table["expected"] - observed["estimate"])
    np.testing.assert_allclose(found["conf_high"] - found["estimate"], observed["conf_high"] - observed["estimate"])


def test_beyond_follow_up_nothing_is_made_up():
    with pytest.warns(DataWarning, match="the longest horizon that all reach is 6 years"):
        found = sn.LifeExpectancy(table_of(0.04), horizon_years=10).table(women([1, 2, 4, 5, 6], [1, 1, 0, 1, 0])).iloc[0]
    assert math.isnan(found["lost"]) and found["expected"] == pytest.approx((1 - math.exp(-0.4)) / 0.04, rel=1e-9)


def test_the_net_sample_size_by_hand():
    found = sn.LifeExpectancy(table_of(0.04), "g").net_sample_size(women([1, 2, 4], [1, 1, 0], g=["a", "a", "b"]), (0, 5))
    assert found.values.tolist() == [["a", 0.0, 2.0], ["a", 5.0, pytest.approx(2 * math.exp(-0.2))], ["b", 0.0, 1.0], ["b", 5.0, pytest.approx(math.exp(-0.2))]]


@pytest.mark.parametrize("option", [{"horizon_years": 0}, {"step_years": -1}, {"horizon_years": "5"}])
def test_what_is_refused(option):
    with pytest.raises(UsageError, match=f"{next(iter(option))} is a number of years above 0"):
        sn.LifeExpectancy("us", **option)


@pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
def test_colrec_is_nessie(reference_rows):
    rows = reference_rows("colrec", "nessie")
    frame = pd.read_csv(REFERENCE / "data" / "colrec.csv")
    frame = frame.assign(sex=frame["sex"].map({1: "male", 2: "female"}), age=frame["age"] / 365.241, diagnosis_date=frame["diag_iso"])
    cohort = Cohort.from_frame(frame, {"years": "time", "event": "stat"}, "days", days_per_year=365.241)
    life_table = LifeTable.read(REFERENCE / "data" / "ratetable_slopop.csv", 365.241, "calendar")
    estimator = sn.LifeExpectancy(life_table, "stage", step_years=0.5)
    years, exactly = (each.table(cohort).set_index("group")["life_expectancy"] for each in (estimator, sn.LifeExpectancy(life_table, "stage")))
    alive = estimator.net_sample_size(cohort).set_index(["group", "years"])["n"]
    for row in rows.itertuples():
        group = row.group.removeprefix("stage")
        ours = years[group] if math.isnan(row.time) else alive[group, round(row.time / 365.241, 6)]
        assert ours == pytest.approx(row.value, rel=1e-9), (row.group, row.time)
    assert len(rows) == 24 and (exactly - years).between(0, 0.003).all()  # rates rise in the second half of most half-years
