"""UCSC Xena: the phenotype file of TCGA breast cancer, a row a sample."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..errors import InputError
from .layout import adapted, read_fields, read_layout
from .portals import OPEN_BEFORE_6TH, completed, nodal_evidence, one_row_a_patient, patient_of, rows_of, table_below_comments, with_cautions
from .reading import LeftOut, Reading, Wishes, input_file
from .source_frames import with_kept
from .text_columns import each_distinct
from .text_content import Watch

_PRIMARY = ("primary tumor", "primary solid tumor")


def read_xena(path: str | Path, *, watch: Watch | None = None, **wishes: object) -> Reading:
    """Read the phenotype file of the GDC hub or the legacy hub: samples of the primary tumour are kept, then one a patient.

    Parameters
    ----------
    path
        The file, plain or gzipped.
    watch
        Told from time to time which fraction has been read.
    **wishes
        `columns`, `codes`, `keep`, `policy`, as `Wishes`. Where no policy is named, pN1a of an edition before the 6th stays unknown.

    Raises
    ------
    UsageError
        If there is no such file, option or column to keep.
    InputError
        If the file is not such a file, or lacks the columns needed.
    """
    wished = Wishes.of(wishes)
    table = table_below_comments(path, number_doubles=True, watch=watch)
    layout = adapted(read_layout("xena"), wished.columns, wished.codes)
    found = read_fields(layout, table.frame, table.name)
    evidence, nodes = nodal_evidence(str(layout.own["system"]), found)
    frame = completed(found).assign(patient_id=each_distinct(found.frame["patient_id"].astype(object), patient_of))
    return with_cautions(Reading(
        source="xena", files=(input_file(table),), frame=with_kept(_followed(frame, table.name), table.frame, wished.keep, table.name),
        evidence=evidence, nodes=nodes, time_unit="days", steps=_steps(frame["patient_id"], found.raw["sample_type"]), citation=layout.citation,
        said=found.said, policy=wished.policy_or(OPEN_BEFORE_6TH)))


def _followed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Follow the dead to the day of death, the living to the last contact."""
    absent = [each for each in ("days_to_death", "days_to_last_contact") if each not in frame]
    if absent:
        raise InputError(f"{name!r}: no column was found for {', '.join(absent)}; say which with columns={{{absent[0]!r}: ...}}, or read it as another source")
    years = frame["days_to_death"].where(frame["event"] == 1, frame["days_to_last_contact"])
    return frame.assign(years=years).drop(columns=["days_to_death", "days_to_last_contact"])


def _steps(patient: pd.Series, sample_type: pd.Series) -> tuple[LeftOut, ...]:
    is_primary = sample_type.astype(object).str.casefold().isin(_PRIMARY).to_numpy()
    further = one_row_a_patient(patient, is_primary, "")
    return (
        LeftOut("primary tumour", f"sample of normal tissue, of a metastasis or unnamed ({rows_of(~is_primary)})", is_primary),
        LeftOut(further.rule, f"further samples of a patient's primary tumour ({rows_of(is_primary & ~further.keep)})", further.keep))
