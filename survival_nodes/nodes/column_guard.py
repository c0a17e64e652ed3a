"""Columns that cannot be what they are declared to be are refused before a row is read: the same number means other nodes in another system."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import UsageError
from .candidates import candidates
from .site_specific import digits
from .systems import find_system, systems
from .systems.seer_derived import AJCC6, AJCC7

if TYPE_CHECKING:
    import pandas as pd

_MOST_LISTED = 8
_NOT_KNOWN_6 = frozenset({8, 9, 88, 99})  # in a column of levels, too
_NOT_KNOWN_7 = frozenset({888, 999})
_HIGHEST_LEVEL, _LOWEST_OF_7 = 3, 100
_OF_6_ALONE = frozenset(map(int, AJCC6)) - frozenset(map(int, AJCC7))
_OF_7_ALONE = frozenset(number for number in map(int, AJCC7) if number >= _LOWEST_OF_7) - _NOT_KNOWN_7


def guard_column(system: str, column: str, values: pd.Series) -> None:
    """Refuse a column of bare numbers which is more likely written in another coding system than in the one declared.

    Only SEER's storage codes of N are guarded. Read as those of the 6th edition, the level 1 would be N0(i-), hence negative; read as those
    of the 7th, the code 20 of the 6th (N2) would be N0(i+). Codes written at their full width (01, 010) are what they are declared to be, and
    one value is no column.

    Raises
    ------
    UsageError
        With what the column could be, and what to write instead.
    """
    faults = {"seer_ajcc6_n": _fault_of_6, "seer_ajcc7_n": _fault_of_7}
    if system not in faults or len(values) < 2:
        return
    distinct = _distinct(values)
    fault = faults[system]({digits(value) for value in distinct} - {""})
    if fault:
        others = [name for name in candidates(distinct) if name != system]
        raise UsageError(f"NUMERIC_AMBIGUOUS: the column {column!r} is declared as {system}, but {fault}. Its values could be {_listed(others)}")


def _fault_of_6(written: set[str]) -> str:
    codes = {text for text in written if int(text) not in _NOT_KNOWN_6}
    numbers = {int(text) for text in codes}
    if numbers & _OF_7_ALONE and not numbers & _OF_6_ALONE:
        return "holds codes of three digits, as the 7th edition has them, and none that only the 6th has: declare seer_ajcc7_n"
    if not numbers or max(numbers) > _HIGHEST_LEVEL or any(len(text) > 1 for text in codes):
        return ""
    return (
        "holds nothing but 0 to 3, as a column of plain levels does: read as storage codes, 1 would be N0(i-), which is negative. "
        "Declare the system of the levels, as naaccr_tnm_path_n; if they are storage codes, write them with two digits, as 01"
    )


def _fault_of_7(written: set[str]) -> str:
    codes = {text for text in written if int(text) not in _NOT_KNOWN_7}
    if not codes or any(len(text) > 2 for text in codes):
        return ""
    return (
        "holds no code of 100 or more: read as storage codes of the 7th edition, 20 would be N0(i+), where the 6th edition has N2. "
        "Declare seer_ajcc6_n, or the system of plain levels, as naaccr_tnm_path_n; if they are of the 7th edition, write them with three digits, as 010"
    )


def undeclared(column: str, values: Iterable[object]) -> UsageError:
    """Make the error for a column whose coding system was not declared: it lists those that could read its values.

    >>> print(undeclared("pn", ["ÆF1906", "ÆF1914"]))  # doctest: +ELLIPSIS
    say in what coding system the column 'pn' is written, as Evidence(SYSTEM, 'pn'). Its values could be dk_patobank (Danish ...
    """
    told = _listed(list(candidates(values)))
    return UsageError(f"say in what coding system the column {column!r} is written, as Evidence(SYSTEM, {column!r}). Its values could be {told}")


def _listed(names: list[str]) -> str:
    """Name coding systems with what they are; where none fits, all of them without."""
    if not names:
        return f"of none of them; there are: {', '.join(system.name for system in systems())}"
    told = "; ".join(f"{name} ({find_system(name).title.partition(' (')[0]})" for name in names[:_MOST_LISTED])
    return told + (f"; and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else "")


def _distinct(values: pd.Series) -> list[object]:
    try:
        return list(values.unique())
    except TypeError:  # a list, or another thing that cannot be compared, stands in a cell: it is no number either
        return list(values)
