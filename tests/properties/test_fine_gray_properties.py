"""What holds of every Fine-Gray model and of every absolute risk: the order of rows, the unit of time and pieces of follow-up say nothing."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.absolute_risk import AbsoluteRisk
from survival_nodes.estimates.fine_gray import FineGray

SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=8, deadline=None)
AT = (0.25, 1, 3)
PROFILES = {"age": [50, 70], "node": ["negative", "macro"]}


def rows(seed: int, n: int = 120) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame({
        "months": generator.integers(2, 60, n), "cause": generator.choice(3, n, p=[0.3, 0.4, 0.3]), "age": generator.normal(60, 10, n),
        "node": generator.choice(["macro", "micro", "negative"], n), "who": np.arange(n)})


def everything(frame: pd.DataFrame, unit: str = "months", columns: tuple[str, ...] = ("months",)) -> list[np.ndarray]:
    """Fine-Gray's coefficients, errors and predictions, and the absolute risks, as arrays."""
    mapped = {"years": columns[0], "event": "cause", "patient_id": "who"} | ({"entry_years": "entry"} if "entry" in frame else {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # few events are welcome here
        cohort = Cohort.from_frame(frame, mapped, unit, causes={0: "none", 1: "a", 2: "b"}, levels={"node": ["negative", "micro", "macro"]})
        fit, risks = FineGray("age + node", "a", tolerance=0).fit(cohort), AbsoluteRisk("age + node", ties="breslow").fit(cohort)
        numbers = fit.coefficients[["coefficient", "std_error", "robust_std_error", "p_value"]].to_numpy()
        return [numbers, np.array(fit.log_likelihood), fit.predict(PROFILES, AT)["incidence"].to_numpy(), risks.predict(PROFILES, AT)["incidence"].to_numpy()]


def same(got: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-9)


@FEW
@given(SEEDS)
def test_the_order_of_rows_says_nothing(seed):
    frame = rows(seed)
    same(everything(frame.sample(frac=1, random_state=seed % 1000)), everything(frame))


@FEW
@given(SEEDS)
def test_the_unit_of_time_says_nothing(seed):
    frame = rows(seed)
    same(everything(frame.assign(months=frame["months"] / 12), "years"), everything(frame))


@FEW
@given(SEEDS)
def test_pieces_of_follow_up_say_nothing(seed):
    frame, generator = rows(seed).assign(entry=0), np.random.default_rng(seed)
    cut, chosen = generator.integers(1, frame["months"]), generator.random(len(frame)) < 0.5
    pieces = pd.concat([frame[~chosen], frame[chosen].assign(months=cut[chosen], cause=0), frame[chosen].assign(entry=cut[chosen])], ignore_index=True)
    same(everything(pieces), everything(frame))


@FEW
@given(SEEDS)
def test_the_origin_and_unit_of_a_covariate_say_nothing(seed):
    frame = rows(seed)
    first, other = everything(frame), everything(frame.assign(age=(frame["age"] - 60) / 10))
    np.testing.assert_allclose(other[0][:, :3] / np.array([[10], [1], [1]]), first[0][:, :3], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other[1], first[1], rtol=1e-12)


@FEW
@given(SEEDS)
def test_risks_lie_between_nothing_and_all_that_is_left(seed):
    """Incidences rise from 0, and those of all causes never pass 1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        frame = rows(seed)
        cohort = Cohort.from_frame(frame, {"years": "months", "event": "cause", "patient_id": "who"}, "months", causes={0: "none", 1: "a", 2: "b"})
        times = np.arange(int(frame["months"].max()) + 1) / 12
        predicted = AbsoluteRisk("age").fit(cohort).predict({"age": [20, 60, 100]}, times)
    risk = predicted["incidence"].to_numpy().reshape(3, 2, -1)
    assert (np.diff(risk, axis=2) >= 0).all() and (risk[:, :, 0] == 0).all() and risk.sum(axis=1).max() <= 1 + 1e-12
