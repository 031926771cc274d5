"""What cannot be packed or unpacked is told with its place, and names from tables lead nowhere else."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sensorium.errors import DataError, PlanError
from sensorium.load_table import load_table
from sensorium.pack import pack
from sensorium.pack_media import MEDIUM
from sensorium.pack_shards import WholeFolder
from sensorium.pack_streams import stream_of
from sensorium.unpack import unpack
from sensorium.unpack_names import Names, folders, safe

TABLE = {"age": [1, 2, 3]}


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """Media whose paths are hostile, alike, or without bytes."""
    cells = [
        {"bytes": b"one", "path": "../../etc/cron.d/evil.png"},
        {"bytes": b"two", "path": "C:\\temp\\EVIL.png"},
        {"bytes": b"three", "path": "/.bashrc"},
        {"bytes": b"one", "path": "other.png"},
        {"bytes": b"four", "path": ".."},
        {"bytes": b"\x89PNG\r\n\x1a\n", "path": None},
        {"bytes": None, "path": "my_photo/evil.png"},
        {"bytes": None, "path": "x/../../back/my_photo/evil.png"},
        {"bytes": None, "path": "gone.png"},
        None,
    ]
    folder = tmp_path / "packed"
    folder.mkdir()
    table = pa.table({"my/photo": pa.array(cells, MEDIUM), "key": pa.array([bytes([n]) for n in range(10)])})
    pq.write_table(table, folder / "part-00000.parquet")
    return folder


def test_no_name_leads_out_of_its_folder_and_no_lost_path_to_the_file_of_another_row(
    packed: Path, tmp_path: Path
) -> None:
    unpack(load_table(packed), tmp_path / "back")
    back = tmp_path / "back"
    assert sorted(str(p.relative_to(back)) for p in back.rglob("*") if p.is_file()) == [
        "my_photo/05.csv", "my_photo/06.png", "my_photo/EVIL-2.png", "my_photo/bashrc",
        "my_photo/evil.png", "table.parquet",
    ]  # fmt: skip
    assert list(load_table(back / "table.parquet").cells("my/photo")) == [
        "my_photo/evil.png", "my_photo/EVIL-2.png", "my_photo/bashrc", "my_photo/evil.png", "my_photo/05.csv",
        "my_photo/06.png", "lost/my_photo/evil.png", "lost/my_photo/evil.png", "gone.png", None,
    ]  # fmt: skip
    assert [p.name for p in tmp_path.iterdir() if p.name not in ("back", "packed")] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.png", "a.png"), ("..", ""), (".hidden", "hidden"), ("a/b", "a_b"), ("CON.txt", "_CON.txt"),
        ("lpt1", "_lpt1"), ("what?.png", "what_.png"), ("end. ", "end"), ("\x00\x1f", ""),
        ("u\u0308", "\u00fc"),
        ("x" * 300 + ".png", "x" * 196 + ".png"), ("\u00e9" * 150, "\u00e9" * 100),
    ],
)  # fmt: skip
def test_a_name_is_one_that_every_system_takes(name: str, expected: str) -> None:
    assert safe(name) == expected


def test_names_that_could_be_read_as_parts_or_as_several_paths_are_changed() -> None:
    names = Names("photo")
    assert names.of(b"1", "a.png;b.png", "1") == ("a.png_b.png", True)
    assert names.of(b"2", "smith, john.png", "2") == ("smith, john.png", True)
    assert names.of(b"\x93NUMPY", "deep/w.npz#phone[3]", "3") == ("w-phone-3.npy", True)
    assert names.of(b"1", "c.png", "4") == ("a.png_b.png", False)
    assert folders(["a b", "A/b", "t.csv", "[x]"], "t.csv") == {
        "a b": "a_b",
        "A/b": "A_b-2",
        "t.csv": "t-2.csv",
        "[x]": "_x_",
    }


@pytest.mark.parametrize("name", ["t.xlsx", "a/t.csv", "..", "", "a\\t.csv", ".t.csv"])
def test_the_table_that_is_unpacked_has_a_plain_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(PlanError) as caught:
        unpack(load_table(TABLE), tmp_path / "back", name=name)
    assert str(caught.value) == (
        f"table: expected a file name that ends in .parquet, .csv, .jsonl, without a folder; got {name!r}."
    )


def test_bytes_that_are_no_media_do_not_go_into_text(packed: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        unpack(load_table(packed), tmp_path / "back", name="t.csv")
    assert str(caught.value) == (
        f"{packed / 'part-00000.parquet'}: column 'key' holds bytes that are no media, which .csv cannot "
        "hold. Write .parquet."
    )
    assert not (tmp_path / "back").exists()
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize("size", [0, -1, float("nan")])
def test_a_shard_has_a_size(size: float, tmp_path: Path) -> None:
    with pytest.raises(PlanError) as caught:
        pack(load_table(TABLE), tmp_path / "packed", shard_mb=size)
    assert str(caught.value) == f"shard_mb: expected megabytes above 0, got {size:g}."


def test_what_to_do_with_corrupt_cells_is_missing_or_error(tmp_path: Path) -> None:
    with pytest.raises(PlanError) as caught:
        pack(load_table(TABLE), tmp_path / "packed", on_corrupt="drop")
    assert str(caught.value) == "on_corrupt: expected missing or error, got 'drop'."


def test_a_column_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        pack(load_table(TABLE), tmp_path / "packed", columns=["agee"])
    assert str(caught.value) == (
        "the table in memory: no column is named 'agee'. Did you mean 'age'? Columns: 'age'."
    )


def test_with_error_the_first_medium_that_cannot_be_read_stops(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    table = load_table({"photo": ["a.png", "b.png", "c.png"]}, folder=tmp_path)
    with pytest.raises(DataError) as caught:
        pack(table, tmp_path / "packed", columns=["photo"], on_corrupt="error")
    assert str(caught.value) == (
        "column 'photo', row 2 (b.png): 'b.png': no such file. Mend the cell, or keep its path without "
        "bytes: on_corrupt missing."
    )
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_a_place_that_is_taken_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    for name, what in (("file", "is a file"), ("full", "is not empty")):
        place = tmp_path / name
        if name == "full":
            place.mkdir()
        (place / "x" if name == "full" else place).write_text("kept")
        with pytest.raises(DataError) as caught:
            pack(load_table(TABLE), place)
        assert str(caught.value) == f"{place}: the place {what}. Choose a new folder, or an empty one."
    assert (tmp_path / "full" / "x").read_text() == "kept"


def test_an_empty_folder_is_taken_and_a_folder_that_is_being_filled_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "packed").mkdir()
    with WholeFolder(tmp_path / "packed") as first:
        with pytest.raises(FileExistsError):
            WholeFolder(tmp_path / "packed").__enter__()
        assert first.at.is_dir()
    pack(load_table(TABLE), tmp_path / "new" / "packed")
    assert len(load_table(tmp_path / "new" / "packed")) == 3


def test_cells_of_no_known_kind_are_told_with_their_row() -> None:
    table = load_table({"clip": [None, np.zeros((2, 3, 4, 3), np.uint8)]})
    with pytest.raises(DataError) as caught:
        list(stream_of(table, "clip").take(2))
    assert str(caught.value) == (
        "the table in memory, column 'clip', row 2: expected a text, number, date, list or file, got an "
        "array of shape (2, 3, 4, 3) and type uint8. Leave the column out, or give files."
    )


def test_other_things_in_a_column_of_media_keep_their_words_and_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    cells = ["a.png", 5, "[1, 2", "data:image/png;base64,###", {"x": 1}]
    table = load_table({"photo": cells}, folder=tmp_path)
    found = pack(table, tmp_path / "packed", columns=["photo"])
    assert found.lost == {"photo": 3}
    assert found.warnings() == [
        "column 'photo': 3 media cannot be read and keep their paths without bytes; the first, row 2 (5): "
        "expected a file or its bytes, got 5"
    ]
    back = list(load_table(tmp_path / "packed").cells("photo"))
    assert back[:4] == [b"x", "5", "[1, 2", "data:image/png;base64,###"]
