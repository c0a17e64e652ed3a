"""What holds for every synthetic cohort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from survival_nodes.columns import COHORT, check
from survival_nodes.errors import UsageError
from survival_nodes.sources.synthetic import synthesize
from survival_nodes.sources.synthetic_calibration import SCENARIOS, STRATA
from survival_nodes.sources.synthetic_truth import expected_events, true_survival

SEEDS = st.integers(0, 2**63)
SIZES = st.integers(1, 300)
WORLDS = st.sampled_from(list(SCENARIOS))
WOMAN = ["patient_id", "age", "birth_date", "diagnosis_date", "nodal_category", "macro_extent", "t_category", "grade", "er", "chemotherapy",
         "endocrine_therapy"]

pytestmark = pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")  # a cohort of one woman may be followed for days only


@settings(max_examples=30, deadline=None)
@given(n=SIZES, seed=SEEDS, scenario=WORLDS)
def test_the_cohort_fits_the_dictionary_and_says_that_it_is_synthetic(n, seed, scenario):
    cohort = synthesize(n, seed, scenario=scenario)
    rows = cohort.rows
    assert check(rows, COHORT) == ()
    assert cohort.synthetic and len(cohort) == cohort.n_patients == n
    assert set(cohort.endpoints) >= {"overall", "breast-cancer"}
    assert ((rows["event"] == 1) == rows["cause"].isin(["breast-cancer", "other"])).all()
    assert (rows["macro_extent"].notna() == (rows["nodal_category"] == "macro")).all()
    assert (cohort.exit_ticks == np.rint(rows["years"] * 365.25)).all()


@settings(max_examples=20, deadline=None)
@given(n=SIZES, seed=SEEDS, scenario=WORLDS)
def test_the_same_seed_gives_the_same_bytes(n, seed, scenario):
    first, second = (synthesize(n, seed, scenario=scenario).rows.to_csv(index=False) for _ in range(2))
    assert first == second


@settings(max_examples=20, deadline=None)
@given(n=SIZES, more=SIZES, seed=SEEDS)
def test_a_larger_cohort_begins_with_the_smaller_one(n, more, seed):
    small, large = synthesize(n, seed).rows, synthesize(n + more, seed).rows
    assert large.iloc[:n].to_csv(index=False) == small.to_csv(index=False)


@settings(max_examples=20, deadline=None)
@given(n=SIZES, seed=SEEDS)
def test_another_scenario_is_the_same_women_with_other_outcomes(n, seed):
    published, regional = (synthesize(n, seed, scenario=name).rows for name in ("published", "regional"))
    assert published[WOMAN].equals(regional[WOMAN])
    touched = published["nodal_category"].isin(["micro", "macro"])
    assert published[~touched].drop(columns="patient_id").equals(regional[~touched].drop(columns="patient_id"))
    assert (regional["years"] <= published["years"]).all()  # a higher hazard never lengthens a life


def test_different_seeds_give_different_women():
    assert not synthesize(50, 1).rows["age"].equals(synthesize(50, 2).rows["age"])


@settings(max_examples=20, deadline=None)
@given(years=st.floats(0.1, 40), scenario=WORLDS)
def test_the_truth_adds_up_and_falls_with_time(years, scenario):
    rows = true_survival(scenario, [years, years / 2])
    parts = rows[["breast_cancer_incidence", "other_incidence", "observed_survival"]]
    assert np.allclose(parts.sum(axis=1), 1)
    assert ((parts >= 0) & (parts <= 1)).all(axis=None)
    late, early = rows[rows["years"] == years], rows[rows["years"] != years]
    assert (late["net_survival"].to_numpy() <= early["net_survival"].to_numpy()).all()
    assert (late["observed_survival"].to_numpy() <= late["net_survival"].to_numpy()).all()


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 10**6), scenario=WORLDS)
def test_expected_events_grow_with_n(n, scenario):
    one, many = (expected_events(size, scenario).set_index("nodal_category") for size in (1, n))
    assert np.allclose(many, n * one)


def test_shares_add_up():
    assert sum(stratum.share for stratum in STRATA) == pytest.approx(1, abs=1e-12)
    assert all(sum(stratum.t_shares) == pytest.approx(1, abs=1e-12) for stratum in STRATA)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"n": 0, "seed": 1}, "n: give a whole number"), ({"n": 2.5, "seed": 1}, "n: give"), ({"n": 5, "seed": -1}, "seed: give"),
     ({"n": 5, "seed": None}, "seed: give"), ({"n": 5, "seed": True}, "seed: give"), ({"n": 5, "seed": 1, "scenario": "nul"}, "nearest: 'null'")],
)
def test_what_cannot_be_drawn_is_refused(arguments, words):
    with pytest.raises(UsageError, match=words):
        synthesize(**arguments)


def test_times_of_the_truth_are_checked():
    with pytest.raises(UsageError, match="above 0 and up to 40 years"):
        true_survival(at_years=[0])
