"""What becomes of a follow-up of zero: it is real (dead or lost within the first month or day), and the choice is always said and counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ..errors import UsageError, unknown_name
from ..units import format_count
from .cohort import Cohort
from .intake import endpoint_columns, make_times
from .rules import KEPT, CohortRule
from .selecting import select
from .times import Times

ZERO_FOLLOW_UP = ("keep", "half", "drop", "complete-dates")
_COMPLETE = "complete, more than zero days"
_PLACES = {_COMPLETE: KEPT, "complete, zero days": 0, "incomplete, could be zero days": 1, "incomplete, not zero days": 1}
_COMPLETE_DATES = CohortRule(
    "zero follow-up: complete-dates", "The dates are complete, and follow-up is longer than zero days.", ("survival_flag",), "dates of follow-up are",
    ("complete, with zero days", "incomplete", "not recorded"), lambda entries: entries.look_up("survival_flag", lambda word: _PLACES.get(word, 1), 2))


def with_zero_follow_up(cohort: Cohort, choice: str) -> Cohort:
    """Apply the choice; see `Cohort.with_zero_follow_up`."""
    if choice not in ZERO_FOLLOW_UP:
        raise UsageError(unknown_name("choice for a follow-up of zero", choice, ZERO_FOLLOW_UP))
    if choice == "complete-dates":
        return select(cohort, _COMPLETE_DATES)
    zero = _at_zero(cohort.active)
    if choice == "half":
        return _with_half(cohort, zero)
    kept = ~zero if choice == "drop" else np.ones(len(cohort), dtype=bool)
    done = "left out" if choice == "drop" else "kept"
    return cohort._with_rows(kept, cohort.ledger.then(_step(choice), f"{_counted(cohort, zero)}, {done}", cohort.whose.count(kept)))


def _step(choice: str) -> str:
    return f"zero follow-up: {choice}"


def _at_zero(times: Times) -> np.ndarray:
    """Tell which rows are followed (exit -1: not) for no time at all."""
    return (times.exit >= 0) & (times.clock.times(times.exit) == 0)


def _counted(cohort: Cohort, zero: np.ndarray) -> str:
    return f"{format_count(cohort.whose.count(zero))} with a follow-up of zero"


def _with_half(cohort: Cohort, zero: np.ndarray) -> Cohort:
    halved = {name: _halved(times) for name, times in cohort.times.items()}
    columns = {name: "years" if name == cohort.endpoint else endpoint_columns(name)[0] for name in halved}
    changed = {
        columns[name]: np.where(times.exit >= 0, times.clock.years(times.exit), np.nan)
        for name, times in halved.items() if times is not cohort.times[name] and columns[name] in cohort.frame}
    others = [f"{format_count(cohort.whose.count_rows(_at_zero(times)))} to the endpoint {name}" for name, times in cohort.times.items()
              if name != cohort.endpoint and _at_zero(times).any()]
    half = f"half a {cohort.time_unit.removesuffix('s')}"
    said = half if cohort.clock.grid is None else f"half of the shortest time above zero, at most {half}"
    reason = f"{_counted(cohort, zero)}, set to {said}" + (f" (also {', '.join(others)})" if others else "")
    return replace(cohort, frame=cohort.frame.assign(**changed), times=halved, ledger=cohort.ledger.then(_step("half"), reason, cohort.n_patients))


def _halved(times: Times) -> Times:
    """Move exits at zero to half a unit of time, or half of the shortest time above zero where times are finer, so that nobody is overtaken."""
    zero = _at_zero(times)
    if not zero.any():
        return times
    followed = times.exit >= 0
    exits = times.clock.times(times.exit)
    shortest = exits[exits > 0].min(initial=1.0)
    exits[zero] = shortest / 2
    late = (times.entry >= 0).any()
    entries = pd.Series(times.clock.times(times.entry[followed])) if late else None
    part = make_times(entries, pd.Series(exits[followed]), pd.Series(times.event[followed]), times.clock.unit, times.clock.per_year)
    entry, exit_ = np.full(len(exits), -1, dtype=np.int64), np.full(len(exits), -1, dtype=np.int64)
    entry[followed], exit_[followed] = part.entry, part.exit
    for array in (entry, exit_):
        array.flags.writeable = False
    return Times(entry, exit_, times.event, part.clock)
