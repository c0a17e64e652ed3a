"""How a row of the source becomes a typed row: each rule on one made-up row."""

from __future__ import annotations

import pytest

from survival_nodes.errors import InputError
from survival_nodes.literature.rework import as_csv, main, rework, studies
from survival_nodes.literature.spellings import mapped_once

PLAIN = {
    "row_id": "9", "study_id": "ANDERSSON2018", "citation": "Andersson Y. Somewhere 2018 (pages recalled)", "doi": "10.1007/s10549-018-4820-0", "pmid": "",
    "accrual_years": "2000 (recalled)", "n_group": "123", "nodal_category": "N1mi", "nodal_definition": "micrometastases", "subgroup": "", "endpoint": "CSS",
    "estimand": "cause-specific survival", "estimator": "Kaplan-Meier", "time_years": "10", "estimate_pct": "84.7", "ci_low": "", "ci_high": "",
    "reference_category": "N0", "hr": "", "hr_ci_low": "", "hr_ci_high": "", "hr_measure": "", "adjusted_for": "", "p_value": "", "source_seen": "an abstract",
    "source_tier": "A", "ship": "yes", "notes": "",
}


def reworked(**changes: str) -> dict:
    return rework([PLAIN | changes])[0]


def test_a_plain_row():
    assert reworked() == {
        "rate_id": "andersson-2018-micro-bcss-10y", "study": "Andersson 2018", "doi": "10.1007/s10549-018-4820-0", "country": "Sweden",
        "accrual": "2000 (unconfirmed)", "category": "micro", "population": "pN1mi", "endpoint": "breast-cancer", "estimand": "cause-specific",
        "method": "Kaplan-Meier", "years": "10", "estimate": "0.847", "conf_low": "", "conf_high": "", "conf_level": "", "ratio": "", "ratio_low": "",
        "ratio_high": "", "ratio_kind": "", "reference": "negative", "adjusted_for": "", "n": "123", "tier": "A", "ship": "yes", "note": ""}


@pytest.mark.parametrize("column", ["study_id", "nodal_category", "nodal_definition", "subgroup", "endpoint", "estimand", "estimator", "hr_measure", "notes",
                                    "reference_category", "n_group"])
def test_an_unmapped_spelling_is_an_error(column):
    with pytest.raises(InputError, match=f"row 9: .*{column}.*'a new spelling'.* has no place in the tables"):
        reworked(**{column: "a new spelling"})


def test_an_unmapped_adjustment_is_an_error():
    with pytest.raises(InputError, match="adjusted_for 'a new spelling'"):
        reworked(hr="1.2", hr_measure="adjusted HR", adjusted_for="a new spelling")


@pytest.mark.parametrize("printed, fraction, whole", [("86", "0.86", True), ("86.3", "0.863", False), ("97.0", "0.970", False), ("100", "1.00", True)])
def test_percentages_keep_the_decimals_printed(printed, fraction, whole):
    row = reworked(estimate_pct=printed)
    assert row["estimate"] == fraction
    assert ("Printed without decimals" in row["note"]) is whole


def test_a_decimal_that_the_page_does_not_print_is_taken_off():
    assert reworked(row_id="5", estimate_pct="31.0")["estimate"] == "0.31"


def test_rows_from_memory_are_left_out():
    assert rework([PLAIN | {"ship": "no", "source_tier": "D"}]) == []
    with pytest.raises(InputError, match="ship 'yes' with tier 'D' cannot be shipped"):
        reworked(source_tier="D")


def test_a_doi_from_memory_is_not_used():
    assert reworked(doi="10.1000/1 (recalled)", pmid="12345 (PMC1)")["doi"] == "PMID:12345"
    assert reworked(study_id="CARTER1989", doi="")["doi"] == "Cancer 1989;63:181-187"
    with pytest.raises(InputError, match="neither DOI nor PMID nor address"):
        reworked(doi="10.1000/1 (recalled)")


def test_a_ratio_over_the_whole_follow_up_is_kept_once():
    ratio = {"hr": "1.1", "hr_measure": "adjusted Cox HR"}
    first, second = rework([PLAIN | ratio | {"time_years": "5"}, PLAIN | ratio])
    assert (first["ratio"], first["ratio_kind"], second["ratio"], second["ratio_kind"]) == ("1.1", "hazard ratio", "", "")
    assert "stands in the 5-year row" in second["note"] and "stands" not in first["note"]


def test_two_figures_of_one_name_are_an_error():
    with pytest.raises(InputError, match="two figures would have one name: andersson-2018-micro-bcss-10y"):
        rework([PLAIN, PLAIN | {"estimate_pct": "80.0"}])


def test_the_kind_of_reference_is_kept():
    routine = "sentinel-node negative by H&E (includes ~16% with occult deposits)"
    assert reworked(nodal_category="N0", nodal_definition=routine)["category"] == "negative-h-and-e"
    assert reworked(nodal_category="N0", nodal_definition="node negative")["category"] == "negative"
    with pytest.raises(InputError, match="nodal_definition"):
        reworked(nodal_category="N0")


def test_relative_survival_is_net():
    row = reworked(endpoint="relative survival", estimand="net survival (relative survival)", estimator="")
    assert (row["endpoint"], row["estimand"], row["method"]) == ("overall", "net", "relative survival, method not stated")


def test_studies_keep_what_was_read():
    assert studies([PLAIN, PLAIN | {"source_seen": "slides, find_string id 12"}, PLAIN | {"ship": "no"}]) == [{
        "study": "Andersson 2018", "citation": "Andersson Y. Somewhere 2018 (unconfirmed)", "doi": "10.1007/s10549-018-4820-0",
        "text_seen": "an abstract | slides"}]


def test_the_script_writes_both_files(tmp_path, capsys):
    (tmp_path / "source.csv").write_text(as_csv(PLAIN, [PLAIN]), encoding="utf-8")
    main([str(tmp_path / "source.csv"), str(tmp_path)])
    assert (tmp_path / "published_rates.csv").read_text(encoding="utf-8").splitlines()[1].startswith("andersson-2018-micro-bcss-10y,Andersson 2018,")
    assert len((tmp_path / "studies.csv").read_text(encoding="utf-8").splitlines()) == 2
    assert "1 of 1 rows" in capsys.readouterr().err


def test_a_spelling_is_mapped_once():
    assert mapped_once((("a", 1), ("b", 2))) == {"a": 1, "b": 2}
    with pytest.raises(ValueError, match="mapped twice: 'a'"):
        mapped_once((("a", 1), ("a", 2)))
