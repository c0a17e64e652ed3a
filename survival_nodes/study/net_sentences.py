"""Frames of net survival into sentences: every number is read from the frame that the tables and figures show."""

from __future__ import annotations

import pandas as pd

from ..columns import survival_name
from ..life_tables import LifeTable
from ..units import format_count, format_interval, format_number, format_p, format_percent, format_ratio, format_years, is_missing
from .sentences import FEW_EVENTS, NO_BREAK, Labels, at_headline, p_equals, survival

SPREAD = "Established programs differ by .001 to .004 at 5 years on the same patients, with the handling of time."
CRUDE_NAMES = {"cancer": "the cancer", "other": "other causes"}


def net(estimates: pd.DataFrame, labels: Labels) -> tuple[str, ...]:
    """Say the net survival of every group at the time that the summary names."""
    return survival(at_headline(estimates), labels)


def why_observed_differs(estimates: pd.DataFrame, observed: pd.DataFrame, expected: pd.DataFrame, labels: Labels) -> tuple[str, ...]:
    """Say why the observed survival in the same table is another number, with the numbers of the first group."""
    rows = at_headline(estimates).merge(observed, on=["group", "years"], suffixes=("", "_observed")).merge(
        expected.rename(columns={"estimate": "expected"}), on=["group", "years"])
    known = rows[rows[["estimate", "estimate_observed", "expected"]].notna().all(axis=1)]
    if known.empty:
        return ()
    row = known.iloc[-1]
    return (f"Observed survival in the same table is another quantity: at {format_years(row['years'])} {format_percent(row['estimate_observed'])} "
            f"({_group(row['group'], labels)}), as deaths from every cause count; of people of the same age, sex and calendar years the life table expects "
            f"{format_percent(row['expected'])} to be alive, and net survival ({format_percent(row['estimate'])}) takes these expected deaths out.",)


def doubts(estimates: pd.DataFrame, labels: Labels) -> tuple[str, ...]:
    """Warn where few are at risk, and where net survival exceeds 100%."""
    known, said = estimates[estimates["estimate"].notna()], []
    few = known[known["n_risk"] < FEW_EVENTS]
    if len(few):
        said.append(f"Net survival rests on fewer than {FEW_EVENTS} at risk in: {_listed(few, labels)}; there a single old patient may decide it.")
    above = known[known["estimate"] > 1]
    if len(above):
        said.append(f"Net survival exceeds 100% in: {_listed(above, labels)}. It is shown as it is: these patients outlived what the life table expects of "
                    "people like them, by chance, or because they are healthier than the population of the table or it is not theirs.")
    return tuple(said)


def _listed(rows: pd.DataFrame, labels: Labels) -> str:
    return "; ".join(
        f"{_group(group, labels)}, at {', '.join(format_years(time) for time in own['years'])}" for group, own in rows.groupby("group", sort=False))


def crude(estimates: pd.DataFrame, labels: Labels) -> tuple[str, ...]:
    """Say the crude probabilities of death at the time that the summary names."""
    rows = at_headline(estimates)
    rows = rows[(rows["years"] == rows["years"].max()) & rows["estimate"].notna()]
    if rows.empty:
        return ()
    listed = []
    for group, own in rows.groupby("group", sort=False):
        shares = own.set_index("cause")["estimate"]
        listed.append(f"{_group(group, labels)}, {format_percent(shares['cancer'])} and {format_percent(shares['other'])}")
    return (f"Crude probability of having died of the cancer, and of other causes, by {format_years(rows['years'].iloc[0])} (told by the life table): "
            f"{'; '.join(listed)}.",)


def tested(tests: pd.DataFrame) -> tuple[str, ...]:
    """Say the test of equal net survival."""
    if tests.empty:
        return ()
    row = tests.iloc[0]
    if is_missing(row["p_value"]):
        return ("Net survival: the test of all groups cannot be made, there are too few groups or events.",)
    return (f"Net survival, log-rank-type test of all groups: chi-square {format_number(row['statistic'], 3)} on {int(row['df'])} df, "
            f"p{NO_BREAK}{p_equals(format_p(row['p_value']))}.",)


def deaths(frame: pd.DataFrame, labels: Labels) -> tuple[str, ...]:
    """Say how many died, how many were expected to, and the ratio."""
    known = frame[frame["smr"].notna()]
    if known.empty:
        return ()
    listed = "; ".join(
        f"{_group(row.group, labels)}, {format_count(row.observed)} and {format_number(row.expected, 1)}, {format_ratio(row.smr)} "
        f"({format_interval(row.conf_low, row.conf_high)})" for row in known.itertuples())
    return (f"Deaths observed and expected over all of follow-up, and their ratio (exact 95% interval): {listed}.",)


def coverage(report: pd.DataFrame, table: LifeTable) -> tuple[str, ...]:
    """Say how much of follow-up lies outside the life table, and what holds there."""
    outside = report.iloc[1:]
    beyond = outside[outside["person_years"] > 1e-6]
    whole = float(report["person_years"].sum())
    if beyond.empty:
        return (f"All {format_count(whole)} person-years of follow-up lie within the life table ({table.name}).",)
    listed = ", ".join(f"{format_number(row.person_years, 1)} {row.where} ({format_percent(row.share, 2)})" for row in beyond.itertuples())
    return (f"Of {format_count(whole)} person-years of follow-up some lie outside the life table ({table.name}): {listed}; there {beyond['rule'].iloc[0]}.",)


def methods(table: LifeTable) -> tuple[str, ...]:
    """Describe how net survival was estimated: the recipe by its name, as honest programs differ in it."""
    advances = "on birthdays" if table.year_advances == "birthday" else "on 1 January"
    return (
        f"Expected mortality is that of the life table {table.name}, by {', '.join(table.dimensions)}, age and calendar year, which advances {advances}. "
        "Net survival is estimated by the method of Pohar Perme (Pohar Perme, Stare and Esteve 2012), by the day: the product of "
        "1 \u2212 weighted deaths / weight at risk + weighted expected hazard over all follow-up times and the times asked for; weights are the inverse of "
        "expected survival; the expected hazard sums steps of a day that begin anew at each of these times. Intervals are on the log scale and not cut at "
        f"100%. {SPREAD}",
        "Crude probabilities of death follow Cronin and Feuer (2000), by the day. Groups are compared by the log-rank-type test of net survival (Graffeo et "
        "al. 2016). The standardised mortality ratio has exact Poisson limits (Garwood 1936).")


def title_of(estimates: pd.DataFrame) -> str:
    """Name the quantity of a frame of estimates.

    >>> title_of(pd.DataFrame({"endpoint": ["overall"], "estimand": ["net"], "cause": [None]}))
    'Net survival'
    """
    row = estimates.iloc[0]
    name = survival_name(row["endpoint"], row["estimand"], row["cause"])
    return name[:1].upper() + name[1:]


def _group(group: str, labels: Labels) -> str:
    return labels.get(group, "all patients" if group == "all" else group)
