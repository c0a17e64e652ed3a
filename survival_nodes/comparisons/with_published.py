"""Estimates of a cohort beside published figures: comparable or not, and how far apart, with both uncertainties."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from scipy.special import ndtri

from ..cohort import Cohort
from ..columns import COMPARISONS, ESTIMATES, PUBLISHED, frame_of, require
from ..errors import UsageError
from ..estimates.horizon import endpoint_of
from ..literature.published import CLAIM, half_unit, is_lower_bound, kinds_of
from ..literature.spellings import CATEGORIES, ENDPOINT_NAMES
from ..nodes.categories import NODAL_CATEGORIES
from ..units import format_number, format_percent, format_years, is_missing
from .hazards import is_number
from .releases import DiagnosisYears, span_of, years_apart

_ESTIMAND_NAMES = {
    "observed": "observed survival", "cause-specific": "cause-specific survival", "cumulative-incidence": "cumulative incidence",
    "crude-probability": "crude probability of death", "restricted-mean": "restricted mean survival time", "rate": "a rate"}
# Part of a method's name -> its name; the first that fits.
_NET_METHODS = (("pohar", "Pohar Perme"), ("ederer-ii", "Ederer II"), ("ederer ii", "Ederer II"), ("ederer", "Ederer I"), ("hakulinen", "Hakulinen"))
# Sets with a name of their own, which are not those of another name; `all` is whoever the cohort holds.
_SETS = frozenset((*NODAL_CATEGORIES, *CATEGORIES)) - {"all"}
# Two sets that overlap for the most part, and what tells them apart.
_NEAR_SETS = {
    ("node-positive", "regional"): "published for regional stage, which also takes in direct extension without nodes, cohort's set is node-positive",
    ("regional", "node-positive"): "published for positive nodes, cohort's set is regional stage, which also takes in direct extension without nodes"}
_EXACT = 1e-12  # of a fraction: rounding alone


@dataclass(frozen=True)
class Series:
    """The estimates of one group, of one quantity, at one or several times."""

    endpoint: str
    estimand: str
    group: str
    method: str | None
    rows: tuple[dict, ...]

    def at(self, years: float) -> dict | None:
        """Give the row at a time, or None."""
        return next((row for row in self.rows if abs(row["years"] - years) < 1e-9), None)


@dataclass(frozen=True)
class _Terms:
    """On what terms figures are compared: the tolerance, the cohort's years of diagnosis, and whether figures for other years are met."""

    tolerance: float
    years: DiagnosisYears | None
    other_years: bool

    def strange_years(self, figure: dict) -> bool:
        """Tell whether a figure was published for other years than the cohort's."""
        span = span_of(figure["accrual"])
        return self.years is not None and span is not None and not self.years.match(span)


def compare_with_published(
    estimates: pd.DataFrame, rates: pd.DataFrame, tolerance: float, *, diagnosed: Cohort | Sequence[int] | None = None, other_years: bool = False,
) -> pd.DataFrame:
    """Set estimates of a cohort beside published figures.

    Parameters
    ----------
    estimates
        ESTIMATES of survival.
    rates
        PUBLISHED, the rows that are to be compared; rows with a ratio only are passed over.
    tolerance
        How far apart, as a fraction of survival (0.02 is two percentage points), still counts as the same.
    diagnosed
        The cohort, or its first and last calendar year of diagnosis. Given, a figure for years in which fewer than half of the patients
        were diagnosed is not comparable, and every reason says the years of both. `registry_release` chooses a registry's figure by them.
    other_years
        Compare with figures for other years too; the reason says that they are.

    Returns
    -------
    DataFrame
        COMPARISONS, a row a pair. A group that is a nodal category is paired with figures of its category and of the kinds
        of it (`negative` with `negative-ihc`), and so is one that bears another name of the registry (`regional`, `stage-ii`); `all`
        and any other group with every figure given. If no category fits any group, every pair is listed and none is
        comparable. A figure is met by the estimate at its own time.

    Raises
    ------
    UsageError
        If the tolerance is not a fraction between 0 and 1.
    InputError
        If either frame is not what its schema says.

    Notes
    -----
    Comparable is the same endpoint, estimand and time; anything else is `not comparable`, with the reason. Relative survival
    is a way to estimate net survival, so figures by different methods of it are compared and the methods are named; but an age-standardised
    estimate never with a figure that is not. `node-positive` and `regional` meet, and the reason says in what they differ. Survival
    from one cause of the endpoint `overall` is that of the endpoint `breast-cancer`, if that is the cause.

    Where the published figure has an interval, that of the difference takes both as independent, on the plain scale: the cohort's standard
    error (where it has none, the width of its interval), the published one from the width of its printed interval, and the coverage
    of the estimates. Without a printed interval the published figure has no standard error: it is any value that rounds to what is
    printed, so 86 is all of [85.5, 86.5), and the difference runs from the cohort's lower limit less the highest of these to its
    upper limit less the lowest; it is still too short. With 90% limits and a tolerance of d that is a test of equivalence: `consistent`
    where they lie within [86.5 - d, 85.5 + d], that is for every value that 86 may stand for.

    `consistent`: the interval lies within plus or minus the tolerance. `differs`: wholly outside. Else `inconclusive`.

    >>> from survival_nodes.literature.published import published_rates
    >>> observed = frame_of(ESTIMATES, [{"endpoint": "overall", "group": "all", "years": 5, "estimand": "observed", "estimate": 0.84, "std_error": 0.01}])
    >>> rates = published_rates("regional", endpoint="overall", years=5)
    >>> compare_with_published(observed, rates[rates["rate_id"] == "seer-2013-2019-regional-5y"], 0.02)[["verdict", "reason"]].values.tolist()
    [['not comparable', 'published figure is relative survival, cohort has observed survival']]
    """
    if not is_number(tolerance) or not 0 < tolerance < 1:
        raise UsageError(f"tolerance is a fraction of survival between 0 and 1, as 0.02 for two percentage points, not {tolerance!r}")
    require(estimates, ESTIMATES)
    require(rates, PUBLISHED)
    terms = _Terms(float(tolerance), DiagnosisYears.of(diagnosed), bool(other_years))
    figures = rates.loc[rates["estimate"].notna(), PUBLISHED.names].to_dict("records")
    return frame_of(COMPARISONS, [_compared(series, figure, terms) for series, figure in _pairs(_series(estimates), figures)])


def _series(estimates: pd.DataFrame) -> list[Series]:
    """Gather rows by group and quantity, in the order in which they stand."""
    gathered: dict[tuple, list[dict]] = {}
    for row in estimates[ESTIMATES.names].to_dict("records"):
        key = (endpoint_of(row["endpoint"], None if is_missing(row["cause"]) else row["cause"]), row["estimand"], row["group"], row["method"])
        gathered.setdefault(key, []).append(row)
    return [Series(*key, rows=tuple(rows)) for key, rows in gathered.items()]


def _pairs(series: list[Series], figures: list[dict]) -> list[tuple[Series, dict]]:
    """Pair by category; where a group has several quantities, those which cannot be compared stand back for one that can."""
    near = [(one, figure) for one in series for figure in figures if _same_category(one, figure)]
    pairs = near or [(one, figure) for one in series for figure in figures]
    met = {(one.group, figure["rate_id"]) for one, figure in pairs if not _unlike(one, figure)}
    return [(one, figure) for one, figure in pairs if not _unlike(one, figure) or (one.group, figure["rate_id"]) not in met]


def _same_category(series: Series, figure: dict) -> bool:
    same = figure["category"] in kinds_of(series.group) or (series.group, figure["category"]) in _NEAR_SETS
    return series.group not in _SETS or same


def _unlike(series: Series, figure: dict) -> str:
    """Say why two quantities are not the same, or nothing."""
    if series.estimand != figure["estimand"]:
        return f"published figure is {_quantity(figure['estimand'], figure['method'])}, cohort has {_quantity(series.estimand, series.method)}"
    if series.endpoint != figure["endpoint"]:
        return f"published figure is {_endpoint_name(figure['endpoint'])}, cohort has {_endpoint_name(series.endpoint)}"
    return ""


def _quantity(estimand: str, method: str | None) -> str:
    if estimand == "net":
        return "net survival" if "pohar" in (method or "").lower() else "relative survival"
    return _ESTIMAND_NAMES[estimand]


def _endpoint_name(endpoint: str) -> str:
    return ENDPOINT_NAMES[endpoint][0] if endpoint in ENDPOINT_NAMES else f"survival free of {endpoint!r}"


def _not_comparable(series: Series, figure: dict, row: dict | None, terms: _Terms) -> str:
    """Say why a pair cannot be compared, or nothing."""
    if unlike := _unlike(series, figure):
        return unlike
    if _is_standardised(series.method) != _is_standardised(figure["method"]):
        ours, theirs = ("is", "is not") if _is_standardised(series.method) else ("is not", "is")
        return f"published figure {theirs} age-standardised, cohort's estimate {ours}"
    if is_lower_bound(figure["note"]):
        return "published figure is a lower bound, not an estimate"
    if not _same_category(series, figure):
        return f"published figure is for {figure['category']}, cohort group is {series.group}"
    if row is None:
        times = ", ".join(format_number(one["years"], 0 if float(one["years"]).is_integer() else 2) for one in series.rows)
        return f"published figure is at {_time(figure)}, cohort has {times} years"
    if is_missing(row["estimate"]):
        return f"cohort has no estimate at {_time(figure)}"
    return years_apart(figure["accrual"], terms.years) if terms.strange_years(figure) and not terms.other_years else ""


def _is_standardised(method: str | None) -> bool:
    return any(mark in (method or "").lower() for mark in ("standardised", "standardized"))


def _time(figure: dict) -> str:
    return "no stated time" if is_missing(figure["years"]) else format_years(figure["years"])


def _compared(series: Series, figure: dict, terms: _Terms) -> dict:
    row = series.at(figure["years"])
    both = {
        "endpoint": series.endpoint, "group": series.group, "rate_id": figure["rate_id"], "years": figure["years"], "estimand": series.estimand,
        "published": figure["estimate"], "published_low": figure["conf_low"], "published_high": figure["conf_high"]}
    if row is not None:
        both |= {"observed": row["estimate"], "observed_low": row["conf_low"], "observed_high": row["conf_high"]}
    if reason := _not_comparable(series, figure, row, terms):
        return {**both, "verdict": "not comparable", "reason": reason}
    low, high = _difference_limits(row, figure)
    verdict = verdict_on(low, high, terms.tolerance)
    return {
        **both, "difference": row["estimate"] - figure["estimate"], "difference_low": low, "difference_high": high, "verdict": verdict,
        "reason": "; ".join([_finding(verdict, low, terms.tolerance), *_remarks(series, figure), *_on_years(figure, terms)])}


def _difference_limits(row: dict, figure: dict) -> tuple[float, float]:
    """Give the ends of the interval of the difference; missing where the cohort's estimate tells nothing."""
    level = 0.95 if is_missing(row["conf_level"]) else row["conf_level"]
    error, width = _observed_error(row, level), figure["conf_high"] - figure["conf_low"]
    if not is_missing(width):
        published = width / (2 * _quantile(0.95 if is_missing(figure["conf_level"]) else figure["conf_level"]))
        reach, difference = _quantile(level) * math.hypot(error, published), row["estimate"] - figure["estimate"]
        return difference - reach, difference + reach
    half = half_unit(figure["estimate"], figure["note"])
    low, high = row["conf_low"], row["conf_high"]
    if is_missing(low) or is_missing(high) or is_missing(error):
        low, high = row["estimate"] - _quantile(level) * error, row["estimate"] + _quantile(level) * error
    return low - (figure["estimate"] + half), high - (figure["estimate"] - half)


def _observed_error(row: dict, level: float) -> float:
    """Give the cohort's standard error; 0 means that nobody has had the event, which is no certainty, and counts as none."""
    if not is_missing(row["std_error"]) and row["std_error"] > 0:
        return row["std_error"]
    width = row["conf_high"] - row["conf_low"]
    return width / (2 * _quantile(level)) if width > 0 else math.nan


def _quantile(level: float) -> float:
    return float(ndtri(1 - (1 - level) / 2))


def verdict_on(low: float, high: float, tolerance: float) -> str:
    """Read the interval of a difference against a tolerance; missing ends are inconclusive.

    >>> verdict_on(-0.01, 0.02, 0.02), verdict_on(0.03, 0.05, 0.02), verdict_on(-0.01, 0.03, 0.02)
    ('consistent', 'differs', 'inconclusive')
    """
    if low >= -tolerance - _EXACT and high <= tolerance + _EXACT:
        return "consistent"
    return "differs" if low > tolerance + _EXACT or high < -tolerance - _EXACT else "inconclusive"


def _finding(verdict: str, low: float, tolerance: float) -> str:
    points = f"{format_number(100 * tolerance, 1)} percentage points"
    if is_missing(low):
        return "the cohort's estimate has no standard error, as nobody has had the event by then"
    return {"consistent": f"the interval of the difference lies within {points}", "differs": f"the interval of the difference lies wholly beyond {points}",
            "inconclusive": f"the interval of the difference reaches across {points}"}[verdict]


def _remarks(series: Series, figure: dict) -> list[str]:
    """Say what a reader of a comparison should know: rounding, methods, who the published patients were, how far to trust the figure."""
    remarks = []
    if is_missing(figure["conf_low"]):
        half = half_unit(figure["estimate"], figure["note"])
        digits = max(1, round(-math.log10(2 * half)) - 1)
        low, high = (format_percent(figure["estimate"] + sign * half, digits) for sign in (-1, 1))
        remarks.append(f"published without an interval, taken as {low} to {high}")
    ours, theirs = (_net_method(method) for method in (series.method, figure["method"]))
    if series.estimand == "net" and ours != theirs:
        remarks.append(f"published by {theirs}, cohort by {ours}")
    if series.group in NODAL_CATEGORIES and figure["category"] != series.group:
        remarks.append(f"published group is {figure['category']}")
    if near := _NEAR_SETS.get((series.group, figure["category"])):
        remarks.append(near)
    if figure["rate_id"] == CLAIM:
        remarks.append("the figure is the claim under test")
    if figure["ship"] == "with_caveat":
        remarks.append("the figure is to be checked against its primary page")
    return remarks


def _on_years(figure: dict, terms: _Terms) -> list[str]:
    """Say for which years the figure was published, where the cohort's are known."""
    if terms.years is None:
        return []
    return [years_apart(figure["accrual"], terms.years) + (", compared as asked" if terms.strange_years(figure) else "")]


def _net_method(method: str | None) -> str:
    return next((name for mark, name in _NET_METHODS if mark in (method or "").lower()), "a method not stated")
