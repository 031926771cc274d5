"""Cells of signals in every form that people write them in, and what is said of those that are none."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sensorium.errors import CorruptCell
from sensorium.media.signal import Form, Signal, decode
from sensorium.media.signal_files import Limits

NAN = float("nan")


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def read(cell: object, form: Form | None = None) -> Signal:
    found = decode(cell, form or Form())
    assert found is not None
    return found


def reason(cell: object, form: Form | None = None, limits: Limits | None = None) -> str:
    with pytest.raises(CorruptCell) as caught:
        decode(cell, form or Form(), limits or Limits())
    return str(caught.value)


ONE = [[1.0], [2.0], [3.0]]
TWO = [[1.0, 4.0], [2.0, NAN], [3.0, 6.0]]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ([1, 2, 3], ONE),
        ((1, 2, 3), ONE),
        (np.array([1, 2, 3], np.int16), ONE),
        (np.array([1, 2, 3], object), ONE),
        (["1", "2", "3"], ONE),
        ("[1, 2, 3]", ONE),
        (" [1. 2.\n  3.] ", ONE),
        (npy(np.array([1, 2, 3], ">i4")), ONE),
        (memoryview(npy(np.array([1.0, 2.0, 3.0]))), ONE),
        (b"1\n2\n3\n", ONE),
        ([[1, 4], [2, None], [3, 6]], TWO),
        ([np.array([1, 4]), np.array([2, NAN]), np.array([3, 6])], TWO),
        (np.array(TWO), TWO),
        (np.array([[1, 4], [2, np.inf], [3, 6]]), TWO),
        (npy(np.asfortranarray(TWO)), TWO),
        (npz(only=np.array(TWO)), TWO),
        (npz(a=np.array([1, 2, 3]), b=np.array([4, NAN, 6])), TWO),
        ({"a": [1, 2, 3], "b": [4, None, 6]}, TWO),
        ({"a": [1, 2, 3], "unit": "g", "b": np.array([4, NAN, 6]), "device": None}, TWO),
        ('{"a": [1, 2, 3], "b": [4, null, 6]}', TWO),
        ([{"a": 1, "b": 4}, {"a": 2}, {"a": 3, "b": 6}], TWO),
        (b"a,b\n1,4\n2,\n3,6\n", TWO),
        (b"\xef\xbb\xbf# made by hand\r\na;b\r\n1,0;4,0\r\n\r\n2,0;NA\r\n3,0;6,0", TWO),
        (b"  1   4\n  2 nan\n  3   6\n", TWO),
        (b"a\tlabel\tb\n1\tx\t4\n2\ty\t\n3\tz\t6\n", TWO),
    ],
)
def test_every_form_of_the_same_signal_is_read_alike(cell: object, expected: list[list[float]]) -> None:
    found = read(cell)
    np.testing.assert_array_equal(found.values, np.array(expected))
    assert found.values.dtype == np.float64
    assert found.times is None


@pytest.mark.parametrize("cell", [[], [None, None], np.zeros((0, 3)), np.full((4, 2), NAN), [NAN], [np.inf]])
def test_a_signal_without_a_real_number_is_missing(cell: object) -> None:
    assert decode(cell) is None


def test_channels_come_first_where_the_form_says_so() -> None:
    table = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(read(table, Form(first="channels")).values, table.T)


def test_channels_are_found_by_name_and_an_absent_one_is_a_gap() -> None:
    form = Form(2, ("b", "a"))
    np.testing.assert_array_equal(
        read({"a": [1, 2], "c": [7, 8], "b": [3, 4]}, form).values, [[3, 1], [4, 2]]
    )
    np.testing.assert_array_equal(read({"a": [1, 2]}, form).values, [[NAN, 1], [NAN, 2]])
    np.testing.assert_array_equal(read([[1, 2], [3, 4]], form).values, [[1, 2], [3, 4]])
    assert reason({"x": [1], "y": [2]}, form) == "none of the channels 'b', 'a' is there, but 'x', 'y'"


def test_a_matrix_with_a_name_gives_numbered_channels() -> None:
    found = read({"acc": [[1, 2], [3, 4]], "hr": [60, 61]})
    assert found.names == ("acc 1", "acc 2", "hr")
    np.testing.assert_array_equal(found.values, [[1, 2, 60], [3, 4, 61]])


@pytest.mark.parametrize("name", ["t", "Time", "timestamps", "seconds"])
def test_a_field_named_like_a_time_holds_the_times(name: str) -> None:
    found = read({"x": [5, 6, 7], name: [10.0, 10.5, 12.0]})
    assert found.names == ("x",)
    assert found.times is not None
    np.testing.assert_allclose(found.times, [0, 0.5, 2])
    np.testing.assert_array_equal(found.values[:, 0], [5, 6, 7])


def test_the_time_may_be_a_column_that_the_user_names() -> None:
    found = read(np.array([[0.0, 7.0], [0.25, 8.0]]), Form(time="1"))
    assert found.times is not None
    np.testing.assert_array_equal(found.times, [0, 0.25])
    np.testing.assert_array_equal(found.values, [[7.0], [8.0]])
    assert read({"t": [1, 2], "x": [3, 4]}, Form(time="clock")).names == ("t", "x")
    assert read({"time": [1, 2, 3]}).names == ("time",), "a signal of nothing but times is a signal"


START = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "times",
    [
        [START, START + timedelta(seconds=0.5), START + timedelta(seconds=2)],
        ["2024-05-01T12:00:00", "2024-05-01T12:00:00.5", "2024-05-01T12:00:02"],
        ["2024-05-01 12:00:00+02:00", "2024-05-01 12:00:00.5+02:00", "2024-05-01 12:00:02+02:00"],
        np.array(["2024-05-01T12:00:00", "2024-05-01T12:00:00.5", "2024-05-01T12:00:02"], "datetime64[ms]"),
        [1714564800.0, 1714564800.5, 1714564802.0],
        [1714564800000, 1714564800500, 1714564802000],
        [1714564800000000, 1714564800500000, 1714564802000000],
        np.array([1714564800000000000, 1714564800500000000, 1714564802000000000]),
        [0, 0.5, 2],
    ],
)
def test_times_are_read_as_seconds_whatever_they_are(times: object) -> None:
    found = read({"time": times, "x": [1, 2, 3]})
    assert found.times is not None
    np.testing.assert_allclose(found.times, [0, 0.5, 2], atol=1e-6)


def test_moments_in_a_text_table_are_times() -> None:
    data = b"when,time,x\na,2024-05-01 12:00:00,1\nb,2024-05-01 12:00:03,2\n"
    found = read(data)
    assert found.times is not None
    assert (found.times.tolist(), found.values.tolist(), found.names) == ([0, 3], [[1], [2]], ("x",))
    found = read(b"2024-05-01T12:00:00Z,1\n2024-05-01T12:00:03Z,2\n", Form(time="1"))
    assert found.times is not None
    assert (found.times.tolist(), found.values.tolist()) == ([0, 3], [[1], [2]])


@pytest.mark.parametrize("name", ["rate", "sampling_rate", "fs", "HZ"])
def test_a_number_beside_the_channels_says_the_rate(name: str) -> None:
    assert read({name: 50, "x": [1, 2]}).rate == 50
    assert read(npz(fs=np.array(12.5), x=np.array([1, 2]))).rate == 12.5
    assert read({name: [1, 2], "x": [1, 2]}).names == (name, "x"), "a list of that name is a channel"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (object(), "expected a signal, got a object"),
        (1.5, "expected a signal, got 1.5"),
        ("a word", "expected a signal, got 'a word'"),
        ("[1, 2, x]", "'[1, 2, x]' is no list of numbers"),
        ("[1 2 ... 8 9]", "the list was shortened to '...' when it was written: '[1 2 ... 8 9]'"),
        ("[" * 100_000 + "]" * 100_000, "the value is nested too deeply to be read"),
        ([[1, 2], [3]], "expected a signal, got lists of different lengths or of no numbers"),
        ({"a": [1], "b": [1, 2]}, "the channels must have equally many steps; 'a' has 1, 'b' has 2"),
        ({"a": "x"}, "expected a signal, got no channel of numbers"),
        (["a", "b"], "expected a signal, got no channel of numbers"),
        ({"t": [1, 2, 3], "x": [1, 2]}, "the signal has 2 steps, but 3 times"),
        ({"t": [NAN, NAN], "x": [1, 2]}, "no step has a time"),
        ({"t": ["x", "y"], "x": [1, 2]}, "the times are neither numbers nor moments"),
        ({"rate": -1, "x": [1, 2]}, "the signal's rate must be a number above 0, got -1"),
        (np.array(3.0), "expected a signal (T,) or (T, C), got an array of shape () and type float64"),
        (
            np.zeros((2, 2, 2)),
            "expected a signal (T,) or (T, C) of numbers, got an array of shape (2, 2, 2) and type float64",
        ),
        (
            np.zeros(2, complex),
            "expected a signal (T,) or (T, C) of numbers, got an array of shape (2,) and type complex128",
        ),
        (b"", "the file is empty (0 bytes)"),
        (b"\x89PNG\r\n\x1a\n", "not a signal: the content is image (png)"),
        (b"\x00\x01", "neither npy, npz nor a text table: the content is of an unknown kind"),
        (
            b"1,2\n" * 20 + b"\0",
            "a text table, but with zero bytes in it: the content is of an unknown kind",
        ),
        (b"word\nother\n", "the text is no table of numbers"),
        (b"\n\n", "the file holds no line"),
        (b"1,2\n3\n", "the text is no table: Row #2: Expected 2 columns, got 1: 3"),
    ],
)
def test_a_cell_that_is_no_signal_says_why(cell: Any, said: str) -> None:
    assert reason(cell) == said


def test_another_number_of_channels_is_corrupt() -> None:
    assert reason([[1, 2], [3, 4]], Form(3)) == "expected 3 channels, got 2"


def test_a_folder_is_no_signal(tmp_path: Path) -> None:
    assert reason(tmp_path) == "expected a signal, got a folder"
    assert reason(tmp_path / "none.npy") == "the file cannot be read: No such file or directory"


def test_limits_are_checked_before_anything_is_made() -> None:
    few, small = Limits(max_steps=2), Limits(max_megabytes=1e-5)
    steps = "the signal has 3 steps, more than max_steps = 2; raise max_steps to read it"
    for cell in ([1, 2, 3], np.zeros(3), [[1, 2, 3]], {"a": [1, 2, 3]}, [{"a": 1}] * 3, npy(np.zeros(3))):
        assert reason(cell, limits=few) == steps
    for cell in (npz(a=np.zeros(3)), b"1\n2\n3"):
        assert reason(cell, limits=few) == steps
    large = "the signal has 0.0 MB, more than max_megabytes = 1e-05; raise max_megabytes to read it"
    for cell in (np.zeros(3), npy(np.zeros(3)), npz(a=np.zeros(3)), b"1,2,3,4,5,6\n", [{"a": 1, "b": 2}] * 3):
        assert reason(cell, limits=small) == large


def test_a_file_is_measured_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.npy"
    with path.open("wb") as file:
        file.write(npy(np.zeros(10**6))[:128])  # the header alone: 8 MB are only declared
    limits = Limits(max_megabytes=1)
    said = "the signal has 8.0 MB, more than max_megabytes = 1; raise max_megabytes to read it"
    assert reason(path, limits=limits) == said
    assert reason(path) == "the file is cut off: 0 of 8,000,000 bytes are there"
