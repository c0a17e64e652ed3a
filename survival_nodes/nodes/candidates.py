"""Which coding systems could read a column; asked only to word an error, never to choose one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from .findings import classify
from .systems import systems

_LOOKED_AT = 200  # different values
_ENOUGH = 0.9  # of them are read without complaint
_COMPLAINTS = frozenset({"UNPARSEABLE", "UNKNOWN_CODE", "OBSOLETE_CODE", "NUMERIC_AMBIGUOUS", "PERINEURAL_AMBIGUOUS", "INVALID_FOR_BREAST"})


def candidates(values: Iterable[object]) -> tuple[str, ...]:
    """Name the coding systems that read nearly all of the values.

    >>> "gdc_path_n" in candidates(["N0 (i+)", "N1mi", "N1a"]), "size" in candidates(["N0 (i+)", "N1mi", "N1a"]), candidates([""])
    (True, False, ())
    """
    looked_at = list(islice(dict.fromkeys(map(str, values)), _LOOKED_AT))
    return tuple(system.name for system in systems() if _reads(system.name, looked_at))


def _reads(system: str, values: list[str]) -> bool:
    flags = [classify(system, value).flags for value in values]
    there = [found for found in flags if "MISSING" not in found]
    return len(there) > 0 and sum(not found & _COMPLAINTS for found in there) >= _ENOUGH * len(there)
