"""The score test of proportional hazards: a slow oracle that extends the model row by row, hand-worked g(t), and the wrong test.

R's numbers (cox.zph, every transform, per term and per coefficient) are held in test_cox_reference.py.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_rossi

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.estimates.proportional_hazards import ProportionalHazards
from survival_nodes.kernels.partial_likelihood import PartialLikelihood, maximise
from survival_nodes.kernels.proportional_hazards import score_test, transformed_times
from survival_nodes.kernels.risk_sets import RiskSets

ORIGIN = -1


def extended_score_test(entry, exit_, event, columns, beta, g, tested) -> float:
    """Fit nothing: score and information (Breslow) of the model with x g(t) added, one event after the other, by their definition."""
    p = columns.shape[1]
    score, information = np.zeros(2 * p), np.zeros((2 * p, 2 * p))
    for i in np.flatnonzero(event):
        at_risk = np.flatnonzero((entry < exit_[i]) & (exit_ >= exit_[i]))
        long = np.column_stack([columns[at_risk], columns[at_risk] * g[exit_[i]]])
        share = np.exp(columns[at_risk] @ beta)
        share = share / share.sum()
        mean = share @ long
        score += np.concatenate([columns[i], columns[i] * g[exit_[i]]]) - mean
        information += (long - mean).T @ np.diag(share) @ (long - mean)
    kept = [*range(p), *(p + column for column in tested)]
    return float(score[kept] @ np.linalg.solve(information[np.ix_(kept, kept)], score[kept]))


@pytest.mark.parametrize("tested", [[0], [1], [0, 1]])
@pytest.mark.parametrize("late", [False, True])
def test_score_test_is_the_extended_model(late, tested):
    generator = np.random.default_rng(8)
    n = 80
    exit_, columns = generator.integers(1, 12, n), generator.normal(size=(n, 2)) + [3.0, -1.0]
    entry = np.minimum(generator.integers(ORIGIN, 5, n), exit_ - 1) if late else np.full(n, ORIGIN)
    event = (generator.random(n) < 0.7).astype(int)
    sets = RiskSets.of(entry, exit_, event)
    fitted = PartialLikelihood.of(sets, columns, "breslow").at(maximise(sets, columns, "breslow").coefficients)
    g = np.log(sets.ticks)
    slow = extended_score_test(entry, exit_, event, columns, maximise(sets, columns, "breslow").coefficients, dict(zip(sets.ticks, g, strict=True)), tested)
    assert score_test(fitted, g, [tested])[0] == pytest.approx(slow, rel=1e-9)
    assert score_test(fitted, 1000 - 7 * g, [tested])[0] == pytest.approx(slow, rel=1e-9)  # unit and origin of g say nothing


@pytest.mark.parametrize(("transform", "expected"), [
    # Exits 1 1 2 4 4, events 1 0 1 1 0; those at risk 5, 3, 2: S = 4/5, then 4/5 * 2/3; g is one less S just before the time.
    ("km", [0, 1 - 4 / 5, 1 - 4 / 5 * 2 / 3]), ("rank", [1.5, 3, 4.5]), ("identity", [1, 2, 4]), ("log", [0, np.log(2), np.log(4)])])
def test_transforms_by_hand(transform, expected):
    exit_, event, at = np.array([1, 1, 2, 4, 4]), np.array([1, 0, 1, 1, 0]), np.array([1, 2, 4])
    np.testing.assert_allclose(transformed_times(transform, np.full(5, ORIGIN), exit_, event, at, at), expected, rtol=1e-14)


def test_km_transform_with_late_entry_by_hand():
    """At 1 there are rows 0 and 1 (row 2 enters at 1); at 3 rows 1 and 2: S = 1/2, then 1/4."""
    entry, exit_, event, at = np.array([ORIGIN, ORIGIN, 1]), np.array([1, 3, 5]), np.array([1, 1, 1]), np.array([1, 3, 5])
    np.testing.assert_allclose(transformed_times("km", entry, exit_, event, at, at), [0, 1 / 2, 3 / 4], rtol=1e-14)


def test_not_the_approximation_of_before_2019():
    """rossi, ranks of time: the test of before 2019 (as lifelines still has it) gives 11.45 for age; R from version 3 gives 0.90."""
    from lifelines import CoxPHFitter
    from lifelines.statistics import proportional_hazard_test

    rossi = load_rossi()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # weeks read as days
        cohort = Cohort.from_frame(rossi, {"years": "week", "event": "arrest"}, "days")
    table = ProportionalHazards(CoxModel("fin + age + race + wexp + mar + paro + prio"), transform="rank")(cohort).set_index("comparison")
    approximate = proportional_hazard_test(CoxPHFitter().fit(rossi, "week", "arrest"), rossi, time_transform="rank").summary["test_statistic"]
    assert (round(approximate["age"], 2), round(table.loc["age", "statistic"], 2)) == (11.45, 0.90)
    assert table.index[-1] == "GLOBAL" and table.loc["GLOBAL", "df"] == 7


# --- on cohorts

def cohort_of(n: int = 200, **columns) -> Cohort:
    generator = np.random.default_rng(n)
    frame = pd.DataFrame({
        "years": generator.integers(1, 15, n), "event": (generator.random(n) < 0.6).astype(int), "age": generator.normal(60, 10, n),
        "node": generator.choice(["macro", "micro", "negative"], n)} | columns)
    return Cohort.from_frame(frame, time_unit="years", levels={"node": ["negative", "micro", "macro"]})


def test_a_row_a_term_then_global():
    test = ProportionalHazards(CoxModel("node + age"))
    table = test(cohort_of())
    assert table["test"].unique().tolist() == ["proportional hazards (km)"]
    assert table[["comparison", "df"]].to_numpy().tolist() == [["node", 2], ["age", 1], ["GLOBAL", 3]]
    assert test.per_coefficient(cohort_of())["comparison"].tolist() == ["node[T.micro]", "node[T.macro]", "age", "GLOBAL"]
    assert table["p_value"].between(0, 1).all()


def test_a_hazard_ratio_that_turns_round_is_found():
    generator = np.random.default_rng(4)
    n = 600
    early, late = generator.exponential(2, n), generator.exponential(20, n)
    x = generator.integers(0, 2, n)
    years = np.where(x == 1, np.where(early < 3, early, 3 + late), np.minimum(late, 4 + early)).clip(min=0.01, max=60)
    frame = pd.DataFrame({"years": years, "event": 1, "x": x, "noise": generator.normal(size=n)})
    table = ProportionalHazards(CoxModel("x + noise"))(Cohort.from_frame(frame, time_unit="years")).set_index("comparison")
    assert table.loc["x", "p_value"] < 1e-6 and table.loc["noise", "p_value"] > 0.05


def test_a_level_without_events_is_left_out_of_its_term():
    """Its information is nothing, so the test is that of the cohort without those patients, on a degree of freedom less."""
    full = cohort_of()
    rows = full.rows
    rows.loc[rows["node"] == "micro", "event"] = 0
    cohort = Cohort.from_frame(rows.drop(columns="patient_id"), time_unit="years", levels={"node": ["negative", "micro", "macro"]})
    test = ProportionalHazards(CoxModel("node + age"), transform="identity")
    with pytest.warns(DataWarning, match="no finite hazard ratio"):
        table = test(cohort)
    without = test(cohort.where("node != 'micro'"))
    assert table["df"].tolist() == [1, 1, 2]
    np.testing.assert_allclose(table["statistic"], without["statistic"], rtol=1e-6)


def test_numbers_are_missing_where_nothing_was_fitted():
    with pytest.warns(DataWarning, match="no events"):
        table = ProportionalHazards(CoxModel("node + age"))(cohort_of(event=0))
    assert table["comparison"].tolist() == ["node", "age", "GLOBAL"]
    assert table["statistic"].isna().all() and table["p_value"].isna().all()


def test_one_time_of_events_tells_no_change():
    table = ProportionalHazards(CoxModel("age"))(cohort_of(20, years=[3, 5] * 10, event=[1, 0] * 10))
    assert table["statistic"].isna().all() and table["p_value"].isna().all()


def test_an_event_at_time_zero_has_no_logarithm():
    years = np.arange(200) % 9
    with pytest.raises(InputError, match="an event at time 0 has no logarithm: test with transform 'km', 'rank' or 'identity'"):
        ProportionalHazards(CoxModel("age"), transform="log")(cohort_of(years=years, event=1))
    assert ProportionalHazards(CoxModel("age"))(cohort_of(years=years, event=1))["statistic"].notna().all()


def test_wrong_options():
    with pytest.raises(UsageError, match="transform is one of km, rank, identity, log, not 'sqrt'"):
        ProportionalHazards(CoxModel("age"), transform="sqrt")
    with pytest.raises(UsageError, match="give the model to be tested"):
        ProportionalHazards("age")
