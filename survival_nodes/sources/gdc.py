"""Genomic Data Commons: the portal's clinical.tsv, BCR Biotab files with their follow-ups, and the wide table of RTCGA."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from ..units import DAYS_PER_YEAR, format_count
from .delimited import TextTable, table_of
from .layout import Fields, Layout, adapted, find_titles, read_fields, read_layout
from .portals import OPEN_BEFORE_6TH, completed, header_delimiter, nodal_evidence, one_row_a_patient, patient_of, with_cautions
from .reading import Reading, Wishes, input_file
from .source_frames import with_kept
from .text_columns import each_distinct
from .text_content import Watch, read_text

_FOLLOW_UP = ("patient_id", "event", "days_to_death", "days_to_last_contact")
_NESTED = re.compile(r"(patient\.follow_ups\.follow_up(?:[-.]\d+)?)\.(vital_status|days_to_death|days_to_last_followup)")
_CDE = "CDE_ID:"


def read_gdc(path: str | Path, *, follow_ups: str | Path | Sequence[str | Path] = (), watch: Watch | None = None, **wishes: object) -> Reading:
    """Read clinical data of the Genomic Data Commons, several rows of a case brought together.

    Parameters
    ----------
    path
        `clinical.tsv` of the portal (old or new names), a BCR Biotab file of patients, or the table of RTCGA.
    follow_ups
        Further files of the same cases with later follow-up: those of BCR Biotab, or `follow_up.tsv` of the portal. Without
        them some deaths are not in the Biotab of patients.
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
    wished = Wishes.of(wishes, own=("follow_ups",))
    layout = adapted(read_layout("gdc"), wished.columns, wished.codes)
    table, is_biotab = _table(path, watch)
    later = [_table(each, watch)[0] for each in ((follow_ups,) if isinstance(follow_ups, (str, Path)) else follow_ups)]
    found = read_fields(layout, table.frame, table.name)
    case = each_distinct(found.frame["patient_id"].astype(object), patient_of)
    chosen = _rows_of_the_primary(found.raw, case)
    settled, disagree = _settled(found, case, chosen)
    evidence, nodes = nodal_evidence(str(layout.own["system"]), settled)
    frame = completed(settled).assign(patient_id=case, **_followed(case, [found, *_nested(table, layout), *(_later(each, layout) for each in later)]))
    notes = [f"Follow-up was taken from {each.name} too." for each in later]
    if is_biotab and not later:
        notes.append("BCR Biotab keeps later follow-up in files of its own: without them (follow_ups=) some deaths are missing, and survival looks too good.")
    return with_cautions(Reading(
        source="gdc", files=tuple(map(input_file, (table, *later))), frame=with_kept(_aged(frame), table.frame, wished.keep, table.name),
        evidence=evidence, nodes=nodes, time_unit="days", steps=_steps(case, chosen), citation=layout.citation, notes=tuple(notes),
        said=(*found.said, *disagree), policy=wished.policy_or(OPEN_BEFORE_6TH)))


def _table(path: str | Path, watch: Watch | None) -> tuple[TextTable, bool]:
    """Read a table, and whether it is a BCR Biotab: two further lines of names below its header, the second of them of CDE identifiers."""
    text = read_text(path)
    is_biotab = any(_CDE in line for line in text.lines(3)[1:])
    if is_biotab:
        header, _, _, rows = text.content.split(b"\n", 3)
        # The name that the portal uses for an age in days.
        header = re.sub(rb"(?<![\w.])age_at_diagnosis(?![\w.])", b"age_at_initial_pathologic_diagnosis", header)
        text = replace(text, content=header + b"\n" + rows)
    return table_of(text, header_delimiter(text), number_doubles=True, watch=watch), is_biotab


def _rows_of_the_primary(raw: pd.DataFrame, case: pd.Series) -> np.ndarray:
    """Choose the rows of each case that tell of its primary disease; all of them, where none is said to."""
    chosen = pd.Series(True, index=case.index)
    for name, word in (("is_primary", "true"), ("classification", "primary")):
        if name in raw:
            it_is = chosen & (raw[name].astype(object).str.casefold() == word)
            chosen &= it_is | ~it_is.groupby(case).transform("any")
    return chosen.to_numpy()


def _settled(found: Fields, case: pd.Series, chosen: np.ndarray) -> tuple[Fields, tuple[str, ...]]:
    """Give every row what the chosen rows of its case say, the first that says anything, and count the cases whose rows disagree."""
    said = []

    def of_the_case(values: pd.Series) -> pd.Series:
        told = values.astype(object).where(chosen)
        n = int((told.groupby(case).nunique() > 1).sum())
        if n and values.name not in {*_FOLLOW_UP, "is_primary", "classification"}:
            said.append(f"column {found.titles[values.name]!r}: {n} case{'s' * (n != 1)} whose rows disagree; the first that says anything is taken")
        return told.groupby(case).transform("first").astype(values.dtype)

    frame, raw = found.frame.apply(of_the_case), found.raw.apply(of_the_case)
    return replace(found, frame=frame, raw=raw), tuple(dict.fromkeys(said))


def _followed(case: pd.Series, found: Sequence[Fields]) -> dict[str, pd.Series]:
    """Follow each case over all of its rows, in all files: dead where any says so, then to the day of death; else to the last contact of all."""
    told = pd.concat([each.frame.reindex(columns=list(_FOLLOW_UP)) for each in found], ignore_index=True)
    told["patient_id"] = told["patient_id"].astype(object).map(patient_of, na_action="ignore")
    last = told.groupby("patient_id")[["event", "days_to_death", "days_to_last_contact"]].max()
    days = last["days_to_death"].where(last["event"] == 1, last["days_to_last_contact"])
    return {"years": case.map(days), "event": case.map(last["event"])}


def _later(table: TextTable, layout: Layout) -> Fields:
    """Read a file of follow-ups: whose they are, and days; a vital status where it has one."""
    wanted = [replace(each, needed=each.name == "patient_id") for each in layout.fields if each.name in _FOLLOW_UP]
    found = read_fields(replace(layout, fields=tuple(wanted)), table.frame, table.name)
    if not {"days_to_death", "days_to_last_contact"} & set(found.frame):
        raise InputError(f"{table.name!r} holds neither days to death nor days to the last contact: is it a file of follow-ups?")
    return found


def _nested(table: TextTable, layout: Layout) -> list[Fields]:
    """Read the follow-ups that stand beside each other in the table of RTCGA, one after the other."""
    groups: dict[str, dict[str, str]] = {}
    for title in table.frame.columns:
        match = _NESTED.fullmatch(str(title))
        if match:
            groups.setdefault(match[1], {})[title] = match[2]
    patient = find_titles(layout, table.frame.columns)["patient_id"]
    parts = [table.frame[[patient, *titles]].set_axis(["bcr_patient_barcode", *titles.values()], axis=1) for titles in groups.values()]
    return [_later(replace(table, frame=part), layout) for part in parts if {"days_to_death", "days_to_last_followup"} & set(part)]


def _aged(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the age in years, from that in days where there is no other."""
    if "age_days" in frame:
        years = frame["age_days"] / DAYS_PER_YEAR
        frame = frame.assign(age=frame["age"].fillna(years) if "age" in frame else years)
    return frame.drop(columns=["age_days", "days_to_death", "days_to_last_contact"], errors="ignore")


def _steps(case: pd.Series, chosen: np.ndarray) -> tuple:
    if not case.duplicated().any():
        return ()
    n = format_count(case.nunique())
    return (one_row_a_patient(case, chosen, f"further rows of the {n} cases, a row for each treatment or diagnosis"),)
