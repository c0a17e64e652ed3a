"""Tests of equal hazards across groups: the log-rank family, stratified, pairwise, for trend."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd

from ..cohort import Cohort
from ..cohort.grouping import as_level
from ..columns import TESTS, frame_of
from ..counting import GroupCounts, cells_of, cells_within, group_arrays, known_groups, names_in, tally
from ..errors import DataWarning, InputError, UsageError
from ..kernels import log_rank as kernel
from ..kernels import permutation as permuting
from ..kernels.tails import chi_square_tail
from ..units import format_count, format_number
from .options import check_choice, check_not_negative, listed

_WEIGHTS = {
    "gehan": ("Gehan", kernel.gehan_weights), "tarone-ware": ("Tarone-Ware", kernel.tarone_ware_weights), "peto-peto": ("Peto-Peto", kernel.peto_peto_weights)}
WEIGHTS = tuple(_WEIGHTS)
ADJUSTMENTS = ("holm", "hochberg", "bonferroni", "BH", "none")
EXACT_LIMIT = 200_000  # assignments that are enumerated; beyond, some are drawn


@dataclass(frozen=True, eq=False)
class Strata:
    """What the tests read: in every stratum the same groups, counted; `labels` in the order of levels."""

    labels: tuple[str, ...]
    counts: tuple[tuple[GroupCounts, ...], ...]

    def only(self, places: Sequence[int]) -> Strata:
        """Give the same strata with some of the groups."""
        return Strata(tuple(self.labels[place] for place in places), tuple(tuple(groups[place] for place in places) for groups in self.counts))

    def n(self) -> np.ndarray:
        """Give the patients of each group."""
        return np.array([[group.n for group in groups] for groups in self.counts]).sum(axis=0)

    def n_event(self) -> np.ndarray:
        """Give the events of each group, unweighted."""
        return np.array([[group.n_event.sum() for group in groups] for groups in self.counts]).sum(axis=0)


@dataclass(frozen=True)
class LogRank:
    """Test whether groups have the same hazard.

    Parameters
    ----------
    by
        Column or columns that make the groups.
    strata
        Column or columns within whose levels the groups are compared; observed and expected are summed over them.
    rho, gamma
        Fleming-Harrington weights S(t-)^rho (1 - S(t-))^gamma, S the Kaplan-Meier survival of all groups (of the stratum).
    weight
        `gehan`, `tarone-ware` or `peto-peto` instead of them.
    cause
        Count only this cause as the event and censor the others; None counts the endpoint's event.

    Raises
    ------
    UsageError
        If an option is not one of those named, or the cohort knows no such cause.

    Warns
    -----
    DataWarning
        If there are fewer than two groups to compare, no event, or a group without events; a statistic that does not exist is missing.

    Notes
    -----
    Mantel 1966, Cancer Chemother Rep 50:163; Klein and Moeschberger 2003, section 7.3. The variance allows for ties; with
    delayed entry at risk at t are those with entry < t <= exit.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"t": [12, 30, 36, 61], "d": [1, 1, 1, 0], "node": ["macro", "macro", "negative", "negative"]})
    >>> cohort = Cohort.from_frame(rows, {"years": "t", "event": "d"}, "months")
    >>> LogRank("node")(cohort).round(3).values[0, :5].tolist()
    ['log-rank', 'macro vs negative', 2.882, 1, 0.09]
    """

    by: str | Sequence[str]
    strata: str | Sequence[str] | None = field(default=None, kw_only=True)
    rho: float = field(default=0.0, kw_only=True)
    gamma: float = field(default=0.0, kw_only=True)
    weight: str | None = field(default=None, kw_only=True)
    cause: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.by is None:
            raise UsageError("by names the column whose groups are compared; None makes one group of everybody")
        if self.weight is not None:
            check_choice("weight", self.weight, WEIGHTS)
            if self.rho or self.gamma:
                raise UsageError(f"weight={self.weight!r} and rho or gamma are two ways to weight the times: give one of them")
        check_not_negative("rho", self.rho)
        check_not_negative("gamma", self.gamma)

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Give TESTS: one row, all groups against each other."""
        strata = self._count(cohort)
        row = self._test(strata)
        warn_of_thin_groups(strata.labels, strata.n_event(), self.by, [row])
        return frame_of(TESTS, [row])

    def pairwise(self, cohort: Cohort, adjust: str = "holm") -> pd.DataFrame:
        """Give TESTS with a row a pair of groups, the p-values adjusted by `holm`, `hochberg`, `bonferroni` or `BH` (or `none`: none adjusted).

        Each pair is tested on its own patients alone. Pairs without a statistic do not count as comparisons.
        """
        check_choice("adjust", adjust, ADJUSTMENTS)
        strata = self._count(cohort)
        rows = [self._test(strata.only(pair)) for pair in combinations(range(len(strata.labels)), 2)]
        warn_of_thin_groups(strata.labels, strata.n_event(), self.by, rows)
        adjusted = adjusted_p(np.array([row["p_value"] for row in rows]), adjust)
        return frame_of(TESTS, [row | {"p_adjusted": p} for row, p in zip(rows, adjusted)])

    def trend(self, cohort: Cohort, scores: Sequence[float] | Mapping[str, float] | None = None) -> pd.DataFrame:
        """Give TESTS: one row, against hazards that rise or fall with the groups' scores (Tarone 1975, Biometrika 62:679).

        Parameters
        ----------
        cohort
            The patients.
        scores
            A number a group, in the order of levels, or by label; None takes 0, 1, 2, ...
        """
        strata = self._count(cohort)
        values = _scores(strata.labels, scores)
        observed, expected, covariance = self._terms(strata)
        contrast, variance = kernel.linear_contrast(observed - expected, covariance, values)
        exists = variance > 1e-12 * max(1.0, float(np.trace(covariance)))
        statistic = contrast**2 / variance if exists else float("nan")
        row = self._row(strata, statistic, 1 if exists else 0, " trend")
        warn_of_thin_groups(strata.labels, strata.n_event(), self.by, [row])
        return frame_of(TESTS, [row])

    def permutation(self, cohort: Cohort, seed: int, *, n_draws: int = 20_000) -> pd.DataFrame:
        """Give TESTS: one row, the p-value from dealing the patients out to the groups anew, for groups too small for chi-square.

        Every assignment is looked at where there are at most 200,000, within strata where there are some; else `n_draws` random
        ones, and p = (1 + as far) / (1 + drawn), both as far as observed or further. The test's name says which, and how many.

        Parameters
        ----------
        cohort
            The patients.
        seed
            Of the random assignments, a whole number, 0 or more; where all are looked at nothing hangs on it.
        n_draws
            How many are drawn.

        Raises
        ------
        InputError
            If patients come under observation late: their order of entry is not exchangeable, so no assignment stands for another.

        Notes
        -----
        A patient's score is the weight of the own event less the weighted hazard of all groups up to the end of follow-up, so that
        a group's sum of scores is its weighted observed minus expected events. The statistic is the quadratic form of these sums
        in their covariance over the assignments (of two groups, the square of O - E over its permutation standard deviation); it
        is not the chi-square of `LogRank()`, whose variance is hypergeometric. Equal survival and equal censoring are needed.
        Neuhaus 1993, Ann Stat 21:1760.
        """
        if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
            raise UsageError(f"seed is a whole number, 0 or more, not {seed!r}")
        if not isinstance(n_draws, (int, np.integer)) or isinstance(n_draws, bool) or n_draws < 1:
            raise UsageError(f"n_draws is a whole number above 0, as 20000, not {n_draws!r}")
        strata = self._count(cohort)
        _refuse_late_entry(strata)
        scored = [self._scored(groups) for groups in strata.counts]
        statistic, df, p_value, how = permutation_test([scores for scores, _ in scored], [sizes for _, sizes in scored], seed, n_draws)
        row = self._row(strata, statistic, df, " permutation") | {"p_value": p_value}
        warn_of_thin_groups(strata.labels, strata.n_event(), self.by, [row])
        return frame_of(TESTS, [row | {"test": f"{row['test']}, {how}"}])

    def _scored(self, groups: Sequence[GroupCounts]) -> tuple[np.ndarray, tuple[int, ...]]:
        """Give the scores of the patients of a stratum, group after group, and how many patients each group has."""
        n_risk, n_event = event_table(groups)
        all_at_risk, all_failed = n_risk.sum(axis=1), n_event.sum(axis=1)
        ticks = np.concatenate([np.concatenate((np.repeat(each.ticks, each.n_event), np.repeat(each.ticks, each.n_censor))) for each in groups])
        event = np.concatenate([np.repeat([True, False], [each.n_event.sum(), each.n_censor.sum()]) for each in groups])
        place = np.searchsorted(event_ticks(groups), ticks, side="right")
        return permuting.log_rank_scores(place, event, all_failed / all_at_risk, self._weights(n_risk, n_event)), tuple(each.n for each in groups)

    def observed_expected(self, cohort: Cohort) -> pd.DataFrame:
        """Give `group, n, observed, expected, variance`: weighted events, those expected were hazards equal, the variance of their difference."""
        strata = self._count(cohort)
        observed, expected, covariance = self._terms(strata)
        return pd.DataFrame({
            "group": np.array(strata.labels, dtype=object), "n": strata.n(), "observed": observed, "expected": expected, "variance": np.diag(covariance)})

    def _count(self, cohort: Cohort) -> Strata:
        cohort = cells_of(cohort, names_in(self.by, self.strata))
        groups = known_groups(cohort, self.by)
        strata = known_groups(cohort, self.strata)
        n_groups = len(groups.labels)
        counted = group_arrays(tally(cohort, cells_within(groups, strata), None if self.cause is None else (self.cause,)))
        return Strata(groups.labels, tuple(counted[start : start + n_groups] for start in range(0, len(counted), n_groups)))

    def _terms(self, strata: Strata) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Sum observed, expected and covariance over the strata."""
        terms = []
        for groups in strata.counts:
            n_risk, n_event = event_table(groups)
            terms.append(kernel.log_rank_terms(n_risk, n_event, self._weights(n_risk, n_event)))
        return tuple(sum(parts) for parts in zip(*terms))

    def _weights(self, n_risk: np.ndarray, n_event: np.ndarray) -> np.ndarray:
        if self.weight is not None:
            return _WEIGHTS[self.weight][1](n_risk, n_event)
        return kernel.fleming_harrington_weights(n_risk, n_event, self.rho, self.gamma)

    def _test(self, strata: Strata) -> dict:
        observed, expected, covariance = self._terms(strata)
        return self._row(strata, *kernel.chi_square(observed - expected, covariance), "")

    def _row(self, strata: Strata, statistic: float, df: int, kind: str) -> dict:
        p_value = chi_square_tail(df, statistic) if df else float("nan")
        return {"test": self._name(kind), "comparison": " vs ".join(strata.labels), "statistic": statistic, "df": df, "p_value": p_value, "p_adjusted": np.nan}

    def _name(self, kind: str) -> str:
        name = "log-rank"
        if self.weight is not None:
            name = _WEIGHTS[self.weight][0]
        elif self.rho or self.gamma:
            name = "Fleming-Harrington"
        exponents = f" (rho {_short(self.rho)}, gamma {_short(self.gamma)})" if name == "Fleming-Harrington" else ""
        strata = (self.strata,) if isinstance(self.strata, str) else tuple(self.strata or ())
        return f"{name}{kind}{exponents}" + (f", stratified by {', '.join(strata)}" if strata else "")


def event_table(groups: Sequence[GroupCounts]) -> tuple[np.ndarray, np.ndarray]:
    """Give at risk and events of several groups at every tick with an event in any, shape (t, k)."""
    ticks = event_ticks(groups)
    n_event = np.zeros((len(ticks), len(groups)), dtype=np.int64)
    for place, counts in enumerate(groups):
        failing = counts.n_event > 0
        n_event[np.searchsorted(ticks, counts.ticks[failing]), place] = counts.n_event[failing]
    return np.column_stack([counts.at_risk(ticks) for counts in groups]), n_event


def event_ticks(groups: Sequence[GroupCounts]) -> np.ndarray:
    """Give the ticks with an event in any of several groups, sorted and distinct."""
    ticks = np.sort(np.concatenate([counts.ticks[counts.n_event > 0] for counts in groups]), kind="stable")  # sorted runs are merged
    return ticks[np.diff(ticks, prepend=-1) > 0]


def adjusted_p(p_values: np.ndarray, adjust: str) -> np.ndarray:
    """Adjust p-values for their number; missing ones stay missing and do not count.

    Holm 1979, Scand J Stat 6:65; Hochberg 1988, Biometrika 75:800; Benjamini and Hochberg 1995, J R Stat Soc B 57:289.

    >>> adjusted_p(np.array([0.01, 0.04, 0.03]), "holm").round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    result, known = np.full(len(p_values), np.nan), np.flatnonzero(~np.isnan(p_values))
    p, m = p_values[known], len(known)
    order = np.argsort(p, kind="stable")
    if adjust == "bonferroni":
        result[known] = np.minimum(m * p, 1)
    elif adjust == "holm":
        result[known[order]] = np.minimum(np.maximum.accumulate((m - np.arange(m)) * p[order]), 1)
    elif adjust == "hochberg":
        result[known[order]] = np.minimum.accumulate(((m - np.arange(m)) * p[order])[::-1])[::-1]
    elif adjust == "BH":
        result[known[order]] = np.minimum.accumulate((p[order] * m / np.arange(1, m + 1))[::-1])[::-1]
    return result


def permutation_test(scores: Sequence[np.ndarray], sizes: Sequence[tuple[int, ...]], seed: int, n_draws: int) -> tuple[float, int, float, str]:
    """Give statistic, degrees of freedom, p-value and how it was found, from the scores of each stratum, group after group.

    >>> statistic, df, p_value, how = permutation_test([np.array([3.0, 2.0, 1.0, -1.0, -2.0, -3.0])], [(3, 3)], 0, 1)
    >>> round(statistic, 3), df, p_value, how
    (4.286, 1, 0.1, 'exact, all 20 assignments')
    """
    covariance = permuting.permutation_covariance(scores, sizes)
    bounds = [np.concatenate(([0], np.cumsum(own))) for own in sizes]
    observed = sum(np.array([own[start:stop].sum() for start, stop in zip(each[:-1], each[1:])]) for own, each in zip(scores, bounds))
    statistic, df = kernel.chi_square(observed, covariance)
    n_all = permuting.n_assignments(sizes, EXACT_LIMIT)
    how = f"Monte Carlo of {format_count(n_draws)}" if n_all is None else f"exact, all {format_count(n_all)} assignments"
    if not df:
        return statistic, df, float("nan"), how
    inverse = np.linalg.pinv(covariance, rcond=1e-9, hermitian=True)
    if n_all is not None:
        return statistic, df, permuting.count_as_far(permuting.all_sums(scores, sizes), inverse, statistic) / n_all, how
    batches = permuting.random_sums(scores, sizes, n_draws, np.random.default_rng(seed))
    p_value = (1 + sum(permuting.count_as_far(sums, inverse, statistic) for sums in batches)) / (1 + n_draws)
    return statistic, df, p_value, f"{how}, standard error {format_number(float(np.sqrt(p_value * (1 - p_value) / n_draws)), 4)}"


def _refuse_late_entry(strata: Strata) -> None:
    late = sum(int(group.n_enter[group.entry_ticks >= 0].sum()) for groups in strata.counts for group in groups)
    if late:
        raise InputError(
            f"{format_count(late)} patients come under observation late (or in pieces), so they cannot be exchanged with others: "
            "leave them out, or use LogRank itself, which takes delayed entry")


def _scores(labels: Sequence[str], scores: Sequence[float] | Mapping[str, float] | None) -> np.ndarray:
    if isinstance(scores, Mapping):
        scores = {as_level(label): score for label, score in scores.items()}
        missing = [label for label in labels if label not in scores]
        if missing:
            raise UsageError(f"scores lack {', '.join(map(repr, missing))}: give a number for every group ({', '.join(labels)})")
        scores = [scores[label] for label in labels]
    values = np.arange(len(labels), dtype=float) if scores is None else np.asarray(scores, dtype=float)
    if values.shape != (len(labels),) or not np.isfinite(values).all():
        raise UsageError(f"scores wants {len(labels)} finite numbers, one for each group ({', '.join(labels)})")
    if len(labels) > 1 and (values == values[0]).all():
        raise UsageError(f"scores are alike for all groups ({', '.join(labels)}): a trend wants at least two that differ")
    return values


def warn_of_thin_groups(labels: Sequence[str], n_event: np.ndarray, by: str | Sequence[str], rows: Sequence[dict], of_cause: str = "") -> None:
    """Warn, once, where groups are too few, have no events, or never meet at risk; `rows` are those of TESTS."""
    name = by if isinstance(by, str) else " | ".join(by)
    silent = [label for label, n in zip(labels, n_event, strict=True) if not n]
    said = None
    if len(labels) < 2:
        said = f"a test compares two groups or more, and {name!r} makes one ({labels[0]}): there is no statistic"
    elif not n_event.any():
        said = f"nobody in the groups of {name!r} has {'an event of the cause' if of_cause else 'the event'}: there is no statistic"
    elif any(np.isnan(row["statistic"]) for row in rows):
        said = f"some groups of {name!r} are never at risk at an event of the other, or fail with all others at once: there is no statistic for them"
    elif silent:
        said = f"no events{' of the cause' if of_cause else ''} in {listed(silent)} ({name!r}): the test rests on the events expected there"
    elif of_cause and any(row["df"] < row["comparison"].count(" vs ") for row in rows):
        said = f"some groups of {name!r} leave before they can be compared: the degrees of freedom say how many are"
    if said:
        warnings.warn(said, DataWarning, stacklevel=3)


def _short(value: float) -> str:
    return format_number(value, 0 if float(value).is_integer() else 3)
