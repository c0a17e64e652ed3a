"""What holds for the restricted mean of any cohort, and slow plain oracles beside the kernels."""

from __future__ import annotations

import warnings
from fractions import Fraction as F

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.restricted_mean import RestrictedMean
from survival_nodes.kernels.censored_regression import censoring_weights, sandwich, score_products, weighted_mean_model
from survival_nodes.kernels.restricted_mean import restricted_mean

many = settings(max_examples=25, deadline=None, derandomize=True)
few = settings(max_examples=15, deadline=None, derandomize=True)
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "n_risk", "n_event", "n_censor"]


@st.composite
def cohorts(draw, late: bool = False) -> pd.DataFrame:
    """A few patients with integer times, causes 0 to 2 and two groups, some of them entering late."""
    n = draw(st.integers(2, 14))
    entry = [draw(st.integers(0, 4)) if late else 0 for _ in range(n)]
    exit_ = [start + draw(st.integers(1, 8)) for start in entry]
    return pd.DataFrame({
        "patient_id": [f"p{place}" for place in range(n)], "t": exit_, "entry_years": entry, "cause": draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)),
        "node": draw(st.lists(st.sampled_from("ab"), min_size=n, max_size=n)), "x": draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))})


def cohort_of(frame: pd.DataFrame, unit: str = "years") -> Cohort:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        late = {"entry_years": "entry_years"} if frame["entry_years"].any() else {}
        return Cohort.from_frame(
            frame if late else frame.drop(columns="entry_years"), {"years": "t", "event": "cause", **late}, unit, causes={0: "none", 1: "a", 2: "b"})


def quietly(call, *arguments) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return call(*arguments)


# ---- the oracles -------------------------------------------------------------------------------------------------------------

def plain_mean(rows: list[tuple[int, int, int]], horizon: int) -> tuple[F, F]:
    """Mean and variance of rows (entry, exit, event) from the covariance of S over every pair of years, in fractions.

    The variance of the area is the sum over pairs of years of S(u) S(v) G(min(u, v)), G Greenwood's sum; pairs at S = 0 add nothing.
    """
    survival, greenwood, s, g = [], [], F(1), F(0)
    for year in range(horizon):  # S is constant from `year` to the next one
        risk = [row for row in rows if (row[0] < year or row[0] == 0) and row[1] >= year]
        died = sum(row[1] == year and row[2] for row in risk)
        if died:
            s *= F(len(risk) - died, len(risk))
            g += F(died, len(risk) * (len(risk) - died)) if s else 0
        survival.append(s)
        greenwood.append(g)
    years = range(horizon)
    return sum(survival), sum(survival[u] * survival[v] * greenwood[min(u, v)] for u in years for v in years)


def test_the_oracle_of_the_mean():
    # Two patients, events at 1 and 3, to 4: 1 + 2/2; S is 1/2 for two years, Greenwood's sum 1/2 there.
    assert plain_mean([(0, 1, 1), (0, 3, 1)], 4) == (2, F(1, 2) ** 2 * F(1, 2) * 4)


def plain_weights(ticks: list[int], seen: list[bool]) -> list[F]:
    weights = []
    for end, whole in zip(ticks, seen):
        free = F(1)
        for time in sorted({t for t, s in zip(ticks, seen) if not s and t <= end}):
            free *= 1 - F(sum(t == time and not s for t, s in zip(ticks, seen)), sum(t >= time for t in ticks))
        weights.append(1 / free if whole else F(0))
    return weights


def plain_scores(ticks: list[int], seen: list[bool], scores: list[F]) -> list[F]:
    """One row after another: own score, its share in the risk set that it leaves, less its part of all that were censored before."""
    def mean(time: int, power: int) -> F:
        return F(sum((score for t, score in zip(ticks, scores) if t >= time), F(0))) / sum(t >= time for t in ticks) ** power

    return [
        score + (0 if whole else mean(end, 1)) - sum((mean(t, 2) for t, s in zip(ticks, seen) if not s and t <= end), F(0))
        for end, whole, score in zip(ticks, seen, scores)]


def test_the_oracle_of_the_censoring_term():
    # Two rows: one censored at 1, one seen to 2. The censored row gains (s1 + s2)/2 and loses (s1 + s2)/4, the other loses (s1 + s2)/4.
    assert plain_scores([1, 2], [False, True], [F(0), F(8)]) == [F(0) + 4 - 2, F(8) - 2]
    assert plain_weights([1, 2], [False, True]) == [0, 2]


@many
@given(cohorts(late=True), st.integers(1, 12))
def test_the_mean_and_its_variance(frame, horizon):
    row = quietly(RestrictedMean(None, horizon), cohort_of(frame)).iloc[0]
    assume(not np.isnan(row["estimate"]))
    mean, variance = plain_mean([(entry, exit_, int(cause > 0)) for entry, exit_, cause in frame[["entry_years", "t", "cause"]].values.tolist()], horizon)
    assert (row["estimate"], row["std_error"] ** 2) == pytest.approx((float(mean), float(variance)), rel=1e-12, abs=1e-12)


rows_of_an_arm = st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.integers(-5, 5)), min_size=1, max_size=12)


@many
@given(rows_of_an_arm)
def test_censoring_weights_and_scores(rows):
    ticks, seen, scores = (list(column) for column in zip(*rows))
    assert censoring_weights(np.array(ticks), np.array(seen)).tolist() == pytest.approx([float(weight) for weight in plain_weights(ticks, seen)], rel=1e-12)
    # A covariate of its own for each row, so that no product of two scores hides in a sum; a censored row has no score of its own.
    n, scores = len(rows), [score * whole for score, whole in zip(scores, seen)]
    columns = [plain_scores(ticks, seen, [F(score) * (place == column) for place, score in enumerate(scores)]) for column in range(n)]
    products = [[float(sum(a * b for a, b in zip(one, other))) for other in columns] for one in columns]
    ours = score_products(np.array(ticks), np.array(seen), np.eye(n), np.arange(n), np.array(scores, dtype=float))
    np.testing.assert_allclose(ours, products, rtol=1e-12, atol=1e-12)
    # Two patterns: the same, added up.
    code, table = np.arange(n) % 2, np.array([[1.0, 0.5], [1.0, -2.0]])
    ours = score_products(np.array(ticks), np.array(seen), table, code, np.array(scores, dtype=float))
    np.testing.assert_allclose(ours, table[code].T @ np.array(products) @ table[code], rtol=1e-11, atol=1e-11)


@many
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(1, 4)), min_size=5, max_size=12))
def test_the_models_solve_their_equations(rows):
    x, response, weights = (np.array(column, dtype=float) for column in zip(*rows))
    matrix = np.column_stack([np.ones(len(x)), x])
    for is_log in (False, True):
        coefficients = weighted_mean_model(matrix, response, weights, is_log)
        if coefficients is None:  # x is constant, nothing but zeros, or zeros at one end of x
            assert len(set(x)) == 1 or (is_log and len(set(x[response > 0])) < 2)
            continue
        mean = np.exp(matrix @ coefficients) if is_log else matrix @ coefficients
        assert (matrix.T @ (weights * (response - mean))).tolist() == pytest.approx([0, 0], abs=1e-7)
        scores = matrix * (response - mean)[:, None]
        bread = np.linalg.inv(matrix.T @ matrix)
        np.testing.assert_allclose(sandwich(matrix.T @ matrix, scores.T @ scores), bread @ scores.T @ scores @ bread, atol=1e-10)


# ---- what holds --------------------------------------------------------------------------------------------------------------

@many
@given(cohorts(late=True), st.integers(1, 12))
def test_years_lived_and_lost_add_up_to_the_horizon(frame, horizon):
    cohort = cohort_of(frame)
    lost = quietly(RestrictedMean("node", horizon).years_lost, cohort).groupby("group", sort=False)["estimate"].sum(min_count=1)
    lived = quietly(RestrictedMean("node", horizon), cohort).set_index("group")["estimate"]
    known = lived.notna()
    assert (lost[known] + lived[known]).tolist() == pytest.approx([horizon] * int(known.sum()), abs=1e-12)
    assert lost[~known].isna().all()


@many
@given(cohorts(), st.integers(1, 8))
def test_one_cause_loses_what_is_not_lived_with_the_same_error(frame, horizon):
    cohort = cohort_of(frame.assign(cause=frame["cause"].clip(upper=1)))
    lost = quietly(RestrictedMean("node", horizon, cause="a").years_lost, cohort)
    lived = quietly(RestrictedMean("node", horizon), cohort)
    np.testing.assert_allclose(lost["std_error"], lived["std_error"], atol=1e-12)
    np.testing.assert_allclose(lost["estimate"], horizon - lived["estimate"], atol=1e-12)


@many
@given(cohorts(late=True), st.integers(1, 11))
def test_a_mean_lies_between_nothing_and_the_horizon_and_grows_with_it(frame, horizon):
    cohort = cohort_of(frame)
    short, long = (quietly(RestrictedMean("node", each), cohort)["estimate"] for each in (horizon, horizon + 1))
    assert ((short >= 0) & (short <= horizon) | short.isna()).all()
    both = short.notna() & long.notna()
    assert ((long - short)[both] >= -1e-12).all() and ((long - short)[both] <= 1 + 1e-12).all()


@few
@given(cohorts(late=True), st.integers(1, 8), st.randoms(use_true_random=False))
def test_order_and_unit_of_time_change_nothing(frame, horizon, random):
    order = list(range(len(frame)))
    random.shuffle(order)
    months = frame.iloc[order].assign(t=lambda rows: rows["t"] * 12, entry_years=lambda rows: rows["entry_years"] * 12)
    one, other = (quietly(RestrictedMean("node", horizon), cohort) for cohort in (cohort_of(frame), cohort_of(months, "months")))
    pd.testing.assert_frame_equal(one, other, rtol=0, atol=1e-12)


@few
@given(cohorts(), st.integers(1, 8))
def test_follow_up_in_pieces_changes_nothing(frame, horizon):
    long = frame["t"] > 1
    first = frame[long].assign(t=1, cause=0)
    pieces = pd.concat([first, frame.assign(entry_years=np.where(long, 1, frame["entry_years"]))])
    assume(long.any())
    one, other = (quietly(RestrictedMean("node", horizon), cohort_of(each)) for each in (frame, pieces))
    pd.testing.assert_frame_equal(one, other)


@few
@given(cohorts(), st.integers(1, 4))
def test_swapping_the_reference_turns_the_contrast_round(frame, horizon):
    assume(frame["node"].nunique() == 2)
    cohort = cohort_of(frame)
    one, other = (quietly(RestrictedMean("node", horizon).contrast, cohort, reference).set_index("measure") for reference in "ab")
    np.testing.assert_allclose(one["estimate"].iloc[0], -other["estimate"].iloc[0], atol=1e-12)
    np.testing.assert_allclose(one["estimate"].iloc[1:], 1 / other["estimate"].iloc[1:], rtol=1e-12)
    np.testing.assert_allclose(one["p_value"], other["p_value"], atol=1e-12)


@few
@given(cohorts(), st.integers(1, 4))
def test_the_adjusted_difference_does_not_hang_on_the_scale_of_a_covariate(frame, horizon):
    # Twice over, so that each arm holds each value of x and the model has a solution more often.
    twice = pd.concat([frame, frame.assign(node=frame["node"].map({"a": "b", "b": "a"}), patient_id=frame["patient_id"] + "'", t=frame["t"] + 1)])
    assume(frame["x"].nunique() > 1)
    cohort = cohort_of(twice.assign(y=5 - 2.0 * twice["x"]))
    one, other = (quietly(RestrictedMean("node", horizon).adjusted, cohort, "a", formula) for formula in ("x", "y"))
    np.testing.assert_allclose(one[["estimate", "std_error"]].astype(float), other[["estimate", "std_error"]].astype(float), rtol=1e-6, atol=1e-9)


def test_the_kernel_takes_lists_of_whole_numbers():
    assert restricted_mean([1, 2], [2, 1], [1, 0], 3) == (1 + 2 * 0.5, 1.0**2 * 1 / 2)
