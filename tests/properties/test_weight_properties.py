"""What holds of weights in Cox's model: a row of weight a half written twice is one row, order says nothing, and a common factor only where it should.

Doubling rows at half weight changes neither coefficient nor robust variance with Breslow's ties, where the two halves are one patient
(the cluster). It does with Efron's ties, which take tied deaths one after another, and a half is one. Kaplan-Meier with weights is held
in `test_weighted_properties.py`, the scale of a covariate in `test_cox_properties.py`.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.estimates.kaplan_meier import KaplanMeier

SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=8, deadline=None, derandomize=True)
LEVELS = {"node": ["negative", "micro", "macro"]}
NUMBERS = ["coefficient", "std_error", "robust_std_error", "conf_low", "conf_high", "p_value"]


def rows(seed: int, n: int = 60, whole: bool = False) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    weight = generator.integers(1, 5, n).astype(float) if whole else generator.uniform(0.2, 3, n)
    return pd.DataFrame({
        "months": generator.integers(12, 60, n), "entry": np.where(generator.random(n) < 0.3, generator.integers(0, 11, n), 0),
        "dead": (generator.random(n) < 0.7).astype(int), "age": generator.normal(60, 10, n), "node": np.resize(LEVELS["node"], n), "weight": weight,
        "who": [f"p{place}" for place in range(n)]})


def cohort_of(frame: pd.DataFrame) -> Cohort:
    """`who` stays a column of its own, as halves of one patient are two rows that overlap."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return Cohort.from_frame(frame, {"years": "months", "entry_years": "entry", "event": "dead"}, "months", levels=LEVELS)


def halved(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame], ignore_index=True).assign(weight=lambda both: both["weight"] / 2)


def curve(frame: pd.DataFrame, **options) -> pd.DataFrame:
    return KaplanMeier("node", weights="weight", **options).curve(cohort_of(frame)).drop(columns="method")


def cox(frame: pd.DataFrame, ties: str, **options) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # few events are welcome here
        return CoxModel("node + age", ties=ties, weights="weight", **options)(cohort_of(frame))[NUMBERS].to_numpy(dtype=float)


def test_halving_by_hand():
    frame = halved(rows(1, n=3).assign(weight=[1.0, 2.0, 3.0]))
    assert frame["weight"].tolist() == [0.5, 1, 1.5, 0.5, 1, 1.5] and frame["who"].tolist() == ["p0", "p1", "p2"] * 2


@FEW
@given(SEEDS)
def test_halves_that_are_not_one_patient_are_two(seed):
    """Without the cluster the robust variance takes twice as many patients of half the weight: half the variance."""
    frame = rows(seed)
    one, two = (curve(each, robust=True) for each in (frame, halved(frame)))
    np.testing.assert_allclose(two["std_error"], one["std_error"] / np.sqrt(2), rtol=1e-9, atol=1e-12)
    one, two = (cox(each, "breslow", robust=True) for each in (frame, halved(frame)))
    np.testing.assert_allclose(two[:, 2], one[:, 2] / np.sqrt(2), rtol=1e-6)


@FEW
@given(SEEDS)
def test_breslow_of_halves(seed):
    frame = rows(seed)
    np.testing.assert_allclose(cox(halved(frame), "breslow", cluster="who"), cox(frame, "breslow", cluster="who"), rtol=1e-7, atol=1e-10)


def test_efron_of_halves_is_not_the_same():
    """Tied deaths are thinned out one after another, and two halves of a death are two."""
    frame = rows(7).assign(months=lambda table: table["months"] // 12 * 12)
    one, two = (cox(each, "efron", cluster="who") for each in (frame, halved(frame)))
    assert np.abs(one[:, 0] - two[:, 0]).max() > 1e-3


@FEW
@given(SEEDS, st.sampled_from(["efron", "breslow"]))
def test_order_of_weighted_rows_says_nothing(seed, ties):
    frame = rows(seed)
    shuffled = frame.sample(frac=1, random_state=seed % 1000)
    np.testing.assert_allclose(cox(shuffled, ties), cox(frame, ties), rtol=1e-7, atol=1e-10)


@FEW
@given(SEEDS)
def test_whole_weights_without_a_robust_variance_are_repeats(seed):
    """Breslow's ties: a row of weight three is three rows."""
    frame = rows(seed, whole=True)
    repeated = frame.loc[frame.index.repeat(frame["weight"].astype(int))].assign(weight=1.0).reset_index(drop=True)
    np.testing.assert_allclose(cox(frame, "breslow", robust=False), cox(repeated, "breslow", robust=False), rtol=1e-7, atol=1e-10)


@FEW
@given(SEEDS, st.floats(0.1, 10))
def test_a_common_factor_of_the_weights_says_nothing_to_a_robust_variance(seed, factor):
    frame = rows(seed)
    scaled = frame.assign(weight=frame["weight"] * factor)
    one, other = (cox(each, "breslow", robust=True) for each in (frame, scaled))
    np.testing.assert_allclose(np.delete(other, 1, axis=1), np.delete(one, 1, axis=1), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(other[:, 1], one[:, 1] / np.sqrt(factor), rtol=1e-6)  # the model's own error takes weights as counts


@FEW
@given(SEEDS)
def test_days_over_365_25_are_years(seed):
    frame = rows(seed)
    days = frame.assign(months=frame["months"] * 365.25 / 12, entry=frame["entry"] * 365.25 / 12)
    mapped = {"years": "months", "entry_years": "entry", "event": "dead"}
    in_days = Cohort.from_frame(days, mapped, "days", levels=LEVELS)
    in_years = Cohort.from_frame(days.assign(months=days["months"] / 365.25, entry=days["entry"] / 365.25), mapped, "years", levels=LEVELS)
    one, other = (KaplanMeier("node", weights="weight").curve(cohort) for cohort in (in_days, in_years))
    pd.testing.assert_frame_equal(one, other, rtol=1e-9, atol=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        found = [CoxModel("node + age", weights="weight").fit(cohort) for cohort in (in_days, in_years)]
    assert found[0].coefficients["coefficient"].tolist() == pytest.approx(found[1].coefficients["coefficient"].tolist(), rel=1e-8)
    assert found[0].baseline["years"].tolist() == pytest.approx(found[1].baseline["years"].tolist(), rel=1e-12)
