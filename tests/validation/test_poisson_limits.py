"""Exact Poisson limits and rates.

Origin: R's qchisq (`r/km_reference.R` makes `r/poisson_reference.csv`); closed forms for 0 and 1 events.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import pdtr

from survival_nodes.estimates.person_years import PersonYears, exact_poisson_limits

ROWS = pd.read_csv(Path(__file__).parent / "r" / "poisson_reference.csv")


@pytest.mark.parametrize("row", list(ROWS.itertuples()), ids=lambda row: f"{row.term} {row.statistic}")
def test_limits_as_in_r(row):
    n_event, person_time = (int(number) for number in re.findall(r"\d+", row.term))
    low, high = exact_poisson_limits(np.array([n_event]))
    ours = {"lower": low, "upper": high}[row.statistic][0] / person_time
    assert ours == pytest.approx(row.value, abs=1e-9)


def test_limits_as_in_popepi(reference_rows):
    # popEpi searches for its limits and stops within 3e-6 of R's own qchisq, so it is met to that and no closer.
    rows = reference_rows("none", "poisson_ci")
    found = rows[rows["method"] == "popEpi::poisson.ci"]
    if found.empty:
        pytest.skip("popEpi's numbers are not kept here: set SURVIVAL_NODES_REFERENCE to the folder of the full reference")
    for row in found.itertuples():
        n_event, person_time = (int(number) for number in re.findall(r"\d+", row.term))
        ours = exact_poisson_limits(np.array([n_event]))[row.statistic == "upper"][0] / person_time
        assert ours == pytest.approx(row.value, abs=3e-6)


@pytest.mark.parametrize("conf_level", [0.5, 0.9, 0.95, 0.99])
def test_closed_forms(conf_level):
    tail = (1 - conf_level) / 2
    low, high = exact_poisson_limits(np.array([0, 1]), conf_level)
    assert low[0] == 0 and high[0] == pytest.approx(-math.log(tail), abs=1e-12)  # P(0 events) = exp(-high)
    assert low[1] == pytest.approx(-math.log1p(-tail), abs=1e-12)  # P(at least 1) = 1 - exp(-low)


@pytest.mark.parametrize("n_event", [0, 1, 7, 400])
def test_tails_of_the_count_are_what_the_level_leaves(n_event):
    low, high = (limit[0] for limit in exact_poisson_limits(np.array([n_event]), 0.9))
    assert pdtr(n_event, high) == pytest.approx(0.05, abs=1e-9)
    assert n_event == 0 or 1 - pdtr(n_event - 1, low) == pytest.approx(0.05, abs=1e-9)


def test_rates_of_val_test2(validation_cohort):
    # Time at risk by hand, x = 0: 1 + 1 + 7 + 6 + 9 = 24, 3 events; x = 1: 1 + 5 + 2 + 6 + 5 = 19, 4 events.
    table = PersonYears("x").table(validation_cohort("val_test2"))
    assert table["person_years"].tolist() == [24, 19] and table["events"].tolist() == [3, 4]
    assert table["rate"].tolist() == pytest.approx([3 / 24, 4 / 19], abs=1e-12)
    estimates = PersonYears("x")(validation_cohort("val_test2"))
    assert estimates["std_error"].tolist() == pytest.approx([math.sqrt(3) / 24, 2 / 19], abs=1e-12)
    assert estimates[["n_risk", "n_event", "n_censor"]].values.tolist() == [[5, 3, 2], [5, 4, 1]]
    assert estimates["years"].isna().all() and set(estimates["estimand"]) == {"rate"}
