"""Formulas that are a plain sum of columns and of arithmetic on them, worked out here: what most models are, without the time that loading formulaic takes.

The names and numbers are those that formulaic gives. Everything else is left to it: interactions, intercepts, splines, names in backticks.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

OPERATIONS: dict[type, Callable] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow,
    ast.UAdd: operator.pos, ast.USub: operator.neg}
FUNCTIONS: dict[str, Callable] = {"I": lambda values: values, "log": np.log, "log2": np.log2, "log10": np.log10, "exp": np.exp}
Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class PlainTerm:
    """A term: a column, `C(column)` where `is_levels`, or arithmetic; `variables` are the columns it reads."""

    text: str
    tree: ast.expr
    variables: tuple[str, ...]
    is_levels: bool = False

    def columns(self, frame: pd.DataFrame) -> Columns | None:
        """Work out the columns of the term, by name; None where it is not as plain as it looked."""
        values = frame[self.variables[0]]
        if len(self.variables) == 1 and (self.is_levels or isinstance(self.tree, ast.Name)) and isinstance(values.dtype, pd.CategoricalDtype):
            codes, levels = values.array.codes, values.array.categories
            return {f"{self.text}[T.{level}]": (codes == place).astype(float) for place, level in enumerate(levels) if place}
        if self.is_levels or any(frame[name].dtype != np.float64 for name in self.variables):
            return None
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            result = _evaluated(self.tree, frame)
        return {self.text: result} if isinstance(result, np.ndarray) and result.dtype == np.float64 else None


@dataclass(frozen=True)
class PlainSpec:
    """A plain formula as it was fitted: the same columns can be built of other rows."""

    terms: tuple[PlainTerm, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """The columns that the formula reads, in order."""
        return tuple(dict.fromkeys(name for term in self.terms for name in term.variables))

    @property
    def term_names(self) -> tuple[str, ...]:
        """The terms, as they are written."""
        return tuple(term.text for term in self.terms)

    @property
    def only_categorical(self) -> set[str]:
        """The columns that stand nowhere but in C(...)."""
        inside, outside = (
            {name for term in self.terms if term.is_levels is levels for name in term.variables} for levels in (True, False))
        return inside - outside

    def columns_by_term(self, frame: pd.DataFrame) -> dict[str, Columns] | None:
        """Work out the columns of each term; None where one is not plain."""
        found = {term.text: term.columns(frame) for term in self.terms}
        return None if None in found.values() else found

    def matrix(self, frame: pd.DataFrame) -> np.ndarray:
        """Build all columns, shape (rows, p)."""
        columns = [column for of_term in (self.columns_by_term(frame) or {}).values() for column in of_term.values()]
        return np.column_stack([*columns, np.zeros((len(frame), 0))])

    def naming(self, names: Collection[str]) -> PlainSpec:
        """Give the terms that read any of these columns."""
        return PlainSpec(tuple(term for term in self.terms if not set(names).isdisjoint(term.variables)))


def plain_formula(formula: str) -> PlainSpec | None:
    """Read a formula that is a sum of columns, `C(column)`, and arithmetic in `I(...)`, `log(...)` or `exp(...)`; None for any other.

    >>> [term.text for term in plain_formula("I((age-61)/10) + node + C(grade)").terms]
    ['I((age - 61) / 10)', 'node', 'C(grade)']
    >>> plain_formula("age * node") is None, plain_formula("rcs(age, 4)") is None
    (True, True)
    """
    text = formula.strip().removeprefix("~").strip()
    try:
        tree = ast.parse(text, mode="eval").body if text.isascii() and "\n" not in text else None
    except SyntaxError:
        return None
    terms = [_term(leaf) for leaf in _summed(tree)] if tree is not None else [None]
    return None if None in terms else PlainSpec(tuple({term.text: term for term in terms}.values()))


def _summed(tree: ast.expr) -> list[ast.expr]:
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add):
        return [*_summed(tree.left), *_summed(tree.right)]
    return [tree]


def _term(leaf: ast.expr) -> PlainTerm | None:
    if isinstance(leaf, ast.Name):
        return PlainTerm(leaf.id, leaf, (leaf.id,))
    if not isinstance(leaf, ast.Call) or not isinstance(leaf.func, ast.Name) or len(leaf.args) != 1 or leaf.keywords:
        return None
    if leaf.func.id == "C":
        inner = leaf.args[0]
        return PlainTerm(ast.unparse(leaf), leaf, (inner.id,), True) if isinstance(inner, ast.Name) else None
    variables = _arithmetic(leaf)
    return PlainTerm(ast.unparse(leaf), leaf, tuple(dict.fromkeys(variables))) if variables else None


def _arithmetic(tree: ast.expr) -> list[str] | None:
    """Name the columns in an expression of numbers; None where it is more than that."""
    if isinstance(tree, ast.Name):
        return [tree.id]
    if isinstance(tree, ast.Constant):
        return [] if type(tree.value) in (int, float) else None
    if isinstance(tree, ast.Call):
        plain = isinstance(tree.func, ast.Name) and tree.func.id in FUNCTIONS and len(tree.args) == 1 and not tree.keywords
        parts = tree.args if plain else None
    elif isinstance(tree, (ast.BinOp, ast.UnaryOp)) and type(tree.op) in OPERATIONS:
        parts = [tree.left, tree.right] if isinstance(tree, ast.BinOp) else [tree.operand]
    else:
        parts = None
    found = [None] if parts is None else [_arithmetic(part) for part in parts]
    return None if None in found else [name for part in found for name in part]


def _evaluated(tree: ast.expr, frame: pd.DataFrame) -> np.ndarray | float:
    if isinstance(tree, ast.Name):
        return frame[tree.id].to_numpy()
    if isinstance(tree, ast.Constant):
        return tree.value
    if isinstance(tree, ast.Call):
        return FUNCTIONS[tree.func.id](_evaluated(tree.args[0], frame))
    if isinstance(tree, ast.BinOp):
        return OPERATIONS[type(tree.op)](_evaluated(tree.left, frame), _evaluated(tree.right, frame))
    return OPERATIONS[type(tree.op)](_evaluated(tree.operand, frame))
