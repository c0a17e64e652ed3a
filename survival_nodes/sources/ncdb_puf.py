"""The Participant User File of the National Cancer Database: fixed columns, read by the SAS, SPSS or Stata program that is delivered with it, or an export."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError, UsageError
from ..nodes import Evidence
from ..units import format_count
from .delimited import TextTable
from .fixed_width import Span, read_fixed_width, sas_layout
from .layout import Layout, adapted, find_titles, read_fields, read_layout
from .naaccr_columns import first_breast_tumours, path_n_evidence, told_columns, with_treatment
from .naaccr_tables import delimited_items, first_line, kept_items
from .naaccr_xml import start_of
from .reading import Reading, Wishes, input_file
from .source_frames import with_kept
from .text_content import existing_file, open_text
from .text_pieces import Watch

_PROGRAMS = (".sas", ".sps", ".spss", ".do", ".dct", ".txt")
# Where each program lists the columns: the INPUT statement of SAS, DATA LIST of SPSS, infix of Stata.
_BLOCKS = re.compile(r"\binput\b(.*?);|\bdata\s+list\b(.*?)\.\s*(?:\n|$)|\binfix\b(.*?)(?:\busing\b|$)", re.IGNORECASE | re.DOTALL)
_COLUMN = re.compile(r"\b([A-Za-z_]\w*)\s+(?:\$\s*)?(\d+)(?:\s*-\s*(\d+))?(?![\w.])")
_NOTES = (
    "The National Cancer Database holds patients of hospitals accredited by the Commission on Cancer; it is not population-based.",
    "It holds no cause of death: survival is overall survival only.",
    "A row is a case; cases of one patient cannot be linked, and those with a sequence number other than 0 had further cancers.",
    "Age 90 stands for 90 and older. Before 2012 surgery of the nodes is recorded as done or not, without its kind.",
)


def read_ncdb_puf(
    path: str | Path, *, labels: str | Path | None = None, delimiter: str | None = None, encoding: str = "utf-8", watch: Watch | None = None, **wishes: object,
) -> Reading:
    """Read a Participant User File of breast cancer.

    Parameters
    ----------
    path
        The file of fixed columns, or an export with the names of the items as header; plain or gzipped.
    labels
        The SAS, SPSS or Stata program that is delivered with the file and says where each column stands (its value labels are not
        needed); None looks beside the file for one of the same name, else for the only one.
    delimiter, encoding, watch
        As `read_naaccr`.
    **wishes
        `columns`, `codes`, `keep`, `policy`.

    Raises
    ------
    UsageError
        If there is no such file or option, or no item that is to be kept.
    InputError
        If it is another file, or a damaged one, or no program tells where its columns stand.
    """
    wished = Wishes.of(wishes, own=("labels", "delimiter", "encoding"))
    layout = adapted(with_naaccr_codes(read_layout("ncdb")), wished.columns, wished.codes)
    table, there = _table(Path(path), layout, wished.keep, labels, delimiter, encoding, watch)
    kept = kept_items(table, wished.keep, {name: name for name in wished.keep if name in table.frame}, there)
    found = read_fields(layout, table.frame, table.name)
    vital = found.frame["vital_status"].astype(object)
    frame = told_columns(found).assign(
        patient_id=found.frame["patient_id"].astype(object), years=found.frame["months"], diagnosis_year=found.frame["diagnosis_year"],
        event=vital.map({"dead": 1.0, "alive": 0.0}).astype("float64"))
    evidence, nodes = path_n_evidence(found.raw, "ncdb_path_n")
    counts = [name for name in ("nodes_positive", "nodes_examined") if name in found.raw]
    if "nodes_positive" in counts:
        nodes = (*nodes, Evidence("nodes_positive", "nodes_positive", year_column="year", **{name: name for name in counts[1:]}))
    evidence, nodes = with_treatment(evidence.assign(year=frame["diagnosis_year"], **{name: found.raw[name] for name in counts}), nodes, frame)
    return Reading(
        source="ncdb-puf", files=(input_file(table),), frame=with_kept(frame, kept, wished.keep, table.name), evidence=evidence, nodes=nodes,
        time_unit="months", steps=first_breast_tumours(frame, "diagnosis_year"), citation=layout.citation, notes=(*_NOTES, *_last_year(frame)),
        said=found.said, policy=wished.policy)


def with_naaccr_codes(layout: Layout) -> Layout:
    """Give the layout with the code tables of NAACCR where it says so."""
    naaccr = {each.name: each for each in read_layout("naaccr").fields}
    same = set(layout.own["naaccr_codes"])
    fields = (replace(each, words={**naaccr[each.name].words, **each.words}) if each.name in same else each for each in layout.fields)
    return replace(layout, fields=tuple(fields))


def program_layout(text: str) -> tuple[Span, ...]:
    """Read where the columns stand, off a SAS, SPSS or Stata program.

    >>> program_layout("INFILE 'a.dat' lrecl=9; INPUT PUF_CASE_ID $ 1-7 AGE 8-9;") == program_layout("infix str PUF_CASE_ID 1-7 int AGE 8-9 using a.dat")
    True
    >>> program_layout("DATA LIST FILE='a.dat' FIXED /PUF_CASE_ID 1-7 (A) AGE 8-9.")[1]
    Span(name='AGE', start=8, width=2, label='')
    """
    written = re.sub(r"/\*.*?\*/", " ", text.replace("\r\n", "\n").replace("\r", "\n"), flags=re.DOTALL)
    found = [sas_layout(text)]
    for block in _BLOCKS.findall(written):
        columns = _COLUMN.findall("".join(block))
        found.append(tuple(Span(name, int(start), int(end or start) - int(start) + 1) for name, start, end in columns))
    return max(found, key=len)


def _table(
    path: Path, layout: Layout, keep: tuple[str, ...], labels: str | Path | None, delimiter: str | None, encoding: str, watch: Watch | None,
) -> tuple[TextTable, list[str]]:
    """Read the file as what it is, and name what it holds."""
    first = first_line(start_of(path), encoding)
    identity = next(each for each in layout.fields if each.name == "patient_id").titles[0]
    if delimiter is not None or not first or identity.casefold() in first.casefold():
        return delimited_items(open_text(path, encoding), delimiter, layout, keep, watch)
    program = existing_file(labels) if labels is not None else _program_beside(path)
    spans = program_layout(program.read_bytes().decode("utf-8", errors="replace"))
    if not spans:
        raise InputError(f"{program.name!r} holds no columns (INPUT of SAS, DATA LIST of SPSS or infix of Stata): "
                         "give the program that came with the file as labels=")
    names = [span.name for span in spans]
    wanted = {*find_titles(layout, names).values(), *keep}
    return read_fixed_width(path, [span for span in spans if span.name in wanted], encoding=encoding, watch=watch), names


def _program_beside(path: Path) -> Path:
    """Find the program of a file: of the same name, else the only one in its folder."""
    stem = path.name.lower().removesuffix(".gz").rsplit(".", 1)[0]
    beside = sorted(each for each in path.parent.iterdir() if each.suffix.lower() in _PROGRAMS and each.name != path.name and each.is_file())
    same = [each for each in beside if each.stem.lower() == stem]
    programs = same or [each for each in beside if each.suffix.lower() != ".txt"]
    if len(programs) == 1 or (same and programs):
        return programs[0]
    listed = f"there are {', '.join(repr(each.name) for each in programs[:5])}" if programs else "there is none beside it"
    raise UsageError(f"{path.name!r} has fixed columns, and the SAS, SPSS or Stata program that says where they stand is wanted; {listed}: give it as labels=")


def _last_year(frame: pd.DataFrame) -> tuple[str, ...]:
    """Say how many of the last year of diagnosis have no vital status, which the database does not give for that year."""
    years = frame["diagnosis_year"].to_numpy(dtype=float)
    if np.isnan(years).all():
        return ()
    last = np.nanmax(years)
    of_last = frame["event"].isna().to_numpy()[years == last]
    return (f"Vital status is not given for the last year of diagnosis of a file; of {last:.0f} it is missing in {format_count(int(of_last.sum()))} of "
            f"{format_count(len(of_last))} rows.",)
