"""What `Bootstrap` takes, refuses and says."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.columns import CONTRASTS, ESTIMATES
from survival_nodes.errors import DataWarning, UsageError


@pytest.fixture
def cohort() -> sn.Cohort:
    generator = np.random.default_rng(4)
    frame = pd.DataFrame({"t": generator.integers(1, 80, 200), "d": generator.integers(0, 2, 200), "node": ["a", "b", "c", "c"] * 50, "w": 2})
    return sn.Cohort.from_frame(frame, {"years": "t", "event": "d"}, "months")


@pytest.mark.parametrize(("options", "said"), [
    ({"weights": "w"}, r"weights='w' does not go with a bootstrap from counts: leave out the option"),
    ({"cluster": "w"}, r"cluster='w' does not go with a bootstrap from counts"),
    ({"robust": True}, r"robust=True does not go with a bootstrap from counts")])
def test_what_is_not_a_function_of_counts_is_refused_by_name(options, said):
    with pytest.raises(UsageError, match=said):
        sn.Bootstrap(sn.KaplanMeier("node", **options), 1)


@pytest.mark.parametrize(("arguments", "options", "said"), [
    ((sn.CoxModel("age"), 1), {}, "which rest on counts, not CoxModel"),
    ((sn.KaplanMeier, 1), {}, "which rest on counts, not type"),
    ((sn.KaplanMeier(), -1), {}, "seed is a whole number, 0 or more, not -1"),
    ((sn.KaplanMeier(), 1.5), {}, "seed is a whole number, 0 or more, not 1.5"),
    ((sn.KaplanMeier(), True), {}, "seed is a whole number, 0 or more, not True"),
    ((sn.KaplanMeier(), 1), {"replicates": 1}, "replicates is a whole number, 2 or more, not 1"),
    ((sn.KaplanMeier(), 1), {"conf_level": 95}, "did you mean 0.95"),
    ((sn.KaplanMeier(), 1), {"interval": "bca"}, "interval is one of percentile, basic, normal, not 'bca'")])
def test_options_are_checked_at_once(arguments, options, said):
    with pytest.raises(UsageError, match=said):
        sn.Bootstrap(*arguments, **options)


def test_the_frame_is_that_of_the_estimator(cohort):
    estimator = sn.KaplanMeier("node", at_years=(1, 5), conf_level=0.9)
    own, table = estimator(cohort), sn.Bootstrap(estimator, 7, replicates=100)(cohort)
    replaced = ["method", "std_error", "conf_low", "conf_high", "conf_level"]
    assert list(table.columns) == list(ESTIMATES.names)
    pd.testing.assert_frame_equal(table.drop(columns=replaced), own.drop(columns=replaced))
    assert set(table["method"]) == {"Kaplan-Meier, bootstrap of 100 replicates (seed 7), percentile interval"}
    assert set(table["conf_level"]) == {0.95} and (table["conf_low"] < table["estimate"]).all() and (table["estimate"] < table["conf_high"]).all()


@pytest.mark.parametrize(("estimator", "begins"), [
    (sn.KaplanMeier(estimator="fleming-harrington"), "Fleming-Harrington, bootstrap of 50"),
    (sn.RestrictedMean(None, 5), "area under the Kaplan-Meier survival, bootstrap of 50")])
def test_the_method_names_the_estimator(cohort, estimator, begins):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        table = sn.Bootstrap(estimator, 7, replicates=50, interval="basic")(cohort)
    assert table["method"].iloc[0] == f"{begins} replicates (seed 7), basic interval"


def test_a_seed_gives_the_same_numbers_and_another_others(cohort):
    first, again, other = (sn.Bootstrap(sn.KaplanMeier("node", at_years=5), seed, replicates=50)(cohort) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again, rtol=0, atol=0)
    assert (first["std_error"] != other["std_error"]).all() and (first["estimate"] == other["estimate"]).all()


def test_contrasts_have_the_frame_of_contrasts(cohort):
    table = sn.Bootstrap(sn.RestrictedMean("node", 5), 1, replicates=50).contrast(cohort, "a")
    assert list(table.columns) == list(CONTRASTS.names) and len(table) == 6
    assert (table["conf_low"] < table["estimate"]).all() and (table["estimate"] < table["conf_high"]).all()


def test_only_restricted_means_have_contrasts(cohort):
    with pytest.raises(UsageError, match=r"KaplanMeier has no contrast: give Bootstrap a RestrictedMean\(by, horizon_years\)"):
        sn.Bootstrap(sn.KaplanMeier("node"), 1).contrast(cohort, "a")
    with pytest.raises(UsageError, match="there is no group of 'node' to refer to 'd'"):
        sn.Bootstrap(sn.RestrictedMean("node", 5), 1).contrast(cohort, "d")


def test_where_replicates_have_no_estimate_there_are_no_limits():
    # One patient of ten is followed beyond year 1: a sample lacks her with probability 0.9^10 = 0.35.
    frame = pd.DataFrame({"t": [1] * 9 + [4], "d": [1] * 5 + [0] * 5})
    cohort = sn.Cohort.from_frame(frame, {"years": "t", "event": "d"}, "years")
    with pytest.warns(DataWarning, match="^all: more than 5% of the replicates have no estimate at some time, as the group has nobody"):
        table = sn.Bootstrap(sn.KaplanMeier(at_years=(1, 3)), 1)(cohort)
    assert table["estimate"].tolist() == [0.5, 0.5]
    assert table[["std_error", "conf_low", "conf_high"]].isna().values.tolist() == [[False] * 3, [True] * 3]


def test_beyond_follow_up_nothing_is_said(cohort):
    table = sn.Bootstrap(sn.KaplanMeier(at_years=(5, 20)), 1, replicates=50)(cohort)
    assert table[["estimate", "std_error", "conf_low", "conf_high"]].isna().values.tolist() == [[False] * 4, [True] * 4]


def test_rows_without_a_group_are_left_out_once_said(cohort):
    fewer = cohort.with_columns(pd.DataFrame({"node": np.where(np.arange(200) < 20, None, cohort.rows["node"])}))
    with pytest.warns(DataWarning, match="20 of 200 rows have no value in 'node'") as said:
        table = sn.Bootstrap(sn.KaplanMeier("node", at_years=1), 1, replicates=20)(fewer)
    assert len(said) == 1 and table["std_error"].notna().all()
