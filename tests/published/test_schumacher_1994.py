"""Schumacher et al. 1994, J Clin Oncol 12:2086-2093: trial 2 of the German Breast Cancer Study Group, 686 women, recurrence or death.

Printed figures: the Cox model of all covariates as Sauerbrei and Royston 1999, J R Stat Soc A 162:71-94, take it up (hormone therapy
-0.346278, nodes 0.048789, progesterone receptor -0.002217); recomputed in R (`r/textbook_figures.R`). The packaged study of this trial is
in `test_gbsg2_nodes.py`.
"""

from __future__ import annotations

import pytest
from lifelines.datasets import load_gbsg2

import survival_nodes as sn

TERMS = {  # ours -> as R's gbsg names it
    "age": "age", "menostat[T.Post]": "meno", "tsize": "size", "tgrade[T.II]": "factor(grade)2", "tgrade[T.III]": "factor(grade)3", "pnodes": "nodes",
    "progrec": "pgr", "estrec": "er", "horTh[T.yes]": "hormon"}


@pytest.fixture(scope="module")
def fit():
    levels = {"menostat": ["Pre", "Post"], "tgrade": ["I", "II", "III"], "horTh": ["no", "yes"]}
    cohort = sn.Cohort.from_frame(load_gbsg2(), {"years": "time", "event": "cens"}, "days", levels=levels, endpoint="disease-free")
    return sn.CoxModel("age + menostat + tsize + tgrade + pnodes + progrec + estrec + horTh").fit(cohort)


def test_women_and_events(fit):
    assert (fit.n, fit.n_event) == (686, 299)


def test_printed_coefficients(fit):
    found = fit.coefficients.set_index("term")["coefficient"]
    assert found[["horTh[T.yes]", "pnodes", "progrec"]].round(6).tolist() == [-0.346278, 0.048789, -0.002217]


def test_all_coefficients_as_in_r(fit, r_figure):
    assert set(fit.coefficients["term"]) == set(TERMS)
    for row in fit.coefficients.to_dict("records"):
        assert row["coefficient"] == pytest.approx(r_figure("gbsg cox", TERMS[row["term"]], "coef"), rel=1e-6)
        assert row["std_error"] == pytest.approx(r_figure("gbsg cox", TERMS[row["term"]], "se"), rel=1e-6)
    assert list(fit.log_likelihood) == pytest.approx([r_figure("gbsg cox", "", name) for name in ("loglik0", "loglik")], rel=1e-9)


def test_hormone_therapy_lowers_the_hazard_by_three_tenths(fit):
    row = fit.coefficients.set_index("term").loc["horTh[T.yes]"]
    assert (round(row["hazard_ratio"], 2), round(row["p_value"], 4)) == (0.71, 0.0073)
