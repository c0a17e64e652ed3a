"""What holds for any evidence on the nodes: order, repetition, spelling, and that nothing is made up."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from survival_nodes.nodes import FLAGS, NODAL_CATEGORIES, Policy, classify, combine, systems
from survival_nodes.nodes.spelling import spell

NAMES = [system.name for system in systems()]
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
EDITIONS = st.sampled_from([None, 3, 5, 6, 7, 8])
CODES = st.sampled_from([
    "pN0", "pN0(i-)", "pN0(i+)", "pN0(i)", "pN0(mol+)", "pN1mi", "pN1", "pN1a", "pN1b", "pN1c", "pN2", "pN2a", "pN3", "pN3b", "pNX", "ypN0(i+)", "cN0", "cN1", "cN1mi",
    "N1bIII", "pN1a(2/14)", "pN0(0/3)(sn)", "pN1mi(5/9)", "pN1mi(f)", "pN0(f)", "pN4", "rpN1", "apN0(i-)", "nonsense", "",
])
SIZES = st.sampled_from(["", "0", "0.1", "0.2", "1.2", "2", "2.1", "<2", "<=0.2", ">0.2", ">2", "0.1-0.5", "focal"])
COUNTS = st.sampled_from([None, "00", "01", "03", "12", "95", "97", "98", "99"])
CELLS = st.sampled_from([None, 100, 300])
SAYS_NO = {  # without a nought: a minus, a word, a code that lost its nought, few copies
    "osna": r"[(\s]*-[)\s]*", "camelyon_node": r"[(\s]*negative[)\s]*", "ncr_swk": r"0*1(\.0+)?", "ncr_mari": r"0*1(\.0+)?", "osna_copies": r".*\d.*",
    "seer_ajcc6_n": r"[134](\.0+)?",
}
POLICIES = st.sampled_from(["default", "strict", Policy(on_size_conflict="prefer_size", on_positivity_conflict="keep_code", counts_only="macro", harmonise=8)])


@st.composite
def records(draw):
    """Pieces of evidence of one patient, read in one edition."""
    edition = draw(EDITIONS)
    read = [classify("pathology_text", draw(CODES), edition=edition), classify("size", draw(SIZES), edition=edition, cells=draw(CELLS))]
    read.append(classify("nodes_positive", draw(COUNTS), edition=edition, nodes_examined=draw(COUNTS)))
    read.append(classify("cap_pn", draw(CODES), edition=edition, n_macro=draw(st.sampled_from([None, 0, 1])), n_micro=draw(st.sampled_from([None, 0, 5]))))
    pieces = [piece for finding in read for piece in finding.evidence]
    return draw(st.lists(st.sampled_from(pieces), min_size=1, max_size=6, unique=True))


def of_counts(pieces) -> bool:
    return all(piece.kind == "count" for piece in pieces if piece.tells)


@given(records(), st.randoms(use_true_random=False), POLICIES)
def test_order_does_not_matter(pieces, random, policy):
    shuffled = list(pieces)
    random.shuffle(shuffled)
    assert combine(shuffled, policy) == combine(pieces, policy)


@given(records(), POLICIES)
def test_the_same_evidence_twice_is_the_same_evidence(pieces, policy):
    assert combine(pieces + pieces, policy) == combine(pieces, policy)


@given(records(), POLICIES)
def test_more_evidence_never_widens_what_is_possible(pieces, policy):
    """Two agreed exceptions: isolated tumour cells said outright against a count, and pN1mi against a deposit of at most 0.2 mm."""
    finding = combine(pieces, policy)
    for n in range(1, len(pieces)):
        before = combine(pieces[:n], policy)
        excepted = "COUNT_CONFLICT" in finding.flags or (finding.category == "micro" and any(piece.cells_unknown for piece in pieces))
        assert finding.possible <= before.possible or excepted


@given(records(), POLICIES)
def test_a_finding_is_consistent_with_itself(pieces, policy):
    finding = combine(pieces, policy)
    assert finding.category in NODAL_CATEGORIES
    assert finding.flags <= FLAGS.keys()
    assert (finding.certainty == "none") == (finding.category == "unknown")
    if finding.certainty == "explicit":
        assert finding.possible == {finding.category}
    if finding.category in {"micro", "macro"}:
        assert finding.positive is True
    if finding.category in {"negative", "itc"}:
        assert finding.positive is False
    assert "\n" not in finding.reason and finding.reason.count(": ") == 1


@given(records())
def test_the_strict_policy_only_withdraws(pieces):
    usual, strict = combine(pieces), combine(pieces, "strict")
    assert strict.possible == usual.possible
    assert strict.category in {usual.category, "unknown"}
    assert strict.certainty != "default"


@given(records())
def test_counts_of_nodes_alone_never_prove_a_size(pieces):
    if of_counts(pieces):
        assert combine(pieces).category in {"negative", "unknown"}


@given(CODES, EDITIONS)
def test_case_blanks_and_unicode_forms_change_nothing(text, edition):
    finding = classify("pathology_text", text, edition=edition)
    spellings = [
        text.upper(), text.lower(), f"\u00a0 {text}\t", " ".join(text), text.replace("-", "\u2013"), text.replace("-", "\u2212"), text.translate(FULL_WIDTH),
        unicodedata.normalize("NFD", text), "\u200b".join(text), text.replace("(", "").replace(")", "|").replace("|", " ") if "/" not in text else text, f"_{text}",
    ]
    for spelling in spellings:
        other = classify("pathology_text", spelling, edition=edition)
        if spelling.strip("_\u00a0 \t\u200b"):
            assert (other.category, other.possible, other.flags, other.reason) == (finding.category, finding.possible, finding.flags, finding.reason), spelling


@given(st.sampled_from(["0", "1", "X", "1a"]))
def test_only_the_case_of_pn_tells_nerves_from_nodes(level):
    assert classify("pathology_text", f"Pn{level}").flags == {"PERINEURAL_AMBIGUOUS"}
    assert "PERINEURAL_AMBIGUOUS" not in classify("pathology_text", f"PN{level}").flags | classify("pathology_text", f"pn{level}").flags


@given(st.sampled_from(NAMES), st.one_of(st.text(max_size=40), st.text(alphabet="pPnN0o1xXabcimlfsy+-()/., 29<>=", max_size=12)))
def test_random_text_never_raises_and_is_negative_only_where_a_nought_is_written(system, text):
    finding = classify(system, text)
    if finding.category == "negative":
        written = unicodedata.normalize("NFKC", text).casefold()
        said = system in SAYS_NO and re.fullmatch(SAYS_NO[system], spell(text).text.casefold().replace(" ", ""))
        assert "0" in written or said or ("no" in written.replace(" ", "") and "OCR_REPAIRED" in finding.flags)


@given(st.sampled_from(NAMES), st.one_of(st.none(), st.floats(), st.integers(), st.binary(), st.booleans(), st.lists(st.integers()), st.decimals()))
def test_random_values_of_any_type_never_raise(system, value):
    finding = classify(system, value, edition=value, year=value, cells=value, nodes_examined=value)
    assert finding.category in NODAL_CATEGORIES


@given(st.decimals(min_value="0.0001", max_value="100", places=4), st.sampled_from([(1, "mm"), (10, "cm"), ("0.001", "um")]))
def test_a_size_is_the_same_in_every_unit(mm, unit):
    from decimal import Decimal

    per, name = Decimal(unit[0]), unit[1]
    category = classify("size", f"{mm / per:f} {name}").category
    assert category == ("itc" if mm <= Decimal("0.2") else "micro" if mm <= 2 else "macro")
    assert classify("size", f"{mm:f}".replace(".", ",")).category == category
