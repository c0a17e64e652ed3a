"""The patients of a cohort who are the set that a registry's figure for nodal spread is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..cohort import Cohort, Rule
from ..errors import InputError

POSITIVE_CATEGORIES = ("micro", "macro")
_STAGE = "stage"  # in the name of a column


@dataclass(frozen=True, eq=False)
class RegistrySet:
    """Patients with spread to nodes, as far as a cohort can tell them.

    Attributes
    ----------
    group : str
        `regional` or `node-positive`.
    cohort : Cohort
        The patients.
    note : str
        How they were told, and what is not known of them.
    """

    group: str
    cohort: Cohort
    note: str


def registry_set(cohort: Cohort) -> RegistrySet:
    """Choose the patients of regional stage, or, where no column says the stage, those with positive nodes.

    Regional stage is any column whose name speaks of a stage and one of whose words begins with regional, as SEER's summary stages do.
    Positive nodes are those of the nodal categories micro and macro, else a count of positive nodes above 0. Isolated tumour cells
    count as neither.

    Raises
    ------
    InputError
        If neither can be told.

    >>> rows = pd.DataFrame({"t": [2, 30, 36, 61], "d": [1, 1, 0, 0], "nodal_category": ["itc", "micro", "macro", "negative"]})
    >>> found = registry_set(Cohort.from_frame(rows, {"years": "t", "event": "d"}, "months"))
    >>> found.group, len(found.cohort)
    ('node-positive', 2)
    """
    name, regional = next(_regional(cohort), ("", None))
    if regional is not None:
        chosen = cohort.where(Rule("regional stage", lambda rows: regional, "not of regional stage"))
        return RegistrySet("regional", chosen, f"regional stage is read from the column {name}")
    rule, how = _positive(cohort)
    note = f"positive nodes are told by {how}; the cohort has no summary stage, so direct extension without positive nodes is missing from the set"
    return RegistrySet("node-positive", cohort.where(rule), note)


def _regional(cohort: Cohort) -> Iterator[tuple[str, pd.Series]]:
    """Give the columns that say regional stage, and whose rows they are."""
    for name, values in cohort.frame.items():
        if _STAGE in str(name).lower() and not pd.api.types.is_numeric_dtype(values):
            regional = values.astype("object").map(lambda word: str(word).strip().lower().startswith("regional")).astype(bool)
            if regional.any():
                yield str(name), regional


def _positive(cohort: Cohort) -> tuple[Rule, str]:
    if "nodal_category" in cohort.frame:
        rule = Rule("positive nodes", lambda rows: rows["nodal_category"].isin(POSITIVE_CATEGORIES), "nodes not positive")
        return rule, "the nodal categories micro and macro"
    if "n_positive" in cohort.frame:
        return Rule("positive nodes", lambda rows: np.greater(rows["n_positive"].fillna(0), 0), "nodes not positive"), "the count of positive nodes"
    raise InputError("neither regional stage nor positive nodes can be told: map a column to nodal_category or n_positive, or keep one of the summary stage")
