"""A landmark: only who is under observation and free of the event at a time is followed, and time is counted from there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ..errors import InputError, UsageError
from ..units import format_count, format_years
from .clock import FROM_ORIGIN
from .cohort import Cohort
from .intake import endpoint_columns, make_times
from .patients import Patients
from .times import Times


def landmark(cohort: Cohort, years: float) -> Cohort:
    """Move the origin of time; see `Cohort.landmark`."""
    if isinstance(years, bool) or not isinstance(years, (int, float, np.number)) or not 0 < years < np.inf:
        raise UsageError(f"a landmark is a time in years above 0, as 2, not {years!r}")
    active, position = cohort.active, float(cohort.clock.position(years))
    watched = cohort.whose.all_rows_of((active.entry <= position) & (active.exit > position))
    kept = watched & (active.exit > position)
    if not kept.any():
        longest = format_years(float(cohort.clock.years(active.exit).max()))
        said = f"nobody is under observation and free of the event at {format_years(years)} (the longest follow-up is {longest})"
        raise InputError(f"{said}: choose an earlier landmark")
    reason = _reason(active, position, cohort.whose, watched, format_years(years))
    left = cohort._with_rows(kept, cohort.ledger.then(f"landmark at {format_years(years)}", reason, cohort.whose.count(kept)))
    times = {name: _moved(each, years) for name, each in left.times.items()}
    return replace(left, frame=_rewritten(left, times), times=times)


def _reason(active: Times, position: float, whose: Patients, watched: np.ndarray, when: str) -> str:
    """Say why patients are left out, each for one reason: the event, an end of follow-up, or no observation at the landmark."""
    out, gone = ~watched, active.exit <= position
    failed = whose.all_rows_of(out & gone & (active.event == 1))
    later = whose.all_rows_of(out & ~gone) & ~failed
    ended = out & ~failed & ~later
    counts = ((f"had the event by {when}", failed), ("follow-up ended by then", ended), ("under observation later only", later))
    return "; ".join(f"{fault} ({format_count(whose.count(rows))})" for fault, rows in counts if rows.any()) or f"had the event or left by {when}"


def _moved(times: Times, years: float) -> Times:
    """Count follow-up to an endpoint from the landmark; who had it, or left, by then has none to it (exit -1)."""
    clock, position = times.clock, float(times.clock.position(years))
    on_tick = position == np.floor(position)
    start = float(clock.times(np.int64(position))) if on_tick else years * clock.per_year
    followed = times.exit > position
    late = followed & (times.entry > position)
    exits = pd.Series(clock.times(times.exit[followed]) - start)
    entries = pd.Series(np.where(late, clock.times(times.entry) - start, 0.0)[followed]) if late.any() else None
    part = make_times(entries, exits, pd.Series(times.event[followed]), clock.unit, clock.per_year)
    entry, exit_ = np.full(len(followed), FROM_ORIGIN, dtype=np.int64), np.full(len(followed), -1, dtype=np.int64)
    event = np.where(followed, times.event, 0).astype(np.int8)
    entry[followed], exit_[followed] = part.entry, part.exit
    for array in (entry, exit_, event):
        array.flags.writeable = False
    return Times(entry, exit_, event, part.clock)


def _rewritten(cohort: Cohort, times: dict[str, Times]) -> pd.DataFrame:
    """Write the new times into the columns of the cohort."""
    changed = {}
    for name, each in times.items():
        own = name == cohort.endpoint
        years_column, event_column = ("years", "event") if own else endpoint_columns(name)
        followed = each.exit >= 0
        if years_column in cohort.frame:
            changed[years_column] = np.where(followed, each.clock.years(each.exit), np.nan)
        if event_column in cohort.frame and not followed.all():
            changed[event_column] = np.where(followed, each.event, np.nan)
        if own and "entry_years" in cohort.frame:
            changed["entry_years"] = each.clock.years(each.entry)
    return cohort.frame.assign(**changed)
