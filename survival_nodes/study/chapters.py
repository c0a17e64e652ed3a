"""The parts every study has: who the patients are, how they survive, and the regression on the hazard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from .. import figures, tables
from ..cohort import Cohort
from ..estimates import CoxModel, FollowUp, KaplanMeier, LogRank, PersonYears, ProportionalHazards
from . import sentences
from .findings import Section
from .part import Part

if TYPE_CHECKING:
    from .study import Study

# Curves are read at whole steps of the axis; this many ticks fit the table under a figure of journal width.
TICKS_WANTED = 7
STEPS_YEARS = (0.25, 0.5, 1, 2, 2.5, 5, 10, 20)


def patients(study: Study, cohort: Cohort) -> Part:
    """Describe the patients: flow of exclusions, baseline by group, length of follow-up, events per person-year."""
    follow_up = FollowUp(study.by)(cohort)
    rates = PersonYears(study.by).table(cohort)
    baseline = tables.baseline(cohort, study.by)
    shown = [tables.flow(cohort.ledger.frame), *([baseline] if len(baseline.data) else [])]
    shown += [tables.quantiles(follow_up, name="follow-up", caption="Median follow-up (reverse Kaplan-Meier)."), tables.rates(rates)]
    drawn = [figures.flow(cohort.ledger.frame, synthetic=cohort.synthetic)]
    return Part(
        Section("Patients and follow-up", sentences.patients(cohort, study.by, follow_up), tuple(shown), tuple(drawn)),
        frames={"ledger": cohort.ledger.frame, "follow_up": follow_up, "person_years": rates},
        summary=sentences.patients(cohort, study.by, follow_up), methods=sentences.patients_methods(), rank=2)


def survival(study: Study, cohort: Cohort, cause: str | None = None) -> Part:
    """Estimate survival by group: curves, chosen times, medians and the log-rank test."""
    estimator = KaplanMeier(study.by, at_years=study.at_years, cause=cause)
    estimates, curves = estimator(cohort), estimator.curve(cohort)
    quantiles, at_risk = estimator.quantiles(cohort), KaplanMeier(study.by, at_years=_axis_times(curves), cause=cause)(cohort)
    tests = log_rank(study.by, cohort, cause)
    stem = "survival" if cause is None else f"{cause}-survival"
    drawn = figures.kaplan_meier(curves, at_risk=at_risk, time_unit=study.axis_unit, synthetic=cohort.synthetic, name=f"{stem}-curves")
    text, tested = sentences.survival(estimates), sentences.log_rank(tests, estimates)
    shown = (tables.survival(estimates, name=stem), tables.quantiles(quantiles, name=f"{stem}-median", caption=f"{sentences.survival_title(estimates)}: median."), tables.tests(tests, name=f"{stem}-tests"))
    frames = {"estimates": estimates, "curves": curves, "at_risk": at_risk, "quantiles": quantiles, "tests": tests}
    return Part(
        Section(sentences.survival_title(estimates), (*text, *tested), shown, (drawn,)),
        frames={key if cause is None else f"{cause}_{key}": frame for key, frame in frames.items()},
        summary=(*sentences.survival(sentences.at_headline(estimates)), *tested), methods=sentences.survival_methods(cohort), rank=3)


def log_rank(by: str, cohort: Cohort, cause: str | None) -> pd.DataFrame:
    """Test all groups at once; with more than two also the trend over their order, and pairs with Holm's adjustment."""
    test = LogRank(by, cause=cause)
    if len(cohort.groups(by).labels) < 3:
        return test(cohort)
    return pd.concat([test(cohort), test.trend(cohort), test.pairwise(cohort)], ignore_index=True)


def regression(study: Study, cohort: Cohort) -> Part:
    """Fit the Cox model, crude and adjusted, and test proportional hazards."""
    model = CoxModel(study.formula or study.by, cause=study.cause)
    fit = model.fit(cohort)
    tests = ProportionalHazards(model)(cohort)
    frames = {"coefficients": fit.coefficients, "proportional_hazards": tests}
    shown = [tables.hazard_ratios(fit.coefficients, levels=cohort.levels)]
    if study.formula and study.formula != study.by:
        frames["crude_coefficients"] = CoxModel(study.by, cause=study.cause)(cohort)
        shown.insert(0, tables.hazard_ratios(frames["crude_coefficients"], levels=cohort.levels, name="crude-hazard-ratios"))
    drawn = figures.forest(shown[-1].data, synthetic=cohort.synthetic)
    text = sentences.regression(fit.coefficients, study.by, cohort, study.cause)
    return Part(
        Section("Hazard ratios", (*text, *sentences.proportional_hazards(tests)), (*shown, tables.tests(tests, name="proportional-hazards")), (replace(drawn, name="hazard-ratios"),)),
        frames=frames, summary=(*text, *sentences.proportional_hazards(tests)), methods=sentences.regression_methods(model, fit), rank=4)


def _axis_times(curves: pd.DataFrame) -> tuple[float, ...]:
    """Choose the times, in years, at which the table under the curves stands."""
    longest = float(curves["years"].max()) if len(curves) else 1.0
    step = next((step for step in STEPS_YEARS if longest / step <= TICKS_WANTED), STEPS_YEARS[-1])
    return tuple(step * count for count in range(int(longest / step) + 1))
