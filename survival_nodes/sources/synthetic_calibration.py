"""What the synthetic cohort is made of: its strata, its hazards, its scenarios, and where each figure comes from.

Five strata of women with breast cancer; two of them, by the number of nodes, make up the macrometastases. Shares of the
strata, hazard ratios and the shape of the baseline are published; the case mix (age, T, grade, ER, treatment) and the
effects of its parts are assumptions that no published row supports.

* Shares: Andersson 2018 (10.1007/s10549-018-4820-0); the macrometastases are split as in Gobardhan 2011 (10.1245/s10434-010-1451-z).
* Hazard ratios against node-negative: ITC, Li 2020 (10.3389/fonc.2020.572316); micrometastasis, Iqbal 2017
  (10.1007/s10549-016-4015-5); macrometastasis, Gobardhan 2011, where they are of overall survival and stand as proxies.
* Baseline: shape from node-negative women at 5 and 10 years (Andersson 2010, 10.1200/JCO.2009.24.5001, and 2018), scale so
  that their marginal net survival at 8 years is 96.6% (Iqbal 2017).
* Deaths from other causes: a Gompertz hazard in attained age that falls with the calendar year, fitted by `fit_other_causes` to
  the incidences by stratum that US women's life table gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ..errors import UsageError, unknown_name

EXTENTS = ("1-3 nodes", "beyond N1a")
DIAGNOSIS_YEARS = (2004, 2012)
AGE_SD, AGE_LIMITS = 12.5, (25.0, 94.0)
T_CATEGORIES = ("T1", "T2", "T3")
GRADE_1_OF_THE_REST = 0.3  # of tumours that are not grade 3; grades 1 and 2 share one hazard
ER_POSITIVE = (0.91, 0.68)  # grade 1 or 2, grade 3
BASELINE_SCALE, BASELINE_SHAPE = 0.004039, 1.0937  # cumulative hazard: scale * years ** shape
HAZARD_RATIO_T = (1.0, 1.7, 2.6)
HAZARD_RATIO_GRADE_3, HAZARD_RATIO_ER_POSITIVE, HAZARD_RATIO_CHEMOTHERAPY, HAZARD_RATIO_ENDOCRINE = 1.9, 1 / 1.5, 0.75, 0.70
FOLLOW_UP_DAYS = (3653, 4383)  # follow-up closes on a day from ten to twelve years after diagnosis; 3653 days are just over ten


@dataclass(frozen=True)
class Stratum:
    """One of the five strata: its category and extent, its share, its hazard ratio, its case mix, and its logits of treatment."""

    name: str
    category: str
    extent: str | None
    share: float
    hazard_ratio: float
    mean_age: float
    t_shares: tuple[float, float, float]
    grade_3: float
    chemotherapy_logit: float
    endocrine_logit: float


STRATA = (
    Stratum("negative", "negative", None, 0.707, 1.0, 61.5, (0.76, 0.22, 0.02), 0.26, -2.2, 0.4),
    Stratum("itc", "itc", None, 0.034, 1.298, 59.5, (0.70, 0.27, 0.03), 0.28, -1.9, 0.6),
    Stratum("micro", "micro", None, 0.037, 1.49, 58.5, (0.64, 0.32, 0.04), 0.30, -1.35, 1.3),
    Stratum("macro | 1-3 nodes", "macro", EXTENTS[0], 0.164, 2.47, 58.5, (0.47, 0.45, 0.08), 0.36, 0.05, 1.9),
    Stratum("macro | beyond N1a", "macro", EXTENTS[1], 0.058, 4.36, 58.5, (0.28, 0.52, 0.20), 0.42, 0.9, 2.1),
)


@dataclass(frozen=True)
class OtherCauses:
    """Hazard of death from other causes a year: rate at attained age 60 in 2008, its rise with age, its fall with the calendar."""

    rate_at_60: float
    age_slope: float
    yearly_fall: float

    def at_diagnosis(self, age: np.ndarray, calendar: np.ndarray) -> np.ndarray:
        """Give the hazard on the day of diagnosis, of an age in years and a calendar time such as 2008.5."""
        return self.rate_at_60 * np.exp(self.age_slope * (age - 60.0) - self.yearly_fall * (calendar - 2008.0))

    @property
    def slope(self) -> float:
        """How the log hazard rises along follow-up, a year: age goes up and the calendar goes on."""
        return self.age_slope - self.yearly_fall

    def cumulative(self, at_diagnosis: np.ndarray, years: np.ndarray) -> np.ndarray:
        """Give the cumulative hazard by a time since diagnosis."""
        return at_diagnosis * np.expm1(self.slope * years) / self.slope

    def time_of(self, at_diagnosis: np.ndarray, cumulative: np.ndarray) -> np.ndarray:
        """Give the time by which a cumulative hazard is reached."""
        return np.log1p(self.slope * cumulative / at_diagnosis) / self.slope


# Incidence of death from other causes by 5 and 10 years in US women of each stratum, by single-year life table, in 400,000
# simulated women; fitted with each stratum's share as its weight, as its number of simulated women was proportional to that.
OTHER_CAUSE_INCIDENCE = MappingProxyType({
    "negative": (0.082, 0.176), "itc": (0.068, 0.148), "micro": (0.063, 0.137),
    "macro | 1-3 nodes": (0.063, 0.135), "macro | beyond N1a": (0.061, 0.127),
})
OTHER_CAUSES = OtherCauses(rate_at_60=0.006382, age_slope=0.09793, yearly_fall=0.007317)


@dataclass(frozen=True)
class Scenario:
    """A world to simulate: its sentence, and the hazard ratios, by stratum, in which it differs from the published ones."""

    name: str
    sentence: str
    hazard_ratios: Mapping[str, float]

    def hazard_ratio(self, stratum: Stratum) -> float:
        """Give the stratum's hazard ratio of breast-cancer death against node-negative, all else being equal."""
        return self.hazard_ratios.get(stratum.name, stratum.hazard_ratio)


_SCENARIOS = (
    Scenario("published", "hazard ratios as published: ITC 1.298, micrometastasis 1.49, macrometastasis 2.47 (1-3 nodes) and 4.36 (beyond N1a)", {}),
    Scenario("null", "as published, but ITC with the hazard of node-negative disease", {"itc": 1.0}),
    Scenario("regional", "as published, but the breast-cancer hazard of micrometastasis and macrometastasis multiplied by 2.348, so that their "
             "pooled net survival at 5 years is 86.3%, the relative survival that SEER prints for regional stage",
             {stratum.name: 2.348 * stratum.hazard_ratio for stratum in STRATA if stratum.category in ("micro", "macro")}),
)
SCENARIOS = MappingProxyType({scenario.name: scenario for scenario in _SCENARIOS})


def scenario_named(name: str) -> Scenario:
    """Give a scenario by its name, or raise UsageError with those there are.

    >>> scenario_named("null").hazard_ratio(STRATA[1])
    1.0
    """
    if name not in SCENARIOS:
        raise UsageError(unknown_name("scenario", name, SCENARIOS))
    return SCENARIOS[name]


def chemotherapy_chance(logit: np.ndarray, age: np.ndarray, grade_3: np.ndarray, beyond_t1: np.ndarray, er_positive: np.ndarray) -> np.ndarray:
    """Give the probability of chemotherapy (assumed), `logit` being the stratum's."""
    from scipy.special import expit

    return expit(logit - 0.06 * (age - 58.0) + 0.9 * grade_3 + 0.5 * beyond_t1 - 0.6 * er_positive)


def endocrine_chance(logit: np.ndarray, beyond_t1: np.ndarray, er_positive: np.ndarray) -> np.ndarray:
    """Give the probability of endocrine therapy (assumed), `logit` being the stratum's; none without an oestrogen receptor."""
    from scipy.special import expit

    return er_positive * expit(logit + 0.3 * beyond_t1)


def relative_hazard(
    category: np.ndarray, t_place: np.ndarray, *, grade_3: np.ndarray, er_positive: np.ndarray, chemotherapy: np.ndarray, endocrine: np.ndarray,
) -> np.ndarray:
    """Give the hazard of breast-cancer death against the baseline: `category` is the stratum's ratio, `t_place` 0, 1, 2 for T1, T2, T3."""
    return (category * np.take(HAZARD_RATIO_T, t_place) * HAZARD_RATIO_GRADE_3**grade_3 * HAZARD_RATIO_ER_POSITIVE**er_positive
            * HAZARD_RATIO_CHEMOTHERAPY**chemotherapy * HAZARD_RATIO_ENDOCRINE**endocrine)
