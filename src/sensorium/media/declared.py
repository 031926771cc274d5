"""How many bytes a sound file says that it holds, against how many are there: readers keep quiet about it."""

import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

CHUNKS = 100
"""So many chunks are looked at; what comes later is not found."""

Declared = tuple[int, int]
"""(bytes of sound that the file declares, bytes that are there from where they begin)."""


def declared_bytes(cell: bytes | Path) -> Declared | None:
    """What a WAV, RF64, W64, AIFF or AU file declares and holds.

    None for other files, and where the length is one of the marks that writers of streams leave.
    """
    length = len(cell) if isinstance(cell, bytes) else cell.stat().st_size
    with BytesIO(cell) if isinstance(cell, bytes) else cell.open("rb") as file:
        head = file.read(24)
        if head[:4] in (b"RIFF", b"RF64"):
            says, start = _wav(file, head[:4] == b"RF64")
        elif head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
            says, start = _found(_chunks(file, 12, ">4sI", 8), b"SSND")
        elif head[:4] == b"riff":
            says, start = _found(_chunks(file, 40, "<16sQ", 0), b"data")
        elif head[:4] == b".snd" and len(head) == 24:
            start, says = struct.unpack(">II", head[4:12])
        else:
            return None
    endless = says <= 0 or 0x7FFFF000 <= says <= 0xFFFFFFFF or says >= 2**62
    return None if endless else (says, max(0, length - start))


def _wav(file: BinaryIO, large: bool) -> Declared:
    """The data chunk of RIFF; in RF64 its length stands in another chunk."""
    true = 0
    for name, says, start in _chunks(file, 12, "<4sI", 8):
        if name == b"ds64" and large:
            file.seek(start)
            told = file.read(16)
            true = struct.unpack("<Q", told[8:])[0] if len(told) == 16 else 0
        if name == b"data":
            return (true if large and says == 0xFFFFFFFF else says), start
    return 0, 0


def _chunks(file: BinaryIO, place: int, form: str, head: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, length, where its content begins) of a file's chunks. head: 8 where the length leaves out the
    chunk's own name and length, 0 where it counts them (then in steps of 8 bytes)."""
    size = struct.calcsize(form)
    for _ in range(CHUNKS):
        file.seek(place)
        chunk = file.read(size)
        if len(chunk) < size:
            return
        name, says = struct.unpack(form, chunk)
        content = says if head else max(0, says - size)
        yield name, content, place + size
        place += head + says + says % 2 if head else max(size, -(-says // 8) * 8)


def _found(chunks: Iterator[tuple[bytes, int, int]], wanted: bytes) -> Declared:
    for name, says, start in chunks:
        if name.startswith(wanted):
            return says, start
    return 0, 0
