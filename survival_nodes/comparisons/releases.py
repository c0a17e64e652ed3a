"""Years of diagnosis of a cohort beside those of a published figure, and the release of the registry that belongs to them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np
import pandas as pd

from ..cohort import Cohort
from ..cohort.entries import Entries
from ..errors import UsageError
from ..literature import published_rates
from ..literature.published import CLAIM, half_unit, is_lower_bound
from ..units import format_percent

MATCHES_FROM = 0.5  # of the cohort's patients: a figure for fewer of their years is one of other years
REGISTRY = "USA (SEER)"
_SPAN = re.compile(r"(\d{4})-(\d{4})")


@dataclass(frozen=True)
class DiagnosisYears:
    """When the patients of a cohort were diagnosed: how many in each calendar year.

    >>> DiagnosisYears.of((1998, 2004)).words
    '1998-2004'
    """

    counts: Mapping[int, float]

    @classmethod
    def of(cls, given: Cohort | Sequence[int] | None) -> DiagnosisYears | None:
        """Read them from a cohort's dates, or from a first and a last year, all alike; None where a cohort has neither date nor year.

        Raises
        ------
        UsageError
            If what is given is neither a cohort nor two years in order.
        """
        if given is None:
            return None
        if isinstance(given, Cohort):
            return _of_cohort(given)
        years = tuple(given) if isinstance(given, Sequence) and not isinstance(given, str) else ()
        if len(years) != 2 or not all(isinstance(year, Integral) for year in years) or not 1800 < years[0] <= years[1] < 2400:
            raise UsageError(f"diagnosed is a cohort, or its first and last calendar year of diagnosis, as (1998, 2004), not {given!r}")
        return cls(dict.fromkeys(range(int(years[0]), int(years[1]) + 1), 1.0))

    @property
    def words(self) -> str:
        """The first and the last year."""
        return _written((min(self.counts), max(self.counts)))

    @property
    def middle(self) -> float:
        """The mean year of diagnosis."""
        return sum(year * n for year, n in self.counts.items()) / sum(self.counts.values())

    def share_within(self, span: tuple[int, int]) -> float:
        """Give the share of the patients who were diagnosed from the first to the last year of a span."""
        return sum(n for year, n in self.counts.items() if span[0] <= year <= span[1]) / sum(self.counts.values())

    def match(self, span: tuple[int, int]) -> bool:
        """Tell whether a figure for those years is one of this cohort's time: at least half of the patients were diagnosed in them."""
        return self.share_within(span) >= MATCHES_FROM


def _of_cohort(cohort: Cohort) -> DiagnosisYears | None:
    entries = Entries(cohort.frame)
    years = np.full(len(entries), np.nan)
    if "diagnosis_date" in entries:
        days = entries.days("diagnosis_date")[0]
        known = np.isfinite(days)
        years[known] = days[known].astype(np.int64).astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    if "diagnosis_year" in entries:
        years = np.where(np.isnan(years), entries.numbers("diagnosis_year"), years)
    found, n = np.unique(years[np.isfinite(years)].astype(int), return_counts=True)
    return DiagnosisYears({int(year): float(count) for year, count in zip(found, n)}) if len(found) else None


@dataclass(frozen=True, eq=False)
class Release:
    """The release of a registry that belongs to a cohort.

    Attributes
    ----------
    rates : DataFrame
        PUBLISHED: its row, or none where no release matches.
    reason : str
        Which release it is and why, or why there is none.
    """

    rates: pd.DataFrame
    reason: str


def registry_release(
    diagnosed: Cohort | Sequence[int], category: str = "regional", *, at_years: float = 5, include_caveats: bool = False,
) -> Release:
    """Choose the release of SEER whose years of diagnosis are those of a cohort, from the registry of published rates.

    Five-year relative survival of regional stage rose from 77% (about 1989-1996) to 87.2% (2015-2021): a cohort is set beside the figure
    of its own time.

    Parameters
    ----------
    diagnosed
        The cohort, or its first and last year of diagnosis.
    category
        `regional`, `localized`, `distant` or `all`.
    at_years
        The time of the figure.
    include_caveats
        Also releases that were read in a copy and are to be checked against the primary page: all but that of 2013-2019.

    Returns
    -------
    Release
        Of the releases in whose years at least half of the patients were diagnosed, the one with the largest share; of equal ones the
        better confirmed, then the more exactly printed, then the nearer in time.

    Raises
    ------
    UsageError
        If the category is not one of the registry of published rates.

    >>> registry_release((2012, 2018)).reason
    'SEER Stat Facts 2013-2019: published for 2013-2019, cohort diagnosed 2012-2018 (85.7% of it in those years)'
    >>> registry_release((1990, 1995)).reason
    'no release is for the years of the cohort, diagnosed 1990-1995; with those to be checked, 77.0% for 1989-1996'
    """
    years = DiagnosisYears.of(diagnosed)
    rates = _releases(category, at_years)
    if years is None:
        return Release(rates.iloc[:0], "the cohort's years of diagnosis are not known, so no release can be chosen")
    chosen = _best(rates if include_caveats else rates[rates["ship"] == "yes"], years)
    if chosen is None:
        other = None if include_caveats else _best(rates, years)
        more = "" if other is None else f"; with those to be checked, {format_percent(other['estimate'].iloc[0])} for {span_words(other['accrual'].iloc[0])}"
        return Release(rates.iloc[:0], f"no release is for the years of the cohort, diagnosed {years.words}{more}")
    row = chosen.iloc[0]
    share = years.share_within(span_of(row["accrual"]))
    told = "" if share == 1 else f" ({format_percent(share)} of it in those years)"
    return Release(chosen, f"{row['study']}: {years_apart(row['accrual'], years)}{told}")


def _releases(category: str, at_years: float) -> pd.DataFrame:
    """Give the figures of whole releases: no subgroup, no lower bound, with their years of diagnosis."""
    rates = published_rates(category, endpoint="overall", years=at_years, include_caveats=True)
    whole = (
        (rates["country"] == REGISTRY) & (rates["estimand"] == "net") & (rates["category"] == category) & rates["estimate"].notna()
        & (rates["rate_id"] != CLAIM) & ~rates["population"].str.contains(";", na=False) & ~rates["note"].map(is_lower_bound).astype(bool))
    dated = rates["accrual"].map(lambda accrual: span_of(accrual) is not None).astype(bool)
    return rates[whole & dated].reset_index(drop=True)


def _best(rates: pd.DataFrame, years: DiagnosisYears) -> pd.DataFrame | None:
    def order(row: dict) -> tuple:
        span = span_of(row["accrual"])
        return (-round(years.share_within(span), 9), row["ship"] != "yes", half_unit(row["estimate"], row["note"]), abs(sum(span) / 2 - years.middle))

    rows = [(order(row), place) for place, row in enumerate(rates.to_dict("records")) if years.match(span_of(row["accrual"]))]
    return rates.iloc[[min(rows)[1]]].reset_index(drop=True) if rows else None


def span_of(accrual: str | None) -> tuple[int, int] | None:
    """Give the first and the last year that a figure's accrual names; of two possible spans the ends of both.

    >>> span_of("SEER 2014-2020 or 2015-2021 (unconfirmed)"), span_of(None)
    ((2014, 2021), None)
    """
    found = [(int(first), int(last)) for first, last in _SPAN.findall(accrual or "")]
    return (min(first for first, _ in found), max(last for _, last in found)) if found else None


def span_words(accrual: str | None) -> str:
    """Write the years of a figure, or nothing where it states none.

    >>> span_words("2011-2017 (unconfirmed)")
    '2011-2017'
    """
    span = span_of(accrual)
    return "" if span is None else _written(span)


def years_apart(accrual: str | None, years: DiagnosisYears) -> str:
    """Say for which years a figure was published, and when the cohort was diagnosed.

    >>> years_apart("2013-2019", DiagnosisYears.of((1998, 2004)))
    'published for 2013-2019, cohort diagnosed 1998-2004'
    """
    published = span_words(accrual)
    return f"published {f'for {published}' if published else 'without years of diagnosis'}, cohort diagnosed {years.words}"


def _written(span: tuple[int, int]) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"
