"""How other packages in Python do each work; each is imported only where it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from .contestant import Part

MONTHS = 12 * np.arange(1, 11)
NODAL = ("N0", "ITC", "micromet", "macromet")
REFERENCES = {"nodal": "N0", "t_stage": "T1", "grade": "I", "er": "Negative", "chemo": "No/Unknown", "rt": "No/Unknown"}
READ_COLUMNS = ["age", *REFERENCES, "months", "event", "cause"]


def rows(folder: Path, *columns: str) -> pd.DataFrame:
    """Read columns of the Parquet files; categories in their order."""
    frame = pd.read_parquet(folder / "parts", columns=list(columns))
    if "nodal" in frame:
        frame["nodal"] = frame["nodal"].cat.set_categories(NODAL)
    return frame


def followed(folder: Path) -> pd.DataFrame:
    """Give what the curves need."""
    return rows(folder, "nodal", "months", "event", "cause")


def by_category(frame: pd.DataFrame, estimate: Callable[[pd.DataFrame], object]) -> list[object]:
    """Estimate each nodal category."""
    return [estimate(group) for _, group in frame.groupby("nodal", observed=False)]


def at(times: np.ndarray, values: np.ndarray, before: float) -> list[float]:
    """Read a step curve at whole years: the step at or before."""
    return np.append(before, values)[np.searchsorted(times, MONTHS, side="right")].tolist()


def numbers_of(parts: list[dict[str, list[float]]]) -> dict[str, list[float]]:
    """Put the numbers of the categories one after another; both limits of intervals too, all lower ones first."""
    joined = {name: sum((part[name] for part in parts), []) for name in parts[0]}
    if "low" in joined:
        joined["interval"] = joined.pop("low") + joined.pop("high")
    return joined


def covariates(frame: pd.DataFrame, age: str) -> pd.DataFrame:
    """Give the twelve columns of the model, as numbers."""
    columns = {"age": (frame[age].to_numpy(dtype=float) - 61) / 10}
    for name, reference in REFERENCES.items():
        words = [reference, *sorted(word for word in frame[name].cat.categories if word != reference)] if name != "nodal" else NODAL
        columns |= {f"{name}_{word}": (frame[name] == word).to_numpy(dtype=float) for word in words[1:]}
    return pd.DataFrame(columns)


def for_cox(age: str, time: str) -> Callable[[Path], tuple[pd.DataFrame, np.ndarray, np.ndarray]]:
    """Load the columns of the model, the times and the events."""
    def load(folder: Path) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
        frame = rows(folder, age, *REFERENCES, time, "event")
        return covariates(frame, age), frame[time].to_numpy(dtype=float), frame["event"].to_numpy()
    return load


# --- lifelines
def lifelines_kaplan_meier(frame: pd.DataFrame) -> list[object]:
    """Fit each category."""
    from lifelines import KaplanMeierFitter

    return by_category(frame, lambda group: KaplanMeierFitter().fit(group["months"], group["event"]))


def lifelines_curve(fit: object) -> dict[str, list[float]]:
    """Read a fitted curve."""
    curve, limits = fit.survival_function_.iloc[:, 0], fit.confidence_interval_
    times = curve.index.to_numpy()
    low, high = (at(times, limits.iloc[:, place].to_numpy(), 1.0) for place in (0, 1))
    return {"survival": at(times, curve.to_numpy(), 1.0), "low": low, "high": high}


def lifelines_log_rank(frame: pd.DataFrame) -> float:
    """Test the categories."""
    from lifelines.statistics import multivariate_logrank_test

    return multivariate_logrank_test(frame["months"], frame["nodal"], frame["event"]).test_statistic


def lifelines_incidence(frame: pd.DataFrame) -> list[object]:
    """Fit each category and cause."""
    from lifelines import AalenJohansenFitter

    def of_causes(group: pd.DataFrame) -> list[object]:
        return [AalenJohansenFitter(calculate_variance=False, seed=1).fit(group["months"], group["cause"], cause).cumulative_density_ for cause in (1, 2)]
    return sum(by_category(frame, of_causes), [])


def lifelines_cox(loaded: tuple[pd.DataFrame, np.ndarray, np.ndarray], **options: object) -> object:
    """Fit the model."""
    from lifelines import CoxPHFitter

    columns, time, event = loaded
    return CoxPHFitter().fit(columns.assign(time=time, event=event), "time", "event", **options)


def lifelines_fit_for_test(folder: Path) -> tuple[object, pd.DataFrame]:
    """Fit the model whose hazards are tested."""
    columns, time, event = for_cox("age", "months")(folder)
    return lifelines_cox((columns, time, event)), columns.assign(time=time, event=event)


def lifelines_test(loaded: tuple[object, pd.DataFrame]) -> pd.DataFrame:
    """Test proportional hazards."""
    from lifelines.statistics import proportional_hazard_test

    return proportional_hazard_test(*loaded, time_transform="km").summary


# --- scikit-survival
def sksurv_kaplan_meier(frame: pd.DataFrame) -> list[object]:
    """Estimate each category."""
    from sksurv.nonparametric import kaplan_meier_estimator

    return by_category(frame, lambda group: kaplan_meier_estimator(group["event"].to_numpy(dtype=bool), group["months"].to_numpy(), conf_type="log-log"))


def sksurv_log_rank(loaded: tuple[np.ndarray, np.ndarray]) -> float:
    """Test the categories."""
    from sksurv.compare import compare_survival

    return compare_survival(*loaded)[0]


def sksurv_outcome(event: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Give the structured array it asks for."""
    outcome = np.empty(len(time), dtype=[("event", bool), ("time", float)])
    outcome["event"], outcome["time"] = event, time
    return outcome


def sksurv_incidence(frame: pd.DataFrame) -> list[object]:
    """Estimate each category."""
    from sksurv.nonparametric import cumulative_incidence_competing_risks

    return by_category(frame, lambda group: cumulative_incidence_competing_risks(
        group["cause"].to_numpy(dtype=int), group["months"].to_numpy(), conf_type="log-log"))


def sksurv_cox(loaded: tuple[pd.DataFrame, np.ndarray, np.ndarray], tol: float = 1e-9) -> np.ndarray:
    """Fit the model."""
    from sksurv.linear_model import CoxPHSurvivalAnalysis

    columns, time, event = loaded
    return CoxPHSurvivalAnalysis(ties="efron", tol=tol).fit(columns.to_numpy(), sksurv_outcome(event, time)).coef_


def sksurv_test_input(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Load what its test needs."""
    frame = followed(folder)
    return sksurv_outcome(frame["event"].to_numpy(), frame["months"].to_numpy(dtype=float)), frame["nodal"].cat.codes.to_numpy()


# --- statsmodels
def statsmodels_kaplan_meier(frame: pd.DataFrame) -> list[object]:
    """Estimate each category."""
    from statsmodels.duration.survfunc import SurvfuncRight

    return by_category(frame, lambda group: SurvfuncRight(group["months"].to_numpy(dtype=float), group["event"].to_numpy(dtype=int)))


def statsmodels_log_rank(frame: pd.DataFrame) -> float:
    """Test the categories."""
    from statsmodels.duration.survfunc import survdiff

    return survdiff(frame["months"].to_numpy(dtype=float), frame["event"].to_numpy(dtype=int), frame["nodal"].cat.codes.to_numpy())[0]


def statsmodels_cox(loaded: tuple[pd.DataFrame, np.ndarray, np.ndarray], **options: object) -> object:
    """Fit the model."""
    from statsmodels.duration.hazard_regression import PHReg

    columns, time, event = loaded
    return PHReg(time, columns.to_numpy(), status=event, ties="efron").fit(disp=0, **options)


# --- counting
def duckdb_counts(files: str) -> pd.DataFrame:
    """Count by one statement."""
    import duckdb

    with duckdb.connect() as connection:
        return connection.execute(
            f"SELECT nodal, months, event, count(*) AS n FROM read_parquet('{files}') GROUP BY nodal, months, event").df()


def pandas_counts(folder: Path) -> pd.DataFrame:
    """Read the columns and count."""
    return rows(folder, "nodal", "months", "event").groupby(["nodal", "months", "event"], observed=True).size().reset_index(name="n")


def kaplan_meier_of_counts(counts: pd.DataFrame) -> list[np.ndarray]:
    """Multiply from month to month: survival after each month, category by category."""
    curves = []
    for word in NODAL:
        own = counts[counts["nodal"] == word]
        left = np.bincount(own["months"], own["n"], 400)
        died = np.bincount(own["months"], own["n"] * own["event"], 400)
        at_risk = left[::-1].cumsum()[::-1]
        curves.append(np.cumprod(1 - died / np.maximum(at_risk, 1)))
    return curves


def _lifelines_cox_part(age: str, time: str) -> Part:
    def numbers(fit: object) -> dict[str, list[float]]:
        return {"coefficient": fit.params_.tolist(), "coefficient_error": fit.standard_errors_.tolist()}
    return Part(for_cox(age, time), lifelines_cox, numbers, lambda loaded: lifelines_cox(loaded, fit_options={"precision": 1e-13, "r_precision": 1e-14}))


def _read_columns(folder_file: Path) -> pd.DataFrame:
    return pd.read_csv(folder_file, usecols=READ_COLUMNS)


def _incidence_of(curves: list[pd.DataFrame]) -> dict[str, list[float]]:
    return {"incidence": sum((at(curve.index.to_numpy(), curve.iloc[:, 0].to_numpy(), 0.0) for curve in curves), [])}


def _sksurv_incidence_numbers(found: list[tuple]) -> dict[str, list[float]]:
    return {"incidence": sum((at(times, curves[cause], 0.0) for times, curves, _ in found for cause in (1, 2)), [])}


def _sksurv_curve(found: tuple) -> dict[str, list[float]]:
    times, survival, limits = found
    return {"survival": at(times, survival, 1.0), "low": at(times, limits[0], 1.0), "high": at(times, limits[1], 1.0)}


def _statsmodels_curve(found: object) -> dict[str, list[float]]:
    return {"survival": at(found.surv_times, found.surv_prob, 1.0), "survival_error": at(found.surv_times, found.surv_prob_se, 0.0)}


def _of_counts(curves: list[np.ndarray]) -> dict[str, list[float]]:
    return {"survival": np.concatenate([curve[MONTHS] for curve in curves]).tolist()}


def _statistic(value: float) -> dict[str, list[float]]:
    return {"statistic": [float(value)]}


PARTS = {
    ("read", "pandas"): Part(lambda folder: folder / "rows.csv", _read_columns, lambda frame: {"rows": [len(frame)]}),
    ("kaplan-meier", "lifelines"): Part(followed, lifelines_kaplan_meier, lambda fits: numbers_of([lifelines_curve(fit) for fit in fits])),
    ("kaplan-meier", "scikit-survival"): Part(followed, sksurv_kaplan_meier, lambda found: numbers_of([_sksurv_curve(one) for one in found])),
    ("kaplan-meier", "statsmodels"): Part(followed, statsmodels_kaplan_meier, lambda found: numbers_of([_statsmodels_curve(one) for one in found])),
    ("log-rank", "lifelines"): Part(followed, lifelines_log_rank, _statistic),
    ("log-rank", "scikit-survival"): Part(sksurv_test_input, sksurv_log_rank, _statistic),
    ("log-rank", "statsmodels"): Part(followed, statsmodels_log_rank, _statistic),
    ("cumulative-incidence", "lifelines"): Part(followed, lifelines_incidence, _incidence_of),
    ("cumulative-incidence", "scikit-survival"): Part(followed, sksurv_incidence, _sksurv_incidence_numbers),
    ("cox-months", "lifelines"): _lifelines_cox_part("age", "months"),
    ("cox-days", "lifelines"): _lifelines_cox_part("age_exact", "days"),
    ("cox-months", "scikit-survival"): Part(
        for_cox("age", "months"), sksurv_cox, lambda found: {"coefficient": found.tolist()}, lambda loaded: sksurv_cox(loaded, 1e-14)),
    ("cox-months", "statsmodels"): Part(
        for_cox("age", "months"), statsmodels_cox, lambda fit: {"coefficient": fit.params.tolist(), "coefficient_error": fit.bse.tolist()},
        lambda loaded: statsmodels_cox(loaded, tol=1e-14)),
    ("proportional-hazards", "lifelines"): Part(lifelines_fit_for_test, lifelines_test, lambda table: {"statistic": table["test_statistic"].tolist()}),
    ("scan-kaplan-meier", "bare DuckDB"): Part(
        lambda folder: str(folder / "parts" / "*.parquet"), lambda files: kaplan_meier_of_counts(duckdb_counts(files)), _of_counts),
    ("scan-kaplan-meier", "pandas"): Part(lambda folder: folder, lambda folder: kaplan_meier_of_counts(pandas_counts(folder)), _of_counts),
}
