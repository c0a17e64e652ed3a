"""What every daily estimator of net survival is made of: weighted counts at follow-up times and population hazards between them.

A row at risk weighs w = exp(H), the inverse of the survival that the life table expects of it by then. Time goes in steps of a day that begin
anew at every follow-up time and every time asked for; in a step each row has the rate it has at its start. Within a cell of the table a weight
is k exp(rate x time), so sums over rows are sums over cells, and change only where somebody enters, leaves or crosses.

References
----------
Pohar Perme M, Stare J, Esteve J (2012) On estimation in relative survival. Biometrics 68:113-120.
Pohar Perme M, Pavlic K (2018) Nonparametric relative survival analysis with the R package relsurv. J Stat Softw 87(8), section 3.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from .exposure_sums import exposure_sums
from .life_table_paths import LifeTablePaths, Points

STEP = 1.0  # days


@dataclass(frozen=True, eq=False)
class NetCounts:
    """Counts of one group at each follow-up time (and each time asked for), shape (t,) each.

    Attributes
    ----------
    times
        Days since time 0, sorted.
    n_risk, n_event
        Rows at risk just before, and events at, each time (or the sum of their case weights).
    weight, weighted_events, squared_events
        Sum of the weights w of those at risk; sums of w and of w^2 over the events.
    population, weighted_population
        Increment of the expected cumulative hazard since the time before: averaged over those at risk, and over their weights.
    """

    times: np.ndarray
    n_risk: np.ndarray
    n_event: np.ndarray
    weight: np.ndarray
    weighted_events: np.ndarray
    squared_events: np.ndarray
    population: np.ndarray
    weighted_population: np.ndarray


def step_points(times: np.ndarray) -> np.ndarray:
    """Give the times at which steps begin: from 0, a day apart, and anew at every one of the sorted times; shape (m + 1,).

    >>> step_points(np.array([1.5, 3.0])).tolist()
    [0.0, 1.0, 1.5, 2.5, 3.0]
    """
    starts = np.concatenate(([0.0], times[:-1]))
    n_steps = np.maximum(np.ceil((times - starts) / STEP - 1e-9).astype(np.int64), 1)
    offset = np.arange(n_steps.sum()) - np.repeat(np.cumsum(n_steps) - n_steps, n_steps)
    return np.append(np.repeat(starts, n_steps) + offset * STEP, times[-1:])


def net_counts(
    paths: LifeTablePaths, entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, times: np.ndarray, case_weight: np.ndarray | None = None,
) -> NetCounts:
    """Count one group.

    Parameters
    ----------
    paths
        Its rows on their way through the life table.
    entry, exit_
        Days since time 0, shape (n,); a row is at risk at t where entry < t <= exit (entry -1 or 0: from the origin).
    event
        0 or 1, shape (n,).
    times
        Every entry above 0 and every exit, up to the last one wanted, and the times asked for: sorted, distinct; shape (t,). A time of 0
        counts who leaves there, of all that are there from the origin.
    case_weight
        How much each row counts, shape (n,), as in standardisation; None: once.

    Notes
    -----
    The increment of a step of length h is h times the mean of two ratios, at its start and at its end: the sum of rates over the sum
    of weights, both weighted.
    """
    if times[0] == 0:
        return _with_zero(entry, exit_, event, case_weight, None if len(times) == 1 else net_counts(paths, entry, exit_, event, times[1:], case_weight))
    points = Points.of(step_points(times))
    m = len(points) - 1
    grid = points.at_or_after(times)
    # A row whose follow-up goes on beyond the last time is left there.
    leaves, enters = np.minimum(points.at_or_after(exit_), m), points.at_or_after(np.maximum(entry, 0.0))
    sums = exposure_sums(paths, points, np.minimum(enters, leaves), leaves, stepwise=True, case_weight=case_weight)
    n_rows = _at_risk(enters, leaves, None, m)
    n = n_rows if case_weight is None else np.where(n_rows > 0, _at_risk(enters, leaves, case_weight, m), 0.0)
    died = np.flatnonzero((event != 0) & (exit_ > 0) & (exit_ <= times[-1]))
    place, weight = np.searchsorted(grid, leaves[died]), np.exp(sums.at_exit[died])
    case = np.ones(len(died)) if case_weight is None else case_weight[died]
    n_event, once, squared = (np.bincount(place, each, len(times)) for each in (case, case * weight, (case * weight) ** 2))
    length = np.diff(points.times)
    increments = length * _ratio(sums.rates, n)
    weighted = length * (_ratio(sums.weighted_rates[0], sums.weight[0] * (n_rows > 0)) + _ratio(sums.weighted_rates[1], sums.weight[1] * (n_rows > 0))) / 2
    starts = np.concatenate(([0], grid[:-1]))
    return NetCounts(
        times, n[grid - 1], n_event, np.where(n_rows > 0, sums.weight[1], 0.0)[grid - 1], once, squared,
        np.add.reduceat(increments, starts), np.add.reduceat(weighted, starts))


def risk_counts(
    entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, times: np.ndarray, case_weight: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give those at risk just before each of the sorted times (entry < t <= exit), and the events and the censored since the time before; shape (t,) each.

    >>> entry, exit_, event = np.array([-1, -1, 2.0]), np.array([1.0, 3.0, 4.0]), np.array([1, 0, 1])
    >>> [each.tolist() for each in risk_counts(entry, exit_, event, np.array([1.0, 3.5]))]
    [[2.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    """
    case, m = np.ones(len(exit_)) if case_weight is None else case_weight, len(times) + 1

    def until(values: np.ndarray, case: np.ndarray, side: str) -> np.ndarray:
        """Add up case weights of values below (side right) or up to (side left) each time."""
        return np.cumsum(np.bincount(np.searchsorted(times, values, side=side), case, m))[:-1]

    n_risk = until(entry, case, "right") - until(exit_, case, "right")
    died = event != 0
    return n_risk, *(np.diff(until(exit_[some], case[some], "left"), prepend=0.0) for some in (died, ~died))


def _with_zero(entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, case_weight: np.ndarray | None, later: NetCounts | None) -> NetCounts:
    """Put the counts at time 0, when every weight is 1, before those of later times."""
    case = np.ones(len(exit_)) if case_weight is None else case_weight
    own = case[(event != 0) & (exit_ == 0)]
    n = case[entry < 0].sum()
    first = {"times": 0.0, "n_risk": n, "n_event": own.sum(), "weight": n, "weighted_events": own.sum(), "squared_events": (own**2).sum()}
    return NetCounts(**{
        field.name: np.append(first.get(field.name, 0.0), [] if later is None else getattr(later, field.name)) for field in fields(NetCounts)})


def _at_risk(enters: np.ndarray, leaves: np.ndarray, weights: np.ndarray | None, m: int) -> np.ndarray:
    """Count the rows (or add their weights) in the step that begins at each point but the last."""
    there = slice(None) if (enters < leaves).all() else enters < leaves
    own = None if weights is None else weights[there]
    return np.cumsum(np.bincount(enters[there], own, m + 1) - np.bincount(leaves[there], own, m + 1))[:-1].astype(float)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
