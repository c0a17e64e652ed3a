"""The sums of net survival in intervals against plain loops, patient by patient; the loops themselves against arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest

from survival_nodes.kernels import net_intervals
from survival_nodes.kernels.life_table_paths import LifeTablePaths
from survival_nodes.kernels.net_intervals import RATES, Stays, expected_survival, interval_sums

YEAR_CUTS, AGE_CUTS = [0.0, 365.0, 730.0, 1461.0], [0.0, 20000.0, 20300.0, 20650.0, 21000.0]


def cell(cuts: list[float], value: float) -> int:
    return max([place for place, cut in enumerate(cuts) if cut <= value + 1e-7], default=0)


def rate_at(table, row, t: float) -> float:
    return table[row["sex"]][cell(YEAR_CUTS, row["date"] + t)][cell(AGE_CUTS, row["age"] + t)]


def hazard(table, row, a: float, b: float) -> float:
    """The hazard a row meets between two of its times: piece by piece between crossings."""
    crossings = [cut - row["date"] for cut in YEAR_CUTS] + [cut - row["age"] for cut in AGE_CUTS]
    points = sorted({a, b, *(crossing for crossing in crossings if a < crossing < b)})
    return sum(rate_at(table, row, (low + high) / 2) * (high - low) for low, high in zip(points, points[1:]))


def over_interval(table, row, a: float, b: float, rates: str) -> tuple[float, float, float]:
    """A row's hazard over the whole interval, its own time there, and its hazard in that time."""
    begin, end = max(a, row["entry"], 0.0), min(b, row["exit"])
    time = max(end - begin, 0.0)
    if rates == "throughout":
        return hazard(table, row, a, b), time, hazard(table, row, begin, end) if time else 0.0
    rate = rate_at(table, row, a if rates == "start" else (begin + end) / 2 if time else (a + b) / 2)
    return rate * (b - a), time, rate * time


def plain_sums(table, rows, ends, rates: str, weighted: bool) -> dict[str, list[float]]:
    names = ("start", "late", "event", "squared_event", "withdrawn", "days", "expected_event", "expected_survivor")
    sums = {name: [0.0] * len(ends) for name in names}
    for row in rows:
        before = 0.0
        for j, (a, b) in enumerate(zip([0.0, *ends], ends)):
            full, time, own = over_interval(table, row, a, b, rates)
            weight = row["case"] * (math.exp(before + full / 2) if weighted else 1.0)
            before += full
            leaves = row["exit"] <= b and (row["exit"] > a or a == 0)
            at_start = (row["entry"] <= a) and (row["exit"] > a or (a == 0 and leaves))
            late = a < row["entry"] < b
            for name, amount in (
                    ("start", at_start), ("late", late), ("event", leaves and row["event"]), ("withdrawn", leaves and not row["event"]),
                    ("days", time), ("expected_event", own), ("expected_survivor", (at_start + late / 2) * math.exp(-full))):
                sums[name][j] += weight * amount
            sums["squared_event"][j] += weight**2 * bool(leaves and row["event"])
    return sums


def plain_expected(table, rows, ends, rates: str) -> list[float]:
    """Hakulinen's expected survival by its definition: expected deaths over the expected number at risk, less half of those withdrawn."""
    survival, found = 1.0, []
    for j, (a, b) in enumerate(zip([0.0, *ends], ends)):
        at_risk = dead = withdrawn = 0.0
        for row in rows:
            followed = row | {"entry": row["entry"], "exit": row["potential"]}
            steps = [over_interval(table, followed, *pair, rates)[0] for pair in zip([0.0, *ends], ends)]
            share = row["case"] * (1.0 if row["entry"] <= a else 0.5 if row["entry"] < b else 0.0) * (row["potential"] > a or a == 0)
            alive = share * math.exp(-sum(steps[:j]))
            leaves = row["potential"] <= b
            stay = math.exp(-steps[j] / (2 if leaves else 1))
            at_risk, dead, withdrawn = at_risk + alive, dead + alive * (1 - stay), withdrawn + alive * stay * leaves
        survival *= 1 - dead / (at_risk - withdrawn / 2)
        found.append(survival)
    return found


def made(seed: int, n: int = 60):
    random = np.random.default_rng(seed)
    table = random.uniform(1e-4, 3e-3, (2, len(YEAR_CUTS), len(AGE_CUTS)))
    late = random.random(n) < 0.4
    entry = np.where(late, random.integers(1, 300, n), -1).astype(float)
    exit_ = np.maximum(entry, 0) + random.integers(0, 700, n) + late
    rows = [
        {"sex": int(sex), "date": float(date), "age": float(age), "entry": float(e), "exit": float(x), "event": int(d), "case": float(c), "potential": float(x + more)}
        for sex, date, age, e, x, d, c, more in zip(
            random.integers(0, 2, n), random.integers(0, 900, n), random.integers(19000, 21500, n), entry, exit_, random.integers(0, 2, n),
            random.choice([0.5, 1.0, 2.0], n), random.integers(0, 300, n), strict=True)]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    paths = LifeTablePaths(table, np.array(YEAR_CUTS), np.array(AGE_CUTS), columns["sex"], columns["date"], columns["age"])
    ends = [30.0, 100.0, 250.0, 365.25, 400.0, 600.0]
    return table, rows, ends, Stays(paths, columns["entry"], columns["exit"], columns["event"], columns["case"], np.array(ends)), columns["potential"]


def test_the_plain_hazard_is_the_one_worked_out():
    table = np.zeros((1, 4, 5))
    table[0, 0, 0], table[0, 1, 0], table[0, 1, 1] = 1.0, 10.0, 100.0
    row = {"sex": 0, "date": 355.0, "age": 19970.0}
    # Ten days in the first year, twenty in the second, then twenty of the second age.
    assert hazard(table, row, 0, 50) == pytest.approx(10 * 1 + 20 * 10 + 20 * 100)
    assert over_interval(table, row | {"entry": 5.0, "exit": 20.0}, 0, 30, "middle") == (10 * 30, 15, 10 * 15)
    assert over_interval(table, row | {"entry": 5.0, "exit": 20.0}, 0, 30, "start") == (1 * 30, 15, 1 * 15)
    assert over_interval(table, row | {"entry": 5.0, "exit": 20.0}, 0, 30, "throughout") == (10 + 200, 15, 5 + 100)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_sums_are_those_of_plain_loops(seed, rates, weighted, monkeypatch):
    table, rows, ends, stays, _ = made(seed)
    monkeypatch.setattr(net_intervals, "_CELLS", 7 * len(ends))  # several blocks
    found, plain = interval_sums(stays, rates, weighted), plain_sums(table, rows, ends, rates, weighted)
    for name, values in plain.items():
        assert getattr(found, name) == pytest.approx(values, rel=1e-10, abs=1e-10), name


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("rates", RATES)
def test_the_expected_survival_is_that_of_plain_loops(seed, rates, monkeypatch):
    table, rows, ends, stays, potential = made(seed)
    monkeypatch.setattr(net_intervals, "_CELLS", 7 * len(ends))
    assert expected_survival(stays, rates, potential) == pytest.approx(plain_expected(table, rows, ends, rates), rel=1e-10)
    everybody = [row | {"entry": -1.0, "potential": 1e9} for row in rows]
    assert expected_survival(stays, rates) == pytest.approx(plain_expected(table, everybody, ends, rates), rel=1e-10)
