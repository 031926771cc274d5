"""Videos of every container and kind."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from films import LOSSLESS, film, moving, numbers, shades
from sensorium.media import video
from sensorium.media.container import mp4
from sensorium.media.video import Wanted, cut, decode, header, stills

EXACT = film(shades(30), **LOSSLESS)


def test_a_lossless_video_gives_its_frames_to_the_bit() -> None:
    np.testing.assert_array_equal(decode(EXACT, Wanted(16, 3, 30)), shades(30).transpose(0, 3, 1, 2))


def test_frames_are_scaled_as_pictures_are() -> None:
    wide = moving(2, 60, 100)
    found = decode(film(wide, **LOSSLESS), Wanted(24, 3, 2))
    for got, frame in zip(found, wide, strict=True):
        wanted = np.asarray(Image.fromarray(frame).resize((24, 24), Image.Resampling.BILINEAR))
        np.testing.assert_allclose(got.astype(int), wanted.transpose(2, 0, 1), atol=1)


@pytest.mark.parametrize(
    ("codec", "container", "pixels"),
    [
        *(("mpeg4", kind, "yuv420p") for kind in ("mp4", "mov", "avi", "matroska")),
        *(("libx264", kind, "yuv420p") for kind in ("mp4", "matroska", "mpegts", "flv")),
        *(("libx264", "mp4", pixels) for pixels in ("yuv420p10le", "yuv444p", "yuvj420p", "nv12")),
        *(("ffv1", "matroska", pixels) for pixels in ("gray", "gray16le", "yuv444p16le", "bgra")),
        *(("mpeg2video", "mpeg", "yuv420p"), ("libvpx-vp9", "webm", "yuv420p"), ("gif", "gif", "rgb8")),
        *(("png", "mov", "rgb24"), ("mjpeg", "avi", "yuvj420p"), ("wmv2", "asf", "yuv420p")),
    ],
)
def test_every_container_codec_and_pixel_format_gives_its_frames(
    codec: str, container: str, pixels: str
) -> None:
    data = film(shades(6, 32), codec, container, pixels)
    assert numbers(decode(data, Wanted(16, 1, 6))) == [0, 1, 2, 3, 4, 5]
    told = header(data)
    assert (told.width, told.height, told.rate) == (32, 32, pytest.approx(25, rel=0.01))
    assert cut(data) is None


def test_frames_are_those_in_the_middles_of_equal_parts() -> None:
    assert numbers(decode(EXACT, Wanted(16, 1, 7))) == [int((i + 0.5) * 30 / 7) for i in range(7)]


def test_a_short_video_gives_each_frame_once() -> None:
    for rate in (24, 25, 30):
        assert numbers(decode(film(shades(5), **LOSSLESS, rate=rate), Wanted(16, 1, 16))) == [0, 1, 2, 3, 4]


def test_a_rate_counts_from_the_start_up_to_the_most() -> None:
    assert numbers(decode(EXACT, Wanted(16, 1, 100, rate=5.0))) == [2, 7, 12, 17, 22, 27]
    assert numbers(decode(EXACT, Wanted(16, 1, 3, rate=5.0))) == [2, 7, 12]
    assert numbers(decode(EXACT, Wanted(16, 1, 5, rate=50.0))) == [0, 0, 1, 1, 2]


def test_frames_are_picked_by_time_where_the_rate_changes() -> None:
    slow_then_fast = film(shades(6), **LOSSLESS, ticks=[0, 1000, 2000, 2100, 2200, 2300])
    # the last lasts as long as the usual gap, 100 ms: 12 parts of 200 ms
    assert numbers(decode(slow_then_fast, Wanted(16, 1, 12))) == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 3, 5]


@pytest.mark.parametrize(
    ("codec", "options"),
    [
        ("libx264", {"g": "7", "bf": "2"}),
        ("libx264", {"g": "7", "x264-params": "open-gop=1:bframes=3"}),
        ("mpeg4", {"g": "7", "bf": "2"}),
        ("libvpx-vp9", {"g": "7"}),
    ],
)
@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_jumping_to_key_frames_changes_no_pixel(
    codec: str, options: dict[str, str], container: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = film(moving(), codec, container, options=options)
    jumped = decode(data, Wanted(32, 3, 4))
    monkeypatch.setattr(video, "INDEXED", ())
    np.testing.assert_array_equal(jumped, decode(data, Wanted(32, 3, 4)))
    every = decode(data, Wanted(32, 3, 90))
    np.testing.assert_array_equal(jumped, every[[11, 33, 56, 78]])


@pytest.mark.parametrize(("turn", "corner"), [(0, (0, 0)), (90, (-1, 0)), (180, (-1, -1)), (-90, (0, -1))])
def test_videos_stand_upright(turn: int, corner: tuple[int, int]) -> None:
    dark = np.zeros((3, 32, 48, 3), np.uint8)
    dark[:, :8, :8] = 255
    data = film(dark, turn=turn, options={"crf": "1"})
    shape = (32, 48) if turn in (0, 180) else (48, 32)
    shown = stills(data, 48, 3)
    assert shown.shape == (3, *shape, 3)
    assert shown[0][corner].min() > 240
    assert sum(shown[0, y, x, 0] > 128 for y in (0, -1) for x in (0, -1)) == 1


def test_pixels_that_are_not_square_are_stretched() -> None:
    data = film(shades(3, 32), aspect=Fraction(2, 1))
    assert stills(data, 32, 1).shape == (1, 16, 32, 3)


@pytest.mark.parametrize(("codec", "pixels"), [("png", "rgba"), ("qtrle", "argb")])
def test_transparency_is_laid_on_white(codec: str, pixels: str) -> None:
    half = np.zeros((3, 16, 16, 4), np.uint8)
    half[..., 0], half[:, :8, :, 3] = 200, 255
    found = decode(film(half, codec, "mov", pixels), Wanted(16, 3, 3))
    assert found[0, :, 2, 2].tolist() == [200, 0, 0]
    assert found[0, :, 12, 2].tolist() == [255, 255, 255]


def test_grey_is_as_of_pictures() -> None:
    frames = moving(2, 16, 16)
    found = decode(film(frames, **LOSSLESS), Wanted(16, 1, 2))
    for got, frame in zip(found, frames, strict=True):
        np.testing.assert_array_equal(got[0], np.asarray(Image.fromarray(frame).convert("L")))


def test_wide_videos_are_stretched_padded_or_cropped() -> None:
    wide = np.zeros((2, 16, 48, 3), np.uint8)
    wide[:, :, 16:32] = 200
    data = film(wide, **LOSSLESS)
    stretched, padded, cropped = (
        decode(data, Wanted(12, 1, 1, None, fit))[0, 0] for fit in ("stretch", "pad", "crop")
    )
    assert (stretched[:, 5:7] == 200).all()
    assert (stretched[:, [0, -1]] == 0).all()
    assert (padded[:4] == 0).all()
    assert (padded[-4:] == 0).all()
    assert padded[4:8, 5:7].min() == 200
    assert (cropped[:, 1:-1] == 200).all()
    assert cropped.min() > 150


@pytest.mark.parametrize("shape", [(5, 8, 12), (5, 8, 12, 1), (5, 8, 12, 3), (5, 3, 8, 12), (5, 8, 12, 4)])
def test_arrays_of_every_shape_give_their_frames(shape: tuple[int, ...]) -> None:
    array = np.broadcast_to(
        np.arange(5, dtype=np.uint8).reshape(5, *(1 for _ in shape[1:])) * 8 + 4, shape
    ).copy()
    if shape[-1] == 4:
        array[..., 3] = 255
    assert numbers(decode(array, Wanted(8, 1, 16))) == [0, 1, 2, 3, 4]
    assert numbers(decode(array.tolist(), Wanted(8, 3, 2))) == [1, 3]
    assert numbers(decode(array / 255, Wanted(8, 3, 3, rate=10.0))) == [0, 1, 2]
    told = header(array)
    assert (told.width, told.height, told.frames, told.seconds) == (12, 8, 5, 0)
    assert stills(array, 24, 2).shape == (2, 16, 24, 3)


def test_bytes_of_every_kind_and_files_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "odd name: \udcff.mp4"
    path.write_bytes(EXACT)
    wanted = decode(EXACT, Wanted(8, 1, 5))
    for cell in (path, bytearray(EXACT), memoryview(EXACT)):
        np.testing.assert_array_equal(decode(cell, Wanted(8, 1, 5)), wanted)


def test_what_is_written_small_is_read_back() -> None:
    assert numbers(decode(mp4(shades(5), rate=8), Wanted(16, 1, 5))) == [0, 1, 2, 3, 4]
    assert mp4(shades(5), rate=8) == mp4(shades(5), rate=8)
