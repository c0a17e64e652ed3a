"""A formula and a cohort to the covariates of a regression: complete rows, columns named as `node[T.micro]`, nothing dropped unsaid.

The formula is worked out on the distinct rows of the columns it names, which are few; columns that have nearly as many values as there
are rows are worked out row by row.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..cohort.grouping import as_level
from ..counting.patterns import RowPatterns, row_patterns
from ..errors import DataWarning, InputError, UsageError, unknown_name
from ..kernels.covariates import Covariates
from ..kernels.partial_likelihood import dependent_columns
from ..units import format_count
from .formulas import check_formula, learning_factors, materialise, only_categorical, read_formula, variables_of, without_strata
from .plain_formulas import PlainSpec, plain_formula

if TYPE_CHECKING:
    from ..cohort import Cohort

__all__ = ["Design", "as_profiles", "build_design", "check_formula", "check_independent", "columns_named"]


@dataclass(frozen=True, eq=False)
class Design:
    """The rows and columns of a model.

    Attributes
    ----------
    names
        A name for each column, as `age` or `node[T.micro]`; length p.
    covariates
        Covariates of the n complete rows, p columns without an intercept.
    groups
        Term of the formula -> its columns; none where a category has one level only.
    kept
        Which rows of the cohort are complete, boolean, one a row.
    missing
        Column -> rows in which it is missing, for columns with any.
    levels
        Categorical column -> its levels among the complete rows, the reference first.
    spec
        What builds the same columns of other rows.
    places
        Which columns of the spec, after its intercept, are columns here; strata have none of their own.
    repeats
        How many patients each complete row stands for, shape (n,); None for one each.
    n_dropped
        Rows left out.
    """

    names: tuple[str, ...]
    covariates: Covariates
    groups: Mapping[str, tuple[int, ...]]
    kept: np.ndarray
    missing: Mapping[str, int]
    levels: Mapping[str, tuple[str, ...]]
    spec: Any
    places: tuple[int, ...]
    repeats: np.ndarray | None = None
    n_dropped: int = 0

    @property
    def matrix(self) -> np.ndarray:
        """Covariates of the complete rows as they are, shape (n, p)."""
        return self.covariates.matrix

    def where(self, chosen: np.ndarray) -> Design:
        """Give the same columns of some of the complete rows (a boolean mask of shape (n,)); the others count as dropped."""
        if chosen.all():
            return self
        kept, n = self.kept.copy(), np.ones(len(chosen), dtype=np.int64) if self.repeats is None else self.repeats
        kept[kept] = chosen
        return replace(
            self, kept=kept, covariates=self.covariates.take(chosen), repeats=None if self.repeats is None else n[chosen],
            n_dropped=self.n_dropped + int(n[~chosen].sum()))

    def columns_of(self, profiles: pd.DataFrame) -> np.ndarray:
        """Build the columns for other rows; every covariate must be given, and every level must have been fitted.

        Raises
        ------
        UsageError
            If a covariate or a value is missing, or a level was not among the rows fitted (they are listed).
        """
        frame = pd.DataFrame(index=range(len(profiles)))
        for name in self.spec.variables:
            if name not in profiles:
                raise UsageError(f"a profile needs every covariate of the model: {unknown_name('column', name, profiles.columns)}")
            frame[name] = self._known(profiles[name])
        return self.spec.matrix(frame)[:, list(self.places)]

    def _known(self, values: pd.Series) -> Any:
        name = str(values.name)
        if values.isna().any():
            raise UsageError(f"a profile has no {name!r}: give a value for each")
        if name not in self.levels:
            numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
            if not np.isfinite(numbers).all():
                raise UsageError(f"{name!r} is a number in the model: a profile gives something else")
            return numbers
        text = [as_level(value) for value in values]
        strange = [level for level in text if level not in self.levels[name]]
        if strange:
            raise UsageError(unknown_name(f"level of {name!r} among the patients fitted", strange[0], self.levels[name]))
        return pd.Categorical(text, categories=list(self.levels[name]))


def as_profiles(profiles: pd.DataFrame | Mapping[str, Any]) -> pd.DataFrame:
    """Give profiles as a frame, a row each; a mapping of single values is one profile.

    Raises
    ------
    UsageError
        If columns have different lengths.

    >>> as_profiles({"age": 55, "grade": "2"}).to_dict("records")
    [{'age': 55, 'grade': '2'}]
    """
    if not isinstance(profiles, Mapping):
        return pd.DataFrame(profiles)
    single = all(np.ndim(values) == 0 for values in profiles.values())
    try:
        return pd.DataFrame(profiles, index=[0] if single else None)
    except ValueError:
        raise UsageError('profiles give as many values in every column, one a profile, as {"age": [45, 65], "grade": [1, 3]}') from None


def columns_named(formula: str) -> tuple[str, ...]:
    """Name the columns that a formula reads, in order.

    >>> columns_named("I((age-61)/10) + node:era")
    ('age', 'node', 'era')
    """
    check_formula(formula)
    plain = plain_formula(formula)
    return plain.variables if plain else variables_of(read_formula(formula))


def build_design(formula: str, cohort: Cohort, strata: Sequence[str] = (), *, needed: Sequence[str] = ()) -> Design:
    """Build the covariates of a formula over the rows that have every covariate, stratum and column needed besides.

    A stratum may stand in the formula beside others, as in ``node:period``: its own columns are left to the baseline hazards, so that
    there is a contrast of each node with the first within each period.

    Raises
    ------
    UsageError
        If the formula cannot be read, or has no terms.
    InputError
        If it names a column that is not there, no row is complete, or a transformation is undefined in some rows.

    Warns
    -----
    DataWarning
        How many rows are left out, and which columns are missing in them.
    """
    check_formula(formula)
    plain = plain_formula(formula)
    parsed, absorbed = (None, set()) if plain else without_strata(read_formula(formula), strata)
    variables = plain.variables if plain else variables_of(parsed)
    rows = _complete_rows(cohort, variables, (*strata, *needed))
    _tell_missing(rows)
    if not len(rows.code):
        raise InputError(f"no row has all of {', '.join(variables)}: leave out a covariate, or fill it in")
    patterns, levels = _with_levels(rows.patterns, plain.only_categorical if plain else only_categorical(parsed))
    spec, names, whole, table = (plain and _plain_columns(plain, patterns)) or _columns(parsed or read_formula(formula), absorbed, rows, patterns)
    places = tuple(sorted(place for columns in whole.values() for place in columns))
    groups = {term: tuple(places.index(place) for place in columns) for term, columns in whole.items()}
    names = tuple(names[place] for place in places)
    covariates = _covariates(spec, table[:, list(places)], groups, rows, patterns)
    _refuse_undefined(names, covariates, rows.repeats)
    return Design(names, covariates, groups, rows.kept, rows.missing, levels, spec, places, rows.repeats, rows.n_dropped)


Built = tuple[Any, list[str], dict[str, list[int]], np.ndarray]


def _plain_columns(plain: PlainSpec, patterns: pd.DataFrame) -> Built | None:
    """Work out a plain formula: itself, names of columns, the columns of each term, and all of them; None where it is not plain after all."""
    by_term = plain.columns_by_term(patterns)
    if by_term is None:
        return None
    names = [name for columns in by_term.values() for name in columns]
    ends = np.cumsum([len(columns) for columns in by_term.values()])
    whole = {term: list(range(end - len(columns), end)) for (term, columns), end in zip(by_term.items(), ends.tolist(), strict=True)}
    table = np.array([column for columns in by_term.values() for column in columns.values()]).reshape(len(names), len(patterns)).T
    return plain, names, whole, table


def _columns(parsed: Any, absorbed: Collection[str], rows: _Rows, patterns: pd.DataFrame) -> Built:
    """Let formulaic work out a formula: the same four."""
    spec, table = materialise(parsed, patterns, _learned(parsed, rows))
    return spec, spec.column_names, {term: columns for term, columns in spec.columns_by_term.items() if term not in absorbed}, table


@dataclass(frozen=True, eq=False)
class _Rows:
    """The complete rows (n): `patterns` of the columns of a formula, a frame that holds for each of the columns `apart` what one row of the pattern
    has; `code` (n,) of them; `apart` all n rows of those columns; `kept` which rows these are, `missing` why others are not, `repeats` (n,) of them."""

    patterns: pd.DataFrame
    code: np.ndarray
    apart: pd.DataFrame
    kept: np.ndarray
    missing: Mapping[str, int]
    repeats: np.ndarray | None
    n_dropped: int
    n_rows: int

    def column(self, name: str) -> np.ndarray | pd.Categorical:
        """Give a column of the formula for all n rows."""
        return self.apart[name].array if name in self.apart else self.patterns[name].array.take(self.code)


def _complete_rows(cohort: Cohort, names: Sequence[str], beside: Sequence[str]) -> _Rows:
    """Find the rows that have a value in every column named, and in those needed beside."""
    found, missing = row_patterns(cohort, names), {}
    apart, kept = cohort.model_frame(found.apart), np.ones(len(cohort), dtype=bool)
    unknown = {name: _unknown(found, apart, name) for name in names} | {name: cohort.groups(name).unknown for name in beside}
    whose, repeats = cohort.whose, cohort.repeats
    for name, rows in unknown.items():
        if rows is not None:
            missing[name] = whose.count_rows(rows)
            kept &= ~rows
    if not missing:
        return _Rows(*_with_apart(found.frame, found.code, apart), apart, kept, missing, repeats, 0, whose.count_rows())
    present = np.flatnonzero(np.bincount(found.code[kept], minlength=len(found.frame)))
    packed = np.zeros(len(found.frame), dtype=np.int64)
    packed[present] = np.arange(len(present))
    code, apart = packed[found.code[kept]], apart.loc[kept]
    patterns = _with_apart(found.frame.iloc[present].reset_index(drop=True), code, apart)
    return _Rows(*patterns, apart, kept, missing, None if repeats is None else repeats[kept], whose.count_rows(~kept), whose.count_rows())


def _unknown(found: RowPatterns, apart: pd.DataFrame, name: str) -> np.ndarray | None:
    values = apart[name] if name in apart else found.frame[name]
    missing = values.isna().to_numpy()
    return None if not missing.any() else missing if name in apart else missing[found.code]


def _with_apart(patterns: pd.DataFrame, code: np.ndarray, apart: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Add to each pattern what one of its rows has in the columns apart."""
    if not len(apart.columns) or not len(code):
        return patterns, code
    if not len(patterns.columns):
        patterns = pd.DataFrame(index=range(1))
    one = np.zeros(len(patterns), dtype=np.int64)
    one[code] = np.arange(len(code))
    return patterns.assign(**{name: apart[name].to_numpy()[one] for name in apart}), code


def _learned(formula: Any, rows: _Rows) -> dict[str, Any]:
    """Let the factors that hang on all rows, as splines with knots at quantiles, see them."""
    from formulaic import Formula

    factors = learning_factors(formula)
    if not factors:
        return {}
    seen = Formula(["1", *factors])
    columns = {name: rows.column(name) for name in variables_of(seen)}
    if rows.repeats is not None:
        columns = {name: values.repeat(rows.repeats) for name, values in columns.items()}
    return materialise(seen, pd.DataFrame(columns))[0].learned


def _covariates(spec: Any, table: np.ndarray, groups: Mapping[str, tuple[int, ...]], rows: _Rows, patterns: pd.DataFrame) -> Covariates:
    """Put the columns of terms that have patterns beside those of terms that are worked out row by row."""
    own = spec.naming(list(rows.apart))
    in_dense = np.array([place for term in own.term_names for place in groups[term]], dtype=np.int64)
    in_table = np.setdiff1d(np.arange(table.shape[1]), in_dense)
    dense = np.zeros((0, len(rows.code)))
    if len(in_dense):
        whole = replace(rows, patterns=patterns)
        dense = np.ascontiguousarray(own.matrix(pd.DataFrame({name: whole.column(name) for name in own.variables})).T)
    return Covariates(np.ascontiguousarray(table[:, in_table]), rows.code, dense, in_table, in_dense)


def _refuse_undefined(names: Sequence[str], covariates: Covariates, repeats: np.ndarray | None) -> None:
    bad_patterns, bad_rows = ~np.isfinite(covariates.table), ~np.isfinite(covariates.dense)
    columns = sorted([*covariates.in_table[bad_patterns.any(axis=0)].tolist(), *covariates.in_dense[bad_rows.any(axis=1)].tolist()])
    if columns:
        undefined = bad_patterns.any(axis=1)[covariates.code] | bad_rows.any(axis=0)
        n = int(undefined.sum() if repeats is None else repeats[undefined].sum())
        of_rows = f"{format_count(n)} row{'s' * (n != 1)}"
        raise InputError(f"{names[columns[0]]} is infinite or undefined in {of_rows}: transform another way, or leave those rows out")


def _with_levels(frame: pd.DataFrame, as_levels: set[str]) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """Give the rows with their categories reduced to those that occur, and those levels."""
    rows, levels = frame.copy(), {}
    for name in frame.columns:
        if name in as_levels and not isinstance(frame[name].dtype, pd.CategoricalDtype):
            found, codes = np.unique(frame[name], return_inverse=True)
            rows[name] = pd.Categorical.from_codes(codes, categories=[as_level(value) for value in found])
        if isinstance(rows[name].dtype, pd.CategoricalDtype):
            before = rows[name].cat.categories[0]
            if np.bincount(rows[name].array.codes + 1, minlength=len(rows[name].cat.categories) + 1)[1:].min(initial=1) == 0:
                rows[name] = rows[name].cat.remove_unused_categories()
            levels[name] = tuple(map(str, rows[name].cat.categories))
            if levels[name][0] != before:
                said = f"the reference level {before!r} of {name!r} has no complete row: {levels[name][0]!r} is the reference instead"
                warnings.warn(said, DataWarning, stacklevel=4)
    return rows, levels


def _tell_missing(rows: _Rows) -> None:
    if rows.missing:
        which = ", ".join(f"{name} ({format_count(n)})" for name, n in rows.missing.items())
        n_left_out, n_rows = format_count(rows.n_dropped), format_count(rows.n_rows)
        warnings.warn(f"{n_left_out} of {n_rows} rows are left out of the model, as a covariate is missing: {which}", DataWarning, stacklevel=4)


def check_independent(design: Design, stratum: np.ndarray | None = None) -> None:
    """Refuse columns that are constant, or that follow from others, within the strata.

    Raises
    ------
    InputError
        Naming the terms.
    """
    single = [term for term, columns in design.groups.items() if not columns]
    if single:
        raise InputError(f"{single[0]} has one level only among the rows fitted, so it says nothing: leave it out of the formula")
    repeats = None if design.repeats is None else design.repeats.astype(float)
    stratum = stratum if stratum is not None and stratum.any() else None
    counts = design.covariates.counts(repeats)
    centred = design.covariates.within(stratum, repeats)
    gram = centred.second_moments(repeats, counts if stratum is None else None)
    size = np.sqrt(np.diag(gram))
    constant = size <= 1e-10 * np.maximum(np.sqrt(design.covariates.squares(repeats)), np.finfo(float).tiny)
    dependent = dependent_columns(gram / np.outer(*[np.where(constant, 1.0, size)] * 2)) | constant
    within = "" if stratum is None else " within the strata"
    for place in np.flatnonzero(dependent):
        if constant[place]:
            raise InputError(f"{design.names[place]} is constant{within} among the rows fitted: leave it out of the formula")
        scaled = centred.matrix / np.where(constant, 1.0, size)
        share = np.linalg.lstsq(scaled[:, :place], scaled[:, place], rcond=None)[0]
        others = ", ".join(name for name, part in zip(design.names, share, strict=False) if abs(part) > 1e-6)
        raise InputError(f"{design.names[place]} follows exactly from {others}{within}: leave one of them out of the formula")
