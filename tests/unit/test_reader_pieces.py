"""Files too large for memory are read some rows at a time: the same rows, names and errors."""

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.errors import DataError
from sensorium.readers import csv, jsonl, readers
from sensorium.readers._base import Reader, Rows, not_utf8
from sensorium.table.cells import cells_of

ROWS = 3000
NAMES = ("number", "word", "text")
TABLE = pa.table(
    {
        "number": [None if i % 7 == 0 else i / 4 for i in range(ROWS)],
        "word": [f"w{i % 5}" for i in range(ROWS)],
        "text": [f'a "quoted", text\nof {i} lines' if i % 3 else None for i in range(ROWS)],
    }
)


def written(folder: Path) -> dict[str, tuple[str, Path]]:
    """One table in every format: {what: (reader, path)}."""
    rows = TABLE.to_pylist()
    lines = "\n".join(json.dumps({k: v for k, v in row.items() if v is not None}) for row in rows)
    cells = [",".join(_quoted(row[name]) for name in NAMES) for row in rows]
    comma = "\n".join([",".join(NAMES), *cells]) + "\n"
    contents = {
        "csv": comma.encode(), "csv.gz": gzip.compress(comma.encode()), "bom.csv": comma.encode("utf-8-sig"),
        "bom.csv.gz": gzip.compress(comma.encode("utf-8-sig")), "16.csv": comma.encode("utf-16"),
        "16.csv.gz": gzip.compress(comma.encode("utf-16")), "jsonl": lines.encode(),
        "jsonl.gz": gzip.compress(lines.encode("utf-8-sig")), "bom.jsonl": lines.encode("utf-8-sig"),
        "16.jsonl": lines.encode("utf-16"), "json": json.dumps(rows).encode(),
    }  # fmt: skip
    for name, content in contents.items():
        (folder / f"t.{name}").write_bytes(content)
    feather.write_feather(TABLE, folder / "t.packed.feather", chunksize=700)
    feather.write_feather(TABLE, folder / "t.plain.feather", compression="uncompressed")
    with pa.ipc.new_stream(folder / "t.arrows", TABLE.schema) as stream:
        stream.write_table(TABLE, 500)
    pq.write_table(TABLE, folder / "t.parquet")
    names = [*contents, "packed.feather", "plain.feather", "arrows", "parquet"]
    kinds = {"csv": "csv", "json": "jsonl", "jsonl": "jsonl", "parquet": "parquet"}
    last = {name: name.removesuffix(".gz").rpartition(".")[2] for name in names}
    return {name: (kinds.get(last[name], "feather"), folder / f"t.{name}") for name in names}


def _quoted(cell: object) -> str:
    return "" if cell is None else '"' + str(cell).replace('"', '""') + '"'


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, Path]]:
    return written(tmp_path_factory.mktemp("files"))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of few rows."""
    monkeypatch.setattr(csv, "_BLOCK", 1 << 12)
    monkeypatch.setattr(csv, "_WIDE_SAMPLE", 1 << 14)
    monkeypatch.setattr(jsonl, "PIECE", 1 << 12)


def columns(rows: Rows) -> dict[str, list[object]]:
    if isinstance(rows, pa.Table):
        return {n: cells_of(c) for n, c in zip(rows.column_names, rows.columns, strict=True)}
    return dict(rows)


def whole(kind: type[Reader], path: Path) -> tuple[int, dict[str, list[object]]]:
    """How many pieces there were, and what they are together."""
    found: dict[str, list[object]] = {}
    number = rows = 0
    for piece in map(columns, kind.pieces(path)):
        length = len(next(iter(piece.values())))
        for name in {*piece, *found}:
            found.setdefault(name, [None] * rows).extend(piece.get(name, [None] * length))
        number, rows = number + 1, rows + length
    return number, found


ALL_AT_ONCE = ("16.csv.gz", "16.jsonl", "json", "plain.feather", "parquet")
EVERY = (
    "csv csv.gz bom.csv bom.csv.gz 16.csv 16.csv.gz jsonl jsonl.gz bom.jsonl 16.jsonl json packed.feather "
    "plain.feather arrows parquet"
).split()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", EVERY)
def test_pieces_are_together_what_is_read_whole(files: dict[str, tuple[str, Path]], name: str) -> None:
    reader, path = files[name]
    kind = readers.get(reader)
    number, found = whole(kind, path)
    expected = columns(kind.read(path))
    assert sorted(found) == sorted(NAMES)
    assert {n: found[n] for n in expected} == expected
    assert len(found["text"]) == ROWS
    assert (number == 1) == (name in ALL_AT_ONCE)


@pytest.mark.parametrize("name", EVERY)
def test_the_weight_is_about_what_the_rows_take(files: dict[str, tuple[str, Path]], name: str) -> None:
    reader, path = files[name]
    weight = readers.get(reader).weight(path)
    if name == "plain.feather" or name == "arrows":
        assert weight == 0
    else:
        assert 0.2 * TABLE.nbytes < weight < 20 * TABLE.nbytes


def test_a_folder_of_classes_is_one_piece_without_weight(tmp_path: Path) -> None:
    for name in ("a/1.txt", "b/2.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    kind = readers.get("folder")
    assert list(map(columns, kind.pieces(tmp_path))) == [columns(kind.read(tmp_path))]
    assert kind.weight(tmp_path) == 0


@pytest.mark.parametrize("content", ["x", b"PAR1 no", b"ARROW1 no"], ids=str)
def test_files_that_are_not_whole_have_no_weight(content: str | bytes, tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert readers.get("parquet").weight(tmp_path / "t") == 0
    assert readers.get("feather").weight(tmp_path / "t") == 0


def test_a_feather_file_that_is_cut_is_told(tmp_path: Path) -> None:
    feather.write_feather(TABLE, tmp_path / "t.feather")
    content = (tmp_path / "t.feather").read_bytes()
    (tmp_path / "t.feather").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError) as caught:
        list(readers.get("feather").pieces(tmp_path / "t.feather"))
    told = str(caught.value)
    assert told.startswith(f"{tmp_path / 't.feather'}: not a whole Feather or Arrow file (")
    assert told.endswith("). Copy or write it again.")


BAD = {
    "ragged": ("csv", "a,b\n" + "1,2\n" * 5000 + "1,2,3\n" + "1,2\n" * 10),
    "open": ("csv", "a,b\n" + "1,2\n" * 5000 + '1,"2\n' + "1,2\n" * 10),
    "latin": ("csv", ("a,b\n" + "1,2\n" * 5000 + "1,caf\u00e9\n").encode("latin-1")),
    "json": ("jsonl", '{"a": 1}\n' * 5000 + "{no}\n"),
    "latin json": ("jsonl", ('{"a": 1}\n' * 5000 + '{"a": "caf\u00e9"}\n').encode("latin-1")),
    "no object": ("jsonl", '{"a": 1}\n' * 5000 + "7\n"),
}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", BAD)
def test_errors_are_those_of_reading_whole(name: str, packed: bool, tmp_path: Path) -> None:
    reader, content = BAD[name]
    data = content if isinstance(content, bytes) else content.encode()
    path = tmp_path / ("t.gz" if packed else "t")
    path.write_bytes(gzip.compress(data) if packed else data)
    kind, told = readers.get(reader), []
    for read in (lambda: list(kind.pieces(path)), lambda: kind.read(path)):
        with pytest.raises(DataError) as caught:
            read()
        told.append(str(caught.value))
    assert told[0] == told[1]
    assert "5,002" in told[0] or "5002" in told[0] or "5001" in told[0]


@pytest.mark.usefixtures("small")
def test_a_packed_file_that_is_cut_is_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = "".join(f"{a},{b}\n" for a, b in rng.integers(0, 10**9, (20_000, 2)).tolist())
    content = gzip.compress(f"a,b\n{lines}".encode())
    (tmp_path / "t.csv.gz").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError) as caught:
        list(readers.get("csv").pieces(tmp_path / "t.csv.gz"))
    assert str(caught.value).startswith(f"{tmp_path / 't.csv.gz'}: the gzip file is damaged or cut short (")


@pytest.mark.usefixtures("small")
def test_a_row_longer_than_a_block_does_not_repeat_what_came_before(tmp_path: Path) -> None:
    text = "x" * (1 << 15)
    lines = [f"{i},small\n" for i in range(2000)]
    lines[1500] = f"1500,{text}\n"
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(lines))
    _, found = whole(readers.get("csv"), tmp_path / "t.csv")
    assert found["a"] == [str(i) for i in range(2000)]
    assert found["b"][1500] == text


@pytest.mark.usefixtures("small")
def test_objects_without_keys_count_as_rows(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text("{}\n" * 1000 + '{"a": 1}\n' + "{}\n" * 1000)
    kind = readers.get("jsonl")
    _, found = whole(kind, tmp_path / "t.jsonl")
    assert found == columns(kind.read(tmp_path / "t.jsonl"))


@given(st.binary(max_size=60), st.integers(1, 7))
def test_what_is_no_utf8_is_found_wherever_pieces_are_cut(data: bytes, size: int) -> None:
    from sensorium.readers import _base

    before = _base.PIECE
    _base.PIECE = size
    try:
        found = not_utf8(Path("T"), pa.py_buffer(data))
    finally:
        _base.PIECE = before
    expected = None
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        expected = f"T, line {line}: byte 0x{data[error.start]:02x} at offset {error.start} is not UTF-8. "
    assert found is None if expected is None else str(found).startswith(expected)
