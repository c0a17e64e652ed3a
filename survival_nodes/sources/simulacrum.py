"""Simulacrum: the synthetic cancer registry of England, its breast tumours joined to its patients."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError, UsageError, unknown_name
from ..nodes import Evidence
from ..nodes.code_table import CodeTable
from ..nodes.coding import System
from ..nodes.systems.seer_derived import EOD_LABELS
from .delimited import TextTable, first_record, table_of
from .layout import Layout, adapted, find_titles, read_fields, read_layout
from .reading import LeftOut, Reading, Wishes, input_file
from .source_frames import columns_asked_for, first_of_patient, with_kept
from .text_columns import distinct, each_distinct
from .text_content import existing_file, open_text
from .text_pieces import Watch

# The registry's best N may be clinical or pathological, as an N derived from extent of disease may be: the labels leave open what that leaves open.
_N_BEST = System(
    "simulacrum_n_best", "Simulacrum, N_BEST: clinical or pathological, and not said which", "0, 0(i+), 1mi, 1a, also with N", (7, 8),
    "https://simulacrum.healthdatainsight.org.uk/available-data/table-descriptions/",
    CodeTable("best", 2, EOD_LABELS, (7, 8), {label: label for label in EOD_LABELS}))
_ICD10 = re.compile(r"[A-Z]\d\d.*")
_NOTES = (
    "The patients are synthetic (Simulacrum): the tables resemble those of the registry of England, and no result from them is a cancer statistic.",
    "N_BEST does not say whether it is clinical or pathological: N0, N1, N2 and N3 leave the category open; N0(i+), N1mi, N1a, N1c do not.",
    "Follow-up of the living ends when the registry last traced them, of those who left the country or the register when they did.",
    "The first breast tumour of a patient is the first in the file; earlier cancers are not in it.",
)


def read_simulacrum(
    path: str | Path, *, patients: str | Path | None = None, encoding: str = "utf-8", watch: Watch | None = None, **wishes: object,
) -> Reading:
    """Read the tumour and patient tables of Simulacrum, version 1 or 2.

    Parameters
    ----------
    path
        `sim_av_tumour.csv` (also `.gz`), or the folder that holds both tables.
    patients
        `sim_av_patient.csv`, where it does not stand beside the tumours.
    encoding
        A name that Python knows.
    watch
        Told from time to time which fraction of the tumours has been read.
    **wishes
        `columns`, `codes`, `keep`, `policy`, as `Wishes`, of either table. `codes={"n_best": {"0": "N0(p)"}}` takes every N0 for pathological.

    Raises
    ------
    UsageError
        If there is no such file or option.
    InputError
        If they are not such files, or a patient stands twice among the patients.
    """
    wished = Wishes.of(wishes, own=("patients", "encoding"))
    tumour_file, patient_file = _files(Path(path), patients)
    layouts = _adapted((read_layout("simulacrum"), read_layout("simulacrum-patient")), wished)
    tumours = _table(tumour_file, layouts[0], wished.keep, encoding, watch)
    people = _table(patient_file, layouts[1], wished.keep, encoding, None)
    breast = _is_breast(tumours, layouts[0])
    found = read_fields(layouts[0], _only(tumours.frame, breast, layouts[0]), tumours.name)
    others = read_fields(layouts[1], people.frame, people.name)
    place = _places(found.frame["patient_id"], others.frame["patient_id"], people.name)
    joined = others.frame.drop(columns="patient_id").reindex(place).set_axis(found.frame.index)
    causes = others.raw.reindex(place).set_axis(found.frame.index)
    frame, fault = _follow_up(found.frame, joined.where(pd.Series(breast)), causes.get("underlying_cause"))
    beside = people.frame.drop(columns=tumours.frame.columns, errors="ignore").reindex(place).set_axis(frame.index)
    theirs = pd.concat([tumours.frame, beside], axis=1)
    frame = with_kept(frame.assign(topography=_topography(found.raw, breast)), theirs, wished.keep, f"{tumours.name}, {people.name}")
    evidence = pd.DataFrame({"N_BEST": _n_best(found.raw), "year": frame["diagnosis_year"]}, index=frame.index)
    return Reading(
        source="simulacrum", files=(input_file(tumours), input_file(people)), frame=frame, evidence=evidence, time_unit="days", synthetic=True,
        nodes=(Evidence(_N_BEST, "N_BEST", year_column="year"),), steps=_steps(frame, breast, place >= 0), citation=layouts[0].citation,
        notes=_NOTES, said=(*found.said, *others.said, *fault), policy=wished.policy)


def _files(path: Path, patients: str | Path | None) -> tuple[Path, Path]:
    """Find both tables: in a folder, its folder `data`, or beside each other."""
    folders = [path, path / "Data", path / "data"]
    tumours = _beside(folders, "sim_av_tumour") if path.is_dir() else existing_file(path)
    return tumours, Path(patients) if patients is not None else _beside([tumours.parent], "sim_av_patient")


def _beside(folders: list[Path], stem: str) -> Path:
    for folder in folders:
        for each in sorted(folder.iterdir()) if folder.is_dir() else ():
            if re.fullmatch(rf"{stem}\.csv(\.gz)?", each.name, re.IGNORECASE):
                return each
    hint = "name it with patients=" if stem == "sim_av_patient" else "name the file"
    raise UsageError(f"there is no {stem}.csv in the folder {folders[0].resolve().name!r}: {hint}")


def _adapted(layouts: tuple[Layout, Layout], wished: Wishes) -> tuple[Layout, Layout]:
    """Put the user's names and codes over the table that knows them; both know the patient."""
    known = [{each.name for each in layout.fields} for layout in layouts]
    for name in (*wished.columns, *wished.codes):
        if name not in known[0] | known[1]:
            raise UsageError(unknown_name("column of this source", name, sorted(known[0] | known[1])))

    def those(given: Mapping, names: set[str]) -> dict:
        return {name: value for name, value in given.items() if name in names}

    return tuple(adapted(layout, those(wished.columns, names), those(wished.codes, names)) for layout, names in zip(layouts, known))


def _table(path: Path, layout: Layout, keep: tuple[str, ...], encoding: str, watch: Watch | None) -> TextTable:
    text = open_text(path, encoding)
    header = [title.strip() for title in first_record(text.start, ",", text.name)]
    return table_of(text, ",", wanted=columns_asked_for(layout, header, keep, text.name), watch=watch)


def _is_breast(tumours: TextTable, layout: Layout) -> np.ndarray:
    codes, sites = distinct(tumours.frame[find_titles(layout, tumours.frame.columns)["site"]])
    return np.append([site.upper().startswith("C50") for site in sites], False).astype(bool)[codes]


def _only(frame: pd.DataFrame, rows: np.ndarray, layout: Layout) -> pd.DataFrame:
    """Blank what is said of other tumours, whose codes are not those of the breast; who they belong to stays."""
    titles = find_titles(layout, frame.columns)
    named = {titles.get("patient_id"), titles.get("sample_id")}
    return pd.DataFrame({title: frame[title] if title in named else frame[title].where(rows) for title in frame.columns}, index=frame.index)


def _places(wanted: pd.Series, there: pd.Series, name: str) -> np.ndarray:
    """Give the row of the patient of each tumour, -1 where there is none."""
    index = pd.Index(there.astype(object))
    twice = int(index[index.notna()].duplicated().sum())
    if twice:
        raise InputError(f"{name!r}: {twice} patients stand twice: one row a patient is wanted")
    place = pd.Series(np.arange(len(index)), index=index)[index.notna()].reindex(wanted.astype(object))
    return np.where(wanted.isna(), -1, place.fillna(-1).to_numpy()).astype(np.int64)


def _follow_up(tumours: pd.DataFrame, people: pd.DataFrame, underlying: pd.Series | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Give the days from diagnosis to the date of the vital status, and the cause of death of the dead."""
    last = people.pop("vital_date")
    days = (last - tumours["diagnosis_date"]).dt.days.astype("float64")
    early = int((days < 0).sum())
    dead = (people["event"] == 1).to_numpy()
    frame = tumours.assign(
        **people, years=days.where(days >= 0), last_contact_date=last, death_date=last.where(dead), diagnosis_year=tumours["diagnosis_date"].dt.year)
    if underlying is not None:
        named = each_distinct(underlying, _cause).astype(object)
        frame["cause"] = named.where(dead, np.where((people["event"] == 0).to_numpy(), "none", None))
    return frame, (f"the vital status is dated before the diagnosis in {early} rows: read as no follow-up",) if early else ()


def _cause(text: str) -> str | None:
    """Tell a death of breast cancer (C50); of several codes that disagree, or of what is no code, nothing is told.

    >>> [_cause(text) for text in ("C509", "c50", "I219", "C509,C50", "C509,I219", "?")]
    ['breast-cancer', 'breast-cancer', 'other', 'breast-cancer', None, None]
    """
    codes = [code.strip().upper() for code in text.split(",") if code.strip()]
    words = {("breast-cancer" if code.startswith("C50") else "other") if _ICD10.fullmatch(code) else None for code in codes}
    return words.pop() if len(words) == 1 else None


def _topography(raw: pd.DataFrame, breast: np.ndarray) -> pd.Series:
    """Give the site in four characters, in three where the four are of another site."""
    four = raw["topography"] if "topography" in raw else raw["site"]
    return each_distinct(four, lambda code: f"C50.{code[3]}" if re.fullmatch(r"C50\d", code.upper()) else "C50").where(breast)


def _n_best(raw: pd.DataFrame) -> pd.Series:
    values = raw["n_best"] if "n_best" in raw else pd.Series(None, index=raw.index, dtype=object)
    return each_distinct(values, lambda text: f"N{text}" if re.fullmatch(r"[0-4xX].*", text) else text)


def _steps(frame: pd.DataFrame, breast: np.ndarray, known: np.ndarray) -> tuple[LeftOut, ...]:
    """Leave out other cancers, tumours without a patient, and later breast tumours; numbers of tumours are compared as numbers."""
    mine = breast & known
    first, rows = np.ones(len(frame), dtype=bool), frame[mine]
    tumour = rows["sample_id"].astype(str) if "sample_id" in rows else pd.Series("", index=rows.index)
    first[mine] = first_of_patient(rows["patient_id"], rows["diagnosis_date"], tumour.str.len(), tumour)
    return (
        LeftOut("breast", f"tumours of another site than C50 ({int((~breast).sum())} rows)", breast),
        LeftOut("patient known", f"the patient is not among the patients ({int((breast & ~known).sum())} rows)", known),
        LeftOut("first breast tumour", f"later breast tumours of a patient ({int((~first).sum())} rows)", first),
    )
