"""Age standardisation: weights and ages as they are read, two age groups worked out as fractions, and what is said where one has died out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.errors import InputError, UsageError
from survival_nodes.estimates.net_standard import completed_years, standard_populations
from survival_nodes.estimates.net_survival import NetSurvival
from survival_nodes.life_tables import LifeTable

HALF = {"<50": 1, "50+": 1}


@pytest.fixture(scope="module")
def no_deaths() -> LifeTable:
    """A table in which nobody dies: net survival is observed survival."""
    return LifeTable(np.zeros((2, 60, 120)), np.arange(1980, 2040), np.arange(120), {"sex": ("female", "male")}, name="nobody dies")


def cohort(months, died, age, **more) -> sn.Cohort:
    frame = pd.DataFrame({"months": months, "died": died, "age": age, "sex": "female", "diagnosis_date": "2000-07-01", **more})
    return sn.Cohort.from_frame(frame, {"years": "months", "event": "died"}, "months")


# Four young patients, of whom one dies in the first year and one in the second; two old ones, of whom one dies in the first.
SMALL = {"months": [6, 18, 30, 30, 3, 30], "died": [1, 1, 0, 0, 1, 0], "age": [40.5, 41.5, 42.5, 43.5, 70.5, 71.5]}


@pytest.mark.parametrize("method", ["pohar-perme", "ederer-ii", "ederer-i", "hakulinen"])
@pytest.mark.parametrize("intervals", [None, 12])
def test_the_traditional_way_weighs_estimates(no_deaths, method, intervals):
    found = NetSurvival(
        method=method, life_table=no_deaths, at_years=(1, 2), intervals=intervals, standard=sn.Standard({"<50": 3, "50+": 1}), conf_type="plain")(
        cohort(**SMALL))
    assert found["estimate"].tolist() == pytest.approx([3 / 4 * 3 / 4 + 1 / 4 * 1 / 2, 3 / 4 * 1 / 2 + 1 / 4 * 1 / 2], abs=1e-12)
    # Greenwood's d / (n (n - d)) in intervals, d / n^2 by the day.
    young, old = ([1 / 12, 1 / 12 + 1 / 6], [1 / 2, 1 / 2]) if intervals else ([1 / 16, 1 / 16 + 1 / 9], [1 / 4, 1 / 4])
    variance = [
        9 / 16 * s**2 * v + 1 / 16 * t**2 * w for s, v, t, w in zip([3 / 4, 1 / 2], young, [1 / 2, 1 / 2], old, strict=True)]
    assert found["std_error"].tolist() == pytest.approx(np.sqrt(variance), abs=1e-12)
    assert (found["conf_high"] - found["conf_low"]).tolist() == pytest.approx(2 * 1.959963984540054 * np.sqrt(variance), abs=1e-9)
    assert found["n_risk"].tolist() == [4, 3] and found["n_event"].tolist() == [2, 3]  # patients as they are


@pytest.mark.parametrize("method", ["pohar-perme", "ederer-ii", "ederer-i", "hakulinen"])
@pytest.mark.parametrize("intervals", [None, 12])
def test_brenners_way_weighs_patients(no_deaths, method, intervals):
    brenner = sn.Standard(HALF, how="brenner")
    found = NetSurvival(method=method, life_table=no_deaths, at_years=(1, 2), intervals=intervals, standard=brenner)(cohort(**SMALL))
    # Young ones count 1/2 : 4/6 = 3/4 each, old ones 1/2 : 2/6 = 3/2; by the day the young death at 6 months meets one old patient less.
    first = 1 - (3 / 4 + 3 / 2) / 6 if intervals else (1 - 3 / 2 / 6) * (1 - 3 / 4 / (6 - 3 / 2))
    left = 6 - 3 / 4 - 3 / 2
    assert found["estimate"].tolist() == pytest.approx([first, first * (1 - 3 / 4 / left)], abs=1e-12)
    if intervals:
        squares = [(9 / 16 + 9 / 4) / (6 * left), (9 / 16) / (left * (left - 3 / 4))]
    else:
        squares = [(9 / 4) / 36 + (9 / 16) / (9 / 2) ** 2, (9 / 16) / left**2]
    assert (found["std_error"] / found["estimate"]).tolist() == pytest.approx(np.sqrt(np.cumsum(squares)), abs=1e-12)
    assert found["n_risk"].tolist() == [4, 3]


@pytest.mark.parametrize("how", ["traditional", "brenner"])
@pytest.mark.parametrize("intervals", [None, 6])
def test_where_one_age_group_holds_all_nothing_is_standardised(no_deaths, how, intervals):
    plain = NetSurvival(at_years=(1, 2), intervals=intervals)
    weighted = NetSurvival(at_years=(1, 2), intervals=intervals, standard=sn.Standard({"0-120": 7}, how=how))
    columns = ["estimate", "std_error", "conf_low", "conf_high", "n_risk"]
    assert weighted(cohort(**SMALL))[columns].to_numpy() == pytest.approx(plain(cohort(**SMALL))[columns].to_numpy(), rel=1e-12)


def test_the_observed_mix_as_standard_makes_every_case_weight_1():
    mix = sn.Standard({"<50": 4, "50+": 2}, how="brenner")
    columns = ["estimate", "std_error"]
    plain, weighted = (NetSurvival(at_years=(1, 2), standard=each)(cohort(**SMALL))[columns] for each in (None, mix))
    assert weighted.to_numpy() == pytest.approx(plain.to_numpy(), rel=1e-12)


def test_each_group_is_standardised_by_itself(no_deaths):
    twice = {name: values + values for name, values in SMALL.items()} | {"arm": ["a"] * 6 + ["b"] * 6}
    twice["months"][-1] = 13  # group b only: the old one leaves in the second year
    found = NetSurvival("arm", life_table=no_deaths, at_years=(1,), standard=HALF)(cohort(**twice))
    assert found["estimate"].tolist() == pytest.approx([1 / 2 * 3 / 4 + 1 / 2 * 1 / 2] * 2, abs=1e-12)
    with pytest.raises(InputError, match=r"^b: age group 50\+ has nobody left at risk at 2 years: ask for earlier times, or weight"):
        NetSurvival("arm", life_table=no_deaths, at_years=(1, 2), standard={"<50": 1, "50+": 1})(cohort(**twice))


def test_an_age_group_that_dies_out_is_merged_on_advice_and_brenners_way_goes_on(no_deaths):
    rows = {"months": [40, 40, 40, 30, 40], "died": 0, "age": [30.5, 50.5, 60.5, 70.5, 80.5]}
    rows["months"][4] = 20
    with pytest.raises(InputError, match=(
            r"age group 75\+ has nobody left at risk at 3 years: merge|age groups 65-74, 75\+ have nobody left at risk at 3 years: merge: "
            r"standard=\{'15-44': 0\.07, '45-54': 0\.12, '55\+': 0\.81\}, ask for earlier times, or weight patients with Standard\(\.\.\., how='brenner'\)")):
        NetSurvival(life_table=no_deaths, at_years=(1, 3), standard="icss-1")(cohort(**rows))
    merged = NetSurvival(life_table=no_deaths, at_years=(1, 3), standard={"15-44": 0.07, "45-54": 0.12, "55+": 0.81})(cohort(**rows))
    assert merged["estimate"].tolist() == [1, 1]
    brenner = NetSurvival(life_table=no_deaths, at_years=(1, 3), standard=sn.Standard("icss-1", how="brenner"))(cohort(**rows))
    assert brenner["estimate"].tolist() == [1, 1]


def test_beyond_everybodys_follow_up_the_estimate_is_missing_as_ever(no_deaths):
    found = NetSurvival(life_table=no_deaths, at_years=(1, 9), standard=HALF)(cohort(**SMALL))
    assert np.isnan(found["estimate"][1]) and found["n_risk"][1] == 0


@pytest.mark.parametrize("how", ["traditional", "brenner"])
def test_an_age_group_without_patients_is_said_with_the_weights_that_would_do(how):
    with pytest.raises(InputError, match=r"age groups <30, 60-69 have nobody: merge: standard=\{'<50': 0\.4, '50-69': 0\.4, '70\+': 0\.2\}$"):
        NetSurvival(standard=sn.Standard({"<30": 1, "30-49": 1, "50-59": 1, "60-69": 1, "70+": 1}, how=how))(
            cohort([90, 90, 90], 0, [40.5, 55.5, 77.5]))


def test_patients_outside_every_age_group_are_refused_and_counted():
    with pytest.raises(InputError, match="^2 rows are younger than 15 at diagnosis, where the standard has no weight: leave them out by a rule"):
        NetSurvival(standard="icss-1")(cohort([90, 90, 90], 0, [14.9, 3.2, 70.5]))
    with pytest.raises(InputError, match="^1 row is in none of 20-49, 60[+] at diagnosis"):
        NetSurvival(standard={"20-49": 1, "60+": 1})(cohort([90, 90, 90], 0, [55.5, 30.2, 70.5]))


def test_completed_years_turn_on_the_birthday():
    born = cohort([90] * 4, 0, [None] * 4, birth_date=["1955-07-01", "1955-07-02", "1955-06-30", "1956-02-29"])
    assert completed_years(born, 365.25).tolist() == [45, 44, 45, 44]
    assert completed_years(cohort([90] * 3, 0, [44.999, 45, 45.9]), 365.25).tolist() == [44, 45, 45]


@pytest.mark.parametrize(("weights", "message"), [
    ("icss-4", "no standard population 'icss-4'"), ({}, "standard is a name"), (7, "standard is a name"), ({"45-54": 0, "55+": 1}, "a number above 0, not 0"),
    ({"45-54": -1}, "a number above 0"), ({"45-54": "x"}, "a number above 0"), ({"45 to 54": 1}, "'45 to 54' is no age group of a standard: write 45-54, 75"),
    ({"54-45": 1}, "it ends before it begins"), ({"<0": 1}, "it ends before it begins"), ({"15-45": 1, "45-54": 1}, "age groups '15-45' and '45-54' of a standard overlap"),
])
def test_a_standard_that_cannot_be_read_is_refused_when_it_is_made(weights, message):
    for make in (sn.Standard, lambda given: NetSurvival(standard=given)):
        with pytest.raises(UsageError, match=message):
            make(weights)


def test_the_ways_are_two():
    with pytest.raises(UsageError, match="how is one of traditional, brenner, not 'direct'"):
        sn.Standard("icss-1", how="direct")


@pytest.mark.parametrize("name", standard_populations())
def test_the_method_says_the_standard(name):
    words = NetSurvival(at_years=(1,), intervals=1, method="ederer-ii", standard=sn.Standard(name, how="brenner"))._weighting.words
    assert words == f"age-standardised (ICSS {name[-1]}, Brenner)"
    found = NetSurvival(at_years=(1,), intervals=1, method="ederer-ii", standard=HALF)(cohort(**SMALL))
    assert found["method"][0].startswith("Ederer II, actuarial, 1-month intervals, age-standardised (own weights, traditional), log interval")
