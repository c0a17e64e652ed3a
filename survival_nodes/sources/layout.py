"""The layout of a source: which of its columns is which of ours, and what its codes mean. The layouts are tables in `data/layouts`.

::

    title = "..."                     # what the source is
    citation = "..."                  # how it asks to be cited
    missing = ["", "Blank(s)"]        # what stands for a missing value in every column

    [field.sex]                       # by our name
    titles = ["Sex", "SEX"]           # the names that the file may use; the first that is there is taken
    words = { Female = "female", "2" = "female", Unknown = "" }     # code or label -> our word; an empty word is missing

    [field.n_positive]
    titles = ["Regional nodes positive"]
    number = [0, 90]                  # a number within these limits, of what the table below does not name
    words = { "95" = "", "98" = "" }

    [field.patient_id]
    titles = ["Patient ID"]
    text = true                       # kept as it is written
    needed = true

    [field.diagnosis_date]
    titles = ["..."]
    date = "%Y-%m-%d"

    [field.cs_nodes]
    titles = ["CS lymph nodes"]
    raw = true                        # read by the source only: never reaches the cohort

Codes are found whatever their case, blanks, leading zeros and a decimal zero: 1, 01 and 1.0 are one code.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import pandas as pd

from ..columns import COHORT, problem_at
from ..data_files import data_file
from ..errors import InputError, UsageError, unknown_name
from .text_columns import categorical, distinct, in_order

KINDS = ("words", "number", "text", "date", "raw")
_KEYS = {"titles", "words", "number", "text", "date", "raw", "needed", "missing"}
_YEARS = r"(?:19|20)\d\d(?:(?:19|20)\d\d)?"


@dataclass(frozen=True)
class Field:
    """One of our columns in a source: the names it may have there, and how its values are read."""

    name: str
    titles: tuple[str, ...]
    kind: str = "words"
    words: Mapping[str, str] = field(default_factory=dict)
    limits: tuple[float, float] | None = None
    form: str = ""
    missing: frozenset[str] = frozenset()
    needed: bool = False


@dataclass(frozen=True)
class Layout:
    """The layout of a source; `own` holds whatever else its file says, for the source itself."""

    name: str
    title: str
    citation: str
    fields: tuple[Field, ...]
    own: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Fields:
    """A table under our names.

    Attributes
    ----------
    frame : DataFrame
        Words, numbers, dates and text; columns that the file does not hold are not there.
    raw : DataFrame
        Text that only the source may look at, missing values None.
    titles : Mapping of str to str
        Our name -> the file's.
    said : tuple of str
        What could not be read, counted.
    """

    frame: pd.DataFrame
    raw: pd.DataFrame
    titles: Mapping[str, str]
    said: tuple[str, ...]


@cache
def read_layout(name: str) -> Layout:
    """Read one of the layouts that are shipped (`data/layouts/NAME.toml`)."""
    tables = tomllib.loads(data_file(f"layouts/{name}.toml").read_text(encoding="utf-8"))
    general = [str(word) for word in tables.get("missing", [""])]
    fields = tuple(_field(title, table, general) for title, table in tables["field"].items())
    own = {key: value for key, value in tables.items() if key not in {"title", "citation", "missing", "field"}}
    return Layout(name, tables["title"], tables.get("citation", ""), fields, own)


def _field(name: str, table: Mapping[str, object], general: Sequence[str]) -> Field:
    strays = set(table) - _KEYS
    if strays or "titles" not in table:
        raise ValueError(f"layout, field {name}: {sorted(strays) or 'titles are wanted'}")
    kind = next((kind for kind in KINDS[1:] if table.get(kind)), "words")
    words = {code_key(str(code)): str(word) for code, word in dict(table.get("words", {})).items()}
    missing = frozenset(code_key(word) for word in (*general, *table.get("missing", ()))) - set(words)
    limits = tuple(table["number"]) if kind == "number" else None
    form = str(table["date"]) if kind == "date" else ""
    return Field(name, tuple(table["titles"]), kind, words, limits, form, missing, bool(table.get("needed", False)))


def code_key(code: str) -> str:
    """Write a code so that its spellings agree: no case, single blanks, no leading zeros and no decimal zero.

    >>> [code_key(code) for code in ("01", "1.0", " Blank(s) ", "N1  NOS", "00")]
    ['1', '1', 'blank(s)', 'n1 nos', '0']
    """
    key = " ".join(code.casefold().split())
    whole = re.fullmatch(r"0*(\d+?)(\.0+)?", key)
    return whole[1] if whole else key


def adapted(layout: Layout, columns: Mapping[str, str] | None = None, codes: Mapping[str, Mapping] | None = None) -> Layout:
    """Give a layout with the user's own names of columns, and codes, put over it.

    Raises
    ------
    UsageError
        If the layout has no such field.
    """
    names = [each.name for each in layout.fields]
    for given in (*(columns or {}), *(codes or {})):
        if given not in names:
            raise UsageError(unknown_name("column of this source", given, names))
    fields = []
    for each in layout.fields:
        over = {code_key(str(code)): str(word) for code, word in (codes or {}).get(each.name, {}).items()}
        titles = ((columns or {})[each.name],) if each.name in (columns or {}) else each.titles
        fields.append(replace(each, titles=titles, words={**each.words, **over}, missing=each.missing - set(over)))
    return replace(layout, fields=tuple(fields))


def find_titles(layout: Layout, there: Iterable[str]) -> dict[str, str]:
    """Find the file's name of each field: as it is written; else by letters and digits alone; else without years or a bracket at its end.

    >>> seer = Layout("", "", "", (Field("n_positive", ("Regional nodes positive (1988+)",)),))
    >>> find_titles(seer, ["Regional.nodes.positive..1988.2020."])
    {'n_positive': 'Regional.nodes.positive..1988.2020.'}
    """
    by_key: tuple[dict[str, str], ...] = ({}, {}, {})
    there = list(there)
    for title in there:
        for keys, key in zip(by_key, _title_keys(title)):
            keys.setdefault(key, title)
    found = {}
    for each in layout.fields:
        for title in each.titles:
            match = title if title in there else next((keys[key] for keys, key in zip(by_key, _title_keys(title)) if key in keys), None)
            if match is not None:
                found[each.name] = match
                break
    return found


def _title_keys(title: str) -> tuple[str, str, str]:
    """Give what two names must share: letters and digits; those without years at the end; those without the bracket at the end."""
    folded = title.casefold()
    bare = re.sub(r"[^a-z0-9]", "", folded)
    without_years = re.sub(rf"{_YEARS}(?:varyingbyschema)?$", "", bare) or bare
    without_bracket = re.sub(r"[^a-z0-9]", "", re.sub(r"\s*\([^()]*\)\s*$", "", folded)) or bare
    return bare, without_years, re.sub(rf"{_YEARS}(?:varyingbyschema)?$", "", without_bracket) or without_bracket


def read_fields(layout: Layout, frame: pd.DataFrame, name: str) -> Fields:
    """Read a frame of text by a layout.

    Parameters
    ----------
    layout
        The layout.
    frame
        Text only; columns that no field asks for are left alone.
    name
        The file's name, for messages.

    Raises
    ------
    InputError
        If a needed column is not there, or nothing in it can be read.
    """
    titles = find_titles(layout, frame.columns)
    absent = [each for each in layout.fields if each.needed and each.name not in titles]
    if absent:
        listed = "; ".join(f"{each.name!r} ({' or '.join(map(repr, each.titles[:3]))})" for each in absent)
        raise InputError(f"{name!r}: no column was found for {listed}; there are: {_first_few(frame.columns)}; "
                         f"say which with columns={{{absent[0].name!r}: ...}}, or read it as another source")
    read, raw, said = {}, {}, []
    for each in layout.fields:
        if each.name in titles:
            values, sentence = _read_field(each, frame[titles[each.name]])
            (raw if each.kind == "raw" else read)[each.name] = values
            said += [f"column {titles[each.name]!r}: {sentence}"] if sentence else []
    return Fields(pd.DataFrame(read, index=frame.index, copy=False), pd.DataFrame(raw, index=frame.index, copy=False), titles, tuple(said))


def _first_few(names: Iterable[str]) -> str:
    names = [str(each) for each in names]
    return ", ".join(names[:15]) + (f" and {len(names) - 15} more" if len(names) > 15 else "")


def _read_field(each: Field, values: pd.Series) -> tuple[pd.Series, str]:
    """Give one column in our words and numbers, and a sentence on what could not be read."""
    codes, found = distinct(values)
    # Text without a table of codes may be a million identities: then only what stands for missing is looked for.
    plain = each.kind in {"text", "raw"} and not each.words and not any(word.isdecimal() for word in each.missing)
    keys = [word.casefold() if plain else code_key(word) for word in found]
    # A code is asked for in its table before anything is parsed: 99 is not ninety-nine nodes.
    known = [each.words.get(key, "" if key in each.missing else None) for key in keys]
    if each.kind in {"text", "raw"}:
        kept = np.array([(word if said is None else said or None) for word, said in zip(found, known)], dtype=object)
        return _as_column(codes, kept, values, each.name), ""
    if each.kind == "words":
        strays = np.array([word is None for word in known], dtype=bool)
        column = _settled(categorical(codes, np.array([word or None for word in known], dtype=object), values.index, each.name))
        return column, _unread(strays, codes, values, "a code that its table does not list")
    if each.kind == "date":
        dates = pd.to_datetime(pd.Series([word if said is None else None for word, said in zip(found, known)], dtype=object), format=each.form, errors="coerce")
        strays = np.array([said is None for said in known], dtype=bool) & dates.isna().to_numpy()
        return _spread(codes, dates.to_numpy(), np.datetime64("NaT"), values, each.name), _unread(strays, codes, values, "no date")
    numbers = np.array([_number(word if said is None else said) for word, said in zip(found, known)] + [np.nan])[:-1]
    low, high = each.limits or (-np.inf, np.inf)
    out = (numbers < low) | (numbers > high)
    strays = out | (np.isnan(numbers) & np.array([said is None for said in known], dtype=bool))
    column = _spread(codes, np.where(out, np.nan, numbers), np.nan, values, each.name)
    return column, _unread(strays, codes, values, f"no number from {low:g} to {high:g}, and no code of its table")


def _as_column(codes: np.ndarray, words: np.ndarray, values: pd.Series, name: str) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype) or len(set(words)) <= 1 + len(values) // 5:
        return categorical(codes, words, values.index, name)
    return pd.Series(np.append(words, None)[codes], index=values.index, name=name, dtype=object)


def _settled(values: pd.Series) -> pd.Series:
    """Make whole numbers of words that stand for them, and put words into the dictionary's order."""
    name = str(values.name)
    if name in COHORT.names and COHORT[name].kind in {"integer", "number"}:
        codes, words = distinct(values)
        return pd.Series(np.array([*map(float, words), np.nan])[codes], index=values.index, name=values.name)
    return in_order(values)


def _spread(codes: np.ndarray, found: np.ndarray, missing: object, values: pd.Series, name: str) -> pd.Series:
    return pd.Series(np.append(found, missing)[codes], index=values.index, name=name)


def _number(text: str) -> float:
    """Read a plain number, a thousands separator or a decimal comma not guessed; what is none is NaN."""
    return float(text) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", text.strip(), re.ASCII) else np.nan


def _unread(strays: np.ndarray, codes: np.ndarray, values: pd.Series, fault: str) -> str:
    """Count the rows whose value could not be read; the values themselves are not shown."""
    if not strays.any():
        return ""
    wrong = pd.Series(np.append(strays, False)[codes])
    problem = problem_at(str(values.name), fault, wrong)[0]
    listed = ", ".join(map(str, problem.rows)) + ", ..." * (problem.n > len(problem.rows))
    return f"{fault} in {problem.n} row{'s' * (problem.n != 1)} (row {listed}); read as missing"
