"""Efron's divisors: the series against sums of fractions, and the sums of powers against whole numbers."""

from fractions import Fraction

import numpy as np
import pytest

from survival_nodes.kernels.divisors import MANY, N_TERMS, SMALL_SHARE, divisor_series, divisor_sums, efron_divisors, power_sums


@pytest.mark.parametrize("n", [MANY, 17, 40, 1000])
def test_sums_of_powers_are_those_of_whole_numbers(n):
    exact = [Fraction(sum(each**k for each in range(n)), n**k) for k in range(N_TERMS + 2)]
    assert power_sums(np.array([n]))[:, 0] == pytest.approx([float(each) for each in exact], rel=4e-16 * 4)


@pytest.mark.parametrize("n", [MANY, 33, 500])
@pytest.mark.parametrize("dying", [Fraction(1, 8), Fraction(1, 64), Fraction(1, 4096)])
def test_the_series_is_the_sum_of_fractions(n, dying):
    assert float(dying) <= SMALL_SHARE
    shares = [Fraction(each, n) for each in range(n)]
    inverse = [1 / (1 - share * dying) for share in shares]
    exact = [
        sum(inverse), sum(share * each for share, each in zip(shares, inverse)), sum(each**2 for each in inverse),
        sum(share * each**2 for share, each in zip(shares, inverse)), sum((share * each) ** 2 for share, each in zip(shares, inverse))]
    found = divisor_series(np.array([float(dying)]), np.array([n]))[:, 0]
    assert found[1:] == pytest.approx([float(each) for each in exact], rel=2e-15)
    product = Fraction(1)
    for each in inverse:
        product *= each
    assert found[0] == pytest.approx(float(np.log1p(float(product - 1))) * -1, rel=1e-13)


def test_places_of_either_kind_stand_in_their_order():
    dying, n_deaths = np.array([0.5, 0.01, 1e-5, 1.0, 0.12]), np.array([20, 100, 3, 2, MANY])
    by_hand, found = divisor_sums(dying, n_deaths), efron_divisors(dying, n_deaths, np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    by_hand = by_hand * [1.0, 2.0, 3.0, 4.0, 5.0]
    assert found.log_total == pytest.approx(by_hand[0].sum(), rel=1e-14)
    for name, each in zip(("once", "share", "squared", "share_squared", "share_share_squared"), by_hand[1:], strict=True):
        assert getattr(found, name) == pytest.approx(each, rel=2e-14)
