"""Freireich et al. 1963, Blood 21:699-716: remission of acute leukaemia on 6-mercaptopurine and on placebo, 21 pairs.

Printed figures: Klein and Moeschberger 2003, table 4.1B (survival on 6-MP); Kleinbaum and Klein 2012, chapter 2 (tests) and table 3.1
(Cox models, Breslow's ties); Kalbfleisch and Prentice 2002 and SAS's PHREG (Cox, Efron's ties). The pages were not seen again: the
figures are recalled, and those of survival, intervals and the Cox model of treatment are recomputed in R (`r/textbook_figures.R`).
The tests of Gehan, Tarone-Ware and Peto are those that lifelines' own tests quote from the book. Exact ties (1.628) are not offered.
"""

from __future__ import annotations

import pandas as pd
import pytest
from lifelines.datasets import load_leukemia

import survival_nodes as sn

TREATMENT = {"treatment": ["6-MP", "placebo"]}


@pytest.fixture(scope="module")
def cohort(published_rows):
    pairs = published_rows("drug6mp")
    arms = [
        pd.DataFrame({"pair": pairs["pair"], "months": pairs[time], "event": event, "treatment": treatment})
        for time, event, treatment in (("t1", 1, "placebo"), ("t2", pairs["relapse"], "6-MP"))]
    return sn.Cohort.from_frame(pd.concat(arms), {"years": "months"}, "months", levels=TREATMENT)


@pytest.fixture(scope="module")
def with_leucocytes():
    """The same patients with the logarithm of their leucocyte count, as Kleinbaum and Klein print them."""
    rows = load_leukemia()
    return sn.Cohort.from_frame(rows.assign(treatment=rows["Rx"].map({0: "6-MP", 1: "placebo"})), {"years": "t", "event": "status"}, "months", levels=TREATMENT)


def test_survival_on_6_mp(cohort, r_figure):
    """Klein and Moeschberger, table 4.1B."""
    curve = sn.KaplanMeier("treatment").curve(cohort)
    curve = curve[(curve["group"] == "6-MP") & (curve["n_event"].diff().fillna(curve["n_event"]) > 0)]
    assert (curve["years"] * 12).round(9).tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve["estimate"].round(3).tolist() == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert curve["std_error"].round(4).tolist() == [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]
    assert curve["n_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]
    for month, estimate, std_error in zip((6, 7, 10, 13, 16, 22, 23), curve["estimate"], curve["std_error"], strict=True):
        assert estimate == pytest.approx(r_figure("6-MP km", month, "surv"), abs=1e-9)
        assert std_error == pytest.approx(r_figure("6-MP km", month, "se"), abs=1e-9)


@pytest.mark.parametrize(("conf_type", "in_r", "printed"), [
    ("log-log", "log-log", (0.503, 0.889)), ("arcsine", "arcsin", (0.546, 0.912)), ("log", "log", (0.586, 0.968)),
    ("plain", "plain", (0.564, 0.942)), ("logit", "logit", (0.525, 0.894)),
])
def test_intervals_at_ten_months(cohort, r_figure, conf_type, in_r, printed):
    """Recomputed in R; Klein and Moeschberger work the first two as examples of section 4.3."""
    row = sn.KaplanMeier("treatment", at_years=10 / 12, conf_type=conf_type)(cohort).iloc[0]
    assert row["group"] == "6-MP"
    assert (round(row["conf_low"], 3), round(row["conf_high"], 3)) == printed
    assert [row["conf_low"], row["conf_high"]] == pytest.approx([r_figure("6-MP limits", in_r, end) for end in ("lower", "upper")], abs=1e-9)


def test_median_remission(cohort):
    """23 months on 6-MP, 8 on placebo."""
    medians = sn.KaplanMeier("treatment").quantiles(cohort).set_index("group")["years"] * 12
    assert medians.to_dict() == pytest.approx({"6-MP": 23, "placebo": 8})


@pytest.mark.parametrize(("options", "printed", "digits"), [
    ({}, 16.793, 3), ({"weight": "gehan"}, 13.457852, 6), ({"weight": "tarone-ware"}, 15.123575, 6), ({"weight": "peto-peto"}, 14.084139, 5)])
def test_tests_of_equal_hazards(cohort, options, printed, digits):
    """Kleinbaum and Klein, 3rd edition, chapter 2."""
    row = sn.LogRank("treatment", **options)(cohort).iloc[0]
    assert row["df"] == 1
    assert row["statistic"] == pytest.approx(printed, abs=10.0**-digits)


def test_log_rank_family_as_in_r(cohort, r_figure):
    for term, options in (("", {}), ("rho 1", {"rho": 1.0}), ("stratified", {"strata": "pair"})):
        assert sn.LogRank("treatment", **options)(cohort)["statistic"][0] == pytest.approx(r_figure("6-MP log-rank", term, "chisq"), abs=1e-9)


@pytest.mark.parametrize(("ties", "coefficient", "std_error"), [("breslow", 1.509191, 0.4095644), ("efron", 1.572125, 0.4123967)])
def test_hazard_ratio_of_placebo(cohort, r_figure, ties, coefficient, std_error):
    """Kalbfleisch and Prentice 2002; SAS's PHREG."""
    fit = sn.CoxModel("treatment", ties=ties).fit(cohort)
    row, analysis = fit.coefficients.iloc[0], f"6-MP cox {ties}"
    assert (row["n"], row["n_event"]) == (42, 30)
    assert row["coefficient"] == pytest.approx(coefficient, abs=5.1e-7)
    assert row["std_error"] == pytest.approx(std_error, abs=5.1e-8)
    assert row["coefficient"] == pytest.approx(r_figure(analysis, "placebo", "coef"), rel=1e-6)
    assert row["std_error"] == pytest.approx(r_figure(analysis, "placebo", "se"), rel=1e-6)
    assert list(fit.log_likelihood) == pytest.approx([r_figure(analysis, "", name) for name in ("loglik0", "loglik")], rel=1e-9)


@pytest.mark.parametrize(("formula", "printed", "deviance"), [
    ("treatment", [(1.509, 0.410)], 172.759),
    ("treatment + logWBC", [(1.294, 0.422), (1.604, 0.329)], 144.559),
    ("treatment * logWBC", [(2.355, 1.681), (1.803, 0.447), (-0.342, 0.520)], 144.131),
])
def test_models_with_leucocytes(with_leucocytes, formula, printed, deviance):
    """Kleinbaum and Klein, section 3.I: three models, Breslow's ties (as Stata gave them)."""
    fit = sn.CoxModel(formula, ties="breslow").fit(with_leucocytes)
    assert [tuple(row) for row in fit.coefficients[["coefficient", "std_error"]].round(3).to_numpy()] == printed
    assert round(-2 * fit.log_likelihood.model, 3) == deviance
