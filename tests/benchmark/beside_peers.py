"""How fast, and in how much memory, beside the peers that are installed: `python tests/benchmark/beside_peers.py [--only WORK ...] [--sizes N ...]`.

A made-up registry is written to a temporary folder, every work is done by all contestants in turn at every size, the numbers are compared, and
reports/benchmark gets a page (README.md), every measurement (CSV) and pictures of time and memory against n. A floor that is not reached is reported with
the profile that shows where the time goes. 1 where numbers that must agree do not, or a contestant of this package fails.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from beside import machine, works  # noqa: E402
from beside.contest import Record, Setting, contest, make_registry  # noqa: E402
from beside.processes import Caps, Interpreters  # noqa: E402
from beside.report import disagreements, progress_line, write_report  # noqa: E402

REPORTS = Path(__file__).resolve().parents[2] / "reports" / "benchmark"
SEED, WARM_ROWS, REPEATS, MOST_SECONDS = 20261123, 2_000, 5, 300.0
MOST_CSV = 3_000_000


def options(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; the Python of the peers as a full path."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=works.BY_NAME, metavar="WORK", default=list(works.BY_NAME), help=f"of {', '.join(works.BY_NAME)}")
    parser.add_argument("--sizes", nargs="+", type=int, metavar="N", help="rows; else those of each work")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="rounds; a work that takes long has three")
    parser.add_argument("--long", action="store_true", help="peers also where they take many minutes")
    parser.add_argument("--alone", action="store_true", help="this package alone")
    parser.add_argument("--peers-python", default=sys.executable, metavar="PYTHON", help="the Python in which the peers are installed")
    parser.add_argument("--most-mb", type=int, help="memory of a process; else half of the machine's")
    parser.add_argument("--most-seconds", type=float, help=f"of one call; else {MOST_SECONDS:g}, with --long an hour")
    parser.add_argument("--folder", type=Path, help="where the registries are written; else a temporary folder. What is made there is removed")
    parser.add_argument("--report", type=Path, default=REPORTS, help="where the report is written")
    asked = parser.parse_args(given)
    program = shutil.which(asked.peers_python)
    if program is None:
        parser.error(f"--peers-python {asked.peers_python}: there is no such program")
    # Contestants start in another folder; a link is not followed, as it says which environment it is.
    asked.peers_python = str(Path(program).absolute())
    return asked


def setting_of(asked: argparse.Namespace) -> Setting:
    """Find the peers, and state the machine."""
    interpreters = Interpreters(sys.executable, asked.peers_python, shutil.which("Rscript"))
    stated = machine.stated(interpreters)
    caps = Caps(asked.most_mb or int(machine.memory_in_mb() / 2), asked.most_seconds or (3600.0 if asked.long else MOST_SECONDS))
    return Setting(interpreters, stated, caps, asked.repeats, asked.long, asked.alone, lambda words: print(words, file=sys.stderr, flush=True))


def run_all(chosen: Sequence[works.Work], asked: argparse.Namespace, setting: Setting, folder: Path) -> Record:
    """Do the works size by size, smallest first, so that each registry is made once and removed when it is no longer needed."""
    record = Record()
    sizes = {work.name: tuple(asked.sizes) if asked.sizes else work.sizes for work in chosen}
    warm = make_registry(WARM_ROWS, SEED, folder, csv=True, python=sys.executable)
    for n in sorted({n for each in sizes.values() for n in each}):
        doing = [work for work in chosen if n in sizes[work.name]]
        setting.say(f"{n:,} rows: {', '.join(work.name for work in doing)}")
        place = make_registry(n, SEED, folder, csv=n <= MOST_CSV, python=sys.executable)
        for number, work in enumerate(doing, 1):
            setting.say(f"  {number} of {len(doing)}: {work.name}")
            contest(work, n, place, warm, setting, record)
            setting.say(f"  {progress_line(record, work, n)}")
        if place != warm:
            shutil.rmtree(place)
    return record


def finished(record: Record, chosen: Sequence[works.Work], setting: Setting, report: Path) -> int:
    """Write the report; say what disagrees or failed."""
    from beside.pictures import draw

    header = {"warm": WARM_ROWS, "mb": setting.caps.mb, "seconds": setting.caps.seconds}
    write_report(record, chosen, setting.machine, header, report)
    draw(record, chosen, report)
    apart = disagreements(record, chosen)
    for one in apart:
        setting.say(f"DIFFERS: {one.work} {one.n:,} {one.peer}: {one.kind} by {one.difference:.1e}, wanted {one.limit:.0e}")
    ours = {(work.name, contestant.name) for work in chosen for contestant in work.contestants if contestant.runs_in == "ours"}
    failed = [(key, reason) for key, reason in record.left_out.items() if (key[0], key[2]) in ours and reason.startswith("failed")]
    for (work, n, name), reason in failed:
        setting.say(f"FAILED: {work} {n:,} {name}: {reason}")
    return int(bool(apart or failed))


def main(given: Sequence[str] | None = None) -> int:
    """Run what is asked for."""
    asked = options(given)
    setting = setting_of(asked)
    chosen = [works.BY_NAME[name] for name in dict.fromkeys(asked.only)]
    if asked.folder:
        asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        record = run_all(chosen, asked, setting, Path(folder))
    return finished(record, chosen, setting, asked.report)


if __name__ == "__main__":
    sys.exit(main())
