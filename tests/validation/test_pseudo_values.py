"""Pseudo-values of survival: every patient left out in turn, by R and by plain refits."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction as F
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, UsageError
from survival_nodes.estimates.kaplan_meier import KaplanMeier

equal = partial(np.testing.assert_allclose, rtol=0, atol=1e-9)


def cohort_of(rows: pd.DataFrame, **options) -> Cohort:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # follow-up of a few years at most
        return Cohort.from_frame(rows, time_unit="years", **options)


@pytest.mark.reference_cases("pseudo_values")
def test_every_patient_left_out_once(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    rows, per_year = reference_rows(dataset, analysis), data_set(dataset).per_year
    for group, own in rows[rows["method"] == method].groupby("group"):
        by, _, label = group.partition("=")
        years = sorted(own["time"].unique() / per_year)
        frame = KaplanMeier(by if label else None, at_years=years).pseudo_values(validation_cohort(dataset))
        ours = frame[frame["group"] == (label or "all")]
        r = own.assign(row=own["term"].str.removeprefix("row ").astype(int)).sort_values(["row", "time"])
        equal(ours["pseudo_value"], r["value"])


def plain_survival(patients: list[tuple[int, bool]], time: float) -> F:
    survival = F(1)
    for at in sorted({exit_ for exit_, _ in patients if exit_ <= time}):
        n, d = sum(exit_ >= at for exit_, _ in patients), sum(event and exit_ == at for exit_, event in patients)
        survival *= F(n - d, n)
    return survival


def plain_pseudo_value(patients: list[tuple[int, bool]], out: int, time: float) -> F:
    n = len(patients)
    return n * plain_survival(patients, time) - (n - 1) * plain_survival(patients[:out] + patients[out + 1:], time)


def test_oracle_by_arithmetic():
    patients = [(1, True), (2, False), (3, True)]
    assert plain_survival(patients, 2) == F(2, 3) and plain_survival(patients, 3) == 0
    assert [plain_pseudo_value(patients, out, 2) for out in range(3)] == [0, 3 * F(2, 3) - 2 * F(1, 2), 3 * F(2, 3) - 2 * F(1, 2)]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 7), st.booleans()), min_size=1, max_size=12))
def test_one_pass_is_the_oracle_s_refits(patients):
    times = (0, 1, 2.5, 7)
    rows = pd.DataFrame({"years": [exit_ for exit_, _ in patients], "event": [int(event) for _, event in patients]})
    frame = KaplanMeier(at_years=times).pseudo_values(cohort_of(rows))
    last = max(exit_ for exit_, _ in patients)
    expected = [math.nan if time > last else float(plain_pseudo_value(patients, out, time)) for out in range(len(patients)) for time in times]
    np.testing.assert_allclose(frame["pseudo_value"], expected, atol=1e-11)


def test_without_censoring_they_are_whether_a_patient_survives():
    rows = pd.DataFrame({"years": [1, 2, 2, 5], "event": [1, 1, 1, 1], "node": [*"abab"]})
    frame = KaplanMeier("node", at_years=(1, 2)).pseudo_values(cohort_of(rows))
    assert frame.columns.tolist() == ["patient_id", "group", "years", "pseudo_value"]
    assert frame["patient_id"].tolist() == ["1", "1", "2", "2", "3", "3", "4", "4"] and frame["group"].tolist() == [*"aabbaabb"]
    equal(frame["pseudo_value"], [0, 0, 1, 0, 1, 0, 1, 1])


def test_their_mean_is_the_survival_where_nobody_is_censored_before(validation_cohort):
    cohort = validation_cohort("synA")
    frame = KaplanMeier(at_years=5).pseudo_values(cohort)
    assert len(frame) == 2000 and frame["pseudo_value"].mean() == pytest.approx(KaplanMeier(at_years=5)(cohort)["estimate"].item(), abs=1e-3)


def test_pieces_of_follow_up_are_one_patient():
    pieces = pd.DataFrame({"patient_id": ["a", "a", "b", "c"], "entry_years": [0, 2, 0, 0], "years": [2, 4, 3, 5], "event": [0, 1, 0, 1]})
    whole = pd.DataFrame({"patient_id": ["a", "b", "c"], "years": [4, 3, 5], "event": [1, 0, 1]})
    of_pieces, of_whole = (KaplanMeier(at_years=(1, 4)).pseudo_values(cohort_of(rows)) for rows in (pieces, whole))
    assert set(of_pieces["patient_id"]) == {"a", "b", "c"}
    pd.testing.assert_frame_equal(of_pieces.sort_values(["patient_id", "years"], ignore_index=True), of_whole)


def test_what_is_not_defined_is_refused():
    late = cohort_of(pd.DataFrame({"entry_years": [0, 1, 0], "years": [2, 4, 3], "event": [0, 1, 0], "wt": 1}))
    with pytest.raises(UsageError, match="some enter late"):
        KaplanMeier().pseudo_values(late)
    with pytest.raises(UsageError, match="without weights"):
        KaplanMeier(weights="wt").pseudo_values(late)
    with pytest.raises(UsageError, match="leave out weights and estimator"):
        KaplanMeier(estimator="nelson-aalen").pseudo_values(late)


def test_a_cause_and_missing_groups():
    rows = pd.DataFrame({"years": [1, 2, 3, 4], "event": [1, 1, 0, 0], "cause": ["a", "b", "none", "none"], "node": ["x", "x", "x", None]})
    cohort = cohort_of(rows, causes={"a": "a", "b": "b"})
    with pytest.warns(DataWarning, match="1 of 4 rows have no value in 'node'"):
        frame = KaplanMeier("node", at_years=2, cause="a").pseudo_values(cohort)
    assert frame["patient_id"].tolist() == ["1", "2", "3"]
    equal(frame["pseudo_value"], [0, 1, 1])
