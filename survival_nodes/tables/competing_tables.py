"""Tables of competing causes: incidence by group, cause and time, and the years lost to each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from ..columns import ESTIMATES, require
from ..errors import InputError, UsageError
from ..units import MISSING, format_number, format_percent, format_years
from .survival_tables import AT_RISK_NOTE, BEYOND_NOTE, FEW_AT_RISK, is_few
from .table import DAGGER, Table, counts, display_of, heading, interval_heading, records, with_interval

INCIDENCE_ESTIMANDS = ("cumulative-incidence", "crude-probability")


def incidence(estimates: pd.DataFrame, *, labels: Mapping[str, str] | None = None, name: str = "incidence") -> Table:
    """Print ESTIMATES of incidence: a row a group and time, the incidence and the events of each cause in columns.

    Parameters
    ----------
    estimates
        ESTIMATES frame of cumulative incidence (or of crude probabilities), a row a group, cause and time.
    labels
        Group, or cause, -> its name in print; `cause[T.other]` names a cause where a group is called `other` too.
    name
        Of the table.

    Returns
    -------
    Table
        An estimate with fewer than ten at risk bears a dagger; beyond a group's follow-up there is none, and a note says so.

    Raises
    ------
    InputError
        If the frame is not of the schema, or a row names no cause.
    UsageError
        If the frame holds something other than incidence.

    Examples
    --------
    >>> from survival_nodes.columns import frame_of
    >>> row = dict(endpoint="overall", group="all", years=5.0, estimand="cumulative-incidence", conf_level=0.95, n_risk=26)
    >>> table = incidence(frame_of(ESTIMATES, [dict(row, cause="breast-cancer", estimate=0.2, n_event=8), dict(row, cause="other", estimate=0.1, n_event=4)]))
    >>> table.display.iloc[0].tolist()
    ['All patients', '5', '26', '20.0%', '8', '10.0%', '4']
    """
    require(estimates, ESTIMATES)
    _check_causes(estimates, INCIDENCE_ESTIMANDS, "incidence")
    rows = records(estimates)
    cells = {(row["group"], row["years"], row["cause"]): row for row in rows}
    at_risk = {(row["group"], row["years"]): row["n_risk"] for row in rows}
    groups = list(estimates["group"].drop_duplicates())
    pairs = sorted(at_risk, key=lambda pair: groups.index(pair[0]))
    columns = {heading("group"): [_group(group, labels) for group, _ in pairs], heading("years"): [f"{years:.4g}" for _, years in pairs]}
    columns[heading("n_risk")] = counts(pd.Series([at_risk[pair] for pair in pairs], dtype="float64"))
    for cause in estimates["cause"].drop_duplicates():
        own = [cells.get((*pair, cause)) for pair in pairs]
        columns[f"{cause_name(cause, labels)} ({interval_heading(estimates['conf_level'])})"] = [MISSING if row is None else _cell(row) for row in own]
        columns[f"{cause_name(cause, labels)}: events"] = counts(pd.Series([None if row is None else row["n_event"] for row in own], dtype="float64"))
    methods = "; ".join(estimates["method"].dropna().unique())
    caption = f"{estimates['estimand'].iloc[0].replace('-', ' ').capitalize()} by group and cause" + (f": {methods}." if methods else ".")
    return Table(name, estimates.copy(), display_of(columns), caption, _notes(estimates, rows))


def years_lost(estimates: pd.DataFrame, *, labels: Mapping[str, str] | None = None, name: str = "years-lost") -> Table:
    """Print the mean years lost to each cause up to a horizon: a row a group, a column a cause.

    Parameters
    ----------
    estimates
        ESTIMATES frame of restricted means, a row a group and cause, as `RestrictedMean.years_lost` gives.
    labels
        Group, or cause, -> its name in print.
    name
        Of the table.

    Raises
    ------
    InputError
        If the frame is not of the schema, or a row names no cause.
    UsageError
        If the frame holds something other than restricted means, or several horizons.
    """
    require(estimates, ESTIMATES)
    _check_causes(estimates, ("restricted-mean",), "years lost")
    horizons = estimates["years"].drop_duplicates()
    if len(horizons) > 1:
        raise UsageError("years lost up to several horizons were given: print one at a time")
    groups = estimates["group"].drop_duplicates()
    cells = {(row["group"], row["cause"]): row for row in records(estimates)}
    columns = {heading("group"): [_group(group, labels) for group in groups]}
    for cause in estimates["cause"].drop_duplicates():
        own = [cells[group, cause] for group in groups]
        columns[f"{cause_name(cause, labels)}, years ({interval_heading(estimates['conf_level'])})"] = [
            with_interval(row["estimate"], row["conf_low"], row["conf_high"], format_number) for row in own]
    caption = f"Mean years lost to each cause within {format_years(horizons.iloc[0])}: areas under the cumulative incidences."
    return Table(name, estimates.copy(), display_of(columns), caption, (BEYOND_NOTE,) if estimates["estimate"].isna().any() else ())


def cause_name(cause: str, labels: Mapping[str, str] | None) -> str:
    """Name a cause in print; `cause[T.other]` names it where a group is called `other` too."""
    words = (labels or {}).get(f"cause[T.{cause}]", (labels or {}).get(cause, cause))
    return words[:1].upper() + words[1:]


def _group(group: str, labels: Mapping[str, str] | None) -> str:
    return {"all": "All patients", **(labels or {})}.get(group, group)


def _check_causes(estimates: pd.DataFrame, estimands: Sequence[str], what: str) -> None:
    if not len(estimates):
        raise InputError(f"the frame holds no rows: there is no {what} to print")
    strange = [str(estimand) for estimand in estimates["estimand"].unique() if estimand not in estimands]
    if strange:
        raise UsageError(f"{strange[0]} is not {what}: give estimates of {' or '.join(estimands)}")
    if estimates["cause"].isna().any():
        raise InputError(f"a row names no cause: {what} is of one cause among several")


def _cell(row: dict) -> str:
    return with_interval(row["estimate"], row["conf_low"], row["conf_high"], format_percent) + (f" {DAGGER}" if is_few(row) else "")


def _notes(estimates: pd.DataFrame, rows: list[dict]) -> tuple[str, ...]:
    few = f"{DAGGER} Fewer than {FEW_AT_RISK} patients at risk." if any(map(is_few, rows)) else ""
    return tuple(filter(None, (AT_RISK_NOTE, few, BEYOND_NOTE if estimates["estimate"].isna().any() else "")))
