"""One contestant in a process of its own: `python -m beside.contestant MODULE WORK NAME FOLDER WARM_FOLDER`; commands on stdin, a line each on stdout.

It loads a small registry and does the work once, so that whatever is loaded late is loaded; then it loads the registry of FOLDER and waits for commands:
`run` (does the work; seconds of the clock and of the processor, the peak of the process and how much more than before it took, in MB), `answer` (the numbers
of the last run), `tighten` (the numbers with convergence tightened), `profile` (where the time goes), `quit`. Answers are JSON and begin with @@.
"""

from __future__ import annotations

import gc
import importlib
import json
import re
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Part:
    """How a contestant does a work: load a folder, do the work on what was loaded (this alone is timed), and give its numbers by name."""

    load: Callable[[Path], object]
    run: Callable[[object], object]
    numbers: Callable[[object], dict[str, list[float]]]
    tightened: Callable[[object], object] | None = None


def say(answer: object) -> None:
    """Print one line."""
    print("@@" + json.dumps(answer), flush=True)


def memory(kind: str) -> float | None:
    """Give the memory held now (`VmRSS`) or at the peak (`VmHWM`) in MB, where the system says it."""
    status = Path("/proc/self/status")
    found = re.search(rf"{kind}:\s+(\d+)", status.read_text(encoding="utf-8")) if status.exists() else None
    return int(found[1]) * 1.024 / 1000 if found else None


def forget_peak() -> bool:
    """Begin the peak of memory anew, where the system can; tell whether it did."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def sweep() -> None:
    """Give back what loading has left behind, as R's contestants do: cycles of objects, and what Arrow holds in store for a next reading."""
    gc.collect()
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()


def timed(part: Part, loaded: object) -> tuple[dict[str, float | None], object]:
    """Do the work once and say what it took."""
    sweep()
    began_anew, before = forget_peak(), memory("VmRSS")
    start, busy = time.perf_counter(), time.process_time()
    result = part.run(loaded)
    seconds, processor = time.perf_counter() - start, time.process_time() - busy
    peak = memory("VmHWM")
    more = peak - before if began_anew and peak is not None and before is not None else None
    return {"seconds": seconds, "processor": processor, "mb": peak, "more_mb": more}, result


def top_of_profile(part: Part, loaded: object) -> list[tuple[str, float]]:
    """Give the ten functions in which most seconds were spent, what they called included."""
    import cProfile

    watch = cProfile.Profile()
    watch.runcall(part.run, loaded)
    return top_ten(watch)


def top_ten(watch: object) -> list[tuple[str, float]]:
    """Give the ten longest functions of a profile as (file and function, cumulative seconds); of a folder only the package is named."""
    import pstats

    found = pstats.Stats(watch).stats
    longest = sorted(found.items(), key=lambda entry: -entry[1][3])
    named = [(_words(file, function), spent[3]) for (file, _, function), spent in longest if not _is_machinery(file, function)]
    return named[:10]


def _words(file: str, function: str) -> str:
    place = Path(file)
    shown = f"{place.parent.name}/{place.name}" if place.name == "__init__.py" else place.name
    return re.sub(r" at 0x[0-9a-f]+", "", function if file == "~" else f"{shown}: {function}")


def _is_machinery(file: str, function: str) -> bool:
    """Tell what merely calls the work: the harness, and the importing of modules, whose own bodies are named."""
    return file.startswith("<") or Path(file).parent == HERE or function in ("<built-in method builtins.exec>", "<built-in method builtins.__import__>")


def serve(part: Part, loaded: object) -> None:
    """Answer commands until there are no more."""
    result = None
    for line in sys.stdin:
        match line.strip():
            case "run":
                result = None
                spent, result = timed(part, loaded)
                say(spent)
            case "answer":
                say(part.numbers(result))
            case "tighten":
                say(part.numbers(part.tightened(loaded)) if part.tightened else {})
            case "profile":
                say(top_of_profile(part, loaded))
            case "quit":
                return


def main() -> None:
    """Load, warm up, load, serve."""
    module, work, name, folder, warm_folder = sys.argv[1:]
    warnings.simplefilter("ignore")
    part = importlib.import_module(f"{__package__}.{module}").PARTS[work, name]
    part.run(part.load(Path(warm_folder)))
    loaded = part.load(Path(folder))
    say({"ready": True})
    serve(part, loaded)


if __name__ == "__main__":
    main()
