"""NAACCR records: XML, fixed columns of versions 16 and 18, or an export with item ids, numbers or names as header."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..errors import UsageError, unknown_name
from .item_words import first_known, partial_date, years_of
from .layout import Fields, adapted, code_key, read_fields, read_layout
from .naaccr_columns import first_breast_tumours, path_n_evidence, told_columns, with_treatment
from .naaccr_follow_up import KINDS, follow_up_of
from .naaccr_tables import naaccr_table
from .reading import Reading, Wishes, input_file
from .registry_items import cause_of
from .seer_eras import era_evidence
from .source_frames import with_kept
from .text_columns import each_distinct
from .text_content import Watch

_CAUSES = ("cause_specific", "cause_other", "death_code")
_NO_CAUSE = ("0000", "7777", "7797")  # alive; no death certificate; no underlying cause coded on it


def read_naaccr(
    path: str | Path, *, follow_up: str | None = None, delimiter: str | None = None, encoding: str = "utf-8", watch: Watch | None = None, **wishes: object,
) -> Reading:
    """Read NAACCR records.

    Parameters
    ----------
    path
        NAACCR XML, or records of fixed columns (versions 16 and 18), or delimited text with item ids, numbers or names as header; plain or gzipped.
    follow_up
        `presumed-alive` (who is not known to have died is followed up to the cut-off of the study) or `active` (up to the last
        contact); None takes the one that is known of more tumours.
    delimiter
        Of delimited text; None takes the one that its header holds most.
    encoding
        Of text; XML says its own.
    watch
        Told from time to time which fraction has been read.
    **wishes
        `columns`, `codes`, `keep` (further items, by id or by the name in the header), `policy`.

    Raises
    ------
    UsageError
        If there is no such file or option, or no item that is to be kept.
    InputError
        If it is another file, or a damaged one.
    """
    wished = Wishes.of(wishes, own=("follow_up", "delimiter", "encoding"))
    if follow_up is not None and follow_up not in KINDS:
        raise UsageError(unknown_name("kind of follow-up", follow_up, KINDS))
    layout = adapted(read_layout("naaccr"), wished.columns, wished.codes)
    table, kept = naaccr_table(path, layout, wished.keep, delimiter=delimiter, encoding=encoding, watch=watch)
    found = read_fields(layout, table.frame, table.name)
    raw = found.raw
    dates = pd.DataFrame({name: each_distinct(raw[name], partial_date) for name in raw if name.endswith("_date")}, index=raw.index)
    follow = follow_up_of(found.frame, dates, follow_up, table.name)
    cause, contradictions = _cause(raw, follow.vital)
    frame = told_columns(found).assign(
        patient_id=_patients(found), years=follow.years, event=follow.event, survival_flag=follow.survival_flag,
        diagnosis_year=years_of(dates["diagnosis_date"]),
        **dates.drop(columns="presumed_alive_date", errors="ignore"), **_deaths(dates, follow.event), **({} if cause is None else {"cause": cause}))
    eras = era_evidence(raw, frame["diagnosis_year"])
    evidence, nodes = path_n_evidence(raw, "naaccr_tnm_path_n")
    both = pd.concat([eras.evidence, evidence.drop(columns=[name for name in evidence if name in eras.evidence])], axis=1)
    evidence, nodes = with_treatment(both, (*eras.nodes, *nodes), frame)
    return Reading(
        source="naaccr", files=(input_file(table),), frame=with_kept(frame.assign(era=eras.era), kept, wished.keep, table.name), evidence=evidence, nodes=nodes,
        time_unit=follow.unit, steps=first_breast_tumours(frame, "diagnosis_date"), citation=layout.citation,
        notes=(*follow.notes, *_notes(raw), *eras.notes), said=(*found.said, *follow.said, *contradictions, *eras.said), policy=wished.policy)


def _patients(found: Fields) -> pd.Series:
    """Tell patients apart; several registries may have given the same number."""
    patients = found.frame["patient_id"].astype(object)
    if "registry" not in found.raw or found.raw["registry"].nunique() < 2:
        return patients
    return found.raw["registry"].astype(object).fillna("") + "-" + patients


def _deaths(dates: pd.DataFrame, event: pd.Series) -> dict[str, pd.Series]:
    return {"death_date": dates["last_contact_date"].astype(object).where(event == 1)} if "last_contact_date" in dates else {}


def _cause(raw: pd.DataFrame, vital: pd.Series) -> tuple[pd.Series | None, tuple[str, ...]]:
    """Take the cause of death from the classifications of SEER, and where neither is recorded from the code of the death certificate."""
    if not any(raw[name].notna().any() for name in _CAUSES if name in raw):
        return None, ()
    recorded = first_known(raw, _CAUSES[:2])
    cause, said = cause_of(vital, raw.get("cause_specific"), raw.get("cause_other"))
    if "death_code" in raw:
        revision = raw["death_icd"].astype(object).fillna("") if "death_icd" in raw else ""
        by_certificate = each_distinct(raw["death_code"].astype(object) + "/" + revision, _certified).where(vital == "dead")
        cause = cause.astype(object).where(cause.notna() | (False if recorded is None else recorded.notna()), by_certificate)
    return cause, said


def _certified(pair: str) -> str | None:
    """Read an underlying cause with its revision of the ICD (1 the 10th, 9, 8): of the breast, or other."""
    code, _, revision = pair.partition("/")
    code = code.upper().replace(".", "").strip()
    if not code or code in _NO_CAUSE:
        return None
    tenth = code[0].isalpha() if code_key(revision) not in {"1", "8", "9"} else code_key(revision) == "1"
    return "breast-cancer" if code.startswith("C50" if tenth else ("174", "175")) else "other"


def _notes(raw: pd.DataFrame) -> tuple[str, ...]:
    told = {name for name in _CAUSES if name in raw and raw[name].notna().any()}
    by_seer = "The cause of death follows SEER's classifications, which count every cancer death of a patient with one tumour only."
    by_certificate = ("Where SEER's classifications do not stand, the cause of death is the underlying cause of the death certificate "
                      "(C50; 174 and 175 in older revisions).")
    return (
        "Sentinel node biopsy is under-reported in item 1292 before 2012.",
        *([by_seer] if told & {"cause_specific", "cause_other"} else []), *([by_certificate] if "death_code" in told else []))
