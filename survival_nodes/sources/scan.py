"""Files that are never loaded: a mapping over a table that an engine counts, and what the distinct rows of its columns mean."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from ..cohort import Cohort, CohortRule, InputFile, Rule
from ..cohort.intake import declared_causes as words_of_causes
from ..counting import CohortScan
from ..counting.engines import DistinctRows, EngineOptions, Relation, distinct_rows, open_relation, with_codes
from ..counting.file_sets import found_files
from ..data_files import sha256
from ..errors import InputError, UsageError, unknown_name
from ..nodes.frames import COLUMNS as NODAL_COLUMNS
from .delimited import TextTable
from .mapping import Mapping
from .nodal_columns import evidence_columns, nodal_evidence
from .own_file import check_needed, declared_causes, reading_of, whole_mapping
from .reading import Selection, cohort_of_reading, files_in_words
from .recoding import rename_columns
from .scan_look_up import LookUp, look_up_of
from .value_texts import value_text

_FOLLOW_UP = ("years", "entry_years", "event", "cause")
_CODE = "code of the combination"
_AT_ONCE = 1  # further columns of rules and nodal evidence that are counted beside those asked for: a second pass would cost more
_ENGINE_OPTIONS = ("memory", "folder", "limit")


def scan_cohort(
    path: object, source: str = "own-file", *, engine: str = "duckdb", rules: str | Rule | Sequence[str | Rule] = (), without: str | Sequence[str] = (),
    zero_follow_up: str | None = None, **options: object,
) -> CohortScan:
    """Open files as a cohort that is never loaded: an estimator that needs only counts has them counted where they lie.

    Numbers, warnings and ledger are those of `read_cohort` on the same files.

    Parameters
    ----------
    path
        A Parquet or delimited file, a pattern (`part*.parquet`), a folder, a list of files; a DuckDB relation, or a Spark DataFrame.
    source
        `own-file`; files of registries are read with `read_cohort`.
    engine
        `duckdb` (extra `scale`) or `spark` (extra `spark`).
    rules, without, zero_follow_up
        Cohort rules, recorded and applied to the counts, as `CohortScan.select` takes them.
    **options
        The mapping, as `read_cohort` takes it of an own file: `mapping`, `columns`, `time_unit`, `codes`, `levels`, `delimiter`,
        `encoding`, `decimal`, `missing`. Of the engine: `memory` (as "2GB"), `folder` (for what does not fit in memory),
        `limit` (the most distinct combinations brought into memory). And `hashed`: whether the SHA-256 of every file is taken for the
        origin, for which each is read once more.

    Notes
    -----
    `patient_id` is never read: that a patient stands twice cannot be seen. Files in which follow-up is in pieces are read with `read_cohort`;
    delayed entry with one row a patient is fine.

    Raises
    ------
    UsageError
        If there is no such file, engine or option, what the engine needs is not installed, or the source cannot be scanned.
    InputError
        If the files do not hold what they should; patients are counted, values are not shown.
    """
    if source != "own-file":
        raise UsageError(f"a scan reads files of your own by a mapping, and not the source {source!r}: read it with read_cohort(path, {source!r})")
    own = {name: options.pop(name) for name in _ENGINE_OPTIONS if name in options}
    hashed = options.pop("hashed", False)
    mapping = whole_mapping(**options)
    relation = open_relation(path, engine, EngineOptions(delimiter=mapping.file.delimiter, encoding=mapping.file.encoding, **own))
    hashes = tuple(map(sha256, found_files(path))) if hashed and relation.files else ()
    setting = mapping.cohort
    scan = Selection(setting.rules, setting.without, setting.zero_follow_up).of(CohortScan(MappedRelation(relation, mapping, hashes)))
    return Selection(rules, without, zero_follow_up).of(scan)


@dataclass(frozen=True, eq=False)
class MappedRelation:
    """A table that an engine counts, read by a mapping: what a `CohortScan` is made of.

    Raises
    ------
    InputError
        If a column that the mapping names is not there, or nothing is mapped to follow-up or event.
    """

    relation: Relation
    mapping: Mapping
    hashes: tuple[str, ...] = ()
    _look_ups: dict[object, tuple[object, DistinctRows, LookUp]] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._check_files([*self.mapping.columns.values(), *evidence_columns(self.mapping)])
        check_needed(self._named, self.mapping, self.name)
        nodal_evidence(self._empty, self.mapping)

    @cached_property
    def name(self) -> str:
        """The files in words."""
        return files_in_words([each.name for each in self.relation.files]) or f"the table of {self.relation.engine}"

    @property
    def title(self) -> str:
        """The files and the engine in words."""
        return f"{self.name} ({self.relation.engine})"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns there are, by our names; the nodal classification is among them where there is evidence."""
        return tuple(dict.fromkeys([*self._named.columns, *(NODAL_COLUMNS if self.mapping.nodal else ())]))

    @property
    def n_rows(self) -> int:
        """Rows of the table."""
        return self.relation.n_rows

    @property
    def endpoint(self) -> str:
        """The endpoint of the event."""
        return self.mapping.cohort.endpoint

    @cached_property
    def causes(self) -> tuple[str, ...]:
        """The declared words of causes."""
        declared = declared_causes(self.mapping)
        return words_of_causes(declared) if declared or "cause" in self.names else ()

    @property
    def time_unit(self) -> str:
        """The unit of follow-up."""
        return self.mapping.units.time

    @property
    def synthetic(self) -> bool:
        """Whether a program made the patients."""
        return self.mapping.cohort.synthetic

    def check(self, names: Sequence[str]) -> None:
        """Raise InputError for a column that is not there, or cannot be counted."""
        self._check_files(names)
        for name in names:
            if name not in self.names:
                raise InputError(unknown_name("column", name, self.names))

    def _check_files(self, titles: Sequence[str]) -> None:
        """Say why a column of the files cannot be counted, as one that is not alike in all of them."""
        self.relation.check(native for native in self.relation.problems if native.strip() in titles)

    def cells(self, columns: Sequence[str], rules: Sequence[Rule | CohortRule]) -> Cohort:
        """Give the distinct rows as a cohort with repeats; see `CellSource`."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            cohort = self._cells(list(dict.fromkeys(columns)), rules)
        for each in caught:
            if str(each.message) not in self._said:
                self._said.add(str(each.message))
                warnings.warn(each.message, each.category, stacklevel=5)
        return cohort

    def _cells(self, columns: list[str], rules: Sequence[Rule | CohortRule]) -> Cohort:
        """Count in one go where that adds no more than one column to those asked for, else look up rules and evidence first."""
        by_row = [rule for rule in rules if not set(rule.columns) & set(_FOLLOW_UP)]
        judged = self._there(name for rule in by_row for name in rule.columns)
        also = self._there(name for rule in rules if rule not in by_row for name in rule.columns)
        asked = list(dict.fromkeys([*columns, *also]))
        direct = self._titles([*_FOLLOW_UP, *asked, *judged])
        plain = self._titles([*_FOLLOW_UP, *(name for name in asked if not self._is_nodal(name))])
        if set(direct) <= set(plain) or len(direct) <= len(plain) + _AT_ONCE:
            return self._cohort(self._table(self._distinct(direct)))
        try:
            distinct, found = self._look_up(judged, tuple(by_row), tuple(name for name in asked if name in judged or self._is_nodal(name)))
        except UsageError:  # a rule of the user's that cannot be applied to all patients, but perhaps to those whom earlier rules leave
            return self._cohort(self._table(self._distinct(direct)))
        return self._joined(plain, distinct, found)

    def _joined(self, plain: list[str], distinct: DistinctRows, found: LookUp) -> Cohort:
        """Count by the class of each combination beside the columns asked for, and put what the classes stand for back."""
        counted = distinct_rows(with_codes(self.relation, distinct, found.codes, _CODE), [*map(self._natives.get, plain), _CODE])
        code = counted.frame.pop(_CODE).array
        if (code.codes < 0).any():
            raise RuntimeError("a combination of values that was counted is not found again")
        cohort = self._cohort(self._table(counted), with_nodes=False)
        classes = np.asarray(code.categories, dtype=np.int64)[code.codes]
        looked_up = found.frame.drop(columns=[name for name in found.frame if name in cohort.frame]).take(classes)
        levels = {**cohort.declared_levels, **{name: order for name, order in found.levels.items() if name in looked_up}}
        said = tuple(sentence for sentence in found.said if sentence not in cohort.warnings)
        origin = replace(cohort.origin, notes=(*cohort.origin.notes, *found.notes))
        return replace(cohort.with_columns(looked_up), declared_levels=levels, warnings=(*cohort.warnings, *said), origin=origin)

    def _look_up(self, judged: list[str], rules: tuple[Rule | CohortRule, ...], apart: tuple[str, ...]) -> tuple[DistinctRows, LookUp]:
        key = (tuple(map(id, rules)), apart)
        if key not in self._look_ups:
            titles = self._titles([*judged, *apart])
            distinct = self._distinct(titles)
            found = look_up_of(self._table(distinct), self._restricted(titles), rules, [*judged, *apart], apart)
            self._look_ups[key] = rules, distinct, found  # with the rules, so that no other rule can have their identity
        return self._look_ups[key][1:]

    def _distinct(self, titles: Sequence[str]) -> DistinctRows:
        return distinct_rows(self.relation, [self._natives[title] for title in titles])

    def _cohort(self, table: TextTable, with_nodes: bool = True) -> Cohort:
        n = int(table.repeats.sum())
        if not n:
            raise InputError(f"{self.name!r} holds columns and no rows")
        reading = reading_of(table, self._restricted(list(table.frame), with_nodes))
        del table  # its columns are as large as those that were made of them
        return cohort_of_reading(replace(reading, files=self._files(n)))

    def _table(self, distinct: DistinctRows) -> TextTable:
        there = {title: distinct.frame[native] for title, native in self._natives.items() if native in distinct.frame}
        columns = {title: _as_text(values, self.mapping.file.decimal) for title, values in there.items()}
        return TextTable(pd.DataFrame(columns, copy=False), self.name, "", distinct.n)

    def _files(self, n_rows: int | None = None) -> tuple[InputFile, ...]:
        files = self.relation.files
        if not files:
            return (InputFile(self.name, "", n_rows),)
        hashes = self.hashes or ("",) * len(files)
        return tuple(InputFile(each.name, digest, n_rows if len(files) == 1 else each.n_rows) for each, digest in zip(files, hashes, strict=True))

    @cached_property
    def _natives(self) -> dict[str, str]:
        """The titles of the columns without blanks around them, as files are read, and as the engine knows them."""
        return {native.strip(): native for native in self.relation.columns}

    @cached_property
    def _empty(self) -> pd.DataFrame:
        return pd.DataFrame({title: pd.Series(dtype=object) for title in self._natives})

    @cached_property
    def _named(self) -> pd.DataFrame:
        return rename_columns(self._empty, self.mapping, self.name)

    def _is_nodal(self, name: str) -> bool:
        return bool(self.mapping.nodal) and name in NODAL_COLUMNS

    def _there(self, names: Iterable[str]) -> list[str]:
        return [name for name in dict.fromkeys(names) if name in self.names]

    def _titles(self, names: Iterable[str]) -> list[str]:
        """Give the titles of the columns of the files from which columns of ours are made."""
        made_of = (evidence_columns(self.mapping) if self._is_nodal(name) else [self.mapping.columns.get(name, name)] for name in self._there(names))
        return list(dict.fromkeys(title for titles in made_of for title in titles))

    def _restricted(self, titles: Sequence[str], with_nodes: bool = True) -> Mapping:
        """Give the mapping of some columns of the files; its selection is a step of the scan, and left out."""
        said, there = self.mapping, set(titles)
        columns = {ours: title for ours, title in said.columns.items() if title in there}
        nodal = said.nodal if with_nodes and there.issuperset(evidence_columns(said)) else ()
        named = {*columns, *(there - set(said.columns.values())), *(["nodal_category"] if nodal else [])}
        codes, levels = ({name: table for name, table in tables.items() if name in named} for tables in (said.codes, said.levels))
        cohort = replace(said.cohort, rules=(), without=(), zero_follow_up=None)
        return replace(said, columns=columns, codes=codes, levels=levels, nodal=nodal, cohort=cohort)


def _as_text(values: pd.Series, decimal: str) -> pd.Series:
    """Write the distinct values of a column as a file of text holds them; a missing value is empty."""
    codes, found = values.array.codes, values.array.categories
    missing = bool((codes < 0).any())
    words = [value_text(value, decimal) for value in found.tolist()] + [""] * missing
    places = {word: place for place, word in enumerate(dict.fromkeys(words))}
    if missing or len(places) < len(words):
        codes = np.array([places[word] for word in words], dtype=np.min_scalar_type(-len(words)))[codes]
    return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(list(places), dtype=object)), name=values.name)
