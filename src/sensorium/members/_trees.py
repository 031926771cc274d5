"""Fitted trees of scikit-learn as flat arrays, walked level by level for all rows and trees at once.

Equal to scikit-learn's own answers. Letters: N rows, F features, T trees, M nodes of all trees, L leaves,
V values a leaf, O outputs, B sets of categories.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from sensorium.members._base import Arrays, Floats

Boosted: TypeAlias = HistGradientBoostingClassifier | HistGradientBoostingRegressor
Averaged: TypeAlias = (
    ExtraTreesClassifier | ExtraTreesRegressor | RandomForestClassifier | RandomForestRegressor
)
AT_ONCE = 1_000_000
"""Paths walked together: rows x trees."""


@dataclass(frozen=True)
class Trees:
    """Sums of leaf values. Rows are float32, NaN where missing; categories are whole numbers >= 0.

    feature: int32 (M,), -1 for a leaf. threshold: float32 (M,): at most it goes left. children: int32
    (M, 2), left and right; a leaf's first is its place in ``values``. missing_left: bool (M,).
    group: int32 (M,), the set of categories that go left, -1 for numbers. groups: bool (B, S) over the
    places of known categories; known: int64 (C, S), of the C leading features, which are categories,
    the sorted known ones, -1 past their end. roots: int32 (T,). output: int32 (T,), the output that a
    tree adds to when V is 1. values: (L, V). base: float64 (O,), where the sums start. share: float64
    (1,), what the sums are multiplied with.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    children: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    group: NDArray[np.int32]
    groups: NDArray[np.bool_]
    known: NDArray[np.int64]
    roots: NDArray[np.int32]
    output: NDArray[np.int32]
    values: NDArray[np.floating[Any]]
    base: Floats
    share: Floats

    def sums(self, x: NDArray[np.float32]) -> Floats:
        """float64 (N, O): raw scores of boosted trees, the mean of the leaves of averaged ones."""
        found = np.empty((len(x), len(self.base)))
        step = max(1, AT_ONCE // max(1, len(self.roots)))
        for start in range(0, len(x), step):
            found[start : start + step] = self._some(self._placed(x[start : start + step]))
        return found

    def _some(self, x: NDArray[np.float32]) -> Floats:
        leaves = self._leaves(x)
        total = np.zeros((len(x), len(self.base)))
        if self.values.shape[1] > 1:
            for tree in range(len(self.roots)):
                total += self.values[leaves[:, tree]]
        else:
            for place in range(len(self.base)):
                total[:, place] = self.values[leaves[:, self.output == place], 0].sum(1, dtype=np.float64)
        summed: Floats = self.base + total * self.share
        return summed

    def _placed(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Categories replaced by their place among the known ones, NaN for others."""
        return placed(x, [values[values >= 0] for values in self.known])

    def _leaves(self, x: NDArray[np.float32]) -> NDArray[np.int32]:
        """int32 (N, T): the leaf that each row ends in, as a place in ``values``."""
        trees, width, flat = len(self.roots), x.shape[1], x.ravel()
        at = np.tile(self.roots, len(x))
        live = np.arange(len(at))
        first = live // trees * width if trees else live
        while True:
            node = at[live]
            feature = self.feature[node]
            inner = feature >= 0
            if not inner.all():
                live, node, feature, first = live[inner], node[inner], feature[inner], first[inner]
            if not len(live):
                return cast(NDArray[np.int32], self.children[at, 0].reshape(len(x), trees))
            at[live] = self.children[node, np.where(self._left(node, flat[first + feature]), 0, 1)]

    def _left(self, node: NDArray[np.int32], value: NDArray[np.float32]) -> NDArray[np.bool_]:
        left: NDArray[np.bool_] = value <= self.threshold[node]
        gone = np.isnan(value)
        if len(self.groups):
            group = self.group[node]
            chosen = np.flatnonzero((group >= 0) & ~gone)
            left[chosen] = self.groups[group[chosen], value[chosen].astype(np.int64)]
        if gone.any():
            left = np.where(gone, self.missing_left[node], left)
        return left

    def state(self) -> Arrays:
        """The arrays by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def restore(cls, arrays: Arrays) -> Self:
        """The reverse of ``state``."""
        stored: dict[str, Any] = {f.name: arrays[f.name] for f in fields(cls)}
        return cls(**stored)


def placed(x: NDArray[np.float32], known: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
    """The rows with the leading features' categories as places in ``known`` (sorted), NaN for others."""
    if not known:
        return x
    x = x.copy()
    for feature, values in enumerate(known):
        column = x[:, feature]
        place = np.searchsorted(values, column).clip(max=max(0, len(values) - 1))
        met = values[place] == column if len(values) else np.zeros(len(x), bool)
        x[:, feature] = np.where(met, place, np.nan)
    return x


def from_boosted(model: Boosted, known: Sequence[NDArray[np.int64]]) -> Trees:
    """Fitted boosting. known: the sorted categories of each leading feature that is a category."""
    grown = [(tree, k) for step in model._predictors for k, tree in enumerate(step)]
    nodes = [tree.nodes for tree, _ in grown]
    sets = [_bits(tree.raw_left_cat_bitsets) for tree, _ in grown]
    starts = _starts([len(n) for n in nodes])
    first_set = _starts([len(s) for s in sets])
    leaf = np.concatenate([n["is_leaf"].astype(bool) for n in nodes])
    place = np.cumsum(leaf) - 1
    left = np.concatenate([n["left"].astype(np.int64) + s for n, s in zip(nodes, starts, strict=True)])
    right = np.concatenate([n["right"].astype(np.int64) + s for n, s in zip(nodes, starts, strict=True)])
    inside = np.concatenate([n["is_categorical"].astype(bool) for n in nodes]) & ~leaf
    group = np.concatenate(
        [n["bitset_idx"].astype(np.int64) + s for n, s in zip(nodes, first_set, strict=True)]
    )
    joined = np.concatenate(nodes)
    order = _columns(model)
    table = np.full((len(known), max((len(k) for k in known), default=0)), -1, np.int64)
    for feature, values in enumerate(known):
        table[feature, : len(values)] = values
    return Trees(
        feature=np.where(leaf, -1, order[joined["feature_idx"]]).astype(np.int32),
        threshold=_below(joined["num_threshold"]),
        children=np.stack([np.where(leaf, place, left), np.where(leaf, place, right)], 1).astype(np.int32),
        missing_left=joined["missing_go_to_left"].astype(bool),
        group=np.where(inside, group, -1).astype(np.int32),
        groups=np.concatenate(sets) if sets else np.zeros((0, 256), bool),
        known=table,
        roots=starts.astype(np.int32),
        output=np.array([k for _, k in grown], np.int32),
        values=joined["value"][leaf][:, None].astype(np.float64),
        base=np.asarray(model._baseline_prediction, np.float64).ravel(),
        share=np.ones(1),
    )


def from_averaged(model: Averaged, gaps: NDArray[np.bool_]) -> Trees:
    """Fitted ExtraTrees or a random forest. Leaves hold class shares (V = K classes) or one value.

    gaps: bool (F,), the features that missed in training; a missing value of another one follows the
    more frequent side.
    """
    grown = [tree.tree_ for tree in model.estimators_]
    starts = _starts([t.node_count for t in grown])
    left = np.concatenate([t.children_left.astype(np.int64) + s for t, s in zip(grown, starts, strict=True)])
    right = np.concatenate(
        [t.children_right.astype(np.int64) + s for t, s in zip(grown, starts, strict=True)]
    )
    leaf = np.concatenate([t.children_left < 0 for t in grown])
    place = np.cumsum(leaf) - 1
    values = np.concatenate([t.value[:, 0, :] for t in grown])[leaf]
    feature = np.where(leaf, -1, np.concatenate([t.feature for t in grown]))
    size = np.concatenate([t.weighted_n_node_samples for t in grown])
    told = np.concatenate([t.missing_go_to_left for t in grown]).astype(bool)
    usual = size[np.where(leaf, 0, left)] > size[np.where(leaf, 0, right)]
    if isinstance(model, ExtraTreesClassifier | RandomForestClassifier):
        values = values / values.sum(1, keepdims=True)
    return Trees(
        feature=feature.astype(np.int32),
        threshold=_below(np.concatenate([t.threshold for t in grown])),
        children=np.stack([np.where(leaf, place, left), np.where(leaf, place, right)], 1).astype(np.int32),
        missing_left=np.where(gaps[feature], told, usual),
        group=np.zeros(0, np.int32),
        groups=np.zeros((0, 0), bool),
        known=np.zeros((0, 0), np.int64),
        roots=starts.astype(np.int32),
        output=np.zeros(len(grown), np.int32),
        values=values.astype(np.float32),
        base=np.zeros(values.shape[1]),
        share=np.array([1.0 / len(grown)]),
    )


def _columns(model: Boosted) -> NDArray[np.int64]:
    """The column of each feature as the trees number them: scikit-learn moves categories to the front."""
    inside = model.is_categorical_
    return np.arange(model.n_features_in_) if inside is None else np.argsort(~inside, kind="stable")


def _starts(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)


def _below(threshold: Floats) -> NDArray[np.float32]:
    """The greatest float32 at most the threshold: for float32 rows both split alike."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)


def _bits(sets: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """uint32 (B, 8) -> bool (B, 256)."""
    shifted = sets[:, :, None] >> np.arange(32, dtype=np.uint32)
    return (shifted & 1).astype(bool).reshape(len(sets), 256)
