"""The chapter on net survival: the estimators' own numbers, the sentences they call for, and a plan that asks for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.errors import InputError, UsageError
from survival_nodes.estimates.followed import coverage
from survival_nodes.life_tables import LifeTable
from survival_nodes.study.expected import expected_survival

TIMES = (1, 3, 5)


def table(rate: float = 0.02, **more) -> LifeTable:
    """The same rate of death at every age and in every year."""
    return LifeTable(np.full((1, 1, 1), rate), np.array([1990]), np.array([0]), {"sex": ("female",)}, name="constant", open_ended=True, **more)


def cohort(n: int = 300, **columns) -> sn.Cohort:
    """Months of follow-up, exponential by a fixed generator; three groups."""
    generator = np.random.default_rng(7)
    rows = pd.DataFrame({
        "t": generator.exponential(70, n).round() + 1, "d": generator.choice([0, 1], n, p=(0.4, 0.6)), "g": [*"abc"] * (n // 3), "sex": "female",
        "age": generator.uniform(40, 80, n), "diagnosis_date": "1990-06-15"})
    return sn.Cohort.from_frame(rows.assign(**columns), {"years": "t", "event": "d"}, "months")


def run(patients: sn.Cohort, **plan) -> sn.Findings:
    return sn.Study(**(dict(name="x", title="X", cohort=patients, by="g", at_years=TIMES, life_table=table()) | plan)).run()


def chapter(found: sn.Findings):
    (own,) = [section for section in found.sections if section.title == "Net survival"]
    return own


pytestmark = pytest.mark.filterwarnings("ignore:follow-up goes beyond the life table")


@pytest.fixture(scope="module")
def found() -> sn.Findings:
    return run(cohort())


def test_there_is_no_chapter_without_a_life_table():
    plain = run(cohort(), life_table=None)
    assert "Net survival" not in [section.title for section in plain.sections] and "net_survival" not in plain.frames
    assert plain.provenance["plan"]["life_table"] is None


def test_the_numbers_are_those_of_the_estimators(found):
    patients, net = cohort(), sn.NetSurvival("g", life_table=table(), at_years=TIMES)
    pd.testing.assert_frame_equal(found.frames["net_survival"], net(patients))
    pd.testing.assert_frame_equal(found.frames["crude_probabilities"], net.crude(patients))
    pd.testing.assert_frame_equal(found.frames["net_tests"], net.test(patients, until_years=5.0))
    pd.testing.assert_frame_equal(found.frames["expected_deaths"], sn.ExpectedDeaths(table(), "g").table(patients))
    pd.testing.assert_frame_equal(found.frames["life_table_coverage"], coverage(patients, table()))
    assert found.provenance["plan"]["life_table"] == "constant"


def test_expected_survival_is_that_of_the_table(found):
    # A constant rate of 2% a year: exp(-0.02 t) for everybody.
    expected = found.frames["net_expected"]
    assert expected["estimate"].tolist() == pytest.approx(np.exp(-0.02 * expected["years"]).tolist(), abs=1e-12)
    assert expected["group"].tolist() == ["a"] * 3 + ["b"] * 3 + ["c"] * 3


def test_expected_survival_ends_with_follow_up():
    patients = cohort(t=[24.0] * 150 + [90.0] * 150)
    ends = expected_survival(patients.where(lambda rows: rows["years"] < 3), table(), None, (1, 5))
    assert ends["estimate"].notna().tolist() == [True, False]


def test_crude_probabilities_add_up_to_the_observed_deaths(found):
    shares = found.frames["crude_probabilities"].groupby(["group", "years"])["estimate"].sum()
    observed = found.frames["net_observed"].set_index(["group", "years"])["estimate"]
    assert (1 - shares).loc[observed.index].tolist() == pytest.approx(observed.tolist(), abs=1e-9)


def test_the_chapter_shows_its_tables_and_figures(found):
    own = chapter(found)
    assert [each.name for each in own.tables] == ["net-survival", "net-survival-tests", "crude-probabilities", "expected-deaths"]
    assert [each.name for each in own.figures] == ["net-survival-curves", "crude-probability-curves"]
    assert set(own.figures[0].data["part"]) == {"curve", "observed", "expected", "table"}
    assert own.tables[0].display.columns[2:5].tolist() == ["Observed survival (95% CI)", "Expected survival", "Net survival (95% CI)"]


def test_the_sentences_say_the_numbers(found):
    text, at_five = chapter(found).text, found.frames["net_survival"].set_index(["group", "years"])["estimate"]
    assert text[0].startswith("Net survival at 5 years (95% interval): ") and f"a, {100 * at_five['a', 5]:.1f}%" in text[0]
    assert any(sentence.startswith("Net survival, log-rank-type test of all groups: chi-square ") for sentence in text)
    (why,) = [sentence for sentence in text if sentence.startswith("Observed survival in the same table is another quantity")]
    assert "the life table expects 90.5% to be alive" in why  # exp(-0.1)
    assert any(sentence.startswith("Deaths observed and expected over all of follow-up") for sentence in text)
    assert any(sentence.startswith("Of ") and "person-years of follow-up some lie outside the life table (constant)" in sentence for sentence in text)
    assert text[0] in found.summary


def test_the_methods_name_the_recipe_and_the_spread_of_programs(found):
    methods = " ".join(found.methods)
    for words in ("Pohar Perme, Stare and Esteve 2012", "steps of a day that begin anew", ".001 to .004", "life table constant, by sex", "on birthdays",
                  "Cronin and Feuer (2000)", "Graffeo et al. 2016", "Garwood 1936"):
        assert words in methods
    calendar = run(cohort(), life_table=table(year_advances="calendar"))
    assert "on 1 January" in " ".join(calendar.methods)


def test_values_above_one_hundred_are_warned_of_and_shown():
    found = run(cohort(), life_table=table(0.4))
    assert (found.frames["net_survival"]["estimate"] > 1).any()
    assert any(sentence.startswith("Net survival exceeds 100% in: a, at ") for sentence in chapter(found).text) and any(
        "exceeds 100%" in sentence for sentence in found.summary)
    assert "Values above 100% are shown as they are" in chapter(found).figures[0].caption


def test_few_at_risk_are_warned_of():
    found = run(cohort(30), at_years=(1, 5))
    assert any(sentence.startswith("Net survival rests on fewer than 10 at risk in: ") and "5 years" in sentence for sentence in chapter(found).text)


def test_a_table_that_holds_everybody_is_said_to():
    wide = LifeTable(np.full((1, 60, 1), 0.02), np.arange(1980, 2040), np.array([0]), {"sex": ("female",)}, name="wide", open_ended=True)
    (sentence,) = [sentence for sentence in chapter(run(cohort(), life_table=wide)).text if "person-years" in sentence]
    assert sentence.startswith("All ") and "lie within the life table (wide)" in sentence


def test_without_groups_there_is_no_test():
    found = run(cohort(), by=None)
    assert [each.name for each in chapter(found).tables] == ["net-survival", "crude-probabilities", "expected-deaths"]
    assert "all patients, " in chapter(found).text[1].lower() or "all, " in chapter(found).text[0]


def test_late_entries_have_their_table():
    patients = cohort()
    rows = patients.rows[["g", "sex", "age", "diagnosis_date"]].assign(t=patients.exit_ticks, d=patients.events(), e=np.minimum(np.arange(300) % 6, patients.exit_ticks - 1))
    late = sn.Cohort.from_frame(rows, {"years": "t", "event": "d", "entry_years": "e"}, "months")
    found = run(late)
    assert chapter(found).figures[0].svg().startswith("<svg") and chapter(found).figures[1].svg().startswith("<svg")


@pytest.mark.parametrize(("change", "said"), [
    (lambda rows: rows.drop(columns="sex"), "it has no sex"),
    (lambda rows: rows.drop(columns=["age", "diagnosis_date"]), "it has no age at diagnosis, no date or year of diagnosis"),
])
def test_a_cohort_without_what_it_takes_is_refused_where_it_was_asked_for(change, said):
    patients = cohort()
    rows = patients.rows[["g", "sex", "age", "diagnosis_date"]].assign(t=patients.exit_ticks, d=patients.events())
    bare = sn.Cohort.from_frame(change(rows), {"years": "t", "event": "d"}, "months")
    with pytest.raises(UsageError, match=f"net survival of this cohort cannot be estimated, {said}.*leave life_table out"):
        run(bare)


def test_missing_values_are_an_error_of_the_data():
    with pytest.raises(InputError, match="age is missing in 1 row"):
        run(cohort(age=[60.5] * 299 + [None]))


def test_a_plan_names_a_table(tmp_path):
    path = tmp_path / "mortality.csv"
    table().frame.to_csv(path, index=False)
    study = sn.Study.of_cohort(cohort(), name="x", plan={"by": "g", "life_table": str(path), "year_advances": "calendar"})
    assert (study.life_table.name, study.life_table.year_advances, study.life_table.rates.item()) == ("mortality", "calendar", 0.02)
    assert sn.Study.of_cohort(cohort(), name="x", plan={"by": "g", "life_table": "us"}).life_table == "us"
    for plan, said in (
        ({"life_table": "nowhere.csv"}, "nowhere.csv"), ({"life_table": 3}, "life_table = 3 is not a text"), ({"year_advances": "calendar"}, "name the table too"),
        ({"life_table": "us", "year_advances": "calendar"}, "the bundled table 'us' has its own"), ({"life_table": str(path), "year_advances": "never"}, "year_advances"),
    ):
        with pytest.raises(UsageError, match=said):
            sn.Study.of_cohort(cohort(), name="x", plan={"by": "g", **plan})


def test_the_report_is_written_and_twice_the_same(found, tmp_path):
    one, two = (sn.write_report(found, tmp_path / name).parent for name in ("one", "two"))
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert {"x-net-survival-curves.svg", "x-crude-probability-curves.svg", "x-net-survival.csv"} <= {path.name for path in files}
    assert all((one / path).read_bytes() == (two / path).read_bytes() for path in files)


@pytest.mark.parametrize("made", ["counted", "in pieces"])
def test_patients_who_are_counted_or_stand_in_pieces_are_as_many_as_one_by_one(made):
    """What differs is what is said of rows: their number in a model, and the step that cut them."""
    rows, repeats = cohort(90).frame, np.tile([1, 3, 2], 30)
    one_by_one = rows.loc[rows.index.repeat(repeats)].reset_index(drop=True).drop(columns="patient_id")
    single = sn.Cohort.from_frame(one_by_one, {}, "years")
    other = sn.Cohort.from_frame(rows, {}, "years", repeats=repeats) if made == "counted" else single.split_at((2,))
    found, wanted = (run(each, formula="g + age", life_table="us") for each in (other, single))
    assert found.frames.keys() == wanted.frames.keys()
    for name in found.frames.keys() - ({"ledger"} if made == "in pieces" else set()):
        of_rows = [] if made == "counted" else ["n"]
        either = (each.frames[name].drop(columns=of_rows, errors="ignore") for each in (found, wanted))
        pd.testing.assert_frame_equal(*either, check_dtype=False, rtol=1e-8, atol=1e-10)
    text, meant = ([section.text for section in each.sections if section.title != "Hazard ratios"] for each in (found, wanted))
    assert text == meant and sum("180 patients" in sentence for part in text for sentence in part) >= 1
