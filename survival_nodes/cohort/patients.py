"""Whose the rows are: one row a patient, several pieces of follow-up of one, or one row for many identical patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Patients:
    """Rows as patients.

    Attributes
    ----------
    codes : int64 array, shape (n,), or None
        Whose row it is; None where every row has a patient of its own.
    repeats : int64 array, shape (n,), or None
        How many identical patients each row stands for; None for one each.
    n_rows : int
        Rows there are.
    """

    codes: np.ndarray | None
    repeats: np.ndarray | None
    n_rows: int

    def count(self, rows: np.ndarray | None = None) -> int:
        """Count the patients of some rows (a boolean mask; None for all); one in several of them counts once.

        >>> Patients(None, np.array([3, 1]), 2).count(), Patients(np.array([0, 0, 1]), None, 3).count(np.array([True, True, False]))
        (4, 1)
        """
        if self.codes is None:
            return self.count_rows(rows)
        chosen = self.codes if rows is None else self.codes[rows]
        found, first = np.unique(chosen, return_index=True)
        return len(found) if self.repeats is None else int((self.repeats if rows is None else self.repeats[rows])[first].sum())

    def count_rows(self, rows: np.ndarray | None = None) -> int:
        """Count some rows, each as often as it stands for a patient."""
        if self.repeats is None:
            return self.n_rows if rows is None else int(np.count_nonzero(rows))
        return int(self.repeats.sum() if rows is None else self.repeats[rows].sum())

    def tally(self, places: np.ndarray, n: int, rows: np.ndarray) -> np.ndarray:
        """Count the patients of some rows (a boolean mask) by a place of theirs, int64, shape (n,); one in several rows counts by the first."""
        chosen = np.flatnonzero(rows)
        if self.codes is not None:
            chosen = chosen[np.unique(self.codes[chosen], return_index=True)[1]]
        return np.bincount(places[chosen], None if self.repeats is None else self.repeats[chosen], minlength=n).astype(np.int64)

    def all_rows_of(self, rows: np.ndarray) -> np.ndarray:
        """Mark every row of the patients who have one of these (a boolean mask)."""
        return rows if self.codes is None else np.isin(self.codes, self.codes[rows])


def patients_of(ids: pd.Series, repeats: np.ndarray | None, in_pieces: bool) -> Patients:
    """Tell whose the rows are; a patient stands in several rows only where some are entered late, so else no identity need be read."""
    codes = None
    if in_pieces and not ids.is_unique:
        codes = pd.factorize(ids)[0]
    return Patients(codes, repeats, len(ids))
