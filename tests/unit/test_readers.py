"""Parquet, Feather, JSON lines and folders as columns of cells."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.errors import DataError
from sensorium.readers import readers
from sensorium.readers._base import Reader, head_of
from sensorium.readers.feather import Feather
from sensorium.readers.folder import Folder
from sensorium.readers.jsonl import Jsonl
from sensorium.readers.parquet import Parquet


def error(reader: type[Reader], path: Path) -> str:
    """The message for a file that cannot be read, its path left out."""
    with pytest.raises(DataError) as caught:
        reader.read(path)
    return str(caught.value).replace(str(path), "T")


def written(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_parquet_gives_its_columns_without_pandas_row_labels(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": [1, 2]}, index=["x", "y"]).to_parquet(path)
    found = Parquet.read(path)
    assert isinstance(found, pa.Table)
    assert found.to_pydict() == {"a": [1, 2]}


@pytest.mark.parametrize("cut", [4, -8])
def test_a_cut_parquet_file_is_an_error(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    path.write_bytes(path.read_bytes()[:cut])
    found = error(Parquet, path)
    assert found.startswith("T: not a whole Parquet file (")
    assert found.endswith("). Copy or write it again.")


def test_arrow_files_and_streams_are_read_alike(tmp_path: Path) -> None:
    table = pa.table({"a": [1, None], "b": [[1.0], None]})
    feather.write_feather(table, tmp_path / "t.feather")
    with pa.ipc.new_stream(tmp_path / "t.arrows", table.schema) as sink:
        sink.write_table(table)
    for name in ("t.feather", "t.arrows"):
        found = Feather.read(tmp_path / name)
        assert isinstance(found, pa.Table)
        assert found.equals(table)


def test_a_cut_arrow_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.feather"
    feather.write_feather(pa.table({"a": [1]}), path)
    path.write_bytes(path.read_bytes()[:-30])
    found = error(Feather, path)
    assert found.startswith("T: not a whole Feather or Arrow file (")
    assert found.endswith("). Copy or write it again.")


json_cell = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@given(rows=st.lists(st.fixed_dictionaries({"a": json_cell, "b": json_cell}), min_size=1, max_size=5))
@pytest.mark.parametrize("whole", [False, True])
def test_json_values_come_back_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], whole: bool
) -> None:
    path = tmp_path_factory.mktemp("json") / "t.jsonl"
    path.write_text(
        json.dumps(rows) if whole else "\n".join(json.dumps(row) for row in rows), encoding="utf-8"
    )
    found = Jsonl.read(path)
    assert found == {"a": [row["a"] for row in rows], "b": [row["b"] for row in rows]}


def test_keys_that_objects_lack_are_missing_and_columns_come_in_order_of_appearance(tmp_path: Path) -> None:
    path = written(tmp_path / "t.jsonl", '{"z":1,"y":2,"x":3}\n\n{"w":4,"z":5}\n')
    found = Jsonl.read(path)
    assert isinstance(found, dict)
    assert list(found) == ["z", "y", "x", "w"]
    assert found == {"z": [1, 5], "y": [2, None], "x": [3, None], "w": [None, 4]}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            '{"a":1}\n{"a":',
            "T, line 2: not JSON (Expecting value at column 6). Expected one object a line, or "
            "one array of objects.",
        ),
        (
            '[{"a":1},\n{"a"}]',
            "T: not JSON (Expecting ':' delimiter at line 2 column 5). "
            "Expected one object a line, or one array of objects.",
        ),
        ('{"a":1}\n\n[1]', "T, line 3: expected an object with one key a column; got [1]."),
        ('[{"a":1}, 7]', "T, element 2: expected an object with one key a column; got 7."),
        ('{"a":1,"a":2}', "T, line 1: the key 'a' comes twice in one object, rename one of them."),
        ("[" * 100_000, "T: the value is nested too deeply to be read."),
        ("", "T: the file is empty (0 bytes). Expected a header and rows."),
        (
            '{"a":' + "9" * 5000 + "}",
            "T, line 1: Exceeds the limit (4300 digits) for integer string conversion: value has "
            "5000 digits.",
        ),
        (
            b'{"a":"\xe9"}',
            "T, line 1: byte 0xe9 at offset 6 is not UTF-8. Save the file as UTF-8, for example with: "
            "iconv -f WINDOWS-1252 -t UTF-8 (or its true encoding).",
        ),
    ],
)
def test_broken_json_names_its_line(tmp_path: Path, content: str | bytes, expected: str) -> None:
    assert error(Jsonl, written(tmp_path / "t.jsonl", content)) == expected


def test_a_folder_of_classes_gives_sorted_files_and_labels(tmp_path: Path) -> None:
    for name in (
        "dog/b.png",
        "cat/2.png",
        "cat/10.png",
        "cat/deep/3.png",
        ".git/x",
        "cat/.hidden",
        "dog/Thumbs.db",
    ):
        written(tmp_path / name, "x")
    found = Folder.read(tmp_path)
    assert isinstance(found, pa.Table)
    assert found.to_pydict() == {
        "file": ["cat/10.png", "cat/2.png", "cat/deep/3.png", "dog/b.png"],
        "label": ["cat", "cat", "cat", "dog"],
    }


def test_folders_named_train_and_test_make_a_split_and_loose_files_have_no_label(tmp_path: Path) -> None:
    for name in ("Training/cat/1.png", "Training/dog/1.png", "valid/cat/2.png", "test/3.png"):
        written(tmp_path / name, "x")
    found = Folder.read(tmp_path)
    assert isinstance(found, pa.Table)
    assert found.to_pydict() == {
        "file": ["Training/cat/1.png", "Training/dog/1.png", "test/3.png", "valid/cat/2.png"],
        "label": ["cat", "dog", None, "cat"],
        "split": ["train", "train", "test", "val"],
    }


def test_a_class_may_be_called_test_when_others_are_not_parts(tmp_path: Path) -> None:
    for name in ("test/1.png", "cat/1.png"):
        written(tmp_path / name, "x")
    found = Folder.read(tmp_path)
    assert isinstance(found, pa.Table)
    assert found.to_pydict() == {"file": ["cat/1.png", "test/1.png"], "label": ["cat", "test"]}


def test_a_folder_without_classes_is_an_error(tmp_path: Path) -> None:
    written(tmp_path / "a.png", "x")
    (tmp_path / "empty").mkdir()
    assert error(Folder, tmp_path) == (
        "T: the folder holds no table and no class folders with files. Expected <class>/<file>, or "
        "train/<class>/<file> and test/<class>/<file>, or the path of a table."
    )


def test_a_file_name_that_is_not_utf_8_spoils_no_other_row(tmp_path: Path) -> None:
    written(tmp_path / "cat" / "1.png", "x")
    with open(os.fsencode(tmp_path / "cat") + b"/\xff.png", "wb"):
        pass
    found = Folder.read(tmp_path)
    assert found == {"file": ["cat/1.png", "cat/\udcff.png"], "label": ["cat", "cat"]}


def test_every_format_knows_its_own_content_and_no_other(tmp_path: Path) -> None:
    table = pa.table({"a": np.arange(3), "b": ["x", "y", "z"]})
    pq.write_table(table, tmp_path / "t.parquet")
    feather.write_feather(table, tmp_path / "t.feather")
    written(tmp_path / "t.csv", "a,b\n0,x\n")
    written(tmp_path / "t.jsonl", ' {"a":0}\n')
    written(tmp_path / "t.json", '[\n {"a":0}]')
    written(tmp_path / "folder" / "cat" / "1.png", "x")
    expected = {
        "t.parquet": ["parquet"],
        "t.feather": ["feather"],
        "t.csv": ["csv"],
        "t.jsonl": ["jsonl"],
        "t.json": ["jsonl"],
        "folder": ["folder"],
    }
    for name, fitting in expected.items():
        path = tmp_path / name
        assert [n for n in readers.names() if readers.get(n).sniff(path, head_of(path))] == fitting
