"""Does a report hold what was found, the same everywhere, safely, and readably for every reader?"""

from __future__ import annotations

import base64
import dataclasses
import errno
import getpass
import hashlib
import html.parser
import json
import math
import os
import platform
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from survival_nodes import figures, tables
from survival_nodes.columns import CURVES, frame_of
from survival_nodes.errors import OutputError, UsageError
from survival_nodes.reporting import write_report
from survival_nodes.reporting.chapters import stem
from survival_nodes.reporting.inline_svg import MANY_POINTS, inline_svg, short_path
from survival_nodes.reporting.page import linked
from survival_nodes.reporting.readout import readout
from survival_nodes.study.findings import Findings, Section
from survival_nodes.tables import Table

NASTY = '<script>alert("x")</script> & \'y\' </script> "z"'
VOID = {"meta", "input", "br", "hr", "img", "link"}
COMMAND = ["/home/jo/venv/bin/survival-nodes", "report", "/home/jo/cohort.csv", "--out=/home/jo/out"]


def curves(labels=("negative", NASTY)) -> pd.DataFrame:
    """Two groups by hand: 4 patients with events at 1 and 6 and censored at 3 and 8; 2 patients with events at 2 and 4."""
    row = dict(endpoint="overall", estimand="observed", method="Kaplan-Meier, log-log interval", conf_level=0.95)
    first = [(1.0, 3 / 4, 0.13, 0.96, 4, 1, 0), (3.0, 3 / 4, 0.13, 0.96, 3, 1, 1), (6.0, 3 / 8, 0.02, 0.79, 2, 2, 1), (8.0, 3 / 8, 0.02, 0.79, 1, 2, 2)]
    second = [(2.0, 1 / 2, 0.01, 0.91, 2, 1, 0), (4.0, 0.0, np.nan, np.nan, 1, 2, 0)]
    names = ("years", "estimate", "conf_low", "conf_high", "n_risk", "n_event", "n_censor")
    return frame_of(CURVES, [dict(row, group=label) | dict(zip(names, point)) for label, points in zip(labels, (first, second)) for point in points])


def table(name="survival", frame=None):
    frame = curves()[["group", "years", "estimate"]] if frame is None else frame
    display = pd.DataFrame({"Group": frame["group"], "Survival": [f"{100 * value:.1f}%" for value in frame["estimate"]], "Remark": "a < b"})
    return Table(name, frame, display, f"Survival of {NASTY}", ("CI: confidence & interval.",))


def findings(name="by-hand", synthetic=False, **changes):
    figure = dataclasses.replace(figures.kaplan_meier(curves(), synthetic=synthetic), name="survival")
    ledger = pd.DataFrame([("read", "rows of the file", 7, 7, 0), ("female", NASTY, 7, 6, 1)], columns=["rule", "reason", "n_before", "n_after", "n_excluded"])
    whole = dict(
        name=name, title=f"By hand {NASTY}", synthetic=synthetic, summary=("Survival at 5 years was 75.0% (negative).", f"{NASTY} was worse."),
        sections=(Section("Survival", (f"About {NASTY}.",), (table(),), (figure,)),),
        ledger=ledger, methods=("Kaplan and Meier's method.",), assumptions=("Censoring is independent.",), warnings=("Few events.", NASTY),
        references=("Morris TP et al. doi:10.1136/bmjopen-2019-030215.", f"{NASTY} https://example.org/{NASTY}"),
        frames={"curves": curves(), "contrasts": pd.DataFrame({"group": ["b", "c"], "estimate": [1 / 3, np.inf], "n": pd.array([3, None], dtype="Int64"), "verdict": ["shown", None]})},
        provenance={"source": "own-file", "inputs": [{"name": "/home/jo/cohort.csv", "sha256": "ab" * 32, "rows": 7}], "seed": 5, "synthetic": False,
                    "plan": {"at_years": [1.0, 5.0], "by": NASTY, "formula": None, "hypotheses": []}})
    return Findings(**(whole | changes))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One report of two chapters, the second synthetic."""
    return write_report([findings(), findings("made-up", synthetic=True)], tmp_path_factory.mktemp("report"), command=COMMAND).parent


@pytest.fixture(scope="module")
def page(folder):
    return Page(folder / "report.html")


class Page(html.parser.HTMLParser):
    """A page taken apart: elements with their attributes and text; a tag that is not closed is a failure."""

    def __init__(self, path: Path):
        super().__init__(convert_charrefs=True)
        self.source, self.elements, self.open = path.read_text(encoding="utf-8"), [], []
        self.feed(self.source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        element = SimpleNamespace(tag=tag, attributes=dict(attrs), text="", within=[each.tag for each in self.open])
        assert len(attrs) == len(element.attributes), f"an attribute comes twice in {tag}"
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1].tag == tag, f"</{tag}> closes {self.open[-1].tag if self.open else 'nothing'}"
        self.open.pop()

    def handle_data(self, text):
        for element in self.open:
            element.text += text

    def all(self, tag, **attributes):
        return [each for each in self.elements if each.tag == tag and all(each.attributes.get(name) == value for name, value in attributes.items())]


def test_everything_is_there(folder):
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {"report.html", "findings.json"} | {
        f"{kind}/{chapter}-{name}" for chapter in ("by-hand", "made-up")
        for kind, name in (("tables", "survival.csv"), ("tables", "exclusions.csv"), ("figures", "survival.svg"), ("figures", "survival.png"))}
    assert (folder / "figures" / "by-hand-survival.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_findings_give_the_same_bytes(folder, tmp_path):
    again = write_report([findings(), findings("made-up", synthetic=True)], tmp_path / "elsewhere", command=COMMAND).parent
    for path in folder.rglob("*"):
        assert path.is_dir() or (again / path.relative_to(folder)).read_bytes() == path.read_bytes(), path.name


def test_tags_ids_and_references_hold(page):
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids)) > 20
    wanted = {name for each in page.elements for key in ("aria-labelledby", "for") if key in each.attributes for name in each.attributes[key].split()}
    wanted |= {each.attributes["href"][1:] for each in page.elements if each.attributes.get("href", "").startswith("#")}
    wanted |= set(re.findall(r"url\(#([^)]+)\)", page.source))
    assert wanted <= set(ids)


def test_nothing_is_asked_of_the_network(page):
    for each in page.elements:
        assert "src" not in each.attributes and each.tag not in {"link", "iframe", "object", "embed", "img", "base"}
        address = each.attributes.get("href", "")
        assert each.tag == "a" or not address.startswith(("http", "//"))
    assert "@import" not in page.source and not re.search(r"url\((?!#)", page.source)


def test_only_the_one_script_may_run(page):
    policy = page.all("meta", **{"http-equiv": "Content-Security-Policy"})[0].attributes["content"]
    scripts = [each for each in page.all("script") if "type" not in each.attributes]
    assert len(scripts) == 1
    known = base64.b64encode(hashlib.sha256(scripts[0].text.encode()).digest()).decode()
    assert f"script-src 'sha256-{known}'" in policy and policy.startswith("default-src 'none'") and "script-src 'unsafe" not in policy
    assert not any(name.startswith("on") for each in page.elements for name in each.attributes)


def test_text_from_data_stays_text(page):
    assert "<script>alert" not in page.source and "</script> &" not in page.source
    assert page.all("h2")[0].text == f"By hand {NASTY}"
    assert any(NASTY in each.text for each in page.all("caption"))
    assert any(each.attributes.get("role") == "img" and "alert" in each.attributes["aria-label"] for each in page.all("svg"))
    assert any("alert" in each.text for each in page.all("text"))
    assert [each.attributes["type"] for each in page.all("script") if "type" in each.attributes] == ["application/json"] * 2


def test_headings_come_in_order(page):
    levels = [int(each.tag[1]) for each in page.elements if re.fullmatch("h[1-6]", each.tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(levels, levels[1:]))


def test_tables_and_figures_speak_to_every_reader(page):
    assert page.all("html", lang="en") and page.all("main", id="main") and page.all("a", **{"class": "skip", "href": "#main"})
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(each.attributes.get("scope") in {"col", "row"} for each in page.all("th"))
    assert all(each.attributes.get("role") == "img" and each.attributes.get("aria-label") for each in page.all("svg"))
    assert len(page.all("figure")) == len(page.all("figcaption")) == len(page.all("svg")) == 2


def test_the_page_shows_in_order(page):
    told = [each.text for each in page.elements if each.tag in {"h1", "h2", "h3"}]
    chapter = ["Summary", "Who is in the analysis", "Survival", "Methods", "What was assumed", "Warnings", "References", "Where the data came from"]
    assert told[2:10] == chapter and told[11:19] == chapter and told[19] == "How this report was made"
    assert "No row is about one patient" in page.all("main")[0].text


def test_synthetic_chapters_say_so_everywhere(page):
    article = page.source.partition('<article id="made-up"')[2]
    assert article.count("Synthetic data") == 1 + 2 + 1  # the banner, two tables, one figure
    assert "Synthetic data" not in page.source.partition('<article id="by-hand"')[2].partition("</article>")[0]
    assert "Synthetic data" in page.all("nav")[0].text


def test_links_lead_to_the_files(page, folder):
    linked_files = {each.attributes["href"] for each in page.all("a") if not each.attributes["href"].startswith(("#", "http"))}
    assert linked_files == {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {"report.html"}


def test_a_table_is_the_same_on_the_page_and_in_its_file(page, folder):
    frame = pd.read_csv(folder / "tables" / "by-hand-survival.csv")
    pd.testing.assert_frame_equal(frame, curves()[["group", "years", "estimate"]])
    cells = page.source.partition('id="table-by-hand-survival"')[2].partition("</table>")[0]
    for text in ("75.0%", "37.5%", "50.0%", "0.0%"):
        assert f'<td class="number">{text}</td>' in cells
    assert "<td>a &lt; b</td>" in cells
    ledger = pd.read_csv(folder / "tables" / "by-hand-exclusions.csv")
    pd.testing.assert_frame_equal(ledger, findings().ledger)


@pytest.mark.parametrize(("cells", "right"), [
    (["72.2% (54.5% to 84.0%)", "55.6% (20.4% to 80.5%) \u2020"], True),
    (["not reached (5.50 to not reached)", "6.08"], True),
    (["1 (reference)", "2.66 (1.14 to 6.25)", ""], True),
    (["<0.001", "\u2013", "20\u202f000", "\u22120.5"], True),
    (["45 rows of a file", "3"], False),
    (["not reached", "not reached"], False),
    (["", "\u2013"], False),
])
def test_columns_of_numbers_stand_to_the_right(tmp_path, cells, right):
    display = pd.DataFrame({"Group": [str(number) for number in range(len(cells))], "It": cells})
    written = write_report(findings(sections=(Section("x", tables=(Table("t", display, display, "T.", ()),)),)), tmp_path)
    shown = Page(written)
    numbers = [each.text for each in shown.all("td", **{"class": "number"})]
    assert all((cell in numbers) == right for cell in cells if cell)
    assert all(each.attributes["scope"] == "row" for each in shown.all("th") if each.text in display["Group"].tolist())


def test_what_was_set_is_told(page):
    told = dict(zip([each.text for each in page.all("dt")], [each.text for each in page.all("dd")]))
    assert (told["source"], told["seed"], told["plan at years"], told["plan by"], told["synthetic"]) == ("own-file", "5", "1.0, 5.0", NASTY, "no")
    assert "plan formula" not in told and "plan hypotheses" not in told
    assert told["numpy"] == np.__version__ and told["command"] == "survival-nodes report cohort.csv --out=out"
    assert [each.text for each in page.all("td", **{"class": "hash"})] == ["ab" * 32] * 2


def test_a_ledger_that_a_section_shows_is_not_shown_twice(tmp_path):
    written = write_report(findings(sections=(Section("Patients", tables=(tables.flow(findings().ledger),)),)), tmp_path)
    assert "Who is in the analysis" not in written.read_text(encoding="utf-8") and not (tmp_path / "tables" / "by-hand-exclusions.csv").exists()


def test_json_holds_every_number(folder):
    def strict(constant):
        raise AssertionError(f"{constant} is not JSON")

    whole = json.loads((folder / "findings.json").read_text(encoding="utf-8"), parse_constant=strict)
    assert list(whole) == ["form", "reading", "title", "statement", "versions", "command", "findings", "files"]
    first, second = whole["findings"]
    assert (first["synthetic"], second["synthetic"]) == (False, True)
    assert first["summary"][1] == f"{NASTY} was worse."
    assert first["verdicts"] == [{"frame": "contrasts", "group": "b", "estimate": 1 / 3, "n": 3, "verdict": "shown"}]
    assert first["frames"]["contrasts"]["estimate"] == [1 / 3, "Inf"] and first["frames"]["contrasts"]["n"] == [3, None] and first["frames"]["contrasts"]["verdict"] == ["shown", None]
    told, wanted = first["frames"]["curves"], curves()
    assert list(told) == CURVES.names
    pd.testing.assert_frame_equal(pd.DataFrame(told).astype(wanted.dtypes.to_dict()), wanted, check_exact=True)
    assert told["conf_low"][-1] is None and told["cause"] == [None] * 6
    assert first["provenance"] == findings().provenance | {"inputs": [{"name": "cohort.csv", "sha256": "ab" * 32, "rows": 7}]}


def test_json_lists_the_files(folder):
    listed = json.loads((folder / "findings.json").read_text(encoding="utf-8"))["files"]
    assert listed == {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.*") if path.name != "findings.json"}


def test_an_older_report_leaves_nothing_that_misleads(tmp_path):
    write_report(findings(sections=(Section("x", tables=(table("gone"), table("changed"), table("away"))),)), tmp_path)
    (tmp_path / "tables" / "by-hand-changed.csv").write_text("mine")
    (tmp_path / "tables" / "by-hand-away.csv").unlink()
    (tmp_path / "tables" / "by-hand-mine.csv").write_text("mine")
    write_report(findings(sections=(Section("x", tables=(table(),)),)), tmp_path)
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {f"by-hand-{name}.csv" for name in ("survival", "exclusions", "changed", "mine")}


@pytest.mark.parametrize("found", ["", "[]", '{"files": 3}', '{"files": {"../mine.csv": "%s", "tables/../../mine.csv": "%s", "mine.csv": "%s"}}'])
def test_another_findings_file_removes_nothing(tmp_path, found):
    mine = hashlib.sha256(b"mine").hexdigest()
    (tmp_path / "mine.csv").write_bytes(b"mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.csv").write_bytes(b"mine")
    (tmp_path / "out" / "findings.json").write_text(found.replace("%s", mine))
    write_report(findings(sections=()), tmp_path / "out")
    assert (tmp_path / "mine.csv").exists() and (tmp_path / "out" / "mine.csv").exists()


def test_nobody_is_named(folder):
    for path in folder.rglob("*"):
        if path.is_file():
            written = path.read_bytes()
            for secret in (str(Path.home()), str(folder), "/home/jo", f"{getpass.getuser()}@", f"@{platform.node()}"):
                assert secret.encode() not in written, (path.name, secret)
    assert "survival-nodes report cohort.csv --out=out" in (folder / "report.html").read_text(encoding="utf-8")


def test_one_findings_makes_a_page_of_its_own(tmp_path):
    alone = Page(write_report(findings(warnings=(), references=()), tmp_path))
    assert alone.all("h1")[0].text == f"By hand {NASTY}" and not alone.all("nav") and not alone.all("h3")
    assert not any(each.text in {"Warnings", "References"} for each in alone.all("h2"))
    assert "command" not in [each.text for each in alone.all("dt")]


def test_a_report_without_results_is_a_report(tmp_path):
    bare = findings(sections=(), frames={}, summary=(), methods=(), assumptions=(), provenance={}, ledger=findings().ledger.iloc[:0])
    assert Page(write_report(bare, tmp_path)).all("h1")


@pytest.mark.parametrize(("arguments", "words"), [
    (dict(formats=("html", "pdf")), "there is no format of a report 'pdf'; there are: html"),
    (dict(formats="docx"), "there is no format of a report 'docx'; there are: html"),
    (dict(formats=()), "no format was given: name at least one of html"),
    (dict(findings=[]), "there are no findings to report"),
    (dict(findings=[findings("A b", sections=()), findings("a-B", sections=())]), "would be called 'a-b'"),
    (dict(findings=findings(sections=(Section("x", tables=(table("a"), table("A"))),))), "'tables/by-hand-a.csv'"),
])
def test_a_wrong_call_is_told(tmp_path, arguments, words):
    with pytest.raises(UsageError) as told:
        write_report(**(dict(findings=findings(), folder=tmp_path / "out") | arguments))
    assert words in str(told.value) and not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError):
        write_report(findings(sections=()), tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_full_disk_leaves_no_half_report(tmp_path, monkeypatch):
    calls, real = [], os.fsync

    def fsync(handle):
        calls.append(handle)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OutputError, match="no space left"):
        write_report(findings(sections=(Section("x", tables=(table("a"), table("b"))),)), tmp_path / "out")
    assert list(tmp_path.iterdir()) == [] and len(calls) == 3


def test_everything_is_drawn_before_anything_is_written(tmp_path):
    def draw():
        raise RuntimeError("a defect")

    figure = figures.Figure("broken", pd.DataFrame(), "c", "a", _draw=draw)
    with pytest.raises(RuntimeError):
        write_report(findings(sections=(Section("x", tables=(table(),), figures=(figure,)),)), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_file_name_that_cannot_be_read_stops_nothing(tmp_path):
    name = b"kohorte_\xe4.csv".decode("utf-8", "surrogateescape")
    one = findings(sections=(), provenance={"inputs": [{"name": name, "sha256": "00", "rows": 1}]})
    written = write_report(one, tmp_path, command=["survival-nodes", "report", name])
    assert written.read_text(encoding="utf-8").count("kohorte_?.csv") == 2


def test_curves_are_read_as_steps():
    read = readout(figures.kaplan_meier(curves()))
    at = {years: place for place, years in enumerate(read.years)}
    first, second = read.estimates
    assert read.groups == ("negative", NASTY) and read.places == (0, 1) and read.level == "95% CI"
    assert [first[at[years]] for years in (0.0, 0.9, 1.0, 5.9, 6.0, 8.0)] == ["100.0%", "100.0%", "75.0%", "75.0%", "37.5%", "37.5%"]
    assert [second[at[years]] for years in (2.0, 4.0, 4.1)] == ["50.0%", "0.0%", "\u2013"]
    assert read.intervals[0][at[0.0]] == "\u2013" and read.intervals[0][at[5.0]] == "13.0% to 96.0%"
    assert read.times[read.shown] == "5 years"


def test_a_time_in_months_is_met_at_its_year():
    row = dict(endpoint="overall", estimand="observed", method="Kaplan-Meier", conf_level=0.95, group="all")
    frame = frame_of(CURVES, [dict(row, years=months / 12, estimate=1 - months / 100, n_risk=100 - months, n_event=months, n_censor=0) for months in range(1, 84)])
    read = readout(figures.kaplan_meier(frame))
    # 0.7 years are 8.4 months; 5.8 years are 69.6 months; 7 - 1/12 years are the last.
    assert [read.estimates[0][read.years.index(years)] for years in (0.7, 5.0, 5.8)] == ["92.0%", "40.0%", "31.0%"]


def test_only_curves_are_read(tmp_path):
    assert readout(figures.flow(findings().ledger)) is None


@pytest.mark.parametrize("unit", ["years", "months"])
def test_the_axis_of_time_is_found(unit):
    """A vertical line at a time goes through the tick of that time."""
    figure = figures.kaplan_meier(curves(), time_unit=unit)
    axis = readout(figure).axis
    ticks = figure.data.loc[figure.data["part"] == "table", "years"].unique()
    places = [float(x) for x in re.findall(r'<use [^>]*x="([\d.]+)" y="%.2f' % axis.bottom, figure.svg())]
    assert len(places) >= len(ticks) >= 4
    for years in ticks:
        assert min(abs(axis.left + years * axis.per_year - place) for place in places) < 0.02


def test_pictures_of_one_page_keep_apart():
    svg = ('<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" id="root" viewBox="0 0 9 9" onload="x()"><title>t</title><script>x()</script>'
           '<style>*{a: b} #root *{c: #fff}</style><defs><path id="m" d="M 0 0 L 0 1.23456"/></defs><g id="idle" clip-path="url(#m)"><use xlink:href="#m" x="1.00499"/></g></svg>')
    assert inline_svg(svg, prefix="p", alt_text='"<&') == (
        '<svg id="p" role="img" aria-label="&quot;&lt;&amp;" viewBox="0 0 9 9"><style>#p *{a: b} #p *{c: #fff}</style><defs><path d="M0 0V1.23" id="p-m" /></defs>'
        '<g clip-path="url(#p-m)"><use href="#p-m" x="1" /></g></svg>')


def points(path: str) -> list[tuple[float, float]]:
    """Walk an outline of M, L, H and V."""
    x = y = 0.0
    walked = []
    for letter, numbers in re.findall(r"([MLHV])([^MLHVz]*)", path):
        told = [float(number) for number in numbers.split()]
        x, y = {"H": (told[0], y), "V": (x, told[0])}.get(letter, tuple(told[:2]) if len(told) > 1 else (x, y))
        walked.append((x, y))
    return walked


@pytest.mark.parametrize("n", [3, MANY_POINTS * 4])
def test_a_short_path_goes_where_the_long_one_did(n):
    rng = np.random.default_rng(20240501)
    across, up = np.cumsum(rng.exponential(400 / n, n)), 200 - np.cumsum(rng.exponential(150 / n, n))
    corners = [corner for pair in zip(zip(across, up), zip(across[1:], up)) for corner in pair]
    long = "M " + " L ".join(f"{x:.6f} {y:.6f}" for x, y in corners)
    short = short_path(long)
    xs, ys = zip(*points(short))
    assert list(xs) == sorted(xs) and list(ys) == sorted(ys, reverse=True)
    assert xs[0] == pytest.approx(corners[0][0], abs=0.06) and ys[-1] == pytest.approx(corners[-1][1], abs=0.06)
    # Between its corners the short one is a staircase too; at any place it is as high as the long one was within a tenth of a point of there.
    for x, y in corners[:: max(1, n // 50)]:
        nearby = [height for place, height in zip(xs, ys) if abs(place - x) <= 0.2] or [ys[max(place for place in range(len(xs)) if xs[place] <= x)]]
        assert min(abs(height - y) for height in nearby) < 0.2
    assert len(short) < 0.7 * len(long)


@pytest.mark.parametrize("path", ["M 0 0 C 1.23456 2 3 4 5 6 z", "M 0 0 Q 1 2 3 4", "M 1e5 2 h 3"])
def test_other_outlines_are_only_rounded(path):
    assert short_path(path) == path.replace("1.23456", "1.23")


@pytest.mark.parametrize(("text", "addresses"), [
    ("No address (1989).", []),
    ("doi:10.1136/bmjopen-2019-030215.", ["https://doi.org/10.1136/bmjopen-2019-030215"]),
    ("(doi: 10.1016/S0140-6736(97)11423-4).", ["https://doi.org/10.1016/S0140-6736(97)11423-4"]),
    ("https://doi.org/10.1000/a, http://b.org/c;", ["https://doi.org/10.1000/a", "http://b.org/c"]),
    ("javascript:alert(1) data:10.1", []),
])
def test_references_lead_to_their_sources(text, addresses):
    pieces = list(linked(text))
    assert "".join(piece for piece, _ in pieces) == text
    assert [address for _, address in pieces if address] == addresses


def test_names_become_fit_for_files():
    assert [stem(name) for name in ("Sedmak 1989", "../x", "\u00e9t\u00e9", "")] == ["sedmak-1989", "x", "t", "unnamed"]


def test_contrast_of_colours_is_enough():
    """WCAG 2.1, 1.4.3: at least 4.5 to 1 for text on the white page or on the banner."""
    css = (Path(write_report.__code__.co_filename).parent / "templates" / "report.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--(ink|soft|link|made-up): (#[0-9a-f]{3,6})", css))

    def luminance(colour):
        digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
        parts = [int(digits[place:place + 2], 16) / 255 for place in (0, 2, 4)]
        return sum(weight * (part / 12.92 if part <= 0.03928 else math.pow((part + 0.055) / 1.055, 2.4)) for weight, part in zip((0.2126, 0.7152, 0.0722), parts))

    assert len(colours) == 4
    for colour in colours.values():
        assert (luminance("#fff6ec") + 0.05) / (luminance(colour) + 0.05) >= 4.5


def test_a_report_is_light(folder):
    assert (folder / "report.html").stat().st_size < 120_000
    assert (folder / "figures" / "by-hand-survival.svg").stat().st_size < 40_000
