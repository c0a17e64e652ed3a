"""Corazziari I, Quinn M, Capocaccia R (2004) Standard cancer patient population for age standardising survival ratios. Eur J Cancer 40:2307-2316.

The weights of the three standards in five age groups, in percent.
"""

from __future__ import annotations

import pytest

import survival_nodes as sn
from survival_nodes.estimates.net_standard import standard_populations

AGES = ("15-44", "45-54", "55-64", "65-74", "75+")
PRINTED = {"icss-1": (7, 12, 23, 29, 29), "icss-2": (28, 17, 21, 20, 14), "icss-3": (60, 10, 10, 10, 10)}


@pytest.mark.parametrize("name", standard_populations())
def test_the_weights_are_those_printed(name):
    standard = sn.Standard(name)
    assert standard.labels == AGES
    assert standard.shares == pytest.approx([percent / 100 for percent in PRINTED[name]], abs=1e-15)
    assert sum(PRINTED[name]) == 100
