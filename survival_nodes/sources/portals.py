"""What the portals of public cohorts share: one row of several a patient, pathologic N with its edition, and what so few small deposits cannot show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError, UsageError, unknown_name
from ..nodes import Evidence, Policy
from ..units import format_count
from .delimited import TextTable, table_of
from .layout import Fields
from .reading import LeftOut, Reading
from .source_frames import first_of_patient
from .text_columns import each_distinct
from .text_content import TextContent, Watch, read_text

# pN1a before the 6th edition leaves isolated tumour cells and micrometastases open: where small deposits are compared, it stays unknown.
OPEN_BEFORE_6TH = Policy(usual_reading="unknown")
ENDPOINTS = ("overall", "progression-free")
_CONTEXT = ("neoadjuvant", "nodes_examined")
_FEW = 100  # patients in a category of small deposits
_BARCODE = 12  # characters of a TCGA barcode that name the patient


def table_below_comments(path: str | Path, *, number_doubles: bool = False, watch: Watch | None = None) -> TextTable:
    """Read delimited text, whose lines that begin with `#` stand above the header; a tab or a comma, as the header has it."""
    text = read_text(path)
    n_above = 0
    lines = text.content.split(b"\n")
    while n_above < len(lines) and lines[n_above].startswith(b"#"):
        n_above += 1
    below = replace(text, content=b"\n".join(lines[n_above:]))
    if not below.content.strip():
        raise InputError(f"{text.name!r} holds {n_above} lines that begin with # and no rows below them: fetch the whole file again")
    return table_of(below, header_delimiter(below), number_doubles=number_doubles, watch=watch)


def header_delimiter(text: TextContent) -> str:
    """Give the delimiter of the header: a tab, or a comma where there is no tab."""
    header = next((line for line in text.lines(20) if line.strip()), "")
    return "\t" if "\t" in header or "," not in header else ","


def one_row_a_patient(patient: pd.Series, preferred: np.ndarray, further: str) -> LeftOut:
    """Make the step that keeps the first preferred row of each patient, else the first; `further` says what the others are."""
    keep = first_of_patient(patient, pd.Series(~preferred))
    return LeftOut("one row a patient", f"{further} ({rows_of(~keep)})", keep)


def rows_of(mask: np.ndarray | pd.Series) -> str:
    """Say how many rows a mask holds.

    >>> rows_of(np.array([True, False])), rows_of(np.array([True, True]))
    ('1 row', '2 rows')
    """
    n = int(mask.sum())
    return f"{format_count(n)} row{'s' * (n != 1)}"


def patient_of(barcode: str) -> str:
    """Give the patient of a TCGA barcode, of a sample or of a patient, in capitals.

    >>> patient_of("tcga-a1-a0sb-01a")
    'TCGA-A1-A0SB'
    """
    return barcode.upper()[:_BARCODE] if barcode.upper().startswith("TCGA-") else barcode


def nodal_evidence(system: str, found: Fields) -> tuple[pd.DataFrame, tuple[Evidence, ...]]:
    """Give pathologic N with what belongs to it: edition, year, treatment before surgery, nodes examined; nothing where the file has no pN.

    Counts of positive nodes are no evidence here: TCGA counts those seen in haematoxylin and eosin, so a micrometastasis that
    immunohistochemistry found has none, and would contradict itself.
    """
    if "pn" not in found.raw:
        return pd.DataFrame(index=found.frame.index), ()
    columns = {name: found.raw[name] for name in ("pn", "edition", "year", "nodes_examined") if name in found.raw}
    if "neoadjuvant" in found.frame:
        columns["neoadjuvant"] = found.frame["neoadjuvant"].astype(object)
    beside = {f"{name}_column": name for name in ("edition", "year") if name in columns}
    evidence = Evidence(system, "pn", **beside, **{name: name for name in _CONTEXT if name in columns})
    return pd.DataFrame(columns), (evidence,)


def completed(found: Fields) -> pd.DataFrame:
    """Give the frame of what was read with what follows from it: behaviour of the morphology, HER2 by FISH where the stain does not tell."""
    frame = found.frame.copy()
    if "morphology" in found.raw:
        frame["behaviour"] = pd.to_numeric(found.raw["morphology"].astype(object).str.extract(r"/(\d)$", expand=False)).astype("float64")
    if {"her2", "her2_fish"} <= set(frame):
        frame["her2"] = frame["her2"].astype(object).fillna(frame["her2_fish"].astype(object)).astype("category")
    if "topography" in frame:
        frame["topography"] = each_distinct(frame["topography"], str.upper)
    return frame.drop(columns=["her2_fish"], errors="ignore")


def under_endpoint(frame: pd.DataFrame, endpoint: str) -> pd.DataFrame:
    """Make one of the follow-ups the one that ends the cohort's; overall survival stays beside progression-free survival.

    Raises
    ------
    UsageError, InputError
        If there is no such endpoint here, or not in the file.
    """
    if endpoint not in ENDPOINTS:
        raise UsageError(unknown_name("endpoint of this source", endpoint, ENDPOINTS))
    theirs = ["progression_free_years", "progression_free_event"]
    if endpoint == "overall":
        return frame.drop(columns=theirs, errors="ignore")
    if not set(theirs) <= set(frame):
        raise InputError("progression-free survival is asked for, and the file has no columns for it: leave out endpoint=")
    return frame.rename(columns={"years": "overall_years", "event": "overall_event"} | dict(zip(theirs, ("years", "event"))))


def with_cautions(reading: Reading) -> Reading:
    """Classify the nodes, and say of whom is too little known: few small deposits, and pN1a of editions that left their size open."""
    read = reading.classified()
    if "nodal_category" not in read.frame:
        return replace(read, said=(*read.said, "there is no column of pathologic N: nobody has a nodal category"))
    kept = np.logical_and.reduce([step.keep for step in read.steps]) if read.steps else np.ones(len(read.frame), dtype=bool)
    frame = read.frame[kept]
    told = [f"{n} {words} ({int((frame['event'][of] == 1).sum())} events)" for of, n, words in _small(frame)]
    few = min(n for _, n, _ in _small(frame)) < _FEW
    caution = ": survival in so small a group is known within wide limits only" if few else ""
    notes = [f"Of {format_count(len(frame))} patients {' and '.join(told)}{caution}."]
    n_open = int((frame["nodal_possible"] == "itc micro").sum())
    if n_open:
        category = "micrometastases" if read.policy.usual_reading == "use" else 'left unknown; policy="default" reads them as micrometastases'
        notes.append(f"{n_open} patient{'s have' if n_open != 1 else ' has'} pN1a of an AJCC edition before the 6th, which did not tell isolated tumour cells "
                     f"from micrometastases: {category}.")
    return replace(read, notes=(*read.notes, *notes))


def _small(frame: pd.DataFrame) -> list[tuple[pd.Series, int, str]]:
    """Give the rows, their number and the words of the two categories of small deposits."""
    of_itc, of_micro = frame["nodal_category"] == "itc", frame["nodal_category"] == "micro"
    return [(of_itc, int(of_itc.sum()), "have isolated tumour cells"), (of_micro, int(of_micro.sum()), "a micrometastasis")]
