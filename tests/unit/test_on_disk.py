"""Columns that stay on disk give the same cells and codes as in memory, in any order, a few at a time."""

import datetime as dt
import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensorium.errors import DataError
from sensorium.table import on_disk
from sensorium.table.column import Below, Column, below
from sensorium.table.on_disk import AS_JSON, Shard
from sensorium.table.table import Table, joined

ROWS = 50
NAN = float("nan")
CELLS: dict[str, pa.Array] = {
    "ints": pa.array([None if i % 7 == 0 else i % 5 - 2 for i in range(ROWS)]),
    "floats": pa.array([NAN if i % 11 == 0 else (i % 6) / 2 - 1 for i in range(ROWS)]),
    "words": pa.array([None if i % 9 == 0 else f"w{i % 4}" for i in range(ROWS)]),
    "coded": pa.array([f"w{i % 3}" if i % 8 else None for i in range(ROWS)]).dictionary_encode(),
    "bytes": pa.array([bytes([i % 6]) * 10 for i in range(ROWS)]),
    "times": pa.array([dt.datetime(2024, 1, 1 + i % 5) for i in range(ROWS)]),
    "lists": pa.array([[1.5, float(i % 3)] if i % 4 else None for i in range(ROWS)]),
    "nested": pa.array([{"bytes": bytes([i % 2]), "path": None} for i in range(ROWS)]),
    "flags": pa.array([None if i % 5 == 0 else i % 2 == 0 for i in range(ROWS)]),
    "nothing": pa.nulls(ROWS),
}


def written(folder: Path, table: pa.Table, name: str = "t.parquet", group: int = 7) -> Shard:
    pq.write_table(table, folder / name, row_group_size=group)
    return Shard(folder / name, name)


def of(shard: Shard) -> Table:
    return Table.of([(name, shard.column(name)) for name in shard.names], "T")


def equal(mine: list[object], theirs: list[object]) -> None:
    assert [type(cell) for cell in mine] == [type(cell) for cell in theirs]
    for one, other in zip(mine, theirs, strict=True):
        assert np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Table, Table]:
    """The same rows on disk and in memory."""
    table = pa.table(CELLS)
    shard = written(tmp_path_factory.mktemp("t"), table)
    return of(shard), Table.of(list(zip(table.column_names, table.columns, strict=True)), "T")


@settings(max_examples=60)
@given(st.lists(st.integers(0, ROWS - 1), max_size=30), st.sampled_from(sorted(CELLS)), st.integers(1, 40))
def test_any_rows_in_any_order_are_those_of_the_table_in_memory(
    pair: tuple[Table, Table], rows: list[int], name: str, size: int
) -> None:
    disk, memory = pair
    wanted = np.array(rows, np.int64)
    found = [cell for chunk in disk.chunks(name, wanted, size=size) for cell in chunk]
    equal(found, [cell for chunk in memory.chunks(name, wanted) for cell in chunk])


@pytest.mark.parametrize("name", CELLS)
def test_columns_and_codes_are_those_of_the_table_in_memory(pair: tuple[Table, Table], name: str) -> None:
    disk, memory = pair
    equal(list(disk.column(name)), list(memory.column(name)))
    pieces = [cell for chunk in disk.chunks(name, size=9) for cell in chunk]
    equal(pieces, list(memory.column(name)))
    mine, theirs = disk.codes(name), memory.codes(name)
    np.testing.assert_array_equal(mine < 0, theirs < 0)
    np.testing.assert_array_equal(mine[:, None] == mine, theirs[:, None] == theirs)
    there = mine[mine >= 0]
    assert list(dict.fromkeys(there.tolist())) == list(range(len(set(there.tolist()))))  # by appearance
    some = np.array([5, 3, 3, 40])
    equal(list(disk.take(some).take([2, 0]).column(name)), list(memory.take(some).take([2, 0]).column(name)))
    assert disk.on_disk(name)
    assert not memory.on_disk(name)


def test_minus_one_is_not_minus_two(tmp_path: Path) -> None:
    shard = written(tmp_path, pa.table({"a": [-1, -2, -1, 1], "b": [-1.0, -2.0, 0.0, -0.0]}))
    assert of(shard).codes("a").tolist() == [0, 1, 0, 2]
    assert of(shard).codes("b").tolist() == [0, 1, 2, 2]


def test_only_a_few_cells_are_in_memory_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"media": [bytes(10_000)] * 200, "small": list(range(200))})
    monkeypatch.setattr(on_disk, "BYTES", 1 << 18)
    pq.write_table(table, tmp_path / "t.parquet", compression="none", use_dictionary=False)
    shard = Shard(tmp_path / "t.parquet", "t")
    assert [len(chunk) for chunk in of(shard).chunks("media")] == [26] * 7 + [18]
    assert [len(chunk) for chunk in of(shard).chunks("small")] == [200]
    assert max(map(len, shard.column("media").arrays())) == 26


def test_reading_forwards_reads_every_group_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shard = written(tmp_path, pa.table({"a": list(range(100))}), group=50)
    read: list[int] = []
    batches = Shard.batches

    def counted(self: Shard, group: int, name: str, rows: int) -> object:
        read.append(group)
        return batches(self, group, name, rows)

    monkeypatch.setattr(Shard, "batches", counted)
    assert [c for chunk in of(shard).chunks("a", size=3) for c in chunk] == list(range(100))
    assert read == [0, 1]


def test_only_columns_read_lately_keep_their_place(tmp_path: Path) -> None:
    number = on_disk.OPEN_COLUMNS + 5
    shard = written(tmp_path, pa.table({f"c{n}": list(range(100)) for n in range(number)}), group=50)
    columns = [shard.column(name) for name in shard.names]
    for turn in range(2):
        rows = np.arange(30 * turn, 30 * turn + 30)
        assert all(column.cells(rows) == rows.tolist() for column in columns)
    assert sum(column._cursor is not None for column in columns) == on_disk.OPEN_COLUMNS


def test_cells_that_are_written_as_json_come_back_as_they_were(tmp_path: Path) -> None:
    cells = [[1, "a"], None, {"k": [1.5]}, "text", 3, 2.5, True]
    texts = [None if cell is None else json.dumps(cell) for cell in cells]
    schema = pa.schema([pa.field("c", pa.string(), metadata=AS_JSON)])
    table = of(written(tmp_path, pa.table([texts], schema=schema)))
    equal(list(table.column("c")), cells)
    assert table.types("c") is None


def test_shards_below_each_other_are_one_column(tmp_path: Path) -> None:
    first = written(tmp_path, pa.table({"a": [1, 2, None], "b": ["x", "y", "x"]}), "1.parquet")
    other = written(tmp_path, pa.table({"a": [2.0, 0.5], "c": [1, 1]}), "2.parquet")
    table = joined([of(first), of(other)], "both")
    assert list(table.column("a")) == [1.0, 2.0, None, 2.0, 0.5]
    assert list(table.column("b")) == ["x", "y", "x", None, None]
    assert list(table.column("c")) == [None, None, None, 1, 1]
    assert table.codes("a").tolist() == [0, 1, -1, 1, 2]
    assert [c for chunk in table.chunks("a", np.array([4, 0, 3])) for c in chunk] == [0.5, 1.0, 2.0]
    assert [list(c) for c in table.chunks("a", np.array([4, 0, 3]), size=2)] == [[0.5, 1.0], [2.0]]
    assert (table.types("a"), table.types("b")) == ({pa.float64()}, {pa.string()})


def test_a_column_on_disk_may_lie_below_one_in_memory(tmp_path: Path) -> None:
    shard = written(tmp_path, pa.table({"a": ["x", "y"]}))
    memory = Table.of([("a", ["z", 3])], "M")
    table = joined([of(shard), memory], "both").take([3, 0, 1, 2])
    assert list(table.column("a")) == [3, "x", "y", "z"]
    assert table.types("a") is None
    assert table.mark("a") is None


def test_cells_that_are_no_number_are_counted(tmp_path: Path) -> None:
    columns = {"f": [NAN, 1.0, None, NAN], "i": [1, 2, 3, 4], "s": ["NaN", None, "a", "b"]}
    memory = Table.of([(n, pa.chunked_array([pa.array(c)])) for n, c in columns.items()], "T")
    disk = of(written(tmp_path, pa.table(columns), group=2))
    for table in (memory, disk, joined([disk, memory], "both").take(range(4))):
        assert [table.nans(name) for name in columns] == [2, 0, 0]
    assert disk.take([0, 1]).nans("f") == 1
    assert joined([disk, memory], "both").nans("f") == 4
    assert Table.of([("l", ["a", 1])], "T").nans("l") == 0


def test_marks_tell_columns_files_and_rows_apart(tmp_path: Path) -> None:
    one = of(written(tmp_path, pa.table({"a": [1, 2], "b": [1, 2]}), "1.parquet"))
    other = of(written(tmp_path, pa.table({"a": [1.5], "c": [3]}), "2.parquet"))
    both = joined([one, other], "both")
    marks = [
        one.mark("a"),
        one.mark("b"),
        one.take([1, 0]).mark("a"),
        one.take([0]).mark("a"),
        other.mark("a"),
    ]
    marks += [both.mark("a"), both.mark("b"), both.mark("c")]
    assert len(set(marks)) == len(marks)
    assert None not in marks
    assert one.take([1, 0]).mark("a") == one.take([1, 0]).mark("a")


def test_memory_stays_memory() -> None:
    parts = [Column([1, 2]), Column(pa.chunked_array([pa.array([2.5])]))]
    assert not isinstance(below(parts), Below)
    assert Column(below(parts)).cells() == [1.0, 2.0, 2.5]


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    table = of(written(tmp_path, pa.table({"a": [1, 2]})))
    assert list(table.column("a")) == [1, 2]
    pq.write_table(pa.table({"a": [3, 4]}), tmp_path / "t.parquet")
    os.utime(tmp_path / "t.parquet", ns=(1, 1))
    with pytest.raises(DataError) as caught:
        list(table.chunks("a"))
    assert str(caught.value) == (
        f"{tmp_path / 't.parquet'}: the file was changed or removed while it was read. Load the table again."
    )


def test_a_file_that_is_not_whole_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError) as caught:
        Shard(path, "t")
    assert str(caught.value).startswith(f"{path}: not a whole Parquet file (")
    assert str(caught.value).endswith("). Copy or write it again.")


def test_a_file_with_damaged_cells_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table = pa.table({"a": [f"text {i}" for i in range(5000)]})
    pq.write_table(table, path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[50:2000] = bytes(1950)
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        list(of(Shard(path, "t")).column("a"))
    assert str(caught.value).startswith(f"{path}, column 'a': the Parquet file is damaged (")
    assert str(caught.value).endswith("). Copy or write it again.")
