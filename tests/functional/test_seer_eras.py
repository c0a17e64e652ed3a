"""The nodal fields of SEER, stitched by year of diagnosis."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survival_nodes.nodes import classify_frame
from survival_nodes.sources.registry_items import cause_of, neoadjuvant_of
from survival_nodes.sources.seer_eras import ERAS, era_evidence

FIELDS = {
    "eod10_nodes": "1", "cs_nodes": "150", "combined_n": "p1MI", "eod_nodes": "100", "ajcc7_n": "180", "ajcc6_n": "18",
    "eod_derived_n": "N1mi", "adjusted6_n": "10",
}
# The fields that count in a year, the first recorded one alone (nodal_coding 7; the years are those in the names that SEER gives its fields).
BY_YEAR = {
    1987: (), 1988: ("eod10_nodes", "adjusted6_n"), 2003: ("eod10_nodes", "adjusted6_n"), 2004: ("cs_nodes", "ajcc6_n", "adjusted6_n"),
    2009: ("cs_nodes", "ajcc6_n", "adjusted6_n"), 2010: ("cs_nodes", "ajcc7_n", "ajcc6_n", "adjusted6_n"),
    2015: ("cs_nodes", "ajcc7_n", "ajcc6_n", "adjusted6_n"), 2016: ("combined_n",), 2017: ("combined_n",), 2018: ("eod_nodes", "eod_derived_n"),
    2022: ("eod_nodes", "eod_derived_n"),
}


def text_frame(**columns) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


def classified(found):
    return classify_frame(found.evidence, found.nodes)


@pytest.mark.parametrize("year", BY_YEAR)
def test_each_field_counts_in_its_years_and_gives_way_to_the_one_before(year):
    order = list(BY_YEAR[year])
    for left_out in range(len(order) + 1):
        raw = text_frame(**{name: [None if name in order[:left_out] else code] for name, code in FIELDS.items()})
        found = era_evidence(raw, pd.Series([year]))
        recorded = [name for name in FIELDS if found.evidence[name].notna().item()]
        assert recorded == order[left_out:left_out + 1]


@pytest.mark.parametrize(("year", "word"), [
    (1975, "before 1988"), (1987, "before 1988"), (1988, "EOD-10 (1988-2003)"), (2003, "EOD-10 (1988-2003)"), (2004, "Collaborative Stage (2004-2015)"),
    (2015, "Collaborative Stage (2004-2015)"), (2016, "SEER Combined (2016-2017)"), (2017, "SEER Combined (2016-2017)"), (2018, "EOD 2018 (2018 on)"),
    (2023, "EOD 2018 (2018 on)"), (np.nan, None)])
def test_the_era_is_that_of_the_year_whatever_was_recorded(year, word):
    era = era_evidence(text_frame(ajcc6_n=["18"]), pd.Series([year])).era
    assert list(era.cat.categories) == list(ERAS)
    assert era.item() == word if word else pd.isna(era.item())


def test_what_was_recorded_in_other_years_is_counted_and_not_read():
    raw = text_frame(cs_nodes=["150", "150", "150", None], combined_n=[None, "p1MI", None, "p1MI"], nodes_positive=["01"] * 4)
    found = era_evidence(raw, pd.Series([2010, 2017, 2019, 2017]))
    assert found.said == ("CS lymph nodes: 2 values of other years than 2004 to 2015 are not read",)
    assert classified(found)["nodal_category"].tolist() == ["micro", "micro", "unknown", "micro"]


def test_the_eras_are_classified_each_by_its_own_codes():
    raw = text_frame(
        eod10_nodes=["2", None, None, None, None], cs_nodes=[None, "000", "050", None, None], cs_eval=[None, "3", "3", None, None],
        cs_ssf4=[None, "002", None, "002", None], combined_n=[None, None, None, "p0", None], eod_nodes=[None, None, None, None, "030"],
        nodes_positive=["02", "00", "00", "00", "00"], nodes_examined=["12", "03", "02", "01", "02"])
    found = era_evidence(raw, pd.Series([1995, 2008, 2012, 2016, 2020]))
    assert classified(found)["nodal_category"].tolist() == ["macro", "itc", "itc", "itc", "itc"]
    assert found.said == () and found.notes == ()


def test_a_derived_label_is_said_with_its_count():
    raw = text_frame(cs_nodes=[None, None, "150"], ajcc7_n=["N1mi", "N1a", "N1mi"], adjusted6_n=["N1"] * 3)
    found = era_evidence(raw, pd.Series([2012, 2013, 2014]))
    assert found.notes == (
        "Where the code of the nodes itself is not recorded, the nodal category rests on N as SEER derives it: 2 rows from derived AJCC N, 7th edition. "
        "Derived N1a, N2a and N3a also stand for deposits whose size was not stated.",)
    folded = era_evidence(text_frame(adjusted6_n=["N1"]), pd.Series([2005]))
    assert folded.notes[0].endswith("1 row from adjusted AJCC N, 6th edition. Derived N1a, N2a and N3a also stand for deposits whose size was not stated; "
                                    "in the adjusted N of the 6th edition micrometastases are folded into N1.")
    assert classified(folded)["nodal_category"].item() == "unknown"


def test_without_a_year_only_the_counts_are_read():
    found = era_evidence(text_frame(cs_nodes=["150"], nodes_positive=["00"], nodes_examined=["04"]), pd.Series([np.nan]))
    assert found.said == ("the year of diagnosis is not known in 1 row: of those patients the nodal fields are not read, only the numbers of nodes",)
    assert classified(found)["nodal_category"].item() == "negative"


def test_noughts_that_were_lost_or_added_do_not_change_a_code():
    years = pd.Series([2010, 2010, 2010, 2010])
    lost = era_evidence(text_frame(cs_nodes=["0", "50", "150", "250"], cs_eval=["3"] * 4), years)
    whole = era_evidence(text_frame(cs_nodes=["000", "050", "150", "250"], cs_eval=["3"] * 4), years)
    assert classified(lost)["nodal_category"].tolist() == classified(whole)["nodal_category"].tolist() == ["negative", "itc", "micro", "macro"]
    added = era_evidence(text_frame(eod10_nodes=["02"], cs_eval=["03"]), pd.Series([1995]))
    assert added.evidence["eod10_nodes"].item() == "2"
    padded = era_evidence(text_frame(ajcc6_n=["018", "002"], ajcc7_n=["0180", "0020"]), pd.Series([2005, 2012]))
    assert classified(padded)["nodal_category"].tolist() == ["micro", "itc"]


def test_two_digits_of_the_first_version_stay_ambiguous():
    found = era_evidence(text_frame(cs_nodes=["50", "15"], cs_eval=["3", "3"]), pd.Series([2005, 2005]))
    assert "cs_version" not in found.evidence
    assert classified(found)["nodal_category"].tolist() == ["unknown", "unknown"]


def test_categoricals_and_text_are_read_alike():
    raw = text_frame(
        cs_nodes=["150", None, "600"], cs_eval=["3", "3", "0"], cs_ssf3=["001", "002", "988"], eod_nodes=[None, "200", None],
        axillary_positive=[None, "X1", None])
    years = pd.Series([2010, 2019, 2011])
    pd.testing.assert_frame_equal(classified(era_evidence(raw, years)), classified(era_evidence(raw.astype("category"), years)))


def test_columns_may_be_absent_and_examined_nodes_alone_are_enough():
    found = era_evidence(text_frame(nodes_examined=["00", "05"]), pd.Series([2012, 2012]))
    assert [one.system for one in found.nodes] == ["nodes_positive"]
    assert classified(found)["nodal_category"].tolist() == ["unknown", "unknown"]
    assert era_evidence(text_frame(other=["x"]), pd.Series([2012])).nodes == ()


def test_the_evidence_of_many_rows_is_that_of_each_row():
    generator = np.random.default_rng(20)
    n = 3000
    choose = lambda words: pd.Series(generator.choice(np.array(words, dtype=object), n), dtype=object)
    raw = pd.DataFrame({
        "eod10_nodes": choose(["0", "1", "2", None]), "cs_nodes": choose(["000", "050", "150", "600", None]), "cs_eval": choose(["3", "0", "6", None]),
        "ajcc7_n": choose(["N0", "N1mi", None]), "ajcc6_n": choose(["N0", "N1a", None]), "combined_n": choose(["p0", "p1MI", None]),
        "eod_nodes": choose(["070", "100", None]), "eod_derived_n": choose(["N1", "N1mi", None]), "nodes_positive": choose(["00", "01", "98", None])})
    years = pd.Series(generator.integers(1985, 2023, n))
    whole = classified(era_evidence(raw, years))["nodal_category"]
    for row in range(0, n, 100):
        one = era_evidence(raw.iloc[[row]], years.iloc[[row]])
        assert classified(one)["nodal_category"].item() == whole[row]


@pytest.mark.parametrize(("vital", "this", "rest", "cause"), [
    ("alive", "0", "0", "none"), ("alive", None, None, "none"), ("alive", "9", "9", "none"), ("alive", "1", "0", None), ("alive", "0", "1", None),
    ("dead", "1", "0", "breast-cancer"), ("dead", "0", "1", "other"), ("dead", "1", None, "breast-cancer"), ("dead", None, "1", "other"),
    ("dead", "0", None, "other"), ("dead", None, "0", "breast-cancer"), ("dead", "8", "8", None), ("dead", "9", "9", None), ("dead", "8", "0", None),
    ("dead", "1", "8", None), ("dead", "1", "1", None), ("dead", "0", "0", None), ("dead", None, None, None), (None, "1", "0", None)])
def test_the_cause_of_death_is_told_by_both_classifications(vital, this, rest, cause):
    found, said = cause_of(pd.Series([vital], dtype=object), pd.Series([this], dtype=object), pd.Series([rest], dtype=object))
    assert found.item() == cause if cause else pd.isna(found.item())
    assert bool(said) == ((vital, this, rest) in {("alive", "1", "0"), ("alive", "0", "1"), ("dead", "1", "1"), ("dead", "0", "0")})


def test_contradictions_are_counted():
    _, said = cause_of(pd.Series(["dead", "dead"]), pd.Series(["1", "0"]), pd.Series(["1", "0"]))
    assert said == ("vital status and the classifications of the cause of death contradict each other in 2 rows; the cause is read as missing",)


# NAACCR 1639, 1632, 920, 2840, SSF21 and 3922, as nodal_coding 00.2 names the codes of treatment before surgery.
@pytest.mark.parametrize(("item", "code", "word"), [
    *(("systemic_sequence", code, word) for code, word in {
        "0": "no", "2": "yes", "3": "no", "4": "yes", "5": "no", "6": "unknown", "7": "yes", "9": "unknown"}.items()),
    *(("neoadjuvant_therapy", code, word) for code, word in {"0": "no", "1": "yes", "2": "yes", "3": "unknown", "9": "unknown"}.items()),
    *(("path_descriptor", code, word) for code, word in {"0": None, "3": None, "4": "yes", "6": "yes", "9": None}.items()),
    *(("cs_eval", code, word) for code, word in {"0": None, "3": None, "5": "yes", "6": "yes", "9": None}.items()),
    *(("ssf21", code, word) for code, word in {"010": "yes", "020": "yes", "025": "yes", "030": "yes", "987": "no", "988": None, "999": None}.items()),
    *(("neoadjuvant_response", code, word) for code, word in {"0": "no", "1": "yes", "4": "yes", "8": None, "9": None}.items()),
    ("systemic_sequence", None, None), ("systemic_sequence", "what", None)])
def test_treatment_before_surgery_is_told_by_code(item, code, word):
    found = neoadjuvant_of(text_frame(**{item: [code]}))
    assert found.item() == word if word else pd.isna(found.item())


def test_an_item_that_knows_of_treatment_counts_most():
    raw = text_frame(systemic_sequence=["3", "9", "0", None], cs_eval=["6", "5", "3", "3"], neoadjuvant_therapy=["0", "0", "9", "9"])
    assert neoadjuvant_of(raw).tolist() == ["yes", "yes", "no", "unknown"]
    assert neoadjuvant_of(text_frame(radiation_sequence=["2"])) is None
