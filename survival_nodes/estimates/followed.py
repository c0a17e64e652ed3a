"""Patients as the estimators of net survival take them: on their way through a life table, with follow-up in days."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..cohort import Cohort
from ..columns import ENDPOINTS
from ..counting import CohortScan, cells_of, known_groups, names_in
from ..errors import DataWarning, InputError, UsageError
from ..kernels.life_table_paths import LifeTablePaths, in_slices
from ..life_tables import LifeTable
from ..units import format_number
from .at_diagnosis import ENDS, date_and_age

NOT_DEATH = tuple(endpoint for endpoint in ENDPOINTS if endpoint != "overall")


@dataclass(frozen=True, eq=False)
class Followed:
    """Rows of a cohort beside the mortality expected of them.

    Attributes
    ----------
    paths
        Their ways through the life table, from diagnosis.
    entry, exit
        Days since diagnosis, shape (n,); entry -1 from the origin.
    event
        1 dead, 0 censored.
    codes, labels
        The group of each row (-1: in none), and the groups' names.
    days_per_year
        Days in one of the `years` in which times are asked for and given.
    diagnosis
        The date of diagnosis, days since 1970-01-01, shape (n,).
    row
        Which row of the cohort each is, shape (n,).
    repeats
        How many identical patients each row stands for, shape (n,); None for one each.
    """

    paths: LifeTablePaths
    entry: np.ndarray
    exit: np.ndarray
    event: np.ndarray
    codes: np.ndarray
    labels: tuple[str, ...]
    days_per_year: float
    diagnosis: np.ndarray
    row: np.ndarray
    repeats: np.ndarray | None = None

    @property
    def n_patients(self) -> int:
        """Rows, each as often as it stands for a patient."""
        return len(self.exit) if self.repeats is None else int(self.repeats.sum())

    def take(self, rows: np.ndarray) -> Followed:
        """Give some of the rows (a mask or positions)."""
        return replace(
            self, paths=self.paths.take(rows), entry=self.entry[rows], exit=self.exit[rows], event=self.event[rows], codes=self.codes[rows],
            diagnosis=self.diagnosis[rows], row=self.row[rows], repeats=None if self.repeats is None else self.repeats[rows])

    def group(self, place: int) -> Followed:
        """Give the rows of one group."""
        own = self.codes == place
        return self if own.all() else self.take(np.flatnonzero(own))

    def days(self, years: Sequence[float] | np.ndarray) -> np.ndarray:
        """Give times in days, those that rounding sets beside a follow-up time put onto it."""
        times = np.asarray(years, dtype=float) * self.days_per_year
        nearest = np.rint(times * 1e6) / 1e6
        return np.where(np.abs(times - nearest) < 1e-7, nearest, times)

    def years(self, days: np.ndarray) -> np.ndarray:
        """Give times in years."""
        return np.asarray(days) / self.days_per_year


def life_table_of(given: str | LifeTable) -> LifeTable:
    """Give the life table, or the bundled one of that name; UsageError where it is neither."""
    if isinstance(given, LifeTable):
        return given
    if not isinstance(given, str):
        raise UsageError(f"life_table is a LifeTable, or the name of a bundled one, not {type(given).__name__}")
    return LifeTable.bundled(given)


def follow(cohort: Cohort, table: LifeTable, by: str | Sequence[str] | None = None) -> Followed:
    """Set the rows of a cohort on their ways through a life table.

    The date of diagnosis is `diagnosis_date`, else the first of July of `diagnosis_year`. Age at diagnosis is the time from
    `birth_date`, else `age` in years (of the table's days). Every dimension of the table is a column of the same name.

    Raises
    ------
    UsageError
        If the endpoint is not death of any cause, or time is counted from a landmark.
    InputError
        If one of these is not there or missing in some rows, if ages cannot be years, if follow-up ends before diagnosis by its dates, or,
        where the table refuses, if follow-up leaves it.

    Warns
    -----
    DataWarning
        Of whole years of age, of follow-up beyond the table (person-years are counted), of dates known in part, and of ages that
        dates of birth contradict.
    """
    _refuse_other_clocks(cohort)
    groups = known_groups(cohort, by)
    date, age = date_and_age(cohort, table.days_per_year)
    strata = table.strata(cohort.frame, cohort.repeats)
    paths = LifeTablePaths(table.daily, table.year_cuts, table.age_cuts, _one_or_small(strata), _on_the_clock(table, date, age), age)
    per_year = cohort.clock.per_year if cohort.time_unit == "days" else table.days_per_year
    entry, exit_ = _days(cohort, per_year)
    followed = Followed(
        paths, entry, exit_, cohort.events().astype(np.int8, copy=False), groups.small, groups.labels, per_year, date,
        np.arange(len(date), dtype=np.int32), cohort.repeats)
    _tell_outside(followed, table)
    return followed


def cells_to_follow(cohort: Cohort | CohortScan, life_table: str | LifeTable, *by: str | Sequence[str] | None) -> Cohort:
    """Give a cohort back as it is, and of a scan its distinct rows of follow-up, these columns and what `follow` reads, counted.

    They are few where `age` is in whole years and `diagnosis_year` the only date. Dates of the end of follow-up are held against the
    diagnosis only where that has a date itself.
    """
    if not isinstance(cohort, CohortScan):
        return cells_of(cohort)
    dates = ("diagnosis_date", *ENDS) if "diagnosis_date" in cohort.source.names else ()
    read = (*dates, "diagnosis_year", "birth_date", "age", *life_table_of(life_table).dimensions)
    return cells_of(cohort, names_in(*by, [name for name in read if name in cohort.source.names]))


def _one_or_small(numbers: np.ndarray) -> np.ndarray:
    """Give whole numbers, 0 or more, in as little room as they need: one number, read n times, where they are all the same."""
    if len(numbers) and (numbers == numbers[0]).all():
        return np.broadcast_to(numbers[:1].copy(), numbers.shape)
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))


def _on_the_clock(table: LifeTable, date: np.ndarray, age: np.ndarray) -> np.ndarray:
    if table.year_advances == "calendar":
        return date
    moved = np.empty(len(date))
    for own in in_slices(len(date)):
        moved[own] = table.on_the_clock(date[own] - age[own], date[own])
    return moved


def _days(cohort: Cohort, per_year: float) -> tuple[np.ndarray, np.ndarray]:
    """Give entry and exit of each row in days, entry -1 from the origin."""
    times = cohort.active
    last = max(int(times.exit.max()), int(times.entry.max()) if times.enters_late else 0)
    days = np.round(cohort.clock.years(np.arange(last + 1)) * per_year, 6)
    entry = np.append(days, -1.0)[times.small_entry] if times.enters_late else np.broadcast_to(-1.0, times.exit.shape)
    return entry, days[times.small_exit]


def _refuse_other_clocks(cohort: Cohort) -> None:
    """Refuse what a life table cannot be held against: endpoints other than death, and time that does not begin at diagnosis."""
    if cohort.endpoint in NOT_DEATH:
        way = "take cohort.with_endpoint('overall')" if "overall" in cohort.endpoints else "make a cohort of follow-up to death"
        raise UsageError(f"a life table expects deaths of any cause, and the endpoint is {cohort.endpoint!r}: {way}")
    if cohort.ledger.frame["rule"].str.startswith("landmark at ").any():
        raise UsageError("a life table is followed from diagnosis, and time is counted from a landmark: take the cohort before cohort.landmark")


def coverage(cohort: Cohort, table: str | LifeTable) -> pd.DataFrame:
    """Give the person-years of follow-up inside the life table and beyond it: `where, person_years, share, rule`.

    `where` is `inside`, `before the first year`, `after the last year`, `below the first age` or `above the last age`; a day beyond
    both in time and in age counts as beyond in time. The table ends where its last year and last age do; these are as long as those
    before them, and an open age (85+) has no end. Person-years are of the table's days; `share` is of all follow-up.
    """
    table = life_table_of(table)
    cohort = cells_to_follow(cohort, table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return _coverage(follow(cohort, replace(table, beyond="hold")), table)


def _coverage(followed: Followed, table: LifeTable) -> pd.DataFrame:
    days = np.zeros(5)
    for own in in_slices(len(followed.exit)):
        days += _days_within(followed, own, table)
    where = ["inside", "before the first year", "after the last year", "below the first age", "above the last age"]
    held = " and ".join(f"a rate holds until the next {name} given" for name in table.held)
    return pd.DataFrame({
        "where": where, "person_years": days / table.days_per_year, "share": days / max(days.sum(), 1e-300),
        "rule": [held, *[{"hold": "the nearest rate holds", "refuse": "refused"}[table.beyond]] * 4]})


def _days_within(followed: Followed, own: slice, table: LifeTable) -> np.ndarray:
    """Give the days of some rows inside the table, before and after its years, under and over its ages; shape (5,)."""
    start, stop, date, age = np.maximum(followed.entry[own], 0.0), followed.exit[own], followed.paths.date[own], followed.paths.age[own]
    n = 1.0 if followed.repeats is None else followed.repeats[own]
    in_time = date.min() >= table.year_cuts[0] and (date + stop).max() <= table.year_end
    if in_time and age.min() >= table.age_cuts[0] and (age + stop).max() <= table.age_end:
        return np.array([(n * np.maximum(stop - start, 0.0)).sum(), 0.0, 0.0, 0.0, 0.0])
    before, after = _overlap(start, stop, -np.inf, table.year_cuts[0] - date), _overlap(start, stop, table.year_end - date, np.inf)
    low, high = np.maximum(start, table.year_cuts[0] - date), np.minimum(stop, table.year_end - date)
    young, old = _overlap(low, high, -np.inf, table.age_cuts[0] - age), _overlap(low, high, table.age_end - age, np.inf)
    inside = np.maximum(stop - start, 0.0) - before - after - young - old
    return np.array([(n * each).sum() for each in (inside, before, after, young, old)])


def _overlap(start: np.ndarray, stop: np.ndarray, low: np.ndarray | float, high: np.ndarray | float) -> np.ndarray:
    return np.maximum(np.minimum(stop, high) - np.maximum(start, low), 0.0)


def _tell_outside(followed: Followed, table: LifeTable) -> None:
    report = _coverage(followed, table).iloc[1:]
    beyond = report[report["person_years"] > 1e-6]
    if not len(beyond):
        return
    told = ", ".join(f"{format_number(row.person_years, 1)} {row.where}" for row in beyond.itertuples())
    share = f"{format_number(100 * beyond['share'].sum(), 2)}% of follow-up, in person-years: {told}"
    if table.beyond == "refuse":
        raise InputError(f"follow-up leaves the life table {table.name} ({share}): end follow-up earlier, or read the table with beyond='hold'")
    warnings.warn(f"follow-up goes beyond the life table {table.name} ({share}): the nearest rate holds there", DataWarning, stacklevel=4)
