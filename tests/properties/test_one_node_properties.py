"""What holds where single nodes are part of the evidence: they are put together in any order, and other nodes can only make it worse."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from survival_nodes.nodes import NODAL_CATEGORIES, Policy, classify, combine

ONE_NODE = st.one_of(
    st.tuples(st.just("ncr_swk"), st.sampled_from(["1", "2", "3", "4", "9", "7", ""])),
    st.tuples(st.just("ncr_mari"), st.sampled_from(["1", "2", "3", "4", "5", "9"])),
    st.tuples(st.just("osna"), st.sampled_from(["-", "+", "++", "+I", "+++", ""])),
    st.tuples(st.just("osna_copies"), st.sampled_from([0, 249, 250, 5000, 5001, "<250", "<5000", ">250", "many"])),
    st.tuples(st.just("camelyon_node"), st.sampled_from(["negative", "itc", "micro", "macro", None])),
)
ALL_NODES = st.one_of(
    st.tuples(st.just("pathology_text"), st.sampled_from([
        "pN0", "pN0(i-)", "pN0(i+)", "pN0(i)", "pN0(mol+)", "pN1mi", "pN1", "pN1a", "pN1b", "pN2a", "ypN0(i+)", "cN0", "cN1", "cN1mi", "pN1mi(f)", "pN0(f)",
        "pNX",
    ])),
    st.tuples(st.just("ncr_pn"), st.sampled_from(["0", "0S", "0I", "0IS", "1M", "1MS", "1A", "2B", "X"])),
    st.tuples(st.just("size"), st.sampled_from(["0", "0.1", "1.2", "2.1", "<2", ">0.2", "<=0.2"])),
    st.tuples(st.just("nodes_positive"), st.sampled_from(["00", "01", "05", "95", "97", "98"])),
    st.tuples(st.just("stage_group_7"), st.sampled_from(["IB", "IIA"])),
)
EDITIONS = st.sampled_from([5, 6, 7, 8])
POLICIES = st.sampled_from(["default", "strict", Policy(on_size_conflict="prefer_size", on_positivity_conflict="keep_code", counts_only="macro")])


@st.composite
def records(draw, entries=st.one_of(ONE_NODE, ALL_NODES)):
    """Pieces of evidence of one patient, read in one edition."""
    edition = draw(EDITIONS)
    return [piece for system, value in draw(st.lists(entries, min_size=1, max_size=5)) for piece in classify(system, value, edition=edition).evidence]


def reach(possible: frozenset[str]) -> set[str]:
    """The least of what is possible, and all that is larger."""
    return set(NODAL_CATEGORIES[min(map(NODAL_CATEGORIES.index, possible)):-1]) if possible else set()


@given(records(), st.randoms(use_true_random=False), POLICIES)
def test_order_does_not_matter(pieces, random, policy):
    shuffled = list(pieces)
    random.shuffle(shuffled)
    assert combine(shuffled, policy) == combine(pieces, policy)


@given(records(), POLICIES)
def test_the_same_evidence_twice_is_the_same_evidence(pieces, policy):
    assert combine(pieces + pieces, policy) == combine(pieces, policy)


@given(records(), POLICIES)
def test_more_evidence_never_widens_what_is_possible_except_upwards(pieces, policy):
    """What one node shows may be outdone by others, and by nothing else; the agreed exceptions are those of all evidence."""
    finding = combine(pieces, policy)
    for n in range(1, len(pieces)):
        before = combine(pieces[:n], policy)
        excepted = "COUNT_CONFLICT" in finding.flags or (finding.category == "micro" and any(piece.cells_unknown for piece in pieces))
        limit = reach(before.possible) if any(piece.one_node for piece in pieces) else before.possible
        assert finding.possible <= limit or excepted


@given(records(ONE_NODE), POLICIES)
def test_of_several_nodes_the_largest_deposit_counts(pieces, policy):
    largest = max((NODAL_CATEGORIES.index(min(piece.possible, key=NODAL_CATEGORIES.index)) for piece in pieces if piece.tells), default=None)
    finding = combine(pieces, policy)
    assert not finding.flags & {"SIZE_CODE_CONFLICT", "POSITIVITY_CONFLICT"}
    if largest is not None:
        assert min(map(NODAL_CATEGORIES.index, finding.possible)) == largest


@given(records(ONE_NODE), st.sampled_from(["pN1a", "pN2a", "pN3a"]))
def test_a_macrometastasis_at_dissection_is_one_whatever_a_single_node_shows(pieces, code):
    finding = combine([*pieces, *classify("cap_pn", code, edition=8).evidence])
    assert (finding.category, finding.certainty, finding.positive) == ("macro", "explicit", True)


@given(records(), POLICIES)
def test_a_finding_is_consistent_with_itself(pieces, policy):
    finding = combine(pieces, policy)
    assert (finding.certainty == "none") == (finding.category == "unknown")
    if finding.certainty == "explicit":
        assert finding.possible == {finding.category}
    if finding.category != "unknown":
        assert finding.positive is (finding.category in {"micro", "macro"})


@given(records())
def test_isolated_tumour_cells_are_never_concluded_from_evidence_of_something_else(pieces):
    finding = combine(pieces)
    if finding.category == "itc":
        assert any(piece.possible == {"itc"} for piece in pieces)
