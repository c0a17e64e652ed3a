"""From a user's frame to a cohort, step by step; called by `Cohort.from_frame` only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ..columns import ENDPOINTS, Problem, problem_at
from ..errors import InputError
from . import intake
from .cohort import Cohort
from .grouping import level_codes
from .identities import all_differ, given_ids, stored_ids
from .intake import endpoint_columns
from .ledger import Ledger
from .origin import Origin
from .times import Times


def build(
    frame: pd.DataFrame, columns: Mapping[str, str], time_unit: str, per_year: float, *, causes: Mapping | None,
    levels: Mapping[str, Sequence], endpoint: str, synthetic: bool, origin: Origin, repeats: np.ndarray | None = None, copied: bool = True,
) -> Cohort:
    """Make the cohort, or raise InputError with every problem at once. A frame that nobody else holds need not be copied."""
    if not len(frame):
        raise InputError("the frame holds no rows: there is nobody to follow")
    named = intake.rename(frame, columns, copied)
    intake.check_needed(named, causes)
    identified = intake.with_columns(named, {"patient_id": given_ids(named) if repeats is None else np.arange(len(named), dtype=np.int32)})
    times, cause, problems = _read_times(identified, causes, time_unit, per_year, endpoint)
    problems += problem_at("patient_id", "missing", identified["patient_id"].isna())
    apart = repeats is not None or all_differ(identified["patient_id"])
    if times is not None and not problems and not apart:
        problems += intake.check_pieces(identified, times.entry, times.exit, times.event)
    if problems:
        theirs = [replace(problem.of_patients(repeats), column=columns.get(problem.column, problem.column)) for problem in problems]
        raise InputError("; ".join(map(str, theirs)))
    if repeats is None:
        identified = intake.with_columns(identified, {"patient_id": stored_ids(identified["patient_id"])})
    fitted, said = intake.fit_dictionary(_canonical(identified, times, cause), repeats)
    for name, declared in levels.items():
        level_codes(_declared_column(fitted, name), tuple(map(str, declared)), repeats)
    said = (*intake.question_units(times, repeats), *said)
    others, fitted = _other_endpoints(fitted, times, endpoint, time_unit, per_year, repeats)
    known = intake.declared_causes(causes) if cause is not None else ()
    return Cohort(
        frame=fitted, times={endpoint: times, **others}, endpoint=endpoint, ledger=_first_steps(fitted, times, repeats, apart), causes=known,
        declared_levels={name: tuple(declared) for name, declared in levels.items()}, synthetic=synthetic, origin=origin, warnings=said, repeats=repeats)


def _declared_column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        raise InputError(f"levels are declared for {name!r}, but there is no such column")
    return frame[name]


def _read_times(
    frame: pd.DataFrame, causes: Mapping | None, unit: str, per_year: float, endpoint: str,
) -> tuple[Times | None, pd.Series | None, list[Problem]]:
    exit_, problems = intake.read_number(frame["years"], "years", unit)
    entry = None
    if "entry_years" in frame:
        entry, more = intake.read_number(frame["entry_years"], "entry_years", unit)
        problems += more + intake.check_order(entry, exit_, unit)
    event, cause, more = intake.read_event(frame, causes)
    problems += more + intake.check_declared_causes(event, cause, intake.declared_causes(causes), endpoint)
    if problems:
        return None, cause, problems
    times = intake.make_times(entry, exit_, event, unit, per_year)
    late = pd.Series((times.entry >= 0) & (times.entry >= times.exit))
    return times, cause, problem_at("entry_years", "the same time as the end of follow-up, but for rounding", late)


def _canonical(frame: pd.DataFrame, times: Times, cause: pd.Series | None) -> pd.DataFrame:
    """Put the follow-up in years and the core columns first."""
    core = {"patient_id": frame["patient_id"], "years": times.clock.years(times.exit)}
    if "entry_years" in frame:
        core["entry_years"] = times.clock.years(times.entry)
    core["event"] = times.event
    if cause is not None:
        core["cause"] = cause
    rest = {name: frame[name] for name in frame.columns if name not in intake.CORE}
    return pd.DataFrame({**core, **rest}, index=frame.index, copy=False)


def _other_endpoints(
    frame: pd.DataFrame, active: Times, endpoint: str, unit: str, per_year: float, repeats: np.ndarray | None,
) -> tuple[dict[str, Times], pd.DataFrame]:
    """Read the endpoints that stand in columns as `recurrence_years` and `recurrence_event`; missing ones have exit -1."""
    others, changed = {}, {}
    for name in ENDPOINTS:
        years_column, event_column = endpoint_columns(name)
        if name == endpoint or years_column not in frame or event_column not in frame:
            continue
        followed = frame[years_column].notna() & frame[event_column].notna()
        exit_, problems = intake.read_number(frame.loc[followed, years_column].rename(years_column), years_column, unit)
        event, more = intake._plain_event(frame.loc[followed, event_column])
        if problems or more:
            counted = None if repeats is None else repeats[followed]
            raise InputError(f"endpoint {name}: " + "; ".join(str(problem.of_patients(counted)) for problem in [*problems, *more]))
        part = intake.make_times(None, exit_, event, unit, per_year)
        exits, events = np.full(len(frame), -1, dtype=np.int64), np.zeros(len(frame), dtype=np.int8)
        exits[followed], events[followed] = part.exit, part.event
        others[name] = Times(active.entry if not (active.entry >= 0).any() else _same_clock(active, part), exits, events, part.clock)
        changed[years_column] = np.where(followed, part.clock.years(exits), np.nan)
    return others, intake.with_columns(frame, changed)


def _same_clock(active: Times, other: Times) -> np.ndarray:
    """Give the active entries on another endpoint's clock; refused where the two clocks read differently."""
    if active.clock.grid is not None or other.clock.grid is not None:
        raise InputError("several endpoints with delayed entry need whole days, months or years: round the times, or read one endpoint at a time")
    return active.entry


def _first_steps(frame: pd.DataFrame, times: Times, repeats: np.ndarray | None, apart: bool) -> Ledger:
    n = int(repeats.sum()) if repeats is not None else len(frame) if apart else int(frame["patient_id"].nunique())
    ledger = Ledger().then("read", "patients read", n)
    at_zero = (times.exit == 0) & (times.clock.times(0) == 0)
    zero = int(at_zero.sum() if repeats is None else repeats[at_zero].sum())
    return ledger.then("zero follow-up kept", f"{zero} with a follow-up of zero, kept", n) if zero else ledger
