"""Pictures of every format and kind, and every way they break."""

import struct
import time
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from sensorium.errors import CorruptCell
from sensorium.media import image
from sensorium.media.image import Limits, decode, header

PICTURE = "expected a picture (H, W), (H, W, 3) or (3, H, W), got an array of shape "


def ramp(height: int = 24, width: int = 32) -> NDArray[np.uint8]:
    """A picture whose corners tell how it was turned: red grows rightwards, green downwards."""
    red = np.broadcast_to(np.linspace(0, 250, width), (height, width))
    green = np.broadcast_to(np.linspace(0, 250, height)[:, None], (height, width))
    return np.stack([red, green, np.full((height, width), 60)], -1).astype(np.uint8)


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def near(pixels: NDArray[np.uint8], wanted: NDArray[np.generic], off: float = 3.0) -> bool:
    return bool(np.abs(pixels.astype(float) - wanted).mean() < off)


LOSSLESS = ["PNG", "BMP", "TIFF", "PPM", "TGA", "PCX", "DIB", "QOI", "SGI", "DDS"]
LOSSY = ["JPEG", "WEBP", "AVIF", "JPEG2000"]


@pytest.mark.parametrize("kind", [*LOSSLESS, *LOSSY])
def test_every_format_gives_its_pixels(kind: str) -> None:
    data = saved(Image.fromarray(ramp(32, 32)), kind)
    pixels = decode(data, 32)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (3, 32, 32)
    assert near(pixels, ramp(32, 32).transpose(2, 0, 1), 0.01 if kind in LOSSLESS else 6)
    assert header(data).width == header(data).height == 32


def test_a_palette_format_gives_its_colours(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    Image.fromarray(ramp()).quantize(200).save(path)
    assert near(decode(path, 32), np.array(Image.fromarray(ramp()).resize((32, 32), 2)).transpose(2, 0, 1), 6)


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F", "HSV", "LAB"]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_mode_becomes_grey_or_colour(mode: str, channels: int) -> None:
    if mode == "LAB":
        picture = Image.new("LAB", (8, 8), (255, 128, 128))
    elif mode == "I;16":
        picture = Image.fromarray(np.full((8, 8), 65535, np.uint16))
    elif mode in ("I", "F"):
        picture = Image.new(mode, (8, 8), 255)
    else:
        picture = Image.new("RGB", (8, 8), "white").convert(mode)
    pixels = decode(picture, 8, channels)
    assert pixels.shape == (channels, 8, 8)
    assert pixels.min() >= 250


@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_orientation_is_undone(turn: int) -> None:
    # The transpositions that bring a picture with EXIF orientation 1..8 upright (CIPA DC-008, 4.6.4).
    undo = {
        2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2), 6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2), 8: lambda a: np.rot90(a),
    }  # fmt: skip
    raw = ramp(16, 16)
    exif = Image.Exif()
    exif[0x0112] = turn
    wanted = undo.get(turn, lambda a: a)(raw).transpose(2, 0, 1)
    assert near(decode(saved(Image.fromarray(raw), "PNG", exif=exif), 16), wanted, 0.01)
    large = np.kron(raw, np.ones((8, 8, 1), np.uint8))
    assert near(decode(saved(Image.fromarray(large), "JPEG", exif=exif, quality=95), 16), wanted, 4)


def test_transparency_is_laid_on_white() -> None:
    half = np.zeros((4, 4, 4), np.uint8)
    half[..., 3] = 51
    assert decode(half, 4)[0, 0, 0] == 204  # 0 x 0.2 + 255 x 0.8
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([10, 20, 30] * 256)
    clear = saved(palette, "PNG", transparency=0)
    assert decode(clear, 4).min() == 255
    assert decode(clear, 4, 1).min() == 255


def test_sixteen_bits_are_scaled_not_cut() -> None:
    deep = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257
    wanted = np.arange(256).reshape(16, 16)
    data = saved(Image.fromarray(deep), "PNG")
    assert (decode(data, 16, 1)[0] == wanted).all()
    assert (decode(deep, 16, 1)[0] == wanted).all()
    assert (decode(saved(Image.fromarray(deep), "TIFF"), 16, 1)[0] == wanted).all()


@pytest.mark.parametrize(
    "array",
    [
        ramp(),
        ramp().transpose(2, 0, 1),
        ramp().astype(np.uint16) * 257,
        ramp().astype(np.int64),
        ramp().astype(np.float32),
        ramp() / 255,
        ramp().tolist(),
        np.dstack([ramp(), np.full((24, 32), 255, np.uint8)]),
    ],
)
def test_arrays_of_every_kind_give_the_same_picture(array: object) -> None:
    assert near(decode(array, 24), decode(Image.fromarray(ramp()), 24), 0.6)


def test_grey_and_boolean_arrays_are_pictures() -> None:
    assert decode(np.eye(8, dtype=bool), 8, 1)[0].tolist() == (np.eye(8) * 255).tolist()
    assert decode(np.eye(8)[..., None], 8)[2].tolist() == (np.eye(8) * 255).tolist()
    assert decode(np.full((1, 5, 5), 9, np.uint8), 5, 1).tolist() == np.full((1, 5, 5), 9).tolist()


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.full((4, 4), np.nan), "the picture holds NaN or infinite pixels"),
        (np.full((4, 4), -0.5), "the picture holds negative pixels (down to -0.5); expected 0..1 or 0..255"),
        (np.full((4, 4), 1e6), "the picture holds pixels up to 1e+06; expected 0..1, 0..255 or 0..65535"),
        (np.zeros(9), PICTURE + "(9,) and type float64"),
        (np.zeros((5, 5, 2)), PICTURE + "(5, 5, 2) and type float64"),
        (np.zeros((0, 3)), PICTURE + "(0, 3) and type float64"),
        (np.array([["a"]]), PICTURE + "(1, 1) and type <U1"),
        ([[1, 2], [3]], "expected a picture, got lists of different lengths"),
    ],
)
def test_arrays_that_are_no_picture_say_why(array: object, text: str) -> None:
    with pytest.raises(CorruptCell) as caught:
        decode(array, 4)
    assert str(caught.value) == text


def test_pad_keeps_the_aspect_and_crop_takes_the_middle() -> None:
    wide = np.full((10, 30), 200, np.uint8)
    wide[:, :10] = 90
    padded = decode(wide, 30, 1, "pad")[0]
    assert padded[:9].max() == padded[21:].max() == 0
    assert padded[15, 2] == 90
    cropped = decode(wide, 10, 1, "crop")[0]
    assert (cropped == 200).all()
    assert decode(wide, 10, 1)[0, 5, 0] == 90


def test_a_large_jpeg_is_decoded_at_a_reduced_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, int]] = []
    flat = image.pixels.flat

    def spy(picture: Image.Image, channels: int) -> Image.Image:
        sizes.append(picture.size)
        return flat(picture, channels)

    monkeypatch.setattr(image.pixels, "flat", spy)
    large = saved(Image.fromarray(ramp()).resize((640, 480)), "JPEG")
    small = decode(large, 64)
    assert sizes == [(160, 120)]
    exact = np.array(Image.open(BytesIO(large)).resize((64, 64), Image.Resampling.BILINEAR)).transpose(
        2, 0, 1
    )
    assert near(small, exact, 2)


def test_a_file_is_what_it_holds_not_what_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "really_a_jpeg.png"
    path.write_bytes(saved(Image.fromarray(ramp()), "JPEG"))
    assert decode(path, 8).shape == (3, 8, 8)
    assert header(path).format == "JPEG"


PNG, JPEG = saved(Image.fromarray(ramp(96, 96)), "PNG"), saved(Image.fromarray(ramp(96, 96)), "JPEG")
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "


def bomb(width: int, height: int) -> bytes:
    """A PNG of a hundred bytes that declares any number of pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 9))
        + chunk(b"IEND", b"")
    )


MANY = "the picture has {} pixels, more than max_pixels = 50,000,000; raise max_pixels to read it"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (b"", "the file is empty (0 bytes)"),
        (b"just some words\n", "not a picture: the content is text"),
        (b"\xfe\xfa\x80\x12", "not a picture: the content is of an unknown kind"),
        (WAV, "not a picture: the content is audio (wav)"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not a picture: the content is text"),
        (b"\x89PNG\r\n\x1a\n", "the picture is broken: the png header cannot be read"),
        (bomb(50_000, 50_000), MANY.format("2,500,000,000")),
        (bomb(10_000, 9_000), MANY.format("90,000,000")),
        ("a.png", "expected a picture, got 'a.png'"),
        (7, "expected a picture, got 7"),
        ({"a": 1}, "expected a picture, got a dict"),
    ],
)
def test_what_is_no_picture_says_why(cell: object, text: str) -> None:
    for read in (header, lambda c: decode(c, 8)):
        with pytest.raises(CorruptCell) as caught:
            read(cell)
        assert str(caught.value) == text


def test_a_bomb_is_refused_from_its_header() -> None:
    start = time.perf_counter()
    with pytest.raises(CorruptCell, match="raise max_pixels"):
        decode(bomb(50_000, 50_000), 64)
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    "data", [PNG[:-60], PNG[: len(PNG) // 2], JPEG[: len(JPEG) // 2], PNG[:50], JPEG[:300]]
)
def test_a_picture_that_is_cut_off_is_broken(data: bytes) -> None:
    with pytest.raises(CorruptCell, match=r"^the picture is broken: "):
        decode(data, 96)


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    cases = {
        tmp_path: "expected a picture, got a folder",
        tmp_path / "empty.png": "the file is empty (0 bytes)",
        tmp_path / "none.png": "the file cannot be read: No such file or directory",
    }
    for path, text in cases.items():
        with pytest.raises(CorruptCell) as caught:
            decode(path, 8)
        assert str(caught.value) == text


def test_limits_are_named_with_the_option_that_raises_them() -> None:
    for cell in (PNG, Image.open(BytesIO(PNG)), ramp(96, 96)):
        with pytest.raises(CorruptCell) as caught:
            decode(cell, 8, limits=Limits(max_pixels=9000))
        assert str(caught.value) == (
            "the picture has 9,216 pixels, more than max_pixels = 9,000; raise max_pixels to read it"
        )
    with pytest.raises(CorruptCell) as caught:
        decode(b"\0" * 2_500_000, 8, limits=Limits(max_megabytes=1.5))
    assert str(caught.value) == (
        "the picture has 2.5 MB, more than max_megabytes = 1.5; raise max_megabytes to read it"
    )


def test_no_warning_of_pillow_reaches_the_user_and_filters_come_back() -> None:
    before = list(warnings.filters)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x05"
    noisy = saved(Image.fromarray(ramp()), "JPEG", exif=exif)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        decode(noisy, 8)
        with pytest.raises(CorruptCell):
            header(bomb(10_000, 9_000))
    assert not told
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: decode(noisy, 8), range(64)))
    assert list(warnings.filters) == before


def test_a_picture_of_the_caller_is_left_as_it_is() -> None:
    picture = Image.fromarray(ramp())
    decode(picture, 8)
    assert picture.size == (32, 24)
    assert picture.getpixel((0, 0)) == (0, 0, 60)
