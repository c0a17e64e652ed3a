"""Standardised differences: by hand as closed forms, against R, and against R's reference on the data sets of others.

Origin of R's numbers: `r/standardised_difference.R`, which makes `r/standardised_difference_reference.csv` from `inputs/synA.csv`; for Rotterdam, and for
synA weighted by propensity scores, the rows `smd` of the full reference (its README says how they were made).
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survival_nodes.kernels.standardised_difference import of_means, of_shares

REFERENCE = os.environ.get("SURVIVAL_NODES_REFERENCE", "")
needs_reference = pytest.mark.skipif(not REFERENCE, reason="set SURVIVAL_NODES_REFERENCE to the folder of the full reference")


@pytest.fixture
def syn_a(data_set) -> pd.DataFrame:
    return data_set("synA").read()


def test_means_by_hand():
    # Means 2 and 4, both variances 1 and 4 with n - 1 below: (2 - 4) / sqrt((1 + 4) / 2).
    assert of_means([1, 2, 3], [2, 4, 6]) == pytest.approx(-2 / math.sqrt(5 / 2), abs=1e-15)


def test_weights_move_the_means_and_not_the_yardstick():
    # Weighted means (1 + 2*2 + 3*5)/8 = 5/2 and 4; the variances stay 1 and 4.
    assert of_means([1, 2, 3], [2, 4, 6], [1, 2, 5], [1, 1, 1]) == pytest.approx((5 / 2 - 4) / math.sqrt(5 / 2), abs=1e-15)


def test_two_classes_by_hand():
    # p = 3/4, q = 1/4, p(1 - p) = q(1 - q) = 3/16.
    assert of_shares([3, 1], [1, 3]) == pytest.approx((1 / 2) / math.sqrt(3 / 16), abs=1e-14)


def test_three_classes_by_hand():
    # p = (1/2, 1/4, 1/4), q = (1/4, 1/4, 1/2). Without the first class the gap is (0, -1/4); the covariances are
    # [[3/16, -1/16], [-1/16, 3/16]] and [[3/16, -1/8], [-1/8, 1/4]], their mean [[3/16, -3/32], [-3/32, 7/32]].
    determinant = 3 / 16 * 7 / 32 - (3 / 32) ** 2
    squared = (1 / 4) ** 2 * (3 / 16) / determinant
    assert of_shares([2, 1, 1], [1, 1, 2]) == pytest.approx(math.sqrt(squared), abs=1e-14)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_it_does_not_matter_which_class_is_left_out(order):
    first, second = np.array([20, 5, 30]), np.array([10, 25, 12])
    assert of_shares(first[list(order)], second[list(order)]) == pytest.approx(of_shares(first, second), abs=1e-12)


def test_a_class_that_nobody_is_in_changes_nothing():
    assert of_shares([3, 0, 1], [1, 0, 3]) == of_shares([3, 1], [1, 3])


@pytest.mark.parametrize(("first", "second", "expected"), [
    ([5, 5], [5, 5], 0.0),
    ([0.1 + 0.2, 0.3], [0.3, 0.3], 0.0),
    ([5, 5], [4, 4], math.inf),
    ([4, 4], [5, 5], -math.inf),
])
def test_constant_groups(first, second, expected):
    assert of_means(first, second) == expected


def test_groups_too_small_to_vary_have_no_difference():
    assert math.isnan(of_means([1.0], [2.0, 3.0]))
    assert math.isnan(of_means([], [2.0, 3.0]))
    assert math.isnan(of_shares([0, 0], [1, 2]))
    assert math.isnan(of_shares([], []))


def test_shares_where_neither_group_varies():
    assert of_shares([4, 0], [7, 0]) == 0.0
    assert of_shares([4, 0], [0, 7]) == math.inf
    # The first two classes differ by more than the covariance, which is 0 there, can carry.
    assert of_shares([4, 0, 0], [0, 2, 2]) == math.inf


def test_means_against_r(reference_rows, syn_a):
    rows = reference_rows("synA", "smd_means")
    treated = (syn_a["chemo"] == 1).to_numpy()
    for row in rows.itertuples():
        values = syn_a[row.term].to_numpy(dtype=float)
        weights = syn_a["wt"].to_numpy() if row.method == "weighted by wt" else np.ones(len(values))
        assert of_means(values[treated], values[~treated], weights[treated], weights[~treated]) == pytest.approx(row.value, abs=1e-12), row
    assert len(rows) == 8


def test_shares_against_r(reference_rows, syn_a):
    rows = reference_rows("synA", "smd_shares")
    treated = syn_a["chemo"] == 1
    for row in rows.itertuples():
        classes = syn_a[row.term].unique()
        counts = [syn_a.loc[part, row.term].value_counts().reindex(classes, fill_value=0) for part in (treated, ~treated)]
        assert of_shares(*counts) == pytest.approx(row.value, abs=1e-12), row
    assert len(rows) == 4


def _column(frame: pd.DataFrame, term: str) -> np.ndarray:
    """Read a term of the reference: a column, the logarithm of a receptor, or one level of a factor."""
    if term in frame:
        return frame[term].to_numpy(dtype=float)
    if term in {"lpgr", "ler"}:
        return np.log(frame[term[1:]] + 1).to_numpy()
    factor = next(name for name in ("node", "size") if term.startswith(name))
    return (frame[factor] == term.removeprefix(factor)).to_numpy(dtype=float)


@needs_reference
@pytest.mark.parametrize(("dataset", "treatment", "scores", "n_rows"), [
    ("synA", "chemo", "synA_chemo_ps.csv", 42), ("rotterdam", "hormon", "rotterdam_hormon_ps.csv", 48)])
def test_weighted_and_unweighted_against_the_full_reference(dataset, treatment, scores, n_rows):
    folder = Path(REFERENCE)
    frame, weights = pd.read_csv(folder / "data" / f"{dataset}.csv"), pd.read_csv(folder / "data" / scores)
    whole = pd.read_csv(folder / "reference.csv.gz", dtype=str)
    rows = whole[(whole["dataset"] == dataset) & (whole["analysis"] == "smd")]
    treated = (frame[treatment] == 1).to_numpy()
    for row in rows.itertuples():
        values = _column(frame, row.term)
        weight = np.ones(len(frame)) if row.method == "unweighted" else weights[row.method].to_numpy()
        found = of_means(values[treated], values[~treated], weight[treated], weight[~treated])
        assert found == pytest.approx(float(row.value), abs=1e-12), (row.method, row.term)
    assert len(rows) == n_rows
