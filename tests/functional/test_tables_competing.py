"""Tables of competing causes and of restricted means: each quantity under its full name, each number as it came."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from survival_nodes import figures, tables
from survival_nodes.columns import COEFFICIENTS, CONTRASTS, ESTIMATES, TESTS, frame_of
from survival_nodes.errors import InputError, UsageError

KIND = dict(endpoint="overall", estimand="cumulative-incidence", method="Aalen-Johansen, log-log interval", conf_level=0.95)


def share(group: str, cause: str, years: float, estimate: float | None, n_event: int = 3, n_risk: int = 40, **more) -> dict:
    limits = dict(conf_low=None if estimate is None else estimate - 0.05, conf_high=None if estimate is None else estimate + 0.05)
    return KIND | limits | dict(group=group, cause=cause, years=years, estimate=estimate, n_event=n_event, n_risk=n_risk, n_censor=2) | more


INCIDENCES = frame_of(ESTIMATES, [
    share("a", "cancer", 5.0, 0.25, 10), share("a", "other", 5.0, 0.125, 4), share("a", "cancer", 10.0, 0.5, 12, 8), share("a", "other", 10.0, 0.25, 5, 8),
    share("b", "cancer", 5.0, 0.3, 2), share("b", "other", 5.0, 0.1, 0), share("b", "cancer", 10.0, None, 2, 0), share("b", "other", 10.0, None, 0, 0)])
LOST = frame_of(ESTIMATES, [share(group, cause, 10.0, years, estimand="restricted-mean") for group in "ab" for cause, years in (("cancer", 1.5), ("other", 0.5))])
MEANS = frame_of(ESTIMATES, [share(group, None, 5.0, mean, estimand="restricted-mean") for group, mean in (("a", 4.5), ("b", 4.25), ("c", None))])


def contrast(measure: str, group: str, estimate: float, **more) -> dict:
    return dict(endpoint="overall", measure=measure, group=group, reference="a", years=5.0, estimate=estimate, conf_low=estimate - 0.2, conf_high=estimate + 0.2, p_value=0.02) | more


CONTRASTED = frame_of(CONTRASTS, [
    contrast("restricted-mean-difference", "b", -0.25), contrast("restricted-mean-ratio", "b", 17 / 18), contrast("hazard-ratio", "b", 1.5, years=None),
    contrast("restricted-mean-difference", "c", np.nan, conf_low=np.nan, conf_high=np.nan, p_value=np.nan)])


def terms(*ratios: float, **more) -> pd.DataFrame:
    return frame_of(COEFFICIENTS, [
        dict(term=f"node[T.{level}]", coefficient=math.log(ratio), hazard_ratio=ratio, conf_low=ratio / 2, conf_high=ratio * 2, conf_level=0.95, p_value=0.03, n=90, n_event=30) | more
        for level, ratio in zip(("micro", "macro"), ratios)])


LEVELS = {"node": ("negative", "micro", "macro")}


def test_incidence_has_a_row_a_group_and_time_and_the_causes_in_columns():
    table = tables.incidence(INCIDENCES, labels={"a": "Node-negative", "other": "other causes"})
    assert list(table.display.columns) == ["Group", "Years", "At risk", "Cancer (95% CI)", "Cancer: events", "Other causes (95% CI)", "Other causes: events"]
    assert table.display.values.tolist() == [
        ["Node-negative", "5", "40", "25.0% (20.0% to 30.0%)", "10", "12.5% (7.5% to 17.5%)", "4"],
        ["Node-negative", "10", "8", "50.0% (45.0% to 55.0%) \u2020", "12", "25.0% (20.0% to 30.0%) \u2020", "5"],
        ["b", "5", "40", "30.0% (25.0% to 35.0%)", "2", "10.0% (5.0% to 15.0%)", "0"],
        ["b", "10", "0", "\u2013", "2", "\u2013", "0"]]
    assert table.caption == "Cumulative incidence by group and cause: Aalen-Johansen, log-log interval."
    assert len(table.notes) == 3 and table.data.equals(INCIDENCES)


def test_a_cause_that_one_group_lacks_is_a_dash():
    table = tables.incidence(INCIDENCES.drop(index=5).reset_index(drop=True))
    assert table.display.loc[2, ["Other (95% CI)", "Other: events"]].tolist() == ["\u2013", "\u2013"]


def test_years_lost_have_a_column_a_cause():
    table = tables.years_lost(LOST, labels={"cause[T.cancer]": "breast cancer"})
    assert list(table.display.columns) == ["Group", "Breast cancer, years (95% CI)", "Other, years (95% CI)"]
    assert table.display.iloc[0].tolist() == ["a", "1.50 (1.45 to 1.55)", "0.50 (0.45 to 0.55)"]
    assert table.caption == "Mean years lost to each cause within 10 years: areas under the cumulative incidences."


def test_restricted_means_stand_beside_their_contrasts_and_the_hazard_ratio():
    table = tables.restricted_means(MEANS, CONTRASTED, labels={"a": "Node-negative"})
    assert list(table.display.columns) == [
        "Group", "Events", "Restricted mean, years (95% CI)", "Difference, years (95% CI)", "p", "Ratio (95% CI)", "Hazard ratio (95% CI)"]
    assert table.display.values.tolist() == [
        ["Node-negative", "3", "4.50 (4.45 to 4.55)", "reference", "", "reference", "reference"],
        ["b", "3", "4.25 (4.20 to 4.30)", "\u22120.25 (\u22120.45 to \u22120.05)", "0.020", "0.94 (0.74 to 1.14)", "1.50 (1.30 to 1.70)"],
        ["c", "3", "\u2013", "\u2013", "\u2013", "\u2013", "\u2013"]]
    assert table.caption == "Mean years lived without the event within 5 years (restricted mean, endpoint overall)."
    assert any("rests on proportional hazards" in note for note in table.notes) and any("two-sided" in note for note in table.notes)
    assert table.data["estimate"].tolist() == pytest.approx([4.5, 4.25, np.nan, -0.25, 17 / 18, 1.5, np.nan], abs=0, nan_ok=True)


def test_restricted_means_alone_have_no_contrasts():
    table = tables.restricted_means(MEANS)
    assert list(table.display.columns) == ["Group", "Events", "Restricted mean, years (95% CI)"]
    assert not any("hazard" in note or "two-sided" in note for note in table.notes)


def test_the_kind_of_ratio_is_written_out():
    plain, other = tables.hazard_ratios(terms(1.5, 2.5), LEVELS), tables.hazard_ratios(terms(1.5, 2.5), LEVELS, kind="subdistribution hazard ratio")
    assert "HR (95% CI)" in plain.display and plain.caption == "Hazard ratios of the Cox model."
    assert "Subdistribution hazard ratio (95% CI)" in other.display and other.caption == "Subdistribution hazard ratios of the Fine-Gray model."
    assert tables.hazard_ratios(terms(1.5, 2.5), kind="cause-specific hazard ratio").caption == "Cause-specific hazard ratios of the Cox model."
    with pytest.raises(UsageError, match="no kind of hazard ratio 'risk ratio'"):
        tables.hazard_ratios(terms(1.5), kind="risk ratio")


def test_what_the_limits_rest_on_is_said():
    robust = tables.hazard_ratios(terms(1.5, robust_std_error=0.2), kind="subdistribution hazard ratio").notes
    assert any("robust standard errors, which allow for the estimated weights" in note for note in robust)
    firth = tables.hazard_ratios(terms(1.5), penalty="firth")
    assert firth.caption == "Hazard ratios of the Cox model, by Firth's penalised likelihood." and any("profile penalised likelihood" in note for note in firth.notes)
    assert not any("profile" in note or "robust" in note for note in tables.hazard_ratios(terms(1.5)).notes)
    with pytest.raises(UsageError, match="no penalty 'ridge'"):
        tables.hazard_ratios(terms(1.5), penalty="ridge")


def test_two_kinds_of_ratio_stand_side_by_side():
    kinds = {"cause-specific hazard ratio": terms(1.5, np.inf), "subdistribution hazard ratio": terms(1.25, 2.0, robust_std_error=0.1)}
    table = tables.ratios_side_by_side(kinds, LEVELS, labels={"node[T.micro]": "Micrometastasis"})
    assert list(table.display.columns) == [
        "Characteristic", "Cause-specific hazard ratio (95% CI)", "Cause-specific p", "Subdistribution hazard ratio (95% CI)", "Subdistribution p"]
    assert table.display.values.tolist() == [
        ["Node", "", "", "", ""], ["\u2003negative", "1 (reference)", "", "1 (reference)", ""],
        ["\u2003Micrometastasis", "1.50 (0.75 to 3.00)", "0.030", "1.25 (0.62 to 2.50)", "0.030"],
        ["\u2003macro", "not estimable", "\u2013", "2.00 (1.00 to 4.00)", "0.030"]]
    assert table.caption == "Cause-specific hazard ratios and subdistribution hazard ratios, side by side."
    assert table.data["kind"].tolist() == [kind for kind in kinds for _ in range(3)]
    assert any(note.startswith("Subdistribution hazard ratio: intervals and p-values rest on robust") for note in table.notes)


def test_ratios_of_other_terms_do_not_stand_side_by_side():
    with pytest.raises(UsageError, match="of the same terms"):
        tables.ratios_side_by_side({"cause-specific hazard ratio": terms(1.5, 2.0), "subdistribution hazard ratio": terms(1.5)})
    with pytest.raises(UsageError, match="of the same terms"):
        tables.ratios_side_by_side({})


def test_groups_in_tests_bear_their_names_in_print():
    frame = frame_of(TESTS, [
        dict(test="Gray's test of breast-cancer", comparison="itc vs micro", statistic=1.5, df=1, p_value=0.22, p_adjusted=0.44),
        dict(test="Kaplan-Meier at 5 years, log-log scale", comparison="itc vs micro", statistic=np.nan, df=None, p_value=np.nan),
        dict(test="proportional hazards (km)", comparison="I(age / 10)", statistic=1.5, df=1, p_value=0.22)])
    shown = tables.tests(frame, labels={"itc": "Isolated tumour cells", "I(age / 10)": "Age, per 10 years"}).display
    assert shown["Comparison"].tolist() == ["Isolated tumour cells vs micro"] * 2 + ["Age, per 10 years"]
    assert shown.iloc[1].tolist()[2:] == ["\u2013"] * 4


def test_the_forest_plot_names_the_kind_of_ratio_and_its_ticks_reach_its_ends():
    figure = figures.forest(terms(2.66, 1.5), kind="subdistribution hazard ratio")
    (ax,) = figure.drawing().axes
    assert ax.get_xlabel() == "Subdistribution hazard ratio (log scale)" and figure.alt_text.startswith("Forest plot, subdistribution hazard ratio: ")
    assert "Ratio (95% CI)" in {text.get_text() for text in figure.drawing().texts}
    assert ax.get_xticks()[-1] >= ax.get_xlim()[1] / 1.5 and ax.get_xticks()[0] <= ax.get_xlim()[0] * 1.5


@pytest.mark.parametrize(("build", "frame", "error", "said"), [
    (tables.incidence, MEANS, UsageError, "restricted-mean is not incidence: give estimates of cumulative-incidence"),
    (tables.incidence, INCIDENCES.assign(cause=None), InputError, "names no cause"),
    (tables.incidence, INCIDENCES.iloc[:0], InputError, "holds no rows"),
    (tables.years_lost, INCIDENCES, UsageError, "cumulative-incidence is not years lost"),
    (tables.years_lost, LOST.assign(years=[5.0, 5.0, 10.0, 10.0]), UsageError, "several horizons"),
    (tables.restricted_means, INCIDENCES, UsageError, "cumulative-incidence is no restricted mean"),
    (tables.restricted_means, MEANS.assign(years=[1.0, 2.0, 3.0]), UsageError, "several horizons"),
    (tables.restricted_means, MEANS.iloc[:0], InputError, "holds no rows"),
])
def test_what_cannot_be_printed_is_said(build, frame, error, said):
    with pytest.raises(error, match=said):
        build(frame)


def test_contrasts_with_several_references_are_refused():
    with pytest.raises(UsageError, match="several references"):
        tables.restricted_means(MEANS, CONTRASTED.assign(reference=["a", "a", "b", "a"]))
