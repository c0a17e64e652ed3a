"""How follow-up ends, by cause: words read once into small integers, which counting and models compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .grouping import Coded


@dataclass(frozen=True, eq=False)
class Causes:
    """Rows by the cause of their event.

    Attributes
    ----------
    codes : array, shape (n,)
        Small integers: 0 without an event, k for the k-th declared cause, -1 for an event without a declared one.
    unclear : bool array, shape (n,), or None
        The events without a declared cause; None where there are none.
    hidden : bool array, shape (n,), or None
        Rows that have a declared cause and no event, as the endpoint censors it; None where there are none.
    n : int
        Declared causes.
    """

    codes: np.ndarray
    unclear: np.ndarray | None
    hidden: np.ndarray | None
    n: int

    def places(self, wanted: Sequence[int]) -> np.ndarray:
        """Give the place in `wanted` (declared causes by number, from 0), from 1, of each row's cause; 0 for all other rows.

        >>> Causes(np.array([0, 2, 1], dtype=np.int8), None, None, 2).places([1]).tolist()
        [0, 1, 0]
        """
        if list(wanted) == list(range(self.n)):
            return self.codes
        if len(wanted) == 1:
            return (self.codes == wanted[0] + 1).view(np.int8)
        lookup = np.zeros(self.n + 1, dtype=self.codes.dtype)
        lookup[np.asarray(wanted, dtype=np.int64) + 1] = np.arange(1, len(wanted) + 1)
        return lookup[self.codes]


def causes_of(event: np.ndarray, cause: Coded | None, declared: Sequence[str]) -> Causes:
    """Bring event (0/1) and cause together; `declared` may name the word of no cause, `none`."""
    known = [word for word in declared if word != "none"]
    smallest = np.min_scalar_type(-max(len(known), 1))
    lookup = np.array([*(known.index(word) + 1 if word in known else -1 for word in (cause.order if cause else ())), -1], dtype=smallest)
    named = lookup[cause.codes] if cause else np.full(len(event), -1, dtype=smallest)
    codes = named * event.astype(smallest, copy=False)
    codes.flags.writeable = False
    return Causes(codes, _some(codes < 0), _some((named > 0) & (event == 0)), len(known))


def _some(rows: np.ndarray) -> np.ndarray | None:
    return rows if rows.any() else None
