"""Tables of net survival: beside observed and expected survival, as crude probabilities, and as deaths beside those expected."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ..columns import ESTIMATES, require
from ..errors import InputError, UsageError
from ..units import MISSING, format_count, format_number, format_p, format_percent, format_ratio
from .competing_tables import cause_name
from .survival_tables import AT_RISK_NOTE, BEYOND_NOTE, FEW_AT_RISK, is_few
from .table import DAGGER, Table, counts, display_of, heading, interval_heading, records, with_interval

ABOVE_ONE_NOTE = "A net survival above 100% is shown as it is: the patients outlived what the life table expects of people like them."
BELOW_ZERO_NOTE = "A probability below 0 is shown as it is: fewer died than the life table expects."
EXPECTED_NOTE = "Expected: mean survival, by the life table, of people of the age, sex and calendar years of all patients of the group."
NO_CAUSE_NOTE = (
    "Deaths are those of any cause: which cause they were due to is told by the life table, not by certificates. Its rates are taken as known, so limits tell "
    "only of who died and who was left to die.")
CAUSES = {"cancer": "death from the cancer", "other": "death from other causes"}
_SOURCE = "life table "  # how a method's text begins to name it
SMR_COLUMNS = ("group", "n", "person_years", "observed", "expected", "smr", "conf_low", "conf_high", "p_value")


def net_survival(
    estimates: pd.DataFrame, observed: pd.DataFrame | None = None, expected: pd.DataFrame | None = None, *, labels: Mapping[str, str] | None = None,
    name: str = "net-survival",
) -> Table:
    """Print ESTIMATES of net survival: a row a group and time (and method), beside observed and expected survival.

    Parameters
    ----------
    estimates
        ESTIMATES frame of net survival; estimates by several methods may stand together.
    observed
        ESTIMATES frame of the observed survival of the same groups at the same times.
    expected
        What the life table expects of the same patients: `group, years, estimate`.
    labels
        Group -> its name in print.
    name
        Of the table.

    Raises
    ------
    InputError
        If a frame is not of its schema, or empty.
    UsageError
        If the estimates are not of net survival.

    Examples
    --------
    >>> from survival_nodes.columns import frame_of
    >>> row = dict(endpoint="overall", group="all", years=5.0, estimand="net", method="Ederer II", estimate=0.94, conf_low=0.93, conf_high=0.95, conf_level=0.9)
    >>> net_survival(frame_of(ESTIMATES, [dict(row, n_risk=26, n_event=10, n_censor=0)])).display.iloc[0].tolist()
    ['All patients', '5', '94.0% (93.0% to 95.0%)', '26', '10']
    """
    _check(estimates, "net", "net survival: give what NetSurvival(...) gives")
    named, rows = {"all": "All patients", **(labels or {})}, records(estimates)
    columns = {heading("group"): [named.get(row["group"], row["group"]) for row in rows], heading("years"): [f"{row['years']:.4g}" for row in rows]}
    methods, source = _methods(rows)
    if len(set(methods)) > 1:
        columns[heading("method")] = methods
    if observed is not None:
        require(observed, ESTIMATES)
        columns[f"Observed survival ({interval_heading(observed['conf_level'])})"] = _beside(rows, observed)
    if expected is not None:
        columns["Expected survival"] = _beside(rows, expected)
    columns[f"Net survival ({interval_heading(estimates['conf_level'])})"] = [_cell(row) for row in rows]
    columns |= {heading("n_risk"): counts(estimates["n_risk"]), "Deaths": counts(estimates["n_event"])}
    told = ", ".join(filter(None, [methods[0] if len(set(methods)) == 1 else "", source]))
    caption = "Net survival by group" + (f": {told}." if told else ".")
    above = bool((estimates["estimate"] > 1).any())
    return Table(name, _raw(estimates, observed, expected), display_of(columns), caption, tuple(filter(None, (
        EXPECTED_NOTE if expected is not None else "", ABOVE_ONE_NOTE if above else "", *_notes(estimates, rows)))))


def crude_probabilities(estimates: pd.DataFrame, *, labels: Mapping[str, str] | None = None, name: str = "crude-probabilities") -> Table:
    """Print crude probabilities of death: a row a group and time, a column a cause, and the share alive.

    Parameters
    ----------
    estimates
        ESTIMATES frame, as `NetSurvival(...).crude` gives.
    labels
        Group, or cause, -> its name in print; `cause[T.other]` names a cause where a group is called `other` too.
    name
        Of the table.

    Raises
    ------
    InputError
        If the frame is not of the schema, empty, or a row names no cause.
    UsageError
        If the frame holds something other than crude probabilities.
    """
    _check(estimates, "crude-probability", "a crude probability: give what NetSurvival(...).crude gives")
    if estimates["cause"].isna().any():
        raise InputError("a row names no cause: crude probabilities are of the cancer and of other causes")
    named, rows = {"all": "All patients", **(labels or {})}, records(estimates)
    cells = {(row["group"], row["years"], row["cause"]): row for row in rows}
    pairs = list(dict.fromkeys((row["group"], row["years"]) for row in rows))
    pairs.sort(key=lambda pair: list(estimates["group"].drop_duplicates()).index(pair[0]))
    causes = list(estimates["cause"].drop_duplicates())
    of_causes = {f"cause[T.{cause}]": words for cause, words in CAUSES.items()} | dict(labels or {})
    columns = {heading("group"): [named.get(group, group) for group, _ in pairs], heading("years"): [f"{years:.4g}" for _, years in pairs]}
    for cause in causes:
        own = [cells.get((*pair, cause)) for pair in pairs]
        columns[f"{cause_name(cause, of_causes)} ({interval_heading(estimates['conf_level'])})"] = [MISSING if row is None else _cell(row) for row in own]
    both = estimates.groupby(["group", "years"])["estimate"].sum(min_count=len(causes))
    columns["Alive"] = [format_percent(1 - both[pair]) for pair in pairs]
    first = [next(row for row in rows if (row["group"], row["years"]) == pair) for pair in pairs]
    columns |= {title: [format_count(row[column]) for row in first] for title, column in ((heading("n_risk"), "n_risk"), ("Deaths", "n_event"))}
    methods = "; ".join(estimates["method"].dropna().unique())
    caption = "Crude probabilities of death by group" + (f": {methods}." if methods else ".")
    below = BELOW_ZERO_NOTE if (estimates["estimate"] < 0).any() else ""
    return Table(name, estimates.copy(), display_of(columns), caption, (NO_CAUSE_NOTE, *filter(None, (below, *_notes(estimates, rows)))))


def expected_deaths(frame: pd.DataFrame, *, labels: Mapping[str, str] | None = None, name: str = "expected-deaths", conf_level: float = 0.95) -> Table:
    """Print observed deaths beside those expected, with the standardised mortality ratio.

    Parameters
    ----------
    frame
        `group, n, person_years, observed, expected, smr, conf_low, conf_high, p_value`, as `ExpectedDeaths(...).table` gives.
    labels
        Group -> its name in print.
    name
        Of the table.
    conf_level
        Coverage of the limits.

    Raises
    ------
    InputError
        If a column is not there.
    """
    lacking = [column for column in SMR_COLUMNS if column not in frame]
    if lacking:
        raise InputError(f"the frame has no column {lacking[0]!r}: give what ExpectedDeaths(...).table gives")
    named, rows = {"all": "All patients", **(labels or {})}, records(frame)
    columns = {
        heading("group"): [named.get(row["group"], row["group"]) for row in rows],
        "Patients": counts(frame["n"]),
        "Person-years": [format_count(row["person_years"]) if row["person_years"] >= 100 else format_number(row["person_years"], 1) for row in rows],
        "Observed deaths": counts(frame["observed"]),
        "Expected deaths": [format_number(row["expected"], 1) for row in rows],
        f"Standardised mortality ratio (exact {100 * conf_level:g}% CI)": [
            with_interval(row["smr"], row["conf_low"], row["conf_high"], format_ratio) for row in rows],
        "p": [format_p(row["p_value"]) for row in rows],
    }
    note = "p is two-sided, of the one-sample log-rank test that mortality is that of the life table."
    return Table(name, frame.copy(), display_of(columns), "Observed deaths beside those that the life table expects, by group.", (note,))


def _methods(rows: list[dict]) -> tuple[list[str], str]:
    """Give the method of each row, and apart from them the life table that all of them name last, if they do."""
    whole = [row["method"] or "" for row in rows]
    parts = [method.partition(f", {_SOURCE}") for method in whole]
    sources = {source for _, _, source in parts}
    return ([method for method, _, _ in parts], f"{_SOURCE}{sources.pop()}") if len(sources) == 1 and sources != {""} else (whole, "")


def _check(estimates: pd.DataFrame, estimand: str, wanted: str) -> None:
    require(estimates, ESTIMATES)
    if not len(estimates):
        raise InputError(f"the frame holds no rows: there is no {estimand.replace('-', ' ')} to print")
    strange = [str(other) for other in estimates["estimand"].unique() if other != estimand]
    if strange:
        raise UsageError(f"{strange[0]} is not {wanted}")


def _beside(rows: list[dict], frame: pd.DataFrame) -> list[str]:
    """Write, for each row, what another frame has for its group and time."""
    found = {(row["group"], row["years"]): row for row in records(frame)}
    cells = []
    for row in rows:
        other = found.get((row["group"], row["years"]))
        cells.append(MISSING if other is None else with_interval(other["estimate"], other.get("conf_low"), other.get("conf_high"), format_percent))
    return cells


def _raw(estimates: pd.DataFrame, observed: pd.DataFrame | None, expected: pd.DataFrame | None) -> pd.DataFrame:
    """Give all numbers: the estimates, and what stands beside them in columns of their own."""
    whole = estimates.copy()
    for stem, frame, names in (("observed", observed, ("estimate", "conf_low", "conf_high")), ("expected", expected, ("estimate",))):
        if frame is not None:
            own = frame[["group", "years", *names]].rename(columns={name: stem + name.replace("estimate", "").replace("conf", "") for name in names})
            whole = whole.merge(own, on=["group", "years"], how="left", sort=False)
    return whole


def _cell(row: dict) -> str:
    return with_interval(row["estimate"], row["conf_low"], row["conf_high"], format_percent) + (f" {DAGGER}" if is_few(row) else "")


def _notes(estimates: pd.DataFrame, rows: list[dict]) -> tuple[str, ...]:
    few = f"{DAGGER} Fewer than {FEW_AT_RISK} patients at risk." if any(map(is_few, rows)) else ""
    return tuple(filter(None, (AT_RISK_NOTE, few, BEYOND_NOTE if estimates["estimate"].isna().any() else "")))
