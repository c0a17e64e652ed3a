"""Intervals of survival, incidence and restricted mean by drawing the patients anew, as counts."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..counting import cells_of
from ..counting.memory import inner_boundaries
from ..errors import DataWarning, UsageError
from ..kernels.bootstrap import FollowUps, GroupSamples, limits
from ..units import format_percent
from .aalen_johansen import AalenJohansen, declared_causes
from .kaplan_meier import KaplanMeier
from .options import check_choice, check_conf_level, check_whole, listed, normal_quantile
from .restricted_mean import RestrictedMean, two_sided_p
from .step_curves import NAMES

if TYPE_CHECKING:
    from ..cohort import Cohort
    from ..counting import CohortScan

INTERVALS = ("percentile", "basic", "normal")
MOST_MISSING = 0.05  # of the replicates: where more have no estimate, what the others say is of other cohorts than this one
Estimator = KaplanMeier | AalenJohansen | RestrictedMean


@dataclass(frozen=True)
class Bootstrap:
    """Give the standard errors and intervals of an estimator by drawing the patients anew, with replacement.

    Called on a cohort it gives ESTIMATES: the estimates of the cohort itself, with the standard deviation of those of the replicates
    and limits made from them. Groups are drawn together, so that their sizes vary as those of a new cohort would.

    Parameters
    ----------
    estimator
        `KaplanMeier`, `AalenJohansen` or `RestrictedMean`, without weights, clusters or a robust variance.
    seed
        Of the random draws, a whole number, 0 or more; the same seed gives the same numbers.
    replicates
        How many cohorts are drawn.
    conf_level
        Coverage of the intervals; the estimator's own is not used.
    interval
        `percentile`: the quantiles of the replicates. `basic`: the same mirrored about the estimate. `normal`: standard errors of the
        replicates on either side. Ratios are mirrored, and have their standard errors taken, as logarithms. Limits of a probability
        stay within 0 and 1, those of a mean time between 0 and the horizon.

    Raises
    ------
    UsageError
        If an option is not one of those named, or the estimator is another, or does not rest on counts (the option is named).

    Warns
    -----
    DataWarning
        Where more than 5% of the replicates have no estimate, as the group has nobody in them or its follow-up ends before: standard
        error and limits are then missing. What the estimator itself warns of is said too.

    Notes
    -----
    A replicate is one multinomial draw of n over the distinct follow-ups (group, entry, end and how it ends), which is drawing n rows:
    the numbers of a thousand replicates cost the same for ten thousand patients and for thirty million, where times are in months. Where
    times are exact most follow-ups differ, and the cost grows with n. A patient whose follow-up is in pieces is drawn as a whole; pieces
    that follow on one another in one group are one. Those without a value in `by` are not drawn. Efron 1981, JASA 76:312.

    >>> import pandas as pd
    >>> from survival_nodes.cohort import Cohort
    >>> cohort = Cohort.from_frame(pd.DataFrame({"t": [12, 30, 36, 61] * 25, "d": [1, 1, 0, 0] * 25}), {"years": "t", "event": "d"}, "months")
    >>> table = Bootstrap(KaplanMeier(at_years=3), 7)(cohort)
    >>> table[["estimate", "std_error", "conf_low", "conf_high"]].round(2).values.tolist()
    [[0.5, 0.05, 0.4, 0.59]]
    >>> table["method"].item()
    'Kaplan-Meier, bootstrap of 1000 replicates (seed 7), percentile interval'
    """

    estimator: Estimator
    seed: int
    replicates: int = field(default=1000, kw_only=True)
    conf_level: float = field(default=0.95, kw_only=True)
    interval: str = field(default="percentile", kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.estimator, Estimator):
            known = "KaplanMeier(...), AalenJohansen(...) or RestrictedMean(...)"
            raise UsageError(f"estimator is {known}, which rest on counts, not {type(self.estimator).__name__}")
        for option in ("weights", "cluster", "robust"):
            value = getattr(self.estimator, option, None)
            if value:
                raise UsageError(f"{option}={value!r} does not go with a bootstrap from counts: leave out the option, or the bootstrap")
        check_whole("seed", self.seed, 0)
        check_whole("replicates", self.replicates, 2)
        check_conf_level(self.conf_level)
        check_choice("interval", self.interval, INTERVALS)

    def __call__(self, cohort: Cohort | CohortScan) -> pd.DataFrame:
        """Give ESTIMATES as the estimator does; standard errors and limits are the bootstrap's."""
        cohort = cells_of(cohort, _columns(self.estimator))
        table = self.estimator(cohort)
        highest = self.estimator.horizon_years if isinstance(self.estimator, RestrictedMean) else 1.0
        spread = self._spread(table["estimate"].to_numpy(), self._replicated(cohort))
        _warn_of_missing(spread.untold, [str(label) for label in table["group"]])
        method = f"{_NAMES[type(self.estimator)](self.estimator)}, bootstrap of {self.replicates} replicates (seed {self.seed}), {self.interval} interval"
        return table.assign(
            method=method, std_error=spread.std_error, conf_low=np.clip(spread.low, 0.0, highest), conf_high=np.clip(spread.high, 0.0, highest),
            conf_level=self.conf_level)

    def contrast(self, cohort: Cohort | CohortScan, reference: str) -> pd.DataFrame:
        """Give CONTRASTS of restricted means as `RestrictedMean.contrast` does; standard errors and limits are the bootstrap's.

        `p_value` is two-sided, of the contrast over its bootstrap standard error (of a ratio, on the logarithm).

        Raises
        ------
        UsageError
            If the estimator has no contrast, or there is no such group.
        """
        if not isinstance(self.estimator, RestrictedMean):
            raise UsageError(f"{type(self.estimator).__name__} has no contrast: give Bootstrap a RestrictedMean(by, horizon_years)")
        cohort = cells_of(cohort, _columns(self.estimator))
        table, labels = self.estimator.contrast(cohort, reference), cohort.groups(self.estimator.by).labels
        means = dict(zip(labels, self._replicated(cohort).T, strict=True))
        is_ratio = table["measure"].str.endswith("ratio").to_numpy()
        with np.errstate(invalid="ignore", divide="ignore"):  # a ratio of nothing has no logarithm
            value = np.where(is_ratio, np.log(table["estimate"]), table["estimate"])
        replicates = np.column_stack([
            _contrasts(row.measure, means[row.group], means[row.reference], self.estimator.horizon_years) for row in table.itertuples()])
        spread = self._spread(value, replicates)
        _warn_of_missing(spread.untold, list(table["group"]))
        z = np.divide(value, spread.std_error, out=np.full(len(value), np.nan), where=spread.std_error > 0)
        low, high = (np.where(is_ratio, np.exp(each), each) for each in (spread.low, spread.high))
        return table.assign(
            std_error=spread.std_error * np.where(is_ratio, table["estimate"], 1.0), conf_low=low, conf_high=high, p_value=[two_sided_p(each) for each in z])

    def _replicated(self, cohort: Cohort) -> np.ndarray:
        """Give the estimates of every replicate, in the order of the estimator's rows; shape (replicates, m)."""
        causes = _causes(self.estimator, cohort)
        follow_ups, n_groups = _follow_ups(cohort, self.estimator.by, causes)
        blocks = []
        for drawn in follow_ups.draws(np.random.default_rng(self.seed), self.replicates):
            blocks.append(np.concatenate([
                _estimates(self.estimator, follow_ups.group_samples(drawn, group), cohort) for group in range(n_groups)], axis=1))
        return np.concatenate(blocks)

    def _spread(self, estimate: np.ndarray, replicates: np.ndarray) -> Spread:
        known = ~np.isnan(replicates)
        told = ~np.isnan(estimate) & ((~known).mean(axis=0) <= MOST_MISSING)
        std_error = np.full(len(estimate), np.nan)
        std_error[told] = np.nanstd(replicates[:, told], axis=0, ddof=1)
        low, high = limits(replicates, estimate, std_error, self.conf_level, self.interval, normal_quantile(self.conf_level))
        return Spread(std_error, np.where(told, low, np.nan), np.where(told, high, np.nan), ~told & ~np.isnan(estimate))


class Spread(NamedTuple):
    """What the replicates say of estimates, shape (m,) each; `untold` where too few of them have one."""

    std_error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    untold: np.ndarray


_NAMES = {
    KaplanMeier: lambda estimator: NAMES[estimator.estimator],
    AalenJohansen: lambda estimator: "Aalen-Johansen",
    RestrictedMean: lambda estimator: "area under the Kaplan-Meier survival",
}


def _columns(estimator: Estimator) -> tuple[str, ...]:
    return () if estimator.by is None else (estimator.by,) if isinstance(estimator.by, str) else tuple(estimator.by)


def _causes(estimator: Estimator, cohort: Cohort) -> tuple[str | None, ...]:
    """Give the kinds of event that the estimator tells apart; None is the endpoint's event."""
    return declared_causes(cohort) if isinstance(estimator, AalenJohansen) else (estimator.cause,)


def _follow_ups(cohort: Cohort, by: str | Sequence[str] | None, causes: Sequence[str | None]) -> tuple[FollowUps, int]:
    """Give the distinct follow-ups of the patients whose group is known, and how many groups there are."""
    groups, kind = cohort.groups(by), np.zeros(len(cohort), dtype=np.int64)
    for place, cause in enumerate(causes, start=1):
        kind += place * cohort.events(cause).astype(np.int64)
    known, patient = groups.codes >= 0, cohort.whose.codes
    entry, exit_ = cohort.entry_ticks, cohort.exit_ticks
    if patient is not None:
        known, entry = _joined(entry, exit_, kind, groups.codes, patient)
    whose, repeats = (None if each is None else each[known] for each in (patient, cohort.repeats))
    if whose is not None:
        whose = np.unique(whose, return_inverse=True)[1]
    rows = (groups.codes, exit_, kind, entry)
    return FollowUps.of(rows if known.all() else [each[known] for each in rows], whose, repeats, len(causes)), len(groups.labels)


def _joined(entry: np.ndarray, exit_: np.ndarray, kind: np.ndarray, group: np.ndarray, patient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join pieces that follow on one another in one group: gives which rows end such a stretch, and where it begins."""
    ends, begins = inner_boundaries(entry, exit_, kind + 1, np.where(group < 0, -1 - np.arange(len(group)), group), patient)
    order = np.lexsort((entry, patient))
    opens = np.flatnonzero(~begins[order])
    first = np.empty(len(entry), dtype=np.int64)
    first[order] = np.repeat(entry[order][opens], np.diff(np.append(opens, len(order))))
    return ~ends & (group >= 0), first


def _estimates(estimator: Estimator, samples: GroupSamples, cohort: Cohort) -> np.ndarray:
    """Give the estimates of one group in each sample, in the order of the estimator's rows; shape (b, m)."""
    if isinstance(estimator, RestrictedMean):
        horizon = estimator.horizon_years
        return samples.restricted_mean(cohort.clock.years(samples.ticks), horizon, float(cohort.clock.position(horizon)))[:, None]
    position = cohort.clock.position(np.array(estimator.at_years))
    if isinstance(estimator, KaplanMeier):
        return samples.survival(estimator.estimator, position)
    incidence = samples.incidence(position)
    return incidence.reshape(len(incidence), -1)


def _contrasts(measure: str, group: np.ndarray, reference: np.ndarray, horizon: float) -> np.ndarray:
    """Give a contrast of the means of two groups in each replicate, a ratio as its logarithm; missing where it has none."""
    if measure.endswith("difference"):
        return group - reference
    group, reference = (horizon - each if "lost" in measure else each for each in (group, reference))
    has = np.minimum(group, reference) > 1e-12 * horizon
    return np.where(has, np.log(np.where(has, group, 1.0) / np.where(has, reference, 1.0)), np.nan)


def _warn_of_missing(untold: np.ndarray, labels: Sequence[str]) -> None:
    if untold.any():
        named = listed(dict.fromkeys(label for label, missing in zip(labels, untold, strict=True) if missing))
        said = (
            f"{named}: more than {format_percent(MOST_MISSING, 0)} of the replicates have no estimate at some time, as the group has nobody, or nobody "
            "followed so long: standard error and limits are missing there")
        warnings.warn(said, DataWarning, stacklevel=3)
