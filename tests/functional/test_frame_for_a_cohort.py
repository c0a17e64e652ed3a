"""A frame or a path where a cohort is wanted: the commonest slip of a first hour, and one line with the way out."""

from __future__ import annotations

import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.errors import UsageError

CALLS = {
    "Kaplan-Meier": sn.KaplanMeier("node"), "robust": sn.KaplanMeier("node", robust=True), "curve": sn.KaplanMeier("node").curve,
    "quantiles": sn.KaplanMeier("node").quantiles, "conditional": lambda c: sn.KaplanMeier("node").conditional(c, 1),
    "pseudo-values": sn.KaplanMeier("node").pseudo_values, "follow-up": sn.FollowUp("node"), "person-years": sn.PersonYears("node"),
    "log-rank": sn.LogRank("node"), "pairwise": sn.LogRank("node").pairwise, "restricted mean": sn.RestrictedMean("node", 5),
    "contrast": lambda c: sn.RestrictedMean("node", 5).contrast(c, "N0"), "adjusted": lambda c: sn.RestrictedMean("node", 5).adjusted(c, "N0", "age"),
    "years lost": sn.RestrictedMean("node", 5).years_lost, "incidence": sn.AalenJohansen("node"), "Gray": sn.GrayTest("node", "breast-cancer"),
    "Cox": sn.CoxModel("node"), "Cox by lifelines": sn.CoxModel("node", fitter="lifelines"), "Cox with weights": sn.CoxModel("node", weights="w"),
    "proportional hazards": sn.ProportionalHazards(sn.CoxModel("node")), "Fine-Gray": sn.FineGray("node", "breast-cancer"),
    "absolute risk": sn.AbsoluteRisk("node"), "bootstrap": sn.Bootstrap(sn.KaplanMeier("node"), 1), "net survival": sn.NetSurvival("node"),
    "Ederer II": sn.NetSurvival("node", method="ederer-ii", intervals=12), "crude": sn.NetSurvival("node").crude, "net test": sn.NetSurvival("node").test,
    "expected deaths": sn.ExpectedDeaths("us", "node"), "life expectancy": sn.LifeExpectancy("us", "node"), "excess hazard": sn.ExcessHazard("node"),
    "non-inferiority": sn.NonInferiority("node", "N0", 0.05), "ratio": sn.NonInferiority("node", "N0", 1.3, measure="hazard-ratio"),
    "worse": sn.Worse("node", "N0"), "baseline table": lambda c: sn.tables.baseline(c, "node"),
    "study": lambda c: sn.Study(name="x", title="X", cohort=c, by="node").run(),
}
FRAME = pd.DataFrame({"years": [1.0, 2.0], "event": [1, 0], "node": ["N0", "N1"], "age": [50.0, 60.0]})


@pytest.mark.parametrize("name", CALLS)
def test_a_frame_is_no_cohort(name):
    with pytest.raises(UsageError, match="^a DataFrame is no cohort: make one of a frame with Cohort.from_frame") as caught:
        CALLS[name](FRAME)
    assert "\n" not in str(caught.value)


def test_a_path_is_no_cohort():
    with pytest.raises(UsageError, match="^a str is no cohort: .* or of a file with read_cohort"):
        sn.KaplanMeier()("cohort.csv")
