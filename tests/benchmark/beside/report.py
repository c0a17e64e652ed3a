"""The report: a page of tables, and every measurement as CSV."""

from __future__ import annotations

import csv
import dataclasses
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from .agreement import Agreement, agreements
from .contest import Measurement, Record
from .summary import Verdict, growth_verdicts, middle, ratio, runs_of, verdicts
from .works import MOST_GROWTH, Contestant, Work

INTRODUCTION = """# Beside its peers

Made by `make benchmark` (`tests/benchmark/beside_peers.py`). The registry is synthetic: no patient of it ever lived.

Every contestant runs in a process of its own, all in turn (A B C A B C ...), after a warm-up on {warm:,} rows. What is timed is the call on what has
been loaded, to the numbers; of a *whole process* everything from its start to its end, and of a *scan* the reading of the files too. **Ratio**: the peer's
median time over ours, in brackets the median, smallest and largest ratio of one round. The first call on a cohort, which finds nothing prepared, is among
those counted.
Peak: of the process, imports and loaded rows included; *more*: what the call itself took on top.
Caps: {mb:,} MB of memory and {seconds:g} s for one call; who passes one is stopped, and named as capped.
"""


def write_report(record: Record, works: Sequence[Work], machine: dict[str, object], header: dict[str, object], folder: Path) -> None:
    """Write `README.md`, `measurements.csv` and `agreement.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    found = [one for work, n in places(record, works) for one in agreements(work, n, record)]
    lines = [INTRODUCTION.format(**header), *_machine(machine), *_floors(record), *_growth(record)]
    for work in works:
        lines += _work(record, work, found)
    lines += _profiles(record)
    (folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _write_csv(folder / "measurements.csv", [field.name for field in dataclasses.fields(Measurement)], record.runs)
    _write_csv(folder / "agreement.csv", [*(field.name for field in dataclasses.fields(Agreement)), "agrees"], found)


def disagreements(record: Record, works: Sequence[Work]) -> list[Agreement]:
    """Give every comparison of numbers that was judged and failed."""
    return [one for work, n in places(record, works) for one in agreements(work, n, record) if one.agrees is False]


def places(record: Record, works: Sequence[Work]) -> list[tuple[Work, int]]:
    """Give every work with every size at which anybody was asked."""
    asked = {(run.work, run.n) for run in record.runs} | {key[:2] for key in record.left_out}
    return [(work, n) for work in works for name, n in sorted(asked) if name == work.name]


def _write_csv(path: Path, names: Sequence[str], rows: Iterable[object]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for row in rows:
            values = [getattr(row, name) for name in names]
            writer.writerow([f"{value:.6g}" if isinstance(value, float) else "" if value is None else value for value in values])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows), ""]


def _machine(machine: dict[str, object]) -> list[str]:
    said = [
        "## The machine", "",
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}; "
        f"load when the run began: {machine['load_at_start']}.", ""]
    for title, key in (("This package", "ours"), ("Peers in Python", "peers"), ("R", "r")):
        found = machine[key]
        said.append(f"- {title}: " + (", ".join(f"{name} {version}" for name, version in found.items()) if found else "not there"))
    return [*said, ""]


def _word(reached: bool | None) -> str:
    return {True: "yes", False: "**no**", None: "-"}[reached]


def _floors(record: Record) -> list[str]:
    def row(verdict: Verdict) -> list[str]:
        return [verdict.floor.work, f"{verdict.floor.n:,}", verdict.wanted, verdict.measured, _word(verdict.reached)]
    return ["## Floors", "", *_table(["work", "rows", "wanted", "measured", "reached"], [row(verdict) for verdict in verdicts(record)])]


def _growth(record: Record) -> list[str]:
    rows = [[work.name, name, f"n^{value:.2f}", _word(good)] for work, name, value, good in growth_verdicts(record)]
    title = f"## Growth of processor time from 100,000 to 3 million rows (at most n^{MOST_GROWTH:g})"
    return [title, "", *_table(["work", "who", "growth", "reached"], rows)] if rows else []


def _number(value: float | None, form: str = ".3g") -> str:
    return "" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else format(value, form)


def _work(record: Record, work: Work, found: Sequence[Agreement]) -> list[str]:
    lines = ["", f"## {work.name}", "", work.title + ".", ""]
    rows = [
        _row(record, work, n, contestant, found) for each, n in places(record, [work]) for contestant in each.contestants]
    head = ["rows", "who", "seconds", "first", "processor s", "peak MB", "more MB", "rounds", "ratio", "of processor time", "memory, ours / theirs", "numbers"]
    return [*lines, *_table(head, rows), *_notes(work)] if rows else []


def _row(record: Record, work: Work, n: int, contestant: Contestant, found: Sequence[Agreement]) -> list[str]:
    own, first = middle(record, work.name, n, contestant.name), work.contestants[0].name
    named = [f"{n:,}", contestant.name]
    reason = record.left_out.get((work.name, n, contestant.name), "")
    if own is None:
        return [*named, reason, *[""] * 9]
    beside = None if contestant.name == first else ratio(record, work.name, n, first, contestant.name)
    ratios = ["", "", ""]
    if beside is not None:
        times, pairs, low, high = (_number(value) for value in (beside.medians, beside.pairs, beside.low, beside.high))
        ratios = [f"{times} ({pairs}; {low} - {high})", _number(beside.processor), _number(beside.share_of_memory, ".2f")]
    spent = [_number(own.seconds), _number(own.first), _number(own.processor), _number(own.mb, ".0f"), _number(own.more_mb, ".0f"), str(own.rounds)]
    return [*named, *spent, *ratios, reason or _agreement(work, n, contestant, found)]


def _agreement(work: Work, n: int, contestant: Contestant, found: Sequence[Agreement]) -> str:
    """Say the largest difference of each kind; where numbers of tightened convergence are there, both."""
    said = []
    for one in found:
        if (one.work, one.n, one.peer) == (work.name, n, contestant.name):
            far = "other numbers" if math.isinf(one.difference) else f"{one.difference:.0e}"
            judged = {True: "", False: " **differs**", None: " as timed" if contestant.tightened else " not judged"}[one.agrees]
            said.append(f"{one.kind.replace('_', ' ')} {far}{' tightened' if one.tightened else ''}{judged}")
    return "; ".join(said)


def _notes(work: Work) -> list[str]:
    return [*(f"- {contestant.name}: {contestant.note}." for contestant in work.contestants if contestant.note), ""]


def _profiles(record: Record) -> list[str]:
    """Say of every floor that is not reached where the time goes; of growth, at the largest size watched."""
    missed = {(verdict.floor.work, verdict.floor.n) for verdict in verdicts(record) if verdict.reached is False}
    steep = {work.name for work, name, _, good in growth_verdicts(record) if not good and name == work.contestants[0].name}
    missed |= {(name, max(n for watched, n in record.profiles if watched == name)) for name in steep & {watched for watched, _ in record.profiles}}
    lines = ["", "## Where the time goes, of floors not reached", ""] if missed else []
    for work, n in sorted(missed & set(record.profiles)):
        rows = [[f"`{name}`", f"{seconds:.3f}"] for name, seconds in record.profiles[work, n]]
        lines += [f"### {work}, {n:,} rows", "", *_table(["function", "seconds, what it calls included"], rows)]
    return lines


def progress_line(record: Record, work: Work, n: int) -> str:
    """Say in one line how a work went at one size."""
    own = work.contestants[0].name
    ours = middle(record, work.name, n, own)
    if ours is None:
        return f"{work.name} {n:,}: {record.left_out.get((work.name, n, own), 'not run')}"
    beside = [(peer.name, ratio(record, work.name, n, own, peer.name)) for peer in work.contestants[1:] if runs_of(record, work.name, n, peer.name)]
    return f"{work.name} {n:,}: {ours.seconds:.4g} s" + "".join(f"; {name} {_number(found.medians)} x" for name, found in beside)
