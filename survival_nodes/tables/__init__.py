"""A frame in, a table out: raw numbers, the same as text, a caption and notes; nothing here estimates anything."""

from .baseline_table import baseline
from .comparison_tables import comparisons, contrasts
from .competing_tables import incidence, years_lost
from .hazard_ratio_tables import hazard_ratios, ratios_side_by_side
from .net_tables import crude_probabilities, expected_deaths, net_survival
from .plain_tables import flow, plain, published, tests
from .restricted_mean_tables import restricted_means
from .survival_tables import quantiles, rates, survival
from .table import Table

__all__ = [
    "Table", "baseline", "comparisons", "contrasts", "crude_probabilities", "expected_deaths", "flow", "hazard_ratios", "incidence", "net_survival",
    "plain", "published", "quantiles", "rates", "ratios_side_by_side", "restricted_means", "survival", "tests", "years_lost",
]
