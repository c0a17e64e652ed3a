"""The synthetic breast cancer data of the Netherlands Cancer Registry, given out by IKNL."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..nodes import Evidence
from .delimited import TextTable, table_of
from .layout import Fields, adapted, read_fields, read_layout
from .reading import LeftOut, Reading, Wishes, input_file
from .source_frames import first_of_patient, with_kept
from .text_content import open_text
from .text_pieces import Watch

_THERAPIES = ("chemotherapy", "targeted_therapy", "endocrine_therapy")
_OWN = ("m_clinical", "organ_surgery", "axillary_dissection", "sentinel", "marked_node")  # read here, and gone from the cohort
_NOTES = (
    "The patients are synthetic: made by IKNL from a model of the Netherlands Cancer Registry. By IKNL's conditions they are not for clinical decisions, "
    "not cancer statistics, and not for publication except on method.",
    "Follow-up of zero days is kept.",
)


def read_nkr_synthetic(
    path: str | Path, *, delimiter: str | None = None, encoding: str = "utf-8", watch: Watch | None = None, **wishes: object,
) -> Reading:
    """Read `NKR_IKNL_breast_syntheticdata.csv`.

    Parameters
    ----------
    path
        The file; it is never changed.
    delimiter, encoding
        How it is written; without a delimiter, a semicolon where the header has one, else a comma.
    watch
        Told from time to time which fraction has been read.
    **wishes
        `columns`, `codes`, `keep`, `policy`, as `Wishes`.

    Raises
    ------
    UsageError
        If there is no such file or option.
    InputError
        If it is not such a file.
    """
    wished = Wishes.of(wishes, own=("delimiter", "encoding"))
    text = open_text(path, encoding)
    table = table_of(text, delimiter or (";" if ";" in "".join(text.lines(1)) else ","), watch=watch)
    layout = adapted(read_layout("nkr-synthetic"), wished.columns, wished.codes)
    found = read_fields(layout, table.frame, table.name)
    neoadjuvant = _neoadjuvant(found)
    frame = with_kept(_cohort_columns(found).assign(neoadjuvant=neoadjuvant), table.frame, wished.keep, table.name)
    first = first_of_patient(frame["patient_id"], frame["diagnosis_year"] if "diagnosis_year" in frame else pd.Series(0, index=frame.index))
    evidence, nodes = _nodes(found, neoadjuvant)
    return Reading(
        source="nkr-synthetic", files=(input_file(table),), frame=frame, evidence=evidence, nodes=nodes, time_unit="days", synthetic=True,
        steps=(LeftOut("one row a patient", f"later tumours of a patient ({int((~first).sum())} rows)", first),), citation=layout.citation, notes=_NOTES,
        said=(*found.said, *_absent(table, layout.own["columns"])), policy=wished.policy)


def _absent(table: TextTable, known: list[str]) -> tuple[str, ...]:
    absent = [title for title in known if title not in table.frame.columns]
    return (f"columns of the dataset that are not in the file: {', '.join(absent)}",) if absent else ()


def _is(found: Fields, name: str, *words: str) -> np.ndarray:
    """Tell where a column holds one of some words; nowhere, where there is no such column."""
    return found.frame[name].isin(words).to_numpy() if name in found.frame else np.zeros(len(found.frame), dtype=bool)


def _cohort_columns(found: Fields) -> pd.DataFrame:
    """Put together what the registry keeps in several columns, and leave the timing of treatment out."""
    frame = found.frame.drop(columns=[name for name in _OWN if name in found.frame])
    for name in _THERAPIES:
        if name in frame:
            frame[name] = _chosen((_is(found, name, "no"), "no"), (found.frame[name].notna().to_numpy(), "yes"))
    spread, local = (_is(found, "m_category", word) | _is(found, "m_clinical", word) for word in ("M1", "M0"))
    frame["m_category"] = _chosen((spread, "M1"), (local, "M0"))
    coded = found.frame["surgery"].astype(object) if "surgery" in found.frame else pd.Series(None, index=frame.index, dtype=object)
    operated = pd.Series(_chosen((_is(found, "organ_surgery", "yes"), "other"), (_is(found, "organ_surgery", "no"), "none")), index=frame.index, dtype=object)
    frame["surgery"] = coded.where(coded.notna(), operated)
    sentinel, dissection = _is(found, "sentinel", "yes"), _is(found, "axillary_dissection", "yes")
    nothing = _is(found, "sentinel", "no") & _is(found, "axillary_dissection", "no") & ~_is(found, "marked_node", "yes")
    frame["axillary_surgery"] = _chosen(
        (sentinel & dissection, "sentinel then dissection"), (dissection, "dissection"), (sentinel, "sentinel"),
        (_is(found, "marked_node", "yes"), "other"), (nothing, "none"))
    return frame


def _chosen(*choices: tuple[np.ndarray, str]) -> np.ndarray:
    """Give the word of the first choice that holds, None where none does."""
    return np.select([holds for holds, _ in choices], [np.array(word, dtype=object) for _, word in choices], default=None)


def _neoadjuvant(found: Fields) -> np.ndarray:
    """Tell whether systemic treatment came before surgery: by its timing, and by a marked node, which is removed after it only."""
    before = np.logical_or.reduce([_is(found, name, "before") for name in _THERAPIES]) | _is(found, "marked_node", "yes")
    if "marked_result" in found.raw:
        before |= found.raw["marked_result"].notna().to_numpy()
    never = np.logical_and.reduce([_is(found, name, "no", "after") for name in _THERAPIES])
    return np.where(before, "yes", np.where(never, "no", "unknown")).astype(object)


def _nodes(found: Fields, neoadjuvant: np.ndarray) -> tuple[pd.DataFrame, tuple[Evidence, ...]]:
    """Give the evidence under the file's names; a result of a sentinel procedure that was not done is none."""
    years = found.frame["diagnosis_year"] if "diagnosis_year" in found.frame else np.nan
    evidence = pd.DataFrame({"pn": found.raw["pn"], "incjr": years, "neoadjuvant": neoadjuvant}, index=found.frame.index)
    counted = {ours: theirs for ours, theirs in (("n_positive", "pos_lymf"), ("n_examined", "ond_lymf")) if ours in found.frame}
    evidence = evidence.assign(**{theirs: found.frame[ours] for ours, theirs in counted.items()})
    contexts = {"nodes" + ours.removeprefix("n"): theirs for ours, theirs in counted.items()}
    nodes = [Evidence("ncr_pn", "pn", year_column="incjr", neoadjuvant="neoadjuvant", **contexts)]
    if "sentinel_result" in found.raw:
        evidence["swk_uitslag"] = found.raw["sentinel_result"].where(~_is(found, "sentinel", "no"))
        nodes.append(Evidence("ncr_swk", "swk_uitslag", year_column="incjr"))
    if "marked_result" in found.raw:
        evidence["mari_uitslag"] = found.raw["marked_result"].where(~_is(found, "marked_node", "no"))
        nodes.append(Evidence("ncr_mari", "mari_uitslag", year_column="incjr"))
    return evidence, tuple(nodes)
