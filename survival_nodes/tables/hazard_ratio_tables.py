"""Tables of hazard ratios of one kind or of several, each characteristic with its reference row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..columns import COEFFICIENTS, require
from ..errors import UsageError, unknown_name
from ..units import MISSING, format_count, format_p, format_ratio, is_missing
from .table import Table, display_of, heading, interval_heading, records, with_interval

NOT_ESTIMABLE = "not estimable"
INDENT = "\u2003"
_LEVEL_OF = re.compile(r"(?:C\()?(?P<column>\w+)\)?\[T\.(?P<level>.*)\]")
# Kind of ratio -> the model that gives it. A kind is printed by its full name, but for the plain one.
KINDS = {"hazard ratio": "Cox model", "cause-specific hazard ratio": "Cox model", "subdistribution hazard ratio": "Fine-Gray model"}
PENALTIES = (None, "firth")
_FIRTH = "Limits and p-values are those of the profile penalised likelihood (Firth's penalty), so an interval need not be symmetric about its ratio."


def hazard_ratios(
    coefficients: pd.DataFrame, levels: Mapping[str, Sequence[str]] | None = None, *, labels: Mapping[str, str] | None = None, name: str = "hazard-ratios",
    kind: str = "hazard ratio", penalty: str | None = None,
) -> Table:
    """Print COEFFICIENTS as hazard ratios; where the levels are known, each characteristic with its reference row.

    Parameters
    ----------
    coefficients
        COEFFICIENTS frame.
    levels
        Column -> its levels, the reference first (`cohort.levels`).
    labels
        Column, or term, -> its name in print.
    name
        Of the table.
    kind
        `hazard ratio`, `cause-specific hazard ratio`, or `subdistribution hazard ratio` (of `FineGray`): the heading says it.
    penalty
        `firth` where the model was fitted so; a note says what its limits are.

    Returns
    -------
    Table
        Its `data` are COEFFICIENTS with `characteristic, level, is_reference` before them, which `figures.forest` takes too.

    Raises
    ------
    InputError
        If the frame is not of the schema.
    UsageError
        If the kind or the penalty is not one of those named.

    Examples
    --------
    >>> from survival_nodes.columns import frame_of
    >>> terms = frame_of(COEFFICIENTS, [dict(term="node[T.micro]", hazard_ratio=2.0, conf_low=1.0, conf_high=4.0, conf_level=0.95, p_value=0.05)])
    >>> [" ".join(row) for row in hazard_ratios(terms, {"node": ("negative", "micro")}).display.values.tolist()]
    ['Node  ', '\u2003negative 1 (reference) ', '\u2003micro 2.00 (1.00 to 4.00) 0.050']
    """
    _check_kind(kind)
    if penalty not in PENALTIES:
        raise UsageError(unknown_name("penalty", penalty, ("firth",)))
    frame = _with_references(coefficients, levels or {}, labels or {})
    lines = _lines(frame)
    title = "HR" if kind == "hazard ratio" else _sentence(kind)
    columns = {
        "Characteristic": [words for words, _, _ in lines], f"{title} ({interval_heading(coefficients['conf_level'])})": [ratio for _, ratio, _ in lines],
        heading("p_value"): [p_value for _, _, p_value in lines]}
    caption = f"{_sentence(kind)}s of the {KINDS[kind]}" + (", by Firth's penalised likelihood." if penalty else ".")
    return Table(name, frame, display_of(columns), caption, _notes(coefficients, lines, kind, penalty))


def ratios_side_by_side(
    kinds: Mapping[str, pd.DataFrame], levels: Mapping[str, Sequence[str]] | None = None, *, labels: Mapping[str, str] | None = None,
    name: str = "ratios-side-by-side",
) -> Table:
    """Print several kinds of hazard ratio of the same terms side by side, each kind by its full name.

    Parameters
    ----------
    kinds
        Kind -> COEFFICIENTS, as {"cause-specific hazard ratio": ..., "subdistribution hazard ratio": ...}.
    levels
        Column -> its levels, the reference first (`cohort.levels`).
    labels
        Column, or term, -> its name in print.
    name
        Of the table.

    Returns
    -------
    Table
        Its `data` are those of `hazard_ratios`, one kind below the other, with the `kind` before them.

    Raises
    ------
    InputError
        If a frame is not of the schema.
    UsageError
        If no kind is given, one is not of those named, or the kinds do not have the same terms.

    Examples
    --------
    >>> from survival_nodes.columns import frame_of
    >>> one, other = (frame_of(COEFFICIENTS, [dict(term="age", hazard_ratio=ratio, p_value=0.05)]) for ratio in (2.0, 1.5))
    >>> ratios_side_by_side({"cause-specific hazard ratio": one, "subdistribution hazard ratio": other}).display.iloc[0].tolist()
    ['Age', '2.00', '0.050', '1.50', '0.050']
    """
    terms = [frame["term"].tolist() for frame in kinds.values()]
    if not terms or any(other != terms[0] for other in terms):
        raise UsageError("ratios stand side by side where they are of the same terms: give each kind the COEFFICIENTS of the same formula")
    columns, frames, notes = {}, {}, []
    for kind, coefficients in kinds.items():
        _check_kind(kind)
        frames[kind] = _with_references(coefficients, levels or {}, labels or {})
        lines = _lines(frames[kind])
        columns.setdefault("Characteristic", [words for words, _, _ in lines])
        columns[f"{_sentence(kind)} ({interval_heading(coefficients['conf_level'])})"] = [ratio for _, ratio, _ in lines]
        columns[f"{kind.removesuffix(' hazard ratio').capitalize()} p"] = [p_value for _, _, p_value in lines]
        notes += [f"{_sentence(kind)}: {note[:1].lower()}{note[1:]}" if len(kinds) > 1 else note for note in _notes(coefficients, lines, kind, None)]
    whole = pd.concat([frame.assign(kind=kind)[["kind", *frame.columns]] for kind, frame in frames.items()], ignore_index=True)
    return Table(name, whole, display_of(columns), f"{_sentence(' and '.join(f'{kind}s' for kind in kinds))}, side by side.", tuple(notes))


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise UsageError(unknown_name("kind of hazard ratio", kind, KINDS))


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _lines(frame: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Write the rows: the words, the ratio with its interval, the p-value; a characteristic above its levels."""
    lines, before = [], None
    for row in records(frame):
        if row["level"] is not None and row["characteristic"] != before:
            lines.append((row["characteristic"], "", ""))
        before = row["characteristic"]
        ratio = "1 (reference)" if row["is_reference"] else _ratio(row)
        p_value = "" if row["is_reference"] else MISSING if ratio == NOT_ESTIMABLE else format_p(row["p_value"])
        lines.append((before if row["level"] is None else INDENT + row["level"], ratio, p_value))
    return lines


def _ratio(row: dict) -> str:
    ratio = row["hazard_ratio"]
    if is_missing(ratio) or not np.isfinite(ratio) or ratio == 0:
        return NOT_ESTIMABLE
    return with_interval(ratio, row["conf_low"], row["conf_high"], format_ratio)


def _with_references(coefficients: pd.DataFrame, levels: Mapping[str, Sequence[str]], labels: Mapping[str, str]) -> pd.DataFrame:
    """Say of each term which level of which characteristic it is, and put the reference before the first of its levels."""
    require(coefficients.replace([np.inf, -np.inf], np.nan), COEFFICIENTS)
    rows, begun = [], set()
    for term in records(coefficients):
        found = _LEVEL_OF.fullmatch(term["term"])
        column = found["column"] if found else None
        if column in levels and column not in begun:
            first = str(levels[column][0])
            reference = labels.get(f"{column}[T.{first}]", first)
            rows.append({"characteristic": _name(column, labels), "level": reference, "is_reference": True, "coefficient": 0.0, "hazard_ratio": 1.0})
        begun.add(column)
        level = labels.get(term["term"], found["level"]) if found else None
        rows.append({"characteristic": _name(column or term["term"], labels), "level": level, "is_reference": False, **term})
    frame = pd.DataFrame(rows, columns=["characteristic", "level", "is_reference", *COEFFICIENTS.names])
    whole = {column: frame[column].astype("Int64") for column in ("df", "n", "n_event")}
    empty = {column: frame[column].astype(object).where(frame[column].notna(), None) for column in ("level", "term")}
    return frame.assign(**whole, **empty)


def _name(column: str, labels: Mapping[str, str]) -> str:
    return labels.get(column, heading(column) if column.isidentifier() else column)


def _notes(coefficients: pd.DataFrame, lines: list[tuple[str, str, str]], kind: str, penalty: str | None) -> tuple[str, ...]:
    notes = []
    if coefficients["n"].notna().any():
        notes.append(f"{format_count(coefficients['n'].max())} patients in the model, {format_count(coefficients['n_event'].max())} events.")
    if coefficients["robust_std_error"].notna().any():
        weighted = ", which allow for the estimated weights of the censored" if KINDS[kind] == "Fine-Gray model" else ""
        notes.append(f"Intervals and p-values rest on robust standard errors{weighted}.")
    if penalty:
        notes.append(_FIRTH)
    if any(ratio == NOT_ESTIMABLE for _, ratio, _ in lines):
        notes.append("Not estimable: the data do not determine the hazard ratio.")
    return tuple(notes)
