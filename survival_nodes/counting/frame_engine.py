"""A pandas frame counted in memory, so that one spec holds for every engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError, UsageError
from .relations import Column, EngineOptions, ScannedFile


class FrameEngine:
    """Frames of pandas; files are not read."""

    name = "memory"

    def __init__(self, options: EngineOptions) -> None:
        del options

    @staticmethod
    def owns(table: object) -> bool:
        """Tell whether a table is a frame of pandas."""
        return isinstance(table, pd.DataFrame)

    def parquet_signatures(self, paths: Sequence[str]) -> list[tuple[object, int]]:
        """Refuse files."""
        raise _no_files()

    def read_parquet(self, paths: Sequence[str]) -> Any:
        """Refuse files."""
        raise _no_files()

    def read_text(self, paths: Sequence[str], titles: Sequence[str], delimiter: str, encoding: str) -> Any:
        """Refuse files."""
        raise _no_files()

    def renamed(self, table: Any, names: Sequence[str]) -> Any:
        """Give the frame with other names."""
        return table.set_axis(list(names), axis=1)

    def look_up(self, table: Any, columns: Mapping[str, Sequence[str] | np.ndarray]) -> Any:
        """Give a small frame."""
        return pd.DataFrame(dict(columns))

    def fetch(self, table: Any) -> dict[str, Column]:
        """Give the columns of a frame."""
        return {name: _column(table[name]) for name in table}

    def explain(self, problem: Exception, files: Sequence[ScannedFile]) -> UsageError | InputError | None:
        """Leave every exception as it is."""
        return None


def _column(values: pd.Series) -> Column:
    missing = values.isna().to_numpy(dtype=bool)
    if pd.api.types.is_bool_dtype(values.dtype):
        values = values.fillna(False).astype(bool)
    elif pd.api.types.is_integer_dtype(values.dtype):
        values = values.fillna(0).astype(np.int64)
    elif isinstance(values.dtype, (pd.CategoricalDtype, pd.StringDtype)):
        values = values.astype(object)
    return values.to_numpy(), missing


def _no_files() -> UsageError:
    return UsageError('the memory engine counts a pandas frame: read files with read_cohort, or count them with engine="duckdb"')
