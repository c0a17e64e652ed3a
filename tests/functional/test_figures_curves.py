"""Survival curves as drawn: lines equal the frame, numbers stand under their ticks, nothing beyond follow-up."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from survival_nodes.columns import CURVES, ESTIMATES, frame_of
from survival_nodes.errors import InputError, UsageError
from survival_nodes.figures import CurveView, curve_steps, kaplan_meier, style

KIND = dict(endpoint="overall", estimand="observed", method="Kaplan-Meier, log-log interval", conf_level=0.95)


def rows(group: str, table: list[tuple], **more) -> list[dict]:
    """Rows of CURVES from (years, estimate, n_risk, n_event, n_censor)."""
    names = ("years", "estimate", "n_risk", "n_event", "n_censor")
    return [dict(KIND, group=group, conf_low=row[1] * 0.9, conf_high=min(1.0, row[1] * 1.1), **dict(zip(names, row))) | more for row in table]


# Twelve patients: three die at 1, one is censored at 2, one dies at 3.5, the last seven are censored at 4 and 5.
TWELVE = rows("a", [
    (1.0, 9 / 12, 12, 3, 0), (2.0, 9 / 12, 9, 3, 1), (3.5, 9 / 12 * 7 / 8, 8, 4, 1), (4.0, 9 / 12 * 7 / 8, 7, 4, 3), (5.0, 9 / 12 * 7 / 8, 5, 4, 8)])
# Two patients, both dead by 3.
TWO = rows("b", [(2.0, 1 / 2, 2, 1, 0), (3.0, 0.0, 1, 2, 0)])


def frame(*parts: list[dict]) -> pd.DataFrame:
    return frame_of(CURVES, [row for part in parts for row in part])


def named(drawing, start: str) -> list:
    """Artists whose name begins so, in the order of their names."""
    found = [artist for artist in drawing.findobj(lambda artist: str(artist.get_gid() or "").startswith(start))]
    return sorted(found, key=lambda artist: artist.get_gid())


def steps(drawing, place: int) -> tuple[list, list]:
    """A group's whole curve, its pieces joined."""
    pieces = named(drawing, f"curve-{place}-")
    xs, ys = (np.concatenate([getattr(piece, read)()[(number > 0):] for number, piece in enumerate(pieces)]) for read in ("get_xdata", "get_ydata"))
    return list(xs), list(ys)


@pytest.mark.parametrize(("unit", "per_year"), [("years", 1), ("months", 12)])
def test_the_lines_are_the_frame(unit, per_year):
    drawing = kaplan_meier(frame(TWELVE, TWO), time_unit=unit).drawing()
    for place, part in enumerate((TWELVE, TWO)):
        xs, ys = steps(drawing, place)
        assert xs == [0.0, *(row["years"] * per_year for row in part)]
        assert ys == [1.0, *(row["estimate"] for row in part)]
    assert {piece.get_drawstyle() for piece in named(drawing, "curve-")} == {"steps-post"}


def test_a_curve_is_lighter_where_fewer_than_ten_are_at_risk():
    firm, few = named(kaplan_meier(frame(TWELVE)).drawing(), "curve-0-")
    # After the first deaths nine are at risk.
    assert list(firm.get_xdata()) == [0.0, 1.0] and list(few.get_xdata()) == [1.0, 2.0, 3.5, 4.0, 5.0]
    assert firm.get_color() == style.COLOURS[0] and few.get_color() == style.lighter(style.COLOURS[0])
    assert "lighter where fewer than 10" in kaplan_meier(frame(TWELVE)).caption


def test_late_entries_make_the_number_at_risk_rise_and_the_curve_firm_again():
    late = rows("a", [(1.0, 3 / 4, 4, 1, 0), (2.0, 3 / 4 * 11 / 12, 12, 2, 0), (3.0, 3 / 4 * 11 / 12 * 10 / 11, 11, 3, 0)])
    at_risk = frame_of(ESTIMATES, [dict(KIND, group="a", years=0.5, estimate=1.0, n_risk=4, n_event=0, n_censor=0)])
    pieces = named(kaplan_meier(frame(late), at_risk=at_risk).drawing(), "curve-0-")
    assert [list(piece.get_xdata()) for piece in pieces] == [[0.0, 1.0], [1.0, 2.0, 3.0]]
    assert pieces[0].get_color() == style.lighter(style.COLOURS[0])


def test_the_table_counts_by_hand():
    figure = kaplan_meier(frame(TWELVE, TWO), view=CurveView(at_years=(0, 1, 2, 3.5, 5)))
    table = figure.data[(figure.data["part"] == "table")]
    by_group = {group: part[["n_risk", "n_censor", "n_event"]].values.tolist() for group, part in table.groupby("group")}
    # At risk: time >= t; censored and events: time <= t.
    assert by_group["a"] == [[12, 0, 0], [12, 0, 3], [9, 1, 3], [8, 1, 4], [5, 8, 4]]
    assert by_group["b"] == [[2, 0, 0], [2, 0, 0], [2, 0, 1], [0, 0, 2], [0, 0, 2]]


@pytest.mark.parametrize(("unit", "per_year"), [("years", 1), ("months", 12)])
def test_each_number_stands_under_its_tick(unit, per_year):
    figure = kaplan_meier(frame(TWELVE, TWO), time_unit=unit, view=CurveView(at_years=(1, 2, 3.5)))
    drawing = figure.drawing()
    (ax,) = drawing.axes
    assert list(ax.get_xticks()) == [0, 1 * per_year, 2 * per_year, 3.5 * per_year]
    for column, expected in {"n_risk-0": ["12", "12", "9", "8"], "n_event-0": ["0", "3", "3", "4"], "n_censor-1": ["0", "0", "0", "0"]}.items():
        numbers = named(drawing, column + "-")
        assert [number.get_text() for number in numbers] == expected
        for number, tick in zip(numbers, ax.get_xticks()):
            assert number.get_position()[0] == tick and number.get_ha() == "center"
            across = number.get_transform().transform((tick, 0))[0]
            assert across == pytest.approx(ax.transData.transform((tick, 0))[0])


def test_a_table_that_is_given_is_believed():
    times = ((0.0, 77), (2.0, 66))
    at_risk = frame_of(ESTIMATES, [dict(KIND, group=group, years=years, n_risk=n, n_event=1, n_censor=2) for group in "ab" for years, n in times])
    figure = kaplan_meier(frame(TWELVE, TWO), at_risk=at_risk)
    table = figure.data[figure.data["part"] == "table"]
    assert table["years"].tolist() == [0, 2] * 2 and table["n_risk"].tolist() == [77, 66] * 2
    assert [each.get_text() for each in named(figure.drawing(), "n_risk-1")] == ["77", "66"]


def test_a_count_that_is_withheld_is_a_dash():
    at_risk = frame_of(ESTIMATES, [
        dict(KIND, group="a", years=0.0, n_risk=12, n_event=0, n_censor=0), dict(KIND, group="a", years=2.0, n_risk=None, n_event=3, n_censor=None)])
    drawing = kaplan_meier(frame(TWELVE), at_risk=at_risk).drawing()
    assert [each.get_text() for each in named(drawing, "n_risk-0")] == ["12", "\u2013"]


def test_late_entries_cannot_be_counted_from_the_curve():
    late = rows("a", [(1.0, 3 / 4, 4, 1, 0), (2.0, 2 / 3, 9, 2, 0)])
    with pytest.raises(UsageError, match="patients enter late.*at risk at 0 years: give at_risk"):
        kaplan_meier(frame(late))


@pytest.mark.parametrize(("far", "ends"), [(None, (5.0, 3.0)), (4.5, (4.5, 3.0)), (2.5, (2.5, 2.5)), (99.0, (5.0, 3.0))])
def test_nothing_is_drawn_beyond_follow_up(far, ends):
    figure = kaplan_meier(frame(TWELVE, TWO), view=CurveView(up_to_years=far))
    drawing = figure.drawing()
    assert tuple(steps(drawing, place)[0][-1] for place in (0, 1)) == ends
    assert max(tick for tick in drawing.axes[0].get_xticks()) <= max(ends)
    assert figure.data["years"].max() <= max(ends)
    for collection in drawing.axes[0].collections:
        assert max(path.vertices[:, 0].max() for path in collection.get_paths()) <= max(ends)


def test_an_estimate_that_is_missing_is_not_drawn():
    beyond = rows("a", [(9.0, np.nan, 0, 4, 8)])
    assert steps(kaplan_meier(frame(TWELVE, beyond)).drawing(), 0)[0][-1] == 5.0


def test_censored_patients_are_marked_on_the_curve():
    (marks, none) = named(kaplan_meier(frame(TWELVE, TWO)).drawing(), "censored-")
    assert list(marks.get_xdata()) == [2.0, 4.0, 5.0]
    assert list(marks.get_ydata()) == [9 / 12, 9 / 12 * 7 / 8, 9 / 12 * 7 / 8]
    assert len(none.get_xdata()) == 0


def test_marks_are_left_out_where_they_would_hide_the_curve():
    many = rows("a", [(0.01 * place, 1.0, 500 - place, 0, place + 1) for place in range(500)])
    assert named(kaplan_meier(frame(many)).drawing(), "censored-") == []
    assert "not marked on the curves" in kaplan_meier(frame(many)).caption and "Short vertical lines" in kaplan_meier(frame(TWELVE)).caption
    assert len(named(kaplan_meier(frame(many), view=CurveView(censor_marks=True)).drawing(), "censored-")) == 1


def test_a_death_at_time_zero_is_a_drop_at_zero():
    drawing = kaplan_meier(frame(rows("a", [(0.0, 1 / 2, 2, 1, 0), (1.0, 1 / 2, 1, 1, 1)]))).drawing()
    assert steps(drawing, 0) == ([0.0, 0.0, 1.0], [1.0, 1 / 2, 1 / 2])


def test_the_band_is_the_interval_as_a_step():
    corners = curve_steps.from_the_start(frame(TWELVE), 5.0)
    years, low, high = curve_steps.band(corners)
    assert years.tolist()[:5] == [0.0, 1.0, 1.0, 3.5, 3.5]  # at 2 nothing changes
    assert low[:5] == pytest.approx([1, 1, 0.9 * 9 / 12, 0.9 * 9 / 12, 0.9 * 9 / 12 * 7 / 8], abs=1e-15)
    assert high.max() <= 1.0


def test_a_band_without_limits_is_open_there():
    gap = [dict(TWO[0], conf_low=np.nan, conf_high=np.nan), TWO[1] | dict(conf_low=np.nan, conf_high=np.nan)]
    (whole,) = kaplan_meier(frame(gap)).drawing().axes[0].collections
    # Only from 0 to 2, where survival is 1 and the band a line, is anything there.
    assert max(path.vertices[:, 0].max() for path in whole.get_paths()) == 2.0


def test_a_thinned_band_looks_the_same():
    generator = np.random.default_rng(5)
    falls = np.cumprod(1 - generator.uniform(0, 2e-4, 8000))
    corners = pd.DataFrame({"years": np.arange(8000) / 500, "conf_low": falls * 0.98, "conf_high": np.minimum(1, falls * 1.01)})
    years, low, high = curve_steps.band(corners)
    assert len(years) < 8000
    place = np.searchsorted(years, corners["years"], side="right") - 1
    for thin, full in ((low, corners["conf_low"]), (high, corners["conf_high"])):
        assert np.abs(thin[place] - full).max() <= curve_steps.FINEST


def test_a_cohort_of_twenty_thousand_stays_small():
    falls = np.cumprod(1 - np.tile([1 / 40000, 0], 10000))
    counts = np.arange(20000)
    big = pd.DataFrame({
        **KIND, "group": "a", "years": (counts + 1) / 1500, "estimate": falls, "conf_low": falls * 0.99, "conf_high": np.minimum(1, falls * 1.01),
        "n_risk": 20000 - counts, "n_event": counts // 2 + 1, "n_censor": (counts + 1) // 2})
    assert len(kaplan_meier(frame_of(CURVES, big.to_dict("list"))).svg()) < 150_000


def test_the_words_name_estimand_interval_and_numbers():
    figure = kaplan_meier(frame(TWELVE, TWO), labels={"a": "Node-negative"}, time_unit="months", view=CurveView(since="diagnosis", at_years=(2, 3)))
    assert figure.alt_text == (
        "2 Kaplan-Meier curves of overall survival over 5 years. At 3 years: Node-negative 75.0% (95% interval 67.5% to 82.5%); "
        "b 0.0% (95% interval 0.0% to 0.0%). Patients at the start: Node-negative 12; b 2.")
    assert "observed, Kaplan-Meier, log-log interval" in figure.caption and "95% confidence bands" in figure.caption
    assert "time \u2265 t" in figure.caption
    (ax,) = figure.drawing().axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Months since diagnosis", "Overall survival (%)")


@pytest.mark.parametrize(("more", "title"), [
    (dict(estimand="cause-specific", cause="breast-cancer"), "Breast-cancer-specific survival (%)"), (dict(estimand="net"), "Net survival (%)"),
    (dict(endpoint="recurrence"), "Recurrence-free survival (%)")])
def test_the_axis_names_the_quantity(more, title):
    drawing = kaplan_meier(frame(rows("a", [(1.0, 0.5, 2, 1, 0)], **more))).drawing()
    assert drawing.axes[0].get_ylabel() == title


def test_an_axis_that_does_not_start_at_zero_says_so():
    figure = kaplan_meier(frame(TWELVE), view=CurveView(y_low=0.6))
    (ax,) = figure.drawing().axes
    assert ax.get_ylim()[0] == 0.6 and "axis starts at 60%" in ax.get_ylabel() and "starts at 60%" in figure.caption
    assert kaplan_meier(frame(TWELVE)).drawing().axes[0].get_ylim()[0] == 0
    with pytest.raises(UsageError, match="y_low=0.7 would hide part of a curve, which falls to 0.656"):
        kaplan_meier(frame(TWELVE), view=CurveView(y_low=0.7))


def test_groups_keep_their_order_and_their_looks():
    figure = kaplan_meier(frame(TWELVE, TWO))
    drawing = figure.drawing()
    assert [named(drawing, f"curve-{place}-")[0].get_color() for place in (0, 1)] == [style.COLOURS[0], style.lighter(style.COLOURS[1])]
    solid, dashed = (re.search(rf'-curve-{place}-0">(.*?)</g>', figure.svg(), re.DOTALL)[1] for place in (0, 1))
    assert "stroke-dasharray" not in solid and "stroke-dasharray" in dashed


def test_bands_stay_light_in_the_svg():
    svg = kaplan_meier(frame(TWELVE, TWO)).svg()
    for place in (0, 1):
        assert "fill-opacity: 0.13" in re.search(rf'-band-{place}">(.*?)</g>', svg, re.DOTALL)[1]


def test_ticks_that_would_touch_are_left_without_numbers():
    drawing = kaplan_meier(frame(TWELVE), view=CurveView(at_years=tuple(np.arange(0, 5, 0.02)))).drawing()
    places = sorted(number.get_position()[0] for number in named(drawing, "n_risk-0"))
    assert places[0] == 0 and 10 < len(places) < 30
    labelled = [tick for tick, label in zip(drawing.axes[0].get_xticks(), drawing.axes[0].get_xticklabels()) if label.get_text()]
    assert labelled == places and np.diff(places).min() * 5.5 / 5 > style.text_width("4.98")


@pytest.mark.parametrize(("span", "unit", "step"), [
    (0.02, "years", 0.01), (0.7, "years", 0.1), (6.9, "years", 1), (15.75, "years", 2), (16, "years", 5), (189, "months", 24), (30, "months", 6)])
def test_round_ticks_are_at_most_eight(span, unit, step):
    ticks = curve_steps.round_ticks(span, unit)
    assert ticks[0] == 0 and 2 <= len(ticks) <= 8 and span - step < ticks[-1] <= span
    assert np.diff(ticks) == pytest.approx(step)


@pytest.mark.parametrize("few", [
    rows("all", [(2.0, 1.0, 1, 0, 1)]),
    rows("all", [(0.0, 0.0, 1, 1, 0)]),
    rows("all", [(1.0, 1.0, 3, 0, 1), (2.0, 1.0, 2, 0, 3)]),
], ids=["one patient", "one death at zero", "all censored"])
def test_the_smallest_cohorts_are_drawn(few):
    figure = kaplan_meier(frame(few))
    assert figure.svg().startswith("<svg") and "All patients" in figure.alt_text


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(InputError, match="no estimate: there is nothing to draw"):
        kaplan_meier(frame())
    with pytest.raises(InputError, match="no estimate"):
        kaplan_meier(frame(rows("a", [(1.0, np.nan, 1, 0, 0)])))
    with pytest.raises(UsageError, match="several endpoints were given \\(overall, recurrence\\): draw one at a time"):
        kaplan_meier(frame(TWELVE, rows("b", [(1.0, 0.5, 2, 1, 0)], endpoint="recurrence")))
    with pytest.raises(UsageError, match="cumulative-incidence is not survival"):
        kaplan_meier(frame(rows("a", [(1.0, 0.5, 2, 1, 0)], estimand="cumulative-incidence")))
    with pytest.raises(UsageError, match="no unit for the axis of time 'days'.*years, months"):
        kaplan_meier(frame(TWELVE), time_unit="days")
    with pytest.raises(InputError, match="'colour'.*does not belong to CURVES"):
        kaplan_meier(frame(TWELVE).assign(colour="red"))


@pytest.mark.parametrize(("options", "said"), [
    ({"y_low": 1.0}, "y_low is 1"), ({"y_low": -0.1}, "y_low is -0.1"), ({"up_to_years": 0}, "up_to_years is 0"), ({"at_years": (-1,)}, "before the start")])
def test_a_view_that_cannot_be_is_refused(options, said):
    with pytest.raises(UsageError, match=said):
        CurveView(**options)
