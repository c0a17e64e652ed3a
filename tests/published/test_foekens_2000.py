"""Foekens et al. 2000, Cancer Res 60:636-643: the Rotterdam tumour bank, 2982 women with breast cancer, by number of positive nodes.

The rows are those of R's survival (Royston and Altman 2013, BMC Med Res Methodol 13:33). The paper gives no survival by these four
groups; the figures are R's (`r/textbook_figures.R`).
"""

from __future__ import annotations

import pandas as pd
import pytest

import survival_nodes as sn

GROUPS = ["0", "1-3", "4-9", "10+"]
DAYS = 365.25


@pytest.fixture(scope="module")
def cohort(published_rows):
    rows = published_rows("rotterdam")
    nodes = pd.cut(rows["nodes"], [-1, 0, 3, 9, 1000], labels=GROUPS).astype(str)
    return sn.Cohort.from_frame(
        rows[["pid", "dtime", "death"]].assign(nodes=nodes), {"patient_id": "pid", "years": "dtime", "event": "death"}, "days", levels={"nodes": GROUPS})


def test_women(cohort):
    assert cohort.column("nodes").value_counts()[GROUPS].tolist() == [1436, 764, 515, 267]


def test_overall_survival_at_five_years(cohort, r_figure):
    table = sn.KaplanMeier("nodes", at_years=5, conf_type="log-log")(cohort).set_index("group")
    printed = {"0": (0.8666, 0.8477, 0.8833), "1-3": (0.7490, 0.7164, 0.7784), "4-9": (0.5682, 0.5239, 0.6100), "10+": (0.4043, 0.3444, 0.4633)}
    for group in GROUPS:
        found = table.loc[group, ["estimate", "conf_low", "conf_high"]].astype(float)
        assert tuple(found.round(4)) == printed[group]
        assert found.tolist() == pytest.approx([r_figure("rotterdam km", group, name) for name in ("surv", "lower", "upper")], abs=1e-9)


def test_log_rank(cohort, r_figure):
    row = sn.LogRank("nodes")(cohort).iloc[0]
    assert (round(row["statistic"]), row["df"]) == (541, 3)
    assert row["statistic"] == pytest.approx(r_figure("rotterdam log-rank", "", "chisq"), rel=1e-9)


def test_hazard_ratios(cohort, r_figure):
    table = sn.CoxModel("nodes")(cohort)
    assert table["coefficient"].round(4).tolist() == [0.5981, 1.2330, 1.6717]
    for group, row in zip(GROUPS[1:], table.to_dict("records"), strict=True):
        assert row["coefficient"] == pytest.approx(r_figure("rotterdam cox", f"group{group}", "coef"), rel=1e-6)
        assert row["std_error"] == pytest.approx(r_figure("rotterdam cox", f"group{group}", "se"), rel=1e-6)


def test_proportional_hazards_do_not_hold(cohort, r_figure):
    row = sn.ProportionalHazards(sn.CoxModel("nodes"))(cohort).set_index("comparison").loc["nodes"]
    assert (round(row["statistic"], 1), row["df"]) == (17.4, 3)
    assert row["statistic"] == pytest.approx(r_figure("rotterdam zph", "group", "chisq"), rel=1e-6)


def test_median_follow_up(cohort, r_figure):
    row = sn.FollowUp(conf_type="log")(cohort).iloc[0]
    days = [row[name] * DAYS for name in ("years", "conf_low", "conf_high")]
    assert days == pytest.approx([3387, 3326, 3449])
    assert days == pytest.approx([r_figure("rotterdam follow-up", "", name) for name in ("quantile", "lower", "upper")])


def test_restricted_means_to_five_years(cohort, r_figure):
    table = sn.RestrictedMean("nodes", 5)(cohort).set_index("group")
    days = {group: table.loc[group, "estimate"] * DAYS for group in GROUPS}
    assert [round(value, 1) for value in days.values()] == [1728.9, 1635.1, 1467.3, 1264.7]
    assert days == pytest.approx({group: r_figure("rotterdam restricted mean", group, "mean") for group in GROUPS}, abs=1e-8)
