"""Frames of competing risks into sentences: every number is read from the frame that the tables and figures show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ..cohort import Cohort
from ..columns import survival_name
from ..units import format_interval, format_number, format_p, format_percent, format_years, is_missing
from .sentences import NO_BREAK, Labels, at_headline, hazard_ratios_of, p_equals, percent_with_interval

if TYPE_CHECKING:
    from .study import Study

CAUSES = {"breast-cancer": "breast cancer", "other": "other causes"}
A_POINT = 0.01  # by which 1 - Kaplan-Meier must be off before it is said
RATIOS_ANSWER = (
    "A cause-specific hazard ratio compares the rates of the event among those still free of every event: it answers how a characteristic bears on "
    "the disease. A subdistribution hazard ratio compares the incidences: it answers how a characteristic bears on the share of patients who come to have "
    "the event. The two differ where the characteristic also bears on other causes.")


@dataclass(frozen=True)
class CauseNames:
    """The names of causes, as they are written within a sentence."""

    study: Study
    cohort: Cohort

    @property
    def labels(self) -> dict[str, str]:
        """The study's names in print, with those of the causes."""
        return {f"cause[T.{cause}]": self.of(cause) for cause in self.cohort.causes} | self.study.labels

    def of(self, cause: str) -> str:
        """Name a cause."""
        return self.study.words.labels.get(f"cause[T.{cause}]", CAUSES.get(cause, cause))

    def event(self, cause: str) -> str:
        """Name the event that the cause brings about."""
        return f"death from {self.of(cause)}" if self.cohort.endpoint == "overall" else self.of(cause)


def enter_late(cohort: Cohort) -> bool:
    """Tell whether patients come under observation after the origin, which Gray's test and Fine and Gray's model do not know."""
    return bool((cohort.entry_ticks >= 0).any())


def cause_specific(study: Study, cohort: Cohort, competes: bool) -> tuple[str, ...]:
    """Say what cause-specific survival is, and what it is not."""
    name = survival_name(cohort.endpoint, "cause-specific", study.cause)
    elsewhere = ", which the chapter on competing risks gives" if competes else ""
    return (f"{name[:1].upper()}{name[1:]} takes patients who had another event as censored: it describes the hazard of this cause alone, as if no other "
            f"could come first. What it lacks to 100% is not the share of patients who have the event; that is the cumulative incidence{elsewhere}.",)


def incidences(estimates: pd.DataFrame, names: CauseNames) -> tuple[str, ...]:
    """Say the incidence of every cause, the study's own first, at the time that the summary names."""
    said = []
    for each in estimates["cause"].drop_duplicates():
        rows = at_headline(estimates)
        rows = rows[(rows["cause"] == each) & (rows["years"] == rows["years"].max())]
        known = rows[rows["estimate"].notna()]
        if known.empty:
            continue
        when, level = format_years(known["years"].iloc[0]), format_percent(known["conf_level"].iloc[0], 0)
        listed = "; ".join(f"{_group(row.group, names.study.labels)}, {percent_with_interval(row)}" for row in known.itertuples())
        said.append(f"Cumulative incidence of {names.event(each)} at {when} ({level} interval): {listed}.")
    return tuple(said)


def overstated(estimates: pd.DataFrame, naive: pd.DataFrame, cause: str, names: CauseNames) -> tuple[str, ...]:
    """Warn where 1 - Kaplan-Meier of the cause lies more than a point above its incidence: both numbers, at the last time where it does."""
    both = estimates.merge(naive, on=["group", "cause", "years"], suffixes=("", "_naive"), sort=False)
    off = both[(both["cause"] == cause) & (both["estimate_naive"] - both["estimate"] > A_POINT)]
    if off.empty:
        return ()
    last = off[off["years"] == off["years"].max()]
    listed = ", ".join(
        f"{format_percent(row.estimate_naive)} in place of {format_percent(row.estimate)} ({_group(row.group, names.study.labels)})"
        for row in last.itertuples())
    return (f"1 \u2212 Kaplan-Meier, with other causes taken as censored, overstates the incidence of {names.event(cause)} by more than a point: "
            f"at {format_years(last['years'].iloc[0])} it gives {listed}. It is not the share of patients who have the event.",)


def gray(tests: pd.DataFrame, event: str) -> tuple[str, ...]:
    """Say Gray's test of all groups."""
    if tests.empty:
        return ()
    row = tests.iloc[0]
    if is_missing(row["p_value"]):
        return (f"Incidence of {event}, Gray's test: cannot be made, there are too few groups or events.",)
    return (f"Incidence of {event}, Gray's test of all groups: chi-square {format_number(row['statistic'], 3)} on {int(row['df'])} df, "
            f"p{NO_BREAK}{p_equals(format_p(row['p_value']))}.",)


def ratios(subdistribution: pd.DataFrame, study: Study, cohort: Cohort) -> tuple[str, ...]:
    """Say the subdistribution hazard ratios of the groups, and what each kind of ratio answers."""
    if subdistribution.empty:
        return ()
    return (*hazard_ratios_of(subdistribution, study.by, cohort, "subdistribution hazard ratio", study.labels), RATIOS_ANSWER)


def late_entries(cohort: Cohort) -> tuple[str, ...]:
    """Say what is left out where patients enter late."""
    left_out = "Patients come under observation late, which Gray's test and the Fine-Gray model do not know: both are left out."
    return (left_out,) if enter_late(cohort) else ()


def lost(years: pd.DataFrame, cause: str, names: CauseNames) -> tuple[str, ...]:
    """Say the years lost to the study's cause."""
    own = years[(years["cause"] == cause) & years["estimate"].notna()] if len(years) else years
    if own.empty:
        return ()
    listed = "; ".join(
        f"{_group(row.group, names.study.labels)}, {format_number(row.estimate)} ({format_interval(row.conf_low, row.conf_high, format_number)})"
        for row in own.itertuples())
    level = format_percent(own["conf_level"].iloc[0], 0)
    return (f"Mean years lost to {names.of(cause)} within {format_years(own['years'].iloc[0])} ({level} interval): {listed}.",)


def methods(study: Study, subdistribution: pd.DataFrame) -> tuple[str, ...]:
    """Describe how competing risks were dealt with."""
    regression = (
        f" Subdistribution hazard ratios come from the model of Fine and Gray (1999), formula '{study.formula or study.by}', with robust standard errors "
        "that allow for the estimated weights.") if len(subdistribution) else ""
    return ("Cumulative incidence is estimated by the Aalen-Johansen method with pointwise 95% intervals on the log-log scale of the incidence; groups are "
            f"compared by Gray's test (1988), pairs with Holm's adjustment.{regression} Years lost are areas under the incidences (Andersen 2013). "
            "1 \u2212 Kaplan-Meier is drawn only to show by how much it overstates.",)


def _group(group: str, labels: Labels) -> str:
    return labels.get(group, "all patients" if group == "all" else group)
