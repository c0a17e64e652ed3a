"""Tables of comparisons: hazard ratios with their reference rows, contrasts with margin and verdict, figures beside published ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..columns import COEFFICIENTS, COMPARISONS, CONTRASTS, PUBLISHED, require
from ..units import MEASURES, MISSING, format_count, format_p, format_percent, format_ratio, is_missing
from .table import Table, columns_that_vary, display_of, heading, interval_heading, records, with_interval, words

_VERDICTS = "Verdict on the claim: shown where the whole interval fulfils it, excluded where the whole interval contradicts it, else inconclusive."
NOT_ESTIMABLE = "not estimable"
INDENT = "\u2003"
_LEVEL_OF = re.compile(r"(?:C\()?(?P<column>\w+)\)?\[T\.(?P<level>.*)\]")


def hazard_ratios(
    coefficients: pd.DataFrame, levels: Mapping[str, Sequence[str]] | None = None, *, labels: Mapping[str, str] | None = None, name: str = "hazard-ratios",
) -> Table:
    """Print COEFFICIENTS as hazard ratios; where the levels are known, each characteristic with its reference row.

    Parameters
    ----------
    coefficients
        COEFFICIENTS frame.
    levels
        Column -> its levels, the reference first (`cohort.levels`).
    labels
        Column, or term, -> its name in print.
    name
        Of the table.

    Returns
    -------
    Table
        Its `data` are COEFFICIENTS with `characteristic, level, is_reference` before them, which `figures.forest` takes too.

    Raises
    ------
    InputError
        If the frame is not of the schema.

    Examples
    --------
    >>> from survival_nodes.columns import frame_of
    >>> terms = frame_of(COEFFICIENTS, [dict(term="node[T.micro]", hazard_ratio=2.0, conf_low=1.0, conf_high=4.0, conf_level=0.95, p_value=0.05)])
    >>> [" ".join(row) for row in hazard_ratios(terms, {"node": ("negative", "micro")}).display.values.tolist()]
    ['Node  ', '\u2003negative 1 (reference) ', '\u2003micro 2.00 (1.00 to 4.00) 0.050']
    """
    require(coefficients.replace([np.inf, -np.inf], np.nan), COEFFICIENTS)
    frame = _with_references(coefficients, levels or {}, labels or {})
    columns: dict[str, list[str]] = {"Characteristic": [], f"HR ({interval_heading(coefficients['conf_level'])})": [], heading("p_value"): []}
    before = None
    for row in records(frame):
        if row["level"] is not None and row["characteristic"] != before:
            _append(columns, row["characteristic"], "", "")
        before = row["characteristic"]
        ratio = "1 (reference)" if row["is_reference"] else _ratio(row)
        p_value = "" if row["is_reference"] else MISSING if ratio == NOT_ESTIMABLE else format_p(row["p_value"])
        _append(columns, before if row["level"] is None else INDENT + row["level"], ratio, p_value)
    return Table(name, frame, display_of(columns), "Hazard ratios of the Cox model.", _notes(coefficients, columns))


def _append(columns: dict[str, list[str]], *cells: str) -> None:
    for column, cell in zip(columns.values(), cells):
        column.append(cell)


def _ratio(row: dict) -> str:
    ratio = row["hazard_ratio"]
    if is_missing(ratio) or not np.isfinite(ratio) or ratio == 0:
        return NOT_ESTIMABLE
    return with_interval(ratio, row["conf_low"], row["conf_high"], format_ratio)


def _with_references(coefficients: pd.DataFrame, levels: Mapping[str, Sequence[str]], labels: Mapping[str, str]) -> pd.DataFrame:
    """Say of each term which level of which characteristic it is, and put the reference before the first of its levels."""
    rows, begun = [], set()
    for term in records(coefficients):
        found = _LEVEL_OF.fullmatch(term["term"])
        column = found["column"] if found else None
        if column in levels and column not in begun:
            first = str(levels[column][0])
            reference = labels.get(f"{column}[T.{first}]", first)
            rows.append({"characteristic": _name(column, labels), "level": reference, "is_reference": True, "coefficient": 0.0, "hazard_ratio": 1.0})
        begun.add(column)
        level = labels.get(term["term"], found["level"]) if found else None
        rows.append({"characteristic": _name(column or term["term"], labels), "level": level, "is_reference": False, **term})
    frame = pd.DataFrame(rows, columns=["characteristic", "level", "is_reference", *COEFFICIENTS.names])
    whole = {column: frame[column].astype("Int64") for column in ("df", "n", "n_event")}
    empty = {column: frame[column].astype(object).where(frame[column].notna(), None) for column in ("level", "term")}
    return frame.assign(**whole, **empty)


def _name(column: str, labels: Mapping[str, str]) -> str:
    return labels.get(column, heading(column) if column.isidentifier() else column)


def _notes(coefficients: pd.DataFrame, columns: Mapping[str, list[str]]) -> tuple[str, ...]:
    notes = []
    if coefficients["n"].notna().any():
        notes.append(f"{format_count(coefficients['n'].max())} patients in the model, {format_count(coefficients['n_event'].max())} events.")
    if coefficients["robust_std_error"].notna().any():
        notes.append("Intervals and p-values rest on robust standard errors.")
    if any(NOT_ESTIMABLE in cells for cells in columns.values()):
        notes.append("Not estimable: the data do not determine the hazard ratio.")
    return tuple(notes)


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


def comparisons(frame: pd.DataFrame, rates: pd.DataFrame | None = None, *, labels: Mapping[str, str] | None = None, name: str = "comparisons") -> Table:
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
    return Table(name, frame.copy(), display_of(columns), "The cohort beside published figures.")


def _spans(frame: pd.DataFrame, *names: str, sign: bool = True) -> list[str]:
    return [with_interval(*span, lambda value: format_percent(value, sign=sign)) for span in frame[list(names)].to_numpy(dtype=float)]
