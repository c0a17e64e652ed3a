"""Covariates of many rows, kept as they come: a table of the patterns that occur and which one a row has, and the columns that have no patterns.

A registry's covariates are a few codes and an age. A million rows of them are some thousand patterns, so what is a sum over rows of
functions of the covariates is a sum over patterns, each times how many (or how much weight) of the rows have it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .thin import moments, product


@dataclass(frozen=True, eq=False)
class Covariates:
    """Covariates of n rows in p columns.

    Attributes
    ----------
    table
        The columns that patterns have, a row a pattern; shape (u, a).
    code
        The pattern of each row, int64; shape (n,).
    dense
        The other columns, a row a column; shape (b, n).
    in_table, in_dense
        Where the columns of `table` and of `dense` stand among all p = a + b.
    """

    table: np.ndarray
    code: np.ndarray
    dense: np.ndarray
    in_table: np.ndarray
    in_dense: np.ndarray

    @classmethod
    def of(cls, matrix: np.ndarray) -> Covariates:
        """Take covariates as they are, shape (n, p)."""
        n, p = matrix.shape
        return cls(
            np.zeros((1, 0)), np.zeros(n, dtype=np.int64), np.ascontiguousarray(matrix.T, dtype=float), np.arange(0), np.arange(p))

    @property
    def n_columns(self) -> int:
        """How many columns there are."""
        return len(self.in_table) + len(self.in_dense)

    @cached_property
    def matrix(self) -> np.ndarray:
        """All columns of all rows, shape (n, p)."""
        whole = np.empty((len(self.code), self.n_columns))
        whole[:, self.in_table] = self.table[self.code]
        whole[:, self.in_dense] = self.dense.T
        return whole

    def take(self, rows: np.ndarray) -> Covariates:
        """Give some rows (a boolean mask or positions)."""
        dense = [column[rows] for column in self.dense]
        code = self.code[rows]
        return replace(self, code=code, dense=np.array(dense) if dense else np.zeros((0, len(code))))

    def only(self, columns: np.ndarray) -> Covariates:
        """Give some columns (a boolean mask of shape (p,))."""
        place, in_table, in_dense = np.cumsum(columns) - 1, columns[self.in_table], columns[self.in_dense]
        return replace(
            self, table=self.table[:, in_table], dense=self.dense[in_dense], in_table=place[self.in_table[in_table]],
            in_dense=place[self.in_dense[in_dense]])

    def counts(self, weight: np.ndarray | None = None) -> np.ndarray:
        """Count the rows of each pattern, or sum their weights; shape (u,)."""
        return self._counts if weight is None else np.bincount(self.code, weight, minlength=len(self.table))

    @cached_property
    def _counts(self) -> np.ndarray:
        return np.bincount(self.code, minlength=len(self.table))

    def moved(self, origin: np.ndarray, scale: np.ndarray) -> Covariates:
        """Give the columns less an origin (p,), over a scale (p,)."""
        table, dense = self.table - origin[self.in_table], self.dense - origin[self.in_dense, None]
        table /= scale[self.in_table]
        dense /= scale[self.in_dense, None]
        return replace(self, table=table, dense=dense)

    def means(self, weight: np.ndarray | None = None) -> np.ndarray:
        """Give the means of the columns over the rows, shape (p,)."""
        return self._means(self.counts(weight), weight)

    def _means(self, counts: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        means = np.empty(self.n_columns)
        means[self.in_table] = np.einsum("u,ua->a", counts, self.table) / counts.sum()
        means[self.in_dense] = [column.mean() if weight is None else np.average(column, weights=weight) for column in self.dense]
        return means

    def squares(self, weight: np.ndarray | None = None) -> np.ndarray:
        """Sum the squares of the columns over the rows, shape (p,)."""
        return self._squares(self.counts(weight), weight)

    def _squares(self, counts: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        squares = np.empty(self.n_columns)
        squares[self.in_table] = np.einsum("u,ua,ua->a", counts, self.table, self.table)
        squares[self.in_dense] = [np.einsum("i,i->", column, column if weight is None else column * weight) for column in self.dense]
        return squares

    def standardised(self, weight: np.ndarray | None = None) -> tuple[Covariates, np.ndarray, np.ndarray]:
        """Give the columns centred and scaled to a mean square of 1, the means and the scales (p,); a constant column has the scale 1."""
        counts = self.counts(weight)
        origin = self._means(counts, weight)
        centred = self.moved(origin, np.ones(self.n_columns))
        scale = np.sqrt(centred._squares(counts, weight) / counts.sum())
        scale = np.where(scale > 0, scale, 1.0)
        return centred.moved(np.zeros(self.n_columns), scale), origin, scale

    def second_moments(self, weight: np.ndarray | None = None, of_patterns: np.ndarray | None = None) -> np.ndarray:
        """Sum weights of rows (n,; None for 1) times the cross products of their columns; shape (p, p).

        `of_patterns` (u,) are the weights summed over the rows of each pattern, where that is known.
        """
        sums, whole = self.counts(weight) if of_patterns is None else of_patterns, np.empty((self.n_columns,) * 2)
        whole[np.ix_(self.in_table, self.in_table)] = moments(self.table.T, sums)
        for place, column in zip(self.in_dense, self.dense, strict=True):
            weighted = column if weight is None else column * weight
            mixed = np.einsum("u,ua->a", np.bincount(self.code, weighted, minlength=len(self.table)), self.table)
            whole[place, self.in_table] = whole[self.in_table, place] = mixed
        if len(self.in_dense):
            whole[np.ix_(self.in_dense, self.in_dense)] = moments(self.dense, np.ones(len(self.code)) if weight is None else weight)
        return whole

    def times(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give what the coefficients (p,) make of each pattern (u,), and of the other columns of each row (n,; nothing where there are none)."""
        of_table = product(self.table, coefficients[self.in_table, None])[:, 0]
        if not len(self.in_dense):
            return of_table, np.zeros(0)
        return of_table, np.einsum("bn,b->n", self.dense, coefficients[self.in_dense])

    def range_of(self, used: np.ndarray) -> np.ndarray:
        """Give the lowest and the highest value of each column, shape (2, p), over the patterns that are used (a boolean mask) and all rows."""
        ends = np.empty((2, self.n_columns))
        ends[:, self.in_table] = self.table[used].min(axis=0), self.table[used].max(axis=0)
        ends[:, self.in_dense] = self.dense.min(axis=1), self.dense.max(axis=1)
        return ends

    def within(self, stratum: np.ndarray | None, weight: np.ndarray | None = None) -> Covariates:
        """Give the columns less their means within strata (codes from 0, shape (n,), None for one); a pattern in two strata becomes two."""
        if stratum is None:
            return self.moved(self.means(weight), np.ones(self.n_columns))
        keys = np.multiply(stratum, len(self.table), dtype=np.int64) + self.code
        n_keys = (int(stratum.max(initial=0)) + 1) * len(self.table)
        counts = np.bincount(keys, weight, minlength=n_keys)
        used = np.flatnonzero(counts > 0)
        packed = np.zeros(n_keys, dtype=np.int64)
        packed[used] = np.arange(len(used))
        own, table = used // len(self.table), self.table[used % len(self.table)]
        n = np.bincount(own, counts[used])
        n = np.where(n > 0, n, 1.0)
        means = np.array([np.bincount(own, counts[used] * column, len(n)) / n for column in table.T]).reshape(table.shape[1], len(n)).T
        dense = [column - (np.bincount(stratum, column if weight is None else column * weight, len(n)) / n)[stratum] for column in self.dense]
        return replace(self, table=table - means[own], code=packed[keys], dense=np.array(dense).reshape(self.dense.shape))
