"""A frame of the user's into the columns of a cohort: renamed, checked, every problem told at once."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..columns import CAUSES, COHORT, ENDPOINTS, Problem, check, problem_at
from ..errors import InputError, UnitWarning, UsageError, nearest, unknown_name
from .clock import Clock, to_ticks
from .grouping import as_level

_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
CORE = ("patient_id", "years", "entry_years", "event", "cause")
MEDIAN_YEARS = (0.2, 40.0)
LONGEST_YEARS = (2.0, 80.0)


@dataclass(frozen=True, eq=False)
class Times:
    """Follow-up to one endpoint: entry and exit in ticks (int64; -1 the origin), event 0/1 (int8), and the clock."""

    entry: np.ndarray
    exit: np.ndarray
    event: np.ndarray
    clock: Clock

    def take(self, rows: np.ndarray) -> Times:
        """Give the same of some rows (a boolean mask or positions)."""
        return Times(self.entry[rows], self.exit[rows], self.event[rows], self.clock)


def endpoint_columns(endpoint: str) -> tuple[str, str]:
    """Name the columns of an endpoint that is not the active one.

    >>> endpoint_columns("disease-free")
    ('disease_free_years', 'disease_free_event')
    """
    stem = endpoint.replace("-", "_").replace(" ", "_")
    return f"{stem}_years", f"{stem}_event"


def rename(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Give the frame with the mapped columns under their canonical names; a mapped column wins over one of that name.

    Raises
    ------
    InputError
        If a mapped column is not there, or a column name stands twice.
    """
    twice = [str(name) for name in frame.columns[frame.columns.duplicated()].unique()]
    if twice:
        raise InputError(f"column name {twice[0]!r} stands {int((frame.columns == twice[0]).sum())} times: give every column a name of its own")
    for canonical, theirs in columns.items():
        if theirs not in frame.columns:
            raise InputError(f"{canonical!r} is mapped, but {unknown_name('column', theirs, frame.columns)}")
    theirs = set(columns.values())
    kept = {name: name for name in frame.columns if name not in theirs and name not in columns}
    # Copied here, once: a change of the user's frame must not reach the cohort.
    renamed = pd.DataFrame({ours: frame[name].copy() for ours, name in {**columns, **kept}.items()}, copy=False)
    renamed.index = pd.RangeIndex(len(renamed))
    return renamed


def with_columns(frame: pd.DataFrame, columns: Mapping[str, object]) -> pd.DataFrame:
    """Give the frame with columns added or replaced; the others are shared, not copied, as a million rows are too many to copy at every step."""
    added = frame.copy(deep=False)
    for name, values in columns.items():
        added[name] = values
    return added


def check_needed(frame: pd.DataFrame, causes: Mapping | None) -> None:
    """Raise InputError unless the frame holds follow-up and an event (or a cause with its codes declared)."""
    for name in ("years", "event"):
        if name == "event" and "cause" in frame and causes:
            continue
        if name not in frame:
            hint = nearest("time" if name == "years" else "status", frame.columns) or nearest(name, frame.columns)
            listed = ", ".join(map(str, frame.columns))
            raise InputError(f"no column is mapped to {name!r}{hint}: say which one with columns={{{name!r}: ...}}; there are: {listed}")


def read_event(frame: pd.DataFrame, causes: Mapping | None) -> tuple[pd.Series, pd.Series | None, list[Problem]]:
    """Give event (0/1, missing where wrong), cause (words, or None) and the problems.

    With `causes` and no cause column, the event column holds the codes.
    """
    words = {as_level(code): str(word) for code, word in (causes or {}).items()}
    coded = causes and "cause" not in frame
    cause = None
    if "cause" in frame or coded:
        source = frame["event"] if coded else frame["cause"]
        codes, found = pd.factorize(_as_text(source))
        told = [words.get(value, "none" if coded and value == "0" else value) for value in found]
        cause = pd.Series(np.array([*told, None], dtype=object)[codes], index=source.index, name=source.name)
    if coded or "event" not in frame:
        known = set(words.values()) | {"none"}
        wrong = ~cause.isin(known)
        event = (cause != "none").astype("int8").where(~wrong)
        return event, cause, problem_at("event" if coded else "cause", "a code that causes does not declare, or missing", wrong)
    event, problems = _plain_event(frame["event"])
    if cause is not None:
        cause = cause.mask((event == 0) & cause.isna(), "none")
    return event, cause, problems


def _as_text(values: pd.Series) -> pd.Series:
    """Give values as level text (1.0 and 1 both '1'), missing kept; distinct values are converted once."""
    if pd.api.types.infer_dtype(values) == "string":
        return values.astype(object)
    codes, found = pd.factorize(values)
    # A million identities one by one would take a second.
    if pd.api.types.is_integer_dtype(found):
        words = np.append(np.asarray(found).astype(str).astype(object), None)
    else:
        words = np.array([as_level(value) for value in found] + [None], dtype=object)
    return pd.Series(words[codes], index=values.index, dtype=object)


def _plain_event(values: pd.Series) -> tuple[pd.Series, list[Problem]]:
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.isna().astype("int8"), problem_at("event", "a date, where 0 (censored) or 1 (event) is wanted: give a 0/1 column", values.notna())
    text = _as_text(values)
    event = text.map({"0": 0, "1": 1, "False": 0, "True": 1}).astype("float64")
    missing, found = text.isna(), set(text.dropna())
    problems = problem_at("event", "missing", missing)
    fault = "neither 0 (censored) nor 1 (event): declare the codes"
    if found == {"1", "2"}:
        fault = "coded 1/2, where 0 (censored) or 1 (event) is wanted: declare the codes, as 1 = 0 and 2 = 1"
    elif any(_DATE.match(value) for value in found):
        fault = "a date, where 0 (censored) or 1 (event) is wanted: give a 0/1 column"
    wrong = event.isna() & ~missing if found != {"1", "2"} else ~missing
    return event, problems + problem_at("event", fault, wrong)


def read_number(values: pd.Series, name: str, unit: str) -> tuple[pd.Series, list[Problem]]:
    """Give times as floats (missing where wrong) and the problems: text, missing, infinite or negative."""
    if pd.api.types.is_numeric_dtype(values) and not isinstance(values.dtype, pd.CategoricalDtype):
        numbers = values.astype("float64")
    else:
        numbers = pd.to_numeric(values.astype(object), errors="coerce").astype("float64")
    infinite = np.isinf(numbers)
    problems = problem_at(name, "missing", values.isna())
    problems += problem_at(name, f"not a number of {unit}", (numbers.isna() & values.notna()) | infinite)
    problems += problem_at(name, "negative", numbers < 0)
    return numbers.where(~infinite & (numbers >= 0)), problems


def check_order(entry: pd.Series, exit_: pd.Series, unit: str) -> list[Problem]:
    """Give the rows that enter at or after they leave; an entry of 0 may meet an exit of 0."""
    return problem_at("entry_years", f"not before the end of follow-up (both in {unit})", (entry > 0) & (entry >= exit_))


def check_pieces(frame: pd.DataFrame, entry: np.ndarray, exit_: np.ndarray, event: np.ndarray) -> list[Problem]:
    """Give the patients that stand twice, unless their rows are pieces of follow-up that do not overlap."""
    repeated = frame["patient_id"].duplicated(keep=False).to_numpy()
    if not repeated.any():
        return []
    order = np.lexsort((exit_, entry, pd.factorize(frame["patient_id"])[0]))
    ids = frame["patient_id"].to_numpy()[order]
    follows = np.concatenate(([False], ids[1:] == ids[:-1]))
    wrong, early = np.zeros(len(order), dtype=bool), np.zeros(len(order), dtype=bool)
    overlap = np.maximum(entry[order][1:], 0) < exit_[order][:-1]
    wrong[order[1:][follows[1:] & (overlap | (entry[order][1:] < 0))]] = True
    early[order[:-1][follows[1:] & (event[order][:-1] == 1)]] = True
    twice = "stands twice, with follow-up that overlaps: one row a patient, or non-overlapping (entry, exit] pieces"
    return problem_at("patient_id", twice, pd.Series(wrong)) + problem_at("event", "an event before the last piece of a patient's follow-up", pd.Series(early))


def check_declared_causes(event: pd.Series, cause: pd.Series | None, declared: Sequence[str], endpoint: str) -> list[Problem]:
    """Give the rows that are censored for death from any cause and yet name a cause of death."""
    if cause is None or endpoint != "overall":
        return []
    return problem_at("cause", "names a cause where the patient is censored", (event == 0) & cause.isin([word for word in declared if word != "none"]))


def make_times(entry: pd.Series | None, exit_: pd.Series, event: pd.Series, unit: str, per_year: float) -> Times:
    """Turn checked columns into ticks."""
    entries = None if entry is None else entry.to_numpy(dtype=float)
    entry_ticks, exit_ticks, clock = to_ticks(entries, exit_.to_numpy(dtype=float), unit, per_year)
    times = Times(entry_ticks, exit_ticks, event.to_numpy(dtype=np.int8), clock)
    for array in (times.entry, times.exit, times.event):
        array.flags.writeable = False
    return times


def question_units(times: Times) -> tuple[str, ...]:
    """Warn where follow-up is so short or so long that its unit is probably another one; give what was said."""
    if not len(times.exit):
        return ()
    years = times.clock.years(times.exit)
    median, longest = float(np.median(years)), float(years.max())
    if MEDIAN_YEARS[0] <= median <= MEDIAN_YEARS[1] and LONGEST_YEARS[0] <= longest <= LONGEST_YEARS[1]:
        return ()
    said = (f"follow-up read as {times.clock.unit} has a median of {median:.3g} years and a longest of {longest:.3g} years, outside "
            f"{MEDIAN_YEARS[0]:g} to {MEDIAN_YEARS[1]:g} or {LONGEST_YEARS[0]:g} to {LONGEST_YEARS[1]:g}: is the unit of time right?")
    warnings.warn(said, UnitWarning, stacklevel=5)
    return (said,)


def fit_dictionary(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Give numbers to columns of the dictionary that were read as text, and say which columns do not fit it (kept as they are)."""
    changed, said = {}, []
    for column in COHORT.columns:
        if column.name in CORE or column.name not in frame:
            continue
        values = frame[column.name]
        if column.kind in {"number", "integer"} and values.dtype == object:
            numbers = pd.to_numeric(values, errors="coerce")
            changed[column.name] = numbers if not (numbers.isna() & values.notna()).any() else values
    fitted = with_columns(frame, changed)
    for problem in check(fitted, COHORT):
        if problem.column not in CORE:
            said.append(f"{problem}; the column is kept as it is, and is not used as the dictionary's {problem.column!r}")
    return fitted, tuple(said)


def known_endpoint(endpoint: str) -> str:
    """Give the endpoint back, or raise UsageError where it is an empty name."""
    if not isinstance(endpoint, str) or not endpoint.strip():
        raise UsageError(f"an endpoint needs a name, as one of {', '.join(ENDPOINTS)}, or your own")
    return endpoint


def declared_causes(causes: Mapping | None) -> tuple[str, ...]:
    """Give the cause words in force: those declared, or the dictionary's."""
    return tuple(dict.fromkeys(["none", *map(str, causes.values())])) if causes else CAUSES
