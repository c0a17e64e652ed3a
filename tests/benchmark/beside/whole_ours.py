"""The whole process as a user writes it: `python whole_ours.py FILE.csv` prints the numbers as one line of JSON."""

from __future__ import annotations

import json
import sys
import warnings

import survival_nodes as sn

YEARS = tuple(range(1, 11))
MODEL = "I((age - 61) / 10) + nodal + t_stage + grade + er + chemo + rt"


def main(path: str) -> dict[str, list[float]]:
    """Read, estimate, test, fit."""
    warnings.simplefilter("ignore")
    cohort = sn.read_cohort(
        path, columns={"years": "months"}, time_unit="months", codes={"cause": {"0": "none", "1": "breast-cancer", "2": "other"}},
        levels={"nodal": ["N0", "ITC", "micromet", "macromet"]}, keep=["age", "nodal", "t_stage", "grade", "er", "chemo", "rt"])
    curves = sn.KaplanMeier("nodal", at_years=YEARS)(cohort)
    test = sn.LogRank("nodal")(cohort)
    incidence = sn.AalenJohansen("nodal", at_years=YEARS)(cohort)
    model = sn.CoxModel(MODEL)(cohort)
    by_category = incidence.set_index(["group", "cause"])["estimate"]
    pairs = [(word, cause) for word in ("N0", "ITC", "micromet", "macromet") for cause in ("breast-cancer", "other")]
    return {
        "survival": curves["estimate"].tolist(), "interval": curves["conf_low"].tolist() + curves["conf_high"].tolist(),
        "statistic": test["statistic"].tolist(), "incidence": [number for pair in pairs for number in by_category.loc[pair].tolist()],
        "coefficient": model["coefficient"].tolist(), "coefficient_error": model["std_error"].tolist()}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
