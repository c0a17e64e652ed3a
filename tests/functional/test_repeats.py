"""A cohort whose rows stand for several patients: what it says of itself, counted by hand, and what it is refused for."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.counting import case_weights, counts, group_counts
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates.excess_hazard import ExcessHazard
from survival_nodes.estimates.kaplan_meier import KaplanMeier
from survival_nodes.estimates.restricted_mean import RestrictedMean
from survival_nodes.tables import baseline

# 10 patients in five rows: two die of breast cancer at 12 months, three are censored then; one dies of another cause at 30; four are censored at 60.
ROWS = pd.DataFrame({
    "t": [12, 12, 30, 60, 60], "d": [1, 0, 2, 0, 0], "node": ["macro", "macro", "micro", "micro", None], "sex": ["female"] * 4 + ["male"], "age": 50})
REPEATS = np.array([2, 3, 1, 3, 1])


def cohort_of(rows: pd.DataFrame = ROWS, repeats: np.ndarray = REPEATS) -> Cohort:
    return Cohort.from_frame(
        rows, {"years": "t", "event": "d"}, "months", causes={0: "none", 1: "breast-cancer", 2: "other"}, levels={"node": ["micro", "macro"]}, repeats=repeats)


def test_it_counts_patients_not_rows():
    cohort = cohort_of()
    assert len(cohort) == 5 and cohort.n_patients == 10
    assert repr(cohort) == "Cohort of 10 patients: endpoint overall, 3 events, follow-up in months"
    assert cohort.ledger.frame["n_after"].tolist() == [10]


def test_counts_are_sums_of_repeats():
    with pytest.warns(DataWarning, match="^1 of 10 rows have no value in 'node' and are left out$"):
        frame = counts(cohort_of(), "node", causes=("other", "breast-cancer"))
    assert frame.values.tolist() == [
        ["micro", -1, "enter", 4], ["micro", 30, "other", 1], ["micro", 60, "censor", 3],
        ["macro", -1, "enter", 5], ["macro", 12, "censor", 3], ["macro", 12, "breast-cancer", 2]]
    (everybody,) = group_counts(cohort_of())
    assert everybody.n_risk.tolist() == [10, 5, 4] and everybody.n_risk.dtype == np.int64


def test_survival_is_that_of_the_patients():
    found = KaplanMeier(at_years=(1, 3))(cohort_of())
    assert found["estimate"].tolist() == [8 / 10, pytest.approx(8 / 10 * 4 / 5)]
    assert found[["n_risk", "n_event", "n_censor"]].values.tolist() == [[10, 2, 0 + 3], [4, 3, 3]]


def test_numbers_beyond_two_to_the_thirty_second_are_exact():
    many = np.array([2**40 + 1, 2**40 + 3, 5, 7, 9])
    frame = counts(cohort_of(repeats=many))
    assert frame["n"].tolist() == [2**41 + 4 + 21, 2**40 + 3, 2**40 + 1, 5, 16]


def test_every_way_to_leave_rows_out_counts_their_patients():
    cohort = cohort_of().where("age >= 18", "younger").where("female").where(ROWS["t"].iloc[:4] > 12, "short")
    assert cohort.ledger.frame[["n_before", "n_after"]].values.tolist() == [[10, 10], [10, 10], [10, 9], [9, 4]]
    assert cohort.ledger.steps[2].reason == "sex is male or other (1)"
    assert cohort.repeats.tolist() == [1, 3]
    chosen = cohort_of().select(["female"], zero_follow_up="drop")
    assert [step.n_after for step in chosen.ledger] == [10, 9, 9]


def test_a_follow_up_of_zero_is_counted_in_patients():
    cohort = cohort_of(ROWS.assign(t=[0, 12, 30, 60, 60]))
    assert cohort.with_zero_follow_up("keep").ledger.steps[-1].reason == "2 with a follow-up of zero, kept"
    dropped = cohort.with_zero_follow_up("drop")
    assert (dropped.ledger.steps[-1].n_after, dropped.repeats.tolist()) == (8, [3, 1, 3, 1])
    assert cohort.with_zero_follow_up("half").n_patients == 10


def test_a_landmark_counts_patients():
    cohort = cohort_of().landmark(1)
    assert cohort.ledger.steps[-1].reason == "had the event by 1 year (2); follow-up ended by then (3)"
    assert cohort.n_patients == cohort.ledger.steps[-1].n_after == 5


def test_an_event_without_a_cause_is_counted_in_patients():
    cohort = Cohort.from_frame(
        ROWS.assign(cause=["a", "none", "b", "none", "none"], d=[1, 0, 1, 0, 0]), {"years": "t", "event": "d"}, "months",
        causes={"a": "breast-cancer"}, repeats=REPEATS)
    with pytest.raises(InputError, match="^1 of 3 events have no declared cause: "):
        cohort.events("breast-cancer")


WORDS = "need each patient's row, and a row of this cohort stands for several patients"


@pytest.mark.parametrize("estimate", [
    KaplanMeier(weights="age"), KaplanMeier(robust=True), KaplanMeier(cluster="sex"), KaplanMeier().pseudo_values, lambda cohort: case_weights(cohort, "age"),
    lambda cohort: RestrictedMean("node", 1).adjusted(cohort, "micro", "age"), lambda cohort: RestrictedMean("node", 1).adjusted_coefficients(cohort, "micro", "age"),
    ExcessHazard("node")],
    ids=["weights", "robust", "cluster", "pseudo-values", "weights of a column", "adjusted means", "coefficients of means", "excess hazard"])
def test_what_needs_rows_is_refused(estimate):
    with pytest.raises(UsageError, match=WORDS) as refused:
        estimate(cohort_of())
    assert "\n" not in str(refused.value) and "read_cohort" in str(refused.value)


def test_a_mean_time_wants_no_rows():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        found = RestrictedMean("node", 1)(cohort_of())
    assert found["estimate"].tolist() == [1.0, 1.0] and found["n_risk"].tolist() == [4, 5]


def test_a_baseline_table_describes_patients_not_rows():
    rows = ROWS.assign(age=[40, 50, 60, 70, 80], grade=["1", "2", "2", "3", "1"])
    there = ~rows["node"].isna()
    each = cohort_of(rows[there].loc[rows.index[there].repeat(REPEATS[there])].reset_index(drop=True), None)
    of_repeats, of_rows = (baseline(cohort, "node", ["age", "grade"]) for cohort in (cohort_of(rows[there], REPEATS[there]), each))
    pd.testing.assert_frame_equal(of_repeats.data, of_rows.data)
    assert of_repeats.display.columns[1:3].tolist() == ["micro (n = 4)", "macro (n = 5)"]
