"""The likelihood of patterns and counts against that of the rows, and sums of thin matrices against the plain ones, for any rows."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survival_nodes.kernels import pattern_likelihood
from survival_nodes.kernels import places as places_module
from survival_nodes.kernels.covariates import Covariates
from survival_nodes.kernels.partial_likelihood import PartialLikelihood, maximise, maximise_likelihood
from survival_nodes.kernels.pattern_likelihood import PatternLikelihood
from survival_nodes.kernels.places import find_places, stable_order
from survival_nodes.kernels.risk_sets import RiskSets
from survival_nodes.kernels.thin import moments, product

SEEDS, TIES = st.integers(0, 2**32 - 1), st.sampled_from(["efron", "breslow"])


def made_up(seed: int, n_dense: int, n_strata: int):
    """Rows with a few patterns of three columns of levels and a number, and columns of their own beside them."""
    generator = np.random.default_rng(seed)
    n, u = int(generator.integers(40, 120)), 9
    table = np.column_stack([generator.integers(0, 2, (u, 3)), generator.normal(size=u)]).astype(float)
    dense, order = generator.normal(size=(n_dense, n)), generator.permutation(4 + n_dense)
    covariates = Covariates(table, generator.integers(0, u, n), dense, order[:4], order[4:])
    exit_ = generator.integers(0, 12, n)
    event = np.maximum(generator.random(n) < 0.5, np.arange(n) == 0).astype(np.int8)
    return generator, covariates, exit_, event, generator.integers(0, n_strata, n)


@settings(max_examples=40, deadline=None)
@given(SEEDS, TIES, st.integers(0, 2), st.integers(1, 3), st.sampled_from(["plain", "weighted", "repeated"]), st.sampled_from([7, 1 << 16]), st.booleans())
def test_patterns_give_what_rows_give(seed, ties, n_dense, n_strata, kind, portion, roomy):
    room = {} if roomy else {"ROOMY": 0, "SMALL": 0}  # without room for tables rows are sorted, and no columns are put together
    with patch.multiple(pattern_likelihood, PORTION=portion, **room), patch.object(places_module, "PORTION", portion):
        compare(seed, ties, n_dense, n_strata, kind)


def compare(seed: int, ties: str, n_dense: int, n_strata: int, kind: str) -> None:
    generator, covariates, exit_, event, stratum = made_up(seed, n_dense, n_strata)
    repeats = generator.integers(1, 5, len(event)) if kind == "repeated" else None
    weight = generator.uniform(0.2, 3, len(event)) if kind == "weighted" else None
    patterns = PatternLikelihood.of(covariates, exit_, event, stratum, ties, repeats=repeats, case_weight=weight)
    given_as = np.ones(len(event), dtype=int) if repeats is None else repeats
    matrix, *arrays = (np.repeat(each, given_as, axis=0) for each in (covariates.matrix, exit_, event, stratum))
    rows = PartialLikelihood.of(RiskSets.of(np.full(len(matrix), -1), *arrays), matrix, ties, weight)
    beta = generator.normal(size=covariates.n_columns) / 3
    got, expected = patterns.at(beta * patterns.scale), rows.at(beta)
    assert got.log_likelihood == pytest.approx(expected.log_likelihood, rel=1e-11)
    assert got.score() * patterns.scale == pytest.approx(expected.score(), rel=1e-9, abs=1e-9)
    at = generator.normal(size=len(patterns.sets.ticks))
    for weights in (None, at):
        information = got.information(weights) * np.outer(patterns.scale, patterns.scale)
        assert information == pytest.approx(expected.information(weights), rel=1e-9, abs=1e-8)
    assert patterns.sets.ticks.tolist() == rows.sets.ticks.tolist() and patterns.sets.strata.tolist() == rows.sets.strata.tolist()
    assert patterns.death_sums * patterns.scale + patterns.death_weight[:, None] * patterns.origin == pytest.approx(rows.death_sums, abs=1e-9)
    own, shift = got.hazard * np.exp(-got.centre), np.exp(patterns.origin @ beta)
    assert own == pytest.approx(expected.hazard * np.exp(-expected.centre) * shift, rel=1e-9)


@settings(max_examples=15, deadline=None)
@given(SEEDS, TIES, st.integers(0, 1))
def test_both_climb_to_the_same_top(seed, ties, n_dense):
    _, covariates, exit_, event, stratum = made_up(seed, n_dense, 2)
    by_rows = maximise(RiskSets.of(np.full(len(event), -1), exit_, event, stratum), covariates.matrix, ties)
    by_patterns = maximise_likelihood(PatternLikelihood.of(covariates, exit_, event, stratum, ties))
    assert by_patterns.runaway.tolist() == by_rows.runaway.tolist() and by_patterns.converged == by_rows.converged
    if not by_rows.runaway.any():
        std_error = np.sqrt(np.diag(by_rows.covariance))
        assert np.abs(by_patterns.coefficients - by_rows.coefficients).max() <= 1e-9 * std_error.max()
        assert np.sqrt(np.diag(by_patterns.covariance)) == pytest.approx(std_error, rel=1e-9)
        assert by_patterns.score_test == pytest.approx(by_rows.score_test, rel=1e-9, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_some_columns_and_some_rows_are_those_of_the_matrix(seed):
    generator, covariates, *_ = made_up(seed, 2, 1)
    columns, rows = generator.random(6) < 0.6, generator.random(len(covariates.code)) < 0.7
    assert covariates.only(columns).take(rows).matrix == pytest.approx(covariates.matrix[rows][:, columns])
    matrix, weight = covariates.matrix, generator.random(len(covariates.code))
    assert covariates.second_moments(weight) == pytest.approx((matrix * weight[:, None]).T @ matrix)
    assert covariates.means(weight) == pytest.approx(np.average(matrix, axis=0, weights=weight))
    assert covariates.squares() == pytest.approx((matrix**2).sum(axis=0))
    stratum = generator.integers(0, 3, len(rows))
    means = np.array([np.average(matrix[stratum == each], axis=0, weights=weight[stratum == each]) if (stratum == each).any() else matrix[0] for each in range(3)])
    assert covariates.within(stratum, weight).matrix == pytest.approx(matrix - means[stratum], abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 3), st.booleans())
def test_places_are_the_distinct_event_times_of_each_stratum(seed, n_strata, far):
    generator = np.random.default_rng(seed)
    n = 50
    exit_, stratum = generator.integers(0, 3_000_000 if far else 15, n), generator.integers(0, n_strata, n)
    event = np.maximum(generator.random(n) < 0.4, np.arange(n) == 0).astype(np.int8)
    places, last = find_places(exit_, event, stratum)
    expected = sorted({(s, t) for s, t, e in zip(stratum.tolist(), exit_.tolist(), event.tolist()) if e})
    assert list(zip(places.strata.tolist(), places.ticks.tolist())) == expected
    for row in range(n):
        reached = [k for k, (s, t) in enumerate(expected) if s == stratum[row] and t <= exit_[row]]
        assert last[row] == (reached[-1] if reached else -1)


@pytest.mark.parametrize("n_places", [127, 128, 129, 32767, 32768, 32769])
def test_as_many_places_as_short_integers_hold_are_told_apart(n_places):
    """A death at every odd tick: who leaves at tick t was last at risk at the place (t - 1) // 2, and before the first at none."""
    exit_ = np.arange(2 * n_places + 1)
    places, last = find_places(exit_, exit_ % 2)
    assert places.ticks.tolist() == exit_[1::2].tolist() and last.tolist() == ((exit_ - 1) // 2).tolist()


def test_more_places_than_sixteen_bits_are_sorted_in_two_turns():
    places = np.random.default_rng(3).integers(0, 200_000, 5000)
    assert stable_order(places, 200_000).tolist() == np.argsort(places, kind="stable").tolist()


@pytest.mark.parametrize("shape", [(3, 200_000, 5), (200_000, 3, 5), (3, 5, 200_000), (1, 100, 4), (4, 100, 1)])
def test_thin_products_are_products(shape):
    generator = np.random.default_rng(1)
    left, right = generator.normal(size=shape[:2]), generator.normal(size=shape[1:])
    assert np.abs(product(left, right) - left @ right).max() < 1e-9


@pytest.mark.parametrize("p", [1, 4])
def test_moments_in_blocks_are_the_moments(p):
    columns, weight = np.random.default_rng(2).normal(size=(2, 100_000))[:1].repeat(p, axis=0) + np.arange(p)[:, None], np.arange(100_000.0)
    assert moments(columns, weight) == pytest.approx((columns * weight) @ columns.T)


def counted_one_by_one(places, code, event, repeats, shape):
    """Two tables of whole numbers, filled row by row."""
    tables = np.zeros((2, *shape), dtype=np.int64)
    for place, pattern, died, n in zip(places, code, event, repeats, strict=True):
        tables[0, place, pattern] += n
        tables[1, place, pattern] += n * died
    found = np.flatnonzero(tables[0])
    n_cells, code = np.count_nonzero(tables[0], axis=1).tolist(), (found % shape[1]).tolist()
    return n_cells, code, tables[0].reshape(-1)[found].tolist(), tables[1].reshape(-1)[found].tolist()


@pytest.mark.parametrize(("n", "small", "many"), [
    (200, 0, 1),  # no count outgrows eight bits
    (5_000, 0, 1),  # the rows of a cell do
    (300_000, 0, 1),  # and sixteen
    (5_000, 1 << 20, 1),  # a small table is of long integers at once
    (200, 0, 10_000_000),  # rows that repeat, up to two thousand million
])
def test_counts_that_outgrow_their_half_of_an_integer_are_counted_anew(n, small, many):
    generator = np.random.default_rng(n)
    places, code = generator.integers(0, 3, n).astype(np.int32), generator.integers(0, 2, n)
    code[: n // 2], places[: n // 2] = 0, 1  # one cell holds half of them
    event = (generator.random(n) < 0.9).astype(np.int8)
    repeats = None if many == 1 else generator.integers(1, many, n)
    with patch.object(pattern_likelihood, "SMALL", small):
        found = pattern_likelihood._tallied(places, code, event, repeats, (3, 2))
    assert tuple(each.tolist() for each in found) == counted_one_by_one(places, code, event, [1] * n if repeats is None else repeats, (3, 2))


def test_more_rows_than_half_an_integer_holds_are_sorted_instead():
    generator, covariates, exit_, event, stratum = made_up(3, 0, 1)
    few, beta = generator.integers(1, 5, len(event)), generator.normal(size=covariates.n_columns)
    one, other = (PatternLikelihood.of(covariates, exit_, event, stratum, "breslow", repeats=few * times).at(beta) for times in (1, 1 << 32))
    assert len(other.likelihood.units.place) > len(one.likelihood.units.place)
    assert other.score() / 2**32 == pytest.approx(one.score(), rel=1e-9, abs=1e-9)
