"""Log-rank-type test of net survival between groups, stratified where asked for: what `NetSurvival.test` gives."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from ..cohort import Cohort
from ..columns import TESTS, frame_of
from ..counting import known_groups
from ..errors import DataWarning, UsageError
from ..kernels.crude_probability import day_grid
from ..kernels.log_rank import chi_square
from ..kernels.net_test import net_log_rank, weighted_sums
from ..units import format_count, format_number
from .followed import Followed, cells_to_follow, life_table_of
from .net_crude import followed_by
from .net_exact import distinct_days
from .net_windows import Window

if TYPE_CHECKING:
    from .net_survival import NetSurvival

FEWEST_EVENTS = 10  # of a group in a stratum, below which the chi-square distribution is a poor guide


def net_test(
    net: NetSurvival, cohort: Cohort, strata: str | Sequence[str] | None = None, until_years: float | None = None, step_days: float = 1.0,
) -> pd.DataFrame:
    """Test whether groups have the same net survival.

    Parameters
    ----------
    net
        Groups, life table and period; its other options play no part.
    cohort
        The patients.
    strata
        Column or columns within whose levels the groups are compared.
    until_years
        Up to when they are compared; None: to the end of follow-up.
    step_days
        Sums over those at risk are taken at every follow-up time, on day 1 and every so many days from there.

    Returns
    -------
    DataFrame
        TESTS: one row, all groups against each other.

    Raises
    ------
    UsageError
        If there is no grouping, a length of time is not above 0, or actuarial intervals or age standardisation are asked for.

    Warns
    -----
    DataWarning
        If there are fewer than two groups, no event, or groups with fewer than ten events (in a stratum).

    Notes
    -----
    Graffeo, Castell, Belot and Giorgi 2016, Biometrics 72:760. Every patient at risk weighs the inverse of the survival expected of them;
    a group's weighted deaths less those of the population are held against its share of all groups'. With a table of zero rates it is the
    log-rank test with the variance of independent deaths, which is a little larger than the hypergeometric one where times are tied.
    The weights grow with time: few old patients may decide late on, so `until_years` should end where they are few.
    """
    if net.by is None:
        raise UsageError("a test compares groups: name their column with by, as NetSurvival('stage')")
    for name, value in (("step_days", step_days), ("until_years", until_years)):
        if value is not None and (not hasattr(value, "__float__") or isinstance(value, bool) or not 0 < value < math.inf):
            raise UsageError(f"{name} is a length of time above 0, not {value!r}")
    cohort = cells_to_follow(cohort, net.life_table, net.by, strata)
    within = known_groups(cohort, strata)
    followed = _cut(followed_by(net, cohort, "tests of net survival", within.codes), until_years)
    difference, covariance, fewest = _terms(followed, len(within.labels), float(step_days))
    statistic, df = chi_square(difference, covariance)
    _warn_of_thin_groups(followed, fewest, net.by)
    p_value = float(chdtrc(df, statistic)) if df else math.nan
    return frame_of(TESTS, [{
        "test": _name(net, strata, until_years, step_days), "comparison": " vs ".join(followed.labels), "statistic": statistic, "df": df,
        "p_value": p_value, "p_adjusted": math.nan}])


def _cut(followed: Followed, until_years: float | None) -> Followed:
    """Give the rows of some group that are followed before then, and no further."""
    until = math.inf if until_years is None else float(followed.days([until_years])[0])
    kept = followed.take(np.flatnonzero((followed.codes >= 0) & (np.maximum(followed.entry, 0) < until)))
    return replace(kept, exit=np.minimum(kept.exit, until), event=kept.event * (kept.exit <= until))


def _terms(followed: Followed, n_strata: int, step_days: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Sum differences and covariances over the strata; and give the fewest events of a group in one of them."""
    k, points = len(followed.labels), day_grid(distinct_days(np.inf, followed.exit, followed.entry), step_days)
    difference, covariance = np.zeros(k), np.zeros((k, k))
    for stratum in range(n_strata):
        groups = [followed.group(stratum * k + place) for place in range(k)]
        own = net_log_rank([weighted_sums(each.paths, each.entry, each.exit, each.event, points, each.repeats) for each in groups])
        difference, covariance = difference + own[0], covariance + own[1]
    died = followed.event != 0
    n_event = np.bincount(followed.codes[died], None if followed.repeats is None else followed.repeats[died], k * n_strata)
    return difference, covariance, int(n_event.min())


def _warn_of_thin_groups(followed: Followed, fewest: int, by: str | Sequence[str]) -> None:
    name = by if isinstance(by, str) else " | ".join(by)
    said = None
    if len(followed.labels) < 2:
        said = f"a test compares two groups or more, and {name!r} makes one ({followed.labels[0]}): there is no statistic"
    elif not followed.event.any():
        said = f"nobody in the groups of {name!r} has the event: there is no statistic"
    elif fewest < FEWEST_EVENTS:
        said = f"a group of {name!r} has {format_count(fewest)} events: with fewer than {FEWEST_EVENTS} the p-value is a rough guide"
    if said:
        warnings.warn(said, DataWarning, stacklevel=4)


def _name(net: NetSurvival, strata: str | Sequence[str] | None, until_years: float | None, step_days: float) -> str:
    window, words = Window.of(net.period), (strata,) if isinstance(strata, str) else tuple(strata or ())
    parts = [f"log-rank-type test of net survival, life table {life_table_of(net.life_table).name}"]
    parts += [] if step_days == 1 else [f"steps of {_plain(step_days)} days"]
    parts += [] if until_years is None else [f"to {_plain(until_years)} years"]
    parts += [] if window.is_open else [window.words]
    return ", ".join(parts + ([f"stratified by {', '.join(words)}"] if words else []))


def _plain(value: float) -> str:
    return format_number(value, 0 if float(value).is_integer() else 2)
