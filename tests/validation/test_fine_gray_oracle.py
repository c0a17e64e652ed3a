"""The running sums of the Fine-Gray kernel against a plain oracle of rows x times, and the oracle against arithmetic by hand."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survival_nodes.kernels.fine_gray import Evaluation, maximise
from survival_nodes.kernels.subdistribution import SubdistributionSets

HERE = Path(__file__).parent


@dataclass
class Oracle:
    """Fine and Gray (1999) as written down: a matrix of weights, and a loop over rows, times and censorings."""

    exit: np.ndarray
    kind: np.ndarray
    columns: np.ndarray
    beta: np.ndarray
    group: np.ndarray

    def __post_init__(self) -> None:
        self.times = np.unique(self.exit[self.kind == 1])
        self.deaths = np.array([((self.exit == time) & (self.kind == 1)).sum() for time in self.times])
        self.weight = np.array([[self.weight_of(row, time) for time in self.times] for row in range(len(self.exit))])
        self.risk = np.exp(self.columns @ self.beta)
        self.at_risk = self.risk @ self.weight
        self.mean = (self.columns * self.risk[:, None]).T @ self.weight / self.at_risk
        self.hazard = self.deaths / self.at_risk

    def censoring_before(self, group: int, time: int) -> float:
        own = self.group == group
        if time > self.exit[own].max():
            return 0.0
        survival = 1.0
        for moment in np.unique(self.exit[own & (self.kind == 0) & (self.exit < time)]):
            survival *= 1 - (own & (self.exit == moment) & (self.kind == 0)).sum() / (own & (self.exit >= moment)).sum()
        return survival

    def weight_of(self, row: int, time: int) -> float:
        if self.exit[row] >= time:
            return 1.0
        if self.kind[row] != 2:
            return 0.0
        return self.censoring_before(self.group[row], time) / self.censoring_before(self.group[row], self.exit[row])

    def log_likelihood(self) -> float:
        return float((self.columns @ self.beta)[self.kind == 1].sum() - self.deaths @ np.log(self.at_risk))

    def score(self) -> np.ndarray:
        return self.columns[self.kind == 1].sum(axis=0) - self.mean @ self.deaths

    def information(self) -> np.ndarray:
        total = np.zeros((self.columns.shape[1],) * 2)
        for k, deaths in enumerate(self.deaths):
            away = self.columns - self.mean[:, k]
            total += deaths * (away * (self.risk * self.weight[:, k])[:, None]).T @ away / self.at_risk[k]
        return total

    def eta(self) -> np.ndarray:
        terms = np.zeros_like(self.columns)
        for row in range(len(self.exit)):
            for k, time in enumerate(self.times):
                died = self.exit[row] == time and self.kind[row] == 1
                terms[row] += (self.columns[row] - self.mean[:, k]) * (died - self.weight[row, k] * self.risk[row] * self.hazard[k])
        return terms

    def pull(self, moment: int, among: np.ndarray) -> np.ndarray:
        """q(u): what rows failed from another cause before u take from the score at event times from u on."""
        total = np.zeros(self.columns.shape[1])
        for row in np.flatnonzero(among & (self.kind == 2) & (self.exit < moment)):
            for k in np.flatnonzero(self.times >= moment):
                total += (self.columns[row] - self.mean[:, k]) * self.weight[row, k] * self.risk[row] * self.hazard[k]
        return total

    def psi(self) -> np.ndarray:
        terms = np.zeros_like(self.columns)
        for group in np.unique(self.group):
            own = self.group == group
            for moment in np.unique(self.exit[own & (self.kind == 0)]):
                censored, here = own & (self.exit == moment) & (self.kind == 0), own & (self.exit >= moment)
                pull = self.pull(moment, own) / here.sum()
                terms[censored] += pull
                terms[here] -= pull * censored.sum() / here.sum()
        return terms


def tied_rows(seed: int, n: int = 60, last: int = 12, kinds: tuple[int, ...] = (0, 1, 2)) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    columns = np.column_stack((generator.normal(size=n), generator.random(n) < 0.4)).astype(float)
    return generator.integers(0, last, n), generator.choice(kinds, n), columns, generator.integers(0, 2, n)


EXIT, KIND = np.array([1, 2, 3, 4]), np.array([2, 0, 1, 1])
COLUMNS = np.array([[1.0], [0.0], [1.0], [0.0]])


def by_hand() -> dict[str, list]:
    """G falls to 2/3 at 2, so the first row weighs 2/3 at 3 and at 4: S0 = 8/3 and 5/3, means 5/8 and 2/5, hazards 3/8 and 3/5."""
    early, late = F(3, 8) * F(2, 3) * F(3, 8), F(3, 5) * F(2, 3) * F(3, 5)
    return {
        "score": [1 - F(5, 8) - F(2, 5)], "information": [F(5, 8) * F(3, 8) + F(2, 5) * F(3, 5)],
        "eta": [-early - late, 0, F(3, 8) * F(5, 8), F(5, 8) * F(3, 8) - F(2, 5) * F(2, 5)],
        "psi": [0, (early + late) * F(2, 9), -(early + late) / 9, -(early + late) / 9]}


def test_the_oracle_is_arithmetic():
    oracle, expected = Oracle(EXIT, KIND, COLUMNS, np.zeros(1), np.zeros(4, dtype=int)), by_hand()
    assert np.exp(oracle.log_likelihood()) == pytest.approx(float(F(3, 8) * F(3, 5)), abs=1e-15)
    for name, values in expected.items():
        assert getattr(oracle, name)().ravel() == pytest.approx(np.array(values, dtype=float), abs=1e-15), name


def test_the_kernel_is_arithmetic():
    now, expected = Evaluation.at(SubdistributionSets.of(EXIT, KIND), COLUMNS, np.zeros(1)), by_hand()
    assert now.at_risk == pytest.approx([8 / 3, 5 / 3], abs=1e-15)
    assert now.score() == pytest.approx([float(expected["score"][0])], abs=1e-15)
    assert now.information().ravel() == pytest.approx([float(expected["information"][0])], abs=1e-15)
    assert now.influence().ravel() == pytest.approx([float(a + b) for a, b in zip(expected["eta"], expected["psi"], strict=True)], abs=1e-15)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("kinds", [(0, 1, 2), (1, 2), (0, 1), (0, 0, 0, 1, 2)], ids=["all", "nobody censored", "no other cause", "mostly censored"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_kernel_is_the_oracle(seed, kinds, groups):
    exit_, kind, columns, group = tied_rows(seed, kinds=kinds)
    group = group * (groups - 1)
    beta = np.array([0.7, -1.3])
    sets = SubdistributionSets.of(exit_, kind, group)
    now, oracle = Evaluation.at(sets, columns[sets.order], beta), Oracle(exit_, kind, columns, beta, group)
    assert now.log_likelihood == pytest.approx(oracle.log_likelihood(), rel=1e-12)
    np.testing.assert_allclose(now.hazard * np.exp(-now.centre), oracle.hazard, rtol=1e-12)
    np.testing.assert_allclose(now.score(), oracle.score(), atol=1e-11)
    np.testing.assert_allclose(now.information(), oracle.information(), atol=1e-11)
    np.testing.assert_allclose(now.influence(), (oracle.eta() + oracle.psi())[sets.order], atol=1e-12)


@pytest.mark.parametrize("seed", [4, 5])
def test_the_maximum_is_the_oracle_s(seed):
    exit_, kind, columns, group = tied_rows(seed)
    maximum = maximise(SubdistributionSets.of(exit_, kind, group), 1000 * columns + 5)
    oracle = Oracle(exit_, kind, columns, maximum.coefficients * 1000, group)
    inverse = np.linalg.inv(oracle.information())
    leverage = (oracle.eta() + oracle.psi()) @ inverse
    assert maximum.converged and not maximum.runaway.any()
    assert oracle.score() == pytest.approx(np.zeros(2), abs=1e-10)
    np.testing.assert_allclose(maximum.model_covariance * 1e6, inverse, rtol=1e-10)
    np.testing.assert_allclose(maximum.covariance * 1e6, leverage.T @ leverage, rtol=1e-10)
    np.testing.assert_allclose(maximum.hazard * np.exp(maximum.coefficients.sum() * 5), oracle.hazard, rtol=1e-10)


def test_no_weight_beyond_the_follow_up_of_a_group():
    """Group 1 is followed to 3, where its last row dies; at 5 its censoring is unknown, and its failure at 1 has left the risk set."""
    sets = SubdistributionSets.of(np.array([1, 3, 2, 5, 6]), np.array([2, 1, 2, 1, 0]), np.array([1, 1, 0, 0, 0]))
    assert sets.sums(np.ones((5, 1))).ravel().tolist() == [5.0, 3.0]


def test_a_censoring_counts_where_failure_comes_before_it_and_the_event_not_before():
    """t_i < x <= u: the failure at 2 does not hang on the censoring at 2, nor the event at 2; the event at 3 hangs on that at 3."""
    exit_, kind = np.array([2, 2, 2, 3, 3, 4]), np.array([2, 0, 1, 0, 1, 0])
    columns = np.arange(6.0)[:, None]
    oracle = Oracle(exit_, kind, columns, np.zeros(1), np.zeros(6, dtype=int))
    assert oracle.pull(2, np.ones(6, dtype=bool)) == 0
    assert oracle.pull(3, np.ones(6, dtype=bool)) != 0
    now = Evaluation.at(SubdistributionSets.of(exit_, kind), columns, np.zeros(1))
    np.testing.assert_allclose(now.influence(), oracle.eta() + oracle.psi(), atol=1e-14)


def test_the_standard_errors_of_crr_with_cengroup_are_near():
    """crr's censoring term with groups is another one, within 1%; without groups it is met to 1e-8 (test_fine_gray_against_r.py)."""
    frame = pd.read_csv(HERE / "inputs" / "synA.csv")
    frame = frame[frame["id"] <= 300]
    kind = (frame["status"] * (1 + (frame["id"] % 3 == 0))).to_numpy()
    columns = np.column_stack([frame["node"] == level for level in ("ITC", "micromet", "macromet")] + [frame["age"]]).astype(float)
    exit_, group = frame["time_months"].to_numpy(), frame["chemo"].to_numpy()
    maximum = maximise(SubdistributionSets.of(exit_, kind, group), columns)
    oracle = Oracle(exit_, kind, columns, maximum.coefficients, group)
    leverage = (oracle.eta() + oracle.psi()) @ np.linalg.inv(oracle.information())
    np.testing.assert_allclose(np.diag(maximum.covariance), (leverage**2).sum(axis=0), rtol=1e-8)
    rows = pd.read_csv(HERE / "r" / "fine_gray_reference.csv")
    theirs = rows[rows["method"].str.contains("cengroup") & (rows["statistic"] == "se")]["value"].to_numpy()
    np.testing.assert_allclose(np.sqrt(np.diag(maximum.covariance)), theirs, rtol=0.01)
