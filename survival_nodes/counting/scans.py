"""A cohort that is never loaded: what it is read from, the steps recorded on it, and the counted cells that estimators ask of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd

from ..cohort import ZERO_FOLLOW_UP, Cohort, CohortRule, Ledger, Origin, Rule
from ..cohort.given import the_cohort
from ..cohort.intake import endpoint_columns
from ..cohort.own_rule import as_rule
from ..cohort.rules import find_rule
from ..cohort.selecting import chosen_rules, names_left_out
from ..columns import ENDPOINTS
from ..errors import UsageError, unknown_name

NEEDS_ROWS = "needs each patient's row, which a scan never loads: read the cohort with read_cohort(...)"
_QUOTED = re.compile(r"`([^`]+)`")
_FOLLOW_UP = ("patient_id", "years", "entry_years", "event", "cause")


@dataclass(frozen=True)
class ScanStep:
    """A step recorded on a scan: what it does to a cohort of cells, the rules that it applies, and further columns that it reads."""

    apply: Callable[[Cohort], Cohort]
    columns: tuple[str, ...] = ()
    rules: tuple[Rule | CohortRule, ...] = ()
    endpoint: str = ""


class CellSource(Protocol):
    """What a scan reads from.

    Attributes
    ----------
    title : str
        The files or the table, and the engine, in words.
    names : tuple of str
        The columns there are, by our names.
    n_rows : int
        Rows of the files.
    endpoint, causes, time_unit, synthetic
        As of a cohort.
    """

    title: str
    names: tuple[str, ...]
    n_rows: int
    endpoint: str
    causes: tuple[str, ...]
    time_unit: str
    synthetic: bool

    def check(self, names: Sequence[str]) -> None:
        """Raise InputError for a column that is not there, or cannot be counted."""
        ...

    def cells(self, columns: Sequence[str], rules: Sequence[Rule | CohortRule]) -> Cohort:
        """Give the distinct rows of follow-up, event, cause, some columns and those of some rules, with how many patients each stands for.

        A column that only the rules read may hold any value by which every rule judges the patients of a row as it does by their own.
        """
        ...


@dataclass(frozen=True, eq=False, repr=False)
class CohortScan:
    """A cohort that stays in its files: rules are recorded, and an estimator that needs only counts gets them counted; made by `scan_cohort`.

    `KaplanMeier`, `LogRank`, `RestrictedMean`, `AalenJohansen`, `GrayTest`, `FollowUp`, `PersonYears`, `Bootstrap` of these, `CoxModel`,
    `ProportionalHazards` and `FineGray` with covariates of few values, `NetSurvival`, `ExpectedDeaths`, `LifeExpectancy`, `NonInferiority` and
    `Worse` take a scan where they take a cohort, and give the same numbers.

    Attributes
    ----------
    source : CellSource
        What is scanned.
    steps : tuple of ScanStep
        What was recorded, in order.
    """

    source: CellSource
    steps: tuple[ScanStep, ...] = ()

    def cells(self, columns: str | Sequence[str] | None = ()) -> Cohort:
        """Count the distinct combinations of follow-up, event, cause and some columns, and give them as a cohort with `repeats`.

        Meaning, checks and ledger are those of the cohort in memory: the distinct combinations are read as a file's rows are, and the
        recorded rules are applied to them. They have no identity but their place.

        Parameters
        ----------
        columns
            Names of columns, ours or those of the file that are not mapped.

        Raises
        ------
        InputError
            If there is no such column, or the files do not hold what the mapping says.
        UsageError
            If a recorded rule cannot be applied.
        """
        asked = (columns,) if isinstance(columns, str) else tuple(columns or ())
        self.source.check(asked)
        if "patient_id" in asked:
            raise UsageError(f"patient_id {NEEDS_ROWS}")
        read = dict.fromkeys([*asked, *(name for step in self.steps for name in step.columns if name in self.source.names)])
        cohort = self.source.cells([name for name in read if name not in _FOLLOW_UP], [rule for step in self.steps for rule in step.rules])
        for step in self.steps:
            cohort = step.apply(cohort)
        return cohort

    def select(
        self, rules: str | Rule | CohortRule | Sequence[str | Rule | CohortRule] = "default", *, without: str | Sequence[str] = (),
        zero_follow_up: str | None = None,
    ) -> CohortScan:
        """Record a selection by cohort rules, as `Cohort.select` makes it; a `Rule` of your own names the columns that it reads.

        Raises
        ------
        UsageError
            If there is no such rule or set, or a `Rule` does not say which columns it reads.
        """
        rules = [_row_by_row(rule) if isinstance(rule, Rule) else rule for rule in ([rules] if isinstance(rules, (str, Rule, CohortRule)) else rules)]
        chosen = [rule for rule, _ in chosen_rules(rules)]
        left_out = names_left_out(without, [rule.name for rule in chosen])
        judges = [rule for rule in chosen if rule.name not in left_out]
        for rule in judges:
            _columns_of(rule)
        scan = self._then(ScanStep(lambda cohort: cohort.select(rules, without=without), rules=tuple(judges)))
        return scan if zero_follow_up is None else scan.with_zero_follow_up(zero_follow_up)

    def where(self, rule: Rule | str, reason: str = "") -> CohortScan:
        """Record one rule: a condition in words of the columns, as ``"age >= 18"``, the name of a cohort rule, or a `Rule` that names its columns.

        A condition is judged row by row: it compares the values of one patient.

        Raises
        ------
        UsageError
            If it is a function or booleans, which would need each patient's row, or a `Rule` that does not say which columns it reads.
        InputError
            If there is no such column.
        """
        if isinstance(rule, str):
            return self._then(self._step_in_words(rule, reason))
        if not isinstance(rule, Rule):
            raise UsageError(
                f"a {type(rule).__name__} {NEEDS_ROWS}; give a scan a condition in words, as \"age >= 18\", the name of a cohort rule, or "
                'a Rule that names its columns, as Rule("adult", keep, columns=("age",))')
        self.source.check(_columns_of(rule))
        checked = _row_by_row(rule)
        return self._then(ScanStep(lambda cohort: cohort.where(checked, reason), rules=(checked,)))

    def with_zero_follow_up(self, choice: str) -> CohortScan:
        """Record what becomes of a follow-up of zero, as `Cohort.with_zero_follow_up`; UsageError if there is no such choice."""
        if choice not in ZERO_FOLLOW_UP:
            raise UsageError(unknown_name("choice for a follow-up of zero", choice, ZERO_FOLLOW_UP))
        # The ledger says what is done to zeros at the endpoints beside the active one too.
        beside = tuple(name for endpoint in ENDPOINTS for name in endpoint_columns(endpoint)) if choice == "half" else ()
        columns = ("survival_flag",) if choice == "complete-dates" else beside
        return self._then(ScanStep(lambda cohort: cohort.with_zero_follow_up(choice), columns))

    def with_endpoint(self, name: str) -> CohortScan:
        """Record a change of the active endpoint, as `Cohort.with_endpoint`; UsageError if the files tell of no such endpoint."""
        if name == self.endpoint:
            return self
        if name not in self.endpoints:
            raise UsageError(unknown_name("endpoint", name, self.endpoints))
        return self._then(ScanStep(lambda cohort: cohort.with_endpoint(name), endpoint_columns(name), endpoint=name))

    @property
    def endpoint(self) -> str:
        """The active endpoint."""
        return next((step.endpoint for step in reversed(self.steps) if step.endpoint), self.source.endpoint)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The endpoints that `with_endpoint` can give."""
        seen = (self.source.endpoint, *(step.endpoint for step in self.steps if step.endpoint))
        beside = [name for name in ENDPOINTS if set(endpoint_columns(name)) <= set(self.source.names)]
        derived = ["breast-cancer"] if "breast-cancer" in self.causes and self.endpoint == "overall" else []
        return tuple(dict.fromkeys((self.source.endpoint, *beside, *seen, *derived)))

    @property
    def causes(self) -> tuple[str, ...]:
        """The declared words of causes."""
        return self.source.causes

    @property
    def time_unit(self) -> str:
        """The unit in which follow-up was given."""
        return self.source.time_unit

    @property
    def synthetic(self) -> bool:
        """Whether the patients were made by a program."""
        return self.source.synthetic

    @property
    def levels(self) -> ScanLevels:
        """The levels of a column, asked one by one, as ``scan.levels["grade"]``; the first is the reference."""
        return ScanLevels(self)

    @property
    def ledger(self) -> Ledger:
        """Every step from the files to the patients who are left, counted."""
        return self._counted.ledger

    @property
    def origin(self) -> Origin:
        """Where the patients came from."""
        return self._counted.origin

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was odd in follow-up and in what the recorded rules read."""
        return self._counted.warnings

    @property
    def n_patients(self) -> int:
        """Patients that the recorded rules leave."""
        return self._counted.n_patients if self.steps else self.source.n_rows

    @cached_property
    def _counted(self) -> Cohort:
        return self.cells()

    def __len__(self) -> int:
        return self.n_patients

    def __repr__(self) -> str:
        made, n = "synthetic, " if self.synthetic else "", len(self.steps)
        recorded = f", {n} step{'s' * (n != 1)} recorded" if n else ""
        return f"CohortScan of {self.source.title}: {self.source.n_rows} rows, {made}endpoint {self.endpoint}, follow-up in {self.time_unit}{recorded}"

    def __getattr__(self, name: str) -> object:
        if not name.startswith("_") and (hasattr(Cohort, name) or name in Cohort.__dataclass_fields__):
            raise UsageError(f"what is asked ({name} of the cohort) {NEEDS_ROWS}; estimators that only count take a scan")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _step_in_words(self, words: str, reason: str) -> ScanStep:
        named = find_rule(words)
        if named is None:
            condition = _row_by_row(replace(as_rule(words, reason), columns=_names_in(words)))
            self.source.check(condition.columns)
            return ScanStep(lambda cohort: cohort.where(condition), rules=(condition,))
        if words in self.source.names:  # a column of booleans of that name goes first
            return ScanStep(lambda cohort: cohort.where(words, reason), (words, *named.columns))
        return ScanStep(lambda cohort: cohort.where(words, reason), rules=(named,))

    def _then(self, step: ScanStep) -> CohortScan:
        return replace(self, steps=(*self.steps, step))


@dataclass(frozen=True, eq=False)
class ScanLevels:
    """The levels of the columns of a scan, each counted when it is asked for."""

    scan: CohortScan

    def __getitem__(self, name: str) -> tuple[str, ...]:
        """Give the levels of a column that is not a number; KeyError where it is one."""
        return self.scan.cells(name).levels[name]


def cells_of(cohort: Cohort | CohortScan, columns: str | Sequence[str] | None = ()) -> Cohort:
    """Give a cohort back as it is, and the counted cells of a scan, which hold these columns; UsageError for what is neither."""
    return cohort.cells(columns) if isinstance(cohort, CohortScan) else the_cohort(cohort)


def refuse_scan(cohort: Cohort | CohortScan, what: str) -> None:
    """Raise UsageError for a scan: `what`, as "weights 'w'", needs rows; and for what is no cohort at all.

    >>> from survival_nodes import example
    >>> refuse_scan(example("sedmak-1989"), "cluster 'hospital'")
    """
    if isinstance(cohort, CohortScan):
        raise UsageError(f"{what} {NEEDS_ROWS}, or leave it out")
    the_cohort(cohort)


def _columns_of(rule: Rule | CohortRule) -> tuple[str, ...]:
    if not rule.columns:
        raise UsageError(f'the rule {rule.name!r} does not say which columns it reads, as a scan must know: Rule(name, keep, reason, columns=("age",))')
    return tuple(rule.columns)


def _row_by_row(rule: Rule) -> Rule:
    """Give a rule that is refused where it says of some rows by themselves what it does not say of them among all, as one that takes a mean does."""
    def keep(rows: pd.DataFrame) -> pd.Series:
        kept = rule.keep(rows)
        for part in _parts(kept, rows) if isinstance(kept, (pd.Series, np.ndarray)) and len(kept) == len(rows) else ():
            alone = rule.keep(rows.iloc[part].reset_index(drop=True))
            if not pd.Series(kept).iloc[part].reset_index(drop=True).equals(pd.Series(alone).reset_index(drop=True)):
                raise UsageError(f"the rule {rule.name!r} judges a patient by others: it {NEEDS_ROWS}, or write it row by row")
        return kept

    return replace(rule, keep=keep)


def _parts(kept: pd.Series | np.ndarray, rows: pd.DataFrame) -> list[np.ndarray]:
    """Give places of rows to be judged by themselves: every other row, one that is kept and one that is not."""
    places = np.arange(len(rows))
    told = pd.array(kept, dtype="boolean").fillna(False).to_numpy(dtype=bool)
    return [part for part in (places[::2], places[1::2], places[told][:1], places[~told][:1]) if len(part)]


def _names_in(condition: str) -> tuple[str, ...]:
    """Name the columns of a condition; a name in backticks may hold blanks.

    >>> _names_in("age >= 18 and `node status`.notna() and sex.str.startswith('f')")
    ('node status', 'age', 'sex')
    """
    quoted = _QUOTED.findall(condition)
    try:
        tree = ast.parse(_QUOTED.sub("None", condition), mode="eval")
    except SyntaxError as problem:
        raise UsageError(f'the condition {condition!r} is not written as one is, as "age >= 18 and sex == \'female\'"') from problem
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called]
    return tuple(dict.fromkeys([*quoted, *names]))
