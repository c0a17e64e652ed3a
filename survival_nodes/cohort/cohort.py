"""The cohort: a checked frame that does not change, where it came from, and its ledger of exclusions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import InputError, UsageError, unknown_name
from ..units import DAYS_PER_YEAR, units_per_year
from . import intake
from .clock import Clock
from .grouping import Groups, as_numbers, group_rows, level_codes, level_order
from .intake import Times, endpoint_columns
from .ledger import Ledger
from .origin import Origin

if TYPE_CHECKING:
    from .rules import CohortRule


@dataclass(frozen=True)
class Rule:
    """A named exclusion: who is kept (a function of the rows that gives one boolean a row), and why the others are not."""

    name: str
    keep: Callable[[pd.DataFrame], pd.Series]
    reason: str = ""


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

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, columns: Mapping[str, str] | None = None, time_unit: str | None = None, *, causes: Mapping | None = None,
        levels: Mapping[str, Sequence] | None = None, endpoint: str = "overall", days_per_year: float = DAYS_PER_YEAR,
        synthetic: bool = False, origin: Origin = Origin(),
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
            causes=causes, levels=levels or {}, endpoint=intake.known_endpoint(endpoint), synthetic=synthetic, origin=origin)

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        n, events = self.n_patients, int(self.active.event.sum())
        made = "synthetic, " if self.synthetic else ""
        return f"Cohort of {n} patient{'s' * (n != 1)}: {made}endpoint {self.endpoint}, {events} event{'s' * (events != 1)}, follow-up in {self.time_unit}"

    @property
    def rows(self) -> pd.DataFrame:
        """The rows under their canonical names: a copy, free to be changed."""
        return self.frame.copy(deep=True)

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

    @property
    def n_patients(self) -> int:
        """Patients (a patient whose follow-up is in pieces counts once)."""
        return int(self.frame["patient_id"].nunique())

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The endpoints that `with_endpoint` can give."""
        derived = ("breast-cancer",) if "breast-cancer" in self.causes and self.endpoint == "overall" else ()
        return tuple(dict.fromkeys((*self.times, *derived)))

    @property
    def levels(self) -> Mapping[str, tuple[str, ...]]:
        """The levels of every column that is not a number, and of those declared; the first is the reference."""
        names = [name for name in self.frame.columns if name in self.declared_levels or self._is_categorical(name)]
        return MappingProxyType({name: level_order(self.frame[name], self.declared_levels) for name in names})

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
        for name in names:
            self.column(name)
        return group_rows(self.frame, names, self.declared_levels)

    def events(self, cause: str | None = None) -> np.ndarray:
        """Give 0/1 a row (int8): the endpoint's event, or only those of one cause, the others censored.

        Raises
        ------
        UsageError
            If the cohort knows no such cause.
        InputError
            If an event has no cause, or one that was not declared.
        """
        if cause is None:
            return self.active.event
        known = [word for word in self.causes if word != "none"]
        if cause not in known:
            raise UsageError(unknown_name("cause", cause, known))
        words = self.column("cause")
        unclear = (self.active.event == 1) & ~words.isin(known).to_numpy()
        if unclear.any():
            raise InputError(
                f"{int(unclear.sum())} of {int(self.active.event.sum())} events have no declared cause: declare their codes with causes=, "
                "or leave them out by a rule")
        return ((self.active.event == 1) & (words == cause).to_numpy()).astype(np.int8)

    def model_frame(self, names: Sequence[str]) -> pd.DataFrame:
        """Give columns as a model takes them: categoricals in level order (levels that occur), numbers as floats."""
        columns = {}
        for name in names:
            values = self.column(name)
            if name in self.declared_levels or self._is_categorical(name):
                order = level_order(values, self.declared_levels)
                codes = level_codes(values, order)
                present = [level for place, level in enumerate(order) if (codes == place).any()]
                columns[name] = pd.Categorical.from_codes(codes, categories=list(order)).set_categories(present)
            else:
                columns[name] = as_numbers(values)
        return pd.DataFrame(columns, index=self.frame.index)

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
        rule = _as_rule(rule, reason)
        return self._keep(judged(rule, self.rows), rule.name, rule.reason or f"not {rule.name}")

    def _names_a_rule(self, words: str) -> bool:
        from .rules import find_rule

        return find_rule(words) is not None and not (words in self.frame and pd.api.types.is_bool_dtype(self.frame[words]))

    def _keep(self, mask: np.ndarray, name: str, reason: str) -> Cohort:
        return self._with_rows(mask, self.ledger.then(name, reason, int(self.frame["patient_id"][mask].nunique())))

    def _with_rows(self, mask: np.ndarray, ledger: Ledger) -> Cohort:
        if mask.all():
            return replace(self, ledger=ledger)
        times = {endpoint: each.take(mask) for endpoint, each in self.times.items()}
        return replace(self, frame=self.frame.loc[mask].reset_index(drop=True), times=times, ledger=ledger)

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
        if name == self.endpoint:
            return self
        if name not in self.endpoints:
            raise UsageError(unknown_name("endpoint", name, self.endpoints))
        derived = {} if name in self.times else {name: replace(self.active, event=self.events(name))}
        times = {**self.times, **derived}
        wanted, old = times[name], endpoint_columns(self.endpoint)
        frame = self.frame.drop(columns=[column for column in endpoint_columns(name) if column in self.frame])
        frame = frame.rename(columns={"years": old[0], "event": old[1]})
        followed = wanted.exit >= 0
        frame = frame.assign(years=np.where(followed, wanted.clock.years(wanted.exit), np.nan), event=wanted.event)
        moved = replace(self, frame=frame, times=times, endpoint=name)
        return moved if followed.all() else moved._keep(followed, f"endpoint {name}", f"no follow-up to {name}")

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


def judged(rule: Rule, rows: pd.DataFrame) -> np.ndarray:
    """Give the rows that a rule keeps as booleans, or raise UsageError where it gives anything else."""
    try:
        kept = rule.keep(rows)
    except Exception as problem:
        said = f"the rule {rule.name!r} cannot be applied ({type(problem).__name__}); its columns must be among: {', '.join(map(str, rows.columns))}"
        raise UsageError(said) from problem
    if not (isinstance(kept, (pd.Series, np.ndarray)) and len(kept) == len(rows) and pd.api.types.is_bool_dtype(kept)):
        raise UsageError(f"the rule {rule.name!r} must give true or false for each of the {len(rows)} rows, none missing")
    return pd.array(kept, dtype="boolean").fillna(False).to_numpy(dtype=bool)


def _as_rule(rule: Rule | Callable[[pd.DataFrame], pd.Series] | pd.Series | np.ndarray | str, reason: str) -> Rule:
    if isinstance(rule, Rule):
        return rule
    if isinstance(rule, (pd.Series, np.ndarray)):
        return Rule("selected rows", lambda rows: rule, reason or "not selected")
    if isinstance(rule, str):
        return Rule(rule, lambda rows: rows.eval(rule, engine="python"), reason)
    if callable(rule):
        return Rule(getattr(rule, "__name__", "rule"), rule, reason)
    raise UsageError('a rule is a Rule, a function of the rows, one boolean a row, or a condition as "age >= 18"')

