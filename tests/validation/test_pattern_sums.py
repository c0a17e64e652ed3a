"""Sums over patterns of rows that are alike against the same sums row by row: Cox's sandwich, Firth's slope, Fine and Gray's likelihood."""

from __future__ import annotations

import numpy as np
import pytest

from survival_nodes.kernels.covariates import Covariates
from survival_nodes.kernels.cox_influence import clustered, dfbeta
from survival_nodes.kernels.fine_gray import SubdistributionLikelihood, maximise
from survival_nodes.kernels.firth import maximise_penalised, maximise_penalised_likelihood
from survival_nodes.kernels.partial_likelihood import PartialLikelihood
from survival_nodes.kernels.pattern_influence import clustered_influence, crossed_influence
from survival_nodes.kernels.pattern_likelihood import PatternLikelihood
from survival_nodes.kernels.penalty_slope import _cubed_one_by_one, _cubed_series, penalty_slope
from survival_nodes.kernels.places import find_places
from survival_nodes.kernels.risk_sets import RiskSets
from survival_nodes.kernels.subdistribution import SubdistributionSets

TIES = ["efron", "breslow"]
KINDS = ["patterns", "numbers", "both"]


def covariates_of(generator: np.random.Generator, n: int, kind: str) -> Covariates:
    """Covariates of two levels, three and five values, in patterns; a column of numbers without; or both."""
    table = np.array([[a, b == 1, b == 2, c] for a in (0.0, 1) for b in range(3) for c in range(5)], dtype=float)
    code, number = generator.integers(0, len(table), n), generator.normal(size=(1, n))
    if kind == "numbers":
        return Covariates.of(np.column_stack((table[code][:, :2], number[0])))
    if kind == "patterns":
        return Covariates(table, code, np.zeros((0, n)), np.arange(4), np.arange(0))
    return Covariates(table, code, number, np.array([0, 2, 3, 4]), np.array([1]))


def rows(seed: int, n: int = 150, kind: str = "both"):
    generator = np.random.default_rng(seed)
    return generator, covariates_of(generator, n, kind), generator.integers(0, 9, n), generator.integers(0, 2, n), generator.integers(0, 2, n)


def both_likelihoods(covariates, exit_, event, stratum, ties, repeats=None, case_weight=None):
    """The likelihood of patterns, and that of rows, those that stand for several written out."""
    patterns = PatternLikelihood.of(covariates, exit_, event, stratum, ties, repeats=repeats, case_weight=case_weight)
    out = np.repeat(np.arange(len(exit_)), 1 if repeats is None else repeats)
    sets = RiskSets.of(np.full(len(out), -1), exit_[out], event[out], stratum[out])
    by_row = PartialLikelihood.scaled(sets, covariates.matrix[out], ties, None if case_weight is None else case_weight[out])
    assert by_row.scale == pytest.approx(patterns.scale, rel=1e-12)
    return patterns, by_row, out


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("given", ["once", "repeats", "weights"])
def test_the_sandwich(kind, ties, given):
    generator, covariates, exit_, event, stratum = rows(1, kind=kind)
    repeats, weight = generator.integers(1, 5, 150) if given == "repeats" else None, generator.uniform(0.3, 3, 150) if given == "weights" else None
    patterns, by_row, out = both_likelihoods(covariates, exit_, event, stratum, ties, repeats, weight)
    p = covariates.n_columns
    coefficients, covariance = generator.normal(size=p) / 3, np.cov(generator.normal(size=(p, 50)))
    moved = dfbeta(by_row.at(coefficients), covariance)
    products, n_moving = crossed_influence(patterns.at(coefficients), covariance)
    np.testing.assert_allclose(products, moved.T @ moved, rtol=1e-10, atol=1e-10)
    assert n_moving == len(moved)
    if repeats is None:
        cluster, last = generator.integers(0, 7, 150), find_places(exit_, event, stratum)[1]
        sums = clustered_influence(patterns.at(coefficients), covariates, coefficients, last, event, np.ones(150) if weight is None else weight, cluster)
        expected = clustered(dfbeta(by_row.at(coefficients), np.eye(p)), cluster[by_row.sets.order])
        np.testing.assert_allclose(sums, expected, rtol=1e-10, atol=1e-9)


def test_rows_that_cannot_move_are_not_counted():
    # All die at once: each row's residual is its covariate less the mean, less the same.
    covariates = Covariates.of(np.arange(6.0)[:, None])
    patterns = PatternLikelihood.of(covariates, np.full(6, 3), np.ones(6, dtype=int), ties="breslow")
    products, n_moving = crossed_influence(patterns.at(np.zeros(1)), np.eye(1))
    assert n_moving == 0 and products == pytest.approx(0.0, abs=1e-20)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("repeated", [False, True])
def test_the_slope_of_the_penalty(kind, ties, repeated):
    generator, covariates, exit_, event, stratum = rows(2, kind=kind)
    patterns, by_row, _ = both_likelihoods(covariates, exit_, event, stratum, ties, generator.integers(1, 30, 150) if repeated else None)
    p = covariates.n_columns
    coefficients, root = generator.normal(size=p) / 3, generator.normal(size=(p, p))
    expected = penalty_slope(by_row.at(coefficients), root)
    np.testing.assert_allclose(penalty_slope(patterns.at(coefficients), root), expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max())


def test_cubed_divisors_of_many_deaths():
    generator = np.random.default_rng(3)
    dying, n_deaths = generator.uniform(0, 1 / 8, 50), generator.integers(16, 5000, 50)
    np.testing.assert_allclose(_cubed_series(dying, n_deaths), _cubed_one_by_one(dying, n_deaths), rtol=1e-13)


@pytest.mark.parametrize("ties", TIES)
def test_the_penalised_maximum(ties):
    generator, covariates, exit_, event, stratum = rows(4, 400, "patterns")
    event = event * (covariates.matrix[:, 1] == 0)  # a level without an event
    patterns, by_row, _ = both_likelihoods(covariates, exit_, event, stratum, ties)
    one = maximise_penalised(by_row.sets, covariates.matrix, ties, 3.84)
    other = maximise_penalised_likelihood(patterns, covariates.matrix.std(axis=0, ddof=1), 3.84)
    assert one.converged and other.converged
    for name in ("coefficients", "covariance", "log_likelihood", "null_log_likelihood", "low", "high", "ratio"):
        np.testing.assert_allclose(getattr(other, name), getattr(one, name), rtol=1e-8, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("grouped", [False, True])
def test_the_subdistribution(kind, grouped):
    generator, covariates, exit_, _, group = rows(5, kind=kind)
    ends, n = generator.choice(3, 150, p=[0.4, 0.4, 0.2]), generator.integers(1, 4, 150)
    out, group = np.repeat(np.arange(150), n), group * grouped
    cells = SubdistributionSets.of(exit_, ends, group, n)
    likelihood = SubdistributionLikelihood.scaled(cells, covariates)
    by_row = SubdistributionLikelihood.scaled(SubdistributionSets.of(exit_[out], ends[out], group[out]), covariates.matrix[out])
    coefficients = generator.normal(size=covariates.n_columns) / 3
    now, expected = likelihood.at(coefficients), by_row.at(coefficients)
    assert now.log_likelihood == pytest.approx(expected.log_likelihood, rel=1e-12)
    np.testing.assert_allclose(now.score(), expected.score(), atol=1e-10)
    np.testing.assert_allclose(now.information(), expected.information(), atol=1e-10)
    terms = expected.influence()
    np.testing.assert_allclose(now.sandwiched(np.eye(len(coefficients))), terms.T @ terms, rtol=1e-10, atol=1e-9)


def test_the_maximum_of_the_subdistribution():
    generator, covariates, exit_, _, group = rows(6, 300)
    ends, n = generator.choice(3, 300), generator.integers(1, 4, 300)
    out = np.repeat(np.arange(300), n)
    one = maximise(SubdistributionSets.of(exit_, ends, group, n), covariates)
    other = maximise(SubdistributionSets.of(exit_[out], ends[out], group[out]), covariates.matrix[out])
    assert one.converged and other.converged
    for name in ("coefficients", "model_covariance", "covariance", "log_likelihood", "null_log_likelihood", "hazard"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-12, err_msg=name)


def test_portions_change_nothing(monkeypatch):
    generator, covariates, exit_, event, stratum = rows(7)
    likelihood = PatternLikelihood.of(covariates, exit_, event, stratum)
    sets = SubdistributionSets.of(exit_, generator.integers(0, 3, 150))
    coefficients, p = generator.normal(size=covariates.n_columns) / 3, covariates.n_columns

    def numbers():
        subdistribution = SubdistributionLikelihood.scaled(sets, covariates).at(coefficients)
        return (crossed_influence(likelihood.at(coefficients), np.eye(p))[0], penalty_slope(likelihood.at(coefficients), np.eye(p)),
                subdistribution.sandwiched(np.eye(p)))

    whole = numbers()
    for module in ("pattern_influence", "penalty_slope", "fine_gray"):
        monkeypatch.setattr(f"survival_nodes.kernels.{module}.PORTION", 11)
    for one, other in zip(whole, numbers(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)
