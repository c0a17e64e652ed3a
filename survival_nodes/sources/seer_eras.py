"""The nodal fields of SEER over its eras, stitched by year of diagnosis: each field counts in the years for which it was coded, and one of them a patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from ..nodes import Evidence
from ..units import format_count
from .text_columns import distinct, each_distinct

ERAS = ("before 1988", "EOD-10 (1988-2003)", "Collaborative Stage (2004-2015)", "SEER Combined (2016-2017)", "EOD 2018 (2018 on)")
_STARTS = (1988, 2004, 2016, 2018)
_ON = 9999


@dataclass(frozen=True)
class _Item:
    """One field: what it is called, the years for which it was coded, its coding system (none: it belongs to another), and how wide its codes are."""

    says: str
    years: tuple[int, int]
    system: str = ""
    width: int = 0
    derived: bool = False


# In the order in which they count where several of one year are recorded: what was coded itself, then N as it was derived from that.
_ITEMS: Mapping[str, _Item] = MappingProxyType({
    "eod10_nodes": _Item("EOD-10 nodes", (1988, 2003), "seer_eod10_nodes", 1),
    "cs_nodes": _Item("CS lymph nodes", (2004, 2015), "seer_cs_nodes", 3),
    "combined_n": _Item("SEER Combined N", (2016, 2017), "seer_combined_n"),
    "eod_nodes": _Item("EOD regional nodes", (2018, _ON), "seer_eod2018_nodes", 3),
    "ajcc7_n": _Item("derived AJCC N, 7th edition", (2010, 2015), "seer_ajcc7_n", 3, True),
    "ajcc6_n": _Item("derived AJCC N, 6th edition", (2004, 2015), "seer_ajcc6_n", 2, True),
    "eod_derived_n": _Item("derived EOD 2018 N", (2018, _ON), "seer_eod2018_derived_n", 0, True),
    "adjusted6_n": _Item("adjusted AJCC N, 6th edition", (1988, 2015), "seer_adjusted6_n", 2, True),
    "cs_eval": _Item("CS nodes evaluation", (2004, 2015), "", 1),
    "cs_ssf3": _Item("CS site-specific factor 3", (2004, 2017), "", 3),
    "cs_ssf4": _Item("CS site-specific factor 4", (2004, 2017), "", 3),
    "cs_ssf5": _Item("CS site-specific factor 5", (2004, 2017), "", 3),
    "ajcc6_descriptor": _Item("descriptor of N, 6th edition", (2004, 2015)),
    "ajcc7_descriptor": _Item("descriptor of N, 7th edition", (2010, 2015)),
    "axillary_positive": _Item("positive axillary nodes (item 3882)", (2018, _ON)),
    "nodes_positive": _Item("regional nodes positive", (0, _ON), "", 2),
    "nodes_examined": _Item("regional nodes examined", (0, _ON), "", 2),
})
_CONTEXTS: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "cs_nodes": {"nodes_eval": "cs_eval", "ssf3": "cs_ssf3", "ssf4": "cs_ssf4", "ssf5": "cs_ssf5", "cs_version": "cs_version"},
    "combined_n": {"ssf4": "cs_ssf4", "ssf5": "cs_ssf5"},
    "eod_nodes": {"ln_positive_axillary": "axillary_positive"},
    "ajcc7_n": {"descriptor": "ajcc7_descriptor", "nodes_eval": "cs_eval"},
    "ajcc6_n": {"descriptor": "ajcc6_descriptor", "nodes_eval": "cs_eval"},
    "adjusted6_n": {"nodes_eval": "cs_eval"},
})


@dataclass(frozen=True, eq=False)
class EraEvidence:
    """The nodal evidence of a file of SEER.

    Attributes
    ----------
    evidence : DataFrame
        Text under the names of the raw columns, missing values None; and `year`.
    nodes : tuple of Evidence
        How it is classified.
    era : Series
        One of `ERAS`, missing where the year is not known.
    said : tuple of str
        What was recorded and not read, counted.
    notes : tuple of str
        Whose category rests on a derived N, counted.
    """

    evidence: pd.DataFrame
    nodes: tuple[Evidence, ...]
    era: pd.Series
    said: tuple[str, ...]
    notes: tuple[str, ...] = ()


def era_evidence(raw: pd.DataFrame, year: pd.Series) -> EraEvidence:
    """Take for each patient the nodal field of her year, and the node counts with all of them.

    Parameters
    ----------
    raw : DataFrame
        Text, missing values None: `eod10_nodes, cs_nodes, cs_eval, cs_ssf3, cs_ssf4, cs_ssf5, ajcc6_n, ajcc6_descriptor, ajcc7_n,
        ajcc7_descriptor, adjusted6_n, combined_n, eod_nodes, eod_derived_n, axillary_positive, nodes_positive, nodes_examined`, as far
        as they are there; other columns are left alone.
    year : Series
        Year of diagnosis, NaN where it is not known; such a patient has counts only.

    >>> raw = pd.DataFrame({"cs_nodes": ["150", "150"], "combined_n": ["p1MI", "p1MI"]})
    >>> found = era_evidence(raw, pd.Series([2010, 2016]))
    >>> found.evidence[["cs_nodes", "combined_n"]].to_numpy(dtype=object).tolist()
    [['150', nan], [nan, 'p1MI']]
    >>> found.said
    ('CS lymph nodes: 1 value of other years than 2004 to 2015 is not read', 'SEER Combined N: 1 value of other years than 2016 to 2017 is not read')
    """
    years = year.to_numpy(dtype=float, na_value=np.nan)
    evidence, said, counts = {}, [], {}
    taken = np.zeros(len(raw), dtype=bool)
    for name, item in _ITEMS.items():
        if name in raw:
            in_time = ~(years < item.years[0]) & ~(years > item.years[1]) & ((item.years[0] == 0) | ~np.isnan(years))
            codes, words = distinct(raw[name])
            there = codes >= 0
            kept = there & in_time & ~(taken if item.system else False)
            evidence[name] = _codes(codes, words, kept, item.width, raw.index)
            said += _outside(item, int((there & ~in_time & ~np.isnan(years)).sum()))
            if item.system:
                taken |= kept
                counts[name] = int(kept.sum())
    if "cs_nodes" in raw and _three_digits(raw["cs_nodes"]):
        evidence["cs_version"] = pd.Series(pd.Categorical.from_codes(np.zeros(len(raw), dtype=np.int8), categories=["2"]), index=raw.index)
    if "nodes_examined" in evidence and "nodes_positive" not in evidence:
        evidence["nodes_positive"] = pd.Series(None, index=raw.index, dtype=object)
    frame = pd.DataFrame({**evidence, "year": year}, index=raw.index)
    unplaced = int(np.isnan(years).sum())
    if unplaced:
        said.append(f"the year of diagnosis is not known in {_rows(unplaced)}: of those patients the nodal fields are not read, only the numbers of nodes")
    return EraEvidence(frame, _nodes(frame), _eras(years, raw.index), tuple(said), _derived(counts))


def _codes(codes: np.ndarray, words: np.ndarray, kept: np.ndarray, width: int, index: pd.Index) -> pd.Series:
    """Keep some of the values; codes that were padded with noughts beyond their width get that width."""
    values = pd.Series(pd.Categorical.from_codes(np.where(kept, codes, -1), categories=pd.Index(words, dtype=object)), index=index)
    return each_distinct(values, lambda word: _of_width(word, width)) if width else values


def _of_width(word: str, width: int) -> str:
    return word[-width:] if len(word) > width and word.isdigit() and not word[:-width].strip("0") else word


def _three_digits(values: pd.Series) -> bool:
    """Whether a column holds the codes of three digits: then 50 is 050 that a spreadsheet took a nought from, and not a code of the first version."""
    return any(word.removesuffix(".0").isdigit() and float(word) >= 100 for word in distinct(values)[1])


def _outside(item: _Item, n: int) -> list[str]:
    last = "on" if item.years[1] == _ON else f"to {item.years[1]}"
    verb = "values of other years than {} {} are" if n != 1 else "value of other years than {} {} is"
    return [f"{item.says}: {format_count(n)} {verb.format(item.years[0], last)} not read"] if n else []


def _derived(counts: Mapping[str, int]) -> tuple[str, ...]:
    told = [f"{_rows(counts[name])} from {_ITEMS[name].says}" for name in counts if _ITEMS[name].derived and counts[name]]
    if not told:
        return ()
    folded = "; in the adjusted N of the 6th edition micrometastases are folded into N1" if counts.get("adjusted6_n") else ""
    return (f"Where the code of the nodes itself is not recorded, the nodal category rests on N as SEER derives it: {', '.join(told)}. "
            f"Derived N1a, N2a and N3a also stand for deposits whose size was not stated{folded}.",)


def _rows(n: int) -> str:
    return f"{format_count(n)} row{'s' * (n != 1)}"


def _nodes(frame: pd.DataFrame) -> tuple[Evidence, ...]:
    found = []
    for name, item in _ITEMS.items():
        if item.system and name in frame:
            contexts = {context: column for context, column in _CONTEXTS.get(name, {}).items() if column in frame}
            found.append(Evidence(item.system, name, year_column="year", **contexts))
    if "nodes_positive" in frame:
        contexts = {"nodes_examined": "nodes_examined"} if "nodes_examined" in frame else {}
        found.append(Evidence("nodes_positive", "nodes_positive", year_column="year", **contexts))
    return tuple(found)


def _eras(years: np.ndarray, index: pd.Index) -> pd.Series:
    place = np.searchsorted(np.array(_STARTS, dtype=float), years, side="right")
    return pd.Series(pd.Categorical.from_codes(np.where(np.isnan(years), -1, place), categories=list(ERAS)), index=index, name="era")
