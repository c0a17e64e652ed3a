"""What holds for any record of SEER: nothing raises, nothing becomes negative or macro without a code that says so."""

from __future__ import annotations

import itertools

from hypothesis import example, given, settings
from hypothesis import strategies as st

from survival_nodes.nodes import FLAGS, NODAL_CATEGORIES, classify, classify_values, combine, systems
from survival_nodes.nodes.reading import context_names
from survival_nodes.nodes.spelling import spell

SYSTEMS = {system.name: system for system in systems() if system.name.startswith("seer_")}
TABLES = [name for name, system in SYSTEMS.items() if system.codes]
PLAIN_N0 = [("seer_ajcc6_n", "N0"), ("seer_ajcc7_n", "000"), ("seer_adjusted6_n", "N0"), ("seer_eod2018_derived_n", "N0"), ("seer_cs_nodes", "000"), ("seer_eod10_nodes", "0")]
POSITIVE, EXAMINED = st.sampled_from([None, "00", "01", "04", "90", "95", "97", "98", "99"]), st.sampled_from([None, "00", "03", "90", "95", "96", "97", "98", "99"])
ITEMS = {
    "descriptor": st.sampled_from([None, "c", "p", "a", "y", "N", "yc", "?"]), "nodes_eval": st.sampled_from([None, "0", "1", "2", "3", "5", "6", "8", "9", "7", ""]),
    "ssf3": st.sampled_from([None, "000", "001", "003", "004", "090", "095", "097", "098", "099", "988"]), "ssf4": st.sampled_from([None, "000", "001", "002", "009", "987"]),
    "ssf5": st.sampled_from([None, "000", "001", "002", "988"]), "cs_version": st.sampled_from([None, 1, 2, "010400"]),
    "ln_positive_axillary": st.sampled_from([None, "00", "01", "05", "95", "X1", "X5", "X6", "X8", "X9"]),
}
PATHOLOGICAL = {"descriptor": {"p", "y", "a"}, "nodes_eval": {"2", "3", "6", "8"}}
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(), st.binary(), st.text(max_size=20), st.lists(st.integers(), max_size=2),
    st.text(alphabet="0123456789.NOXxabcmi+-() ", max_size=6), st.integers(0, 1000), st.dates())


@st.composite
def records(draw, names=tuple(SYSTEMS)):
    """A value of a system of SEER, mostly one that there is, with the items that go with it and the counts."""
    name = draw(st.sampled_from(names))
    system = SYSTEMS[name]
    codes = system.codes or ("p0", "p0I-", "p0I+", "p0M+", "p1MI", "p1", "p1A", "p1B", "p2A", "c0", "c1", "pX", "88")
    value = draw(st.one_of(st.sampled_from(codes), st.sampled_from(codes), ANYTHING))
    context = {item: draw(ITEMS[item]) for item in system.context} | {"nodes_positive": draw(POSITIVE), "nodes_examined": draw(EXAMINED)}
    return name, value, context


@given(records())
def test_a_finding_of_seer_is_consistent_with_itself(record):
    name, value, context = record
    finding = classify(name, value, **context)
    assert finding.category in NODAL_CATEGORIES and finding.flags <= FLAGS.keys()
    assert (finding.certainty == "none") == (finding.category == "unknown")
    assert finding.category == "unknown" or finding.category in finding.possible
    assert finding.positive is {"negative": False, "itc": False, "micro": True, "macro": True}.get(finding.category, finding.positive)
    assert "\n" not in finding.reason and finding.reason.count(": ") == 1


@settings(deadline=None)
@given(st.sampled_from(sorted(SYSTEMS)), st.data())
def test_any_type_in_any_cell_never_raises(name, data):
    context = {item: data.draw(ANYTHING) for item in context_names(SYSTEMS[name])}
    value = data.draw(ANYTHING)
    finding = classify(name, value, edition=data.draw(ANYTHING), year=data.draw(ANYTHING), **context)
    assert finding.category in NODAL_CATEGORIES and finding.flags
    found = classify_values(name, [value], **{item: [cell] for item, cell in context.items()})
    assert found.nodal_category.tolist()[0] in NODAL_CATEGORIES


@given(st.sampled_from(TABLES), ANYTHING)
@example("seer_ajcc6_n", "")
@example("seer_ajcc7_n", "\u0660\u0662\u0660")  # Arabic digits are no codes
@example("seer_cs_nodes", "0" * 40)
def test_a_cell_is_negative_only_where_its_code_says_so(name, value):
    """With a pathological basis and no count, every negative finding has a code of the table that leaves negative possible."""
    context = {"nodes_eval": "3"} if "nodes_eval" in SYSTEMS[name].context else {"nodes_examined": "05"}
    finding = classify(name, value, **context)
    if finding.category == "negative":
        read = finding.evidence[0]
        assert read.normalised in SYSTEMS[name].codes and "negative" in read.possible and read.positive is False
        assert "0" in spell(value).text or (name == "seer_ajcc6_n" and spell(value).text in {"1", "3", "4"})


@given(st.sampled_from(PLAIN_N0), ITEMS["descriptor"], ITEMS["nodes_eval"], POSITIVE, EXAMINED)
def test_plain_n0_is_negative_only_after_a_pathological_examination(code, descriptor, evaluation, positive, examined):
    name, value = code
    items = {"descriptor": descriptor, "nodes_eval": evaluation}
    items = {item: told for item, told in items.items() if item in SYSTEMS[name].context}
    finding = classify(name, value, nodes_positive=positive, nodes_examined=examined, **items)
    shown = any(items.get(item) in told for item, told in PATHOLOGICAL.items()) or examined in {"03", "90", "96", "97", "98"}
    counted = positive == "00" and examined in {None, "99"}  # none positive, of a number nobody wrote down
    if finding.category == "negative":
        assert shown or counted
        assert finding.certainty == "default" and "ITC_NOT_EXCLUDED" in finding.flags
    assert finding.category in {"negative", "unknown"}
    if positive in {"01", "04", "90", "95", "97", "98"} or examined == "00":
        assert finding.category == "unknown"


@given(records(), POSITIVE, EXAMINED)
def test_a_count_never_proves_a_macrometastasis(record, positive, examined):
    """What is macro with counts is macro, or usually macro, by the code alone."""
    name, value, context = record
    context = {**context, "nodes_positive": positive, "nodes_examined": examined}
    finding = classify(name, value, **context)
    if finding.category == "macro":
        assert finding.evidence[0].default == "macro" and finding.evidence[0].kind == "code"
    counts = [piece for piece in finding.evidence if piece.kind == "count"]
    assert combine(counts).category in {"negative", "unknown"}


@given(records())
def test_the_strict_policy_withdraws_and_never_adds(record):
    name, value, context = record
    usual, strict = classify(name, value, **context), classify(name, value, policy="strict", **context)
    assert strict.category in {usual.category, "unknown"} and strict.certainty != "default" and strict.possible == usual.possible


@given(records(), records())
def test_the_order_of_two_fields_does_not_matter_and_the_second_never_widens(first, second):
    one, other = (classify(name, value, **context) for name, value, context in (first, second))
    both = combine([*one.evidence, *other.evidence])
    assert both == combine([*other.evidence, *one.evidence])
    assert both.possible <= one.possible or "COUNT_CONFLICT" in both.flags


@settings(deadline=None)
@given(st.lists(records(names=("seer_cs_nodes",)), min_size=2, max_size=8))
def test_a_frame_answers_as_one_by_one(several):
    values, contexts = [value for _, value, _ in several], [context for *_, context in several]
    found = classify_values("seer_cs_nodes", values, **{item: [context[item] for context in contexts] for item in contexts[0]})
    for row, (value, context) in enumerate(zip(values, contexts)):
        one = classify("seer_cs_nodes", value, **context)
        assert (found.nodal_category[row], found.nodal_reason[row]) == (one.category, one.reason)
        assert set(found.nodal_flags[row].split()) == one.flags


def test_every_code_with_every_item_gives_a_category_that_it_leaves_possible():
    """All codes of Collaborative Stage by all evaluations, factors and a few counts."""
    counts = ((None, None), ("00", "05"), ("02", "05"), ("98", "00"))
    for code, evaluation, ssf4, (positive, examined) in itertools.product(SYSTEMS["seer_cs_nodes"].codes, ("0", "3", "5", "6", ""), ("000", "001", "002", "009"), counts):
        finding = classify("seer_cs_nodes", code, edition=7, nodes_eval=evaluation, ssf4=ssf4, nodes_positive=positive, nodes_examined=examined)
        assert finding.category == "unknown" or finding.category in finding.possible
        if evaluation in {"0", "5"} and code not in {"050", "130", "150", "155"} and not (code == "000" and ssf4 in {"002", "009"}):
            assert finding.category in {"unknown", "negative"} and (finding.category == "unknown" or positive == "00")
