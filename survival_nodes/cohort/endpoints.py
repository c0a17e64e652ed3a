"""Another endpoint of the same patients made the active one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import UsageError, unknown_name
from .cohort import Cohort
from .intake import endpoint_columns


def with_endpoint(cohort: Cohort, name: str) -> Cohort:
    """Change the active endpoint; see `Cohort.with_endpoint`."""
    if name == cohort.endpoint:
        return cohort
    if name not in cohort.endpoints:
        raise UsageError(unknown_name("endpoint", name, cohort.endpoints))
    derived = {} if name in cohort.times else {name: replace(cohort.active, event=cohort.events(name))}
    times = {**cohort.times, **derived}
    wanted, old = times[name], endpoint_columns(cohort.endpoint)
    frame = cohort.frame.drop(columns=[column for column in endpoint_columns(name) if column in cohort.frame])
    frame = frame.rename(columns={"years": old[0], "event": old[1]})
    followed = wanted.exit >= 0
    frame = frame.assign(years=np.where(followed, wanted.clock.years(wanted.exit), np.nan), event=wanted.event)
    moved = replace(cohort, frame=frame, times=times, endpoint=name)
    return moved if followed.all() else moved._keep(followed, f"endpoint {name}", f"no follow-up to {name}")
