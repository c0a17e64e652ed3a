"""How this package does each work, by its public face alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import survival_nodes as sn

from .contestant import Part

YEARS = tuple(range(1, 11))
NODAL = ("N0", "ITC", "micromet", "macromet")
CAUSES = {0: "none", 1: "breast-cancer", 2: "other"}
LEVELS = {"nodal": NODAL}
FILE_COLUMNS = ["nodal", "t_stage", "grade", "er", "chemo", "rt"]
TERMS = "nodal + t_stage + grade + er + chemo + rt"
MONTHS_MODEL, DAYS_MODEL = f"I((age - 61) / 10) + {TERMS}", f"I((age_exact - 61) / 10) + {TERMS}"
KAPLAN_MEIER = sn.KaplanMeier("nodal", at_years=YEARS)
INCIDENCE = sn.AalenJohansen("nodal", at_years=YEARS)


def rows(folder: Path, *columns: str) -> pd.DataFrame:
    """Read columns of the Parquet files."""
    return pd.read_parquet(folder / "parts", columns=list(columns))


def in_months(folder: Path) -> sn.Cohort:
    """Give the cohort in whole months."""
    frame = rows(folder, "age", *FILE_COLUMNS, "months", "event", "cause")
    return sn.Cohort.from_frame(frame, {"years": "months"}, "months", causes=CAUSES, levels=LEVELS)


def in_days(folder: Path) -> sn.Cohort:
    """Give the cohort in days, with the exact age."""
    frame = rows(folder, "age_exact", *FILE_COLUMNS, "days", "event")
    return sn.Cohort.from_frame(frame, {"years": "days"}, "days", levels=LEVELS)


def for_net_survival(folder: Path) -> sn.Cohort:
    """Give the cohort in days with sex, age to the day and the date of diagnosis."""
    frame = rows(folder, "age_exact", "sex", "diagnosis_date", "days", "event")
    frame["age"] = (frame.pop("age_exact") * 365.25).round() / 365.25
    frame["diagnosis_date"] = pd.to_datetime(frame["diagnosis_date"])
    frame["sex"] = frame["sex"].cat.rename_categories(str.lower)
    return sn.Cohort.from_frame(frame, {"years": "days"}, "days")


def read(path: Path) -> sn.Cohort:
    """Read the CSV file: the columns that the works need."""
    return sn.read_cohort(
        path, columns={"years": "months"}, time_unit="months", codes={"cause": {str(code): word for code, word in CAUSES.items()}}, levels=LEVELS,
        keep=("age", *FILE_COLUMNS))


def fitted(folder: Path) -> object:
    """Fit the model whose hazards are tested."""
    return sn.CoxModel(MONTHS_MODEL).fit(in_months(folder))


def scanned(engine: str, files: str) -> object:
    """Name the files of a scan; nothing is read."""
    return sn.scan_cohort(files, engine=engine, columns={"years": "months"}, time_unit="months", levels=LEVELS)


def files_of(folder: Path) -> str:
    """Give the pattern of the Parquet files."""
    return str(folder / "parts" / "*.parquet")


def column(frame: pd.DataFrame, name: str) -> list[float]:
    """Give a column as numbers."""
    return frame[name].to_numpy(dtype=float).tolist()


def survival_numbers(frame: pd.DataFrame) -> dict[str, list[float]]:
    """Give survival, its limits and standard error, group by group in the order of the categories."""
    by_group = pd.concat([frame[frame["group"] == word] for word in NODAL])
    return {
        "survival": column(by_group, "estimate"), "survival_error": column(by_group, "std_error"),
        "interval": column(by_group, "conf_low") + column(by_group, "conf_high")}


def every_step(curves: pd.DataFrame) -> dict[str, list[float]]:
    """Read the curves at whole years, as the step at or before."""
    parts = []
    for word in NODAL:
        curve = curves[curves["group"] == word]
        parts.append(curve.iloc[np.searchsorted(curve["years"].to_numpy(), np.array(YEARS) + 1e-9, side="right") - 1])
    return survival_numbers(pd.concat(parts))


def incidence_numbers(frame: pd.DataFrame) -> dict[str, list[float]]:
    """Give incidence and its standard error: category by category, cause by cause."""
    parts = [frame[(frame["group"] == word) & (frame["cause"] == cause)] for word in NODAL for cause in ("breast-cancer", "other")]
    ordered = pd.concat(parts)
    return {"incidence": column(ordered, "estimate"), "incidence_error": column(ordered, "std_error")}


def cox_numbers(frame: pd.DataFrame) -> dict[str, list[float]]:
    """Give coefficients and standard errors in the order of the formula."""
    return {"coefficient": column(frame, "coefficient"), "coefficient_error": column(frame, "std_error")}


def _statistic(frame: pd.DataFrame) -> dict[str, list[float]]:
    return {"statistic": column(frame, "statistic")}


def _net(frame: pd.DataFrame) -> dict[str, list[float]]:
    return {"net": column(frame, "estimate"), "net_error": column(frame, "std_error")}


def _scan_part(engine: str) -> Part:
    return Part(files_of, lambda files: KAPLAN_MEIER(scanned(engine, files)), survival_numbers)


OURS = "survival_nodes"
PARTS = {
    ("read", OURS): Part(lambda folder: folder / "rows.csv", read, lambda cohort: {"rows": [len(cohort)]}),
    ("kaplan-meier", OURS): Part(in_months, KAPLAN_MEIER, survival_numbers),
    ("kaplan-meier", f"{OURS}, every step"): Part(in_months, KAPLAN_MEIER.curve, every_step),
    ("log-rank", OURS): Part(in_months, sn.LogRank("nodal"), _statistic),
    ("cumulative-incidence", OURS): Part(in_months, INCIDENCE, incidence_numbers),
    ("cox-months", OURS): Part(in_months, sn.CoxModel(MONTHS_MODEL), cox_numbers),
    ("cox-days", OURS): Part(in_days, sn.CoxModel(DAYS_MODEL), cox_numbers),
    ("proportional-hazards", OURS): Part(fitted, lambda fit: fit.proportional_hazards("km"), _statistic),
    ("pohar-perme", OURS): Part(for_net_survival, sn.NetSurvival(at_years=(1, 5, 10)), _net),
    ("scan-kaplan-meier", f"{OURS}, DuckDB"): _scan_part("duckdb"),
    ("scan-kaplan-meier", f"{OURS}, Spark"): _scan_part("spark"),
    ("scan-cox", f"{OURS}, DuckDB"): Part(files_of, lambda files: sn.CoxModel(MONTHS_MODEL)(scanned("duckdb", files)), cox_numbers),
}
