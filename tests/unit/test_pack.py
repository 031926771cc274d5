"""Packing a table with its media into Parquet and back: no cell changes meaning, type or place."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from PIL import Image

import sensorium.cli
from sensorium.errors import CorruptCell
from sensorium.fit_facts import placed
from sensorium.inspect_table import inspect
from sensorium.load_table import load_table
from sensorium.modalities import modalities
from sensorium.pack import pack
from sensorium.pack_media import MEDIUM
from sensorium.table import on_disk
from sensorium.table.table import Table
from sensorium.unpack import unpack
from tiny import asked, numbers_of, plan_of, untrained

ROWS = 24


def photo(folder: Path, name: str, seed: int) -> str:
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(folder / name)
    return name


def sound(folder: Path, name: str, seed: int) -> str:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / name, np.random.default_rng(seed).uniform(-0.5, 0.5, 800), 8000)
    return name


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A table on disk: pictures in two folders under the same names, sounds, a hole and two broken cells."""
    folder = tmp_path / "data"
    lines = ["photo,voice,code,age,y"]
    for row in range(ROWS):
        picture = photo(folder, f"{'ab'[row % 2]}/{row // 2}.png", row)
        picture = {3: "", 5: "a/lost.png"}.get(row, picture)
        voice = "" if row == 7 else sound(folder, f"wav/{row}.wav", row)
        lines.append(f"{picture},{voice},{row % 5:03},{row},{'xy'[row % 2]}")
    (folder / "a" / "4.png").write_bytes(b"no picture")
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    return folder / "table.csv"


def content(table: Table, name: str, kind: str = "image") -> list[object]:
    """The cells of a media column as bytes; CorruptCell as a word, whatever its reason."""
    found = placed(modalities.get(kind)(), list(table.cells(name)), table)
    read = [c.read_bytes() if isinstance(c, Path) else c for c in found]
    return ["corrupt" if isinstance(c, CorruptCell) else c for c in read]


def counts(table: Table) -> list[tuple[object, ...]]:
    return [
        (c.guess.column, c.guess.role, c.guess.modality, c.missing, c.corrupt)
        for c in inspect(table, "y").columns
    ]


def schema_of(folder: Path) -> pa.Schema:
    return pq.read_schema(folder / "part-00000.parquet")


def test_a_packed_table_holds_the_same_cells_in_the_same_order(source: Path, tmp_path: Path) -> None:
    before = load_table(source)
    found = pack(before, tmp_path / "packed")
    after = load_table(tmp_path / "packed")
    assert found.media == {"photo": 22, "voice": 23}
    assert found.lost == {"photo": 1}
    assert after.names == before.names
    for name, kind in (("photo", "image"), ("voice", "audio")):
        assert schema_of(tmp_path / "packed").field(name).type == MEDIUM
        assert content(after, name, kind) == content(before, name, kind)
    assert content(before, "photo")[5] == "corrupt"
    for name in ("code", "age", "y"):
        assert list(after.cells(name)) == list(before.cells(name))
    assert after.cells("code").__next__() == "000"
    assert found.warnings() == [
        "column 'photo': 1 medium cannot be read and keeps its path without bytes; the first, row 6 "
        "(a/lost.png): 'a/lost.png': no such file"
    ]


def test_inspect_says_the_same_of_a_packed_table(source: Path, tmp_path: Path) -> None:
    before = load_table(source)
    pack(before, tmp_path / "packed")
    told = counts(before)
    assert counts(load_table(tmp_path / "packed")) == told
    assert told[0] == ("photo", "input", "image", 1, 2)


def test_a_predictor_answers_a_packed_table_as_the_original(source: Path, tmp_path: Path) -> None:
    before = load_table(source)
    pack(before, tmp_path / "packed")
    after = load_table(tmp_path / "packed")
    inputs = {"photo": asked("image") | {"encoder": "conv"}, "voice": asked("audio"), "age": asked("number")}
    predictor = untrained(plan_of(inputs, "classify"), before)
    np.testing.assert_allclose(numbers_of(predictor, after), numbers_of(predictor, before), atol=1e-5)


@pytest.mark.parametrize("name", ["table.parquet", "table.csv", "table.jsonl"])
def test_unpacking_gives_the_files_back_byte_for_byte(source: Path, tmp_path: Path, name: str) -> None:
    before = load_table(source)
    pack(before, tmp_path / "packed")
    found = unpack(load_table(tmp_path / "packed"), tmp_path / "back", name=name)
    after = load_table(tmp_path / "back" / name)
    assert found.files == {"photo": 22, "voice": 23}
    assert found.lost == {"photo": 1, "voice": 0}
    for column, kind in (("photo", "image"), ("voice", "audio")):
        assert content(after, column, kind) == content(before, column, kind)
    cells = list(after.cells("photo"))
    assert cells[:6] == ["photo/0.png", "photo/0-2.png", "photo/1.png", None, "photo/2.png", "a/lost.png"]
    assert [str(c) for c in after.cells("code")][6] in ("001", "1")
    assert counts(after) == counts(before)


def test_absolute_paths_are_kept_from_their_root_on(tmp_path: Path) -> None:
    names = [str(tmp_path / photo(tmp_path, f"pictures/{row}.png", row)) for row in range(4)]
    pack(load_table({"photo": names}, folder=tmp_path), tmp_path / "packed")
    stored = pq.read_table(tmp_path / "packed" / "part-00000.parquet").column("photo").to_pylist()
    assert [cell["path"] for cell in stored] == [f"pictures/{row}.png" for row in range(4)]


def test_class_folders_and_several_tables_are_packed_with_what_they_say(tmp_path: Path) -> None:
    for part in ("train", "test"):
        for row in range(6):
            photo(tmp_path / "folder", f"{part}/{'ab'[row % 2]}/{row}.png", row)
    pack(load_table(tmp_path / "folder"), tmp_path / "one")
    after = load_table(tmp_path / "one")
    assert after.names == ("file", "label", "split")
    assert list(after.cells("split")) == ["test"] * 6 + ["train"] * 6
    for part in ("train", "test"):
        table = [{"photo": f"{part}/a/{row}.png", "y": row} for row in (0, 2, 4)]
        lines = "".join(json.dumps(row) + "\n" for row in table)
        (tmp_path / "folder" / f"{part}.jsonl").write_text(lines)
    both = load_table([tmp_path / "folder" / "train.jsonl", tmp_path / "folder" / "test.jsonl"])
    pack(both, tmp_path / "two")
    after = load_table(tmp_path / "two")
    assert list(after.cells("split")) == ["train"] * 3 + ["test"] * 3
    assert content(after, "photo") == content(both, "photo")


def test_a_table_is_packed_again_from_what_was_packed(source: Path, tmp_path: Path) -> None:
    pack(load_table(source), tmp_path / "once")
    pack(load_table(tmp_path / "once"), tmp_path / "twice")
    once, twice = (pq.read_table(tmp_path / n / "part-00000.parquet") for n in ("once", "twice"))
    assert twice.equals(once)


def test_shards_are_as_large_as_asked_and_read_as_one_table(source: Path, tmp_path: Path) -> None:
    before = load_table(source)
    found = pack(before, tmp_path / "packed", shard_mb=0.003)
    files = sorted((tmp_path / "packed").iterdir())
    assert [f.name for f in files] == [f"part-{k:05}.parquet" for k in range(found.shards)]
    assert found.shards >= 4
    assert all(pq.read_metadata(f).num_rows < ROWS / 3 for f in files)
    assert content(load_table(tmp_path / "packed"), "photo") == content(before, "photo")


def test_a_table_on_disk_is_packed_as_one_in_memory(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(load_table(source), tmp_path / "packed")
    whole = load_table(tmp_path / "packed")
    monkeypatch.setattr("sensorium.load_table.LARGE_BYTES", 1)
    monkeypatch.setattr(on_disk, "MOST_ROWS", 17)
    large = load_table(tmp_path / "packed")
    assert large.on_disk("photo")
    pack(large, tmp_path / "again")
    unpack(large, tmp_path / "back")
    again = pq.read_table(tmp_path / "again" / "part-00000.parquet")
    assert again.equals(pq.read_table(tmp_path / "packed" / "part-00000.parquet"))
    assert content(load_table(tmp_path / "back" / "table.parquet"), "photo") == content(whole, "photo")


def test_only_the_columns_that_are_named_are_packed(source: Path, tmp_path: Path) -> None:
    before = load_table(source)
    found = pack(before, tmp_path / "packed", columns=["voice"])
    assert found.media == {"voice": 23}
    assert schema_of(tmp_path / "packed").field("photo").type == pa.string()


def test_a_column_most_of_whose_paths_are_lost_stays_and_is_told(tmp_path: Path) -> None:
    table = load_table({"photo": [f"{row}.png" for row in range(9)], "age": list(range(9))}, folder=tmp_path)
    found = pack(table, tmp_path / "packed")
    assert found.media == {}
    assert found.warnings() == [
        "column 'photo' stays as it is: 9 of 9 sampled cells name files that cannot be read: '0.png': no "
        "such file; --column packs it all the same"
    ]
    found = pack(table, tmp_path / "forced", columns=["photo"])
    assert found.lost == {"photo": 9}
    assert list(load_table(tmp_path / "forced").cells("photo")) == [f"{row}.png" for row in range(9)]


KILLED = """
import os, signal, sys
from sensorium import pack_shards
from sensorium.load_table import load_table
from sensorium.pack import pack
real = pack_shards.ShardWriter.add
def add(self, rows):
    real(self, rows)
    if self.shards == 2:
        os.kill(os.getpid(), signal.SIGKILL)
pack_shards.ShardWriter.add = add
pack(load_table(sys.argv[1]), sys.argv[2], shard_mb=0.006)
"""


def test_a_killed_run_leaves_nothing_that_looks_whole_and_the_next_one_clears_it(
    source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "packed"
    done = subprocess.run([sys.executable, "-c", KILLED, source, out], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    assert not out.exists()
    (left,) = tmp_path.glob(".packed.*.part")
    assert left.is_dir()
    pack(load_table(source), out)
    assert not left.exists()
    assert len(load_table(out)) == ROWS


def test_the_command_line_packs_and_unpacks(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENSORIUM_STORE", str(tmp_path / "store"))
    out, back = tmp_path / "packed", tmp_path / "back"
    for words in (["pack", source, "--out", out], ["unpack", out, "--out", back, "--table", "t.csv"]):
        monkeypatch.setattr("sys.argv", ["sensorium", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            sensorium.cli.main()
        assert not left.value.code
    told = capsys.readouterr()
    assert told.err.startswith("note: column 'photo': 1 medium cannot be read and keeps its path")
    packed, *lines = told.out.splitlines()
    assert packed.startswith(f"{ROWS} rows in 1 shard (")
    assert lines == [
        "column 'photo': 22 media",
        "column 'voice': 23 media",
        f"{ROWS} rows: {back / 't.csv'}",
        "column 'photo': 22 files; 1 media are not in the table",
        "column 'voice': 23 files",
    ]
