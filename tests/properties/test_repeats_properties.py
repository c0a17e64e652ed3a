"""A row that stands for several patients counts as they would one by one: for any cohort, and for every estimator that reads counts alone."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survival_nodes.cohort import Cohort
from survival_nodes.counting import counts
from survival_nodes.errors import UsageError
from survival_nodes.estimates.aalen_johansen import AalenJohansen
from survival_nodes.estimates.follow_up import FollowUp
from survival_nodes.estimates.gray_test import GrayTest
from survival_nodes.estimates.kaplan_meier import KaplanMeier
from survival_nodes.estimates.log_rank import LogRank
from survival_nodes.estimates.person_years import PersonYears
from survival_nodes.estimates.restricted_mean import RestrictedMean

several = settings(max_examples=8, deadline=None, derandomize=True)
CAUSES = {0: "none", 1: "breast-cancer", 2: "other"}
OWN = "breast-cancer"

ROW = st.tuples(
    st.sampled_from([0, 0, 6, 12.5]), st.sampled_from([1, 6, 12, 12.5, 30, 61]), st.integers(0, 2), st.sampled_from(["N0", "ITC", "macro", None]),
    st.sampled_from([1, 2, None]), st.integers(1, 5))
ROWS = st.lists(ROW, min_size=2, max_size=8).filter(lambda rows: any(row[3] for row in rows) and any(row[4] for row in rows))


def frame_of_rows(rows: list[tuple], late: bool) -> tuple[pd.DataFrame, np.ndarray]:
    """Give a frame of distinct rows and how many patients each stands for; who would enter at or after the end enters at the origin."""
    frame = pd.DataFrame([row[:5] for row in rows], columns=["from", "t", "d", "nodal", "grade"])
    frame["from"] = frame["from"].where((frame["from"] < frame["t"]) & late, 0)
    frame["nodal"] = pd.Categorical(frame["nodal"], ["N0", "ITC", "micro", "macro"])
    return frame, np.array([row[5] for row in rows])


def cohorts(frame: pd.DataFrame, repeats: np.ndarray, late: bool) -> tuple[Cohort, Cohort]:
    """Give the cohort of rows that repeat, and the cohort of one row a patient."""
    columns = {"years": "t", "event": "d"} | ({"entry_years": "from"} if late else {})
    whole = frame.loc[frame.index.repeat(repeats)].reset_index(drop=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a few months of follow-up make the unit look wrong
        return Cohort.from_frame(frame, columns, "months", causes=CAUSES, repeats=repeats), Cohort.from_frame(whole, columns, "months", causes=CAUSES)


def outcome(estimate: Callable[[Cohort], pd.DataFrame], cohort: Cohort) -> tuple[pd.DataFrame | str, list[str]]:
    """Give what is estimated, or the words of its refusal, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = estimate(cohort)
        except (UsageError, ValueError) as problem:
            found = f"{type(problem).__name__}: {problem}"
    return found, [str(warning.message) for warning in caught]


def same(name: str, estimate: Callable[[Cohort], pd.DataFrame], repeated: Cohort, whole: Cohort) -> None:
    (found, said), (wanted, also_said) = outcome(estimate, repeated), outcome(estimate, whole)
    assert said == also_said, name
    if isinstance(wanted, str):
        assert found == wanted, name
    else:
        pd.testing.assert_frame_equal(found, wanted, check_exact=True, obj=name)


ESTIMATES = {
    "counts": lambda cohort: counts(cohort, "nodal"),
    "counts by cause": lambda cohort: counts(cohort, ["nodal", "grade"], causes=["other", OWN]),
    "counts of everybody": lambda cohort: counts(cohort),
    "counts by covariates": lambda cohort: counts(cohort, "nodal", ["grade", "years"], ["other"]),
    "Kaplan-Meier": KaplanMeier("nodal", at_years=(0.5, 1, 3)),
    "curve": KaplanMeier(["grade", "nodal"], conf_type="logit").curve,
    "quantiles": lambda cohort: KaplanMeier("nodal").quantiles(cohort, (0.25, 0.5)),
    "conditional": lambda cohort: KaplanMeier("nodal", at_years=(2, 5)).conditional(cohort, 0.5),
    "equality": KaplanMeier("nodal", at_years=1).test,
    "Nelson-Aalen": KaplanMeier("nodal", estimator="nelson-aalen"),
    "Fleming-Harrington": KaplanMeier("nodal", estimator="fleming-harrington"),
    "of a cause": KaplanMeier("nodal", cause=OWN),
    "follow-up": FollowUp("nodal"),
    "person-years": PersonYears("nodal", cause="other"),
    "log-rank": LogRank("nodal", strata="grade", rho=1),
    "log-rank of pairs": LogRank("nodal", cause=OWN).pairwise,
    "trend": LogRank("grade", weight="tarone-ware").trend,
    "observed and expected": LogRank("nodal").observed_expected,
    "permutation": lambda cohort: LogRank("grade").permutation(cohort, 1, n_draws=20),
    "restricted mean": RestrictedMean("nodal", 1),
    "contrast": lambda cohort: RestrictedMean("nodal", 1).contrast(cohort, "N0"),
    "years lost": RestrictedMean("grade", 1).years_lost,
    "incidence": AalenJohansen("nodal"),
    "incidence curve": AalenJohansen(conf_type="plain").curve,
    "naive": AalenJohansen("nodal").naive_curve,
    "Gray": GrayTest("nodal", OWN, strata="grade"),
    "Gray of pairs": GrayTest("nodal", OWN).pairwise,
}


@pytest.mark.parametrize("late", [False, True], ids=["from the origin", "late entry"])
@given(rows=ROWS)
@several
def test_repeats_are_repeated_rows(late, rows):
    pair = cohorts(*frame_of_rows(rows, late), late)
    for name, estimate in ESTIMATES.items():
        same(name, estimate, *pair)


@given(rows=ROWS, late=st.booleans())
@several
def test_the_ledger_counts_patients_not_rows(rows, late):
    pair = cohorts(*frame_of_rows(rows, late), late)
    for cohort in pair:
        assert cohort.ledger.steps[0].n_after == cohort.n_patients == sum(row[5] for row in rows)
    assert repr(pair[0]) == repr(pair[1])
    mask = (pair[0].frame["years"] > 0.6).to_numpy()
    if not mask.any():
        return
    repeated, whole = (cohort.where(cohort.frame["years"] > 0.6, "followed for half a year").with_zero_follow_up("keep") for cohort in pair)
    assert repeated.ledger == whole.ledger
    assert repeated.repeats.sum() == repeated.n_patients == len(whole)
    same("counts", counts, repeated, whole)


@given(rows=ROWS, late=st.booleans())
@several
def test_follow_up_that_is_moved_or_cut_keeps_the_repeats(rows, late):
    repeated, whole = cohorts(*frame_of_rows(rows, late), late)
    cut, cut_whole = (cohort.split_at((0.5, 2)) for cohort in (repeated, whole))
    assert cut.n_patients == cut_whole.n_patients
    same("by node", lambda cohort: counts(cohort, "nodal", causes=["other"]), cut, cut_whole)
    same("by period", lambda cohort: counts(cohort, "period"), cut, cut_whole)
    if (repeated.active.exit > repeated.clock.position(0.5)).any() and (repeated.active.entry <= repeated.clock.position(0.5)).any():
        moved, moved_whole = (outcome(lambda cohort: cohort.landmark(0.5), cohort)[0] for cohort in (repeated, whole))
        if isinstance(moved_whole, str):
            assert moved == moved_whole
        else:
            assert moved.ledger == moved_whole.ledger
            same("counts", counts, moved, moved_whole)
