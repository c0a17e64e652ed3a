"""Random assignments drawn as counts of scores: the law of every assignment written out, and what many patients cost."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from survival_nodes.kernels import permutation as kernel


def drawn_sums(scores, sizes, n, seed) -> np.ndarray:
    return np.concatenate(list(kernel.random_sums(scores, sizes, n, np.random.default_rng(seed))))


def test_counts_of_scores_have_the_law_of_all_assignments(monkeypatch):
    # Six patients with three scores, dealt to groups of 1, 2 and 3, beside three with two scores: 60 times 6 assignments, all alike likely.
    scores, sizes = [np.array([1.0, 1, 1, 5, 5, -13]), np.array([2.0, 2, -4])], [(1, 2, 3), (1, 1, 1)]
    every = Counter(map(tuple, kernel.all_sums(scores, sizes).tolist()))
    assert sum(every.values()) == 60 * 6
    monkeypatch.setattr(kernel, "CROWD", 0)
    assert all(kernel._of_scores(own, groups) is not None for own, groups in zip(scores, sizes, strict=True))
    n = 72_000
    drawn = Counter(map(tuple, drawn_sums(scores, sizes, n, 5).tolist()))
    assert set(drawn) == set(every)
    expected = {sums: n * times / 360 for sums, times in every.items()}
    chi_square = sum((drawn[sums] - expected[sums]) ** 2 / expected[sums] for sums in every)
    # The normal approximation of a chi-square on as many degrees as cells less one; 4 standard deviations.
    df = len(every) - 1
    assert chi_square < df + 4 * np.sqrt(2 * df)


def test_many_patients_with_few_scores_are_dealt_as_counts():
    scores, sizes = np.repeat([1.0, 0.25, -0.5, -0.75], 25_000), (70_000, 20_000, 10_000)
    sums = drawn_sums([scores], [sizes], 4000, 1)
    covariance = kernel.permutation_covariance([scores], [sizes])
    spread = np.sqrt(np.diag(covariance))
    assert sums.sum(axis=1) == pytest.approx(0.0, abs=1e-9)
    assert (np.abs(sums.mean(axis=0)) < 4 * spread / np.sqrt(4000)).all()
    # A standard deviation of 4000 normal values has the relative error 1 / sqrt(8000).
    assert (np.abs(sums.std(axis=0) / spread - 1) < 4 / np.sqrt(8000)).all()


def test_few_patients_are_shuffled():
    assert kernel._of_scores(np.repeat([1.0, -1.0], 8), (8, 8)) is None
    assert kernel._of_scores(np.repeat([1.0, -1.0], 17), (17, 17)) is not None


def test_a_seed_gives_the_same_assignments():
    scores = [np.repeat([1.0, -1.0], 100)]
    first, again, other = (drawn_sums(scores, [(150, 30, 20)], 50, seed) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()
