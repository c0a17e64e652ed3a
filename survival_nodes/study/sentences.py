"""Frames into sentences: every number is read from the frame that the tables and figures show."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ..cohort import Cohort
from ..columns import survival_name
from ..units import format_count, format_interval, format_number, format_p, format_percent, format_ratio, format_years, is_missing

FEW_EVENTS = 10
HEADLINE_YEARS = 5.0
NO_BREAK = "\u00a0"  # a p-value is not torn apart at the end of a line


Labels = Mapping[str, str]


def patients(cohort: Cohort, by: str | None, follow_up: pd.DataFrame, labels: Labels) -> tuple[str, ...]:
    """Say how many patients and events there are, by group, and how long they were followed."""
    groups, whose, died = cohort.groups(by), cohort.whose, cohort.active.event == 1
    n, n_event = cohort.n_patients, whose.count_rows(died)
    made = "synthetic patients" if cohort.synthetic else "patients"
    first = f"{format_count(n)} {made if n != 1 else made[:-1]} with {format_count(n_event)} event{'s' * (n_event != 1)} (endpoint: {cohort.endpoint})"
    own = [(labels.get(label, label), whose.count(groups.codes == code), whose.count_rows(died & (groups.codes == code)))
           for code, label in enumerate(groups.labels)]
    counted = [f"{label}, {format_count(n_own)} ({format_count(n_died)})" for label, n_own, n_died in own]
    said = [f"{first}." if by is None else f"{first}; by {labels.get(by, by.replace('_', ' '))}, patients (events): {'; '.join(counted)}."]
    few = [label for label, _, n_died in own if n_died < FEW_EVENTS]
    if few:
        said.append(f"Fewer than {FEW_EVENTS} events in: {', '.join(few)}; what is said of so few is uncertain, whatever its p-value.")
    medians = follow_up[(follow_up["prob"] == 0.5) & follow_up["years"].notna()]
    if len(medians):
        listed = "; ".join(f"{labels.get(row.group, row.group)}, {format_number(row.years, 1)}" for row in medians.itertuples())
        said.append(f"Median follow-up by the reverse Kaplan-Meier method, in years: {listed}.")
    return tuple(said)


def survival_title(estimates: pd.DataFrame) -> str:
    """Name the survival that a frame of estimates holds."""
    name = _name(estimates)
    return name[:1].upper() + name[1:]


def survival(estimates: pd.DataFrame, labels: Labels) -> tuple[str, ...]:
    """Say the survival of every group at each tabulated time, and where follow-up does not reach."""
    said = []
    for years, rows in estimates.groupby("years", sort=True):
        known = rows[rows["estimate"].notna()]
        if known.empty:
            said.append(f"No group was followed to {format_years(years)}.")
            continue
        listed = "; ".join(f"{labels.get(row.group, row.group)}, {percent_with_interval(row)}" for row in known.itertuples())
        beyond = [labels.get(group, group) for group in rows["group"] if group not in set(known["group"])]
        level = format_percent(rows["conf_level"].iloc[0], 0)
        said.append(
            f"{survival_title(estimates)} at {format_years(years)} ({level} interval): {listed}."
            + (f" Not followed so long: {', '.join(beyond)}." if beyond else ""))
    return tuple(said)


def at_headline(estimates: pd.DataFrame) -> pd.DataFrame:
    """Keep the times that the summary names: all of one or two, else five years, or the last that somebody was followed to."""
    times = sorted(estimates["years"].unique())
    if len(times) <= 2:
        return estimates
    reached = [time for time in times if estimates.loc[estimates["years"] == time, "estimate"].notna().any()]
    chosen = HEADLINE_YEARS if HEADLINE_YEARS in reached else max(reached, default=times[0])
    return estimates[estimates["years"] == chosen]


def log_rank(tests: pd.DataFrame, estimates: pd.DataFrame) -> tuple[str, ...]:
    """Say the test of all groups at once, and the trend where there is one."""
    said, name = [], survival_title(estimates)
    for row in tests[tests["p_adjusted"].isna()].itertuples():
        named = "all groups" if row.comparison == tests["comparison"].iloc[0] else row.comparison
        if is_missing(row.p_value):
            said.append(f"{name}, {row.test} test: cannot be made, there are too few groups or events.")
            continue
        said.append(
            f"{name}, {row.test} test of {named}: chi-square {format_number(row.statistic, 3)} on {int(row.df)} df, "
            f"p{NO_BREAK}{p_equals(format_p(row.p_value))}.")
    return tuple(said)


def hazard_ratios_of(coefficients: pd.DataFrame, by: str | None, cohort: Cohort, kind: str, labels: Labels) -> tuple[str, ...]:
    """Say the hazard ratios of the groups against their reference, by the full name of their kind."""
    own = coefficients[coefficients["term"].str.startswith(f"{by}[")]
    if own.empty:
        return ()
    words = f"adjusted {kind}" if len(own) < len(coefficients) else kind
    named = {row.term: labels.get(level_of(row.term), level_of(row.term)) for row in own.itertuples()}
    listed = "; ".join(f"{named[row.term]}, {_ratio_with_interval(row)}" for row in own.itertuples())
    reference = cohort.groups(by).labels[0]
    level = format_percent(own["conf_level"].iloc[0], 0)
    return (f"{words[:1].upper()}{words[1:]} ({level} interval), against {labels.get(reference, reference)}: {listed}.",)


def firth(penalised: pd.DataFrame, lacking: bool, by: str | None, cohort: Cohort, kind: str, labels: Labels) -> tuple[str, ...]:
    """Say why Firth's penalty is called for (ratios are lacking, or events are few), and the ratios that it gives."""
    why = "The data give no finite estimate of some hazard ratio" if lacking else "Events are few for the number of coefficients"
    said = hazard_ratios_of(penalised, by, cohort, f"{kind} by Firth's penalised likelihood", labels)
    return (f"{why}: Firth's penalised likelihood is the way out, with limits of the profile likelihood; its ratios are in a table of their own.", *said)


def proportional_hazards(tests: pd.DataFrame, labels: Labels) -> tuple[str, ...]:
    """Say what the test of proportional hazards gave, in words that do not turn absence of evidence into evidence."""
    whole = tests[(tests["comparison"] == "GLOBAL") & tests["p_value"].notna()]
    if whole.empty:
        return ()
    low = tests[(tests["comparison"] != "GLOBAL") & (tests["p_value"] < 0.05)]
    p_value = format_p(whole["p_value"].iloc[0])
    if low.empty and whole["p_value"].iloc[0] >= 0.05:
        return (f"The test of proportional hazards gave no sign against them (GLOBAL p{NO_BREAK}={NO_BREAK}{p_value}), which does not prove them.",)
    terms = ", ".join(labels.get(term, term.replace("_", " ")) for term in low["comparison"])
    named = f"; {terms}" if terms else ""
    return (
        f"Proportional hazards are in doubt (GLOBAL p{NO_BREAK}{p_equals(p_value)}{named}): where hazards cross or converge, one ratio stands for no moment "
        "of follow-up; read the survival at fixed times beside it.",)


def patients_methods() -> tuple[str, ...]:
    """Describe how patients were counted."""
    return ("Follow-up is summarised by the reverse Kaplan-Meier method (Schemper and Smith 1996); events per person-year carry exact Poisson limits "
            "(Garwood 1936). Standardised mean differences compare groups at baseline; no test of significance is made there.",)


def survival_methods(cohort: Cohort) -> tuple[str, ...]:
    """Describe how survival was estimated."""
    late = " Patients enter the risk set at their own entry time." if (cohort.entry_ticks >= 0).any() else ""
    return ("Survival is estimated by the Kaplan-Meier method with Greenwood's variance; pointwise 95% intervals are on the log-log scale. "
            f"Patients at risk at a time are those with follow-up of at least that time. "
            f"Groups are compared by the log-rank test; pairs carry Holm's adjustment.{late} "
            "Nothing is estimated beyond the last follow-up of a group.",)


def regression_methods(model, fit, event: str | None, penalised: bool) -> tuple[str, ...]:
    """Describe the Cox model and which routine fitted it."""
    firth = (" Where events are few or a ratio has no finite estimate the model is fitted also with Firth's penalty (Heinze and Schemper 2001), by this "
             "package's own routine, with profile likelihood limits.") if penalised else ""
    dropped = f" {format_count(fit.n_dropped)} rows with a missing covariate were left out." if fit.n_dropped else ""
    target = f" of {event}, events of other causes censored (a cause-specific hazard)" if event else ""
    return (f"Hazard ratios come from a Cox model{target}, formula '{model.formula}', {model.ties.capitalize()}'s approximation for ties, "
            f"fitted on {format_count(fit.n)} rows with {format_count(fit.n_event)} events by {_fitter(fit.fitter)} to full precision.{dropped} "
            "Proportional hazards are tested by the score test of Grambsch and Therneau (1994), on the Kaplan-Meier scale of time."
            f"{firth}",)


def _fitter(name: str) -> str:
    return "lifelines" if name == "lifelines" else "this package's own partial-likelihood routine"


def p_equals(text: str) -> str:
    """Write what follows the letter p: the sign, and the number."""
    return text.replace("<", f"<{NO_BREAK}") if text.startswith("<") else f"={NO_BREAK}{text}"


def _name(estimates: pd.DataFrame) -> str:
    if estimates.empty:
        return "survival"
    row = estimates.iloc[0]
    return survival_name(row["endpoint"], row["estimand"], row["cause"])


def percent_with_interval(row) -> str:
    """Write a fraction with its interval, and how few are at risk where they are few."""
    known = not (is_missing(row.conf_low) and is_missing(row.conf_high))
    interval = [format_interval(row.conf_low, row.conf_high, lambda value: format_percent(value, sign=False))] if known else []
    few = [f"{format_count(row.n_risk)} at risk"] if row.n_risk < FEW_EVENTS else []
    beside = ", ".join(interval + few)
    return format_percent(row.estimate) + (f" ({beside})" if beside else "")


def _ratio_with_interval(row) -> str:
    if is_missing(row.hazard_ratio):
        return "not estimable"
    return f"{format_ratio(row.hazard_ratio)} ({format_interval(row.conf_low, row.conf_high)})"


def level_of(term: str) -> str:
    """Give the level out of a term: node[T.micro] is micro."""
    return term.split("[T.", 1)[-1].removesuffix("]")
