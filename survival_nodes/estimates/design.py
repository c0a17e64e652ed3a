"""A formula and a cohort to the matrix of a regression: complete rows, columns named as `node[T.micro]`, nothing dropped unsaid."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..cohort.grouping import as_level
from ..errors import DataWarning, InputError, UsageError, unknown_name
from ..kernels.partial_likelihood import dependent_columns
from ..units import format_count
from .splines import SPLINE, check_call, transforms

if TYPE_CHECKING:
    from ..cohort import Cohort

FUNCTIONS = ("C", "I", "log", "log2", "log10", "exp", "center", "scale", "poly", "bs", SPLINE)


@dataclass(frozen=True, eq=False)
class Design:
    """The rows and columns of a model.

    Attributes
    ----------
    names
        A name for each column, as `age` or `node[T.micro]`; length p.
    matrix
        Covariates of the complete rows, shape (n, p), without an intercept.
    groups
        Term of the formula -> its columns; none where a category has one level only.
    kept
        Which rows of the cohort are complete, boolean, one a row.
    missing
        Column -> rows in which it is missing, for columns with any.
    levels
        Categorical column -> its levels among the complete rows, the reference first.
    spec
        What formulaic needs to build the same columns for other rows.
    places
        Which columns of the spec, after its intercept, are columns here; strata have none of their own.
    """

    names: tuple[str, ...]
    matrix: np.ndarray
    groups: Mapping[str, tuple[int, ...]]
    kept: np.ndarray
    missing: Mapping[str, int]
    levels: Mapping[str, tuple[str, ...]]
    spec: Any
    places: tuple[int, ...]

    def columns_of(self, profiles: pd.DataFrame) -> np.ndarray:
        """Build the columns for other rows; every covariate must be given, and every level must have been fitted.

        Raises
        ------
        UsageError
            If a covariate or a value is missing, or a level was not among the rows fitted (they are listed).
        """
        frame = pd.DataFrame(index=range(len(profiles)))
        for name in variables_of(self.spec.formula):
            if name not in profiles:
                raise UsageError(f"a profile needs every covariate of the model: {unknown_name('column', name, profiles.columns)}")
            frame[name] = self._known(profiles[name])
        return _materialise(self.spec, frame)[1][:, list(self.places)]

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


def check_formula(formula: str) -> None:
    """Refuse at once a formula that is blank or has a left side; its terms are read when there are data.

    >>> check_formula("time ~ age")
    Traceback (most recent call last):
    ...
    survival_nodes.errors.UsageError: the formula 'time ~ age' has a left side: give covariates only, the cohort knows time and event
    """
    if not isinstance(formula, str):
        raise UsageError(f'a formula is text, as "nodal_category + age"; {type(formula).__name__} was given')
    if "~" in formula and formula.split("~")[0].strip():
        raise UsageError(f"the formula {formula!r} has a left side: give covariates only, the cohort knows time and event")
    if not formula.strip(" ~"):
        raise UsageError('the formula is empty: name at least one covariate, as "nodal_category + age"')


def build_design(formula: str, cohort: Cohort, strata: Sequence[str] = (), *, needed: Sequence[str] = ()) -> Design:
    """Build the matrix of a formula over the rows that have every covariate, stratum and column needed besides.

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
    parsed, absorbed = _without_strata(read_formula(formula), strata)
    names = variables_of(parsed)
    frame = cohort.model_frame(names)
    known = pd.DataFrame({name: frame[name].notna().to_numpy() for name in names} | {name: cohort.groups(name).codes >= 0 for name in (*strata, *needed)})
    kept = known.all(axis=1).to_numpy() if len(known.columns) else np.ones(len(cohort), dtype=bool)
    missing = {name: int((~known[name]).sum()) for name in known if not known[name].all()}
    _tell_missing(kept, missing)
    rows, levels = _with_levels(frame.loc[kept], _only_categorical(parsed))
    spec, matrix = _materialise(parsed, rows)
    whole = {str(term): [int(place) - 1 for place in columns] for term, columns in spec.term_indices.items() if str(term) not in {"1", *absorbed}}
    places = tuple(sorted(place for columns in whole.values() for place in columns))
    groups = {term: tuple(places.index(place) for place in columns) for term, columns in whole.items()}
    columns, matrix = tuple(spec.column_names[place + 1] for place in places), matrix if len(places) == matrix.shape[1] else matrix[:, list(places)]
    undefined = [name for place, name in enumerate(columns) if not np.isfinite(matrix[:, place]).all()]
    if undefined:
        n_undefined = int((~np.isfinite(matrix)).any(axis=1).sum())
        rows_of_it = f"{format_count(n_undefined)} row{'s' * (n_undefined != 1)}"
        raise InputError(f"{undefined[0]} is infinite or undefined in {rows_of_it}: transform another way, or leave those rows out")
    return Design(columns, matrix, groups, kept, missing, levels, spec, places)


def _without_strata(formula: Any, strata: Sequence[str]) -> tuple[Any, set[str]]:
    """Give a formula in which strata that stand beside other covariates stand alone too, and the terms that are then left out."""
    from formulaic import Formula

    own = {factor.expr for term in formula for factor in term.factors if _names(factor) and set(_names(factor)) <= set(strata)}
    beside = [factor.expr for term in formula for factor in term.factors if factor.expr in own and any(each.expr not in own for each in term.factors)]
    if not beside:
        return formula, set()
    distinct = list(dict.fromkeys(beside))
    alone = [":".join(chosen) for size in range(1, len(distinct) + 1) for chosen in combinations(distinct, size)]
    rest = [str(term) for term in formula if str(term) != "1" and not {factor.expr for factor in term.factors} <= set(distinct)]
    extended = Formula(["1", *alone, *rest])
    return extended, {str(term) for term in extended if {factor.expr for factor in term.factors} <= set(distinct)}


def read_formula(formula: str) -> Any:
    """Read the right-hand side of a formula; an intercept is always there, as the baseline hazard takes its place.

    Raises
    ------
    UsageError
        If it cannot be read, has no terms, or calls a function that formulas do not have.

    >>> [str(term) for term in read_formula("node + log(n_positive + 1) - 1")]
    ['1', 'node', 'log(n_positive + 1)']
    """
    from formulaic import Formula, SimpleFormula
    from formulaic.errors import FormulaicError

    check_formula(formula)
    try:
        parsed = Formula(formula)
    except (FormulaicError, SyntaxError) as problem:
        raise UsageError(f"the formula {formula!r} cannot be read: {_first_line(problem)}") from None
    if not isinstance(parsed, SimpleFormula):
        raise UsageError(f"the formula {formula!r} has several parts: join covariates with +, and name strata with strata=(...)")
    terms = [term for term in parsed if str(term) not in {"0", "1"}]
    if not terms:
        raise UsageError(f"the formula {formula!r} has no covariate: name at least one")
    whole = Formula(["1", *terms])
    variables_of(whole)
    return whole


def variables_of(formula: Any) -> tuple[str, ...]:
    """Name the columns that a formula reads, in order, and refuse what is not a column, a number or one of `FUNCTIONS`."""
    return tuple(dict.fromkeys(name for term in formula for factor in term.factors for name in _names(factor)))


def _names(factor: Any) -> list[str]:
    method = factor.eval_method.value
    return [factor.expr] if method == "lookup" else _expression_names(factor.expr) if method == "python" else []


def _expression_names(expression: str) -> list[str]:
    quoted: dict[str, str] = {}
    plain = re.sub(r"`([^`]*)`", lambda match: _quote(match.group(1), quoted), expression)
    nodes = list(ast.walk(ast.parse(plain, mode="eval")))
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    for function in called:
        if not isinstance(function, ast.Name) or function.id not in FUNCTIONS:
            raise UsageError(unknown_name("function of formulas", ast.unparse(function), FUNCTIONS))
    for call in (node for node in nodes if isinstance(node, ast.Call) and node.func.id == SPLINE):
        check_call(call)
    # A formula may come from a file: an attribute would be a way out of the columns and into the interpreter.
    if any(isinstance(node, (ast.Attribute, ast.Lambda, ast.Subscript)) for node in nodes):
        known = ", ".join(FUNCTIONS)
        raise UsageError(f"{expression!r} in a formula: only columns, numbers and {known} are known there; quote a name with a dot as `ph.ecog`")
    return [quoted.get(node.id, node.id) for node in nodes if isinstance(node, ast.Name) and node not in called]


def _quote(name: str, quoted: dict[str, str]) -> str:
    stand_in = f"quoted_{len(quoted)}_"
    quoted[stand_in] = name
    return stand_in


def _only_categorical(formula: Any) -> set[str]:
    """Name the columns that stand nowhere but in C(...): numbers among them are levels, and are named as such."""
    inside, outside = set(), set()
    for factor in (factor for term in formula for factor in term.factors):
        match = re.fullmatch(r"C\(`?([^`,()]+)`?\)", factor.expr)
        (inside if match else outside).update([match.group(1)] if match else [factor.expr] if factor.eval_method.value == "lookup" else [])
        if not match and factor.eval_method.value == "python":
            outside.update(_expression_names(factor.expr))
    return inside - outside


def _with_levels(frame: pd.DataFrame, as_levels: set[str]) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """Give the rows with their categories reduced to those that occur, and those levels."""
    if not len(frame):
        raise InputError(f"no row has all of {', '.join(frame.columns)}: leave out a covariate, or fill it in")
    rows, levels = frame.copy(), {}
    for name in frame.columns:
        if name in as_levels and not isinstance(frame[name].dtype, pd.CategoricalDtype):
            found, codes = np.unique(frame[name], return_inverse=True)
            rows[name] = pd.Categorical.from_codes(codes, categories=[as_level(value) for value in found])
        if isinstance(rows[name].dtype, pd.CategoricalDtype):
            before = rows[name].cat.categories[0]
            rows[name] = rows[name].cat.remove_unused_categories()
            levels[name] = tuple(map(str, rows[name].cat.categories))
            if levels[name][0] != before:
                said = f"the reference level {before!r} of {name!r} has no complete row: {levels[name][0]!r} is the reference instead"
                warnings.warn(said, DataWarning, stacklevel=4)
    return rows, levels


def _materialise(formula_or_spec: Any, frame: pd.DataFrame) -> tuple[Any, np.ndarray]:
    from formulaic.errors import FormulaicError

    try:
        with np.errstate(divide="ignore", invalid="ignore"):
            columns = formula_or_spec.get_model_matrix(frame, context=transforms(), na_action="ignore")
    except FormulaicError as problem:
        if isinstance(problem.__cause__, (UsageError, InputError)):
            raise problem.__cause__ from None
        raise UsageError(f"the formula cannot be worked out: {_first_line(problem)}") from None
    return columns.model_spec, columns.to_numpy(dtype=float)[:, 1:]


def _first_line(problem: Exception) -> str:
    return re.sub(r"\x1b\[[0-9;]*m|[\u29da\u29db]", "", str(problem)).splitlines()[0]


def _tell_missing(kept: np.ndarray, missing: Mapping[str, int]) -> None:
    if missing:
        which = ", ".join(f"{name} ({format_count(n)})" for name, n in missing.items())
        n_left_out, n_rows = format_count((~kept).sum()), format_count(len(kept))
        warnings.warn(f"{n_left_out} of {n_rows} rows are left out of the model, as a covariate is missing: {which}", DataWarning, stacklevel=4)


def check_independent(design: Design, stratum: np.ndarray) -> None:
    """Refuse columns that are constant, or that follow from others, within the strata.

    Raises
    ------
    InputError
        Naming the terms.
    """
    single = [term for term, columns in design.groups.items() if not columns]
    if single:
        raise InputError(f"{single[0]} has one level only among the rows fitted, so it says nothing: leave it out of the formula")
    centred = _centred_within(design.matrix, stratum)
    size = np.sqrt((centred**2).sum(axis=0))
    constant = size <= 1e-10 * np.maximum(np.sqrt((design.matrix**2).sum(axis=0)), np.finfo(float).tiny)
    scaled = centred / np.where(constant, 1.0, size)
    dependent = dependent_columns(scaled.T @ scaled) | constant
    within = " within the strata" if stratum.any() else ""
    for place in np.flatnonzero(dependent):
        if constant[place]:
            raise InputError(f"{design.names[place]} is constant{within} among the rows fitted: leave it out of the formula")
        share = np.linalg.lstsq(scaled[:, :place], scaled[:, place], rcond=None)[0]
        others = ", ".join(name for name, part in zip(design.names, share, strict=False) if abs(part) > 1e-6)
        raise InputError(f"{design.names[place]} follows exactly from {others}{within}: leave one of them out of the formula")


def _centred_within(matrix: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    n = np.bincount(stratum)
    means = np.column_stack([np.bincount(stratum, weights=column) for column in matrix.T]) / np.maximum(n, 1)[:, None]
    return matrix - means[stratum]
