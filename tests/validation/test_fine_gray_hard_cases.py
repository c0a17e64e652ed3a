"""Fine-Gray models where something is amiss or at its edge: a clear error, an honest missing value, or a closed form."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.estimates.fine_gray import FineGray, FineGrayFit

WORDS = {0: "none", 1: "breast-cancer", 2: "other"}
LEVELS = {"node": ["negative", "micro", "macro"]}


def rows(seed: int = 1, n: int = 200, kinds: tuple[int, ...] = (0, 1, 2)) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame({
        "years": generator.integers(1, 20, n), "event": generator.choice(kinds, n), "age": generator.normal(60, 10, n),
        "node": generator.choice(LEVELS["node"], n)})


def cohort_of(frame: pd.DataFrame, unit: str = "years", **mapped: str) -> Cohort:
    return Cohort.from_frame(frame, mapped, unit, causes=WORDS, levels=LEVELS if "node" in frame else None)


def fit_of(frame: pd.DataFrame, formula: str = "age + node", **mapped: str) -> FineGrayFit:
    return FineGray(formula, "breast-cancer", tolerance=0).fit(cohort_of(frame, **mapped))


def test_without_another_cause_it_is_cox_with_breslow_s_ties():
    cohort = cohort_of(rows(kinds=(0, 1)))
    fit, cox = FineGray("age + node", "breast-cancer", tolerance=0).fit(cohort), CoxModel("age + node", ties="breslow").fit(cohort)
    for column in ("coefficient", "std_error"):
        np.testing.assert_allclose(fit.coefficients[column], cox.coefficients[column], rtol=1e-9)
    np.testing.assert_allclose(fit.log_likelihood, cox.log_likelihood, rtol=1e-12)
    np.testing.assert_allclose(fit.baseline["cumulative_hazard"], cox.baseline["cumulative_hazard"], rtol=1e-9)


def test_without_censoring_those_who_fail_otherwise_stay_for_ever():
    """Every weight is 1: Cox's model of the same rows in which the other deaths are followed beyond the last event."""
    frame = rows(kinds=(1, 2))
    kept = frame.assign(years=np.where(frame["event"] == 2, 1000, frame["years"]), event=(frame["event"] == 1).astype(int))
    fit = fit_of(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # a follow-up of 1000 years
        cox = CoxModel("age + node", ties="breslow").fit(Cohort.from_frame(kept, time_unit="years", levels=LEVELS))
    np.testing.assert_allclose(fit.coefficients["coefficient"], cox.coefficients["coefficient"], rtol=1e-9)
    np.testing.assert_allclose(fit.coefficients["std_error"], cox.coefficients["std_error"], rtol=1e-9)
    assert (fit.n, fit.n_event, fit.n_other) == (200, (frame["event"] == 1).sum(), (frame["event"] == 2).sum())


def test_a_single_time_is_a_closed_form():
    """All die at once, 30 of 60 with x and 20 of 60 without of the cause: the baseline is 50 / (60 e^b + 60), the score 30 - 50 e^b / (1 + e^b)."""
    x = np.repeat([1, 0], 60)
    kind = np.concatenate((np.repeat([1, 2], 30), np.repeat([1, 2], [20, 40])))
    fit = fit_of(pd.DataFrame({"years": 3, "event": kind, "x": x}), "x")
    assert fit.coefficients["hazard_ratio"][0] == pytest.approx(30 / 20, rel=1e-12)
    assert fit.baseline.to_numpy() == pytest.approx(np.array([[3, 50 / (60 * 1.5 + 60)]]), rel=1e-12)
    assert fit.predict({"x": [1]}, 3)["incidence"][0] == pytest.approx(1 - np.exp(-1.5 / 3), rel=1e-12)


def test_an_incidence_is_a_step_and_missing_beyond_follow_up():
    frame = rows()
    frame.loc[frame["years"] == 7, "years"] = 8
    fit = fit_of(frame)
    last = frame["years"].max()
    predicted = fit.predict(pd.DataFrame({"age": [50, 70], "node": ["micro", "negative"]}, index=["she", "another"]), (0, 6, 7.99, 8, last, last + 0.01))
    assert list(predicted.columns) == ["profile", "cause", "years", "incidence"]
    assert predicted["profile"].tolist() == ["she"] * 6 + ["another"] * 6 and set(predicted["cause"]) == {"breast-cancer"}
    start, six, before, eight, end, beyond = predicted["incidence"][:6]
    assert start == 0 and six == before < eight < end < 1 and np.isnan(beyond)


def test_profiles_that_were_not_fitted_are_refused():
    fit = fit_of(rows())
    with pytest.raises(UsageError, match=r"there is no level of 'node' among the patients fitted 'itc'"):
        fit.predict({"age": [60], "node": ["itc"]}, 5)
    with pytest.raises(UsageError, match="a profile needs every covariate"):
        fit.predict({"age": [60]}, 5)


def test_a_level_without_an_event_of_the_cause_has_no_ratio():
    frame = rows()
    frame.loc[(frame["node"] == "macro") & (frame["event"] == 1), "event"] = 2
    with pytest.warns(DataWarning, match=r"^node\[T\.macro\]: no finite subdistribution hazard ratio \(a group without an event of the cause"):
        fit = fit_of(frame)
    table = fit.coefficients.set_index("term")
    assert table.loc["node[T.macro]", ["coefficient", "std_error", "robust_std_error", "hazard_ratio", "conf_low", "z", "p_value"]].isna().all()
    with_others = fit_of(frame[frame["node"] != "macro"])
    assert table.loc["age", "coefficient"] == pytest.approx(with_others.coefficients["coefficient"][0], abs=0.05)
    assert np.isfinite(table.loc[["age", "node[T.micro]"], ["coefficient", "robust_std_error"]].to_numpy(dtype=float)).all()
    assert fit.covariance.loc["node[T.macro]"].isna().all()
    predicted = fit.predict({"age": [60, 60], "node": ["macro", "micro"]}, 5)["incidence"]
    assert np.isnan(predicted[0]) and 0 < predicted[1] < 1


def test_a_level_that_left_before_the_first_event_is_silent():
    frame = rows()
    frame["years"] += 1
    early = pd.DataFrame({"years": 1, "event": 0, "age": 60.0, "node": ["macro"] * 3})
    with pytest.warns(DataWarning, match=r"no event tells of node\[T\.macro\]: the hazard ratio is missing"):
        fit = fit_of(pd.concat([frame[frame["node"] != "macro"], early]))
    assert fit.coefficients["coefficient"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize(("change", "said"), [
    ({"still": 1.0}, "still is constant among the rows fitted: leave it out of the formula"),
    ({"still": lambda frame: 2 * frame["age"]}, "still follows exactly from age: leave one of them out of the formula"),
])
def test_columns_that_say_nothing_are_refused(change, said):
    with pytest.raises(InputError, match=re.escape(said)):
        fit_of(rows().assign(**change), "age + still")


def test_delayed_entry_is_refused():
    with pytest.raises(InputError, match=r"the Fine-Gray model takes follow-up from time zero.*; 2 rows come under observation later: use CoxModel"):
        fit_of(rows().assign(entry_years=[0.5, 0.5] + [0.0] * 198))


def cut(frame: pd.DataFrame) -> pd.DataFrame:
    """Each second patient in two pieces."""
    whole = frame.assign(who=np.arange(len(frame)), entry_years=0.0)
    chosen = whole["who"] % 2 == 0
    return pd.concat([
        whole[~chosen], whole[chosen].assign(years=whole["years"] / 2, event=0), whole[chosen].assign(entry_years=whole["years"] / 2)], ignore_index=True)


def test_pieces_of_follow_up_are_one_row():
    frame = rows()
    whole, pieces = fit_of(frame), fit_of(cut(frame), patient_id="who")
    numbers = ["coefficient", "std_error", "robust_std_error", "n", "n_event"]
    np.testing.assert_allclose(pieces.coefficients[numbers].to_numpy(), whole.coefficients[numbers].to_numpy(), rtol=1e-10)


def test_a_covariate_that_changes_is_refused():
    frame = cut(rows())
    frame.loc[frame["entry_years"] > 0, "age"] += 1
    with pytest.raises(InputError, match="with covariates that do not change; 100 rows come under observation later"):
        fit_of(frame, patient_id="who")


def test_missing_covariates_are_said_and_counted():
    frame = rows()
    frame.loc[:4, "age"] = np.nan
    with pytest.warns(DataWarning, match=r"5 of 200 rows are left out of the model, as a covariate is missing: age \(5\)"):
        fit = fit_of(frame)
    assert (fit.n, fit.n_dropped) == (195, 5)
    np.testing.assert_array_equal(fit.coefficients["coefficient"], fit_of(frame[5:]).coefficients["coefficient"])


def test_a_missing_group_of_censoring_is_left_out():
    frame = rows().assign(centre=["A", "B"] * 100)
    frame.loc[0, "centre"] = None
    with pytest.warns(DataWarning, match=r"1 of 200 rows are left out of the model, as a covariate is missing: centre \(1\)"):
        fit = FineGray("age", "breast-cancer", censoring_by="centre").fit(cohort_of(frame))
    assert fit.n == 199


@pytest.mark.parametrize("by", ["centre", ["centre", "node"]])
def test_groups_that_are_censored_alike_change_little_and_one_group_nothing(by):
    frame = rows().assign(centre="A")
    together, grouped = (FineGray("age", "breast-cancer", censoring_by=each)(cohort_of(frame)) for each in (None, by))
    apart = np.abs(together["coefficient"] - grouped["coefficient"])[0]
    assert apart == 0 if by == "centre" else 0 < apart < 0.01


def test_without_events_numbers_are_missing():
    with pytest.warns(DataWarning, match="the Fine-Gray model has no events of 'breast-cancer': its numbers are missing"):
        fit = fit_of(rows(kinds=(0, 2)))
    assert fit.coefficients["term"].tolist() == ["age", "node[T.micro]", "node[T.macro]"]
    assert fit.coefficients[["coefficient", "robust_std_error", "p_value"]].isna().all(axis=None)
    assert fit.predict({"age": [60], "node": ["micro"]}, 5)["incidence"].isna().all()


def test_one_patient():
    with pytest.warns(DataWarning, match="too few for the model"):
        table = FineGray("age", "breast-cancer")(cohort_of(pd.DataFrame({"years": [3], "event": [1], "age": [60.0]})))
    assert table[["n", "n_event"]].to_numpy().tolist() == [[1, 1]] and table["coefficient"].isna().all()


def test_few_events_are_questioned():
    with pytest.warns(DataWarning, match=r"\d+ events for 3 coefficients \(.* each, at least 10 are wanted\)"):
        fit_of(rows(n=60))


def test_times_a_trillionth_apart_are_one():
    frame = rows()
    generator = np.random.default_rng(3)
    blurred = frame.assign(years=frame["years"] + generator.choice([0, 1e-12], 200))
    np.testing.assert_allclose(fit_of(blurred).coefficients["coefficient"], fit_of(frame).coefficients["coefficient"], rtol=1e-12)


def test_a_follow_up_of_zero_is_at_risk_at_zero():
    """One event at 0 among 4: 1/4 of the hazard, with nothing to tell the rows apart."""
    frame = pd.DataFrame({"years": [0, 1, 2, 2] * 10, "event": [1, 0, 0, 2] * 10, "x": [0.0] * 20 + [1.0] * 20})
    fit = fit_of(frame, "x")
    assert fit.coefficients["coefficient"][0] == pytest.approx(0, abs=1e-12)
    assert fit.baseline.to_numpy() == pytest.approx(np.array([[0, 1 / 4]]), abs=1e-12)


def test_options_are_checked():
    with pytest.raises(UsageError, match=r"there is no cause 'breast' \(nearest: 'breast-cancer'\)"):
        FineGray("age", "breast")(cohort_of(rows()))
    with pytest.raises(UsageError, match="the formula 'a ~ b' has a left side"):
        FineGray("a ~ b", "other")
    with pytest.raises(UsageError, match="conf_level is a fraction"):
        FineGray("age", "other", conf_level=95)


def test_the_interval_rests_on_the_robust_error():
    row = FineGray("age", "other", conf_level=0.9)(cohort_of(rows())).loc[0]
    assert row["z"] == pytest.approx(row["coefficient"] / row["robust_std_error"], rel=1e-12)
    assert np.log(row["conf_high"] / row["conf_low"]) == pytest.approx(2 * 1.6448536269514722 * row["robust_std_error"], rel=1e-12)
    assert abs(row["robust_std_error"] / row["std_error"] - 1) > 1e-4
