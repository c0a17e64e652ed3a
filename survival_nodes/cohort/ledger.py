"""The ledger of exclusions: every step from the file to the cohort, counted, so that it adds up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Step:
    """One counted step: the rule, why it was applied, and the patients before and after."""

    rule: str
    reason: str
    n_before: int
    n_after: int


@dataclass(frozen=True)
class Ledger:
    """The steps in order; each begins with what the one before left.

    Raises
    ------
    ValueError
        If a step does not begin where the last one ended, or ends with more patients than it began with (a defect of ours).

    >>> Ledger((Step("read", "rows of the file", 45, 45),)).then("female", "sex is not female", 44).frame["n_excluded"].tolist()
    [0, 1]
    """

    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        for earlier, later in zip(self.steps, self.steps[1:]):
            if earlier.n_after != later.n_before:
                raise ValueError(f"the ledger does not add up between {earlier.rule!r} and {later.rule!r}")
        if any(step.n_after > step.n_before for step in self.steps):
            raise ValueError("a step of the ledger ends with more patients than it began with")

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def then(self, rule: str, reason: str, n_after: int) -> Ledger:
        """Give the ledger with one more step, which ends with `n_after` patients."""
        n_before = self.steps[-1].n_after if self.steps else n_after
        return Ledger((*self.steps, Step(rule, reason, n_before, n_after)))

    @property
    def frame(self) -> pd.DataFrame:
        """The steps as a frame: rule, reason, n_before, n_after, n_excluded (patients)."""
        rows = [(step.rule, step.reason, step.n_before, step.n_after, step.n_before - step.n_after) for step in self.steps]
        return pd.DataFrame(rows, columns=["rule", "reason", "n_before", "n_after", "n_excluded"])
