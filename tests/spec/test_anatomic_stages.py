"""Which anatomic stage is it: every combination of the printed tables, and T, N and M as people write them."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import pandas as pd
import pytest

from survival_nodes.errors import UsageError
from survival_nodes.nodes import stage_group

HERE = Path(__file__).parent


def table(name: str) -> list[dict[str, str]]:
    with open(HERE / name, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


# Collaborative Stage 02.05.50 (AJCC 6 and 7) and TNM 2.1 (UICC 7), combinations with the same stage in one row. `printed` is the entry of the source,
# in which ERROR, UNK, 88 and 99 are no stage, and IIINOS and 3 are stage III of no letter.
TABLES = table("anatomic_stage.csv")


def combinations(row: dict[str, str]) -> list[tuple[str, str, str]]:
    return list(itertools.product(row["t"].split(), row["n"].split(), row["m"].split()))


@pytest.mark.parametrize("row", TABLES, ids=lambda row: f"{row['edition']}-{row['t'].split()[0]}-{row['n'].split()[0]}-{row['m'].split()[0]}")
def test_every_combination_of_the_tables(row):
    for t, n, m in combinations(row):
        assert stage_group(t, n, m, row["edition"]) == row["stage"], (t, n, m)
        if row["edition"] == "7":
            assert stage_group(t, n, m, 8) == row["stage"], (t, n, m)


def test_the_tables_are_complete():
    """15 T x 19 N x 3 M each for AJCC; UICC 15 T x (5 + 13) N x (2 + 1) M, and the row of what does not apply."""
    counted = {edition: [each for row in TABLES if row["edition"] == edition for each in combinations(row)] for edition in ("6", "7", "7-UICC")}
    assert {edition: (len(rows), len(set(rows))) for edition, rows in counted.items()} == {"6": (855, 855), "7": (855, 855), "7-UICC": (811, 811)}


@pytest.mark.parametrize("row", table("anatomic_stage_5th.csv"), ids=lambda row: f"{row['t']}-{row['n']}-{row['m']}")
def test_the_5th_edition(row):
    assert stage_group(row["t"], row["n"], row["m"], 5) == row["stage"]


@pytest.mark.parametrize("row", table("stage_spellings.csv"), ids=lambda row: "-".join(row[name] for name in ("t", "n", "m", "edition")))
def test_t_n_and_m_as_people_write_them(row):
    assert stage_group(row["t"], row["n"], row["m"], row["edition"]) == row["stage"]


@pytest.mark.parametrize("edition", [7, "7", "7th", 7.0, "AJCC 7th edition", "07"])
def test_an_edition_may_be_written_in_many_ways(edition):
    assert stage_group("T1", "N1mi", "M0", edition) == "IB"


@pytest.mark.parametrize("edition", [None, float("nan"), pd.NA, "", "88"])
def test_no_edition_no_stage(edition):
    assert stage_group("T1", "N1mi", "M0", edition) == "unknown"


@pytest.mark.parametrize("edition", [4, "9th", "UICC 8", "seventh", b"7", [7], True])
def test_an_edition_without_a_table_is_answered_with_those_there_are(edition):
    with pytest.raises(UsageError, match="there are: AJCC 5, 6, 7, 8, and 'UICC 7'"):
        stage_group("T1", "N1mi", "M0", edition)
