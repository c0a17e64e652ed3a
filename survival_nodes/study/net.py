"""The part on net survival: what survival from the disease would be if nobody died of anything else, from a life table."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import figures, tables
from ..cohort import Cohort
from ..columns import TESTS, frame_of
from ..errors import DataWarning
from ..estimates import ExpectedDeaths, KaplanMeier, NetSurvival
from ..estimates.followed import coverage, life_table_of
from . import net_sentences as say
from .axes import axis_times
from .expected import expected_survival, refuse_lacking
from .findings import Section
from .part import Part
from .restricted import horizon_of
from .sentences import FEW_EVENTS

if TYPE_CHECKING:
    from .study import Study

TITLE = "Net survival"
ZOOM_ABOVE = 0.5  # of survival
POINTS = 120  # of the smooth lines: a step of half a millimetre on paper


def net_survival(study: Study, cohort: Cohort) -> Part:
    """Estimate net survival by group beside observed and expected survival, test it, and split the deaths by the life table.

    Raises
    ------
    UsageError
        If the cohort has no sex, age or date of diagnosis, or its endpoint is not death from any cause.
    InputError
        If these are missing in some rows, or impossible.
    """
    table = life_table_of(study.life_table)
    refuse_lacking(cohort, table)
    estimator = NetSurvival(study.by, life_table=table, at_years=study.at_years)
    estimates, observed = estimator(cohort), KaplanMeier(study.by, at_years=study.at_years)(cohort)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # at the times of the axis only, beside those of the tabulated times
        drawn, beside, crude = _curves(study, cohort, estimator)
    tests, deaths = _tests(study, cohort, estimator), ExpectedDeaths(table, study.by).table(cohort)
    shares = crude[crude["years"].isin(study.at_years)].reset_index(drop=True)
    expected, covered = expected_survival(cohort, table, study.by, study.at_years), coverage(cohort, table)
    shown = [tables.net_survival(estimates, observed, expected, labels=study.labels), tables.crude_probabilities(shares, labels=study.labels)]
    if len(tests):
        shown.insert(1, replace(tables.tests(tests, labels=study.labels, name="net-survival-tests"), caption="Test of equal net survival."))
    shown.append(tables.expected_deaths(deaths, labels=study.labels))
    summary = (*say.net(estimates, study.labels), *say.tested(tests))
    cautions = say.doubts(estimates, study.labels)
    text = (*summary, *say.why_observed_differs(estimates, observed, expected, study.labels), *cautions, *say.crude(shares, study.labels),
            *say.deaths(deaths, study.labels), *say.coverage(covered, table))
    return Part(
        Section(TITLE, text, tuple(shown), (drawn, beside)), rank=4, summary=(*summary, *cautions), methods=say.methods(table), frames={
            "net_survival": estimates, "net_observed": observed, "net_expected": expected, "net_tests": tests, "crude_probabilities": shares,
            "expected_deaths": deaths, "life_table_coverage": covered})


def _curves(study: Study, cohort: Cohort, estimator: NetSurvival) -> tuple[figures.Figure, figures.Figure, pd.DataFrame]:
    """Draw net survival and the crude probabilities; give these too, at the times of the axis and of the tables."""
    curves, observed = estimator.curve(cohort), KaplanMeier(study.by).curve(cohort)
    ticks, last = axis_times(observed, study.horizon_years), float(observed["years"].max())
    grid = tuple(np.union1d(np.union1d(np.linspace(0.0, last, POINTS + 1), ticks), study.at_years))
    at_risk = KaplanMeier(study.by, at_years=ticks)(cohort)
    view = figures.CurveView(
        y_low=_lowest(curves, observed, study.horizon_years), up_to_years=study.horizon_years, at_years=ticks, time_unit=study.axis_unit)
    drawn = figures.net_survival(
        curves, observed, expected_survival(cohort, life_table_of(study.life_table), study.by, grid), at_risk=at_risk, labels=study.labels,
        synthetic=cohort.synthetic, view=view)
    crude = replace(estimator, at_years=grid).crude(cohort)
    stacked = figures.crude_probabilities(
        crude, crude[crude["years"].isin(ticks)], labels=study.labels, synthetic=cohort.synthetic, view=replace(view, y_low=0.0))
    return replace(drawn, name="net-survival-curves"), replace(stacked, name="crude-probability-curves"), crude


def _lowest(curves: pd.DataFrame, observed: pd.DataFrame, horizon: float | None) -> float:
    """Choose where the axis starts: at 0, unless all lines, and the bands that ten or more patients make, stay in the upper half (the axis says so)."""
    until = np.inf if horizon is None else horizon
    shown, beside = curves[curves["years"] <= until], observed.loc[observed["years"] <= until, "estimate"]
    bands = shown.loc[shown["n_risk"] >= FEW_EVENTS, "conf_low"]
    lowest = float(np.nanmin([1.0, shown["estimate"].min(), bands.min(), beside.min()]))
    return float(np.floor(lowest * 10) / 10) if lowest > ZOOM_ABOVE else 0.0


def _tests(study: Study, cohort: Cohort, estimator: NetSurvival) -> pd.DataFrame:
    """Test equal net survival up to the latest tabulated time that every group was followed to: later, few and old patients decide."""
    if study.by is None or len(cohort.groups(study.by).labels) < 2:
        return frame_of(TESTS, [])
    return estimator.test(cohort, until_years=horizon_of(study, cohort))
