"""Claims as hypotheses: an estimand, the tests that decide, and a verdict that is never 'not significant'."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..cohort import Cohort
from ..columns import COMPARISONS, CONTRASTS, frame_of
from ..comparisons import NonInferiority, Worse, hazard_ratio_power
from ..errors import UsageError
from .published_claim import ClaimJudged, PublishedClaim


@dataclass(frozen=True)
class Expected:
    """What the design promised before the cohort was drawn: the true hazard ratio and the expected events of both groups."""

    hazard_ratio: float
    events_group: float
    events_reference: float


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """A claim under test.

    Attributes
    ----------
    label, claim, estimand : str
        As H1; the claim in a sentence; the quantity by which it is judged.
    tests : tuple
        `NonInferiority`, `Worse` or `PublishedClaim`; the first decides, the others stand beside it.
    group : str
        The row of the first test that carries the verdict; a `PublishedClaim` brings its own.
    expected : Expected, optional
        For the power, where the truth is known (a synthetic cohort).
    """

    label: str
    claim: str
    estimand: str
    tests: tuple[NonInferiority | Worse | PublishedClaim, ...]
    group: str
    expected: Expected | None = None

    def __call__(self, cohort: Cohort) -> Judged:
        """Run the tests and keep the rows of the group in question."""
        found = [test.judge(cohort) if isinstance(test, PublishedClaim) else test(cohort) for test in self.tests]
        own = [each.comparisons if isinstance(each, ClaimJudged) else each[each["group"] == self.group] for each in found]
        if own[0].empty:
            raise UsageError(f"{self.label} is about {self.group!r}, but the cohort has no such group")
        return Judged(
            self, contrasts=_stack(own, CONTRASTS), comparisons=_stack(own, COMPARISONS), verdict=str(own[0]["verdict"].iloc[0]),
            beside=tuple(each for each in found if isinstance(each, ClaimJudged)))

    @property
    def margin(self) -> float:
        """The margin of the first test: a ratio, or 1 where the claim is that the group is worse."""
        return getattr(self.tests[0], "margin", 1.0)

    def power(self) -> float | None:
        """Give the power of the first test under what was expected, or None where nothing was."""
        if self.expected is None:
            return None
        return hazard_ratio_power(self.expected.hazard_ratio, self.margin, self.expected.events_group, self.expected.events_reference)


@dataclass(frozen=True, eq=False)
class Judged:
    """A hypothesis with its verdict, the rows it rests on, and what stands beside published figures."""

    hypothesis: Hypothesis
    contrasts: pd.DataFrame
    comparisons: pd.DataFrame
    verdict: str
    beside: tuple[ClaimJudged, ...] = ()


def _stack(frames: list[pd.DataFrame], schema) -> pd.DataFrame:
    chosen = [frame for frame in frames if list(frame.columns) == schema.names]
    return pd.concat(chosen, ignore_index=True) if chosen else frame_of(schema, [])


def verdict_frame(judged: list[Judged]) -> pd.DataFrame:
    """Give one row a hypothesis: hypothesis, claim, estimand, verdict, reason, power."""
    rows = []
    for each in judged:
        reason = "" if each.comparisons.empty else str(each.comparisons["reason"].iloc[0])
        rows.append((each.hypothesis.label, each.hypothesis.claim, each.hypothesis.estimand, each.verdict, reason, each.hypothesis.power()))
    names = ["hypothesis", "claim", "estimand", "verdict", "reason", "power"]
    return pd.DataFrame(rows, columns=names).astype({"power": "float64"})
