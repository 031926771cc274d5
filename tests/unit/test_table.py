"""Tables in memory: cells, order, missing, and what is held where."""

import datetime as dt
import decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sensorium.errors import DataError
from sensorium.table.cells import cells_of, chunk_cells
from sensorium.table.memory import columns_in
from sensorium.table.table import Table

NAN = float("nan")


def table(source: object) -> Table:
    return Table.of(columns_in(source, "T"), "T")


def cells(source: object) -> dict[str, list[object]]:
    made = table(source)
    return {name: list(made.column(name)) for name in made.names}


def error(source: object) -> str:
    with pytest.raises(DataError) as caught:
        table(source)
    return str(caught.value)


def test_frames_of_every_library_give_the_same_cells() -> None:
    columns = {
        "i": [1, None, 3],
        "f": [0.5, NAN, float("inf")],
        "s": ["a", None, ""],
        "b": [True, None, False],
    }
    expected = {
        "i": [1, None, 3],
        "f": [0.5, None, float("inf")],
        "s": ["a", None, ""],
        "b": [True, None, False],
    }
    types = {"i": "Int64", "b": "boolean"}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    for source in (
        columns,
        rows,
        pa.table(columns),
        pa.table(columns).to_batches()[0],
        pa.table(columns).to_reader(),
        pl.DataFrame(columns),
        pl.LazyFrame(columns),
        pd.DataFrame(columns).astype(types),
    ):
        assert cells(source) == expected


@given(
    rows=st.lists(
        st.tuples(
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.floats(allow_nan=False),
            st.none() | st.text(st.characters(codec="utf-8"), max_size=5),
            st.none() | st.binary(max_size=5),
        ),
        min_size=1,
        max_size=8,
    ),
    data=st.data(),
)
def test_taken_rows_are_the_rows_asked_for(rows: list[tuple[object, ...]], data: st.DataObject) -> None:
    index = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=10))
    again = data.draw(st.lists(st.integers(0, max(len(index) - 1, 0)), max_size=5 if index else 0))
    listed = {name: [row[i] for row in rows] for i, name in enumerate("abcd")}
    pieces = [pa.table({n: c[:1] for n, c in listed.items()}, schema=SCHEMA)]
    pieces.append(pa.table({n: c[1:] for n, c in listed.items()}, schema=SCHEMA))
    for source in (listed, pa.concat_tables(pieces)):
        taken = table(source).take(index).take(again)
        for name in "abcd":
            assert list(taken.column(name)) == [listed[name][index[i]] for i in again]
            assert [c for chunk in taken.chunks(name, size=2) for c in chunk] == list(taken.column(name))
        assert [taken.row_number(i) for i in range(len(again))] == [f"row {index[i] + 1}" for i in again]


SCHEMA = pa.schema({"a": pa.int64(), "b": pa.float64(), "c": pa.string(), "d": pa.binary()})


def test_python_objects_stay_themselves() -> None:
    picture, array = Image.new("L", (2, 2)), np.zeros((2, 3))
    found = cells([{"p": picture, "a": array, "m": 1}, {"p": b"bytes", "a": [1, "x"], "m": "text"}])
    assert found["p"][0] is picture
    assert found["a"][0] is array
    assert found["p"][1:] + found["a"][1:] + found["m"] == [b"bytes", [1, "x"], 1, "text"]


def test_an_array_column_is_not_copied() -> None:
    images, numbers = np.zeros((3, 4, 4), np.uint8), np.arange(3.0)
    made = table({"image": images, "number": numbers})
    assert np.shares_memory(made.column("image")[1], images)  # type: ignore[arg-type]
    held = made.stored("number")
    assert not isinstance(held, list)
    assert np.shares_memory(held.chunk(0).to_numpy(), numbers)


def test_every_kind_of_missing_is_none() -> None:
    odd = [
        None,
        NAN,
        np.float32(NAN),
        np.datetime64("NaT"),
        np.timedelta64("NaT"),
        pd.NA,
        pd.NaT,
        decimal.Decimal("nan"),
    ]
    assert cells({"a": [*odd, "x"]})["a"] == [None] * 8 + ["x"]


def test_scalars_of_other_libraries_become_pythons_own() -> None:
    given_cells = [
        np.int8(3), np.float64(0.5), np.bool_(True), np.str_("s"), np.array(7), torch.tensor(2.5),
        np.datetime64("2020-01-02"), np.timedelta64(1500, "ms"), dt.date(2020, 1, 2), decimal.Decimal("1.5"),
        pd.Timestamp("2020-01-02 00:00:00.000000001"), Path("a") / "b.jpg", bytearray(b"x"), (1, 2),
        {"b", "a"},
        {"bytes": b"x", "path": None}, {"bytes": None, "path": "p.jpg"},
    ]  # fmt: skip
    day = dt.datetime(2020, 1, 2)
    found = cells({"a": given_cells})["a"]
    assert found == [
        3, 0.5, True, "s", 7, 2.5, day, 1.5, day, 1.5, day, "a/b.jpg", b"x", [1, 2],
        ["a", "b"], b"x", "p.jpg",
    ]  # fmt: skip
    assert [type(c) for c in found[:4]] == [int, float, bool, str]


def test_a_tensor_becomes_an_array() -> None:
    found = cells({"a": [torch.ones(2, requires_grad=True), "x"]})["a"][0]
    assert isinstance(found, np.ndarray)
    assert found.tolist() == [1.0, 1.0]


def test_half_surrogates_become_replacement_characters() -> None:
    assert cells({"a": ["\ud800x", "\ud83d\ude00", "fine"]})["a"] == ["\ufffdx", "\U0001f600", "fine"]


def test_integers_too_large_for_arrow_stay_exact() -> None:
    assert cells({"a": [2**80, 1], "b": [2**53 + 1, 0.5]}) == {"a": [2**80, 1], "b": [2**53 + 1, 0.5]}


def test_pandas_columns_of_any_type_are_read() -> None:
    frame = pd.DataFrame(
        {
            1: pd.Categorical(["x", None]),
            "d": pd.to_datetime(["2020-01-02", None]),
            "o": [np.zeros(1), "x"],
            "p": pd.period_range("2020", periods=2),
        }
    )
    found = cells(frame)
    assert found["1"] == ["x", None]
    assert found["d"] == [dt.datetime(2020, 1, 2), None]
    assert found["o"][1] == "x"
    assert len(found["p"]) == 2


def test_polars_objects_are_read() -> None:
    assert cells(pl.DataFrame({"o": pl.Series([{1}, "x"], dtype=pl.Object), "c": [1, 2]})) == {
        "o": [[1], "x"],
        "c": [1, 2],
    }


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"]),
        (pa.array([1, 1, None]).cast(pa.int8()), [1, 1, None]),
        (pa.array([dt.date(2020, 1, 2), None]), [dt.datetime(2020, 1, 2), None]),
        (pa.array([1500, None], pa.duration("ms")), [1.5, None]),
        (pa.array([decimal.Decimal("1.25"), None]), [1.25, None]),
        (pa.array([1, None], pa.timestamp("ns")), [dt.datetime(1970, 1, 1), None]),
        (pa.array([2**62, 5], pa.timestamp("s")), [str(2**62), dt.datetime(1970, 1, 1, 0, 0, 5)]),
        (pa.array([np.float16(1.5), None], pa.float16()), [1.5, None]),
        (pa.array([["a", None], None]), [["a", None], None]),
        (pa.array([{"a": 1}, None]), [{"a": 1}, None]),
        (pa.array([{"bytes": b"x", "path": None}, {"bytes": None, "path": "p"}, None]), [b"x", "p", None]),
        (pa.array([None, None]), [None, None]),
        (pa.array(["x", None], pa.string_view()), ["x", None]),
        (pa.RunEndEncodedArray.from_arrays([2, 3], ["x", None]), ["x", "x", None]),
    ],
)
def test_arrow_types_become_cells(array: pa.Array, expected: list[object]) -> None:
    assert chunk_cells(array) == expected
    assert chunk_cells(array.slice(1)) == expected[1:]


@pytest.mark.parametrize(
    "kind",
    [pa.list_(pa.int32()), pa.large_list(pa.int32()), pa.list_(pa.int32(), 2), pa.list_view(pa.int32())],
)
def test_lists_of_numbers_become_arrays_and_those_with_gaps_lists(kind: pa.DataType) -> None:
    array = pa.array([[9, 9], [1, 2], None, [3, None], [4, 5]], kind).slice(1)
    found = chunk_cells(array)
    assert isinstance(found[0], np.ndarray)
    assert found[0].dtype == np.int32
    assert [None if c is None else list(c) for c in found] == [[1, 2], None, [3, None], [4, 5]]  # type: ignore[call-overload]


def test_channels_of_a_signal_are_a_list_of_arrays() -> None:
    found = chunk_cells(pa.array([[[1.0, 2.0], [3.0]], None]))
    assert isinstance(found[0], list)
    assert [channel.tolist() for channel in found[0]] == [[1.0, 2.0], [3.0]]


def test_tensors_of_one_shape_keep_it() -> None:
    values = np.arange(12.0).reshape(3, 2, 2)
    found = chunk_cells(pa.FixedShapeTensorArray.from_numpy_ndarray(values).slice(1))
    assert np.array_equal(np.stack(found), values[1:])  # type: ignore[arg-type]


def test_rows_scattered_over_chunks_come_in_the_order_asked_for() -> None:
    data = pa.chunked_array([[1, 2, 3], [4, 5], [], [6]])
    assert cells_of(data, np.array([5, 0, 0, 4, 2])) == [6, 1, 1, 5, 3]
    assert cells_of(data, np.array([2, 3, 4])) == [3, 4, 5]
    assert cells_of(data, np.array([], np.int64)) == []


def test_columns_are_added_replaced_and_dropped_in_place() -> None:
    made = table({"a": [1, 2, 3], "b": ["x", "y", "z"]}).take([2, 0])
    more = made.with_column("c", [True, None]).with_column("a", ["p", "q"])
    assert more.names == ("a", "b", "c")
    assert [list(more.column(n)) for n in more.names] == [["p", "q"], ["z", "x"], [True, None]]
    assert list(more.take([1]).column("c")) == [None]
    assert more.drop(["b"]).names == ("a", "c")
    assert list(made.column("a")) == [3, 1]
    assert repr(more) == "Table('T': 2 rows, 3 columns)"


def test_codes_are_equal_for_equal_cells_and_negative_for_missing_ones() -> None:
    array = np.zeros(2)
    columns = {
        "s": ["a", None, "b", "a"],
        "f": [1.5, NAN, 0.0, 1.5],
        "o": [array, None, np.zeros(3), array.copy()],
        "l": [[1, "x"], None, [1], [1, "x"]],
        "p": [Image.new("L", (1, 1)), None, Image.new("L", (1, 1), 9), Image.new("L", (1, 1))],
        "d": [{"k": 1, "l": 2}, None, {}, {"l": 2, "k": 1}],
    }
    made = table(columns)
    for source in (made, table(pa.table({n: columns[n] for n in "sf"}))):
        for name in source.names:
            code = source.codes(name)
            assert code[0] == code[3]
            assert code[1] == -1
            assert len(set(code.tolist())) == 3
            assert source.take([3, 1]).codes(name).tolist() == [code[3], -1]


def test_what_is_no_table_is_told() -> None:
    assert error([{"a": 1}, 3]) == "T, row 2: expected a dict with one cell a column; got 3."
    assert error({"a": [1], "b": [1, 2]}) == "T: columns must be equally long; 'a' has 1 cells and 'b' has 2."
    assert error({"a": 1}) == (
        "T, column 'a': expected a list or an array of cells; got 1. For one row give a list "
        "with one dict: [{...}]."
    )
    assert error({"a": "text"}).startswith("T, column 'a': expected a list or an array of cells; got 'text'.")
    assert error(np.zeros((2, 2))) == (
        "T: expected a path, several paths, a pandas, polars or pyarrow table, a list of "
        "dicts or a dict of columns; "
        "got a ndarray."
    )
    assert error(pd.DataFrame()) == "T: the table has no columns. Expected at least one input and a target."
    assert error(pd.DataFrame([[1, 2]], columns=["a", "a"])) == (
        "T: column names that come more than once: 'a' (columns 1 and 2). Rename all but one of each."
    )


def test_wrong_names_and_lengths_are_told() -> None:
    made = table({"age": [1], "label": ["x"]})
    for call in (made.column, made.codes, made.stored, lambda name: made.drop([name])):
        with pytest.raises(DataError) as caught:
            call("aeg")
        assert (
            str(caught.value) == "T: no column is named 'aeg'. Did you mean 'age'? Columns: 'age', 'label'."
        )
    with pytest.raises(DataError) as caught:
        made.with_column("n", [1, 2])
    assert str(caught.value) == "T: column 'n' needs a cell for each of 1 rows; got 2."
