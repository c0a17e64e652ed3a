"""How long it takes, and how much memory, to classify the nodes of a registry: `python tests/benchmark/nodal_frame.py [ROWS]`.

Each frame is made up, is classified in a process of its own (so that the peak of memory is its own), and then a sample of its rows is classified one by
one, as a loop over patients would. Wanted: a million rows with five columns of evidence within 5 s and 500 MB beside the frame itself.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from survival_nodes.nodes import Evidence, classify, classify_frame, combine, systems

ROWS, SAMPLE, SEED = 1_000_000, 2_000, 20261122
MOST_SECONDS, MOST_MB = 5.0, 500.0
GDC_EDITIONS = ("7th", "3rd", "4th", "5th", "6th", "8th", "")
GDC = (
    "N0", "N0 (i-)", "N0 (i+)", "N0 (mol+)", "N0 (mol-)", "N1", "N1a", "N1b", "N1bI", "N1bII", "N1bIII", "N1bIV", "N1c", "N1mi", "N2", "N2a", "N2b", "N3", "N3a",
    "N3b", "N3c", "NX", "Not Reported", "Unknown")
CS_NODES = ("000", "050", "130", "150", "155", "250", "255", "257", "258", "260", "510", "520", "600", "610", "710", "720", "735", "740", "750", "800", "810", "999")
EOD_NODES = ("000", "030", "050", "070", "100", "150", "200", "250", "300", "350", "400", "500", "600", "700", "800", "999")
Maker = Callable[[np.random.Generator, int], dict[str, object]]


def _chosen(random: np.random.Generator, n: int, values: Sequence, first: float = 0.5) -> np.ndarray:
    """Draw values of which the first has its share and the others share the rest."""
    shares = [first, *[(1 - first) / (len(values) - 1)] * (len(values) - 1)]
    return np.array(values, dtype=object)[random.choice(len(values), n, p=shares)]


def _counts(random: np.random.Generator, n: int) -> dict[str, object]:
    positive, examined = random.negative_binomial(1, 0.4, n), 1 + random.poisson(8, n)
    coded = np.where(random.random(n) < 0.02, 98, np.where(random.random(n) < 0.02, 95, np.minimum(positive, 90)))
    numbers = np.array([f"{number:02d}" for number in range(100)], dtype=object)
    return {"pos": numbers[coded], "exam": numbers[np.where(coded == 98, 0, np.minimum(examined, 90))]}


def _sizes(random: np.random.Generator, n: int) -> dict[str, object]:
    """Measured to a hundredth of a millimetre, so that there are thousands of different ones."""
    size = np.round(random.lognormal(0.5, 1.3, n), 2)
    return {"mm": np.where(random.random(n) < 0.4, np.nan, np.minimum(size, 150)), "cells": np.where(random.random(n) < 0.8, np.nan, random.integers(1, 2000, n))}


def path_n(random: np.random.Generator, n: int) -> dict[str, object]:
    """Seven columns: pN as the Genomic Data Commons writes it, edition, year, counts, and a size with its cells."""
    return {"pn": _chosen(random, n, GDC), "ed": _chosen(random, n, GDC_EDITIONS), "year": random.integers(1988, 2023, n), **_counts(random, n), **_sizes(random, n)}


def path_n_text(random: np.random.Generator, n: int) -> dict[str, object]:
    """The same as it comes out of a file of text: every column holds strings."""
    return {name: pd.Series(values).astype(object).where(pd.notna(values), "").map(str) for name, values in path_n(random, n).items()}


def scattered(random: np.random.Generator, n: int) -> dict[str, object]:
    """The worst that may come: every code, edition and year alike often, any count beside any other, sizes to a thousandth of a millimetre."""
    return {
        "pn": np.array(GDC, dtype=object)[random.integers(0, len(GDC), n)], "ed": np.array(GDC_EDITIONS, dtype=object)[random.integers(0, len(GDC_EDITIONS), n)],
        "year": random.integers(1985, 2025, n), "pos": random.integers(0, 100, n), "exam": random.integers(0, 100, n), "mm": np.round(random.uniform(0, 30, n), 3),
        "cells": random.integers(0, 1000, n)}


def seer_stages(random: np.random.Generator, n: int) -> dict[str, object]:
    """Collaborative Stage as SEER gives it: nodes, evaluation, the factors of immunohistochemistry and molecular tests, positive level I-II nodes, counts."""
    return {
        "cs": _chosen(random, n, CS_NODES), "eval": _chosen(random, n, ("3", "0", "1", "2", "5", "6", "9", "")), "ssf3": _chosen(random, n, [f"{k:03d}" for k in range(91)]),
        "ssf4": _chosen(random, n, ("000", "001", "002", "009", "987")), "ssf5": _chosen(random, n, ("000", "001", "002")), **_counts(random, n),
        "year": random.integers(2004, 2016, n)}


def seer_eod(random: np.random.Generator, n: int) -> dict[str, object]:
    """Extent of disease since 2018, with the derived N beside it and the counts."""
    return {"eod": _chosen(random, n, EOD_NODES), "derived": _chosen(random, n, ("N0", "N0(i+)", "N1mi", "N1a", "N2a", "N3a", "N1", "NX")), **_counts(random, n), "year": random.integers(2018, 2023, n)}


COUNTED = {"nodes_positive": "pos", "nodes_examined": "exam"}
# Name -> how the frame is made, and the evidence in it; a frame is left out where one of its systems is not there.
FRAMES: dict[str, tuple[Maker, list[tuple[tuple, dict[str, str]]]]] = {
    "path_n": (path_n, [(("gdc_path_n", "pn", "ed", "year"), COUNTED), (("size", "mm"), {"cells": "cells"})]),
    "path_n_text": (path_n_text, [(("gdc_path_n", "pn", "ed", "year"), COUNTED), (("size", "mm"), {"cells": "cells"})]),
    "scattered": (scattered, [(("gdc_path_n", "pn", "ed", "year"), COUNTED), (("size", "mm"), {"cells": "cells"})]),
    "seer_stages": (seer_stages, [(("seer_cs_nodes", "cs", None, "year"), {"nodes_eval": "eval", "ssf3": "ssf3", "ssf4": "ssf4", "ssf5": "ssf5", **COUNTED})]),
    "seer_eod": (seer_eod, [(("seer_eod2018_nodes", "eod", None, "year"), COUNTED), (("seer_eod2018_derived_n", "derived", None, "year"), {})]),
}


def evidence_of(name: str) -> list[Evidence]:
    """Name the evidence of a frame."""
    return [Evidence(*place, **context) for place, context in FRAMES[name][1]]


def by_loop(frame: pd.DataFrame, evidence: list[Evidence]) -> list[str]:
    """Classify row by row, as a script without `classify_frame` would."""
    found = []
    for row in frame.to_dict("records"):
        times = {"edition": next((row[one.edition_column] for one in evidence if one.edition_column), None), "year": next((row[one.year_column] for one in evidence if one.year_column), None)}
        context = [{name: row[column] for name, column in one.context_columns} for one in evidence]
        found.append(combine(piece for one, more in zip(evidence, context) for piece in classify(one.system, row[one.column], **times, **more).evidence).category)
    return found


def measure(name: str, n: int) -> dict[str, object]:
    """Time one frame, then the loop over a sample of it, whose answers are the same; and then watch every allocation of a second run, which slows it."""
    frame, evidence = pd.DataFrame(FRAMES[name][0](np.random.default_rng(SEED), n)), evidence_of(name)
    classify_frame(frame.iloc[:100], evidence)  # what is loaded late is loaded now
    seconds, found = timed(lambda: classify_frame(frame, evidence))
    sample = frame.sample(min(SAMPLE, n), random_state=SEED)
    loop_seconds, looped = timed(lambda: by_loop(sample, evidence))
    different = sum(found.nodal_category[row] != category for row, category in zip(sample.index, looped))
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3  # kilobytes on Linux
    del found
    tracemalloc.start()
    classify_frame(frame, evidence)
    allocated = tracemalloc.get_traced_memory()[1] / 1e6
    loop_seconds *= n / len(sample)
    return {
        "columns": frame.shape[1], "seconds": seconds, "MB": allocated, "process_MB": highest, "loop_seconds": loop_seconds, "ratio": loop_seconds / seconds,
        "different": different}


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Give the seconds that something took, and what it gave."""
    start = time.perf_counter()
    given = work()
    return time.perf_counter() - start, given


def main() -> int:
    """Measure every frame in a process of its own and print a line each; 1 where a limit is passed or an answer differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="?", type=int, default=ROWS)
    parser.add_argument("--frame", choices=FRAMES, help="measure this one here, and print what was found as JSON")
    options = parser.parse_args()
    if options.frame:
        print(json.dumps(measure(options.frame, options.rows)))
        return 0
    known, failed = {system.name for system in systems()}, False
    print(f"{options.rows} rows\n{'frame':<14}{'columns':>8}{'seconds':>9}{'MB':>7}{'process MB':>12}{'loop s':>8}{'ratio':>7}  answers")
    for name, (_, evidence) in FRAMES.items():
        if not {place[0] for place, _ in evidence} <= known:
            print(f"{name:<14} left out: one of its coding systems is not there")
            continue
        ran = subprocess.run([sys.executable, __file__, str(options.rows), "--frame", name], capture_output=True, text=True, check=True)
        found = json.loads(ran.stdout)
        failed |= found["seconds"] > MOST_SECONDS or found["MB"] > MOST_MB or found["different"] > 0
        same = "the same" if not found["different"] else f"{found['different']} differ"
        print(f"{name:<14}{found['columns']:>8}{found['seconds']:>9.2f}{found['MB']:>7.0f}{found['process_MB']:>12.0f}"
              f"{found['loop_seconds']:>8.0f}{found['ratio']:>7.0f}  {same}")
    print("a limit is passed, or an answer differs" if failed else f"within {MOST_SECONDS:g} s and {MOST_MB:g} MB")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
