"""Small by measure: files, functions and parameter lists stay short."""

from __future__ import annotations

import ast
import dataclasses
import io
import tokenize
from pathlib import Path

import pytest

import survival_nodes as sn

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "survival_nodes").rglob("*.py")) + sorted((ROOT / "analyses").glob("*.py"))
MOST_LINES, MOST_FUNCTION_LINES, MOST_PARAMETERS, MOST_OPTIONS, MOST_WIDTH = 400, 40, 7, 9, 160
BANNED = {"utils", "helpers", "misc", "df2", "flag", "data", "tmp"}
# Signatures fixed by the contract of the public face, or fields of a result rather than options.
WIDE_BY_CONTRACT = {"from_frame", "build"}


def functions(path: Path):
    return [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def code_lines(source: str, node: ast.FunctionDef) -> int:
    """Lines of a function that hold code: no docstring, no comment, no blank line."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if not body:
        return 0
    wanted = set(range(body[0].lineno, node.end_lineno + 1))
    idle = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    held = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in idle:
            held |= set(range(token.start[0], token.end[0] + 1))
    return len(wanted & held)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_stays_short(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    limit = 60 if path.parent.name == "analyses" else MOST_LINES
    assert len(lines) <= limit
    assert max(map(len, lines), default=0) <= MOST_WIDTH


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_stay_short(path):
    source = path.read_text(encoding="utf-8")
    for node in functions(path):
        assert code_lines(source, node) <= MOST_FUNCTION_LINES, node.name
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        own = [argument for argument in arguments if argument.arg not in {"self", "cls"}]
        assert len(own) <= MOST_PARAMETERS or node.name in WIDE_BY_CONTRACT, node.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_banned_names(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    # `.data` of a Figure and a Table is a field of the public face, not a variable.
    fields = {id(line.target) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for line in node.body if isinstance(line, ast.AnnAssign)}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in fields}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} | {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert not (names & BANNED), names & BANNED
    assert path.stem not in BANNED


# Every public class that is a set of options, found rather than listed, so that a new one is measured too.
OPTION_SETS = [name for name in sn.__all__ if dataclasses.is_dataclass(getattr(sn, name)) and getattr(sn, name).__module__.split(".")[1] in {
    "estimates", "comparisons"}]


@pytest.mark.parametrize("name", OPTION_SETS)
def test_option_sets_stay_small(name):
    """What is given by position is the subject (the groups, the formula); the rest are options."""
    assert len([field for field in dataclasses.fields(getattr(sn, name)) if field.kw_only]) <= MOST_OPTIONS


def test_option_sets_are_found():
    assert {"KaplanMeier", "CoxModel", "LogRank", "NonInferiority", "FineGray", "RestrictedMean"} <= set(OPTION_SETS)


def test_what_is_measured():
    source = 'def f(a):\n    """One."""\n    # why\n\n    return a\n'
    assert code_lines(source, ast.parse(source).body[0]) == 1
