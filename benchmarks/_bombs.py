"""What nobody should put into a cell: wrong types, hostile words, media that declare more than they hold."""

import io
import struct
import zipfile
import zlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np

from sensorium.errors import CorruptCell
from sensorium.table.packed import Cell

HUGE_PIXELS, HUGE_SECONDS = 50_000, 36_000


class Loud:
    """An object that shouts when it is looked at, and is equal to nothing."""

    def __repr__(self) -> str:
        return "x\n" * 1000

    def __eq__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 7


WRONG: list[Cell] = [
    object(), Loud(), [], {}, (), set(), frozenset("ab"), [[1, 2], [3]], {"array": None}, {1: 2}, 3 + 4j,
    True,
    {"bytes": 3, "path": 4}, {"array": [1.0], "sampling_rate": -1}, np.bool_(False), np.float16(2),
    np.int8(-1),
    Path("no/such/file.png"), Path("."), Path("a\0b"), np.zeros((0, 0)), np.array("x"), slice(1), ...,
    int, print,
    np.array([None, object()]), np.full((3, 3), np.nan), np.full(5000, np.inf), np.zeros((2, 2, 2, 2)),
    np.zeros((1, 10**6), np.uint8), CorruptCell("no such file"), datetime(2020, 1, 1, tzinfo=UTC),
    timedelta(1),
    Decimal("1e5000"), 10**400, -(10**18), 1e308, 5e-324, -0.0, float("inf"), float("-inf"), range(3),
    iter([1]),
    bytearray(b"RIFF"), memoryview(b"\x89PNG"), np.void(b"ab"), np.timedelta64(3, "D"), Exception("boo"),
    np.datetime64("2020-01-01"),
]  # fmt: skip

WORDS: list[Cell] = [
    "", " ", "\0", "\ud800", "\n\r\t", "x" * 1_000_000, "9" * 5000, "1e999", "-inf", "nan", "NULL", "%s%n%x",
    "=cmd|' /C calc'!A0", "../../../../etc/passwd", "/dev/zero", "/dev/stdin", "/proc/self/mem", ".",
    "..", "/",
    "a" * 5000 + ".png", "http://127.0.0.1/x.png", "file:///etc/passwd", "data:image/png;base64,@@@",
    "data:,",
    "data:audio/wav;base64," + "A" * 99, "\u202e\u0000gnp.exe", "\N{ZERO WIDTH SPACE}", "{'a'", "[1, 2",
    "a\N{COMBINING ACUTE ACCENT}" * 5000, "\N{PILE OF POO}" * 99, "<script>alert(1)</script>", "[" * 5000,
    "'; DROP TABLE rows; --", "${jndi:ldap://x}", "1,2;3|4\t5", "x.npz#", "x.npz#a[-1]", "#",
    "a.npy[99999999999]",
]  # fmt: skip


def png(width: int, height: int) -> bytes:
    """A picture that declares this size and holds a row of nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def wav(seconds: int, rate: int = 8000) -> bytes:
    """A sound that declares so many seconds and holds a blink."""
    size = seconds * rate * 2
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I4s", size + 36, b"WAVE")
        + head
        + struct.pack("<4sI", b"data", size)
        + bytes(800)
    )


def npy(shape: tuple[int, ...], held: int = 16) -> bytes:
    """An array that declares this shape and holds a few numbers."""
    told = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(told)) + told.encode() + bytes(8 * held)


def npz(name: str = "arr_0.npy", megabytes: int = 400) -> bytes:
    """A packed array of zeros, a thousandth of its size."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as folder,
        folder.open(name, "w", force_zip64=True) as inner,
    ):
        inner.write(npy((megabytes * 125_000,), 0))
        for _ in range(megabytes):
            inner.write(bytes(1_000_000))
    return file.getvalue()


def bmp(width: int, height: int) -> bytes:
    """A bitmap that declares this size."""
    head = struct.pack("<IHHI", 200, 0, 0, 54)
    return b"BM" + head + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 1, 1, 0, 0) + bytes(99)


def gif(side: int) -> bytes:
    """A GIF that declares a square of this side."""
    frame = struct.pack("<HHHHB", 0, 0, side, side, 0)
    return b"GIF89a" + struct.pack("<HHBBB", side, side, 0, 0, 0) + b"," + frame + b"\x02\x02\x44\x01\0;"


def au(frames: int, rate: int = 8000) -> bytes:
    """A sound that declares so many frames of 16 bits."""
    return b".snd" + struct.pack(">IIIII", 24, 2 * frames, 3, rate, 1) + bytes(99)


@cache
def bombs() -> dict[str, bytes]:
    """Media that declare more than anybody could want. None of them can be read."""
    return {
        "picture of 50,000 x 50,000": png(HUGE_PIXELS, HUGE_PIXELS),
        "picture of 2^31 x 1": png(2**31 - 1, 1),
        "bitmap of 60,000 x 60,000": bmp(60_000, 60_000),
        "bitmap of negative size": bmp(-5, -(2**31)),
        "netpbm of 90,000 x 90,000": b"P6 90000 90000 255\n" + bytes(99),
        "gif of 65,535 x 65,535": gif(65_535),
        "sound of ten hours": wav(HUGE_SECONDS),
        "sound of 2^31 bytes": wav(2**30 // 8000),
        "au of ten hours": au(HUGE_SECONDS * 8000),
        "array of 8 TB": npy((10**6, 10**6)),
        "array of negative length": npy((-5, 3)),
        "packed array of 400 MB": npz(),
        "drawing of 3 MB": b"<svg>" + b"a" * 3_000_000,
    }
