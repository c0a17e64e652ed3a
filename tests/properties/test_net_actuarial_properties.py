"""What holds for net survival in intervals, and for age standardisation, whatever the cohort."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import survival_nodes as sn
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.net_survival import NetSurvival
from survival_nodes.kernels.net_intervals import FORMS, RATES
from survival_nodes.life_tables import LifeTable

METHODS = ("pohar-perme", "ederer-ii", "ederer-i", "hakulinen")
YEARS, AGES = np.arange(1980, 2040), np.arange(120)
SEXES = {"sex": ("female", "male")}
NOBODY_DIES = LifeTable(np.zeros((2, 60, 120)), YEARS, AGES, SEXES, name="nobody dies")
ALL_ALIKE = LifeTable(np.full((2, 60, 120), 0.03), YEARS, AGES, SEXES, name="all alike")
MADE = LifeTable(
    0.001 * np.exp(0.05 * AGES)[None, None, :] * np.array([1.0, 1.4])[:, None, None] * (1 - 0.005 * (YEARS - 1980))[None, :, None], YEARS, AGES, SEXES, name="made")

PATIENT = st.fixed_dictionaries({
    "months": st.integers(1, 72), "died": st.integers(0, 1), "age": st.integers(200, 950).map(lambda tenths: tenths / 10 + 0.03),
    "sex": st.sampled_from(["female", "male"]), "day": st.integers(0, 3000)})
PATIENTS = st.lists(PATIENT, min_size=2, max_size=25)


def cohort(rows, unit: str = "months", **columns: str) -> sn.Cohort:
    frame = pd.DataFrame(rows)
    frame["diagnosis_date"] = pd.Timestamp("1999-01-01") + pd.to_timedelta(frame.pop("day"), unit="D")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # follow-up too short or too long to be believed
        return sn.Cohort.from_frame(frame, {"years": "months", "event": "died"} | columns, unit)


def estimates(rows_or_cohort, **options) -> np.ndarray:
    source = cohort(rows_or_cohort) if isinstance(rows_or_cohort, list) else rows_or_cohort
    frame = NetSurvival(**{"life_table": MADE, "at_years": (0, 0.5, 1, 2, 5), "intervals": 6, **options})(source)
    return frame[["estimate", "std_error", "conf_low", "conf_high"]].to_numpy()


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    return np.allclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True)


def life_table_survival(rows, ends) -> list[float]:
    """Observed survival in intervals, by the textbook."""
    survival, found = 1.0, []
    for start, end in zip([0, *ends], ends):
        at_risk = [row for row in rows if row["months"] > start]
        leaving = [row for row in at_risk if row["months"] <= end]
        died = sum(row["died"] for row in leaving)
        if at_risk:
            survival *= 1 - died / (len(at_risk) - (len(leaving) - died) / 2)
        found.append(survival if max(row["months"] for row in rows) >= end else np.nan)
    return found


@given(PATIENTS, st.sampled_from(METHODS), st.sampled_from(["actuarial", "excess"]), st.sampled_from(RATES))
@settings(max_examples=40, deadline=None)
def test_where_nobody_is_expected_to_die_it_is_the_observed_life_table(rows, method, form, rates):
    found = estimates(rows, method=method, life_table=NOBODY_DIES, at_years=(1, 2, 3), intervals=sn.Intervals(12, form=form, rates=rates))[:, 0]
    assert found == pytest.approx(life_table_survival(rows, [12, 24, 36]), rel=1e-12, nan_ok=True)


@given(PATIENTS, st.sampled_from(FORMS), st.sampled_from(RATES))
@settings(max_examples=30, deadline=None)
def test_where_everybody_has_the_same_hazard_the_methods_agree(rows, form, rates):
    # Nobody is withdrawn half-way, as Hakulinen would expect: all are diagnosed on one day, and somebody is followed to the last.
    rows = [row | {"day": 0, "months": row["months"] if row["died"] else 72} for row in [*rows, rows[0] | {"died": 0}]]
    intervals = sn.Intervals(6, form=form, rates=rates)
    found = {method: estimates(rows, method=method, life_table=ALL_ALIKE, intervals=intervals) for method in METHODS}
    assert alike(found["pohar-perme"], found["ederer-ii"])
    assert alike(found["ederer-i"][:, 0], found["hakulinen"][:, 0])
    if form == "actuarial":
        assert alike(found["ederer-i"], found["ederer-ii"])


@given(PATIENTS, st.sampled_from(METHODS))
@settings(max_examples=25, deadline=None)
def test_where_nobody_leaves_alive_longer_intervals_say_the_same(rows, method):
    rows = [row | {"months": row["months"] if row["died"] else 72} for row in rows]
    found = [estimates(rows, method=method, life_table=NOBODY_DIES, at_years=(1, 5), intervals=months)[:, 0] for months in (1, 6, 12, (12, 36, 60))]
    for other in found[1:]:
        assert alike(found[0], other)


@given(PATIENTS, st.sampled_from(METHODS), st.sampled_from(FORMS), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_order_of_rows_says_nothing(rows, method, form, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    intervals = sn.Intervals(6, form=form)
    assert alike(estimates(rows, method=method, intervals=intervals), estimates(shuffled, method=method, intervals=intervals))


@given(PATIENTS, st.sampled_from(METHODS), st.sampled_from(RATES))
@settings(max_examples=25, deadline=None)
def test_the_unit_of_time_says_nothing(rows, method, rates):
    in_years = cohort([row | {"months": row["months"] / 12} for row in rows], "years")
    intervals = sn.Intervals(6, rates=rates)
    assert alike(estimates(rows, method=method, intervals=intervals), estimates(in_years, method=method, intervals=intervals))


@given(PATIENTS, st.integers(1, 40), st.sampled_from(METHODS), st.sampled_from(FORMS))
@settings(max_examples=30, deadline=None)
def test_follow_up_in_pieces_is_follow_up(rows, cut, method, form):
    pieces = []
    for name, row in enumerate(rows):
        own = row | {"patient_id": f"p{name}", "entry": 0}
        if row["months"] > cut:
            pieces += [own | {"entry": cut}, own | {"months": cut, "died": 0}]
        else:
            pieces.append(own)
    split, intervals = cohort(pieces, entry_years="entry"), sn.Intervals(6, form=form)
    assert alike(estimates(rows, method=method, intervals=intervals), estimates(split, method=method, intervals=intervals))


@given(PATIENTS, st.sampled_from(METHODS), st.sampled_from([None, 6]))
@settings(max_examples=25, deadline=None)
def test_the_mix_of_the_cohort_as_standard_changes_nothing_in_brenners_way(rows, method, intervals):
    old = sum(row["age"] >= 60 for row in rows)
    mix = {label: n for label, n in (("<60", len(rows) - old), ("60+", old)) if n}
    plain = estimates(rows, method=method, intervals=intervals)
    assert alike(plain, estimates(rows, method=method, intervals=intervals, standard=sn.Standard(mix, how="brenner")))


@given(PATIENTS, st.sampled_from(METHODS), st.sampled_from(["traditional", "brenner"]), st.floats(0.1, 50))
@settings(max_examples=25, deadline=None)
def test_one_age_group_and_the_size_of_weights_change_nothing(rows, method, how, size):
    standard = sn.Standard({"0-120": size}, how=how)
    assert alike(estimates(rows, method=method), estimates(rows, method=method, standard=standard))


@given(PATIENTS, st.sampled_from(["pohar-perme", "ederer-ii"]))
@settings(max_examples=20, deadline=None)
def test_a_standardised_estimate_lies_between_those_of_the_age_groups(rows, method):
    rows = rows + [
        {"months": 72, "died": 0, "age": age, "sex": "female", "day": 0} for age in (40.5, 70.5)]
    ages = [[row for row in rows if (row["age"] < 60) == young] for young in (True, False)]
    young, old = (estimates(group, method=method)[:, 0] for group in ages)
    both = estimates(rows, method=method, standard={"<60": 1, "60+": 2})[:, 0]
    assert both == pytest.approx((young + 2 * old) / 3, rel=1e-12)
