"""Is the synthetic cohort the one that was specified, and does its truth, worked out by integration, come out of the draws?

The specification's table was simulated with 400,000 women and a US life table. Breast-cancer figures are held to its printed
rounding. Deaths from other causes follow a fitted Gompertz hazard here, so they are held to the rounding and three standard errors
of that simulation, sqrt(p (1 - p) / (400,000 share)).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from survival_nodes.sources.synthetic import draw_women, synthesize
from survival_nodes.sources.synthetic_calibration import (
    OTHER_CAUSE_INCIDENCE, OTHER_CAUSES, SCENARIOS, STRATA, OtherCauses, scenario_named,
)
from survival_nodes.sources.synthetic_truth import _case_mix, expected_events, fit_other_causes, scenario_hazard_ratios, true_survival

SIMULATED = 400_000
# Percent at 5 and 10 years: true net survival; breast-cancer incidence; other-cause incidence; observed survival.
PRINTED = {
    "negative": ((97.95, 95.7), (2.0, 3.9), (8.2, 17.6), (89.8, 78.5)),
    "itc": ((97.3, 94.3), (2.6, 5.3), (6.8, 14.8), (90.6, 79.9)),
    "micro": ((96.9, 93.5), (3.0, 6.0), (6.3, 13.7), (90.7, 80.3)),
    "macro | 1-3 nodes": ((94.6, 89.0), (5.2, 10.3), (6.3, 13.5), (88.5, 76.3)),
    "macro | beyond N1a": ((89.4, 79.2), (10.3, 19.4), (6.1, 12.7), (83.7, 68.0)),
    "macro": ((93.2, 86.4), (6.5, 12.7), (6.2, 13.3), (87.3, 74.1)),
}
ROUNDING = 0.05
CHEMOTHERAPY = {"negative": 10, "itc": 15, "micro": 23, "macro | 1-3 nodes": 53, "macro | beyond N1a": 72}
GROUPS = list(PRINTED)


@pytest.fixture(scope="module")
def truth():
    return true_survival("published", (5, 10)).set_index(["group", "years"])


@pytest.mark.parametrize("years", [5, 10])
@pytest.mark.parametrize("group", GROUPS)
def test_net_survival_is_the_specified_one_to_its_rounding(truth, group, years):
    printed = PRINTED[group][0][years == 10]
    assert 100 * truth.loc[(group, years), "net_survival"] == pytest.approx(printed, abs=0.005 if printed == 97.95 else ROUNDING)


@pytest.mark.parametrize("years", [5, 10])
@pytest.mark.parametrize("group", GROUPS)
def test_breast_cancer_incidence_is_the_specified_one(truth, group, years):
    printed, share = PRINTED[group][1][years == 10] / 100, truth.loc[(group, years), "share"]
    slack = ROUNDING / 100 + 3 * np.sqrt(printed * (1 - printed) / (SIMULATED * share))
    assert truth.loc[(group, years), "breast_cancer_incidence"] == pytest.approx(printed, abs=slack)


@pytest.mark.parametrize("years", [5, 10])
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(("quantity", "place"), [("other_incidence", 2), ("observed_survival", 3)])
def test_other_deaths_and_observed_survival_come_near_the_specified_ones(truth, quantity, place, group, years):
    printed, share = PRINTED[group][place][years == 10] / 100, truth.loc[(group, years), "share"]
    slack = ROUNDING / 100 + 3 * np.sqrt(printed * (1 - printed) / (SIMULATED * share))
    assert truth.loc[(group, years), quantity] == pytest.approx(printed, abs=slack)


def test_the_hazard_of_other_causes_is_the_fitted_one_to_four_figures():
    fitted = fit_other_causes()
    for name in ("rate_at_60", "age_slope", "yearly_fall"):
        assert float(f"{getattr(fitted, name):.4g}") == getattr(OTHER_CAUSES, name)
    assert set(OTHER_CAUSE_INCIDENCE) == {stratum.name for stratum in STRATA}


def test_node_negative_net_survival_at_8_years_is_the_one_it_was_scaled_to():
    # Iqbal 2017: 96.6% at 8 years.
    assert 100 * true_survival(at_years=[8]).set_index("group").loc["negative", "net_survival"] == pytest.approx(96.6, abs=ROUNDING)
    assert 100 * true_survival(at_years=[8]).set_index("group").loc["micro", "net_survival"] == pytest.approx(94.9, abs=ROUNDING)


def test_regional_survival_with_nodal_spread_is_that_of_seer():
    # SEER 2013-2019, regional stage: five-year relative survival 86.3%.
    pooled = {name: true_survival(name, [5]).set_index("group").loc["micro and macro", "net_survival"] for name in SCENARIOS}
    assert 100 * pooled["regional"] == pytest.approx(86.3, abs=ROUNDING)
    assert 100 * pooled["published"] == pytest.approx(93.75, abs=ROUNDING)
    assert pooled["null"] == pooled["published"]


def test_itc_without_excess_still_differs_by_its_case_mix():
    null = true_survival("null", [10]).set_index("group")["net_survival"]
    published = true_survival("published", [10]).set_index("group")["net_survival"]
    assert published["itc"] < null["itc"] < published["negative"] == null["negative"]


def test_expected_events_are_the_specified_ones():
    # At n = 20,000 and 10 years: 555, 36, 44, 336 + 226, from incidences in 400,000 simulated women.
    expected = expected_events(20_000).set_index("nodal_category")["breast-cancer"]
    for category, printed in {"negative": 555, "itc": 36, "micro": 44, "macro": 336 + 226}.items():
        assert expected[category] == pytest.approx(printed, abs=0.5 + 3 * np.sqrt(printed * 20_000 / SIMULATED))
    assert expected_events(20_000)["n"].sum() == pytest.approx(20_000)


def test_hazard_ratios_by_scenario():
    assert scenario_hazard_ratios("published") | {"macro": None} == {"negative": 1.0, "itc": 1.298, "micro": 1.49, "macro": None}
    assert scenario_hazard_ratios("null")["itc"] == 1.0
    assert scenario_hazard_ratios("regional")["micro"] == pytest.approx(1.49 * 2.348, rel=1e-12)
    assert 2.47 < scenario_hazard_ratios("published")["macro"] < 4.36


@pytest.mark.parametrize("stratum", STRATA, ids=lambda stratum: stratum.name)
def test_the_case_mix_is_the_specified_one(stratum):
    mix = _case_mix(stratum, SCENARIOS["published"])
    assert mix.chance.sum() == pytest.approx(1, abs=1e-9)
    assert (mix.chance.sum(axis=0) @ mix.age) == pytest.approx(stratum.mean_age, abs=0.02)  # the limits move the mean by less than that


def test_without_other_causes_incidence_is_the_complement_of_net_survival(monkeypatch):
    monkeypatch.setattr("survival_nodes.sources.synthetic_truth.OTHER_CAUSES", OtherCauses(1e-300, 0.1, 0.01))
    rows = true_survival("published", (1, 5, 10))
    assert np.allclose(rows["breast_cancer_incidence"], 1 - rows["net_survival"], atol=1e-9, rtol=0)


def test_without_breast_cancer_other_incidence_is_that_of_the_gompertz_law(monkeypatch):
    # For one age and one calendar time the incidence is 1 - exp(-H); averaged here over fixed draws of both.
    everyone = draw_women(np.random.default_rng(11), 200_000, scenario_named("published"))
    spared = [replace(stratum, hazard_ratio=1e-12) for stratum in STRATA]
    monkeypatch.setattr("survival_nodes.sources.synthetic_truth.STRATA", tuple(spared))
    rows = true_survival("published", [10]).set_index("group")
    for category in ("negative", "macro"):
        women = everyone[everyone["nodal_category"] == category]
        calendar = 2004 + (women["diagnosis_date"] - np.datetime64("2004-01-01")).dt.days / 365.25
        rate = 0.006382 * np.exp(0.09793 * (women["age"] - 60) - 0.007317 * (calendar - 2008))
        slope = 0.09793 - 0.007317
        died = 1 - np.exp(-rate * (np.exp(slope * 10) - 1) / slope)
        assert rows.loc[category, "other_incidence"] == pytest.approx(died.mean(), abs=4 * died.std() / np.sqrt(len(died)))


@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_the_draws_come_to_the_truth(scenario):
    """Incidence by 5 and 10 years of 200,000 women within four standard errors of what integration gives."""
    women = draw_women(np.random.default_rng(20), 200_000, SCENARIOS[scenario])
    rows = true_survival(scenario, (5, 10)).set_index(["group", "years"])
    for category in ("negative", "itc", "micro", "macro"):
        own = women[women["nodal_category"] == category]
        assert len(own) / len(women) == pytest.approx(rows.loc[(category, 5), "share"], abs=4 * np.sqrt(0.25 / len(women)))
        for years in (5, 10):
            for cause, quantity in (("breast-cancer", "breast_cancer_incidence"), ("other", "other_incidence")):
                expected = rows.loc[(category, years), quantity]
                found = ((own["cause"] == cause) & (own["years"] <= years * 365.25)).mean()
                assert found == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / len(own)))


def test_the_draws_have_the_specified_case_mix():
    women = draw_women(np.random.default_rng(21), 200_000, SCENARIOS["published"])
    name = women["nodal_category"].astype(str).where(women["macro_extent"].isna(), "macro | " + women["macro_extent"].astype(str))
    for stratum in STRATA:
        own = women[name == stratum.name]
        close = 4 * np.sqrt(0.25 / len(own))
        assert (own["t_category"] == "T1").mean() == pytest.approx(stratum.t_shares[0], abs=close)
        assert (own["t_category"] == "T3").mean() == pytest.approx(stratum.t_shares[2], abs=close)
        assert (own["grade"] == "3").mean() == pytest.approx(stratum.grade_3, abs=close)
        assert (own.loc[own["grade"] != "3", "grade"] == "1").mean() == pytest.approx(0.3, abs=close / 0.7)
        assert (own.loc[own["grade"] == "3", "er"] == "positive").mean() == pytest.approx(0.68, abs=close / np.sqrt(stratum.grade_3))
        assert (own.loc[own["grade"] != "3", "er"] == "positive").mean() == pytest.approx(0.91, abs=close)
        assert own["age"].mean() == pytest.approx(stratum.mean_age, abs=0.02 + 4 * 12.5 / np.sqrt(len(own)))
        # The specified percentages of chemotherapy are rounded and approximate: within a point and the error of the draws.
        assert 100 * (own["chemotherapy"] == "yes").mean() == pytest.approx(CHEMOTHERAPY[stratum.name], abs=1 + 100 * close)
        assert not (own.loc[own["er"] == "negative", "endocrine_therapy"] == "yes").any()


def test_women_alike_in_everything_die_by_the_closed_form(monkeypatch):
    """With nobody dying of anything else, incidence is 1 - exp(-scale x hazard x years ** shape)."""
    monkeypatch.setattr("survival_nodes.sources.synthetic.OTHER_CAUSES", OtherCauses(1e-300, 0.1, 0.01))
    women = draw_women(np.random.default_rng(22), 200_000, SCENARIOS["published"])
    macro = women[(women["macro_extent"] == "beyond N1a") & (women["t_category"] == "T2") & (women["grade"] == "3") & (women["er"] == "negative")
                  & (women["chemotherapy"] == "yes")]
    assert len(macro) > 500
    for years in (2, 5, 10):
        expected = 1 - np.exp(-0.004039 * 4.36 * 1.7 * 1.9 * 0.75 * years**1.0937)
        assert (macro["years"] <= years * 365.25).mean() == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / len(macro)))


def test_everyone_is_followed_for_ten_years_and_nobody_for_more_than_twelve():
    cohort = synthesize(20_000, seed=4)
    rows = cohort.rows
    censored = rows.loc[rows["event"] == 0, "years"]
    assert (censored >= 10).all() and (censored <= 12).all()
    assert rows["years"].min() > 0
    assert rows["diagnosis_year"].between(2004, 2012).all()
    assert rows["age"].between(25, 94).all()


def test_dates_and_age_agree():
    rows = synthesize(2_000, seed=5).rows
    days = (rows["diagnosis_date"] - rows["birth_date"]).dt.days
    assert np.allclose(days / 365.25, rows["age"])
    assert (rows["diagnosis_date"].dt.year == rows["diagnosis_year"]).all()


def test_what_must_be_said_is_said():
    origin = synthesize(100, seed=3, scenario="regional").origin
    said = " ".join(origin.notes)
    assert origin.seed == 3
    for words in ("Synthetic cohort", "seed 3", "Scenario regional", "2.348", "cannot confirm", "demonstrations", "84.7% to 94.0%", "at least ten years"):
        assert words in said
