"""A classification counted: categories, flags, what stayed unknown; and a finding written out in full."""

from __future__ import annotations

import pandas as pd
import pytest

from survival_nodes.errors import UsageError
from survival_nodes.nodes import FLAGS, NODAL_CATEGORIES, Policy, candidates, classify, classify_values, explain, summarise, systems

VALUES = ["N0", "N0", "N0 (i+)", "N1", "NX", "NX", "NX", None, "Pn1", " pn1x", "pn1X"]


@pytest.fixture
def classified() -> pd.DataFrame:
    return classify_values("gdc_path_n", VALUES, edition=8)


def test_categories_are_counted_in_order_and_those_that_do_not_occur_too(classified):
    found = summarise(classified)
    assert found.categories.category.tolist() == list(NODAL_CATEGORIES)
    assert found.categories.n.tolist() == [2, 1, 0, 1, 7]


def test_flags_are_counted_the_commonest_first_with_their_meaning(classified):
    found = summarise(classified)
    assert dict(zip(found.flags.flag, found.flags.n))["ITC_NOT_EXCLUDED"] == 2
    assert found.flags.meaning.tolist() == [FLAGS[name] for name in found.flags.flag]
    assert found.flags.n.tolist() == sorted(found.flags.n, reverse=True) and found.flags.n[0] > found.flags.n.iloc[-1]


def test_the_values_that_stayed_unknown_with_the_reason(classified):
    found = summarise(classified, values=VALUES).unknown
    assert list(zip(found.value, found.n))[:2] == [("NX", 3), ("(empty)", 1)]
    assert found.reason.tolist()[0] == "pNX in AJCC 8: the nodes could not be assessed"
    assert "Pn1" in found.value.tolist() and {"pn1x", "pn1X"} <= set(found.value)
    assert summarise(classified).unknown.empty


def test_a_value_unknown_for_several_reasons_has_the_commonest():
    pos = ["02", "98", "98", "98"]
    found = summarise(classify_values("gdc_path_n", ["N0"] * 4, edition=8, nodes_positive=pos), values=["N0"] * 4).unknown
    assert found[["value", "n"]].values.tolist() == [["N0", 4]]
    assert found.reason[0] == classify("gdc_path_n", "N0", edition=8, nodes_positive="98").reason


def test_ten_values_at_most():
    values = [f"N{letter}" for letter in "bcdefghijklmnop" for _ in range(ord(letter) - 90)]
    found = summarise(classify_values("gdc_path_n", values), values=values).unknown
    assert len(found) == 10 and found.n.is_monotonic_decreasing and found.value[0] == "Np"


def test_a_column_of_a_cohort_is_enough(classified):
    assert summarise(classified[["nodal_category", "nodal_flags"]], "strict").policy.name == "strict"
    with pytest.raises(UsageError, match="no policy 'lenient'"):
        summarise(classified, "lenient")


def test_nothing_classified_is_counted_as_nothing():
    found = summarise(classify_values("gdc_path_n", []), values=[])
    assert found.categories.n.tolist() == [0] * 5 and found.flags.empty and found.unknown.empty
    assert found.text().splitlines()[0] == "Nodal category of 0 rows" and "Flags" not in found.text()
    assert found.notes() == ("Nodal categories of the 0 rows classified: negative 0 (0.0%), itc 0 (0.0%), micro 0 (0.0%), macro 0 (0.0%), unknown 0 (0.0%).",)


def test_thousands_are_set_apart():
    found = summarise(classify_values("gdc_path_n", ["N1mi"] * 12_345, edition=8))
    assert "micro         12\u202f345  100.0%" in found.text() and "12\u202f345 rows" in found.text()


def test_the_words_of_a_policy_name_every_option():
    own = Policy(counts_only="macro", harmonise=8)
    assert own.words == (
        f"own (fingerprint {own.fingerprint}): size_not_stated=macro, counts_only=macro, clinical=ignore, on_size_conflict=unknown, "
        "on_positivity_conflict=unknown, mol_positive=negative, itc_not_excluded=negative, usual_reading=use, harmonise=8")


@pytest.mark.parametrize("system", systems(), ids=lambda system: system.name)
@pytest.mark.parametrize("value", ["N0", "1", "", None, 18.0, "Pn1", "0.15 mm", "150"])
def test_any_finding_can_be_explained(system, value):
    counts = {} if system.value_is == "nodes_positive" else {"nodes_positive": "02"}
    finding = classify(system.name, value, year=2012, **counts)
    told = explain(finding)
    assert told.splitlines()[1] == finding.reason
    assert all(meaning in told for name, meaning in FLAGS.items() if name in finding.flags)
    assert all(f"AJCC {number}  {finding.under(number).category}" in told for number in range(3, 9) if number != finding.edition)
    assert "None" not in told.partition("\n")[2]


def test_a_conflict_and_an_open_answer_are_said_as_such():
    conflict = explain(classify("cap_pn", "pN1mi", nodes_positive="00", nodes_examined="03"))
    assert "Possible   none: the evidence contradicts itself" in conflict and "Positive   not known" in conflict
    assert "Possible   micro or macro" in explain(classify("nodes_positive", "03"))


def test_only_systems_that_read_the_values_are_candidates():
    assert {"gdc_path_n", "cbio_path_n", "pathology_text"} <= set(candidates(["N0 (i+)", "N1mi", "N2a", ""]))
    assert not {"size", "nodes_positive"} & set(candidates(["N0 (i+)", "N1mi", "N2a", ""]))
    assert "size" in candidates(["0.3 mm", "<2 mm"]) and "gdc_path_n" not in candidates(["0.3 mm", "<2 mm"])
    assert candidates([]) == candidates(["", "NA"]) == ()
