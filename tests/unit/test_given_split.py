"""Splits that the table brings: found by name and words, kept to the row, completed where parts lack."""

import pytest

from sensorium.table.split import divide, find_split_column, split_word
from splits import SHARES, check, error, parts, rng, table


def test_words_of_the_parts() -> None:
    words = {"Train": "train", " TEST ": "test", "valid": "val", "dev": "val", "hold-out": "test", "x": None}
    assert {word: split_word(word) for word in words} == words
    assert split_word(1) is None


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"split": ["train", "test"]}, "split"),
        ({"Subset": ["Training", "dev"]}, "Subset"),
        ({"fold": ["1", "2"]}, None),
        ({"set": ["train", "train"]}, None),
        ({"split": ["test", "val"]}, "split"),
        ({"split": ["train", "odd", "even", None]}, None),
        ({"split": ["train"] * 30 + ["test", "odd", None]}, "split"),
        ({"colour": ["train", "test"]}, None),
        ({"fold": ["train", "test"], "split": ["train", "test"]}, "split"),
        ({"split": [1, 2]}, None),
    ],
)
def test_the_split_column_is_found_by_name_and_words(
    columns: dict[str, object], expected: str | None
) -> None:
    assert find_split_column(table(**columns)) == expected


def test_a_given_split_is_kept_to_the_row() -> None:
    data = table(split=["Train", "test", "dev", "train", "TEST"])
    for how, column in (("auto", None), ("given", "split")):
        split = divide(data, how, column, SHARES, rng())  # type: ignore[arg-type]
        assert parts(split) == [[0, 3], [2], [1, 4]]
        assert split.how == "given by 'split': 2 train, 1 val, 2 test rows"


def test_rows_without_a_part_are_left_out_and_told() -> None:
    split = divide(table(split=["train", None, "val", "test", "other"]), "given", "split", SHARES, rng())
    assert parts(split) == [[0], [2], [3]]
    assert split.how == (
        "given by 'split'; 2 rows that it gives no part are left out: 1 train, 1 val, 1 test rows"
    )


def test_parts_that_a_given_split_lacks_are_cut_from_train() -> None:
    words = ["train"] * 100 + ["test"] * 20
    labels = (["a"] * 50 + ["b"] * 50) + ["a"] * 20
    split = divide(table(s=words, y=labels), "given", "s", SHARES, rng(), target="y", kind="classify")
    check(split, 120)
    assert split.test.tolist() == list(range(100, 120))
    assert len(split.val) == 18
    assert (split.val < 50).sum() == 9
    assert split.how == (
        "given by 's'; it has no val rows, so these are cut from train, stratified: 82 train, "
        "18 val, 20 test rows"
    )
    both = divide(table(s=["train"] * 20), "given", "s", SHARES, rng())
    assert [len(p) for p in parts(both)] == [14, 3, 3]
    assert both.how.startswith(
        "given by 's'; it has no val and test rows, so these are cut from train, at random:"
    )
    separate = divide(table(s=["train"] * 20), "given", "s", SHARES, rng(), test=False)
    assert [len(p) for p in parts(separate)] == [16, 4, 0]


def test_train_and_dev_leave_dev_for_choosing() -> None:
    split = divide(table(split=["train"] * 40 + ["dev"] * 5), "auto", None, SHARES, rng())
    assert split.val.tolist() == list(range(40, 45))
    assert len(split.test) == 7


def test_dev_and_test_alone_leave_dev_to_learn_from() -> None:
    split = divide(table(split=["dev"] * 40 + ["test"] * 5), "auto", None, SHARES, rng())
    assert split.test.tolist() == list(range(40, 45))
    assert len(split.train) + len(split.val) == 40
    assert split.how == (
        "given by 'split'; it has no train rows, so its val rows are learned from; it has no val rows, "
        "so these are cut from train, at random: 33 train, 7 val, 5 test rows"
    )


def test_a_given_split_that_cannot_be_used_is_told() -> None:
    assert error(table(s=["a", "b", None]), "given", "s", SHARES, rng()) == (
        "T: the split column 's' has no row that says train or val; it says 'a', 'b', None. "
        "Expected train, val and test, or choose another split.how."
    )
    assert error(table(s=["train", "test"]), "given", "s", SHARES, rng()) == (
        "T: 1 rows cannot be divided into 2 parts (train, val, test). "
        "Add rows, or set a share of split.shares to 0."
    )
