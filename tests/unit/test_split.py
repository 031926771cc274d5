"""Rows into parts: every row once, shares kept, classes even, groups whole, times in order, told."""

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.table import assign
from sensorium.table.split import divide
from splits import SHARES, check, error, parts, rng, table


@given(
    rows=st.integers(3, 200), seed=st.integers(0, 99), how=st.sampled_from(["random", "stratified", "auto"])
)
def test_every_row_is_in_one_part_and_no_part_is_empty(rows: int, seed: int, how: Any) -> None:
    labels = [str(v) for v in rng(seed).integers(0, 1 + rows // 7, rows)]
    split = divide(table(y=labels), how, None, SHARES, rng(seed), target="y", kind="classify")
    check(split, rows)
    assert all(len(part) for part in parts(split))
    assert abs(len(split.test) - 0.15 * rows) <= max(2, 0.1 * rows)


def test_one_seed_gives_one_split_and_another_another() -> None:
    data = table(y=["a", "b"] * 50)
    first, again, other = (
        parts(divide(data, "stratified", None, SHARES, rng(seed), target="y", kind="classify"))
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_classes_are_spread_as_the_shares_say() -> None:
    labels = np.repeat(["a", "b", "c", "rare"], [700, 200, 97, 3])
    split = divide(table(y=labels), "stratified", None, SHARES, rng(), target="y", kind="classify")
    for name, count in (("a", 700), ("b", 200), ("c", 97)):
        for part, share in zip(parts(split), SHARES, strict=True):
            assert abs((labels[part] == name).sum() - share * count) <= 1
    assert (labels[split.train] == "rare").sum() >= 1
    assert split.how == "stratified by 'y': 700 train, 150 val, 150 test rows"


def test_a_class_of_one_row_is_learned_from() -> None:
    labels = ["a"] * 60 + [f"one{i}" for i in range(10)]
    for seed in range(5):
        split = divide(table(y=labels), "stratified", None, SHARES, rng(seed), target="y", kind="classify")
        assert set(range(60, 70)) <= set(split.train.tolist())


def test_classes_too_small_to_stratify_are_told() -> None:
    split = divide(
        table(y=[str(i) for i in range(100)]), "auto", None, SHARES, rng(), target="y", kind="classify"
    )
    check(split, 100)
    assert split.how == (
        "at random (most classes have too few rows to stratify): 70 train, 15 val, 15 test rows"
    )


def test_numbers_are_stratified_by_tenths() -> None:
    values = [f"{v:.3f}" for v in rng().permutation(1000) / 7]
    split = divide(table(y=values), "auto", None, SHARES, rng(), target="y", kind="regress")
    top = np.argsort([float(v) for v in values])[-100:]
    assert np.isin(split.test, top).sum() == 15
    assert split.how == "stratified by 'y': 700 train, 150 val, 150 test rows"


def test_a_target_that_is_no_number_or_class_leaves_chance() -> None:
    for kind in ("regress", None):
        split = divide(table(y=["x"] * 10), "stratified", None, SHARES, rng(), target="y", kind=kind)
        assert split.how == "at random: 7 train, 2 val, 1 test rows"


def test_a_share_of_nothing_leaves_a_part_empty() -> None:
    split = divide(table(y=[1] * 10), "random", None, (0.8, 0.2, 0.0), rng())
    assert [len(p) for p in parts(split)] == [8, 2, 0]
    split = divide(table(y=[1] * 10), "random", None, SHARES, rng(), test=False)
    assert [len(p) for p in parts(split)] == [8, 2, 0]


def test_bad_requests_are_told() -> None:
    data = table(y=[1, 2], g=["a", None], t=["2020-01-01", "soon"])
    assert error(data, "random", None, SHARES, rng()) == (
        "T: 2 rows cannot be divided into 3 parts (train, val, test). "
        "Add rows, or set a share of split.shares to 0."
    )
    for shares in ((0.0, 0.5, 0.5), (0.5, -0.1, 0.6), (1.0,), (float("nan"), 0.0, 0.0)):
        assert error(data, "random", None, shares, rng()) == (
            "split.shares: expected three numbers >= 0 for train, val and test, train above 0; "
            f"got {list(shares)}."
        )
    assert error(data, "group", None, SHARES, rng()) == (
        "split.column: name the column that divides the rows by 'group'."
    )
    assert error(data, "group", "h", SHARES, rng(), test=False) == (
        "T: no column is named 'h'. Columns: 'y', 'g', 't'."
    )
    assert error(data, "time", "t", SHARES, rng(), test=False) == (
        "T, column 't', row 2: 'soon' is no time. Expected numbers in every row, or dates like 2024-05-31 or "
        "2024-05-31T18:30:00."
    )


@given(
    sizes=st.lists(st.integers(1, 30), min_size=3, max_size=40),
    seed=st.integers(0, 99),
    labelled=st.booleans(),
)
def test_groups_stay_whole_and_every_part_gets_one(sizes: list[int], seed: int, labelled: bool) -> None:
    groups = rng(seed).permutation(np.repeat([f"g{i}" for i in range(len(sizes))], sizes))
    data = table(g=groups, y=["a"] * len(groups))
    split = divide(data, "group", "g", SHARES, rng(seed), target="y", kind="classify" if labelled else None)
    check(split, len(groups))
    held = [set(groups[part]) for part in parts(split)]
    assert all(held)
    assert sum(map(len, held)) == len(set(groups))
    assert split.groups is not None
    assert len(np.unique(split.groups)) == len(sizes)
    assert len(split.test) <= 0.15 * len(groups) + max(sizes)


def test_groups_are_balanced_by_size_and_class() -> None:
    groups = np.repeat(np.arange(60), 20)
    labels = np.where(groups % 3 == 0, "b", "a")
    split = divide(table(g=groups, y=labels), "group", "g", SHARES, rng(), target="y", kind="classify")
    assert [len(p) for p in parts(split)] == [840, 180, 180]
    assert [(labels[p] == "b").sum() for p in parts(split)] == [280, 60, 60]
    assert split.how == "by group of 'g' (60 groups stay whole): 840 train, 180 val, 180 test rows"


def test_rows_without_a_group_stand_alone() -> None:
    split = divide(table(g=["a", "a", None, None, "b"]), "group", "g", SHARES, rng())
    check(split, 5)
    assert split.groups is not None
    assert len(np.unique(split.groups)) == 4
    assert "(4 groups stay whole); 2 rows without a group stand alone" in split.how


def test_too_few_groups_are_told() -> None:
    assert error(table(g=["a", "b", "a", "b"]), "group", "g", SHARES, rng()) == (
        "T: column 'g' has 2 groups; 3 parts (train, val, test) need at least one each. "
        "Group by another column, or set a share of split.shares to 0."
    )


def test_many_small_groups_are_divided_by_size() -> None:
    groups = np.repeat(np.arange(5000), 2)
    placed = assign.whole_groups(groups, np.array(SHARES), rng())
    assert np.bincount(placed) / len(groups) == pytest.approx(SHARES, abs=0.001)
    assert (placed[::2] == placed[1::2]).all()


TIMES = {
    "numbers": list(range(20)),
    "texts": [str(v) for v in range(20)],
    "dates": [f"2020-01-{day:02d}" for day in range(1, 21)],
    "slashes": [f"2020/01/{day:02d}" for day in range(1, 21)],
    "moments": [dt.datetime(2020, 1, day) for day in range(1, 21)],
    "zones": [dt.datetime(2020, 1, day, tzinfo=dt.UTC) for day in range(1, 21)],
}


@pytest.mark.parametrize("kind", TIMES)
def test_later_rows_test_what_earlier_rows_taught(kind: str) -> None:
    order = rng().permutation(20)
    split = divide(table(t=[TIMES[kind][i] for i in order]), "time", "t", SHARES, rng())
    assert [sorted(order[part].tolist()) for part in parts(split)] == [
        list(range(14)),
        list(range(14, 17)),
        list(range(17, 20)),
    ]
    assert split.how == "by time of 't': 14 train, 3 val, 3 test rows"


@given(times=st.lists(st.integers(0, 6) | st.none(), min_size=3, max_size=60))
def test_rows_of_one_time_stay_together_in_order(times: list[int | None]) -> None:
    known = {t for t in times if t is not None}
    data = table(t=times)
    if len(known) < 3:
        assert error(data, "time", "t", SHARES, rng()).startswith(
            f"T: column 't' has {len(known)} different times;"
        )
        return
    split = divide(data, "time", "t", SHARES, rng())
    check(split, len(times))
    seen = [{times[row] for row in part} - {None} for part in parts(split)]
    assert all(seen)
    assert max(seen[0]) < min(seen[1])  # type: ignore[type-var]
    assert max(seen[1]) < min(seen[2])  # type: ignore[type-var]
    assert {row for row, t in enumerate(times) if t is None} <= set(split.train.tolist())


def test_too_few_times_are_told() -> None:
    assert error(table(t=[1, 1, 2, 2]), "time", "t", SHARES, rng()) == (
        "T: column 't' has 2 different times; 3 parts (train, val, test) need at least one each. "
        "Rows of one time stay together: divide by another column."
    )
