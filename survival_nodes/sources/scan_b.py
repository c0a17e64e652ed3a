"""SCAN-B (Sweden): the series matrix files of GSE96058, or the sheet of Staaf 2022."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError, UsageError, unknown_name
from ..nodes import Evidence, custom_system
from .delimited import FileFormat, TextTable
from .geo import is_series_matrix, read_series_matrix
from .layout import Fields, Layout, adapted, read_fields, read_layout
from .reading import LeftOut, Reading, Wishes, first_rows, input_file
from .source_frames import with_kept
from .table_files import read_table
from .text_columns import each_distinct
from .text_content import Watch

# Groups of counts leave the size of the deposits open, and a group of none does not exclude isolated tumour cells.
_GROUPS = {
    "negative": {"negative", "itc"}, "isolated tumour cells": {"itc"}, "1 to 3 positive": {"micro", "macro"}, "4 or more positive": {"micro", "macro"},
}
_SYSTEM = custom_system(_GROUPS, name="scan_b_group")
_ENDPOINTS = {
    "overall": "overall", "recurrence": "recurrence", "distant-recurrence": "distant_recurrence", "breast-cancer-free": "breast_cancer_free",
}
_REPLICATE = re.compile(r"[\s._-]*repl.*", re.IGNORECASE)
_NOTES = (
    "The files tell node groups: none, SubMicroMet, one to three, four or more. SubMicroMet is read as isolated tumour cells, which the files do not define; "
    "positive nodes are of unknown size, and never called macrometastasis.",
    "Few patients have isolated tumour cells, and survival is from any cause: a rate from so few deaths contradicts no published one.",
)
_INTERVALS = "Endpoints other than overall survival are intervals: patients who died of other causes are censored at death."


def read_scan_b(
    path: str | Path, *, more: str | Path | Sequence[str | Path] = (), sheet: str | None = None, endpoint: str = "overall",
    watch: Watch | None = None, **wishes: object,
) -> Reading:
    """Read SCAN-B.

    Parameters
    ----------
    path
        A series matrix file of GSE96058 (`.txt`, `.txt.gz`), the folder that holds its platforms' files, or supplementary data table 1 of
        Staaf 2022 (Excel, or the sheet saved as text).
    more
        Further series matrix files: one a platform.
    sheet
        The sheet of the workbook; usually `SCANB.9206`.
    endpoint
        Which follow-up is the active one: `overall`; of the workbook also `recurrence`, `distant-recurrence`, `breast-cancer-free`.
    watch
        Told from time to time which fraction of a file has been read.
    **wishes
        `columns`, `codes`, `keep`, `policy`, as `Wishes`.

    Raises
    ------
    UsageError
        If there is no such file, sheet, endpoint or option.
    InputError
        If they are not such files, or a sample stands in two of them.
    """
    wished = Wishes.of(wishes, own=("more", "sheet", "endpoint"))
    if endpoint not in _ENDPOINTS:
        raise UsageError(unknown_name("endpoint of SCAN-B", endpoint, _ENDPOINTS))
    layout = adapted(read_layout("scan-b"), wished.columns, wished.codes)
    tables = [_table(each, sheet or str(layout.own["sheet"]), watch) for each in _files(Path(path), more)]
    whole, name = _joined(tables), ", ".join(table.name for table in tables)
    found = read_fields(_needing(layout, endpoint), whole, name)
    frame = with_kept(_cohort_columns(found, _ENDPOINTS[endpoint]), whole, wished.keep, name)
    steps = _steps(found)
    return Reading(
        source="scan-b", files=tuple(input_file(table) for table in tables), frame=frame, evidence=frame[["node_group"]],
        nodes=(Evidence(_SYSTEM, "node_group"),), time_unit="days", endpoint=endpoint, steps=steps, citation=layout.citation,
        notes=(*_NOTES, _INTERVALS) if "recurrence_years" in found.frame else _NOTES, levels={"node_group": tuple(_GROUPS)},
        said=(*found.said, *_against_known(found.frame, steps, layout.own["whole"])), policy=wished.policy)


def _files(path: Path, more: str | Path | Sequence[str | Path]) -> list[Path]:
    first = [path]
    if path.is_dir():
        first = sorted(each for each in path.iterdir() if re.fullmatch(r".*series_matrix.*\.txt(\.gz)?", each.name, re.IGNORECASE))
        if not first:
            raise UsageError(f"the folder {path.name!r} holds no series matrix (..._series_matrix.txt or .txt.gz): name the file")
    return [*first, *map(Path, [more] if isinstance(more, (str, Path)) else more)]


def _table(path: Path, sheet: str, watch: Watch | None) -> TextTable:
    return read_series_matrix(path, watch) if is_series_matrix(path) else read_table(path, FileFormat(sheet=sheet), watch=watch)


def _joined(tables: Sequence[TextTable]) -> pd.DataFrame:
    """Put the platforms' samples below each other."""
    if len(tables) == 1:
        return tables[0].frame
    whole = pd.concat([table.frame.astype(object) for table in tables], ignore_index=True).fillna("")
    if "geo_accession" in whole and (n := int(whole["geo_accession"].duplicated().sum())):
        raise InputError(f"{n} samples stand in two of the files ({', '.join(table.name for table in tables)}): name each platform's file once")
    return whole


def _needing(layout: Layout, endpoint: str) -> Layout:
    """Ask for the follow-up of the active endpoint, and for no other."""
    active = {f"{_ENDPOINTS[endpoint]}_{part}" for part in ("years", "event")}
    times = {f"{stem}_{part}" for stem in _ENDPOINTS.values() for part in ("years", "event")}
    return replace(layout, fields=tuple(replace(each, needed=each.name in active) if each.name in times else each for each in layout.fields))


def _cohort_columns(found: Fields, active: str) -> pd.DataFrame:
    """Give the active endpoint its place; keep the other ones that the dictionary names; write groups of age out."""
    renamed = found.frame.rename(columns={f"{active}_years": "years", f"{active}_event": "event"})
    unnamed = [f"{stem}_{part}" for stem in ("distant_recurrence", "breast_cancer_free") for part in ("years", "event")]
    frame = renamed.drop(columns=[name for name in (*unnamed, "follow_up_cohort", "age_to") if name in renamed])
    frame["patient_id"] = each_distinct(frame["patient_id"], lambda text: _REPLICATE.sub("", text))
    frame = frame.assign(**{name: frame[name].astype(object).astype("float64") for name in frame if name.endswith("event")})
    if "age_to" in renamed:
        frame["age_group"] = renamed["age_to"].map(lambda last: f"{last - 4:.0f} to {last:.0f}", na_action="ignore").astype(object)
    return frame


def _steps(found: Fields) -> tuple[LeftOut, ...]:
    """Leave out technical replicates, profiles outside the follow-up cohort, and further profiles of a patient."""
    original = ~found.frame["patient_id"].astype(str).str.contains(_REPLICATE).to_numpy()
    followed = (found.frame["follow_up_cohort"] == "yes").to_numpy() if "follow_up_cohort" in found.frame else np.ones(len(original), dtype=bool)
    first = first_rows(found.frame["patient_id"].astype(object).where(original & followed))
    return (
        LeftOut("no technical replicates", f"technical replicates of a sample ({int((~original).sum())} rows)", original),
        LeftOut("follow-up cohort", f"profiles outside the follow-up cohort ({int((original & ~followed).sum())} rows)", followed),
        LeftOut("one row a patient", f"further profiles of a patient ({int((~first).sum())} rows)", first),
    )


def _against_known(frame: pd.DataFrame, steps: Sequence[LeftOut], known: Sequence[Mapping[str, int]]) -> tuple[str, ...]:
    """Hold the counts of a file that is as long as the whole one against what that holds."""
    wanted = next((each for each in known if each["rows"] == len(frame)), None)
    if wanted is None:
        return ()
    kept = frame[np.logical_and.reduce([step.keep for step in steps])]
    there = {"patients": len(kept), "deaths": int((kept["overall_event"] == "1").sum()) if "overall_event" in kept else 0,
             "isolated_cells": int((kept["node_group"] == "isolated tumour cells").sum())}
    other = [f"{there[what]} {what.replace('_', ' ')} ({n} are known)" for what, n in wanted.items() if what != "rows" and there[what] != n]
    return (f"the counts are not those of the published file: {', '.join(other)}; see whether it was changed",) if other else ()
