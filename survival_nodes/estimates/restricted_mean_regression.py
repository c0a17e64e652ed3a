"""Restricted means adjusted for covariates: regression with inverse probability of censoring weights, each group against the reference."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..cohort.intake import CORE
from ..counting import known_groups
from ..errors import DataWarning, InputError
from ..kernels.censored_regression import censoring_weights, sandwich, score_products, weighted_mean_model
from ..kernels.covariates import Covariates
from .design import Design, build_design, check_independent
from .formulas import read_formula, variables_of
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
    terms, table, code
        Intercept, group and covariates: the patterns of them, shape (u, p), and which of these each row has, shape (n,).
    ticks
        End of each row, everything from the horizon on being one tick; shape (n,).
    years
        The same in years; shape (n,).
    seen
        Whether the row was followed to the event or the horizon; shape (n,).
    """

    terms: tuple[str, ...]
    table: np.ndarray
    code: np.ndarray
    ticks: np.ndarray
    years: np.ndarray
    seen: np.ndarray

    @property
    def arms(self) -> tuple[np.ndarray, np.ndarray]:
        """Which rows are the reference's, and which the group's."""
        in_group = (self.table[:, 1] == 1)[self.code]
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
        total = np.bincount(self.code, weights, minlength=len(self.table))
        told = np.bincount(self.code, weights * response, minlength=len(self.table))
        coefficients = weighted_mean_model(self.table, np.divide(told, total, out=np.zeros_like(told), where=total > 0), total, is_log)
        if coefficients is None:
            return None
        linear = self.table @ coefficients
        mean = np.exp(linear) if is_log else linear
        size = weights * (response - mean[self.code])
        filling = sum(score_products(self.ticks[arm], self.seen[arm], self.table, self.code[arm], size[arm]) for arm in self.arms)
        slope = np.bincount(self.code, minlength=len(self.table)) * (mean if is_log else 1.0)
        return coefficients, np.sqrt(np.diag(sandwich(self.table.T @ (self.table * slope[:, None]), filling)))


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
    own = design if chosen.all() else build_design(formula, _only(cohort, variables_of(read_formula(formula))).where(chosen))
    arm_name = " | ".join((options.by,) if isinstance(options.by, str) else options.by)
    term = f"{arm_name}[T.{cohort.groups(options.by).labels[places[1]]}]"
    table, code = _with_group(own.covariates, codes[chosen] == places[1])
    shifted = {name: tuple(column + 1 for column in columns) for name, columns in own.groups.items()}
    p = len(own.names) + 1
    covariates = Covariates(table[:, 1:], code, np.zeros((0, len(code))), np.arange(p), np.arange(0))
    check_independent(replace(own, names=(term, *own.names), covariates=covariates, groups={term: (0,), **shifted}), np.zeros(len(code), dtype=np.int64))
    position, ticks = float(cohort.clock.position(options.horizon_years)), cohort.exit_ticks[chosen]
    reached = ticks >= position
    return _Pair(
        ("intercept", term, *own.names), table, code, np.where(reached, ticks.max(), ticks),
        np.where(reached, options.horizon_years, cohort.clock.years(ticks)), reached | (cohort.events(options.cause)[chosen] == 1))


def _only(cohort: Cohort, names: Sequence[str]) -> Cohort:
    """Give a cohort of one row a patient with some of its columns, so that no others are copied."""
    frame = cohort.frame[[name for name in cohort.frame if name in {*CORE, *names}]]
    return replace(cohort, frame=frame.assign(patient_id=np.arange(len(frame))))


def _with_group(covariates: Covariates, in_group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give intercept, group and covariates as patterns and the pattern of each row; each row is its own where a covariate has no patterns."""
    if len(covariates.in_dense):
        return np.column_stack([np.ones(len(in_group)), in_group, covariates.matrix]), np.arange(len(in_group))
    keys = 2 * covariates.code + in_group
    found = np.flatnonzero(np.bincount(keys, minlength=2 * len(covariates.table)))
    packed = np.zeros(2 * len(covariates.table), dtype=np.int64)
    packed[found] = np.arange(len(found))
    columns = np.empty((len(found), covariates.n_columns))
    columns[:, covariates.in_table] = covariates.table[found // 2]
    return np.column_stack([np.ones(len(found)), found % 2, columns]), packed[keys]


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
