"""What a life table expects of the patients of a study, and whether a cohort has what it takes to ask."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..cohort import Cohort
from ..errors import DataWarning, UsageError
from ..estimates.followed import Followed, follow
from ..estimates.net_crude import in_whole
from ..kernels.net_survival import mean_expected
from ..life_tables import LifeTable

ENDPOINT = "overall"


def expected_survival(cohort: Cohort, table: LifeTable, by: str | None, at_years: Sequence[float]) -> pd.DataFrame:
    """Give the mean survival that a life table expects of all patients of each group from diagnosis: `group, years, estimate`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # said already where net survival was estimated
        followed = in_whole(follow(cohort, table, by), cohort)
    times = np.unique(np.asarray(at_years, dtype=float))
    groups = [followed.group(place) for place in range(len(followed.labels))]
    return pd.DataFrame({
        "group": np.repeat(np.array(followed.labels, dtype=object), len(times)), "years": np.tile(times, len(groups)),
        "estimate": np.concatenate([_mean(own, times) for own in groups])})


def _mean(followed: Followed, times: np.ndarray) -> np.ndarray:
    """Give the mean at each time; missing beyond the last follow-up of the group, as the estimates beside it are."""
    days = followed.days(times)
    within = days <= followed.exit.max(initial=-1.0)
    found = np.full(len(times), np.nan)
    if within.any():
        found[within] = mean_expected(followed.paths, days[within], followed.repeats)
    return found


def lacking(cohort: Cohort, table: LifeTable) -> str:
    """Say what a cohort lacks for expected mortality, or nothing."""
    if cohort.endpoint != ENDPOINT:
        return f"its endpoint is {cohort.endpoint}, and a life table is of deaths from any cause"
    wanted = [("age at diagnosis", ("age", "birth_date")), ("date or year of diagnosis", ("diagnosis_date", "diagnosis_year"))]
    wanted += [(dimension, (dimension,)) for dimension in table.dimensions]
    missing = [words for words, names in wanted if not any(name in cohort.frame for name in names)]
    return f"it has no {', no '.join(missing)}" if missing else ""


def refuse_lacking(cohort: Cohort, table: LifeTable) -> None:
    """Raise UsageError where a plan asks for net survival of a cohort that cannot have it."""
    if fault := lacking(cohort, table):
        raise UsageError(f"life_table: net survival of this cohort cannot be estimated, {fault}: map the columns it needs, or leave life_table out")
