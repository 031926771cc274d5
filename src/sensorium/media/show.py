"""Cells as small media for a page: a picture within a square, frames of a video, the start of a sound."""

import io

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

from sensorium.media import audio, container, image, video

SIDE, TINY = 160, 64
STILLS, STILL_SIDE, GAP = 6, 96, 2
"""A video is shown by so many frames side by side, their longer side so many pixels, with a gap between."""
RATES = (16_000, 8_000)
SECONDS, FEWEST_SECONDS = 10.0, 1.0


def picture(pixels_HWC: NDArray[np.uint8]) -> tuple[bytes, str]:
    """Pixels as PNG or JPEG bytes, whichever is smaller, and their MIME type; tiny ones always PNG."""
    found = Image.fromarray(np.ascontiguousarray(pixels_HWC))
    png, jpeg = io.BytesIO(), io.BytesIO()
    found.save(png, "PNG", optimize=True)
    found.convert("RGB").save(jpeg, "JPEG", quality=85)
    small = max(found.size) <= TINY or png.tell() <= jpeg.tell()
    return (png.getvalue(), "image/png") if small else (jpeg.getvalue(), "image/jpeg")


def thumbnail(cell: object, limits: image.Limits) -> tuple[NDArray[np.uint8], image.Header]:
    """A picture (H, W, 3), its longer side at most SIDE, and its header. Raises CorruptCell."""
    told = image.header(cell, limits)
    side = min(SIDE, max(told.width, told.height))
    pixels = image.decode(cell, side, 3, "pad", limits).transpose(1, 2, 0)
    return _unpadded(pixels, told.width, told.height), told


def _unpadded(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The square without its black bars; a picture that was turned upright has them on the other sides."""
    side = len(pixels)
    for wide, high in ((width, height), (height, width)):
        across, down = (max(1, round(side * n / max(wide, high))) for n in (wide, high))
        left, top = (side - across) // 2, (side - down) // 2
        kept = pixels[top : top + down, left : left + across]
        if int(kept.sum()) >= 0.995 * int(pixels.sum()):
            return kept
    return pixels


def contact_sheet(cell: object, limits: container.Limits) -> tuple[NDArray[np.uint8], str]:
    """Frames of a video side by side (H, W, 3), and what it is in words. Raises CorruptCell."""
    told, cut = video.header(cell, limits), video.cut(cell, limits)
    side = min(STILL_SIDE, max(told.width, told.height))
    stills = video.stills(cell, side, STILLS, limits)
    gap = np.full((stills.shape[1], GAP, 3), 255, np.uint8)
    row = [part for still in stills for part in (gap, still)][1:]
    words = f"video of {told.width} x {told.height} pixels"
    words += f", {told.seconds:.1f} s at {told.rate:.4g} frames a second" if told.seconds else ""
    words += "" if told.seconds else f", {told.frames} frames"
    words += ", with sound" if told.sound else ""
    return np.concatenate(row, 1), words + (f", cut off: {cut}" if cut else "")


def excerpt(cell: object, rate_of_arrays: int, limits: audio.Limits, most_bytes: int) -> tuple[bytes, str]:
    """The start of a sound as WAV bytes of at most this size, and what it is in words.

    No bytes when less than FEWEST_SECONDS would fit. Raises CorruptCell.
    """
    told = audio.header(cell, rate_of_arrays, limits)
    length = min(told.seconds, SECONDS)
    fits = [rate for rate in RATES if 2 * length * min(rate, told.rate) <= most_bytes]
    rate = min(told.rate, fits[0] if fits else RATES[-1])
    length = min(length, most_bytes / (2 * rate))
    if length < min(FEWEST_SECONDS, told.seconds):
        return b"", f"a sound of {told.seconds:.1f} s, left out: the page would be too large"
    wave = audio.decode(cell, rate, rate_of_arrays, limits)
    part = audio.sixteen_bit(wave[: max(1, round(length * rate))])
    file = io.BytesIO()
    soundfile.write(file, part, rate, format="WAV", subtype="PCM_16")
    cut = f", its first {len(part) / rate:.1f} s" if len(part) < len(wave) else ""
    return file.getvalue(), f"{len(wave) / rate:.1f} s{cut}"
