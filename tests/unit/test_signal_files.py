"""Arrays in npy and npz files: rows by name, opened once, bounded, and nothing hostile gets through."""

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.lib import format as npy_format

from sensorium.errors import CorruptCell
from sensorium.media import signal_files
from sensorium.media.signal import Form, decode
from sensorium.media.signal_cells import fields
from sensorium.media.signal_files import Limits, Shelf, npy_array, npz_arrays

TABLE = np.arange(24, dtype=np.float32).reshape(4, 3, 2)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Windows of two devices in a packed and in a plain archive, and one device in an npy file."""
    np.savez_compressed(
        tmp_path / "packed.npz", phone=TABLE, watch=-TABLE, time=np.arange(12.0).reshape(4, 3)
    )
    np.savez(tmp_path / "plain.npz", phone=TABLE, watch=-TABLE)
    np.savez(tmp_path / "single.npz", only=TABLE)
    np.save(tmp_path / "rows.npy", np.asfortranarray(TABLE))
    return tmp_path


def reason(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(CorruptCell) as caught:
        fields(path, limits or Limits())
    return str(caught.value)


@pytest.mark.parametrize(
    "name", ["packed.npz#phone[2]", "plain.npz#phone[2]", "single.npz[2]", "rows.npy[2]"]
)
def test_a_row_of_an_array_is_a_cell(place: Path, name: str) -> None:
    found = decode(place / name)
    assert found is not None
    np.testing.assert_array_equal(found.values, TABLE[2])


def test_a_key_names_a_whole_array(place: Path) -> None:
    held = fields(place / "plain.npz#watch", Limits())
    np.testing.assert_array_equal(held[""], -TABLE)  # type: ignore[arg-type]
    np.save(place / "flat.npy", np.arange(5))
    found = decode(place / "flat.npy")
    assert found is not None
    assert found.values[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_the_times_beside_an_array_come_along(place: Path) -> None:
    found = decode(place / "packed.npz#phone[3]")
    assert found is not None
    assert found.times is not None
    assert found.times.tolist() == [0, 1, 2]
    named = decode(place / "packed.npz#watch[0]", Form(time="other"))
    assert named is not None
    assert named.times is None


def test_what_is_not_there_says_what_is(place: Path) -> None:
    assert reason(place / "plain.npz#wrist[0]") == (
        "no array has the key 'wrist'; the archive's keys: phone, watch"
    )
    assert reason(place / "plain.npz[0]") == "no key is said; the archive's keys: phone, watch"
    assert reason(place / "plain.npz#phone[4]") == (
        "row 4 is not there: the array has 4 rows, counted from 0"
    )
    assert reason(place / "rows.npy#phone[1]") == "the file holds one array without a key; leave out '#phone'"
    assert reason(place / "none.npz#a[1]") == "the file cannot be read: No such file or directory"


def test_an_array_is_opened_once_for_all_its_rows(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str | None] = []
    real = signal_files._opened

    def counted(path: Path, key: str | None, limits: Limits) -> signal_files.Array:
        opened.append(key)
        return real(path, key, limits)

    monkeypatch.setattr(signal_files, "_opened", counted)
    shelf = Shelf(most=2)
    with ThreadPoolExecutor(4) as pool:
        rows = list(
            pool.map(lambda n: shelf.array(place / "packed.npz", "phone", Limits())[n % 4], range(64))
        )
    assert opened == ["phone"]
    np.testing.assert_array_equal(rows[6], TABLE[2])
    for key in ("watch", "time", "watch", "time"):
        shelf.array(place / "packed.npz", key, Limits())
    assert opened == ["phone", "watch", "time"], "two are held"
    shelf.array(place / "packed.npz", "phone", Limits())
    assert opened[-1] == "phone", "what was used longest ago had gone"


def test_a_changed_file_is_read_anew(place: Path) -> None:
    shelf = Shelf()
    before = shelf.array(place / "plain.npz", "phone", Limits())[0, 0, 0]
    np.savez(place / "plain.npz", phone=TABLE + 7, more=TABLE)
    assert shelf.array(place / "plain.npz", "phone", Limits())[0, 0, 0] == before + 7
    assert shelf.keys(place / "plain.npz") == ("phone", "more")
    assert shelf.keys(place / "rows.npy") == ()


def test_plain_arrays_are_mapped_and_large_packed_ones_lie_in_a_file(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    assert isinstance(shelf.array(place / "plain.npz", "watch", Limits()), np.memmap)
    assert isinstance(shelf.array(place / "rows.npy", None, Limits()), np.memmap)
    assert not isinstance(shelf.array(place / "packed.npz", "watch", Limits()), np.memmap)
    monkeypatch.setattr(signal_files, "_IN_MEMORY", 16)
    unpacked = Shelf().array(place / "packed.npz", "watch", Limits())
    assert isinstance(unpacked, np.memmap)
    np.testing.assert_array_equal(unpacked, -TABLE)


def test_the_limit_of_a_row_is_not_that_of_its_table(place: Path) -> None:
    row = Limits(max_steps=3, max_megabytes=25e-6)  # a row has 24 bytes, the table 96
    assert fields(place / "plain.npz#phone[1]", row)
    assert reason(place / "plain.npz#phone", row) == (
        "the signal has 4 steps, more than max_steps = 3; raise max_steps to read it"
    )
    assert reason(place / "packed.npz#watch[1]", Limits(max_megabytes=4e-6)) == (
        "the packed array has 0.0 MB, more than 20 times max_megabytes = 4e-06; "
        "raise max_megabytes to read it"
    )


def header(shape: object, descr: object = "<f8") -> bytes:
    file = io.BytesIO()
    npy_format.write_array_header_1_0(file, {"shape": shape, "fortran_order": False, "descr": descr})  # type: ignore[arg-type]
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (header((2,), "|O") + b"x" * 99, "the file holds object; expected real numbers"),
        (header((2,), [("a", "<f8")]) + b"x" * 99, "the file holds [('a', '<f8')]; expected real numbers"),
        (header((2,), "<c16") + b"x" * 99, "the file holds complex128; expected real numbers"),
        (header((2,)) + b"x" * 9, "the file is cut off: 9 of 16 bytes are there"),
        (header((-2,)) + b"x" * 9, "the file declares the shape (-2,), which no array has"),
        (b"\x93NUMPY\x03\x00" + b"x" * 99, "the file holds records with names; expected plain numbers"),
    ],
)
def test_what_is_no_array_of_numbers_says_why(data: bytes, said: str) -> None:
    with pytest.raises(CorruptCell) as caught:
        npy_array(data, Limits())
    assert str(caught.value) == said


def test_an_archive_of_other_files_holds_no_array() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(CorruptCell) as caught:
        npz_arrays(file.getvalue(), Limits())
    assert str(caught.value) == "the archive holds no array"


def test_a_bomb_is_refused_by_what_its_archive_declares(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.npy", "w") as file:
        file.write(header((5_000_000,)))
        for _ in range(40):
            file.write(bytes(1_000_000))
    assert path.stat().st_size < 100_000
    small = Limits(max_megabytes=1, max_steps=10**9)
    assert reason(path, small) == (
        "the signal has 40.0 MB, more than max_megabytes = 1; raise max_megabytes to read it"
    )
    assert reason(tmp_path / "bomb.npz#a[3]", small) == (
        "the packed array has 40.0 MB, more than 20 times max_megabytes = 1; raise max_megabytes to read it"
    )


def test_broken_archives_are_told(place: Path) -> None:
    whole = (place / "packed.npz").read_bytes()
    for data in (whole[:100], whole[:-30], whole[:60] + b"\xff" * 20 + whole[80:], b"PK\x03\x04"):
        (place / "broken.npz").write_bytes(data)
        for name in ("broken.npz", "broken.npz#phone[1]"):
            assert reason(place / name).startswith("the signal is broken: ") or "cut off" in reason(
                place / name
            )
