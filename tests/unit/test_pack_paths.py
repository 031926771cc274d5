"""What is packed tells no folder of whoever packed it, of media that are lost neither."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sensorium.load_table import load_table
from sensorium.pack import pack
from sensorium.pack_media import MEDIUM, MediaReader


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("/srv/alice/x.png", "x.png"),
        ("/srv/alice/f.npz#phone[3]", "f.npz#phone[3]"),
        ("C:\\Users\\alice\\x.png", "x.png"),
        ("\\\\server\\alice\\x.png", "x.png"),
        ("~/x.png", "x.png"),
        ("file:///srv/alice/x.png", "x.png"),
        ("/", "lost"),
        ("HERE/sub/gone.png", "sub/gone.png"),
        ("ROOT/sub/gone.png", "sub/gone.png"),
        ("sub/gone.png", "sub/gone.png"),
        ("../gone.png", "../gone.png"),
    ],
)
def test_lost_media_keep_their_path_from_their_root_or_their_name_alone(
    tmp_path: Path, cell: str, expected: str
) -> None:
    here, root = tmp_path / "here", tmp_path / "root"
    here.mkdir()
    root.mkdir()
    text = cell.replace("HERE", str(here)).replace("ROOT", str(root))
    reader = MediaReader("image", here, (root,))
    with ThreadPoolExecutor(1) as pool:
        (medium,) = reader.media([text], reader.placed([text]), pool)
    assert medium is not None
    assert (medium.data, medium.path) == (None, expected)


def test_no_home_folder_is_told(tmp_path: Path) -> None:
    cells: list[Any] = [
        {"bytes": b"x", "path": "/srv/alice/a.png"},
        {"bytes": b"y", "path": None},
        {"bytes": None, "path": "/srv/alice/gone.png"},
        None,
    ]
    pq.write_table(pa.table({"photo": pa.array(cells, MEDIUM)}), tmp_path / "t.parquet")
    table = load_table(tmp_path / "t.parquet")
    pack(table, tmp_path / "packed", columns=["photo"])
    found = pq.read_table(tmp_path / "packed" / "part-00000.parquet").column("photo").to_pylist()
    assert [c and c["path"] for c in found] == ["a.png", None, "gone.png", None]
    paths = [str(tmp_path / "gone.png"), "/srv/alice/gone.png", ["/srv/alice/b.png", "c.png"]]
    pack(load_table({"photo": paths}, folder=tmp_path), tmp_path / "again", columns=["photo"])
    (shard,) = (tmp_path / "again").glob("*.parquet")
    assert b"alice" not in shard.read_bytes()
    assert str(tmp_path).encode() not in shard.read_bytes()
