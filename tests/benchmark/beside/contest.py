"""A work at one size: every contestant in its own process, all in turn (A B C A B C ...), then their numbers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from .machine import is_there
from .processes import HERE, Caps, Interpreters, Server, Stopped, command_of, run_whole
from .works import FLOORS, Contestant, Work

# Convergence is tightened, which takes a further fit, up to so many rows; a work that has taken so long has no more than so many rounds; and a peer
# whose one call takes so long has that one round.
MOST_TIGHTENED, PATIENCE, FEWEST, ENDLESS = 1_000_000, 300.0, 3, 300.0
Numbers = dict[str, list[float | None]]


@dataclass(frozen=True)
class Measurement:
    """One run of one contestant; `more_mb` is the peak less what was held before the run, where the system tells."""

    work: str
    n: int
    contestant: str
    round: int
    seconds: float
    processor: float
    mb: float | None
    more_mb: float | None


@dataclass
class Record:
    """What was found: the runs; by (work, n, contestant) the numbers, those of tightened convergence, and why it was not run or stopped; profiles of ours."""

    runs: list[Measurement] = field(default_factory=list)
    numbers: dict[tuple[str, int, str], Numbers] = field(default_factory=dict)
    tightened: dict[tuple[str, int, str], Numbers] = field(default_factory=dict)
    left_out: dict[tuple[str, int, str], str] = field(default_factory=dict)
    profiles: dict[tuple[str, int], list[tuple[str, float]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """How a contest is run."""

    interpreters: Interpreters
    machine: dict[str, object]
    caps: Caps
    repeats: int
    long: bool
    alone: bool
    say: Callable[[str], None]


def why_not(contestant: Contestant, n: int, setting: Setting) -> str | None:
    """Say why a contestant is not run at a size; None where it is."""
    if setting.alone and contestant.runs_in != "ours":
        return "not run: ours alone"
    if not is_there(contestant.needs, contestant.runs_in, setting.machine):
        return "absent: not installed"
    if n > max(contestant.most, contestant.most_long):
        return f"not run above {max(contestant.most, contestant.most_long):,} rows"
    if n > contestant.most and not setting.long:
        return f"not run above {contestant.most:,} rows without --long"
    return None


def contest(work: Work, n: int, folder: Path, warm: Path, setting: Setting, record: Record) -> None:
    """Run a work at one size, and record what came."""
    entered = []
    for contestant in work.contestants:
        reason = why_not(contestant, n, setting)
        if reason is None:
            entered.append(contestant)
        else:
            record.left_out[work.name, n, contestant.name] = reason
    if work.kind == "process":
        _of_processes(work, n, entered, folder, setting, record)
    else:
        _of_servers(work, n, entered, (folder, warm), setting, record)


def _of_processes(work: Work, n: int, entered: list[Contestant], folder: Path, setting: Setting, record: Record) -> None:
    def run(contestant: Contestant) -> dict[str, float]:
        spent, record.numbers[work.name, n, contestant.name] = run_whole(command_of(work, contestant, folder, folder, setting.interpreters), setting.caps)
        return spent

    still = _rounds(work, n, entered, run, setting, record)
    if still and still[0].runs_in == "ours" and _is_profiled(work, n):
        command = [setting.interpreters.ours, "-m", "beside.profile_whole", str(HERE / "whole_ours.py"), str(folder / "rows.csv")]
        done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=True)
        record.profiles[work.name, n] = json.loads(done.stdout.splitlines()[-1])


def _of_servers(work: Work, n: int, entered: list[Contestant], folders: tuple[Path, Path], setting: Setting, record: Record) -> None:
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for contestant in entered:
            caps = replace(setting.caps, seconds=max(setting.caps.seconds, contestant.most_seconds))
            server = stack.enter_context(Server(command_of(work, contestant, *folders, setting.interpreters), caps, capped=contestant.capped))
            try:
                server.wait_ready()
                servers[contestant.name] = server
            except Stopped as stopped:
                _leave(work, n, contestant, f"{stopped} while loading or warming up", setting, record)
        loaded = [contestant for contestant in entered if contestant.name in servers]
        still = _rounds(work, n, loaded, lambda contestant: servers[contestant.name].ask("run"), setting, record)
        for contestant in still:
            _ask_numbers(work, n, contestant, servers[contestant.name], setting, record)


def _ask_numbers(work: Work, n: int, contestant: Contestant, server: Server, setting: Setting, record: Record) -> None:
    """Ask for the numbers, those of tightened convergence, and where the time goes; what is stopped by a cap then is left out of the comparison alone."""
    key = (work.name, n, contestant.name)
    try:
        record.numbers[key] = server.ask("answer")
        if contestant.tightened and n <= MOST_TIGHTENED:
            record.tightened[key] = server.ask("tighten")
        if contestant is work.contestants[0] and _is_profiled(work, n):
            record.profiles[work.name, n] = server.ask("profile")
    except Stopped as stopped:
        setting.say(f"    {contestant.name}: numbers {stopped}")


def _rounds(
    work: Work, n: int, entered: Iterable[Contestant], run: Callable[[Contestant], dict[str, float]], setting: Setting, record: Record,
) -> list[Contestant]:
    """Run all in turn, and give those who came to the end."""
    still, slow, start = list(entered), set(), time.monotonic()
    for number in range(1, setting.repeats + 1):
        if number > FEWEST and time.monotonic() - start > PATIENCE:
            break
        for contestant in [each for each in still if each.name not in slow]:
            try:
                spent = run(contestant)
            except Stopped as stopped:
                still.remove(contestant)
                _leave(work, n, contestant, str(stopped), setting, record)
                continue
            record.runs.append(Measurement(work.name, n, contestant.name, number, **spent))
            setting.say(f"    round {number}: {contestant.name} {spent['seconds']:.4g} s")
            if spent["seconds"] > ENDLESS:
                slow.add(contestant.name)
    return still


def _leave(work: Work, n: int, contestant: Contestant, reason: str, setting: Setting, record: Record) -> None:
    record.left_out[work.name, n, contestant.name] = reason
    setting.say(f"    {contestant.name}: {reason}")


def _is_profiled(work: Work, n: int) -> bool:
    return n == work.sizes[-1] or any(floor.work == work.name and floor.n == n for floor in FLOORS)


def make_registry(n: int, seed: int, folder: Path, *, csv: bool, python: str) -> Path:
    """Make a registry in a process of its own, so that this one stays small; give its folder."""
    place = folder / f"registry_{n}"
    if not (place / "parts").exists() or (csv and not (place / "rows.csv").exists()):
        command = [python, str(HERE / "made_registry.py"), str(n), str(seed), str(place), *(["--csv"] if csv else [])]
        subprocess.run(command, check=True, stdout=sys.stderr)
    return place
