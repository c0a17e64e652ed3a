"""One part of a study's findings, before they are gathered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from .findings import Section


@dataclass(frozen=True, eq=False)
class Part:
    """A section, the frames it shows, the sentences it gives to the summary (lower rank first) and its methods."""

    section: Section
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    summary: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    rank: int = 5
