"""What NAACCR items become in a cohort, whichever file they came in: fields of the layouts `naaccr` and `ncdb`, which share their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..nodes import Evidence
from .item_words import first_known, m_category, m_word, t_category, topography_word
from .layout import Fields
from .reading import LeftOut
from .registry_items import neoadjuvant_of
from .source_frames import first_of_patient
from .text_columns import distinct, each_distinct

# Columns of the cohort: the fields that tell them, of which the first that tells anything is believed.
_TOLD_BY: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("sex", "histology", "laterality", "chemotherapy", "endocrine_therapy")},
    "confirmation": ("reporting_source", "confirmation"), "grade": ("grade", "grade_clinical", "grade_before_2018"), "er": ("er", "er_cs"),
    "pr": ("pr", "pr_cs"), "her2": ("her2", "her2_cs"), "surgery": ("surgery_from_2023", "surgery"),
    "axillary_surgery": ("axillary_surgery", "axillary_surgery_before_2012"),
    "radiotherapy": ("radiotherapy", "radiotherapy_phase_1", "no_radiotherapy"),
}
_NUMBERS_BY: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("age", "behaviour", "n_positive", "n_examined", "sentinel_positive", "sentinel_examined")},
    "sequence_number": ("sequence_number", "sequence_hospital"),
}
_T_ITEMS = ("path_t", "path_t_before_2018", "combined_t", "eod_derived_t", "clin_t", "clin_t_before_2018")
_M_ITEMS = ("path_m", "path_m_before_2018", "clin_m", "clin_m_before_2018", "combined_m", "eod_derived_m")
_M_WORDS = ("derived_m", "cs_mets")


def told_columns(found: Fields) -> pd.DataFrame:
    """Put together the columns of a cohort that do not tell of follow-up; those of which the file has no field are not there."""
    read, raw = found.frame, found.raw
    numbers = {name: first_known(read, fields) for name, fields in _NUMBERS_BY.items()}
    m_words = {**{name: each_distinct(raw[name], m_word) for name in _M_ITEMS if name in raw}, **{name: read[name] for name in _M_WORDS if name in read}}
    columns = {
        **{name: first_known(read, fields) for name, fields in _TOLD_BY.items()},
        **{name: None if values is None else values.astype("float64") for name, values in numbers.items()},
        "topography": each_distinct(raw["topography"], topography_word) if "topography" in raw else None,
        "t_category": t_category(raw, _T_ITEMS), "m_category": m_category(pd.DataFrame(m_words, index=raw.index)), "neoadjuvant": neoadjuvant_of(raw),
    }
    return pd.DataFrame({name: values for name, values in columns.items() if values is not None}, index=read.index)


def path_n_evidence(raw: pd.DataFrame, system: str) -> tuple[pd.DataFrame, tuple[Evidence, ...]]:
    """Give N as hospitals record it, as evidence of its own: up to 2017 with its edition, in the coding system named.

    From 2018 on the item after systemic treatment (1022) counts where it is recorded, else the one of 1012. The year of diagnosis is expected as column
    `year` of the evidence.
    """
    columns, nodes = {name: raw[name] for name in ("tnm_edition", "tnm_path_n", "cs_ssf4", "cs_ssf5") if name in raw}, []
    if "tnm_path_n" in raw:
        contexts = {name.removeprefix("cs_"): name for name in ("cs_ssf4", "cs_ssf5") if name in raw}
        nodes.append(Evidence(system, "tnm_path_n", "tnm_edition" if "tnm_edition" in raw else None, "year", **contexts))
    nothing = pd.Series(None, index=raw.index, dtype=object)
    after = each_distinct(raw.get("ajcc_post_path_n", nothing), _after_treatment).astype(object)
    if "ajcc_path_n" in raw or after.notna().any():
        columns["ajcc_path_n"] = after.where(after.notna(), raw.get("ajcc_path_n", nothing).astype(object))
        suffixes = [raw.get(name, nothing).astype(object) for name in ("ajcc_post_path_n_suffix", "ajcc_path_n_suffix")]
        columns["ajcc_path_n_suffix"] = suffixes[0].where(after.notna(), suffixes[1])
        nodes.append(Evidence("naaccr_ajcc_path_n", "ajcc_path_n", None, "year", suffix="ajcc_path_n_suffix"))
    return pd.DataFrame(columns, index=raw.index), tuple(nodes)


def _after_treatment(text: str) -> str | None:
    """Write an N after systemic treatment with its y; None where it is not applicable (88)."""
    return None if text == "88" else text if text.casefold().startswith("y") else f"y{text}"


def with_treatment(evidence: pd.DataFrame, nodes: Sequence[Evidence], frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Evidence, ...]]:
    """Let the first evidence tell of systemic treatment before surgery, which counts for all evidence of a patient."""
    if "neoadjuvant" not in frame or not nodes:
        return evidence, tuple(nodes)
    first, *others = nodes
    told = Evidence(first.system, first.column, first.edition_column, first.year_column, **dict(first.context_columns), neoadjuvant="neoadjuvant")
    return evidence.assign(neoadjuvant=frame["neoadjuvant"]), (told, *others)


def first_breast_tumours(frame: pd.DataFrame, date: str) -> tuple[LeftOut, ...]:
    """Keep tumours of the breast, and of each patient the first of them: by sequence number, then by the column `date`, then as they stand.

    A tumour without a site stays; so does one whose patient is not named.
    """
    codes, sites = distinct(frame["topography"]) if "topography" in frame else (np.full(len(frame), -1), np.array([], dtype=object))
    breast = np.array([*(str(site).startswith("C50") for site in sites), True])[codes]
    first = np.ones(len(frame), dtype=bool)
    keys = [frame.loc[breast, name].astype(object) for name in ("sequence_number", date) if name in frame]
    first[breast] = first_of_patient(frame.loc[breast, "patient_id"], *keys)
    return (
        LeftOut("not a tumour of the breast", "the primary site is another than C50", breast),
        LeftOut("one row a patient", "further tumours of a patient: the first is that of the lowest sequence number, then of the earliest date", first))
