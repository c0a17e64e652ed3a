"""The parts every study has: who the patients are, how they survive, and the regression on the hazard."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from .. import figures, tables
from ..cohort import Cohort
from ..columns import TESTS, frame_of
from ..errors import DataWarning
from ..estimates import CoxModel, FollowUp, KaplanMeier, LogRank, PersonYears, ProportionalHazards
from ..tables.table import heading
from . import sentences
from .axes import axis_start, axis_times, term_labels
from .competing_sentences import CauseNames
from .findings import Section
from .part import Part

if TYPE_CHECKING:
    from .study import Study

EVENTS_PER_COEFFICIENT = 10  # fewer, and Firth's fit stands beside the plain one


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


def survival(study: Study, cohort: Cohort, cause: str | None = None, said: tuple[str, ...] = ()) -> Part:
    """Estimate survival by group: curves, chosen times, medians and the log-rank test; `said` stands before all."""
    estimator = KaplanMeier(study.by, at_years=study.at_years, cause=cause)
    estimates, curves = estimator(cohort), estimator.curve(cohort)
    quantiles = estimator.quantiles(cohort)
    at_risk = _quietly(replace(estimator, at_years=axis_times(curves, study.horizon_years)), cohort)
    tests = log_rank(study.by, cohort, cause)
    stem = "survival" if cause is None else f"{cause}-survival"
    drawn = figures.kaplan_meier(
        curves, at_risk=at_risk, labels=study.labels, time_unit=study.axis_unit, synthetic=cohort.synthetic, name=f"{stem}-curves",
        view=figures.CurveView(y_low=axis_start(curves, study.horizon_years), up_to_years=study.horizon_years))
    title = sentences.survival_title(estimates)
    text = (*sentences.survival(sentences.at_headline(estimates), study.labels), *sentences.log_rank(tests, estimates))
    shown = [tables.survival(estimates, labels=study.labels, name=stem)]
    shown.append(tables.quantiles(quantiles, labels=study.labels, name=f"{stem}-median", caption=f"{title}: median."))
    if len(tests):
        shown.append(replace(tables.tests(tests, labels=study.labels, name=f"{stem}-tests"), caption=f"{title}: tests between groups."))
    frames = {"estimates": estimates, "curves": curves, "at_risk": at_risk, "quantiles": quantiles, "tests": tests}
    return Part(
        Section(title, (*said, *text), tuple(shown), (drawn,)),
        frames={key if cause is None else f"{cause}_{key}": frame for key, frame in frames.items()},
        summary=text, methods=sentences.survival_methods(cohort), rank=3)


def _quietly(estimator: KaplanMeier, cohort: Cohort) -> pd.DataFrame:
    """Estimate at the times of the axis only, which need no warning beside those of the tabulated times."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return estimator(cohort)


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
    """Fit the Cox model, crude and adjusted, and test proportional hazards; where events are few or a ratio is not finite, Firth's too."""
    model = CoxModel(study.formula or study.by, cause=study.cause)
    fit = model.fit(cohort)
    tests = ProportionalHazards(model)(cohort)
    frames = {"coefficients": fit.coefficients, "proportional_hazards": tests}
    kind = "hazard ratio" if study.cause is None else "cause-specific hazard ratio"
    shown = [_ratio_table(fit.coefficients, study, cohort, "hazard-ratios", kind)]
    if study.formula and study.formula != study.by:
        frames["crude_coefficients"] = CoxModel(study.by, cause=study.cause)(cohort)
        shown = [
            replace(_ratio_table(frames["crude_coefficients"], study, cohort, "crude-hazard-ratios", kind), caption=f"Crude {kind}s."),
            replace(shown[0], caption=f"Adjusted {kind}s.")]
    drawn = figures.forest(shown[-1].data, labels=study.labels, synthetic=cohort.synthetic, kind=kind)
    event = CauseNames(study, cohort).event(study.cause) if study.cause else None
    text = sentences.hazard_ratios_of(fit.coefficients, study.by, cohort, kind + (f" of {event}" if event else ""), study.labels)
    doubts = sentences.proportional_hazards(tests, study.labels)
    if _wants_penalty(fit.coefficients):
        frames["firth_coefficients"] = replace(model, penalty="firth")(cohort)
        shown.append(_ratio_table(frames["firth_coefficients"], study, cohort, "firth-hazard-ratios", kind, "firth"))
        lacking = bool(fit.coefficients["hazard_ratio"].isna().any())
        doubts = (*sentences.firth(frames["firth_coefficients"], lacking, study.by, cohort, kind, study.labels), *doubts)
    named = {term: heading(term) for term in tests["comparison"] if term.isidentifier() and term != "GLOBAL"} | study.labels
    tested = replace(tables.tests(tests, labels=named, name="proportional-hazards"), caption="Test of proportional hazards.")
    return Part(
        Section("Hazard ratios", (*text, *doubts), (*shown, tested), (replace(drawn, name="hazard-ratios"),)), frames=frames, summary=(*text, *doubts),
        methods=sentences.regression_methods(model, fit, event, "firth_coefficients" in frames), rank=4)


def _wants_penalty(coefficients: pd.DataFrame) -> bool:
    """Tell whether there are events, yet too few for the coefficients or none that makes a ratio finite."""
    n_event = int(coefficients["n_event"].max()) if len(coefficients) else 0
    return n_event > 0 and (n_event < EVENTS_PER_COEFFICIENT * len(coefficients) or bool(coefficients["hazard_ratio"].isna().any()))


def _ratio_table(coefficients: pd.DataFrame, study: Study, cohort: Cohort, name: str, kind: str, penalty: str | None = None) -> tables.Table:
    return tables.hazard_ratios(coefficients, levels=cohort.levels, labels=term_labels(study, cohort), name=name, kind=kind, penalty=penalty)
