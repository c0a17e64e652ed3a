"""The rows that a Cox model was fitted to, and its likelihood row by row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..kernels.partial_likelihood import PartialLikelihood
from ..kernels.risk_sets import RiskSets
from .design import Design

if TYPE_CHECKING:
    from ..cohort import Cohort, Groups
    from ..cohort.clock import Clock
    from ..cohort.times import Times


@dataclass(frozen=True, eq=False)
class Rows:
    """The fitted rows, shape (n,), and the clock of the ticks.

    `times` of all rows of the cohort, `groups` their strata and `ids` whose they are, of which `chosen` are fitted; `event` 0/1 of those;
    `case_weight` above 0, None where all are 1; `repeats` how many patients each stands for, None for one; `robust` whether the variance
    is; `cluster` codes from 0 of what varies together in it, None where each row stands alone.
    """

    times: Times
    groups: Groups
    ids: pd.Series
    chosen: np.ndarray | slice
    event: np.ndarray
    case_weight: np.ndarray | None = None
    repeats: np.ndarray | None = None
    cluster: np.ndarray | None = None
    robust: bool = False

    @classmethod
    def of(
        cls, cohort: Cohort, design: Design, strata: tuple[str, ...], cause: str | None, weight: np.ndarray | None = None,
        cluster: np.ndarray | None = None, *, robust: bool = False,
    ) -> Rows:
        """Take the rows of a design; `weight` and `cluster` are theirs."""
        chosen = slice(None) if design.kept.all() else design.kept
        plain = weight is None or bool((weight == 1).all())
        return cls(
            cohort.active, cohort.groups(strata or None), cohort.column("patient_id"), chosen, cohort.events(cause)[chosen],
            None if plain else weight, design.repeats, cluster, robust)

    @property
    def clock(self) -> Clock:
        """What the ticks mean."""
        return self.times.clock

    @property
    def strata_names(self) -> tuple[str, ...]:
        """The labels of the strata."""
        return self.groups.labels

    @cached_property
    def entry(self) -> np.ndarray:
        """When each row comes under observation, int64 ticks; -1 from the origin."""
        return self.times.entry[self.chosen]

    @cached_property
    def exit(self) -> np.ndarray:
        """When each row's follow-up ends, int64 ticks."""
        return self.times.exit[self.chosen]

    @cached_property
    def small_exit(self) -> np.ndarray:
        """The same as the smallest integers that hold them."""
        return self.times.small_exit[self.chosen]

    @cached_property
    def enters_late(self) -> bool:
        """Whether any row comes under observation after the origin."""
        return self.times.enters_late and bool((self.entry >= 0).any())

    @cached_property
    def stratum(self) -> np.ndarray:
        """Codes into `strata_names`, int64."""
        return self.groups.codes[self.chosen]

    @cached_property
    def patient_id(self) -> np.ndarray:
        """Who."""
        return self.ids.to_numpy()[self.chosen]

    @cached_property
    def weight(self) -> np.ndarray:
        """Case weights, or how many patients each row stands for; ones where there are neither."""
        given = self.repeats if self.case_weight is None else self.case_weight
        return np.ones(len(self.event)) if given is None else given.astype(float)

    @cached_property
    def n(self) -> int:
        """How many rows: patients, where each stands for many."""
        return len(self.event) if self.repeats is None else int(self.repeats.sum())

    @cached_property
    def n_event(self) -> int:
        """Events among them."""
        return int(np.count_nonzero(self.event) if self.repeats is None else self.repeats[self.event == 1].sum())


def rows_likelihood(design: Design, rows: Rows, ties: str) -> PartialLikelihood:
    """Give the likelihood row by row, of columns centred and scaled."""
    sets = RiskSets.of(rows.entry, rows.exit, rows.event, rows.stratum, rows.repeats)
    return PartialLikelihood.scaled(sets, design.matrix, ties, rows.case_weight if rows.repeats is None else rows.repeats)
