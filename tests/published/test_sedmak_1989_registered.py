"""Sedmak et al. 1989, Mod Pathol 2:516 (Klein and Moeschberger 2003, section 1.5): the registered figures follow from the printed rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.comparisons.superiority import Worse
from survival_nodes.comparisons.with_published import compare_with_published
from survival_nodes.estimates.kaplan_meier import KaplanMeier
from survival_nodes.literature.published import published_rates

ROWS = pd.read_csv(Path(__file__).parents[1] / "validation" / "inputs" / "btrial.csv")
RATES = published_rates()
RATES = RATES[RATES["study"] == "Sedmak 1989"]


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    frame = ROWS.assign(group=ROWS["im"].map({1: "negative by immunohistochemistry", 2: "occult metastasis"}))
    return Cohort.from_frame(frame, {"years": "time", "event": "death"}, "months")


@pytest.mark.parametrize("kind", ["negative by immunohistochemistry", "occult metastasis"])
def test_survival_at_five_and_ten_years_rounds_to_the_registered_figure(cohort, kind):
    estimates = KaplanMeier("group", at_years=(5, 10))(cohort)
    own = estimates[estimates["group"] == kind]
    rates = RATES[RATES["category"] == ("negative-ihc" if kind.startswith("negative") else "occult")]
    for column in ("estimate", "conf_low", "conf_high"):
        assert own[column].round(4).tolist() == rates[column].tolist()
    assert compare_with_published(own, rates, 0.5)["difference"].abs().max() < 0.00005


def test_the_hazard_ratio_rounds_to_the_registered_one(cohort):
    row = Worse("group", "negative by immunohistochemistry")(cohort).iloc[0]
    rate = RATES[RATES["ratio"].notna()].iloc[0]
    # The upper limit is 6.2499 at full precision.
    assert [round(row[column], 2) for column in ("estimate", "conf_low", "conf_high")] == [rate["ratio"], rate["ratio_low"], rate["ratio_high"]] == [2.66, 1.14, 6.25]
    assert (row["verdict"], rate["reference"], rate["ratio_kind"]) == ("shown", "negative-ihc", "hazard ratio")
