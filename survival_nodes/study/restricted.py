"""The part on the time lived within a horizon, and on survival at fixed times: what can be said also where hazards are not proportional."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from .. import tables
from ..cohort import Cohort
from ..columns import CONTRASTS, TESTS, frame_of
from ..estimates import CoxModel, KaplanMeier, RestrictedMean
from ..units import MEASURES, format_interval, format_number, format_p, format_percent, format_years, is_missing
from .findings import Section
from .part import Part
from .sentences import NO_BREAK, Labels, p_equals

if TYPE_CHECKING:
    from .study import Study

TITLE = "Restricted mean and survival at fixed times"
CONTRASTED = ("restricted-mean-difference", "restricted-mean-ratio")
METHODS = (
    "The restricted mean is the area under the Kaplan-Meier survival up to a horizon, the latest of the tabulated times that every group was followed to; "
    "its variance carries Greenwood's to the area (Klein and Moeschberger 2003), differences have normal intervals, and ratios have them on the log scale. "
    "Survival at a fixed time is compared on the log-log scale (Klein et al. 2007).",)


def horizon_of(study: Study, cohort: Cohort) -> float | None:
    """Give the latest of the study's times that every group was followed to; None where there is none."""
    reached = _reached(study, cohort)
    return reached[-1] if reached else None


def _reached(study: Study, cohort: Cohort) -> list[float]:
    estimates = KaplanMeier(study.by, at_years=study.at_years)(cohort)
    known = estimates["estimate"].notna().groupby(estimates["years"]).all()
    return sorted(float(time) for time in known.index[known])


def restricted_mean(study: Study, cohort: Cohort) -> Part:
    """Estimate the mean time lived within the horizon by group, its contrasts beside the hazard ratio, and test survival at fixed times."""
    reached = _reached(study, cohort)
    if not reached:
        return Part(Section(TITLE, ("No tabulated time was reached by every group: a restricted mean would need an earlier one.",)))
    estimator = RestrictedMean(study.by, reached[-1])
    means, contrasts, tests = estimator(cohort), frame_of(CONTRASTS, []), frame_of(TESTS, [])
    groups = cohort.groups(study.by).labels
    if len(groups) > 1:
        contrasts = estimator.contrast(cohort, groups[0])
        contrasts = contrasts[contrasts["measure"].isin(CONTRASTED)].reset_index(drop=True)
        tests = KaplanMeier(study.by, at_years=tuple(reached)).test(cohort)
    beside = pd.concat([frame for frame in (contrasts, _hazard_ratios(study, cohort, contrasts)) if len(frame)] or [contrasts], ignore_index=True)
    shown = [tables.restricted_means(means, beside if len(beside) else None, labels=study.labels)]
    if len(tests):
        shown.append(replace(tables.tests(tests, labels=study.labels, name="fixed-time-tests"), caption="Tests of equal survival at fixed times."))
    text = (*_means(means, study.labels), *_differences(contrasts, study.labels), *_tests(tests))
    explained = ("A restricted mean and a survival at a fixed time are read off the curves, also where hazards are not proportional and a hazard ratio "
                 "stands for no moment of follow-up.",) if len(contrasts) else ()
    frames = {"restricted_means": means, "restricted_mean_contrasts": contrasts, "fixed_time_tests": tests}
    return Part(Section(TITLE, (*text, *explained), tuple(shown)), frames=frames, summary=text, methods=METHODS, rank=5)


def _hazard_ratios(study: Study, cohort: Cohort, contrasts: pd.DataFrame) -> pd.DataFrame:
    """Give, as CONTRASTS, the crude hazard ratio of each group to stand beside its restricted mean; none where groups are no categories of the model."""
    groups = {f"{study.by}[T.{group}]": group for group in contrasts["group"].unique()}
    if not groups:
        return contrasts
    coefficients = CoxModel(study.by, fitter="grouped")(cohort)  # the quicker one; both agree to 1e-8
    own = coefficients[coefficients["term"].isin(groups)].reset_index(drop=True)
    numbers = {"estimate": own["hazard_ratio"], "conf_low": own["conf_low"], "conf_high": own["conf_high"], "p_value": own["p_value"]}
    words = {"endpoint": cohort.endpoint, "measure": "hazard-ratio", "reference": cohort.groups(study.by).labels[0]}
    return frame_of(CONTRASTS, {"group": own["term"].map(groups), **numbers} | {name: [word] * len(own) for name, word in words.items()})


def _means(means: pd.DataFrame, labels: Labels) -> tuple[str, ...]:
    """Say the restricted mean of every group."""
    horizon, level = format_years(means["years"].iloc[0]), format_percent(means["conf_level"].iloc[0], 0)
    listed = "; ".join(
        f"{labels.get(row.group, row.group)}, {format_number(row.estimate)} ({format_interval(row.conf_low, row.conf_high, format_number)})"
        for row in means.itertuples())
    return (f"Mean time without the event within {horizon} (restricted mean, in years; {level} interval): {listed}.",)


def _differences(contrasts: pd.DataFrame, labels: Labels) -> tuple[str, ...]:
    """Say the difference of every group from the reference."""
    own = contrasts[(contrasts["measure"] == CONTRASTED[0]) & contrasts["estimate"].notna()]
    if own.empty:
        return ()
    write, reference = MEASURES[CONTRASTED[0]].write, own["reference"].iloc[0]
    listed = "; ".join(
        f"{labels.get(row.group, row.group)}, {write(row.estimate)} ({format_interval(row.conf_low, row.conf_high, write)}{_p(row.p_value)})"
        for row in own.itertuples())
    return (f"Difference of restricted means, in years, from {labels.get(reference, reference)}: {listed}.",)


def _p(p_value: float) -> str:
    return "" if is_missing(p_value) else f"; p{NO_BREAK}{p_equals(format_p(p_value))}"


def _tests(tests: pd.DataFrame) -> tuple[str, ...]:
    """Say the test at the last of the times at which it could be made."""
    made = tests[tests["p_value"].notna()]
    if made.empty:
        return ()
    row = made.iloc[-1]
    return (f"Test of equal survival of all groups ({row['test']}): chi-square {format_number(row['statistic'], 3)} on {int(row['df'])} df, "
            f"p{NO_BREAK}{p_equals(format_p(row['p_value']))}.",)
