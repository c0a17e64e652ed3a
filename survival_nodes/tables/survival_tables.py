"""Tables of estimates by group: survival at chosen times, quantiles, rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from ..columns import ESTIMATES, QUANTILES, require, survival_name
from ..units import format_count, format_number, format_percent, is_missing
from .table import DAGGER, Table, columns_that_vary, counts, display_of, heading, interval_heading, records, with_interval

FEW_AT_RISK = 10
PER = 1000  # person-years that a printed rate refers to
AT_RISK_NOTE = "At risk at a time t are patients followed to t or longer (time \u2265 t); events are counted up to and including t."
BEYOND_NOTE = "\u2013: beyond the group's last follow-up, where nothing is known."
_QUANTITIES = {
    "Survival": {"observed", "cause-specific", "net"}, "Incidence": {"cumulative-incidence", "crude-probability"},
    "Restricted mean, years": {"restricted-mean"}, f"Events per {format_count(PER)} person-years": {"rate"},
}


def survival(estimates: pd.DataFrame, *, labels: Mapping[str, str] | None = None, name: str = "survival") -> Table:
    """Print ESTIMATES: a row a group and time, with the interval, the number at risk, and the events so far.

    Parameters
    ----------
    estimates
        ESTIMATES frame.
    labels
        Group -> its name in print.
    name
        Of the table.

    Returns
    -------
    Table
        An estimate with fewer than ten at risk bears a dagger; beyond a group's follow-up there is none, and a note says so.

    Raises
    ------
    InputError
        If the frame is not of the schema.

    Examples
    --------
    >>> from survival_nodes.columns import frame_of
    >>> row = dict(endpoint="overall", group="all", years=5.0, estimand="observed", estimate=0.7222, conf_low=0.55, conf_high=0.84, conf_level=0.95)
    >>> survival(frame_of(ESTIMATES, [dict(row, n_risk=26, n_event=10, n_censor=0)])).display.iloc[0].tolist()
    ['All patients', '5', '72.2% (55.0% to 84.0%)', '26', '10']
    """
    require(estimates, ESTIMATES)
    named = {"all": "All patients", **(labels or {})}
    columns = {heading("group"): [named.get(group, group) for group in estimates["group"]]}
    for column in columns_that_vary(estimates, ("endpoint", "cause", "estimand")):
        columns[heading(column)] = [value or "all" for value in estimates[column]]
    if estimates["years"].notna().any():
        columns[heading("years")] = [f"{years:.4g}" for years in estimates["years"]]
    columns[f"{_quantity(estimates)} ({interval_heading(estimates['conf_level'])})"] = [_cell(row) for row in records(estimates)]
    columns |= {heading(column): counts(estimates[column]) for column in ("n_risk", "n_event")}
    return Table(name, estimates.copy(), display_of(columns), _caption(estimates), _notes(estimates))


def _writer(estimand: str) -> Callable[[float], str]:
    if estimand == "rate":
        return lambda rate: format_number(PER * rate)
    return format_number if estimand == "restricted-mean" else format_percent


def _quantity(estimates: pd.DataFrame) -> str:
    kinds = set(estimates["estimand"])
    for title, own in _QUANTITIES.items():
        if kinds <= own:
            return title
    return "Estimate"


def is_few(row: dict) -> bool:
    """Tell whether an estimate rests on fewer than ten at risk."""
    return not is_missing(row["estimate"]) and not is_missing(row["n_risk"]) and row["n_risk"] < FEW_AT_RISK and row["estimand"] != "rate"


def _cell(row: dict) -> str:
    return with_interval(row["estimate"], row["conf_low"], row["conf_high"], _writer(row["estimand"])) + (f" {DAGGER}" if is_few(row) else "")


def _caption(estimates: pd.DataFrame) -> str:
    kinds = estimates[["endpoint", "estimand", "cause"]].drop_duplicates()
    if len(kinds) == 1 and kinds["estimand"].iloc[0] in {"observed", "cause-specific", "net"}:
        words = survival_name(*(kinds[column].iloc[0] for column in ("endpoint", "estimand", "cause")))
        quantity = f"{words[0].upper()}{words[1:]} ({kinds['estimand'].iloc[0]})"
    else:
        quantity = "Estimates"
    methods = "; ".join(estimates["method"].dropna().unique())
    return f"{quantity} by group" + (f": {methods}." if methods else ".")


def _notes(estimates: pd.DataFrame) -> tuple[str, ...]:
    notes = []
    if set(estimates["estimand"]) != {"rate"}:
        notes.append(AT_RISK_NOTE)
    if any(map(is_few, records(estimates))):
        notes.append(f"{DAGGER} Fewer than {FEW_AT_RISK} patients at risk.")
    if estimates["estimate"].isna().any():
        notes.append(BEYOND_NOTE)
    return tuple(notes)


def quantiles(frame: pd.DataFrame, *, labels: Mapping[str, str] | None = None, name: str = "quantiles", caption: str = "") -> Table:
    """Print QUANTILES: the times by which given fractions have had the event.

    Parameters
    ----------
    frame
        QUANTILES frame.
    labels
        Group -> its name in print.
    name, caption
        Of the table.

    Raises
    ------
    InputError
        If the frame is not of the schema.
    """
    require(frame, QUANTILES)
    named = {"all": "All patients", **(labels or {})}
    median = bool((frame["prob"] == 0.5).all())
    columns = {heading("group"): [named.get(group, group) for group in frame["group"]]}
    if not median:
        columns["Fraction with the event"] = [format_percent(prob, 0) for prob in frame["prob"]]
    spans = frame[["years", "conf_low", "conf_high"]].to_numpy(dtype=float)
    columns[f"{'Median' if median else 'Time'}, years (interval)"] = [_time(*span) for span in spans]
    said = caption or ("Median times." if median else "Times by which given fractions have had the event.")
    notes = ("Not reached: the curve, or the limit of its interval, does not fall so far within follow-up.",)
    return Table(name, frame.copy(), display_of(columns), said, notes if frame[["years", "conf_high"]].isna().any().any() else ())


def _time(years: float, low: float, high: float) -> str:
    if is_missing(years) and is_missing(low):
        return "not reached"
    ends = (format_number(end) if not is_missing(end) else "not reached" for end in (low, high))
    return ("not reached" if is_missing(years) else format_number(years)) + ("" if is_missing(low) and is_missing(high) else " ({} to {})".format(*ends))


def rates(frame: pd.DataFrame, *, labels: Mapping[str, str] | None = None, name: str = "rates") -> Table:
    """Print events per person-year by group.

    Parameters
    ----------
    frame
        `group, n, events, person_years, rate, conf_low, conf_high`, the rate per person-year.
    labels
        Group -> its name in print.
    name
        Of the table.
    """
    named = {"all": "All patients", **(labels or {})}
    columns = {
        heading("group"): [named.get(group, group) for group in frame["group"]],
        "Patients": counts(frame["n"]),
        "Events": counts(frame["events"]),
        "Person-years": [format_count(years) if years >= PER else format_number(years, 1) for years in frame["person_years"]],
        f"Events per {format_count(PER)} person-years (exact interval)": [
            with_interval(*span, _writer("rate")) for span in frame[["rate", "conf_low", "conf_high"]].to_numpy(dtype=float)],
    }
    return Table(name, frame.copy(), display_of(columns), "Events and person-years by group.")
