"""The sources: one module a source, one entry here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pandas as pd

from ..cohort import Cohort, Rule
from ..errors import UsageError, unknown_name
from .examples import EXAMPLES
from .reading import Reading, Selection, cohort_of_reading
from .text_pieces import Watch


@dataclass(frozen=True)
class Source:
    """A kind of file that can be read: its name, what it is, what the file looks like, and the module and the name of its reader."""

    name: str
    title: str
    reads: str
    module: str
    reader: str

    @property
    def read(self) -> Callable[..., Reading]:
        """The reader (path and options to a Reading); its module is loaded on first use."""
        return getattr(import_module(f".{self.module}", __package__), self.reader)


SOURCES = (
    Source(
        "own-file", "a file of your own, by a mapping of its columns, units and codes",
        "CSV, TSV or other delimited text, also gzipped; Excel, Parquet, Stata, SPSS, SAS (extra `io`)", "own_file", "read_own_file"),
    Source(
        "seer-stat", "SEER, case listing of SEER*Stat", "delimited text of labels or codes with its dictionary (.dic), also gzipped",
        "seer_stat", "read_seer_stat"),
    Source(
        "seer-fixed-width", "SEER, text files of fixed width", "fixed-width text with the SAS program that lays it out, also gzipped",
        "seer_fixed_width", "read_seer_fixed_width"),
    Source(
        "ncdb-puf", "National Cancer Database, Participant User File (breast)",
        "fixed columns with its SAS, SPSS or Stata program; delimited text with its names; also gzipped", "ncdb_puf", "read_ncdb_puf"),
    Source(
        "naaccr", "NAACCR records of a cancer registry",
        "NAACCR XML; fixed columns of versions 16 and 18; delimited text with item ids, numbers or names; also gzipped", "naaccr", "read_naaccr"),
    Source("cbioportal", "a study of cBioPortal, staging file of patients", "data_clinical_patient.txt, with its lines of #", "cbioportal", "read_cbioportal"),
    Source(
        "cbioportal-web", "a study of cBioPortal, as its web page exports it", "STUDY_clinical_data.tsv, a row a sample",
        "cbioportal", "read_cbioportal_web"),
    Source("gdc", "Genomic Data Commons, clinical tables", "clinical.tsv of the portal, old and new; BCR Biotab with its follow-up files", "gdc", "read_gdc"),
    Source("xena", "UCSC Xena, phenotype of a GDC cohort", "PROJECT.GDC_phenotype.tsv, also gzipped", "xena", "read_xena"),
    Source(
        "tcga-cdr", "TCGA Clinical Data Resource (Liu 2018), with pN from another file", "the workbook (extra `io`), or its sheet as CSV",
        "tcga_cdr", "read_tcga_cdr"),
    Source("metabric", "METABRIC, patient file of cBioPortal: node counts only", "data_clinical_patient.txt of brca_metabric", "metabric", "read_metabric"),
    Source("scan-b", "SCAN-B (Sweden), GSE96058 or Staaf 2022", "series matrix files (also gzipped), their folder, or the workbook", "scan_b", "read_scan_b"),
    Source(
        "nkr-synthetic", "synthetic data of the Netherlands Cancer Registry (IKNL), breast", "NKR_IKNL_breast_syntheticdata.csv, also gzipped",
        "nkr_synthetic", "read_nkr_synthetic"),
    Source(
        "simulacrum", "Simulacrum, synthetic cancer registry of England", "sim_av_tumour.csv with sim_av_patient.csv, or their folder; also gzipped",
        "simulacrum", "read_simulacrum"),
)


def source_names() -> tuple[str, ...]:
    """Name the sources.

    >>> source_names()[0]
    'own-file'
    """
    return tuple(source.name for source in SOURCES)


def sources() -> pd.DataFrame:
    """List the sources: `name`, `title`, `reads`."""
    return pd.DataFrame([(source.name, source.title, source.reads) for source in SOURCES], columns=["name", "title", "reads"])


def examples() -> pd.DataFrame:
    """List the example cohorts: `name`, `title`."""
    return pd.DataFrame([(each.name, each.title) for each in EXAMPLES], columns=["name", "title"])


def read_rows(path: str | Path, source: str = "own-file", *, watch: Watch | None = None, **options: object) -> Reading:
    """Read a file into rows in our words, before anybody is left out; for checks of its quality.

    Parameters, errors: as `read_cohort`.
    """
    by_name = {each.name: each for each in SOURCES}
    if source not in by_name:
        raise UsageError(unknown_name("source", source, by_name))
    return by_name[source].read(path, watch=watch, **options)


def read_cohort(
    path: str | Path, source: str = "own-file", *, rules: str | Rule | Sequence[str | Rule] = (), without: str | Sequence[str] = (),
    zero_follow_up: str | None = None, watch: Watch | None = None, **options: object,
) -> Cohort:
    """Read a file into a cohort.

    Parameters
    ----------
    path
        The file; it is never changed.
    source
        What kind of file it is; `sources()` lists them.
    rules, without, zero_follow_up
        Cohort rules applied after reading, as `Cohort.select` takes them; none where nothing is said.
    watch
        Called from time to time with the fraction that has been read.
    **options
        The source's own. Of `own-file`: `mapping` (a `Mapping` or the path of one in TOML), `columns`, `time_unit`, `codes`,
        `levels`, `delimiter`, `encoding`, `decimal`, `missing`, `sheet`, `labels`, `keep` (columns read beside those the mapping names;
        None: all). Of the others: `columns` (our name -> the file's),
        `codes` (our name -> code -> our word), `keep` (further columns, as text), `policy` (of the nodal classification), and what
        their modules name.

    Raises
    ------
    UsageError
        If there is no such file or source, or an option or the mapping is not known.
    InputError
        If the file does not hold what it should; rows are numbered from the first after the header, values are not shown.
    """
    cohort = cohort_of_reading(read_rows(path, source, watch=watch, **options))
    return Selection(rules, without, zero_follow_up).of(cohort)
