"""What holds for any comparison: of two groups, and with any published figure."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from survival_nodes.cohort import Cohort
from survival_nodes.columns import CONTRASTS, ESTIMATES, PUBLISHED, check, frame_of
from survival_nodes.comparisons.non_inferiority import NonInferiority
from survival_nodes.comparisons.power import events_needed, hazard_ratio_power
from survival_nodes.comparisons.superiority import Worse
from survival_nodes.comparisons.with_published import compare_with_published
from survival_nodes.errors import DataWarning
from survival_nodes.literature.published import half_unit

ORDER = ("excluded", "inconclusive", "shown")
seeds, ratios, fractions = st.integers(0, 2**32 - 1), st.floats(1.05, 3.0), st.floats(0.005, 0.5)


def frame_of_patients(seed: int, n: int = 90) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    node = generator.choice(["negative", "micro", "macro"], n)
    years = np.round(generator.exponential(6.0 / np.where(node == "macro", 2.0, 1.0)) + 0.1, 1)
    return pd.DataFrame({"node": node, "years": years, "event": generator.integers(0, 2, n)})


def cohort_of(frame: pd.DataFrame, unit: str = "years", levels: tuple[str, ...] = ("negative", "micro", "macro")) -> Cohort:
    assume(frame.groupby("node")["event"].sum().reindex(list(levels)).fillna(0).min() >= 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return Cohort.from_frame(frame, time_unit=unit, levels={"node": list(levels)})


def contrasts(comparison, cohort: Cohort) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # few events, a time that not all groups reach: not what is asked here
        found = comparison(cohort)
    assert check(found, CONTRASTS) == ()
    return found.set_index("group")


@settings(max_examples=8, deadline=None)
@given(seeds, ratios, ratios)
def test_a_larger_margin_never_makes_a_verdict_worse(seed, one, other):
    cohort, (small, large) = cohort_of(frame_of_patients(seed)), sorted((one, other))
    near, far = (contrasts(NonInferiority("node", "negative", margin, measure="hazard-ratio"), cohort) for margin in (small, large))
    for group in near.index:
        assert ORDER.index(near["verdict"][group]) <= ORDER.index(far["verdict"][group])
        assert near["p_value"][group] >= far["p_value"][group]
        assert (near["verdict"][group] == "shown") is bool(near["p_value"][group] < 0.025)


@settings(max_examples=8, deadline=None)
@given(seeds)
def test_the_smallest_margin_is_where_the_verdict_turns(seed):
    cohort = cohort_of(frame_of_patients(seed))
    for margin, options, step in ((1.5, {"measure": "hazard-ratio"}, 1e-6), (0.05, {"at_years": 3}, 1e-9)):
        smallest = contrasts(NonInferiority("node", "negative", margin, **options), cohort).loc["macro", "smallest_margin"]
        least = 1.0 if margin > 1 else 0.0
        assume(math.isfinite(smallest) and least + 10 * step < smallest < (50 if margin > 1 else 0.99))
        verdicts = [contrasts(NonInferiority("node", "negative", smallest + side * step, **options), cohort).loc["macro", "verdict"] for side in (-1, 1)]
        assert verdicts[0] != "shown" and verdicts[1] == "shown"


@settings(max_examples=8, deadline=None)
@given(seeds)
def test_exchanging_group_and_reference_turns_the_contrast_round(seed):
    cohort = cohort_of(frame_of_patients(seed))
    forth, back = (contrasts(NonInferiority("node", reference, 0.1, at_years=3), cohort) for reference in ("negative", "macro"))
    assert forth.loc["macro", "estimate"] == pytest.approx(-back.loc["negative", "estimate"], abs=1e-12)
    assert forth.loc["macro", "conf_low"] == pytest.approx(-back.loc["negative", "conf_high"], abs=1e-12, nan_ok=True)
    forth, back = (contrasts(Worse("node", reference), cohort) for reference in ("negative", "macro"))
    assert forth.loc["macro", "estimate"] == pytest.approx(1 / back.loc["negative", "estimate"], rel=1e-8)
    assert forth.loc["macro", "conf_low"] == pytest.approx(1 / back.loc["negative", "conf_high"], rel=1e-8)
    assert forth.loc["macro", "p_value"] == pytest.approx(1 - back.loc["negative", "p_value"], abs=1e-8)
    turned = {"shown": "excluded", "excluded": "shown", "inconclusive": "inconclusive"}
    assert forth.loc["macro", "verdict"] == turned[back.loc["negative", "verdict"]]


@settings(max_examples=6, deadline=None)
@given(seeds)
def test_order_of_rows_unit_of_time_and_order_of_levels_change_nothing(seed):
    frame = frame_of_patients(seed)
    mixed = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    mixed["years"] = (mixed["years"] * 365.25).round(6)
    first, second = cohort_of(frame), cohort_of(mixed, "days", ("macro", "micro", "negative"))
    for comparison in (NonInferiority("node", "micro", 0.1, at_years=3.05), Worse("node", "micro")):
        one, two = contrasts(comparison, first), contrasts(comparison, second)
        for column in ("estimate", "conf_low", "conf_high", "p_value"):
            assert two.loc[one.index, column].tolist() == pytest.approx(one[column].tolist(), rel=1e-7, abs=1e-10, nan_ok=True)


@settings(deadline=None)
@given(st.floats(1.05, 3), st.floats(0.01, 0.99), st.floats(0.3, 0.99), st.booleans())
def test_events_needed_are_the_fewest_that_reach_the_power(ratio, share, power, no_worse):
    truth, margin = (1.0, ratio) if no_worse else (ratio, 1.0)
    n = events_needed(truth, margin, share, power=power)
    assert hazard_ratio_power(truth, margin, share * n, (1 - share) * n) >= power - 1e-9
    if n > 1:
        assert hazard_ratio_power(truth, margin, share * (n - 1), (1 - share) * (n - 1)) <= power + 1e-9


@given(st.floats(1.05, 3), st.floats(1, 1e4), st.floats(1, 1e4), st.floats(1.01, 10))
def test_more_events_never_cost_power(ratio, in_group, in_reference, factor):
    for truth, margin in ((1.0, ratio), (ratio, 1.0)):
        few, many = (hazard_ratio_power(truth, margin, in_group * times, in_reference) for times in (1, factor))
        assert 0.025 - 1e-12 <= few <= many + 1e-12


def compared(ours: list[tuple[float, float]], theirs: list[tuple[float, float]], tolerance: float, printed: bool = True) -> pd.DataFrame:
    """Compare every cohort (estimate, standard error) with every published figure (estimate, half the width of its interval)."""
    estimates = frame_of(ESTIMATES, [
        {"endpoint": "overall", "group": f"cohort {place}", "years": 5, "estimand": "observed", "estimate": estimate, "std_error": error}
        for place, (estimate, error) in enumerate(ours)])
    rates = frame_of(PUBLISHED, [
        {"rate_id": f"figure {place}", "study": "a study", "category": "all", "endpoint": "overall", "estimand": "observed", "years": 5, "estimate": estimate,
         "tier": "A", "ship": "yes"} | ({"conf_low": estimate - width, "conf_high": estimate + width, "conf_level": 0.95} if printed else {})
        for place, (estimate, width) in enumerate(theirs)])
    return compare_with_published(estimates, rates, tolerance)


cohorts = st.lists(st.tuples(st.floats(0.01, 0.99), st.floats(1e-5, 0.2)), min_size=1, max_size=8)
figures = st.lists(st.tuples(st.floats(0.01, 0.99), st.floats(1e-4, 0.3)), min_size=1, max_size=8)


@settings(deadline=None, max_examples=10)
@given(cohorts, figures, fractions, fractions, st.booleans())
def test_a_wider_tolerance_never_makes_a_figure_less_consistent(ours, theirs, one, other, printed):
    narrow, wide = (compared(ours, theirs, tolerance, printed) for tolerance in sorted((one, other)))
    order = ("differs", "inconclusive", "consistent")
    assert len(narrow) == len(ours) * len(theirs)
    assert all(order.index(first) <= order.index(second) for first, second in zip(narrow["verdict"], wide["verdict"], strict=True))
    assert ((narrow["difference_low"] <= narrow["difference"]) & (narrow["difference"] <= narrow["difference_high"])).all()


@settings(deadline=None, max_examples=10)
@given(cohorts, figures)
def test_uncertainty_of_either_side_widens_the_interval(ours, theirs):
    pairs = [(2 * 1.959963984540054 * error, estimate, 2 * width) for _, error in ours for estimate, width in theirs]
    printed, unprinted = (compared(ours, theirs, 0.02, printed) for printed in (True, False))
    for place, (own, estimate, their) in enumerate(pairs):
        assert printed["difference_high"][place] - printed["difference_low"][place] == pytest.approx(math.hypot(own, their), rel=1e-6)
        assert unprinted["difference_high"][place] - unprinted["difference_low"][place] == pytest.approx(own + 2 * half_unit(estimate), rel=1e-6)


@given(st.integers(0, 1000))
def test_half_a_unit_is_that_of_the_last_decimal_printed(tenths):
    assert half_unit(tenths / 1000) == 0.0005
    assert half_unit(round(tenths / 1000, 2), "Printed without decimals.") == 0.005
