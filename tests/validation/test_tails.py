"""Tails of the normal and the chi-square distribution: closed forms, and SciPy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from survival_nodes.estimates.options import normal_quantile
from survival_nodes.kernels.tails import chi_square_tail, two_sided

STATISTICS = np.geomspace(1e-8, 1200, 60)


@pytest.mark.parametrize("x", STATISTICS.tolist())
def test_two_and_four_degrees_of_freedom_in_closed_form(x):
    h = x / 2
    assert chi_square_tail(2, x) == pytest.approx(math.exp(-h), rel=1e-14)
    assert chi_square_tail(4, x) == pytest.approx(math.exp(-h) * (1 + h), rel=1e-12)
    assert chi_square_tail(1, x) == pytest.approx(math.erfc(math.sqrt(h)), rel=1e-14)
    assert chi_square_tail(3, x) == pytest.approx(math.erfc(math.sqrt(h)) + math.exp(-h) * math.sqrt(4 * h / math.pi), rel=1e-12)


@pytest.mark.parametrize("df", [1, 2, 3, 5, 8, 17, 100, 333])
def test_as_scipy_has_it(df):
    assert [chi_square_tail(df, x) for x in STATISTICS] == pytest.approx(special.chdtrc(df, STATISTICS).tolist(), rel=1e-11)


def test_the_ends():
    assert [chi_square_tail(3, x) for x in (0.0, -1e-12, math.inf)] == [1.0, 1.0, 0.0] and math.isnan(chi_square_tail(3, math.nan))
    assert two_sided(0.0) == 1.0 and np.isnan(two_sided(np.nan)) and two_sided(np.inf) == 0.0 and two_sided(np.zeros((0,))).shape == (0,)


def test_two_sided_p_values_and_quantiles_as_scipy_has_them():
    z = np.linspace(-37, 37, 301)
    assert two_sided(z) == pytest.approx(2 * special.ndtr(-np.abs(z)), rel=1e-12)
    levels = np.linspace(0.001, 0.9999, 200)
    assert [normal_quantile(level) for level in levels] == pytest.approx(special.ndtri(1 - (1 - levels) / 2).tolist(), rel=1e-14)
