"""Whole cohorts: every distinct entry is read once, every distinct combination is settled once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING

from ..errors import InputError, UsageError, unknown_name
from .categories import NODAL_CATEGORIES, in_order
from .coding import System
from .column_guard import guard_column, undeclared
from .combining import MANY_NODES
from .editions import Edition, Setting
from .findings import NodalFinding, combine
from .pieces import Piece
from .policies import Policy, policy_of
from .reading import Part, check_context, parts_of
from .systems import find_system

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_ESSENTIAL = attrgetter(*(each.name for each in fields(Piece) if each.name not in {"raw", "normalised", "n_positive", "n_examined"}))
_SMALL = 1 << 20  # so many possible combinations are counted in an array
COLUMNS = ("nodal_category", "nodal_possible", "nodal_certainty", "nodal_positive", "nodal_basis", "nodal_flags", "nodal_reason")


@dataclass(frozen=True, init=False)
class Evidence:
    """Where a frame holds evidence on the nodes: a coding system, the column of its values, and the columns that belong to it.

    Parameters
    ----------
    system
        Name of a coding system, or one of your own (`custom_system`).
    column
        Name of the column that holds its values.
    edition_column, year_column
        Columns of the AJCC edition and of the year of diagnosis. Evidence that has neither takes the edition of the other evidence.
    **context_columns
        For each context of the system (`nodes_examined`, `cells`, ...), the column that holds it.

    Raises
    ------
    UsageError
        If there is no such system or context.

    >>> Evidence("size", "deposit", cells="n_cells").context_columns
    (('cells', 'n_cells'),)
    """

    system: str | System
    column: str
    edition_column: str | None
    year_column: str | None
    context_columns: tuple[tuple[str, str], ...]

    def __init__(self, system: str | System, column: str, edition_column: str | None = None, year_column: str | None = None, **context_columns: str) -> None:
        check_context(find_system(system), context_columns)
        for name, value in {"system": system, "column": column, "edition_column": edition_column, "year_column": year_column}.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "context_columns", tuple(sorted(context_columns.items())))

    @property
    def columns(self) -> dict[str, str]:
        """The column of each entry, by the name under which the system knows it."""
        return {find_system(self.system).name: self.column, **dict(self.context_columns)}


def classify_frame(frame: pd.DataFrame, evidence: Sequence[Evidence], policy: str | Policy = "default") -> pd.DataFrame:
    """Classify the nodes of every row of a frame.

    Parameters
    ----------
    frame
        One row a patient. It is not changed.
    evidence
        What the frame holds; the order does not matter.
    policy
        `default`, `strict`, or a `Policy`.

    Returns
    -------
    DataFrame
        `nodal_category` (categorical, in the order of `NODAL_CATEGORIES`), `nodal_possible` and `nodal_flags` (joined by blanks),
        `nodal_certainty`, `nodal_positive` (nullable boolean), `nodal_basis`, `nodal_reason`, on the index of the frame.

    Raises
    ------
    UsageError
        If no evidence is named, or a policy that there is not, or a column is named without its coding system or under one that it cannot be.
    InputError
        If the frame has no such column.

    >>> import pandas as pd
    >>> cohort = pd.DataFrame({"pn": ["pN1", "pN0(i+)", None], "mm": [1.2, None, None]})
    >>> classify_frame(cohort, [Evidence("pathology_text", "pn"), Evidence("size", "mm")]).nodal_category.tolist()
    ['micro', 'itc', 'unknown']
    """
    chosen, named = policy_of(policy), _named(evidence, frame)
    _check_columns(frame, named)
    keys, tables = [], []
    for one in named:
        settings, setting_codes = _settings(frame, one, named, chosen)
        for part in parts_of(find_system(one.system)):
            columns = {name: one.columns[name] for name in part.names if name in one.columns}
            if columns:
                codes, pieces = _read_part(frame, part, columns, settings, setting_codes)
                keys.append(codes)
                tables.append(pieces)
    codes, firsts = _combined(keys, len(frame))
    combinations = ([piece for key, table in zip(keys, tables) for piece in table[key[first]]] for first in firsts)
    findings = [combine(pieces, chosen) for pieces in combinations]
    return _as_frame(findings, codes, frame.index)


def classify_values(
    system: str | System, values: Iterable, *, edition: object = None, year: object = None, policy: str | Policy = "default", **context: object,
) -> pd.DataFrame:
    """Classify many values of one coding system; edition, year and context may be one for all or one a value.

    Returns
    -------
    DataFrame
        As `classify_frame`, on the index of `values` where it has one.

    >>> classify_values("gdc_path_n", ["N0 (i+)", "N1mi"], edition="7th").nodal_category.tolist()
    ['itc', 'micro']
    """
    import pandas as pd

    if system is None:
        raise undeclared("value", values)
    entries = {"value": values if isinstance(values, pd.Series) else pd.Series(list(values), dtype=object)}
    entries |= {"edition": edition, "year": year, **{f"context {name}": entry for name, entry in context.items()}}
    index = entries["value"].index
    frame = pd.DataFrame({name: _spread(name, entry, len(index)) for name, entry in entries.items()})
    one = Evidence(system, "value", "edition", "year", **{name: f"context {name}" for name in context})
    return classify_frame(frame, [one], policy).set_axis(index)


def _spread(name: str, entry: object, n: int) -> list:
    if isinstance(entry, Iterable) and not isinstance(entry, (str, bytes, Mapping)):
        entries = list(entry)
        if len(entries) != n:
            raise UsageError(f"{name} has {len(entries)} entries for {n} values; give one for all, or one a value")
        return entries
    return [entry] * n


def _named(evidence: Sequence[Evidence] | Evidence, frame: pd.DataFrame) -> tuple[Evidence, ...]:
    named = (evidence,) if isinstance(evidence, (Evidence, str)) else tuple(evidence)
    for column in named:
        if isinstance(column, str) and column in frame.columns:
            raise undeclared(column, frame[column])
    if not named or not all(isinstance(one, Evidence) for one in named):
        raise UsageError('name the evidence as a list of Evidence, as [Evidence("gdc_path_n", "ajcc_pathologic_n")]')
    return named


def _check_columns(frame: pd.DataFrame, evidence: tuple[Evidence, ...]) -> None:
    for one in evidence:
        for column in (*one.columns.values(), one.edition_column, one.year_column):
            if column is not None and column not in frame.columns:
                raise InputError(unknown_name("column", column, frame.columns))
            if column is not None and frame[column].ndim > 1:
                raise InputError(f"the column {column!r} occurs more than once; rename one of them")
        guard_column(find_system(one.system).name, one.column, frame[one.column])


def _settings(frame: pd.DataFrame, one: Evidence, named: tuple[Evidence, ...], policy: Policy) -> tuple[list[Setting], np.ndarray]:
    """Give the distinct settings in which the values of one evidence are read, and which of them each row has."""
    lenders = [one] if one.edition_column or one.year_column else [one, *(other for other in named if other is not one)]
    columns = list(dict.fromkeys(column for lender in lenders for column in (lender.edition_column, lender.year_column) if column))
    distinct = [_distinct(frame[column], None) for column in columns]
    codes, firsts = _combined([key for key, _ in distinct], len(frame))
    found: dict[Setting, int] = {}
    numbers = []
    for first in firsts:
        edition = _known_edition(lenders, {column: entries[key[first]] for column, (key, entries) in zip(columns, distinct)})
        setting = Setting(edition, policy.harmonise or edition.number)
        numbers.append(found.setdefault(setting, len(found)))
    return list(found), _taken(numbers, codes)


def _known_edition(lenders: list[Evidence], entries: Mapping[str, object]) -> Edition:
    own, *others = (find_system(one.system).edition(entries.get(one.edition_column), entries.get(one.year_column)) for one in lenders)
    known = [edition for edition in others if edition.source != "assumed"]
    return max(known, key=lambda edition: (edition.number, edition.source)) if own.source == "assumed" and known else own


def _read_part(
    frame: pd.DataFrame, part: Part, columns: Mapping[str, str], settings: list[Setting], setting_codes: np.ndarray,
) -> tuple[np.ndarray, list[tuple[Piece, ...]]]:
    """Read the distinct entries of one part: for each row a number, for each number the pieces; entries that say the same share one."""
    entry_codes, entries = _distinct_entries(frame, part, columns)
    codes, firsts = _combined([setting_codes, entry_codes], len(frame))
    found: dict[tuple, int] = {}
    read = []
    numbers = []
    for first in firsts:
        pieces = part.read(entries[entry_codes[first]], settings[setting_codes[first]])
        number = found.setdefault(tuple(map(_essence, pieces)), len(found))
        if number == len(read):
            read.append(pieces)
        numbers.append(number)
    return _taken(numbers, codes), read


def _distinct_entries(frame: pd.DataFrame, part: Part, columns: Mapping[str, str]) -> tuple[np.ndarray, list[dict[str, object]]]:
    """Give the distinct entries of one part, those that read alike taken together, and for each row which of them it has."""
    distinct = {name: _distinct(frame[column], part.coarse.get(name)) for name, column in columns.items()}
    codes, firsts = _combined([key for key, _ in distinct.values()], len(frame))
    entries = [{name: values[key[first]] for name, (key, values) in distinct.items()} for first in firsts]
    if part.alike is None:
        return codes, entries
    found: dict[object, int] = {}
    numbers = [found.setdefault(part.alike(values), len(found)) for values in entries]
    kept = dict(zip(numbers[::-1], entries[::-1]))
    return _taken(numbers, codes), [kept[number] for number in range(len(found))]


def _essence(piece: Piece) -> tuple:
    """Give what of a piece can change a finding, so that few combinations are left to settle."""
    return *_ESSENTIAL(piece), (piece.n_positive or 0) >= MANY_NODES


def _distinct(column: pd.Series, coarse: Callable[[object], object] | None) -> tuple[np.ndarray, list]:
    """Give the distinct entries of a column, made coarse where that loses nothing, and for each row which of them it has."""
    codes, firsts = _combined([_factorized(column)], len(column))
    entries = column.iloc[firsts].tolist()
    if coarse is None:
        return codes, entries
    found: dict[object, int] = {}
    alike = [coarse(entry) for entry in entries]
    numbers = [found.setdefault(_comparable(entry), len(found)) for entry in alike]
    kept = dict(zip(numbers[::-1], alike[::-1]))
    return _taken(numbers, codes), [kept[number] for number in range(len(found))]


def _factorized(column: pd.Series) -> np.ndarray:
    import numpy as np
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy() + np.int32(1)
    if column.dtype == object and pd.api.types.infer_dtype(column, skipna=True).startswith("mixed"):
        column = column.map(_comparable)
    try:
        return pd.factorize(column)[0] + 1
    except TypeError:  # a list, or another thing that cannot be compared, stands in a cell
        return pd.factorize(column.map(_comparable))[0] + 1


def _comparable(value: object) -> object:
    if type(value).__name__ in {"bool", "bool_"}:
        return (value,)  # False equals 0, which is a code; False is none
    try:
        hash(value)
    except TypeError:
        return id(value)  # each is read by itself
    return value


def _combined(keys: list[np.ndarray], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Number the distinct combinations of several codes from 0, and give the row in which each comes first."""
    import numpy as np

    codes, n_possible = np.zeros(n, dtype="int32"), 1
    for key in keys:
        size = int(key.max(initial=0)) + 1
        if n_possible > 1 and n_possible * size > _SMALL:
            codes, firsts = _numbered(codes, n_possible)
            n_possible = len(firsts)
        n_possible *= size
        codes = codes * np.int32(size) + key if n_possible <= _SMALL else codes * np.int64(size) + key
    return _numbered(codes, n_possible)


def _numbered(keys: np.ndarray, n_possible: int) -> tuple[np.ndarray, np.ndarray]:
    """Number the keys (from 0, below `n_possible`) in the order in which they come first, and give the rows in which they do."""
    import numpy as np
    import pandas as pd

    if n_possible > _SMALL:
        codes = pd.factorize(keys)[0]
        return codes, _first_rows(codes, int(codes.max(initial=-1)) + 1)
    firsts = _first_rows(keys, n_possible)
    found = np.flatnonzero(firsts >= 0)
    found = found[np.argsort(firsts[found])]
    rank = np.empty(n_possible, dtype="int32")
    rank[found] = np.arange(len(found))
    return rank[keys], firsts[found]


def _first_rows(keys: np.ndarray, n_possible: int) -> np.ndarray:
    """Give the row in which each key comes first, -1 for one that does not; most are met early, and after that only the others are looked for."""
    import numpy as np

    firsts, start, size = np.full(n_possible, -1, dtype="int64"), 0, 1 << 12
    while start < len(keys):
        block = keys[start:start + size]
        new = np.flatnonzero(firsts[block] < 0)[::-1]
        firsts[block[new]] = start + new  # of several rows the first is written last
        start, size = start + size, 2 * size
    return firsts


def _taken(numbers: list[int], codes: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.asarray(numbers, dtype="int64")[codes]


def _as_frame(findings: list[NodalFinding], codes: np.ndarray, index: pd.Index) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    def text(write: Callable[[NodalFinding], str]) -> np.ndarray:
        return np.array([write(finding) for finding in findings], dtype=object)[codes]

    numbers = np.array([NODAL_CATEGORIES.index(finding.category) for finding in findings], dtype="int64")[codes]
    columns = (
        pd.Categorical.from_codes(numbers, categories=list(NODAL_CATEGORIES)),
        text(lambda finding: " ".join(in_order(finding.possible))),
        text(lambda finding: finding.certainty),
        pd.array([finding.positive for finding in findings], dtype="boolean")[codes],
        text(lambda finding: finding.basis),
        text(lambda finding: " ".join(sorted(finding.flags))),
        text(lambda finding: finding.reason),
    )
    return pd.DataFrame(dict(zip(COLUMNS, columns)), index=index, copy=False)
