"""Kardaun 1983, Statistica Neerlandica 37:103-126: survival of 90 men with cancer of the larynx by stage.

Printed figures: Klein and Moeschberger 2003, table 8.1 (Cox, Breslow's ties) and example 7.6 (trend). The page of the trend was not
seen again; everything is recomputed in R (`r/textbook_figures.R`).
"""

from __future__ import annotations

import pytest

import survival_nodes as sn

FORMULA = "age + C(stage)"
TERMS = {"age": "age", "C(stage)[T.2]": "factor(stage)2", "C(stage)[T.3]": "factor(stage)3", "C(stage)[T.4]": "factor(stage)4"}


@pytest.fixture(scope="module")
def cohort(published_rows):
    return sn.Cohort.from_frame(published_rows("larynx"), {"years": "time", "event": "delta"}, "years")


def test_cox_model_with_breslow_s_ties(cohort):
    table = sn.CoxModel(FORMULA, ties="breslow")(cohort).set_index("term")
    assert table.index.tolist() == list(TERMS)
    assert table["coefficient"].round(4).tolist() == [0.0189, 0.1386, 0.6383, 1.6931]
    assert table["std_error"].round(4).tolist() == [0.0143, 0.4623, 0.3561, 0.4222]


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_cox_model_as_in_r(cohort, r_figure, ties):
    fit, analysis = sn.CoxModel(FORMULA, ties=ties).fit(cohort), f"larynx cox {ties}"
    for row in fit.coefficients.to_dict("records"):
        assert row["coefficient"] == pytest.approx(r_figure(analysis, TERMS[row["term"]], "coef"), rel=1e-6)
        assert row["std_error"] == pytest.approx(r_figure(analysis, TERMS[row["term"]], "se"), rel=1e-6)
    assert list(fit.log_likelihood) == pytest.approx([r_figure(analysis, "", name) for name in ("loglik0", "loglik")], rel=1e-9)


def test_log_rank_of_four_stages(cohort, r_figure):
    row = sn.LogRank("stage")(cohort).iloc[0]
    assert (round(row["statistic"], 2), row["df"]) == (22.76, 3)
    assert row["statistic"] == pytest.approx(r_figure("larynx log-rank", "", "chisq"), abs=1e-9)


def test_trend_over_the_stages(cohort, r_figure):
    """Klein and Moeschberger, example 7.6: observed minus expected, their variances, and Z = 3.72 for the scores 1 to 4."""
    table = sn.LogRank("stage").observed_expected(cohort)
    assert (table["observed"] - table["expected"]).round(4).tolist() == [-7.5660, -3.0117, 2.9155, 7.6623]
    assert table["variance"].round(4).tolist() == [12.0740, 7.8730, 9.9302, 2.9612]
    for place, stage in enumerate(table["group"]):
        for name in ("expected", "variance"):
            assert table[name][place] == pytest.approx(r_figure("larynx log-rank", stage, name), abs=1e-9)
    trend = sn.LogRank("stage").trend(cohort, scores=[1, 2, 3, 4]).iloc[0]
    assert round(trend["statistic"] ** 0.5, 2) == 3.72
    assert trend["statistic"] == pytest.approx(r_figure("larynx trend", "", "chisq"), abs=1e-9)
