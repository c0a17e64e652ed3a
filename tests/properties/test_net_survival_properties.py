"""What holds for the net survival of any cohort."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import survival_nodes as sn
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.net_exact import METHODS

pytestmark = pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
SLOW = settings(deadline=None, max_examples=6, derandomize=True)
FRAME = {"years": "t", "event": "d"}


def life_table(rates: np.ndarray) -> sn.LifeTable:
    """Rates a year, shape (2, years from 1990, ages by ten)."""
    return sn.LifeTable(rates, 1990 + np.arange(rates.shape[1]) * 5, np.arange(rates.shape[2]) * 10, {"sex": ("female", "male")}, name="made", open_ended=True)


ZERO = life_table(np.zeros((2, 8, 11)))
LIVELY = life_table(np.random.default_rng(20261122).uniform(0.001, 0.3, (2, 8, 11)))


@st.composite
def cohorts(draw, late: bool = False) -> pd.DataFrame:
    n, seed = draw(st.integers(2, 40)), draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    days = random.integers(1, draw(st.sampled_from([30, 900, 4000])), n)
    frame = pd.DataFrame({
        "patient_id": np.arange(n), "t": days, "d": random.integers(0, 2, n), "age": random.integers(20 * 365, 95 * 365, n) / 365.25,
        "sex": np.where(random.random(n) < 0.7, "female", "male"),
        "diagnosis_date": pd.Timestamp("1995-01-01") + pd.to_timedelta(random.integers(0, 6000, n), "D"), "node": np.where(random.random(n) < 0.5, "a", "b")})
    return frame.assign(start=np.floor(days * random.random(n) * (random.random(n) < 0.3))) if late else frame


def cohort(frame: pd.DataFrame, unit: str = "days") -> sn.Cohort:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return sn.Cohort.from_frame(frame, FRAME | ({"entry_years": "start"} if "start" in frame else {}), unit)


def times(frame: pd.DataFrame) -> tuple[float, ...]:
    return tuple(np.unique(np.quantile(frame["t"], [0.3, 0.7, 1.0])) / 365.25)


@pytest.mark.parametrize("method", METHODS)
@SLOW
@given(frame=cohorts(late=True))
def test_a_table_of_zero_rates_gives_kaplan_meier_exactly(method, frame):
    net = sn.NetSurvival("node", method=method, life_table=ZERO, at_years=times(frame))(cohort(frame))
    observed = sn.KaplanMeier("node", at_years=times(frame))(cohort(frame))
    np.testing.assert_allclose(net["estimate"], observed["estimate"], rtol=0, atol=1e-15)
    for count in ("n_risk", "n_event", "n_censor"):
        np.testing.assert_array_equal(net[count], observed[count])


@SLOW
@given(frame=cohorts(), rate=st.floats(0.0, 0.2))
def test_the_methods_agree_where_all_are_expected_to_live_alike(frame, rate):
    same = life_table(np.full((2, 8, 11), rate))
    found = {method: sn.NetSurvival(method=method, life_table=same, at_years=times(frame))(cohort(frame))["estimate"].to_numpy() for method in METHODS}
    np.testing.assert_allclose(found["pohar-perme"], found["ederer-ii"], rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(found["hakulinen"], found["ederer-i"], rtol=1e-11, atol=1e-14)


@SLOW
@given(seed=st.integers(0, 1000))
def test_product_and_quotient_come_together_as_follow_up_times_get_close(seed):
    """prod(1 - d/n + r h) is the quotient KM / exp(-r t) but for r h times the hazard and r h of each step."""
    random = np.random.default_rng(seed)
    n = 400
    frame = pd.DataFrame({"t": random.integers(1, 800, n), "d": random.integers(0, 2, n), "age": 50.5, "sex": "female", "diagnosis_date": "2000-01-01"})
    same = life_table(np.full((2, 8, 11), 0.05))
    found = [sn.NetSurvival(method=method, life_table=same, at_years=(0.5, 1))(cohort(frame))["estimate"].to_numpy() for method in ("ederer-ii", "ederer-i")]
    np.testing.assert_allclose(found[0], found[1], rtol=5e-4)


@pytest.mark.parametrize("method", METHODS)
@SLOW
@given(frame=cohorts(late=True), seed=st.integers(0, 1000))
def test_the_order_of_patients_and_their_number_of_times_change_nothing(method, frame, seed):
    estimator = sn.NetSurvival("node", method=method, life_table=LIVELY, at_years=times(frame))
    found = estimator(cohort(frame)).set_index(["group", "years"])
    shuffled = estimator(cohort(frame.sample(frac=1, random_state=seed))).set_index(["group", "years"]).loc[found.index]
    doubled = estimator(cohort(pd.concat([frame, frame.assign(patient_id=frame["patient_id"] + 1000)]))).set_index(["group", "years"]).loc[found.index]
    for other, shrunk in ((shuffled, 1.0), (doubled, np.sqrt(2))):
        np.testing.assert_allclose(other["estimate"], found["estimate"], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(other["std_error"] * shrunk, found["std_error"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
@SLOW
@given(frame=cohorts(), cut=st.floats(0.05, 0.95))
def test_follow_up_in_pieces_is_the_same_follow_up(method, frame, cut):
    at = np.floor(frame["t"] * cut)
    first = frame.assign(start=0.0, t=at, d=0)[at > 0]
    pieces = pd.concat([first, frame.assign(start=at)])
    estimator = sn.NetSurvival(method=method, life_table=LIVELY, at_years=times(frame))
    pd.testing.assert_frame_equal(estimator(cohort(pieces)), estimator(cohort(frame)), rtol=1e-9)


@pytest.mark.parametrize("method", METHODS)
@SLOW
@given(frame=cohorts(late=True))
def test_each_group_is_as_alone(method, frame):
    """But for Hakulinen's closing date, which is the cohort's: all are diagnosed and followed alike here."""
    last = frame["diagnosis_date"] + pd.to_timedelta(frame["t"], "D")
    frame = frame[(last == last.max()) | (frame["d"] == 0) | (method != "hakulinen")]
    options = {"method": method, "life_table": LIVELY, "at_years": times(frame)}
    together = sn.NetSurvival("node", **options)(cohort(frame))
    for group, rows in together.groupby("group"):
        alone = sn.NetSurvival(**options)(cohort(frame[frame["node"] == group]))
        np.testing.assert_allclose(rows["estimate"], alone["estimate"], rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(rows["n_risk"], alone["n_risk"])


@pytest.mark.parametrize("method", METHODS)
@SLOW
@given(frame=cohorts())
def test_a_window_around_all_follow_up_changes_nothing(method, frame):
    options = {"method": method, "life_table": LIVELY, "at_years": times(frame)}
    plain, within = sn.NetSurvival(**options)(cohort(frame)), sn.NetSurvival(**options, period=(1980, 2040))(cohort(frame))
    pd.testing.assert_frame_equal(within.drop(columns="method"), plain.drop(columns="method"))


@SLOW
@given(frame=cohorts(), year=st.integers(1996, 2012))
def test_windows_share_events_and_time_out(frame, year):
    """Every event belongs to one of two windows that touch."""
    everybody = cohort(frame)
    n_event = 0
    for period in ((None, year), (year + 1, None)):
        try:
            n_event += sn.NetSurvival(life_table=LIVELY, period=period).curve(everybody)["n_event"].max()
        except sn.errors.InputError:
            pass
    assert n_event == frame["d"].sum()


@pytest.mark.parametrize("conf_type", ["log", "plain", "log-log"])
@SLOW
@given(frame=cohorts(late=True))
def test_limits_lie_about_the_estimate(conf_type, frame):
    found = sn.NetSurvival(life_table=LIVELY, at_years=times(frame), conf_type=conf_type)(cohort(frame)).dropna(subset=["conf_low"])
    assert (found["conf_low"] <= found["estimate"] + 1e-12).all() and (found["estimate"] <= found["conf_high"] + 1e-12).all()
