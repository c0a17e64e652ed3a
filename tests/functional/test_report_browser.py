"""Does the page work in a browser, from a file, without a network: the read-out, the boxes of the groups, and no complaint on the console?"""

from __future__ import annotations

import re
import shutil
import subprocess

import pandas as pd
import pytest

from survival_nodes import figures
from survival_nodes.columns import CURVES, frame_of
from survival_nodes.reporting import write_report
from survival_nodes.study.findings import Findings, Section

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
# Hides the first group, moves the slider to 1 year, and then points at 3 years; what is seen then is written into the page.
ACT = """
const seen = [], box = document.querySelector(".readout"), svg = document.querySelector("figure svg");
const look = () => seen.push([box.querySelector("output").textContent, ...[...box.querySelectorAll("td")].map((cell) => cell.textContent)].join(" "));
const slider = box.querySelector("input[type=range]"), texts = JSON.parse(box.querySelector("script").textContent);
look();
slider.value = texts.years.indexOf(1); slider.dispatchEvent(new Event("input")); look();
const where = new DOMPoint(texts.axis.left + 3 * texts.axis.per_year, texts.axis.bottom - 5).matrixTransform(svg.getScreenCTM());
svg.dispatchEvent(new PointerEvent("pointermove", {clientX: where.x, clientY: where.y})); look();
const drawn = () => [...svg.querySelectorAll("[data-place]")].map((part) => getComputedStyle(part).display === "none" ? "-" : part.dataset.place).join("");
const before = drawn(), check = box.querySelector("input[type=checkbox]");
check.click();
seen.push(before + " then " + drawn(), check.getAttribute("aria-label"), String(document.querySelectorAll(".reading").length));
document.body.dataset.seen = seen.join("; ");
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    row = dict(endpoint="overall", estimand="observed", method="Kaplan-Meier", conf_level=0.95)
    points = {"itc": [(1.0, 3 / 4, 0.1, 0.9, 4, 1, 0), (6.0, 1 / 2, 0.1, 0.8, 3, 2, 0), (7.0, 1 / 2, 0.1, 0.8, 2, 2, 2)], "micro": [(3.0, 1 / 3, 0.05, 0.7, 3, 2, 0), (4.0, 1 / 3, 0.05, 0.7, 1, 2, 1)]}
    names = ("years", "estimate", "conf_low", "conf_high", "n_risk", "n_event", "n_censor")
    curves = frame_of(CURVES, [dict(row, group=group) | dict(zip(names, point)) for group, found in points.items() for point in found])
    section = Section("Survival", ("By hand.",), figures=(figures.kaplan_meier(curves),))
    findings = Findings(
        name="by-hand", title="By hand", synthetic=False, summary=("Done.",), sections=(section,), methods=(), assumptions=(), warnings=(), references=(), frames={}, provenance={},
        ledger=pd.DataFrame({"rule": ["read"], "reason": ["rows"], "n_before": [7], "n_after": [7], "n_excluded": [0]}))
    return write_report(findings, tmp_path_factory.mktemp("browser"))


def browse(page, folder, *options, hash=""):
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: the page was not tried in a browser")
    done = subprocess.run(
        [CHROMIUM, *QUIET, f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", *options, f"{page.as_uri()}{hash}"],
        capture_output=True, text=True, encoding="utf-8", timeout=120, check=True)
    assert "CONSOLE" not in done.stderr, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout


def readout_of(dom):
    part = dom.partition('class="readout"')[2].partition("<script")[0]
    return re.search(r"<output[^>]*>([^<]*)", part)[1], re.findall(r"<td[^>]*>([^<]*)", part)


def test_an_address_sets_the_time(report, tmp_path):
    time, cells = readout_of(browse(report, tmp_path, "--dump-dom", hash="#t=6.04"))
    assert (time, cells) == ("6 years", ["50.0%", "10.0% to 80.0%", "\u2013", "\u2013"])


def test_slider_pointer_and_boxes(report, tmp_path):
    whole = report.read_text(encoding="utf-8")
    tried = tmp_path / "tried.html"
    # The page allows its own script only, so the copy that is tried allows any.
    tried.write_text(re.sub(r"script-src 'sha256-[^']*'", "script-src 'unsafe-inline'", whole).replace("</body>", f"<script>{ACT}</script></body>"), encoding="utf-8")
    seen = re.search(r'data-seen="([^"]*)"', browse(tried, tmp_path, "--dump-dom"))[1].split("; ")
    assert seen[:3] == [
        "5 years 75.0% 10.0% to 90.0% \u2013 \u2013",
        "1 year 75.0% 10.0% to 90.0% 100.0% \u2013",
        "3 years 75.0% 10.0% to 90.0% 33.3% 5.0% to 70.0%"]
    before, after = seen[3].split(" then ")
    assert set(before) == {"0", "1"} and after == before.replace("0", "-")
    assert seen[4:] == ["Show the curve of itc", "1"]


def test_no_other_script_runs(report, tmp_path):
    """The policy of the page stops a script that is not its own; the console says so, which also shows that complaints are heard."""
    tried = tmp_path / "tried.html"
    tried.write_text(report.read_text(encoding="utf-8").replace("</body>", "<script>document.body.dataset.ran = 'yes';</script></body>"), encoding="utf-8")
    with pytest.raises(AssertionError, match="Content Security Policy"):
        browse(tried, tmp_path, "--dump-dom")


def test_without_script_the_page_shows_one_time(report):
    whole = report.read_text(encoding="utf-8")
    time, cells = readout_of(whole)
    assert (time, cells) == ("5 years", ["75.0%", "10.0% to 90.0%", "\u2013", "\u2013"])
    assert whole.count(" hidden>") == 1 and '<p class="control" hidden>' in whole


def test_the_page_is_drawn_and_printed(report, tmp_path):
    browse(report, tmp_path, "--window-size=390,1200", f"--screenshot={tmp_path / 'page.png'}")
    browse(report, tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'page.pdf'}")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG") and (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
