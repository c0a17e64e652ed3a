"""A rule of the user's own: a function of the rows, booleans, or a condition in words of the columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import UsageError


@dataclass(frozen=True)
class Rule:
    """A named exclusion: who is kept (a function of the rows that gives one boolean a row), and why the others are not.

    `columns` names what the function reads; a scan, which never holds whole rows, must be told.
    """

    name: str
    keep: Callable[[pd.DataFrame], pd.Series]
    reason: str = ""
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", (self.columns,) if isinstance(self.columns, str) else tuple(self.columns))


def judged(rule: Rule, rows: pd.DataFrame) -> np.ndarray:
    """Give the rows that a rule keeps as booleans, or raise UsageError where it gives anything else."""
    try:
        kept = rule.keep(rows)
    except UsageError:
        raise
    except Exception as problem:
        said = f"the rule {rule.name!r} cannot be applied ({type(problem).__name__}); its columns must be among: {', '.join(map(str, rows.columns))}"
        raise UsageError(said) from problem
    if not (isinstance(kept, (pd.Series, np.ndarray)) and len(kept) == len(rows) and pd.api.types.is_bool_dtype(kept)):
        raise UsageError(f"the rule {rule.name!r} must give true or false for each of the {len(rows)} rows, none missing")
    return pd.array(kept, dtype="boolean").fillna(False).to_numpy(dtype=bool)


def as_rule(rule: Rule | Callable[[pd.DataFrame], pd.Series] | pd.Series | np.ndarray | str, reason: str) -> Rule:
    """Make a rule of anything that `Cohort.where` takes; UsageError where it is nothing of the kind."""
    if isinstance(rule, Rule):
        return rule
    if isinstance(rule, (pd.Series, np.ndarray)):
        return Rule("selected rows", lambda rows: rule, reason or "not selected")
    if isinstance(rule, str):
        return Rule(rule, lambda rows: rows.eval(rule, engine="python"), reason)
    if callable(rule):
        return Rule(getattr(rule, "__name__", "rule"), rule, reason)
    raise UsageError('a rule is a Rule, a function of the rows, one boolean a row, or a condition as "age >= 18"')
