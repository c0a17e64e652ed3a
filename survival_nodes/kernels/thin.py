"""Products of thin matrices, in pieces so small that BLAS takes them on one thread.

A matrix of a million rows and a dozen columns is read once and hardly reckoned with, so a second thread gains nothing; on a machine with
other work the threads wait for each other, and the product takes ten times as long. How many threads BLAS may start is the user's to say.
"""

from __future__ import annotations

import numpy as np

ONE_THREAD = 1 << 18  # multiplications above which OpenBLAS shares a product out (four times 65,536)
SHORTEST = 16


def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Multiply (m, k) by (k, n), one of the three long.

    >>> product(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])).tolist()
    [[11.0]]
    """
    (m, k), n = left.shape, right.shape[1]
    if m == 1 or n == 1:  # a vector, which BLAS shares out much sooner
        return np.einsum("mk,kn->mn", left, right)
    if m * k * n <= ONE_THREAD:
        return left @ right
    if n >= max(k, m):
        step, whole = max(SHORTEST, ONE_THREAD // (m * k)), np.empty((m, n))
        for start in range(0, n, step):
            whole[:, start : start + step] = left @ right[:, start : start + step]
        return whole
    if k >= m:
        step, total = max(SHORTEST, ONE_THREAD // (m * n)), np.zeros((m, n))
        for start in range(0, k, step):
            total += left[:, start : start + step] @ right[start : start + step]
        return total
    step, rows = max(SHORTEST, ONE_THREAD // (k * n)), np.empty((m, n))
    for start in range(0, m, step):
        np.matmul(left[start : start + step], right, out=rows[start : start + step])
    return rows


def moments(columns: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Sum weight times the cross products of columns given as rows, (p, n), over n: (p, p).

    >>> moments(np.array([[1.0, 2.0]]), np.array([3.0, 4.0])).tolist()
    [[19.0]]
    """
    p, n = columns.shape
    if p == 1:
        return np.einsum("pn,pn,n->p", columns, columns, weight)[:, None]
    step, total = max(SHORTEST, ONE_THREAD // max(p * p, 1)), np.zeros((p, p))
    for start in range(0, n, step):
        block = columns[:, start : start + step]
        total += (block * weight[start : start + step]) @ block.T
    return total
