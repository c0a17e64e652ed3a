"""What a source makes of its files, and the one way from there to a cohort."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import pandas as pd

from ..cohort import Cohort, InputFile, Ledger, Origin, Rule
from ..cohort.build import build
from ..errors import DataWarning, InputError, UsageError, unknown_name
from ..nodes import Evidence, Policy, classify_frame, policy_of, summarise
from ..units import units_per_year
from .delimited import TextTable


_LISTED = 6  # files that are named one by one


@dataclass(frozen=True)
class Wishes:
    """What a user may ask of any source that has a layout.

    Attributes
    ----------
    columns : Mapping of str to str
        Our name -> the file's, where the file uses a name of its own.
    codes : Mapping of str to Mapping
        Our name -> the file's code or label -> our word, put over the source's table.
    keep : tuple of str
        Further columns of the file, kept under their own names as text.
    policy : str or Policy, optional
        How what the nodal evidence leaves open is settled; where nothing is said, as the source does it (`policy_or`).
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    policy: str | Policy | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "keep", (self.keep,) if isinstance(self.keep, str) else tuple(self.keep))
        object.__setattr__(self, "policy_is_named", self.policy is not None)
        object.__setattr__(self, "policy", policy_of("default" if self.policy is None else self.policy))

    def policy_or(self, usual: Policy) -> Policy:
        """Give the policy that was asked for, else the one that is usual for a source."""
        return self.policy if self.policy_is_named else usual

    @classmethod
    def of(cls, options: Mapping[str, object], own: Sequence[str] = ()) -> Wishes:
        """Make them of the options that a source does not know itself; `own` are those it knows.

        Raises
        ------
        UsageError
            If there is no such option.
        """
        known = [each.name for each in fields(cls)]
        for name in options:
            if name not in known:
                raise UsageError(unknown_name("option", name, [*own, *known]))
        return cls(**options)


@dataclass(frozen=True)
class Selection:
    """Which cohort rules are applied to what was read: sets or rules by name, those left out of a set, and what becomes of a follow-up of zero."""

    rules: tuple[str | Rule, ...] = ()
    without: tuple[str, ...] = ()
    zero_follow_up: str | None = None

    def __post_init__(self) -> None:
        for name in ("rules", "without"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, (str, Rule)) else tuple(given))

    def of(self, cohort: Cohort) -> Cohort:
        """Apply it, each rule a step of the ledger."""
        if not self.rules and self.zero_follow_up is None:
            return cohort
        return cohort.select(self.rules, without=self.without, zero_follow_up=self.zero_follow_up)


@dataclass(frozen=True, eq=False)
class LeftOut:
    """A step before there is a cohort: rows that do not stand for a patient of their own."""

    rule: str
    reason: str
    keep: np.ndarray


@dataclass(frozen=True, eq=False)
class Reading:
    """What a source made of its files: a row for each of their rows, in our words; nobody has been left out yet.

    Attributes
    ----------
    source : str
        The source by name.
    files : tuple of InputFile
        What was read.
    frame : DataFrame
        Columns of the dictionary (follow-up `years` in `time_unit`), and whatever the user keeps; follow-up, event and identity may be missing.
    evidence : DataFrame
        Text from which the nodes are classified, on the same rows.
    nodes : tuple of Evidence
        What that text is.
    steps : tuple of LeftOut
        Rows to be left out before there is a cohort, in order.
    time_unit, endpoint, days_per_year, synthetic, citation, notes
        As of a cohort and its origin.
    said : tuple of str
        Warnings.
    policy : Policy
        How what the nodal evidence leaves open is settled.
    causes, levels
        Declared codes of causes, and order of levels, as `Cohort.from_frame` takes them.
    strict : bool
        Whether a missing follow-up or event is an error, as in a file of the user's own; else such rows are left out and counted.
    selection : Selection
        Cohort rules asked for with the file.
    words : callable
        Puts a message about our columns into the words of the file.
    repeats : int64 array, optional
        How many identical rows of the files each row stands for, where these are the distinct rows of a scan.
    """

    source: str
    files: tuple[InputFile, ...]
    frame: pd.DataFrame
    evidence: pd.DataFrame
    nodes: tuple[Evidence, ...]
    time_unit: str
    steps: tuple[LeftOut, ...] = ()
    endpoint: str = "overall"
    days_per_year: float = 365.25
    synthetic: bool = False
    citation: str = ""
    notes: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    policy: Policy = field(default_factory=lambda: policy_of("default"))
    causes: Mapping[str, str] | None = None
    levels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    strict: bool = False
    selection: Selection = Selection()
    words: Callable[[str], str] = str
    repeats: np.ndarray | None = None

    @property
    def kept(self) -> np.ndarray:
        """Tell which rows the steps leave."""
        return np.logical_and.reduce([np.ones(len(self.frame), dtype=bool), *(step.keep for step in self.steps)])

    def classified(self) -> Reading:
        """Give the same with the nodal category, and how it came about, beside each row."""
        if not self.nodes or "nodal_category" in self.frame:
            return self
        nodal = classify_frame(self.evidence, self.nodes, self.policy)
        found = summarise(nodal if self.kept.all() else nodal[self.kept], self.policy, repeats=self.repeats)
        sources = ", ".join(f"{getattr(one.system, 'name', one.system)} (column {one.column})" for one in self.nodes)
        notes = (*self.notes, f"The nodal category was classified from {sources} by the policy {found.policy.words}.", *found.notes())
        frame = self.frame.copy(deep=False)  # a million rows are too many to copy for seven columns more
        for name in nodal:
            frame[name] = nodal[name]
        return replace(self, frame=frame, notes=notes)


def input_file(table: TextTable) -> InputFile:
    """Give the line of a table in the list of what was read."""
    return InputFile(table.name, table.sha256, len(table.frame))


def first_rows(values: pd.Series) -> np.ndarray:
    """Keep the first row of each patient; a row whose patient is not named stands for itself.

    >>> first_rows(pd.Series(["a", "a", None, None])).tolist()
    [True, False, True, True]
    """
    return (~values.duplicated() | values.isna()).to_numpy()


def cohort_of_reading(reading: Reading) -> Cohort:
    """Make the cohort: leave out and count, classify the nodes, ask for follow-up, check.

    Raises
    ------
    InputError
        If nobody is left, or the rows are no cohort.
    """
    try:
        read = reading.classified()
    except InputError as problem:
        raise InputError(f"{_files(reading)}: {reading.words(str(problem))}") from problem
    for sentence in read.said:
        warnings.warn(f"{_files(read)}: {sentence}", DataWarning, stacklevel=4)
    kept, steps = np.ones(len(read.frame), dtype=bool), []
    for step in (*read.steps, *([] if read.strict else [_survival_known(read.frame, read.kept)])):
        after = kept & step.keep
        if (kept & ~step.keep).any():
            steps.append((step.rule, step.reason, int(after.sum())))
        kept = after
    if not kept.any():
        listed = "; ".join(f"{rule}: {n} left" for rule, _, n in steps)
        raise InputError(f"{_files(read)}: of {len(kept)} rows nobody is left ({listed}): is {read.source!r} the right source?")
    frame = read.frame if kept.all() else read.frame.loc[kept].reset_index(drop=True)
    origin = Origin(source=read.source, files=read.files, citation=read.citation, notes=read.notes)
    try:
        cohort = build(
            frame if read.strict else _with_cause_specific(frame), {}, read.time_unit, units_per_year(read.time_unit, read.days_per_year),
            causes=read.causes, levels=read.levels, endpoint=read.endpoint, synthetic=read.synthetic, origin=origin, repeats=read.repeats,
            copied=False)  # the frame was made here, and nobody changes it
    except InputError as problem:
        raise InputError(f"{_files(read)}: {read.words(str(problem))}") from problem
    cohort = replace(cohort, ledger=_ledger(read, steps, cohort), warnings=(*read.said, *cohort.warnings))
    return read.selection.of(cohort)


def _files(reading: Reading) -> str:
    return ", ".join(repr(each.name) for each in reading.files) if len(reading.files) <= _LISTED else files_in_words([each.name for each in reading.files])


def files_in_words(names: Sequence[str]) -> str:
    """List files; where they are many, say how many.

    >>> files_in_words(["a.csv", "b.csv"]), files_in_words([f"part{place}.parquet" for place in range(10)])
    ('a.csv, b.csv', '10 files, part0.parquet to part9.parquet')
    """
    return ", ".join(names) if len(names) <= _LISTED else f"{len(names)} files, {names[0]} to {names[-1]}"


def _survival_known(frame: pd.DataFrame, kept: np.ndarray) -> LeftOut:
    """Ask for follow-up and an event; those without are counted, never taken as censored."""
    no_time, no_event = (frame[name].isna().to_numpy() if name in frame else np.ones(len(frame), dtype=bool) for name in ("years", "event"))
    n_time, n_event = int((no_time & kept).sum()), int((no_event & ~no_time & kept).sum())
    reasons = [f"{words} ({n})" for words, n in (("no length of follow-up", n_time), ("no vital status", n_event)) if n]
    return LeftOut("survival known", ", ".join(reasons), ~(no_time | no_event))


def _with_cause_specific(frame: pd.DataFrame) -> pd.DataFrame:
    """Where some causes of death are not known, give death of breast cancer as an endpoint of its own, to which those patients have no follow-up."""
    if "cause" not in frame or "breast_cancer_event" in frame:
        return frame
    dead, unclear = (frame["event"] == 1).to_numpy(), frame["cause"].isna().to_numpy()
    if not (dead & unclear).any() or not (frame["cause"] == "breast-cancer").any():
        return frame
    event = np.where(dead & unclear, np.nan, (frame["cause"] == "breast-cancer").to_numpy(dtype=float))
    return frame.assign(breast_cancer_years=np.where(np.isnan(event), np.nan, frame["years"]), breast_cancer_event=event)


def _ledger(reading: Reading, steps: Sequence[tuple[str, str, int]], cohort: Cohort) -> Ledger:
    """Begin the ledger with the rows of the file, and go on with what was left out before there was a cohort."""
    n = len(reading.frame) if reading.repeats is None else int(reading.repeats.sum())
    n_patients = cohort.ledger.steps[0].n_after
    n_before = steps[-1][2] if steps else n
    pieces = "" if n_before == n_patients else f", pieces of the follow-up of {n_patients} patients"
    ledger = Ledger().then("read", f"{n} rows of {files_in_words([each.name for each in reading.files])}{pieces}", n if steps else n_patients)
    for rule, reason, n_after in steps:
        ledger = ledger.then(rule, reason, n_after)
    for step in cohort.ledger.steps[1:]:
        ledger = ledger.then(step.rule, step.reason, step.n_after)
    return ledger
