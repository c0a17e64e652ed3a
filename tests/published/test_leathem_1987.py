"""Leathem and Brooks 1987, Lancet 329:1054-1056: survival of 45 women with breast cancer by staining with a lectin (HPA).

The months are printed by Collett, Modelling Survival Data in Medical Research, table 1.2 (an asterisk marks a censored time), and so
are the figures: the log-rank test in chapter 2, Cox's model with Breslow's ties in chapter 3. Figures recalled, and recomputed.
"""

from __future__ import annotations

import pandas as pd
import pytest

import survival_nodes as sn

MONTHS = {
    "negative": "23 47 69 70* 71* 100* 101* 148 181 198* 208* 212* 224*",
    "positive": "5 8 10 13 18 24 26 26 31 35 40 41 48 50 59 61 68 71 76* 105* 107* 109* 113 116* 118 143 154* 162* 188* 212* 217* 225*"}


@pytest.fixture(scope="module")
def cohort():
    rows = [
        {"months": float(month.rstrip("*")), "event": int(not month.endswith("*")), "staining": staining}
        for staining, months in MONTHS.items() for month in months.split()]
    return sn.Cohort.from_frame(pd.DataFrame(rows), {"years": "months"}, "months")


def test_women_and_deaths(cohort):
    table = sn.LogRank("staining").observed_expected(cohort).set_index("group")
    assert table["n"].to_dict() == {"negative": 13, "positive": 32}
    assert table["observed"].to_dict() == {"negative": 5, "positive": 21}
    # Collett, example 2.12: the deaths expected among the unstained, and the variance.
    assert (round(table.loc["negative", "expected"], 3), round(table.loc["negative", "variance"], 3)) == (9.565, 5.929)


def test_log_rank(cohort):
    row = sn.LogRank("staining")(cohort).iloc[0]
    assert (round(row["statistic"], 3), row["df"], round(row["p_value"], 3)) == (3.515, 1, 0.061)


def test_gehan(cohort):
    """Collett, section 2.6.2: Wilcoxon (Breslow) 4.180, p .041."""
    row = sn.LogRank("staining", weight="gehan")(cohort).iloc[0]
    assert (round(row["statistic"], 3), round(row["p_value"], 3)) == (4.180, 0.041)


def test_hazard_ratio(cohort):
    fit = sn.CoxModel("staining", ties="breslow").fit(cohort)
    row = fit.coefficients.iloc[0]
    assert row["term"] == "staining[T.positive]"
    assert (round(row["coefficient"], 3), round(row["std_error"], 3), round(row["hazard_ratio"], 2)) == (0.908, 0.501, 2.48)
    assert [round(-2 * value, 3) for value in fit.log_likelihood] == [173.968, 170.096]
    ratio = fit.tests.set_index("test").loc["likelihood ratio"]
    assert (round(ratio["statistic"], 2), round(ratio["p_value"], 3)) == (3.87, 0.049)


def test_efron_s_ties_are_another_figure(cohort):
    """Two women died at 26 months: a tie alone takes the coefficient from the printed 0.908 to 0.909."""
    assert round(sn.CoxModel("staining")(cohort)["coefficient"][0], 3) == 0.909
