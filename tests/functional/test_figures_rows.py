"""Forest plot, figures beside published ones, flow of exclusions: what is drawn where, and the words beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from survival_nodes import tables
from survival_nodes.columns import COEFFICIENTS, COMPARISONS, CONTRASTS, PUBLISHED, frame_of
from survival_nodes.errors import InputError
from survival_nodes.figures import flow, forest, published, style


def term(name: str, ratio: float, low: float, high: float) -> dict:
    return dict(term=name, hazard_ratio=ratio, conf_low=low, conf_high=high, conf_level=0.95, p_value=0.0191, n=45, n_event=24)


TERMS = frame_of(COEFFICIENTS, [term("node[T.micro]", 1.5, 1.2, 1.9), term("node[T.macro]", 2.5, 2.1, 3.0), term("age", 1.02, 1.01, 1.03)])


def contrast(measure: str, estimate: float, low: float, high: float, margin: float | None = None, verdict: str | None = None) -> dict:
    return dict(
        endpoint="overall", measure=measure, group="itc", reference="negative", years=5.0 if "difference" in measure else None, estimate=estimate,
        conf_low=low, conf_high=high, margin=margin, p_value=0.2, verdict=verdict)


def lines(drawing, start: str) -> dict[str, tuple[list, list]]:
    """The data of lines by their names."""
    found = drawing.findobj(lambda artist: str(artist.get_gid() or "").startswith(start))
    return {artist.get_gid(): (list(artist.get_xdata()), list(artist.get_ydata())) for artist in found}


def words(drawing) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in drawing.findobj(Text)]


def test_points_and_intervals_are_the_frame():
    drawing = forest(TERMS).drawing()
    for place, row in enumerate(TERMS.itertuples()):
        assert lines(drawing, f"estimate-s-{place}")[f"estimate-s-{place}"][0] == [row.hazard_ratio]
        assert lines(drawing, f"interval-s-{place}")[f"interval-s-{place}"][0] == [row.conf_low, row.conf_high]
    assert drawing.axes[0].get_xscale() == "log"
    assert lines(drawing, "no-difference")["no-difference"][0] == [1.0, 1.0]


def test_words_stand_on_the_height_of_their_point():
    drawing = forest(TERMS).drawing()
    (ax,) = drawing.axes
    for place, (label, numbers) in enumerate((("node: micro", "1.50 (1.20 to 1.90)"), ("node: macro", "2.50 (2.10 to 3.00)"), ("age", "1.02 (1.01 to 1.03)"))):
        ys = lines(drawing, f"estimate-s-{place}")[f"estimate-s-{place}"][1]
        height = ax.transData.transform((1, ys[0]))[1] / drawing.dpi
        for sought in (label, numbers):
            (text,) = drawing.findobj(lambda artist: getattr(artist, "get_text", str)() == sought)
            assert text.get_position()[1] == pytest.approx(height, abs=0.01)
    assert {"HR (95% CI)", "p", "0.019"} <= set(words(drawing))


def test_reference_rows_come_from_the_table():
    table = tables.hazard_ratios(TERMS, {"node": ("negative", "micro", "macro")})
    figure = forest(table.data)
    drawing = figure.drawing()
    # Row 0 is the heading, row 1 the reference at 1, without an interval.
    assert lines(drawing, "estimate-")["estimate-s-1"][0] == [1.0] and "interval-s-1" not in lines(drawing, "interval-")
    assert lines(drawing, "estimate-")["estimate-s-2"][0] == [1.5]
    assert {"Node", "negative", "micro", "1 (reference)"} <= set(words(drawing))
    assert "Node: micro 1.50 (95% CI 1.20 to 1.90)" in figure.alt_text and "negative" not in figure.alt_text
    assert figure.data["label"].tolist() == ["negative", "micro", "macro", "Age"]


@pytest.mark.parametrize("ratio", [np.nan, np.inf, 0.0])
def test_what_cannot_be_estimated_is_said_and_not_drawn(ratio):
    figure = forest(frame_of(COEFFICIENTS, [term("er", ratio, np.nan, np.nan), term("age", 1.1, 1.0, 1.2)]))
    drawing = figure.drawing()
    assert list(lines(drawing, "estimate-")) == ["estimate-s-1"]
    assert "not estimable" in words(drawing) and "er not estimable" in figure.alt_text and "Not estimable" in figure.caption
    assert "\u2013" in words(drawing)  # and no p-value


@pytest.mark.parametrize(("low", "high", "arrows"), [(0.5, 3.0, set()), (0.0001, 3.0, {"<"}), (0.5, np.inf, {">"}), (0.0001, np.inf, {"<", ">"})])
def test_an_interval_that_leaves_the_axis_ends_in_an_arrow(low, high, arrows):
    drawing = forest(frame_of(COEFFICIENTS, [term("x", 1.2, low, high)])).drawing()
    (ax,) = drawing.axes
    assert {line.get_marker() for line in ax.lines} & {"<", ">"} == arrows
    left, right = ax.get_xlim()
    assert left >= 1 / 10 and right <= 12
    drawn = lines(drawing, "interval-")["interval-s-0"][0]
    assert drawn == [max(low, left), min(high, right)]


def test_a_heading_stands_clear_of_the_axis():
    rows = [term("a_characteristic_of_long_name[T.b]", 1.2, 1.0, 1.5)]
    table = tables.hazard_ratios(frame_of(COEFFICIENTS, rows), {"a_characteristic_of_long_name": ("a", "b")})
    drawing = forest(table.data).drawing()
    renderer = FigureCanvasAgg(drawing).get_renderer()
    heading = next(text for text in drawing.texts if text.get_text().startswith("A characteristic"))
    assert heading.get_window_extent(renderer).x1 < drawing.axes[0].get_window_extent(renderer).x0


def test_all_terms_without_an_estimate_still_make_a_figure():
    assert "not estimable" in forest(frame_of(COEFFICIENTS, [term("x", np.nan, np.nan, np.nan)])).alt_text


@pytest.mark.parametrize(("measure", "estimate", "margin", "at", "claim", "direction"), [
    ("hazard-ratio", 1.1, 1.3, 1.3, "no worse, < 1.30", "higher hazard \u2192"),
    ("survival-difference", -0.01, 0.025, -0.025, "no worse, > \u22122.5", "better \u2192"),
    ("incidence-difference", 0.01, 0.025, 0.025, "no worse, < 2.5", "worse \u2192"),
    ("restricted-mean-difference", -0.05, 0.1, -0.1, "no worse, > \u22120.10", "better \u2192"),
    ("restricted-mean-ratio", 0.98, 1.25, 0.8, "no worse, > 0.80", "better \u2192"),
])
def test_the_margin_stands_on_the_side_of_worse(measure, estimate, margin, at, claim, direction):
    frame = frame_of(CONTRASTS, [contrast(measure, estimate, estimate - 0.05, estimate + 0.05, margin, "shown")])
    figure = forest(frame, conf_level=0.95)
    drawing = figure.drawing()
    assert lines(drawing, "margin-")["margin-0"][0] == [pytest.approx(at)] * 2
    assert {claim, direction, "shown", "Claim", "Verdict"} <= set(words(drawing))
    assert "margin" in figure.caption and "95% CI" in figure.caption
    assert tables.contrasts(frame).display["Claim"].tolist() == [claim]


def test_a_claim_of_worse_has_no_margin_line():
    frame = frame_of(CONTRASTS, [contrast("hazard-ratio", 2.0, 1.5, 2.7, 1.0, "shown")])
    drawing = forest(frame).drawing()
    assert lines(drawing, "margin-") == {} and "worse, > 1.00" in words(drawing)
    assert tables.contrasts(frame).display["Claim"].tolist() == ["worse, > 1.00"]


def test_contrasts_without_a_verdict_show_p():
    assert {"p", "0.200"} <= set(words(forest(frame_of(CONTRASTS, [contrast("survival-difference", -0.01, -0.02, 0.01)])).drawing()))


def test_differences_are_percentage_points_with_one_decimal():
    figure = forest(frame_of(CONTRASTS, [contrast("survival-difference", -0.0812, -0.1, -0.06)]), labels={"itc": "ITC"})
    assert "ITC vs negative, 5 years \u22128.1 (interval \u221210.0 to \u22126.0)" in figure.alt_text
    assert figure.drawing().axes[0].get_xlabel() == "Survival difference, percentage points"


@pytest.mark.parametrize("frame", [TERMS.iloc[:0], frame_of(CONTRASTS, []), pd.DataFrame({"x": [1]})], ids=["no terms", "no contrasts", "another frame"])
def test_what_is_no_forest_is_said(frame):
    with pytest.raises(InputError, match="nothing to draw|takes COEFFICIENTS or CONTRASTS"):
        forest(frame)


def pair(group: str, verdict: str, **more) -> dict:
    return dict(
        group=group, rate_id=f"rate-{group}", years=5.0, estimand="observed", observed=0.9, observed_low=0.88, observed_high=0.92, published=0.86,
        verdict=verdict, reason=f"because of {group}.") | more


PAIRS = frame_of(COMPARISONS, [pair("macro", "not comparable"), pair("micro", "consistent", published_low=0.84, published_high=0.89), pair("itc", "differs")])
RATES = frame_of(PUBLISHED, [dict(rate_id="rate-micro", study="Andersson 2010", tier="A", ship="yes")])


def test_both_figures_of_a_pair_are_drawn_with_their_intervals():
    drawing = published(PAIRS, RATES).drawing()
    marks, intervals = lines(drawing, "estimate-"), lines(drawing, "interval-")
    # Comparable pairs first, in their order: rows 0 and 1; row 2 is the heading of what cannot be compared.
    assert marks["estimate-o-0"][0] == [0.9] and marks["estimate-s-0"][0] == [0.86]
    assert intervals["interval-o-0"][0] == [0.88, 0.92] and intervals["interval-s-0"][0] == [0.84, 0.89]
    assert "interval-s-1" not in intervals
    assert {"Andersson 2010", "rate-itc", "consistent", "differs", "90.0 (88.0 to 92.0)", "86.0"} <= set(words(drawing))


def test_what_cannot_be_compared_stands_apart_in_grey_with_the_reason():
    drawing = published(PAIRS, RATES).drawing()
    grey = [artist.get_gid() for artist in drawing.axes[0].lines if artist.get_color() == style.GREY and artist.get_gid()]
    assert set(grey) == {"interval-o-3", "estimate-o-3", "estimate-s-3"}
    colours = {text.get_text(): text.get_color() for text in drawing.findobj(lambda artist: hasattr(artist, "get_text"))}
    assert colours["because of macro."] == colours["macro, 5 years (observed)"] == style.GREY
    assert "because of micro." not in colours
    heights = {text.get_text(): text.get_position()[1] for text in drawing.texts}
    assert heights["macro, 5 years (observed)"] < heights["Not comparable: shown for the record, not compared"] < heights["itc, 5 years (observed)"]


def test_the_alt_text_has_both_figures_the_verdict_and_the_reason():
    said = published(PAIRS, RATES, labels={"micro": "Micrometastasis"}).alt_text
    assert "Micrometastasis, 5 years (observed): cohort 90.0%, Andersson 2010 86.0%, consistent" in said
    assert "cohort 90.0%, rate-macro 86.0%, not comparable: because of macro" in said


def test_the_axis_holds_all_figures():
    frame = frame_of(COMPARISONS, [pair("a", "differs", published=0.31), pair("b", "differs", observed=np.nan, observed_low=np.nan, observed_high=np.nan)])
    left, right = published(frame).drawing().axes[0].get_xlim()
    assert left <= 0.31 and right >= 0.92
    empty = frame_of(COMPARISONS, [pair("b", "inconclusive", observed=np.nan, observed_low=np.nan, observed_high=np.nan, published=np.nan)])
    assert published(empty).svg()


def test_no_comparisons_is_said():
    with pytest.raises(InputError, match="no comparisons"):
        published(frame_of(COMPARISONS, []))


NAMES = ["rule", "reason", "n_before", "n_after", "n_excluded"]
LEDGER = pd.DataFrame([
    ("read", "patients read", 20000, 20000, 0), ("kept", "12 with zero follow-up, kept", 20000, 20000, 0), ("female", "not female", 20000, 19900, 100),
    ("nodes", "", 19900, 14000, 5900)], columns=NAMES)


def test_the_flow_shows_who_left_and_who_remains():
    figure = flow(LEDGER)
    seen = words(figure.drawing())
    assert [text for text in seen if text.startswith("n = ")] == [f"n = {n}" for n in ("20\u202f000", "100", "19\u202f900", "5\u202f900", "14\u202f000")]
    assert {"Patients read", "Excluded: not female", "Excluded: nodes", "Remain", "Analysed"} <= set(seen)
    assert "12 with zero follow-up, kept" in figure.caption
    assert figure.alt_text == (
        "Flow of patients. Patients read: 20\u202f000; excluded, not female: 100; excluded, nodes: 5\u202f900; analysed: 14\u202f000.")
    assert figure.data.equals(LEDGER)


def test_a_flow_without_exclusions_is_one_box():
    from matplotlib.patches import FancyArrowPatch

    drawing = flow(LEDGER.iloc[:2]).drawing()
    assert drawing.findobj(FancyArrowPatch) == []
    # Two exclusions: an arrow down and one aside for each.
    assert len(flow(LEDGER).drawing().findobj(FancyArrowPatch)) == 4


def test_many_exclusions_share_one_box_and_counts_are_said_once():
    from matplotlib.patches import FancyArrowPatch

    steps = [("read", "patients read", 100, 100, 0)] + [(f"rule {n}", f"fault {n} (2)", 100 - 2 * n, 98 - 2 * n, 2) for n in range(5)]
    figure = flow(pd.DataFrame([*steps, ("two", "one (3), other (4)", 90, 83, 7)], columns=NAMES))
    seen = words(figure.drawing())
    assert [text for text in seen if text.startswith(("n = ", "Excluded"))] == ["n = 100", "Excluded: n = 17", "n = 83"]
    assert [text for text in seen if text.startswith("\u2022")] == [*(f"\u2022 fault {n}: 2" for n in range(5)), "\u2022 one (3), other (4): 7"]
    assert len(figure.drawing().findobj(FancyArrowPatch)) == 2
    assert "excluded, fault 4: 2; excluded, one (3), other (4): 7; analysed: 83" in figure.alt_text


def test_a_ledger_that_begins_with_an_exclusion_keeps_its_start():
    seen = words(flow(LEDGER.iloc[2:]).drawing())
    assert {"Patients", "n = 20\u202f000", "Excluded: not female"} <= set(seen)


@pytest.mark.parametrize(("ledger", "said"), [
    (LEDGER.iloc[:0], "no steps"), (LEDGER.drop(columns="reason"), "lacking: reason"), (LEDGER.assign(n_excluded=1), "does not add up"),
    (LEDGER.iloc[[0, 3]], "does not add up")])
def test_a_ledger_that_is_none_is_refused(ledger, said):
    with pytest.raises(InputError, match=said):
        flow(ledger)
