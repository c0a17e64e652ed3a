"""Patterns of covariates and cells of integers against the plain counting of rows, for any cohort."""

from collections import Counter

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from survival_nodes.cohort import Cohort
from survival_nodes.counting.patterns import distinct_cells, row_patterns

SEEDS = st.integers(0, 2**32 - 1)
COLUMNS = ("node", "age", "size", "er")


def made_up(seed: int, n: int = 60) -> Cohort:
    generator = np.random.default_rng(seed)
    exits = generator.integers(1, 9, n)
    cause = generator.choice(["none", "breast-cancer", "other"], n)
    frame = pd.DataFrame({
        "years": exits, "cause": cause, "event": (cause != "none").astype(int), "node": generator.choice(["negative", "micro", None], n),
        "age": generator.integers(40, 44, n), "size": generator.choice([0.5, 1.25, np.nan], n), "er": generator.random(n) < 0.5,
        "era": generator.choice(["early", "late"], n)})
    return Cohort.from_frame(frame, time_unit="years", causes={"none": "none", "breast-cancer": "breast-cancer", "other": "other"})


def as_text(values) -> list[str]:
    return [str(value) for value in values]


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_a_row_has_its_own_pattern(seed):
    cohort = made_up(seed)
    found, frame = row_patterns(cohort, COLUMNS), cohort.model_frame(COLUMNS)
    assert found.apart == () and list(found.frame) == list(COLUMNS)
    assert found.frame.dtypes.astype(str).tolist() == frame.dtypes.astype(str).tolist()
    for name in COLUMNS:
        assert as_text(found.frame[name].to_numpy()[found.code]) == as_text(frame[name])
    assert len(found.frame.drop_duplicates()) == len(found.frame) == int(found.code.max()) + 1


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.booleans())
def test_distinct_cells_are_those_of_a_dictionary(seed, wide):
    generator = np.random.default_rng(seed)
    parts = [generator.integers(-1, 10_000_000 if wide and place == 1 else 3, 30) for place in range(3)]
    n, expected = generator.integers(1, 5, 30), Counter()
    for *cell, count in zip(*(part.tolist() for part in parts), n.tolist()):
        expected[tuple(cell)] += count
    cells, counts = distinct_cells(parts, n)
    assert list(zip(*(cell.tolist() for cell in cells))) == sorted(expected)
    assert counts.tolist() == [expected[cell] for cell in sorted(expected)]


def test_a_column_of_nearly_as_many_values_as_rows_stands_apart():
    generator, n = np.random.default_rng(5), 2000
    frame = pd.DataFrame({"years": 5, "event": 1, "marker": generator.normal(size=n), "node": generator.choice(["a", "b"], n)})
    cohort = Cohort.from_frame(frame, time_unit="years")
    found = row_patterns(cohort, ("marker", "node"))
    assert found.apart == ("marker",) and len(found.frame) == 2
    assert row_patterns(cohort.where(np.arange(n) < 50), ("marker", "node")).apart == ()


def test_many_columns_of_levels_are_packed_on_the_way():
    generator, n = np.random.default_rng(6), 3000
    names = [f"marker_{place}" for place in range(12)]
    few = generator.integers(0, 9, (50, 12))  # fifty patterns of 9 ** 12 possible ones
    frame = pd.DataFrame(few[generator.integers(0, 50, n)], columns=names).astype(str).assign(years=5, event=1)
    found = row_patterns(Cohort.from_frame(frame, time_unit="years"), names)
    assert found.apart == () and len(found.frame) == len(frame[names].drop_duplicates())
