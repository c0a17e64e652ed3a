"""Concordance pair by pair: the fast count against every pair looked at, its error against the effect of each row's weight."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, InputError
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.kernels.concordance import WEIGHTINGS, concordance, concordance_variance, concordant_pairs, count_pairs, time_weights


def slow_pairs(entry, exit_, event, stratum, score, weight, time_weight):
    """Every pair of rows: concordant, discordant, tied score, tied time, tied both."""
    sums = np.zeros(5)
    for i in np.flatnonzero(event):
        for j in range(len(exit_)):
            product = weight[i] * weight[j] * time_weight[i]
            if stratum[i] != stratum[j] or i == j:
                continue
            if exit_[i] == exit_[j] and event[j]:
                sums[4 if score[i] == score[j] else 3] += product / 2  # met twice
            elif entry[j] < exit_[i] <= exit_[j]:
                sums[0 if score[i] > score[j] else 1 if score[i] < score[j] else 2] += product
    return sums


def slow_survival_before(time, entry, exit_, gone, weight, ahead=None):
    """Product limit just before a time; those of `ahead` who leave at the same time have left the risk set first."""
    survival = 1.0
    for t in np.unique(exit_[gone & (exit_ < time)]):
        at_risk = weight[(entry < t) & (exit_ >= t)].sum() - (0 if ahead is None else weight[ahead & (exit_ == t)].sum())
        survival *= 1 - weight[gone & (exit_ == t)].sum() / at_risk
    return survival


def slow_time_weights(weighting, entry, exit_, event, weight):
    died = event.astype(bool)
    if weighting == "harrell":
        return np.ones(len(exit_))
    if weighting == "uno":
        return np.array([slow_survival_before(t, entry, exit_, ~died, weight, died) ** -2 for t in exit_])
    at_risk = np.array([weight[(entry < t) & (exit_ >= t)].sum() for t in exit_])
    return np.array([weight.sum() * slow_survival_before(t, entry, exit_, died, weight) for t in exit_]) / at_risk


def rows(seed: int, n: int = 40, late: bool = True):
    generator = np.random.default_rng(seed)
    exit_ = generator.integers(1, 15, n)
    entry = np.where(generator.random(n) < 0.3 * late, np.minimum(generator.integers(0, 8, n), exit_ - 1), -1)
    return (
        entry, exit_, generator.integers(0, 2, n), generator.integers(0, 2, n), generator.integers(0, 6, n).astype(float), generator.choice([0.5, 1, 2], n))


def test_the_oracle_on_three_rows():
    """Row 1 fails first with the highest score, beside two; then row 2 beside row 3, of a higher score: 2 concordant, 1 discordant."""
    everyone = (np.full(3, -1), np.array([1, 2, 3]), np.array([1, 1, 1]), np.zeros(3, dtype=int), np.array([3.0, 1, 2]))
    assert slow_pairs(*everyone, np.ones(3), np.ones(3)).tolist() == [2, 1, 0, 0, 0]
    weights = np.array([1.0, 2, 3])
    assert slow_pairs(*everyone, weights, np.ones(3)).tolist() == [1 * 2 + 1 * 3, 2 * 3, 0, 0, 0]


def test_the_oracle_on_ties():
    """Two fail at 1 with one score, a third with another; one censored at 1 outlives all three, one who enters at 1 is not there."""
    pairs = slow_pairs(
        np.array([-1, -1, -1, -1, 1]), np.array([1, 1, 1, 1, 2]), np.array([1, 1, 1, 0, 0]), np.zeros(5, dtype=int), np.array([1.0, 1, 2, 1, 0]),
        np.ones(5), np.ones(5))
    assert pairs.tolist() == [1, 0, 2, 2, 1]


def test_the_oracle_on_weights_of_time():
    """Deaths at 1 and 3 of four, one censored at 2: G(3-) = 2/3 and S(3-) = 3/4 with two left."""
    own = (np.full(4, -1), np.array([1, 2, 3, 3]), np.array([1, 0, 1, 0]), np.ones(4))
    assert slow_time_weights("uno", *own)[[0, 2]] == pytest.approx([1, 9 / 4], abs=1e-12)
    assert slow_time_weights("peto", *own)[[0, 2]] == pytest.approx([1, 4 * (3 / 4) / 2], abs=1e-12)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("seed", range(6))
def test_pairs_are_those_of_the_oracle(seed, weighting):
    entry, exit_, event, stratum, score, weight = rows(seed, late=weighting != "uno")
    at = time_weights(weighting, entry, exit_, event, stratum, weight)
    for code in (0, 1):
        own = stratum == code
        np.testing.assert_allclose(at[own], slow_time_weights(weighting, entry[own], exit_[own], event[own], weight[own]), rtol=1e-12)
    pairs = count_pairs(entry, exit_, event, stratum, score, weight, at)
    np.testing.assert_allclose(pairs[:5], slow_pairs(entry, exit_, event, stratum, score, weight, at), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_whole_counts_stay_whole_and_rows_share_what_pairs_weigh(seed):
    entry, exit_, event, stratum, score, weight = rows(seed)
    whole = concordant_pairs(entry, exit_, event, stratum, score)
    assert all(isinstance(count, int) for count in whole)
    pairs = count_pairs(entry, exit_, event, stratum, score, np.ones(40), np.ones(40))
    assert whole == tuple(pairs[:3])
    assert pairs.of_row.sum(axis=0) == pytest.approx(2 * np.array(whole), abs=1e-9)  # each pair stands with both its rows
    weighted = count_pairs(entry, exit_, event, stratum, score, weight, np.ones(40))
    assert concordant_pairs(entry, exit_, event, stratum, score, weight) == pytest.approx(weighted[:3], rel=1e-12)


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_error_is_that_of_the_effect_of_each_weight(seed, clustered):
    """The jackknife's parts are derivatives: raise a weight by a millionth and see what becomes of the concordance."""
    entry, exit_, event, stratum, score, weight = rows(seed, n=25)
    at = time_weights("peto", entry, exit_, event, stratum, weight)
    moved = np.empty(25)
    for i in range(25):
        up, down = (weight + sign * 1e-6 * (np.arange(25) == i) for sign in (1, -1))
        moved[i] = weight[i] * np.diff([concordance(*slow_pairs(entry, exit_, event, stratum, score, each, at)[:3]) for each in (down, up)])[0] / 2e-6
    cluster = np.arange(25) % 4 if clustered else None
    expected = (np.bincount(cluster, weights=moved) ** 2).sum() if clustered else (moved**2).sum()
    pairs = count_pairs(entry, exit_, event, stratum, score, weight, at)
    assert concordance_variance(pairs, weight, cluster) == pytest.approx(expected, rel=1e-6)


def test_a_horizon_and_no_pairs():
    frame = pd.DataFrame({"years": [1, 2, 3, 4, 5, 6], "event": [1, 1, 1, 1, 0, 0], "x": [6.0, 3, 5, 1, 2, 4]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        fit = CoxModel("x").fit(Cohort.from_frame(frame, time_unit="years"))
        single = CoxModel("x").fit(Cohort.from_frame(frame.iloc[3:].assign(event=[0, 0, 1]), time_unit="years"))
    table = fit.concordance_table(("harrell", "uno", "peto"), horizon_years=2.5)
    assert table["weighting"].tolist() == ["harrell", "uno", "peto"] and (table["horizon_years"] == 2.5).all()
    assert table.loc[0, ["concordant", "discordant", "tied_score"]].tolist() == [5 + 2, 2, 0]
    assert table["concordance"].to_numpy() == pytest.approx([7 / 9, 7 / 9, (5 + 2 * 1) / (5 + 4)], abs=1e-12)
    assert np.isnan(single.concordance) and np.isnan(single.concordance_std_error)


def test_uno_needs_everybody_from_the_origin():
    frame = pd.DataFrame({"years": [2, 3, 4], "entry_years": [0, 1, 0], "event": [1, 1, 1], "x": [1.0, 3, 2]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        fit = CoxModel("x").fit(Cohort.from_frame(frame, time_unit="years"))
    with pytest.raises(InputError, match="with delayed entry use 'harrell' or 'peto'"):
        fit.concordance_table("uno")
    assert fit.concordance_table("peto")["concordance"].notna().all()
