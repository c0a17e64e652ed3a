"""The mapping of an own file: which column is which, in what unit, and what its codes mean; in Python or in TOML.

::

    [file]                      # optional: how the text is written
    delimiter = ";"
    encoding = "latin-1"
    decimal = ","
    missing = ["NA", "."]
    keep = ["age", "grade"]     # columns read beside those that are named below; without it all are

    [columns]                   # our name = the file's name; every other column is kept under its own name
    patient_id = "id"
    years = "os_months"
    event = "status"

    [units]
    time = "months"             # required: days, months or years
    age = "years"               # or months, days
    deposit = "mm"              # or cm, um

    [codes.event]               # the file's code = 0 or 1, or a cause of death
    "1" = 0
    "2" = 1
    "9" = ""                    # an empty text: missing

    [codes.er]                  # any column, by our name: the file's code = our word
    pos = "positive"

    [levels]                    # order of the groups, the reference first
    ihc = ["negative", "positive"]

    [nodal]                     # the category from the evidence; [[nodal]] for several pieces
    system = "gdc_path_n"
    column = "pn"               # by the file's names, as every column here
    edition_column = "edition"  # or year_column; and its context, as nodes_examined_column

    [cohort]
    endpoint = "overall"
    synthetic = false
    citation = "..."
    nodal_policy = "default"    # or strict, or your own: { counts_only = "macro" }
    rules = ["default"]         # optional: who belongs in the cohort; `survival-nodes sources` lists the rules
    without = ["unilateral"]    # optional: rules of a set that are not applied
    zero_follow_up = "half"     # optional: keep, half (a month or day), drop or complete-dates

    [report]                    # kept untouched for the study that reads it
    title = "..."
"""

from __future__ import annotations

import tomllib
from collections import abc
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from ..columns import COHORT, ENDPOINTS
from ..errors import UsageError, unknown_name
from ..nodes import Evidence, Policy, policy_of
from ..units import DAYS_PER_YEAR, mm_per, units_per_year
from .delimited import FileFormat

TABLES = ("file", "columns", "units", "codes", "levels", "nodal", "cohort", "report")


def _endpoint_columns() -> tuple[str, ...]:
    """Name the columns of the endpoints that may stand beside the active one."""
    stems = [endpoint.replace("-", "_") for endpoint in ENDPOINTS]
    return tuple(f"{stem}_{part}" for stem in stems for part in ("years", "event"))


TIME_COLUMNS = ("years", "entry_years", *(name for name in _endpoint_columns() if name.endswith("_years")))
EVENT_COLUMNS = ("event", *(name for name in _endpoint_columns() if name.endswith("_event")))
OUR_NAMES = (*COHORT.names, *_endpoint_columns())


@dataclass(frozen=True)
class Units:
    """Units of the file: `time` (days, months or years; has no default), `age`, `deposit`, and the days in a year."""

    time: str | None = None
    age: str = "years"
    deposit: str = "mm"
    days_per_year: float = DAYS_PER_YEAR

    def __post_init__(self) -> None:
        for unit in (self.time, self.age):
            if unit is not None:
                units_per_year(unit)
        mm_per(self.deposit)
        if not isinstance(self.days_per_year, (int, float)) or not 360 <= self.days_per_year <= 366:
            raise UsageError(f"days_per_year = {self.days_per_year!r}: give a number from 360 to 366, as 365.25")


@dataclass(frozen=True)
class CohortSetting:
    """What is true of the cohort as a whole: its endpoint, whether a program made it, the words to cite it by, how nodes are classified.

    `rules`, `without` and `zero_follow_up` say which cohort rules are applied (`cohort_rules()` lists them), which of a set are not, and what
    becomes of a follow-up of zero.
    """

    endpoint: str = "overall"
    synthetic: bool = False
    citation: str = ""
    nodal_policy: str | Policy | abc.Mapping[str, object] = "default"
    rules: str | tuple[str, ...] = ()
    without: str | tuple[str, ...] = ()
    zero_follow_up: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.endpoint, str) or not self.endpoint.strip():
            raise UsageError(f"endpoint: give a name, as one of {', '.join(ENDPOINTS)}")
        if not isinstance(self.synthetic, bool):
            raise UsageError("synthetic: give true or false")
        object.__setattr__(self, "nodal_policy", _policy(self.nodal_policy))


def _policy(policy: object) -> Policy:
    """Give a policy by its name, as it is, or of a table of its options."""
    if isinstance(policy, abc.Mapping):
        for option in policy:
            _known("key", option, [each.name for each in fields(Policy)], "nodal_policy")
        return Policy(**policy)
    return policy_of(policy)


@dataclass(frozen=True)
class Mapping:
    """Which column of a file is which, its units and its codes.

    Parameters
    ----------
    columns
        Our name -> the file's name.
    units
        Units of time, age and deposit.
    codes
        Our name (or the file's, of a column that is only kept) -> the file's code -> our word; an empty word is missing.
    levels
        Column -> its levels, the reference first.
    nodal
        Evidence from which the nodal category is classified, its columns by the file's names.
    cohort
        Endpoint, whether synthetic, citation, policy of the nodal classification.
    file
        Delimiter, encoding, decimal, what is missing.
    report
        Whatever the study that reads it wants; kept untouched.

    Raises
    ------
    UsageError
        If a name is unknown (the nearest is named), or a value is not of the kind wanted.

    >>> Mapping(columns={"years": "os_months", "event": "status"}, units=Units("months")).units.time
    'months'
    """

    columns: abc.Mapping[str, str] = field(default_factory=dict)
    units: Units = Units()
    codes: abc.Mapping[str, abc.Mapping[str, object]] = field(default_factory=dict)
    levels: abc.Mapping[str, abc.Sequence[str]] = field(default_factory=dict)
    nodal: tuple[Evidence, ...] = ()
    cohort: CohortSetting = CohortSetting()
    file: FileFormat = FileFormat()
    report: abc.Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for ours, theirs in self.columns.items():
            _known("column name of ours", ours, OUR_NAMES, "columns")
            if not isinstance(theirs, str) or not theirs:
                raise UsageError(f"columns: {ours} = {theirs!r}: give the name of a column of the file, as text")
        object.__setattr__(self, "codes", {name: self._code_table(name, table) for name, table in self.codes.items()})
        object.__setattr__(self, "levels", {name: _levels(name, order) for name, order in self.levels.items()})
        if self.nodal and ("nodal_category" in self.columns or "nodal_category" in self.codes):
            raise UsageError("nodal_category is mapped to a column or has codes, and [nodal] would classify it: keep one of the two")

    def _code_table(self, name: str, table: object) -> dict[str, str]:
        ours = [canonical for canonical, theirs in self.columns.items() if theirs == name]
        if ours and name not in self.columns and name not in OUR_NAMES:
            raise UsageError(f"codes.{name}: that column is mapped to {ours[0]!r}; write [codes.{ours[0]}]")
        if not isinstance(table, abc.Mapping) or not table:
            raise UsageError(f'codes.{name}: give a table of the file\'s codes, as "1" = 0')
        words = {_code(code): _word(word) for code, word in table.items()}
        if name == "event":
            _check_event_words(set(words.values()) - {""})
        allowed = [str(word) for word in COHORT[name].allowed] if name in COHORT.names and name not in {"event", "cause"} else []
        for word in words.values():
            if allowed and word and word not in allowed:
                raise UsageError(f"codes.{name}: {unknown_name('word', word, allowed)}")
        return words


def read_mapping(path: str | Path) -> Mapping:
    """Read a mapping from a TOML file.

    Raises
    ------
    UsageError
        If there is no such file, it is not TOML, or it holds a name or a value that is not known.
    """
    path = Path(path)
    try:
        with open(path, "rb") as stream:
            tables = tomllib.load(stream)
    except FileNotFoundError as problem:
        raise UsageError(f"there is no mapping file {path.name!r}: check the name and the folder") from problem
    except OSError as problem:
        raise UsageError(f"the mapping {path.name!r} cannot be read: {(problem.strerror or type(problem).__name__).lower()}") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise UsageError(f"the mapping {path.name!r} is not TOML: {problem}") from problem
    try:
        return mapping_from(tables)
    except UsageError as problem:
        raise UsageError(f"mapping {path.name!r}: {problem}") from problem


def mapping_from(tables: abc.Mapping[str, object]) -> Mapping:
    """Make a mapping of the tables of a TOML file, already read.

    >>> mapping_from({"columns": {"years": "t"}, "units": {"time": "days"}}).columns
    {'years': 't'}
    >>> mapping_from({"colums": {}})
    Traceback (most recent call last):
    survival_nodes.errors.UsageError: there is no table 'colums' (nearest: 'columns'); there are: file, columns, units, codes, levels, nodal, cohort, report
    """
    for name in tables:
        _known("table", name, TABLES)
    nodal = tables.get("nodal", [])
    plain = {name: _as_table(name, tables.get(name, {})) for name in ("columns", "codes", "levels", "report")}
    return Mapping(
        **plain, units=_made(Units, "units", tables), cohort=_made(CohortSetting, "cohort", tables), file=_made(FileFormat, "file", tables),
        nodal=tuple(_nodal(each) for each in (nodal if isinstance(nodal, list) else [nodal])))


def adjusted(
    mapping: Mapping | abc.Mapping | str | Path | None, *, columns: abc.Mapping[str, str] | None = None, time_unit: str | None = None,
    codes: abc.Mapping[str, abc.Mapping] | None = None, levels: abc.Mapping[str, abc.Sequence[str]] | None = None, file: abc.Mapping[str, object],
) -> Mapping:
    """Give a mapping (as it is, or read from its file) with what was said beside it put over it."""
    base = _read(mapping)
    for name in file:
        _known("option", name, ["mapping", "columns", "time_unit", "codes", "levels", *(each.name for each in fields(FileFormat))])
    beside = {"columns": columns, "codes": codes, "levels": levels}
    over = {name: {**getattr(base, name), **_as_table(name, said or {})} for name, said in beside.items()}
    return replace(
        base, **over, units=base.units if time_unit is None else replace(base.units, time=time_unit), file=replace(base.file, **file))


def _read(mapping: Mapping | abc.Mapping | str | Path | None) -> Mapping:
    """Give a mapping however it comes: as it is, as the tables of one, as the path of one, or an empty one."""
    if mapping is None or isinstance(mapping, Mapping):
        return mapping or Mapping()
    return mapping_from(mapping) if isinstance(mapping, abc.Mapping) else read_mapping(mapping)


def _made(kind: type, name: str, tables: abc.Mapping[str, object]) -> object:
    """Make one of the small dataclasses of a table, its unknown keys refused."""
    table = _as_table(name, tables.get(name, {}))
    for key in table:
        _known("key", key, [each.name for each in fields(kind)], name)
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})


def _nodal(table: object) -> Evidence:
    """Make a piece of nodal evidence; keys ending in `_column`, beside the usual two, name columns of its context."""
    table = _as_table("nodal", table)
    strays = [key for key in table if key not in ("system", "column") and not key.endswith("_column")]
    if strays or not {"system", "column"} <= set(table):
        known = "system and column (both needed), edition_column, year_column, and its context as nodes_examined_column"
        raise UsageError(f"nodal: {f'the key {strays[0]!r} is not known' if strays else 'system or column is not given'}; its keys are {known}")
    own = {key: str(value) for key, value in table.items() if key in ("system", "column", "edition_column", "year_column")}
    context = {key.removesuffix("_column"): str(value) for key, value in table.items() if key not in own}
    return Evidence(**own, **context)


def _as_table(name: str, table: object) -> abc.Mapping:
    if not isinstance(table, abc.Mapping):
        raise UsageError(f"{name} is a table: write its keys under [{name}] of the mapping, or give a dict in Python")
    return table


def _known(kind: str, name: object, candidates: abc.Iterable[str], where: str = "") -> None:
    candidates = list(candidates)
    if name not in candidates:
        raise UsageError((f"{where}: " if where else "") + unknown_name(kind, name, candidates))


def _check_event_words(words: set[str]) -> None:
    """Refuse words that would make everybody an event, as alive and dead would."""
    if not words <= {"0", "1"} and ("1" in words or not words & {"none", "0"}):
        raise UsageError("codes.event: give 0 (censored) and 1 (event), or the causes of death with none for the censored")


def _levels(name: str, order: object) -> tuple[str, ...]:
    if isinstance(order, str) or not isinstance(order, abc.Sequence) or not order:
        raise UsageError(f'levels: {name}: give a list, the reference first, as ["negative", "positive"]')
    return tuple(str(level) for level in order)


def _code(code: object) -> str:
    """Write a code as the file writes it."""
    return str(code).strip()


def _word(word: object) -> str:
    if isinstance(word, bool):
        return str(int(word))
    if not isinstance(word, (str, int, float)):
        raise UsageError(f"codes: {type(word).__name__} is no word: give a text or a number")
    return str(word)
