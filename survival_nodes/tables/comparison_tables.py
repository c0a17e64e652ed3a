"""Tables of comparisons: contrasts with margin and verdict, figures beside published ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..columns import COMPARISONS, CONTRASTS, PUBLISHED, require
from ..units import MEASURES, MISSING, format_p, format_percent, is_missing
from .hazard_ratio_tables import NOT_ESTIMABLE
from .table import Table, columns_that_vary, display_of, heading, records, with_interval, words

_VERDICTS = "Verdict on the claim: shown where the whole interval fulfils it, excluded where the whole interval contradicts it, else inconclusive."


def contrasts(frame: pd.DataFrame, *, labels: Mapping[str, str] | None = None, name: str = "contrasts") -> Table:
    """Print CONTRASTS: each group against its reference, with margin, verdict and p-value where there are any.

    Parameters
    ----------
    frame
        CONTRASTS frame; ratios, differences of fractions (printed in percentage points) and of years may stand together.
    labels
        Group -> its name in print.
    name
        Of the table.

    Raises
    ------
    InputError
        If the frame is not of the schema.
    """
    require(frame.replace([np.inf, -np.inf], np.nan), CONTRASTS)
    named = labels or {}
    rows = records(frame)
    columns = {"Comparison": [f"{named.get(row['group'], row['group'])} vs {named.get(row['reference'], row['reference'])}" for row in rows]}
    columns |= {heading(column): [row[column] or "" for row in rows] for column in columns_that_vary(frame, ("endpoint",))}
    columns[heading("measure")] = [_measure(row["measure"]) for row in rows]
    if frame["years"].notna().any():
        columns[heading("years")] = [MISSING if is_missing(row["years"]) else f"{row['years']:.4g}" for row in rows]
    columns["Estimate (interval)"] = [_estimate(row) for row in rows]
    if frame["margin"].notna().any():
        columns["Claim"] = [MEASURES[row["measure"]].claim(row["margin"]) for row in rows]
    if frame["smallest_margin"].notna().any():
        columns[heading("smallest_margin")] = [MEASURES[row["measure"]].write(row["smallest_margin"]) for row in rows]
    if frame["verdict"].notna().any():
        columns[heading("verdict")] = [row["verdict"] or MISSING for row in rows]
    columns[heading("p_value")] = [format_p(row["p_value"]) for row in rows]
    notes = [_VERDICTS, "p is one-sided, of the claim."] if frame["verdict"].notna().any() else []
    if frame["smallest_margin"].notna().any():
        notes.append("Smallest margin: the smallest with which these data would have shown that the group is no worse.")
    return Table(name, frame.copy(), display_of(columns), "Groups against their reference.", tuple(notes))


def _measure(name: str) -> str:
    measure = MEASURES[name]
    return measure.words.capitalize() + ("" if measure.is_ratio else f", {measure.unit}")


def _estimate(row: dict) -> str:
    unknown = is_missing(row["estimate"]) or not np.isfinite(row["estimate"])
    return NOT_ESTIMABLE if unknown else with_interval(row["estimate"], row["conf_low"], row["conf_high"], MEASURES[row["measure"]].write)


def comparisons(
    frame: pd.DataFrame, rates: pd.DataFrame | None = None, *, labels: Mapping[str, str] | None = None, name: str = "comparisons", reasons_below: bool = False,
) -> Table:
    """Print COMPARISONS: the cohort beside published figures, the difference, the verdict and the reason.

    Parameters
    ----------
    frame
        COMPARISONS frame.
    rates
        PUBLISHED frame, for the names of the studies.
    labels
        Group -> its name in print.
    name
        Of the table.
    reasons_below
        Whether reasons stand under the table, each with its number, and not in a column of it.

    Raises
    ------
    InputError
        If a frame is not of its schema.
    """
    require(frame, COMPARISONS)
    if rates is not None:
        require(rates, PUBLISHED)
    studies = dict(zip(rates["rate_id"], rates["study"])) if rates is not None else {}
    named = {"all": "All patients", **(labels or {})}
    columns = {
        heading("group"): [named.get(group, group) for group in frame["group"]],
        heading("years"): [MISSING if is_missing(years) else f"{years:.4g}" for years in frame["years"]],
        heading("estimand"): [words(estimand) for estimand in frame["estimand"]],
        "Cohort (interval)": _spans(frame, "observed", "observed_low", "observed_high"),
        "Published (interval)": _spans(frame, "published", "published_low", "published_high"),
        "Study": [words(studies.get(rate, rate)) for rate in frame["rate_id"]],
        "Difference, percentage points (interval)": _spans(frame, "difference", "difference_low", "difference_high", sign=False),
        heading("verdict"): [words(verdict) for verdict in frame["verdict"]],
        heading("reason"): [words(reason) for reason in frame["reason"]],
    }
    notes = ()
    if reasons_below:
        different = list(dict.fromkeys(filter(None, columns[heading("reason")])))
        notes = tuple(f"{number}. {reason[:1].upper()}{reason[1:]}." for number, reason in enumerate(different, start=1))
        columns[heading("reason")] = [str(different.index(reason) + 1) if reason else "" for reason in columns[heading("reason")]]
    return Table(name, frame.copy(), display_of(columns), "The cohort beside published figures.", notes)


def _spans(frame: pd.DataFrame, *names: str, sign: bool = True) -> list[str]:
    return [with_interval(*span, lambda value: format_percent(value, sign=sign)) for span in frame[list(names)].to_numpy(dtype=float)]
