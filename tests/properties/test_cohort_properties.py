"""What holds for any cohort: order, and the unit of time, change nothing that is counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from survival_nodes.cohort import Cohort
from survival_nodes.cohort.clock import TOLERANCE, merge_near_ties, to_ticks

MONTHS = st.lists(st.tuples(st.integers(3, 480), st.integers(0, 1)), min_size=1, max_size=30).filter(lambda rows: max(rows)[0] >= 24)


def made(rows, scale=1, unit="months", **more) -> Cohort:
    patients = pd.DataFrame(rows, columns=["t", "d"])
    return Cohort.from_frame(patients.assign(t=patients["t"] * scale), {"years": "t", "event": "d"}, unit, **more)


@given(MONTHS)
def test_the_unit_of_time_changes_no_year(rows):
    in_months, in_days = made(rows), made(rows, 30, "days", days_per_year=360)
    assert np.allclose(in_months.rows["years"], in_days.rows["years"], rtol=1e-15)
    assert np.array_equal(np.unique(in_months.exit_ticks, return_inverse=True)[1], np.unique(in_days.exit_ticks, return_inverse=True)[1])


@given(st.lists(st.floats(0, 40), min_size=1, max_size=40), st.floats(0, 40))
def test_a_position_divides_the_ticks_as_the_time_divides_the_times(times, asked):
    entry, exit_, clock = to_ticks(None, np.array(times), "years", 1.0)
    before = clock.times(exit_) <= asked + TOLERANCE * max(1.0, asked)
    assert np.array_equal(exit_ <= clock.position(asked), before)


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=40))
def test_merging_is_idempotent_keeps_order_and_moves_nothing_far(times):
    values = np.array(times)
    merged = merge_near_ties(values)
    order = np.argsort(values, kind="stable")
    assert np.all(np.diff(merged[order]) >= 0)
    assert np.all(merged <= values)
    distinct = len(np.unique(values))
    assert np.all(values - merged <= distinct * TOLERANCE * max(1.0, np.mean(np.unique(values))))


@given(MONTHS, st.integers(0, 480))
def test_the_ledger_adds_up_whatever_the_rule(rows, limit):
    start = made(rows)
    kept = start.where(lambda patients: patients["years"] * 12 > limit)
    steps = kept.ledger.frame
    assert steps["n_after"].iloc[-1] == kept.n_patients == len(kept)
    assert steps["n_before"].iloc[0] - steps["n_excluded"].sum() == kept.n_patients
