"""What holds for weighted Kaplan-Meier curves of any cohort, and slow plain oracles of influence and robust variance beside them."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction as F

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survival_nodes.cohort import Cohort
from survival_nodes.columns import CURVES, ESTIMATES, QUANTILES, check
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates.kaplan_meier import ESTIMATORS, KaplanMeier
from survival_nodes.kernels.weighted_product_limit import WeightedRows, influence, risk_table, robust_log_variance, variance_steps

many = settings(max_examples=60, deadline=None, derandomize=True)
few = settings(max_examples=8, deadline=None, derandomize=True)
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high"]


# ---- the oracle: one row after another, in fractions ------------------------------------------------------------------------

Row = tuple[int, int, bool, F, int]  # entry, exit, event, weight, cluster


def plain_influence(rows: list[Row], time: float, estimator: str) -> list[F] | None:
    """The influence of every row on log survival at a time, from its definition; None once survival is 0."""
    result = [F(0)] * len(rows)
    for at in sorted({row[1] for row in rows if row[2] and row[1] <= time}):
        risk = [(entry < at or entry == 0) and exit_ >= at for entry, exit_, *_ in rows]
        failing = [event and exit_ == at for _, exit_, event, *_ in rows]
        n = sum(row[3] for row, at_risk in zip(rows, risk) if at_risk)
        d = sum(row[3] for row, fails in zip(rows, failing) if fails)
        m = sum(failing)
        if estimator == "kaplan-meier" and n == d:
            return None
        for place, row in enumerate(rows):
            if not risk[place]:
                continue
            if estimator == "fleming-harrington":
                # The hazard at this time is the sum over k < m of d/m / (n - k d/m): its derivative by the weight of this row.
                slope = sum((F(failing[place], m) * (n - k * d / m) - d / m * (1 - F(k * failing[place], m))) / (n - k * d / m) ** 2 for k in range(m))
                result[place] -= row[3] * slope
            else:
                result[place] -= row[3] * (failing[place] - d / n) / (n - d if estimator == "kaplan-meier" else n)
    return result


def plain_variance(rows: list[Row], time: float, estimator: str) -> F | None:
    values = plain_influence(rows, time, estimator)
    if values is None:
        return None
    clusters = {row[4] for row in rows}
    return sum((sum(value for value, row in zip(values, rows) if row[4] == cluster) ** 2 for cluster in clusters), F(0))


def test_oracle_by_arithmetic():
    rows = [(0, 1, True, F(2), 0), (0, 2, False, F(1), 1), (0, 3, True, F(1), 1)]
    # At 1: Y = 4, dN = 2. The first: -2 (1 - 1/2) / 2; the others 1/2 / 2 each, and together in one cluster 1/2.
    assert plain_influence(rows, 2, "kaplan-meier") == [F(-1, 2), F(1, 4), F(1, 4)] and plain_variance(rows, 2, "kaplan-meier") == F(1, 2)
    assert plain_influence(rows, 3, "kaplan-meier") is None
    assert plain_influence(rows, 1, "nelson-aalen") == [F(-1, 4), F(1, 8), F(1, 8)]
    assert plain_influence(rows, 1, "fleming-harrington") == [F(-1, 4), F(1, 8), F(1, 8)]
    tied = [(0, 1, True, F(1), 0), (0, 1, True, F(1), 1), (0, 2, False, F(1), 2)]
    # 1/3 + 1/2: an event's weight in d/m (1/2 each) and in n; the one who stays -(1/9 + 1/4) of the hazard.
    assert plain_influence(tied, 1, "fleming-harrington")[2] == F(1, 9) + F(1, 4)


@st.composite
def row_lists(draw) -> list[Row]:
    rows = []
    for _ in range(draw(st.integers(1, 12))):
        exit_ = draw(st.integers(0, 8))
        entry = draw(st.integers(0, max(exit_ - 1, 0))) if draw(st.booleans()) else 0
        rows.append((entry, exit_, draw(st.booleans()), F(draw(st.integers(1, 12)), 4), draw(st.integers(0, 4))))
    return rows


def kernel_rows(rows: list[Row]) -> WeightedRows:
    entry, exit_, event, weight, cluster = (np.array(column) for column in zip(*rows))
    return WeightedRows(np.where(entry > 0, entry, -1), exit_, event, weight.astype(float), cluster, np.zeros(len(rows), dtype=bool))


@many
@given(row_lists(), st.sampled_from(ESTIMATORS))
def test_influence_and_robust_variance_are_the_oracle_s(rows, estimator):
    ours = kernel_rows(rows)
    table = risk_table(ours)
    steps = variance_steps(estimator, table.n_risk, table.n_event, table.n_deaths)
    found, variance = influence(ours, table, steps, table.ticks), robust_log_variance(ours, table, steps)
    for place, tick in enumerate(table.ticks):
        expected = plain_influence(rows, tick, estimator)
        if expected is None:
            assert np.isnan(found[:, place]).all() and variance[place] == math.inf
            continue
        np.testing.assert_allclose(found[:, place], np.array(expected, dtype=float), atol=1e-12)
        assert variance[place] == pytest.approx(float(plain_variance(rows, tick, estimator)), abs=1e-12)
        assert variance[place] == pytest.approx((np.bincount(ours.cluster, found[:, place]) ** 2).sum(), abs=1e-12)


def test_few_at_risk_late_lose_no_digits():
    # 200,000 who leave at once and two left over: the variance must still be the sum of squares of single influences.
    n = 200_000
    rows = WeightedRows(
        np.concatenate((np.full(n, -1), [-1, -1, 3])), np.concatenate((np.full(n, 2), [5, 7, 7])), np.concatenate((np.arange(n) % 2 == 0, [True, False, False])),
        np.full(n + 3, 1000.0), np.arange(n + 3), np.zeros(n + 3, dtype=bool))
    table = risk_table(rows)
    steps = variance_steps("kaplan-meier", table.n_risk, table.n_event, table.n_deaths)
    expected = (influence(rows, table, steps, np.array([7.0]))[:, 0] ** 2).sum()
    assert robust_log_variance(rows, table, steps)[-1] == pytest.approx(expected, rel=1e-9)


# ---- cohorts -----------------------------------------------------------------------------------------------------------------

def frame_of(rows: list[Row]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["entry_years", "years", "event", "wt", "ward"])
    return frame.assign(event=frame["event"].astype(int), wt=frame["wt"].astype(float), ward="w" + frame["ward"].astype(str), patient_id=[f"p{i}" for i in range(len(rows))])


def cohort_of(frame: pd.DataFrame, time_unit: str = "years") -> Cohort:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # follow-up of a few years at most
        return Cohort.from_frame(frame, time_unit=time_unit)


def results(cohort: Cohort, **options) -> dict[str, pd.DataFrame]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # all rows in one cluster
        model = KaplanMeier(at_years=(1, 2.5, 7), weights="wt", **options)
        return {"estimates": model(cohort), "curve": model.curve(cohort), "quantiles": model.quantiles(cohort, probs=(0.25, 0.5)),
                "conditional": model.conditional(cohort, 2)}


def assert_same(left: dict[str, pd.DataFrame], right: dict[str, pd.DataFrame], but: tuple[str, ...] = ()) -> None:
    for name, frame in left.items():
        pd.testing.assert_frame_equal(frame.drop(columns=[*but], errors="ignore"), right[name].drop(columns=[*but], errors="ignore"),
                                      rtol=1e-9, atol=1e-9, obj=name, check_dtype=False)


OPTIONS = st.sampled_from([{"robust": True}, {"robust": True, "cluster": "ward"}, {"robust": False}])


@few
@given(row_lists(), st.sampled_from(ESTIMATORS))
def test_without_weights_and_late_entries_the_robust_variance_is_greenwood_s(rows, estimator):
    cohort = cohort_of(frame_of(rows).assign(entry_years=0))
    plain, robust = (KaplanMeier(at_years=(1, 4, 7), estimator=estimator, robust=robust) for robust in (None, True))
    for ours, theirs in ((robust.curve, plain.curve), (robust, plain), (lambda each: robust.conditional(each, 2), lambda each: plain.conditional(each, 2))):
        left, right = ours(cohort), theirs(cohort)
        assert (left["method"].str.contains("robust variance")).all()
        pd.testing.assert_frame_equal(left.drop(columns=["method", *NUMBERS[1:]]), right.drop(columns=["method", *NUMBERS[1:]]), atol=1e-12)
        if estimator == "kaplan-meier":  # of a cumulative hazard the model's variance is another one: d / n^2 for d (n - d) / n^3
            np.testing.assert_allclose(left[NUMBERS], right[NUMBERS], atol=1e-10)


@few
@given(row_lists())
def test_whole_weights_are_repeats(rows):
    whole = [(entry, exit_, event, F(int(4 * weight)), cluster) for entry, exit_, event, weight, cluster in rows]
    frame = frame_of(whole)
    repeated = frame.loc[frame.index.repeat(frame["wt"].astype(int))].reset_index(drop=True)
    repeated = repeated.assign(patient_id=repeated.index.astype(str))
    for estimator in ("kaplan-meier", "nelson-aalen"):
        weighted = KaplanMeier(weights="wt", estimator=estimator).curve(cohort_of(frame))
        plain = KaplanMeier(estimator=estimator).curve(cohort_of(repeated))
        assert set(weighted["method"]) == {plain["method"].iloc[0].replace(",", ", weighted by wt,", 1)}
        pd.testing.assert_frame_equal(weighted.drop(columns="method"), plain.drop(columns="method"), rtol=1e-10, atol=1e-12)


@few
@given(row_lists(), OPTIONS, st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(rows, options, random):
    frame = frame_of(rows)
    shuffled = frame.iloc[random.sample(range(len(frame)), len(frame))].reset_index(drop=True)
    assert_same(results(cohort_of(frame), **options), results(cohort_of(shuffled), **options))


@few
@given(row_lists(), OPTIONS)
def test_unit_of_time_changes_nothing(rows, options):
    frame = frame_of(rows)
    other = frame.assign(years=frame["years"] * 12, entry_years=frame["entry_years"] * 12)
    assert_same(results(cohort_of(frame), **options), results(cohort_of(other, "months"), **options))


@few
@given(row_lists(), st.sampled_from([{"robust": True}, {"robust": True, "estimator": "nelson-aalen"}]))
def test_the_size_of_the_weights_does_not_matter_to_a_robust_variance(rows, options):
    frame = frame_of(rows)
    counts = ("n_risk", "n_event", "n_censor")
    assert_same(results(cohort_of(frame), **options), results(cohort_of(frame.assign(wt=frame["wt"] * 1000)), **options), but=counts)


@few
@given(row_lists(), st.sampled_from(("kaplan-meier", "nelson-aalen")))
def test_doubled_rows_of_half_the_weight_change_nothing_where_they_are_one_cluster(rows, estimator):
    frame = frame_of(rows).assign(who=lambda rows: rows["patient_id"])
    half = pd.concat([frame, frame], ignore_index=True).assign(wt=lambda rows: rows["wt"] / 2, patient_id=lambda rows: rows.index.astype(str))
    options = {"robust": True, "cluster": "who", "estimator": estimator}
    assert_same(results(cohort_of(frame), **options), results(cohort_of(half), **options))


@few
@given(row_lists(), OPTIONS, st.sampled_from(ESTIMATORS), st.lists(st.integers(1, 7), max_size=3))
def test_splitting_a_patient_s_follow_up_changes_nothing(rows, options, estimator, cuts):
    frame = frame_of(rows)
    pieces = []
    for row in frame.to_dict("records"):
        bounds = [row["entry_years"], *sorted({cut for cut in cuts if row["entry_years"] < cut < row["years"]}), row["years"]]
        pieces += [row | {"entry_years": start, "years": end, "event": row["event"] if end == row["years"] else 0} for start, end in zip(bounds, bounds[1:])]
    options = options | {"estimator": estimator}
    assert_same(results(cohort_of(frame), **options), results(cohort_of(pd.DataFrame(pieces)), **options))


def test_a_weight_that_changes_with_time_is_at_risk_as_it_is():
    rows = {"patient_id": [*"aab"], "entry_years": [0, 2, 0], "years": [2, 5, 4], "event": [0, 1, 1], "wt": [1.0, 3.0, 0.5]}
    curve = KaplanMeier(weights="wt").curve(cohort_of(pd.DataFrame(rows)))
    assert curve["years"].tolist() == [4, 5] and curve["n_risk"].tolist() == [3.5, 3] and curve["n_censor"].tolist() == [0, 0]
    assert KaplanMeier(weights="wt", at_years=(1, 2, 2.5))(cohort_of(pd.DataFrame(rows)))["n_risk"].tolist() == [1.5, 1.5, 3.5]


@pytest.mark.parametrize("years", [0, 1, 2, 2.5, 3, 6])
def test_at_risk_between_times_is_a_plain_sum(years):
    rows = frame_of([(0, 2, True, F(1, 4), 0), (0, 5, False, F(5, 4), 0), (2, 6, True, F(2), 0), (3, 4, False, F(1), 0), (5, 6, False, F(1, 4), 0)])
    expected = rows["wt"][((rows["entry_years"] < years) | (rows["entry_years"] == 0)) & (rows["years"] >= years)].sum()
    assert KaplanMeier(weights="wt", at_years=years)(cohort_of(rows))["n_risk"].item() == expected


# ---- options and hard cases --------------------------------------------------------------------------------------------------

FOUR = pd.DataFrame({"years": [1, 2, 3, 6], "event": [1, 1, 0, 0], "wt": [0.1, 0.2, 0.3, 0.7], "hosp": [*"xyxy"], "node": [*"aabb"]})


@pytest.mark.parametrize(("options", "method"), [
    ({"weights": "wt"}, "Kaplan-Meier, weighted by wt, robust variance, log interval"),
    ({"weights": "wt", "cluster": "hosp"}, "Kaplan-Meier, weighted by wt, robust variance clustered by hosp, log interval"),
    ({"weights": "wt", "robust": False}, "Kaplan-Meier, weighted by wt, log interval"),
    ({"weights": "whole"}, "Kaplan-Meier, weighted by whole, log interval"),
    ({"weights": "whole", "cluster": "hosp"}, "Kaplan-Meier, weighted by whole, robust variance clustered by hosp, log interval"),
    ({"cluster": "hosp", "estimator": "nelson-aalen"}, "Nelson-Aalen, robust variance clustered by hosp, log interval"),
    ({"robust": True}, "Kaplan-Meier, robust variance, log interval"),
    ({}, "Kaplan-Meier, log interval"),
])
def test_the_method_says_what_was_done(options, method):
    cohort = cohort_of(FOUR.assign(whole=[1, 2, 3, 1]))
    assert set(KaplanMeier(conf_type="log", **options)(cohort)["method"]) == {method}
    conditional = KaplanMeier(conf_type="log", **options).conditional(cohort, 1)["method"].iloc[0]
    assert conditional == method.replace("Meier", "Meier given survival to 1 year").replace("Aalen", "Aalen given survival to 1 year")


@pytest.mark.parametrize(("weights", "said"), [
    ([1, None, -2, 1], "1 missing, 1 negative of 4 rows"), (["1", "two", "3", "4"], "1 no finite number of 4 rows"), ([1, math.inf, 1, 1], "1 no finite number"),
    ([0, 0, 0, 0], "all 4 rows have weight 0"), ([0, 0, 1, 1], "nobody in the group 'a' has a weight above 0 in 'wt'")])
def test_wrong_weights_are_refused(weights, said):
    with pytest.raises(InputError, match=said):
        KaplanMeier("node", weights="wt")(cohort_of(FOUR.assign(wt=weights)))


def test_wrong_options_are_said():
    with pytest.raises(UsageError, match="cluster='hosp' belongs to the robust variance"):
        KaplanMeier(cluster="hosp", robust=False)
    with pytest.raises(UsageError, match="robust is True, False or None .*, not 'yes'"):
        KaplanMeier(robust="yes")
    with pytest.raises(InputError, match=r"no column 'wgt' \(nearest: 'wt'\)"):
        KaplanMeier(weights="wgt")(cohort_of(FOUR))


def test_rows_without_a_cluster_are_left_out_and_said():
    cohort = cohort_of(FOUR.assign(hosp=["x", "y", "y", None]))
    with pytest.warns(DataWarning, match="1 of 4 rows have no value in 'hosp' and are left out"):
        frame = KaplanMeier(at_years=1, cluster="hosp")(cohort)
    assert frame["n_risk"].item() == 3
    with pytest.raises(InputError, match="no row has a value in 'hosp'"):
        KaplanMeier(cluster="hosp")(cohort_of(FOUR.assign(hosp=None)))


def test_one_cluster_has_no_robust_variance():
    with pytest.warns(DataWarning, match="b: all rows are one cluster of 'hosp'"):
        frame = KaplanMeier("node", at_years=2, cluster="hosp")(cohort_of(FOUR.assign(hosp=[*"xyzz"], event=[1, 0, 1, 0], years=[1, 2, 2, 6])))
    assert frame["std_error"].isna().tolist() == [False, True] and frame["estimate"].notna().all()


def test_rows_of_weight_0_are_nobody_s():
    with_nobody = pd.concat([FOUR, pd.DataFrame({"years": [2.5, 9], "event": [1, 0], "wt": 0.0, "hosp": "x", "node": "a"})], ignore_index=True)
    for robust in (True, False):
        left, right = (KaplanMeier(weights="wt", robust=robust).curve(cohort_of(rows)) for rows in (FOUR, with_nobody))
        pd.testing.assert_frame_equal(left, right)


def test_survival_reaches_none_whatever_the_weights():
    # 0.1 + 0.2 is not 0.3 in floats: all of those at risk at 2 have the event all the same.
    rows = pd.DataFrame({"entry_years": [0, 0, 0, 3, 3], "years": [1, 2, 2, 5, 6], "event": [0, 1, 1, 1, 0], "wt": [0.3, 0.1, 0.2, 0.7, 0.1]})
    for options in ({"robust": True}, {"robust": False}):
        curve = KaplanMeier(weights="wt", **options).curve(cohort_of(rows))
        assert curve["estimate"].tolist() == [1, 0, 0, 0] and curve["std_error"].isna().tolist() == [False, True, True, True]
        # Those who enter at 3 are a curve of their own, given survival to 4: of weight 0.8 at risk, 0.7 has the event at 5.
        assert KaplanMeier(weights="wt", at_years=6, **options).conditional(cohort_of(rows), 4)["estimate"].item() == pytest.approx(0.1 / 0.8, abs=1e-12)


@pytest.mark.parametrize("rows", [
    {"years": [5], "event": [1]}, {"years": [5], "event": [0]}, {"years": [2, 2, 2], "event": [1, 1, 1]}, {"years": [1, 2, 3], "event": [0, 0, 0]},
    {"years": [0, 0, 3], "event": [1, 0, 1]}, {"years": [1, 1 + 1e-12, 3], "event": [1, 0, 1]}, {"years": [1, 1, 3], "event": [1, 0, 0]}])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_small_cohorts_with_weights_of_one_half_are_those_without(rows, estimator):
    cohort = cohort_of(pd.DataFrame(rows).assign(wt=0.5))
    weighted, plain = (KaplanMeier(estimator=estimator, weights=weights).curve(cohort) for weights in ("wt", None))
    same = ["years", "estimate", *(NUMBERS[1:] if estimator == "kaplan-meier" else ())]
    pd.testing.assert_frame_equal(weighted[same], plain[same], rtol=1e-12)
    np.testing.assert_array_equal(weighted[["n_risk", "n_event", "n_censor"]] * 2, plain[["n_risk", "n_event", "n_censor"]])


def test_frames_fit_the_dictionary():
    cohort, model = cohort_of(FOUR), KaplanMeier("node", at_years=(1, 2.5), weights="wt")
    assert not check(model(cohort), ESTIMATES) and not check(model.curve(cohort), CURVES) and not check(model.quantiles(cohort), QUANTILES)
    assert not check(model.conditional(cohort, 1), ESTIMATES) and not check(KaplanMeier("node", at_years=2.5, robust=True).curve(cohort), CURVES)
    assert model(cohort)["n_risk"].dtype == "float64" and KaplanMeier("node", robust=True)(cohort)["n_risk"].dtype == "int64"


def test_groups_stand_each_by_itself():
    cohort = cohort_of(FOUR)
    together = KaplanMeier("node", at_years=1, weights="wt")(cohort)
    alone = [KaplanMeier("node", at_years=1, weights="wt")(cohort.where(cohort.frame["node"] == node)) for node in "ab"]
    pd.testing.assert_frame_equal(together, pd.concat(alone, ignore_index=True))


# ---- competing causes --------------------------------------------------------------------------------------------------------

COMPETING = pd.DataFrame({"years": [1, 2, 3, 4], "event": [1, 1, 1, 0], "cause": ["other", "breast-cancer", "breast-cancer", "none"], "wt": [3, 1, 1, 1]})


@pytest.mark.parametrize(("weights", "said"), [
    # Without weights at 3 years: 1 - 2/3 * 1/2 against 1/4 + 1/4. With them 1 - 2/3 * 1/2 against 1/2 * (1/3 + 2/3 * 1/2).
    (None, "by up to 16.7 points (at 3 years)"), ("wt", "by up to 33.3 points (at 3 years)")])
def test_one_minus_survival_of_a_cause_is_said_not_to_be_its_incidence(weights, said):
    model = KaplanMeier(at_years=(1, 3), cause="breast-cancer", weights=weights)
    with pytest.warns(DataWarning) as warned:
        frame = model(cohort_of(COMPETING))
    assert said in str(warned[0].message) and len(warned) == 1 and "other causes compete with 'breast-cancer'" in str(warned[0].message)
    assert frame["estimate"].tolist() == pytest.approx([1, 1 / 3])


def test_nothing_is_said_where_nothing_competes():
    alone = cohort_of(COMPETING.assign(cause=COMPETING["cause"].replace("other", "breast-cancer")))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        KaplanMeier(cause="breast-cancer")(alone)
        KaplanMeier(at_years=1, cause="breast-cancer")(cohort_of(COMPETING))  # at one year nobody has had it
        KaplanMeier(at_years=5, cause="breast-cancer")(cohort_of(COMPETING))  # beyond follow-up nothing is known
        KaplanMeier()(cohort_of(COMPETING))
