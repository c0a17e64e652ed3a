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
from .clock import to_ticks
from .glance import fits_at_a_glance
from .grouping import as_level
from .times import Times

_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
CORE = ("patient_id", "years", "entry_years", "event", "cause")
MEDIAN_YEARS = (0.2, 40.0)
LONGEST_YEARS = (2.0, 80.0)


def endpoint_columns(endpoint: str) -> tuple[str, str]:
    """Name the columns of an endpoint that is not the active one.

    >>> endpoint_columns("disease-free")
    ('disease_free_years', 'disease_free_event')
    """
    stem = endpoint.replace("-", "_").replace(" ", "_")
    return f"{stem}_years", f"{stem}_event"


def rename(frame: pd.DataFrame, columns: Mapping[str, str], copied: bool = True) -> pd.DataFrame:
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
    renamed = pd.DataFrame({ours: frame[name].copy() if copied else frame[name] for ours, name in {**columns, **kept}.items()}, copy=False)
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


@dataclass(frozen=True, eq=False)
class _Entries:
    """The distinct entries of a column as level text, and for each row the place of its own, -1 where missing."""

    codes: np.ndarray
    words: tuple[str, ...]

    @classmethod
    def of(cls, values: pd.Series) -> _Entries:
        """Read a column; entries that do not occur are left out."""
        if isinstance(values.dtype, pd.CategoricalDtype):
            codes, found = values.cat.codes.to_numpy(), values.cat.categories
            used = np.bincount(codes + np.int64(1), minlength=len(found) + 1)[1:] > 0
            place = np.append(np.cumsum(used) - 1, -1)
            return cls(place[codes], tuple(map(as_level, found[used])))
        codes, found = pd.factorize(values)
        return cls(codes, tuple(map(as_level, found)))

    def look_up(self, answers: Sequence[int], missing: int) -> np.ndarray:
        """Give the answer to each row's entry (small integers)."""
        return np.array([*answers, missing], dtype=np.min_scalar_type(-1 - len(answers)))[self.codes]


def read_event(frame: pd.DataFrame, causes: Mapping | None) -> tuple[pd.Series, pd.Series | None, list[Problem]]:
    """Give event (0/1, -1 where wrong), cause (a categorical of words, those declared first; or None) and the problems.

    With `causes` and no cause column, the event column holds the codes.
    """
    coded = bool(causes) and "cause" not in frame
    cause = _read_cause(frame["event"] if coded else frame["cause"], causes, coded) if coded or "cause" in frame else None
    if coded or "event" not in frame:
        known = [word in (*map(str, (causes or {}).values()), "none") for word in cause.cat.categories]
        codes, censored = cause.cat.codes.to_numpy(), list(cause.cat.categories).index("none")
        wrong = ~np.array([*known, False])[codes]
        event = pd.Series(np.where(wrong, -1, codes != censored).astype(np.int8), index=frame.index)
        return event, cause, problem_at("event" if coded else "cause", "a code that causes does not declare, or missing", pd.Series(wrong))
    event, problems = _plain_event(frame["event"])
    if cause is not None:
        codes = cause.cat.codes.to_numpy()
        unsaid = (codes < 0) & (event == 0).to_numpy()
        if unsaid.any():
            none = list(cause.cat.categories).index("none")
            cause = pd.Series(pd.Categorical.from_codes(np.where(unsaid, none, codes), dtype=cause.dtype), index=cause.index, name=cause.name)
    return event, cause, problems


def _read_cause(values: pd.Series, causes: Mapping | None, coded: bool) -> pd.Series:
    """Put words in place of codes; of a column of events 0 is none."""
    words = {as_level(code): str(word) for code, word in (causes or {}).items()}
    entries = _Entries.of(values)
    told = [words.get(entry, "none" if coded and entry == "0" else entry) for entry in entries.words]
    order = list(dict.fromkeys([*declared_causes(causes), *told]))
    codes = entries.look_up([order.index(word) for word in told], -1)
    return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(order, dtype=object)), index=values.index, name=values.name)


def _plain_event(values: pd.Series) -> tuple[pd.Series, list[Problem]]:
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.isna().astype("int8"), problem_at("event", "a date, where 0 (censored) or 1 (event) is wanted: give a 0/1 column", values.notna())
    entries = _Entries.of(values)
    found = set(entries.words)
    event = pd.Series(entries.look_up([{"0": 0, "1": 1, "False": 0, "True": 1}.get(entry, -1) for entry in entries.words], -1), index=values.index)
    if found <= {"0", "1", "False", "True"} and event.min() >= 0:
        return event, []
    missing = pd.Series(entries.codes < 0, index=values.index)
    problems = problem_at("event", "missing", missing)
    fault = "neither 0 (censored) nor 1 (event): declare the codes"
    if found == {"1", "2"}:
        fault = "coded 1/2, where 0 (censored) or 1 (event) is wanted: declare the codes, as 1 = 0 and 2 = 1"
    elif any(_DATE.match(entry) for entry in found):
        fault = "a date, where 0 (censored) or 1 (event) is wanted: give a 0/1 column"
    wrong = (event < 0) & ~missing if found != {"1", "2"} else ~missing
    return event, problems + problem_at("event", fault, wrong)


def read_number(values: pd.Series, name: str, unit: str) -> tuple[pd.Series, list[Problem]]:
    """Give times as floats (missing where wrong) and the problems: text, missing, infinite or negative."""
    if pd.api.types.is_numeric_dtype(values) and not isinstance(values.dtype, pd.CategoricalDtype):
        numbers = values.astype("float64")
    else:
        numbers = pd.to_numeric(values.astype(object), errors="coerce").astype("float64")
    if len(numbers) and 0 <= numbers.min(skipna=False) and numbers.max() < np.inf:
        return numbers, []
    infinite = np.isinf(numbers)
    problems = problem_at(name, "missing", values.isna())
    problems += problem_at(name, f"not a number of {unit}", (numbers.isna() & values.notna()) | infinite)
    problems += problem_at(name, "negative", numbers < 0)
    return numbers.where(~infinite & (numbers >= 0)), problems


def check_order(entry: pd.Series, exit_: pd.Series, unit: str) -> list[Problem]:
    """Give the rows that enter at or after they leave; an entry of 0 may meet an exit of 0."""
    return problem_at("entry_years", f"not before the end of follow-up (both in {unit})", (entry > 0) & (entry >= exit_))


def check_pieces(frame: pd.DataFrame, entry: np.ndarray, exit_: np.ndarray, event: np.ndarray) -> list[Problem]:
    """Of a frame in which some do, give the patients that stand twice, unless their rows are pieces of follow-up that do not overlap."""
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
    return problem_at("cause", "names a cause where the patient is censored", (event == 0) & _is_one_of(cause, [word for word in declared if word != "none"]))


def _is_one_of(cause: pd.Series, words: Sequence[str]) -> np.ndarray:
    return np.array([*(word in words for word in cause.cat.categories), False])[cause.cat.codes.to_numpy()]


def make_times(entry: pd.Series | None, exit_: pd.Series, event: pd.Series, unit: str, per_year: float) -> Times:
    """Turn checked columns into ticks."""
    entries = None if entry is None else entry.to_numpy(dtype=float)
    entry_ticks, exit_ticks, clock = to_ticks(entries, exit_.to_numpy(dtype=float), unit, per_year)
    times = Times(entry_ticks, exit_ticks, event.to_numpy(dtype=np.int8), clock)
    for array in (times.entry, times.exit, times.event):
        array.flags.writeable = False
    return times


def question_units(times: Times, repeats: np.ndarray | None = None) -> tuple[str, ...]:
    """Warn where follow-up is so short or so long that its unit is probably another one; give what was said."""
    if not len(times.exit):
        return ()
    middle = _median(times, repeats)
    median, longest = float(middle), float(times.clock.years(times.exit.max()))
    if MEDIAN_YEARS[0] <= median <= MEDIAN_YEARS[1] and LONGEST_YEARS[0] <= longest <= LONGEST_YEARS[1]:
        return ()
    said = (f"follow-up read as {times.clock.unit} has a median of {median:.3g} years and a longest of {longest:.3g} years, outside "
            f"{MEDIAN_YEARS[0]:g} to {MEDIAN_YEARS[1]:g} or {LONGEST_YEARS[0]:g} to {LONGEST_YEARS[1]:g}: is the unit of time right?")
    warnings.warn(said, UnitWarning, stacklevel=5)
    return (said,)


def _median(times: Times, repeats: np.ndarray | None) -> float:
    """Give the median of the years of follow-up, without sorting where ticks are few."""
    if repeats is None and int(times.exit.max()) > 4 * len(times.exit) + 1000:
        return float(np.median(times.clock.years(times.exit)))
    upto = np.cumsum(np.bincount(times.exit, repeats)).astype(np.int64)
    middle = np.searchsorted(upto, [(upto[-1] - 1) // 2, upto[-1] // 2], side="right")
    return float(times.clock.years(middle).mean())


def fit_dictionary(frame: pd.DataFrame, repeats: np.ndarray | None = None) -> tuple[pd.DataFrame, tuple[str, ...]]:
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
    doubtful = [name for name in fitted.columns if name in COHORT.names and name not in CORE and not fits_at_a_glance(fitted[name], COHORT[name])]
    for problem in check(fitted[doubtful], COHORT):
        if problem.column not in CORE:
            said.append(f"{problem.of_patients(repeats)}; the column is kept as it is, and is not used as the dictionary's {problem.column!r}")
    return fitted, tuple(said)


def known_endpoint(endpoint: str) -> str:
    """Give the endpoint back, or raise UsageError where it is an empty name."""
    if not isinstance(endpoint, str) or not endpoint.strip():
        raise UsageError(f"an endpoint needs a name, as one of {', '.join(ENDPOINTS)}, or your own")
    return endpoint


def declared_causes(causes: Mapping | None) -> tuple[str, ...]:
    """Give the cause words in force: those declared, or the dictionary's."""
    return tuple(dict.fromkeys(["none", *map(str, causes.values())])) if causes else CAUSES
