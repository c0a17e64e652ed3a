"""What a study found: frames, and the tables and figures that show them; nothing is drawn yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ..figures import Figure
from ..tables import Table


@dataclass(frozen=True)
class Section:
    """A titled part of a report: its sentences, its tables and its figures, in order."""

    title: str
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, eq=False)
class Findings:
    """All that one run of a study found.

    Attributes
    ----------
    name, title : str
        A short name for files, and the title.
    synthetic : bool
        Whether the patients were made by a program.
    summary : tuple of str
        Sentences, each made from `frames`.
    sections : tuple of Section
        Tables and figures, each made from `frames`.
    ledger : DataFrame
        Exclusions: rule, reason, n_before, n_after, n_excluded.
    methods, assumptions, warnings, references : tuple of str
        Paragraphs.
    frames : Mapping of str to DataFrame
        Every result by name, at full precision.
    provenance : Mapping
        Plain values: source, inputs (name, sha256, rows), seed, settings.
    """

    name: str
    title: str
    synthetic: bool
    summary: tuple[str, ...]
    sections: tuple[Section, ...]
    ledger: pd.DataFrame
    methods: tuple[str, ...]
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]
    references: tuple[str, ...]
    frames: Mapping[str, pd.DataFrame]
    provenance: Mapping[str, object]
