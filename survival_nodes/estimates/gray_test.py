"""Gray's test of equal cumulative incidence across groups: of all together, stratified, pairwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd

from ..cohort import Cohort
from ..columns import TESTS, frame_of
from ..counting import GroupCounts, cells_of, cells_within, group_arrays, known_groups, names_in, tally
from ..errors import UsageError, unknown_name
from ..kernels.gray import gray_terms
from ..kernels.log_rank import chi_square
from ..kernels.tails import chi_square_tail
from ..units import format_number
from .aalen_johansen import declared_causes
from .log_rank import ADJUSTMENTS, adjusted_p, event_ticks, warn_of_thin_groups
from .options import check_choice, check_not_negative


@dataclass(frozen=True, eq=False)
class _Strata:
    """In every stratum the same groups, counted by cause, of which column `place` is tested; `labels` in the order of levels."""

    labels: tuple[str, ...]
    counts: tuple[tuple[GroupCounts, ...], ...]
    place: int

    def only(self, wanted: Sequence[int]) -> _Strata:
        counts = tuple(tuple(groups[group] for group in wanted) for groups in self.counts)
        return _Strata(tuple(self.labels[group] for group in wanted), counts, self.place)

    def n_event(self) -> np.ndarray:
        """Give the events of the cause in each group."""
        return np.array([[group.events[:, self.place].sum() for group in groups] for groups in self.counts]).sum(axis=0)

    def terms(self, rho: float) -> tuple[np.ndarray, np.ndarray]:
        """Sum scores and covariance over the strata."""
        terms = [gray_terms(*_event_table(groups, self.place), rho) for groups in self.counts]
        return tuple(sum(parts) for parts in zip(*terms, strict=True))


@dataclass(frozen=True)
class GrayTest:
    """Test whether groups have the same cumulative incidence of a cause.

    Parameters
    ----------
    by
        Column or columns that make the groups.
    cause
        The cause whose incidence is compared; all others compete with it.
    strata
        Column or columns within whose levels the groups are compared; scores are summed over them.
    rho
        Weights the times by (1 - F(t-))^rho with F the incidence common to all groups (of the stratum): 0 weights all alike,
        more gives weight to early times.

    Raises
    ------
    UsageError
        If an option is not allowed, the cohort knows no such cause, or patients enter late, which the test does not know.

    Warns
    -----
    DataWarning
        If there are fewer than two groups to compare, no event of the cause, a group without one, or a group that has left before
        the first; a statistic that does not exist is missing.

    Notes
    -----
    Gray 1988, Ann Stat 16:1141, with the allowance for ties of R's cmprsk. A log-rank test that censors the other causes compares
    hazards, this one incidences: they may well differ. A group nobody of which is at risk at any event of the cause is left out,
    and the degrees of freedom say so (cmprsk gives no statistic then).

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"t": [12, 48, 30, 48], "d": [1, 0, 1, 0], "node": ["macro", "macro", "negative", "negative"]})
    >>> cohort = Cohort.from_frame(rows, {"years": "t", "event": "d"}, "months", causes={0: "none", 1: "breast-cancer", 2: "other"})
    >>> GrayTest("node", "breast-cancer")(cohort).round(4).values[0, :5].tolist()
    ["Gray's test of breast-cancer", 'macro vs negative', 0.0575, 1, 0.8106]
    """

    by: str | Sequence[str]
    cause: str
    strata: str | Sequence[str] | None = field(default=None, kw_only=True)
    rho: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        if self.by is None:
            raise UsageError("by names the column whose groups are compared; None makes one group of everybody")
        if not isinstance(self.cause, str):
            raise UsageError(f"cause is the word of the cause whose incidence is compared, not {self.cause!r}")
        check_not_negative("rho", self.rho)

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Give TESTS: one row, all groups against each other."""
        strata = self._count(cohort)
        row = self._test(strata)
        warn_of_thin_groups(strata.labels, strata.n_event(), self.by, [row], self.cause)
        return frame_of(TESTS, [row])

    def pairwise(self, cohort: Cohort, adjust: str = "holm") -> pd.DataFrame:
        """Give TESTS with a row a pair of groups, the p-values adjusted by `holm`, `bonferroni` or `BH` (or `none`: none adjusted).

        Each pair is tested on its own patients alone. Pairs without a statistic do not count as comparisons.
        """
        check_choice("adjust", adjust, ADJUSTMENTS)
        strata = self._count(cohort)
        rows = [self._test(strata.only(pair)) for pair in combinations(range(len(strata.labels)), 2)]
        warn_of_thin_groups(strata.labels, strata.n_event(), self.by, rows, self.cause)
        adjusted = adjusted_p(np.array([row["p_value"] for row in rows]), adjust)
        return frame_of(TESTS, [row | {"p_adjusted": p} for row, p in zip(rows, adjusted, strict=True)])

    def _count(self, cohort: Cohort) -> _Strata:
        cohort = cells_of(cohort, names_in(self.by, self.strata))
        causes = declared_causes(cohort)
        if self.cause not in causes:
            raise UsageError(unknown_name("cause", self.cause, causes))
        groups, strata = known_groups(cohort, self.by), known_groups(cohort, self.strata)
        n_groups = len(groups.labels)
        counted = group_arrays(tally(cohort, cells_within(groups, strata), causes))
        if any((counts.entry_ticks >= 0).any() for counts in counted):
            raise UsageError(
                "Gray's test knows no delayed entry, and rows enter after the origin: compare the hazards of the cause, as "
                f"LogRank({self.by!r}, cause={self.cause!r}), or the incidences at one time, as AalenJohansen({self.by!r})")
        by_stratum = tuple(counted[start : start + n_groups] for start in range(0, len(counted), n_groups))
        return _Strata(groups.labels, by_stratum, causes.index(self.cause))

    def _test(self, strata: _Strata) -> dict:
        statistic, df = chi_square(*strata.terms(self.rho))
        p_value = chi_square_tail(df, statistic) if df else np.nan
        return {"test": self._name(), "comparison": " vs ".join(strata.labels), "statistic": statistic, "df": df, "p_value": p_value, "p_adjusted": np.nan}

    def _name(self) -> str:
        weighted = f" (rho {format_number(self.rho, 0 if float(self.rho).is_integer() else 3)})" if self.rho else ""
        strata = (self.strata,) if isinstance(self.strata, str) else tuple(self.strata or ())
        return f"Gray's test of {self.cause}{weighted}" + (f", stratified by {', '.join(strata)}" if strata else "")


def _event_table(groups: Sequence[GroupCounts], place: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give at risk, events of the cause and competing ones of several groups at every tick with either in any, shape (t, k)."""
    ticks = event_ticks(groups)
    events = np.zeros((2, len(ticks), len(groups)), dtype=np.int64)
    for column, counts in enumerate(groups):
        failing = counts.n_event > 0
        own, at = counts.events[failing, place], np.searchsorted(ticks, counts.ticks[failing])
        events[0, at, column], events[1, at, column] = own, counts.n_event[failing] - own
    return np.column_stack([counts.at_risk(ticks) for counts in groups]), events[0], events[1]
