"""What cohort rules and nodal evidence make of the distinct combinations of their columns, so that an engine need carry one small code for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..cohort import CohortRule, Rule
from ..cohort.entries import Entries
from ..cohort.grouping import level_codes
from ..cohort.intake import fit_dictionary
from ..cohort.own_rule import judged
from .delimited import TextTable
from .mapping import Mapping
from .own_file import reading_of


@dataclass(frozen=True, eq=False)
class LookUp:
    """Combinations of values put into classes, all of one class judged alike by every rule.

    Attributes
    ----------
    codes : int64 array, shape (combinations,)
        The class of each combination.
    frame : DataFrame
        A row a class: the columns of one of its combinations, by our names, and its nodal classification.
    levels : dict
        Declared levels of these columns.
    said, notes : tuple of str
        What was odd in the columns; how the nodes were classified.
    """

    codes: np.ndarray
    frame: pd.DataFrame
    levels: dict[str, tuple[str, ...]]
    said: tuple[str, ...]
    notes: tuple[str, ...]


def look_up_of(table: TextTable, mapping: Mapping, rules: Sequence[Rule | CohortRule], columns: Sequence[str], kept_apart: Sequence[str]) -> LookUp:
    """Read the distinct combinations of the columns of rules and nodal evidence, and put those that are judged alike into one class.

    Parameters
    ----------
    table
        The combinations, with how many rows of the files hold each.
    mapping
        The mapping of their columns.
    rules
        Rules that judge row by row, by these columns alone.
    columns
        Which columns, by our names, are wanted of them.
    kept_apart
        Those of them that are asked for beside: their values must stay apart.

    Raises
    ------
    UsageError
        If a rule of the user's cannot be applied to the combinations.
    InputError
        If they do not hold what the mapping says.
    """
    reading = reading_of(table, mapping, needs_follow_up=False).classified()
    fitted, said = fit_dictionary(reading.frame, table.repeats)
    for name, declared in mapping.levels.items():
        level_codes(fitted[name], declared, table.repeats)
    # With its categories a column keeps the words that it held, which rules ask after.
    frame = fitted.assign(**{name: fitted[name].astype("category") for name in fitted if fitted[name].dtype == object})
    entries = Entries(frame)
    # Without flags in any row a rule could not be judged by them, so rows with and without flags are never of one class.
    apart = dict.fromkeys([*kept_apart, *(name for name in ("nodal_flags",) if name in frame and mapping.nodal)])
    codes, firsts = _classes([*(_judgement(rule, entries) for rule in rules), *(pd.factorize(frame[name])[0] for name in apart)], len(frame))
    return LookUp(codes, frame[list(dict.fromkeys(columns))].iloc[firsts].reset_index(drop=True), dict(mapping.levels), said, reading.notes)


def _judgement(rule: Rule | CohortRule, entries: Entries) -> np.ndarray:
    """Give what a rule says of each combination, as integers; a rule that cannot be judged says the same of all, and is left to the selection."""
    if isinstance(rule, Rule):
        return judged(rule, entries.frame.copy()).astype(np.int64)
    return np.zeros(len(entries), dtype=np.int64) if rule.lacking(entries) and not rule.essential else rule.judge(entries)


def _classes(keys: Sequence[np.ndarray], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Number the distinct combinations of several keys (integers from -1 on) from 0, and give the row in which each comes first."""
    codes = np.zeros(n, dtype=np.int64)
    for key in keys:
        codes = pd.factorize(codes * (int(key.max(initial=0)) + 2) + key + 1)[0]
    return codes, np.unique(codes, return_index=True)[1]
