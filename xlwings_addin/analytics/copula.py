"""A Gaussian copula: correlated normal numbers, whose marginals are chosen apart from how they hang together.

Source: Nelsen, An Introduction to Copulas (2006); Higham, Computing the nearest correlation matrix, IMA
Journal of Numerical Analysis 22 (2002), 329-343, for the repair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.core.errors import DomainError, ShapeError
from xlwings_addin.inputs.distributions import CORRELATIONS, Pair

Floats = NDArray[np.float64]

LEAST_EIGENVALUE = -1e-10
"""An eigenvalue below it is no rounding."""
ROUNDS, CLOSE = 1000, 1e-12


@dataclass(frozen=True)
class Repaired:
    """A correlation that the tables state and the one that is used in its place."""

    key: str
    other: str
    stated: float
    used: float


def matrix_of(keys: Sequence[str], pairs: Sequence[Pair]) -> Floats:
    """The matrix of the pairs: ones on its diagonal, zeros where there is no pair."""
    places = {key: place for place, key in enumerate(keys)}
    matrix = np.eye(len(keys))
    for pair in pairs:
        row, column = places[pair.key], places[pair.other]
        matrix[row, column] = matrix[column, row] = pair.correlation
    return matrix


def correlated(
    keys: Sequence[str], matrix: Floats, *, repair: bool = False
) -> tuple[Floats, tuple[Repaired, ...]]:
    """A matrix that is one of correlations, and what of it was repaired, where that is asked for.

    Raises `ShapeError` for one that is not square or not symmetric, `DomainError` for a diagonal other than
    1, a correlation beyond 1, and correlations that cannot hold together unless `repair`.
    """
    _require_symmetric(keys, matrix)
    least = float(np.linalg.eigvalsh(matrix)[0])
    if least >= LEAST_EIGENVALUE:
        return matrix, ()
    nearest = nearest_correlation(matrix)
    changes = [
        Repaired(keys[row], keys[column], float(matrix[row, column]), float(nearest[row, column]))
        for row in range(len(keys))
        for column in range(row)
        if abs(matrix[row, column] - nearest[row, column]) > 5e-5
    ]
    if not repair:
        near = ", ".join(f"{one.key} and {one.other} {one.used:.4f} for {one.stated:g}" for one in changes)
        rule = (
            f"is the least eigenvalue: these correlations cannot hold together, none may be negative; the "
            f"nearest that can, used where a repair is asked for, have {near}"
        )
        raise DomainError(CORRELATIONS, least, rule, display=f"{least:.4f}")
    return nearest, tuple(changes)


def _require_symmetric(keys: Sequence[str], matrix: Floats) -> None:
    count = len(keys)
    if matrix.shape != (count, count):
        raise ShapeError(
            "correlations", matrix.shape, f"must be {count} by {count}", display=f"of shape {matrix.shape}"
        )
    if not np.isfinite(matrix).all() or (np.abs(matrix) > 1).any():
        raise DomainError("correlations", matrix, "must all lie from -1 to 1", display="of the matrix")
    if not np.allclose(matrix, matrix.T, rtol=0, atol=CLOSE):
        row, column = np.argwhere(~np.isclose(matrix, matrix.T, rtol=0, atol=CLOSE))[0]
        names = f"of {keys[row]} and {keys[column]}"
        raise ShapeError("correlation", matrix, "must be the same in both directions", display=names)
    if not np.allclose(np.diag(matrix), 1, rtol=0, atol=CLOSE):
        rule = "must be 1 of an input with itself"
        raise DomainError("correlations", matrix, rule, display=f"{np.diag(matrix).tolist()}")


def nearest_correlation(matrix: Floats) -> Floats:
    """The correlation matrix nearest to a symmetric one, by the sum of squared differences.

    Alternating projections onto matrices without negative eigenvalues and onto those with a diagonal of
    ones, with Dykstra's correction. Source: Higham (2002), whose example of page 334 this is.

    >>> nearest_correlation(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])).round(4).tolist()
    [[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]]
    """
    nearest, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(ROUNDS):
        before = nearest
        shifted = nearest - correction
        positive = _without_negative(shifted)
        correction = positive - shifted
        nearest = positive.copy()
        np.fill_diagonal(nearest, 1.0)
        if np.abs(nearest - before).max() < CLOSE:
            break
    # The last step may leave an eigenvalue a rounding below zero: scale what has none back to ones.
    positive = _without_negative(nearest)
    scale = 1 / np.sqrt(np.diag(positive))
    nearest = positive * scale * scale[:, None]
    np.fill_diagonal(nearest, 1.0)
    return nearest


def _without_negative(matrix: Floats) -> Floats:
    eigenvalues, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    product: Floats = (vectors * np.maximum(eigenvalues, 0)) @ vectors.T
    return product


def tied(root: Floats, normals: Floats) -> Floats:
    """root @ normals, a row for each input, by the entries of the root that are not zero.

    A matrix product would be summed in another order by another library, and start threads for twelve rows.

    >>> tied(np.array([[1.0, 0.0], [0.6, 0.8]]), np.array([[1.0, 2.0], [0.5, -1.0]])).round(4).tolist()
    [[1.0, 2.0], [1.0, 0.4]]
    """
    made = np.zeros_like(normals)
    for row, weights in zip(made, root, strict=True):
        for place in np.flatnonzero(weights):
            row += weights[place] * normals[place]
    return made


def root_of(matrix: Floats) -> Floats:
    """L with L L' = matrix: Cholesky's, or by eigenvalues where one of them is zero.

    >>> root_of(np.array([[1.0, 0.6], [0.6, 1.0]])).round(4).tolist()
    [[1.0, 0.0], [0.6, 0.8]]
    """
    try:
        root: Floats = np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        eigenvalues, vectors = np.linalg.eigh(matrix)
        root = vectors * np.sqrt(np.maximum(eigenvalues, 0))
    return root
