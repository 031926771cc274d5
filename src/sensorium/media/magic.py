"""What a file is, by its first bytes: names lie, contents do not."""

import re
from pathlib import Path

HEAD = 64

_IMAGE: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"8BPS", "psd"),
    (b"qoif", "qoi"),
    (b"DDS ", "dds"),
    (b"\x00\x00\x01\x00", "ico"),
    (b"icns", "icns"),
    (b"\x00\x00\x00\x0cjP  ", "jpeg2000"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),
    (b"\x01\xda", "sgi"),
)
_AUDIO: tuple[tuple[bytes, str], ...] = (
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (b"ID3", "mp3"),
    (b".snd", "au"),
    (b"caff", "caf"),
    (b"riff", "w64"),
    (b"NIST_1A", "nist"),
    (b"Creative Voice File", "voc"),
)
_VIDEO: tuple[tuple[bytes, str], ...] = (
    (b"\x1aE\xdf\xa3", "matroska"),
    (b"FLV\x01", "flv"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"\x00\x00\x01\xb3", "mpeg"),
    (b"0&\xb2u\x8ef\xcf\x11", "asf"),
)
_BOXES = {
    "avif": ("image", "avif"),
    "heif": ("image", "heif"),
    "heic": ("image", "heic"),
    "mif1": ("image", "mif1"),
    "jp2 ": ("image", "jp2 "),
    "M4A ": ("audio", "m4a"),
    "M4B ": ("audio", "m4a"),
}
_OLD_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""What QuickTime files without a brand begin with."""
_RIFF = {b"WAVE": ("audio", "wav"), b"WEBP": ("image", "webp"), b"AVI ": ("video", "avi")}
_NETPBM = re.compile(rb"P[1-6fF][\s#]")


def head(cell: object) -> bytes:
    """The first bytes of a file or of bytes; empty for anything else and for what cannot be read."""
    if isinstance(cell, bytes):
        return cell[:HEAD]
    if not isinstance(cell, Path):
        return b""
    try:
        with cell.open("rb") as file:
            return file.read(HEAD)
    except (OSError, ValueError):
        return b""


def kind(first: bytes) -> tuple[str, str] | None:
    """``("image", "png")``, ``("audio", "wav")``, ``("video", "mp4")``, or None when nothing is known."""
    if first.startswith(b"OggS") and b"theora" in first:
        return "video", "ogg"
    for family, table in (("image", _IMAGE), ("audio", _AUDIO), ("video", _VIDEO)):
        for start, name in table:
            if first.startswith(start):
                return family, name
    if first[:4] in (b"RIFF", b"RF64", b"RIFX"):
        return _RIFF.get(first[8:12])
    if first[:4] == b"FORM":
        return ("audio", "aiff") if first[8:12] in (b"AIFF", b"AIFC") else None
    if first[4:8] == b"ftyp":
        return _BOXES.get(first[8:12].decode("latin-1"), ("video", "mp4"))
    return _loose(first)


def _loose(first: bytes) -> tuple[str, str] | None:
    """Marks so short that the bytes after them must agree too."""
    if first[:2] == b"BM" and first[6:10] == b"\x00\x00\x00\x00":
        return "image", "bmp"
    if first[4:8] in _OLD_BOXES and first[:2] in (b"\x00\x00", b"\x00\x01"):
        return "video", "mov"
    if _NETPBM.match(first):
        return "image", "netpbm"
    if len(first) > 2 and first[0] == 0xFF and first[1] & 0xE0 == 0xE0:
        layer, bitrate, rate = first[1] >> 1 & 3, first[2] >> 4, first[2] >> 2 & 3
        if layer and bitrate != 15 and rate != 3:
            return "audio", "mp3"
    return None


def share(cells: list[object], wanted: str) -> tuple[float, str]:
    """The share of cells whose first bytes are of a family, and the most common kind among them."""
    found = [k[1] for k in (kind(head(cell)) for cell in cells) if k is not None and k[0] == wanted]
    names = sorted(set(found), key=lambda name: (-found.count(name), name))
    return len(found) / max(1, len(cells)), " and ".join(names[:2])
