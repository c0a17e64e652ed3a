"""Survival of groups, tests between them, and regression on the hazard: a cohort in, a frame out."""

from .cox import CoxModel
from .cox_fit import CoxFit
from .follow_up import FollowUp
from .kaplan_meier import KaplanMeier
from .log_rank import LogRank
from .person_years import PersonYears, exact_poisson_limits
from .proportional_hazards import ProportionalHazards

__all__ = ["CoxFit", "CoxModel", "FollowUp", "KaplanMeier", "LogRank", "PersonYears", "ProportionalHazards", "exact_poisson_limits"]
