"""Does the harness of `make benchmark` run end to end, judge what it finds, and keep its own tables whole? On two thousand rows, without peers."""

from __future__ import annotations

import ast
import csv
import importlib
import math
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pyarrow", reason="the made-up registry is written as Parquet: pip install 'survival-nodes[io]'")

BENCHMARK = Path(__file__).resolve().parents[1] / "benchmark"
MOST_LINES, MOST_FUNCTION_LINES = 400, 40


@pytest.fixture(scope="module")
def beside():
    """Give the modules of the harness by name, as its script imports them."""
    sys.path.insert(0, str(BENCHMARK))
    try:
        names = ("works", "contest", "agreement", "summary", "report", "machine", "processes", "made_registry")
        yield {name: importlib.import_module(f"beside.{name}") for name in names} | {"main": importlib.import_module("beside_peers").main}
    finally:
        sys.path.remove(str(BENCHMARK))


@pytest.fixture(scope="module")
def ran(beside, tmp_path_factory):
    """Run two works on two thousand rows; give the exit status and the folder of the report."""
    folder = tmp_path_factory.mktemp("benchmark")
    places = ["--folder", str(folder / "work"), "--report", str(folder / "report")]
    return beside["main"](["--only", "kaplan-meier", "whole-process", "--sizes", "2000", "--repeats", "1", "--alone", *places]), folder


def test_a_short_run_reports(ran):
    status, folder = ran
    assert status == 0
    assert {path.name for path in (folder / "report").iterdir()} == {
        "README.md", "measurements.csv", "agreement.csv", "time.svg", "time.png", "memory.svg", "memory.png"}
    with (folder / "report" / "measurements.csv").open(encoding="utf-8") as file:
        runs = list(csv.DictReader(file))
    assert [(run["work"], run["contestant"]) for run in runs] == [
        ("kaplan-meier", "survival_nodes"), ("kaplan-meier", "survival_nodes, every step"), ("whole-process", "survival_nodes")]
    assert all(float(run["seconds"]) > 0 and run["n"] == "2000" for run in runs)


def test_what_is_made_for_a_run_is_removed(ran):
    _, folder = ran
    assert list((folder / "work").iterdir()) == []


def test_both_forms_of_the_curve_are_held_against_each_other(ran):
    _, folder = ran
    with (folder / "report" / "agreement.csv").open(encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert {row["kind"] for row in found} == {"survival", "interval", "survival_error"}
    assert all(row["agrees"] == "True" and float(row["difference"]) <= 1e-12 for row in found)


def test_the_page_states_the_machine_and_names_no_folder(ran):
    _, folder = ran
    page = (folder / "report" / "README.md").read_text(encoding="utf-8")
    assert re.search(r"\d+ cores, [\d.]+ GB", page) and f"numpy {np.__version__}" in page
    assert str(folder) not in page and str(BENCHMARK) not in page
    assert "not run: ours alone" in page


def test_the_made_up_registry_is_the_same_again(beside, tmp_path):
    write = beside["made_registry"].write_registry
    write(500, 7, tmp_path / "first", csv=True)
    write(500, 7, tmp_path / "second")
    first, second = (pd.read_parquet(tmp_path / name / "parts") for name in ("first", "second"))
    pd.testing.assert_frame_equal(first, second)
    text = pd.read_csv(tmp_path / "first" / "rows.csv")
    assert list(text.columns) == list(first.columns) and len(text) == 500
    assert (text["months"] == first["months"]).all() and (text["nodal"] == first["nodal"].astype(str)).all()


def test_the_made_up_registry_holds_together(beside, tmp_path):
    beside["made_registry"].write_registry(4_000, 8, tmp_path)
    rows = pd.read_parquet(tmp_path / "parts")
    assert ((rows["event"] == 1) == (rows["cause"] > 0)).all() and (rows["days"] >= 1).all()
    assert (rows["age"] == np.floor(rows["age_exact"])).all() and (rows["months"] == rows["days"] // 30.4375).all()
    assert (pd.to_datetime(rows["diagnosis_date"]) + pd.to_timedelta(rows["days"], "D")).max() <= pd.Timestamp("2018-12-31") + pd.Timedelta(1, "D")
    assert rows["patient_id"].is_unique
    # Four thousand draws of a share of .24 lie within four standard errors of it.
    assert abs((rows["nodal"] == "macromet").mean() - 0.24) < 4 * math.sqrt(0.24 * 0.76 / 4_000)


def test_a_python_that_is_not_there_is_named(beside, capsys):
    with pytest.raises(SystemExit) as stopped:
        beside["main"](["--peers-python", "no-such-python"])
    assert stopped.value.code == 2 and "no-such-python: there is no such program" in capsys.readouterr().err


def test_contestants_take_turns_and_who_is_stopped_leaves(beside):
    contest, work = beside["contest"], beside["works"].BY_NAME["log-rank"]
    asked = []

    def run(contestant):
        asked.append(contestant.name)
        if contestant.name == "lifelines" and len(asked) > 3:
            raise beside["processes"].Stopped("capped at 1 s")
        return {"seconds": 1.0, "processor": 1.0, "mb": 1.0, "more_mb": None}

    record = contest.Record()
    caps = beside["processes"].Caps(1_000, 1.0)
    setting = contest.Setting(beside["processes"].Interpreters("python", "python", None), {}, caps, 3, long=False, alone=False, say=len)
    still = contest._rounds(work, 10, work.contestants[:3], run, setting, record)
    a, b, c = (contestant.name for contestant in work.contestants[:3])
    assert asked == [a, b, c, a, b, c, a, b] and [contestant.name for contestant in still] == [a, b]
    assert record.left_out == {("log-rank", 10, "lifelines"): "capped at 1 s"} and len(record.runs) == 7


def test_a_call_that_takes_many_minutes_is_made_once(beside):
    contest, work, asked = beside["contest"], beside["works"].BY_NAME["log-rank"], []

    def run(contestant):
        asked.append(contestant.name)
        return {"seconds": 301.0 if contestant.name == "survdiff" else 1.0, "processor": 1.0, "mb": 1.0, "more_mb": None}

    setting = contest.Setting(None, {}, None, 3, long=False, alone=False, say=len)
    still = contest._rounds(work, 10, work.contestants[:2], run, setting, contest.Record())
    own, peer = (contestant.name for contestant in work.contestants[:2])
    assert peer == "survdiff" and asked == [own, peer, own, own] and len(still) == 2


def made_record(beside, seconds: dict[tuple[str, int, str], list[float]], mb: float = 100.0):
    runs = [
        beside["contest"].Measurement(work, n, who, number, value, value, mb, None)
        for (work, n, who), values in seconds.items() for number, value in enumerate(values, 1)]
    return beside["contest"].Record(runs=runs)


def test_ratios_are_of_medians_and_of_rounds(beside):
    record = made_record(beside, {("log-rank", 10, "survival_nodes"): [1.0, 2.0, 4.0], ("log-rank", 10, "survdiff"): [8.0, 10.0, 12.0]})
    found = beside["summary"].ratio(record, "log-rank", 10, "survival_nodes", "survdiff")
    assert (found.medians, found.pairs, found.low, found.high) == (10 / 2, 10 / 2, 12 / 4, 8 / 1)


def test_growth_is_the_power_of_n(beside):
    times = {("log-rank", n, "survival_nodes"): [2 * (n / 1e5) ** 0.8] for n in (100_000, 1_000_000, 3_000_000)}
    found = beside["summary"].growth_verdicts(made_record(beside, times))
    assert [(work.name, who, good) for work, who, _, good in found] == [("log-rank", "survival_nodes", True)]
    assert found[0][2] == pytest.approx(0.8, abs=1e-12)


def test_a_floor_is_judged_by_the_best_peer(beside):
    seconds = {"survival_nodes": 1.0, "survfit": 200.0, "lifelines": 30.0, "statsmodels": 4.0}
    times = {("kaplan-meier", 1_000_000, who): [value] for who, value in seconds.items()}
    found = [verdict for verdict in beside["summary"].verdicts(made_record(beside, times)) if verdict.floor.work == "kaplan-meier"]
    assert [(verdict.measured, verdict.reached) for verdict in found] == [("4 x (statsmodels)", False), ("200 x", True)]


def test_a_peer_too_slow_to_run_is_scaled_up_and_said_to_be(beside):
    times = {("pohar-perme", 1_000_000, "survival_nodes"): [2.0], ("pohar-perme", 10_000, "relsurv"): [6.0], ("pohar-perme", 100_000, "relsurv"): [60.0]}
    found = [verdict for verdict in beside["summary"].verdicts(made_record(beside, times)) if verdict.floor.ratio == 400]
    assert "scaled up" in found[0].measured and found[0].measured.startswith("300 x") and found[0].reached is False


def test_a_floor_not_run_is_not_said_to_be_reached(beside):
    assert {verdict.reached for verdict in beside["summary"].verdicts(beside["contest"].Record())} == {None}


def test_a_floor_not_reached_is_shown_with_the_profile(beside):
    record = made_record(beside, {("pohar-perme", 1_000_000, "survival_nodes"): [2.0]}, mb=400.0)
    record.profiles["pohar-perme", 1_000_000] = [("net_counts.py: net_counts", 1.5)]
    page = "\n".join(beside["report"]._profiles(record))
    assert "pohar-perme, 1,000,000 rows" in page and "| `net_counts.py: net_counts` | 1.500 |" in page


def numbers_apart(beside, by: float, peer: str = "coxph", tightened: bool = False):
    record, work = beside["contest"].Record(), beside["works"].BY_NAME["cox-months"]
    record.numbers["cox-months", 10, "survival_nodes"] = {"coefficient": [0.5, -0.25]}
    place = record.tightened if tightened else record.numbers
    place["cox-months", 10, peer] = {"coefficient": [0.5, -0.25 + by]}
    return beside["agreement"].agreements(work, 10, record)


@pytest.mark.parametrize(("by", "agrees"), [(0.0, True), (2e-9, True), (2e-8, False)])
def test_numbers_are_judged_when_convergence_is_tightened(beside, by, agrees):
    assert [one.agrees for one in numbers_apart(beside, by, tightened=True)] == [agrees]


def test_numbers_of_who_stops_early_are_shown_and_not_judged(beside):
    found = numbers_apart(beside, 1e-5)
    assert [one.agrees for one in found] == [None] and found[0].difference == pytest.approx(1e-5)


@pytest.mark.parametrize(("ours", "theirs", "kind", "expected"), [
    ([1.0, None], [1.0, None], "survival", 0.0), ([1.0, None], [1.0, 0.5], "survival", math.inf), ([1.0], [1.0, 2.0], "survival", math.inf),
    ([200.0], [201.0], "statistic", 1 / 200), ([0.5], [0.75], "survival", 0.25), ([math.nan], [None], "survival", 0.0)])
def test_the_largest_difference(beside, ours, theirs, kind, expected):
    assert beside["agreement"].largest_difference(ours, theirs, kind) == expected


def test_a_contestant_that_takes_too_long_or_fails_is_stopped(beside):
    processes = beside["processes"]
    with pytest.raises(processes.Stopped, match=r"capped at 0\.2 s"):
        processes.run_whole([sys.executable, "-c", "import time; time.sleep(30)"], processes.Caps(4_000, 0.2))
    with pytest.raises(processes.Stopped, match="failed with exit code 3"):
        processes.run_whole([sys.executable, "-c", "raise SystemExit(3)"], processes.Caps(4_000, 20))
    with processes.Server([sys.executable, "-c", "print('@@1', flush=True); input(); import time; time.sleep(30)"], processes.Caps(4_000, 0.3)) as server:
        server.wait_ready()
        with pytest.raises(processes.Stopped, match=r"capped at 0\.3 s"):
            server.ask("run")
        assert server._process.returncode is not None  # it takes nothing from those who go on


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the cap of memory is that of Linux")
def test_a_contestant_that_takes_too_much_memory_is_stopped(beside):
    processes = beside["processes"]
    with pytest.raises(processes.Stopped, match="capped at 200 MB"):
        processes.run_whole([sys.executable, "-c", "held = bytearray(10**9)"], processes.Caps(200, 20))


def test_a_run_is_timed_and_watched(beside):
    contestant = importlib.import_module("beside.contestant")
    part = contestant.Part(load=len, run=lambda n: sorted(range(n)), numbers=list)
    spent, result = contestant.timed(part, 1_000)
    assert result == list(range(1_000)) and 0 < spent["seconds"] < 10
    assert "<built-in method builtins.sorted>" in {name for name, _ in contestant.top_of_profile(part, 1_000)}


def test_every_contestant_has_its_part(beside):
    """The tables of the harness name each other: whoever is in the table of works is written in R, in Python or by ours."""
    r_peers = (BENCHMARK / "beside" / "r_peers.R").read_text(encoding="utf-8")
    in_python = importlib.import_module("beside.python_peers").PARTS
    in_ours = importlib.import_module("beside.ours").PARTS
    for work in beside["works"].WORKS:
        for contestant in work.contestants if work.kind != "process" else ():
            key = (work.name, contestant.name)
            assert {"R": f'"{work.name}|{contestant.name}"' in r_peers, "python": key in in_python, "ours": key in in_ours}[contestant.runs_in], key


def test_every_floor_is_of_a_work_that_is_run_at_its_size(beside):
    for floor in beside["works"].FLOORS:
        work = beside["works"].BY_NAME[floor.work]
        assert floor.n in work.sizes and set(floor.peers) <= {contestant.name for contestant in work.contestants}


def test_the_harness_stays_small():
    for path in [*BENCHMARK.glob("beside/*.py"), BENCHMARK / "beside_peers.py"]:
        source = path.read_text(encoding="utf-8")
        assert len(source.splitlines()) <= MOST_LINES and max(map(len, source.splitlines())) <= 160, path.name
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < MOST_FUNCTION_LINES, (path.name, node.name)
