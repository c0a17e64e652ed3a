"""What is given where a cohort is wanted."""

from __future__ import annotations

from ..errors import UsageError
from .cohort import Cohort


def the_cohort(given: object) -> Cohort:
    """Give a cohort back, or raise UsageError where it is something else, as a frame.

    >>> the_cohort("cohort.csv")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    survival_nodes.errors.UsageError: a str is no cohort: make one of a frame with Cohort.from_frame..., or of a file with read_cohort(path)
    """
    if not isinstance(given, Cohort):
        raise UsageError(f"a {type(given).__name__} is no cohort: make one of a frame with Cohort.from_frame(frame, columns, time_unit), or of a file with "
                         "read_cohort(path)")
    return given
