"""Correlations: what is none, the nearest that is one, and the numbers that come of it."""

from __future__ import annotations

import numpy as np
import pytest

from xlwings_addin.analytics.copula import correlated, nearest_correlation, root_of
from xlwings_addin.core.errors import ValuationError

KEYS = ("a", "b", "c")
IMPOSSIBLE = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
"""a is b and b is c, but a is not c: Higham (2002), page 334, who prints the nearest."""
NEAREST = [[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]]


def test_the_nearest_matrix_is_the_one_that_is_printed() -> None:
    nearest = nearest_correlation(IMPOSSIBLE)
    assert nearest.round(4).tolist() == NEAREST
    assert np.linalg.eigvalsh(nearest)[0] > -1e-12
    assert np.diag(nearest).tolist() == [1.0, 1.0, 1.0]


def test_correlations_that_cannot_hold_together_are_repaired_only_when_asked() -> None:
    with pytest.raises(ValuationError) as raised:
        correlated(KEYS, IMPOSSIBLE)
    assert str(raised.value) == (
        "correlations.csv -0.4142 is the least eigenvalue: these correlations cannot hold together, none may "
        "be negative; the nearest that can, used where a repair is asked for, have b and a 0.7607 for 1, "
        "c and a 0.1573 for 0, c and b 0.7607 for 1"
    )  # the least eigenvalue of this matrix is 1 less the root of 2
    matrix, repaired = correlated(KEYS, IMPOSSIBLE, repair=True)
    assert matrix.round(4).tolist() == NEAREST
    assert [(one.key, one.other, round(one.used, 4)) for one in repaired] == [
        ("b", "a", 0.7607),
        ("c", "a", 0.1573),
        ("c", "b", 0.7607),
    ]


def test_a_matrix_of_correlations_stays_as_it_is() -> None:
    for matrix in (np.eye(3), np.ones((3, 3)), np.array(NEAREST) * 0.9 + 0.1 * np.eye(3)):
        same, repaired = correlated(KEYS, matrix, repair=True)
        assert same is matrix
        assert repaired == ()


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (np.eye(2), "correlations of shape (2, 2) must be 3 by 3"),
        (np.eye(3) + np.eye(3, k=1) * 0.5, "correlation of a and b must be the same in both directions"),
        (np.eye(3) * 1.5, "correlations of the matrix must all lie from -1 to 1"),
        (np.eye(3) * np.nan, "correlations of the matrix must all lie from -1 to 1"),
        (np.eye(3) * 0.5, "correlations [0.5, 0.5, 0.5] must be 1 of an input with itself"),
    ],
)
def test_a_matrix_that_is_none_is_named(matrix, expected) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValuationError) as raised:
        correlated(KEYS, matrix)
    assert str(raised.value) == expected


@pytest.mark.parametrize("matrix", [np.array(NEAREST), np.ones((3, 3)), np.eye(3)])
def test_the_root_of_a_matrix_gives_it_back(matrix) -> None:  # type: ignore[no-untyped-def]
    root = root_of(correlated(KEYS, matrix, repair=True)[0])
    np.testing.assert_allclose(root @ root.T, matrix, atol=1e-4)
