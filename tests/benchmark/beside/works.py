"""The works that are timed, who does each, how far their numbers may lie apart, and the floors: tables, read by everything else here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

OURS = "survival_nodes"
SMALL, LARGE = (10_000, 100_000, 1_000_000, 3_000_000), (100_000, 1_000_000, 3_000_000, 30_000_000)
# How far numbers of each kind may lie apart; those of `statistic` in relation to their size.
LIMITS = {
    "survival": 1e-12, "interval": 1e-12, "survival_error": 1e-12, "incidence": 1e-12, "incidence_error": 1e-12, "statistic": 1e-8,
    "coefficient": 1e-8, "coefficient_error": 1e-8, "net": 1e-12, "net_error": 1e-12, "rows": 0.0}
NOT_COX: dict[str, float | None] = {"coefficient": None, "coefficient_error": None}
SUMS_LOGARITHMS: dict[str, float | None] = {"survival": 1e-10, "interval": 1e-10}
PACKAGES_IN_PYTHON = ("survival_nodes", "numpy", "pandas", "scipy", "pyarrow", "duckdb", "pyspark", "lifelines", "scikit-survival", "statsmodels")
PACKAGES_IN_R = ("survival", "cmprsk", "relsurv", "data.table")


@dataclass(frozen=True)
class Contestant:
    """Who does a work.

    `runs_in` is `ours`, `python` (another package, in the Python of the peers) or `R`; `needs` are the packages without which it is absent. Above
    `most` rows it is run with --long only, and above `most_long` never. `limits` stand in for LIMITS where its numbers cannot be expected to be ours
    (None: shown, not judged), and `note` says why. `tightened`: it may stop iterating early, so that its numbers are judged with its own convergence
    tightened, outside the timing. `most_seconds`: what one of its calls may take where the cap of all would stop a peer that a floor names.
    """

    name: str
    runs_in: str
    needs: tuple[str, ...] = ()
    most: int = 3_000_000
    most_long: int = 3_000_000
    limits: Mapping[str, float | None] = field(default_factory=dict)
    note: str = ""
    tightened: bool = False
    capped: bool = True
    most_seconds: float = 0.0


@dataclass(frozen=True)
class Work:
    """Something to be done at several sizes.

    `kind`: `process` (a whole process from the file to the numbers), `call` (a call on what is in memory) or `scan` (a call that reads the Parquet files).
    The first contestant is the one that the others are set beside.
    """

    name: str
    title: str
    contestants: tuple[Contestant, ...]
    sizes: tuple[int, ...] = SMALL
    kind: str = "call"


@dataclass(frozen=True)
class Floor:
    """What must be reached at n rows: a ratio of medians to one peer (or the best of several), or at most so many seconds or MB.

    `share_of_memory` compares peaks of memory instead: ours over the peer's, at most so much.
    """

    work: str
    n: int
    peers: tuple[str, ...] = ()
    ratio: float | None = None
    seconds: float | None = None
    mb: float | None = None
    share_of_memory: float | None = None


def ours(name: str = OURS, needs: tuple[str, ...] = ("survival_nodes",), **more: object) -> Contestant:
    """Name a contestant of this package."""
    return Contestant(name, "ours", needs, most=30_000_000, **more)


def in_r(name: str, package: str = "survival", **more: object) -> Contestant:
    """Name a contestant in R."""
    return Contestant(name, "R", (package, "data.table"), **more)


def in_python(name: str, package: str, **more: object) -> Contestant:
    """Name a contestant in Python."""
    return Contestant(name, "python", (package,), **more)


DRIFTS = "its sums drift where follow-up times lie days apart and patients are old, so only nearness is asked; exactness is tested elsewhere"
STOPS_EARLY = "may stop iterating early"
BY_LIFELINES = "up to 20,000 rows Cox is fitted by lifelines as well, which has to be loaded"
COX_PEERS = (
    in_r("coxph", tightened=True, note=STOPS_EARLY),
    in_r("coxph.fit", tightened=True, note=f"the bare fit on a ready matrix; {STOPS_EARLY}"),
    in_python("lifelines", "lifelines", tightened=True, note=STOPS_EARLY),
    in_python("scikit-survival", "sksurv", most=10_000, most_long=100_000, tightened=True, note=f"coefficients only; {STOPS_EARLY}"),
    in_python("statsmodels", "statsmodels", most=100_000, tightened=True, note=STOPS_EARLY),
)

WORKS = (
    Work("whole-process", "CSV file to numbers, whole process: Kaplan-Meier with intervals, log-rank, cumulative incidence, Cox with 12 columns", (
        ours(note=BY_LIFELINES),
        Contestant("R", "R", ("survival", "cmprsk", "data.table"), limits=NOT_COX, note=f"Cox {STOPS_EARLY}: judged where Cox alone is timed"),
        in_python(
            "lifelines and pandas", "lifelines", limits={**NOT_COX, **SUMS_LOGARITHMS, "incidence": None},
            note=f"Cox {STOPS_EARLY}; incidence jitters ties at random"),
    ), kind="process"),
    Work("read", "Reading ten columns of a CSV file", (
        ours(), in_python("pandas", "pandas", note="a frame, unchecked"), in_r("fread", "data.table", note="a frame, unchecked"))),
    Work("kaplan-meier", "Kaplan-Meier with interval by nodal category, months", (
        ours(), ours(f"{OURS}, every step"), in_r("survfit"), in_python("lifelines", "lifelines", limits=SUMS_LOGARITHMS, note="sums logarithms"),
        in_python("scikit-survival", "sksurv"), in_python("statsmodels", "statsmodels", note="standard error, no interval"))),
    Work("log-rank", "Log-rank test of four nodal categories, months", (
        ours(), in_r("survdiff"), in_python("lifelines", "lifelines"), in_python("scikit-survival", "sksurv", most=1_000_000),
        in_python("statsmodels", "statsmodels"))),
    Work("cumulative-incidence", "Cumulative incidence of two causes with exact standard error, by nodal category, months", (
        ours(), in_r("survfit, several states", most=1_000_000),
        in_r("cuminc", "cmprsk", limits={"incidence_error": None}, note="with Gray's test; another variance, shown and not judged"),
        in_python("scikit-survival", "sksurv", note="with an interval by another variance"),
        in_python("lifelines", "lifelines", limits={"incidence": None}, note="jitters ties at random; no variance"))),
    Work("cox-months", "Cox, Efron, 12 columns, whole months and years of age", (ours(note=BY_LIFELINES), *COX_PEERS)),
    Work("cox-days", "Cox, Efron, 12 columns, days and exact age", (ours(note=BY_LIFELINES), *(replace(peer, most=1_000_000) for peer in COX_PEERS[:3]))),
    Work("proportional-hazards", "Test of proportional hazards after the fit, transform km, months", (
        ours(), in_r("cox.zph", tightened=True, note=f"after a fit that {STOPS_EARLY}"),
        in_python("lifelines", "lifelines", most=10_000, most_long=10_000, limits={"statistic": None},
                  note="the approximation of before 2019, no global test"))),
    Work("pohar-perme", "Net survival by Pohar Perme at 1, 5 and 10 years, days", (
        ours(), in_r("relsurv", "relsurv", most=1_000_000, most_long=1_000_000, limits={"net": 5e-3, "net_error": 5e-3}, note=DRIFTS, most_seconds=1_800))),
    Work("scan-kaplan-meier", "Parquet files: Kaplan-Meier with interval by nodal category, from a scan", (
        ours(f"{OURS}, DuckDB"),
        ours(f"{OURS}, Spark", needs=("survival_nodes", "pyspark"), capped=False, note="Spark on this machine; memory without that of Java"),
        in_python("bare DuckDB", "duckdb", most=30_000_000, note="one statement that counts, and a loop"),
        in_python("pandas", "pandas", note="all rows in memory")), sizes=LARGE, kind="scan"),
    Work("scan-cox", "Parquet files: exact Cox, Efron, 12 columns, from a scan", (
        ours(f"{OURS}, DuckDB"),
        in_r("coxph", most=1_000_000, tightened=True, note=f"on rows in memory, reading not timed; {STOPS_EARLY}")), sizes=LARGE, kind="scan"),
)
BY_NAME = {work.name: work for work in WORKS}

MILLION, THREE, THIRTY = 1_000_000, 3_000_000, 30_000_000
FLOORS = (
    Floor("whole-process", MILLION, ("R",), ratio=8), Floor("whole-process", MILLION, ("lifelines and pandas",), ratio=4),
    Floor("whole-process", MILLION, ("R",), share_of_memory=0.5), Floor("whole-process", THREE, ("R",), ratio=12),
    Floor("kaplan-meier", MILLION, ("survfit", "lifelines", "scikit-survival", "statsmodels"), ratio=5),
    Floor("kaplan-meier", MILLION, ("survfit",), ratio=150),
    Floor("cumulative-incidence", MILLION, ("survfit, several states", "cuminc", "scikit-survival"), ratio=100),
    *(Floor("cox-months", MILLION, (peer,), ratio=times) for peer, times in (("coxph", 40), ("lifelines", 25), ("coxph.fit", 5))),
    *(Floor("cox-months", THREE, (peer,), ratio=times) for peer, times in (("coxph", 60), ("lifelines", 40), ("coxph.fit", 5))),
    Floor("cox-days", MILLION, ("coxph",), ratio=10),
    Floor("proportional-hazards", MILLION, ("cox.zph",), ratio=100),
    Floor("pohar-perme", MILLION, ("relsurv",), ratio=400), Floor("pohar-perme", MILLION, mb=300),
    Floor("scan-kaplan-meier", THIRTY, seconds=2), Floor("scan-kaplan-meier", THIRTY, mb=300),
    Floor("scan-cox", THIRTY, seconds=40), Floor("scan-cox", THIRTY, mb=1000),
)
# Processor time of each of ours may grow no faster than this power of n, over these sizes.
MOST_GROWTH, GROWTH_FROM, GROWTH_TO = 1.05, 100_000, 3_000_000
