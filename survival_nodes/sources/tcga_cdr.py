"""TCGA Clinical Data Resource: follow-up of all of TCGA, joined by barcode to a file that holds pathologic N."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..columns import COHORT
from ..errors import DataWarning, InputError
from ..nodes import Evidence
from ..units import format_count
from .cbioportal import read_cbioportal, read_cbioportal_web
from .delimited import FileFormat
from .gdc import read_gdc
from .layout import Fields, adapted, find_titles, read_fields, read_layout
from .portals import OPEN_BEFORE_6TH, patient_of, rows_of, table_below_comments, under_endpoint, with_cautions
from .reading import LeftOut, Reading, Wishes, input_file
from .source_frames import with_kept
from .table_files import read_table
from .text_columns import each_distinct
from .text_content import Watch
from .xena import read_xena

SHEET = "TCGA-CDR"
_NODAL_FILES: tuple[tuple[str, Callable[..., Reading]], ...] = (
    ("cbioportal-web", read_cbioportal_web), ("cbioportal", read_cbioportal), ("xena", read_xena), ("gdc", read_gdc))
_FOLLOW_UP = re.compile(r"years|event|days_to")
_OWN = {"patient_id", "sample_id", "years", "entry_years", "event", "cause"}


def read_tcga_cdr(
    path: str | Path, *, nodes: str | Path | None = None, sheet: str = SHEET, endpoint: str = "overall", watch: Watch | None = None, **wishes: object,
) -> Reading:
    """Read the patients with breast cancer of the resource, and their nodes from a second file.

    Parameters
    ----------
    path
        The workbook (supplementary table 1), or its rows as CSV or TSV.
    nodes
        A file of the same patients that holds pathologic N: of cBioPortal, GDC or UCSC Xena, told by its header.
    sheet
        The sheet of the workbook.
    endpoint
        `overall`, or `progression-free` (PFI), which then ends the follow-up of the cohort.
    watch
        Told from time to time which fraction has been read.
    **wishes
        `columns`, `codes`, `keep`, `policy`, as `Wishes`. Where no policy is named, pN1a of an edition before the 6th stays unknown.

    Raises
    ------
    UsageError
        If there is no such file, sheet, option or column to keep.
    InputError
        If a file is not such a file, or no patient of the one is in the other.
    """
    wished = Wishes.of(wishes, own=("nodes", "sheet", "endpoint"))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*hold an error of the spreadsheet", DataWarning)  # #N/A is how the resource itself says missing
        table = read_table(path, FileFormat(sheet=sheet), watch=watch)
    layout = adapted(read_layout("tcga-cdr"), wished.columns, wished.codes)
    found = read_fields(layout, table.frame, table.name)
    frame = under_endpoint(found.frame, endpoint)
    frame["patient_id"] = each_distinct(frame["patient_id"].astype(object), patient_of)
    policy = wished.policy_or(OPEN_BEFORE_6TH)
    notes = ["Death with tumour is counted as death of breast cancer: the cause of death itself was not recorded.",
             "Its authors advise the progression-free or disease-free interval in breast cancer: follow-up is short for overall survival."]
    if endpoint == "overall":
        notes.append('endpoint="progression-free" reads the progression-free interval in place of overall survival.')
    reading = Reading(
        source="tcga-cdr", files=(input_file(table),), frame=with_kept(frame, table.frame, wished.keep, table.name),
        evidence=pd.DataFrame(index=frame.index), nodes=(), time_unit="days", steps=_steps(found.raw), endpoint=endpoint, citation=layout.citation,
        notes=tuple(notes), said=found.said, policy=policy)
    if nodes is None:
        return replace(reading, notes=(*notes, "The resource holds no pathologic N: nobody has a nodal category; nodes= joins a file that does."))
    return with_cautions(_joined(reading, found, _nodal_file(nodes, watch)))


def _steps(raw: pd.DataFrame) -> tuple[LeftOut, ...]:
    """Leave out other cancers, and patients whom TCGA has withdrawn."""
    steps = []
    for name, rule, reason, keep in (
            ("type", "breast cancer", "type of tumour is not BRCA", lambda words: words == "BRCA"),
            ("redaction", "not redacted", "withdrawn from TCGA, as Redaction says", lambda words: words.str.casefold() != "redacted")):
        if name in raw:
            kept = keep(raw[name].astype(object)).to_numpy(dtype=bool)
            steps.append(LeftOut(rule, f"{reason} ({rows_of(~kept)})", kept))
    return tuple(steps)


def _nodal_file(path: str | Path, watch: Watch | None) -> Reading:
    """Read the file of the nodes as the source whose columns it has; its own follow-up is not used, and what is odd in it not told."""
    header = table_below_comments(path, number_doubles=True).frame.columns
    for name, read in _NODAL_FILES:
        layout = read_layout(name)
        titles = find_titles(layout, header)
        if "pn" in titles and all(each.name in titles for each in layout.fields if each.needed):
            reading, of_follow_up = read(path, watch=watch), tuple(f"column {titles[each]!r}:" for each in titles if _FOLLOW_UP.search(each))
            return replace(reading, said=tuple(sentence for sentence in reading.said if not sentence.startswith(of_follow_up or " ")))
    raise InputError(f"{Path(path).name!r}: nodes= wants a file of cBioPortal, GDC or UCSC Xena with vital status and pathologic N; this is none")


def _joined(reading: Reading, found: Fields, nodal: Reading) -> Reading:
    """Put the evidence on the nodes, and whatever else of the dictionary the second file holds, beside the patients of the first."""
    kept = np.logical_and.reduce([step.keep for step in nodal.steps]) if nodal.steps else np.ones(len(nodal.frame), dtype=bool)
    place = pd.Series(np.flatnonzero(kept), index=nodal.frame["patient_id"].astype(object).map(patient_of)[kept])
    place = reading.frame["patient_id"].map(place[~place.index.duplicated()])
    of_breast = np.logical_and.reduce([step.keep for step in reading.steps]) if reading.steps else np.ones(len(place), dtype=bool)
    n, n_found = int(of_breast.sum()), int((place.notna() & of_breast).sum())
    if not n_found:
        raise InputError(f"{nodal.files[0].name!r} holds none of the {n} patients of {reading.files[0].name!r}: the barcodes do not meet")
    rows = place.fillna(-1).astype(int).to_numpy()
    evidence = _rows_of(nodal.evidence, rows, reading.frame.index)
    if "year" in found.raw:
        evidence["year"] = found.raw["year"]
    further = [name for name in nodal.frame if name in COHORT.names and name not in reading.frame and name not in _OWN and not name.startswith("nodal_")]
    note = f"Pathologic N was joined by barcode from {nodal.files[0].name}: {format_count(n_found)} of {format_count(n)} patients are in it."
    return replace(
        reading, files=(*reading.files, *nodal.files), frame=pd.concat([reading.frame, _rows_of(nodal.frame[further], rows, reading.frame.index)], axis=1),
        evidence=evidence, nodes=tuple(_with_year(each, evidence) for each in nodal.nodes), notes=(*reading.notes, note), said=(*reading.said, *nodal.said))


def _with_year(evidence: Evidence, frame: pd.DataFrame) -> Evidence:
    """Read the nodes with the year of diagnosis of the resource, which not every file of nodes holds."""
    if "year" not in frame:
        return evidence
    return Evidence(evidence.system, evidence.column, evidence.edition_column, "year", **dict(evidence.context_columns))


def _rows_of(frame: pd.DataFrame, rows: np.ndarray, index: pd.Index) -> pd.DataFrame:
    """Give rows by place, -1 a row without values."""
    return frame.reset_index(drop=True).reindex(rows).set_axis(index) if len(frame.columns) else pd.DataFrame(index=index)
