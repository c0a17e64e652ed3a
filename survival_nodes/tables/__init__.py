"""A frame in, a table out: raw numbers, the same as text, a caption and notes; nothing here estimates anything."""

from .baseline_table import baseline
from .comparison_tables import comparisons, contrasts, hazard_ratios
from .plain_tables import flow, plain, published, tests
from .survival_tables import quantiles, rates, survival
from .table import Table

__all__ = ["Table", "baseline", "comparisons", "contrasts", "flow", "hazard_ratios", "plain", "published", "quantiles", "rates", "survival", "tests"]
