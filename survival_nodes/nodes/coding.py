"""What a coding system is: its name, its format, its editions, its standard, and how one value of it is read."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from .editions import AJCC_BY_YEAR, Edition, Setting, find_edition, parse_edition, parse_year
from .pieces import Piece

Reader = Callable[[str, object, Mapping[str, object], Setting], tuple[Piece, ...]]


@dataclass(frozen=True)
class System:
    """A coding system; a new one is one entry in a module of `systems/`.

    Parameters
    ----------
    name
        The key by which it is asked for.
    title
        What it is, in a few words.
    format
        What its values look like.
    editions
        The AJCC editions it was written in; where it is one only, that one is known without being stated.
    standard
        Link to its definition.
    read
        `read(name, value, context, setting)` gives the pieces of one value. Never raises.
    context
        Names of further entries that are read together with the value.
    value_is
        For measurements and counts that any system may come with: the name of the context for which the value stands; `read` is then None.
    by_year
        Last year of diagnosis of each edition, where it differs from the American one.
    edition_codes
        Codes of its edition column that are no plain number.
    coarse
        For a context with many values of which few matter, what gives a value that reads like the one given.
    alike
        Where several entries matter together only: what gives of them all that matters.
    """

    name: str
    title: str
    format: str
    editions: tuple[int, ...]
    standard: str
    read: Reader | None = None
    context: tuple[str, ...] = ()
    value_is: str = ""
    by_year: tuple[tuple[int, int], ...] = AJCC_BY_YEAR
    edition_codes: tuple[tuple[str, int], ...] = ()
    coarse: tuple[tuple[str, Callable[[object], object]], ...] = ()
    alike: Callable[[Mapping[str, object]], Hashable] | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """Its codes, where it is a table of them: those that its reader names; none where values are written freely."""
        return tuple(getattr(self.read, "codes", ()))

    def edition(self, edition: object, year: object) -> Edition:
        """Decide on the edition of a record of this system."""
        only = self.editions[0] if len(self.editions) == 1 else None
        return find_edition(parse_edition(edition, dict(self.edition_codes)), parse_year(year), by_year=self.by_year, only=only)
