"""The cohort: a checked frame that does not change, where it came from, and its ledger of exclusions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import InputError, UsageError, unknown_name
from ..units import DAYS_PER_YEAR, units_per_year
from . import intake
from .causes import Causes, causes_of
from .clock import Clock
from .grouping import Coded, Groups, as_numbers, coded, cross, level_order
from .identities import written_ids
from .ledger import Ledger
from .origin import Origin
from .own_rule import Rule, as_rule, judged
from .patients import Patients, patients_of
from .times import Times

if TYPE_CHECKING:
    from .rules import CohortRule


@dataclass(frozen=True, eq=False, repr=False)
class Cohort:
    """Patients with follow-up to one active endpoint; made by `Cohort.from_frame` or a source, never changed.

    Attributes
    ----------
    ledger : Ledger
        Every step from the source to these patients, counted.
    endpoint : str
        The active endpoint.
    synthetic : bool
        Whether the patients were made by a program; every output then says so.
    warnings : tuple of str
        What was odd in the data when they were read.
    repeats : int64 array, shape (n,), or None
        How many identical patients each row stands for, where the rows are the distinct ones of a scan; None for one each.
    """

    frame: pd.DataFrame
    times: Mapping[str, Times]
    endpoint: str
    ledger: Ledger
    causes: tuple[str, ...] = ()
    declared_levels: Mapping[str, tuple] = field(default_factory=dict)
    synthetic: bool = False
    origin: Origin = Origin()
    warnings: tuple[str, ...] = ()
    repeats: np.ndarray | None = None

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, columns: Mapping[str, str] | None = None, time_unit: str | None = None, *, causes: Mapping | None = None,
        levels: Mapping[str, Sequence] | None = None, endpoint: str = "overall", days_per_year: float = DAYS_PER_YEAR,
        synthetic: bool = False, origin: Origin = Origin(), repeats: np.ndarray | None = None,
    ) -> Cohort:
        """Check a frame of follow-up and make a cohort of it.

        Parameters
        ----------
        frame
            One row a patient, or non-overlapping pieces of follow-up.
        columns
            Canonical name -> the frame's name. A mapped column wins; an unmapped column with a canonical name is used under
            that name; every other column is kept.
        time_unit
            Unit of the columns mapped to years and entry_years: `days`, `months` or `years`.
        causes
            Code -> word of the causes (`none` for censored). Without a cause column the event column holds the codes.
        levels
            Column -> its levels, the reference first.
        endpoint
            What the event is: `overall`, `breast-cancer`, `disease-free`, `distant-disease-free`, `recurrence`, or your own word.
            Columns named as `recurrence_years` and `recurrence_event` give further endpoints.
        days_per_year
            Days in a year, where the unit is days.
        synthetic
            Whether the patients were made by a program.
        origin
            Where the frame came from.
        repeats
            How many identical patients each row stands for, where rows are the distinct ones of a scan; None for one each.

        Raises
        ------
        InputError
            With every problem of the frame at once; rows are numbered from 1, values are not shown.
        UsageError
            If no unit, or an unknown one, is given.

        Warns
        -----
        DataWarning
            If the median follow-up lies outside 0.2 to 40 years, or the longest outside 2 to 80: a mistaken unit, perhaps.

        >>> Cohort.from_frame(pd.DataFrame({"t": [30, 61], "d": [1, 0]}), {"years": "t", "event": "d"}, "months")
        Cohort of 2 patients: endpoint overall, 1 event, follow-up in months
        """
        from .build import build

        if time_unit is None:
            raise UsageError('in what unit is the follow-up? Say time_unit="days", "months" or "years"')
        return build(
            frame, dict(columns or {}), time_unit, units_per_year(time_unit, days_per_year),
            causes=causes, levels=levels or {}, endpoint=intake.known_endpoint(endpoint), synthetic=synthetic, origin=origin, repeats=repeats)

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        n, events = self.n_patients, self.whose.count_rows(self.active.event == 1)
        made = "synthetic, " if self.synthetic else ""
        return f"Cohort of {n} patient{'s' * (n != 1)}: {made}endpoint {self.endpoint}, {events} event{'s' * (events != 1)}, follow-up in {self.time_unit}"

    @property
    def rows(self) -> pd.DataFrame:
        """The rows under their canonical names: a copy, free to be changed."""
        rows = self.frame.copy(deep=True)
        rows["patient_id"] = written_ids(rows["patient_id"].to_numpy())
        return rows

    @property
    def active(self) -> Times:
        """Follow-up to the active endpoint, in ticks."""
        return self.times[self.endpoint]

    @property
    def clock(self) -> Clock:
        """What the ticks of the active endpoint mean."""
        return self.active.clock

    @property
    def time_unit(self) -> str:
        """The unit in which follow-up was given."""
        return self.clock.unit

    @property
    def entry_ticks(self) -> np.ndarray:
        """When each row comes under observation, int64; -1 from the origin."""
        return self.active.entry

    @property
    def exit_ticks(self) -> np.ndarray:
        """When each row's follow-up ends, int64."""
        return self.active.exit

    @cached_property
    def whose(self) -> Patients:
        """Which rows are of one patient, and how many patients a row stands for."""
        in_pieces = any(times.enters_late for times in self.times.values())
        return patients_of(self.frame["patient_id"], self.repeats, in_pieces)

    @cached_property
    def n_patients(self) -> int:
        """Patients (a patient whose follow-up is in pieces counts once)."""
        return self.whose.count()

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The endpoints that `with_endpoint` can give."""
        derived = ("breast-cancer",) if "breast-cancer" in self.causes and self.endpoint == "overall" else ()
        return tuple(dict.fromkeys((*self.times, *derived)))

    @property
    def levels(self) -> Mapping[str, tuple[str, ...]]:
        """The levels of every column that is not a number, and of those declared; the first is the reference."""
        names = [name for name in self.frame.columns if self.has_levels(name)]
        return MappingProxyType({name: level_order(self.frame[name], self.declared_levels) for name in names})

    def has_levels(self, name: str) -> bool:
        """Say whether a column is one of levels: no number, or with levels declared."""
        return name in self.declared_levels or self._is_categorical(name)

    def _is_categorical(self, name: str) -> bool:
        dtype, kinds = self.frame[name].dtype, pd.api.types
        categorical = isinstance(dtype, pd.CategoricalDtype) or dtype == object or kinds.is_bool_dtype(dtype) or kinds.is_string_dtype(dtype)
        return name not in intake.CORE and categorical

    def column(self, name: str) -> pd.Series:
        """Give a column (not to be changed), or raise InputError with the nearest name."""
        if name not in self.frame:
            raise InputError(unknown_name("column", name, self.frame.columns))
        return self.frame[name]

    def groups(self, by: str | Sequence[str] | None = None) -> Groups:
        """Sort the rows into the groups of one or several columns; None gives the one group `all`."""
        names = () if by is None else (by,) if isinstance(by, str) else tuple(by)
        if len(set(names)) < len(names):
            raise UsageError(f"a column stands twice in the grouping: {', '.join(names)}")
        return cross([self.coded(name) for name in names], len(self))

    def coded(self, name: str) -> Coded:
        """Give a column as places in the order of its levels, found once and kept, as a cohort does not change."""
        if name not in self._coded:
            self._coded[name] = coded(self.column(name), self.declared_levels, self.repeats)
        return self._coded[name]

    @cached_property
    def _coded(self) -> dict[str, Coded]:
        return {}

    @cached_property
    def ends(self) -> Causes:
        """How each row's follow-up ends, by cause."""
        return causes_of(self.active.event, self.coded("cause") if "cause" in self.frame else None, self.causes)

    def events(self, cause: str | None = None) -> np.ndarray:
        """Give 0/1 a row (int8): the endpoint's event, or only those of one cause, the others censored.

        Raises
        ------
        UsageError
            If the cohort knows no such cause.
        InputError
            If an event has no cause, or one that was not declared.
        """
        return self.active.event if cause is None else self.endings((cause,))

    def endings(self, causes: Sequence[str]) -> np.ndarray:
        """Give how each row ends (small integers): 0 censored or another cause, else 1 and up, the place of its cause in `causes`.

        Raises
        ------
        UsageError
            If the cohort knows no such cause.
        InputError
            If an event has no cause, or one that was not declared.
        """
        known = [word for word in self.causes if word != "none"]
        for cause in causes:
            if cause not in known:
                raise UsageError(unknown_name("cause", cause, known))
        self.column("cause")
        if self.ends.unclear is not None:
            n_unclear, n_event = (self.whose.count_rows(rows) for rows in (self.ends.unclear, self.active.event == 1))
            raise InputError(f"{n_unclear} of {n_event} events have no declared cause: declare their codes with causes=, or leave them out by a rule")
        return self.ends.places([known.index(cause) for cause in causes])

    def model_frame(self, names: Sequence[str], rows: np.ndarray | slice = slice(None)) -> pd.DataFrame:
        """Give columns as a model takes them, of some rows (their positions): categoricals in level order (levels that occur), numbers as floats."""
        columns = {}
        for name in names:
            values = self.column(name)
            if self.has_levels(name):
                groups = self.coded(name).groups
                columns[name] = pd.Categorical.from_codes(groups.small[rows], categories=list(groups.labels))
            else:
                columns[name] = as_numbers(values.iloc[rows])
        return pd.DataFrame(columns, index=self.frame.index[rows])

    def where(self, rule: Rule | Callable[[pd.DataFrame], pd.Series] | pd.Series | np.ndarray | str, reason: str = "") -> Cohort:
        """Keep the rows that a rule keeps, and write the step into the ledger.

        Parameters
        ----------
        rule
            A `Rule`, a function of the rows that gives one boolean a row, such booleans themselves, a condition in words of the
            columns, as ``"age >= 18"``, or the name of a cohort rule, as ``"female"`` (a column of booleans of that name goes first).
        reason
            Why the others are left out, where the rule does not say it itself.
        """
        if isinstance(rule, str) and self._names_a_rule(rule):
            from .selecting import select_one

            return select_one(self, rule, reason)
        rule = as_rule(rule, reason)
        return self._keep(judged(rule, self.rows), rule.name, rule.reason or f"not {rule.name}")

    def _names_a_rule(self, words: str) -> bool:
        from .rules import find_rule

        return find_rule(words) is not None and not (words in self.frame and pd.api.types.is_bool_dtype(self.frame[words]))

    def _keep(self, mask: np.ndarray, name: str, reason: str) -> Cohort:
        return self._with_rows(mask, self.ledger.then(name, reason, self.whose.count(mask)))

    def _with_rows(self, mask: np.ndarray, ledger: Ledger) -> Cohort:
        if mask.all():
            return replace(self, ledger=ledger)
        times = {endpoint: each.take(mask) for endpoint, each in self.times.items()}
        repeats = None if self.repeats is None else self.repeats[mask]
        return replace(self, frame=self.frame.loc[mask].reset_index(drop=True), times=times, ledger=ledger, repeats=repeats)

    def select(
        self, rules: str | Rule | CohortRule | Sequence[str | Rule | CohortRule] = "default", *, without: str | Sequence[str] = (),
        zero_follow_up: str | None = None,
    ) -> Cohort:
        """Keep the patients that named cohort rules keep; every rule is a step of the ledger, by its name and in order.

        Parameters
        ----------
        rules
            The name of a set (`default`, `itc-micro`, `itc-micro-primary`, `macro-explicit`), of a rule, a `Rule` of your own, or a
            sequence of these; `cohort_rules` lists them. A rule that stands twice is applied once.
        without
            Rules of these to leave out, by name; the ledger says so.
        zero_follow_up
            What becomes of a follow-up of zero afterwards; see `with_zero_follow_up`. None: nothing is done.

        Raises
        ------
        UsageError
            If there is no such rule or set.
        InputError
            If a rule asked for by its own name needs a column that is not there (within a set, the step says "not checked"), if a column
            holds none of the dictionary's words, or if nothing tells whether systemic treatment came before surgery.

        >>> women = pd.DataFrame({"t": [30, 61, 44], "d": [1, 0, 0], "sex": ["female", "male", "female"], "laterality": ["left", "left", None]})
        >>> cohort = Cohort.from_frame(women, {"years": "t", "event": "d"}, "months")
        >>> cohort.select(["female", "unilateral"]).ledger.frame["reason"].tolist()
        ['patients read', 'sex is male or other (1)', 'side is not recorded (1)']
        """
        from .selecting import select

        selected = select(self, rules, without)
        return selected if zero_follow_up is None else selected.with_zero_follow_up(zero_follow_up)

    def with_zero_follow_up(self, choice: str) -> Cohort:
        """Say what becomes of a follow-up of zero; the choice is a step of the ledger, also where nobody has one.

        Parameters
        ----------
        choice
            `keep`: as it is. `half`: half a unit of time (half a month, half a day) at every endpoint; where times are finer than the
            unit, half of the shortest time above zero if that is less, so that nobody is overtaken. `drop`: left out (at the active
            endpoint). `complete-dates`: only patients whose `survival_flag` says complete dates and more than zero days are kept, as
            users of SEER do: with incomplete dates the months were filled in, so a patient "not zero days" has a survival that is known
            only within a year. A zero that is kept so is a true follow-up of less than a month; `half` may follow.

        Raises
        ------
        UsageError
            If there is no such choice.
        InputError
            If dates are asked for and the cohort has no column `survival_flag`.
        """
        from .zero_follow_up import with_zero_follow_up

        return with_zero_follow_up(self, choice)

    def with_columns(self, frame: pd.DataFrame) -> Cohort:
        """Add columns, or replace some that are neither follow-up nor identity; one row for each row, in the same order.

        Raises
        ------
        UsageError
            If the number of rows differs, or a column of follow-up or identity would be replaced.
        """
        if len(frame) != len(self):
            raise UsageError(f"{len(frame)} rows were given for a cohort of {len(self)}: give one row for each, in the same order")
        fixed = [name for name in frame.columns if name in intake.CORE]
        if fixed:
            raise UsageError(f"{', '.join(fixed)} cannot be replaced in a cohort: make a new one with Cohort.from_frame")
        added = {name: frame[name].array for name in frame.columns}
        return replace(self, frame=self.frame.assign(**added))

    def split_at(self, years: float | Sequence[float], name: str = "period") -> Cohort:
        """Cut follow-up at years above 0: a row a piece (entry, exit], and an ordered column of periods, as `0 to 2 years`, `2 years on`.

        An event at a cut belongs to the period that ends there. The same patients, to the active endpoint alone; curves and counts are
        unchanged. A hazard ratio for each period is ``CoxModel("node:period + age", strata="period")``. UsageError if the column exists.
        """
        from .time_split import split_at

        return split_at(self, years, name)

    def with_endpoint(self, name: str) -> Cohort:
        """Give the same patients with another active endpoint; those without follow-up to it are left out and counted.

        Raises
        ------
        UsageError
            If the cohort has no such endpoint (the message says which it has).
        """
        from .endpoints import with_endpoint

        return with_endpoint(self, name)

    def landmark(self, years: float) -> Cohort:
        """Follow only those under observation and free of the event at `years`, time counted from there; the others are counted.

        Groups known by then may be compared so without immortal time (Anderson, Cain and Gelber 1983, J Clin Oncol 1:710).

        Raises
        ------
        UsageError, InputError
            If the time is not above 0, or nobody is left.
        """
        from .landmark import landmark

        return landmark(self, years)
