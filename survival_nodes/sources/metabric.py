"""METABRIC: survival and cause of death of some two thousand women, with numbers of positive nodes and no size of a deposit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from ..nodes import Evidence
from ..units import format_count
from .cbioportal import digits_first, sample_steps, with_samples
from .layout import adapted, read_fields, read_layout
from .portals import rows_of, table_below_comments
from .reading import Reading, Wishes, input_file
from .source_frames import with_kept
from .text_content import Watch

_NOTES = (
    "METABRIC counts positive nodes and says nothing of the size of a deposit: nobody is known to have isolated tumour cells, a micro- or a macrometastasis, "
    "so claims that compare these cannot be put to it.",
    "Negative means that no node was counted as positive: isolated tumour cells are not excluded, and how many nodes were examined is not known.",
    "Relapse is local, regional or distant, or death of the disease, as the file describes it.",
)


def read_metabric(path: str | Path, *, samples: str | Path | None = None, watch: Watch | None = None, **wishes: object) -> Reading:
    """Read the patient file of METABRIC (cBioPortal, `brca_metabric`): counts of nodes, never a size class above negative.

    Parameters
    ----------
    path
        `data_clinical_patient.txt` of the study.
    samples
        Its sample file, which adds grade, tumour size, stage and the receptors.
    watch
        Told from time to time which fraction has been read.
    **wishes
        `columns`, `codes`, `keep`, `policy`, as `Wishes`.

    Raises
    ------
    UsageError
        If there is no such file, option or column to keep.
    InputError
        If the file is not such a file, or lacks the columns needed.
    """
    wished = Wishes.of(wishes, own=("samples",))
    tables = [table_below_comments(each, watch=watch) for each in (path, samples) if each is not None]
    layout = adapted(read_layout("metabric"), wished.columns, wished.codes)
    table, joined = with_samples(tables, layout)
    found = read_fields(layout, digits_first(table.frame, layout), table.name)
    frame = found.frame.assign(cause=_causes(found.frame, table.name))
    unclear = int(((frame["event"] == 1) & frame["cause"].isna()).sum())
    notes = [f"Of {format_count(unclear)} death{'s' * (unclear != 1)} the cause is not known."] if unclear else []
    return Reading(
        source="metabric", files=tuple(map(input_file, tables)), frame=with_kept(frame, table.frame, wished.keep, table.name), evidence=found.raw,
        nodes=(Evidence("nodes_positive", "nodes_positive"),), time_unit="months", steps=sample_steps(found), citation=layout.citation,
        notes=(*joined, *_NOTES, *notes), said=found.said, policy=wished.policy)


def _causes(frame: pd.DataFrame, name: str) -> pd.Series:
    """Give the cause of each death, missing where it is blank; a status of the living beside a death is refused."""
    if "cause" not in frame:
        return pd.Series(np.nan, index=frame.index, dtype=object)
    cause = frame["cause"].astype(object)
    wrong = ((frame["event"] == 1) & (cause == "none")) | ((frame["event"] == 0) & cause.notna() & (cause != "none"))
    if wrong.any():
        first = int(np.argmax(wrong)) + 1
        raise InputError(f"{name!r}: overall survival and vital status contradict each other in {rows_of(wrong)} (first: row {first}); mend the file")
    return cause
