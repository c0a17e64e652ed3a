"""cBioPortal: the staging files of a study, and what is downloaded from its pages."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from ..units import format_count
from .delimited import TextTable
from .layout import Fields, Layout, adapted, find_titles, read_fields, read_layout
from .portals import (
    OPEN_BEFORE_6TH, completed, nodal_evidence, one_row_a_patient, table_below_comments, under_endpoint, with_cautions,
)
from .reading import LeftOut, Reading, Wishes, input_file
from .source_frames import first_of_patient, with_kept
from .text_columns import each_distinct
from .text_content import Watch

PRIMARY_SAMPLE = ("primary", "primary tumor", "primary tumour")
_NOTES = {
    "breast_cancer_event": "Disease-specific survival counts a death with tumour as one of breast cancer: the cause of death itself was not recorded.",
    "recurrence_event": "Relapse-free survival is the study's own: what it counts as a relapse is said in the file's own description.",
}


def read_cbioportal(
    path: str | Path, *, samples: str | Path | None = None, endpoint: str = "overall", watch: Watch | None = None, **wishes: object,
) -> Reading:
    """Read the staging file of a study: `data_clinical_patient.txt`, or patients and samples in one.

    Parameters
    ----------
    path
        The file; the lines above its header begin with `#`, however many there are.
    samples
        The sample file of the same study, whose columns are joined; the primary sample of a patient goes first.
    endpoint
        `overall`, or `progression-free`, which then ends the follow-up of the cohort.
    watch
        Told from time to time which fraction has been read.
    **wishes
        `columns`, `codes`, `keep`, `policy`, as `Wishes`. Where no policy is named, pN1a of an edition before the 6th stays unknown.

    Raises
    ------
    UsageError
        If there is no such file, option or column to keep.
    InputError
        If the file is not such a file: a git-lfs pointer, a web page, cut short, or without the columns needed.
    """
    wished = Wishes.of(wishes, own=("samples", "endpoint"))
    tables = [table_below_comments(each, watch=watch) for each in (path, samples) if each is not None]
    return _reading("cbioportal", tables, endpoint, wished)


def read_cbioportal_web(path: str | Path, *, endpoint: str = "overall", watch: Watch | None = None, **wishes: object) -> Reading:
    """Read clinical data as downloaded from the pages of cBioPortal (`*_clinical_data.tsv`): display names, one row a sample.

    Parameters, errors: as `read_cbioportal`; there is no separate file of samples.
    """
    return _reading("cbioportal-web", [table_below_comments(path, number_doubles=True, watch=watch)], endpoint, Wishes.of(wishes, own=("endpoint",)))


def _reading(source: str, tables: list[TextTable], endpoint: str, wished: Wishes) -> Reading:
    layout = adapted(read_layout(source), wished.columns, wished.codes)
    table, joined = with_samples(tables, layout)
    found = read_fields(layout, digits_first(table.frame, layout), table.name)
    frame = under_endpoint(completed(found), endpoint)
    evidence, nodes = nodal_evidence(str(layout.own["system"]), found)
    notes = [sentence for column, sentence in _NOTES.items() if column in frame]
    if endpoint == "overall" and "progression_free_event" in found.frame:
        notes.append('The file holds progression-free survival too: endpoint="progression-free" reads it in place of overall survival.')
    if re.sub(r"\W|_", "", found.titles.get("pn", "").casefold()) == "nstage":
        notes.append("Its N stage does not say whether it is clinical or pathological: it is read as pathological.")
    return with_cautions(Reading(
        source=source, files=tuple(map(input_file, tables)), frame=with_kept(frame, table.frame, wished.keep, table.name), evidence=evidence,
        nodes=nodes, time_unit="months", steps=sample_steps(found), endpoint=endpoint, citation=layout.citation, notes=(*joined, *notes),
        said=found.said, policy=wished.policy_or(OPEN_BEFORE_6TH)))


def digits_first(frame: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Cut a status written `1:WORD` down to its digit; a word alone stays."""
    titles = {title for name, title in find_titles(layout, frame.columns).items() if name == "event" or name.endswith("_event")}
    return frame.assign(**{title: each_distinct(frame[title], lambda word: re.sub(r"^([01])\s*:.*", r"\1", word)) for title in titles})


def sample_steps(found: Fields) -> tuple[LeftOut, ...]:
    """Leave out the further samples of a patient: the first primary sample is kept, else the first."""
    patient = found.frame["patient_id"]
    if not patient.duplicated().any():
        return ()
    return (one_row_a_patient(patient, _is_primary(found.raw), "further samples of a patient, a primary one kept first"),)


def _is_primary(raw: pd.DataFrame) -> np.ndarray:
    if "sample_type" not in raw:
        return np.ones(len(raw), dtype=bool)
    return raw["sample_type"].astype(object).str.casefold().isin(PRIMARY_SAMPLE).to_numpy()


def with_samples(tables: list[TextTable], layout: Layout) -> tuple[TextTable, tuple[str, ...]]:
    """Join the columns that only a sample file holds to the patients, one row a patient, and say how many found a sample.

    Raises
    ------
    InputError
        If the sample file names no patient, or none of these.
    """
    if len(tables) == 1:
        return tables[0], ()
    patients, samples = tables
    ids = [find_titles(layout, each.frame.columns).get("patient_id") for each in tables]
    if None in ids:
        absent = tables[ids.index(None)].name
        raise InputError(f"{absent!r} has no column PATIENT_ID by which patients and samples are joined: is it a clinical file of cBioPortal?")
    title = find_titles(layout, samples.frame.columns).get("sample_type")
    rows = _is_primary(pd.DataFrame({"sample_type": samples.frame[title]}) if title else pd.DataFrame(index=samples.frame.index))
    one_each = samples.frame[first_of_patient(samples.frame[ids[1]], pd.Series(~rows))].set_index(ids[1])
    further = [name for name in one_each if name not in patients.frame and name != title]
    names = patients.frame[ids[0]].astype(object)
    n_found = int(names.isin(one_each.index).sum())
    if not n_found:
        raise InputError(f"{samples.name!r} holds no sample of any patient of {patients.name!r}: are they of one study?")
    joined = one_each[further].astype(object).reindex(names).fillna("").set_axis(patients.frame.index)
    said = f"{format_count(n_found)} of {format_count(len(names))} patients have a sample in {samples.name}; a primary one was taken first."
    return replace(patients, frame=pd.concat([patients.frame, joined], axis=1)), (said,)

