"""Incidence curves as drawn: lines equal the frame, a panel a cause, causes that stack to one with the event-free, and the mistake beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survival_nodes.columns import CURVES, ESTIMATES, frame_of
from survival_nodes.errors import InputError, UsageError
from survival_nodes.figures import CurveView, curve_steps, incidence, style
from survival_nodes.reporting.readout import readout

KIND = dict(endpoint="overall", estimand="cumulative-incidence", method="Aalen-Johansen, log-log interval", conf_level=0.95)
# Twelve patients: at 1 three die of the cancer, at 2 one of another cause, at 3 one is censored, at 4 one dies of the cancer, at 5 six are censored.
# S falls to 9/12, then 8/12; of the seven at risk at 4 one dies: the incidence of the cancer rises by 8/12 * 1/7.
TIMES = (1.0, 2.0, 3.0, 4.0, 5.0)
RISK, CENSORED = (12, 9, 8, 7, 6), (0, 0, 1, 1, 7)
CANCER = (3 / 12, 3 / 12, 3 / 12, 3 / 12 + 8 / 12 * 1 / 7, 3 / 12 + 8 / 12 * 1 / 7)
OTHER = (0.0, 9 / 12 * 1 / 9, 9 / 12 * 1 / 9, 9 / 12 * 1 / 9, 9 / 12 * 1 / 9)
# 1 - Kaplan-Meier of the cancer: 1 - 9/12, and 1 - 9/12 * 6/7.
NAIVE = (3 / 12, 3 / 12, 3 / 12, 1 - 9 / 12 * 6 / 7, 1 - 9 / 12 * 6 / 7)
EVENTS = {"cancer": (3, 3, 3, 4, 4), "other": (0, 1, 1, 1, 1)}


def rows(group: str, cause: str, estimates: tuple, *, times: tuple = TIMES, **more) -> list[dict]:
    """One line of CURVES."""
    return [
        dict(KIND, group=group, cause=cause, years=years, estimate=estimate, conf_low=estimate * 0.8, conf_high=min(1.0, estimate * 1.2), n_risk=risk,
             n_event=event, n_censor=censor) | more
        for years, estimate, risk, event, censor in zip(times, estimates, RISK, EVENTS[cause], CENSORED)]


def curves(*groups: str, **more) -> pd.DataFrame:
    parts = [rows(group, cause, estimates, **more) for group in groups or ("a", "b") for cause, estimates in (("cancer", CANCER), ("other", OTHER))]
    return frame_of(CURVES, [row for part in parts for row in part])


def naive(*groups: str) -> pd.DataFrame:
    return frame_of(CURVES, [row for group in groups or ("a", "b") for row in rows(group, "cancer", NAIVE, estimand="cause-specific", method="1 - Kaplan-Meier")])


def named(drawing, start: str) -> list:
    found = [artist for artist in drawing.findobj(lambda artist: str(artist.get_gid() or "").startswith(start))]
    return sorted(found, key=lambda artist: artist.get_gid())


def steps(drawing, number: int) -> tuple[list, list]:
    """A whole line, its pieces joined."""
    pieces = named(drawing, f"curve-{number}-")
    xs, ys = (np.concatenate([getattr(piece, read)()[(place > 0):] for place, piece in enumerate(pieces)]) for read in ("get_xdata", "get_ydata"))
    return list(xs), list(ys)


@pytest.mark.parametrize(("unit", "per_year"), [("years", 1), ("months", 12)])
def test_a_panel_a_cause_has_a_line_a_group_from_zero(unit, per_year):
    drawing = incidence(curves(), view=CurveView(time_unit=unit)).drawing()
    assert len(drawing.axes) == 2
    for number, (ax, estimates) in enumerate(((drawing.axes[0], CANCER), (drawing.axes[0], CANCER), (drawing.axes[1], OTHER), (drawing.axes[1], OTHER))):
        assert steps(drawing, number) == ([0.0, *(years * per_year for years in TIMES)], [0.0, *estimates])
        assert all(piece.axes is ax and piece.get_drawstyle() == "steps-post" for piece in named(drawing, f"curve-{number}-"))


def test_a_group_has_the_same_look_in_every_panel_and_groups_differ_in_colour_and_dashes():
    drawing = incidence(curves()).drawing()
    looks = [(named(drawing, f"curve-{number}-")[0].get_color(), named(drawing, f"curve-{number}-")[0]._unscaled_dash_pattern) for number in range(4)]
    assert looks[0] == looks[2] and looks[1] == looks[3]
    assert looks[0][0] != looks[1][0] and looks[0][1] != looks[1][1]


def test_all_panels_have_one_vertical_axis_which_the_caption_names():
    figure = incidence(curves())
    tops = {ax.get_ylim() for ax in figure.drawing().axes}
    # The highest limit is 1.2 * (1/4 + 2/21) = 0.41.
    assert len(tops) == 1 and tops.pop() == (0.0, pytest.approx(0.5 * 1.012))
    assert "The vertical axis ends at 50%." in figure.caption
    assert incidence(curves(), view=CurveView(bands=False)).drawing().axes[0].get_ylim()[1] == pytest.approx(0.4 * 1.012)


def test_the_table_stands_once_with_the_events_of_every_cause():
    figure = incidence(curves(), view=CurveView(at_years=(0, 1, 2, 3, 4, 5)))
    drawing = figure.drawing()
    expected = {"n_risk-0": (12, 12, 9, 8, 7, 6), "n_censor-0": (0, 0, 0, 1, 1, 7), "n_event_0-0": (0, 3, 3, 3, 4, 4), "n_event_1-1": (0, 0, 1, 1, 1, 1)}
    for start, numbers in expected.items():
        written = named(drawing, start + "-")
        assert [int(each.get_text()) for each in written] == list(numbers)
        assert [each.get_position()[0] for each in written] == list(drawing.axes[1].get_xticks())
    table = figure.data[figure.data["part"] == "table"].set_index(["group", "cause", "years"])
    assert table.loc[("a", "cancer", 4.0), ["n_risk", "n_event", "n_censor"]].tolist() == [7, 4, 1] and table.loc[("b", "other", 4.0), "n_event"] == 1
    words = {text.get_text() for text in drawing.texts}
    assert {"At risk", "Censored", "Events: Cancer", "Events: Other"} <= words


def test_late_entries_need_a_table():
    late = curves("a").assign(n_risk=[12, 10, 9, 7, 6] * 2)
    with pytest.raises(UsageError, match="patients enter late.*at risk at 0 years: give at_risk"):
        incidence(late)
    given = [dict(KIND, group="a", cause=cause, years=2.0, n_risk=10, n_censor=0, n_event=n) for cause, n in (("cancer", 3), ("other", 1))]
    figure = incidence(late, frame_of(ESTIMATES, given))
    assert named(figure.drawing(), "n_risk-0")[0].get_text() == "10" and named(figure.drawing(), "n_event_1-0")[0].get_text() == "1"


def test_a_table_that_is_given_is_believed():
    given = [dict(KIND, group=group, cause=cause, years=years, n_risk=n, n_censor=5, n_event=n // 7)
             for group in "ab" for cause in EVENTS for years, n in ((0.0, 77), (2.0, 66))]
    drawing = incidence(curves(), frame_of(ESTIMATES, given)).drawing()
    assert [each.get_text() for each in named(drawing, "n_risk-1")] == ["77", "66"] and [each.get_text() for each in named(drawing, "n_event_0-0")] == ["11", "9"]


def test_lines_are_lighter_where_fewer_than_ten_are_at_risk():
    figure = incidence(curves())
    firm, few = named(figure.drawing(), "curve-0-")
    assert list(firm.get_xdata()) == [0.0, 1.0] and few.get_color() == style.lighter(style.COLOURS[0])
    assert "lighter where fewer than 10" in figure.caption


@pytest.mark.parametrize(("far", "end"), [(None, 5.0), (3.5, 3.5), (99.0, 5.0)])
def test_nothing_is_drawn_beyond_follow_up_or_the_horizon(far, end):
    figure = incidence(curves(), naive=naive(), view=CurveView(up_to_years=far))
    drawing = figure.drawing()
    assert all(steps(drawing, number)[0][-1] == end for number in range(4)) and named(drawing, "beside-0")[0].get_xdata()[-1] == end
    assert figure.data["years"].max() <= end
    assert ("The picture ends at 3.5 years; follow-up goes on to 5 years." in figure.caption) == (end == 3.5)


def test_the_mistake_is_thin_dotted_grey_and_named_as_one():
    figure = incidence(curves(), naive=naive())
    drawing = figure.drawing()
    wrong = named(drawing, "beside-")
    assert len(wrong) == 2 and all(line.axes is drawing.axes[0] for line in wrong)
    for line in wrong:
        assert line.get_color() == style.GREY and line.get_linewidth() < 1 and list(line.get_ydata()) == [0.0, *NAIVE]
    assert "1 \u2212 Kaplan-Meier, overstates" in {text.get_text() for text in drawing.texts}
    assert "shown as the mistake they are" in figure.caption
    assert figure.data.loc[figure.data["part"] == "naive", "estimate"].tolist() == [*NAIVE, *NAIVE]
    assert "Kaplan-Meier" not in incidence(curves()).caption


def test_stacked_causes_and_the_event_free_fill_the_axis():
    figure = incidence(curves(), stacked=True, labels={"a": "First", "other": "Other causes"})
    drawing = figure.drawing()
    assert len(drawing.axes) == 2 and {ax.get_ylim()[1] for ax in drawing.axes} == {1.012}
    heights = [np.concatenate([piece.get_ydata() for piece in named(drawing, f"top-{number}-")]) for number in (0, 2)]
    # What is left above both causes is S: 8/12 * 6/7 after the last event.
    assert heights[0].max() == pytest.approx(CANCER[-1], abs=1e-15) and heights[1].max() == pytest.approx(1 - 8 / 12 * 6 / 7, abs=1e-15)
    free = named(drawing, "free-0-")
    assert max(path.vertices[:, 1].max() for part in free for path in part.get_paths()) == 1.0
    words = [text.get_text() for text in drawing.texts]
    assert {"Event-free", "Cancer", "Other causes"} <= set(words) and words.count("First") == 1
    assert "stacked" in figure.alt_text and "Causes are stacked" in figure.caption and "bands" not in figure.caption


def test_curves_at_different_times_stack_as_steps():
    one = pd.DataFrame({"years": [0.0, 1.0, 3.0], "estimate": [0.0, 0.1, 0.2], "n_after": [5.0, 4.0, np.nan]})
    other = pd.DataFrame({"years": [0.0, 2.0], "estimate": [0.0, 0.3], "n_after": [5.0, np.nan]})
    whole = curve_steps.stacked([one, other])
    assert whole["years"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert whole[0].tolist() == [0.0, 0.1, 0.1, 0.2] and whole[1].tolist() == pytest.approx([0.0, 0.1, 0.4, 0.5], abs=1e-15)


def test_one_group_needs_no_key_and_gives_its_name_to_the_table():
    figure = incidence(curves("all"))
    words = [text.get_text() for text in figure.drawing().texts]
    assert words.count("All patients") == 1 and {"Cancer", "Other"} <= set(words)
    alone = incidence(curves("all"), stacked=True).drawing()
    assert [text.get_text() for text in alone.texts].count("All patients") == 1


def test_the_words_say_every_number_at_the_last_common_tick():
    figure = incidence(curves("a"), labels={"a": "Node-negative"}, view=CurveView(since="diagnosis", at_years=(4,)))
    low, high = (f"{100 * factor * CANCER[3]:.1f}%" for factor in (0.8, 1.2))
    assert figure.alt_text == (
        f"Cumulative incidence over 5 years, by cause. At 4 years: Cancer, Node-negative {100 * CANCER[3]:.1f}% (95% interval {low} to {high}); "
        f"Other, Node-negative 8.3% (95% interval 6.7% to 10.0%). Patients at the start: Node-negative 12.")
    assert "cumulative-incidence, Aalen-Johansen, log-log interval" in figure.caption and "time \u2265 t" in figure.caption
    assert [ax.get_xlabel() for ax in figure.drawing().axes] == ["", "Years since diagnosis"]


def test_a_cause_and_a_group_of_one_name_are_told_apart():
    words = [text.get_text() for text in incidence(curves("other", "a"), labels={"other": "Other group", "cause[T.other]": "other causes"}).drawing().texts]
    assert words.count("Other group") == 2 and "Other causes" in words and "Events: Other causes" in words


def test_the_page_reads_the_curves_from_zero():
    read = readout(incidence(curves(), naive=naive(), view=CurveView(at_years=(0, 1, 5))))
    at = read.years.index(1.0)
    assert read.groups == ("Cancer, a", "Cancer, b", "Other, a", "Other, b") and read.places == (0, 1, 2, 3)
    assert [texts[0] for texts in read.estimates] == ["0.0%"] * 4 and [texts[at] for texts in read.estimates] == ["25.0%", "25.0%", "0.0%", "0.0%"]
    (top, _), (_, bottom) = read.axis.panels
    assert (read.axis.top, read.axis.bottom) == (top, bottom)


def test_what_cannot_be_drawn_is_said():
    survival = frame_of(CURVES, rows("a", "cancer", (0.9, 0.8, 0.8, 0.7, 0.7), estimand="cause-specific"))
    with pytest.raises(UsageError, match="cause-specific is not cumulative-incidence"):
        incidence(survival)
    with pytest.raises(UsageError, match="naive holds no 1 - Kaplan-Meier.*rise from 0"):
        incidence(curves(), naive=survival)
    with pytest.raises(UsageError, match="naive holds no"):
        incidence(curves(), naive=curves())
    with pytest.raises(UsageError, match="cannot be stacked"):
        incidence(curves(), naive=naive(), stacked=True)
    with pytest.raises(UsageError, match="y_low is for survival"):
        incidence(curves(), view=CurveView(y_low=0.2))
    with pytest.raises(UsageError, match=r"several endpoints were given \(overall, recurrence\)"):
        incidence(pd.concat([curves("a"), curves("b", endpoint="recurrence")], ignore_index=True))
    with pytest.raises(InputError, match="names no cause"):
        incidence(curves("a").assign(cause=None))
    with pytest.raises(InputError, match="no estimate: there is nothing to draw"):
        incidence(curves().iloc[:0])


def test_no_events_at_all_is_a_line_at_zero():
    never = frame_of(CURVES, rows("a", "cancer", (0.0,) * 5, n_event=0) + rows("a", "other", (0.0,) * 5, n_event=0, conf_low=np.nan, conf_high=np.nan))
    figure = incidence(never.assign(n_risk=[12, 12, 12, 11, 11] * 2, n_censor=[0, 0, 1, 1, 12] * 2))
    assert figure.drawing().axes[0].get_ylim()[1] == pytest.approx(0.02 * 1.012) and "0.0%" in figure.alt_text
