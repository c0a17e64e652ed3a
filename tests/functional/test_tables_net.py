"""Tables of net survival: observed and expected beside it, values above 100% as they are, and crude probabilities that add up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survival_nodes import tables
from survival_nodes.columns import ESTIMATES, frame_of
from survival_nodes.errors import InputError, UsageError
from survival_nodes.tables.net_tables import ABOVE_ONE_NOTE, BELOW_ZERO_NOTE

SOURCE = "life table of somewhere"
KIND = dict(endpoint="overall", estimand="net", method=f"Pohar Perme, daily, log interval, {SOURCE}", conf_level=0.95)


def row(group: str, years: float, estimate: float | None, n_risk: int = 40, **more) -> dict:
    limits = dict(conf_low=None if estimate is None else estimate - 0.05, conf_high=None if estimate is None else estimate + 0.05)
    return KIND | limits | dict(group=group, years=years, estimate=estimate, n_risk=n_risk, n_event=9, n_censor=2) | more


NET = frame_of(ESTIMATES, [row("a", 5.0, 0.9), row("a", 10.0, 1.02, 8), row("b", 5.0, 0.8), row("b", 10.0, None, 0)])
OBSERVED = frame_of(ESTIMATES, [row("a", 5.0, 0.72, estimand="observed"), row("b", 5.0, 0.7, estimand="observed", conf_low=None, conf_high=None)])
EXPECTED = pd.DataFrame({"group": ["a", "a", "b"], "years": [5.0, 10.0, 5.0], "estimate": [0.8, 0.6, 0.875]})


def test_observed_and_expected_stand_beside_net_survival():
    table = tables.net_survival(NET, OBSERVED, EXPECTED, labels={"a": "Node-negative"})
    assert table.display.values.tolist() == [
        ["Node-negative", "5", "72.0% (67.0% to 77.0%)", "80.0%", "90.0% (85.0% to 95.0%)", "40", "9"],
        ["Node-negative", "10", "\u2013", "60.0%", "102.0% (97.0% to 107.0%) \u2020", "8", "9"],
        ["b", "5", "70.0%", "87.5%", "80.0% (75.0% to 85.0%)", "40", "9"],
        ["b", "10", "\u2013", "\u2013", "\u2013", "0", "9"]]
    assert table.caption == f"Net survival by group: Pohar Perme, daily, log interval, {SOURCE}."
    assert ABOVE_ONE_NOTE in table.notes and any(note.startswith("Expected: ") for note in table.notes) and any("Fewer than 10" in note for note in table.notes)
    assert table.data["observed"].tolist()[::2] == [0.72, 0.7] and table.data["expected"].tolist()[:3] == [0.8, 0.6, 0.875]
    assert len(table.data) == len(NET) and np.isnan(table.data["observed"].iloc[1])


def test_no_note_speaks_of_what_is_not_there():
    table = tables.net_survival(NET.iloc[[0, 2]])
    assert len(table.notes) == 1 and not any("Expected" in heading or "Observed" in heading for heading in table.display)


def test_methods_that_differ_have_a_column_and_the_life_table_is_said_once():
    both = pd.concat([NET.iloc[[0]], NET.iloc[[0]].assign(method=f"Ederer II, actuarial, 1-month intervals, log interval, {SOURCE}")], ignore_index=True)
    table = tables.net_survival(both)
    assert table.display["Method"].tolist() == ["Pohar Perme, daily, log interval", "Ederer II, actuarial, 1-month intervals, log interval"]
    assert table.caption == f"Net survival by group: {SOURCE}."
    other = tables.net_survival(both.assign(method=["Pohar Perme, life table here", "Pohar Perme, life table there"]))
    assert other.display["Method"].tolist() == ["Pohar Perme, life table here", "Pohar Perme, life table there"]


def crude(group: str, years: float, cancer: float | None, other: float | None) -> list[dict]:
    return [row(group, years, share, estimand="crude-probability", method="Cronin-Feuer", cause=cause) for cause, share in (("cancer", cancer), ("other", other))]


def test_crude_probabilities_and_those_alive_add_up():
    table = tables.crude_probabilities(frame_of(ESTIMATES, [*crude("a", 5.0, 0.2, 0.125), *crude("b", 5.0, -0.01, 0.1), *crude("b", 10.0, None, None)]))
    assert list(table.display.columns) == [
        "Group", "Years", "Death from the cancer (95% CI)", "Death from other causes (95% CI)", "Alive", "At risk", "Deaths"]
    assert table.display.iloc[0].tolist() == ["a", "5", "20.0% (15.0% to 25.0%)", "12.5% (7.5% to 17.5%)", "67.5%", "40", "9"]
    assert table.display.iloc[1, 2].startswith("\u22121.0%") and table.display.iloc[1, 4] == "91.0%" and BELOW_ZERO_NOTE in table.notes
    assert table.display.iloc[2, 2:5].tolist() == ["\u2013"] * 3


def test_a_cause_is_named_by_its_label_and_a_group_of_the_same_name_by_its_own():
    frame = frame_of(ESTIMATES, crude("other", 5.0, 0.2, 0.1))
    table = tables.crude_probabilities(frame, labels={"other": "The others", "cause[T.other]": "all else"})
    assert table.display.iloc[0, 0] == "The others" and "All else (95% CI)" in table.display


def test_expected_deaths_show_the_ratio_with_its_limits():
    frame = pd.DataFrame({
        "group": ["all"], "n": [2000], "person_years": [8123.4], "observed": [24], "expected": [12.5], "smr": [1.92], "conf_low": [1.23], "conf_high": [2.86],
        "p_value": [0.0011], "chi_square": [10.58]})
    table = tables.expected_deaths(frame, conf_level=0.9)
    assert table.display.iloc[0].tolist() == ["All patients", "2\u202f000", "8\u202f123", "24", "12.5", "1.92 (1.23 to 2.86)", "0.0011"]
    assert "Standardised mortality ratio (exact 90% CI)" in table.display and table.data.equals(frame)
    none = tables.expected_deaths(frame.assign(expected=0.0, smr=np.nan, conf_low=np.nan, conf_high=np.nan, p_value=np.nan))
    assert none.display.iloc[0, 5:].tolist() == ["\u2013", "\u2013"]


@pytest.mark.parametrize(("build", "wrong", "said"), [
    (tables.net_survival, NET.assign(estimand="observed"), "observed is not net survival"),
    (tables.crude_probabilities, NET, "net is not a crude probability"),
])
def test_another_quantity_is_refused(build, wrong, said):
    with pytest.raises(UsageError, match=said):
        build(wrong)


def test_empty_and_broken_frames_are_refused():
    with pytest.raises(InputError, match="holds no rows"):
        tables.net_survival(NET.iloc[:0])
    with pytest.raises(InputError, match="names no cause"):
        tables.crude_probabilities(NET.assign(estimand="crude-probability"))
    with pytest.raises(InputError, match="no column 'expected'"):
        tables.expected_deaths(pd.DataFrame({"group": ["a"], "n": [1], "person_years": [1.0], "observed": [0]}))


def test_reasons_may_stand_under_the_table():
    from survival_nodes.columns import COMPARISONS

    frame = frame_of(COMPARISONS, [dict(group="a", rate_id="r", years=5.0, estimand="net", observed=0.9, published=0.86, verdict="differs", reason=reason)
                                   for reason in ("far apart", "too few", "far apart", None)])
    table = tables.comparisons(frame, reasons_below=True)
    assert table.display["Reason"].tolist() == ["1", "2", "1", ""] and table.notes == ("1. Far apart.", "2. Too few.")
