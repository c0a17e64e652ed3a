"""A case listing of a million rows becomes a cohort, every one of them counted, by either parser; progress is told."""

from __future__ import annotations

import numpy as np
import pytest

import survival_nodes as sn
from survival_nodes.sources import arrow_csv

N = 1_000_000
HEADER = "Patient ID,Year of diagnosis,\"Derived AJCC N, 7th ed (2010-2015)\",Regional nodes positive (1988+),Regional nodes examined (1988+)," \
    "Survival months,Vital status recode (study cutoff used)\n"
PIECES = ("2012,N0(i-),00,03,0060,Alive", "2012,N0(i+),00,03,0000,Alive", "2013,N1mi,01,12,0120,Dead", "2014,\"N1a\",99,98,Unknown,Dead")


@pytest.fixture(scope="module")
def listing(tmp_path_factory):
    path = tmp_path_factory.mktemp("million") / "listing.csv"
    numbers = np.char.mod("%07d", np.arange(N))
    rows = np.char.add(np.char.add(numbers, ","), np.resize(np.array(PIECES), N))
    path.write_bytes(HEADER.encode() + "\n".join(rows.tolist()).encode() + b"\n")
    return path


@pytest.mark.parametrize("parser", ["arrow", "pandas"])
def test_a_million_rows_are_read_and_counted(listing, parser, monkeypatch):
    if parser == "pandas":
        monkeypatch.setattr(arrow_csv, "parse", lambda *arguments: None)
    told: list[float] = []
    cohort = sn.read_cohort(listing, "seer-stat", watch=told.append)
    # A quarter each; the last quarter has no known survival months, and 99 is no number of nodes.
    assert cohort.ledger.frame[["n_before", "n_after"]].values.tolist() == [[N, N], [N, 3 * N // 4], [3 * N // 4, 3 * N // 4]]
    assert cohort.rows["nodal_category"].value_counts().to_dict() == {"negative": N // 4, "itc": N // 4, "micro": N // 4, "macro": 0, "unknown": 0}
    assert int(cohort.events().sum()) == N // 4 and cohort.rows["n_positive"].max() == 1
    assert told == sorted(told) and told[-1] == 1.0 and len(told) > 5
