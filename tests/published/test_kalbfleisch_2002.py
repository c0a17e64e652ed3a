"""Kalbfleisch and Prentice 2002, The Statistical Analysis of Failure Time Data, 2nd edition: the Veterans' Administration trial, 137 men
with lung cancer on standard or test chemotherapy.

The printed coefficients (Breslow's ties) are those of SAS's PHREG on these data; the test of proportional hazards is R's cox.zph; both are
recomputed in R (`r/textbook_figures.R`). The difference in survival at 80 days with its 90% interval and the margin of 0.15 are the
example of the R package EquiSurv.
"""

from __future__ import annotations

import pytest

import survival_nodes as sn

FORMULA = "trt + celltype + karno + diagtime + age + prior"
LEVELS = {"celltype": ["squamous", "smallcell", "adeno", "large"]}


@pytest.fixture(scope="module")
def cohort(published_rows):
    rows = published_rows("veteran")
    return sn.Cohort.from_frame(
        rows.assign(arm=rows["trt"].map({1: "standard", 2: "test"})), {"years": "time", "event": "status"}, "days", levels=LEVELS)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_cox_model_as_in_r(cohort, r_figure, ties):
    fit, analysis = sn.CoxModel(FORMULA, ties=ties).fit(cohort), f"veteran cox {ties}"
    for row in fit.coefficients.to_dict("records"):
        term = row["term"].replace("[T.", "").rstrip("]")
        assert row["coefficient"] == pytest.approx(r_figure(analysis, term, "coef"), rel=1e-6)
        assert row["std_error"] == pytest.approx(r_figure(analysis, term, "se"), rel=1e-6)
    assert list(fit.log_likelihood) == pytest.approx([r_figure(analysis, "", name) for name in ("loglik0", "loglik")], rel=1e-9)


def test_printed_coefficients(cohort):
    """Performance status, months since diagnosis, age and treatment (the order of PHREG's table is another)."""
    table = sn.CoxModel(FORMULA, ties="breslow")(cohort).set_index("term")["coefficient"]
    assert round(table["karno"], 5) == -0.03262
    assert round(table["diagtime"], 6) == -0.000092
    assert round(table["age"], 5) == -0.00855
    assert round(table["trt"], 5) == 0.28994


def test_proportional_hazards(cohort, r_figure):
    """Cell type and performance status fade with time; GLOBAL has 8 degrees of freedom over 6 terms."""
    found = sn.ProportionalHazards(sn.CoxModel(FORMULA))(cohort).set_index("comparison")
    assert found.loc[["celltype", "karno", "GLOBAL"], "statistic"].round(4).tolist() == [15.2274, 12.9352, 34.5525]
    assert found.loc[["celltype", "karno", "GLOBAL"], "df"].tolist() == [3, 1, 8]
    for term, row in found.iterrows():
        assert row["statistic"] == pytest.approx(r_figure("veteran zph", term, "chisq"), rel=1e-6)


def test_equivalence_at_80_days_is_not_shown(cohort, r_figure):
    """Standard minus test is 0.1351 (90% interval -0.0046 to 0.2747): it reaches past the margin of 0.15, and so no worse is not shown."""
    row = sn.NonInferiority("arm", "standard", 0.15, at_years=80 / 365.25, one_sided_alpha=0.05)(cohort).iloc[0]
    assert (row["group"], row["reference"]) == ("test", "standard")
    assert [round(-row[name], 4) for name in ("estimate", "conf_high", "conf_low")] == [0.1351, -0.0046, 0.2747]
    assert -row["estimate"] == pytest.approx(r_figure("veteran km", 80, "difference"), abs=1e-9)
    assert row["std_error"] == pytest.approx(r_figure("veteran km", 80, "se"), abs=1e-9)
    assert row["verdict"] == "inconclusive"
