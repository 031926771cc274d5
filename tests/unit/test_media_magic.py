"""What a file is, by its first bytes."""

import pytest

from sensorium.media import magic


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (b"RIFF\0\0\0\0WEBP", ("image", "webp")),
        (b"RIFF\0\0\0\0AVI ", ("video", "avi")),
        (b"FORM\0\0\0\0AIFF", ("audio", "aiff")),
        (b"FORM\0\0\0\0XXXX", None),
        (b"\0\0\0\x1cftypisom", ("video", "mp4")),
        (b"\0\0\0\x1cftypavif", ("image", "avif")),
        (b"\xff\xfb\x90\x00", ("audio", "mp3")),
        (b"ID3\x04", ("audio", "mp3")),
        (b"P5 3 3 255\n", ("image", "netpbm")),
        (b"BM\x00\x00\x00\x00\x00\x00\x00\x00", ("image", "bmp")),
        (b"BMW is a car", None),
        (b"hello", None),
        (b"", None),
    ],
)
def test_kinds_are_known_by_their_first_bytes(first: bytes, kind: tuple[str, str] | None) -> None:
    assert magic.kind(first) == kind
