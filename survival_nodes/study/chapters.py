"""The parts every study has: who the patients are, how they survive, and the regression on the hazard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import figures, tables
from ..cohort import Cohort
from ..columns import TESTS, frame_of
from ..estimates import CoxModel, FollowUp, KaplanMeier, LogRank, PersonYears, ProportionalHazards
from . import sentences
from .findings import Section
from .part import Part

if TYPE_CHECKING:
    from .study import Study

# Curves are read at whole steps of the axis; this many ticks fit the table under a figure of journal width.
TICKS_WANTED = 7
STEPS_YEARS = (0.25, 0.5, 1, 2, 2.5, 5, 10, 20)
ZOOM_ABOVE = 0.75


def patients(study: Study, cohort: Cohort) -> Part:
    """Describe the patients: flow of exclusions, baseline by group, length of follow-up, events per person-year."""
    follow_up = FollowUp(study.by)(cohort)
    rates = PersonYears(study.by).table(cohort)
    baseline = tables.baseline(cohort, study.by, labels=study.labels)
    text = sentences.patients(cohort, study.by, follow_up, study.labels)
    shown = [tables.flow(cohort.ledger.frame), *([baseline] if len(baseline.data) else [])]
    shown.append(tables.quantiles(follow_up, labels=study.labels, name="follow-up", caption="Median follow-up (reverse Kaplan-Meier)."))
    shown.append(tables.rates(rates, labels=study.labels))
    drawn = [figures.flow(cohort.ledger.frame, synthetic=cohort.synthetic)]
    return Part(
        Section("Patients and follow-up", text, tuple(shown), tuple(drawn)),
        frames={"ledger": cohort.ledger.frame, "follow_up": follow_up, "person_years": rates},
        summary=text, methods=sentences.patients_methods(), rank=2)


def survival(study: Study, cohort: Cohort, cause: str | None = None) -> Part:
    """Estimate survival by group: curves, chosen times, medians and the log-rank test."""
    estimator = KaplanMeier(study.by, at_years=study.at_years, cause=cause)
    estimates, curves = estimator(cohort), estimator.curve(cohort)
    quantiles, at_risk = estimator.quantiles(cohort), KaplanMeier(study.by, at_years=_axis_times(curves), cause=cause)(cohort)
    tests = log_rank(study.by, cohort, cause)
    stem = "survival" if cause is None else f"{cause}-survival"
    drawn = figures.kaplan_meier(
        curves, at_risk=at_risk, labels=study.labels, time_unit=study.axis_unit, synthetic=cohort.synthetic, name=f"{stem}-curves",
        view=figures.CurveView(y_low=_axis_start(curves)))
    title = sentences.survival_title(estimates)
    text = (*sentences.survival(sentences.at_headline(estimates), study.labels), *sentences.log_rank(tests, estimates))
    shown = [tables.survival(estimates, labels=study.labels, name=stem)]
    shown.append(tables.quantiles(quantiles, labels=study.labels, name=f"{stem}-median", caption=f"{title}: median."))
    if len(tests):
        shown.append(replace(tables.tests(tests, name=f"{stem}-tests"), caption=f"{title}: tests between groups."))
    frames = {"estimates": estimates, "curves": curves, "at_risk": at_risk, "quantiles": quantiles, "tests": tests}
    return Part(
        Section(title, text, tuple(shown), (drawn,)),
        frames={key if cause is None else f"{cause}_{key}": frame for key, frame in frames.items()},
        summary=text, methods=sentences.survival_methods(cohort), rank=3)


def log_rank(by: str | None, cohort: Cohort, cause: str | None) -> pd.DataFrame:
    """Test all groups at once; with more than two also the trend over their order (the unknown left out), and pairs with Holm's adjustment."""
    if by is None:
        return frame_of(TESTS, [])
    test = LogRank(by, cause=cause)
    # A category that is not known has no place in the order.
    ordered = cohort.where("nodal_category != 'unknown'", "nodal category unknown") if by == "nodal_category" else cohort
    trend = [test.trend(ordered)] if len(ordered.groups(by).labels) > 2 else []
    pairs = [test.pairwise(cohort)] if len(cohort.groups(by).labels) > 2 else []
    return pd.concat([test(cohort), *trend, *pairs], ignore_index=True)


def regression(study: Study, cohort: Cohort) -> Part:
    """Fit the Cox model, crude and adjusted, and test proportional hazards."""
    model = CoxModel(study.formula or study.by, cause=study.cause)
    fit = model.fit(cohort)
    tests = ProportionalHazards(model)(cohort)
    frames = {"coefficients": fit.coefficients, "proportional_hazards": tests}
    shown = [_ratio_table(fit.coefficients, study, cohort, "hazard-ratios")]
    if study.formula and study.formula != study.by:
        frames["crude_coefficients"] = CoxModel(study.by, cause=study.cause)(cohort)
        shown = [
            replace(_ratio_table(frames["crude_coefficients"], study, cohort, "crude-hazard-ratios"), caption="Crude hazard ratios."),
            replace(shown[0], caption="Adjusted hazard ratios.")]
    drawn = figures.forest(shown[-1].data, labels=study.labels, synthetic=cohort.synthetic)
    text = sentences.regression(fit.coefficients, study.by, cohort, study.cause, study.labels)
    doubts = sentences.proportional_hazards(tests, study.labels)
    tested = replace(tables.tests(tests, name="proportional-hazards"), caption="Test of proportional hazards.")
    return Part(
        Section("Hazard ratios", (*text, *doubts), (*shown, tested), (replace(drawn, name="hazard-ratios"),)),
        frames=frames, summary=(*text, *doubts), methods=sentences.regression_methods(model, fit), rank=4)


def _ratio_table(coefficients: pd.DataFrame, study: Study, cohort: Cohort, name: str) -> tables.Table:
    return tables.hazard_ratios(coefficients, levels=cohort.levels, labels=study.labels, name=name)


def _axis_start(curves: pd.DataFrame) -> float:
    """Choose where the axis of survival starts: at 0, unless every curve and band stays above three quarters (the axis says so)."""
    lowest = float(curves["conf_low"].min())
    return float(np.floor(lowest * 10) / 10) if lowest > ZOOM_ABOVE else 0.0


def _axis_times(curves: pd.DataFrame) -> tuple[float, ...]:
    """Choose the times, in years, at which the table under the curves stands."""
    longest = float(curves["years"].max()) if len(curves) else 1.0
    step = next((step for step in STEPS_YEARS if longest / step <= TICKS_WANTED), STEPS_YEARS[-1])
    return tuple(step * count for count in range(int(longest / step) + 1))
