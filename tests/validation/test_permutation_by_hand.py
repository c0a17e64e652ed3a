"""The permutation log-rank test by hand, all assignments written out; and beside the R package coin."""

from __future__ import annotations

import math
import re
from fractions import Fraction as F

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.counting import group_counts
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates import log_rank
from survival_nodes.estimates.log_rank import LogRank, event_table, permutation_test
from survival_nodes.kernels import permutation as kernel


def cohort_of(years, event, node, **more) -> Cohort:
    columns = {"years": "years", "event": "event"} | ({"entry_years": "entry_years"} if "entry_years" in more else {})
    return Cohort.from_frame(pd.DataFrame({"years": years, "event": event, "node": list(node)} | more), columns, "years")


# Six patients with events at 1 to 6: the hazard steps are 1/6 to 1/1, a score is 1 less their sum up to the own event; in sixtieths.
SCORES = [50, 38, 23, 3, -27, -87]
# Every way to put three of the six into group a, and the sum of their scores.
SUMS = {
    (1, 2, 3): 111, (1, 2, 4): 91, (1, 2, 5): 61, (1, 2, 6): 1, (1, 3, 4): 76, (1, 3, 5): 46, (1, 3, 6): -14, (1, 4, 5): 26, (1, 4, 6): -34, (1, 5, 6): -64,
    (2, 3, 4): 64, (2, 3, 5): 34, (2, 3, 6): -26, (2, 4, 5): 14, (2, 4, 6): -46, (2, 5, 6): -76, (3, 4, 5): -1, (3, 4, 6): -61, (3, 5, 6): -91, (4, 5, 6): -111,
}


def test_the_scores_by_hand():
    steps = [F(1, 7 - place) for place in range(1, 7)]
    assert SCORES == [60 * (1 - sum(steps[: place + 1])) for place in range(6)] and sum(SCORES) == 0
    assert all(sum(SCORES[row - 1] for row in chosen) == total for chosen, total in SUMS.items()) and len(SUMS) == math.comb(6, 3)


def test_all_twenty_assignments():
    cohort = cohort_of(range(1, 7), [1] * 6, "aababb")  # group a has the events at 1, 2 and 4
    row = LogRank("node").permutation(cohort, seed=1).iloc[0]
    as_far = [chosen for chosen, total in SUMS.items() if abs(total) >= 91]
    assert len(as_far) == 4 and row["p_value"] == 4 / 20
    variance = F(sum(score**2 for score in SCORES), 5) * (3 - F(3 * 3, 6))
    assert row["statistic"] == pytest.approx(float(F(91**2) / variance), rel=1e-12) and row["df"] == 1
    assert row[["test", "comparison"]].tolist() == ["log-rank permutation, exact, all 20 assignments", "a vs b"]
    own = LogRank("node").observed_expected(cohort)
    assert (own["observed"] - own["expected"]).tolist() == pytest.approx([91 / 60, -91 / 60], rel=1e-12)


def test_sums_of_the_kernel_are_the_twenty():
    sums = kernel.all_sums([np.array(SCORES, dtype=float)], [(3, 3)])
    assert sorted(sums[:, 0]) == sorted(SUMS.values()) and (sums.sum(axis=1) == 0).all()


def test_within_strata_patients_stay_in_their_stratum():
    # Two strata of 3 with the events at 1, 2, 3: scores 2/3, 1/6, -5/6; a is one of three in each: 3 x 3 assignments.
    cohort = cohort_of([1, 2, 3] * 2, [1] * 6, "abbabb", era=[1, 1, 1, 2, 2, 2])
    row = LogRank("node", strata="era").permutation(cohort, seed=1).iloc[0]
    totals = [first + second for first in (F(2, 3), F(1, 6), F(-5, 6)) for second in (F(2, 3), F(1, 6), F(-5, 6))]
    assert row["p_value"] == sum(abs(total) >= F(4, 3) for total in totals) / 9 == 2 / 9
    assert row["test"] == "log-rank permutation, stratified by era, exact, all 9 assignments"


def test_weights_enter_the_scores():
    # Gehan: weights 4, 3, 2, 1 at the events 1 to 4; scores 4 - 1, 3 - 2, 2 - 3, 1 - 4 = 3, 1, -1, -3, as ranks.
    row = LogRank("node", weight="gehan").permutation(cohort_of([1, 2, 3, 4], [1] * 4, "aabb"), seed=1).iloc[0]
    assert row["p_value"] == 2 / 6 and row["statistic"] == pytest.approx(4**2 / (F(20, 3) * (2 - 1)), rel=1e-12)


def test_three_groups():
    # Of the scores 2/3, 1/6, -5/6 each goes to one group: any of the 6 assignments gives the same quadratic form, 2 on 2 degrees.
    row = LogRank("node").permutation(cohort_of([1, 2, 3], [1] * 3, "abc"), seed=1).iloc[0]
    assert row[["df", "p_value"]].tolist() == [2, 1] and row["statistic"] == pytest.approx(2, rel=1e-12)


# coin 1.4-2 on R 4.2.2, logrank_test(Surv(time, death) ~ factor(im), type = ...) with the data set btrial: z and its asymptotic p.
COIN = {"logrank": (2.146737, 3.181425e-02), "Gehan-Breslow": (1.945724, 5.168789e-02), "Tarone-Ware": (2.042916, 4.106072e-02), "Peto-Peto": (1.945724, 5.168789e-02)}
OURS = {"logrank": {}, "Gehan-Breslow": {"weight": "gehan"}, "Tarone-Ware": {"weight": "tarone-ware"}, "Peto-Peto": {"rho": 1.0}}
# coin's rows that no option gives, each with its reason.
LEFT = {"Prentice": "its weights are the product of n / (n + d), ours (peto-peto) of 1 - d / (n + 1): another treatment of ties"}


@pytest.mark.parametrize("kind", COIN)
def test_btrial_beside_coin(kind, validation_cohort):
    row = LogRank("im", **OURS[kind]).permutation(validation_cohort("btrial"), seed=20261123).iloc[0]
    z, p_value = COIN[kind]
    assert math.sqrt(row["statistic"]) == pytest.approx(z, abs=5e-7)
    assert row["p_value"] == pytest.approx(p_value, abs=0.01)  # theirs leans on normality with 9 patients in a group
    assert re.search(r"Monte Carlo of 20\u202f000, standard error 0\.001\d$", row["test"])


@pytest.mark.reference_cases("permutation_logrank")
def test_statistics_of_coin(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    rows = reference_rows(dataset, analysis)
    z = rows[(rows["method"] == method) & (rows["statistic"] == "z")]["value"].item()
    kind, by, cohort = method.removeprefix("coin asymptotic "), data_set(dataset).by, validation_cohort(dataset)
    if kind in LEFT:
        n_risk, n_event = (counts.sum(axis=1) for counts in event_table(group_counts(cohort, by)))
        weights = np.cumprod(n_risk / (n_risk + n_event))
        scored = {label: own for label, own in scores_of(cohort, by, weights)}
        statistic = permutation_test([np.concatenate(list(scored.values()))], [tuple(map(len, scored.values()))], 0, 1)[0]
    else:
        statistic = LogRank(by, **OURS[kind]).permutation(cohort, seed=1, n_draws=1)["statistic"].item()
    assert math.sqrt(statistic) == pytest.approx(abs(z), abs=1e-9)


def scores_of(cohort, by, weights):
    groups = group_counts(cohort, by)
    n_risk, n_event = event_table(groups)
    ticks = np.unique(np.concatenate([each.ticks[each.n_event > 0] for each in groups]))
    for each in groups:
        ends = np.concatenate([np.repeat(each.ticks, each.n_event), np.repeat(each.ticks, each.n_censor)])
        event = np.arange(each.n) < each.n_event.sum()
        yield each.label, kernel.log_rank_scores(np.searchsorted(ticks, ends, side="right"), event, n_event.sum(axis=1) / n_risk.sum(axis=1), weights)


def test_random_assignments_come_near_all_of_them(monkeypatch):
    cohort = cohort_of([1, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9], [1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1], "aaaaabababbb")
    exact = LogRank("node").permutation(cohort, seed=1)["p_value"].item()
    monkeypatch.setattr(log_rank, "EXACT_LIMIT", 100)
    drawn = LogRank("node").permutation(cohort, seed=1, n_draws=5000)
    assert drawn["p_value"].item() == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 5000)) and drawn["p_value"].item() != exact
    pd.testing.assert_frame_equal(drawn, LogRank("node").permutation(cohort, seed=1, n_draws=5000))
    assert LogRank("node").permutation(cohort, seed=2, n_draws=5000)["p_value"].item() != drawn["p_value"].item()


def test_p_of_random_assignments_is_never_zero(validation_cohort):
    p_value = LogRank("node").permutation(validation_cohort("synA"), seed=1, n_draws=99)["p_value"].item()
    assert p_value == 1 / 100


def test_late_entry_is_refused():
    with pytest.raises(InputError, match="1 patients come under observation late .*LogRank itself, which takes delayed entry"):
        LogRank("node").permutation(cohort_of([1, 2, 3, 4], [1] * 4, "aabb", entry_years=[0, 0, 1, 0]), seed=1)


def test_follow_up_in_pieces_is_one_patient():
    whole = cohort_of([1, 2, 3, 4], [1] * 4, "aabb", patient_id=list("pqrs"))
    pieces = cohort_of([1, 1, 2, 3, 4], [1, 0, 1, 1, 1], "aaabb", patient_id=list("pqqrs"), entry_years=[0, 0, 1, 0, 0])
    pd.testing.assert_frame_equal(*(LogRank("node").permutation(cohort, seed=1) for cohort in (whole, pieces)))


def test_nothing_to_permute():
    with pytest.warns(DataWarning, match="nobody in the groups of 'node' has the event"):
        assert LogRank("node").permutation(cohort_of([1, 2, 3], [0] * 3, "aab"), seed=1)[["statistic", "p_value"]].isna().all(axis=None)
    with pytest.warns(DataWarning, match="a test compares two groups or more"):
        assert LogRank("node").permutation(cohort_of([1, 2, 3], [1] * 3, "aaa"), seed=1)["p_value"].isna().all()


def test_everybody_fails_together():
    # 49 times 1/49 is not 1 in floating point: rounding must not pass for a difference.
    with pytest.warns(DataWarning, match="or fail with all others at once: there is no statistic for them"):
        row = LogRank("node").permutation(cohort_of([2] * 49, [1] * 49, "a" * 24 + "b" * 25), seed=1, n_draws=10).iloc[0]
    assert np.isnan(row["statistic"]) and np.isnan(row["p_value"]) and row["df"] == 0


@pytest.mark.parametrize(("options", "said"), [
    ({"seed": -1}, "seed is a whole number, 0 or more, not -1"), ({"seed": "a"}, "seed is a whole number"), ({"seed": 1, "n_draws": 0}, "n_draws is a whole number above 0")])
def test_options(options, said):
    with pytest.raises(UsageError, match=said):
        LogRank("node").permutation(cohort_of([1, 2], [1, 1], "ab"), **options)


def test_many_assignments_are_counted_without_being_worked_out():
    assert kernel.n_assignments([(10, 10)], 200_000) == math.comb(20, 10) == 184_756
    assert kernel.n_assignments([(11, 10)], 200_000) is None and kernel.n_assignments([(10**7, 10**7)], 200_000) is None
    assert kernel.n_assignments([(1, 0, 5), (2, 2, 2)], 200_000) == 6 * 90
