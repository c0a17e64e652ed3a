"""What a classification found, counted: categories, flags with their meaning, and the values that stayed unknown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..units import format_count, format_percent
from .categories import NODAL_CATEGORIES
from .flags import FLAGS
from .policies import Policy, policy_of
from .spelling import spell

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MOST_VALUES = 10
_LONGEST_VALUE = 40  # codes are shorter; what is longer may be a sentence on a patient
_TOO_MANY_SINGLE = 100  # so many values that occur once each are identifiers or free text, not codes


@dataclass(frozen=True, eq=False)
class NodalSummary:
    """A classification, counted.

    Parameters
    ----------
    categories
        `category, n`: all five, in order.
    flags
        `flag, n, meaning`: those that occur, the commonest first.
    unknown
        `value, n, reason`: the commonest values that stayed unknown, each with the commonest reason; empty where no values were given.
    policy
        The policy by which it was made.
    """

    categories: pd.DataFrame
    flags: pd.DataFrame
    unknown: pd.DataFrame
    policy: Policy

    def text(self) -> str:
        """Write it as lines to be printed."""
        return "\n".join([*self._category_lines(), *self._flag_lines(), *self._unknown_lines()])

    def notes(self) -> tuple[str, ...]:
        """Write it as sentences for a report: categories, then flags."""
        counts = ", ".join(f"{row.category} {format_count(row.n)} ({format_percent(row.share)})" for row in self._shares().itertuples())
        told = [f"Nodal categories of the {_rows(self._n_rows)} classified: {counts}."]
        if len(self.flags):
            told.append("Flags of the classification: " + " ".join(f"{row.flag} in {_rows(row.n)}: {row.meaning}" for row in self.flags.itertuples()))
        return tuple(told)

    @property
    def _n_rows(self) -> int:
        return int(self.categories.n.sum())

    def _shares(self) -> pd.DataFrame:
        return self.categories.assign(share=self.categories.n / max(self._n_rows, 1))

    def _category_lines(self) -> list[str]:
        lines = [f"Nodal category of {_rows(self._n_rows)}", f"Policy {self.policy.words}", ""]
        return lines + [f"  {row.category:<9}{format_count(row.n):>11}{format_percent(row.share):>8}" for row in self._shares().itertuples()]

    def _flag_lines(self) -> list[str]:
        if not len(self.flags):
            return []
        widest = max(map(len, self.flags.flag))
        return ["", "Flags"] + [f"  {row.flag:<{widest}}{format_count(row.n):>11}  {row.meaning}" for row in self.flags.itertuples()]

    def _unknown_lines(self) -> list[str]:
        if not len(self.unknown):
            return []
        widest = max(map(len, self.unknown.value))
        lines = [f"  {row.value:<{widest}}{format_count(row.n):>11}  {row.reason}" for row in self.unknown.itertuples()]
        return ["", "Commonest values that stayed unknown", *lines]


def summarise(
    classified: pd.DataFrame, policy: str | Policy = "default", values: pd.Series | None = None, *, repeats: np.ndarray | None = None,
) -> NodalSummary:
    """Count what a classification found.

    Parameters
    ----------
    classified
        What `classify_frame` gave; of a cohort, its columns `nodal_category` and `nodal_flags` are enough.
    policy
        The policy by which it was made.
    values
        The values that were classified, in the same order, to learn which stayed unknown; `nodal_reason` is then needed too.
    repeats
        How many identical rows each row stands for, in categories and flags; None for one each.

    >>> from .frames import classify_values
    >>> found = summarise(classify_values("gdc_path_n", ["N1mi", "NX", "NX"], edition=7), values=["N1mi", "NX", "NX"])
    >>> found.unknown.values.tolist()
    [['NX', 2, 'pNX in AJCC 7: the nodes could not be assessed']]
    """
    import pandas as pd

    unknown = [] if values is None else _unknown(classified, pd.Series(list(values), dtype=object))
    return NodalSummary(
        pd.DataFrame(_categories(classified, repeats), columns=["category", "n"]),
        pd.DataFrame(_flags(classified, repeats), columns=["flag", "n", "meaning"]),
        pd.DataFrame(unknown, columns=["value", "n", "reason"]), policy_of(policy))


def _counted(values: pd.Series, repeats: np.ndarray | None) -> pd.Series:
    """Count the rows of each value, the commonest first."""
    import pandas as pd

    if repeats is None:
        return values.value_counts()
    codes, found = pd.factorize(values.astype(object))
    present = codes >= 0
    return pd.Series(repeats[present], dtype="int64").groupby(found[codes[present]]).sum().sort_values(ascending=False)


def _categories(classified: pd.DataFrame, repeats: np.ndarray | None) -> list[tuple[str, int]]:
    counts = _counted(classified["nodal_category"], repeats)
    return [(category, int(counts.get(category, 0))) for category in NODAL_CATEGORIES]


def _flags(classified: pd.DataFrame, repeats: np.ndarray | None) -> list[tuple[str, int, str]]:
    counts: Counter[str] = Counter()
    for several, n in _counted(classified["nodal_flags"], repeats).items():
        counts.update(dict.fromkeys(several.split(), int(n)))
    return [(name, n, FLAGS.get(name, "")) for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def _unknown(classified: pd.DataFrame, values: pd.Series) -> list[tuple[str, int, str]]:
    """Count the values that stayed unknown, written alike where they differ by blanks only; a column of identifiers is not listed."""
    import pandas as pd

    missed = (classified["nodal_category"] == "unknown").to_numpy()
    shown = pd.DataFrame({"value": values[missed].map(_shown), "reason": classified["nodal_reason"].to_numpy()[missed]})
    counts: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    for (value, reason), n in sorted(shown.value_counts().items(), key=lambda item: (-item[1], item[0])):
        counts[value] += int(n)
        reasons.setdefault(value, reason)  # the commonest comes first
    listed = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_VALUES]
    if len(counts) > _TOO_MANY_SINGLE and listed[0][1] == 1:
        return [(f"({len(counts)} different values)", len(counts), "each stands in one row only, as identifiers or sentences do; they are not listed")]
    return [(value, n, reasons[value]) for value, n in listed]


def _shown(value: object) -> str:
    spelled = spell(value)
    if len(spelled.text) > _LONGEST_VALUE or (isinstance(value, str) and not spelled.text and value.strip()):
        return f"(more than {_LONGEST_VALUE} characters)"
    return spelled.text or ("(empty)" if spelled.fault == "MISSING" else f"({type(value).__name__})")


def _rows(n: int) -> str:
    return f"{format_count(n)} row" + ("" if n == 1 else "s")
