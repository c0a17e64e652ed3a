"""Net survival in cases small enough to be worked out by hand, as a user calls it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.columns import CURVES, ESTIMATES, require
from survival_nodes.errors import DataWarning, InputError, UsageError

A, B = 0.02, 0.06  # deaths per person-year below and from the 60th birthday
DAY_A, DAY_B = A / 365.25, B / 365.25


def life_table(rates: Mapping[int, float] = {0: A, 60: B}, **more: object) -> sn.LifeTable:
    """A table of both sexes and all years that says these rates from these ages on."""
    named = {"name": "made", "open_ended": True} | more
    return sn.LifeTable(np.tile(list(rates.values()), (2, 2, 1)), np.array([1990, 2020]), np.array(list(rates)), {"sex": ("female", "male")}, **named)


def cohort(days, events, ages, **columns) -> sn.Cohort:
    """Women diagnosed on 1 March 2004, followed in days."""
    frame = pd.DataFrame({"t": days, "d": events, "age": np.asarray(ages, dtype=float) / 365.25, "sex": "female", "diagnosis_date": "2004-03-01"} | columns)
    mapped = {"years": "t", "event": "d"} | ({"entry_years": "start"} if "start" in columns else {})
    return sn.Cohort.from_frame(frame, mapped, "days")


def net(rows: sn.Cohort, days, method="pohar-perme", **options) -> pd.DataFrame:
    options = {"life_table": life_table()} | options
    return sn.NetSurvival(method=method, at_years=np.atleast_1d(days) / 365.25, **options)(rows)


pytestmark = pytest.mark.filterwarnings("ignore::survival_nodes.errors.UnitWarning")
THREE = ([400, 500, 600], [1, 1, 0], [50 * 365.25, 60 * 365.25 - 300, 70 * 365.25])  # the second turns 60 after 300 days
H1, H2, H3 = (lambda t: DAY_A * t), (lambda t: DAY_A * min(t, 300) + DAY_B * max(t - 300, 0)), (lambda t: DAY_B * t)


def mean_ratio(rows, begin: int, end: int) -> float:
    """The population hazard from one day to another: sums of rate x weight over sums of weights, both ends of each day."""
    rates = {H1: lambda t: DAY_A, H2: lambda t: DAY_A if t < 300 else DAY_B, H3: lambda t: DAY_B}
    return sum(
        sum(rates[row](day) * math.exp(row(moment)) for row in rows) / sum(math.exp(row(moment)) for row in rows) / 2
        for day in range(begin, end) for moment in (day, day + 1))


def test_pohar_perme_of_three_patients_over_a_birthday():
    weights = [math.exp(hazard(400)) for hazard in (H1, H2, H3)]
    at_400 = 1 - weights[0] / sum(weights) + mean_ratio((H1, H2, H3), 0, 400)
    later = [math.exp(hazard(500)) for hazard in (H2, H3)]
    at_500 = at_400 * (1 - later[0] / sum(later) + mean_ratio((H2, H3), 400, 500))
    found = net(cohort(*THREE), [400, 500, 600])
    assert found["estimate"].tolist() == pytest.approx([at_400, at_500, at_500 * (1 + 100 * DAY_B)], abs=1e-13)
    log_variance = [(weights[0] / sum(weights)) ** 2, (weights[0] / sum(weights)) ** 2 + (later[0] / sum(later)) ** 2]
    assert (found["std_error"] / found["estimate"]).tolist()[:2] == pytest.approx(np.sqrt(log_variance).tolist(), abs=1e-13)
    assert found[["n_risk", "n_event", "n_censor"]].to_numpy().tolist() == [[3, 1, 0], [2, 2, 0], [1, 2, 1]]


def test_ederer_ii_of_three_patients_over_a_birthday():
    at_400 = 1 - 1 / 3 + (300 * (2 * DAY_A + DAY_B) + 100 * (DAY_A + 2 * DAY_B)) / 3
    at_500 = at_400 * (1 - 1 / 2 + 100 * DAY_B)
    found = net(cohort(*THREE), [400, 500], "ederer-ii")
    assert found["estimate"].tolist() == pytest.approx([at_400, at_500], abs=1e-14)
    assert found["std_error"].tolist() == pytest.approx([at_400 / 3, at_500 * math.sqrt(1 / 9 + 1 / 4)], abs=1e-14)


def test_ederer_i_of_three_patients_over_a_birthday():
    expected = [sum(math.exp(-hazard(t)) for hazard in (H1, H2, H3)) / 3 for t in (450, 500)]
    found = net(cohort(*THREE), [450, 500], "ederer-i")
    assert found["estimate"].tolist() == pytest.approx([2 / 3 / expected[0], 1 / 3 / expected[1]], abs=1e-14)
    assert found["std_error"].tolist() == pytest.approx([2 / 3 / expected[0] / 3, 1 / 3 / expected[1] * math.sqrt(1 / 9 + 1 / 4)], abs=1e-14)


def test_hakulinen_of_three_patients():
    """The third leaves alive at 450, and with her the survival expected of her; the dead could have been followed to day 700, as the fourth was."""
    rows = cohort([400, 500, 450, 700], [1, 1, 0, 0], [*THREE[2], 50 * 365.25])
    alive = {t: [math.exp(-hazard(t)) for hazard in (H1, H2, H3, H1)] for t in (450, 500)}
    rest = lambda t: alive[t][0] + alive[t][1] + alive[t][3]
    expected = sum(alive[450]) / 4 * rest(500) / rest(450)
    assert net(rows, 500, "hakulinen")["estimate"][0] == pytest.approx(3 / 4 * 1 / 2 / expected, abs=1e-14)


@pytest.mark.parametrize("method", ["pohar-perme", "ederer-ii"])
def test_one_rate_for_all_adds_its_hazard_to_every_factor(method):
    """With rate r for everybody, weights cancel: S = prod(1 - d/n + r x days)."""
    found = net(cohort([100, 250, 250, 300], [1, 1, 0, 0], [20000] * 4), [50, 100, 250, 280], method, life_table=life_table({0: A}))
    first = 1 - 1 / 4 + 50 * DAY_A  # a factor for each time asked for too
    steps = [1 + 50 * DAY_A, first, 1 - 1 / 3 + 150 * DAY_A, 1 + 30 * DAY_A]
    assert found["estimate"].tolist() == pytest.approx(np.cumprod(steps).tolist(), abs=1e-14)


@pytest.mark.parametrize("method", ["ederer-i", "hakulinen"])
def test_one_rate_for_all_divides_the_observed_survival(method):
    found = net(cohort([100, 250, 250, 300], [1, 1, 0, 0], [20000] * 4), [100, 280], method, life_table=life_table({0: A}))
    assert found["estimate"].tolist() == pytest.approx([3 / 4 * math.exp(100 * DAY_A), 3 / 4 * 2 / 3 * math.exp(280 * DAY_A)], abs=1e-14)


def test_an_estimate_over_1_is_shown_as_it_is_with_its_limits():
    found = net(cohort([400, 500], [0, 1], [70 * 365.25] * 2), [400, 500], life_table=life_table({0: 0.5}))
    assert found["estimate"][0] == pytest.approx(1 + 400 * 0.5 / 365.25) and found["conf_low"][0] == found["conf_high"][0] == found["estimate"][0]
    # Half of a few may die where the population loses more.
    rows = cohort([400] * 4 + [300], [0] * 4 + [1], [70 * 365.25] * 5)
    for conf_type, high in (("log", math.exp(1.959963984540054 / 5)), ("plain", 1 + 1.959963984540054 / 5)):
        at_400 = net(rows, 400, life_table=life_table({0: 0.5}), conf_type=conf_type)
        assert at_400["estimate"][0] > 1 and at_400["conf_high"][0] == pytest.approx(at_400["estimate"][0] * high, abs=1e-12)
    assert net(rows, 400, life_table=life_table({0: 0.5}), conf_type="log-log")[["conf_low", "conf_high"]].isna().all(axis=None)


def test_at_time_0_all_are_alive_and_beyond_follow_up_nothing_is_known():
    for method in ("pohar-perme", "ederer-ii", "ederer-i", "hakulinen"):
        found = net(cohort(*THREE), [0, 600, 601], method, conf_type="log-log")
        assert found.loc[0, ["estimate", "std_error", "conf_low", "conf_high", "n_risk"]].tolist() == [1, 0, 1, 1, 3]
        assert np.isfinite(found.loc[1, "estimate"])
        assert found.loc[2, ["estimate", "std_error", "conf_low", "conf_high"]].isna().all()
        assert found.loc[2, ["n_risk", "n_event", "n_censor"]].tolist() == [0, 2, 1]


def test_deaths_on_the_day_of_diagnosis_count():
    for method in ("pohar-perme", "ederer-ii", "ederer-i", "hakulinen"):
        found = net(cohort([0, 400, 500, 600], [1, 1, 0, 0], [20000] * 4), [0, 200], method, life_table=life_table({0: 0.0}))
        assert found["estimate"].tolist() == [0.75, 0.75] and found["n_event"].tolist() == [1, 1]


@pytest.mark.parametrize("method", ["pohar-perme", "ederer-ii", "ederer-i", "hakulinen"])
def test_hard_cases_give_a_number_or_none(method):
    alone = net(cohort([500], [1], [20000]), [100, 500], method)
    assert alone["estimate"][0] == pytest.approx(1 + 100 * DAY_A, abs=2e-5) and alone["estimate"][1] < 0.03
    all_at_once = net(cohort([500] * 3, [1] * 3, [20000] * 3), [499, 500], method)
    assert all_at_once["n_risk"].tolist() == [3, 3] and all_at_once["estimate"][1] < 0.001
    nobody_died = net(cohort([500, 600], [0, 0], [20000, 21000]), [550], method)
    assert nobody_died["estimate"][0] > 1 and nobody_died["std_error"][0] == 0
    days = net(cohort([500, 600], [0, 0], [20000, 21000]), [550.0, 550.0 + 1e-12], method)
    assert days["estimate"].nunique() == 1


def test_where_all_have_died_relative_survival_is_0_and_has_no_limits():
    found = net(cohort([500] * 3, [1] * 3, [20000] * 3), 500, "ederer-i")
    assert (found["estimate"][0], found["std_error"][0]) == (0, 0) and found[["conf_low", "conf_high"]].isna().all(axis=None)


def test_late_entry_counts_those_there_and_says_where_nobody_is():
    rows = cohort([100, 300, 400], [1, 1, 0], [20000] * 3, start=[0, 200, 250])
    with pytest.warns(DataWarning, match="nobody is at risk for 100 days, the first of them at 0.2738 years"):
        found = net(rows, [150, 300], life_table=life_table({0: 0.0}))
    assert found["n_risk"].tolist() == [0, 2] and found["estimate"].tolist() == [0.0, 0.0]
    rows = cohort([300, 300, 400], [1, 0, 0], [20000] * 3, start=[0, 100, 250])
    by_hand = (1 + 100 * DAY_A) * (1 + 150 * DAY_A) * (1 - 1 / 3 + 50 * DAY_A)
    assert net(rows, 300, life_table=life_table({0: A}))["estimate"][0] == pytest.approx(by_hand, abs=1e-14)


# Windows of calendar time: diagnosed 1 March 2004; 1 January 2005 is day 306, 1 January 2006 day 671.
def test_a_period_lets_in_late_and_cuts_off():
    days, events = [300, 400, 600, 700, 900], [1, 1, 0, 1, 1]
    with pytest.warns(DataWarning, match=r"1 of 5 rows contribute no time to the period from 2005-01-01 to 2006-01-01"):
        with pytest.warns(DataWarning, match="nobody is at risk for 306 days, the first of them at 0 years"):
            found = net(cohort(days, events, [20000] * 5), [306, 400, 671, 672], "ederer-ii", life_table=life_table({0: A}), period=(2005, 2005))
    at_400 = 1 - 1 / 4 + 94 * DAY_A
    assert found["estimate"].tolist()[1:3] == pytest.approx([at_400, at_400 * (1 + 200 * DAY_A) * (1 + 71 * DAY_A)], abs=1e-14)
    assert found["n_risk"].tolist() == [0, 4, 2, 0] and found["n_event"].tolist() == [0, 1, 1, 1] and found["n_censor"].tolist() == [0, 0, 3, 3]
    assert np.isnan(found["estimate"][3])
    assert "period from 2005-01-01 to 2006-01-01" in found["method"][0]


def test_weights_go_on_from_diagnosis_in_a_period():
    rows = cohort([400, 500, 600], [1, 0, 0], THREE[2])
    with pytest.warns(DataWarning, match="nobody is at risk for 306 days"):
        found = net(rows, 400, period=("2005-01-01", None), life_table=life_table({0: A, 60: B}))
    weights = [math.exp(hazard(400)) for hazard in (H1, H2, H3)]
    assert found["std_error"][0] / found["estimate"][0] == pytest.approx(weights[0] / sum(weights), abs=1e-13)


def test_a_complete_window_ends_follow_up():
    rows = cohort([300, 400, 700], [1, 1, 1], [20000] * 3)
    ended = net(rows, [300, 306], period=(None, 2004))
    by_hand = net(cohort([300, 306, 306], [1, 0, 0], [20000] * 3), [300, 306])
    pd.testing.assert_frame_equal(ended.drop(columns="method"), by_hand.drop(columns="method"))


def test_an_event_at_the_end_of_a_window_belongs_to_it_and_one_at_its_start_to_the_one_before():
    rows = cohort([306, 500], [1, 0], [20000] * 2)
    assert net(rows, 306, period=(None, "2005-01-01"))["n_event"][0] == 1
    with pytest.warns(DataWarning):
        assert net(rows, 400, period=("2005-01-01", None))["n_event"][0] == 0


def test_the_potential_follow_up_of_the_dead_ends_with_the_period():
    """Those who died could be followed to day 671: at 700 the expected survival is of nobody; at 650 of all but the one who left at 600."""
    rows = cohort([400, 600, 900], [1, 0, 1], [20000, 25000, 20000])
    found = net(rows, 650, "hakulinen", period=(None, 2005))
    young, old = math.exp(-H1(600)), math.exp(-DAY_B * 600)
    expected = (2 * young + old) / 3 * math.exp(-H1(50))
    assert found["estimate"][0] == pytest.approx(2 / 3 / expected, abs=1e-13)


@pytest.mark.parametrize("period", [(2005, 2005), ("2005-01-01", "2006-01-01"), (date(2005, 1, 1), pd.Timestamp("2006-01-01")), (2005, "2006-01-01")])
def test_a_period_is_years_or_dates(period):
    with pytest.warns(DataWarning):
        found = net(cohort([400, 600], [1, 0], [20000] * 2), 500, period=period)
    assert "period from 2005-01-01 to 2006-01-01" in found["method"][0]


@pytest.mark.parametrize(("period", "said"), [
    ("2005", "period is a pair of dates or years"), ((2005,), "period is a pair"), ((2005, 2003), "ends before it starts"), ((5, 9), "calendar years"),
    (("June", None), "a period's dates are years, or dates as '2008-01-01', not 'June'"), ((2005.5, 2008), "a period's dates are years")])
def test_what_is_no_period_is_refused(period, said):
    with pytest.raises(UsageError, match=said):
        sn.NetSurvival(period=period)


def test_nobody_within_the_period_is_an_error_that_says_when_follow_up_lies():
    said = "nobody is followed within the period from 1990-01-01 to 1991-01-01: the cohort's follow-up lies between 2004 and 2005"
    with pytest.raises(InputError, match=said):
        net(cohort(*THREE), 400, period=(1990, 1990))


def test_a_group_that_the_period_leaves_without_anybody_is_missing():
    rows = cohort([300, 500, 600], [1, 1, 0], [20000] * 3, node=["itc", "micro", "micro"])
    with pytest.warns(DataWarning):
        found = net(rows, 450, period=(2005, None), by="node")
    assert found["estimate"].isna().tolist() == [True, False] and found["n_risk"].tolist() == [0, 2]


# What the frames say.
def test_the_method_says_its_form_and_its_life_table():
    words = {
        "pohar-perme": "Pohar Perme, daily, log interval, life table made", "ederer-ii": "Ederer II, daily, log interval, life table made",
        "ederer-i": "Ederer I, exact, log interval, life table made", "hakulinen": "Hakulinen, exact, log interval, life table made"}
    for method, said in words.items():
        found = net(cohort(*THREE), 400, method)
        assert (found["method"][0], found["estimand"][0], found["group"][0]) == (said, "net", "all")
        require(found, ESTIMATES)
    found = net(cohort(*THREE), 365.25, intervals=6, conf_type="plain", conf_level=0.9)
    assert found["method"][0] == "Pohar Perme, actuarial, 6-month intervals, plain interval, life table made" and found["conf_level"][0] == 0.9


def test_a_curve_has_a_row_for_every_end_of_follow_up():
    estimator = sn.NetSurvival("node", life_table=life_table())
    rows = cohort([400, 500, 600, 600], [1, 1, 0, 1], [*THREE[2], 20000], node=["a", "a", "b", "a"])
    curve = estimator.curve(rows)
    require(curve, CURVES)
    assert curve[["group", "n_event"]].to_numpy().tolist() == [["a", 1], ["a", 2], ["a", 3], ["b", 0]]
    at = sn.NetSurvival("node", life_table=life_table(), at_years=curve["years"].unique())(rows)
    both = curve.merge(at, on=["group", "years"], suffixes=("", "_at"))
    np.testing.assert_allclose(both["estimate"], both["estimate_at"], rtol=3e-3)  # a time asked for makes a factor of its own
    yearly = sn.NetSurvival(life_table=life_table(), intervals=12).curve(rows)
    assert yearly["years"].tolist() == [1]  # the second year is not over


def test_months_and_days_of_one_follow_up_give_one_answer():
    frame = pd.DataFrame({"t": [12, 24, 30], "d": [1, 0, 1], "age": [50.1, 60.2, 70.3], "sex": "female", "diagnosis_date": "2004-03-01"})
    cohorts = [
        sn.Cohort.from_frame(frame.assign(t=frame["t"] * size), {"years": "t", "event": "d"}, unit)
        for unit, size in (("months", 1), ("days", 30.4375), ("years", 1 / 12))]
    answers = [sn.NetSurvival(life_table=life_table(), at_years=(1, 2))(each)["estimate"] for each in cohorts]
    for answer in answers[1:]:
        np.testing.assert_allclose(answer, answers[0], rtol=1e-12)


def test_pieces_of_a_patient_s_follow_up_are_one():
    whole = cohort([400, 500, 600], [1, 1, 0], THREE[2])
    frame = pd.DataFrame({
        "patient_id": [1, 2, 2, 3, 3, 3], "start": [0, 0, 123, 0, 50, 400], "t": [400, 123, 500, 50, 400, 600], "d": [1, 0, 1, 0, 0, 0], "sex": "female",
        "age": np.array(THREE[2])[[0, 1, 1, 2, 2, 2]] / 365.25, "diagnosis_date": "2004-03-01"})
    pieces = sn.Cohort.from_frame(frame, {"years": "t", "entry_years": "start", "event": "d"}, "days")
    for method in ("pohar-perme", "ederer-ii", "ederer-i", "hakulinen"):
        pd.testing.assert_frame_equal(net(pieces, [100, 450, 600], method), net(whole, [100, 450, 600], method), rtol=1e-13)


@pytest.mark.parametrize(("options", "said"), [
    ({"method": "ederer"}, "method is one of pohar-perme, ederer-ii, ederer-i, hakulinen, not 'ederer'"), ({"conf_type": "logit"}, "conf_type is one of log, plain, log-log"),
    ({"conf_level": 95}, "did you mean 0.95"), ({"at_years": ()}, "at_years"), ({"life_table": "uk"}, "no bundled life table 'uk'"), ({"life_table": 3}, "life_table is a LifeTable"),
    ({"intervals": -1}, "intervals are a length in months"), ({"intervals": 12, "at_years": 0.4}, "where no interval ends"), ({"standard": "icss-9"}, "standard population")])
def test_options_that_are_not_there_are_refused_with_those_that_are(options, said):
    with pytest.raises(UsageError, match=said):
        sn.NetSurvival(**options)


def test_there_are_nine_options():
    assert list(sn.NetSurvival.__dataclass_fields__) == ["by", "method", "life_table", "at_years", "intervals", "period", "standard", "conf_type", "conf_level"]


@pytest.mark.parametrize(("column", "said"), [("sex", "sex"), ("age", "age"), ("diagnosis_date", "date of diagnosis")])
def test_what_a_life_table_needs_is_asked_for(column, said):
    frame = cohort(*THREE).rows.drop(columns=[column])
    rows = sn.Cohort.from_frame(frame, {"years": "years"}, "years")
    with pytest.raises(InputError, match=said):
        net(rows, 400)


def test_ages_in_days_are_questioned():
    frame = cohort(*THREE).rows
    with pytest.raises(InputError, match="days"):
        net(sn.Cohort.from_frame(frame.assign(age=frame["age"] * 365.25), {"years": "years"}, "years"), 400)


def test_only_death_of_any_cause_counted_from_diagnosis_is_held_against_a_life_table():
    frame = cohort(*THREE).rows
    for endpoint in ("breast-cancer", "recurrence"):
        with pytest.raises(UsageError, match=f"the endpoint is '{endpoint}'"):
            net(sn.Cohort.from_frame(frame, {"years": "years"}, "years", endpoint=endpoint), 400)
    with pytest.raises(UsageError, match="time is counted from a landmark"):
        net(cohort(*THREE).landmark(0.5), 400)
