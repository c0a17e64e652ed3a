"""Therneau's printed examples worked by hand, as fractions (R package survival, vignette "validate"), and the intervals' formulas."""

from __future__ import annotations

import math
from fractions import Fraction as F

import numpy as np
import pytest

from survival_nodes.estimates.kaplan_meier import KaplanMeier
from survival_nodes.estimates.log_rank import LogRank
from survival_nodes.kernels.intervals import CONF_TYPES, survival_limits
from survival_nodes.kernels.log_rank import chi_square
from survival_nodes.kernels.product_limit import fleming_harrington, nelson_aalen, product_limit, quantile_times

CLOSE = {"rel": 1e-13, "abs": 1e-13}
NAN = float("nan")

# test1, everybody: at 1, 6, 8 and 9 there are 6, 4, 2 and 1 at risk, and 1, 2, 0 and 1 events.
RISK, EVENTS = np.array([6, 4, 2, 1]), np.array([1, 2, 0, 1])


def floats(fractions) -> list[float]:
    return [float(fraction) for fraction in fractions]


def test_product_limit_of_test1():
    survival, log_variance = product_limit(RISK, EVENTS)
    assert survival.tolist() == pytest.approx(floats([F(5, 6), F(5, 6) * F(2, 4), F(5, 6) * F(2, 4), 0]), **CLOSE)
    greenwood = [F(1, 6 * 5), F(1, 6 * 5) + F(2, 4 * 2), F(1, 6 * 5) + F(2, 4 * 2)]
    assert log_variance[:3].tolist() == pytest.approx(floats(greenwood), **CLOSE) and log_variance[3] == math.inf


def test_cumulative_hazards_of_test1():
    hazard, variance = nelson_aalen(RISK, EVENTS)
    assert hazard.tolist() == pytest.approx(floats([F(1, 6), F(1, 6) + F(2, 4), F(1, 6) + F(2, 4), F(1, 6) + F(2, 4) + 1]), **CLOSE)
    assert variance.tolist() == pytest.approx(floats([F(1, 36), F(1, 36) + F(2, 16), F(1, 36) + F(2, 16), F(1, 36) + F(2, 16) + 1]), **CLOSE)
    hazard, variance = fleming_harrington(RISK, EVENTS)
    assert hazard.tolist() == pytest.approx(floats([F(1, 6), F(1, 6) + F(1, 4) + F(1, 3), F(3, 4), F(7, 4)]), **CLOSE)
    assert variance.tolist() == pytest.approx(floats([F(1, 36), F(1, 36) + F(1, 16) + F(1, 9), F(29, 144), F(173, 144)]), **CLOSE)


@pytest.mark.parametrize(("estimator", "expected"), [
    ("kaplan-meier", [5 / 6, 5 / 12, 5 / 12, 0]),
    ("nelson-aalen", [math.exp(-1 / 6), math.exp(-2 / 3), math.exp(-2 / 3), math.exp(-5 / 3)]),
    ("fleming-harrington", [math.exp(-1 / 6), math.exp(-3 / 4), math.exp(-3 / 4), math.exp(-7 / 4)]),
])
def test_estimators_on_the_cohort_of_test1(estimator, expected, validation_cohort):
    curve = KaplanMeier(estimator=estimator).curve(validation_cohort("val_test1"))
    assert curve["years"].tolist() == [1, 6, 8, 9]
    assert curve["estimate"].tolist() == pytest.approx(expected, **CLOSE)
    assert curve[["n_risk", "n_event", "n_censor"]].values.tolist() == [[6, 1, 1], [4, 3, 1], [2, 3, 2], [1, 4, 2]]


def test_delayed_entry_of_test2(validation_cohort):
    # At risk at 2, 3, 6, 7, 8, 9: 2, 3, 5, 4, 4, 5 (who enters at 7 is not yet at risk at 7); two events at 9.
    curve = KaplanMeier().curve(validation_cohort("val_test2"))
    assert curve["years"].tolist() == [2, 3, 6, 7, 8, 9, 14, 17]
    assert curve["n_risk"].tolist() == [2, 3, 5, 4, 4, 5, 2, 1]
    steps = [F(1, 2), F(2, 3), F(4, 5), F(3, 4), F(3, 4), F(3, 5), F(1), F(1)]
    assert curve["estimate"].tolist() == pytest.approx(np.cumprod(floats(steps)).tolist(), **CLOSE)
    greenwood = F(1, 2 * 1) + F(1, 3 * 2) + F(1, 5 * 4) + F(1, 4 * 3) + F(1, 4 * 3) + F(2, 5 * 3)
    assert curve["std_error"].iloc[-1] == pytest.approx(float(F(9, 100)) * math.sqrt(greenwood), **CLOSE)


def test_median_of_test2_is_the_middle_of_its_flat_piece(validation_cohort):
    # S is exactly 1/2 from 2 to 3.
    assert KaplanMeier().quantiles(validation_cohort("val_test2"))["years"].tolist() == [F(5, 2)]


def test_conditional_survival_of_test2(validation_cohort):
    # S(8 | 5) = 4/5 * 3/4 * 3/4; Greenwood over (5, 8].
    row = KaplanMeier(at_years=(2, 8, 30), conf_type="plain").conditional(validation_cohort("val_test2"), 5).iloc[0]
    assert row["years"] == 8 and row["estimate"] == pytest.approx(float(F(9, 20)), **CLOSE)
    std_error = 9 / 20 * math.sqrt(F(1, 20) + F(1, 12) + F(1, 12))
    assert row["std_error"] == pytest.approx(std_error, **CLOSE)
    assert row["conf_low"] == pytest.approx(9 / 20 - 1.959963984540054 * std_error, **CLOSE)
    assert row[["n_risk", "n_event", "n_censor"]].tolist() == [4, 3, 0]


def test_groups_of_test3(validation_cohort):
    # x = 0: at 1, 2, 3 and 5 there are 4, 3, 2 and 1 at risk, one event at 2; x = 2: one event at once.
    curve = KaplanMeier("x").curve(validation_cohort("val_test3")).groupby("group")["estimate"].agg(list)
    assert curve["0"] == pytest.approx(floats([1, F(2, 3), F(2, 3), F(2, 3)]), **CLOSE)
    assert curve["1"] == pytest.approx(floats([F(2, 4), 0]), **CLOSE)
    assert curve["2"] == [0]


# Log-rank of test1: at 1 one event, 3 of 6 at risk in x = 1; at 6 two events, 1 of 4; at 9 nobody of x = 1 is left.
# Observed minus expected there: 1 - 1/2 and 1 - 2/4; variances 1/4 and 2 * 1/4 * 3/4 * 2/3 = 1/4.
@pytest.mark.parametrize(("options", "statistic"), [
    ({}, 2),
    ({"weight": "gehan"}, F(25, 13)),  # weights 6, 4: (3 + 2)^2 / (36/4 + 16/4)
    ({"weight": "tarone-ware"}, (math.sqrt(6) + 2) ** 2 / 10),  # weights sqrt(6), 2
    ({"weight": "peto-peto"}, F(32, 17)),  # weights 6/7, 6/7 * 3/5
    ({"rho": 1.0}, F(121, 61)),  # weights 1, 5/6
    ({"gamma": 1.0}, 1),  # weights 0, 1/6
    ({"rho": 2.0, "gamma": 0.5}, 1),  # the first weight is 0 again, and one time alone gives (1/2)^2 / (1/4)
])
def test_log_rank_of_test1(options, statistic, validation_cohort):
    row = LogRank("x", **options)(validation_cohort("val_test1")).iloc[0]
    assert row["statistic"] == pytest.approx(float(statistic), **CLOSE) and row["df"] == 1
    assert row["p_value"] == pytest.approx(math.erfc(math.sqrt(statistic / 2)), rel=1e-12)


def test_observed_and_expected_of_test1(validation_cohort):
    table = LogRank("x").observed_expected(validation_cohort("val_test1"))
    assert table["group"].tolist() == ["0", "1"]
    assert table[["n", "observed", "expected", "variance"]].to_numpy() == pytest.approx(np.array([[3, 2, 3, 1 / 2], [3, 2, 1, 1 / 2]]), **CLOSE)


def test_log_rank_with_delayed_entry_of_test2(validation_cohort):
    expected = F(1, 2) + F(1, 3) + F(3, 5) + F(3, 4) + F(3, 4) + 2 * F(3, 5)
    variance = F(1, 4) + F(2, 9) + F(6, 25) + F(3, 16) + F(3, 16) + 2 * F(6, 25) * F(3, 4)
    row = LogRank("x")(validation_cohort("val_test2")).iloc[0]
    assert row["statistic"] == pytest.approx(float((4 - expected) ** 2 / variance), **CLOSE)


def test_nothing_is_left_to_compare_where_groups_never_meet():
    statistic, df = chi_square(np.zeros(2), np.zeros((2, 2)))
    assert math.isnan(statistic) and df == 0


@pytest.mark.parametrize(("conf_type", "low", "high"), [
    ("plain", lambda s, w: s - s * w, lambda s, w: s + s * w),
    ("log", lambda s, w: s / math.exp(w), lambda s, w: s * math.exp(w)),
    ("log-log", lambda s, w: s ** math.exp(w / -math.log(s)), lambda s, w: s ** math.exp(w / math.log(s))),
    ("logit", lambda s, w: 1 / (1 + math.exp(math.log(1 / s - 1) + w / (1 - s))), lambda s, w: 1 / (1 + math.exp(math.log(1 / s - 1) - w / (1 - s)))),
    ("arcsine", lambda s, w: math.sin(math.asin(math.sqrt(s)) - w / 2 * math.sqrt(s / (1 - s))) ** 2,
     lambda s, w: math.sin(math.asin(math.sqrt(s)) + w / 2 * math.sqrt(s / (1 - s))) ** 2),
])
def test_interval_formulas(conf_type, low, high):
    # Delta method: the standard error of g(S) is g'(S) S times that of log S.
    survival, log_std_error, z = 5 / 12, math.sqrt(1 / 30 + 1 / 4), 1.5
    ours = [limit[0] for limit in survival_limits(np.array([survival]), np.array([log_std_error]), z, conf_type)]
    width = z * log_std_error
    assert ours == pytest.approx([low(survival, width), high(survival, width)], **CLOSE)


def test_limits_are_cut_off_where_r_cuts_them_off():
    near_one, near_none = np.array([0.99]), np.array([0.05])
    wide = np.array([2.0])
    for conf_type in ("plain", "log"):
        assert survival_limits(near_one, wide, 2, conf_type)[1] == 1
    assert survival_limits(near_none, wide, 2, "plain")[0] == 0
    assert survival_limits(near_none, wide, 2, "arcsine")[0] == 0
    assert survival_limits(near_one, wide, 2, "arcsine")[1] == 1
    assert survival_limits(near_none, wide, 2, "log")[0] > 0


# R: survival:::survfit_confint(p = 0 or 1, se = Inf or 0, conf.type = ...).
@pytest.mark.parametrize("conf_type", CONF_TYPES)
def test_a_scale_that_does_not_reach_gives_no_limits(conf_type):
    low, high = survival_limits(np.array([0.0, 1.0]), np.array([np.inf, 0.0]), 1.96, conf_type)
    at_one = 1.0 if conf_type in {"plain", "log"} else NAN
    np.testing.assert_array_equal([low, high], [[NAN, at_one], [NAN, at_one]])


@pytest.mark.parametrize(("curve", "prob", "expected"), [
    ([0.75, 0.5, 0.25, 0.0], 0.5, 2.5),  # flat at 1/2 from 2 to 3
    ([0.75, 0.4, 0.25, 0.0], 0.5, 2.0),
    ([0.75, 0.5 + 1e-12, 0.25, 0.0], 0.5, 2.5),  # at 1/2 but for rounding
    ([0.75, 0.5, 0.5, 0.5], 0.5, 3.0),  # flat to the end of follow-up at 4
    ([0.75, 0.6, 0.6, 0.6], 0.5, NAN),
    ([NAN, 0.6, 0.3, NAN], 0.5, 3.0),  # a limit that is missing at first and at last
    ([NAN, NAN, NAN, NAN], 0.5, NAN),
    ([0.75, 0.5, 0.25, 0.0], 0.999, 4.0),
])
def test_quantile_rule(curve, prob, expected):
    np.testing.assert_array_equal(quantile_times(np.array([1.0, 2, 3, 4]), np.array(curve), np.array([prob])), [expected])


def test_groups_that_never_meet_take_away_a_degree_of_freedom():
    # a meets b, c meets d, in strata of their own: two comparisons, of one degree each.
    block = np.array([[1.0, -1.0], [-1.0, 1.0]])
    covariance = np.kron(np.eye(2), block)
    assert chi_square(np.array([1.0, -1.0, 2.0, -2.0]), covariance) == (pytest.approx(1 + 4), 2)
