"""Claims as hypotheses: an estimand, the tests that decide, and a verdict that is never 'not significant'."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..cohort import Cohort, Rule
from ..columns import COMPARISONS, CONTRASTS, frame_of
from ..comparisons import NonInferiority, Worse, compare_with_published, hazard_ratio_power
from ..errors import UsageError
from ..estimates import KaplanMeier
from ..literature import published_rates


@dataclass(frozen=True, kw_only=True)
class PublishedClaim:
    """A claim that survival equals a published figure, for the patients a condition keeps.

    Attributes
    ----------
    group : str
        The patients in words.
    keep : str
        The condition on the cohort's columns that selects them.
    rate_ids : tuple of str
        The published figures.
    at_years : float
        The time.
    tolerance : float
        How far apart, as a fraction, the two may lie and still be called consistent.
    """

    group: str
    keep: str
    rate_ids: tuple[str, ...]
    at_years: float = 5.0
    tolerance: float = 0.02

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Compare the cohort's own survival with the figures; COMPARISONS, one row a figure."""
        rates = published_rates(include_caveats=True)
        missing = [rate_id for rate_id in self.rate_ids if rate_id not in set(rates["rate_id"])]
        if missing:
            raise UsageError(f"no published figure is called {missing[0]!r}: `survival-nodes published` lists them")
        chosen = cohort.where(Rule(self.group, lambda rows: rows.eval(self.keep, engine="python"), f"not {self.group}"))
        estimates = KaplanMeier(at_years=(self.at_years,))(chosen).assign(group=self.group)
        return compare_with_published(estimates, rates[rates["rate_id"].isin(self.rate_ids)], self.tolerance)


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
        The row of the first test that carries the verdict.
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
        frames = [test(cohort) for test in self.tests]
        own = [frame[frame["group"] == self.group] for frame in frames]
        if own[0].empty:
            raise UsageError(f"{self.label} is about {self.group!r}, but the cohort has no such group")
        return Judged(
            self, contrasts=_stack(own, CONTRASTS), comparisons=_stack(own, COMPARISONS),
            verdict=str(own[0]["verdict"].iloc[0]))

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
    """A hypothesis with its verdict and the rows it rests on."""

    hypothesis: Hypothesis
    contrasts: pd.DataFrame
    comparisons: pd.DataFrame
    verdict: str


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
