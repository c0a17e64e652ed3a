"""Concordance from tables of times and scores against the count row by row, rows that stand for several, and variances of single rows."""

from __future__ import annotations

import numpy as np
import pytest

from survival_nodes.kernels import concordance as kernel
from survival_nodes.kernels import weighted_product_limit as curves
from survival_nodes.kernels.concordance import concordant_pairs, count_pairs, ranks
from survival_nodes.kernels.weighted_product_limit import WeightedRows, distinct, risk_table, robust_log_variance, variance_steps


def rows(seed: int, n: int = 200):
    generator = np.random.default_rng(seed)
    return (
        np.full(n, -1), generator.integers(0, 12, n), generator.integers(0, 2, n), generator.integers(0, 3, n), generator.integers(0, 20, n) / 7,
        generator.uniform(0.2, 3, n), generator.uniform(0.5, 2, n))


def without_table(monkeypatch) -> None:
    monkeypatch.setattr(kernel, "ROOMY", 0)
    monkeypatch.setattr(kernel, "SMALL", 0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tables_and_rows_alike(seed, monkeypatch):
    *own, weight, at = rows(seed)
    counted, weighted, pairs = concordant_pairs(*own), concordant_pairs(*own, weight), count_pairs(*own, weight, at)
    without_table(monkeypatch)
    assert concordant_pairs(*own) == counted and all(isinstance(number, int) for number in counted)
    assert concordant_pairs(*own, weight) == pytest.approx(weighted, rel=1e-12)
    again = count_pairs(*own, weight, at)
    assert again[:5] == pytest.approx(pairs[:5], rel=1e-12)
    np.testing.assert_allclose(again.of_row, pairs.of_row, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("late", [False, True])
def test_a_row_that_stands_for_several_is_so_many_rows(table, late, monkeypatch):
    entry, exit_, event, stratum, score, *_ = rows(4)
    entry = np.where(late & (np.arange(200) % 3 == 0), exit_ // 2 - 1, entry)
    n = np.random.default_rng(5).integers(1, 6, 200)
    out = np.repeat(np.arange(200), n)
    if not table:
        without_table(monkeypatch)
    expected = concordant_pairs(*(each[out] for each in (entry, exit_, event, stratum, score)))
    counted = concordant_pairs(entry, exit_, event, stratum, ranks(score), n)
    assert counted == expected and all(isinstance(number, int) for number in counted)


@pytest.mark.parametrize("estimator", ["kaplan-meier", "nelson-aalen", "fleming-harrington"])
@pytest.mark.parametrize("last", [1, 9, 300])
def test_the_variance_of_single_rows_is_that_of_clusters_of_one(estimator, last, monkeypatch):
    generator = np.random.default_rng(6)
    n = 150
    alone = WeightedRows(
        np.full(n, -1), generator.integers(0, last, n), generator.random(n) < 0.5, generator.uniform(0.3, 3, n), generator.permutation(n), np.zeros(n, dtype=bool))
    table = risk_table(alone)
    steps = variance_steps(estimator, table.n_risk, table.n_event, table.n_deaths)
    ours = robust_log_variance(alone, table, steps)
    monkeypatch.setattr(curves, "_of_single_rows", None)  # not to be called
    beside = WeightedRows(*(np.append(each, extra) for each, extra in zip(
        (alone.entry, alone.exit, alone.event, alone.weight, alone.cluster, alone.inner), (-1, 0, False, 1e-300, 0, False), strict=True)))
    np.testing.assert_allclose(ours, robust_log_variance(beside, table, steps), rtol=1e-9, atol=1e-15)


def test_the_risk_table_of_rows_from_the_origin():
    generator = np.random.default_rng(7)
    n = 100
    own = WeightedRows(
        np.full(n, -1), generator.integers(0, 9, n), generator.random(n) < 0.5, generator.uniform(0.3, 3, n), np.arange(n), np.zeros(n, dtype=bool))
    table = risk_table(own)
    for place, tick in enumerate(table.ticks):
        there = own.exit == tick
        assert table.n_risk[place] == pytest.approx(own.weight[own.exit >= tick].sum(), rel=1e-13)
        assert table.n_deaths[place] == (there & own.event).sum()
        assert (table.n_event[place], table.n_censor[place]) == pytest.approx((own.weight[there & own.event].sum(), own.weight[there & ~own.event].sum()))


def test_distinct_keys_far_apart_are_sorted():
    keys = np.array([10**12, 5, 10**12, 7])
    found, place = distinct(keys)
    assert found.tolist() == [5, 7, 10**12] and (found[place] == keys).all()
