"""Numbers and categories: what is theirs alone."""

import numpy as np
import pytest

from sensorium.modalities.category import Category
from sensorium.modalities.number import Number
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell, Packed
from sensorium.types import Facts


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def numbers(cells: list[Cell], modality: Number | None = None) -> tuple[Packed, Facts]:
    made = modality or Number()
    facts = made.fit([cells], rng())
    return made.prepare(cells, facts), facts


def test_numbers_are_standardised_by_training_rows() -> None:
    packed, facts = numbers(["2", 4, 4.0, "4 ", 5, 5, 7, 9, None])
    # Mean 5 and population deviation 2 of this classical example are whole.
    np.testing.assert_allclose(packed.values[:8, 0], [-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2])
    assert packed.values[8, 0] == 0
    assert (facts["low"], facts["median"], facts["high"], facts["count"]) == (2, 4.5, 9, 8)
    assert (facts["bins"][0], facts["bins"][-1]) == (-1.5, 2.0)


def test_units_and_separators_of_a_column_are_facts() -> None:
    packed, facts = numbers(['37"', '1.000,5"', "2 ft", "x", None])
    assert (facts["unit"], facts["decimal"]) == ("in", ",")
    assert packed.row_status().tolist() == [PRESENT, PRESENT, PRESENT, CORRUPT, MISSING]
    assert packed.row_reasons() == {3: "'x' is not a number"}
    assert (facts["low"], facts["high"]) == pytest.approx((24, 1000.5))


def test_every_choice_of_numbers_changes_something() -> None:
    cells: list[Cell] = [float(x) for x in rng().lognormal(0, 2, 500)]
    plain = numbers(cells, Number(transform="none"))[0].values
    for other in (Number(transform="log"), Number(transform="quantile"), Number(transform="none", clip=1.0)):
        assert not np.allclose(numbers(cells, other)[0].values, plain)
    assert np.allclose(numbers(cells)[0].values, numbers(cells, Number(transform="log"))[0].values)
    assert len(numbers(cells, Number(bins=4))[1]["bins"]) == 5


def test_bins_are_in_the_units_of_the_values() -> None:
    cells: list[Cell] = [float(x) for x in rng().lognormal(0, 1, 1000)]
    packed, facts = numbers(cells)
    counts = np.histogram(packed.values[:, 0], facts["bins"])[0]
    assert len(counts) == 32
    assert counts.min() >= 25


def test_joined_rows_are_corrupt_only_where_nothing_is_real() -> None:
    first = numbers([1, 2, "x", "x", None])[0]
    second = numbers([1, None, 3, "y", None])[0]
    (joined,) = Number().join([first, second])
    assert joined.row_status().tolist() == [PRESENT, PRESENT, PRESENT, CORRUPT, MISSING]
    assert joined.row_reasons() == {3: "'x' is not a number"}
    assert joined.mask is not None
    assert joined.mask.tolist() == [
        [True, True],
        [True, False],
        [False, True],
        [False, False],
        [False, False],
    ]


def test_joining_follows_rows_that_share_records() -> None:
    column = numbers([1, 2, 3])[0]
    (joined,) = Number().join([column.rows(np.array([2, 0])), column.rows(np.array([1, 1]))])
    np.testing.assert_array_equal(joined.values, column.values[[[2, 1], [0, 1]], 0])


@pytest.mark.parametrize(
    ("cells", "number", "category"),
    [
        ([*range(100)] * 2, 0.95, 0.2),
        ([0, 1] * 50, 0.3, 0.9),
        ([True, False] * 50, 0.2, 0.95),
        (["true", "false"] * 50, 0.3, 0.9),
        ([85255, 91901, 92276, 93446, 94501, 95220] * 30, 0.3, 0.9),
        (["00123", "00456", "07890"] * 30, 0.3, 0.9),
        ([f"{x} kg" for x in range(3, 90)], 0.95, 0.0),
        (["3 doors", "5 doors"] * 40, 0.3, 0.9),
        ([f"2020-01-{d:02d}" for d in range(1, 31)], 0.0, 0.2),
    ],
)
def test_numbers_and_categories_are_told_apart(cells: list[Cell], number: float, category: float) -> None:
    assert Number.sniff(cells).score == pytest.approx(number, abs=0.01)
    assert Category.sniff(cells).score == pytest.approx(category, abs=0.01)


def test_guesses_give_their_reason() -> None:
    cells: list[Cell] = [float(x) for x in range(97)] + ["a", "b", "c"]
    assert Number.sniff(cells).reason == "97% of 100 sampled cells parse as numbers; 97 distinct values"
    assert Category.sniff(["a", "b"] * 30).reason == "2 distinct values in 60 sampled cells, 1.0 words each"


def categories(cells: list[Cell], modality: Category | None = None) -> tuple[Packed, Facts]:
    made = modality or Category()
    facts = made.fit([cells], rng())
    return made.prepare(cells, facts), facts


def test_categories_are_numbered_by_how_common_they_are() -> None:
    packed, facts = categories(["b", "a", "b", None, "c", "a", "b"])
    assert facts["values"] == ["b", "a", "c"]
    assert facts["counts"] == [3, 2, 1]
    assert packed.values[:, 0].tolist() == [1, 2, 1, 0, 3, 2, 1]
    assert Category().describe([facts, facts], "index")["sizes"] == [4, 4]


def test_an_unseen_category_is_present_and_unknown() -> None:
    _, facts = categories(["a", "b"])
    packed = Category().prepare(["z", None], facts)
    assert packed.values[:, 0].tolist() == [0, 0]
    assert packed.row_status().tolist() == [PRESENT, MISSING]
    assert packed.mask is not None
    assert packed.mask[:, 0].tolist() == [True, False]


def test_a_category_is_the_same_in_every_type() -> None:
    _, facts = categories([1, 2, 3, True])
    assert facts["values"] == ["1", "2", "3", "true"]
    for cells in ([3.0, 1.0], ["3", "1"], [np.int8(3), 1]):
        assert Category().prepare(cells, facts).values[:, 0].tolist() == [3, 1]
    assert Category().prepare(["TRUE", True], facts).values[:, 0].tolist() == [4, 4]


def test_rare_and_surplus_categories_become_unknown() -> None:
    cells: list[Cell] = ["a"] * 150 + ["b"] * 60 + ["c"] * 5 + ["d"]
    assert categories(cells)[1]["values"] == ["a", "b", "c"]
    assert categories(cells, Category(least=1))[1]["values"] == ["a", "b", "c", "d"]
    facts = categories(cells, Category(most=2))[1]
    assert facts["values"] == ["a", "b"]
    assert facts["unknown_share"] == pytest.approx(6 / 216)
    assert facts["distinct"] == 4
    assert categories(cells[-3:])[1]["values"] == ["c", "d"]


def test_mixed_and_plain_columns_give_the_same_codes() -> None:
    _, facts = categories(["a", "b", "1"])
    plain = Category().prepare(["b", "1", "q", None], facts)
    mixed = Category().prepare(["b", 1, "q", None, True], facts)
    assert plain.values[:, 0].tolist() == mixed.values[:4, 0].tolist() == [3, 1, 0, 0]
