"""A claim that survival equals a published figure: put to net survival where the figure is one, and refused where it cannot be."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import pandas as pd

from ..cohort import Cohort, Rule
from ..comparisons import compare_with_published, registry_release
from ..comparisons.registry_sets import RegistrySet, registry_set
from ..comparisons.releases import DiagnosisYears
from ..errors import DataWarning, InputError, UsageError
from ..estimates import KaplanMeier, NetSurvival
from ..estimates.followed import coverage, life_table_of
from ..life_tables import LifeTable
from ..literature import published_rates
from ..units import format_interval, format_number, format_percent, format_years
from .expected import expected_survival, lacking

REGISTRY_METHOD = {"method": "ederer-ii", "intervals": 1}  # months: actuarial, complete approach, not standardised


@dataclass(frozen=True, eq=False)
class ClaimJudged:
    """What a claim rests on.

    Attributes
    ----------
    comparisons : DataFrame
        COMPARISONS; the first row carries the verdict.
    estimates, observed, expected : DataFrame, optional
        Net survival by the registry's method and by Pohar Perme, the observed survival and that expected of the same patients; None where
        net survival could not be estimated.
    text : tuple of str
        Sentences: the set, the estimates, and why the observed survival is another number.
    """

    comparisons: pd.DataFrame
    estimates: pd.DataFrame | None
    observed: pd.DataFrame | None
    expected: pd.DataFrame | None
    text: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PublishedClaim:
    """A claim that survival equals a published figure, for the patients a condition keeps.

    Attributes
    ----------
    rate_ids : tuple of str
        The published figures; the first carries the verdict.
    group : str
        The patients in words; a name of the registry of rates (`regional`, `node-positive`) is held against the set of each figure.
    keep : str, optional
        The condition on the cohort's columns that selects them. None: those of regional stage where a column says so, else those with
        positive nodes (and `group` is what they are).
    at_years : float
        The time.
    tolerance : float
        How far apart, as a fraction, the two may lie and still be called consistent.
    life_table : str or LifeTable, optional
        Of the population, for net survival by the registry's method (Ederer II, actuarial by month, complete, not age-standardised) with
        Pohar Perme beside it. None, or a cohort without sex, age or date of diagnosis: a published relative survival is not comparable.
    conf_level : float
        Coverage of the intervals; 90% limits within the tolerance are a test of equivalence at 5%.
    other_years : bool
        Whether figures for other years of diagnosis than the cohort's are met, and the reason says so; else they are not comparable.
    release : bool
        Whether the release of the registry for the cohort's own years stands beside the figures, also one to be checked.
    """

    rate_ids: tuple[str, ...]
    group: str = ""
    keep: str | None = None
    at_years: float = 5.0
    tolerance: float = 0.02
    life_table: str | LifeTable | None = None
    conf_level: float = 0.90
    other_years: bool = False
    release: bool = False

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Compare the cohort's own survival with the figures; COMPARISONS, one row a figure and quantity."""
        return self.judge(cohort).comparisons

    def judge(self, cohort: Cohort) -> ClaimJudged:
        """Compare, and give what the comparison rests on."""
        rates = self._rates(cohort)
        chosen = self._set(cohort)
        if not len(chosen.cohort):
            raise InputError(f"nobody is in the set that the claim is about ({chosen.group}): name another set with keep, or leave the claim out")
        observed = KaplanMeier(at_years=(self.at_years,), conf_level=self.conf_level)(chosen.cohort).assign(group=chosen.group)
        table = None if self.life_table is None else life_table_of(self.life_table)
        fault = "" if table is None else lacking(chosen.cohort, table)
        if table is None or fault:
            said = (f"Net survival of this cohort cannot be estimated: {fault}.",) if fault else ()
            return ClaimJudged(self._compared(observed, rates, cohort), None, None, None, said)
        estimates = self._net(chosen, table)
        expected = expected_survival(chosen.cohort, table, None, (self.at_years,)).assign(group=chosen.group)
        first = rates.iloc[[0]]
        # By the registry's method beside every figure; by Pohar Perme and as observed beside the claim alone.
        beside = self._compared(estimates.iloc[[1]].reset_index(drop=True), first, cohort)
        comparisons = pd.concat([
            self._compared(estimates.iloc[[0]], rates, cohort), beside.assign(group=f"{chosen.group}, Pohar Perme"),
            self._compared(observed, first, cohort)], ignore_index=True)
        text = (*self._explained(chosen, estimates, observed, expected), *_covered(chosen.cohort, table))
        return ClaimJudged(comparisons, estimates, observed, expected, text)

    def _rates(self, cohort: Cohort) -> pd.DataFrame:
        """Give the figures in the order in which they are named, then the release of the cohort's years."""
        rates = published_rates(include_caveats=True).set_index("rate_id", drop=False)
        missing = [rate_id for rate_id in self.rate_ids if rate_id not in rates.index]
        if missing:
            raise UsageError(f"no published figure is called {missing[0]!r}: `survival-nodes published` lists them")
        wanted = list(self.rate_ids)
        if self.release:
            wanted += [rate_id for rate_id in registry_release(cohort, at_years=self.at_years, include_caveats=True).rates["rate_id"] if rate_id not in wanted]
        return rates.loc[wanted].reset_index(drop=True)

    def _set(self, cohort: Cohort) -> RegistrySet:
        if self.keep is None:
            found = registry_set(cohort)
            return replace(found, group=self.group or found.group)
        chosen = cohort.where(Rule(self.group, lambda rows: rows.eval(self.keep, engine="python"), f"not {self.group}"))
        return RegistrySet(self.group, chosen, f"the patients are those with {self.keep}")

    def _net(self, chosen: RegistrySet, table: LifeTable) -> pd.DataFrame:
        """Estimate net survival by the registry's method, and by Pohar Perme."""
        options = {"life_table": table, "at_years": (self.at_years,), "conf_level": self.conf_level}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # of the life table, said in a sentence of its own
            parts = [NetSurvival(**REGISTRY_METHOD, **options)(chosen.cohort), NetSurvival(**options)(chosen.cohort)]
        return pd.concat(parts, ignore_index=True).assign(group=chosen.group)

    def _compared(self, estimates: pd.DataFrame, rates: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
        years = DiagnosisYears.of(cohort)
        spanned = None if years is None else cohort
        return compare_with_published(estimates, rates, self.tolerance, diagnosed=spanned, other_years=self.other_years)

    def _explained(self, chosen: RegistrySet, estimates: pd.DataFrame, observed: pd.DataFrame, expected: pd.DataFrame) -> tuple[str, ...]:
        when = format_years(self.at_years)
        level = format_percent(self.conf_level, 0)
        written = [
            f"{format_percent(row.estimate)} ({level} interval {format_interval(row.conf_low, row.conf_high, format_percent)}) "
            f"by {row.method.split(', life table')[0]}" for row in estimates.itertuples()]
        seen, awaited = observed["estimate"].iloc[0], expected["estimate"].iloc[0]
        points = format_number(100 * self.tolerance, 1)
        return (
            f"The set is {chosen.group}: {chosen.note}.",
            f"Net survival at {when}: {written[0]}, the method of the registry; beside it {written[1]}.",
            f"Equivalence within {points} points is judged by the {level} interval, for every value that a rounded figure may stand for.",
            f"Observed survival of the same patients at {when} is {format_percent(seen)} and not what the published figure is about: deaths from every cause "
            f"count in it. Of people of the same age, sex and calendar years the life table expects {format_percent(awaited)} to be alive, and relative "
            "survival divides by that.")


def _covered(cohort: Cohort, table: LifeTable) -> tuple[str, ...]:
    """Say how much of the follow-up of the set lies outside the life table."""
    report = coverage(cohort, table)
    outside = float(report["share"].iloc[1:].sum())
    if outside == 0:
        return ()
    return (f"Of their follow-up {format_percent(outside, 2)} lies outside the life table ({table.name}): {report['rule'].iloc[1]}.",)
