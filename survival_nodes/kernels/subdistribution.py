"""The risk sets of the subdistribution: those under observation, and, with a weight that falls, those who failed from another cause.

A row that failed from another cause at x stays at every later t with the weight G(t-)/G(x-), where G is the Kaplan-Meier curve of
censoring: a part of the time and a part of the row, so that sums over risk sets are two running sums.

References
----------
Fine J P, Gray R J (1999) A proportional hazards model for the subdistribution of a competing risk. JASA 94:496-509.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

CENSORED, INTEREST, OTHER = 0, 1, 2  # how a row ends


@dataclass(frozen=True, eq=False)
class CensoringGroup:
    """One group of rows that share a censoring distribution.

    Attributes
    ----------
    rows
        Its rows, in the order of their exits; shape (r,).
    ticks, n_censor, n_risk
        Distinct times at which rows are censored, how many, and how many are at risk then; shape (c,).
    failed, inverse
        Its rows that end with another cause, in the order of their exits, and 1/G(x-) of each; shape (f,).
    kept
        G(t-) at each place; 0 beyond the group's follow-up, where G is unknown; shape (k,).
    """

    rows: np.ndarray
    ticks: np.ndarray
    n_censor: np.ndarray
    n_risk: np.ndarray
    failed: np.ndarray
    inverse: np.ndarray
    kept: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray, exit_: np.ndarray, kind: np.ndarray, n: np.ndarray, places: np.ndarray) -> CensoringGroup:
        """Estimate the censoring distribution of rows (in the order of their exits) and the weights that follow from it."""
        exits, kinds, failed = exit_[rows], kind[rows], rows[kind[rows] == OTHER]
        ticks, place = np.unique(exits[kinds == CENSORED], return_inverse=True)
        n_censor = np.bincount(place, n[rows][kinds == CENSORED], minlength=len(ticks))
        gone = np.concatenate(([0], np.cumsum(n[rows])))
        n_risk = gone[-1] - gone[np.searchsorted(exits, ticks)]
        curve = np.concatenate(([1.0], np.cumprod((n_risk - n_censor) / n_risk)))
        before = curve[np.searchsorted(ticks, places)]
        return cls(
            rows, ticks, n_censor, n_risk, failed, inverse=1.0 / curve[np.searchsorted(ticks, exit_[failed])],
            kept=np.where(places <= exits[-1], before, 0.0))


@dataclass(frozen=True, eq=False)
class SubdistributionSets:
    """The weighted risk sets of the subdistribution, worked out once for any number of evaluations.

    Attributes
    ----------
    order
        The rows in the order of their exits; everything below is in that order. Shape (m,).
    exit, kind, n
        Exit tick; how the row ends: 0 censored, 1 with the event of interest, 2 with another; how many such rows there are. Shape (m,).
    ticks, n_events
        Distinct times of the event of interest ("places"), and the events at each; shape (k,).
    place
        How many places have come when the row exits; shape (m,).
    groups
        The groups with a censoring distribution of their own.
    """

    order: np.ndarray
    exit: np.ndarray
    kind: np.ndarray
    n: np.ndarray
    ticks: np.ndarray
    n_events: np.ndarray
    place: np.ndarray
    groups: tuple[CensoringGroup, ...]

    @classmethod
    def of(cls, exit_: np.ndarray, kind: np.ndarray, group: np.ndarray | None = None, n: np.ndarray | None = None) -> SubdistributionSets:
        """Find the risk sets of rows under observation from the origin.

        Parameters
        ----------
        exit_
            Integer ticks of shape (m,).
        kind
            0 censored, 1 the event of interest, 2 another event; shape (m,), at least one 1.
        group
            Whose censoring distribution a row follows, integers of shape (m,); None where it is one for all.
        n
            How many rows each stands for, shape (m,); None for one.

        >>> sets = SubdistributionSets.of(np.array([1, 2, 3, 4]), np.array([2, 0, 1, 1]))
        >>> sets.sums(np.ones((4, 1))).ravel().round(4).tolist()
        [2.6667, 1.6667]
        """
        order = np.argsort(exit_, kind="stable")
        exits, kinds = np.asarray(exit_)[order], np.asarray(kind)[order]
        n = np.ones(len(order), dtype=np.int64) if n is None else np.asarray(n)[order]
        ticks, place = np.unique(exits[kinds == INTEREST], return_inverse=True)
        n_events = np.bincount(place, n[kinds == INTEREST], minlength=len(ticks))
        codes = np.zeros(len(order), dtype=np.int64) if group is None else np.asarray(group)[order]
        groups = tuple(CensoringGroup.of(np.flatnonzero(codes == code), exits, kinds, n, ticks) for code in np.unique(codes))
        return cls(order, exits, kinds, n, ticks, n_events, np.searchsorted(ticks, exits, side="right"), groups)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sum values of the ordered rows over each place's weighted risk set: (m, p) in, (k, p) out."""
        return self.from_places(
            lambda rows: np.column_stack([self.by_place(rows, values[rows][:, column]) for column in range(values.shape[1])]),
            lambda group: np.column_stack([
                self.by_place(group.failed, values[group.failed][:, column] * group.inverse) for column in range(values.shape[1])]))

    def by_place(self, rows: np.ndarray | slice, values: np.ndarray) -> np.ndarray:
        """Sum values of some rows by how many places have come when they exit; shape (k + 1,)."""
        return np.bincount(self.place[rows], values, minlength=len(self.ticks) + 1)

    def from_places(self, of_rows: Callable[[slice], np.ndarray], of_failed: Callable[[CensoringGroup], np.ndarray]) -> np.ndarray:
        """Sum over each place's weighted risk set what rows, and those of a group failed from another cause, add by place: (k + 1, p) each."""
        total = from_end(of_rows(slice(None)))[1:-1]
        for each in self.groups:
            if len(each.failed):
                total += np.cumsum(of_failed(each), axis=0)[:-1] * each.kept[:, None]
        return total

    def exposure(self, steps: np.ndarray) -> np.ndarray:
        """Sum steps of the places over those at which each ordered row counts, each times the row's weight: (k, p) in, (m, p) out."""
        exposed = from_start(steps)[self.place]
        for each in self.groups:
            later = from_end(steps * each.kept[:, None])
            exposed[each.failed] += later[self.place[each.failed]] * each.inverse[:, None]
        return exposed


def from_start(values: np.ndarray) -> np.ndarray:
    """Sum values (n, p) over the first 0, 1, ..., n rows."""
    return np.concatenate((np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)))


def from_end(values: np.ndarray) -> np.ndarray:
    """Sum values (n, p) over the last n, n - 1, ..., 0 rows."""
    return from_start(values[::-1])[::-1]
