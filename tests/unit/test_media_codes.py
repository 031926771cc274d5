"""Codes, sentences and identifiers, told apart by content."""

import uuid
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sensorium.errors import CorruptCell
from sensorium.media.codes import composed, integers_are_codes, key, words
from sensorium.media.identifiers import identifier_reason


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (3, "3"),
        (3.0, "3"),
        ("3", "3"),
        (np.int64(3), "3"),
        (np.float32(3), "3"),
        ("03", "03"),
        (2.5, "2.5"),
        (True, "true"),
        (np.bool_(False), "false"),
        ("TRUE", "true"),
        ("True", "true"),
        ("  red   car ", "red car"),
        ("Red", "Red"),
        ("e\u0301", "\u00e9"),
        (b"red", "red"),
        ("", None),
        ("  ", None),
        (date(2020, 1, 5), "2020-01-05"),
    ],
)
def test_one_category_is_one_string_however_it_is_written(cell: object, text: str | None) -> None:
    assert key(cell) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ([1], "expected a category, got a list"),
        (Path("a"), f"expected a category, got a {type(Path()).__name__}"),
        (b"\xff", "expected a category, got bytes that are no UTF-8"),
        (float("inf"), "the number is infinite"),
        (10**40, "a number of 133 bits is too large for a category"),
    ],
)
def test_what_is_no_category_says_why(cell: object, text: str) -> None:
    with pytest.raises(CorruptCell) as caught:
        key(cell)
    assert str(caught.value) == text


def numbers(*values: float, times: int = 1) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.repeat(np.array(values, np.float64), times)


def test_whole_numbers_that_are_codes_say_why() -> None:
    assert integers_are_codes(numbers(0, 1, times=5)) == "only 2 different whole numbers"
    assert integers_are_codes(numbers(1, 2, 3, 4, 5, times=10)) == "only 5 different whole numbers"
    postal = numbers(85255, 91901, 92276, 93446, 94501, 95220, 92880, 93510, times=8)
    assert integers_are_codes(postal) == "8 different whole numbers of 5 digits, each repeated: codes"


def test_counts_years_measures_and_fractions_are_no_codes() -> None:
    assert integers_are_codes(numbers(*range(1, 11), times=50)) is None
    assert integers_are_codes(numbers(*range(1990, 2020), times=10)) is None
    assert integers_are_codes(numbers(0.5, 1.5, times=90)) is None
    assert integers_are_codes(numbers(*range(1000, 9000, 3))) is None
    assert integers_are_codes(numbers()) is None


def whole(low: int, high: int, seed: int = 0, rows: int = 60) -> list[int]:
    return [int(n) for n in np.random.default_rng(seed).integers(low, high, rows)]


def test_whole_numbers_that_are_moments_are_no_identifiers() -> None:
    day = 86_400
    for size in (10**6, 10**9):
        assert identifier_reason(whole(1_500_000_000 * size, 1_700_000_000 * size)) is None
        assert identifier_reason(sorted(whole(1_700_000_000 * size, (1_700_000_000 + day) * size))) is None
    early = whole(10**17, 3 * 10**17)
    assert identifier_reason(early) == "whole numbers of 18 digits, all different"
    assert identifier_reason(early, dates=True) is None


@pytest.mark.parametrize(
    ("cells", "digits"),
    [
        (whole(10**15, 10**16), 16),
        (whole(1, 2**63), 19),
        (whole(1, 2**63, rows=1000), 19),
        (whole(10**17, 10**18, rows=20), 18),
        (whole(4 * 10**15, 5 * 10**15), 16),
        ([2023 * 10**12 + n for n in whole(0, 10**12)], 16),
        ([15 * 10**17 + (n << 22) + n % 32 * 4096 + n % 3 for n in whole(0, 10**10)], 19),
        ([1700 * 10**12 + n for n in whole(0, 10**6)], 16),
    ],
)
def test_long_numbers_drawn_or_dealt_as_names_are_identifiers(cells: list[int], digits: int) -> None:
    found = f"whole numbers of {digits} digits, all different"
    assert identifier_reason(cells) == identifier_reason([*map(str, cells)]) == found


def test_numbers_that_no_float_holds_are_looked_at_too() -> None:
    huge = [n * 10**400 for n in whole(10**17, 10**18)]
    assert [identifier_reason(cells) for cells in (huge, [*huge, 0.5], [*map(str, huge)])] == [None] * 3
    assert identifier_reason([str(n) * 300 for n in whole(10**17, 10**18)]) is None


@pytest.mark.parametrize("wide", [1.0, 1.2, 1.5])
def test_long_amounts_are_no_identifiers(wide: float) -> None:
    for seed in range(5):
        drawn = np.random.default_rng(seed).lognormal(np.log(4e17), wide, 300)
        cells = [int(amount) + n for amount, n in zip(drawn, whole(0, 999, seed, 300), strict=True)]
        assert identifier_reason(cells) is None
        assert identifier_reason([*map(str, cells)]) is None


def test_words_count_signs_of_languages_without_spaces() -> None:
    assert words("a small dog") == 3
    assert words("\u4f60\u597d\u4e16\u754c\u4f60\u597d") == 4
    assert words("") == 0


def test_sentences_share_words_and_categories_do_not() -> None:
    sentences = [
        f"is the {c} shape a {s}?" for c in "red blue grey".split() for s in "box disk star hat".split()
    ]
    assert composed(sentences * 5)
    assert not composed(["Room Decor", "Baby Gear", "Car Seats", "Bath Time"] * 9)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([*range(5, 35)], "the whole numbers from 5 to 34, each once"),
        ([7.0, *map(float, range(8, 40))], "the whole numbers from 7 to 39, each once"),
        ([*range(1, 60), *range(1, 10)], "a row counter: neighbouring rows differ by one"),
        ([str(uuid.UUID(int=i * 7919 + 10**37)) for i in range(30)], "UUIDs, all different"),
        ([f"{i * 2654435761 % 2**32:07x}a" for i in range(40)], "hashes, all different"),
        ([f"ID-{i:05d}" for i in range(0, 900, 30)], "serial numbers such as 'ID-00000', all different"),
        ([f"{i:06d}" for i in range(0, 900, 30)], "serial numbers such as '000000', all different"),
        (
            [f"00:{m:02d}:07" for m in range(40)],
            "moments 1 minute apart, in the rows' order for less than two days",
        ),
        ([f"p{i % 28}" for i in range(30)], "serial numbers such as 'p0', 93% different"),
        ([f"SKU{i * 37 % 1000}" for i in range(30)], "serial numbers such as 'SKU0', all different"),
        ([f"{96000 + i * 37 % 101}L" for i in range(60)], "serial numbers such as '96000L', all different"),
        ([f"{10234 + i * 37 % 101}K" for i in range(60)], "serial numbers such as '10234K', all different"),
        (
            [f"EUR{10001 + i * 37 % 101}" for i in range(60)],
            "serial numbers such as 'EUR10001', all different",
        ),
        ([f"{i}/2021" for i in range(30)], "serial numbers such as '0/2021', all different"),
        ([f"1.{i // 9}.{i % 9}" for i in range(30)], "serial numbers such as '1.0.0', all different"),
        (
            [f"10.0.{i % 7}.{i * 37 % 251}" for i in range(30)],
            "serial numbers such as '10.0.0.0', all different",
        ),
        ([*map(str, range(5, 35))], "the whole numbers from 5 to 34, each once"),
        (
            [10**15 + i for i in range(30)],
            "the whole numbers from 1000000000000000 to 1000000000000029, each once",
        ),
        (
            [int(i) for i in np.random.default_rng(0).integers(10**18, 9 * 10**18, 60)],
            "whole numbers of 19 digits, all different",
        ),
        (
            [str(i) for i in np.random.default_rng(0).integers(10**18, 9 * 10**18, 60)],
            "whole numbers of 19 digits, all different",
        ),
    ],
)
def test_identifiers_say_why(cells: list[object], reason: str) -> None:
    assert identifier_reason([None, *cells, CorruptCell("x")]) == reason


def drawn(low: float, high: float, how: Callable[[float], object]) -> list[object]:
    """150 different numbers between two, in no order, written in some way."""
    return [how(float(x)) for x in np.random.default_rng(1).uniform(low, high, 150)]


@pytest.mark.parametrize(
    "cells",
    [
        drawn(1e5, 1e6, lambda x: f"${x:,.0f}"),
        drawn(0, 100, lambda x: f"{x:.1f}%"),
        drawn(10, 99, lambda x: f"EUR {x:.2f}"),
        drawn(10_000, 99_000, lambda x: f"USD {x:.0f}"),
        drawn(1000, 99_000, lambda x: f"USD{x:.0f}"),
        drawn(100, 999, lambda x: f"USD{x:.0f}"),
        drawn(100, 999, lambda x: f"USD{x:.0f}000"),
        drawn(10_000, 99_000, lambda x: f"{x:.0f} L"),
        drawn(1000, 99_000, lambda x: f"{x:.0f}L"),
        drawn(100, 999, lambda x: f"{x:.0f}00L"),
        drawn(10_000, 99_000, lambda x: f"{x:.0f}km"),
        [*drawn(10_000, 99_000, lambda x: f"{x:.0f}L"), "10000L", "10000L"],
        drawn(1e5, 9e5, lambda x: f"{x:.3e}"),
        drawn(0.1, 1, lambda x: f"{x:.3f}"[1:]),
        drawn(10, 99, lambda x: f"{x:.1f}kg"),
        drawn(1000, 9999, lambda x: f"{x:.0f}kWh"),
        drawn(1e-7, 9e-7, lambda x: f"{x:.2e}"),
        drawn(1e4, 9e4, lambda x: f"{x:,.0f}".replace(",", "'")),
        drawn(100, 180, lambda x: f"{x:.0f}/{200 - x * 0.7:.0f}"),
        drawn(20, 200, lambda x: f"{x:.0f}x{x * 7 % 90:.0f}x10"),
        drawn(50, 54, lambda x: f"{x:.4f},{8 + x * 7 % 1:.4f}"),
        drawn(50, 54, lambda x: f"{x:.4f}, {8 + x * 7 % 1:.4f}"),
        drawn(30, 40, lambda x: f"-{x:.6f};+{100 + x * 7 % 1:.6f}"),
        drawn(50, 54, lambda x: f"({x:.4f},{8 + x * 7 % 1:.4f})"),
        drawn(50, 54, lambda x: f"{x:.4f};{8 + x * 7 % 1:.4f}".replace(".", ",")),
        drawn(4e5, 6e5, lambda x: f"{x:.2f},{5e6 + x * 7:.2f}"),
        [f"{50 + i / 100:.4f},8.8771" for i in range(60)],
        drawn(1, 30, lambda x: f"{x:.0f}.{x * 7 % 20:.0f}.{x * 991 % 90:.0f}"),
        drawn(1, 10, lambda x: f"{x:05.1f}"),
        drawn(100, 900, lambda x: f"{x:.0f}k"),
        drawn(1e5, 1e6, lambda x: f"{x:.0f}"),
        drawn(1e5, 1e6, lambda x: int(x)),
        drawn(1, 9, lambda x: int(x) * 10**17),
        drawn(1, 50, lambda x: int(np.exp(x))),
        [*drawn(0, 100, lambda x: f"{x:.1f}"), "n/k", "n/k"],
        [*range(10)],
        [3, 3, 4, 8] * 20,
        [float(x) for x in np.random.default_rng(0).normal(5, 2, 100)],
        [int(x) for x in np.random.default_rng(0).integers(500, 9000, 100)],
        [f"2020-01-{d:02d}" for d in range(1, 31)],
        [f"{d}/11/2020" for d in range(1, 31)],
        [f"{7 * m % 24:02d}:{m:02d}:07" for m in range(40)],
        [f"{m}.5" for m in range(40)],
        ["red", "green"] * 30,
        [f"the {w} dog" for w in range(40)],
        [f"name{chr(97 + i % 26) * (i // 26 + 1)}" for i in range(52)],
        [True, False] * 20,
        [Path(f"{i}.png") for i in range(30)],
    ],
)
def test_what_can_be_learned_from_is_no_identifier(cells: list[object]) -> None:
    assert identifier_reason(cells) is None


def test_whole_floats_are_the_category_of_the_integer_as_far_as_floats_are_exact() -> None:
    assert key(1e15) == key(10**15) == key("1000000000000000") == "1000000000000000"
    assert key(2.0**53) == str(2**53)
    assert key(2.0**54) == repr(2.0**54)
