"""Net survival from counts, the survival expected of groups, and limits that are not cut at 1."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .exposure_sums import exposure_sums
from .intervals import Limits
from .life_table_paths import LifeTablePaths, Points
from .net_counts import NetCounts, places_among, risk_counts

NET_CONF_TYPES = ("log", "plain", "log-log")


class Estimated(NamedTuple):
    """Survival at times, and the variance of its logarithm; shape (t,) each."""

    survival: np.ndarray
    log_variance: np.ndarray


def pohar_perme(counts: NetCounts) -> Estimated:
    """Give net survival: events and population hazards weighted by the inverse of the survival expected of each row at risk.

    Pohar Perme, Stare and Esteve 2012, Biometrics 68:113; the variance sums the squared weights of the events over the squared weight at risk.
    """
    return _product(counts.weighted_events, counts.squared_events, counts.weight, counts.weighted_population)


def ederer_ii(counts: NetCounts, squared_events: np.ndarray | None = None) -> Estimated:
    """Give relative survival with the hazard expected of those still at risk (Ederer and Heise 1959); rows with case weights square them for the variance."""
    return _product(counts.n_event, counts.n_event if squared_events is None else squared_events, counts.n_risk, counts.population)


def observed(n_risk: np.ndarray, n_event: np.ndarray, squared_events: np.ndarray | None = None) -> Estimated:
    """Give the Kaplan-Meier survival with the variance sum d / n^2 that relative survival is given with (not Greenwood's)."""
    return _product(n_event, n_event if squared_events is None else squared_events, n_risk, np.zeros(len(n_risk)))


def _product(events: np.ndarray, squared: np.ndarray, at_risk: np.ndarray, population: np.ndarray) -> Estimated:
    there = np.where(at_risk > 0, at_risk, 1.0)
    return Estimated(np.cumprod(1 - events / there + population), np.cumsum(squared / there**2))


def mean_expected(paths: LifeTablePaths, times: np.ndarray, case_weight: np.ndarray | None = None) -> np.ndarray:
    """Give the mean of the survival that a life table expects of each row, all followed from time 0 (Ederer I), exactly.

    Parameters
    ----------
    paths
        The rows on their way through the table.
    times
        Days, sorted, distinct and not negative, shape (t,).
    case_weight
        How much each row counts, shape (n,); None: once.
    """
    points, places = _with_ends(times)
    last = np.full(len(paths), len(points) - 1)
    sums = exposure_sums(paths, points, None, last, stepwise=False, case_weight=case_weight, of="survival")
    return sums.weight[0][places] / (len(paths) if case_weight is None else case_weight.sum())


def expected_under_observation(
    paths: LifeTablePaths, entry: np.ndarray, potential: np.ndarray, times: np.ndarray, case_weight: np.ndarray | None = None,
) -> np.ndarray:
    """Give the expected survival of rows that leave when their potential follow-up ends, whoever has died by then (Hakulinen), exactly.

    Parameters
    ----------
    paths
        The rows on their way through the table.
    entry, potential
        When each row comes under observation (-1 or 0: from the origin) and until when it could have been followed, days, shape (n,).
    times
        Every entry above 0 and every end of a potential follow-up, up to the last time wanted, and the times wanted; sorted, distinct, not
        negative, shape (t,).
    case_weight
        How much each row counts, shape (n,); None: once.

    Notes
    -----
    Between two times the survival expected of those under observation falls by the ratio of its sums over them: what R's
    ``survexp(cohort = TRUE)`` gives. Hakulinen 1982, Biometrics 38:933.
    """
    points, places = _with_ends(times)
    m = len(points) - 1
    enters, leaves = (places_among(points, days, m) for days in (entry, potential))
    there = enters < leaves
    if not there.any():
        return np.ones(len(times))
    if not there.all():
        rows = np.flatnonzero(there)
        paths, enters, leaves, case_weight = paths.take(rows), enters[rows], leaves[rows], None if case_weight is None else case_weight[rows]
    sums = exposure_sums(paths, points, enters if enters.any() else None, leaves, stepwise=False, case_weight=case_weight, of="survival")
    case = 1.0 if case_weight is None else case_weight
    start, out = sums.weight[0], np.bincount(leaves, case * np.exp(-sums.at_exit), m + 1)
    late = np.flatnonzero(enters > 0)
    came = np.exp(-paths.take(late).cumulative_hazard(points.times[enters[late]])) * (1.0 if case_weight is None else case_weight[late])
    came = np.bincount(enters[late], came, m + 1)
    n = np.cumsum(np.bincount(enters, minlength=m + 1) - np.bincount(leaves, minlength=m + 1))[:-1]
    staying = start[1:] - came[1:m] + out[1:m]
    ratio = np.divide(staying, start[:-1], out=np.ones(m - 1), where=n[:-1] > 0)
    return np.append(1.0, np.cumprod(ratio))[places]


def expected_of_those_at_risk(paths: LifeTablePaths, entry: np.ndarray, exit_: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Give the expected survival whose hazard is the mean of those still at risk (Ederer II), exactly: R's ``survexp(conditional = TRUE)``.

    Parameters
    ----------
    paths
        The rows on their way through the table.
    entry, exit_
        Days since time 0, shape (n,); at risk at t where entry < t <= exit.
    times
        Every entry and exit above 0, up to the last time wanted, and the times wanted; sorted, distinct, shape (t,).
    """
    points = Points.of(times if times[0] == 0 else np.append(0.0, times))
    rate, moment = np.zeros(len(points) + 1), np.zeros(len(points) + 1)
    rates, start = paths.rates.ravel(), np.maximum(entry, 0.0)
    for block in paths.bands():
        for piece in paths.take(block).pieces(exit_[block]):
            begin = np.maximum(piece.start, start[block][piece.rows])
            own = rates[piece.cell] * (begin < piece.stop)
            for sign, days in ((1, begin), (-1, piece.stop)):
                place = points.at_or_after(days)
                rate += sign * np.bincount(place, own, len(rate))
                moment += sign * np.bincount(place, own * days, len(rate))
    # The hazard that all rows have been exposed to by each point, over who was at risk in the step before it.
    exposed = np.diff(np.cumsum(rate)[:-1] * points.times - np.cumsum(moment)[:-1])
    n_risk = risk_counts(entry, exit_, np.zeros(len(exit_)), points.times[1:])[0]
    hazard = np.append(0.0, np.cumsum(np.divide(exposed, n_risk, out=np.zeros_like(exposed), where=n_risk > 0)))
    return np.exp(-hazard[len(points) - len(times) :])


def _with_ends(times: np.ndarray) -> tuple[Points, np.ndarray]:
    """Give points from 0 to a day after the last time, and the places of the times among them."""
    before = times[:1] > 0
    points = np.concatenate((np.zeros(int(before.sum())), times, times[-1:] + 1))
    return Points.of(points), np.arange(len(times)) + int(before.sum())


def net_limits(survival: np.ndarray, log_std_error: np.ndarray, z: float, conf_type: str) -> Limits:
    """Give pointwise limits of a net survival, not cut at 0 or 1, as it may exceed 1 itself.

    Parameters
    ----------
    survival, log_std_error
        The survival and the standard error of its logarithm, shape (t,).
    z
        Standard normal quantile of the interval.
    conf_type
        One of `NET_CONF_TYPES`. `log`: S exp(+-z se); `plain`: S (1 +- z se); `log-log`: S^exp(+-z se / log S), which a survival of 1 or more
        has not (nor has one of 0, on any scale).

    >>> low, high = net_limits(np.array([0.5, 1.2]), np.array([0.2, 0.1]), 2.0, "plain")
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.3, 0.96], [0.7, 1.44])
    """
    survival = np.asarray(survival, dtype=float)
    possible = (survival > 0) & ((survival < 1) | (conf_type != "log-log"))
    s, width = np.where(possible, survival, np.nan), z * np.asarray(log_std_error, dtype=float)
    if conf_type == "plain":
        return s * (1 - width), s * (1 + width)
    if conf_type == "log":
        return s * np.exp(-width), s * np.exp(width)
    ratio = np.exp(-width / np.log(s))
    return np.exp(np.log(s) * ratio), np.exp(np.log(s) / ratio)
