"""Do estimators say of a scan, whichever engine counts it, what they say of the same file read into memory?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.counting import counts
from survival_nodes.errors import DataWarning, UsageError

pytest.importorskip("pyarrow")
AT = (0.5, 1, 5, 10)
COUNTED = {
    "counts": lambda c: counts(c, "er", causes=("breast-cancer",)),
    "counts by covariates": lambda c: counts(c, "nodal_category", ("grade", "er", "age"), ("breast-cancer", "other")),
    "Kaplan-Meier": lambda c: sn.KaplanMeier("er", at_years=AT)(c),
    "Kaplan-Meier of all": lambda c: sn.KaplanMeier(at_years=AT, conf_type="plain", conf_level=0.9)(c),
    "Kaplan-Meier of a cause": lambda c: sn.KaplanMeier(("nodal_category", "sex"), at_years=AT, cause="breast-cancer")(c),
    "Nelson-Aalen": lambda c: sn.KaplanMeier("grade", at_years=AT, estimator="nelson-aalen", conf_type="log")(c),
    "Fleming-Harrington": lambda c: sn.KaplanMeier("hospital", at_years=AT, estimator="fleming-harrington", conf_type="arcsine")(c),
    "curve": lambda c: sn.KaplanMeier("er", conf_type="logit").curve(c),
    "quantiles": lambda c: sn.KaplanMeier("er").quantiles(c, probs=(0.1, 0.25)),
    "conditional": lambda c: sn.KaplanMeier("er", at_years=(5,)).conditional(c, 2),
    "follow-up": lambda c: sn.FollowUp("er")(c),
    "person-years": lambda c: sn.PersonYears("nodal_category")(c),
    "log-rank": lambda c: sn.LogRank("nodal_category", strata="hospital")(c),
    "Fleming-Harrington test": lambda c: sn.LogRank("er", rho=1.0, gamma=0.5)(c),
    "Peto-Peto": lambda c: sn.LogRank("er", weight="peto-peto")(c),
    "pairwise": lambda c: sn.LogRank("grade").pairwise(c),
    "trend": lambda c: sn.LogRank("grade").trend(c),
    "observed and expected": lambda c: sn.LogRank("grade", strata=("sex",)).observed_expected(c),
    "permutation": lambda c: sn.LogRank("er").permutation(c, seed=1),
    "restricted mean": lambda c: sn.RestrictedMean("er", 5)(c),
    "difference of restricted means": lambda c: sn.RestrictedMean("er", 5).contrast(c, "positive"),
    "Aalen-Johansen": lambda c: sn.AalenJohansen("er", at_years=AT)(c),
    "bootstrap": lambda c: sn.Bootstrap(sn.KaplanMeier("er", at_years=AT), 1, replicates=100)(c),
    "bootstrap of incidences": lambda c: sn.Bootstrap(sn.AalenJohansen("er", at_years=AT), 1, replicates=100, interval="basic")(c),
    "bootstrap of a difference": lambda c: sn.Bootstrap(sn.RestrictedMean("er", 5), 1, replicates=100).contrast(c, "positive"),
    "Gray": lambda c: sn.GrayTest("er", "breast-cancer", strata="sex")(c),
    "Cox": lambda c: sn.CoxModel("nodal_category + age + er", strata=("sex",))(c),
    "Cox, Breslow": lambda c: sn.CoxModel("I(age / 10) + grade", ties="breslow", cause="other")(c),
    "Cox, Firth": lambda c: sn.CoxModel("grade + er", penalty="firth")(c),
    "Cox, robust": lambda c: sn.CoxModel("age + er", robust=True)(c),
    "Cox, Firth, a number": lambda c: sn.CoxModel("I(age / 10) + er", penalty="firth")(c),
    "Cox, predicted": lambda c: sn.CoxModel("I(age / 10) + er").fit(c).predict(pd.DataFrame({"age": [50, 70], "er": ["positive", "negative"]}), at_years=(1, 5)),
    "Cox, concordance": lambda c: pd.DataFrame({"concordance": [sn.CoxModel("age + er").fit(c).concordance]}),
    "Fine-Gray": lambda c: sn.FineGray("age + er", "other")(c),
    "non-inferiority by a ratio": lambda c: sn.NonInferiority("er", "positive", 1.3, measure="hazard-ratio", formula="age")(c),
    "non-inferiority by a difference": lambda c: sn.NonInferiority("er", "positive", 0.05)(c),
    "worse": lambda c: sn.Worse("er", "positive", formula="I(age / 10)")(c),
    "proportional hazards": lambda c: sn.ProportionalHazards(sn.CoxModel("nodal_category + I(age / 10) + er"))(c),
}
FITTED = tuple(name for name in COUNTED if name.startswith(("Cox", "Fine", "prop", "non-inferiority by a ratio", "worse")))
SPARK = ("counts by covariates", "Kaplan-Meier of a cause", "Cox")  # it starts slowly, and counts by the same expression


def opened(path, mapping, engine="duckdb"):
    if engine == "duckdb":
        pytest.importorskip("duckdb")
    return sn.scan_cohort(path, mapping=mapping, engine=engine)


@pytest.fixture(scope="module")
def cohort(registry, registry_mapping):
    return sn.read_cohort(registry, mapping=registry_mapping()).where("age < 90")


@pytest.fixture(scope="module")
def scan(registry, registry_mapping):
    return opened(registry, registry_mapping()).where("age < 90")


def same(found: pd.DataFrame, wanted: pd.DataFrame, tolerance: float) -> None:
    pd.testing.assert_frame_equal(found, wanted, rtol=tolerance, atol=tolerance * 1e-2)


@pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
@pytest.mark.parametrize("name", COUNTED)
def test_an_estimator_says_of_a_scan_what_it_says_of_the_cohort_in_memory(name, scan, cohort):
    same(COUNTED[name](scan), COUNTED[name](cohort), 1e-10 if name in FITTED else 1e-12)


@pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
def test_spark_counts_what_duckdb_counts(registry, registry_mapping, cohort, spark_session):
    scanned = opened(registry, registry_mapping(), "spark").where("age < 90")
    for name in SPARK:
        same(COUNTED[name](scanned), COUNTED[name](cohort), 1e-10)


@pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
@pytest.mark.parametrize("name", ["Kaplan-Meier", "log-rank", "Aalen-Johansen", "person-years", "Cox"])
def test_delayed_entry_is_counted_alike(name, registry, registry_mapping):
    mapping = registry_mapping(entry=True)
    late, scanned = sn.read_cohort(registry, mapping=mapping), opened(registry, mapping)
    same(COUNTED[name](scanned), COUNTED[name](late), 1e-10 if name in FITTED else 1e-12)


def test_patients_left_out_for_a_missing_group_are_counted_as_patients(scan, cohort):
    with pytest.warns(DataWarning) as said:
        sn.KaplanMeier("er")(cohort)
    with pytest.warns(DataWarning) as told:
        sn.KaplanMeier("er")(scan)
    assert [str(each.message) for each in told] == [str(each.message) for each in said]


@pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
@pytest.mark.parametrize("needs_rows", [
    lambda c: sn.KaplanMeier("er", weights="weight")(c), lambda c: sn.CoxModel("age", weights="weight")(c), lambda c: sn.CoxModel("age", cluster="hospital")(c),
    lambda c: sn.ExcessHazard("age", sn.LifeTable.bundled("us"))(c),
])
def test_what_needs_rows_says_so(needs_rows, registry, registry_mapping):
    with pytest.raises(UsageError, match="row") as caught:
        needs_rows(opened(registry, registry_mapping()))
    assert "read_cohort" in str(caught.value) and "\n" not in str(caught.value)


def test_figures_and_tables_take_the_frames_of_a_scan(scan):
    with pytest.warns(DataWarning):
        figure = sn.figures.kaplan_meier(sn.KaplanMeier("er").curve(scan))
    assert len(figure.data)


NET = {
    "Ederer II": lambda c: sn.NetSurvival("nodal_category", method="ederer-ii", at_years=(1, 5))(c),
    "Pohar Perme": lambda c: sn.NetSurvival("nodal_category", at_years=(1, 5))(c),
}


@pytest.fixture(scope="module")
def with_birth(tmp_path_factory):
    """A file with what life tables ask: sex, age and date of diagnosis."""
    rng, n = np.random.default_rng(11), 600
    times = np.minimum(rng.exponential(70, n).astype(int), 120)
    rows = pd.DataFrame({
        "months": times, "event": (rng.random(n) < 0.4).astype(int), "sex": rng.choice(["female", "male"], n), "age": rng.integers(35, 85, n),
        "diagnosis_year": rng.integers(2003, 2012, n), "nodal_category": rng.choice(["negative", "micro", "macro"], n)})
    path = tmp_path_factory.mktemp("net") / "net.csv"
    rows.to_csv(path, index=False)
    return path


@pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
@pytest.mark.parametrize("name", NET)
def test_net_survival_of_a_scan_is_that_of_the_cohort(name, with_birth):
    pytest.importorskip("duckdb")
    options = {"columns": {"years": "months"}, "time_unit": "months"}
    same(NET[name](sn.scan_cohort(with_birth, **options)), NET[name](sn.read_cohort(with_birth, **options)), 1e-12)
