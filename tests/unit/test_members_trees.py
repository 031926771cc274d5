"""Trees as arrays equal scikit-learn's own answers."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)

from sensorium.members import _trees
from sensorium.members._trees import from_averaged, from_boosted, placed

ROWS = 400


def rows(seed: int, gaps: bool = True) -> NDArray[np.float32]:
    """Two categories (0..9 and 0..299) and four numbers; a tenth is missing."""
    rng = np.random.default_rng(seed)
    codes = np.stack([rng.integers(0, 10, ROWS), rng.integers(0, 300, ROWS)], 1)
    x = np.concatenate([codes, rng.normal(size=(ROWS, 4))], 1).astype(np.float32)
    if gaps:
        x[rng.random(x.shape) < 0.1] = np.nan
    return x


def answer(x: NDArray[np.float32], classes: int) -> NDArray[np.int64]:
    raw = 3 * (np.nan_to_num(x[:, 0]) % 3) + np.nan_to_num(x[:, 2]) * 2 + np.isnan(x[:, 3]) * 2
    return np.digitize(raw, np.quantile(raw, np.arange(1, classes) / classes)).astype(np.int64)


def known_of(x: NDArray[np.float32], most: int = 250) -> list[NDArray[np.int64]]:
    return [np.unique(c[~np.isnan(c)]).astype(np.int64)[:most] for c in x[:, :2].T]


@pytest.mark.parametrize("classes", [2, 3])
def test_boosted_classifiers_equal_scikit_learn(classes: int) -> None:
    x, new = rows(0), rows(1)
    known = known_of(x)
    model = HistGradientBoostingClassifier(
        max_iter=15, categorical_features=[0, 1], min_samples_leaf=5, random_state=0
    ).fit(placed(x, known), answer(x, classes))
    expected = model.decision_function(placed(new, known)).reshape(ROWS, -1)
    found = from_boosted(model, known).sums(new)
    assert found.std() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_boosted_regressors_equal_scikit_learn_with_missing_and_unseen_categories() -> None:
    x, new = rows(2), rows(3)
    known = known_of(x)
    new[:50, 0] = 77
    model = HistGradientBoostingRegressor(
        max_iter=20, categorical_features=[0, 1], min_samples_leaf=5, random_state=0
    ).fit(placed(x, known), answer(x, 9).astype(float))
    expected = model.predict(placed(new, known))
    trees = from_boosted(model, known)
    assert (trees.group >= 0).any()
    np.testing.assert_allclose(trees.sums(new)[:, 0], expected, atol=1e-9)


def test_categories_that_do_not_lead_keep_their_columns() -> None:
    x, new = rows(4), rows(5)
    for table in (x, new):
        table[:, 1] %= 7
        table[:, 0] = table[:, 2]
    model = HistGradientBoostingRegressor(max_iter=20, categorical_features=[1], random_state=0)
    model.fit(x, answer(x, 9) + 3.0 * (np.nan_to_num(x[:, 1]) % 3))
    trees = from_boosted(model, [])
    assert {0, 1} <= set(trees.feature.tolist())
    np.testing.assert_allclose(trees.sums(new)[:, 0], model.predict(new), atol=1e-9)


def test_categories_past_the_limit_count_as_missing() -> None:
    x = rows(6)
    known = known_of(x, most=5)
    moved = placed(x, known)
    assert np.nanmax(moved[:, 1]) == 4
    assert np.isnan(moved[x[:, 1] > known[1][-1], 1]).all()


@pytest.mark.parametrize("gaps", [True, False])
def test_averaged_classifiers_equal_scikit_learn(gaps: bool) -> None:
    x, new = rows(7, gaps), rows(8, gaps)
    model = ExtraTreesClassifier(20, min_samples_leaf=2, max_features=0.5, random_state=0).fit(
        x, answer(x, 3)
    )
    found = from_averaged(model, np.isnan(x).any(0)).sums(new)
    np.testing.assert_allclose(found, model.predict_proba(new), atol=1e-6)


def test_averaged_regressors_equal_scikit_learn() -> None:
    x, new = rows(9), rows(10)
    model = ExtraTreesRegressor(20, min_samples_leaf=2, random_state=0).fit(x, answer(x, 9).astype(float))
    found = from_averaged(model, np.isnan(x).any(0)).sums(new)
    np.testing.assert_allclose(found[:, 0], model.predict(new), atol=1e-5)


def test_a_feature_that_misses_only_in_use_follows_the_frequent_side() -> None:
    x = rows(11)
    x[:, 4] = np.where(np.isnan(x[:, 4]), 0, x[:, 4])
    model = ExtraTreesRegressor(20, min_samples_leaf=2, random_state=0).fit(x, answer(x, 9).astype(float))
    new = rows(12)
    new[:, 4] = np.nan
    found = from_averaged(model, np.isnan(x).any(0)).sums(new)
    np.testing.assert_allclose(found[:, 0], model.predict(new), atol=1e-5)


def test_rows_are_walked_in_pieces_with_the_same_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    x = rows(13)
    model = ExtraTreesClassifier(7, random_state=0).fit(x, answer(x, 3))
    trees = from_averaged(model, np.isnan(x).any(0))
    whole = trees.sums(x)
    monkeypatch.setattr(_trees, "AT_ONCE", 50)
    np.testing.assert_array_equal(trees.sums(x), whole)


def test_thresholds_in_float32_split_float32_rows_alike() -> None:
    threshold = np.array([0.1, -0.1, 1 / 3, np.inf, 1e-50])
    below = _trees._below(threshold)
    near = np.concatenate(
        [np.nextafter(below, np.float32(-1e9)), below, np.nextafter(below, np.float32(1e9))]
    )
    for value in near[np.isfinite(near)]:
        np.testing.assert_array_equal(value <= below, np.float64(value) <= threshold)


def test_trees_survive_their_state() -> None:
    x = rows(14)
    known = known_of(x)
    model = HistGradientBoostingClassifier(max_iter=5, categorical_features=[0, 1], random_state=0)
    model.fit(placed(x, known), answer(x, 3))
    trees = from_boosted(model, known)
    np.testing.assert_array_equal(_trees.Trees.restore(trees.state()).sums(x), trees.sums(x))
