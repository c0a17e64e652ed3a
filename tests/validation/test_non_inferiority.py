"""Non-inferiority and superiority against R: intervals, tests and verdicts, from the formulas in `r/non_inferiority.R`.

R's hazard ratios against a margin are of two groups alone, so the cohort is cut to them; `worse` rows are of one model over all.
"""

from __future__ import annotations

import math
import re

import pandas as pd
import pytest

from survival_nodes.comparisons.non_inferiority import NonInferiority
from survival_nodes.comparisons.superiority import Worse

# Analyses of a data set that R has: name in the conftest, and how R's group reads ("node: ITC minus N0").
CASES = [("btrial", "btrial"), ("synA", "synA"), ("gbsg_hormon", "gbsg"), ("rotterdam", "rotterdam")]
IDS = [name for name, _ in CASES]


@pytest.fixture(params=CASES, ids=IDS)
def case(request, reference_rows, validation_cohort, data_set):
    """Give a cohort, its data set, and a function from an analysis to R's rows of it by group and time."""
    name, in_reference = request.param
    rows = reference_rows(in_reference, "ni_survival_difference"), reference_rows(in_reference, "ni_test")
    return validation_cohort(name), data_set(name), pd.concat(rows, ignore_index=True)


def cut(rows: pd.DataFrame) -> list[tuple[str, str, str, float, dict]]:
    """Split R's rows into (method, new, reference, time, statistic -> value)."""
    pieces = []
    for (method, group, time), own in rows.groupby(["method", "group", "time"], dropna=False, sort=False):
        new, reference = re.fullmatch(r"\w+: (.+) minus (.+)", group).groups()
        pieces.append((method, new, reference, time, dict(zip(own["statistic"], own["value"], strict=True))))
    return pieces


def test_survival_difference_and_its_interval(case):
    cohort, spec, rows = case
    pieces = cut(rows[rows["method"].str.startswith("Wald Greenwood")])
    assert pieces
    for method, new, reference, time, theirs in pieces:
        level = float(method.partition("level=")[2])
        ours = _row(NonInferiority(spec.by, reference, 0.05, at_years=time / spec.per_year, one_sided_alpha=(1 - level) / 2)(cohort), new)
        assert ours["estimate"] == pytest.approx(theirs["diff"], abs=1e-9)
        assert ours["std_error"] == pytest.approx(theirs["se"], abs=1e-9)
        assert (ours["conf_low"], ours["conf_high"]) == pytest.approx((theirs["lower"], theirs["upper"]), abs=1e-9)
        assert ours["smallest_margin"] == pytest.approx(max(0, -theirs["lower"]), abs=1e-9)
        assert ours["verdict"] == ("shown" if theirs["lower"] > -0.05 else "excluded" if theirs["upper"] < -0.05 else "inconclusive")


def test_one_sided_test_of_a_survival_difference(case):
    cohort, spec, rows = case
    pieces = cut(rows[rows["method"].str.startswith("H0: S1-S0")])
    assert pieces
    for method, new, reference, time, theirs in pieces:
        margin = float(re.search(r"<=-([\d.]+) ", method).group(1))
        ours = _row(NonInferiority(spec.by, reference, margin, at_years=time / spec.per_year)(cohort), new)
        assert ours["p_value"] == pytest.approx(theirs["p_one_sided"], abs=1e-9)
        assert ours["margin"] == margin
        assert (ours["verdict"] == "shown") is (theirs["p_one_sided"] < 0.025)


@pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")  # btrial has 24 events only
def test_hazard_ratio_against_a_margin(case):
    cohort, spec, rows = case
    pieces = cut(rows[rows["method"].str.startswith("HR margin")])
    assert pieces
    for method, new, reference, _, theirs in pieces:
        margin = float(re.search(r"margin ([\d.]+) ", method).group(1))
        groups = cohort.groups(spec.by)
        own = [groups.labels[code] in {new, reference} if code >= 0 else False for code in groups.codes]
        two = cohort.where(lambda rows, own=own: pd.Series(own, index=rows.index))
        ours = _row(NonInferiority(spec.by, reference, margin, measure="hazard-ratio")(two), new)
        assert ours["estimate"] == pytest.approx(theirs["HR"], rel=1e-6)
        assert ours["std_error"] == pytest.approx(theirs["HR"] * theirs["se"], rel=1e-6)  # delta method
        assert ours["conf_high"] == ours["smallest_margin"] == pytest.approx(theirs["upper_95_two_sided"], rel=1e-6)
        assert ours["p_value"] == pytest.approx(theirs["p_one_sided"], rel=1e-6)
        assert (ours["verdict"] == "shown") is (theirs["p_one_sided"] < 0.025)
        ninety = _row(NonInferiority(spec.by, reference, margin, measure="hazard-ratio", one_sided_alpha=0.05)(two), new)
        assert ninety["conf_high"] == pytest.approx(theirs["upper_90_two_sided"], rel=1e-6)


@pytest.mark.parametrize("formula", [None, "age + grade"])
@pytest.mark.parametrize("reference", ["N0", "micromet"])
def test_worse_than_any_reference(reference_rows, validation_cohort, formula, reference):
    rows = reference_rows("synA", "worse")
    rows = rows[(rows["method"] == ("node" if formula is None else f"node + {formula}")) & rows["group"].str.endswith(f"minus {reference}")]
    ours = Worse("node", reference, formula=formula)(validation_cohort("synA"))
    assert list(ours["measure"].unique()) == ["hazard-ratio"]
    for _, new, _, _, theirs in cut(rows):
        row = _row(ours, new)
        assert (row["estimate"], row["conf_low"], row["conf_high"]) == pytest.approx((theirs["HR"], theirs["lower"], theirs["upper"]), rel=1e-6)
        assert row["std_error"] == pytest.approx(theirs["HR"] * theirs["se"], rel=1e-6)
        assert row["p_value"] == pytest.approx(theirs["p_one_sided"], rel=1e-6)
        assert row["verdict"] == ("shown" if theirs["lower"] > 1 else "excluded" if theirs["upper"] < 1 else "inconclusive")
    assert len(ours) == 3 and set(ours["verdict"]) == ({"shown", "inconclusive"} if reference == "N0" else {"shown", "inconclusive", "excluded"})


def test_sedmak_by_hand(validation_cohort):
    # S(60 months): 26/36 of the negative, 5/9 of the positive, nobody censored by then (Sedmak 1989); variance p(1 - p)/n.
    row = _row(NonInferiority("im", "1", 0.025)(validation_cohort("btrial")), "2")
    variance = 26 / 36 * 10 / 36 / 36 + 5 / 9 * 4 / 9 / 9
    assert row["estimate"] == pytest.approx(5 / 9 - 26 / 36, abs=1e-12)
    assert row["std_error"] == pytest.approx(math.sqrt(variance), abs=1e-12)
    assert row["verdict"] == "inconclusive"


def _row(contrasts: pd.DataFrame, group: str) -> pd.Series:
    return contrasts.set_index("group").loc[group]
