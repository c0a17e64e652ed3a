"""Every figure: its bytes, its words, and that nothing in it overlaps or is cut; asked of each builder there is."""

from __future__ import annotations

import hashlib
import itertools
import re
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from survival_nodes import figures
from survival_nodes.columns import COEFFICIENTS, COMPARISONS, CONTRASTS, CURVES, PUBLISHED, frame_of
from survival_nodes.errors import DataWarning, OutputError, UsageError
from survival_nodes.figures import style

ROOT = Path(__file__).resolve().parents[2]
LONG = "A name that nobody would choose but somebody has, with more words than fit on one line of the page, and then a few more words"
HOSTILE = ("</svg><script>alert(1)</script>", "$x^2$ and $", 'id="a" href="#b"', "&amp; \\$5", "_hidden", "two\nlines\x00")


def curve(group: str, n: int = 40, step: float = 0.25) -> list[dict]:
    """One group of n patients: every other one dies, one a step."""
    rows, survival = [], 1.0
    for place in range(n):
        survival *= 1 - (place % 2 == 0) / (n - place)
        rows.append(dict(
            endpoint="overall", group=group, years=step * (place + 1), estimand="observed", method="Kaplan-Meier, log-log interval", estimate=survival,
            conf_low=survival * 0.8, conf_high=min(1.0, survival * 1.2), conf_level=0.95, n_risk=n - place, n_event=place // 2 + 1, n_censor=(place + 1) // 2))
    return rows


def incidence_curve(group: str, **more) -> list[dict]:
    """The same group, every other death of a second cause."""
    rows = []
    for row in curve(group):
        for cause, share in (("cancer", 0.6), (f"{group} cause", 0.4)):
            height = share * (1 - row["estimate"])
            rows.append(row | dict(
                cause=cause, estimand="cumulative-incidence", estimate=height, conf_low=height * 0.8, conf_high=min(1.0, height * 1.2),
                n_event=(row["n_event"] + (cause == "cancer")) // 2) | more)
    return rows


def net_curve(group: str, n: int = 40) -> list[dict]:
    """Net survival of the same group: a tenth above the observed, over 1 at first."""
    return [
        row | dict(estimand="net", method="Pohar Perme, daily, log interval, life table made up", estimate=1.1 * row["estimate"], conf_low=row["conf_low"],
                   conf_high=1.3 * row["estimate"]) for row in curve(group, n)]


def crude_curve(group: str) -> list[dict]:
    """Crude probabilities of death at whole years: those from the cancer begin below 0."""
    return [
        dict(endpoint="overall", group=group, cause=cause, years=float(years), estimand="crude-probability", method="Cronin-Feuer, daily, plain interval",
             estimate=start + share * years, conf_low=share * years - 0.05, conf_high=share * years + 0.05, conf_level=0.95, n_risk=40 - 4 * years,
             n_event=2 * years, n_censor=2 * years)
        for cause, start, share in (("cancer", -0.045, 0.03), ("other", 0.0, 0.02)) for years in range(11)]


def term(name: str, ratio: float, low: float, high: float) -> dict:
    return dict(term=name, hazard_ratio=ratio, conf_low=low, conf_high=high, conf_level=0.95, p_value=0.03)


def pair(group: str, verdict: str) -> dict:
    return dict(
        group=group, rate_id="r1", years=5.0, estimand="observed", observed=0.9, observed_low=0.88, observed_high=0.92, published=0.86, verdict=verdict,
        reason=LONG)


def draw(builder: str, words: str = "micro", title: str = "", synthetic: bool = False) -> figures.Figure:
    """Draw a figure of the kind with a word of one's choice wherever a word of the data stands."""
    if builder == "kaplan_meier":
        curves = frame_of(CURVES, curve("first") + curve(words, 25))
        return figures.kaplan_meier(curves, synthetic=synthetic, view=figures.CurveView(title=title))
    if builder.startswith("incidence"):
        curves = frame_of(CURVES, incidence_curve(words) + [row | dict(group="first") for row in incidence_curve(words)])
        naive = frame_of(CURVES, [row for row in incidence_curve(words, estimand="cause-specific") if row["cause"] == "cancer"])
        stacked = builder == "incidence, stacked"
        return figures.incidence(curves, naive=None if stacked else naive, stacked=stacked, synthetic=synthetic, view=figures.CurveView(title=title))
    if builder == "net_survival":
        observed = frame_of(CURVES, curve(words) + curve("first", 25))
        expected = pd.DataFrame([dict(group=group, years=years, estimate=1 - 0.02 * years) for group in (words, "first") for years in range(11)])
        view = figures.CurveView(title=title, at_years=(0, 2.5, 5))
        return figures.net_survival(frame_of(CURVES, net_curve(words) + net_curve("first", 25)), observed, expected, synthetic=synthetic, view=view)
    if builder == "crude_probabilities":
        return figures.crude_probabilities(
            frame_of(CURVES, crude_curve(words) + crude_curve("first")), synthetic=synthetic, view=figures.CurveView(title=title))
    if builder == "forest":
        frame = frame_of(COEFFICIENTS, [term("age", 1.01, 0.99, 1.03), term(f"node[T.{words}]", 2.0, 0.01, 400.0)])
        return figures.forest(frame, title=title, synthetic=synthetic)
    if builder == "published":
        rates = frame_of(PUBLISHED, [dict(rate_id="r1", study=words, tier="A", ship="yes")])
        return figures.published(frame_of(COMPARISONS, [pair(words, "consistent"), pair("b", "not comparable")]), rates, title=title, synthetic=synthetic)
    ledger = [("read", "patients read", 9, 9, 0), ("x", words, 9, 7, 2)]
    return figures.flow(pd.DataFrame(ledger, columns=["rule", "reason", "n_before", "n_after", "n_excluded"]), title=title, synthetic=synthetic)


BUILDERS = [*(name for name in figures.__all__ if name[0].islower()), "incidence, stacked"]
every_builder = pytest.mark.parametrize("builder", BUILDERS)


def texts(drawing) -> list:
    from matplotlib.text import Text

    return [text for text in drawing.findobj(Text) if text.get_visible() and text.get_text().strip()]


def written(figure: figures.Figure) -> list[str]:
    """The texts of the SVG, as a reader gets them."""
    root = ElementTree.fromstring(figure.svg())
    return ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_the_builders_are_those_promised():
    assert {"kaplan_meier", "incidence", "forest", "published", "flow"} <= set(BUILDERS)


@every_builder
def test_two_drawings_are_the_same_bytes(builder, tmp_path):
    for suffix in ("svg", "png", "pdf"):
        one, other = (draw(builder).save(tmp_path / f"{place}.{suffix}").read_bytes() for place in ("one", "other"))
        assert one == other and len(one) > 1000


def test_another_process_gives_the_same_bytes(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import hashlib, test_figures as t; figure = t.draw('kaplan_meier')\n"
        "print(*(hashlib.sha256(each).hexdigest() for each in (figure.svg().encode(), figure.png(), figure.pdf())))")
    elsewhere = {"PYTHONHASHSEED": "77", "HOME": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent)], capture_output=True, text=True, cwd=ROOT, check=True, env=elsewhere)
    figure = draw("kaplan_meier")
    assert ran.stdout.split() == [hashlib.sha256(each).hexdigest() for each in (figure.svg().encode(), figure.png(), figure.pdf())]


def test_a_users_own_settings_neither_reach_the_figure_nor_are_lost():
    import matplotlib

    expected = draw("forest").svg()
    with matplotlib.rc_context({"font.size": 30, "text.usetex": True, "axes.facecolor": "red", "svg.fonttype": "path"}):
        before = dict(matplotlib.rcParams)
        assert draw("forest").svg() == expected
        assert dict(matplotlib.rcParams) == before


def test_a_figure_is_built_without_drawing():
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_figures as t; [t.draw(each) for each in t.BUILDERS]; print('matplotlib' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent)], capture_output=True, text=True, cwd=ROOT, check=True)
    assert ran.stdout.strip() == "False"


def test_no_figure_is_left_open():
    from matplotlib import pyplot

    draw("kaplan_meier").png()
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize(("name", "said"), [("a.jpeg", "as .jpeg"), ("a", "without a suffix")])
def test_another_suffix_is_refused(name, said, tmp_path):
    with pytest.raises(UsageError, match=f"cannot be saved {re.escape(said)}.*svg, .png, .pdf"):
        draw("flow").save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_suffix_in_capitals_is_understood(tmp_path):
    assert draw("flow").save(tmp_path / "A.PNG").read_bytes().startswith(b"\x89PNG")


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="cannot write 'a.svg'"):
        draw("flow").save(tmp_path / "nowhere" / "a.svg")


@every_builder
def test_the_svg_stands_alone_and_says_what_it_shows(builder):
    figure = draw(builder)
    root = ElementTree.fromstring(figure.svg())
    assert root.get("role") == "img" and root.get("aria-label") == figure.alt_text
    identities = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(set(identities)) == len(identities)
    assert all(identity.startswith(f"figure-{figure.name}") for identity in identities)
    svg = figure.svg()
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', svg)) <= set(identities)
    assert "<metadata" not in svg and "<script" not in svg and "http://matplotlib" not in svg
    (rules,) = [element.text for element in root.iter("{http://www.w3.org/2000/svg}style")]
    assert all(rule.strip().startswith(f"#figure-{figure.name} ") for rule in rules.split("}")[:-1])


def test_figures_of_two_names_share_no_identity():
    one = draw("kaplan_meier")
    found = [set(re.findall(r' id="([^"]+)"', each.svg())) for each in (one, replace(one, name="Another: one"))]
    assert found[0] and not found[0] & found[1]
    assert all(identity.startswith("figure-another-one") for identity in found[1])


def test_the_png_carries_its_alt_text():
    figure = draw("forest")
    assert figure.alt_text.encode("latin-1") in figure.png()


@every_builder
@pytest.mark.parametrize("words", HOSTILE)
def test_words_of_the_data_are_drawn_as_they_are(builder, words):
    figure = draw(builder, words)
    visible = " ".join(words.replace("\x00", "\ufffd").split())
    assert visible.lower() in " ".join(written(figure)).lower()
    assert not list(ElementTree.fromstring(figure.svg()).iter("{http://www.w3.org/2000/svg}script"))


def test_letters_that_the_font_lacks_are_said_where_they_are_lost():
    figure = draw("flow", "\u4e73\u764c")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert any("\u4e73\u764c" in text for text in written(figure))
    with pytest.warns(DataWarning, match="not in the picture's font.*save it as .svg"):
        figure.png()


@every_builder
def test_a_synthetic_cohort_is_named_so_everywhere(builder):
    figure, real = draw(builder, synthetic=True), draw(builder)
    assert figure.synthetic and "synthetic" in figure.alt_text.lower() and "synthetic" in figure.caption
    assert any("SYNTHETIC" in text for text in written(figure))
    assert not real.synthetic and "synthetic" not in (real.alt_text + real.caption + " ".join(written(real))).lower()


@every_builder
@pytest.mark.parametrize(("words", "title"), [("micro", ""), (LONG, LONG), ("oneverylongwordwithoutanyblank" * 6, "")])
def test_no_text_is_cut_or_lies_on_another(builder, words, title):
    drawing = draw(builder, words, title, synthetic=True).drawing()
    renderer = _agg(drawing)
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts(drawing)]
    width, height = drawing.get_size_inches() * drawing.dpi
    for text, box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, text
    for (one, first), (other, second) in itertools.combinations(boxes, 2):
        apart = first.x1 <= second.x0 + 1 or second.x1 <= first.x0 + 1 or first.y1 <= second.y0 + 1 or second.y1 <= first.y0 + 1
        assert apart, (one, other)


def _agg(drawing):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(drawing)
    canvas.draw()  # the titles of axes find their places only now
    return canvas.get_renderer()


@every_builder
def test_the_words_are_black_or_grey_only(builder):
    from matplotlib.colors import to_hex

    assert {to_hex(text.get_color()) for text in texts(draw(builder).drawing())} <= {style.INK, style.GREY}


@every_builder
def test_the_numbers_are_handed_over_as_they_came(builder):
    figure = draw(builder)
    numbers = {"kaplan_meier": "estimate", "forest": "hazard_ratio", "published": "observed", "flow": "n_after"}
    expected = {"forest": [1.01, 2.0], "published": [0.9, 0.9], "flow": [9, 7]}
    if builder in expected:
        assert figure.data[numbers[builder]].tolist() == expected[builder]
        return
    drawn = figure.data[figure.data["part"] == "curve"]
    if builder == "kaplan_meier":
        assert drawn["estimate"].tolist() == [row["estimate"] for row in curve("first") + curve("micro", 25)]
    elif builder == "net_survival":
        assert drawn["estimate"].tolist() == [row["estimate"] for row in net_curve("micro") + net_curve("first", 25)]
    elif builder == "crude_probabilities":
        own = [[row["estimate"] for row in crude_curve("micro") if row["cause"] == cause] for cause in ("cancer", "other")]
        assert drawn["estimate"].tolist() == own[0] * 2 + own[1] * 2
    else:
        own = [[row["estimate"] for row in incidence_curve("micro") if row["cause"] == cause] for cause in ("cancer", "micro cause")]
        assert drawn["estimate"].tolist() == own[0] * 2 + own[1] * 2


def test_measures_of_text_agree_with_the_renderer():
    drawing = style.page(1.0)
    text = style.write(drawing, 0.1, 0.5, "Isolated tumour cells (n = 20 000)")
    from matplotlib import rc_context

    with rc_context({"font.family": ["sans-serif"], "font.sans-serif": ["DejaVu Sans"]}):
        width = text.get_window_extent(_agg(drawing)).width / drawing.dpi
    assert style.text_width("Isolated tumour cells (n = 20 000)") == pytest.approx(width, abs=0.03)


@pytest.mark.parametrize("inches", [0.3, 1.0, 3.0])
def test_shortened_and_wrapped_keep_to_their_width(inches):
    assert style.text_width(style.shortened(LONG, inches)) <= inches
    lines = style.wrapped(LONG, inches)
    assert all(style.text_width(line) <= inches for line in lines)
    assert len(lines) > 1


def test_the_first_four_looks_differ_in_colour_and_in_dashes():
    looks = [style.look(place) for place in range(35)]
    assert len({colour for colour, _ in looks[:4]}) == len({dashes for _, dashes in looks[:4]}) == 4
    assert len(set(looks)) == 35
    assert [colour for colour, _ in looks[:4]] == ["#0072B2", "#D55E00", "#009E73", "#CC79A7"]


def test_contrasts_share_the_axis_of_their_kind():
    row = dict(endpoint="overall", group="a", reference="b", estimate=1.2, conf_low=1.0, conf_high=1.5)
    both = frame_of(CONTRASTS, [dict(row, measure="hazard-ratio"), dict(row, measure="hazard-ratio", group="c")])
    assert "c vs b" in figures.forest(both).alt_text
    mixed = frame_of(CONTRASTS, [dict(row, measure="hazard-ratio"), dict(row, measure="survival-difference")])
    with pytest.raises(UsageError, match=r"several measures were given \(hazard-ratio, survival-difference\), which have no common axis"):
        figures.forest(mixed)
    assert np.isfinite(both["estimate"]).all()
