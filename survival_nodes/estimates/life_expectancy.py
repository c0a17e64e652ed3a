"""Years of life that a life table expects of patients, and how many of them are lost up to a horizon; never beyond follow-up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..cohort import Cohort
from ..columns import ESTIMATES, frame_of
from ..errors import UsageError
from ..kernels.life_table_paths import LifeTablePaths
from ..life_tables import LifeTable
from .followed import Followed, cells_to_follow, follow, life_table_of
from .net_crude import in_whole
from .options import check_conf_level, normal_quantile, times_in_years
from .restricted_mean import RestrictedMean

LONGEST_YEARS = 100.0  # after diagnosis: nobody is expected to live so long


@dataclass(frozen=True)
class LifeExpectancy:
    """Estimate the years of life lost up to a horizon: those expected of the same people in the population, less those lived.

    Parameters
    ----------
    life_table
        A `LifeTable`, or the name of a bundled one.
    by
        Column or columns that make the groups; None takes everybody as one.
    horizon_years
        Up to when years are counted, from diagnosis.
    conf_level
        Coverage of the intervals.
    step_years
        None: the population's survival is integrated exactly, cell by cell of the life table. Else in steps of so many years, in each
        of which a patient has the mean of the own hazards (0.5 is the rule of relsurv's nessie, where the two differ in the third decimal).

    Raises
    ------
    UsageError
        If an option cannot be carried out.

    Notes
    -----
    Expected survival is the mean of the patients' own from diagnosis (Ederer I), as if all were followed; observed survival is
    Kaplan-Meier's (the restricted mean). The standard error is that of the observed part: the life table is taken as known. Lost years
    beyond the last follow-up would rest on a model, and are not given. Andersson et al 2013, Stat Med 32:5286.

    >>> rows = pd.DataFrame({"t": [12, 30, 36, 61], "d": [1, 1, 0, 0], "age": [51.5, 60.2, 70.1, 80.9], "sex": "female", "diagnosis_date": "2004-03-01"})
    >>> cohort = Cohort.from_frame(rows, {"years": "t", "event": "d"}, "months")
    >>> LifeExpectancy("us", horizon_years=5).table(cohort)[["life_expectancy", "expected", "observed", "lost"]].round(1).values.tolist()
    [[20.1, 4.7, 3.4, 1.4]]
    """

    life_table: str | LifeTable
    by: str | Sequence[str] | None = None
    horizon_years: float = field(default=10.0, kw_only=True)
    conf_level: float = field(default=0.95, kw_only=True)
    step_years: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "life_table", life_table_of(self.life_table))
        check_conf_level(self.conf_level)
        for name in ("horizon_years", "step_years"):
            value = getattr(self, name)
            if name == "step_years" and value is None:
                continue
            if not hasattr(value, "__float__") or isinstance(value, bool) or not 0 < value < math.inf:
                raise UsageError(f"{name} is a number of years above 0, not {value!r}")

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Give ESTIMATES of the years lost to the horizon, a row a group: expected less observed restricted mean, with a plain interval.

        Warns
        -----
        DataWarning
            If the horizon lies beyond a group's last follow-up: its numbers are missing.
        """
        _, lost, _ = self._compared(cohort)
        return lost

    def table(self, cohort: Cohort) -> pd.DataFrame:
        """Give expected and observed years side by side, a row a group.

        Returns
        -------
        DataFrame
            `group, n, life_expectancy` (years expected at diagnosis, over a hundred years), `horizon_years, expected, observed` (restricted
            means to the horizon)`, lost, std_error, conf_low, conf_high` (of the years lost).
        """
        followed, lost, expected = self._compared(cohort)
        return pd.DataFrame({
            "group": lost["group"], "n": [followed.group(place).n_patients for place in range(len(followed.labels))],
            "life_expectancy": self._expected(followed, LONGEST_YEARS), "horizon_years": float(self.horizon_years), "expected": expected,
            "observed": expected - lost["estimate"], "lost": lost["estimate"], "std_error": lost["std_error"],
            "conf_low": lost["conf_low"], "conf_high": lost["conf_high"]})

    def net_sample_size(self, cohort: Cohort, at_years: Sequence[float] = (0, 1, 3, 5, 10)) -> pd.DataFrame:
        """Give how many patients would be alive were there only the population's mortality: `group, years, n`.

        Where few are left, net survival rests on few patients of great weight, and should not be read.
        """
        cohort = cells_to_follow(cohort, self.life_table, self.by)
        times, followed = times_in_years(at_years), in_whole(follow(cohort, self.life_table, self.by), cohort)
        rows = []
        for place, label in enumerate(followed.labels):
            own = followed.group(place)
            paths, n = own.paths, 1.0 if own.repeats is None else own.repeats
            alive = [(n * np.exp(-paths.cumulative_hazard(np.full(len(paths), day)))).sum() for day in followed.days(times)]
            rows += [{"group": label, "years": time, "n": n} for time, n in zip(times, alive, strict=True)]
        return pd.DataFrame(rows)

    def _compared(self, cohort: Cohort) -> tuple[Followed, pd.DataFrame, np.ndarray]:
        """Give the rows beside the table, ESTIMATES of the years lost, and the expected years to the horizon of each group."""
        cohort = cells_to_follow(cohort, self.life_table, self.by)
        observed = RestrictedMean(self.by, self.horizon_years, conf_level=self.conf_level)(cohort)
        followed = in_whole(follow(cohort, self.life_table, self.by), cohort)
        expected = self._expected(followed, float(self.horizon_years))
        lost = expected - observed["estimate"]
        reach = normal_quantile(self.conf_level) * observed["std_error"]
        method = f"years lost: expected ({self.life_table.name}) less Kaplan-Meier restricted mean, plain interval"
        numbers = {"estimate": lost, "conf_low": lost - reach, "conf_high": lost + reach, "method": method}
        return followed, frame_of(ESTIMATES, observed.assign(**numbers).to_dict("list")), expected

    def _expected(self, followed: Followed, horizon: float) -> np.ndarray:
        """Give the mean years expected within a horizon, of each group."""
        until = float(followed.days([horizon])[0])
        step = None if self.step_years is None else float(self.step_years) * followed.days_per_year
        groups = [followed.group(place) for place in range(len(followed.labels))]
        lived = [followed.years(expected_days(each.paths, until, step)) for each in groups]
        return np.array([np.average(own, weights=each.repeats) if len(own) else math.nan for own, each in zip(lived, groups, strict=True)])


def expected_days(paths: LifeTablePaths, until: float, step: float | None = None) -> np.ndarray:
    """Give the days that each row is expected to live within `until` days of time 0, shape (n,): exactly, or by steps of mean hazards."""
    lived = np.zeros(len(paths))
    if step is None:
        for block in paths.bands():
            lived[block] = _exactly(paths.take(block), until)
        return lived
    alive, begin = np.ones(len(paths)), 0.0
    while begin < until - 1e-9:
        length = min(step, until - begin)
        there = LifeTablePaths(paths.rates, paths.year_cuts, paths.age_cuts, paths.stratum, paths.date + begin, paths.age + begin)
        hazard = there.cumulative_hazard(np.full(len(paths), length))
        lived += alive * length * _mean_survival(hazard)
        alive, begin = alive * np.exp(-hazard), begin + length
    return lived


def _exactly(paths: LifeTablePaths, until: float) -> np.ndarray:
    lived, alive, rates = np.zeros(len(paths)), np.ones(len(paths)), paths.rates.ravel()
    for piece in paths.pieces(np.full(len(paths), until)):
        length = piece.stop - piece.start
        hazard = rates[piece.cell] * length
        lived[piece.rows] += alive[piece.rows] * length * _mean_survival(hazard)
        alive[piece.rows] *= np.exp(-hazard)
    return lived


def _mean_survival(hazard: np.ndarray) -> np.ndarray:
    """Give the mean of exp(-h u) over u from 0 to 1."""
    return np.divide(-np.expm1(-hazard), hazard, out=np.ones_like(hazard), where=hazard > 0)
