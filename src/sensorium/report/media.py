"""Cells as HTML: a small picture, a player, a text or a figure; what is missing or corrupt is said so.

A page holds media inside itself, so each gets a share of a budget of bytes: long sounds lose their end.
"""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

from sensorium.errors import CorruptCell
from sensorium.media import audio, image
from sensorium.media.cells import is_missing, shown
from sensorium.media.locate import located
from sensorium.media.text import string
from sensorium.modalities import modalities
from sensorium.plan import InputPlan
from sensorium.report.markup import Html, joined, tag
from sensorium.table.table import Table

SIDE, TINY = 160, 64
LONGEST_TEXT = 400
RATES = (16_000, 8_000)
SECONDS, FEWEST_SECONDS = 10.0, 1.0


def cell_html(table: Table, asked: InputPlan, column: str, row: int, most_bytes: int) -> Html:
    """One cell of an input. row: of the table. most_bytes: what its medium may take in the page."""
    if column not in table.names:
        return _gone("missing: the table has no such column")
    (cell,) = next(table.chunks(column, np.array([row])))
    if modalities.get(asked.modality.name).media:
        (cell,) = located([cell], table.folder, table.roots, every=True)
    if is_missing(cell):
        return _gone("missing")
    try:
        if isinstance(cell, CorruptCell):
            raise cell
        return _read(cell, asked, most_bytes)
    except CorruptCell as why:
        return _gone(f"corrupt: {why}")


def _gone(why: str) -> Html:
    return tag("span", {"class": "gone"}, why)


def _read(cell: object, asked: InputPlan, most_bytes: int) -> Html:
    name, choices = asked.modality.name, asked.modality.choices
    if name == "image":
        return _picture(cell, image.Limits(**_limits(choices, "max_pixels", "max_megabytes")))
    if name == "audio":
        rate = choices.get("rate")
        of_arrays = rate if isinstance(rate, int) else RATES[0]
        limits = audio.Limits(**_limits(choices, "max_seconds", "max_megabytes"))
        return _sound(cell, of_arrays, limits, most_bytes)
    if isinstance(cell, Path):
        return joined(cell.name)
    if name == "text" or isinstance(cell, str):
        text = string(cell)
        more = f" ... ({len(text):,} characters)" if len(text) > LONGEST_TEXT else ""
        return joined(text[:LONGEST_TEXT] + more)
    return joined(shown(cell))


def _limits(choices: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: choices[name] for name in names if choices.get(name) is not None}


def _picture(cell: object, limits: image.Limits) -> Html:
    told = image.header(cell, limits)
    side = min(SIDE, max(told.width, told.height))
    pixels = image.decode(cell, side, 3, "pad", limits).transpose(1, 2, 0)
    small = _unpadded(pixels, told.width, told.height)
    found = Image.fromarray(np.ascontiguousarray(small))
    png, jpeg = io.BytesIO(), io.BytesIO()
    found.save(png, "PNG", optimize=True)
    found.save(jpeg, "JPEG", quality=85)
    kind, data = ("png", png) if side <= TINY or png.tell() <= jpeg.tell() else ("jpeg", jpeg)
    size = {"width": found.width, "height": found.height} if side > TINY else {"class": "tiny"}
    what = f"picture of {told.width} x {told.height} pixels"
    return tag("img", {"src": _inside(f"image/{kind}", data.getvalue()), "alt": what, "title": what, **size})


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


def _sound(cell: object, rate_of_arrays: int, limits: audio.Limits, most_bytes: int) -> Html:
    told = audio.header(cell, rate_of_arrays, limits)
    length = min(told.seconds, SECONDS)
    fits = [rate for rate in RATES if 2 * length * min(rate, told.rate) <= most_bytes]
    rate = min(told.rate, fits[0] if fits else RATES[-1])
    length = min(length, most_bytes / (2 * rate))
    if length < min(FEWEST_SECONDS, told.seconds):
        return _gone(f"a sound of {told.seconds:.1f} s, left out: the page would be too large")
    wave = audio.decode(cell, rate, rate_of_arrays, limits)
    part = audio.sixteen_bit(wave[: max(1, round(length * rate))])
    file = io.BytesIO()
    soundfile.write(file, part, rate, format="WAV", subtype="PCM_16")
    source = _inside("audio/wav", file.getvalue())
    player = tag("audio", {"controls": "", "preload": "metadata", "src": source})
    cut = f", its first {len(part) / rate:.1f} s" if len(part) < len(wave) else ""
    return joined(player, tag("small", {"class": "muted"}, f"{len(wave) / rate:.1f} s{cut}"))


def _inside(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
