"""Restricted means adjusted for covariates: regression with inverse probability of censoring weights, each group against the reference."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..counting import known_groups
from ..errors import DataWarning, InputError
from ..kernels.censored_regression import censoring_weights, sandwich, weighted_mean_model, with_censoring_term
from .design import Design, build_design, check_independent
from .horizon import other_labels, warn_of_short_follow_up

if TYPE_CHECKING:
    from ..cohort import Cohort
    from .restricted_mean import RestrictedMean


@dataclass(frozen=True, eq=False)
class AdjustedModel:
    """One regression: the intercept first, then the group, then the covariates; missing (NaN) where there is no solution."""

    measure: str
    group: str
    terms: tuple[str, ...]
    coefficients: np.ndarray
    std_errors: np.ndarray


@dataclass(frozen=True, eq=False)
class _Pair:
    """The complete rows of a group and its reference.

    Attributes
    ----------
    terms, matrix
        Intercept, group and covariates; shape (n, p).
    ticks
        End of each row, everything from the horizon on being one tick; shape (n,).
    years
        The same in years; shape (n,).
    seen
        Whether the row was followed to the event or the horizon; shape (n,).
    """

    terms: tuple[str, ...]
    matrix: np.ndarray
    ticks: np.ndarray
    years: np.ndarray
    seen: np.ndarray

    @property
    def arms(self) -> tuple[np.ndarray, np.ndarray]:
        """Which rows are the reference's, and which the group's."""
        in_group = self.matrix[:, 1] == 1
        return ~in_group, in_group

    def too_short(self, horizon: float) -> list[float]:
        """Give the last follow-up, in years, of the arms that do not reach the horizon and whose last patients are censored."""
        short = []
        for arm in self.arms:
            at_end = arm & (self.ticks == self.ticks[arm].max())
            if not self.seen[at_end].all():
                short.append(float(self.years[at_end][0]))
        return short

    def fit(self, response: np.ndarray, is_log: bool) -> tuple[np.ndarray, np.ndarray] | None:
        """Give coefficients and standard errors, or None where the model has no solution."""
        weights = np.zeros(len(self.ticks))
        for arm in self.arms:
            weights[arm] = censoring_weights(self.ticks[arm], self.seen[arm])
        coefficients = weighted_mean_model(self.matrix, response, weights, is_log)
        if coefficients is None:
            return None
        linear = self.matrix @ coefficients
        mean = np.exp(linear) if is_log else linear
        scores = self.matrix * (weights * (response - mean))[:, None]
        for arm in self.arms:
            scores[arm] = with_censoring_term(self.ticks[arm], self.seen[arm], scores[arm])
        slope = mean if is_log else np.ones(len(mean))
        return coefficients, np.sqrt(np.diag(sandwich(self.matrix, slope, scores)))


def adjusted_models(options: RestrictedMean, cohort: Cohort, reference: str, formula: str, measures: Sequence[str]) -> list[AdjustedModel]:
    """Fit the model of each measure for every group beside the reference; warnings and errors as `RestrictedMean.adjusted` says."""
    groups = known_groups(cohort, options.by)
    others = other_labels(groups.labels, options.by, reference)
    if (cohort.entry_ticks >= 0).any():
        raise InputError(
            "patients come under observation late, or in pieces: an adjusted restricted mean wants one row a patient, followed from time zero; "
            "contrast() takes delayed entry")
    design = build_design(formula, cohort)
    models, short = [], set()
    for label in others:
        pair = _pair(options, cohort, design, formula, groups.codes, (groups.labels.index(reference), groups.labels.index(label)))
        last = pair.too_short(options.horizon_years) if pair else []
        short.update(last)
        models += [_model(options, pair, measure, label, not last) for measure in measures]
    warn_of_short_follow_up(options.horizon_years, short)
    return models


def _pair(options: RestrictedMean, cohort: Cohort, design: Design, formula: str, codes: np.ndarray, places: tuple[int, int]) -> _Pair | None:
    """Take the complete rows of two groups; None where one of the groups has none."""
    chosen = design.kept & np.isin(codes, places)
    if not all((codes[chosen] == place).any() for place in places):
        return None
    # Transformations and levels are those of the two groups, as if the others were not there.
    own = design if chosen.all() else build_design(formula, cohort.where(chosen))
    arm_name = " | ".join((options.by,) if isinstance(options.by, str) else options.by)
    term = f"{arm_name}[T.{cohort.groups(options.by).labels[places[1]]}]"
    matrix = np.column_stack([(codes[chosen] == places[1]).astype(float), own.matrix])
    shifted = {name: tuple(column + 1 for column in columns) for name, columns in own.groups.items()}
    check_independent(replace(own, names=(term, *own.names), matrix=matrix, groups={term: (0,), **shifted}), np.zeros(len(matrix), dtype=np.int64))
    position, ticks = float(cohort.clock.position(options.horizon_years)), cohort.exit_ticks[chosen]
    reached = ticks >= position
    return _Pair(
        ("intercept", term, *own.names), np.column_stack([np.ones(len(matrix)), matrix]), np.where(reached, ticks.max(), ticks),
        np.where(reached, options.horizon_years, cohort.clock.years(ticks)), reached | (cohort.events(options.cause)[chosen] == 1))


def _model(options: RestrictedMean, pair: _Pair | None, measure: str, label: str, is_known: bool) -> AdjustedModel:
    fitted = None
    if pair is not None and is_known:
        response = options.horizon_years - pair.years if "lost" in measure else pair.years
        fitted = pair.fit(response, measure.endswith("ratio"))
    if fitted is None and is_known:
        why = "no row of it, or of its reference, has every covariate" if pair is None else "its model has no solution, as where nobody loses any time"
        warnings.warn(f"the adjusted {measure} of {label!r} is missing: {why}", DataWarning, stacklevel=4)
    terms = ("intercept", label) if pair is None else pair.terms
    return AdjustedModel(measure, label, terms, *(fitted or (np.full(len(terms), np.nan),) * 2))
