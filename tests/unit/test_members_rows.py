"""Copies with hidden inputs, folds, out-of-fold text columns and pooled features."""

from dataclasses import replace

import numpy as np
import pytest

from sensorium.members import _dense
from sensorium.members._base import Floats, Goal, Job, Rows
from sensorium.members._columns import (
    answerable,
    codes_of,
    copies,
    folded,
    numbers_of,
    sampled,
    usual,
    with_copies,
)
from sensorium.members._outcome import Outcome
from sensorium.members.features import Features, with_features
from sensorium.members.forest import Forest
from sensorium.members.trees import Trees
from sensorium.table.field import Field
from sensorium.table.packed import MISSING, PRESENT, Packed
from sensorium.table.prepared import Prepared, Target
from sensorium.tasks import tasks

ROWS = 200
FIELDS = (Field("n", "numbers", 2), Field("c", "codes", 1, (5,)), Field("t", "words"))


def data(rows: int = ROWS) -> Prepared:
    rng = np.random.default_rng(0)
    there = rng.random(rows) < 0.7
    numbers = Packed(
        rng.normal(size=(rows, 2)).astype(np.float32), np.where(there, PRESENT, MISSING).astype(np.uint8)
    )
    codes = Packed(rng.integers(0, 5, (7, 1)), np.zeros(7, np.uint8), index=rng.integers(0, 7, rows))
    texts = [None if rng.random() < 0.3 else f"word{rng.integers(5)}" for _ in range(rows)]
    return Prepared(np.arange(rows), {"n": (numbers,), "c": (codes,)}, {"t": texts})


def labelled(table: Prepared, label: np.ndarray) -> Job:
    task = tasks.get("classify")()
    facts = task.fit([int(v) for v in label[:150]], "y")

    def right(numbers: Floats, rows: Rows) -> float:
        return float((numbers.argmax(1) == label[rows]).mean())

    target = {"y": Target(label.astype(np.int64), np.ones(len(label), bool))}
    goals = {"y": Goal("classify", {}, facts, right)}
    return Job(FIELDS, replace(table, targets=target), np.arange(150), np.arange(150, len(label)), goals)


def test_copies_hide_some_of_a_rows_inputs_and_never_all() -> None:
    table = data()
    rows, hidden = copies(table, FIELDS, 1.0, np.random.default_rng(1))
    both = with_copies(table, FIELDS, rows, hidden)
    before = np.stack([answerable(table, [f]) for f in FIELDS], 1)
    after = np.stack([answerable(both, [f]) for f in FIELDS], 1)
    np.testing.assert_array_equal(after[:ROWS], before)
    assert rows.tolist() == np.flatnonzero(before.sum(1) > 1).tolist()
    left, had = after[ROWS:].sum(1), before[rows].sum(1)
    assert (left >= 1).all()
    assert (left < had).all()
    assert not (after[ROWS:] & ~before[rows]).any()
    assert all(h.mean() > 0.2 for h in hidden.values())


def test_what_a_copy_does_not_hide_stays_as_it_was() -> None:
    table = data()
    rows, hidden = copies(table, FIELDS, 0.5, np.random.default_rng(1))
    both = with_copies(table, FIELDS, rows, hidden)
    codes, numbers = codes_of(both, FIELDS[1])[ROWS:], numbers_of(both, FIELDS[0])[ROWS:]
    expected = np.where(hidden["c"][:, None], -1, codes_of(table, FIELDS[1])[rows])
    np.testing.assert_array_equal(codes, expected)
    expected = np.where(hidden["n"][:, None], np.nan, numbers_of(table, FIELDS[0])[rows])
    np.testing.assert_array_equal(numbers, expected)


def test_a_table_of_one_input_has_no_copies() -> None:
    rows, _ = copies(data(), FIELDS[:1], 1.0, np.random.default_rng(1))
    assert not len(rows)


def test_usual_patterns_are_the_frequent_ones_and_the_full_one() -> None:
    found = np.array([[1, 0]] * 60 + [[0, 1]] * 39 + [[0, 0]], bool)
    assert usual(found, 0.02).tolist() == [[False, True], [True, False], [True, True]]


def test_samples_hold_only_rows_with_something_to_read() -> None:
    table = data()
    job = Job(FIELDS[:1], table, np.arange(100), np.arange(100, ROWS), {})
    chosen, notes = sampled(job, 1000)
    assert chosen.tolist() == np.flatnonzero(table.present("n")[:100]).tolist()
    assert notes == ()
    few, notes = sampled(job, 10)
    assert len(few) == 10
    assert set(few) <= set(chosen)
    assert notes == (f"trained on 10 of {len(chosen)} rows",)


def test_folds_are_even_and_keep_groups_whole() -> None:
    job = Job(FIELDS, data(), np.arange(ROWS), np.arange(0), {})
    counts = np.bincount(folded(job, job.train, 5, "x"))
    assert counts.tolist() == [40] * 5
    groups = np.arange(ROWS) // 4
    grouped = folded(replace(job, groups=groups), job.train, 5, "x")
    assert all(len(set(grouped[groups == g])) == 1 for g in range(50))


def test_text_columns_of_training_rows_are_out_of_fold() -> None:
    """Texts that name nothing but their row: in-fold words would tell the label, out-of-fold ones cannot."""
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, ROWS)
    texts = [f"only{row}here" for row in range(ROWS)]
    job = labelled(Prepared(np.arange(ROWS), data().inputs, {"t": texts}), label)
    job = replace(job, fields=(FIELDS[0], FIELDS[2]))
    outcome = Outcome.of(replace(job.goals["y"], score=None))
    assert outcome is not None
    dense, held = _dense.fit(job, job.train, {"y": outcome}, 4, 5)
    raw = dense.matrix(job.data.rows(job.train), "y")
    known = raw[:, -1] > raw[:, -2]
    assert (known == label[:150]).mean() > 0.9
    matrix = dense.with_held(raw.copy(), held["y"], "y")
    assert ((matrix[:, -1] > matrix[:, -2]) == label[:150]).mean() < 0.65
    np.testing.assert_array_equal(matrix[:, :-2], raw[:, :-2])


def test_out_of_fold_columns_stand_where_the_text_is_and_miss_where_it_misses() -> None:
    label = np.random.default_rng(0).integers(0, 2, ROWS)
    job = labelled(data(), label)
    outcome = Outcome.of(job.goals["y"])
    assert outcome is not None
    dense, held = _dense.fit(job, job.train, {"y": outcome}, 2, 5)
    matrix = dense.with_held(dense.matrix(job.data.rows(job.train), "y"), held["y"], "y")
    gone = np.array([t is None for t in job.data.texts["t"][:150]])
    assert np.isnan(matrix[gone][:, -4:]).all()
    assert np.isfinite(matrix[~gone][:, -4:]).all()
    np.testing.assert_array_equal(matrix[~gone, -2:], held["y"]["t"][~gone].astype(np.float32))


@pytest.mark.parametrize("kind", [Trees, Forest])
def test_trees_that_have_nothing_to_tell_apart_say_the_share_of_each_class(
    kind: type[Trees] | type[Forest],
) -> None:
    job = labelled(data(), np.arange(ROWS) % 2)
    single = replace(job, train=np.arange(0, 150, 2))
    made = kind.fit(single)
    assert made.notes == ("y: too few different answers for trees, so they say the mean",)
    chosen, _ = sampled(single, 1000)
    shares = np.array([len(chosen) * 1.0, 0.5])
    numbers = made.restore(*made.state()).numbers(job.data).values["y"]
    np.testing.assert_allclose(np.exp(numbers), np.tile(shares / shares.sum(), (ROWS, 1)), rtol=0.2)
    assert (numbers == numbers[0]).all()


def test_many_classes_are_learned_by_averaged_trees() -> None:
    rng = np.random.default_rng(0)
    rows, classes = 400, 70
    label = np.arange(rows) % classes
    codes = Packed((label[:, None] + 1).astype(np.int64), np.zeros(rows, np.uint8))
    numbers = Packed(rng.normal(size=(rows, 2)).astype(np.float32), np.zeros(rows, np.uint8))
    table = Prepared(np.arange(rows), {"n": (numbers,), "c": (codes,)}, {"t": [None] * rows})
    job = replace(labelled(table, label), train=np.arange(300), val=np.arange(300, rows))
    made = Trees.fit(job)
    assert made.learned["y"][1].link == "share"
    assert (made.numbers(job.data).values["y"].argmax(1) == label)[300:].mean() > 0.2


def test_features_take_the_place_of_their_input_beside_raw_columns() -> None:
    table = data()
    rng = np.random.default_rng(3)
    label = rng.integers(0, 2, ROWS)
    pooled = (rng.normal(0, 0.3, (ROWS, 6)) + label[:, None]).astype(np.float32)
    pooled[::9] = np.nan
    job = labelled(table, label)
    found = Features.fit(job, {"photo": pooled}, trees=20)
    assert found.inputs == ("n", "c", "t", "photo")
    said = found.numbers_from(table, {"photo": pooled}).values["y"].argmax(1)
    there = np.isfinite(pooled[:, 0])
    assert (said == label)[150:][there[150:]].mean() > 0.9
    assert (said == label)[150:][~there[150:]].mean() < 0.9
    filled = with_features(table, {"photo": pooled})
    np.testing.assert_array_equal(filled.present("photo"), there)
    np.testing.assert_array_equal(numbers_of(filled, Field("photo", "numbers", 6)), pooled)


@pytest.mark.parametrize("grow", ["boosted", "averaged"])
def test_features_of_text_stand_beside_its_words(grow: str) -> None:
    label = np.random.default_rng(0).integers(0, 2, ROWS)
    pooled = np.repeat(label[:, None], 3, axis=1).astype(np.float32)
    job = labelled(data(), label)
    made = Features.fit(job, {"t": pooled}, grow=grow, trees=10, hide=0.0)  # type: ignore[arg-type]
    assert made.inputs == ("n", "c", "t")
    assert (made.numbers_from(job.data, {"t": pooled}).values["y"].argmax(1) == label).mean() > 0.95


def test_large_tables_grow_fewer_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    job = labelled(data(), np.random.default_rng(0).integers(0, 2, ROWS))
    few = replace(job, val=np.arange(150, 155))
    learned = len(sampled(few, 1000)[0])
    assert len(Trees.fit(few, steps=60, hide=0.0).learned["y"][1].trees.roots) == 60
    monkeypatch.setattr("sensorium.members._grown.WORK", 30 * learned)
    assert len(Trees.fit(few, steps=60, hide=0.0).learned["y"][1].trees.roots) == 30


def test_marks_and_ranks_of_codes_by_hand() -> None:
    codes = np.array([[1], [1], [1], [2], [2], [2], [2], [3], [0], [4]])
    mask = np.ones((10, 1), bool)
    mask[9] = False
    table = Prepared(np.arange(10), {"c": (Packed(codes, np.zeros(10, np.uint8), mask=mask),)})
    field = Field("c", "codes", 1, (5,), ((0, 30, 10, 20, 5),))
    dense, _ = _dense.fit(Job((field,), table, np.arange(10), np.arange(0), {}), np.arange(10), {}, 2, 5)
    assert dense.marks == {"c": [[1, 2]]}
    expected = np.float32(
        [[1, 30, 1, 0]] * 3 + [[2, 10, 0, 1]] * 4 + [[3, 20, 0, 0]] + [[np.nan, np.nan, 0, 0]] * 2
    )
    np.testing.assert_array_equal(dense.matrix(table, "y"), expected)
