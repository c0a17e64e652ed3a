"""Do the studies run end to end, whatever the cohort, and do the article's claims get honest verdicts?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.errors import InputError, UsageError
from survival_nodes.study import Hypothesis, PublishedClaim
from survival_nodes.study.packaged import article_claims
from survival_nodes.study.sentences import level_of, proportional_hazards


@pytest.fixture(scope="module")
def claims():
    return sn.Study.packaged("article-claims").run()


def test_every_claim_has_an_estimand_a_verdict_and_its_power(claims):
    verdicts = claims.frames["verdicts"].set_index("hypothesis")
    assert list(verdicts.index) == ["H1", "H2", "H3a", "H3b", "H4"]
    assert verdicts["verdict"].drop("H4").isin(["shown", "excluded", "inconclusive"]).all()
    assert verdicts.loc["H4", "verdict"] in ("consistent", "differs", "inconclusive")
    assert verdicts["estimand"].str.len().gt(0).all()
    assert verdicts["power"].drop("H4").between(0, 1).all() and np.isnan(verdicts.loc["H4", "power"])


def test_h1_is_judged_by_a_margin_and_the_absolute_difference_stands_beside_it(claims):
    rows = claims.frames["contrasts"].query("hypothesis == 'H1'").set_index("measure")
    assert rows.loc["hazard-ratio", "margin"] == 1.3 and rows.loc["survival-difference", "margin"] == 0.025
    assert (rows["endpoint"] == "breast-cancer").all()
    ratio = rows.loc["hazard-ratio"]
    assert ratio["verdict"] == ("shown" if ratio["conf_high"] < 1.3 else "excluded" if ratio["conf_low"] > 1.3 else "inconclusive")
    assert claims.frames["verdicts"]["verdict"].iloc[0] == ratio["verdict"]


def test_h1_cannot_be_shown_where_the_truth_lies_at_the_margin_and_power_says_so(claims):
    # At a true ratio of 1.298 with a margin of 1.3 the power is all but the one-sided error, 2.5%.
    assert claims.frames["verdicts"]["power"].iloc[0] == pytest.approx(0.025, abs=0.002)


def test_the_setting_the_seed_and_that_it_is_synthetic_are_written_down(claims):
    assert claims.synthetic and claims.provenance["seed"] == 2026 and claims.provenance["synthetic"] is True
    assumed = " ".join(claims.assumptions)
    assert "synthetic" in assumed and "2026" in assumed and "published" in assumed and "20000" in assumed
    assert all(figure.synthetic for section in claims.sections for figure in section.figures)


def test_published_rates_beside_are_of_the_same_quantity(claims):
    compared = claims.frames["published_comparisons"].merge(claims.frames["published_rates"], on="rate_id", suffixes=("", "_rate"))
    assert len(compared) > 5
    assert (compared["estimand"] == "cause-specific").all() and (compared["estimand_rate"] == "cause-specific").all()
    assert (compared["endpoint"] == compared["endpoint_rate"]).all() and (compared["years"] == compared["years_rate"]).all()


@pytest.mark.parametrize("scenario", ["null", "regional"])
def test_the_other_scenarios_run(scenario):
    study = article_claims(n=4000, seed=1, scenario=scenario)
    found = study.run()
    assert f"'{scenario}'" in " ".join(found.assumptions)
    if scenario == "null":
        assert study.hypotheses[0].expected.hazard_ratio == 1.0


def test_the_same_plan_gives_the_same_findings():
    one, two = (article_claims(n=2000, seed=5).run() for _ in range(2))
    assert one.summary == two.summary
    for name, frame in one.frames.items():
        pd.testing.assert_frame_equal(frame, two.frames[name])


def own(event, group, n=None) -> sn.Cohort:
    n = n or len(event)
    rows = pd.DataFrame({"t": [24 + 3 * place for place in range(n)], "d": event, "g": group})
    return sn.Cohort.from_frame(rows, {"years": "t", "event": "d"}, "months")


@pytest.mark.parametrize(("event", "group"), [
    ([0] * 12, ["a", "b"] * 6),
    ([1], ["a"]),
    ([0], ["a"]),
    ([1, 0, 0] * 6, ["a", "b", "b"] * 6),
    ([1, 0] * 6, ["a"] * 12),
], ids=["all censored", "one patient", "one censored patient", "a group with no event", "one group"])
def test_a_thin_cohort_gives_a_report_with_warnings(tmp_path, event, group):
    found = sn.Study(name="thin", title="Thin", cohort=own(event, group), by="g").run()
    assert found.warnings
    assert sn.write_report(found, tmp_path / "out").is_file()


def test_a_study_without_groups_takes_all_together(tmp_path):
    found = sn.Study(name="all", title="All", cohort=own([1, 0] * 20, ["a"] * 40), by=None).run()
    assert set(found.frames["estimates"]["group"]) == {"all"} and "coefficients" not in found.frames
    assert sn.write_report(found, tmp_path / "out").is_file()


def test_the_trend_runs_over_the_order_of_known_categories_only():
    cohort = own([1, 0] * 20, ["negative", "macro", "unknown", "micro"] * 10)
    named = cohort.with_columns(cohort.rows[["g"]].rename(columns={"g": "nodal_category"}))
    tests = sn.Study(name="t", title="T", cohort=named, by="nodal_category").run().frames["tests"].set_index("test")
    assert tests.loc["log-rank trend", "comparison"] == "negative vs micro vs macro"
    assert tests.loc["log-rank", "comparison"].iloc[0] == "negative vs micro vs macro vs unknown"


def test_few_events_are_said_to_be_few():
    found = sn.Study(name="few", title="Few", cohort=own([1, 0] * 10, ["a", "a", "b", "b"] * 5), by="g").run()
    assert any(sentence.startswith("Fewer than 10 events in: ") for sentence in found.summary)


def test_a_plan_from_a_mapping_is_checked():
    cohort = own([1, 0] * 10, ["a", "b"] * 10)
    study = sn.Study.of_cohort(cohort, name="x", plan={"by": "g", "at_years": [1, 3], "title": "T", "labels": {"a": "Alpha"}})
    assert (study.by, study.at_years, study.labels["a"]) == ("g", (1.0, 3.0), "Alpha")
    many = cohort.with_columns(pd.DataFrame({"score": range(20)}))
    with pytest.raises(UsageError, match="by = 'score' makes 20 groups, and at most 12"):
        sn.Study.of_cohort(many, name="x", plan={"by": "score"})
    for plan, said in (
        ({"bye": "g"}, r"no key 'bye' \(nearest: 'by'\)"), ({"by": "gg"}, "no column 'gg'"), ({"by": 3}, "is not a text"), ({"at_years": "5"}, "at_years is a list"),
        ({"tolerance": 2}, "tolerance is a fraction"), ({"axis_unit": "weeks"}, "axis_unit"), ({"references": "x"}, "list of sentences"), ({"labels": 1}, "table of names"),
    ):
        with pytest.raises((UsageError, InputError), match=said):
            sn.Study.of_cohort(cohort, name="x", plan=plan)


def test_unknown_names_are_refused():
    with pytest.raises(UsageError, match=r"no packaged study 'sedmak' \(nearest: 'sedmak-1989'\)"):
        sn.Study.packaged("sedmak")
    with pytest.raises(InputError, match="no column 'h'"):
        sn.Study(name="x", title="x", cohort=own([1, 0], ["a", "b"]), by="h").run()
    with pytest.raises(UsageError, match="no published figure is called 'nothing'"):
        PublishedClaim(group="x", keep="g == 'a'", rate_ids=("nothing",))(own([1, 0], ["a", "b"]))
    judged_on = Hypothesis(label="H", claim="C.", estimand="E", tests=(sn.Worse("g", "a"),), group="c")
    with pytest.raises(UsageError, match="H is about 'c', but the cohort has no such group"):
        judged_on(own([1, 0] * 10, ["a", "b", "b", "a"] * 5))


def test_absence_of_a_sign_is_not_called_proof():
    tests = pd.DataFrame({"comparison": ["node", "GLOBAL"], "p_value": [0.4, 0.4]})
    assert "does not prove" in proportional_hazards(tests, {})[0]
    assert "in doubt" in proportional_hazards(tests.assign(p_value=[0.01, 0.01]), {})[0]
    assert level_of("node[T.micro]") == "micro"
