"""Names and words that files use for our columns, as `data/column_names.toml` lists them."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from ..data_files import data_file

_YEARS_AT_END = re.compile(r"\s*\((?:18|19|20)\d\d[^)]*\)\s*$")
_PREFIX = re.compile(r"^(cases|demographic|diagnoses|exposures|follow_ups)\.|\.(diagnoses|demographic|samples)$")
_PLACES = re.compile(r"\{(unit|length)\}")


@cache
def known_names() -> Mapping[str, Mapping]:
    """Read the tables of names and words."""
    return tomllib.loads(data_file("column_names.toml").read_text(encoding="utf-8"))


def folded(text: str) -> str:
    """Write text without case, accents and double blanks.

    >>> folded(" Décédé  ")
    'decede'
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    return " ".join(plain.split())


@cache
def name_key(title: str) -> str:
    """Write a name so that the names of one thing agree.

    >>> name_key("Regional nodes positive (1988+)"), name_key("demographic.vital_status"), name_key("OS.time")
    ('regionalnodespositive', 'vitalstatus', 'ostime')
    """
    return re.sub(r"[^a-z0-9*]", "", _PREFIX.sub("", folded(_YEARS_AT_END.sub("", title))))


def titles_named(titles: Iterable[str], group: str, entry: str) -> Iterator[tuple[str, str]]:
    """Give the titles that a list of names knows, in the order of the list, each with the unit that it names (or "").

    >>> list(titles_named(["status", "os_months"], "times", "overall"))
    [('os_months', 'months')]
    """
    keys = {title: name_key(title) for title in titles}
    for name in known_names()[group].get(entry, ()):
        for title, key in keys.items():
            found = _pattern(name).fullmatch(key)
            if found and key:
                yield title, next((unit for unit, word in found.groupdict().items() if word), "")


def has_names(titles: Iterable[str], group: str, entry: str) -> bool:
    """Tell whether every name of a list is among the titles."""
    keys = list(map(name_key, titles))
    return all(any(map(_pattern(name).fullmatch, keys)) for name in known_names()[group][entry])


@cache
def _pattern(name: str) -> re.Pattern[str]:
    pieces = _PLACES.split(name)  # text, place, text, ...
    return re.compile("".join(_one_of(piece) if place % 2 else re.escape(name_key(piece)).replace(r"\*", ".*") for place, piece in enumerate(pieces)))


def _one_of(place: str) -> str:
    words = known_names()["units" if place == "unit" else "lengths"]
    return "(?:" + "|".join(f"(?P<{unit}>{'|'.join(sorted(spellings, key=len, reverse=True))})" for unit, spellings in words.items()) + ")"


@cache
def our_words(table: str) -> Mapping[str, str]:
    """Give one of the tables of words: a file's word, folded, -> ours."""
    return {folded(theirs): ours for ours, words in known_names()["words"][table].items() for theirs in words}


@cache
def words_for_missing() -> frozenset[str]:
    """Give the words, folded, that stand for a missing value among numbers or known words."""
    return frozenset(map(folded, known_names()["missing"]["words"]))


@cache
def is_known_word(word: str) -> bool:
    """Tell whether a word stands in any table, so that showing it tells nothing of a patient."""
    key = folded(word)
    return key in words_for_missing() or key in known_names()["missing"]["signs"] or any(key in our_words(table) for table in known_names()["words"])
