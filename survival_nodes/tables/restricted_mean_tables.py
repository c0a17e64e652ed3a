"""The table of restricted means: each group's, its contrasts with the reference, and the hazard ratio beside them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ..columns import CONTRASTS, ESTIMATES, require
from ..errors import InputError, UsageError
from ..units import MEASURES, MISSING, format_count, format_number, format_p, format_years, is_missing
from .survival_tables import BEYOND_NOTE
from .table import Table, display_of, heading, interval_heading, records, with_interval

# Measure -> its heading; those that are in the frame are printed, in this order.
_CONTRASTS = {
    "restricted-mean-difference": "Difference, years", "restricted-mean-ratio": "Ratio", "restricted-time-lost-ratio": "Ratio of time lost",
    "hazard-ratio": "Hazard ratio"}
REFERENCE = "reference"


def restricted_means(
    estimates: pd.DataFrame, contrasts: pd.DataFrame | None = None, *, labels: Mapping[str, str] | None = None, name: str = "restricted-means",
) -> Table:
    """Print restricted means by group, each group's contrasts with the reference in the same row.

    Parameters
    ----------
    estimates
        ESTIMATES frame of restricted means, a row a group, as `RestrictedMean` gives.
    contrasts
        CONTRASTS frame of differences and ratios with one reference; hazard ratios may stand among them.
    labels
        Group -> its name in print.
    name
        Of the table.

    Returns
    -------
    Table
        Its `data` are the estimates, and the contrasts below them with `reference, measure, p_value`.

    Raises
    ------
    InputError
        If a frame is not of its schema, or there are no rows.
    UsageError
        If the estimates are no restricted means of one horizon, or the contrasts have several references.

    Examples
    --------
    >>> from survival_nodes.columns import frame_of
    >>> row = dict(endpoint="overall", years=5.0, estimand="restricted-mean", conf_level=0.95, n_event=7)
    >>> means = frame_of(ESTIMATES, [dict(row, group="a", estimate=4.5), dict(row, group="b", estimate=4.0)])
    >>> less = frame_of(CONTRASTS, [dict(endpoint="overall", measure="restricted-mean-difference", group="b", reference="a", estimate=-0.5, p_value=0.02)])
    >>> restricted_means(means, less).display.values.tolist()
    [['a', '7', '4.50', 'reference', ''], ['b', '7', '4.00', '−0.50', '0.020']]
    """
    require(estimates, ESTIMATES)
    compared = contrasts if contrasts is not None else pd.DataFrame(columns=CONTRASTS.names)
    if contrasts is not None:
        require(contrasts, CONTRASTS)
    horizon = _horizon(estimates, compared)
    named = {"all": "All patients", **(labels or {})}
    level = interval_heading(estimates["conf_level"])
    columns = {heading("group"): [named.get(group, group) for group in estimates["group"]]}
    columns[heading("n_event")] = [format_count(events) for events in estimates["n_event"].astype("float64")]
    columns[f"Restricted mean, years ({level})"] = [
        with_interval(row["estimate"], row["conf_low"], row["conf_high"], format_number) for row in records(estimates)]
    for measure, words in _CONTRASTS.items():
        own = {row["group"]: row for row in records(compared[compared["measure"] == measure])}
        if own:
            columns |= _contrast_columns(estimates["group"], own, measure, f"{words} ({level})", with_p=heading("p_value") not in columns)
    endpoints = "" if len(estimates["endpoint"].unique()) > 1 else f", endpoint {estimates['endpoint'].iloc[0]}"
    caption = f"Mean years lived without the event within {format_years(horizon)} (restricted mean{endpoints})."
    whole = pd.concat([estimates, compared], ignore_index=True) if len(compared) else estimates.copy()
    return Table(name, whole, display_of(columns), caption, _notes(estimates, compared))


def _horizon(estimates: pd.DataFrame, compared: pd.DataFrame) -> float:
    """Give the one horizon, or say what stands against it."""
    if not len(estimates):
        raise InputError("the frame holds no rows: there is no restricted mean to print")
    strange = [str(estimand) for estimand in estimates["estimand"].unique() if estimand != "restricted-mean"]
    if strange:
        raise UsageError(f"{strange[0]} is no restricted mean: give what RestrictedMean gives")
    for what, values in (("horizons", estimates["years"]), ("references", compared["reference"])):
        if values.nunique() > 1:
            raise UsageError(f"restricted means of several {what} were given: print one at a time")
    return float(estimates["years"].iloc[0])


def _contrast_columns(groups: pd.Series, own: dict[str, dict], measure: str, title: str, with_p: bool) -> dict[str, list[str]]:
    """Write one measure, with its p-values or without, the reference named in its own row."""
    reference = next(iter(own.values()))["reference"]
    write = MEASURES[measure].write
    rows = [own.get(group) for group in groups]
    cells = [
        REFERENCE if group == reference else MISSING if row is None else with_interval(row["estimate"], row["conf_low"], row["conf_high"], write)
        for group, row in zip(groups, rows)]
    p_values = ["" if row is None else MISSING if is_missing(row["estimate"]) else format_p(row["p_value"]) for row in rows]
    return {title: cells} | ({heading("p_value"): p_values} if with_p else {})


def _notes(estimates: pd.DataFrame, compared: pd.DataFrame) -> tuple[str, ...]:
    notes = ["The mean is of the time lived up to the horizon, the area under the survival curve."]
    if (compared["measure"] == "hazard-ratio").any():
        notes.append("The hazard ratio stands for the whole of follow-up and rests on proportional hazards; the restricted mean does not.")
    if len(compared):
        notes.append("p is two-sided, of no difference, and belongs to the column before it.")
    if estimates["estimate"].isna().any():
        notes.append(BEYOND_NOTE)
    return tuple(notes)
