"""Where a report came from: hashes of the input, versions, seed and command; no person, machine, path or clock."""

from __future__ import annotations

import platform
import re
import shlex
from collections.abc import Mapping, Sequence
from importlib import import_module, metadata
from pathlib import Path, PurePath

from ..errors import UsageError

DEPENDENCIES = ("formulaic", "jinja2", "lifelines", "matplotlib", "numpy", "pandas", "scipy", "seaborn")
NO_PATIENTS = (
    "This report and the files beside it hold results for groups of patients. No row is about one patient, and no identifier or date of a patient is in them. "
    "A survival curve steps down where its group had an event, so the curve of a small group shows when its events happened."
)
# Option names that stand before a value in one word: --out=reports, age=years.
_NAMED = re.compile(r"^(?P<name>-{0,2}[\w.-]+=)(?P<value>.*)$", re.DOTALL)
_HOME_PARENTS = {"home", "users"}


def file_name(path: str | PurePath) -> str:
    r"""Reduce a path, of any system, to the name of the file; a home folder becomes `~`, since its name is a person's.

    >>> file_name("/home/jo/study/cohort.csv"), file_name("C:\\Users\\jo"), file_name("cohort.csv")
    ('cohort.csv', '~', 'cohort.csv')
    """
    parts = [part for part in re.split(r"[/\\]+", str(path)) if part not in {"", "."}]
    if not parts or parts[-1] == "..":
        return "."
    own_home = Path.home().parts[-1]
    is_home = len(parts) > 1 and (parts[-2].casefold() in _HOME_PARENTS or parts[-1] == own_home)
    return "~" if is_home or str(path) == str(Path.home()) else parts[-1]


def reduced_command(argv: Sequence[str]) -> str:
    """Write a command line with every path in it reduced to its file name.

    Parameters
    ----------
    argv
        The words of the command, as in `sys.argv`. A word that holds a slash or a backslash is taken for a path; so is what follows `=` in one.

    Raises
    ------
    UsageError
        If the command comes as one text, since a path with a blank in it could then not be told.

    >>> reduced_command(["/usr/local/bin/survival-nodes", "report", "/home/jo/cohort.csv", "--out=/home/jo/results"])
    'survival-nodes report cohort.csv --out=results'
    """
    if isinstance(argv, str):
        raise UsageError("the command came as one text: give its words as a sequence, as sys.argv holds them")
    return shlex.join(_reduced_word(str(word)) for word in argv)


def _reduced_word(word: str) -> str:
    named = _NAMED.match(word)
    if named:
        return named["name"] + _reduced_word(named["value"])
    return file_name(word) if "/" in word or "\\" in word else word


def versions() -> dict[str, str]:
    """Give the versions of Python, of this package and of what it computes with, by name.

    >>> list(versions())[:2]
    ['python', 'survival_nodes']
    """
    # The root is asked by name: it stands above every floor, and a checkout that is not installed has no metadata.
    root = import_module(__package__.partition(".")[0])
    own = {"python": platform.python_version(), root.__name__: root.__version__}
    return own | {name: metadata.version(name) for name in DEPENDENCIES}


def settings_of(provenance: Mapping[str, object]) -> dict[str, object]:
    """Give the provenance of findings with the names of its inputs reduced to file names; all else stays."""
    settings = {str(name): value for name, value in provenance.items()}
    if settings.get("inputs"):
        settings["inputs"] = [{**entry, "name": file_name(str(entry["name"]))} for entry in settings["inputs"]]
    return settings
