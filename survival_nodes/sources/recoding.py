"""Text into words and numbers: codes are looked up before anything is parsed, and a problem names rows, never values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import pandas as pd

from ..columns import COHORT, Problem, problem_at
from ..errors import InputError, unknown_name
from ..units import mm_per, units_per_year
from .column_parts import numbers_of_decimals
from .mapping import EVENT_COLUMNS, TIME_COLUMNS, Units
from .mapping import Mapping as ColumnMapping
from .text_columns import categorical, distinct, in_order

NUMBER_COLUMNS = (*TIME_COLUMNS, *(column.name for column in COHORT.columns if column.kind in {"number", "integer"} and column.name not in EVENT_COLUMNS))
_BOOLEAN_COLUMNS = tuple(column.name for column in COHORT.columns if column.kind == "boolean")
_IDENTITIES = ("patient_id", "sample_id")
_BOOLEANS = {"TRUE": True, "True": True, "true": True, "FALSE": False, "False": False, "false": False}  # as R, Python and spreadsheets write them
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_PLAIN = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE = re.compile(r"(-?(?:0|[1-9]\d*))\.0+")
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}.*|\d{1,4}[./]\d{1,2}[./]\d{1,4}.*")


def rename_columns(frame: pd.DataFrame, mapping: ColumnMapping, name: str, titles: Sequence[str] = ()) -> pd.DataFrame:
    """Give the frame under our names; a column mapped twice stands twice, every other column is kept. `titles` are all columns of the file.

    Raises
    ------
    InputError
        If a column named in the mapping is not in the file.
    """
    there = list(frame.columns)
    absent = [f"{ours!r} is mapped to a column that is not in {name!r}: {unknown_name('column', theirs, titles or there)}"
              for ours, theirs in mapping.columns.items() if theirs not in there]
    if absent:
        raise InputError("; ".join(absent))
    mapped = {ours: frame[theirs] for ours, theirs in mapping.columns.items()}
    kept = {title: frame[title] for title in there if title not in set(mapping.columns.values()) and title not in mapped}
    named = pd.DataFrame({**mapped, **kept}, copy=False)
    for kind, titles in (("codes", mapping.codes), ("levels", mapping.levels)):
        for title in titles:
            if title not in named and not (title == "nodal_category" and mapping.nodal):
                raise InputError(f"{kind}.{title}: {unknown_name('column', title, named.columns)}")
    return named


def recode(named: pd.DataFrame, mapping: ColumnMapping, repeats: np.ndarray | None = None) -> pd.DataFrame:
    """Turn the text of a frame under our names into words and numbers; a row may stand for several patients.

    Raises
    ------
    InputError
        With every problem at once: codes that are in no table, text where a number is wanted.
    """
    columns, problems = {}, []
    for title in named.columns:
        columns[title], more = _recode_column(named[title], mapping)
        problems += more
    if problems:
        raise InputError("; ".join(str(problem.of_patients(repeats)) for problem in problems))
    return pd.DataFrame(columns, copy=False)


def _recode_column(values: pd.Series, mapping: ColumnMapping) -> tuple[pd.Series, list[Problem]]:
    """Recode the distinct values of a column, and spread the outcome over its rows; numbers that need no recoding are taken as they are."""
    if values.dtype.kind in "iuf" or isinstance(values.dtype, pd.StringDtype):
        numbers = _as_they_are(values, mapping)
        if numbers is not None:
            return numbers, []
    codes, words = distinct(values)
    small, faults = _recode_words(pd.Series(words, name=values.name, dtype=object), mapping)
    problems = [problem for fault, wrong in faults for problem in problem_at(str(values.name), fault, pd.Series(np.append(wrong, False)[codes]))]
    if small.dtype == object and (isinstance(values.dtype, pd.CategoricalDtype) or values.dtype.kind in "iuf") and str(values.name) not in _BOOLEAN_COLUMNS:
        return in_order(categorical(codes, small.to_numpy(), values.index, values.name)), problems
    if (codes < 0).any():
        small = pd.concat([small, pd.Series([None], dtype=object)], ignore_index=True)
    return pd.Series(small.array[codes], index=values.index, name=values.name), problems


def _as_they_are(values: pd.Series, mapping: ColumnMapping) -> pd.Series | None:
    """Give a column of numbers in our unit, where no code, word for missing or dictionary could make anything else of it; else None."""
    title, units = str(values.name), mapping.units
    is_number = title in NUMBER_COLUMNS
    is_named = title in mapping.levels or title in COHORT.names and not (is_number or title in _IDENTITIES and values.dtype.kind in "iu")
    if title in mapping.codes or is_named or title in EVENT_COLUMNS or title == "deposit_mm" and units.deposit != "mm":
        return None
    if isinstance(values.dtype, pd.StringDtype):
        signs = list(filter(_PLAIN.fullmatch, mapping.file.missing))
        if mapping.file.decimal != "." or signs and values.isin(signs).any():
            return None
        values = numbers_of_decimals(values)
    numbers = values.to_numpy()
    found = numbers[~np.isnan(numbers)] if values.dtype.kind == "f" else numbers
    signs = [number for number in (_number(text, mapping.file.decimal) for text in mapping.file.missing) if number is not None]
    if not len(found) or values.dtype == np.float32 or (np.abs(found) >= 2**53).any() or np.isin(found, np.array(signs, dtype=float)).any():
        return None
    if is_number:
        numbers = numbers.astype("float64")
        return pd.Series(numbers / units_per_year(units.age, units.days_per_year) if title == "age" and units.age != "years" else numbers, name=values.name)
    is_whole = len(found) == len(numbers) and bool((found % 1 == 0).all())
    return pd.Series(numbers.astype("int64") if is_whole else numbers, name=values.name)


_Faults = list[tuple[str, np.ndarray]]


def _recode_words(values: pd.Series, mapping: ColumnMapping) -> tuple[pd.Series, _Faults]:
    title, decimal, missing = str(values.name), mapping.file.decimal, mapping.file.missing
    table = mapping.codes.get(title, {})
    # In a column of numbers, or where a table only says what is missing, the other values stay as they are.
    partial = title in NUMBER_COLUMNS or not any(table.values())
    if table and not partial:
        return _look_up_words(values, table, missing)
    present = values.where(~values.isin([text for text in missing if text not in table]), None)
    if table:
        present = present.map(lambda text: table[text].replace(".", decimal) or None if text in table else text, na_action="ignore").astype(object)
        present = present.where(present.notna(), None)
    if title in NUMBER_COLUMNS:
        return _numbers_in_our_unit(present, mapping.units, decimal, title in mapping.columns or title in TIME_COLUMNS)
    if title in EVENT_COLUMNS:
        return present.replace({"TRUE": "1", "true": "1", "FALSE": "0", "false": "0"}), []  # as spreadsheets and R write them
    if title in _BOOLEAN_COLUMNS:
        return present.map(lambda text: _BOOLEANS.get(text, text), na_action="ignore"), []
    if title in mapping.levels or title in COHORT.names:
        return present, []
    return _number_if_plain(present, decimal), []


def look_up(values: pd.Series, table: Mapping[str, str], missing: tuple[str, ...] = ("",)) -> tuple[pd.Series, list[Problem]]:
    """Replace codes by words; a code beats the list of missing values, and 1.0 is found under 1 where 1.0 has no entry.

    Returns
    -------
    words, problems
        Text, None where missing; at most one problem, with the rows whose code is in no table.

    >>> look_up(pd.Series(["1", "2.0", "", "7"], name="event"), {"1": "0", "2": "1"})[0].tolist()
    ['0', '1', None, None]
    """
    codes, found = distinct(values)
    words, faults = _look_up_words(pd.Series(found, name=values.name, dtype=object), table, missing)
    problems = [problem for fault, wrong in faults for problem in problem_at(str(values.name), fault, pd.Series(np.append(wrong, False)[codes]))]
    return pd.Series(np.append(words.to_numpy(), None)[codes], index=values.index, name=values.name, dtype=object), problems


def _look_up_words(values: pd.Series, table: Mapping[str, str], missing: tuple[str, ...]) -> tuple[pd.Series, _Faults]:
    words, unknown = [], []
    for code in values:
        whole = _WHOLE.fullmatch(code)
        key = code if code in table or whole is None else whole[1]
        words.append(table.get(key) or None)
        unknown.append(key not in table and code not in missing)
    n = sum(unknown)
    fault = f"{n} code{'s' * (n != 1)} that [codes.{values.name}] does not list (a code = \"\" is missing)"
    return pd.Series(words, index=values.index, name=values.name, dtype=object), [(fault, np.array(unknown, dtype=bool))] * bool(n)


def parse_numbers(values: pd.Series, decimal: str = ".") -> tuple[pd.Series, pd.Series]:
    """Parse text as numbers, exactly as Python does, distinct values once.

    Returns
    -------
    numbers, wrong
        Floats, NaN where missing or wrong; and whether something is there that is not a number.

    >>> parse_numbers(pd.Series(["1,5", "1.5", None]), ",")[0].tolist()
    [1.5, nan, nan]
    """
    codes, found = distinct(values)
    if decimal == "." and _are_all(found, _NUMBER):
        numbers = np.append(found.astype(float), np.nan)
    else:
        parsed = [_number(text, decimal) for text in found]
        numbers = np.array([np.nan if number is None else number for number in parsed] + [np.nan])
    wrong = np.append(~np.isfinite(numbers[:-1]), False)
    numbers[wrong.nonzero()] = np.nan
    return pd.Series(numbers[codes], index=values.index, name=values.name), pd.Series(wrong[codes], index=values.index)


def _are_all(words: Sequence[str], form: re.Pattern[str]) -> bool:
    """Tell whether all words are of a form, in one go: ten thousands of distinct numbers are many to be looked at one by one."""
    written = "\n".join(words) + "\n"
    return written.count("\n") == len(words) and re.fullmatch(rf"(?:{form.pattern}\n)*+", written, form.flags & re.ASCII) is not None


def _number(text: str, decimal: str) -> float | None:
    """Read one number, or None; thousands separators are not guessed."""
    if decimal == ",":
        if "." in text or text.count(",") > 1:
            return None
        text = text.replace(",", ".")
    return number if _NUMBER.fullmatch(text) and math.isfinite(number := float(text)) else None


def _numbers_in_our_unit(values: pd.Series, units: Units, decimal: str, declared: bool) -> tuple[pd.Series, _Faults]:
    """Parse a column of numbers and turn age into years and deposits into millimetres; times keep the unit of the file.

    A column that the mapping does not name, and that does not hold numbers, is kept as text.
    """
    title = str(values.name)
    numbers, wrong = parse_numbers(values, decimal)
    if wrong.any():
        return (values, []) if not declared else (numbers, [(_fault(title, values[wrong], units), wrong.to_numpy())])
    if title == "age" and units.age != "years":
        numbers = numbers / units_per_year(units.age, units.days_per_year)
    if title == "deposit_mm" and units.deposit != "mm":
        numbers = _in_mm(values, decimal, mm_per(units.deposit))
    return numbers, []


def _in_mm(values: pd.Series, decimal: str, mm: Decimal) -> pd.Series:
    """Multiply as decimals: 0.02 cm is 0.2 mm and not a hair more."""
    codes, found = distinct(values)
    sizes = np.array([float(Decimal(text.replace(decimal, ".")) * mm) for text in found] + [np.nan])
    return pd.Series(sizes[codes], index=values.index, name=values.name)


def _fault(title: str, wrong: pd.Series, units: Units) -> str:
    """Say what is wrong with text in a column of numbers, and the way out, where its form shows it."""
    wanted = f"a number of {units.time}" if title in TIME_COLUMNS else "a number"
    if wrong.str.fullmatch(_DATE).all():
        return f"a date, where {wanted} is wanted: give the time since diagnosis" if title in TIME_COLUMNS else f"a date, where {wanted} is wanted"
    if wrong.str.fullmatch(r"[+-]?\d+,\d+").all():
        return f'not {wanted}: if these are decimal commas, say decimal = "," under [file]'
    return f"not {wanted} (what stands for missing goes into missing = [...] under [file])"


def _number_if_plain(values: pd.Series, decimal: str) -> pd.Series:
    """Give a column nobody declared as numbers where every value is one; leading zeros mean a code, which stays text."""
    found = values.dropna().unique()
    if not len(found) or not _are_all([text.replace(decimal, ".") for text in found] if decimal != "." else found, _PLAIN):
        return values
    numbers, wrong = parse_numbers(values, decimal)
    if wrong.any() or not bool((numbers.dropna().abs() < 2**53).all()):
        return values  # a number so long is an identity, and would lose its last digits
    whole = numbers.notna().all() and bool((numbers % 1 == 0).all())
    return numbers.astype("int64") if whole else numbers
