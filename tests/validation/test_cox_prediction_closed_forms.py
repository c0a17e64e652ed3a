"""Residuals and predictions of Therneau's first example, worked out by hand; predictions where data are at their edge.

Six rows (time, death, x): (1, 1, 1), (1, 0, 1), (6, 1, 1), (6, 1, 0), (8, 0, 0), (9, 1, 0). With Breslow's ties exp(b) = r solves
r^2 = 3 r + 6, so r = (3 + sqrt(33)) / 2. Source: Therneau T M, "Cox models and validation", vignette of the R package survival.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, UsageError
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.estimates.cox_fit import CoxFit
from survival_nodes.kernels.baseline_hazard import baseline_hazard, discrete_hazard
from survival_nodes.kernels.partial_likelihood import PartialLikelihood
from survival_nodes.kernels.risk_sets import RiskSets

R = (3 + np.sqrt(33)) / 2
H1, H6, H9 = 1 / (3 * R + 3), 1 / (3 * R + 3) + 2 / (R + 3), 1 / (3 * R + 3) + 2 / (R + 3) + 1  # cumulative hazards where x = 0
VARIANCE = 1 / (R / (R + 1) ** 2 + 6 * R / (R + 3) ** 2)  # of b
ROWS = {"years": [1, 1, 6, 6, 8, 9], "event": [1, 0, 1, 1, 0, 1], "x": [1, 1, 1, 0, 0, 0]}
MEANS = np.array([1 / 2, 1 / 4, 0])  # of x in the risk sets where b = 0


def fit_of(rows: dict, formula: str = "x", **options) -> CoxFit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # six patients are few, and they are meant
        return CoxModel(formula, fitter="grouped", **options).fit(Cohort.from_frame(pd.DataFrame(rows), time_unit="years"))


@pytest.fixture(scope="module")
def fit() -> CoxFit:
    return fit_of(ROWS, ties="breslow")


def at_zero(ties: str):
    sets = RiskSets.of(np.full(6, -1), np.array(ROWS["years"]), np.array(ROWS["event"]))
    return PartialLikelihood.of(sets, np.array(ROWS["x"], dtype=float)[:, None], ties).at(np.zeros(1))


def test_martingale_residuals(fit):
    expected = [1 - R * H1, -R * H1, 1 - R * H6, 1 - H6, -H6, 1 - H9]
    table = fit.residuals("martingale")
    assert table["row"].tolist() == [1, 2, 3, 4, 5, 6] and table["patient_id"].tolist() == list("123456")
    assert table["residual"].to_numpy() == pytest.approx(expected, abs=1e-9)


def test_deviance_residuals(fit):
    """Of a censored row the square is twice the events expected of it; of a death, twice H - 1 - log H."""
    expected = [-np.sqrt(2 * R * H1), -np.sqrt(2 * H6), np.sign(1 - H6) * np.sqrt(2 * (H6 - 1 - np.log(H6)))]
    assert fit.residuals("deviance")["residual"].to_numpy()[[1, 4, 3]] == pytest.approx(expected, abs=1e-9)


def test_schoenfeld_residuals(fit):
    table = fit.residuals("schoenfeld")
    assert table["row"].tolist() == [1, 3, 4, 6] and table["years"].tolist() == [1, 6, 6, 9]
    expected = np.array([1 - R / (R + 1), 1 - R / (R + 3), -R / (R + 3), 0])
    assert table["x"].to_numpy() == pytest.approx(expected, abs=1e-9)
    scaled = fit.residuals("scaled-schoenfeld")["x"].to_numpy()
    assert scaled == pytest.approx(expected * VARIANCE * 4 + np.log(R), abs=1e-9)


def test_score_residuals_and_what_they_move(fit):
    """A row's own distances from the means of its risk sets, less its hazard there times these."""
    m1, m6 = R / (R + 1), R / (R + 3)
    first, second = (1 - m1) * (1 - R * H1), (1 - m1) * -R * H1
    last = (0 - m1) * -H1 + (0 - m6) * -(H6 - H1)
    score = fit.residuals("score")["x"].to_numpy()
    assert score[[0, 1, 5]] == pytest.approx([first, second, last], abs=1e-9)
    assert score.sum() == pytest.approx(0, abs=1e-9)
    assert fit.residuals("dfbeta")["x"].to_numpy() == pytest.approx(score * VARIANCE, abs=1e-9)
    assert fit.residuals("dfbetas")["x"].to_numpy() == pytest.approx(score * np.sqrt(VARIANCE), abs=1e-9)


def test_variance_of_the_cumulative_hazard_where_b_is_0():
    """Therneau's 7/180, 2/9 and 11/9 at x = 0: the increments' part, and (H x - sum of hazard times mean)^2 / information, 5/8."""
    increments = baseline_hazard(at_zero("breslow"))
    assert increments.hazard == pytest.approx([1 / 6, 2 / 4, 1 / 1], abs=1e-12)
    moved = -np.cumsum(increments.hazard_means[:, 0])
    assert moved == pytest.approx(-np.cumsum(MEANS * [1 / 6, 2 / 4, 1]), abs=1e-12)
    assert np.cumsum(increments.variance) + moved**2 * 8 / 5 == pytest.approx([7 / 180, 2 / 9, 11 / 9], abs=1e-12)


def test_efron_increments_where_b_is_0():
    """The second of two deaths among four finds three left: 1/4 + 1/3, and with it the variance 1/16 + 1/9."""
    increments = baseline_hazard(at_zero("efron"))
    assert increments.hazard == pytest.approx([1 / 6, 1 / 4 + 1 / 3, 1], abs=1e-12)
    assert increments.variance == pytest.approx([1 / 36, 1 / 16 + 1 / 9, 1], abs=1e-12)
    assert increments.hazard_means[1, 0] == pytest.approx(1 / 4 * 1 / 4 + 1 / 3 * (1 / 2) / 3, abs=1e-12)


def test_kalbfleisch_and_prentice_is_kaplan_and_meier_where_b_is_0():
    increments = discrete_hazard(at_zero("efron"), at=1.0)
    assert np.exp(-increments.minus_log_survival) == pytest.approx([5 / 6, 2 / 4, 0], abs=1e-12)
    assert increments.variance[:2] == pytest.approx([1 / (6 * 5), 2 / (4 * 2)], abs=1e-12)


def test_kalbfleisch_and_prentice_solves_its_equation(fit):
    """At time 6: r / (1 - a^r) + 1 / (1 - a) = r + 3 for the factor a of x = 0; at time 1 one death: a^r = 1 - r / (3 r + 3)."""
    table = fit.predict({"x": [0]}, (1, 6, 9), estimator="kalbfleisch-prentice")
    first, both, gone = table["survival"]
    assert first == pytest.approx((1 - R / (3 * R + 3)) ** (1 / R), abs=1e-12)
    factor = both / first
    assert R / (1 - factor**R) + 1 / (1 - factor) == pytest.approx(R + 3, rel=1e-12)
    assert gone == 0 and table.loc[2, ["std_error", "conf_low", "conf_high"]].isna().all()


def test_survival_and_its_error(fit):
    table = fit.predict({"x": [0, 1]}, (0.5, 1, 6, 8.5))
    assert table["survival"].to_numpy() == pytest.approx([1, *np.exp([-H1, -H6, -H6]), 1, *np.exp([-R * H1, -R * H6, -R * H6])], abs=1e-9)
    moved = H1 * (1 - R / (R + 1))
    std_error = R * np.sqrt(1 / (3 * R + 3) ** 2 + moved**2 * VARIANCE)
    row = table.loc[5]
    assert row["std_error"] == pytest.approx(np.exp(-R * H1) * std_error, abs=1e-9)
    assert row["conf_low"] == pytest.approx(np.exp(-R * H1 - 1.959963984540054 * std_error), abs=1e-9) and row["conf_high"] == 1
    assert (table["conf_level"] == 0.95).all() and table.loc[0, ["std_error", "conf_low", "conf_high"]].tolist() == [0, 1, 1]


def test_limits_have_the_level_of_the_model():
    table = fit_of(ROWS, conf_level=0.5).predict({"x": [0]}, 6)
    reach = (np.log(table["survival"]) - np.log(table["conf_low"])) * table["survival"] / table["std_error"]
    assert table["conf_level"][0] == 0.5 and reach[0] == pytest.approx(0.6744897501960817, rel=1e-9)


def test_linear_predictor_and_hazard_ratio(fit):
    """A column of 0 and 1 stays where it is; one of 1 and 2 is moved to its mean, 3/2."""
    assert fit.linear_predictor({"x": [0, 1]})["linear_predictor"].to_numpy() == pytest.approx([0, np.log(R)], abs=1e-9)
    moved = fit_of({**ROWS, "x": [2, 2, 2, 1, 1, 1]}, ties="breslow")
    table = moved.linear_predictor({"x": [1, 2]})
    assert table["linear_predictor"].to_numpy() == pytest.approx([-np.log(R) / 2, np.log(R) / 2], abs=1e-9)
    assert table["std_error"].to_numpy() == pytest.approx(np.full(2, np.sqrt(VARIANCE) / 2), abs=1e-9)
    assert moved.baseline_at("sample")["cumulative_hazard"].to_numpy() == pytest.approx(np.sqrt(R) * np.array([H1, H6, H9]), abs=1e-9)
    assert moved.baseline_at("zero").equals(moved.baseline)
    ratio = moved.hazard_ratio(pd.DataFrame({"x": [2, 1]}, index=["high", "low"]), {"x": 1})
    assert ratio["profile"].tolist() == ["high", "low"] and ratio["hazard_ratio"].to_numpy() == pytest.approx([R, 1], abs=1e-9)
    assert ratio["std_error"].to_numpy() == pytest.approx([np.sqrt(VARIANCE), 0], abs=1e-9)


@pytest.mark.parametrize(("ask", "said"), [
    (lambda fit: fit.residuals("partial"), "kind is one of martingale, deviance, score, schoenfeld, scaled-schoenfeld, dfbeta, dfbetas, not 'partial'"),
    (lambda fit: fit.predict({"x": [0]}, 1, estimator="breslow"), r"estimator is one of exp\(-H\), kalbfleisch-prentice, not 'breslow'"),
    (lambda fit: fit.linear_predictor({"x": [0]}, centre="mean"), "centre is one of sample, zero, not 'mean'"),
    (lambda fit: fit.hazard_ratio({"x": [0]}, {"x": [0, 1]}), "the reference is one profile"),
    (lambda fit: fit.concordance_table("gehan"), "weighting is one of harrell, uno, peto, not 'gehan'"),
    (lambda fit: fit.concordance_table(horizon_years=0), "horizon_years is a time in years above 0, not 0"),
])
def test_what_cannot_be_asked(fit, ask, said):
    with pytest.raises(UsageError, match=said):
        ask(fit)


def test_a_hazard_ratio_across_strata_does_not_exist():
    rows = {name: values * 2 for name, values in ROWS.items()} | {"centre": ["A"] * 6 + ["B"] * 6}
    fit = fit_of(rows, strata="centre")
    with pytest.raises(UsageError, match="'centre' is a stratum"):
        fit.hazard_ratio({"x": [1], "centre": ["B"]}, {"x": 0, "centre": "A"})
    same = fit.hazard_ratio({"x": [1], "centre": ["B"]}, {"x": 0, "centre": "B"})
    assert same.equals(fit.hazard_ratio({"x": [1]}, {"x": 0}))
    with pytest.raises(UsageError, match="a profile needs its stratum"):
        fit.predict({"x": [1]}, 1)
    with pytest.raises(UsageError, match="stratum among the patients fitted"):
        fit.predict({"x": [1], "centre": ["C"]}, 1)


def test_nothing_is_carried_beyond_follow_up_or_made_up_without_events():
    beyond = fit_of(ROWS).predict({"x": [0, 1]}, (9, 9.5))
    assert beyond.loc[[1, 3], ["survival", "std_error", "conf_low", "conf_high"]].isna().all(axis=None) and beyond["survival"].notna().sum() == 2
    none = fit_of({**ROWS, "event": [0] * 6})
    assert none.predict({"x": [0]}, 1)["survival"].isna().all() and none.residuals("martingale")["residual"].isna().all()
    assert len(none.residuals("schoenfeld")) == 0 and none.residuals("dfbeta")["x"].isna().all()
    assert np.isnan(none.concordance_std_error) and none.hazard_ratio({"x": [1]}, {"x": 0})["hazard_ratio"].isna().all()
    assert none.linear_predictor({"x": [1]})["linear_predictor"].isna().all()


def test_a_level_whose_hazard_runs_away_is_missing_and_the_others_are_not():
    """Nobody of level c fails: its survival is missing, and the others' errors are those of the fit without it, but for its risk sets."""
    rows = {"years": [1, 2, 3, 4, 5, 6, 7, 8, 9], "event": [1, 1, 1, 1, 1, 1, 0, 0, 0], "x": list("ababba") + ["c"] * 3}
    whole, fewer = fit_of(rows), fit_of({name: values[:6] for name, values in rows.items()})
    predicted = whole.predict({"x": ["a", "b", "c"]}, 3)
    assert predicted["survival"].notna().tolist() == [True, True, False]
    assert predicted["std_error"][:2].to_numpy() == pytest.approx(fewer.predict({"x": ["a", "b"]}, 3)["std_error"].to_numpy(), rel=1e-4)
    moved = whole.residuals("dfbeta")
    assert moved["x[T.c]"].isna().all() and moved["x[T.b]"][:6].to_numpy() == pytest.approx(fewer.residuals("dfbeta")["x[T.b]"].to_numpy(), rel=1e-3)


def test_rows_left_out_and_covariates_called_as_a_column():
    rows = {**ROWS, "x": [1, 1, 1, None, 0, 0]}
    assert fit_of(rows).residuals("score")["row"].tolist() == [1, 2, 3, 5, 6]
    with pytest.raises(UsageError, match="the covariate 'row' has the name of a column of the residuals"):
        fit_of({("row" if name == "x" else name): values for name, values in ROWS.items()}, "row").residuals("score")


def test_models_that_cannot_be_compared():
    rows = {name: values * 3 for name, values in ROWS.items()} | {"z": list(range(18)), "hole": [None, *range(17)], "weight": [0.5] * 18}
    fit = fit_of(rows, "x + z")
    table = fit.compare(fit_of(rows, "x"))
    assert table[["test", "comparison", "df"]].values.tolist() == [["likelihood ratio", "x + z against x", 1]]
    for other, said in (
        (fit_of(rows, "hole"), "fitted on different rows"), (fit_of(rows, "exp(z / 9)"), "are not nested: exp"), (fit, "no fewer coefficients"),
        (fit_of(rows, "x", ties="breslow"), "treat ties differently"), (fit_of(rows, "x", penalty="firth"), "penalised"),
        (fit_of({**rows, "event": [0] * 18}, "x"), "without events"),
    ):
        with pytest.raises(UsageError, match=said):
            fit.compare(other)
    weighted = [fit_of(rows, formula, weights="weight") for formula in ("x + z", "x")]
    with pytest.raises(UsageError, match="weights that are not counts"):
        weighted[0].compare(weighted[1])
