"""Cells that name files: inside the allowed folders they are found, and nothing else ever is."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.errors import CorruptCell
from sensorium.media.locate import is_path_like, locate, located, parted


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """data/ with media, and a secret beside it."""
    data = tmp_path.resolve() / "data"
    (data / "deep").mkdir(parents=True)
    (data / "a.jpg").write_bytes(b"x")
    (data / "deep" / "b c.jpg").write_bytes(b"x")
    (data.parent / "secret.jpg").write_bytes(b"x")
    (data.parent / "database").mkdir()
    (data.parent / "database" / "c.jpg").write_bytes(b"x")
    return data


def reason(cell: str, folder: Path | None, *roots: Path) -> str:
    with pytest.raises(CorruptCell) as caught:
        locate(cell, folder, roots)
    return str(caught.value)


def test_relative_paths_start_at_the_folder_then_at_the_roots(place: Path) -> None:
    assert locate("a.jpg", place, ()) == place / "a.jpg"
    assert locate("deep/../deep/b c.jpg", place, ()) == place / "deep" / "b c.jpg"
    assert locate("c.jpg", place, (place.parent / "database",)) == place.parent / "database" / "c.jpg"
    assert locate("a.jpg", None, (place,)) == place / "a.jpg"
    (place.parent / "database" / "a.jpg").write_bytes(b"other")
    assert locate("a.jpg", place, (place.parent / "database",)) == place / "a.jpg"


def test_absolute_paths_are_found_inside_a_root(place: Path) -> None:
    assert locate(str(place / "a.jpg"), place, ()) == place / "a.jpg"
    assert locate(str(place / "a.jpg"), None, (place.parent,)) == place / "a.jpg"


def test_backslashes_in_relative_paths_count_as_slashes(place: Path) -> None:
    assert locate("deep\\b c.jpg", place, ()) == place / "deep" / "b c.jpg"
    (place / "x\\y.jpg").write_bytes(b"x")
    assert locate("x\\y.jpg", place, ()) == place / "x\\y.jpg"
    assert reason("..\\secret.jpg", place) == "'../secret.jpg' lies outside the allowed folders"


def test_links_are_followed_only_inside(place: Path) -> None:
    (place / "good.jpg").symlink_to("deep/b c.jpg")
    (place / "bad.jpg").symlink_to("../secret.jpg")
    (place / "out").symlink_to("..")
    (place / "loop.jpg").symlink_to("loop.jpg")
    (place / "dead.jpg").symlink_to("nothing.jpg")
    assert locate("good.jpg", place, ()) == place / "deep" / "b c.jpg"
    assert reason("bad.jpg", place) == "'bad.jpg' is a link to a place outside the allowed folders"
    assert reason("out/secret.jpg", place) == "'out/secret.jpg' lies outside the allowed folders"
    assert reason("loop.jpg", place) == "'loop.jpg': links that lead in a circle"
    assert reason("dead.jpg", place) == "'dead.jpg': no such file"


def test_folders_below_folders_that_were_met_may_be_links_too(place: Path) -> None:
    (place / "real" / "deep").mkdir(parents=True)
    (place / "real" / "deep" / "a.png").write_bytes(b"x")
    (place / "table" / "inner").mkdir(parents=True)
    (place / "table" / "inner" / "b.png").write_bytes(b"x")
    (place / "table" / "inner" / "out").symlink_to(place / "real")
    (place / "table" / "inner" / "loop").symlink_to(place / "table" / "inner")
    cells = [
        "inner/b.png",
        "inner/out/deep/a.png",
        "inner/loop/b.png",
        "inner/loop/loop/b.png",
        "inner/../inner/b.png",
    ]
    found = located(cells, place / "table", (), every=True)
    inside = place.resolve() / "table" / "inner" / "b.png"
    assert [found[i] for i in (0, 2, 3, 4)] == [inside] * 4
    assert str(found[1]) == "'inner/out/deep/a.png' lies outside the allowed folders"
    both = located(cells, place / "table", (place / "real",), every=True)
    assert both[1] == place.resolve() / "real" / "deep" / "a.png"


def test_a_folder_that_is_itself_a_link_is_a_root(place: Path) -> None:
    (place.parent / "alias").symlink_to(place)
    assert locate("a.jpg", place.parent / "alias", ()) == place / "a.jpg"
    assert locate(str(place.parent / "alias" / "a.jpg"), place, ()) == place / "a.jpg"


@pytest.mark.parametrize(
    "cell",
    [
        "../secret.jpg",
        "deep/../../secret.jpg",
        "/etc/passwd",
        "../data/../secret.jpg",
        "..",
        "/",
        "../none.jpg",
    ],
)
def test_outside_is_outside_whether_or_not_something_is_there(place: Path, cell: str) -> None:
    assert reason(cell, place) == f"{cell!r} lies outside the allowed folders"


def test_a_folder_whose_name_begins_alike_is_not_inside(place: Path) -> None:
    cell = str(place.parent / "database" / "c.jpg")
    text = repr(cell if len(cell) <= 80 else f"{cell[:40]}...{cell[-37:]}")
    assert reason(cell, place) == f"{text} lies outside the allowed folders"


def test_what_is_no_regular_file_says_what_it_is(place: Path) -> None:
    os.mkfifo(place / "pipe")
    assert reason("pipe", place) == "'pipe' is a device, pipe or socket, not a file"
    assert reason("deep", place) == "'deep' is a folder, not a file"
    assert reason(".", place) == "'.' is a folder, not a file"
    assert reason("none.jpg", place) == "'none.jpg': no such file"
    assert reason("a.jpg/b.jpg", place) == "'a.jpg/b.jpg': no such file"


def test_a_socket_is_no_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert reason("s", place) == "'s' is a device, pipe or socket, not a file"


def test_paths_that_no_file_can_have_say_why(place: Path) -> None:
    assert reason("", place) == "the path is empty"
    assert reason("  ", place) == "the path is empty"
    assert reason("a\0.jpg", place) == "the path 'a\\x00.jpg' holds a zero byte"
    assert reason("\ud800.jpg", place) == "the path '\\ud800.jpg' holds characters that no file name can"
    long = "x" * 300 + ".jpg"
    assert reason(long, place) == f"'{'x' * 40}...{'x' * 33}.jpg': the name is too long for a file"
    assert reason("x/" * 4000, place) == f"'{'x/' * 20}.../{'x/' * 18}': the name is too long for a file"


def test_without_a_folder_no_file_is_read(place: Path) -> None:
    cell = str(place / "a.jpg")
    text = repr(cell if len(cell) <= 80 else f"{cell[:40]}...{cell[-37:]}")
    assert reason(cell, None) == f"the path {text} cannot be followed: no folder or root is given"


@given(st.text(max_size=40))
def test_no_text_whatever_reaches_outside(text: str) -> None:
    root = Path(__file__).parent.resolve()
    for found in located([text, f"../{text}", f"/{text}", f"{root}/{text}"], root, (), every=True):
        assert isinstance(found, CorruptCell) or (isinstance(found, Path) and found.is_relative_to(root))


def test_only_strings_that_name_or_look_like_files_change(place: Path) -> None:
    array = object()
    cells = [
        "a.jpg",
        None,
        3,
        array,
        b"x",
        "red",
        "a text, not a path. And more of it",
        "gone.png",
        "deep",
        "3.5",
    ]
    found = located(cells, place, ())
    assert found[0] == place / "a.jpg"
    assert found[1:7] + found[8:] == cells[1:7] + cells[8:]
    assert isinstance(found[7], CorruptCell)
    assert str(found[7]) == "'gone.png': no such file"


def test_in_a_column_of_media_every_string_must_name_a_file(place: Path) -> None:
    found = located(["a.jpg", "red", None, "deep", "a.jpg"], place, (), every=True)
    assert [str(f) if isinstance(f, CorruptCell) else f for f in found] == [
        place / "a.jpg",
        "'red': no such file",
        None,
        "'deep' is a folder, not a file",
        place / "a.jpg",
    ]


def test_paths_of_users_are_checked_like_strings(place: Path) -> None:
    found = located([place / "a.jpg", Path("../secret.jpg")], place, ())
    assert found[0] == place / "a.jpg"
    assert str(found[1]) == "'../secret.jpg' lies outside the allowed folders"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.jpg", True),
        ("my photo.JPEG", True),
        ("deep/x.wav", True),
        ("C:\\x\\y.png", True),
        ("deep/x.unknown", True),
        ("../secret", True),
        ("/etc/passwd", True),
        ("x.mp3", True),
        ("3.5", False),
        ("1.5kg", False),
        ("red", False),
        ("and/or", False),
        ("I like it.Then we left", False),
        ("e.g.", False),
        ("https://x.org/a.jpg", False),
        ("a\n.jpg", False),
        ("", False),
        ("...", False),
        ("we saw the file and then we opened photo.jpg", False),
        ("x" * 5000 + ".jpg", False),
    ],
)
def test_looking_like_a_path(text: str, expected: bool) -> None:
    assert is_path_like(text) is expected


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        ("w.npz#phone[3]", ("w.npz", "phone", 3)),
        ("w.npz#phone", ("w.npz", "phone", None)),
        ("deep/w.NPY[0]", ("deep/w.NPY", None, 0)),
        ("w.npz#a b[12]", ("w.npz", "a b", 12)),
        ("w.npz", ("w.npz", None, None)),
        ("w.jpg#x[3]", ("w.jpg#x[3]", None, None)),
        ("w.npz#x[-1]", ("w.npz#x[-1]", None, None)),
        ("w.npz#[1]", ("w.npz#[1]", None, None)),
        ("w.npz#a/b[1]", ("w.npz#a/b[1]", None, None)),
        ("w.npz#x[1][2]", ("w.npz#x[1][2]", None, None)),
    ],
)
def test_a_part_of_a_file_is_taken_apart(cell: str, part: tuple[str, str | None, int | None]) -> None:
    file, key, row = parted(Path(cell))
    assert (str(file), key, row) == part
    assert is_path_like(cell) == (file.suffix.lower() in (".npz", ".npy"))


def test_a_part_of_a_file_is_found_where_its_file_is(place: Path) -> None:
    (place / "deep" / "w.npz").write_bytes(b"x")
    cells: list[object] = [f"deep/w.npz#phone[{row}]" for row in range(3)]
    assert located(cells, place, ()) == [place / f"deep/w.npz#phone[{row}]" for row in range(3)]
    assert reason("none.npz#phone[1]", place) == "'none.npz': no such file"
    assert reason("../secret.npz#phone[1]", place) == "'../secret.npz' lies outside the allowed folders"
    assert located(["deep\\w.npz[1]"], place, ()) == [place / "deep/w.npz[1]"]
