"""Restricted cubic splines: cubic between knots, straight beyond the outer ones.

References
----------
Stone C J, Koo C-Y (1985) Additive splines in statistics. Proc Stat Comp Section ASA: 45-48.
Harrell F E (2015) Regression modeling strategies, 2nd ed, sections 2.4.5 and 2.4.6. Springer.
"""

from __future__ import annotations

import numpy as np

FEWEST_KNOTS, MOST_KNOTS = 3, 7
FEW_VALUES = 100  # below which the fifth value from either end takes the place of the outer quantiles
FIFTH = 4


def knot_quantiles(n_knots: int) -> np.ndarray:
    """Give the quantiles at which 3 to 7 knots lie (Harrell, table 2.3): evenly between the outer ones.

    >>> knot_quantiles(4).round(4).tolist()
    [0.05, 0.35, 0.65, 0.95]
    """
    outer = 0.1 if n_knots == FEWEST_KNOTS else 0.025 if n_knots == MOST_KNOTS else 0.05
    return np.linspace(outer, 1 - outer, n_knots)


def default_knots(values: np.ndarray, n_knots: int) -> np.ndarray:
    """Place knots at quantiles of the values, linear between order statistics; the outer ones of a small sample at the fifth from either end.

    >>> default_knots(np.arange(101.0), 3).tolist(), default_knots(np.arange(1.0, 21.0), 3).tolist()
    ([10.0, 50.0, 90.0], [5.0, 10.5, 16.0])
    """
    knots = np.quantile(values, knot_quantiles(n_knots))
    if 2 * FIFTH < len(values) < FEW_VALUES:
        ordered = np.sort(values)
        knots[[0, -1]] = ordered[FIFTH], ordered[-1 - FIFTH]
    return knots


def restricted_cubic_basis(values: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Give the columns of the spline: the value itself, and a column for each knot but the last two.

    Parameters
    ----------
    values
        Shape (n,).
    knots
        Increasing, at least three; shape (k,).

    Returns
    -------
    numpy.ndarray
        Shape (n, k - 1). Cubes are divided by the square of the distance between the outer knots, so all columns are in the unit of
        the values.

    >>> restricted_cubic_basis(np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.0, 1.0, 2.0]))[:, 1].tolist()
    [0.0, 0.25, 1.5, 4.5]
    """
    first, before_last, last = knots[0], knots[-2], knots[-1]
    gap, span = last - before_last, last - first
    beyond = [_cubed(values - knot) for knot in (before_last, last)]
    columns = [values]
    for knot in knots[:-2]:
        bent = _cubed(values - knot) - beyond[0] * ((last - knot) / gap) + beyond[1] * ((before_last - knot) / gap)
        columns.append(bent / span**2)
    return np.column_stack(columns)


def _cubed(distance: np.ndarray) -> np.ndarray:
    return np.maximum(distance, 0.0) ** 3
