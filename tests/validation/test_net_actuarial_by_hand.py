"""Net survival in intervals: six patients and three intervals worked out as fractions, the joining of pieces, and the words of Intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from survival_nodes.errors import DataWarning, UsageError
from survival_nodes.estimates.followed import Followed
from survival_nodes.estimates.net_actuarial import Intervals, actuarial_curve, joined
from survival_nodes.kernels.life_table_paths import LifeTablePaths
from survival_nodes.kernels.net_intervals import FORMS, RATES, Stays, expected_survival, interval_sums, net_steps

# Over an interval of ten days the life table lets 3/4 of women and 2/3 of men survive, at any age and in any year.
WOMEN, MEN = np.log(4 / 3), np.log(3 / 2)
ENDS = np.array([10.0, 20.0, 30.0])
WIDTH = np.full(3, 10.0)
#           A dies  B leaves  C dies  D leaves  E enters late, leaves  F leaves at the end
ENTRY = np.array([-1.0, -1.0, -1.0, -1.0, 3.0, -1.0])
EXIT = np.array([4.0, 10.0, 15.0, 20.0, 17.0, 30.0])
EVENT = np.array([1, 0, 1, 0, 0, 0])
SEX = np.array([0, 0, 0, 1, 1, 1])


def paths(n: int = 6) -> LifeTablePaths:
    rates = np.array([WOMEN, MEN])[:, None, None] / 10 * np.ones((2, 1, 1))
    return LifeTablePaths(rates, np.array([0.0]), np.array([0.0]), SEX[:n], np.zeros(n), np.full(n, 20000.0))


def stays(case: np.ndarray | None = None) -> Stays:
    return Stays(paths(), ENTRY, EXIT, EVENT, np.ones(6) if case is None else case, ENDS)


@pytest.mark.parametrize("rates", RATES)
def test_the_counts_of_each_interval(rates):
    sums = interval_sums(stays(), rates)
    assert sums.start.tolist() == [5, 4, 1]
    assert sums.late.tolist() == [1, 0, 0]
    assert sums.event.tolist() == [1, 1, 0]
    assert sums.withdrawn.tolist() == [1, 2, 1]
    assert sums.effective.tolist() == [5, 3, 1 / 2]
    assert sums.days == pytest.approx([4 + 10 + 10 + 10 + 7 + 10, 5 + 10 + 7 + 10, 10], abs=1e-12)
    expected = [(4 + 10 + 10) / 10 * WOMEN + (10 + 7 + 10) / 10 * MEN, 5 / 10 * WOMEN + (10 + 7 + 10) / 10 * MEN, MEN]
    assert sums.expected_event == pytest.approx(expected, abs=1e-12)
    survivors = [3 * 3 / 4 + 2 * 2 / 3 + 1 / 2 * 2 / 3, 3 / 4 + 3 * 2 / 3, 2 / 3]
    assert sums.expected_survivor == pytest.approx(survivors, abs=1e-12)


@pytest.mark.parametrize("rates", RATES)
def test_ederer_ii_in_the_actuarial_form(rates):
    steps, variance = net_steps(interval_sums(stays(), rates), "actuarial", WIDTH)
    expected = [(3 * 3 / 4 + 2 * 2 / 3 + 1 / 2 * 2 / 3) / (5 + 1 / 2), (3 / 4 + 3 * 2 / 3) / 4, 2 / 3]
    assert steps == pytest.approx([4 / 5 / expected[0], 2 / 3 / expected[1], 1 / expected[2]], abs=1e-12)
    assert variance == pytest.approx([1 / (5 * 4), 1 / (3 * 2), 0], abs=1e-15)


@pytest.mark.parametrize("rates", RATES)
def test_ederer_ii_in_the_excess_and_hazard_forms(rates):
    sums = interval_sums(stays(), rates)
    deaths = [12 / 5 * WOMEN + 27 / 10 * MEN, 1 / 2 * WOMEN + 27 / 10 * MEN, MEN]
    steps, variance = net_steps(sums, "excess", WIDTH)
    assert steps == pytest.approx([1 - (1 - deaths[0]) / 5, 1 - (1 - deaths[1]) / 3, 1 + deaths[2] * 2], abs=1e-12)
    assert variance == pytest.approx([1 / 20, 1 / 6, 0], abs=1e-15)
    steps, variance = net_steps(sums, "hazard", WIDTH)
    assert np.log(steps) == pytest.approx([-10 * (1 - deaths[0]) / 51, -10 * (1 - deaths[1]) / 32, deaths[2]], abs=1e-12)
    assert variance == pytest.approx([100 / 51**2, 100 / 32**2, 0], abs=1e-15)


@pytest.mark.parametrize("rates", RATES)
def test_pohar_perme_weighs_by_the_inverse_expected_survival_to_the_middle(rates):
    sums = interval_sums(stays(), rates, weighted=True)
    women, men = (4 / 3) ** 0.5, (3 / 2) ** 0.5  # the first interval; in the second also the whole first
    steps, variance = net_steps(sums, "actuarial", WIDTH)
    effective = 3 * women + 2 * men + men / 2 - women / 2
    share = (3 * women * 3 / 4 + 5 / 2 * men * 2 / 3) / (3 * women + 5 / 2 * men)
    assert steps[0] == pytest.approx((1 - women / effective) / share, abs=1e-12)
    assert variance[0] == pytest.approx(women**2 / (effective * (effective - women)), abs=1e-12)
    women, men = women * 4 / 3, men * 3 / 2
    steps, variance = net_steps(sums, "hazard", WIDTH)
    days = 5 * women + (10 + 7 + 10) * men
    expected = women * 5 / 10 * WOMEN + men * 27 / 10 * MEN
    assert np.log(steps[1]) == pytest.approx(-10 * (women - expected) / days, abs=1e-12)
    assert variance[1] == pytest.approx((10 * women / days) ** 2, abs=1e-12)


@pytest.mark.parametrize("rates", RATES)
def test_ederer_i_expects_of_everybody_and_hakulinen_withdraws(rates):
    assert expected_survival(stays(), rates) == pytest.approx([(3 / 4 + 2 / 3) / 2, (9 / 16 + 4 / 9) / 2, (27 / 64 + 8 / 27) / 2], abs=1e-12)
    # A could have been followed to 25, B to 10, the others beyond 30 days.
    potential = np.array([25.0, 10.0, 40.0, 40.0, 40.0, 40.0])
    # E, who enters within the first interval, counts half there.
    first = 1 - (2 * 1 / 4 + (1 - (3 / 4) ** 0.5) + 5 / 2 * 1 / 3) / (11 / 2 - (3 / 4) ** 0.5 / 2)
    second = 1 - (2 * 3 / 4 * 1 / 4 + 3 * 2 / 3 * 1 / 3) / (2 * 3 / 4 + 3 * 2 / 3)
    third = 1 - (9 / 16 * (1 - (3 / 4) ** 0.5) + 9 / 16 * 1 / 4 + 3 * 4 / 9 * 1 / 3) / (2 * 9 / 16 + 3 * 4 / 9 - 9 / 16 * (3 / 4) ** 0.5 / 2)
    assert expected_survival(stays(), rates, potential) == pytest.approx(np.cumprod([first, second, third]), abs=1e-12)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("weighted", [False, True])
def test_case_weights_count_rows_more_than_once(form, weighted):
    case = np.array([2.0, 1.0, 2.0, 1.0, 1.0, 3.0])
    twice = np.repeat(np.arange(6), case.astype(int))
    repeated = Stays(paths().take(twice), ENTRY[twice], EXIT[twice], EVENT[twice], np.ones(len(twice)), ENDS)
    own, other = (interval_sums(each, weighted=weighted) for each in (stays(case), repeated))
    assert net_steps(own, form, WIDTH)[0] == pytest.approx(net_steps(other, form, WIDTH)[0], rel=1e-12)
    assert own.squared_event == pytest.approx(2 * other.squared_event, rel=1e-12)  # one who counts twice is not two who count once


def followed(entry: np.ndarray = ENTRY, exit_: np.ndarray = EXIT, event: np.ndarray = EVENT) -> Followed:
    n = len(exit_)
    # A year of twelve tens of days.
    return Followed(
        paths=paths(n), entry=entry, exit=exit_, event=event, codes=np.zeros(n, dtype=int), labels=("all",), days_per_year=120.0, diagnosis=np.zeros(n),
        row=np.arange(n))


@pytest.mark.parametrize("method", ["ederer-ii", "pohar-perme", "ederer-i", "hakulinen"])
def test_a_curve_has_its_intervals_ends_and_0_and_no_time_beyond_follow_up(method):
    curve = actuarial_curve(followed(np.full(6, -1.0)), Intervals(1), method, 50.0, potential=np.full(6, 99.0))
    assert curve.days.tolist() == [10, 20, 30, 40, 50]
    survival, error = curve.at(np.array([0.0, 10.0, 15.0, 30.0, 40.0]))
    assert (survival[0], error[0]) == (1, 0)
    assert np.isnan(survival[[2, 4]]).all() and np.isnan(error[[2, 4]]).all()
    assert error[3] == pytest.approx((1 / (11 / 2 * 9 / 2) + 1 / 6) ** 0.5, abs=1e-12) or method == "pohar-perme"
    if method in {"ederer-i", "hakulinen"}:  # nobody could have been withdrawn: the two are one
        assert survival[3] == pytest.approx(9 / 11 * 2 / 3 / ((27 / 64 + 8 / 27) / 2), abs=1e-12)


def test_unequal_intervals_are_those_asked_for():
    sums = interval_sums(Stays(paths(), ENTRY, EXIT, EVENT, np.ones(6), np.array([10.0, 30.0])))
    steps, _ = net_steps(sums, "actuarial", np.array([10.0, 20.0]))
    assert sums.effective.tolist() == [5, 4 - 3 / 2]
    assert steps[1] == pytest.approx((1 - 1 / (5 / 2)) / ((9 / 16 + 3 * 4 / 9) / 4), abs=1e-12)
    assert actuarial_curve(followed(), Intervals((1, 3)), "ederer-ii", 30.0).at(np.array([30.0]))[0] == pytest.approx(np.prod(steps), abs=1e-12)


def test_where_more_die_than_are_effectively_at_risk_nothing_is_known():
    entry, exit_, event = np.array([-1.0, -1.0, 12.0]), np.array([5.0, 10.0, 15.0]), np.array([1, 0, 1])
    with pytest.warns(DataWarning, match="^all: in the interval after 0.08333 years more die than are effectively at risk: missing from there on"):
        curve = actuarial_curve(followed(entry, np.append(exit_[:2], 15.0), event), Intervals(0.5), "ederer-ii", 15.0)
    assert np.isnan(curve.survival[2]) and curve.survival[1] > 0


def test_all_who_are_left_die_and_survival_is_0():
    curve = actuarial_curve(followed(ENTRY[:3], np.array([4.0, 15.0, 20.0]), np.array([0, 1, 1])), Intervals(1), "ederer-ii", 20.0)
    assert curve.survival.tolist()[1] == 0 and curve.at(np.array([20.0]))[0] == 0


def test_pieces_of_a_patient_that_touch_are_joined():
    whole = followed(np.array([-1.0, -1.0, 3.0]), np.array([25.0, 10.0, 20.0]), np.array([1, 0, 0]))
    pieces = replace(
        whole.take(np.array([0, 2, 1, 0, 0])), entry=np.array([12.0, 3.0, -1.0, -1.0, 10.0]), exit=np.array([25.0, 20.0, 10.0, 10.0, 12.0]),
        event=np.array([1, 0, 0, 0, 0]), row=np.arange(5))
    again = joined(pieces, np.array(["a", "c", "b", "a", "a"]))
    assert again.entry.tolist() == [-1, -1, 3] and again.exit.tolist() == [25, 10, 20] and again.event.tolist() == [1, 0, 0]
    assert again.row.tolist() == [3, 2, 1]
    one, other = (actuarial_curve(each, Intervals(1), "pohar-perme", 20.0).survival for each in (whole, again))
    assert one == pytest.approx(other, abs=1e-12)


def test_rows_of_patients_with_one_row_stay_as_they_are():
    assert joined(followed(), np.arange(6)).exit is EXIT


@pytest.mark.parametrize("months", [0, -1, True, (), (3, 3), (6, 3), "12", np.nan, np.inf, None])
def test_intervals_are_months_that_rise(months):
    with pytest.raises(UsageError, match="intervals are a length in months, as 12, or the months at which they end"):
        Intervals(months)


@pytest.mark.parametrize(("option", "value"), [("form", "life-table"), ("rates", "end")])
def test_intervals_know_their_words(option, value):
    with pytest.raises(UsageError, match=f"{option} is one of .*, not {value!r}"):
        Intervals(12, **{option: value})


def test_a_time_at_which_no_interval_ends_names_the_nearest():
    Intervals(1).check_times((0, 1, 2.5, 10))
    Intervals((6, 60)).check_times((0.5, 5))
    with pytest.raises(UsageError, match=r"at_years has 2\.500, where no interval ends: the nearest ends are 24 months \(2 years\) and 36 months \(3 years\)"):
        Intervals(12).check_times((1, 2.5))
    with pytest.raises(UsageError, match=r"the nearest ends are 6 months \(0\.5 years\) and 60 months \(5 years\)"):
        Intervals((6, 60)).check_times((10,))
