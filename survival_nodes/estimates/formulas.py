"""Formulas: reading them safely, which columns they name, and the columns they make of a frame."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, UsageError, unknown_name
from .splines import SPLINE, check_call, transforms

if TYPE_CHECKING:
    import pandas as pd

FUNCTIONS = ("C", "I", "log", "log2", "log10", "exp", "center", "scale", "poly", "bs", SPLINE)
LEARNING = ("center", "scale", "poly", "bs", SPLINE)  # what these make of a row hangs on all the others


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
    plain, quoted = _plain(expression)
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


def _plain(expression: str) -> tuple[str, dict[str, str]]:
    """Give an expression with stand-ins for names in backticks, and what they stand for."""
    quoted: dict[str, str] = {}
    return re.sub(r"`([^`]*)`", lambda match: _quote(match.group(1), quoted), expression), quoted


def _quote(name: str, quoted: dict[str, str]) -> str:
    stand_in = f"quoted_{len(quoted)}_"
    quoted[stand_in] = name
    return stand_in


def only_categorical(formula: Any) -> set[str]:
    """Name the columns that stand nowhere but in C(...): numbers among them are levels, and are named as such."""
    inside, outside = set(), set()
    for factor in (factor for term in formula for factor in term.factors):
        match = re.fullmatch(r"C\(`?([^`,()]+)`?\)", factor.expr)
        (inside if match else outside).update([match.group(1)] if match else [factor.expr] if factor.eval_method.value == "lookup" else [])
        if not match and factor.eval_method.value == "python":
            outside.update(_expression_names(factor.expr))
    return inside - outside


def without_strata(formula: Any, strata: Sequence[str]) -> tuple[Any, set[str]]:
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


def learning_factors(formula: Any) -> list[str]:
    """Name the factors whose values in one row hang on all the others, as `center(age)` or splines with knots at quantiles.

    >>> learning_factors(read_formula("age + rcs(age, 4) + rcs(size, [5, 10, 20]) + node:center(year)"))
    ['rcs(age, 4)', 'center(year)']
    """
    factors = dict.fromkeys(factor.expr for term in formula for factor in term.factors if factor.eval_method.value == "python")
    return [expression for expression in factors if any(_learns(call) for call in ast.walk(ast.parse(_plain(expression)[0])) if isinstance(call, ast.Call))]


def _learns(call: ast.Call) -> bool:
    if call.func.id != SPLINE:
        return call.func.id in LEARNING
    knots = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
    return not isinstance(ast.literal_eval(knots[0]), (list, tuple))


@dataclass(frozen=True)
class FormulaSpec:
    """A formula as formulaic has fitted it: the same columns can be built of other rows."""

    model: Any

    @property
    def variables(self) -> tuple[str, ...]:
        """The columns that the formula reads, in order."""
        return variables_of(self.model.formula)

    @property
    def term_names(self) -> tuple[str, ...]:
        """The terms, as they are written, without the intercept."""
        return tuple(str(term) for term in self.model.formula if str(term) != "1")

    @property
    def column_names(self) -> list[str]:
        """The columns, without the intercept."""
        return list(self.model.column_names[self._n_before :])

    @property
    def columns_by_term(self) -> dict[str, list[int]]:
        """Term -> its columns, without the intercept."""
        indices = self.model.term_indices.items()
        return {str(term): [int(place) - self._n_before for place in columns] for term, columns in indices if str(term) != "1"}

    @property
    def learned(self) -> Mapping[str, Any]:
        """What functions such as `center` have kept of the rows fitted."""
        return self.model.transform_state

    @property
    def _n_before(self) -> int:
        return int(any(str(term) == "1" for term in self.model.formula))

    def matrix(self, frame: pd.DataFrame) -> np.ndarray:
        """Build all columns, shape (rows, p)."""
        return materialise(self.model, frame)[1]

    def naming(self, names: Collection[str]) -> FormulaSpec:
        """Give the terms that read any of these columns."""
        own = [term for term in self.model.formula if not set(names).isdisjoint(name for factor in term.factors for name in _names(factor))]
        return FormulaSpec(self.model.subset(own)) if own else FormulaSpec(self.model.subset(["1"]))


def materialise(formula: Any, frame: pd.DataFrame, learned: Mapping[str, Any] | None = None) -> tuple[FormulaSpec, np.ndarray]:
    """Build the columns of a formula, or of what formulaic fitted: the spec, and a matrix of floats without the intercept.

    `learned` is what functions such as `center` have kept of other rows.
    """
    from formulaic import ModelSpec
    from formulaic.errors import FormulaicError

    try:
        with np.errstate(divide="ignore", invalid="ignore"):
            spec = formula if learned is None else ModelSpec.from_spec(formula, transform_state=dict(learned))
            columns = spec.get_model_matrix(frame, context=transforms(), na_action="ignore")
    except FormulaicError as problem:
        if isinstance(problem.__cause__, (UsageError, InputError)):
            raise problem.__cause__ from None
        raise UsageError(f"the formula cannot be worked out: {_first_line(problem)}") from None
    found = FormulaSpec(columns.model_spec)
    return found, columns.to_numpy(dtype=float)[:, found._n_before :]


def _first_line(problem: Exception) -> str:
    return re.sub(r"\x1b\[[0-9;]*m|[\u29da\u29db]", "", str(problem)).splitlines()[0]
