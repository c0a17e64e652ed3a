"""The counts of net survival beside a slow, plain oracle that walks every patient day by day, itself checked by hand."""

from __future__ import annotations

import math
from bisect import bisect_right

import numpy as np
import pytest

from survival_nodes.kernels import exposure_sums as sums_module
from survival_nodes.kernels import life_table_paths as paths_module
from survival_nodes.kernels.exposure_sums import exposure_sums
from survival_nodes.kernels.life_table_paths import LifeTablePaths, Points
from survival_nodes.kernels.net_counts import Case, net_counts, risk_counts, step_points
from survival_nodes.kernels.net_survival import ederer_ii, expected_of_those_at_risk, expected_under_observation, mean_expected, pohar_perme

FUZZ = 1e-7  # days


def rate_at(paths: LifeTablePaths, row: int, time: float) -> float:
    """The rate of a row's cell on a day."""
    year = max(bisect_right(paths.year_cuts.tolist(), paths.date[row] + time + FUZZ) - 1, 0)
    age = max(bisect_right(paths.age_cuts.tolist(), paths.age[row] + time + FUZZ) - 1, 0)
    return float(paths.rates[paths.stratum[row], year, age])


def oracle(paths, entry, exit_, event, times, case) -> dict[str, list[float]]:
    """The recipe, one patient and one step at a time."""
    n = len(exit_)
    hazard, begin = [0.0] * n, 0.0
    found = {name: [] for name in ("n_risk", "n_event", "weight", "weighted_events", "squared_events", "population", "weighted_population")}
    for time in times:
        plain = weighted = 0.0
        while begin < time - 1e-9:
            length = min(1.0, time - begin)
            length = time - begin if time - begin - length < 1e-9 else length
            rates = [rate_at(paths, i, begin) for i in range(n)]
            there = [i for i in range(n) if max(entry[i], 0.0) <= begin < exit_[i]]
            ends = [hazard[i] + rates[i] * length for i in range(n)]
            if there:
                plain += length * sum(case[i] * rates[i] for i in there) / sum(case[i] for i in there)
                for reached in (hazard, ends):
                    weights = {i: case[i] * math.exp(reached[i]) for i in there}
                    weighted += length / 2 * sum(weights[i] * rates[i] for i in there) / sum(weights.values())
            hazard, begin = ends, begin + length
        begin = time
        at_risk = [i for i in range(n) if max(entry[i], 0.0) < time <= exit_[i]]
        died = [i for i in at_risk if event[i] and exit_[i] == time]
        weight = [case[i] * math.exp(hazard[i]) for i in range(n)]
        for name, value in (
            ("n_risk", sum(case[i] for i in at_risk)), ("n_event", sum(case[i] for i in died)), ("weight", sum(weight[i] for i in at_risk)),
            ("weighted_events", sum(weight[i] for i in died)), ("squared_events", sum(weight[i] ** 2 for i in died)), ("population", plain),
            ("weighted_population", weighted)):
            found[name].append(value)
    return found


def test_the_oracle_by_hand():
    """Rates a and b a day, b doubled on the second patient's birthday after one day; the first leaves after two days, the second dies after three."""
    a, b = 0.01, 0.02
    paths = LifeTablePaths(np.array([[[a, a]], [[b, 2 * b]]]), np.array([0.0]), np.array([0.0, 100.0]), np.array([0, 1]), np.zeros(2), np.array([50.0, 99.0]))
    found = oracle(paths, [-1, -1], [2.0, 3.0], [0, 1], [2.0, 3.0], [1.0, 1.0])
    exp = math.exp

    def ratio(first: float, second: float, second_rate: float) -> float:
        return (a * exp(first) + second_rate * exp(second)) / (exp(first) + exp(second))

    day_one = (ratio(0, 0, b) + ratio(a, b, b)) / 2
    day_two = (ratio(a, b, 2 * b) + ratio(2 * a, 3 * b, 2 * b)) / 2
    assert found["weighted_population"] == pytest.approx([day_one + day_two, 2 * b], abs=1e-15)
    assert found["population"] == pytest.approx([(a + b) / 2 + (a + 2 * b) / 2, 2 * b], abs=1e-15)
    assert found["weight"] == pytest.approx([exp(2 * a) + exp(3 * b), exp(5 * b)], abs=1e-15)
    assert (found["n_risk"], found["n_event"]) == ([2, 1], [0, 1])
    assert found["squared_events"] == pytest.approx([0, exp(10 * b)], abs=1e-15)


def made(seed: int, *, whole: bool = True, late: bool = False, months: bool = False, gaps: bool = False):
    """A small cohort and table, drawn; rates far higher than life's, so that what is wrong shows."""
    draw = np.random.default_rng(seed)
    n = int(draw.integers(1, 16))
    years, ages = (np.array([0, 365, 731, 1096]), np.arange(0, 12) * 365.25) if not gaps else (np.array([0, 731]), np.array([0, 1, 2, 5, 9]) * 365.25)
    rates = draw.uniform(0, 0.004, (2, len(years), len(ages)))
    date, age = draw.integers(-200, 900, n).astype(float), draw.uniform(0, 11 * 365.25, n)
    age = np.round(age) if whole else np.round(age, 3)
    step = 30.4375 if months else 1.0
    exit_ = step * draw.integers(1, 14 if months else 400, n)
    entry = np.full(n, -1.0)
    if late:
        entry = np.where(draw.random(n) < 0.6, step * np.floor(exit_ / step * draw.random(n)), -1.0)
        entry[entry == 0] = -1.0
    event = (draw.random(n) < 0.6).astype(np.int8)
    paths = LifeTablePaths(rates, years.astype(float), ages, draw.integers(0, 2, n), date, age)
    asked = draw.uniform(0.1, exit_.max(), 2)
    times = np.unique(np.concatenate((exit_, entry[entry > 0], np.round(asked, 2))))
    return paths, entry, exit_, event, times[times > 0]


FORMS = [{}, {"whole": False}, {"late": True}, {"months": True}, {"months": True, "late": True, "whole": False}, {"gaps": True}, {"gaps": True, "late": True}]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: " ".join(form) or "plain")
@pytest.mark.parametrize("weighted", [False, True])
def test_counts_are_the_oracle_s(form, weighted):
    for seed in range(3):
        paths, entry, exit_, event, times = made(seed, **form)
        case = np.random.default_rng(seed).uniform(0.2, 3, len(exit_)) if weighted else None
        wanted = oracle(paths, entry, exit_, event, times, np.ones(len(exit_)) if case is None else case)
        found = net_counts(paths, entry, exit_, event, times, Case(case))
        for name, values in wanted.items():
            np.testing.assert_allclose(getattr(found, name), values, rtol=1e-11, atol=1e-13, err_msg=f"{name}, seed {seed}")


@pytest.mark.parametrize(("section", "most_cells"), [(30.0, 1 << 22), (30.0, 0), (1461.0, 0), (1e9, 1 << 22)])
def test_sums_do_not_depend_on_how_they_are_taken(monkeypatch, section, most_cells):
    paths, entry, exit_, event, times = made(3, late=True)
    wanted = net_counts(paths, entry, exit_, event, times)
    monkeypatch.setattr(sums_module, "SECTION", section)
    monkeypatch.setattr(sums_module, "_MOST_CELLS", most_cells)
    found = net_counts(paths, entry, exit_, event, times)
    for name in ("weight", "weighted_events", "population", "weighted_population"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-12)


def test_sums_do_not_depend_on_how_many_rows_are_taken_together(monkeypatch):
    for seed in range(6):
        paths, entry, exit_, event, times = made(seed, late=seed % 2 == 0)
        case = Case(None, np.arange(len(exit_)) % 3 + 1)
        wanted = net_counts(paths, entry, exit_, event, times, case)
        with monkeypatch.context() as patch:
            for module, name, size in ((paths_module, "BLOCK", 5), (paths_module, "SLICE", 4), (sums_module, "CHUNK", 2)):
                patch.setattr(module, name, size)
            found = net_counts(paths, entry, exit_, event, times, case)
        for name in ("n_risk", "n_event", "weight", "weighted_events", "squared_events", "population", "weighted_population"):
            np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-12, err_msg=name)


def test_sums_that_are_not_wanted_are_missing():
    paths, entry, exit_, event, times = made(3, late=True)
    both = net_counts(paths, entry, exit_, event, times)
    for of, there, absent in (("weights", "weighted_population", "population"), ("plain", "population", "weighted_population")):
        found = net_counts(paths, entry, exit_, event, times, of=of)
        np.testing.assert_allclose(getattr(found, there), getattr(both, there), rtol=1e-12)
        assert np.isnan(getattr(found, absent)).all()


def test_rates_far_apart_do_not_grow_out_of_each_other_s_digits():
    """Beside a rate of 20 a year, as an open last age that nobody survives may have, weights of 1 in 1,000 a year keep their digits."""
    rates = np.array([[[0.001, 20.0]]]) / 365.25
    paths = LifeTablePaths(rates, np.array([0.0]), np.array([0.0, 100 * 365.25]), np.zeros(2, dtype=np.int64), np.zeros(2), np.array([40.0, 101.0]) * 365.25)
    times = np.arange(1.0, 1500.0)
    found = net_counts(paths, np.full(2, -1.0), np.array([1499.0, 200.0]), np.zeros(2), times)
    np.testing.assert_allclose(found.weight[200:], np.exp(0.001 / 365.25 * times[200:]), rtol=1e-9)
    np.testing.assert_allclose(found.weight[:200], np.exp(0.001 / 365.25 * times[:200]) + np.exp(20 / 365.25 * times[:200]), rtol=1e-12)


def test_zero_rates_give_whole_numbers():
    paths, entry, exit_, event, times = made(5, late=True)
    still = LifeTablePaths(np.zeros_like(paths.rates), *(getattr(paths, name) for name in ("year_cuts", "age_cuts", "stratum", "date", "age")))
    found = net_counts(still, entry, exit_, event, times)
    np.testing.assert_array_equal(found.weight, found.n_risk)
    np.testing.assert_array_equal(found.weighted_events, found.n_event)
    np.testing.assert_array_equal(found.weighted_population, 0.0)
    assert (pohar_perme(found).survival == ederer_ii(found).survival).all()


def test_time_zero_counts_who_leaves_there():
    paths, _, _, _, _ = made(1)
    paths = paths.take(np.zeros(4, dtype=np.int64))
    entry, exit_, event = np.array([-1.0, -1.0, -1.0, 3.0]), np.array([0.0, 0.0, 5.0, 6.0]), np.array([1, 0, 1, 0])
    found = net_counts(paths, entry, exit_, event, np.array([0.0, 3.0, 5.0, 6.0]), Case(np.array([2.0, 1.0, 1.0, 1.0])))
    assert found.n_risk.tolist() == [4.0, 1.0, 2.0, 1.0]
    assert found.n_event.tolist() == [2.0, 0.0, 1.0, 0.0]
    assert (found.weight[0], found.weighted_events[0], found.squared_events[0], found.population[0]) == (4.0, 2.0, 4.0, 0.0)
    alone = net_counts(paths, entry, exit_, event, np.array([0.0]))
    assert (alone.n_risk.tolist(), alone.n_event.tolist(), alone.weight.tolist()) == ([3.0], [1.0], [3.0])


def hazard_at(paths: LifeTablePaths, time: float) -> np.ndarray:
    return paths.cumulative_hazard(np.full(len(paths), time))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: " ".join(form) or "plain")
def test_mean_expected_survival_is_the_mean(form):
    for seed in range(4):
        paths, _, exit_, _, times = made(seed, **form)
        case = np.random.default_rng(seed).uniform(0.5, 2, len(exit_))
        wanted = [np.average(np.exp(-hazard_at(paths, time)), weights=case) for time in times]
        np.testing.assert_allclose(mean_expected(paths, times, case), wanted, rtol=1e-12)
        np.testing.assert_allclose(mean_expected(paths, times[-1:], case), wanted[-1:], rtol=1e-12)
    assert mean_expected(paths, np.array([0.0, 1.0]))[0] == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: " ".join(form) or "plain")
def test_expected_survival_under_observation_step_by_step(form):
    for seed in range(4):
        paths, entry, exit_, _, times = made(seed, **form)
        wanted, survival, begin = [], 1.0, 0.0
        for time in times:
            here = (np.maximum(entry, 0.0) <= begin) & (exit_ >= time)
            if here.any():
                survival *= np.exp(-hazard_at(paths, time)[here]).sum() / np.exp(-hazard_at(paths, begin)[here]).sum()
            wanted.append(survival)
            begin = time
        np.testing.assert_allclose(expected_under_observation(paths, entry, exit_, times), wanted, rtol=1e-12)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: " ".join(form) or "plain")
def test_expected_survival_of_those_at_risk_step_by_step(form):
    for seed in range(4):
        paths, entry, exit_, _, times = made(seed, **form)
        wanted, hazard, begin = [], 0.0, 0.0
        for time in times:
            here = (np.maximum(entry, 0.0) <= begin) & (exit_ >= time)
            hazard += (hazard_at(paths, time) - hazard_at(paths, begin))[here].mean() if here.any() else 0.0
            wanted.append(math.exp(-hazard))
            begin = time
        np.testing.assert_allclose(expected_of_those_at_risk(paths, entry, exit_, times), wanted, rtol=1e-11)


def test_steps_begin_anew_at_every_time():
    assert step_points(np.array([0.5, 2.0, 4.25])).tolist() == [0.0, 0.5, 1.5, 2.0, 3.0, 4.0, 4.25]


def test_exits_after_the_last_time_are_not_counted():
    paths, entry, exit_, event, times = made(2)
    whole, part = (net_counts(paths, entry, exit_, event, some) for some in (times, times[: len(times) // 2]))
    for name in ("n_risk", "n_event", "weight", "weighted_events", "population", "weighted_population"):
        np.testing.assert_allclose(getattr(part, name), getattr(whole, name)[: len(part.times)], rtol=1e-13)


def test_risk_counts_by_looking():
    draw = np.random.default_rng(7)
    exit_ = draw.integers(1, 20, 50).astype(float)
    entry, event, case = np.where(draw.random(50) < 0.5, np.floor(exit_ * draw.random(50)), -1.0), draw.integers(0, 2, 50), draw.random(50)
    times = np.array([0.0, 2.5, 3.0, 10.0, 40.0])
    n_risk, n_event, n_censor = risk_counts(entry, exit_, event, times, case)
    before = np.concatenate(([-np.inf], times[:-1]))
    np.testing.assert_allclose(n_risk, [case[(entry < time) & (exit_ >= time)].sum() for time in times], atol=1e-12)
    for counted, kind in ((n_event, 1), (n_censor, 0)):
        np.testing.assert_allclose(counted, [case[(exit_ > low) & (exit_ <= time) & (event == kind)].sum() for low, time in zip(before, times)], atol=1e-12)


def test_nobody_is_at_risk_in_a_gap():
    paths, *_ = made(4)
    paths = paths.take(np.zeros(2, dtype=np.int64))
    found = net_counts(paths, np.array([-1.0, 20.0]), np.array([10.0, 30.0]), np.array([1, 1]), np.array([10.0, 20.0, 30.0]))
    assert found.n_risk.tolist() == [1.0, 0.0, 1.0]
    assert found.weight[1] == found.population[1] == found.weighted_population[1] == 0.0
    sums = exposure_sums(paths, Points.of(np.arange(31.0)), np.array([0, 20]), np.array([10, 30]), stepwise=True)
    np.testing.assert_allclose(sums.weight[0][10:20], 0.0, atol=1e-15)
