"""Life-table sums of net survival in intervals: who starts, leaves and dies in each, and the survival that a life table expects of them.

Rows are worked on in blocks, so that nothing as large as rows times intervals is ever held.

References
----------
Ederer F, Axtell LM, Cutler SJ (1961) The relative survival rate: a statistical methodology. Natl Cancer Inst Monogr 6:101-121.
Hakulinen T (1982) Cancer survival corrected for heterogeneity in patient withdrawal. Biometrics 38:933-942.
Dickman PW, Coviello E (2015) Estimating and modeling relative survival. Stata J 15:186-215.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from .life_table_paths import LifeTablePaths

RATES = ("throughout", "start", "middle")
FORMS = ("actuarial", "excess", "hazard")
_CELLS = 1 << 16  # rows times intervals worked on together
_FUZZ = 1e-6  # days: follow-up that rounding sets beside the end of an interval ends there


@dataclass(frozen=True, eq=False)
class Stays:
    """Rows of one group under observation.

    Attributes
    ----------
    paths
        Their ways through the life table.
    entry, exit
        Days since time 0, shape (n,); entry -1 or 0: from the origin.
    event
        0 or 1, shape (n,).
    case
        How much each row counts, shape (n,).
    ends
        Where the intervals end, in days, sorted; the first begins at 0; shape (k,).
    repeats
        How many patients each row stands for (who count `case` together), shape (n,); None for one each.
    """

    paths: LifeTablePaths
    entry: np.ndarray
    exit: np.ndarray
    event: np.ndarray
    case: np.ndarray
    ends: np.ndarray
    repeats: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.exit)

    @property
    def starts(self) -> np.ndarray:
        """Where the intervals begin, shape (k,)."""
        return np.concatenate(([0.0], self.ends[:-1]))

    @property
    def first(self) -> np.ndarray:
        """The first interval at whose start each row is at risk; a row that enters within the one before is late there. Shape (n,)."""
        return np.searchsorted(self.starts, self.entry - _FUZZ)

    @property
    def late(self) -> np.ndarray:
        """The interval within which each row enters, k for none, shape (n,)."""
        k, first = len(self.ends), self.first
        return np.where((first == 0) | (self.entry >= self.ends[first - 1] - _FUZZ), k, first - 1)

    @property
    def last(self) -> np.ndarray:
        """The interval within which each row leaves (its end included), k for after all; shape (n,)."""
        return np.searchsorted(self.ends, self.exit - _FUZZ)

    def blocks(self) -> Iterator[Stays]:
        """Give the rows in blocks, the shortest stays first, with as many of the intervals as the longest of a block reaches."""
        reach = np.minimum(self.last + 1, len(self.ends))
        order, first = np.argsort(reach, kind="stable"), 0
        while first < len(order):
            rows = order[first : first + max(_CELLS // int(reach[order[first]]), 1)]
            rows = rows[: max(_CELLS // int(reach[rows[-1]]), 1)]
            repeats = None if self.repeats is None else self.repeats[rows]
            yield Stays(self.paths.take(rows), self.entry[rows], self.exit[rows], self.event[rows], self.case[rows], self.ends[: reach[rows[-1]]], repeats)
            first += len(rows)


@dataclass(frozen=True, eq=False)
class IntervalSums:
    """Sums over the rows in each interval, of case weights times (Pohar Perme) inverse expected survival; shape (k,) each.

    Attributes
    ----------
    start, late
        At risk at its start; entering within it.
    event, squared_event, withdrawn
        Dying within it (and their squared weights); leaving alive.
    days, expected_event
        Time under observation, and the deaths that the life table expects in it.
    expected_survivor
        Of those at risk at its start, and half of the late ones, how many the life table expects to survive it.
    """

    start: np.ndarray
    late: np.ndarray
    event: np.ndarray
    squared_event: np.ndarray
    withdrawn: np.ndarray
    days: np.ndarray
    expected_event: np.ndarray
    expected_survivor: np.ndarray

    @property
    def effective(self) -> np.ndarray:
        """Effective number at risk: those who come or go alive within the interval count half."""
        return self.start + self.late / 2 - self.withdrawn / 2


def interval_sums(stays: Stays, rates: str = "throughout", weighted: bool = False, timed: bool = True) -> IntervalSums:
    """Sum up one group.

    Parameters
    ----------
    stays
        Its rows and the intervals.
    rates
        Which rates of the life table hold in an interval: those met `throughout`, the one met at its `start`, or the one met in the
        `middle` of the row's own time in it.
    weighted
        Whether each row counts by the inverse of its expected survival to the middle of the interval.
    timed
        Whether `days` and `expected_event` are wanted; else they stay 0.

    Notes
    -----
    A row that leaves at the end of an interval leaves within it; one that enters there is at risk at the start of the next. Follow-up of
    zero length belongs to the first interval.
    """
    sums = {field.name: np.zeros(len(stays.ends)) for field in fields(IntervalSums)}
    for block in stays.blocks():
        full, time, own = _hazards(block, rates, timed)
        k, there, last = len(block.ends), np.arange(len(block.ends)), block.last
        weight = np.repeat(block.case[:, None], k, axis=1)
        if weighted:
            weight *= np.exp(np.cumsum(full, axis=1) - full / 2)
        leaves = np.append(weight, np.zeros((len(block), 1)), axis=1)[np.arange(len(block)), last]
        died = block.event.astype(bool)
        squared = leaves**2 / (1 if block.repeats is None else block.repeats)  # each patient's own square
        for name, values in (("event", leaves * died), ("squared_event", squared * died), ("withdrawn", leaves * ~died)):
            sums[name][:k] += np.bincount(last, values, k + 1)[:k]
        if timed:
            for name, cells in (("days", time), ("expected_event", own)):
                sums[name][:k] += np.einsum("ij,ij->j", weight, cells)
        late = np.flatnonzero(block.late < k)
        entering = weight[late, block.late[late]]
        weight *= (block.first[:, None] <= there) & (there <= last[:, None])
        sums["start"][:k] += weight.sum(axis=0)
        sums["late"][:k] += np.bincount(block.late[late], entering, k)
        weight[late, block.late[late]] += entering / 2
        sums["expected_survivor"][:k] += np.einsum("ij,ij->j", weight, np.exp(-full))
    return IntervalSums(**sums)


def expected_survival(stays: Stays, rates: str = "throughout", potential: np.ndarray | None = None) -> np.ndarray:
    """Give the survival expected of everybody to the end of each interval, whatever came of them, shape (k,).

    Parameters
    ----------
    stays, rates
        As in `interval_sums`; events do not count.
    potential
        None: all are followed from time 0 on, and nobody is ever withdrawn (Ederer I). Or the days each row could have been followed, shape
        (n,): those whose time ends within an interval are expected to be withdrawn half-way, those who enter in it count half (Hakulinen).
    """
    k = len(stays.ends)
    alive, dead, withdrawn = np.zeros(k), np.zeros(k), np.zeros(k)
    until = np.full(len(stays), np.inf) if potential is None else potential
    everybody = Stays(stays.paths, np.full(len(stays), -1.0) if potential is None else stays.entry, until, stays.event, stays.case, stays.ends)
    for block in everybody.blocks():
        full = _hazards(block, rates, timed=False)[0]
        own, there, last = slice(len(block.ends)), np.arange(len(block.ends)), block.last[:, None]
        present = (block.first[:, None] <= there) + (block.late[:, None] == there) / 2
        at_risk = block.case[:, None] * np.exp(full - np.cumsum(full, axis=1)) * present * (there <= last)
        leaves = last == there
        stay = np.exp(-np.where(leaves, full / 2, full))
        alive[own] += at_risk.sum(axis=0)
        dead[own] += (at_risk * (1 - stay)).sum(axis=0)
        withdrawn[own] += (at_risk * stay * leaves).sum(axis=0)
    effective = alive - withdrawn / 2
    return np.cumprod(1 - np.divide(dead, effective, out=np.zeros(k), where=effective > 0))


def net_steps(sums: IntervalSums, form: str, width: np.ndarray, expected: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Give the survival over each interval and the increment of the variance of its logarithm, shape (k,) each.

    Parameters
    ----------
    sums
        Plain (Ederer II, or the observed survival), or weighted (Pohar Perme).
    form
        With d dying, n' the effective number, d* expected to die, p* the mean expected survival over the interval, y the time and h the
        width: `actuarial` (1 - d/n') / p*, `excess` 1 - (d - d*)/n', `hazard` exp(-h (d - d*)/y).
    width
        Widths of the intervals, in the unit of `days`.
    expected
        False: observed survival, as though nobody were expected to die.

    Notes
    -----
    The variance is Greenwood's, d/(n'(n' - d)), or h^2 d/y^2 for the hazard; weighted, squared weights are summed in the place of d.
    Where nobody comes under observation there is no event, and the survival is 1; where more die than are at risk there is no number (NaN).
    """
    d, n, somebody = sums.event, sums.effective, sums.start + sums.late > 0
    excess = d - sums.expected_event * expected
    with np.errstate(invalid="ignore", divide="ignore"):
        if form == "hazard":
            steps, variance = np.exp(-width * excess / sums.days), width**2 * sums.squared_event / sums.days**2
        else:
            left = np.where((n > 0) & (d <= n * (1 + 1e-12)), n - d, np.nan)
            left[np.abs(left) < 1e-12 * n] = 0.0
            variance = sums.squared_event / (n * left)
            share = sums.expected_survivor / (sums.start + sums.late / 2) if expected else 1.0
            steps = np.where(left > 0, 1 - excess / n, left) if form == "excess" else left / n / share
    return np.where(somebody, steps, 1.0), np.where(somebody, variance, 0.0)


def _hazards(stays: Stays, rates: str, timed: bool) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Give each row's expected hazard over every whole interval; and its own time and expected hazard there, where wanted; shape (n, k) each."""
    if rates == "throughout":
        until = np.append(stays.ends, stays.ends[-1])[stays.last]
        full = np.diff(_cumulative(stays.paths, stays.ends, until), axis=1, prepend=0.0)
        time = _own_time(stays)[0] if timed else None
        return full, time, _own_part(stays, full, time) if timed else None
    time, middle = _own_time(stays)
    rate = _rates_at(stays.paths, np.broadcast_to(stays.starts, time.shape) if rates == "start" else middle)
    return rate * (stays.ends - stays.starts), time, rate * time


def _own_time(stays: Stays) -> tuple[np.ndarray, np.ndarray]:
    """Give each row's time in every interval, and the middle of it (of the whole interval, where it has none); shape (n, k) each."""
    begin = np.clip(np.maximum(stays.entry, 0.0)[:, None], stays.starts, stays.ends)
    end = np.clip(stays.exit[:, None], stays.starts, stays.ends)
    time = np.maximum(end - begin, 0.0)
    return time, np.where(time > 0, (begin + end) / 2, (stays.starts + stays.ends) / 2)


def _own_part(stays: Stays, full: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Give the hazard over each row's own time: the whole interval's, less what lies before it enters and after it leaves."""
    k, place = len(stays.ends), np.arange(len(stays))
    own = np.where(time > 0, full, 0.0)
    upto = np.cumsum(full, axis=1)
    for interval, moment, before in ((stays.late, np.maximum(stays.entry, 0.0), True), (stays.last, stays.exit, False)):
        some = place[(interval < k) & np.isfinite(moment)]
        where = interval[some]
        some, where = some[time[some, where] > 0], where[time[some, where] > 0]
        part = stays.paths.take(some).cumulative_hazard(moment[some]) - (upto - full)[some, where]
        own[some, where] -= part if before else full[some, where] - part
    return own


def _cumulative(paths: LifeTablePaths, points: np.ndarray, until: np.ndarray) -> np.ndarray:
    """Give the cumulative hazard at sorted points, shape (n, points); it stays where a row's way ends."""
    found, total, rates = np.zeros((len(paths), len(points))), np.zeros(len(paths)), paths.rates.ravel()
    for piece in paths.pieces(until.astype(float)):
        rows, rate = piece.rows, rates[piece.cell]
        low, high = np.searchsorted(points, piece.start, side="right"), np.searchsorted(points, piece.stop, side="right")
        n = high - low
        each = np.repeat(np.arange(len(rows)), n)
        point = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n - low, n)
        found[rows[each], point] = total[rows[each]] + rate[each] * (points[point] - piece.start[each])
        total[rows] += rate * (piece.stop - piece.start)
    return np.where(points <= until[:, None], found, total[:, None])


def _rates_at(paths: LifeTablePaths, times: np.ndarray) -> np.ndarray:
    """Give the rate that each row meets at its own times, shape (n, k)."""
    year = np.searchsorted(paths.year_cuts, paths.date[:, None] + times + _FUZZ, side="right") - 1
    age = np.searchsorted(paths.age_cuts, paths.age[:, None] + times + _FUZZ, side="right") - 1
    return paths.rates[paths.stratum[:, None], np.maximum(year, 0), np.maximum(age, 0)]
