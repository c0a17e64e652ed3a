"""What a column of text holds, as far as a draft of its meaning needs to know; no value that could tell of a patient is given away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from .column_names import folded, is_known_word, words_for_missing
from .text_columns import distinct

MOST_CODES = 12  # a column with more different values is no column of codes
FEW_ROWS = 5  # a value in fewer is shown only where it is a code
_CODE = re.compile(r"\d{1,3}(\.0+)?|[A-Za-z]{0,2}\d[A-Za-z]{0,2}[+-]?")
_IDENTIFYING = re.compile(r".*\d{5}.*|.*\d{1,4}[-./]\d{1,2}[-./]\d{1,4}.*|.*@.*|.{41,}", re.DOTALL)
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}.*|\d{1,2}[-./]\d{1,2}[-./](\d{2}|\d{4})|\d{4}[./]\d{1,2}[./]\d{1,2}")
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MARKERS = (-99.0, -9.0, -1.0, 9.0, 88.0, 98.0, 99.0, 888.0, 998.0, 999.0, 8888.0, 9998.0, 9999.0)
_BEYOND_COUNTS = (*_MARKERS, 95.0, 96.0, 97.0, 126.0)  # registries count nodes to 90


@dataclass(frozen=True, eq=False)
class Look:
    """A look at one column: its values without those that are missing, each once, and the number of its rows."""

    title: str
    words: tuple[str, ...]
    counts: np.ndarray
    n_rows: int
    decimal: str

    @classmethod
    def at(cls, values: pd.Series, missing: tuple[str, ...], decimal: str) -> Look:
        """Look at a column of text."""
        codes, words = distinct(values)
        counts = np.bincount(codes[codes >= 0], minlength=len(words)).astype(int)
        kept = [place for place, word in enumerate(words) if counts[place] and word not in missing]
        return cls(str(values.name), tuple(words[kept].tolist()), counts[kept], len(values), decimal)

    @property
    def n_present(self) -> int:
        """The number of rows with a value."""
        return int(self.counts.sum())

    @cached_property
    def folded_words(self) -> frozenset[str]:
        """Its words without case and accents."""
        return frozenset(map(folded, self.words))

    @cached_property
    def odd_words(self) -> tuple[str, ...]:
        """Its words that are no numbers, but known to stand for what is missing."""
        return tuple(word for word in self.words[:10_000] if folded(word) in words_for_missing())

    @cached_property
    def _numeric_words(self) -> list[str]:
        odd = set(self.odd_words)
        return [word for word in self.words if word not in odd]

    @cached_property
    def numbers(self) -> np.ndarray | None:
        """Its numbers, beside `odd_words`; None where it holds anything else."""
        plain = [word.replace(",", ".") for word in self._numeric_words] if self.decimal == "," else self._numeric_words
        parsed = pd.to_numeric(pd.Series(plain, dtype=object), errors="coerce").to_numpy(dtype=float)
        return parsed if len(parsed) and np.isfinite(parsed).all() else None

    @property
    def is_whole(self) -> bool:
        """Whether all its numbers are whole."""
        return self.numbers is not None and bool((self.numbers % 1 == 0).all())

    @property
    def is_dates(self) -> bool:
        """Whether it holds dates, however written."""
        return bool(self.words) and all(map(_DATE.fullmatch, self.words))

    @property
    def is_iso_dates(self) -> bool:
        """Whether it holds dates as 2012-03-04."""
        return bool(self.words) and all(map(_ISO_DATE.fullmatch, self.words))

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value, and none stands twice."""
        return self.n_present == self.n_rows == len(self.words)

    @property
    def is_codes(self) -> bool:
        """Whether it holds few different values, so that they may be codes."""
        return 0 < len(self.words) <= MOST_CODES

    def fits(self, form: str) -> bool:
        """Tell whether nearly all of its rows are written in a form."""
        matched = np.array([re.fullmatch(form, word, re.IGNORECASE) is not None for word in self.words], dtype=bool)
        return self.n_present > 0 and int(self.counts[matched].sum()) >= 0.9 * self.n_present

    def rows_of(self, word: str) -> int:
        """Count the rows that hold a word."""
        return int(self.counts[self.words.index(word)])

    def shown(self) -> list[str]:
        """Give the values that may be shown: few, and each a code, a word that every file uses, or one of several rows."""
        if not self.is_codes or self.is_dates:
            return []
        return sorted(word for word, n in zip(self.words, self.counts) if self._may_be_shown(word, int(n)))

    def _may_be_shown(self, word: str, n: int) -> bool:
        if is_known_word(word) or (_CODE.fullmatch(word) and not self.is_unique):
            return True
        return n >= FEW_ROWS and not _IDENTIFYING.fullmatch(word)

    def median(self) -> float | None:
        """Give the median of its numbers, rounded to two figures, where enough rows hold one."""
        if self.numbers is None or self.n_present < 2 * FEW_ROWS:
            return None
        odd = set(self.odd_words)
        counts = self.counts[[place for place, word in enumerate(self.words) if word not in odd]]
        order = np.argsort(self.numbers)
        middle = np.searchsorted(np.cumsum(counts[order]), counts.sum() / 2)
        return float(f"{self.numbers[order][middle]:.2g}")

    def markers(self, most: float | None = None) -> Iterator[str]:
        """Give the numbers that may stand for "not known": nines and eights far beyond the others, or beyond what is possible."""
        if self.numbers is None:
            return
        pairs = list(zip(self._numeric_words, self.numbers.tolist()))
        plain = [number for _, number in pairs if number not in _MARKERS and (most is None or number <= most)]
        top = max(plain, default=0.0)
        for word, number in sorted(pairs, key=lambda pair: pair[1]):
            beyond = most is not None and number > most and (number in _BEYOND_COUNTS or self.rows_of(word) >= FEW_ROWS)
            often = number == 9 and top < 9 and self._stands_out(word, plain, pairs)
            far = number in _MARKERS and (number < 0 or (number > top + 5 and number != 9) or often)
            if beyond or far:
                yield word

    def _stands_out(self, word: str, plain: list[float], pairs: list[tuple[str, float]]) -> bool:
        """Tell whether a value is much more frequent than the largest of the others."""
        before = [each for each, number in pairs if plain and number == max(plain)]
        return bool(before) and self.rows_of(word) >= 3 * self.rows_of(before[0])
