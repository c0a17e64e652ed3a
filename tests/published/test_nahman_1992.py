"""Nahman et al. 1992, J Am Soc Nephrol 3:103-107: infection of dialysis catheters placed by surgery (43) or through the skin (76).

Printed figures: Klein and Moeschberger 2003, table 7.3 (ten weights; recalled, and agreeing to the last digit) and example 8.2 (Cox;
recomputed in R, `r/textbook_figures.R`). The curves cross, so the weights decide: log-rank 2.53, late weights 9.67, early ones 0.002.
Left out is the table's modified Peto-Peto (1.28), the weight S n / (n + 1) of Andersen, which is not offered.
"""

from __future__ import annotations

import pytest

import survival_nodes as sn

TABLE_7_3 = [
    ({}, 2.53, 0.112), ({"weight": "gehan"}, 0.002, 0.964), ({"weight": "tarone-ware"}, 0.40, 0.526), ({"weight": "peto-peto"}, 1.40, 0.237),
    ({"gamma": 1.0}, 9.67, 0.002), ({"rho": 1.0}, 1.39, 0.239), ({"rho": 1.0, "gamma": 1.0}, 9.83, 0.002),
    ({"rho": 0.5, "gamma": 0.5}, 9.28, 0.002), ({"rho": 0.5, "gamma": 2.0}, 8.18, 0.004)]


@pytest.fixture(scope="module")
def cohort(published_rows):
    placed = published_rows("kidney").assign(placed=lambda rows: rows["type"].map({1: "surgically", 2: "through the skin"}))
    return sn.Cohort.from_frame(placed, {"years": "time", "event": "delta"}, "months")


@pytest.mark.parametrize(("options", "printed", "p_value"), TABLE_7_3)
def test_table_7_3(cohort, options, printed, p_value):
    row = sn.LogRank("placed", **options)(cohort).iloc[0]
    assert round(row["statistic"], 3 if printed < 0.01 else 2) == printed
    assert round(row["p_value"], 3) == p_value


def test_log_rank_as_in_r(cohort, r_figure):
    assert sn.LogRank("placed")(cohort)["statistic"][0] == pytest.approx(r_figure("kidney log-rank", "", "chisq"), abs=1e-9)


@pytest.mark.parametrize(("ties", "coefficient", "std_error"), [("breslow", -0.618, 0.398), ("efron", -0.613, 0.398)])
def test_hazard_ratio(cohort, r_figure, ties, coefficient, std_error):
    """Example 8.2 (26 infections, many tied)."""
    row, analysis = sn.CoxModel("placed", ties=ties)(cohort).iloc[0], f"kidney cox {ties}"
    assert row["n_event"] == 26
    assert (round(row["coefficient"], 3), round(row["std_error"], 3)) == (coefficient, std_error)
    assert row["coefficient"] == pytest.approx(r_figure(analysis, "factor(type)2", "coef"), rel=1e-6)
    assert row["std_error"] == pytest.approx(r_figure(analysis, "factor(type)2", "se"), rel=1e-6)


def test_crossing_curves_are_found(cohort):
    """A single hazard ratio does not hold here, and the test of it says so."""
    found = sn.ProportionalHazards(sn.CoxModel("placed"))(cohort).set_index("comparison")["p_value"]
    assert found["placed"] < 0.01
