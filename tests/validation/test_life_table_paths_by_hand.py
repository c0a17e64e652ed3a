"""The way through a life table, by hand: birthdays, New Years, what lies beyond the table, and the look-up of days."""

from __future__ import annotations

import numpy as np
import pytest

from survival_nodes.kernels.life_table_paths import LifeTablePaths, Points

A, B, C, D = 1e-4, 2e-4, 3e-4, 5e-4  # (year 0, age 0), (year 0, age 1), (year 1, age 0), (year 1, age 1)


def one(date: float, age: float) -> LifeTablePaths:
    return LifeTablePaths(np.array([[[A, B], [C, D]]]), np.array([0.0, 365.0]), np.array([0.0, 365.25]), np.array([0]), np.array([date]), np.array([age]))


def test_a_birthday_then_a_new_year():
    paths = one(date=300.0, age=345.25)  # birthday after 20 days, New Year after 65
    assert paths.cumulative_hazard(np.array([100.0]))[0] == pytest.approx(20 * A + 45 * B + 35 * D, abs=1e-15)
    stays = [(piece.begin[0], piece.end[0], piece.cell[0]) for piece in paths.pieces(np.array([100.0]))]
    assert stays == [(0.0, 20.0, 0), (20.0, 65.0, 1), (65.0, 100.0, 3)]


def test_a_new_year_then_a_birthday():
    assert one(300.0, 265.25).cumulative_hazard(np.array([150.0]))[0] == pytest.approx(65 * A + 35 * C + 50 * D, abs=1e-15)


def test_beyond_the_table_the_nearest_rates_hold():
    assert one(-100.0, 0.0).cumulative_hazard(np.array([50.0]))[0] == pytest.approx(50 * A, abs=1e-15)
    assert one(5000.0, 9000.0).cumulative_hazard(np.array([50.0]))[0] == pytest.approx(50 * D, abs=1e-15)


def test_a_step_keeps_the_rate_of_its_start():
    """Birthday after 20.5 days: with steps of a day the new rate takes effect on day 21."""
    paths, steps = one(date=0.0, age=344.75), np.arange(31.0)
    stays = [(piece.begin[0], piece.end[0], piece.cell[0]) for piece in paths.pieces(np.array([30]), steps)]
    assert stays == [(0, 21, 0), (21, 30, 1)]
    assert [(piece.start[0], piece.stop[0]) for piece in paths.pieces(np.array([30]), steps)] == [(0.0, 21.0), (21.0, 30.0)]


def test_a_birthday_that_rounding_has_moved_is_still_that_day():
    paths = one(date=0.0, age=365.25 - 20 - 1e-9)
    assert [piece.end[0] for piece in paths.pieces(np.array([30]), np.arange(31.0))][0] == 20


def test_many_rows_are_each_as_alone():
    draw = np.random.default_rng(1)
    n = 300
    paths = LifeTablePaths(
        draw.uniform(0, 1e-3, (2, 5, 40)), np.arange(5) * 365.0, np.arange(40) * 365.25, draw.integers(0, 2, n), draw.uniform(-500, 2500, n),
        draw.uniform(0, 15000, n))
    until = draw.uniform(0, 4000, n)
    together = paths.cumulative_hazard(until)
    alone = [paths.take(np.array([row])).cumulative_hazard(until[row : row + 1])[0] for row in range(n)]
    np.testing.assert_allclose(together, alone, rtol=1e-13)
    assert sorted(np.concatenate(list(paths.bands())).tolist()) == list(range(n))


@pytest.mark.parametrize("times", [np.arange(50.0), np.array([0.0, 0.25, 0.5, 3.0, 3.5, 7.0]), np.linspace(0, 5, 60), np.array([0.0, 40.5])], ids=["days", "some", "many", "few"])
def test_points_are_looked_up_as_a_search_would(times):
    days = np.concatenate((times, times + 1e-9, times - 1e-9, np.random.default_rng(2).uniform(0, times[-1] + 3, 200), [np.inf]))
    days = np.maximum(days, 0.0)
    np.testing.assert_array_equal(Points.of(times).at_or_after(days), np.searchsorted(times, days))


def test_nobody_and_no_time():
    empty = one(0.0, 0.0).take(np.zeros(0, dtype=np.int64))
    assert list(empty.bands()) == [] and list(empty.pieces(np.zeros(0))) == []
    assert list(one(0.0, 0.0).pieces(np.array([0.0]))) == []


@pytest.mark.parametrize("cuts", [
    np.arange(110) * 365.25, (np.arange(81) - 30).astype("datetime64[Y]").astype("datetime64[D]").astype(float), np.array([0.0, 1, 5, 60, 61]) * 365.25,
    np.array([365.25]), np.array([0.0, 365.0])], ids=["ages", "years", "grouped", "one", "two"])
def test_the_cell_of_a_day_is_found_as_a_search_would(cuts):
    values = np.concatenate((cuts, cuts - 1e-6, cuts + 1e-6, np.random.default_rng(3).uniform(cuts[0] - 900, cuts[-1] + 900, 500)))
    found = LifeTablePaths(np.zeros((1, len(cuts), 1)), cuts, np.zeros(1), np.zeros(len(values), dtype=int), values - 1e-7, np.zeros(len(values))).starting_cells()[0]
    np.testing.assert_array_equal(found, np.maximum(np.searchsorted(cuts, values, side="right") - 1, 0))
