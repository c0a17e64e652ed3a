"""Which edition of the AJCC (UICC) manual a record was written in: stated, by its year, or by the code itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import UsageError
from .spelling import spell

# Last year of diagnosis of each edition, as registries in the United States applied them (NAACCR item 1060).
AJCC_BY_YEAR = ((1992, 3), (1997, 4), (2002, 5), (2009, 6), (2017, 7), (9999, 8))
DUTCH_BY_YEAR = ((1998, 4), (2002, 5), (2009, 6), (2016, 7), (9999, 8))  # as the Netherlands Cancer Registry applied them
ASSUMED = 8
FIRST_WITH_ITC = 6
FIRST_WITH_CELLS = 7
_PRE6_ENDS = 2004  # from this year of diagnosis on, an edition before the 6th is no longer believed

_EDITION = re.compile(r"\D{0,20}?0?([1-9])(?:\.0+)?(?:st|nd|rd|th)?(?:\D.*)?", re.DOTALL)
_YEAR = re.compile(r"((?:19|20)\d\d)(?:\.0+)?(?:[-/.].*)?", re.DOTALL)


@dataclass(frozen=True)
class Edition:
    """An edition, where it is known from (`given, year, token, assumed`), and whether record and year contradict each other."""

    number: int
    source: str
    conflict: bool = False

    @property
    def before_6(self) -> bool:
        """Whether the same letters mean the older classes."""
        return self.number < FIRST_WITH_ITC

    def forced_by_token(self, before_6: bool) -> Edition:
        """Give the edition once the code itself has said which side of the 6th it belongs to."""
        if self.before_6 == before_6:
            return self
        return Edition(FIRST_WITH_ITC - 1 if before_6 else FIRST_WITH_ITC, "token", conflict=self.source != "assumed")


@dataclass(frozen=True)
class Setting:
    """What a value is read with: the edition it was written in, and the edition whose limits are applied to it."""

    edition: Edition
    judged: int

    @property
    def counts_cells(self) -> bool:
        """Whether more than 200 cells make a micrometastasis of a small deposit."""
        return self.judged >= FIRST_WITH_CELLS


def parse_edition(value: object, codes: Mapping[str, int] | None = None) -> int | None:
    """Read an edition however it is written; None where it cannot be read.

    >>> [parse_edition(value) for value in (7, "7", "7th", "AJCC 6th edition", "05", "99", None)]
    [7, 7, 7, 6, 5, None, None]
    """
    text = spell(value).text.casefold()
    if codes and text in codes:
        return codes[text]
    match = _EDITION.fullmatch(text)
    return int(match[1]) if match else None


def parse_year(value: object) -> int | None:
    """Read a year of diagnosis, also off a date that begins with it; None where it cannot be read.

    >>> [parse_year(value) for value in (1999, "1999.0", "2004-05-31", "99", None)]
    [1999, 1999, 2004, None, None]
    """
    match = _YEAR.fullmatch(spell(value).text)
    return int(match[1]) if match else None


def edition_of_year(year: int, by_year: tuple[tuple[int, int], ...] = AJCC_BY_YEAR) -> int:
    """Give the edition in force for a year of diagnosis.

    >>> [edition_of_year(year) for year in (1992, 2002, 2003, 2010, 2018)]
    [3, 5, 6, 7, 8]
    """
    return next(number for last, number in by_year if year <= last)


def find_edition(edition: int | None, year: int | None, *, by_year: tuple[tuple[int, int], ...] = AJCC_BY_YEAR, only: int | None = None) -> Edition:
    """Decide on the edition: what is stated, else the year's, else the only one of the coding system, else the 8th, assumed.

    >>> find_edition(None, 2000)
    Edition(number=5, source='year', conflict=False)
    >>> find_edition(5, 2008).conflict
    True
    """
    if edition is not None:
        return Edition(edition, "given", conflict=edition < FIRST_WITH_ITC and year is not None and year >= _PRE6_ENDS)
    if only is not None:
        return Edition(only, "given")
    if year is not None:
        return Edition(edition_of_year(year, by_year), "year")
    return Edition(ASSUMED, "assumed")


def require_edition(edition: object) -> int:
    """Read an edition that a program asks for; UsageError where it is none."""
    number = parse_edition(edition)
    if number is None or not 3 <= number <= 9:
        raise UsageError(f"there is no AJCC edition {str(edition)[:40]!r} for breast; write one of 3 to 8, as 7, '7' or '7th'")
    return number
