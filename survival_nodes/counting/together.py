"""Several files, or one table, as one lazy frame: columns of one kind put together, and what stands in the way of the others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .file_sets import check_titles
from .relations import Engine

_PLAIN_NAME = re.compile(r"[^\W\d]\w*")

@dataclass(frozen=True, eq=False)
class Part:
    """Files of the same columns and types as one lazy frame of Narwhals; the first file speaks for all.

    `titles` are the names that the columns have in the files, by those that they have in the table.
    """

    file: str
    table: Any
    titles: Mapping[str, str]

    @classmethod
    def of(cls, file: str, source: Engine, native: Any) -> Part:
        """Make it of a native table."""
        import narwhals as nw

        titles = list(map(str, native.columns))
        names = [name_for(title) for title in titles]
        return cls(file, nw.from_native(source.renamed(native, names)).lazy(), dict(zip(names, titles)))


def kind_of(dtype: Any) -> str | None:
    """Give the kind of a column by its type in Narwhals; empty for one of missing values only, None for one that cannot be counted."""
    import narwhals as nw

    def among(*kinds: Any) -> bool:  # a type with a unit or a zone has no hash of its kind
        return any(dtype == kind for kind in kinds)

    if among(nw.UInt64, nw.Int128, nw.UInt128) or dtype.is_float() or dtype.is_decimal():
        return "number"
    if dtype.is_integer():
        return "integer"
    if among(nw.Date, nw.Datetime):
        return "date"
    if among(nw.Boolean):
        return "boolean"
    if among(nw.String, nw.Categorical, nw.Enum, nw.Time, nw.Object):
        return "text"
    return "" if among(nw.Unknown) else None


def name_for(title: str) -> str:
    """Give the name under which a column is counted, a plain word that means nothing in any engine's language.

    >>> name_for("grade"), name_for("p.N")
    ('grade_', 'hex_702e4e')
    """
    return f"{title}_" if _PLAIN_NAME.fullmatch(title) else f"hex_{title.encode().hex()}"


def together(parts: Sequence[Part]) -> tuple[Any, dict[str, str], dict[str, str]]:
    """Put parts on top of one another.

    Returns
    -------
    table, kinds, problems
        The lazy frame; name -> kind; title -> why the column cannot be counted.
    """
    import narwhals as nw

    schemas = [dict(part.table.collect_schema()) for part in parts]
    for part in parts:
        check_titles(part.file, list(part.titles.values()))
    kinds: dict[str, str] = {}
    problems: dict[str, str] = {}
    for name in dict.fromkeys(name for schema in schemas for name in schema):
        title = next(part.titles[name] for part in parts if name in part.titles)
        kind, problem = _kind_in_all(name, title, parts, schemas)
        if problem:
            problems[title] = problem
        else:
            kinds[name] = kind
    types = {name: _common_type(kind, [schema[name] for schema in schemas]) for name, kind in kinds.items()}
    alike = [_as_types(part.table, schema, types) for part, schema in zip(parts, schemas)]
    return (alike[0] if len(alike) == 1 else nw.concat(alike, how="vertical")), kinds, problems


def _kind_in_all(name: str, title: str, parts: Sequence[Part], schemas: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Give the kind of a column, or why it has none that is the same in all parts."""
    there = [(part.file, kind_of(schema[name])) for part, schema in zip(parts, schemas) if name in schema]
    lacking = next((part.file for part, schema in zip(parts, schemas) if name not in schema), None)
    if lacking is not None:
        return "", f"column {title!r} is in {there[0][0]} and not in {lacking}: write it to every file, or name only files that hold it"
    unfit = next((file for file, kind in there if kind is None), None)
    if unfit is not None:
        return "", f"column {title!r} in {unfit} holds lists, records or bytes, where one value a row is wanted: leave it out, or write it as text"
    known = [(file, kind) for file, kind in there if kind]
    other = next(((file, kind) for file, kind in known if kind != known[0][1]), None)
    if other is not None:
        return "", (f"column {title!r} changes its type between files: {known[0][1]} in {known[0][0]}, {other[1]} in {other[0]}: "
                    "write it with one type to every file")
    return (known[0][1] if known else "text"), ""


def _common_type(kind: str, dtypes: Sequence[Any]) -> Any:
    """Give the type in which a column of one kind is counted, wide enough for all parts."""
    import narwhals as nw

    if kind in {"text", "boolean"}:
        return nw.String() if kind == "text" else nw.Boolean()
    known = [dtype for dtype in dtypes if kind_of(dtype)]
    alike = all(dtype == known[0] for dtype in known)
    if kind == "number":
        return known[0] if alike and known[0].is_float() else nw.Float64()
    if alike:
        return known[0]
    return nw.Int64() if kind == "integer" else nw.Datetime("us")


def _as_types(table: Any, schema: Mapping[str, Any], types: Mapping[str, Any]) -> Any:
    import narwhals as nw

    return table.select(*(nw.col(name) if schema[name] == wanted else nw.col(name).cast(wanted) for name, wanted in types.items()))
