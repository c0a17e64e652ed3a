"""Everything that can go wrong, drawn once.

::

    SurvivalNodesError            1  (never raised itself: a defect of ours keeps Python's own exceptions)
    |-- UsageError                2  an option, a name or a plan that cannot be carried out
    |-- InputError                3  a file or a frame that does not hold what it should
    |-- DisclosureError           4  a result that must not be shown
    `-- OutputError               5  a report or a file that cannot be written

    DataWarning                      the data are usable, but something in them deserves a second look
    `-- UnitWarning                  follow-up is so short or so long that its unit is probably another one

The number is the exit code of the command line. A message names what came, what was wanted and the way out; it never
holds a patient's row.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class SurvivalNodesError(Exception):
    """Root of the errors that a user can mend; its text is one line, ready to be shown."""

    exit_code = 1


class UsageError(SurvivalNodesError, ValueError):
    """An option, a name or a plan that cannot be carried out as written."""

    exit_code = 2


class InputError(SurvivalNodesError, ValueError):
    """A file or a frame that does not hold what it should."""

    exit_code = 3


class DisclosureError(SurvivalNodesError):
    """A result that must not be shown under the small-number rule in force."""

    exit_code = 4


class OutputError(SurvivalNodesError, OSError):
    """A report or a file that could not be written; what stood there before is untouched."""

    exit_code = 5


class DataWarning(UserWarning):
    """The data are usable, but something in them deserves a second look."""


class UnitWarning(DataWarning):
    """Follow-up is so short or so long that its unit is probably another one."""


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Give `` (nearest: 'x')`` for the candidate closest to a mistyped name, or nothing.

    >>> nearest("muths", ["months", "status"])
    " (nearest: 'months')"
    >>> nearest("q", ["months"])
    ''
    """
    by_folded = {str(candidate).casefold(): str(candidate) for candidate in candidates}
    close = get_close_matches(str(name).casefold(), by_folded, n=1, cutoff=0.5)
    return f" (nearest: {by_folded[close[0]]!r})" if close else ""


def unknown_name(kind: str, name: object, candidates: Iterable[str]) -> str:
    """Word the commonest mistake: a name that is not there, what is there, and the nearest.

    >>> unknown_name("column", "muths", ["months", "status"])
    "there is no column 'muths' (nearest: 'months'); there are: months, status"
    """
    names = [str(candidate) for candidate in candidates]
    shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    return f"there is no {kind} {str(name)!r}{nearest(str(name), names)}; there are: {shown or 'none'}"
