"""A landmark: against R on those who remain, against conditional survival, and who is counted out for which reason."""

from __future__ import annotations

import math
import re
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.estimates.kaplan_meier import KaplanMeier

equal = partial(np.testing.assert_allclose, rtol=0, atol=1e-9)
close = partial(np.testing.assert_allclose, rtol=1e-6, atol=1e-9)
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "n_risk", "n_event", "n_censor"]


def make(rows: dict, unit: str = "years", **options) -> Cohort:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # a handful of patients
        return Cohort.from_frame(pd.DataFrame(rows), time_unit=unit, **options)


def term_of(name: str, by: str) -> str:
    """R writes ngrp1-3 where it is ngrp[T.1-3] here; the script writes the bare level."""
    return name if name == "age" else f"{by}[T.{name.removeprefix(by)}]"


@pytest.mark.reference_cases("coxph", "landmark")
def test_cox_model_from_a_landmark(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    found = re.match(r"landmark (\d+)y .*~(\w+)\+age", method) if analysis == "coxph" else re.match(r"(\d+) months, ~ (\w+) \+ age", method)
    if not found:
        return
    years, by = float(found.group(1)) / (1 if analysis == "coxph" else 12), found.group(2)
    rows = reference_rows(dataset, analysis)
    r = rows[rows["method"] == method].set_index(["term", "statistic"])["value"]
    frame = CoxModel(f"{by} + age", ties="efron")(validation_cohort(dataset).landmark(years)).set_index("term")
    whole = [term for term in ("(global)", "") if (term, "n") in r.index][0]
    assert (frame["n"] == r[whole, "n"]).all() and (frame["n_event"] == r[whole, "nevent"]).all()
    for term in r.index.get_level_values("term").unique().drop(whole):
        close(frame.loc[term_of(term, by), ["coefficient", "std_error"]].astype(float), [r[term, "coef"], r[term, "se"]])


def test_survival_from_a_landmark_with_delayed_entry(reference_rows, validation_cohort):
    rows = reference_rows("synB", "landmark")
    r = rows.pivot(index="time", columns="statistic", values="value").reset_index()
    ours = KaplanMeier(at_years=tuple(r["time"] / 365.25))(validation_cohort("synB").landmark(2))
    equal(ours[["estimate", "std_error", "n_risk"]], r[["surv", "std_err", "n_risk"]])


@pytest.mark.parametrize("stretch", [1, 1.0371], ids=["whole months", "a grid of times"])
@pytest.mark.parametrize("years", [2, 2.03, 0.11])
def test_without_delayed_entry_it_is_conditional_survival(stretch, years, data_set):
    spec = data_set("synA")
    rows = spec.read()
    cohort = Cohort.from_frame(rows.assign(time_months=rows["time_months"] * stretch), spec.columns, "months", levels=spec.levels)
    assert (cohort.clock.grid is None) == (stretch == 1)
    there = KaplanMeier("node", at_years=(5, 8)).conditional(cohort, years)
    from_here = KaplanMeier("node", at_years=(5 - years, 8 - years))(cohort.landmark(years))
    equal(from_here[NUMBERS].astype(float), there[NUMBERS].astype(float))


def test_a_landmark_at_a_time_of_the_grid_leaves_out_who_ends_there():
    cohort = make({"years": [1.5, 2.25, 2.25 + 1e-12, 4.75], "event": [1, 1, 0, 0]})
    left = cohort.landmark(2.25)
    assert left.rows["years"].tolist() == [2.5] and left.clock.years(left.exit_ticks).tolist() == [2.5]


ROWS = {
    "patient_id": ["dead", "lost", "late", "gap", "gap", "pieces", "pieces", "on", "edge", "enters"],
    "entry_years": [0, 0, 4, 0, 5, 0, 2, 0, 0, 3], "years": [1, 2, 9, 2, 8, 2, 7, 6, 3, 10], "event": [1, 0, 1, 0, 1, 0, 1, 0, 1, 1]}


def test_who_is_left_and_why_the_others_are_not():
    # At 3 years: `edge` has the event there; `enters` comes under observation there, and is followed.
    left = make(ROWS).landmark(3)
    assert left.rows[["patient_id", "entry_years", "years", "event"]].values.tolist() == [["pieces", 0, 4, 1], ["on", 0, 3, 0], ["enters", 0, 7, 1]]
    assert left.entry_ticks.tolist() == [-1, -1, -1] and left.n_patients == 3
    step = left.ledger.frame.iloc[-1]
    assert step["rule"] == "landmark at 3 years" and (step["n_before"], step["n_after"], step["n_excluded"]) == (8, 3, 5)
    assert step["reason"] == "had the event by 3 years (2); follow-up ended by then (1); under observation later only (2)"


def test_pieces_after_the_landmark_stay_pieces():
    left = make({"patient_id": [*"aaab"], "entry_years": [0, 2, 5, 0], "years": [2, 5, 9, 6], "event": [0, 0, 1, 0]}).landmark(1)
    assert left.rows[["entry_years", "years"]].values.tolist() == [[0, 1], [1, 4], [4, 8], [0, 5]]
    assert left.entry_ticks.tolist() == [-1, 1, 4, -1]
    assert KaplanMeier(at_years=8)(left)[["n_risk", "n_event"]].values.tolist() == [[1, 1]]


def test_other_endpoints_move_too():
    rows = {"years": [5, 6, 7, 8], "event": [1, 0, 1, 0], "recurrence_years": [1, 3, 4, math.nan], "recurrence_event": [1, 1, 0, math.nan]}
    left = make(rows).landmark(2)
    assert left.rows["years"].tolist() == [3, 4, 5, 6]
    np.testing.assert_array_equal(left.rows[["recurrence_years", "recurrence_event"]], [[math.nan] * 2, [1, 1], [2, 0], [math.nan] * 2])
    recurrence = left.with_endpoint("recurrence")
    assert recurrence.rows[["years", "event"]].values.tolist() == [[1, 1], [2, 0]]
    assert recurrence.ledger.frame["reason"].iloc[-1] == "no follow-up to recurrence" and recurrence.ledger.frame["n_excluded"].iloc[-1] == 2
    assert recurrence.landmark(1).rows["years"].tolist() == [1]  # the one whose recurrence came at one year is gone


def test_causes_stay_with_their_patients():
    rows = {"years": [1, 3, 5], "event": [1, 1, 1], "cause": ["other", "breast-cancer", "other"]}
    left = make(rows).landmark(2)
    assert left.events("breast-cancer").tolist() == [1, 0] and left.with_endpoint("breast-cancer").events().tolist() == [1, 0]


def test_immortal_time_is_not_credited():
    # Nobody's death hangs on the treatment, which is given at 2 years to those who live: from the origin it seems to save lives.
    deaths = np.arange(1, 101) / 10
    cohort = make({"years": deaths, "event": 1, "treated": np.where((deaths > 2) & (np.arange(100) % 2 == 0), "yes", "no")}, levels={"treated": ["no", "yes"]})
    naive = KaplanMeier("treated", at_years=5)(cohort)["estimate"]
    honest = KaplanMeier("treated", at_years=3)(cohort.landmark(2))["estimate"]
    assert naive.iloc[1] - naive.iloc[0] > 0.15 and abs(honest.iloc[1] - honest.iloc[0]) < 0.02


@pytest.mark.parametrize("years", [0, -1, math.inf, math.nan, "2", True, None])
def test_a_landmark_is_a_time(years):
    with pytest.raises(UsageError, match="a landmark is a time in years above 0, as 2, not"):
        make(ROWS).landmark(years)


def test_nobody_left_is_an_error_that_says_how_long_follow_up_is():
    with pytest.raises(InputError, match=r"nobody is under observation and free of the event at 10 years \(the longest follow-up is 10 years\)"):
        make(ROWS).landmark(10)
