"""Rossi, Berk and Lenihan 1980, Money, Work, and Crime: 432 released prisoners, 114 of them arrested within a year.

Printed figures: Allison 1995 and Fox 2002 (appendix on Cox regression) for the Cox model; R's cox.zph (survival 3) for the tests of
proportional hazards, as quoted in lifelines' discussion 997 (Kaplan-Meier transform) and recomputed for all four transforms.
"""

from __future__ import annotations

import pytest
from lifelines.datasets import load_rossi

import survival_nodes as sn

MODEL = sn.CoxModel("fin + age + race + wexp + mar + paro + prio")
ZPH = {  # transform -> age, wexp, GLOBAL
    "km": (5.973981653, 4.224595633, 17.694415254), "rank": (0.896421462, 4.159683753, 11.025183407),
    "identity": (6.6159437893, 3.8767551247, 18.1826870391), "log": (8.231498342, 2.085854841, 17.661570571)}


@pytest.fixture(scope="module")
def cohort():
    with pytest.warns(sn.errors.DataWarning, match="longest of 1 years|is the unit of time right"):
        return sn.Cohort.from_frame(load_rossi(), {"years": "week", "event": "arrest"}, "days", days_per_year=52)


def test_cox_model(cohort):
    """Fox 2002, Efron's ties."""
    fit = MODEL.fit(cohort)
    assert fit.coefficients["coefficient"].round(4).tolist() == [-0.3794, -0.0574, 0.3139, -0.1498, -0.4337, -0.0849, 0.0915]
    assert fit.coefficients["std_error"].round(4).tolist() == [0.1914, 0.0220, 0.3080, 0.2122, 0.3819, 0.1958, 0.0286]
    assert fit.tests["statistic"].round(2).tolist() == [33.27, 32.11, 33.53]
    # Printed by R as 0.64 (se = 0.027).
    assert (round(fit.concordance, 2), round(fit.concordance_std_error, 3)) == (0.64, 0.027)


@pytest.mark.parametrize("transform", list(ZPH))
def test_proportional_hazards(cohort, transform):
    found = sn.ProportionalHazards(MODEL, transform=transform)(cohort).set_index("comparison")["statistic"]
    assert found[["age", "wexp", "GLOBAL"]].tolist() == pytest.approx(ZPH[transform], rel=1e-6)


def test_printed_figures_of_proportional_hazards(cohort):
    found = sn.ProportionalHazards(MODEL)(cohort).set_index("comparison")["statistic"]
    assert found[["age", "wexp", "GLOBAL"]].round(4).tolist() == [5.9740, 4.2246, 17.6944]
