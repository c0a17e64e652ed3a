"""Tables that are larger than memory: opened where they lie, and their distinct rows counted there; only counts leave the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError, UsageError, unknown_name
from .duckdb_engine import DuckDBEngine
from .file_sets import check_parquet, delimiter_of, described, encoding_of, found_files, is_parquet, is_path, titles_of
from .frame_engine import FrameEngine
from .joining import joined
from .keys import COUNT, Coding, Keys, prepared, values_of
from .numbering import FIRST_ROWS, number_columns
from .relations import Column, DistinctRows, Engine, EngineOptions, Relation, ScannedFile, run
from .spark_engine import SparkEngine
from .together import Part, name_for, together

__all__ = ["ENGINES", "DistinctRows", "EngineOptions", "Relation", "ScannedFile", "distinct_rows", "open_relation", "with_codes"]

ENGINES = {"duckdb": DuckDBEngine, "spark": SparkEngine, "memory": FrameEngine}
_NEEDS = {"duckdb": ("scale", "duckdb", "narwhals"), "spark": ("spark", "pyspark", "narwhals", "pyarrow"), "memory": ("scale", "narwhals")}
_MOST_ROWS = 20_000_000
_LARGE = 5_000_000  # rows
_MOST_OTHERS = 0.2  # of the rows may hold values that were not numbered
FEW = 50_000  # so many combinations are fetched as they are


class ManyOthers(InputError):
    """So many rows hold values that were not there when they were numbered that they are numbered anew."""


def open_relation(table: object, engine: str = "duckdb", options: EngineOptions = EngineOptions()) -> Relation:
    """Open a table without reading it.

    Parameters
    ----------
    table
        A path, a pattern of paths (`part*.parquet`), a folder of Parquet or delimited files, a list of these; a DuckDB relation; a Spark
        DataFrame; a pandas frame (engine `memory`).
    engine
        `duckdb`, `spark` or `memory`.
    options
        How text is written, and what the engine may use.

    Raises
    ------
    UsageError
        If there is no such file or engine, or what the engine needs is not installed.
    InputError
        If a file is damaged. A column that is not in every file, or not of the same type, is an error when it is asked for.

    >>> import pandas as pd
    >>> relation = open_relation(pd.DataFrame({"node": ["pN0", "pN1", "pN0"], "event": [0, 1, 0]}), "memory")
    >>> relation.columns, relation.n_rows
    ({'node': 'text', 'event': 'integer'}, 3)
    """
    if engine not in ENGINES:
        raise UsageError(unknown_name("engine", engine, [name for name in ENGINES if name != "memory"]))
    _check_installed(engine)
    source = ENGINES[engine](options)
    if is_path(table):
        files, parts = _parts(source, found_files(table), options)
    elif source.owns(table):
        files, parts = (), [Part.of("the table", source, table)]
    else:
        raise UsageError(_what_counts_it(table, engine))
    whole, kinds, problems = run(source, lambda: together(parts), files)
    titles = {name: title for part in parts for name, title in part.titles.items()}
    return Relation(source, whole, kinds, titles, problems, files, options.limit)


def _check_installed(engine: str) -> None:
    extra, *libraries = _NEEDS[engine]
    for name in libraries:
        try:
            import_module(name)
        except ImportError as problem:
            raise UsageError(f"the {engine} engine needs the extra {extra} ({name} is not installed): pip install 'survival-nodes[{extra}]'") from problem


def _what_counts_it(table: object, engine: str) -> str:
    kind = f"{type(table).__module__.split('.')[0].lstrip('_')}.{type(table).__name__}"
    other = next((name for name in ENGINES if type(table).__module__.lstrip("_").startswith({"spark": "pyspark", "memory": "pandas"}.get(name, name))), None)
    way_out = f'say engine="{other}"' if other else "give a path, a pattern, a folder, a list of files, a DuckDB relation or a Spark DataFrame"
    return f"the {engine} engine does not count a {kind}: {way_out}"


def _parts(source: Engine, paths: Sequence[Path], options: EngineOptions) -> tuple[tuple[ScannedFile, ...], list[Part]]:
    """Look at every file, and read those of the same columns and types together."""
    groups: dict[Any, list[str]] = {}
    rows: list[int | None] = [None] * len(paths)
    if is_parquet(paths[0]):
        for path in paths:
            check_parquet(path)
        unread = described(paths, rows)
        signatures = run(source, lambda: source.parquet_signatures([each.path for each in unread]), unread)
        rows = [n for _, n in signatures]
        for path, (signature, _) in zip(paths, signatures, strict=True):
            groups.setdefault(signature, []).append(str(path))
    else:
        for path in paths:
            groups.setdefault((titles_of(path, options), delimiter_of(path, options), encoding_of(options)), []).append(str(path))
    files = described(paths, rows)
    read = source.read_parquet if is_parquet(paths[0]) else source.read_text
    tables = run(source, lambda: [read(group, *(() if is_parquet(paths[0]) else key)) for key, group in groups.items()], files)
    return files, [Part.of(repr(Path(group[0]).name), source, table) for group, table in zip(groups.values(), tables, strict=True)]


def distinct_rows(relation: Relation, columns: Sequence[str]) -> DistinctRows:
    """Give the distinct combinations of some columns, and how many rows hold each; no more than these leaves the engine.

    Where the first rows hold few combinations, the engine groups by the columns as they are. Else the values of each column are numbered
    first, and it groups by whole numbers that stand for a row, which takes a fraction of the memory.

    Raises
    ------
    UsageError
        If a column is not there, or the engine's memory does not suffice.
    InputError
        If a column is not alike in all files, a file turns out to be damaged, or there are more distinct combinations than the limit; the
        column with most values is named.

    >>> import pandas as pd
    >>> relation = open_relation(pd.DataFrame({"node": ["pN0", "pN1", "pN0"], "event": [0, 1, 0]}), "memory")
    >>> found = distinct_rows(relation, ["node", "event"])
    >>> sorted(zip(found.frame["node"], found.frame["event"], found.n.tolist()))
    [('pN0', 0, 2), ('pN1', 1, 1)]
    """
    names = relation.names(columns)
    if not names:
        n = relation.n_rows
        return DistinctRows(pd.DataFrame(index=range(min(n, 1))), np.array([n][: min(n, 1)], dtype=np.int64))
    many = _values_in_first_rows(relation, names)
    limit = _limit(relation, many)
    found = _counted(relation, Keys((), tuple(names)), many, min(limit, FEW)) if prod(many.values()) <= FEW else None
    try:
        found = found or _counted_by_numbers(relation, many, limit, whole=not relation.is_text)
    except ManyOthers:
        relation.codings.clear()
        found = _counted_by_numbers(relation, many, limit, whole=True)
    if found is None:
        raise _too_many(relation, many, limit)
    return found


def _values_in_first_rows(relation: Relation, names: Sequence[str]) -> dict[str, int]:
    """Count the values of each column in rows that are quickly had; a missing one is a value."""
    import narwhals as nw

    first = prepared(relation, names).head(FIRST_ROWS)
    asked = [nw.col(name).n_unique().alias(f"n_{place}") for place, name in enumerate(names)]
    found = relation.fetch(first.select(*asked))
    return {name: max(1, int(found[f"n_{place}"][0][0])) for place, name in enumerate(names)}


def _limit(relation: Relation, many: Mapping[str, int]) -> int:
    """Give the most combinations that are fetched; a large table in which one column nearly names each row is refused before it is counted."""
    if relation.limit is not None:
        return relation.limit
    rows = relation.rows_by_files or 0
    limit = _MOST_ROWS if rows <= _LARGE else min(_MOST_ROWS, rows // 2)
    if rows > _LARGE and max(many.values()) > FIRST_ROWS / 2:
        raise _too_many(relation, many, limit)
    return limit


def _too_many(relation: Relation, many: Mapping[str, int], limit: int) -> InputError:
    most = max(many, key=many.__getitem__)
    others = ", ".join(repr(relation.titles[name]) for name in many if name != most)
    there = f"it has most values, and with {others} there" if others else "there"
    return InputError(f"column {relation.titles[most]!r} stands in the way: {there} are more than {limit} distinct combinations: put its values into groups "
                      "in the files, leave it out, or raise limit=...")


def _counted_by_numbers(relation: Relation, many: Mapping[str, int], limit: int, *, whole: bool) -> DistinctRows | None:
    number_columns(relation, many, whole)
    return _counted(relation, Keys.of({name: relation.codings[name] for name in many}), many, limit)


def _counted(relation: Relation, keys: Keys, names: Iterable[str], limit: int) -> DistinctRows | None:
    """Count the rows of each key, and give the values back; None where there are more keys than the limit."""
    import narwhals as nw

    fetched = relation.fetch(keys.table(relation).group_by(*keys.names, *keys.plain).agg(nw.len().alias(COUNT)).head(limit + 1))
    n = fetched[COUNT][0].astype(np.int64, copy=False)
    if len(n) > limit:
        return None
    others = keys.others(fetched)
    if not others.any():
        return _distinct(relation, keys, names, fetched)
    n_others = int(n[others].sum())
    if n_others > _MOST_OTHERS * n.sum():
        raise ManyOthers("columns hold other values than a moment ago: count a table that nobody writes to")
    rest = _counted(_those(relation, keys), Keys((), tuple(names)), names, limit)
    if rest is None or rest.n.sum() != n_others:
        raise ManyOthers("rows came or went while they were counted: count a table that nobody writes to")
    known = _distinct(relation, keys, names, {name: (values[~others], missing[~others]) for name, (values, missing) in fetched.items()})
    return known.and_also(rest)


def _those(relation: Relation, keys: Keys) -> Relation:
    """Give the rows with values that were not there when they were numbered."""
    return replace(relation, table=relation.table.filter(keys.has_others()))


def _distinct(relation: Relation, keys: Keys, names: Iterable[str], fetched: Mapping[str, Column]) -> DistinctRows:
    found = {name: values_of(fetched[name], relation.kinds[name]) for name in keys.plain} | keys.unpacked(fetched)
    n = fetched[COUNT][0].astype(np.int64, copy=False)
    return DistinctRows(pd.DataFrame({relation.titles[name]: found[name] for name in names}, copy=False), n)


def with_codes(relation: Relation, distinct: DistinctRows, codes: np.ndarray, name: str) -> Relation:
    """Give the relation with one more column of whole numbers: for each row, the code of its combination of values.

    Parameters
    ----------
    distinct
        What `distinct_rows` gave of this relation for the columns that are looked up.
    codes
        int64, shape (rows of `distinct`,): the code of each combination, 0 or more.
    name
        The name of the column, kind `integer`; none of the relation's own.
    """
    frame = distinct.frame.set_axis(relation.names(distinct.frame), axis=1)
    own = name_for(name)
    known = Coding(own, "integer", int(codes.max(initial=0)) + 1)
    return replace(
        relation, table=joined(relation, frame, np.asarray(codes, dtype=np.int64), own), kinds={**relation.kinds, own: "integer"},
        titles={**relation.titles, own: name}, codings={**relation.codings, own: known})
