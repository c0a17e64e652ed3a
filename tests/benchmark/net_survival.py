"""How fast net survival is beside R's relsurv and popEpi, and how it grows: `python tests/benchmark/net_survival.py [--peers N ...] [--alone N ...]`.

A registry is made up: women and men diagnosed from 1995 to 2009 and followed in days to the end of 2013, with a seed. Each run is a process of
its own, ours and R's in turn; what is timed is the call on a cohort (or data frame) that is in memory, to the frame of estimates with standard
errors. Memory is that of the whole process, which makes the cohort of arrays and estimates. A peer is stopped after ten minutes. Wanted: 400 times
as fast as relsurv at a million patients (--peers 1000000, where it takes ten minutes by itself: give --most-seconds 3600) and 100 times at 100,000;
at most 300 MB at a million; and time that grows no faster than n.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

import survival_nodes as sn

SEED, RUNS, YEARS = 20261122, 3, (1, 5, 10)
PEERS, ALONE = (10_000, 100_000), (10_000, 100_000, 300_000, 1_000_000, 3_000_000)
LEAST_RATIO, MOST_MB, MOST_GROWTH, MOST_SECONDS = {100_000: 100.0, 1_000_000: 400.0}, 300.0, 1.05, 600.0
METHODS, OF_METHODS = ("pohar-perme", "ederer-ii", "ederer-i", "hakulinen"), 1_000_000
# Peer -> its R script, and how far its numbers may lie from ours. relsurv's own slips (its sums run on from day to day, and birthdays are ten years
# off) leave no more at these sizes; popEpi goes by the month, with weights half a month early, so only the spread between programs is asked of it.
PEER_SCRIPTS = {"relsurv": ("net_survival.R", 2e-4), "popEpi": ("net_survival_popepi.R", 2e-2)}


def made_up(n: int, seed: int) -> dict[str, np.ndarray]:
    """Make a registry: ages 18 to 99, an excess hazard that grows with age, other deaths by a Gompertz hazard."""
    random = np.random.default_rng(seed)
    age = np.clip(random.normal(61, 14, n), 18, 99)
    diagnosis = np.datetime64("1995-01-01") + random.integers(0, 15 * 365, n)
    hazard = 0.03 * np.exp(0.02 * (age - 61)) + 0.0065 * np.exp(0.085 * (age - 65))
    last = (np.datetime64("2013-12-31") - diagnosis).astype(int)
    days = np.maximum(np.minimum(np.ceil(random.exponential(365.25 / hazard)), last), 1).astype(np.int32)
    return {
        "age_days": np.round(age * 365.25).astype(np.int32), "male": random.random(n) >= 0.99, "diagnosis_date": diagnosis, "days": days,
        "event": (days < last).astype(np.int8)}


def write(n: int, folder: Path, as_text: bool) -> Path:
    """Write the registry as arrays, for R as text beside them; give the path of the arrays."""
    path, columns = folder / f"{n}.npz", made_up(n, SEED)
    np.savez(path, **columns)
    if as_text:
        frame = pd.DataFrame(columns)
        frame.assign(sex=np.where(frame.pop("male"), "male", "female")).to_csv(path.with_suffix(".csv"), index=False)
    return path


def cohort_of(columns: Mapping[str, np.ndarray]) -> sn.Cohort:
    """Make a cohort of arrays."""
    sex = pd.Categorical.from_codes(columns["male"].astype(np.int8), ["female", "male"])
    frame = pd.DataFrame({"sex": sex, "age": columns["age_days"] / 365.25, **{name: columns[name] for name in ("diagnosis_date", "days", "event")}})
    return sn.Cohort.from_frame(frame, {"years": "days"}, "days")


def ours(path: str, method: str) -> None:
    """Time the estimate in this process, after one of a few patients, and print what was found as JSON."""
    warnings.simplefilter("ignore")
    with np.load(path) as columns:
        cohort = cohort_of(columns)
    estimate = sn.NetSurvival(method=method, at_years=YEARS)
    estimate(cohort_of(made_up(100, SEED)))
    before, seconds, processor = peak_mb(), [], []
    for _ in range(RUNS):
        start, busy = time.perf_counter(), time.process_time()
        found = estimate(cohort)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - busy)
    answer = {"seconds": min(seconds), "processor": min(processor), "mb": peak_mb(), "more_mb": peak_mb() - before}
    print(json.dumps(answer | {name: found[name].tolist() for name in ("estimate", "std_error")}))


def peak_mb() -> float:
    """Give the peak of this process alone."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))[1]) / 1000


def run(path: Path, method: str = "pohar-perme") -> dict[str, object]:
    """Time our estimate in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--ours", str(path), method], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def in_r(peer: str, path: Path, most_seconds: float) -> dict[str, object] | None:
    """Run a package of R on the same rows; None where it takes too long."""
    script = Path(__file__).with_name(PEER_SCRIPTS[peer][0])
    command = ["Rscript", str(script), str(path.with_suffix(".csv")), *map(str, YEARS)]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=most_seconds)
    except subprocess.TimeoutExpired:
        return None
    seconds, estimate, std_error = ([float(number) for number in line.split()] for line in done.stdout.splitlines()[-3:])
    return {"seconds": seconds[0], "processor": seconds[1], "estimate": estimate, "std_error": std_error}


def is_there(peer: str) -> bool:
    """Tell whether R and a package are there."""
    if shutil.which("Rscript") is None:
        return False
    return subprocess.run(["Rscript", "-e", f"quit(status = !requireNamespace('{peer}', quietly = TRUE))"], capture_output=True).returncode == 0


def beside(peer: str, sizes: list[int], folder: Path, most_seconds: float) -> list[bool]:
    """Print ours and a peer's side by side; tell of each size whether the numbers agree and, of relsurv, whether the ratio wanted is reached."""
    if not is_there(peer):
        print(f"{peer} is not installed (apt-get install r-cran-{peer.lower()}): not run beside")
        return []
    print(f"{'patients':>10}{f'{peer} s':>11}{'ours s':>9}{'ratio':>8}{'of processor time':>19}{'difference':>12}")
    good = []
    for n in sizes:
        path = write(n, folder, as_text=True)
        pairs = [(run(path), in_r(peer, path, most_seconds)) for _ in range(RUNS if n <= 20_000 else 1)]
        if any(theirs is None for _, theirs in pairs):
            print(f"{n:>10,}  {peer} was stopped after {most_seconds:g} s; ours took {pairs[0][0]['seconds']:.3f} s", flush=True)
            continue
        ratio, processor = (statistics.median(theirs[of] / own[of] for own, theirs in pairs) for of in ("seconds", "processor"))
        own, theirs = pairs[0]
        difference = max(abs(a - b) for name in ("estimate", "std_error") for a, b in zip(own[name], theirs[name]))
        medians = [statistics.median(pair[place]["seconds"] for pair in pairs) for place in (1, 0)]
        print(f"{n:>10,}{medians[0]:>11.2f}{medians[1]:>9.3f}{ratio:>8.0f}{processor:>19.0f}{difference:>12.1e}", flush=True)
        good += [difference <= PEER_SCRIPTS[peer][1], peer != "relsurv" or min(ratio, processor) >= LEAST_RATIO.get(n, 0.0)]
    return good


def growing(sizes: list[int], folder: Path) -> list[bool]:
    """Print our time and memory against n, the power of n with which time grows, and the other methods."""
    print(f"{'patients':>10}{'seconds':>9}{'processor s':>13}{'peak MB':>9}{'more MB':>9}  method")
    found, good = {}, []
    for n in sizes:
        path = write(n, folder, as_text=False)
        for method in METHODS if n == OF_METHODS else METHODS[:1]:
            own = run(path, method)
            print(f"{n:>10,}{own['seconds']:>9.3f}{own['processor']:>13.3f}{own['mb']:>9.0f}{own['more_mb']:>9.0f}  {method}", flush=True)
            found.setdefault(n, own)
            good.append(own["mb"] <= MOST_MB or n > 1_000_000)
    large = [n for n in sizes if n >= 100_000]
    if len(large) > 1:
        power = math.log(found[large[-1]]["processor"] / found[large[0]]["processor"]) / math.log(large[-1] / large[0])
        print(f"from {large[0]:,} to {large[-1]:,} processor time grows as n^{power:.2f}")
        good.append(power <= MOST_GROWTH)
    return good


def main() -> int:
    """Run both; 1 where the numbers differ or something wanted is not reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", nargs="*", type=int, default=PEERS, metavar="N")
    parser.add_argument("--alone", nargs="*", type=int, default=ALONE, metavar="N")
    parser.add_argument("--most-seconds", type=float, default=MOST_SECONDS, metavar="S", help="after which a peer is stopped")
    parser.add_argument("--ours", nargs=2, metavar=("FILE", "METHOD"), help="time ours on these arrays here, and print what was found as JSON")
    options = parser.parse_args()
    if options.ours:
        ours(*options.ours)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = [reached for peer in PEER_SCRIPTS for reached in beside(peer, options.peers, folder, options.most_seconds)] + growing(options.alone, folder)
    same, ratios = (", ".join(words) for words in (
        [f"{limit:g} of {peer}" for peer, (_, limit) in PEER_SCRIPTS.items()], [f"{ratio:g} at {n:,}" for n, ratio in LEAST_RATIO.items()]))
    wanted = f"times relsurv: {ratios}; {MOST_MB:g} MB at a million; n^{MOST_GROWTH:g}; numbers within {same}"
    print(f"wanted: {wanted}: {'reached' if all(good) else 'NOT reached'}")
    return int(not all(good))


if __name__ == "__main__":
    sys.exit(main())
