"""The part on competing risks: the incidence of the cause in question where others may come first, and what it is mistaken for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from .. import figures, tables
from ..cohort import Cohort
from ..columns import COEFFICIENTS, TESTS, frame_of
from ..estimates import AalenJohansen, FineGray, GrayTest, RestrictedMean
from . import competing_sentences as say
from .axes import axis_times, term_labels
from .findings import Section
from .part import Part
from .restricted import horizon_of

if TYPE_CHECKING:
    from .study import Study

TITLE = "Competing risks"


def causes_that_compete(study: Study, cohort: Cohort) -> tuple[str, ...]:
    """Give the causes with the study's own first; none where no cause is planned, or nothing competes with it for the cohort's endpoint."""
    causes = [cause for cause in cohort.causes if cause != "none"]
    hidden = study.cause is not None and bool(((cohort.active.event == 0) & cohort.column("cause").isin(causes).to_numpy()).any())
    if study.cause not in causes or len(causes) < 2 or hidden:
        return ()
    return (study.cause, *(cause for cause in causes if cause != study.cause))


def competing_risks(study: Study, cohort: Cohort, causes: tuple[str, ...], coefficients: pd.DataFrame | None) -> Part:
    """Estimate and test incidences, set the two kinds of hazard ratio side by side, count years lost, and warn of 1 - Kaplan-Meier.

    Parameters
    ----------
    study, cohort
        The plan and the patients.
    causes
        The causes, the study's own first.
    coefficients
        COEFFICIENTS of the cause-specific model that the study has fitted, where it has.
    """
    names = say.CauseNames(study, cohort)
    estimator = AalenJohansen(study.by, at_years=study.at_years)
    estimates, naive = (_in_order(frame, causes) for frame in (estimator(cohort), estimator.naive(cohort)))
    warned = say.overstated(estimates, naive, study.cause, names)
    tests, lost, subdistribution = _tests(study, cohort), _years_lost(study, cohort, causes), _subdistribution(study, cohort, coefficients)
    shown = [tables.incidence(estimates, labels=names.labels)]
    if len(tests):
        caption = f"Gray's tests of the incidence of {names.event(study.cause)}."
        shown.append(replace(tables.tests(tests, labels=study.labels, name="incidence-tests"), caption=caption))
    if len(subdistribution):
        kinds = {"cause-specific hazard ratio": coefficients, "subdistribution hazard ratio": subdistribution}
        shown.append(tables.ratios_side_by_side(kinds, cohort.levels, labels=term_labels(study, cohort), name="competing-hazard-ratios"))
    if len(lost):
        shown.append(tables.years_lost(lost, labels=names.labels))
    summary = (*say.incidences(estimates, names), *say.gray(tests, names.event(study.cause)))
    text = (*summary, *warned, *say.ratios(subdistribution, study, cohort), *say.late_entries(cohort), *say.lost(lost, study.cause, names))
    frames = {"incidences": estimates, "naive_incidences": naive, "incidence_tests": tests, "subdistribution_coefficients": subdistribution, "years_lost": lost}
    return Part(
        Section(TITLE, text, tuple(shown), (_figure(study, cohort, estimator, causes, names),)), frames=frames, summary=summary,
        methods=say.methods(study, subdistribution), rank=4)


def _in_order(frame: pd.DataFrame, causes: tuple[str, ...]) -> pd.DataFrame:
    """Put the rows of the study's cause first, within each group."""
    groups = list(frame["group"].drop_duplicates())
    place = frame["group"].map(groups.index) * len(causes) + frame["cause"].map(causes.index)
    return frame.iloc[place.argsort(kind="stable")].reset_index(drop=True)


def _figure(study: Study, cohort: Cohort, estimator: AalenJohansen, causes: tuple[str, ...], names: say.CauseNames) -> figures.Figure:
    """Draw the incidences, and 1 - Kaplan-Meier of the study's cause beside its own."""
    curves, naive = _in_order(estimator.curve(cohort), causes), estimator.naive_curve(cohort)
    at_risk = replace(estimator, at_years=axis_times(curves, study.horizon_years))(cohort)
    drawn = figures.incidence(
        curves, at_risk, naive=naive[naive["cause"] == study.cause].reset_index(drop=True), labels=names.labels, synthetic=cohort.synthetic,
        view=figures.CurveView(up_to_years=study.horizon_years, time_unit=study.axis_unit))
    return replace(drawn, name="incidence-curves")


def _tests(study: Study, cohort: Cohort) -> pd.DataFrame:
    """Test the incidence of the study's cause: all groups, and with more than two also pairs with Holm's adjustment."""
    groups = cohort.groups(study.by).labels
    if study.by is None or len(groups) < 2 or say.enter_late(cohort):
        return frame_of(TESTS, [])
    test = GrayTest(study.by, study.cause)
    return pd.concat([test(cohort), *([test.pairwise(cohort)] if len(groups) > 2 else [])], ignore_index=True)


def _subdistribution(study: Study, cohort: Cohort, coefficients: pd.DataFrame | None) -> pd.DataFrame:
    """Fit Fine and Gray's model by the formula of the cause-specific one, where there is one and nobody enters late."""
    if coefficients is None or say.enter_late(cohort):
        return frame_of(COEFFICIENTS, [])
    return FineGray(study.formula or study.by, study.cause)(cohort)


def _years_lost(study: Study, cohort: Cohort, causes: tuple[str, ...]) -> pd.DataFrame:
    horizon = horizon_of(study, cohort)
    return pd.DataFrame() if horizon is None else _in_order(RestrictedMean(study.by, horizon).years_lost(cohort), causes)
