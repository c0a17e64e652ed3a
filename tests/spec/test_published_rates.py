"""What the published figures mean: a row of `published_spellings.csv` for every figure that is shipped."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from survival_nodes.columns import ESTIMANDS, PUBLISHED, check
from survival_nodes.data_files import data_file
from survival_nodes.errors import UsageError
from survival_nodes.literature import spellings
from survival_nodes.literature.published import CLAIM, half_unit, is_lower_bound, published_rates
from survival_nodes.nodes.categories import NODAL_CATEGORIES

with open(Path(__file__).with_name("published_spellings.csv"), encoding="utf-8", newline="") as stream:
    EXPECTED = list(csv.DictReader(stream))
ALL = published_rates(include_caveats=True).set_index("rate_id")


def number(text: str) -> float | None:
    return float(text) if text else None


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: f"row {row['row_id']}: {row['rate_id']}")
def test_every_row_means_what_its_source_says(row):
    rate = ALL.loc[row["rate_id"]]
    for column in ("endpoint", "estimand", "category", "ship", "tier"):
        assert rate[column] == row[column], column
    assert (rate["ratio_kind"] or "") == row["ratio_kind"]
    for value, expected in ((rate["years"], number(row["years"])), (rate["ratio"], number(row["printed_ratio"]))):
        assert pd.isna(value) if expected is None else value == expected
    if row["printed_percent"]:
        printed = Decimal(row["printed_percent"])
        assert rate["estimate"] == float(printed / 100)
        unit = Decimal(1).scaleb(printed.as_tuple().exponent)
        assert is_lower_bound(rate["note"]) or half_unit(rate["estimate"], rate["note"]) == pytest.approx(float(unit / 200), rel=1e-12)
    else:
        assert pd.isna(rate["estimate"]) and rate["ratio_kind"]


def test_every_shipped_row_has_a_row_here():
    assert sorted(ALL.index) == sorted(row["rate_id"] for row in EXPECTED)
    assert ALL.index.is_unique


def test_counts():
    assert len(ALL) == 145 + 53
    assert len(published_rates()) == 145
    assert set(published_rates()["ship"]) == {"yes"}


def test_the_frame_is_a_published_frame():
    assert check(published_rates(include_caveats=True), PUBLISHED) == ()
    assert list(published_rates().columns) == PUBLISHED.names
    assert list(published_rates("micro", years=4711).columns) == PUBLISHED.names


def test_few_fixed_spellings():
    assert set(ALL["endpoint"]) == set(spellings.ENDPOINT_NAMES)
    assert set(ALL["estimand"]) <= set(ESTIMANDS)
    assert set(ALL["category"]) <= set(spellings.CATEGORIES)
    assert set(ALL["ratio_kind"].dropna()) == set(spellings.RATIO_KINDS)
    assert set(NODAL_CATEGORIES) - {"unknown"} <= set(spellings.CATEGORIES)


def test_every_row_has_a_source_and_a_tier():
    assert ALL["doi"].notna().all()
    assert not ALL["doi"].str.contains("recalled|unconfirmed", case=False).any()
    assert ALL["tier"].isin(["A", "B", "C"]).all()


def test_no_row_is_from_memory():
    text = data_file("published/published_rates.csv").read_text(encoding="utf-8")
    assert "recalled" not in text and "find_string" not in text


def test_a_caveat_says_why():
    notes = ALL.loc[ALL["ship"] == "with_caveat", "note"]
    assert (notes.str.replace("Printed without decimals.", "").str.strip() != "").all()


@pytest.mark.parametrize("column", ["estimate", "ratio"])
def test_intervals_hold_their_figure(column):
    low, high = ("conf_low", "conf_high") if column == "estimate" else ("ratio_low", "ratio_high")
    printed = ALL[ALL[low].notna()]
    assert len(printed) > 10
    assert ((printed[low] <= printed[column]) & (printed[column] <= printed[high])).all()
    assert (printed["conf_level"] == 0.95).all()
    assert ALL["conf_level"].isna().equals(ALL["conf_low"].isna() & ALL["ratio_low"].isna())


def test_intervals_of_another_level_are_another_kind_of_ratio():
    # ACOSOG Z0011 prints a 90% interval (JAMA 2011;305:569) and a one-sided 95% interval (JAMA 2017;318:918).
    odd = ALL[ALL["study"].str.startswith("ACOSOG Z0011") & ALL["ratio"].notna()]
    assert list(odd["ratio_kind"]) == ["hazard ratio (90% interval)", "hazard ratio (one-sided 95% interval)"]


def test_a_hazard_ratio_is_counted_once():
    hazard = ALL[ALL["ratio_kind"] == "hazard ratio"]
    assert not hazard.duplicated(["study", "category", "population", "endpoint", "reference"]).any()


def test_the_claim_is_named_and_marked():
    claim = ALL.loc[CLAIM]
    assert (claim["estimate"], claim["years"], claim["estimand"], claim["category"]) == (0.86, 5, "net", "node-positive")
    assert "claim under test" in claim["population"] and "not a comparator" in claim["note"]
    assert half_unit(claim["estimate"], claim["note"]) == 0.005
    assert CLAIM not in set(published_rates("regional")["rate_id"])


@pytest.mark.parametrize("asked, given", [
    ("negative", {"negative", "negative-h-and-e", "negative-ihc"}), ("negative-ihc", {"negative-ihc"}), ("micro", {"micro"}),
    ("stage-ii", {"stage-ii", "stage-iia", "stage-iib"}),
])
def test_a_category_brings_its_kinds(asked, given):
    assert set(published_rates(asked, include_caveats=True)["category"]) == given


def test_filters_combine():
    rates = published_rates("micro", endpoint="breast-cancer", years=5)
    assert set(rates["rate_id"]) == {"mittendorf-2015-mdacc-micro-bcss-5y", "mittendorf-2015-z0010-micro-bcss-5y", "andersson-2010-micro-bcss-5y"}


def test_what_is_not_there_is_said():
    with pytest.raises(UsageError, match="there is no category of published rates 'mirco' \\(nearest: 'micro'\\)"):
        published_rates("mirco")
    with pytest.raises(UsageError, match="there is no endpoint of published rates 'death'.*overall"):
        published_rates(endpoint="death")
    with pytest.raises(UsageError, match="years 'five' is not a number"):
        published_rates(years="five")


def test_a_frame_given_away_can_be_changed():
    mine = published_rates()
    mine["estimate"] = 0.0
    mine.loc[0, "note"] = "spoilt"
    assert published_rates()["estimate"].max() == 1.0
    assert published_rates().loc[0, "note"] != "spoilt"


def test_the_studies_are_all_listed():
    studies = pd.read_csv(data_file("published/studies.csv"), keep_default_na=False)
    assert set(studies["study"]) == set(ALL["study"])
    assert len(studies) == 48 and (studies != "").all(axis=None)
    assert dict(zip(studies["study"], studies["doi"], strict=True)) == ALL.groupby("study")["doi"].first().to_dict()
