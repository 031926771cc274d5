"""Pixels of every depth and kind as 8-bit grey or RGB."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from sensorium.errors import CorruptCell
from sensorium.media.cells import shown

_DEPTHS = (1, 3, 4)
_GREY = 6.0
"""Mean difference between channels (of 255) under which a picture is grey; codecs add a little colour."""


def usual_side(sides: Sequence[int]) -> int:
    """The side to store pictures with: as their longer sides are up to 48 (to a multiple of 4), else 64."""
    middle = int(np.median(sides)) if sides else 64
    return 64 if middle > 48 else max(8, -(-middle // 4) * 4)


def grey(pixels_UCHW: NDArray[np.uint8]) -> bool:
    """Whether all of these pictures (U, 3, H, W) are grey."""
    wide = pixels_UCHW.astype(np.float32)
    return bool((wide.max(1) - wide.min(1)).mean((1, 2)).max() < _GREY)


def picture(cell: object, max_pixels: int) -> Image.Image:
    """An array (H, W), (H, W, 1|3|4) or (1|3|4, H, W) as a picture of mode L, RGB or RGBA.

    bool is black and white; uint8 is taken as it is; uint16 is divided by 257; other integers are 0..255
    or, if any is above, 0..65535; floats are 0..1 or, if any is above, 0..255. Raises CorruptCell.
    """
    try:
        array = np.asarray(cell)
    except (ValueError, OverflowError, TypeError):
        raise CorruptCell("expected a picture, got lists of different lengths") from None
    if array.ndim not in (2, 3) or array.dtype.kind not in "buif" or array.size == 0:
        raise CorruptCell(f"expected a picture (H, W), (H, W, 3) or (3, H, W), got {shown(array)}")
    if array.ndim == 3 and array.shape[2] not in _DEPTHS and array.shape[0] in _DEPTHS:
        array = array.transpose(1, 2, 0)
    if array.ndim == 3 and array.shape[2] not in _DEPTHS:
        raise CorruptCell(f"expected a picture (H, W), (H, W, 3) or (3, H, W), got {shown(array)}")
    if array.shape[0] * array.shape[1] > max_pixels:
        raise CorruptCell(
            f"the picture has {array.shape[0] * array.shape[1]:,} pixels, more than "
            f"max_pixels = {max_pixels:,}; raise max_pixels to read it"
        )
    bytes_HWC = eight_bit(array)
    if bytes_HWC.ndim == 3 and bytes_HWC.shape[2] == 1:
        bytes_HWC = bytes_HWC[..., 0]
    return Image.fromarray(np.ascontiguousarray(bytes_HWC))


def eight_bit(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Numbers of any kind as uint8, by the rules of ``picture``. Raises CorruptCell."""
    if array.dtype == np.uint8:
        return array.astype(np.uint8)
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return np.round(array.astype(np.float32) / 257).astype(np.uint8)
    numbers = array.astype(np.float64)
    low, high = float(numbers.min()), float(numbers.max())
    if not np.isfinite([low, high]).all():
        raise CorruptCell("the picture holds NaN or infinite pixels")
    if low < 0:
        raise CorruptCell(f"the picture holds negative pixels (down to {low:g}); expected 0..1 or 0..255")
    if array.dtype.kind == "f" and high <= 1:
        scale = 255.0
    elif high <= 255:
        scale = 1.0
    elif high <= 65535:
        scale = 1 / 257
    else:
        raise CorruptCell(f"the picture holds pixels up to {high:g}; expected 0..1, 0..255 or 0..65535")
    return np.round(numbers * scale).astype(np.uint8)


def flat(image: Image.Image, channels: int) -> Image.Image:
    """A decoded picture as mode L (channels 1) or RGB (3); transparency is laid on white."""
    wanted = "L" if channels == 1 else "RGB"
    if image.mode == wanted and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        image = _deep(image)
    elif image.mode == "LAB":
        image = ImageCms.applyTransform(image, _lab_to_rgb()) or image
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        clear = image if image.mode == "RGBA" else image.convert("RGBA")
        white = Image.new("RGBA", clear.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, clear)
    if image.mode == "P" and wanted == "L":
        image = image.convert("RGB")
    return image if image.mode == wanted else image.convert(wanted)


def _deep(image: Image.Image) -> Image.Image:
    """16-bit modes divided by 257; 32-bit integers and floats by the range they use."""
    array = np.array(image)
    if image.mode.startswith("I;16"):
        return Image.fromarray(eight_bit(array.astype(np.uint16)))
    if array.size and array.max() > 65535:
        array = array / array.max()
    return Image.fromarray(eight_bit(array))


@cache
def _lab_to_rgb() -> ImageCms.ImageCmsTransform:
    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, rgb, "LAB", "RGB")
