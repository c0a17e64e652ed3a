"""Comparisons of groups where the data give no number, and options that cannot be carried out; power against Schoenfeld's formula."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from scipy.stats import norm

from survival_nodes.cohort import Cohort
from survival_nodes.columns import CONTRASTS, check
from survival_nodes.comparisons.non_inferiority import NonInferiority
from survival_nodes.comparisons.power import events_needed, hazard_ratio_power
from survival_nodes.comparisons.superiority import Worse
from survival_nodes.errors import DataWarning, UsageError


def cohort_of(groups: dict[str, list[tuple[float, int]]], **more) -> Cohort:
    """Make a cohort from group -> (years, event) of its patients."""
    rows = [(group, years, event) for group, patients in groups.items() for years, event in patients]
    frame = pd.DataFrame(rows, columns=["node", "years", "event"])
    return Cohort.from_frame(frame, time_unit="years", levels={"node": list(groups)}, **more)


MANY = [(1 + place / 10, place % 2) for place in range(60)]
NONE = [(1 + place / 10, 0) for place in range(60)]
COHORT = cohort_of({"negative": MANY, "itc": NONE, "macro": [(years / 3, event) for years, event in MANY] + [(6.5, 0)]})


@pytest.mark.parametrize("comparison", [NonInferiority("node", "negative", 1.3, measure="hazard-ratio"), Worse("node", "negative")])
def test_a_group_without_events_has_no_hazard_ratio(comparison):
    with pytest.warns(DataWarning, match="itc"):
        contrasts = comparison(COHORT).set_index("group")
    assert list(contrasts.index) == ["itc", "macro"]
    assert contrasts.loc["itc", ["estimate", "std_error", "conf_low", "conf_high", "p_value"]].isna().all()
    assert contrasts.loc["itc", "verdict"] == "inconclusive"
    assert contrasts.loc["macro", "estimate"] > 1


def test_a_reference_without_events_has_no_hazard_ratio_to_it():
    with pytest.warns(DataWarning):
        contrasts = Worse("node", "itc")(COHORT)
    assert list(contrasts["verdict"]) == ["inconclusive", "inconclusive"] and contrasts["estimate"].isna().all()


def test_a_group_without_events_beside_two_others_spoils_neither():
    # The first level has no event: macro against micro must not be read off through it.
    cohort = cohort_of({"negative": NONE, "micro": MANY, "macro": [(years / 3, event) for years, event in MANY]})
    with pytest.warns(DataWarning, match="negative"):
        contrasts = Worse("node", "micro")(cohort).set_index("group")
    alone = Worse("node", "micro")(cohort.where("node != 'negative'")).set_index("group")
    assert contrasts.loc["macro", "estimate"] > 1 and contrasts.loc["macro", "verdict"] == "shown"
    assert alone.loc["macro", "verdict"] == "shown"


def test_a_survival_difference_without_events_has_no_interval():
    with pytest.warns(DataWarning, match="group 'itc' has no event by 5 years"):
        contrasts = NonInferiority("node", "negative", 0.1)(COHORT).set_index("group")
    assert contrasts.loc["itc", "estimate"] > 0
    assert contrasts.loc["itc", ["std_error", "conf_low", "conf_high", "smallest_margin", "p_value"]].isna().all()
    assert contrasts.loc["itc", "verdict"] == "inconclusive"
    assert contrasts.loc["macro", "verdict"] == "excluded"


def test_a_time_beyond_follow_up_gives_no_difference():
    with pytest.warns(DataWarning, match="is not followed to 20 years.*inconclusive"):
        contrasts = NonInferiority("node", "negative", 0.1, at_years=20)(COHORT)
    assert contrasts["estimate"].isna().all() and set(contrasts["verdict"]) == {"inconclusive"}


def test_nobody_left():
    gone = [(1 + place / 100, 1) for place in range(30)]
    with pytest.warns(DataWarning, match="group 'macro' has nobody left at 1.29 years"):
        contrasts = NonInferiority("node", "negative", 0.1, at_years=1.29)(cohort_of({"negative": MANY, "macro": gone}))
    assert contrasts["verdict"].tolist() == ["inconclusive"]


def test_no_events_at_all():
    with pytest.warns(DataWarning, match="no events"):
        contrasts = Worse("node", "negative")(cohort_of({"negative": NONE, "itc": NONE}))
    assert contrasts["verdict"].tolist() == ["inconclusive"] and check(contrasts, CONTRASTS) == ()


def test_covariates_that_are_missing_take_a_group_away():
    cohort = cohort_of({"negative": MANY, "micro": [(years / 2, event) for years, event in MANY], "macro": MANY})
    ages = [None if node == "macro" else 40.0 + 7 * place % 31 for place, node in enumerate(cohort.column("node"))]
    cohort = cohort.with_columns(pd.DataFrame({"age": pd.Series(ages, dtype="float64")}))
    with pytest.warns(DataWarning) as told:
        contrasts = Worse("node", "negative", formula="age")(cohort).set_index("group")
    assert "no row of 'macro' or of its reference 'negative' has every covariate" in str(told[-1].message)
    assert math.isnan(contrasts.loc["macro", "estimate"]) and contrasts.loc["macro", "verdict"] == "inconclusive"
    assert contrasts.loc["micro", "estimate"] > 1
    with pytest.warns(DataWarning) as told:
        contrasts = Worse("node", "macro", formula="age")(cohort)
    assert contrasts["estimate"].isna().all() and sum("has every covariate" in str(each.message) for each in told) == 2


def test_the_measure_and_the_endpoint_say_what_is_contrasted():
    rows = [(group, years, event, "breast-cancer" if event and place % 3 else "other" if event else "none")
            for group in ("negative", "micro") for place, (years, event) in enumerate(MANY)]
    frame = pd.DataFrame(rows, columns=["node", "years", "event", "cause"]).assign(age=lambda frame: 40 + 7 * frame.index % 31)
    cohort = Cohort.from_frame(frame, time_unit="years", causes={word: word for word in ("none", "breast-cancer", "other")})

    def measure(comparison, of=cohort):
        return comparison(of)[["measure", "endpoint"]].iloc[0].tolist()

    assert measure(Worse("node", "negative")) == ["hazard-ratio", "overall"]
    assert measure(Worse("node", "negative", cause="breast-cancer", formula="age")) == ["hazard-ratio", "breast-cancer"]
    assert measure(Worse("node", "negative"), cohort.with_endpoint("breast-cancer")) == ["hazard-ratio", "breast-cancer"]
    assert measure(NonInferiority("node", "negative", 0.05)) == ["survival-difference", "overall"]
    with pytest.warns(DataWarning, match="other causes compete with 'breast-cancer'"):
        assert measure(NonInferiority("node", "negative", 0.05, cause="breast-cancer")) == ["survival-difference", "breast-cancer"]
    with pytest.raises(UsageError, match="cause 'cancer'"):
        Worse("node", "negative", cause="cancer")(cohort)


def test_years_stand_only_where_there_is_a_time():
    assert NonInferiority("node", "negative", 0.1)(COHORT.where("node != 'itc'"))["years"].tolist() == [5.0]
    assert Worse("node", "negative")(COHORT.where("node != 'itc'"))["years"].isna().all()


def test_groups_of_several_columns():
    cohort = COHORT.with_columns(pd.DataFrame({"side": ["left", "right"] * (len(COHORT) // 2) + ["left"] * (len(COHORT) % 2)})).where("node != 'itc'")
    with pytest.warns(DataWarning):  # left and right alternate as events do: two of the four groups have none
        contrasts = Worse(("node", "side"), "negative | right")(cohort)
    assert list(contrasts["group"]) == ["negative | left", "macro | left", "macro | right"]


@pytest.mark.parametrize(("options", "message"), [
    ({"margin": 1.3}, "between 0 and 1, as 0.025 for 2.5 percentage points, not 1.3; for a ratio say measure=\"hazard-ratio\""),
    ({"margin": 0}, "between 0 and 1, as 0.025"),
    ({"margin": -0.02}, "between 0 and 1, as 0.025"),
    ({"margin": "0.02"}, "not '0.02'"),
    ({"margin": 1.0, "measure": "hazard-ratio"}, "a ratio above 1, as 1.3, not 1.0"),
    ({"margin": 0.8, "measure": "hazard-ratio"}, "a ratio above 1, as 1.3, not 0.8"),
    ({"margin": float("nan"), "measure": "hazard-ratio"}, "a ratio above 1"),
    ({"margin": 0.1, "measure": "odds-ratio"}, "measure is one of survival-difference, hazard-ratio, not 'odds-ratio'"),
    ({"margin": 0.1, "one_sided_alpha": 5}, "one_sided_alpha is a fraction between 0 and 0.5"),
    ({"margin": 0.1, "formula": "age"}, "a survival difference is not adjusted"),
    ({"margin": 0.1, "at_years": (1, 5)}, "at_years is the one time of the difference"),
])
def test_options_that_cannot_be_carried_out(options, message):
    with pytest.raises(UsageError) as raised:
        NonInferiority("node", "negative", **options)
    assert message in str(raised.value)


def test_a_reference_that_is_no_group():
    for comparison in (NonInferiority("node", "negativ", 0.1), Worse("node", "negativ")):
        with pytest.raises(UsageError, match="there is no group of 'node' to refer to 'negativ' \\(nearest: 'negative'\\); there are: negative, itc, macro"):
            comparison(COHORT)
    with pytest.raises(UsageError, match="'node' has the one group 'itc': there is nothing to compare it with"):
        Worse("node", "itc")(COHORT.where("node == 'itc'"))


def test_every_frame_is_a_contrasts_frame():
    two = COHORT.where("node != 'itc'")
    for comparison in (Worse("node", "negative"), NonInferiority("node", "negative", 0.1), NonInferiority("node", "negative", 1.3, measure="hazard-ratio")):
        assert check(comparison(two), CONTRASTS) == ()


# Events for 80% power at one-sided 2.5% to detect, or to exclude, a hazard ratio, by the group's share of the events:
# (1.96 + 0.84)^2 / (share (1 - share) log(HR)^2), Schoenfeld 1981, Biometrika 68:316; worked out on the line below the table.
TABLE = {1.25: (8042.35, 3318.53, 1610.11, 985.19), 1.30: (5817.58, 2400.52, 1164.70, 712.65), 1.50: (2435.82, 1005.09, 487.66, 298.39)}
SHARES = (0.02, 0.05, 0.11, 0.20)


@pytest.mark.parametrize(("ratio", "share", "exact"), [(ratio, share, n) for ratio, row in TABLE.items() for share, n in zip(SHARES, row, strict=True)])
def test_events_needed(ratio, share, exact):
    assert (norm.ppf(0.975) + norm.ppf(0.8)) ** 2 / (share * (1 - share) * math.log(ratio) ** 2) == pytest.approx(exact, abs=0.005)
    assert events_needed(ratio, 1.0, share) == events_needed(1.0, ratio, share) == math.ceil(exact)


def test_power_by_hand():
    # 100 and 400 events: standard error sqrt(1/100 + 1/400) = 0.1118.
    error = math.sqrt(1 / 100 + 1 / 400)
    assert hazard_ratio_power(1.0, 1.3, 100, 400) == pytest.approx(norm.cdf(math.log(1.3) / error - norm.ppf(0.975)), abs=1e-12)
    assert hazard_ratio_power(1.49, 1.0, 100, 400) == pytest.approx(norm.cdf(math.log(1.49) / error - norm.ppf(0.975)), abs=1e-12)
    assert hazard_ratio_power(1.3, 1.3, 100, 400) == pytest.approx(0.025, abs=1e-12)
    assert hazard_ratio_power(1.3, 1.3, 100, 400, one_sided_alpha=0.05) == pytest.approx(0.05, abs=1e-12)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: hazard_ratio_power(0, 1.3, 10, 10), "hazard_ratio is a number above 0"),
    (lambda: hazard_ratio_power(1, 0.9, 10, 10), "margin is a hazard ratio above 1 \\(no worse\\), or 1 \\(worse\\), not 0.9"),
    (lambda: hazard_ratio_power(1, 1.3, 0, 10), "events_group is a number above 0"),
    (lambda: events_needed(1.3, 1.3, 0.1), "cannot be shown with margin 1.3"),
    (lambda: events_needed(0.9, 1.0, 0.1), "cannot be shown with margin 1"),
    (lambda: events_needed(1.0, 1.3, 5), "share and power are fractions"),
])
def test_power_of_nothing(call, message):
    with pytest.raises(UsageError, match=message):
        call()
