"""Bootstrap samples of patients drawn as counts, and the curves of every sample at once.

A sample of n patients with replacement is one multinomial draw of n over the distinct follow-ups, each as probable as patients have it:
its cost hangs on how many differ, not on n. A patient seen in pieces is drawn whole, with all her pieces, and is a follow-up of her own.
Samples stand in the rows of every array.

References
----------
Efron B (1979) Bootstrap methods: another look at the jackknife. Ann Stat 7:1-26.
Efron B (1981) Censored data and the bootstrap. JASA 76:312-319.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

ROOM = 1 << 22  # numbers drawn at a time
SMALL = 64  # up to which harmonic numbers are summed; beyond, their expansion is exact to the last digit


@dataclass(frozen=True, eq=False)
class FollowUps:
    """The distinct follow-ups of patients, and the pieces of each in the order of group, exit and how it ends.

    Attributes
    ----------
    n
        Patients of each follow-up, shape (u,).
    owner
        Whose piece it is, a place in `n`; shape (c,).
    group, entry, exit, kind
        Of each piece: the group; ticks, entry -1 from the origin; 0 censored, k the event of column k - 1; shape (c,).
    n_kinds
        How many kinds of event there are.
    """

    n: np.ndarray
    owner: np.ndarray
    group: np.ndarray
    entry: np.ndarray
    exit: np.ndarray
    kind: np.ndarray
    n_kinds: int

    @classmethod
    def of(cls, pieces: Sequence[np.ndarray], patient: np.ndarray | None, repeats: np.ndarray | None, n_kinds: int) -> FollowUps:
        """Find the distinct follow-ups of rows.

        Parameters
        ----------
        pieces
            Group, exit, kind and entry of each row, four arrays of shape (n,).
        patient
            Codes of the patients from 0, shape (n,); None where each row is one.
        repeats
            How many patients each row stands for, shape (n,); None for one.

        >>> found = FollowUps.of([np.array([0, 0, 0]), np.array([3, 2, 3]), np.array([1, 0, 1]), np.full(3, -1)], None, None, 1)
        >>> found.n.tolist(), found.exit.tolist(), found.kind.tolist()
        ([1, 2], [2, 3], [0, 1])
        """
        group, exit_, kind, entry = pieces
        span, last = int(entry.max(initial=-1)) + 2, int(exit_.max(initial=0)) + 1
        keys = ((group * last + exit_) * (n_kinds + 1) + kind) * span + entry + 1
        several = None if patient is None else (np.bincount(patient) > 1)[patient]
        single = keys if several is None else keys[~several]
        cells, n = _counted(single, repeats if several is None or repeats is None else repeats[~several])
        owner = np.arange(len(cells))
        if several is not None:
            found, whose = np.unique(patient[several], return_inverse=True)
            cells, owner = np.concatenate((cells, keys[several])), np.concatenate((owner, len(cells) + whose))
            order = np.lexsort((owner, cells))
            cells, owner, n = cells[order], owner[order], np.concatenate((n, np.ones(len(found), dtype=np.int64)))
        rest, entry = np.divmod(cells, span)
        rest, kind = np.divmod(rest, n_kinds + 1)
        group, exit_ = np.divmod(rest, last)
        return cls(n, owner, group, entry - 1, exit_, kind, n_kinds)

    def draws(self, generator: np.random.Generator, n: int) -> Iterator[np.ndarray]:
        """Give how often each follow-up is in each of `n` samples, some samples at a time; their number changes no sample.

        Shapes (., u). Where most patients have a follow-up of their own the patients are drawn one by one, which is quicker.
        """
        size, portion = int(self.n.sum()), max(1, ROOM // max(1, len(self.n)))
        single = 2 * len(self.n) > size
        whose = np.repeat(np.arange(len(self.n)), self.n) if single else None
        for start in range(0, n, portion):
            now = min(portion, n - start)
            if single:
                yield np.stack([np.bincount(whose[generator.integers(0, size, size)], minlength=len(self.n)) for _ in range(now)])
            else:
                yield generator.multinomial(size, self.n / size, size=now)

    def group_samples(self, drawn: np.ndarray, group: int) -> GroupSamples:
        """Give the counts of one group in the samples drawn, shape (b, u)."""
        start, stop = np.searchsorted(self.group, (group, group + 1))
        rows = slice(start, stop)
        counts, (exit_, kind, entry) = drawn[:, self.owner[rows]], (part[rows] for part in (self.exit, self.kind, self.entry))
        ticks, place = np.unique(exit_, return_inverse=True)
        leave = _summed(counts, place * (self.n_kinds + 1) + kind, len(ticks) * (self.n_kinds + 1)).reshape(len(drawn), len(ticks), self.n_kinds + 1)
        gone = leave.sum(axis=2)
        enter = counts.sum(axis=1, keepdims=True)
        if (entry >= 0).any():
            order = np.argsort(entry, kind="stable")
            later = np.searchsorted(ticks, entry[order], side="right")
            enter = np.cumsum(_summed(counts[:, order], later, len(ticks) + 1)[:, :-1], axis=1)
        return GroupSamples(ticks, enter - np.cumsum(gone, axis=1) + gone, leave[:, :, 1:], gone)


def _counted(keys: np.ndarray, repeats: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Give the distinct keys in order, and how many there are of each."""
    if int(keys.max(initial=-1)) < 4 * len(keys) + ROOM:
        table = np.bincount(keys, repeats).astype(np.int64)
        found = np.flatnonzero(table)
        return found, table[found]
    found, place = np.unique(keys, return_inverse=True)
    return found, np.bincount(place, repeats, minlength=len(found)).astype(np.int64)


def _summed(values: np.ndarray, place: np.ndarray, width: int) -> np.ndarray:
    """Sum columns of values (b, c) by their place, which rises; shape (b, width)."""
    total = np.zeros((len(values), width), dtype=np.int64)
    found, starts = np.unique(place, return_index=True)
    if len(found):
        total[:, found] = values if len(found) == len(place) else np.add.reduceat(values, starts, axis=1)
    return total


@dataclass(frozen=True, eq=False)
class GroupSamples:
    """One group in b samples.

    Attributes
    ----------
    ticks
        Distinct exit ticks of the group, shape (t,).
    n_risk, n_gone
        At risk just before each, and leaving at it; shape (b, t).
    events
        Events at each, by kind; shape (b, t, k).
    """

    ticks: np.ndarray
    n_risk: np.ndarray
    events: np.ndarray
    n_gone: np.ndarray

    @cached_property
    def n_event(self) -> np.ndarray:
        """Events of every kind, shape (b, t)."""
        return self.events.sum(axis=2)

    @cached_property
    def last(self) -> np.ndarray:
        """The last tick at which anybody of the group was followed, shape (b,); -1 where nobody was."""
        last = len(self.ticks) - 1 - np.argmax(self.n_gone[:, ::-1] > 0, axis=1)
        return np.where(self.n_gone.any(axis=1), self.ticks[last], -1)

    def _factors(self) -> np.ndarray:
        """Give the factors of the product limit, 1 where nobody is at risk; shape (b, t)."""
        return 1.0 - self.n_event / np.maximum(self.n_risk, 1)

    def survival(self, estimator: str, position: np.ndarray) -> np.ndarray:
        """Give the survival at positions on the scale of ticks, missing beyond a sample's last follow-up; shape (b, m).

        `estimator` is `kaplan-meier`, or exp(-H) with the hazard H by `nelson-aalen` or `fleming-harrington`.
        """
        if estimator == "kaplan-meier":
            curve = np.cumprod(self._factors(), axis=1)
        elif estimator == "nelson-aalen":
            curve = np.exp(-np.cumsum(self.n_event / np.maximum(self.n_risk, 1), axis=1))
        else:
            curve = np.exp(-np.cumsum(_harmonic(self.n_risk) - _harmonic(self.n_risk - self.n_event), axis=1))
        return self._read(curve, 1.0, position)

    def incidence(self, position: np.ndarray) -> np.ndarray:
        """Give the Aalen-Johansen incidence of each kind of event at positions, missing beyond the last follow-up; shape (b, k, m)."""
        before = np.cumprod(self._factors(), axis=1)
        before = np.concatenate((np.ones((len(before), 1)), before[:, :-1]), axis=1) / np.maximum(self.n_risk, 1)
        kinds = range(self.events.shape[2])
        return np.stack([self._read(np.cumsum(before * self.events[:, :, kind], axis=1), 0.0, position) for kind in kinds], axis=1)

    def restricted_mean(self, times: np.ndarray, horizon: float, position: float) -> np.ndarray:
        """Give the area under the product limit up to a horizon, shape (b,); missing where it is not known so far.

        `times` are those of the ticks, shape (t,), in the unit of the horizon; `position` is that of the horizon on the scale of ticks.
        """
        within = self.ticks <= position
        survival = np.cumprod(self._factors()[:, within], axis=1)
        widths = np.diff(np.concatenate(([0.0], np.minimum(times[within], horizon), [horizon])))
        ends = ((self.n_event == self.n_risk) & (self.n_risk > 0)).any(axis=1)
        return np.where((self.last >= position) | ends, widths[0] + survival @ widths[1:], np.nan)

    def _read(self, curve: np.ndarray, origin: float, position: np.ndarray) -> np.ndarray:
        step = np.searchsorted(self.ticks, position, side="right")
        values = np.where(step > 0, curve[:, np.maximum(step - 1, 0)], origin) if len(self.ticks) else np.full((len(curve), len(step)), origin)
        return np.where(position <= self.last[:, None], values, np.nan)


def _harmonic(n: np.ndarray) -> np.ndarray:
    """Give 1 + 1/2 + ... + 1/n of whole numbers.

    >>> _harmonic(np.array([0, 1, 3])).round(6).tolist(), float(_harmonic(np.array([100]))[0].round(12))
    ([0.0, 1.0, 1.833333], 5.18737751764)
    """
    table = np.concatenate(([0.0], np.cumsum(1.0 / np.arange(1, SMALL + 1))))
    x = np.maximum(n, SMALL).astype(float)
    square = x**-2.0
    series = np.log(x) + np.euler_gamma + 0.5 / x - square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square / 240)))
    return np.where(n <= SMALL, table[np.minimum(n, SMALL)], series)


def limits(
    replicates: np.ndarray, estimate: np.ndarray, std_error: np.ndarray, conf_level: float, interval: str, z: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Give the limits of estimates (m,) from their replicates (b, m); missing replicates are passed over.

    `percentile`: the quantiles of the replicates, at (b + 1) p in their order; `basic`: the same, mirrored about the estimate; `normal`:
    `z` standard errors on either side.

    References
    ----------
    Davison A C, Hinkley D V (1997) Bootstrap methods and their application, section 5.2. Cambridge.

    >>> low, high = limits(np.arange(1.0, 20)[:, None], np.array([10.0]), np.array([5.0]), 0.9, "percentile", 1.645)
    >>> low.tolist(), high.tolist()
    ([1.0], [19.0])
    """
    if interval == "normal":
        return estimate - z * std_error, estimate + z * std_error
    low, high = (np.full(len(estimate), np.nan) for _ in range(2))
    for place, column in enumerate(replicates.T):
        known = column[~np.isnan(column)]
        if len(known):
            low[place], high[place] = np.quantile(known, ((1 - conf_level) / 2, (1 + conf_level) / 2), method="weibull")
    return (2 * estimate - high, 2 * estimate - low) if interval == "basic" else (low, high)
