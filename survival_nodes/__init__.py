"""Survival of breast-cancer cohorts by nodal category: from a registry export to a report.

    import survival_nodes as sn

    cohort = sn.example("sedmak-1989")
    sn.KaplanMeier("ihc", at_years=(5, 10))(cohort)

Everything below is loaded on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

# Public name -> the module that holds it; the only list of the public face.
_HOMES = {
    "Cohort": "cohort", "Rule": "cohort", "cohort_rules": "cohort", "check_quality": "cohort",
    "scan_cohort": "sources", "CohortScan": "counting",
    "read_cohort": "sources", "read_rows": "sources", "fetch": "sources", "example": "sources", "synthesize": "sources", "Mapping": "sources",
    "KaplanMeier": "estimates", "FollowUp": "estimates", "PersonYears": "estimates", "LogRank": "estimates", "RestrictedMean": "estimates",
    "AalenJohansen": "estimates", "GrayTest": "estimates", "Bootstrap": "estimates",
    "CoxModel": "estimates", "ProportionalHazards": "estimates", "FineGray": "estimates", "AbsoluteRisk": "estimates",
    "NetSurvival": "estimates", "Intervals": "estimates", "Standard": "estimates", "LifeTable": "life_tables",
    "ExpectedDeaths": "estimates", "LifeExpectancy": "estimates", "ExcessHazard": "estimates",
    "NonInferiority": "comparisons", "Worse": "comparisons", "compare_with_published": "comparisons", "registry_release": "comparisons",
    "published_rates": "literature",
    "Study": "study", "Hypothesis": "study", "Findings": "study",
    "write_report": "reporting",
}
_ROOMS = ("nodes", "figures", "tables", "columns", "errors")

__all__ = [*_HOMES, *_ROOMS]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    from .errors import unknown_name

    raise AttributeError(unknown_name("public name", name, __all__))


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
