"""Folds hold every row out once, classes and heights evenly, groups whole."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.errors import DataError
from sensorium.table.split import folds


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(
    rows=st.integers(5, 120),
    number=st.integers(2, 5),
    seed=st.integers(0, 99),
    kind=st.sampled_from(["none", "classes", "numbers", "matrix"]),
    grouped=st.booleans(),
)
def test_folds_hold_every_row_out_once(rows: int, number: int, seed: int, kind: str, grouped: bool) -> None:
    labels = {
        "none": None,
        "classes": rng(seed).integers(0, 3, rows),
        "numbers": rng(seed).normal(size=rows),
        "matrix": np.zeros((rows, 2)),
    }[kind]
    groups = np.arange(rows) % max(number, rows // 3) if grouped else None
    made = folds(rows, number, rng(seed), labels=labels, groups=groups)
    assert len(made) == number
    assert sorted(np.concatenate([held for _, held in made]).tolist()) == list(range(rows))
    for train, held in made:
        assert len(held)
        assert np.array_equal(np.sort(np.concatenate([train, held])), np.arange(rows))
        assert (np.diff(train) > 0).all()
        if groups is not None:
            assert not set(groups[train]) & set(groups[held])
        else:
            assert abs(len(held) - rows / number) < 1


def test_folds_hold_every_class_and_every_height_evenly() -> None:
    labels = rng().permutation(np.repeat([0, 1, 2], [60, 30, 10]))
    for _, held in folds(100, 5, rng(), labels=labels):
        assert np.bincount(labels[held]).tolist() == [12, 6, 2]
    values = rng().permutation(100).astype(np.float64)
    for _, held in folds(100, 5, rng(), labels=values):
        assert abs(values[held].mean() - 49.5) < 2


def test_folds_of_groups_hold_classes_evenly() -> None:
    groups = np.repeat(np.arange(20), 5)
    labels = (groups % 4 == 0).astype(np.int64)
    for _, held in folds(100, 5, rng(), labels=labels, groups=groups):
        assert np.bincount(labels[held]).tolist() == [15, 5]


def test_folds_of_distinct_labels_are_still_drawn_at_random() -> None:
    held = folds(100, 5, rng(), labels=np.arange(100))[0][1]
    assert len(set((held % 5).tolist())) > 1


@pytest.mark.parametrize(
    ("rows", "number", "groups", "text"),
    [
        (3, 5, None, "3 rows cannot make 5 folds: expected at least 2 folds and as many rows as folds. "),
        (9, 1, None, "9 rows cannot make 1 folds: expected at least 2 folds and as many rows as folds. "),
        (
            9,
            3,
            np.arange(9) % 2,
            "2 groups cannot make 3 folds: expected at least 2 folds and as many groups as folds. ",
        ),
    ],
)
def test_folds_that_cannot_be_made_are_told(rows: int, number: int, groups: Any, text: str) -> None:
    with pytest.raises(DataError) as caught:
        folds(rows, number, rng(), groups=groups)
    assert str(caught.value) == text + "Ask for fewer folds."
