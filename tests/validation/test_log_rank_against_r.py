"""The log-rank family against R's survdiff and survMisc, to 1e-9.

Origin of the numbers: `r/km_reference.R`, which makes `r/log_rank_reference.csv` from `inputs/` with the R package survival
(the weighted tests once more from their formulas).
"""

from __future__ import annotations

import re
import warnings
from functools import partial

import numpy as np
import pytest
from scipy.special import gammaincc

from survival_nodes.counting import group_counts
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.estimates.log_rank import LogRank, event_table
from survival_nodes.kernels import log_rank as kernel

equal = partial(np.testing.assert_allclose, rtol=0, atol=1e-9)
ADJUSTED = {"p_holm.holm": "holm", "p_holm": "holm", "p_hochberg.hochberg": "hochberg", "p_bonferroni.bonferroni": "bonferroni", "p_BH.BH": "BH"}
# R's rows that are not met, each with its reason.
LEFT = {
    "survMisc, two groups": "its variance treats ties across the groups wrongly, and contradicts survdiff (own_variance_of_survmisc)",
}


def options(method: str) -> dict:
    """Read R's name of a test: rho=1, or stratified by hosp."""
    found = re.search(r"rho=([\d.]+)", method)
    strata = re.search(r"stratified by (\w+)", method)
    return {"rho": float(found[1]) if found else 0.0, "strata": strata[1] if strata else None}


def quietly(call, *arguments, **named):
    """Leave out rows without a stratum, as survdiff does, without the warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return call(*arguments, **named)


def own_rows(reference_rows, dataset, analysis, method):
    rows = reference_rows(dataset, analysis)
    return rows[rows["method"] == method]


def unstratified(cohort, by: str, weigh):
    n_risk, n_event = event_table(group_counts(cohort, by))
    return kernel.log_rank_terms(n_risk, n_event, weigh(n_risk, n_event))


@pytest.mark.reference_cases("logrank")
def test_log_rank(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    cohort, spec = validation_cohort(dataset), data_set(dataset)
    rows, test = own_rows(reference_rows, dataset, analysis, method), LogRank(spec.by, **options(method))
    whole = rows[rows["group"] == "all"].set_index("statistic")["value"]
    equal(quietly(test, cohort)[["statistic", "df", "p_value"]].iloc[0].astype(float), whole[["chisq", "df", "p"]])
    table = quietly(test.observed_expected, cohort).set_index("group")
    for group, own in rows[rows["group"].str.startswith(".g=")].groupby("group"):
        equal(table.loc[group.removeprefix(".g="), ["n", "observed", "expected"]].astype(float), own.set_index("statistic")["value"][["n", "observed", "expected"]])
    for _, row in rows[rows["statistic"] == "covariance"].iterrows():
        first, second = (int(place) - 1 for place in row["group"].split(","))
        covariance = unstratified(cohort, spec.by, partial(kernel.fleming_harrington_weights, rho=test.rho, gamma=0.0))[2]
        equal(covariance[first, second], row["value"])


@pytest.mark.reference_cases("logrank_trend")
def test_trend(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    cohort, spec = validation_cohort(dataset), data_set(dataset)
    rows, chosen = own_rows(reference_rows, dataset, analysis, method), options(method)
    scores = [float(score) for score in rows["term"].iloc[0].split(",")]
    r = rows.set_index("statistic")["value"]
    ours = quietly(LogRank(spec.by, **chosen).trend, cohort, scores=scores).iloc[0]
    equal([ours["statistic"], ours["p_value"], ours["df"]], [r["chisq"], r["p"], 1])
    if chosen["strata"] is None:
        observed, expected, covariance = unstratified(cohort, spec.by, partial(kernel.fleming_harrington_weights, rho=chosen["rho"], gamma=0.0))
        contrast, variance = kernel.linear_contrast(observed - expected, covariance, np.array(scores))
        equal([contrast, variance, contrast / np.sqrt(variance)], r[["U", "V", "z"]])


def own_variance_of_survmisc(n_risk, n_event, weights):
    """survMisc sums e (n - e) over the two groups at a time, where survdiff has d (n - d) with d the events of both together."""
    n = n_risk.sum(axis=1)
    share = n_risk[:, 0] / n
    return (weights**2 * share * (1 - share) * (n_event * (n[:, None] - n_event)).sum(axis=1) / np.maximum(n - 1, 1)).sum()


def andersen_weights(n_risk, n_event):
    """Not an option; the kernel takes any weights."""
    n = n_risk.sum(axis=1)
    return kernel.peto_peto_weights(n_risk, n_event) * n / (n + 1)


WEIGHTS = {
    "survMisc 1": (lambda n_risk, n_event: np.ones(len(n_risk)), {}),
    "survMisc n": (kernel.gehan_weights, {"weight": "gehan"}),
    "survMisc sqrtN": (kernel.tarone_ware_weights, {"weight": "tarone-ware"}),
    "survMisc S1": (kernel.peto_peto_weights, {"weight": "peto-peto"}),
    "survMisc S2": (andersen_weights, None),
    "survMisc FH_p=1_q=1": (partial(kernel.fleming_harrington_weights, rho=1.0, gamma=1.0), {"rho": 1.0, "gamma": 1.0}),
}


@pytest.mark.reference_cases("weighted_logrank")
def test_weighted(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    by = data_set(dataset).by
    cohort = validation_cohort(dataset)
    r = own_rows(reference_rows, dataset, analysis, method).set_index("statistic")["value"]
    weigh, options = WEIGHTS[method]
    n_risk, n_event = event_table(group_counts(cohort, by))
    observed, expected, covariance = kernel.log_rank_terms(n_risk, n_event, weigh(n_risk, n_event))
    statistic, df = kernel.chi_square(observed - expected, covariance)
    if "Q" in r:
        variance = own_variance_of_survmisc(n_risk, n_event, weigh(n_risk, n_event))
        if not (n_event > 0).all(axis=1).any():  # no tie across the groups: nothing to treat wrongly
            equal(covariance[0, 0], r["Var"])
        equal([abs(observed - expected)[0], variance, (observed - expected)[0] ** 2 / variance, df], [abs(r["Q"]), r["Var"], r["chiSq"], r["df"]])
    else:
        equal([statistic, df], r[["chiSq", "df"]])
    if options is not None:
        row = LogRank(by, **options)(cohort).iloc[0]
        equal([row["statistic"], row["df"], row["p_value"]], [statistic, df, gammaincc(df / 2, statistic / 2)])


@pytest.mark.reference_cases("pairwise_logrank")
def test_pairs(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    cohort, test = validation_cohort(dataset), LogRank(data_set(dataset).by, rho=options(method)["rho"])
    frames = {adjust: test.pairwise(cohort, adjust=adjust) for adjust in set(ADJUSTED.values())}
    plain = {frozenset(pair.split(" vs ")): row for pair, row in frames["holm"].set_index("comparison").iterrows()}
    rows = own_rows(reference_rows, dataset, analysis, method)
    for _, row in rows.iterrows():
        pair = frozenset(row["group"].split(" vs "))
        if row["statistic"] in ADJUSTED:
            frame = frames[ADJUSTED[row["statistic"]]]
            own = frame[[frozenset(text.split(" vs ")) == pair for text in frame["comparison"]]]["p_adjusted"].item()
        else:
            own = plain[pair][{"chisq": "statistic", "p": "p_value"}[row["statistic"]]]
        equal(own, row["value"])


def test_delayed_entry(reference_rows, validation_cohort):
    r = own_rows(reference_rows, "synB", "logrank_delayed_entry", "coxph score (exact)").set_index("statistic")["value"]
    equal(LogRank("node")(validation_cohort("synB"))[["statistic", "df", "p_value"]].iloc[0].astype(float), r[["score", "df", "p"]])


def test_delayed_entry_by_the_score_test_of_cox(reference_rows, validation_cohort):
    r = own_rows(reference_rows, "synB", "logrank_delayed_entry", "coxph score (breslow)").set_index("statistic")["value"]
    tests = CoxModel("node", ties="breslow", fitter="grouped").fit(validation_cohort("synB")).tests.set_index("test")
    equal(tests.loc["score", ["statistic", "df", "p_value"]].astype(float), r[["score", "df", "p"]])


def test_score_test_of_breslow_differs_by_its_variance_only(reference_rows, validation_cohort):
    r = own_rows(reference_rows, "synB", "logrank_delayed_entry", "coxph score (breslow)").set_index("statistic")["value"]
    n_risk, n_event = event_table(group_counts(validation_cohort("synB"), "node"))
    n, d = n_risk.sum(axis=1), n_event.sum(axis=1)
    observed, expected, _ = kernel.log_rank_terms(n_risk, n_event, np.ones(len(n)))
    share = n_risk / n[:, None]
    covariance = np.diag(d @ share) - (share * d[:, None]).T @ share
    equal(kernel.chi_square(observed - expected, covariance)[0], r["score"])


@pytest.mark.parametrize("dataset", ["synA", "btrial"])
def test_small_p_values_keep_their_digits(dataset, reference_rows, validation_cohort, data_set):
    rows = own_rows(reference_rows, dataset, "logrank", "rho=0")
    r = rows[rows["statistic"] == "p"]["value"].item()
    assert LogRank(data_set(dataset).by)(validation_cohort(dataset))["p_value"].item() == pytest.approx(r, rel=1e-9)
