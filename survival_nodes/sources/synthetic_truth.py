"""What is true of the synthetic cohort, by numerical integration: the figures that estimates from it should come near to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from ..errors import UsageError
from .synthetic_calibration import (
    AGE_LIMITS, AGE_SD, BASELINE_SCALE, BASELINE_SHAPE, DIAGNOSIS_YEARS, ER_POSITIVE, OTHER_CAUSE_INCIDENCE, OTHER_CAUSES, STRATA, OtherCauses,
    Scenario, Stratum, chemotherapy_chance, endocrine_chance, relative_hazard, scenario_named,
)

_CATEGORIES = tuple(dict.fromkeys(stratum.category for stratum in STRATA))
_NODES = 48  # Gauss-Legendre nodes in age and in time; twice as many change nothing in the twelfth decimal


@dataclass(frozen=True, eq=False)
class _CaseMix:
    """A stratum's covariates: ages, shape (a,); probability of pattern and age, (p, a); relative hazard of each pattern, (p,)."""

    age: np.ndarray
    chance: np.ndarray
    hazard: np.ndarray


def true_survival(scenario: str = "published", at_years: Sequence[float] = (5, 10)) -> pd.DataFrame:
    """Work out what is true of the synthetic cohort, by group and time, without drawing anybody.

    Parameters
    ----------
    scenario
        `published`, `null` or `regional`.
    at_years
        Times since diagnosis, in years.

    Returns
    -------
    DataFrame
        `group` (the four categories, the two extents of macro, and `micro and macro`), `share`, `years`, `net_survival`,
        `breast_cancer_incidence`, `other_incidence` (in the presence of the other) and `observed_survival`, as fractions.

    >>> true_survival(at_years=[10]).query("group == 'negative'")["net_survival"].round(3).tolist()
    [0.957]
    """
    world = scenario_named(scenario)
    wrong = [time for time in at_years if not 0 < time <= 40]
    if wrong:
        raise UsageError("at_years: give times above 0 and up to 40 years")
    rows = []
    for years in at_years:
        parts = {stratum.name: _truth(stratum, world, float(years)) for stratum in STRATA}
        for group, members in _groups().items():
            share = sum(stratum.share for stratum in members)
            mean = sum(stratum.share * parts[stratum.name] for stratum in members) / share
            rows.append((group, share, float(years), *mean))
    return pd.DataFrame(rows, columns=["group", "share", "years", "net_survival", "breast_cancer_incidence", "other_incidence", "observed_survival"])


def expected_events(n: int, scenario: str = "published", years: float = 10.0) -> pd.DataFrame:
    """Work out how many deaths a synthetic cohort is expected to hold, for a statement of power made before it is drawn.

    Parameters
    ----------
    n
        Women in the whole cohort.
    scenario
        `published`, `null` or `regional`.
    years
        Deaths up to this time; follow-up is complete for 10 years.

    Returns
    -------
    DataFrame
        `nodal_category`, `n`, and deaths by cause, `breast-cancer` and `other`; all expected.

    >>> expected_events(20_000)["breast-cancer"].round().tolist()
    [555.0, 36.0, 45.0, 560.0]
    """
    truth = true_survival(scenario, [years]).set_index("group")
    rows = [(category, n * found["share"], n * found["share"] * found["breast_cancer_incidence"], n * found["share"] * found["other_incidence"])
            for category, found in ((category, truth.loc[category]) for category in _CATEGORIES)]
    return pd.DataFrame(rows, columns=["nodal_category", "n", "breast-cancer", "other"])


def scenario_hazard_ratios(scenario: str = "published") -> dict[str, float]:
    """Give the true hazard ratio of breast-cancer death of each category against node-negative, given the other covariates.

    Macrometastasis has two, by extent; theirs is the geometric mean over the deaths expected in ten years.

    >>> scenario_hazard_ratios()["micro"]
    1.49
    """
    world, truth = scenario_named(scenario), true_survival(scenario, [10.0]).set_index("group")
    ratios = {}
    for category in _CATEGORIES:
        members = [stratum for stratum in STRATA if stratum.category == category]
        deaths = [stratum.share * truth.loc[stratum.name, "breast_cancer_incidence"] for stratum in members]
        own = [world.hazard_ratio(stratum) for stratum in members]
        ratios[category] = own[0] if len(own) == 1 else float(np.exp(np.average(np.log(own), weights=deaths)))
    return ratios


def fit_other_causes() -> OtherCauses:
    """Fit the hazard of death from other causes to its incidences by stratum; the calibration keeps the result to four figures.

    Least squares on the ten incidences, each weighted by its stratum's share; breast-cancer deaths compete as they do in the cohort.
    """
    from scipy.optimize import least_squares

    published = scenario_named("published")
    at_times = [(stratum, years, OTHER_CAUSE_INCIDENCE[stratum.name][place]) for stratum in STRATA for place, years in enumerate((5.0, 10.0))]
    competing = {(stratum, years): _breast_part(stratum, published, years) for stratum, years, _ in at_times}

    def residuals(parameters: np.ndarray) -> np.ndarray:
        hazard = OtherCauses(float(np.exp(parameters[0])), float(parameters[1]), float(parameters[2]))
        return np.array([1000 * np.sqrt(stratum.share) * (_incidences(competing[stratum, years], hazard)[1] - target)
                         for stratum, years, target in at_times])

    found = least_squares(residuals, [np.log(0.0065), 0.10, 0.01], x_scale=[1.0, 0.1, 0.01], xtol=1e-12, ftol=1e-12).x
    return OtherCauses(float(np.exp(found[0])), float(found[1]), float(found[2]))


def _groups() -> dict[str, list[Stratum]]:
    def chosen(condition: Callable[[Stratum], bool]) -> list[Stratum]:
        return [stratum for stratum in STRATA if condition(stratum)]

    groups = {category: chosen(lambda each, c=category: each.category == c) for category in _CATEGORIES}
    groups |= {each.name: [each] for each in STRATA if each.extent}
    return groups | {"micro and macro": chosen(lambda each: each.category in ("micro", "macro"))}


def _truth(stratum: Stratum, scenario: Scenario, years: float) -> np.ndarray:
    """Give net survival, both incidences and observed survival of a stratum."""
    part = _breast_part(stratum, scenario, years)
    breast, other = _incidences(part, OTHER_CAUSES)
    mix = _case_mix(stratum, scenario)
    net = float((mix.chance * np.exp(-_cumulative(years) * mix.hazard)[:, None]).sum())
    return np.array([net, breast, other, 1.0 - breast - other])


@dataclass(frozen=True, eq=False)
class _BreastPart:
    """By age and time: chance of being of that age and spared from breast cancer, and its rate of dying; with the quadrature."""

    age: np.ndarray
    times: np.ndarray
    weights: np.ndarray
    spared: np.ndarray
    dying: np.ndarray


def _breast_part(stratum: Stratum, scenario: Scenario, years: float) -> _BreastPart:
    mix = _case_mix(stratum, scenario)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    # Nodes crowd near zero, where the hazard starts as a fractional power of time.
    times, width = years * ((nodes + 1) / 2) ** 3, 1.5 * years * ((nodes + 1) / 2) ** 2
    survival = np.exp(-np.multiply.outer(mix.hazard, _cumulative(times)))
    hazard = np.multiply.outer(mix.hazard, BASELINE_SHAPE * _cumulative(times) / times)
    return _BreastPart(mix.age, times, weights * width, mix.chance.T @ survival, mix.chance.T @ (hazard * survival))


def _incidences(part: _BreastPart, other: OtherCauses) -> tuple[float, float]:
    """Integrate over age, calendar time of diagnosis and time since: incidence of breast-cancer death and of other death."""
    nodes, weights = np.polynomial.legendre.leggauss(4)
    first, last = DIAGNOSIS_YEARS[0], DIAGNOSIS_YEARS[1] + 1
    alive, dying = 0.0, 0.0
    for node, weight in zip(first + (last - first) * (nodes + 1) / 2, weights / 2):
        rate = other.at_diagnosis(part.age, node)[:, None]
        survival = weight * np.exp(-other.cumulative(rate, part.times))
        alive, dying = alive + survival, dying + survival * rate * np.exp(other.slope * part.times)
    return float((part.dying * alive * part.weights).sum()), float((part.spared * dying * part.weights).sum())


def _cumulative(years: np.ndarray | float) -> np.ndarray | float:
    return BASELINE_SCALE * years**BASELINE_SHAPE


def _case_mix(stratum: Stratum, scenario: Scenario) -> _CaseMix:
    """Lay out every pattern of covariates of a stratum with its probability at each age."""
    age, age_chance = _ages(stratum.mean_age)
    patterns = np.array([pattern for pattern in product(range(3), (0, 1), (0, 1), (0, 1), (0, 1)) if pattern[2] or not pattern[4]])
    t_place, grade_3, er_positive, chemotherapy, endocrine = patterns.T
    on_er = np.take(ER_POSITIVE, grade_3)
    on_endocrine = endocrine_chance(stratum.endocrine_logit, t_place > 0, er_positive)
    by_age = chemotherapy_chance(stratum.chemotherapy_logit, age, grade_3[:, None], (t_place > 0)[:, None], er_positive[:, None])
    chance = (np.take(stratum.t_shares, t_place) * _either(grade_3, stratum.grade_3) * _either(er_positive, on_er) * _either(endocrine, on_endocrine))
    hazard = relative_hazard(
        scenario.hazard_ratio(stratum), t_place, grade_3=grade_3, er_positive=er_positive, chemotherapy=chemotherapy, endocrine=endocrine)
    return _CaseMix(age, chance[:, None] * _either(chemotherapy[:, None], by_age) * age_chance, hazard)


def _either(yes: np.ndarray, chance: np.ndarray | float) -> np.ndarray:
    return np.where(yes == 1, chance, 1 - np.asarray(chance))


def _ages(mean: float) -> tuple[np.ndarray, np.ndarray]:
    """Give ages and their probabilities: a normal distribution whose tails are gathered at the limits."""
    from scipy.special import ndtr

    low, high = AGE_LIMITS
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    inside = low + (high - low) * (nodes + 1) / 2
    density = np.exp(-(((inside - mean) / AGE_SD) ** 2) / 2) / (AGE_SD * np.sqrt(2 * np.pi))
    chances = np.concatenate(([ndtr((low - mean) / AGE_SD)], density * weights * (high - low) / 2, [ndtr((mean - high) / AGE_SD)]))
    return np.concatenate(([low], inside, [high])), chances
