"""Sedmak et al. 1989, Mod Pathol 2:516 (rows printed by Klein and Moeschberger 2003, section 1.5): the packaged study gives the published figures."""

from __future__ import annotations

import math

import pytest

import survival_nodes as sn


@pytest.fixture(scope="module")
def findings():
    return sn.Study.packaged("sedmak-1989").run()


def test_survival_at_60_and_120_months(findings):
    # Nobody is censored before 120 months, so survival is a fraction of 36 and of 9 women: 72.2% and 55.6% at 60 months as published.
    estimates = findings.frames["estimates"].set_index(["group", "years"])["estimate"]
    wanted = {("negative", 5.0): 26 / 36, ("positive", 5.0): 5 / 9, ("negative", 10.0): 20 / 36, ("positive", 10.0): 1 / 9}
    assert estimates.to_dict() == pytest.approx(wanted, abs=1e-12)
    assert [f"{100 * estimates[group, 5.0]:.1f}" for group in ("negative", "positive")] == ["72.2", "55.6"]


def test_log_rank(findings):
    row = findings.frames["tests"].iloc[0]
    assert (round(row["statistic"], 3), row["df"], round(row["p_value"], 4)) == (5.494, 1, 0.0191)


def test_hazard_ratio(findings):
    row = findings.frames["coefficients"].iloc[0]
    assert [round(row[name], 2) for name in ("hazard_ratio", "conf_low", "conf_high")] == [2.66, 1.14, 6.25]
    assert row["coefficient"] == pytest.approx(math.log(row["hazard_ratio"]))


def test_the_published_figure_starts_at_one_steps_at_deaths_and_marks_the_censored(findings):
    figure = next(figure for section in findings.sections for figure in section.figures if figure.name == "survival-curves")
    drawn = figure.data[(figure.data["group"] == "positive") & figure.data["estimate"].notna()]
    assert drawn["estimate"].min() == pytest.approx(1 / 9)
    assert drawn["years"].max() == 144 / 12  # the last of the nine women is censored at 144 months


def test_the_summary_says_these_numbers(findings):
    said = " ".join(findings.summary)
    assert all(number in said for number in ("72.2%", "55.6%", "5.494", "p\u00a0=\u00a00.019", "2.66 (1.14 to 6.25)"))
    assert "Fewer than 10 events in: positive" in said
    assert not findings.synthetic
