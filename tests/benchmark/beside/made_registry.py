"""Write a made-up registry of any size, in parts: `python made_registry.py N SEED FOLDER [--csv]`. Synthetic: no patient of it ever lived.

The folder gets `parts/part_000.parquet` and so on, a million rows each, and `rows.csv` where asked for. Women and men diagnosed from 2003 to 2017
and followed to the end of 2018: a Weibull hazard of the cancer that hangs on nodes, stage, grade and treatment, a Gompertz hazard of other causes,
and a few who are lost on the way. Follow-up is given in days and in whole months, age exactly and in whole years.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow

PART = 1_000_000
FIRST, LAST, CLOSING = (np.datetime64(day) for day in ("2003-01-01", "2017-12-31", "2018-12-31"))
DAYS_PER_YEAR, DAYS_PER_MONTH = 365.25, 30.4375


@dataclass(frozen=True)
class Trait:
    """A column of categories: its words, how often each occurs, and the logarithm of its hazard ratio."""

    words: tuple[str, ...]
    shares: tuple[float, ...]
    log_hazard: tuple[float, ...]


TRAITS = {
    "nodal": Trait(("N0", "ITC", "micromet", "macromet"), (0.64, 0.04, 0.08, 0.24), (0.0, 0.1, 0.3, 1.0)),
    "t_stage": Trait(("T1", "T2", "T3", "T4"), (0.62, 0.29, 0.06, 0.03), (0.0, 0.55, 1.0, 1.5)),
    "grade": Trait(("I", "II", "III"), (0.22, 0.46, 0.32), (0.0, 0.4, 0.9)),
    "er": Trait(("Negative", "Positive"), (0.18, 0.82), (0.0, -0.5)),
    "chemo": Trait(("No/Unknown", "Yes"), (0.62, 0.38), (0.0, -0.2)),
    "rt": Trait(("No/Unknown", "Yes"), (0.48, 0.52), (0.0, -0.3)),
    "sex": Trait(("Female", "Male"), (0.992, 0.008), (0.0, 0.2)),
}


def drawn_traits(random: np.random.Generator, age: np.ndarray) -> dict[str, np.ndarray]:
    """Draw codes of the traits: large tumours go with positive nodes, a negative receptor with high grade, chemotherapy with youth, nodes and grade."""
    codes: dict[str, np.ndarray] = {}
    for name, trait in TRAITS.items():
        lean = np.zeros(len(age))
        if name == "t_stage":
            lean = 0.7 * (codes["nodal"] == 3)
        elif name == "er":
            lean = 0.5 - 0.4 * codes["grade"]
        elif name == "chemo":
            lean = 0.9 * (codes["nodal"] == 3) + 0.5 * codes["grade"] - 0.6 - 0.06 * (age - 61.5)
        # A uniform number to a power below 1 comes out larger, and so further along the words.
        uniform = random.random(len(age)) ** np.exp(-lean)
        codes[name] = np.searchsorted(np.cumsum(trait.shares)[:-1], uniform, side="right").astype(np.int8)
    return codes


def drawn_follow_up(random: np.random.Generator, age: np.ndarray, log_hazard: np.ndarray, longest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw days of follow-up (at least 1) and the cause: 0 censored, 1 the cancer, 2 anything else."""
    n = len(age)
    of_cancer = (random.exponential(size=n) / (0.009 * np.exp(log_hazard + 0.01 * (age - 60)))) ** (1 / 1.15) * DAYS_PER_YEAR
    pace = 0.09
    of_other = np.log1p(pace * random.exponential(size=n) / (0.007 * np.exp(pace * (age - 66)))) / pace * DAYS_PER_YEAR
    lost = np.where(random.random(n) < 0.05, random.random(n), 1.0)
    end = np.maximum(longest * lost, 1)
    days = np.minimum(np.minimum(of_cancer, of_other), end)
    cause = np.where(days >= end, 0, np.where(of_cancer <= of_other, 1, 2))
    return np.maximum(np.floor(days), 1).astype(np.int32), cause.astype(np.int8)


def part_of_registry(number: int, n: int, seed: int) -> pyarrow.Table:
    """Make one part, of n rows, from a generator of its own."""
    import pyarrow as pa

    random = np.random.default_rng([seed, number])
    age_days = np.clip(np.round(random.normal(61.5, 13.5, n) * DAYS_PER_YEAR), 20 * DAYS_PER_YEAR, 89 * DAYS_PER_YEAR).astype(np.int32)
    age = np.round(age_days / DAYS_PER_YEAR, 3)
    codes = drawn_traits(random, age)
    log_hazard = sum(np.array(trait.log_hazard)[codes[name]] for name, trait in TRAITS.items())
    diagnosis = FIRST + random.integers(0, (LAST - FIRST).astype(int) + 1, n)
    days, cause = drawn_follow_up(random, age, log_hazard, (CLOSING - diagnosis).astype(float))
    words = {name: pa.DictionaryArray.from_arrays(pa.array(codes[name]), pa.array(trait.words)) for name, trait in TRAITS.items()}
    return pa.table({
        "patient_id": pa.array(np.arange(n, dtype=np.int64) + number * PART + 1), "age": np.floor(age).astype(np.int16), "age_exact": age,
        "diagnosis_date": pa.array(diagnosis.astype("datetime64[D]")),
        "diagnosis_year": (diagnosis.astype("datetime64[Y]").astype(int) + 1970).astype(np.int16),
        **words, "months": np.floor(days / DAYS_PER_MONTH).astype(np.int16), "days": days, "event": (cause > 0).astype(np.int8), "cause": cause})


def write_registry(n: int, seed: int, folder: Path, *, csv: bool = False) -> None:
    """Write the parts, one after another, so that memory does not grow with n."""
    import pyarrow as pa
    import pyarrow.csv as text
    import pyarrow.parquet as pq

    (folder / "parts").mkdir(parents=True, exist_ok=True)
    writer = None
    for number, first in enumerate(range(0, n, PART)):
        table = part_of_registry(number, min(PART, n - first), seed)
        pq.write_table(table, folder / "parts" / f"part_{number:03d}.parquet", compression="zstd")
        if csv:
            plain = table.cast(pa.schema([(name, pa.string() if name in TRAITS else table.schema.field(name).type) for name in table.column_names]))
            writer = writer or text.CSVWriter(folder / "rows.csv", plain.schema, write_options=text.WriteOptions(quoting_style="needed"))
            writer.write_table(plain)
    if writer is not None:
        writer.close()


def main() -> None:
    """Write what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--csv", action="store_true")
    options = parser.parse_args()
    write_registry(options.n, options.seed, options.folder, csv=options.csv)


if __name__ == "__main__":
    main()
