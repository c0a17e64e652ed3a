"""Follow-up cut into pieces at given times, so that what a covariate does may differ from one period to the next."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from numbers import Real

import numpy as np
import pandas as pd

from ..errors import UsageError
from ..units import format_count
from .clock import Clock
from .cohort import Cohort
from .intake import CORE, endpoint_columns
from .times import Times

DIGITS = (4, 6, 9, 12, 17)  # of the times in the names of periods: as few as tell them apart


def split_at(cohort: Cohort, years: float | Iterable[float], name: str) -> Cohort:
    """Cut the rows of a cohort into pieces; `Cohort.split_at` is this.

    Parameters
    ----------
    cohort
        Its active endpoint is cut; the others are left behind, so choose with `with_endpoint` first.
    years
        Where to cut, above 0. An event at a cut belongs to the period that ends there.
    name
        The column of periods, ordered, as `0 to 2 years`, `2 to 5 years`, `5 years on`.

    Returns
    -------
    Cohort
        A row a piece (entry, exit], every other column repeated; the event, and its cause, stand on the last piece.
        For a covariate that changes with time, compute it of the pieces' `years` and add it by `with_columns`: what a patient has at
        each event time is then the value of the piece that ends there.

    Raises
    ------
    UsageError
        If a time is not above 0, or the cohort has a column of that name.

    >>> cohort = Cohort.from_frame(pd.DataFrame({"t": [30, 61], "d": [1, 0]}), {"years": "t", "event": "d"}, "months")
    >>> split_at(cohort, 3, "period").rows[["patient_id", "entry_years", "event", "period"]].values.tolist()
    [['1', 0.0, 1, '0 to 3 years'], ['2', 0.0, 0, '0 to 3 years'], ['2', 3.0, 0, '3 years on']]
    """
    cuts = _checked(years)
    _check_name(cohort, name)
    times, ticks = _with_cuts(cohort.active, cuts)
    # A cut lies inside a row where the row enters before it and leaves after it; (entry, exit] with entry -1 for the origin.
    first = np.searchsorted(ticks, times.entry, side="right")
    n_cuts = np.maximum(np.searchsorted(ticks, times.exit, side="left") - first, 0)
    row = np.repeat(np.arange(len(cohort)), n_cuts + 1)
    piece = np.arange(len(row)) - np.repeat(np.cumsum(n_cuts + 1) - n_cuts - 1, n_cuts + 1)
    period, is_last = first[row] + piece, piece == n_cuts[row]
    edges = np.concatenate((ticks, [np.iinfo(np.int64).max]))
    pieces = Times(
        np.where(piece == 0, times.entry[row], edges[period - 1]), np.where(is_last, times.exit[row], edges[period]),
        np.where(is_last, times.event[row], 0).astype(times.event.dtype), times.clock)
    labels = pd.Categorical.from_codes(period, categories=_labels(cuts), ordered=True)
    ledger = cohort.ledger.then(
        f"follow-up cut: {name}", f"{format_count(len(cohort))} rows in {format_count(len(row))} pieces of the same patients", cohort.n_patients)
    repeats = None if cohort.repeats is None else cohort.repeats[row]
    frame = _frame(cohort, row, pieces, is_last, {name: labels})
    return replace(cohort, frame=frame, times={cohort.endpoint: pieces}, ledger=ledger, repeats=repeats)


def _checked(years: float | Iterable[float]) -> np.ndarray:
    given = list(years) if isinstance(years, Iterable) and not isinstance(years, str) else [years]
    if not given or not all(isinstance(time, Real) and not isinstance(time, bool) and 0 < time < math.inf for time in given):
        raise UsageError(f"follow-up is cut at times in years above 0, as (2, 5), not at {years!r}")
    return np.unique(np.array(given, dtype=float))


def _check_name(cohort: Cohort, name: str) -> None:
    if name in CORE or name in cohort.frame:
        raise UsageError(f"the cohort has a column {name!r} already: name the periods otherwise, with name=")


def _with_cuts(times: Times, cuts: np.ndarray) -> tuple[Times, np.ndarray]:
    """Give the follow-up on a clock that has the cuts among its ticks, and those ticks."""
    clock = times.clock
    at = clock.position(cuts)
    off = at % 1 != 0
    if not off.any():
        return times, np.unique(at.astype(np.int64))
    # A cut between two ticks becomes a tick of its own, so that no piece is longer or shorter than it is.
    used = np.unique(np.concatenate((times.entry, times.exit, at[~off].astype(np.int64))))
    used = used[used >= 0]
    grid = np.unique(np.concatenate((clock.times(used), cuts[off] * clock.per_year)))
    finer = Clock(clock.unit, clock.per_year, grid)
    moved = np.searchsorted(grid, clock.times(used))
    entry, exit_ = (np.where(ticks < 0, ticks, moved[np.searchsorted(used, ticks)]) for ticks in (times.entry, times.exit))
    return Times(entry, exit_, times.event, finer), np.unique(finer.position(cuts).astype(np.int64))


def _labels(cuts: np.ndarray) -> list[str]:
    """Name the periods: "0 to 2 years", "2 to 5 years", "5 years on"."""
    written = next((words for digits in DIGITS if len(set(words := [f"{cut:.{digits}g}" for cut in cuts])) == len(cuts)))
    ends = ["0", *written]
    closed = [f"{start} to {stop} year{'' if stop == '1' else 's'}" for start, stop in zip(ends[:-1], ends[1:], strict=True)]
    return [*closed, f"{ends[-1]} year{'' if ends[-1] == '1' else 's'} on"]


def _frame(cohort: Cohort, row: np.ndarray, pieces: Times, is_last: np.ndarray, added: dict[str, object]) -> pd.DataFrame:
    others = [column for endpoint in cohort.times if endpoint != cohort.endpoint for column in endpoint_columns(endpoint)]
    kept = cohort.frame.drop(columns=[column for column in others if column in cohort.frame])
    frame = kept.take(row).reset_index(drop=True)
    frame["years"], frame["event"] = pieces.clock.years(pieces.exit), pieces.event
    entry_years = pieces.clock.years(pieces.entry)
    if "entry_years" in frame:
        frame["entry_years"] = entry_years
    else:
        frame.insert(frame.columns.get_loc("years") + 1, "entry_years", entry_years)
    if "cause" in frame:
        frame["cause"] = frame["cause"].mask(~is_last, "none")
    return frame.assign(**added)
