"""A row that stands for many identical patients counts as so many rows: for every method of net survival, and what else a life table gives."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import survival_nodes as sn
from survival_nodes.errors import DataWarning, InputError
from survival_nodes.estimates.life_expectancy import LifeExpectancy
from survival_nodes.estimates.net_actuarial import Intervals
from survival_nodes.estimates.net_exact import METHODS
from survival_nodes.estimates.net_standard import Standard

pytestmark = pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
SLOW = settings(deadline=None, max_examples=4, derandomize=True)
RATES = np.random.default_rng(20261123).uniform(0.001, 0.3, (2, 8, 11))
TABLE = sn.LifeTable(RATES, 1990 + np.arange(8) * 5, np.arange(11) * 10, {"sex": ("female", "male")}, name="made", open_ended=True)
YEARS = (0.5, 2.0, 6.0)


@st.composite
def rows(draw, late: bool = False) -> pd.DataFrame:
    """Rows by years of age and of diagnosis, and how many patients each stands for."""
    n, random = draw(st.integers(3, 40)), np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    months = random.integers(0, 120, n)
    frame = pd.DataFrame({
        "t": months, "d": random.integers(0, 2, n), "age": random.integers(20, 95, n), "sex": np.where(random.random(n) < 0.7, "female", "male"),
        "diagnosis_year": random.integers(1995, 2012, n), "node": np.where(np.arange(n) % 3 > 0, "a", "b"), "n": random.integers(1, 9, n)})
    return frame.assign(start=np.floor(months * random.random(n) * (random.random(n) < 0.3))) if late else frame


def both(frame: pd.DataFrame) -> tuple[sn.Cohort, sn.Cohort]:
    """The rows as they are, counted, and each repeated so many times."""
    columns = {"years": "t", "event": "d"} | ({"entry_years": "start"} if "start" in frame else {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        plain, n = frame.drop(columns="n"), frame["n"].to_numpy()
        return (
            sn.Cohort.from_frame(plain, columns, "months", repeats=n.astype(np.int64)),
            sn.Cohort.from_frame(plain.loc[np.repeat(plain.index, n)].reset_index(drop=True), columns, "months"))


def same(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    """Words and counts exactly, numbers to the last digits."""
    pd.testing.assert_frame_equal(found, wanted, rtol=1e-11, atol=1e-13)
    counts = [name for name in wanted if pd.api.types.is_integer_dtype(wanted[name].dtype)]
    pd.testing.assert_frame_equal(found[counts], wanted[counts], check_exact=True)


@pytest.mark.parametrize("late", [False, True], ids=["", "late"])
@pytest.mark.parametrize("method", METHODS)
@SLOW
@given(drawn=st.data())
def test_daily_and_exact_methods(method, late, drawn):
    cells, people = both(drawn.draw(rows(late)))
    net = sn.NetSurvival("node", method=method, life_table=TABLE, at_years=YEARS)
    same(net(cells), net(people))
    same(net.curve(cells), net.curve(people))


@pytest.mark.parametrize("how", ["traditional", "brenner"])
@pytest.mark.parametrize("method", METHODS)
@SLOW
@given(frame=rows())
def test_standardised(method, how, frame):
    weights = Standard({"<60": 1, "60+": 3}, how=how)
    frame.loc[:1, "age"], frame.loc[:1, "t"] = [30, 70], 119  # somebody of each age, to the end
    cells, people = both(frame.assign(node="a"))
    net = sn.NetSurvival(method=method, life_table=TABLE, at_years=YEARS, standard=weights)
    same(net(cells), net(people))


@pytest.mark.parametrize("form", ["actuarial", "excess", "hazard"])
@pytest.mark.parametrize("method", METHODS)
@SLOW
@given(frame=rows(late=True))
def test_in_intervals(method, form, frame):
    cells, people = both(frame)
    net = sn.NetSurvival("node", method=method, life_table=TABLE, at_years=YEARS, intervals=Intervals(6, form=form))
    same(net(cells), net(people))


@SLOW
@given(frame=rows(late=True))
def test_within_a_period(frame):
    frame.loc[0, ["diagnosis_year", "t", "start"]] = [2003, 60, 0]  # somebody is followed within it
    cells, people = both(frame)
    net = sn.NetSurvival(life_table=TABLE, at_years=YEARS, period=(2000, 2008))
    with pytest.warns(DataWarning) as of_cells:
        found = net(cells)
    with pytest.warns(DataWarning) as of_people:
        wanted = net(people)
    same(found, wanted)
    assert [str(each.message) for each in of_cells] == [str(each.message) for each in of_people]


@SLOW
@given(frame=rows(late=True))
def test_crude_probabilities_and_the_test_between_groups(frame):
    cells, people = both(frame)
    net = sn.NetSurvival("node", life_table=TABLE, at_years=YEARS)
    same(net.crude(cells), net.crude(people))
    same(net.test(cells, step_days=90.0), net.test(people, step_days=90.0))
    same(net.test(cells, "sex", step_days=90.0), net.test(people, "sex", step_days=90.0))


@SLOW
@given(frame=rows())
def test_expected_deaths_and_life_expectancy(frame):
    cells, people = both(frame)
    deaths, lost = sn.ExpectedDeaths(TABLE, "node"), LifeExpectancy(TABLE, "node", horizon_years=0.5)
    same(deaths(cells), deaths(people))
    same(deaths.table(cells), deaths.table(people))
    same(lost.table(cells), lost.table(people))
    same(lost.net_sample_size(cells), lost.net_sample_size(people))


def test_messages_count_patients():
    frame = pd.DataFrame({"t": [12, 24, 36], "d": [1, 0, 1], "age": [50, 61, 72], "sex": "female", "diagnosis_year": [2000, 2001, None], "node": "a", "n": [3, 2, 4]})
    with pytest.raises(InputError, match="diagnosis_year is missing in 4 rows"):
        sn.NetSurvival(life_table=TABLE)(both(frame)[0])
    with pytest.raises(InputError, match="age at diagnosis lies outside 0 to 120 years in 3 rows"):
        sn.NetSurvival(life_table=TABLE)(both(frame.assign(diagnosis_year=2000, age=[-1, 61, 72]))[0])
    with pytest.raises(InputError, match="half of the ages exceed 120 years \\(median 20,?000\\)"):
        sn.NetSurvival(life_table=TABLE)(both(frame.assign(diagnosis_year=2000, age=[20000, 61, 20000]))[0])
    with pytest.raises(InputError, match="^5 rows are younger than 60 at diagnosis"):
        sn.NetSurvival(life_table=TABLE, standard={"60+": 1})(both(frame.assign(diagnosis_year=2000, age=[50, 51, 72]))[0])
    with pytest.raises(InputError, match="and 6 rows have another sex"):
        sn.NetSurvival(life_table=TABLE)(both(frame.assign(diagnosis_year=2000, sex=["female", "X", "X"]))[0])
