"""Tables that only print a frame: the ledger, tests, published rates, and frames of no particular schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from ..columns import PUBLISHED, TESTS, require
from ..errors import InputError
from ..units import MISSING, format_count, format_number, format_p, format_percent, format_ratio, is_missing
from .table import Table, counts, display_of, heading, records, with_interval, words

VERSUS = " vs "  # between the groups that a test compares
_LEDGER = {"rule": "Step", "reason": "Reason", "n_before": "Before", "n_after": "After", "n_excluded": "Excluded"}


def plain(
    frame: pd.DataFrame, *, name: str, caption: str, headings: Mapping[str, str] | None = None,
    formats: Mapping[str, Callable[[object], str]] | None = None, notes: tuple[str, ...] = (),
) -> Table:
    """Print a frame as it is.

    Parameters
    ----------
    frame
        Any frame; its index is not printed.
    name, caption, notes
        Of the table.
    headings
        Column -> its heading; only these columns are printed, in this order. Without it all are, under the dictionary's headings.
    formats
        Column -> a function that writes one of its values; others are written by their type.

    Raises
    ------
    InputError
        If a column of `headings` is not there.

    Examples
    --------
    >>> plain(pd.DataFrame({"power": [0.8]}), name="p", caption="Power.", formats={"power": format_percent}).display.values.tolist()
    [['80.0%']]
    """
    headings = headings or {column: heading(column) for column in frame.columns}
    lacking = [column for column in headings if column not in frame]
    if lacking:
        raise InputError(f"the frame has no column {', '.join(map(repr, lacking))}; it has: {', '.join(map(str, frame.columns))}")
    writers = {column: (formats or {}).get(column, words) for column in headings}
    rows = records(frame)
    shown = {title: [writers[column](row[column]) for row in rows] for column, title in headings.items()}
    return Table(name, frame.copy(), display_of(shown), caption, notes)


def flow(ledger: pd.DataFrame, *, name: str = "flow") -> Table:
    """Print the ledger of a cohort: each step, its reason, patients before and after.

    Parameters
    ----------
    ledger
        Frame of `rule, reason, n_before, n_after, n_excluded`.

    Raises
    ------
    InputError
        If a column is not there.
    """
    written = dict.fromkeys(("n_before", "n_after", "n_excluded"), format_count)
    return plain(ledger, name=name, caption="Steps from the source to the patients analysed.", headings=_LEDGER, formats=written)


def tests(frame: pd.DataFrame, *, labels: Mapping[str, str] | None = None, name: str = "tests") -> Table:
    """Print TESTS: statistic, degrees of freedom and p-values.

    Parameters
    ----------
    frame
        TESTS frame.
    labels
        Group, or term, -> its name in print.
    name
        Of the table.

    Raises
    ------
    InputError
        If the frame is not of the schema.
    """
    require(frame, TESTS)
    named = labels or {}

    def comparison(words: str | None) -> str:
        return "" if words is None else named.get(words, VERSUS.join(named.get(group, group) for group in words.split(VERSUS)))

    headings = {column: heading(column) for column in TESTS.names if column != "p_adjusted" or frame[column].notna().any()}
    formats = {"comparison": comparison, "statistic": format_number, "df": format_count, "p_value": format_p, "p_adjusted": format_p}
    return plain(frame, name=name, caption="Tests.", headings=headings, formats=formats)


def published(rates: pd.DataFrame, *, name: str = "published") -> Table:
    """Print PUBLISHED: rates and ratios as printed, with the study, the quantity, the source and how it was verified.

    Raises
    ------
    InputError
        If the frame is not of the schema.
    """
    require(rates, PUBLISHED)
    columns: dict[str, list[str]] = {heading(column): [value or MISSING for value in rates[column]] for column in ("study", "category", "endpoint", "estimand")}
    columns[heading("years")] = [MISSING if is_missing(years) else f"{years:.4g}" for years in rates["years"]]
    if rates["estimate"].notna().any():
        columns["Published (interval)"] = [with_interval(*span, format_percent) for span in rates[["estimate", "conf_low", "conf_high"]].to_numpy(dtype=float)]
    if rates["ratio"].notna().any():
        columns["Ratio (interval)"] = [with_interval(*span, format_ratio) for span in rates[["ratio", "ratio_low", "ratio_high"]].to_numpy(dtype=float)]
        columns["Kind of ratio"] = [words(kind) for kind in rates["ratio_kind"]]
    columns["N"] = counts(rates["n"])
    columns[heading("tier")] = [words(tier) for tier in rates["tier"]]
    columns[heading("doi")] = [words(doi) for doi in rates["doi"]]
    notes = ("Tier: A read in the primary text, B in a professional summary, C in a tertiary copy.",)
    if (rates["ship"] == "with_caveat").any():
        notes += ("Some figures carry a caveat; their notes are in the CSV.",)
    return Table(name, rates.copy(), display_of(columns), "Published figures.", notes)
