"""Copelan et al. 1991, Blood 78:838-843: marrow transplantation for leukaemia; 38 ALL, 54 AML of low and 45 of high risk.

Printed figures: Klein and Moeschberger 2003, section 4.2 (disease-free survival at a year) and example 7.4 (log-rank); SAS's LIFETEST for
the limits of the first quartile in ALL on five scales, and survMisc for the tests between the two groups of AML, both as quoted in
statsmodels' tests. The book's pages were not seen again; all is recomputed in R (`r/textbook_figures.R`), competing risks by cmprsk.
"""

from __future__ import annotations

import pytest

import survival_nodes as sn

GROUPS = {1: "ALL", 2: "AML low", 3: "AML high"}
CAUSES = {0: "none", 1: "relapse", 2: "death in remission"}


@pytest.fixture(scope="module")
def cohort(published_rows):
    rows = published_rows("bmt")
    cause = rows["d3"].where(rows["d2"] == 0, 1).mask((rows["d2"] == 0) & (rows["d3"] == 1), 2)
    frame = rows.assign(disease=rows["group"].map(GROUPS), how=cause)[["t2", "how", "disease"]]
    return sn.Cohort.from_frame(
        frame, {"years": "t2", "event": "how"}, "days", causes=CAUSES, levels={"disease": list(GROUPS.values())}, endpoint="disease-free")


def test_disease_free_survival_at_a_year(cohort, r_figure):
    table = sn.KaplanMeier("disease", at_years=1)(cohort)
    assert table["group"].tolist() == list(GROUPS.values())
    assert table["estimate"].round(4).tolist() == [0.5492, 0.7778, 0.3778]
    assert table["std_error"].round(4).tolist() == [0.0812, 0.0566, 0.0723]
    for code, row in zip(GROUPS, table.to_dict("records"), strict=True):
        assert row["estimate"] == pytest.approx(r_figure("bmt km", code, "surv"), abs=1e-9)
        assert row["std_error"] == pytest.approx(r_figure("bmt km", code, "se"), abs=1e-9)


def test_median_disease_free_survival(cohort):
    medians = sn.KaplanMeier("disease").quantiles(cohort).set_index("group")["years"] * 365.25
    assert medians.to_dict() == pytest.approx({"ALL": 418, "AML low": 2204, "AML high": 183})


@pytest.mark.parametrize(("conf_type", "in_r", "sas"), [
    ("plain", "plain", (107, 276)), ("log-log", "log-log", (86, 230)), ("log", "log", (107, 332)), ("arcsine", "arcsin", (104, 276)),
    ("logit", "logit", (104, 230))])
def test_first_quartile_in_all(cohort, r_figure, conf_type, in_r, sas):
    row = sn.KaplanMeier("disease", conf_type=conf_type).quantiles(cohort, probs=(0.25,)).iloc[0]
    days = [row[name] * 365.25 for name in ("conf_low", "conf_high")]
    assert row["years"] * 365.25 == pytest.approx(122)
    assert days == pytest.approx(sas)
    assert days == pytest.approx([r_figure("bmt first quartile", in_r, end) for end in ("lower", "upper")])


def test_log_rank_of_three_groups(cohort, r_figure):
    row = sn.LogRank("disease")(cohort).iloc[0]
    assert (round(row["statistic"], 2), row["df"], round(row["p_value"], 3)) == (13.80, 2, 0.001)
    assert row["statistic"] == pytest.approx(r_figure("bmt log-rank", "", "chisq"), abs=1e-9)


@pytest.mark.parametrize(("options", "printed"), [({}, 13.44556), ({"weight": "gehan"}, 15.38787), ({"weight": "tarone-ware"}, 14.98382)])
def test_two_groups_of_aml(cohort, r_figure, options, printed):
    statistic = sn.LogRank("disease", **options)(cohort.where("disease != 'ALL'"))["statistic"][0]
    assert round(statistic, 5) == printed
    if not options:
        assert statistic == pytest.approx(r_figure("bmt log-rank", "AML", "chisq"), abs=1e-9)


def test_relapse_and_death_in_remission_at_a_year(cohort, r_figure):
    table = sn.AalenJohansen("disease", at_years=1)(cohort).set_index(["group", "cause"])["estimate"]
    for code, group in GROUPS.items():
        for number, cause in enumerate(("relapse", "death in remission"), start=1):
            assert table[group, cause] == pytest.approx(r_figure("bmt incidence", f"{code} {number}", "estimate"), abs=1e-9)


@pytest.mark.parametrize(("number", "cause"), [(1, "relapse"), (2, "death in remission")])
def test_gray_s_test(cohort, r_figure, number, cause):
    row = sn.GrayTest("disease", cause)(cohort).iloc[0]
    assert row["df"] == 2
    assert row["statistic"] == pytest.approx(r_figure("bmt gray", number, "chisq"), rel=1e-8)


def test_subdistribution_hazard_of_relapse(cohort, r_figure):
    table = sn.FineGray("disease", "relapse", tolerance=0)(cohort).set_index("term")  # crr with gtol = 1e-10: the maximum itself
    for term, in_r in (("disease[T.AML low]", "low"), ("disease[T.AML high]", "high")):
        assert table.loc[term, "coefficient"] == pytest.approx(r_figure("bmt fine-gray", in_r, "coef"), abs=1e-8)
        assert table.loc[term, "robust_std_error"] == pytest.approx(r_figure("bmt fine-gray", in_r, "se"), abs=1e-6)
