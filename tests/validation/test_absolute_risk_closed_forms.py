"""Absolute risks from cause-specific models: closed forms, a plain oracle of the kernel, and what is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, UsageError
from survival_nodes.estimates.absolute_risk import AbsoluteRisk, AbsoluteRiskFit
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.kernels import absolute_risk as kernel
from survival_nodes.kernels.absolute_risk import absolute_risk

WORDS = {0: "none", 1: "breast-cancer", 2: "other"}


def cohort_of(frame: pd.DataFrame, **mapped: str) -> Cohort:
    return Cohort.from_frame(frame, mapped, "years", causes=WORDS)


def four_times(**more) -> pd.DataFrame:
    """Of every four one dies of breast cancer at 1, one otherwise at 2, one is censored at 3, one dies of breast cancer at 4; x says nothing."""
    pattern = pd.DataFrame({"years": [1, 2, 3, 4], "event": [1, 2, 0, 1]})
    return pd.concat([pattern.assign(x=x, **more) for x in [0, 1] * 10], ignore_index=True)


def rows(seed: int = 1, n: int = 300) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame({
        "years": generator.integers(1, 25, n), "event": generator.integers(0, 3, n), "age": generator.normal(60, 10, n),
        "centre": generator.choice(["A", "B"], n)})


def incidences(fit: AbsoluteRiskFit, profile: dict, times: tuple[float, ...]) -> np.ndarray:
    """Shape (causes, times)."""
    return fit.predict({name: [value] for name, value in profile.items()}, times)["incidence"].to_numpy().reshape(len(fit.models), -1)


def test_without_an_effect_it_is_aalen_and_johansen_s():
    fit = AbsoluteRisk("x", ties="breslow").fit(cohort_of(four_times()))
    assert fit.coefficients["coefficient"].to_numpy() == pytest.approx([0, 0], abs=1e-12)
    expected = np.array([[1 / 4, 1 / 4, 1 / 4, 1 / 4 + 3 / 4 * 2 / 3 * 1], [0, 3 / 4 * 1 / 3, 1 / 4, 1 / 4]])
    assert incidences(fit, {"x": 1}, (1, 2, 3, 4)) == pytest.approx(expected, abs=1e-12)


def test_with_the_exponential_survival():
    fit = AbsoluteRisk("x", ties="breslow", product_limit=False).fit(cohort_of(four_times()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the risks add up to 1.06
        last = 1 / 4 + np.exp(-1 / 4 - 1 / 3)
        assert incidences(fit, {"x": 0}, (1, 3.9, 4)) == pytest.approx(np.array([[1 / 4, 1 / 4, last], [0, np.exp(-1 / 4) / 3, np.exp(-1 / 4) / 3]]), abs=1e-12)


def test_risks_above_one_are_said():
    fit = AbsoluteRisk("x", ties="breslow", product_limit=False).fit(cohort_of(four_times()))
    with pytest.warns(DataWarning, match="the risks of 2 profiles add up to more than 1, as few are left at risk: use product_limit=True"):
        fit.predict({"x": [0, 1]}, 4)


def test_incidences_and_survival_add_up_to_one():
    cohort, times = cohort_of(rows()), tuple(range(25))
    fit = AbsoluteRisk("age").fit(cohort)
    relative = {cause: np.exp(70 * each.coefficients["coefficient"][0]) for cause, each in fit.models.items()}
    hazard = pd.concat([
        pd.Series(np.diff(each.baseline["cumulative_hazard"], prepend=0) * relative[cause], index=each.baseline["years"].round(9))
        for cause, each in fit.models.items()]).groupby(level=0).sum()
    survival = np.array([np.maximum(1 - hazard[hazard.index <= time + 1e-6], 0).prod() for time in times])
    assert (incidences(fit, {"age": 70}, times).sum(axis=0) + survival)[:-1] == pytest.approx(np.ones(24), abs=1e-12)


@pytest.mark.parametrize("product_limit", [True, False])
def test_the_kernel_is_the_oracle(product_limit, monkeypatch):
    monkeypatch.setattr(kernel, "_ROOM", 40)  # two profiles at a time
    generator = np.random.default_rng(5)
    steps, relative = generator.random((9, 3)) / 10, generator.random((7, 3)) * 2
    relative[3] *= 20  # hazards that pass 1
    passed = np.array([0, 4, 9, 2])
    found = absolute_risk(steps, relative, passed, product_limit)
    for profile in range(7):
        survival, risk, after = 1.0, np.zeros(3), [np.zeros(3)]
        for step in steps:
            hazard = step * relative[profile]
            if product_limit:
                hazard = hazard / max(1.0, hazard.sum())
            risk = risk + survival * hazard
            survival *= 1 - hazard.sum() if product_limit else np.exp(-hazard.sum())
            after.append(risk)
        np.testing.assert_allclose(found[profile], np.array(after)[passed], rtol=1e-12, atol=1e-15)
        assert not product_limit or found[profile].sum(axis=1).max() <= 1 + 1e-12


def test_a_missing_hazard_makes_every_risk_missing():
    found = absolute_risk(np.full((2, 2), 0.1), np.array([[1.0, np.nan], [1.0, 1.0]]), np.array([0, 2]))
    assert np.isnan(found).tolist() == [[[True, True]] * 2, [[False, False]] * 2]


def test_coefficients_are_those_of_the_models_with_the_cause_before_the_term():
    cohort = cohort_of(rows())
    table = AbsoluteRisk({"other": "age", "breast-cancer": "age + centre"}, ties="breslow", conf_level=0.9)(cohort)
    assert table["term"].tolist() == ["other: age", "breast-cancer: age", "breast-cancer: centre[T.B]"]
    for cause, formula, own in (("other", "age", table[:1]), ("breast-cancer", "age + centre", table[1:])):
        alone = CoxModel(formula, cause=cause, ties="breslow", conf_level=0.9)(cohort)
        pd.testing.assert_frame_equal(own.drop(columns="term").reset_index(drop=True), alone.drop(columns="term"), rtol=1e-12)


def test_strata_are_models_with_baselines_of_their_own():
    frame = rows()
    frame.loc[frame["centre"] == "B", "years"] *= 2
    fit = AbsoluteRisk("age", strata="centre").fit(cohort_of(frame))
    predicted = fit.predict(pd.DataFrame({"age": 60.0, "centre": ["A", "B", "A"]}, index=["a", "b", "c"]), (2, 30))
    wide = predicted.pivot(index="profile", columns=["cause", "years"], values="incidence")
    assert np.isnan(wide.loc["a", ("other", 30)]) and 0 < wide.loc["b", ("other", 30)] < 1
    assert wide.loc["a", ("other", 2)] == wide.loc["c", ("other", 2)] != wide.loc["b", ("other", 2)]
    with pytest.raises(UsageError, match="there is no stratum among the patients fitted 'C'"):
        fit.predict({"age": [60], "centre": ["C"]}, 2)
    with pytest.raises(UsageError, match="a profile needs its stratum"):
        fit.predict({"age": [60]}, 2)


def test_a_stratum_without_an_event_of_a_cause_has_none_of_its_risk():
    frame = rows()
    frame.loc[(frame["centre"] == "B") & (frame["event"] == 2), "event"] = 0
    fit = AbsoluteRisk("age", strata=("centre",)).fit(cohort_of(frame))
    risk = incidences(fit, {"age": 60, "centre": "B"}, (5,)).ravel()
    assert list(fit.models) == ["breast-cancer", "other"] and risk[0] > 0 and risk[1] == 0


def test_delayed_entry_is_taken():
    """Two more who come in at 3.5 and die at 4 with the last: the hazards at 1 and 2 are as before, that at 4 is still 1."""
    late = pd.DataFrame({"years": 4.0, "event": 1, "x": [0, 1] * 10, "entry_years": 3.5})
    fit = AbsoluteRisk("x", ties="breslow").fit(cohort_of(pd.concat([four_times(entry_years=0.0), late])))
    expected = np.array([[1 / 4, 1 / 4, 3 / 4], [0, 1 / 4, 1 / 4]])
    assert incidences(fit, {"x": 0}, (1, 2, 4)) == pytest.approx(expected, abs=1e-12)


def test_a_risk_is_a_step_and_missing_beyond_follow_up():
    fit = AbsoluteRisk("x", ties="breslow").fit(cohort_of(four_times()))
    assert list(fit.predict({"x": [0]}, 1).columns) == ["profile", "cause", "years", "incidence"]
    risk = incidences(fit, {"x": 0}, (0, 0.99, 1, 1.99, 4, 4.01))[0]
    assert risk[:2].tolist() == [0, 0] and risk[2] == risk[3] and np.isnan(risk[-1]) and risk[4] == pytest.approx(3 / 4, abs=1e-12)


def test_unseen_levels_are_refused():
    fit = AbsoluteRisk("age + centre").fit(cohort_of(rows()))
    with pytest.raises(UsageError, match="there is no level of 'centre' among the patients fitted 'C'"):
        fit.predict({"age": [60], "centre": ["C"]}, 5)


def test_a_coefficient_without_an_estimate_makes_its_risks_missing():
    frame = rows()
    frame.loc[(frame["centre"] == "B") & (frame["event"] == 2), "event"] = 0
    with pytest.warns(DataWarning, match=r"^cause 'other': centre\[T\.B\]: no finite hazard ratio"):
        fit = AbsoluteRisk("age + centre").fit(cohort_of(frame))
    predicted = fit.predict({"age": [60, 60], "centre": ["A", "B"]}, 5)
    assert predicted["incidence"].isna().tolist() == [False, False, True, True]


def test_a_cause_that_never_struck_needs_no_model():
    frame = rows()
    frame = frame[frame["event"] < 2]
    fit = AbsoluteRisk("age").fit(cohort_of(frame))
    assert list(fit.models) == ["breast-cancer"]


@pytest.mark.parametrize(("formula", "said"), [
    ({"breast-cancer": "age"}, "the formulas leave out 'other': the risk of one cause hangs on the hazards of all"),
    ({"breast-cancer": "age", "others": "age"}, r"there is no cause 'others' \(nearest: 'other'\)"),
])
def test_formulas_name_every_cause(formula, said):
    with pytest.raises(UsageError, match=said):
        AbsoluteRisk(formula).fit(cohort_of(rows()))


def test_options_are_checked():
    for options, said in (
        ({"ties": "exact"}, "ties is one of efron, breslow"), ({"product_limit": "yes"}, "product_limit is True or False, not 'yes'"),
        ({"conf_level": 95}, "conf_level is a fraction")):
        with pytest.raises(UsageError, match=said):
            AbsoluteRisk("age", **options)
    with pytest.raises(UsageError, match="the formula is empty"):
        AbsoluteRisk({"other": ""})


def test_a_cohort_without_causes_is_refused():
    with pytest.raises(UsageError, match="the cohort knows no causes of its events: name the column and declare its codes"):
        AbsoluteRisk("age").fit(Cohort.from_frame(rows().assign(event=1), time_unit="years"))
