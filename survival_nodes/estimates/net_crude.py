"""Crude probabilities of death from the cancer and from other causes, from a life table: what `NetSurvival.crude` gives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..cohort import Cohort
from ..columns import ESTIMATES, frame_of
from ..errors import UsageError
from ..kernels.crude_probability import crude_probability, day_grid, expected_counts
from ..kernels.net_counts import risk_counts
from .followed import Followed, cells_to_follow, follow, life_table_of
from .net_actuarial import joined
from .net_exact import distinct_days
from .net_windows import Window
from .options import normal_quantile

if TYPE_CHECKING:
    from .net_survival import NetSurvival

CAUSES = ("cancer", "other")


def crude_probabilities(net: NetSurvival, cohort: Cohort) -> pd.DataFrame:
    """Estimate the probabilities of having died of the cancer, and of anything else, in a world where one can die of both.

    Parameters
    ----------
    net
        Groups, life table, times, period and level; `method` and `conf_type` say how net survival is estimated, and play no part.
    cohort
        The patients.

    Returns
    -------
    DataFrame
        ESTIMATES, a row a group, cause (`cancer`, `other`) and time; the two add up to one minus the Kaplan-Meier survival. `n_event` counts
        all deaths, as none has a cause. Missing beyond the group's last follow-up. A probability below 0 is shown as it is.

    Raises
    ------
    UsageError
        If actuarial intervals or age standardisation are asked for.

    Notes
    -----
    Cronin and Feuer 2000, Stat Med 19:1729. Deaths are spread over a grid of days and follow-up times, in each cell of which other causes take
    what the life table expects of those at risk to its end (the deaths of those who leave meanwhile are not looked for). The population's
    hazards are taken as known: `std_error` allows for who died and who was left to die, and limits are normal on the plain scale.
    """
    cohort = cells_to_follow(cohort, net.life_table, net.by)
    followed = followed_by(net, cohort, "crude probabilities of death")
    days, years = followed.days(net.at_years), np.array(net.at_years)
    parts = [_group_columns(followed.group(place), days, net.conf_level) for place in range(len(followed.labels))]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    window = Window.of(net.period)
    words = ["Cronin-Feuer, daily", *([] if window.is_open else [window.words]), "plain interval", f"life table {life_table_of(net.life_table).name}"]
    return frame_of(ESTIMATES, columns | {
        "endpoint": cohort.endpoint, "group": np.repeat(np.array(followed.labels, dtype=object), 2 * len(days)),
        "cause": np.tile(np.repeat(np.array(CAUSES, dtype=object), len(days)), len(parts)), "years": np.tile(years, 2 * len(parts)),
        "estimand": "crude-probability", "method": ", ".join(words), "conf_level": net.conf_level})


def followed_by(net: NetSurvival, cohort: Cohort, what: str, strata: np.ndarray | None = None) -> Followed:
    """Set a cohort on its ways as the options say, pieces of patients joined; with strata (codes of rows), groups are those of each stratum in turn."""
    for name in ("intervals", "standard"):
        if getattr(net, name) is not None:
            raise UsageError(f"{what} are worked out by the day and are not standardised: leave out {name}=")
    followed = follow(cohort, life_table_of(net.life_table), net.by)
    if strata is not None:
        in_both = (followed.codes >= 0) & (strata >= 0)
        followed = replace(followed, codes=np.where(in_both, followed.codes.astype(np.int64) + len(followed.labels) * strata, -1))
    return Window.of(net.period).within(in_whole(followed, cohort))


def in_whole(followed: Followed, cohort: Cohort) -> Followed:
    """Join the pieces of patients who stand in several rows, so that nobody is counted twice."""
    return followed if cohort.whose.codes is None else joined(followed, cohort.whose.codes)


def _group_columns(followed: Followed, days: np.ndarray, conf_level: float) -> dict[str, np.ndarray]:
    """Give the numbers of one group: first the cancer's rows, then those of other causes."""
    last = followed.exit.max(initial=0.0)
    points = day_grid(distinct_days(last, followed.exit, followed.entry, days))
    counted = expected_counts(followed.paths, followed.entry, followed.exit, followed.event, points, followed.repeats)
    found = crude_probability(counted.n_risk, counted.n_event, counted.expected)
    known = (days <= last) | (found.survival[-1:] == 0).any() if len(followed.exit) else np.zeros(len(days), dtype=bool)
    # Before anybody has died or been expected to, the probability is 0 and nothing is uncertain.
    step = np.searchsorted(counted.times, days, side="right") - 1
    estimate, std_error = (
        np.concatenate([np.where(known, np.append(values, 0.0)[step], np.nan) for values in pair])
        for pair in ((found.disease, found.other), (np.sqrt(found.disease_variance), np.sqrt(found.other_variance))))
    reach, order = normal_quantile(conf_level) * std_error, np.argsort(days, kind="stable")
    n_risk, n_event, n_censor = risk_counts(followed.entry, followed.exit, followed.event, days[order], followed.repeats)
    counts = {"n_risk": n_risk, "n_event": np.cumsum(n_event), "n_censor": np.cumsum(n_censor)}
    back = np.argsort(order, kind="stable")
    return {"estimate": estimate, "std_error": std_error, "conf_low": estimate - reach, "conf_high": estimate + reach} | {
        name: np.tile(each[back], 2) for name, each in counts.items()}
