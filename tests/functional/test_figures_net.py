"""Net survival as drawn: lines equal the frames, the axis opens above 100%, nothing is drawn beyond follow-up; crude probabilities stacked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survival_nodes.columns import COMPARISONS, CURVES, ESTIMATES, frame_of
from survival_nodes.errors import InputError, UsageError
from survival_nodes.figures import CurveView, crude_probabilities, net_survival, published, style
from survival_nodes.figures.net_curves import BEYOND_ONE
from survival_nodes.reporting.readout import readout

NET_KIND = dict(endpoint="overall", estimand="net", method="Pohar Perme, daily, log interval, life table made up", conf_level=0.95)
# Thirty patients of each group: one dies at each of five times; b outlives the life table.
TIMES = (1.0, 2.0, 3.0, 4.0, 5.0)
NET = {"a": (0.98, 0.95, 0.93, 0.90, 0.88), "b": (1.00, 1.02, 1.05, 1.08, 1.11)}
SEEN = {"a": (29 / 30, 28 / 30, 27 / 30, 26 / 30, 25 / 30), "b": (29 / 30, 28 / 30, 27 / 30, 26 / 30, 25 / 30)}


def rows(group: str, values: tuple, n: int = 30, **more) -> list[dict]:
    """One line of CURVES; nobody is censored before the end."""
    return [
        dict(NET_KIND, group=group, years=years, estimate=value, conf_low=value - 0.04, conf_high=value + 0.04, n_risk=n - place, n_event=place + 1,
             n_censor=0 if place < 4 else n - 5) | more
        for place, (years, value) in enumerate(zip(TIMES, values))]


def net(*groups: str, **more) -> pd.DataFrame:
    return frame_of(CURVES, [row for group in groups or ("a", "b") for row in rows(group, NET[group], **more)])


def observed(*groups: str) -> pd.DataFrame:
    return frame_of(CURVES, [row for group in groups or ("a", "b") for row in rows(group, SEEN[group], estimand="observed", method="Kaplan-Meier")])


def expected(*groups: str, last: int = 10) -> pd.DataFrame:
    """A straight line from 1, two points a year, beyond everybody's follow-up too."""
    return pd.DataFrame([dict(group=group, years=float(years), estimate=1 - 0.02 * years) for group in groups or ("a", "b") for years in range(last + 1)])


def named(drawing, start: str) -> list:
    found = [artist for artist in drawing.findobj(lambda artist: str(artist.get_gid() or "").startswith(start))]
    return sorted(found, key=lambda artist: int(artist.get_gid().rsplit("-", 1)[-1]))


def line(drawing, start: str) -> tuple[list, list]:
    """A whole line, its pieces joined."""
    pieces = named(drawing, start)
    return tuple(list(np.concatenate([getattr(piece, read)()[(place > 0):] for place, piece in enumerate(pieces)])) for read in ("get_xdata", "get_ydata"))


def test_a_group_has_its_panel_with_net_observed_and_expected_survival():
    drawing = net_survival(net(), observed(), expected()).drawing()
    assert len(drawing.axes) == 2
    for place, group in enumerate("ab"):
        assert line(drawing, f"curve-{place}-") == ([0.0, *TIMES], [1.0, *NET[group]])
        seen, awaited = named(drawing, f"beside-{place}-0"), named(drawing, f"beside-{place}-1000")
        assert list(seen[0].get_ydata()) == [1.0, *SEEN[group]] and seen[0].get_drawstyle() == "steps-post"
        # The expected line ends with follow-up, at five years.
        assert list(awaited[0].get_xdata()) == [0.0, *TIMES] and list(awaited[0].get_ydata()) == pytest.approx([1, 0.98, 0.96, 0.94, 0.92, 0.9])
        assert awaited[0].get_drawstyle() == "default" and all(each.axes is drawing.axes[place] for each in (*seen, *awaited))
    looks = {(each[0].get_color(), each[0].get_linestyle()) for each in (named(drawing, "curve-0-"), named(drawing, "beside-0-0"), named(drawing, "beside-0-1000"))}
    assert len(looks) == 3


def test_without_anything_beside_groups_share_one_panel():
    drawing = net_survival(net()).drawing()
    assert len(drawing.axes) == 1 and drawing.axes[0].get_ylabel() == "Net survival (%)"
    assert named(drawing, "curve-0-")[0].get_color() != named(drawing, "curve-1-")[0].get_color()


def test_the_axis_opens_for_values_above_one_and_the_caption_says_so():
    figure = net_survival(net(), observed())
    (low, high), ticks = figure.drawing().axes[0].get_ylim(), figure.drawing().axes[0].get_yticks()
    # The highest limit is 1.15, within five points of the highest estimate, 1.11.
    assert low == 0.0 and high == pytest.approx(1.16 * 1.012) and list(ticks) == pytest.approx([1.0, 0.8, 0.6, 0.4, 0.2, 0.0])
    assert BEYOND_ONE in figure.caption and figure.drawing().axes[1].get_ylim() == (low, high)
    below = net_survival(net("a"), view=CurveView(bands=False))
    assert below.drawing().axes[0].get_ylim()[1] == pytest.approx(1.012) and BEYOND_ONE not in below.caption


def test_corners_that_nobody_sees_are_left_out_of_the_drawing_and_of_nothing_else():
    days = np.arange(1, 3001)
    fall = 1 - 0.3 * days / 3000
    many = frame_of(CURVES, pd.DataFrame(dict(NET_KIND, group="a", years=days / 365.25, estimate=fall, conf_low=fall - 0.01, conf_high=fall + 0.01,
                                              n_risk=3001 - days, n_event=days, n_censor=0)).to_dict("list"))
    figure = net_survival(many)
    years, values = (np.array(each) for each in line(figure.drawing(), "curve-0-"))
    assert len(years) < 700 and (years[-1], values[-1]) == (3000 / 365.25, 0.7)
    drawn = values[np.searchsorted(years, days / 365.25, side="right") - 1]
    assert np.abs(drawn - fall).max() < 1 / 1500 and len(figure.data[figure.data["part"] == "curve"]) == 3000
    # The lighter piece begins with the corner after which nine are at risk.
    assert named(figure.drawing(), "curve-0-")[1].get_xdata()[0] == 2991 / 365.25


def test_a_wide_band_is_cut_and_said_to_be():
    wide = net("a").assign(conf_high=1.9)
    figure = net_survival(wide)
    assert figure.drawing().axes[0].get_ylim()[1] == pytest.approx(1.06 * 1.012) and "Bands are cut at 106%." in figure.caption
    # A limit that rests on nine patients opens nothing.
    few = frame_of(CURVES, rows("a", NET["a"], n=9)).assign(conf_high=1.9)
    assert net_survival(few).drawing().axes[0].get_ylim()[1] == pytest.approx(1.012)


def test_lines_are_lighter_where_fewer_than_ten_are_at_risk():
    few = frame_of(CURVES, rows("a", NET["a"], n=12))
    seen = frame_of(CURVES, rows("a", SEEN["a"], n=12, estimand="observed"))
    figure = net_survival(few, seen)
    drawing = figure.drawing()
    assert [piece.get_color() for piece in named(drawing, "curve-0-")] == [style.COLOURS[0], style.lighter(style.COLOURS[0])]
    assert [piece.get_color() for piece in named(drawing, "beside-0-")] == [style.COLOURS[1], style.lighter(style.COLOURS[1])]
    assert "lighter where fewer than 10" in figure.caption


@pytest.mark.parametrize(("far", "end"), [(None, 5.0), (3.5, 3.5)])
def test_nothing_is_drawn_beyond_follow_up_or_the_horizon(far, end):
    figure = net_survival(net(), observed(), expected(), view=CurveView(up_to_years=far))
    drawing = figure.drawing()
    for start in ("curve-0-", "beside-0-0", "beside-0-1000", "beside-1-1000"):
        assert line(drawing, start)[0][-1] == end
    assert figure.data["years"].max() <= end


def test_a_group_that_ends_early_takes_its_expected_line_with_it():
    both = pd.concat([net("a"), net("b").iloc[:2]], ignore_index=True)
    drawing = net_survival(both, None, expected()).drawing()
    assert line(drawing, "beside-0-0")[0][-1] == 5.0 and line(drawing, "beside-1-0")[0][-1] == 2.0


def test_numbers_at_risk_stand_under_their_ticks():
    drawing = net_survival(net("a"), observed("a"), view=CurveView(at_years=(0, 1, 3, 5))).drawing()
    assert [int(each.get_text()) for each in named(drawing, "n_risk-0-")] == [30, 30, 28, 26]
    assert [int(each.get_text()) for each in named(drawing, "n_event-0-")] == [0, 1, 3, 5]
    late = net("a").assign(n_risk=[20, 25, 28, 27, 26])
    with pytest.raises(UsageError, match="patients enter late"):
        net_survival(late)
    given = frame_of(ESTIMATES, [dict(NET_KIND, group="a", years=2.0, estimate=0.95, n_risk=25, n_event=2, n_censor=0)])
    assert named(net_survival(late, at_risk=given).drawing(), "n_risk-0-")[0].get_text() == "25"


def test_the_words_say_all_three_numbers():
    words = net_survival(net(), observed(), expected(), synthetic=True, view=CurveView(at_years=(0, 5))).alt_text
    assert words.startswith("Synthetic cohort. Net survival over 5 years, beside observed survival and expected survival. At 5 years: a 88.0% (95% interval")
    assert "observed survival 83.3%, expected survival 90.0%; b 111.0%" in words and words.endswith("Patients at the start: a 30; b 30.")
    caption = net_survival(net(), observed(), expected()).caption
    assert "Pohar Perme, daily, log interval, life table made up" in caption and "pointwise 95% confidence bands" in caption


def test_a_reader_reads_net_survival_and_nothing_else():
    read = readout(net_survival(net(), observed(), expected()))
    assert read.groups == ("a", "b") and read.places == (0, 1)
    assert read.estimates[1][list(read.years).index(4.0)] == "108.0%" and read.estimates[0][0] == "100.0%"


def test_the_numbers_are_handed_over():
    figure = net_survival(net(), observed(), expected())
    parts = figure.data.groupby("part")["estimate"].apply(list)
    assert parts["curve"] == [*NET["a"], *NET["b"]] and parts["observed"] == [*SEEN["a"], *SEEN["b"]]
    assert parts["expected"] == pytest.approx([1 - 0.02 * years for _ in "ab" for years in range(6)])


@pytest.mark.parametrize(("wrong", "said"), [
    (lambda: net_survival(observed()), "observed is not net survival"),
    (lambda: net_survival(pd.concat([net("a"), net("b", method="Ederer II")])), "several methods"),
    (lambda: net_survival(net(), view=CurveView(y_low=0.9)), "would hide part of a curve"),
])
def test_what_cannot_be_drawn_is_refused(wrong, said):
    with pytest.raises(UsageError, match=said):
        wrong()


def test_broken_frames_are_refused():
    with pytest.raises(InputError, match="no column 'estimate'"):
        net_survival(net(), expected=expected().drop(columns="estimate"))
    with pytest.raises(InputError, match="nothing to draw"):
        net_survival(net().assign(estimate=np.nan))


# Crude probabilities, at whole years.
CRUDE = {"cancer": (0.0, 0.1, 0.15, 0.2), "other": (0.0, 0.05, 0.1, 0.12)}


def crude(*groups: str, shift: float = 0.0, n: int = 40) -> pd.DataFrame:
    return frame_of(CURVES, [
        dict(endpoint="overall", group=group, cause=cause, years=float(years), estimand="crude-probability", method="Cronin-Feuer, daily, plain interval",
             estimate=share + shift * (years == 1) * (cause == "cancer"), conf_level=0.95, n_risk=n - 2 * years, n_event=years, n_censor=years)
        for group in groups or ("a",) for cause, shares in CRUDE.items() for years, share in enumerate(shares)])


def tops(drawing, number: int) -> np.ndarray:
    (found,) = named(drawing, f"top-{number}-")
    return found.get_ydata()


def test_causes_are_stacked_and_the_alive_fill_the_rest():
    drawing = crude_probabilities(crude("a", "b")).drawing()
    assert len(drawing.axes) == 2
    # Lines are numbered through the causes: cancer of a and b, then other causes of a and b.
    assert tops(drawing, 0)[-1] == pytest.approx(0.2) and tops(drawing, 2)[-1] == pytest.approx(0.2 + 0.12)
    words = {text.get_text() for text in drawing.texts}
    assert {"Death from the cancer", "Death from other causes", "Alive", "Deaths"} <= words
    assert len(named(drawing, "free-")) == 2


def test_deaths_are_counted_once_whatever_the_cause():
    drawing = crude_probabilities(crude()).drawing()
    assert [int(each.get_text()) for each in named(drawing, "n_event-0-")] == [0, 1, 2, 3]
    assert [int(each.get_text()) for each in named(drawing, "n_risk-0-")] == [40, 38, 36, 34]


def test_a_probability_below_zero_opens_the_axis_and_is_said():
    figure = crude_probabilities(crude(shift=-0.15))
    assert figure.drawing().axes[0].get_ylim()[0] == pytest.approx(-0.06) and "below 0 is shown as it is" in figure.caption
    assert crude_probabilities(crude()).drawing().axes[0].get_ylim()[0] == 0.0
    assert "below 0" not in crude_probabilities(crude()).caption


def test_ticks_stand_where_the_frame_has_rows():
    assert list(crude_probabilities(crude()).drawing().axes[0].get_xticks()) == [0.0, 1.0, 2.0, 3.0]
    with pytest.raises(UsageError, match="no row at 2.5 years for a: ask crude for that time too"):
        crude_probabilities(crude(), view=CurveView(at_years=(0, 2.5)))
    given = crude()[crude()["years"].isin([0.0, 3.0])]
    assert list(crude_probabilities(crude(), given).drawing().axes[0].get_xticks()) == [0.0, 3.0]


def test_the_stack_is_told_in_words():
    words = crude_probabilities(crude("a", "b"), labels={"a": "Alpha", "cancer": "the cancer"}).alt_text
    assert words == ("Crude probabilities of death over 3 years, stacked. At 3 years: Alpha: the cancer 20.0%, death from other causes 12.0%; "
                     "b: the cancer 20.0%, death from other causes 12.0%. Patients at the start: Alpha 40; b 40.")
    caption = crude_probabilities(crude()).caption
    assert "Cronin-Feuer, daily, plain interval" in caption and "told by the life table, not by certificates" in caption


def test_other_quantities_are_refused():
    with pytest.raises(UsageError, match="net is not crude-probability"):
        crude_probabilities(net())
    with pytest.raises(InputError, match="names no cause"):
        crude_probabilities(crude().assign(cause=None))


def test_net_survival_stands_beside_published_figures():
    row = dict(endpoint="overall", group="node-positive", rate_id="r1", years=5.0, estimand="net", observed=1.02, observed_low=0.99, observed_high=1.05,
               published=0.86, verdict="differs", reason="far apart")
    figure = published(frame_of(COMPARISONS, [row]))
    ax = figure.drawing().axes[0]
    assert ax.get_xlabel() == "Survival (%)" and ax.get_xlim()[1] > 1.05
    (estimate,) = [artist for artist in ax.lines if artist.get_gid() == "estimate-o-0"]
    assert list(estimate.get_xdata()) == [1.02]
