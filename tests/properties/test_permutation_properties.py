"""What holds for the permutation test of any small cohort, and a plain oracle: the log-rank terms of every relabelled cohort."""

from __future__ import annotations

import warnings
from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.log_rank import LogRank

few = settings(max_examples=8, deadline=None, derandomize=True)
OPTIONS = ({}, {"weight": "gehan"}, {"weight": "peto-peto"}, {"rho": 1.0}, {"rho": 0.5, "gamma": 1.0})


@st.composite
def small_cohorts(draw) -> pd.DataFrame:
    n = draw(st.integers(3, 6))
    column = {name: draw(st.lists(values, min_size=n, max_size=n)) for name, values in {
        "years": st.integers(1, 4), "event": st.integers(0, 1), "node": st.sampled_from("abc"), "era": st.integers(1, 2)}.items()}
    frame = pd.DataFrame(column)
    assume(frame["event"].any() and frame["node"].nunique() > 1)
    return frame


def cohort_of(frame: pd.DataFrame) -> Cohort:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return Cohort.from_frame(frame, time_unit="years", levels={"node": ["a", "b", "c"]})


def quietly(call, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return call(*arguments)


def relabelled(frame: pd.DataFrame, strata: str | None):
    """Every distinct way to deal the labels out anew, within strata."""
    parts = [np.arange(len(frame))] if strata is None else [np.flatnonzero(frame[strata] == level) for level in sorted(set(frame[strata]))]
    for dealt in product(*(sorted(set(permutations(frame["node"].to_numpy()[part]))) for part in parts)):
        node = frame["node"].to_numpy(copy=True)
        for part, labels in zip(parts, dealt, strict=True):
            node[part] = labels
        yield frame.assign(node=node)


def plain_p(frame: pd.DataFrame, test: LogRank) -> float:
    """Work O - E out anew for every assignment, and compare their quadratic form in the covariance that they themselves show."""
    def differences(each: pd.DataFrame) -> list[float]:
        table = quietly(test.observed_expected, cohort_of(each)).set_index("group")
        return (table["observed"] - table["expected"]).tolist()

    every = np.array([differences(each) for each in relabelled(frame, test.strata)])
    inverse = np.linalg.pinv(every.T @ every / len(every), rcond=1e-9)
    forms = (every @ inverse * every).sum(axis=1)
    own = np.array(differences(frame))
    return float((forms >= own @ inverse @ own - 1e-8).mean())


@few
@given(small_cohorts(), st.sampled_from(OPTIONS), st.sampled_from([None, "era"]))
def test_every_assignment_tested_anew(frame, options, strata):
    test = LogRank("node", strata=strata, **options)
    row = quietly(test.permutation, cohort_of(frame), 1).iloc[0]
    assume(not np.isnan(row["statistic"]))
    assert row["p_value"] == pytest.approx(plain_p(frame, test), abs=1e-12)


@few
@given(small_cohorts(), st.randoms(use_true_random=False))
def test_order_of_rows_and_seed_change_nothing_where_all_are_looked_at(frame, random):
    order = list(range(len(frame)))
    random.shuffle(order)
    one = quietly(LogRank("node").permutation, cohort_of(frame), 1)
    other = quietly(LogRank("node").permutation, cohort_of(frame.iloc[order].reset_index(drop=True)), 2)
    pd.testing.assert_frame_equal(one, other)
