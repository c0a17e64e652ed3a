"""The plan of a report read from a mapping: plain keys and values, checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real

from ..cohort import Cohort
from ..errors import UsageError, unknown_name
from ..life_tables import LifeTable
from ..life_tables.life_table import BUNDLED
from .study import Study, Words

MOST_GROUPS = 12
KEYS = (
    "title", "by", "at_years", "formula", "cause", "tolerance", "axis_unit", "horizon_years", "life_table", "year_advances", "question", "assumptions",
    "references", "labels")


def study_of(cohort: Cohort, *, name: str, plan: Mapping[str, object]) -> Study:
    """Make a Study of a cohort and the keys of `[report]`; groups are the nodal categories where nothing else is said.

    Raises
    ------
    UsageError
        If a key is not known or a value is not of the kind wanted.
    InputError
        If the column of the groups is not there.
    """
    for key in plan:
        if key not in KEYS:
            raise UsageError(f"report: {unknown_name('key', key, KEYS)}")
    by = plan.get("by", "nodal_category" if "nodal_category" in cohort.frame else None)
    if by is not None:
        n_groups = len(cohort.groups(_text("by", by)).labels)
        if n_groups > MOST_GROUPS:
            raise UsageError(
                f"report: by = {by!r} makes {n_groups} groups, and at most {MOST_GROUPS} can be told apart: name a column of few levels, "
                "or cut it into classes")
    chosen = {key: _text(key, plan[key]) for key in ("formula", "cause") if key in plan}
    return Study(
        name=name, title=_text("title", plan.get("title", f"Survival in {name}")), cohort=cohort, by=by, at_years=_times(plan.get("at_years", (1, 3, 5, 10))),
        tolerance=_tolerance(plan.get("tolerance")), axis_unit=_axis_unit(plan.get("axis_unit", "years")),
        horizon_years=_horizon(plan.get("horizon_years")), life_table=_life_table(plan),
        words=Words(_text("question", plan.get("question", "")), _texts("assumptions", plan), _texts("references", plan), _labels(plan.get("labels", {}))),
        **chosen)


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise UsageError(f'report: {key} = {value!r} is not a text: write {key} = "..."')
    return value


def _texts(key: str, plan: Mapping[str, object]) -> tuple[str, ...]:
    values = plan.get(key, ())
    if isinstance(values, str) or not all(isinstance(value, str) for value in values):
        raise UsageError(f'report: {key} is a list of sentences: write {key} = ["..."]')
    return tuple(values)


def _labels(labels: object) -> dict[str, str]:
    if not isinstance(labels, Mapping) or not all(isinstance(label, str) for label in labels.values()):
        raise UsageError('report: labels is a table of names in print, as [report.labels] with macro = "Macrometastasis"')
    return dict(labels)


def _times(values: object) -> tuple[float, ...]:
    listed = [values] if isinstance(values, Real) else values
    if not isinstance(listed, (list, tuple)) or not listed or not all(isinstance(value, Real) and 0 < value <= 100 for value in listed):
        raise UsageError("report: at_years is a list of times in years, as at_years = [1, 3, 5, 10]")
    return tuple(sorted(set(float(value) for value in listed)))


def _tolerance(value: object) -> float | None:
    if value is not None and not (isinstance(value, Real) and 0 < value < 1):
        raise UsageError("report: tolerance is a fraction of survival, as tolerance = 0.02 for two points")
    return value


def _axis_unit(value: object) -> str:
    if value not in ("years", "months"):
        raise UsageError(f"report: {unknown_name('axis_unit', value, ('years', 'months'))}")
    return value


def _horizon(value: object) -> float | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, Real) or not 0 < value <= 100):
        raise UsageError("report: horizon_years is a time in years where the axis of the curves ends, as horizon_years = 10")
    return None if value is None else float(value)


def _life_table(plan: Mapping[str, object]) -> str | LifeTable | None:
    """Give the life table: the name of a bundled one, or what is read from a path, seen from the folder in which the command runs."""
    if "life_table" not in plan:
        if "year_advances" in plan:
            raise UsageError('report: year_advances says how a life table is read: name the table too, as life_table = "mortality.csv"')
        return None
    name = _text("life_table", plan["life_table"])
    if name in BUNDLED:
        if "year_advances" in plan:
            raise UsageError(f"report: year_advances is for a life table of your own; the bundled table {name!r} has its own")
        return name
    return LifeTable.read(name, year_advances=_text("year_advances", plan.get("year_advances", "birthday")))
