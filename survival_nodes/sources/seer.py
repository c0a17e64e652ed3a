"""What a file of SEER says of its patients, however it was exported: follow-up, cause of death, tumour, treatment, and the nodal fields over the eras."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ..units import format_count
from .delimited import TextTable
from .item_words import m_word, t_word
from .layout import Fields, Layout, find_titles, read_fields
from .reading import LeftOut, Reading, Wishes, input_file
from .registry_items import cause_of, neoadjuvant_of
from .seer_eras import era_evidence
from .source_frames import first_of_patient, with_kept
from .text_columns import distinct, each_distinct

_AGE = re.compile(r"0*(\d{1,3})(\+?)(?: years?)?", re.IGNORECASE)
_SITE = re.compile(r"[cC]?(\d\d)\.?(\d)(?:\D.*)?")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
_EDITIONS = ("7", "6", "combined", "eod", "adjusted")
_FOLLOWED = ("Follow-up is the column {!r} in whole months; whether patients without news are presumed alive to the study cut-off is as the database has it.")
_NONE_OR_UNKNOWN = "SEER does not tell no radiotherapy or chemotherapy from not known: both are read as no."
_BY_RECODE = ("The cause of death is the recode of the certificate (column {!r}), in which breast cancer is the breast alone; "
              "the cause-specific classification of SEER, which is not in the file, counts by the sequence of tumours and other sites as well.")
_BY_INDICATOR = "The sequence number is not in the file; a first malignant primary, by its indicator, is read as sequence number 1, others as not known."


def seer_reading(table: TextTable, layout: Layout, wished: Wishes, source: str, notes: Sequence[str] = ()) -> Reading:
    """Read a table of text whose columns have the names of a layout of SEER.

    Raises
    ------
    UsageError
        If a column to keep is not there.
    InputError
        If survival months, vital status or the year of diagnosis is not there.
    """
    found = _fields(layout, _without_thousands(table.frame), table.name)
    stitched = era_evidence(found.raw, found.frame["diagnosis_year"])
    cause, cause_said, cause_notes = _cause(found)
    columns = {**dict(found.frame.items()), **_own_columns(found), "cause": cause, "era": stitched.era}
    more_notes = _complete(columns, found, dict(layout.own["later"]))
    frame = pd.DataFrame(columns, copy=False)
    told = (*notes, _FOLLOWED.format(found.titles["years"]), *stitched.notes, *cause_notes, *more_notes)
    return Reading(
        source=source, files=(input_file(table),), frame=with_kept(frame, table.frame, wished.keep, table.name) if wished.keep else frame,
        evidence=stitched.evidence, nodes=stitched.nodes, time_unit="months", steps=_one_tumour(frame), citation=layout.citation, notes=told,
        said=(*found.said, *stitched.said, *cause_said), policy=wished.policy)


def _fields(layout: Layout, frame: pd.DataFrame, name: str) -> Fields:
    """Read the fields. Of two fields of other years whose names differ by the years alone, only the one that is there is read."""
    titles = find_titles(layout, frame.columns)
    names = {each.name: [_letters(title) for title in each.titles] for each in layout.fields}
    pairs = [(later, first) for later, first in dict(layout.own["later"]).items() if later in titles and titles[later] == titles.get(first)]
    apart = {first if _letters(titles[later]) in names[later] else later for later, first in pairs} | {"patient_id"}
    found = read_fields(replace(layout, fields=tuple(each for each in layout.fields if each.name not in apart)), frame, name)
    if "patient_id" not in titles:
        return found
    patients = frame[titles["patient_id"]]  # as many values as patients: they are not looked at one by one
    patients = patients if patients.dtype.kind in "iu" else patients.astype(object)
    blank = (patients == "").to_numpy()
    patients = patients.where(~blank, None) if blank.any() else patients
    columns = {"patient_id": patients, **dict(found.frame.items())}
    return replace(found, frame=pd.DataFrame(columns, copy=False), titles={**found.titles, "patient_id": titles["patient_id"]})


def _letters(title: str) -> str:
    return re.sub(r"[^a-z0-9]", "", title.casefold())


def _without_thousands(frame: pd.DataFrame) -> pd.DataFrame:
    """Take the separators of thousands out of whole numbers."""
    changed = {}
    for name in frame.columns[[kind.kind not in "iuf" for kind in frame.dtypes]]:
        words = frame[name].cat.categories if isinstance(frame[name].dtype, pd.CategoricalDtype) else frame[name].iloc[:2000]
        if any("," in word and _THOUSANDS.fullmatch(word) for word in words):
            changed[name] = each_distinct(frame[name], lambda word: word.replace(",", "") if _THOUSANDS.fullmatch(word) else word)
    return frame.assign(**changed) if changed else frame


def _own_columns(found: Fields) -> dict[str, pd.Series]:
    """Give what has to be read out of a text: vital status, age, site, T, M and the size of the tumour."""
    raw = found.raw
    columns = {"event": _mapped(raw["vital"], {"alive": 0.0, "dead": 1.0}.get)}
    if "age_written" in raw:
        columns["age"] = _mapped(raw["age_written"], _age)
    if "site" in raw:
        columns["topography"] = each_distinct(raw["site"], _topography)
    for name, letter, word in (("t_category", "t", t_word), ("m_category", "m", m_word)):
        fields = [raw[f"{letter}_{edition}"] for edition in _EDITIONS if f"{letter}_{edition}" in raw]
        if fields:
            columns[name] = _first_known([each_distinct(values, word) for values in fields])
    sizes = [_mapped(raw[name], _size) for name in ("size_summary", "size_cs") if name in raw]
    if sizes:
        columns["tumour_mm"] = sizes[0] if len(sizes) == 1 else sizes[0].where(sizes[0].notna(), sizes[1])
    return columns


def _mapped(values: pd.Series, change) -> pd.Series:
    """Make numbers of the distinct values of a column; what is none becomes missing."""
    codes, words = distinct(values)
    numbers = np.array([*(np.nan if (number := change(word)) is None else number for word in words), np.nan], dtype=float)
    return pd.Series(numbers[codes], index=values.index)


def _age(word: str) -> float | None:
    """Read an age in single years; that of the oldest group is its lower end."""
    match = _AGE.fullmatch(word)
    return float(match[1]) if match and float(match[1]) <= 120 else None


def _topography(word: str) -> str | None:
    """Read a site of ICD-O-3 as code, label or number.

    >>> [_topography(word) for word in ("C504", "C50.4-Upper-outer quadrant of breast", "509", "Breast")]
    ['C50.4', 'C50.4', 'C50.9', None]
    """
    match = _SITE.fullmatch(word)
    return f"C{match[1]}.{match[2]}" if match else None


def _size(word: str) -> float | None:
    """Give a size of 1 to 988 mm; the codes above it are no sizes."""
    return float(word) if re.fullmatch(r"\d{1,3}(\.0)?", word) and 1 <= float(word) <= 988 else None


def _first_known(columns: Sequence[pd.Series]) -> pd.Series:
    """Take the first column that is not missing; all hold the words of one dictionary."""
    words = sorted({word for values in columns for word in distinct(values)[1]})
    place = np.full(len(columns[0]), -1)
    for values in columns:
        codes, own = distinct(values)
        moved = np.array([*(words.index(word) for word in own), -1])[codes]
        place = np.where(place < 0, moved, place)
    return pd.Series(pd.Categorical.from_codes(place, categories=pd.Index(words, dtype=object)), index=columns[0].index)


def _cause(found: Fields) -> tuple[pd.Series, tuple[str, ...], tuple[str, ...]]:
    """Tell the cause of death by the classifications of SEER; where there is neither, by the recode of the certificate."""
    raw = found.raw
    if "cause_specific" in raw or "other_cause" in raw or "cause_of_death" not in raw:
        return *cause_of(raw["vital"], raw.get("cause_specific"), raw.get("other_cause")), ()
    of_breast = each_distinct(raw["cause_of_death"], lambda word: {"breast": "1", "alive": None}.get(word, None if word.isdigit() and len(word) < 5 else "0"))
    return *cause_of(raw["vital"], of_breast), (_BY_RECODE.format(found.titles["cause_of_death"]),)


def _complete(columns: dict[str, pd.Series], found: Fields, later: dict[str, str]) -> list[str]:
    """Fill columns from others that say the same of other years, or more; give what a reader must know of them."""
    raw, notes = found.raw, []
    if "not_followed" in raw:
        columns["years"] = columns["years"].mask(raw["not_followed"].eq("not followed").to_numpy())
    for name in set(later) & set(columns):
        values, first = columns.pop(name), later[name]
        columns[first] = _first_known([columns[first], values]) if first in columns else values.rename(first)
    if "reporting_source" in raw:
        after_death = each_distinct(raw["reporting_source"], lambda word: word if word in ("autopsy", "death certificate") else None)
        columns["confirmation"] = _first_known([after_death, *([columns["confirmation"]] if "confirmation" in columns else [])])
    if "first_malignant" in raw and "sequence_number" not in columns:
        columns["sequence_number"] = _mapped(raw["first_malignant"], {"yes": 1.0}.get)
        notes.append(_BY_INDICATOR)
    neoadjuvant = neoadjuvant_of(raw)
    if neoadjuvant is not None:
        columns["neoadjuvant"] = neoadjuvant
    if "patient_id" not in columns:
        columns["patient_id"] = pd.Series(np.arange(1, len(raw) + 1).astype(str).astype(object), index=raw.index)
        notes.append("The file does not name the patients: each row is taken for a patient of its own.")
    if "age_written" in raw:
        notes += _oldest(raw["age_written"])
    return notes + ([_NONE_OR_UNKNOWN] if {"radiotherapy", "chemotherapy"} & set(columns) else [])


def _oldest(ages: pd.Series) -> list[str]:
    codes, words = distinct(ages)
    open_ended = np.array([*(bool((match := _AGE.fullmatch(word)) and match[2]) for word in words), False], dtype=bool)
    n = int(open_ended[codes].sum())
    return [f"The age of {format_count(n)} patient{'s' * (n != 1)} in the oldest, open group is read as its lower end."] if n else []


def _one_tumour(frame: pd.DataFrame) -> tuple[LeftOut, ...]:
    """Keep one tumour of a patient: the first by sequence number, then by year."""
    if not frame["patient_id"].duplicated().any():
        return ()
    keys = [frame[name] for name in ("sequence_number", "diagnosis_year") if name in frame]
    keep = first_of_patient(frame["patient_id"], *keys)
    return (LeftOut("one tumour a patient", f"further tumours of a patient ({format_count(int((~keep).sum()))} rows)", keep),)
