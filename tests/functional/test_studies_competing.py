"""Do studies say what competing risks, restricted means and few events call for, with the numbers of the estimators?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.errors import UsageError

CAUSES = {0: "none", 1: "breast-cancer", 2: "other"}


def cohort(n: int = 240, *, late: bool = False, groups: str = "abc", never: str = "", rows: pd.DataFrame | None = None, **more) -> sn.Cohort:
    """Months of follow-up, exponential by a fixed generator; nobody of the group `never` dies of breast cancer."""
    generator = np.random.default_rng(3)
    if rows is None:
        rows = pd.DataFrame({"t": generator.exponential(60, n).round() + 1, "d": generator.choice([0, 1, 2], n, p=(0.3, 0.4, 0.3)), "g": [*groups] * (n // len(groups))})
        rows.loc[(rows["g"] == never) & (rows["d"] == 1), "d"] = 0
    columns = {"years": "t", "event": "d"}
    if late:
        rows["e"] = np.minimum(rows["t"] - 1, 6 * (np.arange(len(rows)) % 3))
        columns["entry_years"] = "e"
    return sn.Cohort.from_frame(rows, columns, "months", causes=CAUSES, **more)


def run(patients: sn.Cohort, **plan) -> sn.Findings:
    return sn.Study(**(dict(name="x", title="X", cohort=patients, by="g", at_years=(1, 3, 5), cause="breast-cancer") | plan)).run()


def section(found: sn.Findings, title: str):
    (own,) = [each for each in found.sections if each.title == title]
    return own


@pytest.fixture(scope="module")
def found():
    return run(cohort())


def test_the_chapters_come_in_order(found):
    assert [each.title for each in found.sections] == [
        "Patients and follow-up", "Overall survival", "Breast-cancer-specific survival", "Hazard ratios", "Competing risks",
        "Restricted mean and survival at fixed times"]


def test_cause_specific_survival_says_what_it_is(found):
    first = section(found, "Breast-cancer-specific survival").text[0]
    assert "as censored" in first and "not the share of patients who have the event" in first and "the chapter on competing risks" in first


def test_the_numbers_are_those_of_the_estimators(found):
    patients = cohort()
    incidences = sn.AalenJohansen("g", at_years=(1, 3, 5))(patients)
    both = incidences.merge(found.frames["incidences"], on=["group", "cause", "years"])
    assert len(both) == len(incidences) == 18 and (both["estimate_x"] == both["estimate_y"]).all()
    gray = sn.GrayTest("g", "breast-cancer")
    expected = [gray(patients)["statistic"].iloc[0], *gray.pairwise(patients)["statistic"]]
    assert found.frames["incidence_tests"]["statistic"].tolist() == expected
    pd.testing.assert_frame_equal(found.frames["subdistribution_coefficients"], sn.FineGray("g", "breast-cancer")(patients))
    lost = found.frames["years_lost"].pivot(index="group", columns="cause", values="estimate").sum(axis=1)
    means = found.frames["restricted_means"].set_index("group")["estimate"]
    # What is not lived within five years is lost to one of the causes.
    assert (lost + means).tolist() == pytest.approx([5.0] * 3, abs=1e-12)


def test_the_study_s_cause_comes_first(found):
    assert found.frames["incidences"]["cause"].iloc[0] == "breast-cancer"
    other = run(cohort(), cause="other")
    assert other.frames["incidences"]["cause"].iloc[0] == "other"
    assert other.frames["incidences"].groupby("group", sort=False)["cause"].first().tolist() == ["other"] * 3
    assert "Cumulative incidence of death from other causes" in section(other, "Competing risks").text[0]


def test_the_mistake_is_warned_of_with_both_numbers_at_the_last_time(found):
    naive, true = (found.frames[name].query("cause == 'breast-cancer' and years == 5").set_index("group")["estimate"] for name in ("naive_incidences", "incidences"))
    (warned,) = [sentence for sentence in section(found, "Competing risks").text if sentence.startswith("1 \u2212 Kaplan-Meier")]
    assert "by more than a point: at 5 years it gives " in warned
    for group in "abc":
        assert naive[group] - true[group] > 0.01
        assert f"{100 * naive[group]:.1f}% in place of {100 * true[group]:.1f}% ({group})" in warned


def test_no_warning_where_nothing_competes_by_a_point():
    rows = pd.DataFrame({"t": np.arange(1.0, 201), "d": [1, 0] * 99 + [0, 2], "g": ["a", "b"] * 100})
    text = section(run(cohort(rows=rows), at_years=(1, 5)), "Competing risks").text
    assert not any(sentence.startswith("1 \u2212 Kaplan-Meier") for sentence in text)


def test_the_two_kinds_of_ratio_stand_side_by_side_with_what_each_answers(found):
    own = section(found, "Competing risks")
    (table,) = [table for table in own.tables if table.name == "competing-hazard-ratios"]
    assert {"Cause-specific hazard ratio (95% CI)", "Subdistribution hazard ratio (95% CI)"} <= set(table.display.columns)
    ratios = table.data[~table.data["is_reference"]].groupby("kind", sort=False)["hazard_ratio"].apply(list)
    assert ratios["cause-specific hazard ratio"] == found.frames["coefficients"]["hazard_ratio"].tolist()
    assert any("bears on the share of patients who come to have the event" in sentence for sentence in own.text)
    (figure,) = own.figures
    assert set(figure.data.loc[figure.data["part"] == "naive", "cause"]) == {"breast-cancer"}
    assert figure.data.loc[figure.data["part"] == "curve", "label"].iloc[0] == "Breast cancer, a"


@pytest.mark.parametrize(("patients", "plan"), [
    (cohort(), dict(cause=None)),
    (sn.Cohort.from_frame(pd.DataFrame({"t": [12.0, 30, 36, 61], "d": [1, 1, 0, 0], "c": ["breast-cancer", "breast-cancer", "none", "none"], "g": [*"abab"]}),
                          {"years": "t", "event": "d", "cause": "c"}, "months", causes={"none": "none", "breast-cancer": "breast-cancer"}), {}),
], ids=["no cause planned", "one cause only"])
def test_no_chapter_where_nothing_competes(patients, plan):
    assert not any(each.title == "Competing risks" for each in run(patients, **plan).sections)


def test_an_endpoint_that_hides_the_other_causes_has_no_chapter():
    found = run(cohort().with_endpoint("breast-cancer"))
    assert not any(each.title == "Competing risks" for each in found.sections)
    first = section(found, "Breast-cancer-specific survival").text if len(found.sections) < 3 else found.sections[2].text
    assert "the chapter on competing risks" not in first[0]


def test_late_entries_leave_out_what_does_not_know_them():
    found = run(cohort(late=True))
    assert len(found.frames["incidence_tests"]) == 0 and len(found.frames["subdistribution_coefficients"]) == 0
    own = section(found, "Competing risks")
    assert any("come under observation late" in sentence for sentence in own.text)
    assert {table.name for table in own.tables} == {"incidence", "years-lost"}


def test_without_groups_there_is_incidence_but_no_test():
    own = section(run(cohort(), by=None), "Competing risks")
    assert {table.name for table in own.tables} == {"incidence", "years-lost"} and "all patients, " in own.text[0]


def test_restricted_means_go_to_the_last_time_that_all_groups_reach():
    rows = pd.DataFrame({"t": [*range(10, 70)] * 2 + [*range(5, 45)], "d": [1, 0] * 80, "g": ["a"] * 60 + ["b"] * 60 + ["c"] * 40})
    found = run(cohort(rows=rows), cause=None)
    assert set(found.frames["restricted_means"]["years"]) == {3.0}  # c is followed to 44 months
    contrasts = found.frames["restricted_mean_contrasts"]
    assert set(contrasts["measure"]) == {"restricted-mean-difference", "restricted-mean-ratio"} and set(contrasts["reference"]) == {"a"}
    expected = sn.RestrictedMean("g", 3.0).contrast(cohort(rows=rows), "a")
    assert contrasts["estimate"].tolist() == expected.loc[expected["measure"].isin(contrasts["measure"]), "estimate"].tolist()
    assert found.frames["fixed_time_tests"]["test"].tolist() == [f"Kaplan-Meier at {when}, log-log scale" for when in ("1 year", "3 years")]
    own = section(found, "Restricted mean and survival at fixed times")
    assert "Hazard ratio (95% CI)" in own.tables[0].display and any("also where hazards are not proportional" in sentence for sentence in own.text)


def test_where_no_time_is_reached_by_all_it_is_said():
    found = run(cohort(), at_years=(80,))
    own = section(found, "Restricted mean and survival at fixed times")
    assert own.tables == () and "No tabulated time was reached by every group" in own.text[0] and "restricted_means" not in found.frames


def test_a_ratio_without_end_is_answered_by_firth():
    found = run(cohort(never="c"))
    assert found.frames["coefficients"]["hazard_ratio"].isna().any()
    firth = found.frames["firth_coefficients"]
    assert firth["hazard_ratio"].notna().all()
    pd.testing.assert_frame_equal(firth, sn.CoxModel("g", penalty="firth", cause="breast-cancer")(cohort(never="c")))
    own = section(found, "Hazard ratios")
    (table,) = [table for table in own.tables if table.name == "firth-hazard-ratios"]
    assert "Firth" in table.caption and any("profile penalised likelihood" in note for note in table.notes)
    assert any(sentence.startswith("The data give no finite estimate of some hazard ratio: Firth's") for sentence in own.text)
    assert any("Firth's penalty" in paragraph for paragraph in found.methods)


def test_few_events_are_answered_by_firth_and_many_are_not():
    # Fifteen events, two coefficients.
    scarce = pd.DataFrame({"t": np.arange(1.0, 61), "d": [1, 0, 0, 0] * 15, "g": [*"abc"] * 20})
    found = run(cohort(rows=scarce), cause=None)
    assert "firth_coefficients" in found.frames and any("Events are few for the number of coefficients" in sentence for sentence in found.summary)
    assert "firth_coefficients" not in run(cohort(), cause=None).frames


def test_the_forest_plot_has_the_names_and_not_the_keys():
    patients = cohort()
    named = patients.with_columns(pd.DataFrame({
        "nodal_category": patients.frame["g"].map({"a": "negative", "b": "itc", "c": "macro"}), "er": ["negative", "positive"] * 120}))
    found = run(named, by="nodal_category", formula="nodal_category + er", cause=None)
    own = section(found, "Hazard ratios")
    words = own.figures[0].data["level"].tolist()
    # The category negative has its name; the receptor of the same key has not.
    assert words == ["Node-negative", "Isolated tumour cells", "Macrometastasis", "negative", "positive"]
    assert "Isolated tumour cells" in own.figures[0].alt_text
    assert own.tables[-1].display["Comparison"].tolist() == ["Nodal category", "ER", "GLOBAL"]
    tested = section(found, "Overall survival").tables[-1].display["Comparison"].tolist()
    assert tested[0] == "Node-negative vs Isolated tumour cells vs Macrometastasis"


def test_a_horizon_cuts_the_axis_and_the_caption_says_so():
    found = run(cohort(), horizon_years=4.0)
    for figure in [figure for own in found.sections for figure in own.figures if "curves" in figure.name]:
        assert figure.data["years"].max() <= 4.0 and "The picture ends at 4 years; follow-up goes on to" in figure.caption
    assert found.provenance["plan"]["horizon_years"] == 4.0 and found.frames["curves"]["years"].max() > 4
    study = sn.Study.of_cohort(cohort(), name="x", plan={"by": "g", "horizon_years": 4})
    assert study.horizon_years == 4.0
    for wrong in (0, "4", True, 200):
        with pytest.raises(UsageError, match="horizon_years is a time in years"):
            sn.Study.of_cohort(cohort(), name="x", plan={"by": "g", "horizon_years": wrong})


def test_the_report_is_written_and_twice_the_same(found, tmp_path):
    one, two = (sn.write_report(found, tmp_path / name).parent for name in ("one", "two"))
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert any(path.name == "x-incidence-curves.svg" for path in files)
    assert all((one / path).read_bytes() == (two / path).read_bytes() for path in files)
