"""The whole process with pandas and lifelines: `python whole_lifelines.py FILE.csv` prints the numbers as one line of JSON."""

from __future__ import annotations

import json
import sys
import warnings

NODAL = ("N0", "ITC", "micromet", "macromet")
MONTHS = [12.0 * year for year in range(1, 11)]
TRAITS = ["nodal", "t_stage", "grade", "er", "chemo", "rt"]


def steps(curve: object) -> list[float]:
    """Read a frame of one column at whole years: the step at or before."""
    return curve.iloc[curve.index.searchsorted(MONTHS, side="right") - 1, 0].tolist()


def main(path: str) -> dict[str, list[float]]:
    """Read, estimate, test, fit."""
    import pandas as pd
    from lifelines import AalenJohansenFitter, CoxPHFitter, KaplanMeierFitter
    from lifelines.statistics import multivariate_logrank_test

    warnings.simplefilter("ignore")
    rows = pd.read_csv(path, usecols=["age", *TRAITS, "months", "event", "cause"])
    found = {"survival": [], "low": [], "high": [], "incidence": []}
    for word in NODAL:
        group = rows[rows["nodal"] == word]
        curve = KaplanMeierFitter().fit(group["months"], group["event"])
        found["survival"] += steps(curve.survival_function_)
        found["low"] += steps(curve.confidence_interval_.iloc[:, [0]])
        found["high"] += steps(curve.confidence_interval_.iloc[:, [1]])
        for cause in (1, 2):
            found["incidence"] += steps(AalenJohansenFitter(calculate_variance=False, seed=1).fit(group["months"], group["cause"], cause).cumulative_density_)
    statistic = multivariate_logrank_test(rows["months"], rows["nodal"], rows["event"]).test_statistic
    rows["nodal"] = pd.Categorical(rows["nodal"], NODAL)
    columns = pd.get_dummies(rows[TRAITS], drop_first=True, dtype=float)
    columns.insert(0, "decades", (rows["age"] - 61) / 10)
    fit = CoxPHFitter().fit(columns.assign(months=rows["months"], event=rows["event"]), "months", "event")
    return {
        "survival": found["survival"], "interval": found["low"] + found["high"], "statistic": [float(statistic)], "incidence": found["incidence"],
        "coefficient": fit.params_.tolist(), "coefficient_error": fit.standard_errors_.tolist()}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
