"""What a finding is: its sentence, its edition, its answer to bad input and to bad configuration."""

from __future__ import annotations

import pickle
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from survival_nodes.errors import UsageError
from survival_nodes.nodes import Piece, Policy, classify, combine, systems

NAMES = [system.name for system in systems()]
HOSTILE = [
    None, float("nan"), float("inf"), 18.0, -1, 0.5, True, b"N0", b"pN1mi", "", " ", "x" * 10_000, "pN0" + " " * 10_000, [], ["pN0"], {}, object(), 10**5000,
    Decimal("NaN"), Decimal("1e400"), pd.NA, pd.NaT, np.float32(np.nan), np.int64(77), np.array([1, 2]), "\x00", "\ud800", "\u202epN0\u0000?", 3 + 4j, classify,
]


@pytest.mark.parametrize("system", NAMES)
@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: f"{type(value).__name__}-{str(type(value))[:20]}")
def test_no_value_of_any_type_raises(system, value):
    finding = classify(system, value, edition=value, year=value, nodes_examined=value, cells=value)
    assert finding.category == "unknown" or (system in {"size", "nodes_positive", "osna_copies", "seer_ajcc6_n"} and isinstance(value, (int, float, np.integer)))
    assert finding.flags


@pytest.mark.parametrize("value", [None, float("nan"), b"N0", "x" * 10_000, [], pd.NA, True])
@pytest.mark.parametrize("system", NAMES)
def test_what_cannot_be_read_is_unknown_and_flagged(system, value):
    finding = classify(system, value, edition=8)
    assert (finding.category, finding.certainty, finding.positive) == ("unknown", "none", None)
    assert finding.flags & {"MISSING", "UNPARSEABLE"}


def test_an_unknown_system_is_answered_with_those_there_are():
    with pytest.raises(UsageError, match=r"no coding system 'gdc_n' \(nearest: 'gdc_path_n'\); there are: camelyon_node, "):
        classify("gdc_n", "N0")


def test_an_unknown_context_and_an_unknown_policy_are_answered():
    with pytest.raises(UsageError, match="no context of cap_pn 'n_micros' .nearest: 'n_micro'"):
        classify("cap_pn", "pN0", n_micros=1)
    with pytest.raises(UsageError, match="no context of size 'largest_mm'"):
        classify("size", "1", largest_mm=1)
    with pytest.raises(UsageError, match="no policy 'lenient'; there are: default, strict"):
        classify("cap_pn", "pN0", policy="lenient")
    with pytest.raises(UsageError, match="no value of counts_only 'micro'"):
        Policy(counts_only="micro")
    with pytest.raises(UsageError, match="no value of harmonise '9'"):
        Policy(harmonise=9)


@pytest.mark.parametrize("edition", [7, "7", "7th", "7TH", 7.0, "07", "AJCC 7th edition"])
def test_an_edition_may_be_written_in_many_ways(edition):
    finding = classify("gdc_path_n", "N1a", edition=edition)
    assert (finding.edition, finding.edition_source) == (7, "given")


def test_how_the_edition_is_known():
    assert classify("gdc_path_n", "N1a", year="1999-04-01").edition_source == "year"
    assert classify("gdc_path_n", "N1bII").edition_source == "token"
    assumed = classify("gdc_path_n", "N1a", edition="none stated", year="")
    assert (assumed.edition_source, "EDITION_ASSUMED" in assumed.flags, assumed.category) == ("assumed", True, "macro")
    assert classify("naaccr_ajcc_path_n", "pN1a").edition == 8  # the item exists in the 8th edition only
    assert "EDITION_ASSUMED" not in classify("naaccr_ajcc_path_n", "pN1a").flags


@pytest.mark.parametrize(("arguments", "reason"), [
    (("gdc_path_n", "N1mi", 7), "pN1mi in AJCC 7: largest deposit over 0.2 mm, none over 2.0 mm"),
    (("gdc_path_n", "N0 (i+)", 6), "pN0(i+) in AJCC 6: isolated tumour cells, no deposit over 0.2 mm"),
    (("pathology_text", "ypN1 (sn)", 8), "ypN1(sn) in AJCC 8: nodes positive by a deposit of unstated size, read as over 2.0 mm; after systemic treatment; sentinel nodes only"),
    (("size", "2.4", 8), "A deposit over 2.0 mm in AJCC 8: macrometastasis"),
    (("nodes_positive", "4", 8), "Positive nodes counted: a number of positive nodes does not tell how large the deposits are (micrometastasis or macrometastasis)"),
    (("pathology_text", "Pn1", 8), "Entry not usable: written as Pn, this is invasion of nerves"),
    (("gdc_path_n", "", 8), "No entry: nothing is recorded on the nodes"),
    (("gdc_path_n", "NX", None), "pNX in AJCC 8 (assumed): the nodes could not be assessed"),
])
def test_the_reason_is_one_sentence(arguments, reason):
    system, value, edition = arguments
    assert classify(system, value, edition=edition).reason == reason


def test_a_reason_never_repeats_what_stood_in_the_record():
    assert "1.234" not in classify("size", "1.234 mm").reason
    assert "Smith" not in classify("pathology_text", "pN1a: Smith").reason


def test_the_class_under_another_edition():
    small = classify("size", "0.15 mm", edition=7, cells=260)
    assert [small.under(edition).category for edition in (6, "7th", 8)] == ["itc", "micro", "micro"]
    coded = classify("cap_pn", "pN1mi", edition=7, largest_mm="0.15", cells=260)
    assert (coded.category, coded.under(6).category, coded.under(6).edition) == ("micro", "itc", 6)
    older = classify("cap_pn", "pN0(i+)", edition=6, largest_mm="0.15", cells=260)
    assert (older.category, older.under(8).category) == ("itc", "micro")
    assert classify("cap_pn", "pN1mi", edition=7).under(6).category == "micro"


def test_a_code_keeps_the_meaning_of_the_edition_it_was_written_in():
    assert classify("gdc_path_n", "N1a", edition=7).under(5).category == "macro"
    assert classify("gdc_path_n", "N1a", edition=5).under(8).category == "micro"
    assert classify("gdc_path_n", "N1a").under(5).category == "micro"  # never stated, hence read in the one asked for
    finding = classify("gdc_path_n", "N1mi", edition=7)
    assert finding.under(7) == finding


def test_editions_that_there_are_not():
    with pytest.raises(UsageError, match="no AJCC edition '2'"):
        classify("size", "1").under(2)
    with pytest.raises(UsageError, match="combined from pieces"):
        combine(classify("size", "1").evidence).under(7)


def test_harmonise_applies_the_200_cells_to_every_edition():
    assert classify("size", "0.15", edition=6, cells=300).category == "itc"
    assert classify("size", "0.15", edition=6, cells=300, policy=Policy(harmonise=8)).category == "micro"


def test_a_policy_has_a_name_and_a_fingerprint():
    assert (Policy().name, classify("size", "1", policy="strict").policy.name, Policy(mol_positive="unknown").name) == ("default", "strict", "own")
    assert len({Policy().fingerprint, Policy(mol_positive="unknown").fingerprint, Policy(harmonise=8).fingerprint}) == 3
    assert Policy(harmonise=8).fingerprint == Policy(harmonise=8).fingerprint


def test_a_piece_counts_only_where_a_node_was_examined():
    derived = Piece("label", possible=frozenset({"negative", "itc"}), default="negative", positive=False, needs_basis=True, says="N0")
    alone = combine([derived])
    assert (alone.category, alone.flags) == ("unknown", {"BASIS_UNSPECIFIED", "NEOADJ_UNKNOWN"})
    examined = classify("nodes_positive", "00", nodes_examined="03").evidence
    assert combine([derived, *examined]).category == "negative"
    small = classify("size", "0.1").evidence
    assert combine([derived, *small]).category == "itc"


def test_the_basis_says_what_came_first():
    assert classify("gdc_path_n", "N0").basis == "p"
    assert classify("gdc_path_n", "N0", systemic_sequence="4").basis == "yp"
    assert classify("naaccr_ajcc_path_n", "cN1", nodes_eval=6).basis == "yc"
    assert classify("cap_pn", "cN1", largest_mm="1").basis == "c"
    assert classify("size", "1").basis == ""


def test_a_finding_survives_pickling():
    finding = classify("ncdb_path_n", "p0", edition=7, ssf4="002")
    again = pickle.loads(pickle.dumps(finding))
    assert again == finding and again.under(8).category == "itc"


def test_classifying_one_patient_needs_the_standard_library_only():
    program = "import sys; from survival_nodes.nodes import classify; classify('size', 1); print(sorted({'pandas', 'numpy', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == "[]"
