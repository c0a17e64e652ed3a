"""Survival of groups, tests between them, and regression on the hazard: a cohort in, a frame out."""

from __future__ import annotations

from importlib import import_module

# Name -> the module that holds it, which is loaded on first use: a Kaplan-Meier curve need not wait for the models.
_HOMES = {
    "AalenJohansen": "aalen_johansen", "AbsoluteRisk": "absolute_risk", "AbsoluteRiskFit": "absolute_risk", "Bootstrap": "bootstrap", "CoxModel": "cox",
    "CoxFit": "cox_fit", "ExcessHazard": "excess_hazard", "ExcessHazardFit": "excess_hazard_fit", "ExpectedDeaths": "expected_deaths",
    "FineGray": "fine_gray", "FineGrayFit": "fine_gray", "FollowUp": "follow_up", "GrayTest": "gray_test", "KaplanMeier": "kaplan_meier",
    "LifeExpectancy": "life_expectancy", "LogRank": "log_rank", "Intervals": "net_actuarial", "Standard": "net_standard", "NetSurvival": "net_survival",
    "PersonYears": "person_years", "exact_poisson_limits": "person_years", "ProportionalHazards": "proportional_hazards",
    "RestrictedMean": "restricted_mean",
}

__all__ = [
    "AalenJohansen", "AbsoluteRisk", "AbsoluteRiskFit", "Bootstrap", "CoxFit", "CoxModel", "ExcessHazard", "ExcessHazardFit", "ExpectedDeaths", "FineGray",
    "FineGrayFit", "FollowUp", "GrayTest", "Intervals", "KaplanMeier", "LifeExpectancy", "LogRank", "NetSurvival", "PersonYears",
    "ProportionalHazards", "RestrictedMean", "Standard", "exact_poisson_limits",
]


def __getattr__(name: str) -> object:
    """Load a module on first use of a name that it holds."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
