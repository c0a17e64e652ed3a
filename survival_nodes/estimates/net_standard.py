"""Age standardisation of net survival: a standard population, the age groups of a cohort, and the two ways of weighting them."""

from __future__ import annotations

import math
import re
import tomllib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from numbers import Real
from typing import Protocol

import numpy as np

from ..cohort import Cohort
from ..data_files import data_file
from ..errors import DataWarning, InputError, UsageError, unknown_name
from ..units import format_count, format_years
from .at_diagnosis import date_and_age
from .followed import Followed
from .options import check_choice

HOW = ("traditional", "brenner")
_SAID = {"traditional": "traditional", "brenner": "Brenner"}
_AGES = re.compile(r"^(?:<(?P<below>\d+)|(?P<low>\d+)(?:\+|\s*[-\u2013]\s*(?P<high>\d+)))$")


class Curve(Protocol):
    """Net survival of one group over time."""

    def at(self, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the survival and its log's standard error at times in days."""


@cache
def standard_populations() -> dict[str, dict]:
    """Give the standard populations that come with the package: name to `title` and `weights`."""
    return tomllib.loads(data_file("standards.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Standard:
    """A standard population by age at diagnosis, and how estimates are weighted to it.

    Parameters
    ----------
    weights
        `icss-1`, `icss-2` or `icss-3`; or the weight of each age group, ages in completed years, as
        ``{"<50": 0.3, "50-69": 0.4, "70+": 0.3}``. Weights are divided by their sum.
    how
        `traditional`: the weighted mean of the estimates of the age groups, its variance the weighted sum of theirs. `brenner`: every
        patient counts by the weight of the age group over its share of the patients, and there is one estimate, which does not break down
        when an old age group dies out.

    Raises
    ------
    UsageError
        If the standard is not known, an age group cannot be read, two overlap, or a weight is not positive.

    Notes
    -----
    Corazziari, Quinn and Capocaccia 2004, Eur J Cancer 40:2307 (ICSS; 1 for breast cancer). Brenner, Arndt, Gefeller and Hakulinen 2004,
    Eur J Cancer 40:2317. The case weights are taken as known.

    >>> Standard("icss-1").words, Standard({"<50": 1, "50+": 3}, how="brenner").shares
    ('age-standardised (ICSS 1, traditional)', (0.25, 0.75))
    """

    weights: str | Mapping[str, float]
    how: str = field(default="traditional", kw_only=True)

    def __post_init__(self) -> None:
        check_choice("how", self.how, HOW)
        if isinstance(self.weights, str):
            if self.weights not in standard_populations():
                raise UsageError(unknown_name("standard population", self.weights, standard_populations()) + "; or give the weight of each age group")
            return
        if not isinstance(self.weights, Mapping) or not self.weights:
            raise UsageError(f"standard is a name ({', '.join(standard_populations())}) or the weight of each age group, not {self.weights!r}")
        for label, weight in self.weights.items():
            if not isinstance(weight, Real) or isinstance(weight, bool) or not 0 < weight < math.inf:
                raise UsageError(f"the weight of {label!r} in a standard is a number above 0, not {weight!r}")
        object.__setattr__(self, "weights", {str(label): float(weight) for label, weight in self.weights.items()})
        spans = sorted(zip(self.spans, self.labels))
        for (early, one), (late, other) in zip(spans, spans[1:]):
            if late[0] < early[1]:
                raise UsageError(f"age groups {one!r} and {other!r} of a standard overlap: ages are completed years, as 45-54 and 55-64")

    @cached_property
    def _by_label(self) -> Mapping[str, float]:
        return standard_populations()[self.weights]["weights"] if isinstance(self.weights, str) else self.weights

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The age groups."""
        return tuple(str(label) for label in self._by_label)

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """The weight of each age group; they add up to 1."""
        total = math.fsum(self._by_label.values())
        return tuple(float(weight / total) for weight in self._by_label.values())

    @cached_property
    def spans(self) -> tuple[tuple[float, float], ...]:
        """The ages of each group: from, and below which, in years."""
        return tuple(map(_span, self.labels))

    @property
    def words(self) -> str:
        """What a method's text says of it."""
        title = standard_populations()[self.weights]["title"] if isinstance(self.weights, str) else "own weights"
        return f"age-standardised ({title}, {_SAID[self.how]})"

    def codes(self, cohort: Cohort, days_per_year: float) -> np.ndarray:
        """Give the place of each row's age group, shape (n,); see `completed_years`.

        Raises
        ------
        InputError
            If patients belong to none of the age groups (they are counted).
        """
        age = completed_years(cohort, days_per_year)
        codes = np.full(len(age), -1)
        for place, (low, high) in enumerate(self.spans):
            codes[(age >= low) & (age < high)] = place
        outside = cohort.whose.count_rows(codes < 0)
        if outside:
            youngest = min(low for low, _ in self.spans)
            which = f"younger than {youngest:g}" if (age[codes < 0] < youngest).all() else f"in none of {', '.join(self.labels)}"
            raise InputError(
                f"{format_count(outside)} row{'s are' if outside > 1 else ' is'} {which} at diagnosis, where the standard has no weight: "
                "leave them out by a rule, or give own weights that cover every age")
        return codes


def standard_of(given: str | Mapping[str, float] | Standard) -> Standard:
    """Give the standard that an option names: a name or weights (traditional), or a Standard as it is."""
    return given if isinstance(given, Standard) else Standard(given)


def completed_years(cohort: Cohort, days_per_year: float) -> np.ndarray:
    """Give the age at diagnosis in completed years, shape (n,): by the calendar where the birth date is known, else `age` without its fraction."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # said already, where the rows were set on their ways
        date, age = date_and_age(cohort, days_per_year)
    years = np.floor(age / days_per_year + 1e-7).astype(np.int64)
    if "birth_date" not in cohort.frame:
        return years
    diagnosed, born = (each.astype(np.int64).astype("datetime64[D]") for each in (date, date - np.floor(age)))
    months = diagnosed.astype("datetime64[M]").astype(np.int64) - born.astype("datetime64[M]").astype(np.int64)
    before = (diagnosed - diagnosed.astype("datetime64[M]")) < (born - born.astype("datetime64[M]"))
    return np.where(cohort.frame["birth_date"].notna().to_numpy(), (months - before) // 12, years)


def standardised(
    followed: Followed, codes: np.ndarray, standard: Standard, curve_of: Callable[[Followed, np.ndarray | None], Curve], days: np.ndarray, label: str = "all",
) -> tuple[np.ndarray, np.ndarray]:
    """Give the age-standardised survival of one group and its log's standard error at times in days, shape (t,) each.

    Parameters
    ----------
    followed
        Rows of the group.
    codes
        The age group of each (`Standard.codes`).
    standard
        Weights, and how they are laid on.
    curve_of
        Estimates the curve of some rows, which count by case weights (None: once).
    days
        Times.
    label
        What the group is called in a message.

    Raises
    ------
    InputError
        If the group has nobody of some age; or, weighted in the traditional way, nobody of that age is left at a time to which others are followed.
    """
    n = np.bincount(codes, followed.repeats, len(standard.labels))
    _refuse_empty(standard, n == 0, label, None)
    if standard.how == "brenner":
        weight = np.array(standard.shares) / (n / n.sum())
        return curve_of(followed, weight[codes]).at(days)
    read = [curve_of(followed.take(np.flatnonzero(codes == place)), None).at(days) for place in range(len(n))]
    survival, log_error = (np.array([each[place] for each in read]) for place in (0, 1))
    gone = np.isnan(survival)
    for place in np.flatnonzero(gone.any(axis=0) & ~gone.all(axis=0)):
        _refuse_empty(standard, gone[:, place], label, format_years(float(followed.years(days[place]))))
    with np.errstate(invalid="ignore", divide="ignore"):
        std_error = np.where(survival == 0, 0.0, survival * log_error)  # where all have died nothing is left to vary
        shares = np.array(standard.shares)[:, None]
        estimate = (shares * survival).sum(axis=0)
        return estimate, np.sqrt((shares**2 * std_error**2).sum(axis=0)) / np.abs(estimate)


def _span(label: str) -> tuple[float, float]:
    """Give the ages of a group, from and below: 45-54 is (45, 55), 75+ (75, inf), <45 (0, 45)."""
    found = _AGES.match(label.strip())
    if found is None:
        raise UsageError(f"{label!r} is no age group of a standard: write 45-54, 75+ or <45 (completed years)")
    if found["below"] is not None:
        span = (0.0, float(found["below"]))
    else:
        span = (float(found["low"]), math.inf if found["high"] is None else float(found["high"]) + 1)
    if span[1] <= span[0]:
        raise UsageError(f"{label!r} is no age group of a standard: it ends before it begins")
    return span


def _refuse_empty(standard: Standard, empty: np.ndarray, label: str, when: str | None) -> None:
    """Say which age groups have nobody, and which weights would do."""
    if not empty.any():
        return
    order = sorted(range(len(empty)), key=lambda place: standard.spans[place])
    named = [standard.labels[place] for place in order if empty[place]]
    where = "" if label == "all" else f"{label}: "
    state = "nobody" if when is None else f"nobody left at risk at {when}"
    merged = _merged(standard, order, empty)
    ways = [f"merge: standard={merged!r}"] if len(merged) > 1 else []
    ways += ["ask for earlier times", "or weight patients with Standard(..., how='brenner')"] if when else [] if ways else ["leave standardisation out"]
    way = ", ".join(ways)
    raise InputError(f"{where}age group{'s' * (len(named) > 1)} {', '.join(named)} {'have' if len(named) > 1 else 'has'} {state}: {way}")


def _merged(standard: Standard, order: Sequence[int], empty: np.ndarray) -> dict[str, float]:
    """Give the weights in which every empty age group is joined to the one below it (the first to the one above)."""
    parts: list[list[int]] = []
    waiting: list[int] = []
    for place in order:
        if not empty[place]:
            parts.append([*waiting, place])
            waiting = []
        elif parts:
            parts[-1].append(place)
        else:
            waiting.append(place)
    return {_label(standard.spans[part[0]][0], standard.spans[part[-1]][1]): round(math.fsum(standard.shares[place] for place in part), 6) for part in parts}


def _label(low: float, high: float) -> str:
    if math.isinf(high):
        return f"{low:g}+"
    return f"<{high:g}" if low == 0 else f"{low:g}-{high - 1:g}"
