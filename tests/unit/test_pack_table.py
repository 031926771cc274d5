"""A table written as text keeps each cell or says what it cannot hold; large cells go a few at a time."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from sensorium.errors import DataError
from sensorium.load_table import load_table
from sensorium.pack_table import write_table
from sensorium.table.on_disk import Shard
from sensorium.table.table import Table


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize(
    ("cell", "what"),
    [
        (b"x", "a medium itself (bytes)"),
        ([b"x", b"y"], "a medium itself (bytes)"),
        ([None, np.ones((2, 2))], "a medium itself (ndarray)"),
        ([Image.new("L", (2, 2))], "a medium itself (Image)"),
        ({"array": np.ones(3), "sampling_rate": 8000}, "a medium itself (ndarray)"),
        ({"deep": [{"bytes": bytearray(b"x")}]}, "a medium itself (bytes)"),
        ([1.0, float("inf")], "an infinite number"),
    ],
)
def test_what_text_would_destroy_is_refused(tmp_path: Path, suffix: str, cell: object, what: str) -> None:
    table = load_table({"x": ["one", cell, None], "n": [1, 2, 3]})
    path = tmp_path / f"t{suffix}"
    with pytest.raises(DataError) as error:
        write_table(table, path)
    assert (
        str(error.value)
        == f"{path}: row 2 of column 'x' holds {what}, which {suffix} cannot. Write .parquet."
    )
    assert list(tmp_path.iterdir()) == []


def test_infinities_stay_in_csv_and_are_refused_as_json(tmp_path: Path) -> None:
    table = load_table({"x": [1.5, -float("inf"), None, float("nan"), float("inf")]})
    write_table(table, tmp_path / "t.csv")
    assert [float(str(c)) for c in load_table(tmp_path / "t.csv").column("x") if c is not None] == [
        1.5, -float("inf"), float("inf")
    ]  # fmt: skip
    path = tmp_path / "t.jsonl"
    with pytest.raises(DataError) as error:
        write_table(table, path)
    assert str(error.value) == (
        f"{path}: row 2 of column 'x' holds an infinite number, which .jsonl cannot. Write .parquet."
    )


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_lists_and_dicts_of_words_and_numbers_are_written(tmp_path: Path, suffix: str) -> None:
    cells: list[Any] = [["a", None, 1.5], {"b": [1, {"c": True}]}, None, "d", 2.5, [float("nan")]]
    write_table(load_table({"x": cells}), tmp_path / f"t{suffix}")
    assert len(load_table(tmp_path / f"t{suffix}").column("x")) == len(cells)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_large_cells_on_disk_are_written_few_at_a_time(tmp_path: Path, suffix: str) -> None:
    texts = [str(row) + "x" * 400_000 for row in range(70)]
    pq.write_table(pa.table({"x": texts, "y": range(70)}), tmp_path / "in.parquet", row_group_size=7)
    shard = Shard(tmp_path / "in.parquet", "t")
    table = Table.of([(name, shard.column(name)) for name in shard.names], "T")
    most = table.columns["x"].most
    assert most < 70
    write_table(table, tmp_path / f"out{suffix}")
    assert list(load_table(tmp_path / f"out{suffix}").column("x")) == texts
    if suffix == ".parquet":
        told = pq.read_metadata(tmp_path / "out.parquet")
        assert [told.row_group(g).num_rows for g in range(told.num_row_groups)] == [most, 70 - most]
