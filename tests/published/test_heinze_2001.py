"""Heinze and Schemper 2001, Biometrics 57:114-119: Firth's penalty gives a finite hazard ratio under monotone likelihood.

Two patients, the exposed one dying first: with r = exp(beta) the likelihood is r / (1 + r), which has no maximum. Its information is
r / (1 + r)^2, so the penalised likelihood is r^(3/2) / (1 + r)^2, greatest where r / (1 + r) = 3/4: beta = log 3.
"""

from __future__ import annotations

import math

import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.errors import DataWarning


@pytest.fixture(scope="module")
def cohort():
    return sn.Cohort.from_frame(pd.DataFrame({"years": [1, 2], "event": [1, 1], "exposed": [1, 0]}), time_unit="years")


def test_two_patients_have_the_hazard_ratio_three(cohort):
    row = sn.CoxModel("exposed", penalty="firth")(cohort).iloc[0]
    assert row["coefficient"] == pytest.approx(math.log(3), abs=1e-8)
    assert row["hazard_ratio"] == pytest.approx(3, abs=1e-7)
    assert row["conf_low"] < 1 < row["conf_high"]


def test_its_standard_error_is_that_of_the_information_at_the_maximum(cohort):
    """3/4 * 1/4 = 3/16 of information, as coxphf takes it: the penalty is not differentiated."""
    row = sn.CoxModel("exposed", penalty="firth")(cohort).iloc[0]
    assert row["std_error"] == pytest.approx(4 / math.sqrt(3), abs=1e-6)


def test_plain_likelihood_has_no_maximum_and_shows_no_number(cohort):
    with pytest.warns(DataWarning, match="no finite hazard ratio"), pytest.warns(DataWarning, match="events for 1 coefficient"):
        row = sn.CoxModel("exposed", ties="breslow")(cohort).iloc[0]
    assert row[["coefficient", "std_error", "hazard_ratio", "conf_low", "conf_high", "p_value"]].isna().all()
