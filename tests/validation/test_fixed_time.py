"""Equal survival at a fixed time: against R, against the arithmetic of a tiny case, and what is missing where it must be."""

from __future__ import annotations

import math
from fractions import Fraction as F
from functools import partial

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, UsageError
from survival_nodes.estimates.kaplan_meier import KaplanMeier

equal = partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-9)
SCALES = {"naive": "plain", "log": "log", "cloglog": "log-log", "arcsin": "arcsine", "logit": "logit"}
SIX = pd.DataFrame({"years": [1, 2, 3, 6, 2, 7], "event": [1, 1, 0, 0, 1, 0], "node": [*"aaaabb"]})


def cohort_of(rows: pd.DataFrame) -> Cohort:
    return Cohort.from_frame(rows, time_unit="years")


@pytest.mark.reference_cases("fixed_time_test")
def test_chi_square_on_five_scales(dataset, analysis, method, reference_rows, validation_cohort, data_set):
    spec, rows = data_set(dataset), reference_rows(dataset, analysis)
    for (comparison, time), own in rows[rows["method"] == method].groupby(["group", "time"]):
        labels = comparison.removeprefix("im ").split(" vs ")
        cohort = validation_cohort(dataset)
        cohort = cohort.where(cohort.frame[spec.by].astype(str).isin(labels))
        row = KaplanMeier(spec.by, at_years=time / spec.per_year).test(cohort, SCALES[method]).iloc[0]
        r = own.set_index("statistic")["value"]
        equal([row["statistic"], row["p_value"]], [r["chisq"], r["p"]])
        assert row["comparison"] == " vs ".join(labels) and row["df"] == len(labels) - 1


@pytest.mark.parametrize(("scale", "statistic"), [
    # At 2 years S is 1/2 in both; at 1 year 3/4 against 1: no test there. In c 2/3, Greenwood 1/6; in a 1/2 and 1/4.
    ("plain", (F(2, 3) - F(1, 2)) ** 2 / (F(4, 9) * F(1, 6) + F(1, 4) * F(1, 4))),
    ("log", math.log(4 / 3) ** 2 / (1 / 6 + 1 / 4)),
    ("log-log", (math.log(math.log(3 / 2)) - math.log(math.log(2))) ** 2 / (1 / 6 / math.log(2 / 3) ** 2 + 1 / 4 / math.log(1 / 2) ** 2)),
    ("logit", math.log(2) ** 2 / (F(1, 6) * 9 + F(1, 4) * 4)),
    ("arcsine", (math.asin(math.sqrt(2 / 3)) - math.pi / 4) ** 2 / (F(1, 6) * 2 / 4 + F(1, 4) / 4)),
])
def test_two_groups_by_arithmetic(scale, statistic):
    rows = pd.DataFrame({"years": [1, 2, 3, 6, 2, 7, 8], "event": [1, 1, 0, 0, 1, 0, 0], "node": [*"aaaaccc"]})
    row = KaplanMeier("node", at_years=2).test(cohort_of(rows), scale).iloc[0]
    assert row["test"] == f"Kaplan-Meier at 2 years, {scale} scale" and row["df"] == 1
    assert row["statistic"] == pytest.approx(float(statistic), rel=1e-12)
    assert row["p_value"] == pytest.approx(math.erfc(math.sqrt(statistic / 2)), rel=1e-12)


@pytest.mark.parametrize(("at_years", "said"), [
    (1, "survival of b is 0 or 1: there is no statistic"), (6.5, "a not followed so long"), (9, "a, b not followed so long"), (0, "survival of a, b is 0 or 1")])
def test_a_time_at_which_nothing_can_be_tested_is_missing_and_said(at_years, said):
    with pytest.warns(DataWarning, match=said):
        frame = KaplanMeier("node", at_years=(2, at_years)).test(cohort_of(SIX))
    assert frame["statistic"].notna().tolist() == [True, False] and frame["df"].tolist() == [1, 0]
    assert frame[["statistic", "p_value"]].iloc[1].isna().all() and frame["p_adjusted"].isna().all()


def test_one_group_has_no_test():
    with pytest.warns(DataWarning, match=r"a test compares two groups or more, and there is one \(a\)"):
        assert KaplanMeier("node", at_years=2).test(cohort_of(SIX.assign(node="a")))["statistic"].isna().all()


def test_wrong_options_are_said():
    with pytest.raises(UsageError, match="name their column"):
        KaplanMeier().test(cohort_of(SIX))
    with pytest.raises(UsageError, match="scale is one of log-log, log, plain, logit, arcsine, not 'cloglog'"):
        KaplanMeier("node").test(cohort_of(SIX), "cloglog")


def test_patients_as_clusters_leave_the_test_as_it_is(validation_cohort):
    cohort = validation_cohort("synA")
    plain, robust = (KaplanMeier("node", robust=robust).test(cohort) for robust in (None, True))
    assert robust["test"].iloc[1] == "Kaplan-Meier at 3 years, log-log scale, robust variance"
    equal(robust[["statistic", "p_value"]], plain[["statistic", "p_value"]])


def test_pairs_that_lie_in_both_groups_covary():
    # Each pair has one patient in a and one in b: the variance of the difference is that of the pairs' differences of influence.
    rows = pd.DataFrame({"years": [1, 2, 3, 4, 2, 1, 4, 3], "event": [1, 1, 0, 1, 1, 0, 1, 0], "node": [*"aaaabbbb"], "pair": [1, 2, 3, 4] * 2})
    row = KaplanMeier("node", at_years=2, cluster="pair").test(cohort_of(rows), "log").iloc[0]
    # Influence on log S(2), by -(dN_i - Y_i dN/Y) / (Y - dN): in a events at 1 (of 4) and 2 (of 3), in b one at 2 (of 3, the pair 2 gone).
    a = np.array([-1 / 3 + 1 / 12, 1 / 12 - 1 / 2 + 1 / 6, 1 / 12 + 1 / 6, 1 / 12 + 1 / 6])
    b = np.array([-1 / 2 + 1 / 6, 0, 1 / 6, 1 / 6])
    assert row["statistic"] == pytest.approx(math.log(4 / 3) ** 2 / ((b - a) ** 2).sum(), rel=1e-12)
    assert row["statistic"] != pytest.approx(math.log(4 / 3) ** 2 / ((a**2).sum() + (b**2).sum()), rel=0.01)


@pytest.mark.parametrize("ward", [[1] * 6, [1, 2, 2, 1, 1, 2], [1, 2, 3, 4, 5, 5]], ids=["one", "two for three groups", "one in a group"])
def test_too_few_clusters_leave_nothing_to_test(ward):
    rows = pd.DataFrame({"years": [1, 3, 2, 4, 1, 5], "event": [1, 0, 1, 0, 1, 0], "node": [*"aabbcc"], "ward": ward})
    with pytest.warns(DataWarning) as said:
        assert KaplanMeier("node", at_years=2.5, cluster="ward").test(cohort_of(rows))["statistic"].isna().all()
    assert "too few clusters: there is no statistic" in str(said[-1].message)
