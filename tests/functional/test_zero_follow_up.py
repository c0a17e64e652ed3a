"""Is a follow-up of zero treated as chosen, at every endpoint, and is the choice in the ledger even where it changes nobody?"""

from __future__ import annotations

import pandas as pd
import pytest

from survival_nodes.cohort import ZERO_FOLLOW_UP, Cohort
from survival_nodes.errors import InputError, UsageError

SAID = {
    "keep": "1 with a follow-up of zero, kept", "half": "1 with a follow-up of zero, set to half a month", "drop": "1 with a follow-up of zero, left out",
    "complete-dates": "dates of follow-up are complete, with zero days (1), incomplete (2), not recorded (1)"}
FLAGS = ["complete, zero days", "complete, more than zero days", "incomplete, could be zero days", "incomplete, not zero days", None]


def made(times=(0, 30, 61, 80, 1), unit="months", **more) -> Cohort:
    return Cohort.from_frame(pd.DataFrame({"t": times, "d": [place % 2 for place in range(len(times))], **more}), {"years": "t", "event": "d"}, unit)


@pytest.mark.parametrize("choice", ZERO_FOLLOW_UP)
def test_every_choice_is_a_step_of_the_ledger(choice):
    selected = made(survival_flag=FLAGS).with_zero_follow_up(choice)
    step = selected.ledger.frame.iloc[-1]
    assert (step["rule"], step["reason"], step["n_before"]) == (f"zero follow-up: {choice}", SAID[choice], 5)
    assert selected.n_patients == {"keep": 5, "half": 5, "drop": 4, "complete-dates": 1}[choice]


@pytest.mark.parametrize(("choice", "said"), [
    ("keep", "0 with a follow-up of zero, kept"), ("half", "0 with a follow-up of zero, set to half a month"), ("drop", "0 with a follow-up of zero, left out"),
    ("complete-dates", "dates of follow-up are complete, with zero days, or incomplete, or not recorded")])
def test_a_choice_that_changes_nobody_is_said_too(choice, said):
    cohort = made((12, 30), survival_flag=["complete, more than zero days"] * 2)
    selected = cohort.with_zero_follow_up(choice)
    assert selected.ledger.frame.iloc[-1].tolist() == [f"zero follow-up: {choice}", said, 2, 2, 0]
    assert selected.exit_ticks.tolist() == [12, 30] and selected.clock.grid is None


def test_half_a_month_half_a_day_half_a_year():
    assert made().with_zero_follow_up("half").rows["years"].tolist() == [0.5 / 12, 30 / 12, 61 / 12, 80 / 12, 1 / 12]
    assert made((0, 900, 1000, 1), "days").with_zero_follow_up("half").rows["years"].iloc[0] == 0.5 / 365.25
    assert made((0, 3, 4, 5), "years").with_zero_follow_up("half").rows["years"].iloc[0] == 0.5


def test_the_clock_goes_on_in_order_after_half():
    selected = made((0, 30, 0, 1, 61, 44, 44)).with_zero_follow_up("half")
    assert selected.exit_ticks.tolist() == [0, 2, 0, 1, 4, 3, 3] and selected.entry_ticks.tolist() == [-1] * 7
    assert selected.clock.times(selected.exit_ticks).tolist() == [0.5, 30, 0.5, 1, 61, 44, 44]
    assert selected.clock.position(0.5 / 12) == 0 and selected.time_unit == "months"
    assert selected.with_zero_follow_up("half").exit_ticks.tolist() == selected.exit_ticks.tolist()
    with pytest.raises(ValueError):
        selected.exit_ticks[0] = 3


def test_nobody_is_overtaken_where_times_are_finer_than_the_unit():
    # Months made of days (days / 30.4): the shortest time above zero is two days.
    selected = made((0.0, 2 / 30.4, 40.0, 70.5)).with_zero_follow_up("half")
    assert selected.clock.times(selected.exit_ticks)[0] == (2 / 30.4) / 2
    assert selected.exit_ticks.tolist() == [0, 1, 2, 3]
    assert selected.ledger.frame.iloc[-1]["reason"] == "1 with a follow-up of zero, set to half of the shortest time above zero, at most half a month"
    assert made((0.0, 1.5, 40.0, 70.5)).with_zero_follow_up("half").rows["years"].iloc[0] == 0.5 / 12


def test_everybody_at_zero():
    with pytest.warns(UserWarning, match="is the unit of time right"):
        cohort = made((0, 0))
    assert cohort.with_zero_follow_up("half").rows["years"].tolist() == [0.5 / 12] * 2
    assert len(cohort.with_zero_follow_up("drop")) == 0


def test_other_endpoints_are_halved_too_and_stay_with_their_patients():
    cohort = made((0, 30, 61), recurrence_years=[0, 0, None], recurrence_event=[0, 1, None])
    selected = cohort.with_zero_follow_up("half")
    assert selected.ledger.frame.iloc[-1]["reason"] == "1 with a follow-up of zero, set to half a month (also 2 to the endpoint recurrence)"
    other = selected.with_endpoint("recurrence")
    assert other.rows["years"].tolist() == [0.5 / 12, 0.5 / 12] and other.rows["event"].tolist() == [0, 1]
    assert selected.rows["recurrence_years"].tolist()[:2] == [0.5 / 12, 0.5 / 12] and selected.rows["recurrence_years"].isna().tolist() == [False, False, True]
    assert other.with_endpoint("overall").rows["years"].tolist() == [0.5 / 12, 30 / 12]


def test_only_the_active_endpoint_is_dropped():
    cohort = made((0, 30, 61), recurrence_years=[0, 0, 5], recurrence_event=[0, 1, 1])
    assert cohort.with_zero_follow_up("drop").n_patients == 2
    assert cohort.with_endpoint("recurrence").with_zero_follow_up("drop").n_patients == 1


def test_late_entries_stay_where_they_are():
    cohort = made((0, 30, 61), entry_years=[0, 12, 0], recurrence_years=[0, 20, 7], recurrence_event=[0, 1, 1])
    selected = cohort.with_zero_follow_up("half")
    for each in (selected, selected.with_endpoint("recurrence")):
        assert each.clock.times(each.entry_ticks).tolist() == [0, 12, 0] and (each.entry_ticks < each.exit_ticks).all()
    assert selected.rows["entry_years"].tolist() == [0, 1, 0]


def test_complete_dates_keep_a_true_follow_up_of_less_than_a_month():
    more = "complete, more than zero days"
    cohort = made((0, 0, 30, 40, 30), survival_flag=[more, "complete, zero days", "incomplete, not zero days", "incomplete, could be zero days", more])
    selected = cohort.with_zero_follow_up("complete-dates").with_zero_follow_up("half")
    assert selected.rows["years"].tolist() == [0.5 / 12, 2.5]
    with pytest.raises(InputError, match="there is no column 'survival_flag'"):
        made().with_zero_follow_up("complete-dates")
    with pytest.raises(InputError, match="column 'survival_flag' holds none of complete, more than zero days"):
        made(survival_flag=[1, 0, 2, 3, 9]).with_zero_follow_up("complete-dates")


def test_a_choice_that_there_is_not():
    with pytest.raises(UsageError, match=r"no choice for a follow-up of zero 'halve' \(nearest: 'half'\); there are: keep, half, drop, complete-dates"):
        made().with_zero_follow_up("halve")


def test_select_makes_the_choice_last():
    cohort = made(sex=["male", "female", "female", "female", "female"])
    steps = cohort.select("female", zero_follow_up="half").ledger.frame
    assert steps["rule"].tolist() == ["read", "zero follow-up kept", "female", "zero follow-up: half"]
    assert steps["reason"].iloc[-1] == "0 with a follow-up of zero, set to half a month"
    with pytest.raises(UsageError, match="no choice"):
        cohort.select("female", zero_follow_up="")
