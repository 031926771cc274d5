"""Every way in which videos break, and what is left of them."""

import sys
from pathlib import Path

import numpy as np
import pytest

from films import LOSSLESS, film, moving, numbers, shades, sound, tone
from sensorium.errors import CorruptCell
from sensorium.media.container import Limits, mp4
from sensorium.media.video import Wanted, cut, decode, header, stills

EXACT = film(shades(30), **LOSSLESS)
CUT = film(moving(60), "libx264", "matroska", options={"g": "6"})
PLAIN, OLD = film(shades(5, 32)), film(shades(5, 32), "mpeg4")


def emptied(data: bytes) -> bytes:
    """An mp4 whose frames are zeros; its index comes last."""
    start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    return data[:start] + bytes(end - start) + data[end:]


HEADLESS = "the video is broken: no matroska header can be read; a file that is cut off may lack it"
BAD = "expected a video (T, H, W), (T, H, W, 3) or (T, 3, H, W), got an array of shape "


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (b"", "the file is empty (0 bytes)"),
        (b"just some words", "not a video: the content is of an unknown kind"),
        (b"\x89PNG\r\n\x1a\n123", "not a video: the content is image (png)"),
        (b"#EXTM3U\n#EXTINF:10,\nother.mp4\n", "not a video: the content is of an unknown kind"),
        (CUT[:200], HEADLESS),
        (CUT[: CUT.index(b"\x1f\x43\xb6\x75") + 60], "the video holds not one frame"),
        (
            mp4(shades(3), 8)[:200],
            "the file holds no pictures that move, and no sound; a file that is cut off may lack both",
        ),
        (PLAIN.replace(b"avc1", b"zzzz"), "the video is of a codec that PyAV cannot read here"),
        (emptied(PLAIN), "not one frame of the video can be decoded"),
        (emptied(OLD), "the video is broken: its header tells no size"),
        ("a.mp4", "expected a video, got 'a.mp4'"),
        (7, "expected a video, got 7"),
        ([[1], [2, 3]], "expected a video, got lists of different lengths"),
        (np.zeros((4, 4)), f"{BAD}(4, 4) and type float64"),
        (np.zeros((4, 4, 3)), f"{BAD}(4, 4, 3) and type float64"),
        (np.zeros((2, 2, 2, 2)), f"{BAD}(2, 2, 2, 2) and type float64"),
        (np.zeros((0, 4, 4, 3)), f"{BAD}(0, 4, 4, 3) and type float64"),
        (np.full((2, 4, 4, 3), np.nan), "the picture holds NaN or infinite pixels"),
        (Path("."), "expected a video, got a folder"),
        (Path("no/such.mp4"), "the file cannot be read: No such file or directory"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(cell: object, text: str) -> None:
    with pytest.raises(CorruptCell) as caught:
        decode(cell)
    assert str(caught.value) == text


def test_a_file_of_sound_alone_holds_no_pictures() -> None:
    data = sound(np.zeros((1, 4000), np.int16), "mp4", "aac", "s16")
    with pytest.raises(CorruptCell) as caught:
        header(data)
    assert str(caught.value) == "the file holds no pictures that move, only sound or data"


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (
            Limits(max_pixels=255),
            "the video's frames have 256 pixels, more than max_pixels = 255; raise max_pixels to read it",
        ),
        (
            Limits(max_seconds=1.1),
            "the video lasts 1.2 s, more than max_seconds = 1.1; raise max_seconds to read it",
        ),
        (
            Limits(max_megabytes=0.001),
            f"the video has {len(EXACT) / 1e6:,.1f} MB, more than max_megabytes = 0.001; "
            "raise max_megabytes to read it",
        ),
    ],
)
@pytest.mark.parametrize("read", [header, lambda cell, limits: decode(cell, Wanted(), limits)])
def test_limits_are_read_from_the_header(read, limits: Limits, text: str) -> None:
    with pytest.raises(CorruptCell) as caught:
        read(EXACT, limits)
    assert str(caught.value) == text
    if limits.max_pixels == 255:
        with pytest.raises(CorruptCell) as caught:
            decode(np.zeros((3, 16, 16), np.uint8), Wanted(), limits)
        assert str(caught.value) == text


def test_a_file_of_more_than_1000_frames_a_second_is_refused() -> None:
    data = film(shades(30, 32), "mpeg4", rate=2000)
    assert len(decode(data, Wanted(8, 1, 30))) == 30
    with pytest.raises(CorruptCell) as caught:
        decode(data, Wanted(8, 1, 30), Limits(max_seconds=0.02))
    assert str(caught.value) == (
        "the video holds more than 20 frames, more than 1,000 a second for max_seconds = 0.02; "
        "raise max_seconds to read it"
    )


def test_without_pyav_every_file_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(CorruptCell) as caught:
        decode(EXACT)
    assert str(caught.value) == (
        "PyAV, which reads videos, is not installed; install it with: pip install 'sensorium[video]'"
    )
    assert numbers(decode(shades(3), Wanted(8, 1, 3))) == [0, 1, 2]


def test_a_video_that_is_cut_off_gives_the_same_frames_up_to_there() -> None:
    whole = decode(CUT, Wanted(16, 1, 10))
    part = CUT[: int(0.8 * len(CUT))]
    told = cut(part)
    assert told is not None
    there = int(told.partition(" of 60 frames")[0])
    assert 30 < there < 55
    found = decode(part, Wanted(16, 1, 10))
    assert len(found) == there // 6 or len(found) == (there + 3) // 6
    np.testing.assert_array_equal(found[:-1], whole[: len(found) - 1])


def test_a_video_of_which_too_little_is_left_is_corrupt() -> None:
    part = CUT[: int(0.4 * len(CUT))]
    told = str(cut(part)).removesuffix(" frames")
    with pytest.raises(CorruptCell) as caught:
        decode(part, Wanted(16, 1, 10))
    assert str(caught.value) == (
        f"the video is cut off: {told} frames can be decoded, less than least_share = 0.5; "
        "lower least_share to read it"
    )
    assert 2 < len(decode(part, Wanted(16, 1, 10, least_share=0.1))) < 5
    assert len(stills(part, 16, 5)) in (1, 2, 3)


def test_pictures_that_end_before_the_sound_are_not_cut_off() -> None:
    data = film(shades(10, 32), container="matroska", sound=tone(2.0))
    assert cut(data) is None
    assert numbers(decode(data, Wanted(16, 1, 5))) == [1, 3, 5, 7, 9]
    assert header(data).sound


def test_damaged_videos_never_raise_anything_else() -> None:
    data = film(moving(20), options={"g": "5"})
    rng = np.random.default_rng(0)
    read, reasons = 0, list[str]()
    for _ in range(60):
        bytes_ = bytearray(data)
        for place in rng.integers(0, len(data), rng.choice([1, 5, 50])):
            bytes_[place] = rng.integers(256)
        try:
            found = decode(
                bytes(bytes_[: rng.integers(1, len(data)) if rng.random() < 0.3 else None]), Wanted(8, 1, 4)
            )
        except CorruptCell as why:
            reasons.append(str(why))
        else:
            read += 1
            assert found.shape[1:] == (1, 8, 8)
    assert read > 10
    assert all(5 < len(why) < 300 for why in reasons)
