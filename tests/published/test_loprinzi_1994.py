"""Loprinzi et al. 1994, J Clin Oncol 12:601-607: survival of 138 men and 90 women with advanced lung cancer (NCCTG).

Printed figures: documentation of R's survival (medians with the log interval, log-rank, survival at a year) and of survRM2 (restricted
means to 965 days); recomputed in R (`r/textbook_figures.R`).
"""

from __future__ import annotations

import pytest
from lifelines.datasets import load_lung

import survival_nodes as sn

DAYS = 365.25


@pytest.fixture(scope="module")
def cohort():
    rows = load_lung()
    frame = rows[["time", "status"]].assign(sex=rows["sex"].map({1: "male", 2: "female"}))
    return sn.Cohort.from_frame(frame, {"years": "time", "event": "status"}, "days", levels={"sex": ["male", "female"]})


def test_median_survival(cohort, r_figure):
    table = sn.KaplanMeier("sex", conf_type="log").quantiles(cohort)
    days = table[["years", "conf_low", "conf_high"]] * DAYS
    assert days.round(6).to_numpy().tolist() == [[270, 212, 310], [426, 348, 550]]
    for code, row in zip((1, 2), days.to_numpy(), strict=True):
        assert row == pytest.approx([r_figure("lung median", code, name) for name in ("quantile", "lower", "upper")])


def test_survival_at_a_year(cohort, r_figure):
    table = sn.KaplanMeier("sex", at_years=1)(cohort)
    assert table["estimate"].round(4).tolist() == [0.3361, 0.5265]
    assert table["std_error"].round(4).tolist() == [0.0434, 0.0597]
    for code, row in zip((1, 2), table.to_dict("records"), strict=True):
        assert row["estimate"] == pytest.approx(r_figure("lung km", code, "surv"), abs=1e-9)
        assert row["std_error"] == pytest.approx(r_figure("lung km", code, "se"), abs=1e-9)


def test_log_rank(cohort, r_figure):
    row = sn.LogRank("sex")(cohort).iloc[0]
    assert (round(row["statistic"], 1), round(row["p_value"], 3)) == (10.3, 0.001)
    assert row["statistic"] == pytest.approx(r_figure("lung log-rank", "", "chisq"), abs=1e-9)


def test_restricted_means_to_965_days(cohort, r_figure):
    table = sn.RestrictedMean("sex", 965 / DAYS)(cohort).set_index("group")
    for code, sex in ((1, "male"), (2, "female")):
        assert table.loc[sex, "estimate"] * DAYS == pytest.approx(r_figure("lung restricted mean", code, "mean"), abs=1e-8)
        assert table.loc[sex, "std_error"] * DAYS == pytest.approx(r_figure("lung restricted mean", code, "se"), abs=1e-8)


def test_difference_of_restricted_means(cohort):
    """survRM2: women live 131.8557 days longer (standard error 39.7587), p 0.00091186."""
    row = sn.RestrictedMean("sex", 965 / DAYS).contrast(cohort, "male").set_index("measure").loc["restricted-mean-difference"]
    assert (row["group"], row["reference"]) == ("female", "male")
    assert [round(row[name] * DAYS, 4) for name in ("estimate", "std_error")] == [131.8557, 39.7587]


def test_cox_model_and_its_concordance(r_figure):
    """Age, sex and performance status (one patient has none): 0.637 (0.025), as R's vignette on concordance prints for these data."""
    rows = load_lung().rename(columns={"ph.ecog": "ecog"})[["time", "status", "age", "sex", "ecog"]]
    cohort = sn.Cohort.from_frame(rows.assign(sexcode=rows["sex"]).drop(columns="sex"), {"years": "time", "event": "status"}, "days")
    with pytest.warns(sn.errors.DataWarning, match=r"1 of 228 rows are left out of the model, as a covariate is missing: ecog \(1\)"):
        fit = sn.CoxModel("age + sexcode + ecog").fit(cohort)
    assert fit.coefficients["coefficient"].round(4).tolist() == [0.0111, -0.5526, 0.4637]
    for row, term in zip(fit.coefficients.to_dict("records"), ("age", "sex", "ph.ecog"), strict=True):
        assert row["coefficient"] == pytest.approx(r_figure("lung cox", term, "coef"), rel=1e-6)
        assert row["std_error"] == pytest.approx(r_figure("lung cox", term, "se"), rel=1e-6)
    assert (round(fit.concordance, 3), round(fit.concordance_std_error, 3)) == (0.637, 0.025)
    assert fit.concordance == pytest.approx(r_figure("lung cox", "", "concordance"), abs=1e-9)
    assert fit.concordance_std_error == pytest.approx(r_figure("lung cox", "", "concordance se"), rel=1e-6)
