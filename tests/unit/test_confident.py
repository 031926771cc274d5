"""Confident learning: worked by hand, on planted errors, and where nothing is wrong."""

import numpy as np
import pytest

from sensorium.table.confident import confident


def test_thresholds_and_the_confident_joint_are_those_worked_by_hand() -> None:
    given = np.array([0] * 6 + [1] * 4)
    first = [0.9, 0.8, 0.9, 0.7, 0.9, 0.1, 0.2, 0.1, 0.3, 0.6]
    shares = np.stack([first, 1 - np.array(first)], 1)
    found = confident([shares], given)
    np.testing.assert_allclose(
        found.thresholds, [(0.9 + 0.8 + 0.9 + 0.7 + 0.9 + 0.1) / 6, (0.8 + 0.9 + 0.7 + 0.4) / 4]
    )
    # confident in 0 from .7167: rows 0, 1, 2, 4; in 1 from .7: row 5 (given 0), rows 6, 7, 8
    np.testing.assert_allclose(found.joint, [[6 * 4 / 5, 6 * 1 / 5], [0, 4]])
    assert found.noise() == pytest.approx(0.12)
    assert found.rows.tolist() == []  # of so few rows no label is sure


def planted(rows: int, classes: int, wrong: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities that are mostly right, labels of which the places in the third are wrong."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, rows)
    given, places = true.copy(), np.sort(rng.choice(rows, wrong, replace=False))
    given[places] = (true[places] + rng.integers(1, classes, wrong)) % classes
    shares = rng.dirichlet(np.ones(classes), rows) * 0.05
    shares[np.arange(rows), true] += 0.95
    border = rng.random(rows) < 0.15
    shares[border] = rng.dirichlet(2 * np.ones(classes), int(border.sum()))
    return shares, given, places


@pytest.mark.parametrize("classes", [2, 5, 12])
def test_planted_errors_are_found_and_hardly_anything_else(classes: int) -> None:
    shares, given, places = planted(2000, classes, 100)
    found = confident([shares], given)
    hit = np.isin(found.rows, places)
    assert hit.mean() >= 0.9
    assert hit.sum() >= 0.75 * len(places)
    assert (found.suggested != given[found.rows]).all()
    assert (np.diff(found.margin) <= 1e-12).all()
    np.testing.assert_allclose(found.own, shares[found.rows, given[found.rows]])


def test_clean_labels_raise_no_suspicion() -> None:
    shares, given, _ = planted(2000, 4, 0)
    assert len(confident([shares], given).rows) <= 2


def test_classes_that_overlap_are_not_taken_for_errors() -> None:
    rng = np.random.default_rng(0)
    first = rng.beta(2, 2, 4000)  # honest probabilities: labels are drawn from them
    given = (rng.random(4000) > first).astype(np.int64)
    shares = np.stack([first, 1 - first], 1)
    wrong = (shares.argmax(1) != given).mean()
    assert wrong > 0.25
    assert len(confident([shares], given).rows) < 0.025 * 4000


def test_learners_that_know_nothing_suspect_nothing() -> None:
    rng = np.random.default_rng(0)
    given = rng.integers(0, 2, 1000)
    first = np.clip(0.5 + rng.normal(0, 0.2, 1000), 0.01, 0.99)  # sure of themselves and never right
    found = confident([np.stack([first, 1 - first], 1)], given)
    assert not found.usable.any()
    assert len(found.rows) == 0


def test_every_learner_must_prefer_another_label() -> None:
    shares, given, places = planted(1000, 3, 50)
    stubborn = np.eye(3)[given] * 0.5 + 1 / 6
    assert len(confident([shares], given).rows) > 30
    assert len(confident([shares, stubborn], given).rows) == 0
    assert len(places) == 50


def test_a_label_that_no_row_has_is_suggested_for_none() -> None:
    shares, given, _ = planted(600, 3, 20)
    wider = np.concatenate([shares * 0.999, np.full((600, 1), 0.001)], 1)
    found = confident([wider], given)
    assert 3 not in found.suggested
    assert not found.usable[3]
    assert np.isfinite(found.joint).all()
