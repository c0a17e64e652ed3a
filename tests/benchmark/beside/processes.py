"""Contestants as processes of their own, under a cap of memory and of time; and whole processes, timed from start to end."""

from __future__ import annotations

import json
import os
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .works import Contestant, Work

HERE = Path(__file__).resolve().parent
WHOLE = {"ours": "whole_ours.py", "python": "whole_lifelines.py", "R": "whole_r.R"}
MODULES = {"ours": "ours", "python": "python_peers"}
POLL_SECONDS, CLOSING_SECONDS = 0.002, 10


@dataclass(frozen=True)
class Caps:
    """What a process may take: MB of memory, and seconds for one command (loading counts as one)."""

    mb: int
    seconds: float

    def limit_memory(self) -> Callable[[], None]:
        """Give what sets the cap in the process that is about to begin."""
        kind = resource.RLIMIT_DATA if sys.platform.startswith("linux") else resource.RLIMIT_AS

        def limit() -> None:
            resource.setrlimit(kind, (self.mb * 10**6, self.mb * 10**6))
        return limit


class Stopped(Exception):
    """A contestant did not come to its end; the message says whether a cap stopped it."""


@dataclass(frozen=True)
class Interpreters:
    """The Python of this package, that of the other packages, and R (None where absent)."""

    ours: str
    peers: str
    r: str | None

    def of(self, runs_in: str) -> str:
        """Give the program that runs a contestant."""
        return {"ours": self.ours, "python": self.peers, "R": self.r or ""}[runs_in]


def command_of(work: Work, contestant: Contestant, folder: Path, warm: Path, interpreters: Interpreters) -> list[str]:
    """Say how a contestant is started."""
    program = interpreters.of(contestant.runs_in)
    if work.kind == "process":
        return [program, str(HERE / WHOLE[contestant.runs_in]), str(folder / "rows.csv")]
    given = [work.name, contestant.name, str(folder), str(warm)]
    if contestant.runs_in == "R":
        return [program, str(HERE / "r_peers.R"), *given]
    return [program, "-m", "beside.contestant", MODULES[contestant.runs_in], *given]


def why_it_ended(code: int, said: str, caps: Caps) -> str:
    """Say in a word why a process ended early; what it wrote may name folders, and is shown on the screen only."""
    print(said[-2_000:], file=sys.stderr)
    starved = ("MemoryError", "cannot allocate", "bad_alloc", "Cannot allocate", "Out of memory", "out of memory", "OutOfMemory")
    if any(word in said for word in starved) or code == -9:
        return f"capped at {caps.mb:,} MB"
    return f"failed with exit code {code}"


class Server:
    """A contestant that has loaded its registry and answers commands."""

    def __init__(self, command: list[str], caps: Caps, *, capped: bool = True) -> None:
        self.caps, self._errors, self._held = caps, tempfile.TemporaryFile(), b""
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, cwd=HERE.parent, preexec_fn=caps.limit_memory() if capped else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait_ready(self) -> None:
        """Wait until the registry is loaded; `Stopped` as in `ask`."""
        try:
            self._read_answer()
        except Stopped:
            self.close()
            raise

    def ask(self, command: str) -> object:
        """Send a command and give what was answered.

        Raises
        ------
        Stopped
            If a cap is passed, or the process ends; the process is then ended, so that it takes nothing from those who go on.
        """
        try:
            self._process.stdin.write(f"{command}\n".encode())
            self._process.stdin.flush()
            return self._read_answer()
        except (BrokenPipeError, Stopped) as stopped:
            reason = str(stopped) if isinstance(stopped, Stopped) else self._reason()
            self.close()
            raise Stopped(reason) from None

    def close(self) -> None:
        """End the process."""
        if self._errors.closed:
            return
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(CLOSING_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def _read_answer(self) -> object:
        end = time.monotonic() + self.caps.seconds
        while True:
            line = self._line(end)
            if line.startswith(b"@@"):
                return json.loads(line[2:])

    def _line(self, end: float) -> bytes:
        while b"\n" not in self._held:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise Stopped(f"capped at {self.caps.seconds:g} s")
            piece = os.read(self._process.stdout.fileno(), 65_536)
            if not piece:
                raise Stopped(self._reason())
            self._held += piece
        line, _, self._held = self._held.partition(b"\n")
        return line

    def _reason(self) -> str:
        code = self._process.wait(CLOSING_SECONDS)
        self._errors.seek(0)
        return why_it_ended(code, self._errors.read().decode(errors="replace"), self.caps)


def run_whole(command: list[str], caps: Caps) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Run a process from start to end: what it took, all its threads and its peak of memory included, and the numbers of its last line.

    Raises
    ------
    Stopped
        If a cap is passed, or the process fails.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=errors, preexec_fn=caps.limit_memory())
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            seconds = time.perf_counter() - start
            if pid:
                break
            if seconds > caps.seconds:
                process.kill()
                process.wait()
                raise Stopped(f"capped at {caps.seconds:g} s")
            time.sleep(POLL_SECONDS)
        process.returncode = code = os.waitstatus_to_exitcode(status)
        for file in (said, errors):
            file.seek(0)
        if code:
            raise Stopped(why_it_ended(code, errors.read().decode(errors="replace"), caps))
        per_unit = 1.024 / 1000 if sys.platform.startswith("linux") else 1e-6  # kilobytes of 1,024 there, bytes elsewhere
        spent = {"seconds": seconds, "processor": used.ru_utime + used.ru_stime, "mb": used.ru_maxrss * per_unit, "more_mb": None}
        return spent, json.loads(said.read().decode().splitlines()[-1])
