"""How long it takes, and how much memory, to make a cohort of a registry export: `python tests/benchmark/read_registry.py [ROWS]`.

A SEER-style case listing is made up (26 columns, labels, every era) and read in a process of its own, in alternation with what `pandas.read_csv`
alone takes for the same file as text. Wanted: a million rows within 4 s and 450 MB.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROWS, SEED, RUNS = 1_000_000, 20261122, 3
MOST_SECONDS, MOST_MB = 4.0, 450.0


def made_up(n: int, seed: int) -> pd.DataFrame:
    """Make a case listing as SEER*Stat writes it, labels where it has labels."""
    random = np.random.default_rng(seed)

    def drawn(words: list[str], shares: list[float] | None = None) -> np.ndarray:
        return np.array(words, dtype=object)[random.choice(len(words), n, p=shares)]

    year = random.integers(1990, 2021, n)
    alive, of_cancer = random.random(n) < 0.8, random.random(n) < 0.5
    blank = "Blank(s)"
    ages = np.array([f"{age:02d} years" for age in range(100)], dtype=object)
    months = np.array([f"{month:04d}" for month in range(400)], dtype=object)
    numbers = np.array([f"{number:02d}" for number in range(100)], dtype=object)
    return pd.DataFrame({
        "Patient ID": np.arange(10_000_000, 10_000_000 + n).astype(str),
        "Sex": drawn(["Female", "Male"], [0.99, 0.01]),
        "Year of diagnosis": year.astype(str),
        "Age recode with single ages and 90+": ages[np.clip(random.normal(61, 14, n).astype(int), 20, 89)],
        "Race recode (W, B, AI, API)": drawn(["White", "Black", "American Indian/Alaska Native", "Asian or Pacific Islander"]),
        "Laterality": drawn(["Left - origin of primary", "Right - origin of primary"]),
        "Sequence number": drawn(["One primary only", "1st of 2 or more primaries", "2nd of 2 or more primaries"], [0.8, 0.12, 0.08]),
        "Behavior code ICD-O-3": drawn(["Malignant"]),
        "Primary Site - labeled": drawn(["C50.4-Upper-outer quadrant of breast", "C50.9-Breast, NOS"]),
        "Diagnostic Confirmation": drawn(["Positive histology"]),
        "Type of Reporting Source": drawn(["Hospital inpatient/outpatient or clinic"]),
        "EOD 10 - nodes (1988-2003)": np.where(year < 2004, drawn(list("0124689")), blank),
        "CS lymph nodes (2004-2015)": np.where((year > 2003) & (year < 2016), drawn(["000", "050", "150", "250", "600", "999"]), blank),
        "CS Reg Node Eval (2004-2015)": np.where((year > 2003) & (year < 2016), drawn(["3", "0"], [0.9, 0.1]), blank),
        "CS site-specific factor 4 (2004-2017 varying by schema)": np.where((year > 2003) & (year < 2016), drawn(["000", "001", "002"]), blank),
        "Derived AJCC N, 7th ed (2010-2015)": np.where((year > 2009) & (year < 2016), drawn(["N0", "N0(i+)", "N1mi", "N1a", "N2a"]), blank),
        "Derived SEER Combined N (2016-2017)": np.where((year > 2015) & (year < 2018), drawn(["p0", "p0I+", "p1MI", "p1A", "c0"]), blank),
        "EOD Regional Nodes (2018+)": np.where(year > 2017, drawn(["070", "030", "100", "200"]), blank),
        "Regional nodes positive (1988+)": numbers[drawn([0, 1, 2, 5, 98], [0.6, 0.15, 0.1, 0.1, 0.05]).astype(int)],
        "Regional nodes examined (1988+)": numbers[random.integers(1, 30, n)],
        "Survival months": months[random.integers(0, 360, n)],
        "Survival months flag": drawn(["Complete dates are available and there are more than 0 days of survival"]),
        "Vital status recode (study cutoff used)": np.where(alive, "Alive", "Dead"),
        "SEER cause-specific death classification": np.where(
            ~alive & of_cancer, "Dead (attributable to this cancer dx)", "Alive or dead of other cause"),
        "SEER other cause of death classification": np.where(
            ~alive & ~of_cancer, "Dead (attributable to causes other than this cancer dx)", "Alive or dead due to cancer"),
        "ER Status Recode Breast Cancer (1990+)": drawn(["Positive", "Negative"], [0.8, 0.2]),
    })


def read_once(what: str, path: str) -> None:
    """Read the file in this process, and print how long it took and the peak of memory."""
    start = time.perf_counter()
    if what == "cohort":
        import warnings

        import survival_nodes as sn

        warnings.simplefilter("ignore")
        n = len(sn.read_cohort(path, "seer-stat"))
    else:
        n = len(pd.read_csv(path, dtype=str, keep_default_na=False))
    print(json.dumps({"n": n, "seconds": time.perf_counter() - start, "mb": peak_mb()}))


def peak_mb() -> float:
    """Give the peak of this process alone: what getrusage says begins with the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text(encoding="utf-8"))[1]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def run(what: str, path: Path) -> dict[str, float]:
    """Read the file in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--read", what, str(path)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main() -> None:
    """Print medians over the runs, and the ratio to reading the text alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=ROWS)
    parser.add_argument("--read", nargs=2, metavar=("WHAT", "FILE"))
    options = parser.parse_args()
    if options.read:
        return read_once(*options.read)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case_listing.csv"
        made_up(options.rows, SEED).to_csv(path, index=False)
        print(f"{options.rows:,} rows, {path.stat().st_size / 1e6:.0f} MB")
        runs = [(run("cohort", path), run("text", path)) for _ in range(RUNS)]
    for place, what in enumerate(("cohort", "text alone, pandas")):
        seconds, mb = (statistics.median(pair[place][key] for pair in runs) for key in ("seconds", "mb"))
        print(f"{what:<20} {seconds:6.1f} s {mb:6.0f} MB at the peak")
    ratio = statistics.median(first["seconds"] / second["seconds"] for first, second in runs)
    worst = max(first["seconds"] for first, _ in runs), max(first["mb"] for first, _ in runs)
    scale = options.rows / ROWS
    within = worst[0] <= MOST_SECONDS * scale and worst[1] <= MOST_MB
    print(f"ratio of times {ratio:.2f}; wanted {MOST_SECONDS:g} s and {MOST_MB:g} MB a million rows: {'reached' if within else 'NOT reached'}")


if __name__ == "__main__":
    main()
