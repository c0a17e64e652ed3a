"""Tables: raw numbers at full precision, the same numbers as text, and notes that say what a reader must know."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from survival_nodes import tables
from survival_nodes.columns import COEFFICIENTS, COMPARISONS, CONTRASTS, ESTIMATES, PUBLISHED, QUANTILES, TESTS, check, frame_of
from survival_nodes.errors import InputError, OutputError, UsageError
from survival_nodes.units import format_percent

SURVIVAL = dict(endpoint="overall", years=5.0, estimand="observed", method="Kaplan-Meier, log-log interval", conf_level=0.95)


def estimate(group: str, survival: float | None, n_risk: int | None = 40, **more) -> dict:
    missing = survival is None
    limits = dict(conf_low=None if missing else survival - 0.1, conf_high=None if missing else survival + 0.1)
    return SURVIVAL | limits | dict(group=group, estimate=survival, n_risk=n_risk, n_event=7, n_censor=3) | more


def term(name: str, ratio: float, low: float = 1.14, high: float = 6.25, **more) -> dict:
    coefficient = math.log(ratio) if ratio > 0 else np.nan
    return dict(
        term=name, coefficient=coefficient, hazard_ratio=ratio, conf_low=low, conf_high=high, conf_level=0.95, p_value=0.024, n=45, n_event=24) | more


TERMS = frame_of(COEFFICIENTS, [term("node[T.micro]", 1.5), term("node[T.macro]", 2.5), term("age", 1.02), term("grade[T.2]", 1.2)])
PUBLISHED_ROWS = frame_of(PUBLISHED, [
    dict(rate_id="r1", study="Andersson 2010", category="micro", endpoint="overall", estimand="observed", years=5.0, estimate=0.941, tier="A", ship="yes", n=None),
    dict(rate_id="r2", study="Weaver 2011", category="itc", ratio=1.27, ratio_low=1.04, ratio_high=1.54, ratio_kind="hazard ratio", n=3887, tier="B", ship="with_caveat")])
COMPARED = frame_of(COMPARISONS, [
    dict(endpoint="overall", group="all", rate_id="r1", years=5.0, estimand="observed", observed=0.9, observed_low=0.88, observed_high=0.92, published=0.86, difference=0.04,
         difference_low=0.02, difference_high=0.06, verdict="inconclusive", reason="a reason")])
LEDGER = pd.DataFrame([("read", "patients read", 20000, 20000, 0), ("female", "not female", 20000, 19900, 100)], columns=["rule", "reason", "n_before", "n_after", "n_excluded"])
RATES = pd.DataFrame({"group": ["all"], "n": [45], "events": [24], "person_years": [332.5], "rate": [24 / 332.5], "conf_low": [0.0462], "conf_high": [np.nan]})
CONTRASTED = frame_of(CONTRASTS, [
    dict(endpoint="overall", measure="hazard-ratio", group="itc", reference="negative", estimate=1.1,
         conf_low=0.9, conf_high=1.25, margin=1.3, smallest_margin=1.25, p_value=0.03, verdict="shown"),
    dict(endpoint="overall", measure="survival-difference", group="itc", reference="negative", years=5.0, estimate=-0.01,
         conf_low=-0.03, conf_high=0.01, margin=0.025, smallest_margin=0.03, p_value=0.1, verdict="inconclusive")])
INCIDENCES = frame_of(ESTIMATES, [
    estimate("a", share, estimand="cumulative-incidence", cause=cause, n_event=n) for cause, share, n in (("cancer", 0.25, 3), ("other", 0.125, 1))])
MEANS = frame_of(ESTIMATES, [estimate(group, mean, estimand="restricted-mean") for group, mean in (("negative", 4.5), ("itc", 4.25))])
NETS = frame_of(ESTIMATES, [estimate("a", 0.94, estimand="net", method="Ederer II, daily, log interval, life table made up")])
CRUDE = INCIDENCES.assign(estimand="crude-probability", method="Cronin-Feuer, daily, plain interval, life table made up")
DEATHS = pd.DataFrame({
    "group": ["a"], "n": [45], "person_years": [332.5], "observed": [24], "expected": [12.5], "smr": [24 / 12.5], "conf_low": [1.23], "conf_high": [2.86],
    "p_value": [0.0011]})
# One table of each kind: a builder that is added without one fails below.
SAMPLES = {
    "survival": lambda: tables.survival(frame_of(ESTIMATES, [estimate("a", 0.7222222222222222)])),
    "quantiles": lambda: tables.quantiles(frame_of(QUANTILES, [dict(endpoint="overall", group="a", prob=0.5, years=7.25)])),
    "rates": lambda: tables.rates(RATES),
    "incidence": lambda: tables.incidence(INCIDENCES),
    "net_survival": lambda: tables.net_survival(NETS),
    "crude_probabilities": lambda: tables.crude_probabilities(CRUDE),
    "expected_deaths": lambda: tables.expected_deaths(DEATHS),
    "years_lost": lambda: tables.years_lost(INCIDENCES.assign(estimand="restricted-mean")),
    "restricted_means": lambda: tables.restricted_means(MEANS),
    "ratios_side_by_side": lambda: tables.ratios_side_by_side({"cause-specific hazard ratio": TERMS, "subdistribution hazard ratio": TERMS}),
    "hazard_ratios": lambda: tables.hazard_ratios(TERMS),
    "contrasts": lambda: tables.contrasts(CONTRASTED),
    "comparisons": lambda: tables.comparisons(COMPARED),
    "tests": lambda: tables.tests(frame_of(TESTS, [dict(test="log-rank", comparison="a vs b", statistic=5.494270240590807, df=1, p_value=0.0190788)])),
    "published": lambda: tables.published(PUBLISHED_ROWS),
    "flow": lambda: tables.flow(LEDGER),
    "plain": lambda: tables.plain(pd.DataFrame({"x": [1 / 3]}), name="plain", caption="A third."),
}
every_table = pytest.mark.parametrize("kind", SAMPLES)


def test_every_builder_has_a_sample():
    assert set(SAMPLES) | {"baseline"} == {name for name in tables.__all__ if name[0].islower()}


@every_table
def test_the_csv_reads_back_to_the_same_numbers(kind, tmp_path):
    table = SAMPLES[kind]()
    text = table.save(tmp_path / "table.csv").read_bytes().decode("utf-8")
    assert text == table.csv() and "\r" not in text
    back = pd.read_csv(io.StringIO(text), float_precision="round_trip")
    for name in table.data.select_dtypes("float").columns:
        assert back[name].astype("float64").tolist() == pytest.approx(table.data[name].tolist(), abs=0, nan_ok=True)
    assert len(back) == len(table.data)


@every_table
def test_what_is_printed_is_text_with_headings_a_caption_and_sentences(kind):
    table = SAMPLES[kind]()
    assert len(table.display) >= 1
    assert all(isinstance(cell, str) for column in table.display for cell in table.display[column])
    assert "nan" not in table.text().lower() and "<NA>" not in table.text() and "None" not in table.text()
    assert all(heading[0].isupper() or heading in {"p", "df"} for heading in table.display.columns)
    assert table.caption.endswith(".") and all(note.endswith(".") for note in table.notes)


@every_table
def test_the_frame_given_is_not_the_frame_kept(kind):
    table = SAMPLES[kind]()
    table.data.iloc[0, 0] = None
    assert SAMPLES[kind]().data.iloc[0, 0] is not None


@pytest.mark.parametrize(("name", "said"), [("a.xlsx", "as .xlsx"), ("a", "without a suffix")])
def test_only_csv_is_written(name, said, tmp_path):
    with pytest.raises(UsageError, match=f"cannot be saved {said}; name a file that ends in .csv"):
        SAMPLES["flow"]().save(tmp_path / name)
    with pytest.raises(OutputError):
        SAMPLES["flow"]().save(tmp_path / "nowhere" / "a.csv")


def test_another_name_is_given_by_replace():
    assert replace(SAMPLES["flow"](), name="exclusions").name == "exclusions"


def test_plain_text_stands_in_columns():
    lines = SAMPLES["flow"]().text().splitlines()
    assert lines[2:5] == [
        "Step    Reason         Before  After   Excluded",
        "------  -------------  ------  ------  --------",
        "read    patients read  20\u202f000  20\u202f000  0"]


def test_survival_says_who_is_at_risk_and_what_is_not_known():
    frame = frame_of(ESTIMATES, [estimate("negative", 13 / 18, 26), estimate("positive", 5 / 9, 5), estimate("positive", None, 0, years=20.0)])
    table = tables.survival(frame, labels={"negative": "Node-negative"})
    assert list(table.display.columns) == ["Group", "Years", "Survival (95% CI)", "At risk", "Events"]
    assert table.display.values.tolist() == [
        ["Node-negative", "5", "72.2% (62.2% to 82.2%)", "26", "7"], ["positive", "5", "55.6% (45.6% to 65.6%) \u2020", "5", "7"], ["positive", "20", "\u2013", "0", "7"]]
    assert "\u2020 Fewer than 10 patients at risk." in table.notes and any("beyond the group's last follow-up" in note for note in table.notes)
    assert table.caption == "Overall survival (observed) by group: Kaplan-Meier, log-log interval."
    assert table.data.equals(frame)


def test_notes_are_only_those_that_are_due():
    (note,) = tables.survival(frame_of(ESTIMATES, [estimate("a", 0.9)])).notes
    assert "time \u2265 t" in note


def test_a_withheld_count_is_a_dash():
    assert tables.survival(frame_of(ESTIMATES, [estimate("a", 0.9, None), estimate("b", 0.9)])).display["At risk"].tolist() == ["\u2013", "40"]


@pytest.mark.parametrize(("estimand", "value", "heading", "cell"), [
    ("net", 0.9, "Survival (95% CI)", "90.0% (80.0% to 100.0%)"), ("cumulative-incidence", 0.2, "Incidence (95% CI)", "20.0% (10.0% to 30.0%)"),
    ("restricted-mean", 4.25, "Restricted mean, years (95% CI)", "4.25 (4.15 to 4.35)"),
    ("rate", 0.125, "Events per 1\u202f000 person-years (95% CI)", "125.00 (25.00 to 225.00)")])
def test_each_estimand_is_written_in_its_unit(estimand, value, heading, cell):
    table = tables.survival(frame_of(ESTIMATES, [estimate("a", value, estimand=estimand)]))
    assert table.display[heading].tolist() == [cell]


def test_estimands_and_causes_that_differ_are_named_in_columns():
    table = tables.survival(frame_of(ESTIMATES, [estimate("a", 0.9), estimate("a", 0.95, estimand="cause-specific", cause="breast-cancer")]))
    assert table.display["Estimand"].tolist() == ["observed", "cause-specific"] and table.display["Cause"].tolist() == ["all", "breast-cancer"]
    assert table.caption.startswith("Estimates by group")


def test_quantiles_that_are_not_reached():
    rows = [(7.25, 5.0, 9.5), (11.0, 8.0, None), (None, 10.5, None), (None, None, None)]
    frame = frame_of(QUANTILES, [dict(endpoint="overall", group=str(place), prob=0.5, years=t, conf_low=low, conf_high=high) for place, (t, low, high) in enumerate(rows)])
    table = tables.quantiles(frame, caption="Median follow-up.")
    assert table.display["Median, years (interval)"].tolist() == ["7.25 (5.00 to 9.50)", "11.00 (8.00 to not reached)", "not reached (10.50 to not reached)", "not reached"]
    assert table.caption == "Median follow-up." and table.notes
    quarter = tables.quantiles(frame.iloc[:1].assign(prob=0.25))
    assert quarter.display["Fraction with the event"].tolist() == ["25%"] and not quarter.notes


def test_rates_are_per_thousand_person_years():
    (row,) = tables.rates(RATES.assign(conf_high=0.1)).display.values.tolist()
    assert row == ["All patients", "45", "24", "332.5", "72.18 (46.20 to 100.00)"]


def test_hazard_ratios_with_their_reference_rows():
    table = tables.hazard_ratios(TERMS, {"node": ("negative", "micro", "macro"), "grade": ("1", "2", "3"), "unused": ("a", "b")})
    shown = ["1.50 (1.14 to 6.25)", "2.50 (1.14 to 6.25)", "1.02 (1.14 to 6.25)", "1.20 (1.14 to 6.25)"]
    assert table.display.values.tolist() == [
        ["Node", "", ""], ["\u2003negative", "1 (reference)", ""], ["\u2003micro", shown[0], "0.024"], ["\u2003macro", shown[1], "0.024"],
        ["Age", shown[2], "0.024"], ["Grade", "", ""], ["\u20031", "1 (reference)", ""], ["\u20032", shown[3], "0.024"]]
    assert table.notes == ("45 patients in the model, 24 events.",)
    references = table.data[table.data["is_reference"]]
    assert references["level"].tolist() == ["negative", "1"] and references["hazard_ratio"].tolist() == [1.0, 1.0]
    assert table.data.loc[~table.data["is_reference"], COEFFICIENTS.names].reset_index(drop=True)["hazard_ratio"].tolist() == TERMS["hazard_ratio"].tolist()
    assert not check(table.data[COEFFICIENTS.names], COEFFICIENTS)


def test_hazard_ratios_without_levels_still_say_which_level():
    assert tables.hazard_ratios(TERMS).display["Characteristic"].tolist() == ["Node", "\u2003micro", "\u2003macro", "Age", "Grade", "\u20032"]


def test_terms_of_other_forms_are_kept_as_they_are():
    frame = frame_of(COEFFICIENTS, [term("node[T.micro]:age", 1.1), term("log(n_positive + 1)", 1.2), term("C(grade)[T.3]", 1.3)])
    assert tables.hazard_ratios(frame, {"grade": ("1", "2", "3")}).display["Characteristic"].tolist() == [
        "node[T.micro]:age", "log(n_positive + 1)", "Grade", "\u20031", "\u20033"]


def test_labels_name_columns_and_terms():
    labels = {"node": "Nodes", "node[T.micro]": "Micrometastasis", "node[T.negative]": "None", "age": "Age, per year"}
    shown = tables.hazard_ratios(TERMS, {"node": ("negative", "micro", "macro")}, labels=labels).display["Characteristic"].tolist()
    assert shown[:5] == ["Nodes", "\u2003None", "\u2003Micrometastasis", "\u2003macro", "Age, per year"]


@pytest.mark.parametrize("ratio", [np.nan, np.inf, 0.0])
def test_no_p_value_from_a_coefficient_that_ran_away(ratio):
    table = tables.hazard_ratios(frame_of(COEFFICIENTS, [term("x", ratio, np.nan, np.nan)]))
    assert table.display.iloc[0].tolist() == ["X", "not estimable", "\u2013"] and any(note.startswith("Not estimable") for note in table.notes)


def test_robust_errors_are_said():
    assert any("robust" in note for note in tables.hazard_ratios(frame_of(COEFFICIENTS, [term("x", 1.5, robust_std_error=0.2)])).notes)


def test_contrasts_of_several_measures_stand_together():
    shown = tables.contrasts(CONTRASTED, labels={"itc": "ITC"}).display
    assert shown["Comparison"].tolist() == ["ITC vs negative"] * 2
    assert shown["Measure"].tolist() == ["Hazard ratio", "Survival difference, percentage points"]
    assert shown["Estimate (interval)"].tolist() == ["1.10 (0.90 to 1.25)", "\u22121.0 (\u22123.0 to 1.0)"]
    assert shown["Claim"].tolist() == ["no worse, < 1.30", "no worse, > \u22122.5"]
    assert shown["Smallest margin"].tolist() == ["1.25", "3.0"] and shown["Verdict"].tolist() == ["shown", "inconclusive"]
    assert any("one-sided" in note for note in tables.contrasts(CONTRASTED).notes)


def test_plain_contrasts_have_neither_claim_nor_verdict():
    table = tables.contrasts(CONTRASTED.assign(margin=np.nan, smallest_margin=np.nan, verdict=None))
    assert list(table.display.columns) == ["Comparison", "Measure", "Years", "Estimate (interval)", "p"] and table.notes == ()


def test_comparisons_name_the_study_where_it_is_known():
    assert tables.comparisons(COMPARED).display["Study"].tolist() == ["r1"]
    row = tables.comparisons(COMPARED, PUBLISHED_ROWS).display.iloc[0]
    assert row["Study"] == "Andersson 2010" and row["Group"] == "All patients" and row["Published (interval)"] == "86.0%"
    assert row["Difference, percentage points (interval)"] == "4.0 (2.0 to 6.0)" and row["Reason"] == "a reason"


def test_published_figures_are_printed_with_tier_and_source():
    shown = tables.published(PUBLISHED_ROWS).display
    assert shown["Published (interval)"].tolist() == ["94.1%", "\u2013"] and shown["Ratio (interval)"].tolist() == ["\u2013", "1.27 (1.04 to 1.54)"]
    assert shown["N"].tolist() == ["\u2013", "3\u202f887"] and shown["Tier"].tolist() == ["A", "B"]
    assert any("caveat" in note for note in tables.published(PUBLISHED_ROWS).notes)
    assert "Ratio (interval)" not in tables.published(PUBLISHED_ROWS.iloc[:1]).display


def test_plain_writes_by_type_unless_told():
    frame = pd.DataFrame({"name": ["a", None], "n": pd.array([20000, None], dtype="Int64"), "power": [0.8, np.nan], "kept": [True, False]})
    table = tables.plain(frame, name="x", caption="X.", headings={"kept": "Kept", "n": "N", "power": "Power", "name": "Name"}, formats={"power": format_percent})
    assert table.display.values.tolist() == [["yes", "20\u202f000", "80.0%", "a"], ["no", "", "\u2013", ""]]
    with pytest.raises(InputError, match="no column 'y'; it has: name, n, power, kept"):
        tables.plain(frame, name="x", caption="X.", headings={"y": "Y"})


def test_adjusted_p_values_are_shown_where_there_are_any():
    frame = frame_of(TESTS, [dict(test="log-rank", comparison="a vs b", statistic=5.4943, df=1, p_value=0.0191, p_adjusted=0.0573)])
    assert tables.tests(frame).display.iloc[0].tolist() == ["log-rank", "a vs b", "5.49", "1", "0.019", "0.057"]
    assert "Adjusted p" not in SAMPLES["tests"]().display


@pytest.mark.parametrize(("build", "schema"), [
    (tables.survival, ESTIMATES), (tables.quantiles, QUANTILES), (tables.hazard_ratios, COEFFICIENTS), (tables.contrasts, CONTRASTS),
    (tables.comparisons, COMPARISONS), (tables.tests, TESTS), (tables.published, PUBLISHED)], ids=lambda each: getattr(each, "name", ""))
def test_an_empty_frame_is_an_empty_table_and_a_wrong_one_is_refused(build, schema):
    table = build(frame_of(schema, []))
    assert len(table.display) == 0 and len(table.data) == 0 and table.text() and table.csv().count("\n") == 1
    with pytest.raises(InputError, match=f"'colour'.*does not belong to {schema.name}"):
        build(frame_of(schema, []).assign(colour="red"))
