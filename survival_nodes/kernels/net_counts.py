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
from .life_table_paths import LifeTablePaths, Points, in_slices

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


@dataclass(frozen=True, eq=False)
class Case:
    """How much rows count, shape (n,) each, or None for once: the case weight of a patient, and how many such patients a row stands for."""

    weight: np.ndarray | None = None
    repeats: np.ndarray | None = None

    @property
    def total(self) -> np.ndarray | None:
        """What a row counts in a sum."""
        return _times(self.weight, self.repeats)

    @property
    def squared(self) -> np.ndarray | None:
        """What a row counts in a sum of squared weights: each of its patients by the square of the own."""
        return _times(None if self.weight is None else self.weight**2, self.repeats)

    def take(self, rows: np.ndarray) -> Case:
        """Give some rows."""
        return Case(*(None if each is None else each[rows] for each in (self.weight, self.repeats)))


def _times(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    return (one if other is None else other.astype(float)) if one is None or other is None else one * other


def net_counts(
    paths: LifeTablePaths, entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, times: np.ndarray, case: Case = Case(), of: str = "both",
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
    case
        How much each row counts, as in standardisation.
    of
        Which sums are wanted: those of `weights`, the `plain` ones, or `both`; the others are missing.

    Notes
    -----
    The increment of a step of length h is h times the mean of two ratios, at its start and at its end: the sum of rates over the sum
    of weights, both weighted.
    """
    if times[0] == 0:
        return _with_zero(entry, exit_, event, case, None if len(times) == 1 else net_counts(paths, entry, exit_, event, times[1:], case, of))
    points = Points.of(step_points(times))
    m = len(points) - 1
    grid = points.at_or_after(times)
    # A row whose follow-up goes on beyond the last time is left there.
    leaves = places_among(points, exit_, m)
    enters = None if entry.max(initial=0.0) <= 0 else np.minimum(places_among(points, entry, m), leaves)
    total, weighted = case.total, of != "plain"
    n_rows, n = (_at_risk(enters, leaves, each, m) for each in (None, total))
    sums = exposure_sums(paths, points, enters, leaves, stepwise=True, case_weight=total, of=of)
    died = np.flatnonzero((event != 0) & (exit_ > 0) & (exit_ <= times[-1]))
    place, dead, missing = np.searchsorted(grid, leaves[died]), case.take(died), np.full(len(times), np.nan)
    n_event = np.bincount(place, dead.total, len(times)).astype(float)
    n_there, starts, length = np.where(n_rows > 0, n, 0.0), np.concatenate(([0], grid[:-1])), np.diff(points.times)
    population = np.add.reduceat(length * _ratio(sums.rates, n_there), starts) if of != "weights" else missing
    if not weighted:
        return NetCounts(times, n_there[grid - 1], n_event, missing, missing, missing, population, missing)
    weight = np.exp(sums.at_exit[died])
    once, squared = (np.bincount(place, _times(values, own), len(times)) for values, own in ((weight, dead.total), (weight**2, dead.squared)))
    start, end = (_ratio(rates, own * (n_rows > 0)) for rates, own in zip(sums.weighted_rates, sums.weight, strict=True))
    return NetCounts(
        times, n_there[grid - 1], n_event, np.where(n_rows > 0, sums.weight[1], 0.0)[grid - 1], once, squared, population,
        np.add.reduceat(length * (start + end) / 2, starts))


def risk_counts(
    entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, times: np.ndarray, case_weight: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give those at risk just before each of the sorted times (entry < t <= exit), and the events and the censored since the time before; shape (t,) each.

    >>> entry, exit_, event = np.array([-1, -1, 2.0]), np.array([1.0, 3.0, 4.0]), np.array([1, 0, 1])
    >>> [each.tolist() for each in risk_counts(entry, exit_, event, np.array([1.0, 3.5]))]
    [[2.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    """
    m = len(times) + 1
    entered, left, ended = np.zeros(m), np.zeros(m), np.zeros(2 * m)
    for own in in_slices(len(exit_)):
        case, days = None if case_weight is None else case_weight[own], exit_[own]
        entered += np.bincount(np.searchsorted(times, entry[own], side="right"), case, m)
        left += np.bincount(np.searchsorted(times, days, side="right"), case, m)
        ended += np.bincount(np.searchsorted(times, days) + m * (event[own] != 0), case, 2 * m)
    n_censor, n_event = ended.reshape(2, m)[:, :-1]
    return _yet_to_leave(left - entered), n_event, n_censor


def places_among(points: Points, days: np.ndarray, most: int) -> np.ndarray:
    """Give the places of the first points at or after times (0 for those before 0), int32, `most` at the most; shape (n,)."""
    found = np.empty(len(days), dtype=np.int32)
    for own in in_slices(len(days)):
        found[own] = np.minimum(points.at_or_after(np.maximum(days[own], 0.0)), most)
    return found


def _with_zero(entry: np.ndarray, exit_: np.ndarray, event: np.ndarray, case: Case, later: NetCounts | None) -> NetCounts:
    """Put the counts at time 0, when every weight is 1, before those of later times."""
    there, died = np.flatnonzero(entry < 0), np.flatnonzero((event != 0) & (exit_ == 0))
    n, n_event, squared = (
        len(rows) if values is None else values[rows].sum() for values, rows in ((case.total, there), (case.total, died), (case.squared, died)))
    first = {"times": 0.0, "n_risk": n, "n_event": n_event, "weight": n, "weighted_events": n_event, "squared_events": squared}
    return NetCounts(**{
        field.name: np.append(first.get(field.name, 0.0), [] if later is None else getattr(later, field.name)) for field in fields(NetCounts)})


def _at_risk(enters: np.ndarray | None, leaves: np.ndarray, weights: np.ndarray | None, m: int) -> np.ndarray:
    """Count the rows (or add their weights) in the step that begins at each point but the last."""
    change = np.zeros(m + 1)
    for own in in_slices(len(leaves)):
        weight = None if weights is None else weights[own]
        change += np.bincount(leaves[own], weight, m + 1)
        if enters is not None:
            change -= np.bincount(enters[own], weight, m + 1)
    return _yet_to_leave(change)


def _yet_to_leave(change: np.ndarray) -> np.ndarray:
    """Add up, from the last, those who leave less those who enter after each place but the last: where few are left, few digits are lost."""
    return np.cumsum(change[:0:-1])[::-1]


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
