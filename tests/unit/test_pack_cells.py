"""Every kind of cell packed and unpacked: types that stay, and media that are no paths or several."""

import base64
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from PIL import Image

from sensorium import pack_media
from sensorium.load_table import load_table
from sensorium.media.signal_cells import fields
from sensorium.media.signal_files import Limits
from sensorium.pack import pack
from sensorium.pack_columns import media_columns
from sensorium.pack_media import MEDIUM
from sensorium.table.packed import Cell
from sensorium.unpack import unpack


def photo(folder: Path, name: str, seed: int) -> str:
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(folder / name)
    return name


def test_the_other_columns_of_a_table_come_back_as_they_were(tmp_path: Path) -> None:
    day = pa.array([datetime(2020, 1, d + 1) for d in range(3)]).cast(pa.date32())
    table = pa.table(
        {
            "day": day,
            "at": pa.array([1, None, 3], pa.timestamp("ns", "Europe/Paris")),
            "took": pa.array([1, 2, None], pa.duration("ms")),
            "kind": pa.array(["a", None, "a"]).dictionary_encode(),
            "list": pa.array([[1, None], None, []], pa.list_(pa.int16())),
            "cost": pa.array(["1.50", None, "2.25"]).cast(pa.decimal128(9, 2)),
            "small": pa.array([1, 2, None], pa.uint8()),
            "nan": pa.array([1.5, float("nan"), None]),
            "yes": pa.array([True, None, False]),
            "view": pa.array(["x", None, "y"], pa.string_view()),
            "none": pa.nulls(3),
        }
    )
    pack(load_table(table), tmp_path / "packed")
    after = pq.read_table(tmp_path / "packed" / "part-00000.parquet")
    assert after.drop(["view", "nan"]).equals(table.drop(["view", "nan"]))
    assert after.column("view").to_pylist() == ["x", None, "y"]
    assert after.column("nan").is_null().to_pylist() == [False, False, True]
    unpack(load_table(tmp_path / "packed"), tmp_path / "back")
    assert pq.read_schema(tmp_path / "back" / "table.parquet") == after.schema


def test_python_cells_without_one_arrow_type_come_back_as_they_were(tmp_path: Path) -> None:
    mixed: list[Cell] = [1, "one", None, 2.5, {"a": [1, None]}, True]
    columns: dict[str, list[Cell]] = {
        "mixed": mixed,
        "words": [["a", "b"], [], None, ["c"], ["d"], ["e"]],
        "numbers": [[1, 2], [3], None, [], [4], [5]],
        "when": [datetime(2020, 1, 1, 5), None, *[datetime(2021, 1, 1)] * 4],
        "huge": [2**70, 1, None, 2, 3, 4],
    }
    pack(load_table(columns), tmp_path / "packed")
    after = load_table(tmp_path / "packed")
    for name in ("mixed", "words", "when", "huge"):
        assert list(after.cells(name)) == columns[name]
    numbers = list(after.cells("numbers"))
    assert [None if c is None else list(c) for c in numbers] == columns["numbers"]  # type: ignore[call-overload]
    unpack(after, tmp_path / "back", name="table.jsonl")
    assert list(load_table(tmp_path / "back" / "table.jsonl").cells("mixed")) == mixed


def test_cells_that_are_no_paths_are_packed_by_what_they_hold(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 255, (6, 5, 3), np.uint8) for _ in range(6)]
    png = [io.BytesIO() for _ in pixels]
    for array, file in zip(pixels, png, strict=True):
        Image.fromarray(array).save(file, "PNG")
    steps = np.linspace(0, 6, 40)
    signals = [np.sin(steps[:, None] + rng.uniform(0, 6, 3)).astype(np.float32) for _ in pixels]
    waves = [rng.uniform(-1, 1, 900).astype(np.float32) for _ in pixels]
    columns: dict[str, Any] = {
        "array": pixels,
        "picture": [Image.fromarray(array) for array in pixels],
        "bytes": [file.getvalue() for file in png],
        "address": ["data:image/png;base64," + base64.b64encode(f.getvalue()).decode() for f in png],
        "signal": signals,
        "voice": [{"array": wave, "sampling_rate": 4000} for wave in waves],
    }
    table = load_table(columns)
    assert set(media_columns(table)) == set(columns) - {"address"}  # which inspect takes for texts
    pack(table, tmp_path / "packed", columns=list(columns))
    after = load_table(tmp_path / "packed")
    for name in ("array", "picture", "bytes", "address"):
        for cell, array in zip(after.cells(name), pixels, strict=True):
            assert isinstance(cell, bytes)
            np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(cell))), array)
    for cell, signal in zip(after.cells("signal"), signals, strict=True):
        assert isinstance(cell, bytes)
        read = np.load(io.BytesIO(cell))
        assert read.dtype == np.float32
        np.testing.assert_array_equal(read, signal)
    for cell, wave in zip(after.cells("voice"), waves, strict=True):
        assert isinstance(cell, bytes)
        heard, rate = soundfile.read(io.BytesIO(cell), dtype="float32")
        assert rate == 4000
        np.testing.assert_array_equal(heard, wave)
    unpack(after, tmp_path / "back")
    assert list(load_table(tmp_path / "back" / "table.parquet").cells("signal"))[4] == "signal/5.npy"


@pytest.mark.parametrize("form", ["list", "json", "sign"])
def test_several_media_of_a_cell_become_a_list(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "data"
    numbers = [2, 0, 1, 3, 2, 1, 3, 2]
    cells: list[Cell] = []
    for row, count in enumerate(numbers):
        names = [photo(folder, f"{row}-{k}.png", 10 * row + k) for k in range(count)]
        forms: dict[str, Cell] = {"list": names, "json": json.dumps(names), "sign": ";".join(names)}
        cells.append(forms[form] if count else None)
    cells[2] = "2-0.png" if form != "list" else ["2-0.png"]
    pack(load_table({"photos": cells, "age": list(range(8))}, folder=folder), tmp_path / "packed")
    assert pq.read_schema(tmp_path / "packed" / "part-00000.parquet").field("photos").type == pa.list_(MEDIUM)
    expected = [[(folder / f"{row}-{k}.png").read_bytes() for k in range(n)] for row, n in enumerate(numbers)]
    after = list(load_table(tmp_path / "packed").cells("photos"))
    assert after == [one or None for one in expected]
    unpack(load_table(tmp_path / "packed"), tmp_path / "back", name="table.csv")
    back = load_table(tmp_path / "back" / "table.csv")
    assert next(iter(back.cells("photos"))) == '["photos/0-0.png", "photos/0-1.png"]'
    assert (tmp_path / "back" / "photos" / "3-2.png").read_bytes() == expected[3][2]


def test_parts_of_archives_become_files_of_their_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    phone = np.cumsum(rng.normal(size=(8, 30, 3)), 1).astype(np.float32)
    times = np.tile(np.arange(30) * 0.5, (8, 1))
    np.savez(tmp_path / "plain.npz", phone=phone)
    np.savez(tmp_path / "timed.npz", phone=phone, t=times)
    cells = {n: [f"{n}.npz#phone[{row}]" for row in range(8)] for n in ("plain", "timed")}
    cells["plain"][6] = "plain.npz#phone[99]"
    before = load_table(cells, folder=tmp_path)
    found = pack(before, tmp_path / "packed")
    assert found.lost == {"plain": 1}
    after = load_table(tmp_path / "packed")
    read = list(after.cells("plain"))
    assert read[6] == "plain.npz#phone[99]"
    assert isinstance(read[3], bytes)
    np.testing.assert_array_equal(np.load(io.BytesIO(read[3])), phone[3])
    timed = [fields(cell, Limits()) for cell in after.cells("timed")]
    assert set(timed[2]) == {"", "t"}
    np.testing.assert_array_equal(np.asarray(timed[2][""]), phone[2])
    np.testing.assert_array_equal(np.asarray(timed[2]["t"]), times[2])
    unpack(after, tmp_path / "back")
    back = list(load_table(tmp_path / "back" / "table.parquet").cells("plain"))
    assert back[3] == "plain/plain-phone-3.npy"
    np.testing.assert_array_equal(np.load(tmp_path / "back" / "plain" / "plain-phone-3.npy"), phone[3])


def test_files_that_no_cell_can_hold_and_sounds_of_odd_numbers_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "film.mp4").write_bytes(b"12345")
    monkeypatch.setattr(pack_media, "LARGEST", 4)
    table = load_table({"film": ["film.mp4", None]}, folder=tmp_path)
    assert pack(table, tmp_path / "a", columns=["film"]).warnings() == [
        "column 'film': 1 medium cannot be read and keeps its path without bytes; the first, row 1 "
        "(film.mp4): the file has 0.0 GB; a cell of Parquet holds at most 2 GB"
    ]
    monkeypatch.undo()
    table = load_table({"voice": [{"array": np.ones(3, np.uint8), "sampling_rate": 8000}, None]})
    assert pack(table, tmp_path / "b", columns=["voice"]).warnings() == [
        "column 'voice': 1 medium cannot be read and keeps its path without bytes; the first, row 1 "
        "(a dict): expected a sound of floats or of 16 or 32 bits, got an array of shape (3,) and type uint8"
    ]
