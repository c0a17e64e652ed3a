"""NetSurvival in intervals as a user asks for it: the words of the method, the times it takes, and what it says where it cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.errors import DataWarning, UsageError
from survival_nodes.estimates.net_survival import NetSurvival
from survival_nodes.life_tables import LifeTable

NOBODY_DIES = LifeTable(np.zeros((2, 60, 120)), np.arange(1980, 2040), np.arange(120), {"sex": ("female", "male")}, name="nobody dies")


def cohort(months, died, **more) -> sn.Cohort:
    frame = pd.DataFrame({"months": months, "died": died, "age": 60.5, "sex": "female", "diagnosis_date": "2000-07-01", **more})
    return sn.Cohort.from_frame(frame, {"years": "months", "event": "died"}, "months")


@pytest.mark.parametrize(("intervals", "words"), [
    (12, "Ederer II, actuarial, 12-month intervals"), (1, "Ederer II, actuarial, 1-month intervals"), (1.5, "Ederer II, actuarial, 1.50-month intervals"),
    ((6, 12, 60), "Ederer II, actuarial, intervals to 6, 12 and 60 months"), ((60,), "Ederer II, actuarial, one interval to 60 months"),
    (sn.Intervals(3, form="hazard", rates="middle"), "Ederer II, hazard, 3-month intervals, rates in the middle of each stay"),
    (sn.Intervals(12, form="excess", rates="start"), "Ederer II, excess, 12-month intervals, rates at the start of each"),
])
def test_the_method_says_the_form_and_the_intervals(intervals, words):
    found = NetSurvival(method="ederer-ii", life_table=NOBODY_DIES, at_years=5, intervals=intervals)(cohort([6, 70, 80], [1, 0, 0]))
    assert found["method"][0].startswith(words + ", log interval")
    assert found["estimand"].tolist() == ["net"]


def test_times_are_ends_of_intervals():
    with pytest.raises(UsageError, match=r"at_years has 1\.000, where no interval ends: the nearest ends are 10 months .* and 15 months"):
        NetSurvival(intervals=5)
    with pytest.raises(UsageError, match="intervals are a length in months"):
        NetSurvival(intervals="monthly")


def test_a_curve_has_a_row_an_interval_within_follow_up():
    curve = NetSurvival(life_table=NOBODY_DIES, at_years=(1,), intervals=12)(cohort([6, 70, 80], [1, 0, 0]))
    assert curve["years"].tolist() == [1]
    curve = NetSurvival(life_table=NOBODY_DIES, at_years=(1,), intervals=12).curve(cohort([6, 70, 80], [1, 0, 0]))
    assert curve["years"].tolist() == [1, 2, 3, 4, 5, 6]
    assert curve["estimate"].tolist() == pytest.approx([2 / 3] * 6)
    assert curve["n_risk"].tolist() == [2, 2, 2, 2, 2, 1]


def test_beyond_follow_up_the_estimate_is_missing():
    found = NetSurvival(life_table=NOBODY_DIES, at_years=(1, 5, 10), intervals=12)(cohort([6, 70, 80], [1, 0, 0]))
    assert found["estimate"].isna().tolist() == [False, False, True]


def test_a_death_at_time_0_belongs_to_the_first_interval():
    found = NetSurvival(life_table=NOBODY_DIES, at_years=(1,), intervals=12)(cohort([0, 70, 80, 90], [1, 0, 0, 0]))
    assert found["estimate"].tolist() == [3 / 4] and found["n_event"].tolist() == [1]


def test_one_patient_is_enough():
    found = NetSurvival(life_table=NOBODY_DIES, at_years=(1, 2), intervals=12)(cohort([30], [0]))
    assert found["estimate"].tolist() == [1, 1]
    found = NetSurvival(life_table=NOBODY_DIES, at_years=(1, 2), intervals=12)(cohort([24], [1]))
    assert found["estimate"].tolist() == [1, 0] and np.isnan(found["conf_low"][1])


@pytest.mark.parametrize("method", ["ederer-ii", "pohar-perme", "ederer-i", "hakulinen"])
def test_a_period_takes_patients_in_within_intervals(method):
    """Diagnosed on 1 July 2000 they are at risk from a year and a half on: each counts half in the second year."""
    rows = cohort([6, 20, 30, 70], [1, 1, 0, 0])
    with pytest.warns(DataWarning) as said:
        found = NetSurvival(method=method, life_table=NOBODY_DIES, at_years=(1, 2, 3, 4), intervals=12, period=(2002, 2004))(rows)
    assert [str(each.message).split(" and are")[0] for each in said] == [
        "1 of 4 rows contribute no time to the period from 2002-01-01 to 2005-01-01",
        "all: in the interval after 0 years nobody is at risk: the estimate takes it that nobody dies then"]
    assert found["estimate"].tolist() == pytest.approx([1, 1 - 1 / (3 / 2), 1 / 3, 1 / 3])
    assert found["method"][0].startswith(f"{found['method'][0].split(',')[0]}, actuarial, 12-month intervals, period from 2002-01-01 to 2005-01-01, log")
