"""Who the patients are: the baseline table by group, with missing counts and standardised differences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..cohort.given import the_cohort
from ..columns import COHORT
from ..errors import UsageError, unknown_name
from ..kernels import standardised_difference
from ..units import format_count, format_number, format_percent
from .table import Table, display_of, heading

if TYPE_CHECKING:
    from ..cohort import Cohort

SUMMARIES = ("median", "mean")
MOST_LEVELS = 12
INDENT = "\u2003"
# Of the dictionary, what is no characteristic of a patient at baseline: identity, follow-up, dates, and how the record came about.
_NOT_BASELINE = {
    "patient_id", "years", "entry_years", "event", "cause", "birth_date", "diagnosis_date", "nodal_positive", "nodal_certainty", "nodal_flags",
    "nodal_possible", "nodal_basis", "nodal_reason",
    "topography", "behaviour", "sequence_number", "confirmation",
}
_RAW = ["characteristic", "level", "kind", "group", "n", "fraction", "mean", "sd", "median", "q25", "q75", "smd"]


def baseline(
    cohort: Cohort, by: str | Sequence[str] | None = None, columns: Sequence[str] | None = None, *,
    labels: Mapping[str, str] | None = None, summary: str = "median", name: str = "baseline",
) -> Table:
    """Describe the patients by group: numbers by median and quartiles or mean and SD, categories by count and share.

    Parameters
    ----------
    cohort
        The patients; one whose follow-up is in pieces counts once, as at the first piece.
    by
        Column or columns that make the groups; None takes everybody as one. Patients whose group is missing are left out, and counted in a note.
    columns
        What to describe; else the dictionary's baseline columns and every further one that is a number or has at most 12 levels.
    labels
        Group, or column, -> its name in print.
    summary
        `median` (with quartiles, R's type 7) or `mean` (with SD).
    name
        Of the table.

    Returns
    -------
    Table
        Its `data` are long: a row for each characteristic, level and group. With two groups or more, the standardised mean difference
        is the largest in size over all pairs: of means, over the root of the average variance; of categories as in Yang & Dalton
        2012, over all levels at once. Percentages and differences leave the missing out.

    Raises
    ------
    UsageError
        If `summary` is not one of those named, or a scan or a frame is given.
    InputError
        If the cohort has no such column.

    Examples
    --------
    >>> from survival_nodes.cohort import Cohort
    >>> frame = pd.DataFrame({"t": [12, 30, 36, 61], "d": [1, 1, 0, 0], "age": [50.0, 60, 70, 61]})
    >>> baseline(Cohort.from_frame(frame, {"years": "t", "event": "d"}, "months")).display.values.tolist()
    [['Age, years: median (quartiles)', '60.5 (57.5 to 63.2)']]
    """
    if summary not in SUMMARIES:
        raise UsageError(unknown_name("summary", summary, SUMMARIES))
    named, (place, codes, groups) = labels or {}, _patients(the_cohort(cohort), by)
    chosen, left_out = (list(columns), []) if columns is not None else _baseline_columns(cohort, by)
    blocks = [_describe(cohort, column, place, codes, groups) for column in chosen]
    headings = [_group_heading(group, int((codes == code).sum()), named) for code, group in enumerate(groups)]
    rows = [row for column, block in zip(chosen, blocks) for row in _display(block, named.get(column, heading(column)), _unit(column), groups, summary)]
    titles = ["Characteristic", *headings] + (["SMD"] if len(groups) > 1 else [])
    whole = pd.concat(blocks, ignore_index=True) if blocks else pd.DataFrame(columns=_RAW)
    shown = display_of({title: [row[column] for row in rows] for column, title in enumerate(titles)})
    caption = "Characteristics of the patients" + (" by group." if len(groups) > 1 else ".")
    return Table(name, whole, shown, caption, _notes(whole, codes, len(groups), left_out))


def _group_heading(group: str, n: int, labels: Mapping[str, str]) -> str:
    return f"{ {'all': 'All patients', **labels}.get(group, group)} (n = {format_count(n)})"


def _patients(cohort: Cohort, by: str | Sequence[str] | None) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Give the row of each patient's first piece, as often as it stands for patients, the group there, and the names of the groups."""
    grouping = cohort.groups(by)
    frame = cohort.frame
    order = np.argsort(frame["entry_years"].fillna(0).to_numpy(), kind="stable") if "entry_years" in frame else np.arange(len(frame))
    first = ~frame["patient_id"].iloc[order].duplicated().to_numpy()
    place = np.sort(order[first])
    place = place if cohort.repeats is None else np.repeat(place, cohort.repeats[place])
    return place, grouping.codes[place], grouping.labels


def _baseline_columns(cohort: Cohort, by: str | Sequence[str] | None) -> tuple[list[str], list[str]]:
    """Choose the columns worth a row, and name those that have too many levels for one."""
    grouping = {by} if isinstance(by, str) else set(by or ())
    frame = cohort.frame
    known = [name for name in COHORT.names if name in frame]
    candidates = [name for name in [*known, *(name for name in frame.columns if name not in known)] if name not in _NOT_BASELINE | grouping]
    chosen, left_out = [], []
    for name in candidates:
        values = frame[name]
        if _is_follow_up(name, frame.columns) or pd.api.types.is_datetime64_any_dtype(values) or not values.notna().any():
            continue
        numbered = pd.api.types.is_integer_dtype(values) and name not in COHORT.names and len(values) > 2 and values.is_unique
        too_many = not _is_number(cohort, name) and values.nunique() > MOST_LEVELS
        (left_out if numbered or too_many else chosen).append(name)
    return chosen, left_out


def _is_follow_up(name: str, columns: Iterable[str]) -> bool:
    """Tell the columns of a further endpoint, which come in pairs as `recurrence_years` and `recurrence_event`."""
    stem, _, kind = name.rpartition("_")
    return kind in {"years", "event"} and {f"{stem}_years", f"{stem}_event"} <= set(columns)


def _is_number(cohort: Cohort, name: str) -> bool:
    """Tell whether a column is described as a number: those the dictionary has as numbers, and others unless they only code two states (0/1, 1/2)."""
    values = cohort.column(name)
    if name in cohort.levels or not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return False
    codes = values.dropna().unique()
    return name in COHORT.names or not (len(codes) <= 2 and set(codes) <= {0, 1, 2})


def _describe(cohort: Cohort, name: str, place: np.ndarray, codes: np.ndarray, groups: tuple[str, ...]) -> pd.DataFrame:
    """Give the raw numbers of one column, a row a level and group."""
    values = cohort.column(name)
    if _is_number(cohort, name):
        numbers = values.astype("float64").to_numpy()[place]
        rows = _number_rows([numbers[codes == code] for code in range(len(groups))], groups)
    else:
        sorted_out = cohort.groups(name) if values.notna().any() else None
        own = sorted_out.codes[place] if sorted_out else np.full(len(place), -1)
        rows = _category_rows([own[codes == code] for code in range(len(groups))], groups, sorted_out.labels if sorted_out else ())
    return pd.DataFrame([{"characteristic": name, **row} for row in rows], columns=_RAW).astype({"n": "int64"})


def _number_rows(parts: list[np.ndarray], groups: tuple[str, ...]) -> list[dict]:
    known = [part[~np.isnan(part)] for part in parts]
    smd = _largest(known, standardised_difference.of_means)
    rows = []
    for group, part in zip(groups, known):
        quartiles = np.quantile(part, (0.25, 0.5, 0.75)) if len(part) else [np.nan] * 3
        spread = float(np.std(part, ddof=1)) if len(part) > 1 else np.nan
        rows.append({
            "kind": "number", "group": group, "n": len(part), "mean": float(np.mean(part)) if len(part) else np.nan, "sd": spread,
            "q25": quartiles[0], "median": quartiles[1], "q75": quartiles[2], "smd": smd})
    return rows + _missing_rows([len(part) - len(own) for part, own in zip(parts, known)], [len(part) for part in parts], groups)


def _category_rows(parts: list[np.ndarray], groups: tuple[str, ...], levels: tuple[str, ...]) -> list[dict]:
    counts = [np.bincount(part[part >= 0], minlength=len(levels)) for part in parts]
    smd = _largest(counts, standardised_difference.of_shares)
    rows = [
        {"kind": "category", "level": level, "group": group, "n": count[code], "fraction": count[code] / count.sum() if count.sum() else np.nan, "smd": smd}
        for code, level in enumerate(levels) for group, count in zip(groups, counts)]
    return rows + _missing_rows([int((part < 0).sum()) for part in parts], [len(part) for part in parts], groups)


def _missing_rows(missing: list[int], totals: list[int], groups: tuple[str, ...]) -> list[dict]:
    if not any(missing):
        return []
    return [{"kind": "missing", "group": group, "n": n, "fraction": n / total if total else np.nan} for group, n, total in zip(groups, missing, totals)]


def _largest(parts: Sequence[np.ndarray], difference: Callable[[np.ndarray, np.ndarray], float]) -> float:
    sizes = [abs(difference(one, other)) for one, other in combinations(parts, 2)]
    known = [size for size in sizes if size == size]
    return max(known) if known else np.nan


def _unit(column: str) -> str:
    unit = COHORT[column].unit if column in COHORT.names else ""
    return f", {unit}" if unit in {"years", "mm"} else ""


def _display(block: pd.DataFrame, title: str, unit: str, groups: tuple[str, ...], summary: str) -> list[list[str]]:
    """Write one characteristic: a line for a number, a line a level below a heading for a category, and a line for the missing."""
    smd = [format_number(block["smd"].iloc[0]) if len(block) else ""] if len(groups) > 1 else []
    blank = [""] * len(smd)
    lines: list[list[str]] = []
    for (kind, level), part in block.groupby(["kind", "level"], sort=False, dropna=False):
        cells = part.set_index("group").loc[list(groups)]
        if kind == "number":
            written = _medians(cells, _is_calendar_year(cells["characteristic"].iloc[0])) if summary == "median" else _means(cells)
            lines.append([f"{title}{unit}: {'median (quartiles)' if summary == 'median' else 'mean (SD)'}", *written, *smd])
        elif kind == "category":
            if not lines:
                lines.append([f"{title}: n (%)", *[""] * len(groups), *smd])
            shares = zip(cells["n"], cells["fraction"])
            lines.append([f"{INDENT}{level}", *(f"{format_count(n)} ({format_percent(share)})" for n, share in shares), *blank])
        else:
            lines.append([f"{INDENT}missing" if lines else f"{title}: missing", *map(format_count, cells["n"]), *blank])
    return lines


def _is_calendar_year(column: str) -> bool:
    """Tell the columns that hold a year of the calendar, which is written whole, by their name."""
    return column == "year" or column.endswith("_year")


def _medians(cells: pd.DataFrame, whole: bool) -> list[str]:
    spans = cells[["median", "q25", "q75"]].to_numpy(dtype=float)
    digits = 0 if whole else _digits(spans)
    return [f"{format_number(median, digits)} ({format_number(low, digits)} to {format_number(high, digits)})" for median, low, high in spans]


def _means(cells: pd.DataFrame) -> list[str]:
    digits = max(_digits(cells[["median"]].to_numpy(dtype=float)), 1)
    return [f"{format_number(mean, digits)} ({format_number(sd, digits)})" for mean, sd in cells[["mean", "sd"]].to_numpy(dtype=float)]


def _digits(values: np.ndarray) -> int:
    """Choose decimals: none for whole numbers, else so that three figures are seen."""
    known = values[np.isfinite(values)]
    if np.all(known == np.round(known)):
        return 0
    return 1 if np.max(np.abs(known)) >= 10 else 2


def _notes(whole: pd.DataFrame, codes: np.ndarray, n_groups: int, left_out: list[str]) -> tuple[str, ...]:
    notes = []
    if (whole["kind"] == "missing").any():
        notes.append("Percentages, summaries and differences are of the patients for whom the characteristic is known.")
    if n_groups > 1:
        notes.append(
            "SMD: standardised mean difference, the largest in size over all pairs of groups; for categories over all levels at once (Yang & Dalton 2012).")
    unknown = int((codes < 0).sum())
    if unknown:
        notes.append(f"{format_count(unknown)} patient{'s' * (unknown != 1)} whose group is not known {'are' if unknown != 1 else 'is'} left out.")
    if left_out:
        notes.append(f"Not described, each value (nearly) its own: {', '.join(left_out)}.")
    return tuple(notes)
