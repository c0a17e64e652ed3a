"""What an epidemiologist expects to be guarded against: one test a guard, in the order of the list.

Guards of stages by era, of adjusted curves, of imputation, of small cells and of life tables are not built here and are not in this file.
"""

from __future__ import annotations

import math
import re
import warnings

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.columns import ESTIMATES, ESTIMANDS
from survival_nodes.errors import DataWarning, UnitWarning, UsageError

CAUSES = {0: "none", 1: "breast-cancer", 2: "other"}
LEVELS = {"node": ["negative", "micro", "macro"]}


@pytest.fixture(scope="module")
def patients() -> sn.Cohort:
    """Six hundred women over twelve years; a third die of their cancer, a third of something else, more with worse nodes."""
    generator = np.random.default_rng(5)
    node = generator.choice(LEVELS["node"], 600, p=[0.6, 0.1, 0.3])
    cancer = generator.exponential(pd.Series(node).map({"negative": 30, "micro": 22, "macro": 12}).to_numpy())
    other, left = generator.exponential(18, 600), generator.uniform(2, 12, 600)
    years = np.minimum(np.minimum(cancer, other), left).round(2) + 0.01
    how = np.where((cancer < other) & (cancer < left), 1, np.where(other < left, 2, 0))
    rows = pd.DataFrame({"years": years, "event": how, "node": node, "age": generator.normal(60, 10, 600).round()})
    return sn.Cohort.from_frame(rows, time_unit="years", causes=CAUSES, levels=LEVELS)


def cohort_of(rows: pd.DataFrame) -> sn.Cohort:
    return sn.Cohort.from_frame(rows, time_unit="years", levels={name: values for name, values in LEVELS.items() if name in rows})


def said_of(work) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        work()
    return [str(each.message) for each in caught if issubclass(each.category, DataWarning)]


# --- observed, cause-specific, net

def test_every_estimate_says_what_it_estimates(patients):
    frames = [
        (sn.KaplanMeier("node", at_years=5), "observed"), (sn.AalenJohansen("node", at_years=5), "cumulative-incidence"),
        (sn.RestrictedMean("node", 5), "restricted-mean"), (sn.PersonYears("node"), "rate")]
    for estimator, estimand in frames:
        table = estimator(patients)
        assert table.columns.tolist() == ESTIMATES.names
        assert set(table["estimand"]) == {estimand} <= set(ESTIMANDS)
    with pytest.warns(DataWarning, match="other causes compete"):
        assert set(sn.KaplanMeier("node", at_years=5, cause="breast-cancer")(patients)["estimand"]) == {"cause-specific"}


# --- published 86% tested against observed survival

def test_a_relative_survival_is_not_compared_with_an_observed_one(patients):
    rates = sn.published_rates("regional", endpoint="overall", years=5)
    relative = rates[rates["estimand"] == "net"]
    assert len(relative)
    found = sn.compare_with_published(sn.KaplanMeier(at_years=5)(patients), relative, 0.02)
    assert set(found["verdict"]) == {"not comparable"}
    assert set(found["reason"]) == {"published figure is relative survival, cohort has observed survival"}
    assert found["difference"].isna().all()


# --- not significant read as equivalent

def test_no_worse_wants_a_margin_and_is_not_read_from_a_p_value(patients):
    with pytest.raises(TypeError, match="margin"):
        sn.NonInferiority("node", "negative")
    few = cohort_of(patients.rows.query("node != 'macro'").head(250).assign(event=lambda rows: (rows["event"] > 0).astype(int)))
    assert sn.LogRank("node")(few)["p_value"][0] > 0.05
    row = sn.NonInferiority("node", "negative", 0.025, at_years=5)(few).set_index("group").loc["micro"]
    assert row["verdict"] == "inconclusive"
    assert row["smallest_margin"] == pytest.approx(-row["conf_low"]) and row["smallest_margin"] > 0.025
    assert sn.NonInferiority("node", "negative", row["smallest_margin"] + 1e-6, at_years=5)(few).set_index("group").loc["micro", "verdict"] == "shown"


# --- competing deaths treated as censoring

def test_one_minus_kaplan_meier_is_warned_of_where_others_compete(patients):
    with pytest.warns(DataWarning, match="other causes compete with 'breast-cancer': 1 - S exceeds its cumulative incidence by up to .* points"):
        survival = sn.KaplanMeier(at_years=8, cause="breast-cancer")(patients)["estimate"][0]
    table, mistake = (made.set_index("cause") for made in (sn.AalenJohansen(at_years=8)(patients), sn.AalenJohansen(at_years=8).naive(patients)))
    assert 1 - survival == pytest.approx(mistake.loc["breast-cancer", "estimate"], abs=1e-12)
    assert mistake.loc["breast-cancer", "estimate"] - table.loc["breast-cancer", "estimate"] > 0.01
    assert "overstates the incidence" in mistake.loc["breast-cancer", "method"]


def test_nothing_is_said_where_nothing_competes():
    rows = pd.DataFrame({"years": np.arange(1.0, 21), "event": [1, 0] * 10})
    cohort = sn.Cohort.from_frame(rows, time_unit="years", causes=CAUSES)
    assert said_of(lambda: sn.KaplanMeier(at_years=8, cause="breast-cancer")(cohort)) == []


# --- proportional hazards violated

def test_a_study_tests_proportional_hazards_unasked():
    found = sn.Study.packaged("sedmak-1989").run().frames
    tests = found["proportional_hazards"]
    assert tests["comparison"].tolist()[-1] == "GLOBAL" and tests["p_value"].notna().all()
    # An absolute number stands beside the ratio.
    assert len(found["coefficients"]) and len(found["estimates"])


# --- few events, separation

def test_few_events_and_separation_are_said_and_show_no_p_value():
    rows = pd.DataFrame({"years": np.arange(1.0, 41), "event": [1, 0] * 20, "itc": [0, 1] * 20})
    said = said_of(lambda: sn.CoxModel("itc")(cohort_of(rows)))
    assert any(re.search(r"itc: no finite hazard ratio \(a group without an event", each) for each in said)
    with pytest.warns(DataWarning):
        row = sn.CoxModel("itc")(cohort_of(rows)).iloc[0]
    assert row[["coefficient", "hazard_ratio", "conf_low", "conf_high", "p_value"]].isna().all()
    firth = sn.CoxModel("itc", penalty="firth")(cohort_of(rows)).iloc[0]
    assert math.isfinite(firth["coefficient"]) and firth["hazard_ratio"] < 1 and 0 < firth["p_value"] < 1


def test_events_per_parameter_are_counted(patients):
    few = cohort_of(patients.rows.head(40)[["years", "event", "node", "age"]].assign(event=lambda rows: (rows["event"] > 0).astype(int)))
    n_event = int(few.events().sum())
    said = said_of(lambda: sn.CoxModel("node + age")(few))
    assert any(each.startswith(f"{n_event} events for 3 coefficients ({n_event / 3:.1f} each, at least 10 are wanted)") for each in said)


# --- multiplicity

def test_pairs_are_adjusted_by_holm_unless_said_otherwise(patients):
    pairs = sn.LogRank("node").pairwise(patients)
    assert len(pairs) == 3
    ordered = pairs.sort_values("p_value")
    holm = np.minimum(np.maximum.accumulate(ordered["p_value"].to_numpy() * [3, 2, 1]), 1)
    assert ordered["p_adjusted"].tolist() == pytest.approx(holm, rel=1e-12)
    assert sn.LogRank("node").trend(patients)["df"][0] == 1


# --- immortal time

def test_groups_known_at_a_landmark_carry_no_immortal_time():
    """A treatment that does nothing, given after a waiting time to those who still live: its patients seem to live longer.

    All hazards are equal, so at the landmark the two groups have one survival, and from time zero they have not.
    """
    generator = np.random.default_rng(0)
    years, wait = generator.exponential(4, 3000), generator.uniform(0, 3, 3000)
    treated = wait < years
    rows = pd.DataFrame({"years": years.round(4) + 1e-4, "event": 1, "ever": np.where(treated, "yes", "no"), "by_two": np.where(wait < 2, "yes", "no")})
    cohort = cohort_of(rows)
    naive = sn.CoxModel("ever")(cohort).iloc[0]
    assert naive["conf_high"] < 0.5
    later = cohort.landmark(2)
    fair = sn.CoxModel("by_two")(later).iloc[0]
    assert fair["conf_low"] < 1 < fair["conf_high"]
    assert len(later) == int((rows["years"] > 2).sum()) and later.ledger.frame["rule"].iloc[-1] == "landmark at 2 years"


# --- left truncation

def test_entry_times_count_in_the_risk_set():
    """Two of four are under observation at the first death; taken from the origin there would be four."""
    rows = pd.DataFrame({"years": [2.0, 5, 6, 7], "event": [1, 1, 0, 1], "entry_years": [0.0, 0, 3, 3]})
    late, ignored = (sn.KaplanMeier().curve(cohort_of(each)) for each in (rows, rows.drop(columns="entry_years")))
    assert late["n_risk"].tolist() == [2, 3, 2, 1]
    assert late["estimate"].tolist() == pytest.approx([1 / 2, 1 / 2 * 2 / 3, 1 / 2 * 2 / 3, 0], abs=1e-12)
    assert ignored["estimate"][0] == pytest.approx(3 / 4)


# --- zero months

def test_zero_follow_up_is_a_choice_that_is_counted():
    """Every choice is held in `tests/functional/test_zero_follow_up.py`."""
    cohort = cohort_of(pd.DataFrame({"years": [0.0, 2, 3], "event": [1, 0, 1]}))
    assert len(cohort) == 3 and len(cohort.with_zero_follow_up("drop")) == 2
    assert cohort.with_zero_follow_up("drop").ledger.frame["n_excluded"].iloc[-1] == 1


# --- missing covariates dropped in silence

def test_rows_left_out_are_counted_by_every_estimator(patients):
    rows = patients.rows.assign(node=lambda frame: frame["node"].where(np.arange(600) % 10 > 0))
    holes = sn.Cohort.from_frame(rows.drop(columns="patient_id"), time_unit="years", causes=CAUSES, levels=LEVELS)
    for work in (
        lambda: sn.KaplanMeier("node")(holes), lambda: sn.LogRank("node")(holes), lambda: sn.CoxModel("node")(holes), lambda: sn.AalenJohansen("node")(holes),
        lambda: sn.GrayTest("node", "other")(holes), lambda: sn.FineGray("node", "other")(holes), lambda: sn.RestrictedMean("node", 5)(holes),
    ):
        assert any(re.match("60 of 600 rows .*left out", each) for each in said_of(work))


# --- extrapolation

def test_nothing_is_carried_past_the_last_follow_up(patients):
    last = float(patients.rows["years"].max())
    beyond = (last, last + 1)
    for estimator in (sn.KaplanMeier(at_years=beyond), sn.AalenJohansen(at_years=beyond)):
        table = estimator(patients)
        late = table["years"] > last
        assert table.loc[late, ["estimate", "std_error", "conf_low", "conf_high"]].isna().all(axis=None) and (table.loc[late, "n_risk"] == 0).all()
        assert table.loc[~late, "estimate"].notna().all()
    predicted = sn.CoxModel("age").fit(patients).predict({"age": [60]}, beyond)["survival"]
    assert predicted.isna().tolist() == [False, True]


def test_a_restricted_mean_does_not_go_past_a_group_s_follow_up():
    rows = pd.DataFrame({"years": [1.0, 2, 3, 4, 5, 6, 7, 8], "event": [1, 0, 1, 0] * 2, "node": ["negative"] * 4 + ["micro"] * 4})
    with pytest.warns(DataWarning, match="follow-up of a group ends before 6 years: missing there; the longest horizon that all reach is 4 years"):
        table = sn.RestrictedMean("node", 6)(cohort_of(rows)).set_index("group")["estimate"]
    assert math.isnan(table["negative"]) and table["micro"] > 0


# --- wrong units

@pytest.mark.parametrize(("right", "wrong", "per_year"), [("months", "days", 12), ("months", "years", 12), ("days", "months", 365.25)])
def test_a_wrong_unit_is_questioned(right, wrong, per_year):
    rows = pd.DataFrame({"years": np.linspace(1, 10, 50) * per_year, "event": [1, 0] * 25})
    sn.Cohort.from_frame(rows, time_unit=right)
    with pytest.warns(UnitWarning, match=f"follow-up read as {wrong} .*is the unit of time right"):
        sn.Cohort.from_frame(rows, time_unit=wrong)


# --- options

def test_a_percent_given_for_a_fraction_is_questioned():
    with pytest.raises(UsageError, match=re.escape("did you mean 0.95?")):
        sn.KaplanMeier(conf_level=95)
