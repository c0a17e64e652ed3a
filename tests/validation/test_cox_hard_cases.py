"""Cox models on data that give trouble: what is refused, what is said, and what is shown as missing."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.columns import COEFFICIENTS, TESTS, check
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates import cox_estimation
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.kernels import newton

NUMBERS = ["coefficient", "std_error", "hazard_ratio", "conf_low", "conf_high", "z", "p_value"]


def cohort_of(n: int = 200, **columns) -> Cohort:
    generator = np.random.default_rng(7)
    frame = pd.DataFrame({
        "years": generator.integers(1, 15, n), "event": (generator.random(n) < 0.6).astype(int), "age": generator.normal(60, 10, n).round(),
        "node": generator.choice(["macro", "micro", "negative"], n), "grade": generator.integers(1, 4, n), "n_positive": generator.integers(0, 9, n)})
    return Cohort.from_frame(frame.assign(**columns), time_unit="years", levels={"node": ["negative", "micro", "macro"]})


def fitted_quietly(model: CoxModel, cohort: Cohort):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return model.fit(cohort)


# --- formulas

@pytest.mark.parametrize(("formula", "said"), [
    ("", "the formula is empty: name at least one covariate"),
    (" ~ ", "the formula is empty"),
    ("years ~ age", "has a left side: give covariates only, the cohort knows time and event"),
    (7, "a formula is text"),
])
def test_formulas_refused_at_once(formula, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        CoxModel(formula)


@pytest.mark.parametrize(("formula", "said"), [
    ("1", "the formula '1' has no covariate"),
    ("age +", "the formula 'age +' cannot be read"),
    ("age | node", "has several parts"),
    ("sqroot(age)", "there is no function of formulas 'sqroot'"),
    ("logg(age)", "(nearest: 'log')"),
    ("{open('x')}", "there is no function of formulas 'open'"),
    ("I(age.__class__)", "only columns, numbers and C, I, log"),
    ("{(lambda: 1)()}", "there is no function of formulas"),
    ("{age[0]}", "only columns, numbers and C, I, log"),
    ("{age +}", "cannot be read"),
    ("log(node)", "the formula cannot be worked out"),
])
def test_formulas_refused_when_read(formula, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        CoxModel(formula)(cohort_of())


@pytest.mark.parametrize(("formula", "terms"), [
    ("node + age", ["node[T.micro]", "node[T.macro]", "age"]),
    ("~ age", ["age"]),
    ("node - 1", ["node[T.micro]", "node[T.macro]"]),
    ("0 + node", ["node[T.micro]", "node[T.macro]"]),
    ("C(grade)", ["C(grade)[T.2]", "C(grade)[T.3]"]),
    ("log(n_positive + 1) + I(age / 10)", ["log(n_positive + 1)", "I(age / 10)"]),
    ("node:age", ["node[negative]:age", "node[micro]:age", "node[macro]:age"]),
    ("grade * age", ["grade", "age", "grade:age"]),
    ("poly(age, 2)", ["poly(age, 2)[1]", "poly(age, 2)[2]"]),
    ("scale(age) + center(grade)", ["scale(age)", "center(grade)"]),
])
def test_terms(formula, terms):
    table = CoxModel(formula)(cohort_of())
    assert table["term"].tolist() == terms
    assert not check(table, COEFFICIENTS)


def test_the_reference_is_the_first_level():
    turned = Cohort.from_frame(cohort_of().rows, time_unit="years", levels={"node": ["macro", "negative", "micro"]})
    one, other = CoxModel("node")(cohort_of()), CoxModel("node")(turned)
    assert other["term"].tolist() == ["node[T.negative]", "node[T.micro]"]
    assert other["coefficient"][0] == pytest.approx(-one["coefficient"][1], rel=1e-10)


def test_a_column_that_is_not_there():
    with pytest.raises(InputError, match=re.escape("there is no column 'aged' (nearest: 'age')")):
        CoxModel("node + aged")(cohort_of())
    with pytest.raises(InputError, match=re.escape("there is no column 'nodes' (nearest: 'node')")):
        CoxModel("age", strata="nodes")(cohort_of())


@pytest.mark.parametrize(("options", "said"), [
    ({"ties": "exact"}, "ties is one of efron, breslow, not 'exact'"),
    ({"fitter": "statsmodels"}, "fitter is one of auto, lifelines, grouped"),
    ({"fitter": "lifelines", "ties": "breslow"}, 'lifelines has no Breslow ties: use fitter="grouped"'),
    ({"conf_level": 95}, "did you mean 0.95?"),
])
def test_wrong_options(options, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        CoxModel("age", **options)


def test_only_the_formula_may_stand_without_a_name():
    with pytest.raises(TypeError):
        CoxModel("age", "breslow")


def test_an_unknown_cause():
    with pytest.raises(UsageError, match="there is no cause 'cancer'"):
        CoxModel("age", cause="cancer")(cohort_of())


def test_a_cause_censors_the_others():
    causes = np.where(cohort_of().events() == 1, np.where(np.arange(200) % 3 == 0, 2, 1), 0)
    words = {0: "none", 1: "breast-cancer", 2: "other"}
    frame = cohort_of().rows.drop(columns="event").assign(status=causes)
    specific = CoxModel("age", cause="breast-cancer")(Cohort.from_frame(frame, {"event": "status"}, "years", causes=words))
    by_hand = CoxModel("age")(Cohort.from_frame(frame.assign(event=(causes == 1).astype(int)), time_unit="years"))
    pd.testing.assert_frame_equal(specific, by_hand)
    assert specific["n_event"][0] == (causes == 1).sum()


# --- columns that cannot be told apart

@pytest.mark.parametrize(("columns", "formula", "strata", "said"), [
    ({"same": 3.0}, "age + same", (), "same is constant among the rows fitted: leave it out of the formula"),
    ({"months": lambda frame: frame["age"] * 12}, "age + months", (), "months follows exactly from age: leave one of them out of the formula"),
    ({"total": lambda frame: frame["age"] + 2 * frame["grade"]}, "age + n_positive + grade + total", (), "total follows exactly from age, grade: leave one"),
    ({"one": "only"}, "age + one", (), "one has one level only among the rows fitted"),
    ({}, "age + grade", ("grade",), "grade is constant within the strata among the rows fitted"),
    ({}, "log(n_positive)", (), "log(n_positive) is infinite or undefined in"),
])
def test_columns_refused(columns, formula, strata, said):
    cohort = cohort_of(**columns)
    with pytest.raises(InputError, match=re.escape(said)):
        CoxModel(formula, strata=strata)(cohort)


def test_missing_covariates_are_counted_and_named():
    age, node = cohort_of().rows["age"], cohort_of().rows["node"]
    cohort = cohort_of(age=age.where(np.arange(200) >= 5), node=node.where(np.arange(200) % 50 != 4))
    with pytest.warns(DataWarning, match=re.escape("8 of 200 rows are left out of the model, as a covariate is missing: node (4), age (5)")):
        fit = CoxModel("node + age").fit(cohort)
    assert (fit.n, fit.n_dropped) == (192, 8)
    pd.testing.assert_frame_equal(fit.coefficients, CoxModel("node + age")(cohort.where("age == age and node == node")))


def test_a_missing_stratum_is_counted_too():
    node = cohort_of().rows["node"]
    with pytest.warns(DataWarning, match=re.escape("2 of 200 rows are left out of the model, as a covariate is missing: node (2)")):
        assert CoxModel("age", strata="node").fit(cohort_of(node=node.where(np.arange(200) % 100 != 4))).n == 198


def test_no_complete_row():
    refused = pytest.raises(InputError, match="no row has all of node, age: leave out a covariate, or fill it in")
    with pytest.warns(DataWarning, match="200 of 200 rows are left out"), refused:
        CoxModel("node + age")(cohort_of(age=np.nan))


def test_a_reference_without_complete_rows_is_replaced_and_said():
    rows = cohort_of().rows
    cohort = cohort_of(age=rows["age"].where(rows["node"] != "negative"))
    replaced = pytest.warns(DataWarning, match="the reference level 'negative' of 'node' has no complete row: 'micro' is the reference instead")
    with pytest.warns(DataWarning, match="rows are left out"), replaced:
        assert CoxModel("node + age")(cohort)["term"].tolist() == ["node[T.macro]", "age"]


# --- too little to fit

def assert_all_missing(fit, terms: list[str]) -> None:
    assert fit.coefficients["term"].tolist() == terms
    assert fit.coefficients[NUMBERS].isna().all(axis=None) and not check(fit.coefficients, COEFFICIENTS)
    assert fit.tests["statistic"].isna().all() and not check(fit.tests, TESTS)
    assert np.isnan([fit.concordance, *fit.log_likelihood, *fit.covariance.to_numpy().ravel()]).all()
    assert fit.baseline.empty and fit.evaluation is None


def test_no_events():
    with pytest.warns(DataWarning, match="the Cox model has no events: its numbers are missing"):
        fit = CoxModel("node + age").fit(cohort_of(event=0))
    assert_all_missing(fit, ["node[T.micro]", "node[T.macro]", "age"])
    assert (fit.n, fit.n_event) == (200, 0) and (fit.coefficients["n_event"] == 0).all()
    assert fit.predict({"node": ["macro"], "age": [60]}, (1, 5))["survival"].isna().all()


def test_one_patient():
    with pytest.warns(DataWarning, match="the Cox model has 1 row, too few for the model: its numbers are missing"):
        fit = CoxModel("node + age").fit(cohort_of().where("event == 1 and patient_id == patient_id[event == 1].iloc[0]"))
    assert_all_missing(fit, ["node", "age"])


def test_as_many_coefficients_as_rows():
    with pytest.warns(DataWarning, match="the Cox model has 3 rows, too few for the model"):
        fit = CoxModel("age + grade + n_positive").fit(cohort_of(3, years=[1, 2, 3], event=1))
    assert_all_missing(fit, ["age", "grade", "n_positive"])


def test_few_events_are_said():
    events = (np.arange(200) < 12).astype(int)
    said = "12 events for 2 coefficients (6.0 each, at least 10 are wanted): hazard ratios may be far off; use fewer terms, merge levels, or fit with penalty=\"firth\""
    with pytest.warns(DataWarning, match=re.escape(said)):
        CoxModel("age + grade")(cohort_of(event=events))
    CoxModel("age")(cohort_of(event=events))  # 12 each: nothing is said


def test_a_level_without_events_shows_no_p_value():
    rows = cohort_of().rows
    cohort = cohort_of(event=rows["event"].where(rows["node"] != "micro", 0))
    with pytest.warns(DataWarning, match=re.escape("node[T.micro]: no finite hazard ratio (a group without an event")):
        fit = CoxModel("node + age").fit(cohort)
    table = fit.coefficients.set_index("term")
    assert table.loc["node[T.micro]", NUMBERS].isna().all()
    without = CoxModel("node + age")(cohort.where("node != 'micro'")).set_index("term")
    for term in ("node[T.macro]", "age"):
        assert table.loc[term, NUMBERS].to_numpy(dtype=float) == pytest.approx(without.loc[term, NUMBERS].to_numpy(dtype=float), rel=1e-6)
    assert fit.covariance.loc["node[T.micro]"].isna().all() and fit.covariance.loc["age", "age"] > 0
    assert np.isnan(fit.tests.set_index("test").loc["Wald", "statistic"]) and fit.tests["statistic"].notna().sum() == 2
    predicted = fit.predict({"node": ["negative", "micro"], "age": [60, 60]}, 5).set_index("profile")["survival"]
    assert 0 < predicted["0"] < 1 and np.isnan(predicted["1"])


def test_a_level_that_leaves_before_the_first_event():
    rows = cohort_of().rows
    years = np.where(rows["node"] == "micro", 1, rows["years"] + 1)
    event = rows["event"].where(rows["node"] != "micro", 0)
    with pytest.warns(DataWarning, match=re.escape("no event tells of node[T.micro]: the hazard ratio is missing")):
        fit = CoxModel("node + age").fit(cohort_of(years=years, event=event))
    assert fit.coefficients[NUMBERS].isna().all(axis=1).tolist() == [True, False, False]
    assert fit.tests["df"].tolist() == [2, 2, 2]


def test_no_event_tells_of_anything():
    with pytest.warns(DataWarning, match="no event tells of age"), pytest.warns(DataWarning, match="1 events? for 1 coefficient"):
        fit = CoxModel("age").fit(cohort_of(5, years=[1, 2, 3, 4, 5], event=[0, 0, 0, 0, 1]))
    assert fit.coefficients[NUMBERS].isna().all(axis=None)


def test_steps_that_run_out_show_no_numbers(monkeypatch):
    monkeypatch.setattr(newton, "MAX_STEPS", 1)
    with pytest.warns(DataWarning, match="the Cox model did not converge: its numbers are missing"):
        fit = CoxModel("age").fit(cohort_of())
    assert fit.coefficients[NUMBERS].isna().all(axis=None) and fit.fitter == "grouped"


def test_lifelines_short_of_the_maximum_is_not_believed(monkeypatch):
    off = fitted_quietly(CoxModel("age", fitter="grouped"), cohort_of())
    monkeypatch.setattr(cox_estimation, "fit_lifelines", lambda matrix, rows: (off.coefficients["coefficient"].to_numpy() + 1e-3, off.covariance.to_numpy(), -1.0))
    with pytest.warns(DataWarning, match="lifelines did not reach the maximum"):
        fit = CoxModel("age").fit(cohort_of())
    assert fit.fitter == "grouped"
    pd.testing.assert_frame_equal(fit.coefficients, off.coefficients)


# --- prediction

def test_predictions_are_steps():
    """Events at 2, 4, 6 years only: at 3.9 years the survival of 2 years still holds, and after 8 nothing is known."""
    cohort = cohort_of(years=np.array([2, 4, 6, 8] * 50), event=np.array([1, 1, 1, 0] * 50))
    fit = CoxModel("age", ties="breslow").fit(cohort)
    survival = fit.predict({"age": [60]}, (0, 1.9, 2, 3.9, 4, 7.9, 8, 8.1)).set_index("years")["survival"]
    assert survival[0] == survival[1.9] == 1
    assert survival[2] == survival[3.9] > survival[4] > survival[7.9] == survival[8]
    assert np.isnan(survival[8.1])
    increments = np.diff(np.concatenate(([0], fit.baseline["cumulative_hazard"])))
    beta, age, years = fit.coefficients["coefficient"][0], cohort.column("age"), cohort.column("years")
    assert increments == pytest.approx([50 / np.exp(beta * age[years >= t]).sum() for t in (2, 4, 6)], rel=1e-10)
    assert survival[4] == pytest.approx(np.exp(-increments[:2].sum() * np.exp(60 * beta)), rel=1e-12)


def test_a_baseline_too_far_from_the_rows_for_a_number_is_infinite_and_predictions_are_not():
    """Age counted from an origin where the hazard is exp(800) times that of the patients: their survival is what it was."""
    near = CoxModel("age").fit(cohort_of())
    origin = -800 / near.coefficients["coefficient"][0]
    far = CoxModel("age").fit(cohort_of(age=origin + cohort_of().column("age")))
    assert np.isinf(far.baseline["cumulative_hazard"]).all() and np.isfinite(near.baseline["cumulative_hazard"]).all()
    predicted = far.predict({"age": [origin + 60.0]}, 5)["survival"][0]
    assert predicted == pytest.approx(near.predict({"age": [60.0]}, 5)["survival"][0], rel=1e-6)


def test_each_stratum_has_a_baseline_of_its_own():
    cohort = cohort_of()
    fit = CoxModel("age", strata=("node", "grade")).fit(cohort)
    assert set(fit.baseline["stratum"]) <= set(cohort.groups(("node", "grade")).labels)
    predicted = fit.predict(pd.DataFrame({"age": 60, "node": ["micro", "macro"], "grade": [2, 2]}, index=["a", "b"]), 5)
    assert predicted["profile"].tolist() == ["a", "b"]
    assert predicted["survival"][0] != predicted["survival"][1]


@pytest.mark.parametrize("formula", ["poly(age, 2)", "scale(age)", "bs(age, df=4)", "C(grade) + age"])
def test_a_profile_is_transformed_as_the_fitted_rows_were(formula):
    """A transformation that learns from the rows (a mean, knots) keeps what it learnt: one profile is predicted as one among many."""
    fit, ages = CoxModel(formula).fit(cohort_of()), np.array([45.0, 60, 75])
    together = fit.predict({"age": ages, "grade": [1, 2, 3]}, 5)["survival"].to_numpy()
    alone = [fit.predict({"age": [age], "grade": [grade]}, 5)["survival"][0] for age, grade in zip(ages, (1, 2, 3), strict=True)]
    assert together == pytest.approx(alone, rel=1e-12) and len(set(together)) == 3


@pytest.mark.parametrize(("profile", "said"), [
    ({"node": ["huge"], "age": [60], "grade": [1]}, "there is no level of 'node' among the patients fitted 'huge'; there are: negative, micro, macro"),
    ({"age": [60], "grade": [1]}, "a profile needs every covariate of the model: there is no column 'node'"),
    ({"node": ["micro"], "age": [np.nan], "grade": [1]}, "a profile has no 'age': give a value for each"),
    ({"node": ["micro"], "age": ["old"], "grade": [1]}, "'age' is a number in the model"),
    ({"node": ["micro"], "age": [60]}, "a profile needs its stratum: there is no column 'grade'"),
    ({"node": ["micro"], "age": [60], "grade": [9]}, "there is no stratum among the patients fitted '9'; there are: 1, 2, 3"),
])
def test_profiles_refused(profile, said):
    fit = CoxModel("node + age", strata="grade").fit(cohort_of())
    with pytest.raises(UsageError, match=re.escape(said)):
        fit.predict(profile, 5)


def test_the_result_cannot_be_told_apart_by_its_fitter():
    lifelines, grouped = (CoxModel("node + age", fitter=fitter).fit(cohort_of()) for fitter in ("lifelines", "grouped"))
    pd.testing.assert_frame_equal(lifelines.coefficients, grouped.coefficients, rtol=1e-9)
    pd.testing.assert_frame_equal(lifelines.baseline, grouped.baseline, rtol=1e-9)


def test_levels_of_a_boolean_that_may_be_missing_are_those_of_a_profile():
    cohort = cohort_of(er=pd.array([*[True, False] * 99, None, None], dtype="boolean"))
    plain, called = (fitted_quietly(CoxModel(formula), cohort) for formula in ("er + age", "C(er) + age"))
    assert plain.coefficients["term"].tolist() == ["er[T.True]", "age"]
    survival = [fit.predict({"er": True, "age": 60}, 5)["survival"].item() for fit in (plain, called)]
    assert survival[0] == pytest.approx(survival[1], rel=1e-12)


def test_one_profile_may_be_given_by_single_values():
    fit = fitted_quietly(CoxModel("node + age"), cohort_of())
    single, listed = {"node": "micro", "age": 55}, {"node": ["micro"], "age": [55]}
    pd.testing.assert_frame_equal(fit.predict(single, (1, 5)), fit.predict(listed, (1, 5)))
    pd.testing.assert_frame_equal(fit.linear_predictor(single), fit.linear_predictor(listed))
    with pytest.raises(UsageError, match="profiles give as many values in every column"):
        fit.predict({"node": ["micro", "macro"], "age": [55]}, 5)


def test_very_many_rows_are_not_left_to_lifelines(monkeypatch):
    monkeypatch.setattr(cox_estimation, "LIFELINES_ROWS", 199)
    fits = [fitted_quietly(CoxModel("node + age", fitter=fitter), cohort_of()) for fitter in ("auto", "lifelines")]
    assert [fit.fitter for fit in fits] == ["grouped", "lifelines"]
    np.testing.assert_allclose(fits[0].coefficients["coefficient"], fits[1].coefficients["coefficient"], atol=1e-8)


def test_warnings_do_not_list_every_level():
    cohort = cohort_of(name=[f"patient {number}" for number in range(200)])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        CoxModel("name").fit(cohort)
    assert said and all(len(str(each.message)) < 500 for each in said)
    assert any("more" in str(each.message) for each in said)


def test_a_robust_variance_says_nothing_of_clusters_where_no_coefficient_is_finite():
    cohort = cohort_of(20, years=range(1, 21), event=[1] * 10 + [0] * 10, x=[1] * 10 + [0] * 10)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        table = CoxModel("x", robust=True)(cohort)
    assert table["robust_std_error"].isna().all()
    assert any("no finite hazard ratio" in str(each.message) for each in said) and not any("cluster" in str(each.message) for each in said)


def test_a_robust_error_made_of_rounding_alone_is_said():
    # All die at once: no patient moves the coefficient, and the sandwich is 0 but for the last digits.
    cohort = cohort_of(6, years=3, event=1, x=[1, 2, 3, 1, 2, 5])
    with pytest.warns(DataWarning, match="events for 1 coefficient"), pytest.warns(DataWarning, match="0 clusters for 1 coefficient: robust"):
        CoxModel("x", robust=True)(cohort)
