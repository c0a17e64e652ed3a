"""Survival of groups, tests between them, and regression on the hazard: a cohort in, a frame out."""

from .aalen_johansen import AalenJohansen
from .absolute_risk import AbsoluteRisk, AbsoluteRiskFit
from .cox import CoxModel
from .cox_fit import CoxFit
from .excess_hazard import ExcessHazard
from .excess_hazard_fit import ExcessHazardFit
from .expected_deaths import ExpectedDeaths
from .fine_gray import FineGray, FineGrayFit
from .follow_up import FollowUp
from .gray_test import GrayTest
from .kaplan_meier import KaplanMeier
from .life_expectancy import LifeExpectancy
from .log_rank import LogRank
from .net_actuarial import Intervals
from .net_standard import Standard
from .net_survival import NetSurvival
from .person_years import PersonYears, exact_poisson_limits
from .proportional_hazards import ProportionalHazards
from .restricted_mean import RestrictedMean

__all__ = [
    "AalenJohansen", "AbsoluteRisk", "AbsoluteRiskFit", "CoxFit", "CoxModel", "ExcessHazard", "ExcessHazardFit", "ExpectedDeaths", "FineGray",
    "FineGrayFit", "FollowUp", "GrayTest", "Intervals", "KaplanMeier", "LifeExpectancy", "LogRank", "NetSurvival", "PersonYears",
    "ProportionalHazards", "RestrictedMean", "Standard", "exact_poisson_limits",
]
