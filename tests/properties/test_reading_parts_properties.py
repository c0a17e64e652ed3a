"""The quick ways of reading a column, held against plain ones: integers, distinct words, limits, combinations, events."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import survival_nodes as sn
from survival_nodes.cohort.glance import fits_at_a_glance
from survival_nodes.columns import COHORT, check
from survival_nodes.errors import InputError
from survival_nodes.nodes import frames
from survival_nodes.sources.column_parts import Texts, Words, are_plain_decimals, part_of_text, plain_integers, plain_integers_of

NUMBER = st.one_of(st.integers(-3, 10**16).map(str), st.sampled_from(["007", "+7", " 7", "7 ", "", "0", "00", "-0", "1.0", "x", "0x1F", "٣"]))


def is_plain(text: str) -> bool:
    return text.isascii() and text.isdecimal() and str(int(text)) == text and len(text) <= 15


@settings(max_examples=300, deadline=None)
@given(words=st.lists(NUMBER, min_size=1, max_size=6), skipped=st.integers(0, 2))
def test_integers_are_plain_where_python_writes_them_back(words, skipped):
    expected = [int(word) for word in words] if all(map(is_plain, words)) else None
    found = plain_integers(pyarrow.array(["x"] * skipped + words)[skipped:])  # a slice has its own start
    assert (found is None) if expected is None else found.tolist() == expected
    values = plain_integers_of(pd.Series(words, dtype=object))
    assert values.tolist() == (words if expected is None else expected)


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(st.lists(NUMBER, min_size=1, max_size=8), min_size=1, max_size=4))
def test_parts_put_together_are_the_whole(parts):
    words, texts = Words(), Texts()
    for part in parts:
        found = list(dict.fromkeys(part))
        words.add(([word.strip() for word in found], np.array([found.index(word) for word in part], dtype=np.int32)))
        texts.add(part_of_text(pyarrow.array(part)))
    expected = [word.strip() for part in parts for word in part]
    repeated, together = words.series(), texts.series()
    assert repeated.tolist() == expected and repeated.cat.categories.tolist() == sorted(set(expected))
    assert together.astype(str).tolist() == expected
    assert (together.dtype.kind == "i") == all(is_plain(word) for part in parts for word in part)


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(["age", "n_positive", "behaviour", "sex", "grade", "topography", "sequence_number"]), values=st.lists(
    st.sampled_from([0, 1, 2, 3, 1.5, 90, 91, 120, 121, -1, None, float("inf"), "female", "male", "1", "2", "Male"]), min_size=1, max_size=5),
    kind=st.sampled_from(["object", "category", "float"]))
def test_what_fits_at_a_glance_has_nothing_wrong_with_it(name, values, kind):
    if kind == "float":
        values = [value for value in values if not isinstance(value, str)] or [0.0]
    series = pd.Series(values, dtype="float64" if kind == "float" else object)
    series = series.astype("category") if kind == "category" else series
    if fits_at_a_glance(series, COHORT[name]):
        assert not [problem for problem in check(pd.DataFrame({name: series}), COHORT) if problem.n]


@pytest.mark.parametrize("small", [1, 10, 1 << 20])
@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 40)), max_size=60), width=st.integers(1, 3))
def test_combinations_are_numbered_as_they_come(small, rows, width):
    keys = [np.array([row[place] for row in rows], dtype=["int8", "int64", "int32"][place]) for place in range(width)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(frames, "_SMALL", small)
        codes, firsts = frames._combined(keys, len(rows))
    seen = list(dict.fromkeys(row[:width] for row in rows))
    assert codes.tolist() == [seen.index(row[:width]) for row in rows]
    assert firsts.tolist() == [[row[:width] for row in rows].index(each) for each in seen]


EVENTS = {"0": 0, "1": 1, "False": 0, "True": 1}


@settings(max_examples=150, deadline=None)
@given(values=st.lists(st.sampled_from(["0", "1", "2", "True", "False", "alive", None]), min_size=1, max_size=6), as_category=st.booleans())
def test_events_are_read_alike_from_text_and_from_categories(values, as_category):
    column = pd.Series(values, dtype=object)
    if as_category:
        column = pd.Series(pd.Categorical(column, categories=["2", "1", "0", "True", "False", "alive", "of nobody"]))
    frame = pd.DataFrame({"years": np.full(len(values), 2.0), "event": column})
    if all(value in EVENTS for value in values):
        assert sn.Cohort.from_frame(frame, time_unit="years").events().tolist() == [EVENTS[value] for value in values]
        return
    with pytest.raises(InputError) as refused:
        sn.Cohort.from_frame(frame, time_unit="years")
    present, said = {value for value in values if value is not None}, str(refused.value)
    missing = values.count(None)
    assert ("'event': missing in" in said) == (missing > 0)
    assert ("coded 1/2" in said) == (present == {"1", "2"})
    assert ("neither 0 (censored)" in said) == (present != {"1", "2"} and not present <= set(EVENTS))


def test_a_cause_is_of_the_declared_words_in_their_order():
    frame = pd.DataFrame({"years": [1.0, 2.0, 3.0, 4.0], "event": [0, 1, 1, 1], "cause": [None, "9", "2", "1"]})
    cohort = sn.Cohort.from_frame(frame, time_unit="years", causes={"2": "other", "1": "breast-cancer"})
    assert cohort.rows["cause"].tolist() == ["none", "9", "other", "breast-cancer"]
    assert cohort.rows["cause"].cat.categories.tolist() == ["none", "other", "breast-cancer", "9"]
    coded = sn.Cohort.from_frame(pd.DataFrame({"years": [1.0, 2.0], "event": [0, 2]}), time_unit="years", causes={"2": "other"})
    assert coded.rows["cause"].tolist() == ["none", "other"] and coded.events().tolist() == [0, 1]


DECIMAL = st.one_of(st.floats(-1e6, 1e6).map(repr), st.text(alphabet="0123456789.-+ e", max_size=6))


@settings(max_examples=400, deadline=None)
@given(words=st.lists(DECIMAL, min_size=1, max_size=4), skipped=st.integers(0, 2))
def test_decimals_are_plain_where_they_are_written_so(words, skipped):
    plain = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
    array = pyarrow.array(["1.5"] * skipped + words)[skipped:]
    assert are_plain_decimals(array) == all(plain.fullmatch(word) for word in words)
