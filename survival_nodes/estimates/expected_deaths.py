"""Observed deaths beside those that a life table expects: the standardised mortality ratio and the one-sample log-rank test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from ..cohort import Cohort
from ..columns import CONTRASTS, frame_of
from ..life_tables import LifeTable
from .followed import cells_to_follow, follow, life_table_of
from .net_crude import in_whole
from .options import check_conf_level, normal_quantile
from .person_years import exact_poisson_limits

REFERENCE = "population"


@dataclass(frozen=True)
class ExpectedDeaths:
    """Compare the deaths of a cohort with those expected of people of the same age, sex and calendar years.

    Parameters
    ----------
    life_table
        A `LifeTable`, or the name of a bundled one.
    by
        Column or columns that make the groups; None takes everybody as one.
    conf_level
        Coverage of the exact Poisson interval of the ratio.

    Raises
    ------
    UsageError
        If an option cannot be carried out.
    InputError
        If a column that the life table needs is not there, or has missing values.

    Notes
    -----
    A patient is expected to die as often as the life table's hazard adds up to over the own follow-up. The ratio of observed to
    expected deaths takes the expected as known: exact limits by Garwood 1936, Biometrika 28:437, and Byar's approximation beside them
    (Breslow and Day 1987, Statistical methods in cancer research II, p 69). The one-sample log-rank test is (O - E)^2 / E on one degree
    of freedom (Breslow 1975, Int Stat Rev 43:45); (O - E) / sqrt((O + E) / 2) is kinder to small cohorts (Wu 2014, J Biopharm Stat 24:1).

    >>> rows = pd.DataFrame({"t": [12, 30, 36, 61], "d": [1, 1, 0, 0], "age": [51.5, 60.2, 70.1, 80.9], "sex": "female", "diagnosis_date": "2004-03-01"})
    >>> cohort = Cohort.from_frame(rows, {"years": "t", "event": "d"}, "months")
    >>> ExpectedDeaths("us").table(cohort)[["observed", "expected", "smr", "conf_low", "conf_high"]].round(1).values.tolist()
    [[2.0, 0.4, 4.7, 0.6, 17.1]]
    """

    life_table: str | LifeTable
    by: str | Sequence[str] | None = None
    conf_level: float = field(default=0.95, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "life_table", life_table_of(self.life_table))
        check_conf_level(self.conf_level)

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Give CONTRASTS of the standardised mortality ratio, a row a group against the `population`; `p_value` is the one-sample log-rank test's."""
        table = self.table(cohort)
        return frame_of(CONTRASTS, {
            "endpoint": cohort.endpoint, "measure": "standardised-mortality-ratio", "group": table["group"], "reference": REFERENCE, "years": np.nan,
            "estimate": table["smr"], "std_error": table["std_error"], "conf_low": table["conf_low"], "conf_high": table["conf_high"],
            "p_value": table["p_value"]})

    def table(self, cohort: Cohort) -> pd.DataFrame:
        """Give the deaths, and all that is made of them, a row a group.

        Returns
        -------
        DataFrame
            `group, n, person_years, observed, expected, smr, std_error, conf_low, conf_high, byar_low, byar_high, chi_square, z,
            z_symmetric, p_value`: `n` patients, `std_error` sqrt(O) / E, `z` the signed root of `chi_square`, `z_symmetric` with
            (O + E) / 2 as the variance. Without expected deaths there is no ratio and no test.
        """
        cohort = cells_to_follow(cohort, self.life_table, self.by)
        followed = in_whole(follow(cohort, self.life_table, self.by), cohort)
        hazard, start = followed.paths.cumulative_hazard(followed.exit), np.maximum(followed.entry, 0.0)
        if start.any():
            hazard -= followed.paths.cumulative_hazard(start)
        years = followed.years(followed.exit - start)
        known, k, each_row = followed.codes >= 0, len(followed.labels), np.ones(len(start)) if followed.repeats is None else followed.repeats
        n, person_years, observed, expected = (
            np.bincount(followed.codes[known], (own * each_row)[known], k) for own in (1, years, followed.event, hazard))
        return pd.DataFrame({
            "group": np.array(followed.labels, dtype=object), "n": n.astype(np.int64), "person_years": person_years, "observed": observed.astype(np.int64),
            "expected": expected, **_ratio(observed, expected, self.conf_level), **_one_sample_log_rank(observed, expected)})


def _ratio(observed: np.ndarray, expected: np.ndarray, conf_level: float) -> dict[str, np.ndarray]:
    divisor = np.where(expected > 0, expected, np.nan)
    exact, byar = exact_poisson_limits(observed, conf_level), byar_limits(observed, conf_level)
    names = ("conf_low", "conf_high", "byar_low", "byar_high")
    return {"smr": observed / divisor, "std_error": np.sqrt(observed) / divisor} | {
        name: limit / divisor for name, limit in zip(names, (*exact, *byar), strict=True)}


def byar_limits(n_event: np.ndarray, conf_level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Give Byar's limits of the mean of a Poisson count (Rothman and Boice 1979, Epidemiologic analysis with a programmable calculator).

    >>> low, high = byar_limits(np.array([8.0]))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([3.445], [15.764])
    """
    n_event, z = np.asarray(n_event, dtype=float), normal_quantile(conf_level)
    above, some = n_event + 1, np.where(n_event > 0, n_event, 1.0)
    low = n_event * (1 - 1 / (9 * some) - z / (3 * np.sqrt(some))) ** 3
    return np.maximum(low, 0.0), above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3


def _one_sample_log_rank(observed: np.ndarray, expected: np.ndarray) -> dict[str, np.ndarray]:
    more, divisor = observed - expected, np.where(expected > 0, expected, np.nan)
    chi_square = more**2 / divisor
    return {
        "chi_square": chi_square, "z": more / np.sqrt(divisor), "z_symmetric": more / np.sqrt((observed + divisor) / 2),
        "p_value": chdtrc(1, chi_square)}
